/* Races on one handle: every two of the calls that take a job's result, give it up, cancel it, look at it or run it,
 * at the same time, on copies of one handle, while a worker runs the job, after it has run, or on a pool without
 * workers. Each job ends once, exactly one thread gets its result, and each block that belongs to it is freed once.
 * Argument: rounds for each pair. */
#define _GNU_SOURCE
#include "races.h"

enum op { WAIT, POLL, WAIT_OPTS, CANCEL, DETACH, PEEK, RUN_ONE, NOTHING, OPS };
static const char *const op_names[] = {"wait", "poll", "wait_opts", "cancel", "detach", "peek", "run_one", "-"};

/* How the job stands when they begin. In the last the racers, or main, run it. */
enum stage { MAY_RUN, IS_OVER, IS_QUEUED, STAGES };
static jobring_pool *pool;

static void delivered(struct job *job, jobring_status status, void *result) {
    switch (status) {
        case JOBRING_OK:
            atomic_fetch_add(&job->ok, 1);
            if (result) free_result(result);
            break;
        case JOBRING_E_FAILED: atomic_fetch_add(&job->failed, 1); break;
        case JOBRING_E_CANCELLED: atomic_fetch_add(&job->cancelled, 1); break;
        default: CHECK(status == JOBRING_E_STALE);
    }
}

static void race(enum op op, struct job *job, unsigned salt) {
    const jobring_job handle = job->handle;
    jobring_status status;
    void *result = NULL;
    unsigned char data[sizeof(struct data)];
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    switch (op) {
        case WAIT:
            status = jobring_wait(pool, handle, salt % 2 ? LONG : JOBRING_FOREVER, &result);
            delivered(job, status, result);
            break;
        case POLL:
            while ((status = jobring_poll(pool, handle, &result)) == JOBRING_PENDING) sched_yield();
            delivered(job, status, result);
            break;
        case WAIT_OPTS:
            outcome.data = data, outcome.capacity = salt % 2 ? 1 : sizeof data;
            status = jobring_wait_opts(pool, handle, NULL, &outcome);
            if (status == JOBRING_E_SIZE) {
                CHECK(job->copy && salt % 2 && outcome.length == sizeof data);
            } else {
                CHECK(status == JOBRING_E_STALE || (outcome.status == status && outcome.job == handle));
                delivered(job, status, outcome.result);
            }
            break;
        case CANCEL:
            status = jobring_cancel(pool, handle);
            CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY || status == JOBRING_E_STALE);
            atomic_fetch_add(&job->cancels, status == JOBRING_OK);
            break;
        case DETACH:
            status = jobring_detach(pool, handle);
            CHECK(status == JOBRING_OK || status == JOBRING_E_STALE);
            atomic_fetch_add(&job->detached, status == JOBRING_OK);
            break;
        case PEEK:
            while ((status = peek(pool, handle, &outcome)) == JOBRING_PENDING) sched_yield();
            CHECK(status == JOBRING_E_STALE || status == outcome.status);
            CHECK((status == JOBRING_E_FAILED) == (outcome.code == CODE) && (status != JOBRING_E_FAILED || job->fails));
            break;
        case RUN_ONE:
            status = jobring_run_one(pool);
            CHECK(status == JOBRING_OK || status == JOBRING_E_EMPTY);
            break;
        default: break;
    }
}

/* Each racer goes through all jobs of a round, so that they meet somewhere on the way. */
enum { JOBS = 16 };
static struct job jobs[2][JOBS];
static atomic_uint begun, returned;
static enum op ops[2];
static int over;

static void go_through(enum op op, struct job *all, unsigned salt) {
    for (unsigned n = 0; n < JOBS; n++) race(op, &all[n], salt + n);
}

static void *racer(void *arg) {
    const unsigned me = (unsigned)(uintptr_t)arg;
    for (unsigned round = 1;; round++) {
        spin_until(&begun, round);
        if (over) return NULL;
        go_through(ops[me], jobs[round % 2], round);
        atomic_fetch_add(&returned, 1);
    }
}

static int runs(enum op op) { return op == RUN_ONE || op == WAIT || op == WAIT_OPTS; }

static void account_for(struct job *job) {
    if (job->ok + job->failed + job->cancelled + job->detached == 0) race(WAIT, job, 0);
    const int got = job->ok + job->failed + job->cancelled + job->detached;
    if (got != 1)
        fprintf(stderr, "%s and %s: ok %d, failed %d, cancelled %d, detached %d\n", op_names[ops[0]],
                op_names[ops[1]], job->ok, job->failed, job->cancelled, job->detached);
    CHECK(got == 1);
    CHECK(jobring_poll(pool, job->handle, NULL) == JOBRING_E_STALE);
    UNTIL(job_is_settled(job));
    CHECK(job->cancels == job->dropped_arg);
    CHECK(job->ok == 0 || (job->ran && !job->fails));
    CHECK(job->failed == 0 || (job->ran && job->fails));
    CHECK(job->cancelled == 0 || job->cancels > 0);
    job_is_accounted_for(job);
}

static void round_of(enum op first, enum op second, enum stage stage, unsigned salt) {
    static unsigned rounds;
    struct job *all = jobs[(rounds + 1) % 2];
    ops[0] = first;
    ops[1] = second;
    for (unsigned n = 0; n < JOBS; n++) {
        const unsigned kind = salt + n;
        OK(submit_job(pool, &all[n], (kind % 4 == 0 ? FAILS : 0) | (kind / 4 % 2 ? COPY : 0), NULL));
    }
    for (unsigned n = 0; n < JOBS && stage == IS_OVER; n++)
        UNTIL(peek(pool, all[n].handle, NULL) != JOBRING_PENDING);
    atomic_store(&begun, ++rounds);
    if (stage == IS_QUEUED && !runs(first) && !runs(second)) go_through(RUN_ONE, all, 0);
    spin_until(&returned, 2 * rounds);
    if (stage == IS_QUEUED) OK(jobring_run_until_idle(pool, NULL));
    for (unsigned n = 0; n < JOBS; n++) account_for(&all[n]);
}

int main(int count, char **arguments) {
    const unsigned each = count > 1 ? (unsigned)strtoul(arguments[1], NULL, 10) : 500;
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pools[STAGES];
    pthread_t racers[2];
    unsigned rounds = 0;
    config.capacity = JOBS;
    for (int stage = 0; stage < STAGES; stage++) {
        config.workers = stage == IS_QUEUED ? JOBRING_WORKERS_NONE : 1;
        OK(jobring_create(&config, &pools[stage]));
    }
    for (uintptr_t n = 0; n < 2; n++) CHECK(pthread_create(&racers[n], NULL, racer, (void *)n) == 0);
    for (enum stage stage = 0; stage < STAGES; stage++) {
        pool = pools[stage];
        for (enum op first = 0; first < OPS; first++)
            for (enum op second = first; second < OPS; second++)
                for (unsigned n = 0; n < each; n++, rounds++) round_of(first, second, stage, n);
    }
    over = 1;
    atomic_fetch_add(&begun, 1);
    for (int n = 0; n < 2; n++) CHECK(pthread_join(racers[n], NULL) == 0);
    for (int stage = 0; stage < STAGES; stage++) OK(jobring_destroy(pools[stage]));
    CHECK(all_jobs_accounted_for() == rounds * JOBS);
    printf("races: %u rounds of %d pairs, %d jobs each\n", rounds, OPS * (OPS + 1) / 2, JOBS);
    races_with_the_end(each);
    return 0;
}
