/* No call is a cancellation point: a thread with a pending cancellation returns from the call with its result, and
 * is cancelled at its own cancellation point. Prints "cell <function> <how>". */
#define _GNU_SOURCE
#include "scene.h"

#include <pthread.h>
#include <unistd.h>

struct victim {
    const struct call *call;
    struct scene scene;
    /* Is it cancelled before the call, or while it sleeps there? */
    int before;
    atomic_int thread, returned, went_on;
    jobring_status status;
    sem_t begun;
};

static void *victim(void *arg) {
    struct victim *victim = arg;
    atomic_store(&victim->thread, gettid());
    /* Cancelled or not, the post is no cancellation point. */
    if (victim->before) CHECK(pthread_cancel(pthread_self()) == 0);
    CHECK(sem_post(&victim->begun) == 0);
    victim->status = victim->call->call(&victim->scene);
    atomic_store(&victim->returned, 1);
    pthread_testcancel();
    atomic_store(&victim->went_on, 1);
    return NULL;
}

static void try_it(const struct call *call, uint32_t backend, int before) {
    struct victim place = {.call = call, .before = before};
    pthread_t thread;
    void *result;
    CHECK(sem_init(&place.begun, 0, 0) == 0);
    scene_begin(&place.scene, call, backend);
    CHECK(pthread_create(&thread, NULL, victim, &place) == 0);
    await(&place.begun);
    if (call->hold && call->expected == JOBRING_OK) {
        await_sleep(place.thread);
        if (!before) {
            CHECK(pthread_cancel(thread) == 0);
            await_sleep(place.thread);
        }
        call->let_go(&place.scene);
    }
    CHECK(pthread_join(thread, &result) == 0);
    if (!atomic_load(&place.returned)) fprintf(stderr, "%s %s: cancelled inside\n", call->function, call->how);
    CHECK(atomic_load(&place.returned));
    CHECK(place.status == call->expected);
    CHECK(result == PTHREAD_CANCELED && !atomic_load(&place.went_on));
    if (call->hold && call->expected != JOBRING_OK) call->let_go(&place.scene);
    scene_end(&place.scene);
    printf("cell %s %s%s\n", call->function, call->how, before ? "" : "-cancelled");
}

static void *identity(void *arg) { return arg; }

/* Calls that run a job, which is no cancellation point itself. */
static void *runs_jobs(void *arg) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    jobring_job job;
    uint64_t ran = 0;
    config.workers = JOBRING_WORKERS_NONE;
    config.capacity = 1;
    CHECK(pthread_cancel(pthread_self()) == 0);
    OK(jobring_create(&config, &pool));
    OK(jobring_submit(pool, identity, NULL, NULL));
    OK(jobring_run_one(pool));
    OK(jobring_submit(pool, identity, NULL, NULL));
    OK(jobring_run_until_idle(pool, &ran));
    OK(jobring_submit(pool, identity, NULL, &job));
    OK(jobring_wait(pool, job, JOBRING_FOREVER, NULL));
    /* The second runs the first. */
    OK(jobring_submit(pool, identity, NULL, NULL));
    OK(jobring_submit(pool, identity, NULL, NULL));
    OK(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL));
    OK(jobring_destroy(pool));
    CHECK(ran == 1);
    *(int *)arg = 1;
    pthread_testcancel();
    *(int *)arg = 2;
    return NULL;
}

int main(void) {
    int came_to = 0;
    pthread_t thread;
    void *result;
    alarm(300);
    CHECK(pthread_create(&thread, NULL, runs_jobs, &came_to) == 0 && pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED && came_to == 1);
    for (const uint32_t *backend = backends(); *backend; backend++) {
        for (const struct call *call = calls; call->function; call++) {
            if (is_left_out(call)) continue;
            /* More than once: a thread seen asleep may be so in the one or in the other wait that there is in a call. */
            for (int n = 0; n < (call->hold && call->expected == JOBRING_OK ? 20 : 1); n++) try_it(call, *backend, 1);
            if (call->hold && call->expected == JOBRING_OK) try_it(call, *backend, 0);
        }
    }
    return 0;
}
