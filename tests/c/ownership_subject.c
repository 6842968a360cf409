/* The job under observation: what is called for it, where, with what; and the verdict. */
#define _GNU_SOURCE
#include "ownership.h"

#include <string.h>

_Thread_local enum who who;
struct subject subject;
char row_name[128];
int rows;

/* With each set of callbacks, by pointer and by copy, in every way to submit; nodes in one of them. */
const struct variant variants[] = {
    {BY_SUBMIT, 0, 0, 0, 0},  {BY_TRY_SUBMIT, 0, 0, 0, 0},
    {BY_OPTIONS, 0, 0, 0, 0}, {BY_OPTIONS, 0, 0, 1, 0}, {BY_OPTIONS, 0, 1, 0, 0}, {BY_OPTIONS, 0, 1, 1, 0},
    {BY_OPTIONS, 1, 0, 0, 0}, {BY_OPTIONS, 1, 0, 1, 0}, {BY_OPTIONS, 1, 1, 0, 0}, {BY_OPTIONS, 1, 1, 1, 0},
    {BY_OPTIONS, 0, 0, 0, 1}, {BY_OPTIONS, 0, 0, 1, 1}, {BY_OPTIONS, 0, 1, 0, 1}, {BY_OPTIONS, 0, 1, 1, 1},
    {BY_OPTIONS, 1, 0, 0, 1}, {BY_OPTIONS, 1, 0, 1, 1}, {BY_OPTIONS, 1, 1, 0, 1}, {BY_OPTIONS, 1, 1, 1, 1},
    {BY_BATCH, 0, 0, 0, 0},   {BY_BATCH, 0, 0, 1, 0},   {BY_BATCH, 0, 1, 0, 0},   {BY_BATCH, 0, 1, 1, 0},
    {BY_BATCH, 1, 0, 0, 0},   {BY_BATCH, 1, 0, 1, 0},   {BY_BATCH, 1, 1, 0, 0},   {BY_BATCH, 1, 1, 1, 0},
};
const int variant_count = sizeof variants / sizeof *variants;

/* As CHECK, and says in which row. */
#define HERE(condition)                                                                             \
    do {                                                                                            \
        const int so_ = (condition);                                                                \
        if (!so_) fprintf(stderr, "row %s: not so: %s\n", row_name, #condition);                    \
        CHECK(so_);                                                                                 \
    } while (0)

static struct block *new_block(void) {
    struct block *block = malloc(sizeof *block);
    CHECK(block != NULL);
    block->number = 1;
    return block;
}

/* Reads what it frees, so that a block freed before is found here at the latest. */
static void free_arg(struct block *block) {
    HERE(block == subject.arg && block->number == 1);
    block->number = 0;
    atomic_fetch_add(&subject.args_freed, 1);
    free(block);
}

static void free_result(struct block *block) {
    HERE(block == subject.result && block->number == 1);
    block->number = 0;
    atomic_fetch_add(&subject.results_freed, 1);
    free(block);
}

/* The block that a job's argument leads to. */
static struct block *block_of(void *arg) {
    HERE(arg != NULL);
    if (!subject.variant->copy) return arg;
    HERE((uintptr_t)arg % (2 * sizeof(void *)) == 0);
    struct block *block;
    memcpy(&block, arg, sizeof block);
    return block;
}

void *run_subject(void *arg) {
    jobring_job self = 0;
    atomic_fetch_add(&subject.runs, 1);
    subject.ran_on = who;
    subject.called_with = arg;
    if (subject.on_submitter)
        HERE(jobring_current_job(subject.pool, &self) == JOBRING_E_INVALID);
    else
        OK(jobring_current_job(subject.pool, &self));
    if (subject.detaches_inside) {
        OK(jobring_detach(subject.pool, self));
        HERE(jobring_detach(subject.pool, self) == JOBRING_E_STALE);
    }
    if (subject.holds) {
        gate_open(&subject.entered);
        gate_pass(&subject.open);
    }
    free_arg(block_of(arg));
    if (subject.variant->copy) memset(arg, 0x5A, sizeof(void *));
    if (subject.outcome == FAILURE)
        HERE(jobring_fail(5, "so it is") == (subject.on_submitter ? JOBRING_E_INVALID : JOBRING_OK));
    if (subject.outcome == NOTHING) return NULL;
    subject.result = new_block();
    atomic_fetch_add(&subject.results_made, 1);
    return subject.result;
}

void serves_cancel_only(jobring_job job, jobring_status cancelled) {
    void *result = NULL;
    char byte;
    uint32_t state;
    HERE(jobring_cancel(subject.pool, job) == cancelled);
    HERE(jobring_state(subject.pool, job, &state) == JOBRING_E_STALE);
    HERE(jobring_wait(subject.pool, job, LONG, &result) == JOBRING_E_STALE);
    HERE(jobring_poll(subject.pool, job, &result) == JOBRING_E_STALE && result == NULL);
    HERE(wait_data(subject.pool, job, &byte, 1, NULL) == JOBRING_E_STALE);
    HERE(peek(subject.pool, job, NULL) == JOBRING_E_STALE);
    HERE(jobring_detach(subject.pool, job) == JOBRING_E_STALE);
}

/* Notes what a done callback received. */
static void is_notified(const jobring_outcome *outcome) {
    const jobring_status status = outcome->status;
    subject.done_on = who;
    subject.status = status;
    subject.done_job = outcome->job;
    if (subject.is_cancellable || subject.queue) serves_cancel_only(outcome->job, JOBRING_E_BUSY);
    HERE(outcome->result == (status == JOBRING_OK ? subject.result : NULL));
    HERE(outcome->code == (status == JOBRING_E_FAILED ? 5 : 0));
    if (status == JOBRING_E_FAILED) HERE(strcmp(outcome->data, "so it is") == 0 && outcome->length == 8);
    if (status == JOBRING_OK && subject.variant->copy)
        HERE(outcome->data == subject.called_with && outcome->length == sizeof(void *));
}

void on_done(void *arg, const jobring_outcome *outcome) {
    jobring_job self = 0;
    HERE(atomic_fetch_add(&subject.dones, 1) == 0 && atomic_load(&subject.drops) == 0);
    HERE(atomic_load(&subject.nodes_notified) == 0);
    if (atomic_load(&subject.runs))
        HERE(arg == subject.called_with);
    else
        HERE(block_of(arg) == subject.arg && subject.arg->number == 1);
    HERE(outcome->arg == arg);
    is_notified(outcome);
    if (subject.on_submitter) {
        HERE(outcome->job == 0);
    } else {
        OK(jobring_current_job(subject.pool, &self));
        HERE(outcome->job == self);
    }
    HERE(jobring_fail(1, NULL) == JOBRING_E_INVALID);
    if (subject.detaches_in_done) OK(jobring_detach(subject.pool, outcome->job));
}

static void on_node(void *arg, const jobring_outcome *outcome) {
    HERE(arg == &subject.nodes[atomic_fetch_add(&subject.nodes_notified, 1)]);
    HERE(atomic_load(&subject.dones) == subject.variant->done && atomic_load(&subject.drops) == 0);
    is_notified(outcome);
    memset(arg, 0xA5, sizeof(jobring_done_node));
}

void on_drop(void *arg, jobring_status why) {
    HERE(atomic_fetch_add(&subject.drops, 1) == 0);
    HERE(atomic_load(&subject.dones) == subject.variant->done);
    HERE(atomic_load(&subject.nodes_notified) == subject.variant->nodes * NODES);
    subject.dropped_on = who;
    subject.why = why;
    if (subject.in_drop) subject.in_drop();
    /* Nobody can ask for a result that is being dropped. */
    if (why == JOBRING_E_UNTAKEN && subject.job) {
        HERE(jobring_poll(subject.pool, subject.job, NULL) == JOBRING_E_STALE);
        HERE(jobring_detach(subject.pool, subject.job) == JOBRING_E_STALE);
    }
    if (why == JOBRING_E_UNTAKEN)
        free_result(arg);
    else
        free_arg(block_of(arg));
}

struct gate hold_open;
static struct gate hold_entered;

static void *held(void *arg) {
    (void)arg;
    gate_open(&hold_entered);
    gate_pass(&hold_open);
    if (subject.then) subject.then();
    return NULL;
}

static jobring_status on_start(void *arg, uint32_t worker) {
    (void)arg, (void)worker;
    who = WORKER;
    return JOBRING_OK;
}

void begin(const struct variant *variant, enum outcome outcome, uint32_t workers, uint32_t capacity) {
    static const struct gate gate = GATE_INIT;
    jobring_config config = JOBRING_CONFIG_INIT;
    memset(&subject, 0, sizeof subject);
    subject.entered = subject.open = hold_entered = hold_open = gate;
    subject.variant = variant;
    subject.outcome = outcome;
    subject.arg = new_block();
    config.workers = workers;
    config.capacity = capacity;
    config.stack_size = 128 * 1024;
    config.on_start = on_start;
    OK(jobring_create(&config, &subject.pool));
}

void hold_worker(void) {
    OK(jobring_submit(subject.pool, held, NULL, NULL));
    gate_pass(&hold_entered);
}

void hold_lane(jobring_lane *lane) {
    OK(jobring_lane_submit(lane, held, NULL, NULL, NULL));
    gate_pass(&hold_entered);
}

jobring_status submit_with(jobring_submit_options *options, jobring_job *job) {
    const struct variant *v = subject.variant;
    struct block *data = subject.arg;
    void *arg = v->copy ? (void *)&data : (void *)subject.arg;
    jobring_status status;
    size_t accepted = 9;
    options->done = v->done ? on_done : NULL;
    options->drop = v->drop ? on_drop : NULL;
    options->nodes = v->nodes ? subject.nodes : NULL;
    for (int n = 0; n < NODES; n++)
        subject.nodes[n] = (jobring_done_node){n + 1 < NODES ? &subject.nodes[n + 1] : NULL, on_node, &subject.nodes[n], {NULL, NULL}};
    if (subject.watched) subject.watched->node.next = options->nodes, options->nodes = &subject.watched->node;
    if (v->copy && !options->copy) options->copy = sizeof data;
    const jobring_fn run = subject.no_function ? NULL : run_subject;
    const jobring_batch_item item = {run, arg, options, NULL};
    switch (v->via) {
        case BY_SUBMIT: status = jobring_submit(subject.pool, run, arg, job); break;
        case BY_TRY_SUBMIT: status = jobring_try_submit(subject.pool, run, arg, job); break;
        case BY_OPTIONS:
            if (subject.queue) return jobring_completions_submit(subject.queue, run, arg, options, job);
            if (subject.lane) return jobring_lane_submit(subject.lane, run, arg, options, job);
            if (subject.is_cancellable) return jobring_submit_cancellable(subject.pool, run, arg, options, job);
            status = jobring_submit_opts(subject.pool, run, arg, options, job);
            break;
        default:
            status = jobring_submit_batch(subject.pool, &item, 1, job, &accepted);
            HERE(accepted == (status == JOBRING_OK) || (accepted == 9 && status != JOBRING_E_FULL));
    }
    return status;
}

jobring_status submit(jobring_job *job) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    return submit_with(&options, job);
}

jobring_status outcome_status(void) {
    return subject.outcome == FAILURE ? JOBRING_E_FAILED : JOBRING_OK;
}

void taken(jobring_status status, void *result) {
    HERE(atomic_load(&subject.dones) == subject.variant->done);
    HERE(atomic_load(&subject.nodes_notified) == subject.variant->nodes * NODES);
    if (status != JOBRING_OK)
        HERE(result == NULL);
    else if (result)
        free_result(result);
    else
        HERE(subject.outcome == NOTHING);
}

void is_stale(void) { serves_cancel_only(subject.job, JOBRING_E_STALE); }

void open_gates(void) {
    gate_open(&hold_open);
    gate_open(&subject.open);
}

void judge(const struct expected *expected) {
    const struct variant *v = subject.variant;
    const int ran = expected->ran_on != NOBODY, accepted = ran || expected->dropped_on != NOBODY;
    open_gates();
    if (subject.pool) OK(jobring_destroy(subject.pool));
    HERE(atomic_load(&subject.runs) == ran && subject.ran_on == expected->ran_on);

    HERE(atomic_load(&subject.dones) == (accepted && v->done));
    HERE(atomic_load(&subject.nodes_notified) == (accepted && v->nodes ? NODES : 0));
    if (subject.dones || subject.nodes_notified) {
        const int failed = subject.outcome == FAILURE && !subject.on_submitter;
        HERE(subject.done_on == (ran ? expected->ran_on : expected->dropped_on));
        HERE(subject.status == (!ran ? expected->why : failed ? JOBRING_E_FAILED : JOBRING_OK));
        HERE(subject.job == 0 || subject.done_job == subject.job);
        HERE((subject.done_job == 0) == subject.on_submitter);
    }

    /* The drop callback is called for a job that ran only if it left a result. */
    const int left = !ran || subject.outcome == SOMETHING || (subject.outcome == FAILURE && subject.on_submitter);
    const int drops = expected->dropped_on != NOBODY && left;
    HERE(atomic_load(&subject.drops) == (drops && v->drop));
    if (subject.drops) HERE(subject.dropped_on == expected->dropped_on && subject.why == expected->why);

    /* Without a callback nobody frees what would have come to it; what submit refused is ours. */
    if (drops && !v->drop && ran) free_result(subject.result);
    if (!ran && (!accepted || !v->drop)) free_arg(subject.arg);
    /* No callback receives what a job that failed has returned: the job must keep it. */
    if (ran && subject.outcome == FAILURE && !subject.on_submitter) free_result(subject.result);
    HERE(atomic_load(&subject.args_freed) == 1);
    HERE(atomic_load(&subject.results_freed) == atomic_load(&subject.results_made));
    subject.arg = subject.result = NULL;
    rows++;
}
