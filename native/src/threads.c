/*
 * The thread pool: fathom_parallel runs fn(context, part, parts) for every part on the caller and on workers.
 *
 * A worker owns one cache line with its state and its job, so that handing work over moves one line. It spins for at most
 * 50 us after its last job and then sleeps on its state word. A caller that is done with its own share takes back the shares
 * that no worker has begun: a region that meets sleeping or descheduled workers lasts no longer than on one thread. Workers are
 * started when a region first wants them and never end: a smaller pool leaves the others asleep. Nothing here calls malloc but
 * the start of a thread.
 *
 * fathom_gang is for work whose threads wait for each other. It takes back nothing once it has begun: its members are the workers
 * that have come by then, and whoever comes later is sent away.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

enum { MOST_THREADS = 256 };

enum {
    SPINS = 32,          /* looks at a word between two looks at the clock */
    SPIN_NANOS = 50000,  /* a worker without work spins so long, then sleeps; so does a caller whose worker is late, */
    YIELD_NANOS = 500000, /* but it offers its processor for so long before it sleeps */
    FORCED_NANOS = 1000000000 /* a gang of a forced number of members waits so long for them */
};

/* Smaller parts are not worth a worker: measured, one awake costs 0.2 us, one asleep 2 us and comes 50 us late. */
static const double NANOS_PER_PART_ASLEEP = 10000, NANOS_PER_PART_AWAKE = 2000;

/*
 * IDLE -> POSTED (caller) -> RUNNING (worker) -> IDLE (worker), or POSTED -> IDLE (caller takes the job back).
 * IDLE -> ASLEEP (worker) -> POSTED (caller, who wakes it).
 * RUNNING -> AWAITED (caller, about to sleep) -> IDLE (worker, who wakes it).
 * Before it is started a worker counts as asleep.
 */
enum { ASLEEP, IDLE, POSTED, RUNNING, AWAITED };

/* The numbers of fathom_pool_counter. */
enum { REGIONS, PARTS, WAKES, ALONE, COUNTERS };

struct worker {
    _Alignas(128) atomic_uint state;
    part_fn fn;
    void *context;
    int64_t from, to, parts;
    pthread_t thread;
    int avoids;     /* 1 + the processor it keeps off, 0 for none */
    atomic_int cpu; /* where it began its last job */
};

static struct worker workers[MOST_THREADS]; /* [0] stands for the caller and stays unused */
static atomic_int threads;                  /* 0: one a processor */
static _Thread_local int32_t thread_cap, forced_parts;
static _Alignas(128) atomic_int busy; /* a region is running */
static int64_t started;               /* workers that exist; touched by the region's caller alone */
static _Alignas(128) atomic_llong counters[COUNTERS];

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

static void count(int which, int64_t n) { atomic_fetch_add_explicit(&counters[which], n, memory_order_relaxed); }

/* ---- size ---- */

/*
 * The processors that this process may run on: containers and taskset narrow them. They are those of its first thread, because the
 * thread that asks may be pinned to one of them.
 */
#if defined(__linux__)
static cpu_set_t allowed;
#endif
static int processor_count;

static void count_processors(void) {
    int n = 0;
#if defined(__linux__)
    if (!sched_getaffinity(getpid(), sizeof allowed, &allowed)) n = CPU_COUNT(&allowed);
#endif
    if (n < 1) n = (int)sysconf(_SC_NPROCESSORS_ONLN);
    processor_count = n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : n;
}

static int processors(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, count_processors);
    return processor_count;
}

void fathom_set_threads(int32_t n) {
    atomic_store_explicit(&threads, n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : n, memory_order_relaxed);
}

int32_t fathom_threads(void) {
    int n = atomic_load_explicit(&threads, memory_order_relaxed);
    return n ? n : processors();
}

void fathom_cap_threads(int32_t n) { thread_cap = n; }

void fathom_force_parts(int32_t n) { forced_parts = n; }

static int64_t limit(void) {
    int64_t n = fathom_threads();
    return thread_cap > 0 && thread_cap < n ? thread_cap : n;
}

/* A pool with more threads than processors does not spin: another of its threads has work for the processor. */
static int64_t spin_nanos(void) { return fathom_threads() > processors() ? 0 : SPIN_NANOS; }

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

/* ---- workers ---- */

static int move(struct worker *w, unsigned from, unsigned to) {
    return atomic_compare_exchange_strong_explicit(&w->state, &from, to, memory_order_acquire, memory_order_relaxed);
}

static void run_range(part_fn fn, void *context, int64_t from, int64_t to, int64_t parts) {
    for (int64_t part = from; part < to; part++) fn(context, part, parts);
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
        if (!until) until = time + spin_nanos(); /* no sched_yield: a compiling JVM would take the processor for milliseconds */
        if (time >= until) move(w, IDLE, ASLEEP);
    }
}

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
    for (;;) {
        await_job(w);
        atomic_store_explicit(&w->cpu, processor_here(), memory_order_relaxed);
        run_range(w->fn, w->context, w->from, w->to, w->parts);
        if (atomic_exchange_explicit(&w->state, IDLE, memory_order_release) == AWAITED) wake(&w->state);
    }
    return NULL;
}

/* The forked child has none of the workers, and the region of another thread will never end there. */
static void forget_workers(void) {
    started = 0;
    for (int i = 0; i < MOST_THREADS; i++) {
        atomic_store(&workers[i].state, ASLEEP);
        workers[i].avoids = 0;
    }
    atomic_store(&busy, 0);
}

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static void watch_forks(void) { pthread_atfork(NULL, NULL, forget_workers); }

/* Signals stay with the threads of the host (a JVM uses several), but for those a fault raises, which it reports. */
static int start_worker(int64_t index) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    sigset_t blocked, before;
    pthread_attr_t detached;
    pthread_once(&fork_once, watch_forks);
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&blocked, faults[i]);
    if (pthread_attr_init(&detached)) return 0;
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int failed = pthread_create(&workers[index].thread, &detached, work, &workers[index]);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
    return !failed;
}

/* ---- regions ---- */

/* Nobody waits for the pool: a caller who finds it busy works alone, and so does a region inside a region. */
static int enter(void) {
    return !atomic_load_explicit(&busy, memory_order_relaxed) && !atomic_exchange_explicit(&busy, 1, memory_order_acquire);
}

static void leave(void) { atomic_store_explicit(&busy, 0, memory_order_release); }

/*
 * The kernel likes to wake a thread on the processor of its waker, where it then queues behind the caller, for milliseconds: measured,
 * whole bursts of regions ran on one of two idle processors. So a worker about to be woken is kept off the caller's processor, and so
 * is one that the caller has moved to.
 */
static void keep_off(struct worker *w, int here) {
#if defined(__linux__)
    if (here < 0 || here >= CPU_SETSIZE || w->avoids == here + 1 || processors() < 2) return;
    cpu_set_t others = allowed;
    CPU_CLR(here, &others);
    if (CPU_COUNT(&others) && !pthread_setaffinity_np(w->thread, sizeof others, &others)) w->avoids = here + 1;
#else
    (void)w, (void)here;
#endif
}

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

/* At most `team` threads that exist, the caller among them. */
static int64_t assemble(int64_t team) {
    while (started < team - 1 && start_worker(started + 1)) started++;
    return team > started + 1 ? started + 1 : team;
}

/* Gives a job to a worker; whether it had to be woken. */
static int post(struct worker *w, part_fn fn, void *context, int64_t from, int64_t to, int64_t parts, int here) {
    w->fn = fn;
    w->context = context;
    w->from = from;
    w->to = to;
    w->parts = parts;
    if (atomic_load_explicit(&w->state, memory_order_relaxed) == ASLEEP ||
        atomic_load_explicit(&w->cpu, memory_order_relaxed) == here)
        keep_off(w, here);
    int slept = atomic_exchange_explicit(&w->state, POSTED, memory_order_release) == ASLEEP;
    if (slept) wake(&w->state);
    return slept;
}

/* Whether the worker had not begun its job, which is nobody's now. */
static int take_back(struct worker *w) {
    return atomic_load_explicit(&w->state, memory_order_relaxed) == POSTED && move(w, POSTED, IDLE);
}

/* The end of a region: all workers are done, of whose parts so many were run by them. */
static void disperse(int64_t team, int64_t parts, int64_t wakes) {
    for (int64_t i = 1; i < team; i++) await_end(&workers[i]);
    if (parts) {
        count(REGIONS, 1);
        count(PARTS, parts);
    }
    if (wakes) count(WAKES, wakes);
    leave();
}

void fathom_parallel(part_fn fn, void *context, int64_t parts) {
    int64_t team = limit() < parts ? limit() : parts;
    if (team <= 1 || !enter()) {
        if (team > 1) count(ALONE, 1);
        run_range(fn, context, 0, parts, parts);
        return;
    }
    team = assemble(team);

    int64_t wakes = 0, own = parts / team;
    int here = processor_here();
    for (int64_t i = 1; i < team; i++)
        wakes += post(&workers[i], fn, context, parts * i / team, parts * (i + 1) / team, parts, here);
    run_range(fn, context, 0, own, parts);
    for (int64_t i = team - 1; i > 0; i--) {
        struct worker *w = &workers[i];
        if (take_back(w)) {
            run_range(fn, context, w->from, w->to, parts);
            own += w->to - w->from;
        }
    }
    disperse(team, parts - own, wakes);
}

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
    int64_t team = fathom_parts(nanos, most < GANG_MOST ? most : GANG_MOST), fit = forced_parts > 0 ? limit() : processors();
    if (team > fit) team = fit;
    if (team <= 1 || !enter()) {
        if (team > 1) count(ALONE, 1);
        atomic_init(&g.gate, CLOSED);
        fn(context, 0, 1, &g);
        return;
    }
    team = assemble(team);
    g.fn = fn;
    g.context = context;
    atomic_init(&g.gate, 0);
    for (int64_t i = 0; i < team; i++) atomic_init(&g.at[i].meetings, 0);
    int64_t wakes = 0, patience = forced_parts > 0 ? FORCED_NANOS : (int64_t)fmin(nanos / 8, SPIN_NANOS);
    int here = processor_here();
    for (int64_t i = 1; i < team; i++) wakes += post(&workers[i], join, &g, i, i + 1, team, here);
    int64_t joined = close_gate(&g, (unsigned)(team - 1), patience);
    for (int64_t i = 1; i < team; i++) take_back(&workers[i]);
    fn(context, 0, joined + 1, &g);
    disperse(team, joined, wakes);
}

/* min(nanos / each, most), safe for any nanos */
static int64_t worth(double nanos, double each, int64_t most) { return nanos / each < most ? (int64_t)(nanos / each) : most; }

int64_t fathom_parts(double nanos, int64_t most) {
    if (forced_parts > 0) return most < 1 ? 1 : most < forced_parts ? most : forced_parts;
    if (nanos < 2 * NANOS_PER_PART_AWAKE) return 1;
    most = limit() < most ? limit() : most;
    int64_t parts = worth(nanos, NANOS_PER_PART_ASLEEP, most), if_awake = worth(nanos, NANOS_PER_PART_AWAKE, most);
    if (parts < 1) parts = 1;
    while (parts < if_awake && atomic_load_explicit(&workers[parts].state, memory_order_relaxed) != ASLEEP) parts++;
    if (parts > 1 && atomic_load_explicit(&busy, memory_order_relaxed)) {
        count(ALONE, 1);
        return 1;
    }
    return parts;
}

int64_t fathom_pool_counter(int32_t which) {
    return which >= 0 && which < COUNTERS ? atomic_load_explicit(&counters[which], memory_order_relaxed) : -1;
}
