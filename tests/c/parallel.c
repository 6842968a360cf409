/* jobring_parallel_for(): what is done, where, how it ends, and what a body may do. */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 5000 };

/* A loop, seen from its bodies. */
struct loop {
    jobring_pool *pool;
    pthread_t caller;
    atomic_int inside, begun, helped;
    size_t stop_at;
    atomic_uchar done[MOST];
};

static void begin(struct loop *loop, jobring_pool *pool) {
    memset(loop, 0, sizeof *loop);
    loop->pool = pool;
    loop->caller = pthread_self();
    loop->stop_at = SIZE_MAX;
}

static int32_t mark(void *ctx, size_t from, size_t to) {
    struct loop *loop = ctx;
    atomic_fetch_add(&loop->inside, 1);
    atomic_fetch_add(&loop->begun, 1);
    CHECK(from < to);
    for (size_t n = from; n < to; n++) atomic_fetch_add(&loop->done[n], 1);
    if (!pthread_equal(loop->caller, pthread_self())) atomic_fetch_add(&loop->helped, 1);
    atomic_fetch_sub(&loop->inside, 1);
    return from <= loop->stop_at && loop->stop_at < to ? (int32_t)loop->stop_at + 1 : 0;
}

static void each_once(const struct loop *loop, size_t count) {
    CHECK(atomic_load(&loop->inside) == 0);
    for (size_t n = 0; n < MOST; n++) CHECK(atomic_load(&loop->done[n]) == (n < count));
}

static void every_item_once(uint32_t workers) {
    static const size_t counts[] = {0, 1, 2, 3, 64, 1000, MOST};
    static const size_t grains[] = {0, 1, 7, 1000, SIZE_MAX};
    static struct loop loop;
    jobring_pool *pool = new_pool(workers, 8);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (size_t g = 0; g < sizeof grains / sizeof *grains; g++) {
            int32_t stopped = -1;
            begin(&loop, pool);
            OK(jobring_parallel_for(pool, counts[c], grains[g], mark, &loop, &stopped));
            CHECK(stopped == 0);
            each_once(&loop, counts[c]);
        }
    /* Closed, the caller does it alone. */
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
    begin(&loop, pool);
    OK(jobring_parallel_for(pool, 100, 1, mark, &loop, NULL));
    each_once(&loop, 100);
    CHECK(atomic_load(&loop.helped) == 0 && atomic_load(&loop.begun) == 1);
    OK(jobring_destroy(pool));
}

static void a_stop(void) {
    static struct loop loop;
    jobring_pool *pool = new_pool(2, 8);
    for (int round = 0; round < 200; round++) {
        int32_t stopped = -1;
        begin(&loop, pool);
        loop.stop_at = (size_t)round * 10;
        OK(jobring_parallel_for(pool, MOST, (size_t)(round % 3), mark, &loop, &stopped));
        CHECK(stopped == round * 10 + 1 && atomic_load(&loop.inside) == 0);
        OK(jobring_parallel_for(pool, MOST, 1, mark, &loop, NULL));
    }
    OK(jobring_destroy(pool));
}

/* Both are in a share at once, or this never ends. */
static int32_t meet(void *ctx, size_t from, size_t to) {
    struct loop *loop = ctx;
    CHECK(to == from + 1);
    atomic_fetch_add(&loop->inside, 1);
    while (atomic_load(&loop->inside) < 3) sched_yield();
    return 0;
}

static void workers_take_part(void) {
    static struct loop loop;
    jobring_pool *pool = new_pool(2, 8);
    begin(&loop, pool);
    OK(jobring_parallel_for(pool, 3, 1, meet, &loop, NULL));
    OK(jobring_destroy(pool));
}

static void *identity(void *arg) { return arg; }

/* A body is outside of jobs wherever it runs, and may use the pool, a further loop included. */
static int32_t looks_around(void *ctx, size_t from, size_t to) {
    struct loop *loop = ctx;
    static _Thread_local struct loop inner;
    jobring_job job = 7;
    (void)from, (void)to;
    CHECK(jobring_current_job(loop->pool, &job) == JOBRING_E_INVALID && job == 7);
    CHECK(jobring_cancel_requested(loop->pool) == JOBRING_E_INVALID);
    CHECK(jobring_fail(3, NULL) == JOBRING_E_INVALID);
    CHECK(jobring_destroy(loop->pool) == JOBRING_E_BUSY);
    begin(&inner, loop->pool);
    OK(jobring_parallel_for(loop->pool, 100, 1, mark, &inner, NULL));
    each_once(&inner, 100);
    const jobring_status status = jobring_try_submit(loop->pool, identity, NULL, NULL);
    CHECK(status == JOBRING_OK || status == JOBRING_E_FULL);
    return 0;
}

static void *loops_in_a_job(void *arg) {
    struct loop *loop = arg;
    loop->caller = pthread_self();
    OK(jobring_parallel_for(loop->pool, 20, 1, looks_around, loop, NULL));
    return jobring_cancel_requested(loop->pool) == JOBRING_OK ? arg : NULL;
}

static void bodies_may_use_the_pool(void) {
    static struct loop loop;
    jobring_pool *pool = new_pool(2, 16);
    jobring_job job;
    void *result = NULL;
    int32_t stopped = -1;
    begin(&loop, pool);
    OK(jobring_parallel_for(pool, 20, 1, looks_around, &loop, &stopped));
    CHECK(stopped == 0);
    begin(&loop, pool);
    OK(jobring_submit(pool, loops_in_a_job, &loop, &job));
    jobring_status status = jobring_wait(pool, job, LONG, &result);
    CHECK(status == JOBRING_OK || status == JOBRING_E_INVALID);
    OK(jobring_destroy(pool));
}

/* No part is larger than the largest; what is left of a part may be smaller than the grain. */
struct sizes {
    size_t grain, largest;
    atomic_size_t items, begun, small;
};

static int32_t measure(void *ctx, size_t from, size_t to) {
    struct sizes *sizes = ctx;
    CHECK(to > from && to - from <= sizes->largest);
    if (to - from < sizes->grain) atomic_fetch_add(&sizes->small, 1);
    atomic_fetch_add(&sizes->items, to - from);
    atomic_fetch_add(&sizes->begun, 1);
    return 0;
}

static void the_largest_part(uint32_t workers) {
    static const size_t grains[] = {0, 1, 7, 100, SIZE_MAX}, largest[] = {1, 7, 10, 1000};
    jobring_pool *pool = new_pool(workers, 8);
    for (size_t g = 0; g < sizeof grains / sizeof *grains; g++)
        for (size_t n = 0; n < sizeof largest / sizeof *largest; n++) {
            jobring_parallel_for_options options = JOBRING_PARALLEL_FOR_OPTIONS_INIT;
            struct sizes sizes = {grains[g] < largest[n] ? grains[g] : largest[n], largest[n], 0, 0, 0};
            int32_t stopped = -1;
            options.grain = grains[g];
            options.largest = largest[n];
            OK(jobring_parallel_for_opts(pool, MOST, &options, measure, &sizes, &stopped));
            CHECK(stopped == 0 && atomic_load(&sizes.items) == MOST);
            CHECK(atomic_load(&sizes.begun) >= MOST / largest[n] && atomic_load(&sizes.small) <= 8);
        }
    OK(jobring_destroy(pool));
}

/* Each thread waits in its first item until all others are done: with larger parts than one item this never ends. */
static int32_t waits_for_the_others(void *ctx, size_t from, size_t to) {
    struct loop *loop = ctx;
    CHECK(to == from + 1);
    if (from == 0)
        while (atomic_load(&loop->begun) < MOST - 1) sched_yield();
    atomic_fetch_add(&loop->begun, 1);
    return 0;
}

static void items_that_wait_for_each_other(void) {
    static struct loop loop;
    jobring_pool *pool = new_pool(1, 8);
    jobring_parallel_for_options options = JOBRING_PARALLEL_FOR_OPTIONS_INIT;
    options.grain = options.largest = 1;
    begin(&loop, pool);
    OK(jobring_parallel_for_opts(pool, MOST, &options, waits_for_the_others, &loop, NULL));
    CHECK(atomic_load(&loop.begun) == MOST);
    OK(jobring_destroy(pool));
}

/* The time is up while a body runs: it is the last that this thread begins. */
static int32_t until_it_is_late(void *ctx, size_t from, size_t to) {
    const struct timespec moment = {0, 2000000};
    CHECK(nanosleep(&moment, NULL) == 0);
    return mark(ctx, from, to);
}

static void a_time_limit(uint32_t workers) {
    static struct loop loop;
    jobring_pool *pool = new_pool(workers, 8);
    jobring_parallel_for_options options = JOBRING_PARALLEL_FOR_OPTIONS_INIT;
    int32_t stopped = 77;
    options.grain = options.largest = 1;
    options.limit_ns = 1000000;
    begin(&loop, pool);
    CHECK(jobring_parallel_for_opts(pool, MOST, &options, until_it_is_late, &loop, &stopped) == JOBRING_E_TIMEDOUT);
    CHECK(stopped == 77 && atomic_load(&loop.inside) == 0 && atomic_load(&loop.begun) <= (workers == 2 ? 3 : 1));
    OK(jobring_parallel_for_opts(pool, 0, &options, mark, &loop, &stopped));
    CHECK(stopped == 0);
    /* All were begun in time, or a body ended the loop: then the time does not matter. */
    begin(&loop, pool);
    options.limit_ns = LONG;
    OK(jobring_parallel_for_opts(pool, MOST, &options, mark, &loop, &stopped));
    each_once(&loop, MOST);
    begin(&loop, pool);
    loop.stop_at = 0;
    options.limit_ns = 1000000;
    jobring_status status = jobring_parallel_for_opts(pool, 1, &options, until_it_is_late, &loop, &stopped);
    CHECK(status == (atomic_load(&loop.begun) ? JOBRING_OK : JOBRING_E_TIMEDOUT));
    CHECK(stopped == (status == JOBRING_OK));
    OK(jobring_destroy(pool));
}

/* A job that runs the whole loop: one handle, one done callback, and a flag to end it. */
struct whole {
    struct loop loop;
    atomic_int stop, notified;
    jobring_status status;
};

static int32_t until_stopped(void *ctx, size_t from, size_t to) {
    struct whole *whole = ctx;
    if (atomic_load(&whole->stop)) return 1;
    return mark(&whole->loop, from, to);
}

static void *whole_loop(void *arg) {
    struct whole *whole = arg;
    int32_t stopped;
    whole->loop.caller = pthread_self();
    OK(jobring_parallel_for(whole->loop.pool, MOST, 1, until_stopped, whole, &stopped));
    return stopped ? NULL : arg;
}

static void on_whole(void *arg, const jobring_outcome *outcome) {
    struct whole *whole = arg;
    whole->status = outcome->status;
    atomic_fetch_add(&whole->notified, 1);
}

static void a_loop_to_wait_for_later(void) {
    static struct whole whole;
    jobring_pool *pool = new_pool(2, 16);
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job job;
    void *result;
    options.done = on_whole;
    for (int stop = 0; stop < 2; stop++) {
        memset(&whole, 0, sizeof whole);
        begin(&whole.loop, pool);
        atomic_store(&whole.stop, stop);
        OK(jobring_submit_opts(pool, whole_loop, &whole, &options, &job));
        OK(jobring_wait(pool, job, LONG, &result));
        CHECK(atomic_load(&whole.notified) == 1 && whole.status == JOBRING_OK);
        CHECK(result == (stop ? NULL : (void *)&whole));
        each_once(&whole.loop, stop ? 0 : MOST);
    }
    OK(jobring_destroy(pool));
    /* Before it has begun it can be cancelled. */
    pool = new_pool(JOBRING_WORKERS_NONE, 16);
    memset(&whole, 0, sizeof whole);
    begin(&whole.loop, pool);
    OK(jobring_submit_opts(pool, whole_loop, &whole, &options, &job));
    OK(jobring_cancel(pool, job));
    CHECK(jobring_wait(pool, job, LONG, NULL) == JOBRING_E_CANCELLED);
    CHECK(atomic_load(&whole.notified) == 1 && whole.status == JOBRING_E_CANCELLED);
    each_once(&whole.loop, 0);
    OK(jobring_destroy(pool));
}

/* A thread that ends in a body ends the process, the caller's and a worker's. */
struct leaver {
    pthread_t caller;
    int on_worker;
};

static int32_t leave(void *ctx, size_t from, size_t to) {
    const struct leaver *leaver = ctx;
    (void)from, (void)to;
    if (leaver->on_worker == !pthread_equal(leaver->caller, pthread_self())) pthread_exit(NULL);
    for (;;) pause();
}

static void a_body_must_return(void) {
    for (int on_worker = 0; on_worker < 2; on_worker++) {
        int status = 0;
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            struct leaver leaver = {pthread_self(), on_worker};
            alarm(60);
            (void)freopen("/dev/null", "w", stderr);
            jobring_pool *pool = new_pool(1, 8);
            (void)jobring_parallel_for(pool, 2, 1, leave, &leaver, NULL);
            _exit(1);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

int main(void) {
    alarm(300);
    every_item_once(JOBRING_WORKERS_NONE);
    every_item_once(1);
    every_item_once(3);
    a_stop();
    workers_take_part();
    bodies_may_use_the_pool();
    the_largest_part(JOBRING_WORKERS_NONE);
    the_largest_part(3);
    items_that_wait_for_each_other();
    a_time_limit(JOBRING_WORKERS_NONE);
    a_time_limit(2);
    a_loop_to_wait_for_later();
    a_body_must_return();
    return 0;
}
