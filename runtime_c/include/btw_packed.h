/* int8 layers packed for kernels in assembler: what is summed, and channels that are computed again. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_PACKED_H
#define BTW_PACKED_H

#include "btw.h"
#include "btw_fixed_point.h"

/* Channels whose requantization has no proof. Their multipliers take only a few sums to a wrong code, and never to one
 * that is not suspect; suspect codes are computed again by the exact form. */
typedef struct {
    int count;
    const int32_t *channel;   /* [count] */
    const int8_t *weights;    /* [count][taps] */
    const int32_t *bias;      /* [count], the input zero point folded in */
    const uint32_t *scale;    /* [count] bits of float32 scales */
    const uint32_t *suspects; /* [count][8] bit c % 32 of word c / 32 is 1 where code c - 128 may be wrong */
    int zero_point;
} btw_unproved;

/* What is summed for an output pixel: `rows` runs of `row_bytes` input bytes. The header of the instruction set has the
 * order of stream, all constants as they are used. */
typedef struct {
    int rows;
    int row_bytes;
    int output_channels;
    int32_t offset;
    int shift;
    const int32_t *stream;
    btw_unproved unproved;
} btw_packed_taps;

/* rows of the window; each is row_bytes long, or with taps_wide > 0 consists of taps_wide runs of row_bytes,
 * tap_step bytes apart. */
typedef struct {
    btw_packed_taps taps;
    int kernel_height;
    int taps_wide;
    int tap_step;
    int pixel_step; /* bytes from the window of an output pixel to that of the next */
    int output_width;
} btw_packed_conv2d;

/* Any depthwise convolution with one output channel for each input channel. */
typedef struct {
    int channels;
    int kernel_height;
    int kernel_width;
    int column; /* bytes from a column of the kernel to the next */
    int stride_width;
    int output_width;
    int32_t offset;
    int shift;
    const int32_t *stream;
    btw_unproved unproved;
} btw_packed_depthwise;

/* Where the runs of taps of a row's first window begin: in rows, or where they are apart in scratch memory, of which
 * a multiple of 4 pointers is used then. */
static inline const void *const *btw_packed_runs(const btw_packed_conv2d *layer, const void *const rows[],
                                                 void **scratch)
{
    if (layer->taps_wide == 0)
        return rows;
    const void **const runs = *scratch;
    const void **run = runs;
    for (int ky = 0; ky < layer->kernel_height; ky++)
        for (int kx = 0; kx < layer->taps_wide; kx++)
            *run++ = (const int8_t *)rows[ky] + kx * layer->tap_step;
    *scratch = runs + ((layer->taps.rows + 3) & ~3);
    return runs;
}

static inline int btw_suspect(const btw_unproved *layer, int i, int code)
{
    const unsigned bit = (unsigned)(code + 128);
    return layer->suspects[8 * i + (int)(bit >> 5)] >> (bit & 31) & 1;
}

/* Suspect codes among y[pixels][output_channels], of windows that lie `step` bytes apart. */
static __attribute__((noinline, unused)) void
btw_unproved_windows(const btw_packed_taps *layer, const void *const runs[], int step, int8_t *y, int pixels)
{
    const btw_unproved *const unproved = &layer->unproved;
    for (int i = 0; i < unproved->count; i++) {
        int8_t *code = y + unproved->channel[i];
        for (int pixel = 0; pixel < pixels; pixel++, code += layer->output_channels) {
            if (!btw_suspect(unproved, i, *code))
                continue;
            const int8_t *w = unproved->weights + i * layer->rows * layer->row_bytes;
            int32_t acc = unproved->bias[i];
            for (int row = 0; row < layer->rows; row++, w += layer->row_bytes) {
                const int8_t *const x = (const int8_t *)runs[row] + pixel * step;
                for (int tap = 0; tap < layer->row_bytes; tap++)
                    acc += x[tap] * w[tap];
            }
            *code = btw_requantize_exact(acc, unproved->scale[i], unproved->zero_point);
        }
    }
}

/* Suspect codes of a row y[output_width][channels]. */
static __attribute__((noinline, unused)) void btw_unproved_depthwise_row(const btw_packed_depthwise *layer,
                                                                         const void *const rows[], int8_t *y)
{
    const btw_unproved *const unproved = &layer->unproved;
    for (int i = 0; i < unproved->count; i++) {
        int8_t *code = y + unproved->channel[i];
        for (int ox = 0; ox < layer->output_width; ox++, code += layer->channels) {
            if (!btw_suspect(unproved, i, *code))
                continue;
            const int8_t *w = unproved->weights + i * layer->kernel_height * layer->kernel_width;
            int32_t acc = unproved->bias[i];
            for (int ky = 0; ky < layer->kernel_height; ky++) {
                const int8_t *x = rows[ky];
                x += ox * layer->stride_width * layer->channels + unproved->channel[i];
                for (int kx = 0; kx < layer->kernel_width; kx++, x += layer->column)
                    acc += *x * *w++;
            }
            *code = btw_requantize_exact(acc, unproved->scale[i], unproved->zero_point);
        }
    }
}

/* What kernels call: nothing where all channels are proved. */

static inline void btw_unproved_taps(const btw_packed_taps *layer, const void *const runs[], int step, int8_t *y,
                                     int pixels)
{
    if (layer->unproved.count)
        btw_unproved_windows(layer, runs, step, y, pixels);
}

static inline void btw_unproved_conv2d(const btw_packed_conv2d *layer, const void *const runs[], int8_t *y)
{
    btw_unproved_taps(&layer->taps, runs, layer->pixel_step, y, layer->output_width);
}

static inline void btw_unproved_depthwise(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y)
{
    if (layer->unproved.count)
        btw_unproved_depthwise_row(layer, rows, y);
}

#endif
