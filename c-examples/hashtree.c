/* Shows handles, bounded submitting and a clean Ctrl-C: SHA-256 of every file below a directory. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "sha256.h"
#include "sumline.h"
#include "walk.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

/* CAPACITY: the most files that are open, queued or hashed at a time, however large the tree. */
enum { CAPACITY = 64, READ_BYTES = 64 * 1024, PROGRESS_EVERY = 64, INTERRUPTED = 130 };

struct file {
    jobring_job job;
    int fd;     /* closed by the job, or by discard_file if the job does not run */
    int error;  /* an errno; ECANCELED after Ctrl-C */
    uint64_t bytes;
    unsigned char digest[SHA256_BYTES];
    char path[];
};

struct tree {
    const char *dir;
    uint32_t workers;
    int quiet, check, progress;
    size_t interrupt_after;
    jobring_pool *pool;
    struct file **files;  /* as submitted; the results of the first `taken` are in */
    size_t count, room, taken;
    size_t hashed, failed, interrupted, discarded, complaints, different, seen_again;
    uint64_t bytes;
};

/* Set by the signal handler, read by the walk and by every running job. */
static atomic_int stop;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&stop, 1);
}

static void on_late_signal(int number)
{
    (void)number;
    _exit(INTERRUPTED);
}

static void handle_signals(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    CHECK(sigemptyset(&action.sa_mask) == 0);
    CHECK(sigaction(SIGINT, &action, NULL) == 0);
    CHECK(sigaction(SIGTERM, &action, NULL) == 0);
}

static void clear_progress(const struct tree *tree)
{
    if (tree->progress)
        CHECK(fputs("\r\033[K", stderr) >= 0);
}

static void report(struct tree *tree, const char *path, const char *what)
{
    char *name = sumline_path(path);
    clear_progress(tree);
    CHECK(fprintf(stderr, "hashtree: %s: %s\n", name, what) >= 0);
    free(name);
}

static void complain(void *arg, const char *path, int error)
{
    struct tree *tree = arg;
    tree->complaints++;
    report(tree, path, strerror(error));
}

/* The digest of what fd still has to give, and its size; an errno if that failed. */
static int hash_fd(int fd, unsigned char digest[SHA256_BYTES], uint64_t *bytes)
{
    unsigned char buffer[READ_BYTES];
    struct sha256 hash;
    sha256_begin(&hash);
    while (!atomic_load(&stop)) {
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got > 0) {
            sha256_add(&hash, buffer, (size_t)got);
        } else if (got == 0) {
            *bytes = hash.bytes;
            sha256_end(&hash, digest);
            return 0;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return ECANCELED;
}

static void close_file(struct file *file)
{
    CHECK(close(file->fd) == 0);
    file->fd = -1;
}

/* The job. */
static void *hash_file(void *arg)
{
    struct file *file = arg;
    file->error = hash_fd(file->fd, file->digest, &file->bytes);
    close_file(file);
    return file;
}

/* Called instead of the job when the job never runs: the file is the job's no more. */
static void discard_file(void *arg, jobring_status why)
{
    CHECK(why != JOBRING_E_UNTAKEN);  /* nobody takes a result after that */
    close_file(arg);
}

static void show_progress(const struct tree *tree)
{
    if (tree->progress && tree->taken % PROGRESS_EVERY == 0)
        CHECK(fprintf(stderr, "\r%zu files, %llu MiB", tree->taken,
                      (unsigned long long)(tree->bytes >> 20)) >= 0);
}

static void take_oldest(struct tree *tree)
{
    struct file *file = tree->files[tree->taken++];
    void *result = NULL;
    jobring_status waited = jobring_wait(tree->pool, file->job, JOBRING_FOREVER, &result);
    if (waited == JOBRING_E_SHUTDOWN) {
        CHECK(atomic_load(&stop));
        file->error = ECANCELED;
        tree->discarded++;
    } else {
        TRY(waited);
        CHECK(result == file);
        if (file->error == ECANCELED) {
            tree->interrupted++;
        } else if (file->error != 0) {
            tree->failed++;
            complain(tree, file->path, file->error);
        } else {
            tree->hashed++;
            tree->bytes += file->bytes;
        }
    }
    CHECK(file->fd == -1);
    show_progress(tree);
}

static int submit_file(void *arg, const char *path, int fd)
{
    static const jobring_submit_options options = {
        .size = (uint32_t)sizeof(jobring_submit_options), .drop = discard_file,
    };
    struct tree *tree = arg;
    if (tree->count == tree->interrupt_after)
        CHECK(raise(SIGINT) == 0);
    if (atomic_load(&stop)) {
        CHECK(close(fd) == 0);
        return 1;
    }

    struct file *file = calloc(1, sizeof *file + strlen(path) + 1);
    CHECK(file != NULL);
    file->fd = fd;
    memcpy(file->path, path, strlen(path) + 1);
    if (tree->count == tree->room) {
        tree->room = 2 * tree->room + CAPACITY;
        tree->files = realloc(tree->files, tree->room * sizeof *tree->files);
        CHECK(tree->files != NULL);
    }

    /* A finished job keeps its place until its result is taken: one place has to become free. */
    if (tree->count - tree->taken == CAPACITY)
        take_oldest(tree);
    TRY(jobring_submit_opts(tree->pool, hash_file, file, &options, &file->job));
    tree->files[tree->count++] = file;
    return 0;
}

/* Hashes the tree on the pool, which is gone with its threads at the end; 0 if there is no tree. */
static int hash_tree(struct tree *tree, struct walk *walker)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    config.workers = tree->workers;
    config.capacity = CAPACITY;
    config.name = "hashtree";
    TRY(jobring_create(&config, &tree->pool));
    int begun = walk(walker, tree->dir) >= 0;
    if (atomic_load(&stop))
        TRY(jobring_shutdown(tree->pool, JOBRING_DISCARD, JOBRING_FOREVER, NULL));
    while (tree->taken < tree->count)
        take_oldest(tree);
    TRY(jobring_destroy(tree->pool));
    tree->pool = NULL;
    CHECK(only_thread());
    CHECK(tree->hashed + tree->failed + tree->interrupted + tree->discarded == tree->count);
    clear_progress(tree);
    return begun;
}

static int by_path(const void *a, const void *b)
{
    const struct file *const *left = a, *const *right = b;
    return strcmp((*left)->path, (*right)->path);
}

/* Prints the lines and then their own digest, that of the tree. */
static void print_tree(struct tree *tree)
{
    struct sha256 hash;
    unsigned char digest[SHA256_BYTES];
    char hex[SUMLINE_HEX + 1];
    sha256_begin(&hash);
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->files[i]->error != 0)
            continue;
        char *line = sumline(tree->files[i]->digest, tree->files[i]->path);
        sha256_add(&hash, line, strlen(line));
        if (!tree->quiet)
            CHECK(fputs(line, stdout) >= 0);
        free(line);
    }
    sha256_end(&hash, digest);
    sumline_hex(digest, hex);
    CHECK(fflush(stdout) == 0);
    CHECK(fprintf(tree->quiet ? stdout : stderr, "tree %s\n", hex) >= 0);
    CHECK(fflush(stdout) == 0);
}

/* Hashes one file again, here and now, and compares. */
static int check_file(void *arg, const char *path, int fd)
{
    struct tree *tree = arg;
    unsigned char digest[SHA256_BYTES];
    uint64_t bytes = 0;
    struct file *key = malloc(sizeof *key + strlen(path) + 1);
    CHECK(key != NULL);
    memcpy(key->path, path, strlen(path) + 1);
    struct file **found = bsearch(&key, tree->files, tree->count, sizeof *tree->files, by_path);
    free(key);
    int error = hash_fd(fd, digest, &bytes);
    CHECK(close(fd) == 0);
    tree->seen_again++;
    if (found == NULL || (*found)->error != error ||
        (error == 0 && memcmp((*found)->digest, digest, sizeof digest) != 0)) {
        tree->different++;
        report(tree, path, "differs when hashed again");
    }
    return 0;
}

static void complained_before(void *arg, const char *path, int error)
{
    (void)arg, (void)path, (void)error;
}

/* A second walk, on this thread alone. */
static void check_tree(struct tree *tree, struct walk walker)
{
    walker.file = check_file;
    walker.complain = complained_before;
    CHECK(sha256_self_test());
    CHECK(walk(&walker, tree->dir) == 0);
    if (tree->seen_again != tree->count || tree->different > 0) {
        CHECK(fprintf(stderr, "hashtree: the check failed: %zu files, then %zu, %zu of them "
                      "different\n", tree->count, tree->seen_again, tree->different) >= 0);
        exit(EXIT_FAILURE);
    }
    CHECK(fprintf(stderr, "checked: %zu files hashed again by one thread, all the same\n",
                  tree->seen_again) >= 0);
}

static void free_tree(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        free(tree->files[i]);
    free(tree->files);
}

static _Noreturn void usage(void)
{
    (void)fputs("usage: hashtree [-j WORKERS] [-q] [--check] [--skip NAME]... "
                "[--interrupt-after FILES] DIRECTORY\n", stderr);
    exit(2);
}

static uint32_t number(const char *text)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = text != NULL ? strtoul(text, &end, 10) : 0;
    if (text == NULL || *text < '0' || *text > '9' || *end != '\0' || errno != 0 ||
        value >= UINT32_MAX)
        usage();
    return (uint32_t)value;
}

static void parse(struct tree *tree, struct walk *walker, char **skip, char **arg)
{
    walker->skip = skip;
    for (; *arg != NULL && **arg == '-'; arg++) {
        if (strncmp(*arg, "-j", 2) == 0)
            tree->workers = number((*arg)[2] != '\0' ? *arg + 2 : *++arg);
        else if (strcmp(*arg, "-q") == 0)
            tree->quiet = 1;
        else if (strcmp(*arg, "--check") == 0)
            tree->check = 1;
        else if (strcmp(*arg, "--interrupt-after") == 0)
            tree->interrupt_after = number(*++arg);
        else if (strcmp(*arg, "--skip") == 0 && arg[1] != NULL)
            skip[walker->skips++] = *++arg;
        else
            usage();
    }
    if (arg[0] == NULL || arg[1] != NULL)
        usage();
    tree->dir = arg[0];
}

int main(int argc, char **argv)
{
    struct tree tree = {.interrupt_after = SIZE_MAX, .progress = isatty(STDERR_FILENO)};
    struct walk walker = {.file = submit_file, .complain = complain, .arg = &tree};
    char **skip = calloc((size_t)argc + 1, sizeof *skip);
    CHECK(skip != NULL);
    parse(&tree, &walker, skip, argv + 1);
    handle_signals(on_signal);
    int begun = hash_tree(&tree, &walker);

    /* From here on this thread is alone, and a signal may simply end the program. */
    handle_signals(on_late_signal);
    int status = EXIT_FAILURE;
    if (atomic_load(&stop)) {
        status = INTERRUPTED;
        CHECK(fprintf(stderr, "interrupted: %zu files hashed, %zu given up, %zu discarded; "
                      "no worker is left\n", tree.hashed + tree.failed, tree.interrupted,
                      tree.discarded) >= 0);
    } else if (begun) {
        if (tree.count > 0)
            qsort(tree.files, tree.count, sizeof *tree.files, by_path);
        print_tree(&tree);
        CHECK(fprintf(stderr, "hashed: %zu files, %llu bytes; left out: %llu links, %llu special "
                      "files, %llu skipped; failed: %zu\n", tree.hashed,
                      (unsigned long long)tree.bytes, (unsigned long long)walker.links,
                      (unsigned long long)walker.specials, (unsigned long long)walker.skipped,
                      tree.complaints) >= 0);
        if (tree.check)
            check_tree(&tree, walker);
        status = tree.complaints > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    free_tree(&tree);
    free(skip);
    return status;
}
