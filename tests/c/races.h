/* Jobs that record what happened to them, for the races. */
#ifndef JOBRING_TEST_RACES_H
#define JOBRING_TEST_RACES_H

#include "gate.h"

#include <string.h>

enum { CODE = 11 };

struct job;

/* A malloc'ed block: what a job is given, and what it leaves. */
struct block {
    struct job *job;
};

/* What a job is called with, or a copy of it in the slot. */
struct data {
    struct job *job;
    struct block *block;
};

struct job {
    jobring_job handle;
    int copy, fails;
    struct data data;
    /* How often. */
    atomic_int ran, done, dropped_arg, dropped_result, freed_arg, freed_result;
    jobring_status status;
    /* How often a call gave it to its caller, with what; and how often a cancel said OK. */
    atomic_int ok, failed, cancelled, detached, cancels;
    /* Not NULL: the job calls it first. */
    void (*inside)(struct job *);
};

/* Waits for a slot. Without a handle it is submitted detached. */
enum { FAILS = 1, COPY = 2, NO_HANDLE = 4 };
jobring_status submit_job(jobring_pool *pool, struct job *job, int how, void (*inside)(struct job *));
void free_result(void *result);
/* Has everything been freed that will be? */
int job_is_settled(struct job *job);
void job_is_accounted_for(struct job *job);
unsigned all_jobs_accounted_for(void);

void races_with_the_end(unsigned rounds);

/* Spins at first, so that threads begin close to each other. */
static inline void spin_until(atomic_uint *word, unsigned value) {
    for (int n = 0; n < 2000; n++)
        if ((int)(atomic_load(word) - value) >= 0) return;
    UNTIL((int)(atomic_load(word) - value) >= 0);
}

#endif
