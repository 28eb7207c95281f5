/* One row of a transposed 2-D convolution without groups, float32, Armv7E-M with FPU: 4 output channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_conv_transpose2d_f32_scalar but for rounding. */
#include "conv_transpose2d_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const btw_conv_transpose2d_tap *taps;
    const btw_conv_transpose2d_tap *end;
    float *y;
    int blocks;
    const float *bias;
    int block; /* bytes from the weights of a block to the next */
    int fours; /* of input channels */
    int ones;
    int first; /* bytes to the weights of the first block */
} btw_conv_transpose2d_f32_fpu_frame;

/* VMUL and VADD, not VFMA: 2 cycles on Cortex-M4 instead of 3 */
#define BTW_CONV_TRANSPOSE2D_F32_FPU_ADD(x, w0, w1, w2, w3)                                                            \
    "vmul.f32 s24, " x ", " w0 "\n\tvmul.f32 s25, " x ", " w1 "\n\tvmul.f32 s26, " x ", " w2 "\n\tvmul.f32 s27, " x    \
    ", " w3 "\n\t"                                                                                                     \
    "vadd.f32 s0, s0, s24\n\tvadd.f32 s1, s1, s25\n\tvadd.f32 s2, s2, s26\n\tvadd.f32 s3, s3, s27\n\t"

/* r1 taps, r2 their end, r3 y, r4 blocks left, r5 bias, r6 block, r8 a tap, r9 x, r10 weights; [sp]: fours, ones, bytes
 * to the weights of this block */
static __attribute__((noinline)) void
btw_conv_transpose2d_f32_fpu_blocks(const btw_conv_transpose2d_f32_fpu_frame *frame)
{
    register const btw_conv_transpose2d_f32_fpu_frame *r0 __asm("r0") = frame;
    __asm volatile(
        "ldm r0, {r1-r6, r8-r10}\n\tpush {r8-r10}\n"
        "1:\n\tvldmia r5!, {s0-s3}\n\tmov r8, r1\n\tcmp r8, r2\n\tbeq 6f\n"
        "2:\n\tldrd r9, r10, [r8], #8\n\tldr r0, [sp, #8]\n\tadd r10, r10, r0\n\t"
        "ldr r0, [sp]\n\tcmp r0, #0\n\tbeq 4f\n"
        "3:\n\tvldmia r9!, {s4-s7}\n\tvldmia r10!, {s8-s23}\n\t" BTW_CONV_TRANSPOSE2D_F32_FPU_ADD(
            "s4", "s8", "s9", "s10", "s11") BTW_CONV_TRANSPOSE2D_F32_FPU_ADD("s5", "s12", "s13", "s14", "s15")
            BTW_CONV_TRANSPOSE2D_F32_FPU_ADD("s6", "s16", "s17", "s18", "s19") BTW_CONV_TRANSPOSE2D_F32_FPU_ADD(
                "s7", "s20", "s21", "s22",
                "s23") "subs r0, r0, #1\n\tbne 3b\n"
                       "4:\n\tldr r0, [sp, #4]\n\tcbz r0, 5f\n"
                       "7:\n\tvldmia r9!, {s4}\n\tvldmia r10!, {s8-s11}\n\t" BTW_CONV_TRANSPOSE2D_F32_FPU_ADD(
                           "s4", "s8", "s9", "s10", "s11") "subs r0, r0, #1\n\tbne 7b\n"
                                                           "5:\n\tcmp r8, r2\n\tbne 2b\n"
                                                           "6:\n\tvstmia r3!, {s0-s3}\n\tldr r0, [sp, #8]\n\tadd r0, "
                                                           "r0, r6\n\tstr r0, [sp, #8]\n\t"
                                                           "subs r4, r4, #1\n\tbne 1b\n\tadd sp, sp, #12\n\t"
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "cc", "memory", "s0", "s1", "s2", "s3", "s4", "s5",
          "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", "s16", "s17", "s18", "s19", "s20", "s21",
          "s22", "s23", "s24", "s25", "s26", "s27");
}

/* scratch: two pointers for each weight of a channel */
BTW_KERNEL void btw_conv_transpose2d_f32_fpu(const btw_conv_transpose2d_f32 *layer, const void *const rows[], float *y,
                                             void *scratch)
{
    const int outputs = layer->output_channels, inputs = layer->input_channels, whole = outputs / 4;
    btw_conv_transpose2d_tap *const taps = scratch;
    for (int ox = 0; ox < layer->output_width; ox++, y += outputs) {
        btw_conv_transpose2d_f32_fpu_frame frame = {
            .taps = taps,
            .end = btw_conv_transpose2d_taps(layer, rows, ox, 4, taps),
            .y = y,
            .blocks = whole,
            .bias = layer->bias,
            .block = layer->kernel_height * layer->kernel_width * inputs * 4 * (int)sizeof(float),
            .fours = inputs / 4,
            .ones = inputs % 4,
        };
        if (whole)
            btw_conv_transpose2d_f32_fpu_blocks(&frame);
        if (outputs % 4) {
            float rest[4];
            frame.y = rest;
            frame.blocks = 1;
            frame.bias += 4 * whole;
            frame.first = whole * frame.block;
            btw_conv_transpose2d_f32_fpu_blocks(&frame);
            memcpy(y + 4 * whole, rest, (size_t)(outputs % 4) * sizeof(float));
        }
    }
}

#endif
