/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The loop's side: puts into queues, takes answers out. The thread is in history_thread.c, the database in
 * history_store.c and its neighbours. */
#include "daemon/out/history_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBSERVATIONS_MAX UINT64_C(1000000) /* on disk */
#define MS_NS UINT64_C(1000000)

/* ---- answers */

static void free_request(struct history_request *request)
{
    br_store_rows_free(&request->rows);
    free(request->region);
    free(request->window);
    free(request);
}

static void deliver(struct history_request *request, int error)
{
    const struct br_store_rows *rows = &request->rows;
    if (error)
        request->call(request->context, error, NULL, 0, false, 0);
    else
        request->call(request->context, 0, rows->rows, rows->count, rows->more, rows->passed);
    free_request(request);
}

static void deliver_all(struct history_requests *requests, int error)
{
    while (requests->first) {
        struct history_request *request = requests->first;
        requests->first = request->next;
        deliver(request, error ? error : request->error);
    }
    requests->last = NULL;
}

static void on_async(uv_async_t *async)
{
    struct br_history *history = async->data;
    uv_mutex_lock(&history->mutex);
    struct history_requests answered = history->answered;
    bool has_news = history->has_news;
    history->answered = (struct history_requests){0};
    history->has_news = false;
    uv_mutex_unlock(&history->mutex);
    deliver_all(&answered, 0);
    if (has_news && history->setup.changed)
        history->setup.changed(history->setup.context);
}

/* ---- open and close */

static void add_metrics(struct br_history *history)
{
    struct br_metric *errors =
        br_metric_add(history->setup.metrics, BR_COUNTER, "bruis_output_errors_total",
                      "What an output could not deliver, by class.", "output class", 1);
    history->expired[BR_HISTORY_MQTT] = br_metric_of(errors, "mqtt", "expired");
    history->expired[BR_HISTORY_INFLUXDB] = br_metric_of(errors, "influxdb", "expired");
}

static void take_config(struct br_history *history, const struct br_config *config,
                        const bool outputs[BR_HISTORY_OUTPUTS])
{
    struct br_store_keep *keep = &history->keep;
    *keep = (struct br_store_keep){.count = config->window_count, .observations_max = OBSERVATIONS_MAX};
    for (size_t i = 0; i < config->window_count; i++) {
        snprintf(keep->names[i], sizeof keep->names[i], "%s", config->windows[i].name);
        keep->keep_ms[i] = config->history_keep_ms[i];
    }
    for (int i = 0; i < BR_HISTORY_OUTPUTS; i++) {
        if (outputs[i] && !history->wanted.has[i])
            history->wanted.cursors[i] = history->last;
        keep->outputs[i] = history->wanted.has[i] = outputs[i];
    }
    history->cursors_wait_ns = 1;
}

/* A damaged database is set aside, as it is later. */
static int open_store(struct br_history *history)
{
    int error;
    unsigned number;
    history->store = br_store_open(history->path, &error);
    if (error != -EBADMSG)
        return error;
    if (br_store_set_aside(history->path, &number) != 0)
        return error;
    br_log(history->setup.log, BR_LOG_ERR, "history_damaged",
           "kept_as=\"%s.damaged-%u\" action=\"begun anew: earlier figures are only there\"", history->path,
           number);
    history->store = br_store_open(history->path, &error);
    return error;
}

static int start(struct br_history *history)
{
    int error = open_store(history);
    if (error)
        return error;
    history->next = history->wanted = *br_store_marks(history->store);
    history->last = history->durable = history->next.change;
    history->observation_last = history->next.observation;
    take_config(history, history->setup.config, history->setup.outputs);
    if ((error = uv_async_init(history->setup.loop, &history->async, on_async)) != 0)
        return error;
    uv_unref((uv_handle_t *)&history->async); /* it is no reason for the loop to run on */
    history->async.data = history;
    return uv_thread_create(&history->thread, history_run, history);
}

static void free_history(struct br_history *history)
{
    br_store_close(history->store);
    uv_cond_destroy(&history->work);
    uv_cond_destroy(&history->done);
    uv_mutex_destroy(&history->mutex);
    free(history);
}

static void on_closed(uv_handle_t *handle)
{
    free_history(handle->data);
}

/* The loop holds the handle until its next turn. */
static void end(struct br_history *history)
{
    if (history->async.data)
        uv_close((uv_handle_t *)&history->async, on_closed);
    else
        free_history(history);
}

struct br_history *br_history_open(const struct br_history_setup *setup, int *error)
{
    struct br_history *history = calloc(1, sizeof *history);
    *error = -ENOMEM;
    if (!history)
        return NULL;
    history->setup = *setup;
    snprintf(history->path, sizeof history->path, "%s/history", setup->config->state_dir);
    add_metrics(history);
    uv_mutex_init(&history->mutex);
    uv_cond_init(&history->work);
    uv_cond_init(&history->done);
    *error = start(history);
    history->setup.config = NULL; /* it may change */
    if (*error == 0)
        return history;
    end(history);
    return NULL;
}

void br_history_change(struct br_history *history, const struct br_config *config,
                       const bool outputs[BR_HISTORY_OUTPUTS])
{
    uv_mutex_lock(&history->mutex);
    take_config(history, config, outputs);
    uv_mutex_unlock(&history->mutex);
}

static bool is_all_written(const struct br_history *history)
{
    return history->durable == history->last && !history->observations.first && !history->cursors_wait_ns;
}

bool br_history_flush(struct br_history *history, unsigned wait_ms)
{
    uint64_t end_ns = uv_hrtime() + wait_ms * MS_NS, now_ns;
    uv_mutex_lock(&history->mutex);
    history->hurry = true;
    uv_cond_signal(&history->work);
    while (!is_all_written(history) && (now_ns = uv_hrtime()) < end_ns)
        uv_cond_timedwait(&history->done, &history->mutex, end_ns - now_ns);
    history->hurry = false;
    bool is_written = history->durable == history->last;
    uv_mutex_unlock(&history->mutex);
    return is_written;
}

void br_history_close(struct br_history *history, unsigned wait_ms)
{
    if (!history)
        return;
    history->closing = true;
    br_history_flush(history, wait_ms);
    uv_mutex_lock(&history->mutex);
    history->stop = true;
    uv_cond_signal(&history->work);
    uv_mutex_unlock(&history->mutex);
    uv_thread_join(&history->thread);
    deliver_all(&history->answered, -ECANCELED);
    deliver_all(&history->asked, -ECANCELED);
    history_queue_free(&history->figures);
    history_queue_free(&history->observations);
    history_queue_free(&history->batch);
    history_queue_free(&history->observation_batch);
    end(history);
}

/* ---- putting */

static struct history_item *pack(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    struct history_item *item = malloc(sizeof *item + size);
    if (!item)
        return NULL;
    *item = (struct history_item){.size = size};
    protobuf_c_message_pack(message, item->packed);
    return item;
}

uint64_t br_history_put(struct br_history *history, const Bruis__V1__Figure *figure, bool newest)
{
    struct history_item *item = pack(&figure->base);
    if (!item)
        return 0;
    item->number = ++history->last;
    item->newest = newest;
    uv_mutex_lock(&history->mutex);
    history_queue_add(&history->figures, item);
    uv_cond_signal(&history->work);
    uv_mutex_unlock(&history->mutex);
    return history->last;
}

uint64_t br_history_put_observation(struct br_history *history, const Bruis__V1__Observation *observation)
{
    struct history_item *item = pack(&observation->base);
    if (!item)
        return 0;
    item->number = ++history->observation_last;
    uv_mutex_lock(&history->mutex);
    history_queue_add(&history->observations, item);
    while (history->observations.first && history->observations.size > history->setup.waiting_max / 4) {
        free(history_queue_take(&history->observations));
        ++*history->expired[BR_HISTORY_INFLUXDB];
    }
    uv_cond_signal(&history->work);
    uv_mutex_unlock(&history->mutex);
    return history->observation_last;
}

bool br_history_has_room(const struct br_history *history)
{
    struct br_history *locked = (struct br_history *)history;
    uv_mutex_lock(&locked->mutex);
    size_t size = history->figures.size + history->working;
    uv_mutex_unlock(&locked->mutex);
    return size < history->setup.waiting_max;
}

uint64_t br_history_last(const struct br_history *history)
{
    return history->last;
}

uint64_t br_history_durable(const struct br_history *history)
{
    struct br_history *locked = (struct br_history *)history;
    uv_mutex_lock(&locked->mutex);
    uint64_t durable = history->durable;
    uv_mutex_unlock(&locked->mutex);
    return durable;
}

int br_history_trouble(const struct br_history *history)
{
    struct br_history *locked = (struct br_history *)history;
    uv_mutex_lock(&locked->mutex);
    int trouble = history->trouble;
    uv_mutex_unlock(&locked->mutex);
    return trouble;
}

/* ---- reading */

static int ask(struct br_history *history, const struct history_request *what)
{
    struct history_request *request = history->closing ? NULL : malloc(sizeof *request);
    if (!request) {
        free(what->region);
        free(what->window);
        return history->closing ? -ECANCELED : -ENOMEM;
    }
    *request = *what;
    uv_mutex_lock(&history->mutex);
    if (history->asked.last)
        history->asked.last->next = request;
    else
        history->asked.first = request;
    history->asked.last = request;
    uv_cond_signal(&history->work);
    uv_mutex_unlock(&history->mutex);
    return 0;
}

int br_history_read(struct br_history *history, uint64_t after, size_t rows_max, br_history_rows *rows,
                    void *context)
{
    return ask(
        history,
        &(struct history_request){
            .reading = READ_CHANGES, .after = after, .rows_max = rows_max, .call = rows, .context = context});
}

int br_history_read_span(struct br_history *history, int64_t from_utc_ms, int64_t to_utc_ms, uint64_t after,
                         size_t rows_max, br_history_rows *rows, void *context)
{
    return ask(history, &(struct history_request){.reading = READ_SPAN,
                                                  .from_utc_ms = from_utc_ms,
                                                  .to_utc_ms = to_utc_ms,
                                                  .after = after,
                                                  .rows_max = rows_max,
                                                  .call = rows,
                                                  .context = context});
}

int br_history_read_series(struct br_history *history, Bruis__V1__Domain domain, const char *region,
                           const char *window, int64_t from_utc_ms, int64_t to_utc_ms, size_t rows_max,
                           br_history_rows *rows, void *context)
{
    struct history_request request = {.reading = READ_SERIES,
                                      .domain = (int)domain,
                                      .region = strdup(region),
                                      .window = strdup(window),
                                      .from_utc_ms = from_utc_ms,
                                      .to_utc_ms = to_utc_ms,
                                      .rows_max = rows_max,
                                      .call = rows,
                                      .context = context};
    if (request.region && request.window)
        return ask(history, &request);
    free(request.region);
    free(request.window);
    return -ENOMEM;
}

int br_history_read_observations(struct br_history *history, uint64_t after, size_t rows_max,
                                 br_history_rows *rows, void *context)
{
    return ask(
        history,
        &(struct history_request){
            .reading = READ_RECORDS, .after = after, .rows_max = rows_max, .call = rows, .context = context});
}

/* ---- cursors */

/* The first of several that move tells the thread: it writes them a second later, or with figures. */
static void move(struct br_history *history, uint64_t *cursor, uint64_t change, uint64_t last)
{
    uv_mutex_lock(&history->mutex);
    change = change > last ? last : change;
    if (change > *cursor) {
        *cursor = change;
        if (!history->cursors_wait_ns)
            history->cursors_wait_ns = uv_hrtime();
    }
    uv_mutex_unlock(&history->mutex);
}

void br_history_done(struct br_history *history, enum br_history_output output, uint64_t change)
{
    move(history, &history->wanted.cursors[output], change, history->last);
}

void br_history_done_observations(struct br_history *history, uint64_t change)
{
    move(history, &history->wanted.observation_done, change, history->observation_last);
}

/* Only this thread moves them. */
uint64_t br_history_cursor(const struct br_history *history, enum br_history_output output)
{
    return history->wanted.cursors[output];
}

uint64_t br_history_cursor_observations(const struct br_history *history)
{
    return history->wanted.observation_done;
}
