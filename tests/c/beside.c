/* A program with jobring and another Rust library, which has Rust's std: a job calls that library, and it calls jobring. */
#include "check.h"

#include <unistd.h>

/* From tests/archive.rs. Calls fn(arg) on a thread of its own, catches a panic, and returns what is left of `count`. */
uint32_t other_library(uint32_t count, void (*fn)(void *), void *arg);

static jobring_pool *pool;

static void *add_one(void *arg) {
    ++*(int *)arg;
    return arg;
}

static void from_other(void *arg) {
    jobring_job job;
    OK(jobring_submit(pool, add_one, arg, &job));
    OK(jobring_wait(pool, job, JOBRING_FOREVER, NULL));
}

static void *calls_other(void *arg) {
    CHECK(other_library(3, from_other, arg) == 42);
    return arg;
}

int main(void) {
    alarm(300);
    int number = 0;
    jobring_job job;
    pool = new_pool(2, 8);
    OK(jobring_submit(pool, calls_other, &number, &job));
    OK(jobring_wait(pool, job, JOBRING_FOREVER, NULL));
    OK(jobring_destroy(pool));
    CHECK(number == 3);
    puts("beside: two Rust libraries, one program");
    return 0;
}
