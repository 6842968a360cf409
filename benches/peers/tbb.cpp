// oneTBB: task_arena::enqueue for detached jobs, task_group for jobs that are waited for, parallel_for.
#include "common.hpp"
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

using namespace bench;

int main(int argc, char **argv)
{
    Params params{argc, argv};
    bool one = params.mode("asleep");
    size_t workers = one ? 1 : params.get("workers", 2);
    if (params.mode("itself")) {
        // Nobody but the caller: wait() runs the job.
        tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
        tbb::task_group group;
        tight(params, [&] {
            group.run(job);
            group.wait();
        });
        return 0;
    }
    if (params.mode("loop")) {
        size_t threads = params.get("threads", 2);
        tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
        tbb::task_arena arena(static_cast<int>(threads));
        arena.execute([&] {
            loop(params, [&](uint32_t *data, size_t n) {
                tbb::blocked_range<size_t> range(0, n, std::max<size_t>(n / 8, 256));
                tbb::parallel_for(range, [&](const auto &part) { body(data + part.begin(), part.size()); });
            });
        });
        return 0;
    }
    if (one)
        pin_worker(params);
    Places places(params);
    // No slot of the arena is kept for the submitter, so that there are as many workers as the others have.
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, workers + 1);
    tbb::task_arena arena(static_cast<int>(workers), 0);
    if (params.mode("handles")) {
        uint64_t batch = params.get("batch", 256);
        tbb::task_group group;
        bursts(
            params, places,
            [&](uint64_t count) {
                for (uint64_t begin = 0; begin < count; begin += batch) {
                    for (uint64_t i = begin; i < std::min(begin + batch, count); i++)
                        group.run(job);
                    group.wait();
                }
            },
            [] {});
        return 0;
    }
    return any(params, places, [&](void (*job)()) { arena.enqueue(job); });
}
