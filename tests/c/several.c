/* Calls about jobs that take nothing: where a job stands. */
#define _GNU_SOURCE
#include "gate.h"

static jobring_pool *made(uint32_t workers, uint32_t capacity) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.workers = workers;
    config.capacity = capacity;
    OK(jobring_create(&config, &pool));
    return pool;
}

static uint32_t state_of(jobring_pool *pool, jobring_job job) {
    uint32_t state = 77;
    jobring_status status = jobring_state(pool, job, &state);
    CHECK(status == JOBRING_OK || (status == JOBRING_E_STALE && state == 77));
    return status == JOBRING_OK ? state : JOBRING_STATE_STALE;
}

static void *identity(void *arg) { return arg; }
static void *failing(void *arg) { return jobring_fail(5, "failed") == JOBRING_OK ? arg : NULL; }

/* Runs until the gate is open. */
static void *held(void *gate) {
    gate_pass(gate);
    return gate;
}

static void sees_itself_run(void *arg, const jobring_outcome *outcome) {
    CHECK(state_of(arg, outcome->job) == JOBRING_STATE_RUNNING);
}

static void a_job_stands_where_it_is(void) {
    struct gate gate = GATE_INIT;
    jobring_pool *pool = made(1, 8);
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_completions *queue;
    jobring_job runs, queued, fails, cancelled, owned;
    options.done = sees_itself_run;
    OK(jobring_completions_create(pool, 0, &queue));
    OK(jobring_submit(pool, held, &gate, &runs));
    OK(jobring_submit_opts(pool, identity, pool, &options, &queued));
    OK(jobring_submit(pool, failing, NULL, &fails));
    OK(jobring_submit_opts(pool, identity, pool, &options, &cancelled));
    OK(jobring_completions_submit(queue, identity, NULL, NULL, &owned));
    UNTIL(state_of(pool, runs) == JOBRING_STATE_RUNNING);
    CHECK(jobring_cancel(pool, runs) == JOBRING_E_BUSY && state_of(pool, runs) == JOBRING_STATE_RUNNING);
    CHECK(state_of(pool, queued) == JOBRING_STATE_QUEUED && state_of(pool, fails) == JOBRING_STATE_QUEUED);
    OK(jobring_cancel(pool, cancelled));
    CHECK(state_of(pool, cancelled) == JOBRING_STATE_CANCELLED && state_of(pool, owned) == JOBRING_STATE_STALE);
    gate_open(&gate);
    UNTIL(state_of(pool, fails) == JOBRING_STATE_FAILED);
    CHECK(state_of(pool, runs) == JOBRING_STATE_DONE && state_of(pool, queued) == JOBRING_STATE_DONE);
    /* It has taken nothing. */
    OK(jobring_poll(pool, queued, NULL));
    CHECK(state_of(pool, queued) == JOBRING_STATE_STALE);
    OK(jobring_detach(pool, runs));
    CHECK(state_of(pool, runs) == JOBRING_STATE_STALE);
    CHECK(jobring_poll(pool, fails, NULL) == JOBRING_E_FAILED);
    CHECK(jobring_poll(pool, cancelled, NULL) == JOBRING_E_CANCELLED);
    OK(jobring_destroy(pool));
}

int main(void) {
    a_job_stands_where_it_is();
    return 0;
}
