/*
 * thpool.h - the calls of C-Thread-Pool over jobring, for programs that are written for that library: include this file in place of
 * its header, leave its thpool.c out, and link jobring.
 *
 * The differences:
 * - The queue is bounded. thpool_add_work() waits while THPOOL_CAPACITY works are queued or running; nobody else can free room in a
 *   paused pool, so a program that adds more than that between a pause and a resume sets it higher.
 * - thpool_pause() stops no function in the middle: what runs goes on, and no other function starts. It uses no signal.
 * - thpool_wait() does not poll. Inside a work it does not wait for that work.
 * - With 0 threads, thpool_wait() runs the works.
 */
#ifndef THPOOL_OVER_JOBRING_H
#define THPOOL_OVER_JOBRING_H

#include <jobring.h>
#include <string.h>

/* The most works that are queued or running; at most 1,048,575. A place that was never used takes no memory. */
#ifndef THPOOL_CAPACITY
#define THPOOL_CAPACITY 65536
#endif

typedef jobring_pool *threadpool;

struct thpool_work {
    void (*function)(void *arg);
    void *arg;
};

static inline void *thpool_run_work(void *copied)
{
    const struct thpool_work *work = (const struct thpool_work *)copied;
    work->function(work->arg);
    return NULL;
}

/* Makes a pool with that number of threads. NULL if that fails. */
static inline threadpool thpool_init(int num_threads)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;

    config.workers = num_threads > 0 ? (uint32_t)num_threads : JOBRING_WORKERS_NONE;
    config.capacity = THPOOL_CAPACITY;
    return jobring_create(&config, &pool) == JOBRING_OK ? pool : NULL;
}

/* Queues function(arg). Returns 0, or -1 if there can never be room: the call is inside a work, and all others that run wait too. */
static inline int thpool_add_work(threadpool pool, void (*function)(void *arg), void *arg)
{
    const struct thpool_work work = {function, arg};
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;

    options.copy = sizeof work;
    return jobring_submit_opts(pool, thpool_run_work, (void *)(uintptr_t)&work, &options, NULL) == JOBRING_OK ? 0 : -1;
}

/* Waits until nothing is queued and nothing runs. */
static inline void thpool_wait(threadpool pool)
{
    (void)jobring_wait_idle(pool, JOBRING_FOREVER);
}

static inline void thpool_pause(threadpool pool)
{
    (void)jobring_pause(pool);
}

static inline void thpool_resume(threadpool pool)
{
    (void)jobring_resume(pool);
}

/* Waits for the works that run, drops those that are queued (a thread may take some first), and frees the pool. */
static inline void thpool_destroy(threadpool pool)
{
    if (pool == NULL)
        return;
    (void)jobring_shutdown(pool, JOBRING_DISCARD, JOBRING_FOREVER, NULL);
    (void)jobring_destroy(pool);
}

/* How many threads are inside a work. */
static inline int thpool_num_threads_working(threadpool pool)
{
    jobring_stats stats;

    jobring_struct_init(&stats, sizeof stats);
    return jobring_stats_get(pool, &stats) == JOBRING_OK ? (int)stats.running : 0;
}

#endif
