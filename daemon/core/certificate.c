/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/core/certificate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* Each file's size goes first, so that no two sets of files read the same. */
static bool add_file(EVP_MD_CTX *digest, const char *path)
{
    char part[4096];
    uint64_t total = 0;
    FILE *file = path ? fopen(path, "re") : NULL;
    if (path && !file)
        return false;
    for (size_t size; file && (size = fread(part, 1, sizeof part, file)) > 0; total += size)
        EVP_DigestUpdate(digest, part, size);
    bool is_read = !file || !ferror(file);
    if (file)
        fclose(file);
    explicit_bzero(part, sizeof part);
    EVP_DigestUpdate(digest, &total, sizeof total);
    return is_read;
}

static const char *read_digest(const struct br_certificate_files *files, unsigned char *result)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    const char *fault = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) ? NULL : "out of memory";
    if (!fault && !add_file(digest, files->cert))
        fault = "the certificate cannot be read";
    if (!fault && !add_file(digest, files->key))
        fault = "the key cannot be read";
    if (!fault && !add_file(digest, files->ca))
        fault = "the file of authorities cannot be read";
    if (!fault)
        EVP_DigestFinal_ex(digest, result, NULL);
    EVP_MD_CTX_free(digest);
    return fault;
}

static X509 *read_certificate(const char *path)
{
    FILE *file = fopen(path, "re");
    X509 *certificate = file ? PEM_read_X509_AUX(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    return certificate;
}

/* No pass phrase: a daemon has nobody to ask. */
static int no_phrase(char *phrase, int size_max, int is_new, void *context)
{
    (void)phrase, (void)size_max, (void)is_new, (void)context;
    return -1;
}

static EVP_PKEY *read_key(const char *path)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, no_phrase, NULL) : NULL;
    if (file)
        fclose(file);
    return key;
}

static const char *check_key(X509 *certificate, const char *path)
{
    EVP_PKEY *key = read_key(path);
    const char *fault = NULL;
    if (!key)
        fault = "the key file holds no private key without a pass phrase";
    else if (X509_check_private_key(certificate, key) != 1)
        fault = "the key does not belong to the certificate";
    EVP_PKEY_free(key);
    return fault;
}

static int64_t expiry_of(const X509 *certificate)
{
    struct tm broken;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &broken) != 1)
        return BR_CERTIFICATE_NEVER;
    return (int64_t)timegm(&broken) * 1000;
}

static const char *check_pair(const struct br_certificate_files *files, struct br_certificate *certificate)
{
    X509 *own = read_certificate(files->cert);
    if (!own)
        return "the certificate file holds no certificate";
    certificate->expires_utc_ms = expiry_of(own);
    const char *fault = files->key ? check_key(own, files->key) : NULL;
    X509_free(own);
    return fault;
}

const char *br_certificate_read(const struct br_certificate_files *files, struct br_certificate *certificate)
{
    certificate->expires_utc_ms = BR_CERTIFICATE_NEVER;
    const char *fault = read_digest(files, certificate->digest);
    if (!fault && files->cert)
        fault = check_pair(files, certificate);
    ERR_clear_error();
    return fault;
}
