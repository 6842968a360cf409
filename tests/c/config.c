/* Every field of a configuration at its default, at its constants, at its bounds, and beyond: checks the pool, or
 * that nothing is left behind. Prints "cell config.<field> <how>". Argument: the number of CPUs that this process
 * may use. */
#define _GNU_SOURCE
#include "scene.h"
#include "jobring_port.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void cell(const char *field, const char *how) { printf("cell config.%s %s\n", field, how); }

/* Memory that the library has, if the linker sends its calls through here. */
static atomic_long live;
void *__real_malloc(size_t), *__real_calloc(size_t, size_t), *__real_realloc(void *, size_t);
int __real_posix_memalign(void **, size_t, size_t);
void __real_free(void *);
void *__wrap_malloc(size_t), *__wrap_calloc(size_t, size_t), *__wrap_realloc(void *, size_t);
int __wrap_posix_memalign(void **, size_t, size_t);
void __wrap_free(void *);

static void *counted(void *memory) {
    if (memory) atomic_fetch_add(&live, 1);
    return memory;
}

void *__wrap_malloc(size_t size) { return counted(__real_malloc(size)); }
void *__wrap_calloc(size_t count, size_t size) { return counted(__real_calloc(count, size)); }
void *__wrap_realloc(void *at, size_t size) { return at ? __real_realloc(at, size) : counted(__real_malloc(size)); }

int __wrap_posix_memalign(void **at, size_t align, size_t size) {
    const int failed = __real_posix_memalign(at, align, size);
    if (!failed) counted(*at);
    return failed;
}

void __wrap_free(void *at) {
    if (at) atomic_fetch_sub(&live, 1);
    __real_free(at);
}

/* A number of the kernel's about this process. */
static long status_of(const char *field) {
    char line[256];
    long value = -1;
    FILE *file = fopen("/proc/self/status", "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0) value = strtol(line + strlen(field) + 1, NULL, 10);
    CHECK(fclose(file) == 0 && value >= 0);
    return value;
}

/* A joined thread may be counted a moment longer. */
static void await_threads(long number) {
    while (status_of("Threads") != number) sched_yield();
}

static jobring_config plain(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = 1;
    config.capacity = 4;
    config.stack_size = 256 * 1024;
    return config;
}

/* The field that is tried. */
static const char *tried;

/* The name is that of the field; of two that mean something together, that of one. */
static void named(const jobring_config *config, jobring_status expected) {
    const char *pair = tried, *field = "untouched";
    if (strcmp(tried, "stack_memory") == 0) pair = "stack_memory_size";
    if (strcmp(tried, "cpu_count") == 0) pair = "cpus";
    const jobring_status status = jobring_config_check(config, &field);
    if (status != expected || !field || strcmp(field, pair) != 0)
        fprintf(stderr, "%d and %s, not %d and %s\n", (int)status, field ? field : "no field", (int)expected, pair);
    CHECK(status == expected && field && strcmp(field, pair) == 0);
    CHECK(jobring_config_check(config, NULL) == expected);
}

static unsigned char memory[1 << 16], memory_before[1 << 16];

/* By those that make threads, after jobring_layout() found nothing wrong. */
static void refused_with_threads(const jobring_config *config, jobring_status expected) {
    if (expected == JOBRING_E_UNSUPPORTED) named(config, expected);
    jobring_pool *const untouched = (jobring_pool *)(void *)memory, *pool = untouched;
    const long threads = status_of("Threads"), before = atomic_load(&live);
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        const jobring_status status =
            in_memory ? jobring_init(config, memory, sizeof memory, &pool) : jobring_create(config, &pool);
        if (status != expected) fprintf(stderr, "%d, not %d\n", (int)status, (int)expected);
        CHECK(status == expected && pool == untouched && atomic_load(&live) == before);
        await_threads(threads);
    }
}

static void refused(const jobring_config *config, jobring_status expected) {
    size_t size = 77, align = 77;
    memcpy(memory_before, memory, sizeof memory);
    named(config, expected);
    CHECK(jobring_layout(config, &size, &align) == expected && size == 77 && align == 77);
    refused_with_threads(config, expected);
    CHECK(memcmp(memory, memory_before, sizeof memory) == 0);
}

struct seen {
    jobring_info info;
    char name[16];
    size_t guard, stack;
    cpu_set_t cpus;
    sigset_t blocked;
    jobring_pool *pool;
    jobring_status nested;
};

static void *identity(void *arg) { return arg; }

static void *look(void *arg) {
    struct seen *seen = arg;
    pthread_attr_t attr;
    jobring_job other;
    CHECK(pthread_getname_np(pthread_self(), seen->name, sizeof seen->name) == 0);
    CHECK(pthread_getattr_np(pthread_self(), &attr) == 0);
    CHECK(pthread_attr_getguardsize(&attr, &seen->guard) == 0 && pthread_attr_destroy(&attr) == 0);
    CHECK(pthread_getaffinity_np(pthread_self(), sizeof seen->cpus, &seen->cpus) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked) == 0);
    if (seen->info.capacity > 1) {
        OK(jobring_submit(seen->pool, identity, NULL, &other));
        seen->nested = jobring_wait(seen->pool, other, JOBRING_FOREVER, NULL);
        if (seen->nested != JOBRING_OK) OK(jobring_detach(seen->pool, other));
    }
    return seen;
}

/* What a pool is like; and after it is gone, so are its threads and memory. */
static struct seen accepted(const jobring_config *config) {
    struct seen seen = {.info.size = sizeof seen.info};
    const long threads = status_of("Threads"), before = atomic_load(&live);
    jobring_job job;
    void *result = NULL;
    const char *field = "untouched";
    OK(jobring_layout(config, NULL, NULL));
    CHECK(jobring_config_check(config, &field) == JOBRING_OK && field == NULL);
    OK(jobring_create(config, &seen.pool));
    OK(jobring_info_get(seen.pool, &seen.info));
    if (seen.info.workers) OK(jobring_worker_stack(seen.pool, 0, &seen.stack, NULL));
    OK(jobring_submit(seen.pool, seen.info.workers ? look : identity, &seen, &job));
    OK(jobring_wait(seen.pool, job, LONG, &result));
    CHECK(result == &seen);
    OK(jobring_destroy(seen.pool));
    CHECK(atomic_load(&live) == before);
    await_threads(threads);
    return seen;
}

#define TRY(field, how, value, ...)                                                                 \
    do {                                                                                            \
        jobring_config config = plain();                                                            \
        config.field = (value);                                                                     \
        tried = #field;                                                                             \
        __VA_ARGS__;                                                                                \
        cell(#field, how);                                                                          \
    } while (0)
#define IS(condition)                                                                               \
    do {                                                                                            \
        const struct seen seen = accepted(&config);                                                 \
        (void)seen;                                                                                 \
        CHECK(condition);                                                                           \
    } while (0)
#define BAD(status) refused(&config, status)

enum { INVALID = JOBRING_E_INVALID, MOST_WORKERS = sizeof(void *) == 8 ? 65535 : 255, MOST_JOBS = 1048575, MOST_PAYLOAD = 1 << 20 };
static const size_t TOO_MUCH = PTRDIFF_MAX;
static int pthreads;
static size_t page;

static uint32_t backend_of_default(void) { return pthreads ? JOBRING_BACKEND_PTHREAD : JOBRING_BACKEND_STD; }

static void threads(uint32_t cpus) {
    TRY(backend, "default", 0, IS(seen.info.backend == backend_of_default()));
    TRY(backend, "JOBRING_BACKEND_DEFAULT", JOBRING_BACKEND_DEFAULT, IS(seen.info.backend == backend_of_default()));
    TRY(backend, "JOBRING_BACKEND_STD", JOBRING_BACKEND_STD, IS(seen.info.backend == JOBRING_BACKEND_STD));
    TRY(backend, "JOBRING_BACKEND_PTHREAD", JOBRING_BACKEND_PTHREAD, if (pthreads) {
        IS(seen.info.backend == JOBRING_BACKEND_PTHREAD);
    } else BAD(JOBRING_E_UNSUPPORTED));
    TRY(backend, "beyond", 3, BAD(INVALID));
    TRY(workers, "default", 0, IS(seen.info.workers == cpus));
    TRY(workers, "JOBRING_WORKERS_NONE", JOBRING_WORKERS_NONE, IS(seen.info.workers == 0 && seen.info.stack_size == 0));
    TRY(workers, "lowest", 1, IS(seen.info.workers == 1));
    /* That many threads cannot be started here; the bound is checked first. */
    TRY(workers, "highest", MOST_WORKERS, OK(jobring_layout(&config, NULL, NULL)));
    TRY(workers, "beyond", MOST_WORKERS + 1, BAD(INVALID); config.workers = UINT32_MAX - 1; BAD(INVALID));
    TRY(max_workers, "default", 0, config.workers = 3; IS(seen.info.max_workers == 19));
    TRY(max_workers, "lowest", 3, config.workers = 3; IS(seen.info.max_workers == 3); config.max_workers = 2; BAD(INVALID));
    TRY(max_workers, "highest", MOST_WORKERS, IS(seen.info.max_workers == MOST_WORKERS));
    TRY(max_workers, "beyond", MOST_WORKERS + 1, BAD(INVALID));
    TRY(grow_to, "default", 0, config.workers = 3; IS(seen.info.max_workers == 19));
    TRY(grow_to, "lowest", 1, config.workers = 3; IS(seen.info.workers == 3 && seen.info.max_workers == 19));
    TRY(grow_to, "given", 8, config.workers = 3; IS(seen.info.workers == 3 && seen.info.max_workers == 24);
        config.max_workers = 7; tried = "max_workers"; BAD(INVALID));
    TRY(grow_to, "highest", MOST_WORKERS, config.workers = 1; OK(jobring_layout(&config, NULL, NULL)));
    TRY(grow_to, "beyond", MOST_WORKERS + 1, BAD(INVALID));
    TRY(reserved, "default", 0, IS(1));
    TRY(reserved, "beyond", 1, BAD(INVALID));
    TRY(min_workers, "highest", 3, config.workers = 3; IS(seen.info.workers == 3));
    TRY(min_workers, "beyond", 4, config.workers = 3; BAD(INVALID));
    TRY(signals, "default", 0, IS(sigismember(&seen.blocked, SIGTERM) == 1));
    TRY(signals, "JOBRING_SIGNALS_BLOCK", JOBRING_SIGNALS_BLOCK, IS(sigismember(&seen.blocked, SIGTERM) == 1));
    TRY(signals, "JOBRING_SIGNALS_INHERIT", JOBRING_SIGNALS_INHERIT, IS(sigismember(&seen.blocked, SIGTERM) == 0));
    TRY(signals, "beyond", 2, BAD(INVALID));
    TRY(spin, "default", 0, IS(1));
    TRY(spin, "JOBRING_SPIN_NONE", JOBRING_SPIN_NONE, IS(1));
    TRY(spin, "lowest", 1, IS(1));
    /* Longer than anybody waits: a worker that polls sees that its pool is closed. */
    TRY(spin, "highest", UINT32_MAX - 1, IS(1));
    TRY(name, "default", NULL, IS(strcmp(seen.name, "jobring-0") == 0));
    TRY(name, "given", "io", IS(strcmp(seen.name, "io-0") == 0));
    TRY(name, "given", "", IS(strcmp(seen.name, "-0") == 0));
    TRY(name, "given", "longer-than-it-can-be", IS(strcmp(seen.name, "longer-than-i-0") == 0));
}

/* Room for three stacks and a half, where eight are wanted. */
static void refused_by_the_system(void) {
    const size_t stack = (size_t)64 << 20;
    struct rlimit before, little;
    CHECK(getrlimit(RLIMIT_AS, &before) == 0);
    little = before;
    little.rlim_cur = (rlim_t)status_of("VmSize") * 1024 + 3 * stack + stack / 2;
    CHECK(setrlimit(RLIMIT_AS, &little) == 0);
    TRY(min_workers, "default", 0, config.workers = 8; config.stack_size = stack;
        refused_with_threads(&config, JOBRING_E_THREAD));
    TRY(min_workers, "lowest", 1, config.workers = 8; config.stack_size = stack;
        IS(seen.info.workers >= 1 && seen.info.workers < 4));
    CHECK(setrlimit(RLIMIT_AS, &before) == 0);
}

/* Exactly `capacity` jobs fit in. */
static void holds(const jobring_config *given, uint32_t capacity) {
    jobring_config config = *given;
    jobring_pool *pool;
    config.workers = JOBRING_WORKERS_NONE;
    OK(jobring_create(&config, &pool));
    for (uint32_t n = 0; n < capacity; n++) OK(jobring_try_submit(pool, identity, NULL, NULL));
    CHECK(jobring_try_submit(pool, identity, NULL, NULL) == JOBRING_E_FULL);
    OK(jobring_shutdown(pool, JOBRING_DISCARD, LONG, NULL));
    OK(jobring_destroy(pool));
}

static void slots(void) {
    const uint32_t fewest = 4 * sizeof(void *), unit = 2 * sizeof(void *);
    TRY(capacity, "default", 0, holds(&config, 1024); IS(seen.info.capacity == 1024));
    TRY(capacity, "lowest", 1, holds(&config, 1); IS(seen.info.capacity == 1));
    TRY(capacity, "highest", MOST_JOBS, holds(&config, MOST_JOBS); IS(seen.info.capacity == MOST_JOBS));
    TRY(capacity, "beyond", MOST_JOBS + 1, BAD(INVALID));
    TRY(payload, "default", 0, IS(seen.info.payload == 48));
    TRY(payload, "lowest", fewest, IS(seen.info.payload == fewest); config.payload = fewest + 1;
        IS(seen.info.payload == fewest + unit); config.payload = fewest - 1; BAD(INVALID); config.payload = 1; BAD(INVALID));
    TRY(payload, "highest", MOST_PAYLOAD, IS(seen.info.payload == MOST_PAYLOAD));
    TRY(payload, "beyond", MOST_PAYLOAD + 1, BAD(INVALID));
    enum { ALL = JOBRING_FLAG_TIMED | JOBRING_FLAG_PAINT_STACKS | JOBRING_FLAG_DESTROY_WAITS };
    TRY(flags, "default", 0, IS(1));
    TRY(flags, "lowest", 1, IS(1); config.flags = JOBRING_FLAG_PAINT_STACKS; IS(1); config.flags = JOBRING_FLAG_DESTROY_WAITS; IS(1));
    TRY(flags, "highest", ALL, IS(1));
    TRY(flags, "beyond", ALL + 1, BAD(INVALID); config.flags = UINT32_MAX; BAD(INVALID));
}

static void stacks(void) {
    const jobring_status threads_only = pthreads ? JOBRING_OK : JOBRING_E_UNSUPPORTED;
    size_t floor = page;
    jobring_config probe = plain();
    for (probe.stack_size = floor; jobring_layout(&probe, NULL, NULL) == JOBRING_E_STACK; probe.stack_size = floor)
        floor += page;
    TRY(stack_size, "default", 0, IS(seen.info.stack_size == (size_t)2 << 20 && seen.stack >= (size_t)2 << 20));
    TRY(stack_size, "lowest", floor, config.stack_reserve = 1; IS(seen.info.stack_size == floor);
        config.stack_size = floor - page + 1; IS(seen.info.stack_size == floor);
        config.stack_size = floor - page; BAD(JOBRING_E_STACK); config.stack_size = 1; BAD(JOBRING_E_STACK));
    /* Three: on 32 bits there is room for one. */
    TRY(stack_size, "highest", TOO_MUCH / page * page, config.workers = 3; OK(jobring_layout(&config, NULL, NULL));
        refused_with_threads(&config, JOBRING_E_THREAD));
    TRY(stack_size, "beyond", TOO_MUCH, BAD(INVALID); config.stack_size = SIZE_MAX; BAD(INVALID));
    TRY(stack_reserve, "default", 0, IS(seen.nested == JOBRING_OK));
    TRY(stack_reserve, "lowest", 1, IS(seen.nested == JOBRING_OK));
    TRY(stack_reserve, "highest", SIZE_MAX, IS(seen.nested == JOBRING_E_STACK));
    TRY(guard_size, "default", 0, IS(seen.guard == page));
#define GUARD(how, value, ...)                                                                      \
    TRY(guard_size, how, value, if (pthreads) { __VA_ARGS__; } else refused_with_threads(&config, threads_only))
    GUARD("JOBRING_GUARD_NONE", JOBRING_GUARD_NONE, IS(seen.guard == 0));
    GUARD("lowest", 1, IS(seen.guard == page); config.guard_size = page + 1; IS(seen.guard == 2 * page));
    GUARD("highest", TOO_MUCH, config.workers = 3; OK(jobring_layout(&config, NULL, NULL)); refused_with_threads(&config, JOBRING_E_THREAD));
    TRY(guard_size, "beyond", TOO_MUCH + 1, BAD(INVALID); config.guard_size = SIZE_MAX - 1; BAD(INVALID));
    const size_t stack = 64 * 1024;
    unsigned char *const place = aligned_alloc(page, 2 * stack + page);
    CHECK(place != NULL);
#define PLACED(field, how, at, bytes, ...)                                                          \
    TRY(field, how, config.field, config.workers = 2; config.stack_size = stack; config.stack_memory = (at); \
        config.stack_memory_size = (bytes); __VA_ARGS__)
#define IN_PLACE if (pthreads) { IS(seen.info.stack_size == stack); } else refused_with_threads(&config, threads_only)
    PLACED(stack_memory, "default", NULL, 0, IS(1); config.stack_memory_size = 1; BAD(INVALID));
    PLACED(stack_memory, "given", place, 2 * stack, IN_PLACE);
    PLACED(stack_memory_size, "default", NULL, 0, IS(1); config.stack_memory = place; BAD(INVALID));
    PLACED(stack_memory_size, "lowest", place, 2 * stack, IN_PLACE);
    PLACED(stack_memory_size, "lowest", place + 1, 2 * stack + page - 1, IN_PLACE);
    PLACED(stack_memory_size, "beyond", place, 2 * stack - 1, BAD(JOBRING_E_SIZE); config.stack_memory = place + 1;
           config.stack_memory_size = 2 * stack + page - 2; BAD(JOBRING_E_SIZE));
    free(place);
}

static void cpus(void) {
    static uint32_t list[MOST_WORKERS + 1];
    cpu_set_t allowed;
    uint32_t first = 0;
    CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
    while (!CPU_ISSET(first, &allowed)) first++;
    for (int n = 0; n <= MOST_WORKERS; n++) list[n] = first;
#define LISTED(field, how, at, count, ...)                                                          \
    TRY(field, how, config.field, config.cpus = (at); config.cpu_count = (count); __VA_ARGS__)
#define ON_ONE                                                                                      \
    if (pthreads) { IS(CPU_COUNT(&seen.cpus) == 1 && CPU_ISSET(first, &seen.cpus)); }               \
    else refused_with_threads(&config, JOBRING_E_UNSUPPORTED)
    LISTED(cpus, "default", NULL, 0, IS(CPU_EQUAL(&seen.cpus, &allowed)); config.cpu_count = 1; BAD(INVALID));
    LISTED(cpus, "given", list, 1, ON_ONE);
    LISTED(cpu_count, "default", NULL, 0, IS(1); config.cpus = list; BAD(INVALID));
    LISTED(cpu_count, "lowest", list, 1, ON_ONE);
    LISTED(cpu_count, "highest", list, MOST_WORKERS, ON_ONE);
    LISTED(cpu_count, "beyond", list, MOST_WORKERS + 1, BAD(INVALID));
    /* A wrong CPU is an error, not a thread that the system refused: min_workers does not forgive it. */
    const uint32_t none = CPU_SETSIZE - 1;
    CHECK(!CPU_ISSET(none, &allowed));
    const uint32_t wrong[][2] = {{first, none}, {first, CPU_SETSIZE}, {none, first}};
    for (int n = 0; n < 3; n++)
        LISTED(cpus, "beyond", wrong[n], 2, config.workers = 2; config.min_workers = 1;
               refused_with_threads(&config, pthreads ? INVALID : JOBRING_E_UNSUPPORTED));
}

struct hooked {
    atomic_int starts, stops;
};
static struct hooked at_null;
static struct hooked *of(void *arg) { return arg ? arg : &at_null; }
static jobring_status start(void *arg, uint32_t worker) {
    atomic_fetch_add(&of(arg)->starts, 1 + (int)worker);
    return JOBRING_OK;
}
static void stop(void *arg, uint32_t worker) { atomic_fetch_add(&of(arg)->stops, 1 + (int)worker); }

static void sleeps_in(void *ctx, uint32_t seat, int64_t timeout_ns) { (void)ctx, (void)seat, (void)timeout_ns, abort(); }
static void wakes_in(void *ctx, uint32_t seat, uint32_t from_isr) { (void)ctx, (void)seat, (void)from_isr, abort(); }
static void pauses(void *ctx) { (void)ctx, abort(); }

/* Start hooks that fail, from one worker on or on all but the last. Their writes are plain: the call that makes the pool comes after. */
struct failing {
    uint32_t fails_from, fails_to;
    int called[3];
    atomic_int stops;
};
static jobring_status may_fail(void *arg, uint32_t worker) {
    struct failing *failing = arg;
    failing->called[worker] = 1;
    return worker < failing->fails_from || worker >= failing->fails_to ? JOBRING_OK : JOBRING_E_EMPTY;
}
static void stop_of_failing(void *arg, uint32_t worker) {
    (void)worker;
    atomic_fetch_add(&((struct failing *)arg)->stops, 1);
}
static jobring_status made_with(struct failing *failing, uint32_t min_workers, jobring_pool **pool) {
    jobring_config config = plain();
    config.workers = 3;
    config.min_workers = min_workers;
    config.on_start = may_fail;
    config.on_stop = stop_of_failing;
    config.hook_arg = failing;
    memset(failing->called, 0, sizeof failing->called);
    atomic_store(&failing->stops, 0);
    const jobring_status status = jobring_create(&config, pool);
    CHECK(failing->called[0] && failing->called[1] && failing->called[2]);
    return status;
}

static void start_hooks_that_fail(void) {
    const long threads = status_of("Threads"), before = atomic_load(&live);
    struct failing one = {.fails_from = 1, .fails_to = 2}, all = {.fails_from = 0, .fails_to = 3};
    jobring_info info = {.size = sizeof info};
    jobring_worker worker = {.size = sizeof worker};
    jobring_pool *pool = NULL;
    jobring_job job;
    CHECK(made_with(&one, 0, &pool) == JOBRING_E_FAILED && atomic_load(&one.stops) == 2);
    CHECK(made_with(&one, 3, &pool) == JOBRING_E_FAILED && atomic_load(&one.stops) == 2);
    CHECK(made_with(&all, 1, &pool) == JOBRING_E_FAILED && atomic_load(&all.stops) == 0);
    CHECK(pool == NULL && atomic_load(&live) == before);
    await_threads(threads);
    OK(made_with(&one, 2, &pool));
    OK(jobring_info_get(pool, &info));
    CHECK(info.workers == 2);
    OK(jobring_worker_get(pool, 1, &worker));
    CHECK(worker.state == JOBRING_WORKER_STOPPED);
    OK(jobring_worker_get(pool, 2, &worker));
    CHECK(worker.state != JOBRING_WORKER_STOPPED && jobring_worker_get(pool, 3, &worker) == INVALID);
    OK(jobring_submit(pool, identity, NULL, &job));
    OK(jobring_wait(pool, job, LONG, NULL));
    OK(jobring_destroy(pool));
    CHECK(atomic_load(&one.stops) == 2 && atomic_load(&live) == before);
    await_threads(threads);
    cell("on_start", "fails");
}

/* Of several wrong fields the first is named, with its own status, and NULL where the structure itself is wrong. */
static void several_wrong_fields(void) {
    const char *field = NULL;
    jobring_config config = plain();
    config.capacity = MOST_JOBS + 1;
    config.stack_size = 1;
    config.reserved = 1;
    CHECK(jobring_config_check(&config, &field) == INVALID && strcmp(field, "capacity") == 0);
    config.capacity = 0;
    CHECK(jobring_config_check(&config, &field) == JOBRING_E_STACK && strcmp(field, "stack_size") == 0);
    config.stack_size = 0;
    CHECK(jobring_config_check(&config, &field) == INVALID && strcmp(field, "reserved") == 0);
    CHECK(jobring_config_check((const jobring_config *)(const void *)(memory + 1), &field) == INVALID && field == NULL);
    CHECK(jobring_config_check(NULL, &field) == JOBRING_OK && field == NULL);
    cell("reserved", "several");
}

static void hooks(void) {
    static struct hooked mine;
    start_hooks_that_fail();
    TRY(on_start, "default", NULL, IS(1));
    TRY(on_stop, "default", NULL, IS(1));
    TRY(on_start, "given", start, config.hook_arg = &mine; IS(mine.starts == 1 && mine.stops == 0));
    TRY(on_stop, "given", stop, config.hook_arg = &mine; IS(mine.starts == 1 && mine.stops == 1));
    TRY(hook_arg, "default", NULL, config.on_start = start; IS(at_null.starts == 1));
    TRY(hook_arg, "given", &mine, config.on_start = start; config.workers = 2; IS(mine.starts == 4));
}

/* Builds with threads of their own take no port; tests/c/ported.c is about one that does. */
static void ports(void) {
    static jobring_seat seat;
    static const jobring_port nobody_calls = {
        sizeof(jobring_port), 1, &seat, NULL, NULL, sleeps_in, wakes_in, pauses, NULL, NULL, NULL, NULL,
    };
    TRY(port, "default", NULL, IS(1));
    TRY(port, "given", &nobody_calls, BAD(JOBRING_E_UNSUPPORTED));
}

/* A caller that knows fewer fields, or more. What is not its own is not read. */
static void sizes(char **fields) {
    enum { LEAST = offsetof(jobring_config, reserved) + sizeof(uint32_t), WHOLE = sizeof(jobring_config), MOST = 4096 };
    static union {
        jobring_config config;
        unsigned char bytes[MOST + 1];
    } at;
    const struct seen of_defaults = accepted(NULL);
    CHECK(memcmp(&(jobring_config)JOBRING_CONFIG_INIT, &(jobring_config){.size = WHOLE}, WHOLE) == 0);
    /* Field by field, at the offsets that the header's types give. */
    size_t end = 0;
    for (; *fields; fields += 2) {
        const size_t size = strtoul(fields[1], NULL, 10);
        const size_t begin = (end + size - 1) / size * size;
        end = begin + size;
        memset(&at, 0xA5, sizeof at);
        memset(&at, 0, end);
        at.config.size = (uint32_t)end;
        tried = "size";
        if (end < LEAST) {
            refused(&at.config, INVALID);
        } else {
            CHECK(accepted(&at.config).info.workers == of_defaults.info.workers);
            OK(jobring_struct_init(&at.config, end));
            CHECK(at.config.size == end && at.bytes[end] == 0xA5);
        }
        cell("size", fields[0]);
    }
    CHECK(end == WHOLE);
    for (size_t size = WHOLE + 1; size <= MOST; size++) {
        memset(&at, 0, sizeof at);
        at.config.size = (uint32_t)size;
        OK(jobring_layout(&at.config, NULL, NULL));
        at.bytes[WHOLE] = 1;
        CHECK(jobring_layout(&at.config, NULL, NULL) == INVALID);
        at.bytes[WHOLE] = 0;
        at.bytes[size - 1] = 0x80;
        CHECK(jobring_layout(&at.config, NULL, NULL) == INVALID);
        at.bytes[size - 1] = 0;
        /* One byte further is not the caller's. */
        at.bytes[size] = 1;
        OK(jobring_layout(&at.config, NULL, NULL));
    }
    cell("size", "default");
    cell("size", "lowest");
    TRY(size, "highest", MOST, memset(&at, 0, sizeof at); at.config = config; accepted(&at.config));
    TRY(size, "beyond", MOST + 1, memset(&at, 0, sizeof at); at.config = config; refused(&at.config, INVALID));
}

int main(int count, char **arguments) {
    CHECK(count > 2);
    alarm(300);
    page = (size_t)sysconf(_SC_PAGESIZE);
    pthreads = (jobring_features() & JOBRING_FEATURE_PTHREAD) != 0;
    /* What the system and Rust's library keep from the first time on. */
    for (const uint32_t *backend = backends(); *backend; backend++) {
        jobring_config first = plain();
        jobring_pool *pool;
        first.backend = *backend;
        const long before = atomic_load(&live);
        OK(jobring_create(&first, &pool));
        CHECK(atomic_load(&live) > before);
        OK(jobring_destroy(pool));
    }
    threads((uint32_t)strtoul(arguments[1], NULL, 10));
    refused_by_the_system();
    slots();
    stacks();
    cpus();
    hooks();
    several_wrong_fields();
    ports();
    sizes(arguments + 2);
    return 0;
}
