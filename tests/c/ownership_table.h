/* The table: what happens to a job at each stage with each end. The program fails if a cell is missing. */
#ifndef JOBRING_TEST_OWNERSHIP_TABLE_H
#define JOBRING_TEST_OWNERSHIP_TABLE_H

#include "ownership.h"

#define STAGES(X)                                                                                   \
    X(queued) X(running) X(over) X(cancelled) X(discarded) X(unnamed) X(unnamed_running)
#define ENDS(X)                                                                                     \
    X(wait) X(poll) X(wait_opts) X(peek) X(detach) X(detach_inside) X(detach_in_done)         \
    X(cancel) X(cancel_all) X(discard) X(drain) X(wait_idle) X(destroy) X(run_one) X(run_until_idle)           \
    X(enter_worker) X(wait_inside)
#define IN_ENUM(name) S_##name,
enum stage { STAGES(IN_ENUM) STAGE_COUNT };
#undef IN_ENUM
#define IN_ENUM(name) E_##name,
enum end { ENDS(IN_ENUM) END_COUNT };

#define UNNAMED NO("there is no handle")
#define BEGUN NO("nothing is queued")
#define LATE NO("the job runs no more, or never")
#define EARLY NO("the job does not run yet")

/* What comes of it if nothing else happens until destroy, on the main thread. */
static const struct expected table[STAGE_COUNT][END_COUNT] = {
    [S_queued] = {
        [E_wait] = TAKEN(WORKER),
        [E_poll] = GIVEN_UP(WORKER, MAIN),
        [E_wait_opts] = TAKEN(WORKER),
        [E_peek] = GIVEN_UP(WORKER, MAIN),
        [E_detach] = GIVEN_UP(WORKER, WORKER),
        [E_detach_inside] = EARLY,
        [E_detach_in_done] = EARLY,
        [E_cancel] = CANCELLED_BY(MAIN),
        [E_cancel_all] = CANCELLED_BY(MAIN),
        [E_discard] = DISCARDED_BY(MAIN),
        [E_drain] = GIVEN_UP(WORKER, MAIN),
        [E_wait_idle] = GIVEN_UP(WORKER, MAIN),
        [E_destroy] = GIVEN_UP(WORKER, MAIN),
        [E_run_one] = GIVEN_UP(HELPER, MAIN),
        [E_run_until_idle] = GIVEN_UP(HELPER, MAIN),
        [E_enter_worker] = GIVEN_UP(HELPER, MAIN),
        [E_wait_inside] = TAKEN(WORKER),
    },
    [S_running] = {
        [E_wait] = TAKEN(WORKER),
        [E_poll] = GIVEN_UP(WORKER, MAIN),
        [E_wait_opts] = TAKEN(WORKER),
        [E_peek] = GIVEN_UP(WORKER, MAIN),
        [E_detach] = GIVEN_UP(WORKER, WORKER),
        [E_detach_inside] = GIVEN_UP(WORKER, WORKER),
        [E_detach_in_done] = GIVEN_UP(WORKER, WORKER),
        [E_cancel] = GIVEN_UP(WORKER, MAIN),
        [E_cancel_all] = GIVEN_UP(WORKER, MAIN),
        [E_discard] = GIVEN_UP(WORKER, MAIN),
        [E_drain] = GIVEN_UP(WORKER, MAIN),
        [E_wait_idle] = GIVEN_UP(WORKER, MAIN),
        [E_destroy] = GIVEN_UP(WORKER, MAIN),
        [E_run_one] = BEGUN,
        [E_run_until_idle] = BEGUN,
        [E_enter_worker] = BEGUN,
        [E_wait_inside] = BEGUN,
    },
    [S_over] = {
        [E_wait] = TAKEN(WORKER),
        [E_poll] = TAKEN(WORKER),
        [E_wait_opts] = TAKEN(WORKER),
        [E_peek] = GIVEN_UP(WORKER, MAIN),
        [E_detach] = GIVEN_UP(WORKER, MAIN),
        [E_detach_inside] = LATE,
        [E_detach_in_done] = LATE,
        [E_cancel] = GIVEN_UP(WORKER, MAIN),
        [E_cancel_all] = GIVEN_UP(WORKER, MAIN),
        [E_discard] = GIVEN_UP(WORKER, MAIN),
        [E_drain] = GIVEN_UP(WORKER, MAIN),
        [E_wait_idle] = GIVEN_UP(WORKER, MAIN),
        [E_destroy] = GIVEN_UP(WORKER, MAIN),
        [E_run_one] = BEGUN,
        [E_run_until_idle] = BEGUN,
        [E_enter_worker] = BEGUN,
        [E_wait_inside] = BEGUN,
    },
    [S_cancelled] = {
        [E_wait] = CANCELLED_BY(MAIN),
        [E_poll] = CANCELLED_BY(MAIN),
        [E_wait_opts] = CANCELLED_BY(MAIN),
        [E_peek] = CANCELLED_BY(MAIN),
        [E_detach] = CANCELLED_BY(MAIN),
        [E_detach_inside] = LATE,
        [E_detach_in_done] = CANCELLED_BY(MAIN),
        [E_cancel] = CANCELLED_BY(MAIN),
        [E_cancel_all] = CANCELLED_BY(MAIN),
        [E_discard] = CANCELLED_BY(MAIN),
        [E_drain] = CANCELLED_BY(MAIN),
        [E_wait_idle] = CANCELLED_BY(MAIN),
        [E_destroy] = CANCELLED_BY(MAIN),
        [E_run_one] = CANCELLED_BY(MAIN),
        [E_run_until_idle] = CANCELLED_BY(MAIN),
        [E_enter_worker] = CANCELLED_BY(MAIN),
        [E_wait_inside] = CANCELLED_BY(MAIN),
    },
    [S_discarded] = {
        [E_wait] = DISCARDED_BY(MAIN),
        [E_poll] = DISCARDED_BY(MAIN),
        [E_wait_opts] = DISCARDED_BY(MAIN),
        [E_peek] = DISCARDED_BY(MAIN),
        [E_detach] = DISCARDED_BY(MAIN),
        [E_detach_inside] = LATE,
        [E_detach_in_done] = DISCARDED_BY(MAIN),
        [E_cancel] = DISCARDED_BY(MAIN),
        [E_cancel_all] = DISCARDED_BY(MAIN),
        [E_discard] = DISCARDED_BY(MAIN),
        [E_drain] = DISCARDED_BY(MAIN),
        [E_wait_idle] = DISCARDED_BY(MAIN),
        [E_destroy] = DISCARDED_BY(MAIN),
        [E_run_one] = DISCARDED_BY(MAIN),
        [E_run_until_idle] = DISCARDED_BY(MAIN),
        [E_enter_worker] = DISCARDED_BY(MAIN),
        [E_wait_inside] = NO("the pool is closed: no job can be inside of it that is not yet there"),
    },
    [S_unnamed] = {
        [E_wait] = UNNAMED,
        [E_poll] = UNNAMED,
        [E_wait_opts] = UNNAMED,
        [E_peek] = UNNAMED,
        [E_detach] = UNNAMED,
        [E_detach_inside] = EARLY,
        [E_detach_in_done] = EARLY,
        [E_cancel] = UNNAMED,
        [E_cancel_all] = CANCELLED_BY(MAIN),
        [E_discard] = DISCARDED_BY(MAIN),
        [E_drain] = GIVEN_UP(WORKER, WORKER),
        [E_wait_idle] = GIVEN_UP(WORKER, WORKER),
        [E_destroy] = GIVEN_UP(WORKER, WORKER),
        [E_run_one] = GIVEN_UP(HELPER, HELPER),
        [E_run_until_idle] = GIVEN_UP(HELPER, HELPER),
        [E_enter_worker] = GIVEN_UP(HELPER, HELPER),
        [E_wait_inside] = UNNAMED,
    },
    [S_unnamed_running] = {
        [E_wait] = UNNAMED,
        [E_poll] = UNNAMED,
        [E_wait_opts] = UNNAMED,
        [E_peek] = UNNAMED,
        [E_detach] = UNNAMED,
        [E_detach_inside] = UNNAMED,
        [E_detach_in_done] = UNNAMED,
        [E_cancel] = UNNAMED,
        [E_cancel_all] = GIVEN_UP(WORKER, WORKER),
        [E_discard] = GIVEN_UP(WORKER, WORKER),
        [E_drain] = GIVEN_UP(WORKER, WORKER),
        [E_wait_idle] = GIVEN_UP(WORKER, WORKER),
        [E_destroy] = GIVEN_UP(WORKER, WORKER),
        [E_run_one] = BEGUN,
        [E_run_until_idle] = BEGUN,
        [E_enter_worker] = BEGUN,
        [E_wait_inside] = UNNAMED,
    },
};

#endif
