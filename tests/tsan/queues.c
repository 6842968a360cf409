/* Scenes of completion queues: what a job did goes to the thread that takes it, by the queue alone. */
#include "stress.h"

#include <poll.h>

enum { MAKERS = 2, LIMIT = 5, AT_ONCE = 4 };

struct stage {
    jobring_pool *pool;
    jobring_completions *queue;
    struct cell *cells;
    unsigned rounds;
    atomic_uint taken;
};

static void submit_into(struct stage *on, struct cell *cell) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_status status;
    options.done = on_done;
    options.drop = on_drop;
    do {
        jobring_job job = 0;
        /* A cell that is given to the pool is not looked at any more. */
        int fails = cell->in % 5 == 0;
        options.when_full = any(3) ? JOBRING_WHEN_FULL_WAIT : JOBRING_WHEN_FULL_FAIL;
        options.limit_ns = any(2) ? 0 : 50 * 1000;
        status = SUBMIT(jobring_completions_submit(on->queue, fails ? fail : work, cell, &options, &job));
        CHECK(status == JOBRING_OK || status == JOBRING_E_FULL || status == JOBRING_E_TIMEDOUT);
        if (status == JOBRING_OK) SET(cell->handle, job);
    } while (status != JOBRING_OK);
}

/* It is this thread's from here on. */
static void receive(const jobring_outcome *outcome) {
    struct cell *cell = outcome->arg;
    switch (outcome->status) {
    case JOBRING_OK:
        CHECK(outcome->result == cell && cell->in % 5 != 0);
        worked(cell);
        break;
    case JOBRING_E_FAILED:
        CHECK(outcome->code == (int32_t)cell->in && strcmp(outcome->data, "as it is meant to") == 0);
        worked(cell);
        break;
    default: CHECK(outcome->status == JOBRING_E_CANCELLED && cell->dropped == 1);
    }
    CHECK(cell->notified == 1);
    cell->out = 0;
}

/* Takes what there is, after a wait. */
static jobring_status take_some(struct stage *on, int64_t timeout_ns) {
    jobring_outcome outcomes[AT_ONCE];
    char texts[AT_ONCE][32];
    size_t count = 1 + any(AT_ONCE), taken = 0;
    for (size_t n = 0; n < count; n++) {
        outcomes[n] = (jobring_outcome)JOBRING_OUTCOME_INIT;
        outcomes[n].data = texts[n], outcomes[n].capacity = sizeof texts[n];
    }
    jobring_status status = jobring_completions_take(on->queue, timeout_ns, outcomes, count, &taken);
    if (status == JOBRING_OK) {
        CHECK(taken >= 1 && taken <= count);
        for (size_t n = 0; n < taken; n++) receive(&outcomes[n]);
        ADD(on->taken, (unsigned)taken);
    } else {
        CHECK(status == JOBRING_E_EMPTY || status == JOBRING_E_TIMEDOUT);
    }
    return status;
}

static void make(struct stage *on, unsigned me) {
    for (unsigned n = me; n < on->rounds; n += MAKERS) {
        on->cells[n].in = (long)n;
        submit_into(on, &on->cells[n]);
    }
}

static void consume(struct stage *on) {
    const int64_t times[] = {0, 50 * 1000, LONG, JOBRING_FOREVER};
    while (GET(on->taken) < on->rounds)
        if (take_some(on, times[any(4)]) != JOBRING_OK) pass();
}

static void cancel_some(struct stage *on) {
    while (GET(on->taken) < on->rounds) {
        jobring_job job = GET(on->cells[any(on->rounds)].handle);
        if (job != 0) {
            jobring_status status = jobring_cancel(on->pool, job);
            CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY || status == JOBRING_E_STALE);
        }
        pass();
    }
}

static void make_take_or_cancel(void *shared, unsigned me) {
    if (me < MAKERS)
        make(shared, me);
    else if (me < 2 * MAKERS)
        consume(shared);
    else
        cancel_some(shared);
}

static void stage_begins(struct stage *on, unsigned rounds) {
    *on = (struct stage){.pool = pool_of(2, 8), .cells = cells_of(rounds), .rounds = rounds};
    OK(jobring_completions_create(on->pool, LIMIT, &on->queue));
}

static void stage_ends(struct stage *on) {
    CHECK(GET(on->taken) == on->rounds && take_some(on, JOBRING_FOREVER) == JOBRING_E_EMPTY);
    OK(jobring_completions_destroy(on->queue));
    end(on->pool);
    for (unsigned n = 0; n < on->rounds; n++) {
        const struct cell *cell = &on->cells[n];
        CHECK(cell->ran + cell->dropped == 1 && cell->notified == 1 && cell->untaken == 0 && cell->out == 0);
    }
    free(on->cells);
}

void queues(unsigned rounds) {
    struct stage on;
    stage_begins(&on, rounds);
    together(2 * MAKERS + 1, make_take_or_cancel, &on);
    stage_ends(&on);
}

/* One thread that polls. An event that is lost leaves it there. */
static void serve(struct stage *on) {
    struct pollfd fd = {.events = POLLIN};
    OK(jobring_completions_fd(on->queue, &fd.fd));
    while (GET(on->taken) < on->rounds) {
        if (take_some(on, 0) == JOBRING_OK) continue;
        jobring_status status = jobring_completions_arm(on->queue);
        CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY);
        if (status == JOBRING_OK) CHECK(poll(&fd, 1, (int)(LONG / 1000 / 1000)) == 1);
    }
}

static void make_or_serve(void *shared, unsigned me) {
    if (me < MAKERS)
        make(shared, me);
    else
        serve(shared);
}

void event_loop(unsigned rounds) {
    struct stage on;
    stage_begins(&on, rounds);
    together(MAKERS + 1, make_or_serve, &on);
    stage_ends(&on);
}

/* Each thread makes a queue, uses and destroys it, and makes the next, in the memory of one that was destroyed: while the
 * worker that brought its last completion may still be there. */
static void make_queues(void *shared, unsigned me) {
    struct stage *all = shared;
    for (unsigned n = 0; n < all->rounds; n++) {
        struct stage on = {.pool = all->pool, .cells = &all->cells[LIMIT * (me * all->rounds + n)]};
        jobring_status status;
        /* A plain word, which other submits into the same memory read. */
        OK(jobring_completions_create(on.pool, 1 + any(LIMIT), &on.queue));
        for (unsigned m = 0; m < LIMIT; m++) {
            jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
            options.done = on_done;
            options.when_full = JOBRING_WHEN_FULL_FAIL;
            on.cells[m].in = 1;
            while ((status = SUBMIT(jobring_completions_submit(on.queue, work, &on.cells[m], &options, NULL))) != JOBRING_OK) {
                CHECK(status == JOBRING_E_FULL);
                take_some(&on, LONG);
            }
        }
        while (take_some(&on, JOBRING_FOREVER) == JOBRING_OK) continue;
        CHECK(GET(on.taken) == LIMIT);
        OK(jobring_completions_destroy(on.queue));
    }
}

void queue_reuse(unsigned rounds) {
    struct stage on = {.pool = pool_of(2, 16), .cells = cells_of(3 * LIMIT * rounds), .rounds = rounds};
    together(3, make_queues, &on);
    end(on.pool);
    free(on.cells);
}

/* A queue and its pool in memory that is written over as soon as both are destroyed, while the thread that brought the
 * queue's last completion is still inside of its call. */
static void *cancel_one(void *shared) {
    struct stage *on = shared;
    OK(jobring_cancel(on->pool, GET(on->cells->handle)));
    return NULL;
}

void queue_destroy(unsigned rounds) {
    static unsigned char pool_memory[32 * 1024], queue_memory[4 * 1024];
    for (unsigned n = 0; n < rounds; n++) {
        jobring_config config = JOBRING_CONFIG_INIT;
        struct cell cell = {.in = 1};
        struct stage on = {.cells = &cell};
        pthread_t canceller;
        config.workers = JOBRING_WORKERS_NONE;
        config.capacity = 4;
        config.payload = 64;
        config.flags = JOBRING_FLAG_DESTROY_WAITS;
        OK(jobring_init(&config, pool_memory, sizeof pool_memory, &on.pool));
        OK(jobring_completions_init(on.pool, 0, queue_memory, sizeof queue_memory, &on.queue));
        submit_into(&on, &cell);
        canceller = begin(cancel_one, &on);
        OK(take_some(&on, LONG));
        OK(jobring_completions_destroy(on.queue));
        OK(jobring_destroy(on.pool));
        memset(queue_memory, 0xA5, sizeof queue_memory);
        memset(pool_memory, 0xA5, sizeof pool_memory);
        join(canceller);
        CHECK(cell.dropped == 1);
    }
}

/* A thread that sees a shutdown end sees what the jobs did whose completions nobody has taken. */
static void count_end(void *arg, const jobring_outcome *outcome) {
    struct cell *cell = arg;
    on_done(cell, outcome);
    ADD(cell->ends, 1);
}

static void close_and_look(void *shared, unsigned me) {
    struct stage *on = shared;
    /* They have ended, at times long ago: then no worker tells a closer of them. */
    for (unsigned n = 0; n < LIMIT; n++)
        while (GET(on->cells[n].ends) == 0) pass();
    for (unsigned n = any(40) * (1 + me); n > 0; n--) pass();
    OK(jobring_shutdown(on->pool, JOBRING_DRAIN, LONG, NULL));
    for (unsigned n = 0; n < LIMIT; n++) {
        const struct cell *cell = &on->cells[n];
        CHECK(cell->ran == 1 && cell->out == 4);
    }
}

void queue_drains(unsigned rounds) {
    for (unsigned n = 0; n < rounds; n++) {
        struct stage on;
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
        stage_begins(&on, LIMIT);
        options.done = count_end;
        for (unsigned m = 0; m < LIMIT; m++) {
            on.cells[m].in = 1;
            OK(SUBMIT(jobring_completions_submit(on.queue, work, &on.cells[m], &options, NULL)));
        }
        together(2, close_and_look, &on);
        while (GET(on.taken) < LIMIT) OK(take_some(&on, LONG));
        stage_ends(&on);
    }
}
