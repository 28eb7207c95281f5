/* Constants of int8_classifier: made by bittwin 0.1.0 for host, schedule ram. Do not edit. */
/* SPDX-License-Identifier: MIT-0 */
/* Above an array stands what points to it; the comment of that struct in btw/ gives its order. */
#include "int8_classifier_weights.h"

/* btw_conv2d_s8.weights */
BTW_WEIGHTS const int8_t int8_classifier_conv_weights[32] = {
    -127, -26, -38, 63, 51, -103, -115, -14, 75, -79, -91, 10, -2, 99, 87, -67, 22, 123, 111, -43, -55, 46, 34, -120,
    -31, 70, 58, -96, -108, -7, -19, 82,
};

/* btw_conv2d_s8.bias */
BTW_WEIGHTS const int32_t int8_classifier_conv_bias[4] = {
    309, -32, -118, 51,
};

/* btw_requantization.multiplier */
BTW_WEIGHTS const int32_t int8_classifier_conv_requantization_multiplier[4] = {
    0, 0, 62914527, 0,
};

/* btw_requantization.scale */
BTW_WEIGHTS const uint32_t int8_classifier_conv_requantization_scale[4] = {
    982515712, 985661440, 988807167, 982515712,
};

/* btw_requantization.multiplier */
BTW_WEIGHTS const int32_t int8_classifier_pool_requantization_multiplier[1] = {
    1527101151,
};

/* btw_linear_s8.weights */
BTW_WEIGHTS const int8_t int8_classifier_scores_weights[12] = {
    -127, -38, 51, -115, -26, 63, -103, -14, 75, -91, -2, 87,
};

/* btw_linear_s8.bias */
BTW_WEIGHTS const int32_t int8_classifier_scores_bias[3] = {
    458, 160, -138,
};

/* btw_requantization.multiplier */
BTW_WEIGHTS const int32_t int8_classifier_scores_requantization_multiplier[3] = {
    125829255, 0, 0,
};

/* btw_requantization.scale */
BTW_WEIGHTS const uint32_t int8_classifier_scores_requantization_scale[3] = {
    997195777, 1000341504, 1002962944,
};
