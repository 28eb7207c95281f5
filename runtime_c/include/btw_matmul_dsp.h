/* Products of two int8 matrices on Armv7E-M: packing, and the loop over blocks of 2 rows and 4 columns. Comes behind
 * matmul_s8.h. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_MATMUL_DSP_H
#define BTW_MATMUL_DSP_H

#include "btw_dsp.h"

/* What the loop keeps on the stack. Depth goes in steps of 2, at least 2 steps: a word of x for each row of a step, 4
 * words of the stream for its columns, the zero points taken off. */
typedef struct {
    const uint32_t *x, *x_end;    /* 0, 4 */
    int8_t *y0, *y1;              /* 8, 12 */
    int32_t offset, multiplier;   /* 16, 20: or the zero point and the bits of a float32 scale */
    int column;                   /* 24: bytes from a column of y to the next */
    int skip;                     /* 28: bytes of unrolled steps left out in the first pass */
    const uint32_t *stream, *end; /* 32, 36: blocks of 4 columns */
} btw_matmul_frame;

_Static_assert(sizeof(btw_matmul_frame) == 10 * sizeof(void *) - 4 * (sizeof(void *) - 4), "the loop copies 10 words");

typedef void btw_matmul_loop(const btw_matmul_frame *frame);

#if defined(__ARM_FEATURE_DSP)

#define BTW_MATMUL_FIRST                                                                                               \
    "ldrd r10, r11, [r0], #8\n\tldrd r12, lr, [r1], #8\n\t"                                                            \
    "smuad r2, r10, r12\n\tsmuad r6, r11, r12\n\tsmuad r3, r10, lr\n\tsmuad r7, r11, lr\n\t"                           \
    "ldrd r12, lr, [r1], #8\n\t"                                                                                       \
    "smuad r4, r10, r12\n\tsmuad r8, r11, r12\n\tsmuad r5, r10, lr\n\tsmuad r9, r11, lr\n\t"
/* r0 column, r10 y0, r11 y1, r12 offset, lr multiplier */
#define BTW_MATMUL_COLUMN(sum0, sum1)                                                                                  \
    "strb " sum0 ", [r10]\n\tadd r10, r10, r0\n\tstrb " sum1 ", [r11]\n\tadd r11, r11, r0\n\t"
#define BTW_MATMUL_CODES                                                                                               \
    ".irp sum, r2, r3, r4, r5, r6, r7, r8, r9\n\t"                                                                     \
    "smmla \\sum, \\sum, lr, r12\n\tssat \\sum, #8, \\sum, asr #3\n\t.endr\n\t"
#define BTW_MATMUL_FLOAT_CODES                                                                                         \
    "vmov s0, lr\n\t" BTW_DSP_TWO_FLOAT_CODES("r2", "r3", "s0", "s0") BTW_DSP_TWO_FLOAT_CODES("r4", "r5", "s0", "s0")  \
        BTW_DSP_TWO_FLOAT_CODES("r6", "r7", "s0", "s0") BTW_DSP_TWO_FLOAT_CODES("r8", "r9", "s0", "s0")

/* r0 x, r1 stream, r2-r5 sums of row 0, r6-r9 of row 1 */
#define BTW_MATMUL_BLOCKS(CODES)                                                                                       \
    "push {r7, r12}\n\tldm r0, {r2-r11}\n\tpush {r2-r11}\n\t"                                                          \
    "adr.w r2, 6f\n\tldr r3, [sp, #28]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #28]\n\t"                   \
    "ldr r1, [sp, #32]\n"                                                                                              \
    "5:\n\tldr r0, [sp]\n\t" BTW_MATMUL_FIRST "ldr pc, [sp, #28]\n"                                                    \
    "6:\n\t" BTW_DSP_STEPS "ldr r10, [sp, #4]\n\tcmp r0, r10\n\tbne 6b\n\t"                                            \
    "add r0, sp, #8\n\tldm r0, {r10, r11, r12, lr}\n\tldr r0, [sp, #24]\n\t" CODES BTW_MATMUL_COLUMN("r2", "r6")       \
        BTW_MATMUL_COLUMN("r3", "r7") BTW_MATMUL_COLUMN("r4", "r8")                                                    \
            BTW_MATMUL_COLUMN("r5", "r9") "strd r10, r11, [sp, #8]\n\tldr r2, [sp, #36]\n\tcmp r1, r2\n\tbne 5b\n\t"   \
                                          "add sp, sp, #40\n\tpop {r7, r12}\n\t"

static __attribute__((noinline, unused, aligned(4))) void btw_matmul_blocks(const btw_matmul_frame *frame)
{
    register const btw_matmul_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_MATMUL_BLOCKS(BTW_MATMUL_CODES) : "+r"(r0) : : BTW_DSP_CLOBBERS);
}

#if defined(__ARM_FP) && (__ARM_FP & 4)
static __attribute__((noinline, unused, aligned(4))) void btw_matmul_blocks_float(const btw_matmul_frame *frame)
{
    register const btw_matmul_frame *r0 __asm("r0") = frame;
    __asm volatile(BTW_MATMUL_BLOCKS(BTW_MATMUL_FLOAT_CODES) : "+r"(r0) : : BTW_DSP_CLOBBERS, "s0", "s4", "s5");
}
#endif

#else
#include "btw_matmul_dsp_twin.h"
#endif

/* Two neighbours along the depth, or one and 0, `times` as large. */
static inline uint32_t btw_matmul_pair(const int8_t *x, int next, int zero_point, int times, int count)
{
    const int32_t low = count > 0 ? (x[0] - zero_point) * times : 0;
    const int32_t high = count > 1 ? (x[next] - zero_point) * times : 0;
    return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;
}

/* Words of `lanes` rows or columns of a matrix, step by step. */
static inline uint32_t *btw_matmul_pack(const int8_t *x, int lanes, int lane_step, int depth, int depth_step,
                                        int zero_point, int times, uint32_t *words)
{
    for (int k = 0; k < depth; k += 2, x += 2 * depth_step)
        for (int lane = 0; lane < lanes; lane++)
            *words++ = btw_matmul_pair(x + lane * lane_step, depth_step, zero_point, times, depth - k);
    for (int lane = 0; depth <= 2 && lane < lanes; lane++)
        *words++ = 0;
    return words;
}

/* At least 2 rows and 4 columns. The last row and the last columns are computed again with those before them where
 * they fill no block. scratch: for each step 2 words, and 4 of each block that is packed at once. Inlined into each
 * kernel, so that no loop is called by a pointer. */
static inline __attribute__((always_inline)) void btw_matmul_by(const btw_matmul_s8 *layer, const int8_t *a,
                                                                const int8_t *b, int8_t *y, void *scratch, int times,
                                                                int32_t offset, int32_t multiplier,
                                                                btw_matmul_loop *loop)
{
    const int columns = layer->columns, steps = layer->depth <= 2 ? 2 : (layer->depth + 1) / 2;
    uint32_t *const x = scratch, *const stream = x + 2 * steps;
    for (int s = 0; s < layer->stack; s++) {
        for (int first = 0; first < columns; first += 4 * layer->blocks) {
            const int left = columns - first, blocks = (left + 3) / 4 < layer->blocks ? (left + 3) / 4 : layer->blocks;
            const int whole = 4 * blocks <= left ? blocks : blocks - 1;
            uint32_t *end = stream;
            for (int block = 0; block < blocks; block++) {
                const int c = block < whole ? first + 4 * block : columns - 4;
                end = btw_matmul_pack(b + layer->b_offsets[s] + c * layer->b_column, 4, layer->b_column, layer->depth,
                                      layer->b_depth, layer->b_zero_point, times, end);
            }
            for (int row = 0; row < layer->rows; row += 2) {
                const int r = row + 1 < layer->rows ? row : row - 1;
                btw_matmul_pack(a + layer->a_offsets[s] + r * layer->a_row, 2, layer->a_row, layer->depth,
                                layer->a_depth, layer->a_zero_point, 1, x);
                int8_t *const to = y + layer->y_offsets[s] + r * layer->y_row;
                btw_matmul_frame frame = {
                    .x = x,
                    .x_end = stream,
                    .y0 = to + first * layer->y_column,
                    .y1 = to + first * layer->y_column + layer->y_row,
                    .offset = offset,
                    .multiplier = multiplier,
                    .column = layer->y_column,
                    .skip = ((17 - steps) & 15) * 44,
                    .stream = stream,
                    .end = stream + 4 * steps * whole,
                };
                if (whole)
                    loop(&frame);
                if (whole < blocks) {
                    frame.y0 = to + (columns - 4) * layer->y_column;
                    frame.y1 = frame.y0 + layer->y_row;
                    frame.stream = frame.end;
                    frame.end = end;
                    loop(&frame);
                }
            }
        }
    }
}

#endif
