/* The last one to four channels of a convolution or fully connected layer, int8, Helium: more pixels in their place. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_NARROW_MVE_H
#define BTW_NARROW_MVE_H

#include "btw_mve.h"

/* Part of a window: bytes that lie together, filled up to steps of 16 by weights of zero. */
typedef struct {
    const int8_t *x; /* of pixel 0 */
    int32_t steps;   /* but the first one of the first run; 0: no run */
} btw_mve_run;

/* One channel of four pixels, or two channels of two; pixels behind the last one are the last one again. */
typedef struct {
    int32_t runs;
    const int32_t *stream; /* int8 weights [steps][channels][16]; bias[4] and factor[4] lie in front of it */
    const btw_mve_run *run;
    int32_t zero_point;
    int8_t *y;
    int32_t pixels;
    int32_t x_step; /* bytes from one round to the next */
    int32_t y_step;
    uint32_t x_at[4];   /* where the four results come from and go to, */
    uint32_t x_last[4]; /* and at most */
    uint32_t y_at[4];
    uint32_t y_last[4];
} btw_mve_narrow;

/* Sums in r0 r2 r4 r6, pixels at r8 to r11, frame r3, pixels left r7. q3 and q5: y_at, x_at; q6 and q7: bias, factor.
 */
#define BTW_MVE_NARROW(requantize, pointers, step, pixels)                                                             \
    "push {r7}\n\t"                                                                                                    \
    "mov r3, r0\n\t"                                                                                                   \
    "ldrd r5, r1, [r3, #4]\n\t"                                                                                        \
    "ldr r7, [r3, #20]\n\t"                                                                                            \
    "vldrw.32 q6, [r5, #-32]\n\tvldrw.32 q7, [r5, #-16]\n\t"                                                           \
    "vldrw.32 q5, [r3, #32]\n\tvldrw.32 q3, [r3, #64]\n"                                                               \
    "1:\n\t"                                                                                                           \
    "vldrw.32 q0, [r3, #48]\n\tvldrw.32 q1, [r3, #80]\n\t"                                                             \
    "vmin.u32 q5, q5, q0\n\tvmin.u32 q3, q3, q1\n\t"                                                                   \
    "ldm r3, {r1, r5, r12}\n\t"                                                                                        \
    "ldm r12!, {r8, lr}\n\t" pointers step("vmladav") BTW_MVE_NARROW_RUNS                                              \
        "ldm r12!, {r8, lr}\n\t" pointers "3:\n\t" step("vmladava")                                                    \
            BTW_MVE_NARROW_SUMS requantize("q0", "q7", "b", "q1") BTW_MVE_NARROW_STORE "subs r7, #" pixels "\n\t"      \
                                                                                       "bgt 1b\n\t"                    \
                                                                                       "pop {r7}\n\t"
#define BTW_MVE_NARROW_RUNS                                                                                            \
    "wls lr, lr, 4f\n\t"                                                                                               \
    "b 3f\n"                                                                                                           \
    "2:\n\t"
#define BTW_MVE_NARROW_SUMS                                                                                            \
    "le lr, 3b\n"                                                                                                      \
    "4:\n\t"                                                                                                           \
    "subs r1, #1\n\t"                                                                                                  \
    "bne 2b\n\t"                                                                                                       \
    "vmov q0[2], q0[0], r0, r4\n\tvmov q0[3], q0[1], r2, r6\n\t"                                                       \
    "ldrd r0, r2, [r3, #12]\n\t"                                                                                       \
    "vadd.i32 q0, q0, q6\n\t"
#define BTW_MVE_NARROW_STORE                                                                                           \
    "vqadd.s16 q1, q1, r0\n\tvqmovnb.s16 q1, q1\n\tvstrb.32 q1, [r2, q3]\n\t"                                          \
    "ldrd r0, r2, [r3, #24]\n\t"                                                                                       \
    "vadd.i32 q5, q5, r0\n\tvadd.i32 q3, q3, r2\n\t"

#define BTW_MVE_FOUR_PIXELS "vadd.i32 q4, q5, r8\n\tvmov r8, r10, q4[2], q4[0]\n\tvmov r9, r11, q4[3], q4[1]\n\t"
#define BTW_MVE_STEP_1_BY_4(multiply)                                                                                  \
    "vldrb.8 q0, [r5], #16\n\tvldrb.8 q1, [r8], #16\n\t" multiply ".s8 r0, q0, q1\n\t"                                 \
    "vldrb.8 q2, [r9], #16\n\t" multiply ".s8 r2, q0, q2\n\t"                                                          \
    "vldrb.8 q1, [r10], #16\n\t" multiply ".s8 r4, q0, q1\n\t"                                                         \
    "vldrb.8 q2, [r11], #16\n\t" multiply ".s8 r6, q0, q2\n\t"

#define BTW_MVE_TWO_PIXELS "vadd.i32 q4, q5, r8\n\tvmov r8, r9, q4[2], q4[0]\n\t"
#define BTW_MVE_STEP_2_BY_2(multiply)                                                                                  \
    "vldrb.8 q0, [r5], #16\n\tvldrb.8 q1, [r8], #16\n\t" multiply ".s8 r0, q0, q1\n\t"                                 \
    "vldrb.8 q2, [r9], #16\n\t" multiply ".s8 r4, q0, q2\n\t"                                                          \
    "vldrb.8 q0, [r5], #16\n\t" multiply ".s8 r2, q0, q1\n\t" multiply ".s8 r6, q0, q2\n\t"

#define BTW_MVE_NARROW_1(requantize) BTW_MVE_NARROW(requantize, BTW_MVE_FOUR_PIXELS, BTW_MVE_STEP_1_BY_4, "4")
#define BTW_MVE_NARROW_2(requantize) BTW_MVE_NARROW(requantize, BTW_MVE_TWO_PIXELS, BTW_MVE_STEP_2_BY_2, "2")

BTW_MVE_FUNCTION(btw_mve_narrow_1, btw_mve_narrow, BTW_MVE_NARROW_1(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_mve_narrow_1_by_scale, btw_mve_narrow, BTW_MVE_NARROW_1(BTW_MVE_BY_SCALE))
BTW_MVE_FUNCTION(btw_mve_narrow_2, btw_mve_narrow, BTW_MVE_NARROW_2(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_mve_narrow_2_by_scale, btw_mve_narrow, BTW_MVE_NARROW_2(BTW_MVE_BY_SCALE))

/* Four channels of two pixels. An odd last pixel is computed with the one before it once more. */
typedef struct {
    const btw_mve_run *run;
    const int32_t *stream;
    int32_t apart; /* from x of a pixel to that of the other one */
    int32_t pixels;
    int32_t at; /* of the pixels, from pixel 0 on */
    int8_t *y;
    int32_t x_step;
    int32_t y_step;
    int32_t zero_point;
    int32_t results;  /* two for each channel */
    uint16_t y_at[8]; /* of channel 0 of both pixels, channel 1, ... */
} btw_mve_narrow_4;

/* Sums in r0 r2 r4 r6 and r8 r10 r12 lr, pixels at r9 and r11, frame r3, runs r1, steps left r7; q6 and q7: bias,
 * factor. */
#define BTW_MVE_NARROW_4(requantize)                                                                                   \
    "push {r7}\n\t"                                                                                                    \
    "mov r3, r0\n\t"                                                                                                   \
    "ldr r5, [r3, #4]\n\t"                                                                                             \
    "ldr r1, [r3, #36]\n\t"                                                                                            \
    "vldrw.32 q6, [r5, #-32]\n\tvldrw.32 q7, [r5, #-16]\n\t"                                                           \
    "vctp.16 r1\n"                                                                                                     \
    "1:\n\t"                                                                                                           \
    "ldrd r1, r5, [r3]\n\t" BTW_MVE_NARROW_4_SUMS requantize("q0", "q7", "b", "q2") requantize("q1", "q7", "t", "q2")  \
        BTW_MVE_NARROW_4_STORE "b 1b\n"                                                                                \
                               "5:\n\t"                                                                                \
                               "pop {r7}\n\t"
#define BTW_MVE_NARROW_4_SUMS                                                                                          \
    BTW_MVE_NARROW_4_PIXELS BTW_MVE_STEP(                                                                              \
        "vmladav", "[r9], #16",                                                                                        \
        "[r11], #16") "cbz r7, 4f\n\t"                                                                                 \
                      "b 3f\n"                                                                                         \
                      "2:\n\t" BTW_MVE_NARROW_4_PIXELS "3:\n\t" BTW_MVE_STEP(                                          \
                          "vmladava", "[r9], #16",                                                                     \
                          "[r11], #16") "subs r7, #1\n\t"                                                              \
                                        "bne 3b\n"                                                                     \
                                        "4:\n\t"                                                                       \
                                        "ldr r7, [r1, #4]\n\t"                                                         \
                                        "cmp r7, #0\n\t"                                                               \
                                        "bne 2b\n\t"                                                                   \
                                        "vmov q0[2], q0[0], r0, r4\n\tvmov q0[3], q0[1], r2, r6\n\t"                   \
                                        "vmov q1[2], q1[0], r8, r12\n\tvmov q1[3], q1[1], r10, lr\n\t"                 \
                                        "vadd.i32 q0, q0, q6\n\tvadd.i32 q1, q1, q6\n\t"
#define BTW_MVE_NARROW_4_STORE                                                                                         \
    "add r1, r3, #16\n\t"                                                                                              \
    "ldm r1, {r0, r2, r4, r6, r8}\n\t"                                                                                 \
    "vldrh.16 q3, [r3, #40]\n\tvqadd.s16 q2, q2, r8\n\tvqmovnb.s16 q2, q2\n\tvpst\n\tvstrbt.16 q2, [r2, q3]\n\t"       \
    "ldr r8, [r3, #12]\n\t"                                                                                            \
    "subs r8, #2\n\t"                                                                                                  \
    "bls 5f\n\t"                                                                                                       \
    "cmp r8, #1\n\t"                                                                                                   \
    "itt eq\n\tasreq r4, r4, #1\n\tasreq r6, r6, #1\n\t"                                                               \
    "add r0, r0, r4\n\t"                                                                                               \
    "add r2, r2, r6\n\t"                                                                                               \
    "strd r8, r0, [r3, #12]\n\t"                                                                                       \
    "str r2, [r3, #20]\n\t"
#define BTW_MVE_NARROW_4_PIXELS                                                                                        \
    "ldrd r9, r7, [r1], #8\n\t"                                                                                        \
    "ldr r11, [r3, #16]\n\t"                                                                                           \
    "add r9, r9, r11\n\t"                                                                                              \
    "ldr r11, [r3, #8]\n\t"                                                                                            \
    "add r11, r11, r9\n\t"

BTW_MVE_FUNCTION(btw_mve_narrow_4_by_multiplier, btw_mve_narrow_4, BTW_MVE_NARROW_4(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_mve_narrow_4_by_scale, btw_mve_narrow_4, BTW_MVE_NARROW_4(BTW_MVE_BY_SCALE))

/* Words of the stream's blocks of eight channels, in front of those of narrow ones. */
static inline int btw_mve_blocks(int steps, int outputs)
{
    return outputs / 8 * 2 * (steps * 16 + 8);
}

/* `channels` of each pixel, from y on; the first run has one step at least, and one without steps follows the runs. */
static inline void btw_mve_narrow_channels(btw_mve_run *run, int runs, const int32_t *stream, int channels,
                                           int zero_point, int by_scale, int advance, int outputs, int8_t *y,
                                           int pixels)
{
    run[0].steps--;
    if (channels > 2) {
        const int apart = pixels > 1 ? 1 : 0;
        btw_mve_narrow_4 frame = {
            .run = run,
            .stream = stream + 8,
            .apart = apart * advance,
            .pixels = pixels,
            .y = y,
            .x_step = 2 * advance,
            .y_step = 2 * outputs,
            .zero_point = zero_point,
            .results = 2 * channels,
        };
        for (int i = 0; i < 8; i++)
            frame.y_at[i] = (uint16_t)(i / 2 + i % 2 * apart * outputs);
        if (by_scale)
            btw_mve_narrow_4_by_scale(&frame);
        else
            btw_mve_narrow_4_by_multiplier(&frame);
        return;
    }
    const int together = 4 / channels;
    btw_mve_narrow frame = {
        .runs = runs,
        .stream = stream + 8,
        .run = run,
        .zero_point = zero_point,
        .y = y,
        .pixels = pixels,
        .x_step = together * advance,
        .y_step = together * outputs,
    };
    for (int i = 0; i < 4; i++) {
        frame.x_at[i] = (uint32_t)(i / channels * advance);
        frame.x_last[i] = (uint32_t)((pixels - 1) * advance);
        frame.y_at[i] = (uint32_t)(i / channels * outputs + i % channels);
        frame.y_last[i] = (uint32_t)((pixels - 1) * outputs + i % channels);
    }
    if (channels == 1 && by_scale)
        btw_mve_narrow_1_by_scale(&frame);
    else if (channels == 1)
        btw_mve_narrow_1(&frame);
    else if (by_scale)
        btw_mve_narrow_2_by_scale(&frame);
    else
        btw_mve_narrow_2(&frame);
}

#endif
