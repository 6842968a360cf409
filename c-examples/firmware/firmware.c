/*
 * jobring without an OS: readings from an interrupt through a queue; a pool in a static, jobs from the main loop and from an interrupt, a worker that is the main
 * loop, shutdown; and, where the library has the feature `port`, the same on a port of ours, whose worker sleeps. Checks itself; what is wrong is printed, and is the status of the run.
 */

#include "board.h"
#include <jobring_port.h>

#define JOBS 16
#define TICKS 500
/* Bytes of a pool besides its slots and rings. */
#define HEAD 128u
#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)
#define CHECK(condition) ((condition) ? (void)0 : failed(__FILE__ ":" STRING(__LINE__) ": " #condition "\n"))

static _Noreturn void failed(const char *what)
{
    board_print(what);
    board_exit(1);
}

static void print_number(const char *before, size_t number, const char *after)
{
    char digits[12];
    char *at = digits + sizeof digits;
    *--at = '\0';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    board_print(before);
    board_print(at);
    board_print(after);
}

JOBRING_BARE_STATIC_POOL(memory, JOBS, 32);

/* From the interrupt to the main loop, without a pool. */
#define READINGS 8
JOBRING_BARE_STATIC_QUEUE(readings_memory, READINGS, sizeof(uint32_t));
static jobring_queue *volatile readings;
static volatile unsigned dropped;

static jobring_pool *pool;
/* How often each job of a tick has run, how many ticks there were, and how many of them found the pool full. */
static volatile unsigned char ran[TICKS];
static volatile unsigned ticks, full;
static volatile int ends_the_pool, on_a_port_now;
/* How many ticks there ever were: a clock. */
static volatile uint32_t beats;

static void *twice(void *number)
{
    *(int *)number *= 2;
    return number;
}

/* What a job finds of its caller's stack used. */
static void *where_it_stands(void *at)
{
    volatile char here = 0;
    *(volatile uintptr_t *)at = (uintptr_t)&here;
    return NULL;
}

static void stack(void)
{
    volatile char here = 0;
    volatile uintptr_t job_at = 0;
    jobring_job job = 0;
    CHECK(jobring_submit(pool, where_it_stands, (void *)&job_at, NULL) == JOBRING_OK);
    CHECK(jobring_run_one(pool) == JOBRING_OK && job_at < (uintptr_t)&here);
    print_number("stack between jobring_run_one's caller and its job: ", (uintptr_t)&here - job_at, " bytes");
    CHECK(jobring_submit(pool, where_it_stands, (void *)&job_at, &job) == JOBRING_OK);
    CHECK(jobring_wait(pool, job, JOBRING_FOREVER, NULL) == JOBRING_OK);
    print_number(", jobring_wait's: ", (uintptr_t)&here - job_at, "\n");
}

static void *from_tick(void *at)
{
    ++*(volatile unsigned char *)at;
    /* The last one. It only closes: the worker that runs it cannot wait for itself. */
    if (at == (void *)&ran[TICKS - 1] && ends_the_pool)
        (void)jobring_shutdown(pool, JOBRING_DRAIN, 0, NULL);
    return NULL;
}

/* What else an interrupt may call on a pool without a port: a handle is given up, or its job cancelled and asked for; or the
 * interrupt runs a job, its own or the main loop's. */
static jobring_status submit_and_more(void *at)
{
    jobring_job job = 0;
    uint32_t state;
    jobring_status status = jobring_try_submit_isr(pool, from_tick, at, &job);
    if (status != JOBRING_OK)
        return status;
    switch (ticks % 4) {
    case 0:
        CHECK(jobring_poll(pool, job, NULL) == JOBRING_PENDING);
        CHECK(jobring_cancel(pool, job) == JOBRING_OK && jobring_cancel(pool, job) == JOBRING_E_BUSY);
        CHECK(jobring_state(pool, job, &state) == JOBRING_OK && state == JOBRING_STATE_CANCELLED);
        CHECK(jobring_poll(pool, job, NULL) == JOBRING_E_CANCELLED);
        (void)from_tick(at);
        break;
    case 1:
        CHECK(jobring_detach(pool, job) == JOBRING_OK);
        CHECK(jobring_run_one(pool) == JOBRING_OK);
        break;
    default:
        CHECK(jobring_detach(pool, job) == JOBRING_OK);
    }
    return JOBRING_OK;
}

/* In the interrupt, wherever the main loop stands: a job for each tick, detached on a port. */
void tick(void)
{
    beats++;
    if (readings != NULL) {
        uint32_t reading = beats;
        jobring_status status = jobring_queue_try_push(readings, &reading);
        CHECK(status == JOBRING_OK || status == JOBRING_E_FULL);
        dropped += status == JOBRING_E_FULL;
        return;
    }
    if (ticks == TICKS)
        return;
    void *at = (void *)&ran[ticks];
    jobring_status status = on_a_port_now ? jobring_try_submit_isr(pool, from_tick, at, NULL) : submit_and_more(at);
    if (status == JOBRING_E_FULL)
        full++;
    else if (status == JOBRING_OK)
        ticks++;
    else
        failed("a submit in the interrupt\n");
}

static void begin_ticks(void)
{
    ticks = full = 0;
    for (unsigned i = 0; i < TICKS; i++)
        ran[i] = 0;
    board_ticks_on();
}

static void end_ticks(void)
{
    board_ticks_off();
    for (unsigned i = 0; i < TICKS; i++)
        CHECK(ran[i] == 1);
}

/* A reading for each tick, in order, until the queue is closed and empty. */
static void readings_of_ticks(void)
{
    jobring_queue *queue;
    uint32_t reading, last = 0;
    size_t size = 0, align = 0, len = 0;
    CHECK(jobring_queue_layout(READINGS, sizeof reading, &size, &align) == JOBRING_OK && align == 4);
    CHECK(size == 48 + READINGS * (8 + sizeof reading) && size + align - 1 == sizeof readings_memory);
    CHECK(jobring_queue_init(READINGS, sizeof reading, readings_memory, sizeof readings_memory, &queue) == JOBRING_OK);
    readings = queue;
    board_ticks_on();
    for (unsigned n = 0; n < TICKS; n++) {
        CHECK(jobring_queue_pop(queue, &reading, JOBRING_FOREVER) == JOBRING_OK && reading > last);
        last = reading;
    }
    board_ticks_off();
    CHECK(jobring_queue_len(queue, &len, NULL) == JOBRING_OK && jobring_queue_close(queue) == JOBRING_OK);
    readings = NULL;
    for (; len > 0; len--)
        CHECK(jobring_queue_try_pop(queue, &reading) == JOBRING_OK && reading > last);
    CHECK(jobring_queue_pop(queue, &reading, 1000) == JOBRING_E_SHUTDOWN);
    print_number("readings of an interrupt's, in order: ", TICKS, "");
    print_number(", dropped: ", dropped, "\n");
}

/* What a pool takes, to the byte: src/BARE.md. */
static void bytes(void)
{
    static const uint32_t capacities[] = { 1, 2, 3, 4, 5, 15, 16, 17, 64, 100, 1000 };
    static const uint32_t payloads[] = { 16, 20, 24, 32, 48, 100 };
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        for (size_t k = 0; k < sizeof payloads / sizeof *payloads; k++) {
            size_t capacity = capacities[i], payload = payloads[k], ring = 1, size = 0, align = 0;
            jobring_config config = JOBRING_CONFIG_INIT;
            config.workers = JOBRING_WORKERS_NONE;
            config.capacity = capacities[i];
            config.payload = payloads[k];
            while (ring < capacity)
                ring *= 2;
            CHECK(jobring_layout(&config, &size, &align) == JOBRING_OK && align == 8);
            CHECK(size == HEAD + capacity * (8 + (payload + 7) / 8 * 8) + 2 * ring * 4);
            CHECK(size + align - 1 <= JOBRING_BARE_POOL_BYTES(capacity, payload));
            CHECK(size == JOBRING_PORT_POOL_BYTES(capacity, 0, payload));
        }
    }
}

static void make_pool(const jobring_port *port)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = JOBRING_WORKERS_NONE;
    config.max_workers = 1;
    config.capacity = JOBS;
    config.payload = 32;
    config.port = port;
    on_a_port_now = port != NULL;
    size_t size = 0, align = 0;
    CHECK(jobring_layout(&config, &size, &align) == JOBRING_OK && size + align - 1 <= sizeof memory);
    CHECK(jobring_init(&config, memory, size - 1, &pool) == JOBRING_E_SIZE);
    CHECK(jobring_init(&config, memory, sizeof memory, &pool) == JOBRING_OK);
    jobring_info info = { .size = sizeof info };
    CHECK(jobring_info_get(pool, &info) == JOBRING_OK && info.pool_bytes == size && info.capacity == JOBS);
    print_number("a pool of " STRING(JOBS) " jobs: ", size, " bytes\n");
}

/* A port for one core without threads: the main loop sleeps until an interrupt, and each seat has a bell. */
#define SEATS 2
static jobring_seat seats[SEATS];
static volatile int rung[SEATS];
static volatile unsigned slept, rings, rung_by_ticks;
static void *self;

static uint64_t now(void *ctx)
{
    (void)ctx;
    return (uint64_t)beats * BOARD_TICK_NS;
}

/* Every tick ends a sleep, so that its time-out is looked at. */
static void park(void *ctx, uint32_t seat, int64_t timeout_ns)
{
    (void)ctx, (void)timeout_ns;
    board_sleep_unless(&rung[seat]);
    rung[seat] = 0;
    slept++;
}

static void unpark(void *ctx, uint32_t seat, uint32_t from_isr)
{
    (void)ctx;
    rung[seat] = 1;
    rings++;
    rung_by_ticks += from_isr;
}

/* There are no threads to let run: what it waits for comes from an interrupt. */
static void pause_core(void *ctx)
{
    (void)ctx;
}

static void *get_self(void)
{
    return self;
}

static void set_self(void *pointer)
{
    self = pointer;
}

static const jobring_port one_core = {
    sizeof one_core, SEATS, seats, NULL, now, park, unpark, pause_core, get_self, set_self, NULL, NULL,
};

/* Runs on the only worker, and waits for a job that only this worker could run. */
static void *waits_too_long(void *arg)
{
    int number = 1;
    jobring_job job = 0;
    CHECK(jobring_submit(pool, twice, &number, &job) == JOBRING_OK);
    CHECK(jobring_wait(pool, job, 3000000, NULL) == JOBRING_E_TIMEDOUT && number == 1);
    CHECK(jobring_wait(pool, job, JOBRING_FOREVER, NULL) == JOBRING_OK && number == 2);
    return arg;
}

static void on_a_port(void)
{
    uint32_t before = beats;
    make_pool(&one_core);
    CHECK(jobring_submit(pool, waits_too_long, NULL, NULL) == JOBRING_OK);
    begin_ticks();
    CHECK(jobring_enter_worker(pool) == JOBRING_OK);
    end_ticks();
    CHECK(jobring_destroy(pool) == JOBRING_OK);
    /* Each sleep was ended by a tick, or did not begin because of a bell. */
    CHECK(rung_by_ticks > 0 && slept > 0 && slept <= beats - before + rings);
    print_number("on a port: sleeps: ", slept, "");
    print_number(", ended by a submit in the interrupt: ", rung_by_ticks, "\n");
}

static void what_this_build_is(void)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    CHECK(jobring_abi_version() == JOBRING_ABI_VERSION && jobring_version() == JOBRING_VERSION);
    CHECK((jobring_features() & JOBRING_FEATURE_CREATE) == 0);
    config.workers = JOBRING_WORKERS_NONE;
    CHECK(jobring_create(&config, &pool) == JOBRING_E_UNSUPPORTED);
    config.workers = 1;
    CHECK(jobring_init(&config, memory, sizeof memory, &pool) == JOBRING_E_UNSUPPORTED);
}

static void results(void)
{
    int numbers[JOBS + 1];
    jobring_job jobs[JOBS + 1];
    void *result = NULL;
    CHECK(jobring_run_one(pool) == JOBRING_E_EMPTY);
    for (int i = 0; i <= JOBS; i++) {
        numbers[i] = i;
        CHECK(jobring_try_submit(pool, twice, &numbers[i], &jobs[i]) == (i < JOBS ? JOBRING_OK : JOBRING_E_FULL));
    }
    CHECK(jobring_poll(pool, jobs[0], &result) == JOBRING_PENDING);
    CHECK(jobring_run_one(pool) == JOBRING_OK && numbers[0] == 0 && numbers[1] == 1);
    CHECK(jobring_poll(pool, jobs[0], &result) == JOBRING_OK && result == &numbers[0]);
    /* The thread that waits runs the queued jobs, the oldest first. */
    CHECK(jobring_wait(pool, jobs[2], JOBRING_FOREVER, &result) == JOBRING_OK && result == &numbers[2]);
    CHECK(numbers[1] == 2 && numbers[2] == 4 && numbers[3] == 3);
    CHECK(jobring_cancel(pool, jobs[3]) == JOBRING_OK);
    CHECK(jobring_cancel(pool, jobs[1]) == JOBRING_E_BUSY);
    CHECK(jobring_wait(pool, jobs[3], 0, NULL) == JOBRING_E_CANCELLED && numbers[3] == 3);
    CHECK(jobring_wait(pool, jobs[3], 0, NULL) == JOBRING_E_STALE);
    CHECK(jobring_detach(pool, jobs[4]) == JOBRING_OK);
    for (int i = 1; i < JOBS; i++) {
        if (i != 2 && i != 3 && i != 4)
            CHECK(jobring_wait(pool, jobs[i], JOBRING_FOREVER, &result) == JOBRING_OK && *(int *)result == 2 * i);
    }
    CHECK(numbers[4] == 8 && numbers[3] == 3);
    /* A full pool makes room by running a job. */
    for (int i = 0; i <= JOBS; i++)
        CHECK(jobring_submit(pool, twice, &numbers[0], NULL) == JOBRING_OK);
    uint64_t count = 0;
    CHECK(jobring_run_until_idle(pool, &count) == JOBRING_OK && count == JOBS);
}

int main(void)
{
    what_this_build_is();
    bytes();
    readings_of_ticks();
    make_pool(NULL);
    results();
    stack();

    /* Jobs of the interrupt's and of the main loop's, side by side. */
    begin_ticks();
    unsigned rounds = 0;
    while (ticks < TICKS) {
        int number = 21;
        jobring_job job = 0;
        jobring_status status = jobring_submit(pool, twice, &number, &job);
        CHECK(status == JOBRING_OK);
        CHECK(jobring_wait(pool, job, JOBRING_FOREVER, NULL) == JOBRING_OK && number == 42);
        rounds++;
    }
    while (jobring_run_one(pool) == JOBRING_OK)
        ;
    end_ticks();
    CHECK(rounds > 0);
    print_number("jobs of an interrupt's, each run once: ", TICKS, "");
    print_number(", and of the main loop's: ", rounds, "\n");

    /* The main loop as a worker, until a job ends the pool. */
    ends_the_pool = 1;
    begin_ticks();
    CHECK(jobring_enter_worker(pool) == JOBRING_OK);
    end_ticks();
    CHECK(jobring_try_submit(pool, twice, NULL, NULL) == JOBRING_E_SHUTDOWN);
    CHECK(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL) == JOBRING_OK);
    CHECK(jobring_destroy(pool) == JOBRING_OK);
    CHECK(jobring_run_one(pool) == JOBRING_E_INVALID);

    /* The same memory again: what is queued at the end is dropped. */
    make_pool(NULL);
    int number = 1;
    jobring_job job = 0;
    jobring_report report;
    CHECK(jobring_submit(pool, twice, &number, &job) == JOBRING_OK);
    CHECK(jobring_submit(pool, twice, &number, NULL) == JOBRING_OK);
    CHECK(jobring_shutdown(pool, JOBRING_DISCARD, 0, &report) == JOBRING_OK && number == 1);
    CHECK(report.queued == 0 && report.running == 0 && report.untaken == 1);
    CHECK(jobring_wait(pool, job, JOBRING_FOREVER, NULL) == JOBRING_E_SHUTDOWN);
    CHECK(jobring_destroy(pool) == JOBRING_OK);

    if (jobring_features() & JOBRING_FEATURE_PORT)
        on_a_port();
    board_print("the firmware found everything right\n");
    return 0;
}
