// OpenMP as the compiler has it: tasks made by one thread of a team, and a parallel loop.
#include "common.hpp"
#include <omp.h>

using namespace bench;

int main(int argc, char **argv)
{
    Params params{argc, argv};
    if (params.mode("loop")) {
        omp_set_num_threads(int(params.get("threads", 2)));
        loop(params, [](uint32_t *data, size_t n) {
#pragma omp parallel for schedule(static)
            for (size_t i = 0; i < n; i++)
                data[i] = data[i] * 3 + 1;
        });
        return 0;
    }
    Places places(params);
    uint64_t batch = params.mode("handles") ? params.get("batch", 256) : 0;
    // The thread that makes the tasks is one of the team, and runs tasks too while it waits.
    omp_set_num_threads(int(params.get("workers", 2)) + 1);
#pragma omp parallel
#pragma omp single
    bursts(
        params, places,
        [&](uint64_t count) {
            for (uint64_t i = 1; i <= count; i++) {
#pragma omp task
                job();
                if (batch && i % batch == 0) {
#pragma omp taskwait
                }
            }
            if (!batch) {
#pragma omp taskwait
            }
        },
        [] {});
}
