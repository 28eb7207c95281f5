/* float_classifier: made by bittwin 0.1.0 for host, schedule ram. Do not edit. */
/* SPDX-License-Identifier: MIT-0 */
/* float_classifier.c and float_classifier_weights.c (748 bytes) need -ffp-contract=off. */
#ifndef FLOAT_CLASSIFIER_H
#define FLOAT_CLASSIFIER_H

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

/* input_image: float [6][6][2] */
#define FLOAT_CLASSIFIER_INPUT_IMAGE_SIZE 72
#define FLOAT_CLASSIFIER_INPUT_IMAGE_HEIGHT 6
#define FLOAT_CLASSIFIER_INPUT_IMAGE_WIDTH 6
#define FLOAT_CLASSIFIER_INPUT_IMAGE_CHANNELS 2
#define FLOAT_CLASSIFIER_INPUT_IMAGE_ROW_SIZE 12

/* scores: float [3] */
#define FLOAT_CLASSIFIER_SCORES_SIZE 3
#define FLOAT_CLASSIFIER_SCORES_HEIGHT 1
#define FLOAT_CLASSIFIER_SCORES_WIDTH 1
#define FLOAT_CLASSIFIER_SCORES_CHANNELS 3

/* Memory of one inference. Nothing in it has to be kept between calls of run. */
typedef struct {
    BTW_ALIGN(16) uint8_t bytes[544];
} float_classifier_arena;

/* One inference, 2,700 MAC. Tensors are channels last: [N,C,H,W] is [H][W][C]. Inputs and
 * outputs lie outside the arena. Nothing is kept elsewhere: calls with an arena each may overlap. */
void float_classifier_run(float_classifier_arena *arena,
                          const float input_image[FLOAT_CLASSIFIER_INPUT_IMAGE_SIZE],
                          float scores[FLOAT_CLASSIFIER_SCORES_SIZE]);

/* The same inference with input rows as they come, so that the image is never stored: begin, then
 * push_row for each row from top to bottom, then output. Until it returns the arena is in use. */
void float_classifier_begin(float_classifier_arena *arena);
void float_classifier_push_row(float_classifier_arena *arena, const float row[FLOAT_CLASSIFIER_INPUT_IMAGE_ROW_SIZE]);
void float_classifier_output(float_classifier_arena *arena, float scores[FLOAT_CLASSIFIER_SCORES_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
