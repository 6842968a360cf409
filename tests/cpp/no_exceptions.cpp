// jobring.hpp with -fno-exceptions -fno-rtti.
#include "check.hpp"

#include <array>
#include <string>

int main(int arguments, char **) {
    alarm(300);
    jobring::pool pool(2);
    CHECK(pool.submit([](int a, int b) { return a + b; }, 20, 22).get() == 42);
    CHECK(pool.submit([] { return std::string(80, 'x'); }).then([](std::string s) { return s.size(); }).get() == 80);
    CHECK(pool.submit([d = std::array<char, 99>{}] { return d; }).get()[98] == 0);
    std::atomic<int> sum{0};
    pool.scope([&](jobring::scope &scope) { for (int n = 0; n < 100; n++) scope.spawn([&] { sum++; }); });
    std::array<int, 1000> numbers{};
    pool.for_each(numbers, [](int &n) { n++; });
    for (int n : numbers) sum += n;
    pool.detach([&] { sum++; });
    pool.wait_idle();
    CHECK(sum == 1101);
    jobring::completions<int> ended(pool);
    ended.submit([] { return 3; });
    CHECK(ended.next()->get() == 3 && !ended.next());
    held one;
    auto cancelled = one.pool.submit([] { return 1; });
    CHECK(cancelled.cancel() && cancelled.status() == JOBRING_E_CANCELLED);
    one.release();
    one.pool.shutdown();
    CHECK(!one.pool.submit([] {}).valid() && !one.pool.try_submit([] {}).valid());
    // Asked for more, it gets a result that does not exist: the program ends, and says why.
    if (arguments > 1) return cancelled.get();
}
