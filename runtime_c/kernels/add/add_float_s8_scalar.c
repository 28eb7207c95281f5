/* Addition, int8, any processor: onnxruntime's float steps, where ties leave no integer form. Needs -ffp-contract=off.
 */
/* SPDX-License-Identifier: MIT-0 */
#include "add_s8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

BTW_KERNEL void btw_add_float_s8_scalar(const btw_add_float_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                        int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++) {
        const double product = (double)(a[i] + layer->offset) * (double)layer->a_ratio;
        y[i] = btw_saturate_offset_s8((float)(product + (double)layer->table[b[i] + 128]), layer->offset);
    }
}

#endif
