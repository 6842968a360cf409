/* Queues of items: they need no pool, stay in their memory, keep items whole and in order, and serve threads and signal
 * handlers at once. Threads that wait are woken by what they wait for, by the close, and by their time limit. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { AROUND = 256 };

/* An item whose bytes all depend on its number. */
static void fill(unsigned char *item, size_t size, unsigned number) {
    for (size_t n = 0; n < size; n++) item[n] = (unsigned char)(number * 37 + n);
}

static int is_filled(const unsigned char *item, size_t size, unsigned number) {
    unsigned char expected[64];
    fill(expected, size, number);
    return memcmp(item, expected, size) == 0;
}

/* Fills and empties a queue that lies `skip` bytes off an aligned address, in exactly the memory that it needs. */
static void keeps_to_its_memory(size_t capacity, size_t item_size, size_t skip) {
    size_t size, align, len, most;
    unsigned char item[1 + 64 + 1];
    jobring_queue *queue;
    OK(jobring_queue_layout(capacity, item_size, &size, &align));
    CHECK(size + align - 1 <= JOBRING_QUEUE_BYTES(capacity, item_size));
    const size_t used = size + (skip ? align - skip % align : 0), all = used + skip + align + 2 * (size_t)AROUND;
    unsigned char *const block = malloc(all);
    CHECK(block);
    memset(block, 0xA5, all);
    unsigned char *const memory = block + AROUND + (align - ((uintptr_t)block + AROUND) % align) % align + skip;
    CHECK(jobring_queue_init(capacity, item_size, memory, used - 1, &queue) == JOBRING_E_SIZE);
    OK(jobring_queue_init(capacity, item_size, memory, used, &queue));
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned n = 0; n < capacity; n++) {
            fill(item + 1, item_size, round + n);
            OK(jobring_queue_try_push(queue, item + 1));
        }
        CHECK(jobring_queue_try_push(queue, item + 1) == JOBRING_E_FULL);
        OK(jobring_queue_len(queue, &len, &most));
        CHECK(len == capacity && most == capacity);
        for (unsigned n = 0; n < capacity; n++) {
            item[1 + item_size] = 0xA5;
            OK(jobring_queue_try_pop(queue, item + 1));
            CHECK(is_filled(item + 1, item_size, round + n) && item[1 + item_size] == 0xA5);
        }
        CHECK(jobring_queue_try_pop(queue, item + 1) == JOBRING_E_EMPTY);
        OK(jobring_queue_len(queue, &len, NULL));
        CHECK(len == 0);
    }
    for (unsigned char *byte = block; byte < block + all; byte++)
        CHECK(*byte == 0xA5 || (byte >= memory && byte < memory + used));
    free(block);
}

enum { PAIRS = 3, EACH = 20000 };

struct numbered {
    unsigned producer, number;
};

JOBRING_STATIC_QUEUE(shared_memory, 16, sizeof(struct numbered));
static jobring_queue *shared;

static void *produce(void *at) {
    struct numbered item = {*(unsigned *)at, 0};
    for (; item.number < EACH; item.number++)
        while (jobring_queue_try_push(shared, &item) != JOBRING_OK) sched_yield();
    return NULL;
}

/* The items of each producer come in order. */
static void *consume(void *sum) {
    unsigned next[PAIRS] = {0};
    struct numbered item;
    for (int n = 0; n < EACH; n++) {
        while (jobring_queue_try_pop(shared, &item) != JOBRING_OK) sched_yield();
        CHECK(item.number >= next[item.producer]);
        next[item.producer] = item.number + 1;
        *(uint64_t *)sum += item.number;
    }
    return NULL;
}

static void threads_share_a_queue(void) {
    pthread_t producers[PAIRS], consumers[PAIRS];
    unsigned numbers[PAIRS];
    uint64_t sums[PAIRS] = {0}, sum = 0;
    OK(jobring_queue_init(16, sizeof(struct numbered), shared_memory, sizeof shared_memory, &shared));
    for (unsigned n = 0; n < PAIRS; n++) {
        numbers[n] = n;
        CHECK(pthread_create(&producers[n], NULL, produce, &numbers[n]) == 0);
        CHECK(pthread_create(&consumers[n], NULL, consume, &sums[n]) == 0);
    }
    for (unsigned n = 0; n < PAIRS; n++) {
        CHECK(pthread_join(producers[n], NULL) == 0 && pthread_join(consumers[n], NULL) == 0);
        sum += sums[n];
    }
    CHECK(sum == (uint64_t)PAIRS * EACH * (EACH - 1) / 2);
}

enum { LINES = 5000 };

struct passage {
    jobring_queue *queue;
    uint64_t sum;
};

static void *push_all(void *at) {
    struct passage *const passage = at;
    for (uint64_t n = 0; n < LINES; n++) OK(jobring_queue_push(passage->queue, &n, JOBRING_FOREVER));
    return NULL;
}

static void *pop_to_the_end(void *at) {
    struct passage *const passage = at;
    jobring_status status;
    uint64_t n;
    while ((status = jobring_queue_pop(passage->queue, &n, LONG)) == JOBRING_OK) passage->sum += n;
    CHECK(status == JOBRING_E_SHUTDOWN);
    return NULL;
}

static void every_item_comes_before_the_end(size_t capacity) {
    static _Alignas(16) unsigned char memory[JOBRING_QUEUE_BYTES(64, sizeof(uint64_t))];
    struct passage passages[2 * PAIRS];
    pthread_t threads[2 * PAIRS];
    jobring_queue *queue;
    uint64_t sum = 0;
    OK(jobring_queue_init(capacity, sizeof(uint64_t), memory, sizeof memory, &queue));
    for (int n = 0; n < 2 * PAIRS; n++) {
        passages[n] = (struct passage){queue, 0};
        CHECK(pthread_create(&threads[n], NULL, n < PAIRS ? push_all : pop_to_the_end, &passages[n]) == 0);
    }
    for (int n = 0; n < PAIRS; n++) CHECK(pthread_join(threads[n], NULL) == 0);
    OK(jobring_queue_close(queue));
    for (int n = PAIRS; n < 2 * PAIRS; n++) {
        CHECK(pthread_join(threads[n], NULL) == 0);
        sum += passages[n].sum;
    }
    CHECK(sum == (uint64_t)PAIRS * LINES * (LINES - 1) / 2);
}

static void time_limits_and_the_end(void) {
    static unsigned char memory[JOBRING_QUEUE_BYTES(2, 1)];
    const char items[] = "abc";
    jobring_queue *queue;
    char item = 'x';
    OK(jobring_queue_init(2, 1, memory, sizeof memory, &queue));
    CHECK(jobring_queue_pop(queue, &item, 0) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_queue_pop(queue, &item, 1000) == JOBRING_E_TIMEDOUT && item == 'x');
    OK(jobring_queue_push(queue, &items[0], 0));
    OK(jobring_queue_push(queue, &items[1], JOBRING_FOREVER));
    CHECK(jobring_queue_push(queue, &items[2], 0) == JOBRING_E_TIMEDOUT);
    CHECK(jobring_queue_push(queue, &items[2], 1000) == JOBRING_E_TIMEDOUT);
    OK(jobring_queue_close(queue));
    OK(jobring_queue_close(queue));
    CHECK(jobring_queue_push(queue, &items[2], JOBRING_FOREVER) == JOBRING_E_SHUTDOWN);
    CHECK(jobring_queue_try_push(queue, &items[2]) == JOBRING_E_SHUTDOWN);
    OK(jobring_queue_pop(queue, &item, JOBRING_FOREVER));
    CHECK(item == 'a');
    OK(jobring_queue_try_pop(queue, &item));
    CHECK(item == 'b');
    CHECK(jobring_queue_pop(queue, &item, JOBRING_FOREVER) == JOBRING_E_SHUTDOWN);
    CHECK(jobring_queue_try_pop(queue, &item) == JOBRING_E_SHUTDOWN);
}

static void pushes(int signal) { OK(jobring_queue_try_push(shared, &(struct numbered){1, (unsigned)signal})); }

static void a_signal_handler_pushes(void) {
    struct numbered item;
    struct sigaction action = {.sa_handler = pushes};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(raise(SIGUSR1) == 0);
    OK(jobring_queue_try_pop(shared, &item));
    CHECK(item.producer == 1 && item.number == SIGUSR1);
}

int main(void) {
    static const size_t sizes[] = {1, 3, 4, 24, 64}, capacities[] = {1, 2, 8, 64, 1024};
    for (size_t s = 0; s < COUNT(sizes); s++)
        for (size_t c = 0; c < COUNT(capacities); c++)
            for (size_t skip = 0; skip < 3; skip++) keeps_to_its_memory(capacities[c], sizes[s], skip);
    threads_share_a_queue();
    a_signal_handler_pushes();
    for (size_t c = 1; c <= 64; c *= 4) every_item_comes_before_the_end(c);
    time_limits_and_the_end();
    return 0;
}
