/* Matrix product, int8, Armv7-M: 2 rows by 4 columns at a time, as btw_matmul_s8_scalar. */
/* SPDX-License-Identifier: MIT-0 */
/* Needs a shift of at most 3, 2 rows and 4 columns. */
#include "matmul_s8.h"

#include "btw_matmul.h"

#if defined(BTW_INLINE_KERNELS) || defined(BTW_SHARED_KERNELS)
#if defined(__thumb2__)

/* A step of 1: 56 bytes of code */
#define BTW_MATMUL_ARMV7M_COLUMN(sum0, sum1)                                                                           \
    "ldrsh lr, [r1], #2\n\tmla " sum0 ", r10, lr, " sum0 "\n\tmla " sum1 ", r11, lr, " sum1 "\n\t"
#define BTW_MATMUL_ARMV7M_STEP                                                                                         \
    "ldrsh r10, [r0], #2\n\tldrsh r11, [r0], #2\n\t" BTW_MATMUL_ARMV7M_COLUMN("r2", "r6")                              \
        BTW_MATMUL_ARMV7M_COLUMN("r3", "r7") BTW_MATMUL_ARMV7M_COLUMN("r4", "r8") BTW_MATMUL_ARMV7M_COLUMN("r5", "r9")

/* r0 x, r1 stream, r2-r5 sums of row 0, r6-r9 of row 1; then r0 column, r10 y0, r11 y1, r12 offset, lr multiplier */
static __attribute__((noinline, aligned(4))) void btw_matmul_armv7m_blocks(const btw_matmul_frame *frame)
{
    register const btw_matmul_frame *r0 __asm("r0") = frame;
    __asm volatile("push {r7, r12}\n\tldm r0, {r2-r11}\n\tpush {r2-r11}\n\t"
                   "adr.w r2, 6f\n\tldr r3, [sp, #28]\n\tadd r2, r2, r3\n\torr r2, r2, #1\n\tstr r2, [sp, #28]\n\t"
                   "ldr r1, [sp, #32]\n"
                   "5:\n\tldr r0, [sp]\n\t.irp sum, r2, r3, r4, r5, r6, r7, r8, r9\n\tmov \\sum, #0\n\t.endr\n\t"
                   "ldr pc, [sp, #28]\n"
                   "6:\n\t.rept 8\n\t" BTW_MATMUL_ARMV7M_STEP ".endr\n\tldr r10, [sp, #4]\n\tcmp r0, r10\n\tbne 6b\n\t"
                   "ldrd r12, lr, [sp, #16]\n\t.irp sum, r2, r3, r4, r5, r6, r7, r8, r9\n\t"
                   "smull r0, \\sum, \\sum, lr\n\tadd \\sum, \\sum, r12\n\tssat \\sum, #8, \\sum, asr #3\n\t.endr\n\t"
                   "ldrd r10, r11, [sp, #8]\n\tldr r0, [sp, #24]\n\t"
                   ".irp sum, r2, r3, r4, r5\n\tstrb \\sum, [r10]\n\tadd r10, r10, r0\n\t.endr\n\t"
                   ".irp sum, r6, r7, r8, r9\n\tstrb \\sum, [r11]\n\tadd r11, r11, r0\n\t.endr\n\t"
                   "strd r10, r11, [sp, #8]\n\tldr r2, [sp, #36]\n\tcmp r1, r2\n\tbne 5b\n\t"
                   "add sp, sp, #40\n\tpop {r7, r12}\n\t"
                   : "+r"(r0)
                   :
                   : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

BTW_KERNEL BTW_FOLDED void btw_matmul_s8_armv7m(const btw_matmul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *y,
                                                void *scratch)
{
    const btw_matmul_packing packing = {
        .times = btw_matmul_times(layer),
        .together = 1,
        .steps = layer->depth,
        .skip = (-layer->depth & 7) * 56,
    };
    btw_matmul_by_integers(layer, &packing, a, b, y, scratch, btw_matmul_armv7m_blocks);
}

#endif
#endif
