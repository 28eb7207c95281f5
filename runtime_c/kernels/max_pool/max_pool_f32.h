/* Maximum of a window, float32: pixels outside the image do not count. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MAX_POOL_F32_H
#define BTW_MAX_POOL_F32_H

#include "btw_pool_layer.h"

typedef btw_pool_layer btw_max_pool_f32;

/* One output row y[output_width][channels]; rows[ky] is pixel 0 of an input row, null outside the image. */

#if !defined(BTW_INLINE_KERNELS)
void btw_max_pool_f32_neon(const btw_max_pool_f32 *layer, const void *const rows[], float *y);
void btw_max_pool_f32_scalar(const btw_max_pool_f32 *layer, const void *const rows[], float *y);
void btw_max_pool_f32_fpu(const btw_max_pool_f32 *layer, const void *const rows[], float *y, void *scratch);
void btw_max_pool_f32_mve(const btw_max_pool_f32 *layer, const void *const rows[], float *y, void *scratch);
#endif

#endif
