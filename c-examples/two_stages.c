/* Shows jobs that submit jobs: a first stage sorts blocks of numbers, and the job that finishes a pair of blocks submits
 * the second stage, which merges the two. Shutdown refuses new jobs, so a second stage would be lost in it: wait until the
 * pool is idle first. */
#include "check.h"

#include <stdatomic.h>
#include <stdint.h>

enum { BLOCK = 5000, PAIRS = 100 };

struct pair {
    uint32_t blocks[2][BLOCK], merged[2 * BLOCK];
    atomic_int sorted;
};

static jobring_pool *pool;
static struct pair pairs[PAIRS];

static int by_size(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

/* The second stage. */
static void *merge(void *arg)
{
    struct pair *pair = arg;
    for (int left = 0, right = 0, at = 0; at < 2 * BLOCK; at++) {
        int takes_left = right == BLOCK || (left < BLOCK && pair->blocks[0][left] <= pair->blocks[1][right]);
        pair->merged[at] = takes_left ? pair->blocks[0][left++] : pair->blocks[1][right++];
    }
    return NULL;
}

/* The first stage. */
static void *sort(void *arg)
{
    uint32_t *block = arg;
    struct pair *pair = &pairs[(size_t)((char *)arg - (char *)pairs) / sizeof *pair];
    qsort(block, BLOCK, sizeof *block, by_size);
    if (atomic_fetch_add(&pair->sorted, 1) == 1)
        TRY(jobring_submit(pool, merge, pair, NULL));
    return NULL;
}

static uint64_t fill(struct pair *pair, uint32_t seed)
{
    uint64_t sum = 0;
    for (int at = 0; at < 2 * BLOCK; at++) {
        seed = seed * 1664525u + 1013904223u;
        pair->blocks[at / BLOCK][at % BLOCK] = seed >> 8;
        sum += seed >> 8;
    }
    return sum;
}

/* The sum of the merged numbers, which must be in order. */
static uint64_t checked(const struct pair *pair)
{
    uint64_t sum = pair->merged[0];
    for (int at = 1; at < 2 * BLOCK; at++) {
        CHECK(pair->merged[at - 1] <= pair->merged[at]);
        sum += pair->merged[at];
    }
    return sum;
}

int main(void)
{
    static uint64_t sums[PAIRS];
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_report report;

    /* Room for all jobs of both stages: no job has to wait for a slot that only another job can free. */
    config.capacity = 3 * PAIRS;
    TRY(jobring_create(&config, &pool));
    for (uint32_t n = 0; n < PAIRS; n++) {
        sums[n] = fill(&pairs[n], n);
        TRY(jobring_submit(pool, sort, pairs[n].blocks[0], NULL));
        TRY(jobring_submit(pool, sort, pairs[n].blocks[1], NULL));
    }
    /* Every job has finished when this returns, also those that jobs have submitted, and main sees what they wrote. */
    TRY(jobring_wait_idle(pool, JOBRING_FOREVER));
    for (int n = 0; n < PAIRS; n++)
        CHECK(checked(&pairs[n]) == sums[n]);
    TRY(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, &report));
    CHECK(report.queued == 0 && report.running == 0 && report.untaken == 0);
    TRY(jobring_destroy(pool));
    SAY("%d blocks of %d numbers sorted, then merged in pairs, by jobs that jobs submitted\n", 2 * PAIRS, BLOCK);
    return EXIT_SUCCESS;
}
