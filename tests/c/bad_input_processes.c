/* The bad-input table of pools whose workers are processes: the pool of a cell's place, and the cells. In a library without such
 * pools each call returns JOBRING_E_UNSUPPORTED, whatever it is given: judge() expects that there. */
#define _POSIX_C_SOURCE 200809L
#include "bad_input.h"

#include <unistd.h>

#define INV JOBRING_E_INVALID
#define OK_ JOBRING_OK

enum { WORDS = 16, ROOM = WORDS * sizeof(int) };

/* The argument, twice as large. */
static int32_t doubles(const void *data, size_t size, void *result, size_t capacity, size_t *length) {
    int value;
    if (size != sizeof value || capacity < sizeof value) return 1;
    memcpy(&value, data, sizeof value);
    value *= 2;
    memcpy(result, &value, sizeof value);
    *length = sizeof value;
    return 0;
}

static int32_t hangs(const void *data, size_t size, void *result, size_t capacity, size_t *length) {
    (void)data, (void)size, (void)result, (void)capacity, (void)length;
    while (pause() != 0)
        ;
    return 0;
}

const jobring_process_fn process_functions[3] = {doubles, hangs, NULL};

int is_about_processes(const struct function *function) {
    return strncmp(function->name, "jobring_processes_", strlen("jobring_processes_")) == 0;
}

int has_processes(void) { return jobring_processes_take_over(process_functions, 2) == JOBRING_OK; }

static jobring_job submitted(jobring_processes *pool, uint32_t when_full, jobring_status expected) {
    jobring_processes_options options = JOBRING_PROCESSES_OPTIONS_INIT;
    jobring_job job = 0;
    options.when_full = when_full;
    options.arg = &number;
    CHECK(jobring_processes_submit(pool, 0, &number, sizeof number, &options, &job) == expected);
    return job;
}

static void is_taken(jobring_processes *pool, jobring_job job) {
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    int twice = 0;
    outcome.data = &twice;
    outcome.capacity = sizeof twice;
    OK(jobring_processes_wait(pool, job, LONG, &outcome));
    CHECK(outcome.job == job && outcome.status == JOBRING_OK && outcome.length == sizeof twice && twice == 2 * number);
}

static jobring_job passed(jobring_processes *pool) {
    const jobring_job job = submitted(pool, JOBRING_WHEN_FULL_WAIT, OK_);
    is_taken(pool, job);
    return job;
}

void processes_made(struct place *place) {
    jobring_processes_config config = JOBRING_PROCESSES_CONFIG_INIT;
    config.flags = JOBRING_PROCESSES_FD;
    config.workers = 1;
    config.capacity = 4;
    config.data_size = config.result_size = ROOM;
    config.functions = process_functions;
    config.function_count = 2;
    OK(jobring_processes_create(&config, &place->processes));
    place->processed = submitted(place->processes, JOBRING_WHEN_FULL_WAIT, OK_);
    /* The one worker runs the first job before the second. */
    passed(place->processes);
}

uint64_t jobs_of(jobring_processes *pool) {
    jobring_processes_stats stats = JOBRING_PROCESSES_STATS_INIT;
    OK(jobring_processes_stats_get(pool, &stats));
    return stats.submitted;
}

/* After a call that was refused: the job that has ended is there, and an open pool takes more. */
void processes_work(struct place *place, int is_open) {
    if (is_open && strcmp(cell.kind, "reused") == 0) submitted(place->processes, JOBRING_WHEN_FULL_FAIL, JOBRING_E_FULL);
    else if (is_open) passed(place->processes);
    is_taken(place->processes, place->processed);
}

static jobring_job reused_process_job(jobring_processes *pool) {
    const jobring_job stale = passed(pool);
    /* Each of the slots has a job, so that of the stale one, too. */
    for (int n = 1; n < 4; n++) submitted(pool, JOBRING_WHEN_FULL_WAIT, OK_);
    return stale;
}

/* A second pool with the same past. Its job has the same slot and position; the tag, the top byte, is another one. */
static struct place twin;
static jobring_job foreign_process_job(void) {
    processes_made(&twin);
    CHECK(twin.processed != cell.place.processed && (twin.processed ^ cell.place.processed) << 8 == 0);
    return twin.processed;
}

static _Alignas(64) unsigned char elsewhere[256];

/* The mark of a living pool where it does not live; at an odd address, the mark that a pool there would have. */
static jobring_processes *moved_processes(const jobring_processes *pool) {
    memset(elsewhere, 0, sizeof elsewhere);
    if (pool) memcpy(elsewhere, pool, sizeof(uintptr_t));
    return (jobring_processes *)(void *)elsewhere;
}

static jobring_processes *odd_processes(void) {
    const uintptr_t mark = ~(uintptr_t)(elsewhere + 1) ^ 4;
    memset(elsewhere, 0, sizeof elsewhere);
    memcpy(elsewhere + 1, &mark, sizeof mark);
    return (jobring_processes *)(void *)(elsewhere + 1);
}

static void pools(const struct function *f) {
    const jobring_status null = f == F(processes_destroy) ? OK_ : INV;
    CELL(f, "pool", "null", null, a->processes = NULL);
    CELL(f, "pool", "misaligned", INV, a->processes = odd_processes());
    CELL(f, "pool", "no-pool", INV, a->processes = (jobring_processes *)(void *)zeroed);
    CELL(f, "pool", "moved", INV, a->processes = moved_processes(a->processes));
}

static void handles(const struct function *f) {
    const jobring_status stale = JOBRING_E_STALE;
    CELL(f, "job", "zero", stale, a->job = 0);
    CELL(f, "job", "maximum", stale, a->job = UINT64_MAX);
    CELL(f, "job", "stale", stale, if (has_processes()) a->job = passed(a->processes));
    CELL(f, "job", "reused", stale, if (has_processes()) a->job = reused_process_job(a->processes));
    CELL_THEN(f, "job", "foreign", stale, if (has_processes()) a->job = foreign_process_job(),
              if (has_processes()) OK(jobring_processes_destroy(twin.processes)));
    invented(f);
}

static void timeouts(const struct function *f) {
    CELL(f, "timeout_ns", "maximum", OK_, a->timeout_ns = INT64_MAX);
    CELL(f, "timeout_ns", "minus-two", INV, a->timeout_ns = -2);
    CELL(f, "timeout_ns", "minimum", INV, a->timeout_ns = INT64_MIN);
}

#define POINTER(f, what, field, null)                                                               \
    do {                                                                                            \
        CELL(f, what, "null", null, a->field = NULL);                                               \
        CELL(f, what, "misaligned", INV, ODD(field));                                               \
    } while (0)

#define CONFIG (a->given_process_config.known)
#define NUMBER(field, at_most)                                                                      \
    do {                                                                                            \
        CELL(F(processes_create), "config." #field, "zero", OK_, CONFIG.field = 0);                 \
        CELL(F(processes_create), "config." #field, "maximum", at_most, CONFIG.field = UINT32_MAX); \
    } while (0)
#define LIMIT(field, of_kind, status, value)                                                        \
    CELL(F(processes_create), "config.limits." #field, of_kind, status, CONFIG.limits = a->given_limits; \
         CONFIG.limit_count = 1; a->given_limits[0].field = (value))

static void births(void) {
    const struct function *const f = F(processes_take_over), *const g = F(processes_create);
    POINTER(f, "functions", process_fns, INV);
    CELL(f, "functions", "hole", INV, a->function_count = 3);
    CELL(f, "count", "zero", INV, a->function_count = 0);
    CELL(f, "count", "maximum", INV, a->function_count = UINT32_MAX);

    POINTER(g, "pool", processes_out, INV);
    CELL(g, "config", "null", INV, a->process_config = NULL);
    CELL(g, "config", "misaligned", INV, ODD_INPUT(process_config));
    SIZES(g, "config", given_process_config, INV);
    NUMBER(flags, INV);
    NUMBER(workers, INV);
    NUMBER(capacity, INV);
    NUMBER(jobs_per_worker, OK_);
    NUMBER(restarts, OK_);
    /* No memory is large enough for this number of jobs, so the system is not asked. */
    CELL(g, "config.data_size", "zero", OK_, CONFIG.data_size = 0);
    CELL(g, "config.data_size", "maximum", JOBRING_E_NOMEM, CONFIG.capacity = UINT32_C(1) << 31; CONFIG.data_size = UINT32_MAX);
    CELL(g, "config.result_size", "zero", OK_, CONFIG.result_size = 0);
    CELL(g, "config.result_size", "maximum", JOBRING_E_NOMEM, CONFIG.capacity = UINT32_C(1) << 31; CONFIG.result_size = UINT32_MAX);
    CELL(g, "config.functions", "null", INV, CONFIG.functions = NULL);
    CELL(g, "config.functions", "misaligned", INV, CONFIG.functions = (const jobring_process_fn *)(const void *)(zeroed + 1));
    CELL(g, "config.function_count", "zero", INV, CONFIG.function_count = 0);
    CELL(g, "config.function_count", "maximum", INV, CONFIG.function_count = UINT32_MAX);
    CELL(g, "config.limits", "null", INV, CONFIG.limit_count = 1);
    CELL(g, "config.limits", "misaligned", INV, CONFIG.limit_count = 1;
         CONFIG.limits = (const jobring_process_limit *)(const void *)(zeroed + 1));
    CELL(g, "config.limit_count", "zero", INV, CONFIG.limits = a->given_limits);
    CELL(g, "config.limit_count", "maximum", INV, CONFIG.limits = a->given_limits; CONFIG.limit_count = UINT32_MAX);
    CELL(g, "config.stack_size", "zero", OK_, CONFIG.stack_size = 0);
    CELL(g, "config.stack_size", "maximum", INV, CONFIG.stack_size = SIZE_MAX);
    /* A number that the system does not know ends the worker, and not the call. */
    LIMIT(resource, "zero", OK_, 0);
    LIMIT(resource, "maximum", OK_, INT32_MAX);
    LIMIT(resource, "minimum", OK_, INT32_MIN);
    LIMIT(reserved, "zero", OK_, 0);
    LIMIT(reserved, "maximum", INV, UINT32_MAX);
    LIMIT(soft, "zero", OK_, 0);
    LIMIT(soft, "maximum", INV, UINT64_MAX);
    LIMIT(hard, "zero", OK_, 0);
    LIMIT(hard, "maximum", OK_, UINT64_MAX);

    CELL(g, "config", "hole", INV, CONFIG.function_count = 3);
    CELL(g, "config", "workers-65", INV, CONFIG.workers = 65);
    CELL(g, "config", "limits-17", INV, CONFIG.limits = a->given_limits; CONFIG.limit_count = 17);
    CELL(g, "config", "spawn", OK_, CONFIG.flags = JOBRING_PROCESSES_SPAWN; CONFIG.functions = NULL; CONFIG.function_count = 0);
    CELL(g, "config", "spawn-functions", INV, CONFIG.flags = JOBRING_PROCESSES_SPAWN);
}

#define OPTIONS (a->given_process_options.known)
#define TIME(field)                                                                                 \
    do {                                                                                            \
        CELL(f, "options." #field, "zero", OK_, OPTIONS.field = 0);                                 \
        CELL(f, "options." #field, "maximum", OK_, OPTIONS.field = INT64_MAX);                      \
        CELL(f, "options." #field, "minus-two", INV, OPTIONS.field = -2);                           \
        CELL(f, "options." #field, "minimum", INV, OPTIONS.field = INT64_MIN);                      \
    } while (0)

static void submits(void) {
    const struct function *const f = F(processes_submit);
    CELL(f, "function", "zero", OK_, a->process_function = 0);
    CELL(f, "function", "maximum", INV, a->process_function = UINT32_MAX);
    CELL(f, "function", "beyond", INV, a->process_function = 2);
    CELL(f, "data", "null", INV, a->data = NULL);
    CELL(f, "size", "zero", OK_, a->data_size = 0);
    CELL(f, "size", "exact", OK_, a->data = zeroed; a->data_size = ROOM);
    CELL(f, "size", "beyond", JOBRING_E_SIZE, a->data = zeroed; a->data_size = ROOM + 1);
    CELL(f, "size", "maximum", JOBRING_E_SIZE, a->data_size = SIZE_MAX);
    CELL(f, "options", "null", OK_, a->process_options = NULL);
    CELL(f, "options", "misaligned", INV, ODD_INPUT(process_options));
    SIZES(f, "options", given_process_options, INV);
    CELL(f, "options.when_full", "zero", OK_, OPTIONS.when_full = 0);
    CELL(f, "options.when_full", "maximum", INV, OPTIONS.when_full = UINT32_MAX);
    CELL(f, "options", "run-when-full", INV, OPTIONS.when_full = JOBRING_WHEN_FULL_RUN);
    TIME(limit_ns);
    TIME(kill_after_ns);
    CELL(f, "options", "kill-after-minus-one", INV, OPTIONS.kill_after_ns = -1);
    CELL(f, "options.arg", "null", OK_, OPTIONS.arg = NULL);
    CELL(f, "options.reserved", "null", OK_, OPTIONS.reserved = NULL);
    CELL(f, "options.reserved", "set", INV, OPTIONS.reserved = &number);
    POINTER(f, "job", job_out, OK_);
}

/* Never called: what is refused is not moved. */
static void moves(void *to, void *from, size_t size) {
    fprintf(stderr, "moved %zu bytes from %p to %p\n", size, from, to);
    exit(1);
}

#define OUTCOME (a->out.outcome.known)
#define BUFFER (a->out.buffer)
/* The result, of which `copied` bytes were copied to `at`. */
#define HAS(at, copied)                                                                             \
    if (has_processes()) {                                                                          \
        const int twice = 2 * number;                                                               \
        CHECK(OUTCOME.status == OK_ && OUTCOME.job == cell.place.processed && OUTCOME.arg == &number); \
        CHECK(OUTCOME.data == (at) && OUTCOME.length == sizeof twice && memcmp(BUFFER, &twice, copied) == 0); \
        CHECK(all_are(BUFFER, copied, sizeof BUFFER, 0xA5));                                        \
    }

static void takes(const struct function *f) {
    CELL(f, "timeout_ns", "zero", OK_, a->timeout_ns = 0);
    timeouts(f);
    CELL(f, "outcome", "null", INV, a->outcome = NULL);
    CELL(f, "outcome", "misaligned", INV, ODD(outcome));
    SIZES(f, "outcome", out.outcome, OK_);
    CELL(f, "outcome", "capacity-alone", INV, OUTCOME.data = NULL);
    CELL_THEN(f, "outcome", "no-room", OK_, OUTCOME.data = NULL; OUTCOME.capacity = 0, HAS(NULL, 0));
    CELL_THEN(f, "outcome", "no-capacity", OK_, OUTCOME.capacity = 0, HAS(BUFFER, 0));
    CELL_THEN(f, "outcome", "short", OK_, OUTCOME.capacity = 1, HAS(BUFFER, 1));
    CELL_THEN(f, "outcome", "exact", OK_, OUTCOME.capacity = sizeof number, HAS(BUFFER, sizeof twice));
    CELL_THEN(f, "outcome", "maximum", OK_, OUTCOME.capacity = SIZE_MAX, HAS(BUFFER, sizeof twice));
    CELL(f, "outcome", "move-alone", INV, OUTCOME.data = NULL; OUTCOME.capacity = 0; OUTCOME.move = moves);
    CELL(f, "outcome", "move", INV, OUTCOME.move = moves);
    CELL(f, "outcome", "move-bytes", INV, OUTCOME.move = JOBRING_MOVE_BYTES);
}

void processes(void) {
    const struct function *const on_pool[] = {F(processes_submit), F(processes_take), F(processes_wait),
                                              F(processes_cancel), F(processes_kill), F(processes_fd),
                                              F(processes_shutdown), F(processes_stats_get), F(processes_destroy)};
    const struct function *const f = F(processes_shutdown);
    births();
    for (size_t n = 0; n < sizeof on_pool / sizeof *on_pool; n++) pools(on_pool[n]);
    submits();
    takes(F(processes_take));
    takes(F(processes_wait));
    handles(F(processes_wait));
    handles(F(processes_cancel));
    handles(F(processes_kill));
    POINTER(F(processes_fd), "fd", fd, INV);
    CELL(f, "mode", "zero", OK_, a->mode = 0);
    CELL(f, "mode", "maximum", INV, a->mode = UINT32_MAX);
    CELL(f, "mode", "three", INV, a->mode = JOBRING_KILL + 1);
    /* While a job runs. */
    CELL(f, "timeout_ns", "zero", JOBRING_E_TIMEDOUT, a->timeout_ns = 0;
         if (has_processes()) OK(jobring_processes_submit(a->processes, 1, NULL, 0, NULL, NULL)));
    timeouts(f);
    POINTER(F(processes_stats_get), "stats", process_stats, INV);
    SIZES(F(processes_stats_get), "stats", out.process_stats, OK_);
}
