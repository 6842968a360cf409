/* Shows a whole program: create a pool, submit a job, wait for its result, destroy the pool. */
#include <jobring.h>
#include <stdio.h>

static void *twice(void *arg)
{
    int *number = arg;
    *number *= 2;
    return number;
}

int main(void)
{
    int number = 21;
    void *result = NULL;
    jobring_job job = 0;
    jobring_pool *pool = NULL;

    if (jobring_create(NULL, &pool) != JOBRING_OK ||
        jobring_submit(pool, twice, &number, &job) != JOBRING_OK ||
        jobring_wait(pool, job, JOBRING_FOREVER, &result) != JOBRING_OK ||
        jobring_destroy(pool) != JOBRING_OK)
        return 1;

    printf("a worker says: twice 21 is %d\n", *(int *)result);
    return result == &number && number == 42 ? 0 : 1;
}
