/* Concatenation on Helium: bytes of pixels moved to their places in larger pixels, through tables or as they are. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CONCAT_MVE_H
#define BTW_CONCAT_MVE_H

#include "btw_mve.h"

/* One input; `step` bytes of it, then those behind them, go to y and so on, `y_step` apart. */
typedef struct {
    const uint8_t *x;
    uint8_t *y;
    const int8_t *table;
    const uint8_t *places;
    int count;  /* of steps */
    int step;   /* bytes */
    int rest;   /* bytes of a last step, which is shorter; by rows from the end of the last vector of a step to x */
    int y_step; /* by rows from there to y */
} btw_concat_mve;

/* r1 x, r2 y, r3 table, r4 places, r5 count, r6 step, r8 rest, r9 y_step. Steps of up to 16 bytes: STORE with its own
 * predicate is the instruction that writes q0. Steps of any size: vectors of 16 bytes, the last one cut off. */
#define BTW_CONCAT_MVE_BEGIN "ldm r0, {r1-r6, r8, r9}\n\tvmov.i8 q1, #0x80\n\t"
#define BTW_CONCAT_MVE_STEPS(name, LOAD, STORE)                                                                        \
    BTW_MVE_FUNCTION(name, btw_concat_mve,                                                                             \
                     BTW_CONCAT_MVE_BEGIN "vldrb.8 q3, [r4]\n\tvctp.8 r6\n\twls lr, r5, 2f\n"                          \
                                          "1:\n\t" LOAD STORE "add r1, r1, r6\n\tadd r2, r2, r9\n\tle lr, 1b\n"        \
                                          "2:\n\tvctp.8 r8\n\t" LOAD STORE)
#define BTW_CONCAT_MVE_VECTORS(name, LOOK_UP)                                                                          \
    BTW_MVE_FUNCTION(name, btw_concat_mve,                                                                             \
                     BTW_CONCAT_MVE_BEGIN "1:\n\tdlstp.8 lr, r6\n"                                                     \
                                          "2:\n\tvldrb.8 q0, [r1], #16\n\t" LOOK_UP                                    \
                                          "vstrb.8 q0, [r2], #16\n\tletp lr, 2b\n\t"                                   \
                                          "add r1, r1, r8\n\tadd r2, r2, r9\n\tsubs r5, r5, #1\n\tbne 1b\n\t")
#define BTW_CONCAT_MVE_COPY "vpstt\n\tvldrbt.8 q0, [r1]\n\t"
#define BTW_CONCAT_MVE_LOOK_UP "vpstttt\n\tvldrbt.8 q2, [r1]\n\tveort q2, q2, q1\n\tvldrbt.u8 q0, [r3, q2]\n\t"

BTW_CONCAT_MVE_STEPS(btw_concat_mve_step, BTW_CONCAT_MVE_COPY, "vstrbt.8 q0, [r2]\n\t")
BTW_CONCAT_MVE_STEPS(btw_concat_mve_scatter, BTW_CONCAT_MVE_COPY, "vstrbt.8 q0, [r2, q3]\n\t")
BTW_CONCAT_MVE_VECTORS(btw_concat_mve_vectors, "")
BTW_CONCAT_MVE_STEPS(btw_concat_mve_look_up_step, BTW_CONCAT_MVE_LOOK_UP, "vstrbt.8 q0, [r2]\n\t")
BTW_CONCAT_MVE_STEPS(btw_concat_mve_look_up_scatter, BTW_CONCAT_MVE_LOOK_UP, "vstrbt.8 q0, [r2, q3]\n\t")
BTW_CONCAT_MVE_VECTORS(btw_concat_mve_look_up_vectors, "veor q2, q0, q1\n\tvldrb.u8 q0, [r3, q2]\n\t")

static inline void btw_concat_mve_part(const btw_concat_mve_layer *layer, const btw_concat_part_mve *part,
                                       const void *x, uint8_t *y, int pixels)
{
    const int step = part->together * part->size;
    btw_concat_mve frame = {
        .x = x,
        .y = y,
        .table = part->table,
        .places = part->places,
        .count = pixels / part->together,
        .step = step,
        .rest = pixels % part->together * part->size,
        .y_step = part->together * layer->size,
    };
    if (part->size > 16) {
        const int moved = (part->size + 15) / 16 * 16;
        frame.rest = part->size - moved;
        frame.y_step = layer->size - moved;
        if (part->table)
            btw_concat_mve_look_up_vectors(&frame);
        else
            btw_concat_mve_vectors(&frame);
    } else if (part->together > 1) {
        if (part->table)
            btw_concat_mve_look_up_scatter(&frame);
        else
            btw_concat_mve_scatter(&frame);
    } else if (part->table) {
        btw_concat_mve_look_up_step(&frame);
    } else {
        btw_concat_mve_step(&frame);
    }
}

static inline void btw_concat_mve_all(const btw_concat_mve_layer *layer, const void *const x[], void *y, int pixels)
{
    uint8_t *to = y;
    for (int i = 0; i < layer->count; i++) {
        btw_concat_mve_part(layer, &layer->parts[i], x[i], to, pixels);
        to += layer->parts[i].size;
    }
}

#endif
