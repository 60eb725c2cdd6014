/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Crashes and stops change no figure. Hours of random readings (late, repeated, corrected, out of order; of
 * sensors whose place comes late, changes or never comes) go through a journal twice: in one life, and in
 * many that end at random, each going on from the last checkpoint. Both tell the same figures, byte for byte.
 *
 *     restart                 SEED (default: the time; it is printed), SEEDS (default 5) in the environment
 *
 * Time is in the entries, so an afternoon takes a second. */
#include "tests/property/restart_fixture.h"

#include <time.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS INT64_C(60000)
#define BEGIN_UTC_MS INT64_C(1787085600000) /* 2026-08-18T20:40:00Z; in Amsterdam the day ends at 22:00 */
#define SPAN_S 10800
#define SENSORS 7
#define JAMS 5
#define REPEATED 64 /* a repeated message is one of the last ones */
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

/* ---- a script */

struct maker {
    struct script *script;
    uint64_t random;
    int64_t begin_utc_ms, now_utc_ms;
    int64_t span_s;
};

/* How long a reading was under way: mostly not long, sometimes nearly too long, sometimes too long. */
static int64_t make_delay(struct maker *maker)
{
    static const int64_t most_ms[] = {3000, 3000, 3000, 3000, 3000, 3000, 120000, 120000, 3600000, 4000000};
    return random_below(&maker->random, most_ms[random_below(&maker->random, 10)]);
}

/* s0 (and s1 of p and t) are the operator's; s2 and s3 say where they are, s4 late in the run, s5 moves
 * halfway, s6 never says it. */
static int make_place(struct maker *maker, char *text, size_t size, int64_t sensor)
{
    int64_t part = (maker->now_utc_ms - maker->begin_utc_ms) * 100 / (maker->span_s * SECOND_MS);
    int64_t lon = 502 + 9 * sensor; /* in 1/100 */
    *text = '\0';
    if (sensor < 2 || sensor == 6 || (sensor == 4 && part < 40) || random_chance(&maker->random, 20))
        return 0;
    if (sensor == 5 && part >= 50)
        lon -= 30;
    return snprintf(text, size, ",\"lat\":52.05,\"lon\":%" PRId64 ".%02" PRId64, lon / 100, lon % 100);
}

#define MAYBE(percent, ...)                                                                                  \
    if (random_chance(&maker->random, percent))                                                              \
    fprintf(to, __VA_ARGS__)

static void make_parking(struct maker *maker, FILE *to)
{
    uint64_t *r = &maker->random;
    int64_t capacity = 50 + 50 * random_below(r, 3);
    MAYBE(70, ",\"capacity\":%" PRId64, capacity);
    MAYBE(95, ",\"vacant\":%" PRId64, random_below(r, capacity));
    MAYBE(20, ",\"in\":%" PRId64, random_below(r, 30));
    MAYBE(20, ",\"out\":%" PRId64, random_below(r, 30));
    MAYBE(30, ",\"open\":%s", random_chance(r, 85) ? "true" : "false");
}

static void make_traffic(struct maker *maker, FILE *to)
{
    uint64_t *r = &maker->random;
    MAYBE(90, ",\"flow\":%" PRId64, 60 * random_below(r, 60));
    MAYBE(80, ",\"speed\":%" PRId64, random_below(r, 130));
    fprintf(to, ",\"period\":%d", random_chance(r, 85) ? 60 : random_chance(r, 50) ? 300 : 900);
}

static void make_walk(struct maker *maker, FILE *to)
{
    uint64_t *r = &maker->random;
    if (random_chance(r, 50))
        fprintf(to, ",\"count\":%" PRId64, random_below(r, 200));
    else
        fprintf(to, ",\"in\":%" PRId64 ",\"out\":%" PRId64, random_below(r, 90), random_below(r, 90));
    MAYBE(30, ",\"presence\":%" PRId64, random_below(r, 40));
    fprintf(to, ",\"period\":%d", random_chance(r, 80) ? 60 : random_chance(r, 50) ? 180 : 3600);
}

static void add_message(struct maker *maker, const char *feed, char *topic, char *payload)
{
    script_add(maker->script, (struct script_entry){BR_ENTRY_MESSAGE,
                                                    maker->now_utc_ms - random_below(&maker->random, 20),
                                                    feed, topic, payload});
}

static char *copy(const char *text)
{
    char *copied = strdup(text);
    ck_assert_ptr_nonnull(copied);
    return copied;
}

static void make_reading(struct maker *maker, const char *feed, int64_t at_utc_ms, int64_t sensor)
{
    char topic[16], place[64], *payload = NULL;
    size_t size;
    FILE *to = open_memstream(&payload, &size);
    ck_assert_ptr_nonnull(to);
    make_place(maker, place, sizeof place, sensor);
    fprintf(to, "{\"t\":%" PRId64 "%s", at_utc_ms, place);
    if (*feed == 'p')
        make_parking(maker, to);
    else if (*feed == 't')
        make_traffic(maker, to);
    else
        make_walk(maker, to);
    fputs(random_chance(&maker->random, 99) ? "}" : "", to); /* some are cut short */
    ck_assert_int_eq(fclose(to), 0);
    snprintf(topic, sizeof topic, "%s/s%" PRId64, feed, sensor);
    add_message(maker, feed, copy(topic), payload);
}

/* A reading, and sometimes another one of the same time. */
static void make_readings(struct maker *maker, const char *feed)
{
    int64_t sensor = random_below(&maker->random, SENSORS), at = maker->now_utc_ms - make_delay(maker);
    if (random_chance(&maker->random, 60))
        at -= at % MINUTE_MS;
    if (random_chance(&maker->random, 1))
        at += 100 * SECOND_MS; /* what has not been yet is not believed */
    make_reading(maker, feed, at, sensor);
    if (random_chance(&maker->random, 8))
        make_reading(maker, feed, at, sensor);
}

#define DATEX                                                                                                \
    "<p:payload xmlns:p=\"http://datex2.eu/schema/3/d2Payload\" "                                            \
    "xmlns:c=\"http://datex2.eu/schema/3/common\" xmlns:l=\"http://datex2.eu/schema/3/locationReferencing\" " \
    "xmlns:s=\"http://datex2.eu/schema/3/situation\" "                                                       \
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"s:SituationPublication\" "           \
    "modelBaseVersion=\"3\">"

static void time_text(int64_t utc_ms, char text[BR_TIME_TEXT_SIZE])
{
    br_time_format(utc_ms, text);
}

static void make_jam(struct maker *maker, FILE *to, int64_t number, int64_t at_utc_ms)
{
    char since[BR_TIME_TEXT_SIZE], at[BR_TIME_TEXT_SIZE];
    time_text(at_utc_ms - 10 * MINUTE_MS, since);
    time_text(at_utc_ms, at);
    fprintf(to,
            "<s:situation id=\"S%" PRId64 "\"><s:situationRecord xsi:type=\"s:AbnormalTraffic\" id=\"R%" PRId64
            "\" version=\"%" PRId64 "\"><s:situationRecordVersionTime>%s</s:situationRecordVersionTime>"
            "<s:validity><c:validityStatus>active</c:validityStatus><c:validityTimeSpecification>"
            "<c:overallStartTime>%s</c:overallStartTime></c:validityTimeSpecification></s:validity>",
            number, number, 1 + random_below(&maker->random, 3), at, since);
    MAYBE(70, "<s:impact><s:delays><s:delayTimeValue>%" PRId64 "</s:delayTimeValue></s:delays></s:impact>",
          random_below(&maker->random, 900));
    MAYBE(80,
          "<s:locationReference xsi:type=\"l:PointLocation\"><l:pointByCoordinates><l:pointCoordinates>"
          "<l:latitude>52.02</l:latitude><l:longitude>5.%02" PRId64 "</l:longitude></l:pointCoordinates>"
          "</l:pointByCoordinates></s:locationReference>",
          3 + 5 * number);
    fputs("<s:abnormalTrafficType>queuingTraffic</s:abnormalTrafficType>", to);
    MAYBE(80, "<s:queueLength>%" PRId64 "</s:queueLength>", 100 * random_below(&maker->random, 50));
    fputs("</s:situationRecord></s:situation>", to);
}

/* All jams there are at a time. */
static void make_snapshot(struct maker *maker)
{
    int64_t at_utc_ms = maker->now_utc_ms - make_delay(maker);
    char at[BR_TIME_TEXT_SIZE], *payload = NULL;
    size_t size;
    FILE *to = open_memstream(&payload, &size);
    ck_assert_ptr_nonnull(to);
    time_text(at_utc_ms, at);
    fprintf(to, DATEX "<c:publicationTime>%s</c:publicationTime>", at);
    for (int64_t number = 0; number < JAMS; number++)
        if (random_chance(&maker->random, 60))
            make_jam(maker, to, number, at_utc_ms);
    fputs("</p:payload>", to);
    ck_assert_int_eq(fclose(to), 0);
    add_message(maker, "j", copy("j"), payload);
}

/* A message once more, as a broker does. */
static void repeat_message(struct maker *maker)
{
    struct script *script = maker->script;
    size_t back = 1 + (size_t)random_below(&maker->random, REPEATED);
    if (back > script->count || script->at[script->count - back].type != BR_ENTRY_MESSAGE)
        return;
    const struct script_entry entry = script->at[script->count - back];
    add_message(maker, entry.feed, copy(entry.topic), copy(entry.payload));
}

static void make_second(struct maker *maker)
{
    if (random_chance(&maker->random, 25))
        make_readings(maker, "p");
    if (random_chance(&maker->random, 35))
        make_readings(maker, "t");
    if (random_chance(&maker->random, 25))
        make_readings(maker, "w");
    if (random_chance(&maker->random, 2))
        make_snapshot(maker);
    if (random_chance(&maker->random, 8))
        repeat_message(maker);
}

/* At the end every domain is heard once more, so that all that is live is told. */
static void make_script(struct script *script, uint64_t seed, int64_t span_s)
{
    struct maker maker = {.script = script, .random = seed, .span_s = span_s};
    maker.begin_utc_ms = maker.now_utc_ms = BEGIN_UTC_MS + random_below(&maker.random, 1200 * SECOND_MS);
    int64_t outage_s = random_below(&maker.random, span_s), outage_end_s = outage_s + 400;
    for (int64_t second = 0; second <= span_s; second++, maker.now_utc_ms += SECOND_MS) {
        if (second >= outage_s && second < outage_end_s)
            continue;
        make_second(&maker);
        if (second == span_s) {
            make_reading(&maker, "p", maker.now_utc_ms, 2);
            make_reading(&maker, "t", maker.now_utc_ms, 2);
            make_reading(&maker, "w", maker.now_utc_ms, 2);
            make_snapshot(&maker);
        }
        script_add(script, (struct script_entry){.type = BR_ENTRY_TICK, .at_utc_ms = maker.now_utc_ms});
    }
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
static size_t compare(struct told_list *one, struct told_list *other)
{
    told_settle(one);
    told_settle(other);
    size_t faults = told_differ("figures", one->at, one->count, other->at, other->count);
    faults += told_differ("live figures", one->live, one->live_count, other->live, other->live_count);
    ck_assert_uint_eq(faults, 0);
    return one->count;
}

static uint64_t seed_of(int run)
{
    const char *text = getenv("SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
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
    size_t count = compare(&undisturbed.told, &disturbed.told);
    printf("seed %" PRIu64 ": %zu entries, %zu crashes, %zu stops, %zu checkpoints: %zu figures equal\n", seed,
           script.count, fate.crashes, fate.stops, fate.checkpoints, count);
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

static void tests(TCase *tcase)
{
    const char *seeds = getenv("SEEDS");
    int count = seeds ? atoi(seeds) : 5;
    tcase_add_loop_test(tcase, crashes_change_nothing, 0, count);
    tcase_add_loop_test(tcase, stops_change_nothing, 0, count);
}

UNIT_MAIN("restart", tests)
