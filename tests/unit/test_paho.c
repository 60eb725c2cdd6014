/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/in/paho.h"

#include <errno.h>

#include "tests/unit/unit.h"

static void expect_url(const char *text, const char *host, int port, bool tls)
{
    struct br_paho_url url;
    ck_assert_msg(br_paho_url_parse(text, &url) == 0, "%s", text);
    ck_assert_str_eq(url.host, host);
    ck_assert_int_eq(url.port, port);
    ck_assert_int_eq(url.tls, tls);
}

START_TEST(reads_addresses)
{
    expect_url("mqtt://broker.example.nl", "broker.example.nl", 1883, false);
    expect_url("mqtts://broker.example.nl", "broker.example.nl", 8883, true);
    expect_url("mqtts://broker.example.nl:443", "broker.example.nl", 443, true);
    expect_url("mqtt://192.0.2.1:65535", "192.0.2.1", 65535, false);
    expect_url("mqtt://[2001:db8::1]", "2001:db8::1", 1883, false);
    expect_url("mqtts://[::1]:8884", "::1", 8884, true);
}
END_TEST

START_TEST(refuses_what_is_none)
{
    static const char *const bad[] = {
        "",
        "broker.example.nl",
        "tcp://broker.example.nl",
        "http://broker.example.nl",
        "MQTT://broker.example.nl",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://broker:",
        "mqtt://broker:0",
        "mqtt://broker:65536",
        "mqtt://broker:18830000000000000000000",
        "mqtt://broker:1x",
        "mqtt://broker:-1",
        "mqtt://broker:1883/",
        "mqtt://broker/path",
        "mqtt://user:secret@broker",
        "mqtt://user@broker",
        "mqtt://bro ker",
        "mqtt://[::1",
        "mqtt://[]",
        "mqtt://[::1]x",
        "mqtt://[::1]:",
    };
    struct br_paho_url url;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(br_paho_url_parse(bad[i], &url) == -EINVAL, "%s", bad[i]);
    ck_assert_int_eq(br_paho_url_parse(NULL, &url), -EINVAL);
}
END_TEST

START_TEST(refuses_a_host_that_is_too_long)
{
    char text[BR_PAHO_HOST_SIZE + 16] = "mqtt://";
    struct br_paho_url url;
    memset(text + 7, 'x', BR_PAHO_HOST_SIZE);
    ck_assert_int_eq(br_paho_url_parse(text, &url), -EINVAL);
    text[7 + BR_PAHO_HOST_SIZE - 1] = '\0';
    ck_assert_int_eq(br_paho_url_parse(text, &url), 0);
}
END_TEST

START_TEST(tells_a_secret_that_cannot_be_read)
{
    char url[] = "mqtt://broker", file[] = "/nowhere/at/all";
    struct br_config_broker broker = {.url = url, .protocol = 5};
    ck_assert_int_eq(br_paho_check(&broker), 0);
    broker.key.file = file;
    ck_assert_int_eq(br_paho_check(&broker), -ENOENT);
    broker.key.file = NULL;
    broker.password.file = file;
    ck_assert_int_eq(br_paho_check(&broker), -ENOENT);
    url[0] = 'x';
    ck_assert_int_eq(br_paho_check(&broker), -EINVAL);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, reads_addresses);
    tcase_add_test(tcase, refuses_what_is_none);
    tcase_add_test(tcase, refuses_a_host_that_is_too_long);
    tcase_add_test(tcase, tells_a_secret_that_cannot_be_read);
}

UNIT_MAIN("paho", tests)
