/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Readings of one sensor in a folder of their own. */
#ifndef BR_TESTS_READINGS_FIXTURE_H
#define BR_TESTS_READINGS_FIXTURE_H

#include "daemon/flow/readings.h"

#include <errno.h>

#include <dirent.h>
#include <sys/stat.h>

#include "tests/unit/figure_text.h"

struct store {
    char dir[64];
    struct br_readings *readings;
    struct br_reading_list list;
    br_link head;
};

static inline void begin(struct store *s, int64_t size_max)
{
    int error = 1;
    *s = (struct store){.dir = "/tmp/bruisd-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(s->dir));
    s->readings = br_readings_open(s->dir, size_max, NULL, 0, &error);
    ck_assert_int_eq(error, 0);
    ck_assert_ptr_nonnull(s->readings);
}

static inline void end(struct store *s)
{
    char command[96];
    br_readings_close(s->readings);
    br_reading_list_free(&s->list);
    snprintf(command, sizeof command, "rm -rf %s", s->dir);
    ck_assert_int_eq(system(command), 0);
}

static inline struct br_reading reading_at(int64_t at, int32_t value)
{
    return (struct br_reading){.observed_at_utc_ms = at,
                               .kind = BR_KIND_PARKING,
                               .known = BR_KNOWN(BR_PARKING_VACANT),
                               .value = {0, value, 0, 0}};
}

static inline void append(struct store *s, const char *at, int32_t value)
{
    struct br_reading reading = reading_at(time_of(at), value);
    ck_assert_int_eq(br_readings_append(s->readings, &s->head, &reading), 0);
}

/* The values of a span as "1 2 3". carry: NULL for none. */
static inline const char *between(struct store *s, const char *from, const char *to, const char *carry)
{
    static char text[256];
    ck_assert(br_readings_between(s->readings, s->head, time_of(from), time_of(to),
                                  carry ? time_of(carry) : INT64_MAX, &s->list));
    *text = '\0';
    for (size_t i = 0; i < s->list.count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d", i ? " " : "",
                 s->list.at[i].value[BR_PARKING_VACANT]);
    return text;
}

static inline size_t file_count(const struct store *s)
{
    size_t count = 0;
    DIR *dir = opendir(s->dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += strstr(entry->d_name, ".readings") != NULL;
    closedir(dir);
    return count;
}

#endif
