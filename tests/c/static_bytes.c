/* JOBRING_POOL_BYTES is never less than what a pool needs, in memory of any alignment, and not much more. The size
 * that jobring_layout() returns is enough: a pool that is used completely changes no byte before or behind its
 * memory. */
#include "check.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* On 32-bit targets 255 workers at a time, of which 16 may enter. */
#define CROWD (sizeof(void *) == 4 ? 239u : 2000u)
#define FEWEST_BYTES (4 * (uint32_t)sizeof(void *))

static jobring_config configured(uint32_t capacity, uint32_t workers, uint32_t payload) {
    jobring_config config = JOBRING_CONFIG_INIT;
    config.capacity = capacity;
    config.workers = workers;
    config.payload = payload;
    config.stack_size = 64 * 1024;
    return config;
}

static void enough_and_not_much_more(uint32_t capacity, uint32_t workers, uint32_t payload) {
    jobring_config config = configured(capacity, workers, payload);
    size_t size = 0, align = 0;
    jobring_status status = jobring_layout(&config, &size, &align);
    /* More than 32 bits can address: the library says so itself. */
    if (sizeof(void *) == 4 && (uint64_t)capacity * payload >= UINT64_C(1) << 31) {
        CHECK(status == JOBRING_E_NOMEM);
        return;
    }
    OK(status);
    size_t bound = JOBRING_POOL_BYTES(capacity, workers, payload);
    size_t need = size + align - 1;
    CHECK(bound >= need);
    CHECK(bound - need <= 2048 + 128 * (size_t)workers + 32 * (size_t)capacity);
}

/* Fills all of its copy; every other one also fails with a text that is longer than there is room for. */
struct task {
    size_t size;
    unsigned number;
};

static void *scribble(void *arg) {
    static const char text[] = "a text that is longer than any slot keeps of it: it is cut at 119 bytes, or at the end "
                               "of the payload, and what lies behind that is somebody else's";
    struct task task;
    memcpy(&task, arg, sizeof task);
    memset(arg, 0x5A, task.size);
    if (task.number % 2) OK(jobring_fail(1, text));
    return NULL;
}

static void *identity(void *arg) { return arg; }

/* `size` bytes at a place that is `skip` bytes off a multiple of 4,096, with bytes around them that must stay. */
enum { AROUND = 4096 };

static void in_its_bounds(const jobring_config *config, size_t skip, size_t size) {
    static unsigned char data[1024];
    const size_t unit = 2 * sizeof(void *), room = (config->payload + unit - 1) / unit * unit - unit;
    const size_t all = size + skip + 3 * (size_t)AROUND;
    unsigned char *block = malloc(all);
    jobring_job *jobs = malloc(config->capacity * sizeof *jobs);
    jobring_pool *pool = NULL;
    CHECK(block != NULL && jobs != NULL && room >= sizeof(struct task) && room <= sizeof data);
    memset(block, 0xA5, all);
    unsigned char *memory = block + (AROUND - (uintptr_t)block % AROUND) + AROUND + skip;
    CHECK(memory >= block + AROUND && memory + size + AROUND <= block + all);

    OK(jobring_init(config, memory, size, &pool));
    CHECK((unsigned char *)pool >= memory && (unsigned char *)pool < memory + size);
    for (uint32_t n = 0; n < config->capacity; n++) {
        struct task task = {room, n};
        memcpy(data, &task, sizeof task);
        OK(submit_copy(pool, scribble, data, room, &jobs[n]));
    }
    CHECK(submit_copy(pool, scribble, data, room + 1, NULL) == JOBRING_E_SIZE);
    CHECK(jobring_try_submit(pool, identity, NULL, NULL) == JOBRING_E_FULL);
    for (uint32_t n = 0; n < config->capacity; n++)
        CHECK(jobring_wait(pool, jobs[n], LONG, NULL) == (n % 2 ? JOBRING_E_FAILED : JOBRING_OK));
    OK(jobring_destroy(pool));

    for (unsigned char *byte = block; byte < block + all; byte++)
        CHECK((byte >= memory && byte < memory + size) || *byte == 0xA5);
    free(jobs);
    free(block);
}

static void guarded(uint32_t capacity, uint32_t workers, uint32_t payload) {
    jobring_config config = configured(capacity, workers, payload);
    jobring_pool *pool = NULL;
    size_t size = 0, align = 0;
    OK(jobring_layout(&config, &size, &align));
    CHECK(align <= AROUND);
    /* Exactly so much, aligned; a byte past that, with what it takes to align it; and by the macro. */
    in_its_bounds(&config, 0, size);
    in_its_bounds(&config, 1, size + align - 1);
    in_its_bounds(&config, 24, JOBRING_POOL_BYTES(capacity, workers, payload));
    /* A byte less is refused before anything is written. */
    static _Alignas(AROUND) unsigned char little[AROUND];
    memset(little, 0xA5, sizeof little);
    CHECK(jobring_init(&config, little, size - 1, &pool) == JOBRING_E_SIZE && pool == NULL);
    for (size_t n = 0; n < sizeof little; n++) CHECK(little[n] == 0xA5);
}

JOBRING_STATIC_POOL(memory, 24, 2, 48);

static void in_a_static(void) {
    jobring_config config = configured(24, 2, 48);
    jobring_pool *pool;
    jobring_job job;
    void *result;
    OK(jobring_init(&config, memory, sizeof memory, &pool));
    OK(jobring_submit(pool, identity, memory, &job));
    OK(jobring_wait(pool, job, LONG, &result));
    CHECK(result == memory);
    OK(jobring_destroy(pool));
}

int main(void) {
    static const uint32_t capacities[] = {1, 2, 3, 4, 5, 7, 8, 9, 100, 1000, 1023, 1024, 1025, 4097, 65537, 1048575};
    static const uint32_t payloads[] = {16, 17, 24, 31, 32, 33, 47, 48, 49, 64, 100, 1000, 1023, 1024, 65535};
    const uint32_t crews[] = {1, 2, 3, 16, 63, 64, 128, CROWD};
    unsigned asked = 0, used = 0;
    for (size_t c = 0; c < COUNT(capacities); c++)
        for (size_t w = 0; w < COUNT(crews); w++)
            for (size_t p = 0; p < COUNT(payloads); p++) {
                if (payloads[p] < FEWEST_BYTES) continue;
                enough_and_not_much_more(capacities[c], crews[w], payloads[p]);
                asked++;
            }

    static const uint32_t used_capacities[] = {1, 2, 3, 1000, 1024, 1025, 4097};
    static const uint32_t used_payloads[] = {16, 17, 24, 31, 32, 33, 48, 100, 1024};
    static const uint32_t used_crews[] = {1, 2, 63, 64};
    for (size_t c = 0; c < COUNT(used_capacities); c++)
        for (size_t w = 0; w < COUNT(used_crews); w++)
            for (size_t p = 0; p < COUNT(used_payloads); p++) {
                if (used_payloads[p] < FEWEST_BYTES) continue;
                guarded(used_capacities[c], used_crews[w], used_payloads[p]);
                used++;
            }
    in_a_static();
    printf("static_bytes: %u shapes, enough, and not much more; %u of them used to the full\n", asked, used);
    return 0;
}
