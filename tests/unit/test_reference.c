/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Tables that are kept by their place in the journal. */
#include "daemon/flow/reference.h"

#include <errno.h>

#include <dirent.h>
#include <sys/stat.h>

#include "tests/unit/unit.h"

struct place {
    char dir[64];
};

static void begin(struct place *p)
{
    *p = (struct place){.dir = "/tmp/bruisd-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(p->dir));
}

static void end(struct place *p)
{
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", p->dir);
    ck_assert_int_eq(system(command), 0);
}

static void keep(struct place *p, const char *feed, uint64_t position, const char *text)
{
    ck_assert_int_eq(br_reference_keep(p->dir, feed, position, br_view_of(text)), 0);
}

/* What holds for messages from this position on; "" where there is none. */
static const char *held(struct place *p, const char *feed, uint64_t position)
{
    static char text[64];
    char path[PATH_MAX];
    memset(text, 0, sizeof text);
    if (!br_reference_find(p->dir, feed, position, path))
        return text;
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    fclose(file);
    return text;
}

static size_t count(struct place *p)
{
    char path[128];
    size_t files = 0;
    snprintf(path, sizeof path, "%s/reference", p->dir);
    DIR *stream = opendir(path);
    ck_assert_ptr_nonnull(stream);
    for (struct dirent *entry; (entry = readdir(stream));)
        files += entry->d_name[0] != '.';
    closedir(stream);
    return files;
}

START_TEST(the_newest_before_a_position)
{
    struct place p;
    begin(&p);
    ck_assert_str_eq(held(&p, "sites", UINT64_MAX - 1), "");
    keep(&p, "sites", 0, "first");
    keep(&p, "sites", 700, "second");
    keep(&p, "sites-2", 100, "another feed's");
    ck_assert_str_eq(held(&p, "sites", 0), "");
    ck_assert_str_eq(held(&p, "sites", 1), "first");
    ck_assert_str_eq(held(&p, "sites", 700), "first"); /* the message itself comes yet */
    ck_assert_str_eq(held(&p, "sites", 701), "second");
    ck_assert_str_eq(held(&p, "sites-2", 701), "another feed's");
    ck_assert_str_eq(held(&p, "site", 701), "");
    keep(&p, "sites", 700, "second"); /* read again after a crash */
    ck_assert_uint_eq(count(&p), 3);
    end(&p);
}
END_TEST

START_TEST(a_file_without_a_position_holds_from_the_beginning)
{
    struct place p;
    char path[128];
    begin(&p);
    keep(&p, "sites", 5, "later");
    snprintf(path, sizeof path, "%s/reference/sites", p.dir);
    FILE *file = fopen(path, "w");
    fputs("of old", file);
    fclose(file);
    ck_assert_str_eq(held(&p, "sites", 0), "of old");
    ck_assert_str_eq(held(&p, "sites", 6), "later");
    br_reference_release(p.dir, "sites", 6);
    ck_assert_uint_eq(count(&p), 1);
    end(&p);
}
END_TEST

START_TEST(what_no_checkpoint_needs_goes)
{
    struct place p;
    begin(&p);
    br_reference_release(p.dir, "sites", 100); /* there is no folder yet */
    keep(&p, "sites", 10, "a");
    keep(&p, "sites", 20, "b");
    keep(&p, "sites", 30, "c");
    br_reference_release(p.dir, "sites", 10);
    ck_assert_uint_eq(count(&p), 3);
    br_reference_release(p.dir, "sites", 25);
    ck_assert_uint_eq(count(&p), 2);
    ck_assert_str_eq(held(&p, "sites", 25), "b");
    ck_assert_str_eq(held(&p, "sites", 31), "c");
    end(&p);
}
END_TEST

START_TEST(a_journal_that_ends_before)
{
    struct place p;
    begin(&p);
    keep(&p, "sites", 10, "a");
    keep(&p, "sites", 20, "b");
    br_reference_cut(p.dir, "sites", 21);
    ck_assert_uint_eq(count(&p), 2);
    br_reference_cut(p.dir, "sites", 20);
    ck_assert_str_eq(held(&p, "sites", 100), "a");
    end(&p);
}
END_TEST

START_TEST(a_journal_that_begins_anew)
{
    struct place p;
    begin(&p);
    br_reference_rebase(p.dir, "sites", 100);
    keep(&p, "sites", 10, "a");
    keep(&p, "sites", 20, "b");
    keep(&p, "sites", 30, "c");
    br_reference_rebase(p.dir, "sites", 25);
    ck_assert_uint_eq(count(&p), 1);
    ck_assert_str_eq(held(&p, "sites", 0), "b");
    br_reference_rebase(p.dir, "sites", UINT64_MAX - 1); /* and again */
    ck_assert_str_eq(held(&p, "sites", 0), "b");
    keep(&p, "sites", 3, "d");
    ck_assert_str_eq(held(&p, "sites", 4), "d");
    end(&p);
}
END_TEST

START_TEST(names_that_are_none)
{
    static const char *const names[] = {"sites.1", "sites.0000000000000000000x", "sites.new",
                                        "sites.99999999999999999999", "sites.18446744073709551615"};
    struct place p;
    char path[128];
    begin(&p);
    keep(&p, "sites", 10, "a");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/reference/%s", p.dir, names[i]);
        fclose(fopen(path, "w"));
    }
    ck_assert_str_eq(held(&p, "sites", UINT64_MAX - 1), "a");
    br_reference_rebase(p.dir, "sites", UINT64_MAX - 1);
    ck_assert_uint_eq(count(&p), 1 + sizeof names / sizeof *names); /* others' files are left alone */
    end(&p);
}
END_TEST

START_TEST(a_folder_that_cannot_be)
{
    struct place p;
    char path[128];
    begin(&p);
    ck_assert_int_eq(br_reference_keep("/proc/nowhere", "sites", 1, br_view_of("a")), -ENOENT);
    snprintf(path, sizeof path, "%s/reference", p.dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/reference/sites.new", p.dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(br_reference_keep(p.dir, "sites", 1, br_view_of("a")), -EISDIR);
    end(&p);
}
END_TEST

START_TEST(a_disk_that_is_full)
{
    ck_assert_int_eq(access("/dev/full", W_OK), 0);
    struct place p;
    char path[128];
    begin(&p);
    keep(&p, "sites", 1, "a");
    snprintf(path, sizeof path, "%s/reference/sites.new", p.dir);
    ck_assert_int_eq(symlink("/dev/full", path), 0);
    ck_assert_int_eq(br_reference_keep(p.dir, "sites", 2, br_view_of("b")), -ENOSPC);
    ck_assert_str_eq(held(&p, "sites", 100), "a");
    end(&p);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, the_newest_before_a_position);
    tcase_add_test(tcase, a_file_without_a_position_holds_from_the_beginning);
    tcase_add_test(tcase, what_no_checkpoint_needs_goes);
    tcase_add_test(tcase, a_journal_that_ends_before);
    tcase_add_test(tcase, a_journal_that_begins_anew);
    tcase_add_test(tcase, names_that_are_none);
    tcase_add_test(tcase, a_folder_that_cannot_be);
    tcase_add_test(tcase, a_disk_that_is_full);
}

UNIT_MAIN("reference", tests)
