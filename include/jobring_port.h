/*
 * jobring_port.h - pools on a user-defined port, and in a firmware.
 *
 * Generated from the library's source; do not edit. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * For libraries that were built without threads: an RTOS (c-examples/ports), or a core without an operating system
 * (c-examples/firmware). A port tells a pool how threads sleep and wake, what time it is, which thread calls, and how a worker's
 * thread is made.
 *
 *     static const jobring_port port = { sizeof(jobring_port), SEATS, seats, ... };
 *     JOBRING_PORT_STATIC_POOL(memory, 16, 2, 48);
 *
 *     jobring_config config = JOBRING_CONFIG_INIT;
 *     config.port = &port;
 *     config.capacity = 16;
 *     config.workers = 2;
 *     jobring_init(&config, memory, sizeof memory, &pool);
 *
 * An interrupt submits by jobring_try_submit_isr().
 */

#ifndef JOBRING_PORT_H
#define JOBRING_PORT_H

#include "jobring.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The functions of a port ------------------------------------------------------------------------- */

/* The fields of jobring_port describe what each function does. */

/** The time in nanoseconds, of a clock that is never set back. */
typedef uint64_t (*jobring_now_fn)(void *ctx);
/** Makes the calling thread sleep in a seat. */
typedef void (*jobring_park_fn)(void *ctx, uint32_t seat, int64_t timeout_ns);
/** Wakes the thread in a seat. */
typedef void (*jobring_unpark_fn)(void *ctx, uint32_t seat, uint32_t from_isr);
/** Blocks the calling thread for a short while. */
typedef void (*jobring_pause_fn)(void *ctx);
/** Returns what the calling thread last gave to jobring_set_self_fn, or NULL. */
typedef void *(*jobring_get_self_fn)(void);
/** Keeps a pointer for the calling thread. */
typedef void (*jobring_set_self_fn)(void *pointer);
/**
 * What the thread of a worker calls, once, with the `arg` that came with it. It returns when the worker
 * has finished.
 */
typedef void (*jobring_entry_fn)(void *arg);

/** Makes the thread of a worker. */
typedef int32_t (*jobring_spawn_fn)(void *ctx, uint32_t worker, jobring_entry_fn entry, void *arg);
/** Waits until the thread of a worker has finished. */
typedef void (*jobring_join_fn)(void *ctx, uint32_t worker);

/* ---- The port ---------------------------------------------------------------------------------------- */

typedef struct jobring_seat jobring_seat;

/** A place in which one thread sleeps. Zeroed memory at first; opaque afterwards. */
struct jobring_seat {
    /** Zero at first. */
    size_t word;
};

/**
 * The system below a pool, for a library that was built without threads and with the feature `port`.
 *
 * jobring_features() has JOBRING_FEATURE_PORT in such a build; others return JOBRING_E_UNSUPPORTED. Every
 * function below may be called by any thread, and calls nothing of this library.
 *
 * The structure is not copied. It and what it points to stay unchanged while a pool uses it or a thread is
 * inside a call on such a pool. Without `join` they stay until the last worker's thread has returned from
 * its `entry`, which may be after jobring_destroy(). The structure may lie in read-only memory.
 *
 * In a build without threads, a pool without a port has no clock, its threads wait by spinning, and it
 * does not detect a job that waits for itself. A thread that spins keeps threads of lower priority from
 * running: where threads have priorities, give the pool a port.
 */
struct jobring_port {
    /** sizeof (jobring_port). */
    uint32_t size;
    /**
     * The number of seats, at most 65,535: this many threads can sleep at the same time in calls on the
     * pools of this port, workers included. A thread that finds no free seat calls `pause` and looks
     * again, in a loop. That lets all other threads run, but an idle pool whose workers outnumber the seats
     * keeps waking up.
     */
    uint32_t seat_count;
    /** The seats: zeroed memory, shared by all pools of this port. */
    jobring_seat *seats;
    /** Passed to the functions. */
    void *ctx;
    /**
     * The clock. NULL: there is none, a finite timeout only polls, and `park` gets no time limit. (A
     * thread that polls in a loop keeps threads of lower priority from running.)
     */
    jobring_now_fn now;
    /**
     * Makes the calling thread sleep until `unpark` is called for this seat, for at most `timeout_ns`
     * (JOBRING_FOREVER: no limit). It returns at once if `unpark` was called since the last park in this
     * seat returned. One such call is remembered, no more: a seat is one binary semaphore. At most one
     * thread is in a seat. Spurious returns are allowed, but it must not return at once every time. Where
     * an event reaches all cores and is kept (WFE and SEV), the seat does not matter.
     */
    jobring_park_fn park;
    /**
     * Wakes the thread that sleeps in this seat or is about to. Neither waits nor locks (it may mask
     * interrupts for a few instructions). `from_isr` is 1 if the caller is an interrupt
     * (jobring_try_submit_isr(), JOBRING_WHEN_FULL_FAIL_ISR), else 0.
     */
    jobring_unpark_fn unpark;
    /**
     * Blocks the calling thread for a short while, so that every other thread may run, also those of lower
     * priority: one tick of an RTOS (vTaskDelay(1), k_sleep(K_TICKS(1))). A yield is not enough, since
     * only threads of the same priority run then. On a core without threads this is a WFI or WFE that a
     * timer ends, or nothing. It is called by a thread that has to wait and finds no free seat, until the
     * wait ends or a seat is free; never from an interrupt.
     */
    jobring_pause_fn pause;
    /**
     * Returns what the calling thread last gave to `set_self`, or NULL. Never called from an interrupt.
     * All ports of a program share one `get_self`: a port with another one than the first is
     * JOBRING_E_INVALID.
     *
     * NULL: the pool does not know which thread calls. Then jobring_fail() has no effect; jobring_current_job(),
     * jobring_worker_index() and jobring_cancel_requested() find no job; and a job that waits for itself
     * or shuts down its pool sleeps for ever.
     */
    jobring_get_self_fn get_self;
    /**
     * Keeps a pointer for the calling thread: in its control block, in its thread-local storage, or, on
     * cores without threads, in an array with one place for each core. NULL if and only if `get_self` is
     * NULL.
     */
    jobring_set_self_fn set_self;
    /**
     * Makes a thread that calls `entry` with `arg`, and returns 0; or makes none, and returns another
     * number. `worker` counts from 0. The port chooses stack, priority and name. NULL: no threads are
     * made, and threads become workers by jobring_enter_worker().
     */
    jobring_spawn_fn spawn;
    /**
     * Waits until `worker` has returned from `entry`, and frees what it was made of. jobring_destroy()
     * calls it for each worker. NULL: jobring_destroy() returns when the thread touches nothing of the
     * pool any more, though the thread may not have returned yet. Not without `spawn`.
     */
    jobring_join_fn join;
};

/* ---- Static memory for pools ------------------------------------------------------------------------- */

/*
 * Memory for a pool on a port: exactly what jobring_layout() says for this number of jobs, workers and bytes of payload
 * (workers: 0 if the port makes none), in memory that is aligned as a uint64_t. For a 64-bit target, and for one with an
 * operating system, it is up to 1 KiB more, because the pool is aligned to cache lines.
 */
#if UINTPTR_MAX > 0xffffffff
#define JOBRING_PORT_HEAD_ 1280
#define JOBRING_PORT_ALIGN_ 128
#define JOBRING_PORT_BLOCK_ 64
#define JOBRING_PORT_SPARE_ 120
#elif defined(__unix__) || defined(__APPLE__) || defined(_WIN32)
#define JOBRING_PORT_HEAD_ 640
#define JOBRING_PORT_ALIGN_ 64
#define JOBRING_PORT_BLOCK_ 64
#define JOBRING_PORT_SPARE_ 64
#else
#define JOBRING_PORT_HEAD_ 128
#define JOBRING_PORT_ALIGN_ 8
#define JOBRING_PORT_BLOCK_ 8
#define JOBRING_PORT_SPARE_ 0
#endif
/* n rounded up to a; and the next power of two. */
#define JOBRING_UP_(n, a) (((n) + (a) - 1) / (a) * (a))
#define JOBRING_OR1_(n) ((n) | (n) >> 1)
#define JOBRING_OR2_(n) (JOBRING_OR1_(n) | JOBRING_OR1_(n) >> 2)
#define JOBRING_OR4_(n) (JOBRING_OR2_(n) | JOBRING_OR2_(n) >> 4)
#define JOBRING_OR8_(n) (JOBRING_OR4_(n) | JOBRING_OR4_(n) >> 8)
#define JOBRING_OR16_(n) (JOBRING_OR8_(n) | JOBRING_OR8_(n) >> 16)
#define JOBRING_POWER_(n) (JOBRING_OR16_((n) * sizeof(char) - 1) + 1)
#define JOBRING_PORT_POOL_BYTES(capacity, workers, payload)                                                            \
    (JOBRING_UP_(JOBRING_UP_(JOBRING_PORT_HEAD_ + (workers) * 2 * sizeof(void *), JOBRING_PORT_BLOCK_) +               \
                     (capacity) * (2 * sizeof(void *) + JOBRING_UP_(payload, 2 * sizeof(void *))) +                    \
                     JOBRING_POWER_(capacity) * 2 * sizeof(void *),                                                    \
                 JOBRING_PORT_ALIGN_) +                                                                                \
     JOBRING_PORT_SPARE_)
#define JOBRING_PORT_STATIC_POOL(name, capacity, workers, payload)                                                     \
    static uint64_t name[JOBRING_PORT_POOL_BYTES(capacity, workers, payload) / sizeof(uint64_t)]

/*
 * Memory for a pool with JOBRING_WORKERS_NONE, for a library that was built for a 32-bit target without an operating
 * system: at least what jobring_layout() says, of any alignment.
 */
#define JOBRING_BARE_POOL_BYTES(capacity, payload)                                                                     \
    (192 + (capacity) * (6 * sizeof(void *) + ((payload) + 2 * sizeof(void *) - 1) / (2 * sizeof(void *)) * 2 * sizeof(void *)))
#define JOBRING_BARE_STATIC_POOL(name, capacity, payload)                                                               \
    static unsigned char name[JOBRING_BARE_POOL_BYTES(capacity, payload)]

/*
 * Memory for a queue, for a library that was built for a 32-bit target without an operating system: at least what
 * jobring_queue_layout() says, of any alignment. For another library JOBRING_QUEUE_BYTES is enough.
 */
#define JOBRING_BARE_QUEUE_BYTES(capacity, item_size)                                                                  \
    (13 * sizeof(void *) - 1 + (capacity) * (2 * sizeof(void *) + (item_size)))
#define JOBRING_BARE_STATIC_QUEUE(name, capacity, item_size)                                                            \
    static unsigned char name[JOBRING_BARE_QUEUE_BYTES(capacity, item_size)]

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* JOBRING_PORT_H */
