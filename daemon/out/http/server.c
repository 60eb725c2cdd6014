/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* libmicrohttpd on our loop: it keeps its sockets in an epoll of its own, whose descriptor we poll; a timer
 * wakes it for idle connections. It calls us only from MHD_run, so that everything here is on the loop's
 * thread. */
#include "daemon/out/http/server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <microhttpd.h>

#include "daemon/out/http/listen.h"
#include "daemon/out/http/send.h"
#include "daemon/out/http/site.h"

#define CONNECTIONS_MAX 512u
#define CONNECTIONS_OPS_MAX 32u
#define CONNECTIONS_ADDRESS_MAX 64u     /* of one address, where it is the reader's own */
#define CONNECTION_MEMORY (size_t)16384 /* request and headers of the answer */
#define IDLE_S 30u
#define LOOK_EVERY 64u /* events, at whether there are descriptors left */
#define REST_MS 100
#define DRAIN_NS UINT64_C(50000000)

struct listener {
    struct br_http *http;
    const char *name;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    int port;
    bool ops;
    bool resting;    /* there are no descriptors: nobody can come in */
    unsigned events; /* of the descriptor */
};

struct br_http {
    struct br_http_setup setup;
    struct br_site *site;
    bool tls;
    struct listener listeners[2]; /* public, ops */
    struct br_pasts *pasts;       /* requests that wait for the history; NULL: there is none */
    size_t handle_count;          /* that the loop still holds, and one for all that wait */
    void (*on_closed)(void *context);
    void *closed_context;
};

/* What is known of a request before it is answered. */
struct pending {
    struct listener *listener;
    struct MHD_Connection *connection;
    struct br_past past;
    bool seen;
    char target[];
};

static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    size_t size = strlen(target) + 1;
    struct pending *pending = calloc(1, sizeof *pending + size);
    if (!pending)
        return NULL;
    pending->listener = context;
    pending->connection = connection;
    pending->past.owner = pending;
    memcpy(pending->target, target, size);
    return pending;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    struct pending *pending = *state;
    if (pending && pending->listener->http->pasts)
        br_past_drop(pending->listener->http->pasts, &pending->past);
    free(pending);
    *state = NULL;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool has_body(struct MHD_Connection *connection)
{
    const char *length = header(connection, "Content-Length");
    return header(connection, "Transfer-Encoding") || (length && length[strspn(length, "0")] != '\0');
}

/* Called first with the headers alone: then a body is refused, before it is read. What has none is answered
 * at the second call, which leaves the connection open for more. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    (void)url;
    (void)version;
    (void)upload;
    struct listener *listener = context;
    struct br_http *http = listener->http;
    struct pending *pending = *state;
    struct br_request request = {
        .method = method, .accept = header(connection, "Accept"), .has_body = has_body(connection)};
    if (!pending || *upload_size > 0)
        return MHD_NO;
    if (!pending->seen && !request.has_body) {
        pending->seen = true;
        return MHD_YES;
    }
    request.target = pending->target;
    request.past = http->pasts && !listener->ops ? &pending->past : NULL;
    struct br_send how = {.now_utc_ms = http->setup.now_utc_ms(http->setup.context),
                          .open = !listener->ops,
                          .tls = http->tls && !listener->ops,
                          .close = request.has_body};
    struct br_answer *answer =
        listener->ops ? br_site_answer_ops(http->site, &request) : br_site_answer(http->site, &request);
    if (!answer && pending->past.is_asked && br_pasts_wait(http->pasts, &pending->past)) {
        MHD_suspend_connection(connection);
        return MHD_YES;
    }
    return br_send_answer(connection, answer, &how);
}

__attribute__((format(printf, 2, 0))) static void on_library_log(void *context, const char *format,
                                                                 va_list arguments)
{
    struct listener *listener = context;
    struct br_http *http = listener->http;
    char text[160];
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\r\n")] = '\0';
    br_log_often(http->setup.log, BR_LOG_WARNING, "http", listener->name, "library", text,
                 http->setup.now_utc_ms(http->setup.context));
}

static void on_timer(uv_timer_t *timer);

/* The library may have more to do than the descriptor tells: a timeout of 0 runs it at the loop's next turn.
 */
static void run(struct listener *listener)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    MHD_run(listener->daemon);
    if (listener->resting)
        return; /* the timer ends the rest */
    if (MHD_get_timeout(listener->daemon, &timeout_ms) == MHD_YES)
        uv_timer_start(&listener->timer, on_timer, timeout_ms, 0);
    else
        uv_timer_stop(&listener->timer);
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_timer(uv_timer_t *timer)
{
    struct listener *listener = timer->data;
    if (listener->resting)
        uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    listener->resting = false;
    run(listener);
}

static bool has_descriptors(void)
{
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return errno != EMFILE && errno != ENFILE;
    close(fd);
    return true;
}

/* Who cannot be let in for want of descriptors stands at the door, and the door says so again and again: then
 * it is looked at less often. */
static void rest(struct listener *listener)
{
    listener->resting = true;
    uv_poll_stop(&listener->poll);
    uv_timer_start(&listener->timer, on_timer, REST_MS, 0);
}

/* A request that waited is answered, or asks again. The library does that when it runs; not at once, for this
 * comes for all of them when they are closed. */
static void on_ready(void *owner)
{
    struct pending *pending = owner;
    struct listener *listener = pending->listener;
    MHD_resume_connection(pending->connection);
    if (listener->poll.data)
        uv_timer_start(&listener->timer, on_timer, 0, 0);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct listener *listener = poll->data;
    run(listener);
    if (++listener->events % LOOK_EVERY == 0 && !has_descriptors())
        rest(listener);
}

/* Many readers behind one proxy look like one address: then there is no limit for each. */
static unsigned address_max(const struct br_http *http, int fd)
{
    bool proxied = br_listen_is_local(fd) || http->setup.config->http.trusted_proxies.count > 0;
    return proxied ? 0 : CONNECTIONS_ADDRESS_MAX;
}

/* Takes the socket over when it gives a daemon. On failure the library may have closed the socket or not, so
 * that it is left alone. */
static struct MHD_Daemon *daemon_start(struct listener *listener, int fd)
{
    unsigned connections = listener->ops ? CONNECTIONS_OPS_MAX : CONNECTIONS_MAX;
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                            on_request, listener, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, listener,
                            MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, on_target, listener,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_TIMEOUT,
                            IDLE_S, MHD_OPTION_CONNECTION_LIMIT, connections,
                            MHD_OPTION_PER_IP_CONNECTION_LIMIT, address_max(listener->http, fd),
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
                            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

/* The socket that was passed, else one of our own. */
static int listener_socket(const struct listener *listener, const char *address)
{
    const struct br_http_setup *setup = &listener->http->setup;
    const int *passed = setup->passed[listener->ops];
    if (!passed)
        return br_listen_open(address);
    if (address && !br_listen_is(*passed, address))
        br_log(setup->log, BR_LOG_WARNING, "http_socket_passed",
               "key=%s address=%s reason=\"the service manager's socket listens elsewhere and is used\"",
               listener->name, address);
    return br_listen_take(*passed);
}

static int listener_start(struct listener *listener, const char *address)
{
    int fd = listener_socket(listener, address);
    if (fd < 0)
        return fd;
    listener->port = br_listen_port(fd);
    errno = 0;
    listener->daemon = daemon_start(listener, fd);
    if (listener->daemon)
        return 0;
    return errno != 0 ? -errno : -ENOMEM;
}

static void release(struct br_http *http)
{
    if (--http->handle_count > 0)
        return;
    void (*on_closed)(void *context) = http->on_closed;
    void *context = http->closed_context;
    br_site_close(http->site);
    free(http);
    if (on_closed)
        on_closed(context);
}

static void on_handle_closed(uv_handle_t *handle)
{
    release(((struct listener *)handle->data)->http);
}

static void on_pasts_closed(void *context)
{
    release(context);
}

static int listener_watch(struct listener *listener)
{
    struct br_http *http = listener->http;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int error = info ? uv_poll_init(http->setup.loop, &listener->poll, info->epoll_fd) : UV_ENOTSUP;
    if (error != 0)
        return error;
    uv_timer_init(http->setup.loop, &listener->timer); /* never fails */
    listener->poll.data = listener->timer.data = listener;
    http->handle_count += 2;
    error = uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    if (error == 0)
        run(listener);
    return error;
}

/* Who has come in is answered, who comes now waits for the next server, where the socket stays. Idle readers
 * that keep their connection are waited for as well, so not for long. */
static void listener_drain(struct listener *listener)
{
    const union MHD_DaemonInfo *epoll = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int fd = MHD_quiesce_daemon(listener->daemon);
    uint64_t until_ns = uv_hrtime() + DRAIN_NS;
    for (;;) {
        const union MHD_DaemonInfo *info =
            MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
        if (!epoll || !info || info->num_connections == 0 || uv_hrtime() >= until_ns)
            break;
        struct pollfd poll_fd = {.fd = epoll->epoll_fd, .events = POLLIN};
        poll(&poll_fd, 1, 5);
        MHD_run(listener->daemon);
    }
    if (fd >= 0)
        close(fd);
}

static void listener_stop(struct listener *listener)
{
    if (!listener->daemon)
        return;
    if (listener->poll.data)
        listener_drain(listener);
    if (listener->poll.data) { /* the loop holds the handles: first out of the loop, then the descriptor */
        uv_close((uv_handle_t *)&listener->poll, on_handle_closed);
        uv_close((uv_handle_t *)&listener->timer, on_handle_closed);
    }
    MHD_stop_daemon(listener->daemon);
    listener->daemon = NULL;
}

static int start_all(struct br_http *http)
{
    const struct br_config_publish_http *config = &http->setup.config->http;
    const char *addresses[2] = {config->listen, config->ops_listen};
    int error = 0;
    for (size_t i = 0; i < 2 && error == 0; i++) {
        http->listeners[i] = (struct listener){
            .http = http, .name = i == 0 ? "listen" : "ops_listen", .port = -1, .ops = i == 1};
        if (addresses[i] || http->setup.passed[i])
            error = listener_start(&http->listeners[i], addresses[i]);
        if (error != 0)
            br_log(http->setup.log, BR_LOG_ERR, "http_listen", "key=%s address=%s err=%s",
                   http->listeners[i].name, addresses[i] ? addresses[i] : "passed", strerror(-error));
    }
    if (error == 0 && !http->listeners[0].daemon && !http->listeners[1].daemon)
        return -EINVAL;
    for (size_t i = 0; i < 2 && error == 0; i++)
        if (http->listeners[i].daemon && (http->listeners[i].ops || !http->setup.wait))
            error = listener_watch(&http->listeners[i]);
    return error;
}

static bool is_https(const struct br_config *config)
{
    const char *url = config->http.public_url;
    return url && strncmp(url, "https://", 8) == 0;
}

struct br_http *br_http_open(const struct br_http_setup *setup, int *error)
{
    struct br_http *http = calloc(1, sizeof *http);
    *error = -ENOMEM;
    if (!http)
        return NULL;
    http->setup = *setup;
    http->tls = is_https(setup->config);
    http->handle_count = 1;
    http->site = br_site_open(&http->setup);
    if (setup->history)
        http->pasts = br_pasts_open(setup->history, on_ready);
    bool has_parts = http->site && (http->pasts || !setup->history);
    if (has_parts)
        *error = start_all(http);
    if (has_parts && *error == 0)
        return http;
    br_http_close(http, NULL, NULL);
    return NULL;
}

void br_http_serve(struct br_http *http)
{
    struct listener *listener = &http->listeners[0];
    if (!listener->daemon || listener->poll.data)
        return;
    int error = listener_watch(listener);
    if (error != 0)
        br_log(http->setup.log, BR_LOG_ERR, "http_listen", "key=%s err=%s", listener->name, strerror(-error));
}

bool br_http_fits(const struct br_http *http, const struct br_config *config)
{
    const struct br_config_publish_http *a = &http->setup.config->http, *b = &config->http;
    return b->enabled && br_config_same(a->listen, b->listen) &&
           br_config_same(a->ops_listen, b->ops_listen) &&
           (a->trusted_proxies.count > 0) == (b->trusted_proxies.count > 0);
}

/* What was rendered under the old configuration goes with the site. */
int br_http_change(struct br_http *http, const struct br_config *config, const struct br_regions *regions)
{
    struct br_http_setup before = http->setup;
    http->setup.config = config;
    http->setup.regions = regions;
    struct br_site *site = br_site_open(&http->setup);
    if (!site) {
        http->setup = before;
        return -ENOMEM;
    }
    br_site_close(http->site);
    http->site = site;
    http->tls = is_https(config);
    return 0;
}

int br_http_port(const struct br_http *http)
{
    return http->listeners[0].port;
}

int br_http_ops_port(const struct br_http *http)
{
    return http->listeners[1].port;
}

void br_http_close(struct br_http *http, void (*on_closed)(void *context), void *context)
{
    http->on_closed = on_closed;
    http->closed_context = context;
    if (http->pasts)
        br_pasts_stop(http->pasts); /* the library stops only when nobody waits */
    listener_stop(&http->listeners[0]);
    listener_stop(&http->listeners[1]);
    if (http->pasts)
        br_pasts_close(http->pasts, on_pasts_closed, http);
    else
        release(http);
}
