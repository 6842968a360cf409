/* What the two halves of the echo example share. */
#ifndef ECHO_H
#define ECHO_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { CONNECTIONS = 128 };

/*
 * The client half, a process of its own: sends `size` random bytes over each of CONNECTIONS
 * connections in random pieces, checks what comes back, then sends SIGINT to the server and waits
 * until that has closed every connection. Returns only if all was right.
 */
void echo_client(const struct sockaddr_in *address, size_t size, uint64_t seed, pid_t server);

#endif
