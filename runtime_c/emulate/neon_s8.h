/* The integer intrinsics of arm_neon.h in plain C. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_NEON_S8_H
#define BTW_NEON_S8_H

#endif
