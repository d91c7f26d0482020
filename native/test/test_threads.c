/* The pool: every part once, gangs that meet, from many callers, over and under the number of processors, while it changes size, after a fork. */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void rest(double s) {
    struct timespec t = {(time_t)s, (long)((s - (double)(time_t)s) * 1e9)};
    nanosleep(&t, NULL);
}

enum { REGIONS, PARTS, WAKES, ALONE };
enum { MOST_PARTS = 300 };

/* ---- every part once ---- */

struct tally {
    int64_t parts; /* expected */
    int seen[MOST_PARTS];
};

static void tick(void *context, int64_t part, int64_t parts) {
    struct tally *t = context;
    CHECK(parts == t->parts && part >= 0 && part < parts, "part %lld of %lld", (long long)part, (long long)parts);
    t->seen[part]++;
}

static void check_region(int64_t parts) {
    struct tally t = {.parts = parts};
    fathom_parallel(tick, &t, parts);
    for (int64_t i = 0; i < parts; i++)
        CHECK(t.seen[i] == 1, "part %lld of %lld ran %d times", (long long)i, (long long)parts, t.seen[i]);
}

static void every_part_runs_once(void) {
    static const int64_t parts[] = {0, 1, 2, 3, 4, 7, 16, 100, MOST_PARTS};
    for (int threads = 1; threads <= 9; threads += threads < 4 ? 1 : 5) {
        fathom_set_threads(threads);
        for (int repeat = 0; repeat < 20; repeat++)
            for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) check_region(parts[i]);
    }
    fathom_set_threads(0);
    CHECK(fathom_threads() == 1, "%d threads", fathom_threads());
    fathom_set_threads(1000);
    CHECK(fathom_threads() == 256, "%d threads", fathom_threads());
}

static void ranges_cover_the_whole(void) {
    for (int repeat = 0; repeat < 2000; repeat++) {
        int64_t total = random_below(1000), grain = 1 + random_below(70), parts = 1 + random_below(20), next = 0;
        for (int64_t part = 0; part < parts; part++) {
            int64_t from, to;
            fathom_range(total, grain, part, parts, &from, &to);
            CHECK(from == next && to >= from && (from % grain == 0 || from == total),
                  "[%lld, %lld) after %lld, total %lld, grain %lld", (long long)from, (long long)to, (long long)next,
                  (long long)total, (long long)grain);
            next = to;
        }
        CHECK(next == total, "ends at %lld of %lld", (long long)next, (long long)total);
    }
}

/* ---- a region whose last part certainly runs on a worker: part 0 waits until it has begun ---- */

struct meeting {
    atomic_int begun;
    double lasts; /* seconds of the other parts */
    char name[16];
    sigset_t mask;
    int64_t parts_inside;
};

static void meet(void *context, int64_t part, int64_t parts) {
    struct meeting *m = context;
    if (part == 0) {
        double until = seconds(CLOCK_MONOTONIC) + 10;
        while (!atomic_load(&m->begun) && seconds(CLOCK_MONOTONIC) < until) rest(1e-5);
        m->parts_inside = fathom_parts(1e9, 2);
    } else {
        if (part == parts - 1) {
            pthread_getname_np(pthread_self(), m->name, sizeof m->name);
            pthread_sigmask(SIG_BLOCK, NULL, &m->mask);
            atomic_store(&m->begun, 1);
        }
        if (m->lasts > 0) rest(m->lasts);
    }
}

static void workers_take_part(void) {
    fathom_set_threads(2);
    for (int late = 0; late < 2; late++) {
        struct meeting m = {.lasts = late ? 0.01 : 0};
        rest(0.05);
        int64_t before[4];
        for (int i = 0; i < 4; i++) before[i] = fathom_pool_counter(i);
        fathom_parallel(meet, &m, 2);
        CHECK(atomic_load(&m.begun), "no worker came");
        CHECK(strcmp(m.name, "fathom-1") == 0, "its name is %s", m.name);
        CHECK(sigismember(&m.mask, SIGUSR1) == 1 && sigismember(&m.mask, SIGTERM) == 1, "a worker would take signals");
        CHECK(sigismember(&m.mask, SIGSEGV) == 0, "a worker's fault would go unreported");
        CHECK(m.parts_inside == 1, "%lld parts inside a region", (long long)m.parts_inside);
        for (int i = 0; i < 4; i++) {
            int64_t moved = fathom_pool_counter(i) - before[i];
            CHECK(moved == 1, "counter %d moved by %lld", i, (long long)moved);
        }
    }
    CHECK(fathom_pool_counter(-1) == -1 && fathom_pool_counter(4) == -1, "counters are 0 .. 3");
    sigset_t mine;
    pthread_sigmask(SIG_BLOCK, NULL, &mine);
    CHECK(sigismember(&mine, SIGUSR1) == 0, "starting a worker changed the caller's signals");
}

/* ---- gangs ---- */

enum { MOST_MEMBERS = 16, MEETINGS = 300 };

struct marchers {
    int64_t done[MOST_MEMBERS], members, calls; /* by each, how far it is: read by the others behind a meeting only */
    atomic_int came;
};

static void march(void *context, struct gang *gang, int64_t member, int64_t members) {
    struct marchers *m = context;
    atomic_fetch_add(&m->came, 1);
    if (member == 0) m->members = members, m->calls = fathom_parts(1e9, 2);
    for (int64_t step = 1; step <= MEETINGS; step++) {
        m->done[member] = step;
        fathom_meet(gang);
        for (int64_t other = 0; other < members; other++)
            CHECK(m->done[other] == step, "member %lld of %lld is at %lld, not %lld", (long long)other, (long long)members,
                  (long long)m->done[other], (long long)step);
        fathom_meet(gang);
    }
}

static int64_t check_gang(int64_t most) {
    struct marchers m = {.members = 0};
    fathom_gang(march, &m, most);
    CHECK(m.members >= 1 && m.members <= (most > 1 ? most : 1) && m.members <= fathom_threads(), "%lld of %lld", (long long)m.members, (long long)most);
    CHECK(atomic_load(&m.came) == m.members, "%d ran of %lld", atomic_load(&m.came), (long long)m.members);
    for (int64_t i = 0; i < m.members; i++) CHECK(m.done[i] == MEETINGS, "member %lld met %lld times", (long long)i, (long long)m.done[i]);
    CHECK(m.members == 1 || m.calls == 1, "%lld parts inside a gang", (long long)m.calls);
    return m.members;
}

static void gang_inside(void *context, int64_t part, int64_t parts) {
    (void)parts;
    ((int64_t *)context)[part] = check_gang(4);
}

static void *gang_beside(void *unused) {
    for (int i = 0; i < 50; i++) check_gang(4);
    return unused;
}

static void members_of_a_gang_meet(void) {
    int64_t most = 0, inside[3];
    for (int threads = 1; threads < 8; threads++) {
        fathom_set_threads(threads);
        for (int repeat = 0; repeat < 20; repeat++) {
            int64_t members = check_gang(repeat % 8);
            if (members > most) most = members;
        }
    }
    CHECK(most > 1, "no worker ever joined a gang");
    fathom_parallel(gang_inside, inside, 3);
    for (int i = 0; i < 3; i++) CHECK(inside[i] == 1, "a gang of %lld inside a region", (long long)inside[i]);
    pthread_t other;
    pthread_create(&other, NULL, gang_beside, NULL);
    gang_beside(NULL);
    pthread_join(other, NULL);
    fathom_cap_threads(1);
    CHECK(check_gang(4) == 1, "a capped caller has a gang");
    fathom_cap_threads(0);
}

/* ---- a caller that another library has changed: pinned to one processor, or with an arithmetic of its own ---- */

#if !defined(__SANITIZE_THREAD__) /* which refuses threads after a fork */
static int pin(void) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    return sched_setaffinity(0, sizeof one, &one) == 0 && !sched_getaffinity(0, sizeof one, &one) && CPU_COUNT(&one) == 1;
}

struct roaming {
    atomic_int begun;
    int processors; /* that the worker may run on */
};

static void roam(void *context, int64_t part, int64_t parts) {
    struct roaming *r = context;
    (void)parts;
    if (part == 0) { /* without a rest, which lasts longer than a worker spins */
        double until = seconds(CLOCK_MONOTONIC) + 10;
        while (!atomic_load(&r->begun) && seconds(CLOCK_MONOTONIC) < until) {}
    } else {
        cpu_set_t mine;
        if (!sched_getaffinity(0, sizeof mine, &mine)) r->processors = CPU_COUNT(&mine);
        atomic_store(&r->begun, 1);
    }
}

/* The first calls of a process whose caller is pinned: the count of processors is that of the process, and workers use and await them. */
static void *call_pinned(void *processors) {
    int all = *(int *)processors, spun = 0;
    if (!pin()) {
        printf("a thread cannot be pinned here: SKIPPED that the pool does not follow it\n");
        return NULL;
    }
    CHECK(fathom_threads() == all, "%d threads for a process of %d processors", fathom_threads(), all);
    if (all == 1) {
        printf("one processor: SKIPPED that a pinned caller's pool spins\n");
        return NULL;
    }
    fathom_set_threads(2);
    /* a worker spins after its job: a region that follows at once does not wake it; it may lose its processor, so there are tries */
    for (int tries = 0; tries < 200 && !spun; tries++) {
        struct roaming r = {.processors = 0};
        fathom_parallel(roam, &r, 2);
        CHECK(atomic_load(&r.begun) && r.processors >= all - 1, "a worker may run on %d processors of %d", r.processors, all);
        int64_t wakes = fathom_pool_counter(WAKES), parts = fathom_pool_counter(PARTS);
        struct roaming again = {.processors = 0};
        fathom_parallel(roam, &again, 2);
        spun = fathom_pool_counter(WAKES) == wakes && fathom_pool_counter(PARTS) == parts + 1;
    }
    CHECK(spun, "the worker slept after every region");
    return NULL;
}

/* in a child, since a process counts its processors once */
static void a_pinned_caller_does_not_narrow_the_pool(void) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int processors = processors_here();
        pthread_t thread;
        pthread_create(&thread, NULL, call_pinned, &processors);
        pthread_join(thread, NULL);
        fflush(stdout);
        _exit(check_failures != 0);
    }
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0, "the child ended with %d", status);
}
#else
static void a_pinned_caller_does_not_narrow_the_pool(void) {}
#endif

struct arithmetics {
    atomic_int begun;
    uint64_t worker;
};

static void tell_arithmetic(void *context, int64_t part, int64_t parts) {
    struct arithmetics *a = context;
    (void)parts;
    if (part == 0) {
        double until = seconds(CLOCK_MONOTONIC) + 10;
        while (!atomic_load(&a->begun) && seconds(CLOCK_MONOTONIC) < until) rest(1e-5);
    } else {
        a->worker = arithmetic();
        atomic_store(&a->begun, 1);
    }
}

/* called before anything else starts the worker */
static void workers_do_not_inherit_arithmetic(void) {
    const uint64_t before = arithmetic();
    fathom_set_threads(2);
    set_arithmetic(FOREIGN_ARITHMETIC);
    struct arithmetics a = {.worker = 1};
    fathom_parallel(tell_arithmetic, &a, 2);
    set_arithmetic(before);
    CHECK(atomic_load(&a.begun), "no worker came");
    CHECK((a.worker & ~(uint64_t)ARITHMETIC_FLAGS) == DEFAULT_ARITHMETIC, "a worker computes with %llx", (unsigned long long)a.worker);
}

/* ---- how many parts ---- */

static void *parts_without_cap(void *threads) {
    *(int64_t *)threads = fathom_parts(1e12, 100);
    return NULL;
}

static void parts_follow_the_work(void) {
    fathom_set_threads(4);
    struct meeting m = {.lasts = 0};
    fathom_parallel(meet, &m, 4);
    rest(0.1); /* now all are asleep */
    CHECK(fathom_parts(0, 4) == 1 && fathom_parts(15000, 4) == 1, "small work is the caller's");
    CHECK(fathom_parts(20000, 4) == 2 && fathom_parts(30000, 4) == 3, "10 us a part");
    CHECK(fathom_parts(1e7, 4) == 4 && fathom_parts(1e7, 3) == 3, "at most the pieces");
    CHECK(fathom_parts(1e7, 100) == 4, "at most the pool");
    CHECK(fathom_parts(INFINITY, 100) == 4 && fathom_parts(NAN, 100) >= 1 && fathom_parts(1e7, 0) <= 1, "odd figures");
    fathom_cap_threads(2);
    CHECK(fathom_parts(1e7, 100) == 2, "the cap of this thread");
    int64_t other = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, parts_without_cap, &other);
    pthread_join(thread, NULL);
    CHECK(other == 4, "another thread has no cap: %lld", (long long)other);
    fathom_cap_threads(1);
    int64_t before = fathom_pool_counter(REGIONS);
    check_region(16);
    CHECK(fathom_pool_counter(REGIONS) == before, "a cap of 1 keeps the region to the caller");
    fathom_cap_threads(0);
    CHECK(fathom_parts(1e7, 100) == 4, "no cap");
}

/* ---- nested, concurrent, resized ---- */

static void nest(void *context, int64_t part, int64_t parts) {
    (void)context, (void)part, (void)parts;
    check_region(5);
}

static atomic_int stop;

/* each region sums 0 .. n-1 in slices, and the sum must be right */
struct sums {
    int64_t n;
    int64_t slice[16];
};

static void add_slice(void *context, int64_t part, int64_t parts) {
    struct sums *s = context;
    int64_t from, to, sum = 0;
    fathom_range(s->n, 1, part, parts, &from, &to);
    for (int64_t i = from; i < to; i++) sum += i;
    s->slice[part] = sum;
}

static void *call_often(void *regions) {
    for (int64_t i = 0; i < *(int64_t *)regions; i++) {
        struct sums s = {.n = 500 + i % 100};
        int64_t parts = 2 + i % 15, sum = 0;
        fathom_parallel(add_slice, &s, parts);
        for (int64_t j = 0; j < parts; j++) sum += s.slice[j];
        CHECK(sum == s.n * (s.n - 1) / 2, "%lld parts sum to %lld", (long long)parts, (long long)sum);
    }
    return NULL;
}

static void *resize_often(void *nothing) {
    (void)nothing;
    for (int i = 0; !atomic_load(&stop); i++) {
        fathom_set_threads(1 + i * 5 % 8);
        rest(2e-5);
    }
    return NULL;
}

static void callers_share_one_pool(int threads, int resize) {
    enum { CALLERS = 6 };
    int64_t regions = 2000, alone = fathom_pool_counter(ALONE), parts = fathom_pool_counter(PARTS);
    int tries = 0;
    pthread_t caller[CALLERS], resizer;
    double begin = seconds(CLOCK_MONOTONIC);
    do {
        fathom_set_threads(threads);
        atomic_store(&stop, 0);
        if (resize) pthread_create(&resizer, NULL, resize_often, NULL);
        for (int i = 0; i < CALLERS; i++) pthread_create(&caller[i], NULL, call_often, &regions);
        for (int i = 0; i < CALLERS; i++) pthread_join(caller[i], NULL);
        atomic_store(&stop, 1);
        if (resize) pthread_join(resizer, NULL);
    } while (threads > 1 && workers_missed(parts, ++tries));
    printf("%d callers, %lld regions each, %d threads%s: %.0f ms, %lld alone\n", CALLERS, (long long)regions, threads,
           resize ? ", resized" : "", 1e3 * (seconds(CLOCK_MONOTONIC) - begin), (long long)(fathom_pool_counter(ALONE) - alone));
    if (threads > 1) check_workers(parts, "callers_share_one_pool");
}

static void more_threads_than_processors(void) {
    static const int sizes[] = {2, 4, 8, 64};
    int64_t parts = fathom_pool_counter(PARTS);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int64_t regions = 2000;
        int tries = 0;
        fathom_set_threads(sizes[i]);
        double begin = seconds(CLOCK_MONOTONIC);
        do call_often(&regions);
        while (workers_missed(parts, ++tries));
        double each = (seconds(CLOCK_MONOTONIC) - begin) / (double)(regions * tries);
        printf("%d threads: %.1f us a region\n", sizes[i], each * 1e6);
        CHECK(each < 2e-3, "%d threads crawl: %.0f us a region", sizes[i], each * 1e6);
    }
    check_workers(parts, "more_threads_than_processors");
}

/* ---- the process ---- */

static void an_idle_pool_burns_nothing(void) {
    fathom_set_threads(4);
    struct meeting m = {.lasts = 0};
    fathom_parallel(meet, &m, 4);
    rest(0.1);
    double before = seconds(CLOCK_PROCESS_CPUTIME_ID);
    rest(0.3);
    double burnt = seconds(CLOCK_PROCESS_CPUTIME_ID) - before;
    CHECK(burnt < 0.01, "%.1f ms of processor time in 300 idle ms", burnt * 1e3);
}

static void a_forked_child_starts_anew(void) {
#if !defined(__SANITIZE_THREAD__) /* which refuses threads after a fork */
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct meeting m = {.lasts = 0};
        fathom_set_threads(3);
        fathom_parallel(meet, &m, 3);
        check_region(16);
        _exit(check_failures || !atomic_load(&m.begun));
    }
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0, "the child ended with %d", status);
#endif
}

int main(void) {
    a_pinned_caller_does_not_narrow_the_pool();
    CHECK(fathom_threads() >= 1 && fathom_threads() <= sysconf(_SC_NPROCESSORS_ONLN), "%d threads at first", fathom_threads());
    ranges_cover_the_whole();
    workers_do_not_inherit_arithmetic();
    members_of_a_gang_meet();
    workers_take_part();
    every_part_runs_once();
    parts_follow_the_work();
    fathom_set_threads(4);
    for (int i = 0; i < 200; i++) fathom_parallel(nest, NULL, 4);
    for (int threads = 1; threads <= 4; threads *= 2) callers_share_one_pool(threads, 0);
    callers_share_one_pool(2, 1);
    more_threads_than_processors();
    an_idle_pool_burns_nothing();
    a_forked_child_starts_anew();
    check_region(16);
    return DONE();
}
