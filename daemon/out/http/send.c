/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/http/send.h"

#include <inttypes.h>
#include <stdio.h>

#include "daemon/out/http/format.h"
#include "daemon/out/http/site.h"

#define POLICY "default-src 'none'; frame-ancestors 'none'"

static void on_free(void *answer)
{
    br_answer_drop(answer);
}

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

/* NL API Design Rules: /core/version-header, /core/transport/security-headers. */
static void add_security(struct MHD_Response *response, const struct br_answer *answer,
                         const struct br_send *how)
{
    add(response, "API-Version", BR_API_VERSION);
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "X-Frame-Options", "DENY");
    add(response, "Referrer-Policy", "no-referrer");
    add(response, "Content-Security-Policy", answer->policy ? answer->policy : POLICY);
    if (how->tls)
        add(response, "Strict-Transport-Security", "max-age=31536000");
    if (how->close)
        add(response, "Connection", "close");
}

static void add_cors(struct MHD_Response *response, const struct br_answer *answer)
{
    add(response, "Access-Control-Allow-Origin", "*");
    if (answer->status == 204) {
        add(response, "Access-Control-Allow-Methods", answer->allow);
        add(response, "Access-Control-Allow-Headers", "Accept, If-None-Match, Last-Event-ID");
        add(response, "Access-Control-Max-Age", "86400");
    } else {
        add(response, "Access-Control-Expose-Headers", "API-Version, ETag, Link");
    }
}

/* Data of everyone may be kept by everyone until there is newer: `public`, not `no-store` as the design rules
 * advise for what is sensitive. */
static void add_freshness(struct MHD_Response *response, const struct br_answer *answer, int64_t now_utc_ms)
{
    char value[64];
    int64_t age_s = (answer->until_utc_ms - now_utc_ms) / 1000;
    if (answer->until_utc_ms == 0) {
        add(response, "Cache-Control", "no-store");
        return;
    }
    snprintf(value, sizeof value, "public, max-age=%" PRId64, age_s > 1 ? age_s : 1);
    add(response, "Cache-Control", value);
    add(response, "ETag", answer->etag);
    add(response, "Vary", "Accept, Accept-Encoding");
}

/* The response owns the caller's reference from here on. */
static struct MHD_Response *response_of(struct br_answer *answer, bool packed)
{
    size_t size = packed ? answer->packed_size : answer->size;
    void *data = packed ? answer->packed : answer->data;
    if (size == 0)
        data = answer->etag; /* any address will do */
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback_cls(size, data, on_free, answer);
    if (!response)
        br_answer_drop(answer);
    return response;
}

enum MHD_Result br_send_answer(struct MHD_Connection *connection, struct br_answer *answer,
                               const struct br_send *how)
{
    if (!answer)
        return MHD_NO;
    unsigned status = answer->status;
    if (br_answer_matches(answer, MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match")))
        status = 304;
    bool packed =
        br_format_gzip(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept-Encoding")) &&
        br_answer_pack(answer);
    struct MHD_Response *response = response_of(answer, packed); /* of a 304 only the length is sent */
    if (!response)
        return MHD_NO;
    add_security(response, answer, how);
    if (how->open)
        add_cors(response, answer);
    add_freshness(response, answer, how->now_utc_ms);
    if (answer->type && status != 304)
        add(response, "Content-Type", answer->type);
    if (packed)
        add(response, "Content-Encoding", "gzip");
    if (answer->link)
        add(response, "Link", answer->link);
    if (answer->allow)
        add(response, "Allow", answer->allow);
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}
