/* A stand-in for ESP-IDF's esp_cpu.h. */
/* SPDX-License-Identifier: MIT-0 */
#include <stdint.h>

static inline uint32_t esp_cpu_get_cycle_count(void)
{
    return 0;
}
