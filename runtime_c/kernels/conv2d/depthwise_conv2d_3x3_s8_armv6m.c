/* Depthwise 3x3 convolution, int8, Armv6-M: as btw_depthwise_conv2d_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs one output channel for each input channel. */
#include "btw_armv6m.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__thumb__) && !defined(__thumb2__)

/* What the loop reads; it keeps the first 10 words on the stack, and offsets are written into it. */
typedef struct {
    int back;              /* 0: bytes from column 2 of a channel to column 0 of the next */
    int next;              /* 4: bytes from behind the channels of a pixel to those of the next */
    int to_y_step;         /* 8: what the next pixel adds to to_y */
    int pixels;            /* 12 */
    const int8_t *rows[3]; /* 16 */
    const int32_t *stream; /* 28 */
    uint32_t to_y;         /* 32: where the result is stored, minus the position of column 2 in the rows */
    int column;            /* 36: bytes from a column of the kernel to the next */
    const int32_t *end;    /* 40: of the stream */
    int32_t offset;        /* 44 */
} btw_armv6m_depthwise_3x3_frame;

_Static_assert(sizeof(btw_armv6m_depthwise_3x3_frame) == 48, "the loop copies 10 words and loads 2");

/* 0: a pixel; 1: a channel: r0-r2 rows, r3 stream, r4 sum, r7 position; r8 r9 rows 0 and 1, r10 column, r11 to_y, r12
 * end, lr offset */
static __attribute__((noinline, unused)) void btw_armv6m_depthwise_3x3_row(const btw_armv6m_depthwise_3x3_frame *frame)
{
    register const btw_armv6m_depthwise_3x3_frame *r0 __asm("r0") = frame;
    __asm volatile(
        BTW_ARMV6M_ENTER
        "ldmia r0!, {r2, r3}\n\tmov r12, r2\n\tmov lr, r3\n\tldr r2, [sp, #36]\n\tmov r10, r2\n\t"
        "ldr r2, [sp, #32]\n\tmov r11, r2\n\tldr r0, [sp, #16]\n\tmov r8, r0\n\tldr r1, [sp, #20]\n\tmov r9, r1\n\t"
        "ldr r2, [sp, #24]\n\tmovs r7, #0\n"
        "0:\n\tldr r3, [sp, #28]\n"
        "1:\n\tmov r0, r8\n\tmov r1, r9\n\tldmia r3!, {r4}\n\t"
        ".irp column, 0, 1, 2\n\t.irp row, r0, r1, r2\n\t"
        "ldrsb r5, [\\row, r7]\n\tldmia r3!, {r6}\n\tmuls r5, r6, r5\n\tadds r4, r4, r5\n\t.endr\n\t"
        ".if \\column < 2\n\tadd r7, r10\n\t.endif\n\t.endr\n\t"
        "ldmia r3!, {r0, r1}\n\tasrs r5, r4, #16\n\tuxth r4, r4\n\tmovs r6, r5\n\tmuls r6, r1, r6\n\tmuls r5, r0, "
        "r5\n\t"
        "muls r0, r4, r0\n\tmuls r1, r4, r1\n\tlsrs r0, r0, #16\n\tadds r1, r1, r5\n\tadds r1, r1, r0\n\t"
        "asrs r1, r1, #16\n\tadds r1, r1, r6\n\tadd r1, lr\n\tasrs r1, r1, #3\n\t"
        "sxtb r5, r1\n\tcmp r1, r5\n\tbeq 2f\n\tasrs r5, r1, #31\n\tmovs r6, #127\n\teors r5, r5, r6\n"
        "2:\n\tmov r6, r11\n\tstrb r5, [r6, r7]\n\tldr r5, [sp, #0]\n\tadds r7, r7, r5\n\tcmp r3, r12\n\tbne 1b\n\t"
        "ldr r5, [sp, #4]\n\tadds r7, r7, r5\n\tldr r5, [sp, #8]\n\tadd r11, r5\n\t"
        "ldr r5, [sp, #12]\n\tsubs r5, #1\n\tstr r5, [sp, #12]\n\tbne 0b\n\t" BTW_ARMV6M_LEAVE
        : "+r"(r0)
        :
        : BTW_ARMV6M_CLOBBERS);
}

BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_3x3_s8_armv6m(const btw_packed_depthwise *layer,
                                                              const void *const rows[], int8_t *y)
{
    const int channels = layer->channels, more = (layer->stride_width - 1) * channels;
    const btw_armv6m_depthwise_3x3_frame frame = {
        .back = 1 - 2 * layer->column,
        .next = more,
        .to_y_step = -more,
        .pixels = layer->output_width,
        .rows = {rows[0], rows[1], rows[2]},
        .stream = layer->stream,
        .to_y = (uint32_t)y - 2 * (uint32_t)layer->column,
        .column = layer->column,
        .end = layer->stream + 12 * channels,
        .offset = layer->offset,
    };
    btw_armv6m_depthwise_3x3_row(&frame);
    btw_unproved_depthwise(layer, rows, y);
}

#endif
#endif
