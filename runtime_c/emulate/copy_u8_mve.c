/* Copy, any type: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_copy_u8_scalar btw_copy_u8_mve
#include "copy_u8_scalar.c"
#undef btw_copy_u8_scalar
