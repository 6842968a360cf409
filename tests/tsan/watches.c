/* Done callbacks that are added while their job ends. */
#include "stress.h"

struct watch {
    jobring_watched watched;
    jobring_done_node node;
    long in, out;
    atomic_uint notified;
};

static void *answer(void *arg) {
    struct watch *watch = arg;
    watch->out = 42;
    return NULL;
}

/* Early on the worker, which the watcher's data must reach; late on the watcher, which the job's must reach. */
static void look(void *arg, const jobring_outcome *outcome) {
    struct watch *watch = arg;
    CHECK(outcome->status == JOBRING_OK && watch->in == 7 && watch->out == 42);
    SET(watch->notified, 1);
}

static void watch_one(jobring_pool *pool, struct watch *watch) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    OK(jobring_watched_init(&watch->watched));
    options.nodes = &watch->watched.node;
    OK(SUBMIT(jobring_submit_opts(pool, answer, watch, &options, NULL)));
    for (unsigned n = any(4); n > 0; n--) pass();
    watch->in = 7;
    watch->node = (jobring_done_node){NULL, look, watch, {NULL, NULL}};
    OK(jobring_watch(&watch->watched, &watch->node));
    while (!GET(watch->notified)) pass();
}

void watches(unsigned rounds) {
    jobring_pool *pool = pool_of(1, 4);
    struct watch *all = calloc(rounds, sizeof *all);
    CHECK(all != NULL);
    for (unsigned n = 0; n < rounds; n++) watch_one(pool, &all[n]);
    end(pool);
    free(all);
}
