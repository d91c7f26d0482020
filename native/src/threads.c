/*
 * The thread pool: fathom_parallel runs fn(context, part, parts) for every part on the caller and on workers.
 *
 * A region's members are its caller, number 0, and the workers that it has claimed. Each has a range of parts: it takes them from the
 * front, and whoever is done takes what others have left from the back, so that a region lasts no longer than it must where a
 * worker sleeps or has lost its processor. A member hands the ranges of those behind it to two of them, who pass them on: the work
 * of many sleepers to be woken is shared by those who wake.
 *
 * A worker owns one cache line with its state, its job and its range, so that handing work over moves one line. It spins for at most
 * 50 us after its last job and then sleeps on its state word. Workers are started when a region first wants them and never end: a
 * smaller pool leaves the others asleep. Nothing here calls malloc but the start of a thread and the first look at the processors.
 *
 * fathom_gang is for work whose threads wait for each other. Nobody takes a member's work once it has begun: its members are the
 * workers that have come by then, and whoever comes later is sent away.
 */
#define _GNU_SOURCE
#include "internal.h"
#include "processors.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

enum { MOST_THREADS = MOST_PROCESSORS };

enum {
    SPINS = 32,          /* looks at a word between two looks at the clock */
    SPIN_NANOS = 50000,  /* a worker without work spins so long, then sleeps; so does a caller whose worker is late, */
    YIELD_NANOS = 500000, /* but it offers its processor for so long before it sleeps */
    FORCED_NANOS = 1000000000 /* a gang of a forced number of members waits so long for them */
};

/* Smaller parts are not worth a worker: measured, one awake costs 0.2 us, one asleep 2 us and comes 50 us late. */
static const double NANOS_PER_PART_ASLEEP = 10000, NANOS_PER_PART_AWAKE = 2000;

/* Floats of a worker's own memory: it grows by so many, and more than so many are given back after the region. */
enum { OWN_UNIT = 1 << 14, OWN_KEPT = 1 << 22 };

/* Of more parts for each thread, none is smaller than so many nanoseconds. */
enum { PARTS_PER_THREAD = 4, NANOS_PER_SPARE_PART = 50000 };

/*
 * IDLE -> POSTED (who hands it a job) -> RUNNING (worker) -> IDLE (worker), or POSTED -> IDLE (caller takes the job back).
 * IDLE -> ASLEEP (worker) -> POSTED (who hands it a job, and wakes it).
 * RUNNING -> AWAITED (caller, about to sleep) -> IDLE (worker, who wakes it).
 * Before it is started a worker counts as asleep.
 */
enum { ASLEEP, IDLE, POSTED, RUNNING, AWAITED };

/* The numbers of fathom_pool_counter. */
enum { REGIONS, PARTS, WAKES, ALONE, COUNTERS };

/* parts that nobody has taken: the first in the low half, the end in the high half */
typedef atomic_ullong range;

struct job {
    part_fn fn;
    void *context;
    int64_t parts;
    struct region *region;
    int16_t team, member, end; /* the worker's own number; it hands on the ranges of those before `end` */
};

struct worker {
    _Alignas(128) atomic_uint state;
    atomic_int cpu; /* where it began its last job */
    range left;
    struct job job;
    float *own; /* memory for the parts that it runs */
    /* the rest belongs to whoever has claimed the worker */
    _Alignas(64) int64_t own_floats;
    pthread_t thread;
    int exists, placed; /* placed: it has a processor of its own; else */
    int avoids;         /* 1 + the processor that it keeps off, or 0 */
};

struct region {
    range left; /* of the caller */
    int64_t team;
    atomic_int drained; /* nobody has left anything */
    uint8_t worker[MOST_THREADS]; /* of a member */
};

static struct worker workers[MOST_THREADS]; /* [0] stands for the caller and stays unused */
static _Alignas(128) atomic_ullong claimed[MOST_THREADS / 64]; /* a bit a worker */
static _Alignas(128) atomic_int callers;                       /* threads that are inside fathom_run */
static _Alignas(128) atomic_int threads;                       /* 0: one a processor */
static _Thread_local int32_t thread_cap, forced_parts;
static _Thread_local int inside; /* this thread is in a region of several */
static _Thread_local float *own; /* what fathom_own gives */

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int processor_here(void) {
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Counters in several lines, one of which a thread uses: many callers that find the pool busy share none. */
enum { STRIPES = 16 };
static struct {
    _Alignas(128) atomic_llong counter[COUNTERS];
} stripes[STRIPES];

static void count(int which, int64_t n) {
    static atomic_uint next;
    static _Thread_local unsigned stripe; /* 1 + its number */
    if (!stripe) stripe = 1 + atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % STRIPES;
    atomic_fetch_add_explicit(&stripes[stripe - 1].counter[which], n, memory_order_relaxed);
}

int64_t fathom_pool_counter(int32_t which) {
    int64_t sum = 0;
    if (which < 0 || which >= COUNTERS) return -1;
    for (int i = 0; i < STRIPES; i++) sum += atomic_load_explicit(&stripes[i].counter[which], memory_order_relaxed);
    return sum;
}

/* ---- size ---- */

static int processors(void) { return fathom_processors()->busy; }

void fathom_set_threads(int32_t n) {
    atomic_store_explicit(&threads, n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : n, memory_order_relaxed);
}

int32_t fathom_threads(void) {
    int n = atomic_load_explicit(&threads, memory_order_relaxed);
    return n ? n : processors();
}

void fathom_cap_threads(int32_t n) { thread_cap = n; }

void fathom_force_parts(int32_t n) { forced_parts = n; }

void fathom_count_caller(int by) { atomic_fetch_add_explicit(&callers, by, memory_order_relaxed); }

static int64_t limit(void) {
    int64_t n = fathom_threads();
    return thread_cap > 0 && thread_cap < n ? thread_cap : n;
}

/* Callers that compute at the same time share the threads. */
static int64_t fair_share(void) {
    int64_t n = limit(), here = atomic_load_explicit(&callers, memory_order_relaxed);
    if (here <= 1) return n;
    int64_t share = fathom_threads() / here;
    return share < 1 ? 1 : share < n ? share : n;
}

/* A pool with more threads than processors does not spin: another of its threads has work for the processor. */
static int64_t spin_nanos(void) { return fathom_threads() > processors() ? 0 : SPIN_NANOS; }

/* Nor does a worker whose processor one of several callers may want. */
static int64_t worker_spin_nanos(const struct worker *w) {
    int others = atomic_load_explicit(&callers, memory_order_relaxed) - 1;
    return w - workers + (others > 0 ? others : 0) >= processors() ? 0 : spin_nanos();
}

/* ---- sleeping until a word changes; may also return early ---- */

#if defined(__linux__)
static void sleep_while(atomic_uint *word, unsigned value) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(atomic_uint *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }
#else
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t sleepers = PTHREAD_COND_INITIALIZER;

static void sleep_while(atomic_uint *word, unsigned value) {
    pthread_mutex_lock(&sleep_lock);
    if (atomic_load(word) == value) pthread_cond_wait(&sleepers, &sleep_lock);
    pthread_mutex_unlock(&sleep_lock);
}

static void wake(atomic_uint *word) {
    (void)word;
    pthread_mutex_lock(&sleep_lock);
    pthread_cond_broadcast(&sleepers);
    pthread_mutex_unlock(&sleep_lock);
}
#endif

/* ---- homes: where this thread computes beside others, each on a socket ---- */

static _Thread_local struct {
    int part, parts; /* 0: it is anywhere */
    int place;       /* a processor of its socket without a worker */
    struct home home;
#if defined(__linux__)
    cpu_set_t before;
#endif
} settled;

#if defined(__linux__)
int32_t fathom_settle(int32_t part, int32_t parts) {
    const struct processors *p = fathom_processors();
    cpu_set_t socket;
    if (parts > 0 && settled.parts == parts && settled.part == part) return 1;
    if (settled.parts) sched_setaffinity(0, sizeof settled.before, &settled.before);
    settled.parts = 0;
    if (part < 0 || part >= parts || fathom_threads() < p->count || !home_of(p, part, parts, &settled.home)) return 0;
    CPU_ZERO(&socket);
    for (int i = 0; i < p->count; i++)
        if (p->socket[i] >= settled.home.from && p->socket[i] < settled.home.to) CPU_SET((size_t)p->at[i], &socket);
    if (sched_getaffinity(0, sizeof settled.before, &settled.before) || sched_setaffinity(0, sizeof socket, &socket)) return 0;
    settled.part = part, settled.parts = parts, settled.place = p->at[settled.home.own];
    return 1;
}
#else
int32_t fathom_settle(int32_t part, int32_t parts) {
    (void)part, (void)parts;
    return 0;
}
#endif

/* ---- places: where there is a thread for every processor, each worker has one of its own ---- */

#if defined(__linux__)
static atomic_flag places_taken = ATOMIC_FLAG_INIT;
static atomic_short worker_at[CPU_SETSIZE]; /* the worker whose place this processor is, or 0 */
static int callers_place = -1;

static int keep_on(struct worker *w, int processor) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)processor, &one);
    if (pthread_setaffinity_np(w->thread, sizeof one, &one)) return 0;
    atomic_store_explicit(&worker_at[processor], (short)(w - workers), memory_order_relaxed);
    return 1;
}

/* A pool that leaves processors free is placed by the system: other processes have such pools, too. */
static void give_place(struct worker *w) {
    const struct processors *p = fathom_processors();
    w->placed = 0;
    if (p->count < 2 || fathom_threads() < p->count || w - workers >= p->count) return;
    while (atomic_flag_test_and_set_explicit(&places_taken, memory_order_acquire)) relax();
    if (callers_place < 0) callers_place = p->at[0];
    w->placed = keep_on(w, p->at[w - workers]);
    atomic_flag_clear_explicit(&places_taken, memory_order_release);
}

/*
 * A caller that has moved to the place of one of its workers changes places with it. The system would have the two share the processor,
 * for milliseconds: measured, whole bursts of regions ran on one of two idle processors.
 */
static void change_places(const struct region *r, int here) {
    int id = here >= 0 && here < CPU_SETSIZE ? atomic_load_explicit(&worker_at[here], memory_order_relaxed) : 0;
    if (!id || !memchr(r->worker + 1, id, (size_t)r->team - 1)) return;
    if (atomic_flag_test_and_set_explicit(&places_taken, memory_order_acquire)) return;
    int *mine = settled.parts ? &settled.place : &callers_place;
    if (atomic_load_explicit(&worker_at[here], memory_order_relaxed) == id && keep_on(&workers[id], *mine)) {
        atomic_store_explicit(&worker_at[here], 0, memory_order_relaxed);
        *mine = here;
    }
    atomic_flag_clear_explicit(&places_taken, memory_order_release);
}

/* One without a place of its own is kept off the processor of whoever wakes it, where the system likes to wake it. */
static void keep_off(struct worker *w, int here) {
    const struct processors *p = fathom_processors();
    if (w->placed || w->avoids == here + 1 || here < 0 || here >= CPU_SETSIZE || w - workers >= p->count) return;
    cpu_set_t others = p->set;
    CPU_CLR((size_t)here, &others);
    if (CPU_COUNT(&others) && !pthread_setaffinity_np(w->thread, sizeof others, &others)) w->avoids = here + 1;
}

static void free_places(void) {
    for (int i = 0; i < CPU_SETSIZE; i++) atomic_store(&worker_at[i], 0);
    callers_place = -1;
    atomic_flag_clear(&places_taken);
}
#else
static void give_place(struct worker *w) { (void)w; }
static void change_places(const struct region *r, int here) { (void)r, (void)here; }
static void keep_off(struct worker *w, int here) { (void)w, (void)here; }
static void free_places(void) {}
#endif

/* ---- workers ---- */

static int move(struct worker *w, unsigned from, unsigned to) {
    return atomic_compare_exchange_strong_explicit(&w->state, &from, to, memory_order_acquire, memory_order_relaxed);
}

/* Returns once the worker has claimed a job. */
static void await_job(struct worker *w) {
    for (int64_t until = 0;;) {
        for (int i = 0; i < SPINS; i++) {
            unsigned state = atomic_load_explicit(&w->state, memory_order_relaxed);
            if (state == POSTED && move(w, POSTED, RUNNING)) return;
            if (state == ASLEEP) {
                sleep_while(&w->state, ASLEEP);
                until = 0;
            } else {
                relax();
            }
        }
        int64_t time = now();
        if (!until) until = time + worker_spin_nanos(w); /* no sched_yield: a compiling JVM would take the processor for milliseconds */
        if (time >= until) move(w, IDLE, ASLEEP);
    }
}

static void run_job(struct worker *w);

static void *work(void *at) {
    struct worker *w = at;
    char name[16];
    set_arithmetic(KERNEL_ARITHMETIC); /* a thread begins with what its creator had */
    snprintf(name, sizeof name, "fathom-%d", (int)(w - workers));
#if defined(__linux__)
    pthread_setname_np(pthread_self(), name);
#elif defined(__APPLE__)
    pthread_setname_np(name);
#endif
    inside = 1;
    for (;;) {
        await_job(w);
        run_job(w);
        if (atomic_exchange_explicit(&w->state, IDLE, memory_order_release) == AWAITED) wake(&w->state);
    }
    return NULL;
}

/* The forked child has none of the workers, and the region of another thread will never end there. */
static void forget_workers(void) {
    for (int i = 0; i < MOST_THREADS; i++) {
        atomic_store(&workers[i].state, ASLEEP);
        atomic_store(&workers[i].left, 0);
        workers[i].exists = workers[i].avoids = 0;
    }
    for (int i = 0; i < MOST_THREADS / 64; i++) atomic_store(&claimed[i], 0);
    atomic_store(&callers, 0);
    free_places();
}

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static void watch_forks(void) { pthread_atfork(NULL, NULL, forget_workers); }

/* Signals stay with the threads of the host (a JVM uses several), but for those a fault raises, which it reports. */
static int start_worker(struct worker *w) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    sigset_t blocked, before;
    pthread_attr_t detached;
    pthread_once(&fork_once, watch_forks);
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&blocked, faults[i]);
    if (pthread_attr_init(&detached)) return 0;
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int failed = pthread_create(&w->thread, &detached, work, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
    if (failed) return 0;
    w->exists = 1;
    give_place(w);
    return 1;
}

/* ---- ranges ---- */

static int64_t first_of(uint64_t r) { return (uint32_t)r; }
static int64_t end_of(uint64_t r) { return (int64_t)(r >> 32); }
static uint64_t range_of(int64_t from, int64_t end) { return (uint64_t)end << 32 | (uint64_t)from; }

/* the first part that is left, or the last, or -1 */
static int64_t take(range *left, int last) {
    unsigned long long seen = atomic_load_explicit(left, memory_order_relaxed);
    while (first_of(seen) < end_of(seen)) {
        int64_t part = last ? end_of(seen) - 1 : first_of(seen);
        uint64_t rest = last ? range_of(first_of(seen), part) : range_of(part + 1, end_of(seen));
        if (atomic_compare_exchange_weak_explicit(left, &seen, rest, memory_order_relaxed, memory_order_relaxed)) return part;
    }
    return -1;
}

/* Runs what is left of a range; how many parts. */
static int64_t run_left(const struct job *job, range *left) {
    int64_t ran = 0;
    for (int64_t part; (part = take(left, 0)) >= 0; ran++) job->fn(job->context, part, job->parts);
    return ran;
}

/* Runs what others have left; how many parts. */
static int64_t steal(const struct job *job) {
    struct region *r = job->region;
    int64_t ran = 0, of = job->member;
    for (int64_t misses = 0; misses < job->team && !atomic_load_explicit(&r->drained, memory_order_relaxed);) {
        int64_t part = take(of ? &workers[r->worker[of]].left : &r->left, 1);
        if (part < 0) {
            misses++, of = (of + 1) % job->team;
        } else {
            job->fn(job->context, part, job->parts);
            misses = 0, ran++;
        }
    }
    atomic_store_explicit(&r->drained, 1, memory_order_relaxed);
    return ran;
}

/* Gives parts to a worker that will be members member .. end; others may take them before it has started. */
static void fill(struct worker *w, const struct job *job, int64_t member, int64_t end, int64_t from, int64_t to) {
    w->job = *job;
    w->job.member = (int16_t)member, w->job.end = (int16_t)end;
    atomic_store_explicit(&w->left, range_of(from, to), memory_order_relaxed);
}

static void start(struct worker *w, int here) {
    if (atomic_load_explicit(&w->state, memory_order_relaxed) == ASLEEP ||
        atomic_load_explicit(&w->cpu, memory_order_relaxed) == here)
        keep_off(w, here);
    if (atomic_exchange_explicit(&w->state, POSTED, memory_order_release) != ASLEEP) return;
    wake(&w->state);
    count(WAKES, 1);
}

/*
 * A member keeps its share of the range, and hands the rest to the two who are first in each half of those behind it. Both have their parts
 * before either starts, because a thief takes parts that are in no range for done.
 */
static void hand_on(const struct job *job, range *left, int here) {
    int64_t next = job->member + 1, middle = next + (job->end - job->member) / 2;
    if (next == job->end) return;
    unsigned long long all = atomic_load_explicit(left, memory_order_relaxed);
    int64_t from, cut, end;
    do { /* others may be taking the last of it */
        end = end_of(all);
        from = job->parts * next / job->team, cut = job->parts * middle / job->team;
        if (from > end) from = end;
        if (cut > end) cut = end;
    } while (!atomic_compare_exchange_weak_explicit(left, &all, range_of(first_of(all), from), memory_order_relaxed,
                                                    memory_order_relaxed));
    const uint8_t *id = job->region->worker;
    struct worker *first = from < cut ? &workers[id[next]] : 0, *second = cut < end ? &workers[id[middle]] : 0;
    if (first) fill(first, job, next, middle, from, cut);
    if (second) fill(second, job, middle, job->end, cut, end);
    if (first) start(first, here);
    if (second) start(second, here);
}

static void run_job(struct worker *w) {
    const struct job job = w->job;
    int here = processor_here();
    atomic_store_explicit(&w->cpu, here, memory_order_relaxed);
    own = w->own;
    hand_on(&job, &w->left, here);
    run_left(&job, &w->left);
    if (job.region && job.parts > job.team) steal(&job); /* else the caller takes what a late worker has not begun */
}

/* ---- regions ---- */

/* Returns once the worker is done with its job. */
static void await_end(struct worker *w) {
    for (int64_t since = 0;;) {
        for (int i = 0; i < SPINS; i++) {
            unsigned state = atomic_load_explicit(&w->state, memory_order_acquire);
            if (state != RUNNING && state != AWAITED) return;
            relax();
        }
        if (!since) since = now();
        int64_t late = now() - since - spin_nanos();
        if (late < 0) continue;
        if (late < YIELD_NANOS) {
            sched_yield();
        } else {
            move(w, RUNNING, AWAITED);
            sleep_while(&w->state, AWAITED);
        }
    }
}

/* Whether the worker had not begun its job, which is nobody's now. */
static int take_back(struct worker *w) {
    return atomic_load_explicit(&w->state, memory_order_relaxed) == POSTED && move(w, POSTED, IDLE);
}

/* Gives a worker so many floats of its own; whether there are. */
static int resize_own(struct worker *w, int64_t floats) {
    if (w->own) fathom_unmap((int64_t)(intptr_t)w->own, w->own_floats * 4);
    w->own = floats ? (float *)(intptr_t)fathom_map(floats * 4, 1) : 0;
    w->own_floats = w->own ? floats : 0;
    return w->own != 0;
}

/* Ends the membership of members `from` and later. */
static void dismiss(struct region *r, int64_t from) {
    for (int64_t i = from; i < r->team; i++) {
        int id = r->worker[i];
        if (workers[id].own_floats > OWN_KEPT) resize_own(&workers[id], 0);
        atomic_fetch_and_explicit(&claimed[id / 64], ~(1ull << id % 64), memory_order_release);
    }
    r->team = from;
}

/* Claims workers that are in no region until the team has `most` members. */
static void claim(struct region *r, int64_t most) {
    int64_t pool = fathom_threads();
    r->team = 1;
    for (int64_t first = 0; first < pool && r->team < most; first += 64) {
        uint64_t eligible = pool - first >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (pool - first)) - 1, free, wanted;
        if (first == 0) eligible &= ~UINT64_C(1);
        if (settled.parts) eligible &= settled.home.workers[first / 64];
        unsigned long long seen = atomic_load_explicit(&claimed[first / 64], memory_order_relaxed);
        do {
            free = eligible & ~seen, wanted = 0;
            for (int64_t n = r->team; n < most && free; n++, free &= free - 1) wanted |= free & -free;
        } while (wanted && !atomic_compare_exchange_weak_explicit(&claimed[first / 64], &seen, seen | wanted, memory_order_acquire,
                                                                  memory_order_relaxed));
        for (; wanted; wanted &= wanted - 1) r->worker[r->team++] = (uint8_t)(first + __builtin_ctzll(wanted));
    }
}

/* whether the thread and so many floats of its own are there */
static int is_ready(struct worker *w, int64_t floats) {
    if (!w->exists && !start_worker(w)) return 0;
    return floats <= w->own_floats || resize_own(w, (floats + OWN_UNIT - 1) / OWN_UNIT * OWN_UNIT);
}

/*
 * The members of a region of at most so many. Nobody waits for workers: a caller that finds none, or as many callers as threads, works
 * alone, and so does a region inside a region.
 */
static int64_t assemble(struct region *r, int64_t most, int64_t floats) {
    int64_t team = limit() < most ? limit() : most;
    r->team = 1;
    if (team <= 1) return 1;
    int64_t share = fair_share();
    if (!inside) claim(r, share < team ? share : team);
    for (int64_t i = 1; i < r->team; i++)
        if (!is_ready(&workers[r->worker[i]], floats)) dismiss(r, i);
    if (r->team == 1) count(ALONE, 1);
    return r->team;
}

/* The end of a region, whose workers have run so many parts. */
static void disperse(struct region *r, int64_t parts) {
    dismiss(r, 1);
    if (!parts) return;
    count(REGIONS, 1);
    count(PARTS, parts);
}

static void run_region(const struct job *job) {
    struct region *r = job->region;
    int here = processor_here();
    atomic_init(&r->left, range_of(0, job->parts));
    atomic_init(&r->drained, 0);
    inside = 1;
    change_places(r, here);
    hand_on(job, &r->left, here);
    int64_t ran = run_left(job, &r->left) + steal(job);
    for (int64_t i = 1; i < job->team; i++) { /* whoever is handed work comes behind who hands it on */
        struct worker *w = &workers[r->worker[i]];
        if (take_back(w)) ran += run_left(job, &w->left);
        else await_end(w);
    }
    inside = 0;
    disperse(r, job->parts - ran);
}

void fathom_parallel_with(part_fn fn, void *context, int64_t parts, float *scratch, int64_t floats) {
    struct region r; /* its many workers are not cleared */
    int64_t team = parts > 1 && parts <= INT32_MAX ? assemble(&r, parts, floats) : 1;
    float *outer = own;
    own = scratch;
    if (team > 1) run_region(&(struct job){fn, context, parts, &r, (int16_t)team, 0, (int16_t)team});
    else
        for (int64_t part = 0; part < parts; part++) fn(context, part, parts);
    own = outer;
}

void fathom_parallel(part_fn fn, void *context, int64_t parts) { fathom_parallel_with(fn, context, parts, own, 0); }

float *fathom_own(void) { return own; }

/* ---- gangs ---- */

/* Workers join while the gate is open; closed, it tells how many have. Each member counts its meetings in a line of its own. */
enum { CLOSED = 1 << 30 };
struct gang {
    _Alignas(128) atomic_uint gate;
    member_fn fn;
    void *context;
    struct {
        _Alignas(128) atomic_uint meetings;
    } at[GANG_MOST];
};

/* between two looks at a word that another member is about to change: after a while the processor is offered to whoever wants it */
struct patience {
    unsigned looks;
    int64_t since;
};
static void be_patient(struct patience *p) {
    relax();
    if (++p->looks % SPINS) return;
    int64_t time = now();
    if (!p->since) p->since = time;
    if (time - p->since >= spin_nanos()) sched_yield();
}

void fathom_meet(struct gang *g, int64_t member) {
    int64_t members = (atomic_load_explicit(&g->gate, memory_order_relaxed) & ~(unsigned)CLOSED) + 1;
    if (members == 1) return;
    unsigned meeting = atomic_load_explicit(&g->at[member].meetings, memory_order_relaxed) + 1;
    atomic_store_explicit(&g->at[member].meetings, meeting, memory_order_release);
    for (int64_t i = 0; i < members; i++) { /* who is one meeting ahead has been at this one, too */
        struct patience p = {0};
        while ((int)(atomic_load_explicit(&g->at[i].meetings, memory_order_acquire) - meeting) < 0) be_patient(&p);
    }
}

static void join(void *context, int64_t part, int64_t parts) {
    struct gang *g = context;
    unsigned gate = atomic_load_explicit(&g->gate, memory_order_acquire);
    struct patience p = {0};
    (void)part, (void)parts;
    do
        if (gate & CLOSED) return;
    while (!atomic_compare_exchange_weak_explicit(&g->gate, &gate, gate + 1, memory_order_acquire, memory_order_acquire));
    int64_t member = gate + 1;
    while (!((gate = atomic_load_explicit(&g->gate, memory_order_acquire)) & CLOSED)) be_patient(&p);
    g->fn(g->context, member, (gate & ~(unsigned)CLOSED) + 1, g);
}

/* Returns when `wanted` workers have joined or the time is up, and how many have. */
static int64_t close_gate(struct gang *g, unsigned wanted, int64_t nanos) {
    int64_t until = 0;
    while (atomic_load_explicit(&g->gate, memory_order_relaxed) < wanted) {
        for (int i = 0; i < SPINS && atomic_load_explicit(&g->gate, memory_order_relaxed) < wanted; i++) relax();
        int64_t time = now();
        if (!until) until = time + nanos;
        if (time >= until) break;
        if (forced_parts) sched_yield();
    }
    return atomic_fetch_or_explicit(&g->gate, CLOSED, memory_order_acq_rel);
}

void fathom_gang(member_fn fn, void *context, double nanos, int64_t most) {
    struct gang g;
    struct region r;
    int64_t team = fathom_team(nanos, most < GANG_MOST ? most : GANG_MOST), fit = forced_parts > 0 ? limit() : processors();
    team = assemble(&r, team < fit ? team : fit, 0);
    if (team == 1) {
        atomic_init(&g.gate, CLOSED);
        fn(context, 0, 1, &g);
        return;
    }
    g.fn = fn;
    g.context = context;
    atomic_init(&g.gate, 0);
    for (int64_t i = 0; i < team; i++) atomic_init(&g.at[i].meetings, 0);
    int64_t patience = forced_parts > 0 ? FORCED_NANOS : (int64_t)fmin(nanos / 8, SPIN_NANOS);
    int here = processor_here();
    inside = 1;
    change_places(&r, here);
    for (int64_t i = 1; i < team; i++) {
        fill(&workers[r.worker[i]], &(struct job){join, &g, team, 0, (int16_t)team, 0, 0}, i, i + 1, i, i + 1);
        start(&workers[r.worker[i]], here);
    }
    int64_t joined = close_gate(&g, (unsigned)(team - 1), patience);
    for (int64_t i = 1; i < team; i++)
        if (take_back(&workers[r.worker[i]])) atomic_store_explicit(&workers[r.worker[i]].left, 0, memory_order_relaxed);
    fn(context, 0, joined + 1, &g);
    for (int64_t i = 1; i < team; i++) await_end(&workers[r.worker[i]]);
    inside = 0;
    disperse(&r, joined);
}

/* ---- how many ---- */

/* min(nanos / each, most), safe for any nanos */
static int64_t worth(double nanos, double each, int64_t most) { return nanos / each < most ? (int64_t)(nanos / each) : most; }

static int64_t idle_workers(void) {
    int64_t pool = fathom_threads(), n = pool - 1;
    for (int64_t first = 0; first < pool; first += 64)
        n -= __builtin_popcountll(atomic_load_explicit(&claimed[first / 64], memory_order_relaxed));
    return n < 0 ? 0 : n;
}

/*
 * As members wake each other two by two, n of them are there after log2 n wakes, and work / n + wake log2 n is least about where a
 * member's share takes as long as a wake.
 */
int64_t fathom_team(double nanos, int64_t most) {
    if (forced_parts > 0) return most < 1 ? 1 : most < forced_parts ? most : forced_parts;
    if (nanos < 2 * NANOS_PER_PART_AWAKE) return 1;
    most = limit() < most ? limit() : most;
    int64_t parts = worth(nanos, NANOS_PER_PART_ASLEEP, most), if_awake = worth(nanos, NANOS_PER_PART_AWAKE, most);
    if (parts < 1) parts = 1;
    while (parts < if_awake && atomic_load_explicit(&workers[parts].state, memory_order_relaxed) != ASLEEP) parts++;
    if (parts == 1) return 1;
    int64_t share = fair_share(), found = inside ? 1 : 1 + idle_workers();
    if (share < found) found = share;
    if (found <= 1) count(ALONE, 1);
    return parts < found ? parts : found;
}

int64_t fathom_parts(double nanos, int64_t most) {
    int64_t team = fathom_team(nanos, most), each;
    if (team < 2 || forced_parts > 0) return team;
    each = worth(nanos / (double)team, NANOS_PER_SPARE_PART, PARTS_PER_THREAD);
    return each < 2 ? team : team * each < most ? team * each : most;
}
