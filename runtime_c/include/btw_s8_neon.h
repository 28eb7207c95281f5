/* Kernels for NEON, int8: the structs of their layers, requantization, and sums of products by SMULL. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_S8_NEON_H
#define BTW_S8_NEON_H

#include <arm_neon.h>

#include "btw.h"
#include "btw_fixed_point.h"

/* ---- Layers. Biases and factors are in the order of the blocks of channels: of 4 (SMULL), or of 8. Where channels do
 * not fill blocks, the last one holds some of the one before it again; fewer channels than a block are followed by
 * zeros. factor: multipliers, or the bits of float32 scales where by_scale is 1. */

/* A convolution as sums over windows of pieces, each some contiguous inputs: a row of taps, or one tap. */
typedef struct {
    int groups;
    int outputs; /* channels of a group */
    int pixel;   /* bytes from an output pixel to the next */
    int advance; /* bytes from a window to the next one */
    int kernel_height;
    int parts;  /* pieces of a row */
    int next;   /* bytes from a piece to the next one of its row */
    int length; /* bytes of a piece */
    int group;  /* bytes from the inputs of a group to those of the next */
    int paired; /* SMULL: 1 where the sum of two products fits 16 bits */
    int zero_point;
    int by_scale;
    const int16_t *wide;   /* few inputs: [groups][blocks of 8][all inputs][8], products by lanes of them; or null */
    const int8_t *weights; /* else [groups][blocks][kernel_height][parts], then of
                              SMULL: 16 inputs [4 outputs][16], a rest of up to 8 [4][8]; not paired: 8 inputs [4][8]
                              SDOT: 4 inputs [8][4]; SMMLA: 8 inputs [8][8], in twos but for a rest of up to 8;
                              one output in all: SMULL as above, without its 4 outputs; SDOT: 16 inputs */
    const int32_t *bias;
    const int32_t *factor;
} btw_products_s8_neon;

/* A convolution straight from rows. */
typedef struct {
    int output_width;
    btw_products_s8_neon products;
} btw_conv2d_s8_neon_layer;

/* A convolution through windows copied to scratch memory, [pixels][kernel_height][kernel_width][input_channels]. */
typedef struct {
    int output_width;
    int advance; /* bytes from a window to the next one */
    int kernel_height;
    int parts;  /* pieces of a row */
    int next;   /* bytes from a piece to the next one of its row */
    int length; /* bytes of a piece */
    btw_products_s8_neon products;
} btw_conv2d_windows_s8_neon_layer;

#define BTW_NEON_WINDOWS 16 /* in scratch memory */

/* A depthwise convolution, blocks of 8 channels. */
typedef struct {
    int channels; /* of the output */
    int input_channels;
    int output_width;
    int advance; /* bytes from a window to the next one */
    int next;    /* 3x3: bytes from a tap to the next one of its row */
    int pairs;   /* of taps, where not 3x3 */
    int zero_point;
    int by_scale;
    const int32_t *taps;   /* [pairs][2][2]: row, first byte; null for 3x3 */
    const uint8_t *lanes;  /* [blocks][8]: input channel of each output channel, from the block's first; or null */
    const int32_t *first;  /* [blocks]: first input channel; or null */
    const int8_t *weights; /* [blocks], then [2 * pairs][8]; 3x3: [9][8]; SDOT: [kx][8][3 and a zero] */
    const int32_t *bias;
    const int32_t *factor;
} btw_depthwise_conv2d_s8_neon_layer;

/* A convolution 3x3 with stride 1 of one group by Winograd's F(2x2, 3x3): two output rows from four input rows. */
typedef struct {
    int input_channels;
    int output_channels;
    int output_width;
    int zero_point;
    int by_scale;
    const int16_t *weights; /* (2G) g (2G)^T, [16 positions][blocks], each of 16 outputs [input_channels, in
                               twos][16], a rest of up to 8 outputs [input_channels, in fours][8] */
    const int32_t *bias;    /* [2][outputs, in eights]: zeros, and four times the biases */
    const int32_t *factor;  /* in blocks of 8, for four times the sums: scales are a quarter */
} btw_winograd_s8_neon_layer;

#if !defined(BTW_INLINE_KERNELS)
/* Two output rows; rows[0..3] are where the windows of ox = 0 begin.
 * scratch: 4 tiles' [16][input_channels, in eights] of 2 bytes and [16][output_channels, in eights] of 4 bytes. */
void btw_conv2d_winograd_s8_neon(const btw_winograd_s8_neon_layer *layer, const void *const rows[], int8_t *const y[2],
                                 void *scratch);

/* x[pixels][inputs] to y[pixels][outputs] */
void btw_linear_s8_neon(const btw_products_s8_neon *layer, const int8_t *x, int8_t *y, int pixels);

/* One output row y[output_width][outputs]; rows[ky] is where the window of ox = 0 begins.
 * scratch: BTW_NEON_WINDOWS windows and 16 bytes. */
void btw_conv2d_s8_neon(const btw_conv2d_s8_neon_layer *layer, const void *const rows[], int8_t *y);
void btw_conv2d_windows_s8_neon(const btw_conv2d_windows_s8_neon_layer *layer, const void *const rows[], int8_t *y,
                                void *scratch);
void btw_depthwise_conv2d_3x3_s8_neon(const btw_depthwise_conv2d_s8_neon_layer *layer, const void *const rows[],
                                      int8_t *y);
void btw_depthwise_conv2d_s8_neon(const btw_depthwise_conv2d_s8_neon_layer *layer, const void *const rows[], int8_t *y);
#endif

/* ---- What the vector functions share. */

#define BTW_NEON static inline __attribute__((always_inline))

/* Loops over arrays of vectors have to be unrolled to keep them in registers. */
#if defined(__clang__)
#define BTW_UNROLL _Pragma("clang loop unroll(full)")
#else
#define BTW_UNROLL _Pragma("GCC unroll 16")
#endif

/* Nothing is loaded from `pointer` before the others are there: compilers would else begin more products than registers
 * hold.
 */
#if defined(__ARM_NEON)
#define BTW_AFTER(pointer, a, b, c, d) __asm__("" : "+r"(pointer) : "w"(a), "w"(b), "w"(c), "w"(d))
#else
#define BTW_AFTER(pointer, a, b, c, d) ((void)0)
#endif

/* Hides where a pointer came from: each load then moves it on, instead of an address of its own made by an addition. */
#define BTW_MOVED(pointer) __asm__("" : "+r"(pointer))

/* function(count, ...) with a constant, and tiles of such counts. Folded into a layer, all tiles but the last are of
 * `size` pixels, and code for two counts remains; else the same function does for all layers, by powers of two. */
#define BTW_NEON_COUNT_2(function, count, ...)                                                                         \
    switch (count) {                                                                                                   \
    case 1:                                                                                                            \
        function(1, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    case 2:                                                                                                            \
        function(2, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    default:                                                                                                           \
        break;                                                                                                         \
    }
#if defined(BTW_INLINE_KERNELS)
#define BTW_NEON_COUNT_4(function, count, ...)                                                                         \
    switch (count) {                                                                                                   \
    case 3:                                                                                                            \
        function(3, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    case 4:                                                                                                            \
        function(4, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    default:                                                                                                           \
        BTW_NEON_COUNT_2(function, count, __VA_ARGS__);                                                                \
    }
#define BTW_NEON_COUNT_8(function, count, ...)                                                                         \
    switch (count) {                                                                                                   \
    case 5:                                                                                                            \
        function(5, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    case 6:                                                                                                            \
        function(6, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    case 7:                                                                                                            \
        function(7, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    case 8:                                                                                                            \
        function(8, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    default:                                                                                                           \
        BTW_NEON_COUNT_4(function, count, __VA_ARGS__);                                                                \
    }
#define BTW_NEON_UP_TO_8(count) (count)
#define BTW_NEON_TILES(choose, function, size, layer, rows, y, pixels)                                                 \
    do {                                                                                                               \
        const int tile = size, tiles = pixels / tile;                                                                  \
        int at = 0;                                                                                                    \
        for (int i = 0; i < tiles; i++) {                                                                              \
            choose(function, tile, layer, rows, at, y);                                                                \
            at += tile * layer->advance;                                                                               \
            y += tile * layer->pixel;                                                                                  \
        }                                                                                                              \
        choose(function, pixels % tile, layer, rows, at, y);                                                           \
    } while (0)
#else
#define BTW_NEON_COUNT_4(function, count, ...)                                                                         \
    switch (count) {                                                                                                   \
    case 4:                                                                                                            \
        function(4, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    default:                                                                                                           \
        BTW_NEON_COUNT_2(function, count, __VA_ARGS__);                                                                \
    }
#define BTW_NEON_COUNT_8(function, count, ...)                                                                         \
    switch (count) {                                                                                                   \
    case 8:                                                                                                            \
        function(8, __VA_ARGS__);                                                                                      \
        break;                                                                                                         \
    default:                                                                                                           \
        BTW_NEON_COUNT_4(function, count, __VA_ARGS__);                                                                \
    }
#define BTW_NEON_UP_TO_8(count) btw_neon_power(count)
#define BTW_NEON_TILES(choose, function, size, layer, rows, y, pixels)                                                 \
    for (int at = 0, rest = pixels, tile; rest > 0; rest -= tile) {                                                    \
        tile = btw_neon_power(rest < size ? rest : size);                                                              \
        choose(function, tile, layer, rows, at, y);                                                                    \
        at += tile * layer->advance;                                                                                   \
        y += tile * layer->pixel;                                                                                      \
    }
#endif

/* The float32 formula: acc * scale, rounded to even; and what Armv7 lacks. */
#if defined(__arm__)

#define BTW_NEON_PIXELS 2 /* of a tile: 16 registers */
#define BTW_NEON_LANE_PIXELS 2
#define BTW_NEON_TILES_TOGETHER 2
#define BTW_NEON_WIDE_TOGETHER(vectors) 1 /* inputs whose weights of 16 bits are loaded together */
#define BTW_NEON_COUNT BTW_NEON_COUNT_2
#define BTW_NEON_LANE_COUNT BTW_NEON_COUNT_2

/* Channels 0 to 3, and 4 to 7, of `w` times lane `i` of x. */
#define BTW_NEON_LANE(low, high, w, x, i)                                                                              \
    low = vmlal_lane_s16(low, vget_low_s16(w), (i) < 4 ? vget_low_s16(x) : vget_high_s16(x), (i) & 3);                 \
    high = vmlal_lane_s16(high, vget_high_s16(w), (i) < 4 ? vget_low_s16(x) : vget_high_s16(x), (i) & 3)

BTW_NEON int8x16x4_t btw_neon_load_4(const int8_t *x)
{
    return (int8x16x4_t){{vld1q_s8(x), vld1q_s8(x + 16), vld1q_s8(x + 32), vld1q_s8(x + 48)}};
}

BTW_NEON void btw_neon_load_wide(int16x8_t w[], const int16_t *from, int count)
{
    BTW_UNROLL for (int i = 0; i < count; i++) w[i] = vld1q_s16(from + 8 * i);
}

/* Within +-512 codes magic numbers round to even; Armv7 takes denormals for zeros, and both give code 0. */
BTW_NEON int32x4_t btw_neon_scaled(int32x4_t acc, float32x4_t scale)
{
    const float32x4_t magic = vdupq_n_f32(12582912.0f); /* 1.5 * 2**23 */
    const float32x4_t code = vmulq_f32(vcvtq_f32_s32(acc), scale);
    const float32x4_t near = vmaxq_f32(vminq_f32(code, vdupq_n_f32(512.0f)), vdupq_n_f32(-512.0f));
    return vsubq_s32(vreinterpretq_s32_f32(vaddq_f32(near, magic)), vreinterpretq_s32_f32(magic));
}

BTW_NEON int16x8_t btw_neon_narrow(int32x4_t low, int32x4_t high)
{
    return vcombine_s16(vqmovn_s32(low), vqmovn_s32(high));
}

/* Divided by 2**4, halves up. */
BTW_NEON int16x8_t btw_neon_sixteenths(int32x4_t low, int32x4_t high)
{
    return vcombine_s16(vqrshrn_n_s32(low, 4), vqrshrn_n_s32(high, 4));
}

/* Divided by 2**6. */
BTW_NEON int16x8_t btw_neon_sixty_fourths(int32x4_t low, int32x4_t high)
{
    return vcombine_s16(vqrshrn_n_s32(low, 6), vqrshrn_n_s32(high, 6));
}

BTW_NEON int16x8_t btw_neon_multiply_high_add(int16x8_t sum, int8x16_t a, int8x16_t b)
{
    return vmlal_s8(sum, vget_high_s8(a), vget_high_s8(b));
}

BTW_NEON int32x4_t btw_neon_add_high(int32x4_t sum, int16x8_t a)
{
    return vaddw_s16(sum, vget_high_s16(a));
}

BTW_NEON int32x2_t btw_neon_sum2(int32x4_t a, int32x4_t b)
{
    return vpadd_s32(vadd_s32(vget_low_s32(a), vget_high_s32(a)), vadd_s32(vget_low_s32(b), vget_high_s32(b)));
}

/* The sums of four vectors. */
BTW_NEON int32x4_t btw_neon_sums(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d)
{
    return vcombine_s32(btw_neon_sum2(a, b), btw_neon_sum2(c, d));
}

#else

#define BTW_NEON_PIXELS 4 /* of a tile */
#define BTW_NEON_LANE_PIXELS 8
#define BTW_NEON_TILES_TOGETHER 4
#define BTW_NEON_WIDE_TOGETHER(vectors) (4 / (vectors))
#define BTW_NEON_COUNT BTW_NEON_COUNT_4
#define BTW_NEON_LANE_COUNT BTW_NEON_COUNT_8

#define BTW_NEON_LANE(low, high, w, x, i)                                                                              \
    low = vmlal_laneq_s16(low, vget_low_s16(w), x, i);                                                                 \
    high = vmlal_high_laneq_s16(high, w, x, i)

BTW_NEON int8x16x4_t btw_neon_load_4(const int8_t *x)
{
    return vld1q_s8_x4(x);
}

/* Four vectors, by one instruction. */
BTW_NEON void btw_neon_load_wide(int16x8_t w[], const int16_t *from, int count)
{
    const int16x8x4_t four = vld1q_s16_x4(from);
    (void)count;
    w[0] = four.val[0], w[1] = four.val[1], w[2] = four.val[2], w[3] = four.val[3];
}

BTW_NEON int32x4_t btw_neon_scaled(int32x4_t acc, float32x4_t scale)
{
    return vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(acc), scale));
}

BTW_NEON int16x8_t btw_neon_narrow(int32x4_t low, int32x4_t high)
{
    return vqmovn_high_s32(vqmovn_s32(low), high);
}

BTW_NEON int16x8_t btw_neon_sixteenths(int32x4_t low, int32x4_t high)
{
    return vqrshrn_high_n_s32(vqrshrn_n_s32(low, 4), high, 4);
}

BTW_NEON int16x8_t btw_neon_sixty_fourths(int32x4_t low, int32x4_t high)
{
    return vqrshrn_high_n_s32(vqrshrn_n_s32(low, 6), high, 6);
}

BTW_NEON int16x8_t btw_neon_multiply_high_add(int16x8_t sum, int8x16_t a, int8x16_t b)
{
    return vmlal_high_s8(sum, a, b);
}

BTW_NEON int32x4_t btw_neon_add_high(int32x4_t sum, int16x8_t a)
{
    return vaddw_high_s16(sum, a);
}

BTW_NEON int32x4_t btw_neon_sums(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d)
{
    return vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d));
}

#endif

/* ---- Requantization of 8 sums. Both saturate to 16 bits before the zero point is added, which saturates as well. */

/* The proved integers: VQDMULH is (acc * multiplier) >> 31, so that
 * round(that / 16) = (4 + ((acc * multiplier) >> 32)) >> 3: a shift of 3 only. */
BTW_NEON int8x8_t btw_neon_by_multiplier(int32x4_t low, int32x4_t high, int32x4_t low_factor, int32x4_t high_factor,
                                         int16x8_t zero_point)
{
    const int16x8_t codes = btw_neon_sixteenths(vqdmulhq_s32(low, low_factor), vqdmulhq_s32(high, high_factor));
    return vqmovn_s16(vqaddq_s16(codes, zero_point));
}

BTW_NEON int8x8_t btw_neon_by_scale(int32x4_t low, int32x4_t high, int32x4_t low_factor, int32x4_t high_factor,
                                    int16x8_t zero_point)
{
    const int16x8_t codes = btw_neon_narrow(btw_neon_scaled(low, vreinterpretq_f32_s32(low_factor)),
                                            btw_neon_scaled(high, vreinterpretq_f32_s32(high_factor)));
    return vqmovn_s16(vqaddq_s16(codes, zero_point));
}

BTW_NEON int8x8_t btw_neon_requantized(int by_scale, int32x4_t low, int32x4_t high, int32x4_t low_factor,
                                       int32x4_t high_factor, int16x8_t zero_point)
{
    return by_scale ? btw_neon_by_scale(low, high, low_factor, high_factor, zero_point)
                    : btw_neon_by_multiplier(low, high, low_factor, high_factor, zero_point);
}

/* ---- Blocks of channels. */

/* The first channel of block `i`, each of `size`: the last one reaches back where channels do not fill blocks. */
BTW_NEON int btw_neon_block(int i, int size, int channels)
{
    return (i + 1) * size <= channels ? i * size : channels > size ? channels - size : 0;
}

/* Up to `size` codes of each of `pixels` pixels; `size` is less than a block. */
BTW_NEON void btw_neon_store_few(int8_t *y, int pixel, const int8_t *codes, int block, int size, int pixels)
{
    for (int p = 0; p < pixels; p++)
        for (int c = 0; c < size; c++)
            y[p * pixel + c] = codes[p * block + c];
}

/* Copies the next windows from `ox` on to scratch memory, 16 bytes at a time; how many. */
BTW_NEON int btw_neon_windows(const btw_conv2d_windows_s8_neon_layer *layer, const void *const rows[], int ox,
                              int8_t *to)
{
    const int left = layer->output_width - ox, count = left < BTW_NEON_WINDOWS ? left : BTW_NEON_WINDOWS;
    for (int at = ox * layer->advance; at < (ox + count) * layer->advance; at += layer->advance) {
        for (int ky = 0; ky < layer->kernel_height; ky++) {
            const int8_t *from = (const int8_t *)rows[ky] + at;
            for (int i = 0; i < layer->parts; i++, from += layer->next, to += layer->length) {
                for (int k = 0; k < layer->length; k += 16)
                    vst1q_s8(to + k, vld1q_s8(from + k));
            }
        }
    }
    return count;
}

/* Pixels of a tile of at most `most`, so that all tiles are of about one size. */
BTW_NEON int btw_neon_tile(int pixels, int most)
{
    const int tiles = (pixels + most - 1) / most;
    return (pixels + tiles - 1) / tiles;
}

/* The largest power of two up to `count`, and to 8. */
BTW_NEON int btw_neon_power(int count)
{
    return count >= 8 ? 8 : count >= 4 ? 4 : count >= 2 ? 2 : 1;
}

/* ---- Sums of products by SMULL: tiles of up to BTW_NEON_PIXELS pixels by 4 channels. */

/* `count` pixels, the first one's window `at` bytes behind that of ox = 0. */
BTW_NEON void btw_neon_products_tile(const int count, const btw_products_s8_neon *layer, const void *const rows[],
                                     int at, int8_t *y)
{
    const int8_t *w = layer->weights;
    const int32_t *bias = layer->bias, *factor = layer->factor;
    const int16x8_t zero_point = vdupq_n_s16((int16_t)layer->zero_point);
    const int outputs = layer->outputs, blocks = (outputs + 3) / 4, advance = layer->advance;
    for (int group = 0; group < layer->groups; group++, at += layer->group, y += outputs) {
        for (int block = 0; block < blocks; block++, bias += 4, factor += 4) {
            int32x4_t sums[4][4]; /* [pixel][channel] */
            BTW_UNROLL for (int i = 0; i < 4 * count; i++) sums[i / 4][i % 4] = vdupq_n_s32(0);
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const int8_t *piece = (const int8_t *)rows[ky] + at;
                for (int i = 0; i < layer->parts; i++, piece += layer->next) {
                    const int8_t *from = piece;
                    int left = layer->length;
                    for (; left > 8 && layer->paired; left -= 16, from += 16) {
                        int8x16_t x[4];
                        BTW_MOVED(from);
                        BTW_UNROLL for (int p = 0; p < count; p++) x[p] = vld1q_s8(from + p * advance);
                        BTW_UNROLL for (int c = 0; c < 4; c++)
                        {
                            const int8x16_t weights = vld1q_s8(w + 16 * c);
                            BTW_UNROLL for (int p = 0; p < count; p++)
                            {
                                const int16x8_t low = vmull_s8(vget_low_s8(weights), vget_low_s8(x[p]));
                                sums[p][c] = vpadalq_s16(sums[p][c], btw_neon_multiply_high_add(low, weights, x[p]));
                            }
                            BTW_AFTER(w, sums[0][c], sums[1 % count][c], sums[2 % count][c], sums[3 % count][c]);
                        }
                        w += 64;
                    }
                    for (; left > 0; left -= 8, from += 8) {
                        const int8x8_t weights[4] = {vld1_s8(w), vld1_s8(w + 8), vld1_s8(w + 16), vld1_s8(w + 24)};
                        w += 32;
                        BTW_UNROLL for (int p = 0; p < count; p++)
                        {
                            const int8x8_t x = vld1_s8(from + p * advance);
                            BTW_UNROLL for (int c = 0; c < 4; c++) sums[p][c] =
                                vpadalq_s16(sums[p][c], vmull_s8(weights[c], x));
                        }
                    }
                }
            }
            const int32x4_t f = vld1q_s32(factor), start = vld1q_s32(bias);
            int8_t few[4 * 4];
            int8_t *to = outputs < 4 ? few : y + btw_neon_block(block, 4, outputs);
            const int pixel = outputs < 4 ? 4 : layer->pixel;
            BTW_UNROLL for (int p = 0; p < count; p += 2, to += 2 * pixel)
            {
                const int q = p + 1 < count ? p + 1 : p;
                const int32x4_t a = btw_neon_sums(sums[p][0], sums[p][1], sums[p][2], sums[p][3]);
                const int32x4_t b = btw_neon_sums(sums[q][0], sums[q][1], sums[q][2], sums[q][3]);
                const int8x8_t codes =
                    btw_neon_requantized(layer->by_scale, vaddq_s32(start, a), vaddq_s32(start, b), f, f, zero_point);
                vst1_lane_s32((void *)to, vreinterpret_s32_s8(codes), 0);
                if (q > p)
                    vst1_lane_s32((void *)(to + pixel), vreinterpret_s32_s8(codes), 1);
            }
            if (outputs < 4)
                btw_neon_store_few(y, layer->pixel, few, 4, outputs, count);
        }
    }
}

/* ---- The same for few inputs, by lanes of 16 bits: tiles by 8 channels. */

/* Input `i` of each pixel, where there is one. */
#define BTW_NEON_LANE_STEP(i)                                                                                          \
    if (left > i) {                                                                                                    \
        const int16x8_t weights = vld1q_s16(w);                                                                        \
        w += 8;                                                                                                        \
        BTW_UNROLL for (int p = 0; p < count; p++)                                                                     \
        {                                                                                                              \
            BTW_NEON_LANE(low[p], high[p], weights, x[p], i);                                                          \
        }                                                                                                              \
    }

BTW_NEON void btw_neon_lanes_tile(const int count, const btw_products_s8_neon *layer, const void *const rows[], int at,
                                  int8_t *y)
{
    const int16_t *w = layer->wide;
    const int32_t *bias = layer->bias, *factor = layer->factor;
    const int16x8_t zero_point = vdupq_n_s16((int16_t)layer->zero_point);
    const int outputs = layer->outputs, blocks = (outputs + 7) / 8, advance = layer->advance;
    for (int group = 0; group < layer->groups; group++, at += layer->group, y += outputs) {
        for (int block = 0; block < blocks; block++, bias += 8, factor += 8) {
            int32x4_t low[8], high[8];
            BTW_UNROLL for (int p = 0; p < count; p++)
            {
                low[p] = vld1q_s32(bias);
                high[p] = vld1q_s32(bias + 4);
            }
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const int8_t *piece = (const int8_t *)rows[ky] + at;
                for (int i = 0; i < layer->parts; i++, piece += layer->next) {
                    const int8_t *from = piece;
                    for (int left = layer->length; left > 0; left -= 8, from += 8) {
                        int16x8_t x[8];
                        BTW_UNROLL for (int p = 0; p < count; p++) x[p] = vmovl_s8(vld1_s8(from + p * advance));
                        BTW_NEON_LANE_STEP(0)
                        BTW_NEON_LANE_STEP(1)
                        BTW_NEON_LANE_STEP(2)
                        BTW_NEON_LANE_STEP(3)
                        BTW_NEON_LANE_STEP(4)
                        BTW_NEON_LANE_STEP(5)
                        BTW_NEON_LANE_STEP(6)
                        BTW_NEON_LANE_STEP(7)
                    }
                }
            }
            const int32x4_t f0 = vld1q_s32(factor), f1 = vld1q_s32(factor + 4);
            int8_t few[8 * 8];
            int8_t *to = outputs < 8 ? few : y + btw_neon_block(block, 8, outputs);
            const int pixel = outputs < 8 ? 8 : layer->pixel;
            BTW_UNROLL for (int p = 0; p < count; p++, to += pixel)
                vst1_s8(to, btw_neon_requantized(layer->by_scale, low[p], high[p], f0, f1, zero_point));
            if (outputs < 8)
                btw_neon_store_few(y, layer->pixel, few, 8, outputs, count);
        }
    }
}

/* ---- One output channel in all: tiles of 8 pixels, whose codes lie side by side. */

/* Sums of `count` pixels; in place of those that are missing stands any other. */
BTW_NEON void btw_neon_store_pixels(const int count, const btw_products_s8_neon *layer, int32x4_t sums[8], int8_t *y)
{
    const int32x4_t start = vdupq_n_s32(*layer->bias), factor = vdupq_n_s32(*layer->factor);
    BTW_UNROLL for (int p = count; p < 8; p++) sums[p] = sums[p % 4 < count ? p % 4 : 0];
    const int32x4_t low = vaddq_s32(start, btw_neon_sums(sums[0], sums[1], sums[2], sums[3]));
    const int32x4_t high = vaddq_s32(start, btw_neon_sums(sums[4], sums[5], sums[6], sums[7]));
    const int16x8_t zero_point = vdupq_n_s16((int16_t)layer->zero_point);
    int8_t few[8];
    vst1_s8(count < 8 ? few : y, btw_neon_requantized(layer->by_scale, low, high, factor, factor, zero_point));
    if (count < 8)
        memcpy(y, few, (size_t)count);
}

BTW_NEON void btw_neon_channel_tile(const int count, const btw_products_s8_neon *layer, const void *const rows[],
                                    int at, int8_t *y)
{
    const int8_t *w = layer->weights;
    const int advance = layer->advance;
    int32x4_t sums[8];
    BTW_UNROLL for (int p = 0; p < count; p++) sums[p] = vdupq_n_s32(0);
    for (int ky = 0; ky < layer->kernel_height; ky++) {
        const int8_t *piece = (const int8_t *)rows[ky] + at;
        for (int i = 0; i < layer->parts; i++, piece += layer->next) {
            const int8_t *from = piece;
            int left = layer->length;
            for (; left > 8 && layer->paired; left -= 16, from += 16, w += 16) {
                const int8x16_t weights = vld1q_s8(w);
                BTW_UNROLL for (int p = 0; p < count; p++)
                {
                    const int8x16_t x = vld1q_s8(from + p * advance);
                    const int16x8_t lower = vmull_s8(vget_low_s8(weights), vget_low_s8(x));
                    sums[p] = vpadalq_s16(sums[p], btw_neon_multiply_high_add(lower, weights, x));
                }
            }
            for (; left > 0; left -= 8, from += 8, w += 8) {
                const int8x8_t weights = vld1_s8(w);
                BTW_UNROLL for (int p = 0; p < count; p++) sums[p] =
                    vpadalq_s16(sums[p], vmull_s8(weights, vld1_s8(from + p * advance)));
            }
        }
    }
    btw_neon_store_pixels(count, layer, sums, y);
}

/* function(count, layer, rows, at, y) for tiles of 8; the last one reaches back, where there are 8 pixels. */
#define BTW_NEON_CHANNEL(function, layer, rows, y, pixels)                                                             \
    do {                                                                                                               \
        for (int i = 0; pixels >= 8 && i < (pixels + 7) / 8; i++) {                                                    \
            const int first = btw_neon_block(i, 8, pixels);                                                            \
            function(8, layer, rows, first * layer->advance, y + first);                                               \
        }                                                                                                              \
        for (int i = 0, tile; pixels < 8 && i < pixels; i += tile) {                                                   \
            tile = BTW_NEON_UP_TO_8(pixels - i);                                                                       \
            BTW_NEON_COUNT_8(function, tile, layer, rows, i * layer->advance, y + i);                                  \
        }                                                                                                              \
    } while (0)

/* `pixels` windows, `advance` bytes apart. */
BTW_NEON void btw_neon_products(const btw_products_s8_neon *layer, const void *const rows[], int8_t *y, int pixels)
{
    if (layer->outputs == 1 && layer->groups == 1) {
        BTW_NEON_CHANNEL(btw_neon_channel_tile, layer, rows, y, pixels);
    } else if (layer->wide) {
        const int size = btw_neon_tile(pixels, BTW_NEON_LANE_PIXELS);
        BTW_NEON_TILES(BTW_NEON_LANE_COUNT, btw_neon_lanes_tile, size, layer, rows, y, pixels);
    } else {
        const int size = btw_neon_tile(pixels, BTW_NEON_PIXELS);
        BTW_NEON_TILES(BTW_NEON_COUNT, btw_neon_products_tile, size, layer, rows, y, pixels);
    }
}

#endif
