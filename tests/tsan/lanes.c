/* Scenes of lanes: what a job did goes to the next one in its place, and to the thread that closes the lane, by the lane alone. */
#include "stress.h"

#include <jobring_ext.h>

enum { MAKERS = 2, HELD = 4, IN_A_ROUND = 3 };

struct stage {
    jobring_pool *pool;
    /* Of width 1 and 2. */
    jobring_lane narrow, wide;
    struct cell *cells;
    unsigned rounds;
};

/* Plain: the jobs of a lane of width 1 share it. */
static long turns;

static void *take_turn(void *cell) {
    turns++;
    return work(cell);
}

static jobring_submit_options notifying(uint32_t when_full) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = on_done;
    options.drop = on_drop;
    options.when_full = when_full;
    return options;
}

/* Every other job has a handle. */
static void make_jobs(struct stage *on, unsigned me) {
    for (unsigned n = me; n < on->rounds; n += MAKERS) {
        jobring_submit_options options = notifying(any(2) ? JOBRING_WHEN_FULL_WAIT : JOBRING_WHEN_FULL_FAIL);
        struct cell *cell = &on->cells[n];
        const int has_handle = n / MAKERS % 2 == 0, is_narrow = cell->in % 3 != 0;
        jobring_job job = 0;
        jobring_status status;
        do {
            status = SUBMIT(jobring_lane_submit(is_narrow ? &on->narrow : &on->wide, is_narrow ? take_turn : work, cell, &options,
                                                has_handle ? &job : NULL));
            CHECK(status == JOBRING_OK || status == JOBRING_E_FULL);
        } while (status != JOBRING_OK);
        if (has_handle) SET(cell->handle, job);
        /* At times the lanes run empty. */
        if (any(16) == 0)
            for (unsigned passes = any(64); passes > 0; passes--) pass();
    }
}

/* Takes what has a handle, and cancels some of it. */
static void cancel_or_take(struct stage *on, unsigned me) {
    for (unsigned n = me; n < on->rounds; n += 2 * MAKERS) {
        jobring_job job;
        jobring_status status;
        while ((job = GET(on->cells[n].handle)) == 0) pass();
        if (any(2)) {
            status = jobring_cancel(on->pool, job);
            CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY);
        }
        status = jobring_wait(on->pool, job, LONG, NULL);
        CHECK(status == JOBRING_OK || status == JOBRING_E_CANCELLED);
    }
}

static void make_or_take(void *shared, unsigned me) {
    if (me < MAKERS)
        make_jobs(shared, me);
    else
        cancel_or_take(shared, me - MAKERS);
}

void lanes(unsigned rounds) {
    struct stage on = {.pool = pool_of(3, 64), .cells = cells_of(rounds), .rounds = rounds};
    long narrow = 0;
    turns = 0;
    OK(jobring_lane_init(&on.narrow, on.pool, 1, HELD));
    OK(jobring_lane_init(&on.wide, on.pool, 2, HELD));
    together(2 * MAKERS, make_or_take, &on);
    OK(jobring_lane_close(&on.narrow, JOBRING_DRAIN, LONG));
    OK(jobring_lane_close(&on.wide, JOBRING_DRAIN, LONG));
    end(on.pool);
    for (unsigned n = 0; n < rounds; n++) {
        settled(&on.cells[n]);
        narrow += on.cells[n].in % 3 != 0 && on.cells[n].ran;
    }
    CHECK(turns == narrow);
    free(on.cells);
}

/* A thread that closes a lane sees what its jobs did, and what was dropped; then the memory is another lane's. */
static void close_a_lane(struct stage *on, unsigned round) {
    struct cell *cells = &on->cells[IN_A_ROUND * round];
    const uint32_t mode = any(2) ? JOBRING_DRAIN : JOBRING_DISCARD;
    memset(&on->narrow, 0xA5, sizeof on->narrow);
    OK(jobring_lane_init(&on->narrow, on->pool, 1, HELD));
    for (unsigned n = 0; n < IN_A_ROUND; n++) {
        const jobring_submit_options options = notifying(JOBRING_WHEN_FULL_WAIT);
        jobring_job job;
        OK(SUBMIT(jobring_lane_submit(&on->narrow, take_turn, &cells[n], &options, n == 1 ? &job : NULL)));
        if (n == 1) SET(cells[n].handle, job);
    }
    for (unsigned passes = any(8); passes > 0; passes--) pass();
    OK(jobring_lane_close(&on->narrow, mode, LONG));
    for (unsigned n = 0; n < IN_A_ROUND; n++) {
        CHECK(cells[n].ran + cells[n].dropped == 1);
        CHECK(mode == JOBRING_DISCARD || cells[n].ran == 1 || n == 1);
    }
}

static void cancel_the_second(struct stage *on, unsigned round) {
    const struct cell *cell = &on->cells[IN_A_ROUND * round + 1];
    jobring_job job;
    while ((job = GET(cell->handle)) == 0) pass();
    for (unsigned passes = any(4); passes > 0; passes--) pass();
    const jobring_status status = jobring_cancel(on->pool, job);
    CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY);
    OK(jobring_detach(on->pool, job));
}

static void close_or_cancel(void *shared, unsigned me) {
    struct stage *on = shared;
    for (unsigned n = 0; n < on->rounds; n++) (me == 0 ? close_a_lane : cancel_the_second)(on, n);
}

void lane_closes(unsigned rounds) {
    struct stage on = {.pool = pool_of(2, 64), .cells = cells_of(IN_A_ROUND * rounds), .rounds = rounds};
    together(2, close_or_cancel, &on);
    end(on.pool);
    for (unsigned n = 0; n < IN_A_ROUND * rounds; n++) settled(&on.cells[n]);
    free(on.cells);
}
