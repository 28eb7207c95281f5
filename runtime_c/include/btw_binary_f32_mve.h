/* Arithmetic of two float32 tensors that broadcast, Helium: 4 values at a time, and the loops of all such kernels. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_BINARY_F32_MVE_H
#define BTW_BINARY_F32_MVE_H

#include "btw_mve.h"

/* x has the shape of the output; other is what is repeated. */
typedef struct {
    const float *x;
    const float *other;
    float *y;
    int channels;
    int pixels;
    int back; /* bytes from the end of the last vector of a pixel to its own */
} btw_binary_f32_mve;

/* r1 x, r2 other, r3 y, r4 channels, r5 pixels, r6 back; COMPUTE makes q0 of q0 (x) and q1 (other), which it leaves as
 * it is. Other has the shape of a pixel (`channels`), or one value for each (`values`). */
#define BTW_BINARY_F32_MVE_LOOPS(name, COMPUTE)                                                                        \
    BTW_MVE_FUNCTION(name##_channels, btw_binary_f32_mve,                                                              \
                     "ldm r0, {r1-r6}\n"                                                                               \
                     "1:\n\tmov r8, r2\n\tdlstp.32 lr, r4\n"                                                           \
                     "2:\n\tvldrw.32 q0, [r1], #16\n\tvldrw.32 q1, [r8], #16\n\t" COMPUTE                              \
                     "vstrw.32 q0, [r3], #16\n\tletp lr, 2b\n\t"                                                       \
                     "add r1, r1, r6\n\tadd r3, r3, r6\n\tsubs r5, r5, #1\n\tbne 1b\n\t")                              \
    BTW_MVE_FUNCTION(name##_values, btw_binary_f32_mve,                                                                \
                     "ldm r0, {r1-r6}\n"                                                                               \
                     "1:\n\tldr r8, [r2], #4\n\tvdup.32 q1, r8\n\tdlstp.32 lr, r4\n"                                   \
                     "2:\n\tvldrw.32 q0, [r1], #16\n\t" COMPUTE "vstrw.32 q0, [r3], #16\n\tletp lr, 2b\n\t"            \
                     "add r1, r1, r6\n\tadd r3, r3, r6\n\tsubs r5, r5, #1\n\tbne 1b\n\t")                              \
    static inline void name##_pixels(const float *x, const float *other, float *y, int channels, int pixel,            \
                                     int channel, int pixels)                                                          \
    {                                                                                                                  \
        btw_binary_f32_mve frame = {x, other, y, channels, pixels, 0};                                                 \
        if ((pixel && (channel || channels == 1)) || (!pixel && !channel)) {                                           \
            frame.channels = pixels * channels;                                                                        \
            frame.pixels = 1;                                                                                          \
        }                                                                                                              \
        frame.back = 4 * (frame.channels - (frame.channels + 3) / 4 * 4);                                              \
        if (channel || (pixel && channels == 1))                                                                       \
            name##_channels(&frame);                                                                                   \
        else                                                                                                           \
            name##_values(&frame);                                                                                     \
    }

#endif
