/* Concatenation on Helium: bytes of pixels moved to their places in larger pixels, through tables or as they are. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CONCAT_MVE_H
#define BTW_CONCAT_MVE_H

#include "btw_mve.h"

/* `count` steps of `step` bytes of one input to their places in y, `y_step` apart. Loops are inlined, since rows are
 * short. Steps of up to 16 bytes: STORE with its own predicate is the instruction that writes q0. Steps of any size:
 * vectors of 16 bytes, the last one cut off; then back and y_step go from the end of its vector to the next step. */
#define BTW_CONCAT_MVE_STEPS(name, LOAD, STORE)                                                                        \
    static inline void name(const void *x, uint8_t *y, const int8_t *table, const uint8_t *places, int count,          \
                            int step, int y_step)                                                                      \
    {                                                                                                                  \
        __asm__ volatile(                                                                                              \
            "vmov.i8 q1, #0x80\n\tvldrb.8 q3, [%[places]]\n\tvctp.8 %[step]\n\twls lr, %[count], 2f\n"                 \
            "1:\n\t" LOAD STORE "add %[x], %[x], %[step]\n\tadd %[y], %[y], %[y_step]\n\tle lr, 1b\n2:"                \
            : [x] "+&r"(x), [y] "+&r"(y)                                                                               \
            : [table] "r"(table), [places] "r"(places), [count] "r"(count), [step] "r"(step), [y_step] "r"(y_step)     \
            : BTW_MVE_P0 "lr", "q0", "q1", "q2", "q3", "cc", "memory");                                                \
    }                                                                                                                  \
    /* And a last one of `rest` bytes. */                                                                              \
    static inline void name##s(const uint8_t *x, uint8_t *y, const int8_t *table, const uint8_t *places, int count,    \
                               int step, int rest, int y_step)                                                         \
    {                                                                                                                  \
        name(x, y, table, places, count, step, y_step);                                                                \
        if (rest)                                                                                                      \
            name(x + count * step, y + count * y_step, table, places, 1, rest, y_step);                                \
    }
#define BTW_CONCAT_MVE_VECTORS(name, LOOK_UP)                                                                          \
    static inline void name(const void *x, uint8_t *y, const int8_t *table, int count, int step, int back, int y_step) \
    {                                                                                                                  \
        __asm__ volatile("vmov.i8 q1, #0x80\n"                                                                         \
                         "1:\n\tdlstp.8 lr, %[step]\n"                                                                 \
                         "2:\n\tvldrb.8 q0, [%[x]], #16\n\t" LOOK_UP "vstrb.8 q0, [%[y]], #16\n\tletp lr, 2b\n\t"      \
                         "add %[x], %[x], %[back]\n\tadd %[y], %[y], %[y_step]\n\t"                                    \
                         "subs %[count], %[count], #1\n\tbne 1b"                                                       \
                         : [x] "+&r"(x), [y] "+&r"(y), [count] "+&r"(count)                                            \
                         : [table] "r"(table), [step] "r"(step), [back] "r"(back), [y_step] "r"(y_step)                \
                         : BTW_MVE_P0 "lr", "q0", "q1", "q2", "cc", "memory");                                         \
    }
#define BTW_CONCAT_MVE_COPY "vpstt\n\tvldrbt.8 q0, [%[x]]\n\t"
#define BTW_CONCAT_MVE_LOOK_UP "vpstttt\n\tvldrbt.8 q2, [%[x]]\n\tveort q2, q2, q1\n\tvldrbt.u8 q0, [%[table], q2]\n\t"

BTW_CONCAT_MVE_STEPS(btw_concat_mve_step, BTW_CONCAT_MVE_COPY, "vstrbt.8 q0, [%[y]]\n\t")
BTW_CONCAT_MVE_STEPS(btw_concat_mve_scatter, BTW_CONCAT_MVE_COPY, "vstrbt.8 q0, [%[y], q3]\n\t")
BTW_CONCAT_MVE_VECTORS(btw_concat_mve_vectors, "")
BTW_CONCAT_MVE_STEPS(btw_concat_mve_look_up_step, BTW_CONCAT_MVE_LOOK_UP, "vstrbt.8 q0, [%[y]]\n\t")
BTW_CONCAT_MVE_STEPS(btw_concat_mve_look_up_scatter, BTW_CONCAT_MVE_LOOK_UP, "vstrbt.8 q0, [%[y], q3]\n\t")
BTW_CONCAT_MVE_VECTORS(btw_concat_mve_look_up_vectors, "veor q2, q0, q1\n\tvldrb.u8 q0, [%[table], q2]\n\t")

static inline void btw_concat_mve_part(const btw_concat_mve_layer *layer, const btw_concat_part_mve *part,
                                       const void *x, uint8_t *y, int pixels)
{
    const int8_t *const table = part->table;
    if (part->size > 16) {
        const int moved = (part->size + 15) / 16 * 16, back = part->size - moved, y_step = layer->size - moved;
        if (table)
            btw_concat_mve_look_up_vectors(x, y, table, pixels, part->size, back, y_step);
        else
            btw_concat_mve_vectors(x, y, table, pixels, part->size, back, y_step);
        return;
    }
    const int step = part->together * part->size, count = pixels / part->together;
    const int rest = pixels % part->together * part->size, y_step = part->together * layer->size;
    const uint8_t *const places = part->places;
    if (part->together > 1) {
        if (table)
            btw_concat_mve_look_up_scatters(x, y, table, places, count, step, rest, y_step);
        else
            btw_concat_mve_scatters(x, y, table, places, count, step, rest, y_step);
    } else if (table) {
        btw_concat_mve_look_up_steps(x, y, table, x, count, step, rest, y_step);
    } else {
        btw_concat_mve_steps(x, y, table, x, count, step, rest, y_step);
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
