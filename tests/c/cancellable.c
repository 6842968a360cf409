/* Jobs whose handle can only cancel them: their slots come back by themselves, and the handle is known to the job before
 * its submitter has it. */
#define _GNU_SOURCE
#include "gate.h"

#include <string.h>

enum { ROUNDS = 2000, SLOTS = 4 };

static jobring_pool *pool;
static atomic_uint ran, dropped;

static jobring_pool *make(uint32_t workers, uint32_t capacity) {
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = workers;
    config.capacity = capacity;
    config.stack_size = 128 * 1024;
    OK(jobring_create(&config, &pool));
    return pool;
}

static void *counted(void *arg) {
    atomic_fetch_add(&ran, 1);
    return arg;
}

static void drops(void *arg, jobring_status why) {
    CHECK(arg == &dropped && (why == JOBRING_E_CANCELLED || why == JOBRING_E_UNTAKEN));
    atomic_fetch_add(&dropped, 1);
}

/* Far more jobs than slots, each of which is cancelled while it is queued, runs or has ended. */
static void races(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    unsigned cancelled = 0;
    options.drop = drops;
    make(2, SLOTS);
    for (int n = 0; n < ROUNDS; n++) {
        jobring_job job;
        OK(jobring_submit_cancellable(pool, counted, &dropped, &options, &job));
        for (int yields = n % 4; yields > 0; yields--) sched_yield();
        const jobring_status status = jobring_cancel(pool, job);
        CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY || status == JOBRING_E_STALE);
        cancelled += status == JOBRING_OK;
        CHECK(jobring_detach(pool, job) == JOBRING_E_STALE);
    }
    OK(jobring_destroy(pool));
    CHECK(atomic_load(&ran) + cancelled == ROUNDS && atomic_load(&dropped) == ROUNDS);
}

/* The job passes its handle on; its submitter asked for none. */
static struct gate known = GATE_INIT, asked = GATE_INIT, notified = GATE_INIT;
static jobring_job self;

static void *passes_its_handle_on(void *arg) {
    CHECK(jobring_cancel_requested(pool) == 0);
    OK(jobring_current_job(pool, &self));
    gate_open(&known);
    gate_pass(&asked);
    CHECK(jobring_cancel_requested(pool) == 1);
    return arg;
}

static void is_notified(void *arg, const jobring_outcome *outcome) {
    CHECK(arg == &pool && outcome->job == self && outcome->status == JOBRING_OK && outcome->result == &pool);
    CHECK(jobring_cancel(pool, self) == JOBRING_E_BUSY);
    gate_open(&notified);
}

static void a_job_knows_its_handle(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = is_notified;
    make(1, 1);
    OK(jobring_submit_cancellable(pool, passes_its_handle_on, &pool, &options, NULL));
    gate_pass(&known);
    CHECK(jobring_cancel(pool, self) == JOBRING_E_BUSY);
    CHECK(jobring_wait(pool, self, LONG, NULL) == JOBRING_E_STALE);
    gate_open(&asked);
    gate_pass(&notified);
    UNTIL(jobring_cancel(pool, self) == JOBRING_E_STALE);
    /* The only slot is free. */
    OK(jobring_submit(pool, counted, NULL, NULL));
    OK(jobring_destroy(pool));
}

static void *is_copy(void *data) {
    char expected[24];
    memset(expected, 7, sizeof expected);
    CHECK(memcmp(data, expected, sizeof expected) == 0);
    return counted(NULL);
}

static void options_hold(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    char data[64];
    memset(data, 7, sizeof data);
    const size_t room = 48 - 3 * sizeof(void *);
    make(JOBRING_WORKERS_NONE, 2);
    atomic_store(&ran, 0);
    options.copy = room + 1;
    CHECK(jobring_submit_cancellable(pool, is_copy, data, &options, NULL) == JOBRING_E_SIZE);
    options.copy = room;
    OK(jobring_submit_cancellable(pool, is_copy, data, &options, NULL));
    options.when_full = JOBRING_WHEN_FULL_FAIL_ISR;
    OK(jobring_submit_cancellable(pool, is_copy, data, &options, NULL));
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    CHECK(jobring_submit_cancellable(pool, is_copy, data, &options, NULL) == JOBRING_E_FULL);
    options.when_full = JOBRING_WHEN_FULL_RUN;
    CHECK(jobring_submit_cancellable(pool, is_copy, data, &options, NULL) == JOBRING_E_INVALID);
    OK(jobring_run_until_idle(pool, NULL));
    CHECK(atomic_load(&ran) == 2);
    OK(jobring_destroy(pool));
}

/* A job that ends its thread has failed; its slot comes back too. */
static struct gate exited = GATE_INIT;

static void *leaves(void *arg) {
    pthread_exit(arg);
}

static void is_notified_of_the_exit(void *arg, const jobring_outcome *outcome) {
    (void)arg;
    CHECK(outcome->status == JOBRING_E_FAILED && outcome->code == JOBRING_E_EXITED);
    gate_open(&exited);
}

static void a_job_ends_its_thread(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job job;
    options.done = is_notified_of_the_exit;
    make(1, 1);
    OK(jobring_submit_cancellable(pool, leaves, NULL, &options, &job));
    gate_pass(&exited);
    UNTIL(jobring_cancel(pool, job) == JOBRING_E_STALE);
    OK(jobring_submit(pool, counted, NULL, NULL));
    OK(jobring_destroy(pool));
}

int main(void) {
    races();
    a_job_knows_its_handle();
    options_hold();
#ifdef __linux__
    if (jobring_features() & JOBRING_FEATURE_PTHREAD) a_job_ends_its_thread();
#endif
    return 0;
}
