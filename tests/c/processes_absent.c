/* A library without pools of processes: each call says so. */
#include "check.h"

#include <jobring_processes.h>

int main(void) {
    const jobring_process_fn functions[1] = {NULL};
    const jobring_processes_config config = JOBRING_PROCESSES_CONFIG_INIT;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    jobring_processes_stats stats = JOBRING_PROCESSES_STATS_INIT;
    jobring_processes *pool = NULL;
    int fd;

    CHECK(jobring_processes_take_over(functions, 1) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_processes_create(&config, &pool) == JOBRING_E_UNSUPPORTED && pool == NULL);
    CHECK(jobring_processes_submit(pool, 0, NULL, 0, NULL, NULL) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_processes_take(pool, 0, &outcome) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_processes_wait(pool, 1, 0, &outcome) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_processes_cancel(pool, 1) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_processes_kill(pool, 1) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_processes_fd(pool, &fd) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_processes_shutdown(pool, JOBRING_DRAIN, 0) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_processes_stats_get(pool, &stats) == JOBRING_E_UNSUPPORTED);
    CHECK(jobring_processes_destroy(pool) == JOBRING_E_UNSUPPORTED);
    return 0;
}
