/* Shows a pool of processes: 10,000 small inputs go to a decoder with mistakes in it. Some inputs crash it, some make it run for
 * ever, some make it take all memory. Each of these costs its own job and is reported; the rest is decoded correctly.
 *
 * An input is a list of steps, each a letter and a number: L copies that many of the bytes that follow, C repeats one byte from that far
 * back, D doubles the output that many times, S goes on that many bytes from here. The decoder checks nothing, as decoders do that were written for
 * good inputs: C reads from anywhere, D takes what memory it can get, S 0 goes nowhere. */
#include "check.h"
#include "random.h"

#include <jobring_processes.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { INPUTS = 10000, CRASH = 400, HANG = 2500, EAT = 500, TEXT = 40, MOST = 256 };

/* What the decoder returns: the checksum of its output. */
static uint32_t checksum(const unsigned char *bytes, size_t size)
{
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 16777619u;
    return sum;
}

static uint32_t number_at(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The job, in a worker process. */
static int32_t decode(const void *data, size_t size, void *result, size_t capacity, size_t *length)
{
    const unsigned char *at = data, *end = at + size;
    unsigned char *out = malloc(TEXT);
    size_t used = 0;

    while (out && at < end) {
        unsigned char step = at[0];
        uint32_t number = number_at(at + 1);
        at += 5;
        if (step == 'L') {
            memcpy(out + used, at, number);
            used += number;
            at += number;
        } else if (step == 'C') {
            out[used] = *(out + used - (size_t)number * 4096);
            used++;
        } else if (step == 'D') {
            for (uint32_t i = 0; out && i < number; i++) {
                out = realloc(out, 2 * used);
                if (out)
                    memcpy(out + used, out, used);
                used *= 2;
            }
        } else {
            at += (int32_t)number - 5;
        }
    }
    if (!out || capacity < sizeof(uint32_t))
        return 1;
    uint32_t sum = checksum(out, used);
    memcpy(result, &sum, sizeof sum);
    *length = sizeof sum;
    free(out);
    return 0;
}

/* What becomes of an input. */
enum fate { RIGHT, CRASHES, HANGS, EATS, FATES };

static enum fate fate_of(uintptr_t input)
{
    return input % HANG == 7 ? HANGS : input % EAT == 11 ? EATS : input % CRASH == 13 ? CRASHES : RIGHT;
}

static size_t step(unsigned char *at, char letter, uint32_t number)
{
    at[0] = (unsigned char)letter;
    for (int i = 0; i < 4; i++)
        at[1 + i] = (unsigned char)(number >> 8 * i);
    return 5;
}

/* Writes an input; the checksum of what it stands for. */
static uint32_t make_input(uintptr_t input, unsigned char *to, size_t *size)
{
    unsigned char text[2 * TEXT];
    uint64_t random = input + 1;
    size_t at = step(to, 'L', TEXT);

    for (size_t i = 0; i < TEXT; i++) {
        text[i] = text[TEXT + i] = to[at + i] = (unsigned char)(next_random(&random) >> 24);
    }
    at += TEXT;
    switch (fate_of(input)) {
    case CRASHES: at += step(to + at, 'C', UINT32_MAX); break;
    case HANGS: at += step(to + at, 'S', 0); break;
    case EATS: at += step(to + at, 'D', 60); break;
    default: at += step(to + at, 'D', 1); break;
    }
    *size = at;
    return checksum(text, sizeof text);
}

static uint32_t expected[INPUTS];

/* Takes one outcome and compares it with what the input was made for. */
static void take(jobring_processes *pool, size_t *fates)
{
    uint32_t sum = 0;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    outcome.data = &sum;
    outcome.capacity = sizeof sum;
    TRY(jobring_processes_take(pool, JOBRING_FOREVER, &outcome));

    uintptr_t input = (uintptr_t)outcome.arg;
    enum fate fate = fate_of(input);
    switch (fate) {
    case CRASHES: CHECK(outcome.status == JOBRING_E_WORKER_DIED && outcome.code == -SIGSEGV); break;
    case HANGS: CHECK(outcome.status == JOBRING_E_WORKER_DIED && outcome.code == -SIGKILL); break;
    /* A slow machine may end it for its time. */
    case EATS: CHECK((outcome.status == JOBRING_E_FAILED && outcome.code == 1) || outcome.code == -SIGKILL); break;
    default: CHECK(outcome.status == JOBRING_OK && outcome.length == sizeof sum && sum == expected[input]); break;
    }
    fates[fate]++;
}

int main(void)
{
    static const jobring_process_fn functions[] = {decode};
    /* A worker that needs more memory than this gets none. */
    const jobring_process_limit limits[] = {{RLIMIT_AS, 0, 1u << 28, 1u << 28}, {RLIMIT_CORE, 0, 0, 0}};
    size_t fates[FATES] = {0}, submitted = 0, taken = 0;

    jobring_processes_config config = JOBRING_PROCESSES_CONFIG_INIT;
    config.workers = 4;
    config.capacity = 256;
    config.functions = functions;
    config.function_count = 1;
    config.limits = limits;
    config.limit_count = 2;
    jobring_processes *pool = NULL;
    jobring_status status = jobring_processes_create(&config, &pool);
    if (status == JOBRING_E_UNSUPPORTED) {
        puts("this library has no pools of processes");
        return 0;
    }
    TRY(status);

    jobring_processes_options options = JOBRING_PROCESSES_OPTIONS_INIT;
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    options.kill_after_ns = 1000000000;
    while (taken < INPUTS) {
        unsigned char bytes[MOST];
        size_t size;
        if (submitted < INPUTS) {
            expected[submitted] = make_input(submitted, bytes, &size);
            options.arg = (void *)(uintptr_t)submitted;
            status = jobring_processes_submit(pool, 0, bytes, size, &options, NULL);
            if (status == JOBRING_OK) {
                submitted++;
                continue;
            }
            CHECK(status == JOBRING_E_FULL);
        }
        take(pool, fates);
        taken++;
    }

    jobring_processes_stats stats = JOBRING_PROCESSES_STATS_INIT;
    TRY(jobring_processes_stats_get(pool, &stats));
    TRY(jobring_processes_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER));
    TRY(jobring_processes_destroy(pool));

    printf("%d inputs: %zu decoded, %zu crashed, %zu killed after a second, %zu without memory\n", INPUTS, fates[RIGHT],
           fates[CRASHES], fates[HANGS], fates[EATS]);
    CHECK(fates[CRASHES] > 0 && fates[HANGS] > 0 && fates[EATS] > 0);
    CHECK(stats.deaths >= fates[CRASHES] + fates[HANGS]);
    return 0;
}
