/* Depthwise 3x3 convolution, int8, Armv7E-M: 4 channels at a time, equals btw_depthwise_conv2d_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs at least 4 channels, and one output channel for each. Words are read from rows at any address. */
#include "btw_dsp.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FEATURE_DSP)

/* What the loop keeps on the stack: offsets are written into it. */
typedef struct {
    const int32_t *end;    /* 0: of the stream */
    int column;            /* 4: bytes from a column of the kernel to the next */
    int32_t offset;        /* 8 */
    int to_y;              /* 12: bytes from where row 0 is read next to where the result is stored */
    const int32_t *stream; /* 16 */
    const int8_t *run_end; /* 20: pixels are neighbours until here in row 0; null where they are not */
    int next;              /* 24: bytes from the end of a pixel to the next */
    int to_y_step;         /* 28: what each pixel adds to to_y */
    int8_t *y_last;        /* 32: the last result */
    int unused;            /* 36 */
    const int8_t *rows[3]; /* 40 */
} btw_depthwise_3x3_frame;

_Static_assert(sizeof(btw_depthwise_3x3_frame) == 52, "the loop copies 10 words and loads 3");

/* r0-r2 rows, r3 stream, r4-r7 sums, lr column; column 0 comes last: then its addresses are those of the next 4
 * channels. */
static __attribute__((noinline)) void btw_depthwise_3x3_row(const btw_depthwise_3x3_frame *frame)
{
    register const btw_depthwise_3x3_frame *r0 __asm("r0") = frame;
    __asm volatile(
        "push {r7, r12}\n\tldm r0!, {r2-r11}\n\tpush {r2-r11}\n\tldm r0, {r0, r1, r2}\n\t"
        "ldr r3, [sp, #16]\n\tldr lr, [sp, #4]\n"
        "1:\n\tldm r3!, {r4-r7}\n\t"
        "ldr r8, [r0, lr]\n\tldr r9, [r1, lr]\n\t" BTW_DSP_TWO_TAPS
        "ldr r8, [r0, lr, lsl #1]\n\tldr r9, [r1, lr, lsl #1]\n\t" BTW_DSP_TWO_TAPS
        "ldr r8, [r0], #4\n\tldr r9, [r1], #4\n\t" BTW_DSP_TWO_TAPS
        "ldr r8, [r2, lr]\n\tldr r9, [r2, lr, lsl #1]\n\t" BTW_DSP_TWO_TAPS
        "ldr r8, [r2], #4\n\tldrd r10, r11, [r3], #8\n\t"
        "sxtb16 r9, r8\n\tsmlabb r4, r9, r10, r4\n\tsmlatt r6, r9, r10, r6\n\t"
        "sxtb16 r8, r8, ror #8\n\tsmlabb r5, r8, r11, r5\n\tsmlatt r7, r8, r11, r7\n\t"
        "ldm r3!, {r8-r11}\n\tldrd r12, lr, [sp, #8]\n\t" BTW_DSP_DEPTHWISE_CODE("r4", "r8")
            BTW_DSP_DEPTHWISE_CODE("r5", "r9") BTW_DSP_DEPTHWISE_CODE("r6", "r10") BTW_DSP_DEPTHWISE_CODE(
                "r7", "r11") "bfi r4, r5, #8, #8\n\tbfi r4, r6, #16, #8\n\tbfi r4, r7, #24, #8\n\tstr r4, [r0, lr]\n\t"
                             "ldrd r8, lr, [sp]\n\tcmp r3, r8\n\tbne 1b\n\t"
                             "ldrd r3, r8, [sp, #16]\n\tcmp r0, r8\n\tblo 1b\n\t"
                             "ldrd r4, r5, [sp, #24]\n\tldr r6, [sp, #12]\n\tldr r7, [sp, #32]\n\t"
                             "add r8, r0, r6\n\tcmp r8, r7\n\t"
                             "add r0, r0, r4\n\tadd r1, r1, r4\n\tadd r2, r2, r4\n\tadd r6, r6, r5\n\tstr r6, [sp, "
                             "#12]\n\tbne 1b\n\t"
                             "add sp, sp, #40\n\tpop {r7, r12}\n\t"
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

/* `groups` times 4 channels from `first` on */
static void btw_depthwise_3x3_groups(const btw_packed_depthwise *layer, const void *const rows[], int8_t *y, int first,
                                     int groups, const int32_t *stream)
{
    const int pixel = layer->stride_width * layer->channels;
    const int8_t *const x = (const int8_t *)rows[0] + first;
    const btw_depthwise_3x3_frame frame = {
        .end = stream + groups * 26,
        .column = layer->column,
        .offset = layer->offset,
        .to_y = (int)((uint32_t)(y + first) - (uint32_t)x - 4u),
        .stream = stream,
        .run_end = pixel == 4 * groups ? x + layer->output_width * pixel : NULL,
        .next = pixel - 4 * groups,
        .to_y_step = layer->channels - pixel,
        .y_last = y + layer->output_width * layer->channels - layer->channels + first + 4 * groups - 4,
        .rows = {x, (const int8_t *)rows[1] + first, (const int8_t *)rows[2] + first},
    };
    btw_depthwise_3x3_row(&frame);
}

BTW_KERNEL BTW_FOLDED void btw_depthwise_conv2d_3x3_s8_dsp(const btw_packed_depthwise *layer, const void *const rows[],
                                                           int8_t *y)
{
    const int groups = layer->channels / 4;
    btw_depthwise_3x3_groups(layer, rows, y, 0, groups, layer->stream);
    if (layer->channels % 4)
        btw_depthwise_3x3_groups(layer, rows, y, layer->channels - 4, 1, layer->stream + groups * 26);
    btw_unproved_depthwise(layer, rows, y);
}

#endif
#endif
