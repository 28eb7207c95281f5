/* The walk of depthwise 3x3 kernels along a row of pixels: columns of vectors meet up to three windows. Needs NEON. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_DEPTHWISE_NEON_H
#define BTW_DEPTHWISE_NEON_H

#include "btw_s8_neon.h"

/* The function `name`: all pixels of a row, each `pixel` bytes behind the one before it; windows are `advance` bytes
 * apart, their columns `next`. column_at(x, at) loads a column, pixel_of(block, a, b, c) makes 8 codes of three. */
#define BTW_DEPTHWISE_3X3_ROW(name, block_type, column_type, column_at, pixel_of)                                      \
    BTW_NEON void name(const block_type *block, const int8_t *const x[3], int8_t *y, int width, int advance, int next, \
                       int pixel)                                                                                      \
    {                                                                                                                  \
        int at = 0;                                                                                                    \
        if (advance == next && width > 1) {                                                                            \
            column_type a = column_at(x, 0), b = column_at(x, next), c;                                                \
            for (at = 2 * next; width > 0; width -= 3, at += 3 * next) {                                               \
                c = column_at(x, at);                                                                                  \
                vst1_s8(y, pixel_of(block, a, b, c));                                                                  \
                y += pixel;                                                                                            \
                if (width == 1)                                                                                        \
                    return;                                                                                            \
                a = column_at(x, at + next);                                                                           \
                vst1_s8(y, pixel_of(block, b, c, a));                                                                  \
                y += pixel;                                                                                            \
                if (width == 2)                                                                                        \
                    return;                                                                                            \
                b = column_at(x, at + 2 * next);                                                                       \
                vst1_s8(y, pixel_of(block, c, a, b));                                                                  \
                y += pixel;                                                                                            \
            }                                                                                                          \
        } else if (advance == 2 * next) {                                                                              \
            column_type a = column_at(x, 0), b, c;                                                                     \
            for (at = next; width > 0; width -= 2, at += 4 * next) {                                                   \
                b = column_at(x, at);                                                                                  \
                c = column_at(x, at + next);                                                                           \
                vst1_s8(y, pixel_of(block, a, b, c));                                                                  \
                y += pixel;                                                                                            \
                if (width == 1)                                                                                        \
                    return;                                                                                            \
                b = column_at(x, at + 2 * next);                                                                       \
                a = column_at(x, at + 3 * next);                                                                       \
                vst1_s8(y, pixel_of(block, c, b, a));                                                                  \
                y += pixel;                                                                                            \
            }                                                                                                          \
        } else {                                                                                                       \
            for (; width > 0; width--, at += advance, y += pixel)                                                      \
                vst1_s8(y, pixel_of(block, column_at(x, at), column_at(x, at + next), column_at(x, at + 2 * next)));   \
        }                                                                                                              \
    }

#endif
