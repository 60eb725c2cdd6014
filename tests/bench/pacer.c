/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Publishes readings of car parks at a steady pace: messages of 300 bytes over MQTT 3.1.1, those of a
 * millisecond in one write. All packets are made before; only time, number and packet id are written into
 * them.
 *
 *     pacer PORT PREFIX QOS RATE SECONDS SENSORS     topics PREFIX/00000 and on
 *
 * Prints how many were sent, in how many seconds, how late the latest write was, and how many were
 * acknowledged. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAYLOAD_SIZE 300
#define PACKET_SIZE 512
#define TICK_NS INT64_C(1000000)
#define IN_FLIGHT_MAX 60000 /* packet ids are 16 bits */
#define ACK_MS 10000        /* after the last message */

/* PUBLISH (MQTT 3.1.1, section 3.3):  30 | qos << 1, length (2 bytes), topic size, topic, [packet id],
 * payload */
struct packet {
    unsigned char bytes[PACKET_SIZE];
    size_t size, id_at, time_at, free_at;
};

struct pacer {
    int socket;
    int qos;
    long rate, seconds, sensors;
    struct packet *packets;
    unsigned char *batch;
    long sent, acknowledged;
    int64_t late_max_ns;
    unsigned char part[4]; /* of an acknowledgement */
    size_t part_size;
};

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void digits(unsigned char *to, int count, int64_t number)
{
    for (int i = count - 1; i >= 0; i--, number /= 10)
        to[i] = (unsigned char)('0' + number % 10);
}

static size_t find(const unsigned char *payload, const char *key)
{
    return (size_t)(strstr((const char *)payload, key) - (const char *)payload) + strlen(key);
}

/* The vacancy is 100 to 999, so that it has three digits. */
static void put_payload(struct packet *packet, long sensor)
{
    char *payload = (char *)packet->bytes + packet->size;
    int size =
        snprintf(payload, PAYLOAD_SIZE,
                 "{\"id\":\"garage-%05ld\",\"t\":0000000000000,\"free\":000,\"cap\":1000,\"state\":\"open\","
                 "\"lat\":51.%05ld,\"lon\":4.%05ld,\"levels\":[{\"level\":1,\"free\":17},{\"level\":2,"
                 "\"free\":43}],\"operator\":\"",
                 sensor, 10000 + sensor * 7919 % 80000, 10000 + sensor * 104729 % 80000);
    packet->time_at = packet->size + find((unsigned char *)payload, "\"t\":");
    packet->free_at = packet->size + find((unsigned char *)payload, "\"free\":");
    memset(payload + size, 'x', (size_t)(PAYLOAD_SIZE - size));
    memcpy(payload + PAYLOAD_SIZE - 2, "\"}", 2);
    packet->size += PAYLOAD_SIZE;
}

static void make_packet(struct packet *packet, const char *prefix, int qos, long sensor)
{
    int topic_size = snprintf((char *)packet->bytes + 5, 64, "%s/%05ld", prefix, sensor);
    size_t length = 2 + (size_t)topic_size + (qos ? 2 : 0) + PAYLOAD_SIZE;
    packet->bytes[0] = (unsigned char)(0x30 | qos << 1);
    packet->bytes[1] = (unsigned char)(0x80 | (length & 0x7f));
    packet->bytes[2] = (unsigned char)(length >> 7);
    packet->bytes[3] = 0;
    packet->bytes[4] = (unsigned char)topic_size;
    packet->size = packet->id_at = 5 + (size_t)topic_size;
    packet->size += qos ? 2 : 0;
    put_payload(packet, sensor);
}

static bool send_all(int to, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(to, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* PUBACKs are all that comes: four bytes each. */
static bool take_acknowledgements(struct pacer *pacer)
{
    unsigned char bytes[16384];
    for (;;) {
        ssize_t got = recv(pacer->socket, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got < 0)
            return errno == EAGAIN || errno == EINTR;
        if (got == 0)
            return false;
        pacer->part_size += (size_t)got;
        pacer->acknowledged += (long)(pacer->part_size / sizeof pacer->part);
        pacer->part_size %= sizeof pacer->part;
    }
}

static bool send_batch(struct pacer *pacer, long count)
{
    int64_t time_ms = now_ns(CLOCK_REALTIME) / 1000000;
    size_t size = 0;
    for (long i = 0; i < count; i++, pacer->sent++) {
        struct packet *packet = &pacer->packets[pacer->sent % pacer->sensors];
        unsigned id = (unsigned)(pacer->sent % IN_FLIGHT_MAX) + 1;
        digits(packet->bytes + packet->time_at, 13, time_ms);
        digits(packet->bytes + packet->free_at, 3, 100 + (pacer->sent * 31 + pacer->sent / 997) % 900);
        if (pacer->qos) {
            packet->bytes[packet->id_at] = (unsigned char)(id >> 8);
            packet->bytes[packet->id_at + 1] = (unsigned char)(id & 0xff);
        }
        memcpy(pacer->batch + size, packet->bytes, packet->size);
        size += packet->size;
    }
    return send_all(pacer->socket, pacer->batch, size);
}

static long due_at(const struct pacer *pacer, int64_t elapsed_ns)
{
    long due = (long)((double)elapsed_ns / 1e9 * (double)pacer->rate);
    long all = pacer->rate * pacer->seconds;
    return due < all ? due : all;
}

/* What is due and has room; what a slow broker holds back is sent later, in pieces of at most a second. */
static long room(const struct pacer *pacer, int64_t elapsed_ns)
{
    long count = due_at(pacer, elapsed_ns) - pacer->sent;
    long free_ids = pacer->qos ? IN_FLIGHT_MAX - (pacer->sent - pacer->acknowledged) : count;
    count = count < free_ids ? count : free_ids;
    return count < pacer->rate ? count : pacer->rate;
}

static bool run(struct pacer *pacer)
{
    int64_t start = now_ns(CLOCK_MONOTONIC), next = start;
    while (pacer->sent < pacer->rate * pacer->seconds) {
        next += TICK_NS;
        struct timespec at = {.tv_sec = next / 1000000000, .tv_nsec = next % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        int64_t now = now_ns(CLOCK_MONOTONIC);
        if (now - next > pacer->late_max_ns)
            pacer->late_max_ns = now - next;
        if (!send_batch(pacer, room(pacer, next - start)) || !take_acknowledgements(pacer))
            return false;
    }
    printf("%ld %.3f %.1f", pacer->sent, (double)(now_ns(CLOCK_MONOTONIC) - start) / 1e9,
           (double)pacer->late_max_ns / 1e6);
    return true;
}

static bool await_acknowledgements(struct pacer *pacer)
{
    struct pollfd poller = {.fd = pacer->socket, .events = POLLIN};
    while (pacer->qos && pacer->acknowledged < pacer->sent)
        if (poll(&poller, 1, ACK_MS) <= 0 || !take_acknowledgements(pacer))
            return false;
    printf(" %ld\n", pacer->acknowledged);
    return true;
}

static bool open_session(struct pacer *pacer, const char *port)
{
    static const unsigned char hello[] = {0x10, 17, 0, 4, 'M', 'Q', 'T', 'T', 4,  2,
                                          0,    0,  0, 5, 'p', 'a', 'c', 'e', 'r'};
    unsigned char answer[4];
    int on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    pacer->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pacer->socket < 0 || connect(pacer->socket, (struct sockaddr *)&address, sizeof address) != 0)
        return false;
    setsockopt(pacer->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return send_all(pacer->socket, hello, sizeof hello) &&
           recv(pacer->socket, answer, sizeof answer, MSG_WAITALL) == sizeof answer && answer[3] == 0;
}

int main(int argc, char **argv)
{
    static const unsigned char goodbye[] = {0xe0, 0};
    if (argc != 7) {
        fprintf(stderr, "usage: pacer PORT PREFIX QOS RATE SECONDS SENSORS\n");
        return 64;
    }
    struct pacer pacer = {
        .qos = atoi(argv[3]), .rate = atol(argv[4]), .seconds = atol(argv[5]), .sensors = atol(argv[6])};
    if (pacer.rate < 1 || pacer.seconds < 1 || pacer.sensors < 1 || pacer.sensors > 100000 ||
        strlen(argv[2]) > 32)
        return 64;
    pacer.packets = calloc((size_t)pacer.sensors, sizeof *pacer.packets);
    pacer.batch = malloc((size_t)pacer.rate * PACKET_SIZE);
    if (!pacer.packets || !pacer.batch)
        return 70;
    for (long i = 0; i < pacer.sensors; i++)
        make_packet(&pacer.packets[i], argv[2], pacer.qos, i);
    bool good = open_session(&pacer, argv[1]) && run(&pacer) && await_acknowledgements(&pacer) &&
                send_all(pacer.socket, goodbye, sizeof goodbye);
    if (!good)
        fprintf(stderr, "pacer: the broker is gone, or does not acknowledge\n");
    free(pacer.packets);
    free(pacer.batch);
    return good ? 0 : 69;
}
