/* The places from which the cells of the bad-input table are tried, and the check of the result. */
#define _POSIX_C_SOURCE 200809L
#include "bad_input.h"

#include <pthread.h>
#include <sched.h>

int number = 21;
_Alignas(64) unsigned char memory[1 << 20], zeroed[4096];

enum { OTHERS = 32 };
static struct place others[OTHERS];
static int other_count;

struct cell cell;

#define HOLDS(condition)                                                                            \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            fprintf(stderr, "%s %s %s\n", cell.function->name, cell.parameter, cell.kind);    \
            CHECK(condition);                                                                       \
        }                                                                                           \
    } while (0)

static void await(atomic_int *flag) {
    while (!atomic_load(flag)) sched_yield();
}

int all_are(const void *at, size_t from, size_t to, int value) {
    for (const unsigned char *byte = at; from < to; from++)
        if (byte[from] != value) return 0;
    return 1;
}

void clear(unsigned char *bytes, size_t from, size_t to) { memset(bytes + from, 0, to - from); }

/* Counters of a pool that no call without success may change. */
struct counted {
    uint64_t submitted, claimed;
};

static struct counted counters(const jobring_pool *pool) {
    jobring_stats stats = {.size = sizeof stats};
    HOLDS(jobring_stats_get(pool, &stats) == JOBRING_OK);
    return (struct counted){stats.submitted, stats.claimed};
}

static int same(struct counted a, struct counted b) { return a.submitted == b.submitted && a.claimed == b.claimed; }

/* What some calls write although they return no success: the header says so, and it is taken back here. */
static void documented_writes(jobring_status status) {
    struct outputs *out = &cell.args.out;
    const char *name = cell.function->name;
    if (strcmp(name, "jobring_submit_batch") == 0 && status == JOBRING_E_SHUTDOWN) {
        HOLDS(out->accepted == 0);
        out->accepted = cell.before.accepted;
    }
    if (strcmp(name, "jobring_config_check") == 0 && out->field != cell.before.field) {
        HOLDS(out->field == NULL || strlen(out->field) > 0);
        out->field = cell.before.field;
    }
    if (strcmp(name, "jobring_wait_opts") == 0 && status == JOBRING_E_SIZE) {
        HOLDS(out->outcome.known.length == sizeof number);
        out->outcome.known.length = cell.before.outcome.known.length;
    }
    if (strcmp(name, "jobring_wait_opts") == 0 && status == JOBRING_E_FAILED) {
        const jobring_outcome *outcome = &out->outcome.known;
        HOLDS(outcome->status == status && outcome->code == 5 && outcome->length == strlen("failed"));
        HOLDS(memcmp(out->buffer, "fa", 3) == 0 && all_are(out->buffer, 3, sizeof out->buffer, 0xA5));
        memcpy(out, &cell.before, sizeof *out);
    }
}

/* How many items are in the place's queue. */
static size_t items_in(const struct place *place) {
    size_t len;
    HOLDS(jobring_queue_len(place->items, &len, NULL) == JOBRING_OK);
    return len;
}

/* Makes the call, wherever the thread is now. */
static void try_it(void) {
    struct place *place = &cell.place;
    struct args *a = &cell.args;
    struct counted here = counters(place->pool), there[OTHERS];
    const int makes_in_memory = strcmp(cell.function->name, "jobring_init") == 0
                                || strcmp(cell.function->name, "jobring_completions_init") == 0
                                || strcmp(cell.function->name, "jobring_queue_init") == 0;
    const size_t items = items_in(place);
    const uint64_t jobs = place->processes ? jobs_of(place->processes) : 0;
    for (int n = 0; n < other_count; n++) there[n] = counters(others[n].pool);
    if (makes_in_memory) memset(memory, 0xA5, sizeof memory);
    if (cell.own) HOLDS(jobring_current_job(place->pool, &a->job) == JOBRING_OK);
    memcpy(&cell.before, &a->out, sizeof a->out);
    jobring_status status = cell.function->call(a);
    if (status != cell.expected) fprintf(stderr, "returned %d, not %d\n", (int)status, (int)cell.expected);
    HOLDS(status == cell.expected);
    if (status == JOBRING_OK) {
        if (strcmp(cell.function->name, "jobring_destroy") == 0 && a->pool == place->pool) place->pool = NULL;
        if (cell.function == F(processes_destroy) && a->processes == place->processes) place->processes = NULL;
        return;
    }
    documented_writes(status);
    /* The entry of the job that is being cancelled is cleared away, which counts as claimed. */
    if (strcmp(cell.function->name, "jobring_run_one") == 0 && place->where == CANCEL) here.claimed++;
    HOLDS(memcmp(&cell.before, &a->out, sizeof a->out) == 0);
    /* Not even the memory, except by errors found while the threads are created. */
    const int untouched = makes_in_memory && status != JOBRING_E_UNSUPPORTED;
    HOLDS(!untouched || all_are(memory, 0, sizeof memory, 0xA5));
    HOLDS(same(counters(place->pool), here) && items_in(place) == items);
    for (int n = 0; n < other_count; n++) HOLDS(same(counters(others[n].pool), there[n]));
    HOLDS(!place->processes || jobs_of(place->processes) == jobs);
    /* Nothing was taken. */
    HOLDS(peek(place->pool, place->held, NULL) == JOBRING_OK);
    HOLDS(code_of(place->pool, place->failed) == 5);
}

static void *identity(void *arg) { return arg; }
static void *failing(void *arg) { return jobring_fail(5, "failed") == JOBRING_OK ? arg : NULL; }

static void *try_in_job(void *arg) {
    (void)arg;
    try_it();
    return NULL;
}

static void try_in_done(void *arg, const jobring_outcome *outcome) {
    (void)arg, (void)outcome;
    try_it();
}

static void try_in_drop(void *arg, jobring_status why) {
    (void)arg, (void)why;
    try_it();
}

static void try_in_hook(struct place *place, enum where hook) {
    if (place->where != hook) return;
    await(&place->in_hook);
    try_it();
    atomic_store(&place->hook_done, 1);
}

/* On the thread that takes the place of one that a job has ended. */
static jobring_status on_start(void *at, uint32_t worker) {
    struct place *place = at;
    (void)worker;
    if (place->pool) try_in_hook(place, START);
    return JOBRING_OK;
}
static void *leave(void *arg) {
    (void)arg;
    pthread_exit(NULL);
}
static void on_stop(void *place, uint32_t worker) { (void)worker, try_in_hook(place, STOP); }

/* A job that comes and goes. */
static void pass(struct place *place, int alone) {
    jobring_job job;
    OK(jobring_submit(place->pool, identity, NULL, &job));
    if (alone) OK(jobring_run_one(place->pool));
    OK(jobring_wait(place->pool, job, LONG, NULL));
}

static void make(struct place *place, enum where where) {
    /* Where there is no worker, this thread runs the jobs. */
    const int alone = where == CANCEL;
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    place->where = where;
    OK(jobring_queue_init(4, sizeof number, place->items_memory, sizeof place->items_memory, &place->items));
    for (int n = 0; n < 2; n++) OK(jobring_queue_try_push(place->items, &number));
    place->pool = NULL;
    atomic_store(&place->in_hook, 0);
    atomic_store(&place->hook_done, 0);
    config.workers = where == CANCEL ? JOBRING_WORKERS_NONE : 1;
    /* jobring_enter_worker() comes back at once: the pool is full of workers, or it is shut down. */
    config.max_workers = where == SHUT ? 2 : 1;
    config.capacity = 8;
    config.stack_size = 256 * 1024;
    config.flags = JOBRING_FLAG_PAINT_STACKS;
    config.on_start = on_start;
    config.on_stop = on_stop;
    config.hook_arg = place;
    OK(jobring_create(&config, &place->pool));
    OK(submit_copy(place->pool, identity, &number, sizeof number, &place->held));
    if (alone) OK(jobring_run_one(place->pool));
    OK(wait_with(place->pool, place->held, JOBRING_WAIT_PEEK, NULL));
    OK(jobring_submit(place->pool, failing, NULL, &place->failed));
    if (alone) OK(jobring_run_one(place->pool));
    CHECK(wait_with(place->pool, place->failed, JOBRING_WAIT_PEEK, NULL) == JOBRING_E_FAILED);
    OK(jobring_completions_create(place->pool, 0, &place->queue));
    int fd;
    OK(jobring_completions_create(place->pool, 0, &place->empty_queue));
    OK(jobring_completions_fd(place->empty_queue, &fd));
    OK(jobring_lane_init(&place->lane, place->pool, 1, 2));
    /* In a slot whose handle differs from `held` in more than a bit. */
    pass(place, alone);
    options.copy = sizeof number;
    OK(jobring_completions_submit(place->queue, identity, &number, &options, NULL));
    if (alone) OK(jobring_run_one(place->pool));
    /* The one worker runs it first. */
    pass(place, alone);
}

static unsigned tag(const struct place *place) { return (unsigned)(place->held >> 56); }

/* Pools of which at least one has another tag in its handles (the top 8 bits) than any given pool. */
void others_made(void) {
    do {
        CHECK(other_count < OTHERS);
        make(&others[other_count++], CANCEL);
    } while (tag(&others[0]) == tag(&others[other_count - 1]));
}

void others_ended(void) {
    for (int n = 0; n < other_count; n++) OK(jobring_destroy(others[n].pool));
}

/* The same slot and generation as a job that is there; the tag alone is another's. */
jobring_job foreign_job(struct place *place) {
    const struct place *other = &others[tag(&others[0]) == tag(place) ? other_count - 1 : 0];
    CHECK(tag(other) != tag(place) && (other->held ^ place->held) << 8 == 0);
    return other->held;
}

jobring_job stale_job(struct place *place) {
    jobring_job job;
    OK(jobring_submit(place->pool, identity, NULL, &job));
    OK(jobring_wait(place->pool, job, LONG, NULL));
    return job;
}

/* Every slot has a job, so that of the stale one, too. */
jobring_job reused_job(struct place *place) {
    jobring_job stale = stale_job(place), job;
    while (jobring_try_submit(place->pool, identity, NULL, &job) == JOBRING_OK)
        OK(wait_with(place->pool, job, JOBRING_WAIT_PEEK, NULL));
    return stale;
}

/* In memory that is the caller's, so that it can still be looked at. */
jobring_pool *destroyed_pool(void) {
    static _Alignas(64) unsigned char grave[64 * 1024];
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.workers = JOBRING_WORKERS_NONE;
    config.capacity = 4;
    OK(jobring_init(&config, grave, sizeof grave, &pool));
    OK(jobring_destroy(pool));
    return pool;
}

static _Alignas(64) unsigned char elsewhere[256];

jobring_pool *moved_pool(const jobring_pool *pool) {
    memcpy(elsewhere, pool, sizeof elsewhere);
    return (jobring_pool *)(void *)elsewhere;
}

jobring_pool *odd_pool(const jobring_pool *pool) {
    const uintptr_t mark = ~(uintptr_t)(elsewhere + 1);
    memcpy(elsewhere + 1, pool, sizeof elsewhere - 1);
    memcpy(elsewhere + 1, &mark, sizeof mark);
    return (jobring_pool *)(void *)(elsewhere + 1);
}

jobring_completions *destroyed_queue(struct place *place) {
    jobring_completions *queue;
    OK(jobring_completions_create(place->pool, 0, &queue));
    OK(jobring_completions_destroy(queue));
    return queue;
}

jobring_completions *moved_queue(const jobring_completions *queue) {
    return (jobring_completions *)(void *)moved_pool((const jobring_pool *)(const void *)queue);
}

jobring_completions *odd_queue(const jobring_completions *queue) {
    return (jobring_completions *)(void *)odd_pool((const jobring_pool *)(const void *)queue);
}

jobring_queue *moved_items(const jobring_queue *queue) {
    return (jobring_queue *)(void *)moved_pool((const jobring_pool *)(const void *)queue);
}

jobring_queue *odd_items(const jobring_queue *queue) {
    return (jobring_queue *)(void *)odd_pool((const jobring_pool *)(const void *)queue);
}

static _Alignas(jobring_lane) unsigned char lane_elsewhere[sizeof(jobring_lane) + 1];

jobring_lane *moved_lane(const jobring_lane *lane) {
    memcpy(lane_elsewhere, lane, sizeof *lane);
    return (jobring_lane *)(void *)lane_elsewhere;
}

jobring_lane *odd_lane(const jobring_lane *lane) {
    const uintptr_t mark = ~(uintptr_t)(lane_elsewhere + 1) ^ 2;
    memcpy(lane_elsewhere + 1, lane, sizeof *lane);
    memcpy(lane_elsewhere + 1, &mark, sizeof mark);
    return (jobring_lane *)(void *)(lane_elsewhere + 1);
}

jobring_lane *closed_lane(struct place *place) {
    OK(jobring_lane_close(&place->lane, JOBRING_DRAIN, LONG));
    return &place->lane;
}

static int32_t does_nothing(void *ctx, size_t from, size_t to) {
    (void)ctx;
    return from < to ? 0 : 1;
}

static void is_not_notified(void *arg, const jobring_outcome *outcome) { (void)arg, (void)outcome, abort(); }

/* A port that is right, and that nobody calls. */
static jobring_seat given_seats[1];
static uint64_t given_now(void *ctx) { return (void)ctx, abort(), 0; }
static void given_park(void *ctx, uint32_t seat, int64_t timeout_ns) { (void)ctx, (void)seat, (void)timeout_ns, abort(); }
static void given_unpark(void *ctx, uint32_t seat, uint32_t from_isr) { (void)ctx, (void)seat, (void)from_isr, abort(); }
static void given_pause(void *ctx) { (void)ctx, abort(); }
static void *given_get_self(void) { return abort(), NULL; }
static void given_set_self(void *pointer) { (void)pointer, abort(); }
static int32_t given_spawn(void *ctx, uint32_t worker, jobring_entry_fn entry, void *arg) {
    return (void)ctx, (void)worker, (void)entry, (void)arg, abort(), 0;
}
static void given_join(void *ctx, uint32_t worker) { (void)ctx, (void)worker, abort(); }

static void good(struct args *a, const struct place *place) {
    struct outputs *out = &a->out;
    memset(a, 0, sizeof *a);
    memset(out, 0xA5, sizeof *out);
    out->info.known.size = sizeof(jobring_info);
    out->stats.known.size = sizeof(jobring_stats);
    out->worker.known.size = sizeof(jobring_worker);
    out->outcome.known.size = sizeof(jobring_outcome);
    out->outcome.known.data = out->buffer, out->outcome.known.capacity = sizeof out->buffer;
    out->outcome.known.move = NULL;
    a->given_config.known = (jobring_config)JOBRING_CONFIG_INIT;
    a->given_config.known.workers = 1;
    a->given_config.known.capacity = 4;
    a->given_config.known.stack_size = 256 * 1024;
    a->given_port.known = (jobring_port){
        sizeof(jobring_port), 1,           given_seats,    a,              given_now,   given_park,
        given_unpark,         given_pause, given_get_self, given_set_self, given_spawn, given_join,
    };
    a->given_options.known = (jobring_submit_options)JOBRING_SUBMIT_OPTIONS_INIT;
    a->given_items[0] = (jobring_batch_item){identity, &number, NULL, NULL};
    a->given_items[1] = (jobring_batch_item){identity, &number, &a->given_options.known, NULL};
    a->pool = place->pool, a->pool_out = &out->pool;
    const int on_empty = cell.function == F(completions_destroy) || cell.function == F(completions_arm);
    a->completions = on_empty ? place->empty_queue : place->queue, a->fd = &out->fd;
    a->completions_out = &out->completions, a->taken = &out->taken;
    const int pushes = strstr(cell.function->name, "_push") != NULL;
    a->queue = place->items, a->queue_out = &out->queue, a->item = pushes ? (void *)&number : &out->item;
    a->capacity = 4, a->item_size = sizeof number, a->len = &out->len, a->capacity_out = &out->capacity;
    a->lane = &cell.place.lane, a->lane_out = &out->lane, a->pending = &out->pending;
    a->width = 1;
    a->config = &a->given_config.known, a->structure = &out->config.known, a->structure_size = sizeof *a->config;
    a->options = &a->given_options.known;
    a->items = a->given_items, a->count = cell.function == F(completions_take) ? 1 : 2;
    a->fn = identity, a->arg = &number;
    a->memory = memory, a->memory_size = sizeof memory;
    a->job = place->held, a->job_out = &out->job, a->jobs = out->jobs;
    a->timeout_ns = LONG, a->mode = JOBRING_DRAIN;
    a->workers = place->where == CANCEL ? 0 : 1;
    a->code = 7, a->text = "a reason";
    a->state = &out->state, a->states = out->states, a->now = &out->now;
    a->given_handles[0] = place->held, a->given_handles[1] = place->failed;
    a->handles = a->given_handles, a->found = &out->found;
    a->index_out = &out->index, a->cpus = &out->cpus, a->bytes = &out->bytes, a->used = &out->used;
    a->result = &out->result, a->accepted = &out->accepted, a->ran = &out->ran;
    a->field = &out->field;
    a->size_out = &out->size, a->align = &out->align;
    a->report = &out->report, a->info = &out->info.known, a->stats = &out->stats.known;
    a->worker = &out->worker.known;
    a->given_wait_options.known = (jobring_wait_options)JOBRING_WAIT_OPTIONS_INIT;
    a->wait_options = &a->given_wait_options.known, a->outcome = &out->outcome.known;
    OK(jobring_watched_init(&a->given_watched));
    a->given_node = (jobring_done_node){NULL, is_not_notified, NULL, {NULL, NULL}};
    a->watched = &a->given_watched, a->node = &a->given_node;
    a->given_loop_options.known = (jobring_parallel_for_options)JOBRING_PARALLEL_FOR_OPTIONS_INIT;
    a->loop_options = &a->given_loop_options.known;
    a->interrupt = &a->given_interrupt, a->scope = &a->given_scope;
    a->given_process_config.known = (jobring_processes_config)JOBRING_PROCESSES_CONFIG_INIT;
    a->given_process_config.known.workers = 1;
    a->given_process_config.known.capacity = 4;
    a->given_process_config.known.functions = process_functions, a->given_process_config.known.function_count = 2;
    a->given_process_options.known = (jobring_processes_options)JOBRING_PROCESSES_OPTIONS_INIT;
    memcpy(a->given_functions, process_functions, sizeof a->given_functions);
    a->process_fns = a->given_functions, a->function_count = 2;
    a->processes = place->processes, a->processes_out = &out->processes;
    a->process_config = &a->given_process_config.known, a->process_options = &a->given_process_options.known;
    out->process_stats.known.size = sizeof(jobring_processes_stats), a->process_stats = &out->process_stats.known;
    a->data = &number, a->data_size = sizeof number;
    if (place->processes) a->job = place->processed;
    a->body = does_nothing, a->ctx = &number, a->grain = 1, a->stopped = &out->stopped;
}

struct args *begin(const struct function *function, enum where where, const char *parameter,
                   const char *kind) {
    cell.function = function;
    cell.parameter = parameter;
    cell.kind = kind;
    cell.own = 0;
    cell.place.processes = NULL;
    /* Before there are threads. */
    if (is_about_processes(function) && has_processes()) processes_made(&cell.place);
    make(&cell.place, where);
    good(&cell.args, &cell.place);
    return &cell.args;
}

void judge(jobring_status expected) {
    if (is_about_processes(cell.function) && !has_processes()) expected = JOBRING_E_UNSUPPORTED;
    struct place *place = &cell.place;
    jobring_pool *pool = place->pool;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job job;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    const int good_call = expected == JOBRING_OK;
    const int fails = good_call && strncmp(cell.function->name, "jobring_fail", 12) == 0;
    const int given_up = good_call && cell.own && strcmp(cell.function->name, "jobring_detach") == 0;
    const jobring_status over = given_up ? JOBRING_E_STALE : fails ? JOBRING_E_FAILED : JOBRING_OK;
    cell.expected = expected;
    switch (place->where) {
    case SHUT:
        HOLDS(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL) == JOBRING_OK);
        if (place->processes) OK(jobring_processes_shutdown(place->processes, JOBRING_DRAIN, LONG));
        /* fall through */
    case OUTSIDE: try_it(); return;
    case OTHER: pool = others[0].pool; /* fall through */
    case JOB:
        OK(jobring_submit(pool, try_in_job, NULL, &job));
        HOLDS(jobring_wait_opts(pool, job, NULL, &outcome) == over && (!fails || outcome.code == cell.args.code));
        return;
    case DONE:
        options.done = try_in_done;
        OK(jobring_submit_opts(pool, identity, &number, &options, &job));
        HOLDS(jobring_wait(pool, job, LONG, NULL) == over);
        return;
    case DROP:
        options.drop = try_in_drop;
        OK(jobring_submit_opts(pool, identity, &number, &options, &job));
        HOLDS(wait_with(pool, job, JOBRING_WAIT_PEEK, NULL) == JOBRING_OK);
        HOLDS(jobring_detach(pool, job) == JOBRING_OK);
        HOLDS(jobring_poll(pool, job, NULL) == JOBRING_E_STALE);
        return;
    case CANCEL:
        options.drop = try_in_drop;
        OK(jobring_submit_opts(pool, identity, &number, &options, &job));
        HOLDS(jobring_cancel(pool, job) == JOBRING_OK);
        HOLDS(jobring_wait(pool, job, 0, NULL) == (given_up ? JOBRING_E_STALE : JOBRING_E_CANCELLED));
        return;
    case START:
    case STOP:
        atomic_store(&place->in_hook, 1);
        if (place->where == START) HOLDS(jobring_submit(pool, leave, NULL, NULL) == JOBRING_OK);
        if (place->where == STOP) HOLDS(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL) == JOBRING_OK);
        await(&place->hook_done);
        return;
    case PLACES: break;
    }
    CHECK(!"a place");
}

void end(void) {
    struct place *place = &cell.place;
    jobring_pool *untouched;
    memset(&untouched, 0xA5, sizeof untouched);
    if (cell.args.out.pool != untouched) HOLDS(jobring_destroy(cell.args.out.pool) == JOBRING_OK);
    if (place->pool && cell.expected != JOBRING_OK && place->where != SHUT && place->where != STOP) {
        jobring_job job;
        jobring_status status = jobring_try_submit(place->pool, identity, NULL, &job);
        if (strcmp(cell.kind, "reused") == 0 && !is_about_processes(cell.function))
            HOLDS(status == JOBRING_E_FULL);
        else
            HOLDS(status == JOBRING_OK && jobring_wait(place->pool, job, LONG, NULL) == JOBRING_OK);
    }
    HOLDS(jobring_destroy(place->pool) == JOBRING_OK);
    if (place->processes) {
        /* A shutdown that comes to no end has closed the pool. */
        const int is_open = place->where != SHUT && cell.expected != JOBRING_E_TIMEDOUT;
        if (cell.expected != JOBRING_OK) processes_work(place, is_open);
        HOLDS(jobring_processes_destroy(place->processes) == JOBRING_OK);
    }
    jobring_processes *not_made;
    memset(&not_made, 0xA5, sizeof not_made);
    if (cell.args.out.processes != not_made) HOLDS(jobring_processes_destroy(cell.args.out.processes) == JOBRING_OK);
    printf("cell %s %s %s\n", cell.function->name, cell.parameter, cell.kind);
}
