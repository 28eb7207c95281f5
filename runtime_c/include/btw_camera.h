/* Pixels of a camera to 8 bits a channel, and the places between them; cgen/bittwin_cgen/camera.py defines both. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_CAMERA_H
#define BTW_CAMERA_H

#include "btw.h"

/* The camera's image and where the network's lies in it. */
typedef struct {
    int width;  /* of the camera's image */
    int height; /* of the camera's image, at least 2 */
    int right;  /* last column of the window: nothing beyond it is mixed in */
    int bottom; /* last line of the window */
    int channels;
    const uint32_t *columns; /* of each column of the network's image its place in the camera's, in 256ths */
    const uint32_t *rows;    /* the same of each row */
} btw_camera;

/* Red, green and blue of pixel (x, y). The plane holds the lines around y, all of them or a ring. */
typedef void btw_camera_pixel(const btw_camera *camera, btw_plane image, int x, int y, uint8_t rgb[3]);

static inline uint8_t btw_camera_clamp(int32_t value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static inline void btw_camera_rgb888(const btw_camera *camera, btw_plane image, int x, int y, uint8_t rgb[3])
{
    (void)camera;
    memcpy(rgb, (const uint8_t *)btw_row(image, y) + 3 * x, 3);
}

static inline void btw_camera_gray8(const btw_camera *camera, btw_plane image, int x, int y, uint8_t rgb[3])
{
    (void)camera;
    rgb[0] = rgb[1] = rgb[2] = ((const uint8_t *)btw_row(image, y))[x];
}

/* 5, 6 and 5 bits; the highest bits are repeated as the lowest. */
static inline void btw_camera_rgb565(unsigned high, unsigned low, uint8_t rgb[3])
{
    const unsigned word = high << 8 | low, red = word >> 11, green = word >> 5 & 63u, blue = word & 31u;
    rgb[0] = (uint8_t)(red << 3 | red >> 2);
    rgb[1] = (uint8_t)(green << 2 | green >> 4);
    rgb[2] = (uint8_t)(blue << 3 | blue >> 2);
}

static inline void btw_camera_rgb565be(const btw_camera *camera, btw_plane image, int x, int y, uint8_t rgb[3])
{
    const uint8_t *const bytes = (const uint8_t *)btw_row(image, y) + 2 * x;
    (void)camera;
    btw_camera_rgb565(bytes[0], bytes[1], rgb);
}

static inline void btw_camera_rgb565le(const btw_camera *camera, btw_plane image, int x, int y, uint8_t rgb[3])
{
    const uint8_t *const bytes = (const uint8_t *)btw_row(image, y) + 2 * x;
    (void)camera;
    btw_camera_rgb565(bytes[1], bytes[0], rgb);
}

/* BT.601, full range, in 65536ths. */
static inline void btw_camera_yuv(int32_t luma, int32_t u, int32_t v, uint8_t rgb[3])
{
    const int32_t base = luma * 65536 + 32768;
    rgb[0] = btw_camera_clamp((base + 91881 * v) >> 16);
    rgb[1] = btw_camera_clamp((base - 22554 * u - 46802 * v) >> 16);
    rgb[2] = btw_camera_clamp((base + 116130 * u) >> 16);
}

/* Y U Y V: two pixels share U and V. */
static inline void btw_camera_yuv422(const btw_camera *camera, btw_plane image, int x, int y, uint8_t rgb[3])
{
    const uint8_t *const line = (const uint8_t *)btw_row(image, y), *const pair = line + 2 * (x & ~1);
    (void)camera;
    btw_camera_yuv(line[2 * x], pair[1] - 128, pair[3] - 128, rgb);
}

/* U Y V Y */
static inline void btw_camera_uyvy422(const btw_camera *camera, btw_plane image, int x, int y, uint8_t rgb[3])
{
    const uint8_t *const line = (const uint8_t *)btw_row(image, y), *const pair = line + 2 * (x & ~1);
    (void)camera;
    btw_camera_yuv(line[2 * x + 1], pair[0] - 128, pair[2] - 128, rgb);
}

/* Their luma alone, for networks of one channel. */
static inline void btw_camera_yuv422_luma(const btw_camera *camera, btw_plane image, int x, int y, uint8_t rgb[3])
{
    (void)camera;
    rgb[0] = rgb[1] = rgb[2] = ((const uint8_t *)btw_row(image, y))[2 * x];
}

static inline void btw_camera_uyvy422_luma(const btw_camera *camera, btw_plane image, int x, int y, uint8_t rgb[3])
{
    (void)camera;
    rgb[0] = rgb[1] = rgb[2] = ((const uint8_t *)btw_row(image, y))[2 * x + 1];
}

/* Red at even columns of even lines, blue at odd ones of odd lines, green elsewhere. What a pixel has not is the mean
 * of the two or four nearest, halves up; the image is mirrored at its edges. */
static inline void btw_camera_bayer_rggb(const btw_camera *camera, btw_plane image, int x, int y, uint8_t rgb[3])
{
    const uint8_t *const above = (const uint8_t *)btw_row(image, y > 0 ? y - 1 : 1);
    const uint8_t *const line = (const uint8_t *)btw_row(image, y);
    const uint8_t *const below = (const uint8_t *)btw_row(image, y + 1 < camera->height ? y + 1 : y - 1);
    const int left = x > 0 ? x - 1 : 1, right = x + 1 < camera->width ? x + 1 : x - 1;
    const int beside = line[left] + line[right], over = above[x] + below[x];
    const uint8_t here = line[x];
    if ((x ^ y) & 1) { /* green */
        const uint8_t row = (uint8_t)((beside + 1) >> 1), column = (uint8_t)((over + 1) >> 1);
        rgb[0] = y & 1 ? column : row;
        rgb[1] = here;
        rgb[2] = y & 1 ? row : column;
        return;
    }
    const uint8_t corners = (uint8_t)((above[left] + above[right] + below[left] + below[right] + 2) >> 2);
    rgb[0] = y & 1 ? corners : here;
    rgb[1] = (uint8_t)((beside + over + 2) >> 2);
    rgb[2] = y & 1 ? here : corners;
}

/* A pixel of as many channels as the network takes. */
static inline void btw_camera_read(const btw_camera *camera, btw_camera_pixel *pixel, btw_plane image, int x, int y,
                                   uint8_t values[3])
{
    pixel(camera, image, x, y, values);
    if (camera->channels == 1)
        values[0] = (uint8_t)((77 * values[0] + 150 * values[1] + 29 * values[2] + 128) >> 8);
}

/* Pixel (ox, oy) of the network's image: the one that it lies on. */
static inline void btw_camera_nearest(const btw_camera *camera, btw_camera_pixel *pixel, btw_plane image, int ox,
                                      int oy, uint8_t values[3])
{
    btw_camera_read(camera, pixel, image, (int)(camera->columns[ox] >> 8), (int)(camera->rows[oy] >> 8), values);
}

/* Pixel (ox, oy) of the network's image: a mixture of the four around it, rounded once. */
static inline void btw_camera_bilinear(const btw_camera *camera, btw_camera_pixel *pixel, btw_plane image, int ox,
                                       int oy, uint8_t values[3])
{
    const int x = (int)(camera->columns[ox] >> 8), y = (int)(camera->rows[oy] >> 8);
    const int right = x < camera->right ? x + 1 : x, below = y < camera->bottom ? y + 1 : y;
    const uint32_t fx = camera->columns[ox] & 255u, fy = camera->rows[oy] & 255u;
    uint8_t corners[4][3];
    btw_camera_read(camera, pixel, image, x, y, corners[0]);
    btw_camera_read(camera, pixel, image, right, y, corners[1]);
    btw_camera_read(camera, pixel, image, x, below, corners[2]);
    btw_camera_read(camera, pixel, image, right, below, corners[3]);
    for (int c = 0; c < camera->channels; c++) {
        const uint32_t upper = corners[0][c] * (256u - fx) + corners[1][c] * fx;
        const uint32_t lower = corners[2][c] * (256u - fx) + corners[3][c] * fx;
        values[c] = (uint8_t)((upper * (256u - fy) + lower * fy + 32768u) >> 16);
    }
}

#endif
