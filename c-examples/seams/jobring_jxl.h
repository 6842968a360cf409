/* A parallel runner for libjxl: JxlEncoderSetParallelRunner(encoder, jxl_on_pool, pool), and the same for a decoder. */
#ifndef SEAMS_JXL_H
#define SEAMS_JXL_H

#include <jobring.h>
#include <jxl/parallel_runner.h>
#include <stdatomic.h>

struct jxl_loop {
    void *encoder;
    JxlParallelRunFunction function;
    atomic_size_t next;
    size_t end;
};

/*
 * libjxl has memory for each of its threads, and wants their numbers: no two calls at a time may have the same one. So a part of
 * the loop is not an index of the image but a number, and who holds it takes one index after the other.
 */
static inline int32_t jxl_loop_body(void *ctx, size_t from, size_t to)
{
    struct jxl_loop *loop = ctx;
    for (size_t number = from; number < to; number++)
        for (size_t at; (at = atomic_fetch_add_explicit(&loop->next, 1, memory_order_relaxed)) < loop->end;)
            loop->function(loop->encoder, (uint32_t)at, number);
    return 0;
}

/* The pool's workers and the thread that calls libjxl share the work. */
static inline JxlParallelRetCode jxl_on_pool(void *pool, void *encoder, JxlParallelRunInit init,
                                             JxlParallelRunFunction function, uint32_t start, uint32_t end)
{
    jobring_parallel_for_options one_by_one = JOBRING_PARALLEL_FOR_OPTIONS_INIT;
    struct jxl_loop loop = {.encoder = encoder, .function = function, .next = start, .end = end};
    jobring_info info = {.size = sizeof info};

    if (jobring_info_get(pool, &info) != JOBRING_OK)
        return JXL_PARALLEL_RET_RUNNER_ERROR;
    const size_t numbers = (size_t)info.workers + 1;
    const JxlParallelRetCode ready = init(encoder, numbers);
    if (ready != 0)
        return ready;
    one_by_one.grain = one_by_one.largest = 1;
    return jobring_parallel_for_opts(pool, numbers, &one_by_one, jxl_loop_body, &loop, NULL) == JOBRING_OK
               ? 0
               : JXL_PARALLEL_RET_RUNNER_ERROR;
}

#endif
