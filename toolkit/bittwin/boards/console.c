/* What newlib asks of a board of QEMU: printf goes to the console of the host. */
/* SPDX-License-Identifier: MIT-0 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include "harness.h"

int _close(int file);
int _fstat(int file, struct stat *status);
int _isatty(int file);
int _lseek(int file, int offset, int whence);
int _read(int file, char *text, int count);
int _write(int file, const char *text, int count);
void *_sbrk(ptrdiff_t more);

int _write(int file, const char *text, int count)
{
    (void)file;
    char piece[65];
    for (int done = 0; done < count;) {
        int length = 0;
        while (length < (int)sizeof piece - 1 && done < count)
            piece[length++] = text[done++];
        piece[length] = 0;
        io_print(piece);
    }
    return count;
}

/* The buffers of stdio. */
void *_sbrk(ptrdiff_t more)
{
    static _Alignas(8) char heap[2048];
    static ptrdiff_t used;
    if (more < 0 || more > (ptrdiff_t)sizeof heap - used) {
        errno = ENOMEM;
        return (void *)-1;
    }
    used += more;
    return heap + used - more;
}

int _close(int file)
{
    (void)file;
    return -1;
}

int _fstat(int file, struct stat *status)
{
    (void)file;
    status->st_mode = S_IFCHR;
    return 0;
}

int _isatty(int file)
{
    (void)file;
    return 1;
}

int _lseek(int file, int offset, int whence)
{
    (void)file, (void)offset, (void)whence;
    return 0;
}

int _read(int file, char *text, int count)
{
    (void)file, (void)text, (void)count;
    return 0;
}

/* Without printf: a fault may have hit that. */
void print_number(const char *title, uintptr_t value)
{
    char digits[9] = {0};
    for (int i = 7; i >= 0; i--, value >>= 4)
        digits[i] = "0123456789abcdef"[value & 15];
    io_print(" ");
    io_print(title);
    io_print("=");
    io_print(digits);
}
