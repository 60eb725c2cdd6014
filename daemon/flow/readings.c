/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/readings_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIRST_SIZE (64 * 1024)
#define STEP_SIZE (4 * 1024 * 1024)
#define GONE (BR_READING_WITHDRAWN | BR_READING_EXPIRED)

void hour_path(const struct br_readings *readings, uint32_t number, char path[HOUR_PATH_SIZE])
{
    snprintf(path, HOUR_PATH_SIZE, "%s/%010" PRIu32 ".readings", readings->dir, number);
}

static void hour_close(struct br_readings *readings, struct hour *hour)
{
    munmap(hour->records, hour->size);
    if (hour->file >= 0)
        close(hour->file);
    readings->size -= (int64_t)hour->size;
}

void br_readings_close(struct br_readings *readings)
{
    if (!readings)
        return;
    for (size_t i = 0; i < readings->hour_count; i++)
        hour_close(readings, &readings->hours[i]);
    free(readings->hours);
    free(readings->dir);
    free(readings);
}

/* Where the hour is, or would be. */
size_t hour_position(const struct br_readings *readings, uint32_t number)
{
    size_t low = 0, high = readings->hour_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (readings->hours[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct record *record_at(const struct br_readings *readings, br_link link)
{
    uint32_t number = (uint32_t)(link >> 32), index = (uint32_t)link;
    size_t position = hour_position(readings, number);
    if (index == 0 || position == readings->hour_count || readings->hours[position].number != number)
        return NULL;
    return index <= readings->hours[position].count ? &readings->hours[position].records[index - 1] : NULL;
}

/* Where the next step of an hour ends. */
static size_t grown_size(const struct hour *hour)
{
    size_t step = hour->size == 0 ? FIRST_SIZE : hour->size < STEP_SIZE ? hour->size : STEP_SIZE;
    return hour->size + step;
}

/* Room that is really there: writing into a mapping without it would be a SIGBUS on a full disk. */
static int grow_file(struct hour *hour, size_t size)
{
    int failed = posix_fallocate(hour->file, (off_t)hour->size, (off_t)(size - hour->size));
    if (failed)
        return -failed;
    void *mapped = hour->records ? mremap(hour->records, hour->size, size, MREMAP_MAYMOVE)
                                 : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, hour->file, 0);
    if (mapped == MAP_FAILED)
        return -errno;
    hour->records = mapped;
    return 0;
}

/* The same in memory. What is in the file already stays there as it is: an older checkpoint may need it. */
static int grow_memory(struct hour *hour, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    if (hour->records) {
        memcpy(memory, hour->records, hour->count * sizeof(struct record));
        munmap(hour->records, hour->size);
    }
    if (hour->file >= 0)
        close(hour->file);
    hour->file = -1;
    hour->records = memory;
    return 0;
}

static int hour_grow(struct br_readings *readings, struct hour *hour)
{
    size_t size = grown_size(hour);
    if ((hour->file < 0 || grow_file(hour, size) != 0) && grow_memory(hour, size) != 0)
        return -ENOMEM;
    readings->size += (int64_t)(size - hour->size);
    hour->size = size;
    return 0;
}

static int hour_open(struct br_readings *readings, uint32_t number, struct hour *hour)
{
    char path[HOUR_PATH_SIZE];
    hour_path(readings, number, path);
    *hour = (struct hour){.number = number,
                          .newest_before_ms = INT64_MIN,
                          .file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    int error = hour_grow(readings, hour);
    if (error && hour->file >= 0)
        close(hour->file);
    return error;
}

static void forget_hour(struct br_readings *readings, size_t position)
{
    char path[HOUR_PATH_SIZE];
    struct hour *hour = &readings->hours[position];
    hour_path(readings, hour->number, path);
    hour_close(readings, hour);
    unlink(path);
    readings->hour_count--;
    memmove(hour, hour + 1, (readings->hour_count - position) * sizeof *hour);
}

bool hour_room(struct br_readings *readings)
{
    if (readings->hour_count < readings->hour_capacity)
        return true;
    size_t capacity = readings->hour_capacity ? readings->hour_capacity * 2 : 16;
    struct hour *hours = realloc(readings->hours, capacity * sizeof *hours);
    if (!hours)
        return false;
    readings->hours = hours;
    readings->hour_capacity = capacity;
    return true;
}

void hour_put(struct br_readings *readings, const struct hour *hour)
{
    size_t position = hour_position(readings, hour->number);
    memmove(&readings->hours[position + 1], &readings->hours[position],
            (readings->hour_count - position) * sizeof *readings->hours);
    readings->hours[position] = *hour;
    readings->hour_count++;
}

static int hour_new(struct br_readings *readings, uint32_t number)
{
    struct hour hour;
    if (!hour_room(readings))
        return -ENOMEM;
    int error = hour_open(readings, number, &hour);
    if (!error)
        hour_put(readings, &hour);
    return error;
}

/* The hour's file with room for one more record. */
static int hour_ready(struct br_readings *readings, uint32_t number, struct hour **ready)
{
    size_t position = hour_position(readings, number);
    if (position == readings->hour_count || readings->hours[position].number != number) {
        int error = hour_new(readings, number);
        if (error)
            return error;
    }
    struct hour *hour = &readings->hours[position];
    if ((hour->count + 1) * sizeof(struct record) > hour->size) {
        int error = hour_grow(readings, hour);
        if (error)
            return error;
    }
    *ready = hour;
    return 0;
}

int br_readings_append(struct br_readings *readings, br_link *head, const struct br_reading *reading)
{
    struct hour *hour;
    const struct record *before = record_at(readings, *head);
    int64_t newest_ms = INT64_MIN;
    if (before)
        newest_ms = before->reading.observed_at_utc_ms > before->newest_before_ms
                        ? before->reading.observed_at_utc_ms
                        : before->newest_before_ms;
    if (reading->observed_at_utc_ms < 0 || reading->observed_at_utc_ms / HOUR_MS > UINT32_MAX)
        return -ERANGE;
    for (; readings->size > readings->size_max && readings->hour_count > 1; readings->pushed++)
        forget_hour(readings, 0);
    int error = hour_ready(readings, (uint32_t)(reading->observed_at_utc_ms / HOUR_MS), &hour);
    if (error)
        return error;
    hour->records[hour->count] = (struct record){*head, newest_ms, *reading};
    hour->count++;
    if (newest_ms > hour->newest_before_ms)
        hour->newest_before_ms = newest_ms;
    *head = (br_link)hour->number << 32 | hour->count;
    return 0;
}

/* Whether a chain goes on from this hour to a reading of this time or later: one of the hour's own came after
 * it. */
static bool leads_on(struct hour *hour, int64_t to_utc_ms)
{
    for (; hour->unseen > 0 && hour->newest_before_ms < to_utc_ms; hour->unseen--)
        if (hour->records[hour->unseen - 1].newest_before_ms > hour->newest_before_ms)
            hour->newest_before_ms = hour->records[hour->unseen - 1].newest_before_ms;
    return hour->newest_before_ms >= to_utc_ms;
}

void br_readings_forget(struct br_readings *readings, int64_t before_utc_ms)
{
    for (size_t i = 0; i < readings->hour_count;) {
        struct hour *hour = &readings->hours[i];
        if (((int64_t)hour->number + 1) * HOUR_MS > before_utc_ms)
            return;
        if (leads_on(hour, before_utc_ms))
            i++;
        else
            forget_hour(readings, i);
    }
}

void br_reading_list_free(struct br_reading_list *list)
{
    free(list->at);
    *list = (struct br_reading_list){0};
}

static bool collect(struct br_reading_list *list, const struct br_reading *reading)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        struct br_reading *at = realloc(list->at, capacity * sizeof *at);
        if (!at)
            return false;
        list->at = at;
        list->capacity = capacity;
    }
    list->at[list->count++] = *reading;
    return true;
}

/* From the order of the walk (last arrival first) to the order of time. Nearly sorted as it is. */
static void sort(struct br_reading_list *list)
{
    for (size_t i = 0; i < list->count / 2; i++) {
        struct br_reading swap = list->at[i];
        list->at[i] = list->at[list->count - 1 - i];
        list->at[list->count - 1 - i] = swap;
    }
    for (size_t i = 1; i < list->count; i++) {
        struct br_reading reading = list->at[i];
        size_t j = i;
        for (; j > 0 && list->at[j - 1].observed_at_utc_ms > reading.observed_at_utc_ms; j--)
            list->at[j] = list->at[j - 1];
        list->at[j] = reading;
    }
}

/* Keeps of one time the last arrival, of those before `from` the last, and none that was withdrawn. */
static void settle(struct br_reading_list *list, int64_t from_utc_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct br_reading *reading = &list->at[i];
        bool superseded =
            i + 1 < list->count && list->at[i + 1].observed_at_utc_ms == reading->observed_at_utc_ms;
        if (superseded || reading->bits & GONE)
            continue;
        if (kept > 0 && reading->observed_at_utc_ms <= from_utc_ms)
            kept--; /* a later one to carry in, or one that begins with the span */
        list->at[kept++] = *reading;
    }
    list->count = kept;
}

bool br_readings_between(const struct br_readings *readings, br_link head, int64_t from_utc_ms,
                         int64_t to_utc_ms, int64_t carry_from_utc_ms, struct br_reading_list *list)
{
    int64_t oldest_ms = carry_from_utc_ms < from_utc_ms ? carry_from_utc_ms + 1 : from_utc_ms;
    int64_t carried_ms = INT64_MIN; /* the one to carry in, once it is sure */
    bool any_gone = false;

    list->count = 0;
    for (const struct record *record; (record = record_at(readings, head)); head = record->before) {
        int64_t at_ms = record->reading.observed_at_utc_ms;
        if (at_ms >= oldest_ms && at_ms < to_utc_ms && !collect(list, &record->reading)) {
            list->count = 0;
            return false;
        }
        any_gone |= !!(record->reading.bits & GONE);
        if (at_ms >= oldest_ms && at_ms < from_utc_ms && at_ms > carried_ms && !any_gone)
            carried_ms = at_ms;
        if (record->newest_before_ms < oldest_ms || record->newest_before_ms < carried_ms)
            break;
    }
    sort(list);
    settle(list, from_utc_ms);
    return true;
}

bool br_readings_at(const struct br_readings *readings, br_link head, int64_t observed_at_utc_ms,
                    struct br_reading *reading)
{
    for (const struct record *record; (record = record_at(readings, head)); head = record->before) {
        if (record->reading.observed_at_utc_ms == observed_at_utc_ms) {
            *reading = record->reading;
            return true;
        }
        if (record->newest_before_ms < observed_at_utc_ms)
            return false;
    }
    return false;
}

unsigned br_readings_pushed(struct br_readings *readings)
{
    unsigned pushed = readings->pushed;
    readings->pushed = 0;
    return pushed;
}

int64_t br_readings_size(const struct br_readings *readings)
{
    return readings->size;
}
