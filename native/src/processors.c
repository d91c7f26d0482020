#define _GNU_SOURCE
#include "processors.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct processors here;

void read_line(char line[LINE_MOST], const char *root, const char *folder, const char *file) {
    char name[4 * LINE_MOST];
    snprintf(name, sizeof name, "%s%s/%s", root, folder, file);
    FILE *f = fopen(name, "re");
    if (!f || !fgets(line, LINE_MOST, f)) line[0] = 0;
    if (f) fclose(f);
}

int next_range(const char **list, long *first, long *last) {
    char *end;
    if (**list < '0' || **list > '9') return 0;
    *first = *last = strtol(*list, &end, 10);
    if (*end == '-') *last = strtol(end + 1, &end, 10);
    *list = *end == ',' ? end + 1 : end;
    return 1;
}

#if defined(__linux__)
/* ---- quotas of control groups: microseconds of processor time in a period ---- */

/* How many processors the group of a folder may keep busy, or infinity. */
static double quota(const char *root, const char *folder) {
    char line[LINE_MOST];
    double time = -1, period = 0;
    read_line(line, root, folder, "cpu.max"); /* version 2: "max 100000" or "150000 100000" */
    if (sscanf(line, "%lf %lf", &time, &period) < 2) {
        read_line(line, root, folder, "cpu.cfs_quota_us"); /* version 1: -1 is none */
        if (sscanf(line, "%lf", &time) < 1) return INFINITY;
        read_line(line, root, folder, "cpu.cfs_period_us");
        if (sscanf(line, "%lf", &period) < 1) return INFINITY;
    }
    return time > 0 && period > 0 ? time / period : INFINITY;
}

/* The least quota of a group and those above it; within a container its path may be one that is seen only from outside. */
static double least_quota(const char *root, const char *hierarchy, char *group) {
    double least = INFINITY;
    for (;;) {
        char folder[2 * LINE_MOST], *end = strrchr(group, '/');
        snprintf(folder, sizeof folder, "%s%s", hierarchy, group);
        least = fmin(least, quota(root, folder));
        if (!end) return least;
        *end = 0;
    }
}

/* whether `name` is one of a list such as cpu,cpuacct */
static int names(const char *list, const char *name) {
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : 0)
        if (!strncmp(at, name, length) && (at[length] == ',' || !at[length])) return 1;
    return 0;
}

/* Lines of /proc/self/cgroup are number:controllers:group; version 2 names no controllers. */
static double process_quota(const char *root) {
    char name[LINE_MOST], line[LINE_MOST];
    double least = INFINITY;
    snprintf(name, sizeof name, "%s/proc/self/cgroup", root);
    FILE *f = fopen(name, "re");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : 0;
        if (!group) continue;
        *group++ = 0;
        if (!*++controllers) least = fmin(least, least_quota(root, "/sys/fs/cgroup", group));
        else if (names(controllers, "cpu")) least = fmin(least, least_quota(root, "/sys/fs/cgroup/cpu", group));
    }
    if (f) fclose(f);
    return least;
}

/* ---- order ---- */

struct place {
    int rank, socket, l3, number; /* among those of its core that are allowed; as the system numbers it; the first of its L3; its own */
};

static int by_place(const void *a, const void *b) {
    const struct place *p = a, *q = b;
    if (p->rank != q->rank) return p->rank - q->rank;
    if (p->socket != q->socket) return p->socket - q->socket;
    return p->l3 != q->l3 ? p->l3 - q->l3 : p->number - q->number;
}

static struct place place_of(const char *root, int number, const cpu_set_t *allowed) {
    struct place p = {.number = number};
    char folder[128], line[LINE_MOST];
    snprintf(folder, sizeof folder, "/sys/devices/system/cpu/cpu%d", number);
    read_line(line, root, folder, "cache/index3/shared_cpu_list");
    p.l3 = atoi(line);
    read_line(line, root, folder, "topology/physical_package_id");
    p.socket = atoi(line);
    read_line(line, root, folder, "topology/thread_siblings_list");
    const char *list = line;
    for (long first, last; next_range(&list, &first, &last);)
        for (; first <= last && first < number; first++) p.rank += CPU_ISSET((size_t)first, allowed) != 0;
    return p;
}

struct processors read_processors(const char *root, const cpu_set_t *allowed) {
    struct processors p = {.set = *allowed};
    struct place places[MOST_PROCESSORS];
    for (int i = 0; i < CPU_SETSIZE && p.count < MOST_PROCESSORS; i++)
        if (CPU_ISSET((size_t)i, allowed)) places[p.count++] = place_of(root, i, allowed);
    qsort(places, (size_t)p.count, sizeof *places, by_place);
    for (int i = 0; i < p.count; i++) {
        int same = 0;
        while (places[same].socket != places[i].socket) same++;
        p.at[i] = (int16_t)places[i].number;
        p.socket[i] = (int16_t)(same < i ? p.socket[same] : p.sockets++);
    }
    p.busy = (int)fmin(p.count, ceil(process_quota(root)));
    return p;
}
#endif

/* ---- homes ---- */

/* The sockets of a part: from, and to before `to`. */
static void sockets_of(const struct processors *p, int part, int parts, int *from, int *to) {
    *from = part * p->sockets / parts, *to = (part + 1) * p->sockets / parts;
    if (*to == *from) ++*to;
}

int home_of(const struct processors *p, int part, int parts, struct home *home) {
    uint64_t owned[MOST_PROCESSORS / 64] = {0};
    if (p->sockets < 2 || parts < 2 || parts > p->count) return 0;
    *home = (struct home){0};
    for (int other = 0; other < parts; other++) { /* each takes the first place of its sockets that is left */
        int from, to, own = 0;
        sockets_of(p, other, parts, &from, &to);
        while (own < p->count && (p->socket[own] < from || p->socket[own] >= to || owned[own / 64] >> own % 64 & 1)) own++;
        if (own == p->count) return 0;
        owned[own / 64] |= UINT64_C(1) << own % 64;
        if (other == part) home->from = from, home->to = to, home->own = own;
    }
    for (int i = 0; i < p->count; i++)
        if (p->socket[i] >= home->from && p->socket[i] < home->to) home->workers[i / 64] |= UINT64_C(1) << i % 64;
    for (int i = 0; i < MOST_PROCESSORS / 64; i++) home->workers[i] &= ~owned[i];
    return 1;
}

static void read_here(void) {
#if defined(__linux__)
    cpu_set_t allowed;
    if (!sched_getaffinity(getpid(), sizeof allowed, &allowed)) here = read_processors("", &allowed);
#endif
    if (here.count > 0) return;
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    here.busy = n < 1 ? 1 : n > MOST_PROCESSORS ? MOST_PROCESSORS : (int)n;
}

const struct processors *fathom_processors(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_here);
    return &here;
}
