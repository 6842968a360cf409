/* Shows requests: each has an id, a callback for its result and another for its failure, and all callbacks are called by the one
 * thread that polls, so that they need no lock. In the middle two of three workers are dismissed, and in the end there are three
 * again. A job evaluates an expression in reverse Polish notation; every fifth is wrong in some way. (In Python the package "threadpool" works like this.) */
#include "check.h"

#include <stdint.h>

enum { REQUESTS = 1000, WORKERS = 3, DEPTH = 8, TEXT_BYTES = 32 };

struct request {
    int id;
    char text[TEXT_BYTES];
    long value;
    void (*callback)(const struct request *request, long value);
    void (*on_error)(const struct request *request, const char *error);
};

/* What is wrong with the expression, or NULL. */
static const char *evaluate(const char *text, long *value)
{
    long stack[DEPTH];
    int depth = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == ' ')
            continue;
        if (*at >= '0' && *at <= '9') {
            char *end = NULL;
            if (depth == DEPTH)
                return "too deep";
            stack[depth++] = strtol(at, &end, 10);
            at = end - 1;
            continue;
        }
        if (depth < 2)
            return "an operand is missing";
        long right = stack[--depth], *left = &stack[depth - 1];
        if (*at == '/' && right == 0)
            return "division by zero";
        switch (*at) {
        case '+': *left += right; break;
        case '-': *left -= right; break;
        case '*': *left *= right; break;
        case '/': *left /= right; break;
        default: return "no such operator";
        }
    }
    if (depth != 1)
        return "an operator is missing";
    *value = stack[0];
    return NULL;
}

/* The job. */
static void *serve(void *arg)
{
    struct request *request = arg;
    const char *error = evaluate(request->text, &request->value);
    if (error != NULL)
        TRY(jobring_fail(request->id, error));
    return request;
}

/* Calls the callback of each request that has finished, and returns how many there were. With `block` it waits until none is
 * pending. */
static int poll_requests(jobring_completions *queue, int block)
{
    char error[TEXT_BYTES];
    size_t taken = 0;
    int called = 0;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    outcome.data = error;
    outcome.capacity = sizeof error;
    for (;; called++) {
        jobring_status status = jobring_completions_take(queue, block ? JOBRING_FOREVER : 0, &outcome, 1, &taken);
        if (status == JOBRING_E_EMPTY || status == JOBRING_E_TIMEDOUT)
            return called;
        TRY(status);
        const struct request *request = outcome.arg;
        if (outcome.status == JOBRING_E_FAILED) {
            CHECK(outcome.code == request->id);
            request->on_error(request, error);
        } else {
            TRY(outcome.status);
            request->callback(request, request->value);
        }
    }
}

static struct {
    int good, bad, seen[REQUESTS];
    long sum;
} tally;

static void on_value(const struct request *request, long value)
{
    tally.good++;
    tally.seen[request->id]++;
    tally.sum += value;
}

static void on_error(const struct request *request, const char *error)
{
    static const char *const expected[] = {"division by zero", "an operand is missing", "an operator is missing", "no such operator"};
    CHECK(strcmp(error, expected[request->id / 5 % 4]) == 0);
    if (tally.bad++ < 4)
        SAY("request %d, \"%s\": %s\n", request->id, request->text, error);
    tally.seen[request->id]++;
}

/* Writes the expression of a request; returns its value, 0 for one that is wrong. */
static long write_text(int id, char *text)
{
    static const char *const wrong[] = {"%d 1 1 - /", "%d +", "%d 2 3 +", "%d 2 ?"};
    int size = id % 5 == 0 ? snprintf(text, TEXT_BYTES, wrong[id / 5 % 4], id)
                           : snprintf(text, TEXT_BYTES, "%d 2 + %d * 7 -", id, id);
    CHECK(size > 0 && size < TEXT_BYTES);
    return id % 5 == 0 ? 0 : (id + 2L) * id - 7;
}

int main(void)
{
    static struct request requests[REQUESTS];
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    jobring_completions *queue = NULL;
    long sum = 0;
    int polled = 0;

    config.workers = WORKERS;
    TRY(jobring_create(&config, &pool));
    TRY(jobring_completions_create(pool, 0, &queue));
    for (int id = 0; id < REQUESTS; id++) {
        struct request *request = &requests[id];
        *request = (struct request){.id = id, .callback = on_value, .on_error = on_error};
        sum += write_text(id, request->text);
        TRY(jobring_completions_submit(queue, serve, request, NULL, NULL));
        /* Those who leave finish their request first; what is queued is left to the others. */
        if (id == REQUESTS / 2)
            TRY(jobring_workers_set(pool, 1, JOBRING_FOREVER));
        if (id == REQUESTS * 3 / 4)
            TRY(jobring_workers_set(pool, WORKERS, JOBRING_FOREVER));
        /* This thread has other work, and polls in between. */
        if (id % 10 == 9)
            polled += poll_requests(queue, 0);
    }
    int waited = poll_requests(queue, 1);
    for (int id = 0; id < REQUESTS; id++)
        CHECK(tally.seen[id] == 1);
    CHECK(tally.good + tally.bad == REQUESTS && tally.bad == REQUESTS / 5 && tally.sum == sum);
    TRY(jobring_completions_destroy(queue));
    TRY(jobring_destroy(pool));
    SAY("%d requests: %d values, %d errors; %d callbacks while requests were made, %d afterwards\n", REQUESTS, tally.good, tally.bad,
        polled, waited);
    return EXIT_SUCCESS;
}
