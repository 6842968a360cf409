/* Races with the end of a pool: threads that wait inside it while it is destroyed, jobs that wait for each other
 * while it drains, submits and cancels while it closes. */
#define _GNU_SOURCE
#include "races.h"

static jobring_pool *make(uint32_t workers, uint32_t capacity) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.workers = workers;
    config.capacity = capacity;
    config.stack_size = 128 * 1024;
    OK(jobring_create(&config, &pool));
    return pool;
}

static void settled(struct job *job) {
    CHECK(job_is_settled(job));
    job_is_accounted_for(job);
}

/* A job that keeps its worker until it is let go. */
static struct gate held_in, held_on;
static void hold(struct job *job) {
    (void)job;
    gate_open(&held_in);
    gate_pass(&held_on);
}

static jobring_pool *make_held(struct job *holder, uint32_t capacity, int how) {
    static const struct gate gate = GATE_INIT;
    jobring_pool *pool = make(1, capacity);
    held_in = held_on = gate;
    OK(submit_job(pool, holder, how, hold));
    gate_pass(&held_in);
    return pool;
}

struct wait {
    jobring_pool *pool;
    jobring_job job;
    jobring_status status;
    struct job *to_submit;
};

static void wait_for_it(void *arg) {
    struct wait *wait = arg;
    void *result = NULL;
    wait->status = jobring_wait(wait->pool, wait->job, LONG, &result);
    if (result) free_result(result);
}

static void submit_it(void *arg) {
    struct wait *wait = arg;
    wait->status = submit_job(wait->pool, wait->to_submit, NO_HANDLE, NULL);
}

static void lets_go(void *arg) {
    /* Once main sleeps in destroy, or just when it comes to it. */
    if (arg) UNTIL(sleeps(getpid()));
    gate_open(&held_on);
}

/* Two threads wait for a job that runs, is queued and will be run, or is queued and discarded; another for a slot. Destroy
 * lets them all come back before the memory goes. */
static void destroy_with_threads_inside(unsigned round) {
    struct job holder, queued, refused;
    struct caller waiters[2], submitter, opener;
    const int waits_for_queued = round % 3 != 0, discards = round % 3 == 2;
    const unsigned fewer = round / 3 % 2;
    jobring_pool *pool = make_held(&holder, 2, waits_for_queued ? NO_HANDLE : 0);
    OK(submit_job(pool, &queued, waits_for_queued ? 0 : NO_HANDLE, NULL));
    struct wait waits[2], submit = {pool, 0, 0, &refused};
    for (unsigned n = fewer; n < 2; n++) {
        waits[n] = (struct wait){pool, waits_for_queued ? queued.handle : holder.handle, 0, NULL};
        caller_start(&waiters[n], wait_for_it, &waits[n]);
        caller_is_in(&waiters[n]);
    }
    caller_start(&submitter, submit_it, &submit);
    caller_is_in(&submitter);
    CHECK(jobring_shutdown(pool, discards ? JOBRING_DISCARD : JOBRING_DRAIN, 0, NULL) == JOBRING_E_TIMEDOUT);
    caller_start(&opener, lets_go, round % 2 ? &opener : NULL);
    OK(jobring_destroy(pool));
    caller_join(&opener);
    caller_join(&submitter);
    CHECK(submit.status == JOBRING_E_SHUTDOWN && refused.freed_arg == 1 && refused.done == 0);
    int took = 0;
    for (unsigned n = fewer; n < 2; n++) {
        caller_join(&waiters[n]);
        took += waits[n].status == (discards ? JOBRING_E_SHUTDOWN : JOBRING_OK);
        CHECK(took == 1 || waits[n].status == JOBRING_E_STALE);
    }
    CHECK(took == 1);
    settled(&holder);
    settled(&queued);
}

/* Jobs ask for other jobs while main is in destroy. */
enum { ACTORS = 4, SUBJECTS = 4 };
static struct job subjects[SUBJECTS];
static atomic_int got[SUBJECTS];
static jobring_pool *draining;
static atomic_uint seed;

static void act(struct job *job) {
    (void)job;
    for (int n = 0; n < SUBJECTS; n++) {
        const jobring_job handle = subjects[n].handle;
        void *result = NULL;
        jobring_status status = JOBRING_E_STALE;
        switch ((atomic_fetch_add(&seed, 1) * 2654435761u) >> 29) {
            case 0: status = jobring_detach(draining, handle); break;
            case 1: status = jobring_poll(draining, handle, &result); break;
            case 2: status = jobring_wait(draining, handle, JOBRING_FOREVER, &result); break;
            case 3: (void)jobring_cancel(draining, handle); break;
            case 4: (void)peek(draining, handle, NULL); break;
            case 5: (void)jobring_run_one(draining); break;
            case 6: (void)wait_with(draining, handle, JOBRING_WAIT_POLL | JOBRING_WAIT_PEEK, NULL); break;
            default: break;
        }
        if (result) free_result(result);
        if (status == JOBRING_OK || status == JOBRING_E_FAILED || status == JOBRING_E_CANCELLED)
            atomic_fetch_add(&got[n], 1);
        else
            CHECK(status == JOBRING_E_STALE || status == JOBRING_PENDING || status == JOBRING_E_DEADLOCK ||
                  status == JOBRING_E_STACK);
    }
}

static void destroy_while_jobs_ask(unsigned round) {
    static struct job actors[ACTORS];
    draining = make(2, ACTORS + SUBJECTS);
    for (int n = 0; n < SUBJECTS; n++) {
        atomic_store(&got[n], 0);
        OK(submit_job(draining, &subjects[n], (round + (unsigned)n) % 3 == 0 ? FAILS : 0, NULL));
    }
    for (int n = 0; n < ACTORS; n++) OK(submit_job(draining, &actors[n], n % 2 ? NO_HANDLE : 0, act));
    OK(jobring_destroy(draining));
    for (int n = 0; n < SUBJECTS; n++) {
        CHECK(atomic_load(&got[n]) <= 1);
        settled(&subjects[n]);
    }
    for (int n = 0; n < ACTORS; n++) settled(&actors[n]);
}

/* Threads submit until they are refused. */
enum { SUBMITTERS = 2, EACH = 64 };
struct submitter {
    jobring_pool *pool;
    struct job jobs[EACH];
    int accepted;
    jobring_status last;
};
static atomic_uint submitted;

static void submits(void *arg) {
    struct submitter *mine = arg;
    mine->last = JOBRING_OK;
    for (mine->accepted = 0; mine->accepted < EACH; mine->accepted++) {
        struct job *job = &mine->jobs[mine->accepted];
        mine->last = submit_job(mine->pool, job, mine->accepted % 3 ? NO_HANDLE : 0, NULL);
        if (mine->last != JOBRING_OK) {
            CHECK(mine->last == JOBRING_E_SHUTDOWN && job->freed_arg == 1 && job->done == 0);
            return;
        }
        atomic_fetch_add(&submitted, 1);
        if (job->handle) OK(jobring_detach(mine->pool, job->handle));
    }
}

static void close_while_threads_submit(unsigned round) {
    static struct submitter submitters[SUBMITTERS];
    struct caller callers[SUBMITTERS];
    jobring_pool *pool = make(1 + round % 2, 1 + round % 5);
    jobring_report report;
    atomic_store(&submitted, 0);
    for (int n = 0; n < SUBMITTERS; n++) {
        submitters[n].pool = pool;
        caller_start(&callers[n], submits, &submitters[n]);
    }
    UNTIL(atomic_load(&submitted) >= round % EACH);
    OK(jobring_shutdown(pool, round % 2 ? JOBRING_DISCARD : JOBRING_DRAIN, LONG, &report));
    CHECK(report.queued == 0 && report.running == 0 && report.submitting == 0);
    for (int n = 0; n < SUBMITTERS; n++) caller_join(&callers[n]);
    OK(jobring_destroy(pool));
    for (int n = 0; n < SUBMITTERS; n++)
        for (int k = 0; k < submitters[n].accepted; k++) settled(&submitters[n].jobs[k]);
}

/* One thread cancels, gives up, asks for and runs what another discards. */
enum { QUEUED = 12 };
static struct job queue[QUEUED];
static int was_got[QUEUED], was_cancelled[QUEUED];

static void asks_for_all(void *arg) {
    jobring_pool *pool = arg;
    for (int n = 0; n < QUEUED; n++) {
        jobring_status status;
        void *result = NULL;
        switch (n % 4) {
            case 0:
                status = jobring_cancel(pool, queue[n].handle);
                CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY);
                was_cancelled[n] = status == JOBRING_OK;
                break;
            case 1:
                OK(jobring_detach(pool, queue[n].handle));
                was_got[n] = 1;
                break;
            case 2:
                while ((status = jobring_poll(pool, queue[n].handle, &result)) == JOBRING_PENDING) sched_yield();
                CHECK(status == JOBRING_E_CANCELLED || status == JOBRING_E_SHUTDOWN || status == JOBRING_OK);
                if (result) free_result(result);
                was_got[n] = 1;
                break;
            default: (void)jobring_run_one(pool);
        }
    }
}

static void discard_while_a_thread_asks(unsigned round) {
    struct job holder;
    struct caller asker;
    jobring_pool *pool = make_held(&holder, QUEUED + 1, NO_HANDLE);
    for (int n = 0; n < QUEUED; n++) {
        OK(submit_job(pool, &queue[n], (round + (unsigned)n) % 5 ? 0 : COPY, NULL));
        was_got[n] = was_cancelled[n] = 0;
    }
    caller_start(&asker, asks_for_all, pool);
    if (round % 2) UNTIL(queue[0].done);
    CHECK(jobring_shutdown(pool, JOBRING_DISCARD, 0, NULL) == JOBRING_E_TIMEDOUT);
    caller_join(&asker);
    for (int n = 0; n < QUEUED; n++) {
        void *result = NULL;
        jobring_status status = jobring_poll(pool, queue[n].handle, &result);
        CHECK((status == JOBRING_E_STALE) == was_got[n]);
        CHECK(was_got[n] || status == (queue[n].ran ? JOBRING_OK : queue[n].status));
        CHECK(was_cancelled[n] == (!queue[n].ran && queue[n].status == JOBRING_E_CANCELLED));
        if (result) free_result(result);
    }
    gate_open(&held_on);
    OK(jobring_destroy(pool));
    settled(&holder);
    for (int n = 0; n < QUEUED; n++) settled(&queue[n]);
}

void races_with_the_end(unsigned rounds) {
    for (unsigned n = 0; n < rounds; n++) {
        destroy_with_threads_inside(n);
        destroy_while_jobs_ask(n);
        close_while_threads_submit(n);
        discard_while_a_thread_asks(n);
    }
    printf("races: %u rounds with the end of a pool, %u jobs in all\n", 4 * rounds, all_jobs_accounted_for());
}
