/* A port for POSIX threads: each seat is a semaphore, which a signal handler may post to, as an interrupt does on an
 * RTOS. Counts the calls. */
#ifndef JOBRING_TEST_HOST_PORT_H
#define JOBRING_TEST_HOST_PORT_H

#include "check.h"
#include "jobring_port.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

enum { SEATS = 8, THREADS = 8 };

/* How often threads were asked to sleep, and how many sleep; with an end; pauses; wake-ups by threads, and by interrupts. */
struct host {
    sem_t seat[SEATS];
    pthread_t thread[THREADS];
    /* `asleep`: inside a park without a time limit. */
    atomic_int parks, inside, asleep, timed, pauses, unparks[2], spawned, joined;
    /* The worker that the system refuses a thread; -1: none. */
    int refuses;
};

static _Thread_local void *host_me;

static void *host_get_self(void) { return host_me; }
static void host_set_self(void *pointer) { host_me = pointer; }

static uint64_t host_now(void *ctx) {
    struct timespec now;
    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void host_park(void *ctx, uint32_t seat, int64_t timeout_ns) {
    struct host *const host = ctx;
    struct timespec end;
    CHECK(seat < SEATS && timeout_ns >= JOBRING_FOREVER);
    atomic_fetch_add(&host->parks, 1);
    atomic_fetch_add(&host->inside, 1);
    if (timeout_ns == JOBRING_FOREVER) {
        atomic_fetch_add(&host->asleep, 1);
        (void)sem_wait(&host->seat[seat]);
        atomic_fetch_sub(&host->asleep, 1);
    } else {
        const uint64_t at = host_now(ctx) + (uint64_t)timeout_ns;
        atomic_fetch_add(&host->timed, 1);
        end.tv_sec = (time_t)(at / 1000000000u);
        end.tv_nsec = (long)(at % 1000000000u);
        (void)sem_clockwait(&host->seat[seat], CLOCK_MONOTONIC, &end);
    }
    atomic_fetch_sub(&host->inside, 1);
}

static void host_unpark(void *ctx, uint32_t seat, uint32_t from_isr) {
    struct host *const host = ctx;
    CHECK(seat < SEATS && from_isr <= 1);
    atomic_fetch_add(&host->unparks[from_isr], 1);
    CHECK(sem_post(&host->seat[seat]) == 0);
}

static void host_pause(void *ctx) {
    const struct timespec tick = {0, 1000 * 1000};
    struct host *const host = ctx;
    atomic_fetch_add(&host->pauses, 1);
    (void)nanosleep(&tick, NULL);
}

struct host_start {
    jobring_entry_fn entry;
    void *arg;
};

static struct host_start host_starts[THREADS];

static void *host_thread(void *start) {
    const struct host_start *const to = start;
    to->entry(to->arg);
    return NULL;
}

static int32_t host_spawn(void *ctx, uint32_t worker, jobring_entry_fn entry, void *arg) {
    struct host *const host = ctx;
    CHECK(worker < THREADS);
    if ((int)worker == host->refuses) return 1;
    host_starts[worker].entry = entry;
    host_starts[worker].arg = arg;
    atomic_fetch_add(&host->spawned, 1);
    return pthread_create(&host->thread[worker], NULL, host_thread, &host_starts[worker]);
}

static void host_join(void *ctx, uint32_t worker) {
    struct host *const host = ctx;
    CHECK(pthread_join(host->thread[worker], NULL) == 0);
    atomic_fetch_add(&host->joined, 1);
}

static void host_begin(struct host *host) {
    for (int n = 0; n < SEATS; n++) CHECK(sem_init(&host->seat[n], 0, 0) == 0);
    host->refuses = -1;
}

#endif
