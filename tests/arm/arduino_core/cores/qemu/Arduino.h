/* As much of Arduino's interface as the example sketch uses. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stdint.h>

extern "C" unsigned long millis(void);
extern "C" unsigned long micros(void);
void setup();
void loop();

struct Console {
    void begin(long) const
    {
    }
    explicit operator bool() const
    {
        return true;
    }
    void print(const char *text) const;
    void print(int number) const;
    void print(unsigned long number) const;
    template <typename Value> void println(Value value) const
    {
        print(value);
        print("\n");
    }
};

extern const Console Serial;

#endif
