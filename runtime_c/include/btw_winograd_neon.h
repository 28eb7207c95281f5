/* Winograd's F(2x2, 3x3) on NEON: how two output rows are cut into tiles of 2x2 pixels that are computed together. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_WINOGRAD_NEON_H
#define BTW_WINOGRAD_NEON_H

#define BTW_WINOGRAD_TILES 4

/* function(layer, rows, ox, y, scratch, columns, tiles) with a constant number of tiles for the columns from ox on; of
 * an odd number the last tile has one. */
#define BTW_WINOGRAD_PAIR(function, layer, rows, y, scratch)                                                           \
    do {                                                                                                               \
        const int group = 2 * BTW_WINOGRAD_TILES, whole = (layer)->output_width / group * group;                       \
        const int rest = (layer)->output_width - whole;                                                                \
        for (int ox = 0; ox < whole; ox += group)                                                                      \
            function(layer, rows, ox, y, scratch, 2 * BTW_WINOGRAD_TILES, BTW_WINOGRAD_TILES);                         \
        switch ((rest + 1) / 2) {                                                                                      \
        case 4:                                                                                                        \
            function(layer, rows, whole, y, scratch, rest, 4);                                                         \
            break;                                                                                                     \
        case 3:                                                                                                        \
            function(layer, rows, whole, y, scratch, rest, 3);                                                         \
            break;                                                                                                     \
        case 2:                                                                                                        \
            function(layer, rows, whole, y, scratch, rest, 2);                                                         \
            break;                                                                                                     \
        case 1:                                                                                                        \
            function(layer, rows, whole, y, scratch, rest, 1);                                                         \
            break;                                                                                                     \
        default:                                                                                                       \
            break;                                                                                                     \
        }                                                                                                              \
    } while (0)

#endif
