/* Completion queues: each job that was submitted into a queue comes out of it once, with what it left, in the order in which
 * the jobs ended; and each status of these calls. */
#define _GNU_SOURCE
#include "gate.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>

static jobring_completions *queue_of(jobring_pool *pool, uint32_t limit) {
    jobring_completions *queue;
    OK(jobring_completions_create(pool, limit, &queue));
    return queue;
}

/* One outcome; `data` has room for `capacity` bytes. */
static jobring_status take_into(jobring_completions *queue, int64_t timeout_ns, void *data, size_t capacity,
                                jobring_outcome *outcome) {
    size_t taken = 77;
    *outcome = (jobring_outcome)JOBRING_OUTCOME_INIT;
    outcome->data = data;
    outcome->capacity = capacity;
    jobring_status status = jobring_completions_take(queue, timeout_ns, outcome, 1, &taken);
    CHECK(taken == (status == JOBRING_OK ? 1 : 77));
    return status;
}

static jobring_status take(jobring_completions *queue, int64_t timeout_ns, jobring_outcome *outcome) {
    return take_into(queue, timeout_ns, NULL, 0, outcome);
}

static jobring_status empty(jobring_completions *queue) {
    jobring_outcome outcome;
    return take(queue, JOBRING_FOREVER, &outcome);
}

static void *identity(void *arg) { return arg; }

static void *number(uintptr_t n) { return (void *)n; }

static void jobs_come_in_the_order_in_which_they_ended(void) {
    jobring_pool *pool = new_pool(1, 16);
    jobring_completions *queue = queue_of(pool, 0);
    jobring_outcome outcomes[16];
    jobring_job jobs[10];
    size_t taken, all = 0;
    CHECK(empty(queue) == JOBRING_E_EMPTY);
    for (uintptr_t n = 0; n < 10; n++)
        OK(jobring_completions_submit(queue, identity, n == 3 ? NULL : number(n), NULL, &jobs[n]));
    for (; all < 10; all += taken) {
        for (int n = 0; n < 16; n++) outcomes[n] = (jobring_outcome)JOBRING_OUTCOME_INIT;
        OK(jobring_completions_take(queue, JOBRING_FOREVER, outcomes, 16, &taken));
        CHECK(taken >= 1 && all + taken <= 10);
        for (size_t n = 0; n < taken; n++) {
            void *result = all + n == 3 ? NULL : number(all + n);
            CHECK(outcomes[n].status == JOBRING_OK && outcomes[n].job == jobs[all + n]);
            CHECK(outcomes[n].result == result && outcomes[n].arg == result && outcomes[n].length == 0);
        }
        CHECK(taken == 16 || outcomes[taken].job == 0);
    }
    CHECK(empty(queue) == JOBRING_E_EMPTY);
    /* A handle is for jobring_cancel() alone, and only as long as the job was not taken. */
    CHECK(jobring_cancel(pool, jobs[0]) == JOBRING_E_STALE);
    OK(jobring_completions_destroy(queue));
    OK(jobring_destroy(pool));
}

enum { JOBS = 4000, PRODUCERS = 2, CONSUMERS = 2 };
static atomic_int arrived[JOBS], taken_jobs;

static void *counted(void *arg) { return arg; }

struct producer {
    jobring_completions *queue;
    uintptr_t first;
    uint32_t copies;
};

static void *produces(void *arg) {
    struct producer *producer = arg;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    for (uintptr_t n = producer->first; n < JOBS; n += PRODUCERS) {
        options.copy = producer->copies ? sizeof n : 0;
        OK(jobring_completions_submit(producer->queue, counted, producer->copies ? (void *)&n : number(n), &options, NULL));
    }
    return NULL;
}

static void *consumes(void *queue) {
    jobring_outcome outcomes[5];
    uintptr_t copied[5];
    size_t taken;
    while (atomic_load(&taken_jobs) < JOBS) {
        for (int n = 0; n < 5; n++) {
            outcomes[n] = (jobring_outcome)JOBRING_OUTCOME_INIT;
            outcomes[n].data = &copied[n], outcomes[n].capacity = sizeof copied[n];
        }
        jobring_status status = jobring_completions_take(queue, LONG, outcomes, 5, &taken);
        if (status == JOBRING_E_EMPTY) {
            /* The producers are behind. */
            sched_yield();
            continue;
        }
        OK(status);
        for (size_t n = 0; n < taken; n++) {
            OK(outcomes[n].status);
            atomic_fetch_add(&arrived[outcomes[n].length ? copied[n] : (uintptr_t)outcomes[n].result], 1);
        }
        atomic_fetch_add(&taken_jobs, (int)taken);
    }
    return NULL;
}

static void many_jobs_arrive_once_each_through_a_limit(void) {
    jobring_pool *pool = new_pool(3, 64);
    jobring_completions *queue = queue_of(pool, 8);
    struct producer producers[PRODUCERS];
    pthread_t threads[PRODUCERS + CONSUMERS];
    for (uint32_t n = 0; n < PRODUCERS; n++) {
        producers[n] = (struct producer){queue, n, n};
        CHECK(pthread_create(&threads[n], NULL, produces, &producers[n]) == 0);
    }
    for (int n = 0; n < CONSUMERS; n++)
        CHECK(pthread_create(&threads[PRODUCERS + n], NULL, consumes, queue) == 0);
    for (int n = 0; n < PRODUCERS + CONSUMERS; n++) CHECK(pthread_join(threads[n], NULL) == 0);
    for (int n = 0; n < JOBS; n++) CHECK(atomic_load(&arrived[n]) == 1);
    CHECK(empty(queue) == JOBRING_E_EMPTY);
    OK(jobring_completions_destroy(queue));
    OK(jobring_destroy(pool));
}

static void *fails(void *arg) {
    OK(jobring_fail(42, "a reason that is longer than there is room for"));
    return arg;
}

static struct {
    int times;
    void *arg;
    jobring_status why;
} dropped;

static void on_drop(void *arg, jobring_status why) {
    dropped.times++;
    dropped.arg = arg;
    dropped.why = why;
}

static void what_a_job_left_comes_with_it(void) {
    jobring_pool *pool = new_pool(JOBRING_WORKERS_NONE, 4);
    jobring_completions *queue = queue_of(pool, 0);
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_outcome outcome;
    jobring_job job;
    char text[16], data[64] = "twenty-four bytes long.", copy[24];
    jobring_info info = {.size = sizeof info};
    memset(&dropped, 0, sizeof dropped);
    /* Failed: a text that is cut. */
    OK(jobring_completions_submit(queue, fails, &pool, NULL, &job));
    OK(jobring_run_one(pool));
    memset(text, 'x', sizeof text);
    OK(take_into(queue, 0, text, sizeof text, &outcome));
    CHECK(outcome.status == JOBRING_E_FAILED && outcome.code == 42 && outcome.job == job && outcome.arg == &pool);
    CHECK(strcmp(text, "a reason that i") == 0 && outcome.result == NULL && outcome.length >= sizeof text - 1);
    /* Cancelled: its argument was dropped. */
    options.drop = on_drop;
    OK(jobring_completions_submit(queue, identity, &pool, &options, &job));
    OK(jobring_cancel(pool, job));
    CHECK(jobring_cancel(pool, job) == JOBRING_E_BUSY);
    CHECK(jobring_detach(pool, job) == JOBRING_E_STALE && jobring_poll(pool, job, NULL) == JOBRING_E_STALE);
    CHECK(dropped.times == 1 && dropped.arg == &pool && dropped.why == JOBRING_E_CANCELLED);
    OK(take(queue, 0, &outcome));
    CHECK(outcome.status == JOBRING_E_CANCELLED && outcome.job == job && outcome.arg == &pool);
    /* A result that was taken is not dropped. */
    OK(jobring_completions_submit(queue, identity, &queue, &options, NULL));
    OK(jobring_run_one(pool));
    OK(take(queue, 0, &outcome));
    CHECK(outcome.result == &queue && dropped.times == 1);
    /* Copied data: whole, cut, and with no room at all. */
    options.drop = NULL;
    options.copy = sizeof copy;
    for (size_t room = 0; room <= options.copy; room += 8) {
        OK(jobring_completions_submit(queue, identity, data, &options, NULL));
        OK(jobring_run_one(pool));
        memset(copy, 'x', sizeof copy);
        OK(take_into(queue, 0, room ? copy : NULL, room, &outcome));
        CHECK(outcome.status == JOBRING_OK && outcome.length == options.copy && outcome.capacity == room);
        CHECK(memcmp(copy, data, room) == 0 && (room == sizeof copy || copy[room] == 'x'));
        CHECK(outcome.arg == (room ? copy : NULL) && outcome.result != NULL && outcome.result != data);
    }
    /* A word less than elsewhere. */
    OK(jobring_info_get(pool, &info));
    options.copy = info.payload - 3 * sizeof(void *) + 1;
    CHECK(options.copy < sizeof data);
    CHECK(jobring_completions_submit(queue, identity, data, &options, NULL) == JOBRING_E_SIZE);
    options.copy--;
    OK(jobring_completions_submit(queue, identity, data, &options, NULL));
    OK(jobring_run_one(pool));
    OK(take(queue, 0, &outcome));
    OK(jobring_completions_destroy(queue));
    OK(jobring_destroy(pool));
}

static struct gate gate = GATE_INIT;

static atomic_int begun;

static void *held(void *arg) {
    atomic_store(&begun, 1);
    gate_pass(&gate);
    return arg;
}

struct waiting {
    jobring_completions *queue;
    jobring_status status;
    jobring_outcome outcome;
};

static void waits(void *arg) {
    struct waiting *waiting = arg;
    waiting->status = take(waiting->queue, JOBRING_FOREVER, &waiting->outcome);
}

static void a_discarded_job_comes_to_a_consumer_that_sleeps(void) {
    jobring_pool *pool = new_pool(1, 4);
    jobring_completions *queue = queue_of(pool, 0);
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    struct waiting waiting = {.queue = queue};
    struct caller caller;
    jobring_report report;
    gate_close(&gate);
    memset(&dropped, 0, sizeof dropped);
    options.drop = on_drop;
    atomic_store(&begun, 0);
    OK(jobring_submit(pool, held, NULL, NULL));
    UNTIL(atomic_load(&begun));
    OK(jobring_completions_submit(queue, identity, &pool, &options, NULL));
    caller_start(&caller, waits, &waiting);
    caller_is_in(&caller);
    CHECK(jobring_shutdown(pool, JOBRING_DISCARD, 0, &report) == JOBRING_E_TIMEDOUT);
    caller_join(&caller);
    OK(waiting.status);
    CHECK(waiting.outcome.status == JOBRING_E_SHUTDOWN && waiting.outcome.arg == &pool);
    CHECK(dropped.times == 1 && dropped.why == JOBRING_E_SHUTDOWN);
    CHECK(jobring_completions_submit(queue, identity, NULL, NULL, NULL) == JOBRING_E_SHUTDOWN);
    gate_open(&gate);
    OK(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL));
    CHECK(empty(queue) == JOBRING_E_EMPTY);
    OK(jobring_destroy(pool));
}

static void submits(void *arg) {
    struct waiting *waiting = arg;
    waiting->status = jobring_completions_submit(waiting->queue, identity, NULL, NULL, NULL);
}

static void a_take_says_why_it_has_nothing(void) {
    jobring_pool *pool = new_pool(JOBRING_WORKERS_NONE, 4), *other = new_pool(1, 4);
    jobring_completions *queue = queue_of(pool, 0), *elsewhere = queue_of(other, 0);
    jobring_outcome outcome, two[2] = {JOBRING_OUTCOME_INIT, JOBRING_OUTCOME_INIT};
    size_t taken;
    CHECK(take(queue, 0, &outcome) == JOBRING_E_EMPTY && empty(queue) == JOBRING_E_EMPTY);
    OK(jobring_completions_submit(queue, identity, NULL, NULL, NULL));
    CHECK(take(queue, 0, &outcome) == JOBRING_E_TIMEDOUT && take(queue, 1, &outcome) == JOBRING_E_TIMEDOUT);
    CHECK(empty(queue) == JOBRING_E_NO_WORKERS);
    CHECK(strcmp(jobring_status_text(JOBRING_E_NO_WORKERS), "no worker is there to run it") == 0);
    CHECK(jobring_completions_destroy(queue) == JOBRING_E_BUSY);
    /* A queue is no pool, and a pool no queue. */
    CHECK(jobring_destroy((jobring_pool *)(void *)queue) == JOBRING_E_INVALID);
    CHECK(jobring_completions_destroy((jobring_completions *)(void *)pool) == JOBRING_E_INVALID);
    OK(jobring_run_one(pool));
    CHECK(jobring_completions_destroy(queue) == JOBRING_E_BUSY);
    /* The second outcome is wrong: nothing is taken. */
    two[1].size++;
    CHECK(jobring_completions_take(queue, 0, two, 2, &taken) == JOBRING_E_INVALID);
    two[1].size--, two[1].capacity = 1;
    CHECK(jobring_completions_take(queue, 0, two, 2, &taken) == JOBRING_E_INVALID);
    two[1].capacity = 0;
    OK(jobring_completions_take(queue, 0, two, 2, &taken));
    CHECK(taken == 1);
    OK(jobring_completions_destroy(queue));
    CHECK(jobring_completions_destroy(queue) == JOBRING_E_INVALID);
    OK(jobring_completions_destroy(NULL));
    /* With a worker that is busy it waits as long as it may. */
    gate_close(&gate);
    OK(jobring_completions_submit(elsewhere, held, NULL, NULL, NULL));
    CHECK(take(elsewhere, 1000000, &outcome) == JOBRING_E_TIMEDOUT);
    gate_open(&gate);
    OK(take(elsewhere, JOBRING_FOREVER, &outcome));
    OK(jobring_destroy(pool));
    OK(jobring_destroy(other));
}

static void a_submit_beyond_the_limit_follows_when_full(void) {
    jobring_pool *pool = new_pool(1, 8);
    jobring_completions *queue = queue_of(pool, 2);
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_outcome outcome;
    struct waiting waiting = {.queue = queue};
    struct caller caller;
    for (int n = 0; n < 2; n++) OK(jobring_completions_submit(queue, identity, NULL, NULL, NULL));
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    CHECK(jobring_completions_submit(queue, identity, NULL, &options, NULL) == JOBRING_E_FULL);
    options.when_full = JOBRING_WHEN_FULL_FAIL_ISR;
    CHECK(jobring_completions_submit(queue, identity, NULL, &options, NULL) == JOBRING_E_FULL);
    options.when_full = JOBRING_WHEN_FULL_RUN;
    CHECK(jobring_completions_submit(queue, identity, NULL, &options, NULL) == JOBRING_E_INVALID);
    options.when_full = JOBRING_WHEN_FULL_WAIT;
    options.limit_ns = 1000000;
    CHECK(jobring_completions_submit(queue, identity, NULL, &options, NULL) == JOBRING_E_TIMEDOUT);
    caller_start(&caller, submits, &waiting);
    caller_is_in(&caller);
    OK(take(queue, LONG, &outcome));
    caller_join(&caller);
    OK(waiting.status);
    for (int n = 0; n < 2; n++) OK(take(queue, LONG, &outcome));
    CHECK(empty(queue) == JOBRING_E_EMPTY);
    /* Below the limit, and no slot. */
    gate_close(&gate);
    jobring_completions *wide = queue_of(pool, 0);
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    jobring_status status;
    int accepted = 0;
    while ((status = jobring_completions_submit(wide, held, NULL, &options, NULL)) == JOBRING_OK) accepted++;
    CHECK(status == JOBRING_E_FULL && accepted == 8);
    gate_open(&gate);
    for (int n = 0; n < 8; n++) OK(take(wide, LONG, &outcome));
    CHECK(empty(wide) == JOBRING_E_EMPTY);
    OK(jobring_destroy(pool));
}

static atomic_int dropped_results;
static jobring_completions *taken_from;

static void counts_drops(void *arg, jobring_status why) {
    CHECK(arg != NULL && why == JOBRING_E_UNTAKEN);
    atomic_fetch_add(&dropped_results, 1);
}

/* Takes one more of those that are left. */
static void takes_and_counts_drops(void *arg, jobring_status why) {
    jobring_outcome outcome;
    counts_drops(arg, why);
    const jobring_status status = take(taken_from, JOBRING_FOREVER, &outcome);
    CHECK(status == JOBRING_OK || status == JOBRING_E_EMPTY);
    if (status == JOBRING_OK && outcome.result != NULL) atomic_fetch_add(&dropped_results, 1);
}

static void the_end_of_a_pool_drops_what_nobody_took(jobring_drop_fn drop) {
    static _Alignas(64) unsigned char memory[8192];
    jobring_pool *pool = new_pool(2, 16);
    jobring_completions *queues[2];
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    size_t size, align;
    OK(jobring_completions_layout(pool, &size, &align));
    CHECK(size <= sizeof memory && align <= 128);
    queues[0] = queue_of(pool, 0);
    OK(jobring_completions_init(pool, 0, memory, sizeof memory, &queues[1]));
    options.drop = drop;
    atomic_store(&dropped_results, 0);
    taken_from = queues[0];
    for (int n = 0; n < 14; n++)
        OK(jobring_completions_submit(queues[n % 2], n == 12 ? fails : identity, n == 13 ? NULL : &pool, &options, NULL));
    OK(jobring_destroy(pool));
    /* One failed, and one left nothing. */
    CHECK(atomic_load(&dropped_results) == 12);
}

/* Each takes from the queue that both are in: neither can go on. */
static void *takes_inside(void *arg) {
    jobring_outcome outcome;
    return take(arg, JOBRING_FOREVER, &outcome) == JOBRING_E_DEADLOCK ? arg : NULL;
}

static void a_take_that_nobody_can_end_is_refused(void) {
    jobring_pool *pool = new_pool(1, 4);
    jobring_completions *queue = queue_of(pool, 0), *own = queue_of(pool, 0);
    jobring_outcome outcome;
    jobring_job job;
    void *result;
    gate_close(&gate);
    OK(jobring_submit(pool, held, NULL, NULL));
    OK(jobring_submit(pool, takes_inside, queue, &job));
    OK(jobring_completions_submit(queue, identity, NULL, NULL, NULL));
    OK(jobring_completions_submit(own, takes_inside, own, NULL, NULL));
    gate_open(&gate);
    OK(jobring_wait(pool, job, LONG, &result));
    CHECK(result == queue);
    OK(take(queue, LONG, &outcome));
    OK(take(own, LONG, &outcome));
    CHECK(outcome.result == own);
    OK(jobring_destroy(pool));
}

static void queues_are_made_and_ended_again_and_again(void) {
    enum { QUEUES = 20 };
    jobring_pool *pool = new_pool(2, 32);
    jobring_completions *queues[QUEUES], *before = NULL;
    jobring_outcome outcome;
    for (uint32_t round = 0; round < 500; round++) {
        for (uint32_t n = 0; n < QUEUES; n++) {
            queues[n] = queue_of(pool, 1 + (round + n) % 3);
            OK(jobring_completions_submit(queues[n], identity, number(n), NULL, NULL));
        }
        for (uint32_t n = 0; n < QUEUES; n++) {
            OK(take(queues[n], LONG, &outcome));
            CHECK(outcome.result == number(n));
            /* The limit is its own, not that of the queue that was there before. */
            jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
            options.when_full = JOBRING_WHEN_FULL_FAIL;
            if (n == 0) {
                uint32_t accepted = 0;
                while (jobring_completions_submit(queues[n], identity, NULL, &options, NULL) == JOBRING_OK) accepted++;
                CHECK(accepted == 1 + round % 3);
                while (take(queues[n], LONG, &outcome) == JOBRING_OK) {}
            }
            OK(jobring_completions_destroy(queues[n]));
        }
        /* In the same memory: the last that was ended is the first that is made. */
        CHECK(before == NULL || before == queues[0]);
        before = queues[QUEUES - 1];
    }
    OK(jobring_destroy(pool));
}

/* An event loop that arms, polls and takes: if a completion were not signalled, it would poll until the deadline. */
static void an_event_loop_gets_every_completion(void) {
    enum { JOBS = 20000, BURST = 64 };
    jobring_pool *pool = new_pool(3, 256);
    jobring_completions *queue = queue_of(pool, 0);
    jobring_outcome outcomes[BURST];
    int submitted = 0, taken = 0, polls = 0;
    struct pollfd poll_fd = {.fd = -1, .events = POLLIN};
    CHECK(jobring_completions_arm(queue) == JOBRING_E_INVALID);
    OK(jobring_completions_fd(queue, &poll_fd.fd));
    while (taken < JOBS) {
        size_t got = 0;
        jobring_status status;
        for (int n = 0; n < BURST && submitted < JOBS && submitted - taken < 128; n++, submitted++)
            OK(jobring_completions_submit(queue, identity, number(1), NULL, NULL));
        for (int n = 0; n < BURST; n++) outcomes[n] = (jobring_outcome)JOBRING_OUTCOME_INIT;
        status = jobring_completions_take(queue, 0, outcomes, BURST, &got);
        if (status == JOBRING_OK) {
            taken += (int)got;
            continue;
        }
        CHECK(status == JOBRING_E_TIMEDOUT);
        status = jobring_completions_arm(queue);
        if (status == JOBRING_E_BUSY) continue;
        OK(status);
        CHECK(poll(&poll_fd, 1, 60 * 1000) == 1 && poll_fd.revents == POLLIN);
        polls++;
    }
    CHECK(empty(queue) == JOBRING_E_EMPTY);
    OK(jobring_completions_destroy(queue));
    OK(jobring_destroy(pool));
    printf("%d completions, %d polls\n", taken, polls);
}

static void a_descriptor_is_closed_with_its_pool(void) {
    static unsigned char memory[1 << 16];
    jobring_pool *pool = new_pool(1, 16);
    jobring_completions *queues[3];
    int fds[3];
    queues[0] = queue_of(pool, 0);
    OK(jobring_completions_init(pool, 0, memory, sizeof memory, &queues[1]));
    for (int n = 0; n < 2; n++) {
        int again;
        OK(jobring_completions_fd(queues[n], &fds[n]));
        OK(jobring_completions_fd(queues[n], &again));
        CHECK(again == fds[n] && fcntl(fds[n], F_GETFD) == FD_CLOEXEC);
        OK(jobring_completions_arm(queues[n]));
        OK(jobring_completions_destroy(queues[n]));
        CHECK(fcntl(fds[n], F_GETFD) == FD_CLOEXEC);
    }
    /* The memory of the first serves again, and its descriptor too. */
    queues[2] = queue_of(pool, 0);
    OK(jobring_completions_fd(queues[2], &fds[2]));
    CHECK(fds[2] == fds[0]);
    OK(jobring_destroy(pool));
    CHECK(fcntl(fds[0], F_GETFD) == -1 && fcntl(fds[1], F_GETFD) == -1);
}

int main(void) {
    alarm(300);
    jobs_come_in_the_order_in_which_they_ended();
    many_jobs_arrive_once_each_through_a_limit();
    what_a_job_left_comes_with_it();
    a_discarded_job_comes_to_a_consumer_that_sleeps();
    a_take_says_why_it_has_nothing();
    a_submit_beyond_the_limit_follows_when_full();
    the_end_of_a_pool_drops_what_nobody_took(counts_drops);
    the_end_of_a_pool_drops_what_nobody_took(takes_and_counts_drops);
    a_take_that_nobody_can_end_is_refused();
    queues_are_made_and_ended_again_and_again();
    an_event_loop_gets_every_completion();
    a_descriptor_is_closed_with_its_pool();
    return 0;
}
