/* What the float32 kernels for NEON share: sums of products for a block of pixels and channels, clips, layer structs.
 */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_F32_NEON_H
#define BTW_F32_NEON_H

#include "btw.h"

#include <arm_neon.h>
#include <math.h>

/* A convolution as sums over runs: each output pixel reads, from every row, `parts` runs of `run` contiguous values.
 *
 * `weights` has for each block of up to 16 output channels, filled up to a multiple of four: the biases, then for each
 * value in the order in which it is read the weights of all channels of the block. */
typedef struct {
    int kernel_height;
    int parts;
    int next;          /* values from a run to the next one of its row */
    int run;           /* values */
    int groups;        /* each reads the `run` values behind those of the group before it */
    int group_outputs; /* channels that a group makes */
    int output_width;
    int advance; /* values from an output pixel's first run to that of the next */
    const float *weights;
    float low;
    float high;
} btw_sums_f32_neon_layer;

/* A depthwise convolution with one output channel for each of at least four input channels.
 *
 * `weights` has for each block of channels the biases, then the taps in row order: blocks of eight, then of eight or
 * four that end with the last channel and may overlap the block before. */
typedef struct {
    int channels;
    int kernel_height;
    int kernel_width;
    int stride_width;
    int next;    /* values from a tap to the next one of its row */
    int advance; /* values from an output pixel's first tap to that of the next */
    int output_width;
    const float *weights;
    float low;
    float high;
} btw_depthwise_conv2d_f32_neon_layer;

/* A convolution 3x3 with stride 1 of one group by Winograd's F(2x2, 3x3): two output rows from four input rows, at
 * least four channels.
 *
 * `weights`: for each of the 16 positions of a tile what btw_sums_f32_neon_layer has of a 1x1 convolution, of G g G^T;
 * biases at position 5, zeros at the others. */
typedef struct {
    int input_channels;
    int output_channels;
    int output_width;
    const float *weights;
    float low;
    float high;
} btw_winograd_f32_neon_layer;

#if !defined(BTW_INLINE_KERNELS)
/* scratch: up to 4 tiles' [16][input_channels, in fours] and [16][output_channels, in fours] */
void btw_conv2d_winograd_f32_neon(const btw_winograd_f32_neon_layer *layer, const void *const rows[], float *const y[2],
                                  void *scratch);
void btw_conv2d_f32_neon(const btw_sums_f32_neon_layer *layer, const void *const rows[], float *y);
void btw_linear_f32_neon(const btw_sums_f32_neon_layer *layer, const float *x, float *y, int pixels);
void btw_depthwise_conv2d_3x3_f32_neon(const btw_depthwise_conv2d_f32_neon_layer *layer, const void *const rows[],
                                       float *y);
void btw_depthwise_conv2d_f32_neon(const btw_depthwise_conv2d_f32_neon_layer *layer, const void *const rows[],
                                   float *y);
#endif

/* ---- blocks of constant size, whose vectors stay in registers ---- */

#define BTW_BLOCK static inline __attribute__((always_inline))
#if defined(__clang__)
#define BTW_UNROLL _Pragma("clang loop unroll(full)")
#else
#define BTW_UNROLL _Pragma("GCC unroll 16")
#endif

#define BTW_MOST_PIXELS 12

/* The same pointer. Compilers load nothing behind it earlier, so that registers suffice. */
BTW_BLOCK const float *btw_in_order(const float *w)
{
    __asm__ volatile("" : "+r"(w));
    return w;
}

/* Hides where a pointer came from, so that constant distances from it are short. */
#define BTW_MOVED(pointer) __asm__("" : "+r"(pointer))

#if defined(__arm__)

/* Armv7-A: 16 vectors, no instruction for more than two, a multiply-add that may round twice. */
enum { BTW_PIXELS_OF_1 = 6, BTW_PIXELS_OF_2 = 4, BTW_PIXELS_OF_3 = 3, BTW_PIXELS_OF_4 = 2 };
enum { BTW_TILES_OF_1 = 4, BTW_TILES_OF_2 = 4, BTW_TILES_OF_3 = 2, BTW_TILES_OF_4 = 2 };

BTW_BLOCK float32x4_t btw_multiply_add(float32x4_t sum, float32x4_t a, float32x4_t b)
{
    return vmlaq_f32(sum, a, b);
}

/* sum + w * x[lane] */
BTW_BLOCK float32x4_t btw_multiply_add_lane(float32x4_t sum, float32x4_t w, float32x4_t x, int lane)
{
    switch (lane) {
    case 0:
        return vmlaq_lane_f32(sum, w, vget_low_f32(x), 0);
    case 1:
        return vmlaq_lane_f32(sum, w, vget_low_f32(x), 1);
    case 2:
        return vmlaq_lane_f32(sum, w, vget_high_f32(x), 0);
    default:
        return vmlaq_lane_f32(sum, w, vget_high_f32(x), 1);
    }
}

/* sum + w * x */
BTW_BLOCK float32x4_t btw_multiply_add_value(float32x4_t sum, float32x4_t w, float x)
{
    return vmlaq_n_f32(sum, w, x);
}

#else

/* The most pixels of a block of 1, 2, 3, 4 vectors of channels: sums, inputs and weights take 32 registers. */
enum { BTW_PIXELS_OF_1 = 12, BTW_PIXELS_OF_2 = 8, BTW_PIXELS_OF_3 = 7, BTW_PIXELS_OF_4 = 5 };
enum { BTW_TILES_OF_1 = 4, BTW_TILES_OF_2 = 4, BTW_TILES_OF_3 = 4, BTW_TILES_OF_4 = 4 };

BTW_BLOCK float32x4_t btw_multiply_add(float32x4_t sum, float32x4_t a, float32x4_t b)
{
    return vfmaq_f32(sum, a, b);
}

/* sum + w * x[lane] */
BTW_BLOCK float32x4_t btw_multiply_add_lane(float32x4_t sum, float32x4_t w, float32x4_t x, int lane)
{
    switch (lane) {
    case 0:
        return vfmaq_laneq_f32(sum, w, x, 0);
    case 1:
        return vfmaq_laneq_f32(sum, w, x, 1);
    case 2:
        return vfmaq_laneq_f32(sum, w, x, 2);
    default:
        return vfmaq_laneq_f32(sum, w, x, 3);
    }
}

/* sum + w * x */
BTW_BLOCK float32x4_t btw_multiply_add_value(float32x4_t sum, float32x4_t w, float x)
{
    return vfmaq_n_f32(sum, w, x);
}

#endif

#if defined(__arm__) || defined(__clang__)

/* `vectors` vectors from w; clang 14 would keep those of one instruction in neighbouring registers. */
BTW_BLOCK void btw_load(float32x4_t x[], const float *w, int vectors)
{
    BTW_UNROLL for (int v = 0; v < vectors; v++) x[v] = vld1q_f32(w + 4 * v);
}

#else

/* `vectors` vectors from w, by one instruction */
BTW_BLOCK void btw_load(float32x4_t x[], const float *w, int vectors)
{
    if (vectors == 4) {
        const float32x4x4_t four = vld1q_f32_x4(w);
        x[0] = four.val[0], x[1] = four.val[1], x[2] = four.val[2], x[3] = four.val[3];
    } else if (vectors == 3) {
        const float32x4x3_t three = vld1q_f32_x3(w);
        x[0] = three.val[0], x[1] = three.val[1], x[2] = three.val[2];
    } else if (vectors == 2) {
        const float32x4x2_t two = vld1q_f32_x2(w);
        x[0] = two.val[0], x[1] = two.val[1];
    } else {
        x[0] = vld1q_f32(w);
    }
}

#endif

BTW_BLOCK float32x4_t btw_clip(float32x4_t x, float low, float high)
{
    if (low > -INFINITY)
        x = vmaxq_f32(x, vdupq_n_f32(low));
    if (high < INFINITY)
        x = vminq_f32(x, vdupq_n_f32(high));
    return x;
}

/* The first `count` values of x, 1 to 4 */
BTW_BLOCK void btw_store(float *y, float32x4_t x, int count)
{
    if (count == 4) {
        vst1q_f32(y, x);
    } else {
        if (count >= 2)
            vst1_f32(y, vget_low_f32(x));
        if (count == 1)
            vst1q_lane_f32(y, x, 0);
        if (count == 3)
            vst1q_lane_f32(y + 2, x, 2);
    }
}

/* ---- sums of products over runs: `vectors` vectors of output channels of `pixels` pixels ---- */

/* Adds `length` contiguous values x of each pixel, which lie `advance` values apart. Returns what is behind the
 * weights.
 */
BTW_BLOCK const float *btw_add_run(float32x4_t sums[][4], const float *x, int advance, int length, const float *w,
                                   int vectors, int pixels)
{
    const int together = vectors == 1   ? 4
                         : vectors == 2 ? 2
                                        : 1; /* values whose weights are loaded by one instruction */
    float32x4_t values[BTW_MOST_PIXELS], k[4];
    int at = 0;
    for (; at <= length - 4; at += 4) {
        BTW_UNROLL for (int p = 0; p < pixels; p++) values[p] = vld1q_f32(x + at + p * advance);
        BTW_UNROLL for (int lane = 0; lane < 4; lane++)
        {
            if (lane % together == 0) {
                btw_load(k, w, together * vectors);
                w = btw_in_order(w + 4 * together * vectors);
            }
            BTW_UNROLL for (int p = 0; p < pixels; p++) BTW_UNROLL for (int v = 0; v < vectors; v++) sums[p][v] =
                btw_multiply_add_lane(sums[p][v], k[lane % together * vectors + v], values[p], lane);
        }
    }
    for (const int end = at + (length & 3); at < end; at++) { /* a bound that gcc sees */
        btw_load(k, w, vectors);
        w = btw_in_order(w + 4 * vectors);
        BTW_UNROLL for (int p = 0; p < pixels; p++)
        {
            const float value = x[at + p * advance];
            BTW_UNROLL for (int v = 0; v < vectors; v++) sums[p][v] = btw_multiply_add_value(sums[p][v], k[v], value);
        }
    }
    return w;
}

/* A block of one group: y[pixels][4 * vectors], pixels lie `stride` values apart; of the last vector `last` channels.
 */
BTW_BLOCK void btw_sums_block(const btw_sums_f32_neon_layer *layer, const void *const rows[], int first, const float *w,
                              float *y, int stride, int last, int vectors, int pixels)
{
    float32x4_t sums[BTW_MOST_PIXELS][4];
    BTW_UNROLL for (int p = 0; p < pixels; p++)
    {
        btw_load(sums[p], w, vectors);
        w = btw_in_order(w); /* loads them again, where copies would take an instruction a vector */
    }
    w += 4 * vectors;
    for (int ky = 0; ky < layer->kernel_height; ky++) {
        const float *x = (const float *)rows[ky] + first;
        for (int part = 0; part < layer->parts; part++, x += layer->next)
            w = btw_add_run(sums, x, layer->advance, layer->run, w, vectors, pixels);
    }
    BTW_UNROLL for (int p = 0; p < pixels; p++) BTW_UNROLL for (int v = 0; v < vectors; v++)
        btw_store(y + p * stride + 4 * v, btw_clip(sums[p][v], layer->low, layer->high), v == vectors - 1 ? last : 4);
}

/* Output pixels of one block of channels: as many together as there are registers, then the rest. */
BTW_BLOCK void btw_sums_channels(const btw_sums_f32_neon_layer *layer, const void *const rows[], int first,
                                 const float *w, float *y, int pixels, int last, int vectors, int most)
{
    const int stride = layer->groups * layer->group_outputs;
    for (; pixels >= most; pixels -= most, first += most * layer->advance, y += most * stride)
        btw_sums_block(layer, rows, first, w, y, stride, last, vectors, most);
    for (; most > 4 && pixels >= 4; pixels -= 4, first += 4 * layer->advance, y += 4 * stride)
        btw_sums_block(layer, rows, first, w, y, stride, last, vectors, 4);
    if (pixels == 1)
        btw_sums_block(layer, rows, first, w, y, stride, last, vectors, 1);
    else if (most > 2 && pixels == 2)
        btw_sums_block(layer, rows, first, w, y, stride, last, vectors, 2);
    else if (most > 3 && pixels == 3)
        btw_sums_block(layer, rows, first, w, y, stride, last, vectors, 3);
}

/* One row of output pixels. */
BTW_BLOCK void btw_sums_row(const btw_sums_f32_neon_layer *layer, const void *const rows[], float *y, int pixels)
{
    const int taps = layer->kernel_height * layer->parts * layer->run;
    const int blocks = (layer->group_outputs + 3) / 16; /* of four vectors; the last may lack up to three channels */
    const int rest = layer->group_outputs - 16 * blocks, last = (layer->group_outputs + 3) % 4 + 1;
    const float *w = layer->weights;
    for (int group = 0; group < layer->groups; group++) {
        const int first = group * layer->run;
        float *const out = y + group * layer->group_outputs;
        for (int block = 0; block < blocks; block++, w += 16 * (taps + 1))
            btw_sums_channels(layer, rows, first, w, out + 16 * block, pixels,
                              rest < 0 && block == blocks - 1 ? last : 4, 4, BTW_PIXELS_OF_4);
        if (rest > 8)
            btw_sums_channels(layer, rows, first, w, out + 16 * blocks, pixels, last, 3, BTW_PIXELS_OF_3);
        else if (rest > 4)
            btw_sums_channels(layer, rows, first, w, out + 16 * blocks, pixels, last, 2, BTW_PIXELS_OF_2);
        else if (rest > 0)
            btw_sums_channels(layer, rows, first, w, out + 16 * blocks, pixels, last, 1, BTW_PIXELS_OF_1);
        if (rest > 0)
            w += (rest + 3) / 4 * 4 * (taps + 1);
    }
}

/* ---- depthwise: `vectors` vectors of channels of `pixels` pixels ---- */

/* First channel of the next block of eight where those before c are done, -1 where there is none. */
BTW_BLOCK int btw_channels_of_8(int channels, int c)
{
    return c <= channels - 8 ? c : channels >= 8 && channels - c > 4 ? channels - 8 : -1;
}

/* The same for blocks of four; there are at least four channels. */
BTW_BLOCK int btw_channels_of_4(int channels, int c)
{
    return c >= channels ? -1 : c <= channels - 4 ? c : channels - 4;
}

/* 3x3, taps k, column after column of the input: the sums of three output pixels at a time need registers. */
BTW_BLOCK void btw_depthwise_3x3_block(const btw_depthwise_conv2d_f32_neon_layer *layer, const void *const rows[],
                                       int first, const float *bias, float32x4_t k[9][2], float *y, int stride,
                                       int vectors, int pixels)
{
    const float *const x[3] = {(const float *)rows[0] + first, (const float *)rows[1] + first,
                               (const float *)rows[2] + first};
    float32x4_t sums[BTW_MOST_PIXELS][2], column[2];
    BTW_UNROLL for (int ix = 0; ix < (pixels - 1) * stride + 3; ix++)
    {
        if (ix % stride == 0 && ix / stride < pixels)
            btw_load(sums[ix / stride], bias, vectors);
        bias = btw_in_order(bias);
        BTW_UNROLL for (int ky = 0; ky < 3; ky++)
        {
            BTW_UNROLL for (int v = 0; v < vectors; v++) column[v] = vld1q_f32(x[ky] + ix * layer->channels + 4 * v);
            BTW_UNROLL for (int kx = 2; kx >= 0;
                            kx--) if (ix >= kx && (ix - kx) % stride == 0 && (ix - kx) / stride < pixels)
                BTW_UNROLL for (int v = 0; v < vectors; v++) sums[(ix - kx) / stride][v] =
                    btw_multiply_add(sums[(ix - kx) / stride][v], column[v], k[3 * ky + kx][v]);
        }
        if (ix >= 2 && (ix - 2) % stride == 0)
            BTW_UNROLL for (int v = 0; v < vectors; v++)
                vst1q_f32(y + (ix - 2) / stride * layer->channels + 4 * v,
                          btw_clip(sums[(ix - 2) / stride][v], layer->low, layer->high));
    }
}

/* Any size, stride and dilation. */
BTW_BLOCK void btw_depthwise_block(const btw_depthwise_conv2d_f32_neon_layer *layer, const void *const rows[],
                                   int first, const float *w, float *y, int vectors, int pixels)
{
    float32x4_t sums[BTW_MOST_PIXELS][2], k[2];
    BTW_UNROLL for (int p = 0; p < pixels; p++)
    {
        btw_load(sums[p], w, vectors);
        w = btw_in_order(w);
    }
    w += 4 * vectors;
    for (int ky = 0; ky < layer->kernel_height; ky++) {
        const float *x = (const float *)rows[ky] + first;
        for (int kx = 0; kx < layer->kernel_width; kx++, x += layer->next) {
            btw_load(k, w, vectors);
            w = btw_in_order(w + 4 * vectors);
            BTW_UNROLL for (int p = 0; p < pixels; p++) BTW_UNROLL for (int v = 0; v < vectors; v++) sums[p][v] =
                btw_multiply_add(sums[p][v], vld1q_f32(x + p * layer->advance + 4 * v), k[v]);
        }
    }
    BTW_UNROLL for (int p = 0; p < pixels; p++) BTW_UNROLL for (int v = 0; v < vectors; v++)
        vst1q_f32(y + p * layer->channels + 4 * v, btw_clip(sums[p][v], layer->low, layer->high));
}

#endif
