/* What the jobs of the races do, and the account of what happened to them. */
#define _GNU_SOURCE
#include "races.h"

static atomic_uint accounted_for;

static struct block *new_block(struct job *job) {
    struct block *block = malloc(sizeof *block);
    CHECK(block != NULL);
    block->job = job;
    return block;
}

static void free_arg(struct data *data) {
    CHECK(data->block->job == data->job && atomic_fetch_add(&data->job->freed_arg, 1) == 0);
    free(data->block);
}

void free_result(void *result) {
    struct job *job = ((struct block *)result)->job;
    free(result);
    /* Last: a thread that sees it uses the job again. */
    CHECK(atomic_fetch_add(&job->freed_result, 1) == 0);
}

static void *run(void *arg) {
    struct data *data = arg;
    struct job *job = data->job;
    if (job->inside) job->inside(job);
    free_arg(data);
    CHECK(atomic_fetch_add(&job->ran, 1) == 0);
    if (!job->fails) return new_block(job);
    OK(jobring_fail(CODE, NULL));
    return NULL;
}

static void on_done(void *arg, const jobring_outcome *outcome) {
    struct job *job = ((struct data *)arg)->job;
    CHECK((outcome->status == JOBRING_OK) == (outcome->result != NULL));
    CHECK(outcome->code == (outcome->status == JOBRING_E_FAILED ? CODE : 0));
    job->status = outcome->status;
    CHECK(atomic_fetch_add(&job->done, 1) == 0);
}

static void on_drop(void *arg, jobring_status why) {
    if (why == JOBRING_E_UNTAKEN) {
        CHECK(atomic_fetch_add(&((struct block *)arg)->job->dropped_result, 1) == 0);
        free_result(arg);
    } else {
        struct data *data = arg;
        struct job *job = data->job;
        CHECK(why == job->status || job->done == 0);
        free_arg(data);
        /* Last, as above. */
        CHECK(atomic_fetch_add(&job->dropped_arg, 1) == 0);
    }
}

jobring_status submit_job(jobring_pool *pool, struct job *job, int how, void (*inside)(struct job *)) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.done = on_done;
    options.drop = on_drop;
    memset(job, 0, sizeof *job);
    job->copy = (how & COPY) != 0;
    job->fails = (how & FAILS) != 0;
    job->inside = inside;
    job->data.job = job;
    job->data.block = new_block(job);
    if (job->copy) options.copy = sizeof job->data;
    jobring_status status =
        jobring_submit_opts(pool, run, &job->data, &options, how & NO_HANDLE ? NULL : &job->handle);
    /* What submit refused is ours. */
    if (status != JOBRING_OK) free_arg(&job->data);
    return status;
}

int job_is_settled(struct job *job) {
    if (atomic_load(&job->dropped_arg) || atomic_load(&job->freed_result)) return 1;
    return job->fails && atomic_load(&job->ran) && atomic_load(&job->done);
}

void job_is_accounted_for(struct job *job) {
    const int ran = atomic_load(&job->ran);
    CHECK(ran + job->dropped_arg == 1 && job->done == 1 && job->freed_arg == 1);
    CHECK(job->freed_result == (ran && !job->fails));
    if (ran)
        CHECK(job->status == (job->fails ? JOBRING_E_FAILED : JOBRING_OK));
    else
        CHECK(job->status == JOBRING_E_CANCELLED || job->status == JOBRING_E_SHUTDOWN);
    atomic_fetch_add(&accounted_for, 1);
}

unsigned all_jobs_accounted_for(void) { return atomic_load(&accounted_for); }
