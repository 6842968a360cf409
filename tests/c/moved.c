/* Values that cannot be copied byte by byte: they are moved into a slot, and their results out of it. Each value knows its own
 * address, and counts in `alive` from its birth to its end. */
#define _GNU_SOURCE
#include "gate.h"
#include "jobring_ext.h"

#include <string.h>

struct value {
    struct value *self;
    int number;
};

static atomic_int alive, moves;

static void born(struct value *at, int number) {
    at->self = at;
    at->number = number;
    atomic_fetch_add(&alive, 1);
}

static int ended(struct value *at) {
    CHECK(at->self == at);
    at->self = NULL;
    atomic_fetch_sub(&alive, 1);
    return at->number;
}

static void move(void *to, void *from, size_t size) {
    CHECK(size == sizeof(struct value));
    atomic_fetch_add(&moves, 1);
    born(to, ended(from));
}

/* What the drop callback was called with last. */
static _Atomic(jobring_status) why_dropped;
static _Atomic(void *) dropped;

static void drop(void *arg, jobring_status why) {
    atomic_store(&dropped, arg);
    if (why != JOBRING_E_FAILED) ended(arg);
    atomic_store(&why_dropped, why);
}

static jobring_pool *pool;

static const jobring_submit_options moved = {.size = sizeof moved, .copy = sizeof(struct value), .drop = drop, .move = move};

static jobring_job submit(jobring_fn fn, int number) {
    struct value value;
    jobring_job job;
    born(&value, number);
    OK(jobring_submit_opts(pool, fn, &value, &moved, &job));
    CHECK(value.self == NULL);
    return job;
}

static jobring_status take(jobring_job job, struct value *value, jobring_outcome *outcome) {
    *outcome = (jobring_outcome)JOBRING_OUTCOME_INIT;
    outcome->data = value;
    outcome->move = move;
    return jobring_wait_opts(pool, job, NULL, outcome);
}

/* Ends its value and leaves a result. */
static void *twice(void *arg) {
    born(arg, 2 * ended(arg));
    return arg;
}

static int error;

static const char too_long[] = "a text that is too long for a slot whose value had to make room";

static void *fails(void *arg) {
    ended(arg);
    OK(jobring_fail(7, too_long));
    return &error;
}

static void *fails_without_error(void *arg) {
    ended(arg);
    OK(jobring_fail(8, NULL));
    return NULL;
}

static void *exits(void *arg) {
    ended(arg);
    pthread_exit(arg);
}

static void none_is_left(void) {
    CHECK(atomic_load(&alive) == 0);
}

static void a_value_goes_in_and_its_result_out(void) {
    struct value value;
    jobring_outcome outcome;
    jobring_job job = submit(twice, 21);
    OK(take(job, &value, &outcome));
    CHECK(outcome.arg == &value && outcome.data == &value && outcome.length == sizeof value && outcome.move == move);
    CHECK(outcome.result != NULL && outcome.result != &value && ended(&value) == 42);
    none_is_left();
}

static void what_nobody_takes_is_dropped(void) {
    jobring_job job = submit(twice, 1);
    OK(jobring_run_one(pool));
    OK(jobring_detach(pool, job));
    CHECK(atomic_load(&why_dropped) == JOBRING_E_UNTAKEN);
    none_is_left();

    job = submit(twice, 1);
    OK(jobring_cancel(pool, job));
    CHECK(atomic_load(&why_dropped) == JOBRING_E_CANCELLED);
    struct value value;
    jobring_outcome outcome;
    CHECK(take(job, &value, &outcome) == JOBRING_E_CANCELLED && outcome.arg == NULL);
    none_is_left();

    /* Detached. */
    struct value given;
    born(&given, 1);
    OK(jobring_submit_opts(pool, twice, &given, &moved, NULL));
    OK(jobring_run_one(pool));
    CHECK(atomic_load(&why_dropped) == JOBRING_E_UNTAKEN);
    none_is_left();
}

static void an_error_comes_to_a_wait_or_is_dropped(void) {
    struct value value;
    jobring_outcome outcome;
    jobring_job job = submit(fails, 1);
    atomic_store(&dropped, NULL);
    CHECK(take(job, &value, &outcome) == JOBRING_E_FAILED);
    CHECK(outcome.code == 7 && outcome.result == &error && outcome.arg == NULL && atomic_load(&dropped) == NULL);

    /* A text has the room that is left. */
    char text[64];
    const size_t room = 48 - 5 * sizeof(void *) - (sizeof(void *) == 4 ? 4 : 0);
    job = submit(fails, 1);
    outcome = (jobring_outcome)JOBRING_OUTCOME_INIT;
    outcome.data = text;
    outcome.capacity = sizeof text;
    CHECK(jobring_wait_opts(pool, job, NULL, &outcome) == JOBRING_E_FAILED);
    CHECK(outcome.length == room && outcome.result == &error && strncmp(text, too_long, room) == 0);

    job = submit(fails, 1);
    OK(jobring_run_one(pool));
    OK(jobring_detach(pool, job));
    CHECK(atomic_load(&why_dropped) == JOBRING_E_FAILED && atomic_load(&dropped) == &error);

    /* Without an error there is nothing to drop. */
    atomic_store(&dropped, NULL);
    job = submit(fails_without_error, 1);
    OK(jobring_run_one(pool));
    OK(jobring_detach(pool, job));
    CHECK(atomic_load(&dropped) == NULL);
    job = submit(fails_without_error, 1);
    CHECK(take(job, &value, &outcome) == JOBRING_E_FAILED && outcome.result == NULL && outcome.code == 8);
    none_is_left();
}

static void done_with_error(void *arg, const jobring_outcome *outcome) {
    CHECK(outcome->status == JOBRING_E_FAILED && outcome->result == &error && outcome->length > 48 && arg != NULL);
    CHECK(outcome->move == NULL);
    error++;
}

static void a_callback_sees_the_error(void) {
    jobring_submit_options options = moved;
    struct value value;
    jobring_job job;
    options.done = done_with_error;
    born(&value, 1);
    OK(jobring_submit_opts(pool, fails, &value, &options, &job));
    OK(jobring_run_one(pool));
    CHECK(error == 1);
    OK(jobring_detach(pool, job));
    CHECK(atomic_load(&why_dropped) == JOBRING_E_FAILED);
    none_is_left();
}

/* A wait without an outcome brings the error too. */
static void a_short_wait_brings_the_error(void) {
    void *result = NULL;
    jobring_job job = submit(fails, 1);
    CHECK(jobring_wait(pool, job, LONG, &result) == JOBRING_E_FAILED && result == &error);
    result = &result;
    job = submit(fails_without_error, 1);
    CHECK(jobring_wait(pool, job, LONG, &result) == JOBRING_E_FAILED && result == &result);
    job = submit(fails, 1);
    OK(jobring_run_one(pool));
    CHECK(jobring_poll(pool, job, &result) == JOBRING_E_FAILED && result == &error);
    none_is_left();
}

/* Bytes are copied without a call, and the job owns them all the same. */
static void *adds_up(void *arg) {
    int *numbers = arg;
    if (numbers[0] == 0) {
        OK(jobring_fail(9, NULL));
        return &error;
    }
    numbers[0] += numbers[1];
    return numbers;
}

static void drops_bytes(void *arg, jobring_status why) {
    atomic_store(&dropped, arg);
    atomic_store(&why_dropped, why);
}

static void bytes_are_copied(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    int numbers[4] = {2, 3, 4, 5}, result[4];
    jobring_job job;
    void *data = NULL;
    options.copy = sizeof numbers;
    options.drop = drops_bytes;
    options.move = JOBRING_MOVE_BYTES;
    OK(jobring_submit_opts(pool, adds_up, numbers, &options, &job));
    OK(jobring_job_data(pool, job, &data));
    CHECK(((int *)data)[3] == 5);
    outcome.data = result;
    outcome.move = JOBRING_MOVE_BYTES;
    OK(jobring_wait_opts(pool, job, NULL, &outcome));
    CHECK(result[0] == 5 && result[3] == 5 && outcome.result == data);
    CHECK(jobring_job_data(pool, job, &data) == JOBRING_E_STALE);

    numbers[0] = 0;
    OK(jobring_submit_opts(pool, adds_up, numbers, &options, &job));
    OK(jobring_run_one(pool));
    OK(jobring_detach(pool, job));
    CHECK(atomic_load(&dropped) == &error && atomic_load(&why_dropped) == JOBRING_E_FAILED);
}

static void bad_input_moves_nothing(void) {
    struct value value;
    jobring_job job = 0;
    jobring_outcome outcome;
    const int before = atomic_load(&moves);
    jobring_submit_options options = moved;
    born(&value, 5);
    options.copy = 0;
    CHECK(jobring_submit_opts(pool, twice, &value, &options, &job) == JOBRING_E_INVALID);
    options.copy = 48;
    CHECK(jobring_submit_opts(pool, twice, &value, &options, &job) == JOBRING_E_SIZE);
    options = moved;
    CHECK(jobring_submit_opts(pool, twice, NULL, &options, &job) == JOBRING_E_INVALID);
    options.when_full = JOBRING_WHEN_FULL_RUN;
    CHECK(jobring_submit_opts(pool, twice, &value, &options, NULL) == JOBRING_E_INVALID);
    CHECK(value.self == &value && atomic_load(&moves) == before);
    ended(&value);

    job = submit(twice, 3);
    OK(jobring_run_one(pool));
    outcome = (jobring_outcome)JOBRING_OUTCOME_INIT;
    outcome.move = move;
    CHECK(jobring_wait_opts(pool, job, NULL, &outcome) == JOBRING_E_INVALID);
    outcome.data = &value;
    CHECK(peek(pool, job, &outcome) == JOBRING_E_INVALID);
    OK(take(job, &value, &outcome));
    CHECK(ended(&value) == 6);
    none_is_left();
}

/* A full pool refuses before it moves. */
static void a_refused_value_stays_where_it_is(void) {
    jobring_submit_options options = moved;
    jobring_job jobs[2], job;
    struct value value;
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    for (int n = 0; n < 2; n++) jobs[n] = submit(twice, n);
    born(&value, 9);
    CHECK(jobring_submit_opts(pool, twice, &value, &options, &job) == JOBRING_E_FULL);
    CHECK(value.self == &value);
    OK(jobring_cancel_all(pool, NULL));
    for (int n = 0; n < 2; n++) OK(jobring_detach(pool, jobs[n]));
    ended(&value);
    none_is_left();
}

/* Every other way to submit moves too. */
static void each_submit_moves(void) {
    jobring_completions *queue;
    struct value values[2];
    jobring_outcome outcomes[2] = {JOBRING_OUTCOME_INIT, JOBRING_OUTCOME_INIT};
    size_t taken;
    OK(jobring_completions_create(pool, 0, &queue));
    for (int round = 0; round < 2; round++) {
        struct value value;
        born(&value, 10 + round);
        OK(jobring_completions_submit(queue, twice, &value, &moved, NULL));
        born(&value, 20);
        OK(jobring_completions_submit(queue, fails, &value, &moved, NULL));
        OK(jobring_run_until_idle(pool, NULL));
        for (int n = 0; n < 2 && round == 0; n++) {
            outcomes[n].data = &values[n];
            outcomes[n].move = move;
        }
        /* The elements of the array can be used again as they are. */
        OK(jobring_completions_take(queue, 0, outcomes, 2, &taken));
        CHECK(taken == 2 && outcomes[0].status == JOBRING_OK && ended(&values[0]) == 2 * (10 + round));
        CHECK(outcomes[1].status == JOBRING_E_FAILED && outcomes[1].result == &error);
    }
    OK(jobring_completions_destroy(queue));
    none_is_left();

    struct value value;
    jobring_job job;
    born(&value, 1);
    OK(jobring_submit_cancellable(pool, twice, &value, &moved, &job));
    OK(jobring_cancel(pool, job));
    born(&value, 1);
    OK(jobring_submit_cancellable(pool, fails, &value, &moved, NULL));
    OK(jobring_run_until_idle(pool, NULL));
    CHECK(atomic_load(&why_dropped) == JOBRING_E_FAILED);
    none_is_left();

    const jobring_batch_item items[2] = {{twice, &values[0], &moved, NULL}, {twice, &values[1], &moved, NULL}};
    jobring_job jobs[2];
    for (int n = 0; n < 2; n++) born(&values[n], n);
    OK(jobring_submit_batch(pool, items, 2, jobs, NULL));
    for (int n = 0; n < 2; n++) {
        OK(take(jobs[n], &value, &outcomes[0]));
        CHECK(ended(&value) == 2 * n);
    }
    none_is_left();
}

/* A lane that refuses a detached job has not moved its value, or has brought it where the job is dropped. */
static jobring_lane lane;

static void closes_its_lane(void *to, void *from, size_t size) {
    CHECK(jobring_lane_close(&lane, JOBRING_DRAIN, JOBRING_FOREVER) == JOBRING_E_DEADLOCK);
    move(to, from, size);
}

static void lanes_move_once(void) {
    jobring_submit_options options = moved;
    struct value values[3];
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *const outer = pool;
    config.workers = JOBRING_WORKERS_NONE;
    config.payload = 64;
    OK(jobring_create(&config, &pool));
    OK(jobring_lane_init(&lane, pool, 1, 1));
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    for (int n = 0; n < 3; n++) born(&values[n], n);
    for (int n = 0; n < 2; n++) OK(jobring_lane_submit(&lane, twice, &values[n], &options, NULL));
    const int before = atomic_load(&moves);
    CHECK(jobring_lane_submit(&lane, twice, &values[2], &options, NULL) == JOBRING_E_FULL);
    CHECK(values[2].self == &values[2] && atomic_load(&moves) == before);
    OK(jobring_run_until_idle(pool, NULL));
    options.move = closes_its_lane;
    OK(jobring_lane_submit(&lane, twice, &values[2], &options, NULL));
    CHECK(atomic_load(&moves) == before + 1);
    OK(jobring_lane_close(&lane, JOBRING_DRAIN, JOBRING_FOREVER));
    OK(jobring_destroy(pool));
    none_is_left();
    pool = outer;
}

/* A queue's take, inside the move of a job for that queue. */
static jobring_completions *own_queue;

static void takes_from_its_queue(void *to, void *from, size_t size) {
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    size_t taken;
    const jobring_status status = jobring_completions_take(own_queue, LONG, &outcome, 1, &taken);
    CHECK(status == JOBRING_E_DEADLOCK);
    move(to, from, size);
}

static void shuts_down(void *to, void *from, size_t size) {
    OK(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL));
    move(to, from, size);
}

static void queues_move_once(void) {
    jobring_submit_options options = moved;
    struct value value;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    size_t taken;
    pool = new_pool(1, 2);
    OK(jobring_completions_create(pool, 0, &own_queue));
    options.move = takes_from_its_queue;
    born(&value, 3);
    OK(jobring_completions_submit(own_queue, twice, &value, &options, NULL));
    outcome.data = &value;
    outcome.move = shuts_down;
    OK(jobring_completions_take(own_queue, LONG, &outcome, 1, &taken));
    CHECK(ended(&value) == 6);
    OK(jobring_completions_destroy(own_queue));
    OK(jobring_destroy(pool));
    none_is_left();
}

static atomic_int ran_first;

static void *runs_first(void *arg) {
    atomic_store(&ran_first, 1);
    return arg;
}

/* The jobs of a batch that come first are announced before a move, which may wait for them. */
static void waits_for_the_first(void *to, void *from, size_t size) {
    UNTIL(atomic_load(&ran_first) == 1);
    move(to, from, size);
}

static void a_batch_announces_before_it_moves(void) {
    struct value value;
    jobring_submit_options options = moved;
    options.move = waits_for_the_first;
    const jobring_batch_item items[2] = {{runs_first, &value, NULL, NULL}, {twice, &value, &options, NULL}};
    pool = new_pool(1, 4);
    born(&value, 1);
    OK(jobring_submit_batch(pool, items, 2, NULL, NULL));
    OK(jobring_destroy(pool));
    none_is_left();
}

/* What a move may do while its thread holds a slot. */
static void *nothing(void *arg) {
    return arg;
}

static void uses_the_pool(void *to, void *from, size_t size) {
    jobring_job job;
    CHECK(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL) == JOBRING_E_DEADLOCK);
    CHECK(jobring_wait_idle(pool, JOBRING_FOREVER) == JOBRING_E_DEADLOCK);
    CHECK(jobring_destroy(pool) == JOBRING_E_BUSY);
    CHECK(jobring_current_job(pool, &job) == JOBRING_E_INVALID);
    CHECK(jobring_fail(1, NULL) == JOBRING_E_INVALID);
    OK(jobring_submit(pool, nothing, NULL, &job));
    OK(jobring_wait(pool, job, JOBRING_FOREVER, NULL));
    move(to, from, size);
}

static void a_move_into_a_slot_uses_the_pool(void) {
    jobring_submit_options options = moved;
    struct value value;
    jobring_outcome outcome;
    jobring_job job;
    options.move = uses_the_pool;
    born(&value, 4);
    OK(jobring_submit_opts(pool, twice, &value, &options, &job));
    OK(take(job, &value, &outcome));
    CHECK(ended(&value) == 8);
    none_is_left();
}

static void a_move_out_of_a_slot_is_inside_the_job(void) {
    struct value value;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    jobring_job job = submit(twice, 4);
    outcome.data = &value;
    outcome.move = shuts_down;
    OK(jobring_wait_opts(pool, job, NULL, &outcome));
    CHECK(ended(&value) == 8);
    none_is_left();
}

static void a_job_ends_its_thread(void) {
    struct value value;
    jobring_outcome outcome;
    jobring_job job = submit(exits, 4);
    CHECK(take(job, &value, &outcome) == JOBRING_E_FAILED);
    CHECK(outcome.code == JOBRING_E_EXITED && outcome.result == NULL);
    none_is_left();
}

/* Workers run, submitters move in and take, or drop. */
enum { ROUNDS = 4000, SUBMITTERS = 3 };

static void *submits(void *arg) {
    for (int n = 0; n < ROUNDS; n++) {
        struct value value;
        jobring_outcome outcome;
        const jobring_job job = submit(n % 5 ? twice : fails, n);
        jobring_status status;
        switch (n % 3) {
        case 0:
            status = take(job, &value, &outcome);
            if (status == JOBRING_OK) CHECK(ended(&value) == 2 * n);
            CHECK(status == (n % 5 ? JOBRING_OK : JOBRING_E_FAILED));
            break;
        case 1:
            status = jobring_cancel(pool, job);
            CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY);
            /* fall through */
        default:
            OK(jobring_detach(pool, job));
        }
    }
    return arg;
}

static void values_survive_many_threads(void) {
    pthread_t threads[SUBMITTERS];
    pool = new_pool(2, 4);
    for (int n = 0; n < SUBMITTERS; n++) CHECK(pthread_create(&threads[n], NULL, submits, NULL) == 0);
    for (int n = 0; n < SUBMITTERS; n++) CHECK(pthread_join(threads[n], NULL) == 0);
    OK(jobring_destroy(pool));
    none_is_left();
}

int main(void) {
    alarm(300);
    pool = new_pool(JOBRING_WORKERS_NONE, 2);
    a_value_goes_in_and_its_result_out();
    what_nobody_takes_is_dropped();
    an_error_comes_to_a_wait_or_is_dropped();
    a_callback_sees_the_error();
    a_short_wait_brings_the_error();
    bytes_are_copied();
    bad_input_moves_nothing();
    a_refused_value_stays_where_it_is();
    each_submit_moves();
    lanes_move_once();
    a_move_into_a_slot_uses_the_pool();
    a_move_out_of_a_slot_is_inside_the_job();
    OK(jobring_destroy(pool));
    queues_move_once();
    a_batch_announces_before_it_moves();
    values_survive_many_threads();
#ifdef __linux__
    if (jobring_features() & JOBRING_FEATURE_PTHREAD) {
        pool = new_pool(1, 2);
        a_job_ends_its_thread();
        OK(jobring_destroy(pool));
    }
#endif
    none_is_left();
    return 0;
}
