/* Depthwise 3x3 convolution, one output channel for each input channel, int8, Helium: 16 channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals depthwise_conv2d_s8_scalar.c. Reads up to 15 bytes past a row. The stream lies on 4 bytes. Clobbers q4 to q7
 * inside. Products are added in 16 bits in groups of taps that the compiler has shown not to overflow. */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* `groups` times 16 lanes of each of `pixels`; of the last 16 only `lanes` are written. */
typedef struct {
    const void *const *rows; /* 0: of the window */
    const int32_t *taps;     /* 4: row and byte of each, in the order of the stream */
    int32_t first;           /* 8: byte of the rows */
    int8_t *y;               /* 12 */
    int32_t pixels;          /* 16 */
    int32_t zero_point;      /* 20 */
    int32_t groups;          /* 24, [0] */
    const int32_t *stream;   /* 28, [4] */
    int32_t moves;           /* 32, [8]: 0 where pixels follow each other without gaps */
    int32_t x_gap;           /* 36, [12] */
    int32_t y_gap;           /* 40, [16] */
    int32_t lanes;           /* 44 */
} btw_depthwise_conv2d_3x3_s8_mve_frame;

/* r0 to r8 point to the taps, r9 to the stream, r10 to y; lr counts groups, r11 pixels; r12 is the zero point.
 * A product of 16 lanes begins sums of even (s) and odd (t) lanes, or is added to them; the last form needs no
 * registers of its own. q4, q5: values and weights. */
#define BTW_MVE_TAP_FIRST(x, s, t)                                                                                     \
    "vldrb.8 q4, [" x "], #16\n\tvldrb.8 q5, [r9], #16\n\tvmullb.s8 " s ", q4, q5\n\tvmullt.s8 " t ", q4, q5\n\t"
#define BTW_MVE_TAP(x, s, t)                                                                                           \
    BTW_MVE_TAP_FIRST(x, "q6", "q7") "vadd.i16 " s ", " s ", q6\n\tvadd.i16 " t ", " t ", q7\n\t"
#define BTW_MVE_TAP_TIGHT(x, s, t, value)                                                                              \
    "vldrb.8 " value ", [" x "]\n\tvldrb.8 q5, [r9], #16\n\tvmullb.s8 " value ", " value ", q5\n\tvadd.i16 " s ", " s  \
    ", " value "\n\tvldrb.8 " value ", [" x "], #16\n\tvmullt.s8 " value ", " value ", q5\n\tvadd.i16 " t ", " t       \
    ", " value "\n\t"
/* The 16-bit sums q0 q1, q2 q3 and q6 q7 to 32 bits: channels 0 4 8 12 in q4, 2 6 10 14 in q0, 1 5 9 13 in q2, 3 7 11
 * 15 in q1. */
#define BTW_MVE_WIDEN_THREE                                                                                            \
    "vmovlb.s16 q4, q0\n\tvmovlb.s16 q5, q2\n\tvadd.i32 q4, q4, q5\n\tvmovlb.s16 q5, q6\n\tvadd.i32 q4, q4, q5\n\t"    \
    "vmovlt.s16 q0, q0\n\tvmovlt.s16 q2, q2\n\tvadd.i32 q0, q0, q2\n\tvmovlt.s16 q6, q6\n\tvadd.i32 q0, q0, q6\n\t"    \
    "vmovlb.s16 q2, q1\n\tvmovlb.s16 q5, q3\n\tvadd.i32 q2, q2, q5\n\tvmovlb.s16 q5, q7\n\tvadd.i32 q2, q2, q5\n\t"    \
    "vmovlt.s16 q1, q1\n\tvmovlt.s16 q3, q3\n\tvadd.i32 q1, q1, q3\n\tvmovlt.s16 q7, q7\n\tvadd.i32 q1, q1, q7\n\t"
/* The 16-bit sums q6 q7 added to those. */
#define BTW_MVE_WIDEN_ADD                                                                                              \
    "vmovlb.s16 q3, q6\n\tvmovlt.s16 q6, q6\n\tvadd.i32 q4, q4, q3\n\tvadd.i32 q0, q0, q6\n\t"                         \
    "vmovlb.s16 q3, q7\n\tvmovlt.s16 q7, q7\n\tvadd.i32 q2, q2, q3\n\tvadd.i32 q1, q1, q7\n\t"
/* One more group, while q4 is a sum. */
#define BTW_MVE_LATE_TAP(x)                                                                                            \
    "vldrb.8 q3, [" x "], #16\n\tvldrb.8 q5, [r9], #16\n\tvmullb.s8 q6, q3, q5\n\tvmullt.s8 q7, q3, q5\n\t"

#define BTW_MVE_TAPS_333                                                                                               \
    BTW_MVE_TAP_FIRST("r0", "q0", "q1")                                                                                \
    BTW_MVE_TAP("r1", "q0", "q1")                                                                                      \
    BTW_MVE_TAP("r2", "q0", "q1")                                                                                      \
    BTW_MVE_TAP_FIRST("r3", "q2", "q3")                                                                                \
    BTW_MVE_TAP("r4", "q2", "q3")                                                                                      \
    BTW_MVE_TAP("r5", "q2", "q3")                                                                                      \
    BTW_MVE_TAP_FIRST("r6", "q6", "q7")                                                                                \
    BTW_MVE_TAP_TIGHT("r7", "q6", "q7", "q4")                                                                          \
    BTW_MVE_TAP_TIGHT("r8", "q6", "q7", "q4")                                                                          \
    BTW_MVE_WIDEN_THREE
#define BTW_MVE_TAPS_3222                                                                                              \
    BTW_MVE_TAP_FIRST("r0", "q0", "q1")                                                                                \
    BTW_MVE_TAP("r1", "q0", "q1")                                                                                      \
    BTW_MVE_TAP("r2", "q0", "q1")                                                                                      \
    BTW_MVE_TAP_FIRST("r3", "q2", "q3")                                                                                \
    BTW_MVE_TAP("r4", "q2", "q3")                                                                                      \
    BTW_MVE_TAP_FIRST("r5", "q6", "q7")                                                                                \
    BTW_MVE_TAP_TIGHT("r6", "q6", "q7", "q4")                                                                          \
    BTW_MVE_WIDEN_THREE                                                                                                \
    BTW_MVE_LATE_TAP("r7")                                                                                             \
    BTW_MVE_TAP_TIGHT("r8", "q6", "q7", "q3")                                                                          \
    BTW_MVE_WIDEN_ADD
#define BTW_MVE_TAPS_22221                                                                                             \
    BTW_MVE_TAP_FIRST("r0", "q0", "q1")                                                                                \
    BTW_MVE_TAP("r1", "q0", "q1")                                                                                      \
    BTW_MVE_TAP_FIRST("r2", "q2", "q3")                                                                                \
    BTW_MVE_TAP("r3", "q2", "q3")                                                                                      \
    BTW_MVE_TAP_FIRST("r4", "q6", "q7")                                                                                \
    BTW_MVE_TAP_TIGHT("r5", "q6", "q7", "q4")                                                                          \
    BTW_MVE_WIDEN_THREE                                                                                                \
    BTW_MVE_LATE_TAP("r6")                                                                                             \
    BTW_MVE_TAP_TIGHT("r7", "q6", "q7", "q3")                                                                          \
    BTW_MVE_WIDEN_ADD                                                                                                  \
    BTW_MVE_LATE_TAP("r8")                                                                                             \
    BTW_MVE_WIDEN_ADD

/* r0-r8 taps, r9 stream, r10 y, r11 pixels, r12 zero point; [sp]: groups, stream, moves, x_gap, y_gap. */
#define BTW_DEPTHWISE_CONV2D_3X3_S8_MVE_PIXELS(taps, requantize)                                                       \
    "push {r7}\n\t"                                                                                                    \
    "add r1, r0, #24\n\t"                                                                                              \
    "ldm r1, {r1-r6}\n\t"                                                                                              \
    "push {r1-r5}\n\t"                                                                                                 \
    "vctp.8 r6\n\t"                                                                                                    \
    "ldm r0, {r1, r2, r3, r10, r11, r12}\n\t"                                                                          \
    "mov lr, r2\n\t"                                                                                                   \
    "ldm r1, {r4, r5, r6}\n\t"                                                                                         \
    "add r4, r4, r3\n\t"                                                                                               \
    "add r5, r5, r3\n\t"                                                                                               \
    "add r6, r6, r3\n\t"                                                                                               \
    "push {r4, r5, r6}\n\t"                                                                                            \
    ".irp x, r0, r1, r2, r3, r4, r5, r6, r7, r8\n\tldrd \\x, r9, [lr], #8\n\tldr \\x, [sp, \\x, lsl #2]\n\t"           \
    "add \\x, \\x, r9\n\t.endr\n\t"                                                                                    \
    "add sp, #12\n\t"                                                                                                  \
    "ldr r9, [sp, #4]\n"                                                                                               \
    "1:\n\t"                                                                                                           \
    "ldr lr, [sp]\n"                                                                                                   \
    "2:\n\t" taps                                                                                                      \
    BTW_MVE_SIXTEEN_END(requantize, "q4", "q0", "q2", "q1",                                                            \
                        "q3") "vpst\n\tvstrbt.8 q3, [r10], #16\n\t"                                                    \
                              "le lr, 2b\n\t"                                                                          \
                              "subs r11, r11, #1\n\t"                                                                  \
                              "beq 3f\n\t"                                                                             \
                              "ldrd r9, lr, [sp, #4]\n\t"                                                              \
                              "cmp lr, #0\n\t"                                                                         \
                              "beq 1b\n\t"                                                                             \
                              "ldr lr, [sp, #16]\n\t"                                                                  \
                              "add r10, r10, lr\n\t"                                                                   \
                              "ldr lr, [sp, #12]\n\t"                                                                  \
                              ".irp x, r0, r1, r2, r3, r4, r5, r6, r7, r8\n\tadd \\x, \\x, lr\n\t.endr\n\t"            \
                              "b 1b\n"                                                                                 \
                              "3:\n\t"                                                                                 \
                              "add sp, #20\n\t"                                                                        \
                              "pop {r7}\n\t"

#define BTW_DEPTHWISE_CONV2D_3X3_S8_MVE_FUNCTION(name, taps, requantize)                                               \
    BTW_MVE_FUNCTION(btw_depthwise_conv2d_3x3_s8_mve_##name, btw_depthwise_conv2d_3x3_s8_mve_frame,                    \
                     BTW_DEPTHWISE_CONV2D_3X3_S8_MVE_PIXELS(taps, requantize))

BTW_DEPTHWISE_CONV2D_3X3_S8_MVE_FUNCTION(333, BTW_MVE_TAPS_333, BTW_MVE_BY_MULTIPLIER)
BTW_DEPTHWISE_CONV2D_3X3_S8_MVE_FUNCTION(3222, BTW_MVE_TAPS_3222, BTW_MVE_BY_MULTIPLIER)
BTW_DEPTHWISE_CONV2D_3X3_S8_MVE_FUNCTION(22221, BTW_MVE_TAPS_22221, BTW_MVE_BY_MULTIPLIER)
BTW_DEPTHWISE_CONV2D_3X3_S8_MVE_FUNCTION(333_by_scale, BTW_MVE_TAPS_333, BTW_MVE_BY_SCALE)
BTW_DEPTHWISE_CONV2D_3X3_S8_MVE_FUNCTION(3222_by_scale, BTW_MVE_TAPS_3222, BTW_MVE_BY_SCALE)
BTW_DEPTHWISE_CONV2D_3X3_S8_MVE_FUNCTION(22221_by_scale, BTW_MVE_TAPS_22221, BTW_MVE_BY_SCALE)

/* Lanes from `first` on of `pixels`: whole sixteens, then what is left. */
static inline void btw_depthwise_conv2d_3x3_s8_mve_lanes(const btw_depthwise_conv2d_3x3_s8_mve_layer *layer,
                                                         const void *const rows[], int8_t *y, int x_first, int lanes,
                                                         int pixels, int x_next, int y_next)
{
    for (int at = 0; at < lanes && pixels > 0;) {
        const int groups = lanes - at >= 16 ? (lanes - at) / 16 : 1;
        btw_depthwise_conv2d_3x3_s8_mve_frame frame = {
            .rows = rows,
            .taps = layer->taps,
            .first = x_first + at,
            .y = y + at,
            .pixels = pixels,
            .zero_point = layer->zero_point,
            .groups = groups,
            .stream = layer->stream + at / 16 * 68,
            .x_gap = x_next - 16 * groups,
            .y_gap = y_next - 16 * groups,
            .lanes = lanes - at < 16 ? lanes - at : 16,
        };
        frame.moves = frame.x_gap | frame.y_gap;
        if (layer->by_scale) {
            if (layer->sums == 3)
                btw_depthwise_conv2d_3x3_s8_mve_333_by_scale(&frame);
            else if (layer->sums == 4)
                btw_depthwise_conv2d_3x3_s8_mve_3222_by_scale(&frame);
            else
                btw_depthwise_conv2d_3x3_s8_mve_22221_by_scale(&frame);
        } else if (layer->sums == 3) {
            btw_depthwise_conv2d_3x3_s8_mve_333(&frame);
        } else if (layer->sums == 4) {
            btw_depthwise_conv2d_3x3_s8_mve_3222(&frame);
        } else {
            btw_depthwise_conv2d_3x3_s8_mve_22221(&frame);
        }
        at += 16 * groups;
    }
}

BTW_KERNEL void btw_depthwise_conv2d_3x3_s8_mve(const btw_depthwise_conv2d_3x3_s8_mve_layer *layer,
                                                const void *const rows[], int8_t *y)
{
    const int together = layer->together, channels = layer->channels, advance = layer->advance;
    const int whole = layer->output_width / together, done = whole * together;
    btw_depthwise_conv2d_3x3_s8_mve_lanes(layer, rows, y, 0, together * channels, whole, together * advance,
                                          together * channels);
    if (done < layer->output_width)
        btw_depthwise_conv2d_3x3_s8_mve_lanes(layer, rows, y + done * channels, done * advance,
                                              (layer->output_width - done) * channels, 1, 0, 0);
}

#endif
