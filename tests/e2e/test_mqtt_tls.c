/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* TLS to a real broker, with certificates that are made for the test: two authorities that nobody knows, a
 * server's certificate for localhost and one for another host, a client's. */
#include "tests/e2e/mqtt_rig.h"

#include <ftw.h>
#include <netinet/in.h>

static struct rig rig;
static char dir[64];
static char ca_file[96], cert_file[96], key_file[96];

static void make_authority(const char *name)
{
    run_command("cd %1$s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                "-subj /CN=%2$s -keyout %2$s.key -out %2$s.pem 2>openssl.log",
                dir, name);
}

/* name.pem and name.key, signed by `ca`. */
static void make_certificate(const char *name, const char *host)
{
    run_command(
        "cd %1$s && printf 'subjectAltName=%3$s\\n' > ext && "
        "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=%2$s -keyout %2$s.key "
        "-out %2$s.csr 2>>openssl.log && openssl x509 -req -in %2$s.csr -CA ca.pem -CAkey ca.key "
        "-CAcreateserial -days 2 -extfile ext -out %2$s.pem 2>>openssl.log",
        dir, name, host);
}

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/bruisd-tls-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    make_authority("ca");
    make_authority("stranger");
    make_certificate("server", "DNS:localhost,IP:127.0.0.1");
    make_certificate("client", "DNS:client");
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static void tear_down(void)
{
    nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* The mosquitto tools are not told of certificates: what goes round is published by bruisd. */
static void start(int protocol, bool client_certs)
{
    const struct broker_setup setup = {.tls = dir, .client_certs = client_certs};
    rig_start(&rig, protocol, &setup);
    rig_catch_log(&rig);
    snprintf(ca_file, sizeof ca_file, "%s/ca.pem", dir);
    rig.broker_config.ca_file = ca_file;
}

static bool has_failed(void *context)
{
    return rig_log_count(context, "ev=mqtt_unreachable") > 0;
}

static void expect_failure(const char *why)
{
    rig_begin_in(&rig);
    rig_until(&rig, has_failed);
    ck_assert(rig_in_down(&rig));
    if (why)
        ck_assert_uint_eq(rig_log_count(&rig, why), 1);
}

START_TEST(connects_and_carries_messages)
{
    static char topics[] = "bruis/v1/json/#";
    start(_i, false);
    rig.topics[0] = topics;
    rig.feeds[0].max_payload = 65536;
    rig.config.feed_count = 1;
    rig.config.mqtt.pb = false;
    rig_open_in(&rig);
    rig_open_out(&rig);
    rig_publish_figure(&rig, "gm0344", 12, 0, true);
    rig_expect_entries(&rig, 1);
    ck_assert_ptr_nonnull(strstr(rig_entry(&rig, 0), "large bruis/v1/json/parking/gemeente/gm0344/5m {"));
    rig_end(&rig);
}
END_TEST

START_TEST(knows_a_host_by_its_address)
{
    start(_i, false);
    snprintf(rig.url, sizeof rig.url, "mqtts://127.0.0.1:%d", broker_port(rig.broker));
    rig_open_in(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(refuses_another_host)
{
    make_certificate("server", "DNS:elsewhere.example");
    start(_i, false);
    expect_failure("certificate for another host");
    rig_end(&rig);
}
END_TEST

START_TEST(refuses_an_authority_that_it_does_not_know)
{
    start(_i, false);
    snprintf(ca_file, sizeof ca_file, "%s/stranger.pem", dir);
    expect_failure("certificate verify failed");
    rig_end(&rig);
}
END_TEST

START_TEST(refuses_it_with_the_authorities_of_the_system)
{
    start(_i, false);
    rig.broker_config.ca_file = NULL;
    expect_failure("certificate verify failed");
    rig_end(&rig);
}
END_TEST

START_TEST(does_not_speak_plainly_to_tls)
{
    start(_i, false);
    snprintf(rig.url, sizeof rig.url, "mqtt://127.0.0.1:%d", broker_port(rig.broker));
    expect_failure(NULL);
    rig_end(&rig);
}
END_TEST

START_TEST(shows_its_own_certificate)
{
    start(_i, true);
    snprintf(cert_file, sizeof cert_file, "%s/client.pem", dir);
    snprintf(key_file, sizeof key_file, "%s/client.key", dir);
    rig.broker_config.cert.file = cert_file;
    rig.broker_config.key.file = key_file;
    rig_open_in(&rig);
    rig_end(&rig);
}
END_TEST

START_TEST(fails_without_a_certificate_that_is_asked_for)
{
    start(_i, true);
    expect_failure(NULL);
    rig_end(&rig);
}
END_TEST

START_TEST(reads_its_files_again)
{
    start(_i, false);
    snprintf(ca_file, sizeof ca_file, "%s/known.pem", dir);
    run_command("cp %1$s/stranger.pem %1$s/known.pem", dir);
    expect_failure("certificate verify failed");
    run_command("cp %1$s/ca.pem %1$s/known.pem", dir);
    rig_until(&rig, rig_in_up);
    rig_end(&rig);
}
END_TEST

/* A server that speaks nothing newer than TLS 1.1 is refused; the cipher list lets it speak that at all. */
START_TEST(refuses_an_old_version)
{
    start(_i, false);
    broker_stop(rig.broker);
    run_command(
        "cd %1$s && { timeout 60 openssl s_server -www -accept %2$d -cert server.pem -key server.key -tls1_1 "
        "-cipher ALL:@SECLEVEL=0 >s_server.log 2>&1 & } && until grep -q ACCEPT s_server.log; do "
        "sleep 0.1; done; echo $! > s_server.pid",
        dir, broker_port(rig.broker));
    expect_failure("legacy sigalg disallowed"); /* of TLS 1.1: its signatures are too weak */
    run_command("kill $(cat %s/s_server.pid)", dir);
    rig_end(&rig);
}
END_TEST

static void tests(TCase *tcase)
{
    const TTest *const each[] = {
        connects_and_carries_messages,
        knows_a_host_by_its_address,
        refuses_another_host,
        refuses_an_authority_that_it_does_not_know,
        refuses_it_with_the_authorities_of_the_system,
        does_not_speak_plainly_to_tls,
        shows_its_own_certificate,
        fails_without_a_certificate_that_is_asked_for,
        reads_its_files_again,
    };
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++)
        tcase_add_loop_test(tcase, each[i], 4, 6);
    tcase_add_loop_test(tcase, refuses_an_old_version, 5, 6);
}

UNIT_MAIN("mqtt_tls", tests)
