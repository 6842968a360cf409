// Boost.Asio: post() to a thread_pool.
#include "common.hpp"
#include <utility> // which boost/asio.hpp 1.74 forgets

#include <boost/asio.hpp>

using namespace bench;

int main(int argc, char **argv)
{
    Params params{argc, argv};
    bool one = params.mode("asleep");
    if (one)
        pin_worker(params);
    Places places(params);
    boost::asio::thread_pool pool(one ? 1 : params.get("workers", 2));
    return any(params, places, [&](void (*job)()) { boost::asio::post(pool, job); });
}
