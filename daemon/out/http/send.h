/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* An answer onto a connection of libmicrohttpd: headers, 304, gzip. */
#ifndef BR_OUT_HTTP_SEND_H
#define BR_OUT_HTTP_SEND_H

#include "daemon/out/http/answer.h"

#include <microhttpd.h>

struct br_send {
    int64_t now_utc_ms;
    bool open;  /* CORS: any site may read it */
    bool tls;   /* the public reaches us by https only: say so (HSTS) */
    bool close; /* the connection ends behind it */
};

/* Takes over the caller's reference; NULL closes the connection. */
enum MHD_Result br_send_answer(struct MHD_Connection *connection, struct br_answer *answer,
                               const struct br_send *how);

#endif
