/* Done callbacks that are added at any time: each is called once, early ones in their order, late ones at once. */
#define _GNU_SOURCE
#include "gate.h"

#include <string.h>

enum { WATCHERS = 8, ROUNDS = 2000 };

/* A node that notes when it was called, and with what. */
struct watcher {
    jobring_done_node node;
    jobring_outcome outcome;
    unsigned called_as;
    void (*then)(struct watcher *watcher);
};

static jobring_pool *pool;
static atomic_uint calls;
static jobring_job self;

static void is_notified(void *arg, const jobring_outcome *outcome) {
    struct watcher *watcher = arg;
    CHECK(watcher->called_as == 0);
    watcher->called_as = atomic_fetch_add(&calls, 1) + 1;
    watcher->outcome = *outcome;
    /* The node is ours again. */
    memset(&watcher->node, 0xA5, sizeof watcher->node);
    if (watcher->then) watcher->then(watcher);
}

static void prepare(struct watcher *watcher) {
    memset(watcher, 0, sizeof *watcher);
    watcher->node.done = is_notified;
    watcher->node.arg = watcher;
}

static void make(uint32_t workers, uint32_t capacity) {
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = workers;
    config.capacity = capacity;
    config.stack_size = 128 * 1024;
    OK(jobring_create(&config, &pool));
    atomic_store(&calls, 0);
}

static void *identity(void *arg) { return arg; }
static void *fails(void *arg) {
    OK(jobring_fail(7, "so it is"));
    return arg;
}

static void early_ones_come_in_order_and_late_ones_at_once(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_watched watched;
    struct watcher watchers[WATCHERS];
    jobring_job job;
    void *result;
    make(JOBRING_WORKERS_NONE, 2);
    OK(jobring_watched_init(&watched));
    for (int n = 0; n < WATCHERS; n++) prepare(&watchers[n]);
    /* Before the submit, and after it. */
    OK(jobring_watch(&watched, &watchers[0].node));
    options.nodes = &watched.node;
    OK(jobring_submit_opts(pool, identity, &pool, &options, &job));
    for (int n = 1; n < WATCHERS - 1; n++) OK(jobring_watch(&watched, &watchers[n].node));
    CHECK(atomic_load(&calls) == 0);
    OK(jobring_run_one(pool));
    CHECK(atomic_load(&calls) == WATCHERS - 1);
    OK(jobring_wait(pool, job, LONG, &result));
    /* Also when the result was taken. */
    OK(jobring_watch(&watched, &watchers[WATCHERS - 1].node));
    for (unsigned n = 0; n < WATCHERS; n++) {
        const jobring_outcome *outcome = &watchers[n].outcome;
        CHECK(watchers[n].called_as == n + 1);
        CHECK(outcome->job == job && outcome->status == JOBRING_OK && outcome->result == &pool && outcome->code == 0);
        CHECK(outcome->arg == (n + 1 < WATCHERS ? &pool : NULL) && outcome->size == sizeof *outcome);
    }
    OK(jobring_destroy(pool));
}

/* How a job can end; each with one callback that comes early and one that comes late. */
enum way { RUN, DETACHED, CANCELLED, DISCARDED, FAILED, QUEUED, CANCELLABLE, BATCH, ON_SUBMITTER, WAYS };

static void ends(enum way way) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_completions *queue;
    jobring_watched watched;
    struct watcher early, late;
    jobring_job job = 0;
    make(JOBRING_WORKERS_NONE, 1);
    OK(jobring_watched_init(&watched));
    prepare(&early), prepare(&late);
    options.nodes = &watched.node;
    const jobring_batch_item item = {identity, &pool, &options, NULL};
    if (way == ON_SUBMITTER) OK(jobring_submit(pool, identity, NULL, NULL));
    /* A submit that is refused changes nothing. */
    options.copy = 1000;
    CHECK(jobring_submit_opts(pool, identity, &pool, &options, NULL) == JOBRING_E_SIZE);
    options.copy = 0;
    OK(jobring_watch(&watched, &early.node));
    switch (way) {
    case DETACHED: OK(jobring_submit_opts(pool, identity, &pool, &options, NULL)); break;
    case FAILED: OK(jobring_submit_opts(pool, fails, &pool, &options, &job)); break;
    case QUEUED:
        OK(jobring_completions_create(pool, 0, &queue));
        OK(jobring_completions_submit(queue, identity, &pool, &options, &job));
        break;
    case CANCELLABLE: OK(jobring_submit_cancellable(pool, identity, &pool, &options, &job)); break;
    case BATCH: OK(jobring_submit_batch(pool, &item, 1, &job, NULL)); break;
    case ON_SUBMITTER:
        options.when_full = JOBRING_WHEN_FULL_RUN;
        OK(jobring_submit_opts(pool, identity, &pool, &options, NULL));
        break;
    default: OK(jobring_submit_opts(pool, identity, &pool, &options, &job));
    }
    CHECK(atomic_load(&calls) == (way == ON_SUBMITTER));
    if (way == CANCELLED) OK(jobring_cancel(pool, job));
    else if (way == DISCARDED) OK(jobring_shutdown(pool, JOBRING_DISCARD, LONG, NULL));
    else OK(jobring_run_one(pool));
    CHECK(atomic_load(&calls) == 1 && early.called_as == 1);
    OK(jobring_watch(&watched, &late.node));
    CHECK(late.called_as == 2);
    const jobring_status status = way == CANCELLED   ? JOBRING_E_CANCELLED
                                  : way == DISCARDED ? JOBRING_E_SHUTDOWN
                                  : way == FAILED    ? JOBRING_E_FAILED
                                                     : JOBRING_OK;
    for (const struct watcher *notified = &early; notified; notified = notified == &early ? &late : NULL) {
        CHECK(notified->outcome.status == status && notified->outcome.code == (way == FAILED ? 7 : 0));
        CHECK(job == 0 || notified->outcome.job == job);
        CHECK((notified->outcome.job == 0) == (way == ON_SUBMITTER));
        CHECK(notified->outcome.result == (status == JOBRING_OK ? &pool : NULL));
    }
    CHECK(early.outcome.length == (way == FAILED ? 8 : 0));
    CHECK(late.outcome.length == 0 && late.outcome.data == NULL);
    OK(jobring_destroy(pool));
}

/* A structure serves one job. Its submit is refused once that job has ended, until it is prepared again. */
static void a_structure_is_used_once(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_watched watched;
    struct watcher watchers[2];
    make(JOBRING_WORKERS_NONE, 2);
    options.nodes = &watched.node;
    const jobring_batch_item item = {identity, &pool, &options, NULL};
    for (unsigned n = 0; n < 2; n++) {
        OK(jobring_watched_init(&watched));
        prepare(&watchers[n]);
        OK(jobring_submit_opts(pool, identity, &pool, &options, NULL));
        OK(jobring_watch(&watched, &watchers[n].node));
        OK(jobring_run_one(pool));
        CHECK(watchers[n].called_as == n + 1);
        CHECK(jobring_submit_opts(pool, identity, &pool, &options, NULL) == JOBRING_E_INVALID);
        CHECK(jobring_submit_batch(pool, &item, 1, NULL, NULL) == JOBRING_E_INVALID);
        CHECK(jobring_run_one(pool) == JOBRING_E_EMPTY);
    }
    OK(jobring_destroy(pool));
}

/* Callbacks that use the pool, the list and their own node. */
static jobring_watched here, next;
static struct watcher nested;

static void uses_the_pool(struct watcher *watcher) {
    jobring_job job;
    CHECK(jobring_cancel(pool, self) == JOBRING_E_BUSY);
    CHECK(jobring_wait(pool, self, JOBRING_FOREVER, NULL) == JOBRING_E_DEADLOCK);
    OK(jobring_current_job(pool, &job));
    CHECK(job == self && watcher->outcome.job == self);
    OK(jobring_detach(pool, self));
    OK(jobring_submit(pool, identity, NULL, NULL));
    /* The job has ended, so this is called here. */
    prepare(&nested);
    OK(jobring_watch(&here, &nested.node));
    CHECK(nested.called_as == 2);
    prepare(watcher);
    OK(jobring_watch(&next, &watcher->node));
}

static void callbacks_use_the_pool(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    struct watcher first, second;
    make(JOBRING_WORKERS_NONE, 4);
    OK(jobring_watched_init(&here));
    OK(jobring_watched_init(&next));
    prepare(&first), prepare(&second);
    first.then = uses_the_pool;
    options.nodes = &here.node;
    OK(jobring_submit_opts(pool, identity, &pool, &options, &self));
    OK(jobring_watch(&here, &first.node));
    OK(jobring_watch(&here, &second.node));
    OK(jobring_run_one(pool));
    CHECK(atomic_load(&calls) == 3 && nested.called_as == 2 && second.called_as == 3 && first.called_as == 0);
    CHECK(jobring_detach(pool, self) == JOBRING_E_STALE);
    options.nodes = &next.node;
    OK(jobring_submit_opts(pool, identity, &pool, &options, NULL));
    OK(jobring_run_until_idle(pool, NULL));
    CHECK(first.called_as == 4);
    OK(jobring_destroy(pool));
}

/* One thread watches while another ends the job. The last callback frees everything. */
struct shared {
    jobring_watched watched;
    jobring_done_node nodes[2];
    atomic_int left;
};

static void frees(void *arg, const jobring_outcome *outcome) {
    struct shared *shared = arg;
    CHECK(outcome->status == JOBRING_OK && outcome->result == &pool);
    atomic_fetch_add(&calls, 1);
    if (atomic_fetch_sub(&shared->left, 1) == 1) free(shared);
}

static void races(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    make(2, 4);
    for (int n = 0; n < ROUNDS; n++) {
        struct shared *shared = malloc(sizeof *shared);
        CHECK(shared != NULL);
        OK(jobring_watched_init(&shared->watched));
        atomic_init(&shared->left, 2);
        for (int w = 0; w < 2; w++) shared->nodes[w] = (jobring_done_node){NULL, frees, shared, {NULL, NULL}};
        options.nodes = &shared->watched.node;
        OK(jobring_submit_opts(pool, identity, &pool, &options, NULL));
        OK(jobring_watch(&shared->watched, &shared->nodes[0]));
        for (int yields = n % 4; yields > 0; yields--) sched_yield();
        /* Not freed before: the second callback has not come. */
        OK(jobring_watch(&shared->watched, &shared->nodes[1]));
    }
    OK(jobring_destroy(pool));
    CHECK(atomic_load(&calls) == 2 * ROUNDS);
}

int main(void) {
    early_ones_come_in_order_and_late_ones_at_once();
    for (enum way way = 0; way < WAYS; way++) ends(way);
    a_structure_is_used_once();
    callbacks_use_the_pool();
    races();
    return 0;
}
