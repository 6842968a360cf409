/* Shows what a thread costs: 2,000 workers with 64 KiB stacks alive at once, measured. */
#define _GNU_SOURCE  /* pthread_getattr_np */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 2000, MOST_WORKERS = 100000 };

struct range {
    size_t least, most;
};

struct memory {
    long long virtual_kib, resident_kib, threads;
};

struct meeting {
    jobring_pool *pool;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t workers, here;
    int over;
    unsigned char *seen;  /* of each worker: is it here? */
    struct range stacks;  /* as seen from inside */
};

static void widen(struct range *range, size_t value)
{
    if (value < range->least)
        range->least = value;
    if (value > range->most)
        range->most = value;
}

static size_t own_stack(void)
{
    pthread_attr_t attributes;
    void *lowest;
    size_t size;
    CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0);
    CHECK(pthread_attr_getstack(&attributes, &lowest, &size) == 0);
    CHECK(pthread_attr_destroy(&attributes) == 0);
    return size;
}

/* The job: comes to the meeting and stays until it has ended. So no worker can run two. */
static void *meet(void *arg)
{
    struct meeting *meeting = arg;
    uint32_t worker = 0;
    TRY(jobring_worker_index(meeting->pool, &worker));

    CHECK(pthread_mutex_lock(&meeting->lock) == 0);
    CHECK(worker < meeting->workers && !meeting->seen[worker]);
    meeting->seen[worker] = 1;
    if (++meeting->here == meeting->workers)
        CHECK(pthread_cond_broadcast(&meeting->changed) == 0);
    while (!meeting->over)
        CHECK(pthread_cond_wait(&meeting->changed, &meeting->lock) == 0);
    CHECK(pthread_mutex_unlock(&meeting->lock) == 0);

    /* Only now, when the memory has been measured: this call allocates. */
    size_t stack = own_stack();
    CHECK(pthread_mutex_lock(&meeting->lock) == 0);
    widen(&meeting->stacks, stack);
    CHECK(pthread_mutex_unlock(&meeting->lock) == 0);
    return meeting;
}

static struct memory measure(void)
{
    struct memory memory = {proc_status("VmSize:"), proc_status("VmRSS:"),
                            proc_status("Threads:")};
    CHECK(memory.virtual_kib > 0 && memory.resident_kib > 0 && memory.threads > 0);
    return memory;
}

static double milliseconds(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static jobring_pool *create(uint32_t workers, size_t stack_bytes)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    config.workers = workers;
    config.stack_size = stack_bytes;
    config.capacity = workers;
    config.name = "stacks";
    jobring_status created = jobring_create(&config, &pool);
    if (created == JOBRING_E_THREAD) {
        (void)fprintf(stderr, "stacks: the system refuses %u threads (see ulimit -u and the pids "
                      "limit of the container); try fewer: stacks WORKERS\n", workers);
        exit(EXIT_FAILURE);
    }
    TRY(created);
    return pool;
}

static struct range stacks_by_library(const jobring_pool *pool, uint32_t workers)
{
    struct range range = {SIZE_MAX, 0};
    for (uint32_t i = 0; i < workers; i++) {
        size_t bytes = 0;
        TRY(jobring_worker_stack(pool, i, &bytes, NULL));
        widen(&range, bytes);
    }
    return range;
}

static void say_stacks(const char *who, struct range range)
{
    SAY("  %-22s %8zu %10zu\n", who, range.least, range.most);
}

static void check_stacks(struct range range, size_t asked)
{
    long page = sysconf(_SC_PAGESIZE);
    CHECK(page > 0);
    CHECK(range.least >= asked && range.most >= range.least);
#ifdef __GLIBC__
    /* musl counts what lies above the stack too. */
    CHECK(range.least % (size_t)page == 0 && range.most % (size_t)page == 0);
#endif
}

static void say_memory(const char *what, long long before, long long after, uint32_t workers)
{
    SAY("  %-14s %10lld %12lld %12.1f\n", what, before, after,
        (double)(after - before) / (double)workers);
}

/* Submits a job for each worker and returns when all of them are there at the same time. */
static void call_meeting(struct meeting *meeting, jobring_job *jobs)
{
    for (uint32_t i = 0; i < meeting->workers; i++)
        TRY(jobring_submit(meeting->pool, meet, meeting, &jobs[i]));
    CHECK(pthread_mutex_lock(&meeting->lock) == 0);
    while (meeting->here < meeting->workers)
        CHECK(pthread_cond_wait(&meeting->changed, &meeting->lock) == 0);
    CHECK(pthread_mutex_unlock(&meeting->lock) == 0);
}

static void end_meeting(struct meeting *meeting, const jobring_job *jobs)
{
    CHECK(pthread_mutex_lock(&meeting->lock) == 0);
    meeting->over = 1;
    CHECK(pthread_cond_broadcast(&meeting->changed) == 0);
    CHECK(pthread_mutex_unlock(&meeting->lock) == 0);
    for (uint32_t i = 0; i < meeting->workers; i++) {
        void *result = NULL;
        TRY(jobring_wait(meeting->pool, jobs[i], JOBRING_FOREVER, &result));
        CHECK(result == meeting);
    }
}

static void run(uint32_t workers, size_t stack_bytes)
{
    struct meeting meeting = {.workers = workers, .stacks = {SIZE_MAX, 0}};
    jobring_job *jobs = calloc(workers, sizeof *jobs);
    meeting.seen = calloc(workers, 1);
    CHECK(jobs != NULL && meeting.seen != NULL);
    CHECK(pthread_mutex_init(&meeting.lock, NULL) == 0);
    CHECK(pthread_cond_init(&meeting.changed, NULL) == 0);

    struct memory before = measure();
    double t0 = milliseconds();
    meeting.pool = create(workers, stack_bytes);
    double t1 = milliseconds();
    call_meeting(&meeting, jobs);
    double t2 = milliseconds();
    struct memory after = measure();
    CHECK(after.threads == own_threads + (long long)workers);
    struct range by_library = stacks_by_library(meeting.pool, workers);
    end_meeting(&meeting, jobs);
    for (uint32_t i = 0; i < workers; i++)
        CHECK(meeting.seen[i]);
    double t3 = milliseconds();
    TRY(jobring_destroy(meeting.pool));
    double t4 = milliseconds();

    SAY("%u workers were inside a job at the same time, each on a stack of %zu KiB\n", workers,
        stack_bytes / 1024);
    SAY("  %-14s %10s %12s %12s\n", "memory in KiB", "before", "with them", "per worker");
    say_memory("virtual", before.virtual_kib, after.virtual_kib, workers);
    say_memory("resident", before.resident_kib, after.resident_kib, workers);
    SAY("  %-22s %8s %10s\n", "stack in bytes", "smallest", "largest");
    say_stacks("told by the library", by_library);
    say_stacks("seen from inside", meeting.stacks);
    SAY("  for information: create %.1f ms, meeting %.1f ms, destroy %.1f ms\n", t1 - t0, t2 - t1,
        t4 - t3);
    check_stacks(by_library, stack_bytes);
    check_stacks(meeting.stacks, stack_bytes);
    CHECK(only_thread());
    SAY("every worker had its stack, and no worker is left\n");

    CHECK(pthread_cond_destroy(&meeting.changed) == 0);
    CHECK(pthread_mutex_destroy(&meeting.lock) == 0);
    free(meeting.seen);
    free(jobs);
}

static unsigned long number(const char *text, unsigned long most)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value == 0 || value > most) {
        (void)fputs("usage: stacks [WORKERS [STACK_KIB]]\n", stderr);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    unsigned long workers = argc > 1 ? number(argv[1], MOST_WORKERS) : WORKERS;
    run((uint32_t)workers, argc > 2 ? number(argv[2], 1024 * 1024) * 1024 : small_stack());
    return EXIT_SUCCESS;
}
