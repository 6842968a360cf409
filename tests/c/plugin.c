/* A shared library with a copy of jobring that it hides: see plugin_host.c. */
#include "check.h"
#include "plugin.h"

static jobring_pool *pool;

static void start(void) { pool = new_pool(2, 64); }

static void run(void *(*fn)(void *), void *arg) {
    jobring_job job;
    void *result = NULL;
    OK(jobring_submit(pool, fn, arg, &job));
    OK(jobring_wait(pool, job, JOBRING_FOREVER, &result));
    CHECK(result == arg);
}

static void stop(void) { OK(jobring_destroy(pool)); }

static int is_its_own(jobring_status (*create)(const jobring_config *, jobring_pool **)) { return create != jobring_create; }

const struct plugin plugin = {start, run, stop, is_its_own};
