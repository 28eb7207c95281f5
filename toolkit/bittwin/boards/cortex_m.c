/* Cortex-M under QEMU: start-up, faults, files by semihosting, the board's timer. */
/* SPDX-License-Identifier: MIT-0 */
#include "harness.h"

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define CCR REGISTER(0xE000ED14u)
#define SHCSR REGISTER(0xE000ED24u)
#define CFSR REGISTER(0xE000ED28u)
#define HFSR REGISTER(0xE000ED2Cu)
#define MMFAR REGISTER(0xE000ED34u)
#define BFAR REGISTER(0xE000ED38u)
#define CPACR REGISTER(0xE000ED88u)

extern uint32_t stack_top[], bss_start[], bss_end[];
int main(void);
void reset_handler(void);
void start(void);
void fault_handler(void);
void report_fault(const uint32_t *frame);

/* ---- semihosting (Arm, "Semihosting for AArch32 and AArch64") */

enum { SYS_OPEN = 1, SYS_CLOSE = 2, SYS_WRITE0 = 4, SYS_WRITE = 5, SYS_READ = 6, SYS_EXIT_EXTENDED = 32 };

static int semihosting(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

int io_open(const char *name, int write)
{
    uint32_t length = 0;
    while (name[length])
        length++;
    const uintptr_t argument[] = {(uintptr_t)name, write ? 5 : 1, length}; /* "wb", "rb" */
    const int file = semihosting(SYS_OPEN, argument);
    if (file < 0) {
        io_print("harness: a file does not open\n");
        io_exit(HARNESS_BROKEN);
    }
    return file;
}

static void transfer(int operation, int file, uintptr_t values, uint32_t bytes)
{
    const uintptr_t argument[] = {(uintptr_t)file, values, bytes};
    if (bytes && semihosting(operation, argument) != 0) {
        io_print("harness: a file ends too early\n");
        io_exit(HARNESS_BROKEN);
    }
}

void io_read(int file, void *values, uint32_t bytes)
{
    transfer(SYS_READ, file, (uintptr_t)values, bytes);
}

void io_write(int file, const void *values, uint32_t bytes)
{
    transfer(SYS_WRITE, file, (uintptr_t)values, bytes);
}

void io_print(const char *text)
{
    semihosting(SYS_WRITE0, text);
}

void io_close(int file)
{
    const uintptr_t argument[] = {(uintptr_t)file};
    semihosting(SYS_CLOSE, argument);
}

_Noreturn void io_exit(int status)
{
    const uint32_t argument[] = {0x20026u, (uint32_t)status}; /* ADP_Stopped_ApplicationExit */
    semihosting(SYS_EXIT_EXTENDED, argument);
    for (;;) {
    }
}

/* ---- the clock: a timer that QEMU advances by the instruction */

#if defined(SYSTEM_COUNTER) /* SSE-300, 64 bits */
void clock_start(void)
{
    REGISTER(SYSTEM_COUNTER_CONTROL) = 1;
}
#define FINE REGISTER(SYSTEM_COUNTER)
#define COARSE REGISTER(SYSTEM_COUNTER + 4)
#elif defined(CMSDK_TIMER) /* 32 bits, counts down; the FPGA's 100 Hz counter tells how often it wrapped */
void clock_start(void)
{
    REGISTER(CMSDK_TIMER + 8) = 0xFFFFFFFFu; /* RELOAD */
    REGISTER(CMSDK_TIMER + 4) = 0xFFFFFFFFu; /* VALUE */
    REGISTER(CMSDK_TIMER) = 1;               /* CTRL */
}
#define FINE (~REGISTER(CMSDK_TIMER + 4))
#define COARSE REGISTER(HUNDRED_HERTZ)
#else
void clock_start(void)
{
}
#define FINE 0u
#define COARSE 0u
#endif

__attribute__((noipa)) void btw_harness_begin(clock_reading *reading)
{
    reading->coarse = COARSE;
    reading->fine = FINE;
}

__attribute__((noipa)) void btw_harness_end(clock_reading *reading)
{
    reading->fine = FINE;
    reading->coarse = COARSE;
}

/* ---- start-up and faults */

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top,
    (const void *)reset_handler,
    (const void *)fault_handler,
    (const void *)fault_handler,
    (const void *)fault_handler,
    (const void *)fault_handler,
    (const void *)fault_handler,
    (const void *)fault_handler,
};

__attribute__((naked)) void reset_handler(void)
{
    __asm__ volatile("bl start");
}

__attribute__((used)) void start(void)
{
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    CPACR |= 0xFu << 20; /* FPU and vector extension; a build without them faults where it uses them */
#endif
#if __ARM_ARCH == 6
    CCR |= 1u << 3; /* UNALIGN_TRP: an Armv6-M core faults on every unaligned access */
#endif
#if __ARM_ARCH == 8 && defined(__ARM_FEATURE_MVE)
    CCR |= 1u << 19; /* LOB */
#endif
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    for (volatile uint32_t *word = bss_start; word < bss_end; word++)
        *word = 0;
    io_exit(main());
}

__attribute__((naked)) void fault_handler(void)
{
    __asm__ volatile("mov r0, sp\n\tbl report_fault");
}

__attribute__((used)) void report_fault(const uint32_t *frame)
{
    uint32_t exception;
    __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
    io_print("fault:");
    print_number("exception", exception);
    print_number("cfsr", CFSR);
    print_number("hfsr", HFSR);
    print_number("mmfar", MMFAR);
    print_number("bfar", BFAR);
    print_number("pc", frame[6]);
    print_number("lr", frame[5]);
    print_number("sp", (uintptr_t)frame);
    io_print("\n");
    io_exit(HARNESS_FAULT);
}
