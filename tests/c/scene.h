/* Every function of the C API as one call that can be repeated in other surroundings: with errno set, under signals,
 * with a pending cancellation, in a child by fork(). Functions that sleep have a second call, which sleeps until it
 * is released. */
#ifndef JOBRING_TEST_SCENE_H
#define JOBRING_TEST_SCENE_H

#include "check.h"
#include "jobring_ext.h"
#include "jobring_processes.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/types.h>

/* A pool, and what a call on it may need. */
struct scene {
    jobring_pool *pool;
    /* A queue with a job that has finished, or with what the call sleeps for; one without a job. */
    jobring_completions *queue, *empty_queue;
    /* A queue of items: half full, or with what the call sleeps for. */
    jobring_queue *items;
    unsigned char items_memory[JOBRING_QUEUE_BYTES(2, sizeof(int))];
    /* A lane without a job, or with what the call sleeps for. */
    jobring_lane lane;
    /* For calls on pools of processes: one with a job, which has ended, or which the call sleeps for. */
    jobring_processes *processes;
    jobring_job processed;
    /* Of jobs that have finished: by argument, by copy. */
    jobring_job over, copied;
    /* The job that the call sleeps for, and what that one sleeps for. */
    jobring_job awaited;
    sem_t gate;
    /* Room for a pool. */
    _Alignas(64) unsigned char memory[16384];
};

struct call {
    /* The function, and how it is called. */
    const char *function, *how;
    jobring_status (*call)(struct scene *scene);
    jobring_status expected;
    /* Has it a pool of its caller's, or a completion queue, among its parameters? */
    int on_pool;
    /* What it returns inside a job, where that differs from outside, else INT32_MAX. */
    jobring_status inside;
    /* How it is made to sleep, and to end; NULL if it is not. */
    void (*hold)(struct scene *scene, jobring_config *config);
    void (*let_go)(struct scene *scene);
};

/* The table, up to a function that is NULL. */
extern const struct call calls[];

/* Makes what the call needs; for one that sleeps, what it sleeps for. `backend` is JOBRING_BACKEND_. */
void scene_begin(struct scene *scene, const struct call *call, uint32_t backend);
void scene_end(struct scene *scene);

/* A call on a pool of processes; does the library have them? Where it does not, each call on them is seen to say so. Its status
 * then is the one that is expected, and calls that sleep are left out. */
int is_about_processes(const struct call *call);
int has_processes(void);
int is_left_out(const struct call *call);
/* A pool of two processes for the scene, with a job. */
void processes_begin(struct scene *scene, int is_asleep);
/* Both sides of a status: where there are no such pools, it must be JOBRING_E_UNSUPPORTED, and `expected` is returned. */
jobring_status supported(jobring_status status, jobring_status expected);

/* The backends that the library has, up to a 0. */
const uint32_t *backends(void);

/* Waits for a semaphore, through signals. */
void await(sem_t *semaphore);
/* Waits until the kernel says of a thread of this process that it sleeps. */
void await_sleep(pid_t thread);

#endif
