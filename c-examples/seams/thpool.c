/* Shows a program that is written for C-Thread-Pool, with the calls and the casts that such programs have, on jobring through thpool.h.
 * Nothing below names jobring. */
#include "thpool.h"
#include "../check.h"
#include <pthread.h>

enum { THREADS = 4, WORKS = 10000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long total;
static int inside, open_gate;

static void add(void *number)
{
    pthread_mutex_lock(&lock);
    total += (long)(intptr_t)number;
    pthread_mutex_unlock(&lock);
}

static long read_total(void)
{
    pthread_mutex_lock(&lock);
    const long read = total;
    pthread_mutex_unlock(&lock);
    return read;
}

/* Stays inside until the gate is open. */
static void stay(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    inside++;
    pthread_cond_broadcast(&changed);
    while (!open_gate)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* A directory has entries, an entry may be a directory: works add works. */
static threadpool tree;
static void visit(void *depth)
{
    const intptr_t below = (intptr_t)depth;
    add((void *)(intptr_t)1);
    for (int child = 0; below > 0 && child < 3; child++)
        CHECK(thpool_add_work(tree, visit, (void *)(below - 1)) == 0);
}

int main(void)
{
    threadpool pool = thpool_init(THREADS);
    CHECK(pool != NULL);

    for (intptr_t number = 1; number <= WORKS; number++)
        CHECK(thpool_add_work(pool, add, (void *)number) == 0);
    thpool_wait(pool);
    CHECK(read_total() == (long)WORKS * (WORKS + 1) / 2);
    CHECK(thpool_num_threads_working(pool) == 0);

    /* More works than threads: those that run are counted, the queued one is not. */
    for (int work = 0; work <= THREADS; work++)
        CHECK(thpool_add_work(pool, stay, NULL) == 0);
    pthread_mutex_lock(&lock);
    while (inside < THREADS)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    CHECK(thpool_num_threads_working(pool) == THREADS);
    pthread_mutex_lock(&lock);
    CHECK(inside == THREADS);
    open_gate = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    thpool_wait(pool);
    CHECK(inside == THREADS + 1);

    /* In a pause works are only queued. (Each thread may still begin one that it was about to take.) */
    total = 0;
    thpool_pause(pool);
    for (int work = 0; work < WORKS; work++)
        CHECK(thpool_add_work(pool, add, (void *)(intptr_t)1) == 0);
    CHECK(read_total() <= THREADS);
    thpool_resume(pool);
    thpool_wait(pool);
    CHECK(read_total() == WORKS);

    total = 0;
    tree = pool;
    CHECK(thpool_add_work(tree, visit, (void *)(intptr_t)7) == 0);
    thpool_wait(tree);
    CHECK(read_total() == (6561 - 1) / 2);

    /* A pool may end in a pause. Its threads may still take some of what is queued, before that is dropped. */
    thpool_pause(pool);
    for (int work = 0; work < WORKS; work++)
        CHECK(thpool_add_work(pool, add, (void *)(intptr_t)1) == 0);
    thpool_destroy(pool);
    CHECK(only_thread());

    /* A pool without threads drops all of it. */
    total = 0;
    threadpool none = thpool_init(0);
    CHECK(none != NULL && thpool_add_work(none, add, (void *)(intptr_t)1) == 0);
    thpool_wait(none);
    CHECK(total == 1);
    CHECK(thpool_add_work(none, add, (void *)(intptr_t)1) == 0);
    thpool_destroy(none);
    CHECK(total == 1);

    threadpool one = thpool_init(1), other = thpool_init(2);
    CHECK(one != NULL && other != NULL && one != other);
    thpool_destroy(one);
    CHECK(thpool_add_work(other, add, (void *)(intptr_t)1) == 0);
    thpool_wait(other);
    CHECK(read_total() == 2);
    thpool_destroy(other);
    thpool_destroy(NULL);
    SAY("thpool: a program for C-Thread-Pool: added, waited, paused, resumed, destroyed\n");
    return 0;
}
