/* One row of resizing by weights, float32, Helium: 4 channels at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_resize_f32_scalar but for rounding. */
#include "btw_resize_mve.h"
#include "resize_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const btw_resize_mve_tap *taps;
    const btw_resize_mve_tap *end;
    float *y;
    int channels;
} btw_resize_f32_mve_frame;

/* r0 x, r1 taps, r2 their end, r3 y, r4 channels left, r5 byte of the channel, r8 a tap, r9 its weight. */
BTW_MVE_FUNCTION(btw_resize_f32_mve_pixel, btw_resize_f32_mve_frame,
                 "ldm r0, {r1-r4}\n\tmov r5, #0\n"
                 "1:\n\tvctp.32 r4\n\tvmov.i32 q0, #0\n\tmov r8, r1\n"
                 "2:\n\tldrd r0, r9, [r8], #8\n\tadd r0, r0, r5\n\tvpst\n\tvldrwt.32 q1, [r0]\n\t"
                 "vfma.f32 q0, q1, r9\n\tcmp r8, r2\n\tbne 2b\n\tvpst\n\tvstrwt.32 q0, [r3], #16\n\t"
                 "add r5, r5, #16\n\tsubs r4, r4, #4\n\tbgt 1b\n\t")

/* scratch: a tap for each weight */
BTW_KERNEL void btw_resize_f32_mve(const btw_resize_f32 *layer, const void *const rows[], float *y, int oy,
                                   void *scratch)
{
    const int pixel = layer->channels * (int)sizeof(float);
    btw_resize_f32_mve_frame frame = {.taps = scratch, .y = y, .channels = layer->channels};
    for (int ox = 0; ox < layer->output_width; ox++, frame.y += layer->channels) {
        if (rows[0] == NULL || layer->columns[ox * layer->column_taps] < 0) {
            btw_fill_f32(frame.y, layer->channels, layer->extrapolated);
            continue;
        }
        frame.end = BTW_RESIZE_MVE_TAPS(layer, rows, pixel, oy, ox, scratch);
        btw_resize_f32_mve_pixel(&frame);
    }
}

#endif
