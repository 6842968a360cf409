// The smallest whole program in C++: results, what follows them, and a loop.
#include <jobring.hpp>

#include <iostream>
#include <numeric>
#include <string>
#include <vector>

int main()
{
    jobring::pool pool;
    auto words = pool.submit([] { return std::string("twice 21 is "); });
    auto number = pool.submit([](int n) { return 2 * n; }, 21).then([](int n) { return std::to_string(n); });

    std::vector<long> squares(1000);
    std::iota(squares.begin(), squares.end(), 1);
    pool.for_each(squares, [](long &n) { n *= n; });

    const std::string said = words.get() + number.get();
    std::cout << "workers say: " << said << ", and the square of 1000 is " << squares.back() << '\n';
    return said == "twice 21 is 42" && squares.back() == 1000000 ? 0 : 1;
}
