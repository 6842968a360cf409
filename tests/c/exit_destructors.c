/* Destructors of thread-specific data that run on a worker's thread after its last job, and call the pool. The
 * thread was ended by its job (pthread_exit) and is replaced, or the system refuses to create another, or the thread
 * left because the pool ended. */
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static atomic_int refused;

/* In place of the C library's: can refuse threads. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg) {
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (atomic_load(&refused)) return EAGAIN;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attr, run, arg);
}

enum { CAPACITY = 4 };

static jobring_pool *pool;
static uint32_t backend = JOBRING_BACKEND_PTHREAD;
/* The destructor of the thread's data, which it was given: by a key, or as C++ does it for a thread_local. Those of a key
 * that was made late run when the thread-locals of Rust's std are gone. */
enum by { EARLY_KEY, THREAD_LOCAL, LATE_KEY };
static enum by by;
static pthread_key_t key;
static void destructor(void *does) { (*(void (**)(void))does)(); }
#ifdef __GLIBC__
int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *library);
extern void *__dso_handle;
#endif

/* Posted by destructors when they are done, awaited by the main thread: a hang ends there, or by the alarm. */
static sem_t over;
static void await_destructor(void) {
    while (sem_wait(&over) != 0) CHECK(errno == EINTR);
}

static void make(uint32_t count) {
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = count;
    config.backend = backend;
    /* A job may run before its submit has returned. */
    config.flags = JOBRING_FLAG_DESTROY_WAITS;
    config.capacity = CAPACITY;
    OK(jobring_create(&config, &pool));
}

/* A job: its thread is to run that destructor. */
static void *arm(void *does) {
#ifdef __GLIBC__
    if (by == THREAD_LOCAL) {
        CHECK(__cxa_thread_atexit_impl(destructor, does, &__dso_handle) == 0);
        return NULL;
    }
#endif
    CHECK(pthread_setspecific(key, does) == 0);
    return NULL;
}

static void *arm_and_leave(void *does) {
    arm(does);
    pthread_exit(NULL);
}

static void *identity(void *arg) { return arg; }

static void *leave(void *arg) { pthread_exit(arg); }

/* The thread of a job ends, and does this behind it. */
static void ends_and(void (**does)(void)) {
    OK(jobring_submit(pool, arm_and_leave, (void *)does, NULL));
    await_destructor();
}

#define DESTRUCTOR(name)                                                                            \
    static void name##_now(void);                                                                   \
    static void name##_then(void) { name##_now(); CHECK(sem_post(&over) == 0); }                    \
    static void (*name)(void) = name##_then;                                                        \
    static void name##_now(void)

/* It is no thread of the pool's any more: jobs are run by others, and for these it may wait. */
DESTRUCTOR(waits) {
    jobring_job job;
    void *result = NULL;
    uint32_t index;
    CHECK(jobring_current_job(pool, &job) == JOBRING_E_INVALID);
    CHECK(jobring_worker_index(pool, &index) == JOBRING_E_INVALID);
    OK(jobring_submit(pool, identity, &over, &job));
    OK(jobring_wait(pool, job, JOBRING_FOREVER, &result));
    CHECK(result == &over);
}

DESTRUCTOR(fills_the_pool) {
    for (int n = 0; n < 4 * CAPACITY; n++) OK(jobring_submit(pool, identity, NULL, NULL));
}

static atomic_int notified, dropped, untaken;
static void tell(void *arg, const jobring_outcome *outcome) {
    CHECK(arg == &notified && outcome->job != 0 && outcome->status == JOBRING_OK && outcome->result == &notified);
    atomic_fetch_add(&notified, 1);
}
static void drop(void *arg, jobring_status why) {
    CHECK(arg == &notified);
    atomic_fetch_add(why == JOBRING_E_UNTAKEN ? &untaken : &dropped, 1);
}

DESTRUCTOR(submits_with_callbacks) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = tell;
    options.drop = drop;
    for (int n = 0; n < 2 * CAPACITY; n++) {
        jobring_job job;
        void *result = NULL;
        options.when_full = JOBRING_WHEN_FULL_WAIT;
        OK(jobring_submit_opts(pool, identity, &notified, &options, &job));
        OK(jobring_wait(pool, job, JOBRING_FOREVER, &result));
        CHECK(result == &notified);
        options.when_full = JOBRING_WHEN_FULL_RUN;
        OK(jobring_submit_opts(pool, identity, &notified, &options, NULL));
    }
}

DESTRUCTOR(ends_another_thread) {
    jobring_job job;
    OK(jobring_submit(pool, leave, NULL, &job));
    CHECK(jobring_wait(pool, job, JOBRING_FOREVER, NULL) == JOBRING_E_FAILED);
}

DESTRUCTOR(shuts_down) {
    jobring_report report;
    /* Refused if it is closed already. */
    (void)jobring_submit(pool, identity, NULL, NULL);
    OK(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, &report));
    CHECK(report.queued == 0 && report.running == 0);
}

DESTRUCTOR(destroys) {
    (void)jobring_submit(pool, identity, NULL, NULL);
    OK(jobring_destroy(pool));
    pool = NULL;
}

/* A pool of the destructor's own. */
DESTRUCTOR(makes_another_pool) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *another;
    jobring_job job;
    config.workers = 1;
    config.backend = backend;
    OK(jobring_create(&config, &another));
    OK(jobring_submit(another, identity, NULL, &job));
    OK(jobring_wait(another, job, JOBRING_FOREVER, NULL));
    OK(jobring_destroy(another));
}

static void in_an_ended_workers_destructor(uint32_t count) {
    make(count);
    ends_and(&waits);
    ends_and(&fills_the_pool);
    notified = dropped = untaken = 0;
    ends_and(&submits_with_callbacks);
    ends_and(&ends_another_thread);
    ends_and(&makes_another_pool);
    ends_and(&shuts_down);
    OK(jobring_destroy(pool));
    CHECK(notified == 4 * CAPACITY && dropped == 0 && untaken == 2 * CAPACITY);
    for (int round = 0; round < 50; round++) {
        make(count);
        ends_and(&destroys);
        CHECK(pool == NULL);
    }
    printf("%u worker(s): an ended worker's destructor is an outside thread's code\n", (unsigned)count);
}

/* Held open by the main thread. */
static sem_t entered, gate;
DESTRUCTOR(lasts) {
    CHECK(sem_post(&entered) == 0);
    while (sem_wait(&gate) != 0) CHECK(errno == EINTR);
}

/* One worker's threads end, one after the other, while the first of them is still inside its destructor. */
static void nobody_waits_for_an_ended_thread(void) {
    jobring_job job;
    make(1);
    OK(jobring_submit(pool, arm_and_leave, (void *)&lasts, NULL));
    while (sem_wait(&entered) != 0) CHECK(errno == EINTR);
    for (int n = 0; n < 20; n++) {
        OK(jobring_submit(pool, leave, NULL, &job));
        CHECK(jobring_wait(pool, job, JOBRING_FOREVER, NULL) == JOBRING_E_FAILED);
    }
    OK(jobring_submit(pool, identity, NULL, &job));
    OK(jobring_wait(pool, job, JOBRING_FOREVER, NULL));
    CHECK(sem_post(&gate) == 0);
    await_destructor();
    OK(jobring_destroy(pool));
    printf("no thread waits for an ended one\n");
}

static void *destroys_the_pool(void *unused) {
    (void)unused;
    OK(jobring_destroy(pool));
    return NULL;
}

/* Destroy returns when the thread that ended last has left its destructor. */
static void destroy_waits_for_the_destructor(void) {
    pthread_t destroyer;
    make(2);
    OK(jobring_submit(pool, arm_and_leave, (void *)&lasts, NULL));
    while (sem_wait(&entered) != 0) CHECK(errno == EINTR);
    CHECK(pthread_create(&destroyer, NULL, destroys_the_pool, NULL) == 0);
    CHECK(pthread_tryjoin_np(destroyer, NULL) == EBUSY);
    CHECK(sem_post(&gate) == 0);
    CHECK(pthread_join(destroyer, NULL) == 0);
    /* It was posted before destroy returned. */
    CHECK(sem_trywait(&over) == 0);
    printf("destroy waits for the destructor\n");
}

static void where_no_thread_is_to_be_had(void) {
    make(1);
    atomic_store(&refused, 1);
    ends_and(&waits);
    OK(jobring_destroy(pool));
    atomic_store(&refused, 0);
    make(1);
    atomic_store(&refused, 1);
    ends_and(&shuts_down);
    OK(jobring_destroy(pool));
    atomic_store(&refused, 0);
    for (int round = 0; round < 50; round++) {
        /* The first is replaced, and the second is not. */
        make(1);
        if (round % 2) OK(jobring_submit(pool, leave, NULL, NULL));
        jobring_job job;
        OK(jobring_submit(pool, leave, NULL, &job));
        CHECK(jobring_wait(pool, job, JOBRING_FOREVER, NULL) == JOBRING_E_FAILED);
        ends_and(&waits);
        atomic_store(&refused, 1);
        ends_and(&destroys);
        atomic_store(&refused, 0);
    }
    printf("nor does it hang where no thread is to be had\n");
}

/* The pool is there until the threads that leave it have ended. Destroy is for one thread. */
static void in_a_leaving_workers_destructor(void) {
    for (int round = 0; round < 50; round++) {
        jobring_job job;
        make(2);
        OK(jobring_submit(pool, arm, (void *)&shuts_down, &job));
        OK(jobring_wait(pool, job, JOBRING_FOREVER, NULL));
        OK(jobring_destroy(pool));
        CHECK(sem_trywait(&over) == 0);
        make(1);
        OK(jobring_submit(pool, arm, (void *)&makes_another_pool, NULL));
        OK(jobring_destroy(pool));
        CHECK(sem_trywait(&over) == 0);
        /* Closed by the main thread, and destroyed by the worker behind its last job. */
        make(2);
        OK(jobring_submit(pool, arm, (void *)&destroys, &job));
        OK(jobring_wait(pool, job, JOBRING_FOREVER, NULL));
        OK(jobring_shutdown(pool, JOBRING_DRAIN, 0, NULL));
        await_destructor();
        CHECK(pool == NULL);
    }
    printf("a leaving worker's destructor may call the pool\n");
}

int main(void) {
    const uint32_t can = jobring_features();
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(100);
    CHECK(sem_init(&over, 0, 0) == 0 && sem_init(&entered, 0, 0) == 0 && sem_init(&gate, 0, 0) == 0);
    for (by = EARLY_KEY; by <= LATE_KEY; by++) {
        CHECK(pthread_key_create(&key, destructor) == 0);
        if (can & JOBRING_FEATURE_STD) {
            backend = JOBRING_BACKEND_STD;
            in_a_leaving_workers_destructor();
        }
        if (!(can & JOBRING_FEATURE_PTHREAD)) continue;
        backend = JOBRING_BACKEND_PTHREAD;
        in_a_leaving_workers_destructor();
        where_no_thread_is_to_be_had();
        in_an_ended_workers_destructor(1);
        in_an_ended_workers_destructor(4);
        nobody_waits_for_an_ended_thread();
        destroy_waits_for_the_destructor();
    }
    return 0;
}
