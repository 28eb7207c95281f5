/* int8 convolution windows on Armv7E-M and Armv8-M with DSP: packed layers, and the loop that computes them. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_DSP_H
#define BTW_DSP_H

#include "btw_move_codes.h"
#include "btw_packed.h"

/* Each run of a pixel's taps is padded to quads of 4.
 *
 * stream, a block for each 4 output channels: 4 biases (input zero point folded in), for each quad of taps 4 words
 * tap0 | tap2 << 16 of the channels and 4 words tap1 | tap3 << 16, then 4 multipliers. Where output_channels is not a
 * multiple of 4, the last block is that of the last 4 channels, or of all of them if there are fewer.
 * For kernels whose name ends in _compact the weights of a quad are 4 words, tap0 | tap1 << 8 | tap2 << 16 | tap3 << 24
 * of each channel.
 * code = saturate((offset + ((acc * multiplier) >> 32)) >> 3).
 *
 * stream of a depthwise layer of at least 4 channels, for each 4: 4 biases, for each two taps 4 words tap | next << 16
 * (a last odd tap goes with 0), then 4 multipliers; the last block as above.
 * stream of a 3x3 one: 4 biases; 4 words (row 0 | row 1 << 16) of column 1, of column 2, of column 0; 4 words of row 2
 * (column 1 | column 2 << 16); row 2 column 0 as (channel 0 | channel 2 << 16), (channel 1 | channel 3 << 16);
 * 4 multipliers. */

/* Groups one after the other: the stream of `group` is that of the first one, others follow. */
typedef struct {
    btw_packed_conv2d group; /* its taps_wide is at least 1 */
    int groups;
    int input_channels; /* of a group */
    int stream_words;   /* of a group */
} btw_dsp_conv2d_groups;

/* One or two output channels: 4 codes of neighbouring pixels are computed as if they were channels of one window, which
 * is as wide as theirs together and has weights of zero where a pixel does not read. */
typedef struct {
    btw_packed_taps taps; /* of that window */
    btw_packed_taps own;  /* of a pixel, without a stream */
    int pixels;           /* at once */
    int pixel_step;       /* bytes from the window of an output pixel to that of the next */
    int output_width;     /* at least pixels */
} btw_dsp_conv2d_joined;

/* Kernels whose name ends in _float have the bits of float32 scales for multipliers and the zero point for offset:
 * code = saturate(round_half_even((float)acc * scale) + offset), for channels without a proof. They need an FPU in its
 * default rounding mode. */

/* scratch: 16 bytes for each quad of taps, and 4 bytes for each pixel where there are fewer than 4 output channels */
#if !defined(BTW_INLINE_KERNELS)
void btw_linear_s8_dsp(const btw_packed_taps *layer, const int8_t *x, int8_t *y, int pixels, void *scratch);
void btw_linear_s8_dsp_float(const btw_packed_taps *layer, const int8_t *x, int8_t *y, int pixels, void *scratch);
void btw_linear_s8_dsp_compact(const btw_packed_taps *layer, const int8_t *x, int8_t *y, int pixels, void *scratch);
void btw_conv2d_s8_dsp_compact(const btw_packed_conv2d *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_conv2d_s8_dsp_float(const btw_packed_conv2d *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_depthwise_conv2d_s8_dsp(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_depthwise_conv2d_s8_dsp_float(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y,
                                       void *scratch);
void btw_conv2d_s8_dsp(const btw_packed_conv2d *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_conv2d_joined_s8_dsp(const btw_dsp_conv2d_joined *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_conv2d_groups_s8_dsp(const btw_dsp_conv2d_groups *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_conv2d_groups_s8_dsp_float(const btw_dsp_conv2d_groups *layer, const void *const rows[], int8_t *y,
                                    void *scratch);
void btw_conv2d_3x3x3_s8_dsp(const btw_packed_conv2d *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_depthwise_conv2d_3x3_s8_dsp(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y);
#endif

#if defined(__ARM_FEATURE_DSP)

/* What the loops below keep on the stack: offsets are written into them. */
typedef struct {
    int8_t *y0, *y1;             /* 0, 4 */
    int32_t offset;              /* 8 */
    void *x;                     /* 12: widened taps of a pair of pixels, or of one */
    const int32_t *end;          /* 16: of the blocks that are computed now */
    void *x_end;                 /* 20 */
    int skip;                    /* 24: bytes of unrolled multiplications left out in the first pass */
    int widen_skip;              /* 28: of unrolled widening */
    void *x_again;               /* 32 */
    int position;                /* 36: of the pixel in the rows */
    int step;                    /* 40 */
    const void *const *rows;     /* 44 */
    const void *const *rows_end; /* 48 */
    void *x_once_more;           /* 52 */
    const int32_t *stream;       /* 56 */
    int quad_bytes;              /* 60: of a row, in whole quads */
    int tail_bytes;              /* 64: the rest */
    int8_t *y_end;               /* 68 */
    const int32_t *stream_end;   /* 72: differs from end where the last block overlaps the one before it */
    int overlap;                 /* 76: channels of that */
} btw_dsp_frame;

_Static_assert(sizeof(btw_dsp_frame) == 80, "the loops copy 20 words");

/* Copies the frame r0 points to onto the stack; r7 may be a frame pointer and is kept here. */
#define BTW_DSP_ENTER                                                                                                  \
    "push {r7, r12}\n\t"                                                                                               \
    "add r1, r0, #40\n\tldm r1, {r2-r11}\n\tpush {r2-r11}\n\t"                                                         \
    "ldm r0, {r2-r11}\n\tpush {r2-r11}\n\t"
#define BTW_DSP_LEAVE "add sp, sp, #80\n\tpop {r7, r12}\n\t"

/* A word of taps 0..3 becomes (0, 2), (1, 3). */
#define BTW_DSP_WIDEN_PAIR                                                                                             \
    "sxtb16 r4, r2\n\tsxtb16 r5, r3\n\tsxtb16 r6, r2, ror #8\n\tsxtb16 r7, r3, ror #8\n\tstm r9!, {r4-r7}\n\t"

/* 2 taps x 2 pixels x 4 channels: r0 x, r1 stream, r2-r5 sums of pixel 0, r6-r9 of pixel 1; 44 bytes of code */
#define BTW_DSP_STEP                                                                                                   \
    "ldrd r10, r11, [r0], #8\n\tldrd r12, lr, [r1], #8\n\t"                                                            \
    "smlad r2, r10, r12, r2\n\tsmlad r6, r11, r12, r6\n\tsmlad r3, r10, lr, r3\n\tsmlad r7, r11, lr, r7\n\t"           \
    "ldrd r12, lr, [r1], #8\n\t"                                                                                       \
    "smlad r4, r10, r12, r4\n\tsmlad r8, r11, r12, r8\n\tsmlad r5, r10, lr, r5\n\tsmlad r9, r11, lr, r9\n\t"
/* the first one: pixel 1 starts from the same bias */
#define BTW_DSP_FIRST                                                                                                  \
    "ldm r1!, {r2-r5}\n\t"                                                                                             \
    "ldrd r10, r11, [r0], #8\n\tldrd r12, lr, [r1], #8\n\t"                                                            \
    "smlad r6, r11, r12, r2\n\tsmlad r2, r10, r12, r2\n\tsmlad r7, r11, lr, r3\n\tsmlad r3, r10, lr, r3\n\t"           \
    "ldrd r12, lr, [r1], #8\n\t"                                                                                       \
    "smlad r8, r11, r12, r4\n\tsmlad r4, r10, r12, r4\n\tsmlad r9, r11, lr, r5\n\tsmlad r5, r10, lr, r5\n\t"
#define BTW_DSP_STEPS ".rept 16\n\t" BTW_DSP_STEP ".endr\n\t"

/* The same for weights of one byte: both pixels start from the bias; 2 channels, 2 taps; 4 taps x 2 pixels x 4 channels
 * in 120 bytes of code */
#define BTW_DSP_START "ldm r1!, {r2-r5}\n\tmov r6, r2\n\tmov r7, r3\n\tmov r8, r4\n\tmov r9, r5\n\t"
#define BTW_DSP_WIDENED(acc00, acc10, acc01, acc11, turned)                                                            \
    "sxtb16 r12, r12" turned "\n\tsmlad " acc00 ", r10, r12, " acc00 "\n\tsmlad " acc10 ", r11, r12, " acc10           \
    "\n\tsxtb16 lr, lr" turned "\n\tsmlad " acc01 ", r10, lr, " acc01 "\n\tsmlad " acc11 ", r11, lr, " acc11 "\n\t"
#define BTW_DSP_COMPACT_STEP                                                                                           \
    "ldrd r10, r11, [r0], #8\n\tldrd r12, lr, [r1], #8\n\t" BTW_DSP_WIDENED(                                           \
        "r2", "r6", "r3", "r7",                                                                                        \
        "") "ldrd r12, lr, [r1], #8\n\t" BTW_DSP_WIDENED("r4", "r8", "r5", "r9",                                       \
                                                         "") "ldrd r10, r11, [r0], #8\n\tldrd r12, lr, [r1, "          \
                                                             "#-16]\n\t" BTW_DSP_WIDENED(                              \
                                                                 "r2", "r6", "r3", "r7",                               \
                                                                 ", ror #8") "ldrd r12, lr, "                          \
                                                                             "[r1, "                                   \
                                                                             "#-8]"                                    \
                                                                             "\n"                                      \
                                                                             "\t" BTW_DSP_WIDENED("r4", "r8", "r5",    \
                                                                                                  "r9", ", ror #8")
#define BTW_DSP_COMPACT_STEPS ".rept 8\n\t" BTW_DSP_COMPACT_STEP ".endr\n\t"

#define BTW_DSP_CODE(acc, multiplier, offset, y)                                                                       \
    "smmla " acc ", " acc ", " multiplier ", " offset "\n\tssat " acc ", #8, " acc ", asr #3\n\t"                      \
    "strb " acc ", [" y "], #1\n\t"

/* The codes of a block from y0 = sp[0], y1 = sp[1] and offset = sp[2]; r0 = sp[3], r12 = sp[4] for what follows. */
#define BTW_DSP_CODES                                                                                                  \
    "ldm sp, {r10, r11, r12}\n\tldr lr, [r1], #4\n\t" BTW_DSP_CODE("r2", "lr", "r12", "r10")                           \
        BTW_DSP_CODE("r6", "lr", "r12", "r11") "ldm r1!, {r2, r6, lr}\n\t" BTW_DSP_CODE("r3", "r2", "r12", "r10")      \
            BTW_DSP_CODE("r7", "r2", "r12", "r11") BTW_DSP_CODE("r4", "r6", "r12", "r10")                              \
                BTW_DSP_CODE("r8", "r6", "r12", "r11") BTW_DSP_CODE("r5", "lr", "r12", "r10")                          \
                    BTW_DSP_CODE("r9", "lr", "r12", "r11") "strd r10, r11, [sp]\n\tldrd r0, r12, [sp, #12]\n\t"

/* The codes of a pixel: sums r2-r5, stream r1, y r12 */
#define BTW_DSP_PIXEL_CODES                                                                                            \
    "ldr r6, [sp, #8]\n\tldm r1!, {r8-r11}\n\t" BTW_DSP_CODE("r2", "r8", "r6", "r12")                                  \
        BTW_DSP_CODE("r3", "r9", "r6", "r12") BTW_DSP_CODE("r4", "r10", "r6", "r12")                                   \
            BTW_DSP_CODE("r5", "r11", "r6", "r12")

/* Pairs of pixels, 4 channels at a time.
 * 0: a pair, 1-5: rows of its window: r0 r1 bytes of the pixels, r8 end of the row, r9 widened taps, r10 position,
 * r11 step, r12 rows, lr their end; 5-6: a block; 9: the next pair begins where pixel 1 ends; 7: one block more that
 * overlaps the last: `end` and `stream_end` change places. */
#define BTW_DSP_PAIRS(BEGIN, STEPS, CODES)                                                                             \
    BTW_DSP_ENTER                                                                                                      \
    "adr.w r2, 6f\n\tldr r3, [sp, #24]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #24]\n\t"                   \
    "adr.w r2, 2f\n\tldr r3, [sp, #28]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #28]\n"                     \
    "0:\n\tadd r0, sp, #32\n\tldm r0, {r9, r10, r11, r12, lr}\n"                                                       \
    "1:\n\tldr r0, [r12], #4\n\tldr r8, [sp, #60]\n\tadd r0, r0, r10\n\tadd r1, r0, r11\n\tadd r8, r8, r0\n\t"         \
    "ldr pc, [sp, #28]\n"                                                                                              \
    "2:\n\t.rept 4\n\tldr r2, [r0], #4\n\tldr r3, [r1], #4\n\t" BTW_DSP_WIDEN_PAIR ".endr\n\t"                         \
    "cmp r0, r8\n\tbne 2b\n\t"                                                                                         \
    "ldr r2, [sp, #64]\n\tcbz r2, 5f\n\tcmp r2, #2\n\tblo 3f\n\t"                                                      \
    "ldrh r2, [r0]\n\tldrh r3, [r1]\n\tbeq 4f\n\t"                                                                     \
    "ldrb r4, [r0, #2]\n\tldrb r5, [r1, #2]\n\torr r2, r2, r4, lsl #16\n\torr r3, r3, r5, lsl #16\n\tb 4f\n"           \
    "3:\n\tldrb r2, [r0]\n\tldrb r3, [r1]\n"                                                                           \
    "4:\n\t" BTW_DSP_WIDEN_PAIR "5:\n\tcmp r12, lr\n\tbne 1b\n\t"                                                      \
    "add r10, r10, r11, lsl #1\n\tstr r10, [sp, #36]\n\tldrd r0, r1, [sp, #52]\n"                                      \
    "5:\n\t" BEGIN "ldr pc, [sp, #24]\n"                                                                               \
    "6:\n\t" STEPS "ldr r10, [sp, #20]\n\tcmp r0, r10\n\tbne 6b\n\t" CODES "cmp r1, r12\n\tbne 5b\n\t"                 \
    "ldr r2, [sp, #76]\n\tcbnz r2, 7f\n"                                                                               \
    "9:\n\trsb r10, r10, r11, lsl #1\n\tstrd r11, r10, [sp]\n\t"                                                       \
    "ldr r2, [sp, #68]\n\tcmp r11, r2\n\tbne 0b\n\tb 8f\n"                                                             \
    "7:\n\tldr r3, [sp, #72]\n\tstr r12, [sp, #72]\n\tstr r3, [sp, #16]\n\t"                                           \
    "cmp r1, r3\n\tbhi 9b\n\t"                                                                                         \
    "sub r10, r10, r2\n\tsub r11, r11, r2\n\tstrd r10, r11, [sp]\n\tb 5b\n"                                            \
    "8:\n\t" BTW_DSP_LEAVE

/* Quads of a pixel: r0 x, r1 stream, r2-r5 sums, r6 r7 taps, r8-r11 weights; 44 and 76 bytes of code */
#define BTW_DSP_PIXEL_STEPS                                                                                            \
    ".rept 4\n\tldrd r6, r7, [r0], #8\n\tldm r1!, {r8-r11}\n\t"                                                        \
    "smlad r2, r6, r8, r2\n\tsmlad r3, r6, r9, r3\n\tsmlad r4, r6, r10, r4\n\tsmlad r5, r6, r11, r5\n\t"               \
    "ldm r1!, {r8-r11}\n\t"                                                                                            \
    "smlad r2, r7, r8, r2\n\tsmlad r3, r7, r9, r3\n\tsmlad r4, r7, r10, r4\n\tsmlad r5, r7, r11, r5\n\t.endr\n\t"
#define BTW_DSP_PIXEL_COMPACT_STEPS                                                                                    \
    ".rept 4\n\tldrd r6, r7, [r0], #8\n\tldm.w r1, {r8-r11}\n\t"                                                       \
    ".irp w, r8, r9, r10, r11\n\tsxtb16 \\w, \\w\n\t.endr\n\t"                                                         \
    "smlad r2, r6, r8, r2\n\tsmlad r3, r6, r9, r3\n\tsmlad r4, r6, r10, r4\n\tsmlad r5, r6, r11, r5\n\t"               \
    "ldm r1!, {r8-r11}\n\t"                                                                                            \
    ".irp w, r8, r9, r10, r11\n\tsxtb16 \\w, \\w, ror #8\n\t.endr\n\t"                                                 \
    "smlad r2, r7, r8, r2\n\tsmlad r3, r7, r9, r3\n\tsmlad r4, r7, r10, r4\n\tsmlad r5, r7, r11, r5\n\t.endr\n\t"

/* One pixel, 4 channels at a time; widened taps of a quad are 8 bytes.
 * 1-5: a row of the window as above; 6: a block: r0 x, r1 stream, r2-r5 sums, r6 r7 taps, r8-r11 weights, r12 y, lr
 * the end of x. */
#define BTW_DSP_PIXEL(STEPS, CODES)                                                                                    \
    BTW_DSP_ENTER                                                                                                      \
    "adr.w r2, 7f\n\tldr r3, [sp, #24]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #24]\n\t"                   \
    "add r0, sp, #32\n\tldm r0, {r9, r10, r11, r12, lr}\n"                                                             \
    "1:\n\tldr r0, [r12], #4\n\tldr r8, [sp, #60]\n\tadd r0, r0, r10\n\tadds r8, r8, r0\n\tcmp r0, r8\n\tbeq 3f\n"     \
    "2:\n\tldr r2, [r0], #4\n\tsxtb16 r4, r2\n\tsxtb16 r5, r2, ror #8\n\tstrd r4, r5, [r9], #8\n\t"                    \
    "cmp r0, r8\n\tbne 2b\n"                                                                                           \
    "3:\n\tldr r2, [sp, #64]\n\tcbz r2, 5f\n\tcmp r2, #2\n\tblo 4f\n\tldrh r3, [r0]\n\tbeq 6f\n\t"                     \
    "ldrb r4, [r0, #2]\n\torr r3, r3, r4, lsl #16\n\tb 6f\n"                                                           \
    "4:\n\tldrb r3, [r0]\n"                                                                                            \
    "6:\n\tsxtb16 r4, r3\n\tsxtb16 r5, r3, ror #8\n\tstrd r4, r5, [r9], #8\n"                                          \
    "5:\n\tcmp r12, lr\n\tbne 1b\n\t"                                                                                  \
    "ldr r12, [sp]\n\tldr lr, [sp, #20]\n\tldr r1, [sp, #56]\n"                                                        \
    "6:\n\tldr r0, [sp, #12]\n\tldm r1!, {r2-r5}\n\tldr pc, [sp, #24]\n"                                               \
    "7:\n\t" STEPS "cmp r0, lr\n\tbne 7b\n\t" CODES "ldr r7, [sp, #16]\n\tcmp r1, r7\n\tbne 6b\n\t"                    \
    "ldr r7, [sp, #72]\n\tcmp r1, r7\n\tbeq 8f\n\t"                                                                    \
    "str r7, [sp, #16]\n\tldr r6, [sp, #76]\n\tsub r12, r12, r6\n\tb 6b\n"                                             \
    "8:\n\t" BTW_DSP_LEAVE

#define BTW_DSP_CLOBBERS "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory"

/* Functions whose loops use adr are aligned: it counts from a multiple of 4, and at -Os code may begin at any even
 * address. */
static __attribute__((noinline, unused, aligned(4))) void btw_dsp_pairs(const btw_dsp_frame *frame)
{
    register const btw_dsp_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_DSP_PAIRS(BTW_DSP_FIRST, BTW_DSP_STEPS, BTW_DSP_CODES) : "+r"(r0) : : BTW_DSP_CLOBBERS);
}

static __attribute__((noinline, unused, aligned(4))) void btw_dsp_pixel(const btw_dsp_frame *frame)
{
    register const btw_dsp_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_DSP_PIXEL(BTW_DSP_PIXEL_STEPS, BTW_DSP_PIXEL_CODES) : "+r"(r0) : : BTW_DSP_CLOBBERS);
}

static __attribute__((noinline, unused, aligned(4))) void btw_dsp_pairs_compact(const btw_dsp_frame *frame)
{
    register const btw_dsp_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_DSP_PAIRS(BTW_DSP_START, BTW_DSP_COMPACT_STEPS, BTW_DSP_CODES) : "+r"(r0) : : BTW_DSP_CLOBBERS);
}

static __attribute__((noinline, unused, aligned(4))) void btw_dsp_pixel_compact(const btw_dsp_frame *frame)
{
    register const btw_dsp_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_DSP_PIXEL(BTW_DSP_PIXEL_COMPACT_STEPS, BTW_DSP_PIXEL_CODES) : "+r"(r0) : : BTW_DSP_CLOBBERS);
}

#if defined(__ARM_FP) && (__ARM_FP & 4)

/* Sums in two registers to codes: scale s0-s3, zero point r12 */
#define BTW_DSP_TWO_FLOAT_CODES(acc0, acc1, scale0, scale1)                                                            \
    "vmov s4, s5, " acc0 ", " acc1 "\n\tvcvt.f32.s32 s4, s4\n\tvcvt.f32.s32 s5, s5\n\t"                                \
    "vmul.f32 s4, s4, " scale0 "\n\tvmul.f32 s5, s5, " scale1 "\n\tvcvtr.s32.f32 s4, s4\n\tvcvtr.s32.f32 s5, s5\n\t"   \
    "vmov " acc0 ", " acc1 ", s4, s5\n\tqadd " acc0 ", " acc0 ", r12\n\tqadd " acc1 ", " acc1 ", r12\n\t"              \
    "ssat " acc0 ", #8, " acc0 "\n\tssat " acc1 ", #8, " acc1 "\n\t"
#define BTW_DSP_FLOAT_CODES                                                                                            \
    "ldm sp, {r10, r11, r12}\n\tvldm r1!, {s0-s3}\n\t" BTW_DSP_TWO_FLOAT_CODES("r2", "r6", "s0", "s0")                 \
        BTW_DSP_TWO_FLOAT_CODES("r3", "r7", "s1", "s1") BTW_DSP_TWO_FLOAT_CODES("r4", "r8", "s2", "s2")                \
            BTW_DSP_TWO_FLOAT_CODES(                                                                                   \
                "r5", "r9", "s3",                                                                                      \
                "s3") "strb r2, [r10], #1\n\tstrb r3, [r10], #1\n\tstrb r4, [r10], #1\n\tstrb r5, [r10], #1\n\t"       \
                      "strb r6, [r11], #1\n\tstrb r7, [r11], #1\n\tstrb r8, [r11], #1\n\tstrb r9, [r11], #1\n\t"       \
                      "strd r10, r11, [sp]\n\tldrd r0, r12, [sp, #12]\n\t"
#define BTW_DSP_PIXEL_FLOAT_CODES                                                                                      \
    "mov r6, r12\n\tldr r12, [sp, #8]\n\tvldm r1!, {s0-s3}\n\t" BTW_DSP_TWO_FLOAT_CODES("r2", "r3", "s0", "s1")        \
        BTW_DSP_TWO_FLOAT_CODES("r4", "r5", "s2", "s3") "mov r12, r6\n\tstrb r2, [r12], #1\n\tstrb r3, [r12], "        \
                                                        "#1\n\tstrb r4, [r12], #1\n\tstrb r5, [r12], #1\n\t"

static __attribute__((noinline, unused, aligned(4))) void btw_dsp_pairs_float(const btw_dsp_frame *frame)
{
    register const btw_dsp_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_DSP_PAIRS(BTW_DSP_FIRST, BTW_DSP_STEPS, BTW_DSP_FLOAT_CODES)
                   : "+r"(r0)
                   :
                   : BTW_DSP_CLOBBERS, "s0", "s1", "s2", "s3", "s4", "s5");
}

static __attribute__((noinline, unused, aligned(4))) void btw_dsp_pixel_float(const btw_dsp_frame *frame)
{
    register const btw_dsp_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_DSP_PIXEL(BTW_DSP_PIXEL_STEPS, BTW_DSP_PIXEL_FLOAT_CODES)
                   : "+r"(r0)
                   :
                   : BTW_DSP_CLOBBERS, "s0", "s1", "s2", "s3", "s4", "s5");
}

#endif

typedef void btw_dsp_loop(const btw_dsp_frame *frame);

/* y[pixels][output_channels] of windows that lie `step` bytes apart: rows[i] is where run i of the first one begins.
 * Inlined into each of the functions below, so that no loop is called by a pointer. */
static inline __attribute__((always_inline)) void btw_dsp_windows_by(const btw_packed_taps *taps,
                                                                     const void *const rows[], int step, int8_t *y,
                                                                     int pixels, void *scratch, btw_dsp_loop *pairs,
                                                                     btw_dsp_loop *pixel, int compact)
{
    const int channels = taps->output_channels, wide = channels < 4 ? 4 : channels;
    const int quads = taps->rows * ((taps->row_bytes + 3) / 4);
    const int block = 8 + (compact ? 4 : 8) * quads; /* words */
    uint8_t *const x = scratch;
    int8_t *const made = channels < 4 ? (int8_t *)(x + 16 * quads) : y;
    btw_dsp_frame frame = {
        .y0 = made,
        .y1 = made + wide,
        .offset = taps->offset,
        .x = x,
        .end = taps->stream + wide / 4 * block,
        .x_end = x + 16 * quads,
        .skip = compact ? (-quads & 7) * 120 : ((17 - 2 * quads) & 15) * 44, /* BTW_DSP_FIRST makes a step */
        .widen_skip = taps->row_bytes < 4 ? 4 * 28 : (-(taps->row_bytes / 4) & 3) * 28,
        .x_again = x,
        .step = step,
        .rows = rows,
        .rows_end = rows + taps->rows,
        .x_once_more = x,
        .stream = taps->stream,
        .quad_bytes = taps->row_bytes & ~3,
        .tail_bytes = taps->row_bytes & 3,
        .y_end = made + (pixels & ~1) * wide,
        .stream_end = taps->stream + (wide + 3) / 4 * block,
        .overlap = -wide & 3,
    };
    if (pixels > 1)
        pairs(&frame);
    if (pixels & 1) {
        frame.y0 = made + (pixels - 1) * wide;
        frame.x_end = x + 8 * quads;
        frame.skip = (-quads & 3) * (compact ? 76 : 44);
        frame.position = (pixels - 1) * step;
        pixel(&frame);
    }
    if (channels < 4)
        for (int i = 0; i < pixels; i++)
            for (int oc = 0; oc < channels; oc++)
                *y++ = made[i * 4 + oc];
}

static __attribute__((noinline, unused)) void btw_dsp_windows(const btw_packed_taps *taps, const void *const rows[],
                                                              int step, int8_t *y, int pixels, void *scratch)
{
    btw_dsp_windows_by(taps, rows, step, y, pixels, scratch, btw_dsp_pairs, btw_dsp_pixel, 0);
}

static __attribute__((noinline, unused)) void btw_dsp_windows_compact(const btw_packed_taps *taps,
                                                                      const void *const rows[], int step, int8_t *y,
                                                                      int pixels, void *scratch)
{
    btw_dsp_windows_by(taps, rows, step, y, pixels, scratch, btw_dsp_pairs_compact, btw_dsp_pixel_compact, 1);
}

#if defined(__ARM_FP) && (__ARM_FP & 4)
static __attribute__((noinline, unused)) void btw_dsp_windows_float(const btw_packed_taps *taps,
                                                                    const void *const rows[], int step, int8_t *y,
                                                                    int pixels, void *scratch)
{
    btw_dsp_windows_by(taps, rows, step, y, pixels, scratch, btw_dsp_pairs_float, btw_dsp_pixel_float, 0);
}
#endif

/* What the depthwise loop keeps on the stack. */
typedef struct {
    const int32_t *end;            /* 0: of the stream */
    const int8_t *const *taps;     /* 4 */
    int32_t offset;                /* 8 */
    int next;                      /* 12: bytes from the end of a pixel to the next */
    int y_next;                    /* 16: the same in y */
    int8_t *y_end;                 /* 20: behind the last result */
    const int32_t *stream;         /* 24 */
    int8_t *y;                     /* 28 */
    int position;                  /* 32: of the pixel behind its taps */
    const int8_t *const *taps_end; /* 36 */
} btw_dsp_depthwise_frame;

_Static_assert(sizeof(btw_dsp_depthwise_frame) == 40, "the loop copies 10 words");

/* Words r8, r9 of 4 channels and 4 words of weights: r4-r7 += both taps of each channel. */
#define BTW_DSP_TWO_TAPS                                                                                               \
    "pkhbt r12, r8, r9, lsl #16\n\tpkhtb r9, r9, r8, asr #16\n\tldrd r10, r11, [r3], #8\n\t"                           \
    "sxtb16 r8, r12\n\tsmlad r4, r8, r10, r4\n\tsxtb16 r12, r12, ror #8\n\tsmlad r5, r12, r11, r5\n\t"                 \
    "ldrd r10, r11, [r3], #8\n\t"                                                                                      \
    "sxtb16 r8, r9\n\tsmlad r6, r8, r10, r6\n\tsxtb16 r9, r9, ror #8\n\tsmlad r7, r9, r11, r7\n\t"

/* r0 taps, r1 position, r2 end of the taps, r3 stream, r4-r7 sums, lr y */
#define BTW_DSP_DEPTHWISE(CODES)                                                                                       \
    "push {r7, r12}\n\tldm r0, {r2-r11}\n\tpush {r2-r11}\n\t"                                                          \
    "ldrd r3, lr, [sp, #24]\n\tldrd r1, r2, [sp, #32]\n"                                                               \
    "1:\n\tldr r0, [sp, #4]\n\tldm r3!, {r4-r7}\n"                                                                     \
    "2:\n\tldrd r8, r9, [r0], #8\n\tldr r8, [r8, r1]\n\tldr r9, [r9, r1]\n\t" BTW_DSP_TWO_TAPS                         \
    "cmp r0, r2\n\tbne 2b\n\t" CODES                                                                                   \
    "bfi r4, r5, #8, #8\n\tbfi r4, r6, #16, #8\n\tbfi r4, r7, #24, #8\n\tstr r4, [lr], #4\n\t"                         \
    "ldr r8, [sp]\n\tadd r1, r1, #4\n\tcmp r3, r8\n\tbne 1b\n\t"                                                       \
    "ldrd r8, r9, [sp, #12]\n\tldrd r10, r3, [sp, #20]\n\tcmp lr, r10\n\tadd r1, r1, r8\n\tadd lr, lr, r9\n\t"         \
    "bne 1b\n\tadd sp, sp, #40\n\tpop {r7, r12}\n\t"
#define BTW_DSP_DEPTHWISE_CODE(acc, multiplier)                                                                        \
    "smmla " acc ", " acc ", " multiplier ", r12\n\tssat " acc ", #8, " acc ", asr #3\n\t"
#define BTW_DSP_DEPTHWISE_CODES                                                                                        \
    "ldm r3!, {r8-r11}\n\tldr r12, [sp, #8]\n\t" BTW_DSP_DEPTHWISE_CODE("r4", "r8") BTW_DSP_DEPTHWISE_CODE("r5", "r9") \
        BTW_DSP_DEPTHWISE_CODE("r6", "r10") BTW_DSP_DEPTHWISE_CODE("r7", "r11")
#define BTW_DSP_DEPTHWISE_FLOAT_CODES                                                                                  \
    "ldr r12, [sp, #8]\n\tvldm r3!, {s0-s3}\n\t" BTW_DSP_TWO_FLOAT_CODES("r4", "r5", "s0", "s1")                       \
        BTW_DSP_TWO_FLOAT_CODES("r6", "r7", "s2", "s3")

typedef void btw_dsp_depthwise_loop(const btw_dsp_depthwise_frame *frame);

/* One output row; taps: an even number of pointers */
static __attribute__((noinline, unused)) void btw_dsp_depthwise_by(const btw_packed_depthwise *layer,
                                                                   const void *const rows[], int8_t *y,
                                                                   const int8_t **taps, btw_dsp_depthwise_loop *loop)
{
    const int channels = layer->channels, groups = channels / 4;
    const int8_t **tap = taps;
    for (int ky = 0; ky < layer->kernel_height; ky++)
        for (int kx = 0; kx < layer->kernel_width; kx++)
            *tap++ = (const int8_t *)rows[ky] + kx * layer->column;
    if ((tap - taps) % 2) {
        *tap = tap[-1];
        tap++;
    }
    const int block = 8 + 2 * (int)(tap - taps); /* words */
    btw_dsp_depthwise_frame frame = {
        .end = layer->stream + groups * block,
        .taps = taps,
        .offset = layer->offset,
        .next = layer->stride_width * channels - 4 * groups,
        .y_next = channels - 4 * groups,
        .y_end = y + (layer->output_width - 1) * channels + 4 * groups,
        .stream = layer->stream,
        .y = y,
        .taps_end = tap,
    };
    loop(&frame);
    if (channels % 4) { /* the last 4 channels */
        frame.stream = frame.end;
        frame.end += block;
        frame.next = layer->stride_width * channels - 4;
        frame.y_next = channels - 4;
        frame.y_end = y + layer->output_width * channels;
        frame.y = y + channels - 4;
        frame.position = channels - 4;
        loop(&frame);
    }
}

#else
#include "btw_dsp_twin.h"
#endif

typedef void btw_dsp_windows_function(const btw_packed_taps *taps, const void *const rows[], int step, int8_t *y,
                                      int pixels, void *scratch);

/* One output row. scratch: pointers to the runs of taps, the results of a group, what `windows` needs. Inlined into
 * each kernel, so that no function is called by a pointer. */
static inline __attribute__((always_inline)) void btw_dsp_groups_by(const btw_dsp_conv2d_groups *layer,
                                                                    const void *const rows[], int8_t *y, void *scratch,
                                                                    btw_dsp_windows_function *windows)
{
    const btw_packed_conv2d *const group = &layer->group;
    btw_packed_taps taps = group->taps;
    const int size = taps.output_channels, step = size * layer->groups, pixels = group->output_width;
    const void **const runs = scratch;
    btw_packed_runs(group, rows, &scratch);
    int8_t *const made = scratch;
    for (int g = 0; g < layer->groups; g++, taps.stream += layer->stream_words, y += size) {
        windows(&taps, runs, group->pixel_step, made, pixels, made + ((size * pixels + 15) & ~15));
        btw_move_codes(made, y, size, step, pixels);
        for (int i = 0; i < taps.rows; i++)
            runs[i] = (const int8_t *)runs[i] + layer->input_channels;
    }
}

#endif
