/* Products of int8 codes on Helium, 16 at a time: the loops that both kernels share, and their assembly text. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MUL_MVE_H
#define BTW_MUL_MVE_H

#include "btw_mve.h"

/* What a loop reads; lanes is the number of codes that it takes from each vector. */
typedef struct {
    const int8_t *a;
    const int8_t *b;
    int8_t *y;
    int lanes;
    int advance; /* of a and y, from one vector to the next */
    int count;   /* of vectors */
    int a_zero_point;
    int b_zero_point;
    int zero_point;   /* added to 16-bit results, saturating */
    uint32_t factor;  /* a multiplier, or the bits of a float32 ratio */
    uint32_t shifted; /* bits of what is added to products by that */
} btw_mul_mve;

/* r1 a, r2 b, r3 y, r4 lanes, r5 advance, r6 count, r8 and r9 zero points of a and b, r10 of y, r11 factor, r12 added.
 */
#define BTW_MUL_MVE_BEGIN "ldm r0, {r1-r6, r8-r12}\n\tvdup.32 q7, r11\n\tvctp.8 r4\n\t"
/* The codes of b in q6 to 16 bits without their zero point: even ones in q4, odd ones in q5. */
#define BTW_MUL_MVE_B "vmovlb.s8 q4, q6\n\tvmovlt.s8 q5, q6\n\tvsub.i16 q4, q4, r9\n\tvsub.i16 q5, q5, r9\n\t"
/* The codes of a in q0 times those: results in q2, from 32-bit products in q2, q3, q1 and q6. */
#define BTW_MUL_MVE_PRODUCTS(REQUANTIZE)                                                                               \
    "vmovlb.s8 q1, q0\n\tvmovlt.s8 q0, q0\n\tvsub.i16 q1, q1, r8\n\tvsub.i16 q0, q0, r8\n\t"                           \
    "vmullb.s16 q2, q1, q4\n\tvmullt.s16 q3, q1, q4\n\tvmullb.s16 q1, q0, q5\n\tvmullt.s16 q6, q0, q5\n\t" REQUANTIZE  \
    "vqadd.s16 q2, q2, r10\n\tvqadd.s16 q1, q1, r10\n\tvqmovnb.s16 q2, q2\n\tvqmovnt.s16 q2, q1\n\t"
/* By a proved multiplier and a shift of 3. */
#define BTW_MUL_MVE_BY_MULTIPLIER                                                                                      \
    ".irp product, q2, q3, q1, q6\n\tvmulh.s32 \\product, \\product, q7\n\t.endr\n\t"                                  \
    "vqrshrnb.s32 q2, q2, #3\n\tvqrshrnt.s32 q2, q3, #3\n\tvqrshrnb.s32 q1, q1, #3\n\tvqrshrnt.s32 q1, q6, #3\n\t"
/* By onnxruntime's float32 steps; the zero point comes before rounding. */
#define BTW_MUL_MVE_BY_RATIO                                                                                           \
    ".irp product, q2, q3, q1, q6\n\tvcvt.f32.s32 \\product, \\product\n\tvmul.f32 \\product, \\product, r11\n\t"      \
    "vadd.f32 \\product, \\product, r12\n\tvcvtn.s32.f32 \\product, \\product\n\t.endr\n\t"                            \
    "vqmovnb.s32 q2, q2\n\tvqmovnt.s32 q2, q3\n\tvqmovnb.s32 q1, q1\n\tvqmovnt.s32 q1, q6\n\t"

/* Three loops: a vector of b for all vectors of a (`held`); a code of b for the `lanes` codes of each pixel of a
 * (`each`); vectors of both (`both`, whose last vector has `lanes`). */
#define BTW_MUL_MVE_LOOPS(name, REQUANTIZE)                                                                            \
    BTW_MVE_FUNCTION(name##_held, btw_mul_mve,                                                                         \
                     BTW_MUL_MVE_BEGIN "vpst\n\tvldrbt.8 q6, [r2]\n\t" BTW_MUL_MVE_B "wls lr, r6, 2f\n"                \
                                       "1:\n\tvpst\n\tvldrbt.8 q0, [r1]\n\tadd r1, r1, r5\n\t" BTW_MUL_MVE_PRODUCTS(   \
                                           REQUANTIZE) "vpst\n\tvstrbt.8 q2, [r3]\n\tadd r3, r3, r5\n\tle lr, 1b\n"    \
                                                       "2:\n\t")                                                       \
    BTW_MVE_FUNCTION(name##_each, btw_mul_mve,                                                                         \
                     BTW_MUL_MVE_BEGIN                                                                                 \
                     "1:\n\tldrsb r0, [r2], #1\n\tsub r0, r0, r9\n\tvdup.16 q4, r0\n\tvmov q5, q4\n\tmov lr, r4\n"     \
                     "2:\n\tvctp.8 lr\n\tvpst\n\tvldrbt.8 q0, [r1], #16\n\t" BTW_MUL_MVE_PRODUCTS(                     \
                         REQUANTIZE) "vpst\n\tvstrbt.8 q2, [r3], #16\n\tsubs lr, lr, #16\n\tbgt 2b\n\t"                \
                                     "add r1, r1, r5\n\tadd r3, r3, r5\n\tsubs r6, r6, #1\n\tbne 1b\n\t")              \
    BTW_MVE_FUNCTION(name##_both, btw_mul_mve,                                                                         \
                     BTW_MUL_MVE_BEGIN "wls lr, r6, 2f\n"                                                              \
                                       "1:\n\tvldrb.8 q6, [r2], #16\n\t" BTW_MUL_MVE_B                                 \
                                       "vldrb.8 q0, [r1], #16\n\t" BTW_MUL_MVE_PRODUCTS(                               \
                                           REQUANTIZE) "vstrb.8 q2, [r3], #16\n\tle lr, 1b\n"                          \
                                                       "2:\n\tvpst\n\tvldrbt.8 q6, [r2]\n\t" BTW_MUL_MVE_B             \
                                                       "vpst\n\tvldrbt.8 q0, [r1]\n\t" BTW_MUL_MVE_PRODUCTS(           \
                                                           REQUANTIZE) "vpst\n\tvstrbt.8 q2, [r3]\n\t")                \
    /* b has a code a channel; up to 8 channels fill a vector with whole pixels. */                                    \
    static inline void name##_channels(btw_mul_mve *frame, int channels, int pixels)                                   \
    {                                                                                                                  \
        if (channels > 8) {                                                                                            \
            const btw_mul_mve whole = *frame;                                                                          \
            for (int c = 0; c < channels; c += 16) {                                                                   \
                frame->a = whole.a + c, frame->b = whole.b + c, frame->y = whole.y + c;                                \
                frame->lanes = channels - c < 16 ? channels - c : 16, frame->advance = channels;                       \
                frame->count = pixels;                                                                                 \
                name##_held(frame);                                                                                    \
            }                                                                                                          \
            return;                                                                                                    \
        }                                                                                                              \
        int8_t repeated[16];                                                                                           \
        const int together = 16 / channels, rest = pixels % together * channels;                                       \
        for (int i = 0; i < together * channels; i++)                                                                  \
            repeated[i] = frame->b[i % channels];                                                                      \
        frame->b = repeated, frame->lanes = frame->advance = together * channels, frame->count = pixels / together;    \
        if (frame->count)                                                                                              \
            name##_held(frame);                                                                                        \
        if (rest == 0)                                                                                                 \
            return;                                                                                                    \
        frame->a += frame->count * frame->advance, frame->y += frame->count * frame->advance;                          \
        frame->lanes = rest, frame->count = 1;                                                                         \
        name##_held(frame);                                                                                            \
    }                                                                                                                  \
    /* The operand that is not repeated is a; pixel and channel are b's steps from one to the next. */                 \
    static inline void name##_pixels(btw_mul_mve *frame, int channels, int pixel, int channel, int pixels)             \
    {                                                                                                                  \
        if (pixel == 0 && channel == 0) {                                                                              \
            name##_channels(frame, 1, pixels *channels);                                                               \
        } else if (pixel == 0) {                                                                                       \
            name##_channels(frame, channels, pixels);                                                                  \
        } else if (channel == 0 && channels > 1) {                                                                     \
            frame->lanes = channels, frame->count = pixels, frame->advance = -(-channels & 15);                        \
            name##_each(frame);                                                                                        \
        } else {                                                                                                       \
            frame->count = pixels * channels / 16, frame->lanes = pixels * channels % 16;                              \
            name##_both(frame);                                                                                        \
        }                                                                                                              \
    }

#endif
