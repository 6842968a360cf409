/* What a configuration says about threads: caller-supplied stacks, guard pages, CPUs, signals, the stack reserve. */
#define _GNU_SOURCE
#include "check.h"

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* What a job finds out about the thread that it runs on. */
struct found {
    char *local;
    size_t guard;
    cpu_set_t cpus;
    sigset_t blocked;
};

static void *look(void *arg) {
    struct found *found = arg;
    char local;
    pthread_attr_t attr;
    found->local = &local;
    CHECK(pthread_getattr_np(pthread_self(), &attr) == 0);
    CHECK(pthread_attr_getguardsize(&attr, &found->guard) == 0);
    CHECK(pthread_attr_destroy(&attr) == 0);
    CHECK(pthread_getaffinity_np(pthread_self(), sizeof found->cpus, &found->cpus) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &found->blocked) == 0);
    return NULL;
}

static struct found found_with(const jobring_config *config) {
    struct found found;
    jobring_pool *pool;
    jobring_job job;
    memset(&found, 0, sizeof found);
    OK(jobring_create(config, &pool));
    OK(jobring_submit(pool, look, &found, &job));
    OK(jobring_wait(pool, job, LONG, NULL));
    OK(jobring_destroy(pool));
    return found;
}

static void stacks_of_the_callers(void) {
    enum { WORKERS = 3, STACK = 256 * 1024 };
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), margin = 64;
    const size_t size = WORKERS * STACK + page;
    unsigned char *memory = malloc(size + 2 * margin);
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *none = NULL;
    CHECK(memory != NULL);
    memset(memory, 0xA5, size + 2 * margin);
    config.workers = WORKERS;
    config.stack_size = STACK;
    config.stack_memory = memory + margin;
    config.stack_memory_size = WORKERS * STACK - 1;
    CHECK(jobring_create(&config, &none) == JOBRING_E_SIZE && none == NULL);
    config.stack_memory_size = 0;
    CHECK(jobring_create(&config, &none) == JOBRING_E_INVALID && none == NULL);
    config.stack_memory_size = size;
    for (int round = 0; round < 3; round++) {
        char *local = found_with(&config).local;
        CHECK(local >= (char *)memory + margin && local < (char *)memory + margin + size);
    }
    for (size_t n = 0; n < margin; n++) CHECK(memory[n] == 0xA5 && memory[margin + size + n] == 0xA5);
    free(memory);
}

static void guards(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *none = NULL;
    config.workers = 1;
    CHECK(found_with(&config).guard == page);
    config.guard_size = page + 1;
    CHECK(found_with(&config).guard == 2 * page);
    config.guard_size = JOBRING_GUARD_NONE;
    CHECK(found_with(&config).guard == 0);
    config.guard_size = SIZE_MAX - 1;
    CHECK(jobring_create(&config, &none) == JOBRING_E_INVALID && none == NULL);
}

static void cpus(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *none = NULL;
    cpu_set_t allowed;
    uint32_t cpu = 0;
    CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
    while (!CPU_ISSET(cpu, &allowed)) cpu++;
    config.workers = 2;
    config.cpus = &cpu;
    CHECK(jobring_create(&config, &none) == JOBRING_E_INVALID && none == NULL);
    config.cpu_count = 1;
    struct found found = found_with(&config);
    CHECK(CPU_COUNT(&found.cpus) == 1 && CPU_ISSET(cpu, &found.cpus));
    cpu = 100000;
    CHECK(jobring_create(&config, &none) == JOBRING_E_INVALID && none == NULL);
    for (cpu = 0; CPU_ISSET(cpu, &allowed); cpu++) {
    }
    CHECK(jobring_create(&config, &none) == JOBRING_E_INVALID && none == NULL);
}

/* Without `cpus` the workers have the CPUs of the thread that makes the pool, in number too. */
static void cpus_of_the_maker(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_info info = {.size = sizeof info};
    jobring_pool *pool;
    cpu_set_t allowed, one;
    int cpu = 0;
    CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
    struct found found = found_with(&config);
    CHECK(CPU_EQUAL(&found.cpus, &allowed));
    while (!CPU_ISSET(cpu, &allowed)) cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    OK(jobring_create(&config, &pool));
    OK(jobring_info_get(pool, &info));
    CHECK(info.workers == 1);
    OK(jobring_destroy(pool));
    config.workers = 2;
    found = found_with(&config);
    CHECK(CPU_EQUAL(&found.cpus, &one));
    CHECK(sched_setaffinity(0, sizeof allowed, &allowed) == 0);
}

static void *rounds_up(void *arg) {
    CHECK(fesetround(FE_UPWARD) == 0);
    return arg;
}

static void *rounding(void *arg) {
    *(int *)arg = fegetround();
    return arg;
}

static void what_a_job_leaves_stays(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    jobring_job job;
    int found = 0;
    config.workers = 1;
    OK(jobring_create(&config, &pool));
    OK(jobring_submit(pool, rounds_up, NULL, NULL));
    OK(jobring_submit(pool, rounding, &found, &job));
    OK(jobring_wait(pool, job, LONG, NULL));
    CHECK(found == FE_UPWARD);
    OK(jobring_destroy(pool));
}

static void names(void) {
    static const char *const names[][2] = {{"ab\xff" "cd", "ab-0"}, {"\xff", "-0"}, {"caf\xc3\xa9", "caf\xc3\xa9-0"}};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        jobring_config config = JOBRING_CONFIG_INIT;
        jobring_worker worker = {.size = sizeof worker};
        jobring_pool *pool;
        config.workers = 1;
        config.name = names[n][0];
        OK(jobring_create(&config, &pool));
        OK(jobring_worker_get(pool, 0, &worker));
        CHECK(strcmp(worker.name, names[n][1]) == 0);
        OK(jobring_destroy(pool));
    }
}

static void signals(void) {
    static const int open[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *none = NULL;
    config.workers = 1;
    struct found found = found_with(&config);
    CHECK(sigismember(&found.blocked, SIGTERM) == 1 && sigismember(&found.blocked, SIGUSR1) == 1);
    for (size_t n = 0; n < sizeof open / sizeof *open; n++) CHECK(sigismember(&found.blocked, open[n]) == 0);
    config.signals = JOBRING_SIGNALS_INHERIT;
    found = found_with(&config);
    CHECK(sigismember(&found.blocked, SIGTERM) == 0 && sigismember(&found.blocked, SIGUSR1) == 0);
    config.signals = 2;
    CHECK(jobring_create(&config, &none) == JOBRING_E_INVALID && none == NULL);
    /* The maker's own mask is as it was. */
    sigset_t mine;
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &mine) == 0 && sigismember(&mine, SIGTERM) == 0);
}

static void *nothing(void *arg) { return arg; }

static void *wait_for_another(void *arg) {
    jobring_pool *pool = arg;
    jobring_job other;
    OK(jobring_submit(pool, nothing, NULL, &other));
    CHECK(jobring_wait(pool, other, JOBRING_FOREVER, NULL) == JOBRING_E_STACK);
    OK(jobring_detach(pool, other));
    return NULL;
}

static void the_stack_that_must_be_left(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    jobring_job job;
    config.workers = 1;
    config.stack_size = 128 * 1024;
    config.stack_reserve = 128 * 1024;
    OK(jobring_create(&config, &pool));
    OK(jobring_submit(pool, wait_for_another, pool, &job));
    OK(jobring_wait(pool, job, LONG, NULL));
    OK(jobring_destroy(pool));
}

/* A job that waits for a job that waits for a job ... on a stack that holds only a few of them. */
struct chain {
    jobring_pool *pool;
    int left;
    jobring_status deepest;
};

static void *link_of_chain(void *arg) {
    struct chain *chain = arg;
    jobring_job next;
    if (--chain->left == 0) return NULL;
    if (jobring_submit(chain->pool, link_of_chain, chain, &next) != JOBRING_OK) return NULL;
    jobring_status waited = jobring_wait(chain->pool, next, JOBRING_FOREVER, NULL);
    if (waited != JOBRING_OK) {
        chain->deepest = waited;
        OK(jobring_detach(chain->pool, next));
    }
    return NULL;
}

static void a_chain_of_waits(uint32_t workers) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_job job;
    struct chain chain = {.left = 100000};
    config.workers = workers;
    config.capacity = 200000;
    config.stack_size = 64 * 1024;
    OK(jobring_create(&config, &chain.pool));
    OK(jobring_submit(chain.pool, link_of_chain, &chain, &job));
    OK(jobring_wait(chain.pool, job, LONG, NULL));
    /* Detached links go on on the worker, from the bottom of its stack. */
    OK(jobring_shutdown(chain.pool, JOBRING_DRAIN, LONG, NULL));
    CHECK(chain.deepest == JOBRING_E_STACK);
    OK(jobring_destroy(chain.pool));
}

int main(void) {
    if (jobring_features() & JOBRING_FEATURE_PTHREAD) {
        stacks_of_the_callers();
        guards();
        cpus();
    } else {
        jobring_config config = JOBRING_CONFIG_INIT;
        jobring_pool *none = NULL;
        config.guard_size = 1;
        CHECK(jobring_create(&config, &none) == JOBRING_E_UNSUPPORTED && none == NULL);
    }
    cpus_of_the_maker();
    what_a_job_leaves_stays();
    names();
    signals();
    the_stack_that_must_be_left();
    a_chain_of_waits(1);
    a_chain_of_waits(2);
    puts("threads: all as configured");
    return 0;
}
