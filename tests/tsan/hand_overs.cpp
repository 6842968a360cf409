// C++ values that go to a job and come back: what they point to is written and read by plain accesses.
#include "jobring.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace {

void check(bool right, int line) {
    if (right) return;
    std::fprintf(stderr, "line %d\n", line);
    std::abort();
}
#define CHECK(right) check((right), __LINE__)
#define OK(call) CHECK((call) == JOBRING_OK)

using Words = std::unique_ptr<std::vector<std::string>>;

void move_words(void *to, void *from, size_t size) {
    CHECK(size == sizeof(Words));
    Words *old = static_cast<Words *>(from);
    new (to) Words(std::move(*old));
    old->~Words();
}

void *add_a_word(void *at) {
    (*static_cast<Words *>(at))->emplace_back("from a job, and too long to lie in the string itself");
    return at;
}

// A vector is moved into a slot, grows in the job, and is moved out again.
void there_and_back(jobring_pool *pool) {
    alignas(Words) unsigned char room[sizeof(Words)];
    Words words = std::make_unique<std::vector<std::string>>();
    for (size_t n = 0; n < 100; n++) {
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
        jobring_outcome outcome = JOBRING_OUTCOME_INIT;
        jobring_job job;
        options.copy = sizeof(Words), options.move = move_words;
        new (room) Words(std::move(words));
        OK(jobring_submit_opts(pool, add_a_word, room, &options, &job));
        outcome.data = room, outcome.move = move_words;
        OK(jobring_wait_opts(pool, job, nullptr, &outcome));
        Words *back = std::launder(reinterpret_cast<Words *>(room));
        words = std::move(*back);
        back->~Words();
        CHECK(words->size() == n + 1 && words->back() == words->front());
    }
}

// A lambda on the heap, which the job deletes; its result is a vector that the waiter deletes.
void closures(jobring_pool *pool) {
    std::vector<jobring_job> jobs;
    for (int n = 0; n < 100; n++) {
        auto body = [numbers = std::make_shared<std::vector<int>>(10, n)] { return std::accumulate(numbers->begin(), numbers->end(), 0); };
        using Body = decltype(body);
        jobs.emplace_back();
        OK(jobring_submit(
            pool,
            [](void *arg) -> void * {
                std::unique_ptr<Body> body(static_cast<Body *>(arg));
                return new std::vector<int>(3, (*body)());
            },
            new Body(std::move(body)), &jobs.back()));
    }
    for (int n = 0; n < 100; n++) {
        void *result;
        OK(jobring_wait(pool, jobs[static_cast<size_t>(n)], JOBRING_FOREVER, &result));
        std::unique_ptr<std::vector<int>> numbers(static_cast<std::vector<int> *>(result));
        CHECK(numbers->size() == 3 && numbers->front() == 10 * n);
    }
}

void loop(jobring_pool *pool) {
    std::vector<std::string> lines(10000);
    OK(jobring_parallel_for(
        pool, lines.size(), 10,
        [](void *ctx, size_t from, size_t to) -> int32_t {
            auto &lines = *static_cast<std::vector<std::string> *>(ctx);
            for (size_t n = from; n < to; n++) lines[n] = std::to_string(n);
            return 0;
        },
        &lines, nullptr));
    for (size_t n = 0; n < lines.size(); n++) CHECK(lines[n] == std::to_string(n));
}

} // namespace

int main() {
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool;
    config.workers = 2;
    OK(jobring_create(&config, &pool));
    there_and_back(pool);
    closures(pool);
    loop(pool);
    OK(jobring_destroy(pool));
    std::puts("played");
}
