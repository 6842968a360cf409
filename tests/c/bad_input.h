/* The bad-input table: what a cell is. tests/bad_input.rs says which cells there must be. bad_input_place.c makes
 * the place from which a cell is tried, and checks the result; bad_input.c and bad_input_structs.c have the cells. */
#ifndef JOBRING_TEST_BAD_INPUT_H
#define JOBRING_TEST_BAD_INPUT_H

#include "check.h"
#include "jobring_ext.h"
#include "jobring_port.h"
#include "jobring_processes.h"

#include <stdatomic.h>
#include <string.h>

/* From where a call is made. */
enum where { OUTSIDE, SHUT, JOB, OTHER, DONE, DROP, CANCEL, START, STOP, PLACES };

/* A structure that begins with its size, and room for the largest that a caller can say it is. */
#define SIZED(type)                                                                                 \
    union {                                                                                         \
        type known;                                                                                 \
        unsigned char bytes[4104];                                                                  \
    }
typedef SIZED(jobring_config) sized_config;
typedef SIZED(jobring_submit_options) sized_options;
typedef SIZED(jobring_wait_options) sized_wait_options;
typedef SIZED(jobring_parallel_for_options) sized_loop_options;
typedef SIZED(jobring_outcome) sized_outcome;
typedef SIZED(jobring_port) sized_port;
typedef SIZED(jobring_info) sized_info;
typedef SIZED(jobring_stats) sized_stats;
typedef SIZED(jobring_worker) sized_worker;
typedef SIZED(jobring_processes_config) sized_process_config;
typedef SIZED(jobring_processes_options) sized_process_options;
typedef SIZED(jobring_processes_stats) sized_process_stats;

/* Everything that a call may write to. */
struct outputs {
    jobring_job job, jobs[2];
    jobring_pool *pool;
    jobring_completions *completions;
    jobring_queue *queue;
    jobring_lane lane;
    jobring_processes *processes;
    int fd, item;
    void *result;
    const char *field;
    size_t size, align, accepted, bytes, used, taken, found, len, capacity;
    int64_t now;
    uint64_t ran;
    uint32_t index, cpus, state, states[2], pending;
    int32_t stopped;
    char buffer[64];
    sized_config config;
    jobring_report report;
    sized_info info;
    sized_stats stats;
    sized_worker worker;
    sized_outcome outcome;
    sized_process_stats process_stats;
};

/* The parameters of all functions. Where an input and an output of different functions have one name in the header, the
 * output is called _out here; each `size` says of what. */
struct args {
    jobring_pool *pool, **pool_out;
    jobring_completions *completions, **completions_out;
    jobring_queue *queue, **queue_out;
    jobring_lane *lane, *lane_out;
    jobring_processes *processes, **processes_out;
    int *fd;
    const jobring_config *config;
    const jobring_submit_options *options;
    const jobring_wait_options *wait_options;
    const jobring_parallel_for_options *loop_options;
    const jobring_batch_item *items;
    const jobring_processes_config *process_config;
    const jobring_processes_options *process_options;
    const jobring_process_fn *process_fns;
    const void *data;
    jobring_fn fn;
    jobring_body_fn body;
    void *ctx, *arg, *item, *memory, *structure, **result;
    const char *text;
    jobring_job job, *job_out, *jobs;
    int64_t timeout_ns;
    const jobring_job *handles;
    int64_t *now;
    uint32_t mode, index, limit, until, workers, width, process_function, function_count, *index_out, *cpus, *state, *states, *pending;
    int32_t code, *stopped;
    jobring_status status;
    size_t structure_size, memory_size, count, grain, capacity, item_size, data_size;
    const char **field;
    size_t *size_out, *align, *accepted, *bytes, *used, *taken, *found, *len, *capacity_out;
    uint64_t *ran;
    jobring_report *report;
    jobring_info *info;
    jobring_stats *stats;
    jobring_worker *worker;
    jobring_processes_stats *process_stats;
    jobring_outcome *outcome;
    jobring_interrupt *interrupt;
    jobring_interrupt_scope *scope;
    jobring_watched *watched;
    jobring_done_node *node;
    /* What the pointers to inputs point to unless a cell changes them. */
    sized_config given_config;
    sized_options given_options;
    sized_wait_options given_wait_options;
    sized_loop_options given_loop_options;
    sized_port given_port;
    jobring_batch_item given_items[2];
    sized_process_config given_process_config;
    sized_process_options given_process_options;
    jobring_process_limit given_limits[17];
    jobring_process_fn given_functions[3];
    jobring_interrupt given_interrupt;
    jobring_interrupt_scope given_scope;
    jobring_watched given_watched;
    jobring_done_node given_node;
    char room_behind_items;
    jobring_job given_handles[2];
    char room_behind_handles;
    struct outputs out;
};

struct function {
    const char *name;
    jobring_status (*call)(struct args *);
    /* Where it makes sense to call it with one thing wrong: OUTSIDE or in a JOB. */
    enum where home;
    /* Is there a pool among its parameters? */
    int on_pool;
    /* What it returns with good arguments, from everywhere. */
    jobring_status expected[PLACES];
};

/* For calls on pools of processes, such a pool with a job that has ended (untaken).
 *
 * A pool with a job that has finished (submitted by copy, untaken), and one that failed (untaken). One of its two completion queues is
 * empty; the other has a job that has finished (submitted by copy). And a queue of items, half full, and a
 * lane without jobs. */
struct place {
    enum where where;
    jobring_pool *pool;
    jobring_job held, failed;
    jobring_completions *queue, *empty_queue;
    jobring_queue *items;
    unsigned char items_memory[JOBRING_QUEUE_BYTES(4, sizeof(int))];
    jobring_lane lane;
    jobring_processes *processes;
    jobring_job processed;
    /* For the hooks: that it is time for the call, and that it was made. */
    atomic_int in_hook, hook_done;
};

struct cell {
    const struct function *function;
    const char *parameter, *kind;
    struct place place;
    struct args args;
    struct outputs before;
    jobring_status expected;
    /* Is the call to be about the very job, or the job of the very callback, that makes it? */
    int own;
};

/* The one that is being tried. */
extern struct cell cell;
/* Makes a place and good arguments; returns them, for the caller to spoil one. */
struct args *begin(const struct function *function, enum where where, const char *parameter, const char *kind);
/* Makes the call, and ends the program unless it does what it should: the status, and nothing changed after a failure.
 * May be repeated. */
void judge(jobring_status expected);
/* The pool still works; ends it; prints the cell's line. */
void end(void);

#define CELL_THEN(f, what, of_kind, status, spoil, then)                                            \
    do {                                                                                            \
        struct args *const a = begin((f), (f)->home, (what), (of_kind));                     \
        spoil;                                                                                      \
        judge(status);                                                                     \
        then;                                                                                       \
        (void)a;                                                                                    \
        end();                                                                                 \
    } while (0)
#define CELL(f, what, of_kind, status, spoil) CELL_THEN(f, what, of_kind, status, spoil, (void)0)
/* The same pointer, but one byte further; what an input points to moves along, so that nothing else is wrong. */
#define ODD(field) (a->field = (void *)((char *)(uintptr_t)a->field + 1))
#define ODD_INPUT(field) (memmove((char *)(uintptr_t)a->field + 1, a->field, sizeof *a->field), ODD(field))

/* The size that a structure says it has, and what lies behind what the library knows of it. `at` is the structure as
 * the function reads it, a SIZED(); `tail` what a larger one returns if its tail is not zero. */
#define SIZES(f, what, at, tail) SIZES_OF(f, what, at, JOBRING_OK, tail, (void)0)
/* As SIZES, of one that is not OK however right it is. */
#define SIZES_OF(f, what, at, right, tail, first)                                                   \
    SIZES_FROM(f, what, at, sizeof(((struct args *)0)->at.known), right, tail, first)
/* The same, of one that has grown: LEAST is the size that was published first. */
#define SIZES_FROM(f, what, at, LEAST, right, tail, first)                                          \
    do {                                                                                            \
        enum { WHOLE = sizeof(((struct args *)0)->at.known), MOST = 4096 };                         \
        CELL(f, what, "size-zero", JOBRING_E_INVALID, first; a->at.known.size = 0);                                      \
        CELL(f, what, "size-small", JOBRING_E_INVALID, first; a->at.known.size = LEAST - 1);                             \
        CELL(f, what, "size-4097", JOBRING_E_INVALID, first; a->at.known.size = MOST + 1; clear(a->at.bytes, WHOLE, MOST + 1)); \
        CELL(f, what, "tail-zero", right, first; a->at.known.size = MOST; clear(a->at.bytes, WHOLE, MOST));  \
        CELL_THEN(f, what, "tail-nonzero", tail, first; a->at.known.size = WHOLE + 16;                     \
                  clear(a->at.bytes, WHOLE, WHOLE + 15); a->at.bytes[WHOLE + 15] = 1,               \
                  CHECK(cell.expected != JOBRING_OK || a->at.bytes[WHOLE + 15] == 0));                              \
    } while (0)

/* The row of a function; F(wait). */
const struct function *find(const char *name);
#define F(name) find("jobring_" #name)

/* In the places. */
extern int number;
extern unsigned char memory[1 << 20], zeroed[4096];
jobring_pool *destroyed_pool(void);
/* The bytes of a living pool where it does not live; at an odd address, with the mark that a pool there would have. */
jobring_pool *moved_pool(const jobring_pool *pool);
jobring_pool *odd_pool(const jobring_pool *pool);
/* The same of a completion queue, and of a queue of items. */
jobring_completions *destroyed_queue(struct place *place);
jobring_completions *moved_queue(const jobring_completions *queue);
jobring_completions *odd_queue(const jobring_completions *queue);
jobring_queue *moved_items(const jobring_queue *queue);
jobring_queue *odd_items(const jobring_queue *queue);
/* The same of a lane. */
jobring_lane *moved_lane(const jobring_lane *lane);
jobring_lane *odd_lane(const jobring_lane *lane);
jobring_lane *closed_lane(struct place *place);
jobring_job stale_job(struct place *place);
jobring_job reused_job(struct place *place);
jobring_job foreign_job(struct place *place);
void others_made(void);
void others_ended(void);
int all_are(const void *at, size_t from, size_t to, int value);
void clear(unsigned char *bytes, size_t from, size_t to);

/* bad_input_processes.c */
extern const jobring_process_fn process_functions[3];
int has_processes(void);
int is_about_processes(const struct function *function);
void processes_made(struct place *place);
/* How many jobs a pool of processes has accepted. */
uint64_t jobs_of(jobring_processes *pool);
void processes_work(struct place *place, int is_open);
void processes(void);

/* bad_input.c: a handle that differs from a good one in a single bit. */
void invented(const struct function *function);
/* bad_input_structs.c */
void structs(void);

#endif
