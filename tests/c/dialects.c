/* Uses everything that the header has, in C. */
#include "dialects.h"

#define FUNCTION(name) (any_function)&name,
static const any_function functions[] = {
#include "functions.inc"
};

#define NEGATIVE(name) name,
#define POSITIVE(name)
static const int32_t negative[] = {
#include "constants.inc"
};
#undef NEGATIVE
#undef POSITIVE
#define NEGATIVE(name)
#define POSITIVE(name) name,
static const size_t positive[] = {
#include "constants.inc"
};

/* Where an initial value must be a constant. */
static const jobring_config config_at_rest = JOBRING_CONFIG_INIT;
static const jobring_submit_options options_at_rest = JOBRING_SUBMIT_OPTIONS_INIT;
static const jobring_wait_options wait_at_rest = JOBRING_WAIT_OPTIONS_INIT;
static const jobring_parallel_for_options loop_at_rest = JOBRING_PARALLEL_FOR_OPTIONS_INIT;
static const jobring_outcome outcome_at_rest = JOBRING_OUTCOME_INIT;
static const jobring_processes_config processes_at_rest = JOBRING_PROCESSES_CONFIG_INIT;
static const jobring_processes_options process_options_at_rest = JOBRING_PROCESSES_OPTIONS_INIT;
static const jobring_processes_stats process_stats_at_rest = JOBRING_PROCESSES_STATS_INIT;

JOBRING_STATIC_POOL(memory, JOBS, CREW, ROOM);
typedef char the_macros_agree[sizeof memory == JOBRING_POOL_BYTES(JOBS, CREW, ROOM) ? 1 : -1];
JOBRING_STATIC_QUEUE(items, 16, ROOM);
typedef char so_do_the_queues[sizeof items == JOBRING_QUEUE_BYTES(16, ROOM) ? 1 : -1];
JOBRING_BARE_STATIC_QUEUE(bare_items, 16, ROOM);
typedef char less_for_a_queue[sizeof bare_items == JOBRING_BARE_QUEUE_BYTES(16, ROOM) && sizeof bare_items < sizeof items ? 1 : -1];
JOBRING_BARE_STATIC_POOL(bare, JOBS, ROOM);
typedef char less_without_an_os[sizeof bare == JOBRING_BARE_POOL_BYTES(JOBS, ROOM) && sizeof bare < sizeof memory ? 1 : -1];
JOBRING_PORT_STATIC_POOL(ported, JOBS, CREW, ROOM);
typedef char whole_words[sizeof ported == JOBRING_PORT_POOL_BYTES(JOBS, CREW, ROOM) ? 1 : -1];

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define WANT(condition)                                                                             \
    do {                                                                                            \
        if (!(condition)) return __LINE__;                                                          \
    } while (0)

static int same(const void *a, const void *b, size_t size) {
    const unsigned char *one = (const unsigned char *)a, *other = (const unsigned char *)b;
    size_t n = 0;
    while (n < size && one[n] == other[n]) n++;
    return n == size;
}

static void *identity(void *arg) { return arg; }

int everything(void) {
    jobring_config config = JOBRING_CONFIG_INIT, filled;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_wait_options wait = JOBRING_WAIT_OPTIONS_INIT;
    jobring_parallel_for_options loop = JOBRING_PARALLEL_FOR_OPTIONS_INIT;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    jobring_processes_config processes = JOBRING_PROCESSES_CONFIG_INIT;
    jobring_processes_options process_options = JOBRING_PROCESSES_OPTIONS_INIT;
    jobring_processes_stats process_stats = JOBRING_PROCESSES_STATS_INIT;
    const jobring_config config_there = config_elsewhere();
    const jobring_submit_options options_there = options_elsewhere();
    jobring_pool *pool = NULL;
    jobring_queue *queue = NULL;
    jobring_lane lane;
    jobring_job job = 0;
    size_t n, size = 0;

    for (n = 0; n < COUNT(functions); n++) WANT(functions[n] == function_elsewhere(n));
    for (n = 0; n < COUNT(negative); n++) WANT(negative[n] < 0);
    for (n = 0; n < COUNT(positive); n++) WANT(positive[n] <= JOBRING_GUARD_NONE);
    WANT(memory_elsewhere(&size) != memory && size == sizeof memory);

    WANT(jobring_struct_init(&filled, sizeof filled) == JOBRING_OK);
    WANT(same(&filled, &config, sizeof config));
    WANT(same(&filled, &config_at_rest, sizeof config));
    WANT(same(&filled, &config_there, sizeof config));
    WANT(same(&options, &options_at_rest, sizeof options));
    WANT(same(&options, &options_there, sizeof options));
    WANT(same(&wait, &wait_at_rest, sizeof wait));
    WANT(same(&loop, &loop_at_rest, sizeof loop));
    WANT(same(&outcome, &outcome_at_rest, sizeof outcome));
    WANT(same(&processes, &processes_at_rest, sizeof processes));
    WANT(same(&process_options, &process_options_at_rest, sizeof process_options));
    WANT(same(&process_stats, &process_stats_at_rest, sizeof process_stats));

    config.workers = CREW;
    config.capacity = JOBS;
    config.payload = ROOM;
    config.stack_size = 65536;
    WANT(jobring_init(&config, bare, 100, &pool) == JOBRING_E_SIZE);
    WANT(jobring_init(&config, ported, 100, &pool) == JOBRING_E_SIZE);
    WANT(jobring_init(&config, memory, sizeof memory, &pool) == JOBRING_OK);
    WANT(jobring_submit_opts(pool, identity, memory, &options, &job) == JOBRING_OK);
    WANT(jobring_wait_opts(pool, job, &wait, &outcome) == JOBRING_OK && outcome.result == memory);
    WANT(jobring_lane_init(&lane, pool, 1, 2) == JOBRING_OK);
    WANT(jobring_lane_submit(&lane, identity, memory, &options, NULL) == JOBRING_OK);
    options.move = JOBRING_MOVE_BYTES;
    WANT(jobring_submit_opts(pool, identity, memory, &options, NULL) == JOBRING_E_INVALID);
    WANT(jobring_lane_close(&lane, JOBRING_DRAIN, JOBRING_FOREVER) == JOBRING_OK);
    WANT(jobring_destroy(pool) == JOBRING_OK);
    WANT(jobring_queue_init(16, ROOM, bare_items, 8, &queue) == JOBRING_E_SIZE);
    WANT(jobring_queue_init(16, ROOM, items, sizeof items, &queue) == JOBRING_OK);
    return 0;
}

#if __STDC_HOSTED__
int main(void) { return everything(); }
#endif
