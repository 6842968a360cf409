// moodycamel::BlockingConcurrentQueue and threads that take from it: the pool that a C++ programmer makes by hand.
#include "common.hpp"
#include <concurrentqueue/blockingconcurrentqueue.h>

using namespace bench;
using Job = void (*)();

int main(int argc, char **argv)
{
    Params params{argc, argv};
    bool one = params.mode("asleep");
    if (one)
        pin_worker(params);
    Places places(params);
    moodycamel::BlockingConcurrentQueue<Job> queue(1024);
    std::vector<std::thread> workers;
    for (uint64_t i = 0; i < (one ? 1 : params.get("workers", 2)); i++)
        workers.emplace_back([&] {
            moodycamel::ConsumerToken token(queue);
            for (Job job;;) {
                queue.wait_dequeue(token, job);
                job();
            }
        });
    return any(params, places, [&](Job job) {
        // A token for each submitter is what its documentation recommends.
        thread_local moodycamel::ProducerToken token(queue);
        queue.enqueue(token, job);
    });
}
