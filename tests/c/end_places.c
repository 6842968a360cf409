/* Shutdown and destroy from every place where user code runs, and from every two of them at once: each shutdown
 * returns, whatever its timeout; destroy is refused inside the pool; in the end every job has ended once. */
#define _GNU_SOURCE
#include "gate.h"

#include <signal.h>
#include <string.h>

enum { JOBS = 6 };

/* What one thread of a case does, and what it has to know. */
struct side {
    jobring_pool *pool;
    uint32_t mode;
    int is_outside;
    const struct place *place;
    atomic_int calls;
    pthread_t beginner;
    jobring_job waited_for;
};

static atomic_int accepted, ended;
/* The side whose place is a hook: a hook has no argument of one case. */
static struct side *stopped;
static _Atomic(struct side *) started;

static void *count(void *arg) {
    atomic_fetch_add(&ended, 1);
    return arg;
}

/* What every place does. Other jobs may run inside of it, and be in a place of their own. */
static void end_here(struct side *side) {
    jobring_report report;
    jobring_status status;
    if (atomic_fetch_add(&side->calls, 1) > 0) return;
    if (!side->is_outside) CHECK(jobring_destroy(side->pool) == JOBRING_E_BUSY);
    status = jobring_shutdown(side->pool, side->mode, JOBRING_FOREVER, &report);
    CHECK(status == JOBRING_OK);
    CHECK(report.queued == 0 && report.submitting <= 1);
    if (side->is_outside) CHECK(report.running == 0);
    CHECK(jobring_submit(side->pool, count, NULL, NULL) == JOBRING_E_SHUTDOWN);
}

static void *job(void *arg) {
    end_here(arg);
    return count(arg);
}

static void dropped(void *arg, jobring_status why) {
    (void)why;
    if (arg) end_here(arg);
}

static void counted_drop(void *arg, jobring_status why) {
    (void)arg;
    /* A result that nobody took: that job has run, and counted. */
    if (why != JOBRING_E_UNTAKEN) atomic_fetch_add(&ended, 1);
}

static void cancelled(void *arg, jobring_status why) {
    counted_drop(arg, why);
    end_here(arg);
}

static void done(void *arg, const jobring_outcome *outcome) {
    (void)outcome;
    end_here(arg);
}

static int32_t body(void *arg, size_t from, size_t to) {
    (void)from, (void)to;
    end_here(arg);
    return 0;
}

/* Ends the pool in a helper, if it can: the thread that began the loop only does its share. */
static int32_t helper_body(void *arg, size_t from, size_t to) {
    struct side *side = arg;
    (void)from, (void)to;
    if (!pthread_equal(pthread_self(), side->beginner)) end_here(side);
    return 0;
}

static jobring_status submit(struct side *side, jobring_fn fn, const jobring_submit_options *options, jobring_job *handle) {
    jobring_status status = options ? jobring_submit_opts(side->pool, fn, side, options, handle)
                                    : jobring_submit(side->pool, fn, side, handle);
    CHECK(status == JOBRING_OK || status == JOBRING_E_SHUTDOWN);
    if (status == JOBRING_OK) atomic_fetch_add(&accepted, 1);
    return status;
}

static void *loops(void *arg) {
    struct side *side = arg;
    OK(jobring_parallel_for(side->pool, 8, 1, body, side, NULL));
    return count(arg);
}

static void *waits(void *arg) {
    struct side *side = arg;
    jobring_status status = jobring_wait(side->pool, side->waited_for, JOBRING_FOREVER, NULL);
    CHECK(status == JOBRING_OK || status == JOBRING_E_SHUTDOWN || status == JOBRING_E_DEADLOCK);
    return count(arg);
}

static void place_outside(struct side *side) {
    side->is_outside = 1;
    end_here(side);
}
static void place_job(struct side *side) { submit(side, job, NULL, NULL); }
static void place_done(struct side *side) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = done;
    submit(side, count, &options, NULL);
}
static void place_loop_outside(struct side *side) { OK(jobring_parallel_for(side->pool, 8, 1, body, side, NULL)); }
static void place_loop_helper(struct side *side) {
    side->beginner = pthread_self();
    OK(jobring_parallel_for(side->pool, 64, 1, helper_body, side, NULL));
}
static void place_loop_in_job(struct side *side) { submit(side, loops, NULL, NULL); }
static void place_cancel(struct side *side) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job handle;
    options.drop = cancelled;
    if (submit(side, count, &options, &handle) != JOBRING_OK) return;
    (void)jobring_cancel(side->pool, handle);
    (void)jobring_detach(side->pool, handle);
}
static void place_drop_of_result(struct side *side) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job handle;
    options.drop = dropped;
    if (submit(side, count, &options, &handle) != JOBRING_OK) return;
    (void)jobring_detach(side->pool, handle);
}
static void place_help(struct side *side) {
    jobring_job handle;
    jobring_status status;
    if (submit(side, job, NULL, &handle) != JOBRING_OK) return;
    status = wait_with(side->pool, handle, JOBRING_WAIT_HELP, NULL);
    CHECK(status == JOBRING_OK || status == JOBRING_E_SHUTDOWN);
}
static void place_run_one(struct side *side) {
    if (submit(side, job, NULL, NULL) == JOBRING_OK) (void)jobring_run_one(side->pool);
}
static void place_waited_for(struct side *side) {
    if (submit(side, job, NULL, &side->waited_for) == JOBRING_OK) submit(side, waits, NULL, NULL);
}
static void place_entered(struct side *side) {
    submit(side, job, NULL, NULL);
    (void)jobring_enter_worker(side->pool);
}
/* Ends its thread. So the start hook is called again, on the thread that takes the worker's place. */
static void *leaves(void *arg) {
    (void)arg;
    count(NULL);
    pthread_exit(NULL);
}
static void place_start_hook(struct side *side) {
    atomic_store(&started, side);
    submit(side, leaves, NULL, NULL);
}
static void place_stop_hook(struct side *side) { (void)side; }
static void place_destroy(struct side *side) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job handle;
    options.drop = dropped;
    for (int i = 0; i < 2; i++) submit(side, count, &options, &handle);
}

static jobring_status on_start(void *arg, uint32_t worker) {
    struct side *side = atomic_load(&started);
    (void)arg, (void)worker;
    if (side) end_here(side);
    return JOBRING_OK;
}
static void on_stop(void *arg, uint32_t worker) {
    struct side *side = stopped;
    (void)arg;
    if (side && worker == 0 && side->pool) end_here(side);
}

static const struct place {
    const char *name;
    void (*take)(struct side *side);
} places[] = {
    {"outside", place_outside},
    {"job", place_job},
    {"done callback", place_done},
    {"loop outside", place_loop_outside},
    {"loop's helper", place_loop_helper},
    {"loop in a job", place_loop_in_job},
    {"drop by cancel", place_cancel},
    {"drop of a result", place_drop_of_result},
    {"job run by a waiter that helps", place_help},
    {"job run by run_one", place_run_one},
    {"job that another waits for", place_waited_for},
    {"job of an entered worker", place_entered},
    {"stop hook", place_stop_hook},
    {"drop in destroy", place_destroy},
    {"start hook", place_start_hook},
};
/* The start hook meets the places outside and in a callback alone: a job that ends its thread ends the process if another job, or
 * a thread of the caller's, runs it. */
enum { ALL = sizeof places / sizeof *places, PLACES = ALL - 1 };
static int is_met_by_a_start_hook(size_t place) {
    return places[place].take == place_outside || places[place].take == place_stop_hook;
}

static void take(void *arg) {
    struct side *side = arg;
    side->place->take(side);
}

/* What a hang is reported with. */
static char now[128];
static void tell_and_end(int number) {
    (void)number;
    if (write(STDERR_FILENO, now, strlen(now)) < 0) _exit(2);
    _exit(1);
}

static void check_case(size_t a, size_t b, uint32_t workers, uint32_t mode) {
    jobring_config config = JOBRING_CONFIG_INIT;
    struct side sides[2];
    struct caller callers[2];
    jobring_pool *pool;
    memset(sides, 0, sizeof sides);
    snprintf(now, sizeof now, "hangs: %s, and %s, %u workers, mode %u\n", places[a].name, places[b].name, workers, mode);
    atomic_store(&accepted, 0), atomic_store(&ended, 0);
    stopped = NULL;
    atomic_store(&started, NULL);
    if (places[a].take == place_stop_hook) stopped = &sides[0];
    if (places[b].take == place_stop_hook) stopped = &sides[1];
    config.workers = workers;
    config.max_workers = workers + 2;
    config.capacity = 16;
    config.on_start = on_start;
    config.on_stop = on_stop;
    OK(jobring_create(&config, &pool));
    for (int i = 0; i < 2; i++) {
        sides[i].pool = pool;
        sides[i].mode = mode;
        sides[i].place = &places[i ? b : a];
    }
    caller_start(&callers[0], take, &sides[0]);
    caller_start(&callers[1], take, &sides[1]);
    for (int i = 0; i < 2; i++) UNTIL(atomic_load(&callers[i].back) || atomic_load(&sides[i].calls) > 0);
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
    caller_join(&callers[0]);
    caller_join(&callers[1]);
    OK(jobring_destroy(pool));
    CHECK(atomic_load(&ended) == atomic_load(&accepted) || mode == JOBRING_DISCARD);
}

int main(int argc, char **argv) {
    const int rounds = argc > 1 ? atoi(argv[1]) : 3;
    const int has_start_hook = (jobring_features() & JOBRING_FEATURE_PTHREAD) != 0;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = tell_and_end;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    for (int round = 0; round < rounds; round++)
        for (size_t a = 0; a < ALL; a++)
            for (size_t b = 0; b <= a; b++)
                for (uint32_t workers = 1; workers <= 3; workers++) {
                    if (a == PLACES && !(has_start_hook && is_met_by_a_start_hook(b))) continue;
                    alarm(120);
                    check_case(a, b, workers, round % 2 ? JOBRING_DISCARD : JOBRING_DRAIN);
                }
    printf("%d places, by twos, %d rounds\n", (int)ALL, rounds);
    return 0;
}
