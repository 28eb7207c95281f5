/* 3x3 convolution with stride 1, float32, Cortex-M with FPU, by Winograd's F(2x2, 3x3). */
/* SPDX-License-Identifier: MIT-0 */
/* Equals btw_conv2d_f32_scalar but for rounding, where all inputs are finite. Four tiles of 2x2 outputs at a time; at
 * least 4 channels of input and output, and 8 columns. stream, a block for each 4 output channels as in btw_f32.h: for
 * each of the 16 positions of a tile, for each input channel, the transformed weights of the 4 channels; then 4 biases.
 * Where the input channels are not a multiple of 4, the last quad is that of the last 4, with weights of zero where it
 * overlaps. */
#include "btw_f32.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__ARM_FP) && defined(__thumb2__)

/* What the transform of four tiles of input reads. */
typedef struct {
    const void *rows[4]; /* 0: at the first column and channel */
    int step;            /* 16: bytes from a column to the next */
    float *sums;         /* 20: of rows of 10 columns, 640 bytes */
    float *v;            /* 24 */
    int v_step;          /* 28: bytes from a position to the next */
    int quads;           /* 32 */
} btw_winograd_f32_input_frame;

_Static_assert(sizeof(btw_winograd_f32_input_frame) == 36, "the loop loads 9 words");

/* Neighbouring registers, and an operation on each of them. */
#define BTW_FOUR_0 "s0", "s1", "s2", "s3"
#define BTW_FOUR_1 "s4", "s5", "s6", "s7"
#define BTW_FOUR_2 "s8", "s9", "s10", "s11"
#define BTW_FOUR_3 "s12", "s13", "s14", "s15"
#define BTW_FOUR_4 "s16", "s17", "s18", "s19"
#define BTW_FOUR_5 "s20", "s21", "s22", "s23"
#define BTW_FOUR_6 "s24", "s25", "s26", "s27"
#define BTW_FOUR_7 "s28", "s29", "s30", "s31"
#define BTW_FOUR_EACH(name, y0, y1, y2, y3, a0, a1, a2, a3, b0, b1, b2, b3)                                            \
    name " " y0 "," a0 "," b0 "\n\t" name " " y1 "," a1 "," b1 "\n\t" name " " y2 "," a2 "," b2 "\n\t" name " " y3     \
         "," a3 "," b3 "\n\t"
#define BTW_FOUR(...) BTW_FOUR_EACH(__VA_ARGS__)
#define BTW_FOUR_ADD(...) BTW_FOUR("vadd.f32", __VA_ARGS__)
#define BTW_FOUR_SUB(...) BTW_FOUR("vsub.f32", __VA_ARGS__)

/* 4 sums of rows of a column, of 4 channels each: r0-r3 rows, r4 step, r5 sums */
#define BTW_WINOGRAD_F32_COLUMN                                                                                        \
    "vldmia r0, {s0-s3}\n\tvldmia r1, {s16-s19}\n\tvldmia r2, {s8-s11}\n\tvldmia r3, {s12-s15}\n\t"                    \
    "add r0, r0, r4\n\tadd r1, r1, r4\n\tadd r2, r2, r4\n\tadd r3, r3, r4\n\t" BTW_FOUR_SUB(BTW_FOUR_0, BTW_FOUR_0,    \
                                                                                            BTW_FOUR_2)                \
        BTW_FOUR_ADD(BTW_FOUR_1, BTW_FOUR_4, BTW_FOUR_2) BTW_FOUR_SUB(BTW_FOUR_2, BTW_FOUR_2, BTW_FOUR_4)              \
            BTW_FOUR_SUB(BTW_FOUR_3, BTW_FOUR_4, BTW_FOUR_3) "vstmia r5!, {s0-s15}\n\t"

/* A position of 4 tiles in two channels from columns s0-s19: to s20-s27, and to r6; r7 bytes to the next position */
#define BTW_WINOGRAD_F32_STORE "vstmia r6, {s20-s27}\n\tadd r6, r6, r7\n\t"
/* A row of positions of 10 columns */
#define BTW_WINOGRAD_F32_ROW                                                                                           \
    ".irp column, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9\n\tvldr d\\column, [r5, #64 * \\column + "                              \
    "\\row]\n\t.endr\n\t" BTW_FOUR("vsub.f32", BTW_FOUR_5, "s0", "s1", "s4", "s5", "s4", "s5", "s8", "s9") BTW_FOUR(   \
        "vsub.f32", BTW_FOUR_6, "s8", "s9", "s12", "s13", "s12", "s13", "s16",                                         \
        "s17") BTW_WINOGRAD_F32_STORE BTW_FOUR("vadd.f32", BTW_FOUR_5, "s2", "s3", "s6", "s7", "s4", "s5", "s8", "s9") \
        BTW_FOUR("vadd.f32", BTW_FOUR_6, "s10", "s11", "s14", "s15", "s12", "s13", "s16", "s17")                       \
            BTW_WINOGRAD_F32_STORE BTW_FOUR("vsub.f32", BTW_FOUR_5, "s4", "s5", "s8", "s9", "s2", "s3", "s6", "s7")    \
                BTW_FOUR("vsub.f32", BTW_FOUR_6, "s12", "s13", "s16", "s17", "s10", "s11", "s14", "s15")               \
                    BTW_WINOGRAD_F32_STORE BTW_FOUR("vsub.f32", BTW_FOUR_5, "s2", "s3", "s6", "s7", "s6", "s7", "s10", \
                                                    "s11")                                                             \
                        BTW_FOUR("vsub.f32", BTW_FOUR_6, "s10", "s11", "s14", "s15", "s14", "s15", "s18", "s19")       \
                            BTW_WINOGRAD_F32_STORE

/* Quads of channels of four tiles: v[position][channels / 2][tile][2]. 1: a quad, 2: 5 columns, 3: 2 channels. */
static __attribute__((noinline)) void btw_winograd_f32_input(const btw_winograd_f32_input_frame *frame)
{
    register const btw_winograd_f32_input_frame *r0 __asm("r0") = frame;
    __asm volatile("push {r7, r12}\n\tldm r0, {r0-r8}\n"
                   "1:\n\tmov r9, #2\n"
                   "2:\n\t.rept 5\n\t" BTW_WINOGRAD_F32_COLUMN ".endr\n\tsubs r9, r9, #1\n\tbne 2b\n\t"
                   "sub r5, r5, #640\n\tmov r9, #2\n"
                   "3:\n\t.irp row, 0, 16, 32, 48\n\t" BTW_WINOGRAD_F32_ROW ".endr\n\t"
                   "add r5, r5, #8\n\tsub r6, r6, r7, lsl #4\n\tadd r6, r6, #32\n\tsubs r9, r9, #1\n\tbne 3b\n\t"
                   "sub r5, r5, #16\n\tadd r9, r4, r4, lsl #2\n\t.irp from, r0, r1, r2, r3\n\t"
                   "sub \\from, \\from, r9, lsl #1\n\tadd \\from, \\from, #16\n\t.endr\n\t"
                   "subs r8, r8, #1\n\tbne 1b\n\tpop {r7, r12}\n\t"
                   : "+r"(r0)
                   :
                   : BTW_F32_CLOBBERS);
}

/* The products of four tiles in 4 output channels. */
typedef struct {
    const float *x;      /* 0 */
    const float *stream; /* 4 */
    float *m;            /* 8: [4 tiles][16 positions][4 channels], then 16 zeros */
    int rounds;          /* 12: of eight steps */
    int skip;            /* 16: steps left out in the first round */
} btw_winograd_f32_products_frame;

_Static_assert(sizeof(btw_winograd_f32_products_frame) == 20, "the loop loads 5 words");

/* 2: a position: r0 x, r1 stream, r2-r5 m, r6 r12 rounds, r7 end of m of the first tile, r8 zeros, r11 first step */
static __attribute__((noinline, aligned(4))) void
btw_winograd_f32_products(const btw_winograd_f32_products_frame *frame)
{
    register const btw_winograd_f32_products_frame *r0 __asm("r0") = frame;
    __asm volatile("push {r7, r12}\n\tldm r0, {r0-r4}\n\tmov r12, r3\n\tmov r7, #" BTW_F32_WINOGRAD_STEP_BYTES
                   "\n\tmul r4, r4, r7\n\tadr.w r11, 3f\n\tadd r11, r11, r4\n\torr r11, r11, #1\n\t"
                   "add r3, r2, #256\n\tadd r4, r2, #512\n\tadd r5, r2, #768\n\tadd r8, r2, #1024\n\tmov r7, r3\n"
                   "2:\n\tvldmia r8, {s0-s15}\n\tmov r6, r12\n\tbx r11\n"
                   "3:\n\t.rept 8\n\t" BTW_F32_WINOGRAD_STEP ".endr\n\tsubs r6, r6, #1\n\tbne 3b\n\t"
                   "vstmia r2!, {s0-s3}\n\tvstmia r3!, {s4-s7}\n\tvstmia r4!, {s8-s11}\n\tvstmia r5!, {s12-s15}\n\t"
                   "cmp r2, r7\n\tbne 2b\n\tpop {r7, r12}\n\t"
                   : "+r"(r0)
                   :
                   : BTW_F32_CLOBBERS);
}

/* Their results. */
typedef struct {
    const float *bias; /* 0 */
    const float *m;    /* 4 */
    float *y[2];       /* 8: rows, at the first column of the tiles */
    int y_step;        /* 16: bytes from a column to the next */
    int clip;          /* 20 */
    float high;        /* 24 */
} btw_winograd_f32_results_frame;

_Static_assert(sizeof(btw_winograd_f32_results_frame) == 28, "the loop loads 7 words");

/* A row of sums s0-s15 of a tile: of its results column 0 to y0, column 1 to y1 */
#define BTW_WINOGRAD_F32_SUMS(y0, y1)                                                                                  \
    BTW_FOUR_ADD(y0, BTW_FOUR_0, BTW_FOUR_1)                                                                           \
    BTW_FOUR_SUB(y1, BTW_FOUR_1, BTW_FOUR_2) BTW_FOUR_ADD(y0, y0, BTW_FOUR_2) BTW_FOUR_SUB(y1, y1, BTW_FOUR_3)

/* Tiles: r0 their number, r1 bias, r2 m, r3 r4 rows of y, r5 step, r10 clip, lr high */
static __attribute__((noinline)) void btw_winograd_f32_results(const btw_winograd_f32_results_frame *frame)
{
    register const btw_winograd_f32_results_frame *r0 __asm("r0") = frame;
    __asm volatile(
        "push {r7, r12}\n\tldm r0, {r1-r5, r10, lr}\n\tmov r0, #4\n"
        "4:\n\tvldmia r2!, {s0-s15}\n\t" BTW_WINOGRAD_F32_SUMS(
            BTW_FOUR_4, BTW_FOUR_5) "vldmia r2!, {s0-s15}\n\tvldmia r1, {s24-s27}\n\t" BTW_FOUR_ADD(BTW_FOUR_1,
                                                                                                    BTW_FOUR_1,
                                                                                                    BTW_FOUR_6)
            BTW_WINOGRAD_F32_SUMS(BTW_FOUR_6, BTW_FOUR_7) BTW_FOUR_ADD(BTW_FOUR_4, BTW_FOUR_4, BTW_FOUR_6) BTW_FOUR_ADD(
                BTW_FOUR_5, BTW_FOUR_5, BTW_FOUR_7) "vldmia r2!, {s0-s15}\n\t" BTW_WINOGRAD_F32_SUMS(BTW_FOUR_0,
                                                                                                     BTW_FOUR_1)
                BTW_FOUR_ADD(BTW_FOUR_4, BTW_FOUR_4, BTW_FOUR_0) BTW_FOUR_ADD(
                    BTW_FOUR_5, BTW_FOUR_5, BTW_FOUR_1) BTW_FOUR_SUB(BTW_FOUR_6, BTW_FOUR_6, BTW_FOUR_0)
                    BTW_FOUR_SUB(BTW_FOUR_7, BTW_FOUR_7, BTW_FOUR_1) "vldmia r2!, {s0-s15}\n\t" BTW_WINOGRAD_F32_SUMS(
                        BTW_FOUR_0, BTW_FOUR_1) BTW_FOUR_SUB(BTW_FOUR_6, BTW_FOUR_6, BTW_FOUR_0)
                        BTW_FOUR_SUB(BTW_FOUR_7, BTW_FOUR_7,
                                     BTW_FOUR_1) "cmp r10, #1\n\tbne 6f\n\t" BTW_F32_FROM_ZERO_TO("r3", "s16", "s17",
                                                                                                  "s18", "s19")
                            BTW_F32_FROM_ZERO_TO(
                                "r4", "s24",
                                "s25", "s26", "s27") "add r12, r3, "
                                                     "r5\n\t" BTW_F32_FROM_ZERO_TO("r12", "s20", "s21", "s22", "s23") "add r12, r4, r5\n\t" BTW_F32_FROM_ZERO_TO(
                                                         "r12", "s28", "s29", "s30",
                                                         "s31") "5:\n\tadd r3, r3, r5, lsl #1\n\tadd r4, r4, r5, lsl "
                                                                "#1\n\tsubs r0, r0, #1\n\tbne 4b\n\tb 8f\n"
                                                                "6:\n\tbhi 7f\n\tvstmia r3, "
                                                                "{s16-s19}\n\tvstmia r4, "
                                                                "{s24-s27}\n\tadd r12, r3, "
                                                                "r5\n\tvstmia r12, "
                                                                "{s20-s23}\n\t"
                                                                "add r12, r4, r5\n\tvstmia "
                                                                "r12, {s28-s31}\n\tb 5b\n"
                                                                "7:"
                                                                "\n"
                                                                "\t" BTW_F32_ZERO_TO_HIGH_TO(
                                                                    "lr", "r3", "s16", "s17", "s18", "s19")
                                                                    BTW_F32_ZERO_TO_HIGH_TO("lr", "r4", "s24", "s25", "s26", "s27") "add r12, r3, r5\n\t" BTW_F32_ZERO_TO_HIGH_TO(
                                                                        "lr", "r12", "s20", "s21", "s22",
                                                                        "s23") "add r12, r4, "
                                                                               "r5\n"
                                                                               "\t" BTW_F32_ZERO_TO_HIGH_TO(
                                                                                   "lr", "r12", "s28", "s29", "s30",
                                                                                   "s31") "b 5b\n"
                                                                                          "8:\n\tpop {r7, r12}\n\t"
        : "+r"(r0)
        :
        : BTW_F32_CLOBBERS);
}

/* scratch: 1088 bytes of sums and zeros, and 1024 for each quad of input channels */
BTW_KERNEL void btw_conv2d_winograd_f32_fpu(const btw_f32_conv2d *layer, const void *const rows[], float *const y[],
                                            void *scratch)
{
    const int inputs = layer->taps.length / 3, channels = layer->taps.output_channels, width = layer->output_width;
    const int quads = (inputs + 3) / 4;
    float *const m = scratch, *const v = m + 272;
    btw_winograd_f32_products_frame products = {
        .x = v,
        .m = m,
        .rounds = (2 * quads + 7) / 8,
        .skip = -2 * quads & 7,
    };
    btw_winograd_f32_results_frame results = {
        .m = m,
        .y_step = channels * (int)sizeof **y,
        .clip = btw_f32_clipping_inside(layer->taps.low, layer->taps.high),
        .high = layer->taps.high,
    };
    memset(m + 256, 0, 16 * sizeof *m);
    for (int ox = 0; ox < width; ox += 8) {
        const int first = ox + 8 > width ? width - 8 : ox;
        btw_winograd_f32_input_frame input = {
            .step = layer->pixel_step,
            .sums = m,
            .v = v,
            .v_step = 64 * quads,
            .quads = inputs / 4,
        };
        for (int i = 0; i < 4; i++)
            input.rows[i] = (const uint8_t *)rows[i] + first * layer->pixel_step;
        btw_winograd_f32_input(&input);
        if (inputs % 4) {
            for (int i = 0; i < 4; i++)
                input.rows[i] = (const float *)input.rows[i] + inputs - 4;
            input.v = v + 16 * (inputs / 4);
            input.quads = 1;
            btw_winograd_f32_input(&input);
        }
        products.stream = layer->taps.stream;
        for (int block = 0; block < channels; block += 4) {
            const int at = first * channels + (block + 4 > channels ? channels - 4 : block);
            btw_winograd_f32_products(&products);
            results.bias = products.stream + 256 * quads;
            results.y[0] = y[0] + at;
            results.y[1] = y[1] + at;
            btw_winograd_f32_results(&results);
            products.stream = results.bias + 4;
        }
    }
    for (int oy = 0; oy < 2; oy++)
        btw_f32_clip(layer->taps.low, layer->taps.high, y[oy], channels, channels, width);
}

#endif
#endif
