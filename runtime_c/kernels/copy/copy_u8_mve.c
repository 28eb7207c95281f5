/* Copy, any type, Helium: 64 bytes at a time. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_copy_u8_scalar. */
#include "btw_mve.h"
#include "copy_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

static inline void btw_copy_u8_mve_blocks(const uint8_t *x, uint8_t *y, int blocks, int rest)
{
    __asm__ volatile("wls lr, %[blocks], 2f\n"
                     "1:\n\t.irp q, q0, q1, q2, q3\n\tvldrb.8 \\q, [%[x]], #16\n\t.endr\n\t"
                     ".irp q, q0, q1, q2, q3\n\tvstrb.8 \\q, [%[y]], #16\n\t.endr\n\tle lr, 1b\n"
                     "2:\n\twlstp.8 lr, %[rest], 4f\n"
                     "3:\n\tvldrb.8 q0, [%[x]], #16\n\tvstrb.8 q0, [%[y]], #16\n\tletp lr, 3b\n4:"
                     : [x] "+&r"(x), [y] "+&r"(y)
                     : [blocks] "r"(blocks), [rest] "r"(rest)
                     : BTW_MVE_P0 "lr", "q0", "q1", "q2", "q3", "cc", "memory");
}

BTW_KERNEL void btw_copy_u8_mve(const btw_copy_u8 *layer, const void *x, void *y, int pixels)
{
    const int bytes = pixels * layer->bytes;
    btw_copy_u8_mve_blocks(x, y, bytes / 64, bytes % 64);
}

#endif
