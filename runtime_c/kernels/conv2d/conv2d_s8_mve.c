/* 2-D convolution without groups, int8, Helium: straight from the rows, 8 channels by 2 pixels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals conv2d_s8_scalar.c. Reads up to 15 bytes past a row. The stream and scratch lie on 4 bytes. Clobbers q4 to q7
 * inside. An odd last pixel is computed with the one before it once more. */
#include "btw_narrow_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* A run of steps: how far the code at the end of a run jumps to begin it, and from behind its first step to the others;
 * its first byte for both pixels. Behind the runs: a jump out. */
typedef struct {
    int32_t begin;
    int32_t second;
    const int8_t *x[2];
} btw_conv2d_s8_mve_run;

typedef struct {
    int32_t zero_point;
    const int8_t *full; /* as in btw_mve_pixels */
    int32_t advance;
    int32_t outputs;
    int32_t pixels;
    const int32_t *stream;
    int32_t rest;
    int8_t *y[2];
    btw_conv2d_s8_mve_run *run;
    int32_t runs;
} btw_conv2d_s8_mve_frame;

#define BTW_CONV2D_S8_MVE_RUNS                                                                                         \
    "ldr r1, [sp, #36]\n\t"                                                                                            \
    "ldm r1!, {r3, r7, r9, r11}\n\t" BTW_MVE_STEP(                                                                     \
        "vmladav", "[r9], #16", "[r11], #16") "add pc, r7\n\t"                                                         \
                                              ".irp at, 112, 96, 80, 64, 48, 32, 16, 0\n\t" BTW_MVE_STEP(              \
                                                  "vmladava", "[r9, #\\at]",                                           \
                                                  "[r11, #\\at]") ".endr\n\t"                                          \
                                                                  "ldm.w r1!, {r3, r7, r9, r11}\n\t"                   \
                                                                  "add pc, r3\n\t"

/* [sp]: zero_point, full, advance, outputs, pixels, stream, rest, y0, y1, run, runs. */
#define BTW_CONV2D_S8_MVE_ROW(requantize)                                                                              \
    "push {r7}\n\t"                                                                                                    \
    "ldm r0!, {r1-r6}\n\t"                                                                                             \
    "ldm r0, {r8-r12}\n\t"                                                                                             \
    "push {r8-r12}\n\t"                                                                                                \
    "push {r1-r6}\n\t"                                                                                                 \
    "mov r5, r6\n"                                                                                                     \
    "1:\n\t" BTW_MVE_HALVES(BTW_CONV2D_S8_MVE_RUNS BTW_MVE_BLOCK_END(                                                  \
        requantize, BTW_MVE_HALF)) "ldrd r0, r2, [sp]\n\t"                                                             \
                                   "ldrd r4, r6, [sp, #28]\n\t" BTW_MVE_FINISH(                                        \
                                       "r0") "cmp r5, r2\n\t"                                                          \
                                             "bhi 3f\n\t"                                                              \
                                             "vstrb.16 q6, [r4], #8\n\t"                                               \
                                             "vstrb.16 q7, [r6], #8\n\t"                                               \
                                             "strd r4, r6, [sp, #28]\n\t"                                              \
                                             "blo 1b\n"                                                                \
                                             "2:\n\t" /* r6: behind the whole blocks */                                \
                                             "add r0, sp, #8\n\t"                                                      \
                                             "ldm r0, {r0, r2, r4, r5, r8}\n\t"                                        \
                                             "subs r4, #2\n\t"                                                         \
                                             "bls 4f\n\t"                                                              \
                                             "str r4, [sp, #16]\n\t"                                                   \
                                             "add r6, r6, r8\n\t"                                                      \
                                             "cmp r4, #1\n\t"                                                          \
                                             "ite eq\n\tsubeq r6, r6, r2\n\taddne r0, r0, r0\n\t"                      \
                                             "add r2, r2, r6\n\t"                                                      \
                                             "strd r6, r2, [sp, #28]\n\t"                                              \
                                             "ldrd r1, lr, [sp, #36]\n\t"                                              \
                                             "vmov.i32 q0, #0\n\t"                                                     \
                                             "vmov.32 q0[2], r0\n\t"                                                   \
                                             "vmov.32 q0[3], r0\n"                                                     \
                                             "7:\n\t"                                                                  \
                                             "vldrw.32 q1, [r1]\n\tvadd.i32 q1, q1, q0\n\tvstrw.32 q1, [r1], #16\n\t"  \
                                             "le lr, 7b\n\t"                                                           \
                                             "b 1b\n"                                                                  \
                                             "3:\n\t" /* fewer than 8 channels */                                      \
                                             "ldr r0, [sp, #24]\n\t"                                                   \
                                             "vctp.16 r0\n\t"                                                          \
                                             "vpstt\n\tvstrbt.16 q6, [r4]\n\tvstrbt.16 q7, [r6]\n\t"                   \
                                             "b 2b\n"                                                                  \
                                             "4:\n\t"                                                                  \
                                             "add sp, #44\n\t"                                                         \
                                             "pop {r7}\n\t"

BTW_MVE_FUNCTION(btw_conv2d_s8_mve_row, btw_conv2d_s8_mve_frame, BTW_CONV2D_S8_MVE_ROW(BTW_MVE_BY_MULTIPLIER))
BTW_MVE_FUNCTION(btw_conv2d_s8_mve_row_by_scale, btw_conv2d_s8_mve_frame, BTW_CONV2D_S8_MVE_ROW(BTW_MVE_BY_SCALE))

/* The blocks of eight channels, from runs in `scratch`. */
static inline void btw_conv2d_s8_mve_blocks(const btw_conv2d_s8_mve_layer *layer, const void *const rows[], int8_t *y,
                                            void *scratch)
{
    btw_conv2d_s8_mve_run *const run = scratch;
    const int two = layer->output_width > 1 ? 1 : 0, rest = layer->outputs % 8;
    for (int i = 0; i < layer->runs; i++) {
        const int32_t *const part = layer->run + 3 * i;
        run[i].begin = -8 - part[2] * BTW_MVE_STEP_BYTES;
        run[i].second = (9 - part[2]) * BTW_MVE_STEP_BYTES - 2;
        run[i].x[0] = (const int8_t *)rows[part[0]] + part[1];
        run[i].x[1] = run[i].x[0] + two * layer->advance;
    }
    run[layer->runs].begin = -2;
    const btw_conv2d_s8_mve_frame frame = {
        .zero_point = layer->zero_point,
        .full = (const int8_t *)(layer->stream + btw_mve_blocks(layer->steps, layer->outputs)) +
                (rest > layer->narrow ? 1 : 0),
        .advance = layer->advance,
        .outputs = layer->outputs,
        .pixels = layer->output_width,
        .stream = layer->stream,
        .rest = rest,
        .y = {y, y + two * layer->outputs},
        .run = run,
        .runs = layer->runs,
    };
    if (layer->by_scale)
        btw_conv2d_s8_mve_row_by_scale(&frame);
    else
        btw_conv2d_s8_mve_row(&frame);
}

BTW_KERNEL BTW_FOLDED void btw_conv2d_s8_mve(const btw_conv2d_s8_mve_layer *layer, const void *const rows[], int8_t *y,
                                             void *scratch)
{
    if (layer->outputs > layer->narrow)
        btw_conv2d_s8_mve_blocks(layer, rows, y, scratch);
    if (layer->narrow) {
        btw_mve_run *const run = scratch;
        for (int i = 0; i < layer->runs; i++) {
            const int32_t *const part = layer->run + 3 * i;
            run[i].x = (const int8_t *)rows[part[0]] + part[1];
            run[i].steps = part[2];
        }
        run[layer->runs] = (btw_mve_run){0};
        btw_mve_narrow_channels(run, layer->runs, layer->stream + btw_mve_blocks(layer->steps, layer->outputs),
                                layer->narrow, layer->zero_point, layer->by_scale, layer->advance, layer->outputs,
                                y + layer->outputs - layer->narrow, layer->output_width);
    }
}

#endif
