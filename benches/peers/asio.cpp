// Boost.Asio: post() to a thread_pool, or to strands of it.
#include "common.hpp"
#include <utility> // which boost/asio.hpp 1.74 forgets

#include <boost/asio.hpp>
#include <future>

using namespace bench;

int main(int argc, char **argv)
{
    Params params{argc, argv};
    bool one = params.mode("asleep");
    if (one)
        pin_worker(params);
    Places places(params);
    boost::asio::thread_pool pool(one ? 1 : params.get("workers", 2));
    if (params.mode("lanes")) {
        using Strand = boost::asio::strand<boost::asio::thread_pool::executor_type>;
        std::vector<Strand> strands;
        for (uint64_t n = 0; n < params.get("lanes", 1); n++)
            strands.push_back(boost::asio::make_strand(pool));
        size_t next = 0;
        return any(params, places, [&](void (*job)()) {
            boost::asio::post(strands[next], job);
            next = next + 1 == strands.size() ? 0 : next + 1;
        });
    }
    if (params.mode("futures")) {
        std::vector<std::future<size_t>> futures(params.get("batch", 256));
        bursts(
            params, places,
            [&](uint64_t count) {
                while (count > 0) {
                    const size_t n = std::min<uint64_t>(futures.size(), count);
                    for (size_t i = 0; i < n; i++) {
                        // Asio knows the type, and returns its future.
                        futures[i] = boost::asio::post(pool, std::packaged_task<size_t()>([i] {
                            job();
                            return i;
                        }));
                    }
                    for (size_t i = 0; i < n; i++)
                        futures[i].get();
                    count -= n;
                }
            },
            [] {});
        std::fflush(stdout);
        std::_Exit(0);
    }
    return any(params, places, [&](void (*job)()) { boost::asio::post(pool, job); });
}
