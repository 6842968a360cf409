/*
 * jobring_processes.h - pools whose workers are processes.
 *
 * Generated from the library's source; do not edit. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Unlike jobring.h, this header may change until version 0.2. It works on 64-bit Linux with glibc, in a library that was
 * built by make PROCESSES=1, or with the Cargo feature `processes`. Elsewhere each call returns JOBRING_E_UNSUPPORTED.
 *
 * For code that may crash, leak, hang or use too much memory. Each worker is a process. One that dies costs the job that it ran, and
 * nothing else: that job ends with JOBRING_E_WORKER_DIED and the signal, and a new worker takes the place.
 *
 *     static const jobring_process_fn functions[] = {decode};
 *
 *     jobring_processes_config config = JOBRING_PROCESSES_CONFIG_INIT;
 *     config.functions = functions;
 *     config.function_count = 1;
 *     jobring_processes_create(&config, &pool);
 *     jobring_processes_submit(pool, 0, bytes, size, NULL, NULL);
 *     jobring_processes_take(pool, JOBRING_FOREVER, &outcome);
 *     jobring_processes_destroy(pool);
 *
 * A job is the number of a function, and bytes. Its result is bytes. No pointer to the caller's memory has a meaning in a worker.
 *
 * WHERE WORKERS COME FROM
 *
 * All workers are copies of one process with a single thread, the zygote. It is made in one of two ways.
 *
 * - A copy of the program, by fork (the default). Create the pool before the program makes threads. A copy has the memory as it was
 *   then. If another thread held a lock, that lock is never released in a worker: jobs of such a pool must not use what other
 *   threads use. The C library's own memory functions are safe.
 * - The program, started once more (JOBRING_PROCESSES_SPAWN). This is safe in a program with threads. The program must call
 *   jobring_processes_take_over() at the start of main().
 *
 * Children of the second kind, and of a program that has threads when the pool is made, raise SIGCHLD when they end. If the program's own
 * wait() collects such a worker, the pool does not learn its signal or exit code.
 *
 * A program that gives up privileges (setuid() and the like) does that before it creates the pool: otherwise it may not kill the
 * workers, and they do not end with it. A worker may give up more of them.
 *
 * WHAT ENDS WITH WHAT
 *
 * - When the program ends, also by SIGKILL, the kernel kills the zygote and all workers. No file and no memory stays behind.
 * - When the zygote dies, the workers go on. With JOBRING_PROCESSES_SPAWN a new zygote is made. Without it no new worker can be
 *   made; when the last one has ended, jobs end with JOBRING_E_NO_WORKERS.
 * - Workers share one mapping of memory with the program. A worker that writes into it at random can spoil any job. The library
 *   checks what it reads there: calls then return JOBRING_E_CORRUPT, and the workers are killed.
 */

#ifndef JOBRING_PROCESSES_H
#define JOBRING_PROCESSES_H

#include "jobring.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- A pool of processes ----------------------------------------------------------------------------- */

typedef struct jobring_process_limit jobring_process_limit;
typedef struct jobring_processes_config jobring_processes_config;

/** A pool whose workers are processes. Its insides are the library's. */
typedef struct jobring_processes jobring_processes;

/**
 * What a job calls in a worker process.
 *
 * - `data`, `size`: the job's data, aligned to 16 bytes.
 * - `result`, `capacity`: room for the result, aligned to 16 bytes. It does not overlap the data.
 * - `length`: where the function writes how many bytes of result there are; 0 at first. If it is larger than `capacity`, memory is
 *   spoilt, so the worker aborts.
 *
 * Returns 0, or a code of its own: then the job ends with JOBRING_E_FAILED and that code.
 *
 * The worker has one thread and runs one job at a time. What a job leaves behind in it (memory, open files, threads) stays for the
 * jobs that run there later, until the worker ends. A C++ exception that leaves the function ends the worker. A child that the
 * function makes by fork() ends if it returns from the function too. A function closes only descriptors that it has opened: a later
 * job may open a file that gets the number of one of the library's.
 */
typedef int32_t (*jobring_process_fn)(const void *data,
                                      size_t size,
                                      void *result,
                                      size_t capacity,
                                      size_t *length);

/**
 * jobring_processes_config.flags: the zygote is this program, started once more. Its `main` calls jobring_processes_take_over(), whose
 * functions then are the pool's.
 */
#define JOBRING_PROCESSES_SPAWN 1

/** jobring_processes_config.flags: the pool has a descriptor (jobring_processes_fd()). */
#define JOBRING_PROCESSES_FD 2

/**
 * jobring_processes_config.flags: each worker calls function 0 before its first job, without data. If that does not return 0, the
 * worker ends, and another is made, at most `restarts` times in a row.
 */
#define JOBRING_PROCESSES_START 4

/** A limit for each worker, as for setrlimit(). */
struct jobring_process_limit {
    /** RLIMIT_AS, RLIMIT_CPU and so on. */
    int32_t resource;
    /** 0. */
    uint32_t reserved;
    /** The soft limit. */
    uint64_t soft;
    /** The hard limit: at least the soft one. */
    uint64_t hard;
};

/** What a pool of processes is made of. Zero is the default in every field. */
struct jobring_processes_config {
    /** sizeof (jobring_processes_config). */
    uint32_t size;
    /** JOBRING_PROCESSES_SPAWN, _FD and _START, or'ed together. */
    uint32_t flags;
    /** The number of workers: at most 64. 0: one for each CPU that the program may use. */
    uint32_t workers;
    /**
     * The most jobs that are pending: those that have not ended, and those whose outcome nobody took. Rounded up to a power of two.
     * 0: 256.
     */
    uint32_t capacity;
    /** The most bytes of a job's data. 0: 4,096. */
    uint32_t data_size;
    /** The most bytes of a job's result. 0: 4,096. */
    uint32_t result_size;
    /** The functions of the jobs. Jobs name them by their number, from 0 on. NULL with JOBRING_PROCESSES_SPAWN. */
    const jobring_process_fn *functions;
    /** How many they are. */
    uint32_t function_count;
    /** A worker ends after this many jobs, and a new one takes its place: against memory that leaks. 0: never. */
    uint32_t jobs_per_worker;
    /**
     * How often in a row a worker may end before it is ready for its first job. Then its place stays empty. The next try comes after
     * a delay that doubles from 1 millisecond to 1 second. 0: 8 times. A process that the system refuses does not count.
     */
    uint32_t restarts;
    /** How many limits there are: at most 16. */
    uint32_t limit_count;
    /** Limits that each worker sets for itself when it begins. One that cannot be set ends the worker. */
    const jobring_process_limit *limits;
    /** The bytes of a worker's stack, without JOBRING_PROCESSES_SPAWN. 0: 8 MiB. */
    size_t stack_size;
};

/** A configuration with the default in every field. */
#define JOBRING_PROCESSES_CONFIG_INIT \
    { JOBRING_SIZE_(jobring_processes_config), 0, 0, 0, 0, 0, JOBRING_NULL_, 0, 0, 0, 0, JOBRING_NULL_, 0 }

/**
 * Begins the worker side, in a program that has pools with JOBRING_PROCESSES_SPAWN.
 *
 * Call it first in `main`, before the program makes threads, opens files or reads its arguments. In the program that the user started
 * it returns at once. In a copy that a pool has started it does not return: the process becomes the pool's zygote. A copy that has
 * threads already prints a line to the standard error and ends; then jobring_processes_create() returns JOBRING_E_NO_WORKERS.
 *
 * - `functions`: the functions that jobs name by their number, from 0 on.
 * - `count`: how many they are.
 *
 * Returns:
 * - JOBRING_OK: this is no copy.
 * - JOBRING_E_INVALID: `functions` is NULL, or one of them is, or `count` is 0. A copy goes on then, as the program.
 * - JOBRING_E_UNSUPPORTED.
 *
 * From `main`. Does not block, except that it does not return in a copy. Allocates.
 */
jobring_status jobring_processes_take_over(const jobring_process_fn *functions,
                                           uint32_t count);

/**
 * Makes a pool of processes: maps its memory, and starts the zygote and the workers.
 *
 * The calling thread waits until the zygote has started, at most a minute. It does not wait for the workers. Without a call of
 * jobring_processes_take_over(), a copy runs the program's `main` meanwhile.
 *
 * - `config`: the configuration, read during the call only. Not NULL: it has the functions.
 * - `pool`: where the pool is written.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_INVALID: also for no function, for more than 64 workers, 16 limits or 2^31 jobs, and in a copy of the
 *   program that has not called jobring_processes_take_over().
 * - JOBRING_E_NOMEM: no memory, or no file descriptor.
 * - JOBRING_E_THREAD: the system refused a thread or a process.
 * - JOBRING_E_NO_WORKERS: the zygote ended before it began: with JOBRING_PROCESSES_SPAWN, `main` does not call
 *   jobring_processes_take_over().
 * - JOBRING_E_UNSUPPORTED.
 *
 * From a thread, not inside a job of a pool of processes. Blocks. Allocates.
 */
jobring_status jobring_processes_create(const jobring_processes_config *config,
                                        jobring_processes **pool);

/* ---- Jobs -------------------------------------------------------------------------------------------- */

typedef struct jobring_processes_options jobring_processes_options;

/** How to submit a job to a pool of processes. Zero is the default in every field. */
struct jobring_processes_options {
    /** sizeof (jobring_processes_options). */
    uint32_t size;
    /** What to do when no slot is free: JOBRING_WHEN_FULL_WAIT or JOBRING_WHEN_FULL_FAIL. */
    uint32_t when_full;
    /** The longest wait for a slot in nanoseconds. 0 or JOBRING_FOREVER: no limit. */
    int64_t limit_ns;
    /**
     * The most nanoseconds that the job may run, from its start. Then its worker is killed, and the job ends with
     * JOBRING_E_WORKER_DIED. 0: no limit.
     */
    int64_t kill_after_ns;
    /** The caller's: the outcome's `arg`. No worker reads it. */
    void *arg;
    /** NULL: for a later version. */
    void *reserved;
};

/** Options with the default in every field. */
#define JOBRING_PROCESSES_OPTIONS_INIT \
    { JOBRING_SIZE_(jobring_processes_options), 0, 0, 0, JOBRING_NULL_, JOBRING_NULL_ }

/**
 * Submits a job: a worker will call the function with a copy of the data.
 *
 * - `pool`: the pool.
 * - `function`: the number of the function.
 * - `data`, `size`: the job's data, which are copied. `data` may be NULL if `size` is 0.
 * - `options`: how to submit, or NULL for the defaults.
 * - `job`: where the job's handle is written, or NULL.
 *
 * Returns:
 * - JOBRING_OK: the job is accepted, and ends in exactly one way. Its outcome must be taken.
 * - JOBRING_E_FULL, JOBRING_E_TIMEDOUT: no slot is free, or became free in time.
 * - JOBRING_E_SIZE: the data are larger than `data_size`.
 * - JOBRING_E_NO_WORKERS: the workers have ended, and no new ones can be made.
 * - JOBRING_E_SHUTDOWN, JOBRING_E_CORRUPT, JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
 *
 * From any thread of the pool's process; not from a signal handler. Blocks if the pool is full, and takes the pool's lock.
 * Does not allocate.
 */
jobring_status jobring_processes_submit(jobring_processes *pool,
                                        uint32_t function,
                                        const void *data,
                                        size_t size,
                                        const jobring_processes_options *options,
                                        jobring_job *job);

/**
 * Takes the next job that has ended, and waits for one if there is none.
 *
 * - `pool`: the pool.
 * - `timeout_ns`: the longest wait in nanoseconds; JOBRING_FOREVER; 0 does not wait.
 * - `outcome`: what became of the job. The caller sets `size`, and `data` and `capacity` to room for the result; `move` is NULL.
 *   The library sets `job`, `arg` (what the submit was given), `length`, and
 *   - `status` JOBRING_OK: the function returned 0. The result is copied to `data`; one that is longer than `capacity` is cut.
 *   - JOBRING_E_FAILED: the function returned `code`.
 *   - JOBRING_E_WORKER_DIED: the worker ended in the job. `code` is the negative number of the signal, or the exit code;
 *     0 if a wait() of the program's own has collected the worker.
 *   - JOBRING_E_CANCELLED, JOBRING_E_SHUTDOWN: a cancel, or a shutdown, came before a worker had begun it.
 *   - JOBRING_E_NO_WORKERS: no worker was left to run it.
 *
 * Returns:
 * - JOBRING_OK: a job was taken.
 * - JOBRING_E_TIMEDOUT: none ended in time.
 * - JOBRING_E_EMPTY: the pool is shut down, and every outcome was taken.
 * - JOBRING_E_CORRUPT, JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
 *
 * From any thread of the pool's process; not from a signal handler. Blocks, also for the pool's lock. Does not allocate.
 */
jobring_status jobring_processes_take(jobring_processes *pool,
                                      int64_t timeout_ns,
                                      jobring_outcome *outcome);

/**
 * Waits for one job, and takes it.
 *
 * As jobring_processes_take(), except for what is said here.
 *
 * - `job`: the job.
 *
 * Returns, besides:
 * - JOBRING_E_STALE: the job was taken, also by another thread during the wait, or is none of this pool.
 * - never JOBRING_E_EMPTY.
 *
 * From any thread of the pool's process; not from a signal handler. Blocks, also for the pool's lock. Does not allocate.
 */
jobring_status jobring_processes_wait(jobring_processes *pool,
                                      jobring_job job,
                                      int64_t timeout_ns,
                                      jobring_outcome *outcome);

/**
 * Cancels a job that no worker has started.
 *
 * - `pool`, `job`: the job.
 *
 * Returns:
 * - JOBRING_OK: it will not run. It has ended with JOBRING_E_CANCELLED, and is still to be taken.
 * - JOBRING_E_BUSY: a worker runs it, or it has ended.
 * - JOBRING_E_STALE, JOBRING_E_CORRUPT, JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
 *
 * From any thread of the pool's process; not from a signal handler. Does not block, except for the pool's lock. Does not allocate.
 */
jobring_status jobring_processes_cancel(jobring_processes *pool,
                                        jobring_job job);

/**
 * Cancels a job, or kills the worker that runs it.
 *
 * - `pool`, `job`: the job.
 *
 * Returns:
 * - JOBRING_OK: it ends soon: with JOBRING_E_CANCELLED, with JOBRING_E_WORKER_DIED and -SIGKILL as its code, or as it would have
 *   ended, if it did that just before. No other job is killed in its place.
 * - JOBRING_E_BUSY: it has ended.
 * - JOBRING_E_STALE, JOBRING_E_CORRUPT, JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
 *
 * From any thread of the pool's process; not from a signal handler. Does not block, except for the pool's lock. May allocate.
 */
jobring_status jobring_processes_kill(jobring_processes *pool,
                                      jobring_job job);
/**
 * Gives the file descriptor of a pool with JOBRING_PROCESSES_FD, for poll(), epoll or an event loop that is built on them.
 *
 * It becomes readable when a job may have ended. A jobring_processes_take() that finds none makes it unreadable again: so take,
 * with a timeout of 0, until that returns JOBRING_E_TIMEDOUT. Only poll it: do not read, write or close it.
 *
 * - `pool`: the pool.
 * - `fd`: where the descriptor is written.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_INVALID: also of a pool without JOBRING_PROCESSES_FD.
 * - JOBRING_E_FORKED, JOBRING_E_UNSUPPORTED.
 *
 * From any thread of the pool's process, and a signal handler. Does not block or allocate.
 */
jobring_status jobring_processes_fd(jobring_processes *pool,
                                    int *fd);

/* ---- End and state of the pool ----------------------------------------------------------------------- */

typedef struct jobring_processes_stats jobring_processes_stats;

/** jobring_processes_shutdown(): as JOBRING_DISCARD, and the workers that run jobs are killed. */
#define JOBRING_KILL 2

/**
 * Accepts no more jobs, waits until none is left that has not ended, and ends the processes.
 *
 * Outcomes that nobody has taken stay, and can be taken until jobring_processes_destroy().
 *
 * - `pool`: the pool.
 * - `mode`: JOBRING_DRAIN runs the queued jobs. JOBRING_DISCARD ends them with JOBRING_E_SHUTDOWN. JOBRING_KILL also kills the
 *   workers that run jobs.
 * - `timeout_ns`: the longest wait in nanoseconds; JOBRING_FOREVER; 0 does not wait.
 *
 * Returns:
 * - JOBRING_OK: all processes have ended.
 * - JOBRING_E_TIMEDOUT: the pool accepts no jobs, and jobs or processes are left. The call can be repeated, also with another mode.
 * - JOBRING_E_CORRUPT, JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
 *
 * From any thread of the pool's process; not from a signal handler. Blocks. May allocate.
 */
jobring_status jobring_processes_shutdown(jobring_processes *pool,
                                          uint32_t mode,
                                          int64_t timeout_ns);

/**
 * Ends a pool of processes: kills its workers if they still run, and frees its memory and descriptors.
 *
 * What nobody has taken is lost. In a child of the pool's process it frees nothing.
 *
 * - `pool`: the pool; NULL does nothing. No other thread may be inside a call on it or begin one.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
 *
 * From any thread of the pool's process; not from a signal handler. Blocks until the processes have ended. May allocate.
 */
jobring_status jobring_processes_destroy(jobring_processes *pool);

/** A pool of processes at one moment. */
struct jobring_processes_stats {
    /** sizeof (jobring_processes_stats), set by the caller. */
    uint32_t size;
    /** The workers that live. */
    uint32_t workers;
    /** The most jobs that are pending. */
    uint32_t capacity;
    /** The jobs that have not ended, as far as the pool knows: a take or a wait looks for ends. */
    uint32_t in_flight;
    /** Jobs that were accepted. */
    uint64_t submitted;
    /** Workers that were made, from the pool's begin. */
    uint64_t made;
    /** Workers that ended otherwise than with exit code 0, from the pool's begin. */
    uint64_t deaths;
    /** 1: no worker can be made any more, because the zygote has ended. Otherwise 0. */
    uint32_t no_zygote;
    /** 0. */
    uint32_t reserved;
};

/** Statistics to be filled in. */
#define JOBRING_PROCESSES_STATS_INIT { JOBRING_SIZE_(jobring_processes_stats), 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Reads the statistics of a pool of processes.
 *
 * - `pool`: the pool.
 * - `stats`: what is filled in. The caller sets `size`.
 *
 * Returns:
 * - JOBRING_OK.
 * - JOBRING_E_FORKED, JOBRING_E_INVALID, JOBRING_E_UNSUPPORTED.
 *
 * From any thread of the pool's process; not from a signal handler. Does not block, except for the pool's lock. Does not allocate.
 */
jobring_status jobring_processes_stats_get(jobring_processes *pool,
                                           jobring_processes_stats *stats);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* JOBRING_PROCESSES_H */
