// A C++ exception that leaves a job of a pool of processes ends the worker, and no other job.
#include "check.h"

#include <csignal>
#include <jobring_processes.h>

namespace {

struct thrown {};

int32_t throws(const void *, size_t, void *, size_t, size_t *) { throw thrown(); }
int32_t catches(const void *, size_t, void *, size_t, size_t *) {
    try {
        throw thrown();
    } catch (const thrown &) {
        return 7;
    }
}

jobring_outcome outcome_of(jobring_processes *pool, uint32_t function) {
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    jobring_job job;
    OK(jobring_processes_submit(pool, function, nullptr, 0, nullptr, &job));
    OK(jobring_processes_wait(pool, job, JOBRING_FOREVER, &outcome));
    return outcome;
}

} // namespace

int main() {
    static const jobring_process_fn functions[] = {throws, catches};
    jobring_processes_config config = JOBRING_PROCESSES_CONFIG_INIT;
    jobring_processes *pool = nullptr;
    config.workers = 1;
    config.functions = functions;
    config.function_count = 2;
    OK(jobring_processes_create(&config, &pool));
    for (int n = 0; n < 3; n++) {
        const jobring_outcome died = outcome_of(pool, 0);
        CHECK(died.status == JOBRING_E_WORKER_DIED && died.code == -SIGABRT);
        const jobring_outcome failed = outcome_of(pool, 1);
        CHECK(failed.status == JOBRING_E_FAILED && failed.code == 7);
    }
    OK(jobring_processes_destroy(pool));
    return 0;
}
