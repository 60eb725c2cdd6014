/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A daemon without a broker: a configuration in a folder of its own, a script of what arrives, and lives that
 * read it through the journal. A life ends as a crash does, with nothing saved, or as a clean stop; the next
 * one goes on from what lies on disk. What the lives tell is collected, so that two runs can be compared. */
#ifndef BR_TESTS_RESTART_FIXTURE_H
#define BR_TESTS_RESTART_FIXTURE_H

#include "tests/property/restart_script.h"

#include <errno.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "daemon/config.h"
#include "daemon/core/file.h"
#include "daemon/flow/intake.h"
#include "daemon/flow/recall.h"
#include "proto/record.h"

#define KEY_SIZE 160
#define LIVE_MAX 64
#define FEEDS 4

/* ---- what is told */

/* One figure: which one and which revision, and its bytes. */
struct told {
    char key[KEY_SIZE];
    uint8_t *bytes;
    size_t size;
};

struct told_list {
    struct told *at;
    size_t count, capacity;
    struct told live[LIVE_MAX]; /* the last of each domain and region */
    size_t live_count;
};

static inline struct told *told_live(struct told_list *list, const char *key)
{
    for (size_t i = 0; i < list->live_count; i++)
        if (strcmp(list->live[i].key, key) == 0) {
            free(list->live[i].bytes);
            return &list->live[i];
        }
    ck_assert_uint_lt(list->live_count, LIVE_MAX);
    return &list->live[list->live_count++];
}

static inline struct told *told_new(struct told_list *list)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 4096;
        list->at = realloc(list->at, list->capacity * sizeof *list->at);
        ck_assert_ptr_nonnull(list->at);
    }
    return &list->at[list->count++];
}

static inline void told_add(struct told_list *list, const Bruis__V1__Figure *figure)
{
    char key[KEY_SIZE];
    bool is_live = strcmp(figure->window, "live") == 0;
    snprintf(key, sizeof key, "%s %s %s %013" PRId64 " %05u", br_domain_word(figure->domain), figure->region,
             figure->window, is_live ? 0 : figure->start, is_live ? 0 : figure->revision);
    struct told *told = is_live ? told_live(list, key) : told_new(list);
    memcpy(told->key, key, sizeof key);
    told->size = bruis__v1__figure__get_packed_size(figure);
    told->bytes = malloc(told->size + 1);
    ck_assert_ptr_nonnull(told->bytes);
    bruis__v1__figure__pack(figure, told->bytes);
}

static inline void told_free(struct told_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->at[i].bytes);
    for (size_t i = 0; i < list->live_count; i++)
        free(list->live[i].bytes);
    free(list->at);
    *list = (struct told_list){0};
}

static inline int told_order(const void *a, const void *b)
{
    const struct told *one = a, *other = b;
    int order = strcmp(one->key, other->key);
    if (order == 0)
        order = memcmp(one->bytes, other->bytes, one->size < other->size ? one->size : other->size);
    return order ? order : (one->size > other->size) - (one->size < other->size);
}

static inline void told_print(const char *who, const struct told *told)
{
    struct br_text text = {0};
    Bruis__V1__Figure *figure = bruis__v1__figure__unpack(NULL, told->size, told->bytes);
    ck_assert_ptr_nonnull(figure);
    br_record_figure(&text, figure);
    printf("%s %s\n", who, text.data);
    bruis__v1__figure__free_unpacked(figure, NULL);
    free(text.data);
}

/* Sorts, and leaves of equal ones one: a restart tells again what it does not know to have told. */
static inline void told_settle(struct told_list *list)
{
    size_t kept = 0;
    if (list->count > 0)
        qsort(list->at, list->count, sizeof *list->at, told_order);
    for (size_t i = 0; i < list->count; i++)
        if (kept > 0 && told_order(&list->at[kept - 1], &list->at[i]) == 0)
            free(list->at[i].bytes);
        else
            list->at[kept++] = list->at[i];
    list->count = kept;
    qsort(list->live, list->live_count, sizeof *list->live, told_order);
}

/* Whether two figures say the same but for what is taken when a figure is told: what was expected, and what
 * follows from it. Where one of them gives no values only the counts can be compared. */
static inline bool told_agree(const struct told *one, const struct told *other)
{
    Bruis__V1__Figure *a = bruis__v1__figure__unpack(NULL, one->size, one->bytes);
    Bruis__V1__Figure *b = bruis__v1__figure__unpack(NULL, other->size, other->bytes);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    bool both =
        (a->quality == BRUIS__V1__FIGURE__QUALITY__none) == (b->quality == BRUIS__V1__FIGURE__QUALITY__none);
    a->quality = b->quality;
    a->coverage->expected = b->coverage->expected;
    a->coverage->has_weight = b->coverage->has_weight;
    a->coverage->weight = b->coverage->weight;
    uint8_t packed[1024];
    size_t size = bruis__v1__figure__get_packed_size(a);
    ck_assert_uint_le(size, sizeof packed);
    bruis__v1__figure__pack(a, packed);
    bool agree = both ? size == other->size && memcmp(packed, other->bytes, size) == 0
                      : a->coverage->reporting == b->coverage->reporting;
    bruis__v1__figure__free_unpacked(a, NULL);
    bruis__v1__figure__free_unpacked(b, NULL);
    return agree;
}

static inline int told_key_order(const void *a, const void *b)
{
    return strcmp(((const struct told *)a)->key, ((const struct told *)b)->key);
}

/* One revision says one thing; all is sorted. */
static inline size_t told_twice(const struct told_list *list)
{
    size_t faults = 0;
    for (size_t i = 1; i < list->count; i++)
        if (told_key_order(&list->at[i - 1], &list->at[i]) == 0 && faults++ < 6) {
            told_print("one revision:", &list->at[i - 1]);
            told_print("the same:    ", &list->at[i]);
        }
    return faults;
}

/* Each figure that was told again at the begin of a life is one that was told; all is sorted. */
static inline size_t told_unfounded(const struct told_list *repeated, const struct told_list *all)
{
    size_t faults = 0;
    for (size_t i = 0; i < repeated->count; i++) {
        const struct told *one = &repeated->at[i];
        const struct told *other = bsearch(one, all->at, all->count, sizeof *all->at, told_key_order);
        if (other && told_agree(one, other))
            continue;
        if (faults++ < 6) {
            told_print("repeated:   ", one);
            if (other)
                told_print("told before:", other);
        }
    }
    if (faults)
        printf("repeated figures: %zu of %zu were never told so\n", faults, repeated->count);
    return faults;
}

static inline size_t told_differ(const char *what, const struct told *one, size_t count,
                                 const struct told *other, size_t other_count)
{
    size_t faults = 0;
    for (size_t i = 0, j = 0; i < count || j < other_count;) {
        int order = i == count ? 1 : j == other_count ? -1 : told_order(&one[i], &other[j]);
        if (order != 0 && faults++ < 12)
            told_print(order < 0 ? "undisturbed:" : "restarted:  ", order < 0 ? &one[i] : &other[j]);
        i += order <= 0;
        j += order >= 0;
    }
    if (faults)
        printf("%s: %zu differ\n", what, faults);
    return faults;
}

/* ---- the world that the lives share */

struct world {
    char dir[64], state_dir[80], readings_dir[96];
    struct br_config *config;
    struct br_faults *faults;
    struct br_regions *regions;
    struct br_catalogue *catalogue;
    struct br_journal *journal;
    uv_loop_t loop;
    struct told_list told, repeated; /* repeated: at the begin of a life, what an earlier one had told */

    /* the life */
    bool is_repeating;
    struct br_metrics *metrics;
    struct br_tally *tally;
    struct br_flow *flow;
    struct br_intake *intake;
};

static inline void world_file(const struct world *w, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    FILE *to = fopen(path, "w");
    ck_assert_ptr_nonnull(to);
    ck_assert_int_ge(fputs(text, to), 0);
    ck_assert_int_eq(fclose(to), 0);
}

static inline void world_journal(struct world *w)
{
    struct br_journal_limits limits = {.segment_size = 65536};
    int error = 0;
    w->journal = br_journal_open(w->state_dir, &limits, &error);
    ck_assert_int_eq(error, 0);
    ck_assert_ptr_nonnull(w->journal);
}

static inline void world_open(struct world *w)
{
    char path[96];
    *w = (struct world){.dir = "/tmp/bruisd-restart-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(w->dir));
    snprintf(w->state_dir, sizeof w->state_dir, "%s/state", w->dir);
    snprintf(w->readings_dir, sizeof w->readings_dir, "%s/readings", w->state_dir);
    ck_assert_int_eq(mkdir(w->state_dir, 0700), 0);
    ck_assert_int_eq(uv_loop_init(&w->loop), 0);
    w->faults = br_faults_open();
    snprintf(path, sizeof path, "%s/bruisd.yaml", w->dir);
    world_journal(w);
}

/* After the files of the configuration have been written. */
static inline void world_configure(struct world *w)
{
    char path[96];
    snprintf(path, sizeof path, "%s/bruisd.yaml", w->dir);
    w->config = br_config_open(path, w->faults);
    if (w->config)
        w->regions = br_regions_open(w->config, w->faults);
    if (w->regions)
        w->catalogue = br_catalogue_open(w->config, w->regions, w->faults);
    br_faults_print(w->faults, stdout);
    ck_assert_ptr_nonnull(w->catalogue);
    ck_assert_uint_eq(w->config->feed_count, FEEDS);
}

static inline void world_end(struct world *w)
{
    char command[96];
    told_free(&w->told);
    told_free(&w->repeated);
    br_journal_close(w->journal);
    br_catalogue_close(w->catalogue);
    br_regions_close(w->regions);
    br_config_close(w->config);
    br_faults_close(w->faults);
    ck_assert_int_eq(uv_loop_close(&w->loop), 0);
    snprintf(command, sizeof command, "rm -r %s", w->dir);
    ck_assert_int_eq(system(command), 0);
}

/* ---- a life */

static inline void on_figure(void *context, const Bruis__V1__Figure *figure, bool newest)
{
    struct world *w = context;
    (void)newest;
    told_add(w->is_repeating ? &w->repeated : &w->told, figure);
}

/* The flow from a state or from nothing; the error of br_flow_open. */
static inline int life_flow(struct world *w, const Bruis__V1__State *state)
{
    static const uint8_t key[16] = "a key of a test";
    struct br_flow_setup setup = {.config = w->config,
                                  .regions = w->regions,
                                  .catalogue = w->catalogue,
                                  .tally = w->tally,
                                  .readings_dir = w->readings_dir,
                                  .privacy_key = key,
                                  .privacy_key_size = sizeof key,
                                  .state = state,
                                  .figure = on_figure,
                                  .context = w};
    int error = 0;
    w->flow = br_flow_open(&setup, &error);
    return error;
}

/* Begins from what lies on disk, as the daemon does. Returns whether there was a state that could be used. */
static inline bool life_begin(struct world *w)
{
    int error = 0;
    br_position position = br_journal_start(w->journal);
    w->metrics = br_metrics_open();
    w->tally = br_tally_open(w->metrics, w->config);
    Bruis__V1__State *state = br_checkpoint_read(w->state_dir, &error);
    bool used = state && life_flow(w, state) == 0;
    if (used)
        position = state->position;
    else
        ck_assert_int_eq(life_flow(w, NULL), 0);
    if (state)
        bruis__v1__state__free_unpacked(state, NULL);
    w->is_repeating = true;
    br_flow_repeat(w->flow);
    w->is_repeating = false;
    struct br_intake_setup setup = {.loop = &w->loop,
                                    .config = w->config,
                                    .journal = w->journal,
                                    .flow = w->flow,
                                    .tally = w->tally,
                                    .position = position};
    w->intake = br_intake_open(&setup, w->faults);
    br_faults_print(w->faults, stdout);
    ck_assert_ptr_nonnull(w->intake);
    return used;
}

static inline void life_read_all(struct world *w)
{
    while (br_intake_pump(w->intake) || !br_intake_idle(w->intake))
        uv_run(&w->loop, UV_RUN_NOWAIT); /* where a large message ends its decoding */
}

/* Nothing is saved: what was mapped stays as it is, as after kill -9. */
static inline void life_end(struct world *w)
{
    br_intake_close(w->intake);
    br_flow_close(w->flow);
    br_tally_close(w->tally);
    br_metrics_close(w->metrics);
    br_journal_close(w->journal);
    w->journal = NULL;
}

static inline void life_append(struct world *w, const struct script_entry *entry)
{
    struct br_entry record = {.type = entry->type, .received_at_utc_ms = entry->at_utc_ms};
    if (entry->feed)
        record.feed = br_view_of(entry->feed);
    if (entry->topic)
        record.topic = br_view_of(entry->topic);
    if (entry->payload)
        record.payload = br_view_of(entry->payload);
    ck_assert_int_eq(br_journal_append(w->journal, &record), 0);
}

static inline struct br_checkpoint *life_checkpoint(struct world *w)
{
    int error = 0;
    struct br_checkpoint *checkpoint = br_flow_checkpoint(w->flow, br_intake_position(w->intake), &error);
    ck_assert_int_eq(error, 0);
    ck_assert_ptr_nonnull(checkpoint);
    return checkpoint;
}

/* The state to disk, and what is before it out of the journal if it may go. */
static inline void life_save(struct world *w, struct br_checkpoint *checkpoint, bool release)
{
    ck_assert_int_eq(br_checkpoint_write(checkpoint, w->state_dir), 0);
    if (release)
        br_journal_release(w->journal, br_checkpoint_position(checkpoint));
    br_intake_kept(w->intake, br_checkpoint_position(checkpoint));
    br_flow_kept(w->flow, br_checkpoint_clock(checkpoint));
    br_checkpoint_close(checkpoint);
}

/* Every observation has one result, or waits. */
static inline void life_check(struct world *w)
{
    for (size_t feed = 0; feed < FEEDS; feed++) {
        const struct br_tally_feed *tally = br_tally_feed(w->tally, feed);
        int64_t results = 0, outcomes = 0;
        for (int i = 0; i < BR_RESULTS; i++)
            results += *tally->result[i];
        for (int i = 0; i < BR_OUT_OUTCOMES; i++)
            outcomes += *tally->outcome[i];
        ck_assert_int_ge(*tally->pending, 0);
        ck_assert_int_eq(*tally->decoded, results + *tally->pending);
        ck_assert_int_eq(*tally->received, outcomes);
    }
}

#endif
