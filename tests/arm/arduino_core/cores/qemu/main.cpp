/* Serial is the host's console; a sketch runs once. */
/* SPDX-License-Identifier: MIT-0 */
#include "Arduino.h"
#include <stdio.h>

const Console Serial;

unsigned long millis(void)
{
    return 0;
}

unsigned long micros(void)
{
    return 0;
}

void Console::print(const char *text) const
{
    printf("%s", text);
}

void Console::print(int number) const
{
    printf("%d", number);
}

void Console::print(unsigned long number) const
{
    printf("%lu", number);
}

int main()
{
    setup();
    loop();
    return fflush(stdout);
}
