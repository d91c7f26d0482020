/* Which processors this process may run on, in the order in which threads take them, and how many of them it may keep busy. */
#ifndef FATHOM_PROCESSORS_H
#define FATHOM_PROCESSORS_H

#include <sched.h>
#include <stdint.h>

enum { MOST_PROCESSORS = 256 };

/* those that a process may run on, of which 256 are enough */
struct processors {
    int busy;                    /* how many it may keep busy: all, or fewer where a control group has a quota of time */
    int count;                   /* 0 where the system does not tell which */
    int16_t at[MOST_PROCESSORS]; /* their numbers: the first of every core, then the second; those of a socket and an L3 together */
    int16_t socket[MOST_PROCESSORS]; /* of each of them, from 0 */
    int sockets;
#if defined(__linux__)
    cpu_set_t set;
#endif
};

/* Where one of several threads that compute beside each other is at home: places in `at`. */
struct home {
    int from, to;                           /* its sockets, the last one excluded */
    int own;                                /* where there is no worker, so that it has room */
    uint64_t workers[MOST_PROCESSORS / 64]; /* a bit for each place whose worker it may use */
};

/*
 * The home of part 0 <= part < parts is some of the sockets, or one that it shares with other parts. Returns 0 where there is one socket, or
 * no place for each part.
 */
int home_of(const struct processors *p, int part, int parts, struct home *home);

/* `root` is "", or for tests a folder that stands for the root of the file system. */
#if defined(__linux__)
struct processors read_processors(const char *root, const cpu_set_t *allowed);
#endif

/* what the system says of its processors: a line of root/folder/file, or an empty one */
enum { LINE_MOST = 1024 };
void read_line(char line[LINE_MOST], const char *root, const char *folder, const char *file);

/* The next range of a list such as 0-3,8; returns 0 where there is none. */
int next_range(const char **list, long *first, long *last);

/* Those of this process, read once: of its first thread, because the thread that asks may be pinned to one of them. */
const struct processors *fathom_processors(void);

#endif
