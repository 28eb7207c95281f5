/* The integer intrinsics of arm_neon.h in plain C, dot products and matrix products among them. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_NEON_S8_H
#define BTW_NEON_S8_H

#include <math.h>
#include <string.h>

/* Calls keep the code small where kernels unroll their loops. */
#define NEON_FUNCTION static __attribute__((noinline, unused))

typedef struct {
    int8x16_t val[2];
} int8x16x2_t;

typedef struct {
    int8x16_t val[4];
} int8x16x4_t;

typedef struct {
    int16x8_t val[4];
} int16x8x4_t;

/* ---- memory: no alignment is asked for ---- */

#define NEON_LOAD(name, vector, element)                                                                               \
    NEON_FUNCTION vector name(const element *x)                                                                        \
    {                                                                                                                  \
        vector a;                                                                                                      \
        memcpy(&a, x, sizeof a);                                                                                       \
        return a;                                                                                                      \
    }
NEON_LOAD(vld1_s8, int8x8_t, int8_t)
NEON_LOAD(vld1q_s8, int8x16_t, int8_t)
NEON_LOAD(vld1_u8, uint8x8_t, uint8_t)
NEON_LOAD(vld1q_s16, int16x8_t, int16_t)
NEON_LOAD(vld1_s32, int32x2_t, int32_t)
NEON_LOAD(vld1q_s32, int32x4_t, int32_t)
NEON_LOAD(vld1q_s8_x2, int8x16x2_t, int8_t)
NEON_LOAD(vld1q_s8_x4, int8x16x4_t, int8_t)
NEON_LOAD(vld1q_s16_x4, int16x8x4_t, int16_t)

NEON_FUNCTION void vst1_s8(int8_t *y, int8x8_t a)
{
    memcpy(y, &a, sizeof a);
}

NEON_FUNCTION void vst1q_s8(int8_t *y, int8x16_t a)
{
    memcpy(y, &a, sizeof a);
}

NEON_FUNCTION void vst1q_s16(int16_t *y, int16x8_t a)
{
    memcpy(y, &a, sizeof a);
}

NEON_FUNCTION void vst1q_s32(int32_t *y, int32x4_t a)
{
    memcpy(y, &a, sizeof a);
}

NEON_FUNCTION void vst1_lane_s32(void *y, int32x2_t a, int lane)
{
    const int32_t value = a[lane];
    memcpy(y, &value, sizeof value);
}

/* ---- lanes ---- */

#define NEON_EACH(count) for (int i = 0; i < count; i++)

NEON_FUNCTION int8x8_t vdup_n_s8(int8_t x)
{
    return (int8x8_t){x, x, x, x, x, x, x, x};
}

NEON_FUNCTION int8x16_t vdupq_n_s8(int8_t x)
{
    return (int8x16_t){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

NEON_FUNCTION uint8x16_t vdupq_n_u8(uint8_t x)
{
    return (uint8x16_t){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

NEON_FUNCTION int16x8_t vdupq_n_s16(int16_t x)
{
    return (int16x8_t){x, x, x, x, x, x, x, x};
}

NEON_FUNCTION int32x4_t vdupq_n_s32(int32_t x)
{
    return (int32x4_t){x, x, x, x};
}

#define NEON_HALVES(type, half, vector)                                                                                \
    NEON_FUNCTION half vget_low_##type(vector a)                                                                       \
    {                                                                                                                  \
        half b;                                                                                                        \
        memcpy(&b, &a, sizeof b);                                                                                      \
        return b;                                                                                                      \
    }                                                                                                                  \
    NEON_FUNCTION half vget_high_##type(vector a)                                                                      \
    {                                                                                                                  \
        half b;                                                                                                        \
        memcpy(&b, (const char *)&a + sizeof b, sizeof b);                                                             \
        return b;                                                                                                      \
    }                                                                                                                  \
    NEON_FUNCTION vector vcombine_##type(half low, half high)                                                          \
    {                                                                                                                  \
        vector a;                                                                                                      \
        memcpy(&a, &low, sizeof low);                                                                                  \
        memcpy((char *)&a + sizeof low, &high, sizeof high);                                                           \
        return a;                                                                                                      \
    }
NEON_HALVES(s8, int8x8_t, int8x16_t)
NEON_HALVES(s16, int16x4_t, int16x8_t)
NEON_HALVES(s32, int32x2_t, int32x4_t)

#define NEON_REINTERPRET(name, to, from)                                                                               \
    NEON_FUNCTION to name(from a)                                                                                      \
    {                                                                                                                  \
        return (to)a;                                                                                                  \
    }
NEON_REINTERPRET(vreinterpret_s8_u8, int8x8_t, uint8x8_t)
NEON_REINTERPRET(vreinterpret_s32_s8, int32x2_t, int8x8_t)
NEON_REINTERPRET(vreinterpretq_u8_s8, uint8x16_t, int8x16_t)
NEON_REINTERPRET(vreinterpretq_f32_s32, float32x4_t, int32x4_t)
NEON_REINTERPRET(vreinterpretq_s8_s64, int8x16_t, int64x2_t)
NEON_REINTERPRET(vreinterpretq_s64_s8, int64x2_t, int8x16_t)
NEON_REINTERPRET(vreinterpretq_s32_s64, int32x4_t, int64x2_t)
NEON_REINTERPRET(vreinterpretq_s64_s32, int64x2_t, int32x4_t)

NEON_FUNCTION int8x16_t vzip1q_s8(int8x16_t a, int8x16_t b)
{
    int8x16_t c = a;
    NEON_EACH(8)
    {
        c[2 * i] = a[i];
        c[2 * i + 1] = b[i];
    }
    return c;
}

NEON_FUNCTION int8x16_t vzip2q_s8(int8x16_t a, int8x16_t b)
{
    int8x16_t c = a;
    NEON_EACH(8)
    {
        c[2 * i] = a[8 + i];
        c[2 * i + 1] = b[8 + i];
    }
    return c;
}

NEON_FUNCTION int64x2_t vzip1q_s64(int64x2_t a, int64x2_t b)
{
    return (int64x2_t){a[0], b[0]};
}

NEON_FUNCTION int64x2_t vzip2q_s64(int64x2_t a, int64x2_t b)
{
    return (int64x2_t){a[1], b[1]};
}

/* Bytes of a by their number in `index`, 0 for numbers beyond. */
NEON_FUNCTION int8x8_t vtbl1_s8(int8x8_t a, int8x8_t index)
{
    int8x8_t b = {0};
    NEON_EACH(8) b[i] = index[i] >= 0 && index[i] < 8 ? a[index[i]] : 0;
    return b;
}

NEON_FUNCTION int8x16_t vqtbx4q_s8(int8x16_t kept, int8x16x4_t a, uint8x16_t index)
{
    NEON_EACH(16) kept[i] = index[i] < 64 ? a.val[index[i] / 16][index[i] % 16] : kept[i];
    return kept;
}

NEON_FUNCTION int8x16_t vqtbl4q_s8(int8x16x4_t a, uint8x16_t index)
{
    return vqtbx4q_s8(vdupq_n_s8(0), a, index);
}

NEON_FUNCTION int16x8_t vmovl_s8(int8x8_t a)
{
    return (int16x8_t){a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]};
}

NEON_FUNCTION int32x4_t vmovl_s16(int16x4_t a)
{
    return (int32x4_t){a[0], a[1], a[2], a[3]};
}

/* ---- bits and comparisons ---- */

NEON_FUNCTION uint8x16_t veorq_u8(uint8x16_t a, uint8x16_t b)
{
    return a ^ b;
}

NEON_FUNCTION int32x4_t vandq_s32(int32x4_t a, int32x4_t b)
{
    return a & b;
}

NEON_FUNCTION int8x8_t vmax_s8(int8x8_t a, int8x8_t b)
{
    NEON_EACH(8) a[i] = a[i] > b[i] ? a[i] : b[i];
    return a;
}

NEON_FUNCTION int8x16_t vmaxq_s8(int8x16_t a, int8x16_t b)
{
    NEON_EACH(16) a[i] = a[i] > b[i] ? a[i] : b[i];
    return a;
}

/* To the right, rounding down, by the -31 to 0 bits that kernels ask for. */
NEON_FUNCTION int32x4_t vshlq_s32(int32x4_t a, int32x4_t bits)
{
    NEON_EACH(4) a[i] >>= -bits[i];
    return a;
}

NEON_FUNCTION int16x8_t vshlq_s16(int16x8_t a, int16x8_t bits)
{
    NEON_EACH(8) a[i] = (int16_t)(a[i] >> -bits[i]);
    return a;
}

NEON_FUNCTION int8x8_t vshrn_n_s16(int16x8_t a, int bits)
{
    int8x8_t b = {0};
    NEON_EACH(8) b[i] = (int8_t)(a[i] >> bits);
    return b;
}

/* To the right, halves up, by the -63 to 0 bits that kernels ask for. */
NEON_FUNCTION int32x4_t vrshlq_s32(int32x4_t a, int32x4_t bits)
{
    NEON_EACH(4) a[i] = bits[i] ? (int32_t)(((a[i] >> (-bits[i] - 1)) + (int64_t)1) >> 1) : a[i];
    return a;
}

/* ---- sums; those of 32 bits do not overflow in kernels ---- */

NEON_FUNCTION int32x4_t vaddq_s32(int32x4_t a, int32x4_t b)
{
    return a + b;
}

NEON_FUNCTION int32x4_t vsubq_s32(int32x4_t a, int32x4_t b)
{
    return a - b;
}

NEON_FUNCTION int32x4_t vpaddq_s32(int32x4_t a, int32x4_t b)
{
    return (int32x4_t){a[0] + a[1], a[2] + a[3], b[0] + b[1], b[2] + b[3]};
}

NEON_FUNCTION int32x4_t vpadalq_s16(int32x4_t sum, int16x8_t a)
{
    NEON_EACH(4) sum[i] += a[2 * i] + a[2 * i + 1];
    return sum;
}

NEON_FUNCTION uint8x16_t vsubq_u8(uint8x16_t a, uint8x16_t b)
{
    return a - b;
}

NEON_FUNCTION int16x8_t vsubq_s16(int16x8_t a, int16x8_t b)
{
    return a - b;
}

NEON_FUNCTION int16x8_t vaddq_s16(int16x8_t a, int16x8_t b)
{
    return a + b;
}

NEON_FUNCTION int16x8_t vaddl_s8(int8x8_t a, int8x8_t b)
{
    return vmovl_s8(a) + vmovl_s8(b);
}

NEON_FUNCTION int16x8_t vsubl_s8(int8x8_t a, int8x8_t b)
{
    return vmovl_s8(a) - vmovl_s8(b);
}

NEON_FUNCTION int16x8_t vaddw_s8(int16x8_t a, int8x8_t b)
{
    return a + vmovl_s8(b);
}

/* The upper halves of sums. */
NEON_FUNCTION int16x4_t vaddhn_s32(int32x4_t a, int32x4_t b)
{
    int16x4_t c = {0};
    NEON_EACH(4) c[i] = (int16_t)((a[i] + b[i]) >> 16);
    return c;
}

NEON_FUNCTION int32x4_t vaddw_s16(int32x4_t a, int16x4_t b)
{
    NEON_EACH(4) a[i] += b[i];
    return a;
}

NEON_FUNCTION int32x4_t vaddw_high_s16(int32x4_t a, int16x8_t b)
{
    return vaddw_s16(a, vget_high_s16(b));
}

/* ---- products ---- */

NEON_FUNCTION int32x4_t vmulq_s32(int32x4_t a, int32x4_t b)
{
    return a * b;
}

NEON_FUNCTION int32x4_t vmlaq_s32(int32x4_t sum, int32x4_t a, int32x4_t b)
{
    return sum + a * b;
}

NEON_FUNCTION int32x4_t vmull_s16(int16x4_t a, int16x4_t b)
{
    return (int32x4_t){a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]};
}

/* 16-bit sums wrap around. */
NEON_FUNCTION int16x8_t vmlal_s8(int16x8_t sum, int8x8_t a, int8x8_t b)
{
    NEON_EACH(8) sum[i] = (int16_t)(sum[i] + a[i] * b[i]);
    return sum;
}

NEON_FUNCTION int16x8_t vmull_s8(int8x8_t a, int8x8_t b)
{
    return vmlal_s8(vdupq_n_s16(0), a, b);
}

NEON_FUNCTION int16x8_t vmlal_high_s8(int16x8_t sum, int8x16_t a, int8x16_t b)
{
    return vmlal_s8(sum, vget_high_s8(a), vget_high_s8(b));
}

NEON_FUNCTION int32x4_t vmlal_laneq_s16(int32x4_t sum, int16x4_t a, int16x8_t b, int lane)
{
    NEON_EACH(4) sum[i] += a[i] * b[lane];
    return sum;
}

NEON_FUNCTION int32x4_t vmlal_high_laneq_s16(int32x4_t sum, int16x8_t a, int16x8_t b, int lane)
{
    return vmlal_laneq_s16(sum, vget_high_s16(a), b, lane);
}

NEON_FUNCTION int32x4_t vdotq_s32(int32x4_t sum, int8x16_t a, int8x16_t b)
{
    NEON_EACH(16) sum[i / 4] += a[i] * b[i];
    return sum;
}

NEON_FUNCTION int32x4_t vdotq_laneq_s32(int32x4_t sum, int8x16_t a, int8x16_t b, int lane)
{
    NEON_EACH(16) sum[i / 4] += a[i] * b[4 * lane + i % 4];
    return sum;
}

/* Rows of two 2x8 matrices, each with each. */
NEON_FUNCTION int32x4_t vmmlaq_s32(int32x4_t sum, int8x16_t a, int8x16_t b)
{
    NEON_EACH(32) sum[i / 8] += a[i / 16 * 8 + i % 8] * b[i / 8 % 2 * 8 + i % 8];
    return sum;
}

NEON_FUNCTION int32_t neon_saturated(int64_t x, int64_t most)
{
    return (int32_t)(x > most ? most : x < -most - 1 ? -most - 1 : x);
}

NEON_FUNCTION int32x4_t vqdmulhq_s32(int32x4_t a, int32x4_t b)
{
    NEON_EACH(4) a[i] = neon_saturated((int64_t)a[i] * b[i] >> 31, INT32_MAX);
    return a;
}

/* ---- narrower numbers ---- */

NEON_FUNCTION int16x8_t vqaddq_s16(int16x8_t a, int16x8_t b)
{
    NEON_EACH(8) a[i] = (int16_t)neon_saturated(a[i] + b[i], INT16_MAX);
    return a;
}

NEON_FUNCTION int16x4_t vqrshrn_n_s32(int32x4_t a, int bits)
{
    int16x4_t b = {0};
    NEON_EACH(4) b[i] = (int16_t)neon_saturated(((int64_t)a[i] + (1 << bits >> 1)) >> bits, INT16_MAX);
    return b;
}

NEON_FUNCTION int16x8_t vqrshrn_high_n_s32(int16x4_t low, int32x4_t a, int bits)
{
    return vcombine_s16(low, vqrshrn_n_s32(a, bits));
}

NEON_FUNCTION int16x4_t vqmovn_s32(int32x4_t a)
{
    return vqrshrn_n_s32(a, 0);
}

NEON_FUNCTION int16x8_t vqmovn_high_s32(int16x4_t low, int32x4_t a)
{
    return vcombine_s16(low, vqmovn_s32(a));
}

NEON_FUNCTION int8x8_t vqmovn_s16(int16x8_t a)
{
    int8x8_t b = {0};
    NEON_EACH(8) b[i] = (int8_t)neon_saturated(a[i], INT8_MAX);
    return b;
}

/* ---- between int32 and float32 ---- */

NEON_FUNCTION float32x4_t vcvtq_f32_s32(int32x4_t a)
{
    return (float32x4_t){(float)a[0], (float)a[1], (float)a[2], (float)a[3]};
}

/* Halves to even, saturated; NaN is 0. */
NEON_FUNCTION int32x4_t vcvtnq_s32_f32(float32x4_t a)
{
    int32x4_t b = {0};
    NEON_EACH(4)
    {
        const double near = a[i] == a[i] ? nearbyint((double)a[i]) : 0.0;
        b[i] = near >= 2147483647.0 ? INT32_MAX : near <= -2147483648.0 ? INT32_MIN : (int32_t)near;
    }
    return b;
}

#endif
