/* Global average pooling, int8, Helium: 8 channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals global_average_pool_s8_scalar.c for rows of at most 256 pixels. sums lies on 4 bytes and has a multiple of 8
 * channels: even ones in 4 words, then odd ones. */
#include "global_average_pool_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

#if defined(__GNUC__) && !defined(__clang__)
#define BTW_GLOBAL_AVERAGE_POOL_S8_MVE_P0 "p0",
#else
#define BTW_GLOBAL_AVERAGE_POOL_S8_MVE_P0
#endif

/* The bias in every sum; gcc 12 makes branches out of range around a loop like this that it vectorizes itself. */
static inline void btw_global_average_pool_s8_mve_begin(int32_t *sums, int channels, int32_t bias)
{
    __asm__ volatile("vdup.32 q0, %[bias]\n"
                     "1:\n\t"
                     "vstrw.32 q0, [%[sums]], #16\n\tvstrw.32 q0, [%[sums]], #16\n\t"
                     "subs %[channels], %[channels], #8\n\t"
                     "bgt 1b"
                     : [sums] "+&r"(sums), [channels] "+&r"(channels)
                     : [bias] "r"(bias)
                     : "q0", "cc", "memory");
}

/* Adds `sixteens` times 16 channels of all pixels: in 16 bits along the row, then to sums. */
static inline void btw_global_average_pool_s8_mve_add_sixteens(const int8_t *x, int32_t *sums, int channels, int pixels,
                                                               int sixteens)
{
    const int8_t *column;
    __asm__ volatile("1:\n\t"
                     "vmov.i32 q0, #0\n\tvmov.i32 q1, #0\n\t"
                     "mov %[column], %[x]\n\t"
                     "add %[x], %[x], #16\n\t"
                     "mov lr, %[pixels]\n"
                     "2:\n\t"
                     "vldrb.s16 q2, [%[column]]\n\tvldrb.s16 q3, [%[column], #8]\n\t"
                     "add %[column], %[column], %[channels]\n\t"
                     "vadd.i16 q0, q0, q2\n\tvadd.i16 q1, q1, q3\n\t"
                     "le lr, 2b\n\t"
                     ".irp sum, q0, q1\n\t"
                     "vldrw.32 q2, [%[sums]]\n\tvmovlb.s16 q3, \\sum\n\tvadd.i32 q2, q2, q3\n\t"
                     "vstrw.32 q2, [%[sums]], #16\n\t"
                     "vldrw.32 q2, [%[sums]]\n\tvmovlt.s16 q3, \\sum\n\tvadd.i32 q2, q2, q3\n\t"
                     "vstrw.32 q2, [%[sums]], #16\n\t"
                     ".endr\n\t"
                     "subs %[sixteens], %[sixteens], #1\n\t"
                     "bne 1b"
                     : [x] "+&r"(x), [column] "=&l"(column), [sums] "+&r"(sums), [sixteens] "+&r"(sixteens)
                     : [channels] "r"(channels), [pixels] "r"(pixels)
                     : "lr", "q0", "q1", "q2", "q3", "cc", "memory");
}

/* Adds `left` channels of all pixels. */
static inline void btw_global_average_pool_s8_mve_add(const int8_t *x, int32_t *sums, int channels, int pixels,
                                                      int left)
{
    const int8_t *column;
    __asm__ volatile("1:\n\t"
                     "vctp.16 %[left]\n\t"
                     "vmov.i32 q0, #0\n\t"
                     "mov %[column], %[x]\n\t"
                     "add %[x], %[x], #8\n\t"
                     "mov lr, %[pixels]\n"
                     "2:\n\t"
                     "vpst\n\tvldrbt.s16 q1, [%[column]]\n\t"
                     "add %[column], %[column], %[channels]\n\t"
                     "vadd.i16 q0, q0, q1\n\t"
                     "le lr, 2b\n\t"
                     "vldrw.32 q1, [%[sums]]\n\tvldrw.32 q2, [%[sums], #16]\n\t"
                     "vmovlb.s16 q3, q0\n\tvmovlt.s16 q0, q0\n\t"
                     "vadd.i32 q1, q1, q3\n\tvadd.i32 q2, q2, q0\n\t"
                     "vstrw.32 q1, [%[sums]], #16\n\tvstrw.32 q2, [%[sums]], #16\n\t"
                     "subs %[left], %[left], #8\n\t"
                     "bgt 1b"
                     : [x] "+&r"(x), [column] "=&l"(column), [sums] "+&r"(sums), [left] "+&r"(left)
                     : [channels] "r"(channels), [pixels] "r"(pixels)
                     : BTW_GLOBAL_AVERAGE_POOL_S8_MVE_P0 "lr", "q0", "q1", "q2", "q3", "cc", "memory");
}

/* All channels share the factor: a multiplier, with a shift of 3, or the bits of a float32 scale. */
#define BTW_GLOBAL_AVERAGE_POOL_S8_MVE_FINISH(name, text)                                                              \
    static inline void name(const int32_t *sums, int8_t *y, int channels, uint32_t factor, int zero_point)             \
    {                                                                                                                  \
        __asm__ volatile("vdup.32 q3, %[factor]\n"                                                                     \
                         "1:\n\t"                                                                                      \
                         "vctp.16 %[channels]\n\t"                                                                     \
                         "vldrw.32 q0, [%[sums]], #16\n\tvldrw.32 q1, [%[sums]], #16\n\t" text                         \
                         "vqadd.s16 q0, q0, %[zero_point]\n\tvqmovnb.s16 q0, q0\n\t"                                   \
                         "vpst\n\tvstrbt.16 q0, [%[y]], #8\n\t"                                                        \
                         "subs %[channels], %[channels], #8\n\t"                                                       \
                         "bgt 1b"                                                                                      \
                         : [sums] "+&r"(sums), [y] "+&l"(y), [channels] "+&r"(channels)                                \
                         : [factor] "r"(factor), [zero_point] "r"(zero_point)                                          \
                         : BTW_GLOBAL_AVERAGE_POOL_S8_MVE_P0 "q0", "q1", "q3", "cc", "memory");                        \
    }
BTW_GLOBAL_AVERAGE_POOL_S8_MVE_FINISH(btw_global_average_pool_s8_mve_by_multiplier,
                                      "vmulh.s32 q0, q0, q3\n\tvmulh.s32 q1, q1, q3\n\t"
                                      "vqrshrnb.s32 q0, q0, #3\n\tvqrshrnt.s32 q0, q1, #3\n\t")
BTW_GLOBAL_AVERAGE_POOL_S8_MVE_FINISH(btw_global_average_pool_s8_mve_by_scale,
                                      "vcvt.f32.s32 q0, q0\n\tvcvt.f32.s32 q1, q1\n\t"
                                      "vmul.f32 q0, q0, q3\n\tvmul.f32 q1, q1, q3\n\t"
                                      "vcvtn.s32.f32 q0, q0\n\tvcvtn.s32.f32 q1, q1\n\t"
                                      "vqmovnb.s32 q0, q0\n\tvqmovnt.s32 q0, q1\n\t")

BTW_KERNEL void btw_global_average_pool_s8_mve(const btw_global_average_pool_s8 *layer, const int8_t *x, int8_t *y,
                                               int row, int32_t *sums)
{
    const btw_requantization *const requantization = &layer->requantization;
    const int channels = layer->channels, zero_point = requantization->zero_point;
    if (row == 0)
        btw_global_average_pool_s8_mve_begin(sums, channels, layer->bias);
    const int whole = channels & ~15;
    if (whole)
        btw_global_average_pool_s8_mve_add_sixteens(x, sums, channels, layer->width, whole / 16);
    if (whole < channels)
        btw_global_average_pool_s8_mve_add(x + whole, sums + whole, channels, layer->width, channels - whole);
    if (row < layer->height - 1)
        return;
    if (requantization->multiplier[0] == 0) {
        btw_global_average_pool_s8_mve_by_scale(sums, y, channels, requantization->scale[0], zero_point);
    } else if (requantization->shift == 3) {
        btw_global_average_pool_s8_mve_by_multiplier(sums, y, channels, (uint32_t)requantization->multiplier[0],
                                                     zero_point);
    } else {
        for (int c = 0; c < channels; c++)
            y[c] = btw_requantize(requantization, 0, sums[(c & ~7) + c % 2 * 4 + c % 8 / 2]);
    }
}

#endif
