/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Looks at the files of a TLS client before they are used: PEM certificates (RFC 7468) and private keys. */
#ifndef BR_CORE_CERTIFICATE_H
#define BR_CORE_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BR_CERTIFICATE_DIGEST_SIZE 32

/* What is in a set of files. Paths may be NULL: there is none of its kind. */
struct br_certificate_files {
    const char *cert, *key, *ca;
};

struct br_certificate {
    int64_t expires_utc_ms; /* of the first certificate in the file; BR_CERTIFICATE_NEVER: there is none */
    unsigned char digest[BR_CERTIFICATE_DIGEST_SIZE]; /* SHA-256 of all files: another one is another set */
};

#define BR_CERTIFICATE_NEVER INT64_MAX

/* Reads them. NULL: all is well; else a constant that says what is wrong: a file that cannot be read, that
 * holds no certificate or key, a key of another certificate. */
const char *br_certificate_read(const struct br_certificate_files *files, struct br_certificate *certificate);

#endif
