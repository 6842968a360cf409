// What every peer's program shares: parameters, the job, bursts, round trips. The same work as benches/src/measure.
#pragma once

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <linux/futex.h>
#include <sched.h>
#include <string>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point begin)
{
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Params {
    int argc;
    char **argv;

    uint64_t get(const char *name, uint64_t otherwise) const
    {
        size_t length = std::strlen(name);
        for (int i = 2; i < argc; i++)
            if (std::strncmp(argv[i], name, length) == 0 && argv[i][length] == '=')
                return std::strtoull(argv[i] + length + 1, nullptr, 10);
        return otherwise;
    }
    bool mode(const char *name) const { return argc > 1 && std::strcmp(argv[1], name) == 0; }
};

// The empty job counts on a line of the thread that runs it.
struct alignas(128) Line {
    std::atomic<uint64_t> count{0};
};
constexpr size_t LINES = 1024;
inline Line lines[LINES];
inline std::atomic<size_t> taken{0};
inline thread_local Line *mine = nullptr;

inline void job()
{
    if (!mine)
        mine = &lines[taken.fetch_add(1, std::memory_order_relaxed)];
    mine->count.store(mine->count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

inline uint64_t ran()
{
    uint64_t sum = 0;
    for (size_t i = 0; i < std::min(taken.load(std::memory_order_relaxed), LINES); i++)
        sum += lines[i].count.load(std::memory_order_relaxed);
    return sum;
}

inline std::vector<int> cpus()
{
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    std::vector<int> found;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &set))
            found.push_back(cpu);
    return found;
}

inline void pin(const int *first, size_t count)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (size_t i = 0; i < count; i++)
        CPU_SET(first[i], &set);
    sched_setaffinity(0, sizeof set, &set);
}

struct Usage {
    double cpu, sleeps, switches;
};

inline Usage usage()
{
    rusage used;
    getrusage(RUSAGE_SELF, &used);
    auto time = [](timeval t) { return t.tv_sec * 1e9 + t.tv_usec * 1e3; };
    return {time(used.ru_utime) + time(used.ru_stime), double(used.ru_nvcsw), double(used.ru_nvcsw + used.ru_nivcsw)};
}

inline void say(const char *name, double value) { std::printf("%s %.9g\n", name, value); }

// With a CPU for each, submitters have one each and the workers share the rest; else the system decides.
struct Places {
    std::vector<int> all = cpus();
    size_t submitters;
    bool apart;

    explicit Places(const Params &params)
        : submitters(params.get("submitters", 1)), apart(all.size() >= submitters + params.get("workers", 1))
    {
        if (apart)
            pin(&all[submitters], all.size() - submitters);
    }
    void of_submitter(size_t number) const
    {
        if (apart)
            pin(&all[number], 1);
    }
};

// Bursts that submit(count) hands over; after(), not timed, sees to what a library wants done between them.
template <class Submit, class After>
void bursts(const Params &params, const Places &places, Submit submit, After after)
{
    size_t submitters = params.get("submitters", 1);
    uint64_t share = std::max<uint64_t>(params.get("burst", 1) / submitters, 1);
    uint64_t fewest = params.get("fewest", 5);
    double budget = params.get("millis", 200) / 1e3;
    std::barrier start(static_cast<std::ptrdiff_t>(submitters));
    std::atomic<bool> warmed{false}, over{false};
    auto share_now = [&] { return warmed ? share : std::min<uint64_t>(share, 4096); };
    std::vector<std::thread> others;
    for (size_t number = 1; number < submitters; number++)
        others.emplace_back([&, number] {
            places.of_submitter(number);
            for (;;) {
                start.arrive_and_wait();
                if (over)
                    return;
                submit(share_now());
            }
        });
    Clock::time_point begin = Clock::now();
    auto one = [&] {
        uint64_t target = ran() + share_now() * submitters;
        start.arrive_and_wait();
        Clock::time_point begin = Clock::now();
        submit(share_now());
        while (ran() < target)
            sched_yield();
        double time = seconds_since(begin);
        after();
        return time;
    };
    one();
    places.of_submitter(0);
    one();
    warmed = true;
    Usage before = usage();
    std::vector<double> times;
    while (times.size() < fewest || seconds_since(begin) < budget)
        times.push_back(one());
    over = true;
    start.arrive_and_wait();
    for (std::thread &other : others)
        other.join();
    Usage now = usage();
    double burst = double(share) * double(submitters), jobs = burst * double(times.size()), all = 0;
    for (double time : times)
        all += time;
    std::sort(times.begin(), times.end());
    say("rate_all", jobs / all);
    say("rate", burst / times[times.size() / 2]);
    say("rate_p90", burst / times[times.size() / 10]);
    say("cpu_ns", (now.cpu - before.cpu) / jobs);
    say("sleeps_per_million", (now.sleeps - before.sleeps) / jobs * 1e6);
}

// A flag that a job raises and a thread sleeps for.
class Gate {
    std::atomic<uint32_t> state{0};

    void futex(int what, uint32_t value)
    {
        syscall(SYS_futex, reinterpret_cast<uint32_t *>(&state), what | FUTEX_PRIVATE_FLAG, value, nullptr);
    }

  public:
    void open()
    {
        if (state.exchange(1, std::memory_order_release) == 2)
            futex(FUTEX_WAKE, 1);
    }
    void pass()
    {
        while (state.load(std::memory_order_acquire) != 1) {
            uint32_t shut = 0;
            if (state.compare_exchange_strong(shut, 2) || shut == 2)
                futex(FUTEX_WAIT, 2);
        }
        state.store(0, std::memory_order_relaxed);
    }
};
inline Gate gate;

inline void distribution(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    for (const char *percent : {"1", "5", "10", "20", "30", "50", "70", "80", "90", "95", "99", "99.9"}) {
        size_t at = size_t(std::atof(percent) / 100 * double(values.size()));
        say((std::string("p") + percent).c_str(), values[std::min(at, values.size() - 1)]);
    }
}

// Before the pool is made: where its worker is to be.
inline void pin_worker(const Params &params)
{
    std::vector<int> all = cpus();
    pin(&all[params.get("same", 0) ? 0 : 1 % all.size()], 1);
    // Found again by pin_submitter.
    setenv("FIRST_CPU", std::to_string(all[0]).c_str(), 1);
}

inline void pin_submitter()
{
    int first = std::atoi(std::getenv("FIRST_CPU"));
    pin(&first, 1);
}

// One worker, both asleep: one() submits a job and sleeps until it ran.
template <class One> void asleep(const Params &params, One one)
{
    one();
    pin_submitter();
    one();
    std::vector<double> times;
    for (uint64_t i = 0; i < params.get("samples", 120); i++) {
        usleep(1500);
        Clock::time_point begin = Clock::now();
        one();
        times.push_back(seconds_since(begin) * 1e6);
    }
    distribution(times);
}

// Thousands of one() at a time.
template <class One> void tight(const Params &params, One one)
{
    std::vector<double> times;
    for (uint64_t i = 0; i < params.get("samples", 120); i++) {
        Clock::time_point begin = Clock::now();
        for (int n = 0; n < 1000; n++)
            one();
        times.push_back(seconds_since(begin) * 1e6 / 1000);
    }
    distribution(times);
}

// After a job, what an idle pool takes.
template <class One> void idle(const Params &params, One one)
{
    one();
    usleep(100000);
    Usage before = usage();
    sleep(unsigned(params.get("seconds", 10)));
    Usage after = usage();
    say("cpu_us", (after.cpu - before.cpu) / 1e3);
    say("switches", after.switches - before.switches - 1);
}

// A loop over an array: region(data, n) does all of it once.
template <class Region> void loop(const Params &params, Region region)
{
    std::vector<uint32_t> data(params.get("n", 1000), 7);
    for (int i = 0; i < 10; i++)
        region(data.data(), data.size());
    Clock::time_point begin = Clock::now();
    std::vector<double> times;
    while (seconds_since(begin) < params.get("millis", 100) / 1e3 || times.size() < 20) {
        Clock::time_point begin = Clock::now();
        region(data.data(), data.size());
        times.push_back(seconds_since(begin) * 1e6);
    }
    distribution(times);
}

inline void body(uint32_t *first, size_t count)
{
    for (size_t i = 0; i < count; i++)
        first[i] = first[i] * 3 + 1;
}

// What can be done with any pool of which submit(function) hands over one job.
template <class Submit> int any(const Params &params, const Places &places, Submit submit)
{
    if (params.mode("detached") || params.mode("lanes"))
        bursts(params, places, [&](uint64_t n) { while (n--) submit(job); }, [] {});
    else if (params.mode("asleep"))
        asleep(params, [&] { submit([] { gate.open(); }); gate.pass(); });
    else if (params.mode("idle"))
        idle(params, [&] { submit([] { gate.open(); }); gate.pass(); });
    else
        return 2;
    std::fflush(stdout);
    // At once, as the Rust children: the pool's end is not what is measured.
    std::_Exit(0);
}

} // namespace bench
