/* Values of any type moved: each output value is one input value, or a fill value. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_GATHER_U8_H
#define BTW_GATHER_U8_H

#include "btw.h"

/* Added to an offset, it makes any sum of four negative: that output value is the fill value. */
#define BTW_GATHER_FILL (-(1 << 29))

/* One loop over the output: where its input lies, in bytes. */
typedef struct {
    int size;
    int stride;             /* from one index to the next, where there is no table */
    const int32_t *offsets; /* [size] or null */
} btw_gather_axis;

typedef struct {
    const btw_gather_axis *axes; /* [4], the slowest first */
    int first;                   /* bytes to the input of output 0 */
    int bytes;                   /* that lie together behind every offset */
    const uint8_t *fill;         /* one value, or null where no offset is negative */
    int fill_bytes;              /* of that value */
    int input_pixel;             /* bytes of an input pixel, where pixels are gathered */
    int rows_in_turn;            /* 1: the second loop goes through input rows */
    const int32_t *shifts;       /* [output rows] bytes added to every offset of a row, or null */
} btw_gather_u8;

static inline int btw_gather_offset(const btw_gather_axis *axis, int index)
{
    return axis->offsets ? axis->offsets[index] : index * axis->stride;
}

/* All four loops; returns the end of what it wrote. */
static inline uint8_t *btw_gather_block(const btw_gather_u8 *layer, const void *const rows[], int shift, uint8_t *y)
{
    const btw_gather_axis *const axes = layer->axes;
    for (int i = 0; i < axes[0].size; i++) {
        const int slow = shift + layer->first + btw_gather_offset(&axes[0], i);
        for (int j = 0; j < axes[1].size; j++) {
            const uint8_t *const x = rows[layer->rows_in_turn ? j : 0];
            const int middle = slow + btw_gather_offset(&axes[1], j);
            for (int k = 0; k < axes[2].size; k++) {
                const int fast = middle + btw_gather_offset(&axes[2], k);
                for (int l = 0; l < axes[3].size; l++, y += layer->bytes) {
                    const int offset = fast + btw_gather_offset(&axes[3], l);
                    if (layer->fill == NULL || offset >= 0) {
                        memcpy(y, x + offset, (size_t)layer->bytes);
                        continue;
                    }
                    for (int byte = 0; byte < layer->bytes; byte += layer->fill_bytes)
                        memcpy(y + byte, layer->fill, (size_t)layer->fill_bytes);
                }
            }
        }
    }
    return y;
}

/* A whole tensor; output row oy from one input row or some; pixels, each from the pixel at its place. */

#if !defined(BTW_INLINE_KERNELS)
void btw_gather_u8_scalar(const btw_gather_u8 *layer, const void *x, void *y);
void btw_gather_rows_u8_scalar(const btw_gather_u8 *layer, const void *const rows[], void *y, int oy);
void btw_gather_pixels_u8_scalar(const btw_gather_u8 *layer, const void *x, void *y, int pixels);
#endif

#endif
