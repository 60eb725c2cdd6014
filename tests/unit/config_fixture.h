/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A configuration in a folder of its own, and what was told of it. */
#ifndef BR_TESTS_CONFIG_FIXTURE_H
#define BR_TESTS_CONFIG_FIXTURE_H

#include "daemon/config.h"

#include "tests/unit/unit.h"

/* Two lines that every configuration needs; what a test adds begins at line 3. */
#define LEAST "node: test\nregions: {year: 2023, table: regions.csv}\n"

struct fixture {
    char folder[32], path[64];
    struct br_faults *faults;
    struct br_config *config;
    char *told; /* the faults, without the path in front of each */
};

/* A file beside the configuration. */
static inline void fixture_file(const struct fixture *fixture, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

/* Prints the faults anew, each without `PATH:`. */
static inline const char *fixture_tell(struct fixture *fixture)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    br_faults_print(fixture->faults, file);
    fclose(file);
    char *to = text;
    size_t path_size = strlen(fixture->path);
    for (char *from = text; *from;) {
        if ((from == text || from[-1] == '\n') && strncmp(from, fixture->path, path_size) == 0)
            from += path_size + 1;
        else
            *to++ = *from++;
    }
    *to = '\0';
    free(fixture->told);
    fixture->told = text;
    return text;
}

static inline struct fixture fixture_begin(void)
{
    struct fixture fixture = {.folder = "/tmp/bruis-config-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(fixture.folder));
    snprintf(fixture.path, sizeof fixture.path, "%s/bruisd.yaml", fixture.folder);
    fixture.faults = br_faults_open();
    return fixture;
}

static inline void fixture_open(struct fixture *fixture, const char *text)
{
    fixture_file(fixture, "bruisd.yaml", text);
    fixture->config = br_config_open(fixture->path, fixture->faults);
    fixture_tell(fixture);
}

/* A configuration that must be good. */
static inline struct fixture fixture_good(const char *text)
{
    struct fixture fixture = fixture_begin();
    fixture_open(&fixture, text);
    ck_assert_str_eq(fixture.told, "");
    ck_assert_ptr_nonnull(fixture.config);
    return fixture;
}

static inline void fixture_end(struct fixture *fixture)
{
    char command[64];
    br_config_close(fixture->config);
    br_faults_close(fixture->faults);
    free(fixture->told);
    snprintf(command, sizeof command, "rm -r %s", fixture->folder);
    ck_assert_int_eq(system(command), 0);
}

#endif
