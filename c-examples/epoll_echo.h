/* What the two halves of the epoll example share: the messages. */
#ifndef EPOLL_ECHO_H
#define EPOLL_ECHO_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/* A request is a length and that many bytes, at least one; its reply the length, the bytes' CRC-32, and the
 * bytes in reverse order. Numbers have their highest byte first. */
enum { CLIENTS = 128, REQUEST_HEAD = 4, REPLY_HEAD = 8, MOST_BYTES = 16 * 1024 };

static inline void put_number(unsigned char *at, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(number >> (24 - 8 * i));
}

static inline uint32_t get_number(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The CRC-32 of zlib, bit by bit: it takes a while, which is what the pool is for. */
static inline uint32_t crc32(const unsigned char *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
    }
    return ~crc;
}

static inline void make_reply(unsigned char *reply, const unsigned char *bytes, uint32_t size)
{
    put_number(reply, size);
    put_number(reply + 4, crc32(bytes, size));
    for (uint32_t i = 0; i < size; i++)
        reply[REPLY_HEAD + i] = bytes[size - 1 - i];
}

/* The client half, for a thread of its own. */
struct visit {
    struct sockaddr_in address;
    uint64_t seed;
    uint32_t messages;           /* that each client sends, unless it leaves early */
    unsigned early;              /* out: clients that left early */
    uint64_t replies, bytes;     /* out: that came back to the others, all of them right */
};

/* CLIENTS connections at once, driven by poll(), without a pool. `visit` is a struct visit. */
void *visit_server(void *visit);

#endif
