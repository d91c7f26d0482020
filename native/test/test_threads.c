/* The pool: every part once, from many callers, over and under the number of processors, while it changes size, after a fork. */
#define _GNU_SOURCE
#include "check.h"
#include "processors.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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
            for (int i = 0; i < COUNT(parts); i++) check_region(parts[i]);
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
    cpu_set_t processors; /* that the worker may run on */
};

static void roam(void *context, int64_t part, int64_t parts) {
    struct roaming *r = context;
    (void)parts;
    if (part == 0) { /* without a rest, which lasts longer than a worker spins */
        double until = seconds(CLOCK_MONOTONIC) + 10;
        while (!atomic_load(&r->begun) && seconds(CLOCK_MONOTONIC) < until) {}
    } else {
        if (sched_getaffinity(0, sizeof r->processors, &r->processors)) CPU_ZERO(&r->processors);
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
        struct roaming r = {.begun = 0};
        fathom_parallel(roam, &r, 2);
        CHECK(atomic_load(&r.begun) && CPU_COUNT(&r.processors) > 0, "no worker came");
        CHECK(!CPU_ISSET((size_t)sched_getcpu(), &r.processors), "a worker may run on the processor that its caller is pinned to");
        int64_t wakes = fathom_pool_counter(WAKES), parts = fathom_pool_counter(PARTS);
        struct roaming again = {.begun = 0};
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
    CHECK((a.worker & ~(uint64_t)ARITHMETIC_FLAGS) == KERNEL_ARITHMETIC, "a worker computes with %llx", (unsigned long long)a.worker);
}

/* ---- how many parts ---- */

static void *parts_without_cap(void *threads) {
    *(int64_t *)threads = fathom_team(1e12, 100);
    return NULL;
}

static void parts_follow_the_work(void) {
    fathom_set_threads(4);
    struct meeting m = {.lasts = 0};
    fathom_parallel(meet, &m, 4);
    rest(0.1); /* now all are asleep */
    CHECK(fathom_team(0, 4) == 1 && fathom_team(15000, 4) == 1, "small work is the caller's");
    CHECK(fathom_team(20000, 4) == 2 && fathom_team(30000, 4) == 3, "10 us a thread");
    CHECK(fathom_team(1e7, 4) == 4 && fathom_team(1e7, 3) == 3, "at most the pieces");
    CHECK(fathom_team(1e7, 100) == 4, "at most the pool");
    CHECK(fathom_team(INFINITY, 100) == 4 && fathom_team(NAN, 100) >= 1 && fathom_team(1e7, 0) <= 1, "odd figures");
    CHECK(fathom_parts(20000, 100) == 2 && fathom_parts(3e5, 100) == 4, "small parts are as many as threads");
    CHECK(fathom_parts(4e5, 100) == 8 && fathom_parts(1e7, 100) == 16 && fathom_parts(1e7, 11) == 11, "large parts are several a thread");
    CHECK(fathom_parts(INFINITY, 100) == 16 && fathom_parts(NAN, 100) >= 1 && fathom_parts(1e7, 0) <= 1, "odd figures");
    fathom_cap_threads(2);
    CHECK(fathom_team(1e7, 100) == 2, "the cap of this thread");
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
    CHECK(fathom_team(1e7, 100) == 4, "no cap");
}

static void callers_share_the_threads(void) {
    static const int64_t shares[] = {4, 4, 2, 1, 1, 1}; /* of none, 1, 2, .. callers */
    fathom_set_threads(4);
    for (int callers = 0; callers < 6; callers++) {
        int64_t alone = fathom_pool_counter(ALONE), regions = fathom_pool_counter(REGIONS), share = fathom_team(1e9, 100);
        CHECK(share == shares[callers], "%d callers: %lld threads for each", callers, (long long)share);
        if (share == 1) check_region(16);
        CHECK(share > 1 || fathom_pool_counter(REGIONS) == regions, "a worker of another caller took part");
        CHECK(fathom_pool_counter(ALONE) == alone + (share == 1 ? 2 : 0), "it is not counted");
        fathom_count_caller(1);
    }
    fathom_count_caller(-6);
    CHECK(fathom_team(1e9, 100) == 4, "they have gone");
}

/* ---- who runs what ---- */

/* part `slow` ends when all others have: whoever else there is must take those that its thread would have run next */
struct stealing {
    int64_t slow;
    atomic_int ended;
};

static int wait_for(const atomic_int *count, int least) {
    double until = seconds(CLOCK_MONOTONIC) + 10;
    while (atomic_load(count) < least && seconds(CLOCK_MONOTONIC) < until) rest(1e-5);
    return atomic_load(count) >= least;
}

static void hold_up(void *context, int64_t part, int64_t parts) {
    struct stealing *s = context;
    if (part == s->slow) CHECK(wait_for(&s->ended, (int)parts - 1), "nobody took the parts behind part %lld", (long long)part);
    atomic_fetch_add(&s->ended, 1);
}

static void idle_threads_take_parts_of_late_ones(void) {
    for (int threads = 2; threads <= 4; threads++)
        for (int64_t slow = 0; slow < 12; slow++) {
            struct stealing s = {.slow = slow};
            fathom_set_threads(threads);
            fathom_parallel(hold_up, &s, 12);
            CHECK(atomic_load(&s.ended) == 12, "%d parts of 12", atomic_load(&s.ended));
        }
}

/* The pool calls the system through this, so that whoever wakes a worker can lose its processor, once, right after that. */
static long (*system_call)(long, ...);
static atomic_int wake_is_slow;
__attribute__((constructor)) static void find_system_call(void) { *(void **)&system_call = dlsym(RTLD_NEXT, "syscall"); }
long syscall(long number, ...) {
    long word[6];
    va_list given;
    va_start(given, number);
    for (int i = 0; i < 6; i++) word[i] = va_arg(given, long);
    va_end(given);
    long result = system_call(number, word[0], word[1], word[2], word[3], word[4], word[5]);
    if (number == SYS_futex && (word[1] & FUTEX_CMD_MASK) == FUTEX_WAKE && atomic_exchange(&wake_is_slow, 0)) rest(0.05);
    return result;
}

/* The first worker is done before the caller has started the second, whose parts must not look as if they were done as well. */
static void parts_are_taken_of_workers_that_start_late(void) {
    fathom_set_threads(3);
    check_region(12);
    for (int64_t slow = 8; slow < 12; slow++) {
        struct stealing s = {.slow = slow};
        rest(0.05); /* now all are asleep */
        atomic_store(&wake_is_slow, 1);
        fathom_parallel(hold_up, &s, 12);
        CHECK(!atomic_exchange(&wake_is_slow, 0), "nobody was woken");
        CHECK(atomic_load(&s.ended) == 12, "%d parts of 12", atomic_load(&s.ended));
    }
}

/* every part waits for all others, so that each needs a thread */
static void gather(void *context, int64_t part, int64_t parts) {
    (void)part;
    atomic_fetch_add((atomic_int *)context, 1);
    CHECK(wait_for(context, (int)parts), "%d threads of %lld came", atomic_load((atomic_int *)context), (long long)parts);
}

static void every_member_is_woken(void) {
    static const int sizes[] = {2, 3, 4, 5, 8, 13, 64};
    for (int i = 0; i < COUNT(sizes); i++)
        for (int repeat = 0; repeat < 3; repeat++) {
            atomic_int begun = 0;
            fathom_set_threads(sizes[i]);
            fathom_parallel(gather, &begun, sizes[i]);
            CHECK(atomic_load(&begun) == sizes[i], "%d of %d", atomic_load(&begun), sizes[i]);
        }
}

/* ---- memory of their own ---- */

enum { OWN_PARTS = 4 };
struct owning {
    int64_t floats;
    atomic_int begun;
    float *own[OWN_PARTS];
};

static void look_inside(void *context, int64_t part, int64_t parts) {
    (void)part, (void)parts;
    CHECK(fathom_own() == context, "a region inside has scratch of its own");
}

static void fill_own(void *context, int64_t part, int64_t parts) {
    struct owning *o = context;
    float *own = fathom_own(), inside[1];
    o->own[part] = own;
    for (int64_t i = 0; i < o->floats; i++) own[i] = (float)(part + i);
    atomic_fetch_add(&o->begun, 1);
    CHECK(wait_for(&o->begun, (int)parts), "too few threads");
    fathom_parallel_with(look_inside, inside, 3, inside, 1);
    CHECK(fathom_own() == own, "a region inside took it away");
    int64_t wrong = 0;
    for (int64_t i = 0; i < o->floats; i++) wrong += own[i] != (float)(part + i);
    CHECK(wrong == 0, "%lld floats of part %lld were changed", (long long)wrong, (long long)part);
}

static void every_thread_has_memory_of_its_own(void) {
    static const int64_t floats[] = {1, 1000, 100, 100000, 5 << 20, 16};
    fathom_set_threads(OWN_PARTS);
    for (int i = 0; i < COUNT(floats); i++) {
        struct owning o = {.floats = floats[i]};
        float *scratch = malloc((size_t)floats[i] * sizeof(float));
        fathom_parallel_with(fill_own, &o, OWN_PARTS, scratch, floats[i]);
        CHECK(o.own[0] == scratch, "the caller uses what it gave");
        for (int part = 1; part < OWN_PARTS; part++)
            CHECK((uintptr_t)o.own[part] % 64 == 0, "part %d has %p", part, (void *)o.own[part]);
        free(scratch);
    }
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
    for (int i = 0; i < COUNT(sizes); i++) {
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

/* ---- gangs ---- */

enum { MEETINGS = 300 };

struct rounds {
    int64_t members;              /* found */
    int64_t sums[GANG_MOST][16]; /* of a member, in a line of its own */
    int64_t wrong;
    int nested;
};

static void lonely(void *context, int64_t member, int64_t members, struct gang *gang) {
    fathom_meet(gang, member);
    *(int64_t *)context = members;
}

/* Each meeting, a member adds what all wrote before it: without the meetings, sums and races would show. */
static void rounds_of(void *context, int64_t member, int64_t members, struct gang *gang) {
    struct rounds *r = context;
    if (member == 0) r->members = members;
    for (int64_t round = 0; round < MEETINGS; round++) {
        r->sums[member][0] = round * (member + 1);
        fathom_meet(gang, member);
        int64_t sum = 0;
        for (int64_t i = 0; i < members; i++) sum += r->sums[i][0];
        if (sum != round * members * (members + 1) / 2) __atomic_fetch_add(&r->wrong, 1, __ATOMIC_RELAXED);
        fathom_meet(gang, member);
    }
    if (r->nested) {
        int64_t inside = 0;
        fathom_gang(lonely, &inside, 1e9, 4);
        CHECK(inside == 1, "a gang of %lld inside a gang", (long long)inside);
        check_region(5);
    }
}

static int64_t check_gang(double nanos, int64_t most, int nested) {
    struct rounds r = {.nested = nested};
    fathom_gang(rounds_of, &r, nanos, most);
    CHECK(r.members >= 1 && r.members <= most && r.wrong == 0, "%lld members of %lld: %lld sums are wrong", (long long)r.members,
          (long long)most, (long long)r.wrong);
    return r.members;
}

static void gangs_meet(void) {
    for (int threads = 1; threads <= 4; threads++) {
        fathom_set_threads(threads);
        fathom_force_parts(threads);
        int64_t full = 0, parts = fathom_pool_counter(PARTS);
        double begin = seconds(CLOCK_MONOTONIC);
        for (int repeat = 0; repeat < 5; repeat++) full += check_gang(1e9, threads + repeat, repeat == 0) == threads;
        CHECK(full == 5, "%lld of 5 gangs had %d members", (long long)full, threads);
        CHECK(fathom_pool_counter(PARTS) - parts >= 5 * (threads - 1), "workers are not counted");
        printf("%d members: %.2f us a meeting\n", threads, (seconds(CLOCK_MONOTONIC) - begin) * 1e6 / (5 * 2 * MEETINGS));
        CHECK(check_gang(1e9, 1, 0) == 1, "at most one");
        fathom_force_parts(0);
        CHECK(check_gang(1000, 4, 0) == 1, "small work is the caller's");
        for (int repeat = 0; repeat < 20; repeat++) CHECK(check_gang(1e7, 8, 0) <= processors_here(), "more than processors");
    }
    fathom_set_threads(2);
    double best = 1;
    for (int repeat = 0; repeat < 200; repeat++) {
        double begin = seconds(CLOCK_MONOTONIC);
        if (check_gang(1e9, 2, 0) == 2) best = fmin(best, (seconds(CLOCK_MONOTONIC) - begin) / (2 * MEETINGS));
    }
    printf("the quickest meetings of 2 take %.3f us\n", best * 1e6);
}

static void gang_within(void *context, int64_t part, int64_t parts) {
    int64_t members = 0;
    (void)context, (void)part, (void)parts;
    fathom_gang(lonely, &members, 1e9, 4);
    CHECK(members == 1, "a gang of %lld inside a region", (long long)members);
}

/* While a region of another thread has the pool, a gang is its caller alone. */
struct keeping {
    atomic_int begun, end;
};
static void keep_pool(void *context, int64_t part, int64_t parts) {
    struct keeping *k = context;
    (void)parts;
    if (part > 0) return;
    atomic_store(&k->begun, 1);
    while (!atomic_load(&k->end)) rest(1e-5);
}
static void *keep_busy(void *context) {
    fathom_parallel(keep_pool, context, 2);
    return NULL;
}

static void a_busy_pool_makes_a_gang_of_one(void) {
    struct keeping k = {0};
    pthread_t thread;
    fathom_set_threads(2);
    pthread_create(&thread, NULL, keep_busy, &k);
    while (!atomic_load(&k.begun)) rest(1e-5);
    int64_t alone = fathom_pool_counter(ALONE);
    CHECK(check_gang(1e9, 2, 0) == 1, "two members of a busy pool");
    CHECK(fathom_pool_counter(ALONE) == alone + 1, "it is not counted");
    atomic_store(&k.end, 1);
    pthread_join(thread, NULL);
    for (int i = 0; i < 50; i++) fathom_parallel(gang_within, NULL, 2);
}

static void a_second_caller_uses_the_other_workers(void) {
    struct keeping k = {0};
    atomic_int begun = 0;
    pthread_t thread;
    fathom_set_threads(4);
    pthread_create(&thread, NULL, keep_busy, &k);
    while (!atomic_load(&k.begun)) rest(1e-5);
    fathom_parallel(gather, &begun, 3);
    CHECK(atomic_load(&begun) == 3, "the free workers stayed away");
    atomic_store(&k.end, 1);
    pthread_join(thread, NULL);
}

/* Two sockets of two processors, the second of which has a worker. */
static void a_settled_thread_works_with_its_socket(void) {
    struct processors *p = (struct processors *)fathom_processors(), real = *p;
    cpu_set_t before, settled, socket;
    fathom_set_threads(4);
    p->sockets = 1;
    CHECK(!fathom_settle(0, 2), "there is one socket");
    p->sockets = 2, p->count = 4;
    for (int i = 0; i < 4; i++) p->at[i] = real.at[i % real.count], p->socket[i] = (int16_t)(i % 2);
    CHECK(!sched_getaffinity(0, sizeof before, &before), "the processors of this thread are unknown");
    CHECK(!fathom_settle(2, 2) && !fathom_settle(-1, 2), "parts are 0 and 1");
    for (int part = 0; part < 2; part++) {
        struct meeting m = {.lasts = 0};
        const char *names[] = {"fathom-2", "fathom-3"};
        CHECK(fathom_settle(part, 2) == 1 && fathom_settle(part, 2) == 1, "part %d does not settle", part);
        CPU_ZERO(&socket);
        CPU_SET((size_t)p->at[part], &socket), CPU_SET((size_t)p->at[part + 2], &socket);
        CHECK(!sched_getaffinity(0, sizeof settled, &settled) && CPU_EQUAL(&settled, &socket), "part %d is elsewhere", part);
        fathom_parallel(meet, &m, 2);
        CHECK(!strcmp(m.name, names[part]), "part %d works with %s", part, m.name);
        check_region(7);
    }
    CHECK(!fathom_settle(0, 0), "no parts");
    CHECK(!sched_getaffinity(0, sizeof settled, &settled) && CPU_EQUAL(&settled, &before), "a thread that was settled is still kept");
    fathom_set_threads(3);
    CHECK(!fathom_settle(0, 2), "a pool that leaves processors free is placed by the system");
    p->sockets = real.sockets, p->count = real.count; /* idle workers read how many are busy */
    memcpy(p->at, real.at, sizeof p->at);
    memcpy(p->socket, real.socket, sizeof p->socket);
}

static void *gang_often(void *nothing) {
    (void)nothing;
    for (int i = 0; i < 100; i++) {
        check_gang(1e7, 4, 0);
        check_region(7);
    }
    return NULL;
}

static void callers_share_gangs(int resize) {
    pthread_t caller[4], resizer;
    fathom_set_threads(3);
    atomic_store(&stop, 0);
    if (resize) pthread_create(&resizer, NULL, resize_often, NULL);
    for (int i = 0; i < 4; i++) pthread_create(&caller[i], NULL, gang_often, NULL);
    for (int i = 0; i < 4; i++) pthread_join(caller[i], NULL);
    atomic_store(&stop, 1);
    if (resize) pthread_join(resizer, NULL);
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
#if defined(RUNS_SLOWLY) /* the thread sanitizer refuses threads after a fork, and qemu ends at them */
    printf("SKIPPED that a forked child starts anew\n");
#else
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
    workers_take_part();
    every_part_runs_once();
    parts_follow_the_work();
    callers_share_the_threads();
    idle_threads_take_parts_of_late_ones();
    parts_are_taken_of_workers_that_start_late();
    every_member_is_woken();
    every_thread_has_memory_of_its_own();
    fathom_set_threads(4);
    for (int i = 0; i < 200; i++) fathom_parallel(nest, NULL, 4);
    for (int threads = 1; threads <= 4; threads *= 2) callers_share_one_pool(threads, 0);
    callers_share_one_pool(2, 1);
    more_threads_than_processors();
    gangs_meet();
    a_busy_pool_makes_a_gang_of_one();
    a_second_caller_uses_the_other_workers();
    a_settled_thread_works_with_its_socket();
    for (int resize = 0; resize < 2; resize++) callers_share_gangs(resize);
    an_idle_pool_burns_nothing();
    a_forked_child_starts_anew();
    check_region(16);
    return DONE();
}
