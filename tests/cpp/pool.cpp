// All of jobring.hpp that C++17 has.
#include "check.hpp"

#include <array>
#include <list>
#include <numeric>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <thread>

// How often the program has allocated, and the blocks that it has now.
static std::atomic<long> allocations{0}, blocks{0};
// Is this thread's next allocation refused?
static thread_local bool refuse_next = false;

static bool is_refused() { return std::exchange(refuse_next, false); }

__attribute__((noinline)) static void *allocate(std::size_t size) {
    allocations++;
    blocks++;
    void *const at = std::malloc(size);
    CHECK(at != nullptr);
    return at;
}
void *operator new(std::size_t size) {
    if (is_refused()) throw std::bad_alloc();
    return allocate(size);
}
void *operator new(std::size_t size, const std::nothrow_t &) noexcept { return is_refused() ? nullptr : allocate(size); }
void *operator new(std::size_t size, std::align_val_t align) {
    if (is_refused()) throw std::bad_alloc();
    allocations++;
    blocks++;
    const auto boundary = static_cast<std::size_t>(align);
    void *const at = std::aligned_alloc(boundary, (size + boundary - 1) / boundary * boundary);
    CHECK(at != nullptr);
    return at;
}
__attribute__((noinline)) static void give_back(void *at) {
    if (at) blocks--;
    std::free(at);
}
void operator delete(void *at) noexcept { give_back(at); }
void operator delete(void *at, std::size_t) noexcept { give_back(at); }
void operator delete(void *at, std::align_val_t) noexcept { give_back(at); }
void operator delete(void *at, std::size_t, std::align_val_t) noexcept { give_back(at); }

/// The allocations during f.
template <class F> static long allocated(F &&f) {
    const long before = allocations;
    std::forward<F>(f)();
    return allocations - before;
}

/// A value that knows where it is, and counts how many there are.
struct counted {
    static inline std::atomic<int> alive{0};
    counted *self = this;
    int number;

    explicit counted(int n) : number(n) { alive++; }
    counted(counted &&other) noexcept : number(other.number) {
        CHECK(other.self == &other);
        alive++;
    }
    counted &operator=(counted &&) = delete;
    ~counted() {
        CHECK(self == this);
        alive--;
    }
};

/// Its move may throw.
struct fragile {
    int number;
    explicit fragile(int n) : number(n) {}
    fragile(const fragile &other) noexcept(false) : number(other.number) {}
};

/// As small as a pointer, but its move may throw.
struct small_and_fragile {
    int number;
    explicit small_and_fragile(int n) : number(n) {}
    small_and_fragile(const small_and_fragile &) = default;
    template <class T> small_and_fragile(T &&other) noexcept(false) : number(other.number) {}
};

/// As large as a result may be, except that its alignment leaves less room.
struct alignas(16) aligned {
    char room[48];
};

/// Types that know too much: their operators, and functions of their namespace, are not what a library expects.
namespace strange {
struct value {
    int number;
    value *operator&() = delete;
    template <class T> void operator,(T &&) = delete;
};
template <class T> int value_of(T &&) = delete;
template <class R, class F> R call(F &&) = delete;
template <class R, class T> R unpack(T &&) = delete;
template <class F> int guard(F &&) = delete;
}  // namespace strange

/// It is called with what it was made from, not with a list of that.
struct listed {
    int number;
    explicit listed(int n) : number(n) {}
    listed(std::initializer_list<listed>) : number(-1) {}
    listed(const listed &) = default;
    int operator()() const { return number; }
};

struct [[nodiscard]] noted {};

struct alignas(64) wide {
    int number;
};

/// What a call throws.
template <class E, class F> static E thrown_by(F &&f) {
    try {
        std::forward<F>(f)();
    } catch (E &error) {
        return std::move(error);
    }
    never();
}

static void results_come_as_they_are(jobring::pool &pool) {
    CHECK(pool.submit([] { return 42; }).get() == 42);
    pool.submit([] {}).get();
    int here = 1;
    int &there = pool.submit([&here]() -> int & { return here; }).get();
    CHECK(&there == &here);
    CHECK(pool.submit([] { return std::string(100, 'x'); }).get() == std::string(100, 'x'));
    CHECK(*pool.submit([p = std::make_unique<int>(7)]() mutable { return std::move(p); }).get() == 7);
    CHECK(pool.submit([] { return counted(3); }).get().number == 3);
    CHECK(pool.submit([] { return fragile(4); }).get().number == 4);
    CHECK(pool.submit([f = fragile(5)] { return f.number; }).get() == 5);
    const wide result = pool.submit([w = wide{6}] { return w; }).get();
    CHECK(result.number == 6 && reinterpret_cast<std::uintptr_t>(&result) % 64 == 0);
    CHECK(pool.submit([] { return nullptr; }).get() == nullptr);
    CHECK(pool.submit([] { return small_and_fragile(8); }).get().number == 8);
    CHECK(pool.submit([] { return aligned{{9}}; }).get().room[0] == 9);
    CHECK(pool.submit([] { return strange::value{10}; }).then([](strange::value v) { return v.number; }).get() == 10);
    CHECK(pool.submit([] { return std::string("four"); }).then(&std::string::size).get() == 4);
    CHECK(pool.submit(listed(11)).get() == 11 && pool.submit([](auto... all) { return (all + ...); }, 5, 7).get() == 12);
    pool.detach([] { return noted(); });
    pool.scope([](jobring::scope &scope) {
        scope.spawn([] { return noted(); });
        return noted();
    });
}

struct adder {
    int base;
    int add(int more) const { return base + more; }
    int operator()(int more) && { return base * more; }
};

static void arguments_are_kept_as_a_thread_keeps_them(jobring::pool &pool) {
    int seen = 0;
    pool.submit([](int &to, std::unique_ptr<int> from) { to = *from; }, std::ref(seen), std::make_unique<int>(9)).get();
    CHECK(seen == 9);
    const adder ten{10};
    CHECK(pool.submit(&adder::add, &ten, 5).get() == 15);
    CHECK(pool.submit(&adder::add, ten, 6).get() == 16);
    CHECK(pool.submit(&adder::base, ten).get() == 10);
    CHECK(pool.submit(adder{3}, 4).get() == 12);
    const std::string text = "text";
    CHECK(pool.submit([](std::string s) { return s.size(); }, text).get() == 4 && text == "text");
}

static void what_fits_is_not_allocated(jobring::pool &pool) {
    std::array<char, 48> fits{};
    // One more is too much on 64-bit targets, where the library's words are larger.
    constexpr std::size_t too_large = sizeof(void *) == 8 ? 49 : 65;
    std::array<char, too_large> does_not{};
    fits[47] = does_not[48] = 'z';
    char got = 0;
    CHECK(allocated([&] { got = pool.submit([fits] { return fits; }).get()[47]; }) == 0 && got == 'z');
    CHECK(allocated([&] { pool.submit([] { return counted(1); }).get(); }) == 0);
    CHECK(allocated([&] { pool.detach([fits] { CHECK(fits[47] == 'z'); }); }) == 0);
    CHECK(allocated([&] { pool.try_submit([fits] { return fits[0]; }).get(); }) == 0);
    CHECK(allocated([&] { got = pool.submit([does_not] { return does_not[48]; }).get(); }) == 1 && got == 'z');
    CHECK(allocated([&] { got = pool.submit([] { return std::array<char, too_large>{}; }).get()[3]; }) == 1 && got == 0);
    CHECK(allocated([&] { pool.submit([f = fragile(2)] { return f.number; }).get(); }) == 1);
    CHECK(allocated([&] { pool.submit([&got] { got = 'y'; }).then([] {}).get(); }) == 1);
    pool.wait_idle();
}

static void an_exception_comes_as_it_was(jobring::pool &pool) {
    jobring::future<int> failing = pool.submit([]() -> int { throw std::out_of_range("far"); });
    failing.wait();
    CHECK(failing.status() == JOBRING_E_FAILED);
    CHECK(std::string(thrown_by<std::out_of_range>([&] { failing.get(); }).what()) == "far" && !failing.valid());
    CHECK(thrown_by<int>([&] { pool.submit([]() -> counted { throw 5; }).get(); }) == 5);
    CHECK(thrown_by<int>([&] { pool.submit([d = std::array<char, 100>{}] { throw 6 + d[0]; }).get(); }) == 6);
    // One that nobody asks for goes with its job.
    { auto given_up = pool.submit([c = counted(1)] { throw std::runtime_error(std::string(200, 'e')); }); }
    pool.wait_idle();
    CHECK(counted::alive == 0);
}

static void what_is_cancelled_does_not_run() {
    held one;
    bool ran = false;
    auto cancelled = one.pool.submit([&ran, c = counted(1)] { ran = true; });
    CHECK(cancelled.status() == JOBRING_PENDING && cancelled.cancel());
    CHECK(counted::alive == 0 && cancelled.status() == JOBRING_E_CANCELLED);
    CHECK(thrown_by<jobring::error>([&] { cancelled.get(); }).status() == JOBRING_E_CANCELLED && !cancelled.valid());
    CHECK(!ran && thrown_by<jobring::error>([&] { cancelled.get(); }).status() == JOBRING_E_STALE);
    auto first = one.pool.submit([] { return 1; }), second = one.pool.submit([] { return 2; });
    CHECK(one.pool.cancel_all() == 2 && first.status() == JOBRING_E_CANCELLED);
    { auto given_up = one.pool.submit([c = counted(1)] { return counted(2); }); }
    one.release();
    one.pool.wait_idle();
    CHECK(counted::alive == 0);
}

static void a_running_job_is_asked_to_stop(jobring::pool &pool) {
    gate in;
    auto job = pool.submit([&] {
        in.open();
        while (!pool.cancel_requested()) sched_yield();
        return 3;
    });
    in.pass();
    CHECK(!job.cancel() && job.get() == 3);
}

static void waits_have_time_limits() {
    held one;
    auto job = one.pool.submit([] { return 1; });
    CHECK(!job.wait_for(std::chrono::nanoseconds(0)) && !job.wait_for(std::chrono::milliseconds(-5)));
    CHECK(!job.wait_for(std::chrono::microseconds(1)) && !job.wait_until(std::chrono::steady_clock::now()));
    CHECK(!job.wait_until(std::chrono::steady_clock::time_point::min()));
    CHECK(!job.wait_until(std::chrono::system_clock::now()) && !one.pool.wait_idle_for(std::chrono::microseconds(1)));
    one.release();
    CHECK(job.wait_until(std::chrono::steady_clock::time_point::max()));
    CHECK(job.wait_until(std::chrono::time_point<std::chrono::system_clock, std::chrono::seconds>::max()));
    CHECK(job.wait_for(a_while) && job.wait_until(std::chrono::steady_clock::now() + a_while));
    CHECK(job.wait_for(std::chrono::hours::max()) && job.wait_for(std::chrono::nanoseconds(0)) && job.get() == 1);
}

static void a_refused_callable_stays_where_it_is() {
    jobring::options options;
    options.capacity = 2;
    held one(options);
    auto kept = one.pool.submit([] { return 8; });
    auto small = [p = std::make_unique<int>(1)] { return *p; };
    auto large = [p = std::make_unique<int>(2), room = std::array<char, 100>{}] { return *p + room[0]; };
    CHECK(!one.pool.try_submit(std::move(small)).valid() && !one.pool.try_submit(std::move(large)).valid());
    CHECK(small() == 1 && large() == 2);
    const auto plain = [] { return 3; };
    CHECK(!one.pool.try_submit(plain).valid());
    one.release();
    CHECK(kept.get() == 8 && one.pool.try_submit(std::move(large)).get() == 2 && one.pool.try_submit(plain).get() == 3);
    one.pool.shutdown();
    CHECK(thrown_by<jobring::error>([&] { one.pool.submit([] {}).get(); }).status() == JOBRING_E_SHUTDOWN);
    CHECK(thrown_by<jobring::error>([&] { one.pool.try_submit(std::move(small)).get(); }).status() == JOBRING_E_SHUTDOWN);
    CHECK(thrown_by<jobring::error>([&] { one.pool.detach([] {}); }).status() == JOBRING_E_SHUTDOWN);
    CHECK(small() == 1);
}

static void what_follows_gets_the_result() {
    held one;
    auto before = one.pool.submit([] { return 20; }).then([](int n) { return n + 1; }).then([](int n) { return std::to_string(n); });
    auto nothing = one.pool.submit([] {}).then([] { return counted(4); }).then([](counted c) { return c.number; });
    auto moved = one.pool.submit([] { return std::make_unique<int>(6); }).then([](std::unique_ptr<int> p) { return *p; });
    auto large = one.pool.submit([] { return std::array<int, 50>{7}; }).then([](std::array<int, 50> a) { return a[0]; });
    auto failed = one.pool.submit([]() -> int { throw 8; }).then([](int) { never(); });
    auto fails = one.pool.submit([] { return 9; }).then([](int n) { throw n; }).then([] { never(); });
    { auto given_up = one.pool.submit([] { return counted(1); }).then([](counted c) { return c; }); }
    CHECK(before.status() == JOBRING_PENDING && !before.wait_for(std::chrono::microseconds(1)));
    one.release();
    CHECK(before.get() == "21" && nothing.get() == 4 && moved.get() == 6 && large.get() == 7);
    CHECK(thrown_by<int>([&] { failed.get(); }) == 8 && thrown_by<int>([&] { fails.get(); }) == 9);
    // After the end.
    auto ended = one.pool.submit([] { return 30; });
    ended.wait();
    auto after = std::move(ended).then([](int n) { return n + 1; });
    CHECK(after.status() == JOBRING_OK && after.native_handle() == 0 && after.wait_for(std::chrono::nanoseconds(0)));
    auto later = after.then([](int n) { return n + 1; });
    CHECK(later.get() == 32 && !later.valid());
    auto broken = one.pool.submit([]() -> int { throw 5; });
    broken.wait();
    auto passed_on = broken.then([](int n) { return n; });
    CHECK(!broken.valid() && passed_on.status() == JOBRING_E_FAILED && thrown_by<int>([&] { passed_on.get(); }) == 5);
    one.pool.wait_idle();
    CHECK(counted::alive == 0);
}

static void what_follows_a_cancelled_job_is_not_called() {
    held one;
    auto chain = one.pool.submit([] { return 1; }).then([](int n) { return n; }).then([](int n) { return n; });
    CHECK(chain.cancel() && chain.status() == JOBRING_E_CANCELLED);
    CHECK(thrown_by<jobring::error>([&] { chain.get(); }).status() == JOBRING_E_CANCELLED);
    auto discarded = one.pool.submit([] { return 1; }).then([](int n) { return n; });
    auto queued = one.pool.submit([] { return 1; });
    auto closer = std::thread([&] { one.pool.shutdown_now(); });
    queued.wait();
    CHECK(queued.status() == JOBRING_E_SHUTDOWN && thrown_by<jobring::error>([&] { discarded.get(); }).status() == JOBRING_E_SHUTDOWN);
    auto late = std::move(queued).then([](int n) { return n; });
    CHECK(late.status() == JOBRING_E_SHUTDOWN);
    one.release();
    closer.join();
}

static void a_long_chain_needs_no_stack() {
    held one;
    auto last = one.pool.submit([] { return 0; });
    for (int n = 0; n < 100000; n++) last = last.then([](int m) { return m + 1; });
    one.release();
    CHECK(last.get() == 100000);
}

static void many_follow_at_once(jobring::pool &pool) {
    std::atomic<int> sum{0};
    std::vector<jobring::future<void>> all;
    for (int n = 0; n < 3000; n++) {
        all.push_back(pool.submit([n] { return n; }).then([&sum](int m) { sum += m; }));
        if (all.size() == 500) {
            for (auto &one : all) one.get();
            all.clear();
        }
    }
    CHECK(sum == 2999 * 1500);
}

static void loops_cover_their_ranges(jobring::pool &pool) {
    std::vector<int> numbers(10000);
    std::iota(numbers.begin(), numbers.end(), 0);
    pool.for_each(numbers, [](int &n) { n *= 2; });
    std::vector<long> twice(numbers.size());
    CHECK(pool.transform(numbers, twice.begin(), [](int n) { return 2L * n; }) == twice.end() && twice[9999] == 39996);
    int array[3] = {1, 2, 3};
    pool.for_each(array, 1, [](int &n) { n++; });
    CHECK(array[0] == 2 && array[2] == 4);
    pool.for_each(std::vector<int>(), [](int) { never(); });
    CHECK(thrown_by<int>([&] { pool.for_each(numbers, 16, [](int n) { if (n == 5000) throw n; }); }) == 5000);
    CHECK(pool.submit([&] { pool.for_each(numbers, [](int &n) { n /= 2; }); return numbers[7]; }).get() == 7);
}

static void a_scope_waits_for_its_jobs(jobring::pool &pool) {
    std::atomic<int> count{0}, nested{0};
    pool.scope([&](jobring::scope &scope) {
        for (int n = 0; n < 5000; n++)
            scope.spawn([&] { if (count++ % 100 == 0) scope.spawn([&](int more) { nested += more; }, 1); });
    });
    CHECK(count == 5000 && nested == 50);
    CHECK(thrown_by<int>([&] { pool.scope([&](jobring::scope &scope) { scope.spawn([] { throw 4; }); }); }) == 4);
    count = 0;
    const auto throws = [&](jobring::scope &scope) {
        scope.spawn([&] { count++; });
        throw std::string("out");
    };
    CHECK(thrown_by<std::string>([&] { pool.scope(throws); }) == "out" && count == 1);
    // Inside jobs, on a pool that has fewer slots than jobs.
    jobring::options options;
    options.workers = 1;
    options.capacity = 3;
    jobring::pool small(options);
    count = 0;
    small.submit([&] { small.scope([&](jobring::scope &scope) { for (int n = 0; n < 100; n++) scope.spawn([&] { count++; }); }); }).get();
    CHECK(count == 100);
    // Its jobs that have ended hold no slots.
    small.scope([&](jobring::scope &scope) {
        for (int n = 0; n < 10; n++) {
            for (int m = 0; m < 3; m++) scope.spawn([&] { count++; });
            small.submit([&] { count++; }).get();
        }
    });
    CHECK(count == 140);
    // Jobs for which no stack is left are cancelled, and the scope says so.
    jobring_config base = JOBRING_CONFIG_INIT;
    base.stack_size = 2048 * 1024;
    jobring::options deep;
    deep.workers = 1;
    deep.capacity = 100000;
    deep.base = &base;
    jobring::pool shallow(deep);
    const std::function<void(int)> dives = [&](int depth) {
        if (depth > 0) shallow.scope([&](jobring::scope &scope) { scope.spawn([&, depth] { dives(depth - 1); }); });
    };
    shallow.submit(dives, 50).get();
    CHECK(thrown_by<jobring::error>([&] { shallow.submit(dives, 50000).get(); }).status() == JOBRING_E_STACK);
    held one;
    CHECK(thrown_by<jobring::error>([&] {
              one.pool.scope([&](jobring::scope &scope) {
                  scope.spawn([] { never(); });
                  CHECK(one.pool.cancel_all() == 1);
              });
          }).status() == JOBRING_E_CANCELLED);
}

static void the_first_of_several_is_found() {
    held one;
    std::list<jobring::future<int>> futures;
    for (int n = 0; n < 4; n++) futures.push_back(one.pool.submit([n] { return n; }));
    CHECK(jobring::when_any(futures, std::chrono::microseconds(1)) == futures.end());
    CHECK(jobring::when_any(futures, std::chrono::nanoseconds(0)) == futures.end());
    auto third = std::next(futures.begin(), 2);
    CHECK(third->cancel() && jobring::when_any(futures) == third);
    futures.erase(third);
    one.release();
    int sum = 0;
    for (auto first = jobring::when_any(futures); first != futures.end(); first = jobring::when_any(futures)) sum += first->get();
    CHECK(sum == 4);
    // Before the pool, whose destructor waits for the job that passes it.
    gate shut;
    jobring::pool other(1);
    held two;
    std::vector<jobring::future<void>> mixed;
    mixed.push_back(two.pool.submit([] {}));
    mixed.push_back(other.submit([&] { shut.pass(); }));
    CHECK(thrown_by<jobring::error>([&] { jobring::when_any(mixed); }).status() == JOBRING_E_INVALID);
    shut.open();
}

template <class R, class F> static void completions_bring(jobring::pool &pool, F &&number_of) {
    jobring::completions<R> ended(pool, 4);
    std::vector<jobring_job> jobs;
    std::thread submitter([&] {
        for (int n = 0; n < 200; n++)
            jobs.push_back(ended.submit([n, c = counted(n)]() -> R {
                if (n % 10 == 3) throw n;
                return R(n + c.number - n);
            }));
    });
    std::vector<jobring_job> taken;
    int sum = 0;
    while (taken.size() < 200) {
        auto done = ended.next();
        if (!done) continue;
        taken.push_back(done->job);
        if (done->status == JOBRING_E_FAILED)
            sum += thrown_by<int>([&] { done->get(); });
        else
            sum += number_of(done->get());
    }
    submitter.join();
    std::sort(taken.begin(), taken.end());
    std::sort(jobs.begin(), jobs.end());
    CHECK(taken == jobs && sum == 199 * 100 && !ended.next() && !ended.next_for(std::chrono::seconds(1)));
    ended.submit([] { return R(1); });
    ended.submit([d = std::array<char, 200>{}] { return R(d[0]); });
}

static void completions_come_as_jobs_end(jobring::pool &pool) {
    completions_bring<int>(pool, [](int n) { return n; });
    completions_bring<counted>(pool, [](counted c) { return c.number; });
    completions_bring<fragile>(pool, [](fragile f) { return f.number; });
    struct large {
        int number;
        char room[100];
        explicit large(int n) : number(n), room{} {}
    };
    completions_bring<large>(pool, [](large l) { return l.number; });
    held one;
    {
        jobring::completions<void> ended(one.pool);
        const jobring_job job = ended.submit([] { never(); });
        CHECK(!ended.next_for(std::chrono::microseconds(1)) && jobring_cancel(one.pool.native_handle(), job) == JOBRING_OK);
        auto done = ended.next();
        CHECK(done && done->job == job && done->status == JOBRING_E_CANCELLED);
        CHECK(thrown_by<jobring::error>([&] { done->get(); }).status() == JOBRING_E_CANCELLED);
    }
    // Where nobody else runs the jobs: inside a job of the only worker, and without workers.
    jobring::pool single(1);
    int ran = 0;
    const auto leaves_jobs = [&ran](jobring::pool &to) {
        jobring::completions<int> left(to);
        for (int n = 0; n < 5; n++) left.submit([&ran] { return ran++; });
        CHECK(left.next());
    };
    single.submit([&] { leaves_jobs(single); }).get();
    jobring_config base = JOBRING_CONFIG_INIT;
    base.workers = JOBRING_WORKERS_NONE;
    jobring::options without;
    without.base = &base;
    jobring::pool nobody(without);
    leaves_jobs(nobody);
    CHECK(ran == 10);
    pool.wait_idle();
    CHECK(counted::alive == 0);
}

/// The destructor's thread is inside an interrupt that stays raised: its takes return at once.
static void completions_end_inside_a_raised_interrupt() {
    held one;
    jobring_pool *const pool = one.pool.native_handle();
    const pid_t self = gettid();
    jobring_interrupt interrupt{};
    jobring_interrupt_scope scope;
    std::atomic<bool> ends{false}, had_run{false};
    std::thread releaser([&] {
        until([&] { return ends && sleeps(self); });
        one.release();
    });
    {
        jobring::completions<counted> left(one.pool);
        left.submit([] { return counted(1); });
        CHECK(one.pool.run_one());
        left.submit([&] {
            had_run = true;
            return counted(2);
        });
        CHECK(jobring_interrupt_begin(pool, &interrupt, &scope) == JOBRING_OK && jobring_interrupt_raise(pool, &interrupt) == JOBRING_OK);
        CHECK(left.next()->get().number == 1);
        CHECK(thrown_by<jobring::error>([&] { left.next(); }).status() == JOBRING_E_INTERRUPTED && !had_run);
        ends = true;
    }
    CHECK(had_run && counted::alive == 0);
    CHECK(jobring_interrupt_end(pool, &scope) == JOBRING_OK);
    releaser.join();
}

/// f throws std::bad_alloc, and leaves no value behind.
template <class F> static void runs_out_of_memory(F &&f) {
    const int alive = counted::alive;
    thrown_by<std::bad_alloc>(std::forward<F>(f));
    CHECK(!refuse_next && counted::alive == alive);
}
/// It does so when its first allocation on this thread is refused.
template <class F> static void refused_at_once(F &&f) {
    refuse_next = true;
    runs_out_of_memory(std::forward<F>(f));
}

/// Without memory a submit throws std::bad_alloc and has done nothing, and a job fails with it.
static void without_memory_nothing_is_lost() {
    jobring::options options;
    options.workers = 1;
    options.capacity = 2;
    jobring::pool pool(options);
    struct large_job {
        counted c{2};
        std::array<char, 100> room{};
        int operator()() { never(); }
    };
    auto large = [c = counted(1), room = std::array<char, 100>{}] { return c.number + room[0]; };
    jobring::completions<int> ended(pool);
    const long before = blocks;
    for (int n = 0; n < 5; n++) {
        refused_at_once([&] { pool.submit(large_job()).get(); });
        refused_at_once([&] { pool.submit([f = fragile(1)] { never(); }).get(); });
        refused_at_once([&] { pool.detach(large_job()); });
        refused_at_once([&] { ended.submit(large_job()); });
        refused_at_once([&] { pool.try_submit(std::move(large)).get(); });
        refused_at_once([&] { pool.scope([&](jobring::scope &scope) { scope.spawn([] { never(); }); }); });
        // The pool is as before, and so is the callable.
        CHECK(large() == 1 && !ended.next());
        auto job = pool.submit([] { return 5; });
        refused_at_once([&] { job.then([c = counted(2)](int) { never(); }).get(); });
        CHECK(job.valid() && job.get() == 5);
        // In a job: its large result, and the place of what it throws.
        runs_out_of_memory([&] { pool.submit([] { return refuse_next = true, std::array<char, 100>{}; }).get(); });
        const auto throws = [](counted c) -> int {
            refuse_next = true;
            throw c.number;
        };
        runs_out_of_memory([&] { pool.submit(throws, counted(7)).get(); });
        { auto given_up = pool.submit(throws, counted(7)); }
        ended.submit(throws, counted(7));
        auto failed = ended.next();
        CHECK(failed && failed->status == JOBRING_E_FAILED);
        runs_out_of_memory([&] { failed->get(); });
        CHECK(!pool.submit([] { return refuse_next; }).get());
    }
    pool.wait_idle();
    CHECK(blocks == before);
}

static void detached_jobs_run(jobring::pool &pool) {
    std::atomic<int> sum{0};
    for (int n = 0; n < 500; n++) {
        pool.detach([&sum] { sum++; });
        pool.detach([&sum, c = counted(n)] { sum += c.number >= 0; });
        pool.detach([&sum, d = std::array<char, 100>{}] { sum += d[3] + 1; });
        pool.detach([](std::atomic<int> &to, int more) { to += more; }, std::ref(sum), 1);
        pool.detach([&sum] { sum++; return counted(1); });
    }
    pool.wait_idle();
    CHECK(sum == 2500 && counted::alive == 0);
    held one;
    one.pool.detach([c = counted(1)] { never(); });
    CHECK(one.pool.cancel_all() == 1 && counted::alive == 0);
}

static void a_pool_is_directed() {
    jobring::options options;
    jobring_config base = JOBRING_CONFIG_INIT;
    base.capacity = 7;
    base.stack_size = 2048 * 1024;
    options.base = &base;
    options.workers = 1;
    options.grow_to = 3;
    options.payload = 200;
    jobring::pool pool(options);
    jobring_info info{};
    info.size = sizeof info;
    CHECK(jobring_info_get(pool.native_handle(), &info) == JOBRING_OK && info.capacity == 7 && info.payload >= 200);
    CHECK(allocated([&] { CHECK(pool.submit([d = std::array<char, 160>{}] { return d[9]; }).get() == 0); }) == 0);
    pool.resize(3);
    CHECK(jobring_info_get(pool.native_handle(), &info) == JOBRING_OK && info.workers == 3);
    pool.pause();
    // Each of the workers may start one more.
    std::vector<jobring::future<int>> paused;
    for (int n = 0; n < 6; n++) paused.push_back(pool.submit([n] { return n; }));
    int ran = 0;
    while (pool.run_one()) ran++;
    CHECK(ran >= 3);
    pool.resume();
    for (int n = 0; n < 6; n++) CHECK(paused[static_cast<std::size_t>(n)].get() == n);
    pool.resize(1);
    CHECK(thrown_by<jobring::error>([&] { pool.resize(9); }).status() == JOBRING_E_INVALID);
    CHECK(thrown_by<jobring::error>([&] { jobring::pool refused(static_cast<std::uint32_t>(-1)); }).status() == JOBRING_E_INVALID);
    base.stack_size = 1;
    CHECK(thrown_by<jobring::error>([&] { jobring::pool refused(options); }).status() == JOBRING_E_STACK);
}

static void a_wait_that_cannot_end_is_refused() {
    jobring::pool pool(1);
    jobring::future<int> self;
    gate known;
    self = pool.submit([&] {
        known.pass();
        return static_cast<int>(thrown_by<jobring::error>([&] { self.get(); }).status());
    });
    known.open();
    pool.wait_idle();
    CHECK(self.valid() && self.get() == JOBRING_E_DEADLOCK);
    // A job that waits for a queued one runs it.
    CHECK(pool.submit([&] { return pool.submit([] { return 5; }).get(); }).get() == 5);
}

#ifdef __GLIBCXX__
/// Calls f at the end of a block, also where the thread ends inside it.
template <class F> struct at_end {
    F f;
    explicit at_end(F function) : f(std::move(function)) {}
    at_end(const at_end &) = delete;
    ~at_end() { f(); }
};

/// A scope that its thread leaves by its end waits for its jobs all the same.
static void a_thread_ends_inside_a_scope() {
    struct seen {
        std::atomic<bool> had_run{false}, had_run_behind_the_scope{false}, went_on{false};
    } seen;
    const auto leaves = [](void *at) -> void * {
        struct seen &noted = *static_cast<struct seen *>(at);
        const pid_t self = gettid();
        gate ends;
        jobring::pool pool(1);
        // The pool's destructor waits too, but later.
        const at_end behind([&] { noted.had_run_behind_the_scope = noted.had_run.load(); });
        pool.scope([&](jobring::scope &scope) {
            scope.spawn([&] {
                ends.pass();
                until([&] { return sleeps(self); });
                noted.had_run = true;
            });
            const at_end opens([&] { ends.open(); });
            pthread_exit(nullptr);
        });
        noted.went_on = true;
        return nullptr;
    };
    pthread_t thread;
    CHECK(pthread_create(&thread, nullptr, leaves, &seen) == 0 && pthread_join(thread, nullptr) == 0);
    CHECK(seen.had_run && seen.had_run_behind_the_scope && !seen.went_on);
}

static void a_job_may_end_its_thread() {
    if (!(jobring_features() & JOBRING_FEATURE_PTHREAD)) return;
    jobring::pool pool(1);
    auto leaves = pool.submit([c = counted(1)]() -> int { pthread_exit(nullptr); });
    CHECK(thrown_by<jobring::error>([&] { leaves.get(); }).status() == JOBRING_E_EXITED);
    auto followed = pool.submit([c = counted(1)]() -> int { pthread_exit(nullptr); }).then([](int n) { return n; });
    CHECK(thrown_by<jobring::error>([&] { followed.get(); }).status() == JOBRING_E_EXITED);
    pool.detach([c = counted(1)] { pthread_exit(nullptr); });
    pool.wait_idle();
    CHECK(pool.submit([] { return 2; }).get() == 2 && counted::alive == 0);
}
#endif

static void a_future_is_a_value(jobring::pool &pool) {
    jobring::future<int> none, one = pool.submit([] { return 1; });
    CHECK(!none.valid() && one.valid() && thrown_by<jobring::error>([&] { none.wait(); }).status() == JOBRING_E_STALE);
    none = std::move(one);
    CHECK(none.valid() && !one.valid() && none.native_pool() == pool.native_handle() && none.native_handle() != 0);
    none = pool.submit([] { return 2; });
    std::swap(none, one);
    CHECK(one.get() == 2 && std::string(jobring::error(JOBRING_E_FULL).what()) == jobring_status_text(JOBRING_E_FULL));
}

int main(int arguments, char **) {
    alarm(300);
    // A detached job that throws ends the process, which says what it threw.
    if (arguments > 1) {
        jobring::pool pool(1);
        pool.detach([s = std::string("left a job")] { throw std::runtime_error(s); });
        pool.wait_idle();
        return 0;
    }
    {
        jobring::pool pool(2);
        results_come_as_they_are(pool);
        arguments_are_kept_as_a_thread_keeps_them(pool);
        what_fits_is_not_allocated(pool);
        an_exception_comes_as_it_was(pool);
        a_running_job_is_asked_to_stop(pool);
        many_follow_at_once(pool);
        loops_cover_their_ranges(pool);
        a_scope_waits_for_its_jobs(pool);
        completions_come_as_jobs_end(pool);
        detached_jobs_run(pool);
        a_future_is_a_value(pool);
    }
    what_is_cancelled_does_not_run();
    waits_have_time_limits();
    a_refused_callable_stays_where_it_is();
    what_follows_gets_the_result();
    what_follows_a_cancelled_job_is_not_called();
    a_long_chain_needs_no_stack();
    the_first_of_several_is_found();
    completions_end_inside_a_raised_interrupt();
    without_memory_nothing_is_lost();
    a_pool_is_directed();
    a_wait_that_cannot_end_is_refused();
#ifdef __GLIBCXX__
    a_job_may_end_its_thread();
    a_thread_ends_inside_a_scope();
#endif
    CHECK(counted::alive == 0);
}
