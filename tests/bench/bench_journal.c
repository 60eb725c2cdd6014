/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What the journal costs: appends and reads of 300-byte payloads, beside a memcpy of the same bytes into
 * memory of the same size, in the same run.
 *
 *     bench_journal [RECORDS] [DIR]    default: 400000 records below /tmp */
#include "daemon/in/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <ftw.h>
#include <time.h>
#include <unistd.h>

#define RECORDS 400000
#define PAYLOAD_SIZE 300

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(const char *what, long records, double seconds, double reference_s)
{
    double n = (double)records;
    printf("%-16s %11.0f/s %8.1f ns each %7.1f x memcpy\n", what, n / seconds, seconds / n * 1e9,
           seconds / reference_s);
}

/* Into fresh memory, as the journal writes into fresh pages. */
static double copy_all(const char *payload, long records)
{
    char *to = malloc((size_t)records * PAYLOAD_SIZE);
    if (!to)
        return -1;
    double start = now_s();
    for (long i = 0; i < records; i++) {
        memcpy(to + i * PAYLOAD_SIZE, payload, PAYLOAD_SIZE);
        __asm__ volatile("" : : "r"(to) : "memory");
    }
    double seconds = now_s() - start;
    free(to);
    return seconds;
}

static int append_all(struct br_journal *journal, const char *payload, long records, double *seconds)
{
    struct br_entry entry = {.type = BR_ENTRY_MESSAGE,
                             .feed = br_view_of("garages"),
                             .topic = br_view_of("city/garage/1/status"),
                             .payload = {payload, PAYLOAD_SIZE}};
    int error = 0;
    double start = now_s();
    for (long i = 0; i < records && error == 0; i++) {
        entry.received_at_utc_ms = i;
        error = br_journal_append(journal, &entry);
    }
    *seconds = now_s() - start;
    return error;
}

static long read_all(struct br_journal *journal, double *seconds)
{
    struct br_entry entry;
    br_position position = br_journal_start(journal);
    long count = 0;
    double start = now_s();
    while (br_journal_read(journal, &position, &entry) > 0)
        count++;
    *seconds = now_s() - start;
    return count;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static int measure(struct br_journal *journal, long records)
{
    char payload[PAYLOAD_SIZE];
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (char)(' ' + i % 90);
    double copying, appending, reading, start;
    copying = copy_all(payload, records);
    int error = append_all(journal, payload, records, &appending);
    long count = read_all(journal, &reading);
    if (copying <= 0 || error != 0 || count != records) {
        fprintf(stderr, "bench_journal: %ld of %ld records, %s\n", count, records, strerror(-error));
        return EXIT_FAILURE;
    }
    start = now_s();
    error = br_journal_sync(journal);
    double syncing = now_s() - start;
    printf("%ld payloads of %d bytes, %.0f MiB of journal\n", records, PAYLOAD_SIZE,
           (double)br_journal_size(journal) / (1 << 20));
    report("memcpy", records, copying, copying);
    report("append", records, appending, copying);
    report("read", records, reading, copying);
    printf("%-16s %8.1f ms for all of it%s\n", "sync", syncing * 1e3, error ? ": failed" : "");
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    long records = argc > 1 ? atol(argv[1]) : RECORDS;
    char dir[256];
    snprintf(dir, sizeof(dir), "%s/bruisd-bench-XXXXXX", argc > 2 ? argv[2] : "/tmp");
    if (records <= 0 || !mkdtemp(dir)) {
        fprintf(stderr, "bench_journal: %s\n", records <= 0 ? "no number of records" : strerror(errno));
        return EXIT_FAILURE;
    }
    struct br_journal_limits limits = {0};
    int error = 0, failed = EXIT_FAILURE;
    struct br_journal *journal = br_journal_open(dir, &limits, &error);
    if (journal)
        failed = measure(journal, records);
    else
        fprintf(stderr, "bench_journal: %s\n", strerror(-error));
    br_journal_close(journal);
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed;
}
