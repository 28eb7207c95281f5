/* Plain C of the loops of btw_matmul_dsp.h that are assembler elsewhere: for hosts, where tests run them. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MATMUL_DSP_TWIN_H
#define BTW_MATMUL_DSP_TWIN_H

static inline void btw_matmul_blocks_by(const btw_matmul_frame *frame, btw_dsp_code *code)
{
    int8_t *y0 = frame->y0, *y1 = frame->y1;
    for (const int16_t *stream = frame->stream; stream != frame->end;) {
        uint32_t sums[2][4] = {{0}};
        for (const int16_t *x = frame->x; x != frame->x_end; x += 4, stream += 8)
            for (int row = 0; row < 2; row++)
                for (int lane = 0; lane < 4; lane++)
                    for (int i = 0; i < 2; i++)
                        sums[row][lane] += (uint32_t)(x[2 * row + i] * stream[2 * lane + i]);
        for (int lane = 0; lane < 4; lane++, y0 += frame->column, y1 += frame->column) {
            *y0 = code((int32_t)sums[0][lane], frame->multiplier, frame->offset);
            *y1 = code((int32_t)sums[1][lane], frame->multiplier, frame->offset);
        }
    }
}

static inline void btw_matmul_blocks(const btw_matmul_frame *frame)
{
    btw_matmul_blocks_by(frame, btw_dsp_proved);
}

static inline void btw_matmul_blocks_float(const btw_matmul_frame *frame)
{
    btw_matmul_blocks_by(frame, btw_dsp_by_scale);
}

#endif
