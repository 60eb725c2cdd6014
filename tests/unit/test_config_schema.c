/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The schema itself, what is told of it, and the annotated example. */
#include "tests/unit/config_fixture.h"

#include "daemon/config/schema.h"
#include "daemon/config/store.h"

/* The annotated example, which lies in the repository: the tests run at its root. */
START_TEST(example_is_good)
{
    struct fixture fixture = fixture_begin();
    fixture.config = br_config_open("deploy/bruisd.yaml", fixture.faults);
    ck_assert_str_eq(fixture_tell(&fixture), "");
    ck_assert_uint_eq(fixture.config->feed_count, 3);
    ck_assert(fixture.config->mqtt.enabled && fixture.config->http.enabled &&
              fixture.config->influxdb.enabled);
    fixture_end(&fixture);
}
END_TEST

/* Whether the example shows a key, also where it is set back by a #. */
static bool shows(const char *text, const char *key)
{
    size_t size = strlen(key);
    for (const char *at = strstr(text, key); at; at = strstr(at + 1, key))
        if (at > text && strchr(" \n#{-", at[-1]) && at[size] == ':')
            return true;
    return false;
}

START_TEST(example_shows_every_key)
{
    size_t count;
    char text[32768];
    FILE *file = fopen("deploy/bruisd.yaml", "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    const struct br_config_row *rows = br_config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        const char *dot = strrchr(rows[i].path, '.');
        const char *key = dot ? dot + 1 : rows[i].path;
        ck_assert_msg(rows[i].type == BR_CONFIG_REFUSED || shows(text, key), "no %s", rows[i].path);
    }
}
END_TEST

START_TEST(schema_is_sound)
{
    size_t count;
    struct br_config nowhere = {.path = (char *)"/x"};
    const struct br_config_row *rows = br_config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        char why[BR_WHY_SIZE] = "";
        const struct br_config_row *row = &rows[i];
        ck_assert_msg(row->help && *row->help, "%s has no help", row->path);
        ck_assert_msg(!row->fallback || row->many ||
                          br_config_store(&nowhere, row, row->fallback, false, NULL, why),
                      "%s: %s", row->path, why);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(rows[j].path, row->path);
    }
}
END_TEST

START_TEST(describes_every_key)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    br_config_describe(file);
    fclose(file);
    ck_assert_ptr_nonnull(strstr(text, "\nfeeds.*.interval (duration 1s..31d; default: 60s): how often"));
    ck_assert_ptr_nonnull(strstr(text, "\nbrokers.*.protocol (one of 5 3.1.1; default: 5): "));
    ck_assert_ptr_nonnull(strstr(text, "\nregions.table (file; required): "));
    ck_assert_ptr_nonnull(strstr(text, "\nlimits.memory (size 16MiB..1TiB; default: 256MiB): "));
    ck_assert_ptr_null(strstr(text, "brokers.*.password ("));
    free(text);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, example_is_good);
    tcase_add_test(tcase, example_shows_every_key);
    tcase_add_test(tcase, schema_is_sound);
    tcase_add_test(tcase, describes_every_key);
}

UNIT_MAIN("config_schema", tests)
