/* Constants of int8_classifier: made by bittwin 0.1.0 for host, schedule ram. Do not edit. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef INT8_CLASSIFIER_WEIGHTS_H
#define INT8_CLASSIFIER_WEIGHTS_H

#include "btw/btw.h"

#if BTW_ABI != 1
#error "int8_classifier and btw/ are of different versions of bittwin: generate both together"
#endif

extern const int8_t int8_classifier_conv_weights[32];
extern const int32_t int8_classifier_conv_bias[4];
extern const int32_t int8_classifier_conv_requantization_multiplier[4];
extern const uint32_t int8_classifier_conv_requantization_scale[4];
extern const int32_t int8_classifier_pool_requantization_multiplier[1];
extern const int8_t int8_classifier_scores_weights[12];
extern const int32_t int8_classifier_scores_bias[3];
extern const int32_t int8_classifier_scores_requantization_multiplier[3];
extern const uint32_t int8_classifier_scores_requantization_scale[3];

#endif
