/* A pool of threads and a pool of processes in one program: jobs of the one submit to the other. With an argument: workers come from this
 * program, started once more, when there are threads already. */
#include "check.h"

#include <jobring_processes.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4, JOBS = 200 };

static int32_t twice(const void *data, size_t size, void *result, size_t capacity, size_t *length) {
    int number;
    char *block;
    CHECK(size == sizeof number && capacity >= size);
    memcpy(&number, data, size);
    /* The C library's memory functions work in a copy, whatever the threads did when it was made. */
    block = malloc((size_t)number + 1);
    CHECK(block != NULL);
    memset(block, number, (size_t)number + 1);
    number *= 2;
    memcpy(result, &number, *length = sizeof number);
    free(block);
    return 0;
}

static const jobring_process_fn functions[] = {twice};
static jobring_processes *processes;

static jobring_processes *make(uint32_t flags) {
    jobring_processes_config config = JOBRING_PROCESSES_CONFIG_INIT;
    jobring_processes *made = NULL;
    config.flags = flags;
    config.workers = 2;
    if (flags == 0) {
        config.functions = functions;
        config.function_count = 1;
    }
    OK(jobring_processes_create(&config, &made));
    return made;
}

/* A job of the pool of threads: its own job is one of a process. */
static void *in_a_thread(void *arg) {
    int *number = arg;
    jobring_job job;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    outcome.data = number;
    outcome.capacity = sizeof *number;
    OK(jobring_processes_submit(processes, 0, number, sizeof *number, NULL, &job));
    OK(jobring_processes_wait(processes, job, LONG, &outcome));
    CHECK(outcome.status == JOBRING_OK && outcome.length == sizeof *number);
    return number;
}

static void both(jobring_pool *threads) {
    static int numbers[JOBS];
    jobring_job jobs[JOBS];
    void *result;
    for (int n = 0; n < JOBS; n++) {
        numbers[n] = n;
        OK(jobring_submit(threads, in_a_thread, &numbers[n], &jobs[n]));
    }
    for (int n = 0; n < JOBS; n++) {
        OK(jobring_wait(threads, jobs[n], LONG, &result));
        CHECK(result == &numbers[n] && numbers[n] == 2 * n);
    }
}

int main(int argc, char **argv) {
    jobring_pool *threads;
    OK(jobring_processes_take_over(functions, 1));
    alarm(300);
    (void)argv;
    if (argc > 1) {
        threads = new_pool(THREADS, 1024);
        processes = make(JOBRING_PROCESSES_SPAWN);
    } else {
        processes = make(0);
        threads = new_pool(THREADS, 1024);
    }
    both(threads);
    OK(jobring_processes_destroy(processes));

    /* A copy that is made while there are threads: its functions use nothing that they use. */
    processes = make(argc > 1 ? JOBRING_PROCESSES_SPAWN : 0);
    both(threads);
    OK(jobring_processes_shutdown(processes, JOBRING_DRAIN, LONG));
    OK(jobring_processes_destroy(processes));
    OK(jobring_destroy(threads));
    return 0;
}
