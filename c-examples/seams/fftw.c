/* Shows that FFTW's threads can be jobring's workers: the same plan runs on a pool, then on FFTW's own threads, with the same bits. */
#include "jobring_fftw.h"
#include "clock.h"
#include <stdatomic.h>
#include <math.h>

enum { SIDE = 1024, POINTS = SIDE * SIDE };

static atomic_int loops;

/* Counts, to know that FFTW asked. */
static void counted(void *(*work)(char *), char *jobs, size_t size, int count, void *pool)
{
    (void)atomic_fetch_add(&loops, 1);
    fftw_loop_on_pool(work, jobs, size, count, pool);
}

static fftw_plan plan(int threads, fftw_complex *in, fftw_complex *out)
{
    fftw_plan_with_nthreads(threads);
    fftw_plan made = fftw_plan_dft_2d(SIDE, SIDE, in, out, FFTW_FORWARD, FFTW_ESTIMATE);
    CHECK(made != NULL);
    return made;
}

static double timed(jobring_pool *pool, fftw_plan plan)
{
    const double begin = milliseconds(pool);
    fftw_execute(plan);
    return milliseconds(pool) - begin;
}

int main(void)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    struct times times;
    uint32_t cpus = 0;

    TRY(jobring_cpus(&cpus));
    const int threads = cpus > 2 ? (int)cpus : 2;
    config.workers = (uint32_t)threads - 1;
    TRY(jobring_create(&config, &pool));

    CHECK(fftw_init_threads() != 0);
    fftw_complex *in = fftw_alloc_complex(POINTS), *out = fftw_alloc_complex(POINTS);
    fftw_complex *on_pool = fftw_alloc_complex(POINTS);
    CHECK(in != NULL && out != NULL && on_pool != NULL);
    for (unsigned at = 0; at < POINTS; at++) {
        in[at][0] = at * 7919 % 1000 / 1000.0;
        in[at][1] = at * 104729 % 1000 / 1000.0;
    }

    fftw_plan parallel = plan(threads, in, out), serial = plan(1, in, out);
    fftw_threads_set_callback(counted, pool);
    fftw_execute(parallel);
    memcpy(on_pool, out, POINTS * sizeof *out);
    CHECK(atomic_load(&loops) > 0);
    use_pool_for_fftw(NULL);
    memset(out, 0, POINTS * sizeof *out);
    fftw_execute(parallel);
    CHECK(memcmp(on_pool, out, POINTS * sizeof *out) == 0);
    /* The plan for one thread may take other steps. */
    fftw_execute(serial);
    for (int at = 0; at < POINTS; at++)
        CHECK(hypot(out[at][0] - on_pool[at][0], out[at][1] - on_pool[at][1]) < 1e-6);

    for (int pair = 0; pair < PAIRS; pair++) {
        use_pool_for_fftw(pool);
        times.jobring[pair] = timed(pool, parallel);
        use_pool_for_fftw(NULL);
        times.own[pair] = timed(pool, parallel);
    }
    SAY("fftw: a transform of %d by %d, in %d loops over %d parts: the same bits as on FFTW's own threads\n", (int)SIDE, (int)SIDE,
        atomic_load(&loops), threads);
    say_ratio("fftw", &times);

    fftw_destroy_plan(parallel);
    fftw_destroy_plan(serial);
    fftw_free(in);
    fftw_free(out);
    fftw_free(on_pool);
    fftw_cleanup_threads();
    TRY(jobring_destroy(pool));
    return 0;
}
