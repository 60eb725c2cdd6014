/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A library to preload (LD_PRELOAD) that lets a test decide which calls of a process fail and what the wall
 * clock says, while the process runs.
 *
 * BRUIS_FAULTS names a file that both map: struct control, little as it is. A call counts, and may fail, only
 * where it is about a file under the folder BRUIS_FAULTS_DIR, so that sockets, logs and libraries are left
 * alone. The clock is the wall clock only: the monotonic one goes on as it is.
 *
 * It is nothing unless BRUIS_SHIM is defined, as the tests do that build it (faults.py): a program that holds
 * it would have its own calls changed. */
#ifdef BRUIS_SHIM
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum call { OPEN, READ, PREAD, WRITE, PWRITE, FDATASYNC, FSYNC, MSYNC, FALLOCATE, RENAME, CALLS };

#define HALF (-1) /* as an error: a write takes a half of what it is given */

/* Fails are those of number `from`, and behind it every `every`th; every 0: that one alone. */
struct rule {
    uint32_t seen, from, every;
    int32_t error; /* an errno, HALF; 0: none fails */
    uint32_t failed, unused;
};

struct control {
    int64_t step_s; /* that the wall clock is ahead */
    struct rule rules[CALLS];
};

/* A preloaded library has nobody who could hand its state around. */
static struct control *control;
static char folder[PATH_MAX];

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("BRUIS_FAULTS"), *under = getenv("BRUIS_FAULTS_DIR");
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    int file = path && under ? real(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    snprintf(folder, sizeof folder, "%s/", under);
    if (mapped != MAP_FAILED)
        control = mapped;
}

static bool is_ours(const char *path)
{
    return control && strncmp(path, folder, strlen(folder)) == 0;
}

static bool is_ours_at(int dir, const char *path)
{
    char link[64], of[PATH_MAX], whole[2 * PATH_MAX];
    if (!control || path[0] == '/' || dir == AT_FDCWD)
        return is_ours(path);
    snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    ssize_t size = readlink(link, of, sizeof of - 1);
    snprintf(whole, sizeof whole, "%.*s/%s", size < 0 ? 0 : (int)size, of, path);
    return is_ours(whole);
}

static bool is_ours_file(int file)
{
    char link[64], of[PATH_MAX];
    if (!control)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, of, sizeof of - 1);
    of[size < 0 ? 0 : size] = '\0';
    return is_ours(of);
}

/* The error of this call; 0: it goes on. */
static int verdict(enum call call, bool ours)
{
    if (!ours)
        return 0;
    struct rule *rule = &control->rules[call];
    uint32_t number = __atomic_add_fetch(&rule->seen, 1, __ATOMIC_RELAXED);
    int error = __atomic_load_n(&rule->error, __ATOMIC_RELAXED);
    bool fails = error != 0 && number >= rule->from &&
                 (rule->every == 0 ? number == rule->from : (number - rule->from) % rule->every == 0);
    if (!fails)
        return 0;
    __atomic_add_fetch(&rule->failed, 1, __ATOMIC_RELAXED);
    return error;
}

static int refused(int error)
{
    errno = error;
    return -1;
}

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* ---- the calls; their names and types are those of the C library */

static mode_t mode_of(int flags, va_list rest)
{
    return flags & O_CREAT ? (mode_t)va_arg(rest, int) : 0;
}

#define OPEN_CALL(name)                                                                                      \
    int name(const char *path, int flags, ...)                                                               \
    {                                                                                                        \
        va_list rest;                                                                                        \
        va_start(rest, flags);                                                                               \
        mode_t mode = mode_of(flags, rest);                                                                  \
        va_end(rest);                                                                                        \
        int error = verdict(OPEN, is_ours(path));                                                            \
        return error ? refused(error) : ((int (*)(const char *, int, ...))real(#name))(path, flags, mode);   \
    }

#define OPENAT_CALL(name)                                                                                    \
    int name(int dir, const char *path, int flags, ...)                                                      \
    {                                                                                                        \
        va_list rest;                                                                                        \
        va_start(rest, flags);                                                                               \
        mode_t mode = mode_of(flags, rest);                                                                  \
        va_end(rest);                                                                                        \
        int error = verdict(OPEN, is_ours_at(dir, path));                                                    \
        return error ? refused(error)                                                                        \
                     : ((int (*)(int, const char *, int, ...))real(#name))(dir, path, flags, mode);          \
    }

OPEN_CALL(open)
OPEN_CALL(open64)
OPENAT_CALL(openat)
OPENAT_CALL(openat64)

ssize_t read(int file, void *bytes, size_t size)
{
    int error = verdict(READ, is_ours_file(file));
    return error ? refused(error) : ((ssize_t(*)(int, void *, size_t))real("read"))(file, bytes, size);
}

#define PREAD_CALL(name)                                                                                     \
    ssize_t name(int file, void *bytes, size_t size, off_t at)                                               \
    {                                                                                                        \
        int error = verdict(PREAD, is_ours_file(file));                                                      \
        return error ? refused(error)                                                                        \
                     : ((ssize_t(*)(int, void *, size_t, off_t))real(#name))(file, bytes, size, at);         \
    }

PREAD_CALL(pread)
PREAD_CALL(pread64)

ssize_t write(int file, const void *bytes, size_t size)
{
    int error = verdict(WRITE, is_ours_file(file));
    if (error > 0)
        return refused(error);
    size_t taken = error == HALF && size > 1 ? size / 2 : size;
    return ((ssize_t(*)(int, const void *, size_t))real("write"))(file, bytes, taken);
}

#define PWRITE_CALL(name)                                                                                    \
    ssize_t name(int file, const void *bytes, size_t size, off_t at)                                         \
    {                                                                                                        \
        int error = verdict(PWRITE, is_ours_file(file));                                                     \
        if (error > 0)                                                                                       \
            return refused(error);                                                                           \
        size_t taken = error == HALF && size > 1 ? size / 2 : size;                                          \
        return ((ssize_t(*)(int, const void *, size_t, off_t))real(#name))(file, bytes, taken, at);          \
    }

PWRITE_CALL(pwrite)
PWRITE_CALL(pwrite64)

int fdatasync(int file)
{
    int error = verdict(FDATASYNC, is_ours_file(file));
    return error ? refused(error) : ((int (*)(int))real("fdatasync"))(file);
}

int fsync(int file)
{
    int error = verdict(FSYNC, is_ours_file(file));
    return error ? refused(error) : ((int (*)(int))real("fsync"))(file);
}

/* Only mapped files are synced so, and only those of the state are mapped for writing. */
int msync(void *at, size_t size, int flags)
{
    int error = verdict(MSYNC, control != NULL);
    return error ? refused(error) : ((int (*)(void *, size_t, int))real("msync"))(at, size, flags);
}

/* These return the error and leave errno alone. */
#define POSIX_FALLOCATE_CALL(name)                                                                           \
    int name(int file, off_t at, off_t size)                                                                 \
    {                                                                                                        \
        int error = verdict(FALLOCATE, is_ours_file(file));                                                  \
        return error ? error : ((int (*)(int, off_t, off_t))real(#name))(file, at, size);                    \
    }

POSIX_FALLOCATE_CALL(posix_fallocate)
POSIX_FALLOCATE_CALL(posix_fallocate64)

#define FALLOCATE_CALL(name)                                                                                 \
    int name(int file, int mode, off_t at, off_t size)                                                       \
    {                                                                                                        \
        int error = verdict(FALLOCATE, is_ours_file(file));                                                  \
        return error ? refused(error)                                                                        \
                     : ((int (*)(int, int, off_t, off_t))real(#name))(file, mode, at, size);                 \
    }

FALLOCATE_CALL(fallocate)
FALLOCATE_CALL(fallocate64)

int rename(const char *from, const char *to)
{
    int error = verdict(RENAME, is_ours(to));
    return error ? refused(error) : ((int (*)(const char *, const char *))real("rename"))(from, to);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    int error = verdict(RENAME, is_ours_at(to_dir, to));
    return error ? refused(error)
                 : ((int (*)(int, const char *, int, const char *))real("renameat"))(from_dir, from, to_dir,
                                                                                     to);
}

/* ---- the wall clock */

static time_t step(void)
{
    return control ? (time_t)__atomic_load_n(&control->step_s, __ATOMIC_RELAXED) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int failed = ((int (*)(clockid_t, struct timespec *))real("clock_gettime"))(clock, time);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        time->tv_sec += step();
    return failed;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    int failed = ((int (*)(struct timeval *, void *))real("gettimeofday"))(time, zone);
    if (!failed)
        time->tv_sec += step();
    return failed;
}

time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

#endif
