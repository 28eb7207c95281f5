/* What the harness asks of a board: files, a clock, a way out. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_HARNESS_H
#define BTW_HARNESS_H

#include <stdint.h>

enum { HARNESS_PASSED = 0, HARNESS_BROKEN = 3, HARNESS_GUARD = 4, HARNESS_FAULT = 5 }; /* exit status */

int io_open(const char *name, int write);
void io_read(int file, void *values, uint32_t bytes);        /* all of them, or exits */
void io_write(int file, const void *values, uint32_t bytes); /* likewise */
void io_print(const char *text);
void io_close(int file);
_Noreturn void io_exit(int status);

void print_number(const char *title, uintptr_t value); /* " title=hexadecimal" */

/* A reading of the board's clock: `fine` runs in instructions' time and wraps, `coarse` is slow and does not. */
typedef struct {
    uint32_t fine;
    uint32_t coarse;
} clock_reading;

void clock_start(void);
void btw_harness_begin(clock_reading *reading); /* the last thing before what is measured */
void btw_harness_end(clock_reading *reading);   /* the first thing after it */

#endif
