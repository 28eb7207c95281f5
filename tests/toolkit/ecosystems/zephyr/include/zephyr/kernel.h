/* A stand-in for Zephyr's kernel.h. */
/* SPDX-License-Identifier: MIT-0 */
#include <stdint.h>

static inline uint32_t k_cycle_get_32(void)
{
    return 0;
}
