// Concurrency Kit: ck_ring for many producers and consumers. The same work as benches/src/measure/ring.rs. In C, because its
// header is not C++.
#define _GNU_SOURCE
#include <ck_ring.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CAPACITY = 1024, MOST = 64 };

static ck_ring_t ring;
static ck_ring_buffer_t buffer[CAPACITY];
static pthread_barrier_t start, end;
static unsigned long pairs, burst, bursts;
static int cpus[CPU_SETSIZE], cpu_count;

static unsigned long param(int argc, char **argv, const char *name)
{
    size_t length = strlen(name);
    for (int i = 2; i < argc; i++)
        if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=')
            return strtoul(argv[i] + length + 1, NULL, 10);
    exit(2);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int push(unsigned long word) { return ck_ring_enqueue_mpmc(&ring, buffer, (void *)(word + 1)); }

static int pop(void)
{
    void *word;
    return ck_ring_dequeue_mpmc(&ring, buffer, &word);
}

static void *one(void *argument)
{
    unsigned long number = (unsigned long)argument;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpus[number % (unsigned long)cpu_count], &set);
    sched_setaffinity(0, sizeof set, &set);
    for (unsigned long i = 0; i <= bursts; i++) {
        pthread_barrier_wait(&start);
        for (unsigned long word = 0; word < burst / pairs; word++)
            for (unsigned tries = 0; !(number % 2 == 0 ? push(word) : pop()); tries++)
                if (tries < 64)
                    ck_pr_stall();
                else
                    sched_yield();
        pthread_barrier_wait(&end);
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    pairs = param(argc, argv, "pairs");
    burst = param(argc, argv, "burst");
    bursts = param(argc, argv, "bursts");
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &set))
            cpus[cpu_count++] = cpu;
    double *times = calloc(bursts + 1, sizeof *times);
    pthread_t threads[2 * MOST];
    if (pairs > MOST || !times)
        return 2;
    ck_ring_init(&ring, CAPACITY);
    pthread_barrier_init(&start, NULL, (unsigned)(2 * pairs + 1));
    pthread_barrier_init(&end, NULL, (unsigned)(2 * pairs + 1));
    for (unsigned long number = 0; number < 2 * pairs; number++)
        pthread_create(&threads[number], NULL, one, (void *)number);
    for (unsigned long i = 0; i <= bursts; i++) {
        pthread_barrier_wait(&start);
        double begin = now();
        for (unsigned long word = 0; pairs == 0 && word < burst; word++)
            if (!push(word) || !pop())
                return 3;
        pthread_barrier_wait(&end);
        times[i] = now() - begin;
    }
    for (unsigned long number = 0; number < 2 * pairs; number++)
        pthread_join(threads[number], NULL);
    qsort(times + 1, bursts, sizeof *times, compare);
    printf("rate %.9g\nrate_p90 %.9g\n", (double)burst / times[1 + bursts / 2], (double)burst / times[1 + bursts / 10]);
    return 0;
}
