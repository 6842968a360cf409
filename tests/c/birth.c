/* A new worker needs nothing from the thread that creates it until it is in on_start: meanwhile the creator stands
 * still in pthread_create, as if it had lost the CPU. Prints "cell birth <how>". */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <time.h>

enum { WORKERS = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned made, started;

static jobring_status on_start(void *context, uint32_t worker) {
    (void)context;
    (void)worker;
    CHECK(pthread_mutex_lock(&lock) == 0);
    started++;
    CHECK(pthread_cond_broadcast(&changed) == 0 && pthread_mutex_unlock(&lock) == 0);
    return JOBRING_OK;
}

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg) {
    const int failed = __real_pthread_create(thread, attributes, start, arg);
    struct timespec end;
    CHECK(clock_gettime(CLOCK_REALTIME, &end) == 0);
    end.tv_sec += LONG / 1000000000;
    CHECK(failed == 0 && pthread_mutex_lock(&lock) == 0);
    for (made++; started < made;) CHECK(pthread_cond_timedwait(&changed, &lock, &end) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
    return 0;
}

static void birth(const char *how, uint32_t backend, uint32_t flags) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.workers = WORKERS;
    config.backend = backend;
    config.flags = flags;
    config.on_start = on_start;
    made = started = 0;
    const jobring_status status = jobring_create(&config, &pool);
    if (status == JOBRING_E_UNSUPPORTED && made == 0) return;
    OK(status);
    CHECK(made == WORKERS && started == WORKERS);
    OK(jobring_destroy(pool));
    printf("cell birth %s\n", how);
}

int main(void) {
    birth("pthread", JOBRING_BACKEND_PTHREAD, 0);
    birth("pthread-painted", JOBRING_BACKEND_PTHREAD, JOBRING_FLAG_PAINT_STACKS);
    birth("std", JOBRING_BACKEND_STD, 0);
    birth("std-painted", JOBRING_BACKEND_STD, JOBRING_FLAG_PAINT_STACKS);
    return 0;
}
