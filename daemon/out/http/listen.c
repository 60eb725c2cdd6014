/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/http/listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 511
#define HOST_SIZE 64
#define PORT_SIZE 8

union name {
    struct sockaddr any;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
};

/* Splits at the last colon and takes the brackets off. */
static bool split(const char *address, char host[HOST_SIZE], char port[PORT_SIZE])
{
    const char *colon = strrchr(address, ':');
    size_t size = colon ? (size_t)(colon - address) : 0;
    if (size == 0 || colon[1] == '\0' || strlen(colon + 1) >= PORT_SIZE)
        return false;
    snprintf(port, PORT_SIZE, "%s", colon + 1);
    bool brackets = address[0] == '[' && address[size - 1] == ']';
    if (brackets) {
        address++;
        size -= 2;
    }
    if (size == 0 || size >= HOST_SIZE || (!brackets && memchr(address, ':', size)))
        return false;
    memcpy(host, address, size);
    host[size] = '\0';
    return true;
}

static int bind_and_listen(int fd, const struct addrinfo *info)
{
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
        return -errno;
    return 0;
}

static struct addrinfo *look_up(const char *address)
{
    char host[HOST_SIZE], port[PORT_SIZE];
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *info = NULL;
    return split(address, host, port) && getaddrinfo(host, port, &hints, &info) == 0 ? info : NULL;
}

int br_listen_open(const char *address)
{
    struct addrinfo *info = look_up(address);
    if (!info)
        return -EINVAL;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = fd < 0 ? -errno : bind_and_listen(fd, info);
    freeaddrinfo(info);
    if (error == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return error;
}

int br_listen_take(int passed)
{
    int fd = fcntl(passed, F_DUPFD_CLOEXEC, 0);
    int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
    if (flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0)
        return fd;
    int error = -errno;
    if (fd >= 0)
        close(fd);
    return error;
}

static int name_of(int fd, union name *name)
{
    socklen_t size = sizeof *name;
    return getsockname(fd, &name->any, &size) == 0 ? 0 : -errno;
}

bool br_listen_is(int fd, const char *address)
{
    union name name = {0};
    struct addrinfo *info = look_up(address);
    bool is_same = info && name_of(fd, &name) == 0 && name.any.sa_family == info->ai_family;
    if (is_same && name.any.sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)info->ai_addr;
        is_same = in6->sin6_port == name.in6.sin6_port &&
                  memcmp(&in6->sin6_addr, &name.in6.sin6_addr, sizeof in6->sin6_addr) == 0;
    } else if (is_same) {
        const struct sockaddr_in *in4 = (const void *)info->ai_addr;
        is_same = in4->sin_port == name.in4.sin_port && in4->sin_addr.s_addr == name.in4.sin_addr.s_addr;
    }
    if (info)
        freeaddrinfo(info);
    return is_same;
}

int br_listen_port(int fd)
{
    union name name = {0};
    int error = name_of(fd, &name);
    if (error != 0)
        return error;
    if (name.any.sa_family == AF_INET6)
        return ntohs(name.in6.sin6_port);
    return ntohs(name.in4.sin_port);
}

bool br_listen_is_local(int fd)
{
    union name name = {0};
    if (name_of(fd, &name) != 0)
        return false;
    if (name.any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&name.in6.sin6_addr);
    return ntohl(name.in4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}
