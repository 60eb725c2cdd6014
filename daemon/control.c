/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/control.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST_MAX 4096

struct br_control {
    struct br_control_setup setup;
    uv_pipe_t server;
    char path[PATH_MAX];
    void (*on_closed)(void *context);
    void *closed_context;
};

/* One client: a request, an answer, the end. */
struct client {
    uv_pipe_t pipe;
    uv_write_t write;
    struct br_control *control;
    size_t size;
    char request[REQUEST_MAX];
};

static void socket_path(const char *state_dir, char path[PATH_MAX])
{
    const char *dir = getenv("RUNTIME_DIRECTORY");
    snprintf(path, PATH_MAX, "%s/control", dir && *dir ? dir : state_dir);
}

static void on_client_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_answered(uv_write_t *write, int status)
{
    struct client *client = write->data;
    (void)status;
    if (!uv_is_closing((uv_handle_t *)&client->pipe))
        uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

static void answer(struct client *client)
{
    struct br_control_setup *setup = &client->control->setup;
    struct br_view request = {client->request, client->size};
    const char *fault = setup->on_request(setup->context, request);
    int size = snprintf(client->request, sizeof client->request, "%s\n", fault ? fault : "ok");
    uv_buf_t buffer = uv_buf_init(client->request, (unsigned)size);
    client->write.data = client;
    uv_read_stop((uv_stream_t *)&client->pipe);
    if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &buffer, 1, on_answered) != 0)
        uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct client *client = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(client->request + client->size, (unsigned)(sizeof client->request - client->size));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct client *client = stream->data;
    if (got < 0) {
        uv_close((uv_handle_t *)stream, on_client_closed);
        return;
    }
    char *newline = memchr(buffer->base, '\n', (size_t)got);
    client->size += (size_t)got;
    if (newline) {
        client->size = (size_t)(newline - client->request);
        answer(client);
    }
}

static void on_connection(uv_stream_t *server, int status)
{
    struct br_control *control = server->data;
    struct client *client = status == 0 ? calloc(1, sizeof *client) : NULL;
    if (!client)
        return;
    client->control = control;
    uv_pipe_init(control->setup.loop, &client->pipe, 0);
    client->pipe.data = client;
    if (uv_accept(server, (uv_stream_t *)&client->pipe) != 0 ||
        uv_read_start((uv_stream_t *)&client->pipe, on_room, on_read) != 0)
        uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

static void on_server_closed(uv_handle_t *handle)
{
    struct br_control *control = handle->data;
    if (control->on_closed)
        control->on_closed(control->closed_context);
    free(control);
}

struct br_control *br_control_open(const struct br_control_setup *setup, int *error)
{
    struct br_control *control = calloc(1, sizeof *control);
    *error = -ENOMEM;
    if (!control)
        return NULL;
    control->setup = *setup;
    socket_path(setup->state_dir, control->path);
    unlink(control->path); /* of a process that died: the lock on state_dir says that there is none */
    uv_pipe_init(setup->loop, &control->server, 0);
    control->server.data = control;
    mode_t mask = umask(0177);
    *error = uv_pipe_bind(&control->server, control->path);
    umask(mask);
    if (*error == 0)
        *error = uv_listen((uv_stream_t *)&control->server, 8, on_connection);
    if (*error == 0)
        return control;
    uv_close((uv_handle_t *)&control->server, on_server_closed);
    return NULL;
}

void br_control_close(struct br_control *control, void (*on_closed)(void *context), void *context)
{
    control->on_closed = on_closed;
    control->closed_context = context;
    unlink(control->path);
    uv_close((uv_handle_t *)&control->server, on_server_closed);
}

static int exchange(int file, const char *request, char *answer_text, size_t size)
{
    size_t got = 0;
    ssize_t part = 1;
    if (dprintf(file, "%s\n", request) < 0)
        return -errno;
    while (got + 1 < size && part > 0 && !memchr(answer_text, '\n', got)) {
        part = read(file, answer_text + got, size - 1 - got);
        if (part < 0)
            return -errno;
        got += (size_t)part;
    }
    answer_text[got] = '\0';
    answer_text[strcspn(answer_text, "\n")] = '\0';
    return got > 0 ? 0 : -ECONNRESET;
}

static int ask_at(const char *path, const char *request, char *answer_text, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return -errno;
    int error = connect(file, (struct sockaddr *)&address, sizeof address) == 0
                    ? exchange(file, request, answer_text, size)
                    : -errno;
    close(file);
    return error;
}

int br_control_ask(const char *state_dir, const char *request, char *answer_text, size_t size)
{
    char path[PATH_MAX];
    socket_path(state_dir, path);
    int error = ask_at(path, request, answer_text, size);
    if (error == -ENOENT && !getenv("RUNTIME_DIRECTORY")) /* a shell does not know the service's */
        error = ask_at("/run/bruisd/control", request, answer_text, size);
    return error;
}
