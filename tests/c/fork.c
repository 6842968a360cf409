/* A pool does not live on in a child by fork(): its calls say so at once, and the parent's pool is unharmed. */
#define _GNU_SOURCE
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

static void *identity(void *arg) { return arg; }

static void in_child(jobring_pool *pool, jobring_job job) {
    jobring_info info = {.size = sizeof info};
    jobring_stats stats = {.size = sizeof stats};
    size_t size = 0;
    uint32_t index;
    int32_t code;
    CHECK(jobring_submit(pool, identity, NULL, NULL) == JOBRING_E_FORKED);
    CHECK(jobring_try_submit(pool, identity, NULL, NULL) == JOBRING_E_FORKED);
    CHECK(jobring_submit_copy(pool, identity, &size, sizeof size, NULL) == JOBRING_E_FORKED);
    CHECK(jobring_submit_opts(pool, identity, NULL, NULL, NULL) == JOBRING_E_FORKED);
    CHECK(jobring_submit_batch(pool, NULL, 0, NULL, NULL) == JOBRING_E_FORKED);
    CHECK(jobring_wait(pool, job, JOBRING_FOREVER, NULL) == JOBRING_E_FORKED);
    CHECK(jobring_wait_copy(pool, job, JOBRING_FOREVER, NULL, 0, NULL) == JOBRING_E_FORKED);
    CHECK(jobring_poll(pool, job, NULL) == JOBRING_E_FORKED);
    CHECK(jobring_cancel(pool, job) == JOBRING_E_FORKED);
    CHECK(jobring_detach(pool, job) == JOBRING_E_FORKED);
    CHECK(jobring_cancel_requested(pool) == JOBRING_E_FORKED);
    CHECK(jobring_error(pool, job, &code, NULL, 0, NULL) == JOBRING_E_FORKED);
    CHECK(jobring_run_one(pool) == JOBRING_E_FORKED);
    CHECK(jobring_run_until_idle(pool, NULL) == JOBRING_E_FORKED);
    CHECK(jobring_enter_worker(pool) == JOBRING_E_FORKED);
    CHECK(jobring_info_get(pool, &info) == JOBRING_E_FORKED);
    CHECK(jobring_stats_get(pool, &stats) == JOBRING_E_FORKED);
    CHECK(jobring_self(pool, &job) == JOBRING_E_FORKED);
    CHECK(jobring_worker_index(pool, &index) == JOBRING_E_FORKED);
    CHECK(jobring_worker_stack(pool, 0, &size) == JOBRING_E_FORKED);
    CHECK(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL) == JOBRING_E_FORKED);
    CHECK(jobring_destroy(pool) == JOBRING_E_FORKED);
    /* A pool of the child's own is as good as any. */
    jobring_pool *own = NULL;
    void *result = NULL;
    OK(jobring_create(NULL, &own));
    OK(jobring_submit(own, identity, own, &job));
    OK(jobring_wait(own, job, LONG, &result));
    CHECK(result == own);
    OK(jobring_destroy(own));
}

int main(void) {
    jobring_pool *pool = NULL;
    jobring_job job;
    int status = -1;
    OK(jobring_create(NULL, &pool));
    OK(jobring_submit(pool, identity, pool, &job));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        in_child(pool, job);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (int n = 0; n < 1000; n++) {
        void *result = NULL;
        OK(jobring_wait(pool, job, LONG, &result));
        CHECK(result == pool);
        OK(jobring_submit(pool, identity, pool, &job));
    }
    OK(jobring_destroy(pool));
    puts("fork: the child was told, the parent is unharmed");
    return 0;
}
