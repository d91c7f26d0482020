/*
 * What this machine can do, so that a row can say which fraction of it a kernel reaches: lines "kind floats threads rate".
 * fma: multiply-adds on registers, GFLOP/s. read (x), scale (y = k x) and triad (z = x + k y) over arrays of so many floats
 * in all threads together, GB/s, the better of plain and streaming stores. Threads are pinned; the best of several tries counts.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
typedef float vec __attribute__((vector_size(4 * LANES)));

enum kind { FMA, READ, SCALE, TRIAD };
static const char *const NAMES[] = {"fma", "read", "scale", "triad"};
static const int STREAMS[] = {0, 1, 2, 3};

struct job {
    enum kind kind;
    int streaming, cpu;
    int64_t floats, rounds;
    float *x, *y, *z;
    pthread_barrier_t *gate;
    double seconds;
};

static volatile float sink;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static vec splat(float f) {
    return f - (vec){0};
}

static inline void store(float *to, vec v, int streaming) {
#if defined(__AVX512F__)
    if (streaming) {
        _mm512_stream_ps(to, (__m512)v);
        return;
    }
#elif defined(__AVX__)
    if (streaming) {
        _mm256_stream_ps(to, (__m256)v);
        return;
    }
#else
    (void)streaming;
#endif
    *(vec *)to = v;
}

static void consume(vec v) {
    float s = 0;
    for (int i = 0; i < LANES; i++) s += v[i];
    sink = s;
}

/* Twelve independent chains hide the latency of two multiply-add units. */
static void fma_chains(int64_t rounds) {
    const vec k = splat(0.999999f), c = splat(1e-7f);
    vec a[12];
    for (int i = 0; i < 12; i++) a[i] = splat(1.0f + i);
    for (int64_t r = 0; r < rounds; r++) {
#pragma GCC unroll 12
        for (int i = 0; i < 12; i++) a[i] = a[i] * k + c;
    }
#pragma GCC unroll 12
    for (int i = 1; i < 12; i++) a[0] += a[i];
    consume(a[0]);
}

static void sweep(const struct job *j, int streaming) {
    const vec k = splat(3);
    if (j->kind == READ) {
        vec s[8] = {0};
        for (int64_t i = 0; i + 8 * LANES <= j->floats; i += 8 * LANES) {
#pragma GCC unroll 8
            for (int u = 0; u < 8; u++) s[u] += *(const vec *)(j->x + i + u * LANES);
        }
        for (int u = 1; u < 8; u++) s[0] += s[u];
        consume(s[0]);
    } else if (j->kind == SCALE) {
        for (int64_t i = 0; i < j->floats; i += LANES) store(j->y + i, *(const vec *)(j->x + i) * k, streaming);
    } else {
        for (int64_t i = 0; i < j->floats; i += LANES)
            store(j->z + i, *(const vec *)(j->x + i) + k * *(const vec *)(j->y + i), streaming);
    }
}

static void *work(void *p) {
    struct job *j = p;
#if defined(__linux__)
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(j->cpu, &cpus);
    pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus);
#endif
    pthread_barrier_wait(j->gate);
    double t = now();
    if (j->kind == FMA)
        fma_chains(j->rounds);
    else
        for (int64_t r = 0; r < j->rounds; r++)
            if (j->streaming)
                sweep(j, 1);
            else
                sweep(j, 0);
    j->seconds = now() - t;
    return 0;
}

/* Work of all threads over the time of the slowest one; the best of eight tries of about 20 ms. */
static void measure(enum kind kind, int64_t floats, int threads) {
    struct job jobs[2];
    pthread_t ids[2];
    pthread_barrier_t gate;
    pthread_barrier_init(&gate, 0, threads);
    int64_t share = floats / threads / (8 * LANES) * (8 * LANES);
    int64_t rounds = kind == FMA ? 3000000 : 600000000 / (4 * STREAMS[kind] * floats) + 1;
    for (int i = 0; i < threads; i++) {
        jobs[i] = (struct job){.kind = kind, .cpu = i, .floats = share, .rounds = rounds, .gate = &gate};
        float **streams[] = {&jobs[i].x, &jobs[i].y, &jobs[i].z};
        for (int s = 0; s < STREAMS[kind]; s++) {
            float *a = aligned_alloc(4096, (share * 4 + 4095) / 4096 * 4096);
            if (!a) exit(1);
            for (int64_t k = 0; k < share; k++) a[k] = 1;
            *streams[s] = a;
        }
    }
    double each = kind == FMA ? 12.0 * LANES * 2 : 4.0 * STREAMS[kind] * share, best = 0;
    for (int t = 0; t < 8; t++) {
        double slowest = 0;
        for (int i = 0; i < threads; i++) {
            jobs[i].streaming = kind >= SCALE && t % 2;
            pthread_create(&ids[i], 0, work, &jobs[i]);
        }
        for (int i = 0; i < threads; i++) {
            pthread_join(ids[i], 0);
            if (jobs[i].seconds > slowest) slowest = jobs[i].seconds;
        }
        double rate = threads * rounds * each / slowest * 1e-9;
        if (rate > best) best = rate;
    }
    for (int i = 0; i < threads; i++) {
        free(jobs[i].x);
        free(jobs[i].y);
        free(jobs[i].z);
    }
    pthread_barrier_destroy(&gate);
    printf("%s %lld %d %.2f\n", NAMES[kind], (long long)floats, threads, best);
    fflush(stdout);
}

int main(void) {
    for (int threads = 1; threads <= 2; threads++) {
        measure(FMA, 0, threads);
        measure(READ, 235146, threads);
        measure(READ, 1000000, threads);
        measure(READ, 10641792, threads);
        measure(READ, 15187968, threads);
        measure(READ, 100000000, threads);
        measure(READ, 109510656, threads);
        measure(SCALE, 128000, threads);
        measure(SCALE, 1000000, threads);
        measure(SCALE, 16000000, threads);
        measure(TRIAD, 1000000, threads);
        measure(TRIAD, 16000000, threads);
    }
    return 0;
}
