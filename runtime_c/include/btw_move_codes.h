/* Codes of some channels moved between pixels of all of them, by words at any address: Armv7-M and up, hosts. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MOVE_CODES_H
#define BTW_MOVE_CODES_H

#include "btw.h"

static inline void btw_move_word(const int8_t *x, int8_t *y)
{
    uint32_t word;
    memcpy(&word, x, 4);
    memcpy(y, &word, 4);
}

/* x[pixels][size] to y, whose pixels are `step` apart. The last word of a pixel overlaps the one before it where the
 * size is no multiple of 4. */
static inline void btw_move_codes(const int8_t *x, int8_t *y, int size, int step, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += size, y += step) {
        if (size < 4) {
            for (int c = 0; c < size; c++)
                y[c] = x[c];
            continue;
        }
        for (int c = 0; c < size - 4; c += 4)
            btw_move_word(x + c, y + c);
        btw_move_word(x + size - 4, y + size - 4);
    }
}

#endif
