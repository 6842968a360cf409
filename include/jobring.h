/*
 * jobring.h - a thread pool with a fixed number of job slots.
 *
 * Generated from the library's source; do not edit. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job is a function and its argument. A submit puts it into a slot of the pool, a worker thread runs it, and a wait
 * takes its result and frees the slot.
 *
 *     jobring_pool *pool;
 *     jobring_job job;
 *     void *result;
 *     jobring_create(NULL, &pool);                       all defaults: one worker for each CPU
 *     jobring_submit(pool, fn, arg, &job);               fn(arg) on a worker
 *     jobring_wait(pool, job, JOBRING_FOREVER, &result); what fn returned
 *     jobring_destroy(pool);
 *
 * The promise: a job that submit accepts is run, cancelled or discarded, exactly once, and its submitter can always
 * find out which; submit neither locks nor allocates; an idle pool uses no CPU.
 *
 * A job holds its slot until its result is taken. A pool has jobring_config.capacity slots (1,024 by default): a thread
 * that submits more jobs than that before it begins to wait sleeps in jobring_submit() for ever. Take the oldest result
 * before the next submit, or submit detached jobs (`job` NULL), whose slots come back by themselves: c-examples/many.c.
 *
 * CONTENTS
 *
 * Make a pool              jobring_create              in memory that the library allocates
 *                          jobring_init                in the caller's memory
 *                          jobring_layout              how much memory that is
 *                          jobring_struct_init         sets a structure's size and its defaults
 *                          jobring_config_check        which field of a configuration is wrong
 * Submit jobs              jobring_submit              waits for a free slot if there is none
 *                          jobring_try_submit          never waits
 *                          jobring_try_submit_isr      the same, from an interrupt
 *                          jobring_submit_opts         with callbacks, copied data, a time limit and other options
 *                          jobring_submit_cancellable  the same, with a handle that can only cancel
 *                          jobring_submit_batch        several jobs at once
 * Wait for jobs            jobring_wait                waits, and takes the result
 *                          jobring_poll                takes the result if there is one
 *                          jobring_wait_opts           with options: all that a job left, or a look at it
 *                          jobring_wait_many           several jobs at once: the first, all, the first failure
 *                          jobring_state               where a job stands; takes nothing
 *                          jobring_job_data            where the copied data of a job lie
 *                          jobring_fail                inside a job: marks it as failed
 *                          jobring_wait_idle           waits until every job has finished
 * Watch for jobs that end  jobring_watched_init        prepares a job that is about to be submitted
 *                          jobring_watch               calls a function when the job has ended, or at once if it has
 * Take jobs as they finish jobring_completions_create  a queue, in memory that the library allocates
 *                          jobring_completions_init    a queue in the caller's memory
 *                          jobring_completions_layout  how much memory that is
 *                          jobring_completions_submit  a job whose outcome arrives in a queue
 *                          jobring_completions_take    waits, and takes the jobs that have finished
 *                          jobring_completions_fd      a descriptor for an event loop
 *                          jobring_completions_arm     the next completion makes it readable
 *                          jobring_completions_destroy ends a queue
 * Cancel jobs              jobring_cancel              cancels a queued job, and asks a running job to stop
 *                          jobring_cancel_all          cancels every queued job
 *                          jobring_cancel_requested    inside a job: is it asked to stop?
 *                          jobring_detach              gives up a job's result
 * Interrupt a wait         jobring_interrupt_begin     from here on an interrupt ends this thread's blocking calls
 *                          jobring_interrupt_end       and from here on no longer
 *                          jobring_interrupt_raise     ends them; a signal handler may call it
 *                          jobring_interrupt_reset     ends the effect of an interrupt
 * Share out a loop         jobring_parallel_for        on this thread and on free workers
 *                          jobring_parallel_for_opts   with a largest part and a time limit
 * Run jobs yourself        jobring_run_one             the oldest queued job
 *                          jobring_run_until_idle      all queued jobs
 *                          jobring_enter_worker        makes the calling thread a worker
 * Direct the workers       jobring_pause               they start no job until the pool is resumed
 *                          jobring_resume              ends a pause
 *                          jobring_workers_set         how many there are
 * Know what goes on        jobring_current_job         inside a job: its handle
 *                          jobring_worker_index        inside a job: the number of its worker
 *                          jobring_info_get            what a pool is
 *                          jobring_stats_get           its counters, and how many jobs are in which state
 *                          jobring_now                 the time of its clock
 *                          jobring_worker_get          what a worker does and has done
 *                          jobring_worker_stack        the size of its stack, and what it has used of it
 *                          jobring_stack_min           the smallest stack that a worker can have
 *                          jobring_cpus                the number of CPUs, without a pool
 *                          jobring_status_text         a status in words
 *                          jobring_version             of the library
 *                          jobring_abi_version         of the library
 *                          jobring_features            what the library was built with
 * End a pool               jobring_shutdown            closes a pool, and waits until its jobs have finished
 *                          jobring_destroy             shuts a pool down, and frees it
 * Pass items to others     jobring_queue_init          a queue in the caller's memory, without a pool
 *                          jobring_queue_layout        how much memory that is
 *                          jobring_queue_try_push      appends an item
 *                          jobring_queue_push          the same, and waits for a free place
 *                          jobring_queue_try_pop       removes the oldest item
 *                          jobring_queue_pop           the same, and waits for one
 *                          jobring_queue_close         ends a queue
 *                          jobring_queue_len           how many items are in it
 *
 * The functions stand in this order. Each section ends with the structures and constants that only it needs; jobring_config
 * and the status codes stand at the end. Lanes: jobring_ext.h. Worker processes: jobring_processes.h. RTOS or no OS: jobring_port.h.
 *
 * RULES FOR EVERY FUNCTION
 *
 * - A call returns a jobring_status: JOBRING_OK, or a negative JOBRING_E_ code for an error. JOBRING_PENDING says that a
 *   job has not finished. jobring_cancel_requested() and jobring_interrupt_reset() return 1 or 0 instead of JOBRING_OK.
 *   Four functions return a value: jobring_version(), jobring_abi_version(), jobring_features(), jobring_status_text().
 * - After an error the call has done nothing and written no output. The exceptions:
 *   - A wait or poll that returns JOBRING_E_FAILED, JOBRING_E_CANCELLED or JOBRING_E_SHUTDOWN tells how the job ended.
 *     Unless it was asked to leave the result, it has taken it, and the handle is stale.
 *   - Some calls have done a part, which their comments describe: jobring_cancel() after JOBRING_E_BUSY,
 *     jobring_config_check() after any error but that of `field` (it has written a name),
 *     jobring_destroy() after JOBRING_E_STACK, jobring_init() (its memory only), jobring_parallel_for_opts() after
 *     JOBRING_E_TIMEDOUT, jobring_run_until_idle() after JOBRING_E_STACK, jobring_shutdown() after JOBRING_E_TIMEDOUT,
 *     JOBRING_E_STACK and JOBRING_E_INTERRUPTED, jobring_submit_batch() after JOBRING_E_FULL and JOBRING_E_SHUTDOWN,
 *     jobring_wait_many() after JOBRING_E_TIMEDOUT, jobring_wait_opts() after JOBRING_E_SIZE and JOBRING_E_STALE.
 *   - On a pool without workers, a submit or a wait may have run jobs before it failed. Inside a job, jobring_wait_many()
 *     and jobring_wait_idle() may have done so on any pool.
 * - JOBRING_E_INVALID is the error for a pointer that must not be NULL and is, for a pointer that is misaligned for its
 *   type, and for a `pool`, `completions` or `queue` that points to memory without one. Only jobring_destroy() takes NULL
 *   as `pool`, and jobring_completions_destroy() as `completions`. The library does not recognise memory that was freed:
 *   make no call on a pool or its completion queues after jobring_destroy() has returned.
 * - Any number of threads may use a pool and its completion queues at once, until one of them begins jobring_destroy().
 * - Times are relative (except with JOBRING_WAIT_DEADLINE), in nanoseconds, of a clock that is never set back. A negative
 *   time is JOBRING_E_INVALID, unless it is JOBRING_FOREVER. Sizes are in bytes.
 * - errno is left as it was. A wait continues after a signal, unless its handler calls jobring_interrupt_raise(). No call
 *   is a cancellation point.
 * - In a child made by fork(), a call on a pool of the parent returns JOBRING_E_FORKED at once, and changes nothing in
 *   either process. Children of vfork(), _Fork() or clone() are not recognised: a call there may hang.
 * - Hooks and callbacks are called without any lock held.
 */

#ifndef JOBRING_H
#define JOBRING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Types ------------------------------------------------------------------------------------------- */

/** A pool. Its insides are the library's. */
typedef struct jobring_pool jobring_pool;

/** A completion queue of a pool. Its insides are the library's. */
typedef struct jobring_completions jobring_completions;

/**
 * Names one job of one pool. A value, not a reference: it may be copied and kept. 0 is never a job.
 *
 * A handle is stale once its result was taken or it was detached. A call with a stale handle returns JOBRING_E_STALE,
 * except after exactly k * 2^36 uses of its slot (2^26 on 32-bit targets). A handle of another pool is recognised with a
 * probability of 255 in 256. After the pool was destroyed, make no call with it.
 */
typedef uint64_t jobring_job;

/**
 * What a call returns: JOBRING_OK, JOBRING_PENDING, or a negative JOBRING_E_ code. Codes are never
 * renumbered.
 */
typedef int32_t jobring_status;

/**
 * What a pool runs: a function as for pthread_create(). It may call every function of its pool that does not say otherwise.
 *
 * - What a job changes of its thread stays for the jobs that run there later: thread-locals, the rounding mode, the CPU
 *   mask, the signal mask, the name, the priority. A job that changes them puts them back.
 * - A job that forks must leave the child by _exit() or exec. So must a callback, a hook and the body of a loop.
 * - A C++ exception that leaves a job ends the process. If the function is `noexcept`, the C++ runtime prints the exception first. No longjmp() out of a job.
 * - A job may end its thread, by pthread_exit() or a cancellation, if a worker's loop called it, the workers are pthreads
 *   on stacks that the system gave, and the system is Linux. The job then fails with JOBRING_E_EXITED as its code, and a
 *   new thread takes the worker's place (on_stop and on_start are called). The new thread does not wait for the old one:
 *   destructors of the old thread's thread-local data run outside of the pool, and may call it. Everywhere else on Linux
 *   (a job that a wait or jobring_run_one() runs, the std backend, a callback, a hook) this ends the process. On other
 *   systems it is not allowed.
 */
typedef void *(*jobring_fn)(void *arg);

/** For timeout_ns and limit_ns: no limit. */
#define JOBRING_FOREVER (-1)

/* Structures: each is described where it is used first, jobring_config at the end. */
typedef struct jobring_config jobring_config;
typedef struct jobring_done_node jobring_done_node;
typedef struct jobring_info jobring_info;
typedef struct jobring_interrupt jobring_interrupt;
typedef struct jobring_interrupt_scope jobring_interrupt_scope;
typedef struct jobring_batch_item jobring_batch_item;
typedef struct jobring_submit_options jobring_submit_options;
typedef struct jobring_outcome jobring_outcome;
typedef struct jobring_parallel_for_options jobring_parallel_for_options;
typedef struct jobring_port jobring_port;
typedef struct jobring_report jobring_report;
typedef struct jobring_stats jobring_stats;
typedef struct jobring_wait_options jobring_wait_options;
typedef struct jobring_watched jobring_watched;
typedef struct jobring_worker jobring_worker;

/* ---- Make a pool ------------------------------------------------------------------------------------- */

/**
 * Makes a pool in memory that the library allocates, and starts its workers.
 *
 * - `config`: the configuration, or NULL for all defaults.
 * - `pool`: where the pool is written.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_INVALID: also if a field of `config` is out of its range.
 * - JOBRING_E_NOMEM: also if pthread_atfork() gets no memory.
 * - JOBRING_E_THREAD: the system refused threads, and fewer than `min_workers` (0: `workers`) were made.
 *   Those were joined.
 * - JOBRING_E_FAILED: `on_start` failed on so many workers that fewer than `min_workers` are left.
 * - JOBRING_E_STACK: `stack_size` is below jobring_stack_min().
 * - JOBRING_E_SIZE: `stack_memory_size` is too small.
 * - JOBRING_E_UNSUPPORTED: this build lacks the backend, the threads, the ports or the memory that are
 *   asked for.
 *
 * From any thread, including inside a job; not from a signal handler. Allocates. Blocks while the threads
 * are made, and until `on_start` has returned on all of them.
 */
jobring_status jobring_create(const jobring_config *config, jobring_pool **pool);

/**
 * Makes a pool in the caller's memory, and starts its workers.
 *
 * The pool lies in that memory, aligned; the library writes no byte outside of it.
 *
 * - `config`: as for jobring_create().
 * - `memory`: the memory, of any alignment, in use until jobring_destroy() has returned.
 * - `size`: its bytes: see jobring_layout().
 * - `pool`: where the pool is written.
 *
 * Returns what jobring_create() returns, and:
 * - JOBRING_E_INVALID: also if `memory` is NULL.
 * - JOBRING_E_SIZE: also if `memory` is too small.
 * - JOBRING_E_THREAD, JOBRING_E_FAILED, JOBRING_E_UNSUPPORTED, JOBRING_E_NOMEM, JOBRING_E_INVALID: the
 *   memory may have been written to.
 *
 * From any thread, including inside a job; not from a signal handler. Does not allocate, except that
 * Rust's standard library does to make its threads, and to count the CPUs if `workers` is 0. Blocks while
 * the threads are made, and until `on_start` has returned on all of them.
 */
jobring_status jobring_init(const jobring_config *config,
                            void *memory,
                            size_t size,
                            jobring_pool **pool);

/**
 * Tells how much memory jobring_init() needs for a pool.
 *
 * - `config`: as for jobring_create().
 * - `size`: where the bytes are written, for memory that is aligned to `align`; other memory needs up to
 *   `align` - 1 bytes more.
 * - `align`: where the alignment is written. Both may be NULL.
 *
 * Returns what jobring_create() returns for a wrong configuration, as far as that is known before threads
 * are made; else JOBRING_OK. JOBRING_E_INVALID also for a misaligned `size` or `align`.
 *
 * From any thread, including inside a job; not from a signal handler. Does not block. Does not allocate,
 * except that Rust's standard library does to count the CPUs if `workers` is 0.
 */
jobring_status jobring_layout(const jobring_config *config, size_t *size, size_t *align);

/**
 * Prepares a structure of this header that begins with its size: sets that field, and all others to zero,
 * which is the default in each.
 *
 * For languages that cannot use the JOBRING_..._INIT macros.
 *
 * - `structure`: what is filled.
 * - `size`: its sizeof, as the caller knows it.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_INVALID: also if `size` is below 4 or above 4,096.
 *
 * From anywhere, including a signal handler and an interrupt. Does not block or allocate.
 */
jobring_status jobring_struct_init(void *structure, size_t size);

/**
 * Checks a configuration without making a pool, and tells which of its fields is wrong.
 *
 * - `config`: as for jobring_create().
 * - `field`: where the name of the first wrong field is written, such as "max_workers": a text that lives as long as
 *   the program. NULL is written if none is wrong. Of fields that need each other it is one: the one that does not
 *   fit the others. May be NULL.
 *
 * Returns what jobring_create() returns for a wrong field, as far as that is known before memory is allocated and
 * threads are made; else JOBRING_OK. (A CPU of `cpus` that this process may not use is known when its thread is
 * made.) JOBRING_E_INVALID also for a misaligned `config`, with NULL for its field, and for a misaligned `field`.
 *
 * From any thread, including inside a job; not from a signal handler. Does not block. Does not allocate,
 * except that Rust's standard library does to count the CPUs if `workers` is 0.
 */
jobring_status jobring_config_check(const jobring_config *config,
                                    const char **field);

/*
 * Static memory for a pool, of a size that is known when the program is compiled: never less than what jobring_layout()
 * says for this number of jobs, workers (`grow_to`, if that is more) and bytes of payload (none of them 0), plus what
 * jobring_init() needs to align it.
 *
 *     JOBRING_STATIC_POOL(memory, 256, 4, 48);
 *     jobring_init(&config, memory, sizeof memory, &pool);
 */
#define JOBRING_POOL_BYTES(capacity, workers, payload)                                                                 \
    (2048 + (workers) * (64 + 40 * sizeof(void *)) +                                                                    \
     (capacity) * (6 * sizeof(void *) + ((payload) + 2 * sizeof(void *) - 1) / (2 * sizeof(void *)) * 2 * sizeof(void *)))
#define JOBRING_STATIC_POOL(name, capacity, workers, payload)                                                           \
    static unsigned char name[JOBRING_POOL_BYTES(capacity, workers, payload)]

/* ---- Submit jobs ------------------------------------------------------------------------------------- */

/**
 * Submits a job: a worker will call fn(arg).
 *
 * Waits for a free slot if there is none.
 *
 * - `fn`: the job.
 * - `arg`: its argument, which the library passes on.
 * - `job`: where the handle is written. Each handle must come to jobring_wait(), jobring_poll() (until the
 *   result is there) or jobring_detach(); until then the job's slot stays taken. NULL submits the job
 *   detached: nobody asks for its result, and it costs less.
 *
 * Returns:
 * - JOBRING_OK: the job is accepted, and will be run, cancelled or discarded exactly once.
 * - JOBRING_E_SHUTDOWN.
 * - JOBRING_E_DEADLOCK: inside a job, a hook or a callback on a worker, if no job can free a slot: each
 *   slot holds a job that itself waits in this pool without a time limit, a result that nobody has taken,
 *   or a queued job that no worker is left to run.
 * - JOBRING_E_FULL: on a pool without workers, if no job is queued that the caller could run to make room.
 * - JOBRING_E_INTERRUPTED: no slot is free, and an interrupt was raised (jobring_interrupt_begin()).
 * - JOBRING_E_INVALID.
 *
 * After an error the job was not accepted, and `arg` is still the caller's.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler or an
 * interrupt. While a slot is free it neither blocks nor locks, and is lock-free; else it sleeps. It never
 * allocates.
 */
jobring_status jobring_submit(jobring_pool *pool, jobring_fn fn, void *arg, jobring_job *job);

/**
 * As jobring_submit(), but never waits: if no slot is free, it returns JOBRING_E_FULL.
 *
 * It runs no other job and no callback. It wakes a sleeping worker by at most one system call, which takes
 * no lock on Linux.
 *
 * From any thread, including inside a job, a hook or a callback; on Linux from a signal handler; from an
 * interrupt on a pool without a port. Is lock-free. Does not block or allocate.
 */
jobring_status jobring_try_submit(jobring_pool *pool, jobring_fn fn, void *arg, jobring_job *job);

/**
 * As jobring_try_submit(), for an interrupt.
 *
 * If it wakes a worker, the pool's port gets 1 as `from_isr` of its `unpark`. On a pool without a port it
 * does the same as jobring_try_submit().
 *
 * A firmware whose jobs need no options links less code with this call; an interrupt that wants a callback
 * or copied data calls jobring_submit_opts() with JOBRING_WHEN_FULL_FAIL_ISR.
 *
 * From an interrupt, and from where jobring_try_submit() may be called; not from a thread if the port's
 * `unpark` tells interrupts from threads.
 */
jobring_status jobring_try_submit_isr(jobring_pool *pool, jobring_fn fn, void *arg, jobring_job *job);

/**
 * As jobring_submit(), with options.
 *
 * - `options`: how to submit the job, or NULL for all defaults.
 *
 * Returns what jobring_submit() returns, and:
 * - JOBRING_E_FULL: with JOBRING_WHEN_FULL_FAIL and JOBRING_WHEN_FULL_FAIL_ISR.
 * - JOBRING_E_TIMEDOUT: no slot became free in time.
 * - JOBRING_E_SIZE: the argument or the data, and the callbacks, do not fit into the payload.
 * - JOBRING_E_INVALID: also for a node without a callback or with a reserved word that is not 0, for `copy`
 *   with an `arg` that is NULL, and for JOBRING_WHEN_FULL_RUN with a `job` or with `copy`.
 *
 * From where jobring_submit() may be called; with JOBRING_WHEN_FULL_FAIL from where jobring_try_submit() may,
 * with JOBRING_WHEN_FULL_FAIL_ISR from where jobring_try_submit_isr() may; with JOBRING_WHEN_FULL_RUN also from
 * an interrupt on a pool without a port, if the job may run there.
 */
jobring_status jobring_submit_opts(jobring_pool *pool,
                                   jobring_fn fn,
                                   void *arg,
                                   const jobring_submit_options *options,
                                   jobring_job *job);

/**
 * As jobring_submit_opts(), but the handle serves jobring_cancel() only, and nobody has to give it up.
 *
 * Nobody waits for such a job: when it has ended, its slot is given back as that of a detached job, and the
 * handle is stale. Its result goes to the drop callback. The job itself and its callbacks know the handle,
 * by jobring_current_job() and the `job` of the outcome, also if they are called before this function has
 * returned.
 *
 * The job needs one word of its slot's payload more than jobring_submit_opts() says, so that there is room
 * for the payload minus 3 words of copied data (24 of 48 bytes).
 *
 * - `options`: how to submit the job, or NULL for all defaults. JOBRING_WHEN_FULL_RUN is invalid.
 * - `job`: where the handle is written. jobring_cancel() with it returns JOBRING_E_BUSY while the job runs
 *   and its callbacks are called, and JOBRING_E_STALE afterwards; every other call JOBRING_E_STALE at any
 *   time. NULL if the job itself passes its handle on.
 *
 * Returns what jobring_submit_opts() returns. After an error the job was not accepted, and `arg` is still
 * the caller's.
 *
 * From where jobring_submit_opts() may be called. While a slot is free it neither blocks nor locks, and is
 * lock-free; else it sleeps. It never allocates.
 */
jobring_status jobring_submit_cancellable(jobring_pool *pool,
                                          jobring_fn fn,
                                          void *arg,
                                          const jobring_submit_options *options,
                                          jobring_job *job);

/**
 * Submits several jobs with one wake-up between them, which is cheaper than one by one.
 *
 * The jobs are queued in this order; jobs of other threads may come in between. The call never waits: if
 * the pool becomes full, the rest is not accepted, and jobring_submit() of the next job waits for room.
 *
 * - `items`: the jobs; NULL is allowed if `count` is 0.
 * - `count`: the number of jobs.
 * - `jobs`: where the handles of the accepted jobs are written, or NULL to submit the jobs detached.
 * - `accepted`: where the number of accepted jobs is written; NULL if it is not wanted.
 *
 * Returns:
 * - JOBRING_OK: all were accepted.
 * - JOBRING_E_FULL, JOBRING_E_SHUTDOWN: only the first jobs were accepted, or none; `accepted` is written.
 *   The other jobs' arguments are still the caller's.
 * - JOBRING_E_INVALID, JOBRING_E_SIZE: one of the items is wrong, and none was accepted.
 *
 * From any thread, including inside a job, a hook or a callback; on Linux from a signal handler; from an
 * interrupt on a pool without a port. Is lock-free for each job. Does not block or allocate. A thread that
 * is stopped inside this call keeps up to 8 free slots from others.
 */
jobring_status jobring_submit_batch(jobring_pool *pool,
                                    const jobring_batch_item *items,
                                    size_t count,
                                    jobring_job *jobs,
                                    size_t *accepted);

/**
 * Called once when a job has finished, on the thread that ended it, before threads that wait for the job learn of it.
 *
 * - `arg`: the job's argument, or its copied data; for a node, the node's `arg`.
 * - `outcome`: what became of the job, valid until the callback returns. A detached job has one too.
 *
 * For jobring_current_job() and jobring_cancel_requested() the thread is still inside the job; jobring_fail() comes too late.
 */
typedef void (*jobring_done_fn)(void *arg, const jobring_outcome *outcome);

/**
 * Called once with what nobody else will free: the argument of a job that will not run (JOBRING_E_CANCELLED,
 * JOBRING_E_SHUTDOWN), or the result that nobody took, unless it is NULL (JOBRING_E_UNTAKEN). Of a job that was submitted with
 * `move` also its error, unless it is NULL (JOBRING_E_FAILED). It runs on the thread that decided this, before that thread's call
 * returns.
 */
typedef void (*jobring_drop_fn)(void *arg, jobring_status why);

/**
 * Moves a value to other memory: builds it at `to`, and ends it at `from`. For C++ that is the move constructor, and then the
 * destructor of what it left behind. `size` is the length of the job's copied data.
 *
 * A submit calls it to build a job's argument in its slot, a wait or a take to bring a job's result out. It must return, and
 * not throw. When a submit calls it, the job is not accepted yet, and holds its slot: inside it jobring_shutdown() returns
 * JOBRING_E_DEADLOCK, and so do, where they would wait, jobring_wait_idle(), jobring_lane_close() and
 * jobring_completions_take() with a timeout other than 0; jobring_destroy() returns JOBRING_E_BUSY. When a wait or a take calls it, the
 * thread is inside the job.
 */
typedef void (*jobring_move_fn)(void *to, void *from, size_t size);

/** A jobring_move_fn that is no function: the library copies the bytes. For a job that owns data which can be copied. */
#define JOBRING_MOVE_BYTES JOBRING_NUMBER_(jobring_move_fn, 1)

/** One more done callback, in the caller's memory. */
struct jobring_done_node {
    /** The next node, or NULL. It is read before this node's callback is called, which may then reuse the node. */
    jobring_done_node *next;
    /** Called as a done callback, with this node's `arg`. Not NULL. */
    jobring_done_fn done;
    /** What it is called with. */
    void *arg;
    /** The library's. The caller sets them to 0. */
    void *reserved[2];
};

/**
 * How to submit a job. Zero is the default in every field. The structure is read during the call only.
 *
 * The job takes two words of its slot's payload (jobring_config.payload), one more for each of `done`, `drop` and `nodes`,
 * and its argument or its copied data. If that does not fit, the call returns JOBRING_E_SIZE.
 */
struct jobring_submit_options {
    /** sizeof (jobring_submit_options). */
    uint32_t size;
    /** What to do when no slot is free: JOBRING_WHEN_FULL_. */
    uint32_t when_full;
    /** The longest wait for a slot in nanoseconds, with JOBRING_WHEN_FULL_WAIT. 0 or JOBRING_FOREVER: no limit. */
    int64_t limit_ns;
    /** Called when the job has finished. NULL: nothing. */
    jobring_done_fn done;
    /**
     * Called with what nobody else frees: the argument of a job that will not run, or a result that nobody took.
     * NULL: nothing.
     */
    jobring_drop_fn drop;
    /**
     * Copy this many bytes from `arg` into the slot, and call the job with a pointer to the copy. 0: pass `arg` on.
     *
     * Without callbacks there is room for the payload minus 2 words (32 of 48 bytes). The copy is aligned to 16 bytes (8 on
     * 32-bit targets) and lives until the job's result is taken. The job may leave a result there, which jobring_wait_opts()
     * copies out.
     */
    size_t copy;
    /**
     * The first of a list of callbacks that are called after `done`, in their order. NULL: none. The nodes are the caller's,
     * and stay where they are until their callbacks were called. With the `node` of a jobring_watched among them, callbacks
     * can be added later.
     */
    jobring_done_node *nodes;
    /**
     * Moves the data from `arg` into the slot, in place of the copy that `copy` asks for. NULL: copy them. For types that
     * cannot be copied byte by byte; jobring.hpp uses it. It is called once, if a slot was found, and then the value at `arg` is
     * gone. `copy` must not be 0.
     *
     * The job owns the value in its slot: it ends the value, and may leave a result in its place. If it calls jobring_fail(),
     * what it returns is its error: a wait gets that as the `result`. The drop callback gets a value of a job that will not run,
     * a result that is not NULL (JOBRING_E_UNTAKEN), or an error that is not NULL (JOBRING_E_FAILED), if nobody takes it. There
     * is less room for the text of a failure: the payload minus 2 words and 16 bytes (12 on 32-bit targets), and one word for each of
     * `done`, `drop` and `nodes` (8 of 48 bytes with one of them). A failure is written over the beginning of the value's memory: 16
     * bytes (12), and the text. That a job has ended its thread (JOBRING_E_EXITED) has no text.
     */
    jobring_move_fn move;
    /** NULL: for a later version. */
    void *reserved;
};

/** Initial value for a jobring_submit_options: all defaults. */
#define JOBRING_SUBMIT_OPTIONS_INIT                                                                                    \
    { JOBRING_SIZE_(jobring_submit_options), 0, 0, JOBRING_NULL_, JOBRING_NULL_, 0, JOBRING_NULL_, JOBRING_NULL_,      \
      JOBRING_NULL_ }

/** jobring_submit_options.when_full: wait for a slot, at most limit_ns. */
#define JOBRING_WHEN_FULL_WAIT 0
/** jobring_submit_options.when_full: return JOBRING_E_FULL. */
#define JOBRING_WHEN_FULL_FAIL 1

/**
 * jobring_submit_options.when_full: run the job on the calling thread. Such a job has no slot: `job` must be NULL and `copy` 0, and
 * jobring_fail() in it has no effect.
 */
#define JOBRING_WHEN_FULL_RUN 2

/** jobring_submit_options.when_full: as JOBRING_WHEN_FULL_FAIL, from an interrupt: see jobring_try_submit_isr(). */
#define JOBRING_WHEN_FULL_FAIL_ISR 3

/** One job of a batch. */
struct jobring_batch_item {
    /** The job. */
    jobring_fn fn;
    /** Its argument. */
    void *arg;
    /** As for jobring_submit_opts(), but when_full and limit_ns are ignored. NULL: all defaults. */
    const jobring_submit_options *options;
    /** 0. */
    void *reserved;
};

/* ---- Wait for jobs ----------------------------------------------------------------------------------- */

/**
 * Waits until a job has finished, and takes its result.
 *
 * The handle is stale afterwards. jobring_wait_opts() tells more about the job; this is the short form for the result alone.
 *
 * Inside a job of this pool, and without a time limit, a job that is still queued runs right here on this thread's
 * stack, so that no worker stands still for it: that very job and no other. (Locks and thread-locals of the two jobs
 * are then one thread's.) On a pool without workers the caller runs the queued jobs in their order.
 *
 * - `timeout_ns`: the longest wait in nanoseconds; JOBRING_FOREVER; 0 does not wait.
 * - `result`: where what the job returned is written, on JOBRING_OK; and on JOBRING_E_FAILED, if the job was submitted with
 *   jobring_submit_options.move and left an error;
 *   in a build without threads only jobring_wait_opts() returns that. NULL if it is not wanted.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_FAILED: the job called jobring_fail().
 * - JOBRING_E_CANCELLED, JOBRING_E_SHUTDOWN: the job was cancelled, or a shutdown discarded it.
 * - JOBRING_E_TIMEDOUT: the job and its handle are as before.
 * - JOBRING_E_STALE: another thread took the result, the job was detached, or the handle is not of this pool.
 * - JOBRING_E_DEADLOCK: the caller is inside this very job, or, without a time limit, inside a job that this one
 *   waits for, directly or through others. Of several jobs that wait for each other in a circle one gets it.
 * - JOBRING_E_STACK: this stack has no room for the queued job (stack_reserve of jobring_config), or the caller is a
 *   job on a stack that is not its thread's own (a fiber), and no other worker is there to run it.
 * - JOBRING_E_INTERRUPTED: an interrupt was raised (jobring_interrupt_begin()). The job and its handle are as before.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Blocks. Does not allocate;
 * the system's library may, where stack_reserve of jobring_config says so.
 */
jobring_status jobring_wait(jobring_pool *pool,
                            jobring_job job,
                            int64_t timeout_ns,
                            void **result);

/**
 * Takes the result of a job if it has finished.
 *
 * It is jobring_wait() that never waits, and may be called from an interrupt.
 *
 * - `result`: where what the job returned is written, on JOBRING_OK; and on JOBRING_E_FAILED, if the job was submitted with
 *   jobring_submit_options.move and left an error (a build without threads leaves that to jobring_wait_opts()). NULL if it is not
 *   wanted.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_PENDING: the job has not finished.
 * - JOBRING_E_FAILED, JOBRING_E_CANCELLED, JOBRING_E_SHUTDOWN, JOBRING_E_STALE, JOBRING_E_INVALID: as for jobring_wait().
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler; from an interrupt on a pool
 * without a port. Does not block or allocate.
 */
jobring_status jobring_poll(jobring_pool *pool,
                            jobring_job job,
                            void **result);

/**
 * Waits until a job has finished, tells what became of it, and takes its result.
 *
 * Without options it waits as jobring_wait() does. With JOBRING_WAIT_PEEK it takes nothing: the job and its handle stay as
 * they are.
 *
 * - `options`: how to wait, or NULL for all defaults.
 * - `outcome`: what is filled in, or NULL if it is not wanted. The caller sets its `size`, `data`, `capacity` and `move`, as
 *   JOBRING_OUTCOME_INIT does for one that wants neither the text of a failure nor copied data.
 *
 * Returns:
 * - JOBRING_OK, JOBRING_E_FAILED, JOBRING_E_CANCELLED, JOBRING_E_SHUTDOWN: the `status` of the outcome, which is filled in.
 * - JOBRING_PENDING: with JOBRING_WAIT_POLL, if the job has not finished.
 * - JOBRING_E_SIZE: the job's data are longer than `capacity`. The job stays as it was; only `length` is written.
 * - JOBRING_E_STALE: as for jobring_wait(). `data` may hold anything. (If another thread detaches the job while this call
 *   looks at it, the drop callback gets the result on this thread.)
 * - JOBRING_E_INVALID: also for unknown flags, a structure that is too small, a `capacity` or a `move` without `data`, and a
 *   `move` with JOBRING_WAIT_PEEK.
 * - What jobring_wait() returns otherwise.
 *
 * From where jobring_wait() may be called; with JOBRING_WAIT_POLL from where jobring_poll() may be called, and then it does
 * not block. Does not allocate, as jobring_wait().
 */
jobring_status jobring_wait_opts(jobring_pool *pool,
                                 jobring_job job,
                                 const jobring_wait_options *options,
                                 jobring_outcome *outcome);

/** How to wait for a job, or for several. Zero is the default in every field. */
struct jobring_wait_options {
    /** sizeof (jobring_wait_options). */
    uint32_t size;
    /** JOBRING_WAIT_ constants, or'ed together. */
    uint32_t flags;
    /**
     * The longest wait in nanoseconds; with JOBRING_WAIT_DEADLINE the time at which it ends. 0 or JOBRING_FOREVER: no limit;
     * not to wait at all is JOBRING_WAIT_POLL.
     */
    int64_t limit_ns;
};

/** Initial value for a jobring_wait_options: all defaults. */
#define JOBRING_WAIT_OPTIONS_INIT { JOBRING_SIZE_(jobring_wait_options), 0, 0 }

/**
 * jobring_wait_options.flags: the calling thread runs the job if it is still queued, also outside of jobs. The call may
 * then take longer than `limit_ns`.
 */
#define JOBRING_WAIT_HELP 1

/** jobring_wait_options.flags: do not wait, and run nothing, whatever `limit_ns` is. */
#define JOBRING_WAIT_POLL 2
/** jobring_wait_options.flags: take nothing. The job and its handle stay as they are. */
#define JOBRING_WAIT_PEEK 4

/**
 * jobring_wait_options.flags: `limit_ns` is a time at which the wait ends, not its length: a time of the pool's clock
 * (jobring_now()). So several calls can have one deadline.
 */
#define JOBRING_WAIT_DEADLINE 8

/**
 * What became of a job. A wait or a take fills it for the caller; a done callback reads it.
 *
 * The caller of a wait or a take sets `size`, `data`, `capacity` and `move`; JOBRING_OUTCOME_INIT asks for neither text nor data.
 */
struct jobring_outcome {
    /** sizeof (jobring_outcome). */
    uint32_t size;
    /**
     * JOBRING_OK: the job ran. JOBRING_E_FAILED: it ran and failed. JOBRING_E_CANCELLED: it was cancelled.
     * JOBRING_E_SHUTDOWN: a shutdown discarded it.
     */
    jobring_status status;
    /** The job. 0 in the done callback of a job that had no slot (JOBRING_WHEN_FULL_RUN). */
    jobring_job job;
    /**
     * The job's argument. For a job with copied data: in a done callback the copy; after a wait `data` if the data were
     * copied there, else NULL.
     */
    void *arg;
    /**
     * What the job's function returned. NULL unless the status is JOBRING_OK, or JOBRING_E_FAILED and the job was submitted with
     * `move`.
     */
    void *result;
    /**
     * The text of a failure, with a zero behind it, or the copied data of a job that ran. For a wait: the caller's memory
     * that they are copied to, or NULL. In a done callback: the library's memory, valid until the callback returns, or NULL.
     */
    void *data;
    /**
     * Bytes of memory at `data`. A text is cut to fit; data that do not fit are JOBRING_E_SIZE, and a
     * take cuts them. 0 in a done callback.
     */
    size_t capacity;
    /** The bytes of the text (without its zero) or of the data, also if fewer were copied. */
    uint32_t length;
    /** What jobring_fail() was given, or JOBRING_E_EXITED. 0 unless the status is JOBRING_E_FAILED. */
    int32_t code;
    /**
     * For a wait or a take: moves the copied data of a job that ran from its slot to `data`, in place of a copy; `capacity` is
     * not looked at. NULL: copy them. NULL in a done callback.
     */
    jobring_move_fn move;
    /** NULL. */
    void *reserved;
};

/** Initial value for a jobring_outcome without room for a text or data. */
#define JOBRING_OUTCOME_INIT                                                                                           \
    { JOBRING_SIZE_(jobring_outcome), 0, 0, JOBRING_NULL_, JOBRING_NULL_, JOBRING_NULL_, 0, 0, 0, JOBRING_NULL_,            \
      JOBRING_NULL_ }

/**
 * Waits until one of several jobs has finished, or until all have, and takes nothing.
 *
 * Whatever `until` says, the wait also ends when all jobs have finished. A handle that is stale counts as a
 * job that has finished: another thread may take a result, or detach a job, during the call. So a loop that
 * waits for the first job, and takes it, leaves its handle out of the next call. (The reference is
 * concurrent.futures.wait() of Python.)
 *
 * Inside a job of this pool, and without a time limit, queued jobs of the array run right here until the
 * wait is decided, as for jobring_wait(). On a pool without workers the caller runs the queued jobs in their
 * order.
 *
 * Each call looks at all jobs. To take many jobs one after the other as they finish, use a completion queue
 * (jobring_completions_create()): there each costs the same, however many are pending.
 *
 * - `jobs`: the handles; the array does not change during the call.
 * - `count`: the number of handles. 0: the call returns JOBRING_OK at once.
 * - `until`: JOBRING_UNTIL_ALL, JOBRING_UNTIL_FIRST or JOBRING_UNTIL_FAILURE.
 * - `options`: how to wait, or NULL for all defaults. JOBRING_WAIT_PEEK changes nothing.
 * - `index`: where, on JOBRING_OK only, the position in the array is written of a job that has finished
 *   (JOBRING_UNTIL_FIRST) or failed (JOBRING_UNTIL_FAILURE); `count` if the wait ended because all have
 *   finished. NULL if it is not wanted.
 * - `states`: an array where, on JOBRING_OK, JOBRING_PENDING and JOBRING_E_TIMEDOUT, a JOBRING_STATE_
 *   constant is written for each job: where it stands when the call returns. JOBRING_STATE_STALE stands for
 *   a stale handle. NULL if they are not wanted.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_PENDING: with JOBRING_WAIT_POLL, if the call would have to wait.
 * - JOBRING_E_TIMEDOUT: the time limit has passed. The jobs are as before.
 * - JOBRING_E_DEADLOCK: as for jobring_wait(), if no job is left that could end the wait.
 * - JOBRING_E_STACK, JOBRING_E_INTERRUPTED: as for jobring_wait().
 * - JOBRING_E_INVALID: also for another `until`.
 *
 * From where jobring_wait() may be called; with JOBRING_WAIT_POLL from where jobring_poll() may be called,
 * and then it does not block. Does not allocate, as jobring_wait().
 */
jobring_status jobring_wait_many(jobring_pool *pool,
                                 const jobring_job *jobs,
                                 size_t count,
                                 uint32_t until,
                                 const jobring_wait_options *options,
                                 size_t *index,
                                 uint32_t *states);

/** jobring_wait_many(): until all jobs have finished. */
#define JOBRING_UNTIL_ALL 0
/** jobring_wait_many(): until one job has finished. */
#define JOBRING_UNTIL_FIRST 1
/** jobring_wait_many(): until one job has failed. A job that was cancelled has not failed. */
#define JOBRING_UNTIL_FAILURE 2

/**
 * Tells where a job stands, and takes nothing.
 *
 * A job that has finished stays so: JOBRING_STATE_DONE and all greater numbers say that. What the job did is
 * visible to a caller that learns here that it has finished.
 *
 * - `state`: where one of the JOBRING_STATE_ constants is written.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_STALE: its result was taken, it was detached, or submitted without a result to take
 *   (jobring_completions_submit(), jobring_submit_cancellable()), or the handle is not of this pool.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler; from an
 * interrupt. Does not block or allocate.
 */
jobring_status jobring_state(const jobring_pool *pool, jobring_job job, uint32_t *state);

/** Where a job stands: the handle is stale. jobring_state() returns JOBRING_E_STALE instead. */
#define JOBRING_STATE_STALE 0
/** Where a job stands: no thread has started it. */
#define JOBRING_STATE_QUEUED 1

/**
 * Where a job stands: it runs, or its callbacks are being called. A job that is asked to stop runs until it
 * returns.
 */
#define JOBRING_STATE_RUNNING 2

/** Where a job stands: it has returned. */
#define JOBRING_STATE_DONE 3
/** Where a job stands: it has returned, and had called jobring_fail(). */
#define JOBRING_STATE_FAILED 4
/** Where a job stands: it was cancelled, or discarded by a shutdown, and has not run. */
#define JOBRING_STATE_CANCELLED 5

/**
 * Where a job stands: it has finished. How is not known at this moment, because another thread looks at its
 * outcome (JOBRING_WAIT_PEEK, or a jobring_wait_opts() whose memory may be too small). Until that thread is
 * done, jobring_poll() returns JOBRING_PENDING.
 */
#define JOBRING_STATE_FINISHED 6

/**
 * Tells where the copied data of a job lie, for a caller that shares them with the job while it runs.
 *
 * They stay there until the result is taken or given up. Where the job, its callbacks and the caller use the same bytes, atomics
 * say who may. If the job fails, the library writes over its beginning: a word and 8 bytes, and behind them the text.
 *
 * - `job`: a job that was submitted with jobring_submit_options.copy.
 * - `data`: where the address is written.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_STALE: as for jobring_state().
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler; from an interrupt. Does not block or
 * allocate.
 */
jobring_status jobring_job_data(const jobring_pool *pool,
                                jobring_job job,
                                void **data);

/**
 * Makes the job that calls this a failed one when it returns.
 *
 * A wait for it gives JOBRING_E_FAILED, and its outcome has `code` and `text`. The last call counts.
 *
 * - `code`: any number.
 * - `text`: a C string, or NULL for none. A done callback sees up to 119 bytes of it. A wait sees as many as the slot has
 *   room for: the payload less 8 bytes and a word (32 of 48), at most 119.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_INVALID: outside of jobs.
 *
 * From inside a job. Does not block or allocate.
 */
jobring_status jobring_fail(int32_t code,
                            const char *text);

/**
 * Waits until every accepted job has finished, and leaves the pool open.
 *
 * It returns when that was so at some moment during the call. The caller sees what the jobs did, also the
 * detached ones. Results may still be untaken. On a pool without workers the caller runs the queued jobs. If
 * other threads keep submitting, the pool may never be idle.
 *
 * Inside a job it runs the queued jobs as well. There it waits neither for the jobs that this thread is
 * inside of, nor for jobs that are inside this call or a shutdown. A job that waits without a time limit for
 * one of those cannot finish: then one of the two calls returns JOBRING_E_DEADLOCK.
 *
 * - `timeout_ns`: the longest wait; JOBRING_FOREVER; 0 only looks. If the time ends while this call runs a
 *   job, the call returns after that job.
 *
 * Returns:
 * - JOBRING_OK: the pool was idle.
 * - JOBRING_E_TIMEDOUT.
 * - JOBRING_E_DEADLOCK: without a time limit and inside a job, if another job cannot finish before this one
 *   does; with any time limit but 0 inside a jobring_move_fn that a submit to this pool calls.
 * - JOBRING_E_STACK: inside a job, if too little stack is left to run what is queued, and nobody else runs
 *   it.
 * - JOBRING_E_INTERRUPTED: by jobring_interrupt_raise().
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Blocks. Does not
 * allocate.
 */
jobring_status jobring_wait_idle(jobring_pool *pool, int64_t timeout_ns);

/* ---- Watch for jobs that end ------------------------------------------------------------------------- */

/**
 * Prepares a structure for jobring_watch(), before the submit of its job.
 *
 * - `watched`: the structure. If a job was accepted with it before, that job has ended, and no thread is inside
 *   jobring_watch() with it.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID.
 *
 * From anywhere, also from a signal handler or an interrupt. Does not block or allocate.
 */
jobring_status jobring_watched_init(jobring_watched *watched);

/**
 * Adds a done callback to a job, at any time; if the job has ended, calls it at once.
 *
 * Each callback is called exactly once. Those that were added before the job ended are called as done callbacks
 * (jobring_done_fn), in the order in which they were added: on the thread that ended the job, which is still inside
 * the job, before the waits for it return.
 *
 * A callback that is added later is called by this function, on the calling thread and outside of the job. The
 * earlier ones may still be running, on the thread that ended the job. Its outcome has `job`, `status`, `result` and
 * `code` only. By then the result may have been taken, or freed by the drop callback.
 *
 * A callback may cancel, detach, submit and watch again. From its call on the node is the caller's again: the
 * callback may add it to another job, or free it.
 *
 * - `watched`: from jobring_watched_init(); its node was, is or will be among the nodes of a submit.
 * - `node`: the callback and its argument. The node and its `next` are the library's until the callback is
 *   called.
 *
 * Returns:
 * - JOBRING_OK: the callback was called, or will be when a job that was submitted with `watched` has ended.
 * - JOBRING_E_INVALID: also for a node without a callback or with a reserved word that is not 0.
 *
 * From any thread, including inside a job, a hook or a callback; from a signal handler or an interrupt too,
 * if the callback may be called there. Is lock-free. Does not block or allocate, except for what the
 * callback does.
 */
jobring_status jobring_watch(jobring_watched *watched,
                             jobring_done_node *node);

/**
 * A job whose done callbacks are added at any time, by jobring_watch(). It is the caller's memory.
 *
 * jobring_watched_init() prepares it, and `&watched.node` goes into jobring_submit_options.nodes of one job,
 * alone or in a list. So any job with options can be watched: one with a handle, detached, of a batch or of
 * a completion queue. The structure stays where it is until the job has ended and no thread is inside
 * jobring_watch() or begins it; the last callback may free it.
 *
 * If the job is refused, the structure can be used for another one. If it was accepted, only after its end, and
 * after another jobring_watched_init(): without that, the submit returns JOBRING_E_INVALID.
 */
struct jobring_watched {
    /**
     * For jobring_submit_options.nodes. The caller may set `next` before the submit, and changes nothing
     * else.
     */
    jobring_done_node node;
    /** The library's. */
    void *reserved[8];
};

/* ---- Take jobs as they finish ------------------------------------------------------------------------ */

/**
 * Makes a completion queue of a pool, in memory that the library allocates.
 *
 * A job that is submitted into the queue arrives there when it has ended, however it did, and holds its slot until it is taken.
 * A pool may have any number of queues. jobring_destroy() ends those that are left.
 *
 * - `limit`: the most jobs that may be pending: submitted and not taken. 0: no limit of its own.
 * - `completions`: where the queue is written.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_NOMEM.
 * - JOBRING_E_UNSUPPORTED: a build without std and pthread has no such memory: see jobring_completions_init().
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Allocates, unless a queue of the
 * pool was destroyed before: then it gets the memory of that one. Does not block, except for a lock that other calls of this
 * function and of jobring_completions_destroy() hold for a moment.
 */
jobring_status jobring_completions_create(jobring_pool *pool,
                                          uint32_t limit,
                                          jobring_completions **completions);

/**
 * Makes a completion queue in the caller's memory.
 *
 * - `limit`: as for jobring_completions_create().
 * - `memory`: the memory, of any alignment. It is in use until the pool was destroyed, also after jobring_completions_destroy():
 *   a thread that has handed over a completion may still touch the queue for a moment after another thread took it.
 * - `size`: its bytes: see jobring_completions_layout().
 * - `completions`: where the queue is written.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_SIZE: `memory` is too small.
 * - JOBRING_E_INVALID: also if `memory` is NULL.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block or allocate.
 */
jobring_status jobring_completions_init(jobring_pool *pool,
                                        uint32_t limit,
                                        void *memory,
                                        size_t size,
                                        jobring_completions **completions);

/**
 * Tells how much memory jobring_completions_init() needs for a queue of this pool.
 *
 * - `size`: where the bytes are written, for memory that is aligned to `align`; other memory needs up to `align` - 1 bytes more.
 * - `align`: where the alignment is written. Both may be NULL.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block or allocate.
 */
jobring_status jobring_completions_layout(const jobring_pool *pool,
                                          size_t *size,
                                          size_t *align);

/**
 * Submits a job into a completion queue, from which jobring_completions_take() takes it when it has ended.
 *
 * It is jobring_submit_opts() with two limits: the pool's slots, and the queue's own. What `when_full` says holds for both, and
 * `limit_ns` for each of the two waits. A job in a queue needs one word of its slot's payload more, so that there is room for
 * the payload minus 3 words of copied data (24 of 48 bytes), and one word less for the text of a failure.
 *
 * - `arg`: the job's argument, or with `copy` the data.
 * - `options`: how to submit the job, or NULL for all defaults. JOBRING_WHEN_FULL_RUN is invalid: such a job does not arrive.
 * - `job`: where a handle is written with which jobring_cancel() works; for every other call it is stale. NULL if it is not
 *   wanted. jobring_completions_take() has the same number in the outcome.
 *
 * Returns:
 * - JOBRING_OK: the job is accepted, and will be run, cancelled or discarded exactly once, and then arrive.
 * - JOBRING_E_FULL, JOBRING_E_TIMEDOUT: the queue is at its limit, or no slot is free.
 * - What jobring_submit_opts() returns otherwise. On a pool without workers the call runs queued jobs while no slot is free, but
 *   not while the queue is at its limit: there it waits until another thread takes.
 *
 * After an error the job was not accepted, and `arg` is still the caller's.
 *
 * From where jobring_submit_opts() may be called. While the queue is below its limit and a slot is free it neither blocks nor
 * locks; else it sleeps. Inside a job it may sleep for ever at the limit, if no other thread takes. It never allocates.
 */
jobring_status jobring_completions_submit(jobring_completions *completions,
                                          jobring_fn fn,
                                          void *arg,
                                          const jobring_submit_options *options,
                                          jobring_job *job);

/**
 * Takes jobs of a completion queue that have ended, in the order in which they did.
 *
 * Waits until there is at least one, and then takes as many as are there. A taken job's slot is free again. Any number of
 * threads may take from one queue: each job goes to one of them. No job runs on the calling thread.
 *
 * - `completions`: the queue.
 * - `timeout_ns`: the longest wait in nanoseconds; JOBRING_FOREVER; 0 does not wait.
 * - `outcomes`: an array that is filled from its beginning. The caller sets the `size` of each element, all to the same number,
 *   which is also the distance from one to the next, and `data`, `capacity` and `move` for elements that
 *   receive the text of a failure or copied data; in the others these are 0. Unlike jobring_wait_opts(), this call cuts data that do not fit; `length` says how long they were.
 * - `count`: the number of elements.
 * - `taken`: where the number of jobs is written that were taken.
 *
 * Returns:
 * - JOBRING_OK: `taken` is at least 1. The `status` of each outcome tells how its job ended.
 * - JOBRING_E_EMPTY: nothing is there, and no job is pending.
 * - JOBRING_E_TIMEDOUT: jobs are pending, and none has ended in time.
 * - JOBRING_E_NO_WORKERS: without a time limit: jobs are pending, and the pool has no worker to run them.
 * - JOBRING_E_DEADLOCK: without a time limit, inside a job, a hook or a callback on a worker: each thread that could end a
 *   pending job waits in this pool itself. With any timeout but 0 where it would wait inside a jobring_move_fn that a submit to this
 *   pool calls.
 * - JOBRING_E_INTERRUPTED: jobs are pending, none has ended, and an interrupt was raised (jobring_interrupt_begin()).
 * - JOBRING_E_INVALID: also for a `count` of 0, and if an element has another `size`, or a `capacity` or a `move` without `data`.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler; with `timeout_ns` 0 from an
 * interrupt on a pool without a port. Blocks. Does not allocate.
 */
jobring_status jobring_completions_take(jobring_completions *completions,
                                        int64_t timeout_ns,
                                        jobring_outcome *outcomes,
                                        size_t count,
                                        size_t *taken);

/**
 * Gives the file descriptor of a completion queue, for poll(), epoll or an event loop that is built on them.
 *
 * The first call makes it: an eventfd on Linux, a pipe on other systems. It becomes readable when a job ends after
 * jobring_completions_arm(). Only poll it: do not read, write or close it. The library closes it in jobring_destroy().
 *
 * - `completions`: the queue.
 * - `fd`: where the descriptor is written.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_NOMEM: the system has no descriptor left.
 * - JOBRING_E_UNSUPPORTED: a build without std and pthread, or a system without file descriptors.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not allocate memory. Does not
 * block, except for the lock that jobring_completions_create() takes.
 */
jobring_status jobring_completions_fd(jobring_completions *completions,
                                      int *fd);

/**
 * Makes the next completion known by the queue's descriptor.
 *
 * A loop takes until nothing is there (jobring_completions_take() with a timeout of 0 returns JOBRING_E_TIMEDOUT or
 * JOBRING_E_EMPTY), then arms, then polls; when the descriptor is readable it takes again. It arms also if no job is pending,
 * since jobs may be submitted later. While the loop is busy it makes no system call, and a burst of completions makes one as a
 * rule.
 *
 * The descriptor may be readable without a completion: then the take finds nothing, and the loop arms again. Only this call makes
 * it unreadable: a loop that polls without an arm finds it readable again and again, unless it is edge-triggered (EPOLLET).
 *
 * An arm replaces the one before it: one thread at a time polls a queue's descriptor. Other threads may take meanwhile. If they take
 * the last pending job, the descriptor does not become readable.
 *
 * While jobs are pending it first yields the CPU once, so that a worker on the same CPU can end more of them.
 *
 * - `completions`: the queue.
 *
 * Returns:
 * - JOBRING_OK: nothing is there now. Poll the descriptor.
 * - JOBRING_E_BUSY: a completion is there. Take it, then arm again.
 * - JOBRING_E_INVALID: also for a queue without a descriptor (jobring_completions_fd()).
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block or allocate.
 */
jobring_status jobring_completions_arm(jobring_completions *completions);

/**
 * Ends a completion queue.
 *
 * The memory of a queue from jobring_completions_create() is kept for the next queue of the pool, and freed by
 * jobring_destroy(). That of jobring_completions_init() stays in use until then.
 *
 * - `completions`: the queue; NULL does nothing. No other thread may be inside a call on the queue or begin one, except that a
 *   submit whose job was taken may still be on its way back to its caller.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_BUSY: a job is pending: it has not ended, or was not taken. The queue is as before.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not allocate. Does not block,
 * except for the lock that jobring_completions_create() takes.
 */
jobring_status jobring_completions_destroy(jobring_completions *completions);

/* ---- Cancel jobs ------------------------------------------------------------------------------------- */

/**
 * Cancels a job that is still queued, or asks a running job to stop.
 *
 * The done and drop callbacks of a cancelled job run on this thread before the call returns, and threads that wait for the job
 * get JOBRING_E_CANCELLED. The handle stays good until a wait has delivered that, or it is detached.
 *
 * Returns:
 * - JOBRING_OK: this call cancelled the job, and no other call returns that.
 * - JOBRING_E_BUSY: the job runs or has finished, another call cancelled it, or a shutdown discarded it. A running job is
 *   asked to stop, which it sees by jobring_cancel_requested(); asking again changes nothing.
 * - JOBRING_E_STALE, JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler; from an interrupt on a pool
 * without a port. Does not block or allocate, except for what the callbacks do.
 */
jobring_status jobring_cancel(jobring_pool *pool,
                              jobring_job job);

/**
 * Cancels every queued job, as jobring_cancel() does, also detached jobs and those of completion queues.
 *
 * Their done and drop callbacks run on this thread before the call returns. Jobs that run go on, and those that a
 * lane holds back until such a job ends stay. Each other job that was accepted before the call has started or is
 * cancelled; of those that are submitted meanwhile some may stay queued.
 *
 * - `cancelled`: where the number of jobs that it cancelled is written; NULL if it is not wanted. Helpers of
 *   a loop that are queued count too; the loop is still done.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block
 * or allocate, except for what the callbacks do.
 */
jobring_status jobring_cancel_all(jobring_pool *pool,
                                  uint64_t *cancelled);

/**
 * Tells whether the job that calls this was asked to stop by jobring_cancel().
 *
 * Returns:
 * - 1 if it was, 0 if not.
 * - JOBRING_E_INVALID: outside of this pool's jobs.
 *
 * From inside a job. Does not block or allocate.
 */
int32_t jobring_cancel_requested(const jobring_pool *pool);

/**
 * Gives up a job's result.
 *
 * The job runs all the same; a result that is not NULL goes to its drop callback. Threads that wait for it get
 * JOBRING_E_STALE. A running job may detach itself.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_STALE, JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler; from an interrupt on a pool
 * without a port. Does not block or allocate, except for what the callback does.
 */
jobring_status jobring_detach(jobring_pool *pool,
                              jobring_job job);

/* ---- Interrupt a wait -------------------------------------------------------------------------------- */

/*
 * Ctrl-C in a Python extension: its handler of SIGINT calls the handler that was there before, which notes the signal for
 * Python, and then jobring_interrupt_raise(). The loop resets the interrupt before it asks Python, so it misses no signal.
 * If the wait was interrupted at last, KeyboardInterrupt is set, and nobody will take the result:
 *
 *     static jobring_interrupt stop;
 *     jobring_interrupt_scope scope;
 *     jobring_interrupt_begin(pool, &stop, &scope);
 *     do {
 *         Py_BEGIN_ALLOW_THREADS
 *         status = jobring_wait(pool, job, JOBRING_FOREVER, &result);
 *         Py_END_ALLOW_THREADS
 *     } while (status == JOBRING_E_INTERRUPTED && jobring_interrupt_reset(&stop) >= 0 && PyErr_CheckSignals() == 0);
 *     jobring_interrupt_end(pool, &scope);
 *     if (status == JOBRING_E_INTERRUPTED)
 *         jobring_detach(pool, job);
 */

/**
 * Begins a scope: until jobring_interrupt_end(), an interrupt that is raised ends the calling thread's blocking calls on the pool.
 *
 * Such a call returns JOBRING_E_INTERRUPTED where it would sleep or run a job. It has changed nothing, and can be made again.
 * (The exception is jobring_shutdown(), which has closed the pool.) A call that need not wait succeeds as ever.
 *
 * These calls are interrupted: jobring_wait(), jobring_wait_opts(), jobring_wait_many(), jobring_wait_idle(),
 * jobring_completions_take(), a submit on a full pool or at a queue's limit, jobring_shutdown(). Not jobring_parallel_for(),
 * whose jobs use the caller's data. jobring_enter_worker() and jobring_destroy() return JOBRING_E_BUSY inside a scope.
 *
 * A job or a callback that runs on this thread meanwhile is not in the scope; it may begin its own. Scopes nest, and the
 * innermost counts. Several threads may be in scopes of one interrupt.
 *
 * - `interrupt`: the interrupt. It must stay where it is until the scope has ended.
 * - `scope`: memory for the scope. It must stay where it is until the scope has ended. A job that returns or ends its
 *   thread inside a scope ends the scope too.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_BUSY: the thread is in this very scope.
 * - JOBRING_E_UNSUPPORTED: the pool's port keeps no pointer for each thread (`get_self` of jobring_port), or the build has no
 *   threads and the pool no port.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block. Does not
 * allocate; the system's library may, in a build without std.
 */
jobring_status jobring_interrupt_begin(jobring_pool *pool,
                                       jobring_interrupt *interrupt,
                                       jobring_interrupt_scope *scope);

/**
 * Ends the scope that the calling thread began last.
 *
 * - `scope`: that scope.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_INVALID: also if a scope that this thread began later has not ended, on whatever pool, or if the scope is of
 *   another pool, or was begun outside of the job or callback that calls this.
 *
 * From the thread that began it. Does not block or allocate.
 */
jobring_status jobring_interrupt_end(jobring_pool *pool,
                                     jobring_interrupt_scope *scope);

/**
 * Raises an interrupt: the blocking calls of threads inside its scopes on this pool end, now and until it is reset.
 *
 * What the caller did before happens before what such a thread does after its call. An interrupt that is used with several
 * pools is raised on each.
 *
 * - `interrupt`: the interrupt. It is used even if no thread is in a scope of it.
 *
 * Returns:
 * - JOBRING_OK, also if it was raised already.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; on Linux from a signal handler. (Elsewhere the wake of a
 * thread takes a lock. On a pool with a port it is the port's `unpark`, with `from_isr` 0.) Does not block or allocate.
 */
jobring_status jobring_interrupt_raise(jobring_pool *pool,
                                       jobring_interrupt *interrupt);

/**
 * Ends the effect of an interrupt: calls inside its scopes sleep again.
 *
 * Reset it first, and then look at what the raiser left: so no raise is missed.
 *
 * - `interrupt`: the interrupt.
 *
 * Returns:
 * - 1 if it was raised, 0 if not.
 * - JOBRING_E_INVALID.
 *
 * From any thread, and from a signal handler. Does not block or allocate.
 */
int32_t jobring_interrupt_reset(jobring_interrupt *interrupt);

/**
 * A flag that ends the blocking calls of the threads inside its scopes. All zero at first; it may be static.
 *
 * Once raised it stays raised until jobring_interrupt_reset().
 */
struct jobring_interrupt {
    /** The library's. 0 at first. */
    void *reserved[2];
};

/** A thread's stay in a scope of an interrupt. It need not be set to anything before jobring_interrupt_begin(). */
struct jobring_interrupt_scope {
    /** The library's. */
    void *reserved[14];
};

/* ---- Share out a loop -------------------------------------------------------------------------------- */

/**
 * The body of a loop: does the items `from` to `to` - 1, at least one, and returns 0; or returns another
 * number to end the loop.
 *
 * Several threads call it at once. It must return, as a callback must: a body that ends its thread, or
 * throws, ends the process. Inside it the thread counts as outside of jobs.
 */
typedef int32_t (*jobring_body_fn)(void *ctx, size_t from, size_t to);

/**
 * Calls `body` for parts of the range from 0 to `count` that together cover it once, on this thread and on
 * free workers.
 *
 * It returns when every item is done. If a body returns anything but 0, no further part is started, and
 * the call returns when the bodies that had started have returned. What the bodies did happens before what
 * the caller does next.
 *
 * - `count`: the number of items; 0 calls nothing.
 * - `grain`: the fewest items of a part, except for the last part; a loop with no more items than that
 *   runs on this thread. 0 chooses the grain by timing the first items (some reads of the clock, about 20
 *   ns each).
 * - `body`: called as body(ctx, from, to).
 * - `ctx`: passed to the body.
 * - `stopped`: where 0 is written, or what a body returned to end the loop (the first, of several); NULL
 *   if it is not wanted.
 *
 * The caller does its part, and takes every part that no worker has started: it never waits for a thread
 * that has not started. On a pool without workers, a full pool and a pool that is shut down, the caller
 * does everything.
 *
 * Returns:
 * - JOBRING_OK: also if a body ended the loop.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook, a callback or a body; not from a signal handler.
 * Blocks. It sleeps only while another thread is inside a body. Does not allocate. Locks only inside a
 * job, before it sleeps. Takes two slots for each thread that helps.
 */
jobring_status jobring_parallel_for(jobring_pool *pool,
                                    size_t count,
                                    size_t grain,
                                    jobring_body_fn body,
                                    void *ctx,
                                    int32_t *stopped);

/*
 * A program that does not want to wait meanwhile submits a job that runs the loop. The whole loop then has one handle, to
 * wait for, to cancel while it is queued, and to collect from a completion queue; and one done callback. To end it while it
 * runs, let the bodies look at a flag: a body counts as outside of jobs, so it does not see a request to cancel the job.
 *
 *     static void *whole_loop(void *arg) {
 *         struct work *work = arg;
 *         jobring_parallel_for(work->pool, work->count, 0, body, work, NULL);
 *         return work;
 *     }
 *
 *     jobring_submit(pool, whole_loop, &work, &job);
 */

/**
 * jobring_parallel_for() with options: a largest part, and a time limit.
 *
 * When the time is up, no further part is started, and the call returns when the bodies that had started
 * have returned, since they use the caller's data.
 *
 * - `count`: the number of items; 0 calls nothing.
 * - `options`: NULL for all defaults.
 * - `body`: called as body(ctx, from, to).
 * - `ctx`: passed to the body.
 * - `stopped`: where 0 is written, or what a body returned to end the loop (the first, of several); NULL
 *   if it is not wanted.
 *
 * Returns:
 * - JOBRING_OK: every item is done, or a body ended the loop.
 * - JOBRING_E_TIMEDOUT: the time was up, and items were left out. On a pool without a clock this is so at
 *   once, if there is a time limit.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook, a callback or a body; not from a signal handler.
 * Blocks. It sleeps only while another thread is inside a body. Does not allocate. Locks only inside a
 * job, before it sleeps. Takes two slots for each thread that helps. With a time limit it reads the clock
 * before each part.
 */
jobring_status jobring_parallel_for_opts(jobring_pool *pool,
                                         size_t count,
                                         const jobring_parallel_for_options *options,
                                         jobring_body_fn body,
                                         void *ctx,
                                         int32_t *stopped);

/** How to run a loop. Zero is the default in every field. The structure is read during the call only. */
struct jobring_parallel_for_options {
    /** sizeof (jobring_parallel_for_options). */
    uint32_t size;
    /** 0. */
    uint32_t reserved;
    /** The longest time in nanoseconds until the last part is begun. 0 or JOBRING_FOREVER: no limit. */
    int64_t limit_ns;
    /** As for jobring_parallel_for(), but at most `largest`. */
    size_t grain;
    /**
     * The most items of a part. 0: no bound.
     *
     * Bodies that wait for each other need parts of one item: `grain` 1 and `largest` 1. Then a thread that
     * waits in a body keeps no item from the others.
     */
    size_t largest;
};

/** Initial value for a jobring_parallel_for_options: all defaults. */
#define JOBRING_PARALLEL_FOR_OPTIONS_INIT { JOBRING_SIZE_(jobring_parallel_for_options), 0, 0, 0, 0 }

/* ---- Run jobs yourself ------------------------------------------------------------------------------- */

/**
 * Runs the oldest queued job on the calling thread.
 *
 * Returns:
 * - JOBRING_OK: it ran a job.
 * - JOBRING_E_EMPTY: no job is queued.
 * - JOBRING_E_STACK: inside a job, if fewer than stack_reserve bytes of the stack are left.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler; from an
 * interrupt on a pool without a port, if every job of the pool may run there. Takes as long as the job,
 * and blocks if the job does. Does not allocate.
 */
jobring_status jobring_run_one(jobring_pool *pool);

/**
 * Runs queued jobs on the calling thread until none is queued, including jobs that those jobs submit.
 *
 * - `ran`: where the number of jobs that it ran is written, also with JOBRING_E_STACK; NULL if it is not
 *   wanted.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_STACK: as for jobring_run_one().
 * - JOBRING_E_INVALID.
 *
 * From where jobring_run_one() may be called.
 */
jobring_status jobring_run_until_idle(jobring_pool *pool, uint64_t *ran);

/**
 * Makes the calling thread a worker of the pool until the pool is shut down and no job is queued.
 *
 * Returns:
 * - JOBRING_OK: the pool is shut down and no job is queued.
 * - JOBRING_E_FULL: at once; the pool has `max_workers` workers.
 * - JOBRING_E_BUSY: at once; the caller is inside a job, is a worker of this pool, or is between
 *   jobring_interrupt_begin() and jobring_interrupt_end() on it: an interrupt cannot end a worker's loop, but a
 *   shutdown can.
 * - JOBRING_E_INVALID.
 *
 * From any thread that is not a worker of this pool; not from a signal handler. Blocks. Does not allocate.
 */
jobring_status jobring_enter_worker(jobring_pool *pool);

/* ---- Direct the workers ------------------------------------------------------------------------------ */

/**
 * Pauses a pool: its workers start no job until jobring_resume().
 *
 * Jobs that run go on, and submits are accepted until the pool is full. Workers without a job sleep, and use no CPU.
 * After this call has returned, at most one more job starts on each worker: the one that it was about to take.
 *
 * What does not go through workers is not paused. A wait inside a job runs the job that it waits for, and so does a
 * wait on a pool without workers; jobring_run_one(), jobring_run_until_idle() and loops run jobs on the calling thread.
 * jobring_wait_idle() waits for the resume if a job is queued.
 *
 * jobring_shutdown() and jobring_destroy() override the pause: what is queued is run or dropped as ever. On a pool that
 * was shut down this call has no effect. Pauses do not nest: one jobring_resume() ends them all.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_UNSUPPORTED: a build without threads.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block or
 * allocate.
 */
jobring_status jobring_pause(jobring_pool *pool);

/**
 * Ends a pause: the workers take the queued jobs.
 *
 * On a pool that is not paused it does nothing.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_UNSUPPORTED: a build without threads.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not block or
 * allocate.
 */
jobring_status jobring_resume(jobring_pool *pool);

/**
 * Sets the number of a pool's own workers while jobs flow.
 *
 * Each worker that is one too many finishes its job, calls `on_stop` and leaves; those without a job leave first. No
 * job is lost. The call returns when they have left and their threads have ended. With more workers it makes threads in
 * the places that are free, and returns when `on_start` has returned on them. Threads that entered do not count, and stay.
 *
 * With 0 workers a pool is as one that was made with JOBRING_WORKERS_NONE: callers that wait run the queued jobs. A
 * thread that sleeps in a wait or a submit when the last worker leaves wakes and does so too.
 *
 * - `workers`: the number, at most `grow_to` of jobring_config, or `workers` if that is more; 0 for none.
 * - `timeout_ns`: the longest wait; JOBRING_FOREVER; 0 does not wait. Inside a job, a hook or a callback the call does not
 *   wait either: a worker cannot wait for its own end. A thread that has left its loop is joined, however long the
 *   destructors of its thread-locals take, unless the call does not wait.
 *
 * Several threads may call this at once: the number that was set last counts. jobring_info_get() tells the workers that
 * there are. A worker's number is below `grow_to`; after a worker has left, another may get its number.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_TIMEDOUT: some are still to leave, to be joined or to call `on_start`. They go on, and a later call with the
 *   same number waits for them.
 * - JOBRING_E_INTERRUPTED: the same, by jobring_interrupt_raise().
 * - JOBRING_E_SHUTDOWN: the pool is shut down, or was during the call.
 * - JOBRING_E_THREAD, JOBRING_E_NOMEM: the system refused a thread. Those that were made before work.
 * - JOBRING_E_FAILED: `on_start` failed on a new worker, which has left. The others work.
 * - JOBRING_E_FULL: with threads that entered the pool has `max_workers` workers.
 * - JOBRING_E_BUSY: the calling thread was a worker that has left, and is in a destructor of a thread-local: only after its
 *   end can another worker take its place.
 * - JOBRING_E_UNSUPPORTED: a build without threads.
 * - JOBRING_E_INVALID: also if `workers` is too large.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Blocks. Does not allocate,
 * except that Rust's standard library does to make its threads.
 */
jobring_status jobring_workers_set(jobring_pool *pool,
                                   uint32_t workers,
                                   int64_t timeout_ns);

/* ---- Know what goes on ------------------------------------------------------------------------------- */

/**
 * Tells the handle of the job that calls this: of several that run inside each other, the innermost of
 * this pool.
 *
 * - `job`: where the handle is written.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID outside of jobs of this pool.
 *
 * From inside a job. Does not block or allocate.
 */
jobring_status jobring_current_job(const jobring_pool *pool, jobring_job *job);

/**
 * Tells the number of the worker that calls this.
 *
 * The threads that were made for workers have the numbers from 0 on; threads that entered have numbers
 * after those.
 *
 * - `index`: where it is written.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID on a thread that is no worker of this pool.
 *
 * From inside a job. Does not block or allocate.
 */
jobring_status jobring_worker_index(const jobring_pool *pool, uint32_t *index);

/**
 * Tells what a pool is: its workers, its slots, its memory.
 *
 * - `info`: what is filled, as far as its `size` says.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback. Does not block or allocate.
 */
jobring_status jobring_info_get(const jobring_pool *pool, jobring_info *info);

/** What a pool is. Only `workers` changes while the pool lives. */
struct jobring_info {
    /** sizeof (jobring_info), set by the caller. */
    uint32_t size;
    /** Which kind of threads its workers are: JOBRING_BACKEND_. */
    uint32_t backend;
    /** The pool's own workers, without those whose start hook failed and those that leave (jobring_workers_set()). */
    uint32_t workers;
    /** The most workers at a time, including threads that enter. */
    uint32_t max_workers;
    /** The number of slots. */
    uint32_t capacity;
    /** The bytes of a slot's payload. */
    uint32_t payload;
    /** The bytes of each worker's stack; 0 without workers. */
    size_t stack_size;
    /** The bytes of the pool itself, without stacks. */
    size_t pool_bytes;
};

/**
 * Tells a pool's counters, and how many of its jobs are queued, running, or finished and not taken.
 *
 * - `stats`: what is filled, as far as its `size` says.
 *
 * Returns JOBRING_OK; JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback. Does not block or allocate. Reads one word
 * of each slot that was ever used (of each slot on 32 bits), unless `size` ends before `queued`.
 */
jobring_status jobring_stats_get(const jobring_pool *pool, jobring_stats *stats);

/**
 * Counters of a pool, and how many jobs are in which state. They are read one after the other while the
 * pool works, so they may be inconsistent.
 *
 * Each job is looked at once, and no job is counted twice: `queued`, `running` and `untaken` are exact if no
 * job moves during the call.
 */
struct jobring_stats {
    /** sizeof (jobring_stats), set by the caller. */
    uint32_t size;
    /** Workers in their loop, including threads that entered. */
    uint32_t workers;
    /** Workers that sleep or are about to. */
    uint32_t sleeping;
    /** Zero. */
    uint32_t reserved;
    /**
     * Accepted jobs (wraps with size_t). One that a lane holds back counts from its turn on; not if it is dropped
     * before.
     */
    uint64_t submitted;
    /**
     * Entries taken from the ready ring: jobs that were started, and entries of jobs that were cancelled
     * or run by a waiting thread before (wraps with size_t).
     */
    uint64_t claimed;
    /** Times that a sleeping worker was woken. */
    uint64_t wakes;
    /**
     * Times that one was woken because jobs stayed queued: by a thread that waited too long for a job or for
     * room, or by a submit that found several jobs queued.
     */
    uint64_t forced_wakes;
    /** Jobs that no thread has started. A cancelled job is not one of them. */
    uint64_t queued;
    /** Jobs that run, also those that wait for something. */
    uint64_t running;
    /** Jobs that have finished and still hold their slots, because no thread has taken their results. */
    uint64_t untaken;
    /**
     * Accepted jobs that have finished: they ran, failed, were cancelled or discarded (wraps with size_t).
     * Never more than have finished when the call returns.
     */
    uint64_t completed;
};

/**
 * Tells the time of a pool's clock, which JOBRING_WAIT_DEADLINE refers to.
 *
 * It is a clock that is never set back: CLOCK_MONOTONIC on Linux, that of its port for a pool on a port, else one that began
 * in this process.
 *
 * - `now_ns`: where the time is written, in nanoseconds.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_UNSUPPORTED: the pool has no clock. Then every finite time limit only polls.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback. Does not block or allocate.
 */
jobring_status jobring_now(const jobring_pool *pool,
                           int64_t *now_ns);

/**
 * Tells what a worker does and has done.
 *
 * - `index`: its number, from 0; below the number of threads that were made.
 * - `worker`: what is filled, as far as its `size` says.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_UNSUPPORTED: a jobring_port made the workers.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback. Does not block or allocate.
 */
jobring_status jobring_worker_get(const jobring_pool *pool,
                                  uint32_t index,
                                  jobring_worker *worker);

/** The state of one worker. It is read while the worker works, so the numbers may be inconsistent. */
struct jobring_worker {
    /** sizeof (jobring_worker), set by the caller. */
    uint32_t size;
    /** What it does: JOBRING_WORKER_. */
    uint32_t state;
    /** Jobs that its loop has run, without jobs that a wait ran inside of those. */
    uint64_t jobs;
    /** Nanoseconds that these jobs took in all. 0 without JOBRING_FLAG_TIMED. */
    uint64_t run_ns;
    /** Nanoseconds that the longest of them took. 0 without JOBRING_FLAG_TIMED. */
    uint64_t longest_ns;
    /** The name of its thread, terminated by a zero. */
    char name[16];
    /**
     * The job that its loop runs; not one that a wait runs inside of that. 0: it runs none. A worker that has
     * just ended a job may be shown with the next job of the same slot.
     */
    jobring_job job;
    /** Nanoseconds since that job began. 0 without JOBRING_FLAG_TIMED. */
    uint64_t running_ns;
};

/** jobring_worker.state: its thread was made, and has not looked for a job yet. */
#define JOBRING_WORKER_STARTING 0
/** jobring_worker.state: it looks for a job. */
#define JOBRING_WORKER_SEARCHING 1
/** jobring_worker.state: it sleeps, since no job is queued. */
#define JOBRING_WORKER_SLEEPING 2
/** jobring_worker.state: it runs a job, which may itself be waiting for something. */
#define JOBRING_WORKER_RUNNING 3

/**
 * jobring_worker.state: it has left its loop: the pool is shut down, the worker was asked to leave
 * (jobring_workers_set()), its start hook failed, or a job ended its thread (see jobring_fn) and the system refused
 * another one.
 */
#define JOBRING_WORKER_STOPPED 4

/**
 * Tells the size of a worker's stack, and the most that the worker has used of it so far, in bytes.
 *
 * What was not used was never written to. What the system keeps on the stack counts as used, and so do
 * jobs that a wait ran there.
 *
 * - `index`: its number, from 0; below the number of threads that were made.
 * - `size`: where the size is written, as the system reports it; NULL if it is not wanted.
 * - `used`: where the most is written, 0 if the thread has not begun; NULL if it is not wanted.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_UNSUPPORTED: `size` is wanted and the system cannot be asked; `used` is wanted and the pool
 *   was made without JOBRING_FLAG_PAINT_STACKS; or a jobring_port made the workers.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. For `used` it
 * reads all of the unused stack. Blocks only while that worker's thread is being replaced. For `size` the
 * system's library may allocate.
 */
jobring_status jobring_worker_stack(const jobring_pool *pool,
                                    uint32_t index,
                                    size_t *size,
                                    size_t *used);

/**
 * Tells the smallest stack_size that jobring_create() accepts on this system, for programs that got
 * JOBRING_E_STACK.
 *
 * It is what the system and its thread-local storage need, and 8 KiB. It may grow when a library with
 * thread-local storage is loaded.
 *
 * - `bytes`: where it is written.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_UNSUPPORTED: a build without threads.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not
 * block; the system's library may allocate.
 */
jobring_status jobring_stack_min(size_t *bytes);

/**
 * Tells the number of CPUs that the calling thread may use: the workers of a pool whose
 * jobring_config.workers is 0.
 *
 * A library with Rust's standard library also reads the quota of the control group, and ends the process by
 * abort() if it gets no memory for that.
 *
 * - `cpus`: where it is written; 1 if the system does not tell.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_UNSUPPORTED: a build without threads.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Does not
 * block. May allocate.
 */
jobring_status jobring_cpus(uint32_t *cpus);

/**
 * Returns a short English text for `status`, also for a number that is no status.
 *
 * The text is never NULL, lives as long as the program, and must not be freed.
 *
 * From anywhere, including a signal handler and an interrupt. Does not block or allocate.
 */
const char *jobring_status_text(jobring_status status);

/**
 * Returns the version of the library that the program runs with, in the form of JOBRING_VERSION.
 *
 * A program that loads the library at run time compares the two.
 *
 * From anywhere, including a signal handler and an interrupt. Does not block or allocate.
 */
uint32_t jobring_version(void);

/** The version of this header: major * 1,000,000 + minor * 1,000 + patch. */
#define JOBRING_VERSION 1000

/**
 * Returns the ABI version of the library that the program runs with, in the form of JOBRING_ABI_VERSION.
 *
 * From anywhere, including a signal handler and an interrupt. Does not block or allocate.
 */
uint32_t jobring_abi_version(void);

/**
 * The ABI version of this header. It changes when a program built against an older header must be compiled
 * again.
 */
#define JOBRING_ABI_VERSION 1

/**
 * Returns what the library was built with: JOBRING_FEATURE_ bits.
 *
 * Every build has every function of this header. A function that a build cannot serve returns
 * JOBRING_E_UNSUPPORTED.
 *
 * From anywhere, including a signal handler and an interrupt. Does not block or allocate.
 */
uint64_t jobring_features(void);

/** Workers can be pthreads. */
#define JOBRING_FEATURE_PTHREAD 1
/** Workers can be threads of Rust's standard library. */
#define JOBRING_FEATURE_STD 2
/** jobring_create() works. */
#define JOBRING_FEATURE_CREATE 4

/**
 * There is a clock, so finite timeouts work. Without one a finite timeout only polls, unless the pool's
 * port has a clock.
 */
#define JOBRING_FEATURE_CLOCK 8

/** A pool can run on a user-defined port: jobring_port.h. */
#define JOBRING_FEATURE_PORT 16

/* ---- End a pool -------------------------------------------------------------------------------------- */

/**
 * Refuses new jobs, and waits until every accepted job has finished.
 *
 * Results can still be taken afterwards. Submit calls that wait for a slot return JOBRING_E_SHUTDOWN.
 * Several threads may call this at once, and again. On a pool without workers the caller runs the queued
 * jobs.
 *
 * - `mode`: JOBRING_DRAIN runs the queued jobs. JOBRING_DISCARD drops the jobs that have not started:
 *   their callbacks, on this thread, and threads that wait for them get JOBRING_E_SHUTDOWN. A discard
 *   overrides a drain.
 * - `timeout_ns`: the longest wait; JOBRING_FOREVER; 0 closes the pool and does not wait.
 * - `report`: where the jobs that are left are counted; NULL if it is not wanted.
 *
 * While the pool is drained, the submits of its jobs return JOBRING_E_SHUTDOWN: a second stage is lost.
 * Call jobring_wait_idle() first, as c-examples/two_stages.c does.
 *
 * Inside a job this does not wait for that job. Nor does it wait for jobs that cannot finish before a
 * shutdown returns: jobs that are inside a shutdown or jobring_wait_idle(), and jobs that wait for one of those without a time
 * limit, directly or through others (a loop waits for its helpers). Outside of jobs it waits for every
 * accepted job.
 *
 * Returns:
 * - JOBRING_OK: all jobs that it waits for have finished.
 * - JOBRING_E_TIMEDOUT: some have not. The pool is closed; `report` is written.
 * - JOBRING_E_STACK: the same, without a time limit and inside a job: too little stack is left to run what
 *   is queued, and nobody else runs it.
 * - JOBRING_E_INTERRUPTED: the same, by jobring_interrupt_raise().
 * - JOBRING_E_DEADLOCK: inside a jobring_move_fn that a submit to this pool calls. The pool is as before.
 * - JOBRING_E_INVALID.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler. Blocks. Does
 * not allocate.
 */
jobring_status jobring_shutdown(jobring_pool *pool,
                                uint32_t mode,
                                int64_t timeout_ns,
                                jobring_report *report);

/** jobring_shutdown(): queued jobs are run. */
#define JOBRING_DRAIN 0
/** jobring_shutdown(): queued jobs are dropped, as by jobring_cancel(). */
#define JOBRING_DISCARD 1

/** What was left in a pool when jobring_shutdown() returned. */
struct jobring_report {
    /** Jobs that have not started. */
    uint32_t queued;
    /** Jobs that run. */
    uint32_t running;
    /** Slots that a submit call or a take of a result still uses. */
    uint32_t submitting;
    /** Finished jobs whose result nobody has taken. */
    uint32_t untaken;
    /** 0. */
    uint32_t reserved[4];
};

/**
 * Ends a pool: drains it, joins its workers, ends its completion queues, and frees the memory that the library allocated.
 *
 * A shutdown with JOBRING_DISCARD that has started stays a discard. Results that nobody has taken go to
 * their drop callbacks. This call waits for threads that are inside another call on the pool or have
 * entered it as workers. It does not wait for submit calls that find a free slot, unless the pool has
 * JOBRING_FLAG_DESTROY_WAITS. Afterwards nothing of the pool is touched.
 *
 * - `pool`: the pool; NULL does nothing. As with pthread_cond_destroy(), no other thread may begin a call
 *   on the pool once this one has started. That a job has run does not mean that its submit has returned.
 *
 * A program may also end without this call, by exit() or a return from main: the system then ends the workers wherever
 * they are. What running jobs use must stay until then, also while the handlers of atexit() run.
 *
 * Destructors of thread-local data run on a worker's thread after its last job, as code outside of the
 * pool. Such a destructor may destroy the pool if nobody else does; its own thread is then not joined.
 * While another thread destroys the pool, a destructor may make other calls on it: submits are refused,
 * and every job that it waits for has finished. If jobs ended several threads of one worker (see
 * jobring_fn), only the last thread is joined.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_BUSY: the caller is inside a job, a hook or a callback of this pool, or is between
 *   jobring_interrupt_begin() and jobring_interrupt_end() on it.
 * - JOBRING_E_STACK: as for jobring_shutdown(), inside a job of another pool. The pool is closed; another
 *   thread can destroy it.
 * - JOBRING_E_INVALID.
 *
 * From any thread that is not inside the pool; not from a signal handler. Blocks for as long as the jobs
 * take. Does not allocate.
 */
jobring_status jobring_destroy(jobring_pool *pool);

/* ---- Pass items to others ---------------------------------------------------------------------------- */

/*
 * A queue is a bounded FIFO for any number of threads, signal handlers and interrupts, without a pool and without locks:
 *
 *     jobring_queue *queue;
 *     JOBRING_STATIC_QUEUE(memory, 64, sizeof(struct reading));
 *     jobring_queue_init(64, sizeof(struct reading), memory, sizeof memory, &queue);
 *     jobring_queue_try_push(queue, &reading);           in an interrupt
 *     while (jobring_queue_try_pop(queue, &reading) == JOBRING_OK)
 *         store(&reading);
 *
 * Between threads, which sleep while they wait, until the producer has closed it:
 *
 *     jobring_queue_push(queue, &line, JOBRING_FOREVER); in the producer, and jobring_queue_close(queue) at its end
 *     while (jobring_queue_pop(queue, &line, JOBRING_FOREVER) == JOBRING_OK)
 *         print(&line);
 */

/** A queue of items, which belongs to no pool. Its insides are the library's. */
typedef struct jobring_queue jobring_queue;

/**
 * Makes an empty queue in the caller's memory.
 *
 * Any number of threads may use it at once. It is no part of a pool: jobs may use it as any thread does, but a job that
 * waits at a queue takes a worker away, and no JOBRING_E_DEADLOCK warns of it. A child made by fork() has a copy of the
 * queue; processes do not share one.
 *
 * The queue owns nothing besides that memory, so nothing ends it: the memory can be used for something else once no
 * call on the queue is in progress, not even one whose item another thread has popped already.
 *
 * - `capacity`: the most items that the queue holds, a power of two. A thread, or an interrupt, that is stopped
 *   inside a push or a pop keeps one of these places until it continues, and delays no item but its own.
 * - `item_size`: the bytes of an item, at least 1.
 * - `memory`: the memory, of any alignment.
 * - `size`: its bytes: see jobring_queue_layout().
 * - `queue`: where the queue is written.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_SIZE: `memory` is too small.
 * - JOBRING_E_INVALID: also if `memory` is NULL, `capacity` is not a power of two, or `item_size` is 0.
 *
 * From anywhere, including a signal handler and an interrupt. Does not block or allocate.
 */
jobring_status jobring_queue_init(size_t capacity,
                                  size_t item_size,
                                  void *memory,
                                  size_t size,
                                  jobring_queue **queue);

/**
 * Tells how much memory jobring_queue_init() needs.
 *
 * - `capacity`: the most items that the queue holds, a power of two.
 * - `item_size`: the bytes of an item, at least 1.
 * - `size`: where the bytes are written, for memory that is aligned to `align`; other memory needs up to `align` - 1
 *   bytes more.
 * - `align`: where the alignment is written. Both may be NULL.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_SIZE: no memory is so large.
 * - JOBRING_E_INVALID: also if `capacity` is not a power of two, or `item_size` is 0.
 *
 * From anywhere, including a signal handler and an interrupt. Does not block or allocate.
 */
jobring_status jobring_queue_layout(size_t capacity,
                                    size_t item_size,
                                    size_t *size,
                                    size_t *align);

/*
 * Static memory for a queue, of a size that is known when the program is compiled: never less than what
 * jobring_queue_layout() says for this capacity and these bytes of an item, plus what jobring_queue_init() needs to align
 * it.
 */
#define JOBRING_QUEUE_BYTES(capacity, item_size)                                                                       \
    (160 * sizeof(void *) + (capacity) * (2 * sizeof(void *) + (item_size)))
#define JOBRING_STATIC_QUEUE(name, capacity, item_size)                                                                 \
    static unsigned char name[JOBRING_QUEUE_BYTES(capacity, item_size)]

/**
 * Appends a copy of an item.
 *
 * Items are popped in the order in which they were pushed: if one push returned before another began, its item comes
 * first. What a thread did before a push is visible to the thread that pops the item. Lock-free: a thread that is
 * stopped anywhere in a push or a pop does not keep others from completing theirs.
 *
 * - `item`: `item_size` bytes, which are copied. They may have any alignment.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_FULL: at some moment during the call each place held an item, or belonged to a call in progress.
 * - JOBRING_E_SHUTDOWN: the queue is closed.
 * - JOBRING_E_INVALID: also if `item` is NULL, or `queue` is no queue.
 *
 * It wakes a thread that sleeps in jobring_queue_pop() by at most one system call, which takes no lock on Linux.
 *
 * From any thread, on Linux from a signal handler, and from an interrupt. Does not block or allocate.
 */
jobring_status jobring_queue_try_push(jobring_queue *queue,
                                      const void *item);

/**
 * As jobring_queue_try_push(), and waits for a free place.
 *
 * - `item`: as for jobring_queue_try_push().
 * - `timeout_ns`: the longest wait in nanoseconds; JOBRING_FOREVER; 0 does not wait.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_TIMEDOUT: no place became free in time.
 * - JOBRING_E_SHUTDOWN: the queue is closed, or was closed meanwhile.
 * - JOBRING_E_INVALID: also if `item` is NULL, or `queue` is no queue.
 *
 * After an error the item was not pushed.
 *
 * From any thread, including inside a job, a hook or a callback; not from a signal handler or an interrupt. Blocks: it
 * sleeps, or in a build without an operating system it spins, and a time limit ends at once. Does not allocate.
 */
jobring_status jobring_queue_push(jobring_queue *queue,
                                  const void *item,
                                  int64_t timeout_ns);

/**
 * Removes the oldest item.
 *
 * - `item`: where its `item_size` bytes are copied to, of any alignment.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_EMPTY: at some moment during the call no item was in the queue.
 * - JOBRING_E_SHUTDOWN: the queue is closed, and every item that was pushed was popped.
 * - JOBRING_E_INVALID: also if `item` is NULL, or `queue` is no queue.
 *
 * It wakes a thread that sleeps in jobring_queue_push() by at most one system call, which takes no lock on Linux. (The pop
 * of the last item of a closed queue wakes all that sleep in jobring_queue_pop().)
 *
 * From any thread, on Linux from a signal handler, and from an interrupt. Does not block or allocate.
 */
jobring_status jobring_queue_try_pop(jobring_queue *queue,
                                     void *item);

/**
 * As jobring_queue_try_pop(), and waits for an item.
 *
 * - `item`: as for jobring_queue_try_pop().
 * - `timeout_ns`: the longest wait in nanoseconds; JOBRING_FOREVER; 0 does not wait.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_TIMEDOUT: no item came in time.
 * - JOBRING_E_SHUTDOWN: the queue is closed, and every item that was pushed was popped.
 * - JOBRING_E_INVALID: also if `item` is NULL, or `queue` is no queue.
 *
 * From where jobring_queue_push() may be called. Blocks as that does. Does not allocate.
 */
jobring_status jobring_queue_pop(jobring_queue *queue, void *item, int64_t timeout_ns);

/**
 * Closes a queue: pushes are refused from now on, and pops go on until it is empty.
 *
 * Pushes that wait end with JOBRING_E_SHUTDOWN. So does each pop once every item is popped that a push has accepted. What
 * a thread did before it closed the queue is visible to a thread that gets JOBRING_E_SHUTDOWN. A second close changes nothing.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_INVALID: also if `queue` is no queue.
 *
 * From any thread, on Linux from a signal handler, and from an interrupt. Does not block or allocate.
 */
jobring_status jobring_queue_close(jobring_queue *queue);

/**
 * Tells how many items are in a queue, and how many it can hold.
 *
 * The number is exact while nobody else uses the queue. Otherwise it may be out of date, and may miss some items.
 *
 * - `len`: where the number of items is written.
 * - `capacity`: where the capacity is written. Both may be NULL.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_INVALID: also if `queue` is no queue.
 *
 * From anywhere, including a signal handler and an interrupt. Does not block or allocate.
 */
jobring_status jobring_queue_len(const jobring_queue *queue,
                                 size_t *len,
                                 size_t *capacity);

/* ---- The configuration of a pool --------------------------------------------------------------------- */

/**
 * A start hook. Called on a worker's own thread, with `hook_arg` of the configuration and the worker's
 * number from 0. Any status but JOBRING_OK means that it failed.
 */
typedef jobring_status (*jobring_start_fn)(void *hook_arg, uint32_t worker);

/**
 * A stop hook. Called on a worker's own thread, with `hook_arg` of the configuration and the worker's
 * number from 0.
 */
typedef void (*jobring_stop_fn)(void *hook_arg, uint32_t worker);

/**
 * The configuration of a pool. Zero is the default in every field.
 *
 * Begin with JOBRING_CONFIG_INIT or jobring_struct_init(). The structure and its text are copied during
 * the call.
 */
struct jobring_config {
    /** sizeof (jobring_config), so that the library knows which header the program was built against. */
    uint32_t size;
    /** Which kind of threads the workers are: JOBRING_BACKEND_. */
    uint32_t backend;
    /**
     * The number of worker threads. 0: the number of CPUs that the calling thread may use.
     * JOBRING_WORKERS_NONE: none. More workers than `capacity` are of no use, since each running job has a
     * slot.
     *
     * With 0, a library with Rust's standard library also reads the quota of the control group, and ends
     * the process by abort() if it gets no memory for that. In a build without threads 0 is
     * JOBRING_E_UNSUPPORTED; so is any other number of threads, unless the port can make threads.
     */
    uint32_t workers;
    /**
     * The fewest workers to start with, if the system refuses more threads or start hooks fail. 0: all of
     * them, or the call fails.
     */
    uint32_t min_workers;
    /**
     * The most workers at a time, including threads that enter. 0: `workers`, or `grow_to` if that is more, + 16. At most
     * 65,535; on 32-bit targets 255.
     */
    uint32_t max_workers;
    /**
     * The number of slots. 0: 1,024. At most 1,048,575.
     *
     * A job holds a slot from its submit until its result is taken; a detached job, until it has finished.
     * So results that nobody has taken count. No more jobs than this run at a time; if all of them wait in
     * jobring_submit() for a slot, some get JOBRING_E_DEADLOCK. In memory of the library
     * (jobring_create()), slots that were never used take no pages until the pool is shut down.
     */
    uint32_t capacity;
    /**
     * The bytes of a slot that are the job's, rounded up to 16 (8 on 32-bit targets); a slot has a header
     * of 16 (8) bytes besides. 0: 48. At least 4 words, at most 1 MiB. jobring_submit_options says what
     * a job takes of it.
     */
    uint32_t payload;
    /**
     * How many times a worker that has run a job polls for the next one before it sleeps. 0: 1,000 times,
     * about 25 microseconds (in a library without threads: not at all). JOBRING_SPIN_NONE: not at all.
     *
     * A worker polls at most 24 times after a job that ended a sleep of over 50 microseconds, and not at all
     * after a job that a sleeping thread waited for. An idle pool sleeps.
     *
     * When jobs come as fast as they are run, threads pause to reduce cache-line contention. A worker may
     * delay one job in eight by up to 8 microseconds, unless this is JOBRING_SPIN_NONE. Whatever this is,
     * a submit that may wait, or a batch before its first job, pauses for up to about 30 microseconds when the
     * pool is nearly full and workers free slots.
     * jobring_try_submit() never pauses.
     */
    uint32_t spin;
    /** Which signals the workers take: JOBRING_SIGNALS_. */
    uint32_t signals;
    /** A set of JOBRING_FLAG_TIMED, JOBRING_FLAG_PAINT_STACKS, JOBRING_FLAG_DESTROY_WAITS. */
    uint32_t flags;
    /**
     * The bytes of each worker's stack, rounded up to a page. 0: 2 MiB. Less than jobring_stack_min() is
     * JOBRING_E_STACK.
     */
    size_t stack_size;
    /**
     * The bytes of the guard below each stack, rounded up to a page. 0: one page. JOBRING_GUARD_NONE: no
     * guard. pthreads only.
     */
    size_t guard_size;
    /**
     * Memory for the workers' stacks, in use until jobring_destroy() has returned. It gets no guards.
     * NULL: the system allocates the stacks. pthreads only.
     */
    void *stack_memory;
    /**
     * The bytes of `stack_memory`: `workers`, or `grow_to` if that is more, times `stack_size` rounded up to a page, and up to one page
     * more to align it. Less is JOBRING_E_SIZE.
     */
    size_t stack_memory_size;
    /**
     * A job runs inside another job, on the same stack, only if this many bytes of the stack are left. 0:
     * 16 KiB.
     *
     * A job runs inside a job when a job waits for a queued job, calls jobring_run_one(), submits to a
     * full pool without workers, or shuts down a pool. The first job that a thread outside of jobs runs is
     * a plain call and needs no reserve.
     *
     * For a thread that the pool did not make, the system says how large the stack is
     * (pthread_getattr_np() on Linux and Android, a similar call on macOS). The library asks once for each
     * such thread, before the thread runs a job inside a job; the system's library may allocate then.
     * Where the system cannot be asked (other systems, a jobring_port), at most 64 jobs run inside each
     * other on such a thread. On a stack that is not the thread's own (a fiber, a coroutine) no job runs
     * inside a job.
     */
    size_t stack_reserve;
    /**
     * The CPUs to bind the workers to, in turn. NULL: the workers inherit the CPU mask of the thread that
     * makes the pool. If that thread is bound to one CPU, so are they, and `workers` 0 means one worker.
     * pthreads only. JOBRING_E_INVALID for a worker's CPU that this process may not use, whatever `min_workers` is.
     */
    const uint32_t *cpus;
    /** The number of `cpus`. */
    size_t cpu_count;
    /**
     * The prefix of the threads' names. A dash and the worker's number follow, 15 bytes in all. NULL:
     * "jobring". Cut before the first byte that is not UTF-8.
     *
     * The system shows this name. Rust's standard library does not know it for pthreads: it reports a
     * panic in a job as one of thread `<unnamed>`.
     */
    const char *name;
    /**
     * Called on each worker's thread before its first job. NULL: nothing.
     *
     * The call that makes the pool returns when all start hooks have returned; without a start hook it
     * does not wait for the threads. A worker whose hook fails ends at once, without `on_stop`; if fewer
     * than `min_workers` are left, the call returns JOBRING_E_FAILED. A hook that waits for something that
     * the calling thread does after that call waits for ever.
     *
     * Where a new thread takes a worker's place (jobring_fn), the hook is called again, and may call what a
     * job may call: a wait without a time limit runs the queued job that it waits for, and a submit to a
     * full pool that could never succeed returns JOBRING_E_DEADLOCK. If it fails there, the pool has one
     * worker less.
     */
    jobring_start_fn on_start;
    /** Called on each worker's thread after its last job. NULL: nothing. It may call what a job may call. */
    jobring_stop_fn on_stop;
    /** Passed to both hooks. */
    void *hook_arg;
    /**
     * The system below the pool: see jobring_port.h. NULL: none. Not copied. JOBRING_E_UNSUPPORTED in a
     * build without ports.
     */
    const jobring_port *port;
    /**
     * The most worker threads that jobring_workers_set() may ask for. 0, or less than `workers`: `workers`. At most
     * 65,535; on 32-bit targets 255; never more than `max_workers`, if that is given. 0 in a build without threads.
     *
     * The pool has memory for that many workers from the start, but no threads. `stack_memory` has a stack for each of them.
     */
    uint32_t grow_to;
    /** Zero. */
    uint32_t reserved;
};

/** Initial value for a jobring_config: all defaults. */
#define JOBRING_CONFIG_INIT                                                                                            \
    { JOBRING_SIZE_(jobring_config), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, JOBRING_NULL_, 0, 0, JOBRING_NULL_, 0,            \
      JOBRING_NULL_, JOBRING_NULL_, JOBRING_NULL_, JOBRING_NULL_, JOBRING_NULL_, 0, 0 }

/** jobring_config.backend: pthreads if the library has them, else threads of Rust's standard library. */
#define JOBRING_BACKEND_DEFAULT 0
/** jobring_config.backend: pthreads. */
#define JOBRING_BACKEND_PTHREAD 1

/**
 * jobring_config.backend: threads of Rust's standard library.
 *
 * If the standard library gets no memory while it makes a thread, it ends the process by abort(); with
 * pthreads that is JOBRING_E_NOMEM or JOBRING_E_THREAD. With both backends a refused thread is
 * JOBRING_E_THREAD, and a missing key for thread-specific data is JOBRING_E_NOMEM.
 */
#define JOBRING_BACKEND_STD 2

/**
 * jobring_config.workers: no threads. jobring_run_one(), jobring_enter_worker() and threads that wait run
 * the jobs.
 */
#define JOBRING_WORKERS_NONE UINT32_MAX

/** jobring_config.spin: a worker that finds no job sleeps at once. */
#define JOBRING_SPIN_NONE UINT32_MAX

/** jobring_config.guard_size: no guard. */
#define JOBRING_GUARD_NONE SIZE_MAX

/**
 * jobring_config.signals: workers have all signals blocked, except those that a thread causes itself
 * (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS) and SIGPROF.
 *
 * A process that a job starts inherits this mask, and exec keeps it. If SIGTERM or SIGINT is to end that
 * process, the job sets another mask, by posix_spawnattr_setsigmask() or between fork() and exec.
 */
#define JOBRING_SIGNALS_BLOCK 0

/** jobring_config.signals: workers inherit the signal mask of the thread that makes the pool. */
#define JOBRING_SIGNALS_INHERIT 1

/**
 * jobring_config.flags: measure how long jobs take, for jobring_worker. Reads the clock twice for each
 * job.
 */
#define JOBRING_FLAG_TIMED 1

/**
 * jobring_config.flags: fill the workers' stacks with a pattern, for jobring_worker_stack(). Makes
 * each stack resident.
 */
#define JOBRING_FLAG_PAINT_STACKS 2

/**
 * jobring_config.flags: jobring_destroy() also waits for submit calls that are about to return.
 *
 * Needed when a job itself makes known that it has run, since its submit may not have returned by then.
 * Costs two atomic operations for each submit.
 */
#define JOBRING_FLAG_DESTROY_WAITS 4

/* ---- Status codes ------------------------------------------------------------------------------------ */

/** Success. */
#define JOBRING_OK 0
/** The job has not finished yet. */
#define JOBRING_PENDING 1
/** An argument is NULL, misaligned, out of its range, or makes no sense here. */
#define JOBRING_E_INVALID (-1)
/** Out of memory. */
#define JOBRING_E_NOMEM (-2)
/** The system refused to make a thread. */
#define JOBRING_E_THREAD (-3)
/** No slot is free. Of a queue: no place is free. */
#define JOBRING_E_FULL (-4)
/** The pool is shut down. Of a job: a shutdown discarded it. Of a queue: it is closed. */
#define JOBRING_E_SHUTDOWN (-5)
/** The time limit has passed. */
#define JOBRING_E_TIMEDOUT (-6)
/** The handle names no job: its result was taken, it was detached, or it was never a handle of this pool. */
#define JOBRING_E_STALE (-7)
/** The job was cancelled before it ran. */
#define JOBRING_E_CANCELLED (-8)
/** The job ran and failed: it called jobring_fail(), or ended its thread. From jobring_create(): on_start failed. */
#define JOBRING_E_FAILED (-9)
/** Not now: the job runs or has finished, or the caller is inside the pool. */
#define JOBRING_E_BUSY (-10)
/** The wait would never end: every thread that could end it waits in this pool itself. */
#define JOBRING_E_DEADLOCK (-11)
/** A stack is too small, or too little of it is left. */
#define JOBRING_E_STACK (-12)
/** Memory or a buffer is too small, or data are too large. */
#define JOBRING_E_SIZE (-13)
/** This build or this backend cannot do it. */
#define JOBRING_E_UNSUPPORTED (-14)
/** No job is queued. Of a completion queue: no job is pending. Of a queue: no item is in it. */
#define JOBRING_E_EMPTY (-15)
/** This process is a child, by fork(), of the process that made the pool. */
#define JOBRING_E_FORKED (-17)
/** For a drop callback only: the job ran, and nobody took its result. */
#define JOBRING_E_UNTAKEN (-18)
/** The `code` of a failed job that ended its thread (pthread_exit, cancellation): see jobring_fn. */
#define JOBRING_E_EXITED (-19)
/** Jobs are pending, and the pool has no worker to run them. */
#define JOBRING_E_NO_WORKERS (-20)
/** The call was ended by jobring_interrupt_raise(). */
#define JOBRING_E_INTERRUPTED (-21)
/** The worker process of the job ended in it (jobring_processes.h). */
#define JOBRING_E_WORKER_DIED (-22)
/** The memory that processes share holds a value that the library did not write (jobring_processes.h). */
#define JOBRING_E_CORRUPT (-23)

/* -16 is not used. */

/* For the values above. */
#ifdef __cplusplus
#define JOBRING_SIZE_(type) static_cast<uint32_t>(sizeof(type))
#define JOBRING_NULL_ nullptr
#define JOBRING_NUMBER_(type, number) reinterpret_cast<type>(static_cast<uintptr_t>(number))
#else
#define JOBRING_SIZE_(type) (uint32_t)sizeof(type)
#define JOBRING_NULL_ NULL
#define JOBRING_NUMBER_(type, number) ((type)(uintptr_t)number)
#endif

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* JOBRING_H */
