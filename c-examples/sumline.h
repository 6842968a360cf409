/* Lines in the format of sha256sum, with its escapes for odd names. */
#ifndef SUMLINE_H
#define SUMLINE_H

#include "sha256.h"

enum { SUMLINE_HEX = 2 * SHA256_BYTES };

/* The digest in lower-case hexadecimal, with a NUL. */
void sumline_hex(const unsigned char digest[SHA256_BYTES], char hex[SUMLINE_HEX + 1]);

/* The path with backslash, newline and carriage return escaped, on the heap. */
char *sumline_path(const char *path);

/* "<digest>  <path>" and a newline, on the heap; after a backslash if the path has escapes. */
char *sumline(const unsigned char digest[SHA256_BYTES], const char *path);

#endif
