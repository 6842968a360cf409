/* Shows blocking jobs on many small stacks: a TCP echo server with a worker for each connection. Those that
 * come while all workers are busy wait in the pool's queue. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Beyond PLACES connections the loop does not accept: they wait in the system's queue. */
enum { BUFFER_BYTES = 16 * 1024, PLACES = 1000, AT_ONCE = 16, OTHER_FILES = 32 };

struct server;

struct connection {
    struct server *server;
    struct connection *next;  /* of the free ones */
    int fd;                   /* -1: free. The loop alone opens and closes it. */
    uint32_t worker;          /* left by the job, with `bytes` */
    uint64_t bytes;
};

struct server {
    int listener, ended;  /* ended: the queue's descriptor */
    jobring_pool *pool;
    jobring_completions *queue;
    struct connection connections[PLACES], *free;
    unsigned open, most, unblocked;
    uint64_t accepted, queued, bytes;
    unsigned char worker_used[WORKERS];
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
    unsigned char buffer[BUFFER_BYTES];
    for (;;) {
        ssize_t got = recv(connection->fd, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || !send_all(connection->fd, buffer, (size_t)got))
            break;
        connection->bytes += (uint64_t)got;
    }
    TRY(jobring_worker_index(connection->server->pool, &connection->worker));
    return connection;
}

/* There is a free place. A slot of the pool is free too, because the pool has a slot for each place. */
static void accept_one(struct server *server)
{
    const int on = 1;
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    int fd = accept(server->listener, NULL, NULL);
    if (fd < 0) {
        /* The client may have gone between poll and accept. */
        CHECK(errno == EAGAIN || errno == EINTR || errno == ECONNABORTED);
        return;
    }
    CHECK(fcntl(fd, F_SETFL, 0) == 0);
    /* Fails if the client has gone; the job will find out. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = server->free;
    server->free = connection->next;
    connection->fd = fd;
    connection->bytes = 0;
    server->accepted++;
    if (server->open >= WORKERS)
        server->queued++;
    if (++server->open > server->most)
        server->most = server->open;
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    TRY(jobring_completions_submit(server->queue, serve, connection, &options, NULL));
}

static void close_connection(struct server *server, struct connection *connection)
{
    CHECK(connection->worker < WORKERS);
    server->worker_used[connection->worker] = 1;
    server->bytes += connection->bytes;
    CHECK(close(connection->fd) == 0);
    connection->fd = -1;
    connection->next = server->free;
    server->free = connection;
    server->open--;
}

/* Closes the connections whose jobs have ended. */
static void take_ended(struct server *server, int64_t timeout_ns)
{
    jobring_outcome outcomes[AT_ONCE];
    size_t taken = 0;
    jobring_status status;
    for (int i = 0; i < AT_ONCE; i++)
        outcomes[i] = (jobring_outcome)JOBRING_OUTCOME_INIT;
    for (;;) {
        status = jobring_completions_take(server->queue, timeout_ns, outcomes, AT_ONCE, &taken);
        if (status != JOBRING_OK)
            break;
        for (size_t i = 0; i < taken; i++)
            close_connection(server, outcomes[i].result);
    }
    CHECK(status == JOBRING_E_EMPTY || (status == JOBRING_E_TIMEDOUT && timeout_ns == 0));
}

static void accept_until_signal(struct server *server)
{
    struct pollfd polls[3] = {
        {.fd = signal_pipe[0], .events = POLLIN}, {.fd = server->ended, .events = POLLIN}, {.events = POLLIN},
    };
    while (polls[0].revents == 0) {
        take_ended(server, 0);
        jobring_status armed = jobring_completions_arm(server->queue);
        if (armed == JOBRING_E_BUSY)
            continue;
        TRY(armed);
        polls[2].fd = server->free != NULL ? server->listener : -1;  /* -1: not now */
        int ready = poll(polls, 3, -1);
        CHECK(ready > 0 || errno == EINTR);
        if (ready > 0 && polls[0].revents == 0 && polls[2].revents != 0)
            accept_one(server);
    }
    take_ended(server, 0);
}

/* Unblocks every job: its recv returns 0, its send fails. Those without a worker end when they get one. */
static void unblock(struct server *server)
{
    for (size_t i = 0; i < PLACES; i++) {
        if (server->connections[i].fd < 0)
            continue;
        CHECK(shutdown(server->connections[i].fd, SHUT_RDWR) == 0 || errno == ENOTCONN);
        server->unblocked++;
    }
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
    config.workers = WORKERS;
    config.stack_size = small_stack();
    config.capacity = PLACES;
    config.name = "echo";
    TRY(jobring_create(&config, &server->pool));
    TRY(jobring_completions_create(server->pool, 0, &server->queue));
    TRY(jobring_completions_fd(server->queue, &server->ended));
    for (size_t i = 0; i < PLACES; i++) {
        server->connections[i] = (struct connection){.server = server, .next = server->free, .fd = -1};
        server->free = &server->connections[i];
    }

    accept_until_signal(server);
    CHECK(close(server->listener) == 0);
    unblock(server);
    take_ended(server, JOBRING_FOREVER);
    CHECK(server->open == 0);
    TRY(jobring_completions_destroy(server->queue));
    TRY(jobring_destroy(server->pool));
    CHECK(only_thread());
    close_signal_pipe();
}

static int plain(uint16_t port)
{
    static struct server server;
    struct sockaddr_in address;
    open_signal_pipe();
    listen_on(&server, port, &address);
    SAY("listening on 127.0.0.1:%u until SIGINT\n", (unsigned)ntohs(address.sin_port));
    run_server(&server);
    SAY("%llu connections served, %llu waited for a worker; %u unblocked at the end; %llu bytes\n",
        (unsigned long long)server.accepted, (unsigned long long)server.queued, server.unblocked,
        (unsigned long long)server.bytes);
    return EXIT_SUCCESS;
}

/* Raises the limit of open files, so that `clients` can connect. Returns how many can. */
static size_t permitted(size_t clients)
{
    struct rlimit files;
    rlim_t wanted = clients + OTHER_FILES;
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    if (files.rlim_cur != RLIM_INFINITY && files.rlim_cur < wanted) {
        files.rlim_cur = files.rlim_max == RLIM_INFINITY || files.rlim_max > wanted ? wanted : files.rlim_max;
        CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
        if (files.rlim_cur < wanted) {
            SAY("the system permits %llu open files: fewer clients\n", (unsigned long long)files.rlim_cur);
            CHECK(files.rlim_cur > OTHER_FILES);
            return (size_t)(files.rlim_cur - OTHER_FILES);
        }
    }
    return clients;
}

static int self_test(size_t clients, size_t kib, uint64_t seed)
{
    static struct server server;
    struct sockaddr_in address;
    size_t size = kib * 1024, at_once;
    unsigned workers = 0;
    int ended = 0;
    pid_t parent = getpid(), child;
    clients = permitted(clients);
    at_once = clients < WORKERS ? clients : WORKERS;
    open_signal_pipe();
    handle_signal(SIGCHLD);  /* a client that fails early must not leave the server waiting */
    listen_on(&server, 0, &address);
    SAY("%zu connections of %zu KiB each, seed %llu\n", clients, kib, (unsigned long long)seed);

    /* Before there is a pool: fork copies only the calling thread. */
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close_signal_pipe();
        CHECK(close(server.listener) == 0);
        echo_client(&address, clients, size, seed, parent);
        exit(EXIT_SUCCESS);
    }
    run_server(&server);
    while (waitpid(child, &ended, 0) < 0)
        CHECK(errno == EINTR);

    CHECK(WIFEXITED(ended) && WEXITSTATUS(ended) == EXIT_SUCCESS);
    for (size_t i = 0; i < WORKERS; i++)
        workers += server.worker_used[i];
    CHECK(workers == at_once && server.unblocked == at_once);
    CHECK(server.accepted == clients && server.most >= at_once && server.bytes == (uint64_t)clients * size);
    SAY("all served, %zu at a time, by workers with stacks of %zu KiB; %llu waited for a worker\n", at_once, small_stack() / 1024,
        (unsigned long long)server.queued);
    SAY("all %llu bytes came back exact; SIGINT unblocked %u connections; no worker is left\n",
        (unsigned long long)server.bytes, server.unblocked);
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
    unsigned long long port, clients = WORKERS, kib = 1024, seed;
    struct timespec now;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    seed = (unsigned long long)now.tv_sec * 1000000007 + (unsigned long long)now.tv_nsec;
    if (argc == 2 && number(argv[1], 0, UINT16_MAX, &port))
        return plain((uint16_t)port);
    if (argc >= 2 && argc <= 5 && strcmp(argv[1], "--self-test") == 0 &&
        (argc < 3 || number(argv[2], 1, MOST_CLIENTS, &clients)) &&
        (argc < 4 || number(argv[3], 1, 1024 * 1024, &kib)) &&
        (argc < 5 || number(argv[4], 1, UINT64_MAX, &seed)))
        return self_test((size_t)clients, (size_t)kib, seed);
    (void)fputs("usage: echo_server PORT | echo_server --self-test [CLIENTS [KIB [SEED]]]\n", stderr);
    return 2;
}
