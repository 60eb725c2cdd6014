/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "tests/e2e/broker.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_S 60
#define LISTENERS_MAX 8
#define PATH_SIZE 160

struct broker {
    struct broker_setup setup;
    char dir[64];
    int port;
    pid_t pid;
    pid_t listeners[LISTENERS_MAX];
    int listener_count;
    char *text;
};

static void give_up(const char *what)
{
    fprintf(stderr, "broker: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        give_up("no free port");
    close(fd);
    return ntohs(address.sin_port);
}

static bool accepts(void *context)
{
    const struct broker *broker = context;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)broker->port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool is_there = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return is_there;
}

bool wait_until(bool (*done)(void *context), void (*step)(void *context), void *context)
{
    const struct timespec pause = {0, 2000000};
    time_t end = time(NULL) + DEADLINE_S;
    while (!done(context)) {
        if (time(NULL) >= end)
            return false;
        if (step)
            step(context);
        nanosleep(&pause, NULL);
    }
    return true;
}

void run_command(const char *format, ...)
{
    char command[2048];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof command || system(command) != 0)
        give_up(command);
}

static void write_config(const struct broker *broker)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/mosquitto.conf", broker->dir);
    FILE *file = fopen(path, "w");
    if (!file)
        give_up(path);
    fprintf(file, "listener %d 127.0.0.1\nsys_interval 1\nlog_dest file %s/log\nlog_type all\n", broker->port,
            broker->dir);
    fprintf(file, "persistence true\npersistence_location %s/\nmax_queued_messages 100000\n", broker->dir);
    if (geteuid() == 0)
        fprintf(file, "user root\n");
    if (broker->setup.password)
        fprintf(file, "allow_anonymous false\npassword_file %s/passwords\n", broker->dir);
    else
        fprintf(file, "allow_anonymous true\n");
    if (broker->setup.tls)
        fprintf(file, "cafile %1$s/ca.pem\ncertfile %1$s/server.pem\nkeyfile %1$s/server.key\n",
                broker->setup.tls);
    if (broker->setup.client_certs)
        fprintf(file, "require_certificate true\n");
    if (broker->setup.more)
        fprintf(file, "%s\n", broker->setup.more);
    fclose(file);
}

struct broker *broker_open(const struct broker_setup *setup)
{
    struct broker *broker = calloc(1, sizeof *broker);
    if (!broker)
        give_up("memory");
    broker->setup = *setup;
    snprintf(broker->dir, sizeof broker->dir, "/tmp/bruisd-broker-XXXXXX");
    if (!mkdtemp(broker->dir))
        give_up(broker->dir);
    broker->port = free_port();
    if (setup->password)
        run_command("mosquitto_passwd -b -c %s/passwords bruisd '%s'", broker->dir, setup->password);
    write_config(broker);
    broker_start(broker);
    return broker;
}

/* A child whose output goes to a file. */
static pid_t spawn(const char *output, char *const *arguments)
{
    pid_t pid = fork();
    if (pid < 0)
        give_up("fork");
    if (pid > 0)
        return pid;
    int fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
        _exit(126);
    execvp(arguments[0], arguments);
    _exit(127);
}

static void end(pid_t *pid, int signal_number)
{
    if (*pid <= 0)
        return;
    kill(*pid, signal_number);
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    *pid = 0;
}

void broker_start(struct broker *broker)
{
    char config[PATH_SIZE], output[PATH_SIZE];
    snprintf(config, sizeof config, "%s/mosquitto.conf", broker->dir);
    snprintf(output, sizeof output, "%s/output", broker->dir);
    char *const arguments[] = {(char[]){"/usr/sbin/mosquitto"}, (char[]){"-c"}, config, NULL};
    broker->pid = spawn(output, arguments);
    if (!wait_until(accepts, NULL, broker))
        give_up(broker_file(broker, output));
}

void broker_stop(struct broker *broker)
{
    end(&broker->pid, SIGTERM);
}

void broker_kill(struct broker *broker)
{
    char path[PATH_SIZE];
    end(&broker->pid, SIGKILL);
    snprintf(path, sizeof path, "%s/mosquitto.db", broker->dir);
    unlink(path);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

void broker_close(struct broker *broker)
{
    if (!broker)
        return;
    for (int i = 0; i < broker->listener_count; i++)
        end(&broker->listeners[i], SIGTERM);
    broker_stop(broker);
    nftw(broker->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(broker->text);
    free(broker);
}

int broker_port(const struct broker *broker)
{
    return broker->port;
}

const char *broker_dir(const struct broker *broker)
{
    return broker->dir;
}

static void login(const struct broker *broker, char *arguments, size_t size)
{
    arguments[0] = '\0';
    if (broker->setup.password)
        snprintf(arguments, size, "-u bruisd -P '%s'", broker->setup.password);
}

void broker_publish(struct broker *broker, const char *arguments)
{
    char who[128];
    login(broker, who, sizeof who);
    run_command("mosquitto_pub -V mqttv5 -h 127.0.0.1 -p %d %s %s", broker->port, who, arguments);
}

struct listening {
    struct broker *broker;
    char line[64];
    size_t before;
};

static bool has_subscribed(void *context)
{
    struct listening *listening = context;
    return broker_logged(listening->broker, listening->line) > listening->before;
}

int broker_listen(struct broker *broker, const char *filter, const char *format)
{
    if (broker->listener_count == LISTENERS_MAX)
        give_up("too many listeners");
    int number = broker->listener_count++;
    char command[1024], who[128], output[PATH_SIZE];
    login(broker, who, sizeof who);
    snprintf(command, sizeof command,
             "exec mosquitto_sub -V mqttv5 -i listener%d -q 1 -h 127.0.0.1 -p %d %s -t '%s' -F '%s'", number,
             broker->port, who, filter, format);
    snprintf(output, sizeof output, "%s/heard%d", broker->dir, number);
    struct listening listening = {.broker = broker};
    snprintf(listening.line, sizeof listening.line, "Sending SUBACK to listener%d", number);
    listening.before = broker_logged(broker, listening.line);
    char *const arguments[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, command, NULL};
    broker->listeners[number] = spawn(output, arguments);
    if (!wait_until(has_subscribed, NULL, &listening))
        give_up(listening.line);
    return number;
}

const char *broker_file(struct broker *broker, const char *path)
{
    FILE *file = fopen(path, "r");
    struct stat status = {0};
    size_t size = file && fstat(fileno(file), &status) == 0 ? (size_t)status.st_size : 0;
    free(broker->text);
    broker->text = malloc(size + 1);
    if (broker->text)
        broker->text[file ? fread(broker->text, 1, size, file) : 0] = '\0';
    if (file)
        fclose(file);
    return broker->text ? broker->text : "";
}

const char *broker_heard(struct broker *broker, int listener)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/heard%d", broker->dir, listener);
    return broker_file(broker, path);
}

size_t count_text(const char *in, const char *text)
{
    const char *at = in, *end = in + strlen(in);
    size_t size = strlen(text), count = 0;
    /* Not strstr: under a sanitizer each call measures all that is left. */
    while ((at = memmem(at, (size_t)(end - at), text, size)) != NULL) {
        at += size;
        count++;
    }
    return count;
}

size_t broker_logged(struct broker *broker, const char *text)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/log", broker->dir);
    return count_text(broker_file(broker, path), text);
}
