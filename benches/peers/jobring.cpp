// jobring.hpp: futures and detached jobs. In the same program the C face, and std::async.
#include "common.hpp"
#include "jobring.hpp"
#include <future>
#include <vector>

using namespace bench;

static void *c_job(void *arg)
{
    job();
    return arg;
}
static void drop(void *, jobring_status) {}

// Bursts of jobs that are waited for in batches.
template <class Handle, class Submit, class Wait>
static void batches(const Params &params, const Places &places, Submit submit, Wait wait)
{
    std::vector<Handle> handles(params.get("batch", 256));
    bursts(
        params, places,
        [&](uint64_t count) {
            while (count > 0) {
                const size_t n = std::min<uint64_t>(handles.size(), count);
                for (size_t i = 0; i < n; i++)
                    handles[i] = submit(i);
                for (size_t i = 0; i < n; i++)
                    wait(handles[i]);
                count -= n;
            }
        },
        [] {});
}

int main(int argc, char **argv)
{
    Params params{argc, argv};
    Places places(params);
    jobring::options options;
    options.workers = uint32_t(params.get("workers", 2));
    jobring::pool pool(options);
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = options.workers;
    jobring_pool *c = nullptr;
    jobring_create(&config, &c);
    const auto count_on = [](size_t n) {
        job();
        return n;
    };
    if (params.mode("futures"))
        batches<jobring::future<size_t>>(
            params, places, [&](size_t n) { return pool.submit([n, count_on] { return count_on(n); }); },
            [](auto &future) { future.get(); });
    else if (params.mode("plain"))
        batches<jobring_job>(
            params, places,
            [&](size_t n) {
                jobring_job handle;
                jobring_submit(c, c_job, reinterpret_cast<void *>(n), &handle);
                return handle;
            },
            [&](jobring_job handle) {
                void *result;
                jobring_wait(c, handle, JOBRING_FOREVER, &result);
            });
    else if (params.mode("owned"))
        // What a future asks of the C face: data of its own, which somebody drops.
        batches<jobring_job>(
            params, places,
            [&](size_t n) {
                jobring_submit_options of = JOBRING_SUBMIT_OPTIONS_INIT;
                jobring_job handle;
                size_t data[4] = {n, 0, 0, 0};
                of.copy = sizeof data;
                of.drop = drop;
                of.move = JOBRING_MOVE_BYTES;
                jobring_submit_opts(pool.native_handle(), c_job, data, &of, &handle);
                return handle;
            },
            [&](jobring_job handle) {
                void *result;
                jobring_wait(pool.native_handle(), handle, JOBRING_FOREVER, &result);
            });
    else if (params.mode("async"))
    {
        // Each job has a thread, for which there would not be lines enough.
        taken = LINES;
        const auto count_up = [](size_t n) {
            lines[0].count.fetch_add(1, std::memory_order_relaxed);
            return n;
        };
        batches<std::future<size_t>>(
            params, places, [&](size_t n) { return std::async(std::launch::async, count_up, n); },
            [](auto &future) { future.get(); });
    }
    else if (params.mode("detached"))
        bursts(params, places, [&](uint64_t n) { while (n--) pool.detach(job); }, [] {});
    else
        return 2;
    std::fflush(stdout);
    std::_Exit(0);
}
