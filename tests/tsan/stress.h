/* What the scenes share. Between threads this program itself hands data over only by relaxed atomics, which order
 * nothing, and by pthread_create() and pthread_join() at the ends of a scene. So all other order must come from the
 * pool. */
#ifndef JOBRING_TEST_STRESS_H
#define JOBRING_TEST_STRESS_H

#include "../c/check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define GET(a) atomic_load_explicit(&(a), memory_order_relaxed)
#define SET(a, v) atomic_store_explicit(&(a), (v), memory_order_relaxed)
#define ADD(a, n) atomic_fetch_add_explicit(&(a), (n), memory_order_relaxed)

/* Around each call that submits, so that a site can be weakened inside of them alone, or outside. */
#define SUBMIT(call) (submit_begins(), submit_ends(call))
void submit_begins(void);
jobring_status submit_ends(jobring_status status);

/* One job. All but handle and ends is plain: the submitter writes `in`, whoever the pool gives the job to counts. */
struct cell {
    long in, out;
    unsigned ran, dropped, untaken, notified;
    _Atomic jobring_job handle;
    atomic_uint ends;
};

/* Cells for `count` jobs, zero; freed by the caller. */
struct cell *cells_of(size_t count);
/* Was the job run or dropped, once? All its threads are joined. */
void settled(const struct cell *cell);

void *work(void *cell);
void *fail(void *cell);
void on_drop(void *cell, jobring_status why);
void on_done(void *cell, const jobring_outcome *outcome);
/* Is it what work() leaves? */
void worked(const struct cell *cell);

/* A pool, with hooks that write plainly. */
jobring_pool *pool_of(uint32_t workers, uint32_t capacity);
void end(jobring_pool *pool);

/* Runs body(shared, 0 … threads - 1), each on a thread of its own, until all have returned. */
void together(unsigned threads, void (*body)(void *shared, unsigned n), void *shared);
static inline pthread_t begin(void *(*body)(void *), void *shared) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, body, shared) == 0);
    return thread;
}
static inline void join(pthread_t thread) { CHECK(pthread_join(thread, NULL) == 0); }

/* A number below `below`. */
unsigned any(unsigned below);
/* Lets others run. */
void pass(void);

/* Each runs `rounds` times what it does. */
void results(unsigned rounds);
void full(unsigned rounds);
void exchange(unsigned rounds);
void failures(unsigned rounds);
void nested(unsigned rounds);
void stop_requests(unsigned rounds);
void batches(unsigned rounds);
void driven(unsigned rounds);
void exits(unsigned rounds);
void shutdowns(unsigned rounds);
void helped_destroy(unsigned rounds);
void entered_destroy(unsigned rounds);
void submitting_destroy(unsigned rounds);
void queues(unsigned rounds);
void event_loop(unsigned rounds);
void queue_reuse(unsigned rounds);
void queue_destroy(unsigned rounds);
void queue_drains(unsigned rounds);
void watches(unsigned rounds);
void interrupts(unsigned rounds);
void idle_waits(unsigned rounds);
void first_of_several(unsigned rounds);
void cancels(unsigned rounds);
void lanes(unsigned rounds);
void lane_closes(unsigned rounds);
void crowds(unsigned rounds);
void resized_destroy(unsigned rounds);

#endif
