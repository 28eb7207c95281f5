/* Maximum of a window, int8: pixels outside the image do not count. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MAX_POOL_S8_H
#define BTW_MAX_POOL_S8_H

#include "btw_pool_layer.h"

typedef btw_pool_layer btw_max_pool_s8;

/* One output row y[output_width][channels]; rows[ky] is pixel 0 of an input row, null outside the image. */

#if !defined(BTW_INLINE_KERNELS)
void btw_max_pool_s8_neon(const btw_max_pool_s8 *layer, const void *const rows[], int8_t *y);
void btw_max_pool_s8_scalar(const btw_max_pool_s8 *layer, const void *const rows[], int8_t *y);
void btw_max_pool_s8_dsp(const btw_max_pool_s8 *layer, const void *const rows[], int8_t *y, void *scratch);
void btw_max_pool_s8_mve(const btw_max_pool_s8 *layer, const void *const rows[], int8_t *y, void *scratch);
#endif

#endif
