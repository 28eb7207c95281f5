/* Global average pooling, float32: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_global_average_pool_f32_scalar btw_global_average_pool_f32_mve
#include "global_average_pool_f32_scalar.c"
#undef btw_global_average_pool_f32_scalar
