/* Scenes of ends: shutdowns that race, a pool whose memory is overwritten after it is destroyed, workers that leave. */
#include "stress.h"

enum { SUBMITTERS = 2, CLOSERS = 3, JOBS = 64 };

struct closing {
    jobring_pool *pool;
    struct cell cells[SUBMITTERS][JOBS];
    atomic_uint accepted;
    uint32_t mode;
};

static void *close_inside(void *arg) {
    struct closing *closing = arg;
    OK(jobring_shutdown(closing->pool, JOBRING_DRAIN, LONG, NULL));
    return NULL;
}

static void submit_until_closed(struct closing *closing, unsigned me) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = on_done;
    options.drop = on_drop;
    for (unsigned n = 0; n < JOBS; n++) {
        struct cell *cell = &closing->cells[me][n];
        jobring_job job;
        jobring_status status =
            SUBMIT(jobring_submit_opts(closing->pool, work, cell, &options, any(2) ? NULL : &job));
        if (status == JOBRING_E_SHUTDOWN) return;
        OK(status);
        ADD(closing->accepted, 1);
    }
}

/* A thread that sees a shutdown end sees what all jobs did. */
static void close_or_submit(void *shared, unsigned me) {
    struct closing *closing = shared;
    jobring_report report;
    unsigned settled = 0;
    if (me < SUBMITTERS) {
        submit_until_closed(closing, me);
        return;
    }
    for (unsigned n = any(40); n > 0; n--) pass();
    if (me == SUBMITTERS) {
        jobring_status status = SUBMIT(jobring_try_submit(closing->pool, close_inside, closing, NULL));
        CHECK(status == JOBRING_OK || status == JOBRING_E_FULL || status == JOBRING_E_SHUTDOWN);
    }
    OK(jobring_shutdown(closing->pool, closing->mode, LONG, &report));
    CHECK(report.queued == 0 && report.submitting == 0);
    for (unsigned n = 0; n < SUBMITTERS * JOBS; n++) {
        const struct cell *cell = &closing->cells[n / JOBS][n % JOBS];
        CHECK(cell->ran + cell->dropped == cell->notified && cell->notified <= 1);
        settled += cell->notified;
    }
    CHECK(settled >= GET(closing->accepted));
}

void shutdowns(unsigned rounds) {
    for (unsigned n = 0; n < rounds; n++) {
        struct closing *closing = calloc(1, sizeof *closing);
        unsigned found = 0;
        CHECK(closing != NULL);
        closing->pool = pool_of(n % 3, 2 * JOBS * SUBMITTERS);
        closing->mode = n % 2 ? JOBRING_DRAIN : JOBRING_DISCARD;
        together(SUBMITTERS + CLOSERS, close_or_submit, closing);
        end(closing->pool);
        for (unsigned m = 0; m < SUBMITTERS * JOBS; m++) {
            const struct cell *cell = &closing->cells[m / JOBS][m % JOBS];
            CHECK(cell->ran + cell->dropped <= 1 && cell->untaken <= cell->ran);
            found += cell->notified;
        }
        CHECK(found == GET(closing->accepted));
        free(closing);
    }
}

/* A pool in memory that is written over as soon as the pool is destroyed, while a thread is still inside of a call. */
struct visit {
    jobring_pool *pool;
    atomic_uint inside;
    jobring_job job;
    unsigned ran;
};

static unsigned char memory[32 * 1024];

static void visit_begins(struct visit *visit, uint32_t workers) {
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = workers ? workers : JOBRING_WORKERS_NONE;
    config.capacity = 4;
    config.flags = JOBRING_FLAG_DESTROY_WAITS;
    OK(jobring_init(&config, memory, sizeof memory, &visit->pool));
}

static void *say_inside(void *arg) {
    struct visit *visit = arg;
    visit->ran++;
    SET(visit->inside, 1);
    for (unsigned n = any(4); n > 0; n--) pass();
    return arg;
}

/* The visitor is inside a call: that may be all that this thread knows of it. */
static void destroy_under(struct visit *visit) {
    while (GET(visit->inside) == 0) pass();
    OK(jobring_destroy(visit->pool));
    memset(memory, 0xA5, sizeof memory);
}

static void *help(void *arg) {
    struct visit *visit = arg;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    OK(wait_with(visit->pool, visit->job, JOBRING_WAIT_HELP, &outcome));
    CHECK(outcome.result == visit && visit->ran == 1);
    return NULL;
}

void helped_destroy(unsigned rounds) {
    for (unsigned n = 0; n < rounds; n++) {
        struct visit visit = {.ran = 0};
        pthread_t visitor;
        visit_begins(&visit, 0);
        OK(SUBMIT(jobring_submit(visit.pool, say_inside, &visit, &visit.job)));
        visitor = begin(help, &visit);
        destroy_under(&visit);
        join(visitor);
        CHECK(visit.ran == 1);
    }
}

static void *enter(void *arg) {
    OK(jobring_enter_worker(((struct visit *)arg)->pool));
    return NULL;
}

void entered_destroy(unsigned rounds) {
    for (unsigned n = 0; n < rounds; n++) {
        struct visit visit = {.ran = 0};
        pthread_t visitor;
        visit_begins(&visit, 0);
        OK(SUBMIT(jobring_submit(visit.pool, say_inside, &visit, NULL)));
        visitor = begin(enter, &visit);
        destroy_under(&visit);
        join(visitor);
        CHECK(visit.ran == 1);
    }
}

static void *submit_detached(void *arg) {
    struct visit *visit = arg;
    OK(SUBMIT(jobring_submit(visit->pool, say_inside, visit, NULL)));
    return NULL;
}

void submitting_destroy(unsigned rounds) {
    for (unsigned n = 0; n < rounds; n++) {
        struct visit visit = {.ran = 0};
        pthread_t visitor;
        visit_begins(&visit, 1);
        visitor = begin(submit_detached, &visit);
        destroy_under(&visit);
        join(visitor);
        CHECK(visit.ran == 1);
    }
}

static void say_leaving(void *arg, uint32_t worker) {
    (void)worker;
    SET(((struct visit *)arg)->inside, 1);
    for (unsigned n = any(4); n > 0; n--) pass();
}

/* It cannot have returned when a worker is inside of its hook. */
static void *send_away(void *arg) {
    const jobring_status status = jobring_workers_set(((struct visit *)arg)->pool, 0, JOBRING_FOREVER);
    CHECK(status == JOBRING_OK || status == JOBRING_E_SHUTDOWN);
    return NULL;
}

void resized_destroy(unsigned rounds) {
    for (unsigned n = 0; n < rounds; n++) {
        struct visit visit = {.ran = 0};
        jobring_config config = JOBRING_CONFIG_INIT;
        config.workers = 2;
        config.capacity = 4;
        config.on_stop = say_leaving;
        config.hook_arg = &visit;
        OK(jobring_init(&config, memory, sizeof memory, &visit.pool));
        const pthread_t visitor = begin(send_away, &visit);
        destroy_under(&visit);
        join(visitor);
    }
}

/* Workers come and go, and are held back, while jobs flow. */
struct crowd {
    jobring_pool *pool;
    struct cell *cells;
    unsigned rounds;
    atomic_uint over;
};

static void submit_or_direct(void *shared, unsigned me) {
    struct crowd *on = shared;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = on_done;
    options.drop = on_drop;
    for (unsigned n = 0; me == 0 && n < on->rounds; n++) {
        on->cells[n].in = n;
        OK(SUBMIT(jobring_submit_opts(on->pool, work, &on->cells[n], &options, NULL)));
    }
    if (me == 0) SET(on->over, 1);
    while (GET(on->over) == 0) {
        if (me == 1) {
            OK(jobring_workers_set(on->pool, any(5), LONG));
        } else {
            OK(jobring_pause(on->pool));
            pass();
            OK(jobring_resume(on->pool));
        }
    }
}

void crowds(unsigned rounds) {
    struct crowd on = {.pool = pool_of(4, 16), .cells = cells_of(rounds), .rounds = rounds};
    together(3, submit_or_direct, &on);
    OK(jobring_wait_idle(on.pool, LONG));
    for (unsigned n = 0; n < rounds; n++) settled(&on.cells[n]);
    end(on.pool);
    free(on.cells);
}
