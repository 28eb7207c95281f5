/* int8 convolution windows on Armv7E-M and Armv8-M with DSP: packed layers, and the loop that computes them. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_DSP_H
#define BTW_DSP_H

#include "btw.h"
#include "btw_fixed_point.h"

/* What is summed for an output pixel: `rows` runs of `row_bytes` input bytes, each padded to quads of 4 taps.
 *
 * stream, a block for each 4 output channels: 4 biases (input zero point folded in), for each quad of taps 4 words
 * tap0 | tap2 << 16 of the channels and 4 words tap1 | tap3 << 16, then 4 multipliers. Where output_channels is not a
 * multiple of 4, the last block is that of the last 4 channels, or of all of them if there are fewer.
 * code = saturate((offset + ((acc * multiplier) >> 32)) >> 3). */
typedef struct {
    int rows;
    int row_bytes;
    int output_channels;
    int32_t offset;
    const int32_t *stream;
} btw_dsp_taps;

/* rows of the window; each is row_bytes long, or with taps_wide > 0 consists of taps_wide runs of row_bytes,
 * tap_step bytes apart. */
typedef struct {
    btw_dsp_taps taps;
    int kernel_height;
    int taps_wide;
    int tap_step;
    int pixel_step; /* bytes from the window of an output pixel to that of the next */
    int output_width;
} btw_dsp_conv2d;

/* stream, for each 4 channels: 4 biases; 4 words (row 0 | row 1 << 16) of column 1, of column 2, of column 0;
 * 4 words of row 2 (column 1 | column 2 << 16); row 2 column 0 as (channel 0 | channel 2 << 16), (channel 1 | channel
 * 3 << 16); 4 multipliers. The last block is that of the last 4 channels where channels is not a multiple of 4. */
typedef struct {
    int channels;
    int stride_width;
    int output_width;
    int32_t offset;
    const int32_t *stream;
} btw_dsp_depthwise_3x3;

/* scratch: 16 bytes for each quad of taps, and 4 bytes for each pixel where there are fewer than 4 output channels */
#if !defined(BTW_INLINE_KERNELS)
void btw_linear_s8_dsp(const btw_dsp_taps *layer, const int8_t *x, int8_t *y, int pixels, void *scratch);
void btw_conv2d_s8_dsp(const btw_dsp_conv2d *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_depthwise_conv2d_3x3_s8_dsp(const btw_dsp_depthwise_3x3 *layer, const void *const rows[], int8_t *y);
#endif

/* y[pixels][output_channels] of windows that lie `step` bytes apart: rows[i] is where run i of the first one begins. */
static void btw_dsp_windows(const btw_dsp_taps *taps, const void *const rows[], int step, int8_t *y, int pixels,
                            void *scratch);

#if defined(__ARM_FEATURE_DSP)

/* What the loops below keep on the stack: offsets are written into them. */
typedef struct {
    int8_t *y0, *y1;             /* 0, 4 */
    int32_t offset;              /* 8 */
    void *x;                     /* 12: widened taps of a pair of pixels, or of one */
    const int32_t *end;          /* 16: of the blocks that are computed now */
    void *x_end;                 /* 20 */
    int skip;                    /* 24: bytes of unrolled multiplications left out in the first pass */
    const int32_t *stream_end;   /* 28 */
    const int32_t *full_end;     /* 32: of the blocks before one that overlaps the block before it */
    const int32_t *stream;       /* 36 */
    int overlap;                 /* 40: channels of that */
    const void *const *rows;     /* 44 */
    const void *const *rows_end; /* 48 */
    int position;                /* 52: of the pixel in the rows */
    int step;                    /* 56 */
    int quad_bytes;              /* 60: of a row, in whole quads */
    int tail_bytes;              /* 64: the rest */
    int pairs;                   /* 68 */
    int widen_skip;              /* 72: bytes of unrolled widening left out in the first pass */
    int unused;                  /* 76 */
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
#define BTW_DSP_CODE(acc, multiplier, offset, y)                                                                       \
    "smmla " acc ", " acc ", " multiplier ", " offset "\n\tssat " acc ", #8, " acc ", asr #3\n\t"                      \
    "strb " acc ", [" y "], #1\n\t"

/* Pairs of pixels, 4 channels at a time. */
static __attribute__((noinline, unused)) void btw_dsp_pairs(const btw_dsp_frame *frame)
{
    register const btw_dsp_frame *r0 __asm("r0") = frame;
    __asm volatile(
        BTW_DSP_ENTER
        /* where the unrolled loops are entered */
        "adr.w r2, 6f\n\tldr r3, [sp, #24]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #24]\n\t"
        "adr.w r2, 2f\n\tldr r3, [sp, #72]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #72]\n"
        /* a pair: r0 r1 its bytes, r8 end of a row, r9 widened taps, r10 position, r11 step, r12 rows, lr their end */
        "0:\n\tldr r9, [sp, #12]\n\tldrd r12, lr, [sp, #44]\n\tldrd r10, r11, [sp, #52]\n"
        "1:\n\tldr r0, [r12], #4\n\tldr r8, [sp, #60]\n\tadd r0, r0, r10\n\tadd r1, r0, r11\n\tadd r8, r8, r0\n\t"
        "ldr pc, [sp, #72]\n"
        "2:\n\t.rept 4\n\tldr r2, [r0], #4\n\tldr r3, [r1], #4\n\t" BTW_DSP_WIDEN_PAIR ".endr\n\t"
        "cmp r0, r8\n\tbne 2b\n\t"
        "ldr r2, [sp, #64]\n\tcbz r2, 5f\n\tcmp r2, #2\n\tblo 3f\n\t"
        "ldrh r2, [r0]\n\tldrh r3, [r1]\n\tbeq 4f\n\t"
        "ldrb r4, [r0, #2]\n\tldrb r5, [r1, #2]\n\torr r2, r2, r4, lsl #16\n\torr r3, r3, r5, lsl #16\n\tb 4f\n"
        "3:\n\tldrb r2, [r0]\n\tldrb r3, [r1]\n"
        "4:\n\t" BTW_DSP_WIDEN_PAIR
        "5:\n\tcmp r12, lr\n\tbne 1b\n\t"
        "add r10, r10, r11, lsl #1\n\tstr r10, [sp, #52]\n\t"
        "ldrd r2, r1, [sp, #32]\n\tstr r2, [sp, #16]\n\tldr r0, [sp, #12]\n"
        /* a block */
        "5:\n\t" BTW_DSP_FIRST "ldr pc, [sp, #24]\n"
        "6:\n\t.rept 16\n\t" BTW_DSP_STEP ".endr\n\t"
        "ldr r10, [sp, #20]\n\tcmp r0, r10\n\tbne 6b\n\t"
        "ldm sp, {r10, r11, r12}\n\tldr lr, [r1], #4\n\t"
        BTW_DSP_CODE("r2", "lr", "r12", "r10") BTW_DSP_CODE("r6", "lr", "r12", "r11")
        "ldm r1!, {r2, r6, lr}\n\t"
        BTW_DSP_CODE("r3", "r2", "r12", "r10") BTW_DSP_CODE("r7", "r2", "r12", "r11")
        BTW_DSP_CODE("r4", "r6", "r12", "r10") BTW_DSP_CODE("r8", "r6", "r12", "r11")
        BTW_DSP_CODE("r5", "lr", "r12", "r10") BTW_DSP_CODE("r9", "lr", "r12", "r11")
        "strd r10, r11, [sp]\n\tldrd r0, r12, [sp, #12]\n\tcmp r1, r12\n\tbne 5b\n\t"
        "ldr r2, [sp, #28]\n\tcmp r1, r2\n\tbne 7f\n\t"
        /* the next pair begins where pixel 1 ends */
        "rsb r10, r10, r11, lsl #1\n\tstrd r11, r10, [sp]\n\t"
        "ldr r2, [sp, #68]\n\tsubs r2, r2, #1\n\tstr r2, [sp, #68]\n\tbne 0b\n\tb 8f\n"
        "7:\n\tstr r2, [sp, #16]\n\tldr r2, [sp, #40]\n\tsub r10, r10, r2\n\tsub r11, r11, r2\n\t"
        "strd r10, r11, [sp]\n\tb 5b\n"
        "8:\n\t" BTW_DSP_LEAVE
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

/* One pixel, 4 channels at a time; widened taps of a quad are 8 bytes. */
static __attribute__((noinline, unused)) void btw_dsp_pixel(const btw_dsp_frame *frame)
{
    register const btw_dsp_frame *r0 __asm("r0") = frame;
    __asm volatile(
        BTW_DSP_ENTER
        "adr.w r2, 7f\n\tldr r3, [sp, #24]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #24]\n\t"
        "ldr r9, [sp, #12]\n\tldrd r12, lr, [sp, #44]\n\tldr r10, [sp, #52]\n"
        "1:\n\tldr r0, [r12], #4\n\tldr r8, [sp, #60]\n\tadd r0, r0, r10\n\tadds r8, r8, r0\n\tcmp r0, r8\n\tbeq 3f\n"
        "2:\n\tldr r2, [r0], #4\n\tsxtb16 r4, r2\n\tsxtb16 r5, r2, ror #8\n\tstrd r4, r5, [r9], #8\n\t"
        "cmp r0, r8\n\tbne 2b\n"
        "3:\n\tldr r2, [sp, #64]\n\tcbz r2, 5f\n\tcmp r2, #2\n\tblo 4f\n\tldrh r3, [r0]\n\tbeq 6f\n\t"
        "ldrb r4, [r0, #2]\n\torr r3, r3, r4, lsl #16\n\tb 6f\n"
        "4:\n\tldrb r3, [r0]\n"
        "6:\n\tsxtb16 r4, r3\n\tsxtb16 r5, r3, ror #8\n\tstrd r4, r5, [r9], #8\n"
        "5:\n\tcmp r12, lr\n\tbne 1b\n\t"
        /* r0 x, r1 stream, r2-r5 sums, r6 r7 taps, r8-r11 weights, r12 y, lr end of x */
        "ldr r12, [sp]\n\tldr lr, [sp, #20]\n\tldrd r2, r1, [sp, #32]\n\tstr r2, [sp, #16]\n"
        "6:\n\tldr r0, [sp, #12]\n\tldm r1!, {r2-r5}\n\tldr pc, [sp, #24]\n"
        "7:\n\t.rept 4\n\tldrd r6, r7, [r0], #8\n\tldm r1!, {r8-r11}\n\t"
        "smlad r2, r6, r8, r2\n\tsmlad r3, r6, r9, r3\n\tsmlad r4, r6, r10, r4\n\tsmlad r5, r6, r11, r5\n\t"
        "ldm r1!, {r8-r11}\n\t"
        "smlad r2, r7, r8, r2\n\tsmlad r3, r7, r9, r3\n\tsmlad r4, r7, r10, r4\n\tsmlad r5, r7, r11, r5\n\t.endr\n\t"
        "cmp r0, lr\n\tbne 7b\n\t"
        "ldr r6, [sp, #8]\n\tldm r1!, {r8-r11}\n\t"
        BTW_DSP_CODE("r2", "r8", "r6", "r12") BTW_DSP_CODE("r3", "r9", "r6", "r12")
        BTW_DSP_CODE("r4", "r10", "r6", "r12") BTW_DSP_CODE("r5", "r11", "r6", "r12")
        "ldr r7, [sp, #16]\n\tcmp r1, r7\n\tbne 6b\n\t"
        "ldr r7, [sp, #28]\n\tcmp r1, r7\n\tbeq 8f\n\t"
        "str r7, [sp, #16]\n\tldr r6, [sp, #40]\n\tsub r12, r12, r6\n\tb 6b\n"
        "8:\n\t" BTW_DSP_LEAVE
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

static __attribute__((noinline, unused)) void btw_dsp_windows(const btw_dsp_taps *taps, const void *const rows[],
                                                              int step, int8_t *y, int pixels, void *scratch)
{
    const int channels = taps->output_channels, wide = channels < 4 ? 4 : channels;
    const int quads = taps->rows * ((taps->row_bytes + 3) / 4);
    const int block = 8 + 8 * quads; /* words */
    uint8_t *const x = scratch;
    int8_t *const made = channels < 4 ? (int8_t *)(x + 16 * quads) : y;
    btw_dsp_frame frame = {
        .y0 = made,
        .y1 = made + wide,
        .offset = taps->offset,
        .x = x,
        .x_end = x + 16 * quads,
        .skip = ((17 - 2 * quads) & 15) * 44, /* one step is made before the loop */
        .stream = taps->stream,
        .full_end = taps->stream + wide / 4 * block,
        .stream_end = taps->stream + (wide + 3) / 4 * block,
        .overlap = -wide & 3,
        .rows = rows,
        .rows_end = rows + taps->rows,
        .step = step,
        .quad_bytes = taps->row_bytes & ~3,
        .tail_bytes = taps->row_bytes & 3,
        .pairs = pixels / 2,
        .widen_skip = taps->row_bytes < 4 ? 4 * 28 : (-(taps->row_bytes / 4) & 3) * 28,
    };
    if (pixels > 1)
        btw_dsp_pairs(&frame);
    if (pixels & 1) {
        frame.y0 = made + (pixels - 1) * wide;
        frame.x_end = x + 8 * quads;
        frame.skip = (-quads & 3) * 44;
        frame.position = (pixels - 1) * step;
        btw_dsp_pixel(&frame);
    }
    if (channels < 4)
        for (int pixel = 0; pixel < pixels; pixel++)
            for (int oc = 0; oc < channels; oc++)
                *y++ = made[pixel * 4 + oc];
}

#else
#include "btw_dsp_twin.h"
#endif

#endif
