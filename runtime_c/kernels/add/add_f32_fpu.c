/* Addition, float32, Cortex-M with FPU: 8 values a turn. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_add_f32_scalar; y may be a or b. */
#include "add_f32.h"
#include "btw_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FP) && defined(__thumb2__)

typedef struct {
    const float *a, *b;
    float *y, *y_end;
    int clip;
    float high;
} btw_add_f32_frame;

/* r0 a, r1 b, r2 y, r3 its end, r4 clip, r5 high */
static __attribute__((noinline)) void btw_add_f32_eights(const btw_add_f32_frame *frame)
{
    register const btw_add_f32_frame *r0 __asm("r0") = frame;
    __asm volatile(
        "push {r7, r12}\n\tldm r0, {r0-r5}\n"
        "1:\n\tvldmia r0!, {s0-s7}\n\tvldmia r1!, {s8-s15}\n\t"
        "vadd.f32 s0, s0, s8\n\tvadd.f32 s1, s1, s9\n\tvadd.f32 s2, s2, s10\n\tvadd.f32 s3, s3, s11\n\t"
        "vadd.f32 s4, s4, s12\n\tvadd.f32 s5, s5, s13\n\tvadd.f32 s6, s6, s14\n\tvadd.f32 s7, s7, s15\n\t"
        "cmp r4, #1\n\t" BTW_F32_STORE(BTW_F32_FROM_ZERO_TO("r2!", "s0", "s1", "s2", "s3") BTW_F32_FROM_ZERO_TO(
            "r2!", "s4", "s5", "s6",
            "s7")) "cmp r2, r3\n\tbne 1b\n\tb 6f\n" BTW_F32_STORE_OTHERWISE("vstmia r2!, {s0-s7}\n\t",
                                                                            BTW_F32_ZERO_TO_HIGH_TO("r5", "r2!", "s0",
                                                                                                    "s1", "s2", "s3")
                                                                                BTW_F32_ZERO_TO_HIGH_TO(
                                                                                    "r5", "r2!", "s4", "s5", "s6",
                                                                                    "s7")) "6:\n\tpop {r7, r12}\n\t"
        : "+r"(r0)
        :
        : BTW_F32_CLOBBERS);
}

BTW_KERNEL void btw_add_f32_fpu(const btw_add_f32 *layer, const float *a, const float *b, float *y, int pixels)
{
    const int count = pixels * layer->channels, whole = count & ~7;
    const btw_add_f32_frame frame = {
        a, b, y, y + whole, btw_f32_clipping_inside(layer->low, layer->high), layer->high,
    };
    if (whole)
        btw_add_f32_eights(&frame);
    btw_f32_clip(layer->low, layer->high, y, whole, 0, 1);
    for (int i = whole; i < count; i++) {
        const float sum = a[i] + b[i];
        y[i] = sum < layer->low ? layer->low : sum > layer->high ? layer->high : sum;
    }
}

#endif
#endif
