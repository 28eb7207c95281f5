/* Runs a generated model on every sample of the file "in"; outputs, observed rows and measurements go to "out". */
/* SPDX-License-Identifier: MIT-0 */
#include "harness.h"
#include "facts.h"

#define GUARD 64 /* bytes on both sides of everything that C may write */
#define GUARD_BYTE 0xA5
#define PAINT 0x5AC35AC3u

enum { TAG_OUTPUT = -1, TAG_MEASURED = -1000 }; /* of a record; observed rows have their layer's number */
enum { MEASURE = 1 };                           /* option in the file "in" */

typedef struct {
    clock_reading before, after;
} measurement;

static int in, out;

static void record(int32_t tag, const void *values, uint32_t bytes)
{
    const int32_t header[2] = {tag, (int32_t)bytes};
    io_write(out, header, sizeof header);
    io_write(out, values, bytes);
}

void btw_observe(int layer, int row, const void *pointer, int bytes);
void btw_observe(int layer, int row, const void *pointer, int bytes)
{
    (void)row;
    record(layer, pointer, (uint32_t)bytes);
}

/* ---- memory: everything that the model writes lies between guards */

typedef struct {
    uint8_t *bytes; /* the first guard */
    uint32_t size;  /* of what lies between */
    const char *name;
} guarded;

static _Alignas(16) uint8_t memory[HARNESS_MEMORY] __attribute__((section(".bss.tensors")));
static uint8_t *next_free = memory;

/* `skew`: bytes by which it misses an alignment of 16. */
static guarded take(const char *name, uint32_t size, uint32_t skew)
{
    const guarded block = {next_free + skew, size, name};
    for (uint32_t i = 0; i < 2 * GUARD + size; i++)
        block.bytes[i] = GUARD_BYTE;
    next_free += (2 * GUARD + size + skew + 15) / 16 * 16;
    return block;
}

static uint8_t *inside(guarded block)
{
    return block.bytes + GUARD;
}

static void check(guarded block)
{
    for (uint32_t i = 0; i < GUARD; i++)
        if (block.bytes[i] != GUARD_BYTE || block.bytes[GUARD + block.size + i] != GUARD_BYTE) {
            io_print("guard: ");
            io_print(block.name);
            io_print("\n");
            io_exit(HARNESS_GUARD);
        }
}

/* ---- one run, between two readings of the clock */

/* Same parameters as the model, one instruction: what the measurement itself costs. */
__attribute__((noipa)) void btw_harness_nothing(HARNESS_PARAMETERS);
__attribute__((noipa)) void btw_harness_nothing(HARNESS_PARAMETERS)
{
    HARNESS_UNUSED
}

typedef void model_function(HARNESS_PARAMETERS);

__attribute__((noipa)) static measurement measure(model_function *function, void *arena, void *const x[],
                                                  void *const y[])
{
    measurement result;
    (void)x, (void)y;
    btw_harness_begin(&result.before);
    function(HARNESS_ARGUMENTS);
    btw_harness_end(&result.after);
    return result;
}

/* Bytes of stack that the model reaches, from its call: the stack below is painted before and looked at after. */
__attribute__((noipa)) static uint32_t measure_stack(model_function *function, void *arena, void *const x[],
                                                     void *const y[])
{
    uint32_t *top;
    (void)x, (void)y;
    __asm__ volatile("mov %0, sp" : "=r"(top));
    uint32_t *const bottom = STACK_BOTTOM(top);
    for (volatile uint32_t *word = top; word > bottom;)
        *--word = PAINT;
    function(HARNESS_ARGUMENTS);
    volatile uint32_t *reached = bottom;
    while (reached < top && *reached == PAINT)
        reached++;
    return (uint32_t)((uintptr_t)top - (uintptr_t)reached);
}

int main(void)
{
    static const char *const input_names[] = {HARNESS_INPUT_NAMES};
    static const char *const output_names[] = {HARNESS_OUTPUT_NAMES};
    static const uint32_t input_bytes[] = {HARNESS_INPUT_BYTES}, output_bytes[] = {HARNESS_OUTPUT_BYTES};
    static const uint32_t input_skews[] = {HARNESS_INPUT_SKEWS}, output_skews[] = {HARNESS_OUTPUT_SKEWS};
    void *x[HARNESS_INPUTS], *y[HARNESS_OUTPUTS];
    guarded inputs[HARNESS_INPUTS], outputs[HARNESS_OUTPUTS];
    uint32_t facts[2]; /* samples, options */

    in = io_open("in", 0);
    out = io_open("out", 1);
    io_read(in, facts, sizeof facts);
    const guarded arena = take("its arena", HARNESS_ARENA, 0);
    for (int i = 0; i < HARNESS_INPUTS; i++) {
        inputs[i] = take(input_names[i], input_bytes[i], input_skews[i]);
        x[i] = inside(inputs[i]);
    }
    for (int i = 0; i < HARNESS_OUTPUTS; i++) {
        outputs[i] = take(output_names[i], output_bytes[i], output_skews[i]);
        y[i] = inside(outputs[i]);
    }
    clock_start();
    for (uint32_t sample = 0; sample < facts[0]; sample++) {
        for (int i = 0; i < HARNESS_INPUTS; i++)
            io_read(in, x[i], input_bytes[i]);
        if (facts[1] & MEASURE) {
            const measurement nothing = measure(btw_harness_nothing, inside(arena), x, y);
            const measurement model = measure(HARNESS_RUN, inside(arena), x, y);
            const uint32_t stack = measure_stack(HARNESS_RUN, inside(arena), x, y);
            const uint32_t values[] = {nothing.before.fine,  nothing.before.coarse, nothing.after.fine,
                                       nothing.after.coarse, model.before.fine,     model.before.coarse,
                                       model.after.fine,     model.after.coarse,    stack};
            record(TAG_MEASURED, values, sizeof values);
        } else {
            measure(HARNESS_RUN, inside(arena), x, y);
        }
        check(arena);
        for (int i = 0; i < HARNESS_INPUTS; i++)
            check(inputs[i]);
        for (int i = 0; i < HARNESS_OUTPUTS; i++) {
            check(outputs[i]);
            record(TAG_OUTPUT - i, y[i], output_bytes[i]);
        }
    }
    io_close(out);
    io_exit(HARNESS_PASSED);
}

void print_number(const char *title, uintptr_t value)
{
    char digits[2 * sizeof value + 1];
    for (unsigned i = 0; i < 2 * sizeof value; i++)
        digits[i] = "0123456789abcdef"[(value >> (4 * (2 * sizeof value - 1 - i))) & 15];
    digits[2 * sizeof value] = 0;
    io_print(" ");
    io_print(title);
    io_print("=");
    io_print(digits);
}
