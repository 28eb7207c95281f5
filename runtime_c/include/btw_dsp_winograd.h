/* int8 3x3 convolutions with stride 1 by Winograd's F(2x2, 3x3) on Armv7E-M and Armv8-M with DSP. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_DSP_WINOGRAD_H
#define BTW_DSP_WINOGRAD_H

#include "btw_dsp.h"

/* Two tiles of 2x2 outputs at a time; at least 4 channels of input and output, and 4 columns. stream, a block for each
 * 4 output channels as in btw_dsp.h: for each of the 16 positions of a tile, for each quad of input channels, 4 words
 * channel0 | channel2 << 16 of the transformed weights and 4 words channel1 | channel3 << 16; then 4 biases, 4
 * multipliers. All sums are 4 times those of the convolution, shift is 5 and offset 4 times as large; for the kernel
 * whose name ends in _float, multipliers and offset are as in btw_dsp.h. Where the input channels are not a multiple
 * of 4, the last quad is that of the last 4, with weights of zero where it overlaps. */

#if !defined(BTW_INLINE_KERNELS)
void btw_conv2d_winograd_s8_dsp(const btw_packed_conv2d *layer, const void *const rows[], int8_t *const y[],
                                void *scratch);
void btw_conv2d_winograd_s8_dsp_float(const btw_packed_conv2d *layer, const void *const rows[], int8_t *const y[],
                                      void *scratch);
#endif

#if defined(__ARM_FEATURE_DSP)

/* What the transform of two tiles of input keeps on the stack: offsets are written into it. */
typedef struct {
    const void *rows[4]; /* 0 */
    int position;        /* 16: of the sixth column in the rows */
    int step;            /* 20: bytes from a column to the next */
    void *v;             /* 24 */
    int v_step;          /* 28: bytes from a position to the next */
    const void *v_end;   /* 32 */
} btw_winograd_input_frame;

_Static_assert(sizeof(btw_winograd_input_frame) == 36, "the loop copies 9 words");

/* A column of 4 rows by 4 channels, pushed as 4 sums of rows of channels 0 and 2, and of 1 and 3: r0-r3 rows, r12
 * position, which moves to the column before. n: columns on the stack. */
#define BTW_WINOGRAD_COLUMN                                                                                            \
    "ldr r5, [r0, r12]\n\tldr r7, [r1, r12]\n\tldr r9, [r2, r12]\n\tldr r11, [r3, r12]\n\t"                            \
    "sxtb16 r4, r5\n\tsxtb16 lr, r7\n\tsxtb16 r8, r9\n\tsxtb16 r10, r11\n\t"                                           \
    "ssub16 r4, r4, r8\n\tsadd16 r6, lr, r8\n\tssub16 r8, r8, lr\n\tssub16 r10, lr, r10\n\t"                           \
    "sxtb16 r5, r5, ror #8\n\tsxtb16 lr, r7, ror #8\n\tsxtb16 r9, r9, ror #8\n\tsxtb16 r11, r11, ror #8\n\t"           \
    "ssub16 r5, r5, r9\n\tsadd16 r7, lr, r9\n\tssub16 r9, r9, lr\n\tssub16 r11, lr, r11\n\t"                           \
    "ldr lr, [sp, #20 + 32 * \\column]\n\tsub r12, r12, lr\n\tpush {r4-r11}\n\t"
/* A row of positions of both tiles from the 6 columns on the stack: r0 v, r1 bytes to the next position */
#define BTW_WINOGRAD_STORE "stm r0, {r8-r11}\n\tadd r0, r0, r1\n\t"
#define BTW_WINOGRAD_ROW                                                                                               \
    "ldrd r2, r3, [sp, #8 * \\row]\n\tldrd r4, r5, [sp, #64 + 8 * \\row]\n\tldrd r6, r7, [sp, #128 + 8 * \\row]\n\t"   \
    "ssub16 r8, r2, r4\n\tssub16 r9, r4, r6\n\tssub16 r10, r3, r5\n\tssub16 r11, r5, r7\n\t" BTW_WINOGRAD_STORE        \
    "ldrd r2, r3, [sp, #32 + 8 * \\row]\n\tldrd r12, lr, [sp, #96 + 8 * \\row]\n\t"                                    \
    "sadd16 r8, r2, r4\n\tsadd16 r9, r12, r6\n\tsadd16 r10, r3, r5\n\tsadd16 r11, lr, r7\n\t" BTW_WINOGRAD_STORE       \
    "ssub16 r8, r4, r2\n\tssub16 r9, r6, r12\n\tssub16 r10, r5, r3\n\tssub16 r11, r7, lr\n\t" BTW_WINOGRAD_STORE       \
    "ldrd r4, r5, [sp, #160 + 8 * \\row]\n\t"                                                                          \
    "ssub16 r8, r2, r12\n\tssub16 r9, r12, r4\n\tssub16 r10, r3, lr\n\tssub16 r11, lr, r5\n\t" BTW_WINOGRAD_STORE

/* Quads of channels of two tiles: for each of 16 positions 4 words, channels (0, 2) of both tiles, then (1, 3). */
static __attribute__((noinline, unused)) void btw_winograd_input(const btw_winograd_input_frame *frame)
{
    register const btw_winograd_input_frame *r0 __asm("r0") = frame;
    __asm volatile("push {r7, r12}\n\tldm r0, {r1-r9}\n\tpush {r1-r9}\n"
                   "1:\n\tldm sp, {r0, r1, r2, r3, r12}\n\t"
                   ".irp column, 0, 1, 2, 3, 4, 5\n\t" BTW_WINOGRAD_COLUMN ".endr\n\t"
                   "ldrd r0, r1, [sp, #216]\n\t"
                   ".irp row, 0, 1, 2, 3\n\t" BTW_WINOGRAD_ROW
                   ".endr\n\tadd sp, sp, #192\n\tldr r0, [sp, #24]\n\tldrd r1, r2, [sp, #28]\n\tldr r1, [sp, #16]\n\t"
                   "add r0, r0, #16\n\tadd r1, r1, #4\n\tstr r0, [sp, #24]\n\tstr r1, [sp, #16]\n\t"
                   "cmp r0, r2\n\tbne 1b\n\tadd sp, sp, #36\n\tpop {r7, r12}\n\t"
                   : "+r"(r0)
                   :
                   : BTW_DSP_CLOBBERS);
}

/* The same of their products. */
typedef struct {
    int8_t *y[2];              /* 0: rows, at the first column of the tiles */
    int32_t offset;            /* 8 */
    int channels;              /* 12 */
    int32_t *m;                /* 16 */
    const int32_t *m_end;      /* 20 */
    const void *x;             /* 24 */
    int skip;                  /* 28: bytes of unrolled multiplications left out in the first round */
    const void *end_of_round;  /* 32 */
    const void *x_end;         /* 36: of a position */
    int x_step;                /* 40: bytes from a position to the next, 0 where one round makes all of it */
    const int32_t *stream;     /* 44 */
    const int32_t *stream_end; /* 48 */
    int32_t *m_again;          /* 52 */
    int32_t multipliers[4];    /* 56 */
} btw_winograd_frame;

_Static_assert(sizeof(btw_winograd_frame) == 72, "the loop copies 18 words");

/* BTW_DSP_FIRST from zero */
#define BTW_WINOGRAD_FIRST                                                                                             \
    "ldrd r10, r11, [r0], #8\n\tldrd r12, lr, [r1], #8\n\t"                                                            \
    "smuad r2, r10, r12\n\tsmuad r6, r11, r12\n\tsmuad r3, r10, lr\n\tsmuad r7, r11, lr\n\t"                           \
    "ldrd r12, lr, [r1], #8\n\t"                                                                                       \
    "smuad r4, r10, r12\n\tsmuad r8, r11, r12\n\tsmuad r5, r10, lr\n\tsmuad r9, r11, lr\n\t"

/* The four results of a tile in two channels, at `at` in each of the 16 sums of r0: r2-r5 column 0 of rows 0 and 1,
 * r6-r9 column 1. Then their codes: multipliers r10 r11, offset r12, channels lr, rows of y r0 r1. */
#define BTW_WINOGRAD_CODE(acc, multiplier, at)                                                                         \
    "smmla " acc ", " acc ", " multiplier ", r12\n\tssat " acc ", #8, " acc ", asr #5\n\tstrb " acc ", " at "\n\t"
#define BTW_WINOGRAD_PAIR(first, second, multiplier, y)                                                                \
    BTW_WINOGRAD_CODE(second, multiplier, "[" y ", lr]") BTW_WINOGRAD_CODE(first, multiplier, "[" y "], #1")
#define BTW_WINOGRAD_CODES                                                                                             \
    BTW_WINOGRAD_PAIR("r2", "r6", "r10", "r0")                                                                         \
    BTW_WINOGRAD_PAIR("r3", "r7", "r11", "r0")                                                                         \
    BTW_WINOGRAD_PAIR("r4", "r8", "r10", "r1") BTW_WINOGRAD_PAIR("r5", "r9", "r11", "r1")
/* The same in float32, of a quarter of the sums: scales r10 r11, zero point r12 */
#define BTW_WINOGRAD_FLOAT_CODES                                                                                       \
    "vmov s0, s1, r10, r11\n\tvmov s4, s5, r2, r3\n\tvmov s6, s7, r4, r5\n\tvmov s8, s9, r6, r7\n\t"                   \
    "vmov s10, s11, r8, r9\n\t.irp n, 4, 5, 6, 7, 8, 9, 10, 11\n\tvcvt.f32.s32 s\\n, s\\n, #2\n\t.endr\n\t"            \
    ".irp n, 4, 6, 8, 10\n\tvmul.f32 s\\n, s\\n, s0\n\t.endr\n\t.irp n, 5, 7, 9, 11\n\tvmul.f32 s\\n, s\\n, s1\n\t"    \
    ".endr\n\t.irp n, 4, 5, 6, 7, 8, 9, 10, 11\n\tvcvtr.s32.f32 s\\n, s\\n\n\t.endr\n\t"                               \
    "vmov r2, r3, s4, s5\n\tvmov r4, r5, s6, s7\n\tvmov r6, r7, s8, s9\n\tvmov r8, r9, s10, s11\n\t"                   \
    ".irp n, 2, 3, 4, 5, 6, 7, 8, 9\n\tqadd r\\n, r\\n, r12\n\tssat r\\n, #8, r\\n\n\t.endr\n\t"                       \
    "strb r6, [r0, lr]\n\tstrb r2, [r0], #1\n\tstrb r7, [r0, lr]\n\tstrb r3, [r0], #1\n\t"                             \
    "strb r8, [r1, lr]\n\tstrb r4, [r1], #1\n\tstrb r9, [r1, lr]\n\tstrb r5, [r1], #1\n\t"
#define BTW_WINOGRAD_RESULTS(CODES)                                                                                    \
    "ldrd r10, r11, [r0, #128 + \\at]\n\tldrd r12, lr, [r0, #256 + \\at]\n\t"                                          \
    "ldrd r2, r3, [r0, #\\at]\n\tldrd r4, r5, [r0, #384 + \\at]\n\t"                                                   \
    "add r2, r2, r10\n\tadd r3, r3, r11\n\tadd r2, r2, r12\n\tadd r3, r3, lr\n\t"                                      \
    "sub r10, r10, r12\n\tsub r11, r11, lr\n\tsub r4, r10, r4\n\tsub r5, r11, r5\n\t"                                  \
    "ldrd r10, r11, [r0, #160 + \\at]\n\tldrd r12, lr, [r0, #288 + \\at]\n\t"                                          \
    "ldrd r6, r7, [r0, #32 + \\at]\n\tldrd r8, r9, [r0, #416 + \\at]\n\t"                                              \
    "add r6, r6, r10\n\tadd r7, r7, r11\n\tadd r6, r6, r12\n\tadd r7, r7, lr\n\t"                                      \
    "sub r10, r10, r12\n\tsub r11, r11, lr\n\tsub r8, r10, r8\n\tsub r9, r11, r9\n\t"                                  \
    "add r2, r2, r6\n\tadd r3, r3, r7\n\tadd r4, r4, r8\n\tadd r5, r5, r9\n\t"                                         \
    "ldrd r10, r11, [r0, #192 + \\at]\n\tldrd r12, lr, [r0, #320 + \\at]\n\t"                                          \
    "add r1, r10, r12\n\tsub r10, r10, r12\n\tadd r12, r11, lr\n\tsub r11, r11, lr\n\t"                                \
    "ldr lr, [r0, #64 + \\at]\n\tadd r1, r1, lr\n\tldr lr, [r0, #68 + \\at]\n\tadd r12, r12, lr\n\t"                   \
    "ldr lr, [r0, #448 + \\at]\n\tsub r10, r10, lr\n\tldr lr, [r0, #452 + \\at]\n\tsub r11, r11, lr\n\t"               \
    "add r2, r2, r1\n\tadd r3, r3, r12\n\tadd r4, r4, r10\n\tadd r5, r5, r11\n\t"                                      \
    "sub r6, r6, r1\n\tsub r7, r7, r12\n\tsub r8, r8, r10\n\tsub r9, r9, r11\n\t"                                      \
    "ldrd r10, r11, [r0, #224 + \\at]\n\tldrd r12, lr, [r0, #352 + \\at]\n\t"                                          \
    "sub r6, r6, r10\n\tsub r7, r7, r11\n\tsub r8, r8, r10\n\tsub r9, r9, r11\n\t"                                     \
    "sub r6, r6, r12\n\tsub r7, r7, lr\n\tadd r8, r8, r12\n\tadd r9, r9, lr\n\t"                                       \
    "ldrd r10, r11, [r0, #96 + \\at]\n\tldrd r12, lr, [r0, #480 + \\at]\n\t"                                           \
    "sub r6, r6, r10\n\tsub r7, r7, r11\n\tadd r8, r8, r12\n\tadd r9, r9, lr\n\t"                                      \
    "ldrd r10, r11, [sp, #56 + \\at]\n\tldrd r12, lr, [sp, #8]\n\tldrd r0, r1, [sp]\n\t" CODES                         \
    "strd r0, r1, [sp]\n\tldr r0, [sp, #16]\n\t"

/* Blocks of 4 channels of two tiles. 1: a block, 2: a position, 3: 16 quads of 2 channels, 5: its sums are stored;
 * 6: biases into the position that every result has once, 7: a tile. */
#define BTW_WINOGRAD_BLOCKS(CODES)                                                                                     \
    "push {r7, r12}\n\tadd r1, r0, #36\n\tldm r1, {r2-r10}\n\tpush {r2-r10}\n\t"                                       \
    "ldm r0, {r2-r10}\n\tpush {r2-r10}\n\t"                                                                            \
    "adr.w r2, 3f\n\tldr r3, [sp, #28]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #28]\n\t"                   \
    "adr.w r2, 4f\n\tldr r3, [sp, #40]\n\tcmp r3, #0\n\tbne 0f\n\tadr.w r2, 5f\n"                                      \
    "0:\n\torr r2, r2, #1\n\tstr r2, [sp, #32]\n\tldr r1, [sp, #44]\n"                                                 \
    "1:\n\tldr r0, [sp, #24]\n\tldr r10, [sp, #40]\n\tadd r10, r10, r0\n\tstr r10, [sp, #36]\n"                        \
    "2:\n\t" BTW_WINOGRAD_FIRST "ldr pc, [sp, #28]\n"                                                                  \
    "3:\n\t" BTW_DSP_STEPS "ldr pc, [sp, #32]\n"                                                                       \
    "4:\n\tldr r10, [sp, #36]\n\tcmp r0, r10\n\tbne 3b\n\t"                                                            \
    "ldr r11, [sp, #40]\n\tadd r10, r10, r11\n\tstr r10, [sp, #36]\n"                                                  \
    "5:\n\tldrd r10, r11, [sp, #16]\n\tstmia.w r10!, {r2-r9}\n\tstr r10, [sp, #16]\n\tcmp r10, r11\n\tbne 2b\n\t"      \
    "ldr r0, [sp, #52]\n\tstr r0, [sp, #16]\n\tadd r0, r0, #160\n\tldm r0, {r2-r9}\n\t"                                \
    "ldm r1!, {r10, r11, r12, lr}\n\t"                                                                                 \
    "add r2, r2, r10\n\tadd r3, r3, r11\n\tadd r4, r4, r12\n\tadd r5, r5, lr\n\t"                                      \
    "add r6, r6, r10\n\tadd r7, r7, r11\n\tadd r8, r8, r12\n\tadd r9, r9, lr\n\tstm r0, {r2-r9}\n\t"                   \
    "ldm r1!, {r2-r5}\n\tadd r6, sp, #56\n\tstm r6, {r2-r5}\n\tstr r1, [sp, #44]\n\tsub r0, r0, #160\n"                \
    "7:\n\t"                                                                                                           \
    ".irp at, 0, 8\n\t" BTW_WINOGRAD_RESULTS(                                                                          \
        CODES) ".endr\n\tldrd r2, r3, [sp]\n\tldr r4, [sp, #12]\n\tldr r5, [sp, #52]\n\tadd r0, r0, #16\n\tadd r5, "   \
               "r5, #32\n\t"                                                                                           \
               "add r2, r2, r4, lsl #1\n\tadd r3, r3, r4, lsl #1\n\tsub r2, r2, #4\n\tsub r3, r3, #4\n\t"              \
               "strd r2, r3, [sp]\n\tstr r0, [sp, #16]\n\tcmp r0, r5\n\tbne 7b\n\t"                                    \
               "sub r2, r2, r4, lsl #2\n\tsub r3, r3, r4, lsl #2\n\tadd r2, r2, #4\n\tadd r3, r3, #4\n\tstrd r2, r3, " \
               "[sp]\n\t"                                                                                              \
               "sub r5, r5, #32\n\tstr r5, [sp, #16]\n\tldrd r1, r2, [sp, #44]\n\tcmp r1, r2\n\tbne 1b\n\t"            \
               "add sp, sp, #72\n\tpop {r7, r12}\n\t"

typedef void btw_winograd_loop(const btw_winograd_frame *frame);

static __attribute__((noinline, unused, aligned(4))) void btw_winograd_blocks(const btw_winograd_frame *frame)
{
    register const btw_winograd_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_WINOGRAD_BLOCKS(BTW_WINOGRAD_CODES) : "+r"(r0) : : BTW_DSP_CLOBBERS);
}

#if defined(__ARM_FP) && (__ARM_FP & 4)
static __attribute__((noinline, unused, aligned(4))) void btw_winograd_blocks_float(const btw_winograd_frame *frame)
{
    register const btw_winograd_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_WINOGRAD_BLOCKS(BTW_WINOGRAD_FLOAT_CODES)
                   : "+r"(r0)
                   :
                   : BTW_DSP_CLOBBERS, "s0", "s1", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11");
}
#endif

/* Two rows, by a loop that is known where this is inlined. scratch: 512 bytes of sums, and 256 for each quad of input
 * channels */
static inline __attribute__((always_inline)) void btw_winograd_rows_by(const btw_packed_conv2d *layer,
                                                                       const void *const rows[], int8_t *const y[],
                                                                       void *scratch, btw_winograd_loop *loop)
{
    const int inputs = layer->pixel_step, channels = layer->taps.output_channels, width = layer->output_width;
    const int quads = (inputs + 3) / 4, block = 128 * quads + 8; /* words */
    int32_t *const m = scratch;
    uint8_t *const v = (uint8_t *)scratch + 512;
    for (int ox = 0; ox < width; ox += 4) {
        const int first = ox + 4 > width ? width - 4 : ox;
        btw_winograd_input_frame input = {
            .rows = {rows[0], rows[1], rows[2], rows[3]},
            .position = (first + 5) * inputs,
            .step = inputs,
            .v = v,
            .v_step = 16 * quads,
            .v_end = v + 16 * (inputs / 4),
        };
        btw_winograd_input(&input);
        if (inputs % 4) {
            input.position += inputs - 4;
            input.v = v + 16 * (inputs / 4);
            input.v_end = v + 16 * quads;
            btw_winograd_input(&input);
        }
        btw_winograd_frame frame = {
            .y = {y[0] + first * channels, y[1] + first * channels},
            .offset = layer->taps.offset,
            .channels = channels,
            .m = m,
            .m_end = m + 128,
            .x = v,
            .skip = ((17 - 2 * quads) & 15) * 44,
            .x_step = 2 * quads > 17 ? 16 * quads : 0,
            .stream = layer->taps.stream,
            .stream_end = layer->taps.stream + channels / 4 * block,
            .m_again = m,
        };
        loop(&frame);
        if (channels % 4) {
            frame.y[0] += channels - 4;
            frame.y[1] += channels - 4;
            frame.stream = frame.stream_end;
            frame.stream_end += block;
            loop(&frame);
        }
    }
}

static inline void btw_winograd_rows(const btw_packed_conv2d *layer, const void *const rows[], int8_t *const y[],
                                     void *scratch)
{
    btw_winograd_rows_by(layer, rows, y, scratch, btw_winograd_blocks);
}

#if defined(__ARM_FP) && (__ARM_FP & 4)
static inline void btw_winograd_rows_float(const btw_packed_conv2d *layer, const void *const rows[], int8_t *const y[],
                                           void *scratch)
{
    btw_winograd_rows_by(layer, rows, y, scratch, btw_winograd_blocks_float);
}
#endif

#else
#include "btw_dsp_winograd_twin.h"
#endif
#endif
