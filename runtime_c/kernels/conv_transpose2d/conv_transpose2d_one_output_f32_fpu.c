/* One row of a transposed 2-D convolution to one channel, float32, Armv7E-M with FPU: 4 input channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_conv_transpose2d_f32_scalar but for rounding. */
#include "conv_transpose2d_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Pixels that lie a stride apart, whose taps are one input pixel apart. */
typedef struct {
    const btw_conv_transpose2d_tap *taps, *end;
    float *y;
    int pixels;
    int y_step, x_step; /* bytes */
    int fours, ones;    /* of input channels */
    float bias;
} btw_conv_transpose2d_one_output_frame;

/* r1 taps, r2 their end, r3 y, r4 pixels left, r5 r6 steps, r8 a tap, r9 x, r10 weights, r11 fours, r12 bytes from the
 * taps to those of this pixel, lr ones; s0-s3 sums, s12 bias, s13 0 */
static __attribute__((noinline)) void
btw_conv_transpose2d_one_output(const btw_conv_transpose2d_one_output_frame *frame)
{
    register const btw_conv_transpose2d_one_output_frame *r0 __asm("r0") = frame;
    __asm volatile(
        "vldr s12, [r0, #32]\n\tvsub.f32 s13, s12, s12\n\tldrd r11, lr, [r0, #24]\n\tldm r0, {r1-r6}\n\t"
        "mov r12, #0\n"
        "1:\n\tmov r8, r1\n\tvmov.f32 s0, s12\n\tvmov.f32 s1, s13\n\tvmov.f32 s2, s13\n\tvmov.f32 s3, s13\n\t"
        "cmp r8, r2\n\tbeq 6f\n"
        "2:\n\tldrd r9, r10, [r8], #8\n\tadd r9, r9, r12\n\tmovs r0, r11\n\tbeq 4f\n"
        "3:\n\tvldmia r9!, {s4-s7}\n\tvldmia r10!, {s8-s11}\n\tvfma.f32 s0, s4, s8\n\tvfma.f32 s1, s5, s9\n\t"
        "vfma.f32 s2, s6, s10\n\tvfma.f32 s3, s7, s11\n\tsubs r0, r0, #1\n\tbne 3b\n"
        "4:\n\tmovs r0, lr\n\tbeq 5f\n"
        "7:\n\tvldmia r9!, {s4}\n\tvldmia r10!, {s8}\n\tvfma.f32 s0, s4, s8\n\tsubs r0, r0, #1\n\tbne 7b\n"
        "5:\n\tcmp r8, r2\n\tbne 2b\n"
        "6:\n\tvadd.f32 s0, s0, s1\n\tvadd.f32 s2, s2, s3\n\tvadd.f32 s0, s0, s2\n\tvstr s0, [r3]\n\t"
        "add r3, r3, r5\n\tadd r12, r12, r6\n\tsubs r4, r4, #1\n\tbne 1b\n\t"
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory", "s0", "s1", "s2",
          "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13");
}

/* How many pixels behind ox, a stride apart, have the same weights for the input pixels that follow. */
static inline int btw_conv_transpose2d_more(const btw_conv_transpose2d_f32 *layer, int ox)
{
    int more = (layer->output_width - 1 - ox) / layer->stride_width;
    for (int kx = 0; kx < layer->kernel_width; kx++) {
        const int across = ox + layer->left - kx * layer->dilation_width, ix = across / layer->stride_width;
        if (across % layer->stride_width || ix >= layer->input_width)
            continue;
        const int last = across < 0 ? -ix - 1 : layer->input_width - 1 - ix; /* before one enters, or leaves */
        more = last < more ? last : more;
    }
    return more;
}

/* scratch: two pointers for each weight of a channel */
BTW_KERNEL void btw_conv_transpose2d_one_output_f32_fpu(const btw_conv_transpose2d_f32 *layer, const void *const rows[],
                                                        float *y, void *scratch)
{
    const int stride = layer->stride_width, inputs = layer->input_channels;
    btw_conv_transpose2d_tap *const taps = scratch;
    for (int phase = 0; phase < stride; phase++) {
        for (int ox = phase; ox < layer->output_width;) {
            const btw_conv_transpose2d_one_output_frame frame = {
                .taps = taps,
                .end = btw_conv_transpose2d_taps(layer, rows, ox, 1, taps),
                .y = y + ox,
                .pixels = 1 + btw_conv_transpose2d_more(layer, ox),
                .y_step = stride * (int)sizeof(float),
                .x_step = inputs * (int)sizeof(float),
                .fours = inputs / 4,
                .ones = inputs % 4,
                .bias = layer->bias[0],
            };
            btw_conv_transpose2d_one_output(&frame);
            ox += frame.pixels * stride;
        }
    }
}

#endif
