/* A job that waits for a queued job runs it on its own stack only if stack_reserve bytes of the stack are left, on
 * every kind of thread: JOBRING_E_STACK comes before an overflow, and not long before. Prints "cell nested
 * <thread>". */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

enum { KIB = 1024, RESERVE = 24 * KIB, FRAME = 4 * KIB, MANY = 100000 };
/* What a job and the library's own frames below it may take besides FRAME (in a build for tests, under valgrind ...). */
enum { OWN = 8 * KIB };

/* A job that submits another of its kind and waits for it, and so on. */
struct chain {
    jobring_pool *pool;
    int left, deepest;
    jobring_status end;
};

/* The bytes between the end of a frame with FRAME bytes, which begins here, and the end of its thread's stack, as the system has
 * it. */
static size_t left_below(void *frame) {
    const uintptr_t end = (uintptr_t)frame - FRAME;
    pthread_attr_t attr;
    void *low;
    size_t size, guard;
    CHECK(pthread_getattr_np(pthread_self(), &attr) == 0);
    CHECK(pthread_attr_getstack(&attr, &low, &size) == 0 && pthread_attr_getguardsize(&attr, &guard) == 0);
    CHECK(pthread_attr_destroy(&attr) == 0);
    CHECK(end > (uintptr_t)low && end < (uintptr_t)low + size);
    return end - (uintptr_t)low;
}

static void *deeper(void *arg) {
    volatile char frame[FRAME];
    struct chain *chain = arg;
    jobring_job job;
    memset((void *)frame, 1, sizeof frame);
    chain->deepest++;
    if (--chain->left <= 0) return NULL;
    OK(jobring_submit(chain->pool, deeper, chain, &job));
    const jobring_status status = jobring_wait(chain->pool, job, JOBRING_FOREVER, NULL);
    if (status == JOBRING_OK) return NULL;
    CHECK(status == JOBRING_E_STACK && chain->end == JOBRING_OK);
    chain->end = status;
    chain->left = 0;
    OK(jobring_detach(chain->pool, job));
    /* Neither too late nor too soon. */
    const size_t left = left_below(__builtin_frame_address(0));
    if (left <= RESERVE - OWN || left >= RESERVE + FRAME + OWN)
        fprintf(stderr, "%zu bytes are left, %d jobs deep\n", left, chain->deepest);
    CHECK(left > RESERVE - OWN && left < RESERVE + FRAME + OWN);
    return NULL;
}

static jobring_pool *made(uint32_t workers, uint32_t backend) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.workers = workers;
    config.backend = backend;
    config.capacity = 10000;
    config.stack_size = 256 * KIB;
    config.stack_reserve = RESERVE;
    OK(jobring_create(&config, &pool));
    return pool;
}

static void *closes(void *pool) {
    const jobring_status status = jobring_shutdown(pool, JOBRING_DRAIN, 0, NULL);
    CHECK(status == JOBRING_OK || status == JOBRING_E_TIMEDOUT);
    return NULL;
}

/* Ways by which a thread comes to run the first job of a chain. */
static void by_entering(struct chain *chain) {
    OK(jobring_submit(chain->pool, deeper, chain, NULL));
    OK(jobring_submit(chain->pool, closes, chain->pool, NULL));
    OK(jobring_enter_worker(chain->pool));
}

static void *enters(void *pool) {
    OK(jobring_enter_worker(pool));
    return NULL;
}

static void by_wait(struct chain *chain) {
    jobring_job job;
    OK(jobring_submit(chain->pool, deeper, chain, &job));
    OK(jobring_wait(chain->pool, job, JOBRING_FOREVER, NULL));
}

static void by_help(struct chain *chain) {
    jobring_job job;
    OK(jobring_submit(chain->pool, deeper, chain, &job));
    OK(wait_with(chain->pool, job, JOBRING_WAIT_HELP, NULL));
}

static void by_run_one(struct chain *chain) {
    OK(jobring_submit(chain->pool, deeper, chain, NULL));
    OK(jobring_run_one(chain->pool));
}

static void by_run_until_idle(struct chain *chain) {
    OK(jobring_submit(chain->pool, deeper, chain, NULL));
    OK(jobring_run_until_idle(chain->pool, NULL));
}

/* The last one runs the first of a full pool to make room. */
static void by_submit(struct chain *chain) {
    jobring_config config = JOBRING_CONFIG_INIT;
    struct chain last = {.left = 1};
    jobring_pool *small;
    config.workers = JOBRING_WORKERS_NONE;
    config.capacity = 1;
    OK(jobring_create(&config, &small));
    OK(jobring_submit(small, deeper, chain, NULL));
    OK(jobring_submit(small, deeper, &last, NULL));
    OK(jobring_destroy(small));
}

static void by_destroy(struct chain *chain) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *other;
    config.workers = JOBRING_WORKERS_NONE;
    OK(jobring_create(&config, &other));
    OK(jobring_submit(other, deeper, chain, NULL));
    OK(jobring_destroy(other));
}

static const struct way {
    const char *name;
    void (*begin)(struct chain *chain);
} ways[] = {
    {"wait", by_wait},     {"wait_opts", by_help}, {"run_one", by_run_one}, {"run_until_idle", by_run_until_idle},
    {"submit", by_submit}, {"destroy", by_destroy}, {NULL, NULL},
};

struct run {
    const struct way *way;
    int jobs;
    jobring_status expected;
};

/* On the calling thread, which is in no pool yet. */
static void *runs(void *arg) {
    const struct run *run = arg;
    struct chain chain = {made(JOBRING_WORKERS_NONE, JOBRING_BACKEND_DEFAULT), run->jobs, 0, JOBRING_OK};
    run->way->begin(&chain);
    CHECK(chain.end == run->expected && chain.deepest > 3);
    if (run->expected == JOBRING_OK) CHECK(chain.deepest == run->jobs);
    OK(jobring_destroy(chain.pool));
    return NULL;
}

static void on_a_thread(size_t size, void *stack, void *(*body)(void *), void *arg) {
    pthread_attr_t attr;
    pthread_t thread;
    CHECK(pthread_attr_init(&attr) == 0);
    CHECK((stack ? pthread_attr_setstack(&attr, stack, size) : pthread_attr_setstacksize(&attr, size)) == 0);
    CHECK(pthread_create(&thread, &attr, body, arg) == 0);
    CHECK(pthread_join(thread, NULL) == 0 && pthread_attr_destroy(&attr) == 0);
}

static void threads_of_the_callers(void) {
    static const struct way enter = {"enter_worker", by_entering};
    const size_t small = 160 * KIB, large = 8192 * KIB;
    void *memory = mmap(NULL, small, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    for (const struct way *way = ways;; way = way->name ? way + 1 : &enter) {
        if (!way->name) way = &enter;
        struct run to_the_end = {way, MANY, JOBRING_E_STACK}, deep = {way, 500, JOBRING_OK};
        on_a_thread(small, NULL, runs, &to_the_end);
        on_a_thread(small, memory, runs, &to_the_end);
        on_a_thread(large, NULL, runs, &deep);
        printf("cell nested %s\n", way->name);
        if (way == &enter) break;
    }
    CHECK(munmap(memory, small) == 0);
}

/* The main thread's stack grows. */
static void the_main_thread(void) {
    static const struct way wait = {"wait", by_wait}, enter = {"enter_worker", by_entering};
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_STACK, &limit) == 0);
    const int fits = limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > 6u * 1024 * KIB;
    struct run deep = {&wait, fits ? 800 : 20, JOBRING_OK}, entered = {&enter, fits ? 800 : 20, JOBRING_OK};
    runs(&deep);
    runs(&entered);
    puts("cell nested main-deep");
    /* Not with a stack that is as good as endless. */
    struct run to_the_end = {&wait, MANY, JOBRING_E_STACK};
    limit.rlim_cur = 8192 * KIB;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= limit.rlim_cur) CHECK(setrlimit(RLIMIT_STACK, &limit) == 0);
    to_the_end.way = &enter;
    runs(&to_the_end);
    puts("cell nested main-to-the-end");
}

/* A job that runs what is queued, which does the same. */
static void *runs_others(void *arg) {
    volatile char frame[FRAME];
    struct chain *chain = arg;
    uint64_t ran = 99;
    memset((void *)frame, 1, sizeof frame);
    chain->deepest++;
    if (--chain->left <= 0) return NULL;
    OK(jobring_submit(chain->pool, runs_others, chain, NULL));
    const int one = chain->left % 2;
    const jobring_status status =
        one ? jobring_run_one(chain->pool) : jobring_run_until_idle(chain->pool, &ran);
    if (status == JOBRING_E_STACK && chain->end == JOBRING_OK) {
        const size_t left = left_below(__builtin_frame_address(0));
        CHECK((one || ran == 0) && left > RESERVE - OWN && left < RESERVE + FRAME + OWN);
        chain->end = status;
        chain->left = 0;
    }
    return NULL;
}

/* A job of a pool without workers that ends the pool, with too little stack left to run what is queued. */
static void *ends(void *arg) {
    struct chain *chain = arg;
    jobring_report report;
    OK(jobring_submit(chain->pool, deeper, chain, NULL));
    chain->end = jobring_shutdown(chain->pool, JOBRING_DRAIN, JOBRING_FOREVER, &report);
    CHECK(chain->end != JOBRING_E_STACK || report.queued == 1);
    return NULL;
}

static void *destroys(void *arg) {
    struct chain *chain = arg;
    OK(jobring_submit(chain->pool, deeper, chain, NULL));
    chain->end = jobring_destroy(chain->pool);
    return NULL;
}

static void more_that_runs_jobs_inside_jobs(void) {
    struct chain chain = {made(1, JOBRING_BACKEND_DEFAULT), MANY, 0, JOBRING_OK};
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *outer = made(JOBRING_WORKERS_NONE, JOBRING_BACKEND_DEFAULT);
    jobring_job job;
    OK(jobring_submit(chain.pool, runs_others, &chain, &job));
    OK(jobring_wait(chain.pool, job, LONG, NULL));
    OK(jobring_shutdown(chain.pool, JOBRING_DRAIN, LONG, NULL));
    CHECK(chain.end == JOBRING_E_STACK && chain.deepest > 3);
    OK(jobring_destroy(chain.pool));
    puts("cell nested run-inside-a-job");
    config.workers = JOBRING_WORKERS_NONE;
    config.stack_reserve = SIZE_MAX;
    OK(jobring_create(&config, &chain.pool));
    chain.left = 1;
    chain.deepest = 0;
    OK(jobring_submit(chain.pool, ends, &chain, &job));
    OK(jobring_wait(chain.pool, job, JOBRING_FOREVER, NULL));
    CHECK(chain.end == JOBRING_E_STACK && chain.deepest == 0);
    OK(jobring_shutdown(chain.pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL));
    CHECK(chain.deepest == 1);
    OK(jobring_destroy(chain.pool));
    puts("cell nested shutdown-inside-a-job");
    OK(jobring_create(&config, &chain.pool));
    chain.left = 1;
    OK(jobring_submit(outer, destroys, &chain, &job));
    OK(jobring_wait(outer, job, JOBRING_FOREVER, NULL));
    CHECK(chain.end == JOBRING_E_STACK && chain.deepest == 1);
    OK(jobring_destroy(chain.pool));
    CHECK(chain.deepest == 2);
    OK(jobring_destroy(outer));
    puts("cell nested destroy-inside-a-job");
}

static void *dies(void *arg) {
    (void)arg;
    pthread_exit(NULL);
}

static void workers(uint32_t backend, const char *name) {
    struct chain chain = {made(1, backend), MANY, 0, JOBRING_OK};
    by_wait(&chain);
    CHECK(chain.end == JOBRING_E_STACK && chain.deepest > 3);
    printf("cell nested worker-%s\n", name);
    if (backend == JOBRING_BACKEND_PTHREAD) {
        jobring_job job;
        OK(jobring_submit(chain.pool, dies, NULL, &job));
        CHECK(jobring_wait(chain.pool, job, LONG, NULL) == JOBRING_E_FAILED);
        chain.left = MANY;
        chain.deepest = 0;
        chain.end = JOBRING_OK;
        by_wait(&chain);
        CHECK(chain.end == JOBRING_E_STACK && chain.deepest > 3);
        puts("cell nested worker-replaced");
    }
    OK(jobring_destroy(chain.pool));
}

/* A worker of one pool that enters another in a job is on the same stack. */
static void *enters_another(void *arg) {
    struct run *run = arg;
    return runs(run);
}

static void a_worker_that_enters_another_pool(void) {
    static const struct way enter = {"enter_worker", by_entering};
    struct run run = {&enter, MANY, JOBRING_E_STACK};
    jobring_pool *outer = made(1, JOBRING_BACKEND_DEFAULT);
    jobring_job job;
    OK(jobring_submit(outer, enters_another, &run, &job));
    OK(jobring_wait(outer, job, LONG, NULL));
    OK(jobring_destroy(outer));
    puts("cell nested entered-inside-a-job");
}

/* On a stack that is not its thread's nobody knows how much is left: no other job runs there. */
struct fiber {
    jobring_pool *pool;
    ucontext_t out, in;
    void *stack;
    size_t size;
    jobring_status status;
};

static atomic_int ran;

static void *counts(void *arg) {
    atomic_fetch_add(&ran, 1);
    return arg;
}

static void on_the_fiber(unsigned high, unsigned low) {
    struct fiber *fiber = (struct fiber *)((uintptr_t)high << 16 << 16 | low);
    jobring_job job;
    OK(jobring_submit(fiber->pool, counts, NULL, &job));
    fiber->status = jobring_wait(fiber->pool, job, JOBRING_FOREVER, NULL);
    if (fiber->status != JOBRING_OK) OK(jobring_detach(fiber->pool, job));
}

static void *switches(void *arg) {
    struct fiber *fiber = arg;
    const uintptr_t address = (uintptr_t)fiber;
    CHECK(getcontext(&fiber->in) == 0);
    fiber->in.uc_stack.ss_sp = fiber->stack;
    fiber->in.uc_stack.ss_size = fiber->size;
    fiber->in.uc_link = &fiber->out;
    makecontext(&fiber->in, (void (*)(void))on_the_fiber, 2, (unsigned)(address >> 16 >> 16), (unsigned)address);
    CHECK(swapcontext(&fiber->out, &fiber->in) == 0);
    return NULL;
}

static void fibers(void) {
    /* The stacks of the workers in the middle, those of the fibers below and above them. */
    const size_t size = 256 * KIB;
    char *memory = mmap(NULL, 4 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    for (uint32_t workers = 0; workers <= 2; workers++) {
        for (int above = 0; above <= 1; above++) {
            jobring_config config = JOBRING_CONFIG_INIT;
            struct fiber fiber = {.stack = above ? memory + 3 * size : memory, .size = size};
            pthread_t entered;
            jobring_job job;
            config.workers = workers ? workers : JOBRING_WORKERS_NONE;
            if (workers && jobring_features() & JOBRING_FEATURE_PTHREAD) {
                config.stack_size = size;
                config.stack_memory = memory + size;
                config.stack_memory_size = 2 * size;
            }
            OK(jobring_create(&config, &fiber.pool));
            atomic_store(&ran, 0);
            if (!workers) CHECK(pthread_create(&entered, NULL, enters, fiber.pool) == 0);
            for (jobring_stats stats = {.size = sizeof stats, .workers = 0}; !stats.workers;)
                OK(jobring_stats_get(fiber.pool, &stats));
            OK(jobring_submit(fiber.pool, switches, &fiber, &job));
            OK(jobring_wait(fiber.pool, job, LONG, NULL));
            CHECK(fiber.status == (workers == 2 ? JOBRING_OK : JOBRING_E_STACK));
            OK(jobring_destroy(fiber.pool));
            CHECK(atomic_load(&ran) == 1);
            if (!workers) CHECK(pthread_join(entered, NULL) == 0);
        }
    }
    CHECK(munmap(memory, 4 * size) == 0);
    puts("cell nested fiber");
}

int main(void) {
    alarm(300);
    threads_of_the_callers();
    the_main_thread();
    if (jobring_features() & JOBRING_FEATURE_PTHREAD) workers(JOBRING_BACKEND_PTHREAD, "pthread");
    if (jobring_features() & JOBRING_FEATURE_STD) workers(JOBRING_BACKEND_STD, "std");
    a_worker_that_enters_another_pool();
    more_that_runs_jobs_inside_jobs();
    fibers();
    return 0;
}
