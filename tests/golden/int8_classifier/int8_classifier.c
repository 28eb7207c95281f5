/* int8_classifier: made by bittwin 0.1.0 for host, schedule ram. Do not edit. */
/* SPDX-License-Identifier: MIT-0 */
#if !defined(BTW_SHARED_KERNELS)
#define BTW_INLINE_KERNELS
#endif
#include "int8_classifier.h"
#include "int8_classifier_weights.h"

#include <math.h> /* INFINITY */

#if defined(BTW_SHARED_KERNELS)
#include "btw/conv2d_s8.h"
#include "btw/dequantize_linear_f32.h"
#include "btw/global_average_pool_s8.h"
#include "btw/linear_s8.h"
#include "btw/softmax_f32.h"
#else
#include "btw/conv2d_s8_scalar.c"
#include "btw/dequantize_linear_f32_scalar.c"
#include "btw/global_average_pool_s8_scalar.c"
#include "btw/linear_s8_scalar.c"
#include "btw/softmax_f32_scalar.c"
#endif

/* What a layer sees of one call of run. */
typedef struct {
    uint8_t *arena;
    const int8_t *pair;
    float *chances;
} int8_classifier_frame;

/* conv: convolution 2x2 stride 2, [6][6][2] to [3][3][4], 288 MAC.
 * Makes rows of 12 bytes; keeps one row at a time, at 16. */
static const btw_conv2d_s8 int8_classifier_conv_layer = {
    .input_channels = 2,
    .output_channels = 4,
    .groups = 1,
    .kernel_height = 2,
    .kernel_width = 2,
    .stride_width = 2,
    .dilation_width = 1,
    .output_width = 3,
    .weights = int8_classifier_conv_weights,
    .bias = int8_classifier_conv_bias,
    .requantization = {
        .multiplier = int8_classifier_conv_requantization_multiplier,
        .scale = int8_classifier_conv_requantization_scale,
        .offset = 36,
        .shift = 3,
        .zero_point = 4,
    },
};

BTW_LAYER void int8_classifier_conv(const int8_classifier_frame *frame, int oy)
{
    int8_t *const y = btw_at(frame->arena, 16);
    const void *rows[2];
    const btw_plane x = {frame->pair, 12, 6, 6};
    btw_rows_constant(rows, 2, x, oy * 2, 1, NULL, INT32_MAX);
    btw_conv2d_s8_scalar(&int8_classifier_conv_layer, rows, y);
    BTW_OBSERVE(0, oy, y, 12);
}

/* pool: global average pool, [3][3][4] to [4] */
static const btw_global_average_pool_s8 int8_classifier_pool_layer = {
    .channels = 4,
    .height = 3,
    .width = 3,
    .bias = -36,
    .requantization = {
        .multiplier = int8_classifier_pool_requantization_multiplier,
        .scale = NULL,
        .offset = 5,
        .shift = 1,
        .zero_point = 2,
    },
};

BTW_LAYER void int8_classifier_pool(const int8_classifier_frame *frame, int oy)
{
    int8_t *const y = btw_at(frame->arena, 32);
    btw_global_average_pool_s8_scalar(&int8_classifier_pool_layer, btw_at(frame->arena, 16), y, oy,
                                      btw_at(frame->arena, 0));
    if (oy == 2)
        BTW_OBSERVE(1, 0, y, 4);
}

/* scores: fully connected, [4] to [3], 12 MAC */
static const btw_linear_s8 int8_classifier_scores_layer = {
    .inputs = 4,
    .outputs = 3,
    .weights = int8_classifier_scores_weights,
    .bias = int8_classifier_scores_bias,
    .requantization = {
        .multiplier = int8_classifier_scores_requantization_multiplier,
        .scale = int8_classifier_scores_requantization_scale,
        .offset = 4,
        .shift = 3,
        .zero_point = 0,
    },
};

BTW_LAYER void int8_classifier_scores(const int8_classifier_frame *frame, int oy)
{
    int8_t *const y = btw_at(frame->arena, 48);
    btw_linear_s8_scalar(&int8_classifier_scores_layer, btw_at(frame->arena, 32), y, 1);
    BTW_OBSERVE(2, oy, y, 3);
    (void)oy;
}

/* scores_real: dequantize, [3] to [3] */
static const btw_dequantize_linear_f32 int8_classifier_scores_real_layer = {
    .channels = 3,
    .scale = 0.0399999991f,
    .zero_point = 0,
};

BTW_LAYER void int8_classifier_scores_real(const int8_classifier_frame *frame, int oy)
{
    float *const y = btw_at(frame->arena, 0);
    btw_dequantize_linear_f32_scalar(&int8_classifier_scores_real_layer, btw_at(frame->arena, 48), y, 1);
    BTW_OBSERVE(3, oy, y, 12);
    (void)oy;
}

/* chances: softmax, [3] to [3] */
static const btw_softmax_f32 int8_classifier_chances_layer = {
    .channels = 3,
};

BTW_LAYER void int8_classifier_chances(const int8_classifier_frame *frame, int oy)
{
    float *const y = frame->chances;
    btw_softmax_f32_scalar(&int8_classifier_chances_layer, btw_at(frame->arena, 0), y, 1);
    BTW_OBSERVE(4, oy, y, 12);
    (void)oy;
}

/* Rows that each step has made. */
typedef struct {
    int16_t conv, pool;
} int8_classifier_rows_0;

/* In every round each step makes a row, if the rows it reads are there, until none can. */
static void int8_classifier_flow_0(const int8_classifier_frame *frame, int8_classifier_rows_0 *made)
{
    int busy;
    do {
        busy = 0;
        if (made->conv < 3 && ((made->pool < 3 && !(made->conv > made->pool)) || made->pool >= 3)) {
            int8_classifier_conv(frame, made->conv++);
            busy = 1;
        }
        if (made->pool < 3 && made->conv > made->pool) {
            int8_classifier_pool(frame, made->pool++);
            busy = 1;
        }
    } while (busy);
}

/* Rows that each step has made. */
typedef struct {
    int16_t scores, scores_real, chances;
} int8_classifier_rows_1;

/* In every round each step makes a row, if the rows it reads are there, until none can. */
static void int8_classifier_flow_1(const int8_classifier_frame *frame, int8_classifier_rows_1 *made)
{
    int busy;
    do {
        busy = 0;
        if (made->scores < 1 && ((made->scores_real < 1 && !(made->scores > made->scores_real)) ||
            made->scores_real >= 1)) {
            int8_classifier_scores(frame, made->scores++);
            busy = 1;
        }
        if (made->scores > made->scores_real) {
            int8_classifier_scores_real(frame, made->scores_real++);
            busy = 1;
        }
        if (made->scores_real > made->chances) {
            int8_classifier_chances(frame, made->chances++);
            busy = 1;
        }
    } while (busy);
}

void int8_classifier_run(int8_classifier_arena *arena,
                         const int8_t pair[INT8_CLASSIFIER_PAIR_SIZE],
                         float chances[INT8_CLASSIFIER_CHANCES_SIZE])
{
    for (int image = 0; image < 2; image++) {
        const int8_classifier_frame whole = {arena->bytes, pair + image * 72, chances + image * 3}, *const frame = &whole;
        memset(btw_at(frame->arena, 48), 0, sizeof(int8_classifier_rows_0));
        int8_classifier_flow_0(frame, btw_at(frame->arena, 48));
        memset(btw_at(frame->arena, 16), 0, sizeof(int8_classifier_rows_1));
        int8_classifier_flow_1(frame, btw_at(frame->arena, 16));
    }
}
