/* A call that sleeps continues to sleep when its thread handles signals, and ends as without them. A call with a
 * timeout ends in time although signals keep coming. Prints "cell <function> <how>". */
#define _GNU_SOURCE
#include "scene.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { SIGNALS = 20 };

/* Posted by each run of the handler, after it was counted. */
static sem_t handled;
static atomic_int runs;
static pthread_t target;
static atomic_int elsewhere;

static void handler(int number) {
    (void)number;
    if (!pthread_equal(pthread_self(), target)) atomic_fetch_add(&elsewhere, 1);
    atomic_fetch_add(&runs, 1);
    sem_post(&handled);
}

struct sleeper {
    const struct call *call;
    struct scene scene;
    atomic_int thread, returned;
    jobring_status status;
    sem_t begun, leave;
};

static void *sleeper(void *arg) {
    struct sleeper *sleeper = arg;
    atomic_store(&sleeper->thread, gettid());
    CHECK(sem_post(&sleeper->begun) == 0);
    sleeper->status = sleeper->call->call(&sleeper->scene);
    atomic_store(&sleeper->returned, 1);
    await(&sleeper->leave);
    return NULL;
}

/* The handler runs once more on the thread. */
static void disturb(void) {
    CHECK(pthread_kill(target, SIGUSR1) == 0);
    await(&handled);
}

static void try_it(const struct call *call, uint32_t backend) {
    struct sleeper place = {.call = call};
    CHECK(sem_init(&place.begun, 0, 0) == 0 && sem_init(&place.leave, 0, 0) == 0);
    scene_begin(&place.scene, call, backend);
    atomic_store(&runs, 0);
    CHECK(pthread_create(&target, NULL, sleeper, &place) == 0);
    await(&place.begun);
    int sent = 0;
    if (call->expected == JOBRING_E_TIMEDOUT) {
        /* If the whole time began again after each, the wait would never end. */
        for (; !atomic_load(&place.returned); sent++) disturb();
    } else {
        for (; sent < SIGNALS; sent++) {
            await_sleep(place.thread);
            disturb();
        }
        await_sleep(place.thread);
        CHECK(!atomic_load(&place.returned));
        call->let_go(&place.scene);
    }
    CHECK(sem_post(&place.leave) == 0 && pthread_join(target, NULL) == 0);
    CHECK(atomic_load(&runs) == sent && atomic_load(&elsewhere) == 0);
    if (place.status != call->expected) fprintf(stderr, "%s %s: %d\n", call->function, call->how, (int)place.status);
    CHECK(place.status == call->expected);
    if (call->expected == JOBRING_E_TIMEDOUT) call->let_go(&place.scene);
    scene_end(&place.scene);
    printf("cell %s %s\n", call->function, call->how);
}

struct worker {
    pthread_t self;
    pid_t thread;
};

static void *who(void *arg) {
    struct worker *worker = arg;
    worker->self = pthread_self();
    worker->thread = gettid();
    return worker;
}

/* Workers that take signals sleep on too, and find the next job. */
static void idle_worker(uint32_t backend) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    struct worker worker;
    config.backend = backend;
    config.workers = 1;
    config.signals = JOBRING_SIGNALS_INHERIT;
    OK(jobring_create(&config, &pool));
    for (int n = 0; n < SIGNALS; n++) {
        jobring_job job;
        OK(jobring_submit(pool, who, &worker, &job));
        OK(jobring_wait(pool, job, LONG, NULL));
        target = worker.self;
        await_sleep(worker.thread);
        disturb();
        disturb();
    }
    CHECK(atomic_load(&elsewhere) == 0);
    OK(jobring_destroy(pool));
}

int main(void) {
    struct sigaction action = {.sa_handler = handler};
    alarm(300);
    CHECK(sem_init(&handled, 0, 0) == 0);
    CHECK(sigemptyset(&action.sa_mask) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
    for (const uint32_t *backend = backends(); *backend; backend++) {
        for (const struct call *call = calls; call->function; call++)
            if (call->hold && !is_left_out(call)) try_it(call, *backend);
        idle_worker(*backend);
    }
    return 0;
}
