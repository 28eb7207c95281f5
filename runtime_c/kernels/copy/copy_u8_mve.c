/* Copy, any type, Helium: 64 bytes at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_copy_u8_scalar. */
#include "btw_mve.h"
#include "copy_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const void *x;
    void *y;
    int blocks; /* of 64 bytes */
    int rest;
} btw_copy_u8_mve_frame;

BTW_MVE_FUNCTION(btw_copy_u8_mve_bytes, btw_copy_u8_mve_frame,
                 "ldm r0, {r1-r4}\n\twls lr, r3, 2f\n"
                 "1:\n\t.irp q, q0, q1, q2, q3\n\tvldrb.8 \\q, [r1], #16\n\t.endr\n\t"
                 ".irp q, q0, q1, q2, q3\n\tvstrb.8 \\q, [r2], #16\n\t.endr\n\tle lr, 1b\n"
                 "2:\n\twlstp.8 lr, r4, 4f\n"
                 "3:\n\tvldrb.8 q0, [r1], #16\n\tvstrb.8 q0, [r2], #16\n\tletp lr, 3b\n4:\n\t")

BTW_KERNEL void btw_copy_u8_mve(const btw_copy_u8 *layer, const void *x, void *y, int pixels)
{
    const int bytes = pixels * layer->bytes;
    const btw_copy_u8_mve_frame frame = {x, y, bytes / 64, bytes % 64};
    btw_copy_u8_mve_bytes(&frame);
}

#endif
