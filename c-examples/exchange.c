/* Shows publish and subscribe: an exchange is an array of lanes, and to send is one try for each. A subscriber whose lane is full
 * misses the message; nobody waits for it. 100 subscribers come and go while one thread sends, which holds no lock. */
#include "check.h"

#include <jobring_ext.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>

enum { WORKERS = 4, EXCHANGES = 2, PLACES = 64, BEHIND = 15, SUBSCRIBERS = 100, VISITS = 300 };

/* The word of a place: two flags, and in the bits below the number of senders that use the lane. */
static const uint32_t TAKEN = 1u << 31, ATTACHED = 1u << 30, SENDERS = (1u << 30) - 1;

struct place {
    jobring_lane lane;
    void (*receive)(void *subscriber, uint64_t message);
    void *subscriber;
    _Atomic uint32_t word;
    _Atomic uint64_t missed;
};

struct exchange {
    const char *name;
    struct place places[PLACES];
};

/* What is copied: with the default payload it may be 16 bytes. */
struct delivery {
    const struct place *place;
    uint64_t message;
};

static jobring_pool *pool;

static void exchanges_start(void)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = WORKERS;
    /* Room for all lanes when they are full: so one that is slow takes nothing from the others. */
    config.capacity = EXCHANGES * PLACES * (BEHIND + 1);
    TRY(jobring_create(&config, &pool));
}

/* The exchange of that name; the first call makes it. */
static struct exchange *exchange_get(const char *name)
{
    static struct exchange exchanges[EXCHANGES];
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    size_t i = 0;
    CHECK(pthread_mutex_lock(&lock) == 0);
    while (i < EXCHANGES && exchanges[i].name != NULL && strcmp(exchanges[i].name, name) != 0)
        i++;
    CHECK(i < EXCHANGES);
    exchanges[i].name = name;
    CHECK(pthread_mutex_unlock(&lock) == 0);
    return &exchanges[i];
}

/* From now on receive(subscriber, message) is called for each message that is sent, for one after the other. NULL if no place is
 * free. */
static struct place *exchange_attach(struct exchange *exchange, void (*receive)(void *, uint64_t), void *subscriber)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct place *place = &exchange->places[i];
        if (atomic_fetch_or(&place->word, TAKEN) & TAKEN)
            continue;
        place->receive = receive;
        place->subscriber = subscriber;
        atomic_store(&place->missed, 0);
        TRY(jobring_lane_init(&place->lane, pool, 1, BEHIND));
        atomic_fetch_or(&place->word, ATTACHED);
        return place;
    }
    return NULL;
}

/* Returns when the subscriber has received what its lane had; not from its own receive(). Returns how many messages it missed. */
static uint64_t exchange_detach(struct place *place)
{
    atomic_fetch_and(&place->word, ~ATTACHED);
    /* A sender makes its one try, and waits for nothing. */
    while (atomic_load(&place->word) & SENDERS)
        (void)sched_yield();
    TRY(jobring_lane_close(&place->lane, JOBRING_DRAIN, JOBRING_FOREVER));
    uint64_t missed = atomic_load(&place->missed);
    atomic_fetch_and(&place->word, ~TAKEN);
    return missed;
}

/* How many messages wait for this subscriber, or are being received. */
static uint32_t exchange_lag(const struct place *place)
{
    uint32_t pending = 0;
    TRY(jobring_lane_pending(&place->lane, &pending));
    return pending;
}

/* The job. */
static void *deliver(void *arg)
{
    const struct delivery *delivery = arg;
    delivery->place->receive(delivery->place->subscriber, delivery->message);
    return NULL;
}

/* Returns how many took the message. */
static uint32_t exchange_send(struct exchange *exchange, uint64_t message)
{
    uint32_t taken = 0;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    options.copy = sizeof(struct delivery);
    for (size_t i = 0; i < PLACES; i++) {
        struct place *place = &exchange->places[i];
        if (!(atomic_load(&place->word) & ATTACHED))
            continue;
        if (atomic_fetch_add(&place->word, 1) & ATTACHED) {
            struct delivery delivery = {place, message};
            jobring_status status = jobring_lane_submit(&place->lane, deliver, &delivery, &options, NULL);
            CHECK(status == JOBRING_OK || status == JOBRING_E_FULL);
            if (status == JOBRING_OK)
                taken++;
            else
                atomic_fetch_add(&place->missed, 1);
        }
        atomic_fetch_sub(&place->word, 1);
    }
    return taken;
}

static int is_prime(uint64_t number)
{
    for (uint64_t divisor = 2; divisor <= number / divisor; divisor++)
        if (number % divisor == 0)
            return 0;
    return number > 1;
}

struct sent {
    atomic_int stop;
    uint64_t numbers, primes, taken;
};

/* The thread that sends: all numbers to one exchange, the primes to another. */
static void *publish(void *arg)
{
    struct sent *sent = arg;
    struct exchange *numbers = exchange_get("numbers"), *primes = exchange_get("primes");
    while (!atomic_load(&sent->stop)) {
        sent->taken += exchange_send(numbers, ++sent->numbers);
        if (is_prime(sent->numbers)) {
            sent->taken += exchange_send(primes, sent->numbers);
            sent->primes++;
        }
    }
    return NULL;
}

struct subscriber {
    struct place *place;
    int primes_only;
    uint64_t wants, got, first, last;
    sem_t has_enough;
};

static void receive(void *arg, uint64_t number)
{
    struct subscriber *subscriber = arg;
    CHECK(number > subscriber->last && (!subscriber->primes_only || is_prime(number)));
    subscriber->last = number;
    if (subscriber->got++ == 0)
        subscriber->first = number;
    if (subscriber->got == subscriber->wants)
        CHECK(sem_post(&subscriber->has_enough) == 0);
}

static void come(struct subscriber *subscriber, int number)
{
    *subscriber = (struct subscriber){.primes_only = number % 2, .wants = 1 + (uint64_t)number % 20};
    CHECK(sem_init(&subscriber->has_enough, 0, 0) == 0);
    struct exchange *exchange = exchange_get(subscriber->primes_only ? "primes" : "numbers");
    subscriber->place = exchange_attach(exchange, receive, subscriber);
    CHECK(subscriber->place != NULL);
}

static void leave(struct subscriber *subscriber)
{
    uint64_t missed = exchange_detach(subscriber->place);
    /* What is missing between the first number and the last was counted. */
    if (!subscriber->primes_only)
        CHECK(subscriber->last - subscriber->first + 1 - subscriber->got <= missed);
    CHECK(subscriber->got >= subscriber->wants && sem_destroy(&subscriber->has_enough) == 0);
}

/* A subscriber that is not done with its first message before the end. */
struct sleeper {
    sem_t awake;
    uint64_t got;
};

static void receive_late(void *arg, uint64_t number)
{
    struct sleeper *sleeper = arg;
    (void)number;
    if (sleeper->got++ == 0)
        CHECK(sem_wait(&sleeper->awake) == 0);
}

int main(void)
{
    static struct subscriber subscribers[SUBSCRIBERS];
    static struct sent sent;
    struct sleeper sleeper = {0};
    uint64_t received = 0;
    pthread_t publisher;

    exchanges_start();
    CHECK(sem_init(&sleeper.awake, 0, 0) == 0);
    struct place *slow = exchange_attach(exchange_get("numbers"), receive_late, &sleeper);
    CHECK(slow != NULL && pthread_create(&publisher, NULL, publish, &sent) == 0);
    for (int i = 0; i < VISITS + SUBSCRIBERS; i++) {
        struct subscriber *subscriber = &subscribers[i % SUBSCRIBERS];
        if (i >= SUBSCRIBERS) {
            CHECK(sem_wait(&subscriber->has_enough) == 0);
            leave(subscriber);
            received += subscriber->got;
        }
        if (i < VISITS)
            come(subscriber, i);
    }
    atomic_store(&sent.stop, 1);
    CHECK(pthread_join(publisher, NULL) == 0);

    uint32_t lag = exchange_lag(slow);
    CHECK(lag == BEHIND + 1 && sem_post(&sleeper.awake) == 0);
    uint64_t missed = exchange_detach(slow);
    CHECK(sleeper.got == lag && sleeper.got + missed == sent.numbers);
    CHECK(received + sleeper.got == sent.taken);
    TRY(jobring_destroy(pool));
    CHECK(sem_destroy(&sleeper.awake) == 0 && only_thread());
    SAY("%llu numbers and %llu primes were sent while %d subscribers came and went, %d at a time\n",
        (unsigned long long)sent.numbers, (unsigned long long)sent.primes, VISITS, SUBSCRIBERS);
    SAY("they took %llu messages; one subscriber was %u behind and missed %llu, and nobody waited for it\n",
        (unsigned long long)sent.taken, (unsigned)lag, (unsigned long long)missed);
    return EXIT_SUCCESS;
}
