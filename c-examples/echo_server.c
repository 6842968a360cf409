/* Shows blocking jobs on many small stacks: a TCP echo server with a worker for each connection. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STACK_BYTES = 64 * 1024, BUFFER_BYTES = 16 * 1024 };

struct server;

struct connection {
    struct server *server;
    int fd;  /* -1: free */
};

struct server {
    int listener;
    jobring_pool *pool;
    pthread_mutex_t lock;  /* guards what follows */
    struct connection connections[CONNECTIONS];
    unsigned open, most, unblocked;
    uint64_t accepted, refused, bytes;
    unsigned char worker_used[CONNECTIONS];
};

/* The handler's way into poll(): a signal can come at any time and is never missed. */
static int signal_pipe[2];

static void on_signal(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    /* A full pipe refuses the byte, but then it is readable already. */
    ssize_t written = write(signal_pipe[1], &byte, 1);
    (void)written;
    errno = saved;
}

static void handle_signal(int number)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    CHECK(sigemptyset(&action.sa_mask) == 0);
    CHECK(sigaction(number, &action, NULL) == 0);
}

static void open_signal_pipe(void)
{
    CHECK(pipe(signal_pipe) == 0);
    CHECK(fcntl(signal_pipe[0], F_SETFL, O_NONBLOCK) == 0);
    CHECK(fcntl(signal_pipe[1], F_SETFL, O_NONBLOCK) == 0);
    handle_signal(SIGINT);
    handle_signal(SIGTERM);
}

static void close_signal_pipe(void)
{
    CHECK(signal(SIGINT, SIG_DFL) != SIG_ERR && signal(SIGTERM, SIG_DFL) != SIG_ERR);
    CHECK(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
    CHECK(close(signal_pipe[0]) == 0 && close(signal_pipe[1]) == 0);
}

static int send_all(int fd, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return 0;
        bytes += sent;
        size -= (size_t)sent;
    }
    return 1;
}

/* The job: a whole connection, written as if there were nothing else in the world. */
static void *serve(void *arg)
{
    struct connection *connection = arg;
    struct server *server = connection->server;
    unsigned char buffer[BUFFER_BYTES];
    uint64_t bytes = 0;
    uint32_t worker = 0;
    for (;;) {
        ssize_t got = recv(connection->fd, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || !send_all(connection->fd, buffer, (size_t)got))
            break;
        bytes += (uint64_t)got;
    }

    TRY(jobring_worker_index(server->pool, &worker));
    CHECK(worker < CONNECTIONS);
    CHECK(pthread_mutex_lock(&server->lock) == 0);
    /* Closed under the lock: shutdown(2) never meets a number that now means something else. */
    CHECK(close(connection->fd) == 0);
    connection->fd = -1;
    server->open--;
    server->bytes += bytes;
    server->worker_used[worker] = 1;
    CHECK(pthread_mutex_unlock(&server->lock) == 0);
    return NULL;
}

/* A free place in the table, now with this socket; NULL if all are taken. */
static struct connection *enlist(struct server *server, int fd)
{
    struct connection *found = NULL;
    CHECK(pthread_mutex_lock(&server->lock) == 0);
    for (size_t i = 0; i < CONNECTIONS && found == NULL; i++)
        if (server->connections[i].fd < 0)
            found = &server->connections[i];
    if (found == NULL) {
        server->refused++;
    } else {
        found->fd = fd;
        server->accepted++;
        if (++server->open > server->most)
            server->most = server->open;
    }
    CHECK(pthread_mutex_unlock(&server->lock) == 0);
    return found;
}

static void accept_one(struct server *server)
{
    const int on = 1;
    int fd = accept(server->listener, NULL, NULL);
    if (fd < 0) {
        /* The client may have gone between poll and accept. */
        CHECK(errno == EAGAIN || errno == EINTR || errno == ECONNABORTED);
        return;
    }
    CHECK(fcntl(fd, F_SETFL, 0) == 0);
    struct connection *connection = enlist(server, fd);
    if (connection == NULL) {
        CHECK(close(fd) == 0);
        return;
    }
    /* Fails if the client has gone; the job will find out. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    TRY(jobring_submit(server->pool, serve, connection, NULL));
}

static void accept_until_signal(struct server *server)
{
    struct pollfd polls[2] = {
        {.fd = signal_pipe[0], .events = POLLIN}, {.fd = server->listener, .events = POLLIN},
    };
    while (polls[0].revents == 0) {
        int ready = poll(polls, 2, -1);
        CHECK(ready > 0 || errno == EINTR);
        if (ready > 0 && polls[0].revents == 0)
            accept_one(server);
    }
}

/* Unblocks every job: its recv returns 0, its send fails. */
static void unblock(struct server *server)
{
    CHECK(pthread_mutex_lock(&server->lock) == 0);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (server->connections[i].fd < 0)
            continue;
        CHECK(shutdown(server->connections[i].fd, SHUT_RDWR) == 0 || errno == ENOTCONN);
        server->unblocked++;
    }
    CHECK(pthread_mutex_unlock(&server->lock) == 0);
}

static void listen_on(struct server *server, uint16_t port, struct sockaddr_in *address)
{
    const int on = 1;
    socklen_t size = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(server->listener >= 0);
    CHECK(setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    CHECK(bind(server->listener, (const struct sockaddr *)address, sizeof *address) == 0);
    CHECK(listen(server->listener, SOMAXCONN) == 0);
    CHECK(fcntl(server->listener, F_SETFL, O_NONBLOCK) == 0);
    CHECK(getsockname(server->listener, (struct sockaddr *)address, &size) == 0);
}

/* The server's whole life: from the first worker to the last. */
static void run_server(struct server *server)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = CONNECTIONS;
    config.stack_size = STACK_BYTES;
    /* Room to spare: a job may have left the table and not yet its slot. */
    config.capacity = 2 * CONNECTIONS;
    config.name = "echo";
    TRY(jobring_create(&config, &server->pool));
    CHECK(pthread_mutex_init(&server->lock, NULL) == 0);
    for (size_t i = 0; i < CONNECTIONS; i++)
        server->connections[i] = (struct connection){.server = server, .fd = -1};

    accept_until_signal(server);
    CHECK(close(server->listener) == 0);
    unblock(server);
    TRY(jobring_shutdown(server->pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL));
    TRY(jobring_destroy(server->pool));
    CHECK(server->open == 0);
    CHECK(only_thread());
    CHECK(pthread_mutex_destroy(&server->lock) == 0);
    close_signal_pipe();
}

static int plain(uint16_t port)
{
    struct server server = {0};
    struct sockaddr_in address;
    open_signal_pipe();
    listen_on(&server, port, &address);
    SAY("listening on 127.0.0.1:%u until SIGINT\n", (unsigned)ntohs(address.sin_port));
    run_server(&server);
    SAY("%llu connections served, %llu refused, at most %u at once; %u unblocked at the end; "
        "%llu bytes\n", (unsigned long long)server.accepted, (unsigned long long)server.refused,
        server.most, server.unblocked, (unsigned long long)server.bytes);
    return EXIT_SUCCESS;
}

static int self_test(size_t kib, uint64_t seed)
{
    struct server server = {0};
    struct sockaddr_in address;
    size_t size = kib * 1024;
    unsigned workers = 0;
    int ended = 0;
    pid_t parent = getpid(), child;
    open_signal_pipe();
    handle_signal(SIGCHLD);  /* a client that fails early must not leave the server waiting */
    listen_on(&server, 0, &address);
    SAY("128 connections of %zu KiB each, seed %llu\n", kib, (unsigned long long)seed);

    /* Before there is a pool: fork copies only the calling thread. */
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close_signal_pipe();
        CHECK(close(server.listener) == 0);
        echo_client(&address, size, seed, parent);
        exit(EXIT_SUCCESS);
    }
    run_server(&server);
    while (waitpid(child, &ended, 0) < 0)
        CHECK(errno == EINTR);

    CHECK(WIFEXITED(ended) && WEXITSTATUS(ended) == EXIT_SUCCESS);
    for (size_t i = 0; i < CONNECTIONS; i++)
        workers += server.worker_used[i];
    CHECK(workers == CONNECTIONS);
    CHECK(server.accepted == CONNECTIONS && server.most == CONNECTIONS && server.refused == 0);
    CHECK(server.unblocked == CONNECTIONS);
    CHECK(server.bytes == (uint64_t)CONNECTIONS * size);
    SAY("all 128 served at once by 128 workers with stacks of 64 KiB; all %llu bytes came back "
        "exact\nSIGINT unblocked 128 connections, the pool was drained, no worker is left\n",
        (unsigned long long)server.bytes);
    return EXIT_SUCCESS;
}

static int number(const char *text, unsigned long long least, unsigned long long most,
                  unsigned long long *value)
{
    char *end = NULL;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *value >= least &&
           *value <= most;
}

int main(int argc, char **argv)
{
    unsigned long long port, kib = 1024, seed;
    struct timespec now;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    seed = (unsigned long long)now.tv_sec * 1000000007 + (unsigned long long)now.tv_nsec;
    if (argc == 2 && number(argv[1], 0, UINT16_MAX, &port))
        return plain((uint16_t)port);
    if (argc >= 2 && argc <= 4 && strcmp(argv[1], "--self-test") == 0 &&
        (argc < 3 || number(argv[2], 1, 1024 * 1024, &kib)) &&
        (argc < 4 || number(argv[3], 1, UINT64_MAX, &seed)))
        return self_test((size_t)kib, seed);
    (void)fputs("usage: echo_server PORT | echo_server --self-test [KIB [SEED]]\n", stderr);
    return 2;
}
