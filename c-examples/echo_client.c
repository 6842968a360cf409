/* The client half of echo_server --self-test: one thread, poll(), and no job pool. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "echo.h"
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connection i sends the bytes from i * SHIFT on: no two send the same, none repeats itself. */
enum { SHIFT = 4099, PIECE_BITS = 16 };

struct client {
    size_t sent, received;
};

struct clients {
    size_t count, open;
    size_t greeted, finished;  /* connections with their first, their last byte back */
    size_t size;
    struct pollfd *polls;
    struct client *all;
    unsigned char *bytes;
    uint64_t random;
};

/* A length from 1 to most; short and long ones are equally common. */
static size_t random_piece(struct clients *clients, size_t most)
{
    uint64_t range = (uint64_t)1 << next_random(&clients->random) % PIECE_BITS;
    size_t piece = 1 + (size_t)(next_random(&clients->random) % range);
    return piece < most ? piece : most;
}

/* Does not wait for the connection: what the system's queue has no room for is connected later. */
static int open_connection(const struct sockaddr_in *address)
{
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    CHECK(connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EINPROGRESS);
    return fd;
}

static void close_connection(struct clients *c, size_t i)
{
    CHECK(close(c->polls[i].fd) == 0);
    c->polls[i].fd = -1;  /* poll() passes over it */
    c->open--;
}

static void send_piece(struct clients *c, size_t i, size_t limit)
{
    struct client *client = &c->all[i];
    size_t piece = random_piece(c, limit - client->sent);
    ssize_t sent = send(c->polls[i].fd, c->bytes + i * SHIFT + client->sent, piece, MSG_NOSIGNAL);
    CHECK(sent > 0 || (sent < 0 && (errno == EAGAIN || errno == EINTR)));
    if (sent > 0)
        client->sent += (size_t)sent;
}

static void receive_piece(struct clients *c, size_t i)
{
    struct client *client = &c->all[i];
    unsigned char back[1 << PIECE_BITS];
    ssize_t got = recv(c->polls[i].fd, back, random_piece(c, sizeof back), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    CHECK(got > 0);                                          /* the server refused it, or closed too early */
    CHECK((size_t)got <= client->sent - client->received);   /* it invented bytes */
    CHECK(memcmp(back, c->bytes + i * SHIFT + client->received, (size_t)got) == 0);
    if (client->received == 0)
        c->greeted++;
    client->received += (size_t)got;
    if (client->received < c->size)
        return;
    c->finished++;
    if (c->open > WORKERS)
        close_connection(c, i);  /* its worker serves the next one */
}

static void exchange(struct clients *c)
{
    while (c->finished < c->count) {
        /* The rendezvous: a first byte each, and no second one before all workers have sent one back. */
        size_t limit = c->greeted < WORKERS && c->greeted < c->count ? 1 : c->size;
        for (size_t i = 0; i < c->count; i++)
            c->polls[i].events = (short)(c->all[i].sent < limit ? POLLIN | POLLOUT : POLLIN);
        int ready = poll(c->polls, (nfds_t)c->count, -1);
        CHECK(ready > 0 || errno == EINTR);
        for (size_t i = 0; i < c->count && ready > 0; i++) {
            if (c->polls[i].revents & POLLOUT)
                send_piece(c, i, limit);
            if (c->polls[i].revents & ~POLLOUT)
                receive_piece(c, i);
        }
    }
}

static void expect_end(int fd)
{
    unsigned char byte;
    ssize_t got;
    CHECK(fcntl(fd, F_SETFL, 0) == 0);
    do
        got = recv(fd, &byte, 1, 0);
    while (got < 0 && errno == EINTR);
    CHECK(got == 0);
    CHECK(close(fd) == 0);
}

void echo_client(const struct sockaddr_in *address, size_t clients, size_t size, uint64_t seed, pid_t server)
{
    struct clients c = {.count = clients, .open = clients, .size = size, .random = seed};
    size_t all = size + clients * SHIFT;
    c.polls = calloc(clients, sizeof *c.polls);
    c.all = calloc(clients, sizeof *c.all);
    c.bytes = malloc(all);
    CHECK(c.polls != NULL && c.all != NULL && c.bytes != NULL);
    for (size_t i = 0; i < all; i++)
        c.bytes[i] = (unsigned char)(next_random(&c.random) >> 32);

    for (size_t i = 0; i < clients; i++)
        c.polls[i].fd = open_connection(address);
    exchange(&c);

    /* All is back, and the jobs of the last connections are blocked in recv again. */
    CHECK(getppid() == server);
    CHECK(kill(server, SIGINT) == 0);
    for (size_t i = 0; i < clients; i++)
        if (c.polls[i].fd >= 0)
            expect_end(c.polls[i].fd);
    free(c.bytes);
    free(c.all);
    free(c.polls);
}
