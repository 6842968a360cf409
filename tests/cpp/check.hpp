// What the programs of this folder share.
#ifndef JOBRING_TEST_CHECK_HPP
#define JOBRING_TEST_CHECK_HPP

#include "jobring.hpp"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                               \
            std::_Exit(1);                                                                                             \
        }                                                                                                              \
    } while (false)

/// Code that is not reached.
[[noreturn]] inline void never() {
    std::fputs("code was called that must not be\n", stderr);
    std::_Exit(1);
}

/// A wait that ends.
constexpr std::chrono::minutes a_while(2);

/// Yields until f() is true.
template <class F> void until(F f) {
    const auto end = std::chrono::steady_clock::now() + a_while;
    while (!f()) {
        CHECK(std::chrono::steady_clock::now() < end);
        std::this_thread::yield();
    }
}

/// Does a thread of this process sleep? One that is known to be about to make a call then sleeps inside of it.
inline bool sleeps(pid_t thread) {
    std::FILE *const file = std::fopen(("/proc/self/task/" + std::to_string(thread) + "/stat").c_str(), "r");
    if (!file) return false;
    char line[256];
    const bool is_read = std::fgets(line, sizeof line, file) != nullptr;
    std::fclose(file);
    // "number (name) S ...": the name may have anything in it.
    const char *const close = is_read ? std::strrchr(line, ')') : nullptr;
    return close && close[1] == ' ' && close[2] == 'S';
}

/// A gate that is opened once.
class gate {
public:
    void open() {
        const std::lock_guard<std::mutex> lock(mutex_);
        is_open_ = true;
        opened_.notify_all();
    }
    void pass() {
        std::unique_lock<std::mutex> lock(mutex_);
        CHECK(opened_.wait_for(lock, a_while, [this] { return is_open_; }));
    }

private:
    std::mutex mutex_;
    std::condition_variable opened_;
    bool is_open_ = false;
};

/// A pool whose only worker waits at a gate.
class held {
public:
    explicit held(jobring::options options = {}) : pool(with_one(options)), job_(pool.submit([this] { stays(); })) { in_.pass(); }
    ~held() { release(); }
    void release() {
        if (!job_.valid()) return;
        out_.open();
        job_.get();
    }

private:
    static jobring::options with_one(jobring::options options) {
        options.workers = 1;
        return options;
    }
    void stays() {
        in_.open();
        out_.pass();
    }
    gate in_, out_;

public:
    jobring::pool pool;

private:
    jobring::future<void> job_;
};

#endif
