/* What every example but hello needs: an exit with a clear message when something is not so. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <jobring.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program unless the condition holds; also says what errno was. Never compiled out. */
#define CHECK(condition) \
    ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition, NULL))

/* Ends the program unless the jobring call returns JOBRING_OK. */
#define TRY(call) check_status(__FILE__, __LINE__, #call, (call))

static inline _Noreturn void check_failed(const char *file, int line, const char *what,
                                          const char *why)
{
    int last = errno;
    (void)fprintf(stderr, "%s:%d: failed: %s", file, line, what);
    if (why != NULL)
        (void)fprintf(stderr, ": %s", why);
    else if (last != 0)
        (void)fprintf(stderr, " (errno: %s)", strerror(last));
    (void)fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

static inline void check_status(const char *file, int line, const char *call,
                                jobring_status status)
{
    if (status != JOBRING_OK)
        check_failed(file, line, call, jobring_status_text(status));
}

/* Prints to standard output at once, so that lines of several processes keep their order. */
#define SAY(...) CHECK(printf(__VA_ARGS__) >= 0 && fflush(stdout) == 0)

/* The number behind a key of /proc/self/status, such as "Threads:"; -1 where there is none. */
static inline long long proc_status(const char *key)
{
    char line[256];
    long long value = -1;
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL)
        return -1;
    while (value < 0 && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            value = strtoll(line + strlen(key), NULL, 10);
    CHECK(fclose(status) == 0);
    return value;
}

/* The threads that are there before main: an emulator has some of its own. -1 without /proc. */
static long long own_threads;

__attribute__((constructor)) static inline void count_own_threads(void)
{
    own_threads = proc_status("Threads:");
#if defined(__SANITIZE_THREAD__)
    /* ThreadSanitizer makes one for itself later. */
    own_threads++;
#endif
}

/* 64 KiB, or the smallest stack that a worker can have on this system: with glibc on 64-bit Arm that is 144 KiB. */
static inline size_t small_stack(void)
{
    size_t least = 0;
    TRY(jobring_stack_min(&least));
    return least > 64 * 1024 ? least : 64 * 1024;
}

/*
 * True if the main thread is the only one, or if there is no /proc to ask. A joined thread may
 * still be counted for a moment: Linux wakes the joiner just before it takes the thread off the
 * list. Hence the bounded number of looks.
 */
static inline int only_thread(void)
{
    for (int look = 0; look < 100000; look++) {
        if (proc_status("Threads:") <= own_threads)
            return 1;
        (void)sched_yield();
    }
    return 0;
}

#endif
