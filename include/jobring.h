/*
 * jobring.h - a thread pool with a fixed number of job slots.
 *
 * Generated from the library's source; do not edit. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 *     jobring_pool *pool;
 *     jobring_job job;
 *     void *result;
 *     jobring_create(NULL, &pool);                       all defaults: one worker for each CPU
 *     jobring_submit(pool, fn, arg, &job);               fn(arg) on a worker
 *     jobring_wait(pool, job, JOBRING_FOREVER, &result); what fn returned
 *     jobring_destroy(pool);
 *
 * A job holds its slot until its result is taken. The pool has jobring_config.capacity slots (1,024 if it is 0): a thread
 * that submits more jobs than that, and only then begins to wait, sleeps in jobring_submit() for ever. Take the oldest
 * result before the next submit, or submit detached jobs (job NULL) that count for themselves: c-examples/many.c.
 *
 * The promise: a job that submit accepts is run, cancelled or reported lost, exactly once, and its submitter can
 * always find out which; submit neither locks nor allocates; an idle pool uses no CPU.
 *
 * Rules that hold for every function:
 * - It returns a jobring_status: JOBRING_OK, or a negative JOBRING_E_ code, or JOBRING_PENDING. After an error nothing is
 *   changed, and outputs are not written.
 * - A NULL or misaligned pointer where one is needed is JOBRING_E_INVALID, and so is memory that holds no living pool.
 * - Times are relative, in nanoseconds, of a clock that is never set back; sizes are in bytes.
 * - errno is left as it was. Waits go on after a signal, and are no cancellation points.
 * - In a child by fork() every call on a pool of the parent's returns JOBRING_E_FORKED at once; the child's copy of the
 *   pool's memory stays as it is, and the parent is not affected. Children that are made past the handlers of
 *   pthread_atfork(), by vfork(), _Fork() or a bare clone(), are not noticed: a call there may hang.
 * - Workers have all signals blocked but those that a thread brings upon itself (SIGSEGV, SIGBUS, SIGFPE, SIGILL,
 *   SIGTRAP, SIGABRT, SIGSYS) and SIGPROF.
 * - Hooks and callbacks are called without any lock held.
 */

#ifndef JOBRING_H
#define JOBRING_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
#define JOBRING_CONFIG_INIT_SIZE_ static_cast<uint32_t>(sizeof(jobring_config))
#define JOBRING_OPTIONS_INIT_SIZE_ static_cast<uint32_t>(sizeof(jobring_options))
#define JOBRING_WAIT_OPTIONS_INIT_SIZE_ static_cast<uint32_t>(sizeof(jobring_wait_options))
#define JOBRING_OUTCOME_INIT_SIZE_ static_cast<uint32_t>(sizeof(jobring_outcome))
#define JOBRING_NULL_ nullptr
#else
#define JOBRING_CONFIG_INIT_SIZE_ (uint32_t)sizeof(jobring_config)
#define JOBRING_OPTIONS_INIT_SIZE_ (uint32_t)sizeof(jobring_options)
#define JOBRING_WAIT_OPTIONS_INIT_SIZE_ (uint32_t)sizeof(jobring_wait_options)
#define JOBRING_OUTCOME_INIT_SIZE_ (uint32_t)sizeof(jobring_outcome)
#define JOBRING_NULL_ NULL
#endif

/*
 * Memory for a pool in a static, known when the program is compiled: never less than jobring_layout() says for so many
 * jobs, workers and bytes of payload (none of them 0), plus what jobring_init() needs to align it.
 *
 *     JOBRING_STATIC_POOL(memory, 256, 4, 48);
 *     jobring_init(&config, memory, sizeof memory, &pool);
 */
#define JOBRING_POOL_BYTES(capacity, workers, payload)                                                                 \
    (2048 + (workers) * (64 + 40 * sizeof(void *)) +                                                                    \
     (capacity) * (6 * sizeof(void *) + ((payload) + 2 * sizeof(void *) - 1) / (2 * sizeof(void *)) * 2 * sizeof(void *)))
#define JOBRING_STATIC_POOL(name, capacity, workers, payload)                                                           \
    static unsigned char name[JOBRING_POOL_BYTES(capacity, workers, payload)]

/*
 * The same, and less, for a library that was built for a 32-bit target without an OS, and a pool with
 * JOBRING_WORKERS_NONE.
 */
#define JOBRING_BARE_POOL_BYTES(capacity, payload)                                                                     \
    (192 + (capacity) * (6 * sizeof(void *) + ((payload) + 2 * sizeof(void *) - 1) / (2 * sizeof(void *)) * 2 * sizeof(void *)))
#define JOBRING_BARE_STATIC_POOL(name, capacity, payload)                                                               \
    static unsigned char name[JOBRING_BARE_POOL_BYTES(capacity, payload)]

/*
 * Memory for a pool on a port (jobring_port), for a library with neither std nor pthreads: exactly what jobring_layout() says
 * for this number of jobs, workers and bytes of payload (workers: 0 if the port makes none), in memory that is aligned as a uint64_t.
 * On 64-bit targets and with an OS it is up to 1 KiB more, because the pool is aligned to cache lines.
 *
 *     JOBRING_PORT_STATIC_POOL(memory, 16, 2, 48);
 *     jobring_init(&config, memory, sizeof memory, &pool);
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

/* In jobring_config.guard_size: no guard. */
#define JOBRING_GUARD_NONE SIZE_MAX

/* Initial values of the structures that the library reads: all defaults. */
#define JOBRING_CONFIG_INIT                                                                                            \
    { JOBRING_CONFIG_INIT_SIZE_, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, JOBRING_NULL_, 0, 0, JOBRING_NULL_, 0,                \
      JOBRING_NULL_, JOBRING_NULL_, JOBRING_NULL_, JOBRING_NULL_, JOBRING_NULL_ }
#define JOBRING_OPTIONS_INIT { JOBRING_OPTIONS_INIT_SIZE_, 0, 0, JOBRING_NULL_, JOBRING_NULL_, 0, JOBRING_NULL_ }
#define JOBRING_WAIT_OPTIONS_INIT { JOBRING_WAIT_OPTIONS_INIT_SIZE_, 0, 0 }
/* The same of a jobring_outcome without room for a text or data. */
#define JOBRING_OUTCOME_INIT                                                                                           \
    { JOBRING_OUTCOME_INIT_SIZE_, 0, 0, JOBRING_NULL_, JOBRING_NULL_, JOBRING_NULL_, 0, 0, 0, { 0, 0 } }

/**
 * The header's version, major * 1,000,000 + minor * 1,000 + patch.
 */
#define JOBRING_VERSION 1000

/**
 * Changes when a program built against an older header must be compiled again.
 */
#define JOBRING_ABI_VERSION 1

/**
 * A bit of jobring_features(): workers can be pthreads.
 */
#define JOBRING_FEATURE_PTHREAD 1

/**
 * A bit of jobring_features(): workers can be threads of Rust's standard library.
 */
#define JOBRING_FEATURE_STD 2

/**
 * A bit of jobring_features(): jobring_create() works.
 */
#define JOBRING_FEATURE_CREATE 4

/**
 * A bit of jobring_features(): there is a clock; finite timeouts are kept. Without it they poll, but on a pool whose port
 * has a clock.
 */
#define JOBRING_FEATURE_CLOCK 8

/**
 * A bit of jobring_features(): pools take a port of the caller's, see jobring_port.
 */
#define JOBRING_FEATURE_PORT 16

/**
 * In jobring_config.workers: no threads. jobring_run_one(), jobring_enter_worker() and waiters run the jobs.
 */
#define JOBRING_WORKERS_NONE UINT32_MAX

/**
 * In jobring_config.spin: a worker that has nothing to do sleeps at once.
 */
#define JOBRING_SPIN_NONE UINT32_MAX



/**
 * In jobring_config.signals: workers have all signals blocked but those that a thread brings upon itself. A process that a
 * job starts inherits that mask, and exec keeps it: the job sets another one, by posix_spawnattr_setsigmask() or between
 * fork() and exec, if the process is to be ended by SIGTERM or SIGINT.
 */
#define JOBRING_SIGNALS_BLOCK 0

/**
 * In jobring_config.signals: workers take the signals that the thread takes that makes them.
 */
#define JOBRING_SIGNALS_INHERIT 1

/**
 * A bit of jobring_config.flags: the time that jobs take is measured, see jobring_worker. Costs two looks at the clock a
 * job.
 */
#define JOBRING_TIMED 1

/**
 * A bit of jobring_config.flags: the workers' stacks are painted, see jobring_worker_stack_used(). Makes all of each stack
 * resident.
 */
#define JOBRING_PAINT_STACKS 2

/**
 * A bit of jobring_config.flags: jobring_destroy() waits also for threads that are inside a submit that need not wait for
 * a slot: for jobs that make known that they have run, while the submit of them has yet to return. Costs two atomic
 * operations a submit.
 */
#define JOBRING_DESTROY_WAITS 4

/**
 * In jobring_config.backend: pthreads where there are any, else the standard library's threads.
 */
#define JOBRING_BACKEND_DEFAULT 0

/**
 * In jobring_config.backend: pthreads, made through libc.
 */
#define JOBRING_BACKEND_PTHREAD 1

/**
 * In jobring_config.backend: threads of Rust's standard library. If that is refused memory while it makes a thread, it ends the
 * process by abort(); pthreads made through libc give JOBRING_E_NOMEM or JOBRING_E_THREAD then. With both backends a refused
 * thread is JOBRING_E_THREAD, and if no key of thread-specific data is left where one is needed, JOBRING_E_NOMEM.
 */
#define JOBRING_BACKEND_STD 2

/**
 * For timeout_ns and limit_ns: without end.
 */
#define JOBRING_FOREVER (-1)

/**
 * jobring_wait_options.flags: if the job is still queued, the calling thread runs it, on its own stack, also outside of jobs.
 * The wait may then take longer than `limit_ns`: as long as the job.
 */
#define JOBRING_WAIT_HELP 1

/**
 * jobring_wait_options.flags: do not wait, and run nothing. JOBRING_PENDING if the job has not ended. `limit_ns` is not looked at.
 */
#define JOBRING_WAIT_POLL 2

/**
 * jobring_wait_options.flags: take nothing. The job stays as it is, and its handle good.
 */
#define JOBRING_WAIT_PEEK 4

/**
 * jobring_options.when_full: wait for a slot, at most timeout_ns.
 */
#define JOBRING_FULL_WAIT 0

/**
 * jobring_options.when_full: return JOBRING_E_FULL.
 */
#define JOBRING_FULL_FAIL 1

/**
 * jobring_options.when_full: run the job on the calling thread. Such a job has no slot, and so neither a handle (`job`
 * must be NULL) nor a place for copied data (`copy` must be 0); jobring_fail() in it has no effect.
 */
#define JOBRING_FULL_RUN 2

/**
 * jobring_options.when_full: as JOBRING_FULL_FAIL, and the caller is an interrupt: see jobring_try_submit_isr().
 */
#define JOBRING_FULL_FAIL_ISR 3

/**
 * jobring_shutdown(): queued jobs are run.
 */
#define JOBRING_DRAIN 0

/**
 * jobring_shutdown(): queued jobs are dropped, as by jobring_cancel().
 */
#define JOBRING_DISCARD 1

/**
 * In jobring_worker.state: its thread was made, and has not come to the first job yet.
 */
#define JOBRING_WORKER_STARTING 0

/**
 * In jobring_worker.state: it looks for a job.
 */
#define JOBRING_WORKER_SEARCHING 1

/**
 * In jobring_worker.state: it sleeps, since nothing is queued.
 */
#define JOBRING_WORKER_SLEEPING 2

/**
 * In jobring_worker.state: it is inside a job, which may itself be waiting for something.
 */
#define JOBRING_WORKER_RUNNING 3

/**
 * In jobring_worker.state: it has left its loop, because the pool was shut down, or (see jobring_fn) because its thread was
 * ended and the system refused another.
 */
#define JOBRING_WORKER_STOPPED 4

/**
 * A pool. Its insides are the library's.
 */
typedef struct jobring_pool jobring_pool;

/**
 * What a call returns: JOBRING_OK, JOBRING_PENDING, or a negative JOBRING_E_ code. Codes are never renumbered.
 */
typedef int32_t jobring_status;

/**
 * Called on a worker's own thread: `hook_arg` of the configuration, and the worker's number from 0.
 */
typedef void (*jobring_hook_fn)(void *hook_arg, uint32_t worker);

/**
 * A place for one sleeping thread. All zero at first; its insides are the library's.
 */
typedef struct jobring_seat {
    /**
     * Zero at first.
     */
    size_t word;
} jobring_seat;

/**
 * Nanoseconds of a clock that never goes back.
 */
typedef uint64_t (*jobring_now_fn)(void *ctx);

/**
 * Lets the calling thread sleep in a seat: see jobring_port.
 */
typedef void (*jobring_park_fn)(void *ctx, uint32_t seat, int64_t timeout_ns);

/**
 * Wakes the thread in a seat: see jobring_port.
 */
typedef void (*jobring_unpark_fn)(void *ctx, uint32_t seat, uint32_t from_isr);

/**
 * Lets all other threads run for a while: see jobring_port.
 */
typedef void (*jobring_pause_fn)(void *ctx);

/**
 * What the calling thread gave to jobring_set_self_fn last, or NULL.
 */
typedef void *(*jobring_get_self_fn)(void);

/**
 * Keeps a pointer for the calling thread.
 */
typedef void (*jobring_set_self_fn)(void *pointer);

/**
 * What a worker's thread is to call, once, with the `arg` that came with it. Returns when the worker is done.
 */
typedef void (*jobring_entry_fn)(void *arg);

/**
 * Makes the thread of a worker: see jobring_port.
 */
typedef int32_t (*jobring_spawn_fn)(void *ctx, uint32_t worker, jobring_entry_fn entry, void *arg);

/**
 * Waits for the end of a worker's thread: see jobring_port.
 */
typedef void (*jobring_join_fn)(void *ctx, uint32_t worker);

/**
 * What a system gives to the pools on it, where the library knows none: builds without threads and with the feature
 * `port` (jobring_features() has JOBRING_FEATURE_PORT); others return JOBRING_E_UNSUPPORTED. Unlike a configuration it is
 * not copied: it and what it points to stay as they are as long as there is a pool with it, or a thread inside a
 * call on one; without `join`, until the last worker's thread has returned from its `entry`, which may be after
 * jobring_destroy(). It may lie in read-only memory. Every function may be called by any thread, and calls nothing of this
 * library.
 *
 * A pool without a port, in a build without threads, has threads that wait by spinning, no clock, and does not notice that a
 * job waits for itself. A thread that spins keeps threads of lower priority from running: where threads have priorities, give
 * it a port.
 */
typedef struct jobring_port {
    /**
     * sizeof (jobring_port).
     */
    uint32_t size;
    /**
     * How many seats there are, at most 65,535: as many threads can sleep at the same time in calls on pools with these
     * seats, workers included. A thread that finds no seat calls `pause` and looks, in turn: it lets all others run, but an
     * idle pool whose workers have fewer seats than they need goes on waking up.
     */
    uint32_t seat_count;
    /**
     * The seats: zeroed memory, for all pools of this port.
     */
    struct jobring_seat *seats;
    /**
     * Handed to the functions.
     */
    void *ctx;
    /**
     * The clock. NULL: there is none; then a finite timeout only polls, and `park` gets none. A thread that polls in a loop
     * keeps threads of lower priority from running.
     */
    jobring_now_fn now;
    /**
     * Lets the calling thread sleep until `unpark` is called for this seat, for at most `timeout_ns` (JOBRING_FOREVER: no
     * end). Returns at once if that was called since the last park in this seat returned: one call is remembered,
     * more need not be. So a seat is one binary semaphore. At most one thread is in a seat. It may return at any time for
     * no reason, but not always. Where an event reaches all cores and stays (WFE and SEV), the seat does not matter.
     */
    jobring_park_fn park;
    /**
     * Wakes the thread that sleeps in this seat, or is about to. Neither waits nor locks (interrupts may be masked for a
     * few instructions). `from_isr` is 1 if the caller is an interrupt (jobring_try_submit_isr(),
     * JOBRING_FULL_FAIL_ISR), else 0.
     */
    jobring_unpark_fn unpark;
    /**
     * Blocks the calling thread for a short while, so that every other thread may run, also those of lower priority: one tick
     * of an RTOS (vTaskDelay(1), k_sleep(K_TICKS(1))). A yield is not enough, since it lets only threads of the same
     * priority run. On cores without threads that is a WFI or WFE that a timer ends, or nothing. Called by a thread that
     * has to wait and finds no empty seat, until the wait ends or a seat is empty; never from an interrupt.
     */
    jobring_pause_fn pause;
    /**
     * What the calling thread gave to `set_self` last, NULL if it never did. Never called from an interrupt. All ports of a
     * program have the same: one that has another than the first of them is JOBRING_E_INVALID.
     *
     * NULL: the pool does not know who calls. Then jobring_fail() has no effect, jobring_self(),
     * jobring_worker_index() and jobring_cancel_requested() find no job, and a job that waits for itself, or shuts
     * down its pool, sleeps for ever instead of getting an error or being let through.
     */
    jobring_get_self_fn get_self;
    /**
     * Keeps a pointer for the calling thread: in its control block, its thread-local storage, or, on cores without
     * threads, in an array with a place for each core. NULL if and only if `get_self` is.
     */
    jobring_set_self_fn set_self;
    /**
     * Makes a thread that calls `entry` with `arg`, and returns 0; or returns another number and makes none. `worker`
     * counts from 0. Stack, priority and name are up to the port. NULL: no threads are made, and threads become workers
     * by jobring_enter_worker().
     */
    jobring_spawn_fn spawn;
    /**
     * Waits until that thread has returned from `entry`, and gives back what it was made of. Called by
     * jobring_destroy() for each worker. NULL: jobring_destroy() returns when the thread touches nothing of the pool's
     * any more, though it may still be about to return. Not without `spawn`.
     */
    jobring_join_fn join;
} jobring_port;

/**
 * How a pool is to be. Zero means the default in every field. Begin with JOBRING_CONFIG_INIT or
 * jobring_config_init(). The structure is copied during the call, the text too.
 */
typedef struct jobring_config {
    /**
     * sizeof (jobring_config), so that a program built against an older header is understood.
     */
    uint32_t size;
    /**
     * JOBRING_BACKEND_.
     */
    uint32_t backend;
    /**
     * Worker threads. 0: as many as CPUs that the calling thread may use (a library with Rust's standard library also reads
     * the quota of the control group: if memory is refused then, it ends the process by abort()). In a build without threads
     * JOBRING_E_UNSUPPORTED, and so is any number there unless the port can make threads. JOBRING_WORKERS_NONE: none. More
     * workers than `capacity` are allowed, and of no use: each running job has a slot, so the others sleep.
     */
    uint32_t workers;
    /**
     * Start with as few as this if the system refuses more threads. 0: all or none.
     */
    uint32_t min_workers;
    /**
     * The most workers at a time, threads that enter included. 0: `workers` + 16. At most 65,535, on 32-bit
     * targets 255.
     */
    uint32_t max_workers;
    /**
     * Slots. A job holds one from its submit until its result is taken, or, detached, until it has finished; so results that
     * nobody has taken count. 0: 1,024. At most 1,048,575. No more jobs than that run at a time; if all of them wait in
     * jobring_submit() for a slot, some get JOBRING_E_DEADLOCK. In the library's own memory (jobring_create()) slots that were
     * never used take no pages until the pool is shut down.
     */
    uint32_t capacity;
    /**
     * Bytes of a slot, besides its 16 bytes of header (8 on 32-bit targets), rounded up to 16 (8). 0: 48. At least
     * 4 words, at most 1 MiB. What of it data can take: see jobring_submit_copy().
     */
    uint32_t payload;
    /**
     * How often a worker that has run a job polls for the next before it sleeps. 0: 1,000 times, some 25 microseconds (in
     * a library without threads not at all). JOBRING_SPIN_NONE: not at all. Behind a job that came after 50 microseconds of
     * nothing 24 times at most. An idle pool sleeps, whatever it is. (Unless it is
     * JOBRING_SPIN_NONE, each eighth of jobs that come as fast as they are run, and are few in the ring, may wait for some
     * microseconds, so that worker and submitter stay out of each other's cache lines.)
     */
    uint32_t spin;
    /**
     * JOBRING_SIGNALS_.
     */
    uint32_t signals;
    /**
     * The JOBRING_ bits that are wanted: TIMED, PAINT_STACKS, DESTROY_WAITS.
     */
    uint32_t flags;
    /**
     * Each worker's stack, bytes, rounded up to a page. 0: 2 MiB. Too small is JOBRING_E_STACK: the floor is what
     * the system and its thread-local storage need, and 8 KiB.
     */
    size_t stack_size;
    /**
     * Bytes below each stack that trap, rounded up to a page. 0: a page. JOBRING_GUARD_NONE: none. pthreads only.
     */
    size_t guard_size;
    /**
     * Memory for the workers' stacks, in use until the pool was destroyed; no guard is laid below them. NULL: the
     * system finds it. pthreads only.
     */
    void *stack_memory;
    /**
     * Its size: `workers` times `stack_size` rounded up to a page, and up to a page more to align it; less is
     * JOBRING_E_SIZE.
     */
    size_t stack_memory_size;
    /**
     * A job that waits for a queued job runs it on its own stack only if this many bytes of it are left. 0: 16 KiB. Whatever
     * else runs a job inside a job asks the same: jobring_run_one(), a submit on a full pool without workers, a shutdown.
     * The first job that a thread outside of jobs runs is a plain call, for which nothing is asked.
     *
     * Of a thread that the pool did not make (one that entered, or that runs a pool's jobs in a wait), the stack is what the
     * system says: pthread_getattr_np() on Linux and Android, its like on macOS. It is asked once for each such thread, when it is
     * first to run a job inside a job; the system's library may allocate then. Where the system cannot be asked (other
     * systems, a jobring_port), at most 64 jobs run inside each other on such a thread, however large its stack is. On a stack that is
     * not the thread's own (a fiber, a coroutine) no job runs inside a job, since nobody knows how much is left.
     */
    size_t stack_reserve;
    /**
     * CPUs to put the workers on, in turn. NULL: the workers inherit the CPU mask of the thread that makes the pool, and keep it.
     * If that thread is bound to one CPU, so are they, and `workers` = 0 is one worker. pthreads only; JOBRING_E_INVALID for a CPU that this process
     * may not use.
     */
    const uint32_t *cpus;
    /**
     * How many there are.
     */
    size_t cpu_count;
    /**
     * Prefix of the threads' names; a dash and the number follow, in 15 bytes altogether. NULL: "jobring". Cut before its first
     * byte that is not UTF-8. The system shows the name; to Rust's standard library a pthread worker has none: a
     * panic in a job is reported from `<unnamed>`.
     */
    const char *name;
    /**
     * Called on each worker's thread before its first job. NULL: nothing. A hook may call what a job may: a wait without a
     * time limit runs the queued job that it waits for, and a submit to a full pool returns JOBRING_E_DEADLOCK if it would
     * sleep without end.
     */
    jobring_hook_fn on_start;
    /**
     * Called on each worker's thread after its last job. NULL: nothing.
     */
    jobring_hook_fn on_stop;
    /**
     * Handed to both.
     */
    void *hook_arg;
    /**
     * The system under the pool, in a build that knows none. NULL: spinning waits. JOBRING_E_UNSUPPORTED in a build with
     * threads of its own. Not copied.
     */
    const struct jobring_port *port;
} jobring_config;

/**
 * What was in a pool when jobring_shutdown() returned.
 */
typedef struct jobring_report {
    /**
     * Jobs that nobody has begun.
     */
    uint32_t queued;
    /**
     * Jobs that run.
     */
    uint32_t running;
    /**
     * Slots in the hands of a submit that has not returned, or of a thread that takes a result.
     */
    uint32_t submitting;
    /**
     * Jobs that are over and whose result nobody has taken.
     */
    uint32_t untaken;
} jobring_report;

/**
 * What a pool runs: as for pthread_create(). It may call any function of its pool that does not say otherwise.
 *
 * What a job changes of its thread stays for the jobs that run there later: thread-locals, the rounding mode, the CPU mask, the
 * signal mask, the name, the priority. A job that changes them puts them back.
 *
 * A job may leave by pthread_exit(), or by a cancellation of its thread, where a worker's loop called it, the workers are
 * pthreads with stacks of the system's, and the system is Linux: it has failed then, with JOBRING_E_EXITED as its code,
 * and the worker is replaced by a new thread of the same number (on_stop and on_start are called). Anywhere else on Linux
 * (in a job that a wait or jobring_run_one() runs, on a worker of the std backend, in a callback or hook) that ends the
 * process; on other systems it is not allowed. The new thread does not wait for the one that ended: destructors of that
 * thread's thread-local data may call the pool as code outside of it, and wait for its jobs or destroy it. A job that forks
 * must leave the child by _exit() or exec; so must a callback, a hook and the body of a loop. A C++ exception that leaves a
 * job ends the process. longjmp() out of it is not allowed.
 */
typedef void *(*jobring_fn)(void *arg);

/**
 * Names one job of one pool. A value, not a reference: it may be copied and kept. 0 is never a job.
 *
 * A handle is stale once its result was taken or it was detached; using it then is an error that is noticed, except
 * after exactly k * 2^36 (on 32-bit targets 2^26) reuses of one slot. A handle of another pool is noticed with a
 * probability of 255 in 256. After the pool was destroyed, nothing may be called with it.
 */
typedef uint64_t jobring_job;

/**
 * What became of a job. A wait fills it for the caller; a done callback reads it.
 *
 * The caller of a wait sets `size`, and if it wants the text of a failure or the data of a job by copy, `data` and `capacity`.
 * JOBRING_OUTCOME_INIT sets the size, and everything else to 0.
 */
typedef struct jobring_outcome {
    /**
     * sizeof (jobring_outcome).
     */
    uint32_t size;
    /**
     * How the job ended: JOBRING_OK: it ran. JOBRING_E_FAILED: it ran and failed. JOBRING_E_CANCELLED: jobring_cancel() took it
     * back. JOBRING_E_SHUTDOWN: a shutdown discarded it.
     */
    jobring_status status;
    /**
     * The job. 0 in the done callback of a job that had no slot (JOBRING_FULL_RUN).
     */
    jobring_job job;
    /**
     * What the job was submitted with. For a job by copy: where its data are. That is the copy in a done callback; after a wait it
     * is `data` if they were copied there, else NULL.
     */
    void *arg;
    /**
     * What the job's function returned. NULL unless the status is JOBRING_OK.
     */
    void *result;
    /**
     * The text of a failure, with a zero behind it, or the data of a job by copy that is done. For a wait: memory of the
     * caller's that they are copied to; NULL if they are not wanted. In a done callback: the library's, to be read until the
     * callback returns; NULL if there are none.
     */
    void *data;
    /**
     * Bytes of memory at `data`. A text is cut to fit; data that do not fit are JOBRING_E_SIZE. 0 in a done callback.
     */
    size_t capacity;
    /**
     * How many bytes the text (without its zero) or the data have, whatever was copied of them.
     */
    uint32_t length;
    /**
     * What jobring_fail() was given, or JOBRING_E_EXITED. 0 unless the status is JOBRING_E_FAILED.
     */
    int32_t code;
    /**
     * 0.
     */
    uint32_t reserved[2];
} jobring_outcome;

/**
 * Called once when a job has ended, on the thread that ended it, before threads that wait for the job learn of it.
 *
 * `arg`: the job's argument (for a job by copy, its data); for a node, the node's. `outcome`: what became of the job, to be
 * read until the callback returns. A job that was submitted detached has one too.
 *
 * For jobring_self() and jobring_cancel_requested() the thread is still inside the job; jobring_fail() comes too late.
 */
typedef void (*jobring_done_fn)(void *arg, const struct jobring_outcome *outcome);

/**
 * Called once with what nobody else will free: the argument of a job that will not run (JOBRING_E_CANCELLED,
 * JOBRING_E_SHUTDOWN), or the result, unless it is NULL, of one whose result nobody took (JOBRING_E_UNTAKEN). On the
 * thread that decided it, before its call returns.
 */
typedef void (*jobring_drop_fn)(void *arg, jobring_status why);

/**
 * One more callback for when a job is over, in memory of the caller's.
 */
typedef struct jobring_done_node {
    /**
     * The next of the list, or NULL. Read before this node's callback is called, which may do with the node what it likes.
     */
    struct jobring_done_node *next;
    /**
     * Called as a done callback, with this node's `arg`. Not NULL.
     */
    jobring_done_fn done;
    /**
     * What it is called with.
     */
    void *arg;
} jobring_done_node;

/**
 * How one job is to be submitted. Zero means the default in every field. Copied during the call.
 */
typedef struct jobring_options {
    /**
     * sizeof (jobring_options).
     */
    uint32_t size;
    /**
     * JOBRING_FULL_.
     */
    uint32_t when_full;
    /**
     * The end of JOBRING_FULL_WAIT, nanoseconds. 0 or JOBRING_FOREVER: none.
     */
    int64_t timeout_ns;
    /**
     * Called when the job is over. Takes one word of the payload. NULL: nothing.
     */
    jobring_done_fn done;
    /**
     * Called with what nobody else frees: the argument of a job that will not run, or the result that nobody took.
     * Takes one word of the payload. NULL: nothing.
     */
    jobring_drop_fn drop;
    /**
     * Copy so many bytes from `arg` into the slot, and call the job with a pointer to them. 0: hand `arg` on.
     */
    size_t copy;
    /**
     * More callbacks to be called after `done`, in their order: the first of a list. Takes one word of the payload. NULL:
     * none. The nodes stay the caller's, and must stay where they are until their callbacks were called.
     */
    struct jobring_done_node *nodes;
} jobring_options;

/**
 * One job of a batch.
 */
typedef struct jobring_item {
    /**
     * The job.
     */
    jobring_fn fn;
    /**
     * Its argument.
     */
    void *arg;
    /**
     * As for jobring_submit_opts(), but when_full and timeout_ns are not looked at. NULL: all defaults.
     */
    const struct jobring_options *options;
} jobring_item;

/**
 * How to wait for a job. Zero means the default in every field. JOBRING_WAIT_OPTIONS_INIT is all defaults.
 */
typedef struct jobring_wait_options {
    /**
     * sizeof (jobring_wait_options).
     */
    uint32_t size;
    /**
     * JOBRING_WAIT_, or'ed together.
     */
    uint32_t flags;
    /**
     * The longest that the call may wait, nanoseconds. 0 or JOBRING_FOREVER: no limit.
     */
    int64_t limit_ns;
} jobring_wait_options;

/**
 * The body of a loop: does the items from `from` up to, not including, `to` (never none), and returns 0; or anything else
 * to end the loop. It is called on several threads at once. It must return, as a callback must: a thread that ends in it,
 * or what is thrown out of it, ends the process. Inside it the thread counts as being outside of jobs.
 */
typedef int32_t (*jobring_body_fn)(void *ctx, size_t from, size_t to);

/**
 * What a pool is like. Does not change while it lives.
 */
typedef struct jobring_info {
    /**
     * sizeof (jobring_info), set by the caller.
     */
    uint32_t size;
    /**
     * JOBRING_BACKEND_ of its workers.
     */
    uint32_t backend;
    /**
     * Worker threads that were started.
     */
    uint32_t workers;
    /**
     * The most workers at a time, threads that enter included.
     */
    uint32_t max_workers;
    /**
     * Jobs that fit in.
     */
    uint32_t capacity;
    /**
     * Bytes of a slot's payload.
     */
    uint32_t payload;
    /**
     * The size that the workers' stacks were given, bytes; 0 without workers.
     */
    size_t stack_size;
    /**
     * Bytes of memory that the pool takes, all in all, stacks not included.
     */
    size_t pool_bytes;
} jobring_info;

/**
 * Counters of a pool, taken one after the other while it works: they need not fit together.
 */
typedef struct jobring_stats {
    /**
     * sizeof (jobring_stats), set by the caller.
     */
    uint32_t size;
    /**
     * Workers in their loop, threads that entered included.
     */
    uint32_t workers;
    /**
     * Workers that sleep or are about to.
     */
    uint32_t sleeping;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Jobs accepted so far (wraps with size_t).
     */
    uint64_t submitted;
    /**
     * Entries taken from the ready ring so far: jobs begun, and entries of jobs that were cancelled or run by a
     * waiter before (wraps with size_t).
     */
    uint64_t claimed;
    /**
     * Wake-ups given to sleeping workers.
     */
    uint64_t wakes;
    /**
     * Wake-ups given because a thread waited too long for a queued job.
     */
    uint64_t forced_wakes;
} jobring_stats;

/**
 * A look at one worker, while it works: the numbers need not fit together.
 */
typedef struct jobring_worker {
    /**
     * sizeof (jobring_worker), set by the caller.
     */
    uint32_t size;
    /**
     * JOBRING_WORKER_.
     */
    uint32_t state;
    /**
     * Jobs that its loop has run. Jobs that were run inside of those by a wait are not counted.
     */
    uint64_t jobs;
    /**
     * Nanoseconds that these took, all in all. 0 without JOBRING_TIMED.
     */
    uint64_t run_ns;
    /**
     * Nanoseconds that the longest of them took. 0 without JOBRING_TIMED.
     */
    uint64_t longest_ns;
    /**
     * The name of its thread, with a zero behind it.
     */
    char name[16];
} jobring_worker;

/**
 * Done.
 */
#define JOBRING_OK 0

/**
 * From a call that does not wait: the job has not ended.
 */
#define JOBRING_PENDING 1

/**
 * An argument is NULL, zero, too large, or makes no sense here. Nothing was changed.
 */
#define JOBRING_E_INVALID (-1)

/**
 * The memory cannot be had.
 */
#define JOBRING_E_NOMEM (-2)

/**
 * The system refused a thread.
 */
#define JOBRING_E_THREAD (-3)

/**
 * No slot is free.
 */
#define JOBRING_E_FULL (-4)

/**
 * The pool is shut down. Of a job: a shutdown discarded it.
 */
#define JOBRING_E_SHUTDOWN (-5)

/**
 * The time is over. Everything is as before.
 */
#define JOBRING_E_TIMEDOUT (-6)

/**
 * The handle names no job that can still be asked for: its result was taken, it was detached, or it never was.
 */
#define JOBRING_E_STALE (-7)

/**
 * The job was cancelled before it ran.
 */
#define JOBRING_E_CANCELLED (-8)

/**
 * The job ran and failed: its jobring_outcome tells how.
 */
#define JOBRING_E_FAILED (-9)

/**
 * Not now: the job runs already or is over; the pool cannot be destroyed from inside.
 */
#define JOBRING_E_BUSY (-10)

/**
 * Waiting would never end: every thread that could end it waits in this pool itself.
 */
#define JOBRING_E_DEADLOCK (-11)

/**
 * The stack is too small, or too little of it is left.
 */
#define JOBRING_E_STACK (-12)

/**
 * Memory or a buffer is too small, or data too large.
 */
#define JOBRING_E_SIZE (-13)

/**
 * This build or backend cannot do it.
 */
#define JOBRING_E_UNSUPPORTED (-14)

/**
 * Nothing is queued.
 */
#define JOBRING_E_EMPTY (-15)

/**
 * The process is a child by fork() of the one that made the pool: the pool is not there, only a copy of its memory.
 */
#define JOBRING_E_FORKED (-17)

/**
 * To a drop callback only: the job ran, and nobody took its result.
 */
#define JOBRING_E_UNTAKEN (-18)

/**
 * The `code` of a job that ended its thread (pthread_exit, cancellation): see jobring_fn.
 */
#define JOBRING_E_EXITED (-19)

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Returns the version of the library that is linked, as JOBRING_VERSION. Compare the two if you load it at run time.
 *
 * From anywhere, a signal handler or an interrupt included. Neither blocks nor allocates.
 */
uint32_t jobring_version(void);

/**
 * Returns the ABI version of the library that is linked, as JOBRING_ABI_VERSION.
 *
 * From anywhere, a signal handler or an interrupt included. Neither blocks nor allocates.
 */
uint32_t jobring_abi_version(void);

/**
 * Returns what this build can do: JOBRING_FEATURE_ bits. Every build has every function; one that it cannot serve returns
 * JOBRING_E_UNSUPPORTED.
 *
 * From anywhere, a signal handler or an interrupt included. Neither blocks nor allocates.
 */
uint64_t jobring_features(void);

/**
 * Returns a short English text for any `status`, unknown ones included. Never NULL; not to be freed.
 *
 * From anywhere, a signal handler or an interrupt included. Neither blocks nor allocates.
 */
const char *jobring_status_text(jobring_status status);

/**
 * Fills `config` with defaults, for languages without JOBRING_CONFIG_INIT. `size` is sizeof (jobring_config) as the
 * caller knows it; bytes beyond what this library knows are set to zero.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID if `config` is NULL or `size` is smaller than any published structure or
 * above 4,096.
 *
 * From anywhere. Does not block or allocate.
 */
jobring_status jobring_config_init(struct jobring_config *config,
                                   size_t size);

/**
 * Makes a pool in the library's memory and starts its workers.
 *
 * `config`: how it is to be; NULL is all defaults. `pool`: where the pool is written, on success only.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID for NULL `pool` or a number out of its range; JOBRING_E_STACK if stack_size
 * is below the floor; JOBRING_E_NOMEM, also if the system has no memory left to tell of forks (pthread_atfork());
 * JOBRING_E_THREAD if the system refuses more threads than min_workers
 * accepts (those that had begun were joined); JOBRING_E_UNSUPPORTED if this build lacks the backend, threads or
 * memory. Nothing is left behind by a failure.
 *
 * From any thread, a job included; not from a signal handler. Allocates; blocks for as long as threads take to
 * make.
 */
jobring_status jobring_create(const struct jobring_config *config,
                              struct jobring_pool **pool);

/**
 * How much memory jobring_init() needs for such a pool.
 *
 * `config`: as for jobring_create(). `size`: bytes, for memory that is aligned to `align`; memory that is not needs up
 * to align - 1 bytes more. Both are written on success only; either may be NULL.
 *
 * Returns what jobring_create() would for a wrong configuration, as far as that can be told without making threads, else
 * JOBRING_OK.
 *
 * From any thread. Does not allocate or block.
 */
jobring_status jobring_layout(const struct jobring_config *config,
                              size_t *size,
                              size_t *align);

/**
 * Makes a pool in the caller's memory and starts its workers. The pool lies somewhere in that memory, aligned; not
 * a byte outside of it is touched, then or later. With pthreads, or without workers, the library allocates
 * nothing for it.
 *
 * `config`: as for jobring_create(). `memory`, `size`: see jobring_layout(); in use until jobring_destroy() returned.
 * `pool`: where the pool is written, on success only.
 *
 * Returns what jobring_create() does; JOBRING_E_SIZE if the memory is too small; JOBRING_E_INVALID if it is NULL. With
 * JOBRING_E_THREAD or JOBRING_E_UNSUPPORTED the memory may have been written to.
 *
 * From any thread, a job included; not from a signal handler. Blocks for as long as threads take to make.
 */
jobring_status jobring_init(const struct jobring_config *config,
                            void *memory,
                            size_t size,
                            struct jobring_pool **pool);

/**
 * Refuses new jobs and waits until every accepted one is over. Results can still be taken afterwards.
 *
 * `mode`: JOBRING_DRAIN runs what is queued; JOBRING_DISCARD drops what nobody has begun: callbacks are told
 * JOBRING_E_SHUTDOWN, on this thread, and waiters get JOBRING_E_CANCELLED. A discard wins over a drain. `timeout_ns`: nanoseconds; JOBRING_FOREVER; 0 only closes. `report`: what
 * was there in the end, or NULL.
 *
 * Inside a job it does not wait for that job, nor for jobs that cannot end before this call or another shutdown does: jobs
 * that are inside a shutdown, and jobs that wait for one of these without a timeout, directly or through others (a loop
 * waits for its helpers). Elsewhere it waits for every accepted job. Several threads may call it at once, and again. Blocked submitters return JOBRING_E_SHUTDOWN. On a pool without workers the caller
 * runs what is queued.
 *
 * Returns JOBRING_OK when all is over; JOBRING_E_TIMEDOUT (the pool stays closed, the report says what is left);
 * JOBRING_E_STACK likewise, without a time limit and inside a job, if too little stack is left to run what is queued and
 * nobody else runs it; JOBRING_E_INVALID.
 *
 * From any thread, a job or a callback included; not from a signal handler. Blocks. Does not allocate.
 */
jobring_status jobring_shutdown(struct jobring_pool *pool,
                                uint32_t mode,
                                int64_t timeout_ns,
                                struct jobring_report *report);

/**
 * Ends a pool: drains it (or goes on with the discard that was begun), joins its workers, waits for threads that are
 * inside one of its calls (submits that do not have to wait for a slot excepted, but for JOBRING_DESTROY_WAITS) or have entered it as workers, hands
 * untaken results to their drop callbacks, and gives memory of the library's back. After it nothing of the pool's is
 * touched.
 *
 * NULL is allowed and does nothing. As for pthread_cond_destroy(), no thread may begin a call on the pool meanwhile; and
 * that a job has run does not mean that its submit has returned.
 *
 * Destructors of thread-local data run on a worker's thread after its last job, as code outside of the pool. Such a destructor may
 * destroy the pool, if nobody else does: its own thread is then not joined, and ends by itself. While another thread destroys the
 * pool, which joins this one, it may make other calls on the pool: submits are refused, and every job that it waits for has
 * finished. Of the threads of one worker that jobs ended (see jobring_fn) only the last is joined.
 *
 * Returns JOBRING_OK; JOBRING_E_BUSY from inside a job, a callback or a worker's hook of this pool, where nothing
 * is changed; JOBRING_E_STACK as for jobring_shutdown(), inside a job of another pool: the pool is closed, and can be
 * destroyed from elsewhere; JOBRING_E_INVALID.
 *
 * From any thread that is not the pool's; not from a signal handler. Blocks for as long as the jobs take. Allocates
 * nothing.
 */
jobring_status jobring_destroy(struct jobring_pool *pool);

/**
 * Submits a job: a worker will call fn(arg). Waits for a free slot if there is none.
 *
 * `job`: where its handle is written, on success only. Each handle must come to jobring_wait(), jobring_poll() (until
 * the result is there) or jobring_detach(), or its slot stays taken. NULL submits it detached: nobody will ask for its
 * result, and it costs less.
 *
 * Returns JOBRING_OK: it is accepted, and will be run, cancelled or dropped exactly once. JOBRING_E_SHUTDOWN;
 * JOBRING_E_DEADLOCK inside a job, a hook or a callback on a worker, if no job can free a slot: each slot holds a job that
 * itself waits in this pool without end, a result that nobody has taken, or a queued job that no worker is left to run;
 * JOBRING_E_FULL on a pool without workers if nothing is queued that the caller could run to make room; JOBRING_E_INVALID. After an error the
 * job was not accepted and `arg` is the caller's.
 *
 * From any thread, a job or a callback included. While a slot is free it neither blocks, locks nor allocates, and is
 * lock-free; else it sleeps. Near the end of a full pool it pauses up to some 30 microseconds while workers free slots;
 * jobring_try_submit() never does.
 */
jobring_status jobring_submit(struct jobring_pool *pool,
                              jobring_fn fn,
                              void *arg,
                              jobring_job *job);

/**
 * As jobring_submit(), but never waits: JOBRING_E_FULL if no slot is free.
 *
 * Lock-free, neither blocks nor allocates, runs no job and no callback. Wakes a sleeping worker by at most one
 * system call, which takes no lock on Linux. From any thread, and from a signal handler (on Linux) or an interrupt; but
 * from an interrupt on a pool with a port by jobring_try_submit_isr().
 */
jobring_status jobring_try_submit(struct jobring_pool *pool,
                                  jobring_fn fn,
                                  void *arg,
                                  jobring_job *job);

/**
 * As jobring_try_submit(), for an interrupt: the pool's port is told so if it is to wake a worker (`from_isr` of its
 * `unpark`). On a pool without a port there is no difference.
 *
 * From an interrupt, and from where jobring_try_submit() may be called. Where the port's unpark tells interrupts apart, not
 * from a thread.
 */
jobring_status jobring_try_submit_isr(struct jobring_pool *pool,
                                      jobring_fn fn,
                                      void *arg,
                                      jobring_job *job);

/**
 * As jobring_submit(), with `size` bytes of `data` copied into the slot: the job is called with a pointer to the
 * copy, aligned to 16 bytes (8 on 32-bit targets), which lives until its result is taken. It may leave a result
 * there, which jobring_wait_opts() copies out.
 *
 * Room, of the pool's payload: all but 2 words (32 of 48 bytes), and a word less for each callback and for a list of nodes. More is
 * JOBRING_E_SIZE. `data` may be NULL if `size` is 0. `job` and what is returned: as for jobring_submit().
 *
 * From where jobring_submit() may be called.
 */
jobring_status jobring_submit_copy(struct jobring_pool *pool,
                                   jobring_fn fn,
                                   const void *data,
                                   size_t size,
                                   jobring_job *job);

/**
 * As jobring_submit(), with options. NULL `options` is all defaults.
 *
 * Returns what jobring_submit() does; JOBRING_E_FULL with JOBRING_FULL_FAIL; JOBRING_E_TIMEDOUT when the wait for a
 * slot is over; JOBRING_E_SIZE if `copy` and the callbacks are more than fit into
 * the payload; JOBRING_E_INVALID for a node without a callback, and for JOBRING_FULL_RUN with a `job`
 * or with `copy`.
 *
 * From where jobring_submit() may be called; with JOBRING_FULL_FAIL from where jobring_try_submit() may, with
 * JOBRING_FULL_FAIL_ISR from where jobring_try_submit_isr() may.
 */
jobring_status jobring_submit_opts(struct jobring_pool *pool,
                                   jobring_fn fn,
                                   void *arg,
                                   const struct jobring_options *options,
                                   jobring_job *job);

/**
 * Submits several jobs with one wake-up between them: cheaper than one by one, and they are queued in this order (jobs
 * of other submitters may come in between). Never waits: when the pool is full, the rest is not accepted; a jobring_submit() of
 * the next one waits for room. Near the end of a full pool it pauses, before the first, as jobring_submit() does.
 *
 * `items`, `count`: the jobs; NULL is allowed if `count` is 0. `jobs`: where the handles of those accepted are written,
 * or NULL to submit them detached. `accepted`: where the number of those accepted is written, also with JOBRING_E_FULL
 * and JOBRING_E_SHUTDOWN; NULL if it is not wanted.
 *
 * Returns JOBRING_OK if all were accepted; JOBRING_E_FULL or JOBRING_E_SHUTDOWN if only the first ones were, or none;
 * JOBRING_E_INVALID or JOBRING_E_SIZE if one of the items is wrong: then none was. What was not accepted is the caller's.
 *
 * From where jobring_try_submit() may be called; not from an interrupt on a pool with a port. Lock-free for each job; neither blocks nor allocates.
 * A thread that is stopped in here keeps up to 8 free slots from others.
 */
jobring_status jobring_submit_batch(struct jobring_pool *pool,
                                    const struct jobring_item *items,
                                    size_t count,
                                    jobring_job *jobs,
                                    size_t *accepted);

/**
 * Waits until a job has ended, and takes its result: the handle is stale afterwards. jobring_wait_opts() does the same and tells
 * more; this is the short form for who wants the result alone.
 *
 * `timeout_ns`: the longest wait, nanoseconds; JOBRING_FOREVER; 0 does not wait. `result`: where what the job returned is
 * written, on JOBRING_OK only; NULL if it is not wanted.
 *
 * Inside a job of this pool, and without a time limit, a job that is still queued is run right here on this
 * thread's stack, so that no worker stands still for it; that very job and no other. (Locks and thread-locals of the
 * two jobs are then one thread's.) On a pool without workers the caller runs the queued jobs in their order.
 *
 * Returns JOBRING_OK; JOBRING_E_FAILED: the job called jobring_fail(); JOBRING_E_CANCELLED; JOBRING_E_SHUTDOWN: a shutdown
 * discarded the job; JOBRING_E_TIMEDOUT: job and handle are as before; JOBRING_E_STALE: another
 * thread took the result, the job was detached, or the handle never was one of this pool; JOBRING_E_DEADLOCK: the
 * caller is inside this very job, or, without a timeout, inside a job that this one waits for, directly or through others:
 * of several jobs that wait for each other in a circle one gets it; JOBRING_E_STACK: no room on this stack for the queued
 * job (see stack_reserve of jobring_config), or the caller is a job on a stack that is not its thread's own (a fiber), and
 * no other worker is there to run it; JOBRING_E_INVALID.
 *
 * From any thread, a job or a callback included; not from a signal handler. Blocks. Does not allocate; the system's library may,
 * where stack_reserve of jobring_config says so.
 */
jobring_status jobring_wait(struct jobring_pool *pool,
                            jobring_job job,
                            int64_t timeout_ns,
                            void **result);

/**
 * Takes the result of a job if it has ended: jobring_wait() that does not wait, for loops and interrupts.
 *
 * `result`: where what the job returned is written, on JOBRING_OK only; NULL if it is not wanted.
 *
 * Returns JOBRING_OK; JOBRING_PENDING: the job has not ended; JOBRING_E_FAILED; JOBRING_E_CANCELLED; JOBRING_E_SHUTDOWN;
 * JOBRING_E_STALE; JOBRING_E_INVALID.
 *
 * From any thread, a job or a callback included; not from a signal handler, and from an interrupt
 * only on a pool without a port. Neither blocks nor allocates.
 */
jobring_status jobring_poll(struct jobring_pool *pool,
                            jobring_job job,
                            void **result);

/**
 * Waits until a job has ended, tells what became of it, and takes its result: the handle is stale afterwards. With
 * JOBRING_WAIT_PEEK nothing is taken.
 *
 * `options`: how to wait; NULL is all defaults. Without flags it waits as jobring_wait() does. `outcome`: what is filled in; its
 * `size` is set, and `data` and `capacity` as the caller wants them. NULL if it is not wanted.
 *
 * Returns the `status` of the outcome, which is then filled in: JOBRING_OK, JOBRING_E_FAILED, JOBRING_E_CANCELLED or
 * JOBRING_E_SHUTDOWN. JOBRING_E_SIZE: the job is done, and its data are longer than `capacity`: it stays as it was, and
 * `length` says how many bytes they have; no other field is written. JOBRING_PENDING with JOBRING_WAIT_POLL: the job has not
 * ended. Otherwise what jobring_wait() returns, JOBRING_E_INVALID also for unknown flags, a structure that is too small, and a
 * `capacity` without `data`; then nothing is written, except that with JOBRING_E_STALE `data` may hold anything. (If another
 * thread detaches the job while this one looks at it, that is JOBRING_E_STALE here, and the drop callback gets the result on this
 * thread.)
 *
 * From where jobring_wait() may be called; with JOBRING_WAIT_POLL from where jobring_poll() may, and then it does not block.
 * Does not allocate, as jobring_wait().
 */
jobring_status jobring_wait_opts(struct jobring_pool *pool,
                                 jobring_job job,
                                 const struct jobring_wait_options *options,
                                 struct jobring_outcome *outcome);

/**
 * Cancels a job that is still queued. Its done and drop callbacks run on this thread before this returns, and its
 * waiters get JOBRING_E_CANCELLED; the handle stays good until a wait has delivered that, or it is detached.
 *
 * Returns JOBRING_OK: this call cancelled the job, and no other call returns that. JOBRING_E_BUSY if the job runs or is over,
 * also if another call cancelled it, or a shutdown discarded it. A running job is asked to stop, which it can see by
 * jobring_cancel_requested(); asking again changes nothing. JOBRING_E_STALE; JOBRING_E_INVALID.
 *
 * From any thread, a job or a callback included; not from a signal handler, and from an interrupt
 * only on a pool without a port. Does not block or allocate, except for
 * what the callbacks do.
 */
jobring_status jobring_cancel(struct jobring_pool *pool,
                              jobring_job job);

/**
 * Gives up a job's result. The job runs all the same; a result that is not NULL goes to its drop callback. Threads
 * that wait for it get JOBRING_E_STALE. A running job may detach itself.
 *
 * Returns JOBRING_OK; JOBRING_E_STALE; JOBRING_E_INVALID.
 *
 * From any thread, a job or a callback included; not from a signal handler, and from an interrupt
 * only on a pool without a port. Does not block or allocate, except for
 * what the callback does.
 */
jobring_status jobring_detach(struct jobring_pool *pool,
                              jobring_job job);

/**
 * Was the job that calls this asked to stop, by jobring_cancel()?
 *
 * Returns 1 if so, 0 if not; JOBRING_E_INVALID outside of this pool's jobs.
 *
 * From inside a job. Does not block or allocate.
 */
int32_t jobring_cancel_requested(const struct jobring_pool *pool);

/**
 * Makes the job that calls this a failed one when it returns: a wait for it gives JOBRING_E_FAILED, and its outcome has
 * `code` and `text`. The last call counts.
 *
 * `text`: a C string, or NULL for none. A done callback sees up to 119 bytes of it; a wait as much as the slot has room
 * for: the payload less 8 bytes and a word (32 of 48), and no more than 119.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID outside of jobs.
 *
 * From inside a job. Does not block or allocate.
 */
jobring_status jobring_fail(int32_t code,
                            const char *text);

/**
 * Calls `body` with parts of the range from 0 to `count`, its shares, that together cover it once: on the calling thread,
 * and on workers that are free. Returns when every item was done, or, if a body returned anything but 0, when all bodies
 * that had begun have returned; then no further share is begun.
 *
 * `count`: the number of items; 0 calls nothing. `grain`: the fewest items of a share (but for the last); a loop of no more
 * is one share, done here. 0: the caller begins alone, and shares out what is left if its time is worth it, which
 * costs some looks at the clock, about 20 ns each. `body`: is called as body(ctx, from, to). `ctx`: anything, NULL included.
 * `stopped`: where 0 is written, or what a body returned to end the loop (of several, the first); NULL if it is not
 * wanted.
 *
 * The caller does its part, and takes every share that no worker has come for: the call never waits for a thread that has
 * not begun. On a pool without workers, a full one, and one that is shut down the caller does all. What the bodies did
 * happens before what the caller does next.
 *
 * Returns JOBRING_OK, also if a body ended the loop; JOBRING_E_INVALID.
 *
 * From any thread, a job, a callback or a body included; not from a signal handler. Blocks. It
 * sleeps only while another thread is inside a body. Neither locks nor allocates; uses two slots for each thread that takes
 * part. jobring_destroy() must wait for it, as for any call.
 */
jobring_status jobring_parallel_for(struct jobring_pool *pool,
                                    size_t count,
                                    size_t grain,
                                    jobring_body_fn body,
                                    void *ctx,
                                    int32_t *stopped);

/**
 * Runs the oldest queued job on the calling thread.
 *
 * Returns JOBRING_OK if it ran one; JOBRING_E_EMPTY if none is queued; JOBRING_E_STACK inside a job, if fewer than
 * stack_reserve bytes of the thread's stack are left; JOBRING_E_INVALID.
 *
 * From any thread, a job included (the job then runs inside of it); not from a signal handler; from an interrupt only
 * on a pool without a port, if every job of the pool may run there. Takes as long as the job does, and blocks if that does.
 * Does not allocate.
 */
jobring_status jobring_run_one(struct jobring_pool *pool);

/**
 * Runs queued jobs on the calling thread until none is queued; jobs that those submit are among them.
 *
 * `ran`: where the number of jobs it ran is written, also with JOBRING_E_STACK (0 then); NULL if it is not wanted.
 *
 * Returns JOBRING_OK; JOBRING_E_STACK as jobring_run_one() does; JOBRING_E_INVALID.
 *
 * From where jobring_run_one() may be called.
 */
jobring_status jobring_run_until_idle(struct jobring_pool *pool,
                                      uint64_t *ran);

/**
 * Makes the calling thread a worker of the pool. Returns when the pool was shut down and nothing is queued.
 *
 * Returns JOBRING_OK then; at once JOBRING_E_FULL if the pool has max_workers already, and JOBRING_E_BUSY from inside
 * a job or a worker of this pool; JOBRING_E_INVALID.
 *
 * From any thread that is not a worker of this pool; not from a signal handler. Blocks. Does not allocate.
 */
jobring_status jobring_enter_worker(struct jobring_pool *pool);

/**
 * Tells what a pool is like.
 *
 * `info`: filled as far as its `size` says.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID.
 *
 * From any thread, a job or a callback included. Does not block or allocate.
 */
jobring_status jobring_info_get(const struct jobring_pool *pool, struct jobring_info *info);

/**
 * Tells a pool's counters.
 *
 * `stats`: filled as far as its `size` says.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID.
 *
 * From any thread, a job or a callback included. Does not block or allocate.
 */
jobring_status jobring_stats_get(const struct jobring_pool *pool, struct jobring_stats *stats);

/**
 * The handle of the job of this pool that calls this (the innermost, if one runs inside another).
 *
 * `job`: where it is written, on success only.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID outside of this pool's jobs.
 *
 * From inside a job. Does not block or allocate.
 */
jobring_status jobring_self(const struct jobring_pool *pool, jobring_job *job);

/**
 * Tells what a worker is doing.
 *
 * `index`: its number, below the number of workers started. `worker`: filled as far as its `size` says.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID.
 *
 * From any thread, a job or a callback included. Does not block or allocate.
 */
jobring_status jobring_worker_get(const struct jobring_pool *pool,
                                  uint32_t index,
                                  struct jobring_worker *worker);

/**
 * How much of its stack a worker has used at most since it began, to the word: what lies below was never written to. What
 * the system keeps on the stack counts, and so does a job that was run there by a wait.
 *
 * `index`: below the number of workers started. `bytes`: where it is written, on success only; 0 if the worker has not
 * begun yet.
 *
 * Returns JOBRING_OK; JOBRING_E_UNSUPPORTED if the pool was made without JOBRING_PAINT_STACKS; JOBRING_E_INVALID.
 *
 * From any thread, a job or a callback included; not from a signal handler. Reads through the unused stack. Does not
 * allocate; blocks only while that worker's thread is being replaced.
 */
jobring_status jobring_worker_stack_used(const struct jobring_pool *pool,
                                         uint32_t index,
                                         size_t *bytes);

/**
 * The smallest stack_size that jobring_create() takes on this system, for programs that were told JOBRING_E_STACK. It may
 * grow when libraries with thread-local storage are loaded.
 *
 * `bytes`: where it is written, on success only.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID if `bytes` is NULL; JOBRING_E_UNSUPPORTED in a build without threads.
 *
 * From any thread; not from a signal handler. Does not block; the system's library may allocate.
 */
jobring_status jobring_stack_min(size_t *bytes);

/**
 * The number of the worker that calls this: 0 up to the workers started; threads that entered are numbered on.
 *
 * `index`: where it is written, on success only.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID on a thread that is no worker of this pool.
 *
 * From inside a job. Does not block or allocate.
 */
jobring_status jobring_worker_index(const struct jobring_pool *pool,
                                    uint32_t *index);

/**
 * The stack of one worker as the system has it.
 *
 * `index`: below the number of workers started. `bytes`: where it is written, on success only.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID; JOBRING_E_UNSUPPORTED where the system cannot be asked.
 *
 * From any thread, a job or a callback included; not from a signal handler. Blocks only while that worker's thread is being
 * replaced. The system's library may allocate.
 */
jobring_status jobring_worker_stack(const struct jobring_pool *pool,
                                    uint32_t index,
                                    size_t *bytes);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* JOBRING_H */
