/* What the two halves of the echo example share. */
#ifndef ECHO_H
#define ECHO_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A worker for each connection that is served. */
enum { WORKERS = 128, MOST_CLIENTS = 5000 };

/*
 * The client half, a process of its own: opens `clients` connections at once, sends `size` random bytes over
 * each in random pieces, and checks what comes back. A connection that has finished is closed while more than
 * WORKERS are open. In the end it sends SIGINT to the server and waits until that has closed the last ones.
 * Returns only if all was right.
 */
void echo_client(const struct sockaddr_in *address, size_t clients, size_t size, uint64_t seed, pid_t server);

#endif
