/* SHA-256 as in FIPS 180-4. */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_BLOCK = 64 };

struct sha256 {
    uint32_t state[8];
    uint64_t bytes;                     /* of the message so far */
    unsigned char block[SHA256_BLOCK];  /* its unfinished last block */
};

void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t size);
void sha256_end(struct sha256 *hash, unsigned char digest[SHA256_BYTES]);

/* Hashes the standard's own test messages; 1 if every digest is the published one. */
int sha256_self_test(void);

#endif
