/* A signal at every instruction of a call. The thread single-steps through the call (x86-64's trap flag), and at its
 * n-th instruction the handler submits a job to the same pool; n grows until the call has fewer instructions. The
 * jobs of the call and of the handler end once, and no slot is lost. Argument: which n: 1 for each, 7 for every 7th;
 * beyond the first 300 a quarter of that. */
#define _GNU_SOURCE
#include "gate.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

enum { CAPACITY = 4, TRAP = 0x100 };

static jobring_pool *pool;
static volatile sig_atomic_t countdown, in_handler;
static int runs, dones, drops, called_in_handler, late_runs, late_drops;
static volatile jobring_status answer;
static jobring_submit_options late_options = JOBRING_SUBMIT_OPTIONS_INIT;

static void *counted(void *arg) {
    called_in_handler += in_handler;
    runs++;
    return arg;
}
static void *failing(void *arg) {
    OK(jobring_fail(3, "a reason"));
    return counted(arg);
}
static void on_done(void *arg, const jobring_outcome *outcome) {
    (void)arg, (void)outcome;
    called_in_handler += in_handler;
    dones++;
}
static void on_drop(void *arg, jobring_status why) {
    (void)arg, (void)why;
    called_in_handler += in_handler;
    drops++;
}
static void *of_handler(void *arg) {
    called_in_handler += in_handler;
    late_runs++;
    return arg;
}

static void on_late_drop(void *arg, jobring_status why) {
    (void)arg;
    called_in_handler += in_handler || why != JOBRING_E_SHUTDOWN;
    late_drops++;
}
static void *nothing(void *arg) { return arg; }

static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    if (countdown-- > 0) return;
    in_handler = 1;
    const int old = errno;
    answer = jobring_submit_opts(pool, of_handler, NULL, &late_options, NULL);
    if (errno != old) called_in_handler++;
    in_handler = 0;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP;
}

/* Below the red zone: the compiler does not know of the push. */
#define FLAGS(change)                                                                               \
    __asm__ volatile("leaq -128(%%rsp), %%rsp; pushfq; " change " (%%rsp); popfq; leaq 128(%%rsp), %%rsp" \
                     ::                                                                             \
                         : "memory", "cc")

/* A job submitted with callbacks, and what is known of it. */
static jobring_job job;
static jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;

static void set_up_nothing(void) {}
static void set_up_queued(void) { OK(jobring_submit_opts(pool, counted, &runs, &options, &job)); }
static void set_up_over(void) {
    set_up_queued();
    OK(jobring_run_one(pool));
}
static void set_up_failed(void) {
    OK(jobring_submit_opts(pool, failing, &runs, &options, &job));
    OK(jobring_run_one(pool));
}
static void set_up_cancelled(void) {
    set_up_queued();
    OK(jobring_cancel(pool, job));
}
/* One slot is free; of the others the entries still lie in the ring, and a submitter that finds no slot clears them away. */
static void set_up_tombstones(void) {
    OK(jobring_submit(pool, counted, NULL, NULL));
    for (int n = 1; n < CAPACITY; n++) {
        set_up_cancelled();
        CHECK(jobring_poll(pool, job, NULL) == JOBRING_E_CANCELLED);
    }
    OK(jobring_run_one(pool));
    job = 0;
}
static void set_up_full(void) {
    for (int n = 0; n < CAPACITY; n++) OK(jobring_submit(pool, counted, NULL, NULL));
}
static void set_up_one_free(void) {
    for (int n = 1; n < CAPACITY; n++) OK(jobring_submit(pool, counted, NULL, NULL));
}

static jobring_status call_submit(void) { return jobring_submit_opts(pool, counted, &runs, &options, &job); }
static jobring_status call_try_submit(void) { return jobring_try_submit(pool, counted, NULL, NULL); }
static jobring_status call_batch(void) {
    const jobring_batch_item items[] = {{counted, NULL, NULL, NULL}, {counted, NULL, NULL, NULL}};
    return jobring_submit_batch(pool, items, 2, NULL, NULL);
}
static jobring_status call_wait(void) { return jobring_wait(pool, job, JOBRING_FOREVER, NULL); }
static jobring_status call_wait_a_little(void) { return jobring_wait(pool, job, 0, NULL); }
static jobring_status call_poll(void) { return jobring_poll(pool, job, NULL); }
static jobring_status call_cancel(void) { return jobring_cancel(pool, job); }
static jobring_status call_detach(void) { return jobring_detach(pool, job); }
static jobring_status call_wait_opts(void) { return wait_data(pool, job, &job, sizeof job, NULL); }
static jobring_status call_peek(void) { return peek(pool, job, NULL); }
static jobring_status call_run_one(void) { return jobring_run_one(pool); }
static jobring_status call_run_all(void) { return jobring_run_until_idle(pool, NULL); }
static jobring_status call_discard(void) { return jobring_shutdown(pool, JOBRING_DISCARD, JOBRING_FOREVER, NULL); }
static jobring_status call_drain(void) { return jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL); }

struct step {
    const char *name;
    void (*set_up)(void);
    jobring_status (*call)(void);
    jobring_status expected;
    /* The handler may come first, and then: */
    jobring_status or_else;
    /* How often, at the end of all, the jobs of this thread have run; done and drop have been called. */
    int runs, dones, drops;
};
#define OVER JOBRING_OK, JOBRING_OK
#define ONLY(status) status, status
static const struct step steps[] = {
    {"submit", set_up_nothing, call_submit, OVER, 1, 1, 1},
    {"submit with tombstones", set_up_tombstones, call_submit, OVER, 2, 4, 4},
    {"try_submit to a full pool", set_up_full, call_try_submit, ONLY(JOBRING_E_FULL), 4, 0, 0},
    {"try_submit on the last slot", set_up_one_free, call_try_submit, JOBRING_OK, JOBRING_E_FULL, 4, 0, 0},
    {"submit to a full pool", set_up_full, call_submit, OVER, 5, 1, 1},
    {"batch", set_up_nothing, call_batch, OVER, 2, 0, 0},
    {"wait queued", set_up_queued, call_wait, OVER, 1, 1, 0},
    {"wait over", set_up_over, call_wait, OVER, 1, 1, 0},
    {"wait failed", set_up_failed, call_wait, ONLY(JOBRING_E_FAILED), 1, 1, 0},
    {"wait cancelled", set_up_cancelled, call_wait, ONLY(JOBRING_E_CANCELLED), 0, 1, 1},
    {"wait with 0", set_up_queued, call_wait_a_little, ONLY(JOBRING_E_TIMEDOUT), 1, 1, 1},
    {"poll queued", set_up_queued, call_poll, ONLY(JOBRING_PENDING), 1, 1, 1},
    {"poll over", set_up_over, call_poll, OVER, 1, 1, 0},
    {"cancel queued", set_up_queued, call_cancel, OVER, 0, 1, 1},
    {"cancel over", set_up_over, call_cancel, ONLY(JOBRING_E_BUSY), 1, 1, 1},
    {"detach queued", set_up_queued, call_detach, OVER, 1, 1, 1},
    {"detach over", set_up_over, call_detach, OVER, 1, 1, 1},
    {"detach cancelled", set_up_cancelled, call_detach, OVER, 0, 1, 1},
    {"wait_opts over", set_up_over, call_wait_opts, OVER, 1, 1, 0},
    {"peek over", set_up_over, call_peek, OVER, 1, 1, 1},
    {"peek failed", set_up_failed, call_peek, ONLY(JOBRING_E_FAILED), 1, 1, 0},
    {"run one", set_up_queued, call_run_one, OVER, 1, 1, 1},
    {"run all", set_up_queued, call_run_all, OVER, 1, 1, 1},
    {"discard", set_up_queued, call_discard, OVER, 0, 1, 1},
    {"drain", set_up_queued, call_drain, OVER, 1, 1, 1},
};

/* With the handler at the n-th instruction. 0 if the call has fewer. */
static int go(const struct step *step, int n) {
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = JOBRING_WORKERS_NONE;
    config.capacity = CAPACITY;
    OK(jobring_create(&config, &pool));
    job = 0;
    runs = dones = drops = late_runs = late_drops = 0;
    step->set_up();
    answer = 2;
    countdown = n;
    jobring_status (*const call)(void) = step->call;
    FLAGS("orq $0x100,");
    jobring_status status = call();
    FLAGS("andq $~0x100,");
    const int reached = answer != 2, closes = step->call == call_discard || step->call == call_drain;
    CHECK(status == step->expected || (reached && status == step->or_else));
    CHECK(!reached || answer == JOBRING_OK || answer == JOBRING_E_FULL || (closes && answer == JOBRING_E_SHUTDOWN));
    OK(jobring_run_until_idle(pool, NULL));
    CHECK(late_runs + late_drops == (answer == JOBRING_OK) && (late_drops == 0 || step->call == call_discard));
    /* All slots are there. */
    if (job) (void)jobring_detach(pool, job);
    for (int filled = 0; !closes && filled <= CAPACITY; filled++)
        CHECK(jobring_try_submit(pool, nothing, NULL, NULL) == (filled < CAPACITY ? JOBRING_OK : JOBRING_E_FULL));
    OK(jobring_destroy(pool));
    CHECK(runs == step->runs - (status != step->expected));
    CHECK(dones == step->dones && drops == step->drops && called_in_handler == 0);
    return reached;
}

int main(int count, char **arguments) {
    const int stride = count > 1 ? atoi(arguments[1]) : 1;
    struct sigaction action;
    int all = 0;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_trap;
    action.sa_flags = SA_SIGINFO;
    CHECK(sigemptyset(&action.sa_mask) == 0 && sigaction(SIGTRAP, &action, NULL) == 0);
    options.done = on_done;
    options.drop = on_drop;
    /* As try_submit, with a callback. */
    late_options.when_full = JOBRING_WHEN_FULL_FAIL;
    late_options.drop = on_late_drop;
    for (size_t which = 0; which < sizeof steps / sizeof *steps; which++) {
        int n = 0, accepted = 0, refused = 0;
        CHECK(stride > 0);
        for (; go(&steps[which], n); n += stride == 1 || n < 300 ? stride : 4 * stride) {
            accepted += answer == JOBRING_OK;
            refused += answer != JOBRING_OK;
        }
        /* A call has more instructions than that, and ends at last. */
        CHECK(n > 20);
        all += accepted + refused;
        printf("step %s: about %d instructions, accepted %d, refused %d\n", steps[which].name, n, accepted, refused);
    }
    printf("signal_step: %d calls, %d signals\n", (int)(sizeof steps / sizeof *steps), all);
    return 0;
}
