// What the programs of this folder share.
#ifndef JOBRING_TEST_CHECK_HPP
#define JOBRING_TEST_CHECK_HPP

#include "jobring.hpp"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>

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
