/* Plain C of sums of two channels by one multiplication, as btw_armv7m.h explains: for twins of its kernels. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_TWO_LANES_TWIN_H
#define BTW_TWO_LANES_TWIN_H

#include "btw_packed.h"

/* sums[2] of channels 2 * two and 2 * two + 1 of a block; the taps are bytes, or words where `bytes` is null. */
static inline void btw_two_lanes(const int32_t *block, int two, const int8_t *bytes, const int32_t *words, int taps,
                                 int32_t sums[2])
{
    const int group = block[4] ? 4 : 2;
    uint32_t total = (uint32_t)block[2 * two], high = (uint32_t)block[2 * two + 1];
    for (int tap = 0; tap < taps; tap += group) {
        uint32_t acc = 0x8000;
        for (int i = tap; i < tap + group; i++)
            acc += (uint32_t)(bytes ? bytes[i] : words[i]) * (uint32_t)block[5 + 2 * i + two];
        total += acc;
        high += (uint32_t)((int32_t)acc >> 16);
    }
    sums[0] = (int32_t)(total - (high << 16));
    sums[1] = (int32_t)high;
}

#endif
