/* Pixels gathered, each from the input pixel at its place, any type, Helium: 16 bytes at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_gather_pixels_u8_scalar. */
#include "btw_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const uint8_t *x;
    uint8_t *y;
    int count; /* of vectors but the last one */
    int x_step;
    int y_step;
    const uint8_t *offsets;
    const uint8_t *fill;
    int taken; /* a bit for each byte that comes from the input */
    int lanes; /* of the last vector */
} btw_gather_pixels_u8_mve_frame;

/* r1 x, r2 y, r3 count, r4 and r5 their steps, r6 offsets, r8 fill, r9 taken, r10 lanes. Bytes behind the lanes of a
 * vector are written as well, but for the last one: the next vector writes them again. */
#define BTW_GATHER_PIXELS_U8_MVE(name, LOAD, FROM)                                                                     \
    BTW_MVE_FUNCTION(name, btw_gather_pixels_u8_mve_frame,                                                             \
                     "ldm r0, {r1-r6, r8-r10}\n\tvldrb.8 q1, [r6]\n\tvldrb.8 q2, [r8]\n\tvmsr p0, r9\n\t"              \
                     "wls lr, r3, 2f\n"                                                                                \
                     "1:\n\t" LOAD " q0, " FROM "\n\tvpsel q0, q0, q2\n\tvstrb.8 q0, [r2]\n\t"                         \
                     "add r1, r1, r4\n\tadd r2, r2, r5\n\tle lr, 1b\n"                                                 \
                     "2:\n\tvctp.8 r10\n\tvpst\n\tvldrbt.u8 q0, " FROM "\n\tvmsr p0, r9\n\tvpsel q0, q0, q2\n\t"       \
                     "vctp.8 r10\n\tvpst\n\tvstrbt.8 q0, [r2]\n\t")
BTW_GATHER_PIXELS_U8_MVE(btw_gather_pixels_u8_mve_together, "vldrb.8", "[r1]")
BTW_GATHER_PIXELS_U8_MVE(btw_gather_pixels_u8_mve_apart, "vldrb.u8", "[r1, q1]")

BTW_KERNEL void btw_gather_pixels_u8_mve(const btw_gather_pixels_u8_mve_layer *layer, const void *x, void *y,
                                         int pixels)
{
    const int together = layer->together, groups = (pixels + together - 1) / together;
    const int last = (pixels - (groups - 1) * together) * layer->output_pixel;
    for (int i = 0; i < layer->count; i++) {
        const btw_gather_piece_mve *const piece = &layer->pieces[i];
        const btw_gather_pixels_u8_mve_frame frame = {
            .x = (const uint8_t *)x + piece->from,
            .y = (uint8_t *)y + piece->to,
            .count = groups - 1,
            .x_step = together * layer->input_pixel,
            .y_step = together * layer->output_pixel,
            .offsets = piece->offsets,
            .fill = piece->fill,
            .taken = piece->taken,
            .lanes = last < 16 ? last : 16,
        };
        if (piece->apart)
            btw_gather_pixels_u8_mve_apart(&frame);
        else
            btw_gather_pixels_u8_mve_together(&frame);
    }
}

#endif
