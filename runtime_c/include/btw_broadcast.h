/* Operands that broadcast: how kernels step through them, by pixels and channels of the result. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_BROADCAST_H
#define BTW_BROADCAST_H

#include "btw.h"

/* Two operands. */
typedef struct {
    int channels;
    int a_pixel; /* elements of a from one pixel of y to the next */
    int a_channel;
    int b_pixel;
    int b_channel;
} btw_broadcast;

/* One of two operands, by a condition. */
typedef struct {
    int channels;
    int condition_pixel; /* elements of the condition from one pixel of y to the next */
    int condition_channel;
    int a_pixel;
    int a_channel;
    int b_pixel;
    int b_channel;
} btw_choice;

#endif
