/* Queues of items: they need no pool, stay in their memory, keep items whole and in order, and serve threads and signal
 * handlers at once. */
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
    return 0;
}
