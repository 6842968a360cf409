/* Races on one handle: every two of the calls that take a job's result, give it up, cancel, look at or run it, at once, on
 * copies of one handle, while a worker runs the job or after it. Each job ends once, exactly one of the threads gets it,
 * and each block that it was given or left is freed once. Argument: how many rounds each pair gets. */
#define _GNU_SOURCE
#include "races.h"

enum op { WAIT, POLL, WAIT_COPY, CANCEL, DETACH, READ_ERROR, RUN_ONE, NOTHING, OPS };
static const char *const op_names[] = {"wait", "poll", "wait_copy", "cancel", "detach", "error", "run_one", "-"};

static jobring_pool *pool;
static struct job *now;

/* What the racers' calls said. */
static atomic_int ok, failed, cancelled, detached, cancels;

static void delivered(jobring_status status, void *result) {
    switch (status) {
        case JOBRING_OK:
            atomic_fetch_add(&ok, 1);
            if (result) free_result(result);
            break;
        case JOBRING_E_FAILED: atomic_fetch_add(&failed, 1); break;
        case JOBRING_E_CANCELLED: atomic_fetch_add(&cancelled, 1); break;
        default: CHECK(status == JOBRING_E_STALE);
    }
}

static void race(enum op op, unsigned salt) {
    const jobring_job job = now->handle;
    jobring_status status;
    void *result = NULL;
    unsigned char data[sizeof(struct data)];
    int32_t code = 0;
    switch (op) {
        case WAIT:
            status = jobring_wait(pool, job, salt % 2 ? LONG : JOBRING_FOREVER, &result);
            delivered(status, result);
            break;
        case POLL:
            while ((status = jobring_poll(pool, job, &result)) == JOBRING_PENDING) sched_yield();
            delivered(status, result);
            break;
        case WAIT_COPY:
            status = jobring_wait_copy(pool, job, LONG, data, salt % 2 ? 0 : sizeof data, NULL);
            if (status == JOBRING_E_INVALID)
                CHECK(!now->copy);
            else if (status == JOBRING_E_SIZE)
                CHECK(now->copy && salt % 2);
            else
                delivered(status, NULL);
            break;
        case CANCEL:
            status = jobring_cancel(pool, job);
            CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY || status == JOBRING_E_STALE);
            atomic_fetch_add(&cancels, status == JOBRING_OK);
            break;
        case DETACH:
            status = jobring_detach(pool, job);
            CHECK(status == JOBRING_OK || status == JOBRING_E_STALE);
            atomic_fetch_add(&detached, status == JOBRING_OK);
            break;
        case READ_ERROR:
            while ((status = jobring_error(pool, job, &code, NULL, 0, NULL)) == JOBRING_PENDING) sched_yield();
            CHECK(status == JOBRING_E_STALE || (status == JOBRING_OK && now->fails && code == CODE));
            break;
        case RUN_ONE:
            status = jobring_run_one(pool);
            CHECK(status == JOBRING_OK || status == JOBRING_E_EMPTY);
            break;
        default: break;
    }
}

/* The racers: they begin together, and main learns when both are back. */
static atomic_uint begun, returned;
static enum op ops[2];
static int over;

static void *racer(void *arg) {
    const unsigned me = (unsigned)(uintptr_t)arg;
    for (unsigned round = 1;; round++) {
        spin_until(&begun, round);
        if (over) return NULL;
        race(ops[me], round);
        atomic_fetch_add(&returned, 1);
    }
}

static void round_of(enum op first, enum op second, int is_over, unsigned salt) {
    static unsigned rounds;
    static struct job jobs[2];
    now = &jobs[rounds % 2];
    atomic_store(&ok, 0);
    atomic_store(&failed, 0);
    atomic_store(&cancelled, 0);
    atomic_store(&detached, 0);
    atomic_store(&cancels, 0);
    ops[0] = first;
    ops[1] = second;
    OK(submit_job(pool, now, (salt % 4 == 0 ? FAILS : 0) | (salt / 4 % 2 ? COPY : 0), NULL));
    if (is_over) UNTIL(jobring_error(pool, now->handle, NULL, NULL, 0, NULL) != JOBRING_PENDING);
    atomic_store(&begun, ++rounds);
    spin_until(&returned, 2 * rounds);

    const int got = ok + failed + cancelled + detached;
    if (got > 1)
        fprintf(stderr, "%s and %s: ok %d, failed %d, cancelled %d, detached %d\n", op_names[first],
                op_names[second], ok, failed, cancelled, detached);
    CHECK(got <= 1);
    if (got == 0) race(WAIT, 0);
    CHECK(ok + failed + cancelled + detached == 1);
    CHECK(jobring_poll(pool, now->handle, NULL) == JOBRING_E_STALE);
    UNTIL(job_is_settled(now));
    CHECK((cancels > 0) == (now->dropped_arg == 1) && (cancels > 0) <= (now->ran == 0));
    CHECK(ok == 0 || (now->ran && !now->fails));
    CHECK(failed == 0 || (now->ran && now->fails));
    CHECK(cancelled == 0 || cancels > 0);
    job_is_accounted_for(now);
}

int main(int count, char **arguments) {
    const unsigned each = count > 1 ? (unsigned)strtoul(arguments[1], NULL, 10) : 500;
    jobring_config config = JOBRING_CONFIG_INIT;
    pthread_t racers[2];
    unsigned rounds = 0;
    config.workers = 1;
    config.capacity = 2;
    OK(jobring_create(&config, &pool));
    for (uintptr_t n = 0; n < 2; n++) CHECK(pthread_create(&racers[n], NULL, racer, (void *)n) == 0);
    for (enum op first = 0; first < OPS; first++)
        for (enum op second = first; second < OPS; second++)
            for (int is_over = 0; is_over < 2; is_over++)
                for (unsigned n = 0; n < each; n++, rounds++) round_of(first, second, is_over, n);
    over = 1;
    atomic_fetch_add(&begun, 1);
    for (int n = 0; n < 2; n++) CHECK(pthread_join(racers[n], NULL) == 0);
    OK(jobring_destroy(pool));
    CHECK(all_jobs_accounted_for() == rounds);
    printf("races: %u rounds of %d pairs\n", rounds, OPS * (OPS + 1) / 2);
    races_with_the_end(each);
    return 0;
}
