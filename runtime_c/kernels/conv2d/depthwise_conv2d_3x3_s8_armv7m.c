/* Depthwise 3x3 convolution, int8, Armv7-M: a channel of 4 pixels at a time, equals btw_depthwise_conv2d_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs one output channel for each input channel. */
#include "btw_armv7m.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__thumb2__)

/* What the loops keep on the stack: offsets are written into them. */
typedef struct {
    int to_y;              /* 0: bytes from where row 2 is read next to where the result is stored */
    int32_t offset;        /* 4 */
    const int32_t *end;    /* 8: of the stream */
    const int32_t *stream; /* 12 */
    int next;              /* 16: bytes from behind the channels of some pixels to those of the next */
    int to_y_step;         /* 20: what the next pixels add to to_y */
    const int8_t *row_end; /* 24: of row 2, behind the last pixels */
    int column;            /* 28: bytes from a column of the kernel to the next */
    const int8_t *rows[3]; /* 32 */
} btw_armv7m_depthwise_3x3_frame;

_Static_assert(sizeof(btw_armv7m_depthwise_3x3_frame) == 44, "the loops copy 8 words and load 3");

/* r0-r2 rows, r3 stream, r4-r7 sums, r8-r10 weights, r11 a pixel, lr a column, r12 three; r7 may be a frame pointer and
 * is kept here. */
#define BTW_ARMV7M_3X3_ENTER                                                                                           \
    "push {r7, r12}\n\tldm r0!, {r2-r9}\n\tpush {r2-r9}\n\tldm r0, {r0, r1, r2}\n\tldr r3, [sp, #12]\n\t"              \
    "ldr lr, [sp, #28]\n\tadd r12, lr, lr, lsl #1\n"
/* Sums to codes: y r8, offset r9, multiplier r10; then the next channel, at 1 */
#define BTW_ARMV7M_3X3_CODES                                                                                           \
    "ldrd r8, r9, [sp]\n\tadd r8, r2, r8\n\t.irp acc, r4, r5, r6, r7\n\tsmull r11, \\acc, \\acc, r10\n\t"              \
    "add \\acc, \\acc, r9\n\tssat \\acc, #8, \\acc, asr #3\n\t.endr\n\tstrb r4, [r8]\n\tstrb r5, [r8, lr]\n\t"         \
    "strb r6, [r8, lr, lsl #1]\n\tstrb r7, [r8, r12]\n\tldr r8, [sp, #8]\n\tcmp r3, r8\n\tbne 1b\n\t"
/* The next pixels, where there are any at 0 */
#define BTW_ARMV7M_3X3_NEXT                                                                                            \
    "ldr r3, [sp, #12]\n\tldrd r8, r9, [sp, #16]\n\tldr r10, [sp]\n\tldr r11, [sp, #24]\n\tadd r0, r0, r8\n\t"         \
    "add r1, r1, r8\n\tadd r2, r2, r8\n\tadd r10, r10, r9\n\tstr r10, [sp]\n\tcmp r2, r11\n\tbne 0b\n\t"               \
    "add sp, sp, #32\n\tpop {r7, r12}\n\t"

/* 4 pixels, each a column behind the one before. Column 3 comes first, for its sums begin with the bias in r4; column 0
 * last, for then its address is that of the next channel. */
static __attribute__((noinline, unused)) void
btw_armv7m_depthwise_3x3_neighbours(const btw_armv7m_depthwise_3x3_frame *frame)
{
    register const btw_armv7m_depthwise_3x3_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_ARMV7M_3X3_ENTER
                   "0:\n1:\n\tldm r3!, {r4, r8-r10}\n\tldrsb r11, [r0, r12]\n\tmla r5, r11, r10, r4\n\t"
                   "mla r6, r11, r8, r4\n\tmla r7, r11, r9, r4\n\t"
                   ".irp row, r0, r1, r2\n\t"
                   ".ifnc \\row, r0\n\tldm r3!, {r8-r10}\n\tldrsb r11, [\\row, r12]\n\tmla r5, r11, r10, r5\n\t"
                   "mla r6, r11, r8, r6\n\tmla r7, r11, r9, r7\n\t.endif\n\t"
                   "ldrsb r11, [\\row, lr]\n\tmla r4, r11, r8, r4\n\tmla r5, r11, r9, r5\n\t"
                   "ldrsb r11, [\\row, lr, lsl #1]\n\tmla r4, r11, r10, r4\n\tmla r5, r11, r8, r5\n\t"
                   "mla r6, r11, r9, r6\n\t"
                   "ldrsb r11, [\\row, lr, lsl #2]\n\tmla r6, r11, r10, r6\n\tmla r7, r11, r8, r7\n\t"
                   "add r11, \\row, lr\n\tldrsb r11, [r11, lr, lsl #2]\n\tmla r7, r11, r10, r7\n\t"
                   "ldrsb r11, [\\row], #1\n\tmla r4, r11, r9, r4\n\t"
                   ".endr\n\t"
                   "ldr r10, [r3], #4\n\t" BTW_ARMV7M_3X3_CODES BTW_ARMV7M_3X3_NEXT
                   : "+r"(r0)
                   :
                   : BTW_ARMV7M_CLOBBERS);
}

/* 4 pixels, each two columns behind the one before: odd columns first, which meet a weight in r10, then even ones */
static __attribute__((noinline, unused)) void
btw_armv7m_depthwise_3x3_every_second(const btw_armv7m_depthwise_3x3_frame *frame)
{
    register const btw_armv7m_depthwise_3x3_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_ARMV7M_3X3_ENTER
                   "0:\n1:\n\tldm r3!, {r4, r10}\n\tldrsb r11, [r0, r12]\n\tmla r5, r11, r10, r4\n\tadd r9, r0, lr\n\t"
                   "ldrsb r11, [r9, lr, lsl #2]\n\tmla r6, r11, r10, r4\n\t"
                   "ldrsb r11, [r9, r12, lsl #1]\n\tmla r7, r11, r10, r4\n\t"
                   ".irp row, r0, r1, r2\n\t"
                   ".ifnc \\row, r0\n\tldrsb r11, [\\row, r12]\n\tmla r5, r11, r10, r5\n\tadd r9, \\row, lr\n\t"
                   "ldrsb r11, [r9, lr, lsl #2]\n\tmla r6, r11, r10, r6\n\t"
                   "ldrsb r11, [r9, r12, lsl #1]\n\tmla r7, r11, r10, r7\n\t.endif\n\t"
                   "ldrsb r11, [\\row, lr]\n\tmla r4, r11, r10, r4\n\tldm r3!, {r8-r10}\n\t"
                   "ldrsb r11, [\\row, lr, lsl #1]\n\tmla r4, r11, r9, r4\n\tmla r5, r11, r8, r5\n\t"
                   "ldrsb r11, [\\row, lr, lsl #2]\n\tmla r5, r11, r9, r5\n\tmla r6, r11, r8, r6\n\t"
                   "ldrsb r11, [\\row, r12, lsl #1]\n\tmla r6, r11, r9, r6\n\tmla r7, r11, r8, r7\n\t"
                   "ldrsb r11, [\\row, lr, lsl #3]\n\tmla r7, r11, r9, r7\n\t"
                   "ldrsb r11, [\\row], #1\n\tmla r4, r11, r8, r4\n\t"
                   ".endr\n\t" BTW_ARMV7M_3X3_CODES BTW_ARMV7M_3X3_NEXT
                   : "+r"(r0)
                   :
                   : BTW_ARMV7M_CLOBBERS);
}

/* One pixel of any stride and dilation: r5 to_y, r6 offset, r7 end of the stream, r12 multiplier */
static __attribute__((noinline, unused)) void
btw_armv7m_depthwise_3x3_pixels(const btw_armv7m_depthwise_3x3_frame *frame)
{
    register const btw_armv7m_depthwise_3x3_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_ARMV7M_3X3_ENTER
                   "0:\n\tldrd r5, r6, [sp]\n\tldr r7, [sp, #8]\n"
                   "1:\n\tldr r4, [r3], #4\n\t"
                   ".irp row, r0, r1, r2\n\t"
                   ".ifc \\row, r2\n\tldm r3!, {r8-r10, r12}\n\t.else\n\tldm r3!, {r8-r10}\n\t.endif\n\t"
                   "ldrsb r11, [\\row, lr]\n\tmla r4, r11, r8, r4\n\t"
                   "ldrsb r11, [\\row, lr, lsl #1]\n\tmla r4, r11, r10, r4\n\t"
                   "ldrsb r11, [\\row], #1\n\tmla r4, r11, r9, r4\n\t"
                   ".endr\n\t"
                   "smull r11, r4, r4, r12\n\tadd r4, r4, r6\n\tssat r4, #8, r4, asr #3\n\tstrb r4, [r2, r5]\n\t"
                   "cmp r3, r7\n\tbne 1b\n\t" BTW_ARMV7M_3X3_NEXT
                   : "+r"(r0)
                   :
                   : BTW_ARMV7M_CLOBBERS);
}

BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_3x3_s8_armv7m(const btw_packed_depthwise *layer,
                                                              const void *const rows[], int8_t *y)
{
    const int channels = layer->channels, pixel = layer->stride_width * channels;
    const int four = layer->column == channels && layer->stride_width <= 2 ? layer->output_width & ~3 : 0;
    btw_armv7m_depthwise_3x3_frame frame = {
        .to_y = (int)((uint32_t)y - (uint32_t)rows[2] - 1u),
        .offset = layer->offset,
        .end = layer->stream + 11 * channels,
        .stream = layer->stream,
        .next = 4 * pixel - channels,
        .to_y_step = 4 * (channels - pixel),
        .row_end = (const int8_t *)rows[2] + four * pixel,
        .column = layer->column,
        .rows = {rows[0], rows[1], rows[2]},
    };
    if (four && layer->stride_width == 1)
        btw_armv7m_depthwise_3x3_neighbours(&frame);
    else if (four)
        btw_armv7m_depthwise_3x3_every_second(&frame);
    if (four < layer->output_width) {
        frame.to_y += four * (channels - pixel);
        frame.next = pixel - channels;
        frame.to_y_step = channels - pixel;
        frame.row_end = (const int8_t *)rows[2] + layer->output_width * pixel;
        for (int ky = 0; ky < 3; ky++)
            frame.rows[ky] += four * pixel;
        btw_armv7m_depthwise_3x3_pixels(&frame);
    }
    btw_unproved_depthwise(layer, rows, y);
}

#endif
#endif
