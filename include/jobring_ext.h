/*
 * jobring_ext.h - lanes.
 *
 * Generated from the library's source; do not edit. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What is declared here may change until version 0.2, other than jobring.h.
 *
 * A lane is a FIFO of jobs of which at most `width` run at the same time. With width 1 its jobs run one after the other,
 * in the order of their submits, and each sees what the one before it did: an actor's mailbox, a strand, a serial queue. A
 * greater width is a quota for a class of jobs, such as slow ones. A lane has no thread of its own and allocates nothing;
 * a pool can have as many as there is memory for.
 *
 *     jobring_lane lane;
 *
 *     jobring_lane_init(&lane, pool, 1, 64);
 *     jobring_lane_submit(&lane, handle_message, message, NULL, NULL);
 *     jobring_lane_close(&lane, JOBRING_DRAIN, JOBRING_FOREVER);
 *
 * A job that waits for a later job of its own lane waits for itself: without a time limit jobring_wait() returns
 * JOBRING_E_DEADLOCK, and so do the calls below, if jobs that wait so have all places of the lane. A wait inside a job does
 * not run a job that a lane holds back; another worker has to.
 */

#ifndef JOBRING_EXT_H
#define JOBRING_EXT_H

#include "jobring.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Lanes ------------------------------------------------------------------------------------------- */

typedef struct jobring_lane jobring_lane;

/**
 * A lane of a pool: a FIFO of jobs of which at most `width` run at the same time.
 *
 * It is the caller's memory, in any place where it stays until the lane has ended: part of a structure, a
 * static object, an array. jobring_lane_init() makes a lane of it.
 */
struct jobring_lane {
    /** The library's. A copy of a lane is no lane. */
    void *words[16];
};

/**
 * Makes a lane of a pool.
 *
 * The lane has ended when jobring_lane_close() has returned JOBRING_OK, or when its pool has. Then, and when no
 * thread is inside a call with it, the memory is the caller's again; the lane may be initialised anew.
 *
 * - `lane`: the memory. What it held before does not matter.
 * - `pool`: the pool whose workers run the lane's jobs.
 * - `width`: the most jobs that run at the same time: 1 to 262,142 (14 on 32-bit targets).
 * - `capacity`: the most jobs that wait for their turn: 1 or more, together with the width at most 1,048,575
 *   (1,023). Each of them has a slot of the pool; in a pool that has fewer slots than its lanes have room
 *   for, one lane can make it full for the others.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_INVALID: also on 32-bit targets for a pool of more than 4,095 slots.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block or
 * allocate.
 */
jobring_status jobring_lane_init(jobring_lane *lane,
                                 jobring_pool *pool,
                                 uint32_t width,
                                 uint32_t capacity);

/**
 * Submits a job to a lane: a worker will call fn(arg) when the job's turn has come.
 *
 * A job of a lane is a job of the pool, and has one of its slots from the submit on. Every call that takes a
 * handle takes this one too. A job that is cancelled while it waits is dropped in that call, and its place in the
 * lane is free again.
 *
 * The job needs two words of its slot's payload more than jobring_submit_opts() says, so that there is room for
 * the payload minus 4 words of copied data (16 of 48 bytes).
 *
 * - `lane`: the lane.
 * - `fn`, `arg`: the job and its argument, as in jobring_submit().
 * - `options`: how to submit the job, or NULL for all defaults. `when_full` says what to do if the lane, or the
 *   pool, is full: JOBRING_WHEN_FULL_WAIT or JOBRING_WHEN_FULL_FAIL.
 * - `job`: where the handle is written, as in jobring_submit(). NULL submits the job detached, as an actor's
 *   message is; it costs less.
 *
 * Returns:
 * - JOBRING_OK: the job is accepted.
 * - JOBRING_E_FULL: the lane or the pool is full, with JOBRING_WHEN_FULL_FAIL; on a pool without workers, if no
 *   job is queued that the caller could run to make room.
 * - JOBRING_E_TIMEDOUT: there was no room in time.
 * - JOBRING_E_SHUTDOWN: the lane is closed, or the pool is shut down.
 * - JOBRING_E_DEADLOCK: without a time limit, if the lane is full and the caller is inside a job of the lane, or
 *   if every thread that could make room waits itself; and as jobring_submit().
 * - JOBRING_E_INTERRUPTED: there is no room, and an interrupt was raised.
 * - JOBRING_E_SIZE, JOBRING_E_INVALID: as jobring_submit_opts(); JOBRING_E_INVALID also for other `when_full`.
 *
 * From any thread, including inside a job, a hook or a callback; with JOBRING_WHEN_FULL_FAIL on Linux from a
 * signal handler. While there is room it neither blocks nor locks, and is lock-free; else it sleeps. It never
 * allocates. A thread that is stopped inside this call may stop the lane until it goes on, and no other lane.
 */
jobring_status jobring_lane_submit(jobring_lane *lane,
                                   jobring_fn fn,
                                   void *arg,
                                   const jobring_submit_options *options,
                                   jobring_job *job);

/**
 * Closes a lane, and waits until all of its jobs have ended.
 *
 * It takes no more jobs as soon as the call begins.
 *
 * It needs no room in the lane, so it works when that is full. Several threads may call it, and it may be called
 * again. On a pool without workers it runs the jobs.
 *
 * When it returns JOBRING_OK, all jobs have returned, and so have the callbacks of those that were dropped; the
 * caller sees what they did. The result of the last one may become visible a moment later, to a caller of
 * jobring_wait() for example.
 *
 * A job closes its own lane with a `timeout_ns` of 0: the call returns JOBRING_E_TIMEDOUT, and the lane is closed.
 *
 * - `lane`: the lane.
 * - `mode`: JOBRING_DRAIN: the jobs that wait for their turn run. JOBRING_DISCARD: they are dropped, as by
 *   jobring_shutdown(); those that have their turn run.
 * - `timeout_ns`: how long to wait, in nanoseconds; JOBRING_FOREVER; 0 only looks.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_TIMEDOUT: not all have ended in time.
 * - JOBRING_E_DEADLOCK: without a time limit, inside a job of the lane, or if every thread that could end one of its
 *   jobs waits itself. With any timeout but 0 where it would wait inside a jobring_move_fn that a submit to this pool calls.
 * - JOBRING_E_INTERRUPTED: an interrupt was raised.
 * - JOBRING_E_FORKED: the process was forked from the one that the pool is in.
 * - JOBRING_E_INVALID.
 *
 * After an error the lane is closed (except JOBRING_E_INVALID), and its memory still in use.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Blocks. Does not
 * allocate.
 */
jobring_status jobring_lane_close(jobring_lane *lane,
                                  uint32_t mode,
                                  int64_t timeout_ns);

/**
 * Tells how many jobs of a lane were accepted and have not ended.
 *
 * These are the jobs that run, and those that wait for their turn; of the latter also some that were cancelled, until a submit needs
 * their room. The number may be out of date.
 *
 * - `lane`: the lane.
 * - `pending`: where it is written.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback. Is lock-free. Does not block or allocate.
 */
jobring_status jobring_lane_pending(const jobring_lane *lane,
                                    uint32_t *pending);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* JOBRING_EXT_H */
