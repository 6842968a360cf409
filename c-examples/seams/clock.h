/* Times of two ways to do the same, taken in turn, and the ratio of each pair's. */
#ifndef SEAMS_CLOCK_H
#define SEAMS_CLOCK_H

#include "../check.h"
#include <stdlib.h>

enum { PAIRS = 15 };

struct times {
    double jobring[PAIRS], own[PAIRS];
};

static inline int by_size(const void *one, const void *other)
{
    const double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static inline double median(const double *values)
{
    double sorted[PAIRS];
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, PAIRS, sizeof *sorted, by_size);
    return sorted[PAIRS / 2];
}

static inline double milliseconds(jobring_pool *pool)
{
    int64_t now = 0;
    TRY(jobring_now(pool, &now));
    return (double)now / 1e6;
}

/* Over 1: jobring took less time. */
static inline void say_ratio(const char *what, const struct times *times)
{
    double ratios[PAIRS];
    for (int pair = 0; pair < PAIRS; pair++)
        ratios[pair] = times->own[pair] / times->jobring[pair];
    SAY("%s: %.1f ms on jobring, %.1f ms on the library's own threads: ratio %.2f (medians of %d pairs)\n", what,
        median(times->jobring), median(times->own), median(ratios), (int)PAIRS);
}

#endif
