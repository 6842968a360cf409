/* Cases outside of the table: pools without workers, jobs that find no slot, discards that another thread continues,
 * and every refusal of a submit. */
#define _GNU_SOURCE
#include "ownership.h"

#include <string.h>

struct special {
    const char *name;
    void (*go)(void);
    struct expected expected;
    /* Does it make sense for a variant? NULL: for all. */
    int (*suits)(const struct variant *variant);
};

static int has_drop(const struct variant *v) { return v->drop; }
static int is_by_options(const struct variant *v) { return v->via == BY_OPTIONS; }
static int is_by_options_pointer(const struct variant *v) { return v->via == BY_OPTIONS && !v->copy; }
static int is_by_options_copy(const struct variant *v) { return v->via == BY_OPTIONS && v->copy; }
static int is_by_batch(const struct variant *v) { return v->via == BY_BATCH; }
static int is_copied(const struct variant *v) { return v->copy; }
static int waits_when_full(const struct variant *v) {
    return v->via == BY_SUBMIT || v->via == BY_OPTIONS;
}
static int fails_when_full(const struct variant *v) { return v->via == BY_TRY_SUBMIT || v->via == BY_BATCH; }

static const struct variant *variant;
static enum outcome outcome;

static void *nothing(void *arg) { return arg; }

/* A pool of one slot, with a job in it that runs. */
static void begin_full(void) {
    begin(variant, outcome, 1, 1);
    hold_worker();
}

static void no_workers_wait(void) {
    void *result = NULL;
    begin(variant, outcome, JOBRING_WORKERS_NONE, 2);
    OK(submit(&subject.job));
    jobring_status status = jobring_wait(subject.pool, subject.job, JOBRING_FOREVER, &result);
    CHECK(status == outcome_status());
    taken(status, result);
    is_stale();
}

static void no_workers_drain(void) {
    begin(variant, outcome, JOBRING_WORKERS_NONE, 2);
    OK(submit(&subject.job));
    OK(jobring_shutdown(subject.pool, JOBRING_DRAIN, LONG, NULL));
}

static void no_workers_discard(void) {
    begin(variant, outcome, JOBRING_WORKERS_NONE, 2);
    OK(submit(&subject.job));
    OK(jobring_shutdown(subject.pool, JOBRING_DISCARD, LONG, NULL));
}

static void no_workers_destroy(void) {
    begin(variant, outcome, JOBRING_WORKERS_NONE, 2);
    OK(submit(&subject.job));
}

/* A submitter that finds no slot runs the oldest job. */
static void no_workers_submit_runs(void) {
    begin(variant, outcome, JOBRING_WORKERS_NONE, 1);
    OK(submit(NULL));
    OK(jobring_submit(subject.pool, nothing, NULL, NULL));
    CHECK(atomic_load(&subject.runs) == 1);
}

static void blocked_submit_gets_a_slot_main(void *arg) {
    (void)arg;
    who = HELPER;
    OK(submit(NULL));
}

static void blocked_submit_gets_a_slot(void) {
    struct caller helper;
    begin_full();
    caller_start(&helper, blocked_submit_gets_a_slot_main, NULL);
    caller_is_in(&helper);
    open_gates();
    caller_join(&helper);
}

static void full_run(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.when_full = JOBRING_WHEN_FULL_RUN;
    begin_full();
    subject.on_submitter = 1;
    OK(submit_with(&options, NULL));
    CHECK(atomic_load(&subject.runs) == 1);
}

static void full_run_in_job_main(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.when_full = JOBRING_WHEN_FULL_RUN;
    OK(submit_with(&options, NULL));
    CHECK(atomic_load(&subject.runs) == 1);
}

static void full_run_in_job(void) {
    begin_full();
    subject.on_submitter = 1;
    subject.then = full_run_in_job_main;
    open_gates();
    UNTIL(atomic_load(&subject.runs) == 1);
}

static void full_run_with_room(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.when_full = JOBRING_WHEN_FULL_RUN;
    begin(variant, outcome, 1, 2);
    hold_worker();
    OK(submit_with(&options, NULL));
    CHECK(atomic_load(&subject.runs) == 0);
}

/* A thread is in the middle of a discard, in the drop callback of another job; destroy goes on with it. */
static struct gate in_discard, discard_on;

static void stays_in_discard(void *arg, jobring_status why) {
    (void)arg, (void)why;
    gate_open(&in_discard);
    gate_pass(&discard_on);
}

static void helper_discards(void *arg) {
    (void)arg;
    who = HELPER;
    OK(jobring_shutdown(subject.pool, JOBRING_DISCARD, LONG, NULL));
}

static void let_discard_go_on(void) {
    gate_open(&discard_on);
    open_gates();
}

static void destroy_discards(void) {
    static const struct gate gate = GATE_INIT;
    struct caller helper;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    in_discard = discard_on = gate;
    begin(variant, outcome, 1, 4);
    hold_worker();
    options.drop = stays_in_discard;
    OK(jobring_submit_opts(subject.pool, nothing, NULL, &options, NULL));
    subject.in_drop = let_discard_go_on;
    OK(submit(&subject.job));
    caller_start(&helper, helper_discards, NULL);
    gate_pass(&in_discard);
    OK(jobring_destroy(subject.pool));
    subject.pool = NULL;
    caller_join(&helper);
}

/* The canceller's done callback detaches the job; the other callback comes all the same. */
static void cancel_detach_in_done(void) {
    begin(variant, outcome, 1, 4);
    hold_worker();
    OK(submit(&subject.job));
    subject.detaches_in_done = variant->done;
    OK(jobring_cancel(subject.pool, subject.job));
    if (variant->done) is_stale();
}

static void batch_takes_the_first(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    struct block *data;
    jobring_job jobs[2] = {0, 0};
    size_t accepted = 9;
    begin(variant, outcome, 1, 2);
    hold_worker();
    data = subject.arg;
    options.done = variant->done ? on_done : NULL;
    options.drop = variant->drop ? on_drop : NULL;
    options.copy = variant->copy ? sizeof data : 0;
    const jobring_batch_item two[] = {
        {run_subject, variant->copy ? (void *)&data : (void *)subject.arg, &options, NULL},
        {nothing, NULL, NULL, NULL},
    };
    CHECK(jobring_submit_batch(subject.pool, two, 2, jobs, &accepted) == JOBRING_E_FULL);
    CHECK(accepted == 1 && jobs[0] != 0 && jobs[1] == 0);
    subject.job = jobs[0];
}

/* With all callbacks there is no room for the word that such a job needs more, nor in a queue. */
static int has_room_for_a_word(const struct variant *v) {
    return v->via == BY_OPTIONS && v->done + v->drop + v->nodes < 3;
}

static void begin_cancellable(uint32_t workers) {
    begin(variant, outcome, workers, 2);
    subject.is_cancellable = 1;
    if (workers == 1) hold_worker();
    OK(submit(&subject.job));
}

/* Both slots are used again. */
static void is_given_back(void) {
    is_stale();
    for (int n = 0; n < 2; n++) OK(jobring_submit(subject.pool, nothing, NULL, NULL));
}

static void cancellable_cancel(void) {
    begin_cancellable(1);
    OK(jobring_cancel(subject.pool, subject.job));
    is_stale();
    open_gates();
    is_given_back();
}

static void cancellable_cancel_running(void) {
    begin(variant, outcome, 1, 2);
    subject.is_cancellable = subject.holds = 1;
    OK(submit(&subject.job));
    gate_pass(&subject.entered);
    for (int n = 0; n < 2; n++) serves_cancel_only(subject.job, JOBRING_E_BUSY);
    open_gates();
}

static void cancellable_end(void) {
    begin_cancellable(1);
    open_gates();
    UNTIL(atomic_load(&subject.runs) == 1 && jobring_cancel(subject.pool, subject.job) == JOBRING_E_STALE);
    is_given_back();
}

static void cancellable_run_one(void) {
    begin_cancellable(JOBRING_WORKERS_NONE);
    OK(jobring_run_one(subject.pool));
    is_given_back();
}

static void cancellable_drain(void) {
    jobring_report report;
    begin_cancellable(1);
    open_gates();
    OK(jobring_shutdown(subject.pool, JOBRING_DRAIN, LONG, &report));
    CHECK(report.queued == 0 && report.running == 0 && report.submitting == 0 && report.untaken == 0);
    is_stale();
}

static void cancellable_discard(void) {
    begin_cancellable(JOBRING_WORKERS_NONE);
    OK(jobring_shutdown(subject.pool, JOBRING_DISCARD, LONG, NULL));
    is_stale();
}

/* Of a job in a completion queue. */
static void begin_in_queue(uint32_t workers) {
    begin(variant, outcome, workers, 2);
    OK(jobring_completions_create(subject.pool, 0, &subject.queue));
    if (workers == 1) hold_worker();
    OK(submit(&subject.job));
}

/* It arrives once, with this status; then its queue is empty, and goes. */
static void arrives(jobring_status status) {
    unsigned char data[sizeof(void *)];
    jobring_outcome taking = JOBRING_OUTCOME_INIT;
    size_t count = 9;
    taking.data = data, taking.capacity = sizeof data;
    OK(jobring_completions_take(subject.queue, LONG, &taking, 1, &count));
    CHECK(count == 1 && taking.status == status && taking.job == subject.job);
    CHECK(taking.code == (status == JOBRING_E_FAILED ? 5 : 0));
    taken(status, taking.result);
    CHECK(jobring_completions_take(subject.queue, LONG, &taking, 1, &count) == JOBRING_E_EMPTY);
    is_stale();
    OK(jobring_completions_destroy(subject.queue));
}

static void queue_take(void) {
    begin_in_queue(1);
    CHECK(jobring_completions_destroy(subject.queue) == JOBRING_E_BUSY);
    open_gates();
    arrives(outcome_status());
}

static void queue_cancel(void) {
    begin_in_queue(1);
    OK(jobring_cancel(subject.pool, subject.job));
    arrives(JOBRING_E_CANCELLED);
}

static void queue_cancel_all(void) {
    uint64_t cancelled = 9;
    begin_in_queue(JOBRING_WORKERS_NONE);
    OK(jobring_cancel_all(subject.pool, &cancelled));
    CHECK(cancelled == 1);
    arrives(JOBRING_E_CANCELLED);
}

static void queue_wait_idle(void) {
    begin_in_queue(1);
    open_gates();
    OK(jobring_wait_idle(subject.pool, LONG));
    arrives(outcome_status());
}

static void queue_run_one(void) {
    begin_in_queue(JOBRING_WORKERS_NONE);
    OK(jobring_run_one(subject.pool));
    arrives(outcome_status());
}

static void queue_drain(void) {
    begin_in_queue(1);
    open_gates();
    OK(jobring_shutdown(subject.pool, JOBRING_DRAIN, LONG, NULL));
    arrives(outcome_status());
}

static void queue_discard(void) {
    begin_in_queue(JOBRING_WORKERS_NONE);
    OK(jobring_shutdown(subject.pool, JOBRING_DISCARD, LONG, NULL));
    arrives(JOBRING_E_SHUTDOWN);
}

/* The pool's end ends the queue. */
static void queue_destroy(void) { begin_in_queue(1); }

/* Of a job of a lane, which holds it back. The pool's worker is busy, or there is none. */
static jobring_lane lane;

static int has_room_for_a_lane(const struct variant *v) {
    return v->via == BY_OPTIONS && v->done + v->drop + v->nodes < 2;
}

static void begin_before_lane(uint32_t workers) {
    begin(variant, outcome, workers, 4);
    if (workers == 1) hold_worker();
    OK(jobring_lane_init(&lane, subject.pool, 1, 1));
    OK(jobring_lane_submit(&lane, nothing, NULL, NULL, NULL));
    subject.lane = &lane;
}

static void begin_in_lane(uint32_t workers) {
    begin_before_lane(workers);
    OK(submit(&subject.job));
}

static void lane_wait(void) {
    void *result = NULL;
    begin_in_lane(1);
    open_gates();
    const jobring_status status = jobring_wait(subject.pool, subject.job, LONG, &result);
    CHECK(status == outcome_status());
    taken(status, result);
    is_stale();
    OK(jobring_lane_close(&lane, JOBRING_DRAIN, LONG));
}

static void lane_wait_alone(void) {
    void *result = NULL;
    begin_in_lane(JOBRING_WORKERS_NONE);
    const jobring_status status = jobring_wait(subject.pool, subject.job, LONG, &result);
    CHECK(status == outcome_status());
    taken(status, result);
}

static void lane_detach(void) {
    begin_in_lane(1);
    OK(jobring_detach(subject.pool, subject.job));
    is_stale();
    open_gates();
    OK(jobring_lane_close(&lane, JOBRING_DRAIN, LONG));
}

static void lane_cancel(void) {
    begin_in_lane(1);
    OK(jobring_cancel(subject.pool, subject.job));
    CHECK(jobring_wait(subject.pool, subject.job, 0, NULL) == JOBRING_E_CANCELLED);
    is_stale();
}

/* The cancel of the one before it hands it on, and so on. */
static void lane_cancel_all(void) {
    uint64_t cancelled = 9;
    begin_in_lane(JOBRING_WORKERS_NONE);
    OK(jobring_cancel_all(subject.pool, &cancelled));
    CHECK(cancelled == 2);
    OK(jobring_lane_close(&lane, JOBRING_DRAIN, 0));
}

static void lane_close_drain(void) {
    begin_in_lane(1);
    open_gates();
    OK(jobring_lane_close(&lane, JOBRING_DRAIN, LONG));
}

static void lane_close_discard(void) {
    begin_in_lane(1);
    CHECK(jobring_lane_close(&lane, JOBRING_DISCARD, 0) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_wait(subject.pool, subject.job, 0, NULL) == JOBRING_E_SHUTDOWN);
    is_stale();
}

static void lane_shutdown_drain(void) {
    begin_in_lane(1);
    open_gates();
    OK(jobring_shutdown(subject.pool, JOBRING_DRAIN, LONG, NULL));
}

static void lane_shutdown_discard(void) {
    begin_in_lane(JOBRING_WORKERS_NONE);
    OK(jobring_shutdown(subject.pool, JOBRING_DISCARD, LONG, NULL));
    CHECK(jobring_wait(subject.pool, subject.job, 0, NULL) == JOBRING_E_SHUTDOWN);
}

/* On the worker, when the job before it ends. */
static void lane_shutdown_discard_running(void) {
    begin(variant, outcome, 1, 4);
    OK(jobring_lane_init(&lane, subject.pool, 1, 1));
    hold_lane(&lane);
    subject.lane = &lane;
    OK(submit(&subject.job));
    CHECK(jobring_shutdown(subject.pool, JOBRING_DISCARD, 0, NULL) == JOBRING_E_TIMEDOUT);
    open_gates();
    OK(jobring_shutdown(subject.pool, JOBRING_DISCARD, LONG, NULL));
}

static void lane_destroy(void) { begin_in_lane(1); }

/* Of a job with a callback that is added while it is queued, and one that is added when it has ended. */
static jobring_watched watched;
static jobring_done_node early, late;
static atomic_int watchers_notified;

/* The node is ours again. */
static void on_watched(void *node, const jobring_outcome *outcome) {
    CHECK(outcome->job == subject.job && outcome->result == (outcome->status == JOBRING_OK ? subject.result : NULL));
    memset(node, 0xA5, sizeof(jobring_done_node));
    atomic_fetch_add(&watchers_notified, 1);
}

static void add(jobring_done_node *node) {
    *node = (jobring_done_node){NULL, on_watched, node, {NULL, NULL}};
    OK(jobring_watch(&watched, node));
}

static void begin_watched(uint32_t workers) {
    begin(variant, outcome, workers, 2);
    OK(jobring_watched_init(&watched));
    subject.watched = &watched;
    atomic_store(&watchers_notified, 0);
    if (workers == 1) hold_worker();
    OK(submit(&subject.job));
    add(&early);
    CHECK(atomic_load(&watchers_notified) == 0);
}

static void is_notified_late(void) {
    CHECK(atomic_load(&watchers_notified) == 1);
    add(&late);
    CHECK(atomic_load(&watchers_notified) == 2);
}

static void watched_wait(void) {
    void *result = NULL;
    begin_watched(1);
    open_gates();
    CHECK(jobring_wait_many(subject.pool, &subject.job, 1, JOBRING_UNTIL_ALL, NULL, NULL, NULL) == JOBRING_OK);
    is_notified_late();
    const jobring_status status = jobring_wait(subject.pool, subject.job, LONG, &result);
    CHECK(status == outcome_status());
    taken(status, result);
}

static void watched_cancel(void) {
    begin_watched(1);
    OK(jobring_cancel(subject.pool, subject.job));
    is_notified_late();
}

static void watched_discard(void) {
    begin_watched(JOBRING_WORKERS_NONE);
    OK(jobring_shutdown(subject.pool, JOBRING_DISCARD, LONG, NULL));
    is_notified_late();
}

static const struct special specials[] = {
    {"no_workers wait", no_workers_wait, TAKEN(MAIN), NULL},
    {"no_workers drain", no_workers_drain, GIVEN_UP(MAIN, MAIN), NULL},
    {"no_workers discard", no_workers_discard, DISCARDED_BY(MAIN), NULL},
    {"no_workers destroy", no_workers_destroy, GIVEN_UP(MAIN, MAIN), NULL},
    {"no_workers submit_runs_the_oldest", no_workers_submit_runs, GIVEN_UP(MAIN, MAIN), NULL},
    {"full submit_waits", blocked_submit_gets_a_slot, GIVEN_UP(WORKER, WORKER), waits_when_full},
    {"full run", full_run, GIVEN_UP(MAIN, MAIN), is_by_options_pointer},
    {"full run_in_job", full_run_in_job, GIVEN_UP(WORKER, WORKER), is_by_options_pointer},
    {"full run_finds_room", full_run_with_room, GIVEN_UP(WORKER, WORKER), is_by_options_pointer},
    {"queued destroy_goes_on_with_discard", destroy_discards, DISCARDED_BY(MAIN), has_drop},
    {"queued cancel_detaches_in_done", cancel_detach_in_done, CANCELLED_BY(MAIN), NULL},
    {"cancellable cancel", cancellable_cancel, CANCELLED_BY(MAIN), has_room_for_a_word},
    {"cancellable cancel_running", cancellable_cancel_running, GIVEN_UP(WORKER, WORKER), has_room_for_a_word},
    {"cancellable end", cancellable_end, GIVEN_UP(WORKER, WORKER), has_room_for_a_word},
    {"cancellable run_one", cancellable_run_one, GIVEN_UP(MAIN, MAIN), has_room_for_a_word},
    {"cancellable drain", cancellable_drain, GIVEN_UP(WORKER, WORKER), has_room_for_a_word},
    {"cancellable discard", cancellable_discard, DISCARDED_BY(MAIN), has_room_for_a_word},
    {"in_queue take", queue_take, TAKEN(WORKER), has_room_for_a_word},
    {"in_queue cancel", queue_cancel, CANCELLED_BY(MAIN), has_room_for_a_word},
    {"in_queue cancel_all", queue_cancel_all, CANCELLED_BY(MAIN), has_room_for_a_word},
    {"in_queue wait_idle", queue_wait_idle, TAKEN(WORKER), has_room_for_a_word},
    {"in_queue run_one", queue_run_one, TAKEN(MAIN), has_room_for_a_word},
    {"in_queue drain", queue_drain, TAKEN(WORKER), has_room_for_a_word},
    {"in_queue discard", queue_discard, DISCARDED_BY(MAIN), has_room_for_a_word},
    {"in_queue destroy", queue_destroy, GIVEN_UP(WORKER, MAIN), has_room_for_a_word},
    {"in_lane wait", lane_wait, TAKEN(WORKER), has_room_for_a_lane},
    {"in_lane wait_alone", lane_wait_alone, TAKEN(MAIN), has_room_for_a_lane},
    {"in_lane detach", lane_detach, GIVEN_UP(WORKER, WORKER), has_room_for_a_lane},
    {"in_lane cancel", lane_cancel, CANCELLED_BY(MAIN), has_room_for_a_lane},
    {"in_lane cancel_all", lane_cancel_all, CANCELLED_BY(MAIN), has_room_for_a_lane},
    {"in_lane close_drain", lane_close_drain, GIVEN_UP(WORKER, MAIN), has_room_for_a_lane},
    {"in_lane close_discard", lane_close_discard, DISCARDED_BY(MAIN), has_room_for_a_lane},
    {"in_lane shutdown_drain", lane_shutdown_drain, GIVEN_UP(WORKER, MAIN), has_room_for_a_lane},
    {"in_lane shutdown_discard", lane_shutdown_discard, DISCARDED_BY(MAIN), has_room_for_a_lane},
    {"in_lane shutdown_discard_running", lane_shutdown_discard_running, DISCARDED_BY(WORKER), has_room_for_a_lane},
    {"in_lane destroy", lane_destroy, GIVEN_UP(WORKER, MAIN), has_room_for_a_lane},
    {"watched wait", watched_wait, TAKEN(WORKER), is_by_options},
    {"watched cancel", watched_cancel, CANCELLED_BY(MAIN), is_by_options},
    {"watched discard", watched_discard, DISCARDED_BY(MAIN), is_by_options},
    {"queued batch_half_accepted", batch_takes_the_first, GIVEN_UP(WORKER, MAIN), is_by_batch},
};

/* Refusals: what the pool is like, how it is submitted, what submit says. */
static void refused(jobring_submit_options *options, jobring_job *job, jobring_status status) {
    jobring_job before = job ? *job : 0;
    CHECK(submit_with(options, job) == status);
    CHECK(!job || *job == before);
    CHECK(atomic_load(&subject.args_freed) == 0 && atomic_load(&subject.runs) == 0);
}
#define REFUSAL(name, status, set, ...)                                                             \
    static void name(void) {                                                                        \
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;                                             \
        jobring_job job = 77, *at = &job;                                                           \
        __VA_ARGS__;                                                                                \
        set;                                                                                        \
        refused(&options, at, status);                                                              \
        if (at) refused(&options, NULL, status);                                                    \
    }
#define EMPTY begin(variant, outcome, 1, 2)
#define CLOSED EMPTY, OK_(jobring_shutdown(subject.pool, JOBRING_DRAIN, LONG, NULL))
#define OK_(call) (void)((call) == JOBRING_OK || (abort(), 0))
REFUSAL(full, JOBRING_E_FULL, , begin_full())
REFUSAL(full_fail, JOBRING_E_FULL, options.when_full = JOBRING_WHEN_FULL_FAIL, begin_full())
REFUSAL(timed_out, JOBRING_E_TIMEDOUT, options.limit_ns = 1000, begin_full())
REFUSAL(closed, JOBRING_E_SHUTDOWN, , CLOSED)
REFUSAL(closed_fail, JOBRING_E_SHUTDOWN, options.when_full = JOBRING_WHEN_FULL_FAIL, CLOSED)
REFUSAL(closed_run, JOBRING_E_SHUTDOWN, (options.when_full = JOBRING_WHEN_FULL_RUN, at = NULL), CLOSED)
REFUSAL(too_large, JOBRING_E_SIZE, options.copy = 49, EMPTY)
REFUSAL(too_large_full, JOBRING_E_SIZE, options.copy = 49, begin_full())
REFUSAL(bad_timeout, JOBRING_E_INVALID, options.limit_ns = -2, EMPTY)
REFUSAL(bad_when_full, JOBRING_E_INVALID, options.when_full = 4, EMPTY)
REFUSAL(bad_size, JOBRING_E_INVALID, options.size = 4, EMPTY)
REFUSAL(run_with_copy, JOBRING_E_INVALID, (options.when_full = JOBRING_WHEN_FULL_RUN, at = NULL), begin_full())

static void run_with_handle(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job job = 77;
    options.when_full = JOBRING_WHEN_FULL_RUN;
    begin_full();
    refused(&options, &job, JOBRING_E_INVALID);
}

static void full_cancellable(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job job = 77;
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    begin_full();
    subject.is_cancellable = 1;
    refused(&options, &job, JOBRING_E_FULL);
}

static void queue_limit(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_outcome other = JOBRING_OUTCOME_INIT;
    jobring_job job = 77;
    size_t count;
    begin(variant, outcome, 1, 2);
    OK(jobring_completions_create(subject.pool, 1, &subject.queue));
    OK(jobring_completions_submit(subject.queue, nothing, NULL, NULL, NULL));
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    refused(&options, &job, JOBRING_E_FULL);
    OK(jobring_completions_take(subject.queue, LONG, &other, 1, &count));
    OK(jobring_completions_destroy(subject.queue));
}

static void lane_full(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job job = 77;
    begin_before_lane(1);
    OK(jobring_lane_submit(&lane, nothing, NULL, NULL, NULL));
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    refused(&options, &job, JOBRING_E_FULL);
}

static void lane_closed(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job job = 77;
    begin_before_lane(1);
    CHECK(jobring_lane_close(&lane, JOBRING_DRAIN, 0) == JOBRING_E_TIMEDOUT);
    refused(&options, &job, JOBRING_E_SHUTDOWN);
}

static void misaligned_handle(void) {
    static _Alignas(8) unsigned char place[16];
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    EMPTY;
    CHECK(submit_with(&options, (jobring_job *)(uintptr_t)(place + 1)) == JOBRING_E_INVALID);
}

static void no_pool(void) {
    jobring_pool *pool;
    EMPTY;
    pool = subject.pool;
    subject.pool = NULL;
    CHECK(submit(NULL) == JOBRING_E_INVALID);
    subject.pool = pool;
}

static void no_function(void) {
    jobring_job job = 0;
    EMPTY;
    subject.no_function = 1;
    CHECK(submit(&job) == JOBRING_E_INVALID && job == 0);
}

/* Without workers there is nobody to wait for, and nothing to run that would make room. */
static void hopeless(void) {
    jobring_job other, job = 0;
    begin(variant, outcome, JOBRING_WORKERS_NONE, 1);
    OK(jobring_submit(subject.pool, nothing, NULL, &other));
    OK(jobring_run_one(subject.pool));
    CHECK(submit(&job) == JOBRING_E_FULL && job == 0);
    OK(jobring_poll(subject.pool, other, NULL));
}

static atomic_int tried;

static void submit_in_the_only_job(void) {
    CHECK(submit(NULL) == JOBRING_E_DEADLOCK);
    atomic_store(&tried, 1);
}

static void deadlock(void) {
    begin_full();
    atomic_store(&tried, 0);
    subject.then = submit_in_the_only_job;
    open_gates();
    UNTIL(atomic_load(&tried));
}

static void blocked_submit_is_refused_main(void *arg) {
    jobring_job job = 0;
    (void)arg;
    who = HELPER;
    CHECK(submit(&job) == JOBRING_E_SHUTDOWN && job == 0);
}

static void blocked_then_closed(void) {
    struct caller helper;
    begin_full();
    caller_start(&helper, blocked_submit_is_refused_main, NULL);
    caller_is_in(&helper);
    CHECK(jobring_shutdown(subject.pool, JOBRING_DRAIN, 0, NULL) == JOBRING_E_TIMEDOUT);
    caller_join(&helper);
}

/* Of two jobs the second does not fit in, or is wrong. */
static void batch_of_two(uint32_t capacity, jobring_fn other, size_t accepted_then, jobring_status status) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    struct block *data;
    size_t accepted = 9;
    begin(variant, outcome, 1, capacity);
    hold_worker();
    data = subject.arg;
    options.done = variant->done ? on_done : NULL;
    options.drop = variant->drop ? on_drop : NULL;
    options.copy = variant->copy ? sizeof data : 0;
    const jobring_batch_item mine = {run_subject, variant->copy ? (void *)&data : (void *)subject.arg, &options, NULL};
    const jobring_batch_item two[] = {{nothing, NULL, NULL, NULL}, mine}, wrong[] = {mine, {NULL, NULL, NULL, NULL}};
    CHECK(jobring_submit_batch(subject.pool, other ? two : wrong, 2, NULL, &accepted) == status);
    CHECK(accepted == accepted_then);
}

static void batch_half_full(void) { batch_of_two(2, nothing, 1, JOBRING_E_FULL); }
static void batch_half_wrong(void) { batch_of_two(4, NULL, 9, JOBRING_E_INVALID); }

static const struct special refusal_rows[] = {
    {"refused full", full, REFUSED, fails_when_full},
    {"refused full_fail", full_fail, REFUSED, is_by_options},
    {"refused timed_out", timed_out, REFUSED, is_by_options},
    {"refused closed", closed, REFUSED, NULL},
    {"refused closed_fail", closed_fail, REFUSED, is_by_options},
    {"refused closed_run", closed_run, REFUSED, is_by_options_pointer},
    {"refused too_large", too_large, REFUSED, is_copied},
    {"refused too_large_full", too_large_full, REFUSED, is_copied},
    {"refused bad_timeout", bad_timeout, REFUSED, is_by_options},
    {"refused bad_when_full", bad_when_full, REFUSED, is_by_options},
    {"refused bad_size", bad_size, REFUSED, is_by_options},
    {"refused run_with_handle", run_with_handle, REFUSED, is_by_options_pointer},
    {"refused run_with_copy", run_with_copy, REFUSED, is_by_options_copy},
    {"refused full_cancellable", full_cancellable, REFUSED, has_room_for_a_word},
    {"refused queue_limit", queue_limit, REFUSED, has_room_for_a_word},
    {"refused lane_full", lane_full, REFUSED, has_room_for_a_lane},
    {"refused lane_closed", lane_closed, REFUSED, has_room_for_a_lane},
    {"refused misaligned_handle", misaligned_handle, REFUSED, NULL},
    {"refused no_pool", no_pool, REFUSED, NULL},
    {"refused no_function", no_function, REFUSED, NULL},
    {"refused hopeless", hopeless, REFUSED, NULL},
    {"refused deadlock", deadlock, REFUSED, waits_when_full},
    {"refused blocked_then_closed", blocked_then_closed, REFUSED, waits_when_full},
    {"refused batch_half_full", batch_half_full, REFUSED, is_by_batch},
    {"refused batch_half_wrong", batch_half_wrong, REFUSED, is_by_batch},
};

static int go_through(const struct special *all, int count) {
    for (int n = 0; n < count; n++) {
        const int before = rows;
        for (int v = 0; v < variant_count; v++) {
            variant = &variants[v];
            if (all[n].suits && !all[n].suits(variant)) continue;
            for (outcome = 0; outcome < OUTCOMES; outcome++) {
                if (all[n].expected.ran_on == NOBODY && outcome != SOMETHING) continue;
                snprintf(row_name, sizeof row_name, "%s, outcome %d, via %d, copy %d, done %d, drop %d, nodes %d",
                         all[n].name, outcome, variant->via, variant->copy, variant->done, variant->drop,
                         variant->nodes);
                all[n].go();
                judge(&all[n].expected);
            }
        }
        CHECK(rows > before);
        printf("way %s\n", all[n].name);
    }
    return count;
}

int special_ways(void) { return go_through(specials, sizeof specials / sizeof *specials); }
int refusals(void) { return go_through(refusal_rows, sizeof refusal_rows / sizeof *refusal_rows); }
