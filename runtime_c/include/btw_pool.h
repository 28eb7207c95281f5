/* Pools on Cortex-M by the addresses of the pixels that count: the loop over a row of windows, and its assembly text.
 */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_POOL_H
#define BTW_POOL_H

#include "btw.h"

/* A layer, and the channels that its loop computes together. */
typedef struct {
    int channels;
    int kernel_height;
    int kernel_width;
    int stride_width;
    int dilation_width;
    int pad_left;
    int input_width;
    int output_width;
    int size;    /* bytes of a value */
    int group;   /* channels */
    int partial; /* 1 where a loop can take fewer channels than a group */
    const void *more;
} btw_pool;

#define BTW_POOL(layer, size, group, partial)                                                                          \
    {                                                                                                                  \
        (layer)->channels,                                                                                             \
        (layer)->kernel_height,                                                                                        \
        (layer)->kernel_width,                                                                                         \
        (layer)->stride_width,                                                                                         \
        (layer)->dilation_width,                                                                                       \
        (layer)->pad_left,                                                                                             \
        (layer)->input_width,                                                                                          \
        (layer)->output_width,                                                                                         \
        (size),                                                                                                        \
        (group),                                                                                                       \
        (partial),                                                                                                     \
        NULL,                                                                                                          \
    }

/* What a loop reads: pixels whose windows have the same shape. */
typedef struct {
    int position;               /* 0: bytes from the taps to the first pixel's */
    const uint8_t *const *taps; /* 4: at least one */
    const uint8_t *const *end;  /* 8 */
    uint8_t *y;                 /* 12 */
    int channels;               /* 16 */
    int pixels;                 /* 20 */
    int x_next;                 /* 24: bytes from behind the last group of a pixel to the next pixel */
    int y_next;                 /* 28 */
    float factor;               /* 32: 1 / number of taps */
    int group_bytes;            /* 36 */
    const void *more;           /* 40: what else a loop reads */
} btw_pool_pixels;

typedef void btw_pool_loop(const btw_pool_pixels *pixels);

/* `channels` from `first` on. Always inlined: the loop has to be known, lest it is called by a pointer. */
static inline __attribute__((always_inline)) void btw_pool_channels(const btw_pool *pool, btw_pool_pixels *pixels,
                                                                    uint8_t *y, int first, int channels,
                                                                    btw_pool_loop *loop)
{
    const int pixel = pool->channels * pool->size, group = pool->group * pool->size;
    const int moved = (channels + pool->group - 1) / pool->group * group;
    pixels->position = first * pool->size;
    pixels->y = y + first * pool->size;
    pixels->channels = channels;
    pixels->x_next = pool->stride_width * pixel - moved;
    pixels->y_next = pixel - moved;
    pixels->group_bytes = group;
    loop(pixels);
}

/* One output row; every window has a pixel that counts. taps: a pointer for each pixel of the window */
static inline __attribute__((always_inline)) void btw_pool_row(const btw_pool *pool, const void *const rows[], void *y,
                                                               const uint8_t **taps, btw_pool_loop *loop)
{
    const int pixel = pool->channels * pool->size, reach = (pool->kernel_width - 1) * pool->dilation_width;
    const int rest = pool->partial ? 0 : pool->channels % pool->group;
    uint8_t *to = y;
    for (int ox = 0; ox < pool->output_width;) {
        const int left = ox * pool->stride_width - pool->pad_left, inside = pool->input_width - 1 - reach - left;
        const uint8_t **tap = taps;
        for (int ky = 0; ky < pool->kernel_height; ky++) {
            for (int kx = 0; rows[ky] && kx < pool->kernel_width; kx++) {
                const int ix = left + kx * pool->dilation_width;
                if (ix >= 0 && ix < pool->input_width)
                    *tap++ = (const uint8_t *)rows[ky] + ix * pixel;
            }
        }
        btw_pool_pixels pixels = {
            .taps = taps, .end = tap, .pixels = 1, .factor = 1.0f / (float)(tap - taps), .more = pool->more};
        if (left >= 0 && inside >= 0) {
            const int more = inside / pool->stride_width, most = pool->output_width - 1 - ox;
            pixels.pixels += more < most ? more : most;
        }
        btw_pool_channels(pool, &pixels, to, 0, pool->channels - rest, loop);
        if (rest)
            btw_pool_channels(pool, &pixels, to, pool->channels - pool->group, pool->group, loop);
        ox += pixels.pixels;
        to += pixels.pixels * pixel;
    }
}

#if defined(__thumb2__)

/* r0 position, r1 taps, r2 their end, r3 y, r4 channels, r5 pixels, r7 factor, r9 channels left, r10 a tap, r11 its
 * group; r6, r8, r12, lr are free. END moves y on. */
#define BTW_POOL_LOOP(group_bytes, group, FIRST, TAP, END)                                                             \
    "push {r7, r12}\n\tldr r7, [r0, #32]\n\tldm r0, {r0-r6, r8}\n\tpush {r6, r8}\n"                                    \
    "0:\n\tmov r9, r4\n"                                                                                               \
    "1:\n\tmov r10, r1\n\tldr r11, [r10], #4\n\tadd r11, r11, r0\n\t" FIRST "cmp r10, r2\n\tbeq 3f\n"                  \
    "2:\n\tldr r11, [r10], #4\n\tadd r11, r11, r0\n\t" TAP "cmp r10, r2\n\tbne 2b\n"                                   \
    "3:\n\t" END "add r0, r0, #" group_bytes "\n\tsubs r9, r9, #" group "\n\tbgt 1b\n\t"                               \
    "ldrd r6, r8, [sp]\n\tadd r0, r0, r6\n\tadd r3, r3, r8\n\tsubs r5, r5, #1\n\tbne 0b\n\t"                           \
    "add sp, sp, #8\n\tpop {r7, r12}\n\t"
#define BTW_POOL_CLOBBERS "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory"
#define BTW_POOL_FUNCTION(name, text, ...)                                                                             \
    static __attribute__((noinline)) void name(const btw_pool_pixels *pixels)                                          \
    {                                                                                                                  \
        register const btw_pool_pixels *r0 __asm("r0") = pixels;                                                       \
        __asm volatile(text : "+r"(r0) : : __VA_ARGS__);                                                               \
    }

/* On Helium 16 bytes of channels make a group, of which the last one is cut off by tail predication; `lane` is .8 or
 * .32, `load` and `store` the instructions, COMBINE takes q1 into q0. Two functions: for windows of 4 taps, whose
 * addresses stay in r6, r8, r9 and r10, and for any. */
#define BTW_POOL_MVE(name, lane, load, store, COMBINE, END)                                                            \
    BTW_MVE_FUNCTION(                                                                                                  \
        name##_of_four, btw_pool_pixels,                                                                               \
        "push {r7}\n\tldr r7, [r0, #32]\n\tldm r0, {r0-r6, r8}\n\tpush {r6, r8}\n\tldm r1, {r6, r8-r10}\n\t"           \
        ".irp tap, r6, r8, r9, r10\n\tadd \\tap, \\tap, r0\n\t.endr\n"                                                 \
        "0:\n\tdlstp" lane " lr, r4\n"                                                                                 \
        "1:\n\t" load " q0, [r6], #16\n\t"                                                                             \
        ".irp tap, r8, r9, r10\n\t" load " q1, [\\tap], #16\n\t" COMBINE ".endr\n\t" END store                         \
        " q0, [r3], #16\n\tletp lr, 1b\n\t"                                                                            \
        "ldrd r11, r12, [sp]\n\t.irp tap, r6, r8, r9, r10\n\tadd \\tap, \\tap, r11\n\t.endr\n\t"                       \
        "add r3, r3, r12\n\tsubs r5, r5, #1\n\tbne 0b\n\tadd sp, sp, #8\n\tpop {r7}\n\t")                              \
    BTW_MVE_FUNCTION(name##_of_any, btw_pool_pixels,                                                                   \
                     "push {r7}\n\tldr r7, [r0, #32]\n\tldm r0, {r0-r6, r8}\n"                                         \
                     "0:\n\tdlstp" lane " lr, r4\n"                                                                    \
                     "1:\n\tmov r10, r1\n\tldr r11, [r10], #4\n\tadd r11, r11, r0\n\t" load " q0, [r11]\n\t"           \
                     "cmp r10, r2\n\tbeq 3f\n"                                                                         \
                     "2:\n\tldr r11, [r10], #4\n\tadd r11, r11, r0\n\t" load " q1, [r11]\n\t" COMBINE                  \
                     "cmp r10, r2\n\tbne 2b\n"                                                                         \
                     "3:\n\t" END store " q0, [r3], #16\n\tadd r0, r0, #16\n\tletp lr, 1b\n\t"                         \
                     "add r0, r0, r6\n\tadd r3, r3, r8\n\tsubs r5, r5, #1\n\tbne 0b\n\tpop {r7}\n\t")                  \
    BTW_MVE_FUNCTION(name##_of_one, btw_pool_pixels,                                                                   \
                     "push {r7}\n\tldr r7, [r0, #32]\n\tldm r0, {r0-r6, r8}\n\tldr r9, [r1]\n\tadd r9, r9, r0\n"       \
                     "0:\n\tdlstp" lane " lr, r4\n"                                                                    \
                     "1:\n\t" load " q0, [r9], #16\n\t" END store " q0, [r3], #16\n\tletp lr, 1b\n\t"                  \
                     "add r9, r9, r6\n\tadd r3, r3, r8\n\tsubs r5, r5, #1\n\tbne 0b\n\tpop {r7}\n\t")                  \
    static inline void name(const btw_pool_pixels *pixels)                                                             \
    {                                                                                                                  \
        if (pixels->end - pixels->taps == 1)                                                                           \
            name##_of_one(pixels);                                                                                     \
        else if (pixels->end - pixels->taps == 4)                                                                      \
            name##_of_four(pixels);                                                                                    \
        else                                                                                                           \
            name##_of_any(pixels);                                                                                     \
    }

#else
#include "btw_pool_twin.h"
#endif

#endif
