/* The client half of epoll_echo: one thread, poll(), and no job pool. It sends and receives in random
 * pieces, and some of its clients leave in the middle. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "epoll_echo.h"
#include "random.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LEAVES_AT = 3, PIECE_BITS = 14, BUFFER_BYTES = 4096 };

/* LEAVES_MIDWAY: with half of its message of number LEAVES_AT. RESETS: with all of that message, when the
 * reply to the one before has come, so that the server has this one in its pool, or in its line. */
enum manners { STAYS, LEAVES_MIDWAY, RESETS };

struct client {
    enum manners manners;
    uint32_t sent, received;                /* whole requests, whole replies */
    size_t request_size, request_done;      /* of the request that is being sent; 0 between two */
    size_t reply_size, reply_done;
    unsigned char request[REQUEST_HEAD + MOST_BYTES], reply[REPLY_HEAD + MOST_BYTES];
};

struct clients {
    struct visit *visit;
    uint64_t random;
    unsigned greeted, open;                 /* clients with a first reply; those that have not closed */
    struct pollfd polls[CLIENTS];
    struct client all[CLIENTS];
    unsigned char bytes[4 * MOST_BYTES];    /* what the messages are cut from */
};

/* A length from 1 to most; short and long ones are equally common. */
static size_t random_piece(uint64_t *random, size_t most)
{
    uint64_t range = (uint64_t)1 << next_random(random) % (PIECE_BITS + 1);
    size_t piece = 1 + (size_t)(next_random(random) % range);
    return piece < most ? piece : most;
}

/* The bytes of a message: the same each time it is asked for. */
static const unsigned char *message(const struct clients *clients, size_t number, uint32_t count,
                                    uint32_t *size)
{
    uint64_t random = clients->visit->seed + ((uint64_t)number << 32 | (count + 1)) * 0x9E3779B97F4A7C15u;
    random += random == 0;
    (void)next_random(&random);
    *size = (uint32_t)random_piece(&random, MOST_BYTES);
    return clients->bytes + next_random(&random) % (sizeof clients->bytes - *size);
}

static void close_client(struct clients *clients, size_t number)
{
    CHECK(close(clients->polls[number].fd) == 0);
    clients->polls[number].fd = -1;  /* poll() passes over it */
    clients->open--;
}

static void begin_request(struct clients *clients, size_t number)
{
    struct client *client = &clients->all[number];
    uint32_t size = 0;
    const unsigned char *bytes = message(clients, number, client->sent, &size);
    put_number(client->request, size);
    memcpy(client->request + REQUEST_HEAD, bytes, size);
    client->request_size = REQUEST_HEAD + size;
    client->request_done = 0;
    /* Half a message, or half a length. */
    if (client->manners == LEAVES_MIDWAY && client->sent == LEAVES_AT)
        client->request_size /= 2;
}

/* For an early client. */
static int is_at_its_end(const struct client *client)
{
    return client->sent > LEAVES_AT && (client->manners == LEAVES_MIDWAY || client->received >= LEAVES_AT);
}

static void leave(struct clients *clients, size_t number)
{
    if (clients->all[number].manners == RESETS) {
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        CHECK(setsockopt(clients->polls[number].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    }
    close_client(clients, number);
    clients->visit->early++;
}

/* A request has been sent, or as much of it as this client sends. */
static void end_request(struct clients *clients, size_t number)
{
    struct client *client = &clients->all[number];
    client->request_size = 0;
    client->sent++;
    if (client->manners == STAYS && client->sent == clients->visit->messages)
        CHECK(shutdown(clients->polls[number].fd, SHUT_WR) == 0);  /* the replies still come */
    if (client->manners != STAYS && is_at_its_end(client))
        leave(clients, number);
}

static void send_piece(struct clients *clients, size_t number)
{
    struct client *client = &clients->all[number];
    if (client->request_size == 0)
        begin_request(clients, number);
    size_t piece = random_piece(&clients->random, client->request_size - client->request_done);
    const unsigned char *from = client->request + client->request_done;
    ssize_t sent = send(clients->polls[number].fd, from, piece, MSG_NOSIGNAL);
    CHECK(sent > 0 || (sent < 0 && (errno == EAGAIN || errno == EINTR)));
    if (sent > 0)
        client->request_done += (size_t)sent;
    if (client->request_done == client->request_size)
        end_request(clients, number);
}

static void receive_piece(struct clients *clients, size_t number)
{
    struct client *client = &clients->all[number];
    unsigned char back[1 << PIECE_BITS];
    size_t most = sizeof back;
    if (client->reply_done == 0 && client->received < client->sent) {
        uint32_t size = 0;
        const unsigned char *bytes = message(clients, number, client->received, &size);
        make_reply(client->reply, bytes, size);
        client->reply_size = REPLY_HEAD + size;
    }
    if (client->reply_size > client->reply_done)
        most = client->reply_size - client->reply_done;
    ssize_t got = recv(clients->polls[number].fd, back, random_piece(&clients->random, most), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    CHECK(got >= 0);
    if (got == 0) {
        /* The server closes behind its last reply, and not before. */
        CHECK(client->manners == STAYS && client->received == clients->visit->messages);
        close_client(clients, number);
        return;
    }
    CHECK((size_t)got <= client->reply_size - client->reply_done);      /* it invented bytes */
    CHECK(memcmp(back, client->reply + client->reply_done, (size_t)got) == 0);
    client->reply_done += (size_t)got;
    if (client->reply_done < client->reply_size)
        return;
    if (client->received++ == 0)
        clients->greeted++;
    if (client->manners == STAYS) {
        clients->visit->replies++;
        clients->visit->bytes += client->reply_size;
    }
    client->reply_size = client->reply_done = 0;
    if (client->manners == RESETS && is_at_its_end(client))
        leave(clients, number);
}

static void open_client(struct clients *clients, size_t number)
{
    const struct sockaddr_in *address = &clients->visit->address;
    const int small = BUFFER_BYTES;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    /* So that the server cannot write a long reply at once. */
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0);
    CHECK(connect(fd, (const struct sockaddr *)address, sizeof *address) == 0);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    clients->polls[number].fd = fd;
    clients->all[number].manners = number % 8 == 3 ? LEAVES_MIDWAY : number % 8 == 7 ? RESETS : STAYS;
    clients->open++;
}

void *visit_server(void *arg)
{
    struct clients *clients = calloc(1, sizeof *clients);
    CHECK(clients != NULL);
    clients->visit = arg;
    clients->random = clients->visit->seed;
    CHECK(clients->visit->messages > LEAVES_AT);
    CHECK(crc32((const unsigned char *)"123456789", 9) == 0xCBF43926u);
    for (size_t i = 0; i < sizeof clients->bytes; i++)
        clients->bytes[i] = (unsigned char)(next_random(&clients->random) >> 32);
    for (size_t i = 0; i < CLIENTS; i++)
        open_client(clients, i);

    while (clients->open > 0) {
        /* The rendezvous: a message each, and no second one before all 128 are answered. */
        uint32_t limit = clients->greeted < CLIENTS ? 1 : clients->visit->messages;
        for (size_t i = 0; i < CLIENTS; i++) {
            const struct client *client = &clients->all[i];
            int may_send = client->sent < limit && (client->manners == STAYS || client->sent <= LEAVES_AT);
            clients->polls[i].events = (short)(may_send ? POLLIN | POLLOUT : POLLIN);
        }
        int ready = poll(clients->polls, CLIENTS, -1);
        CHECK(ready > 0 || errno == EINTR);
        for (size_t i = 0; i < CLIENTS && ready > 0; i++) {
            if (clients->polls[i].revents & ~POLLOUT)
                receive_piece(clients, i);
            if (clients->polls[i].fd >= 0 && clients->polls[i].revents & POLLOUT)
                send_piece(clients, i);
        }
    }
    free(clients);
    return NULL;
}
