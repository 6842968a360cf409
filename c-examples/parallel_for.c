/* Shows jobring_parallel_for(): counts the prime numbers below a limit with all cores, then looks for a number until one
 * is found. Checks both against a plain sieve. */
#include <jobring.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct count {
    atomic_size_t primes, shares;
};

static int is_prime(size_t number)
{
    if (number < 2)
        return 0;
    for (size_t divisor = 2; divisor <= number / divisor; divisor++)
        if (number % divisor == 0)
            return 0;
    return 1;
}

/* One share: counts on its own, and adds once. */
static int32_t count_primes(void *ctx, size_t from, size_t to)
{
    struct count *count = ctx;
    size_t primes = 0;

    for (size_t number = from; number < to; number++)
        primes += (size_t)is_prime(number);
    atomic_fetch_add(&count->primes, primes);
    atomic_fetch_add(&count->shares, 1);
    return 0;
}

/* Ends the loop with the first multiple of 7919 that it meets, which lies between half a million and a million. */
static int32_t find_multiple(void *ctx, size_t from, size_t to)
{
    (void)ctx;
    for (size_t number = from; number < to; number++)
        if (number >= 500000 && number % 7919 == 0)
            return (int32_t)number;
    return 0;
}

/* The sieve of Eratosthenes. */
static size_t sieve(size_t limit)
{
    unsigned char *composite = calloc(limit + 1, 1);
    size_t primes = 0;

    if (composite == NULL)
        return SIZE_MAX;
    for (size_t number = 2; number < limit; number++) {
        if (composite[number])
            continue;
        primes++;
        for (size_t multiple = 2 * number; multiple < limit; multiple += number)
            composite[multiple] = 1;
    }
    free(composite);
    return primes;
}

int main(int argc, char **argv)
{
    const size_t limit = argc > 1 ? strtoul(argv[1], NULL, 10) : 300000;
    struct count count = {0};
    int32_t found = 0;
    jobring_pool *pool = NULL;

    if (jobring_create(NULL, &pool) != JOBRING_OK ||
        jobring_parallel_for(pool, limit, 0, count_primes, &count, NULL) != JOBRING_OK ||
        jobring_parallel_for(pool, 1000000, 0, find_multiple, NULL, &found) != JOBRING_OK ||
        jobring_destroy(pool) != JOBRING_OK)
        return 1;

    printf("%zu primes below %zu, in %zu shares; %d is a multiple of 7919\n", atomic_load(&count.primes), limit,
           atomic_load(&count.shares), (int)found);
    return atomic_load(&count.primes) == sieve(limit) && found >= 500000 && found % 7919 == 0 ? 0 : 1;
}
