/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Certificates that are made for the test with openssl, in a folder of its own. */
#include "daemon/core/certificate.h"

#include "tests/unit/unit.h"

#include <time.h>

static char dir[64], cert[96], key[96], other[96], text[96];

static void shell(const char *command)
{
    char line[512];
    snprintf(line, sizeof line, "cd %s && %s", dir, command);
    ck_assert_int_eq(system(line), 0);
}

static void make_pair(const char *name)
{
    char line[384];
    snprintf(line, sizeof line,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=%1$s "
             "-keyout %1$s.key -out %1$s.pem 2>openssl.log",
             name);
    shell(line);
}

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/bruisd-certificate-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(cert, sizeof cert, "%s/one.pem", dir);
    snprintf(key, sizeof key, "%s/one.key", dir);
    snprintf(other, sizeof other, "%s/two.key", dir);
    snprintf(text, sizeof text, "%s/text", dir);
    make_pair("one");
    make_pair("two");
    shell("echo nothing of the kind >text");
}

static void tear_down(void)
{
    shell("rm -rf -- *.pem *.key text openssl.log");
    rmdir(dir);
}

START_TEST(reads_a_pair)
{
    struct br_certificate_files files = {cert, key, cert};
    struct br_certificate certificate;
    ck_assert_ptr_null(br_certificate_read(&files, &certificate));
    int64_t in_two_days_ms = ((int64_t)time(NULL) + 2 * 86400) * 1000;
    ck_assert_int_le(certificate.expires_utc_ms, in_two_days_ms);
    ck_assert_int_ge(certificate.expires_utc_ms, in_two_days_ms - 600000);
}
END_TEST

START_TEST(refuses_a_key_of_another)
{
    struct br_certificate_files files = {cert, other, NULL};
    struct br_certificate certificate;
    ck_assert_str_eq(br_certificate_read(&files, &certificate), "the key does not belong to the certificate");
}
END_TEST

START_TEST(tells_what_is_wrong)
{
    struct br_certificate certificate;
    struct br_certificate_files no_certificate = {text, key, NULL}, no_key = {cert, text, NULL},
                                no_file = {"/nonexistent", NULL, NULL}, no_authority = {NULL, NULL, dir};
    ck_assert_str_eq(br_certificate_read(&no_certificate, &certificate),
                     "the certificate file holds no certificate");
    ck_assert_str_eq(br_certificate_read(&no_key, &certificate),
                     "the key file holds no private key without a pass phrase");
    ck_assert_str_eq(br_certificate_read(&no_file, &certificate), "the certificate cannot be read");
    ck_assert_str_eq(br_certificate_read(&no_authority, &certificate),
                     "the file of authorities cannot be read");
}
END_TEST

START_TEST(knows_another_set_of_files)
{
    struct br_certificate_files files = {NULL, NULL, cert}, none = {NULL, NULL, NULL};
    struct br_certificate one, again, changed, empty;
    ck_assert_ptr_null(br_certificate_read(&files, &one));
    ck_assert_ptr_null(br_certificate_read(&files, &again));
    ck_assert_mem_eq(one.digest, again.digest, sizeof one.digest);
    ck_assert_int_eq(one.expires_utc_ms, BR_CERTIFICATE_NEVER);
    shell("cat two.pem >>one.pem");
    ck_assert_ptr_null(br_certificate_read(&files, &changed));
    ck_assert_mem_ne(one.digest, changed.digest, sizeof one.digest);
    ck_assert_ptr_null(br_certificate_read(&none, &empty));
    ck_assert_mem_ne(one.digest, empty.digest, sizeof one.digest);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, reads_a_pair);
    tcase_add_test(tcase, refuses_a_key_of_another);
    tcase_add_test(tcase, tells_what_is_wrong);
    tcase_add_test(tcase, knows_another_set_of_files);
}

UNIT_MAIN("certificate", tests)
