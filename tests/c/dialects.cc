// Uses everything that the header has, in C++.
#include "dialects.h"

#define FUNCTION(name) reinterpret_cast<any_function>(&name),
static const any_function functions[] = {
#include "functions.inc"
};

#define NEGATIVE(name) name,
#define POSITIVE(name)
static constexpr int32_t negative[] = {
#include "constants.inc"
};
#undef NEGATIVE
#undef POSITIVE
#define NEGATIVE(name)
#define POSITIVE(name) name,
static constexpr size_t positive[] = {
#include "constants.inc"
};

// Where an initial value must be a constant.
static constexpr jobring_config config_at_rest = JOBRING_CONFIG_INIT;
static constexpr jobring_submit_options options_at_rest = JOBRING_SUBMIT_OPTIONS_INIT;
static constexpr jobring_wait_options wait_at_rest = JOBRING_WAIT_OPTIONS_INIT;
static constexpr jobring_parallel_for_options loop_at_rest = JOBRING_PARALLEL_FOR_OPTIONS_INIT;
static constexpr jobring_outcome outcome_at_rest = JOBRING_OUTCOME_INIT;
static constexpr jobring_processes_config processes_at_rest = JOBRING_PROCESSES_CONFIG_INIT;
static constexpr jobring_processes_options process_options_at_rest = JOBRING_PROCESSES_OPTIONS_INIT;
static constexpr jobring_processes_stats process_stats_at_rest = JOBRING_PROCESSES_STATS_INIT;

JOBRING_STATIC_POOL(memory, JOBS, CREW, ROOM);
static_assert(sizeof memory == JOBRING_POOL_BYTES(JOBS, CREW, ROOM), "the macros agree");
JOBRING_STATIC_QUEUE(items, 16, ROOM);
static_assert(sizeof items == JOBRING_QUEUE_BYTES(16, ROOM), "so do the queues'");
JOBRING_BARE_STATIC_QUEUE(bare_items, 16, ROOM);
static_assert(sizeof bare_items == JOBRING_BARE_QUEUE_BYTES(16, ROOM) && sizeof bare_items < sizeof items, "less for a queue");
JOBRING_BARE_STATIC_POOL(bare, JOBS, ROOM);
static_assert(sizeof bare == JOBRING_BARE_POOL_BYTES(JOBS, ROOM) && sizeof bare < sizeof memory, "less without an OS");
JOBRING_PORT_STATIC_POOL(ported, JOBS, CREW, ROOM);
static_assert(sizeof ported == JOBRING_PORT_POOL_BYTES(JOBS, CREW, ROOM), "whole words");

// Plain structures: what C and C++ hand to each other.
template <typename T> struct plain {
    static_assert(__is_trivial(T) && __is_standard_layout(T), "as in C");
};
template struct plain<jobring_config>;
template struct plain<jobring_submit_options>;
template struct plain<jobring_wait_options>;
template struct plain<jobring_parallel_for_options>;
template struct plain<jobring_outcome>;
template struct plain<jobring_batch_item>;
template struct plain<jobring_report>;
template struct plain<jobring_info>;
template struct plain<jobring_stats>;
template struct plain<jobring_lane>;
template struct plain<jobring_process_limit>;
template struct plain<jobring_processes_config>;
template struct plain<jobring_processes_options>;
template struct plain<jobring_processes_stats>;

template <typename T, size_t N> static constexpr size_t count(const T (&)[N]) { return N; }

#define WANT(condition)                                                                             \
    do {                                                                                            \
        if (!(condition)) return __LINE__;                                                          \
    } while (false)

template <typename T> static bool same(const T &a, const T &b) {
    const unsigned char *const one = reinterpret_cast<const unsigned char *>(&a);
    const unsigned char *const other = reinterpret_cast<const unsigned char *>(&b);
    size_t n = 0;
    while (n < sizeof(T) && one[n] == other[n]) n++;
    return n == sizeof(T);
}

int everything() {
    jobring_config config = JOBRING_CONFIG_INIT, filled;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_wait_options wait = JOBRING_WAIT_OPTIONS_INIT;
    jobring_parallel_for_options loop = JOBRING_PARALLEL_FOR_OPTIONS_INIT;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    jobring_processes_config processes = JOBRING_PROCESSES_CONFIG_INIT;
    jobring_processes_options process_options = JOBRING_PROCESSES_OPTIONS_INIT;
    jobring_processes_stats process_stats = JOBRING_PROCESSES_STATS_INIT;
    jobring_pool *pool = nullptr;
    jobring_queue *queue = nullptr;
    jobring_lane lane;
    jobring_job job = 0;
    size_t size = 0;

    for (size_t n = 0; n < count(functions); n++) WANT(functions[n] == function_elsewhere(n));
    for (const int32_t number : negative) WANT(number < 0);
    for (const size_t number : positive) WANT(number <= JOBRING_GUARD_NONE);
    WANT(memory_elsewhere(&size) != memory && size == sizeof memory);

    WANT(jobring_struct_init(&filled, sizeof filled) == JOBRING_OK);
    WANT(same(filled, config));
    WANT(same(filled, config_at_rest));
    WANT(same(filled, config_elsewhere()));
    WANT(same(options, options_at_rest));
    WANT(same(options, options_elsewhere()));
    WANT(same(wait, wait_at_rest));
    WANT(same(loop, loop_at_rest));
    WANT(same(outcome, outcome_at_rest));
    WANT(same(processes, processes_at_rest));
    WANT(same(process_options, process_options_at_rest));
    WANT(same(process_stats, process_stats_at_rest));

    config.workers = CREW;
    config.capacity = JOBS;
    config.payload = ROOM;
    config.stack_size = 65536;
    WANT(jobring_init(&config, bare, 100, &pool) == JOBRING_E_SIZE);
    WANT(jobring_init(&config, ported, 100, &pool) == JOBRING_E_SIZE);
    WANT(jobring_init(&config, memory, sizeof memory, &pool) == JOBRING_OK);
    WANT(jobring_submit_opts(pool, [](void *arg) { return arg; }, memory, &options, &job) == JOBRING_OK);
    WANT(jobring_wait_opts(pool, job, &wait, &outcome) == JOBRING_OK && outcome.result == memory);
    WANT(jobring_lane_init(&lane, pool, 1, 2) == JOBRING_OK);
    WANT(jobring_lane_submit(&lane, [](void *arg) { return arg; }, memory, &options, nullptr) == JOBRING_OK);
    options.move = JOBRING_MOVE_BYTES;
    WANT(jobring_submit_opts(pool, [](void *arg) { return arg; }, memory, &options, nullptr) == JOBRING_E_INVALID);
    WANT(jobring_lane_close(&lane, JOBRING_DRAIN, JOBRING_FOREVER) == JOBRING_OK);
    WANT(jobring_destroy(pool) == JOBRING_OK);
    WANT(jobring_queue_init(16, ROOM, bare_items, 8, &queue) == JOBRING_E_SIZE);
    WANT(jobring_queue_init(16, ROOM, items, sizeof items, &queue) == JOBRING_OK);
    return 0;
}

#if __STDC_HOSTED__
int main() { return everything(); }
#endif
