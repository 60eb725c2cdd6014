/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The least that a subscriber on Paho can do: it counts. What bruisd's cost of a message is compared with.
 *
 *     counter PORT FILTER QOS COUNT
 *
 * Prints "ready" when it is subscribed, and the number of messages when there were COUNT of them or it is
 * told to end. Set up as the daemon sets Paho up: protocol 5, no trace. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <unistd.h>

#include <MQTTAsync.h>

struct counter {
    MQTTAsync client;
    const char *filter;
    int qos;
    atomic_long count;
};

static void end(void)
{
    kill(getpid(), SIGTERM);
}

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
    struct counter *counter = context;
    (void)topic_size;
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    atomic_fetch_add_explicit(&counter->count, 1, memory_order_relaxed);
    return 1;
}

static void on_failure(void *context, MQTTAsync_failureData5 *data)
{
    (void)context;
    fprintf(stderr, "counter: no connection or no subscription: %d\n", data ? data->code : 0);
    end();
}

static void on_subscribed(void *context, MQTTAsync_successData5 *data)
{
    (void)context, (void)data;
    puts("ready");
    fflush(stdout);
}

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
    struct counter *counter = context;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    (void)data;
    options.onSuccess5 = on_subscribed;
    options.onFailure5 = on_failure;
    options.context = counter;
    if (MQTTAsync_subscribe(counter->client, counter->filter, counter->qos, &options) != MQTTASYNC_SUCCESS)
        end();
}

static int start(struct counter *counter, const char *port)
{
    char url[64];
    MQTTAsync_createOptions creation = MQTTAsync_createOptions_initializer5;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
    snprintf(url, sizeof url, "tcp://127.0.0.1:%s", port);
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
    if (MQTTAsync_createWithOptions(&counter->client, url, "counter", MQTTCLIENT_PERSISTENCE_NONE, NULL,
                                    &creation) != MQTTASYNC_SUCCESS)
        return MQTTASYNC_FAILURE;
    MQTTAsync_setCallbacks(counter->client, counter, NULL, on_message, NULL);
    options.keepAliveInterval = 30;
    options.cleanstart = 1;
    options.onSuccess5 = on_connected;
    options.onFailure5 = on_failure;
    options.context = counter;
    return MQTTAsync_connect(counter->client, &options);
}

int main(int argc, char **argv)
{
    sigset_t signals;
    int number = 0;
    if (argc != 4) {
        fprintf(stderr, "usage: counter PORT FILTER QOS\n");
        return 64;
    }
    struct counter counter = {.filter = argv[2], .qos = atoi(argv[3])};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, NULL); /* before Paho makes its threads */
    if (start(&counter, argv[1]) != MQTTASYNC_SUCCESS)
        return 69;
    while (sigwait(&signals, &number) == 0 && number == SIGUSR1) {
        printf("%ld\n", atomic_load(&counter.count));
        fflush(stdout);
    }
    return 0;
}
