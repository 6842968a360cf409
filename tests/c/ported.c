/* A pool on a user-defined port, in a build of the library without std and without pthread: threads submit, wait,
 * time out and shut down; workers that the port creates and threads that enter as workers; a signal handler as the
 * interrupt; ports that are refused. */
#define _GNU_SOURCE
#include "host_port.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* What Rust's core refers to and a build that aborts never calls. */
int rust_eh_personality(void);
int rust_eh_personality(void) { return 8; }

enum { CAPACITY = 16, WORKERS = 4, DEADLINE_S = 100 };

JOBRING_STATIC_POOL(memory, CAPACITY, WORKERS, 48);
JOBRING_STATIC_POOL(memory_too, CAPACITY, WORKERS, 48);

static jobring_seat seats[SEATS];
static struct host host;

static const jobring_port plain = {
    sizeof(jobring_port), SEATS, seats, &host, host_now, host_park, host_unpark, host_pause, host_get_self,
    host_set_self, host_spawn, host_join,
};

static void begin(const char *scene) {
    printf("%s\n", scene);
    fflush(stdout);
    memset(&host, 0, sizeof host);
    host_begin(&host);
    alarm(DEADLINE_S);
}

/* All seats are empty when all pools are gone. */
static void end(void) {
    for (int n = 0; n < SEATS; n++) CHECK(seats[n].word == 0);
    CHECK(host.spawned == host.joined);
    CHECK(host.inside == 0);
}

#define UNTIL(condition)                                                                            \
    do {                                                                                            \
        while (!(condition)) sched_yield();                                                         \
    } while (0)

static jobring_pool *made_in(void *at, const jobring_port *port, uint32_t workers) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    config.workers = workers;
    config.max_workers = WORKERS;
    config.capacity = CAPACITY;
    config.port = port;
    OK(jobring_init(&config, at, sizeof memory, &pool));
    return pool;
}

static jobring_pool *made(const jobring_port *port, uint32_t workers) { return made_in(memory, port, workers); }

static atomic_int ran;

static void *count(void *arg) {
    atomic_fetch_add(&ran, 1);
    return arg;
}

/* A job that lasts until it is let go. */
struct gate {
    sem_t open;
    atomic_int inside;
};

static void *stay(void *arg) {
    struct gate *const gate = arg;
    atomic_fetch_add(&gate->inside, 1);
    while (sem_wait(&gate->open) != 0) {}
    return arg;
}

static void *submits_and_waits(void *arg) {
    jobring_pool *const pool = arg;
    for (int n = 0; n < 1500; n++) {
        jobring_job job;
        void *result = NULL;
        OK(jobring_submit(pool, count, &host, &job));
        OK(jobring_wait(pool, job, n % 2 ? LONG : JOBRING_FOREVER, &result));
        CHECK(result == &host);
        OK(jobring_submit(pool, count, NULL, NULL));
    }
    return NULL;
}

static void threads_submit_and_wait(void) {
    pthread_t submitters[3];
    begin("threads submit and wait");
    jobring_pool *const pool = made(&plain, WORKERS);
    CHECK(host.spawned == WORKERS);
    /* An idle pool: all its workers sleep without a time limit (the last one after a second look), and stay asleep. */
    UNTIL(host.asleep == WORKERS);
    const int parks = host.parks;
    for (int n = 0; n < 1000; n++) sched_yield();
    CHECK(host.parks == parks && host.asleep == WORKERS);

    ran = 0;
    for (int n = 0; n < 3; n++) CHECK(pthread_create(&submitters[n], NULL, submits_and_waits, pool) == 0);
    for (int n = 0; n < 3; n++) CHECK(pthread_join(submitters[n], NULL) == 0);
    jobring_report report;
    OK(jobring_shutdown(pool, JOBRING_DRAIN, LONG, &report));
    CHECK(ran == 3 * 1500 * 2 && report.queued == 0 && report.running == 0);
    CHECK(host.unparks[0] > 0 && host.unparks[1] == 0);
    jobring_info info = {0};
    info.size = sizeof info;
    OK(jobring_info_get(pool, &info));
    CHECK(info.workers == WORKERS);
    /* The port knows its workers, the library does not. */
    jobring_worker worker = {0};
    size_t bytes;
    worker.size = sizeof worker;
    CHECK(jobring_worker_get(pool, WORKERS - 1, &worker) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_pause(pool) == JOBRING_E_UNSUPPORTED && jobring_resume(pool) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_workers_set(pool, 1, 0) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_worker_get(pool, WORKERS, &worker) == JOBRING_E_INVALID);
    CHECK(jobring_worker_stack(pool, WORKERS - 1, &bytes, NULL) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_worker_stack(pool, WORKERS, &bytes, NULL) == JOBRING_E_INVALID);
    CHECK(jobring_worker_stack(pool, WORKERS - 1, NULL, NULL) == JOBRING_E_UNSUPPORTED);
    OK(jobring_destroy(pool));
    end();
}

static void waits_time_out(const jobring_port *port) {
    struct gate gate = {.inside = 0};
    jobring_job held, filler;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    const int64_t a_while = 5 * 1000 * 1000;
    const int has_clock = port->now != NULL;
    CHECK(sem_init(&gate.open, 0, 0) == 0);
    begin(has_clock ? "waits time out" : "without a clock they poll");
    jobring_pool *const pool = made(port, 1);
    OK(jobring_submit(pool, stay, &gate, &held));
    UNTIL(gate.inside == 1);

    const int timed = host.timed;
    CHECK(jobring_wait(pool, held, a_while, NULL) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_wait(pool, held, 0, NULL) == JOBRING_E_TIMEDOUT);
    CHECK((host.timed > timed) == has_clock);
    for (int n = 1; n < CAPACITY; n++) OK(jobring_try_submit(pool, count, NULL, NULL));
    CHECK(jobring_try_submit(pool, count, NULL, &filler) == JOBRING_E_FULL);
    options.limit_ns = a_while;
    CHECK(jobring_submit_opts(pool, count, NULL, &options, &filler) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_shutdown(pool, JOBRING_DRAIN, a_while, NULL) == JOBRING_E_TIMEDOUT);
    CHECK(has_clock || host.timed == 0);

    CHECK(sem_post(&gate.open) == 0);
    OK(jobring_wait(pool, held, JOBRING_FOREVER, NULL));
    OK(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL));
    OK(jobring_destroy(pool));
    end();
}

static jobring_pool *of_handler;
static atomic_int accepted, refused;

static void interrupt(int signal) {
    (void)signal;
    const jobring_status status = jobring_try_submit_isr(of_handler, count, NULL, NULL);
    if (status == JOBRING_OK) {
        atomic_fetch_add(&accepted, 1);
    } else {
        CHECK(status == JOBRING_E_FULL);
        atomic_fetch_add(&refused, 1);
    }
}

struct storm {
    pthread_t of;
    atomic_int over;
};

static void *storms(void *arg) {
    struct storm *const storm = arg;
    while (!storm->over) {
        CHECK(pthread_kill(storm->of, SIGUSR1) == 0);
        sched_yield();
    }
    return NULL;
}

static void an_interrupt_submits(void) {
    struct sigaction action = {.sa_handler = interrupt};
    struct storm storm = {.of = pthread_self()};
    pthread_t thread;
    begin("an interrupt submits");
    of_handler = made(&plain, WORKERS);
    ran = accepted = refused = 0;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);

    /* All sleep: it is the interrupt that wakes one. */
    UNTIL(host.asleep == WORKERS);
    CHECK(raise(SIGUSR1) == 0);
    UNTIL(ran == 1);
    CHECK(host.unparks[1] >= 1 && host.unparks[0] == 0);

    /* By options, the same. */
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job job;
    UNTIL(host.asleep == WORKERS);
    const int before = host.unparks[1];
    options.when_full = JOBRING_WHEN_FULL_FAIL_ISR;
    OK(jobring_submit_opts(of_handler, count, NULL, &options, &job));
    OK(jobring_wait(of_handler, job, LONG, NULL));
    CHECK(host.unparks[1] > before);

    /* Wherever this thread is inside of submit and wait. Nobody else gets the signal: sem_wait would end by it. */
    CHECK(pthread_create(&thread, NULL, storms, &storm) == 0);
    int mine = 0;
    for (int n = 0; n < 3000 || accepted < 500; n++) {
        jobring_job waited;
        OK(jobring_submit(of_handler, count, NULL, &waited));
        OK(jobring_wait(of_handler, waited, JOBRING_FOREVER, NULL));
        mine++;
    }
    storm.over = 1;
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
    OK(jobring_shutdown(of_handler, JOBRING_DRAIN, LONG, NULL));
    CHECK(ran == mine + accepted + 1);
    OK(jobring_destroy(of_handler));
    end();
}

/* What the pool knows by self. */
struct asked {
    jobring_pool *pool;
    atomic_uint_fast64_t job;
    jobring_status waited, closed, self, index, destroyed;
    uint32_t worker;
};

static void *asks(void *arg) {
    struct asked *const asked = arg;
    jobring_job me = 0;
    UNTIL(asked->job != 0);
    asked->self = jobring_current_job(asked->pool, &me);
    CHECK(me == asked->job);
    asked->index = jobring_worker_index(asked->pool, &asked->worker);
    asked->waited = jobring_wait(asked->pool, me, JOBRING_FOREVER, NULL);
    asked->destroyed = jobring_destroy(asked->pool);
    asked->closed = jobring_shutdown(asked->pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL);
    OK(jobring_fail(77, NULL));
    return NULL;
}

static void a_job_knows_itself(void) {
    struct asked asked = {.pool = NULL};
    jobring_job job;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    begin("a job knows itself");
    asked.pool = made(&plain, 2);
    OK(jobring_submit(asked.pool, asks, &asked, &job));
    asked.job = job;
    CHECK(jobring_wait_opts(asked.pool, job, NULL, &outcome) == JOBRING_E_FAILED);
    CHECK(outcome.code == 77 && asked.worker < 2);
    CHECK(asked.self == JOBRING_OK && asked.index == JOBRING_OK);
    CHECK(asked.waited == JOBRING_E_DEADLOCK && asked.destroyed == JOBRING_E_BUSY && asked.closed == JOBRING_OK);
    CHECK(jobring_fail(1, NULL) == JOBRING_E_INVALID);
    OK(jobring_destroy(asked.pool));
    end();
}

static void *enters(void *pool) {
    OK(jobring_enter_worker(pool));
    return NULL;
}

/* Fewer seats than sleepers, workers of the caller's, nobody to spawn or join, nobody to tell threads apart. */
static void a_small_port_serves(void) {
    pthread_t workers[2];
    jobring_port small = plain;
    begin("a small port serves");
    small.seat_count = 1;
    small.get_self = NULL;
    small.set_self = NULL;
    small.spawn = NULL;
    small.join = NULL;
    jobring_pool *const pool = made(&small, JOBRING_WORKERS_NONE);
    for (int n = 0; n < 2; n++) CHECK(pthread_create(&workers[n], NULL, enters, pool) == 0);
    /* One worker has the seat, and the other lets all others run. */
    UNTIL(host.inside == 1 && host.pauses > 0);
    ran = 0;
    for (int n = 0; n < 200; n++) {
        jobring_job job;
        OK(jobring_submit(pool, count, NULL, &job));
        OK(jobring_wait(pool, job, LONG, NULL));
    }
    CHECK(ran == 200);
    OK(jobring_shutdown(pool, JOBRING_DISCARD, LONG, NULL));
    OK(jobring_destroy(pool));
    for (int n = 0; n < 2; n++) CHECK(pthread_join(workers[n], NULL) == 0);
    end();
}

static atomic_int started, stopped;

/* Of this worker and those after it the start hook fails. */
static uint32_t first_to_fail = WORKERS;

static jobring_status starts(void *arg, uint32_t worker) {
    CHECK(arg == &started && worker < WORKERS);
    if (worker >= first_to_fail) return JOBRING_E_NOMEM;
    atomic_fetch_add(&started, 1);
    return JOBRING_OK;
}

static void stops(void *arg, uint32_t worker) {
    CHECK(arg == &started && worker < WORKERS);
    atomic_fetch_add(&stopped, 1);
}

static void threads_are_refused(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_info info = {0};
    jobring_pool *pool = NULL;
    begin("threads are refused");
    config.workers = WORKERS;
    config.capacity = CAPACITY;
    config.port = &plain;
    config.on_start = starts;
    config.on_stop = stops;
    config.hook_arg = &started;
    host.refuses = 2;
    CHECK(jobring_init(&config, memory, sizeof memory, &pool) == JOBRING_E_THREAD);
    CHECK(pool == NULL && host.spawned == 2 && host.joined == 2 && started == 2 && stopped == 2);
    config.min_workers = 3;
    CHECK(jobring_init(&config, memory, sizeof memory, &pool) == JOBRING_E_THREAD);
    CHECK(pool == NULL && host.spawned == 4 && host.joined == 4);
    config.min_workers = 2;
    OK(jobring_init(&config, memory, sizeof memory, &pool));
    info.size = sizeof info;
    OK(jobring_info_get(pool, &info));
    CHECK(info.workers == 2);
    OK(jobring_destroy(pool));
    CHECK(started == 6 && stopped == 6);
    end();
}

static void start_hooks_fail(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_info info = {.size = sizeof info};
    jobring_pool *pool = NULL;
    begin("start hooks fail");
    atomic_store(&started, 0);
    atomic_store(&stopped, 0);
    first_to_fail = 1;
    config.workers = WORKERS;
    config.capacity = CAPACITY;
    config.port = &plain;
    config.on_start = starts;
    config.on_stop = stops;
    config.hook_arg = &started;
    CHECK(jobring_init(&config, memory, sizeof memory, &pool) == JOBRING_E_FAILED);
    CHECK(pool == NULL && host.spawned == WORKERS && host.joined == WORKERS && started == 1 && stopped == 1);
    config.min_workers = 1;
    OK(jobring_init(&config, memory, sizeof memory, &pool));
    CHECK(started == 2);
    OK(jobring_info_get(pool, &info));
    CHECK(info.workers == 1);
    OK(jobring_destroy(pool));
    CHECK(host.joined == 2 * WORKERS && stopped == 2);
    first_to_fail = WORKERS;
    end();
}

static void two_pools_share_a_port(void) {
    pthread_t submitters[2];
    begin("two pools share a port");
    jobring_pool *const pools[2] = {made_in(memory, &plain, 1), made_in(memory_too, &plain, JOBRING_WORKERS_NONE)};
    pthread_t worker;
    CHECK(pthread_create(&worker, NULL, enters, pools[1]) == 0);
    UNTIL(host.inside == 2);
    ran = 0;
    for (int n = 0; n < 2; n++) CHECK(pthread_create(&submitters[n], NULL, submits_and_waits, pools[n]) == 0);
    for (int n = 0; n < 2; n++) CHECK(pthread_join(submitters[n], NULL) == 0);
    OK(jobring_shutdown(pools[1], JOBRING_DRAIN, LONG, NULL));
    OK(jobring_destroy(pools[1]));
    CHECK(pthread_join(worker, NULL) == 0);
    OK(jobring_destroy(pools[0]));
    CHECK(ran == 2 * 1500 * 2);
    end();
}

static void *other_self(void) { return NULL; }

static void bad_ports_are_refused(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    struct {
        jobring_port port;
        unsigned char tail[16];
    } given;
    jobring_pool *pool = NULL;
    size_t size = 0;
    begin("bad ports are refused");
    memset(memory, 0x5A, sizeof memory);
#define WITH(status, ...)                                                                           \
    do {                                                                                            \
        memset(&given, 0, sizeof given);                                                            \
        given.port = plain;                                                                         \
        config.port = &given.port;                                                                  \
        config.workers = JOBRING_WORKERS_NONE;                                                      \
        __VA_ARGS__;                                                                                \
        const char *field = NULL;                                                                   \
        CHECK(jobring_layout(&config, &size, NULL) == (status));                                    \
        CHECK(jobring_config_check(&config, &field) == (status));                                   \
        CHECK(field == NULL ? (status) == JOBRING_OK : strcmp(field, config.port == &given.port     \
              && (status) == JOBRING_E_UNSUPPORTED ? "workers" : "port") == 0);                     \
        if ((status) != JOBRING_OK) CHECK(jobring_init(&config, memory, sizeof memory, &pool) == (status)); \
    } while (0)
    WITH(JOBRING_OK, (void)0);
    WITH(JOBRING_E_INVALID, given.port.size = 0);
    WITH(JOBRING_E_INVALID, given.port.size = sizeof(jobring_port) - 1);
    WITH(JOBRING_E_INVALID, given.port.size = 4097);
    WITH(JOBRING_OK, given.port.size = sizeof given);
    WITH(JOBRING_E_INVALID, given.port.size = sizeof given; given.tail[15] = 1);
    WITH(JOBRING_E_INVALID, given.port.seat_count = 0);
    WITH(JOBRING_E_INVALID, given.port.seat_count = 65536);
    WITH(JOBRING_E_INVALID, given.port.seats = NULL);
    WITH(JOBRING_E_INVALID, given.port.seats = (jobring_seat *)(void *)((char *)seats + 1));
    WITH(JOBRING_E_INVALID, given.port.park = NULL);
    WITH(JOBRING_E_INVALID, given.port.unpark = NULL);
    WITH(JOBRING_E_INVALID, given.port.pause = NULL);
    WITH(JOBRING_E_INVALID, given.port.get_self = NULL);
    WITH(JOBRING_E_INVALID, given.port.set_self = NULL);
    WITH(JOBRING_E_INVALID, given.port.get_self = other_self);
    WITH(JOBRING_OK, given.port.get_self = NULL; given.port.set_self = NULL);
    WITH(JOBRING_E_INVALID, given.port.spawn = NULL);
    WITH(JOBRING_OK, given.port.spawn = NULL; given.port.join = NULL);
    WITH(JOBRING_OK, given.port.join = NULL; given.port.now = NULL; given.port.ctx = NULL);
    WITH(JOBRING_E_INVALID, config.port = (const jobring_port *)(const void *)((const char *)&given + 1));
    WITH(JOBRING_OK, config.workers = 1);
    WITH(JOBRING_E_UNSUPPORTED, config.workers = 1; given.port.spawn = NULL; given.port.join = NULL);
    WITH(JOBRING_E_UNSUPPORTED, config.workers = 0);
    WITH(JOBRING_OK, config.port = NULL);
    CHECK(pool == NULL && host.spawned == 0 && host.parks == 0);
    for (size_t n = 0; n < sizeof memory; n++) CHECK(memory[n] == 0x5A);
    CHECK(jobring_create(&config, &pool) == JOBRING_E_UNSUPPORTED && pool == NULL);
}

/* A thread that was never joined may still be about to return when the pool is gone. */
static void nobody_joins(void) {
    jobring_port port = plain;
    begin("nobody joins");
    port.join = NULL;
    for (int n = 0; n < 50; n++) {
        jobring_pool *const pool = made(&port, 2);
        OK(jobring_submit(pool, count, NULL, NULL));
        OK(jobring_destroy(pool));
        memset(memory, 0xA5, sizeof memory);
        for (int worker = 0; worker < 2; worker++) CHECK(pthread_join(host.thread[worker], NULL) == 0);
    }
    for (size_t n = 0; n < sizeof memory; n++) CHECK(memory[n] == 0xA5);
}

/* JOBRING_PORT_POOL_BYTES is what a pool takes, to the byte, with what aligns it; and so much is enough. */
static void pools_take_what_the_macro_says(void) {
    static const uint32_t capacities[] = {1, 2, 3, 4, 5, 7, 8, 9, 16, 100, 1023, 1024, 1025, 65537, 1048575};
    static const uint32_t payloads[] = {32, 33, 47, 48, 49, 64, 100, 1000};
    for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++)
        for (size_t p = 0; p < sizeof payloads / sizeof *payloads; p++)
            for (uint32_t workers = 0; workers <= WORKERS; workers++) {
                jobring_config config = JOBRING_CONFIG_INIT;
                size_t size = 0, align = 0;
                config.workers = workers == 0 ? JOBRING_WORKERS_NONE : workers;
                config.capacity = capacities[c];
                config.payload = payloads[p];
                config.port = &plain;
                OK(jobring_layout(&config, &size, &align));
                CHECK(JOBRING_PORT_POOL_BYTES(capacities[c], workers, payloads[p]) == size + align - sizeof(uint64_t));
            }
    begin("pools take what the macro says");
    JOBRING_PORT_STATIC_POOL(exact, 5, WORKERS, 100);
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    jobring_job jobs[5];
    config.workers = WORKERS;
    config.max_workers = WORKERS;
    config.capacity = 5;
    config.payload = 100;
    config.port = &plain;
    OK(jobring_init(&config, exact, sizeof exact, &pool));
    for (int n = 0; n < 5; n++) OK(jobring_submit(pool, count, NULL, &jobs[n]));
    for (int n = 0; n < 5; n++) OK(jobring_wait(pool, jobs[n], LONG, NULL));
    OK(jobring_destroy(pool));
    end();
}

int main(void) {
    jobring_port unclocked = plain;
    unclocked.now = NULL;
    CHECK(jobring_features() == JOBRING_FEATURE_PORT);
    threads_submit_and_wait();
    waits_time_out(&plain);
    waits_time_out(&unclocked);
    an_interrupt_submits();
    a_job_knows_itself();
    a_small_port_serves();
    threads_are_refused();
    start_hooks_fail();
    two_pools_share_a_port();
    bad_ports_are_refused();
    nobody_joins();
    pools_take_what_the_macro_says();
    printf("ported: all scenes\n");
    return 0;
}
