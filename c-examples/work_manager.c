/* Shows a work manager: 99 workers share 999 jobs. The jobs are a queue of work that is bounded, and their results a queue that
 * one thread reads, whatever finishes first. A job factors a number. Every result is checked. */
#include "check.h"

#include <stdint.h>

enum { JOBS = 999, WORKERS = 99, CAPACITY = 256, MOST_FACTORS = 34, ROOT = 100000 };

struct work {
    uint64_t number, factors[MOST_FACTORS];
    uint32_t count, worker;
    int arrived;
};

struct manager {
    jobring_pool *pool;
    jobring_completions *results;
};

static void manager_start(struct manager *manager)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = WORKERS;
    config.capacity = CAPACITY;
    config.stack_size = small_stack();
    config.name = "work";
    TRY(jobring_create(&config, &manager->pool));
    TRY(jobring_completions_create(manager->pool, 0, &manager->results));
}

/* False if there is no room: first take a result. */
static int manager_add(struct manager *manager, jobring_fn fn, void *arg)
{
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    jobring_status status = jobring_completions_submit(manager->results, fn, arg, &options, NULL);
    CHECK(status == JOBRING_OK || status == JOBRING_E_FULL);
    return status == JOBRING_OK;
}

/* What the next job left that has finished; NULL if none is pending. */
static void *manager_next(struct manager *manager)
{
    size_t taken = 0;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    jobring_status status = jobring_completions_take(manager->results, JOBRING_FOREVER, &outcome, 1, &taken);
    if (status == JOBRING_E_EMPTY)
        return NULL;
    TRY(status);
    TRY(outcome.status);
    return outcome.result;
}

static struct manager manager;

/* The job: factors by trial division. */
static void *factor(void *arg)
{
    struct work *work = arg;
    uint64_t rest = work->number;
    for (uint64_t divisor = 2; divisor <= rest / divisor; divisor++)
        for (; rest % divisor == 0; rest /= divisor)
            work->factors[work->count++] = divisor;
    if (rest > 1)
        work->factors[work->count++] = rest;
    TRY(jobring_worker_index(manager.pool, &work->worker));
    return work;
}

static unsigned char is_composite[ROOT];

static void sieve(void)
{
    for (size_t number = 2; number < ROOT; number++)
        for (size_t multiple = number * number; multiple < ROOT; multiple += number)
            is_composite[multiple] = 1;
}

/* By another way than the job's: with the primes of a sieve. */
static int is_prime(uint64_t number)
{
    for (size_t prime = 2; prime <= number / prime; prime++)
        if (!is_composite[prime] && number % prime == 0)
            return 0;
    return number > 1;
}

static struct {
    uint32_t works, primes, of_worker[WORKERS];
} arrived;

/* Takes and checks a result; false if no job is pending. */
static int collect(void)
{
    uint64_t product = 1;
    struct work *work = manager_next(&manager);
    if (work == NULL)
        return 0;
    for (uint32_t i = 0; i < work->count; i++) {
        CHECK(is_prime(work->factors[i]));
        product *= work->factors[i];
    }
    CHECK(product == work->number && work->worker < WORKERS && !work->arrived);
    work->arrived = 1;
    arrived.works++;
    arrived.primes += work->count == 1;
    arrived.of_worker[work->worker]++;
    return 1;
}

int main(void)
{
    static struct work works[JOBS];
    uint64_t random = 1;
    uint32_t busy = 0;

    sieve();
    manager_start(&manager);
    for (int i = 0; i < JOBS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        works[i].number = 1 + (random >> 31);
        while (!manager_add(&manager, factor, &works[i]))
            CHECK(collect());
    }
    while (collect())
        ;
    for (int i = 0; i < WORKERS; i++)
        busy += arrived.of_worker[i] > 0;
    CHECK(arrived.works == JOBS);
    TRY(jobring_completions_destroy(manager.results));
    TRY(jobring_destroy(manager.pool));
    CHECK(only_thread());
    SAY("%u numbers factored by %u of %d workers; %u of the numbers are primes\n", (unsigned)arrived.works, (unsigned)busy, WORKERS,
        (unsigned)arrived.primes);
    return EXIT_SUCCESS;
}
