// moodycamel::BlockingConcurrentQueue and threads that take from it: the pool that a C++ programmer makes by hand.
#include "common.hpp"
#include <concurrentqueue/blockingconcurrentqueue.h>

using namespace bench;
using Job = void (*)();

// A token for each thread and queue is what its documentation recommends.
using Put = moodycamel::ProducerToken;
using Take = moodycamel::ConsumerToken;

// Two queues: the jobs go through one, and the tags of those that have ended come back through the other. One thread submits
// and takes, with as many in flight as `batch`. It takes in bulk: that is faster here than one at a time.
static int completions(const Params &params)
{
    struct Tagged {
        Job job;
        uint64_t tag;
    };
    Places places(params);
    moodycamel::BlockingConcurrentQueue<Tagged> queue(1024);
    moodycamel::BlockingConcurrentQueue<uint64_t> ended(1024);
    std::vector<std::thread> workers;
    for (uint64_t i = 0; i < params.get("workers", 2); i++)
        workers.emplace_back([&] {
            Take take(queue);
            Put put(ended);
            for (Tagged tagged;;) {
                queue.wait_dequeue(take, tagged);
                tagged.job();
                ended.enqueue(put, tagged.tag);
            }
        });
    Put put(queue);
    Take take(ended);
    uint64_t batch = params.get("batch", 256), tags[64];
    bursts(params, places, [&](uint64_t count) {
        for (uint64_t submitted = 0, received = 0; received < count;) {
            for (; submitted < count && submitted - received < batch; submitted++)
                queue.enqueue(put, {job, submitted});
            received += ended.wait_dequeue_bulk(take, tags, std::size(tags));
        }
    }, [] {});
    std::fflush(stdout);
    std::_Exit(0);
}

int main(int argc, char **argv)
{
    Params params{argc, argv};
    if (params.mode("completions"))
        return completions(params);
    bool one = params.mode("asleep");
    if (one)
        pin_worker(params);
    Places places(params);
    moodycamel::BlockingConcurrentQueue<Job> queue(1024);
    std::vector<std::thread> workers;
    for (uint64_t i = 0; i < (one ? 1 : params.get("workers", 2)); i++)
        workers.emplace_back([&] {
            Take take(queue);
            for (Job job;;) {
                queue.wait_dequeue(take, job);
                job();
            }
        });
    return any(params, places, [&](Job job) {
        thread_local Put put(queue);
        queue.enqueue(put, job);
    });
}
