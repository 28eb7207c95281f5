/* Addition of operands that broadcast, int8: twin of the Helium kernel, the scalar one under its name. */
/* SPDX-License-Identifier: MIT-0 */
#define btw_add_broadcast_s8_scalar btw_add_broadcast_s8_mve
#include "add_broadcast_s8_scalar.c"
#undef btw_add_broadcast_s8_scalar
