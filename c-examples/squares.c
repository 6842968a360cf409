/* Shows map: the results come in the order of the input, whatever finishes first. Over an array it is a loop whose bodies write
 * out[i]. For an input of unknown length a fixed number of jobs is in flight, and the oldest result is taken before the next
 * submit; the first number that has no square in 32 bits ends it, and what is still queued is cancelled. */
#include "check.h"

#include <stdint.h>

enum { NUMBERS = 1000000, GRAIN = 1000, IN_FLIGHT = 16, TOO_LARGE = 65536 };

struct arrays {
    const uint32_t *in;
    uint64_t *out;
};

/* One share of the array. */
static int32_t square_some(void *ctx, size_t from, size_t to)
{
    const struct arrays *arrays = ctx;
    for (size_t i = from; i < to; i++)
        arrays->out[i] = (uint64_t)arrays->in[i] * arrays->in[i];
    return 0;
}

static void map_array(jobring_pool *pool)
{
    static uint32_t in[NUMBERS];
    static uint64_t out[NUMBERS];
    struct arrays arrays = {in, out};

    for (uint32_t i = 0; i < NUMBERS; i++)
        in[i] = i * 2654435761u;
    TRY(jobring_parallel_for(pool, NUMBERS, GRAIN, square_some, &arrays, NULL));
    for (uint32_t i = 0; i < NUMBERS; i++)
        CHECK(out[i] == (uint64_t)in[i] * in[i]);
}

/* The job. */
static void *square(void *arg)
{
    uintptr_t number = (uintptr_t)arg;
    if (number >= TOO_LARGE)
        TRY(jobring_fail((int32_t)number, "no square in 32 bits"));
    return (void *)(number * number);
}

/* Takes the result of `number`; false if it has none. */
static int take(jobring_pool *pool, jobring_job job, uintptr_t number)
{
    void *result = NULL;
    jobring_status status = jobring_wait(pool, job, JOBRING_FOREVER, &result);
    if (status == JOBRING_E_FAILED)
        return 0;
    TRY(status);
    CHECK((uintptr_t)result == number * number);
    return 1;
}

/* How many numbers have a square. */
static uintptr_t map_stream(jobring_pool *pool)
{
    jobring_job jobs[IN_FLIGHT];
    uintptr_t taken = 0, submitted = 0;

    for (;;) {
        if (submitted == taken + IN_FLIGHT) {
            if (!take(pool, jobs[taken % IN_FLIGHT], taken))
                break;
            taken++;
        }
        TRY(jobring_submit(pool, square, (void *)submitted, &jobs[submitted % IN_FLIGHT]));
        submitted++;
    }
    /* Those behind it. A job that runs is not stopped, and nobody wants its result. */
    for (uintptr_t i = taken + 1; i < submitted; i++) {
        (void)jobring_cancel(pool, jobs[i % IN_FLIGHT]);
        TRY(jobring_detach(pool, jobs[i % IN_FLIGHT]));
    }
    return taken;
}

int main(void)
{
    jobring_pool *pool = NULL;
    TRY(jobring_create(NULL, &pool));
    map_array(pool);
    uintptr_t squares = map_stream(pool);
    CHECK(squares == TOO_LARGE);
    TRY(jobring_destroy(pool));
    SAY("%d squares in an array; %u more, in order and %d in flight, until one did not fit\n", NUMBERS, (unsigned)squares, IN_FLIGHT);
    return EXIT_SUCCESS;
}
