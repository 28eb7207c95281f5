/* 3x3 convolution of 3 channels (a first layer), int8, Armv7E-M: 27 taps as 28, equals btw_conv2d_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs a multiple of 4 output channels and at least 2 output pixels a row. Words are read from rows at any address. */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FEATURE_DSP)

/* What the loop keeps on the stack: offsets are written into it. */
typedef struct {
    int8_t *y0, *y1;       /* 0, 4 */
    int32_t offset;        /* 8 */
    void *x;               /* 12: widened taps of a pair of pixels */
    const int32_t *end;    /* 16: of the stream */
    const int8_t *rows[3]; /* 20 */
    void *x_again;         /* 32 */
    int step;              /* 36: bytes from a pixel to the next */
    int next;              /* 40: bytes from behind the second word of a pixel to the next pair */
    int8_t *y_end;         /* 44 */
    const int32_t *stream; /* 48 */
    int unused;            /* 52 */
} btw_conv2d_3x3x3_frame;

_Static_assert(sizeof(btw_conv2d_3x3x3_frame) == 56, "the loop copies 14 words");

/* 8 bytes of two pixels */
#define BTW_3X3X3_ROW(row)                                                                                             \
    "add r6, " row ", r11\n\t.rept 2\n\tldr r4, [" row "], #4\n\tldr r5, [r6], #4\n\tsxtb16 r7, r4\n\t"                \
    "sxtb16 r8, r5\n\tsxtb16 r9, r4, ror #8\n\tsxtb16 r10, r5, ror #8\n\tstm r3!, {r7-r10}\n\t.endr\n\t"

static __attribute__((noinline)) void btw_conv2d_3x3x3_pairs(const btw_conv2d_3x3x3_frame *frame)
{
    register const btw_conv2d_3x3x3_frame *r0 __asm("r0") = frame;
    __asm volatile("push {r7, r12}\n\tadd r1, r0, #28\n\tldm r1, {r2-r6, r8, r9}\n\tpush {r2-r6, r8, r9}\n\t"
                   "ldm r0, {r2-r6, r8, r9}\n\tpush {r2-r6, r8, r9}\n"
                   /* a pair: r0-r2 rows, r3 widened taps, r11 step, r12 next */
                   "0:\n\tadd r10, sp, #20\n\tldm r10, {r0, r1, r2, r3, r11, r12}\n\t" BTW_3X3X3_ROW("r0")
                       BTW_3X3X3_ROW("r1") BTW_3X3X3_ROW("r2")
                   /* the last byte of each row */
                   "ldrsb r4, [r0]\n\tldrsb r5, [r0, r11]\n\tldrsb r6, [r1]\n\tldrsb r7, [r1, r11]\n\t"
                   "pkhbt r4, r4, r6, lsl #16\n\tpkhbt r5, r5, r7, lsl #16\n\tldrsb r6, [r2]\n\tldrsb r7, [r2, r11]\n\t"
                   "stm r3!, {r4-r7}\n\tadd r0, r0, r12\n\tadd r1, r1, r12\n\tadd r2, r2, r12\n\t"
                   "strd r0, r1, [sp, #20]\n\tstr r2, [sp, #28]\n\tldr r0, [sp, #12]\n\tldr r1, [sp, #48]\n"
                   "1:\n\t" BTW_DSP_FIRST ".rept 13\n\t" BTW_DSP_STEP ".endr\n\t" BTW_DSP_CODES
                   "cmp r1, r12\n\tbne 1b\n\t"
                   "rsb r10, r10, r11, lsl #1\n\tstrd r11, r10, [sp]\n\tldr r2, [sp, #44]\n\tcmp r11, r2\n\tbne 0b\n\t"
                   "add sp, sp, #56\n\tpop {r7, r12}\n\t"
                   : "+r"(r0)
                   :
                   : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

/* scratch: 112 bytes */
BTW_KERNEL BTW_FOLDED void btw_conv2d_3x3x3_s8_dsp(const btw_packed_conv2d *layer, const void *const rows[], int8_t *y,
                                                   void *scratch)
{
    const int channels = layer->taps.output_channels, width = layer->output_width;
    btw_conv2d_3x3x3_frame frame = {
        .y0 = y,
        .y1 = y + channels,
        .offset = layer->taps.offset,
        .x = scratch,
        .end = layer->taps.stream + channels / 4 * (8 + 8 * 7),
        .rows = {rows[0], rows[1], rows[2]},
        .x_again = scratch,
        .step = layer->pixel_step,
        .next = 2 * layer->pixel_step - 8,
        .y_end = y + (width & ~1) * channels,
        .stream = layer->taps.stream,
    };
    btw_conv2d_3x3x3_pairs(&frame);
    if (width & 1) { /* the last pixel together with the one before it, again */
        const int first = (width - 2) * layer->pixel_step;
        frame.y0 = y + (width - 2) * channels;
        frame.y1 = y + (width - 1) * channels;
        frame.y_end = y + width * channels;
        for (int ky = 0; ky < 3; ky++)
            frame.rows[ky] = (const int8_t *)rows[ky] + first;
        btw_conv2d_3x3x3_pairs(&frame);
    }
    btw_unproved_conv2d(layer, rows, y);
}

#endif
#endif
