/* Constants of float_classifier: made by bittwin 0.1.0 for host, schedule ram. Do not edit. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef FLOAT_CLASSIFIER_WEIGHTS_H
#define FLOAT_CLASSIFIER_WEIGHTS_H

#include "btw/btw.h"

#if BTW_ABI != 1
#error "float_classifier and btw/ are of different versions of bittwin: generate both together"
#endif

extern const float float_classifier_conv_weights[72];
extern const float float_classifier_conv_bias[4];
extern const float float_classifier_scores_weights[108];
extern const float float_classifier_scores_bias[3];

#endif
