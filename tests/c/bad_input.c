/* The bad-input table of the C API: every function with every kind of bad input, from every place where it can be
 * called. Prints "cell <function> <parameter or -> <kind>" for each that passed; exits with 1 at the first that
 * fails. */
#include "bad_input.h"

#define CALL(name, ...)                                                                             \
    static jobring_status call_##name(struct args *a) {                                             \
        (void)a;                                                                                    \
        return jobring_##name(__VA_ARGS__);                                                         \
    }
/* For functions that return no status. */
#define SAYS(name, condition)                                                                       \
    static jobring_status call_##name(struct args *a) {                                             \
        (void)a;                                                                                    \
        return (condition) ? JOBRING_OK : JOBRING_E_INVALID;                                        \
    }
SAYS(version, jobring_version() == JOBRING_VERSION)
SAYS(abi_version, jobring_abi_version() == JOBRING_ABI_VERSION)
SAYS(features, jobring_features() & JOBRING_FEATURE_CREATE)
SAYS(status_text, jobring_status_text(a->status) && jobring_status_text(a->status)[0])
CALL(struct_init, a->structure, a->structure_size)
CALL(config_check, a->config, a->field)
CALL(create, a->config, a->pool_out)
CALL(layout, a->config, a->size_out, a->align)
CALL(init, a->config, a->memory, a->memory_size, a->pool_out)
CALL(shutdown, a->pool, a->mode, a->timeout_ns, a->report)
CALL(destroy, a->pool)
CALL(submit, a->pool, a->fn, a->arg, a->job_out)
CALL(try_submit, a->pool, a->fn, a->arg, a->job_out)
CALL(try_submit_isr, a->pool, a->fn, a->arg, a->job_out)
CALL(submit_opts, a->pool, a->fn, a->arg, a->options, a->job_out)
CALL(submit_cancellable, a->pool, a->fn, a->arg, a->options, a->job_out)
CALL(submit_batch, a->pool, a->items, a->count, a->jobs, a->accepted)
CALL(wait, a->pool, a->job, a->timeout_ns, a->result)
CALL(wait_opts, a->pool, a->job, a->wait_options, a->outcome)
CALL(poll, a->pool, a->job, a->result)
CALL(wait_idle, a->pool, a->timeout_ns)
CALL(watched_init, a->watched)
CALL(watch, a->watched, a->node)
CALL(wait_many, a->pool, a->handles, a->count, a->until, a->wait_options, a->found, a->states)
CALL(state, a->pool, a->job, a->state)
CALL(job_data, a->pool, a->job, a->result)
CALL(completions_create, a->pool, a->limit, a->completions_out)
CALL(completions_layout, a->pool, a->size_out, a->align)
CALL(completions_init, a->pool, a->limit, a->memory, a->memory_size, a->completions_out)
CALL(completions_submit, a->completions, a->fn, a->arg, a->options, a->job_out)
CALL(completions_take, a->completions, a->timeout_ns, a->outcome, a->count, a->taken)
CALL(completions_fd, a->completions, a->fd)
CALL(completions_arm, a->completions)
CALL(completions_destroy, a->completions)
CALL(queue_layout, a->capacity, a->item_size, a->size_out, a->align)
CALL(queue_init, a->capacity, a->item_size, a->memory, a->memory_size, a->queue_out)
CALL(queue_try_push, a->queue, a->item)
CALL(queue_push, a->queue, a->item, a->timeout_ns)
CALL(queue_try_pop, a->queue, a->item)
CALL(queue_pop, a->queue, a->item, a->timeout_ns)
CALL(queue_close, a->queue)
CALL(queue_len, a->queue, a->len, a->capacity_out)
CALL(cancel, a->pool, a->job)
CALL(cancel_all, a->pool, a->ran)
CALL(detach, a->pool, a->job)
CALL(cancel_requested, a->pool)
CALL(fail, a->code, a->text)
/* What is begun is ended, and a scope is begun before it is ended. */
static jobring_status call_interrupt_begin(struct args *a) {
    const jobring_status status = jobring_interrupt_begin(a->pool, a->interrupt, a->scope);
    if (status == JOBRING_OK) OK(jobring_interrupt_end(a->pool, a->scope));
    return status;
}
static jobring_status call_interrupt_end(struct args *a) {
    OK(jobring_interrupt_begin(cell.place.pool, &a->given_interrupt, &a->given_scope));
    const jobring_status status = jobring_interrupt_end(a->pool, a->scope);
    if (status != JOBRING_OK) OK(jobring_interrupt_end(cell.place.pool, &a->given_scope));
    return status;
}
CALL(interrupt_raise, a->pool, a->interrupt)
CALL(interrupt_reset, a->interrupt)
CALL(parallel_for, a->pool, a->count, a->grain, a->body, a->ctx, a->stopped)
CALL(parallel_for_opts, a->pool, a->count, a->loop_options, a->body, a->ctx, a->stopped)
CALL(run_one, a->pool)
CALL(run_until_idle, a->pool, a->ran)
CALL(enter_worker, a->pool)
CALL(info_get, a->pool, a->info)
CALL(stats_get, a->pool, a->stats)
/* What is paused is resumed, so that the cell can end. */
static jobring_status call_pause(struct args *a) {
    const jobring_status status = jobring_pause(a->pool);
    if (status == JOBRING_OK) OK(jobring_resume(a->pool));
    return status;
}
CALL(resume, a->pool)
CALL(workers_set, a->pool, a->workers, a->timeout_ns)
CALL(now, a->pool, a->now)
CALL(current_job, a->pool, a->job_out)
CALL(worker_index, a->pool, a->index_out)
CALL(worker_stack, a->pool, a->index, a->size_out, a->used)
CALL(worker_get, a->pool, a->index, a->worker)
CALL(stack_min, a->bytes)
CALL(cpus, a->cpus)
CALL(lane_init, a->lane_out, a->pool, a->width, a->capacity)
CALL(lane_submit, a->lane, a->fn, a->arg, a->options, a->job_out)
CALL(lane_close, a->lane, a->mode, a->timeout_ns)
CALL(lane_pending, a->lane, a->pending)

CALL(processes_take_over, a->process_fns, a->function_count)
CALL(processes_create, a->process_config, a->processes_out)
CALL(processes_submit, a->processes, a->process_function, a->data, a->data_size, a->process_options, a->job_out)
CALL(processes_take, a->processes, a->timeout_ns, a->outcome)
CALL(processes_wait, a->processes, a->job, a->timeout_ns, a->outcome)
CALL(processes_cancel, a->processes, a->job)
CALL(processes_kill, a->processes, a->job)
CALL(processes_fd, a->processes, a->fd)
CALL(processes_shutdown, a->processes, a->mode, a->timeout_ns)
CALL(processes_stats_get, a->processes, a->process_stats)
CALL(processes_destroy, a->processes)

enum { NOT = 77 };
#define OK_ JOBRING_OK
#define INV JOBRING_E_INVALID
#define END JOBRING_E_SHUTDOWN
#define TMO JOBRING_E_TIMEDOUT
#define BSY JOBRING_E_BUSY
#define FUL JOBRING_E_FULL
#define EMP JOBRING_E_EMPTY
/* What each returns with good arguments. The job that wait, poll, cancel and detach are about has finished.
 * other: inside a job of another pool. drop: of a result given up on a thread that is not the pool's.
 * cancel: of a job cancelled on a pool without workers. */
#define ROW(name, home, on_pool, ...) {"jobring_" #name, call_##name, home, on_pool, {__VA_ARGS__}}
static const struct function functions[] = {
    /*                                  out-  shut job  other done drop cancel start stop
                                        side */
    ROW(version, OUTSIDE, 0,            OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(abi_version, OUTSIDE, 0,        OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(features, OUTSIDE, 0,           OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(status_text, OUTSIDE, 0,        OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(struct_init, OUTSIDE, 0,        OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(config_check, OUTSIDE, 0,       OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(create, OUTSIDE, 0,             OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(layout, OUTSIDE, 0,             OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(init, OUTSIDE, 0,               OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(shutdown, OUTSIDE, 1,           OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(destroy, OUTSIDE, 1,            OK_,  OK_, BSY, OK_,  BSY, BSY, BSY,   BSY,  BSY),
    ROW(submit, OUTSIDE, 1,             OK_,  END, OK_, OK_,  OK_, OK_, OK_,   OK_,  END),
    ROW(try_submit, OUTSIDE, 1,         OK_,  END, OK_, OK_,  OK_, OK_, OK_,   OK_,  END),
    ROW(try_submit_isr, OUTSIDE, 1,     OK_,  END, OK_, OK_,  OK_, OK_, OK_,   OK_,  END),
    ROW(submit_opts, OUTSIDE, 1,        OK_,  END, OK_, OK_,  OK_, OK_, OK_,   OK_,  END),
    ROW(submit_cancellable, OUTSIDE, 1, OK_,  END, OK_, OK_,  OK_, OK_, OK_,   OK_,  END),
    ROW(submit_batch, OUTSIDE, 1,       OK_,  END, OK_, OK_,  OK_, OK_, OK_,   OK_,  END),
    ROW(wait, OUTSIDE, 1,               OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(wait_opts, OUTSIDE, 1,          OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(poll, OUTSIDE, 1,               OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(wait_idle, OUTSIDE, 1,          OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(watched_init, OUTSIDE, 0,       OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(watch, OUTSIDE, 0,              OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(wait_many, OUTSIDE, 1,          OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(state, OUTSIDE, 1,              OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(job_data, OUTSIDE, 1,           OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(completions_create, OUTSIDE, 1, OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(completions_layout, OUTSIDE, 1, OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(completions_init, OUTSIDE, 1,   OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(completions_submit, OUTSIDE, 0, OK_,  END, OK_, OK_,  OK_, OK_, OK_,   OK_,  END),
    ROW(completions_take, OUTSIDE, 0,   OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(completions_fd, OUTSIDE, 0,     OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(completions_arm, OUTSIDE, 0,    OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(completions_destroy, OUTSIDE, 0, OK_, OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(queue_layout, OUTSIDE, 0,       OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(queue_init, OUTSIDE, 0,         OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(queue_try_push, OUTSIDE, 0,     OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(queue_push, OUTSIDE, 0,         OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(queue_try_pop, OUTSIDE, 0,      OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(queue_pop, OUTSIDE, 0,          OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(queue_close, OUTSIDE, 0,        OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(queue_len, OUTSIDE, 0,          OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(cancel, OUTSIDE, 1,             BSY,  BSY, BSY, BSY,  BSY, BSY, BSY,   BSY,  BSY),
    ROW(cancel_all, OUTSIDE, 1,         OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(detach, OUTSIDE, 1,             OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(cancel_requested, JOB, 1,       INV,  INV, OK_, INV,  OK_, OK_, OK_,   INV,  INV),
    ROW(fail, JOB, 0,                   INV,  NOT, OK_, OK_,  INV, INV, INV,   INV,  INV),
    ROW(interrupt_begin, OUTSIDE, 1,    OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(interrupt_end, OUTSIDE, 1,      OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(interrupt_raise, OUTSIDE, 1,    OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(interrupt_reset, OUTSIDE, 0,    OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(parallel_for, OUTSIDE, 1,       OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(parallel_for_opts, OUTSIDE, 1,  OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(run_one, OUTSIDE, 1,            EMP,  EMP, EMP, EMP,  EMP, EMP, EMP,   EMP,  EMP),
    ROW(run_until_idle, OUTSIDE, 1,     OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(enter_worker, OUTSIDE, 1,       FUL,  OK_, BSY, FUL,  BSY, BSY, BSY,   BSY,  BSY),
    ROW(pause, OUTSIDE, 1,              OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(resume, OUTSIDE, 1,             OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(workers_set, OUTSIDE, 1,        OK_,  END, OK_, OK_,  OK_, OK_, OK_,   TMO,  END),
    ROW(info_get, OUTSIDE, 1,           OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(stats_get, OUTSIDE, 1,          OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(now, OUTSIDE, 1,                OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(current_job, JOB, 1,                   INV,  INV, OK_, INV,  OK_, OK_, OK_,   INV,  INV),
    ROW(worker_index, JOB, 1,           INV,  INV, OK_, INV,  OK_, INV, INV,   OK_,  OK_),
    ROW(worker_stack, OUTSIDE, 1,       OK_,  OK_, OK_, OK_,  OK_, OK_, INV,   OK_,  OK_),
    ROW(worker_get, OUTSIDE, 1,         OK_,  OK_, OK_, OK_,  OK_, OK_, INV,   OK_,  OK_),
    ROW(stack_min, OUTSIDE, 0,          OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(cpus, OUTSIDE, 0,               OK_,  NOT, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(lane_init, OUTSIDE, 1,          OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(lane_submit, OUTSIDE, 0,        OK_,  END, OK_, OK_,  OK_, OK_, OK_,   OK_,  END),
    ROW(lane_close, OUTSIDE, 0,         OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(lane_pending, OUTSIDE, 0,       OK_,  OK_, OK_, OK_,  OK_, OK_, OK_,   OK_,  OK_),
    ROW(processes_take_over, OUTSIDE, 0, OK_, NOT, OK_, OK_, OK_, OK_, OK_, OK_, OK_),
    ROW(processes_create, OUTSIDE, 0, OK_, NOT, OK_, OK_, OK_, OK_, OK_, OK_, OK_),
    ROW(processes_submit, OUTSIDE, 0, OK_, END, OK_, OK_, OK_, OK_, OK_, OK_, OK_),
    ROW(processes_take, OUTSIDE, 0, OK_, OK_, OK_, OK_, OK_, OK_, OK_, OK_, OK_),
    ROW(processes_wait, OUTSIDE, 0, OK_, OK_, OK_, OK_, OK_, OK_, OK_, OK_, OK_),
    ROW(processes_cancel, OUTSIDE, 0, BSY, BSY, BSY, BSY, BSY, BSY, BSY, BSY, BSY),
    ROW(processes_kill, OUTSIDE, 0, BSY, BSY, BSY, BSY, BSY, BSY, BSY, BSY, BSY),
    ROW(processes_fd, OUTSIDE, 0, OK_, OK_, OK_, OK_, OK_, OK_, OK_, OK_, OK_),
    ROW(processes_shutdown, OUTSIDE, 0, OK_, OK_, OK_, OK_, OK_, OK_, OK_, OK_, OK_),
    ROW(processes_stats_get, OUTSIDE, 0, OK_, OK_, OK_, OK_, OK_, OK_, OK_, OK_, OK_),
    ROW(processes_destroy, OUTSIDE, 0, OK_, OK_, OK_, OK_, OK_, OK_, OK_, OK_, OK_),
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

const struct function *find(const char *name) {
    for (int n = 0; n < FUNCTIONS; n++)
        if (strcmp(functions[n].name, name) == 0) return &functions[n];
    fprintf(stderr, "no row for %s\n", name);
    exit(1);
}

static void from_everywhere(const struct function *f) {
    static const char *const kinds[PLACES] = {"outside",     "after-shutdown", "inside-job",
                                              "inside-other", "inside-done",   "inside-drop",
                                              "inside-cancel", "inside-start", "inside-stop"};
    for (int where = 0; where < PLACES; where++) {
        if (f->expected[where] == NOT) continue;
        if (where == START && !(jobring_features() & JOBRING_FEATURE_PTHREAD)) continue;
        begin(f, (enum where)where, "-", kinds[where]);
        judge(f->expected[where]);
        end();
    }
}

static void pools(const struct function *f) {
    const jobring_status null = f == F(destroy) ? JOBRING_OK : INV;
    CELL(f, "pool", "null", null, a->pool = NULL);
    CELL(f, "pool", "misaligned", INV, a->pool = odd_pool(a->pool));
    CELL(f, "pool", "no-pool", INV, a->pool = (jobring_pool *)(void *)zeroed);
    CELL(f, "pool", "destroyed", INV, a->pool = destroyed_pool());
    CELL(f, "pool", "moved", INV, a->pool = moved_pool(a->pool));
}

static void queues(const struct function *f) {
    const jobring_status null = f == F(completions_destroy) ? JOBRING_OK : INV;
    CELL(f, "completions", "null", null, a->completions = NULL);
    CELL(f, "completions", "misaligned", INV, a->completions = odd_queue(a->completions));
    CELL(f, "completions", "no-pool", INV, a->completions = (jobring_completions *)(void *)zeroed);
    CELL(f, "completions", "destroyed", INV, a->completions = destroyed_queue(&cell.place));
    CELL(f, "completions", "moved", INV, a->completions = moved_queue(a->completions));
}

static void handles(const struct function *f) {
    const jobring_status stale = JOBRING_E_STALE;
    CELL(f, "job", "zero", stale, a->job = 0);
    CELL(f, "job", "maximum", stale, a->job = UINT64_MAX);
    CELL(f, "job", "stale", stale, a->job = stale_job(&cell.place));
    CELL(f, "job", "reused", stale, a->job = reused_job(&cell.place));
    CELL(f, "job", "foreign", stale, a->job = foreign_job(&cell.place));
}

void invented(const struct function *f) {
    struct args *const a = begin(f, OUTSIDE, "job", "invented");
    const jobring_job real = a->job;
    for (int bit = 0; bit < 64; bit++) {
        a->job = real ^ UINT64_C(1) << bit;
        judge(JOBRING_E_STALE);
    }
    end();
}

/* The handle of the very job that makes the call, or of that whose callback makes it. In a drop callback that a detach
 * calls the handle is given up already. */
static void own(const struct function *f) {
    static const enum where places[] = {JOB, DONE, DROP, CANCEL};
    static const char *const kinds[] = {"own-in-job", "own-in-done", "own-in-drop", "own-in-cancel"};
    const jobring_status inside = f == F(wait) || f == F(wait_opts) ? JOBRING_E_DEADLOCK
                                  : f == F(cancel)                  ? BSY
                                  : f == F(detach) || f == F(state) || f == F(job_data) ? OK_
                                                                    : JOBRING_PENDING;
    for (int n = 0; n < 4; n++) {
        begin(f, places[n], "job", kinds[n]);
        cell.own = 1;
        judge(places[n] == DROP ? JOBRING_E_STALE : inside);
        end();
    }
}

static void timeouts(const struct function *f) {
    CELL(f, "timeout_ns", "zero", OK_, a->timeout_ns = 0);
    CELL(f, "timeout_ns", "maximum", OK_, a->timeout_ns = INT64_MAX);
    CELL(f, "timeout_ns", "minus-two", INV, a->timeout_ns = -2);
    CELL(f, "timeout_ns", "minimum", INV, a->timeout_ns = INT64_MIN);
}

/* A pointer of its caller's: NULL is fine or not; misaligned never is. */
#define POINTER(f, what, field, null)                                                               \
    do {                                                                                            \
        CELL(f, what, "null", null, a->field = NULL);                                               \
        CELL(f, what, "misaligned", INV, ODD(field));                                               \
    } while (0)

static void submits(const struct function *f) {
    CELL(f, "fn", "null", INV, a->fn = NULL);
    POINTER(f, "job", job_out, OK_);
    CELL(f, "arg", "null", OK_, a->arg = NULL);
}

static void births(void) {
    const struct function *const f = F(init);
    size_t needed, align;
    POINTER(F(create), "pool", pool_out, INV);
    POINTER(f, "pool", pool_out, INV);
    POINTER(F(config_check), "field", field, OK_);
    POINTER(F(layout), "size", size_out, OK_);
    POINTER(F(layout), "align", align, OK_);
    CELL(F(struct_init), "structure", "null", INV, a->structure = NULL);
    CELL(F(struct_init), "structure", "misaligned", INV, ODD(structure));
    CELL(F(struct_init), "size", "zero", INV, a->structure_size = 0);
    CELL(F(struct_init), "size", "short", INV, a->structure_size = sizeof(uint32_t) - 1);
    CELL(F(struct_init), "size", "4097", INV, a->structure_size = 4097);
    CELL(F(struct_init), "size", "maximum", INV, a->structure_size = SIZE_MAX);
    CELL_THEN(F(struct_init), "size", "4096", OK_, a->structure_size = 4096,
              CHECK(a->out.config.known.size == 4096 && all_are(&a->out.config, sizeof(uint32_t), 4096, 0)
                    && all_are(&a->out.config, 4096, sizeof a->out.config, 0xA5)));

    CELL(f, "memory", "null", INV, a->memory = NULL);
    CELL(f, "memory", "misaligned", OK_, ODD(memory); a->memory_size--);
    CELL(f, "size", "zero", JOBRING_E_SIZE, a->memory_size = 0);
    CELL(f, "size", "short", JOBRING_E_SIZE, OK(jobring_layout(a->config, &needed, &align));
         a->memory = (void *)(((uintptr_t)a->memory + align - 1) / align * align); a->memory_size = needed - 1);
    CELL(f, "size", "exact", OK_, OK(jobring_layout(a->config, &needed, &align));
         a->memory = (void *)(((uintptr_t)a->memory + align - 1) / align * align); a->memory_size = needed);
    CELL(f, "size", "maximum", OK_, a->memory_size = SIZE_MAX);
}

static void queue_births(void) {
    const struct function *const limited[] = {F(completions_create), F(completions_init)};
    const struct function *const f = F(completions_init);
    size_t needed, align;
    for (int n = 0; n < 2; n++) {
        POINTER(limited[n], "completions", completions_out, INV);
        CELL(limited[n], "limit", "zero", OK_, a->limit = 0);
        CELL(limited[n], "limit", "maximum", OK_, a->limit = UINT32_MAX);
    }
    POINTER(F(completions_fd), "fd", fd, INV);
    POINTER(F(completions_layout), "size", size_out, OK_);
    POINTER(F(completions_layout), "align", align, OK_);
    CELL(f, "memory", "null", INV, a->memory = NULL);
    CELL(f, "memory", "misaligned", OK_, ODD(memory); a->memory_size--);
    CELL(f, "size", "zero", JOBRING_E_SIZE, a->memory_size = 0);
    CELL(f, "size", "short", JOBRING_E_SIZE, OK(jobring_completions_layout(a->pool, &needed, &align));
         a->memory = (void *)(((uintptr_t)a->memory + align - 1) / align * align); a->memory_size = needed - 1);
    CELL(f, "size", "exact", OK_, OK(jobring_completions_layout(a->pool, &needed, &align));
         a->memory = (void *)(((uintptr_t)a->memory + align - 1) / align * align); a->memory_size = needed);
    CELL(f, "size", "maximum", OK_, a->memory_size = SIZE_MAX);
}

static void items(void) {
    const struct function *const made[] = {F(queue_layout), F(queue_init)};
    const struct function *const used[] = {F(queue_try_push), F(queue_try_pop), F(queue_push),
                                           F(queue_pop),      F(queue_len),     F(queue_close)};
    const struct function *const f = F(queue_init);
    size_t needed, align;
    for (int n = 0; n < 2; n++) {
        CELL(made[n], "capacity", "zero", INV, a->capacity = 0);
        CELL(made[n], "capacity", "three", INV, a->capacity = 3);
        CELL(made[n], "capacity", "maximum", INV, a->capacity = SIZE_MAX);
        CELL(made[n], "item_size", "zero", INV, a->item_size = 0);
        CELL(made[n], "item_size", "maximum", JOBRING_E_SIZE, a->item_size = SIZE_MAX);
    }
    for (int n = 0; n < 6; n++) {
        CELL(used[n], "queue", "null", INV, a->queue = NULL);
        CELL(used[n], "queue", "misaligned", INV, a->queue = odd_items(a->queue));
        CELL(used[n], "queue", "no-queue", INV, a->queue = (jobring_queue *)(void *)zeroed);
        CELL(used[n], "queue", "moved", INV, a->queue = moved_items(a->queue));
        if (n < 4) CELL(used[n], "item", "null", INV, a->item = NULL);
    }
    POINTER(F(queue_layout), "size", size_out, OK_);
    POINTER(F(queue_layout), "align", align, OK_);
    POINTER(f, "queue", queue_out, INV);
    POINTER(F(queue_len), "len", len, OK_);
    POINTER(F(queue_len), "capacity", capacity_out, OK_);
    CELL(f, "memory", "null", INV, a->memory = NULL);
    CELL(f, "memory", "misaligned", OK_, ODD(memory); a->memory_size--);
    CELL(f, "size", "zero", JOBRING_E_SIZE, a->memory_size = 0);
    CELL(f, "size", "short", JOBRING_E_SIZE, OK(jobring_queue_layout(a->capacity, a->item_size, &needed, &align));
         a->memory = (void *)(((uintptr_t)a->memory + align - 1) / align * align); a->memory_size = needed - 1);
    CELL(f, "size", "exact", OK_, OK(jobring_queue_layout(a->capacity, a->item_size, &needed, &align));
         a->memory = (void *)(((uintptr_t)a->memory + align - 1) / align * align); a->memory_size = needed);
    CELL(f, "size", "maximum", OK_, a->memory_size = SIZE_MAX);
}

static void lanes(void) {
    enum { IS_64 = sizeof(void *) == 8, MOST = IS_64 ? 1048575 : 1023, WIDEST = IS_64 ? 262142 : 14 };
    const struct function *const f = F(lane_init);
    POINTER(f, "lane", lane_out, INV);
    CELL(f, "width", "zero", INV, a->width = 0);
    CELL(f, "width", "maximum", INV, a->width = UINT32_MAX);
    CELL_THEN(f, "width", "beyond", INV, a->width = WIDEST + 1, a->width = WIDEST; judge(OK_));
    CELL(f, "capacity", "zero", INV, a->capacity = 0);
    CELL(f, "capacity", "maximum", INV, a->capacity = UINT32_MAX);
    CELL_THEN(f, "capacity", "beyond", INV, a->capacity = MOST, a->capacity = MOST - 1; judge(OK_));

    const struct function *const of_lane[] = {F(lane_submit), F(lane_close), F(lane_pending)};
    for (int n = 0; n < 3; n++) {
        const struct function *const of = of_lane[n];
        CELL(of, "lane", "null", INV, a->lane = NULL);
        CELL(of, "lane", "misaligned", INV, a->lane = odd_lane(a->lane));
        CELL(of, "lane", "not-made", INV, a->lane = (jobring_lane *)(void *)zeroed);
        CELL(of, "lane", "moved", INV, a->lane = moved_lane(a->lane));
        CELL(of, "lane", "closed", n == 0 ? END : OK_, a->lane = closed_lane(&cell.place));
    }
    CELL(F(lane_submit), "options", "run-when-full", INV, a->given_options.known.when_full = JOBRING_WHEN_FULL_RUN);
    CELL(F(lane_close), "mode", "zero", OK_, a->mode = 0);
    CELL(F(lane_close), "mode", "maximum", INV, a->mode = UINT32_MAX);
    POINTER(F(lane_pending), "pending", pending, INV);
}

static void rest(void) {
    static jobring_watched moved;
    CELL(F(status_text), "status", "zero", OK_, a->status = 0);
    CELL(F(status_text), "status", "maximum", OK_, a->status = INT32_MAX);
    CELL(F(status_text), "status", "minimum", OK_, a->status = INT32_MIN);
    CELL(F(shutdown), "mode", "zero", OK_, a->mode = 0);
    CELL(F(shutdown), "mode", "maximum", INV, a->mode = UINT32_MAX);
    POINTER(F(shutdown), "report", report, OK_);

    POINTER(F(wait), "result", result, OK_);
    POINTER(F(poll), "result", result, OK_);
    POINTER(F(watched_init), "watched", watched, INV);
    POINTER(F(watch), "watched", watched, INV);
    CELL(F(watch), "watched", "not-made", INV, a->watched = (jobring_watched *)(void *)zeroed);
    CELL(F(watch), "watched", "moved", INV, moved = a->given_watched; a->watched = &moved);
    POINTER(F(watch), "node", node, INV);
    CELL(F(watch), "node", "without-done", INV, a->given_node.done = NULL);
    CELL(F(watch), "node", "reserved", INV, a->given_node.reserved[1] = a);
    POINTER(F(state), "state", state, INV);
    POINTER(F(job_data), "data", result, INV);
    POINTER(F(now), "now_ns", now, INV);
    CELL(F(fail), "code", "zero", OK_, a->code = 0);
    CELL(F(fail), "code", "maximum", OK_, a->code = INT32_MAX);
    CELL(F(fail), "code", "minimum", OK_, a->code = INT32_MIN);
    CELL(F(fail), "text", "null", OK_, a->text = NULL);
    const struct function *const loops[] = {F(parallel_for), F(parallel_for_opts)};
    for (int n = 0; n < 2; n++) {
        CELL_THEN(loops[n], "count", "zero", OK_, a->count = 0, CHECK(a->out.stopped == 0));
        CELL_THEN(loops[n], "count", "maximum", OK_, a->count = SIZE_MAX, CHECK(a->out.stopped == 0));
        CELL(loops[n], "body", "null", INV, a->body = NULL);
        CELL(loops[n], "ctx", "null", OK_, a->ctx = NULL);
        POINTER(loops[n], "stopped", stopped, OK_);
    }
    const struct function *const of_interrupt[] = {F(interrupt_begin), F(interrupt_raise), F(interrupt_reset)};
    for (int n = 0; n < 3; n++) POINTER(of_interrupt[n], "interrupt", interrupt, INV);
    POINTER(F(interrupt_begin), "scope", scope, INV);
    POINTER(F(interrupt_end), "scope", scope, INV);
    CELL(F(parallel_for), "grain", "zero", OK_, a->grain = 0);
    CELL(F(parallel_for), "grain", "maximum", OK_, a->grain = SIZE_MAX);
    POINTER(F(run_until_idle), "ran", ran, OK_);
    POINTER(F(cancel_all), "cancelled", ran, OK_);
    POINTER(F(info_get), "info", info, INV);
    POINTER(F(stats_get), "stats", stats, INV);
    POINTER(F(current_job), "job", job_out, INV);
    POINTER(F(worker_index), "index", index_out, INV);
    const struct function *const of_worker[] = {F(worker_stack), F(worker_get)};
    for (int n = 0; n < 2; n++) {
        CELL(of_worker[n], "index", "zero", OK_, a->index = 0);
        CELL(of_worker[n], "index", "maximum", INV, a->index = UINT32_MAX);
    }
    POINTER(F(worker_stack), "size", size_out, OK_);
    POINTER(F(worker_stack), "used", used, OK_);
    CELL(F(workers_set), "workers", "zero", OK_, a->workers = 0);
    CELL(F(workers_set), "workers", "maximum", INV, a->workers = UINT32_MAX);
    POINTER(F(stack_min), "bytes", bytes, INV);
    POINTER(F(cpus), "cpus", cpus, INV);
    POINTER(F(worker_get), "worker", worker, INV);
}

int main(void) {
    const struct function *const with_handle[] = {F(wait), F(wait_opts), F(poll), F(state), F(job_data), F(cancel), F(detach)};
    const struct function *const with_fn[] = {F(submit), F(try_submit), F(try_submit_isr), F(submit_opts),
                                               F(submit_cancellable), F(completions_submit), F(lane_submit)};
    const struct function *const with_timeout[] = {F(shutdown), F(wait), F(wait_idle), F(completions_take), F(lane_close),
                                                  F(queue_push), F(queue_pop), F(workers_set)};
    const struct function *const on_queue[] = {F(completions_submit), F(completions_take), F(completions_fd), F(completions_arm),
                                               F(completions_destroy)};
    /* In a copy that a pool has started it does not return. */
    (void)has_processes();
    others_made();
    for (int n = 0; n < FUNCTIONS; n++) {
        from_everywhere(&functions[n]);
        if (functions[n].on_pool) pools(&functions[n]);
    }
    for (size_t n = 0; n < sizeof with_handle / sizeof *with_handle; n++) {
        handles(with_handle[n]);
        invented(with_handle[n]);
        own(with_handle[n]);
    }
    for (size_t n = 0; n < sizeof with_fn / sizeof *with_fn; n++) submits(with_fn[n]);
    for (size_t n = 0; n < sizeof with_timeout / sizeof *with_timeout; n++) timeouts(with_timeout[n]);
    for (size_t n = 0; n < sizeof on_queue / sizeof *on_queue; n++) queues(on_queue[n]);
    births();
    queue_births();
    items();
    lanes();
    structs();
    rest();
    processes();
    others_ended();
    return 0;
}
