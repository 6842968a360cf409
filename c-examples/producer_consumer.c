/* Shows a bounded queue between threads, without a pool: producers hand out ranges of numbers, consumers count the primes in
 * them. A producer that is too fast waits for a place, a consumer that is too fast for a range. It ends in two ways, each of which
 * is run: by a sentinel for each consumer, as in Python, and by closing the queue, for which nobody counts consumers. */
#include "check.h"

#include <pthread.h>
#include <stdint.h>

enum { NUMBERS = 200000, STEP = 100, PLACES = 16, PRODUCERS = 3, CONSUMERS = 4 };

struct range {
    uint32_t from, to; /* None if they are equal: a sentinel. */
};

JOBRING_STATIC_QUEUE(memory, PLACES, sizeof(struct range));
static jobring_queue *ranges;

struct thread {
    pthread_t thread;
    uint32_t number, primes, taken;
};

/* Every PRODUCERS-th range. */
static void *produce(void *arg)
{
    const struct thread *self = arg;
    for (uint32_t from = self->number * STEP; from < NUMBERS; from += PRODUCERS * STEP) {
        struct range range = {from, from + STEP};
        TRY(jobring_queue_push(ranges, &range, JOBRING_FOREVER));
    }
    return NULL;
}

static int is_prime(uint32_t number)
{
    for (uint32_t by = 2; by * by <= number; by++)
        if (number % by == 0)
            return 0;
    return number >= 2;
}

/* Until a sentinel, or the end of the queue. */
static void *consume(void *arg)
{
    struct thread *self = arg;
    struct range range;
    jobring_status status;
    while ((status = jobring_queue_pop(ranges, &range, JOBRING_FOREVER)) == JOBRING_OK && range.from < range.to) {
        for (uint32_t number = range.from; number < range.to; number++)
            self->primes += (uint32_t)is_prime(number);
        self->taken++;
    }
    CHECK(status == JOBRING_OK || status == JOBRING_E_SHUTDOWN);
    return NULL;
}

static void start(struct thread *threads, uint32_t count, void *(*run)(void *))
{
    for (uint32_t n = 0; n < count; n++) {
        threads[n].number = n;
        CHECK(pthread_create(&threads[n].thread, NULL, run, &threads[n]) == 0);
    }
}

/* The primes that all consumers have found. */
static uint32_t join(struct thread *threads, uint32_t count, uint32_t *taken)
{
    uint32_t primes = 0;
    for (uint32_t n = 0; n < count; n++) {
        CHECK(pthread_join(threads[n].thread, NULL) == 0);
        primes += threads[n].primes;
        *taken += threads[n].taken;
    }
    return primes;
}

static uint32_t pass(int with_sentinels)
{
    struct thread producers[PRODUCERS] = {0}, consumers[CONSUMERS] = {0};
    const struct range sentinel = {0, 0};
    uint32_t none = 0, taken = 0, primes;

    TRY(jobring_queue_init(PLACES, sizeof(struct range), memory, sizeof memory, &ranges));
    start(consumers, CONSUMERS, consume);
    start(producers, PRODUCERS, produce);
    CHECK(join(producers, PRODUCERS, &none) == 0);
    if (with_sentinels)
        for (int n = 0; n < CONSUMERS; n++)
            TRY(jobring_queue_push(ranges, &sentinel, JOBRING_FOREVER));
    else
        TRY(jobring_queue_close(ranges));
    primes = join(consumers, CONSUMERS, &taken);
    CHECK(taken == NUMBERS / STEP);
    return primes;
}

/* The same number, by the sieve of Eratosthenes. */
static uint32_t sieve(void)
{
    static unsigned char composite[NUMBERS];
    uint32_t primes = 0;
    for (uint32_t number = 2; number < NUMBERS; number++) {
        if (composite[number])
            continue;
        primes++;
        for (uint32_t multiple = 2 * number; multiple < NUMBERS; multiple += number)
            composite[multiple] = 1;
    }
    return primes;
}

int main(void)
{
    const uint32_t expected = sieve();
    CHECK(pass(1) == expected);
    CHECK(pass(0) == expected);
    SAY("%u primes below %d, counted twice by %d consumers: until a sentinel each, and until the queue was closed\n",
        (unsigned)expected, NUMBERS, CONSUMERS);
    return 0;
}
