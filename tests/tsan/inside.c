/* Scenes with jobs that submit, wait, are asked to stop or end their thread; with batches; with threads that enter. */
#include "stress.h"

enum { MAKERS = 3, BATCH = 6 };

struct stage {
    jobring_pool *pool;
    struct cell *cells;
    unsigned rounds;
    atomic_uint over;
};

/* A job that hands two jobs on and waits for them: it runs them itself, by handle, or a worker was quicker. Their
 * entries in the ring stay behind as tombstones. */
struct parent {
    struct stage *on;
    struct cell *mine;
};

static void *nest(void *arg) {
    struct parent *parent = arg;
    struct stage *on = parent->on;
    jobring_job jobs[2];
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = on_done;
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    for (unsigned n = 0; n < 2; n++) {
        jobs[n] = 0;
        while (jobs[n] == 0) {
            jobring_status status =
                SUBMIT(jobring_submit_opts(on->pool, work, &parent->mine[n], &options, &jobs[n]));
            CHECK(status == JOBRING_OK || status == JOBRING_E_FULL);
            if (status == JOBRING_E_FULL) pass();
        }
    }
    for (unsigned n = 2; n-- > 0;) {
        void *result = NULL;
        OK(jobring_wait(on->pool, jobs[n], JOBRING_FOREVER, &result));
        CHECK(result == &parent->mine[n]);
        worked(result);
        parent->mine[n].out++;
    }
    return arg;
}

static void nest_from_outside(void *shared, unsigned me) {
    struct stage *on = shared;
    for (unsigned n = 0; n < on->rounds; n++) {
        struct cell *mine = &on->cells[2 * (me * on->rounds + n)];
        struct parent parent = {on, mine};
        jobring_job job;
        void *result = NULL;
        mine[0].in = (long)n, mine[1].in = -(long)n;
        OK(SUBMIT(jobring_submit(on->pool, nest, &parent, &job)));
        OK(jobring_wait(on->pool, job, LONG, &result));
        CHECK(result == &parent);
        mine[0].out--, mine[1].out--;
        settled(&mine[0]), settled(&mine[1]);
    }
}

void nested(unsigned rounds) {
    struct stage on = {.pool = pool_of(2, 16), .cells = cells_of(2 * MAKERS * rounds), .rounds = rounds};
    together(MAKERS, nest_from_outside, &on);
    end(on.pool);
    free(on.cells);
}

/* A job that runs until it is asked to stop, and then reads why. */
struct request {
    jobring_pool *pool;
    long why, seen;
    int dropped;
};

static void *until_asked(void *arg) {
    struct request *request = arg;
    while (jobring_cancel_requested(request->pool) != 1) pass();
    request->seen = request->why;
    return NULL;
}

static void not_run(void *arg, jobring_status why) {
    struct request *request = arg;
    CHECK(why == JOBRING_E_CANCELLED);
    request->dropped = 1;
}

static void ask(void *shared, unsigned me) {
    struct stage *on = shared;
    for (unsigned n = 0; n < on->rounds; n++) {
        struct request request = {.pool = on->pool};
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
        jobring_job job;
        options.drop = not_run;
        OK(SUBMIT(jobring_submit_opts(on->pool, until_asked, &request, &options, &job)));
        for (unsigned m = any(20); m > 0; m--) pass();
        request.why = 1 + (long)n * (long)(me + 1);
        if (jobring_cancel(on->pool, job) == JOBRING_OK) {
            CHECK(request.dropped && jobring_wait(on->pool, job, LONG, NULL) == JOBRING_E_CANCELLED);
        } else {
            OK(jobring_wait(on->pool, job, LONG, NULL));
            CHECK(request.seen == request.why && !request.dropped);
        }
    }
}

void stop_requests(unsigned rounds) {
    struct stage on = {.pool = pool_of(2, 4), .rounds = rounds};
    together(MAKERS, ask, &on);
    end(on.pool);
}

static void make_batches(void *shared, unsigned me) {
    struct stage *on = shared;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = on_done;
    for (unsigned n = 0; n < on->rounds; n++) {
        struct cell *cells = &on->cells[(me * on->rounds + n) * BATCH];
        jobring_batch_item items[BATCH];
        jobring_job jobs[BATCH];
        size_t first = 0, accepted;
        for (unsigned m = 0; m < BATCH; m++) {
            cells[m].in = (long)(n + m);
            items[m] = (jobring_batch_item){work, &cells[m], &options, NULL};
        }
        while (first < BATCH) {
            jobring_status status =
                SUBMIT(jobring_submit_batch(on->pool, items + first, BATCH - first, jobs + first, &accepted));
            CHECK(status == JOBRING_OK || status == JOBRING_E_FULL);
            for (size_t end = first + accepted; first < end; first++) {
                OK(jobring_wait(on->pool, jobs[first], LONG, NULL));
                settled(&cells[first]);
            }
            if (status == JOBRING_E_FULL) pass();
        }
    }
}

void batches(unsigned rounds) {
    struct stage on = {.pool = pool_of(2, 8), .cells = cells_of(MAKERS * rounds * BATCH), .rounds = rounds};
    together(MAKERS, make_batches, &on);
    end(on.pool);
    free(on.cells);
}

/* A pool whose jobs run on threads of the caller's. */
static void drive(struct stage *on) {
    while (GET(on->over) < 2) {
        uint64_t ran;
        jobring_status status = JOBRING_OK;
        if (any(2))
            status = jobring_run_one(on->pool);
        else
            OK(jobring_run_until_idle(on->pool, &ran));
        CHECK(status == JOBRING_OK || status == JOBRING_E_EMPTY);
        pass();
    }
    OK(jobring_shutdown(on->pool, JOBRING_DRAIN, LONG, NULL));
}

static void submit_or_drive(void *shared, unsigned me) {
    struct stage *on = shared;
    jobring_status status;
    uint32_t index;
    if (me == 2) {
        drive(on);
        return;
    }
    if (me > 2) {
        OK(jobring_enter_worker(on->pool));
        CHECK(jobring_worker_index(on->pool, &index) == JOBRING_E_INVALID);
        return;
    }
    for (unsigned n = 0; n < on->rounds; n++) {
        struct cell *cell = &on->cells[me * on->rounds + n];
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
        jobring_job job;
        cell->in = (long)n;
        options.done = on_done;
        options.when_full = JOBRING_WHEN_FULL_FAIL;
        while ((status = SUBMIT(jobring_submit_opts(on->pool, work, cell, &options, &job))) == JOBRING_E_FULL)
            pass();
        OK(status);
        OK(jobring_wait(on->pool, job, LONG, NULL));
        settled(cell);
    }
    ADD(on->over, 1);
}

void driven(unsigned rounds) {
    struct stage on = {.pool = pool_of(0, 4), .cells = cells_of(2 * rounds), .rounds = rounds};
    together(5, submit_or_drive, &on);
    end(on.pool);
    free(on.cells);
}

/* A job that ends its thread has failed; what it did before is seen, by whoever waited and by the worker's next. */
static void *leave(void *arg) {
    work(arg);
    pthread_exit(NULL);
}

static void wait_for_leavers(void *shared, unsigned me) {
    struct stage *on = shared;
    for (unsigned n = 0; n < on->rounds; n++) {
        struct cell *cell = &on->cells[2 * (me * on->rounds + n)];
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
        jobring_job left, stayed;
        jobring_outcome outcome = JOBRING_OUTCOME_INIT;
        cell[0].in = (long)n, cell[1].in = -(long)n;
        options.done = on_done;
        OK(SUBMIT(jobring_submit_opts(on->pool, leave, &cell[0], &options, &left)));
        OK(SUBMIT(jobring_submit_opts(on->pool, work, &cell[1], &options, &stayed)));
        OK(jobring_wait(on->pool, stayed, LONG, NULL));
        CHECK(jobring_wait_opts(on->pool, left, NULL, &outcome) == JOBRING_E_FAILED);
        settled(&cell[0]), settled(&cell[1]);
        CHECK(outcome.code == JOBRING_E_EXITED);
    }
}

void exits(unsigned rounds) {
    struct stage on = {.pool = pool_of(2, 8), .cells = cells_of(4 * rounds), .rounds = rounds};
    together(2, wait_for_leavers, &on);
    end(on.pool);
    free(on.cells);
}
