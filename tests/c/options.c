/* Every field of a job's options at its default, at its constants, at its bounds, and beyond: checks the job, or
 * that nothing happened. Prints "cell options.<field> <how>". */
#define _GNU_SOURCE
#include "scene.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static void cell(const char *field, const char *how) { printf("cell submit_options.%s %s\n", field, how); }

static jobring_pool *pool;

/* What a job and its callbacks saw. */
static struct {
    void *arg, *done_arg, *done_result, *drop_arg, *moved_to, *moved_from;
    unsigned char data[64];
    size_t look_at, moved_size;
    int ran, done, dropped, moved;
    jobring_status status, why;
} seen;

static void *look(void *arg) {
    seen.ran++;
    seen.arg = arg;
    memcpy(seen.data, arg, seen.look_at);
    return arg;
}

static void on_done(void *arg, const jobring_outcome *outcome) {
    seen.done++;
    seen.done_arg = arg;
    seen.status = outcome->status;
    seen.done_result = outcome->result;
}

static void on_drop(void *arg, jobring_status why) {
    seen.dropped++;
    seen.drop_arg = arg;
    seen.why = why;
}

static void move(void *to, void *from, size_t size) {
    seen.moved++;
    seen.moved_to = to;
    seen.moved_from = from;
    seen.moved_size = size;
    memcpy(to, from, size);
}

static uint64_t submitted(void) {
    jobring_stats stats = {.size = sizeof stats};
    OK(jobring_stats_get(pool, &stats));
    return stats.submitted;
}

static const unsigned char input[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};

static jobring_status submit(const jobring_submit_options *options, jobring_job *job) {
    memset(&seen, 0, sizeof seen);
    seen.look_at = 1;
    return jobring_submit_opts(pool, look, (void *)(uintptr_t)input, options, job);
}

/* It runs once, and its result comes. */
static void runs(const jobring_submit_options *options) {
    jobring_job job;
    void *result = NULL;
    OK(submit(options, &job));
    seen.look_at = options && options->copy ? options->copy : 1;
    OK(jobring_run_one(pool));
    OK(jobring_wait(pool, job, LONG, &result));
    CHECK(seen.ran == 1 && result == seen.arg && memcmp(seen.data, input, seen.look_at) == 0);
}

static void refused(const jobring_submit_options *options, jobring_status expected) {
    jobring_job job = 77;
    const uint64_t before = submitted();
    CHECK(submit(options, &job) == expected && job == 77);
    CHECK(jobring_run_one(pool) == JOBRING_E_EMPTY && submitted() == before);
    CHECK(seen.ran == 0 && seen.done == 0 && seen.dropped == 0 && seen.moved == 0);
}

#define TRY(field, how, value, ...)                                                                 \
    do {                                                                                            \
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;                               \
        options.field = (value);                                                                    \
        __VA_ARGS__;                                                                                \
        cell(#field, how);                                                                          \
    } while (0)

/* A caller that knows fewer fields, or more; the fields' names and sizes are the arguments. */
static void sizes(char **fields) {
    enum { LEAST = offsetof(jobring_submit_options, reserved) + sizeof(void *), WHOLE = sizeof(jobring_submit_options), MOST = 4096 };
    static union {
        jobring_submit_options options;
        unsigned char bytes[MOST + 1];
    } at;
    size_t end = 0;
    for (; *fields; fields += 2) {
        const size_t size = strtoul(fields[1], NULL, 10);
        end = (end + size - 1) / size * size + size;
        memset(&at, 0xA5, sizeof at);
        memset(&at, 0, end);
        at.options.size = (uint32_t)end;
        if (end < LEAST)
            refused(&at.options, JOBRING_E_INVALID);
        else
            runs(&at.options);
        cell("size", fields[0]);
    }
    CHECK(end == WHOLE);
    for (size_t size = WHOLE + 1; size <= MOST; size++) {
        memset(&at, 0, sizeof at);
        at.options.size = (uint32_t)size;
        at.bytes[size] = 1;
        runs(&at.options);
        at.bytes[WHOLE] = 1;
        refused(&at.options, JOBRING_E_INVALID);
        at.bytes[WHOLE] = 0;
        at.bytes[size - 1] = 0x80;
        refused(&at.options, JOBRING_E_INVALID);
    }
    cell("size", "lowest");
    cell("size", "highest");
    memset(&at, 0, sizeof at);
    TRY(size, "beyond", MOST + 1, at.options = options; refused(&at.options, JOBRING_E_INVALID));
    TRY(size, "default", sizeof options, runs(&options); runs(NULL); CHECK(seen.arg == input));
}

static void callbacks_and_data(void) {
    const size_t words = sizeof(void *), room = 48 - 2 * words;
    jobring_job job;
    TRY(done, "default", NULL, runs(&options); CHECK(seen.done == 0));
    TRY(done, "given", on_done, runs(&options);
        CHECK(seen.done == 1 && seen.status == JOBRING_OK && seen.done_arg == input && seen.done_result == input));
    TRY(drop, "default", NULL, OK(submit(&options, &job)); OK(jobring_cancel(pool, job));
        CHECK(jobring_poll(pool, job, NULL) == JOBRING_E_CANCELLED && seen.dropped == 0));
    TRY(drop, "given", on_drop, OK(submit(&options, &job)); OK(jobring_cancel(pool, job));
        CHECK(jobring_poll(pool, job, NULL) == JOBRING_E_CANCELLED && seen.dropped == 1);
        CHECK(seen.drop_arg == input && seen.why == JOBRING_E_CANCELLED && seen.ran == 0));
    TRY(nodes, "default", NULL, runs(&options); CHECK(seen.done == 0));
    TRY(nodes, "given", NULL, jobring_done_node node = {NULL, on_done, (void *)(uintptr_t)input, {NULL, NULL}}; options.nodes = &node; runs(&options);
        CHECK(seen.done == 1 && seen.status == JOBRING_OK && seen.done_arg == input && seen.done_result == input));
    TRY(reserved, "default", NULL, runs(&options));
    TRY(reserved, "given", &options, refused(&options, JOBRING_E_INVALID));
    TRY(move, "default", NULL, options.copy = 8; runs(&options); CHECK(seen.moved == 0 && seen.arg != input));
    TRY(move, "given", move, options.copy = 8; runs(&options);
        CHECK(seen.moved == 1 && seen.moved_from == input && seen.moved_to == seen.arg && seen.moved_size == 8);
        options.copy = 0; refused(&options, JOBRING_E_INVALID); options.copy = room + 1; refused(&options, JOBRING_E_SIZE));
    TRY(copy, "default", 0, runs(&options); CHECK(seen.arg == input));
    TRY(copy, "lowest", 1, runs(&options); CHECK(seen.arg != input);
        CHECK(jobring_submit_opts(pool, look, NULL, &options, NULL) == JOBRING_E_INVALID));
    TRY(copy, "highest", room, runs(&options); options.done = on_done; options.copy = room - words; runs(&options);
        options.drop = on_drop; options.copy = room - 2 * words; runs(&options); CHECK(seen.done == 1));
    TRY(copy, "beyond", room + 1, refused(&options, JOBRING_E_SIZE); options.done = on_done;
        options.copy = room - words + 1; refused(&options, JOBRING_E_SIZE); options.drop = on_drop;
        options.copy = room - 2 * words + 1; refused(&options, JOBRING_E_SIZE); options.copy = SIZE_MAX;
        refused(&options, JOBRING_E_SIZE));
}

/* A full pool whose only worker is held until the submitter sleeps. */
struct full {
    sem_t gate, about_to;
    pid_t submitter;
};

static void *held(void *full) {
    await(&((struct full *)full)->gate);
    return full;
}

static void *let_go(void *arg) {
    struct full *full = arg;
    await(&full->about_to);
    await_sleep(full->submitter);
    CHECK(sem_post(&full->gate) == 0);
    return NULL;
}

/* What a submit on it returns; `waits`: whether somebody makes room. */
static jobring_status when_full(const jobring_submit_options *options, int waits) {
    struct full full = {.submitter = gettid()};
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *const empty = pool;
    pthread_t other;
    config.workers = 1;
    config.capacity = 1;
    CHECK(sem_init(&full.gate, 0, 0) == 0 && sem_init(&full.about_to, 0, 0) == 0);
    OK(jobring_create(&config, &pool));
    OK(jobring_submit(pool, held, &full, NULL));
    if (waits) CHECK(pthread_create(&other, NULL, let_go, &full) == 0 && sem_post(&full.about_to) == 0);
    const jobring_status status = submit(options, NULL);
    if (waits)
        CHECK(pthread_join(other, NULL) == 0);
    else
        CHECK(sem_post(&full.gate) == 0);
    OK(jobring_destroy(pool));
    pool = empty;
    CHECK(seen.ran == (status == JOBRING_OK));
    return status;
}

static void full_pools(void) {
    TRY(when_full, "default", 0, OK(when_full(&options, 1)));
    TRY(when_full, "JOBRING_WHEN_FULL_WAIT", JOBRING_WHEN_FULL_WAIT, OK(when_full(&options, 1)));
    TRY(when_full, "JOBRING_WHEN_FULL_FAIL", JOBRING_WHEN_FULL_FAIL, CHECK(when_full(&options, 0) == JOBRING_E_FULL));
    TRY(when_full, "JOBRING_WHEN_FULL_RUN", JOBRING_WHEN_FULL_RUN, OK(when_full(&options, 0)));
    TRY(when_full, "JOBRING_WHEN_FULL_FAIL_ISR", JOBRING_WHEN_FULL_FAIL_ISR, CHECK(when_full(&options, 0) == JOBRING_E_FULL));
    TRY(when_full, "beyond", 4, refused(&options, JOBRING_E_INVALID); options.when_full = UINT32_MAX;
        refused(&options, JOBRING_E_INVALID));
    TRY(limit_ns, "default", 0, OK(when_full(&options, 1)));
    TRY(limit_ns, "JOBRING_FOREVER", JOBRING_FOREVER, OK(when_full(&options, 1)));
    TRY(limit_ns, "lowest", 1, CHECK(when_full(&options, 0) == JOBRING_E_TIMEDOUT));
    TRY(limit_ns, "highest", INT64_MAX, OK(when_full(&options, 1)));
    TRY(limit_ns, "beyond", -2, refused(&options, JOBRING_E_INVALID); options.limit_ns = INT64_MIN;
        refused(&options, JOBRING_E_INVALID));
}

int main(int count, char **fields) {
    jobring_config config = JOBRING_CONFIG_INIT;
    CHECK(count > 2);
    alarm(300);
    config.workers = JOBRING_WORKERS_NONE;
    OK(jobring_create(&config, &pool));
    sizes(fields + 1);
    callbacks_and_data();
    full_pools();
    OK(jobring_destroy(pool));
    return 0;
}
