/* Calls that take nothing: where a job stands, and waits for several jobs. */
#define _GNU_SOURCE
#include "gate.h"

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
    jobring_pool *pool = new_pool(1, 8);
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

/* Submits a job that waits at the gate. */
static jobring_job hold(jobring_pool *pool, struct gate *gate) {
    jobring_job job;
    OK(jobring_submit(pool, held, gate, &job));
    return job;
}

static jobring_job submit(jobring_pool *pool, jobring_fn fn) {
    jobring_job job;
    OK(jobring_submit(pool, fn, NULL, &job));
    return job;
}

enum { FOUND_NOTHING = 77 };

struct found {
    jobring_status status;
    size_t index;
    uint32_t states[4];
};

static struct found wait_with_limit(jobring_pool *pool, const jobring_job *jobs, size_t count, uint32_t until,
                                    uint32_t flags, int64_t limit_ns) {
    jobring_wait_options options = JOBRING_WAIT_OPTIONS_INIT;
    struct found found = {.index = FOUND_NOTHING, .states = {FOUND_NOTHING}};
    options.flags = flags;
    options.limit_ns = limit_ns;
    found.status = jobring_wait_many(pool, jobs, count, until, &options, &found.index, found.states);
    CHECK((found.index == FOUND_NOTHING) == (found.status != JOBRING_OK));
    return found;
}

static struct found wait_for(jobring_pool *pool, const jobring_job *jobs, size_t count, uint32_t until) {
    return wait_with_limit(pool, jobs, count, until, 0, LONG);
}

static struct found look(jobring_pool *pool, const jobring_job *jobs, size_t count, uint32_t until) {
    return wait_with_limit(pool, jobs, count, until, JOBRING_WAIT_POLL, 0);
}

static void one_of_several_ends_the_wait(void) {
    struct gate gates[3] = {GATE_INIT, GATE_INIT, GATE_INIT};
    jobring_pool *pool = new_pool(3, 8);
    const jobring_job jobs[] = {hold(pool, &gates[0]), hold(pool, &gates[1]), hold(pool, &gates[2])};
    struct found found = look(pool, jobs, 3, JOBRING_UNTIL_FIRST);
    CHECK(found.status == JOBRING_PENDING && found.states[0] != JOBRING_STATE_STALE && found.states[0] < JOBRING_STATE_DONE);
    gate_open(&gates[1]);
    found = wait_for(pool, jobs, 3, JOBRING_UNTIL_FIRST);
    CHECK(found.status == JOBRING_OK && found.index == 1 && found.states[1] == JOBRING_STATE_DONE);
    /* It is still there, and ends the next wait too. */
    CHECK(wait_for(pool, jobs, 3, JOBRING_UNTIL_FIRST).index == 1);
    OK(jobring_wait(pool, jobs[1], 0, NULL));
    /* A stale handle counts as finished. */
    found = wait_for(pool, jobs, 3, JOBRING_UNTIL_FIRST);
    CHECK(found.index == 1 && found.states[1] == JOBRING_STATE_STALE);
    found = look(pool, jobs, 3, JOBRING_UNTIL_ALL);
    CHECK(found.status == JOBRING_PENDING && found.states[2] < JOBRING_STATE_DONE);
    gate_open(&gates[0]);
    gate_open(&gates[2]);
    found = wait_for(pool, jobs, 3, JOBRING_UNTIL_ALL);
    CHECK(found.status == JOBRING_OK && found.index == 3);
    CHECK(found.states[0] == JOBRING_STATE_DONE && found.states[2] == JOBRING_STATE_DONE);
    OK(jobring_destroy(pool));
}

static void a_failure_ends_the_wait(void) {
    struct gate gate = GATE_INIT;
    jobring_pool *pool = new_pool(2, 8);
    const jobring_job held_job = hold(pool, &gate);
    const jobring_job done = submit(pool, identity), cancelled = submit(pool, identity), fails = submit(pool, failing);
    const jobring_job jobs[] = {held_job, done, cancelled, fails};
    struct found found;
    /* Too late for the cancel, perhaps. */
    (void)jobring_cancel(pool, cancelled);
    found = wait_for(pool, jobs, 4, JOBRING_UNTIL_FAILURE);
    CHECK(found.status == JOBRING_OK && found.index == 3 && found.states[3] == JOBRING_STATE_FAILED);
    CHECK(found.states[0] < JOBRING_STATE_DONE);
    /* Without it the wait lasts until all have finished. */
    CHECK(look(pool, jobs, 3, JOBRING_UNTIL_FAILURE).status == JOBRING_PENDING);
    gate_open(&gate);
    found = wait_for(pool, jobs, 3, JOBRING_UNTIL_FAILURE);
    CHECK(found.status == JOBRING_OK && found.index == 3);
    OK(jobring_destroy(pool));
}

static void a_wait_ends_with_its_time(void) {
    struct gate gate = GATE_INIT;
    jobring_pool *pool = new_pool(1, 8);
    const jobring_job jobs[] = {hold(pool, &gate), submit(pool, identity)};
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    jobring_wait_options options = JOBRING_WAIT_OPTIONS_INIT;
    int64_t now, later;
    OK(jobring_now(pool, &now));
    for (uint32_t until = JOBRING_UNTIL_ALL; until <= JOBRING_UNTIL_FAILURE; until++) {
        struct found found = wait_with_limit(pool, jobs, 2, until, 0, 1000 * 1000);
        CHECK(found.status == JOBRING_E_TIMEDOUT && found.states[1] == JOBRING_STATE_QUEUED);
        /* A time that has passed, and one that comes. */
        CHECK(wait_with_limit(pool, jobs, 2, until, JOBRING_WAIT_DEADLINE, now).status == JOBRING_E_TIMEDOUT);
        OK(jobring_now(pool, &later));
        CHECK(later >= now + 1000 * 1000);
        CHECK(wait_with_limit(pool, jobs, 2, until, JOBRING_WAIT_DEADLINE, later + 1000 * 1000).status == JOBRING_E_TIMEDOUT);
    }
    options.flags = JOBRING_WAIT_DEADLINE;
    options.limit_ns = now;
    CHECK(jobring_wait_opts(pool, jobs[0], &options, &outcome) == JOBRING_E_TIMEDOUT);
    gate_open(&gate);
    options.limit_ns = now + LONG;
    OK(jobring_wait_opts(pool, jobs[0], &options, &outcome));
    /* Zero is no limit, with a deadline too. */
    options.limit_ns = 0;
    OK(jobring_wait_opts(pool, jobs[1], &options, &outcome));
    OK(jobring_destroy(pool));
}

struct asking {
    jobring_pool *pool;
    jobring_job jobs[4];
    atomic_int answer;
    struct gate go;
};

/* On the only worker: of four queued jobs it runs one here, and then the rest. */
static void *asks_inside(void *arg) {
    struct asking *asking = arg;
    jobring_job self;
    gate_pass(&asking->go);
    OK(jobring_current_job(asking->pool, &self));
    CHECK(jobring_wait_many(asking->pool, &self, 1, JOBRING_UNTIL_ALL, NULL, NULL, NULL) == JOBRING_E_DEADLOCK);
    CHECK(wait_for(asking->pool, &self, 1, JOBRING_UNTIL_FIRST).status == JOBRING_E_DEADLOCK);
    size_t index = FOUND_NOTHING;
    uint32_t states[4];
    OK(jobring_wait_many(asking->pool, asking->jobs, 4, JOBRING_UNTIL_FIRST, NULL, &index, states));
    CHECK(index == 0 && states[0] == JOBRING_STATE_DONE && states[1] == JOBRING_STATE_QUEUED);
    OK(jobring_wait_many(asking->pool, asking->jobs, 4, JOBRING_UNTIL_FAILURE, NULL, &index, states));
    CHECK(index == 2 && states[2] == JOBRING_STATE_FAILED && states[3] == JOBRING_STATE_QUEUED);
    OK(jobring_wait_many(asking->pool, asking->jobs, 4, JOBRING_UNTIL_ALL, NULL, &index, states));
    CHECK(index == 4 && states[3] == JOBRING_STATE_DONE);
    return arg;
}

static void a_wait_inside_a_job_runs_what_it_waits_for(void) {
    struct asking asking = {.go = GATE_INIT};
    asking.pool = new_pool(1, 8);
    jobring_job outer;
    OK(jobring_submit(asking.pool, asks_inside, &asking, &outer));
    for (int n = 0; n < 4; n++) asking.jobs[n] = submit(asking.pool, n == 2 ? failing : identity);
    gate_open(&asking.go);
    OK(jobring_wait(asking.pool, outer, LONG, NULL));
    OK(jobring_destroy(asking.pool));
}

/* Two jobs on two workers wait for each other, and for themselves. */
static void *waits_for_both(void *arg) {
    struct asking *asking = arg;
    gate_pass(&asking->go);
    jobring_status status = jobring_wait_many(asking->pool, asking->jobs, 2, JOBRING_UNTIL_FIRST, NULL, NULL, NULL);
    CHECK(status == JOBRING_OK || status == JOBRING_E_DEADLOCK);
    if (status == JOBRING_E_DEADLOCK) atomic_fetch_add(&asking->answer, 1);
    return arg;
}

static void of_two_waits_for_each_other_one_is_refused(void) {
    struct asking asking = {.go = GATE_INIT};
    asking.pool = new_pool(2, 8);
    for (int n = 0; n < 2; n++) OK(jobring_submit(asking.pool, waits_for_both, &asking, &asking.jobs[n]));
    for (int n = 0; n < 2; n++) UNTIL(state_of(asking.pool, asking.jobs[n]) == JOBRING_STATE_RUNNING);
    gate_open(&asking.go);
    CHECK(wait_for(asking.pool, asking.jobs, 2, JOBRING_UNTIL_ALL).status == JOBRING_OK);
    CHECK(atomic_load(&asking.answer) == 1);
    OK(jobring_destroy(asking.pool));
}

static void a_pool_without_workers_runs_what_is_queued(void) {
    jobring_pool *pool = new_pool(JOBRING_WORKERS_NONE, 8);
    const jobring_job jobs[] = {submit(pool, identity), submit(pool, identity), submit(pool, identity)};
    CHECK(look(pool, jobs, 3, JOBRING_UNTIL_FIRST).status == JOBRING_PENDING);
    /* The oldest first, whatever the order of the array. */
    const jobring_job last_first[] = {jobs[2], jobs[1]};
    struct found found = wait_for(pool, last_first, 2, JOBRING_UNTIL_FIRST);
    CHECK(found.index == 1 && state_of(pool, jobs[0]) == JOBRING_STATE_DONE && state_of(pool, jobs[2]) == JOBRING_STATE_QUEUED);
    CHECK(wait_for(pool, jobs, 3, JOBRING_UNTIL_ALL).index == 3);
    CHECK(wait_for(pool, NULL, 0, JOBRING_UNTIL_FIRST).index == 0);
    OK(jobring_destroy(pool));
}

static void a_caller_that_helps_runs_a_queued_job(void) {
    struct gate gate = GATE_INIT;
    jobring_pool *pool = new_pool(1, 8);
    const jobring_job jobs[] = {hold(pool, &gate), submit(pool, identity)};
    UNTIL(state_of(pool, jobs[0]) == JOBRING_STATE_RUNNING);
    CHECK(wait_with_limit(pool, jobs, 2, JOBRING_UNTIL_FIRST, JOBRING_WAIT_HELP, LONG).index == 1);
    gate_open(&gate);
    OK(jobring_destroy(pool));
}

enum { ROUNDS = 2000, JOBS = 8 };

/* Waits for the first of what is left and takes it, until nothing is left. */
static void each_job_is_the_first_once(void) {
    jobring_pool *pool = new_pool(2, 2 * JOBS);
    for (int round = 0; round < ROUNDS; round++) {
        jobring_job jobs[JOBS];
        for (int n = 0; n < JOBS; n++) jobs[n] = submit(pool, identity);
        for (size_t left = JOBS; left > 0; left--) {
            size_t index = FOUND_NOTHING;
            OK(jobring_wait_many(pool, jobs, left, JOBRING_UNTIL_FIRST, NULL, &index, NULL));
            CHECK(index < left);
            OK(jobring_poll(pool, jobs[index], NULL));
            jobs[index] = jobs[left - 1];
        }
    }
    OK(jobring_destroy(pool));
}

int main(void) {
    a_job_stands_where_it_is();
    one_of_several_ends_the_wait();
    a_failure_ends_the_wait();
    a_wait_ends_with_its_time();
    a_wait_inside_a_job_runs_what_it_waits_for();
    of_two_waits_for_each_other_one_is_refused();
    a_pool_without_workers_runs_what_is_queued();
    a_caller_that_helps_runs_a_queued_job();
    each_job_is_the_first_once();
    return 0;
}
