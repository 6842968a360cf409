/* The cells of the bad-input table for structures: their size, the bytes beyond those that the library knows, each
 * field. */
#include "bad_input.h"

#define INV JOBRING_E_INVALID
#define OK_ JOBRING_OK

#define OPTIONS (a->given_options)
#define CONFIG (a->given_config.known)

/* Zero and the maximum in a field. */
#define NUMBER(f, in, field, most, at_zero, at_most)                                                \
    do {                                                                                            \
        CELL(f, #in "." #field, "zero", at_zero, IN_##in.field = 0);                                \
        CELL(f, #in "." #field, "maximum", at_most, IN_##in.field = most);                          \
    } while (0)
/* The limit_ns of options `at`: as NUMBER, and what is less than JOBRING_FOREVER. */
#define LIMIT(f, what, at, below)                                                                   \
    do {                                                                                            \
        CELL(f, what ".limit_ns", "zero", OK_, at.limit_ns = 0);                                    \
        CELL(f, what ".limit_ns", "maximum", OK_, at.limit_ns = INT64_MAX);                         \
        CELL(f, what ".limit_ns", "minus-two", below, at.limit_ns = -2);                            \
        CELL(f, what ".limit_ns", "minimum", below, at.limit_ns = INT64_MIN);                       \
    } while (0)
/* The argument `options`, which is what `given` names in struct args: NULL, misaligned, and of each size. */
#define OPTIONAL(f, given)                                                                          \
    do {                                                                                            \
        CELL(f, "options", "null", OK_, a->given = NULL);                                           \
        CELL(f, "options", "misaligned", INV, ODD_INPUT(given));                                    \
        SIZES(f, "options", given_##given, INV);                                                    \
    } while (0)
#define IN_config CONFIG
#define IN_options OPTIONS.known
#define PORT (a->given_port)

/* A port is looked at in every build, and here, where there are threads, refused however right it is. What a pool does on
 * one is tested elsewhere (tests/c/ported.c). */
#define PORT_CELL(f, what, of_kind, status, spoil) CELL(f, "config.port" what, of_kind, status, CONFIG.port = &PORT.known; spoil)
#define PORT_NULL(f, field, status) PORT_CELL(f, "." #field, "null", status, PORT.known.field = NULL)

static void ports(const struct function *f) {
    const jobring_status right = JOBRING_E_UNSUPPORTED;
    CELL(f, "config.port", "null", OK_, CONFIG.port = NULL);
    PORT_CELL(f, "", "misaligned", INV, CONFIG.port = (const jobring_port *)(const void *)((const char *)CONFIG.port + 1));
    SIZES_OF(f, "config.port", given_port, right, INV, CONFIG.port = &PORT.known);
    PORT_CELL(f, ".seat_count", "zero", INV, PORT.known.seat_count = 0);
    PORT_CELL(f, ".seat_count", "maximum", INV, PORT.known.seat_count = UINT32_MAX);
    PORT_NULL(f, seats, INV);
    PORT_CELL(f, ".seats", "misaligned", INV, PORT.known.seats = (jobring_seat *)(void *)(zeroed + 1));
    PORT_NULL(f, ctx, right);
    PORT_NULL(f, now, right);
    PORT_NULL(f, park, INV);
    PORT_NULL(f, unpark, INV);
    PORT_NULL(f, pause, INV);
    PORT_NULL(f, get_self, INV);
    PORT_NULL(f, set_self, INV);
    PORT_NULL(f, spawn, INV);
    PORT_NULL(f, join, right);
}

/* Of its own: valgrind takes for gone what lay below a stack that is not used any more. */
static unsigned char stacks[1 << 19];

static void configs(const struct function *f) {
    static uint32_t cpu;
    /* What threads of Rust's standard library cannot have, their maker finds out; jobring_layout() makes none. */
    const int can = f == F(layout) || (jobring_features() & JOBRING_FEATURE_PTHREAD);
    const jobring_status pthreads_only = can ? OK_ : JOBRING_E_UNSUPPORTED;
    CELL(f, "config", "null", OK_, a->config = NULL);
    CELL(f, "config", "misaligned", INV, ODD_INPUT(config));
    SIZES(f, "config", given_config, INV);
    NUMBER(f, config, backend, UINT32_MAX, OK_, INV);
    /* The maximum is JOBRING_WORKERS_NONE, and so below in spin and guard_size. */
    NUMBER(f, config, workers, UINT32_MAX, OK_, OK_);
    NUMBER(f, config, min_workers, UINT32_MAX, OK_, INV);
    NUMBER(f, config, max_workers, UINT32_MAX, OK_, INV);
    NUMBER(f, config, capacity, UINT32_MAX, OK_, INV);
    NUMBER(f, config, payload, UINT32_MAX, OK_, INV);
    NUMBER(f, config, spin, UINT32_MAX, OK_, OK_);
    NUMBER(f, config, signals, UINT32_MAX, OK_, INV);
    NUMBER(f, config, flags, UINT32_MAX, OK_, INV);
    NUMBER(f, config, stack_size, SIZE_MAX, OK_, INV);
    NUMBER(f, config, guard_size, SIZE_MAX, OK_, pthreads_only);
    NUMBER(f, config, stack_reserve, SIZE_MAX, OK_, OK_);
    CELL(f, "config.stack_memory", "null", INV, CONFIG.stack_memory_size = 1 << 19);
    CELL(f, "config.stack_memory_size", "zero", INV, CONFIG.stack_memory = stacks);
    CELL(f, "config.stack_memory_size", "maximum", pthreads_only, CONFIG.stack_memory = stacks;
         CONFIG.stack_memory_size = SIZE_MAX);
    CELL(f, "config.cpus", "null", INV, CONFIG.cpu_count = 1);
    CELL(f, "config.cpus", "misaligned", INV, CONFIG.cpus = (const uint32_t *)(void *)(zeroed + 1);
         CONFIG.cpu_count = 1);
    CELL(f, "config.cpu_count", "zero", INV, CONFIG.cpus = &cpu);
    CELL(f, "config.cpu_count", "maximum", INV, CONFIG.cpus = &cpu; CONFIG.cpu_count = SIZE_MAX);
    CELL(f, "config.name", "null", OK_, CONFIG.name = NULL);
    CELL(f, "config.on_start", "null", OK_, CONFIG.on_start = NULL);
    CELL(f, "config.on_stop", "null", OK_, CONFIG.on_stop = NULL);
    CELL(f, "config.hook_arg", "null", OK_, CONFIG.hook_arg = NULL);
    NUMBER(f, config, grow_to, UINT32_MAX, OK_, INV);
    NUMBER(f, config, reserved, UINT32_MAX, OK_, INV);
    ports(f);
}

/* Never called: what is refused is not moved. */
static void moves(void *to, void *from, size_t size) {
    fprintf(stderr, "moved %zu bytes from %p to %p\n", size, from, to);
    exit(1);
}

static void options(const struct function *f) {
    OPTIONAL(f, options);
    NUMBER(f, options, when_full, UINT32_MAX, OK_, INV);
    NUMBER(f, options, copy, SIZE_MAX, OK_, JOBRING_E_SIZE);
    LIMIT(f, "options", OPTIONS.known, INV);
    CELL(f, "options.done", "null", OK_, OPTIONS.known.done = NULL);
    CELL(f, "options.drop", "null", OK_, OPTIONS.known.drop = NULL);
    CELL(f, "options.nodes", "null", OK_, OPTIONS.known.nodes = NULL);
    CELL(f, "options.nodes", "misaligned", INV, OPTIONS.known.nodes = (jobring_done_node *)(void *)(zeroed + 1));
    CELL(f, "options.reserved", "null", OK_, OPTIONS.known.reserved = NULL);
    CELL(f, "options.reserved", "set", INV, OPTIONS.known.reserved = &number);
    CELL(f, "options.move", "null", OK_, OPTIONS.known.move = NULL);
    CELL(f, "options.move", "without-copy", INV, OPTIONS.known.move = moves);
}

#define WAIT_OPTIONS (a->given_wait_options.known)
#define OUTCOME (a->out.outcome.known)
#define BUFFER (a->out.buffer)

#define LOOP_OPTIONS (a->given_loop_options.known)

static void loops(void) {
    const struct function *const f = F(parallel_for_opts);
    OPTIONAL(f, loop_options);
    CELL(f, "options.reserved", "zero", OK_, LOOP_OPTIONS.reserved = 0);
    CELL(f, "options.reserved", "maximum", INV, LOOP_OPTIONS.reserved = UINT32_MAX);
    LIMIT(f, "options", LOOP_OPTIONS, INV);
    CELL(f, "options.grain", "zero", OK_, LOOP_OPTIONS.grain = 0);
    CELL(f, "options.grain", "maximum", OK_, LOOP_OPTIONS.grain = SIZE_MAX);
    CELL(f, "options.largest", "zero", OK_, LOOP_OPTIONS.largest = 0);
    CELL(f, "options.largest", "maximum", OK_, LOOP_OPTIONS.largest = SIZE_MAX);
}

static void wait_options(const struct function *f) {
    OPTIONAL(f, wait_options);
    CELL(f, "options.flags", "zero", OK_, WAIT_OPTIONS.flags = 0);
    CELL(f, "options.flags", "maximum", INV, WAIT_OPTIONS.flags = UINT32_MAX);
    LIMIT(f, "options", WAIT_OPTIONS, INV);
}

/* Of the two jobs the first is done, the second has failed. */
static void waits_for_many(void) {
    const struct function *const f = F(wait_many);
    wait_options(f);
    CELL(f, "jobs", "null", INV, a->handles = NULL);
    CELL(f, "jobs", "misaligned", INV, ODD_INPUT(handles));
    CELL_THEN(f, "count", "zero", OK_, a->count = 0; a->handles = NULL,
              CHECK(a->out.found == 0 && all_are(a->out.states, 0, sizeof a->out.states, 0xA5)));
    CELL(f, "count", "maximum", INV, a->count = SIZE_MAX);
    CELL_THEN(f, "until", "zero", OK_, a->until = 0,
              CHECK(a->out.found == 2 && a->out.states[0] == JOBRING_STATE_DONE
                    && a->out.states[1] == JOBRING_STATE_FAILED));
    CELL(f, "until", "maximum", INV, a->until = UINT32_MAX);
    CELL(f, "index", "null", OK_, a->found = NULL);
    CELL(f, "index", "misaligned", INV, ODD(found));
    CELL(f, "states", "null", OK_, a->states = NULL);
    CELL(f, "states", "misaligned", INV, ODD(states));
}

static void waits(void) {
    const struct function *const f = F(wait_opts);
    wait_options(f);
    CELL(f, "outcome", "null", OK_, a->outcome = NULL);
    CELL(f, "outcome", "misaligned", INV, ODD(outcome));
    SIZES(f, "outcome", out.outcome, OK_);
    CELL(f, "outcome", "capacity-alone", INV, OUTCOME.data = NULL);
    CELL_THEN(f, "outcome", "no-room", OK_, OUTCOME.data = NULL; OUTCOME.capacity = 0,
              CHECK(OUTCOME.length == sizeof number && OUTCOME.arg == NULL && all_are(BUFFER, 0, sizeof BUFFER, 0xA5)));
    CELL(f, "outcome", "short", JOBRING_E_SIZE, OUTCOME.capacity = sizeof number - 1);
    CELL_THEN(f, "outcome", "exact", OK_, OUTCOME.capacity = sizeof number,
              CHECK(OUTCOME.length == sizeof number && memcmp(BUFFER, &number, sizeof number) == 0
                    && OUTCOME.arg == BUFFER && all_are(BUFFER, sizeof number, sizeof BUFFER, 0xA5)));
    CELL(f, "outcome", "maximum", OK_, OUTCOME.capacity = SIZE_MAX);
    CELL(f, "outcome", "move-alone", INV, OUTCOME.data = NULL; OUTCOME.capacity = 0; OUTCOME.move = moves);
    CELL(f, "outcome", "move-peek", INV, WAIT_OPTIONS.flags = JOBRING_WAIT_PEEK; OUTCOME.move = moves);
    /* Of a job that failed, a text that is cut. */
    CELL(f, "outcome", "cut", JOBRING_E_FAILED, a->job = cell.place.failed; WAIT_OPTIONS.flags = JOBRING_WAIT_PEEK;
         OUTCOME.capacity = 3);
}

static void takes(void) {
    const struct function *const f = F(completions_take);
    CELL(f, "outcomes", "null", INV, a->outcome = NULL);
    CELL(f, "outcomes", "misaligned", INV, ODD(outcome));
    SIZES(f, "outcomes", out.outcome, OK_);
    CELL(f, "outcomes", "capacity-alone", INV, OUTCOME.data = NULL);
    CELL_THEN(f, "outcomes", "no-room", OK_, OUTCOME.data = NULL; OUTCOME.capacity = 0,
              CHECK(a->out.taken == 1 && OUTCOME.length == sizeof number && OUTCOME.arg == NULL
                    && all_are(BUFFER, 0, sizeof BUFFER, 0xA5)));
    CELL_THEN(f, "outcomes", "short", OK_, OUTCOME.capacity = 1,
              CHECK(OUTCOME.length == sizeof number && memcmp(BUFFER, &number, 1) == 0 && OUTCOME.arg == BUFFER
                    && all_are(BUFFER, 1, sizeof BUFFER, 0xA5)));
    CELL_THEN(f, "outcomes", "exact", OK_, OUTCOME.capacity = sizeof number,
              CHECK(OUTCOME.length == sizeof number && memcmp(BUFFER, &number, sizeof number) == 0
                    && OUTCOME.arg == BUFFER && all_are(BUFFER, sizeof number, sizeof BUFFER, 0xA5)));
    CELL(f, "outcomes", "maximum", OK_, OUTCOME.capacity = SIZE_MAX);
    CELL(f, "outcomes", "move-alone", INV, OUTCOME.data = NULL; OUTCOME.capacity = 0; OUTCOME.move = moves);
    /* Another size than the first one has. */
    CELL(f, "outcomes", "second", INV, a->count = 2);
    CELL(f, "count", "zero", INV, a->count = 0);
    CELL(f, "count", "maximum", INV, a->count = SIZE_MAX);
    CELL(f, "taken", "null", INV, a->taken = NULL);
    CELL(f, "taken", "misaligned", INV, ODD(taken));
}

/* The second of two items is the wrong one: the first is not accepted either. */
#define ITEM (a->given_items[1])

static void batches(void) {
    const struct function *const f = F(submit_batch);
    CELL(f, "items", "null", INV, a->items = NULL);
    CELL(f, "items", "misaligned", INV, a->count = 1; ODD_INPUT(items));
    CELL_THEN(f, "count", "zero", OK_, a->count = 0; a->items = NULL, CHECK(a->out.accepted == 0));
    CELL(f, "count", "maximum", INV, a->count = SIZE_MAX);
    /* One more than can be in memory. */
    CELL(f, "count", "beyond", INV, a->count = SIZE_MAX / 2 / sizeof(jobring_batch_item) + 1);
    CELL(f, "jobs", "null", OK_, a->jobs = NULL);
    CELL(f, "jobs", "misaligned", INV, ODD(jobs));
    CELL(f, "accepted", "null", OK_, a->accepted = NULL);
    CELL(f, "accepted", "misaligned", INV, ODD(accepted));
    CELL(f, "items.fn", "null", INV, ITEM.fn = NULL);
    CELL(f, "items.arg", "null", OK_, ITEM.arg = NULL);
    CELL(f, "items.reserved", "null", OK_, ITEM.reserved = NULL);
    CELL(f, "items.reserved", "set", INV, ITEM.reserved = &number);
    CELL(f, "items.options", "null", OK_, ITEM.options = NULL);
    CELL(f, "items.options", "misaligned", INV, ODD_INPUT(given_items[1].options));
    SIZES(f, "items.options", given_options, INV);
    /* Not looked at. */
    CELL(f, "items.options.when_full", "zero", OK_, OPTIONS.known.when_full = 0);
    CELL(f, "items.options.when_full", "maximum", OK_, OPTIONS.known.when_full = UINT32_MAX);
    LIMIT(f, "items.options", OPTIONS.known, OK_);
    CELL(f, "items.options.copy", "zero", OK_, OPTIONS.known.copy = 0);
    CELL(f, "items.options.copy", "maximum", JOBRING_E_SIZE, OPTIONS.known.copy = SIZE_MAX);
    CELL(f, "items.options.done", "null", OK_, OPTIONS.known.done = NULL);
    CELL(f, "items.options.drop", "null", OK_, OPTIONS.known.drop = NULL);
    CELL(f, "items.options.nodes", "null", OK_, OPTIONS.known.nodes = NULL);
    CELL(f, "items.options.nodes", "misaligned", INV,
         OPTIONS.known.nodes = (jobring_done_node *)(void *)(zeroed + 1));
    CELL(f, "items.options.reserved", "null", OK_, OPTIONS.known.reserved = NULL);
    CELL(f, "items.options.reserved", "set", INV, OPTIONS.known.reserved = &number);
    CELL(f, "items.options.move", "null", OK_, OPTIONS.known.move = NULL);
    CELL(f, "items.options.move", "without-copy", INV, OPTIONS.known.move = moves);
}

void structs(void) {
    configs(F(config_check));
    configs(F(create));
    configs(F(layout));
    configs(F(init));
    options(F(submit_opts));
    options(F(submit_cancellable));
    options(F(completions_submit));
    options(F(lane_submit));
    takes();
    waits();
    loops();
    waits_for_many();
    batches();
    SIZES(F(info_get), "info", out.info, OK_);
    SIZES_FROM(F(stats_get), "stats", out.stats, offsetof(jobring_stats, queued), OK_, OK_, (void)0);
    SIZES_FROM(F(worker_get), "worker", out.worker, offsetof(jobring_worker, job), OK_, OK_, (void)0);
}
