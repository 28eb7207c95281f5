/* Requantization that equals onnxruntime's float32 formula bit for bit, in integers. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_FIXED_POINT_H
#define BTW_FIXED_POINT_H

#include <stdint.h>
#include <string.h>

/* clamp(round_half_even((float)acc * scale[c]) + zero_point, -128, 127) for the accumulators that can occur.
 * A channel with a multiplier has a proof that (offset + ((acc * multiplier) >> 32)) >> shift is the same for all of
 * them; one with multiplier 0 has none and takes the exact form. */
typedef struct {
    const int32_t *multiplier; /* [channels] */
    const uint32_t *scale;     /* [channels] bits of the float32 scale; null where all channels are proved */
    int32_t offset;
    int shift;
    int zero_point;
} btw_requantization;

static inline int8_t btw_clamp_s8(int32_t value)
{
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

/* value / 2**bits, halves to even; 0 <= bits <= 63. */
static inline uint64_t btw_shift_half_even(uint64_t value, int bits)
{
    if (bits == 0)
        return value;
    const uint64_t quotient = value >> bits, rest = value & ((UINT64_C(1) << bits) - 1);
    const uint64_t half = UINT64_C(1) << (bits - 1);
    return quotient + (rest > half || (rest == half && (quotient & 1)));
}

/* Bits of a number, 0 for 0. */
static inline int btw_bit_length(uint64_t value)
{
    uint32_t word = (uint32_t)(value >> 32);
    int bits = 32;
    if (word == 0) {
        word = (uint32_t)value;
        bits = 0;
    }
    for (int step = 16; step; step >>= 1)
        if (word >> step) {
            word >>= step;
            bits += step;
        }
    return bits + (int)word;
}

/* value rounded to the 24 significant bits of a float32. */
static inline uint64_t btw_round_f32(uint64_t value)
{
    const int extra = btw_bit_length(value) - 24;
    return extra > 0 ? btw_shift_half_even(value, extra) << extra : value;
}

/* The float32 formula step by step: convert, multiply, round, each with its own rounding. */
static inline int8_t btw_requantize_exact(int32_t acc, uint32_t scale_bits, int zero_point)
{
    const uint32_t magnitude = acc < 0 ? 0u - (uint32_t)acc : (uint32_t)acc;
    const uint32_t significand = (scale_bits & 0x7fffffu) | 0x800000u;
    const int exponent = 150 - (int)(scale_bits >> 23); /* scale = significand * 2**-exponent */
    const uint64_t converted = btw_round_f32(magnitude);
    /* converted * significand in 64 bits: a rounded int32 is at most 24 significant bits wide */
    const int zeros = btw_bit_length(converted) > 24 ? btw_bit_length(converted) - 24 : 0;
    const uint64_t product = btw_round_f32((converted >> zeros) * significand);
    const int bits = exponent - zeros;
    uint64_t rounded;
    if (bits <= 0)
        rounded = product ? 1000 : 0; /* at least 2**23 codes: saturates */
    else if (bits > 63)
        rounded = 0;
    else
        rounded = btw_shift_half_even(product, bits);
    if (rounded > 1000)
        rounded = 1000;
    return btw_clamp_s8((acc < 0 ? -(int32_t)rounded : (int32_t)rounded) + zero_point);
}

static inline int8_t btw_requantize(const btw_requantization *layer, int channel, int32_t acc)
{
    const int32_t multiplier = layer->multiplier[channel];
    if (multiplier == 0 && layer->scale) /* a null pointer is known where the layer is folded in: no question then */
        return btw_requantize_exact(acc, layer->scale[channel], layer->zero_point);
    const int32_t high = layer->offset + (int32_t)(((int64_t)acc * multiplier) >> 32);
    return btw_clamp_s8(high >> layer->shift);
}

/* Nearest integer, halves to even, for |x| < 2**22; needs the default rounding mode. */
static inline float btw_round_half_even(float x)
{
    const float magic = 12582912.0f; /* 1.5 * 2**23 */
    return (x + magic) - magic;
}

/* The same as an integer, by the bits of the sum. */
static inline int32_t btw_round_to_integer(float x)
{
    const float moved = x + 12582912.0f;
    int32_t bits;
    memcpy(&bits, &moved, sizeof bits);
    return bits - 0x4b400000;
}

/* clamp(round_half_even(x), -128, 127). */
static inline int8_t btw_saturate_s8(float x)
{
    x = x < -128.0f ? -128.0f : x > 127.0f ? 127.0f : x;
    return (int8_t)btw_round_half_even(x);
}

/* clamp(round_half_even(x) - offset, -128, 127): the code of a formula for uint8 (offset 128), as it is held. */
static inline int8_t btw_saturate_offset_s8(float x, int offset)
{
    x = x < -512.0f ? -512.0f : x > 512.0f ? 512.0f : x;
    return btw_clamp_s8((int32_t)btw_round_half_even(x) - offset);
}

/* QuantizeLinear: x / scale by true division, halves to even, then the zero point; NaN is the lowest code. */
static inline int8_t btw_quantize_s8(float x, float scale, int zero_point)
{
    float code = x / scale;
    code = code > -512.0f ? code < 512.0f ? code : 512.0f : -512.0f;
    return btw_clamp_s8((int32_t)btw_round_half_even(code) + zero_point);
}

/* QuantizeLinear to int16 or uint16, whose codes are low to high; NaN is as low as can be. */
static inline int32_t btw_quantize_wide(float x, float scale, int zero_point, int32_t low, int32_t high)
{
    float code = x / scale;
    code = code > -131072.0f ? code < 131072.0f ? code : 131072.0f : -131072.0f;
    const int32_t moved = (int32_t)btw_round_half_even(code) + zero_point;
    return moved < low ? low : moved > high ? high : moved;
}

#endif
