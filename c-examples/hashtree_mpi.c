/* Shows one pool on each of several machines: hashtree, shared out over the ranks of MPI. Every rank walks the tree, which all
 * machines see, and hashes its own files on a pool of its own; rank 0 gathers the digests. The output is that of hashtree. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "sha256.h"
#include "sumline.h"
#include "walk.h"

#include <limits.h>
#include <mpi.h>
#include <stdint.h>
#include <unistd.h>

/* CAPACITY: the most files of a rank that are open, queued or hashed at a time. */
enum { CAPACITY = 64, READ_BYTES = 64 * 1024 };

/* Open MPI ends the program at an error, by default. MPICH too. */
#define MPI(call) CHECK((call) == MPI_SUCCESS)

struct file {
    struct file *next;
    int fd, error;
    unsigned char digest[SHA256_BYTES];
    char path[];
};

struct rank {
    int number, of;
    const char *dir;
    jobring_pool *pool;
    struct file *files;
    uint64_t count, failed;
};

/* The job. It does not call MPI: only the thread that began MPI does. */
static void *hash_file(void *arg)
{
    struct file *file = arg;
    unsigned char buffer[READ_BYTES];
    struct sha256 hash;
    ssize_t got = 0;
    sha256_begin(&hash);
    do {
        got = read(file->fd, buffer, sizeof buffer);
        if (got > 0)
            sha256_add(&hash, buffer, (size_t)got);
    } while (got > 0 || (got < 0 && errno == EINTR));
    file->error = got < 0 ? errno : 0;
    sha256_end(&hash, file->digest);
    CHECK(close(file->fd) == 0);
    return NULL;
}

static void complain(void *arg, const char *path, int error)
{
    struct rank *rank = arg;
    rank->failed++;
    CHECK(fprintf(stderr, "hashtree_mpi, rank %d: %s: %s\n", rank->number, path, strerror(error)) >= 0);
}

/* The walks of two ranks may differ in their order, but a path is the same for all. (The hash is FNV-1a.) */
static int is_mine(const struct rank *rank, const char *path)
{
    uint32_t hash = 2166136261u;
    for (; *path != '\0'; path++)
        hash = (hash ^ (unsigned char)*path) * 16777619u;
    return hash % (uint32_t)rank->of == (uint32_t)rank->number;
}

static int visit(void *arg, const char *path, int fd)
{
    struct rank *rank = arg;
    if (!is_mine(rank, path)) {
        CHECK(close(fd) == 0);
        return 0;
    }
    struct file *file = calloc(1, sizeof *file + strlen(path) + 1);
    CHECK(file != NULL);
    file->fd = fd;
    file->next = rank->files;
    memcpy(file->path, path, strlen(path) + 1);
    rank->files = file;
    /* Detached: its slot comes back by itself, and the submit waits while all are taken. */
    TRY(jobring_submit(rank->pool, hash_file, file, NULL));
    return 0;
}

/* Hashes this rank's files. */
static void hash_share(struct rank *rank, struct walk *walker)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    config.capacity = CAPACITY;
    TRY(jobring_create(&config, &rank->pool));
    /* What cannot be read, the tree itself too, was complained of. */
    (void)walk(walker, rank->dir);
    TRY(jobring_wait_idle(rank->pool, JOBRING_FOREVER));
    TRY(jobring_destroy(rank->pool));
}

/* What goes to rank 0: for each file its digest, and its path with the zero. Frees the files. */
static char *packed(struct rank *rank, int *bytes)
{
    size_t size = 0, at = 0;
    for (const struct file *file = rank->files; file != NULL; file = file->next)
        size += SHA256_BYTES + strlen(file->path) + 1;
    CHECK(size <= INT_MAX);
    char *pack = malloc(size + 1);
    CHECK(pack != NULL);
    while (rank->files != NULL) {
        struct file *file = rank->files;
        rank->files = file->next;
        if (file->error != 0) {
            complain(rank, file->path, file->error);
        } else {
            memcpy(pack + at, file->digest, SHA256_BYTES);
            memcpy(pack + at + SHA256_BYTES, file->path, strlen(file->path) + 1);
            at += SHA256_BYTES + strlen(file->path) + 1;
            rank->count++;
        }
        free(file);
    }
    *bytes = (int)at;
    return pack;
}

/* All ranks' packs behind each other, on rank 0; elsewhere NULL. */
static char *gathered(const struct rank *rank, const char *pack, int bytes, size_t *size)
{
    int *sizes = calloc((size_t)rank->of, sizeof *sizes), *places = calloc((size_t)rank->of, sizeof *places);
    char *all = NULL;
    CHECK(sizes != NULL && places != NULL);
    MPI(MPI_Gather(&bytes, 1, MPI_INT, sizes, 1, MPI_INT, 0, MPI_COMM_WORLD));
    if (rank->number == 0) {
        *size = 0;
        for (int i = 0; i < rank->of; i++) {
            places[i] = (int)*size;
            *size += (size_t)sizes[i];
            CHECK(*size <= INT_MAX);
        }
        all = malloc(*size + 1);
        CHECK(all != NULL);
    }
    MPI(MPI_Gatherv(pack, bytes, MPI_CHAR, all, sizes, places, MPI_CHAR, 0, MPI_COMM_WORLD));
    free(sizes);
    free(places);
    return all;
}

static int by_path(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left + SHA256_BYTES, *right + SHA256_BYTES);
}

/* The lines, sorted, and their own digest. */
static void print_tree(const char *all, size_t size, size_t count)
{
    const char **entries = calloc(count + 1, sizeof *entries);
    struct sha256 hash;
    unsigned char digest[SHA256_BYTES];
    char hex[SUMLINE_HEX + 1];
    size_t entry = 0;
    CHECK(entries != NULL);
    for (size_t at = 0; at < size; at += SHA256_BYTES + strlen(all + at + SHA256_BYTES) + 1) {
        CHECK(entry < count);
        entries[entry++] = all + at;
    }
    CHECK(entry == count);
    qsort(entries, count, sizeof *entries, by_path);
    sha256_begin(&hash);
    for (entry = 0; entry < count; entry++) {
        char *line = sumline((const unsigned char *)entries[entry], entries[entry] + SHA256_BYTES);
        sha256_add(&hash, line, strlen(line));
        CHECK(fputs(line, stdout) >= 0);
        free(line);
    }
    sha256_end(&hash, digest);
    sumline_hex(digest, hex);
    CHECK(fflush(stdout) == 0);
    CHECK(fprintf(stderr, "tree %s\n", hex) >= 0);
    free(entries);
}

int main(int argc, char **argv)
{
    struct rank rank = {0};
    struct walk walker = {.file = visit, .complain = complain, .arg = &rank};
    int provided = 0;
    MPI(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided));
    MPI(MPI_Comm_rank(MPI_COMM_WORLD, &rank.number));
    MPI(MPI_Comm_size(MPI_COMM_WORLD, &rank.of));
    CHECK(provided >= MPI_THREAD_FUNNELED);
    char **skip = calloc((size_t)argc + 1, sizeof *skip);
    CHECK(skip != NULL);
    walker.skip = skip;
    for (argv++; argv[0] != NULL && argv[1] != NULL && strcmp(argv[0], "--skip") == 0; argv += 2)
        skip[walker.skips++] = argv[1];
    if (argv[0] == NULL || argv[1] != NULL) {
        (void)fputs("usage: mpirun hashtree_mpi [--skip NAME]... DIRECTORY\n", stderr);
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    rank.dir = argv[0];

    int bytes = 0;
    size_t size = 0;
    hash_share(&rank, &walker);
    char *pack = packed(&rank, &bytes), *all = gathered(&rank, pack, bytes, &size);
    uint64_t mine[3] = {rank.count, rank.failed, rank.count > 0}, total[3];
    MPI(MPI_Allreduce(mine, total, 3, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD));
    if (rank.number == 0) {
        print_tree(all, size, (size_t)total[0]);
        CHECK(fprintf(stderr, "hashed: %llu files by %llu of %d ranks; failed: %llu\n", (unsigned long long)total[0],
                      (unsigned long long)total[2], rank.of, (unsigned long long)total[1]) >= 0);
    }
    free(all);
    free(pack);
    free(skip);
    MPI(MPI_Finalize());
    return total[1] > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
