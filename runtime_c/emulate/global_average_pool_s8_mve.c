/* Global average pooling, int8: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_global_average_pool_s8_scalar btw_global_average_pool_s8_mve
#include "global_average_pool_s8_scalar.c"
#undef btw_global_average_pool_s8_scalar
