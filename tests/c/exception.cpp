// A C++ exception that leaves a job, a callback or a hook ends the process, on every thread: nothing above the library
// can catch it. The argument says which; the program prints "thrown", and must print nothing after that.
#include "jobring.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <stdexcept>
#include <unistd.h>

namespace {

struct Unwound {
    ~Unwound() { std::fputs("unwound ", stderr); }
};

[[noreturn]] void leave() {
    std::puts("thrown");
    std::fflush(stdout);
    throw std::runtime_error("left a job");
}

void *job(void *) { leave(); }
void *job_noexcept(void *) noexcept { leave(); }
void *identity(void *arg) { return arg; }
void done(void *, const jobring_outcome *) { leave(); }
void drop(void *, jobring_status) { leave(); }
jobring_status on_start(void *, uint32_t) {
    leave();
    return JOBRING_OK;
}
void on_stop(void *, uint32_t) { leave(); }

void move(void *, void *, size_t) { leave(); }
void copy(void *to, void *from, size_t size) { std::memcpy(to, from, size); }

jobring_pool *pool;

void ok(jobring_status status) {
    if (status == JOBRING_OK) return;
    std::fprintf(stderr, "status %d\n", static_cast<int>(status));
    std::_Exit(2);
}

jobring_config plain(uint32_t backend) {
    jobring_config config = JOBRING_CONFIG_INIT;
    config.backend = backend;
    config.workers = backend ? 1 : JOBRING_WORKERS_NONE;
    config.capacity = 1;
    return config;
}

void make(uint32_t backend = JOBRING_BACKEND_DEFAULT) {
    const jobring_config config = plain(backend);
    ok(jobring_create(&config, &pool));
}

jobring_done_node node = {nullptr, done, nullptr, {nullptr, nullptr}};

jobring_job submit(jobring_fn fn, jobring_done_fn at_end = nullptr, jobring_drop_fn at_drop = nullptr,
                   jobring_done_node *nodes = nullptr) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_job handle;
    options.done = at_end;
    options.drop = at_drop;
    options.nodes = nodes;
    ok(jobring_submit_opts(pool, fn, &pool, &options, &handle));
    return handle;
}

void wait(jobring_job handle) { ok(jobring_wait(pool, handle, JOBRING_FOREVER, nullptr)); }

// Which code throws, and on which thread.
void on_worker(uint32_t backend, jobring_fn fn) {
    make(backend);
    wait(submit(fn));
}

void in_done_on_worker(uint32_t backend) {
    make(backend);
    wait(submit(identity, done));
}

void in_hook(uint32_t backend, bool start) {
    jobring_config config = plain(backend);
    if (start)
        config.on_start = on_start;
    else
        config.on_stop = on_stop;
    ok(jobring_create(&config, &pool));
    ok(jobring_destroy(pool));
}

void in_run_here(const char *what) {
    const bool in_callback = std::strstr(what, "done") || std::strstr(what, "drop") || std::strstr(what, "node");
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    options.when_full = JOBRING_WHEN_FULL_RUN;
    if (std::strstr(what, "done")) options.done = done;
    if (std::strstr(what, "drop")) options.drop = drop;
    if (std::strstr(what, "node")) options.nodes = &node;
    make();
    submit(identity);
    ok(jobring_submit_opts(pool, in_callback ? identity : job, &pool, &options, nullptr));
}

void *waits(void *) {
    wait(submit(job));
    return nullptr;
}

void in_job_that_waits() {
    jobring_config config = plain(JOBRING_BACKEND_DEFAULT);
    config.workers = 1;
    config.capacity = 2;
    ok(jobring_create(&config, &pool));
    wait(submit(waits));
}

// One of two shares throws, on the thread that is wanted; the other stays where it is.
pthread_t caller;
bool on_caller;

int32_t body(void *, size_t, size_t) {
    if ((pthread_equal(caller, pthread_self()) != 0) == on_caller) leave();
    for (;;) pause();
}

void in_body(uint32_t backend, bool on_callers_thread) {
    caller = pthread_self();
    on_caller = on_callers_thread;
    make(backend);
    ok(jobring_parallel_for(pool, 2, 1, body, nullptr, nullptr));
}

void in_callback(const char *what) {
    const bool in_done = std::strstr(what, "done") != nullptr, in_node = std::strstr(what, "node") != nullptr;
    make();
    const jobring_job handle = submit(identity, in_done ? done : nullptr, in_done || in_node ? nullptr : drop,
                                      in_node ? &node : nullptr);
    if (std::strstr(what, "cancel")) ok(jobring_cancel(pool, handle));
    if (std::strstr(what, "discard")) ok(jobring_shutdown(pool, JOBRING_DISCARD, JOBRING_FOREVER, nullptr));
    if (std::strstr(what, "run")) ok(jobring_run_one(pool));
    if (std::strstr(what, "detach")) {
        ok(jobring_run_one(pool));
        ok(jobring_detach(pool, handle));
    }
    if (std::strstr(what, "destroy")) {
        ok(jobring_run_one(pool));
        ok(jobring_destroy(pool));
    }
}

// A value that throws on its way into a slot, or its result on the way out.
void in_move(bool into) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    jobring_outcome outcome = JOBRING_OUTCOME_INIT;
    jobring_job handle;
    int value = 0;
    options.copy = sizeof value;
    options.move = into ? move : copy;
    outcome.data = &value;
    outcome.move = move;
    make();
    ok(jobring_submit_opts(pool, identity, &value, &options, &handle));
    ok(jobring_wait_opts(pool, handle, nullptr, &outcome));
}

void act(const char *what) {
    const uint32_t backend = std::strstr(what, "pthread") ? JOBRING_BACKEND_PTHREAD : JOBRING_BACKEND_STD;
    const auto is = [what](const char *name) { return std::strncmp(what, name, std::strlen(name)) == 0; };
    if (is("worker")) on_worker(backend, job);
    else if (is("noexcept")) on_worker(backend, job_noexcept);
    else if (is("done-on-worker")) in_done_on_worker(backend);
    else if (is("start-hook")) in_hook(backend, true);
    else if (is("stop-hook")) in_hook(backend, false);
    else if (is("body-on-caller")) in_body(backend, true);
    else if (is("body-on-worker")) in_body(backend, false);
    else if (is("run-here")) in_run_here(what);
    else if (is("job-that-waits")) in_job_that_waits();
    else if (is("callback")) in_callback(what);
    else if (is("move")) in_move(std::strstr(what, "into") != nullptr);
    else {
        make();
        const jobring_job handle = submit(job);
        if (is("run-one")) ok(jobring_run_one(pool));
        else if (is("run-until-idle")) ok(jobring_run_until_idle(pool, nullptr));
        else if (is("wait")) wait(handle);
        else if (is("submit")) ok(jobring_submit(pool, identity, nullptr, nullptr));
        else if (is("shutdown")) ok(jobring_shutdown(pool, JOBRING_DRAIN, JOBRING_FOREVER, nullptr));
        else if (is("destroy")) ok(jobring_destroy(pool));
        else if (is("enter-worker")) ok(jobring_enter_worker(pool));
        else std::_Exit(3);
    }
}

}  // namespace

int main(int, char **arguments) {
    alarm(60);
    try {
        const Unwound above;
        act(arguments[1]);
        std::puts("returned");
    } catch (...) {
        std::puts("caught");
    }
    std::fflush(stdout);
    std::_Exit(0);
}
