/* Scenes of an open pool: submit, run, take, cancel, detach, fail. */
#include "stress.h"

enum { MAKERS = 3, TAKERS = 3 };

/* What a scene's threads share. Written before they begin. */
struct stage {
    jobring_pool *pool;
    struct cell *cells;
    unsigned rounds;
    void *(*job)(void *);
    /* Jobs that a maker has accepted and nobody has settled: the number of a cell and 1. */
    _Atomic unsigned box[8];
    atomic_uint makers, over;
};

static jobring_status submit_with(struct stage *on, void *(*job)(void *), struct cell *cell, uint32_t when_full,
                                  jobring_job *handle) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = on_done;
    options.drop = on_drop;
    options.when_full = when_full;
    return SUBMIT(jobring_submit_opts(on->pool, job, cell, &options, handle));
}

/* Copied data: `in` comes with it and is squared in place. */
static void *square(void *data) {
    long *numbers = data;
    numbers[1] = numbers[0] * numbers[0];
    return NULL;
}

static void by_copy(struct stage *on, long n) {
    long numbers[3] = {n, 0, n}, back[3] = {0, 0, 0};
    uint32_t length = 0;
    jobring_job job;
    OK(SUBMIT(submit_copy(on->pool, square, numbers, sizeof numbers, &job)));
    memset(numbers, 0, sizeof numbers);
    if (any(4) == 0) CHECK(wait_data(on->pool, job, back, 8, NULL) == JOBRING_E_SIZE);
    OK(wait_data(on->pool, job, back, sizeof back, &length));
    CHECK(length == sizeof back && back[0] == n && back[1] == n * n && back[2] == n);
}

static void polled(struct stage *on, struct cell *cell) {
    jobring_job job;
    void *result = NULL;
    jobring_status status;
    OK(submit_with(on, work, cell, JOBRING_WHEN_FULL_WAIT, &job));
    while ((status = jobring_poll(on->pool, job, &result)) == JOBRING_PENDING) pass();
    CHECK(status == JOBRING_OK && result == cell && cell->notified == 1);
    worked(result);
}

static void add(void *arg, const jobring_outcome *outcome) {
    CHECK(outcome->status == JOBRING_OK);
    *(long *)arg += 1;
}

/* Nodes are the submitter's again once it has the result. */
static void with_nodes(struct stage *on, struct cell *cell) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    long first = 0, second = 0;
    jobring_done_node nodes[2] = {{&nodes[1], add, &first, {NULL, NULL}}, {NULL, add, &second, {NULL, NULL}}};
    jobring_job job;
    options.nodes = nodes;
    options.done = on_done;
    OK(SUBMIT(jobring_submit_opts(on->pool, work, cell, &options, &job)));
    OK(jobring_wait(on->pool, job, LONG, NULL));
    CHECK(first == 1 && second == 1 && cell->notified == 1);
    memset(nodes, 0, sizeof nodes);
    worked(cell);
}

static void make_results(void *shared, unsigned me) {
    struct stage *on = shared;
    for (unsigned n = 0; n < on->rounds; n++) {
        struct cell *cell = &on->cells[me * on->rounds + n];
        jobring_job job;
        void *result = NULL;
        cell->in = (long)n;
        switch (any(6)) {
        case 0:
            by_copy(on, (long)n);
            cell->in = -1;
            break;
        case 1: polled(on, cell); break;
        case 2: with_nodes(on, cell); break;
        case 3: OK(submit_with(on, work, cell, JOBRING_WHEN_FULL_WAIT, NULL)); break;
        case 4:
            OK(submit_with(on, work, cell, JOBRING_WHEN_FULL_WAIT, &job));
            OK(jobring_detach(on->pool, job));
            break;
        default:
            OK(submit_with(on, work, cell, JOBRING_WHEN_FULL_WAIT, &job));
            OK(jobring_wait(on->pool, job, LONG, &result));
            CHECK(result == cell && cell->notified == 1);
            worked(result);
        }
    }
    ADD(on->makers, 1);
}

/* Looks at all that can be looked at while others work. */
static void *look(void *shared) {
    struct stage *on = shared;
    while (GET(on->makers) < MAKERS) {
        jobring_stats stats = {.size = sizeof stats};
        jobring_info info = {.size = sizeof info};
        jobring_worker worker = {.size = sizeof worker};
        size_t bytes;
        OK(jobring_stats_get(on->pool, &stats));
        OK(jobring_info_get(on->pool, &info));
        OK(jobring_worker_get(on->pool, 0, &worker));
        OK(jobring_worker_stack(on->pool, 1, &bytes, NULL));
        pass();
    }
    return NULL;
}

void results(unsigned rounds) {
    struct stage on = {.pool = pool_of(2, 5), .cells = cells_of(MAKERS * rounds), .rounds = rounds};
    pthread_t looker = begin(look, &on);
    together(MAKERS, make_results, &on);
    join(looker);
    end(on.pool);
    for (unsigned n = 0; n < MAKERS * rounds; n++)
        if (on.cells[n].in >= 0) settled(&on.cells[n]);
    free(on.cells);
}

static void make_in_a_full_pool(void *shared, unsigned me) {
    struct stage *on = shared;
    for (unsigned n = 0; n < on->rounds; n++) {
        struct cell *cell = &on->cells[me * on->rounds + n];
        jobring_job job;
        jobring_status status = JOBRING_OK;
        cell->in = (long)n;
        switch (any(3)) {
        case 0: OK(submit_with(on, work, cell, JOBRING_WHEN_FULL_RUN, NULL)); break;
        case 1:
            while ((status = submit_with(on, work, cell, JOBRING_WHEN_FULL_FAIL, NULL)) == JOBRING_E_FULL) pass();
            OK(status);
            break;
        default:
            OK(submit_with(on, work, cell, JOBRING_WHEN_FULL_WAIT, &job));
            OK(jobring_wait(on->pool, job, LONG, NULL));
            worked(cell);
        }
    }
}

void full(unsigned rounds) {
    struct stage on = {.pool = pool_of(1, 1), .cells = cells_of(MAKERS * rounds), .rounds = rounds};
    together(MAKERS, make_in_a_full_pool, &on);
    end(on.pool);
    for (unsigned n = 0; n < MAKERS * rounds; n++) settled(&on.cells[n]);
    free(on.cells);
}

/* Puts a job where the takers find it. The handle goes by a relaxed atomic: it carries nothing. */
static void give(struct stage *on, unsigned number, jobring_job job) {
    SET(on->cells[number].handle, job);
    for (;;) {
        for (unsigned n = 0; n < 8; n++) {
            unsigned empty = 0;
            if (atomic_compare_exchange_strong_explicit(&on->box[n], &empty, number + 1, memory_order_relaxed,
                                                        memory_order_relaxed))
                return;
        }
        pass();
    }
}

static void make(struct stage *on, unsigned me) {
    for (unsigned n = me; n < on->rounds; n += 2) {
        jobring_job job;
        on->cells[n].in = (long)n;
        OK(submit_with(on, on->job, &on->cells[n], JOBRING_WHEN_FULL_WAIT, &job));
        give(on, n, job);
    }
    ADD(on->makers, 1);
}

/* A look at a job whose handle others have, too. */
static void look_at(struct stage *on, const struct cell *cell, jobring_job job) {
    char text[32] = "";
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    outcome.data = text, outcome.capacity = sizeof text;
    jobring_status status = peek(on->pool, job, &outcome);
    if (status == JOBRING_E_FAILED) {
        /* Read before its slot is used again, and what the job did with it. */
        CHECK(strcmp(text, "as it is meant to") == 0 && outcome.code == (int32_t)cell->in);
        worked(cell);
    }
}

/* How a job can end for the threads that have its handle: each at most once. (Both, if it is given up at the moment when it is
 * taken.) */
enum { TAKEN = 1, GIVEN_UP = 2 };

static void ends(struct stage *on, struct cell *cell, unsigned how) {
    unsigned before = atomic_fetch_or_explicit(&cell->ends, how, memory_order_relaxed);
    CHECK((before & how) == 0);
    if (before == 0) ADD(on->over, 1);
}

/* One of several that have the same handle. True when the job is settled, by whomever. */
static int settle(struct stage *on, struct cell *cell, jobring_job job) {
    void *result = NULL;
    jobring_status status;
    switch (any(8)) {
    case 0: status = jobring_poll(on->pool, job, &result); break;
    case 1: status = jobring_wait(on->pool, job, 50 * 1000, &result); break;
    case 2:
        status = jobring_cancel(on->pool, job);
        if (status == JOBRING_OK) CHECK(cell->dropped == 1 && cell->notified == 1);
        return status == JOBRING_E_STALE;
    case 3:
        status = jobring_detach(on->pool, job);
        if (status == JOBRING_OK) ends(on, cell, GIVEN_UP);
        return 1;
    case 4:
    case 5: look_at(on, cell, job); return 0;
    case 6: {
        jobring_outcome outcome = JOBRING_OUTCOME_INIT;
        status = wait_with(on->pool, job, JOBRING_WAIT_HELP, &outcome);
        result = outcome.result;
        break;
    }
    default: status = jobring_wait(on->pool, job, LONG, &result);
    }
    switch (status) {
    case JOBRING_OK:
        CHECK(result == cell);
        /* fall through */
    case JOBRING_E_FAILED: worked(cell); break;
    case JOBRING_E_CANCELLED: CHECK(cell->dropped == 1); break;
    case JOBRING_E_STALE: return 1;
    default: CHECK(status == JOBRING_PENDING || status == JOBRING_E_TIMEDOUT); return 0;
    }
    CHECK(cell->notified == 1);
    ends(on, cell, TAKEN);
    return 1;
}

static void take(struct stage *on) {
    while (GET(on->makers) < 2 || GET(on->over) < on->rounds) {
        unsigned n = any(8), number = GET(on->box[n]);
        jobring_job job = number ? GET(on->cells[number - 1].handle) : 0;
        if (job == 0) {
            pass();
        } else if (settle(on, &on->cells[number - 1], job)) {
            atomic_compare_exchange_strong_explicit(&on->box[n], &number, 0, memory_order_relaxed,
                                                    memory_order_relaxed);
        }
    }
}

static void make_or_take(void *shared, unsigned me) {
    if (me < 2)
        make(shared, me);
    else
        take(shared);
}

static void play(void *(*job)(void *), uint32_t workers, uint32_t capacity, unsigned rounds) {
    struct stage on = {
        .pool = pool_of(workers, capacity), .cells = cells_of(rounds), .rounds = rounds, .job = job};
    together(2 + TAKERS, make_or_take, &on);
    end(on.pool);
    CHECK(GET(on.over) == rounds);
    for (unsigned n = 0; n < rounds; n++) settled(&on.cells[n]);
    free(on.cells);
}

void exchange(unsigned rounds) { play(work, 1, 8, rounds); }

void failures(unsigned rounds) { play(fail, 2, 3, rounds); }
