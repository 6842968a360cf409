/* Every hand-over of the user's memory that docs/thread-sanitizer.md lists, one scene for each: one thread calls give(), then the
 * library hands the memory over, and another thread calls get(). In between this program orders nothing: its own words are relaxed
 * atomics, and its threads are there before. The last scenes are races, and one of a signal.
 *
 *     hand_overs SCENE        hand_overs (without a scene: lists them)
 */
#define _GNU_SOURCE
#include "stress.h"

#include "jobring_ext.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

static const unsigned A_HANG = 120;
enum { WORKERS = 2 };

static long data;

__attribute__((noinline)) static void give(long *at) { *at = 42; }
__attribute__((noinline)) static void get(const long *at) { CHECK(*at == 42); }

/* ---- Threads that need no pool ------------------------------------------------------------------------ */

static void until(atomic_uint *flag, unsigned value) {
    while (GET(*flag) < value) sched_yield();
}

/* What the threads of a scene tell each other, in no order with anything. */
static _Atomic(jobring_pool *) pool;
static _Atomic jobring_job job;
static atomic_uint ready, go, inside, let_go;

/* A thread that is there before the data are, and does its part when go is set. */
static pthread_t other;
static void *when_notified(void *part) {
    SET(ready, 1);
    until(&go, 1);
    (*(void (**)(void))part)();
    return NULL;
}
static void other_will(void (**part)(void)) {
    other = begin(when_notified, part);
    until(&ready, 1);
}
static void other_does(void) {
    SET(go, 1);
    join(other);
}

/* ---- Pools and jobs ----------------------------------------------------------------------------------- */

static jobring_config config(uint32_t workers) {
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = workers;
    config.capacity = 16;
    config.payload = 128;
    return config;
}
static void make(uint32_t workers) {
    jobring_config with = config(workers);
    jobring_pool *made;
    OK(jobring_create(&with, &made));
    SET(pool, made);
}
static void end_pool(void) { OK(jobring_destroy(GET(pool))); }

static void *gives(void *at) {
    give(at);
    return at;
}
static void *gets(void *at) {
    get(at);
    return NULL;
}
/* It stays on its worker until it is let go. */
static void *stays(void *arg) {
    (void)arg;
    ADD(inside, 1);
    until(&let_go, 1);
    return NULL;
}
static void got(jobring_job of) { OK(jobring_wait(GET(pool), of, LONG, NULL)); }

static jobring_job submit(jobring_fn fn, void *arg, const jobring_submit_options *options) {
    jobring_job made;
    OK(jobring_submit_opts(GET(pool), fn, arg, options, &made));
    return made;
}
/* Waits until it has ended, on a thread that orders the caller after nothing. */
static void *sees_the_end(void *arg) {
    uint32_t state = 0;
    (void)arg;
    while (state < JOBRING_STATE_DONE) OK(jobring_state(GET(pool), GET(job), &state));
    SET(inside, 99);
    return NULL;
}
static void ends_unseen(jobring_job of) {
    pthread_t seer;
    SET(job, of);
    seer = begin(sees_the_end, NULL);
    until(&inside, 99);
    CHECK(pthread_detach(seer) == 0);
}
/* Both workers are busy: what is submitted now stays queued. */
static void keep_busy(void) {
    for (unsigned n = 0; n < WORKERS; n++) OK(jobring_submit(GET(pool), stays, NULL, NULL));
    until(&inside, WORKERS);
}

/* ---- From a submit to its job -------------------------------------------------------------------------- */

static void argument(void) {
    make(WORKERS);
    give(&data);
    got(submit(gets, &data, NULL));
    end_pool();
}

static void batch(void) {
    jobring_batch_item items[2] = {{gets, &data, NULL, NULL}, {gets, &data, NULL, NULL}};
    jobring_job jobs[2];
    size_t accepted;
    make(WORKERS);
    give(&data);
    OK(jobring_submit_batch(GET(pool), items, 2, jobs, &accepted));
    got(jobs[0]), got(jobs[1]);
    end_pool();
}

static void copy(void) {
    long values[8] = {0};
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.copy = sizeof values;
    make(WORKERS);
    give(&values[0]);
    got(submit(gets, values, &options));
    end_pool();
}

static void move_give(void *to, void *from, size_t size) {
    CHECK(size == sizeof(long) && from == &data);
    give(to);
}
static void move(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.copy = sizeof data, options.move = move_give;
    make(WORKERS);
    got(submit(gets, &data, &options));
    end_pool();
}

static void *submits(void *arg) {
    (void)arg;
    give(&data);
    OK(jobring_submit(GET(pool), gets, &data, NULL));
    return stays(NULL);
}
static void from_a_job(void) {
    make(WORKERS);
    SET(job, submit(submits, NULL, NULL));
    until(&inside, 1);
    jobring_stats stats = {.size = sizeof stats};
    while (stats.completed == 0) OK(jobring_stats_get(GET(pool), &stats));
    SET(let_go, 1);
    got(GET(job));
    end_pool();
}

static void run_by_hand(void) { OK(jobring_run_one(GET(pool))); }
static void run_one(void) {
    void (*part)(void) = run_by_hand;
    make(JOBRING_WORKERS_NONE);
    other_will(&part);
    give(&data);
    SET(job, submit(gets, &data, NULL));
    other_does();
    end_pool();
}

static void run_all_by_hand(void) {
    uint64_t ran;
    OK(jobring_run_until_idle(GET(pool), &ran));
    CHECK(ran == 1);
}
static void run_until_idle(void) {
    void (*part)(void) = run_all_by_hand;
    make(JOBRING_WORKERS_NONE);
    other_will(&part);
    give(&data);
    SET(job, submit(gets, &data, NULL));
    other_does();
    end_pool();
}

static void enter(void) { OK(jobring_enter_worker(GET(pool))); }
static void enter_worker(void) {
    void (*part)(void) = enter;
    make(JOBRING_WORKERS_NONE);
    other_will(&part);
    give(&data);
    SET(job, submit(gets, &data, NULL));
    SET(go, 1);
    ends_unseen(GET(job));
    OK(jobring_shutdown(GET(pool), JOBRING_DRAIN, LONG, NULL));
    join(other);
    end_pool();
}

static void wait_for_it(void) { OK(jobring_wait(GET(pool), GET(job), LONG, NULL)); }
static void run_by_its_waiter(void) {
    void (*part)(void) = wait_for_it;
    make(JOBRING_WORKERS_NONE);
    other_will(&part);
    give(&data);
    SET(job, submit(gets, &data, NULL));
    other_does();
    end_pool();
}

/* ---- From a job to the thread that learns of its end --------------------------------------------------- */

static void wait(void) {
    make(WORKERS);
    got(submit(gives, &data, NULL));
    get(&data);
    end_pool();
}

static void poll_for_it(void) {
    jobring_job of;
    jobring_status status;
    make(WORKERS);
    of = submit(gives, &data, NULL);
    while ((status = jobring_poll(GET(pool), of, NULL)) == JOBRING_PENDING) sched_yield();
    OK(status);
    get(&data);
    end_pool();
}

static void peek_at_it(void) {
    jobring_wait_options options = JOBRING_WAIT_OPTIONS_INIT;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    jobring_job of;
    make(WORKERS);
    of = submit(gives, &data, NULL);
    options.flags = JOBRING_WAIT_PEEK, options.limit_ns = LONG;
    OK(jobring_wait_opts(GET(pool), of, &options, &outcome));
    get(outcome.result);
    end_pool();
}

static void copied_result(void) {
    long values[8] = {0};
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    jobring_job of;
    options.copy = sizeof values;
    make(WORKERS);
    of = submit(gives, values, &options);
    outcome.data = values, outcome.capacity = sizeof values;
    OK(jobring_wait_opts(GET(pool), of, NULL, &outcome));
    get(&values[0]);
    end_pool();
}

static void move_get(void *to, void *from, size_t size) {
    CHECK(size == sizeof(long) && to == &data);
    get(from);
}
static void moved_result(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    jobring_job of;
    options.copy = sizeof data, options.move = JOBRING_MOVE_BYTES;
    make(WORKERS);
    of = submit(gives, &data, &options);
    outcome.data = &data, outcome.move = move_get;
    OK(jobring_wait_opts(GET(pool), of, NULL, &outcome));
    end_pool();
}

static void *fails(void *at) {
    give(at);
    OK(jobring_fail(1, "as it is meant to"));
    return NULL;
}
static void failure(void) {
    make(WORKERS);
    CHECK(jobring_wait(GET(pool), submit(fails, &data, NULL), LONG, NULL) == JOBRING_E_FAILED);
    get(&data);
    end_pool();
}

static void *leaves(void *at) {
    give(at);
    pthread_exit(NULL);
}
static void exited(void) {
    make(WORKERS);
    CHECK(jobring_wait(GET(pool), submit(leaves, &data, NULL), LONG, NULL) == JOBRING_E_FAILED);
    get(&data);
    end_pool();
}

static void wait_many(void) {
    jobring_job jobs[2];
    size_t first;
    make(WORKERS);
    jobs[0] = submit(stays, NULL, NULL);
    jobs[1] = submit(gives, &data, NULL);
    OK(jobring_wait_many(GET(pool), jobs, 2, JOBRING_UNTIL_FIRST, NULL, &first, NULL));
    CHECK(first == 1);
    get(&data);
    SET(let_go, 1);
    end_pool();
}

static void state(void) {
    uint32_t state = 0;
    jobring_job of;
    make(WORKERS);
    of = submit(gives, &data, NULL);
    while (state != JOBRING_STATE_DONE) OK(jobring_state(GET(pool), of, &state));
    get(&data);
    end_pool();
}

static void wait_idle(void) {
    make(WORKERS);
    OK(jobring_submit(GET(pool), gives, &data, NULL));
    OK(jobring_wait_idle(GET(pool), LONG));
    get(&data);
    end_pool();
}

static void completions(void) {
    jobring_completions *queue;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    size_t taken;
    make(WORKERS);
    OK(jobring_completions_create(GET(pool), 0, &queue));
    OK(jobring_completions_submit(queue, gives, &data, NULL, NULL));
    OK(jobring_completions_take(queue, LONG, &outcome, 1, &taken));
    CHECK(taken == 1);
    get(outcome.result);
    OK(jobring_completions_destroy(queue));
    end_pool();
}

static void event_loop_of_one(void) {
    jobring_completions *queue;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    struct pollfd descriptor = {.events = POLLIN};
    size_t taken = 0;
    make(WORKERS);
    OK(jobring_completions_create(GET(pool), 0, &queue));
    OK(jobring_completions_fd(queue, &descriptor.fd));
    OK(jobring_completions_submit(queue, gives, &data, NULL, NULL));
    while (taken == 0) {
        jobring_status status = jobring_completions_arm(queue);
        CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY);
        if (status == JOBRING_OK) CHECK(poll(&descriptor, 1, -1) == 1);
        status = jobring_completions_take(queue, 0, &outcome, 1, &taken);
        CHECK(status == JOBRING_OK || status == JOBRING_E_TIMEDOUT);
    }
    get(outcome.result);
    OK(jobring_completions_destroy(queue));
    end_pool();
}

/* ---- Callbacks ----------------------------------------------------------------------------------------- */

static void done_gives(void *arg, const jobring_outcome *outcome) {
    (void)arg, (void)outcome;
    give(&data);
}
static void done_gets(void *arg, const jobring_outcome *outcome) {
    (void)outcome;
    get(arg);
}
static void drop_gets(void *arg, jobring_status why) {
    (void)why;
    get(arg);
}
static void drop_gives(void *arg, jobring_status why) {
    (void)why;
    give(arg);
}
static void *nothing(void *arg) { return arg; }

static void done(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = done_gives;
    make(WORKERS);
    got(submit(nothing, NULL, &options));
    get(&data);
    end_pool();
}

static void nodes(void) {
    jobring_done_node node = {NULL, done_gets, &data, {NULL, NULL}};
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.nodes = &node;
    make(WORKERS);
    give(&data);
    got(submit(nothing, NULL, &options));
    end_pool();
}

static void cancel_it(void) { OK(jobring_cancel(GET(pool), GET(job))); }
static void cancel_by_other(jobring_submit_options options) {
    void (*part)(void) = cancel_it;
    make(WORKERS);
    keep_busy();
    other_will(&part);
    give(&data);
    SET(job, submit(nothing, &data, &options));
    other_does();
    SET(let_go, 1);
    CHECK(jobring_wait(GET(pool), GET(job), LONG, NULL) == JOBRING_E_CANCELLED);
    end_pool();
}
static void cancel_done(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = done_gets;
    cancel_by_other(options);
}
static void cancel_drop(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.drop = drop_gets;
    cancel_by_other(options);
}

static void cancel_all_jobs(void) {
    uint64_t cancelled;
    OK(jobring_cancel_all(GET(pool), &cancelled));
    CHECK(cancelled == 1);
}
static void cancel_all(void) {
    void (*part)(void) = cancel_all_jobs;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.drop = drop_gets;
    make(WORKERS);
    keep_busy();
    other_will(&part);
    give(&data);
    OK(jobring_submit_opts(GET(pool), nothing, &data, &options, NULL));
    other_does();
    SET(let_go, 1);
    end_pool();
}

static void cancelled(void) {
    void (*part)(void) = cancel_it;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.drop = drop_gives;
    make(WORKERS);
    keep_busy();
    other_will(&part);
    SET(job, submit(nothing, &data, &options));
    SET(go, 1);
    CHECK(jobring_wait(GET(pool), GET(job), LONG, NULL) == JOBRING_E_CANCELLED);
    get(&data);
    SET(let_go, 1);
    join(other);
    end_pool();
}

static void detach(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job of;
    options.drop = drop_gets;
    make(WORKERS);
    of = submit(gives, &data, &options);
    ends_unseen(of);
    OK(jobring_detach(GET(pool), of));
    end_pool();
}

static void discard_all(void) { OK(jobring_shutdown(GET(pool), JOBRING_DISCARD, LONG, NULL)); }
static void discard(void) {
    void (*part)(void) = discard_all;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.drop = drop_gets;
    make(JOBRING_WORKERS_NONE);
    other_will(&part);
    give(&data);
    OK(jobring_submit_opts(GET(pool), nothing, &data, &options, NULL));
    other_does();
    end_pool();
}

static void untaken(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.drop = drop_gets;
    make(WORKERS);
    ends_unseen(submit(gives, &data, &options));
    end_pool();
}

static void *until_asked(void *arg) {
    ADD(inside, 1);
    while (jobring_cancel_requested(GET(pool)) != 1) sched_yield();
    get(arg);
    return NULL;
}
static void stop_request(void) {
    make(WORKERS);
    SET(job, submit(until_asked, &data, NULL));
    until(&inside, 1);
    give(&data);
    CHECK(jobring_cancel(GET(pool), GET(job)) == JOBRING_E_BUSY);
    got(GET(job));
    end_pool();
}

static void watch_early(void) {
    jobring_watched watched;
    jobring_done_node node = {NULL, done_gets, &data, {NULL, NULL}};
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    OK(jobring_watched_init(&watched));
    options.nodes = &watched.node;
    make(WORKERS);
    SET(job, submit(stays, NULL, &options));
    until(&inside, 1);
    give(&data);
    OK(jobring_watch(&watched, &node));
    SET(let_go, 1);
    got(GET(job));
    end_pool();
}

static void watch_late(void) {
    jobring_watched watched;
    jobring_done_node node = {NULL, done_gets, &data, {NULL, NULL}};
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    OK(jobring_watched_init(&watched));
    options.nodes = &watched.node;
    make(WORKERS);
    ends_unseen(submit(gives, &data, &options));
    OK(jobring_watch(&watched, &node));
    end_pool();
}

/* ---- Interrupts ---------------------------------------------------------------------------------------- */

static jobring_interrupt interrupt;

static void raise_it(void) {
    give(&data);
    OK(jobring_interrupt_raise(GET(pool), &interrupt));
}
static void interrupted(void) {
    void (*part)(void) = raise_it;
    jobring_interrupt_scope scope;
    make(WORKERS);
    SET(job, submit(stays, NULL, NULL));
    other_will(&part);
    OK(jobring_interrupt_begin(GET(pool), &interrupt, &scope));
    SET(go, 1);
    CHECK(jobring_wait(GET(pool), GET(job), LONG, NULL) == JOBRING_E_INTERRUPTED);
    get(&data);
    OK(jobring_interrupt_end(GET(pool), &scope));
    SET(let_go, 1);
    join(other);
    end_pool();
}

static void interrupt_reset(void) {
    void (*part)(void) = raise_it;
    make(WORKERS);
    other_will(&part);
    SET(go, 1);
    while (jobring_interrupt_reset(&interrupt) != 1) sched_yield();
    get(&data);
    join(other);
    end_pool();
}

/* ---- Loops --------------------------------------------------------------------------------------------- */

static _Thread_local int calls_the_loop;

/* The caller's part does not end before a worker has come. */
static int32_t share_in(void *ctx, size_t from, size_t to) {
    (void)from, (void)to;
    ADD(inside, 1);
    until(&inside, 2);
    if (!calls_the_loop) get(ctx);
    return 0;
}
static int32_t share_out(void *ctx, size_t from, size_t to) {
    (void)from, (void)to;
    if (!calls_the_loop) give(ctx);
    ADD(inside, 1);
    until(&inside, 2);
    return 0;
}
static void loop_in(void) {
    calls_the_loop = 1;
    make(WORKERS);
    give(&data);
    OK(jobring_parallel_for(GET(pool), 2, 1, share_in, &data, NULL));
    end_pool();
}
static void loop_out(void) {
    calls_the_loop = 1;
    make(WORKERS);
    OK(jobring_parallel_for(GET(pool), 2, 1, share_out, &data, NULL));
    get(&data);
    end_pool();
}

/* ---- Queues of items ----------------------------------------------------------------------------------- */

enum { ITEMS = 100 };
static struct item {
    long *at;
    long more[7];
} empty;
static long many[ITEMS];
static unsigned char room[JOBRING_QUEUE_BYTES(2, sizeof(struct item))] __attribute__((aligned(64)));
static _Atomic(jobring_queue *) queue;

static void make_queue(void) {
    jobring_queue *made;
    OK(jobring_queue_init(2, sizeof(struct item), room, sizeof room, &made));
    SET(queue, made);
}

static void pop_many(void) {
    for (unsigned n = 0; n < ITEMS; n++) {
        struct item item = empty;
        OK(jobring_queue_pop(GET(queue), &item, LONG));
        get(item.at);
    }
}
static void push_pop(void) {
    void (*part)(void) = pop_many;
    make_queue();
    other_will(&part);
    SET(go, 1);
    for (unsigned n = 0; n < ITEMS; n++) {
        struct item item = empty;
        give(item.at = &many[n]);
        OK(jobring_queue_push(GET(queue), &item, LONG));
    }
    join(other);
}

static void try_pop_many(void) {
    for (unsigned n = 0; n < ITEMS;) {
        struct item item = empty;
        const jobring_status status = jobring_queue_try_pop(GET(queue), &item);
        CHECK(status == JOBRING_OK || status == JOBRING_E_EMPTY);
        if (status == JOBRING_OK) n++, get(item.at);
        else sched_yield();
    }
}
static void try_push_pop(void) {
    void (*part)(void) = try_pop_many;
    make_queue();
    other_will(&part);
    SET(go, 1);
    for (unsigned n = 0; n < ITEMS; n++) {
        struct item item = empty;
        jobring_status status;
        give(item.at = &many[n]);
        while ((status = jobring_queue_try_push(GET(queue), &item)) == JOBRING_E_FULL) sched_yield();
        OK(status);
    }
    join(other);
}

static void pop_the_end(void) {
    struct item item;
    CHECK(jobring_queue_pop(GET(queue), &item, LONG) == JOBRING_E_SHUTDOWN);
    get(&data);
}
static void queue_close(void) {
    void (*part)(void) = pop_the_end;
    make_queue();
    other_will(&part);
    SET(go, 1);
    give(&data);
    OK(jobring_queue_close(GET(queue)));
    join(other);
}

/* ---- Lanes --------------------------------------------------------------------------------------------- */

static jobring_lane a_lane;

static void lane_argument(void) {
    make(WORKERS);
    OK(jobring_lane_init(&a_lane, GET(pool), 1, 8));
    give(&data);
    OK(jobring_lane_submit(&a_lane, gets, &data, NULL, NULL));
    OK(jobring_lane_close(&a_lane, JOBRING_DRAIN, LONG));
    end_pool();
}

/* The worker that a job of the lane ran on does not run the next one. */
static atomic_uint on, busy[WORKERS], free_again[WORKERS];

static unsigned here(void) {
    uint32_t index;
    OK(jobring_worker_index(GET(pool), &index));
    return index;
}
static void *first_in_lane(void *at) {
    SET(on, here());
    give(at);
    return NULL;
}
static void *stays_here(void *arg) {
    const unsigned me = here();
    (void)arg;
    SET(busy[me], 1);
    until(&free_again[me], 1);
    return NULL;
}
static void lane_turn(void) {
    make(WORKERS);
    OK(jobring_lane_init(&a_lane, GET(pool), 1, 8));
    OK(jobring_lane_submit(&a_lane, first_in_lane, &data, NULL, (jobring_job[]){0}));
    for (uint32_t pending = 1; pending > 0;) OK(jobring_lane_pending(&a_lane, &pending));
    for (unsigned n = 0; n < WORKERS; n++) OK(jobring_submit(GET(pool), stays_here, NULL, NULL));
    until(&busy[0], 1), until(&busy[1], 1);
    SET(free_again[1 - GET(on)], 1);
    OK(jobring_lane_submit(&a_lane, gets, &data, NULL, NULL));
    OK(jobring_lane_close(&a_lane, JOBRING_DRAIN, LONG));
    SET(free_again[GET(on)], 1);
    end_pool();
}

static void lane_close(void) {
    make(WORKERS);
    OK(jobring_lane_init(&a_lane, GET(pool), 1, 8));
    OK(jobring_lane_submit(&a_lane, gives, &data, NULL, NULL));
    OK(jobring_lane_close(&a_lane, JOBRING_DRAIN, LONG));
    get(&data);
    memset(&a_lane, 0xa5, sizeof a_lane);
    end_pool();
}

static void drop_lane(void) { OK(jobring_lane_close(&a_lane, JOBRING_DISCARD, LONG)); }
static void lane_discard(void) {
    void (*part)(void) = drop_lane;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.drop = drop_gets;
    make(WORKERS);
    OK(jobring_lane_init(&a_lane, GET(pool), 1, 8));
    OK(jobring_lane_submit(&a_lane, stays, NULL, NULL, NULL));
    until(&inside, 1);
    other_will(&part);
    give(&data);
    OK(jobring_lane_submit(&a_lane, nothing, &data, &options, NULL));
    SET(go, 1);
    /* It has dropped it, and waits for the one that runs. */
    for (uint32_t pending = 2; pending > 1;) OK(jobring_lane_pending(&a_lane, &pending));
    SET(let_go, 1);
    join(other);
    end_pool();
}

/* ---- Workers ------------------------------------------------------------------------------------------- */

/* What the hooks of each worker share with others. */
static long of_worker[WORKERS];
static atomic_uint starts[WORKERS], starts_again;

static jobring_status start_gives(void *arg, uint32_t worker) {
    (void)arg;
    give(&of_worker[worker]);
    return JOBRING_OK;
}
static jobring_status start_gets(void *arg, uint32_t worker) {
    (void)worker;
    get(arg);
    return JOBRING_OK;
}
static void stop_gives(void *arg, uint32_t worker) {
    (void)arg;
    SET(on, worker);
    give(&of_worker[worker]);
}
/* A new thread in the place of one that has stopped. */
static jobring_status next_start_gets(void *arg, uint32_t worker) {
    (void)arg;
    if (ADD(starts[worker], 1) == 1) {
        get(&of_worker[worker]);
        ADD(starts_again, 1);
    }
    return JOBRING_OK;
}

static void make_hooked(uint32_t workers, jobring_start_fn on_start, jobring_stop_fn on_stop) {
    jobring_config with = config(workers);
    jobring_pool *made;
    with.grow_to = WORKERS, with.on_start = on_start, with.on_stop = on_stop, with.hook_arg = &data;
    OK(jobring_create(&with, &made));
    SET(pool, made);
}

static void create(void) {
    give(&data);
    make_hooked(WORKERS, start_gets, NULL);
    end_pool();
}
static void start(void) {
    make_hooked(WORKERS, start_gives, NULL);
    for (unsigned n = 0; n < WORKERS; n++) get(&of_worker[n]);
    end_pool();
}
static void stop(void) {
    make_hooked(WORKERS, NULL, stop_gives);
    end_pool();
    for (unsigned n = 0; n < WORKERS; n++) get(&of_worker[n]);
}
static void one_more(void) {
    make_hooked(1, start_gives, NULL);
    OK(jobring_workers_set(GET(pool), 2, LONG));
    for (unsigned n = 0; n < WORKERS; n++) get(&of_worker[n]);
    end_pool();
}
static void one_less(void) {
    make_hooked(WORKERS, NULL, stop_gives);
    OK(jobring_workers_set(GET(pool), 1, LONG));
    get(&of_worker[GET(on)]);
    end_pool();
}
static void same_place(void) {
    make_hooked(WORKERS, next_start_gets, stop_gives);
    OK(jobring_workers_set(GET(pool), 1, LONG));
    OK(jobring_workers_set(GET(pool), 2, LONG));
    CHECK(GET(starts_again) == 1);
    end_pool();
}

static void *leaves_worker_1(void *arg) {
    ADD(inside, 1);
    until(&inside, WORKERS);
    if (here() == 1) pthread_exit(NULL);
    return arg;
}
static void replaced(void) {
    make_hooked(WORKERS, next_start_gets, stop_gives);
    for (unsigned n = 0; n < WORKERS; n++) OK(jobring_submit(GET(pool), leaves_worker_1, NULL, NULL));
    until(&starts_again, 1);
    end_pool();
}

/* ---- The end ------------------------------------------------------------------------------------------- */

static void shutdown_pool(void) {
    make(WORKERS);
    OK(jobring_submit(GET(pool), gives, &data, NULL));
    OK(jobring_shutdown(GET(pool), JOBRING_DRAIN, LONG, NULL));
    get(&data);
    end_pool();
}

static void destroy(void) {
    make(WORKERS);
    OK(jobring_submit(GET(pool), gives, &data, NULL));
    end_pool();
    get(&data);
}

/* The pool's own memory, and in it the slot that a job has written to. */
static void memory(void) {
    static unsigned char bytes[JOBRING_POOL_BYTES(16, WORKERS, 128)] __attribute__((aligned(64)));
    long values[8] = {0};
    jobring_config with = config(WORKERS);
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_pool *made;
    options.copy = sizeof values;
    for (unsigned n = 0; n < 2; n++) {
        memset(bytes, 0xa5, sizeof bytes);
        OK(jobring_init(&with, bytes, sizeof bytes, &made));
        SET(pool, made);
        OK(jobring_submit_opts(made, gives, values, &options, NULL));
        end_pool();
    }
}

/* ---- Races of the program's own ------------------------------------------------------------------------ */

/* Two jobs that run at the same time write one variable; not in the same instant, which the sanitizer may miss. */
static void *gives_beside_another(void *at) {
    const unsigned before = ADD(inside, 1);
    if (before == 0) until(&inside, 2);
    else until(&go, 1);
    give(at);
    SET(go, 1);
    return NULL;
}
static void race_of_jobs(void) {
    jobring_job jobs[2];
    make(WORKERS);
    for (unsigned n = 0; n < 2; n++) jobs[n] = submit(gives_beside_another, &data, NULL);
    got(jobs[0]), got(jobs[1]);
    end_pool();
}

/* The submitter writes what its job has. */
static void *gets_late(void *at) {
    until(&go, 1);
    get(at);
    return NULL;
}
static void race_after_submit(void) {
    jobring_job of;
    make(WORKERS);
    of = submit(gets_late, &data, NULL);
    give(&data);
    SET(go, 1);
    got(of);
    end_pool();
}

/* It reads what the job wrote before it has waited. */
static void *gives_and_stays(void *at) {
    give(at);
    return stays(NULL);
}
static void race_before_wait(void) {
    jobring_job of;
    make(WORKERS);
    of = submit(gives_and_stays, &data, NULL);
    until(&inside, 1);
    get(&data);
    SET(let_go, 1);
    got(of);
    end_pool();
}

/* ---- A signal handler ends a sleep --------------------------------------------------------------------- */

static pthread_t sleeper;

static void on_signal(int number) {
    (void)number;
    OK(jobring_interrupt_raise(GET(pool), &interrupt));
}
static void send_signal(void) { CHECK(pthread_kill(sleeper, SIGUSR1) == 0); }
static void signal_in_a_wait(void) {
    void (*part)(void) = send_signal;
    jobring_interrupt_scope scope;
    CHECK(signal(SIGUSR1, on_signal) != SIG_ERR);
    make(WORKERS);
    SET(job, submit(stays, NULL, NULL));
    sleeper = pthread_self();
    other_will(&part);
    OK(jobring_interrupt_begin(GET(pool), &interrupt, &scope));
    SET(go, 1);
    CHECK(jobring_wait(GET(pool), GET(job), JOBRING_FOREVER, NULL) == JOBRING_E_INTERRUPTED);
    OK(jobring_interrupt_end(GET(pool), &scope));
    SET(let_go, 1);
    join(other);
    end_pool();
}

static const struct scene {
    const char *name;
    void (*play)(void);
} SCENES[] = {
    {"argument", argument},
    {"batch", batch},
    {"copy", copy},
    {"move", move},
    {"from_a_job", from_a_job},
    {"run_one", run_one},
    {"run_until_idle", run_until_idle},
    {"enter_worker", enter_worker},
    {"run_by_its_waiter", run_by_its_waiter},
    {"wait", wait},
    {"poll", poll_for_it},
    {"peek", peek_at_it},
    {"copied_result", copied_result},
    {"moved_result", moved_result},
    {"failure", failure},
    {"exited", exited},
    {"wait_many", wait_many},
    {"state", state},
    {"wait_idle", wait_idle},
    {"completions", completions},
    {"event_loop", event_loop_of_one},
    {"done", done},
    {"nodes", nodes},
    {"cancel_done", cancel_done},
    {"cancel_drop", cancel_drop},
    {"cancel_all", cancel_all},
    {"cancelled", cancelled},
    {"detach", detach},
    {"discard", discard},
    {"untaken", untaken},
    {"stop_request", stop_request},
    {"watch_early", watch_early},
    {"watch_late", watch_late},
    {"interrupted", interrupted},
    {"interrupt_reset", interrupt_reset},
    {"loop_in", loop_in},
    {"loop_out", loop_out},
    {"push_pop", push_pop},
    {"try_push_pop", try_push_pop},
    {"queue_close", queue_close},
    {"lane_argument", lane_argument},
    {"lane_turn", lane_turn},
    {"lane_close", lane_close},
    {"lane_discard", lane_discard},
    {"create", create},
    {"start", start},
    {"stop", stop},
    {"one_more", one_more},
    {"one_less", one_less},
    {"same_place", same_place},
    {"replaced", replaced},
    {"shutdown", shutdown_pool},
    {"destroy", destroy},
    {"memory", memory},
    {"race_of_jobs", race_of_jobs},
    {"race_after_submit", race_after_submit},
    {"race_before_wait", race_before_wait},
    {"also_signal", signal_in_a_wait},
};

int main(int count, char **words) {
    alarm(A_HANG);
    for (size_t n = 0; n < sizeof SCENES / sizeof *SCENES; n++) {
        if (count < 2) puts(SCENES[n].name);
        else if (strcmp(words[1], SCENES[n].name) == 0) {
            SCENES[n].play();
            puts("played");
        }
    }
    return 0;
}
