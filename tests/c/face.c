/* The C API, function by function, on real threads. Exits with 0 only if everything is as the header says. */
#include "check.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

static void *identity(void *arg) { return arg; }

static void *twice(void *arg) {
    int *value = arg;
    *value *= 2;
    return NULL;
}

static void *failing(void *arg) {
    (void)arg;
    CHECK(jobring_fail(42, "the disk is full, and so is this rather long message") == JOBRING_OK);
    return NULL;
}

static void *failing_in_vain(void *arg) {
    jobring_job self;
    CHECK(jobring_fail(7, NULL) == JOBRING_E_INVALID);
    CHECK(jobring_current_job(arg, &self) == JOBRING_E_INVALID);
    CHECK(jobring_cancel_requested(arg) == JOBRING_E_INVALID);
    return NULL;
}

static atomic_int dones, drops, last_why, last_status;

static void on_done(void *arg, const jobring_outcome *outcome) {
    (void)arg;
    atomic_store(&last_status, outcome->status);
    atomic_fetch_add(&dones, 1);
}

static void on_drop(void *arg, jobring_status why) {
    (void)arg;
    atomic_store(&last_why, why);
    atomic_fetch_add(&drops, 1);
}

/* A job that holds its worker until it is let go. */
struct gate {
    atomic_int entered, open;
    jobring_pool *pool;
    atomic_int saw_request;
};

static void *held(void *arg) {
    struct gate *gate = arg;
    atomic_store(&gate->entered, 1);
    while (!atomic_load(&gate->open)) {
        if (jobring_cancel_requested(gate->pool) == 1) atomic_store(&gate->saw_request, 1);
    }
    return arg;
}

static void enter(jobring_pool *pool, struct gate *gate, jobring_job *job) {
    atomic_store(&gate->entered, 0);
    atomic_store(&gate->open, 0);
    atomic_store(&gate->saw_request, 0);
    gate->pool = pool;
    OK(jobring_submit(pool, held, gate, job));
    while (!atomic_load(&gate->entered)) {
    }
}

static jobring_pool *make(uint32_t workers, uint32_t capacity) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    config.workers = workers;
    config.capacity = capacity;
    config.stack_size = 64 * 1024;
    OK(jobring_create(&config, &pool));
    return pool;
}

static void submit_and_wait(void) {
    jobring_pool *pool = make(2, 8);
    jobring_job job, copy;
    void *result = NULL;
    for (uintptr_t n = 1; n <= 10000; n++) {
        OK(jobring_submit(pool, identity, (void *)n, &job));
        OK(jobring_wait(pool, job, LONG, &result));
        CHECK(result == (void *)n);
        CHECK(jobring_wait(pool, job, 0, &result) == JOBRING_E_STALE);
    }
    int value = 21, back = 0;
    uint32_t length = 0;
    OK(submit_copy(pool, twice, &value, sizeof value, &copy));
    CHECK(wait_data(pool, copy, &back, 1, &length) == JOBRING_E_SIZE && length == sizeof value && back == 0);
    OK(wait_data(pool, copy, &back, sizeof back, &length));
    CHECK(back == 42 && value == 21 && length == sizeof value);
    /* Of a job that is not by copy there are no data. */
    OK(jobring_submit(pool, identity, &value, &job));
    OK(wait_data(pool, job, &back, sizeof back, &length));
    CHECK(back == 42 && length == 0);
    /* Of 48 bytes all but 2 words, and a byte more. */
    char large[48 - 2 * sizeof(void *) + 1] = {0};
    CHECK(submit_copy(pool, twice, large, sizeof large, &job) == JOBRING_E_SIZE);
    OK(submit_copy(pool, identity, large, sizeof large - 1, NULL));
    OK(jobring_destroy(pool));
}

static void failures(void) {
    jobring_pool *pool = make(1, 4);
    jobring_job job;
    char text[64];
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    const size_t room = 48 - 8 - sizeof(void *);
    OK(jobring_submit(pool, failing, &job, &job));
    /* Looked at, in a room that is too small for the text, and left. */
    outcome.data = text, outcome.capacity = 9;
    CHECK(wait_with(pool, job, JOBRING_WAIT_PEEK, &outcome) == JOBRING_E_FAILED);
    CHECK(strcmp(text, "the disk") == 0 && outcome.length == room);
    outcome.data = NULL, outcome.capacity = 0;
    CHECK(peek(pool, job, &outcome) == JOBRING_E_FAILED && outcome.length == room && outcome.data == NULL);
    outcome.data = text, outcome.capacity = sizeof text;
    CHECK(jobring_wait_opts(pool, job, NULL, &outcome) == JOBRING_E_FAILED);
    CHECK(outcome.size == sizeof outcome && outcome.status == JOBRING_E_FAILED && outcome.job == job);
    CHECK(outcome.arg == &job && outcome.result == NULL && outcome.code == 42);
    CHECK(strncmp(text, "the disk is full", 16) == 0 && strlen(text) == room && outcome.length == room);
    CHECK(outcome.data == text && outcome.capacity == sizeof text && outcome.move == NULL && outcome.reserved == NULL);
    CHECK(jobring_wait(pool, job, LONG, NULL) == JOBRING_E_STALE && peek(pool, job, &outcome) == JOBRING_E_STALE);
    /* A caller that gives no outcome still gets the status. */
    OK(jobring_submit(pool, failing, NULL, &job));
    CHECK(jobring_wait_opts(pool, job, NULL, NULL) == JOBRING_E_FAILED);
    CHECK(jobring_fail(1, NULL) == JOBRING_E_INVALID);
    OK(jobring_destroy(pool));
}

static void cancel_and_detach(void) {
    jobring_pool *pool = make(1, 4);
    struct gate gate;
    jobring_job first, queued;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = on_done;
    options.drop = on_drop;
    enter(pool, &gate, &first);
    CHECK(jobring_poll(pool, first, NULL) == JOBRING_PENDING);
    CHECK(jobring_wait(pool, first, 0, NULL) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_wait(pool, first, 1000, NULL) == JOBRING_E_TIMEDOUT);

    OK(jobring_submit_opts(pool, identity, &gate, &options, &queued));
    OK(jobring_cancel(pool, queued));
    CHECK(atomic_load(&dones) == 1 && atomic_load(&drops) == 1);
    CHECK(atomic_load(&last_why) == JOBRING_E_CANCELLED && atomic_load(&last_status) == JOBRING_E_CANCELLED);
    CHECK(jobring_cancel(pool, queued) == JOBRING_E_BUSY);
    CHECK(jobring_wait(pool, queued, LONG, NULL) == JOBRING_E_CANCELLED);
    CHECK(jobring_wait(pool, queued, LONG, NULL) == JOBRING_E_STALE);

    CHECK(jobring_cancel(pool, first) == JOBRING_E_BUSY);
    CHECK(jobring_cancel(pool, first) == JOBRING_E_BUSY);
    while (!atomic_load(&gate.saw_request)) {
    }
    OK(jobring_submit_opts(pool, identity, &gate, &options, &queued));
    OK(jobring_detach(pool, queued));
    CHECK(jobring_detach(pool, queued) == JOBRING_E_STALE);
    atomic_store(&gate.open, 1);
    OK(jobring_wait(pool, first, LONG, NULL));
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
    /* It ran, detached: its result (not NULL) went to drop. */
    CHECK(atomic_load(&dones) == 2 && atomic_load(&last_status) == JOBRING_OK);
    CHECK(atomic_load(&drops) == 2 && atomic_load(&last_why) == JOBRING_E_UNTAKEN);
    CHECK(jobring_submit(pool, identity, NULL, NULL) == JOBRING_E_SHUTDOWN);
    CHECK(jobring_try_submit(pool, identity, NULL, NULL) == JOBRING_E_SHUTDOWN);
    OK(jobring_destroy(pool));
}

static atomic_int ran_stages;

static void *last_stage(void *arg) {
    atomic_fetch_add(&ran_stages, 1);
    return arg;
}

static void *first_stage(void *pool) {
    OK(jobring_submit(pool, last_stage, NULL, NULL));
    atomic_fetch_add(&ran_stages, 1);
    return NULL;
}

static void *waits_until_idle(void *pool) {
    OK(jobring_submit(pool, last_stage, NULL, NULL));
    OK(jobring_wait_idle(pool, JOBRING_FOREVER));
    return (void *)(uintptr_t)atomic_load(&ran_stages);
}

static void until_idle(void) {
    for (uint32_t workers = 0; workers < 3; workers++) {
        jobring_pool *pool = make(workers ? workers : JOBRING_WORKERS_NONE, 256);
        OK(jobring_wait_idle(pool, 0));
        for (int round = 1; round <= 20; round++) {
            for (int n = 0; n < 100; n++) OK(jobring_submit(pool, first_stage, pool, NULL));
            OK(jobring_wait_idle(pool, LONG));
            CHECK(atomic_load(&ran_stages) == round * 200);
        }
        atomic_store(&ran_stages, 0);
        jobring_job job;
        void *seen = NULL;
        OK(jobring_submit(pool, waits_until_idle, pool, &job));
        OK(jobring_wait(pool, job, LONG, &seen));
        CHECK(seen == (void *)1 && atomic_exchange(&ran_stages, 0) == 1);
        OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
        OK(jobring_wait_idle(pool, LONG));
        OK(jobring_destroy(pool));
    }
}

static void *counts_itself(void *count) {
    atomic_fetch_add((atomic_int *)count, 1);
    return count;
}

static void pause_and_resume(void) {
    jobring_pool *pool = make(1, 8);
    atomic_int ran = 0;
    jobring_job jobs[4];
    for (int round = 0; round < 20; round++) {
        OK(jobring_pause(pool));
        OK(jobring_pause(pool));
        for (int n = 0; n < 4; n++) OK(jobring_submit(pool, counts_itself, &ran, &jobs[n]));
        CHECK(jobring_wait(pool, jobs[3], 1000, NULL) == JOBRING_E_TIMEDOUT);
        CHECK(jobring_wait_idle(pool, 1000) == JOBRING_E_TIMEDOUT);
        CHECK(atomic_load(&ran) <= 4 * round + 1);
        OK(jobring_resume(pool));
        for (int n = 0; n < 4; n++) OK(jobring_wait(pool, jobs[n], LONG, NULL));
        OK(jobring_resume(pool));
    }
    /* The caller runs jobs of a paused pool, and a shutdown overrides the pause. */
    OK(jobring_pause(pool));
    for (int n = 0; n < 3; n++) OK(jobring_submit(pool, counts_itself, &ran, NULL));
    OK(jobring_run_one(pool));
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
    CHECK(atomic_load(&ran) == 83);
    OK(jobring_pause(pool));
    OK(jobring_resume(pool));
    OK(jobring_destroy(pool));
}

/* One stack of the caller's for each worker that there may be. */
static void workers_come_and_go(void) {
    enum { MOST = 4, STACK = 256 * 1024 };
    static unsigned char stacks[MOST * STACK + 4096];
    const int can_place = (jobring_features() & JOBRING_FEATURE_PTHREAD) != 0;
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    jobring_info info = {sizeof info, 0, 0, 0, 0, 0, 0, 0};
    atomic_int ran = 0;
    config.workers = 1;
    config.grow_to = MOST;
    config.stack_size = STACK;
    if (can_place) {
        config.stack_memory = stacks;
        config.stack_memory_size = sizeof stacks - STACK;
        CHECK(jobring_create(&config, &pool) == JOBRING_E_SIZE);
        config.stack_memory_size = sizeof stacks;
    }
    OK(jobring_create(&config, &pool));
    for (uint32_t round = 0; round < 40; round++) {
        const uint32_t workers = (round * 3 + 1) % (MOST + 1);
        for (int n = 0; n < 50; n++) OK(jobring_submit(pool, counts_itself, &ran, NULL));
        OK(jobring_workers_set(pool, workers, LONG));
        OK(jobring_info_get(pool, &info));
        CHECK(info.workers == workers && info.max_workers == MOST + 16);
    }
    OK(jobring_wait_idle(pool, LONG));
    CHECK(atomic_load(&ran) == 2000);
    CHECK(jobring_workers_set(pool, MOST + 1, 0) == JOBRING_E_INVALID);
    OK(jobring_workers_set(pool, 1, LONG));
    struct gate gate;
    jobring_job job;
    enter(pool, &gate, &job);
    CHECK(jobring_workers_set(pool, 0, 0) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_workers_set(pool, 0, 1000) == JOBRING_E_TIMEDOUT);
    atomic_store(&gate.open, 1);
    OK(jobring_workers_set(pool, 0, LONG));
    OK(jobring_poll(pool, job, NULL));
    OK(jobring_submit(pool, counts_itself, &ran, &job));
    OK(jobring_wait(pool, job, LONG, NULL));
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
    CHECK(jobring_workers_set(pool, 1, LONG) == JOBRING_E_SHUTDOWN);
    OK(jobring_destroy(pool));
}

static void cancel_everything(void) {
    jobring_pool *pool = make(1, 8);
    struct gate gate;
    jobring_job first, queued;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = on_done;
    options.drop = on_drop;
    int dones_before = atomic_load(&dones), drops_before = atomic_load(&drops);
    enter(pool, &gate, &first);
    CHECK(jobring_wait_idle(pool, 0) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_wait_idle(pool, 1000) == JOBRING_E_TIMEDOUT);
    for (int n = 0; n < 3; n++) OK(jobring_submit_opts(pool, identity, &gate, &options, NULL));
    OK(jobring_submit_opts(pool, identity, &gate, &options, &queued));
    uint64_t cancelled = 9;
    OK(jobring_cancel_all(pool, &cancelled));
    CHECK(cancelled == 4 && atomic_load(&dones) == dones_before + 4 && atomic_load(&drops) == drops_before + 4);
    CHECK(atomic_load(&last_why) == JOBRING_E_CANCELLED && atomic_load(&last_status) == JOBRING_E_CANCELLED);
    CHECK(jobring_wait(pool, queued, LONG, NULL) == JOBRING_E_CANCELLED);
    OK(jobring_cancel_all(pool, &cancelled));
    CHECK(cancelled == 0);
    OK(jobring_cancel_all(pool, NULL));
    atomic_store(&gate.open, 1);
    OK(jobring_wait_idle(pool, LONG));
    OK(jobring_poll(pool, first, NULL));
    OK(jobring_destroy(pool));
}

static void full(void) {
    jobring_pool *pool = make(1, 1);
    struct gate gate;
    jobring_job first;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    enter(pool, &gate, &first);
    CHECK(jobring_try_submit(pool, identity, NULL, NULL) == JOBRING_E_FULL);
    options.limit_ns = 1000;
    CHECK(jobring_submit_opts(pool, identity, NULL, &options, NULL) == JOBRING_E_TIMEDOUT);
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    CHECK(jobring_submit_opts(pool, identity, NULL, &options, NULL) == JOBRING_E_FULL);
    options.when_full = JOBRING_WHEN_FULL_RUN;
    int value = 4;
    OK(jobring_submit_opts(pool, twice, &value, &options, NULL));
    CHECK(value == 8);
    CHECK(jobring_submit_opts(pool, twice, &value, &options, &first) == JOBRING_E_INVALID && value == 8);
    atomic_store(&gate.open, 1);
    OK(jobring_wait(pool, first, LONG, NULL));
    OK(jobring_destroy(pool));
}

/* Inside a job of a full pool without workers: what is queued runs here to make room; with nothing queued there is none. */
static void *submit_inside(void *arg) {
    jobring_pool *pool = arg;
    static int first, second;
    first = second = 1;
    OK(jobring_try_submit(pool, twice, &first, NULL));
    CHECK(jobring_try_submit(pool, twice, &second, NULL) == JOBRING_E_FULL);
    OK(jobring_submit(pool, twice, &second, NULL));
    CHECK(first == 2 && second == 1);
    OK(jobring_run_one(pool));
    CHECK(second == 2);
    jobring_job over;
    OK(jobring_submit(pool, identity, NULL, &over));
    OK(jobring_run_one(pool));
    CHECK(jobring_submit(pool, identity, NULL, NULL) == JOBRING_E_FULL);
    OK(jobring_detach(pool, over));
    return NULL;
}

static void full_inside_a_job_without_workers(void) {
    jobring_pool *pool = make(JOBRING_WORKERS_NONE, 2);
    OK(jobring_submit(pool, submit_inside, pool, NULL));
    OK(jobring_run_one(pool));
    OK(jobring_destroy(pool));
}

/* A job that waits for a slot loses its patience twice while another worker's job runs, and still gets the slot. */
struct patient {
    jobring_pool *pool;
    atomic_int running, submitted;
};

static uint64_t forced_wakes(jobring_pool *pool) {
    jobring_stats stats = {.size = sizeof stats};
    OK(jobring_stats_get(pool, &stats));
    return stats.forced_wakes;
}

static void *hold_until_forced_twice(void *arg) {
    struct patient *on = arg;
    const uint64_t before = forced_wakes(on->pool);
    const time_t end = time(NULL) + 120;
    atomic_store(&on->running, 1);
    while (!atomic_load(&on->submitted) && forced_wakes(on->pool) < before + 2) CHECK(time(NULL) < end);
    return NULL;
}

static void *submit_and_be_patient(void *arg) {
    struct patient *on = arg;
    OK(jobring_submit(on->pool, identity, NULL, NULL));
    atomic_store(&on->submitted, 1);
    return NULL;
}

static void full_beside_a_running_job(void) {
    struct patient on = {make(3, 2), 0, 0};
    jobring_job patient;
    OK(jobring_submit(on.pool, hold_until_forced_twice, &on, NULL));
    while (!atomic_load(&on.running)) {
    }
    OK(jobring_submit(on.pool, submit_and_be_patient, &on, &patient));
    OK(jobring_wait(on.pool, patient, LONG, NULL));
    OK(jobring_destroy(on.pool));
}

static void discard(void) {
    jobring_pool *pool = make(1, 8);
    struct gate gate;
    jobring_job first, kept;
    jobring_report report;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.drop = on_drop;
    int before = atomic_load(&drops);
    enter(pool, &gate, &first);
    OK(jobring_submit_opts(pool, identity, &gate, &options, &kept));
    for (int n = 0; n < 5; n++) OK(jobring_submit_opts(pool, identity, &gate, &options, NULL));
    CHECK(jobring_shutdown(pool, JOBRING_DISCARD, 0, &report) == JOBRING_E_TIMEDOUT);
    CHECK(report.running == 1 && report.queued == 0 && report.untaken == 1);
    CHECK(atomic_load(&drops) == before + 6 && atomic_load(&last_why) == JOBRING_E_SHUTDOWN);
    CHECK(jobring_wait(pool, kept, LONG, NULL) == JOBRING_E_SHUTDOWN);
    atomic_store(&gate.open, 1);
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, &report));
    CHECK(report.running == 0 && report.untaken == 1 && report.submitting == 0);
    OK(jobring_wait(pool, first, LONG, NULL));
    OK(jobring_destroy(pool));
}

static void *end_from_inside(void *arg) {
    jobring_pool *pool = arg;
    jobring_job self;
    uint32_t worker;
    CHECK(jobring_destroy(pool) == JOBRING_E_BUSY);
    OK(jobring_current_job(pool, &self));
    CHECK(jobring_wait(pool, self, JOBRING_FOREVER, NULL) == JOBRING_E_DEADLOCK);
    OK(jobring_worker_index(pool, &worker));
    CHECK(worker == 0);
    CHECK(jobring_enter_worker(pool) == JOBRING_E_BUSY);
    OK(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL));
    return NULL;
}

static void *wait_inside(void *arg) {
    jobring_pool *pool = arg;
    jobring_job inner;
    void *result = NULL;
    OK(jobring_submit(pool, identity, pool, &inner));
    OK(jobring_wait(pool, inner, JOBRING_FOREVER, &result));
    CHECK(result == pool);
    return NULL;
}

static void inside(void) {
    jobring_pool *pool = make(1, 8);
    jobring_job job;
    OK(jobring_submit(pool, wait_inside, pool, &job));
    OK(jobring_wait(pool, job, LONG, NULL));
    OK(jobring_submit(pool, end_from_inside, pool, &job));
    /* Accepted before the job closes the pool, or refused after. */
    jobring_status late = jobring_submit(pool, identity, NULL, NULL);
    CHECK(late == JOBRING_OK || late == JOBRING_E_SHUTDOWN);
    OK(jobring_wait(pool, job, LONG, NULL));
    OK(jobring_destroy(pool));
}

static void callers_memory(void) {
    static unsigned char memory[64 * 1024];
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    size_t size = 0, align = 0;
    jobring_job jobs[16];
    config.workers = JOBRING_WORKERS_NONE;
    config.capacity = 16;
    OK(jobring_layout(&config, &size, &align));
    CHECK(size + align + 16 <= sizeof memory);
    memset(memory, 0xA5, sizeof memory);
    CHECK(jobring_init(&config, memory + 8, size - 1, &pool) == JOBRING_E_SIZE && pool == NULL);
    OK(jobring_init(&config, memory + 8, size + align - 1, &pool));
    for (uintptr_t n = 0; n < 16; n++) OK(jobring_submit(pool, identity, (void *)n, &jobs[n]));
    CHECK(jobring_try_submit(pool, identity, NULL, NULL) == JOBRING_E_FULL);
    OK(jobring_run_one(pool));
    uint64_t ran = 0;
    OK(jobring_run_until_idle(pool, &ran));
    CHECK(ran == 15 && jobring_run_one(pool) == JOBRING_E_EMPTY);
    for (uintptr_t n = 0; n < 16; n++) {
        void *result = NULL;
        OK(jobring_poll(pool, jobs[n], &result));
        CHECK(result == (void *)n);
    }
    /* No worker: the thread that waits runs it. */
    OK(jobring_submit(pool, identity, NULL, &jobs[0]));
    OK(jobring_wait(pool, jobs[0], JOBRING_FOREVER, NULL));
    OK(jobring_destroy(pool));
    for (size_t n = 0; n < sizeof memory; n++)
        CHECK((n >= 8 && n < 8 + size + align - 1) || memory[n] == 0xA5);
}

static atomic_int started, stopped;
static jobring_status on_start(void *arg, uint32_t worker) {
    CHECK(arg == &started && worker < 3);
    atomic_fetch_add(&started, 1);
    return JOBRING_OK;
}
static void on_stop(void *arg, uint32_t worker) {
    CHECK(arg == &started && worker < 3);
    atomic_fetch_add(&stopped, 1);
}

static void know(uint32_t backend) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_info info = {.size = sizeof info};
    jobring_stats stats = {.size = sizeof stats};
    jobring_pool *pool = NULL;
    jobring_job job;
    size_t stack = 0;
    config.backend = backend;
    config.workers = 3;
    config.capacity = 100;
    config.stack_size = 100001;
    config.on_start = on_start;
    config.on_stop = on_stop;
    config.hook_arg = &started;
    config.name = "face";
    OK(jobring_create(&config, &pool));
    OK(jobring_info_get(pool, &info));
    CHECK(info.workers == 3 && info.max_workers == 19 && info.capacity == 100 && info.payload == 48);
    CHECK(info.stack_size == 102400 && info.backend == backend);
    OK(jobring_worker_stack(pool, 2, &stack, NULL));
    CHECK(stack >= 100001);
    CHECK(jobring_worker_stack(pool, 3, &stack, NULL) == JOBRING_E_INVALID);
    OK(jobring_submit(pool, identity, NULL, &job));
    OK(jobring_wait(pool, job, LONG, NULL));
    OK(jobring_stats_get(pool, &stats));
    CHECK(stats.submitted == 1 && stats.claimed == 1 && stats.workers == 3);
    CHECK(stats.completed == 1 && stats.queued == 0 && stats.running == 0 && stats.untaken == 0);
    OK(jobring_destroy(pool));
    CHECK(atomic_exchange(&started, 0) == 3 && atomic_exchange(&stopped, 0) == 3);
}

static int counts(jobring_pool *pool, uint64_t queued, uint64_t running, uint64_t untaken, uint64_t completed) {
    jobring_stats stats = {.size = sizeof stats};
    OK(jobring_stats_get(pool, &stats));
    return stats.queued == queued && stats.running == running && stats.untaken == untaken && stats.completed == completed;
}

static void *counted(void *pool) {
    CHECK(counts(pool, 1, 1, 1, 1));
    return NULL;
}

/* Each job in one state: a caller of old, whose structure ends before the counts, does not see them. */
static void know_jobs(void) {
    jobring_pool *pool = make(JOBRING_WORKERS_NONE, 100);
    jobring_stats stats = {.size = offsetof(jobring_stats, queued), .queued = 77};
    jobring_job jobs[3];
    CHECK(counts(pool, 0, 0, 0, 0));
    for (int n = 0; n < 3; n++) OK(jobring_submit(pool, counted, pool, &jobs[n]));
    OK(jobring_stats_get(pool, &stats));
    CHECK(stats.submitted == 3 && stats.queued == 77);
    CHECK(counts(pool, 3, 0, 0, 0));
    OK(jobring_cancel(pool, jobs[0]));
    CHECK(counts(pool, 2, 0, 1, 1));
    OK(jobring_run_one(pool));
    CHECK(counts(pool, 1, 0, 2, 2));
    CHECK(jobring_poll(pool, jobs[0], NULL) == JOBRING_E_CANCELLED);
    OK(jobring_poll(pool, jobs[1], NULL));
    OK(jobring_detach(pool, jobs[2]));
    CHECK(counts(pool, 1, 0, 0, 2));
    OK(jobring_shutdown(pool, JOBRING_DISCARD, LONG, NULL));
    CHECK(counts(pool, 0, 0, 0, 3));
    OK(jobring_destroy(pool));
}

/* Ends of a pool tried from where it cannot be ended, and in callbacks. */
static jobring_pool *ended;
static atomic_int refused, notified;

static void end_in_hook(void *arg, uint32_t worker) {
    (void)arg, (void)worker;
    if (ended && jobring_destroy(ended) == JOBRING_E_BUSY) atomic_fetch_add(&refused, 1);
}

static void end_in_drop(void *arg, jobring_status why) {
    (void)arg;
    CHECK(why == JOBRING_E_UNTAKEN);
    CHECK(jobring_destroy(ended) == JOBRING_E_BUSY);
    OK(jobring_shutdown(ended, JOBRING_DRAIN, JOBRING_FOREVER, NULL));
    /* Not the job that left the result: that one has finished. */
    CHECK(jobring_fail(3, NULL) == JOBRING_E_INVALID);
    atomic_fetch_add(&notified, 1);
}

static void ends_from_inside(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job job;
    config.workers = 2;
    config.on_stop = end_in_hook;
    options.drop = end_in_drop;
    /* A result that nobody takes, dropped by the worker, by detach, and by destroy. */
    for (int way = 0; way < 3; way++) {
        OK(jobring_create(&config, &ended));
        OK(jobring_submit_opts(ended, identity, &config, &options, way == 0 ? NULL : &job));
        if (way == 1) {
            jobring_job barrier;
            while (peek(ended, job, NULL) == JOBRING_PENDING) {
            }
            OK(jobring_submit(ended, identity, NULL, &barrier));
            OK(jobring_wait(ended, barrier, LONG, NULL));
            OK(jobring_detach(ended, job));
        }
        OK(jobring_destroy(ended));
        CHECK(atomic_load(&notified) == way + 1);
    }
    CHECK(atomic_load(&refused) == 6);
}

static void *submit_to_a_full_pool(void *arg) {
    jobring_pool *pool = arg;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.when_full = JOBRING_WHEN_FULL_RUN;
    OK(jobring_submit_opts(pool, failing_in_vain, pool, &options, NULL));
    return arg;
}

static void run_on_the_caller_inside_a_job(void) {
    jobring_pool *pool = make(1, 1);
    jobring_job job;
    void *result = NULL;
    OK(jobring_submit(pool, submit_to_a_full_pool, pool, &job));
    OK(jobring_wait(pool, job, LONG, &result));
    CHECK(result == pool);
    OK(jobring_destroy(pool));
}

static void *fail_and_wait(void *arg) {
    jobring_pool *pool = arg;
    jobring_job inner;
    OK(jobring_submit(pool, failing, NULL, &inner));
    /* Run inline, failed, delivered: its entry is still in the ring. */
    CHECK(jobring_wait(pool, inner, JOBRING_FOREVER, NULL) == JOBRING_E_FAILED);
    return NULL;
}

static void failures_are_reported_after_the_shutdown(void) {
    jobring_pool *pool = make(1, 4);
    jobring_job job, inside_out;
    OK(jobring_submit(pool, fail_and_wait, pool, &inside_out));
    OK(jobring_submit(pool, failing, NULL, &job));
    OK(jobring_wait(pool, inside_out, LONG, NULL));
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
    CHECK(code_of(pool, job) == 42);
    CHECK(jobring_wait(pool, job, LONG, NULL) == JOBRING_E_FAILED);
    OK(jobring_destroy(pool));
}

static void batches(void) {
    jobring_pool *pool = make(2, 8);
    struct gate gate[2];
    jobring_job held_jobs[2], jobs[8];
    jobring_batch_item items[8];
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    int32_t value = 21;
    size_t accepted = 77;
    for (int n = 0; n < 2; n++) enter(pool, &gate[n], &held_jobs[n]);
    options.copy = sizeof value;
    for (uintptr_t n = 0; n < 8; n++) items[n] = (jobring_batch_item){identity, (void *)(n + 1), NULL, NULL};
    items[3] = (jobring_batch_item){twice, &value, &options, NULL};
    items[7].fn = NULL;
    CHECK(jobring_submit_batch(pool, items, 8, jobs, &accepted) == JOBRING_E_INVALID && accepted == 77);
    items[7].fn = identity;
    options.copy = 1000;
    CHECK(jobring_submit_batch(pool, items, 8, jobs, &accepted) == JOBRING_E_SIZE && accepted == 77);
    options.copy = sizeof value;
    CHECK(jobring_submit_batch(pool, NULL, 1, jobs, &accepted) == JOBRING_E_INVALID && accepted == 77);
    OK(jobring_submit_batch(pool, NULL, 0, NULL, &accepted));
    CHECK(accepted == 0);
    /* Two of the eight slots are taken. */
    CHECK(jobring_submit_batch(pool, items, 8, jobs, &accepted) == JOBRING_E_FULL && accepted == 6);
    for (int n = 0; n < 2; n++) {
        atomic_store(&gate[n].open, 1);
        OK(jobring_wait(pool, held_jobs[n], LONG, NULL));
    }
    for (uintptr_t n = 0; n < 6; n++) {
        void *result = NULL;
        int32_t copied = 0;
        if (n == 3) {
            OK(wait_data(pool, jobs[n], &copied, sizeof copied, NULL));
            CHECK(copied == 42);
        } else {
            OK(jobring_wait(pool, jobs[n], LONG, &result));
            CHECK(result == (void *)(n + 1));
        }
    }
    /* Many batches, detached, past the positions at which a push trusts nobody. */
    for (int n = 0; n < 2000; n++) {
        size_t done = 0;
        while (done < 8) {
            jobring_status status = jobring_submit_batch(pool, items + done, 8 - done, NULL, &accepted);
            CHECK(status == JOBRING_OK || status == JOBRING_E_FULL);
            done += accepted;
        }
    }
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
    CHECK(jobring_submit_batch(pool, items, 8, NULL, &accepted) == JOBRING_E_SHUTDOWN && accepted == 0);
    OK(jobring_destroy(pool));
}

static void mistakes(void) {
    jobring_pool *pool = make(1, 2);
    jobring_config config = JOBRING_CONFIG_INIT;
    void *untouched = &config;
    jobring_pool *none = untouched;
    CHECK(jobring_create(&config, NULL) == JOBRING_E_INVALID);
    config.size = 3;
    CHECK(jobring_create(&config, &none) == JOBRING_E_INVALID && none == untouched);
    OK(jobring_struct_init(&config, sizeof config));
    config.stack_size = 1;
    CHECK(jobring_create(&config, &none) == JOBRING_E_STACK && none == untouched);
    config.stack_size = 0;
    config.capacity = 1u << 20;
    CHECK(jobring_create(&config, &none) == JOBRING_E_INVALID);
    config.capacity = 1;
    config.payload = 4 * (uint32_t)sizeof(void *) - 1;
    CHECK(jobring_create(&config, &none) == JOBRING_E_INVALID);
    config.payload = 32;
    config.backend = 77;
    CHECK(jobring_create(&config, &none) == JOBRING_E_INVALID);
    CHECK(jobring_submit(NULL, identity, NULL, NULL) == JOBRING_E_INVALID);
    CHECK(jobring_submit(pool, NULL, NULL, NULL) == JOBRING_E_INVALID);
    CHECK(jobring_submit((jobring_pool *)untouched, identity, NULL, NULL) == JOBRING_E_INVALID);
    CHECK(jobring_wait(pool, 0, 0, NULL) == JOBRING_E_STALE);
    CHECK(jobring_wait(pool, UINT64_MAX, 0, NULL) == JOBRING_E_STALE);
    CHECK(jobring_wait(pool, 1, -2, NULL) == JOBRING_E_INVALID);
    CHECK(jobring_current_job(pool, NULL) == JOBRING_E_INVALID);
    CHECK(jobring_shutdown(pool, 2, 0, NULL) == JOBRING_E_INVALID);
    CHECK(jobring_cancel_requested(pool) == JOBRING_E_INVALID);
    CHECK(strcmp(jobring_status_text(12345), "unknown status") == 0);
    OK(jobring_destroy(pool));
    OK(jobring_destroy(NULL));
}

int main(void) {
    CHECK(jobring_version() == JOBRING_VERSION && jobring_abi_version() == JOBRING_ABI_VERSION);
    errno = 77;
    submit_and_wait();
    failures();
    cancel_and_detach();
    until_idle();
    pause_and_resume();
    workers_come_and_go();
    cancel_everything();
    full();
    full_inside_a_job_without_workers();
    full_beside_a_running_job();
    discard();
    inside();
    callers_memory();
    if (jobring_features() & JOBRING_FEATURE_PTHREAD) know(JOBRING_BACKEND_PTHREAD);
    if (jobring_features() & JOBRING_FEATURE_STD) know(JOBRING_BACKEND_STD);
    know_jobs();
    batches();
    ends_from_inside();
    run_on_the_caller_inside_a_job();
    failures_are_reported_after_the_shutdown();
    mistakes();
    CHECK(errno == 77);
    puts("face: all as the header says");
    return 0;
}
