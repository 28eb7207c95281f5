/* Kernels for Helium (Cortex-M55): the structs of their layers, and the assembly text they share. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MVE_H
#define BTW_MVE_H

#include "btw.h"
#include "btw_fixed_point.h"

/* ---- Layers. by_scale is 1 where a stream holds the bits of float32 scales in place of multipliers. */

/* `narrow` is how many of the outputs, the last one to four, are computed apart from blocks of eight, several pixels at
 * a time. In the stream bias[4], factor[4] and int8 weights [steps][1, 2 or 4][16] of theirs follow those blocks; bias
 * and factor are repeated up to four. */

typedef struct {
    int inputs;
    int outputs;
    int together; /* pixels that are computed as one, with zeros between their weights; `inputs` and `outputs` of these
                   */
    int narrow;
    int zero_point;
    int by_scale;
    const int32_t *stream; /* [outputs / 8, rounded up][2]: int8 weights [inputs / 16, rounded up][4][16], bias[4],
                              multiplier[4], for channels 0 2 4 6, then for 1 3 5 7 of each eight;
                              up to 8 steps: the first, then from the last one down */
} btw_linear_s8_mve_layer;

#if !defined(BTW_INLINE_KERNELS)
/* x[pixels][inputs] to y[pixels][outputs] */
void btw_linear_s8_mve(const btw_linear_s8_mve_layer *layer, const int8_t *x, int8_t *y, int pixels);
#endif

/* A convolution straight from rows: runs of up to 8 steps of 16 bytes. */
typedef struct {
    int outputs;
    int narrow;
    int output_width;
    int advance; /* bytes from a window to the next one */
    int zero_point;
    int by_scale;
    int steps; /* of all runs */
    int runs;
    const int32_t *run; /* [runs][3]: row, first byte, steps */
    const int32_t
        *stream; /* as above; of the first run the first step, then from the last one down; of others all so */
} btw_conv2d_s8_mve_layer;

/* A convolution through windows copied to scratch memory, [pixels][kernel_height][kernel_width][input_channels]. */
typedef struct {
    int kernel_height;
    int parts;  /* of a kernel row: 1, or kernel_width where it is dilated */
    int length; /* bytes of a part */
    int next;   /* bytes from a part to the next one */
    int outputs;
    int narrow;
    int output_width;
    int advance;
    int zero_point;
    int by_scale;
    const int32_t *stream; /* as for btw_linear_s8_mve */
} btw_conv2d_few_channels_s8_mve_layer;

#define BTW_CONV2D_FEW_CHANNELS_S8_MVE_PIXELS 16 /* windows in scratch memory */

/* A float32 convolution with few outputs, without groups; a kernel row is `length` neighbouring values. */
typedef struct {
    int outputs;
    int kernel_height;
    int length;
    int output_width;
    int advance; /* values from a window to the next one */
    float low;
    float high;
    const float *weights; /* [outputs][kernel_height][length, rounded up to 4] */
    const float *bias;    /* [outputs] */
} btw_conv2d_few_outputs_f32_mve_layer;

/* A convolution in groups, one after the other, through windows of a group in scratch memory. */
typedef struct {
    int groups;
    int kernel_height;
    int kernel_width;
    int group_inputs;
    int group_outputs;
    int next; /* bytes from a pixel of a window to the next one */
    int output_width;
    int advance;
    int zero_point;
    int by_scale;
    int words;             /* of the stream of a group */
    const int32_t *stream; /* of each group, as for btw_linear_s8_mve */
} btw_conv2d_groups_s8_mve_layer;

/* A depthwise 3x3 convolution. `together` pixels without gaps fill sixteens better than one. */
typedef struct {
    int channels;
    int output_width;
    int together;
    int advance;
    int zero_point;
    int by_scale;
    int sums;              /* in 16 bits: 3 of 3 taps; 4 of 3, 2, 2, 2; 5 of 2, 2, 2, 2, 1 */
    const int32_t *taps;   /* [9][2]: row, first byte, in the order of the stream */
    const int32_t *stream; /* [together * channels / 16, rounded up]: int8 weights [9][16], then bias[4] and
                              multiplier[4] for channels 0 4 8 12, 2 6 10 14, 1 5 9 13 and 3 7 11 15 */
} btw_depthwise_conv2d_3x3_s8_mve_layer;

/* A depthwise convolution of any size; an odd number of taps has one more, whose weights are zeros. */
typedef struct {
    int channels;
    int output_width;
    int together;
    int advance;
    int zero_point;
    int by_scale;
    int pairs;             /* of taps */
    const int32_t *taps;   /* [2 * pairs][2]: row, first byte */
    const int32_t *stream; /* [together * channels / 16, rounded up]: int8 weights [2 * pairs][16], then as for 3x3 */
} btw_depthwise_conv2d_s8_mve_layer;

/* Up to 16 bytes of an output pixel, or of some pixels together. */
typedef struct {
    int from;               /* byte of the input pixel */
    int to;                 /* of the output pixel */
    int apart;              /* 0: the bytes lie together in the input */
    int taken;              /* a bit for each byte that comes from the input */
    const uint8_t *offsets; /* [16] from `from` on, where they lie apart */
    const uint8_t *fill;    /* [16] of bytes that come from nowhere */
} btw_gather_piece_mve;

typedef struct {
    int input_pixel; /* bytes */
    int output_pixel;
    int together; /* pixels moved by one vector */
    int count;
    const btw_gather_piece_mve *pieces;
} btw_gather_pixels_u8_mve_layer;

#if !defined(BTW_INLINE_KERNELS)
void btw_gather_pixels_u8_mve(const btw_gather_pixels_u8_mve_layer *layer, const void *x, void *y, int pixels);
#endif

/* Inputs side by side; sizes are bytes of a pixel. */
typedef struct {
    int size;
    int together;          /* pixels moved by one vector */
    const uint8_t *places; /* [16] where in y the bytes of those go; null where one pixel is moved */
    const int8_t *table;   /* [256] new code of code - 128 .. 127; null where bytes stay */
} btw_concat_part_mve;

typedef struct {
    int size;
    int count;
    const btw_concat_part_mve *parts;
} btw_concat_mve_layer;

#if !defined(BTW_INLINE_KERNELS)
/* x[i][pixels][parts[i].size] to y[pixels][size] */
void btw_concat_s8_mve(const btw_concat_mve_layer *layer, const void *const x[], int8_t *y, int pixels);
void btw_concat_f32_mve(const btw_concat_mve_layer *layer, const void *const x[], float *y, int pixels);
#endif

#if !defined(BTW_INLINE_KERNELS)
/* One output row y[output_width][outputs]; rows[ky] is where the window of ox = 0 begins.
 * scratch: 16 bytes a run and 16; that many windows, and 16 bytes. */
void btw_conv2d_s8_mve(const btw_conv2d_s8_mve_layer *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_conv2d_few_channels_s8_mve(const btw_conv2d_few_channels_s8_mve_layer *layer, const void *const rows[],
                                    int8_t *y, void *scratch);
void btw_conv2d_few_outputs_f32_mve(const btw_conv2d_few_outputs_f32_mve_layer *layer, const void *const rows[],
                                    float *y);
void btw_conv2d_groups_s8_mve(const btw_conv2d_groups_s8_mve_layer *layer, const void *const rows[], int8_t *y,
                              void *scratch); /* those windows, 16 bytes, and as many pixels of a group's outputs */
void btw_depthwise_conv2d_3x3_s8_mve(const btw_depthwise_conv2d_3x3_s8_mve_layer *layer, const void *const rows[],
                                     int8_t *y);
void btw_depthwise_conv2d_s8_mve(const btw_depthwise_conv2d_s8_mve_layer *layer, const void *const rows[], int8_t *y,
                                 void *scratch); /* a pointer for each tap */
#endif

/* ---- Assembly. */

/* Assembly kernels are one function each, whose only operand is the address of a frame in r0. They save r7, which may
 * be the frame pointer, themselves. P0 is not preserved by calls either, so that compilers without a name for it are
 * safe. */
#define BTW_MVE_ASSEMBLY __attribute__((noinline))
#define BTW_MVE_REGISTERS                                                                                              \
    "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "q0", "q1", "q2", "q3", "q4", "q5",     \
        "q6", "q7", "cc", "memory"
#if defined(__GNUC__) && !defined(__clang__)
#define BTW_MVE_P0 "p0",
#else
#define BTW_MVE_P0
#endif
#define BTW_MVE_CLOBBERS BTW_MVE_P0 BTW_MVE_REGISTERS

#define BTW_MVE_FUNCTION(name, type, text)                                                                             \
    static BTW_MVE_ASSEMBLY void name(const type *layer)                                                               \
    {                                                                                                                  \
        register const type *frame __asm__("r0") = layer;                                                              \
        __asm__ volatile(text : "+r"(frame) : : BTW_MVE_CLOBBERS);                                                     \
    }

/* ---- A block of 4 output channels by 2 pixels.
 * Sums in r0 r2 r4 r6 (pixel 0) and r8 r10 r12 lr (pixel 1): VMLADAVA takes even registers only. r9 and r11 point to
 * the pixels, r5 to a stream of constants: int8 weights [step][channel][16], then bias[4], then multiplier[4] or
 * scale[4]. */

/* One step: 16 values of both pixels; x0 and x1 are their addresses. BTW_MVE_STEP_BYTES of code. */
#define BTW_MVE_STEP(multiply, x0, x1)                                                                                 \
    "vldrb.8 q0, " x0 "\n\tvldrb.8 q2, [r5], #16\n\t" multiply ".s8 r0, q0, q2\n\t"                                    \
    "vldrb.8 q1, " x1 "\n\t" multiply ".s8 r8, q1, q2\n\t"                                                             \
    "vldrb.8 q3, [r5], #16\n\t" multiply ".s8 r2, q0, q3\n\t" multiply ".s8 r10, q1, q3\n\t"                           \
    "vldrb.8 q4, [r5], #16\n\t" multiply ".s8 r4, q0, q4\n\t" multiply ".s8 r12, q1, q4\n\t"                           \
    "vldrb.8 q5, [r5], #16\n\t" multiply ".s8 r6, q0, q5\n\t" multiply ".s8 lr, q1, q5\n\t"
#define BTW_MVE_STEP_BYTES 56
/* One step of pixel 0 alone. */
#define BTW_MVE_SINGLE(multiply, x0)                                                                                   \
    "vldrb.8 q0, " x0 "\n\tvldrb.8 q2, [r5], #16\n\t" multiply ".s8 r0, q0, q2\n\t"                                    \
    "vldrb.8 q3, [r5], #16\n\t" multiply ".s8 r2, q0, q3\n\t"                                                          \
    "vldrb.8 q4, [r5], #16\n\t" multiply ".s8 r4, q0, q4\n\t"                                                          \
    "vldrb.8 q5, [r5], #16\n\t" multiply ".s8 r6, q0, q5\n\t"
#define BTW_MVE_SINGLE_BYTES 36
/* Steps 7 to 1 of pixels that stay where they are; who enters later runs fewer. */
#define BTW_MVE_STEPS_7_TO_1                                                                                           \
    ".irp at, 112, 96, 80, 64, 48, 32, 16\n\t" BTW_MVE_STEP("vmladava", "[r9, #\\at]", "[r11, #\\at]") ".endr\n\t"
/* Eight steps that move the pixels on. */
#define BTW_MVE_8_STEPS_ON ".rept 8\n\t" BTW_MVE_STEP("vmladava", "[r9], #16", "[r11], #16") ".endr\n\t"

/* Text for the two halves of a block, in which BTW_MVE_HALF is b, then t. */
#define BTW_MVE_HALVES(text) ".irpc half, bt\n\t" text ".endr\n\t"
#define BTW_MVE_HALF "\\half\\()"

/* 32-bit sums in `q` times the constants in `by`, rounded to 16 bits in the half `half` (b or t) of `to`.
 * By multiplier: ((sum * multiplier) >> 32) / 8, rounded. By scale: onnxruntime's float32 formula. Both saturate; the
 * zero point is added later, and saturates: clamp((offset + ((sum * multiplier) >> 32)) >> 3) for every sum. */
#define BTW_MVE_BY_MULTIPLIER(q, by, half, to)                                                                         \
    "vmulh.s32 " q ", " q ", " by "\n\tvqrshrn" half ".s32 " to ", " q ", #3\n\t"
#define BTW_MVE_BY_SCALE(q, by, half, to)                                                                              \
    "vcvt.f32.s32 " q ", " q "\n\tvmul.f32 " q ", " q ", " by "\n\tvcvtn.s32.f32 " q ", " q "\n\tvqmovn" half          \
    ".s32 " to ", " q "\n\t"
#define BTW_MVE_SHIFT 3

/* The sums of a block, with bias, to the half `half` of q6 (pixel 0) and q7 (pixel 1). */
#define BTW_MVE_BLOCK_END(requantize, half)                                                                            \
    "vmov q0[2], q0[0], r0, r4\n\tvmov q0[3], q0[1], r2, r6\n\t"                                                       \
    "vmov q1[2], q1[0], r8, r12\n\tvmov q1[3], q1[1], r10, lr\n\t"                                                     \
    "vldrw.32 q4, [r5], #16\n\tvldrw.32 q5, [r5], #16\n\tvadd.i32 q0, q0, q4\n\tvadd.i32 q1, q1, q4\n\t" requantize(   \
        "q0", "q5", half, "q6") requantize("q1", "q5", half, "q7")

#define BTW_MVE_SINGLE_END(requantize, half)                                                                           \
    "vmov q0[2], q0[0], r0, r4\n\tvmov q0[3], q0[1], r2, r6\n\t"                                                       \
    "vldrw.32 q4, [r5], #16\n\tvldrw.32 q5, [r5], #16\n\tvadd.i32 q0, q0, q4\n\t" requantize("q0", "q5", half, "q6")
#define BTW_MVE_SINGLE_HALF(requantize, half)                                                                          \
    BTW_MVE_SINGLE("vmladav", "[r9]")                                                                                  \
    "add pc, r7\n\t.irp at, 112, 96, 80, 64, 48, 32, 16\n\t" BTW_MVE_SINGLE(                                           \
        "vmladava", "[r9, #\\at]") ".endr\n\t" BTW_MVE_SINGLE_END(requantize, half)

/* Adds the zero point in `register`; bytes in the lower half of each 16-bit lane. */
#define BTW_MVE_FINISH(zero_point)                                                                                     \
    "vqadd.s16 q6, q6, " zero_point "\n\tvqadd.s16 q7, q7, " zero_point "\n\t"                                         \
    "vqmovnb.s16 q6, q6\n\tvqmovnb.s16 q7, q7\n\t"

/* ---- Whole pixels that lie one behind the other, 8 channels by 2 pixels at a time. */

typedef struct {
    int32_t zero_point;
    const int8_t
        *full; /* end of the stream's full blocks, and 1 more where a block with fewer than 8 channels follows */
    int32_t inputs;
    int32_t outputs;
    int32_t pixels;
    const int32_t *stream;
    int32_t rest; /* channels of that block, or those that are computed apart */
    int8_t *y;
    int32_t entry; /* bytes of code from the jump to the second step */
    const int8_t *x;
    int32_t rounds; /* of eight steps after that, the first perhaps of fewer */
    int32_t length; /* bytes of a pixel, rounded up to steps */
    int32_t single; /* as entry, where one pixel is left */
} btw_mve_pixels;

/* At most 8 steps a pixel. [sp]: zero_point, full, inputs, outputs, pixels, stream, rest, single. */
#define BTW_MVE_PIXELS_SHORT(requantize)                                                                               \
    "push {r7}\n\t"                                                                                                    \
    "ldm r0!, {r1-r6, r8}\n\t"                                                                                         \
    "ldr r9, [r0, #20]\n\t"                                                                                            \
    "push {r1-r6, r8, r9}\n\t"                                                                                         \
    "ldm r0, {r1, r7, r9}\n\t"                                                                                         \
    "add r11, r9, r3\n\t"                                                                                              \
    "add r3, r1, r4\n\t"                                                                                               \
    "cmp r5, #1\n\t"                                                                                                   \
    "mov r5, r6\n\t"                                                                                                   \
    "beq 5f\n"                                                                                                         \
    "1:\n\t" BTW_MVE_HALVES(BTW_MVE_STEP(                                                                              \
        "vmladav", "[r9]", "[r11]") "add pc, r7\n\t" BTW_MVE_STEPS_7_TO_1 BTW_MVE_BLOCK_END(requantize, BTW_MVE_HALF)) \
        BTW_MVE_PIXELS_SHORT_END "5:\n\t" /* one pixel */                                                              \
                                 "ldr r7, [sp, #28]\n"                                                                 \
                                 "6:\n\t" BTW_MVE_HALVES(BTW_MVE_SINGLE_HALF(requantize, BTW_MVE_HALF))                \
                                     BTW_MVE_PIXELS_SINGLE_END

#define BTW_MVE_PIXELS_SHORT_END                                                                                       \
    "ldrd r0, r2, [sp]\n\t" BTW_MVE_FINISH("r0") "cmp r5, r2\n\t"                                                      \
                                                 "bhi 3f\n\t"                                                          \
                                                 "vstrb.16 q6, [r1], #8\n\t"                                           \
                                                 "vstrb.16 q7, [r3], #8\n\t"                                           \
                                                 "blo 1b\n"                                                            \
                                                 "2:\n\t" /* the next two pixels, or the last one */                   \
                                                 "add r0, sp, #8\n\t"                                                  \
                                                 "ldm r0, {r0, r2, r4, r5, r6}\n\t"                                    \
                                                 "subs r4, #2\n\t"                                                     \
                                                 "bls 4f\n\t"                                                          \
                                                 "str r4, [sp, #16]\n\t"                                               \
                                                 "add r9, r11, r0\n\t"                                                 \
                                                 "add r11, r9, r0\n\t"                                                 \
                                                 "add r1, r3, r6\n\t"                                                  \
                                                 "add r3, r1, r2\n\t"                                                  \
                                                 "cmp r4, #1\n\t"                                                      \
                                                 "bne 1b\n"

#define BTW_MVE_PIXELS_SINGLE_END                                                                                      \
    "ldrd r0, r2, [sp]\n\tvqadd.s16 q6, q6, r0\n\tvqmovnb.s16 q6, q6\n\t"                                              \
    "cmp r5, r2\n\t"                                                                                                   \
    "bhi 7f\n\t"                                                                                                       \
    "vstrb.16 q6, [r1], #8\n\t"                                                                                        \
    "blo 6b\n\t"                                                                                                       \
    "b 4f\n"                                                                                                           \
    "7:\n\t"                                                                                                           \
    "ldr r0, [sp, #24]\n\t"                                                                                            \
    "vctp.16 r0\n\t"                                                                                                   \
    "vpst\n\tvstrbt.16 q6, [r1]\n\t"                                                                                   \
    "b 4f\n"                                                                                                           \
    "3:\n\t" /* fewer than 8 channels */                                                                               \
    "ldr r0, [sp, #24]\n\t"                                                                                            \
    "vctp.16 r0\n\t"                                                                                                   \
    "vpstt\n\tvstrbt.16 q6, [r1]\n\tvstrbt.16 q7, [r3]\n\t"                                                            \
    "b 2b\n"                                                                                                           \
    "4:\n\t"                                                                                                           \
    "add sp, #32\n\t"                                                                                                  \
    "pop {r7}\n\t"

/* Any number of steps; an odd last pixel is computed twice. [sp]: the same but single, and y0, y1, rounds. */
#define BTW_MVE_PIXELS_LONG(requantize)                                                                                \
    "push {r7}\n\t"                                                                                                    \
    "ldm r0!, {r1-r6, r8}\n\t"                                                                                         \
    "ldr r10, [r0]\n\t"                                                                                                \
    "ldr r12, [r0, #12]\n\t"                                                                                           \
    "cmp r5, #1\n\t"                                                                                                   \
    "ite eq\n\tmoveq r11, r10\n\taddne r11, r10, r4\n\t"                                                               \
    "push {r10-r12}\n\t"                                                                                               \
    "push {r1-r6, r8}\n\t"                                                                                             \
    "ldr r7, [r0, #4]\n\t"                                                                                             \
    "ldr r9, [r0, #8]\n\t"                                                                                             \
    "ite eq\n\tmoveq r11, r9\n\taddne r11, r9, r3\n\t"                                                                 \
    "ldr r3, [r0, #16]\n\t"                                                                                            \
    "mov r5, r6\n"                                                                                                     \
    "1:\n\t" BTW_MVE_HALVES("ldr r1, [sp, #36]\n\t" BTW_MVE_STEP(                                                      \
        "vmladav", "[r9], #16", "[r11], #16") "add pc, r7\n"                                                           \
                                              "5:\n\t" BTW_MVE_8_STEPS_ON "subs r1, #1\n\t"                            \
                                              "bne 5b\n\t" BTW_MVE_BLOCK_END(requantize,                               \
                                                                             BTW_MVE_HALF) "sub r9, r9, r3\n\t"        \
                                                                                           "sub r11, r11, r3\n\t")     \
        BTW_MVE_PIXELS_LONG_END

#define BTW_MVE_PIXELS_LONG_END                                                                                        \
    "ldrd r0, r2, [sp]\n\t"                                                                                            \
    "ldrd r4, r6, [sp, #28]\n\t" BTW_MVE_FINISH("r0") "cmp r5, r2\n\t"                                                 \
                                                      "bhi 3f\n\t"                                                     \
                                                      "vstrb.16 q6, [r4], #8\n\t"                                      \
                                                      "vstrb.16 q7, [r6], #8\n\t"                                      \
                                                      "strd r4, r6, [sp, #28]\n\t"                                     \
                                                      "blo 1b\n"                                                       \
                                                      "2:\n\t"                                                         \
                                                      "add r0, sp, #8\n\t"                                             \
                                                      "ldm r0, {r0, r2, r4, r5, r8}\n\t"                               \
                                                      "add r1, r6, r8\n\t"                                             \
                                                      "subs r4, #2\n\t"                                                \
                                                      "bls 4f\n\t"                                                     \
                                                      "str r4, [sp, #16]\n\t"                                          \
                                                      "cmp r4, #1\n\t"                                                 \
                                                      "add r9, r11, r0\n\t"                                            \
                                                      "ite eq\n\tmoveq r11, r9\n\taddne r11, r9, r0\n\t"               \
                                                      "ite eq\n\tmoveq r2, r1\n\taddne r2, r1, r2\n\t"                 \
                                                      "strd r1, r2, [sp, #28]\n\t"                                     \
                                                      "b 1b\n"                                                         \
                                                      "3:\n\t"                                                         \
                                                      "ldr r0, [sp, #24]\n\t"                                          \
                                                      "vctp.16 r0\n\t"                                                 \
                                                      "vpstt\n\tvstrbt.16 q6, [r4]\n\tvstrbt.16 q7, [r6]\n\t"          \
                                                      "b 2b\n"                                                         \
                                                      "4:\n\t"                                                         \
                                                      "add sp, #40\n\t"                                                \
                                                      "pop {r7}\n\t"

static inline btw_mve_pixels btw_mve_pixels_frame(int inputs, int outputs, int apart, int zero_point,
                                                  const int32_t *stream, const int8_t *x, int8_t *y, int pixels)
{
    const int steps = (inputs + 15) / 16, after = steps - 1; /* steps behind the first */
    const int block = 2 * (steps * 64 + 32), rest = outputs % 8;
    const int first = steps <= 8 ? after : after % 8 ? after % 8 : 8;
    const btw_mve_pixels frame = {
        .zero_point = zero_point,
        .full = (const int8_t *)stream + outputs / 8 * block + (rest > apart ? 1 : 0),
        .inputs = inputs,
        .outputs = outputs,
        .pixels = pixels,
        .stream = stream,
        .rest = rest,
        .y = y,
        .entry = ((steps <= 8 ? 7 : 8) - first) * BTW_MVE_STEP_BYTES - 2,
        .x = x,
        .rounds = (after + 7) / 8,
        .length = steps * 16,
        .single = (7 - first) * BTW_MVE_SINGLE_BYTES - 2,
    };
    return frame;
}

/* ---- Windows copied to scratch memory. */

/* Up to 16 bytes of each of `pixels` windows, `advance` apart, to places `size` apart; so from each of `count` rows,
 * from byte `first` on, to the next `length` bytes of the places. */
typedef struct {
    const void *const *rows;
    int32_t first;
    int8_t *window;
    int32_t length;
    int32_t count;
    int32_t pixels;
    int32_t advance;
    int32_t size;
} btw_mve_windows;

#define BTW_MVE_COPY_WINDOWS                                                                                           \
    "ldm r0, {r1-r6, r8, r9}\n\t"                                                                                      \
    "vctp.8 r4\n"                                                                                                      \
    "1:\n\t"                                                                                                           \
    "ldr r10, [r1], #4\n\t"                                                                                            \
    "mov r11, r3\n\t"                                                                                                  \
    "add r10, r10, r2\n\t"                                                                                             \
    "mov lr, r6\n"                                                                                                     \
    "2:\n\t"                                                                                                           \
    "vpstt\n\tvldrbt.8 q0, [r10]\n\tvstrbt.8 q0, [r11]\n\t"                                                            \
    "add r10, r10, r8\n\t"                                                                                             \
    "add r11, r11, r9\n\t"                                                                                             \
    "le lr, 2b\n\t"                                                                                                    \
    "add r3, r3, r4\n\t"                                                                                               \
    "subs r5, r5, #1\n\t"                                                                                              \
    "bne 1b"

/* ---- Depthwise: sums of 16 channels in four registers (0 4 8 12, 2 6 10 14, 1 5 9 13, 3 7 11 15) to 16 codes in `to`.
 * bias[4] and factor[4] for each follow in the stream at r9; r12 is the zero point; clobbers q5 to q7. */
#define BTW_MVE_BIAS(q) "vldrw.32 q6, [r9], #16\n\tvldrw.32 q7, [r9], #16\n\tvadd.i32 " q ", " q ", q6\n\t"
#define BTW_MVE_SIXTEEN_END(requantize, even, even2, odd, odd2, to)                                                    \
    BTW_MVE_BIAS(even)                                                                                                 \
    requantize(even, "q7", "b", to) BTW_MVE_BIAS(even2) requantize(even2, "q7", "t", to) BTW_MVE_BIAS(odd)             \
        requantize(odd, "q7", "b", "q5") BTW_MVE_BIAS(odd2)                                                            \
            requantize(odd2, "q7", "t", "q5") "vqadd.s16 " to ", " to ", r12\n\tvqadd.s16 q5, q5, r12\n\t"             \
                                              "vqmovnb.s16 " to ", " to "\n\tvqmovnt.s16 " to ", q5\n\t"

/* ---- Plain C, for the twins in emulate/. */

static inline int8_t btw_mve_requantize(int32_t acc, int32_t factor, int by_scale, int zero_point)
{
    if (by_scale)
        return btw_requantize_exact(acc, (uint32_t)factor, zero_point);
    const int32_t high = (int32_t)(((int64_t)acc * factor) >> 32);
    return btw_clamp_s8((int32_t)(((int64_t)high + (1 << (BTW_MVE_SHIFT - 1))) >> BTW_MVE_SHIFT) + zero_point);
}

/* Channel oc of the pixel x[inputs]; `outputs` of a pixel, the last `narrow` of them apart. */
static inline int8_t btw_mve_pixel(const int32_t *stream, int inputs, int outputs, int narrow, int oc, const int8_t *x,
                                   int by_scale, int zero_point)
{
    const int steps = (inputs + 15) / 16, apart = oc - (outputs - narrow), count = narrow > 2 ? 4 : narrow;
    stream += (oc / 8 * 2 + (apart < 0 ? oc % 2 : 0)) * (steps * 16 + 8);
    const int8_t *const weights =
        apart < 0 ? (const int8_t *)stream + oc % 8 / 2 * 16 : (const int8_t *)(stream + 8) + apart * 16;
    const int32_t *const end =
        apart < 0 ? stream + steps * 16 + oc % 8 / 2 : stream + apart; /* bias, and 4 further the factor */
    int32_t acc = end[0];
    for (int ic = 0; ic < inputs; ic++) {
        const int step = ic / 16, place = step > 0 && steps <= 8 && apart < 0 ? steps - step : step;
        acc += x[ic] * weights[place * (apart < 0 ? 64 : count * 16) + ic % 16];
    }
    return btw_mve_requantize(acc, end[4], by_scale, zero_point);
}

#endif
