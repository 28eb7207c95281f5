/* Addition, int8, Armv7-M: 8 codes a turn, equals btw_add_s8_scalar where half_even is 0. */
/* SPDX-License-Identifier: MIT-0 */
/* Any alignment; y may be a or b. */
#include "add_s8.h"

#include "btw_add_armv7m.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__thumb2__)

typedef struct {
    const int8_t *a, *b;
    int8_t *y, *y_end;
    int32_t a_multiplier, b_multiplier, constant;
    int shift;
} btw_add_frame;

/* r0 a, r1 b, r2 y, r3 its end, r4 r5 multipliers, r6 constant, r8 shift */
static __attribute__((noinline)) void btw_add_eights(const btw_add_frame *frame)
{
    register const btw_add_frame *r0 __asm("r0") = frame;
    __asm volatile("ldm r0, {r0-r6, r8}\n"
                   "1:\n\t.rept 4\n\t" BTW_ADD_TWO_CODES ".endr\n\tcmp r2, r3\n\tbne 1b\n\t"
                   : "+r"(r0)
                   :
                   : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "cc", "memory");
}

BTW_KERNEL void btw_add_s8_armv7m(const btw_add_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y, int pixels)
{
    const int count = pixels * layer->channels, whole = count & ~7;
    const btw_add_frame frame = {
        a, b, y, y + whole, layer->a_multiplier, layer->b_multiplier, layer->constant, layer->shift,
    };
    if (whole)
        btw_add_eights(&frame);
    for (int i = whole; i < count; i++)
        y[i] =
            btw_clamp_s8((a[i] * layer->a_multiplier + b[i] * layer->b_multiplier + layer->constant) >> layer->shift);
}

#endif
#endif
