/* The system refuses to report forks (pthread_atfork fails for lack of memory): no pool is made, nothing is left
 * behind, and the next attempt asks again. Prints "cell <function> fork-refused". */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int refuse = 1, refused, asked;

int __real_pthread_atfork(void (*)(void), void (*)(void), void (*)(void));
int __wrap_pthread_atfork(void (*)(void), void (*)(void), void (*)(void));

int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
    asked++;
    if (!refuse) return __real_pthread_atfork(prepare, parent, child);
    refused++;
    return ENOMEM;
}

static void *identity(void *arg) { return arg; }

int main(void) {
    static _Alignas(64) unsigned char memory[1 << 20], before[1 << 20];
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    int status = -1;
    alarm(120);
    config.workers = 1;
    for (int try = 1; try <= 2; try++) {
        CHECK(jobring_create(&config, &pool) == JOBRING_E_NOMEM && pool == NULL && refused == 2 * try - 1);
        CHECK(jobring_init(&config, memory, sizeof memory, &pool) == JOBRING_E_NOMEM && pool == NULL && refused == 2 * try);
        CHECK(memcmp(memory, before, sizeof memory) == 0);
    }
    puts("cell jobring_create fork-refused");
    puts("cell jobring_init fork-refused");
    refuse = 0;
    OK(jobring_create(&config, &pool));
    CHECK(asked == refused + 1 && fflush(stdout) == 0);
    const pid_t child = fork();
    if (child == 0) {
        alarm(120);
        CHECK(jobring_submit(pool, identity, NULL, NULL) == JOBRING_E_FORKED);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    OK(jobring_destroy(pool));
    /* Once it was granted it is not asked for again. */
    OK(jobring_create(&config, &pool));
    CHECK(asked == refused + 1);
    OK(jobring_destroy(pool));
    return 0;
}
