/* Shows a pool in static memory, and that nothing is allocated: malloc() ends the program while it is armed. */
#define _GNU_SOURCE
#include "check.h"

#include <jobring.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { JOBS = 256, WORKERS = 4, ROUNDS = 20000 };

JOBRING_STATIC_POOL(memory, JOBS, WORKERS, 48);

/* glibc's own, behind the functions that this program puts in front of them. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

static atomic_int armed;

static void refuse_if_armed(void)
{
    static const char text[] = "static_pool: somebody allocates\n";
    if (atomic_load(&armed)) {
        if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
            _exit(3);
        _exit(2);
    }
}

void *malloc(size_t size)
{
    refuse_if_armed();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    refuse_if_armed();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    refuse_if_armed();
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t align, size_t size)
{
    refuse_if_armed();
    return __libc_memalign(align, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
    refuse_if_armed();
    *out = __libc_memalign(align, size);
    return *out ? 0 : -1;
}

static void *square(void *arg)
{
    uintptr_t n = (uintptr_t)arg;
    return (void *)(n * n);
}

/* Submits, waits, cancels, detaches; checks every result. */
static void use(jobring_pool *pool)
{
    jobring_job jobs[JOBS / 2];
    for (uintptr_t round = 0; round < ROUNDS; round += JOBS / 2) {
        for (uintptr_t n = 0; n < JOBS / 2; n++)
            TRY(jobring_submit(pool, square, (void *)(round + n), &jobs[n]));
        TRY(jobring_submit(pool, square, NULL, NULL));
        for (uintptr_t n = 0; n < JOBS / 2; n++) {
            void *result = NULL;
            jobring_status cancelled = n % 8 ? JOBRING_E_BUSY : jobring_cancel(pool, jobs[n]);
            jobring_status status = jobring_wait(pool, jobs[n], JOBRING_FOREVER, &result);
            CHECK(status == (cancelled == JOBRING_OK ? JOBRING_E_CANCELLED : JOBRING_OK));
            CHECK(status != JOBRING_OK || (uintptr_t)result == (round + n) * (round + n));
        }
    }
}

static pthread_barrier_t ready;
static jobring_pool *shared;

static void *enter(void *arg)
{
    (void)arg;
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&ready);
    TRY(jobring_enter_worker(shared));
    return NULL;
}

int main(void)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    pthread_t threads[WORKERS];
    config.capacity = JOBS;
    config.stack_size = small_stack();

    config.workers = WORKERS;
    TRY(jobring_init(&config, memory, sizeof memory, &pool));
    atomic_store(&armed, 1);
    use(pool);
    atomic_store(&armed, 0);
    TRY(jobring_destroy(pool));
    printf("%d jobs on %d workers: nothing was allocated from init to destroy\n", ROUNDS, WORKERS);
    fflush(stdout);

    /* The same memory again, and threads that were there before. */
    config.workers = JOBRING_WORKERS_NONE;
    config.max_workers = WORKERS;
    CHECK(pthread_barrier_init(&ready, NULL, WORKERS + 1) == 0);
    for (int n = 0; n < WORKERS; n++)
        CHECK(pthread_create(&threads[n], NULL, enter, NULL) == 0);
    pthread_barrier_wait(&ready);
    atomic_store(&armed, 1);
    TRY(jobring_init(&config, memory, sizeof memory, &shared));
    pthread_barrier_wait(&ready);
    use(shared);
    TRY(jobring_shutdown(shared, JOBRING_DRAIN, JOBRING_FOREVER, NULL));
    for (int n = 0; n < WORKERS; n++)
        CHECK(pthread_join(threads[n], NULL) == 0);
    TRY(jobring_destroy(shared));
    atomic_store(&armed, 0);
    printf("%d jobs on %d threads that entered: nothing at all was allocated, init and destroy included\n", ROUNDS,
           WORKERS);
    printf("the pool takes %zu bytes of static memory\n", sizeof memory);
    return 0;
}
