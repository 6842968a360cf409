/* Shows actors: an actor is a lane of width 1, whose jobs are copied messages. Its handler gets them one after the other, in their
 * order, on any worker; so what only the handler uses needs no lock. Four workers serve 10,000 actors. */
#include "check.h"

#include <jobring_ext.h>
#include <stdarg.h>
#include <stdint.h>

enum { WORKERS = 4, MAILBOX = 64, TEXT_BYTES = 64, SENDERS = 2, SENT = 1000, RALLY = 10000, CHAIN = 10000, NUMBERS = 16 };

struct message {
    struct actor *to, *from;
    uint32_t kind;
    int32_t number;
    char text[TEXT_BYTES];
};

struct actor {
    jobring_lane mailbox;
    /* The handler. What it returns is the answer to actor_ask(). */
    intptr_t (*receive)(struct actor *self, const struct message *message);
};

static jobring_pool *pool;

static void actors_start(void)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = WORKERS;
    /* A job of a lane has 4 words of its slot's payload less for copied data. */
    config.payload = sizeof(struct message) + 4 * sizeof(void *);
    TRY(jobring_create(&config, &pool));
}

static void actor_open(struct actor *actor, intptr_t (*receive)(struct actor *, const struct message *))
{
    actor->receive = receive;
    TRY(jobring_lane_init(&actor->mailbox, pool, 1, MAILBOX));
}

/* The job. Its argument is the copy. */
static void *deliver(void *message)
{
    struct actor *actor = ((struct message *)message)->to;
    return (void *)actor->receive(actor, message);
}

static jobring_status submit(struct actor *to, struct message message, jobring_job *job)
{
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.copy = sizeof message;
    message.to = to;
    return jobring_lane_submit(&to->mailbox, deliver, &message, &options, job);
}

/* Waits while the mailbox is full. False if the actor is closed. */
static int actor_send(struct actor *to, struct message message)
{
    jobring_status status = submit(to, message, NULL);
    CHECK(status == JOBRING_OK || status == JOBRING_E_SHUTDOWN);
    return status == JOBRING_OK;
}

/* Sends, and waits for the answer. */
static intptr_t actor_ask(struct actor *to, struct message message)
{
    jobring_job job;
    void *answer = NULL;
    TRY(submit(to, message, &job));
    TRY(jobring_wait(pool, job, JOBRING_FOREVER, &answer));
    return (intptr_t)answer;
}

/* Takes no more messages, and returns when those that were sent have been handled. */
static void actor_close_and_join(struct actor *actor)
{
    TRY(jobring_lane_close(&actor->mailbox, JOBRING_DRAIN, JOBRING_FOREVER));
}

/* Prints what it is sent: the lines of all threads, and none within another. */
struct printer {
    struct actor actor;
    int lines;
};

static struct printer printer;

static intptr_t print(struct actor *self, const struct message *message)
{
    SAY("%s\n", message->text);
    return ++((struct printer *)self)->lines;
}

static void say(const char *format, ...)
{
    va_list arguments;
    struct message message = {0};
    va_start(arguments, format);
    CHECK(vsnprintf(message.text, sizeof message.text, format, arguments) > 0);
    va_end(arguments);
    CHECK(actor_send(&printer.actor, message));
}

/* Tagged messages: the kind says what to do with the number. */
struct counter {
    struct actor actor;
    int32_t value;
};

enum { ADD, SUBTRACT, VALUE };

static struct counter counter;

static intptr_t count(struct actor *self, const struct message *message)
{
    struct counter *to = (struct counter *)self;
    switch (message->kind) {
    case ADD: to->value += message->number; break;
    case SUBTRACT: to->value -= message->number; break;
    default: CHECK(message->kind == VALUE);
    }
    return to->value;
}

static void *send_counts(void *unused)
{
    for (int32_t i = 1; i <= SENT; i++) {
        CHECK(actor_send(&counter.actor, (struct message){.kind = ADD, .number = 3 * i}));
        CHECK(actor_send(&counter.actor, (struct message){.kind = SUBTRACT, .number = i}));
    }
    say("one sender has sent %d messages", 2 * SENT);
    return unused;
}

static void tagged(void)
{
    jobring_job senders[SENDERS];
    actor_open(&counter.actor, count);
    /* A sender waits while the mailbox is full. There are fewer of them than workers, so that some can make room. */
    for (int i = 0; i < SENDERS; i++)
        TRY(jobring_submit(pool, send_counts, NULL, &senders[i]));
    for (int i = 0; i < SENDERS; i++)
        TRY(jobring_wait(pool, senders[i], JOBRING_FOREVER, NULL));
    intptr_t value = actor_ask(&counter.actor, (struct message){.kind = VALUE});
    CHECK(value == SENDERS * SENT * (SENT + 1));
    say("%d senders: the counter says %d", SENDERS, (int)value);
    actor_close_and_join(&counter.actor);
    CHECK(!actor_send(&counter.actor, (struct message){.kind = ADD}));
}

struct player {
    struct actor actor;
    int hits;
};

static intptr_t hit(struct actor *self, const struct message *message)
{
    ((struct player *)self)->hits++;
    if (message->number > 1)
        CHECK(actor_send(message->from, (struct message){.from = self, .number = message->number - 1}));
    return 0;
}

static void ping_pong(void)
{
    static struct player ping, pong;
    actor_open(&ping.actor, hit);
    actor_open(&pong.actor, hit);
    CHECK(actor_send(&ping.actor, (struct message){.from = &pong.actor, .number = RALLY}));
    /* A message is a job: no job, no message on its way. */
    TRY(jobring_wait_idle(pool, JOBRING_FOREVER));
    actor_close_and_join(&ping.actor);
    actor_close_and_join(&pong.actor);
    CHECK(ping.hits == RALLY / 2 && pong.hits == RALLY / 2);
    say("ping-pong: %d hits each", ping.hits);
}

struct link {
    struct actor actor, *next;
    uint32_t passed;
    int32_t last;
};

static intptr_t pass_on(struct actor *self, const struct message *message)
{
    struct link *link = (struct link *)self;
    CHECK(message->kind == link->passed);
    link->passed++;
    link->last = message->number + 1;
    if (link->next != NULL)
        CHECK(actor_send(link->next, (struct message){.kind = message->kind, .number = link->last}));
    return 0;
}

/* Each link counts itself. No more numbers are on their way than a mailbox has room for, so no link waits for another. */
static void chain(void)
{
    static struct link links[CHAIN];
    for (int i = 0; i < CHAIN; i++) {
        actor_open(&links[i].actor, pass_on);
        links[i].next = i + 1 < CHAIN ? &links[i + 1].actor : NULL;
    }
    for (uint32_t number = 0; number < NUMBERS; number++)
        CHECK(actor_send(&links[0].actor, (struct message){.kind = number}));
    /* A link that has ended has sent all that it will send: so what is closed from the front loses nothing. */
    for (int i = 0; i < CHAIN; i++)
        actor_close_and_join(&links[i].actor);
    CHECK(links[CHAIN - 1].passed == NUMBERS && links[CHAIN - 1].last == CHAIN);
    say("%d numbers through a chain of %d actors, in order", NUMBERS, CHAIN);
}

int main(void)
{
    actors_start();
    actor_open(&printer.actor, print);
    tagged();
    ping_pong();
    chain();
    actor_close_and_join(&printer.actor);
    CHECK(printer.lines == SENDERS + 3);
    TRY(jobring_destroy(pool));
    CHECK(only_thread());
    return EXIT_SUCCESS;
}
