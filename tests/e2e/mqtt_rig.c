/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "tests/e2e/mqtt_rig.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#define START_UTC_MS INT64_C(1787047200000) /* 2026-08-18T10:00:00Z */
#define WINDOW_MS INT64_C(300000)

static int64_t on_now(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void on_arrival(void *context)
{
    struct rig *rig = context;
    rig->arrivals++;
}

static void on_change(void *context)
{
    struct rig *rig = context;
    rig->changes++;
}

static void on_history(void *context)
{
    struct rig *rig = context;
    if (rig->out)
        br_mqtt_out_changed(rig->out);
}

static void on_closed(void *context)
{
    struct rig *rig = context;
    rig->closed = true;
}

static void configure(struct rig *rig, int protocol, bool tls)
{
    static char filter[] = "garages/#";
    static char node[] = "utrecht", name[] = "city", client_id[] = "bruisd-test", prefix[] = "bruis";
    static char window[] = "5m", large_name[] = "large", small_name[] = "small";
    snprintf(rig->url, sizeof rig->url, tls ? "mqtts://localhost:%d" : "mqtt://127.0.0.1:%d",
             broker_port(rig->broker));
    rig->broker_config = (struct br_config_broker){
        .name = name,
        .url = rig->url,
        .protocol = protocol,
        .client_id = client_id,
        .keepalive_ms = 5000,
        .session_expiry_ms = BR_DAY_MS,
    };
    rig->topics[0] = filter;
    rig->topics[1] = filter;
    rig->feeds[0] = (struct br_config_feed){
        .name = large_name, .topics = {1, &rig->topics[0]}, .qos = 1, .max_payload = 64};
    rig->feeds[1] = (struct br_config_feed){
        .name = small_name, .topics = {1, &rig->topics[1]}, .qos = 1, .max_payload = 16};
    rig->config = (struct br_config){
        .node = node,
        .brokers = &rig->broker_config,
        .broker_count = 1,
        .feeds = rig->feeds,
        .feed_count = RIG_FEEDS,
        .windows = {{window, WINDOW_MS}},
        .window_count = 1,
        .history_keep_ms = {1000 * BR_DAY_MS},
        .mqtt = {.enabled = true, .prefix = prefix, .json = true, .pb = true, .qos = 1, .observations = true},
    };
}

static void set_login(struct rig *rig, const char *password)
{
    static char user[] = "bruisd";
    if (!password)
        return;
    snprintf(rig->password_file, sizeof rig->password_file, "%s/secret", broker_dir(rig->broker));
    run_command("printf '%%s\\n' '%s' > %s", password, rig->password_file);
    rig->broker_config.username = user;
    rig->broker_config.password.file = rig->password_file;
}

static void add_metrics(struct rig *rig)
{
    rig->metrics = br_metrics_open();
    struct br_metric *received = br_metric_add(rig->metrics, BR_COUNTER, "received", "-", "feed", 1);
    struct br_metric *outcome = br_metric_add(rig->metrics, BR_COUNTER, "outcome", "-", "feed outcome", 1);
    for (size_t i = 0; i < RIG_FEEDS; i++) {
        rig->received[i] = br_metric_of(received, rig->feeds[i].name, NULL);
        rig->oversize[i] = br_metric_of(outcome, rig->feeds[i].name, "oversize");
        rig->dropped[i] = br_metric_of(outcome, rig->feeds[i].name, "dropped");
    }
}

void rig_start(struct rig *rig, int protocol, const struct broker_setup *setup)
{
    *rig = (struct rig){.broker = broker_open(setup)};
    configure(rig, protocol, setup->tls != NULL);
    set_login(rig, setup->password);
    add_metrics(rig);
    ck_assert_int_eq(uv_loop_init(&rig->loop), 0);
    rig->log = br_log_open(BR_LOG_DEBUG);
    int error = 0;
    struct br_journal_limits limits = {.size_max = 64 << 20, .segment_size = 1 << 20};
    snprintf(rig->state_dir, sizeof rig->state_dir, "%s/state", broker_dir(rig->broker));
    ck_assert_int_eq(mkdir(rig->state_dir, 0700), 0);
    rig->journal = br_journal_open(rig->state_dir, &limits, &error);
    ck_assert_msg(rig->journal != NULL, "journal: %s", strerror(-error));
    rig->config.state_dir = rig->state_dir;
    rig_open_history(rig);
}

void rig_open_history(struct rig *rig)
{
    int error = 0;
    struct br_history_setup setup = {.loop = &rig->loop,
                                     .config = &rig->config,
                                     .log = rig->log,
                                     .metrics = rig->metrics,
                                     .outputs = {[BR_HISTORY_MQTT] = true},
                                     .waiting_max = (size_t)16 << 20,
                                     .changed = on_history,
                                     .context = rig};
    rig->history = br_history_open(&setup, &error);
    ck_assert_msg(rig->history != NULL, "history: %s", strerror(-error));
}

void rig_close_history(struct rig *rig)
{
    br_history_close(rig->history, 10000);
    rig->history = NULL;
    uv_run(&rig->loop, UV_RUN_NOWAIT);
}

void rig_end(struct rig *rig)
{
    if (rig->in)
        rig_close_in(rig);
    if (rig->out)
        rig_close_out(rig);
    rig_close_history(rig);
    ck_assert_int_eq(uv_loop_close(&rig->loop), 0);
    br_journal_close(rig->journal);
    br_log_close(rig->log);
    br_metrics_close(rig->metrics);
    broker_close(rig->broker);
}

void rig_begin_in(struct rig *rig)
{
    struct br_mqtt_in_setup setup = {
        .loop = &rig->loop,
        .config = &rig->config,
        .journal = rig->journal,
        .log = rig->log,
        .metrics = rig->metrics,
        .counters = {rig->received, rig->oversize, rig->dropped},
        .now_utc_ms = on_now,
        .on_arrival = on_arrival,
        .on_change = on_change,
        .context = rig,
    };
    int error = 0;
    rig->in = br_mqtt_in_open(&setup, &error);
    ck_assert_msg(rig->in != NULL, "in: %s", strerror(-error));
}

void rig_begin_out(struct rig *rig)
{
    struct br_mqtt_out_setup setup = {
        .loop = &rig->loop,
        .config = &rig->config,
        .history = rig->history,
        .log = rig->log,
        .metrics = rig->metrics,
        .since_utc_ms = START_UTC_MS,
        .version = "1.2.3",
    };
    int error = 0;
    rig->out = br_mqtt_out_open(&setup, &error);
    ck_assert_msg(rig->out != NULL, "out: %s", strerror(-error));
}

void rig_open_in(struct rig *rig)
{
    rig_begin_in(rig);
    rig_until(rig, rig_in_up);
}

void rig_open_out(struct rig *rig)
{
    rig_begin_out(rig);
    rig_until(rig, rig_out_up);
}

static bool is_closed(void *rig)
{
    return ((struct rig *)rig)->closed;
}

void rig_close_in(struct rig *rig)
{
    rig->closed = false;
    br_mqtt_in_close(rig->in, on_closed, rig);
    rig->in = NULL;
    rig_until(rig, is_closed);
}

void rig_close_out(struct rig *rig)
{
    rig->closed = false;
    br_mqtt_out_close(rig->out, on_closed, rig);
    rig->out = NULL;
    rig_until(rig, is_closed);
}

static void step(void *rig)
{
    uv_run(&((struct rig *)rig)->loop, UV_RUN_NOWAIT);
}

void rig_until(struct rig *rig, bool (*done)(void *rig))
{
    ck_assert_msg(wait_until(done, step, rig), "it did not happen");
}

bool rig_in_up(void *rig)
{
    return br_mqtt_in_connected(((struct rig *)rig)->in);
}

bool rig_in_down(void *rig)
{
    return !rig_in_up(rig);
}

bool rig_out_up(void *rig)
{
    return br_mqtt_out_connected(((struct rig *)rig)->out);
}

bool rig_out_down(void *rig)
{
    return !rig_out_up(rig);
}

bool rig_out_idle(void *rig)
{
    return rig_metric(rig, "bruis_output_pending", "output", "mqtt", NULL) == 0;
}

int64_t rig_metric(struct rig *rig, const char *name, const char *labels, const char *value1,
                   const char *value2)
{
    enum br_metric_type type = strstr(name, "_total") ? BR_COUNTER : BR_GAUGE;
    return *br_metric_of(br_metric_add(rig->metrics, type, name, "-", labels, 1), value1, value2);
}

/* Reads the messages of the journal from its start; the one of this number goes into text. */
static size_t read_entries(struct rig *rig, size_t number, char *text, size_t text_size)
{
    br_position position = br_journal_start(rig->journal);
    struct br_entry entry;
    size_t count = 0;
    while (br_journal_read(rig->journal, &position, &entry) == 1) {
        if (count++ == number)
            snprintf(text, text_size, "%.*s %.*s %.*s %u", (int)entry.feed.size, entry.feed.data,
                     (int)entry.topic.size, entry.topic.data, (int)entry.payload.size, entry.payload.data,
                     entry.flags);
    }
    return count;
}

size_t rig_entry_count(struct rig *rig)
{
    return read_entries(rig, SIZE_MAX, NULL, 0);
}

static size_t entries_wanted; /* of the condition below; a test is a process, or one after the other */

static bool has_entries(void *rig)
{
    return rig_entry_count(rig) >= entries_wanted;
}

void rig_expect_entries(struct rig *rig, size_t count)
{
    entries_wanted = count;
    rig_until(rig, has_entries);
    ck_assert_uint_eq(rig_entry_count(rig), count);
}

const char *rig_entry(struct rig *rig, size_t number)
{
    static char text[512];
    text[0] = '\0';
    read_entries(rig, number, text, sizeof text);
    return text;
}

static struct {
    int listener;
    const char *text;
    size_t count;
} heard_wanted;

static bool has_heard(void *rig)
{
    const char *heard = broker_heard(((struct rig *)rig)->broker, heard_wanted.listener);
    return count_text(heard, heard_wanted.text) >= heard_wanted.count;
}

void rig_expect_heard(struct rig *rig, int listener, const char *text, size_t count)
{
    heard_wanted.listener = listener;
    heard_wanted.text = text;
    heard_wanted.count = count;
    if (!wait_until(has_heard, step, rig))
        ck_abort_msg("not heard: %s in %.400s", text, broker_heard(rig->broker, listener));
    ck_assert_uint_eq(count_text(broker_heard(rig->broker, listener), text), count);
}

void rig_catch_log(struct rig *rig)
{
    char path[128];
    snprintf(path, sizeof path, "%s/stderr", broker_dir(rig->broker));
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    close(fd);
}

size_t rig_log_count(struct rig *rig, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/stderr", broker_dir(rig->broker));
    return count_text(broker_file(rig->broker, path), text);
}

void rig_publish_window(struct rig *rig, const char *region, int number, int64_t vacant, uint32_t revision,
                        bool newest)
{
    char code[16], name[] = "Utrecht", type[] = "gemeente", window[] = "5m";
    Bruis__V1__Figure figure = BRUIS__V1__FIGURE__INIT;
    Bruis__V1__ParkingFigure parking = BRUIS__V1__PARKING_FIGURE__INIT;
    snprintf(code, sizeof code, "%s", region);
    figure.region = code;
    figure.name = name;
    figure.region_type = type;
    figure.window = window;
    figure.has_domain = figure.has_start = figure.has_end = figure.has_revision = 1;
    figure.domain = BRUIS__V1__DOMAIN__parking;
    figure.start = START_UTC_MS + number * WINDOW_MS;
    figure.end = figure.start + WINDOW_MS;
    figure.revision = revision;
    figure.parking = &parking;
    parking.has_vacant = 1;
    parking.vacant = vacant;
    uint64_t change = br_history_put(rig->history, &figure, newest);
    ck_assert_uint_gt(change, 0);
    if (rig->out)
        br_mqtt_out_figure(rig->out, &figure, change, newest);
}

void rig_publish_figure(struct rig *rig, const char *region, int64_t vacant, uint32_t revision, bool newest)
{
    rig_publish_window(rig, region, 0, vacant, revision, newest);
}
