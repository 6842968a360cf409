/* Shows libjxl on jobring's workers: an image is encoded on a pool and on libjxl's own threads, to the same bytes, and decoded on the
 * pool to the pixels that it was made from. */
#include "jobring_jxl.h"
#include "clock.h"
#include <jxl/decode.h>
#include <jxl/encode.h>
#include <jxl/thread_parallel_runner.h>

enum { WIDTH = 1024, HEIGHT = 768, PIXELS = WIDTH * HEIGHT * 3, ROOM = 2 * PIXELS };

static const JxlPixelFormat FORMAT = {3, JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};

/* Waves with some noise. */
static void paint(uint8_t *pixels)
{
    uint32_t noise = 1;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int channel = 0; channel < 3; channel++) {
                noise = noise * 1664525 + 1013904223;
                *pixels++ = (uint8_t)((x * (channel + 1) + y * y / 64) + (int)(noise >> 29));
            }
}

static size_t encode(JxlParallelRunner runner, void *threads, const uint8_t *pixels, uint8_t *file)
{
    JxlEncoder *encoder = JxlEncoderCreate(NULL);
    JxlBasicInfo info;
    JxlColorEncoding colours;
    uint8_t *next = file;
    size_t room = ROOM;

    CHECK(encoder != NULL);
    CHECK(JxlEncoderSetParallelRunner(encoder, runner, threads) == JXL_ENC_SUCCESS);
    JxlEncoderInitBasicInfo(&info);
    info.xsize = WIDTH;
    info.ysize = HEIGHT;
    info.bits_per_sample = 8;
    info.uses_original_profile = JXL_TRUE;
    CHECK(JxlEncoderSetBasicInfo(encoder, &info) == JXL_ENC_SUCCESS);
    JxlColorEncodingSetToSRGB(&colours, JXL_FALSE);
    CHECK(JxlEncoderSetColorEncoding(encoder, &colours) == JXL_ENC_SUCCESS);
    JxlEncoderFrameSettings *settings = JxlEncoderFrameSettingsCreate(encoder, NULL);
    CHECK(JxlEncoderSetFrameLossless(settings, JXL_TRUE) == JXL_ENC_SUCCESS);
    CHECK(JxlEncoderFrameSettingsSetOption(settings, JXL_ENC_FRAME_SETTING_EFFORT, 2) == JXL_ENC_SUCCESS);
    CHECK(JxlEncoderAddImageFrame(settings, &FORMAT, pixels, PIXELS) == JXL_ENC_SUCCESS);
    JxlEncoderCloseInput(encoder);
    CHECK(JxlEncoderProcessOutput(encoder, &next, &room) == JXL_ENC_SUCCESS);
    JxlEncoderDestroy(encoder);
    return ROOM - room;
}

static void decode(jobring_pool *pool, const uint8_t *file, size_t length, uint8_t *pixels)
{
    JxlDecoder *decoder = JxlDecoderCreate(NULL);

    CHECK(decoder != NULL);
    CHECK(JxlDecoderSetParallelRunner(decoder, jxl_on_pool, pool) == JXL_DEC_SUCCESS);
    CHECK(JxlDecoderSubscribeEvents(decoder, JXL_DEC_FULL_IMAGE) == JXL_DEC_SUCCESS);
    CHECK(JxlDecoderSetInput(decoder, file, length) == JXL_DEC_SUCCESS);
    JxlDecoderCloseInput(decoder);
    CHECK(JxlDecoderProcessInput(decoder) == JXL_DEC_NEED_IMAGE_OUT_BUFFER);
    CHECK(JxlDecoderSetImageOutBuffer(decoder, &FORMAT, pixels, PIXELS) == JXL_DEC_SUCCESS);
    CHECK(JxlDecoderProcessInput(decoder) == JXL_DEC_FULL_IMAGE);
    JxlDecoderDestroy(decoder);
}

int main(void)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_stats stats;
    jobring_pool *pool = NULL;
    struct times times;
    uint32_t cpus = 0;
    size_t length = 0;
    uint8_t *pixels = malloc(PIXELS), *decoded = malloc(PIXELS), *on_pool = malloc(ROOM), *own = malloc(ROOM);

    CHECK(pixels != NULL && decoded != NULL && on_pool != NULL && own != NULL);
    TRY(jobring_cpus(&cpus));
    const uint32_t threads = cpus > 2 ? cpus : 2;
    config.workers = threads - 1;
    TRY(jobring_create(&config, &pool));
    void *of_libjxl = JxlThreadParallelRunnerCreate(NULL, threads);
    CHECK(of_libjxl != NULL);
    paint(pixels);

    for (int pair = 0; pair < PAIRS; pair++) {
        double begin = milliseconds(pool);
        length = encode(jxl_on_pool, pool, pixels, on_pool);
        times.jobring[pair] = milliseconds(pool) - begin;
        begin = milliseconds(pool);
        CHECK(encode(JxlThreadParallelRunner, of_libjxl, pixels, own) == length);
        times.own[pair] = milliseconds(pool) - begin;
        CHECK(memcmp(on_pool, own, length) == 0);
    }
    decode(pool, on_pool, length, decoded);
    CHECK(memcmp(pixels, decoded, PIXELS) == 0);
    TRY(jobring_struct_init(&stats, sizeof stats));
    TRY(jobring_stats_get(pool, &stats));
    CHECK(stats.submitted > 0);
    SAY("jxl: %d by %d pixels to %zu bytes: the same as on libjxl's own threads, and decoded to the same pixels\n", (int)WIDTH,
        (int)HEIGHT, length);
    say_ratio("jxl", &times);

    JxlThreadParallelRunnerDestroy(of_libjxl);
    TRY(jobring_destroy(pool));
    free(pixels);
    free(decoded);
    free(on_pool);
    free(own);
    return 0;
}
