/* Channels whose requantization has no proof: few of their codes may be wrong, and are computed again, exactly. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_UNPROVED_H
#define BTW_UNPROVED_H

#include "btw_fixed_point.h"

/* The kernel's multipliers take only a few accumulators to a wrong code, and never to one that is not suspect. */
typedef struct {
    int count;
    const int32_t *channel;   /* [count] */
    const int8_t *weights;    /* [count][taps] */
    const int32_t *bias;      /* [count], the input zero point folded in */
    const uint32_t *scale;    /* [count] bits of float32 scales */
    const uint32_t *suspects; /* [count][8] bit c % 32 of word c / 32 is 1 where code c - 128 may be wrong */
    int zero_point;
} btw_unproved;

static inline int btw_suspect(const uint32_t *suspects, int code)
{
    const unsigned bit = (unsigned)(code + 128);
    return suspects[bit >> 5] >> (bit & 31) & 1;
}

/* Suspect codes among y[pixels][channels], of windows of `runs` times `bytes` taps that lie `step` bytes apart. */
static inline void btw_unproved_windows(const btw_unproved *layer, const void *const rows[], int runs, int bytes,
                                        int step, int8_t *y, int channels, int pixels)
{
    for (int i = 0; i < layer->count; i++) {
        int8_t *code = y + layer->channel[i];
        for (int pixel = 0; pixel < pixels; pixel++, code += channels) {
            if (!btw_suspect(layer->suspects + 8 * i, *code))
                continue;
            const int8_t *w = layer->weights + i * runs * bytes;
            int32_t acc = layer->bias[i];
            for (int run = 0; run < runs; run++, w += bytes) {
                const int8_t *const x = (const int8_t *)rows[run] + pixel * step;
                for (int tap = 0; tap < bytes; tap++)
                    acc += x[tap] * w[tap];
            }
            *code = btw_requantize_exact(acc, layer->scale[i], layer->zero_point);
        }
    }
}

/* The same of a depthwise layer; columns of the kernel are `column` bytes apart, pixels `step`. */
static inline void btw_unproved_depthwise(const btw_unproved *layer, const void *const rows[], int height, int width,
                                          int column, int step, int8_t *y, int channels, int pixels)
{
    for (int i = 0; i < layer->count; i++) {
        int8_t *code = y + layer->channel[i];
        for (int pixel = 0; pixel < pixels; pixel++, code += channels) {
            if (!btw_suspect(layer->suspects + 8 * i, *code))
                continue;
            const int8_t *w = layer->weights + i * height * width;
            int32_t acc = layer->bias[i];
            for (int ky = 0; ky < height; ky++) {
                const int8_t *x = (const int8_t *)rows[ky] + pixel * step + layer->channel[i];
                for (int kx = 0; kx < width; kx++, x += column)
                    acc += *x * *w++;
            }
            *code = btw_requantize_exact(acc, layer->scale[i], layer->zero_point);
        }
    }
}

#endif
