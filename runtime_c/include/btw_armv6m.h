/* int8 windows on Armv6-M: packed layers, and the loops that compute them. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_ARMV6M_H
#define BTW_ARMV6M_H

#include "btw_packed.h"

/* stream of taps: as btw_armv7m.h explains, but that each multiplier is two words, its low 16 bits and the others.
 * (acc * multiplier) >> 32 is put together from four products of 16 bits; whoever packs the layer has made sure that
 * the sum of its middle ones fits 32 bits. stream of a depthwise layer, for each channel: bias, the weights, 0 behind
 * an odd number of them, the two words of the multiplier. Of the 3x3 kernel: bias, the weights of each column from top
 * to bottom, the two words; the shift is 3. */

/* scratch: the taps of a pixel, 4 bytes each, a multiple of 4 taps; of a depthwise one, an even number of pointers */
#if !defined(BTW_INLINE_KERNELS)
void btw_linear_s8_armv6m(const btw_packed_taps *layer, const int8_t *x, int8_t *y, int pixels, void *scratch);
void btw_conv2d_s8_armv6m(const btw_packed_conv2d *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_depthwise_conv2d_s8_armv6m(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y,
                                    void *scratch);
void btw_depthwise_conv2d_3x3_s8_armv6m(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y);
#endif

#if defined(__thumb__) && !defined(__thumb2__)

/* What the loop over blocks keeps on the stack: offsets are written into it. */
typedef struct {
    int skip_2, skip_4;    /* 0, 4: bytes of unrolled steps left out in the first pass, by 2 or 4 taps a sum */
    int8_t *y;             /* 8 */
    int32_t offset;        /* 12 */
    const int32_t *x;      /* 16: taps of the pixel */
    const int32_t *end;    /* 20: of the blocks */
    const int32_t *x_end;  /* 24 */
    const int32_t *stream; /* 28 */
    int shift;             /* 32 */
    int unused;            /* 36 */
} btw_armv6m_frame;

_Static_assert(sizeof(btw_armv6m_frame) == 40, "the loop copies 10 words");

/* Copies 10 words that r0 points to onto the stack; r7 may be a frame pointer and is kept here. */
#define BTW_ARMV6M_ENTER                                                                                               \
    ".syntax unified\n\tpush {r7}\n\tsub sp, #44\n\tmov r1, sp\n\tldmia r0!, {r2-r6}\n\tstmia r1!, {r2-r6}\n\t"        \
    "ldmia r0!, {r2-r6}\n\tstmia r1!, {r2-r6}\n\t"
#define BTW_ARMV6M_LEAVE "add sp, #44\n\tpop {r7}\n\t"

/* 2 taps of channels 0 | 1 and 2 | 3 into r2, r3: r0 x, r1 stream, r7 0x8000 */
#define BTW_ARMV6M_FIRST_TWO                                                                                           \
    "ldmia r0!, {r3, r4}\n\tldmia r1!, {r5, r6}\n\tmuls r5, r3, r5\n\tadds r2, r5, r7\n\tmuls r6, r3, r6\n\t"          \
    "adds r3, r6, r7\n\tldmia r1!, {r5, r6}\n\tmuls r5, r4, r5\n\tadds r2, r2, r5\n\tmuls r6, r4, r6\n\t"              \
    "adds r3, r3, r6\n\t"
#define BTW_ARMV6M_TAP                                                                                                 \
    "ldmia r0!, {r4}\n\tldmia r1!, {r5, r6}\n\tmuls r5, r4, r5\n\tadds r2, r2, r5\n\tmuls r6, r4, r6\n\t"              \
    "adds r3, r3, r6\n\t"
/* r8 r9 sums of channels 0 | 1, r10 r11 of 2 | 3 */
#define BTW_ARMV6M_APART                                                                                               \
    "add r8, r2\n\tasrs r2, r2, #16\n\tadd r9, r2\n\tadd r10, r3\n\tasrs r3, r3, #16\n\tadd r11, r3\n\t"

/* The sum in r2 to a code in r5, and to y in r0: r1 stream, r7 offset, shift on the stack */
#define BTW_ARMV6M_CODE(shift, place)                                                                                  \
    "ldmia r1!, {r3, r4}\n\tasrs r5, r2, #16\n\tuxth r2, r2\n\tmovs r6, r5\n\tmuls r6, r4, r6\n\tmuls r5, r3, r5\n\t"  \
    "muls r3, r2, r3\n\tmuls r4, r2, r4\n\tlsrs r3, r3, #16\n\tadds r4, r4, r5\n\tadds r4, r4, r3\n\t"                 \
    "asrs r4, r4, #16\n\tadds r4, r4, r6\n\tadds r4, r4, r7\n\tldr r5, [sp, " shift "]\n\tasrs r4, r4, r5\n\t"         \
    "sxtb r5, r4\n\tcmp r4, r5\n\tbeq 5f\n\tasrs r5, r4, #31\n\tmovs r6, #127\n\teors r5, r5, r6\n"                    \
    "5:\n\tstrb r5, [r0, " place "]\n\t"

/* The sum of the first channel of a pair into r2 */
#define BTW_ARMV6M_LOW(total, high) "mov r3, " high "\n\tlsls r3, r3, #16\n\tmov r2, " total "\n\tsubs r2, r2, r3\n\t"

#define BTW_ARMV6M_CLOBBERS "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory"

/* 1-4: a block, 2 with sums of 2 taps, 3 of 4; steps of 4 taps are 68 and 58 bytes of code */
static __attribute__((noinline, unused, aligned(4))) void btw_armv6m_blocks(const btw_armv6m_frame *frame)
{
    register const btw_armv6m_frame *r0 __asm("r0") = frame;
    __asm volatile(
        BTW_ARMV6M_ENTER
        "adr r2, 2f\n\tldr r3, [sp, #0]\n\tadds r2, r2, r3\n\tstr r2, [sp, #0]\n\t"
        "adr r2, 3f\n\tldr r3, [sp, #4]\n\tadds r2, r2, r3\n\tstr r2, [sp, #4]\n\t"
        "ldr r1, [sp, #28]\n\tldr r2, [sp, #24]\n\tmov r12, r2\n"
        "1:\n\tldmia r1!, {r2-r6}\n\tmov r8, r2\n\tmov r9, r3\n\tmov r10, r4\n\tmov r11, r5\n\t"
        "movs r7, #128\n\tlsls r7, r7, #8\n\tldr r0, [sp, #16]\n\tlsls r6, r6, #2\n\tadd r6, sp\n\tldr r6, [r6]\n\t"
        "mov pc, r6\n\t.balign 4\n"
        "3:\n\t.rept 3\n\t" BTW_ARMV6M_FIRST_TWO BTW_ARMV6M_TAP BTW_ARMV6M_TAP BTW_ARMV6M_APART
        ".endr\n\tcmp r0, r12\n\tbne 3b\n\tb 4f\n\t.balign 4\n"
        "2:\n\t.rept 6\n\t" BTW_ARMV6M_FIRST_TWO BTW_ARMV6M_APART ".endr\n\tcmp r0, r12\n\tbne 2b\n"
        "4:\n\tldr r0, [sp, #8]\n\tldr r7, [sp, #12]\n\t" BTW_ARMV6M_LOW("r8", "r9") BTW_ARMV6M_CODE(
            "#32", "#0") "mov r2, r9\n\t" BTW_ARMV6M_CODE("#32", "#1") BTW_ARMV6M_LOW("r10", "r11")
            BTW_ARMV6M_CODE("#32", "#2") "mov r2, r11\n\t" BTW_ARMV6M_CODE(
                "#32", "#3") "adds r0, #4\n\tstr r0, [sp, #8]\n\tldr r2, [sp, #20]\n\tcmp r1, r2\n\tbeq 6f\n\tb 1b\n"
                             "6:\n\t" BTW_ARMV6M_LEAVE
        : "+r"(r0)
        :
        : BTW_ARMV6M_CLOBBERS);
}

/* to[count] = from[count], count a multiple of 4 above 0 */
static __attribute__((noinline, unused)) void btw_armv6m_widen(const int8_t *from, int32_t *to, int count)
{
    register const int8_t *r0 __asm("r0") = from;
    register int32_t *r1 __asm("r1") = to;
    register int32_t *r2 __asm("r2") = to + count;
    __asm volatile(".syntax unified\n\tpush {r7}\n\tmov r12, r2\n\tmovs r4, #0\n\tmovs r5, #1\n\tmovs r6, #2\n\t"
                   "movs r7, #3\n"
                   "1:\n\tldrsb r2, [r0, r4]\n\tldrsb r3, [r0, r5]\n\tstmia r1!, {r2, r3}\n\t"
                   "ldrsb r2, [r0, r6]\n\tldrsb r3, [r0, r7]\n\tstmia r1!, {r2, r3}\n\tadds r0, #4\n\t"
                   "cmp r1, r12\n\tbne 1b\n\tpop {r7}\n\t"
                   : "+r"(r0), "+r"(r1), "+r"(r2)
                   :
                   : "r3", "r4", "r5", "r6", "r12", "cc", "memory");
}

/* y[pixels][output_channels] of windows that lie `step` bytes apart: rows[i] is where run i of the first one begins. */
static __attribute__((noinline, unused)) void btw_armv6m_windows(const btw_packed_taps *layer, const void *const rows[],
                                                                 int step, int8_t *y, int pixels, void *scratch)
{
    int32_t *const x = scratch;
    const int bytes = layer->row_bytes, taps = (layer->rows * bytes + 3) & ~3, quads = bytes & ~3;
    const int channels = layer->output_channels, blocks = channels / 4, block = 13 + 2 * taps; /* words */
    const int steps = (3 - taps / 4 % 3) % 3, runs = layer->rows;
    int8_t few[4];
    btw_armv6m_frame frame = {
        .skip_2 = steps * 68,
        .skip_4 = steps * 58,
        .offset = layer->offset,
        .x = x,
        .x_end = x + taps,
        .shift = layer->shift,
    };
    for (int pixel = 0, at = 0; pixel < pixels; pixel++, at += step, y += channels) {
        int32_t *to = x;
        for (int row = 0; row < runs; row++, to += bytes) {
            const int8_t *const from = (const int8_t *)rows[row] + at;
            if (quads)
                btw_armv6m_widen(from, to, quads);
            for (int i = quads; i < bytes; i++)
                to[i] = from[i];
        }
        if (blocks) {
            frame.y = y;
            frame.stream = layer->stream;
            frame.end = layer->stream + blocks * block;
            btw_armv6m_blocks(&frame);
        }
        if (channels & 3) { /* the last 4 channels, or fewer */
            frame.y = channels < 4 ? few : y + channels - 4;
            frame.stream = layer->stream + blocks * block;
            frame.end = frame.stream + block;
            btw_armv6m_blocks(&frame);
            for (int oc = 0; channels < 4 && oc < channels; oc++)
                y[oc] = few[oc];
        }
    }
}

/* What the depthwise loop keeps on the stack. */
typedef struct {
    int skip;                      /* 0: bytes of unrolled taps left out in the first pass */
    const int8_t *const *taps;     /* 4 */
    int8_t *y;                     /* 8 */
    int32_t offset;                /* 12 */
    const int8_t *const *taps_end; /* 16 */
    const int32_t *end;            /* 20: of the stream */
    const int32_t *stream;         /* 24 */
    int position;                  /* 28: of the pixel behind its taps */
    int shift;                     /* 32 */
    int unused;                    /* 36 */
} btw_armv6m_depthwise_frame;

_Static_assert(sizeof(btw_armv6m_depthwise_frame) == 40, "the loop copies 10 words");

/* 1: a channel, r0 taps, r1 stream, r2 sum, r3 position; 2: two taps, 16 bytes of code */
static __attribute__((noinline, unused, aligned(4))) void
btw_armv6m_depthwise_pixel(const btw_armv6m_depthwise_frame *frame)
{
    register const btw_armv6m_depthwise_frame *r0 __asm("r0") = frame;
    __asm volatile(
        BTW_ARMV6M_ENTER
        "adr r2, 2f\n\tldr r3, [sp, #0]\n\tadds r2, r2, r3\n\tmov r9, r2\n\t"
        "ldr r1, [sp, #24]\n\tldr r3, [sp, #28]\n\tmov r8, r3\n\tldr r2, [sp, #16]\n\tmov r12, r2\n"
        "1:\n\tldr r0, [sp, #4]\n\tldmia r1!, {r2}\n\tmov r3, r8\n\tmov pc, r9\n\t.balign 4\n"
        "2:\n\t.rept 5\n\tldmia r0!, {r4, r5}\n\tldrsb r4, [r4, r3]\n\tldrsb r5, [r5, r3]\n\tldmia r1!, {r6, r7}\n\t"
        "muls r4, r6, r4\n\tmuls r5, r7, r5\n\tadds r2, r2, r4\n\tadds r2, r2, r5\n\t.endr\n\t"
        "cmp r0, r12\n\tbne 2b\n\tldr r0, [sp, #8]\n\tldr r7, [sp, #12]\n\t" BTW_ARMV6M_CODE(
            "#32", "#0") "adds r0, #1\n\tstr r0, [sp, #8]\n\tmovs r3, #1\n\tadd r8, r3\n\tldr r2, [sp, #20]\n\tcmp r1, "
                         "r2\n\tbne 1b\n\t" BTW_ARMV6M_LEAVE
        : "+r"(r0)
        :
        : BTW_ARMV6M_CLOBBERS);
}

/* One output row; scratch: pointers to the taps, an even number */
static inline void btw_armv6m_depthwise_rows(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y,
                                             const int8_t **taps)
{
    const int channels = layer->channels;
    const int8_t **tap = taps;
    for (int ky = 0; ky < layer->kernel_height; ky++)
        for (int kx = 0; kx < layer->kernel_width; kx++)
            *tap++ = (const int8_t *)rows[ky] + kx * layer->column;
    if ((tap - taps) % 2) {
        *tap = tap[-1];
        tap++;
    }
    const int count = (int)(tap - taps);
    btw_armv6m_depthwise_frame frame = {
        .skip = (5 - count / 2 % 5) % 5 * 16,
        .taps = taps,
        .offset = layer->offset,
        .taps_end = tap,
        .end = layer->stream + channels * (3 + count),
        .stream = layer->stream,
        .shift = layer->shift,
    };
    for (int ox = 0; ox < layer->output_width; ox++, y += channels) {
        frame.y = y;
        btw_armv6m_depthwise_pixel(&frame);
        frame.position += layer->stride_width * channels;
    }
}

#else
#include "btw_armv6m_twin.h"
#endif

#endif
