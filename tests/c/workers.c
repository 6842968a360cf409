/* Information about workers (names and states, times, used stack), and further settings of a configuration and a
 * wait: the smallest stack, more callbacks, a waiter that helps, a destroy that waits for submitters. */
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static jobring_pool *pool_with(uint32_t workers, uint32_t backend, uint32_t flags, size_t stack_size) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.workers = workers;
    config.backend = backend;
    config.flags = flags;
    config.stack_size = stack_size;
    config.name = "crew";
    config.capacity = 64;
    OK(jobring_create(&config, &pool));
    return pool;
}

static jobring_worker look_at(jobring_pool *pool, uint32_t index) {
    jobring_worker worker = {.size = sizeof worker};
    OK(jobring_worker_get(pool, index, &worker));
    return worker;
}

struct gate {
    sem_t entered, open;
};

static void *pass(void *arg) {
    struct gate *gate = arg;
    CHECK(sem_post(&gate->entered) == 0);
    CHECK(sem_wait(&gate->open) == 0);
    return NULL;
}

static void *identity(void *arg) { return arg; }

static void states_and_names(uint32_t backend) {
    jobring_pool *pool = pool_with(2, backend, 0, 0);
    jobring_worker worker = {.size = sizeof worker};
    struct gate gate;
    jobring_job held[2];
    char name[16];
    CHECK(sem_init(&gate.entered, 0, 0) == 0 && sem_init(&gate.open, 0, 0) == 0);
    for (int n = 0; n < 2; n++) OK(jobring_submit(pool, pass, &gate, &held[n]));
    for (int n = 0; n < 2; n++) CHECK(sem_wait(&gate.entered) == 0);
    for (uint32_t n = 0; n < 2; n++) {
        worker = look_at(pool, n);
        snprintf(name, sizeof name, "crew-%u", (unsigned)n);
        CHECK(worker.state == JOBRING_WORKER_RUNNING && worker.jobs == 0 && strcmp(worker.name, name) == 0);
        CHECK(worker.run_ns == 0 && worker.longest_ns == 0 && worker.running_ns == 0);
        CHECK(worker.job == held[0] || worker.job == held[1]);
    }
    CHECK(look_at(pool, 0).job != look_at(pool, 1).job);
    CHECK(jobring_worker_get(pool, 2, &worker) == JOBRING_E_INVALID);
    for (int n = 0; n < 2; n++) CHECK(sem_post(&gate.open) == 0);
    for (int n = 0; n < 2; n++) OK(jobring_wait(pool, held[n], LONG, NULL));
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
    for (uint32_t n = 0; n < 2; n++) {
        while ((worker = look_at(pool, n)).state != JOBRING_WORKER_STOPPED) sched_yield();
        CHECK(worker.jobs == 1 && worker.job == 0);
    }
    OK(jobring_destroy(pool));
}

/* A worker without work comes to sleep. */
static void sleepers_are_seen(void) {
    jobring_pool *pool = pool_with(1, JOBRING_BACKEND_DEFAULT, 0, 0);
    while (look_at(pool, 0).state != JOBRING_WORKER_SLEEPING) sched_yield();
    OK(jobring_destroy(pool));
}

static void times(void) {
    jobring_pool *pool = pool_with(1, JOBRING_BACKEND_DEFAULT, JOBRING_FLAG_TIMED, 0);
    jobring_worker worker;
    enum { JOBS = 20 };
    for (int n = 0; n < JOBS; n++) OK(jobring_submit(pool, identity, NULL, NULL));
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
    while ((worker = look_at(pool, 0)).state != JOBRING_WORKER_STOPPED) sched_yield();
    CHECK(worker.jobs == JOBS && worker.run_ns >= worker.longest_ns && worker.longest_ns > 0);
    CHECK(worker.run_ns <= JOBS * worker.longest_ns);
    CHECK(worker.job == 0 && worker.running_ns == 0);
    OK(jobring_destroy(pool));
}

/* A job's own time grows while it runs. The inner job, which its worker runs inside of the outer one, is not shown. */
static void *sees_its_time(void *arg) {
    jobring_pool *pool = arg;
    jobring_job self;
    jobring_worker first = look_at(pool, 0), worker;
    OK(jobring_current_job(pool, &self));
    CHECK(first.state == JOBRING_WORKER_RUNNING && first.job != 0);
    do worker = look_at(pool, 0);
    while (worker.running_ns <= first.running_ns);
    CHECK(worker.job == first.job);
    return self == first.job ? arg : NULL;
}

static void *runs_another_inside(void *arg) {
    jobring_pool *pool = arg;
    jobring_job inner;
    void *was_shown;
    OK(jobring_submit(pool, sees_its_time, pool, &inner));
    OK(jobring_wait(pool, inner, JOBRING_FOREVER, &was_shown));
    CHECK(!was_shown);
    return sees_its_time(arg);
}

static void since_when(void) {
    jobring_pool *pool = pool_with(1, JOBRING_BACKEND_DEFAULT, JOBRING_FLAG_TIMED, 0);
    jobring_job outer;
    void *was_shown;
    OK(jobring_submit(pool, runs_another_inside, pool, &outer));
    OK(jobring_wait(pool, outer, LONG, &was_shown));
    CHECK(was_shown != NULL);
    OK(jobring_destroy(pool));
}

static void cpus_without_a_pool(void) {
    jobring_pool *pool;
    jobring_info info = {.size = sizeof info};
    uint32_t cpus;
    OK(jobring_cpus(&cpus));
    OK(jobring_create(NULL, &pool));
    OK(jobring_info_get(pool, &info));
    CHECK(cpus >= 1 && info.workers == cpus);
    OK(jobring_destroy(pool));
}

enum { DEEP = 40 * 1024 };

static void *use_stack(void *arg) {
    volatile unsigned char deep[DEEP];
    for (size_t n = 0; n < DEEP; n += 64) deep[n] = 1;
    return deep[64] ? arg : NULL;
}

static size_t used(jobring_pool *pool) {
    size_t bytes = 0;
    OK(jobring_worker_stack(pool, 0, NULL, &bytes));
    return bytes;
}

static void used_stack(uint32_t backend, void *memory, size_t size) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    jobring_job job;
    size_t before, after, whole;
    config.workers = 1;
    config.backend = backend;
    config.flags = JOBRING_FLAG_PAINT_STACKS;
    config.stack_size = 128 * 1024;
    config.stack_memory = memory;
    config.stack_memory_size = size;
    OK(jobring_create(&config, &pool));
    OK(jobring_submit(pool, identity, NULL, &job));
    OK(jobring_wait(pool, job, LONG, NULL));
    before = used(pool);
    OK(jobring_submit(pool, use_stack, NULL, &job));
    OK(jobring_wait(pool, job, LONG, NULL));
    after = used(pool);
    OK(jobring_worker_stack(pool, 0, &whole, NULL));
    CHECK(before > 0 && before < 32 * 1024 && after >= before && after >= DEEP && after < before + DEEP + 8192);
    CHECK(after < whole);
    printf("backend %u: an empty job uses %zu bytes of the stack, one with %d on it %zu\n", (unsigned)backend, before,
           DEEP, after);
    OK(jobring_destroy(pool));
}

static void unpainted_is_unknown(void) {
    jobring_pool *pool = pool_with(1, JOBRING_BACKEND_DEFAULT, JOBRING_FLAG_TIMED, 0);
    size_t bytes = 77;
    CHECK(jobring_worker_stack(pool, 0, NULL, &bytes) == JOBRING_E_UNSUPPORTED && bytes == 77);
    CHECK(jobring_worker_stack(pool, 0, &bytes, &bytes) == JOBRING_E_UNSUPPORTED && bytes == 77);
    OK(jobring_destroy(pool));
}

static void smallest_stack(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    jobring_job job;
    OK(jobring_stack_min(&config.stack_size));
    config.workers = 1;
    config.stack_size -= 4096;
    CHECK(jobring_create(&config, &pool) == JOBRING_E_STACK && pool == NULL);
    OK(jobring_stack_min(&config.stack_size));
    OK(jobring_create(&config, &pool));
    OK(jobring_submit(pool, identity, NULL, &job));
    OK(jobring_wait(pool, job, LONG, NULL));
    OK(jobring_destroy(pool));
}

struct notified {
    jobring_done_node node;
    int order;
    jobring_outcome outcome;
};
static int next_in_order;

static void tell(void *arg, const jobring_outcome *outcome) {
    struct notified *notified = arg;
    /* It was read before: the node is the callback's. */
    memset(&notified->node, 0xA5, sizeof notified->node);
    notified->order = ++next_in_order;
    notified->outcome = *outcome;
}

static void *fail(void *arg) {
    (void)arg;
    OK(jobring_fail(3, "so it is"));
    return NULL;
}

static void further_callbacks(void) {
    enum { NODES = 3 };
    jobring_pool *pool = pool_with(JOBRING_WORKERS_NONE, JOBRING_BACKEND_DEFAULT, 0, 0);
    const struct {
        jobring_fn fn;
        size_t copy;
        jobring_status status;
    } rows[] = {{identity, 0, JOBRING_OK}, {identity, 8, JOBRING_OK}, {fail, 0, JOBRING_E_FAILED},
                {identity, 0, JOBRING_E_CANCELLED}, {identity, 16, JOBRING_E_CANCELLED}};
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        uint64_t number[2] = {41, 42};
        struct notified first = {.order = 0}, notified[NODES] = {{.order = 0}};
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
        jobring_job job;
        for (int n = 0; n < NODES; n++)
            notified[n].node = (jobring_done_node){n + 1 < NODES ? &notified[n + 1].node : NULL, tell, &notified[n], {NULL, NULL}};
        next_in_order = 0;
        options.copy = rows[row].copy;
        options.nodes = &notified[0].node;
        OK(jobring_submit_opts(pool, rows[row].fn, number, &options, &job));
        if (rows[row].status == JOBRING_E_CANCELLED)
            OK(jobring_cancel(pool, job));
        else
            OK(jobring_run_one(pool));
        for (int n = 0; n < NODES; n++) {
            const jobring_outcome *const outcome = &notified[n].outcome;
            const int ok = rows[row].status == JOBRING_OK, failed = rows[row].status == JOBRING_E_FAILED;
            CHECK(notified[n].order == n + 1 && outcome->job == job && outcome->status == rows[row].status);
            CHECK((outcome->arg == number) == (rows[row].copy == 0) && (outcome->result != NULL) == ok);
            CHECK(outcome->code == (failed ? 3 : 0));
            CHECK(outcome->length == (failed ? 8 : ok ? rows[row].copy : 0));
            CHECK((outcome->data != NULL) == (failed || (ok && rows[row].copy)) && outcome->capacity == 0);
        }
        CHECK(jobring_wait(pool, job, 0, NULL) == rows[row].status && first.order == 0);
    }
    OK(jobring_destroy(pool));
}

static void done_nothing(void *arg, const jobring_outcome *outcome) {
    (void)arg, (void)outcome;
}
static void drop_nothing(void *arg, jobring_status why) { (void)arg, (void)why; }

/* Each takes a word. The least payload has four: two for any job with options, one for the argument, and one more. */
static void callbacks_take_room(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_done_node broken = {NULL, NULL, NULL, {NULL, NULL}}, node = {NULL, done_nothing, NULL, {NULL, NULL}};
    jobring_pool *pool;
    config.workers = JOBRING_WORKERS_NONE;
    config.payload = 4 * sizeof(void *);
    OK(jobring_create(&config, &pool));
    for (unsigned callbacks = 0; callbacks < 8; callbacks++) {
        const unsigned words = (callbacks & 1) + (callbacks >> 1 & 1) + (callbacks >> 2);
        const size_t room = (2 - (words < 2 ? words : 2)) * sizeof(void *);
        options.done = callbacks & 1 ? done_nothing : NULL;
        options.drop = callbacks & 2 ? drop_nothing : NULL;
        options.nodes = callbacks & 4 ? &node : NULL;
        options.copy = 0;
        CHECK(jobring_submit_opts(pool, identity, NULL, &options, NULL) == (words < 2 ? JOBRING_OK : JOBRING_E_SIZE));
        options.copy = room + 1;
        CHECK(jobring_submit_opts(pool, identity, &options, &options, NULL) == JOBRING_E_SIZE);
        options.copy = room;
        if (room > 0) OK(jobring_submit_opts(pool, identity, &options, &options, NULL));
    }
    options.done = NULL, options.drop = NULL, options.nodes = &node, options.copy = 0;
    node.next = &broken;
    CHECK(jobring_submit_opts(pool, identity, NULL, &options, NULL) == JOBRING_E_INVALID);
    broken.done = done_nothing;
    for (int word = 0; word < 2; word++) {
        broken.reserved[word] = &broken;
        CHECK(jobring_submit_opts(pool, identity, NULL, &options, NULL) == JOBRING_E_INVALID);
        broken.reserved[word] = NULL;
    }
    OK(jobring_submit_opts(pool, identity, NULL, &options, NULL));
    OK(jobring_destroy(pool));
}

static void *who(void *arg) {
    *(pthread_t *)arg = pthread_self();
    return NULL;
}

/* The only worker is inside a job that ends when this thread says so: nobody else can run what is queued behind it. */
static void a_waiter_that_helps(void) {
    jobring_pool *pool = pool_with(1, JOBRING_BACKEND_DEFAULT, 0, 0);
    struct gate gate;
    jobring_job held, first, second;
    pthread_t ran;
    memset(&ran, 0, sizeof ran);
    CHECK(sem_init(&gate.entered, 0, 0) == 0 && sem_init(&gate.open, 0, 0) == 0);
    OK(jobring_submit(pool, pass, &gate, &held));
    CHECK(sem_wait(&gate.entered) == 0);
    OK(jobring_submit(pool, identity, NULL, &first));
    OK(jobring_submit(pool, who, &ran, &second));
    jobring_wait_options options = JOBRING_WAIT_OPTIONS_INIT;
    options.limit_ns = 1000;
    CHECK(wait_with(pool, second, JOBRING_WAIT_HELP | JOBRING_WAIT_POLL, NULL) == JOBRING_PENDING);
    CHECK(jobring_wait_opts(pool, second, &options, NULL) == JOBRING_E_TIMEDOUT);
    CHECK(wait_with(pool, second, 16, NULL) == JOBRING_E_INVALID);
    OK(wait_with(pool, second, JOBRING_WAIT_HELP, NULL));
    CHECK(pthread_equal(ran, pthread_self()));
    /* That very job and no other. */
    CHECK(jobring_poll(pool, first, NULL) == JOBRING_PENDING);
    CHECK(sem_post(&gate.open) == 0);
    OK(wait_with(pool, held, JOBRING_WAIT_HELP, NULL));
    OK(jobring_wait(pool, first, LONG, NULL));
    OK(jobring_destroy(pool));
}

/* A submit that has woken the worker and does not get on: its thread stands still in the system call, until it is let go.
 * The job has run by then, and destroy must not return before the submit does. */
static _Thread_local int is_submitter, is_destroyer;
static sem_t in_wake, go_on, destroyer_waits;
static atomic_int let_go;

/* In place of the C library's, through which the library's futex calls go. */
long syscall(long number, ...) {
    long (*real)(long, ...), a[5], result;
    va_list rest;
    va_start(rest, number);
    for (int n = 0; n < 5; n++) a[n] = va_arg(rest, long);
    va_end(rest);
    *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    if (is_destroyer && (a[1] & 127) == FUTEX_WAIT) CHECK(sem_post(&destroyer_waits) == 0);
    result = real(number, a[0], a[1], a[2], a[3], a[4], 0L);
    if (is_submitter) {
        is_submitter = 0;
        CHECK(sem_post(&in_wake) == 0);
        CHECK(sem_wait(&go_on) == 0);
    }
    return result;
}

static void *submit_and_stand_still(void *pool) {
    is_submitter = 1;
    OK(jobring_submit(pool, identity, NULL, NULL));
    return NULL;
}

static void *destroy(void *pool) {
    is_destroyer = 1;
    OK(jobring_destroy(pool));
    return (void *)(intptr_t)atomic_load(&let_go);
}

static void destroy_waits_for_submitters(uint32_t flags) {
    jobring_pool *pool = pool_with(1, JOBRING_BACKEND_DEFAULT, flags, 0);
    pthread_t submitter, destroyer;
    void *was_let_go;
    CHECK(sem_init(&in_wake, 0, 0) == 0 && sem_init(&go_on, 0, 0) == 0 && sem_init(&destroyer_waits, 0, 0) == 0);
    atomic_store(&let_go, 0);
    while (look_at(pool, 0).state != JOBRING_WORKER_SLEEPING) sched_yield();
    CHECK(pthread_create(&submitter, NULL, submit_and_stand_still, pool) == 0);
    CHECK(sem_wait(&in_wake) == 0);
    /* Nothing but the submitter is left to wait for. */
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
    while (look_at(pool, 0).state != JOBRING_WORKER_STOPPED) sched_yield();
    CHECK(pthread_create(&destroyer, NULL, destroy, pool) == 0);
    if (flags) CHECK(sem_wait(&destroyer_waits) == 0);
    else CHECK(pthread_join(destroyer, &was_let_go) == 0);
    atomic_store(&let_go, 1);
    if (flags) {
        CHECK(sem_post(&go_on) == 0);
        CHECK(pthread_join(destroyer, &was_let_go) == 0);
    } else {
        CHECK(sem_post(&go_on) == 0);
    }
    CHECK(pthread_join(submitter, NULL) == 0);
    CHECK((was_let_go != NULL) == (flags != 0));
}

int main(void) {
    static unsigned char stack[128 * 1024 + 4096];
    const uint32_t can = jobring_features();
    /* A hang is a failure. */
    alarm(100);
    if (can & JOBRING_FEATURE_PTHREAD) {
        states_and_names(JOBRING_BACKEND_PTHREAD);
        used_stack(JOBRING_BACKEND_PTHREAD, NULL, 0);
        used_stack(JOBRING_BACKEND_PTHREAD, stack, sizeof stack);
    }
    if (can & JOBRING_FEATURE_STD) {
        states_and_names(JOBRING_BACKEND_STD);
        used_stack(JOBRING_BACKEND_STD, NULL, 0);
    }
    sleepers_are_seen();
    times();
    since_when();
    cpus_without_a_pool();
    unpainted_is_unknown();
    smallest_stack();
    further_callbacks();
    callbacks_take_room();
    a_waiter_that_helps();
    destroy_waits_for_submitters(JOBRING_FLAG_DESTROY_WAITS);
    destroy_waits_for_submitters(0);
    return 0;
}
