/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/in/mqtt_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MIN_MS 1000
#define WAIT_MAX_MS 3200    /* with its chance 4 s: it is back within 5 s of the broker */
#define WAIT_TAKEN_MS 24000 /* when another client has our id */
#define STEADY_MS 60000     /* a connection that stood this long was a good one */
#define ANSWER_MS 60000     /* Paho gives up on an attempt well before */
#define CHECK_MS 30000      /* of a connection that stands, and of what it has not subscribed to */
#define GOODBYE_MS 1000

enum state { WAITING, RESOLVING, CONNECTING, UP, STOPPING };

/* What Paho's threads tell the loop. In the order in which it can happen on one connection; the next attempt
 * begins only after the loop has seen it. */
struct news {
    bool connected, session_present;
    size_t in_flight_max;
    int *codes; /* of a subscription */
    size_t code_count;
    int reason;
    bool failed, lost, disconnected;
    char why[BR_PAHO_WHY_SIZE];
};

struct br_mqtt_link {
    struct br_mqtt_link_setup setup;
    struct br_paho *paho;
    struct br_paho_url url;
    uv_async_t async;
    uv_timer_t timer;
    uv_getaddrinfo_t resolver;
    int handles; /* not closed yet */
    uv_mutex_t mutex;
    struct news news; /* under the mutex */

    enum state state;
    bool announced; /* on_up was called */
    uint64_t wait_ms, up_at_ms;
    size_t in_flight_max;
    int reason;                  /* the broker's, of the end of this connection */
    char told[BR_PAHO_WHY_SIZE]; /* the last failure that was logged */
    bool subscribed_before;      /* in this process: a session of an older one may have other filters */
    struct br_mqtt_filters *filters;
    bool changed; /* the filters, while an answer was on its way */
    void (*on_closed)(void *context);
    void *closed_context;
};

static void on_timer(uv_timer_t *timer);
static void finish(struct br_mqtt_link *link);

static void tell(struct br_mqtt_link *link, enum br_log_level level, const char *event, const char *why)
{
    char quoted[BR_LOG_QUOTE_SIZE];
    br_log(link->setup.log, level, event, "broker=%s client=%s why=%s", link->setup.broker->name,
           link->setup.client_id, br_log_quote(why, quoted));
}

static void wait_to_begin(struct br_mqtt_link *link)
{
    link->state = WAITING;
    uint64_t chance_ms = uv_hrtime() / 1000 % (link->wait_ms / 4);
    uv_timer_start(&link->timer, on_timer, link->wait_ms + chance_ms, 0);
    link->wait_ms = link->wait_ms * 2 < WAIT_MAX_MS ? link->wait_ms * 2 : WAIT_MAX_MS;
}

/* The first failure of its kind is logged, the next ones are the same news. */
static void failed(struct br_mqtt_link *link, const char *why)
{
    if (strcmp(link->told, why) != 0) {
        tell(link, BR_LOG_ERR, "mqtt_unreachable", why);
        snprintf(link->told, sizeof link->told, "%s", why);
    }
    wait_to_begin(link);
}

static void connect_now(struct br_mqtt_link *link)
{
    link->state = CONNECTING;
    int error = br_paho_connect(link->paho);
    if (error)
        failed(link, strerror(-error));
    else
        uv_timer_start(&link->timer, on_timer, ANSWER_MS, 0);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses)
{
    struct br_mqtt_link *link = request->data;
    uv_freeaddrinfo(addresses);
    if (link->state == STOPPING)
        finish(link);
    else if (link->state != RESOLVING)
        return;
    else if (status < 0)
        failed(link, uv_strerror(status));
    else
        connect_now(link);
}

static void begin(struct br_mqtt_link *link)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    link->state = RESOLVING;
    link->reason = 0;
    link->resolver.data = link;
    int error = uv_getaddrinfo(link->setup.loop, &link->resolver, on_resolved, link->url.host, NULL, &hints);
    if (error)
        failed(link, uv_strerror(error));
}

static void announce(struct br_mqtt_link *link)
{
    if (link->announced)
        return;
    link->announced = true;
    link->setup.on_up(link->setup.context);
}

/* Asks for what is not granted. False: there is nothing to ask for. */
static bool subscribe(struct br_mqtt_link *link)
{
    const char *const *filters;
    const int *qos;
    size_t count = br_mqtt_filters_ask(link->filters, &filters, &qos);
    if (count == 0)
        return false;
    int error = br_paho_subscribe(link->paho, filters, qos, count);
    if (error && error != -ENOTCONN)
        tell(link, BR_LOG_ERR, "mqtt_subscribe_failed", strerror(-error));
    return true;
}

static void came_up(struct br_mqtt_link *link, bool session_present, size_t in_flight_max)
{
    link->state = UP;
    link->in_flight_max = in_flight_max;
    link->up_at_ms = uv_now(link->setup.loop);
    link->told[0] = '\0';
    br_log(link->setup.log, BR_LOG_NOTICE, "mqtt_connected", "broker=%s client=%s session=%s",
           link->setup.broker->name, link->setup.client_id, session_present ? "kept" : "new");
    if (!session_present || !link->subscribed_before)
        br_mqtt_filters_forget(link->filters);
    uv_timer_start(&link->timer, on_timer, CHECK_MS, CHECK_MS);
    if (!subscribe(link))
        announce(link);
}

static void on_refused(void *context, const char *filter)
{
    struct br_mqtt_link *link = context;
    char quoted[BR_LOG_QUOTE_SIZE];
    br_log_often(link->setup.log, BR_LOG_ERR, "mqtt_subscription_refused", link->setup.broker->name,
                 "refused", br_log_quote(filter, quoted), (int64_t)uv_now(link->setup.loop));
}

static void answered(struct br_mqtt_link *link, const int *codes, size_t count)
{
    if (link->state != UP || !br_mqtt_filters_answer(link->filters, codes, count, on_refused, link))
        return; /* an answer to a question of the connection before */
    link->subscribed_before = true;
    if (link->changed)
        subscribe(link);
    link->changed = false;
    announce(link);
}

static void went_down(struct br_mqtt_link *link)
{
    bool was_steady = uv_now(link->setup.loop) - link->up_at_ms >= STEADY_MS;
    if (was_steady)
        link->wait_ms = WAIT_MIN_MS;
    if (link->reason == BR_PAHO_TAKEN_OVER) {
        /* somebody else has our client id: whoever comes back at once starts an endless quarrel */
        link->wait_ms = WAIT_TAKEN_MS;
        tell(link, BR_LOG_ERR, "mqtt_lost", "session taken over: another client has this client_id");
    } else {
        char why[BR_PAHO_WHY_SIZE] = "connection lost";
        if (link->reason)
            snprintf(why, sizeof why, "disconnected by the broker (reason %d)", link->reason);
        tell(link, BR_LOG_WARNING, "mqtt_lost", why);
    }
    bool was_announced = link->announced;
    link->announced = false;
    link->changed = false;
    br_mqtt_filters_hang_up(link->filters);
    uv_timer_stop(&link->timer);
    wait_to_begin(link);
    if (was_announced)
        link->setup.on_down(link->setup.context);
}

/* A connection may end without a word of Paho, and an answer to a subscription may get lost: nobody has to
 * notice a silent feed and start the daemon again. */
static void check(struct br_mqtt_link *link)
{
    if (br_paho_connected(link->paho))
        subscribe(link);
    else
        went_down(link);
}

static void on_timer(uv_timer_t *timer)
{
    struct br_mqtt_link *link = timer->data;
    switch (link->state) {
    case STOPPING:
        finish(link);
        break;
    case UP:
        check(link);
        break;
    case CONNECTING:
        failed(link, "no answer");
        break;
    case WAITING:
        begin(link);
        break;
    case RESOLVING:
        break; /* no timer runs */
    }
}

/* Paho says nothing more of a connection that the broker has ended with a reason. */
static void take_news(struct br_mqtt_link *link, const struct news *news)
{
    if (news->connected)
        came_up(link, news->session_present, news->in_flight_max);
    if (news->codes)
        answered(link, news->codes, news->code_count);
    if (news->failed && link->state == CONNECTING)
        failed(link, news->why);
    if ((news->lost || news->reason) && link->state == UP) {
        link->reason = news->reason;
        went_down(link);
    }
}

static void on_news(uv_async_t *async)
{
    struct br_mqtt_link *link = async->data;
    uv_mutex_lock(&link->mutex);
    struct news news = link->news;
    link->news = (struct news){0};
    uv_mutex_unlock(&link->mutex);
    if (link->state != STOPPING)
        take_news(link, &news);
    else if (news.disconnected || news.lost || news.reason)
        finish(link);
    free(news.codes);
}

static struct news *news_begin(struct br_mqtt_link *link)
{
    uv_mutex_lock(&link->mutex);
    return &link->news;
}

static void news_end(struct br_mqtt_link *link)
{
    uv_mutex_unlock(&link->mutex);
    uv_async_send(&link->async);
}

static void on_connect(void *context, bool session_present, size_t in_flight_max)
{
    struct news *news = news_begin(context);
    news->connected = true;
    news->session_present = session_present;
    news->in_flight_max = in_flight_max;
    news_end(context);
}

static void on_failure(void *context, const char *why)
{
    struct news *news = news_begin(context);
    news->failed = true;
    snprintf(news->why, sizeof news->why, "%s", why);
    news_end(context);
}

static void on_reason(void *context, int reason)
{
    news_begin(context)->reason = reason;
    news_end(context);
}

static void on_lost(void *context)
{
    news_begin(context)->lost = true;
    news_end(context);
}

static void on_disconnected(void *context)
{
    news_begin(context)->disconnected = true;
    news_end(context);
}

static void on_subscribed(void *context, const int *codes, size_t count)
{
    int *copy = calloc(count, sizeof *copy);
    if (!copy)
        return; /* asked again when the connection is */
    memcpy(copy, codes, count * sizeof *copy);
    struct news *news = news_begin(context);
    free(news->codes);
    news->codes = copy;
    news->code_count = count;
    news_end(context);
}

static void on_message(void *context, const struct br_paho_message *message)
{
    struct br_mqtt_link *link = context;
    if (link->setup.on_message)
        link->setup.on_message(link->setup.context, message);
}

static void on_published(void *context, void *token, int code)
{
    struct br_mqtt_link *link = context;
    link->setup.on_published(link->setup.context, token, code);
}

static int open_client(struct br_mqtt_link *link)
{
    const struct br_mqtt_link_setup *setup = &link->setup;
    struct br_paho_setup paho = {
        .broker = setup->broker,
        .client_id = setup->client_id,
        .clean = setup->clean,
        .will_topic = setup->will_topic,
        .will_payload = setup->will_payload,
        .calls = {.on_connect = on_connect,
                  .on_failure = on_failure,
                  .on_reason = on_reason,
                  .on_lost = on_lost,
                  .on_subscribed = on_subscribed,
                  .on_message = on_message,
                  .on_published = on_published,
                  .on_disconnected = on_disconnected,
                  .context = link},
    };
    int error = br_paho_url_parse(setup->broker->url, &link->url);
    if (error == 0)
        link->paho = br_paho_open(&paho, &error);
    return error;
}

static void free_link(struct br_mqtt_link *link)
{
    br_paho_close(link->paho);
    br_mqtt_filters_close(link->filters);
    free(link);
}

/* No handle is on the loop yet when this fails, so that the caller has nothing to wait for. */
struct br_mqtt_link *br_mqtt_link_open(const struct br_mqtt_link_setup *setup, int *error)
{
    struct br_mqtt_link *link = calloc(1, sizeof *link);
    *error = -ENOMEM;
    if (!link)
        return NULL;
    link->setup = *setup;
    link->wait_ms = WAIT_MIN_MS;
    link->filters = br_mqtt_filters_open(setup->filters, setup->filter_count);
    if (link->filters)
        *error = open_client(link);
    if (*error == 0)
        *error = uv_mutex_init(&link->mutex);
    if (*error == 0 && (*error = uv_async_init(setup->loop, &link->async, on_news)) != 0)
        uv_mutex_destroy(&link->mutex);
    if (*error) {
        free_link(link);
        return NULL;
    }
    uv_timer_init(setup->loop, &link->timer);
    link->async.data = link->timer.data = link;
    link->handles = 2;
    begin(link);
    return link;
}

static void on_gone(void *context, const char *filter)
{
    struct br_mqtt_link *link = context;
    if (link->state == UP)
        br_paho_unsubscribe(link->paho, filter);
}

bool br_mqtt_link_change(struct br_mqtt_link *link, const struct br_mqtt_filter *filters, size_t count)
{
    if (!br_mqtt_filters_change(link->filters, filters, count, on_gone, link))
        return false;
    link->changed = br_mqtt_filters_asking(link->filters);
    if (link->state == UP && !link->changed)
        subscribe(link);
    return true;
}

bool br_mqtt_link_up(const struct br_mqtt_link *link)
{
    return link->announced;
}

size_t br_mqtt_link_in_flight_max(const struct br_mqtt_link *link)
{
    return link->announced ? link->in_flight_max : 0;
}

int br_mqtt_link_publish(struct br_mqtt_link *link, const struct br_paho_publication *publication,
                         void *token)
{
    return link->announced ? br_paho_publish(link->paho, publication, token) : -ENOTCONN;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct br_mqtt_link *link = handle->data;
    if (--link->handles > 0)
        return;
    void (*on_closed)(void *) = link->on_closed;
    void *context = link->closed_context;
    uv_mutex_destroy(&link->mutex);
    free(link->news.codes);
    free_link(link);
    on_closed(context);
}

/* The client goes first: until it is gone its threads may call. */
static void finish(struct br_mqtt_link *link)
{
    if (!link->paho)
        return;
    br_paho_close(link->paho);
    link->paho = NULL;
    uv_close((uv_handle_t *)&link->async, on_handle_closed);
    uv_close((uv_handle_t *)&link->timer, on_handle_closed);
}

void br_mqtt_link_close(struct br_mqtt_link *link, void (*on_closed)(void *context), void *context)
{
    enum state state = link->state;
    link->on_closed = on_closed;
    link->closed_context = context;
    link->state = STOPPING;
    link->announced = false;
    uv_timer_stop(&link->timer);
    if (state == RESOLVING)
        uv_cancel((uv_req_t *)&link->resolver); /* on_resolved finishes, cancelled or not */
    else if (state == UP && br_paho_disconnect(link->paho) == 0)
        uv_timer_start(&link->timer, on_timer, GOODBYE_MS, 0);
    else
        finish(link);
}
