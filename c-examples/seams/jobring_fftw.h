/* FFTW's transforms on a pool of jobring's: call use_pool_for_fftw() after fftw_init_threads(). */
#ifndef SEAMS_FFTW_H
#define SEAMS_FFTW_H

#include <fftw3.h>
#include <jobring.h>
#include <stdlib.h>

/* One loop of FFTW's: work(jobs + i * size) for each i below a number. */
struct fftw_loop {
    void *(*work)(char *job);
    char *jobs;
    size_t size;
};

static inline int32_t fftw_loop_body(void *ctx, size_t from, size_t to)
{
    const struct fftw_loop *loop = ctx;
    for (size_t job = from; job < to; job++)
        (void)loop->work(loop->jobs + job * loop->size);
    return 0;
}

/* FFTW has no way to hear of an error. There is none: the arguments are right, and the caller itself does what no worker takes. */
static inline void fftw_loop_on_pool(void *(*work)(char *), char *jobs, size_t size, int count, void *pool)
{
    jobring_parallel_for_options one_by_one = JOBRING_PARALLEL_FOR_OPTIONS_INIT;
    struct fftw_loop loop = {work, jobs, size};

    one_by_one.grain = one_by_one.largest = 1;
    if (jobring_parallel_for_opts(pool, (size_t)count, &one_by_one, fftw_loop_body, &loop, NULL) != JOBRING_OK)
        abort();
}

/* For all plans of double precision. NULL: FFTW makes threads of its own again. */
static inline void use_pool_for_fftw(jobring_pool *pool)
{
    fftw_threads_set_callback(pool != NULL ? fftw_loop_on_pool : NULL, pool);
}

#endif
