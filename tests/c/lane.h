/* What the programs about lanes share: a pool with a lane, and a job that has its place until a gate is opened. */
#ifndef JOBRING_TEST_LANE_H
#define JOBRING_TEST_LANE_H

#include "gate.h"
#include "jobring_ext.h"

#include <string.h>

enum { WORD = sizeof(void *), PAYLOAD = 64 };

static jobring_pool *pool;
static jobring_lane lane;

static inline void make(uint32_t workers, uint32_t capacity, uint32_t width, uint32_t waiting) {
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = workers;
    config.capacity = capacity;
    config.payload = PAYLOAD;
    config.stack_size = 128 * 1024;
    OK(jobring_create(&config, &pool));
    OK(jobring_lane_init(&lane, pool, width, waiting));
}

static inline uint32_t pending(const jobring_lane *of) {
    uint32_t count;
    OK(jobring_lane_pending(of, &count));
    return count;
}

/* The lane and the pool have ended, and nothing is left in them. */
static inline void end(void) {
    OK(jobring_lane_close(&lane, JOBRING_DRAIN, LONG));
    CHECK(pending(&lane) == 0);
    OK(jobring_destroy(pool));
}

static inline void *identity(void *arg) { return arg; }

/* A job that has begun and waits for its gate. */
struct blocker {
    struct gate begun, go;
};
static struct blocker blocker = {GATE_INIT, GATE_INIT};

static inline void *blocks(void *arg) {
    struct blocker *of = arg;
    gate_open(&of->begun);
    gate_pass(&of->go);
    return arg;
}

/* Takes a place of the lane, until the gate is opened. */
static inline void block(void) {
    gate_close(&blocker.begun);
    gate_close(&blocker.go);
    OK(jobring_lane_submit(&lane, blocks, &blocker, NULL, NULL));
    gate_pass(&blocker.begun);
}

static inline jobring_job submit(jobring_fn fn, void *arg, const jobring_submit_options *options) {
    jobring_job job;
    OK(jobring_lane_submit(&lane, fn, arg, options, &job));
    return job;
}

static inline jobring_status submit_now(jobring_job *job) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    return jobring_lane_submit(&lane, identity, &lane, &options, job);
}

static atomic_int drops, calls;
static _Atomic jobring_status reason;

static inline void dropped(void *arg, jobring_status why) {
    (void)arg;
    atomic_store(&reason, why);
    atomic_fetch_add(&drops, 1);
}

static inline void *counts(void *arg) {
    atomic_fetch_add(&calls, 1);
    return arg;
}

static inline void submits(void *with) { OK(jobring_lane_submit(&lane, identity, with, NULL, NULL)); }

#endif
