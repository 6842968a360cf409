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
static pthread_barrier_t start;
// When each thread began and ended each burst.
static double (*began)[2 * MOST], (*ended)[2 * MOST];
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
        began[i][number] = now();
        for (unsigned long word = 0; word < burst / pairs; word++)
            for (unsigned tries = 0; !(number % 2 == 0 ? push(word) : pop()); tries++)
                if (tries < 64)
                    ck_pr_stall();
                else
                    sched_yield();
        ended[i][number] = now();
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
    began = calloc(bursts + 1, sizeof *began);
    ended = calloc(bursts + 1, sizeof *ended);
    pthread_t threads[2 * MOST];
    if (pairs > MOST || !times || !began || !ended)
        return 2;
    ck_ring_init(&ring, CAPACITY);
    if (pairs)
        pthread_barrier_init(&start, NULL, (unsigned)(2 * pairs));
    for (unsigned long number = 0; number < 2 * pairs; number++)
        pthread_create(&threads[number], NULL, one, (void *)number);
    for (unsigned long number = 0; number < 2 * pairs; number++)
        pthread_join(threads[number], NULL);
    for (unsigned long i = 0; i <= bursts; i++) {
        double first = now(), last = 0;
        if (pairs == 0) {
            for (unsigned long word = 0; word < burst; word++)
                if (!push(word) || !pop())
                    return 3;
            last = now();
        }
        for (unsigned long number = 0; number < 2 * pairs; number++) {
            first = began[i][number] < first ? began[i][number] : first;
            last = ended[i][number] > last ? ended[i][number] : last;
        }
        times[i] = last - first;
    }
    qsort(times + 1, bursts, sizeof *times, compare);
    printf("rate %.9g\nrate_p90 %.9g\n", (double)burst / times[1 + bursts / 2], (double)burst / times[1 + bursts / 10]);
    return 0;
}
