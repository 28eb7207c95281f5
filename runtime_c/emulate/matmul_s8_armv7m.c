/* Matrix product, int8: the plain C twin of the kernel for Armv7-M, with its packing. */
/* SPDX-License-Identifier: MIT-0 */
#include "matmul_s8.h"

#include "btw_matmul.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

static inline void btw_matmul_armv7m_blocks(const btw_matmul_frame *frame)
{
    int8_t *y0 = frame->y0, *y1 = frame->y1;
    for (const int16_t *stream = frame->stream; stream != frame->end;) {
        uint32_t sums[2][4] = {{0}};
        for (const int16_t *x = frame->x; x != frame->x_end; x += 2, stream += 4)
            for (int row = 0; row < 2; row++)
                for (int lane = 0; lane < 4; lane++)
                    sums[row][lane] += (uint32_t)(x[row] * stream[lane]);
        for (int lane = 0; lane < 4; lane++, y0 += frame->column, y1 += frame->column) {
            for (int row = 0; row < 2; row++) {
                const int32_t high = (int32_t)(((int64_t)(int32_t)sums[row][lane] * frame->multiplier) >> 32);
                *(row ? y1 : y0) = btw_clamp_s8((frame->offset + high) >> 3);
            }
        }
    }
}

BTW_KERNEL BTW_FOLDED void btw_matmul_s8_armv7m(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                                void *scratch)
{
    const btw_matmul_packing packing = {.times = btw_matmul_times(layer), .together = 1, .steps = layer->depth};
    btw_matmul_by_integers(layer, &packing, a, b, y, scratch, btw_matmul_armv7m_blocks);
}

#endif
