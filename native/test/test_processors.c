/* Processors of other machines, described by files under a folder that stands for the root: their order, and quotas of both versions. */
#define _GNU_SOURCE
#include "check.h"
#include "processors.h"
#include "sizes.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
static char root[64];

/* a file of so many lines under the root, and the folders above it */
static void put(const char *path, const char *text) {
    char name[512];
    snprintf(name, sizeof name, "%s%s", root, path);
    for (char *at = name + strlen(root) + 1; (at = strchr(at, '/')); *at++ = '/') {
        *at = 0;
        CHECK(!mkdir(name, 0700) || errno == EEXIST, "%s", name);
    }
    FILE *f = fopen(name, "w");
    CHECK(f && fputs(text, f) >= 0 && !fclose(f), "%s", name);
}

/* a file of a processor */
static void put_of(int processor, const char *file, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/%s", processor, file);
    put(path, text);
}

static void forget(const char *path) {
    char name[512];
    snprintf(name, sizeof name, "%s%s", root, path);
    CHECK(!remove(name), "%s", name);
}

static int forget_any(const char *name, const struct stat *ignored, int kind, struct FTW *place) {
    (void)ignored, (void)kind, (void)place;
    return remove(name);
}

static cpu_set_t first(int n) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < n; i++) CPU_SET((size_t)i, &set);
    return set;
}

static void check_order(const cpu_set_t *allowed, const char *expected) {
    struct processors p = read_processors(root, allowed);
    char text[256] = "";
    for (int i = 0, n = 0; i < p.count; i++) n += snprintf(text + n, sizeof text - (size_t)n, "%s%d", i ? " " : "", p.at[i]);
    CHECK(!strcmp(text, expected), "%s instead of %s", text, expected);
}

static void cores_come_before_their_second_threads(void) {
    cpu_set_t all = first(8), some = first(8);
    check_order(&all, "0 1 2 3 4 5 6 7"); /* nothing is known */
    for (int i = 0; i < 8; i++) { /* threads i and i + 4 share a core; even cores have one L3, odd ones another */
        char pair[64];
        snprintf(pair, sizeof pair, "%d,%d\n", i % 4, i % 4 + 4);
        put_of(i, "topology/thread_siblings_list", pair);
        put_of(i, "cache/index3/shared_cpu_list", i % 2 ? "1,3,5,7\n" : "0,2,4,6\n");
    }
    check_order(&all, "0 2 1 3 4 6 5 7");
    CPU_CLR(0, &some);
    CPU_CLR(3, &some);
    check_order(&some, "2 4 1 7 6 5"); /* the second thread of a core whose first is not allowed is the first */
    for (int i = 0; i < 8; i++) { /* threads 2 i and 2 i + 1 share a core */
        static const char *pairs[] = {"0-1\n", "2-3\n", "4-5\n", "6-7\n"};
        put_of(i, "topology/thread_siblings_list", pairs[i / 2]);
        put_of(i, "cache/index3/shared_cpu_list", "0-7\n");
    }
    check_order(&all, "0 2 4 6 1 3 5 7");
}

static void check_home(const struct processors *p, int part, int parts, int own, const char *workers) {
    struct home h;
    char text[256] = "";
    CHECK(home_of(p, part, parts, &h) == (own >= 0), "part %d of %d", part, parts);
    if (own < 0) return;
    CHECK(p->at[h.own] == own, "part %d of %d is on %d instead of %d", part, parts, p->at[h.own], own);
    for (int i = 0, n = 0; i < MOST_PROCESSORS; i++)
        if (h.workers[i / 64] >> i % 64 & 1) n += snprintf(text + n, sizeof text - (size_t)n, "%s%d", n ? " " : "", p->at[i]);
    CHECK(!strcmp(text, workers), "part %d of %d has workers %s instead of %s", part, parts, text, workers);
}

/* Two sockets, whose numbers take turns, of two cores of two threads each: 0 4 and 2 6, 1 5 and 3 7. */
static void threads_beside_each_other_have_sockets(void) {
    cpu_set_t all = first(8);
    struct processors p = read_processors(root, &all);
    CHECK(p.sockets == 1, "%d sockets where none is known", p.sockets);
    check_home(&p, 0, 2, -1, "");
    for (int i = 0; i < 8; i++) {
        char pair[64];
        snprintf(pair, sizeof pair, "%d,%d\n", i % 4, i % 4 + 4);
        put_of(i, "topology/thread_siblings_list", pair);
        put_of(i, "topology/physical_package_id", i % 2 ? "7\n" : "3\n");
        put_of(i, "cache/index3/shared_cpu_list", pair); /* an L3 for each core */
    }
    check_order(&all, "0 2 1 3 4 6 5 7");
    p = read_processors(root, &all);
    CHECK(p.sockets == 2, "%d sockets", p.sockets);
    check_home(&p, 0, 2, 0, "2 4 6");
    check_home(&p, 1, 2, 1, "3 5 7");
    check_home(&p, 0, 3, 0, "4 6"); /* shares its socket with part 1 */
    check_home(&p, 1, 3, 2, "4 6");
    check_home(&p, 2, 3, 1, "3 5 7");
    check_home(&p, 7, 8, 7, "");
    check_home(&p, 0, 1, -1, "");
    check_home(&p, 0, 9, -1, "");
    cpu_set_t some = first(4);
    CPU_CLR(1, &some), CPU_CLR(3, &some);
    CPU_SET(5, &some);
    p = read_processors(root, &some);
    check_home(&p, 0, 2, 0, "2");
    check_home(&p, 1, 2, 5, "");
    check_home(&p, 2, 3, 5, "");
    for (int i = 0; i < 8; i++) { /* four sockets of two threads */
        static const char *sockets[] = {"0\n", "1\n", "2\n", "3\n"};
        put_of(i, "topology/physical_package_id", sockets[i % 4]);
    }
    p = read_processors(root, &all);
    check_home(&p, 0, 2, 0, "1 4 5"); /* has two sockets */
    check_home(&p, 1, 2, 2, "3 6 7");
    check_home(&p, 1, 3, 1, "5");
    check_home(&p, 2, 3, 2, "3 6 7");
}

static void check_busy(int expected, const char *what) {
    cpu_set_t all = first(8);
    struct processors p = read_processors(root, &all);
    CHECK(p.busy == expected && p.count == 8, "%s: %d of %d processors", what, p.busy, p.count);
}

static void quotas_count_as_processors(void) {
    check_busy(8, "no groups");
    put("/proc/self/cgroup", "0::/a/b\n");
    check_busy(8, "no files");
    put("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    check_busy(8, "no quota");
    put("/sys/fs/cgroup/a/b/cpu.max", "250000 100000\n");
    check_busy(3, "two and a half");
    put("/sys/fs/cgroup/a/cpu.max", "50000 100000\n");
    check_busy(1, "half a processor for the group above");
    forget("/sys/fs/cgroup/a/cpu.max");
    forget("/sys/fs/cgroup/a/b/cpu.max");
    put("/sys/fs/cgroup/cpu.max", "400000 100000\n");
    check_busy(4, "a container whose group has another path inside");
    put("/sys/fs/cgroup/cpu.max", "1600000 100000\n");
    check_busy(8, "more than there are");
    forget("/sys/fs/cgroup/cpu.max");

    put("/proc/self/cgroup", "9:name=cpu:/a\n4:cpuacct,cpu:/a\n3:cpuset:/c\n0::/\n");
    check_busy(8, "version 1 without files");
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
    check_busy(8, "version 1 without a quota");
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "200000\n");
    check_busy(2, "version 1");
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "0\n");
    check_busy(8, "a period of nothing");
    put("/proc/self/cgroup", "nonsense\n\n:\n::\n");
    check_busy(8, "nonsense");
}

int main(void) {
    const char *folder = getenv("TMPDIR");
    snprintf(root, sizeof root, "%s/fathom-XXXXXX", folder && strlen(folder) < 40 ? folder : "/tmp");
    if (mkdtemp(root)) {
        cores_come_before_their_second_threads();
        threads_beside_each_other_have_sockets();
        quotas_count_as_processors();
        CHECK(!nftw(root, forget_any, 16, FTW_DEPTH | FTW_PHYS), "%s is left behind", root);
    } else {
        CHECK(0, "%s cannot be made", root);
    }
    const struct processors *p = fathom_processors();
    CHECK(p->count == least(processors_here(), MOST_PROCESSORS) && p->busy >= 1 && p->busy <= p->count, "%d of %d processors", p->busy,
          p->count);
    return DONE();
}
#else
int main(void) { return DONE(); }
#endif
