/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* libcurl says which sockets and which time to watch; the loop watches them and tells libcurl. */
#include "daemon/out/influx_http.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <zlib.h>

#define CONNECT_TIMEOUT_S 10L
#define TIMEOUT_S 60L /* a server that takes longer hangs */
#define BODY_MAX 4096 /* of an answer: the rest is not read */
#define URL_SIZE 2048
#define GZIP_BITS (MAX_WBITS + 16)

/* A socket that libcurl wants watched. */
struct watch {
    uv_poll_t poll;
    struct watch *next;
    struct br_influx_http *http;
    curl_socket_t socket;
};

struct br_influx_http {
    struct br_influx_http_setup setup;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    uv_timer_t timer;
    struct watch *watches;
    bool busy, closing;
    char *body;
    size_t handles; /* that the loop still holds */
    char answer[BODY_MAX], retry_after[64], error[CURL_ERROR_SIZE];
    size_t answer_size;
    void (*on_closed)(void *context);
    void *closed_context;
};

/* ---- the answer */

static size_t on_body(char *bytes, size_t one, size_t size, void *context)
{
    struct br_influx_http *http = context;
    size_t room = sizeof http->answer - http->answer_size, taken = size < room ? size : room;
    (void)one;
    memcpy(http->answer + http->answer_size, bytes, taken);
    http->answer_size += taken;
    return size;
}

static size_t on_header(char *bytes, size_t one, size_t size, void *context)
{
    static const char name[] = "retry-after:";
    struct br_influx_http *http = context;
    (void)one;
    if (size <= strlen(name) || strncasecmp(bytes, name, strlen(name)) != 0)
        return size;
    size_t from = strlen(name), to = size;
    while (from < to && (bytes[from] == ' ' || bytes[from] == '\t'))
        from++;
    while (to > from && (unsigned char)bytes[to - 1] <= ' ')
        to--;
    snprintf(http->retry_after, sizeof http->retry_after, "%.*s", (int)(to - from), bytes + from);
    return size;
}

static void release(struct br_influx_http *http)
{
    curl_multi_remove_handle(http->multi, http->easy);
    curl_slist_free_all(http->headers);
    http->headers = NULL;
    free(http->body);
    http->body = NULL;
    http->busy = false;
}

static void answered(struct br_influx_http *http, CURLcode code)
{
    struct br_influx_answer answer;
    long status = 0;
    curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK) {
        struct br_view body = {http->answer, http->answer_size};
        br_influx_judge((int)status, body, http->retry_after, (int64_t)time(NULL), &answer);
    } else {
        const char *why = http->error[0] ? http->error : curl_easy_strerror(code);
        answer = (struct br_influx_answer){.verdict = BR_INFLUX_HOLD, .wait_ms = -1};
        snprintf(answer.why, sizeof answer.why, "%.150s", why);
    }
    release(http);
    http->setup.on_answer(http->setup.context, &answer);
}

static void look(struct br_influx_http *http)
{
    int left;
    CURLMsg *message = http->closing ? NULL : curl_multi_info_read(http->multi, &left);
    if (message && message->msg == CURLMSG_DONE)
        answered(http, message->data.result);
}

/* ---- the loop */

static void on_handle_closed(uv_handle_t *handle)
{
    struct br_influx_http *http = handle->data;
    if (--http->handles > 0 || !http->closing)
        return;
    void (*on_closed)(void *) = http->on_closed;
    void *context = http->closed_context;
    free(http);
    if (on_closed)
        on_closed(context);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct br_influx_http *http = watch->http;
    free(watch);
    uv_handle_t as_handle = {.data = http};
    on_handle_closed(&as_handle);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct br_influx_http *http = watch->http;
    int running, what = status < 0 ? CURL_CSELECT_ERR : 0;
    what |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    what |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    curl_multi_socket_action(http->multi, watch->socket, what, &running);
    look(http);
}

static struct watch *watch_open(struct br_influx_http *http, curl_socket_t socket)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch || uv_poll_init_socket(http->setup.loop, &watch->poll, socket) != 0) {
        free(watch);
        return NULL;
    }
    watch->http = http;
    watch->socket = socket;
    watch->poll.data = watch;
    watch->next = http->watches;
    http->watches = watch;
    http->handles++;
    curl_multi_assign(http->multi, socket, watch);
    return watch;
}

static void watch_close(struct watch *watch)
{
    struct watch **at = &watch->http->watches;
    while (*at != watch)
        at = &(*at)->next;
    *at = watch->next;
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *known)
{
    struct br_influx_http *http = context;
    struct watch *watch = known;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            watch_close(watch);
        curl_multi_assign(http->multi, socket, NULL);
        return 0;
    }
    if (!watch)
        watch = watch_open(http, socket);
    if (!watch)
        return -1;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    uv_poll_start(&watch->poll, events, on_ready);
    return 0;
}

static void on_timer(uv_timer_t *timer)
{
    struct br_influx_http *http = timer->data;
    int running;
    curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    look(http);
}

static int on_timeout(CURLM *multi, long timeout_ms, void *context)
{
    struct br_influx_http *http = context;
    (void)multi;
    if (timeout_ms < 0)
        uv_timer_stop(&http->timer);
    else
        uv_timer_start(&http->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

/* ---- a request */

static void add_parameter(char url[URL_SIZE], const char *name, const char *value)
{
    size_t size = strlen(url);
    char *escaped = value ? curl_easy_escape(NULL, value, 0) : NULL;
    if (escaped)
        snprintf(url + size, URL_SIZE - size, "%c%s=%s", strchr(url, '?') ? '&' : '?', name, escaped);
    curl_free(escaped);
}

static const char *precision_word(const struct br_config_publish_influxdb *config)
{
    static const char *const words[][3] = {{"ns", "n", "nanosecond"},
                                           {"us", "u", "microsecond"},
                                           {"ms", "ms", "millisecond"},
                                           {"s", "s", "second"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i][0], config->precision) == 0)
            return config->api == 1 ? words[i][1] : config->api == 2 ? words[i][0] : words[i][2];
    return "ms";
}

static void make_url(const struct br_config_publish_influxdb *config, enum br_influx_target target,
                     char url[URL_SIZE])
{
    static const char *const paths[4][2] = {[1] = {"/write", "/query"},
                                            [2] = {"/api/v2/write", "/api/v2/delete"},
                                            [3] = {"/api/v3/write_lp", ""}};
    bool is_unix = strncmp(config->url, "unix://", 7) == 0;
    size_t size = strlen(config->url);
    while (size > 0 && config->url[size - 1] == '/')
        size--;
    snprintf(url, URL_SIZE, "%.*s%s", is_unix ? 16 : (int)size, is_unix ? "http://localhost" : config->url,
             paths[config->api][target]);
    add_parameter(url, config->api == 2 ? "org" : "db",
                  config->api == 1   ? config->database
                  : config->api == 2 ? config->org
                                     : config->bucket);
    if (config->api == 2)
        add_parameter(url, "bucket", config->bucket);
    if (target == BR_INFLUX_WRITE && config->api == 1)
        add_parameter(url, "rp", config->retention_policy);
    if (target == BR_INFLUX_WRITE)
        add_parameter(url, "precision", precision_word(config));
}

static bool add_header(struct br_influx_http *http, const char *header)
{
    struct curl_slist *headers = curl_slist_append(http->headers, header);
    if (headers)
        http->headers = headers;
    return headers != NULL;
}

/* NULL where there is none; *error where it cannot be read. */
static char *read_secret(const struct br_config_secret *secret, int *error)
{
    size_t size;
    if (!secret->credential && !secret->file)
        return NULL;
    errno = 0;
    char *text = br_config_secret_read(secret, &size);
    if (!text)
        *error = errno ? -errno : -EIO;
    return text;
}

static void forget_secret(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

static int set_login(struct br_influx_http *http)
{
    const struct br_config_publish_influxdb *config = http->setup.config;
    char header[4096];
    int error = 0;
    char *password = read_secret(&config->password, &error), *token = read_secret(&config->token, &error);
    if (config->username && !error) {
        curl_easy_setopt(http->easy, CURLOPT_USERNAME, config->username);
        curl_easy_setopt(http->easy, CURLOPT_PASSWORD, password ? password : "");
    }
    if (token && !error) {
        snprintf(header, sizeof header, "Authorization: %s %s", config->api == 3 ? "Bearer" : "Token", token);
        error = add_header(http, header) ? 0 : -ENOMEM;
        explicit_bzero(header, sizeof header);
    }
    forget_secret(password);
    forget_secret(token);
    return error;
}

static void set_tls(struct br_influx_http *http)
{
    const struct br_config_publish_influxdb *config = http->setup.config;
    char path[PATH_MAX];
    curl_easy_setopt(http->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (config->ca_file)
        curl_easy_setopt(http->easy, CURLOPT_CAINFO, config->ca_file);
    if (br_config_secret_path(&config->cert, path, sizeof path) == 0)
        curl_easy_setopt(http->easy, CURLOPT_SSLCERT, path);
    if (br_config_secret_path(&config->key, path, sizeof path) == 0)
        curl_easy_setopt(http->easy, CURLOPT_SSLKEY, path);
}

/* The body as gzip, or NULL. */
static char *pack(struct br_view body, size_t *size)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)body.data, .avail_in = (uInt)body.size};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    uLong room = deflateBound(&stream, (uLong)body.size) + 32;
    char *packed = malloc(room);
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)room;
    bool is_packed = packed && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    *size = stream.total_out;
    deflateEnd(&stream);
    if (is_packed)
        return packed;
    free(packed);
    return NULL;
}

static int set_body(struct br_influx_http *http, enum br_influx_target target, struct br_view body)
{
    const struct br_config_publish_influxdb *config = http->setup.config;
    size_t size = body.size;
    const char *type = target == BR_INFLUX_WRITE ? "Content-Type: text/plain; charset=utf-8"
                       : config->api == 1        ? "Content-Type: application/x-www-form-urlencoded"
                                                 : "Content-Type: application/json";
    if (!add_header(http, type) || !add_header(http, "Expect:"))
        return -ENOMEM;
    if (config->gzip && target == BR_INFLUX_WRITE) {
        http->body = pack(body, &size);
        if (!http->body || !add_header(http, "Content-Encoding: gzip"))
            return -ENOMEM;
    } else if (target == BR_INFLUX_DELETE && config->api == 1) {
        char *escaped = curl_easy_escape(NULL, body.data, (int)body.size);
        if (!escaped || asprintf(&http->body, "q=%s", escaped) < 0)
            http->body = NULL;
        curl_free(escaped);
        size = http->body ? strlen(http->body) : 0;
    } else if ((http->body = malloc(size + 1)) != NULL) {
        memcpy(http->body, body.data, size);
    }
    if (!http->body)
        return -ENOMEM;
    curl_easy_setopt(http->easy, CURLOPT_POSTFIELDS, http->body);
    curl_easy_setopt(http->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    return 0;
}

static void set_all(struct br_influx_http *http, enum br_influx_target target)
{
    const struct br_config_publish_influxdb *config = http->setup.config;
    char url[URL_SIZE];
    make_url(config, target, url);
    curl_easy_reset(http->easy);
    curl_easy_setopt(http->easy, CURLOPT_URL, url);
    curl_easy_setopt(http->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(http->easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(http->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(http->easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    curl_easy_setopt(http->easy, CURLOPT_TIMEOUT, TIMEOUT_S);
    curl_easy_setopt(http->easy, CURLOPT_ERRORBUFFER, http->error);
    curl_easy_setopt(http->easy, CURLOPT_USERAGENT, "bruisd/" BR_VERSION);
    curl_easy_setopt(http->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(http->easy, CURLOPT_WRITEDATA, http);
    curl_easy_setopt(http->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(http->easy, CURLOPT_HEADERDATA, http);
    if (strncmp(config->url, "unix://", 7) == 0)
        curl_easy_setopt(http->easy, CURLOPT_UNIX_SOCKET_PATH, config->url + 7);
    set_tls(http);
}

int br_influx_http_post(struct br_influx_http *http, enum br_influx_target target, struct br_view body)
{
    if (http->busy || http->closing)
        return -EBUSY;
    http->answer_size = 0;
    http->retry_after[0] = http->error[0] = '\0';
    set_all(http, target);
    int error = set_login(http);
    if (!error)
        error = set_body(http, target, body);
    curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, http->headers);
    http->busy = true;
    if (!error && curl_multi_add_handle(http->multi, http->easy) != CURLM_OK)
        error = -ENOMEM;
    if (error)
        release(http);
    return error;
}

/* ---- open and close */

bool br_influx_http_can_delete(const struct br_influx_http *http)
{
    return http->setup.config->api != 3;
}

bool br_influx_http_busy(const struct br_influx_http *http)
{
    return http->busy;
}

struct br_influx_http *br_influx_http_open(const struct br_influx_http_setup *setup, int *error)
{
    struct br_influx_http *http = calloc(1, sizeof *http);
    *error = -ENOMEM;
    if (!http || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(http);
        return NULL;
    }
    http->setup = *setup;
    http->multi = curl_multi_init();
    http->easy = curl_easy_init();
    if (!http->multi || !http->easy) {
        curl_easy_cleanup(http->easy);
        curl_multi_cleanup(http->multi);
        free(http);
        return NULL;
    }
    uv_timer_init(setup->loop, &http->timer); /* never fails */
    http->timer.data = http;
    http->handles = 1;
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    *error = 0;
    return http;
}

/* The sockets go while libcurl is cleaned up; what it does not tell of goes after it. */
void br_influx_http_close(struct br_influx_http *http, void (*on_closed)(void *context), void *context)
{
    http->closing = true;
    http->on_closed = on_closed;
    http->closed_context = context;
    if (http->busy)
        release(http);
    curl_easy_cleanup(http->easy);
    curl_multi_cleanup(http->multi);
    while (http->watches)
        watch_close(http->watches);
    uv_close((uv_handle_t *)&http->timer, on_handle_closed);
}
