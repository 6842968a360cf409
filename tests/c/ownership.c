/* Who owns a job's argument and its result, for each way in which a job can end: which callbacks are called, how
 * often, with what, on which thread. The table has stages (where the job is) and ends (what happens to it then).
 * Each pair is tried with every outcome and every way to submit. Prints "way <stage> <end>" for each, and the number
 * of rows. */
#define _GNU_SOURCE
#include "ownership_table.h"

static enum stage stage;

static int ran(void) { return stage != S_cancelled && stage != S_discarded; }

/* Has the job been resolved when the end comes? */
static int is_over(void) { return stage == S_over || !ran(); }

/* What taking the result says. */
static jobring_status over_status(void) {
    return ran() ? outcome_status() : stage == S_discarded ? JOBRING_E_SHUTDOWN : JOBRING_E_CANCELLED;
}

/* Calls on the helper's thread; opens the gates when it is inside, and returns when it is back. */
static void on_helper(void (*call)(void *), void *with) {
    struct caller helper;
    caller_start(&helper, call, with);
    caller_is_in(&helper);
    open_gates();
    caller_join(&helper);
}

static void helper_waits(void *arg) {
    (void)arg;
    void *result = NULL;
    who = HELPER;
    jobring_status status = jobring_wait(subject.pool, subject.job, LONG, &result);
    CHECK(status == over_status());
    taken(status, result);
}

static void end_wait(struct expected *expected) {
    (void)expected;
    on_helper(helper_waits, NULL);
    is_stale();
}

static void end_poll(struct expected *expected) {
    (void)expected;
    void *result = NULL;
    jobring_status status = jobring_poll(subject.pool, subject.job, &result);
    CHECK(status == (is_over() ? over_status() : JOBRING_PENDING));
    if (!is_over()) return;
    taken(status, result);
    is_stale();
}

static void helper_waits_opts(void *arg) {
    (void)arg;
    unsigned char data[sizeof(void *)] = {0};
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    const int has_data = subject.variant->copy && ran() && subject.outcome != FAILURE;
    outcome.data = data, outcome.capacity = 1;
    who = HELPER;
    jobring_status status = jobring_wait_opts(subject.pool, subject.job, NULL, &outcome);
    if (has_data) {
        /* Nothing is taken, and no other field written. */
        CHECK(status == JOBRING_E_SIZE && outcome.length == sizeof data && data[0] == 0);
        CHECK(outcome.job == 0 && outcome.result == NULL && atomic_load(&subject.drops) == 0);
        outcome.capacity = sizeof data;
        status = jobring_wait_opts(subject.pool, subject.job, NULL, &outcome);
        CHECK(data[0] == 0x5A && outcome.length == sizeof data && outcome.arg == data);
    } else {
        CHECK(outcome.arg == (subject.variant->copy ? NULL : (void *)subject.arg));
    }
    CHECK(status == over_status() && outcome.status == status && outcome.job == subject.job);
    CHECK(outcome.code == (status == JOBRING_E_FAILED ? 5 : 0));
    taken(status, outcome.result);
}

static void end_wait_opts(struct expected *expected) {
    (void)expected;
    on_helper(helper_waits_opts, NULL);
    is_stale();
}

/* Where the job stands before anybody takes it. */
static uint32_t standing(void) {
    switch (stage) {
        case S_queued:
        case S_unnamed: return JOBRING_STATE_QUEUED;
        case S_running:
        case S_unnamed_running: return JOBRING_STATE_RUNNING;
        case S_over: return subject.outcome == FAILURE ? JOBRING_STATE_FAILED : JOBRING_STATE_DONE;
        default: return JOBRING_STATE_CANCELLED;
    }
}

static void end_peek(struct expected *expected) {
    uint32_t state;
    (void)expected;
    OK(jobring_state(subject.pool, subject.job, &state));
    CHECK(state == standing());
    CHECK(peek(subject.pool, subject.job, NULL) == (is_over() ? over_status() : JOBRING_PENDING));
    CHECK(code_of(subject.pool, subject.job) == (is_over() && ran() && subject.outcome == FAILURE ? 5 : 0));
}

static void end_detach(struct expected *expected) {
    (void)expected;
    OK(jobring_detach(subject.pool, subject.job));
    is_stale();
}

/* Set before it was submitted. */
static void end_detach_inside(struct expected *expected) {
    (void)expected;
    is_stale();
}

static void end_detach_in_done(struct expected *expected) {
    (void)expected;
    if (!ran()) is_stale();
}

static void end_cancel(struct expected *expected) {
    (void)expected;
    CHECK(jobring_cancel(subject.pool, subject.job) == (stage == S_queued ? JOBRING_OK : JOBRING_E_BUSY));
}

static void end_cancel_all(struct expected *expected) {
    (void)expected;
    uint64_t cancelled = 9;
    OK(jobring_cancel_all(subject.pool, &cancelled));
    CHECK(cancelled == (stage == S_queued || stage == S_unnamed));
}

static void end_discard(struct expected *expected) {
    (void)expected;
    jobring_report report;
    CHECK(jobring_shutdown(subject.pool, JOBRING_DISCARD, 0, &report) ==
          (stage == S_over ? JOBRING_OK : JOBRING_E_TIMEDOUT));
    CHECK(report.queued == 0 && report.running == (stage != S_over) && report.submitting == 0);
    open_gates();
    OK(jobring_shutdown(subject.pool, JOBRING_DISCARD, LONG, &report));
    CHECK(report.queued == 0 && report.running == 0 && report.untaken == (subject.job != 0));
}

static void end_drain(struct expected *expected) {
    (void)expected;
    open_gates();
    OK(jobring_shutdown(subject.pool, JOBRING_DRAIN, LONG, NULL));
}

static void end_wait_idle(struct expected *expected) {
    (void)expected;
    open_gates();
    OK(jobring_wait_idle(subject.pool, LONG));
}

/* Of the subject alone. It takes nothing. */
static void end_wait_many(struct expected *expected) {
    uint32_t state;
    size_t index = 9;
    (void)expected;
    open_gates();
    OK(jobring_wait_many(subject.pool, &subject.job, 1, JOBRING_UNTIL_FIRST, NULL, &index, &state));
    CHECK(index == 0);
    if (is_over()) CHECK(state == standing());
    else CHECK(state == (subject.outcome == FAILURE ? JOBRING_STATE_FAILED : JOBRING_STATE_DONE));
}

/* A wait in a scope of an interrupt that is raised changes nothing, except for a job that has ended. */
static void end_interrupt(struct expected *expected) {
    static jobring_interrupt interrupt;
    jobring_interrupt_scope scope;
    void *result = NULL;
    (void)expected;
    OK(jobring_interrupt_raise(subject.pool, &interrupt));
    OK(jobring_interrupt_begin(subject.pool, &interrupt, &scope));
    for (int n = 0; n < 2 && !is_over(); n++)
        CHECK(jobring_wait(subject.pool, subject.job, LONG, &result) == JOBRING_E_INTERRUPTED && result == NULL);
    if (is_over()) {
        const jobring_status status = jobring_wait(subject.pool, subject.job, LONG, &result);
        CHECK(status == over_status());
        taken(status, result);
        is_stale();
    }
    OK(jobring_interrupt_end(subject.pool, &scope));
    CHECK(jobring_interrupt_reset(&interrupt) == 1);
}

static void opens_when_main_sleeps(void *main_is_back) {
    UNTIL(atomic_load((atomic_int *)main_is_back) || sleeps(getpid()));
    open_gates();
}

static void end_destroy(struct expected *expected) {
    (void)expected;
    atomic_int back = 0;
    struct caller helper;
    caller_start(&helper, opens_when_main_sleeps, &back);
    OK(jobring_destroy(subject.pool));
    atomic_store(&back, 1);
    caller_join(&helper);
    subject.pool = NULL;
}

static void helper_runs_one(void *arg) {
    (void)arg;
    who = HELPER;
    CHECK(jobring_run_one(subject.pool) == (ran() ? JOBRING_OK : JOBRING_E_EMPTY));
}

static void end_run_one(struct expected *expected) {
    (void)expected;
    struct caller helper;
    caller_start(&helper, helper_runs_one, NULL);
    caller_join(&helper);
}

static void helper_runs_all(void *arg) {
    (void)arg;
    uint64_t number = 9;
    who = HELPER;
    OK(jobring_run_until_idle(subject.pool, &number));
    CHECK(number == (uint64_t)ran());
}

static void end_run_until_idle(struct expected *expected) {
    (void)expected;
    struct caller helper;
    caller_start(&helper, helper_runs_all, NULL);
    caller_join(&helper);
}

static void helper_enters(void *arg) {
    (void)arg;
    who = HELPER;
    OK(jobring_enter_worker(subject.pool));
}

static void end_enter_worker(struct expected *expected) {
    (void)expected;
    struct caller helper;
    caller_start(&helper, helper_enters, NULL);
    UNTIL(atomic_load(&subject.runs) == ran());
    CHECK(jobring_shutdown(subject.pool, JOBRING_DRAIN, 0, NULL) == JOBRING_E_TIMEDOUT);
    open_gates();
    caller_join(&helper);
}

/* Inside a job, on the one worker: the subject can only run on that job's stack. */
static atomic_int waited_inside;

static void wait_inside(void) {
    void *result = NULL;
    jobring_status status = jobring_wait(subject.pool, subject.job, JOBRING_FOREVER, &result);
    CHECK(status == over_status());
    taken(status, result);
    atomic_store(&waited_inside, 1);
}

static void end_wait_inside(struct expected *expected) {
    (void)expected;
    atomic_store(&waited_inside, 0);
    subject.then = wait_inside;
    open_gates();
    UNTIL(atomic_load(&waited_inside));
    is_stale();
}

#define NAME(name) #name,
static const char *const stage_names[] = {STAGES(NAME)};
static const char *const end_names[] = {ENDS(NAME)};
#define FUNCTION(name) end_##name,
static void (*const ends[])(struct expected *) = {ENDS(FUNCTION)};

static void go(enum end end, const struct variant *variant, enum outcome outcome) {
    struct expected expected = table[stage][end];
    const int unnamed = stage == S_unnamed || stage == S_unnamed_running;
    if (end == E_detach_in_done && !variant->done) return;
    snprintf(row_name, sizeof row_name, "%s %s, outcome %d, via %d, copy %d, done %d, drop %d, nodes %d",
             stage_names[stage], end_names[end], outcome, variant->via, variant->copy, variant->done,
             variant->drop, variant->nodes);
    begin(variant, outcome, 1, 4);
    hold_worker();
    subject.holds = stage == S_running || stage == S_unnamed_running;
    subject.detaches_inside = end == E_detach_inside;
    subject.detaches_in_done = end == E_detach_in_done;
    OK(submit(unnamed ? NULL : &subject.job));
    CHECK((subject.job == 0) == unnamed);
    switch (stage) {
        case S_running:
        case S_unnamed_running:
            gate_open(&hold_open);
            gate_pass(&subject.entered);
            break;
        case S_over:
            gate_open(&hold_open);
            UNTIL(peek(subject.pool, subject.job, NULL) != JOBRING_PENDING);
            break;
        case S_cancelled: OK(jobring_cancel(subject.pool, subject.job)); break;
        case S_discarded:
            CHECK(jobring_shutdown(subject.pool, JOBRING_DISCARD, 0, NULL) == JOBRING_E_TIMEDOUT);
            break;
        default: break;
    }
    /* Cancelled or discarded: all callbacks have been, before the call returned. */
    if (!ran()) CHECK(subject.dones == variant->done && subject.drops == variant->drop);
    if (!ran()) CHECK(subject.nodes_notified == variant->nodes * NODES);
    ends[end](&expected);
    judge(&expected);
}

int main(void) {
    int ways = 0;
    who = MAIN;
    for (stage = 0; stage < STAGE_COUNT; stage++) {
        for (enum end end = 0; end < END_COUNT; end++) {
            const struct expected *cell = &table[stage][end];
            if (cell->no) continue;
            /* A cell that nobody filled. */
            CHECK(cell->ran_on != NOBODY || cell->dropped_on != NOBODY);
            for (int n = 0; n < variant_count; n++)
                for (enum outcome outcome = 0; outcome < OUTCOMES; outcome++) {
                    /* What it would have done makes no difference to a job that does not run. */
                    if (cell->ran_on == NOBODY && outcome != SOMETHING) continue;
                    go(end, &variants[n], outcome);
                }
            printf("way %s %s\n", stage_names[stage], end_names[end]);
            ways++;
        }
    }
    ways += special_ways();
    ways += refusals();
    printf("ownership: %d ways, %d rows\n", ways, rows);
    return 0;
}
