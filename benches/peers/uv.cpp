// libuv: uv_queue_work, whose requests the caller owns. Between bursts the loop takes the finished requests back, which is
// not timed; with handles it does so after each batch, which is.
#include "common.hpp"
#include <uv.h>

using namespace bench;
using Job = void (*)();

int main(int argc, char **argv)
{
    Params params{argc, argv};
    bool one = params.mode("asleep");
    setenv("UV_THREADPOOL_SIZE", std::to_string(one ? 1 : params.get("workers", 2)).c_str(), 1);
    if (one)
        pin_worker(params);
    Places places(params);
    uv_loop_t *loop = uv_default_loop();
    std::vector<uv_work_t> requests(std::max<uint64_t>(params.get("burst", 1), 4096));
    size_t next = 0;
    auto work = [](uv_work_t *request) { reinterpret_cast<Job>(request->data)(); };
    auto submit = [&](Job job) {
        uv_work_t *request = &requests[next++];
        request->data = reinterpret_cast<void *>(job);
        uv_queue_work(loop, request, work, [](uv_work_t *, int) {});
    };
    auto drain = [&] {
        uv_run(loop, UV_RUN_DEFAULT);
        next = 0;
    };
    if (params.mode("detached")) {
        bursts(params, places, [&](uint64_t count) { while (count--) submit(job); }, drain);
        return 0;
    }
    if (params.mode("handles")) {
        uint64_t batch = params.get("batch", 256);
        bursts(
            params, places,
            [&](uint64_t count) {
                for (uint64_t begin = 0; begin < count; begin += batch) {
                    for (uint64_t i = begin; i < std::min(begin + batch, count); i++)
                        submit(job);
                    drain();
                }
            },
            [] {});
        return 0;
    }
    return any(params, places, [&](Job job) {
        submit(job);
        drain();
    });
}
