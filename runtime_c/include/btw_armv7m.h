/* int8 windows on Armv7-M without DSP: packed layers, and the loops that compute them. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_ARMV7M_H
#define BTW_ARMV7M_H

#include "btw_packed.h"

/* The taps of a pixel lie one behind the other, with zeros behind them a multiple of 4.
 *
 * One multiplication serves two output channels: weights w0 | w1 are the word w0 + w1 * 65536, and 2 or 4 taps are
 * summed, starting from 0x8000, before the two sums are taken apart: acc = 0x8000 + s0 + s1 * 65536. Where all sums of
 * that many taps lie in -32768..32767, s1 is acc >> 16; the sums of all acc and of all acc >> 16 give both totals.
 *
 * stream, a block for each 4 output channels: start values of the sums of acc and of acc >> 16, of channels 0 and 1,
 * then of 2 and 3 (biases, minus what 0x8000 adds); 1 where 4 taps may be summed, else 0; for each tap the words of
 * channels 0 | 1 and 2 | 3; then 4 multipliers. Where output_channels is not a multiple of 4, the last block is that of
 * the last 4 channels, or of all of them if there are fewer.
 * For kernels whose name ends in _compact the stream has 4 biases, a byte a weight, 4 channels a tap, and 4
 * multipliers; the shift is 3. code = saturate((offset + ((acc * multiplier) >> 32)) >> shift).
 *
 * stream of a depthwise layer of at least 4 channels, for each 4: 4 biases, 4 weights a tap, 4 multipliers; the last
 * block as above. Of the 3x3 kernel, for each channel: bias, weights of columns 1, 0, 2 of each row, multiplier; the
 * shift is 3. */

/* scratch: a multiple of 4 bytes for the taps where they are not read in place (more than one run, or not a multiple of
 * 4), and 4 bytes for each pixel where there are fewer than 4 output channels; of a compact one, twice the taps where
 * there is more than one run; of a depthwise one, pointers to its taps */
#if !defined(BTW_INLINE_KERNELS)
void btw_linear_s8_armv7m_compact(const btw_packed_taps *layer, const int8_t *x, int8_t *y, int pixels, void *scratch);
void btw_conv2d_s8_armv7m_compact(const btw_packed_conv2d *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_linear_s8_armv7m(const btw_packed_taps *layer, const int8_t *x, int8_t *y, int pixels, void *scratch);
void btw_conv2d_s8_armv7m(const btw_packed_conv2d *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_depthwise_conv2d_s8_armv7m(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y,
                                    void *scratch);
void btw_depthwise_conv2d_3x3_s8_armv7m(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y);
#endif

#if defined(__thumb2__)

/* What the loop below keeps on the stack: offsets are written into it. */
typedef struct {
    int skip_2, skip_4;          /* 0, 4: bytes of unrolled steps left out in the first pass, by 2 or 4 taps a sum */
    int8_t *y;                   /* 8 */
    int32_t offset;              /* 12 */
    const void *x;               /* 16: taps of the pixel */
    const int32_t *end;          /* 20: of the blocks */
    const void *x_end;           /* 24 */
    const int32_t *stream;       /* 28 */
    int step;                    /* 32: from the taps of a pixel to those of the next, read in place; else 0 */
    int y_next;                  /* 36: bytes from behind the last block to the next pixel */
    int8_t *y_end;               /* 40 */
    const void *const *rows;     /* 44: of the taps to be copied; rows_end where they are read in place */
    const void *const *rows_end; /* 48 */
    int position;                /* 52: of the pixel in the rows */
    int copy_skip;               /* 56: bytes of unrolled copying left out in the first pass */
    int word_bytes;              /* 60: of a row, in whole words */
    int tail_bytes;              /* 64: the rest */
    int pixel_step;              /* 68: added to position */
    int shift;                   /* 72 */
    int unused;                  /* 76 */
} btw_armv7m_frame;

_Static_assert(sizeof(btw_armv7m_frame) == 80, "the loop copies 20 words");

/* 2 taps x 4 channels: r0 x, r1 stream, r2 r3 sums of channels 0 | 1, r4 r5 of 2 | 3, lr 0x8000 */
#define BTW_ARMV7M_FIRST_TWO                                                                                           \
    "ldm r1!, {r8-r11}\n\tldrsb r12, [r0], #1\n\tmla r6, r12, r8, lr\n\tmla r7, r12, r9, lr\n\t"                       \
    "ldrsb r12, [r0], #1\n\tmla r6, r12, r10, r6\n\tmla r7, r12, r11, r7\n\t"
#define BTW_ARMV7M_NEXT_TWO                                                                                            \
    "ldm r1!, {r8-r11}\n\tldrsb r12, [r0], #1\n\tmla r6, r12, r8, r6\n\tmla r7, r12, r9, r7\n\t"                       \
    "ldrsb r12, [r0], #1\n\tmla r6, r12, r10, r6\n\tmla r7, r12, r11, r7\n\t"
#define BTW_ARMV7M_APART                                                                                               \
    "add.w r2, r2, r6\n\tadd.w r3, r3, r6, asr #16\n\tadd.w r4, r4, r7\n\tadd.w r5, r5, r7, asr #16\n\t"

/* Sums to a code: offset lr, y r12 */
#define BTW_ARMV7M_CODE(acc, multiplier)                                                                               \
    "smull r6, " acc ", " acc ", " multiplier "\n\tadd " acc ", " acc ", lr\n\tssat " acc ", #8, " acc ", asr #3\n\t"  \
    "strb " acc ", [r12], #1\n\t"
#define BTW_ARMV7M_CODES                                                                                               \
    BTW_ARMV7M_CODE("r2", "r8")                                                                                        \
    BTW_ARMV7M_CODE("r3", "r9") BTW_ARMV7M_CODE("r4", "r10") BTW_ARMV7M_CODE("r5", "r11")
/* the same by a shift in r7 */
#define BTW_ARMV7M_CODE_SHIFTED(acc, multiplier)                                                                       \
    "smull r6, " acc ", " acc ", " multiplier "\n\tadd " acc ", " acc ", lr\n\tasr " acc ", " acc ", r7\n\t"           \
    "ssat " acc ", #8, " acc "\n\tstrb " acc ", [r12], #1\n\t"
#define BTW_ARMV7M_CODES_SHIFTED                                                                                       \
    "ldr r7, [sp, #72]\n\t" BTW_ARMV7M_CODE_SHIFTED("r2", "r8") BTW_ARMV7M_CODE_SHIFTED("r3", "r9")                    \
        BTW_ARMV7M_CODE_SHIFTED("r4", "r10") BTW_ARMV7M_CODE_SHIFTED("r5", "r11")

/* 0: a pixel; 1-4: a row of its window is copied: r0 from, r8 end of its words, r9 to, r10 position, r12 rows, lr their
 * end; 5-9: blocks, 6 with sums of 2 taps, 7 of 4; steps of 4 taps are 88 and 72 bytes of code, the copy of a word
 * is 8. The frame that r0 points to is copied onto the stack; r7 may be a frame pointer and is kept here. */
#define BTW_ARMV7M_PIXELS(CODES)                                                                                       \
    "push {r7, r12}\n\tadd r1, r0, #40\n\tldm r1, {r2-r11}\n\tpush {r2-r11}\n\tldm r0, {r2-r11}\n\tpush {r2-r11}\n\t"  \
    "adr.w r2, 6f\n\tldr r3, [sp]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp]\n\t"                             \
    "adr.w r2, 7f\n\tldr r3, [sp, #4]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #4]\n\t"                     \
    "adr.w r2, 2f\n\tldr r3, [sp, #56]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #56]\n"                     \
    "0:\n\tldrd r12, lr, [sp, #44]\n\tcmp r12, lr\n\tbeq 5f\n\tldr r10, [sp, #52]\n\tldr r9, [sp, #16]\n"              \
    "1:\n\tldr r0, [r12], #4\n\tldr r8, [sp, #60]\n\tadd r0, r0, r10\n\tadd r8, r8, r0\n\tldr pc, [sp, #56]\n"         \
    "2:\n\t.rept 4\n\tldr r2, [r0], #4\n\tstr r2, [r9], #4\n\t.endr\n\tcmp r0, r8\n\tbne 2b\n\t"                       \
    "ldr r2, [sp, #64]\n\tcbz r2, 4f\n"                                                                                \
    "3:\n\tldrb r3, [r0], #1\n\tstrb r3, [r9], #1\n\tsubs r2, r2, #1\n\tbne 3b\n"                                      \
    "4:\n\tcmp r12, lr\n\tbne 1b\n\tldr r2, [sp, #68]\n\tadd r10, r10, r2\n\tstr r10, [sp, #52]\n"                     \
    "5:\n\tldr r0, [sp, #16]\n\tldr r1, [sp, #28]\n\tmovw lr, #0x8000\n"                                               \
    "8:\n\tldm r1!, {r2-r5, r12}\n\tldr.w pc, [sp, r12, lsl #2]\n"                                                     \
    "7:\n\t.rept 4\n\t" BTW_ARMV7M_FIRST_TWO BTW_ARMV7M_NEXT_TWO BTW_ARMV7M_APART                                      \
    ".endr\n\tldr r12, [sp, #24]\n\tcmp r0, r12\n\tbne 7b\n\tb 9f\n"                                                   \
    "6:\n\t.rept 8\n\t" BTW_ARMV7M_FIRST_TWO BTW_ARMV7M_APART ".endr\n\tldr r12, [sp, #24]\n\tcmp r0, r12\n\tbne 6b\n" \
    "9:\n\tldm r1!, {r8-r11}\n\tldrd r12, lr, [sp, #8]\n\tsub r2, r2, r3, lsl #16\n\tsub r4, r4, r5, lsl "             \
    "#16\n\t" CODES "ldrd r0, r6, [sp, #16]\n\tstr r12, [sp, #8]\n\tmovw lr, #0x8000\n\tcmp r1, r6\n\tbne 8b\n\t"      \
    "ldrd r2, r3, [sp, #32]\n\tldr r4, [sp, #40]\n\tldr r5, [sp, #24]\n\tadd r12, r12, r3\n\tadd r0, r0, r2\n\t"       \
    "add r5, r5, r2\n\tstr r12, [sp, #8]\n\tstr r0, [sp, #16]\n\tstr r5, [sp, #24]\n\tcmp r12, r4\n\tbne 0b\n\t"       \
    "add sp, sp, #80\n\tpop {r7, r12}\n\t"

#define BTW_ARMV7M_CLOBBERS "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory"

/* Functions whose loops use adr are aligned: it counts from a multiple of 4, and at -Os code may begin at any even
 * address. */
static __attribute__((noinline, unused, aligned(4))) void btw_armv7m_pixels(const btw_armv7m_frame *frame)
{
    register const btw_armv7m_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_ARMV7M_PIXELS(BTW_ARMV7M_CODES) : "+r"(r0) : : BTW_ARMV7M_CLOBBERS);
}

static __attribute__((noinline, unused, aligned(4))) void btw_armv7m_pixels_shifted(const btw_armv7m_frame *frame)
{
    register const btw_armv7m_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_ARMV7M_PIXELS(BTW_ARMV7M_CODES_SHIFTED) : "+r"(r0) : : BTW_ARMV7M_CLOBBERS);
}

static inline void btw_armv7m_loop(const btw_armv7m_frame *frame)
{
    if (frame->shift == 3)
        btw_armv7m_pixels(frame);
    else
        btw_armv7m_pixels_shifted(frame);
}

/* y[pixels][output_channels] of windows that lie `step` bytes apart: rows[i] is where run i of the first one begins. */
static __attribute__((noinline, unused)) void btw_armv7m_windows(const btw_packed_taps *layer, const void *const rows[],
                                                                 int step, int8_t *y, int pixels, void *scratch)
{
    const int taps = (layer->rows * layer->row_bytes + 3) & ~3;
    const int channels = layer->output_channels, wide = channels < 4 ? 4 : channels, blocks = wide / 4;
    const int block = 9 + 2 * taps; /* words */
    const int copied = layer->rows > 1 || layer->row_bytes & 3;
    int8_t *const x = scratch, *const made = channels < 4 ? x + (copied ? taps : 0) : y;
    btw_armv7m_frame frame = {
        .skip_2 = (-taps & 12) * 22,
        .skip_4 = (-taps & 12) * 18,
        .y = made,
        .offset = layer->offset,
        .x = copied ? x : rows[0],
        .end = layer->stream + blocks * block,
        .x_end = (copied ? x : (const int8_t *)rows[0]) + taps,
        .stream = layer->stream,
        .step = copied ? 0 : step,
        .y_next = wide - 4 * blocks,
        .y_end = made + pixels * wide,
        .rows = copied ? rows : rows + layer->rows,
        .rows_end = rows + layer->rows,
        .copy_skip = layer->row_bytes < 4 ? 32 : (-(layer->row_bytes / 4) & 3) * 8,
        .word_bytes = layer->row_bytes & ~3,
        .tail_bytes = layer->row_bytes & 3,
        .pixel_step = step,
        .shift = layer->shift,
    };
    btw_armv7m_loop(&frame);
    if (wide & 3) { /* the last 4 channels */
        frame.stream = frame.end;
        frame.end += block;
        frame.y = y + channels - 4;
        frame.y_next = channels - 4;
        frame.y_end = frame.y + pixels * channels;
        btw_armv7m_loop(&frame);
    }
    if (channels < 4)
        for (int i = 0; i < pixels; i++)
            for (int oc = 0; oc < channels; oc++)
                *y++ = made[i * 4 + oc];
}

/* What the loop over compact blocks keeps on the stack. */
typedef struct {
    const int8_t *x0, *x1; /* 0, 4: taps of two pixels */
    int8_t *y0, *y1;       /* 8, 12 */
    int32_t offset;        /* 16 */
    const int32_t *end;    /* 20: of the blocks */
    const int8_t *x_end;   /* 24: of the taps of pixel 0 */
    int skip;              /* 28: bytes of unrolled taps left out in the first pass */
    const int32_t *stream; /* 32 */
    int unused;            /* 36 */
} btw_armv7m_compact_frame;

_Static_assert(sizeof(btw_armv7m_compact_frame) == 40, "the loop copies 10 words");

/* 2 pixels x 4 channels: r0 r12 x, r1 stream, r2-r5 sums of pixel 0, r6-r9 of pixel 1; 56 bytes of code */
#define BTW_ARMV7M_COMPACT_WEIGHT(acc0, acc1)                                                                          \
    "ldrsb lr, [r1], #1\n\tmla " acc0 ", r10, lr, " acc0 "\n\tmla " acc1 ", r11, lr, " acc1 "\n\t"
#define BTW_ARMV7M_COMPACT_TAP                                                                                         \
    "ldrsb r10, [r0], #1\n\tldrsb r11, [r12], #1\n\t" BTW_ARMV7M_COMPACT_WEIGHT("r2", "r6")                            \
        BTW_ARMV7M_COMPACT_WEIGHT("r3", "r7") BTW_ARMV7M_COMPACT_WEIGHT("r4", "r8")                                    \
            BTW_ARMV7M_COMPACT_WEIGHT("r5", "r9")
#define BTW_ARMV7M_COMPACT_CODE(acc, y)                                                                                \
    "smull r0, " acc ", " acc ", lr\n\tadd " acc ", " acc ", r12\n\tssat " acc ", #8, " acc ", asr #3\n\t"             \
    "strb " acc ", [" y "], #1\n\t"
#define BTW_ARMV7M_COMPACT_CODES(acc0, acc1)                                                                           \
    "ldr lr, [r1], #4\n\t" BTW_ARMV7M_COMPACT_CODE(acc0, "r10") BTW_ARMV7M_COMPACT_CODE(acc1, "r11")

static __attribute__((noinline, unused, aligned(4))) void
btw_armv7m_compact_blocks(const btw_armv7m_compact_frame *frame)
{
    register const btw_armv7m_compact_frame *r0 __asm("r0") = frame;
    __asm volatile(
        "push {r7, r12}\n\tldm r0, {r2-r11}\n\tpush {r2-r11}\n\tldr r1, [sp, #32]\n\t"
        "adr.w r2, 2f\n\tldr r3, [sp, #28]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #28]\n"
        "1:\n\tldrd r0, r12, [sp]\n\tldm r1!, {r2-r5}\n\tmov r6, r2\n\tmov r7, r3\n\tmov r8, r4\n\tmov r9, r5\n\t"
        "ldr pc, [sp, #28]\n"
        "2:\n\t.rept 8\n\t" BTW_ARMV7M_COMPACT_TAP ".endr\n\tldr lr, [sp, #24]\n\tcmp r0, lr\n\tbne 2b\n\t"
        "ldrd r10, r11, [sp, #8]\n\tldr r12, [sp, #16]\n\t" BTW_ARMV7M_COMPACT_CODES("r2", "r6")
            BTW_ARMV7M_COMPACT_CODES("r3", "r7") BTW_ARMV7M_COMPACT_CODES("r4", "r8") BTW_ARMV7M_COMPACT_CODES(
                "r5", "r9") "strd r10, r11, [sp, #8]\n\tldr r0, [sp, #20]\n\tcmp r1, r0\n\tbne 1b\n\t"
                            "add sp, sp, #40\n\tpop {r7, r12}\n\t"
        : "+r"(r0)
        :
        : BTW_ARMV7M_CLOBBERS);
}

/* The taps of a pixel one behind the other, by words that may lie anywhere. */
static inline const int8_t *btw_armv7m_gathered(const btw_packed_taps *layer, const void *const rows[], int position,
                                                int8_t *to)
{
    if (layer->rows == 1)
        return (const int8_t *)rows[0] + position;
    int8_t *end = to;
    for (int row = 0; row < layer->rows; row++) {
        const int8_t *from = (const int8_t *)rows[row] + position;
        for (int i = 0; i < layer->row_bytes / 4; i++, from += 4, end += 4)
            memcpy(end, from, 4);
        for (int i = 0; i < layer->row_bytes % 4; i++)
            *end++ = *from++;
    }
    return to;
}

static __attribute__((noinline, unused)) void btw_armv7m_windows_compact(const btw_packed_taps *layer,
                                                                         const void *const rows[], int step, int8_t *y,
                                                                         int pixels, void *scratch)
{
    const int taps = layer->rows * layer->row_bytes, channels = layer->output_channels, blocks = channels / 4;
    const int block = 8 + taps; /* words */
    int8_t *const x = scratch;
    int8_t few[2][4];
    for (int pixel = 0; pixel < pixels; pixel += 2) {
        const int two = pixel + 1 < pixels; /* else the last pixel twice */
        btw_armv7m_compact_frame frame = {
            .y0 = y + pixel * channels,
            .offset = layer->offset,
            .end = layer->stream + blocks * block,
            .skip = (-taps & 7) * 56,
            .stream = layer->stream,
        };
        frame.y1 = frame.y0 + (two ? channels : 0);
        frame.x0 = btw_armv7m_gathered(layer, rows, pixel * step, x);
        frame.x1 = two ? btw_armv7m_gathered(layer, rows, (pixel + 1) * step, x + taps) : frame.x0;
        frame.x_end = frame.x0 + taps;
        if (blocks)
            btw_armv7m_compact_blocks(&frame);
        if (channels & 3) { /* the last 4 channels, or fewer */
            int8_t *const made[2] = {frame.y0, frame.y1};
            frame.y0 = channels < 4 ? few[0] : made[0] + channels - 4;
            frame.y1 = channels < 4 ? few[1] : made[1] + channels - 4;
            frame.stream = frame.end;
            frame.end += block;
            btw_armv7m_compact_blocks(&frame);
            for (int oc = 0; channels < 4 && oc < channels; oc++) {
                made[0][oc] = few[0][oc];
                made[1][oc] = few[1][oc];
            }
        }
    }
}

/* What the depthwise loop keeps on the stack. */
typedef struct {
    const int32_t *end;            /* 0: of the stream */
    const int8_t *const *taps;     /* 4 */
    int32_t offset;                /* 8 */
    int shift;                     /* 12 */
    int skip;                      /* 16: bytes of unrolled taps left out in the first pass */
    const int8_t *const *taps_end; /* 20 */
    int next;                      /* 24: bytes from the end of a pixel to the next */
    int y_next;                    /* 28: the same in y */
    int8_t *y;                     /* 32 */
    int8_t *y_end;                 /* 36: behind the last result */
    const int32_t *stream;         /* 40 */
    int position;                  /* 44: of the pixel behind its taps */
} btw_armv7m_depthwise_frame;

_Static_assert(sizeof(btw_armv7m_depthwise_frame) == 48, "the loop copies 12 words");

#define BTW_ARMV7M_DEPTHWISE_CODE(acc, multiplier)                                                                     \
    "smull lr, " acc ", " acc ", " multiplier "\n\tadd " acc ", " acc ", r12\n\tasr " acc ", " acc ", r8\n\t"          \
    "ssat " acc ", #8, " acc "\n\t"

/* 1: 4 channels, r0 taps, r1 position, r2 y, r3 stream, r4-r7 sums; 2: a tap, 44 bytes of code: r8 a word of x, r9-r12
 * weights */
static __attribute__((noinline, unused, aligned(4))) void
btw_armv7m_depthwise_row(const btw_armv7m_depthwise_frame *frame)
{
    register const btw_armv7m_depthwise_frame *r0 __asm("r0") = frame;
    __asm volatile(
        "push {r7, r12}\n\tadd r1, r0, #24\n\tldm r1, {r2-r7}\n\tpush {r2-r7}\n\tldm r0, {r2-r7}\n\tpush {r2-r7}\n\t"
        "adr.w r2, 2f\n\tldr r3, [sp, #16]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #16]\n"
        "0:\n\tldr r3, [sp, #40]\n\tldr r2, [sp, #32]\n\tldr r1, [sp, #44]\n"
        "1:\n\tldr r0, [sp, #4]\n\tldm r3!, {r4-r7}\n\tldr pc, [sp, #16]\n"
        "2:\n\t.rept 9\n\tldr r8, [r0], #4\n\tldr.w r8, [r8, r1]\n\tldm r3!, {r9-r12}\n\t"
        "sxtb.w lr, r8\n\tmla r4, lr, r9, r4\n\tsxtb.w lr, r8, ror #8\n\tmla r5, lr, r10, r5\n\t"
        "sxtb.w lr, r8, ror #16\n\tmla r6, lr, r11, r6\n\tasr.w lr, r8, #24\n\tmla r7, lr, r12, r7\n\t.endr\n\t"
        "ldr r8, [sp, #20]\n\tcmp r0, r8\n\tbne 2b\n\t"
        "ldm r3!, {r8-r11}\n\tldrd r12, r0, [sp, #8]\n\t"
        "smull lr, r4, r4, r8\n\tsmull lr, r5, r5, r9\n\tsmull lr, r6, r6, r10\n\tsmull lr, r7, r7, r11\n\t"
        ".irp acc, r4, r5, r6, r7\n\tadd \\acc, \\acc, r12\n\tasrs \\acc, \\acc, r0\n\tssat \\acc, #8, "
        "\\acc\n\t.endr\n\t"
        "bfi r4, r5, #8, #8\n\tbfi r4, r6, #16, #8\n\tbfi r4, r7, #24, #8\n\tstr r4, [r2], #4\n\t"
        "ldr r8, [sp]\n\tadds r1, r1, #4\n\tcmp r3, r8\n\tbne 1b\n\t"
        "add r8, sp, #24\n\tldm r8, {r8, r9, r10, r11}\n\tcmp r2, r11\n\tadd r1, r1, r8\n\tadd r2, r2, r9\n\t"
        "str r2, [sp, #32]\n\tstr r1, [sp, #44]\n\tbne 0b\n\t"
        "add sp, sp, #48\n\tpop {r7, r12}\n\t"
        : "+r"(r0)
        :
        : BTW_ARMV7M_CLOBBERS);
}

/* One output row; scratch: pointers to the taps */
static inline void btw_armv7m_depthwise_rows(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y,
                                             const int8_t **taps)
{
    const int channels = layer->channels, groups = channels / 4, count = layer->kernel_height * layer->kernel_width;
    const int block = 8 + 4 * count; /* words */
    const int8_t **tap = taps;
    for (int ky = 0; ky < layer->kernel_height; ky++)
        for (int kx = 0; kx < layer->kernel_width; kx++)
            *tap++ = (const int8_t *)rows[ky] + kx * layer->column;
    btw_armv7m_depthwise_frame frame = {
        .end = layer->stream + groups * block,
        .taps = taps,
        .offset = layer->offset,
        .shift = layer->shift,
        .skip = (9 - 1 - (count - 1) % 9) * 44,
        .taps_end = tap,
        .next = layer->stride_width * channels - 4 * groups,
        .y_next = channels - 4 * groups,
        .y = y,
        .y_end = y + (layer->output_width - 1) * channels + 4 * groups,
        .stream = layer->stream,
    };
    btw_armv7m_depthwise_row(&frame);
    if (channels & 3) { /* the last 4 channels */
        frame.stream = frame.end;
        frame.end += block;
        frame.next = layer->stride_width * channels - 4;
        frame.y_next = channels - 4;
        frame.y = y + channels - 4;
        frame.y_end = y + layer->output_width * channels;
        frame.position = channels - 4;
        btw_armv7m_depthwise_row(&frame);
    }
}

#else
#include "btw_armv7m_twin.h"
#endif

#endif
