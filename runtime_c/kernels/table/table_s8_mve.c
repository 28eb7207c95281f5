/* Table look-up, int8, Helium: 16 codes at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_table_s8_scalar; y may be x. */
#include "btw_mve.h"
#include "table_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

typedef struct {
    const int8_t *x;
    int8_t *y;
    const int8_t *table;
    int count;
} btw_table_s8_mve_frame;

/* Codes with their highest bit turned over are places in the table. */
BTW_MVE_FUNCTION(btw_table_s8_mve_codes, btw_table_s8_mve_frame,
                 "ldm r0, {r1-r4}\n\tvmov.i8 q1, #0x80\n\twlstp.8 lr, r4, 2f\n"
                 "1:\n\tvldrb.8 q0, [r1], #16\n\tveor q0, q0, q1\n\tvldrb.u8 q2, [r3, q0]\n\t"
                 "vstrb.8 q2, [r2], #16\n\tletp lr, 1b\n2:\n\t")

BTW_KERNEL void btw_table_s8_mve(const btw_table_s8 *layer, const int8_t *x, int8_t *y, int pixels)
{
    const btw_table_s8_mve_frame frame = {x, y, layer->table, pixels * layer->channels};
    btw_table_s8_mve_codes(&frame);
}

#endif
