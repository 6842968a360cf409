/* A directory walk for trees of any depth: on the heap, relative to open directories. */
#define _POSIX_C_SOURCE 200809L
#include "walk.h"

#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The innermost OPEN_LEVELS directories stay open; the others are found again through "..". */
enum { OPEN_LEVELS = 16 };

struct text {
    char *bytes;
    size_t size, room;
};

struct level {
    struct text names;  /* of the directories still to visit, each with its NUL */
    size_t next;        /* where the next of them begins */
    size_t path_size;   /* of this directory's own path */
    dev_t device;
    ino_t inode;
    int fd;             /* -1: closed for now */
};

struct state {
    struct walk *walk;
    struct text path;
    struct level *levels;
    size_t depth, room;
};

static void append(struct text *text, const char *bytes, size_t size)
{
    if (text->room - text->size < size) {
        text->room = 2 * text->room + size;
        text->bytes = realloc(text->bytes, text->room);
        CHECK(text->bytes != NULL);
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

/* Makes the path that of an entry of the directory whose path has path_size bytes. */
static void set_path(struct state *s, size_t path_size, const char *name)
{
    s->path.size = path_size;
    if (path_size > 0 && s->path.bytes[path_size - 1] != '/')
        append(&s->path, "/", 1);
    append(&s->path, name, strlen(name) + 1);
}

static void complain(struct state *s, int error)
{
    s->walk->complain(s->walk->arg, s->path.bytes, error);
}

static int skipped(const struct walk *walk, const char *name)
{
    for (size_t i = 0; i < walk->skips; i++)
        if (strcmp(walk->skip[i], name) == 0)
            return 1;
    return 0;
}

static int visit_file(struct state *s, int dir, const char *name)
{
    struct stat now;
    /* Should a pipe have taken the file's place meanwhile, O_NONBLOCK keeps open from waiting. */
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        complain(s, errno);
        return 0;
    }
    if (fstat(fd, &now) != 0 || !S_ISREG(now.st_mode)) {
        complain(s, ESTALE);
        CHECK(close(fd) == 0);
        return 0;
    }
    return s->walk->file(s->walk->arg, s->path.bytes, fd);
}

static int visit_entry(struct state *s, struct level *level, const char *name)
{
    struct stat about;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 0;
    if (skipped(s->walk, name)) {
        s->walk->skipped++;
        return 0;
    }
    set_path(s, level->path_size, name);
    if (fstatat(level->fd, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        complain(s, errno);
    else if (S_ISREG(about.st_mode))
        return visit_file(s, level->fd, name);
    else if (S_ISDIR(about.st_mode))
        append(&level->names, name, strlen(name) + 1);
    else if (S_ISLNK(about.st_mode))
        s->walk->links++;
    else
        s->walk->specials++;
    return 0;
}

/* Visits the files of a directory and notes its subdirectories. */
static int read_level(struct state *s, struct level *level)
{
    int stop = 0, error = 0, copy = fcntl(level->fd, F_DUPFD_CLOEXEC, 0);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    if (stream == NULL) {
        complain(s, errno);
        if (copy >= 0)
            CHECK(close(copy) == 0);
        return 0;
    }
    while (!stop) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            error = errno;
            break;
        }
        stop = visit_entry(s, level, entry->d_name);
    }
    CHECK(closedir(stream) == 0);
    if (error != 0) {
        s->path.size = level->path_size;
        append(&s->path, "", 1);
        complain(s, error);
    }
    return stop;
}

/* Goes down into the directory that fd is open on, whose path is the current one. */
static int push(struct state *s, int fd)
{
    struct stat about;
    CHECK(fstat(fd, &about) == 0);
    if (s->depth == s->room) {
        s->room = 2 * s->room + 16;
        s->levels = realloc(s->levels, s->room * sizeof *s->levels);
        CHECK(s->levels != NULL);
    }
    if (s->depth >= OPEN_LEVELS) {
        struct level *far = &s->levels[s->depth - OPEN_LEVELS];
        if (far->fd >= 0)
            CHECK(close(far->fd) == 0);
        far->fd = -1;
    }
    struct level *level = &s->levels[s->depth++];
    *level = (struct level){.path_size = s->path.size - 1, .device = about.st_dev,
                            .inode = about.st_ino, .fd = fd};
    return read_level(s, level);
}

/* Leaves the innermost directory. Its parent, if closed, is opened again; 0 if that fails. */
static int pop(struct state *s)
{
    struct level *level = &s->levels[--s->depth];
    struct level *parent = s->depth > 0 ? level - 1 : NULL;
    int found = 1;
    if (parent != NULL && parent->fd < 0) {
        struct stat about;
        parent->fd = openat(level->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        found = parent->fd >= 0 && fstat(parent->fd, &about) == 0 &&
                about.st_dev == parent->device && about.st_ino == parent->inode;
    }
    CHECK(close(level->fd) == 0);
    free(level->names.bytes);
    return found;
}

static int descend(struct state *s)
{
    int stop = 0;
    while (s->depth > 0 && !stop) {
        struct level *level = &s->levels[s->depth - 1];
        if (level->next == level->names.size) {
            if (!pop(s)) {
                /* Somebody moved the tree under our feet: what is left cannot be reached. */
                complain(s, ESTALE);
                break;
            }
            continue;
        }
        const char *name = level->names.bytes + level->next;
        level->next += strlen(name) + 1;
        set_path(s, level->path_size, name);
        int fd = openat(level->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            complain(s, errno);
        else
            stop = push(s, fd);
    }
    return stop;
}

int walk(struct walk *walk, const char *dir)
{
    struct state s = {.walk = walk};
    int stop = 0;
    append(&s.path, dir, strlen(dir) + 1);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        complain(&s, errno);
        stop = -1;
    } else {
        stop = push(&s, fd);
        if (!stop)
            stop = descend(&s);
    }
    while (s.depth > 0) {
        struct level *level = &s.levels[--s.depth];
        if (level->fd >= 0)
            CHECK(close(level->fd) == 0);
        free(level->names.bytes);
    }
    free(s.levels);
    free(s.path.bytes);
    return stop;
}
