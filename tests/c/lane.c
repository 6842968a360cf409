/* Lanes: width and order, options, what a full lane does, waits, jobs that fail, pools without workers. */
#define _GNU_SOURCE
#include "lane.h"

enum { PRODUCERS = 3, MESSAGES = 400, LANES = 100000 };

/* ---- Width and order */

struct box {
    jobring_lane lane;
    int width;
    atomic_int inside, ran;
    /* Not atomic: with width 1 a job sees what the ones before it did. */
    int last[PRODUCERS], received;
};

struct message {
    struct box *box;
    int from, number;
};
_Static_assert(sizeof(struct message) <= PAYLOAD - 4 * WORD, "it is copied");

static struct box boxes[4];

static void *receive(void *arg) {
    const struct message *message = arg;
    struct box *box = message->box;
    CHECK(atomic_fetch_add(&box->inside, 1) < box->width);
    if (box->width == 1) {
        CHECK(message->number == box->last[message->from] + 1);
        box->last[message->from] = message->number;
        box->received++;
    } else if (message->number % 16 == 0) {
        sched_yield();
    }
    atomic_fetch_sub(&box->inside, 1);
    atomic_fetch_add(&box->ran, 1);
    return NULL;
}

static void *produce(void *arg) {
    const int from = (int)(intptr_t)arg;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job job;
    options.copy = sizeof(struct message);
    for (int number = 1; number <= MESSAGES; number++)
        for (int n = 0; n < 4; n++) {
            struct message message = {&boxes[n], from, number};
            const int awaited = number % 8 == n;
            OK(jobring_lane_submit(&boxes[n].lane, receive, &message, &options, awaited ? &job : NULL));
            if (awaited) OK(jobring_wait(pool, job, LONG, NULL));
        }
    return NULL;
}

static void no_more_run_than_the_width_and_one_by_one_in_order(void) {
    static const int widths[4] = {1, 1, 2, 3};
    for (uint32_t workers = 2; workers <= 4; workers += 2) {
        pthread_t producers[PRODUCERS];
        make(workers, 64, 1, 1);
        for (int n = 0; n < 4; n++) {
            memset(&boxes[n], 0, sizeof boxes[n]);
            boxes[n].width = widths[n];
            OK(jobring_lane_init(&boxes[n].lane, pool, (uint32_t)widths[n], n % 2 ? 4 : 40));
        }
        for (intptr_t n = 0; n < PRODUCERS; n++) CHECK(pthread_create(&producers[n], NULL, produce, (void *)n) == 0);
        for (int n = 0; n < PRODUCERS; n++) CHECK(pthread_join(producers[n], NULL) == 0);
        for (int n = 0; n < 4; n++) {
            OK(jobring_lane_close(&boxes[n].lane, JOBRING_DRAIN, LONG));
            CHECK(atomic_load(&boxes[n].ran) == PRODUCERS * MESSAGES && pending(&boxes[n].lane) == 0);
            CHECK(widths[n] > 1 || boxes[n].received == PRODUCERS * MESSAGES);
        }
        end();
    }
}

/* ---- Options */

static jobring_outcome outcomes[2];

static void is_notified(void *arg, const jobring_outcome *outcome) {
    (void)arg;
    outcomes[atomic_fetch_add(&calls, 1)] = *outcome;
}

static void *increments(void *arg) {
    char *text = arg;
    text[0]++;
    return arg;
}

/* Whether the job had to wait for its turn or not. */
static void options_are_those_of_any_job(int waits) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_watched watched;
    jobring_done_node node = {NULL, is_notified, NULL, {NULL, NULL}};
    char text[64] = "01234567890123456789012345678901234567890123456789";
    enum { MOST = PAYLOAD - 4 * WORD };
    uint32_t length;
    jobring_job job;
    make(1, 8, 1, 4);
    if (waits) block();
    /* Copied data: as much as there is room for, and one byte more. */
    options.copy = MOST;
    job = submit(increments, text, &options);
    options.copy = MOST + 1;
    CHECK(jobring_lane_submit(&lane, increments, text, &options, NULL) == JOBRING_E_SIZE);
    CHECK(!waits || pending(&lane) == 2);
    if (waits) gate_open(&blocker.go);
    memset(text, 'x', sizeof text);
    OK(wait_data(pool, job, text, sizeof text, &length));
    CHECK(length == MOST && text[0] == '1' && text[MOST - 1] == '0' + (MOST - 1) % 10 && text[MOST] == 'x');

    /* The done callback, and the drop callback of a result that nobody takes. */
    if (waits) block();
    options = (jobring_submit_options)JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = is_notified;
    options.drop = dropped;
    atomic_store(&calls, 0), atomic_store(&drops, 0);
    OK(jobring_lane_submit(&lane, identity, &lane, &options, NULL));
    if (waits) gate_open(&blocker.go);
    UNTIL(atomic_load(&drops) == 1);
    CHECK(atomic_load(&calls) == 1 && atomic_load(&reason) == JOBRING_E_UNTAKEN);
    CHECK(outcomes[0].status == JOBRING_OK && outcomes[0].result == &lane && outcomes[0].arg == &lane);

    /* Nodes. */
    if (waits) block();
    options = (jobring_submit_options)JOBRING_SUBMIT_OPTIONS_INIT;
    OK(jobring_watched_init(&watched));
    options.nodes = &watched.node;
    atomic_store(&calls, 0);
    job = submit(identity, text, &options);
    OK(jobring_watch(&watched, &node));
    if (waits) gate_open(&blocker.go);
    OK(jobring_wait(pool, job, LONG, NULL));
    CHECK(atomic_load(&calls) == 1 && outcomes[0].job == job && outcomes[0].result == text);

    /* All callbacks at once, and copied data for which there is no room beside them. */
    OK(jobring_watched_init(&watched));
    options.done = is_notified;
    options.drop = dropped;
    options.copy = PAYLOAD - 7 * WORD + 1;
    CHECK(jobring_lane_submit(&lane, identity, text, &options, NULL) == JOBRING_E_SIZE);
    options.copy--;
    job = submit(identity, text, &options);
    OK(wait_data(pool, job, text, sizeof text, &length));
    CHECK(length == options.copy && atomic_load(&calls) == 2 && outcomes[1].job == job);
    end();
}

/* ---- A full lane */

static void a_full_lane_does_what_the_submitter_chose(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job held[2], job;
    struct caller caller;
    make(2, 8, 1, 2);
    block();
    held[0] = submit(identity, &held[0], NULL);
    held[1] = submit(identity, &held[1], NULL);
    CHECK(pending(&lane) == 3);
    CHECK(submit_now(NULL) == JOBRING_E_FULL);
    options.limit_ns = 1;
    CHECK(jobring_lane_submit(&lane, identity, NULL, &options, &job) == JOBRING_E_TIMEDOUT);
    options.when_full = JOBRING_WHEN_FULL_RUN;
    CHECK(jobring_lane_submit(&lane, identity, NULL, &options, NULL) == JOBRING_E_INVALID);
    options.when_full = JOBRING_WHEN_FULL_FAIL_ISR;
    CHECK(jobring_lane_submit(&lane, identity, NULL, &options, NULL) == JOBRING_E_INVALID);
    /* The pool has room for others. */
    OK(jobring_submit(pool, identity, NULL, &job));
    OK(jobring_wait(pool, job, LONG, NULL));
    caller_start(&caller, submits, NULL);
    caller_is_in(&caller);
    CHECK(pending(&lane) == 3);
    gate_open(&blocker.go);
    caller_join(&caller);
    for (int n = 0; n < 2; n++) {
        void *result;
        OK(jobring_wait(pool, held[n], LONG, &result));
        CHECK(result == &held[n]);
    }
    end();
}

/* The pool is full, and the lane is not. */
static void a_lane_in_a_full_pool(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job jobs[3];
    struct caller caller;
    make(1, 4, 1, 8);
    block();
    for (int n = 0; n < 3; n++) jobs[n] = submit(identity, NULL, NULL);
    CHECK(submit_now(NULL) == JOBRING_E_FULL);
    options.limit_ns = 1;
    CHECK(jobring_lane_submit(&lane, identity, NULL, &options, NULL) == JOBRING_E_TIMEDOUT);
    CHECK(pending(&lane) == 4);
    caller_start(&caller, submits, NULL);
    caller_is_in(&caller);
    gate_open(&blocker.go);
    caller_join(&caller);
    for (int n = 0; n < 3; n++) OK(jobring_wait(pool, jobs[n], LONG, NULL));
    end();
}

/* ---- Waits */

static void *waits_for_later(void *arg) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job held = submit(identity, NULL, NULL);
    CHECK(jobring_wait(pool, held, 1, NULL) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_wait(pool, held, JOBRING_FOREVER, NULL) == JOBRING_E_DEADLOCK);
    CHECK(jobring_poll(pool, held, NULL) == JOBRING_PENDING);
    CHECK(jobring_wait_idle(pool, JOBRING_FOREVER) == JOBRING_E_DEADLOCK);
    /* There is one place for a job that waits. */
    CHECK(jobring_lane_submit(&lane, identity, NULL, NULL, NULL) == JOBRING_E_DEADLOCK);
    options.limit_ns = 1;
    CHECK(jobring_lane_submit(&lane, identity, NULL, &options, NULL) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_lane_close(&lane, JOBRING_DRAIN, 0) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_lane_close(&lane, JOBRING_DRAIN, 1) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_lane_close(&lane, JOBRING_DRAIN, JOBRING_FOREVER) == JOBRING_E_DEADLOCK);
    *(jobring_job *)arg = held;
    return NULL;
}

static void a_job_does_not_wait_for_its_own_lane(void) {
    for (uint32_t workers = 1; workers <= 2; workers++) {
        jobring_job held;
        make(workers, 8, 1, 1);
        OK(jobring_wait(pool, submit(waits_for_later, &held, NULL), LONG, NULL));
        /* From outside it is a wait as any other. */
        OK(jobring_wait(pool, held, LONG, NULL));
        end();
    }
}

static void *waits_for(void *arg) {
    OK(jobring_wait(pool, *(jobring_job *)arg, JOBRING_FOREVER, NULL));
    return arg;
}

static void waits_outside(void *with) { waits_for(with); }

/* From a job of no lane, from one of another lane, and from outside. */
static void others_wait_for_a_held_job(void) {
    jobring_job held[3], waiting;
    jobring_lane other;
    struct caller caller;
    make(3, 16, 1, 4);
    OK(jobring_lane_init(&other, pool, 1, 1));
    block();
    for (int n = 0; n < 3; n++) held[n] = submit(identity, NULL, NULL);
    OK(jobring_submit(pool, waits_for, &held[2], &waiting));
    OK(jobring_lane_submit(&other, waits_for, &held[1], NULL, NULL));
    caller_start(&caller, waits_outside, &held[0]);
    caller_is_in(&caller);
    gate_open(&blocker.go);
    caller_join(&caller);
    OK(jobring_wait(pool, waiting, LONG, NULL));
    OK(jobring_lane_close(&other, JOBRING_DRAIN, LONG));
    end();
}

/* ---- Jobs that fail, and that end their thread */

static void *fails(void *arg) {
    OK(jobring_fail(7, "so it is"));
    return arg;
}

static void *leaves(void *arg) {
    (void)arg;
    pthread_exit(NULL);
}

static void *blocks_and_leaves(void *arg) { return leaves(blocks(arg)); }

static void a_job_that_fails_gives_its_place_on(void) {
    jobring_job jobs[6];
    make(2, 16, 1, 8);
    const int can_exit = (jobring_features() & JOBRING_FEATURE_PTHREAD) != 0;
    block();
    for (int n = 0; n < 6; n++) jobs[n] = submit(n % 2 ? identity : n == 2 && can_exit ? leaves : fails, NULL, NULL);
    gate_open(&blocker.go);
    for (int n = 0; n < 6; n++) {
        jobring_outcome outcome = JOBRING_OUTCOME_INIT;
        const jobring_status status = jobring_wait_opts(pool, jobs[n], NULL, &outcome);
        CHECK(status == (n % 2 ? JOBRING_OK : JOBRING_E_FAILED));
        CHECK(n % 2 || outcome.code == (n == 2 && can_exit ? JOBRING_E_EXITED : 7));
    }
    end();
    /* With jobs that are discarded on the thread that ends. */
    if (!can_exit) return;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.drop = dropped;
    make(1, 16, 1, 8);
    atomic_store(&drops, 0);
    gate_close(&blocker.begun), gate_close(&blocker.go);
    OK(jobring_lane_submit(&lane, blocks_and_leaves, &blocker, NULL, NULL));
    gate_pass(&blocker.begun);
    for (int n = 0; n < 6; n++) jobs[n] = submit(identity, NULL, &options);
    CHECK(jobring_shutdown(pool, JOBRING_DISCARD, 0, NULL) == JOBRING_E_TIMEDOUT);
    gate_open(&blocker.go);
    OK(jobring_shutdown(pool, JOBRING_DISCARD, LONG, NULL));
    CHECK(pending(&lane) == 0 && atomic_load(&drops) == 6);
    OK(jobring_destroy(pool));
}

/* ---- Many lanes, and no workers */

static void a_hundred_thousand_lanes(void) {
    jobring_lane *lanes = malloc(LANES * sizeof *lanes);
    CHECK(lanes != NULL && sizeof *lanes == 16 * WORD);
    make(2, 256, 1, 1);
    atomic_store(&calls, 0);
    for (int n = 0; n < LANES; n++) OK(jobring_lane_init(&lanes[n], pool, 1, 2));
    for (int n = 0; n < LANES; n++) OK(jobring_lane_submit(&lanes[n], counts, NULL, NULL, NULL));
    for (int n = 0; n < LANES; n++) OK(jobring_lane_close(&lanes[n], JOBRING_DRAIN, LONG));
    CHECK(atomic_load(&calls) == LANES);
    free(lanes);
    end();
}

/* Submits itself again and again, to the pool. */
static atomic_int again;

static void *goes_on(void *arg) {
    if (atomic_fetch_sub(&again, 1) > 1) OK(jobring_submit(pool, goes_on, NULL, NULL));
    return arg;
}

static void the_caller_runs_the_jobs_of_a_pool_without_workers(void) {
    jobring_job jobs[3];
    make(JOBRING_WORKERS_NONE, 8, 1, 2);
    atomic_store(&calls, 0);
    for (int n = 0; n < 3; n++) jobs[n] = submit(counts, NULL, NULL);
    CHECK(submit_now(NULL) == JOBRING_E_FULL);
    OK(jobring_wait(pool, jobs[2], LONG, NULL));
    CHECK(atomic_load(&calls) == 3);
    OK(jobring_wait(pool, jobs[0], 0, NULL));
    OK(jobring_wait(pool, jobs[1], 0, NULL));
    /* A submit makes room. */
    for (int n = 0; n < 10; n++) OK(jobring_lane_submit(&lane, counts, NULL, NULL, NULL));
    CHECK(atomic_load(&calls) == 10);
    CHECK(jobring_lane_close(&lane, JOBRING_DRAIN, 0) == JOBRING_E_TIMEDOUT);
    OK(jobring_run_one(pool));
    OK(jobring_lane_close(&lane, JOBRING_DRAIN, LONG));
    CHECK(atomic_load(&calls) == 13);
    /* A close runs no more than it has to. */
    OK(jobring_lane_init(&lane, pool, 1, 2));
    atomic_store(&again, 1000);
    OK(jobring_submit(pool, goes_on, NULL, NULL));
    OK(jobring_lane_submit(&lane, counts, NULL, NULL, NULL));
    OK(jobring_lane_submit(&lane, counts, NULL, NULL, NULL));
    OK(jobring_lane_close(&lane, JOBRING_DRAIN, LONG));
    CHECK(atomic_load(&calls) == 15 && atomic_load(&again) > 900);
    /* Discarded: all but the one that has its turn. */
    OK(jobring_lane_init(&lane, pool, 1, 2));
    for (int n = 0; n < 3; n++) jobs[n] = submit(counts, NULL, NULL);
    OK(jobring_lane_close(&lane, JOBRING_DISCARD, LONG));
    CHECK(atomic_load(&calls) == 16);
    OK(jobring_wait(pool, jobs[0], 0, NULL));
    CHECK(jobring_wait(pool, jobs[1], 0, NULL) == JOBRING_E_SHUTDOWN);
    CHECK(jobring_wait(pool, jobs[2], 0, NULL) == JOBRING_E_SHUTDOWN);
    atomic_store(&again, 1);
    OK(jobring_destroy(pool));
}

/* What a pool says of its jobs. */
static void held_jobs_are_queued(void) {
    jobring_stats stats = {.size = sizeof stats};
    jobring_job held[3];
    make(1, 16, 1, 8);
    for (int n = 0; n < 5; n++) OK(jobring_wait(pool, submit(identity, NULL, NULL), LONG, NULL));
    block();
    for (int n = 0; n < 3; n++) held[n] = submit(identity, NULL, NULL);
    OK(jobring_stats_get(pool, &stats));
    CHECK(stats.queued == 3 && stats.running == 1 && stats.completed == 5);
    gate_open(&blocker.go);
    for (int n = 0; n < 3; n++) OK(jobring_wait(pool, held[n], LONG, NULL));
    OK(jobring_lane_close(&lane, JOBRING_DRAIN, LONG));
    OK(jobring_wait_idle(pool, LONG));
    OK(jobring_stats_get(pool, &stats));
    CHECK(stats.queued == 0 && stats.submitted == 9 && stats.completed == 9);
    end();
}

int main(void) {
    no_more_run_than_the_width_and_one_by_one_in_order();
    options_are_those_of_any_job(0);
    options_are_those_of_any_job(1);
    a_full_lane_does_what_the_submitter_chose();
    a_lane_in_a_full_pool();
    a_job_does_not_wait_for_its_own_lane();
    others_wait_for_a_held_job();
    a_job_that_fails_gives_its_place_on();
    a_hundred_thousand_lanes();
    the_caller_runs_the_jobs_of_a_pool_without_workers();
    held_jobs_are_queued();
    return 0;
}
