/* Addition, float32, Helium: 4 values a turn. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_add_f32_scalar; y may be a or b. */
#include "add_f32.h"
#include "btw_f32_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FEATURE_MVE)

typedef struct {
    const float *a, *b;
    float *y;
    int count;
    float low, high;
} btw_add_f32_mve_frame;

/* r1 a, r2 b, r3 y, r4 count, q2 low, q3 high */
#define BTW_ADD_F32_MVE(CLIP)                                                                                          \
    "ldm r0, {r1-r6}\n\tvdup.32 q2, r5\n\tvdup.32 q3, r6\n\twlstp.32 lr, r4, 2f\n"                                     \
    "1:\n\tvldrw.32 q0, [r1], #16\n\tvldrw.32 q1, [r2], #16\n\tvadd.f32 q0, q0, q1\n\t" CLIP                           \
    "vstrw.32 q0, [r3], #16\n\tletp lr, 1b\n2:\n\t"
BTW_MVE_FUNCTION(btw_add_f32_mve_as_it_is, btw_add_f32_mve_frame, BTW_ADD_F32_MVE(""))
BTW_MVE_FUNCTION(btw_add_f32_mve_clipped, btw_add_f32_mve_frame,
                 BTW_ADD_F32_MVE("vmaxnm.f32 q0, q0, q2\n\tvminnm.f32 q0, q0, q3\n\t"))

BTW_KERNEL void btw_add_f32_mve(const btw_add_f32 *layer, const float *a, const float *b, float *y, int pixels)
{
    const btw_add_f32_mve_frame frame = {a, b, y, pixels * layer->channels, layer->low, layer->high};
    if (btw_f32_clipping(layer->low, layer->high) == BTW_F32_AS_IT_IS)
        btw_add_f32_mve_as_it_is(&frame);
    else
        btw_add_f32_mve_clipped(&frame);
}

#endif
#endif
