/* Waits that no thread could end, from every place on a worker where user code runs: each returns
 * JOBRING_E_DEADLOCK, and every other wait ends. */
#define _GNU_SOURCE
#include "gate.h"

#include <string.h>

enum { MOST = 4 };

static jobring_pool *_Atomic pool;
static atomic_int ran, deadlocks, hooks;

static void *count(void *arg) {
    atomic_fetch_add(&ran, 1);
    return arg;
}

static jobring_pool *known(void) {
    UNTIL(atomic_load(&pool));
    return atomic_load(&pool);
}

static void make(uint32_t workers, uint32_t capacity, jobring_start_fn on_start) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *made;
    config.workers = workers;
    config.capacity = capacity;
    config.on_start = on_start;
    atomic_store(&pool, NULL);
    atomic_store(&ran, 0), atomic_store(&deadlocks, 0), atomic_store(&hooks, 0);
    OK(jobring_create(&config, &made));
    atomic_store(&pool, made);
}

/* Ends its thread. So the start hook is called again, on the thread that takes the worker's place. */
static void *leave(void *arg) {
    (void)arg;
    pthread_exit(NULL);
}

/* Fills the pool, and asks for one slot more. */
static jobring_status fill_on_start(void *arg, uint32_t worker) {
    jobring_status status = JOBRING_OK;
    (void)arg, (void)worker;
    if (!atomic_load(&pool)) return JOBRING_OK;
    for (int i = 0; status == JOBRING_OK && i < 100; i++) status = jobring_submit(known(), count, NULL, NULL);
    /* With another worker that is through with its hook there is no end of slots. */
    CHECK(status == JOBRING_E_DEADLOCK || status == JOBRING_OK);
    if (status == JOBRING_E_DEADLOCK) atomic_fetch_add(&deadlocks, 1);
    atomic_fetch_add(&hooks, 1);
    return JOBRING_OK;
}

static void a_start_hook_that_fills_the_pool(void) {
    for (uint32_t workers = 1; workers <= 3; workers++) {
        make(workers, 4, fill_on_start);
        for (uint32_t i = 0; i < workers; i++) OK(jobring_submit(known(), leave, NULL, NULL));
        UNTIL(atomic_load(&hooks) == (int)workers);
        CHECK(workers > 1 || atomic_load(&deadlocks) == 1);
        OK(jobring_destroy(atomic_load(&pool)));
    }
}

/* The only worker waits in its hook for a job that is queued: it runs it. */
static jobring_status wait_on_start(void *arg, uint32_t worker) {
    jobring_job job;
    (void)arg, (void)worker;
    if (!atomic_load(&pool)) return JOBRING_OK;
    OK(jobring_submit(known(), count, NULL, &job));
    OK(jobring_wait(known(), job, JOBRING_FOREVER, NULL));
    atomic_fetch_add(&hooks, 1);
    return JOBRING_OK;
}

static void a_start_hook_that_waits(void) {
    make(1, 4, wait_on_start);
    OK(jobring_submit(known(), leave, NULL, NULL));
    UNTIL(atomic_load(&hooks) == 1);
    CHECK(atomic_load(&ran) == 1);
    OK(jobring_destroy(atomic_load(&pool)));
}

/* Callbacks on a worker that submit to a full pool. */
static void submits(void) {
    jobring_status status = jobring_submit(known(), count, NULL, NULL);
    CHECK(status == JOBRING_OK || status == JOBRING_E_DEADLOCK);
    if (status == JOBRING_E_DEADLOCK) atomic_fetch_add(&deadlocks, 1);
    atomic_fetch_add(&hooks, 1);
}
static void done(void *arg, const jobring_outcome *outcome) {
    (void)arg, (void)outcome;
    submits();
}
static void drop(void *arg, jobring_status why) {
    (void)arg, (void)why;
    submits();
}
static struct gate gate = GATE_INIT;
static void *pass(void *arg) {
    gate_pass(&gate);
    return arg;
}

static void a_callback_that_submits_to_a_full_pool(void) {
    for (int which = 0; which < 3; which++) {
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
        jobring_done_node node = {NULL, done, NULL, {NULL, NULL}};
        int something = 0;
        make(1, 3, NULL);
        gate_close(&gate);
        if (which == 0) options.done = done;
        /* No thread takes a detached job's result. */
        if (which == 1) options.drop = drop;
        if (which == 2) options.nodes = &node;
        OK(jobring_submit_opts(atomic_load(&pool), pass, &something, &options, NULL));
        OK(jobring_submit(atomic_load(&pool), count, NULL, NULL));
        OK(jobring_submit(atomic_load(&pool), count, NULL, NULL));
        gate_open(&gate);
        UNTIL(atomic_load(&hooks) == 1);
        CHECK(atomic_load(&deadlocks) == 1);
        OK(jobring_destroy(atomic_load(&pool)));
        CHECK(atomic_load(&ran) == 2);
    }
}

/* The only slot is held by a result that nobody has taken, or by the job itself; other workers are free. */
static void *submits_in_job(void *arg) {
    submits();
    return arg;
}

static void free_workers_free_no_slot(void) {
    for (uint32_t workers = 1; workers <= 3; workers++) {
        jobring_job untaken, job;
        make(workers, 2, NULL);
        OK(jobring_submit(atomic_load(&pool), count, NULL, &untaken));
        UNTIL(atomic_load(&ran) == 1);
        OK(jobring_submit(atomic_load(&pool), submits_in_job, NULL, &job));
        OK(jobring_wait(atomic_load(&pool), job, JOBRING_FOREVER, NULL));
        CHECK(atomic_load(&deadlocks) == 1);
        OK(jobring_wait(atomic_load(&pool), untaken, 0, NULL));
        OK(jobring_destroy(atomic_load(&pool)));
    }
}

/* A body in a helper waits for the job that began the loop, which waits for the helper. */
static jobring_job _Atomic looping;
static pthread_t looper;
static int32_t waits_for_the_loop(void *arg, size_t from, size_t to) {
    (void)arg, (void)from, (void)to;
    if (pthread_equal(pthread_self(), looper)) {
        /* So that a helper comes. */
        UNTIL(atomic_load(&deadlocks) || atomic_load(&hooks));
        return 0;
    }
    atomic_fetch_add(&hooks, 1);
    CHECK(jobring_wait(known(), atomic_load(&looping), JOBRING_FOREVER, NULL) == JOBRING_E_DEADLOCK);
    atomic_fetch_add(&deadlocks, 1);
    return 1;
}
static void *loops(void *arg) {
    looper = pthread_self();
    UNTIL(atomic_load(&looping));
    OK(jobring_parallel_for(known(), 64, 1, waits_for_the_loop, NULL, NULL));
    return arg;
}

static void a_helper_that_waits_for_its_loop(void) {
    for (int round = 0; round < 20; round++) {
        jobring_job job;
        atomic_store(&looping, 0);
        make(2, 8, NULL);
        OK(jobring_submit(atomic_load(&pool), loops, NULL, &job));
        atomic_store(&looping, job);
        OK(jobring_wait(atomic_load(&pool), job, LONG, NULL));
        CHECK(atomic_load(&deadlocks) >= 1);
        OK(jobring_destroy(atomic_load(&pool)));
    }
}

int main(void) {
    alarm(300);
    if (jobring_features() & JOBRING_FEATURE_PTHREAD) {
        a_start_hook_that_fills_the_pool();
        a_start_hook_that_waits();
    }
    a_callback_that_submits_to_a_full_pool();
    free_workers_free_no_slot();
    a_helper_that_waits_for_its_loop();
    puts("nobody waits for what cannot come");
    return 0;
}
