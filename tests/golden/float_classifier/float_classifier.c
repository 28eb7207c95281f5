/* float_classifier: made by bittwin 0.1.0 for host, schedule ram. Do not edit. */
/* SPDX-License-Identifier: MIT-0 */
#if !defined(BTW_SHARED_KERNELS)
#define BTW_INLINE_KERNELS
#endif
#include "float_classifier.h"
#include "float_classifier_weights.h"

#include <math.h> /* INFINITY */

#if defined(BTW_SHARED_KERNELS)
#include "btw/conv2d_f32.h"
#include "btw/copy_u8.h"
#include "btw/linear_f32.h"
#include "btw/max_pool_f32.h"
#else
#include "btw/conv2d_f32_scalar.c"
#include "btw/copy_u8_scalar.c"
#include "btw/linear_f32_scalar.c"
#include "btw/max_pool_f32_scalar.c"
#endif

/* What a layer sees of one call of run. */
typedef struct {
    uint8_t *arena;
    const float *input_image;
    float *scores;
} float_classifier_frame;

/* image_rows: copy, [6][6][2] to [6][6][2].
 * Makes rows of 48 bytes, with padding of 8 before and 8 behind; keeps the last 3 rows, at 0. */
static const btw_copy_u8 float_classifier_image_rows_layer = {
    .bytes = 8,
};

BTW_LAYER void float_classifier_image_rows(const float_classifier_frame *frame, int oy)
{
    float *const y = btw_at(frame->arena, 8 + oy % 3 * 64);
    btw_copy_u8_scalar(&float_classifier_image_rows_layer, frame->input_image, y, 6);
    BTW_OBSERVE(0, oy, y, 48);
}

/* conv: convolution 3x3, [6][6][2] to [6][6][4], 2,592 MAC.
 * Makes rows of 96 bytes; keeps the last 2 rows, at 192. */
static const btw_conv2d_f32 float_classifier_conv_layer = {
    .input_channels = 2,
    .output_channels = 4,
    .groups = 1,
    .kernel_height = 3,
    .kernel_width = 3,
    .stride_width = 1,
    .dilation_width = 1,
    .output_width = 6,
    .weights = float_classifier_conv_weights,
    .bias = float_classifier_conv_bias,
    .low = 0.0f,
    .high = INFINITY,
};

BTW_LAYER void float_classifier_conv(const float_classifier_frame *frame, int oy)
{
    float *const y = btw_at(frame->arena, 192 + oy % 2 * 96);
    const void *rows[3];
    const btw_plane x = {btw_at(frame->arena, 0), 64, 3, 6};
    btw_rows_ring(rows, 3, x, oy + 2, 1);
    btw_conv2d_f32_scalar(&float_classifier_conv_layer, rows, y);
    BTW_OBSERVE(1, oy, y, 96);
}

/* pool: max pool 2x2 stride 2, [6][6][4] to [3][3][4].
 * Makes rows of 48 bytes; keeps all rows, at 384. */
static const btw_max_pool_f32 float_classifier_pool_layer = {
    .channels = 4,
    .kernel_height = 2,
    .kernel_width = 2,
    .stride_width = 2,
    .dilation_width = 1,
    .pad_left = 0,
    .input_width = 6,
    .output_width = 3,
};

BTW_LAYER void float_classifier_pool(const float_classifier_frame *frame, int oy)
{
    float *const y = btw_at(frame->arena, 384 + oy * 48);
    const void *rows[2];
    const btw_plane x = {btw_at(frame->arena, 192), 96, 2, 6};
    btw_rows_constant(rows, 2, x, oy * 2, 1, NULL, INT32_MAX);
    btw_max_pool_f32_scalar(&float_classifier_pool_layer, rows, y);
    BTW_OBSERVE(2, oy, y, 48);
}

/* scores: fully connected, [36] to [3], 108 MAC */
static const btw_linear_f32 float_classifier_scores_layer = {
    .inputs = 36,
    .outputs = 3,
    .weights = float_classifier_scores_weights,
    .bias = float_classifier_scores_bias,
    .low = -INFINITY,
    .high = INFINITY,
};

BTW_LAYER void float_classifier_scores(const float_classifier_frame *frame)
{
    float *const y = frame->scores;
    btw_linear_f32_scalar(&float_classifier_scores_layer, btw_at(frame->arena, 384), y, 1);
    BTW_OBSERVE(3, 0, y, 12);
}

/* Rows that each step has made. */
typedef struct {
    int16_t image_rows, conv, pool;
} float_classifier_rows_0;

/* In every round each step makes a row, if the rows it reads are there, until none can. */
static void float_classifier_flow_0(const float_classifier_frame *frame, float_classifier_rows_0 *made)
{
    int busy;
    do {
        busy = 0;
        if (made->conv < 6 && made->image_rows > made->conv + 1) {
            float_classifier_conv(frame, made->conv++);
            busy = 1;
        }
        if (made->pool < 3 && (made->conv > made->pool * 2 + 1 || made->conv >= 6)) {
            float_classifier_pool(frame, made->pool++);
            busy = 1;
        }
        if (made->image_rows >= 6 && made->image_rows < 7) {
            btw_fill_f32(btw_at(frame->arena, made->image_rows++ % 3 * 64), 16, 0.0f);
            busy = 1;
        }
    } while (busy);
}

void float_classifier_begin(float_classifier_arena *arena)
{
    const float_classifier_frame whole = {arena->bytes, NULL, NULL}, *const frame = &whole;
    btw_fill_f32(btw_at(frame->arena, 0), 48, 0.0f);
    memset(btw_at(frame->arena, 528), 0, sizeof(float_classifier_rows_0));
}

void float_classifier_push_row(float_classifier_arena *arena, const float row[FLOAT_CLASSIFIER_INPUT_IMAGE_ROW_SIZE])
{
    const float_classifier_frame whole = {arena->bytes, row, NULL}, *const frame = &whole;
    float_classifier_rows_0 *const made = btw_at(frame->arena, 528);
    float_classifier_image_rows(frame, made->image_rows++);
    if (made->image_rows == 1 || made->image_rows > made->conv + 1 || made->image_rows >= 6)
        float_classifier_flow_0(frame, made);
}

void float_classifier_output(float_classifier_arena *arena, float scores[FLOAT_CLASSIFIER_SCORES_SIZE])
{
    const float_classifier_frame whole = {arena->bytes, NULL, scores}, *const frame = &whole;
    float_classifier_scores(frame);
}

void float_classifier_run(float_classifier_arena *arena,
                          const float input_image[FLOAT_CLASSIFIER_INPUT_IMAGE_SIZE],
                          float scores[FLOAT_CLASSIFIER_SCORES_SIZE])
{
    float_classifier_begin(arena);
    for (int y = 0; y < 6; y++)
        float_classifier_push_row(arena, input_image + y * 12);
    float_classifier_output(arena, scores);
}
