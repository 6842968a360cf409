/* A program with a pool, and a shared library that hides a copy of jobring and a pool of its own. Jobs of each call the other.
 * Then the shared library goes, and the program forks and works on. Argument: the shared library. */
#define _GNU_SOURCE
#include "plugin.h"
#include "check.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS = 500 };

static const struct plugin *plugin;
static jobring_pool *pool;

static void *count(void *arg) {
    atomic_fetch_add((atomic_int *)arg, 1);
    return arg;
}

/* A job of the plugin's pool submits one of this pool. It does not wait for it: to this copy it is a thread like any other, and
 * both workers may wait for the plugin. */
static void *outwards(void *arg) {
    OK(jobring_submit(pool, count, arg, NULL));
    return arg;
}

/* A job of this pool waits for one of the plugin's. */
static void *inwards(void *arg) {
    plugin->run(outwards, arg);
    return arg;
}

static void work(void *(*fn)(void *)) {
    static jobring_job jobs[JOBS];
    atomic_int counted = 0;
    for (int n = 0; n < JOBS; n++) OK(jobring_submit(pool, fn, &counted, &jobs[n]));
    for (int n = 0; n < JOBS; n++) OK(jobring_wait(pool, jobs[n], JOBRING_FOREVER, NULL));
    OK(jobring_wait_idle(pool, JOBRING_FOREVER));
    CHECK(counted == JOBS);
}

int main(int argc, char **argv) {
    alarm(60);
    CHECK(argc == 2);
    void *library = dlopen(argv[1], RTLD_NOW);
    if (library == NULL) puts(dlerror());
    CHECK(library != NULL);
    plugin = dlsym(library, "plugin");
    CHECK(plugin != NULL && plugin->is_its_own(jobring_create));

    pool = new_pool(2, 2 * JOBS);
    plugin->start();
    work(inwards);
    plugin->stop();
    CHECK(dlclose(library) == 0);
    CHECK(dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) == NULL);

    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) _exit(jobring_run_one(pool) == JOBRING_E_FORKED ? 0 : 1);
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    work(count);
    OK(jobring_destroy(pool));
    puts("plugin: two copies, one process");
    return 0;
}
