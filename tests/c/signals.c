/* Which signals workers take: exactly those named by the arguments (SIGSEGV ...), or those of the thread that made
 * the pool. A signal sent to the process is never handled on a worker. */
#define _GNU_SOURCE
#include "scene.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static sigset_t open_ones;

/* glibc keeps two for itself. */
static int ours(int number) { return number <= 31 || number >= SIGRTMIN; }
static int blockable(int number) { return ours(number) && number != SIGKILL && number != SIGSTOP; }

static void read_names(int count, char **names) {
    CHECK(sigemptyset(&open_ones) == 0 && count > 1);
    for (int n = 1; n < count; n++) {
        int found = 0;
        for (int number = 1; number <= 31; number++) {
            const char *abbreviation = sigabbrev_np(number);
            if (abbreviation && strcmp(names[n] + 3, abbreviation) == 0) found = number;
        }
        CHECK(found && sigaddset(&open_ones, found) == 0);
    }
}

static void *look(void *mask) {
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, mask) == 0);
    return mask;
}

static jobring_pool *pool_of(uint32_t backend, uint32_t signals) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.backend = backend;
    config.workers = 2;
    config.signals = signals;
    OK(jobring_create(&config, &pool));
    return pool;
}

static jobring_status start_looks(void *masks, uint32_t worker) {
    look((sigset_t *)masks + worker);
    return JOBRING_OK;
}
static void stop_looks(void *masks, uint32_t worker) { look((sigset_t *)masks + worker); }

/* The masks of the jobs, and of both hooks. */
static void masks_of(uint32_t backend, uint32_t signals, sigset_t masks[3]) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    jobring_job job;
    config.backend = backend;
    config.workers = 1;
    config.signals = signals;
    config.on_start = start_looks;
    config.hook_arg = masks;
    OK(jobring_create(&config, &pool));
    OK(jobring_submit(pool, look, &masks[1], &job));
    OK(jobring_wait(pool, job, LONG, NULL));
    OK(jobring_destroy(pool));
    config.on_start = NULL;
    config.on_stop = stop_looks;
    config.hook_arg = &masks[2];
    OK(jobring_create(&config, &pool));
    OK(jobring_destroy(pool));
}

static void exact_masks(uint32_t backend) {
    sigset_t mine, now, masks[3];
    /* Whatever the maker's own is. */
    for (int round = 0; round < 3; round++) {
        CHECK((round == 1 ? sigfillset(&mine) : sigemptyset(&mine)) == 0);
        if (round == 2) CHECK(sigaddset(&mine, SIGUSR2) == 0 && sigaddset(&mine, SIGSEGV) == 0);
        CHECK(pthread_sigmask(SIG_SETMASK, &mine, NULL) == 0);
        masks_of(backend, JOBRING_SIGNALS_BLOCK, masks);
        for (int mask = 0; mask < 3; mask++)
            for (int number = 1; number <= SIGRTMAX; number++) {
                if (!blockable(number)) continue;
                const int blocked = sigismember(&masks[mask], number);
                if (blocked == sigismember(&open_ones, number)) fprintf(stderr, "signal %d\n", number);
                CHECK(blocked != sigismember(&open_ones, number));
            }
        masks_of(backend, JOBRING_SIGNALS_INHERIT, masks);
        CHECK(pthread_sigmask(SIG_SETMASK, NULL, &now) == 0);
        for (int number = 1; number <= SIGRTMAX; number++) {
            if (!blockable(number)) continue;
            for (int mask = 0; mask < 3; mask++)
                CHECK(sigismember(&masks[mask], number) == sigismember(&mine, number));
            CHECK(sigismember(&now, number) == sigismember(&mine, number));
        }
    }
    CHECK(sigemptyset(&mine) == 0 && pthread_sigmask(SIG_SETMASK, &mine, NULL) == 0);
}

static sem_t gate, handled;
static pthread_t handler_thread;

static void handler(int number) {
    (void)number;
    handler_thread = pthread_self();
    sem_post(&handled);
}

static void *held(void *arg) {
    await(&gate);
    return arg;
}

/* One worker runs a job, one is idle. A signal that either took would not be there for this thread to find. */
static void sent_to_the_process(uint32_t backend) {
    struct sigaction action = {.sa_handler = handler};
    sigset_t all, none, one;
    jobring_job job;
    CHECK(sem_init(&gate, 0, 0) == 0 && sem_init(&handled, 0, 0) == 0);
    CHECK(sigfillset(&all) == 0 && sigemptyset(&none) == 0 && sigemptyset(&action.sa_mask) == 0);
    for (int number = 1; number <= SIGRTMAX; number++) {
        if (!blockable(number) || sigismember(&open_ones, number)) continue;
        CHECK(sigaction(number, &action, NULL) == 0);
    }
    jobring_pool *pool = pool_of(backend, JOBRING_SIGNALS_BLOCK);
    OK(jobring_submit(pool, held, NULL, &job));
    CHECK(pthread_sigmask(SIG_SETMASK, &all, NULL) == 0);
    for (int number = 1; number <= SIGRTMAX; number++) {
        int found;
        if (!blockable(number) || sigismember(&open_ones, number)) continue;
        CHECK(sigemptyset(&one) == 0 && sigaddset(&one, number) == 0);
        CHECK(kill(getpid(), number) == 0);
        CHECK(sigwait(&one, &found) == 0 && found == number);
    }
    CHECK(sem_trywait(&handled) != 0);
    /* Where only this thread takes them, it is this one that does. */
    CHECK(pthread_sigmask(SIG_SETMASK, &none, NULL) == 0);
    for (int n = 0; n < 100; n++) {
        CHECK(kill(getpid(), SIGTERM) == 0);
        await(&handled);
        CHECK(pthread_equal(handler_thread, pthread_self()));
    }
    CHECK(sem_post(&gate) == 0);
    OK(jobring_wait(pool, job, LONG, NULL));
    OK(jobring_destroy(pool));
    /* Workers that inherit take what their maker has blocked since. */
    pool = pool_of(backend, JOBRING_SIGNALS_INHERIT);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, NULL) == 0);
    CHECK(kill(getpid(), SIGTERM) == 0);
    await(&handled);
    CHECK(!pthread_equal(handler_thread, pthread_self()));
    CHECK(pthread_sigmask(SIG_SETMASK, &none, NULL) == 0);
    OK(jobring_destroy(pool));
}

int main(int count, char **names) {
    alarm(300);
    read_names(count, names);
    for (const uint32_t *backend = backends(); *backend; backend++) {
        exact_masks(*backend);
        sent_to_the_process(*backend);
    }
    puts("signals: as the header says");
    return 0;
}
