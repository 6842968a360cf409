/* The client half of echo_server --self-test: one thread, poll(), and no job pool. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "echo.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connection i sends the bytes from i * SHIFT on: no two send the same, none repeats itself. */
enum { SHIFT = 4099, PIECE_BITS = 16 };

struct clients {
    struct pollfd polls[CONNECTIONS];
    size_t sent[CONNECTIONS], received[CONNECTIONS];
    unsigned greeted, finished;  /* connections with their first, their last byte back */
    size_t size;
    unsigned char *bytes;
    uint64_t random;
};

/* Marsaglia's xorshift, 64 bits with the shifts 13, 7 and 17. */
static uint64_t next_random(struct clients *clients)
{
    uint64_t x = clients->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return clients->random = x;
}

/* A length from 1 to most; short and long ones are equally common. */
static size_t random_piece(struct clients *clients, size_t most)
{
    uint64_t range = (uint64_t)1 << next_random(clients) % PIECE_BITS;
    size_t piece = 1 + (size_t)(next_random(clients) % range);
    return piece < most ? piece : most;
}

static int open_connection(const struct sockaddr_in *address)
{
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK(connect(fd, (const struct sockaddr *)address, sizeof *address) == 0);
    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    return fd;
}

static void send_piece(struct clients *c, size_t i, size_t limit)
{
    size_t piece = random_piece(c, limit - c->sent[i]);
    ssize_t sent = send(c->polls[i].fd, c->bytes + i * SHIFT + c->sent[i], piece, MSG_NOSIGNAL);
    CHECK(sent > 0 || (sent < 0 && (errno == EAGAIN || errno == EINTR)));
    if (sent > 0)
        c->sent[i] += (size_t)sent;
}

static void receive_piece(struct clients *c, size_t i)
{
    unsigned char back[1 << PIECE_BITS];
    ssize_t got = recv(c->polls[i].fd, back, random_piece(c, sizeof back), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    CHECK(got > 0);                                         /* the server closed too early */
    CHECK((size_t)got <= c->sent[i] - c->received[i]);      /* it invented bytes */
    CHECK(memcmp(back, c->bytes + i * SHIFT + c->received[i], (size_t)got) == 0);
    if (c->received[i] == 0)
        c->greeted++;
    c->received[i] += (size_t)got;
    if (c->received[i] == c->size)
        c->finished++;
}

static void exchange(struct clients *c)
{
    while (c->finished < CONNECTIONS) {
        /* The rendezvous: a first byte each, and no second one before all 128 are back. */
        size_t limit = c->greeted < CONNECTIONS ? 1 : c->size;
        for (size_t i = 0; i < CONNECTIONS; i++)
            c->polls[i].events = (short)(c->sent[i] < limit ? POLLIN | POLLOUT : POLLIN);
        int ready = poll(c->polls, CONNECTIONS, -1);
        CHECK(ready > 0 || errno == EINTR);
        for (size_t i = 0; i < CONNECTIONS && ready > 0; i++) {
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

void echo_client(const struct sockaddr_in *address, size_t size, uint64_t seed, pid_t server)
{
    struct clients *c = calloc(1, sizeof *c);
    size_t all = size + CONNECTIONS * SHIFT;
    CHECK(c != NULL);
    c->size = size;
    c->random = seed;
    c->bytes = malloc(all);
    CHECK(c->bytes != NULL);
    for (size_t i = 0; i < all; i++)
        c->bytes[i] = (unsigned char)(next_random(c) >> 32);

    for (size_t i = 0; i < CONNECTIONS; i++)
        c->polls[i].fd = open_connection(address);
    exchange(c);

    /* All is back, and the server's 128 jobs are blocked in recv again. */
    CHECK(getppid() == server);
    CHECK(kill(server, SIGINT) == 0);
    for (size_t i = 0; i < CONNECTIONS; i++)
        expect_end(c->polls[i].fd);
    free(c->bytes);
    free(c);
}
