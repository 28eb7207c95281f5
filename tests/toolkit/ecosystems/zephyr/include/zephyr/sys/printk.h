/* A stand-in for Zephyr's printk.h. */
/* SPDX-License-Identifier: MIT-0 */
#include <stdio.h>

#define printk printf
