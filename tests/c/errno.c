/* Every function leaves errno as it found it: when it succeeds, when it refuses, when it sleeps, when the system
 * refuses something, and when it calls functions of its caller that change errno. Prints "cell <function> <how>". */
#define _GNU_SOURCE
#include "scene.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

/* No error has this number. */
enum { MARK = 31337 };

#define KEEPS(function, how, expected, call)                                                        \
    do {                                                                                            \
        errno = MARK;                                                                               \
        const jobring_status status_ = (call);                                                      \
        const int after_ = errno;                                                                   \
        if (status_ != (expected) || after_ != MARK)                                                \
            fprintf(stderr, "%s %s: returned %d, errno is %d\n", function, how, (int)status_, after_); \
        CHECK(status_ == (expected));                                                               \
        CHECK(after_ == MARK);                                                                      \
        printf("cell %s %s\n", function, how);                                                      \
    } while (0)

struct place {
    const struct call *call;
    struct scene scene;
    pid_t thread;
    sem_t about_to;
};

/* Lets a call go that sleeps. */
static void *let_go(void *arg) {
    struct place *place = arg;
    await(&place->about_to);
    await_sleep(place->thread);
    place->call->let_go(&place->scene);
    return NULL;
}

static void *in_job(void *arg) {
    struct place *place = arg;
    KEEPS(place->call->function, "inside-a-job", place->call->inside, place->call->call(&place->scene));
    return NULL;
}

/* Each call of the table. What can only be seen once (a call that says no) is seen in the same place. */
static void plain_and_asleep(const struct call *call, uint32_t backend) {
    struct place place = {.call = call, .thread = gettid()};
    jobring_job job;
    pthread_t other;
    const int sleeps = call->hold && call->expected == JOBRING_OK;
    CHECK(sem_init(&place.about_to, 0, 0) == 0);
    scene_begin(&place.scene, call, backend);
    if (sleeps) {
        CHECK(pthread_create(&other, NULL, let_go, &place) == 0);
        CHECK(sem_post(&place.about_to) == 0);
    }
    KEEPS(call->function, call->how, call->expected, call->call(&place.scene));
    if (sleeps) CHECK(pthread_join(other, NULL) == 0);
    if (call->hold && !sleeps) call->let_go(&place.scene);
    if (call->inside != INT32_MAX) {
        OK(jobring_submit(place.scene.pool, in_job, &place, &job));
        jobring_status status = jobring_wait(place.scene.pool, job, LONG, NULL);
        CHECK(status == JOBRING_OK || status == JOBRING_E_FAILED);
    }
    scene_end(&place.scene);
    if (!call->hold && call->on_pool) {
        place.scene.pool = (jobring_pool *)(void *)&place.scene.memory;
        place.scene.queue = place.scene.empty_queue = (jobring_completions *)(void *)&place.scene.memory;
        KEEPS(call->function, "refused", JOBRING_E_INVALID, call->call(&place.scene));
    }
}

/* What jobs and callbacks leave in errno stays theirs. */

static void *spoils(void *arg) {
    errno = EXDEV;
    return arg;
}

static void spoils_at_drop(void *arg, jobring_status why) {
    (void)arg, (void)why;
    errno = EXDEV;
}

static int32_t spoils_in_body(void *ctx, size_t from, size_t to) {
    (void)ctx, (void)from, (void)to;
    errno = EXDEV;
    return 0;
}

/* A pool with nothing but one job in it, which spoils errno of any thread that runs or drops it. */
static jobring_pool *one_job(uint32_t capacity, jobring_job *job) {
    jobring_pool *pool = new_pool(JOBRING_WORKERS_NONE, capacity);
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.drop = spoils_at_drop;
    OK(jobring_submit_opts(pool, spoils, &options, &options, job));
    return pool;
}

#define RUNS(function, capacity, handle, call)                                                      \
    do {                                                                                            \
        jobring_job job = 0;                                                                        \
        jobring_pool *pool = one_job(capacity, (handle) ? &job : NULL);                             \
        (void)job;                                                                                  \
        KEEPS(#function, "ran-user-code", JOBRING_OK, call);                                        \
        OK(jobring_destroy(pool));                                                                  \
    } while (0)

static jobring_status submits_into_a_queue(jobring_pool *pool) {
    jobring_completions *queue;
    OK(jobring_completions_create(pool, 0, &queue));
    return jobring_completions_submit(queue, spoils, NULL, NULL, NULL);
}

static void spoils_when_notified(void *arg, const jobring_outcome *outcome) {
    (void)arg, (void)outcome;
    errno = EXDEV;
}

static void is_watched_late(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_done_node late = {NULL, spoils_when_notified, NULL, {NULL, NULL}};
    jobring_watched watched;
    jobring_pool *pool = new_pool(JOBRING_WORKERS_NONE, 1);
    OK(jobring_watched_init(&watched));
    options.nodes = &watched.node;
    OK(jobring_submit_opts(pool, spoils, NULL, &options, NULL));
    OK(jobring_run_one(pool));
    KEEPS("jobring_watch", "ran-user-code", JOBRING_OK, jobring_watch(&watched, &late));
    OK(jobring_destroy(pool));
}

static void user_code(void) {
    jobring_submit_options here = JOBRING_SUBMIT_OPTIONS_INIT;
    here.when_full = JOBRING_WHEN_FULL_RUN;
    RUNS(jobring_run_one, 4, 0, jobring_run_one(pool));
    RUNS(jobring_run_until_idle, 4, 0, jobring_run_until_idle(pool, NULL));
    RUNS(jobring_parallel_for, 4, 0, jobring_parallel_for(pool, 2, 1, spoils_in_body, NULL, NULL));
    RUNS(jobring_wait, 4, 1, jobring_wait(pool, job, JOBRING_FOREVER, NULL));
    RUNS(jobring_wait_opts, 4, 1, wait_with(pool, job, JOBRING_WAIT_HELP, NULL));
    RUNS(jobring_shutdown, 4, 0, jobring_shutdown(pool, JOBRING_DISCARD, JOBRING_FOREVER, NULL));
    RUNS(jobring_cancel, 4, 1, jobring_cancel(pool, job));
    RUNS(jobring_cancel_all, 4, 0, jobring_cancel_all(pool, NULL));
    RUNS(jobring_wait_idle, 4, 0, jobring_wait_idle(pool, JOBRING_FOREVER));
    /* A full pool without workers: the submitter runs the oldest job, or its own. */
    RUNS(jobring_submit, 1, 0, jobring_submit(pool, spoils, NULL, NULL));
    RUNS(jobring_submit_opts, 1, 0, jobring_submit_opts(pool, spoils, NULL, &here, NULL));
    RUNS(jobring_submit_cancellable, 1, 0, jobring_submit_cancellable(pool, spoils, NULL, NULL, NULL));
    RUNS(jobring_completions_submit, 1, 0, submits_into_a_queue(pool));
    is_watched_late();
    jobring_job job;
    jobring_pool *pool = one_job(4, &job);
    OK(jobring_run_one(pool));
    KEEPS("jobring_detach", "ran-user-code", JOBRING_OK, jobring_detach(pool, job));
    OK(jobring_destroy(pool));
    pool = one_job(4, NULL);
    KEEPS("jobring_destroy", "ran-user-code", JOBRING_OK, jobring_destroy(pool));
    pool = one_job(4, &job);
    OK(jobring_run_one(pool));
    KEEPS("jobring_poll", "ran-user-code", JOBRING_OK, jobring_poll(pool, job, NULL));
    OK(jobring_destroy(pool));
    /* A worker may enter a closed pool. It runs the queued jobs and leaves. */
    pool = one_job(4, NULL);
    CHECK(jobring_shutdown(pool, JOBRING_DRAIN, 0, NULL) == JOBRING_E_TIMEDOUT);
    KEEPS("jobring_enter_worker", "ran-user-code", JOBRING_OK, jobring_enter_worker(pool));
    OK(jobring_destroy(pool));
}

/* What the system refuses. */
static void refusals(uint32_t backend) {
    static unsigned char memory[16384];
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    uint32_t cpus;
    config.backend = backend;
    config.workers = 2;
    config.capacity = 4;
    /* More than there are addresses. */
    config.stack_size = sizeof(size_t) == 8 ? SIZE_MAX >> 17 : SIZE_MAX / 2 - (1 << 20);
    KEEPS("jobring_create", "no-thread", JOBRING_E_THREAD, jobring_create(&config, &pool));
    KEEPS("jobring_init", "no-thread", JOBRING_E_THREAD, jobring_init(&config, memory, sizeof memory, &pool));
    config.stack_size = 256 * 1024;
    config.payload = 1 << 20;
    config.capacity = sizeof(size_t) == 8 ? 1048575 : 1500;
    struct rlimit before, little = {(rlim_t)1 << (sizeof(rlim_t) == 8 ? 33 : 30), RLIM_INFINITY};
    CHECK(getrlimit(RLIMIT_AS, &before) == 0);
    little.rlim_max = before.rlim_max;
    CHECK(setrlimit(RLIMIT_AS, &little) == 0);
    KEEPS("jobring_create", "no-memory", JOBRING_E_NOMEM, jobring_create(&config, &pool));
    KEEPS("jobring_init", "no-memory", JOBRING_E_SIZE, jobring_init(&config, memory, sizeof memory, &pool));
    CHECK(setrlimit(RLIMIT_AS, &before) == 0);
    config.payload = 0;
    config.capacity = 4;
    /* Without files a thread cannot be named, nor a quota or a stack be looked up. */
    struct rlimit files, none = {0, 0};
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    none.rlim_max = files.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0 && open("/", O_RDONLY) < 0);
    KEEPS("jobring_create", "no-files", JOBRING_OK, jobring_create(&config, &pool));
    OK(jobring_destroy(pool));
    KEEPS("jobring_init", "no-files", JOBRING_OK, jobring_init(&config, memory, sizeof memory, &pool));
    OK(jobring_destroy(pool));
    config.workers = 0;
    KEEPS("jobring_layout", "no-files", JOBRING_OK, jobring_layout(&config, NULL, NULL));
    KEEPS("jobring_config_check", "no-files", JOBRING_OK, jobring_config_check(&config, NULL));
    KEEPS("jobring_cpus", "no-files", JOBRING_OK, jobring_cpus(&cpus));
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
    config.workers = UINT32_MAX - 1;
    KEEPS("jobring_create", "refused", JOBRING_E_INVALID, jobring_create(&config, &pool));
    KEEPS("jobring_init", "refused", JOBRING_E_INVALID, jobring_init(&config, memory, sizeof memory, &pool));
    KEEPS("jobring_layout", "refused", JOBRING_E_INVALID, jobring_layout(&config, NULL, NULL));
    KEEPS("jobring_config_check", "refused", JOBRING_E_INVALID, jobring_config_check(&config, NULL));
    KEEPS("jobring_struct_init", "refused", JOBRING_E_INVALID, jobring_struct_init(NULL, 0));
    KEEPS("jobring_cpus", "refused", JOBRING_E_INVALID, jobring_cpus(NULL));
    KEEPS("jobring_stack_min", "refused", JOBRING_E_INVALID, jobring_stack_min(NULL));
    KEEPS("jobring_fail", "refused", JOBRING_E_INVALID, jobring_fail(0, NULL));
    KEEPS("jobring_watched_init", "refused", JOBRING_E_INVALID, jobring_watched_init(NULL));
    KEEPS("jobring_watch", "refused", JOBRING_E_INVALID, jobring_watch(NULL, NULL));
    KEEPS("jobring_interrupt_reset", "refused", JOBRING_E_INVALID, jobring_interrupt_reset(NULL));
    KEEPS("jobring_queue_init", "refused", JOBRING_E_INVALID, jobring_queue_init(2, 4, NULL, 0, NULL));
    KEEPS("jobring_queue_layout", "refused", JOBRING_E_INVALID, jobring_queue_layout(3, 4, NULL, NULL));
    KEEPS("jobring_queue_try_push", "refused", JOBRING_E_INVALID, jobring_queue_try_push(NULL, memory));
    KEEPS("jobring_queue_push", "refused", JOBRING_E_INVALID, jobring_queue_push(NULL, memory, JOBRING_FOREVER));
    KEEPS("jobring_queue_try_pop", "refused", JOBRING_E_INVALID, jobring_queue_try_pop(NULL, memory));
    KEEPS("jobring_queue_pop", "refused", JOBRING_E_INVALID, jobring_queue_pop(NULL, memory, JOBRING_FOREVER));
    KEEPS("jobring_queue_close", "refused", JOBRING_E_INVALID, jobring_queue_close(NULL));
    KEEPS("jobring_queue_len", "refused", JOBRING_E_INVALID, jobring_queue_len(NULL, NULL, NULL));
    KEEPS("jobring_lane_init", "refused", JOBRING_E_INVALID, jobring_lane_init(NULL, NULL, 1, 1));
    KEEPS("jobring_lane_submit", "refused", JOBRING_E_INVALID, jobring_lane_submit(NULL, spoils, NULL, NULL, NULL));
    KEEPS("jobring_lane_close", "refused", JOBRING_E_INVALID, jobring_lane_close(NULL, JOBRING_DRAIN, 0));
    KEEPS("jobring_lane_pending", "refused", JOBRING_E_INVALID, jobring_lane_pending(NULL, NULL));
}

/* What is refused of calls on pools of processes. */
#define REFUSES(function, how, expected, ...)                                                       \
    KEEPS("jobring_processes_" #function, how, expected, supported(jobring_processes_##function(__VA_ARGS__), expected))

static void refused_processes(void) {
    static const jobring_process_fn functions[1];
    static jobring_process_limit limit;
    jobring_processes *const none = (jobring_processes *)(void *)&limit;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    REFUSES(take_over, "refused", JOBRING_E_INVALID, functions, 1);
    REFUSES(create, "refused", JOBRING_E_INVALID, NULL, NULL);
    REFUSES(submit, "refused", JOBRING_E_INVALID, none, 0, NULL, 0, NULL, NULL);
    REFUSES(take, "refused", JOBRING_E_INVALID, none, 0, &outcome);
    REFUSES(wait, "refused", JOBRING_E_INVALID, none, 1, 0, &outcome);
    REFUSES(cancel, "refused", JOBRING_E_INVALID, none, 1);
    REFUSES(kill, "refused", JOBRING_E_INVALID, none, 1);
    REFUSES(fd, "refused", JOBRING_E_INVALID, none, &(int){0});
    REFUSES(shutdown, "refused", JOBRING_E_INVALID, none, JOBRING_DRAIN, 0);
    REFUSES(stats_get, "refused", JOBRING_E_INVALID, none, &(jobring_processes_stats)JOBRING_PROCESSES_STATS_INIT);
    REFUSES(destroy, "refused", JOBRING_E_INVALID, none);

    /* What the system refuses. */
    jobring_processes_config config = JOBRING_PROCESSES_CONFIG_INIT;
    jobring_processes *pool;
    struct rlimit files, no_files = {0, 0};
    config.flags = JOBRING_PROCESSES_SPAWN;
    config.workers = 1;
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    no_files.rlim_max = files.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &no_files) == 0 && open("/", O_RDONLY) < 0);
    REFUSES(create, "no-files", JOBRING_E_NOMEM, &config, &pool);
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
    config.capacity = UINT32_C(1) << 31;
    config.data_size = UINT32_MAX;
    REFUSES(create, "no-memory", JOBRING_E_NOMEM, &config, &pool);
}

int main(void) {
    alarm(300);
    for (const uint32_t *backend = backends(); *backend; backend++) {
        for (const struct call *call = calls; call->function; call++)
            if (!is_left_out(call)) plain_and_asleep(call, *backend);
        refusals(*backend);
    }
    user_code();
    refused_processes();
    return 0;
}
