/* int8_classifier: made by bittwin 0.1.0 for host, schedule ram. Do not edit. */
/* SPDX-License-Identifier: MIT-0 */
/* int8_classifier.c and int8_classifier_weights.c (132 bytes) need -ffp-contract=off. */
#ifndef INT8_CLASSIFIER_H
#define INT8_CLASSIFIER_H

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

/* pair: int8_t [6][6][2], 2 images */
#define INT8_CLASSIFIER_PAIR_SIZE 144
#define INT8_CLASSIFIER_PAIR_HEIGHT 6
#define INT8_CLASSIFIER_PAIR_WIDTH 6
#define INT8_CLASSIFIER_PAIR_CHANNELS 2
#define INT8_CLASSIFIER_PAIR_ROW_SIZE 12
#define INT8_CLASSIFIER_PAIR_SCALE 0.0299999993f
#define INT8_CLASSIFIER_PAIR_ZERO_POINT (1)

/* chances: float [3], 2 images */
#define INT8_CLASSIFIER_CHANCES_SIZE 6
#define INT8_CLASSIFIER_CHANCES_HEIGHT 1
#define INT8_CLASSIFIER_CHANCES_WIDTH 1
#define INT8_CLASSIFIER_CHANCES_CHANNELS 3

/* Memory of one inference. Nothing in it has to be kept between calls of run. */
typedef struct {
    BTW_ALIGN(16) uint8_t bytes[64];
} int8_classifier_arena;

/* One inference, 600 MAC. Tensors are channels last: [N,C,H,W] is [H][W][C]. Inputs and
 * outputs lie outside the arena. Nothing is kept elsewhere: calls with an arena each may overlap. */
void int8_classifier_run(int8_classifier_arena *arena,
                         const int8_t pair[INT8_CLASSIFIER_PAIR_SIZE],
                         float chances[INT8_CLASSIFIER_CHANCES_SIZE]);

/* The code of a real value of pair: true division, halves to even, saturated. */
static inline int8_t int8_classifier_quantize_pair(float value)
{
    float code = value / INT8_CLASSIFIER_PAIR_SCALE;
    code = code < -512.0f ? -512.0f : code > 512.0f ? 512.0f : code;
    const int rounded = (int)((code + 12582912.0f) - 12582912.0f) + INT8_CLASSIFIER_PAIR_ZERO_POINT;
    return (int8_t)(rounded < -128 ? -128 : rounded > 127 ? 127 : rounded);
}

#ifdef __cplusplus
}
#endif

#endif
