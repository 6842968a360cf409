/* Shows results taken as they finish: one thread keeps a fixed number of downloads in flight, and deals with each as soon as
 * it is there, while the slow ones go on. The downloads are made up: each one computes its bytes. */
#include "check.h"

#include <stdint.h>

enum { FILES = 2000, IN_FLIGHT = 16, AT_ONCE = 8 };

/* What goes to the job, as a copy, and what it leaves there. */
struct download {
    uint32_t number, bytes, sum;
};

/* Every tenth file is a thousand times as long as the others. */
static uint32_t length(uint32_t number)
{
    return number % 10 == 0 ? 100000 : 100;
}

static int is_missing(uint32_t number)
{
    return number % 97 == 5;
}

static uint32_t sum(uint32_t number)
{
    uint32_t sum = 0;
    for (uint32_t at = 0, byte = number; at < length(number); at++) {
        byte = byte * 1103515245u + 12345u;
        sum = sum * 31u + (byte >> 16);
    }
    return sum;
}

static void *fetch(void *arg)
{
    struct download *download = arg;
    if (is_missing(download->number)) {
        TRY(jobring_fail((int32_t)download->number, "not found"));
        return NULL;
    }
    download->bytes = length(download->number);
    download->sum = sum(download->number);
    return NULL;
}

/* What has arrived. */
struct tally {
    uint32_t files, missing, overtaken;
    uint64_t bytes;
    unsigned char seen[FILES];
};

static void arrived(struct tally *tally, const jobring_outcome *outcome, const struct download *download)
{
    uint32_t number = download->number;
    if (outcome->status == JOBRING_E_FAILED) {
        number = (uint32_t)outcome->code;
        CHECK(is_missing(number) && strcmp(outcome->data, "not found") == 0);
        tally->missing++;
    } else {
        CHECK(outcome->status == JOBRING_OK && outcome->length == sizeof *download);
        CHECK(number < FILES && download->bytes == length(number) && download->sum == sum(number));
        tally->files++;
        tally->bytes += download->bytes;
    }
    CHECK(tally->seen[number] == 0);
    tally->seen[number] = 1;
    /* Has one that was submitted before it not arrived? */
    if (number > 0 && tally->seen[number - 1] == 0)
        tally->overtaken++;
}

/* Takes what is there, at least one; false if nothing is in flight. */
static int take_some(jobring_completions *queue, struct tally *tally)
{
    jobring_outcome outcomes[AT_ONCE];
    struct download downloads[AT_ONCE];
    size_t taken = 0;

    for (int i = 0; i < AT_ONCE; i++) {
        outcomes[i] = (jobring_outcome)JOBRING_OUTCOME_INIT;
        outcomes[i].data = &downloads[i];
        outcomes[i].capacity = sizeof downloads[i];
    }
    jobring_status status = jobring_completions_take(queue, JOBRING_FOREVER, outcomes, AT_ONCE, &taken);
    if (status == JOBRING_E_EMPTY)
        return 0;
    TRY(status);
    for (size_t i = 0; i < taken; i++)
        arrived(tally, &outcomes[i], &downloads[i]);
    return 1;
}

int main(void)
{
    static struct tally tally;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_pool *pool = NULL;
    jobring_completions *queue = NULL;
    struct download download = {0, 0, 0};

    TRY(jobring_create(NULL, &pool));
    TRY(jobring_completions_create(pool, IN_FLIGHT, &queue));
    options.copy = sizeof download;
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    for (; download.number < FILES; download.number++) {
        jobring_status status;
        /* The limit of the queue says when there is something to take first. */
        while ((status = jobring_completions_submit(queue, fetch, &download, &options, NULL)) == JOBRING_E_FULL)
            CHECK(take_some(queue, &tally));
        TRY(status);
    }
    while (take_some(queue, &tally))
        ;
    CHECK(tally.files + tally.missing == FILES && tally.missing == FILES / 97 + 1);
    TRY(jobring_completions_destroy(queue));
    TRY(jobring_destroy(pool));
    SAY("%u files with %llu bytes, %u missing; at most %d in flight; %u overtook the one before\n", (unsigned)tally.files,
        (unsigned long long)tally.bytes, (unsigned)tally.missing, IN_FLIGHT, (unsigned)tally.overtaken);
    return EXIT_SUCCESS;
}
