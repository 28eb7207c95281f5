/* Plain C of the loops of pools that are assembler elsewhere: for hosts, where tests run them. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_POOL_TWIN_H
#define BTW_POOL_TWIN_H

/* `step` combines the value of a tap with all before it, `result` makes of that what is stored. */
#define BTW_POOL_TWIN(name, type, step, result)                                                                        \
    static inline void name(const btw_pool_pixels *pixels)                                                             \
    {                                                                                                                  \
        const int size = (int)sizeof(type), channels = pixels->channels, group = pixels->group_bytes;                  \
        const int moved = (channels * size + group - 1) / group * group;                                               \
        const uint8_t *const *const taps = pixels->taps;                                                               \
        const int count = (int)(pixels->end - taps);                                                                   \
        for (int pixel = 0; pixel < pixels->pixels; pixel++) {                                                         \
            const int position = pixels->position + pixel * (moved + pixels->x_next);                                  \
            type *const y = (type *)(void *)(pixels->y + pixel * (moved + pixels->y_next));                            \
            for (int c = 0; c < channels; c++) {                                                                       \
                type all = ((const type *)(const void *)(taps[0] + position))[c];                                      \
                for (int tap = 1; tap < count; tap++) {                                                                \
                    const type value = ((const type *)(const void *)(taps[tap] + position))[c];                        \
                    all = step;                                                                                        \
                }                                                                                                      \
                y[c] = result;                                                                                         \
            }                                                                                                          \
        }                                                                                                              \
    }

BTW_POOL_TWIN(btw_max_pool_f32_fpu_pixels, float, value > all ? value : all, all)
BTW_POOL_TWIN(btw_max_pool_f32_mve_pixels, float, value > all ? value : all, all)
BTW_POOL_TWIN(btw_max_pool_s8_dsp_pixels, int8_t, value > all ? value : all, all)
BTW_POOL_TWIN(btw_max_pool_s8_mve_pixels, int8_t, value > all ? value : all, all)
BTW_POOL_TWIN(btw_average_pool_f32_fpu_pixels, float, all + value, all / (float)count)
BTW_POOL_TWIN(btw_average_pool_f32_mve_pixels, float, all + value, all / (float)count)

#endif
