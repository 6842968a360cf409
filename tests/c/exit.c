/* Jobs that end their thread instead of returning, by pthread_exit() or by cancellation. On a worker of the pthread
 * backend the job has failed and the worker is replaced; everywhere else the process ends. */
#define _GNU_SOURCE
#include "gate.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int starts, stops, notified, cleaned, refused, fails, held;
static sem_t at_the_gate, gate;

static void await(sem_t *sem) {
    while (sem_wait(sem) != 0) CHECK(errno == EINTR);
}

/* In place of the C library's: can refuse threads, and can hold up the thread that makes them. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg) {
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (atomic_load(&refused)) return EAGAIN;
    if (atomic_exchange(&held, 0)) {
        CHECK(sem_post(&at_the_gate) == 0);
        await(&gate);
    }
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attr, run, arg);
}

static jobring_status on_start(void *arg, uint32_t worker) {
    (void)arg, (void)worker;
    atomic_fetch_add(&starts, 1);
    return atomic_load(&fails) ? JOBRING_E_NOMEM : JOBRING_OK;
}
static void on_stop(void *arg, uint32_t worker) { (void)arg, (void)worker, atomic_fetch_add(&stops, 1); }

static void clean(void *arg) { atomic_fetch_add((atomic_int *)arg, 1); }

static void *leave(void *arg) {
    volatile char frame[512];
    memset((void *)frame, 1, sizeof frame);
    pthread_cleanup_push(clean, &cleaned);
    pthread_exit(arg);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *be_cancelled(void *arg) {
    CHECK(pthread_cancel(pthread_self()) == 0);
    pthread_testcancel();
    return arg;
}

static void *identity(void *arg) { return arg; }

/* The job's own cleanup comes before, and nobody has learnt of the end yet. */
static void tell(void *arg, const jobring_outcome *outcome) {
    CHECK(outcome->status == JOBRING_E_FAILED && outcome->result == NULL && outcome->job != 0 && *(int *)arg == 5);
    CHECK(outcome->code == JOBRING_E_EXITED && outcome->length == strlen((const char *)outcome->data));
    CHECK(atomic_load(&cleaned) == atomic_fetch_add(&notified, 1) + 1);
}

static void drop(void *arg, jobring_status why) {
    (void)arg, (void)why;
    CHECK(!"an argument that the job had");
}

static jobring_pool *pool_of(uint32_t workers, uint32_t backend) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.workers = workers;
    config.backend = backend;
    config.capacity = 64;
    config.on_start = on_start;
    config.on_stop = on_stop;
    OK(jobring_create(&config, &pool));
    return pool;
}

static void has_exited(jobring_pool *pool, jobring_job job) {
    char text[64] = "";
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    outcome.data = text, outcome.capacity = sizeof text;
    CHECK(jobring_wait_opts(pool, job, NULL, &outcome) == JOBRING_E_FAILED);
    CHECK(outcome.code == JOBRING_E_EXITED && outcome.length == strlen(text) && strstr(text, "thread"));
}

enum { ROUNDS = 500 };

static void the_worker_is_replaced(uint32_t workers) {
    jobring_pool *pool;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_stats stats = {.size = sizeof stats};
    int number = 5, exits = 0;
    atomic_store(&starts, 0), atomic_store(&stops, 0), atomic_store(&notified, 0), atomic_store(&cleaned, 0);
    pool = pool_of(workers, JOBRING_BACKEND_PTHREAD);
    options.done = tell;
    options.drop = drop;
    for (int round = 0; round < ROUNDS; round++) {
        jobring_job left, copied, cancelled, stayed;
        void *result;
        options.copy = 0;
        /* One at a time: tell() counts. */
        OK(jobring_submit_opts(pool, leave, &number, &options, &left));
        has_exited(pool, left);
        options.copy = sizeof number;
        OK(jobring_submit_opts(pool, leave, &number, &options, &copied));
        CHECK(wait_data(pool, copied, NULL, 0, NULL) == JOBRING_E_FAILED);
        OK(jobring_submit(pool, be_cancelled, NULL, &cancelled));
        OK(jobring_submit(pool, be_cancelled, NULL, NULL));
        OK(jobring_submit(pool, identity, &number, &stayed));
        has_exited(pool, cancelled);
        OK(jobring_wait(pool, stayed, LONG, &result));
        CHECK(result == &number);
        exits += 4;
    }
    CHECK(atomic_load(&notified) == 2 * ROUNDS);
    /* The last of them may still be on its way. */
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
    OK(jobring_stats_get(pool, &stats));
    CHECK(stats.submitted == 5 * ROUNDS);
    OK(jobring_destroy(pool));
    CHECK(atomic_load(&starts) == (int)workers + exits && atomic_load(&stops) == atomic_load(&starts));
    printf("%u worker(s): %d threads ended in jobs and were replaced\n", (unsigned)workers, exits);
}

static void a_pool_ends_with_workers_that_leave(void) {
    for (int round = 0; round < ROUNDS; round++) {
        jobring_pool *pool = pool_of(2, JOBRING_BACKEND_PTHREAD);
        for (int n = 0; n < 4; n++) OK(jobring_submit(pool, leave, NULL, NULL));
        OK(jobring_destroy(pool));
    }
}

static void a_worker_that_cannot_be_replaced_is_missed(void) {
    jobring_pool *pool = pool_of(1, JOBRING_BACKEND_PTHREAD);
    jobring_worker worker = {.size = sizeof worker};
    jobring_stats stats = {.size = sizeof stats};
    jobring_job left, stayed;
    atomic_store(&refused, 1);
    OK(jobring_submit(pool, leave, NULL, &left));
    has_exited(pool, left);
    /* The thread that waits runs it now, if the worker was given up meanwhile; else the wait learns of that. */
    OK(jobring_submit(pool, identity, NULL, &stayed));
    while (jobring_wait(pool, stayed, 1000 * 1000, NULL) == JOBRING_E_TIMEDOUT) {
    }
    OK(jobring_stats_get(pool, &stats));
    OK(jobring_worker_get(pool, 0, &worker));
    CHECK(stats.workers == 0 && worker.state == JOBRING_WORKER_STOPPED);
    atomic_store(&refused, 0);
    OK(jobring_destroy(pool));
}

/* As if the system refused the thread: the pool has one worker less. */
static void a_worker_whose_start_hook_fails_is_missed(void) {
    jobring_pool *pool = pool_of(2, JOBRING_BACKEND_PTHREAD);
    jobring_stats stats = {.size = sizeof stats};
    jobring_job left, stayed;
    const int stopped = atomic_load(&stops);
    atomic_store(&fails, 1);
    OK(jobring_submit(pool, leave, NULL, &left));
    has_exited(pool, left);
    do OK(jobring_stats_get(pool, &stats));
    while (stats.workers != 1);
    atomic_store(&fails, 0);
    OK(jobring_submit(pool, identity, NULL, &stayed));
    OK(jobring_wait(pool, stayed, LONG, NULL));
    OK(jobring_destroy(pool));
    CHECK(atomic_load(&stops) == stopped + 2);
}

/* In a hook the thread is the pool's as in a job: on the only worker nobody else makes room. */
static _Atomic(jobring_pool *) of_hook;
static atomic_int deadlocks, shutdowns;

static void submit_in_hook(void) {
    jobring_pool *const pool = atomic_load(&of_hook);
    jobring_status status;
    /* The first thread's start hook is called while the pool is made. */
    if (!pool) return;
    /* Until it is full. A thread outside may take a result meanwhile. */
    do status = jobring_submit(pool, identity, NULL, NULL);
    while (status == JOBRING_OK);
    CHECK(status == JOBRING_E_DEADLOCK || status == JOBRING_E_SHUTDOWN);
    atomic_fetch_add(status == JOBRING_E_DEADLOCK ? &deadlocks : &shutdowns, 1);
}
static jobring_status submit_on_start(void *arg, uint32_t worker) {
    (void)arg, (void)worker;
    submit_in_hook();
    return JOBRING_OK;
}
static void submit_on_stop(void *arg, uint32_t worker) {
    (void)arg, (void)worker;
    submit_in_hook();
}

static void a_hook_that_submits_to_a_full_pool_gets_deadlock(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    jobring_job left;
    config.workers = 1;
    config.capacity = 4;
    config.on_start = submit_on_start;
    config.on_stop = submit_on_stop;
    OK(jobring_create(&config, &pool));
    atomic_store(&of_hook, pool);
    /* The stop hook of the thread that ends in a job, and the start hook of the one that replaces it. */
    OK(jobring_submit(pool, leave, NULL, &left));
    has_exited(pool, left);
    UNTIL(atomic_load(&deadlocks) == 2);
    OK(jobring_destroy(pool));
    CHECK(atomic_load(&deadlocks) == 2 && atomic_load(&shutdowns) == 1);
}

static atomic_int asks;
static sem_t ask;

static void *wait_for_the_gate_and_ask(void *pool) {
    size_t bytes = 0;
    await(&ask);
    atomic_store(&asks, (int)syscall(SYS_gettid));
    OK(jobring_worker_stack(pool, 0, &bytes, NULL));
    CHECK(bytes > 0);
    return NULL;
}

/* What the system says of a thread: S if it sleeps. */
static char state_of(int thread) {
    char path[64], text[512] = "";
    FILE *stat;
    const char *behind_the_name;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    CHECK((stat = fopen(path, "r")) != NULL && fgets(text, sizeof text, stat) != NULL && fclose(stat) == 0);
    CHECK((behind_the_name = strrchr(text, ')')) != NULL);
    return behind_the_name[2];
}

/* Else it would keep the thread that makes the new one from running, where it has a higher priority. */
static void who_asks_for_a_worker_that_is_being_replaced_sleeps(void) {
    jobring_pool *pool = pool_of(1, JOBRING_BACKEND_PTHREAD);
    jobring_job left;
    pthread_t asker;
    CHECK(sem_init(&at_the_gate, 0, 0) == 0 && sem_init(&gate, 0, 0) == 0 && sem_init(&ask, 0, 0) == 0);
    CHECK(pthread_create(&asker, NULL, wait_for_the_gate_and_ask, pool) == 0);
    atomic_store(&held, 1);
    OK(jobring_submit(pool, leave, NULL, &left));
    has_exited(pool, left);
    await(&at_the_gate);
    CHECK(sem_post(&ask) == 0);
    while (atomic_load(&asks) == 0 || state_of(atomic_load(&asks)) != 'S') sched_yield();
    CHECK(sem_post(&gate) == 0);
    CHECK(pthread_join(asker, NULL) == 0);
    OK(jobring_destroy(pool));
}

/* Below: each ends its process. */
static void *wait_for_one_that_leaves(void *pool) {
    jobring_job job;
    OK(jobring_submit(pool, leave, NULL, &job));
    OK(jobring_wait(pool, job, JOBRING_FOREVER, NULL));
    return NULL;
}

static void inside_a_wait(void) {
    jobring_pool *pool = pool_of(1, JOBRING_BACKEND_PTHREAD);
    jobring_job job;
    OK(jobring_submit(pool, wait_for_one_that_leaves, pool, &job));
    OK(jobring_wait(pool, job, LONG, NULL));
}

static void in_run_one(void) {
    jobring_pool *pool = pool_of(JOBRING_WORKERS_NONE, JOBRING_BACKEND_DEFAULT);
    OK(jobring_submit(pool, leave, NULL, NULL));
    OK(jobring_run_one(pool));
}

static void in_a_full_submit(void) {
    jobring_pool *pool = pool_of(JOBRING_WORKERS_NONE, JOBRING_BACKEND_DEFAULT);
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.when_full = JOBRING_WHEN_FULL_RUN;
    for (int n = 0; n < 64; n++) OK(jobring_submit(pool, identity, NULL, NULL));
    OK(jobring_submit_opts(pool, leave, NULL, &options, NULL));
}

static void on_an_entered_worker(void) {
    jobring_pool *pool = pool_of(JOBRING_WORKERS_NONE, JOBRING_BACKEND_DEFAULT);
    OK(jobring_submit(pool, leave, NULL, NULL));
    OK(jobring_enter_worker(pool));
}

static void on_the_std_backend(void) {
    jobring_pool *pool = pool_of(1, JOBRING_BACKEND_STD);
    jobring_job job;
    OK(jobring_submit(pool, leave, NULL, &job));
    CHECK(jobring_wait(pool, job, LONG, NULL) == JOBRING_E_TIMEDOUT);
}

static void on_a_stack_of_the_callers(void) {
    static _Alignas(4096) unsigned char stack[256 * 1024];
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    jobring_job job;
    config.workers = 1;
    config.stack_size = sizeof stack;
    config.stack_memory = stack;
    config.stack_memory_size = sizeof stack;
    OK(jobring_create(&config, &pool));
    OK(jobring_submit(pool, leave, NULL, &job));
    CHECK(jobring_wait(pool, job, LONG, NULL) == JOBRING_E_TIMEDOUT);
}

static void leave_done(void *arg, const jobring_outcome *outcome) {
    (void)outcome;
    leave(arg);
}

static void in_a_callback(void) {
    jobring_pool *pool = pool_of(1, JOBRING_BACKEND_PTHREAD);
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job job;
    options.done = leave_done;
    OK(jobring_submit_opts(pool, identity, NULL, &options, &job));
    CHECK(jobring_wait(pool, job, LONG, NULL) == JOBRING_E_TIMEDOUT);
}

static jobring_status leave_hook(void *arg, uint32_t worker) {
    (void)worker;
    leave(arg);
    return JOBRING_OK;
}

static void in_a_hook(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.workers = 1;
    config.on_start = leave_hook;
    OK(jobring_create(&config, &pool));
    OK(jobring_destroy(pool));
}

/* On the thread that replaces the first. */
static jobring_status run_one_that_leaves(void *arg, uint32_t worker) {
    jobring_pool *const pool = atomic_load(&of_hook);
    (void)arg, (void)worker;
    if (pool) jobring_run_one(pool);
    return JOBRING_OK;
}

static void *leave_behind(void *both) {
    gate_pass(both);
    return leave(NULL);
}

static void in_a_job_inside_a_hook(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.workers = 1;
    config.on_start = run_one_that_leaves;
    struct gate both = GATE_INIT;
    OK(jobring_create(&config, &pool));
    atomic_store(&of_hook, pool);
    OK(jobring_submit(pool, leave_behind, &both, NULL));
    OK(jobring_submit(pool, leave, NULL, NULL));
    gate_open(&both);
    OK(jobring_destroy(pool));
}

static void ends_the_process(const char *what, void (*where)(void)) {
    int status, said[2];
    char text[256] = "";
    pid_t child;
    CHECK(pipe(said) == 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        dup2(said[1], STDERR_FILENO);
        /* A hang is a death of another kind. */
        alarm(60);
        where();
        _exit(0);
    }
    close(said[1]);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(read(said[0], text, sizeof text - 1) >= 0);
    close(said[0]);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || strlen(text) == 0) {
        fprintf(stderr, "%s: status %d, said: %s\n", what, status, text);
        exit(1);
    }
    printf("%s: the process ended: %s", what, text);
}
#define ENDS(where) ends_the_process(#where, where)

int main(void) {
    const uint32_t can = jobring_features();
    alarm(100);
    ENDS(in_run_one);
    ENDS(in_a_full_submit);
    ENDS(on_an_entered_worker);
    if (can & JOBRING_FEATURE_STD) ENDS(on_the_std_backend);
    if (!(can & JOBRING_FEATURE_PTHREAD)) return 0;
    ENDS(inside_a_wait);
    ENDS(on_a_stack_of_the_callers);
    ENDS(in_a_callback);
    ENDS(in_a_hook);
    ENDS(in_a_job_inside_a_hook);
    the_worker_is_replaced(1);
    the_worker_is_replaced(3);
    a_pool_ends_with_workers_that_leave();
    a_worker_that_cannot_be_replaced_is_missed();
    a_worker_whose_start_hook_fails_is_missed();
    a_hook_that_submits_to_a_full_pool_gets_deadlock();
    who_asks_for_a_worker_that_is_being_replaced_sleeps();
    return 0;
}
