/* What the programs of this folder share: a check that ends the program, and a time limit that turns a hang into a
 * failure. */
#ifndef JOBRING_TEST_CHECK_H
#define JOBRING_TEST_CHECK_H

#include "jobring.h"

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                            \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                 \
            exit(1);                                                                                \
        }                                                                                           \
    } while (0)
#define OK(call) CHECK((call) == JOBRING_OK)

/* A pool with all else as by default. */
static inline jobring_pool *new_pool(uint32_t workers, uint32_t capacity) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.workers = workers;
    config.capacity = capacity;
    OK(jobring_create(&config, &pool));
    return pool;
}

/* jobring_submit_opts() with copied data. */
static inline jobring_status submit_copy(jobring_pool *pool, jobring_fn fn, const void *data, size_t size,
                                         jobring_job *job) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.copy = size;
    return jobring_submit_opts(pool, fn, (void *)(uintptr_t)data, &options, job);
}

/* A wait that ends. */
static const int64_t LONG = INT64_C(120) * 1000 * 1000 * 1000;

/* jobring_wait_opts() with flags; as long as a wait that ends. */
static inline jobring_status wait_with(jobring_pool *pool, jobring_job job, uint32_t flags, jobring_outcome *outcome) {
    jobring_wait_options options = JOBRING_WAIT_OPTIONS_INIT;
    options.flags = flags;
    options.limit_ns = LONG;
    return jobring_wait_opts(pool, job, &options, outcome);
}

/* What is known of a job now. Takes nothing. */
static inline jobring_status peek(jobring_pool *pool, jobring_job job, jobring_outcome *outcome) {
    return wait_with(pool, job, JOBRING_WAIT_PEEK | JOBRING_WAIT_POLL, outcome);
}

/* The code with which a job failed that nobody has taken; 0 if it did not, or has not ended. */
static inline int32_t code_of(jobring_pool *pool, jobring_job job) {
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    return peek(pool, job, &outcome) == JOBRING_E_FAILED ? outcome.code : 0;
}

/* Waits for a job, and takes the data that it left, or its text. */
static inline jobring_status wait_data(jobring_pool *pool, jobring_job job, void *data, size_t capacity, uint32_t *length) {
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    outcome.data = data;
    outcome.capacity = capacity;
    jobring_status status = jobring_wait_opts(pool, job, NULL, &outcome);
    if (length) *length = outcome.length;
    return status;
}

#endif
