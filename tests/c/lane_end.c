/* How jobs of lanes end that do not run, and how lanes end: cancels, closes, the end of the pool; and drop callbacks that use
 * the lane. */
#define _GNU_SOURCE
#include "lane.h"

/* ---- Cancels */

static void cancel_and_take(jobring_job job) {
    const int before = atomic_load(&drops);
    OK(jobring_cancel(pool, job));
    CHECK(atomic_load(&drops) == before + 1 && atomic_load(&reason) == JOBRING_E_CANCELLED);
    CHECK(jobring_cancel(pool, job) == JOBRING_E_BUSY);
    CHECK(jobring_wait(pool, job, 0, NULL) == JOBRING_E_CANCELLED);
}

/* Of a job that waits: its input is dropped at once, and it keeps no place. */
static void a_cancel_makes_room(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job held[3], job;
    uint32_t state;
    options.drop = dropped;
    for (uint32_t capacity = 4; capacity <= 16; capacity += 12) {
        /* Of 4 slots the pool is full as the lane is. */
        make(2, capacity, 1, 3);
        block();
        for (int round = 0; round < 20; round++) {
            for (int n = 0; n < 3; n++) held[n] = submit(identity, NULL, &options);
            OK(jobring_state(pool, held[1], &state));
            CHECK(state == JOBRING_STATE_QUEUED && submit_now(NULL) == JOBRING_E_FULL);
            for (int n = 0; n < 3; n++) cancel_and_take(held[(n + round) % 3]);
            if (round % 2 == 0) continue;
            /* A submit that would wait finds the room too. */
            job = submit(identity, NULL, NULL);
            OK(jobring_detach(pool, job));
            job = submit(identity, NULL, &options);
            cancel_and_take(job);
            CHECK(jobring_lane_close(&lane, JOBRING_DRAIN, 0) == JOBRING_E_TIMEDOUT);
            gate_open(&blocker.go);
            OK(jobring_lane_close(&lane, JOBRING_DRAIN, LONG));
            OK(jobring_lane_init(&lane, pool, 1, 3));
            block();
        }
        job = submit(identity, NULL, NULL);
        gate_open(&blocker.go);
        OK(jobring_wait(pool, job, LONG, NULL));
        end();
    }
}

/* A cancel of all queued jobs cancels those behind the one that has its turn, if that is cancelled too. */
static void a_cancel_of_all_leaves_what_waits_for_a_job_that_runs(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job held[3];
    uint64_t cancelled;
    options.drop = dropped;
    for (int runs = 0; runs < 2; runs++) {
        make(runs ? 2 : JOBRING_WORKERS_NONE, 8, 1, 4);
        atomic_store(&drops, 0);
        if (runs) block();
        for (int n = 0; n < 3; n++) held[n] = submit(identity, NULL, &options);
        OK(jobring_cancel_all(pool, &cancelled));
        CHECK(cancelled == (runs ? 0 : 3) && atomic_load(&drops) == (int)cancelled);
        gate_open(&blocker.go);
        for (int n = 0; n < 3; n++)
            CHECK(jobring_wait(pool, held[n], LONG, NULL) == (runs ? JOBRING_OK : JOBRING_E_CANCELLED));
        end();
    }
}

/* One that sleeps until there is room finds what a cancel made. */
static void a_cancel_wakes_who_waits_for_room(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    struct caller caller;
    jobring_job held[2];
    options.drop = dropped;
    make(1, 8, 1, 2);
    for (int taken = 0; taken < 2; taken++) {
        block();
        for (int n = 0; n < 2; n++) held[n] = submit(identity, NULL, &options);
        caller_start(&caller, submits, NULL);
        caller_is_in(&caller);
        if (taken) cancel_and_take(held[1]);
        else OK(jobring_cancel(pool, held[1]));
        caller_join(&caller);
        gate_open(&blocker.go);
        if (!taken) CHECK(jobring_wait(pool, held[1], 0, NULL) == JOBRING_E_CANCELLED);
        OK(jobring_wait(pool, held[0], LONG, NULL));
    }
    end();
}

/* Nor do cancelled jobs keep their slots from a submit that would wait for one. */
static void a_submit_takes_the_slots_of_cancelled_jobs(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.drop = dropped;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        make(workers, 4, 1, 8);
        block();
        for (int round = 0; round < 3; round++) {
            jobring_job held[3];
            for (int n = 0; n < 3; n++) held[n] = submit(identity, NULL, &options);
            for (int n = 0; n < 3; n++) cancel_and_take(held[n]);
        }
        gate_open(&blocker.go);
        end();
    }
}

/* Inside the lane, a submit to the pool is refused while they keep them, and goes on when the lane has been asked for room. */
static void *fills_and_cancels(void *arg) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job held[3];
    options.drop = dropped;
    for (int n = 0; n < 3; n++) held[n] = submit(identity, NULL, &options);
    CHECK(jobring_submit(pool, identity, NULL, NULL) == JOBRING_E_DEADLOCK);
    for (int n = 0; n < 3; n++) cancel_and_take(held[n]);
    CHECK(jobring_submit(pool, identity, NULL, NULL) == JOBRING_E_DEADLOCK);
    OK(jobring_lane_submit(&lane, identity, NULL, NULL, NULL));
    OK(jobring_submit(pool, identity, NULL, NULL));
    return arg;
}

static void a_job_that_needs_the_slots_of_cancelled_jobs_is_refused(void) {
    for (uint32_t workers = 1; workers <= 2; workers++) {
        make(workers, 4, 1, 8);
        OK(jobring_wait(pool, submit(fills_and_cancels, NULL, NULL), LONG, NULL));
        end();
    }
}

/* ---- Closes */

static void closes(void *with) { OK(jobring_lane_close(&lane, *(const uint32_t *)with, LONG)); }
static void closes_for_ever(void *with) {
    OK(jobring_lane_close(&lane, *(const uint32_t *)with, JOBRING_FOREVER));
}

static void a_close_ends_what_waits_and_refuses_what_comes(void) {
    static const uint32_t modes[] = {JOBRING_DRAIN, JOBRING_DISCARD};
    for (int m = 0; m < 2; m++) {
        const jobring_status ended = m == 0 ? JOBRING_OK : JOBRING_E_SHUTDOWN;
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
        jobring_job held[4];
        struct caller callers[2];
        options.drop = dropped;
        atomic_store(&drops, 0);
        make(2, 16, 1, 8);
        block();
        for (int n = 0; n < 4; n++) held[n] = submit(identity, NULL, &options);
        cancel_and_take(held[1]);
        CHECK(jobring_lane_close(&lane, 77, 0) == JOBRING_E_INVALID && submit_now(&held[1]) == JOBRING_OK);
        CHECK(jobring_lane_close(&lane, modes[m], 0) == JOBRING_E_TIMEDOUT);
        CHECK(submit_now(NULL) == JOBRING_E_SHUTDOWN);
        CHECK(jobring_lane_submit(&lane, identity, NULL, NULL, NULL) == JOBRING_E_SHUTDOWN);
        CHECK(jobring_lane_close(&lane, modes[m], 1) == JOBRING_E_TIMEDOUT);
        /* Dropped though another one runs. */
        CHECK(atomic_load(&drops) == (m == 0 ? 1 : 4) && pending(&lane) >= (m == 0 ? 5 : 1));
        caller_start(&callers[0], closes, (void *)(uintptr_t)&modes[m]);
        caller_start(&callers[1], closes_for_ever, (void *)(uintptr_t)&modes[m]);
        caller_is_in(&callers[0]);
        caller_is_in(&callers[1]);
        gate_open(&blocker.go);
        caller_join(&callers[0]);
        caller_join(&callers[1]);
        for (int n = 0; n < 4; n++) CHECK(jobring_wait(pool, held[n], LONG, NULL) == ended);
        CHECK(m == 0 || atomic_load(&reason) == JOBRING_E_SHUTDOWN);
        OK(jobring_lane_close(&lane, JOBRING_DISCARD, 0));
        /* The memory is ours again. */
        memset(&lane, 0xA5, sizeof lane);
        OK(jobring_lane_init(&lane, pool, 2, 1));
        OK(jobring_wait(pool, submit(identity, NULL, NULL), LONG, NULL));
        end();
    }
}

static void waits_for_room(void *with) {
    *(jobring_status *)with = jobring_lane_submit(&lane, identity, NULL, NULL, NULL);
}

static void a_close_wakes_who_waits_for_room(void) {
    struct caller caller;
    jobring_status status;
    make(2, 8, 1, 1);
    block();
    OK(jobring_lane_submit(&lane, identity, NULL, NULL, NULL));
    caller_start(&caller, waits_for_room, &status);
    caller_is_in(&caller);
    CHECK(jobring_lane_close(&lane, JOBRING_DRAIN, 0) == JOBRING_E_TIMEDOUT);
    caller_join(&caller);
    CHECK(status == JOBRING_E_SHUTDOWN);
    gate_open(&blocker.go);
    end();
}

/* The last job of many lanes ends while its closer comes: the memory is used anew at once. */
static void a_closed_lane_is_not_touched_any_more(void) {
    make(2, 16, 1, 1);
    for (int round = 0; round < 2000; round++) {
        jobring_lane *own = malloc(sizeof *own);
        CHECK(own != NULL);
        OK(jobring_lane_init(own, pool, 1 + (uint32_t)round % 2, 4));
        for (int n = 0; n < round % 5; n++) OK(jobring_lane_submit(own, identity, NULL, NULL, NULL));
        OK(jobring_lane_close(own, round % 3 ? JOBRING_DRAIN : JOBRING_DISCARD, LONG));
        memset(own, 0xA5, sizeof *own);
        free(own);
    }
    end();
}

/* ---- The end of the pool */

static void the_end_of_the_pool_ends_its_lanes(void) {
    static const uint32_t modes[] = {JOBRING_DRAIN, JOBRING_DISCARD};
    for (int m = 0; m < 2; m++)
        for (uint32_t width = 1; width <= 2; width++) {
            const jobring_status ended = m == 0 ? JOBRING_OK : JOBRING_E_SHUTDOWN;
            jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
            jobring_report report;
            jobring_job held[4];
            options.drop = dropped;
            make(2, 16, width, 8);
            atomic_store(&drops, 0);
            for (uint32_t n = 0; n < width; n++) block();
            for (int n = 0; n < 4; n++) held[n] = submit(identity, &lane, &options);
            cancel_and_take(held[3]);
            CHECK(jobring_shutdown(pool, modes[m], 0, &report) == JOBRING_E_TIMEDOUT);
            CHECK(report.queued == 3 && report.running == width);
            CHECK(jobring_lane_submit(&lane, identity, NULL, NULL, NULL) == JOBRING_E_SHUTDOWN);
            gate_open(&blocker.go);
            OK(jobring_shutdown(pool, modes[m], LONG, &report));
            CHECK(report.queued == 0 && report.running == 0 && report.untaken == 3);
            for (int n = 0; n < 3; n++) CHECK(jobring_wait(pool, held[n], 0, NULL) == ended);
            CHECK(atomic_load(&drops) == (m == 0 ? 1 : 4));
            OK(jobring_lane_close(&lane, JOBRING_DRAIN, 0));
            OK(jobring_destroy(pool));
        }
}

/* A destroy runs the jobs of lanes as all others. */
static void a_pool_is_destroyed_while_a_lane_has_jobs(void) {
    for (uint32_t workers = 0; workers <= 2; workers++) {
        make(workers ? workers : JOBRING_WORKERS_NONE, 32, 1, 20);
        atomic_store(&calls, 0);
        for (int n = 0; n < 20; n++) OK(jobring_lane_submit(&lane, counts, NULL, NULL, NULL));
        OK(jobring_destroy(pool));
        CHECK(atomic_load(&calls) == 20);
    }
}

/* ---- Drop callbacks that use the lane */

static jobring_job self, later;

static void uses_the_lane(void *arg, jobring_status why) {
    const int is_closed = why == JOBRING_E_SHUTDOWN;
    jobring_job job;
    (void)arg;
    atomic_fetch_add(&drops, 1);
    OK(jobring_current_job(pool, &job));
    CHECK(job == self && jobring_cancel(pool, self) == JOBRING_E_BUSY);
    CHECK(jobring_wait(pool, self, JOBRING_FOREVER, NULL) == JOBRING_E_DEADLOCK);
    CHECK(submit_now(NULL) == (is_closed ? JOBRING_E_SHUTDOWN : JOBRING_OK));
    CHECK(jobring_lane_submit(&lane, counts, NULL, NULL, NULL) == (is_closed ? JOBRING_E_SHUTDOWN : JOBRING_OK));
    CHECK(jobring_wait(pool, later, 1, NULL) == JOBRING_E_TIMEDOUT);
    if (is_closed) OK(jobring_cancel(pool, later));
    CHECK(jobring_lane_close(&lane, JOBRING_DRAIN, 1) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_lane_close(&lane, JOBRING_DISCARD, JOBRING_FOREVER) == JOBRING_E_DEADLOCK);
    CHECK(jobring_destroy(pool) == JOBRING_E_BUSY);
}

/* In a cancel, a close and a shutdown. */
static void a_drop_callback_uses_the_lane(void) {
    for (int way = 0; way < 3; way++) {
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
        make(2, 16, 1, 8);
        block();
        atomic_store(&drops, 0), atomic_store(&calls, 0);
        options.drop = uses_the_lane;
        self = submit(identity, NULL, &options);
        later = submit(identity, NULL, NULL);
        if (way == 0) OK(jobring_cancel(pool, self));
        if (way == 1) CHECK(jobring_lane_close(&lane, JOBRING_DISCARD, 0) == JOBRING_E_TIMEDOUT);
        if (way == 2) CHECK(jobring_shutdown(pool, JOBRING_DISCARD, 0, NULL) == JOBRING_E_TIMEDOUT);
        CHECK(atomic_load(&drops) == (way < 2));
        gate_open(&blocker.go);
        OK(jobring_lane_close(&lane, JOBRING_DRAIN, LONG));
        CHECK(atomic_load(&drops) == 1 && atomic_load(&calls) == 0);
        CHECK(jobring_wait(pool, self, LONG, NULL) == (way ? JOBRING_E_SHUTDOWN : JOBRING_E_CANCELLED));
        CHECK(jobring_wait(pool, later, LONG, NULL) == (way ? JOBRING_E_CANCELLED : JOBRING_E_SHUTDOWN));
        end();
    }
}

/* A job that runs and a callback of a job that is dropped both wait for the last job of the lane, which the closer drops when
 * the callback returns. */
static struct gate callback_runs = GATE_INIT;
static atomic_int refused, shut;

static void waits_for_last(void) {
    const jobring_status status = jobring_wait(pool, later, JOBRING_FOREVER, NULL);
    if (status == JOBRING_E_DEADLOCK) atomic_fetch_add(&refused, 1);
    else if (status == JOBRING_E_SHUTDOWN) atomic_fetch_add(&shut, 1);
    else CHECK(status == JOBRING_E_STALE);
}

static void *runs_and_waits(void *arg) {
    gate_open(&blocker.begun);
    gate_pass(&callback_runs);
    waits_for_last();
    return arg;
}

static void drops_and_waits(void *arg, jobring_status why) {
    (void)arg, (void)why;
    gate_open(&callback_runs);
    waits_for_last();
}

static void a_job_and_a_callback_wait_for_the_same(void) {
    for (int round = 0; round < 10; round++) {
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
        make(2, 16, 1, 8);
        gate_close(&blocker.begun), gate_close(&callback_runs);
        atomic_store(&refused, 0), atomic_store(&shut, 0);
        OK(jobring_lane_submit(&lane, runs_and_waits, NULL, NULL, NULL));
        gate_pass(&blocker.begun);
        options.drop = drops_and_waits;
        OK(jobring_lane_submit(&lane, identity, NULL, &options, NULL));
        later = submit(identity, NULL, NULL);
        OK(jobring_lane_close(&lane, JOBRING_DISCARD, LONG));
        CHECK(atomic_load(&refused) >= 1);
        end();
    }
}

/* On a thread that its job ends, a job is dropped whose callback waits for the next one of the lane. Another job, which has the other
 * place, can still end that. */
static struct caller leaving;
static _Atomic jobring_status status_there;

static void drops_and_waits_for_another(void *arg, jobring_status why) {
    (void)arg, (void)why;
    atomic_store(&leaving.number, gettid());
    atomic_store(&status_there, jobring_wait(pool, later, JOBRING_FOREVER, NULL));
    atomic_store(&leaving.back, 1);
}

static void *waits_and_leaves(void *arg) {
    struct blocker *of = arg;
    gate_open(&of->begun);
    gate_pass(&of->go);
    pthread_exit(NULL);
}

static void a_job_that_ended_its_thread_has_no_place(void) {
    static struct blocker leaver = {GATE_INIT, GATE_INIT};
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    if (!(jobring_features() & JOBRING_FEATURE_PTHREAD)) return;
    make(2, 16, 2, 8);
    block();
    OK(jobring_lane_submit(&lane, waits_and_leaves, &leaver, NULL, NULL));
    gate_pass(&leaver.begun);
    options.drop = drops_and_waits_for_another;
    OK(jobring_lane_submit(&lane, identity, NULL, &options, NULL));
    later = submit(identity, NULL, NULL);
    CHECK(jobring_shutdown(pool, JOBRING_DISCARD, 0, NULL) == JOBRING_E_TIMEDOUT);
    gate_open(&leaver.go);
    caller_is_in(&leaving);
    gate_open(&blocker.go);
    OK(jobring_shutdown(pool, JOBRING_DISCARD, LONG, NULL));
    CHECK(atomic_load(&status_there) == JOBRING_E_SHUTDOWN);
    end();
}

/* The jobs that a lane drops when one of its jobs ends, it drops inside of that. */
static _Atomic jobring_status other_status;

static void waits_for_self(void *arg, jobring_status why) {
    (void)arg, (void)why;
    atomic_store(&other_status, jobring_wait(pool, self, JOBRING_FOREVER, NULL));
}

static void a_callback_cannot_wait_for_the_job_whose_end_calls_it(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    make(2, 16, 1, 8);
    gate_close(&blocker.begun), gate_close(&blocker.go);
    self = submit(blocks, &blocker, NULL);
    gate_pass(&blocker.begun);
    options.drop = waits_for_self;
    later = submit(identity, NULL, &options);
    CHECK(jobring_shutdown(pool, JOBRING_DISCARD, 0, NULL) == JOBRING_E_TIMEDOUT);
    gate_open(&blocker.go);
    OK(jobring_wait(pool, self, LONG, NULL));
    CHECK(atomic_load(&other_status) == JOBRING_E_DEADLOCK);
    CHECK(jobring_wait(pool, later, LONG, NULL) == JOBRING_E_SHUTDOWN);
    end();
}

int main(void) {
    a_cancel_makes_room();
    a_cancel_of_all_leaves_what_waits_for_a_job_that_runs();
    a_cancel_wakes_who_waits_for_room();
    a_submit_takes_the_slots_of_cancelled_jobs();
    a_job_that_needs_the_slots_of_cancelled_jobs_is_refused();
    a_close_ends_what_waits_and_refuses_what_comes();
    a_close_wakes_who_waits_for_room();
    a_closed_lane_is_not_touched_any_more();
    the_end_of_the_pool_ends_its_lanes();
    a_pool_is_destroyed_while_a_lane_has_jobs();
    a_drop_callback_uses_the_lane();
    a_job_and_a_callback_wait_for_the_same();
    a_job_that_ended_its_thread_has_no_place();
    a_callback_cannot_wait_for_the_job_whose_end_calls_it();
    return 0;
}
