/* Submits from a signal handler: into a ring full of cancelled jobs, where no callback may run inside the handler;
 * and on a thread that is itself inside a call on the same pool. Argument: the least number of signals. */
#define _GNU_SOURCE
#include "gate.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static jobring_pool *pool;
static _Thread_local volatile sig_atomic_t in_handler;
static atomic_int runs, dones, drops, in_handler_by_mistake;

static void seen(atomic_int *what) {
    if (in_handler) atomic_fetch_add(&in_handler_by_mistake, 1);
    atomic_fetch_add(what, 1);
}

static void *counted(void *arg) {
    seen(&runs);
    return arg;
}
static void on_done(void *arg, const jobring_outcome *outcome) {
    (void)arg, (void)outcome;
    seen(&dones);
}
static void on_drop(void *arg, jobring_status why) {
    (void)arg, (void)why;
    seen(&drops);
}

static void install(void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    CHECK(sigemptyset(&action.sa_mask) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
}

static void make(uint32_t workers, uint32_t capacity, jobring_start_fn on_start) {
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = workers;
    config.capacity = capacity;
    config.signals = on_start ? JOBRING_SIGNALS_INHERIT : JOBRING_SIGNALS_BLOCK;
    config.on_start = on_start;
    OK(jobring_create(&config, &pool));
    atomic_store(&runs, 0);
    atomic_store(&dones, 0);
    atomic_store(&drops, 0);
}

/* One submit from a handler on this thread. */
static volatile jobring_status answer;

static void submit_once(int signal) {
    (void)signal;
    in_handler = 1;
    errno = 1234;
    answer = jobring_try_submit(pool, counted, NULL, NULL);
    if (errno != 1234) answer = 1;
    in_handler = 0;
}

static jobring_status from_handler(void) {
    const int before[] = {atomic_load(&dones), atomic_load(&drops)};
    answer = 2;
    CHECK(raise(SIGUSR1) == 0);
    CHECK(atomic_load(&in_handler_by_mistake) == 0);
    CHECK(atomic_load(&dones) == before[0] && atomic_load(&drops) == before[1]);
    return answer;
}

static struct gate first_in, first_on, second_in, second_on;
static void *first(void *arg) {
    gate_open(&first_in);
    gate_pass(&first_on);
    return arg;
}
static void *second(void *arg) {
    gate_open(&second_in);
    gate_pass(&second_on);
    return arg;
}

enum { CANCELLED = 6 };

static void into_cancelled_jobs(void) {
    static const struct gate gate = GATE_INIT;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job jobs[CANCELLED];
    options.done = on_done;
    options.drop = on_drop;
    first_in = first_on = second_in = second_on = gate;
    make(1, CANCELLED + 2, NULL);
    OK(jobring_submit(pool, first, NULL, NULL));
    gate_pass(&first_in);
    OK(jobring_submit(pool, second, NULL, NULL));
    for (int n = 0; n < CANCELLED; n++) OK(jobring_submit_opts(pool, counted, &jobs[n], &options, &jobs[n]));
    CHECK(from_handler() == JOBRING_E_FULL);
    for (int n = 0; n < CANCELLED; n++) OK(jobring_cancel(pool, jobs[n]));
    CHECK(atomic_load(&dones) == CANCELLED && atomic_load(&drops) == CANCELLED);
    /* Nobody has asked for them yet: their slots are theirs. */
    CHECK(from_handler() == JOBRING_E_FULL);
    for (int n = 0; n < CANCELLED; n++)
        if (n % 2)
            CHECK(jobring_poll(pool, jobs[n], NULL) == JOBRING_E_CANCELLED);
        else
            OK(jobring_detach(pool, jobs[n]));
    /* Their entries lie behind a job that nobody has begun. */
    CHECK(from_handler() == JOBRING_E_FULL);
    gate_open(&first_on);
    gate_pass(&second_in);
    /* Now they are the oldest, and the handler clears them away itself; the slot of the first job is free too. */
    for (int n = 0; n < CANCELLED + 1; n++) OK(from_handler());
    CHECK(from_handler() == JOBRING_E_FULL);
    CHECK(atomic_load(&runs) == 0);
    gate_open(&second_on);
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, NULL));
    CHECK(from_handler() == JOBRING_E_SHUTDOWN);
    CHECK(atomic_load(&runs) == CANCELLED + 1);
    CHECK(atomic_load(&dones) == CANCELLED && atomic_load(&drops) == CANCELLED);
    OK(jobring_destroy(pool));
}

/* Where a blocking submit would run the oldest job on the caller. */
static void into_a_pool_without_workers(void) {
    make(JOBRING_WORKERS_NONE, 2, NULL);
    OK(from_handler());
    OK(from_handler());
    CHECK(from_handler() == JOBRING_E_FULL && atomic_load(&runs) == 0);
    OK(jobring_destroy(pool));
    CHECK(atomic_load(&runs) == 2);
}

/* The stress: the calls that a thread is in when a signal comes. */
enum call { NONE, SUBMIT, WAIT, CANCEL, POLL, DETACH, PEEK, CALLS };
static const char *const names[] = {"none", "submit", "wait", "cancel", "poll", "detach", "error"};
static volatile sig_atomic_t call;
static atomic_uint interrupted[CALLS], in_worker;
static pthread_t caller, worker;
static atomic_int over;

enum { MOST = 1 << 20 };
/* What became of the job of each signal: its number of runs; and did submit accept it. */
static atomic_uchar signal_runs[MOST], accepted[MOST];
static atomic_uint signals, handled;
/* One of the handler's jobs at a time has a handle, for the interrupted thread to ask for. */
static _Atomic jobring_job named;

static void *of_signal(void *arg) {
    if (in_handler) atomic_fetch_add(&in_handler_by_mistake, 1);
    atomic_fetch_add(&signal_runs[(uintptr_t)arg], 1);
    return arg;
}

static void submit_one_more(int signal) {
    (void)signal;
    const int old = errno;
    const unsigned n = atomic_fetch_add(&signals, 1);
    const int by_caller = pthread_equal(pthread_self(), caller);
    in_handler = 1;
    if (by_caller)
        atomic_fetch_add(&interrupted[call], 1);
    else
        atomic_fetch_add(&in_worker, 1);
    if (n < MOST) {
        jobring_job job = 0;
        const int with_handle = by_caller && atomic_load(&named) == 0;
        jobring_status status =
            jobring_try_submit(pool, of_signal, (void *)(uintptr_t)n, with_handle ? &job : NULL);
        atomic_store(&accepted[n], status == JOBRING_OK ? 1 : status == JOBRING_E_FULL ? 0 : 9);
        if (job) atomic_store(&named, job);
    }
    in_handler = 0;
    if (errno != old) atomic_fetch_add(&in_handler_by_mistake, 1);
    atomic_fetch_add(&handled, 1);
}

/* How many calls the thread has made, so that signals come at all times and not only in those that take long. */
static atomic_uint calls;
#define AT(which, expression)                                                                       \
    (call = (which), status = (expression), call = NONE, atomic_fetch_add(&calls, 1), status)

static void *once(void *arg) {
    atomic_fetch_add((atomic_uchar *)arg, 1);
    return arg;
}

enum { AT_ONCE = 24, CAPACITY = 32 };

static void call_all_the_time(void) {
    static atomic_uchar ends[AT_ONCE];
    jobring_job jobs[AT_ONCE], job;
    jobring_status status;
    unsigned rounds = 0;
    int expected = 0;
    void *result;
    for (; !atomic_load(&over); rounds++) {
        for (int n = 0; n < AT_ONCE; n++) {
            atomic_store(&ends[n], 0);
            OK(AT(SUBMIT, jobring_submit(pool, once, &ends[n], &jobs[n])));
        }
        for (int n = 0; n < AT_ONCE; n++) {
            switch ((rounds + (unsigned)n / 8) % 4) {
                case 0: OK(AT(WAIT, jobring_wait(pool, jobs[n], LONG, NULL))); break;
                case 1:
                    if (AT(CANCEL, jobring_cancel(pool, jobs[n])) == JOBRING_OK) {
                        CHECK(AT(WAIT, jobring_wait(pool, jobs[n], LONG, NULL)) == JOBRING_E_CANCELLED);
                        CHECK(atomic_fetch_add(&ends[n], 1) == 0);
                    } else {
                        CHECK(status == JOBRING_E_BUSY);
                        OK(AT(WAIT, jobring_wait(pool, jobs[n], LONG, NULL)));
                    }
                    break;
                case 2:
                    while (AT(PEEK, peek(pool, jobs[n], NULL)) == JOBRING_PENDING) {
                    }
                    OK(status);
                    OK(AT(POLL, jobring_poll(pool, jobs[n], &result)));
                    CHECK(result == &ends[n]);
                    break;
                default: OK(AT(DETACH, jobring_detach(pool, jobs[n]))); break;
            }
        }
        /* More than fit in: submit waits for a slot. */
        for (int n = 0; n < 2 * CAPACITY && rounds % 8 == 0; n++, expected++)
            OK(AT(SUBMIT, jobring_submit(pool, counted, NULL, NULL)));
        /* One worker: when the last has finished, all have. */
        OK(AT(SUBMIT, jobring_submit(pool, counted, NULL, &job)));
        OK(AT(WAIT, jobring_wait(pool, job, LONG, NULL)));
        CHECK(atomic_load(&runs) == ++expected);
        for (int n = 0; n < AT_ONCE; n++) CHECK(atomic_load(&ends[n]) == 1);
        if ((job = atomic_load(&named)) != 0) {
            OK(AT(WAIT, jobring_wait(pool, job, LONG, NULL)));
            atomic_store(&named, 0);
        }
    }
    printf("signal_submit: %u rounds\n", rounds);
}

static jobring_status on_start(void *arg, uint32_t index) {
    (void)arg, (void)index;
    worker = pthread_self();
    return JOBRING_OK;
}

static void *send_signals(void *arg) {
    const unsigned fewest = *(unsigned *)arg;
    for (unsigned n = 0;; n++) {
        /* The other calls are short: signal_step.c has a signal at each of their instructions. */
        if (n >= fewest && interrupted[SUBMIT] >= fewest / 100 && interrupted[WAIT] >= fewest / 100) break;
        CHECK(n < MOST);
        const unsigned at = atomic_load(&calls) + n % 2 * (n % 101);
        UNTIL((int)(atomic_load(&calls) - at) >= 0);
        CHECK(pthread_kill(n % 8 < 6 ? caller : worker, SIGUSR1) == 0);
        UNTIL(atomic_load(&handled) == n + 1);
    }
    atomic_store(&over, 1);
    return NULL;
}

static void on_top_of_a_call(unsigned fewest) {
    pthread_t sender;
    unsigned ran = 0;
    caller = pthread_self();
    /* One worker, so that jobs end in their order. */
    make(1, CAPACITY, on_start);
    install(submit_one_more);
    CHECK(pthread_create(&sender, NULL, send_signals, &fewest) == 0);
    call_all_the_time();
    CHECK(pthread_join(sender, NULL) == 0);
    OK(jobring_destroy(pool));
    CHECK(atomic_load(&in_handler_by_mistake) == 0);
    const unsigned all = atomic_load(&signals);
    for (unsigned n = 0; n < all; n++) {
        CHECK(atomic_load(&signal_runs[n]) == atomic_load(&accepted[n]));
        ran += atomic_load(&signal_runs[n]);
    }
    CHECK(ran >= all / 10);
    printf("signal_submit: %u signals, %u in the worker, accepted %u;", all, atomic_load(&in_worker), ran);
    for (int which = NONE; which < CALLS; which++)
        printf(" %s %u", names[which], atomic_load(&interrupted[which]));
    puts("");
}

int main(int count, char **arguments) {
    const unsigned fewest = count > 1 ? (unsigned)strtoul(arguments[1], NULL, 10) : 5000;
    install(submit_once);
    into_cancelled_jobs();
    into_a_pool_without_workers();
    on_top_of_a_call(fewest);
    return 0;
}
