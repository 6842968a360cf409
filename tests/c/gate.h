/* What threads of a test wait for: a gate that is opened once, and another thread that has fallen asleep in the call
 * that it was about to make. Nothing here waits for a time; what never comes is a failure. */
#ifndef JOBRING_TEST_GATE_H
#define JOBRING_TEST_GATE_H

#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static inline int64_t seconds(void) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec;
}

/* Yields until `condition`. */
#define UNTIL(condition)                                                                            \
    do {                                                                                            \
        const int64_t end_ = seconds() + 120;                                                       \
        while (!(condition)) {                                                                      \
            if (seconds() > end_) {                                                                 \
                fprintf(stderr, "%s:%d: in vain: %s\n", __FILE__, __LINE__, #condition);            \
                exit(1);                                                                            \
            }                                                                                       \
            sched_yield();                                                                          \
        }                                                                                           \
    } while (0)

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    int opened;
};
#define GATE_INIT {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0}

static inline void gate_open(struct gate *gate) {
    CHECK(pthread_mutex_lock(&gate->mutex) == 0);
    gate->opened = 1;
    CHECK(pthread_cond_broadcast(&gate->moved) == 0);
    CHECK(pthread_mutex_unlock(&gate->mutex) == 0);
}

static inline void gate_close(struct gate *gate) {
    CHECK(pthread_mutex_lock(&gate->mutex) == 0);
    gate->opened = 0;
    CHECK(pthread_mutex_unlock(&gate->mutex) == 0);
}

static inline void gate_pass(struct gate *gate) {
    struct timespec end;
    CHECK(clock_gettime(CLOCK_REALTIME, &end) == 0);
    end.tv_sec += 120;
    CHECK(pthread_mutex_lock(&gate->mutex) == 0);
    while (!gate->opened) CHECK(pthread_cond_timedwait(&gate->moved, &gate->mutex, &end) == 0);
    CHECK(pthread_mutex_unlock(&gate->mutex) == 0);
}

/* Does a thread of this process sleep? One that has said that it is about to make a call, and has not come back, then
 * sleeps inside of it. (Under valgrind every thread but one does; there a test takes another of its ways.) */
static inline int sleeps(pid_t thread) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    char *read = fgets(line, sizeof line, file);
    fclose(file);
    if (!read) return 0;
    /* "number (name) S ...": the name may have anything in it. */
    const char *close = NULL;
    for (const char *at = line; *at; at++)
        if (*at == ')') close = at;
    return close && close[1] == ' ' && close[2] == 'S';
}

/* A thread that makes one call. */
struct caller {
    void (*call)(void *);
    void *with;
    pthread_t thread;
    _Atomic pid_t number;
    atomic_int back;
};

static inline void *caller_main(void *arg) {
    struct caller *caller = arg;
    atomic_store(&caller->number, gettid());
    caller->call(caller->with);
    atomic_store(&caller->back, 1);
    return NULL;
}

static inline void caller_start(struct caller *caller, void (*call)(void *), void *with) {
    caller->call = call;
    caller->with = with;
    atomic_store(&caller->number, 0);
    atomic_store(&caller->back, 0);
    CHECK(pthread_create(&caller->thread, NULL, caller_main, caller) == 0);
}

/* Returns when it sleeps in its call, or is back already. */
static inline void caller_is_in(struct caller *caller) {
    UNTIL(atomic_load(&caller->number) != 0);
    UNTIL(atomic_load(&caller->back) || sleeps(atomic_load(&caller->number)));
}

static inline void caller_join(struct caller *caller) {
    UNTIL(atomic_load(&caller->back));
    CHECK(pthread_join(caller->thread, NULL) == 0);
}

#endif
