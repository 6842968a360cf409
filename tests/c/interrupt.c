/* An interrupt that a handler of SIGINT raises ends each call that sleeps, wherever the signal comes: on the thread that
 * sleeps, or on another, before the call, in it, or while it falls asleep. The call has changed nothing. Prints "cell
 * <function> <how>". */
#define _GNU_SOURCE
#include "scene.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static jobring_interrupt stop;
static jobring_pool *_Atomic target;
/* Posted by each run of the handler. */
static sem_t handled;

static void handler(int number) {
    (void)number;
    OK(jobring_interrupt_raise(atomic_load(&target), &stop));
    sem_post(&handled);
}

/* Where the signal comes. */
enum way { ON_THE_SLEEPER, ON_ANOTHER, AT_ANY_TIME, BEFORE, WAYS };

struct sleeper {
    const struct call *call;
    enum way way;
    struct scene scene;
    atomic_int thread;
    jobring_status first, second;
    sem_t begun, interrupted, again;
};

/* One call that the interrupt ends, and the same once more. */
static void *sleeper(void *arg) {
    struct sleeper *sleeper = arg;
    jobring_pool *const pool = sleeper->scene.pool;
    jobring_interrupt_scope scope;
    if (sleeper->way == BEFORE) OK(jobring_interrupt_raise(pool, &stop));
    OK(jobring_interrupt_begin(pool, &stop, &scope));
    atomic_store(&sleeper->thread, gettid());
    CHECK(sem_post(&sleeper->begun) == 0);
    sleeper->first = sleeper->call->call(&sleeper->scene);
    if (sleeper->first == JOBRING_E_INTERRUPTED) CHECK(jobring_interrupt_reset(&stop) == 1);
    CHECK(sem_post(&sleeper->interrupted) == 0);
    await(&sleeper->again);
    if (sleeper->first == JOBRING_E_INTERRUPTED) sleeper->second = sleeper->call->call(&sleeper->scene);
    OK(jobring_interrupt_end(pool, &scope));
    return NULL;
}

/* What a call returns that sleeps in a scope, when the interrupt is raised. */
static jobring_status interrupted(const char *function) {
    if (strcmp(function, "jobring_enter_worker") == 0 || strcmp(function, "jobring_destroy") == 0) return JOBRING_E_BUSY;
    /* It waits for what uses the caller's data. */
    return strncmp(function, "jobring_parallel_for", 20) == 0 ? JOBRING_OK : JOBRING_E_INTERRUPTED;
}

static void try_it(const struct call *call, uint32_t backend, enum way way) {
    struct sleeper place = {.call = call, .way = way, .second = JOBRING_OK};
    const jobring_status expected = interrupted(call->function);
    pthread_t thread;
    CHECK(sem_init(&place.begun, 0, 0) == 0 && sem_init(&place.interrupted, 0, 0) == 0 && sem_init(&place.again, 0, 0) == 0);
    (void)jobring_interrupt_reset(&stop);
    scene_begin(&place.scene, call, backend);
    atomic_store(&target, place.scene.pool);
    CHECK(pthread_create(&thread, NULL, sleeper, &place) == 0);
    await(&place.begun);
    if (expected == JOBRING_E_BUSY) await(&place.interrupted);
    else if (way != BEFORE) {
        if (way != AT_ANY_TIME) await_sleep(atomic_load(&place.thread));
        CHECK((way == ON_ANOTHER ? raise(SIGINT) : pthread_kill(thread, SIGINT)) == 0);
        await(&handled);
    }
    if (expected == JOBRING_E_INTERRUPTED) await(&place.interrupted);
    CHECK(sem_post(&place.again) == 0);
    call->let_go(&place.scene);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(place.first == expected && place.second == JOBRING_OK);
    scene_end(&place.scene);
    CHECK(sem_destroy(&place.begun) == 0 && sem_destroy(&place.interrupted) == 0 && sem_destroy(&place.again) == 0);
}

static void *identity(void *arg) { return arg; }

static sem_t gate;

static void *held(void *arg) {
    await(&gate);
    return arg;
}

/* A pool whose workers hold jobs. */
static jobring_pool *pool_of(uint32_t backend, uint32_t workers) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.backend = backend;
    config.workers = workers;
    config.capacity = 4;
    OK(jobring_create(&config, &pool));
    return pool;
}

/* A job on a worker, in a scope of its own, which waits for another. */
static jobring_job awaited;
static void *waits(void *pool) {
    jobring_interrupt_scope scope;
    jobring_job self;
    uint32_t index;
    OK(jobring_interrupt_begin(pool, &stop, &scope));
    CHECK(jobring_wait(pool, awaited, JOBRING_FOREVER, NULL) == JOBRING_E_INTERRUPTED);
    /* Inside the scope it is inside the job. */
    OK(jobring_current_job(pool, &self));
    OK(jobring_worker_index(pool, &index));
    CHECK(jobring_cancel_requested(pool) == 0 && jobring_fail(7, "interrupted") == JOBRING_OK);
    OK(jobring_interrupt_end(pool, &scope));
    return NULL;
}

static void inside_a_job(uint32_t backend) {
    jobring_pool *pool = pool_of(backend, 2);
    jobring_job job;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    (void)jobring_interrupt_reset(&stop);
    atomic_store(&target, pool);
    OK(jobring_submit(pool, held, NULL, &awaited));
    OK(jobring_submit(pool, waits, pool, &job));
    CHECK(raise(SIGINT) == 0);
    await(&handled);
    CHECK(jobring_wait_opts(pool, job, NULL, &outcome) == JOBRING_E_FAILED && outcome.code == 7);
    CHECK(sem_post(&gate) == 0);
    OK(jobring_wait(pool, awaited, LONG, NULL));
    OK(jobring_destroy(pool));
    puts("cell interrupt inside-a-job");
}

/* A job that leaves its scope open: it returns, or it ends its thread. */
static void *leaves_open(void *pool) {
    static jobring_interrupt_scope scope;
    OK(jobring_interrupt_begin(pool, &stop, &scope));
    return NULL;
}

static void *ends_its_thread(void *pool) {
    jobring_interrupt_scope scope;
    OK(jobring_interrupt_begin(pool, &stop, &scope));
    pthread_exit(NULL);
}

static void left_open(uint32_t backend) {
    jobring_pool *pool = pool_of(backend, 1);
    jobring_job job;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    OK(jobring_interrupt_raise(pool, &stop));
    for (int round = 0; round < 2; round++) {
        OK(jobring_submit(pool, leaves_open, pool, &job));
        OK(jobring_wait(pool, job, LONG, NULL));
    }
    if (backend == JOBRING_BACKEND_PTHREAD) {
        OK(jobring_submit(pool, ends_its_thread, pool, &job));
        CHECK(jobring_wait_opts(pool, job, NULL, &outcome) == JOBRING_E_FAILED && outcome.code == JOBRING_E_EXITED);
    }
    OK(jobring_destroy(pool));
    puts("cell interrupt left-open");
}

/* On a pool without workers the wait runs jobs; the scope is not theirs. */
static jobring_job later;
static void *raises_and_waits(void *pool) {
    OK(jobring_interrupt_raise(pool, &stop));
    OK(jobring_wait(pool, later, JOBRING_FOREVER, NULL));
    return NULL;
}

static void runs_jobs(uint32_t backend) {
    jobring_pool *pool = pool_of(backend, JOBRING_WORKERS_NONE);
    jobring_interrupt_scope scope;
    jobring_report report;
    jobring_job job, last;
    void *result;
    (void)jobring_interrupt_reset(&stop);
    OK(jobring_submit(pool, raises_and_waits, pool, &job));
    OK(jobring_submit(pool, identity, &stop, &later));
    OK(jobring_submit(pool, identity, pool, &last));
    OK(jobring_interrupt_begin(pool, &stop, &scope));
    OK(jobring_wait(pool, job, JOBRING_FOREVER, NULL));
    CHECK(jobring_wait(pool, last, JOBRING_FOREVER, NULL) == JOBRING_E_INTERRUPTED);
    CHECK(jobring_submit(pool, identity, pool, NULL) == JOBRING_OK && jobring_submit(pool, identity, pool, NULL) == JOBRING_OK);
    CHECK(jobring_submit(pool, identity, pool, NULL) == JOBRING_OK);
    CHECK(jobring_submit(pool, identity, pool, NULL) == JOBRING_E_INTERRUPTED);
    CHECK(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, &report) == JOBRING_E_INTERRUPTED && report.queued == 4);
    CHECK(jobring_shutdown(pool, JOBRING_DRAIN, 0, &report) == JOBRING_E_TIMEDOUT && report.queued == 4);
    CHECK(jobring_interrupt_reset(&stop) == 1 && jobring_interrupt_reset(&stop) == 0);
    CHECK(jobring_wait(pool, last, JOBRING_FOREVER, &result) == JOBRING_OK && result == pool);
    OK(jobring_interrupt_end(pool, &scope));
    OK(jobring_destroy(pool));
    puts("cell interrupt runs-jobs");
}

static void scopes(uint32_t backend) {
    jobring_pool *pools[] = {pool_of(backend, 1), pool_of(backend, 1)};
    jobring_interrupt inner = {{0}};
    jobring_interrupt_scope scope[2];
    jobring_job job;
    (void)jobring_interrupt_reset(&stop);
    for (int n = 0; n < 2; n++) CHECK(jobring_interrupt_end(pools[n], &scope[n]) == JOBRING_E_INVALID);
    OK(jobring_submit(pools[0], held, NULL, &job));
    OK(jobring_interrupt_begin(pools[0], &stop, &scope[0]));
    CHECK(jobring_interrupt_begin(pools[1], &stop, &scope[0]) == JOBRING_E_BUSY);
    /* The innermost scope counts; those of other pools do not. */
    OK(jobring_interrupt_begin(pools[0], &inner, &scope[1]));
    OK(jobring_interrupt_raise(pools[0], &stop));
    CHECK(jobring_wait(pools[0], job, 1, NULL) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_interrupt_end(pools[0], &scope[0]) == JOBRING_E_INVALID);
    CHECK(jobring_interrupt_end(pools[1], &scope[1]) == JOBRING_E_INVALID);
    OK(jobring_interrupt_end(pools[0], &scope[1]));
    OK(jobring_interrupt_begin(pools[1], &inner, &scope[1]));
    CHECK(jobring_wait(pools[0], job, LONG, NULL) == JOBRING_E_INTERRUPTED);
    /* They end in turn, though they are of two pools. */
    CHECK(jobring_interrupt_end(pools[0], &scope[0]) == JOBRING_E_INVALID);
    OK(jobring_interrupt_end(pools[1], &scope[1]));
    OK(jobring_interrupt_end(pools[0], &scope[0]));
    CHECK(sem_post(&gate) == 0);
    OK(jobring_wait(pools[0], job, LONG, NULL));
    for (int n = 0; n < 2; n++) OK(jobring_destroy(pools[n]));
    puts("cell interrupt scopes");
}

int main(void) {
    struct sigaction action = {.sa_handler = handler};
    alarm(300);
    CHECK(sem_init(&handled, 0, 0) == 0 && sem_init(&gate, 0, 0) == 0);
    CHECK(sigemptyset(&action.sa_mask) == 0 && sigaction(SIGINT, &action, NULL) == 0);
    for (const uint32_t *backend = backends(); *backend; backend++) {
        for (const struct call *call = calls; call->function; call++) {
            /* A queue of items belongs to no pool, and an interrupt ends calls of a pool. */
            if (!call->hold || !call->on_pool || strncmp(call->how, "asleep", 6) != 0) continue;
            for (enum way way = ON_THE_SLEEPER; way < WAYS; way++)
                for (int round = way == AT_ANY_TIME ? 50 : 1; round; round--) try_it(call, *backend, way);
            printf("cell %s interrupted\n", call->function);
        }
        inside_a_job(*backend);
        left_open(*backend);
        runs_jobs(*backend);
        scopes(*backend);
    }
    return 0;
}
