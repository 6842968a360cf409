// pthreadpool: a tiled loop, a tile for an eighth of it or 256 numbers.
#include "common.hpp"
#include <pthreadpool.h>

using namespace bench;

int main(int argc, char **argv)
{
    Params params{argc, argv};
    pthreadpool_t pool = pthreadpool_create(params.get("threads", 2));
    auto tile = [](void *data, size_t start, size_t count) { body(static_cast<uint32_t *>(data) + start, count); };
    loop(params, [&](uint32_t *data, size_t n) {
        pthreadpool_parallelize_1d_tile_1d(pool, tile, data, n, std::max<size_t>(n / 8, 256), 0);
    });
    pthreadpool_destroy(pool);
}
