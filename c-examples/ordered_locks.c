/* Shows transfers between accounts, each of which needs two accounts. First with locks: a transfer takes both, always in the same
 * order, since two transfers that each hold one lock and want the other's would wait for ever. Then without: an account has a lane
 * of width 1, and a transfer is a withdrawal there, which sends a deposit to the other lane. */
#include "check.h"
#include "random.h"

#include <jobring_ext.h>
#include <pthread.h>
#include <stdint.h>

enum { WORKERS = 4, ACCOUNTS = 16, START = 1000, MOST = 200, TRANSFERS = 20000, JOBS = 100, IN_FLIGHT = 16 };

struct account {
    pthread_mutex_t lock;
    jobring_lane lane;
    int32_t balance;
    uint32_t refused;
};

struct transfer {
    struct account *from, *to;
    int32_t amount;
};

static struct account accounts[ACCOUNTS];
static struct transfer transfers[TRANSFERS];

static void transfer_with_locks(const struct transfer *transfer)
{
    struct account *from = transfer->from, *to = transfer->to;
    struct account *first = from < to ? from : to, *second = from < to ? to : from;
    CHECK(pthread_mutex_lock(&first->lock) == 0 && pthread_mutex_lock(&second->lock) == 0);
    if (from->balance >= transfer->amount) {
        from->balance -= transfer->amount;
        to->balance += transfer->amount;
    } else {
        from->refused++;
    }
    CHECK(pthread_mutex_unlock(&second->lock) == 0 && pthread_mutex_unlock(&first->lock) == 0);
}

/* A job: some of the transfers. */
static void *some_with_locks(void *from)
{
    const struct transfer *first = from;
    for (size_t i = 0; i < TRANSFERS / JOBS; i++)
        transfer_with_locks(&first[i]);
    return NULL;
}

static void with_locks(jobring_pool *pool)
{
    for (size_t i = 0; i < TRANSFERS; i += TRANSFERS / JOBS)
        TRY(jobring_submit(pool, some_with_locks, &transfers[i], NULL));
    TRY(jobring_wait_idle(pool, JOBRING_FOREVER));
}

/* A job of the lane of the account that the money goes to. */
static void *deposit(void *arg)
{
    const struct transfer *transfer = arg;
    transfer->to->balance += transfer->amount;
    return NULL;
}

/* A job of the lane of the account that the money comes from. */
static void *withdraw(void *arg)
{
    const struct transfer *transfer = arg;
    struct account *from = transfer->from;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    if (from->balance >= transfer->amount) {
        from->balance -= transfer->amount;
        TRY(jobring_lane_submit(&transfer->to->lane, deposit, arg, &options, NULL));
    } else {
        from->refused++;
    }
    return NULL;
}

/* A deposit must find room: of jobs that wait for room in each other's lanes, one would get JOBRING_E_DEADLOCK. So no more transfers
 * are on their way than every lane has room for. */
static void with_lanes(jobring_pool *pool)
{
    for (int i = 0; i < ACCOUNTS; i++)
        TRY(jobring_lane_init(&accounts[i].lane, pool, 1, 2 * IN_FLIGHT));
    for (size_t i = 0; i < TRANSFERS; i++) {
        if (i % IN_FLIGHT == 0)
            TRY(jobring_wait_idle(pool, JOBRING_FOREVER));
        TRY(jobring_lane_submit(&transfers[i].from->lane, withdraw, &transfers[i], NULL, NULL));
    }
    TRY(jobring_wait_idle(pool, JOBRING_FOREVER));
    for (int i = 0; i < ACCOUNTS; i++)
        TRY(jobring_lane_close(&accounts[i].lane, JOBRING_DRAIN, JOBRING_FOREVER));
}

static void open_accounts(void)
{
    for (int i = 0; i < ACCOUNTS; i++) {
        accounts[i].balance = START;
        accounts[i].refused = 0;
    }
}

static void check_accounts(const char *how)
{
    int32_t total = 0;
    uint32_t refused = 0;
    for (int i = 0; i < ACCOUNTS; i++) {
        CHECK(accounts[i].balance >= 0);
        total += accounts[i].balance;
        refused += accounts[i].refused;
    }
    CHECK(total == ACCOUNTS * START);
    SAY("%s: %d transfers between %d accounts, %u refused; the total is still %d\n", how, TRANSFERS, ACCOUNTS, (unsigned)refused,
        (int)total);
}

int main(void)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    uint64_t random = 1;

    for (size_t i = 0; i < TRANSFERS; i++) {
        uint64_t from = next_random(&random) % ACCOUNTS, step = 1 + next_random(&random) % (ACCOUNTS - 1);
        int32_t amount = 1 + (int32_t)(next_random(&random) % MOST);
        transfers[i] = (struct transfer){&accounts[from], &accounts[(from + step) % ACCOUNTS], amount};
    }
    for (int i = 0; i < ACCOUNTS; i++)
        CHECK(pthread_mutex_init(&accounts[i].lock, NULL) == 0);
    config.workers = WORKERS;
    TRY(jobring_create(&config, &pool));
    open_accounts();
    with_locks(pool);
    check_accounts("two locks in one order");
    open_accounts();
    with_lanes(pool);
    check_accounts("a lane for each account");
    TRY(jobring_destroy(pool));
    CHECK(only_thread());
    return EXIT_SUCCESS;
}
