/* The negative control of the sanitizers: mistakes that they must report, because otherwise their silence about the
 * other programs means nothing. Argument: leak, twice, use. */
#include "check.h"

#include <string.h>

static int twice;

static void on_drop(void *arg, jobring_status why) {
    (void)why;
    void *volatile block = arg;
    if (twice) free(block);
    free(block);
}

static void *identity(void *arg) { return arg; }

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "";
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_pool *pool = NULL;
    jobring_job job = 0;
    twice = strcmp(what, "twice") == 0;
    config.workers = JOBRING_WORKERS_NONE;
    options.drop = strcmp(what, "leak") == 0 ? NULL : on_drop;
    OK(jobring_create(&config, &pool));
    /* Several: a copy of the last one's address may be left in a register, which is no leak then. */
    for (int n = 0; n < 8; n++) {
        OK(jobring_submit_opts(pool, identity, malloc(8), &options, &job));
        OK(jobring_cancel(pool, job));
    }
    OK(jobring_destroy(pool));
    /* The library itself reads memory that is not there any more. */
    if (strcmp(what, "use") == 0) printf("%d\n", jobring_poll(pool, job, NULL));
    return 0;
}
