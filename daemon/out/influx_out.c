/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* history -> (read) -> next batch -> current batch -> part by part to the server */
#include "daemon/out/influx_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/out/influx_batch.h"
#include "daemon/out/influx_http.h"

#define SIZE_MAX_OF_REQUEST ((size_t)4 << 20)
#define WAIT_MIN_MS 1000
#define WAIT_MAX_MS 30000
#define AGAIN_MS 1000

enum source { FIGURES, OBSERVATIONS, BACKFILL, SOURCES };

/* A batch, where it came from, and what is done when it is. */
struct load {
    struct br_influx_batch *batch;
    enum source source;
    uint64_t passed;
    bool is_full; /* it was read */
    bool is_last; /* of a backfill */
};

struct br_influx_out {
    struct br_influx_out_setup setup;
    struct br_config *config; /* held */
    struct br_influx_http *http;
    struct load current, next;
    struct br_influx_part part; /* on its way */
    size_t part_max;            /* points of a request: fewer after one was refused */
    uv_timer_t flush, wait;
    bool reading, flush_due, closing, is_bad;
    enum source last_source, read_source;
    uint64_t position[SOURCES]; /* read up to here */
    int64_t span_from_utc_ms, span_to_utc_ms, backfilled;
    bool backfilling;
    uint64_t wait_ms;
    char told[160];
    br_series *pending, *rejected, *expired;
    int handles; /* not closed yet: timers, http, a read */
    void (*on_closed)(void *context);
    void *closed_context;
};

static void go_on(struct br_influx_out *out);
static void on_flush(uv_timer_t *timer);

static void show_pending(struct br_influx_out *out)
{
    uint64_t last = br_history_last(out->setup.history);
    uint64_t cursor = br_history_cursor(out->setup.history, BR_HISTORY_INFLUXDB);
    *out->pending = last > cursor ? (int64_t)(last - cursor) : 0;
}

static void say_trouble(struct br_influx_out *out, bool is_bad)
{
    if (out->is_bad == is_bad)
        return;
    out->is_bad = is_bad;
    if (!is_bad) {
        out->told[0] = '\0';
        br_log(out->setup.log, BR_LOG_NOTICE, "influxdb_back", "url=%s", out->config->influxdb.url);
    }
    if (out->setup.on_trouble)
        out->setup.on_trouble(out->setup.context, is_bad);
}

/* ---- read */

static uint64_t durable_of(const struct br_influx_out *out, enum source source)
{
    if (source == FIGURES)
        return br_history_durable(out->setup.history);
    if (source == OBSERVATIONS)
        return out->config->influxdb.observations ? UINT64_MAX : 0;
    return out->backfilling ? UINT64_MAX : 0;
}

static bool has_new(const struct br_influx_out *out, enum source source)
{
    return durable_of(out, source) > out->position[source];
}

/* In turn, so that none of them waits for ever. */
static bool choose_source(struct br_influx_out *out, enum source *source)
{
    for (int i = 1; i <= SOURCES; i++) {
        *source = (enum source)(((int)out->last_source + i) % SOURCES);
        if (*source == OBSERVATIONS ? out->flush_due && has_new(out, *source) : has_new(out, *source))
            return true;
    }
    return false;
}

static void count_refused(struct br_influx_out *out, int refused)
{
    if (refused <= 0)
        return;
    *out->rejected += refused;
    br_log_often(out->setup.log, BR_LOG_ERR, "influxdb_rejected", "influxdb", "not a point", "",
                 (int64_t)uv_now(out->setup.loop));
}

static void close_parts(struct br_influx_out *out)
{
    br_influx_batch_close(out->current.batch);
    br_influx_batch_close(out->next.batch);
    br_config_close(out->config);
    free(out);
}

static void has_ended(struct br_influx_out *out)
{
    if (--out->handles > 0)
        return;
    void (*on_closed)(void *) = out->on_closed;
    void *context = out->closed_context;
    close_parts(out);
    if (on_closed)
        on_closed(context);
}

static void on_rows(void *context, int error, const struct br_history_row *rows, size_t count, bool more,
                    uint64_t passed)
{
    struct br_influx_out *out = context;
    struct load *load = &out->next;
    out->reading = false;
    if (out->closing) {
        has_ended(out);
        return;
    }
    int refused = error                              ? -1
                  : out->read_source == OBSERVATIONS ? br_influx_batch_observations(load->batch, rows, count)
                                                     : br_influx_batch_figures(load->batch, rows, count);
    if (refused < 0) { /* the history tells of its own troubles; it is read again later */
        if (!uv_is_active((uv_handle_t *)&out->flush))
            uv_timer_start(&out->flush, on_flush, AGAIN_MS, 0);
        return;
    }
    count_refused(out, refused);
    load->source = out->read_source;
    load->passed =
        load->source == FIGURES || load->source == OBSERVATIONS ? passed : out->position[BACKFILL] + count;
    load->is_last = load->source == BACKFILL && !more;
    load->is_full = true;
    out->position[load->source] = load->is_last ? UINT64_MAX : load->passed; /* a backfill is read once */
    if (load->source == OBSERVATIONS && count == 0)
        out->flush_due = false;
    go_on(out);
}

static int read_from(struct br_influx_out *out, enum source source)
{
    struct br_history *history = out->setup.history;
    size_t rows_max = (size_t)out->config->influxdb.batch;
    if (source == FIGURES)
        return br_history_read(history, out->position[source], rows_max, on_rows, out);
    if (source == OBSERVATIONS)
        return br_history_read_observations(history, out->position[source], rows_max, on_rows, out);
    return br_history_read_span(history, out->span_from_utc_ms, out->span_to_utc_ms, out->position[source],
                                rows_max, on_rows, out);
}

static void on_flush(uv_timer_t *timer)
{
    struct br_influx_out *out = timer->data;
    out->flush_due = true;
    go_on(out);
}

/* A full batch is read at once, a part of one when it has waited for others. */
static void read_next(struct br_influx_out *out)
{
    enum source source;
    uint64_t waiting = br_history_durable(out->setup.history) - out->position[FIGURES];
    bool is_polling = out->config->influxdb.observations && !out->flush_due;
    if (is_polling && !uv_is_active((uv_handle_t *)&out->flush))
        uv_timer_start(&out->flush, on_flush, (uint64_t)out->config->influxdb.flush_ms, 0);
    if (out->reading || out->next.is_full || !choose_source(out, &source))
        return;
    bool is_due = out->flush_due || source == BACKFILL || waiting >= (uint64_t)out->config->influxdb.batch;
    if (!is_due) {
        if (!uv_is_active((uv_handle_t *)&out->flush))
            uv_timer_start(&out->flush, on_flush, (uint64_t)out->config->influxdb.flush_ms, 0);
        return;
    }
    if (source == FIGURES)
        out->flush_due = out->config->influxdb.observations && out->flush_due;
    br_influx_batch_clear(out->next.batch);
    out->last_source = out->read_source = source;
    out->reading = read_from(out, source) == 0;
    if (!out->reading)
        uv_timer_start(&out->flush, on_flush, AGAIN_MS, 0);
}

/* ---- send */

static void on_wait(uv_timer_t *timer)
{
    go_on(timer->data);
}

/* Some chance in it: many that wait for one server do not come back together. */
static void wait_for_server(struct br_influx_out *out, int64_t asked_ms)
{
    uint64_t chance_ms = uv_hrtime() / 1000 % (out->wait_ms / 4);
    uint64_t wait_ms = asked_ms >= 0 ? (uint64_t)asked_ms : out->wait_ms;
    uv_timer_start(&out->wait, on_wait, wait_ms + chance_ms, 0);
    out->wait_ms = 2 * out->wait_ms < WAIT_MAX_MS ? 2 * out->wait_ms : WAIT_MAX_MS;
}

static void hold(struct br_influx_out *out, const char *event, const char *why, int64_t asked_ms)
{
    if (strcmp(out->told, why) != 0) {
        char quoted[BR_LOG_QUOTE_SIZE];
        br_log(out->setup.log, BR_LOG_ERR, event, "url=%s why=%s", out->config->influxdb.url,
               br_log_quote(why, quoted));
        snprintf(out->told, sizeof out->told, "%s", why);
    }
    say_trouble(out, true);
    wait_for_server(out, asked_ms);
}

static void end_backfill(struct br_influx_out *out)
{
    out->backfilling = false;
    br_log(out->setup.log, BR_LOG_NOTICE, "influxdb_backfilled", "points=%lld", (long long)out->backfilled);
}

/* All of the current batch is answered. */
static void finish(struct br_influx_out *out)
{
    struct load *load = &out->current;
    if (load->source == FIGURES)
        br_history_done(out->setup.history, BR_HISTORY_INFLUXDB, load->passed);
    else if (load->source == OBSERVATIONS)
        br_history_done_observations(out->setup.history, load->passed);
    else if (load->is_last)
        end_backfill(out);
    load->is_full = false;
    show_pending(out);
}

static void send_part(struct br_influx_out *out)
{
    struct br_influx_batch *batch = out->current.batch;
    if (!br_influx_batch_next(batch, out->part_max, SIZE_MAX_OF_REQUEST, &out->part))
        return;
    int error = br_influx_http_post(out->http, out->part.is_delete ? BR_INFLUX_DELETE : BR_INFLUX_WRITE,
                                    out->part.body);
    if (error)
        hold(out, "influxdb_unreachable", strerror(-error), -1);
}

/* Does what can be done now. */
static void go_on(struct br_influx_out *out)
{
    if (out->closing)
        return;
    if (out->current.is_full && br_influx_batch_left(out->current.batch) == 0)
        finish(out);
    if (!out->current.is_full && out->next.is_full) {
        struct load load = out->current;
        out->current = out->next;
        out->next = load;
        if (br_influx_batch_left(out->current.batch) == 0)
            finish(out);
    }
    read_next(out);
    bool is_waiting = uv_is_active((uv_handle_t *)&out->wait);
    if (out->current.is_full && !is_waiting && !br_influx_http_busy(out->http))
        send_part(out);
}

static void count_stored(struct br_influx_out *out, const struct br_influx_answer *answer)
{
    if (answer->refused > 0) {
        *(answer->is_expired ? out->expired : out->rejected) += answer->refused;
        br_log_often(out->setup.log, BR_LOG_ERR,
                     answer->is_expired ? "influxdb_expired" : "influxdb_rejected", "influxdb", answer->why,
                     "", (int64_t)uv_now(out->setup.loop));
    }
    if (out->current.source == BACKFILL && !out->part.is_delete)
        out->backfilled += (int64_t)out->part.count - answer->refused;
}

/* Fewer at once; the one that is wrong by itself is passed over. */
static void split(struct br_influx_out *out, const struct br_influx_answer *answer)
{
    if (out->part.count > 1) {
        out->part_max = out->part.count / 2;
        return;
    }
    out->part_max = 1;
    if (!out->part.is_delete)
        ++*out->rejected;
    br_log_often(out->setup.log, BR_LOG_ERR, "influxdb_rejected", "influxdb", answer->why, "",
                 (int64_t)uv_now(out->setup.loop));
    br_influx_batch_done(out->current.batch, &out->part);
}

static void on_answer(void *context, const struct br_influx_answer *answer)
{
    struct br_influx_out *out = context;
    if (answer->verdict == BR_INFLUX_HOLD || answer->verdict == BR_INFLUX_SETTING) {
        bool is_setting = answer->verdict == BR_INFLUX_SETTING;
        hold(out, is_setting ? "influxdb_refuses" : "influxdb_unreachable", answer->why, answer->wait_ms);
        read_next(out);
        return;
    }
    out->wait_ms = WAIT_MIN_MS;
    say_trouble(out, false);
    if (answer->verdict == BR_INFLUX_SPLIT) {
        split(out, answer);
    } else {
        size_t most = (size_t)out->config->influxdb.batch;
        count_stored(out, answer);
        br_influx_batch_done(out->current.batch, &out->part);
        out->part_max = 2 * out->part_max < most ? 2 * out->part_max : most;
    }
    go_on(out);
}

void br_influx_out_changed(struct br_influx_out *out)
{
    show_pending(out);
    go_on(out);
}

const char *br_influx_out_backfill(struct br_influx_out *out, int64_t from_utc_ms, int64_t to_utc_ms)
{
    if (out->backfilling)
        return "a backfill is being done already";
    out->backfilling = true;
    out->backfilled = 0;
    out->position[BACKFILL] = 0;
    out->span_from_utc_ms = from_utc_ms;
    out->span_to_utc_ms = to_utc_ms;
    go_on(out);
    return NULL;
}

bool br_influx_out_backfilling(const struct br_influx_out *out, int64_t *sent)
{
    if (sent)
        *sent = out->backfilled;
    return out->backfilling;
}

/* ---- open and close */

static void add_metrics(struct br_influx_out *out)
{
    struct br_metric *pending = br_metric_add(out->setup.metrics, BR_GAUGE, "bruis_output_pending",
                                              "What an output has not delivered yet.", "output", 1);
    struct br_metric *errors =
        br_metric_add(out->setup.metrics, BR_COUNTER, "bruis_output_errors_total",
                      "What an output could not deliver, by class.", "output class", 1);
    out->pending = br_metric_of(pending, "influxdb", NULL);
    out->rejected = br_metric_of(errors, "influxdb", "rejected");
    out->expired = br_metric_of(errors, "influxdb", "expired");
}

static int open_parts(struct br_influx_out *out)
{
    const struct br_config_publish_influxdb *config = &out->config->influxdb;
    int error = 0;
    struct br_influx_batch_setup batch = {.node = out->config->node,
                                          .precision = br_influx_precision_of(config->precision),
                                          .api = config->api,
                                          .can_delete = config->api != 3};
    struct br_influx_http_setup http = {
        .loop = out->setup.loop, .config = config, .on_answer = on_answer, .context = out};
    out->current.batch = br_influx_batch_open(&batch);
    out->next.batch = br_influx_batch_open(&batch);
    if (!out->current.batch || !out->next.batch)
        return -ENOMEM;
    out->http = br_influx_http_open(&http, &error);
    return error;
}

struct br_influx_out *br_influx_out_open(const struct br_influx_out_setup *setup, int *error)
{
    struct br_influx_out *out = calloc(1, sizeof *out);
    *error = -ENOMEM;
    if (!out)
        return NULL;
    out->setup = *setup;
    out->config = br_config_hold(setup->config);
    out->wait_ms = WAIT_MIN_MS;
    out->part_max = (size_t)out->config->influxdb.batch;
    out->last_source = SOURCES - 1;
    *error = open_parts(out);
    if (*error) {
        close_parts(out);
        return NULL;
    }
    uv_timer_init(setup->loop, &out->flush); /* never fail */
    uv_timer_init(setup->loop, &out->wait);
    out->flush.data = out->wait.data = out;
    out->handles = 3; /* two timers, http */
    add_metrics(out);
    out->position[FIGURES] = br_history_cursor(setup->history, BR_HISTORY_INFLUXDB);
    out->position[OBSERVATIONS] = br_history_cursor_observations(setup->history);
    out->flush_due = true; /* what waits from before */
    go_on(out);
    return out;
}

bool br_influx_out_fits(const struct br_influx_out *out, const struct br_config *config)
{
    const struct br_config_publish_influxdb *a = &out->config->influxdb, *b = &config->influxdb;
    return b->enabled && br_config_same(out->config->node, config->node) && br_config_same(a->url, b->url) &&
           a->api == b->api && br_config_same(a->database, b->database) &&
           br_config_same(a->retention_policy, b->retention_policy) && br_config_same(a->org, b->org) &&
           br_config_same(a->bucket, b->bucket) && br_config_same(a->username, b->username) &&
           br_config_same(a->precision, b->precision) && a->batch == b->batch && a->flush_ms == b->flush_ms &&
           a->gzip == b->gzip && a->observations == b->observations &&
           br_config_same(a->ca_file, b->ca_file) && br_config_same_secret(&a->token, &b->token) &&
           br_config_same_secret(&a->password, &b->password) && br_config_same_secret(&a->cert, &b->cert) &&
           br_config_same_secret(&a->key, &b->key);
}

static void on_timer_closed(uv_handle_t *handle)
{
    has_ended(handle->data);
}

static void on_http_closed(void *context)
{
    has_ended(context);
}

void br_influx_out_close(struct br_influx_out *out, void (*on_closed)(void *context), void *context)
{
    out->closing = true;
    out->on_closed = on_closed;
    out->closed_context = context;
    out->handles += out->reading;
    uv_close((uv_handle_t *)&out->flush, on_timer_closed);
    uv_close((uv_handle_t *)&out->wait, on_timer_closed);
    br_influx_http_close(out->http, on_http_closed, out);
}
