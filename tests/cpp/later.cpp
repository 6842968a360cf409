// What jobring.hpp has for C++20: coroutines and stop tokens.
#include "check.hpp"

#include <string>
#include <thread>

/// A coroutine that starts at once, and tells when it has ended.
struct task {
    struct promise_type {
        task get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

static task sums_up(jobring::pool &pool, int &sum, gate &ended) {
    const int here = 20;
    sum = co_await pool.submit([&] { return here + 1; });
    const std::string text = co_await pool.submit([] { return std::string(60, 'x'); });
    const auto owned = co_await pool.submit([] { return std::make_unique<int>(5); }).then([](std::unique_ptr<int> p) { return p; });
    co_await pool.submit([] {});
    sum += *owned + static_cast<int>(text.size());
    // One that has ended.
    auto over = pool.submit([] { return 1; });
    over.wait();
    sum += co_await std::move(over);
    ended.open();
}

static task catches(jobring::pool &pool, std::string &what, gate &ended) {
    try {
        co_await pool.submit([] { throw std::string("thrown"); });
        never();
    } catch (const std::string &text) {
        what = text;
    }
    ended.open();
}

static task is_cancelled(jobring::future<int> job, jobring_status &status) {
    try {
        co_await std::move(job);
        never();
    } catch (const jobring::error &error) {
        status = error.status();
    }
}

static void coroutines_go_on_when_jobs_end() {
    jobring::pool pool(2);
    for (int n = 0; n < 300; n++) {
        int sum = 0;
        std::string what;
        gate both[2];
        sums_up(pool, sum, both[0]);
        catches(pool, what, both[1]);
        both[0].pass();
        both[1].pass();
        CHECK(sum == 87 && what == "thrown");
        pool.wait_idle();
    }
    held one;
    jobring_status status = JOBRING_PENDING;
    auto job = one.pool.submit([] { return 1; });
    const jobring_job handle = job.native_handle();
    is_cancelled(std::move(job), status);
    CHECK(status == JOBRING_PENDING && jobring_cancel(one.pool.native_handle(), handle) == JOBRING_OK);
    CHECK(status == JOBRING_E_CANCELLED);
}

/// A coroutine that its owner destroys while it waits.
struct owned {
    struct promise_type {
        owned get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
};

static owned waits(jobring::pool &pool) {
    co_await pool.submit([] { return std::string(40, 'y'); });
    never();
}

static void a_coroutine_may_be_destroyed_while_it_waits() {
    held one;
    for (int n = 0; n < 20; n++) waits(one.pool).handle.destroy();
    one.release();
    one.pool.wait_idle();
}

static void a_job_sees_a_stop() {
    jobring::pool pool(1);
    gate in;
    auto job = pool.submit([&](const std::stop_token &stop, int n) {
        in.open();
        while (!stop.stop_requested()) std::this_thread::yield();
        return n;
    }, 7);
    in.pass();
    CHECK(!job.cancel() && job.get() == 7);
    gate again;
    auto followed = pool.submit([&](const std::stop_token &stop) {
        again.open();
        while (!stop.stop_requested()) std::this_thread::yield();
        return 2;
    }).then([](int n) { return n + 1; });
    again.pass();
    CHECK(!followed.cancel() && followed.get() == 3);
    // One that is queued is cancelled instead.
    held one;
    auto queued = one.pool.submit([](const std::stop_token &) -> int { never(); }).then([](int n) { return n; });
    CHECK(queued.cancel() && queued.status() == JOBRING_E_CANCELLED);
}

static void a_stop_ends_a_wait() {
    held one;
    auto job = one.pool.submit([] { return 4; });
    std::stop_source stop;
    std::thread stopper([&] { stop.request_stop(); });
    CHECK(!job.wait(stop.get_token()) && job.valid());
    stopper.join();
    CHECK(!job.wait(stop.get_token()));
    one.release();
    CHECK(job.wait(std::stop_source().get_token()) && job.wait(std::stop_token()) && job.get() == 4);
}

static void options_have_names() {
    jobring::pool pool({.workers = 2, .capacity = 16, .name = "cxx"});
    CHECK(pool.submit([] { return 1; }).get() == 1);
}

int main() {
    alarm(300);
    coroutines_go_on_when_jobs_end();
    a_coroutine_may_be_destroyed_while_it_waits();
    a_job_sees_a_stop();
    a_stop_ends_a_wait();
    options_have_names();
}
