/* Visits every regular file below a directory. */
#ifndef WALK_H
#define WALK_H

#include <stddef.h>
#include <stdint.h>

struct walk {
    /* Every entry with one of these names is left out, whatever it is. */
    char *const *skip;
    size_t skips;
    /* Gets an open descriptor, which is then its own; non-zero ends the walk. */
    int (*file)(void *arg, const char *path, int fd);
    /* Hears of whatever could not be read; the walk goes on. */
    void (*complain)(void *arg, const char *path, int error);
    void *arg;
    /* Counted here. Links and special files (pipes, sockets, devices) are never opened. */
    uint64_t links, specials, skipped;
};

/*
 * Walks dir; 0, or what file() returned to end it, or -1 if dir itself cannot be opened. Needs no
 * recursion, few descriptors at any depth, and no path shorter than PATH_MAX.
 */
int walk(struct walk *walk, const char *dir);

#endif
