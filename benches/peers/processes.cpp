// jobring_processes.h: jobs in other processes.
#include "common.hpp"
#include "jobring_processes.h"
#include <csignal>

using namespace bench;

static int32_t nothing(const void *, size_t, void *, size_t, size_t *) { return 0; }
static int32_t hang(const void *, size_t, void *, size_t, size_t *)
{
    for (;;)
        pause();
}

static jobring_processes *pool;

static jobring_outcome take()
{
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    if (jobring_processes_take(pool, JOBRING_FOREVER, &outcome) != JOBRING_OK)
        std::abort();
    return outcome;
}
static void submit(uint32_t function, jobring_job *job)
{
    if (jobring_processes_submit(pool, function, nullptr, 0, nullptr, job) != JOBRING_OK)
        std::abort();
}

int main(int argc, char **argv)
{
    const Params params{argc, argv};
    static const jobring_process_fn functions[] = {nothing, hang};
    const bool is_apart = params.mode("asleep");
    const Places places = is_apart ? (pin_worker(params), Places(params)) : Places(params);
    jobring_processes_config config = JOBRING_PROCESSES_CONFIG_INIT;
    config.workers = uint32_t(params.get("workers", 2));
    config.capacity = 512;
    config.functions = functions;
    config.function_count = 2;
    if (jobring_processes_create(&config, &pool) != JOBRING_OK)
        return 2;
    if (params.mode("handles")) {
        const uint64_t batch = params.get("batch", 256);
        bursts(
            params, places,
            [&](uint64_t count) {
                while (count > 0) {
                    const uint64_t n = std::min(batch, count);
                    for (uint64_t i = 0; i < n; i++)
                        submit(0, nullptr);
                    // Counted here: a worker's memory is its own.
                    for (uint64_t i = 0; i < n; i++) {
                        take();
                        job();
                    }
                    count -= n;
                }
            },
            [] {});
    } else if (is_apart) {
        asleep(params, [] {
            submit(0, nullptr);
            take();
        });
    } else if (params.mode("deaths")) {
        std::vector<double> reported, replaced;
        while (reported.size() < params.get("samples", 60)) {
            jobring_job job;
            submit(1, &job);
            usleep(2000);
            const Clock::time_point begin = Clock::now();
            jobring_processes_kill(pool, job);
            const bool has_died = take().status == JOBRING_E_WORKER_DIED;
            const double report = seconds_since(begin) * 1e3;
            submit(0, nullptr);
            take();
            if (has_died) {
                reported.push_back(report);
                replaced.push_back(seconds_since(begin) * 1e3);
            }
        }
        const auto at = [](std::vector<double> &times, double part) {
            std::sort(times.begin(), times.end());
            return times[size_t(part * double(times.size() - 1))];
        };
        say("reported_ms", at(reported, 0.5));
        say("reported_p95_ms", at(reported, 0.95));
        say("replaced_ms", at(replaced, 0.5));
        say("replaced_p95_ms", at(replaced, 0.95));
    } else {
        return 2;
    }
    std::fflush(stdout);
    jobring_processes_destroy(pool);
}
