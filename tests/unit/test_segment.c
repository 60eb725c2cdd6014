/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What a crash, a power cut or a bad disk leaves of the journal's files. */
#include "daemon/in/segment.h"

#include <zlib.h>

#include "tests/unit/journal_fixture.h"

#define HEADER 64

/* Changes bytes of the file that begins at `first`; the journal is closed. */
static void patch(const struct fixture *fixture, br_position first, size_t at, const void *bytes, size_t size)
{
    char path[128];
    fixture_path(fixture, first, path);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(pwrite(file, bytes, size, (off_t)at), (ssize_t)size);
    close(file);
}

static void flip(const struct fixture *fixture, br_position first, size_t at)
{
    char path[128];
    unsigned char byte;
    fixture_path(fixture, first, path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(pread(file, &byte, 1, (off_t)at), 1);
    close(file);
    byte ^= 0x10;
    patch(fixture, first, at, &byte, 1);
}

/* Positions of the records 0..count, and the end as the last one. */
static void positions_of(struct fixture *fixture, int count, br_position *positions)
{
    positions[0] = br_journal_start(fixture->journal);
    for (int i = 0; i < count; i++) {
        positions[i + 1] = positions[i];
        ck_assert_int_eq(fixture_read(fixture, &positions[i + 1]), i);
    }
}

/* Where the segment that holds a position begins, as the names of the files tell. */
static br_position segment_of(const struct fixture *fixture, br_position position)
{
    char path[128];
    for (br_position first = position;; first -= 8) {
        fixture_path(fixture, first, path);
        if (access(path, F_OK) == 0)
            return first;
        ck_assert_uint_gt(first, 0);
    }
}

START_TEST(drops_a_record_that_is_cut_short)
{
    struct fixture f = {0};
    br_position positions[6], position = 0;
    char path[128];
    fixture_start(&f);
    fixture_append(&f, 0, 5);
    positions_of(&f, 5, positions);
    fixture_close(&f);
    fixture_path(&f, 0, path);
    ck_assert_int_eq(truncate(path, (off_t)(HEADER + positions[5] - 100)), 0);
    fixture_open(&f);
    ck_assert_uint_eq(br_journal_end(f.journal), positions[4]);
    fixture_expect(&f, &position, 0, 4);
    ck_assert_int_eq(fixture_read(&f, &position), -1);
    fixture_append(&f, 4, 30);
    fixture_expect(&f, &position, 4, 30);
    fixture_reopen(&f);
    position = 0;
    fixture_expect(&f, &position, 0, 30);
    fixture_end(&f);
}
END_TEST

/* Each byte of the record counts: 32 of its header, feed, topic and payload. */
START_TEST(drops_a_last_record_with_a_wrong_byte)
{
    struct fixture f = {0};
    br_position positions[4], position;
    fixture_start(&f);
    fixture_append(&f, 0, 3);
    positions_of(&f, 3, positions);
    for (size_t at = 0; at < 32 + 7 + 13 + 300; at += at < 60 ? 1 : 37) {
        fixture_close(&f);
        flip(&f, 0, HEADER + (size_t)positions[2] + at);
        fixture_open(&f);
        ck_assert_msg(br_journal_end(f.journal) == positions[2], "byte %zu", at);
        position = 0;
        fixture_expect(&f, &position, 0, 2);
        ck_assert_int_eq(fixture_read(&f, &position), -1);
        fixture_append(&f, 2, 3);
    }
    position = 0;
    fixture_expect(&f, &position, 0, 3);
    fixture_end(&f);
}
END_TEST

/* Record 2 is lost, record 3 (whole, but behind the end) must not come back behind a new record of the same
 * length. */
START_TEST(never_revives_an_old_record)
{
    struct fixture f = {0};
    br_position positions[5], position = 0;
    unsigned char zeros[4] = {0};
    fixture_start(&f);
    fixture_append(&f, 0, 4);
    positions_of(&f, 4, positions);
    fixture_close(&f);
    patch(&f, 0, HEADER + (size_t)positions[2], zeros, 4);
    flip(&f, 0, HEADER + (size_t)positions[3] + 4);
    fixture_open(&f);
    ck_assert_uint_eq(br_journal_end(f.journal), positions[2]);
    fixture_append(&f, 7, 8);
    fixture_close(&f);
    flip(&f, 0, HEADER + (size_t)positions[3] + 4);
    fixture_open(&f);
    fixture_expect(&f, &position, 0, 2);
    fixture_expect(&f, &position, 7, 8);
    ck_assert_int_eq(fixture_read(&f, &position), -1);
    fixture_end(&f);
}
END_TEST

/* In the last segment and in one before it; the length, the checksum, the payload. */
START_TEST(skips_a_damaged_record_in_the_middle)
{
    static const struct {
        int number;
        size_t at;
    } cases[] = {{2, 0}, {2, 4}, {2, 200}, {2, 16}, {43, 0}, {43, 200}, {0, 9}};
    struct fixture f = {0};
    br_position positions[61], position = 0;
    int number = cases[_i].number;
    fixture_start(&f);
    fixture_append(&f, 0, 60);
    positions_of(&f, 60, positions);
    br_position first = segment_of(&f, positions[number]);
    fixture_close(&f);
    flip(&f, first, HEADER + (size_t)(positions[number] - first) + cases[_i].at);
    fixture_open(&f);
    ck_assert_uint_eq(br_journal_end(f.journal), positions[60]);
    fixture_expect(&f, &position, 0, number);
    ck_assert_int_eq(fixture_read(&f, &position), -EBADMSG);
    ck_assert_uint_eq(position, positions[number + 1]);
    fixture_expect(&f, &position, number + 1, 60);
    ck_assert_int_eq(fixture_read(&f, &position), -1);
    position = positions[7] + 8;
    ck_assert_int_eq(fixture_read(&f, &position), -EBADMSG);
    ck_assert_uint_eq(position, positions[8]);
    position = positions[7] + 1;
    ck_assert_int_eq(fixture_read(&f, &position), -EBADMSG);
    ck_assert_uint_eq(position, positions[8]);
    fixture_end(&f);
}
END_TEST

/* The end of a segment that is not the last one: the reader goes to the next segment's start. */
START_TEST(skips_a_damaged_end_of_a_segment)
{
    struct fixture f = {0};
    br_position positions[61], position = 0;
    fixture_start(&f);
    fixture_append(&f, 0, 60);
    positions_of(&f, 60, positions);
    int number = 59;
    br_position first = segment_of(&f, positions[59]);
    while (positions[number] != first)
        number--;
    br_position before = segment_of(&f, positions[number - 1]);
    fixture_close(&f);
    char path[128];
    fixture_path(&f, before, path);
    ck_assert_int_eq(truncate(path, (off_t)(HEADER + positions[number - 2] - before + 40)), 0);
    fixture_open(&f);
    fixture_expect(&f, &position, 0, number - 2);
    ck_assert_int_eq(fixture_read(&f, &position), -EBADMSG);
    ck_assert_uint_eq(position, first);
    fixture_expect(&f, &position, number, 60);
    fixture_end(&f);
}
END_TEST

/* A payload that holds the bytes of a record, at a place where a search behind a damaged record looks. */
START_TEST(takes_no_payload_for_a_record)
{
    struct fixture f = {0};
    br_position position = 0, second;
    char path[128], bytes[512] = {0};
    fixture_start(&f);
    fixture_append(&f, 0, 1);
    second = br_journal_end(f.journal);
    fixture_path(&f, 0, path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(pread(file, bytes, (size_t)second, HEADER), (ssize_t)second);
    close(file);
    struct br_entry entry = {.type = BR_ENTRY_MESSAGE, .payload = {bytes, sizeof(bytes)}};
    ck_assert_int_eq(br_journal_append(f.journal, &entry), 0);
    fixture_append(&f, 2, 3);
    fixture_close(&f);
    flip(&f, 0, HEADER + (size_t)second + 24);
    fixture_open(&f);
    fixture_expect(&f, &position, 0, 1);
    ck_assert_int_eq(fixture_read(&f, &position), -EBADMSG);
    fixture_expect(&f, &position, 2, 3);
    fixture_end(&f);
}
END_TEST

START_TEST(refuses_a_newer_version)
{
    struct fixture f = {0};
    fixture_start(&f);
    fixture_append(&f, 0, 3);
    fixture_close(&f);
    unsigned char header[HEADER];
    char path[128];
    fixture_path(&f, 0, path);
    int file = open(path, O_RDONLY | O_CLOEXEC), error = 0;
    ck_assert_int_eq(pread(file, header, HEADER, 0), HEADER);
    close(file);
    uint32_t version = 2, checksum;
    memcpy(header + 8, &version, 4);
    checksum = (uint32_t)crc32(0, header, HEADER - 4);
    memcpy(header + HEADER - 4, &checksum, 4);
    patch(&f, 0, 0, header, HEADER);
    ck_assert_ptr_null(br_journal_open(f.dir, &f.limits, &error));
    ck_assert_int_eq(error, -ENOTSUP);
    ck_assert_int_eq(fixture_files(&f, ".journal"), 1);

    version = 1;
    memcpy(header + 8, &version, 4);
    checksum = (uint32_t)crc32(0, header, HEADER - 4);
    memcpy(header + HEADER - 4, &checksum, 4);
    patch(&f, 0, 0, header, HEADER);
    br_position position = 0;
    fixture_open(&f);
    fixture_expect(&f, &position, 0, 3);
    fixture_end(&f);
}
END_TEST

/* which: the first segment, one in the middle, the last one. */
START_TEST(sets_a_damaged_file_aside)
{
    static const int numbers[] = {0, 25, 59};
    struct fixture f = {0};
    br_position positions[61], position = 0;
    fixture_start(&f);
    fixture_append(&f, 0, 60);
    positions_of(&f, 60, positions);
    br_position first = segment_of(&f, positions[numbers[_i]]);
    int from = 0, to = 60;
    while (positions[from] < first)
        from++;
    while (positions[to] > first + FIXTURE_SEGMENT)
        to--;
    if (_i < 2)
        to -= positions[to] != segment_of(&f, positions[to]);
    fixture_close(&f);
    flip(&f, first, 20);
    fixture_open(&f);
    ck_assert_int_eq(fixture_files(&f, ".damaged"), 1);
    fixture_expect(&f, &position, 0, from);
    ck_assert_int_eq(fixture_read(&f, &position), -EBADMSG);
    fixture_expect(&f, &position, _i < 2 ? to : 60, 60);
    /* Positions that were given before are not given again. */
    ck_assert_uint_ge(br_journal_end(f.journal), positions[60]);
    ck_assert_int_eq(fixture_read(&f, &position), -1);
    fixture_append(&f, 60, 62);
    fixture_expect(&f, &position, 60, 62);
    fixture_end(&f);
}
END_TEST

START_TEST(sets_an_only_file_aside)
{
    struct fixture f = {0};
    fixture_start(&f);
    fixture_append(&f, 0, 3);
    br_position end = br_journal_end(f.journal), position = 0;
    fixture_close(&f);
    flip(&f, 0, 0);
    fixture_open(&f);
    ck_assert_uint_ge(br_journal_end(f.journal), end);
    ck_assert_uint_eq(br_journal_start(f.journal), br_journal_end(f.journal));
    ck_assert_int_eq(fixture_read(&f, &position), -EBADMSG);
    ck_assert_int_eq(fixture_read(&f, &position), -1);
    fixture_append(&f, 3, 4);
    fixture_expect(&f, &position, 3, 4);
    fixture_end(&f);
}
END_TEST

/* What the crash left that came between making a file and its first record. */
START_TEST(clears_files_that_were_never_begun)
{
    static const char *const names[] = {"next", "spare", "00000000000000099992.journal"};
    struct fixture f = {0};
    char path[160];
    fixture_start(&f);
    fixture_append(&f, 0, 3);
    fixture_close(&f);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/journal/%s", f.dir, names[i]);
        int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        ck_assert_int_eq(ftruncate(file, FIXTURE_SEGMENT), 0);
        close(file);
    }
    snprintf(path, sizeof(path), "%s/journal/notes.txt", f.dir);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    fixture_open(&f);
    ck_assert_int_eq(fixture_files(&f, ".journal"), 1);
    ck_assert_int_eq(fixture_files(&f, "next") + fixture_files(&f, "spare"), 0);
    ck_assert_int_eq(fixture_files(&f, "notes.txt"), 1);
    br_position position = 0;
    fixture_expect(&f, &position, 0, 3);
    fixture_append(&f, 3, 60);
    fixture_expect(&f, &position, 3, 60);
    fixture_end(&f);
}
END_TEST

/* A last segment full of what looks like records must not hold up the start for ever. */
START_TEST(gives_up_a_search_that_has_no_end)
{
    struct fixture f = {.limits = {.segment_size = 16 << 20}};
    fixture_start(&f);
    fixture_append(&f, 0, 1);
    br_position end = br_journal_end(f.journal), position = 0;
    fixture_close(&f);
    uint32_t fake[8] = {(4 << 20) + 96, 0, 1, 0, 4 << 20, 0, 0, 0};
    uint32_t *block = malloc(8 << 20);
    ck_assert_ptr_nonnull(block);
    for (size_t i = 0; i < (8 << 20) / sizeof(fake); i++)
        memcpy(block + i * 8, fake, sizeof(fake));
    patch(&f, 0, HEADER + (size_t)end, block, 8 << 20);
    free(block);
    fixture_open(&f);
    ck_assert_uint_eq(br_journal_end(f.journal), end);
    fixture_expect(&f, &position, 0, 1);
    ck_assert_int_eq(fixture_read(&f, &position), -1);
    fixture_end(&f);
}
END_TEST

START_TEST(knows_its_names)
{
    br_position first = 1;
    ck_assert(br_segment_name_parse("00000000000000000000.journal", &first));
    ck_assert_uint_eq(first, 0);
    ck_assert(br_segment_name_parse("18446744073709551608.journal", &first));
    ck_assert_uint_eq(first, UINT64_MAX - 7);
    ck_assert(!br_segment_name_parse("00000000000000000000.journal.damaged", &first));
    ck_assert(!br_segment_name_parse("0.journal", &first));
    ck_assert(!br_segment_name_parse("+0000000000000000008.journal", &first));
    ck_assert(!br_segment_name_parse("99999999999999999999.journal", &first));
    ck_assert(!br_segment_name_parse("spare", &first));
    ck_assert(!br_segment_name_parse("", &first));
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, drops_a_record_that_is_cut_short);
    tcase_add_test(tcase, drops_a_last_record_with_a_wrong_byte);
    tcase_add_test(tcase, never_revives_an_old_record);
    tcase_add_loop_test(tcase, skips_a_damaged_record_in_the_middle, 0, 7);
    tcase_add_test(tcase, skips_a_damaged_end_of_a_segment);
    tcase_add_test(tcase, takes_no_payload_for_a_record);
    tcase_add_test(tcase, refuses_a_newer_version);
    tcase_add_loop_test(tcase, sets_a_damaged_file_aside, 0, 3);
    tcase_add_test(tcase, sets_an_only_file_aside);
    tcase_add_test(tcase, clears_files_that_were_never_begun);
    tcase_add_test(tcase, gives_up_a_search_that_has_no_end);
    tcase_add_test(tcase, knows_its_names);
}

UNIT_MAIN("segment", tests)
