/* One row of a transposed 2-D convolution without groups, float32, Helium: 8 output channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_conv_transpose2d_f32_scalar but for rounding. */
#include "btw_mve.h"
#include "conv_transpose2d_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const btw_conv_transpose2d_tap *taps;
    const btw_conv_transpose2d_tap *end;
    float *y;
    int channels;
    const float *bias;
    int block; /* bytes from the weights of a block to the next */
    int fours; /* of input channels */
    int ones;
} btw_conv_transpose2d_f32_mve_frame;

/* r1 taps, r2 their end, r3 y, r4 channels left, r5 bias, r6 block, r9 a tap, r10 x, r11 weights; [sp]: fours, ones,
 * bytes to the weights of this block. LOAD, ADD and STORE are for a block. */
#define BTW_CONV_TRANSPOSE2D_F32_MVE(name, LOAD, ADD, STORE)                                                           \
    BTW_MVE_FUNCTION(name, btw_conv_transpose2d_f32_mve_frame,                                                         \
                     "push {r7}\n\tldm r0, {r1-r8}\n\tmov r9, #0\n\tpush {r7-r9}\n"                                    \
                     "1:\n\t" LOAD "mov r9, r1\n"                                                                      \
                     "2:\n\tcmp r9, r2\n\tbeq 6f\n\tldrd r10, r11, [r9], #8\n\tldrd lr, r0, [sp, #4]\n\t"              \
                     "add r11, r11, r0\n\twls lr, lr, 4f\n"                                                            \
                     "3:\n\tldr r0, [r10], #4\n\t" ADD(                                                                \
                         "r0") "le lr, 3b\n"                                                                           \
                               "4:\n\tldr lr, [sp]\n\twls lr, lr, 8f\n"                                                \
                               "5:\n\tldm r10!, {r0, r7, r8, r12}\n\t" ADD("r0") ADD("r7") ADD("r8")                   \
                                   ADD("r12") "le lr, 5b\n8:\n\tb 2b\n"                                                \
                                              "6:\n\tldr r0, [sp, #8]\n\tadd r0, r0, r6\n\tstr r0, [sp, #8]\n\t" STORE \
                                              "bgt 1b\n7:\n\tadd sp, #12\n\tpop {r7}\n\t")
#define BTW_CONV_TRANSPOSE2D_F32_MVE_ADD_4(x) "vldrw.32 q2, [r11], #16\n\tvfma.f32 q0, q2, " x "\n\t"
#define BTW_CONV_TRANSPOSE2D_F32_MVE_ADD_8(x)                                                                          \
    BTW_CONV_TRANSPOSE2D_F32_MVE_ADD_4(x) "vldrw.32 q3, [r11], #16\n\tvfma.f32 q1, q3, " x "\n\t"
#define BTW_CONV_TRANSPOSE2D_F32_MVE_STORE(sum)                                                                        \
    "vctp.32 r4\n\tvpst\n\tvstrwt.32 " sum ", [r3], #16\n\tsubs r4, r4, #4\n\t"

BTW_CONV_TRANSPOSE2D_F32_MVE(btw_conv_transpose2d_f32_mve_fours, "vldrw.32 q0, [r5], #16\n\t",
                             BTW_CONV_TRANSPOSE2D_F32_MVE_ADD_4, BTW_CONV_TRANSPOSE2D_F32_MVE_STORE("q0"))
BTW_CONV_TRANSPOSE2D_F32_MVE(
    btw_conv_transpose2d_f32_mve_eights, "vldrw.32 q0, [r5], #16\n\tvldrw.32 q1, [r5], #16\n\t",
    BTW_CONV_TRANSPOSE2D_F32_MVE_ADD_8,
    BTW_CONV_TRANSPOSE2D_F32_MVE_STORE("q0") "ble 7f\n\t" BTW_CONV_TRANSPOSE2D_F32_MVE_STORE("q1"))

/* scratch: two pointers for each weight of a channel */
BTW_KERNEL void btw_conv_transpose2d_f32_mve(const btw_conv_transpose2d_f32 *layer, const void *const rows[], float *y,
                                             void *scratch)
{
    const int outputs = layer->output_channels, inputs = layer->input_channels, block = outputs > 4 ? 8 : 4;
    btw_conv_transpose2d_tap *const taps = scratch;
    for (int ox = 0; ox < layer->output_width; ox++, y += outputs) {
        const btw_conv_transpose2d_f32_mve_frame frame = {
            .taps = taps,
            .end = btw_conv_transpose2d_taps(layer, rows, ox, block, taps),
            .y = y,
            .channels = outputs,
            .bias = layer->bias,
            .block = layer->kernel_height * layer->kernel_width * inputs * block * (int)sizeof(float),
            .fours = inputs / 4,
            .ones = inputs % 4,
        };
        if (block == 8)
            btw_conv_transpose2d_f32_mve_eights(&frame);
        else
            btw_conv_transpose2d_f32_mve_fours(&frame);
    }
}

#endif
