/* Addition of a value a channel or a pixel, int8, Armv7-M: 4 codes a turn, equals btw_add_broadcast_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs a of the shape of y, at least 4 channels, a multiple of 4 for a value each, and half_even 0. Any alignment; y
 * may be a. */
#include "add_s8.h"

#include "btw_add_armv7m.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__thumb2__)

typedef struct {
    const int8_t *a, *b;
    int8_t *y, *y_end; /* of a pixel */
    int32_t a_multiplier, b_multiplier, constant;
    int shift;
    int channels;
    int8_t *y_last; /* where the last pixel ends */
} btw_add_channels_frame;

/* r3 end of the pixel, which moves on while b begins again */
static __attribute__((noinline)) void btw_add_channels(const btw_add_channels_frame *frame)
{
    register const btw_add_channels_frame *r0 __asm("r0") = frame;
    __asm volatile("ldrd r9, r10, [r0, #32]\n\tpush {r9, r10}\n\tldm r0, {r0-r6, r8}\n"
                   "1:\n\t" BTW_ADD_TWO_CODES BTW_ADD_TWO_CODES "cmp r2, r3\n\tbne 1b\n\t"
                   "ldrd r9, r10, [sp]\n\tsub r1, r1, r9\n\tadd r3, r3, r9\n\tcmp r2, r10\n\tbne 1b\n\t"
                   "add sp, sp, #8\n\t"
                   : "+r"(r0)
                   :
                   : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "cc", "memory");
}

typedef struct {
    const int8_t *a;
    int8_t *y, *y_end;
    int32_t a_multiplier, addend;
    int shift;
} btw_add_value_frame;

/* One value to codes, 4 a turn: r0 a, r1 y, r2 its end, r3 multiplier, r4 addend, r5 shift */
static __attribute__((noinline)) void btw_add_value(const btw_add_value_frame *frame)
{
    register const btw_add_value_frame *r0 __asm("r0") = frame;
    __asm volatile("ldm r0, {r0-r5}\n"
                   "1:\n\tldrsb r6, [r0], #1\n\tldrsb r8, [r0], #1\n\tldrsb r9, [r0], #1\n\tldrsb r10, [r0], #1\n\t"
                   ".irp code, r6, r8, r9, r10\n\tmla \\code, \\code, r3, r4\n\tasr \\code, \\code, r5\n\t"
                   "ssat \\code, #8, \\code\n\tstrb \\code, [r1], #1\n\t.endr\n\tcmp r1, r2\n\tbne 1b\n\t"
                   : "+r"(r0)
                   :
                   : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "cc", "memory");
}

static inline void btw_add_values(const btw_add_broadcast_linear_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                  int pixels)
{
    const int channels = layer->channels, whole = channels & ~3;
    for (int pixel = 0; pixel < pixels; pixel++, a += channels, y += channels) {
        const btw_add_value_frame frame = {
            .a = a,
            .y = y,
            .y_end = y + whole,
            .a_multiplier = layer->a_multiplier,
            .addend = b[pixel] * layer->b_multiplier + layer->constant,
            .shift = layer->shift,
        };
        btw_add_value(&frame);
        for (int c = whole; c < channels; c++)
            y[c] = btw_clamp_s8((a[c] * frame.a_multiplier + frame.addend) >> frame.shift);
    }
}

BTW_KERNEL void btw_add_broadcast_s8_armv7m(const btw_add_broadcast_linear_s8 *layer, const int8_t *a, const int8_t *b,
                                            int8_t *y, int pixels)
{
    if (layer->b_pixel) {
        btw_add_values(layer, a, b, y, pixels);
        return;
    }
    const btw_add_channels_frame frame = {
        .a = a,
        .b = b,
        .y = y,
        .y_end = y + layer->channels,
        .a_multiplier = layer->a_multiplier,
        .b_multiplier = layer->b_multiplier,
        .constant = layer->constant,
        .shift = layer->shift,
        .channels = layer->channels,
        .y_last = y + pixels * layer->channels,
    };
    btw_add_channels(&frame);
}

#endif
#endif
