/* JOBRING_POOL_BYTES is never less than what a pool needs, in memory of any alignment, and not much more. */
#include "check.h"

static size_t needed(uint32_t capacity, uint32_t workers, uint32_t payload) {
    jobring_config config = JOBRING_CONFIG_INIT;
    size_t size = 0, align = 0;
    config.capacity = capacity;
    config.workers = workers;
    config.payload = payload;
    OK(jobring_layout(&config, &size, &align));
    return size + align - 1;
}

JOBRING_STATIC_POOL(memory, 24, 2, 48);

static void *identity(void *arg) { return arg; }

int main(void) {
    static const uint32_t capacities[] = {1, 2, 3, 4, 5, 7, 8, 9, 100, 1000, 1023, 1024, 1025, 65537, 1048575};
    static const uint32_t crews[] = {1, 2, 3, 16, 128, 2000};
    static const uint32_t payloads[] = {32, 33, 47, 48, 49, 64, 100, 1024, 65535};
    for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++)
        for (size_t w = 0; w < sizeof crews / sizeof *crews; w++)
            for (size_t p = 0; p < sizeof payloads / sizeof *payloads; p++) {
                size_t bound = JOBRING_POOL_BYTES(capacities[c], crews[w], payloads[p]);
                size_t need = needed(capacities[c], crews[w], payloads[p]);
                CHECK(bound >= need);
                CHECK(bound - need <= 2048 + 128 * (size_t)crews[w] + 32 * (size_t)capacities[c]);
            }
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    jobring_job job;
    void *result;
    config.capacity = 24;
    config.workers = 2;
    config.stack_size = 64 * 1024;
    OK(jobring_init(&config, memory, sizeof memory, &pool));
    OK(jobring_submit(pool, identity, memory, &job));
    OK(jobring_wait(pool, job, LONG, &result));
    CHECK(result == memory);
    OK(jobring_destroy(pool));
    puts("static_bytes: enough, and not much more");
    return 0;
}
