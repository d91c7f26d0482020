/* What the processor says of its caches (cpuid), else what the system says (sysfs), else what most processors have. */
#define _GNU_SOURCE
#include "machine.h"
#include "fathom.h"
#include "processors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

struct machine machine;

/* a data or unified cache of `level`, which `sharing` threads have in common */
static void found(struct machine *m, int level, int64_t bytes, int64_t sharing) {
    if (bytes <= 0 || sharing <= 0) return;
    int64_t cores = m->smt > 0 && sharing > m->smt ? sharing / m->smt : 1;
    if (level == 1) m->l1 = bytes;
    if (level == 2) m->l2 = bytes / cores; /* some cores share an L2 */
    if (level == 3) m->l3 = bytes, m->l3_cores = cores;
}

#if defined(__x86_64__)
/* Intel's leaf 4, which AMD has at 0x8000001d, one cache a subleaf: eax type, level, threads; ebx ways, partitions, line; ecx sets */
static void ask_processor(struct machine *m) {
    unsigned a, b, c, d, leaf = 4;
    if (__get_cpuid_count(0xb, 0, &a, &b, &c, &d)) m->smt = b & 0xffff;
    if (__get_cpuid(0x80000001, &a, &b, &c, &d) && c >> 22 & 1) leaf = 0x8000001d;
    for (unsigned i = 0; i < 16 && __get_cpuid_count(leaf, i, &a, &b, &c, &d) && (a & 31); i++) {
        int64_t line = (b & 0xfff) + 1, partitions = (b >> 12 & 0x3ff) + 1, ways = (b >> 22) + 1;
        if ((a & 31) != 2) found(m, a >> 5 & 7, ways * partitions * line * ((int64_t)c + 1), (a >> 14 & 0xfff) + 1);
    }
    /* Virtual machines often hide that leaf. Two older ones still tell the sizes of L1 and L2; their L3 is that of all cores together. */
    if (!m->l1 && __get_cpuid(0x80000005, &a, &b, &c, &d)) found(m, 1, (int64_t)(c >> 24) << 10, 1);
    if (!m->l2 && __get_cpuid(0x80000006, &a, &b, &c, &d)) found(m, 2, (int64_t)(c >> 16) << 10, 1);
    __builtin_cpu_init();
    m->avx512_vnni = __builtin_cpu_supports("avx512vnni") != 0;
    m->avx512_bf16 = __builtin_cpu_supports("avx512bf16") != 0;
    m->avx_vnni = __builtin_cpu_supports("avxvnni") != 0;
}
#else
static void ask_processor(struct machine *m) { (void)m; }
#endif

/* how many processors a list names */
static int64_t listed(const char *list) {
    int64_t count = 0;
    for (long first, last; next_range(&list, &first, &last);) count += last - first + 1;
    return count;
}

static void ask_system(struct machine *m) {
    static const char cpu[] = "/sys/devices/system/cpu/cpu0";
    char line[LINE_MOST], cache[64];
    read_line(line, cpu, "/topology", "thread_siblings_list");
    m->smt = listed(line);
    for (int i = 0; i < 16; i++) {
        char unit;
        long size;
        snprintf(cache, sizeof cache, "/cache/index%d", i);
        read_line(line, cpu, cache, "type");
        if (!line[0]) return;
        if (strncmp(line, "Instruction", 11) == 0) continue;
        read_line(line, cpu, cache, "size");
        if (sscanf(line, "%ld%c", &size, &unit) != 2) continue;
        read_line(line, cpu, cache, "level");
        int level = atoi(line);
        read_line(line, cpu, cache, "shared_cpu_list");
        found(m, level, size * (unit == 'M' ? 1 << 20 : 1 << 10), listed(line));
    }
}

/* Virtual machines hide some of it: what nobody tells is taken for what most processors have. */
__attribute__((constructor)) static void read_machine(void) {
    ask_processor(&machine);
    if (!machine.l1 || !machine.l2) ask_system(&machine);
    if (!machine.l1) machine.l1 = 32 << 10;
    if (!machine.l2) machine.l2 = 512 << 10;
    if (!machine.l3) machine.l3 = 32 << 20;
    if (!machine.l3_cores) machine.l3_cores = 1;
    if (!machine.smt) machine.smt = 1;
}

const char *fathom_machine(void) {
    static _Thread_local char text[160];
    snprintf(text, sizeof text, "L1 %lld KiB, L2 %lld KiB a core, L3 %lld MiB for %lld core%s, %lld thread%s a core",
             (long long)machine.l1 >> 10, (long long)machine.l2 >> 10, (long long)machine.l3 >> 20, (long long)machine.l3_cores,
             machine.l3_cores == 1 ? "" : "s", (long long)machine.smt, machine.smt == 1 ? "" : "s");
    return text;
}
