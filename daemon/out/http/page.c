/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The live page. Its script and style stand inside it: the policy lets a browser run exactly these and no
 * others. */
#include "daemon/out/http/site.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "daemon/out/http/www.h"

#define SOURCE_SIZE 64

bool br_page_print(const struct br_ask *ask, struct br_draft *draft)
{
    (void)ask;
    br_text_add(&draft->body, (const char *)br_www_index, br_www_index_size);
    return true;
}

/* The hash of what stands between two tags, as a source of a policy: 'sha256-...'; 'none' where there is
 * nothing. */
static void source_of(const char *open, const char *close, char source[SOURCE_SIZE])
{
    const char *page = (const char *)br_www_index;
    const char *end = page + br_www_index_size;
    const char *from = memmem(page, br_www_index_size, open, strlen(open));
    if (from)
        from += strlen(open);
    const char *to = from ? memmem(from, (size_t)(end - from), close, strlen(close)) : NULL;
    if (!to) {
        snprintf(source, SOURCE_SIZE, "'none'");
        return;
    }
    unsigned char digest[SHA256_DIGEST_LENGTH], text[48]; /* Base64: 44 and a NUL */
    SHA256((const unsigned char *)from, (size_t)(to - from), digest);
    EVP_EncodeBlock(text, digest, sizeof digest);
    snprintf(source, SOURCE_SIZE, "'sha256-%s'", (const char *)text);
}

void br_page_policy(char *policy, size_t size_max)
{
    char script[SOURCE_SIZE], style[SOURCE_SIZE];
    source_of("<script>", "</script>", script);
    source_of("<style>", "</style>", style);
    snprintf(policy, size_max,
             "default-src 'none'; script-src %s; style-src %s; connect-src 'self'; img-src data:; "
             "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
             script, style);
}
