/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* kill -9 at any moment loses nothing that an append has returned for, gives nothing twice and tears nothing.
 *
 *     journal_kill [KILLS] [SEED]      default: 50 kills, a seed of its own, which it prints
 *
 * A child appends numbered records of random size, syncs now and then, and tells each number through a pipe
 * once its append has returned. The parent kills it after a random number of records, opens the journal and
 * reads it whole: every record that was told must be there, in order, once and with the right bytes; of the
 * one under way either nothing or all. The next child goes on behind the last one, in the same journal. */
#include "daemon/in/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS 50
#define TOLD_MAX 3000        /* records that a child may tell before it is killed */
#define SIZE_MAX_USUAL 900   /* bytes of payload */
#define SIZE_MAX_LARGE 90000 /* larger than a segment: one in 64 */
#define SYNC_EVERY 499
#define RELEASE_EVERY 7 /* kills */

static const struct br_journal_limits limits = {.size_max = 0, .segment_size = 65536};

/* splitmix64 */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The payload of a number: its bytes follow from the number alone. */
static size_t payload_of(uint64_t seed, uint64_t number, unsigned char *bytes)
{
    uint64_t state = seed ^ number << 20;
    uint64_t size_max = random_next(&state) % 64 == 0 ? SIZE_MAX_LARGE : SIZE_MAX_USUAL;
    size_t size = sizeof(number) + (size_t)(random_next(&state) % size_max);
    memcpy(bytes, &number, sizeof(number));
    for (size_t i = sizeof(number); i < size; i++)
        bytes[i] = (unsigned char)(i % 8 == 0 ? random_next(&state) : bytes[i - 1] * 5u + 1);
    return size;
}

static int fail(const char *what, uint64_t number)
{
    fprintf(stderr, "journal_kill: %s (record %" PRIu64 ")\n", what, number);
    return EXIT_FAILURE;
}

/* The child: never returns. */
static void append_for_ever(const char *dir, uint64_t seed, uint64_t number, int pipe_end)
{
    static unsigned char bytes[SIZE_MAX_LARGE + 16];
    int error = 0;
    struct br_journal *journal = br_journal_open(dir, &limits, &error);
    for (; journal; number++) {
        struct br_entry entry = {.type = BR_ENTRY_MESSAGE,
                                 .received_at_utc_ms = (int64_t)number,
                                 .feed = br_view_of("feed"),
                                 .topic = br_view_of("a/topic"),
                                 .payload = {(const char *)bytes, payload_of(seed, number, bytes)}};
        error = br_journal_append(journal, &entry);
        if (error == 0 && number % SYNC_EVERY == 0)
            error = br_journal_sync(journal);
        if (error != 0 || write(pipe_end, &number, sizeof(number)) != (ssize_t)sizeof(number))
            break;
    }
    fprintf(stderr, "journal_kill: the writer stopped: %s\n", strerror(-error));
    _exit(EXIT_FAILURE);
}

struct progress {
    uint64_t seed, number; /* number: how many records there are */
    uint64_t told, unsaid;
    uint64_t released; /* records before this one may be gone */
};

/* Starts a writer behind the last record and kills it after about `patience` more. */
static int run_and_kill(const char *dir, struct progress *progress, uint64_t patience)
{
    int ends[2], status;
    uint64_t heard, count = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail("no pipe", progress->number);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        append_for_ever(dir, progress->seed, progress->number, ends[1]);
    }
    close(ends[1]);
    progress->told = progress->number;
    /* The writer goes on while the signal is on its way: what it tells until then counts as well. */
    while (child > 0 && read(ends[0], &heard, sizeof(heard)) == (ssize_t)sizeof(heard)) {
        progress->told = heard + 1;
        if (++count == patience)
            kill(child, SIGKILL);
    }
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return fail("no child", progress->number);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        return fail("the writer failed", progress->number);
    return EXIT_SUCCESS;
}

static bool is_record(const struct br_entry *entry, uint64_t seed, uint64_t number)
{
    static unsigned char bytes[SIZE_MAX_LARGE + 16];
    size_t size = payload_of(seed, number, bytes);
    return entry->received_at_utc_ms == (int64_t)number && br_view_is(entry->feed, "feed") &&
           br_view_is(entry->topic, "a/topic") && entry->payload.size == size &&
           memcmp(entry->payload.data, bytes, size) == 0;
}

/* Reads the whole journal; it may begin before `released`, never after it. */
static int read_all(struct br_journal *journal, struct progress *progress, bool release)
{
    br_position position = br_journal_start(journal);
    struct br_entry entry;
    uint64_t number = progress->released;
    int got = br_journal_read(journal, &position, &entry);
    if (got > 0 && (uint64_t)entry.received_at_utc_ms < number)
        number = (uint64_t)entry.received_at_utc_ms;
    for (; got > 0 && is_record(&entry, progress->seed, number); number++)
        got = br_journal_read(journal, &position, &entry);
    if (got != 0)
        return fail(got > 0 ? "another record than the one expected" : "damaged", number);
    if (number < progress->told)
        return fail("a record is lost whose append had returned", number);
    if (number > progress->told + 1)
        return fail("a record that nobody wrote", number);
    progress->unsaid += number - progress->told;
    progress->number = number;
    if (release) {
        progress->released = number;
        br_journal_release(journal, position);
    }
    return EXIT_SUCCESS;
}

static int check(const char *dir, struct progress *progress, bool release)
{
    int error = 0;
    struct br_journal *journal = br_journal_open(dir, &limits, &error);
    if (!journal)
        return fail(strerror(-error), progress->told);
    int failed = read_all(journal, progress, release);
    br_journal_close(journal);
    return failed;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

int main(int argc, char **argv)
{
    int kills = argc > 1 ? atoi(argv[1]) : KILLS, failed = EXIT_SUCCESS, done = 0;
    struct progress progress = {.seed = argc > 2 ? strtoull(argv[2], NULL, 10)
                                                 : (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid()};
    uint64_t state = progress.seed;
    char dir[] = "/tmp/bruisd-kill-XXXXXX";
    if (!mkdtemp(dir))
        return fail(strerror(errno), 0);
    printf("journal_kill: seed %" PRIu64 "\n", progress.seed);
    fflush(stdout);
    for (; done < kills && failed == EXIT_SUCCESS; done++) {
        failed = run_and_kill(dir, &progress, 1 + random_next(&state) % TOLD_MAX);
        if (failed == EXIT_SUCCESS)
            failed = check(dir, &progress, done % RELEASE_EVERY == RELEASE_EVERY - 1);
    }
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    if (failed == EXIT_SUCCESS)
        printf("journal_kill: %d kills, %" PRIu64 " records, %" PRIu64
               " written but not told, 0 lost, 0 torn\n",
               done, progress.number, progress.unsaid);
    return failed;
}
