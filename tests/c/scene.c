/* The calls of scene.h. */
#define _GNU_SOURCE
#include "scene.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void await(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0) CHECK(errno == EINTR);
}

void await_sleep(pid_t thread) {
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    for (;;) {
        int file = open(path, O_RDONLY);
        ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
        CHECK(length > 0 && close(file) == 0);
        text[length] = 0;
        /* The state follows the name, which is in parentheses. */
        const char *name = strrchr(text, ')');
        CHECK(name != NULL);
        if (name[2] == 'S') return;
        sched_yield();
    }
}

const uint32_t *backends(void) {
    static uint32_t found[3];
    const uint64_t features = jobring_features();
    int n = 0;
    if (features & JOBRING_FEATURE_PTHREAD) found[n++] = JOBRING_BACKEND_PTHREAD;
    if (features & JOBRING_FEATURE_STD) found[n++] = JOBRING_BACKEND_STD;
    found[n] = 0;
    return found;
}

static void *identity(void *arg) { return arg; }
static void *failing(void *arg) { return jobring_fail(5, "failed") == JOBRING_OK ? arg : NULL; }

static void *held(void *scene) {
    await(&((struct scene *)scene)->gate);
    return scene;
}

static void *held_by_copy(void *copied) { return held(*(struct scene **)copied); }

enum { ECHO, SLEEP };

static int32_t echo(const void *data, size_t size, void *result, size_t capacity, size_t *length) {
    if (size > capacity) return 1;
    memcpy(result, data, size);
    *length = size;
    return 0;
}

static int32_t sleeps(const void *data, size_t size, void *result, size_t capacity, size_t *length) {
    (void)data, (void)size, (void)result, (void)capacity, (void)length;
    while (pause() != 0)
        ;
    return 0;
}

static const jobring_process_fn process_functions[] = {[ECHO] = echo, [SLEEP] = sleeps};

int is_about_processes(const struct call *call) { return strstr(call->function, "jobring_processes_") == call->function; }
int has_processes(void) { return jobring_processes_take_over(process_functions, 2) == JOBRING_OK; }
int is_left_out(const struct call *call) { return call->hold && is_about_processes(call) && !has_processes(); }

jobring_status supported(jobring_status status, jobring_status expected) {
    if (has_processes()) return status;
    CHECK(status == JOBRING_E_UNSUPPORTED);
    return expected;
}

static jobring_status makes_processes(uint32_t capacity, jobring_processes **pool) {
    jobring_processes_config config = JOBRING_PROCESSES_CONFIG_INIT;
    config.flags = JOBRING_PROCESSES_FD;
    config.workers = 1;
    config.capacity = capacity;
    config.functions = process_functions;
    config.function_count = 2;
    return jobring_processes_create(&config, pool);
}

static jobring_status takes_process(struct scene *scene, jobring_job job) {
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    return job ? jobring_processes_wait(scene->processes, job, JOBRING_FOREVER, &outcome)
               : jobring_processes_take(scene->processes, JOBRING_FOREVER, &outcome);
}

void processes_begin(struct scene *scene, int is_asleep) {
    OK(makes_processes(is_asleep ? 1 : 2, &scene->processes));
    OK(jobring_processes_submit(scene->processes, is_asleep ? SLEEP : ECHO, NULL, 0, NULL, &scene->processed));
    if (is_asleep) return;
    /* The one worker runs one after the other, so that the first has ended. */
    jobring_job last;
    OK(jobring_processes_submit(scene->processes, ECHO, NULL, 0, NULL, &last));
    OK(takes_process(scene, last));
}

void scene_begin(struct scene *scene, const struct call *call, uint32_t backend) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_job failed;
    void *not_taken;
    CHECK(sem_init(&scene->gate, 0, 0) == 0);
    config.backend = backend;
    config.workers = 1;
    config.max_workers = 1;
    config.capacity = 4;
    config.stack_size = 256 * 1024;
    config.flags = JOBRING_FLAG_PAINT_STACKS;
    OK(jobring_queue_init(2, sizeof(int), scene->items_memory, sizeof scene->items_memory, &scene->items));
    OK(jobring_queue_try_push(scene->items, &(int){7}));
    scene->processes = NULL;
    if (is_about_processes(call) && has_processes()) processes_begin(scene, call->hold != NULL);
    if (call->hold) {
        call->hold(scene, &config);
        return;
    }
    OK(jobring_create(&config, &scene->pool));
    OK(jobring_submit(scene->pool, identity, scene, &scene->over));
    OK(submit_copy(scene->pool, identity, &scene, sizeof scene, &scene->copied));
    OK(jobring_lane_init(&scene->lane, scene->pool, 1, 1));
    OK(jobring_completions_create(scene->pool, 0, &scene->queue));
    OK(jobring_completions_create(scene->pool, 0, &scene->empty_queue));
    OK(jobring_completions_fd(scene->empty_queue, &(int){0}));
    OK(jobring_completions_submit(scene->queue, identity, scene, NULL, NULL));
    OK(jobring_submit(scene->pool, failing, scene, &failed));
    /* It has finished when its failure was delivered; so have the others then, and can still be taken. */
    CHECK(jobring_wait(scene->pool, failed, LONG, &not_taken) == JOBRING_E_FAILED);
}

void scene_end(struct scene *scene) {
    OK(jobring_destroy(scene->pool));
    scene->pool = NULL;
    if (scene->processes) OK(jobring_processes_destroy(scene->processes));
    CHECK(sem_destroy(&scene->gate) == 0);
}

/* What calls sleep for: that a job has finished, that a slot is free, that a queue is below its limit, that a pool is shut down. */

static void hold_a_job(struct scene *scene, jobring_config *config) {
    OK(jobring_create(config, &scene->pool));
    OK(jobring_submit(scene->pool, held, scene, &scene->awaited));
}

static void hold_a_job_by_copy(struct scene *scene, jobring_config *config) {
    OK(jobring_create(config, &scene->pool));
    OK(submit_copy(scene->pool, held_by_copy, &scene, sizeof scene, &scene->awaited));
}

static void hold_a_queue(struct scene *scene, jobring_config *config) {
    OK(jobring_create(config, &scene->pool));
    OK(jobring_submit(scene->pool, held, scene, NULL));
    OK(jobring_submit(scene->pool, identity, scene, &scene->awaited));
}

static void hold_the_only_slot(struct scene *scene, jobring_config *config) {
    config->capacity = 1;
    OK(jobring_create(config, &scene->pool));
    OK(jobring_completions_create(scene->pool, 0, &scene->queue));
    OK(jobring_submit(scene->pool, held, scene, NULL));
}

static void hold_a_full_queue(struct scene *scene, jobring_config *config) {
    OK(jobring_create(config, &scene->pool));
    OK(jobring_completions_create(scene->pool, 1, &scene->queue));
    OK(jobring_completions_submit(scene->queue, held, scene, NULL, NULL));
}

static void hold_a_lane(struct scene *scene, jobring_config *config) {
    OK(jobring_create(config, &scene->pool));
    OK(jobring_lane_init(&scene->lane, scene->pool, 1, 1));
    OK(jobring_lane_submit(&scene->lane, held, scene, NULL, NULL));
}

static void hold_a_full_lane(struct scene *scene, jobring_config *config) {
    hold_a_lane(scene, config);
    OK(jobring_lane_submit(&scene->lane, identity, scene, NULL, NULL));
}

static void hold_an_idle_pool(struct scene *scene, jobring_config *config) {
    config->max_workers = 2;
    OK(jobring_create(config, &scene->pool));
}

/* A worker that has left its loop, but whose thread has not ended yet. */
static pthread_key_t lingers;

static void linger(void *scene) { await(&((struct scene *)scene)->gate); }

static void *leaves_a_value(void *scene) {
    CHECK(pthread_setspecific(lingers, scene) == 0);
    return scene;
}

static void hold_a_thread(struct scene *scene, jobring_config *config) {
    if (!lingers) CHECK(pthread_key_create(&lingers, linger) == 0);
    OK(jobring_create(config, &scene->pool));
    OK(jobring_submit(scene->pool, leaves_a_value, scene, NULL));
}

static void hold_a_worker(struct scene *scene, jobring_config *config) { OK(jobring_create(config, &scene->pool)); }

static void hold_a_place(struct scene *scene, jobring_config *config) {
    OK(jobring_create(config, &scene->pool));
    OK(jobring_queue_try_push(scene->items, &(int){8}));
}

static void give_a_place(struct scene *scene) { OK(jobring_queue_try_pop(scene->items, &(int){0})); }

static void hold_an_item(struct scene *scene, jobring_config *config) {
    OK(jobring_create(config, &scene->pool));
    give_a_place(scene);
}

static void give_an_item(struct scene *scene) { OK(jobring_queue_try_push(scene->items, &(int){9})); }

/* The job sleeps until it is killed. */
static void hold_a_process(struct scene *scene, jobring_config *config) { OK(jobring_create(config, &scene->pool)); }
static void kill_a_process(struct scene *scene) { OK(jobring_processes_kill(scene->processes, scene->processed)); }
static void kill_and_take(struct scene *scene) {
    kill_a_process(scene);
    OK(takes_process(scene, scene->processed));
}

static void open_gate(struct scene *scene) { CHECK(sem_post(&scene->gate) == 0); }
static jobring_status takes(struct scene *scene, int64_t timeout_ns) {
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    size_t taken;
    return jobring_completions_take(scene->queue, timeout_ns, &outcome, 1, &taken);
}

static void open_gate_and_take(struct scene *scene) {
    open_gate(scene);
    OK(takes(scene, LONG));
}

static void shut(struct scene *scene) { OK(jobring_shutdown(scene->pool, JOBRING_DRAIN, LONG, NULL)); }

#define CALL(name, ...)                                                                             \
    static jobring_status name(struct scene *s) {                                                   \
        (void)s;                                                                                    \
        return __VA_ARGS__;                                                                         \
    }
static jobring_status says(int condition) { return condition ? JOBRING_OK : JOBRING_E_INVALID; }

static jobring_status makes(struct scene *s, int in_memory) {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.workers = 2;
    config.capacity = 4;
    config.stack_size = 256 * 1024;
    /* Longer than the system takes. */
    config.name = "a-name-that-is-too-long";
    jobring_status status = in_memory ? jobring_init(&config, s->memory, sizeof s->memory, &pool)
                                      : jobring_create(&config, &pool);
    if (status == JOBRING_OK) OK(jobring_destroy(pool));
    return status;
}

static jobring_status destroys(struct scene *s) {
    jobring_status status = jobring_destroy(s->pool);
    if (status == JOBRING_OK) s->pool = NULL;
    return status;
}

static jobring_status waits_for(struct scene *s, jobring_job job, int64_t limit_ns, uint32_t flags) {
    jobring_wait_options options = JOBRING_WAIT_OPTIONS_INIT;
    uint32_t states[2];
    size_t found;
    const jobring_job jobs[] = {job, job};
    options.limit_ns = limit_ns;
    options.flags = flags;
    return jobring_wait_many(s->pool, jobs, 2, JOBRING_UNTIL_FIRST, &options, &found, states);
}

static jobring_status batch(struct scene *s) {
    const jobring_batch_item items[] = {{identity, s, NULL, NULL}, {identity, s, NULL, NULL}};
    size_t accepted;
    return jobring_submit_batch(s->pool, items, 1, NULL, &accepted);
}

static jobring_status with_options(struct scene *s, int64_t timeout_ns) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.limit_ns = timeout_ns;
    return jobring_submit_opts(s->pool, identity, s, &options, NULL);
}

static jobring_status with_a_canceller(struct scene *s) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job job;
    return jobring_submit_cancellable(s->pool, identity, s, &options, &job);
}

static void counts(void *arg, const jobring_outcome *outcome) {
    (void)outcome;
    ++*(int *)arg;
}

static jobring_status watches(struct scene *s) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_watched watched;
    jobring_done_node nodes[2];
    int notified = 0;
    (void)s;
    OK(jobring_watched_init(&watched));
    nodes[0] = nodes[1] = (jobring_done_node){NULL, counts, &notified, {NULL, NULL}};
    const jobring_status status = jobring_watch(&watched, &nodes[0]);
    /* The job ends here. */
    options.nodes = &watched.node;
    const jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    options.nodes->done(options.nodes->arg, &outcome);
    CHECK(notified == 1 && jobring_watch(&watched, &nodes[1]) == status && notified == 2);
    return status;
}

static jobring_status into_queue(struct scene *s, int64_t timeout_ns) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.limit_ns = timeout_ns;
    return jobring_completions_submit(s->queue, identity, s, &options, NULL);
}

static jobring_status into_lane(struct scene *s, int64_t timeout_ns) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.limit_ns = timeout_ns;
    return jobring_lane_submit(&s->lane, identity, s, &options, NULL);
}

static jobring_status tells_info(struct scene *s) {
    jobring_info info = {.size = sizeof info};
    return jobring_info_get(s->pool, &info);
}

static jobring_status tells_worker(struct scene *s) {
    jobring_worker worker = {.size = sizeof worker};
    return jobring_worker_get(s->pool, 0, &worker);
}

static jobring_status tells_stats(struct scene *s) {
    jobring_stats stats = {.size = sizeof stats};
    return jobring_stats_get(s->pool, &stats);
}

/* A time that ends, in nanoseconds. */
static const int64_t SHORT = 20 * 1000 * 1000;

/* A scope that begins and ends. */
static jobring_interrupt interrupt;
static jobring_status scoped(struct scene *s, int is_end) {
    jobring_interrupt_scope scope;
    const jobring_status begun = jobring_interrupt_begin(s->pool, &interrupt, &scope);
    const jobring_status ended = jobring_interrupt_end(s->pool, &scope);
    return is_end ? ended : begun;
}

static int32_t no_body(void *scene, size_t from, size_t to) {
    (void)scene;
    return from < to ? 0 : 1;
}

/* Of two shares: the caller's is done when the worker has begun the other, which is held. A worker may come to both: then the
 * first is held, since the gate is opened once. */
struct loop {
    struct scene *scene;
    pthread_t caller;
    atomic_int begun, held;
};

static int32_t held_body(void *arg, size_t from, size_t to) {
    struct loop *loop = arg;
    CHECK(to == from + 1);
    atomic_fetch_add(&loop->begun, 1);
    if (pthread_equal(loop->caller, pthread_self()))
        while (atomic_load(&loop->begun) < 2) sched_yield();
    else if (atomic_fetch_add(&loop->held, 1) == 0) await(&loop->scene->gate);
    return 0;
}

static jobring_status loops(struct scene *s) {
    struct loop loop = {.scene = s, .caller = pthread_self()};
    return jobring_parallel_for(s->pool, 2, 1, held_body, &loop, NULL);
}

static jobring_status loops_with(struct scene *s, jobring_body_fn body, void *ctx, size_t count, int64_t limit_ns) {
    jobring_parallel_for_options options = JOBRING_PARALLEL_FOR_OPTIONS_INIT;
    options.limit_ns = limit_ns;
    options.grain = 1;
    options.largest = 1;
    return jobring_parallel_for_opts(s->pool, count, &options, body, ctx, NULL);
}

static jobring_status loops_by_one(struct scene *s) {
    struct loop loop = {.scene = s, .caller = pthread_self()};
    return loops_with(s, held_body, &loop, 2, JOBRING_FOREVER);
}

/* A body that takes all the time there is. */
static int32_t slow_body(void *arg, size_t from, size_t to) {
    struct timespec now, start;
    (void)arg, (void)from, (void)to;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * INT64_C(1000000000) + now.tv_nsec - start.tv_nsec < 2 * SHORT);
    return 0;
}

static jobring_status pauses(struct scene *s) {
    const jobring_status status = jobring_pause(s->pool);
    if (status == JOBRING_OK) OK(jobring_resume(s->pool));
    return status;
}

static size_t bytes, used;
static uint32_t number, cpus;
static int64_t time_now;
static void *pointer;
static jobring_job self;
static jobring_completions *queue;
static int descriptor;

CALL(version, says(jobring_version() == JOBRING_VERSION))
CALL(abi_version, says(jobring_abi_version() == JOBRING_ABI_VERSION))
CALL(features, says((jobring_features() & JOBRING_FEATURE_CREATE) != 0))
CALL(status_text, says(jobring_status_text(JOBRING_E_FULL)[0] != 0))
CALL(struct_init, jobring_struct_init(s->memory, sizeof(jobring_config)))
CALL(config_check, jobring_config_check(NULL, NULL))
CALL(layout, jobring_layout(NULL, &bytes, NULL))
CALL(create, makes(s, 0))
CALL(init, makes(s, 1))
CALL(shut_down, jobring_shutdown(s->pool, JOBRING_DRAIN, JOBRING_FOREVER, NULL))
CALL(shut_down_soon, jobring_shutdown(s->pool, JOBRING_DRAIN, SHORT, NULL))
CALL(submit, jobring_submit(s->pool, identity, s, NULL))
CALL(try_submit, jobring_try_submit(s->pool, identity, s, NULL))
CALL(try_submit_isr, jobring_try_submit_isr(s->pool, identity, s, NULL))
CALL(submit_opts, with_options(s, JOBRING_FOREVER))
CALL(submit_soon, with_options(s, SHORT))
CALL(submit_cancellable, with_a_canceller(s))
CALL(wait, jobring_wait(s->pool, s->over, LONG, NULL))
CALL(wait_asleep, jobring_wait(s->pool, s->awaited, JOBRING_FOREVER, NULL))
CALL(wait_soon, jobring_wait(s->pool, s->awaited, SHORT, NULL))
CALL(wait_opts, wait_data(s->pool, s->copied, s->memory, sizeof s->memory, NULL))
CALL(wait_opts_asleep, wait_data(s->pool, s->awaited, s->memory, sizeof s->memory, NULL))
CALL(poll, jobring_poll(s->pool, s->over, NULL))
CALL(wait_idle, jobring_wait_idle(s->pool, JOBRING_FOREVER))
CALL(wait_idle_soon, jobring_wait_idle(s->pool, SHORT))
CALL(watched_init, jobring_watched_init((jobring_watched *)(void *)s->memory))
CALL(watch, watches(s))
CALL(wait_many, waits_for(s, s->over, JOBRING_FOREVER, 0))
CALL(wait_many_asleep, waits_for(s, s->awaited, JOBRING_FOREVER, 0))
CALL(wait_many_soon, waits_for(s, s->awaited, SHORT, 0))
CALL(wait_many_late, waits_for(s, s->awaited, 1, JOBRING_WAIT_DEADLINE))
CALL(now, jobring_now(s->pool, &time_now))
CALL(state, jobring_state(s->pool, s->over, &number))
CALL(job_data, jobring_job_data(s->pool, s->over, &pointer))
CALL(completions_create, jobring_completions_create(s->pool, 0, &queue))
CALL(completions_layout, jobring_completions_layout(s->pool, &bytes, NULL))
CALL(completions_init, jobring_completions_init(s->pool, 0, s->memory, sizeof s->memory, &queue))
CALL(completions_submit, into_queue(s, JOBRING_FOREVER))
CALL(completions_submit_soon, into_queue(s, SHORT))
CALL(completions_take, takes(s, JOBRING_FOREVER))
CALL(completions_take_soon, takes(s, SHORT))
CALL(completions_fd, jobring_completions_fd(s->empty_queue, &descriptor))
CALL(completions_arm, jobring_completions_arm(s->empty_queue))
CALL(completions_destroy, jobring_completions_destroy(s->empty_queue))
CALL(queue_init, jobring_queue_init(2, 4, s->memory, sizeof s->memory, &(jobring_queue *){0}))
CALL(queue_layout, jobring_queue_layout(2, 4, &bytes, NULL))
CALL(queue_try_push, jobring_queue_try_push(s->items, &(int){1}))
CALL(queue_push, jobring_queue_push(s->items, &(int){1}, JOBRING_FOREVER))
CALL(queue_push_soon, jobring_queue_push(s->items, &(int){1}, SHORT))
CALL(queue_try_pop, jobring_queue_try_pop(s->items, &(int){0}))
CALL(queue_pop, jobring_queue_pop(s->items, &(int){0}, JOBRING_FOREVER))
CALL(queue_pop_soon, jobring_queue_pop(s->items, &(int){0}, SHORT))
CALL(queue_close, jobring_queue_close(s->items))
CALL(queue_len, jobring_queue_len(s->items, &bytes, NULL))
CALL(lane_init, jobring_lane_init((jobring_lane *)(void *)s->memory, s->pool, 1, 1))
CALL(lane_submit, into_lane(s, JOBRING_FOREVER))
CALL(lane_submit_soon, into_lane(s, SHORT))
CALL(lane_close, jobring_lane_close(&s->lane, JOBRING_DRAIN, JOBRING_FOREVER))
CALL(lane_close_soon, jobring_lane_close(&s->lane, JOBRING_DRAIN, SHORT))
CALL(lane_pending, jobring_lane_pending(&s->lane, &number))
CALL(cancel, jobring_cancel(s->pool, s->over))
CALL(cancel_all, jobring_cancel_all(s->pool, &(uint64_t){0}))
CALL(detach, jobring_detach(s->pool, s->over))
CALL(cancel_requested, jobring_cancel_requested(s->pool))
CALL(fail, jobring_fail(3, "a reason"))
CALL(interrupt_begin, scoped(s, 0))
CALL(interrupt_end, scoped(s, 1))
CALL(interrupt_raise, jobring_interrupt_raise(s->pool, &interrupt))
CALL(interrupt_reset, says(jobring_interrupt_reset(&interrupt) >= 0))
CALL(parallel_for, jobring_parallel_for(s->pool, 64, 1, no_body, s, NULL))
CALL(parallel_for_opts, loops_with(s, no_body, s, 64, JOBRING_FOREVER))
CALL(parallel_for_soon, loops_with(s, slow_body, s, 64, SHORT))
CALL(run_one, jobring_run_one(s->pool))
CALL(run_until_idle, jobring_run_until_idle(s->pool, NULL))
CALL(enter_worker, jobring_enter_worker(s->pool))
CALL(pause_pool, pauses(s))
CALL(resume_pool, jobring_resume(s->pool))
CALL(workers_set, jobring_workers_set(s->pool, 1, JOBRING_FOREVER))
CALL(workers_leave, jobring_workers_set(s->pool, 0, JOBRING_FOREVER))
CALL(workers_leave_soon, jobring_workers_set(s->pool, 0, SHORT))
CALL(tell_current_job, jobring_current_job(s->pool, &self))
CALL(worker_index, jobring_worker_index(s->pool, &number))
CALL(worker_stack, jobring_worker_stack(s->pool, 0, &bytes, &used))
CALL(stack_min, jobring_stack_min(&bytes))
CALL(cpu_count, jobring_cpus(&cpus))

static jobring_status makes_and_ends_processes(void) {
    jobring_processes *pool;
    const jobring_status status = makes_processes(2, &pool);
    if (status == JOBRING_OK) OK(jobring_processes_destroy(pool));
    return status;
}

static jobring_status destroys_processes(struct scene *s) {
    const jobring_status status = jobring_processes_destroy(s->processes);
    if (status == JOBRING_OK) s->processes = NULL;
    return status;
}

static jobring_status tells_of_processes(struct scene *s) {
    jobring_processes_stats stats = JOBRING_PROCESSES_STATS_INIT;
    return jobring_processes_stats_get(s->processes, &stats);
}

#define OF_PROCESSES(name, expected, ...) CALL(name, supported(__VA_ARGS__, expected))
OF_PROCESSES(processes_take_over, JOBRING_OK, jobring_processes_take_over(process_functions, 2))
OF_PROCESSES(processes_create, JOBRING_OK, makes_and_ends_processes())
OF_PROCESSES(processes_submit, JOBRING_OK, jobring_processes_submit(s->processes, ECHO, "text", 4, NULL, NULL))
OF_PROCESSES(processes_take, JOBRING_OK, takes_process(s, 0))
OF_PROCESSES(processes_wait, JOBRING_OK, takes_process(s, s->processed ? s->processed : 1))
OF_PROCESSES(processes_cancel, JOBRING_E_BUSY, jobring_processes_cancel(s->processes, s->processed))
OF_PROCESSES(processes_kill, JOBRING_E_BUSY, jobring_processes_kill(s->processes, s->processed))
OF_PROCESSES(processes_fd, JOBRING_OK, jobring_processes_fd(s->processes, &descriptor))
OF_PROCESSES(processes_shutdown, JOBRING_OK, jobring_processes_shutdown(s->processes, JOBRING_DRAIN, JOBRING_FOREVER))
OF_PROCESSES(processes_stats_get, JOBRING_OK, tells_of_processes(s))
OF_PROCESSES(processes_destroy, JOBRING_OK, destroys_processes(s))

#define ROW(function, how, call, expected, on_pool, ...)                                            \
    {"jobring_" #function, how, call, expected, on_pool, INT32_MAX, __VA_ARGS__}
#define PLAIN(function, call, expected, on_pool) ROW(function, "plain", call, expected, on_pool, NULL, NULL)
#define INSIDE(function, call, on_pool)                                                             \
    {"jobring_" #function, "plain", call, JOBRING_E_INVALID, on_pool, JOBRING_OK, NULL, NULL}
#define ASLEEP(function, call, hold, let_go) ROW(function, "asleep", call, JOBRING_OK, 1, hold, let_go)
#define TIMED(function, call, hold) ROW(function, "timed", call, JOBRING_E_TIMEDOUT, 1, hold, open_gate)
const struct call calls[] = {
    PLAIN(version, version, JOBRING_OK, 0),
    PLAIN(abi_version, abi_version, JOBRING_OK, 0),
    PLAIN(features, features, JOBRING_OK, 0),
    PLAIN(status_text, status_text, JOBRING_OK, 0),
    PLAIN(struct_init, struct_init, JOBRING_OK, 0),
    PLAIN(config_check, config_check, JOBRING_OK, 0),
    PLAIN(layout, layout, JOBRING_OK, 0),
    PLAIN(create, create, JOBRING_OK, 0),
    PLAIN(init, init, JOBRING_OK, 0),
    PLAIN(shutdown, shut_down, JOBRING_OK, 1),
    PLAIN(submit, submit, JOBRING_OK, 1),
    PLAIN(try_submit, try_submit, JOBRING_OK, 1),
    PLAIN(try_submit_isr, try_submit_isr, JOBRING_OK, 1),
    PLAIN(submit_opts, submit_opts, JOBRING_OK, 1),
    PLAIN(submit_cancellable, submit_cancellable, JOBRING_OK, 1),
    PLAIN(submit_batch, batch, JOBRING_OK, 1),
    PLAIN(wait, wait, JOBRING_OK, 1),
    PLAIN(wait_opts, wait_opts, JOBRING_OK, 1),
    PLAIN(poll, poll, JOBRING_OK, 1),
    PLAIN(wait_idle, wait_idle, JOBRING_OK, 1),
    PLAIN(watched_init, watched_init, JOBRING_OK, 0),
    PLAIN(watch, watch, JOBRING_OK, 0),
    PLAIN(wait_many, wait_many, JOBRING_OK, 1),
    PLAIN(now, now, JOBRING_OK, 1),
    PLAIN(state, state, JOBRING_OK, 1),
    PLAIN(job_data, job_data, JOBRING_OK, 1),
    PLAIN(completions_create, completions_create, JOBRING_OK, 1),
    PLAIN(completions_layout, completions_layout, JOBRING_OK, 1),
    PLAIN(completions_init, completions_init, JOBRING_OK, 1),
    PLAIN(completions_submit, completions_submit, JOBRING_OK, 1),
    PLAIN(completions_take, completions_take, JOBRING_OK, 1),
    PLAIN(completions_fd, completions_fd, JOBRING_OK, 1),
    PLAIN(completions_arm, completions_arm, JOBRING_OK, 1),
    PLAIN(completions_destroy, completions_destroy, JOBRING_OK, 1),
    PLAIN(queue_init, queue_init, JOBRING_OK, 0),
    PLAIN(queue_layout, queue_layout, JOBRING_OK, 0),
    PLAIN(queue_try_push, queue_try_push, JOBRING_OK, 0),
    PLAIN(queue_push, queue_push, JOBRING_OK, 0),
    PLAIN(queue_try_pop, queue_try_pop, JOBRING_OK, 0),
    PLAIN(queue_pop, queue_pop, JOBRING_OK, 0),
    PLAIN(queue_close, queue_close, JOBRING_OK, 0),
    PLAIN(queue_len, queue_len, JOBRING_OK, 0),
    PLAIN(lane_init, lane_init, JOBRING_OK, 1),
    PLAIN(lane_submit, lane_submit, JOBRING_OK, 1),
    PLAIN(lane_close, lane_close, JOBRING_OK, 1),
    PLAIN(lane_pending, lane_pending, JOBRING_OK, 1),
    PLAIN(cancel, cancel, JOBRING_E_BUSY, 1),
    PLAIN(cancel_all, cancel_all, JOBRING_OK, 1),
    PLAIN(detach, detach, JOBRING_OK, 1),
    INSIDE(cancel_requested, cancel_requested, 1),
    INSIDE(fail, fail, 0),
    PLAIN(interrupt_begin, interrupt_begin, JOBRING_OK, 1),
    PLAIN(interrupt_end, interrupt_end, JOBRING_OK, 1),
    PLAIN(interrupt_raise, interrupt_raise, JOBRING_OK, 1),
    PLAIN(interrupt_reset, interrupt_reset, JOBRING_OK, 0),
    PLAIN(parallel_for, parallel_for, JOBRING_OK, 1),
    PLAIN(parallel_for_opts, parallel_for_opts, JOBRING_OK, 1),
    PLAIN(run_one, run_one, JOBRING_E_EMPTY, 1),
    PLAIN(run_until_idle, run_until_idle, JOBRING_OK, 1),
    PLAIN(enter_worker, enter_worker, JOBRING_E_FULL, 1),
    PLAIN(pause, pause_pool, JOBRING_OK, 1),
    PLAIN(resume, resume_pool, JOBRING_OK, 1),
    PLAIN(workers_set, workers_set, JOBRING_OK, 1),
    PLAIN(info_get, tells_info, JOBRING_OK, 1),
    PLAIN(stats_get, tells_stats, JOBRING_OK, 1),
    INSIDE(current_job, tell_current_job, 1),
    INSIDE(worker_index, worker_index, 1),
    PLAIN(worker_stack, worker_stack, JOBRING_OK, 1),
    PLAIN(worker_get, tells_worker, JOBRING_OK, 1),
    PLAIN(stack_min, stack_min, JOBRING_OK, 0),
    PLAIN(cpus, cpu_count, JOBRING_OK, 0),
    PLAIN(destroy, destroys, JOBRING_OK, 1),
    PLAIN(processes_take_over, processes_take_over, JOBRING_OK, 0),
    PLAIN(processes_create, processes_create, JOBRING_OK, 0),
    PLAIN(processes_submit, processes_submit, JOBRING_OK, 0),
    PLAIN(processes_take, processes_take, JOBRING_OK, 0),
    PLAIN(processes_wait, processes_wait, JOBRING_OK, 0),
    PLAIN(processes_cancel, processes_cancel, JOBRING_E_BUSY, 0),
    PLAIN(processes_kill, processes_kill, JOBRING_E_BUSY, 0),
    PLAIN(processes_fd, processes_fd, JOBRING_OK, 0),
    PLAIN(processes_shutdown, processes_shutdown, JOBRING_OK, 0),
    PLAIN(processes_stats_get, processes_stats_get, JOBRING_OK, 0),
    PLAIN(processes_destroy, processes_destroy, JOBRING_OK, 0),
    ROW(processes_submit, "asleep", processes_submit, JOBRING_OK, 0, hold_a_process, kill_and_take),
    ROW(processes_take, "asleep", processes_take, JOBRING_OK, 0, hold_a_process, kill_a_process),
    ROW(processes_wait, "asleep", processes_wait, JOBRING_OK, 0, hold_a_process, kill_a_process),
    ROW(processes_shutdown, "asleep", processes_shutdown, JOBRING_OK, 0, hold_a_process, kill_a_process),
    ASLEEP(submit, submit, hold_the_only_slot, open_gate),
    ASLEEP(submit_opts, submit_opts, hold_the_only_slot, open_gate),
    ASLEEP(submit_cancellable, submit_cancellable, hold_the_only_slot, open_gate),
    ASLEEP(wait, wait_asleep, hold_a_job, open_gate),
    ROW(wait, "asleep-queued", wait_asleep, JOBRING_OK, 1, hold_a_queue, open_gate),
    ASLEEP(wait_opts, wait_opts_asleep, hold_a_job_by_copy, open_gate),
    ASLEEP(wait_idle, wait_idle, hold_a_queue, open_gate),
    ASLEEP(wait_many, wait_many_asleep, hold_a_job, open_gate),
    ROW(wait_many, "asleep-queued", wait_many_asleep, JOBRING_OK, 1, hold_a_queue, open_gate),
    ASLEEP(completions_submit, completions_submit, hold_a_full_queue, open_gate_and_take),
    ROW(completions_submit, "asleep-slot", completions_submit, JOBRING_OK, 1, hold_the_only_slot, open_gate),
    ASLEEP(completions_take, completions_take, hold_a_full_queue, open_gate),
    ASLEEP(lane_submit, lane_submit, hold_a_full_lane, open_gate),
    ASLEEP(lane_close, lane_close, hold_a_lane, open_gate),
    TIMED(lane_submit, lane_submit_soon, hold_a_full_lane),
    TIMED(lane_close, lane_close_soon, hold_a_lane),
    ASLEEP(parallel_for, loops, hold_a_worker, open_gate),
    ASLEEP(parallel_for_opts, loops_by_one, hold_a_worker, open_gate),
    ASLEEP(workers_set, workers_leave, hold_a_job, open_gate),
    ASLEEP(shutdown, shut_down, hold_a_queue, open_gate),
    ASLEEP(destroy, destroys, hold_a_queue, open_gate),
    ROW(destroy, "asleep-joining", destroys, JOBRING_OK, 1, hold_a_thread, open_gate),
    ASLEEP(enter_worker, enter_worker, hold_an_idle_pool, shut),
    ROW(queue_push, "asleep", queue_push, JOBRING_OK, 0, hold_a_place, give_a_place),
    ROW(queue_pop, "asleep", queue_pop, JOBRING_OK, 0, hold_an_item, give_an_item),
    ROW(queue_push, "timed", queue_push_soon, JOBRING_E_TIMEDOUT, 0, hold_a_place, open_gate),
    ROW(queue_pop, "timed", queue_pop_soon, JOBRING_E_TIMEDOUT, 0, hold_an_item, open_gate),
    TIMED(submit_opts, submit_soon, hold_the_only_slot),
    TIMED(wait, wait_soon, hold_a_job),
    TIMED(wait_idle, wait_idle_soon, hold_a_job),
    TIMED(wait_many, wait_many_soon, hold_a_job),
    ROW(wait_many, "deadline", wait_many_late, JOBRING_E_TIMEDOUT, 1, hold_a_job, open_gate),
    TIMED(completions_submit, completions_submit_soon, hold_a_full_queue),
    TIMED(completions_take, completions_take_soon, hold_a_full_queue),
    TIMED(parallel_for_opts, parallel_for_soon, hold_a_worker),
    TIMED(workers_set, workers_leave_soon, hold_a_job),
    TIMED(shutdown, shut_down_soon, hold_a_job),
    {NULL, NULL, NULL, 0, 0, 0, NULL, NULL},
};
