/* float32 convolution windows on Cortex-M with an FPU or Helium: packed layers, and the loops that compute them. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_F32_H
#define BTW_F32_H

#include <math.h>

#include "btw.h"

/* What is summed for an output pixel: `runs` runs of `length` neighbouring floats.
 *
 * stream, a block for each 4 output channels: 4 biases, then for each tap the weights of the 4 channels; an odd number
 * of taps has one more of zeros. Where output_channels is not a multiple of 4, the last block is that of the last 4
 * channels, or of all of them if there are fewer. */
typedef struct {
    int runs;
    int length;
    int output_channels; /* of a group */
    float low;
    float high;
    const float *stream;
} btw_f32_taps;

/* rows of the window; each is a run, or with taps_wide > 0 consists of taps_wide runs, tap_step bytes apart. Group g
 * has the stream's g-th part, reads from group_step * g bytes on and writes output channels from its own first one. */
typedef struct {
    btw_f32_taps taps;
    int kernel_height;
    int taps_wide;
    int tap_step;
    int groups;
    int group_step;
    int pixel_step; /* bytes from the window of an output pixel to that of the next */
    int output_width;
} btw_f32_conv2d;

/* A depthwise convolution with one output channel for each of at least 4 input channels.
 * stream, for each 4 channels: 4 biases, then for each tap the weights of the 4; the last block as above. */
typedef struct {
    int channels;
    int kernel_height;
    int kernel_width;
    int column; /* bytes from a column of the kernel to the next */
    int stride_width;
    int output_width;
    float low;
    float high;
    const float *stream;
} btw_f32_depthwise;

/* scratch: 16 bytes for each tap (their number rounded up to even), and 64 bytes where there are fewer than 4 output
 * channels in a group. For fewer than 4 pixels a call: 4 bytes for each tap and 8 more, and none where the taps lie
 * together, an even number of them, and there are 4 channels or more. Before that pointers to the runs, a multiple of
 * 16 bytes, where taps_wide > 0. Of depthwise convolutions a pointer for each tap. */
#if !defined(BTW_INLINE_KERNELS)
void btw_linear_f32_fpu(const btw_f32_taps *layer, const float *x, float *y, int pixels, void *scratch);
void btw_conv2d_f32_fpu(const btw_f32_conv2d *layer, const void *const rows[], float *y, void *scratch);
void btw_depthwise_conv2d_f32_fpu(const btw_f32_depthwise *layer, const void *const rows[], float *y, void *scratch);
void btw_depthwise_conv2d_3x3_f32_fpu(const btw_f32_depthwise *layer, const void *const rows[], float *y);
void btw_conv2d_winograd_f32_fpu(const btw_f32_conv2d *layer, const void *const rows[], float *const y[],
                                 void *scratch);
void btw_linear_f32_mve(const btw_f32_taps *layer, const float *x, float *y, int pixels, void *scratch);
void btw_conv2d_f32_mve(const btw_f32_conv2d *layer, const void *const rows[], float *y, void *scratch);
void btw_depthwise_conv2d_f32_mve(const btw_f32_depthwise *layer, const void *const rows[], float *y, void *scratch);
void btw_depthwise_conv2d_3x3_f32_mve(const btw_f32_depthwise *layer, const void *const rows[], float *y);
#endif

/* How a result is clipped before it is stored. */
enum {
    BTW_F32_AS_IT_IS,
    BTW_F32_FROM_ZERO,    /* low is 0 */
    BTW_F32_ZERO_TO_HIGH, /* low is 0, high is not below it */
    BTW_F32_ANY_BOUNDS,   /* in a pass of its own */
};

static inline int btw_f32_clipping(float low, float high)
{
    if (low == 0.0f && high >= 0.0f)
        return high < INFINITY ? BTW_F32_ZERO_TO_HIGH : BTW_F32_FROM_ZERO;
    return low > -INFINITY || high < INFINITY ? BTW_F32_ANY_BOUNDS : BTW_F32_AS_IT_IS;
}

/* What the loops below do of that. */
static inline int btw_f32_clipping_inside(float low, float high)
{
    const int clip = btw_f32_clipping(low, high);
    return clip == BTW_F32_ANY_BOUNDS ? BTW_F32_AS_IT_IS : clip;
}

/* The rest of it. */
static inline void btw_f32_clip(float low, float high, float *y, int channels, int y_step, int pixels)
{
    if (btw_f32_clipping(low, high) != BTW_F32_ANY_BOUNDS)
        return;
    for (int pixel = 0; pixel < pixels; pixel++, y += y_step) {
        for (int c = 0; c < channels; c++)
            y[c] = y[c] < low ? low : y[c] > high ? high : y[c];
    }
}

/* Of functions that take a loop: it has to be known where they are inlined, lest it is called by a pointer. */
#define BTW_F32_FOLDED static inline __attribute__((always_inline))

/* ---- Blocks of 4 output channels by 4 pixels, or by 1. */

/* What the loops over blocks read. */
typedef struct {
    const float *x;      /* 0: taps of 4 pixels, [taps / 2][4 pixels][2], or of one */
    const float *stream; /* 4 */
    float *y[4];         /* 8 */
    int skip;            /* 24: steps left out in the first round */
    int rounds;          /* 28: of eight steps */
    const float *end;    /* 32: of the stream */
    float high;          /* 36 */
    int clip;            /* 40 */
    int odd;             /* 44: 1 where a step is left behind the fours */
} btw_f32_blocks;

typedef void btw_f32_loop(const btw_f32_blocks *blocks);

#if defined(__ARM_FP) && defined(__thumb2__)

/* What is copied to x of a block. */
typedef struct {
    float *x;                /* 0 */
    const void *const *rows; /* 4 */
    const void *const *end;  /* 8: of the rows */
    int position;            /* 12: of pixel 0 in the rows, bytes */
    int step;                /* 16: bytes from a pixel to the next */
    int rounds;              /* 20: of four pairs of taps */
    int skip;                /* 24: bytes of code left out in the first round */
    int odd;                 /* 28: 1 where a tap is left behind the pairs */
} btw_f32_window;

_Static_assert(sizeof(btw_f32_window) == 32, "the loop loads 8 words");

/* Taps of 4 pixels from rows to x: r0-r3 pixels, r12 x, lr rounds. An odd tap stands alone until the next row has
 * another one (odd is 2 then), or until the end, where a zero goes with it. */
static __attribute__((noinline, unused)) void btw_f32_gather(const btw_f32_window *window)
{
    register const btw_f32_window *r0 __asm("r0") = window;
    __asm volatile("push {r7, r12}\n\t"
                   "ldm r0, {r1-r8}\n\tadr.w r9, 3f\n\tadd r7, r7, r9\n\torr r7, r7, #1\n\t"
                   "push {r2-r8, r9}\n\tmov r12, r1\n" /* rows, end, position, step, rounds, entry, odd */
                   "1:\n\tldm sp, {r0-r3}\n\tldr r4, [r0], #4\n\tstr r0, [sp]\n\t"
                   "add r0, r4, r2\n\tadd r1, r0, r3\n\tadd r2, r1, r3\n\tadd r3, r2, r3\n\t"
                   "ldr r4, [sp, #24]\n\tcmp r4, #2\n\tbne 2f\n\t"
                   "ldr r4, [r0], #4\n\tldr r5, [r1], #4\n\tldr r6, [r2], #4\n\tldr r7, [r3], #4\n\t"
                   "str r4, [r12, #4]\n\tstr r5, [r12, #12]\n\tstr r6, [r12, #20]\n\tstr r7, [r12, #28]\n\t"
                   "add r12, r12, #32\n"
                   "2:\n\tldr lr, [sp, #16]\n\tldr pc, [sp, #20]\n"
                   "3:\n\t.rept 4\n\tldrd r4, r5, [r0], #8\n\tldrd r6, r7, [r1], #8\n\tldrd r8, r9, [r2], #8\n\t"
                   "ldrd r10, r11, [r3], #8\n\tstmia.w r12!, {r4-r11}\n\t.endr\n\t"
                   "subs.w lr, lr, #1\n\tbne 3b\n\t"
                   "ldr r4, [sp, #24]\n\tcbz r4, 5f\n\teor r4, r4, #3\n\tstr r4, [sp, #24]\n\tcmp r4, #2\n\tbne 5f\n\t"
                   "ldr r4, [r0]\n\tldr r5, [r1]\n\tldr r6, [r2]\n\tldr r7, [r3]\n\t"
                   "str r4, [r12]\n\tstr r5, [r12, #8]\n\tstr r6, [r12, #16]\n\tstr r7, [r12, #24]\n"
                   "5:\n\tldrd r4, r5, [sp]\n\tcmp r4, r5\n\tbne 1b\n\t"
                   "ldr r4, [sp, #24]\n\tcmp r4, #2\n\tbne 6f\n\tmov r4, #0\n\t"
                   "str r4, [r12, #4]\n\tstr r4, [r12, #12]\n\tstr r4, [r12, #20]\n\tstr r4, [r12, #28]\n"
                   "6:\n\tadd sp, sp, #32\n\tpop {r7, r12}\n\t"
                   : "+r"(r0)
                   :
                   : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

#define BTW_F32_GATHER_PAIR 20 /* bytes of code */

/* The results of 1 or 4 pixels from `first` on. */
BTW_F32_FOLDED void btw_f32_pixels(const btw_f32_taps *taps, btw_f32_blocks *blocks, btw_f32_loop *loop, float *y,
                                   int y_step, int pixels, float *few)
{
    const int channels = taps->output_channels, whole = channels & ~3, steps = (taps->runs * taps->length + 1) / 2;
    blocks->stream = taps->stream;
    if (whole) {
        blocks->end = taps->stream + whole / 4 * (4 + 8 * steps);
        for (int pixel = 0; pixel < pixels; pixel++)
            blocks->y[pixel] = y + pixel * y_step;
        loop(blocks);
        blocks->stream = blocks->end;
    }
    if (channels == whole)
        return;
    blocks->end = blocks->stream + 4 + 8 * steps;
    for (int pixel = 0; pixel < pixels; pixel++)
        blocks->y[pixel] = whole ? y + pixel * y_step + channels - 4 : few + 4 * pixel;
    loop(blocks);
    for (int pixel = 0; !whole && pixel < pixels; pixel++)
        memcpy(y + pixel * y_step, few + 4 * pixel, (size_t)channels * sizeof *y);
}

/* Neighbouring output pixels: `position` bytes into each row, `step` bytes from a pixel to the next. */
BTW_F32_FOLDED void btw_f32_windows(const btw_f32_taps *taps, const void *const rows[], int position, int step,
                                    float *y, int y_step, int pixels, float *x, btw_f32_loop *four, btw_f32_loop *one)
{
    const int length = taps->length, count = taps->runs * length, steps = (count + 1) / 2;
    const int pair_rounds = length < 2 ? 1 : (length / 2 + 3) / 4;
    float *const few = taps->output_channels >= 4 ? x : pixels < 4 ? x + 2 * steps + 2 : x + 8 * steps;
    btw_f32_blocks blocks = {
        .x = x,
        .rounds = (steps + 7) / 8,
        .skip = (steps + 7) / 8 * 8 - steps,
        .high = taps->high,
        .clip = btw_f32_clipping_inside(taps->low, taps->high),
    };
    btw_f32_window window = {
        .x = x,
        .rows = rows,
        .end = rows + taps->runs,
        .position = position,
        .step = step,
        .rounds = pair_rounds,
        .skip = (4 * pair_rounds - length / 2) * BTW_F32_GATHER_PAIR,
        .odd = length & 1,
    };
    for (int four_pixels = 0; four_pixels < pixels / 4; four_pixels++) {
        btw_f32_gather(&window);
        btw_f32_pixels(taps, &blocks, four, y, y_step, 4, few);
        window.position += 4 * step;
        y += 4 * y_step;
    }
    blocks.rounds = steps < 2 ? 1 : (steps / 2 + 7) / 8; /* of steps of four taps now */
    blocks.skip = 8 * blocks.rounds - steps / 2;
    blocks.odd = steps & 1;
    for (int pixel = 0; pixel < pixels % 4; pixel++) {
        if (taps->runs == 1 && count % 2 == 0) {
            blocks.x = (const float *)((const uint8_t *)rows[0] + window.position);
        } else {
            float *to = x;
            for (int run = 0; run < taps->runs; run++, to += length)
                memcpy(to, (const uint8_t *)rows[run] + window.position, (size_t)length * sizeof *to);
            *to = 0.0f;
        }
        btw_f32_pixels(taps, &blocks, one, y, y_step, 1, few);
        window.position += step;
        y += y_step;
    }
}

/* ---- The loops of an FPU. */

#define BTW_F32_REGISTERS                                                                                              \
    "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", "s16",       \
        "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31"
#define BTW_F32_CLOBBERS                                                                                               \
    "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory", BTW_F32_REGISTERS

/* 4 sums a += tap x times weights w */
#define BTW_F32_4_SUMS(a0, a1, a2, a3, x, w0, w1, w2, w3)                                                              \
    "vfma.f32 " a0 ", " x ", " w0 "\n\tvfma.f32 " a1 ", " x ", " w1 "\n\tvfma.f32 " a2 ", " x ", " w2                  \
    "\n\tvfma.f32 " a3 ", " x ", " w3 "\n\t"
#define BTW_F32_16_SUMS(x0, x1, x2, x3, w0, w1, w2, w3)                                                                \
    BTW_F32_4_SUMS("s0", "s1", "s2", "s3", x0, w0, w1, w2, w3)                                                         \
    BTW_F32_4_SUMS("s4", "s5", "s6", "s7", x1, w0, w1, w2, w3)                                                         \
    BTW_F32_4_SUMS("s8", "s9", "s10", "s11", x2, w0, w1, w2, w3)                                                       \
    BTW_F32_4_SUMS("s12", "s13", "s14", "s15", x3, w0, w1, w2, w3)

/* Stores 4 sums of a pixel. Bits below zero become zero; above it, floats are ordered like integers. */
#define BTW_F32_BITS(a, b, c, d)                                                                                       \
    "vmov r6, r7, " a ", " b "\n\tvmov r8, r9, " c ", " d                                                              \
    "\n\t.irp bits, r6, r7, r8, r9\n\tbic \\bits, \\bits, \\bits, asr #31\n\t.endr\n\t"
#define BTW_F32_FROM_ZERO_TO(y, a, b, c, d) BTW_F32_BITS(a, b, c, d) "stmia " y ", {r6-r9}\n\t"
#define BTW_F32_ZERO_TO_HIGH_TO(high, y, a, b, c, d)                                                                   \
    BTW_F32_BITS(a, b, c, d)                                                                                           \
    ".irp bits, r6, r7, r8, r9\n\tcmp \\bits, " high "\n\tit gt\n\tmovgt \\bits, " high "\n\t.endr\n\t"                \
    "stmia " y ", {r6-r9}\n\t"

/* The flags say how clip compares with BTW_F32_FROM_ZERO. First the usual way; the others come back to 5. */
#define BTW_F32_STORE(FROM_ZERO) "bne 3f\n\t" FROM_ZERO "5:\n\t"
#define BTW_F32_STORE_OTHERWISE(AS_IT_IS, ZERO_TO_HIGH) "3:\n\tbhi 4f\n\t" AS_IT_IS "b 5b\n4:\n\t" ZERO_TO_HIGH "b 5b\n"

/* From `1:` on r0 x, r1 stream, r2-r5 y, r10 clip, r11 where a block begins, r12 rounds, lr x again; [sp] end, high */
#define BTW_F32_BLOCKS(ENTER, BIAS, FIRST, STEP, AS_IT_IS, FROM_ZERO, ZERO_TO_HIGH)                                    \
    "push {r7, r12}\n\tadd r6, r0, #24\n\tldm r6, {r3, r8-r12}\n\tpush {r9, r10}\n\tadr.w r4, 2f\n\t" ENTER            \
    "mov r12, r8\n\tmov lr, r0\n"                                                                                      \
    "1:\n\t" BIAS "mov r6, r12\n\tbx r11\n" FIRST "2:\n\t.rept 8\n\t" STEP                                             \
    ".endr\n\tsubs r6, r6, #1\n\tbne 2b\n\tcmp r10, #1\n\t" BTW_F32_STORE(                                             \
        FROM_ZERO) "ldr r6, [sp]\n\tmov r0, "                                                                          \
                   "lr\n\tcmp r1, r6\n\tbne "                                                                          \
                   "1b\n\tb "                                                                                          \
                   "6f\n" BTW_F32_STORE_OTHERWISE(AS_IT_IS, "ldr r0, [sp, "                                            \
                                                            "#4]\n\t" ZERO_TO_HIGH) "6:"                               \
                                                                                    "\n"                               \
                                                                                    "\ta"                              \
                                                                                    "dd "                              \
                                                                                    "sp,"                              \
                                                                                    " sp"                              \
                                                                                    ", "                               \
                                                                                    "#8"                               \
                                                                                    "\n"                               \
                                                                                    "\tp"                              \
                                                                                    "op "                              \
                                                                                    "{r7"                              \
                                                                                    ", "                               \
                                                                                    "r12"                              \
                                                                                    "}\n"                              \
                                                                                    "\t"

/* Two taps of 4 pixels, and their bytes of code: 34 instructions, or 67 that take Cortex-M4 fewer cycles: 3 for a VFMA,
 * 1 for a VMUL or a VADD that does not wait for the one before it. */
#define BTW_F32_FUSED_STEP                                                                                             \
    "vldmia r0!, {s16-s23}\n\tvldmia r1!, {s24-s31}\n\t" BTW_F32_16_SUMS("s16", "s18", "s20", "s22", "s24", "s25",     \
                                                                         "s26", "s27")                                 \
        BTW_F32_16_SUMS("s17", "s19", "s21", "s23", "s28", "s29", "s30", "s31")
#define BTW_F32_FUSED_STEP_BYTES "136"
#define BTW_F32_4_UNFUSED(a0, a1, a2, a3, x)                                                                           \
    "vmul.f32 s28, " x ", s24\n\tvmul.f32 s29, " x ", s25\n\tvmul.f32 s30, " x ", s26\n\tvmul.f32 s31, " x ", s27\n\t" \
    "vadd.f32 " a0 ", " a0 ", s28\n\tvadd.f32 " a1 ", " a1 ", s29\n\tvadd.f32 " a2 ", " a2 ", s30\n\tvadd.f32 " a3     \
    ", " a3 ", s31\n\t"
#define BTW_F32_16_UNFUSED(x0, x1, x2, x3)                                                                             \
    BTW_F32_4_UNFUSED("s0", "s1", "s2", "s3", x0)                                                                      \
    BTW_F32_4_UNFUSED("s4", "s5", "s6", "s7", x1)                                                                      \
    BTW_F32_4_UNFUSED("s8", "s9", "s10", "s11", x2) BTW_F32_4_UNFUSED("s12", "s13", "s14", "s15", x3)
#define BTW_F32_UNFUSED_STEP                                                                                           \
    "vldmia r0!, {s16-s23}\n\tvldmia r1!, {s24-s27}\n\t" BTW_F32_16_UNFUSED(                                           \
        "s16", "s18", "s20", "s22") "vldmia r1!, {s24-s27}\n\t" BTW_F32_16_UNFUSED("s17", "s19", "s21", "s23")
#define BTW_F32_UNFUSED_STEP_BYTES "268"
/* A build that defines BTW_F32_UNFUSED has the latter in all blocks of 4 pixels. Winograd's transforms leave so few
 * products that both counts fall, so there it is what cores with an FPU like that of Cortex-M4 have. */
#if defined(BTW_F32_UNFUSED) || (defined(__ARM_ARCH_7EM__) && !(__ARM_FP & 8))
#define BTW_F32_WINOGRAD_STEP BTW_F32_UNFUSED_STEP
#define BTW_F32_WINOGRAD_STEP_BYTES BTW_F32_UNFUSED_STEP_BYTES
#else
#define BTW_F32_WINOGRAD_STEP BTW_F32_FUSED_STEP
#define BTW_F32_WINOGRAD_STEP_BYTES BTW_F32_FUSED_STEP_BYTES
#endif
#if defined(BTW_F32_UNFUSED)
#define BTW_F32_FOUR_STEP BTW_F32_UNFUSED_STEP
#define BTW_F32_FOUR_STEP_BYTES BTW_F32_UNFUSED_STEP_BYTES
#else
#define BTW_F32_FOUR_STEP BTW_F32_FUSED_STEP
#define BTW_F32_FOUR_STEP_BYTES BTW_F32_FUSED_STEP_BYTES
#endif
#define BTW_F32_FOUR_ENTER                                                                                             \
    "mov r10, r11\n\tmov r5, #" BTW_F32_FOUR_STEP_BYTES                                                                \
    "\n\tmla r11, r3, r5, r4\n\torr r11, r11, #1\n\tldm r0, {r0-r5}\n\t"
#define BTW_F32_FOUR_BIAS "vldmia r1, {s0-s3}\n\tvldmia r1, {s4-s7}\n\tvldmia r1, {s8-s11}\n\tvldmia r1!, {s12-s15}\n\t"

static __attribute__((noinline, unused)) void btw_f32_four(const btw_f32_blocks *blocks)
{
    register const btw_f32_blocks *r0 __asm("r0") = blocks;
    __asm volatile(
        BTW_F32_BLOCKS(
            BTW_F32_FOUR_ENTER, BTW_F32_FOUR_BIAS, "", BTW_F32_FOUR_STEP,
            "vstmia r2!, {s0-s3}\n\tvstmia r3!, {s4-s7}\n\tvstmia r4!, {s8-s11}\n\tvstmia r5!, {s12-s15}\n\t",
            BTW_F32_FROM_ZERO_TO("r2!", "s0", "s1", "s2", "s3") BTW_F32_FROM_ZERO_TO("r3!", "s4", "s5", "s6", "s7")
                BTW_F32_FROM_ZERO_TO("r4!", "s8", "s9", "s10", "s11")
                    BTW_F32_FROM_ZERO_TO("r5!", "s12", "s13", "s14", "s15"),
            BTW_F32_ZERO_TO_HIGH_TO("r0", "r2!", "s0", "s1", "s2", "s3") BTW_F32_ZERO_TO_HIGH_TO(
                "r0", "r3!", "s4", "s5", "s6", "s7") BTW_F32_ZERO_TO_HIGH_TO("r0", "r4!", "s8", "s9", "s10", "s11")
                BTW_F32_ZERO_TO_HIGH_TO("r0", "r5!", "s12", "s13", "s14", "s15"))
        : "+r"(r0)
        :
        : BTW_F32_CLOBBERS);
}

/* Four taps of 1 pixel; two of them come first where that leaves fours. */
#define BTW_F32_ONE_STEP                                                                                               \
    "vldmia r0!, {s4-s7}\n\tvldmia r1!, {s8-s23}\n\t" BTW_F32_4_SUMS("s0", "s1", "s2", "s3", "s4", "s8", "s9", "s10",  \
                                                                     "s11")                                            \
        BTW_F32_4_SUMS("s0", "s1", "s2", "s3", "s5", "s12", "s13", "s14", "s15")                                       \
            BTW_F32_4_SUMS("s0", "s1", "s2", "s3", "s6", "s16", "s17", "s18", "s19")                                   \
                BTW_F32_4_SUMS("s0", "s1", "s2", "s3", "s7", "s20", "s21", "s22", "s23")
#define BTW_F32_ONE_FIRST                                                                                              \
    "7:\n\tvldmia r0!, {s4, s5}\n\tvldmia r1!, {s8-s15}\n\t" BTW_F32_4_SUMS("s0", "s1", "s2", "s3", "s4", "s8", "s9",  \
                                                                            "s10", "s11")                              \
        BTW_F32_4_SUMS("s0", "s1", "s2", "s3", "s5", "s12", "s13", "s14", "s15") "bx r5\n"
#define BTW_F32_ONE_ENTER                                                                                              \
    "mov r10, r11\n\tmov r5, #72\n\tmla r5, r3, r5, r4\n\torr r5, r5, #1\n\tadr.w r11, 7f\n\torr r11, r11, #1\n\t"     \
    "cmp r12, #0\n\tit eq\n\tmoveq r11, r5\n\tldm r0, {r0-r2}\n\t"

static __attribute__((noinline, unused)) void btw_f32_one(const btw_f32_blocks *blocks)
{
    register const btw_f32_blocks *r0 __asm("r0") = blocks;
    __asm volatile(BTW_F32_BLOCKS(BTW_F32_ONE_ENTER, "vldmia r1!, {s0-s3}\n\t", BTW_F32_ONE_FIRST, BTW_F32_ONE_STEP,
                                  "vstmia r2!, {s0-s3}\n\t", BTW_F32_FROM_ZERO_TO("r2!", "s0", "s1", "s2", "s3"),
                                  BTW_F32_ZERO_TO_HIGH_TO("r0", "r2!", "s0", "s1", "s2", "s3"))
                   : "+r"(r0)
                   :
                   : BTW_F32_CLOBBERS);
}

/* ---- Depthwise: 4 channels of 4 pixels, or of 1. */

/* What the loops over a row read; from `groups` on they keep it on the stack. */
typedef struct {
    uint32_t x[3];       /* 0: rows of a 3x3 window; else position in bytes, first tap, end of the taps */
    const float *stream; /* 12 */
    float *y;            /* 16 */
    int step;            /* 20: bytes from a column to the next; else from a pixel to the next */
    uint32_t back;       /* 24: bytes from the last column of a tile to its next 4 channels; else the first tap */
    int y_step;          /* 28 */
    int groups;          /* 32, [0]: of 4 channels */
    const float *again;  /* 36, [4]: stream */
    int tiles;           /* 40, [8]: of pixels */
    int x_next;          /* 44, [12]: bytes from behind the last channels of a tile to the next tile */
    int y_next;          /* 48, [16] */
    int clip;            /* 52, [20] */
    float high;          /* 56, [24] */
    uint32_t back_again; /* 60, [28] */
} btw_f32_depthwise_row;

typedef void btw_f32_depthwise_loop(const btw_f32_depthwise_row *row);

/* Everything from x on; r10 groups, lr y_step, r12 back. */
#define BTW_F32_DEPTHWISE_ENTER                                                                                        \
    "push {r7, r12}\n\tadd r1, r0, #32\n\tldm r1, {r2-r9}\n\tpush {r2-r9}\n\tldm r0, {r0-r5, r12, lr}\n"               \
    "0:\n\tldr r10, [sp]\n"
/* The next 4 channels, or the first of the next pixels. */
#define BTW_F32_DEPTHWISE_NEXT(MOVE_GROUP, MOVE_TILE)                                                                  \
    MOVE_GROUP "subs r10, r10, #1\n\tbne 1b\n\t"                                                                       \
               "ldrd r6, r7, [sp, #8]\n\tsubs r6, r6, #1\n\tbeq 6f\n\tstr r6, [sp, #8]\n\tldr r8, [sp, #16]\n\t"       \
               "ldr r3, [sp, #4]\n\tadd r4, r4, r8\n\t" MOVE_TILE "b 0b\n"
#define BTW_F32_DEPTHWISE_LEAVE "6:\n\tadd sp, sp, #32\n\tpop {r7, r12}\n\t"
#define BTW_F32_DEPTHWISE_STORE(AS_IT_IS, FROM_ZERO, ZERO_TO_HIGH, MOVE_GROUP, MOVE_TILE)                              \
    "ldr r6, [sp, #20]\n\tcmp r6, #1\n\t" BTW_F32_STORE(FROM_ZERO) BTW_F32_DEPTHWISE_NEXT(MOVE_GROUP, MOVE_TILE)       \
        BTW_F32_STORE_OTHERWISE(AS_IT_IS, "ldr r12, [sp, #24]\n\t" ZERO_TO_HIGH "ldr r12, [sp, #28]\n\t")              \
            BTW_F32_DEPTHWISE_LEAVE
#define BTW_F32_DEPTHWISE_FOUR(MOVE_GROUP, MOVE_TILE)                                                                  \
    BTW_F32_DEPTHWISE_STORE(                                                                                           \
        "add r11, r4, lr\n\tvstmia r4!, {s0-s3}\n\tvstmia r11, {s4-s7}\n\tadd r11, r11, lr\n\t"                        \
        "vstmia r11, {s8-s11}\n\tadd r11, r11, lr\n\tvstmia r11, {s12-s15}\n\t",                                       \
        "add r11, r4, lr\n\t" BTW_F32_FROM_ZERO_TO("r4!", "s0", "s1", "s2", "s3")                                      \
            BTW_F32_FROM_ZERO_TO("r11", "s4", "s5", "s6", "s7") "add r11, r11, lr\n\t" BTW_F32_FROM_ZERO_TO(           \
                "r11", "s8", "s9", "s10", "s11") "add r11, r11, lr\n\t" BTW_F32_FROM_ZERO_TO("r11", "s12", "s13",      \
                                                                                             "s14", "s15"),            \
        "add r11, r4, lr\n\t" BTW_F32_ZERO_TO_HIGH_TO("r12", "r4!", "s0", "s1", "s2", "s3") BTW_F32_ZERO_TO_HIGH_TO(   \
            "r12", "r11", "s4", "s5", "s6",                                                                            \
            "s7") "add r11, r11, lr\n\t" BTW_F32_ZERO_TO_HIGH_TO("r12", "r11", "s8", "s9", "s10",                      \
                                                                 "s11") "add r11, r11, "                               \
                                                                        "lr\n\t" BTW_F32_ZERO_TO_HIGH_TO(              \
                                                                            "r12", "r11", "s12", "s13", "s14", "s15"), \
        MOVE_GROUP, MOVE_TILE)
#define BTW_F32_DEPTHWISE_ONE(MOVE_GROUP, MOVE_TILE)                                                                   \
    BTW_F32_DEPTHWISE_STORE("vstmia r4!, {s0-s3}\n\t", BTW_F32_FROM_ZERO_TO("r4!", "s0", "s1", "s2", "s3"),            \
                            BTW_F32_ZERO_TO_HIGH_TO("r12", "r4!", "s0", "s1", "s2", "s3"), MOVE_GROUP, MOVE_TILE)
/* 4 biases for each of 4 pixels */
#define BTW_F32_DEPTHWISE_FOUR_BIAS                                                                                    \
    "vldmia r3, {s0-s3}\n\tvldmia r3, {s4-s7}\n\tvldmia r3, {s8-s11}\n\tvldmia r3!, {s12-s15}\n\t"

/* 4 sums a += 4 values x times 4 weights w */
#define BTW_F32_4_PRODUCTS(a0, a1, a2, a3, x0, x1, x2, x3, w0, w1, w2, w3)                                             \
    "vfma.f32 " a0 ", " x0 ", " w0 "\n\tvfma.f32 " a1 ", " x1 ", " w1 "\n\tvfma.f32 " a2 ", " x2 ", " w2               \
    "\n\tvfma.f32 " a3 ", " x3 ", " w3 "\n\t"

/* What differs from one depthwise kernel to another. */
typedef struct {
    uint32_t x[3];
    int moves; /* how many of x move on from a pixel to the next */
    uint32_t four_back;
    uint32_t one_back;
    int step;
    btw_f32_depthwise_loop *four;
    btw_f32_depthwise_loop *one;
} btw_f32_depthwise_loops;

/* `groups` times 4 channels from `first` on. */
BTW_F32_FOLDED void btw_f32_depthwise_groups(const btw_f32_depthwise *layer, const btw_f32_depthwise_loops *loops,
                                             float *y, int first, int groups, const float *stream)
{
    const int pixel = 4 * layer->channels, advance = layer->stride_width * pixel;
    const int fours = layer->output_width / 4, ones = layer->output_width % 4;
    btw_f32_depthwise_row row = {
        .x = {loops->x[0], loops->x[1], loops->x[2]},
        .stream = stream,
        .y = y + first,
        .step = loops->step,
        .back = loops->four_back,
        .y_step = pixel,
        .groups = groups,
        .again = stream,
        .tiles = fours,
        .x_next = 4 * advance - 16 * groups,
        .y_next = 4 * pixel - 16 * groups,
        .clip = btw_f32_clipping_inside(layer->low, layer->high),
        .high = layer->high,
        .back_again = loops->four_back,
    };
    for (int i = 0; i < loops->moves; i++)
        row.x[i] += 4u * (uint32_t)first;
    if (fours)
        loops->four(&row);
    if (ones == 0)
        return;
    for (int i = 0; i < loops->moves; i++)
        row.x[i] += (uint32_t)(fours * 4 * advance);
    row.y += fours * pixel;
    row.back = row.back_again = loops->one_back;
    row.tiles = ones;
    row.x_next = advance - 16 * groups;
    row.y_next = pixel - 16 * groups;
    loops->one(&row);
}

BTW_F32_FOLDED void btw_f32_depthwise_by(const btw_f32_depthwise *layer, const btw_f32_depthwise_loops *loops, float *y)
{
    const int groups = layer->channels / 4, taps = layer->kernel_height * layer->kernel_width;
    btw_f32_depthwise_groups(layer, loops, y, 0, groups, layer->stream);
    if (layer->channels % 4)
        btw_f32_depthwise_groups(layer, loops, y, layer->channels - 4, 1, layer->stream + groups * 4 * (1 + taps));
}

/* Of any size: x is {0, taps, end}. */
BTW_F32_FOLDED void btw_f32_depthwise_taps(const btw_f32_depthwise *layer, const void *const rows[], float *y,
                                           const uint8_t **taps, btw_f32_depthwise_loop *four,
                                           btw_f32_depthwise_loop *one)
{
    const uint8_t **tap = taps;
    for (int ky = 0; ky < layer->kernel_height; ky++)
        for (int kx = 0; kx < layer->kernel_width; kx++)
            *tap++ = (const uint8_t *)rows[ky] + kx * layer->column;
    const btw_f32_depthwise_loops loops = {
        .x = {0, (uint32_t)taps, (uint32_t)tap},
        .moves = 1,
        .four_back = (uint32_t)taps,
        .one_back = (uint32_t)taps,
        .step = layer->stride_width * 4 * layer->channels,
        .four = four,
        .one = one,
    };
    btw_f32_depthwise_by(layer, &loops, y);
}

/* 3x3 without dilation, stride 1 or 2. */
BTW_F32_FOLDED void btw_f32_depthwise_3x3(const btw_f32_depthwise *layer, const void *const rows[], float *y,
                                          btw_f32_depthwise_loop *four, btw_f32_depthwise_loop *one)
{
    const uint32_t column = (uint32_t)layer->column;
    const btw_f32_depthwise_loops loops = {
        .x = {(uint32_t)rows[0], (uint32_t)rows[1], (uint32_t)rows[2]},
        .moves = 3,
        .four_back = (layer->stride_width == 1 ? 5 : 8) * column - 16,
        .one_back = 2 * column - 16,
        .step = layer->column,
        .four = four,
        .one = one,
    };
    btw_f32_depthwise_by(layer, &loops, y);
}

#else
#include "btw_f32_twin.h"
#endif

/* ---- Kernels in terms of the loops. */

BTW_F32_FOLDED void btw_f32_linear(const btw_f32_taps *layer, const float *x, float *y, int pixels, float *scratch,
                                   btw_f32_loop *four, btw_f32_loop *one)
{
    const void *const rows[] = {x};
    const int channels = layer->output_channels;
    btw_f32_windows(layer, rows, 0, layer->length * (int)sizeof *x, y, channels, pixels, scratch, four, one);
    btw_f32_clip(layer->low, layer->high, y, channels, channels, pixels);
}

BTW_F32_FOLDED void btw_f32_conv2d_row(const btw_f32_conv2d *layer, const void *const rows[], float *y, void *scratch,
                                       btw_f32_loop *four, btw_f32_loop *one)
{
    const void **const runs = scratch;
    float *x = scratch;
    if (layer->taps_wide > 0) {
        const void **run = runs;
        for (int ky = 0; ky < layer->kernel_height; ky++)
            for (int kx = 0; kx < layer->taps_wide; kx++)
                *run++ = (const uint8_t *)rows[ky] + kx * layer->tap_step;
        x = (float *)(runs + ((layer->taps.runs + 3) & ~3));
        rows = runs;
    }
    btw_f32_taps taps = layer->taps;
    const int y_step = layer->groups * taps.output_channels;
    const int steps = (taps.runs * taps.length + 1) / 2, blocks = (taps.output_channels + 3) / 4;
    for (int group = 0; group < layer->groups; group++, y += taps.output_channels) {
        btw_f32_windows(&taps, rows, group * layer->group_step, layer->pixel_step, y, y_step, layer->output_width, x,
                        four, one);
        btw_f32_clip(taps.low, taps.high, y, taps.output_channels, y_step, layer->output_width);
        taps.stream += blocks * (4 + 8 * steps);
    }
}

#endif
