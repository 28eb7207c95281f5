/* Stops a compiler that was not told of the instructions that a model's kernels need, and says what to do instead. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_NEEDS_H
#define BTW_NEEDS_H

#if defined(BTW_NEEDS_ARMV6M) && (!defined(__thumb__) || defined(__thumb2__))
#error "made for Armv6-M: compile with -mcpu=cortex-m0, or generate it for your core (--target; host fits all)"
#endif

#if defined(BTW_NEEDS_ARMV7M) && !defined(__thumb2__)
#error "made for Armv7-M: compile with -mcpu=cortex-m3, or generate it for your core (--target; host fits all)"
#endif

#if defined(BTW_NEEDS_DSP) && (!defined(__ARM_FEATURE_DSP) || !defined(__thumb2__))
#error "made for Armv7E-M (DSP): compile with -mcpu=cortex-m4, or generate it for your core (--target; host fits all)"
#endif

#if defined(BTW_NEEDS_FPU) && (!defined(__ARM_FP) || !defined(__thumb2__))
#error "made for an FPU: compile with -mfpu=fpv4-sp-d16 -mfloat-abi=hard, or generate it with --target cortex-m4+nofp"
#endif

#if defined(BTW_NEEDS_MVE)
#if !defined(__ARM_FEATURE_MVE)
#error "made for Helium: compile with -mcpu=cortex-m55 -mfloat-abi=hard, or generate it for your core (--target)"
#elif !(__ARM_FEATURE_MVE & 2)
#error "made for Helium with floats: compile with -mcpu=cortex-m55 -mfloat-abi=hard, or generate it for your core"
#endif
#endif

#if defined(BTW_NEEDS_NEON) && !defined(__ARM_NEON)
#error "made for NEON: compile for AArch64, or for Armv7-A with -mfpu=neon, or generate it with --target host"
#endif

#if defined(BTW_NEEDS_DOTPROD) && !defined(__ARM_FEATURE_DOTPROD)
#error "made for dot products: compile with -march=armv8.2-a+dotprod, or generate it with --target cortex-a53"
#endif

#if defined(BTW_NEEDS_I8MM) && !defined(__ARM_FEATURE_MATMUL_INT8)
#error "made for matrix products: compile with -march=armv8.6-a, or generate it with --target cortex-a76"
#endif

#endif
