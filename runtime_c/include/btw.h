/* What every kernel shares: linkage, alignment, rows of a tensor and their padding. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_H
#define BTW_H

#include <stdint.h>
#include <string.h>

/* Kernels and what generated models hand them: a model compiles with the kernels of its own version only. */
#define BTW_ABI 1

/* A generated model includes the kernels it uses as static functions, so that the compiler folds each layer's
 * constants in. With BTW_SHARED_KERNELS defined for the whole build they are ordinary functions instead, shared by all
 * models. A kernel's file compiled by itself is empty unless BTW_SHARED_KERNELS is defined. */
#if defined(BTW_INLINE_KERNELS)
#define BTW_KERNEL static inline
#else
#define BTW_KERNEL
#endif

/* Beside BTW_KERNEL: into the function of every layer, whatever its size, before the compiler asks what else is used.
 */
#if defined(BTW_INLINE_KERNELS) && defined(__GNUC__)
#define BTW_FOLDED __attribute__((always_inline))
#else
#define BTW_FOLDED
#endif

/* A layer of a generated model keeps a stack frame of its own: inlined into one function, the frames of all layers
 * would lie side by side. noipa: GCC 12 at -O1 and -O2 takes a loop that reads and writes one arena for a function
 * without effects, once it has rewritten its addresses, and drops the calls. */
#if defined(__clang__)
#define BTW_LAYER static __attribute__((noinline))
#elif defined(__GNUC__)
#define BTW_LAYER static __attribute__((noipa))
#else
#define BTW_LAYER static
#endif

/* Section or attribute of constant data, e.g. __attribute__((section(".qspi"))). */
#ifndef BTW_WEIGHTS
#define BTW_WEIGHTS
#endif

/* Called after each row of each layer that C computes; empty in what is shipped. */
#ifndef BTW_OBSERVE
#define BTW_OBSERVE(layer, row, pointer, bytes) ((void)0)
#endif

/* Rows of a tensor in memory: all of them, or a ring of the last `slots`. */
typedef struct {
    const void *first; /* first pixel of row 0, behind its left pad */
    int stride;        /* bytes from a row to the next */
    int slots;         /* rows in memory */
    int height;        /* rows of the tensor */
} btw_plane;

static inline const void *btw_row(btw_plane plane, int y)
{
    return (const uint8_t *)plane.first + (y % plane.slots) * plane.stride;
}

/* Row pointers of a window that starts at row y. Each function differs in what stands for rows outside the image. */

/* Rows outside are `outside`; those from `end` on are null. */
static inline void btw_rows_constant(const void *rows[], int count, btw_plane plane, int y, int dilation,
                                     const void *outside, int end)
{
    for (int ky = 0; ky < count; ky++, y += dilation)
        rows[ky] = y >= 0 && y < plane.height ? btw_row(plane, y) : y < end ? outside : NULL;
}

/* A ring holds rows of padding values above and below the image like any other row; y counts from a multiple of its
 * rows above the image, so that it is never negative. */
static inline void btw_rows_ring(const void *rows[], int count, btw_plane plane, int y, int dilation)
{
    const int bytes = plane.slots * plane.stride, step = dilation % plane.slots * plane.stride;
    int at = y % plane.slots * plane.stride;
    for (int ky = 0; ky < count; ky++) {
        rows[ky] = (const uint8_t *)plane.first + at;
        at += step;
        at -= at >= bytes ? bytes : 0;
    }
}

/* Rows outside mirror the image without repeating its edge. */
static inline void btw_rows_reflect(const void *rows[], int count, btw_plane plane, int y, int dilation)
{
    for (int ky = 0; ky < count; ky++, y += dilation) {
        const int inside = y < 0 ? -y : y >= plane.height ? 2 * (plane.height - 1) - y : y;
        rows[ky] = btw_row(plane, inside);
    }
}

/* Rows outside repeat the edge. */
static inline void btw_rows_edge(const void *rows[], int count, btw_plane plane, int y, int dilation)
{
    for (int ky = 0; ky < count; ky++, y += dilation)
        rows[ky] = btw_row(plane, y < 0 ? 0 : y >= plane.height ? plane.height - 1 : y);
}

/* Rows outside come from the other end. */
static inline void btw_rows_wrap(const void *rows[], int count, btw_plane plane, int y, int dilation)
{
    for (int ky = 0; ky < count; ky++, y += dilation)
        rows[ky] = btw_row(plane, y < 0 ? y + plane.height : y >= plane.height ? y - plane.height : y);
}

/* Rows of a list, null where it is negative. */
static inline void btw_rows_table(const void *rows[], int count, btw_plane plane, const int32_t *table)
{
    for (int ky = 0; ky < count; ky++)
        rows[ky] = table[ky] < 0 ? NULL : btw_row(plane, table[ky]);
}

/* The row behind the last of a list: so many rows of the tensor have to be there. */
static inline int btw_rows_end(const int32_t *table, int count)
{
    int end = 0;
    for (int ky = 0; ky < count; ky++)
        end = table[ky] >= end ? table[ky] + 1 : end;
    return end;
}

/* Left and right pads of a row whose first pixel is `row`: `left` and `right` pixels of `pixel` bytes beside `width`.
 */

static inline void btw_pad_reflect(void *row, int width, int pixel, int left, int right)
{
    uint8_t *const x = row;
    for (int i = 1; i <= left; i++)
        memcpy(x - i * pixel, x + i * pixel, (size_t)pixel);
    for (int i = 1; i <= right; i++)
        memcpy(x + (width - 1 + i) * pixel, x + (width - 1 - i) * pixel, (size_t)pixel);
}

static inline void btw_pad_edge(void *row, int width, int pixel, int left, int right)
{
    uint8_t *const x = row;
    for (int i = 1; i <= left; i++)
        memcpy(x - i * pixel, x, (size_t)pixel);
    for (int i = 0; i < right; i++)
        memcpy(x + (width + i) * pixel, x + (width - 1) * pixel, (size_t)pixel);
}

static inline void btw_pad_wrap(void *row, int width, int pixel, int left, int right)
{
    uint8_t *const x = row;
    memcpy(x - left * pixel, x + (width - left) * pixel, (size_t)(left * pixel));
    memcpy(x + width * pixel, x, (size_t)(right * pixel));
}

static inline void btw_fill_s8(void *values, int count, int value)
{
    memset(values, value, (size_t)count);
}

static inline void btw_fill_f32(void *values, int count, float value)
{
    float *const y = values;
    for (int i = 0; i < count; i++)
        y[i] = value;
}

/* Pads of `rows` rows that lie one behind the other, each `left` + `width` + `right` values. */
static inline void btw_fill_pads_s8(void *values, int rows, int width, int left, int right, int value)
{
    int8_t *y = values;
    btw_fill_s8(y, left, value);
    y += left + width;
    for (int row = 1; row < rows; row++, y += right + left + width)
        btw_fill_s8(y, right + left, value); /* of this row and of the next */
    btw_fill_s8(y, right, value);
}

static inline void btw_fill_pads_f32(void *values, int rows, int width, int left, int right, float value)
{
    float *y = values;
    btw_fill_f32(y, left, value);
    y += left + width;
    for (int row = 1; row < rows; row++, y += right + left + width)
        btw_fill_f32(y, right + left, value); /* of this row and of the next */
    btw_fill_f32(y, right, value);
}

/* Memory at `offset` bytes of an arena. */
static inline void *btw_at(uint8_t *arena, int offset)
{
    return arena + offset;
}

#endif
