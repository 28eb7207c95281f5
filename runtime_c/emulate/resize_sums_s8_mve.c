/* One row of linear resizing, int8: the plain C twin of the Helium kernel. Needs -ffp-contract=off. */
/* SPDX-License-Identifier: MIT-0 */
#include "resize_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_resize_sums_s8_mve(const btw_resize_sums_s8_by_reciprocal *given, const void *const rows[],
                                       int8_t *y, int oy, void *scratch)
{
    const btw_resize_sums_s8 *const layer = &given->sums;
    btw_resize_s8 plain = layer->plain;
    plain.channels = 1; /* columns are bytes */
    const int32_t fraction = (int32_t)((UINT32_C(1) << layer->shift) - 1);
    (void)scratch;
    for (int ox = 0; ox < plain.output_width; ox++) {
        for (int c = 0; c < layer->plain.channels; c++) {
            const void *const from[] = {(const int8_t *)rows[0] + c, (const int8_t *)rows[1] + c};
            int32_t v = layer->offset + layer->guard;
            for (int i = 0; i < 4; i++) {
                const int64_t factors =
                    (int64_t)layer->row_factors[2 * oy + i / 2] * layer->column_factors[2 * ox + i % 2];
                const int8_t x = ((const int8_t *)from[i / 2])[plain.columns[2 * ox + i % 2]];
                v += (int32_t)(factors >> 32) * (x - plain.input_zero_point);
            }
            *y++ = (v & fraction) < 2 * layer->guard ? btw_resize_float_code(&plain, from, oy, ox, 0)
                                                     : btw_clamp_s8(v >> layer->shift);
        }
    }
}

#endif
