/* int8_branches: made by bittwin 0.1.0 for host, schedule layers. Do not edit. */
/* SPDX-License-Identifier: MIT-0 */
#if !defined(BTW_SHARED_KERNELS)
#define BTW_INLINE_KERNELS
#endif
#include "int8_branches.h"
#include "int8_branches_weights.h"

#if defined(BTW_SHARED_KERNELS)
#include "btw/add_s8.h"
#include "btw/concat_s8.h"
#include "btw/conv2d_s8.h"
#include "btw/copy_u8.h"
#else
#include "btw/add_s8_scalar.c"
#include "btw/concat_s8_scalar.c"
#include "btw/conv2d_s8_scalar.c"
#include "btw/copy_u8_scalar.c"
#include "btw/depthwise_conv2d_s8_scalar.c"
#endif

/* What a layer sees of one call of run. */
typedef struct {
    uint8_t *arena;
    const int8_t *input_image;
    int8_t *concat_codes;
} int8_branches_frame;

/* conv_rowsx2: copy, [6][5][3] to [6][5][3].
 * Makes rows of 15 bytes, with padding of 3 before and 3 behind; keeps the last 3 rows, at 176. */
static const btw_copy_u8 int8_branches_conv_rowsx2_layer = {
    .bytes = 3,
};

BTW_LAYER void int8_branches_conv_rowsx2(const int8_branches_frame *frame, int oy)
{
    int8_t *const y = btw_at(frame->arena, 179 + oy % 3 * 21);
    btw_copy_u8_scalar(&int8_branches_conv_rowsx2_layer, frame->input_image + oy * 15, y, 5);
    btw_pad_reflect(y, 5, 3, 1, 1);
    BTW_OBSERVE(0, oy, y, 15);
}

/* conv: convolution 3x3 reflect padding, [6][5][3] to [6][5][4], 3,240 MAC.
 * Makes rows of 20 bytes, with padding of 4 before and 4 behind; keeps all rows, at 0. */
static const btw_conv2d_s8 int8_branches_conv_layer = {
    .input_channels = 3,
    .output_channels = 4,
    .groups = 1,
    .kernel_height = 3,
    .kernel_width = 3,
    .stride_width = 1,
    .dilation_width = 1,
    .output_width = 5,
    .weights = int8_branches_conv_weights,
    .bias = int8_branches_conv_bias,
    .requantization = {
        .multiplier = int8_branches_conv_requantization_multiplier,
        .scale = NULL,
        .offset = 44,
        .shift = 3,
        .zero_point = 5,
    },
};

BTW_LAYER void int8_branches_conv(const int8_branches_frame *frame, int oy)
{
    int8_t *const y = btw_at(frame->arena, 4 + oy * 28);
    const void *rows[3];
    const btw_plane x = {btw_at(frame->arena, 176), 21, 3, 6};
    btw_rows_reflect(rows, 3, x, oy - 1, 1);
    btw_conv2d_s8_scalar(&int8_branches_conv_layer, rows, y);
    BTW_OBSERVE(1, oy, y, 20);
}

/* depthwise: depthwise convolution 3x3, [6][5][4] to [6][5][4], 1,080 MAC.
 * Makes rows of 20 bytes; keeps all rows, at 176. */
static const btw_conv2d_s8 int8_branches_depthwise_layer = {
    .input_channels = 4,
    .output_channels = 4,
    .groups = 4,
    .kernel_height = 3,
    .kernel_width = 3,
    .stride_width = 1,
    .dilation_width = 1,
    .output_width = 5,
    .weights = int8_branches_depthwise_weights,
    .bias = int8_branches_depthwise_bias,
    .requantization = {
        .multiplier = int8_branches_depthwise_requantization_multiplier,
        .scale = int8_branches_depthwise_requantization_scale,
        .offset = -1020,
        .shift = 3,
        .zero_point = -128,
    },
};

BTW_LAYER void int8_branches_depthwise(const int8_branches_frame *frame, int oy)
{
    int8_t *const y = btw_at(frame->arena, 176 + oy * 20);
    const void *rows[3];
    const btw_plane x = {btw_at(frame->arena, 0), 28, 6, 6};
    btw_rows_constant(rows, 3, x, oy - 1, 1, btw_at(frame->arena, 304), INT32_MAX);
    btw_depthwise_conv2d_s8_scalar(&int8_branches_depthwise_layer, rows, y);
    BTW_OBSERVE(2, oy, y, 20);
}

/* add: add, [6][5][4], [6][5][4] to [6][5][4].
 * Makes rows of 20 bytes; keeps all rows, at 176. */
static const btw_add_s8 int8_branches_add_layer = {
    .channels = 4,
    .a_multiplier = 2903749,
    .b_multiplier = 3549026,
    .constant = 357967713,
    .shift = 22,
    .half_even = 0,
};

BTW_LAYER void int8_branches_add(const int8_branches_frame *frame, int oy)
{
    int8_t *const y = btw_at(frame->arena, 176 + oy * 20);
    btw_add_s8_scalar(&int8_branches_add_layer, btw_at(frame->arena, 4 + oy * 28), btw_at(frame->arena, 176 + oy * 20),
                      y, 5);
    BTW_OBSERVE(3, oy, y, 20);
}

/* concat: concatenation, [6][5][4], [6][5][4] to [6][5][8] */
static const btw_concat_s8 int8_branches_concat_layer = {
    .count = 2,
    .parts = (const btw_concat_part_s8[]){
        {
            .size = 4,
            .table = NULL,
        },
        {
            .size = 4,
            .table = int8_branches_concat_parts_1_table,
        },
    },
};

BTW_LAYER void int8_branches_concat(const int8_branches_frame *frame, int oy)
{
    int8_t *const y = frame->concat_codes + oy * 40;
    const void *const x[] = {btw_at(frame->arena, 176 + oy * 20), btw_at(frame->arena, 4 + oy * 28)};
    btw_concat_s8_scalar(&int8_branches_concat_layer, x, y, 5);
    BTW_OBSERVE(4, oy, y, 40);
}

/* Rows that each step has made. */
typedef struct {
    int16_t conv_rowsx2, conv;
} int8_branches_rows_0;

/* In every round each step makes a row, if the rows it reads are there, until none can. */
static void int8_branches_flow_0(const int8_branches_frame *frame, int8_branches_rows_0 *made)
{
    int busy;
    do {
        busy = 0;
        if (made->conv_rowsx2 < 6 && ((made->conv < 6 && !(made->conv_rowsx2 > made->conv + 1 ||
            made->conv_rowsx2 >= 6)) || made->conv >= 6)) {
            int8_branches_conv_rowsx2(frame, made->conv_rowsx2++);
            busy = 1;
        }
        if (made->conv < 6 && (made->conv_rowsx2 > made->conv + 1 || made->conv_rowsx2 >= 6)) {
            int8_branches_conv(frame, made->conv++);
            busy = 1;
        }
    } while (busy);
}

void int8_branches_run(int8_branches_arena *arena,
                       const int8_t input_image[INT8_BRANCHES_INPUT_IMAGE_SIZE],
                       int8_t concat_codes[INT8_BRANCHES_CONCAT_CODES_SIZE])
{
    const int8_branches_frame whole = {arena->bytes, input_image, concat_codes}, *const frame = &whole;
    btw_fill_pads_s8(btw_at(frame->arena, 0), 6, 20, 4, 4, 5);
    memset(btw_at(frame->arena, 240), 0, sizeof(int8_branches_rows_0));
    int8_branches_flow_0(frame, btw_at(frame->arena, 240));
    btw_fill_s8(btw_at(frame->arena, 304), 28, 5);
    for (int oy = 0; oy < 6; oy++)
        int8_branches_depthwise(frame, oy);
    for (int oy = 0; oy < 6; oy++)
        int8_branches_add(frame, oy);
    for (int oy = 0; oy < 6; oy++)
        int8_branches_concat(frame, oy);
}
