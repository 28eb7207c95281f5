/* Constants of int8_branches: made by bittwin 0.1.0 for host, schedule layers. Do not edit. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef INT8_BRANCHES_WEIGHTS_H
#define INT8_BRANCHES_WEIGHTS_H

#include "btw/btw.h"

#if BTW_ABI != 1
#error "int8_branches and btw/ are of different versions of bittwin: generate both together"
#endif

extern const int8_t int8_branches_conv_weights[108];
extern const int32_t int8_branches_conv_bias[4];
extern const int32_t int8_branches_conv_requantization_multiplier[4];
extern const int8_t int8_branches_depthwise_weights[36];
extern const int32_t int8_branches_depthwise_bias[4];
extern const int32_t int8_branches_depthwise_requantization_multiplier[4];
extern const uint32_t int8_branches_depthwise_requantization_scale[4];
extern const int8_t int8_branches_concat_parts_1_table[256];

#endif
