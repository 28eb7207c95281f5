/* Fully connected layer and 1x1 convolution, int8, Helium: 8 channels by 2 pixels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals linear_s8_scalar.c. Reads up to 15 bytes past x. The stream lies on 4 bytes. Clobbers q4 to q7 inside. */
#include "linear_s8.h"
#include "mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    int32_t zero_point;
    const int8_t *full; /* end of the stream's full blocks, and 1 more where a block with fewer than 8 channels follows */
    int32_t inputs;
    int32_t outputs;
    int32_t pixels;
    const int32_t *stream;
    int32_t rest; /* channels of that block */
    int8_t *y;
    int32_t entry; /* bytes of code from the jump to the second step */
    const int8_t *x;
    int32_t rounds; /* of eight steps after that, the first perhaps of fewer */
    int32_t length; /* bytes of a pixel, rounded up to steps */
} btw_linear_s8_mve_frame;

/* At most 8 steps a pixel. [sp]: zero_point, full, inputs, outputs, pixels, stream, rest. */
#define BTW_LINEAR_S8_MVE_SHORT(requantize)                                                                           \
    "push {r7}\n\t"                                                                                                   \
    "ldm r0!, {r1-r6, r8}\n\t"                                                                                        \
    "push {r1-r6, r8}\n\t"                                                                                            \
    "ldm r0, {r1, r7, r9}\n\t"                                                                                        \
    "add r11, r9, r3\n\t"                                                                                             \
    "add r3, r1, r4\n\t"                                                                                              \
    "cmp r5, #1\n\t"                                                                                                  \
    "mov r5, r6\n\t"                                                                                                  \
    "itt eq\n\tmoveq r11, r9\n\tmoveq r3, r1\n"                                                                        \
    "1:\n\t" BTW_MVE_STEP("vmladav", "[r9]", "[r11]") "add pc, r7\n\t" BTW_MVE_STEPS_7_TO_1                            \
    BTW_MVE_BLOCK_END(requantize, "b")                                                                                \
    BTW_MVE_STEP("vmladav", "[r9]", "[r11]") "add pc, r7\n\t" BTW_MVE_STEPS_7_TO_1                                     \
    BTW_MVE_BLOCK_END(requantize, "t")                                                                                \
    "ldrd r0, r2, [sp]\n\t" BTW_MVE_FINISH("r0")                                                                       \
    "cmp r5, r2\n\t"                                                                                                  \
    "bhi 3f\n\t"                                                                                                      \
    "vstrb.16 q6, [r1], #8\n\t"                                                                                       \
    "vstrb.16 q7, [r3], #8\n\t"                                                                                       \
    "blo 1b\n"                                                                                                        \
    "2:\n\t" /* the next two pixels, or the last one twice */                                                          \
    "add r0, sp, #8\n\t"                                                                                              \
    "ldm r0, {r0, r2, r4, r5}\n\t"                                                                                    \
    "subs r4, #2\n\t"                                                                                                 \
    "bls 4f\n\t"                                                                                                      \
    "str r4, [sp, #16]\n\t"                                                                                           \
    "add r9, r11, r0\n\t"                                                                                             \
    "add r11, r9, r0\n\t"                                                                                             \
    "mov r1, r3\n\t"                                                                                                  \
    "add r3, r1, r2\n\t"                                                                                              \
    "cmp r4, #1\n\t"                                                                                                  \
    "bne 1b\n\t"                                                                                                      \
    "mov r11, r9\n\t"                                                                                                 \
    "mov r3, r1\n\t"                                                                                                  \
    "b 1b\n"                                                                                                          \
    "3:\n\t" /* fewer than 8 channels */                                                                               \
    "ldr r0, [sp, #24]\n\t"                                                                                           \
    "vctp.16 r0\n\t"                                                                                                  \
    "vpstt\n\tvstrbt.16 q6, [r1]\n\tvstrbt.16 q7, [r3]\n\t"                                                            \
    "add r1, r1, r0\n\t"                                                                                              \
    "add r3, r3, r0\n\t"                                                                                              \
    "b 2b\n"                                                                                                          \
    "4:\n\t"                                                                                                          \
    "add sp, #28\n\t"                                                                                                 \
    "pop {r7}\n\t"

/* Any number of steps. [sp]: the same, and y0, y1, rounds. */
#define BTW_LINEAR_S8_MVE_LONG(requantize)                                                                            \
    "push {r7}\n\t"                                                                                                   \
    "ldm r0!, {r1-r6, r8}\n\t"                                                                                        \
    "ldr r10, [r0]\n\t"                                                                                               \
    "ldr r12, [r0, #12]\n\t"                                                                                          \
    "cmp r5, #1\n\t"                                                                                                  \
    "ite eq\n\tmoveq r11, r10\n\taddne r11, r10, r4\n\t"                                                               \
    "push {r10-r12}\n\t"                                                                                              \
    "push {r1-r6, r8}\n\t"                                                                                            \
    "ldr r7, [r0, #4]\n\t"                                                                                            \
    "ldr r9, [r0, #8]\n\t"                                                                                            \
    "ite eq\n\tmoveq r11, r9\n\taddne r11, r9, r3\n\t"                                                                 \
    "ldr r3, [r0, #16]\n\t"                                                                                           \
    "mov r5, r6\n"                                                                                                    \
    "1:\n\t"                                                                                                          \
    "ldr r1, [sp, #36]\n\t" BTW_MVE_STEP("vmladav", "[r9], #16", "[r11], #16") "add pc, r7\n"                          \
    "5:\n\t" BTW_MVE_4_STEPS_ON BTW_MVE_4_STEPS_ON                                                                     \
    "subs r1, #1\n\t"                                                                                                 \
    "bne 5b\n\t" BTW_MVE_BLOCK_END(requantize, "b")                                                                    \
    "sub r9, r9, r3\n\t"                                                                                              \
    "sub r11, r11, r3\n\t"                                                                                            \
    "ldr r1, [sp, #36]\n\t" BTW_MVE_STEP("vmladav", "[r9], #16", "[r11], #16") "add pc, r7\n"                          \
    "6:\n\t" BTW_MVE_4_STEPS_ON BTW_MVE_4_STEPS_ON                                                                     \
    "subs r1, #1\n\t"                                                                                                 \
    "bne 6b\n\t" BTW_MVE_BLOCK_END(requantize, "t")                                                                    \
    "sub r9, r9, r3\n\t"                                                                                              \
    "sub r11, r11, r3\n\t"                                                                                            \
    "ldrd r0, r2, [sp]\n\t"                                                                                           \
    "ldrd r4, r6, [sp, #28]\n\t" BTW_MVE_FINISH("r0")                                                                  \
    "cmp r5, r2\n\t"                                                                                                  \
    "bhi 3f\n\t"                                                                                                      \
    "vstrb.16 q6, [r4], #8\n\t"                                                                                       \
    "vstrb.16 q7, [r6], #8\n\t"                                                                                       \
    "strd r4, r6, [sp, #28]\n\t"                                                                                      \
    "blo 1b\n"                                                                                                        \
    "2:\n\t"                                                                                                          \
    "mov r1, r6\n\t"                                                                                                  \
    "add r0, sp, #8\n\t"                                                                                              \
    "ldm r0, {r0, r2, r4, r5}\n\t"                                                                                    \
    "subs r4, #2\n\t"                                                                                                 \
    "bls 4f\n\t"                                                                                                      \
    "str r4, [sp, #16]\n\t"                                                                                           \
    "cmp r4, #1\n\t"                                                                                                  \
    "add r9, r11, r0\n\t"                                                                                             \
    "ite eq\n\tmoveq r11, r9\n\taddne r11, r9, r0\n\t"                                                                 \
    "ite eq\n\tmoveq r2, r1\n\taddne r2, r1, r2\n\t"                                                                   \
    "strd r1, r2, [sp, #28]\n\t"                                                                                      \
    "b 1b\n"                                                                                                          \
    "3:\n\t"                                                                                                          \
    "ldr r0, [sp, #24]\n\t"                                                                                           \
    "vctp.16 r0\n\t"                                                                                                  \
    "vpstt\n\tvstrbt.16 q6, [r4]\n\tvstrbt.16 q7, [r6]\n\t"                                                            \
    "add r6, r6, r0\n\t"                                                                                              \
    "b 2b\n"                                                                                                          \
    "4:\n\t"                                                                                                          \
    "add sp, #40\n\t"                                                                                                 \
    "pop {r7}\n\t"

#define BTW_LINEAR_S8_MVE_FUNCTION(name, text)                                                                        \
    static BTW_MVE_ASSEMBLY void name(const btw_linear_s8_mve_frame *layer)                                           \
    {                                                                                                                 \
        register const btw_linear_s8_mve_frame *frame __asm__("r0") = layer;                                          \
        __asm__ volatile(text : "+r"(frame) : : BTW_MVE_CLOBBERS);                                                    \
    }

BTW_LINEAR_S8_MVE_FUNCTION(btw_linear_s8_mve_short, BTW_LINEAR_S8_MVE_SHORT(BTW_MVE_BY_MULTIPLIER))
BTW_LINEAR_S8_MVE_FUNCTION(btw_linear_s8_mve_short_by_scale, BTW_LINEAR_S8_MVE_SHORT(BTW_MVE_BY_SCALE))
BTW_LINEAR_S8_MVE_FUNCTION(btw_linear_s8_mve_long, BTW_LINEAR_S8_MVE_LONG(BTW_MVE_BY_MULTIPLIER))
BTW_LINEAR_S8_MVE_FUNCTION(btw_linear_s8_mve_long_by_scale, BTW_LINEAR_S8_MVE_LONG(BTW_MVE_BY_SCALE))

BTW_KERNEL void btw_linear_s8_mve(const btw_linear_s8_mve_layer *layer, const int8_t *x, int8_t *y, int pixels)
{
    const int steps = (layer->inputs + 15) / 16, after = steps - 1; /* steps behind the first */
    const int block = 2 * (steps * 64 + 32), rest = layer->outputs % 8;
    const int first = steps <= 8 ? after : after % 8 ? after % 8 : 8;
    const btw_linear_s8_mve_frame frame = {
        .zero_point = layer->zero_point,
        .full = (const int8_t *)layer->stream + layer->outputs / 8 * block + (rest ? 1 : 0),
        .inputs = layer->inputs,
        .outputs = layer->outputs,
        .pixels = pixels,
        .stream = layer->stream,
        .rest = rest,
        .y = y,
        .entry = ((steps <= 8 ? 7 : 8) - first) * BTW_MVE_STEP_BYTES - 2,
        .x = x,
        .rounds = (after + 7) / 8,
        .length = steps * 16,
    };
    if (steps <= 8 && layer->by_scale)
        btw_linear_s8_mve_short_by_scale(&frame);
    else if (steps <= 8)
        btw_linear_s8_mve_short(&frame);
    else if (layer->by_scale)
        btw_linear_s8_mve_long_by_scale(&frame);
    else
        btw_linear_s8_mve_long(&frame);
}

#endif
