/* The parts of the ownership table: one job under observation, and its pool. */
#ifndef JOBRING_TEST_OWNERSHIP_H
#define JOBRING_TEST_OWNERSHIP_H

#include "gate.h"
#include "jobring_ext.h"

/* Which thread. */
enum who { NOBODY, MAIN, WORKER, HELPER };
extern _Thread_local enum who who;

/* What the job does: returns something, returns NULL, fails. */
enum outcome { SOMETHING, NOTHING, FAILURE, OUTCOMES };

/* How it is submitted. */
enum via { BY_SUBMIT, BY_TRY_SUBMIT, BY_OPTIONS, BY_BATCH };
struct variant {
    enum via via;
    int copy, done, drop, nodes;
};
/* How many nodes there are, where there are some. */
enum { NODES = 2 };

/* The job under observation. Its argument is a malloc'ed block, or a slot's copy of a pointer to one; its result is
 * another block. Each is freed by its owner. */
struct block {
    int number;
};
struct subject {
    const struct variant *variant;
    enum outcome outcome;
    jobring_pool *pool;
    jobring_job job;
    struct block *arg, *result;
    atomic_int args_freed, results_made, results_freed;
    atomic_int runs, dones, drops, nodes_notified;
    jobring_done_node nodes[NODES];
    enum who ran_on, done_on, dropped_on;
    jobring_status status, why;
    jobring_job done_job;
    void *called_with;
    /* Submitted by jobring_submit_cancellable() in place of jobring_submit_opts(). */
    int is_cancellable;
    /* Not NULL: submitted into this queue. */
    jobring_completions *queue;
    /* Not NULL: submitted to this lane. */
    jobring_lane *lane;
    /* Not NULL: submitted with this, to which callbacks are added. */
    jobring_watched *watched;
    int no_function, on_submitter, holds, detaches_inside, detaches_in_done;
    struct gate entered, open;
    /* What a row wants done inside of the drop callback, and of the job that holds the worker. */
    void (*in_drop)(void), (*then)(void);
};
extern struct subject subject;

/* What must have come of it. */
struct expected {
    enum who ran_on;
    enum who dropped_on;
    jobring_status why;
    /* Not NULL: this way does not exist, because. */
    const char *no;
};
/* It ran there, and its result was taken. */
#define TAKEN(ran) {ran, NOBODY, 0, NULL}
/* It ran there; its result was dropped there. */
#define GIVEN_UP(ran, dropped) {ran, dropped, JOBRING_E_UNTAKEN, NULL}
/* It never ran; its argument was dropped there. */
#define DROPPED(dropped, why) {NOBODY, dropped, why, NULL}
#define CANCELLED_BY(dropped) DROPPED(dropped, JOBRING_E_CANCELLED)
#define DISCARDED_BY(dropped) DROPPED(dropped, JOBRING_E_SHUTDOWN)
/* Submit refused it. */
#define REFUSED {NOBODY, NOBODY, 0, NULL}
#define NO(reason) {NOBODY, NOBODY, 0, reason}

void begin(const struct variant *variant, enum outcome outcome, uint32_t workers, uint32_t capacity);
/* Takes the one worker, or the next, out of service until `hold.open` is. */
void hold_worker(void);
/* The same by a job of this lane. */
void hold_lane(jobring_lane *lane);
extern struct gate hold_open;
/* Submits the subject; the status. */
jobring_status submit(jobring_job *job);
jobring_status submit_with(jobring_submit_options *options, jobring_job *job);
/* What a wait for it returns, when it ran and has finished. */
jobring_status outcome_status(void);
/* Frees what a wait gave out. */
void taken(jobring_status status, void *result);
/* A cancel says this, and every other call with the handle finds it stale. */
void serves_cancel_only(jobring_job job, jobring_status cancelled);
/* Every call with its handle finds it stale. */
void is_stale(void);
void open_gates(void);
/* Destroys the pool, if it is there still, and judges. */
void judge(const struct expected *expected);
/* The job's function, and what it does for a job that is run without a slot. */
void *run_subject(void *arg);
void on_done(void *arg, const jobring_outcome *outcome);
void on_drop(void *arg, jobring_status why);
extern const struct variant variants[];
extern const int variant_count;
extern char row_name[128];
extern int rows;

/* The ways outside of the table; returns how many there are. */
int special_ways(void);
int refusals(void);

#endif
