/* Depthwise convolution of any size, one output channel for each input channel, int8, Helium: 16 channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals depthwise_conv2d_s8_scalar.c. Reads up to 15 bytes past a row. The stream and scratch lie on 4 bytes. Clobbers
 * q4 to q7 inside. Products of two taps are added in 16 bits, which the compiler has shown not to overflow. */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* 16 lanes of each of `pixels`, of which `lanes` are written. */
typedef struct {
    const int8_t *const *taps;
    int32_t offset; /* of the first window and the lanes */
    int32_t pairs;
    int32_t lanes;
    int8_t *y;
    const int32_t *stream;
    int32_t zero_point;
    int32_t pixels; /* 28 */
    int32_t x_step; /* 32 */
    int32_t y_step; /* 36 */
} btw_depthwise_conv2d_s8_mve_frame;

/* r0 pixels, r1 taps, r2 offset, r3 pairs, r4 stream of the lanes, r5 y, r7 first tap, r9 stream, r10 and r11 steps of
 * x and y, r12 zero point. */
#define BTW_DEPTHWISE_CONV2D_S8_MVE_SIXTEEN(requantize)                                                                \
    "push {r7}\n\tldm r0, {r1-r5, r9, r12}\n\tldrd r10, r11, [r0, #32]\n\tldr r0, [r0, #28]\n\t"                       \
    "vctp.8 r4\n\tmov r4, r9\n\tmov r7, r1\n"                                                                          \
    "0:\n\tmov r1, r7\n\tmov r9, r4\n\t"                                                                               \
    "vmov.i32 q0, #0\n\tvmov.i32 q1, #0\n\tvmov.i32 q2, #0\n\tvmov.i32 q3, #0\n\t"                                     \
    "mov lr, r3\n"                                                                                                     \
    "1:\n\t"                                                                                                           \
    "ldm r1!, {r6, r8}\n\t"                                                                                            \
    "add r6, r6, r2\n\t"                                                                                               \
    "add r8, r8, r2\n\t"                                                                                               \
    "vldrb.8 q4, [r6]\n\tvldrb.8 q5, [r9], #16\n\tvmullb.s8 q6, q4, q5\n\tvmullt.s8 q7, q4, q5\n\t"                    \
    "vldrb.8 q4, [r8]\n\tvldrb.8 q5, [r9], #16\n\tvmullb.s8 q4, q4, q5\n\tvadd.i16 q6, q6, q4\n\t"                     \
    "vldrb.8 q4, [r8]\n\tvmullt.s8 q4, q4, q5\n\tvadd.i16 q7, q7, q4\n\t"                                              \
    "vmovlb.s16 q4, q6\n\tvmovlt.s16 q5, q6\n\tvadd.i32 q0, q0, q4\n\tvadd.i32 q1, q1, q5\n\t"                         \
    "vmovlb.s16 q4, q7\n\tvmovlt.s16 q5, q7\n\tvadd.i32 q2, q2, q4\n\tvadd.i32 q3, q3, q5\n\t"                         \
    "le lr, 1b\n\t" BTW_MVE_SIXTEEN_END(                                                                               \
        requantize, "q0", "q1", "q2", "q3",                                                                            \
        "q4") "vpst\n\tvstrbt.8 q4, [r5]\n\t"                                                                          \
              "add r2, r2, r10\n\tadd r5, r5, r11\n\tsubs r0, r0, #1\n\tbne 0b\n\tpop {r7}\n\t"

BTW_MVE_FUNCTION(btw_depthwise_conv2d_s8_mve_sixteen, btw_depthwise_conv2d_s8_mve_frame,
                 BTW_DEPTHWISE_CONV2D_S8_MVE_SIXTEEN(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_depthwise_conv2d_s8_mve_sixteen_by_scale, btw_depthwise_conv2d_s8_mve_frame,
                 BTW_DEPTHWISE_CONV2D_S8_MVE_SIXTEEN(BTW_MVE_BY_SCALE))

/* Lanes of `pixels` that lie `x_step` apart, `y_step` in y. */
static inline void btw_depthwise_conv2d_s8_mve_lanes(const btw_depthwise_conv2d_s8_mve_layer *layer,
                                                     const int8_t *const *taps, int8_t *y, int offset, int lanes,
                                                     int pixels, int x_step, int y_step)
{
    for (int at = 0; at < lanes && pixels > 0; at += 16) {
        const btw_depthwise_conv2d_s8_mve_frame frame = {
            .taps = taps,
            .offset = offset + at,
            .pairs = layer->pairs,
            .lanes = lanes - at < 16 ? lanes - at : 16,
            .y = y + at,
            .stream = layer->stream + at / 16 * (layer->pairs * 8 + 32),
            .zero_point = layer->zero_point,
            .pixels = pixels,
            .x_step = x_step,
            .y_step = y_step,
        };
        if (layer->by_scale)
            btw_depthwise_conv2d_s8_mve_sixteen_by_scale(&frame);
        else
            btw_depthwise_conv2d_s8_mve_sixteen(&frame);
    }
}

BTW_KERNEL void btw_depthwise_conv2d_s8_mve(const btw_depthwise_conv2d_s8_mve_layer *layer, const void *const rows[],
                                            int8_t *y, void *scratch)
{
    const int8_t **const taps = scratch;
    const int channels = layer->channels, together = layer->together, whole = layer->output_width / together;
    const int rest = layer->output_width - whole * together;
    for (int tap = 0; tap < 2 * layer->pairs; tap++)
        taps[tap] = (const int8_t *)rows[layer->taps[2 * tap]] + layer->taps[2 * tap + 1];
    btw_depthwise_conv2d_s8_mve_lanes(layer, taps, y, 0, together * channels, whole, together * layer->advance,
                                      together * channels);
    btw_depthwise_conv2d_s8_mve_lanes(layer, taps, y + whole * together * channels, whole * together * layer->advance,
                                      rest * channels, 1, 0, 0);
}

#endif
