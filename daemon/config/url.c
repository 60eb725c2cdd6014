/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/value.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

/* Whether a scheme is one of the words. */
static bool is_scheme(const char *scheme, size_t size, const char *schemes)
{
    while (*schemes) {
        size_t word_size = strcspn(schemes, " ");
        if (word_size == size && strncmp(schemes, scheme, size) == 0)
            return true;
        schemes += word_size + (schemes[word_size] == ' ');
    }
    return false;
}

static bool is_port(const char *text, size_t size)
{
    int port = 0;
    for (size_t i = 0; i < size; i++)
        if (text[i] < '0' || text[i] > '9' || (port = 10 * port + (text[i] - '0')) > 65535)
            return false;
    return size > 0;
}

static bool is_ip(int family, const char *text, size_t size)
{
    char address[INET6_ADDRSTRLEN];
    unsigned char bytes[sizeof(struct in6_addr)];
    if (size == 0 || size >= sizeof address)
        return false;
    memcpy(address, text, size);
    address[size] = '\0';
    return inet_pton(family, address, bytes) == 1;
}

static bool is_host(const char *text, size_t size)
{
    if (size > 2 && text[0] == '[' && text[size - 1] == ']')
        return is_ip(AF_INET6, text + 1, size - 2);
    for (size_t i = 0; i < size; i++) {
        char byte = text[i];
        bool letter =
            (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
        if (!letter && byte != '.' && byte != '-' && byte != '_')
            return false;
    }
    return size > 0 && size <= 253 && text[0] != '.' && text[0] != '-';
}

/* HOST or HOST:PORT. */
static const char *authority_fault(const char *text, size_t size)
{
    if (memchr(text, '@', size))
        return "it must not hold a user or a password: those are keys of their own";
    const char *colon = memrchr(text, ':', size), *bracket = memrchr(text, ']', size);
    size_t host_size = colon && (!bracket || colon > bracket) ? (size_t)(colon - text) : size;
    if (!is_host(text, host_size))
        return "there is no host in it";
    if (host_size < size && (!is_port(colon + 1, size - host_size - 1) || atoi(colon + 1) == 0))
        return "the port must be 1 to 65535";
    return NULL;
}

static const char *url_fault(const char *text, const char *schemes)
{
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at <= 0x20 || (unsigned char)*at >= 0x7f || strchr("\"<>\\^`{|}", *at))
            return "it holds a character that no URL has";
    size_t scheme_size = strcspn(text, ":");
    if (!is_scheme(text, scheme_size, schemes) || text[scheme_size] == '\0')
        return "it must begin with";
    const char *rest = text + scheme_size + 1;
    if (strncmp(text, "mailto:", strlen("mailto:")) == 0)
        return strchr(rest, '@') ? NULL : "there is no address in it";
    if (strncmp(text, "tel:", strlen("tel:")) == 0)
        return *rest ? NULL : "there is no number in it";
    if (strncmp(rest, "//", 2) != 0)
        return "// is missing behind the colon";
    rest += 2;
    if (strncmp(text, "unix:", strlen("unix:")) == 0)
        return rest[0] == '/' && rest[1] ? NULL : "a socket is unix:///path";
    size_t size = strcspn(rest, "/?#");
    const char *fault = authority_fault(rest, size);
    if (!fault && strncmp(text, "mqtt", strlen("mqtt")) == 0 && rest[size] && strcmp(rest + size, "/") != 0)
        return "nothing can follow the host and the port";
    return fault;
}

bool br_config_url(const char *text, const char *schemes, char why[BR_WHY_SIZE])
{
    const char *fault = url_fault(text, schemes);
    if (!fault)
        return true;
    /* The text may hold a password: it is not repeated. */
    if (strcmp(fault, "it must begin with") == 0)
        snprintf(why, BR_WHY_SIZE, "is no URL that can be used here: it must begin with one of %s", schemes);
    else
        snprintf(why, BR_WHY_SIZE, "is no URL that can be used here: %s", fault);
    return false;
}

bool br_config_listen(const char *text, char why[BR_WHY_SIZE])
{
    const char *colon = strrchr(text, ':');
    size_t size = colon ? (size_t)(colon - text) : 0;
    bool is_v6 = size > 2 && text[0] == '[' && text[size - 1] == ']';
    bool known = is_v6 ? is_ip(AF_INET6, text + 1, size - 2) : is_ip(AF_INET, text, size);
    if (known && is_port(colon + 1, strlen(colon + 1)))
        return true;
    snprintf(why, BR_WHY_SIZE, "'%.64s' is no address to listen on: write 127.0.0.1:8080 or [::1]:8080",
             text);
    return false;
}

bool br_config_network(const char *text, char why[BR_WHY_SIZE])
{
    size_t size = strcspn(text, "/");
    bool is_v4 = is_ip(AF_INET, text, size), is_v6 = is_ip(AF_INET6, text, size);
    const char *bits = text[size] == '/' ? text + size + 1 : NULL;
    bool bits_known = !bits || (is_port(bits, strlen(bits)) && atoi(bits) <= (is_v4 ? 32 : 128));
    if ((is_v4 || is_v6) && bits_known)
        return true;
    snprintf(why, BR_WHY_SIZE, "'%.64s' is no address: write 10.0.0.7, 10.0.0.0/8 or fd00::/8", text);
    return false;
}

bool br_config_email(const char *text, char why[BR_WHY_SIZE])
{
    const char *at = strchr(text, '@');
    bool blank = strpbrk(text, " \t\r\n<>\",;:") != NULL;
    if (at && at != text && at[1] && !strchr(at + 1, '@') && !blank)
        return true;
    snprintf(why, BR_WHY_SIZE, "'%.80s' is no e-mail address", text);
    return false;
}
