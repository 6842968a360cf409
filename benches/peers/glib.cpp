// GLib: an exclusive GThreadPool, one push for each job. Data must not be NULL, and is the job.
#include "common.hpp"
#include <glib.h>

using namespace bench;
using Job = void (*)();

int main(int argc, char **argv)
{
    Params params{argc, argv};
    bool one = params.mode("asleep");
    if (one)
        pin_worker(params);
    Places places(params);
    auto run = [](gpointer data, gpointer) { reinterpret_cast<Job>(data)(); };
    GThreadPool *pool = g_thread_pool_new(run, nullptr, int(one ? 1 : params.get("workers", 2)), TRUE, nullptr);
    return any(params, places, [&](Job job) { g_thread_pool_push(pool, reinterpret_cast<gpointer>(job), nullptr); });
}
