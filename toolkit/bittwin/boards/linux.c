/* Linux under QEMU's user mode: files, faults; instructions are counted by QEMU between btw_harness_begin and _end. */
/* SPDX-License-Identifier: MIT-0 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "harness.h"

static FILE *files[2]; /* "in", "out" */

int io_open(const char *name, int write)
{
    files[write] = fopen(name, write ? "wb" : "rb");
    if (!files[write]) {
        io_print("harness: a file does not open\n");
        io_exit(HARNESS_BROKEN);
    }
    return write;
}

void io_read(int file, void *values, uint32_t bytes)
{
    if (fread(values, 1, bytes, files[file]) != bytes) {
        io_print("harness: a file ends too early\n");
        io_exit(HARNESS_BROKEN);
    }
}

void io_write(int file, const void *values, uint32_t bytes)
{
    if (fwrite(values, 1, bytes, files[file]) != bytes) {
        io_print("harness: a file ends too early\n");
        io_exit(HARNESS_BROKEN);
    }
}

void io_print(const char *text)
{
    if (write(2, text, strlen(text)) < 0)
        _exit(HARNESS_BROKEN);
}

void io_close(int file)
{
    fclose(files[file]);
}

_Noreturn void io_exit(int status)
{
    _exit(status);
}

static void report_fault(int number, siginfo_t *information, void *context)
{
    const mcontext_t *const registers = &((const ucontext_t *)context)->uc_mcontext;
    io_print("fault:");
    print_number("signal", (uintptr_t)number);
    print_number("address", (uintptr_t)information->si_addr);
#if defined(__aarch64__)
    print_number("pc", registers->pc);
    print_number("lr", registers->regs[30]);
    print_number("sp", registers->sp);
#else
    print_number("pc", registers->arm_pc);
    print_number("lr", registers->arm_lr);
    print_number("sp", registers->arm_sp);
#endif
    io_print("\n");
    io_exit(HARNESS_FAULT);
}

void clock_start(void)
{
    static uint8_t stack[65536];
    const stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = report_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&alternative, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
}

__attribute__((noipa)) void btw_harness_begin(clock_reading *reading)
{
    reading->fine = reading->coarse = 0;
}

__attribute__((noipa)) void btw_harness_end(clock_reading *reading)
{
    reading->fine = reading->coarse = 0;
}
