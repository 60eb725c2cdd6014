/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The hours of readings, shared by the files of that module: readings.c (records and chains) and
 * readings_disk.c (what an earlier process left, and what a later one finds). Nobody else includes it. */
#ifndef BR_FLOW_READINGS_STATE_H
#define BR_FLOW_READINGS_STATE_H

#include "daemon/flow/readings.h"

#define HOUR_MS 3600000
#define HOUR_PATH_SIZE 4096

struct record {
    br_link before;           /* the one that arrived before it, of the same sensor */
    int64_t newest_before_ms; /* the latest time among all that arrived before */
    struct br_reading reading;
};

struct hour {
    uint32_t number; /* since 1970 */
    int file;        /* -1: in memory */
    uint32_t count;
    uint32_t unseen;          /* of them, taken back and not looked at for newest_before_ms */
    int64_t newest_before_ms; /* the latest of all records */
    size_t size;              /* of the file and the mapping */
    struct record *records;
};

struct br_readings {
    char *dir;
    int64_t size, size_max;
    struct hour *hours; /* ascending */
    size_t hour_count, hour_capacity;
    unsigned pushed; /* hours that went because of size_max, and nobody has asked yet */
};

/* readings.c */
void hour_path(const struct br_readings *readings, uint32_t number, char path[HOUR_PATH_SIZE]);
size_t hour_position(const struct br_readings *readings, uint32_t number); /* where it is, or would be */
bool hour_room(struct br_readings *readings);                         /* for one more; false: out of memory */
void hour_put(struct br_readings *readings, const struct hour *hour); /* where it belongs; there is room */

#endif
