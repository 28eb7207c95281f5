/* The float32 intrinsics of arm_neon.h in plain C: the same bits, NaNs aside. Include arm_neon.h. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_NEON_F32_H
#define BTW_NEON_F32_H

#include <math.h>
#include <string.h>

/* Kernels hold thousands of these: as calls they compile in seconds. */
#define NEON_CALL static __attribute__((noinline, unused))

typedef struct {
    float32x4_t val[2];
} float32x4x2_t;

typedef struct {
    float32x4_t val[3];
} float32x4x3_t;

typedef struct {
    float32x4_t val[4];
} float32x4x4_t;

/* ---- memory ---- */

static inline float32x4_t vld1q_f32(const float *x)
{
    float32x4_t a;
    memcpy(&a, x, sizeof a);
    return a;
}

static inline float32x4x2_t vld1q_f32_x2(const float *x)
{
    return (float32x4x2_t){{vld1q_f32(x), vld1q_f32(x + 4)}};
}

static inline float32x4x3_t vld1q_f32_x3(const float *x)
{
    return (float32x4x3_t){{vld1q_f32(x), vld1q_f32(x + 4), vld1q_f32(x + 8)}};
}

static inline float32x4x4_t vld1q_f32_x4(const float *x)
{
    return (float32x4x4_t){{vld1q_f32(x), vld1q_f32(x + 4), vld1q_f32(x + 8), vld1q_f32(x + 12)}};
}

static inline float32x2_t vld1_f32(const float *x)
{
    float32x2_t a;
    memcpy(&a, x, sizeof a);
    return a;
}

static inline float32x4_t vld1q_dup_f32(const float *x)
{
    return (float32x4_t){*x, *x, *x, *x};
}

static inline float32x4_t vld1q_lane_f32(const float *x, float32x4_t a, int lane)
{
    a[lane] = *x;
    return a;
}

static inline void vst1q_f32(float *y, float32x4_t a)
{
    memcpy(y, &a, sizeof a);
}

static inline void vst1_f32(float *y, float32x2_t a)
{
    memcpy(y, &a, sizeof a);
}

static inline void vst1q_lane_f32(float *y, float32x4_t a, int lane)
{
    *y = a[lane];
}

/* ---- lanes ---- */

static inline float32x4_t vdupq_n_f32(float x)
{
    return (float32x4_t){x, x, x, x};
}

static inline float32x2_t vget_low_f32(float32x4_t a)
{
    return (float32x2_t){a[0], a[1]};
}

static inline float32x2_t vget_high_f32(float32x4_t a)
{
    return (float32x2_t){a[2], a[3]};
}

static inline float32x4_t vcombine_f32(float32x2_t low, float32x2_t high)
{
    return (float32x4_t){low[0], low[1], high[0], high[1]};
}

static inline float vgetq_lane_f32(float32x4_t a, int lane)
{
    return a[lane];
}

/* ---- arithmetic ---- */

static inline float32x4_t vaddq_f32(float32x4_t a, float32x4_t b)
{
    return a + b;
}

static inline float32x4_t vsubq_f32(float32x4_t a, float32x4_t b)
{
    return a - b;
}

static inline float32x4_t vmulq_f32(float32x4_t a, float32x4_t b)
{
    return a * b;
}

static inline float32x4_t vdivq_f32(float32x4_t a, float32x4_t b)
{
    return a / b;
}

/* Of two zeros the positive one; a NaN wins. */
static inline float neon_larger(float a, float b)
{
    if (a != a || b != b)
        return a + b;
    return a > b || (a == b && !signbit(a)) ? a : b;
}

/* Of two zeros the negative one; a NaN wins. */
static inline float neon_smaller(float a, float b)
{
    if (a != a || b != b)
        return a + b;
    return a < b || (a == b && signbit(a)) ? a : b;
}

NEON_CALL float32x4_t vmaxq_f32(float32x4_t a, float32x4_t b)
{
    for (int i = 0; i < 4; i++)
        a[i] = neon_larger(a[i], b[i]);
    return a;
}

NEON_CALL float32x4_t vminq_f32(float32x4_t a, float32x4_t b)
{
    for (int i = 0; i < 4; i++)
        a[i] = neon_smaller(a[i], b[i]);
    return a;
}

/* A number wins over NaN. */
NEON_CALL float32x4_t vmaxnmq_f32(float32x4_t a, float32x4_t b)
{
    for (int i = 0; i < 4; i++)
        a[i] = a[i] != a[i] ? b[i] : b[i] != b[i] ? a[i] : neon_larger(a[i], b[i]);
    return a;
}

NEON_CALL uint32x4_t vcgtq_f32(float32x4_t a, float32x4_t b)
{
    return (uint32x4_t)(a > b);
}

NEON_CALL float32x4_t vbslq_f32(uint32x4_t choice, float32x4_t a, float32x4_t b)
{
    return (float32x4_t)((choice & (uint32x4_t)a) | (~choice & (uint32x4_t)b));
}

static inline uint32x4_t vreinterpretq_u32_f32(float32x4_t a)
{
    return (uint32x4_t)a;
}

static inline float32x4_t vreinterpretq_f32_u32(uint32x4_t a)
{
    return (float32x4_t)a;
}

static inline uint32x4_t vaddq_u32(uint32x4_t a, uint32x4_t b)
{
    return a + b;
}

static inline uint32x4_t vshlq_n_u32(uint32x4_t a, int bits)
{
    return a << bits;
}

/* a + b * c, rounded once */
NEON_CALL float32x4_t vfmaq_f32(float32x4_t a, float32x4_t b, float32x4_t c)
{
    for (int i = 0; i < 4; i++)
        a[i] = fmaf(b[i], c[i], a[i]);
    return a;
}

NEON_CALL float32x4_t vfmaq_n_f32(float32x4_t a, float32x4_t b, float c)
{
    return vfmaq_f32(a, b, vdupq_n_f32(c));
}

NEON_CALL float32x4_t vfmaq_laneq_f32(float32x4_t a, float32x4_t b, float32x4_t c, int lane)
{
    return vfmaq_n_f32(a, b, c[lane]);
}

#endif
