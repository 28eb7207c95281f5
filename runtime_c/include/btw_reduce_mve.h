/* Reductions on Helium: of the values of a pixel that lie together, and of all pixels row by row. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_REDUCE_MVE_H
#define BTW_REDUCE_MVE_H

#include "btw_mve.h"
#include "btw_walk.h"

typedef struct {
    const void *x;
    void *y;
    int count;        /* of results */
    int size;         /* values of each */
    int back;         /* bytes from behind the last vector of a result to the next one's first */
    uint32_t divisor; /* bits of a float32 */
} btw_reduce_mve;

#define BTW_REDUCE_MVE_FRAME(layer, x, y, bytes)                                                                       \
    {(x),                                                                                                              \
     (y),                                                                                                              \
     (layer)->kept.count,                                                                                              \
     (layer)->reduced.count,                                                                                           \
     (layer)->reduced.count * (bytes) - ((layer)->reduced.count * (bytes) + 15) / 16 * 16,                             \
     0}

/* r1 x, r2 y, r3 count, r4 size, r5 back, r6 divisor; BEGIN starts a result in r8 or q1, ADD takes q0 into it, END
 * stores it at r2 and moves that on. */
#define BTW_REDUCE_MVE(name, lane, load, BEGIN, ADD, END)                                                              \
    BTW_MVE_FUNCTION(name, btw_reduce_mve,                                                                             \
                     "ldm r0, {r1-r6}\n1:\n\t" BEGIN "dlstp" lane " lr, r4\n2:\n\t" load " q0, [r1], #16\n\t" ADD      \
                     "letp lr, 2b\n\t" END "add r1, r1, r5\n\tsubs r3, r3, #1\n\tbne 1b\n\t")

typedef struct {
    const void *x;
    void *y;
    int pixel; /* bytes */
    int pixels;
    int channels;
} btw_reduce_rows_mve;

/* The pixels of a row into y, a vector of channels at a time: r0 x, r1 y, r2 bytes of a pixel, r3 pixels, r4 channels
 * left, r5 a pixel; ADD takes q1 into q0. */
#define BTW_REDUCE_ROWS_MVE(name, lane, lanes, load, store, ADD)                                                       \
    BTW_MVE_FUNCTION(name, btw_reduce_rows_mve,                                                                        \
                     "ldm r0, {r0-r4}\n"                                                                               \
                     "1:\n\tvctp" lane " r4\n\tvpst\n\t" load " q0, [r1]\n\tmov r5, r0\n\tmov lr, r3\n"                \
                     "2:\n\tvpst\n\t" load " q1, [r5]\n\t" ADD "add r5, r5, r2\n\tle lr, 2b\n\t"                       \
                     "vpst\n\t" store " q0, [r1], #16\n\tadd r0, r0, #16\n\tsubs r4, r4, #" lanes "\n\tbgt 1b\n\t")

#endif
