/* Every hand-over of plain data through the C API under load: if a happens-before edge is missing, there is a data
 * race, which ThreadSanitizer reports.
 *
 *     stress [--weaken SITE] [--inside submit | --outside submit] [SCENE ROUNDS]...
 *
 * With --weaken the ordering of one site is Relaxed (src/sync/weaken.rs), inside of calls that submit, outside of
 * them, or everywhere. Without a scene all of them run. */
#define _GNU_SOURCE
#include "stress.h"

#include <unistd.h>

enum { WORKERS = 16 };
static const unsigned A_HANG = 240;

/* ThreadSanitizer is to know of no access here. */
#define UNSEEN __attribute__((no_sanitize("thread")))

static enum { EVERYWHERE, INSIDE, OUTSIDE } where;
static int weakened = -1;
static _Thread_local unsigned submitting, dice;

/* Not there in the archive that `make tsan` builds. */
__attribute__((weak)) int32_t jobring_tsan_site(const char *name);
_Bool jobring_tsan_weakens(uint32_t site);

/* Called by the library at each of its sites. Now and then it lets others run, which widens the windows. */
UNSEEN _Bool jobring_tsan_weakens(uint32_t site) {
    dice = dice * 1664525u + 1013904223u;
    if (dice >> 22 == 0) sched_yield();
    return (int)site == weakened && (where == EVERYWHERE || (submitting > 0) == (where == INSIDE));
}

/* Under gcc's ThreadSanitizer the intercepted functions serve; LLVM calls them by these names. */
void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size);
void *__tsan_memset(void *at, int byte, size_t size);
void *__tsan_memcpy(void *to, const void *from, size_t size) { return memcpy(to, from, size); }
void *__tsan_memmove(void *to, const void *from, size_t size) { return memmove(to, from, size); }
void *__tsan_memset(void *at, int byte, size_t size) { return memset(at, byte, size); }

/* Rust's frames do not unwind, but pthread_exit() passes through those outside of a job: _URC_CONTINUE_UNWIND. */
int rust_eh_personality(void);
int rust_eh_personality(void) { return 8; }

void submit_begins(void) { submitting++; }

jobring_status submit_ends(jobring_status status) {
    submitting--;
    return status;
}

unsigned any(unsigned below) {
    if (dice == 0) dice = (unsigned)(uintptr_t)&dice;
    dice = dice * 1664525u + 1013904223u;
    return (dice >> 16) % below;
}

void pass(void) { sched_yield(); }

struct cell *cells_of(size_t count) {
    struct cell *cells = calloc(count, sizeof *cells);
    CHECK(cells != NULL);
    for (size_t n = 0; n < count; n++) cells[n].in = (long)n;
    return cells;
}

void settled(const struct cell *cell) {
    CHECK(cell->ran + cell->dropped == 1 && cell->notified == 1 && cell->untaken <= cell->ran);
    if (cell->ran) worked(cell);
}

static long result_of(long in) { return 3 * in + 1; }

void *work(void *arg) {
    struct cell *cell = arg;
    cell->ran++;
    if (any(8) == 0) pass();
    cell->out = result_of(cell->in);
    return cell;
}

void *fail(void *arg) {
    work(arg);
    OK(jobring_fail((int32_t)((struct cell *)arg)->in, "as it is meant to"));
    return NULL;
}

void worked(const struct cell *cell) { CHECK(cell->ran == 1 && cell->out == result_of(cell->in)); }

void on_drop(void *arg, jobring_status why) {
    struct cell *cell = arg;
    if (why == JOBRING_E_UNTAKEN) {
        worked(cell);
        cell->untaken++;
    } else {
        CHECK(cell->ran == 0 && cell->in >= 0);
        cell->dropped++;
    }
}

void on_done(void *arg, const jobring_outcome *outcome) {
    struct cell *cell = arg;
    CHECK(outcome->result == NULL || (outcome->status == JOBRING_OK && outcome->result == cell));
    cell->notified++;
}

/* Written by hooks, read once the workers are joined. Pools may live at the same time: each has its own. */
struct hooked {
    unsigned started[WORKERS], stopped[WORKERS];
};
static struct hooked hooked;

static jobring_status on_start(void *arg, uint32_t worker) {
    ((struct hooked *)arg)->started[worker]++;
    return JOBRING_OK;
}
static void on_stop(void *arg, uint32_t worker) {
    struct hooked *seen = arg;
    CHECK(++seen->stopped[worker] == seen->started[worker]);
}

jobring_pool *pool_of(uint32_t workers, uint32_t capacity) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    memset(&hooked, 0, sizeof hooked);
    config.workers = workers ? workers : JOBRING_WORKERS_NONE;
    config.capacity = capacity;
    config.payload = 64;
    config.on_start = on_start;
    config.on_stop = on_stop;
    config.hook_arg = &hooked;
    OK(jobring_create(&config, &pool));
    return pool;
}

void end(jobring_pool *pool) {
    OK(jobring_destroy(pool));
    for (unsigned n = 0; n < WORKERS; n++) CHECK(hooked.started[n] == hooked.stopped[n]);
}

struct member {
    void (*body)(void *, unsigned);
    void *shared;
    unsigned n;
};

static void *member(void *arg) {
    struct member *me = arg;
    me->body(me->shared, me->n);
    return NULL;
}

void together(unsigned threads, void (*body)(void *, unsigned), void *shared) {
    struct member members[8];
    pthread_t thread[8];
    CHECK(threads <= 8);
    for (unsigned n = 0; n < threads; n++) {
        members[n] = (struct member){body, shared, n};
        thread[n] = begin(member, &members[n]);
    }
    for (unsigned n = 0; n < threads; n++) join(thread[n]);
}

static const struct scene {
    const char *name;
    void (*run)(unsigned rounds);
    unsigned rounds;
} SCENES[] = {
    {"results", results, 6000},
    {"full", full, 3000},
    {"exchange", exchange, 8000},
    {"failures", failures, 8000},
    {"nested", nested, 3000},
    {"stop_requests", stop_requests, 3000},
    {"batches", batches, 1500},
    {"driven", driven, 3000},
    {"exits", exits, 150},
    {"shutdowns", shutdowns, 600},
    {"helped_destroy", helped_destroy, 400},
    {"entered_destroy", entered_destroy, 400},
    {"submitting_destroy", submitting_destroy, 200},
    {"queues", queues, 8000},
    {"event_loop", event_loop, 8000},
    {"queue_reuse", queue_reuse, 500},
    {"queue_destroy", queue_destroy, 400},
    {"queue_drains", queue_drains, 300},
    {"watches", watches, 4000},
    {"interrupts", interrupts, 4000},
    {"idle_waits", idle_waits, 4000},
    {"first_of_several", first_of_several, 2000},
    {"cancels", cancels, 8000},
    {"lanes", lanes, 8000},
    {"lane_closes", lane_closes, 3000},
    {"crowds", crowds, 8000},
    {"resized_destroy", resized_destroy, 300},
};
enum { SCENE_COUNT = sizeof SCENES / sizeof *SCENES };

static void play(const struct scene *scene, unsigned rounds) {
    scene->run(rounds);
    printf("%s: %u rounds\n", scene->name, rounds);
    fflush(stdout);
}

int main(int count, char **words) {
    int played = 0;
    alarm(A_HANG);
    for (int n = 1; n + 1 < count; n += 2) {
        if (strcmp(words[n], "--weaken") == 0) {
            CHECK(jobring_tsan_site != NULL);
            weakened = jobring_tsan_site(words[n + 1]);
            CHECK(weakened >= 0);
        } else if (strcmp(words[n], "--inside") == 0) {
            where = INSIDE;
        } else if (strcmp(words[n], "--outside") == 0) {
            where = OUTSIDE;
        } else {
            const struct scene *scene = SCENES;
            while (scene < SCENES + SCENE_COUNT && strcmp(scene->name, words[n]) != 0) scene++;
            CHECK(scene < SCENES + SCENE_COUNT);
            play(scene, (unsigned)atoi(words[n + 1]));
            played = 1;
        }
    }
    for (int n = 0; !played && n < SCENE_COUNT; n++) play(&SCENES[n], SCENES[n].rounds);
    return 0;
}
