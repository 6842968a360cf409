/* The format is that of GNU coreutils, which "sha256sum -c" reads back. */
#include "sumline.h"

#include "check.h"

void sumline_hex(const unsigned char digest[SHA256_BYTES], char hex[SUMLINE_HEX + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[SUMLINE_HEX] = '\0';
}

char *sumline_path(const char *path)
{
    char *escaped = malloc(2 * strlen(path) + 1), *to = escaped;
    CHECK(escaped != NULL);
    for (; *path != '\0'; path++) {
        char letter = *path == '\\' ? '\\' : *path == '\n' ? 'n' : *path == '\r' ? 'r' : '\0';
        if (letter != '\0')
            *to++ = '\\';
        *to++ = letter != '\0' ? letter : *path;
    }
    *to = '\0';
    return escaped;
}

char *sumline(const unsigned char digest[SHA256_BYTES], const char *path)
{
    char hex[SUMLINE_HEX + 1];
    char *name = sumline_path(path);
    size_t room = SUMLINE_HEX + strlen(name) + 5;
    char *line = malloc(room);
    CHECK(line != NULL);
    sumline_hex(digest, hex);
    int size = snprintf(line, room, "%s%s  %s\n", strcmp(name, path) != 0 ? "\\" : "", hex, name);
    CHECK(size > 0 && (size_t)size < room);
    free(name);
    return line;
}
