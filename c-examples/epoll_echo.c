/* Shows a completion queue in an event loop: one thread serves 128 TCP clients with epoll, and the pool does
 * the work on each message. Jobs that have finished reach the loop as events, as bytes do. The program is its
 * own client. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "epoll_echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Fewer jobs at a time than there are clients: the others wait in a line of the loop's own. */
enum { IN_FLIGHT = 32, AT_ONCE = 16, BUFFER_BYTES = 4096 };

/* READING, WRITING: the loop goes on when the socket is ready. WAITING: a whole message, and no room for it
 * in the pool. WORKING: the message is the job's, and the loop touches neither buffer. */
enum state { READING, WAITING, WORKING, WRITING };

struct client {
    int fd;
    enum state state;
    int gone;             /* hung up while it was WAITING or WORKING */
    struct client *next;  /* in the line of the WAITING */
    jobring_job job;
    size_t done;          /* bytes of the request received, or of the reply sent */
    unsigned char request[REQUEST_HEAD + MOST_BYTES], reply[REPLY_HEAD + MOST_BYTES];
};

struct server {
    int listener, epoll, finished;  /* finished: the queue's descriptor */
    jobring_pool *pool;
    jobring_completions *queue;
    struct client *first, *last;    /* the line */
    unsigned accepted, open, most, polite, early;
    uint64_t submitted, taken, cancelled, replies, waited, partial;
    uint64_t turns, events, arms;   /* calls of epoll_wait, events of the queue, arms */
};

/* The job. */
static void *work(void *arg)
{
    struct client *client = arg;
    make_reply(client->reply, client->request + REQUEST_HEAD, get_number(client->request));
    return client;
}

static int submit(struct server *server, struct client *client)
{
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.when_full = JOBRING_WHEN_FULL_FAIL;  /* an event loop does not wait */
    jobring_status status = jobring_completions_submit(server->queue, work, client, &options, &client->job);
    if (status == JOBRING_E_FULL)
        return 0;
    TRY(status);
    client->state = WORKING;
    server->submitted++;
    return 1;
}

static void hand_over(struct server *server, struct client *client)
{
    client->state = WAITING;
    if (server->first == NULL && submit(server, client))
        return;
    client->next = NULL;
    if (server->first == NULL)
        server->first = client;
    else
        server->last->next = client;
    server->last = client;
    server->waited++;
}

enum progress { DONE, BLOCKED, POLITE_END, GONE };

static size_t request_size(const struct client *client)
{
    return client->done < REQUEST_HEAD ? REQUEST_HEAD : REQUEST_HEAD + get_number(client->request);
}

/* Reads this message and no more: the next one stays in the socket, which slows down a fast client. */
static enum progress receive(struct client *client)
{
    while (client->done < request_size(client)) {
        size_t missing = request_size(client) - client->done;
        ssize_t got = recv(client->fd, client->request + client->done, missing, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return BLOCKED;
        if (got <= 0)
            return got == 0 && client->done == 0 ? POLITE_END : GONE;
        client->done += (size_t)got;
        if (client->done == REQUEST_HEAD) {
            uint32_t size = get_number(client->request);
            if (size == 0 || size > MOST_BYTES)
                return GONE;
        }
    }
    return DONE;
}

static enum progress send_reply(struct server *server, struct client *client)
{
    size_t size = REPLY_HEAD + get_number(client->reply);
    while (client->done < size) {
        ssize_t sent = send(client->fd, client->reply + client->done, size - client->done, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            server->partial++;
            return BLOCKED;
        }
        if (sent < 0)
            return GONE;
        client->done += (size_t)sent;
    }
    return DONE;
}

static void close_client(struct server *server, struct client *client, enum progress how)
{
    if (how == POLITE_END)
        server->polite++;
    else
        server->early++;
    CHECK(close(client->fd) == 0);
    free(client);
    server->open--;
}

/* Goes on with a client until its socket blocks, or its message is the pool's. */
static void advance(struct server *server, struct client *client)
{
    enum progress progress = DONE;
    while (progress == DONE && (client->state == READING || client->state == WRITING)) {
        if (client->state == READING) {
            progress = receive(client);
            if (progress == DONE)
                hand_over(server, client);
        } else {
            progress = send_reply(server, client);
            if (progress == DONE) {
                client->state = READING;
                client->done = 0;
                server->replies++;
            }
        }
    }
    if (progress == POLITE_END || progress == GONE)
        close_client(server, client, progress);
}

static void on_client(struct server *server, struct client *client, uint32_t events)
{
    if (client->state == READING || client->state == WRITING) {
        advance(server, client);
    } else if (events & (EPOLLERR | EPOLLHUP)) {
        /* Its buffers stay until the job has arrived, or its turn in the line has come. */
        client->gone = 1;
        if (client->state == WORKING) {
            jobring_status status = jobring_cancel(server->pool, client->job);
            CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY);  /* BUSY: it runs, or has finished */
        }
    }
}

/* Clients and the queue are registered once, edge-triggered: an event is answered until nothing is left. */
static void watch(struct server *server, int fd, uint32_t events, void *whose)
{
    struct epoll_event event = {.events = events, .data.ptr = whose};
    CHECK(epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void on_listener(struct server *server)
{
    const int small = BUFFER_BYTES;
    int fd;
    while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
        struct client *client = calloc(1, sizeof *client);
        CHECK(client != NULL);
        client->fd = fd;
        client->state = READING;
        CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
        /* So that long replies do not fit, and this program meets partial writes. */
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        watch(server, fd, EPOLLIN | EPOLLOUT | EPOLLET, client);
        server->accepted++;
        if (++server->open > server->most)
            server->most = server->open;
    }
    CHECK(errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED);
}

/* Each event of a turn is another client's, so a client that is freed here has no event left. */
static void handle_events(struct server *server)
{
    struct epoll_event events[AT_ONCE];
    int count = epoll_wait(server->epoll, events, AT_ONCE, -1);
    CHECK(count > 0 || errno == EINTR);
    server->turns++;
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == &server->finished)
            server->events++;  /* take_finished() is next */
        else if (events[i].data.ptr == &server->listener)
            on_listener(server);
        else
            on_client(server, events[i].data.ptr, events[i].events);
    }
}

/* The client's message has been worked on, or was cancelled. */
static void arrived(struct server *server, const jobring_outcome *outcome)
{
    struct client *client = outcome->arg;
    server->taken++;
    if (outcome->status == JOBRING_E_CANCELLED)
        server->cancelled++;
    CHECK(outcome->status == JOBRING_OK ? outcome->result == client : client->gone);
    if (client->gone) {
        close_client(server, client, GONE);
    } else {
        client->state = WRITING;
        client->done = 0;
        advance(server, client);
    }
}

static void take_finished(struct server *server)
{
    jobring_outcome outcomes[AT_ONCE];
    size_t taken = AT_ONCE;
    for (int i = 0; i < AT_ONCE; i++)
        outcomes[i] = (jobring_outcome)JOBRING_OUTCOME_INIT;
    while (taken == AT_ONCE) {
        jobring_status status = jobring_completions_take(server->queue, 0, outcomes, AT_ONCE, &taken);
        if (status == JOBRING_E_EMPTY || status == JOBRING_E_TIMEDOUT)
            return;
        TRY(status);
        for (size_t i = 0; i < taken; i++)
            arrived(server, &outcomes[i]);
    }
}

static void submit_waiting(struct server *server)
{
    while (server->first != NULL) {
        struct client *client = server->first, *next = client->next;
        if (client->gone)
            close_client(server, client, GONE);
        else if (!submit(server, client))
            return;
        server->first = next;
    }
}

/* Whether the loop may sleep. With a job on its way it arms first, so that the job's end is an event. */
static int may_sleep(struct server *server)
{
    if (server->taken == server->submitted)
        return 1;
    server->arms++;
    jobring_status status = jobring_completions_arm(server->queue);
    if (status == JOBRING_E_BUSY)
        return 0;
    TRY(status);
    return 1;
}

static void listen_on(struct server *server, struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(server->listener >= 0);
    CHECK(bind(server->listener, (const struct sockaddr *)address, sizeof *address) == 0);
    CHECK(listen(server->listener, SOMAXCONN) == 0);
    CHECK(fcntl(server->listener, F_SETFL, O_NONBLOCK) == 0);
    CHECK(getsockname(server->listener, (struct sockaddr *)address, &size) == 0);
}

static void serve(struct server *server)
{
    TRY(jobring_create(NULL, &server->pool));
    TRY(jobring_completions_create(server->pool, IN_FLIGHT, &server->queue));
    TRY(jobring_completions_fd(server->queue, &server->finished));
    server->epoll = epoll_create1(0);
    CHECK(server->epoll >= 0);
    watch(server, server->listener, EPOLLIN, &server->listener);
    watch(server, server->finished, EPOLLIN | EPOLLET, &server->finished);

    while (server->accepted < CLIENTS || server->open > 0) {
        if (may_sleep(server))
            handle_events(server);
        take_finished(server);
        submit_waiting(server);
    }

    CHECK(close(server->epoll) == 0);
    TRY(jobring_completions_destroy(server->queue));  /* nothing is pending, or this would fail */
    TRY(jobring_destroy(server->pool));
    CHECK(close(server->listener) == 0);
}

int main(int argc, char **argv)
{
    static struct server server;
    struct visit visit = {.messages = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 40};
    struct timespec now;
    pthread_t clients;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    visit.seed = argc > 2 ? strtoull(argv[2], NULL, 10)
                          : (uint64_t)now.tv_sec * 1000000007 + (uint64_t)now.tv_nsec;
    if (argc > 3 || visit.messages < 4 || visit.seed == 0) {
        (void)fputs("usage: epoll_echo [MESSAGES, at least 4 [SEED]]\n", stderr);
        return 2;
    }
    SAY("%d clients with %u messages each, seed %llu\n", CLIENTS, (unsigned)visit.messages,
        (unsigned long long)visit.seed);
    listen_on(&server, &visit.address);
    CHECK(pthread_create(&clients, NULL, visit_server, &visit) == 0);
    serve(&server);
    CHECK(pthread_join(clients, NULL) == 0);

    CHECK(server.accepted == CLIENTS && server.most == CLIENTS && server.early == visit.early);
    CHECK(server.polite == CLIENTS - visit.early);
    CHECK(visit.replies == (uint64_t)server.polite * visit.messages && server.replies >= visit.replies);
    CHECK(server.taken == server.submitted && server.cancelled <= visit.early);
    SAY("all served at once by one thread: %llu replies with %llu bytes came back exact;\n"
        "%u clients left early, and %llu of their jobs were cancelled\n", (unsigned long long)visit.replies,
        (unsigned long long)visit.bytes, server.early, (unsigned long long)server.cancelled);
    SAY("%llu messages waited for room in the pool, %llu replies for room in a socket\n",
        (unsigned long long)server.waited, (unsigned long long)server.partial);
    SAY("%llu jobs arrived by %llu events of the queue; %llu calls of epoll_wait, %llu arms (a read each)\n",
        (unsigned long long)server.taken, (unsigned long long)server.events,
        (unsigned long long)server.turns, (unsigned long long)server.arms);
    return EXIT_SUCCESS;
}
