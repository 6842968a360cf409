/* A pool does not live on in a child by fork(): every call on it returns an error at once and changes nothing, the
 * child can make its own pools, and the parent's pool works on. Prints "cell <function> <how>". */
#define _GNU_SOURCE
#include "scene.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FORKS = 20, JOBS = 500 };

static void *identity(void *arg) { return arg; }

/* A pool whose memory can be looked at. */
struct looked_at {
    struct scene scene;
    _Alignas(64) unsigned char memory[1 << 16], before[1 << 16];
};

static void begin(struct looked_at *parents, uint32_t backend) {
    struct scene *scene = &parents->scene;
    jobring_config config = JOBRING_CONFIG_INIT;
    config.backend = backend;
    config.workers = 2;
    config.capacity = 64;
    OK(jobring_init(&config, parents->memory, sizeof parents->memory, &scene->pool));
    OK(jobring_submit(scene->pool, identity, scene, &scene->over));
    OK(jobring_submit(scene->pool, identity, scene, &scene->awaited));
    OK(submit_copy(scene->pool, identity, &scene, sizeof scene, &scene->copied));
    OK(jobring_lane_init(&scene->lane, scene->pool, 1, 1));
    OK(jobring_completions_create(scene->pool, 0, &scene->queue));
    OK(jobring_completions_create(scene->pool, 0, &scene->empty_queue));
    OK(jobring_completions_submit(scene->queue, identity, scene, NULL, NULL));
}

static void calls_are_refused(struct looked_at *parents, const char *how) {
    memcpy(parents->before, parents->memory, sizeof parents->memory);
    for (const struct call *call = calls; call->function; call++) {
        if (!call->on_pool) continue;
        const jobring_status status = call->call(&parents->scene);
        if (status != JOBRING_E_FORKED) fprintf(stderr, "%s %s: %d\n", call->function, call->how, (int)status);
        CHECK(status == JOBRING_E_FORKED);
        if (!call->hold) printf("cell %s %s\n", call->function, how);
    }
    CHECK(memcmp(parents->before, parents->memory, sizeof parents->memory) == 0);
}

/* The child's own pool, which its child cannot use in turn. */
static void a_pool_of_its_own(uint32_t backend, int generations) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *own;
    jobring_job job;
    void *result = NULL;
    config.backend = backend;
    config.workers = 2;
    OK(jobring_create(&config, &own));
    OK(jobring_submit(own, identity, &own, &job));
    OK(jobring_wait(own, job, LONG, &result));
    CHECK(result == &own);
    CHECK(jobring_poll(own, job, NULL) == JOBRING_E_STALE);
    if (generations) {
        int status = -1;
        const pid_t child = fork();
        if (child == 0) {
            CHECK(jobring_submit(own, identity, NULL, NULL) == JOBRING_E_FORKED);
            a_pool_of_its_own(backend, generations - 1);
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    OK(jobring_destroy(own));
}

static void fork_here(struct looked_at *parents, uint32_t backend, const char *how) {
    int status = -1;
    CHECK(fflush(stdout) == 0);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(120);
        calls_are_refused(parents, how);
        CHECK(fflush(stdout) == 0);
        a_pool_of_its_own(backend, 1);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

struct forker {
    struct looked_at *parents;
    uint32_t backend;
};

static void *forks(void *arg) {
    struct forker *forker = arg;
    jobring_job before, after;
    OK(jobring_current_job(forker->parents->scene.pool, &before));
    fork_here(forker->parents, forker->backend, "forked-inside-a-job");
    /* The thread that forked is still inside its job. */
    OK(jobring_current_job(forker->parents->scene.pool, &after));
    CHECK(before == after);
    return arg;
}

static atomic_int ran, stop;

static void *counts(void *arg) {
    atomic_fetch_add(&ran, 1);
    return arg;
}

/* Submits and waits until `stop` is set; returns how often it did. */
static void *submits(void *pool) {
    uintptr_t submitted = 0;
    for (; !atomic_load(&stop) || submitted < JOBS; submitted++) {
        jobring_job job;
        void *result = NULL;
        OK(jobring_submit(pool, counts, &job, &job));
        OK(jobring_wait(pool, job, LONG, &result));
        CHECK(result == &job);
    }
    return (void *)submitted;
}

static void parents_and_children(uint32_t backend) {
    static struct looked_at parents;
    struct forker forker = {&parents, backend};
    pthread_t threads[2];
    jobring_job job;
    uintptr_t submitted = 0;
    begin(&parents, backend);
    fork_here(&parents, backend, "forked");
    /* While jobs run, from a thread and from a job. */
    atomic_store(&ran, 0);
    atomic_store(&stop, 0);
    for (int n = 0; n < 2; n++) CHECK(pthread_create(&threads[n], NULL, submits, parents.scene.pool) == 0);
    for (int n = 0; n < FORKS; n++) {
        fork_here(&parents, backend, "forked-while-jobs-run");
        OK(jobring_submit(parents.scene.pool, forks, &forker, &job));
        OK(jobring_wait(parents.scene.pool, job, LONG, NULL));
    }
    atomic_store(&stop, 1);
    for (int n = 0; n < 2; n++) {
        void *times;
        CHECK(pthread_join(threads[n], &times) == 0);
        submitted += (uintptr_t)times;
    }
    CHECK((uintptr_t)atomic_load(&ran) == submitted);
    OK(jobring_wait(parents.scene.pool, parents.scene.over, LONG, NULL));
    OK(jobring_destroy(parents.scene.pool));
}

static void is_refused(const char *function, jobring_status status) {
    if (supported(status, JOBRING_E_FORKED) != JOBRING_E_FORKED) fprintf(stderr, "%s: %d\n", function, (int)status);
    CHECK(supported(status, JOBRING_E_FORKED) == JOBRING_E_FORKED);
    printf("cell jobring_processes_%s forked\n", function);
}

/* A pool of processes is its maker's too. */
static void processes_and_children(void) {
    struct scene scene = {.processes = NULL};
    int status = -1, fd;
    if (has_processes()) processes_begin(&scene, 0);
    CHECK(fflush(stdout) == 0);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        jobring_processes *const pool = scene.processes;
        jobring_outcome outcome = JOBRING_OUTCOME_INIT;
        jobring_processes_stats stats = JOBRING_PROCESSES_STATS_INIT;
        alarm(120);
        is_refused("submit", jobring_processes_submit(pool, 0, NULL, 0, NULL, NULL));
        is_refused("take", jobring_processes_take(pool, JOBRING_FOREVER, &outcome));
        is_refused("wait", jobring_processes_wait(pool, scene.processed, JOBRING_FOREVER, &outcome));
        is_refused("cancel", jobring_processes_cancel(pool, scene.processed));
        is_refused("kill", jobring_processes_kill(pool, scene.processed));
        is_refused("fd", jobring_processes_fd(pool, &fd));
        is_refused("shutdown", jobring_processes_shutdown(pool, JOBRING_KILL, JOBRING_FOREVER));
        is_refused("stats_get", jobring_processes_stats_get(pool, &stats));
        is_refused("destroy", jobring_processes_destroy(pool));
        CHECK(fflush(stdout) == 0);
        /* A pool of its own. */
        struct scene own = {.processes = NULL};
        if (has_processes()) {
            processes_begin(&own, 0);
            OK(jobring_processes_destroy(own.processes));
        }
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (has_processes()) {
        jobring_outcome outcome = JOBRING_OUTCOME_INIT;
        OK(jobring_processes_wait(scene.processes, scene.processed, LONG, &outcome));
        CHECK(outcome.status == JOBRING_OK);
        OK(jobring_processes_destroy(scene.processes));
    }
}

int main(void) {
    alarm(300);
    processes_and_children();
    for (const uint32_t *backend = backends(); *backend; backend++) parents_and_children(*backend);
    return 0;
}
