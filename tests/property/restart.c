/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Crashes and stops change no figure. Hours of random readings (late, repeated, corrected, out of order; of
 * sensors whose place comes late, changes or never comes) go through a journal twice: in one life, and in
 * many that end at random, each going on from the last checkpoint. Both tell the same figures, byte for byte.
 *
 *     restart                 SEED (default: always the same), SEEDS (default 5) in the environment
 *
 * Time is in the entries, so an afternoon takes a second. */
#include "tests/property/restart_fixture.h"
#include "tests/property/restart_script.h"

#include <dirent.h>

#define DEFAULT_SEED 5 /* the same in every run; others by the environment */
#define SPAN_S 10800
#define CRASHES_MIN 25
#define CONFIG_SIZE 4096

/* ---- the world of a run */

static const char regions_csv[] =
    "code,type,name,parents\nnl00,land,Proefland,\npv01,provincie,Westland,nl00\n"
    "pv02,provincie,Oostland,nl00\ngm0001,gemeente,Aa,pv01\ngm0002,gemeente,Bee,pv01\n"
    "gm0003,gemeente,Cee,pv02\n";

#define SQUARE(code, west, east)                                                                             \
    "{\"type\":\"Feature\",\"properties\":{\"statcode\":\"" code "\"},\"geometry\":{\"type\":\"Polygon\","   \
    "\"coordinates\":[[[" west ",52.0],[" east ",52.0],[" east ",52.1],[" west ",52.1],[" west ",52.0]]]}}"
static const char regions_geojson[] = "{\"type\":\"FeatureCollection\",\"features\":[" SQUARE(
    "gm0001", "5.0", "5.1") "," SQUARE("gm0002", "5.1", "5.2") "," SQUARE("gm0003", "5.2", "5.3") "]}";

static const char sensors_csv[] = "feed,sensor,region,capacity,interval_s\np,s0,gm0001,120,\np,s1,gm0003,,\n"
                                  "t,s0,gm0002,,60\nt,s1,gm0003,,300\nw,s0,gm0001,,\n";

static const char feeds_yaml[] =
    "  p:\n    topics: [p/+]\n    adapter: json\n    interval: 60s\n    stale_after: 10m\n"
    "    options: {domain: parking, sensor: topic:2, observed_at: {at: /t, format: epoch_ms}, lat: /lat,\n"
    "      lon: /lon, values: {capacity: /capacity, vacant: /vacant, entries: /in, exits: /out,\n"
    "      open: /open}}\n"
    "  t:\n    topics: [t/+]\n    adapter: json\n    interval: 60s\n"
    "    options: {domain: traffic, sensor: topic:2, observed_at: {at: /t, format: epoch_ms}, lat: /lat,\n"
    "      lon: /lon, values: {flow_veh_h: /flow, speed_km_h: /speed, period_s: /period}}\n"
    "  w:\n    topics: [w/+]\n    adapter: json\n    interval: 60s\n"
    "    options: {domain: pedestrian, sensor: topic:2, observed_at: {at: /t, format: epoch_ms}, lat: /lat,\n"
    "      lon: /lon, values: {count: /count, count_in: /in, count_out: /out, period_s: /period,\n"
    "      presence: /presence}}\n"
    "  j:\n    topics: [j]\n    adapter: datex2\n    interval: 60s\n    stale_after: 5m\n"
    "    covers: [pv01]\n";

static void configure(struct world *w, bool is_private)
{
    char text[CONFIG_SIZE];
    int size = snprintf(
        text, sizeof text,
        "node: restart\nstate_dir: %s\nregions:\n  year: 2026\n  table: regions.csv\n"
        "  boundaries: [regions.geojson]\n  sets:\n    - {code: x-ac, name: Aa en Cee, members: [gm0001, "
        "gm0003]}\nsensors: [sensors.csv]\nwindows: [1m, 5m, 15m, 1h, 1d]\nlateness: 90s\ncorrect_for: 1h\n"
        "privacy: %s\nfeeds:\n%s",
        w->state_dir,
        is_private ? "{pedestrian_min: 10, round_to: 5, key_credential: privacy.key}"
                   : "{pedestrian_min: 0, round_to: 0}",
        feeds_yaml);
    ck_assert_int_lt(size, CONFIG_SIZE);
    world_file(w, "regions.csv", regions_csv);
    world_file(w, "regions.geojson", regions_geojson);
    world_file(w, "sensors.csv", sensors_csv);
    world_file(w, "bruisd.yaml", text);
    world_configure(w);
}

/* ---- runs */

static void run_undisturbed(struct world *w, const struct script *script)
{
    ck_assert(!life_begin(w));
    for (size_t i = 0; i < script->count; i++)
        life_append(w, &script->at[i]);
    life_read_all(w);
    life_check(w);
}

/* What may happen to a life, in 1/10000 for each entry. */
struct fate {
    uint64_t random;
    struct br_checkpoint *checkpoint; /* taken, not yet on disk */
    int64_t crash, stop, take, save;
    bool release;
    size_t crashes, stops, checkpoints;
};

static bool befalls(struct fate *fate, int64_t chance)
{
    return random_below(&fate->random, 10000) < chance;
}

/* The daemon takes a checkpoint at a tick, and a thread brings it to disk while the flow goes on. */
static void keep(struct world *w, struct fate *fate, bool is_tick)
{
    if (fate->checkpoint && befalls(fate, fate->save)) {
        life_save(w, fate->checkpoint, fate->release);
        fate->checkpoint = NULL;
        fate->checkpoints++;
    }
    if (!fate->checkpoint && is_tick && befalls(fate, fate->take))
        fate->checkpoint = life_checkpoint(w);
}

static void restart(struct world *w, struct fate *fate)
{
    br_checkpoint_close(fate->checkpoint);
    fate->checkpoint = NULL;
    life_end(w);
    world_journal(w);
    life_begin(w);
    if (befalls(fate, 2000)) { /* it dies again before it has read anything */
        life_end(w);
        world_journal(w);
        life_begin(w);
        fate->crashes++;
    }
    life_read_all(w);
    life_check(w);
}

static void run_disturbed(struct world *w, const struct script *script, struct fate *fate)
{
    life_begin(w);
    for (size_t i = 0; i < script->count; i++) {
        life_append(w, &script->at[i]);
        life_read_all(w);
        keep(w, fate, script->at[i].type == BR_ENTRY_TICK);
        if (befalls(fate, fate->stop)) {
            life_save(w, life_checkpoint(w), fate->release);
            restart(w, fate);
            fate->stops++;
        } else if (befalls(fate, fate->crash)) {
            restart(w, fate);
            fate->crashes++;
        }
    }
    life_check(w);
    br_checkpoint_close(fate->checkpoint);
}

/* Compares what two runs told; returns how many figures it was. */
static size_t compare(struct world *undisturbed, struct world *disturbed)
{
    struct told_list *one = &undisturbed->told, *other = &disturbed->told;
    told_settle(one);
    told_settle(other);
    told_settle(&disturbed->repeated);
    size_t faults = told_differ("figures", one->at, one->count, other->at, other->count);
    faults += told_differ("live figures", one->live, one->live_count, other->live, other->live_count);
    faults += told_unfounded(&disturbed->repeated, one);
    faults += told_twice(one);
    ck_assert_uint_eq(faults, 0);
    return one->count;
}

static uint64_t seed_of(int run)
{
    const char *text = getenv("SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : DEFAULT_SEED;
    return seed + (uint64_t)run;
}

static void run_both(int run, struct fate fate)
{
    struct world undisturbed, disturbed;
    struct script script = {0};
    uint64_t seed = seed_of(run);
    printf("seed %" PRIu64 "\n", seed);
    fflush(stdout);
    fate.random = seed ^ UINT64_C(0x5eed);
    make_script(&script, seed, SPAN_S);
    world_open(&undisturbed);
    configure(&undisturbed, seed % 2);
    run_undisturbed(&undisturbed, &script);
    world_open(&disturbed);
    configure(&disturbed, seed % 2);
    run_disturbed(&disturbed, &script, &fate);
    size_t count = compare(&undisturbed, &disturbed);
    printf("seed %" PRIu64 ": %zu entries, %zu crashes, %zu stops, %zu checkpoints: %zu figures equal\n",
           seed, script.count, fate.crashes, fate.stops, fate.checkpoints, count);
    ck_assert_uint_ge(fate.crashes + fate.stops, CRASHES_MIN);
    life_end(&undisturbed);
    life_end(&disturbed);
    world_end(&undisturbed);
    world_end(&disturbed);
    script_free(&script);
}

START_TEST(crashes_change_nothing)
{
    run_both(_i, (struct fate){.crash = 30, .take = 40, .save = 1000, .release = true});
}
END_TEST

START_TEST(stops_change_nothing)
{
    run_both(_i, (struct fate){.stop = 20, .crash = 10, .take = 20, .save = 1000, .release = true});
}
END_TEST

/* ---- a state that is of no use */

/* Part of a script in one life, with a checkpoint on disk and the whole journal kept; then it dies. */
static void run_half(struct world *w, const struct script *script)
{
    life_begin(w);
    for (size_t i = 0; i < script->count / 2; i++)
        life_append(w, &script->at[i]);
    life_read_all(w);
    life_save(w, life_checkpoint(w), false);
    life_end(w);
    world_journal(w);
}

static void run_rest(struct world *w, const struct script *script)
{
    for (size_t i = script->count / 2; i < script->count; i++)
        life_append(w, &script->at[i]);
    life_read_all(w);
    life_check(w);
}

static int read_error(const struct world *w)
{
    int error = 0;
    Bruis__V1__State *state = br_checkpoint_read(w->state_dir, &error);
    ck_assert_ptr_null(state);
    return error;
}

static char *state_bytes(const struct world *w, size_t *size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/state", w->state_dir);
    char *bytes = br_file_read(path, 1 << 24, size);
    ck_assert_ptr_nonnull(bytes);
    return bytes;
}

static void write_state(const struct world *w, const char *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/state", w->state_dir);
    FILE *to = fopen(path, "wb");
    ck_assert_ptr_nonnull(to);
    ck_assert_uint_eq(fwrite(bytes, 1, size, to), size);
    ck_assert_int_eq(fclose(to), 0);
}

/* The runs of one script: undisturbed, and up to the half with a state on disk. */
struct halves {
    struct script script;
    struct world undisturbed, half;
    uint64_t random;
};

static void halves_open(struct halves *h)
{
    *h = (struct halves){.random = seed_of(0)};
    printf("seed %" PRIu64 "\n", h->random);
    fflush(stdout);
    make_script(&h->script, h->random, 3600);
    world_open(&h->undisturbed);
    configure(&h->undisturbed, false);
    run_undisturbed(&h->undisturbed, &h->script);
    world_open(&h->half);
    configure(&h->half, false);
    run_half(&h->half, &h->script);
}

static void halves_end(struct halves *h)
{
    life_end(&h->undisturbed);
    life_end(&h->half);
    world_end(&h->undisturbed);
    world_end(&h->half);
    script_free(&h->script);
}

START_TEST(newer_state_is_refused)
{
    struct halves h;
    size_t size;
    halves_open(&h);
    char *bytes = state_bytes(&h.half, &size);
    bytes[8]++; /* the version: behind the magic */
    write_state(&h.half, bytes, size);
    ck_assert_int_eq(read_error(&h.half), -ENOTSUP);
    free(bytes);
    life_begin(&h.half);
    halves_end(&h);
}
END_TEST

START_TEST(damaged_state_is_refused)
{
    struct halves h;
    size_t size;
    halves_open(&h);
    char *bytes = state_bytes(&h.half, &size);
    for (int i = 0; i < 200; i++) {
        write_state(&h.half, bytes, (size_t)random_below(&h.random, (int64_t)size));
        ck_assert_int_eq(read_error(&h.half), -EBADMSG);
        size_t at = (size_t)random_below(&h.random, (int64_t)size);
        char bit = (char)(1 << random_below(&h.random, 8)), kept = bytes[at];
        bytes[at] = (char)(kept ^ bit);
        write_state(&h.half, bytes, size);
        int error = read_error(&h.half);
        ck_assert_int_eq(error, at >= 8 && at < 12 && error == -ENOTSUP ? -ENOTSUP : -EBADMSG);
        bytes[at] = kept;
    }
    for (int bit = 0; bit < 8; bit++) { /* an older version than there ever was is damage, too */
        bytes[8] = (char)(BR_STATE_VERSION ^ 1 << bit);
        write_state(&h.half, bytes, size);
        ck_assert_int_eq(read_error(&h.half), bytes[8] == 0 ? -EBADMSG : -ENOTSUP);
    }
    free(bytes);
    told_free(&h.half.told);
    ck_assert(!life_begin(&h.half)); /* the journal tells all of it again */
    run_rest(&h.half, &h.script);
    compare(&h.undisturbed, &h.half);
    halves_end(&h);
}
END_TEST

/* Opens each file of readings; returns how many there are. */
static size_t spoil_readings(const struct world *w, bool remove_them)
{
    char path[400];
    size_t count = 0;
    DIR *stream = opendir(w->readings_dir);
    ck_assert_ptr_nonnull(stream);
    for (struct dirent *entry; (entry = readdir(stream));) {
        if (*entry->d_name == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", w->readings_dir, entry->d_name);
        ck_assert_int_eq(remove_them ? unlink(path) : truncate(path, 100), 0);
        count++;
    }
    closedir(stream);
    return count;
}

START_TEST(short_readings_are_made_again)
{
    struct halves h;
    halves_open(&h);
    ck_assert_uint_gt(spoil_readings(&h.half, false), 0);
    told_free(&h.half.told);
    ck_assert(!life_begin(&h.half));
    run_rest(&h.half, &h.script);
    compare(&h.undisturbed, &h.half);
    halves_end(&h);
}
END_TEST

START_TEST(lost_readings_are_made_again)
{
    struct halves h;
    halves_open(&h);
    ck_assert_uint_gt(spoil_readings(&h.half, true), 0);
    told_free(&h.half.told);
    ck_assert(!life_begin(&h.half));
    run_rest(&h.half, &h.script);
    compare(&h.undisturbed, &h.half);
    halves_end(&h);
}
END_TEST

static void tests(TCase *tcase)
{
    const char *seeds = getenv("SEEDS");
    int count = seeds ? atoi(seeds) : 5;
    tcase_add_loop_test(tcase, crashes_change_nothing, 0, count);
    tcase_add_loop_test(tcase, stops_change_nothing, 0, count);
    tcase_add_test(tcase, newer_state_is_refused);
    tcase_add_test(tcase, damaged_state_is_refused);
    tcase_add_test(tcase, short_readings_are_made_again);
    tcase_add_test(tcase, lost_readings_are_made_again);
}

UNIT_MAIN("restart", tests)
