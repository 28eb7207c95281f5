/* A plugin of QEMU (TCG, version 1 of its interface): instructions executed up to each of some marked addresses. */
/* SPDX-License-Identifier: MIT-0 */
/* Reads from the working folder "marks": uint64 addresses, the first two of them btw_harness_begin and btw_harness_end.
 * Writes "counts": for every execution of a marked instruction its index and the instructions before it, two uint64.
 * With the argument mix=1 it also writes "mix": address, executions and taken branches of every instruction between
 * the last begin and end, three uint64. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The declarations of qemu-plugin.h that are needed here; distributions do not ship the header. */
typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { QEMU_PLUGIN_CB_NO_REGS = 0, QEMU_PLUGIN_INLINE_ADD_U64 = 0 };
typedef void (*vcpu_callback)(unsigned vcpu, void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, vcpu_callback, int, void *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, vcpu_callback, int, void *);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);

#define EXPORT __attribute__((visibility("default")))
EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int count, char **arguments);
int qemu_plugin_version = 1;

/* A block of instructions that QEMU translated; it is entered at its start and runs to its end. */
typedef struct block {
    struct block *next;
    uint64_t start, end; /* addresses */
    uint64_t runs, taken;
    size_t count;
    uint64_t addresses[];
} block;

/* A marked instruction in a block. */
typedef struct {
    uint64_t mark;
    uint64_t left; /* instructions of the block from it on */
} marked;

static uint64_t *marks;
static size_t mark_count;
static uint64_t total; /* instructions of all blocks that were entered */
static bool mix, counting;
static block *blocks, *last;
static FILE *counts;

static void *allocate(size_t bytes)
{
    void *const memory = calloc(1, bytes);
    if (!memory)
        abort();
    return memory;
}

static void at_mark(unsigned vcpu, void *data)
{
    (void)vcpu;
    const marked *const here = data;
    const uint64_t line[2] = {here->mark, total - here->left};
    fwrite(line, sizeof line, 1, counts);
    if (here->mark > 1)
        return;
    counting = here->mark == 0;
    last = NULL;
    for (block *each = counting ? blocks : NULL; each; each = each->next)
        each->runs = each->taken = 0;
}

static void at_block(unsigned vcpu, void *data)
{
    (void)vcpu;
    block *const here = data;
    total += here->count;
    if (!counting)
        return;
    here->runs++;
    if (last && last->end != here->start)
        last->taken++;
    last = here;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    const size_t count = qemu_plugin_tb_n_insns(tb);
    block *here = NULL;
    if (mix) {
        here = allocate(sizeof *here + count * sizeof here->addresses[0]);
        here->count = count;
        here->next = blocks;
        blocks = here;
        qemu_plugin_register_vcpu_tb_exec_cb(tb, at_block, QEMU_PLUGIN_CB_NO_REGS, here);
    } else {
        qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &total, count);
    }
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *const instruction = qemu_plugin_tb_get_insn(tb, i);
        const uint64_t address = qemu_plugin_insn_vaddr(instruction);
        for (size_t mark = 0; mark < mark_count; mark++)
            if (marks[mark] == address) {
                marked *const found = allocate(sizeof *found);
                *found = (marked){mark, count - i};
                qemu_plugin_register_vcpu_insn_exec_cb(instruction, at_mark, QEMU_PLUGIN_CB_NO_REGS, found);
            }
        if (here) {
            here->addresses[i] = address;
            here->end = address + qemu_plugin_insn_size(instruction);
        }
    }
    if (here)
        here->start = here->addresses[0];
}

static void at_exit(qemu_plugin_id_t id, void *data)
{
    (void)id, (void)data;
    fclose(counts);
    FILE *const file = mix ? fopen("mix", "wb") : NULL;
    if (!file)
        return;
    for (const block *each = blocks; each; each = each->next)
        for (size_t i = 0; each->runs && i < each->count; i++) {
            const uint64_t line[3] = {each->addresses[i], each->runs, i + 1 == each->count ? each->taken : 0};
            fwrite(line, sizeof line, 1, file);
        }
    fclose(file);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int count, char **arguments)
{
    (void)info;
    for (int i = 0; i < count; i++)
        mix |= strcmp(arguments[i], "mix=1") == 0;
    FILE *const file = fopen("marks", "rb");
    counts = fopen("counts", "wb");
    if (!file || !counts)
        return 1;
    uint64_t address;
    while (fread(&address, sizeof address, 1, file) == 1) {
        uint64_t *const more = realloc(marks, (mark_count + 1) * sizeof *marks);
        if (!more)
            return 1;
        marks = more;
        marks[mark_count++] = address;
    }
    fclose(file);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
