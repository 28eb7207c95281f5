/* int8_branches: made by bittwin 0.1.0 for host, schedule layers. Do not edit. */
/* SPDX-License-Identifier: MIT-0 */
/* int8_branches.c and int8_branches_weights.c (480 bytes) need -ffp-contract=off. */
#ifndef INT8_BRANCHES_H
#define INT8_BRANCHES_H

#include <stdint.h>

#ifndef BTW_ALIGN
#if defined(__cplusplus) && __cplusplus >= 201103L
#define BTW_ALIGN(bytes) alignas(bytes)
#elif !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define BTW_ALIGN(bytes) _Alignas(bytes)
#else
#define BTW_ALIGN(bytes) __attribute__((aligned(bytes)))
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* input_image: int8_t [6][5][3] */
#define INT8_BRANCHES_INPUT_IMAGE_SIZE 90
#define INT8_BRANCHES_INPUT_IMAGE_HEIGHT 6
#define INT8_BRANCHES_INPUT_IMAGE_WIDTH 5
#define INT8_BRANCHES_INPUT_IMAGE_CHANNELS 3
#define INT8_BRANCHES_INPUT_IMAGE_ROW_SIZE 15
#define INT8_BRANCHES_INPUT_IMAGE_SCALE 0.0199999996f
#define INT8_BRANCHES_INPUT_IMAGE_ZERO_POINT (-3)

/* concat_codes: int8_t [6][5][8] */
#define INT8_BRANCHES_CONCAT_CODES_SIZE 240
#define INT8_BRANCHES_CONCAT_CODES_HEIGHT 6
#define INT8_BRANCHES_CONCAT_CODES_WIDTH 5
#define INT8_BRANCHES_CONCAT_CODES_CHANNELS 8
#define INT8_BRANCHES_CONCAT_CODES_SCALE 0.129999995f
#define INT8_BRANCHES_CONCAT_CODES_ZERO_POINT (-20)

/* Memory of one inference. Nothing in it has to be kept between calls of run. */
typedef struct {
    BTW_ALIGN(16) uint8_t bytes[336];
} int8_branches_arena;

/* One inference, 4,320 MAC. Tensors are channels last: [N,C,H,W] is [H][W][C]. Inputs and
 * outputs lie outside the arena. Nothing is kept elsewhere: calls with an arena each may overlap. */
void int8_branches_run(int8_branches_arena *arena,
                       const int8_t input_image[INT8_BRANCHES_INPUT_IMAGE_SIZE],
                       int8_t concat_codes[INT8_BRANCHES_CONCAT_CODES_SIZE]);

/* The code of a real value of input_image: true division, halves to even, saturated. */
static inline int8_t int8_branches_quantize_input_image(float value)
{
    float code = value / INT8_BRANCHES_INPUT_IMAGE_SCALE;
    code = code < -512.0f ? -512.0f : code > 512.0f ? 512.0f : code;
    const int rounded = (int)((code + 12582912.0f) - 12582912.0f) + INT8_BRANCHES_INPUT_IMAGE_ZERO_POINT;
    return (int8_t)(rounded < -128 ? -128 : rounded > 127 ? 127 : rounded);
}

/* The real value of a code of concat_codes. */
static inline float int8_branches_dequantize_concat_codes(int8_t code)
{
    return INT8_BRANCHES_CONCAT_CODES_SCALE * (float)(code - INT8_BRANCHES_CONCAT_CODES_ZERO_POINT);
}

#ifdef __cplusplus
}
#endif

#endif
