/* Mean of a window, float32. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_AVERAGE_POOL_F32_H
#define BTW_AVERAGE_POOL_F32_H

#include "btw_pool_layer.h"

typedef btw_pool_layer btw_average_pool_f32;

/* One output row y[output_width][channels]. Null rows do not count; where padding counts, it lies in the rows. */

#if !defined(BTW_INLINE_KERNELS)
void btw_average_pool_f32_neon(const btw_average_pool_f32 *layer, const void *const rows[], float *y);
void btw_average_pool_f32_scalar(const btw_average_pool_f32 *layer, const void *const rows[], float *y);
void btw_average_pool_f32_fpu(const btw_average_pool_f32 *layer, const void *const rows[], float *y, void *scratch);
void btw_average_pool_f32_mve(const btw_average_pool_f32 *layer, const void *const rows[], float *y, void *scratch);
#endif

#endif
