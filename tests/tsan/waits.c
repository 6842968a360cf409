/* Scenes of waits for several jobs, for all jobs, and in a scope of an interrupt; and of jobs that are only cancelled. */
#include "stress.h"

#include <semaphore.h>

/* What one thread writes before it raises an interrupt, for the thread whose call that ends. */
struct raises {
    jobring_pool *pool;
    jobring_interrupt interrupt;
    /* A job that does not end meanwhile. */
    jobring_job job;
    sem_t end;
    unsigned rounds;
    long *data;
    atomic_uint seen;
};

static void *until_the_end(void *arg) {
    struct raises *on = arg;
    while (sem_wait(&on->end) != 0) {}
    return NULL;
}

static void *raise_each(void *arg) {
    struct raises *on = arg;
    for (unsigned n = 0; n < on->rounds; n++) {
        on->data[n] = n + 1;
        OK(jobring_interrupt_raise(on->pool, &on->interrupt));
        while (GET(on->seen) == n) pass();
    }
    return NULL;
}

/* Calls that sleep for a moment, and look at the interrupt before. */
static jobring_status sleep_a_little(struct raises *on) {
    const int64_t moment = 20 * 1000;
    jobring_wait_options options = JOBRING_WAIT_OPTIONS_INIT;
    switch (any(3)) {
    case 0: return jobring_wait(on->pool, on->job, moment, NULL);
    case 1: return jobring_wait_idle(on->pool, moment);
    default: options.limit_ns = moment; return jobring_wait_many(on->pool, &on->job, 1, JOBRING_UNTIL_FIRST, &options, NULL, NULL);
    }
}

static void be_interrupted(struct raises *on, unsigned n) {
    if (n % 2) {
        while (!jobring_interrupt_reset(&on->interrupt)) {}
        CHECK(on->data[n] == n + 1);
    } else {
        jobring_status status;
        while ((status = sleep_a_little(on)) == JOBRING_E_TIMEDOUT) {}
        CHECK(status == JOBRING_E_INTERRUPTED && on->data[n] == n + 1);
        CHECK(jobring_interrupt_reset(&on->interrupt) == 1);
    }
    SET(on->seen, n + 1);
}

void interrupts(unsigned rounds) {
    struct raises on = {.pool = pool_of(1, 4), .rounds = rounds, .data = calloc(rounds, sizeof *on.data)};
    jobring_interrupt_scope scope;
    pthread_t raiser;
    CHECK(on.data != NULL && sem_init(&on.end, 0, 0) == 0);
    OK(jobring_submit(on.pool, until_the_end, &on, &on.job));
    OK(jobring_interrupt_begin(on.pool, &on.interrupt, &scope));
    raiser = begin(raise_each, &on);
    for (unsigned n = 0; n < rounds; n++) be_interrupted(&on, n);
    join(raiser);
    OK(jobring_interrupt_end(on.pool, &scope));
    CHECK(sem_post(&on.end) == 0);
    end(on.pool);
    free(on.data);
}

/* A detached job, whose end its submitter sees by wait_idle() alone. */
struct quiet {
    struct cell cell;
    atomic_uint over;
};

static void *work_quietly(void *arg) {
    struct quiet *quiet = arg;
    work(&quiet->cell);
    SET(quiet->over, 1);
    return NULL;
}

static void wait_for_all(jobring_pool *pool, struct quiet *quiet) {
    OK(SUBMIT(jobring_submit(pool, work_quietly, quiet, NULL)));
    while (any(8) && !GET(quiet->over)) pass();
    for (unsigned n = any(4); n > 0; n--) pass();
    OK(jobring_wait_idle(pool, LONG));
    worked(&quiet->cell);
}

void idle_waits(unsigned rounds) {
    jobring_pool *pool = pool_of(2, 4);
    struct quiet *all = calloc(rounds, sizeof *all);
    CHECK(all != NULL);
    for (unsigned n = 0; n < rounds; n++) {
        all[n].cell.in = (long)n;
        wait_for_all(pool, &all[n]);
    }
    end(pool);
    free(all);
}

/* Of some jobs the first that has finished is looked at before it is taken. */
static void look_at_the_first(jobring_pool *pool, struct cell *cells) {
    enum { COUNT = 3 };
    jobring_job jobs[COUNT];
    size_t first = COUNT;
    for (unsigned n = 0; n < COUNT; n++) {
        cells[n].in = n;
        OK(SUBMIT(jobring_submit(pool, work, &cells[n], &jobs[n])));
    }
    for (unsigned n = any(4); n > 0; n--) pass();
    OK(jobring_wait_many(pool, jobs, COUNT, JOBRING_UNTIL_FIRST, NULL, &first, NULL));
    CHECK(first < COUNT);
    worked(&cells[first]);
    for (unsigned n = 0; n < COUNT; n++) OK(jobring_wait(pool, jobs[n], LONG, NULL));
}

void first_of_several(unsigned rounds) {
    jobring_pool *pool = pool_of(2, 4);
    struct cell *cells = cells_of(3 * rounds);
    for (unsigned n = 0; n < rounds; n++) look_at_the_first(pool, &cells[3 * n]);
    end(pool);
    free(cells);
}

/* Jobs that nobody waits for, and that one of several threads may cancel. */
struct cancels {
    jobring_pool *pool;
    struct cell *cells;
    unsigned rounds;
    atomic_uint over;
};

static void submit_or_cancel(void *shared, unsigned me) {
    struct cancels *on = shared;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = on_done;
    options.drop = on_drop;
    for (unsigned n = 0; n < on->rounds; n++) {
        struct cell *cell = &on->cells[n];
        if (me == 0) {
            jobring_job job;
            OK(SUBMIT(jobring_submit_cancellable(on->pool, work, cell, &options, &job)));
            SET(cell->handle, job);
        } else if (any(64) == 0) {
            OK(jobring_cancel_all(on->pool, &(uint64_t){0}));
        } else {
            for (unsigned tries = any(8); tries > 0 && GET(cell->handle) == 0; tries--) pass();
            const jobring_job job = GET(cell->handle);
            const jobring_status status = job == 0 ? JOBRING_E_STALE : jobring_cancel(on->pool, job);
            if (status == JOBRING_OK) CHECK(cell->dropped == 1 && cell->notified == 1);
            else CHECK(status == JOBRING_E_STALE || status == JOBRING_E_BUSY);
        }
    }
}

void cancels(unsigned rounds) {
    struct cancels on = {.pool = pool_of(2, 4), .cells = cells_of(rounds), .rounds = rounds};
    together(3, submit_or_cancel, &on);
    OK(jobring_wait_idle(on.pool, LONG));
    for (unsigned n = 0; n < rounds; n++) settled(&on.cells[n]);
    end(on.pool);
    free(on.cells);
}
