/* A pool of processes: every way in which a job ends, from C. With an argument: workers come from this program, started once more. */
#define _GNU_SOURCE
#include "check.h"

#include <jobring_processes.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ECHO, NUMBER, SEGV, ABORT, EXIT, LEAVE, END_THREAD, OVERFLOW, TWICE_FREED, CPU_TIME, EAT, HANG, TOO_LONG, LOCK, COUNT };

/* Function 0, so each worker calls it first. */
static int32_t echo(const void *data, size_t size, void *result, size_t capacity, size_t *length)
{
    CHECK((uintptr_t)data % 16 == 0 && (uintptr_t)result % 16 == 0);
    if (size > capacity)
        return -1;
    memcpy(result, data, size);
    *length = size;
    return 0;
}

static int32_t number(const void *data, size_t size, void *result, size_t capacity, size_t *length)
{
    int32_t code;
    (void)result, (void)capacity, (void)length;
    CHECK(size == sizeof code && (uintptr_t)data % 16 == 0 && (uintptr_t)result % 16 == 0);
    memcpy(&code, data, sizeof code);
    return code;
}

#define FUNCTION(name, body)                                                                                           \
    static int32_t name(const void *data, size_t size, void *result, size_t capacity, size_t *length)                  \
    {                                                                                                                  \
        (void)data, (void)size, (void)result, (void)capacity, (void)length;                                           \
        body;                                                                                                          \
        return 0;                                                                                                      \
    }

static int depth(volatile char *outer)
{
    volatile char frame[4096];
    frame[0] = *outer;
    return (outer[0] == 1 ? depth(frame) : 0) + frame[0];
}

static void free_twice(void)
{
    void *volatile block = malloc(100);
    free(block);
    free(block);
}

/* Does the C library know the number of this thread? Locks between processes depend on it. */
static int is_owner(void)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    CHECK(pthread_mutex_lock(&lock) == 0);
    return lock.__data.__owner == (int)syscall(SYS_gettid);
}

FUNCTION(segv, raise(SIGSEGV))
FUNCTION(aborts, abort())
FUNCTION(exits, exit(3))
FUNCTION(leaves, _exit(0))
FUNCTION(ends_thread, pthread_exit(NULL))
FUNCTION(overflows, char begin = 1; return depth(&begin))
FUNCTION(frees_twice, free_twice())
FUNCTION(cpu_time, for (volatile int i = 0;;) i = i + 1)
FUNCTION(eats, return malloc(size == 0 ? (size_t)1 << 40 : 1) == NULL ? 7 : 0)
FUNCTION(hangs, for (;;) pause())
FUNCTION(too_long, *length = capacity + 1)
FUNCTION(locks, return is_owner())

static const jobring_process_fn functions[COUNT] = {
    [ECHO] = echo,           [NUMBER] = number,         [SEGV] = segv,
    [ABORT] = aborts,        [EXIT] = exits,            [LEAVE] = leaves,
    [END_THREAD] = ends_thread, [OVERFLOW] = overflows, [TWICE_FREED] = frees_twice,
    [CPU_TIME] = cpu_time,   [EAT] = eats,              [HANG] = hangs,
    [TOO_LONG] = too_long,   [LOCK] = locks,
};

static jobring_processes *make(uint32_t flags, uint32_t workers)
{
    static const jobring_process_limit limits[] = {{RLIMIT_CPU, 0, 1, 2}, {RLIMIT_CORE, 0, 0, 0}, {RLIMIT_AS, 0, 1u << 30, 1u << 30}};
    jobring_processes_config config = JOBRING_PROCESSES_CONFIG_INIT;
    jobring_processes *pool = NULL;
    config.flags = flags | JOBRING_PROCESSES_START;
    config.workers = workers;
    config.capacity = 64;
    config.limits = limits;
    config.limit_count = 3;
    if ((flags & JOBRING_PROCESSES_SPAWN) == 0) {
        config.functions = functions;
        config.function_count = COUNT;
    }
    OK(jobring_processes_create(&config, &pool));
    return pool;
}

static void submit(jobring_processes *pool, uint32_t function, const void *data, size_t size, int64_t kill_after, uintptr_t arg, jobring_job *job)
{
    jobring_processes_options options = JOBRING_PROCESSES_OPTIONS_INIT;
    options.kill_after_ns = kill_after;
    options.arg = (void *)arg;
    OK(jobring_processes_submit(pool, function, data, size, &options, job));
}

static jobring_outcome wait_for(jobring_processes *pool, jobring_job job, void *data, size_t capacity)
{
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    outcome.data = data;
    outcome.capacity = capacity;
    OK(jobring_processes_wait(pool, job, JOBRING_FOREVER, &outcome));
    CHECK(outcome.job == job);
    CHECK(jobring_processes_wait(pool, job, 0, &outcome) == JOBRING_E_STALE);
    return outcome;
}

static void each_way_to_end(uint32_t flags)
{
    static const struct death {
        uint32_t function;
        int64_t kill_after;
        jobring_status status;
        int32_t code;
    } deaths[] = {
        {SEGV, 0, JOBRING_E_WORKER_DIED, -SIGSEGV},      {ABORT, 0, JOBRING_E_WORKER_DIED, -SIGABRT},
        {EXIT, 0, JOBRING_E_WORKER_DIED, 3},             {LEAVE, 0, JOBRING_E_WORKER_DIED, 0},
        {END_THREAD, 0, JOBRING_E_WORKER_DIED, -SIGABRT}, {OVERFLOW, 0, JOBRING_E_WORKER_DIED, -SIGSEGV},
        {TWICE_FREED, 0, JOBRING_E_WORKER_DIED, -SIGABRT}, {CPU_TIME, 0, JOBRING_E_WORKER_DIED, -SIGXCPU},
        {EAT, 0, JOBRING_E_FAILED, 7},                   {HANG, 50000000, JOBRING_E_WORKER_DIED, -SIGKILL},
        {TOO_LONG, 0, JOBRING_E_WORKER_DIED, -SIGABRT},
    };
    enum { DEATHS = sizeof deaths / sizeof deaths[0] };
    jobring_processes *pool = make(flags, 2);
    jobring_job jobs[DEATHS], echoes[DEATHS];

    for (uintptr_t i = 0; i < DEATHS; i++) {
        submit(pool, deaths[i].function, NULL, 0, deaths[i].kill_after, i, &jobs[i]);
        submit(pool, ECHO, &i, sizeof i, 0, 1000 + i, &echoes[i]);
    }
    for (uintptr_t i = 0; i < DEATHS; i++) {
        uintptr_t echoed = 0;
        jobring_outcome outcome = wait_for(pool, jobs[i], NULL, 0);
        if (outcome.status != deaths[i].status || outcome.code != deaths[i].code)
            (void)fprintf(stderr, "function %u: %s, %d\n", deaths[i].function, jobring_status_text(outcome.status), outcome.code);
        CHECK(outcome.status == deaths[i].status && outcome.code == deaths[i].code);
        CHECK(outcome.arg == (void *)i && outcome.length == 0);
        outcome = wait_for(pool, echoes[i], &echoed, sizeof echoed);
        CHECK(outcome.status == JOBRING_OK && outcome.code == 0 && outcome.length == sizeof echoed && echoed == i);
        CHECK(outcome.arg == (void *)(1000 + i));
    }

    /* By hand. */
    jobring_job hanging, waiting[4];
    for (int i = 0; i < 2; i++)
        submit(pool, HANG, NULL, 0, 0, 0, &waiting[i]);
    submit(pool, HANG, NULL, 0, 0, 0, &hanging);
    OK(jobring_processes_cancel(pool, hanging));
    CHECK(jobring_processes_cancel(pool, hanging) == JOBRING_E_BUSY);
    CHECK(wait_for(pool, hanging, NULL, 0).status == JOBRING_E_CANCELLED);
    for (int i = 0; i < 2; i++) {
        jobring_outcome outcome = JOBRING_OUTCOME_INIT;
        CHECK(jobring_processes_wait(pool, waiting[i], 1000000, &outcome) == JOBRING_E_TIMEDOUT);
        OK(jobring_processes_kill(pool, waiting[i]));
        outcome = wait_for(pool, waiting[i], NULL, 0);
        /* It may not have begun. */
        CHECK(outcome.status == JOBRING_E_CANCELLED || (outcome.status == JOBRING_E_WORKER_DIED && outcome.code == -SIGKILL));
        CHECK(jobring_processes_kill(pool, waiting[i]) == JOBRING_E_STALE);
    }

    /* A failure has its code; a result that does not fit is cut. */
    int32_t code = -77;
    jobring_job job;
    submit(pool, NUMBER, &code, sizeof code, 0, 0, &job);
    jobring_outcome outcome = wait_for(pool, job, NULL, 0);
    CHECK(outcome.status == JOBRING_E_FAILED && outcome.code == -77);
    char cut[4] = "";
    submit(pool, ECHO, "a longer text", 13, 0, 0, &job);
    outcome = wait_for(pool, job, cut, 3);
    CHECK(outcome.status == JOBRING_OK && outcome.length == 13 && strcmp(cut, "a l") == 0);
    submit(pool, ECHO, NULL, 0, 0, 0, &job);
    outcome = wait_for(pool, job, cut, 3);
    CHECK(outcome.status == JOBRING_OK && outcome.length == 0);

    /* A shutdown that discards. */
    for (int i = 0; i < 2; i++)
        submit(pool, HANG, NULL, 0, 0, 0, &waiting[i]);
    for (int i = 2; i < 4; i++)
        submit(pool, ECHO, NULL, 0, 0, 0, &waiting[i]);
    CHECK(jobring_processes_shutdown(pool, JOBRING_DISCARD, 0) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_processes_submit(pool, ECHO, NULL, 0, NULL, NULL) == JOBRING_E_SHUTDOWN);
    OK(jobring_processes_shutdown(pool, JOBRING_KILL, JOBRING_FOREVER));
    for (int i = 0; i < 4; i++) {
        outcome = wait_for(pool, waiting[i], NULL, 0);
        CHECK(outcome.status == JOBRING_E_SHUTDOWN || (i < 2 && outcome.status == JOBRING_E_WORKER_DIED));
    }
    CHECK(jobring_processes_take(pool, JOBRING_FOREVER, &outcome) == JOBRING_E_EMPTY);
    OK(jobring_processes_destroy(pool));
}

static void a_full_pool_refuses_or_waits(uint32_t flags)
{
    jobring_processes *pool = make(flags, 1);
    jobring_processes_options options = JOBRING_PROCESSES_OPTIONS_INIT;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;

    options.when_full = JOBRING_WHEN_FULL_FAIL;
    for (int n = 0; n < 64; n++)
        OK(jobring_processes_submit(pool, ECHO, NULL, 0, &options, NULL));
    CHECK(jobring_processes_submit(pool, ECHO, NULL, 0, &options, NULL) == JOBRING_E_FULL);
    options.when_full = JOBRING_WHEN_FULL_WAIT;
    options.limit_ns = 1000000;
    CHECK(jobring_processes_submit(pool, ECHO, NULL, 0, &options, NULL) == JOBRING_E_TIMEDOUT);
    OK(jobring_processes_take(pool, JOBRING_FOREVER, &outcome));
    options.limit_ns = JOBRING_FOREVER;
    OK(jobring_processes_submit(pool, ECHO, NULL, 0, &options, NULL));
    OK(jobring_processes_destroy(pool));
}

static void a_descriptor_tells_of_ends(uint32_t flags)
{
    jobring_processes *pool = make(flags | JOBRING_PROCESSES_FD, 1);
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    struct pollfd readable = {-1, POLLIN, 0};

    OK(jobring_processes_fd(pool, &readable.fd));
    for (uintptr_t round = 0; round < 100; round++) {
        while (jobring_processes_take(pool, 0, &outcome) != JOBRING_E_TIMEDOUT)
            ;
        submit(pool, ECHO, NULL, 0, 0, round, NULL);
        CHECK(poll(&readable, 1, -1) == 1 && readable.revents == POLLIN);
        jobring_status status;
        /* It may have become readable by a job that has not ended, and then does so again. */
        while ((status = jobring_processes_take(pool, 0, &outcome)) == JOBRING_E_TIMEDOUT)
            CHECK(poll(&readable, 1, -1) == 1);
        CHECK(status == JOBRING_OK && outcome.status == JOBRING_OK && outcome.arg == (void *)round);
    }
    OK(jobring_processes_destroy(pool));
}

static jobring_outcome run(jobring_processes *pool, uint32_t function)
{
    jobring_job job;
    submit(pool, function, NULL, 0, 0, 0, &job);
    return wait_for(pool, job, NULL, 0);
}

static void the_c_library_knows_the_thread(uint32_t flags)
{
    jobring_processes *pool = make(flags, 1);
    for (int i = 0; i < 2; i++) {
        CHECK(run(pool, LOCK).code == 1);
        CHECK(run(pool, EXIT).status == JOBRING_E_WORKER_DIED);
    }
    OK(jobring_processes_destroy(pool));
}

/* In a program that has closed them, a pool is made, and what is printed does not go into its memory. */
static void without_standard_descriptors(uint32_t flags)
{
    int out = dup(1);
    CHECK(out > 2 && close(0) == 0 && close(1) == 0);
    jobring_processes *pool = make(flags | JOBRING_PROCESSES_FD, 1);
    CHECK(run(pool, EXIT).code == 3 && run(pool, ECHO).status == JOBRING_OK);
    CHECK(puts("lost") >= 0 && fflush(stdout) == EOF);
    clearerr(stdout);
    CHECK(run(pool, ECHO).status == JOBRING_OK);
    OK(jobring_processes_destroy(pool));
    CHECK(open("/dev/null", O_RDONLY) == 0 && dup2(out, 1) == 1 && close(out) == 0);
}

static void *sleeps(void *none)
{
    for (;;)
        pause();
    return none;
}

/* A program that takes over when it has threads. */
static int late(void)
{
    pthread_t thread;
    jobring_processes_config config = JOBRING_PROCESSES_CONFIG_INIT;
    jobring_processes *pool = NULL;

    CHECK(pthread_create(&thread, NULL, sleeps, NULL) == 0);
    OK(jobring_processes_take_over(functions, COUNT));
    /* The copy does not get here. */
    config.flags = JOBRING_PROCESSES_SPAWN;
    CHECK(jobring_processes_create(&config, &pool) == JOBRING_E_NO_WORKERS);
    puts("no pool");
    return 0;
}

int main(int argc, char **argv)
{
    if (getenv("JOBRING_TEST_LATE") != NULL)
        return late();
    OK(jobring_processes_take_over(functions, COUNT));
    (void)argv;
    alarm(300);
    uint32_t flags = argc > 1 ? JOBRING_PROCESSES_SPAWN : 0;
    the_c_library_knows_the_thread(flags);
    without_standard_descriptors(flags);
    each_way_to_end(flags);
    a_full_pool_refuses_or_waits(flags);
    a_descriptor_tells_of_ends(flags);
    puts("every job ended in its way");
    return 0;
}
