/* Concatenation, int8, Helium: 16 bytes at a time, of small pixels several together. */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_concat_s8_scalar. */
#include "btw_concat_mve.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_concat_s8_mve(const btw_concat_mve_layer *layer, const void *const x[], int8_t *y, int pixels)
{
    btw_concat_mve_all(layer, x, y, pixels);
}

#endif
