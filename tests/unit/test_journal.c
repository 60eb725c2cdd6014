/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/in/journal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mount.h>

#include "tests/unit/journal_fixture.h"

START_TEST(begins_empty)
{
    struct fixture f = {0};
    fixture_start(&f);
    br_position position = 0;
    ck_assert_uint_eq(br_journal_start(f.journal), 0);
    ck_assert_uint_eq(br_journal_end(f.journal), 0);
    ck_assert_int_eq(br_journal_size(f.journal), 0);
    ck_assert_int_eq(fixture_read(&f, &position), -1);
    ck_assert_int_eq(br_journal_sync(f.journal), 0);
    br_journal_release(f.journal, 100);
    fixture_reopen(&f);
    ck_assert_uint_eq(br_journal_end(f.journal), 0);
    fixture_end(&f);
}
END_TEST

START_TEST(gives_back_what_it_took)
{
    struct fixture f = {0};
    fixture_start(&f);
    struct br_entry message = {BR_ENTRY_MESSAGE, BR_ENTRY_RETAINED | BR_ENTRY_DUP,
                               1787047200123,    {"feed!", 4},
                               {"a/b", 3},       {"pay\0load", 8}};
    struct br_entry tick = {.type = BR_ENTRY_TICK, .received_at_utc_ms = -5};
    ck_assert_int_eq(br_journal_append(f.journal, &message), 0);
    ck_assert_int_eq(br_journal_append(f.journal, &tick), 0);

    for (int round = 0; round < 2; round++) {
        br_position position = br_journal_start(f.journal);
        struct br_entry entry;
        ck_assert_int_eq(br_journal_read(f.journal, &position, &entry), 1);
        ck_assert_int_eq(entry.type, BR_ENTRY_MESSAGE);
        ck_assert_uint_eq(entry.flags, BR_ENTRY_RETAINED | BR_ENTRY_DUP);
        ck_assert_int_eq(entry.received_at_utc_ms, 1787047200123);
        ck_assert(br_view_is(entry.feed, "feed"));
        ck_assert(br_view_is(entry.topic, "a/b"));
        ck_assert_uint_eq(entry.payload.size, 8);
        ck_assert_int_eq(memcmp(entry.payload.data, "pay\0load", 8), 0);
        ck_assert_int_eq(br_journal_read(f.journal, &position, &entry), 1);
        ck_assert_int_eq(entry.type, BR_ENTRY_TICK);
        ck_assert_uint_eq(entry.flags, 0);
        ck_assert_int_eq(entry.received_at_utc_ms, -5);
        ck_assert_uint_eq(entry.feed.size + entry.topic.size + entry.payload.size, 0);
        ck_assert_int_eq(br_journal_read(f.journal, &position, &entry), 0);
        ck_assert_uint_eq(position, br_journal_end(f.journal));
        fixture_reopen(&f);
    }
    fixture_end(&f);
}
END_TEST

START_TEST(refuses_what_is_no_record)
{
    struct fixture f = {0};
    fixture_start(&f);
    static char bytes[65536];
    struct br_entry entries[] = {
        {.type = (enum br_entry_type)0},
        {.type = (enum br_entry_type)256},
        {.type = BR_ENTRY_TICK, .flags = 256},
        {.type = BR_ENTRY_MESSAGE, .feed = {bytes, 65536}},
        {.type = BR_ENTRY_MESSAGE, .topic = {bytes, 65536}},
        {.type = BR_ENTRY_MESSAGE, .payload = {bytes, ((size_t)1 << 30) + 1}},
    };
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        ck_assert_int_eq(br_journal_append(f.journal, &entries[i]), -EINVAL);
    ck_assert_uint_eq(br_journal_end(f.journal), 0);
    struct br_entry longest = {.type = BR_ENTRY_MESSAGE, .feed = {bytes, 65535}, .topic = {bytes, 65535}};
    ck_assert_int_eq(br_journal_append(f.journal, &longest), 0);
    fixture_end(&f);
}
END_TEST

START_TEST(runs_on_over_segments_and_restarts)
{
    struct fixture f = {0};
    fixture_start(&f);
    br_position reading = 0, before = 0;
    for (int i = 0; i < 200; i++) {
        fixture_append(&f, i, i + 1);
        ck_assert_uint_gt(br_journal_end(f.journal), before);
        before = br_journal_end(f.journal);
        if (i % 50 == 49) {
            fixture_reopen(&f);
            ck_assert_uint_eq(br_journal_end(f.journal), before);
        }
        if (i % 3 == 0)
            ck_assert_int_eq(fixture_read(&f, &reading), i / 3);
    }
    ck_assert_int_ge(fixture_files(&f, ".journal"), 9);
    ck_assert_int_eq(br_journal_size(f.journal), (int64_t)fixture_files(&f, ".journal") * FIXTURE_SEGMENT);
    fixture_expect(&f, &reading, 67, 200);
    ck_assert_int_eq(fixture_read(&f, &reading), -1);
    ck_assert_uint_eq(reading, before);
    reading = 0;
    fixture_expect(&f, &reading, 0, 200);
    fixture_end(&f);
}
END_TEST

START_TEST(deletes_whole_segments_only)
{
    struct fixture f = {0};
    fixture_start(&f);
    fixture_append(&f, 0, 100);
    br_position position = 0, middle, end = br_journal_end(f.journal);
    int files = fixture_files(&f, ".journal");
    fixture_expect(&f, &position, 0, 50);
    middle = position;
    br_journal_release(f.journal, 8);
    ck_assert_int_eq(fixture_files(&f, ".journal"), files);

    br_journal_release(f.journal, middle);
    ck_assert_int_lt(fixture_files(&f, ".journal"), files);
    ck_assert_uint_gt(br_journal_start(f.journal), 0);
    ck_assert_uint_le(br_journal_start(f.journal), middle);
    ck_assert_int_eq(br_journal_size(f.journal), (int64_t)fixture_files(&f, ".journal") * FIXTURE_SEGMENT);
    fixture_expect(&f, &position, 50, 100);

    /* From a place that is gone the reader gets to the start; from one past the end, back to it. */
    position = 0;
    ck_assert_int_eq(fixture_read(&f, &position), -EBADMSG);
    ck_assert_uint_eq(position, br_journal_start(f.journal));
    position = end + 8;
    ck_assert_int_eq(fixture_read(&f, &position), -EBADMSG);
    ck_assert_uint_eq(position, end);

    br_journal_release(f.journal, end);
    ck_assert_int_eq(fixture_files(&f, ".journal"), 1);
    fixture_reopen(&f);
    ck_assert_uint_eq(br_journal_end(f.journal), end);
    fixture_append(&f, 100, 101);
    position = end;
    fixture_expect(&f, &position, 100, 101);
    fixture_end(&f);
}
END_TEST

START_TEST(refuses_past_its_size_and_goes_on_later)
{
    struct fixture f = {.limits = {.size_max = 4 * FIXTURE_SEGMENT}};
    fixture_start(&f);
    int count = 0;
    while (fixture_append_sized(&f, count, 300) == 0)
        count++;
    ck_assert_int_eq(fixture_append_sized(&f, count, 300), -ENOSPC);
    ck_assert_int_eq(br_journal_size(f.journal), 4 * FIXTURE_SEGMENT);
    ck_assert_int_ge(count, 70);
    br_position position = 0;
    fixture_expect(&f, &position, 0, count);
    ck_assert_int_eq(fixture_read(&f, &position), -1);

    br_journal_release(f.journal, position);
    fixture_append(&f, count, count + 50);
    fixture_expect(&f, &position, count, count + 50);
    fixture_end(&f);
}
END_TEST

START_TEST(gives_a_large_record_its_own_segment)
{
    struct fixture f = {.limits = {.size_max = 64 * FIXTURE_SEGMENT}};
    fixture_start(&f);
    fixture_append(&f, 0, 3);
    size_t large = 60 * FIXTURE_SEGMENT;
    ck_assert_int_eq(fixture_append_sized(&f, 3, large), 0);
    /* There is no place for a second one: small ones go on, also once the large one is all that is left. */
    ck_assert_int_eq(fixture_append_sized(&f, 4, large), -ENOSPC);
    fixture_append(&f, 4, 6);
    br_position position = 0;
    fixture_expect(&f, &position, 0, 6);
    br_journal_release(f.journal, position);
    ck_assert_int_eq(fixture_append_sized(&f, 6, large), 0);
    fixture_expect(&f, &position, 6, 7);
    ck_assert_int_eq(fixture_append_sized(&f, 7, large), -ENOSPC);
    br_journal_release(f.journal, position);
    ck_assert_int_eq(fixture_append_sized(&f, 7, large), 0);
    fixture_expect(&f, &position, 7, 8);
    br_journal_release(f.journal, position);
    ck_assert_int_le(br_journal_size(f.journal), 64 * FIXTURE_SEGMENT);
    fixture_end(&f);
}
END_TEST

START_TEST(makes_the_next_segment_ahead)
{
    struct fixture f = {.limits = {.size_max = 4 * FIXTURE_SEGMENT}};
    fixture_start(&f);
    fixture_append(&f, 0, 5);
    ck_assert_int_eq(br_journal_sync(f.journal), 0);
    ck_assert_int_eq(fixture_files(&f, "spare"), 0);
    fixture_append(&f, 5, 15);
    ck_assert_int_eq(br_journal_sync(f.journal), 0);
    ck_assert_int_eq(fixture_files(&f, "spare"), 1);
    ck_assert_int_eq(br_journal_size(f.journal), 2 * FIXTURE_SEGMENT);
    fixture_append(&f, 15, 25);
    ck_assert_int_eq(fixture_files(&f, "spare"), 0);
    ck_assert_int_eq(br_journal_size(f.journal), 2 * FIXTURE_SEGMENT);

    /* A spare that is in the way of a large record goes. */
    fixture_append(&f, 25, 32);
    ck_assert_int_eq(br_journal_sync(f.journal), 0);
    ck_assert_int_eq(fixture_files(&f, "spare"), 1);
    ck_assert_int_eq(fixture_append_sized(&f, 32, FIXTURE_SEGMENT * 3 / 2), 0);
    ck_assert_int_eq(fixture_files(&f, "spare"), 0);
    br_position position = 0;
    fixture_expect(&f, &position, 0, 33);
    fixture_end(&f);
}
END_TEST

START_TEST(tells_why_it_does_not_open)
{
    struct fixture f = {0};
    fixture_start(&f);
    int error = 0;
    ck_assert_ptr_null(br_journal_open(f.dir, &f.limits, &error));
    ck_assert_int_eq(error, -EBUSY);
    ck_assert_ptr_null(br_journal_open("/nowhere/at/all", &f.limits, &error));
    ck_assert_int_eq(error, -ENOENT);
    struct br_journal_limits negative = {.size_max = -1};
    ck_assert_ptr_null(br_journal_open(f.dir, &negative, &error));
    ck_assert_int_eq(error, -EINVAL);
    char path[128];
    snprintf(path, sizeof(path), "%s/journal", f.dir);
    fixture_close(&f);
    ck_assert_int_eq(rmdir(path), 0);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ck_assert_ptr_null(br_journal_open(f.dir, &f.limits, &error));
    ck_assert_int_eq(error, -ENOTDIR);
    fixture_end(&f);
}
END_TEST

/* A disk of 256 KiB, for root only: elsewhere nothing can be mounted. */
START_TEST(survives_a_full_disk)
{
    struct fixture f = {0};
    fixture_start(&f);
    fixture_close(&f);
    if (mount("bruisd", f.dir, "tmpfs", 0, "size=256k") != 0) {
        printf("journal: skipped: survives_a_full_disk (cannot mount: %s)\n", strerror(errno));
        fixture_end(&f);
        return;
    }
    char hog_path[128];
    snprintf(hog_path, sizeof(hog_path), "%s/hog", f.dir);
    int hog = open(hog_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    int filled = posix_fallocate(hog, 0, 128 << 10);
    close(hog);
    f.limits.segment_size = 64 << 10;
    fixture_open(&f);
    int count = 0, error, later = -1, read = -1;
    while ((error = fixture_append_sized(&f, count, 300)) == 0)
        count++;
    int again = fixture_append_sized(&f, count, 300), synced = br_journal_sync(f.journal);
    br_position position = 0;
    unlink(hog_path);
    later = fixture_append_sized(&f, count, 300);
    for (int i = 0; i <= count; i++)
        if ((read = fixture_read(&f, &position)) != i)
            break;
    fixture_close(&f);
    umount(f.dir);
    fixture_end(&f);

    ck_assert_int_eq(filled, 0);
    ck_assert_int_eq(error, -ENOSPC);
    ck_assert_int_eq(again, -ENOSPC);
    ck_assert_int_gt(count, 100);
    ck_assert_int_eq(synced, 0);
    ck_assert_int_eq(later, 0);
    ck_assert_int_eq(read, count);
}
END_TEST

#define THREAD_RECORDS 20000

struct crowd {
    struct br_journal *journal;
    atomic_int turn, appending;
    pthread_barrier_t start;
};

static void *append_many(void *context)
{
    struct crowd *crowd = context;
    int who = atomic_fetch_add(&crowd->turn, 1);
    pthread_barrier_wait(&crowd->start);
    for (int i = 0; i < THREAD_RECORDS; i++) {
        char payload[64];
        int size = snprintf(payload, sizeof(payload), "%d %d", who, i);
        struct br_entry entry = {.type = BR_ENTRY_MESSAGE, .payload = {payload, (size_t)size}};
        if (br_journal_append(crowd->journal, &entry) != 0)
            break;
    }
    atomic_fetch_sub(&crowd->appending, 1);
    return NULL;
}

static void *sync_often(void *context)
{
    struct crowd *crowd = context;
    while (atomic_load(&crowd->appending) > 0)
        if (br_journal_sync(crowd->journal) != 0)
            return context;
    return NULL;
}

START_TEST(serves_threads_at_once)
{
    struct fixture f = {0};
    fixture_start(&f);
    struct crowd crowd = {.journal = f.journal, .appending = 2};
    pthread_barrier_init(&crowd.start, NULL, 2);
    pthread_t threads[3];
    ck_assert_int_eq(pthread_create(&threads[0], NULL, append_many, &crowd), 0);
    ck_assert_int_eq(pthread_create(&threads[1], NULL, append_many, &crowd), 0);
    ck_assert_int_eq(pthread_create(&threads[2], NULL, sync_often, &crowd), 0);
    int next[2] = {0, 0};
    br_position position = 0;
    while (next[0] + next[1] < 2 * THREAD_RECORDS) {
        struct br_entry entry;
        bool over = atomic_load(&crowd.appending) == 0;
        int got = br_journal_read(f.journal, &position, &entry), who = -1, number = -1;
        ck_assert_int_ge(got, 0);
        ck_assert_msg(got > 0 || !over, "records are missing");
        if (got == 0)
            continue;
        ck_assert_int_eq(sscanf(entry.payload.data, "%d %d", &who, &number), 2);
        ck_assert(who == 0 || who == 1);
        ck_assert_int_eq(number, next[who]++);
        br_journal_release(f.journal, position);
    }
    for (int i = 0; i < 3; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    pthread_barrier_destroy(&crowd.start);
    br_journal_release(f.journal, position);
    ck_assert_int_eq(fixture_files(&f, ".journal"), 1);
    fixture_end(&f);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, begins_empty);
    tcase_add_test(tcase, gives_back_what_it_took);
    tcase_add_test(tcase, refuses_what_is_no_record);
    tcase_add_test(tcase, runs_on_over_segments_and_restarts);
    tcase_add_test(tcase, deletes_whole_segments_only);
    tcase_add_test(tcase, refuses_past_its_size_and_goes_on_later);
    tcase_add_test(tcase, gives_a_large_record_its_own_segment);
    tcase_add_test(tcase, makes_the_next_segment_ahead);
    tcase_add_test(tcase, tells_why_it_does_not_open);
    tcase_add_test(tcase, survives_a_full_disk);
    tcase_add_test(tcase, serves_threads_at_once);
}

UNIT_MAIN("journal", tests)
