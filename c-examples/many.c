/* Shows more jobs than the pool has room for. A job holds its slot until its result is taken, so a program that submits them
 * all and then waits sleeps in the submit that finds no slot. Two ways that work: take the oldest result before the next
 * submit, and detached jobs, whose slots come back by themselves. */
#include "check.h"

#include <stdatomic.h>
#include <stdint.h>

enum { SLOTS = 64, JOBS = 10000 };

static void *square(void *arg)
{
    uintptr_t number = (uintptr_t)arg;
    return (void *)(number * number);
}

static uintptr_t take(jobring_pool *pool, jobring_job job)
{
    void *result = NULL;
    TRY(jobring_wait(pool, job, JOBRING_FOREVER, &result));
    return (uintptr_t)result;
}

/* At most SLOTS handles at a time; the place in the array says which is the oldest. */
static uintptr_t with_results(jobring_pool *pool)
{
    jobring_job jobs[SLOTS];
    uintptr_t sum = 0;

    for (uintptr_t i = 0; i < JOBS; i++) {
        if (i >= SLOTS)
            sum += take(pool, jobs[i % SLOTS]);
        TRY(jobring_submit(pool, square, (void *)i, &jobs[i % SLOTS]));
    }
    for (uintptr_t i = JOBS - SLOTS; i < JOBS; i++)
        sum += take(pool, jobs[i % SLOTS]);
    return sum;
}

static atomic_uintptr_t total, finished;

static void *add_square(void *arg)
{
    atomic_fetch_add(&total, (uintptr_t)arg * (uintptr_t)arg);
    atomic_fetch_add(&finished, 1);
    return NULL;
}

/* No handle, no result: the jobs count for themselves, and the shutdown waits for all of them. */
static uintptr_t detached(jobring_pool *pool)
{
    for (uintptr_t i = 0; i < JOBS; i++)
        TRY(jobring_submit(pool, add_square, (void *)i, NULL));
    TRY(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL));
    CHECK(atomic_load(&finished) == JOBS);
    return atomic_load(&total);
}

int main(void)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    uintptr_t expected = 0;

    for (uintptr_t i = 0; i < JOBS; i++)
        expected += i * i;
    config.capacity = SLOTS;
    /* The detached jobs count for themselves, and a job may finish before its submit has returned. So a thread that destroys the
     * pool when it sees the last count, and is not the submitter, needs this flag: destroy waits for such a submit. It costs each
     * submit two atomic operations, which is why it is no default. */
    config.flags = JOBRING_FLAG_DESTROY_WAITS;
    TRY(jobring_create(&config, &pool));
    CHECK(with_results(pool) == expected);
    CHECK(detached(pool) == expected);
    TRY(jobring_destroy(pool));
    SAY("%d jobs through %d slots, with results and detached: the same sum\n", JOBS, SLOTS);
    return EXIT_SUCCESS;
}
