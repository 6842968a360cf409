/* SHA-256, written from FIPS 180-4; the names Ch, Maj, W, K and H are the standard's. */
#include "sha256.h"

#include <string.h>

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes (4.2.2). */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate_right(uint32_t x, unsigned n)
{
    return (x >> n) | (x << (32 - n));
}

static uint32_t load_big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static void store_big_endian(unsigned char *p, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        p[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
}

/* One turn of the compression function (6.2.2). */
static void compress(uint32_t H[8], const unsigned char block[SHA256_BLOCK])
{
    uint32_t W[64];
    for (unsigned t = 0; t < 16; t++)
        W[t] = load_big_endian(block + 4 * t);
    for (unsigned t = 16; t < 64; t++) {
        uint32_t x = W[t - 15], y = W[t - 2];
        uint32_t sigma0 = rotate_right(x, 7) ^ rotate_right(x, 18) ^ (x >> 3);
        uint32_t sigma1 = rotate_right(y, 17) ^ rotate_right(y, 19) ^ (y >> 10);
        W[t] = sigma1 + W[t - 7] + sigma0 + W[t - 16];
    }

    uint32_t a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7];
    for (unsigned t = 0; t < 64; t++) {
        uint32_t Sigma1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        uint32_t Ch = (e & f) ^ (~e & g);
        uint32_t T1 = h + Sigma1 + Ch + K[t] + W[t];
        uint32_t Sigma0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        uint32_t Maj = (a & b) ^ (a & c) ^ (b & c);
        uint32_t T2 = Sigma0 + Maj;
        h = g, g = f, f = e, e = d + T1;
        d = c, c = b, b = a, a = T1 + T2;
    }
    H[0] += a, H[1] += b, H[2] += c, H[3] += d;
    H[4] += e, H[5] += f, H[6] += g, H[7] += h;
}

void sha256_begin(struct sha256 *hash)
{
    /* The same of the square roots of the first 8 primes (5.3.3). */
    static const uint32_t first[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    memcpy(hash->state, first, sizeof first);
    hash->bytes = 0;
}

void sha256_add(struct sha256 *hash, const void *data, size_t size)
{
    const unsigned char *from = data;
    size_t held = (size_t)(hash->bytes % SHA256_BLOCK);
    hash->bytes += size;
    if (held > 0) {
        size_t part = SHA256_BLOCK - held < size ? SHA256_BLOCK - held : size;
        memcpy(hash->block + held, from, part);
        from += part;
        size -= part;
        if (held + part < SHA256_BLOCK)
            return;
        compress(hash->state, hash->block);
    }
    for (; size >= SHA256_BLOCK; from += SHA256_BLOCK, size -= SHA256_BLOCK)
        compress(hash->state, from);
    if (size > 0)
        memcpy(hash->block, from, size);
}

void sha256_end(struct sha256 *hash, unsigned char digest[SHA256_BYTES])
{
    /* A one bit, zeros up to the last 8 bytes of a block, the length in bits (5.1.1). */
    static const unsigned char padding[SHA256_BLOCK] = {0x80};
    uint64_t bits = hash->bytes * 8;
    size_t held = (size_t)(hash->bytes % SHA256_BLOCK);
    unsigned char length[8];
    store_big_endian(length, bits, sizeof length);
    sha256_add(hash, padding, (held < 56 ? 56 : 120) - held);
    sha256_add(hash, length, sizeof length);
    for (unsigned i = 0; i < 8; i++)
        store_big_endian(digest + 4 * i, hash->state[i], 4);
}

static int digest_is(const char *text, unsigned times, const char *expected)
{
    static const char digits[] = "0123456789abcdef";
    struct sha256 hash;
    unsigned char digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1] = "";
    sha256_begin(&hash);
    for (unsigned i = 0; i < times; i++)
        sha256_add(&hash, text, strlen(text));
    sha256_end(&hash, digest);
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    return strcmp(hex, expected) == 0;
}

int sha256_self_test(void)
{
    static const struct {
        const char *text;
        unsigned times;
        const char *digest;
    } known[] = {
        {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    int right = 1;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        right = right && digest_is(known[i].text, known[i].times, known[i].digest);
    return right;
}
