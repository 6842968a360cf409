/* The system refuses memory, or keys of thread-specific data, while a pool is made: the call returns an error,
 * nothing is left behind, and the next attempt may succeed. Prints "cell refused <backend> <what>". Argument: the
 * backend's number. Where Rust's standard library ends the process instead (see JOBRING_BACKEND_STD in the header),
 * the line is "cell refused std aborts". */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The allocation that fails; 0: none. */
static atomic_int refused;

void *__real_malloc(size_t), *__real_calloc(size_t, size_t), *__real_realloc(void *, size_t);
int __real_posix_memalign(void **, size_t, size_t);
void *__wrap_malloc(size_t), *__wrap_calloc(size_t, size_t), *__wrap_realloc(void *, size_t);
int __wrap_posix_memalign(void **, size_t, size_t);

static int is_refused(void) {
    return atomic_load(&refused) > 0 && atomic_fetch_sub(&refused, 1) == 1;
}

void *__wrap_malloc(size_t size) { return is_refused() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) { return is_refused() ? NULL : __real_calloc(count, size); }
void *__wrap_realloc(void *at, size_t size) { return is_refused() ? NULL : __real_realloc(at, size); }
int __wrap_posix_memalign(void **at, size_t align, size_t size) {
    return is_refused() ? ENOMEM : __real_posix_memalign(at, align, size);
}

static const char *name_of(uint32_t backend) { return backend == JOBRING_BACKEND_PTHREAD ? "pthread" : "std"; }

static void *identity(void *arg) { return arg; }

static void works(const jobring_config *config) {
    jobring_pool *pool;
    jobring_job job;
    void *result = NULL;
    OK(jobring_create(config, &pool));
    OK(jobring_submit(pool, identity, &job, &job));
    OK(jobring_wait(pool, job, LONG, &result));
    CHECK(result == &job);
    OK(jobring_destroy(pool));
}

/* In a child, in which the allocation is refused. What it returns, or the signal that ended it, negative. */
static int in_a_child(const jobring_config *config, int which) {
    int status = -1;
    CHECK(fflush(stdout) == 0);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        jobring_pool *pool = NULL;
        alarm(120);
        atomic_store(&refused, which);
        const jobring_status made = jobring_create(config, &pool);
        const int left = atomic_exchange(&refused, 0);
        if (made == JOBRING_OK) {
            OK(jobring_destroy(pool));
            _exit(left > 0 ? 0 : 100);
        }
        CHECK(pool == NULL && (made == JOBRING_E_NOMEM || made == JOBRING_E_THREAD));
        works(config);
        _exit(101);
    }
    CHECK(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void memory(uint32_t backend) {
    jobring_config config = JOBRING_CONFIG_INIT;
    int which = 1, statuses = 0, aborts = 0;
    config.backend = backend;
    config.workers = 2;
    for (;; which++) {
        const int how = in_a_child(&config, which);
        if (how == 0) break;
        CHECK(how == 100 || how == 101 || (how == -SIGABRT && backend == JOBRING_BACKEND_STD));
        statuses += how == 101;
        aborts += how == -SIGABRT;
        /* The library's own come first: the pool, and the thread's name. */
        if (which <= (backend == JOBRING_BACKEND_STD ? 2 : 1)) CHECK(how == 101);
    }
    CHECK(statuses > 0);
    printf("cell refused %s memory\n", name_of(backend));
    if (aborts) puts("cell refused std aborts");
}

/* All keys are taken. */
static void keys(uint32_t backend) {
    static pthread_key_t taken[1 << 16];
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    size_t count = 0;
    config.backend = backend;
    config.workers = 2;
    while (count < sizeof taken / sizeof *taken && pthread_key_create(&taken[count], NULL) == 0) count++;
    CHECK(count > 0 && count < sizeof taken / sizeof *taken);
    for (int try = 0; try < 2; try++) {
        const jobring_status status = jobring_create(&config, &pool);
        /* A pthread needs none in a build with std; what std needs, or a build without it, must be refused by a status. */
        const int needs_key = backend == JOBRING_BACKEND_STD || !(jobring_features() & JOBRING_FEATURE_STD);
        CHECK(status == (needs_key ? JOBRING_E_NOMEM : JOBRING_OK));
        if (status == JOBRING_OK) OK(jobring_destroy(pool));
    }
    for (size_t n = 0; n < count; n++) CHECK(pthread_key_delete(taken[n]) == 0);
    works(&config);
    /* Once the keys are there, no other is needed. */
    for (count = 0; pthread_key_create(&taken[count], NULL) == 0; count++) {
    }
    works(&config);
    printf("cell refused %s keys\n", name_of(backend));
}

int main(int argc, char **argv) {
    alarm(300);
    CHECK(argc == 2);
    const uint32_t backend = (uint32_t)atoi(argv[1]);
    memory(backend);
    keys(backend);
    return 0;
}
