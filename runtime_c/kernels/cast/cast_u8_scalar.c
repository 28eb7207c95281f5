/* Cast, any types, any processor. */
/* SPDX-License-Identifier: MIT-0 */
#include "cast_u8.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)

/* Value i of an array of integers. */
static inline int64_t btw_cast_load(const void *x, int type, int i)
{
    switch (type) {
    case BTW_S8:
        return ((const int8_t *)x)[i];
    case BTW_S16:
        return ((const int16_t *)x)[i];
    case BTW_U16:
        return ((const uint16_t *)x)[i];
    case BTW_S32:
        return ((const int32_t *)x)[i];
    case BTW_S64:
        return ((const int64_t *)x)[i];
    default:
        return ((const uint8_t *)x)[i];
    }
}

static inline void btw_cast_store(void *y, int type, int i, int64_t value)
{
    switch (type) {
    case BTW_F32:
        ((float *)y)[i] = (float)value;
        break;
    case BTW_S8:
        ((int8_t *)y)[i] = (int8_t)(uint8_t)value;
        break;
    case BTW_S16:
        ((int16_t *)y)[i] = (int16_t)(uint16_t)value;
        break;
    case BTW_U16:
        ((uint16_t *)y)[i] = (uint16_t)value;
        break;
    case BTW_S32:
        ((int32_t *)y)[i] = (int32_t)(uint32_t)value;
        break;
    case BTW_S64:
        ((int64_t *)y)[i] = value;
        break;
    case BTW_BOOL:
        ((uint8_t *)y)[i] = value != 0;
        break;
    default:
        ((uint8_t *)y)[i] = (uint8_t)value;
    }
}

BTW_KERNEL void btw_cast_u8_scalar(const btw_cast_u8 *layer, const void *x, void *y, int pixels)
{
    const int count = pixels * layer->channels;
    for (int i = 0; i < count; i++) {
        if (layer->from_type != BTW_F32) {
            btw_cast_store(y, layer->to_type, i, btw_cast_load(x, layer->from_type, i));
            continue;
        }
        const float value = ((const float *)x)[i];
        if (layer->to_type == BTW_BOOL)
            btw_cast_store(y, BTW_BOOL, i, value != 0.0f);
        else /* outside +-2**62, and for NaN, C says nothing about the conversion */
            btw_cast_store(y, layer->to_type, i,
                           value > -0x1p62f ? value < 0x1p62f ? (int64_t)value : INT64_C(1) << 62
                                            : -(INT64_C(1) << 62));
    }
}

#endif
