package dev.fathom.bench;

import dev.fathom.command.Commands;
import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.offheap.Block;
import java.nio.ByteOrder;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Kernels of Fathom as single commands from Java, and OpenBLAS or BLIS on the same matrices in the same process.
 * Threads come from the environment.
 */
public class FathomRows {
    /** What runs here. */
    public static String about() {
        return "Fathom, " + NativeRuntime.get().isa() + ", "
                + NativeRuntime.get().threads() + " threads, beside "
                + (System.getProperty("org.bytedeco.openblas.load") != null
                        ? "the system's BLIS"
                        : "OpenBLAS " + openblas_nolapack.class.getPackage().getImplementationVersion());
    }

    private static void sgemm(boolean transposed, int m, int n, int k, FloatPointer a, FloatPointer b, FloatPointer c) {
        openblas_nolapack.cblas_sgemm(
                101, 111, transposed ? 112 : 111, m, n, k, 1, a, k, b, transposed ? k : n, 0, c, n);
    }

    private static void same(String what, float[] actual, float[] expected) {
        for (int i = 0; i < actual.length; i++) {
            Work.check(what + " " + i, actual[i], expected[i], 1e-3);
        }
    }

    /** c[n, n] = a[n, n] b[n, n]. */
    @State(Scope.Thread)
    public static class Gemm {
        /** Rows and columns. */
        @Param("512")
        public int n;

        private final Commands commands = new Commands();
        private Floats a;
        private Floats b;
        private Floats c;
        private Floats d;
        private Floats scratch;
        private FloatPointer[] blas;

        /** Makes the matrices. */
        @Setup(Level.Trial)
        public void setup() {
            a = new Floats(Work.gauss(1, n * n, 1));
            b = new Floats(Work.gauss(2, n * n, 1));
            c = new Floats(n * n);
            d = new Floats(n * n);
            write();
            scratch = new Floats((int) (commands.scratchBytes() / 4 + 16));
            blas = new FloatPointer[] {a.pointer(), b.pointer(), d.pointer()};
        }

        private void write() {
            commands.begin(Kernel.GEMM)
                    .put(0)
                    .put(0)
                    .at(a.address())
                    .at(b.address())
                    .at(c.address())
                    .put(n)
                    .put(n)
                    .put(n)
                    .put(0);
        }

        void fathom() {
            write();
            commands.run(scratch.address());
        }

        void blas() {
            sgemm(false, n, n, n, blas[0], blas[1], blas[2]);
        }

        /** Both give the same product. */
        @TearDown(Level.Trial)
        public void check() {
            fathom();
            blas();
            same("gemm", c.values(), d.values());
            List.of(a, b, c, d, scratch).forEach(Floats::close);
        }
    }

    /** Fathom's product. */
    @Benchmark
    public void gemm(Gemm gemm) {
        gemm.fathom();
    }

    /** The product of OpenBLAS, or of BLIS in its place. */
    @Benchmark
    public void gemmBlas(Gemm gemm) {
        gemm.blas();
    }

    /** y[128, 256] = relu(x[128, 784] W^T + b), W[256, 784] packed before the clock starts. */
    @State(Scope.Thread)
    public static class Linear {
        private static final int M = 128;
        private static final int K = 784;
        private static final int N = 256;

        private final Commands commands = new Commands();
        private Floats x;
        private Floats w;
        private Floats packed;
        private Floats bias;
        private Floats y;
        private int relu;

        /** Makes and packs the matrices. */
        @Setup(Level.Trial)
        public void setup() {
            x = new Floats(Work.gauss(1, M * K, 1));
            w = new Floats(Work.weight(0));
            bias = new Floats(Work.bias(0));
            y = new Floats(M * N);
            packed = new Floats((int) (Native.packedBytes(N, K) / 4));
            relu = row(1, "relu");
            commands.begin(Kernel.LINEAR_PACK)
                    .at(w.address())
                    .at(packed.address())
                    .put(N)
                    .put(K)
                    .run();
        }

        void fathom() {
            commands.begin(Kernel.LINEAR)
                    .at(x.address())
                    .at(w.address())
                    .at(packed.address())
                    .at(bias.address())
                    .at(0)
                    .at(0)
                    .at(y.address())
                    .put(M)
                    .put(N)
                    .put(K)
                    .put(relu)
                    .put(0f)
                    .put(0f)
                    .run();
        }

        /** A few values equal the double-precision sum. */
        @TearDown(Level.Trial)
        public void check() {
            float[] xs = x.values();
            float[] ws = w.values();
            float[] bs = bias.values();
            float[] ys = y.values();
            for (int i = 0; i < M * N; i += 97) {
                double sum = bs[i % N];
                for (int k = 0; k < K; k++) {
                    sum += xs[i / N * K + k] * ws[i % N * K + k];
                }
                Work.check("linear " + i, ys[i], Math.max(0, sum), 1e-3);
            }
            List.of(x, w, packed, bias, y).forEach(Floats::close);
        }
    }

    /** Fathom's layer in one command. */
    @Benchmark
    public void linear(Linear linear) {
        linear.fathom();
    }

    /**
     * A linear layer through OpenBLAS or BLIS: sgemm, and then bias and ReLU by our own kernels in place, on the
     * caller's thread.
     */
    @State(Scope.Thread)
    public static class LinearBlas {
        /** Whether W is stored [256, 784] (NT) or [784, 256] (NN). */
        @Param("false")
        public boolean transposed;

        private final Linear linear = new Linear();
        private FloatPointer x;
        private FloatPointer w;
        private FloatPointer y;
        private Floats other;
        private int add;

        /** Makes the matrices. */
        @Setup(Level.Trial)
        public void setup() {
            linear.setup();
            float[] values = linear.w.values();
            if (!transposed) {
                float[] t = new float[values.length];
                for (int i = 0; i < t.length; i++) {
                    t[i] = values[i % Linear.N * Linear.K + i / Linear.N];
                }
                values = t;
            }
            other = new Floats(values);
            x = linear.x.pointer();
            w = other.pointer();
            y = linear.y.pointer();
            add = row(2, "add");
            Native.capThreads(1);
        }

        void run() {
            sgemm(transposed, Linear.M, Linear.N, Linear.K, x, w, y);
            Commands c = linear.commands
                    .begin(Kernel.BINARY)
                    .put(add)
                    .at(linear.y.address())
                    .at(linear.bias.address())
                    .at(linear.y.address());
            dims(c, Linear.M, Linear.N);
            dims(c, Linear.N, 1);
            dims(c, 0, 1);
            c.put(0f).put(0f).run();
            linear.commands
                    .begin(Kernel.UNARY)
                    .put(linear.relu)
                    .at(linear.y.address())
                    .at(linear.y.address())
                    .put(Linear.M * Linear.N)
                    .put(0f)
                    .put(0f)
                    .run();
        }

        /** Checks that both ways give the same values. */
        @TearDown(Level.Trial)
        public void check() {
            Native.capThreads(0);
            other.close();
            linear.check();
        }

        /** Six dims or strides, those in front 1 or unused. */
        private static void dims(Commands c, long rows, long cols) {
            c.put(1).put(1).put(1).put(1).put(rows).put(cols);
        }
    }

    /** The product of OpenBLAS or BLIS and the separate epilogue. */
    @Benchmark
    public void linearBlas(LinearBlas linear) {
        linear.run();
    }

    /** The number of a row in the library's table: 1 unary, 2 binary. */
    private static int row(int table, String name) {
        String[] rows = Native.table(table).split("\n");
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].startsWith(name + ":")) {
                return i;
            }
        }
        throw new IllegalStateException("no row " + name);
    }

    /** y[n] = f(x[n]). */
    @State(Scope.Thread)
    public static class Unary {
        /** The function. */
        @Param("relu")
        public String op;

        /** Elements. */
        @Param("1000000")
        public int n;

        private final Commands commands = new Commands();
        private Floats x;
        private Floats y;
        private int row;

        /** Makes input and output. */
        @Setup(Level.Trial)
        public void setup() {
            x = new Floats(Work.gauss(1, n, 1));
            y = new Floats(new float[n]);
            row = row(1, op);
        }

        void run() {
            commands.begin(Kernel.UNARY)
                    .put(row)
                    .at(x.address())
                    .at(y.address())
                    .put(n)
                    .put(0f)
                    .put(0f)
                    .run();
        }

        /** Compares a few values with double precision. */
        @TearDown(Level.Trial)
        public void check() {
            for (int i = 0; i < n; i += 9973) {
                Work.check(op, y.view().get(i), Work.unary(op, x.view().get(i)), 1e-5);
            }
            List.of(x, y).forEach(Floats::close);
        }
    }

    /** One pass over x. */
    @Benchmark
    public void unary(Unary unary) {
        unary.run();
    }

    /** y[n] = f(x[n]) and then dx[n] = f'(x[n]) dy[n]. */
    @State(Scope.Thread)
    public static class Activations {
        /** The function. */
        @Param("relu")
        public String op;

        /** Elements. */
        @Param("1000000")
        public int n;

        private final Commands commands = new Commands();
        private Work.Activated f;
        private Floats x;
        private Floats y;
        private Floats dy;
        private Floats dx;
        private int row;

        /** Makes inputs and outputs. */
        @Setup(Level.Trial)
        public void setup() {
            f = Work.activation(op);
            x = new Floats(Work.gauss(1, n, 2));
            dy = new Floats(Work.gauss(2, n, 1));
            y = new Floats(new float[n]);
            dx = new Floats(new float[n]);
            row = row(1, f.row());
        }

        void run() {
            commands.begin(Kernel.UNARY)
                    .put(row)
                    .at(x.address())
                    .at(y.address())
                    .put(n)
                    .put(f.a())
                    .put(f.b())
                    .run();
            commands.begin(Kernel.UNARY_GRAD)
                    .put(row)
                    .at(x.address())
                    .at(y.address())
                    .at(dy.address())
                    .at(dx.address())
                    .put(n)
                    .put(f.a())
                    .put(f.b())
                    .put(0)
                    .run();
        }

        /** Compares a few values and slopes with double precision. */
        @TearDown(Level.Trial)
        public void check() {
            f.check(x.values(), y.values(), dy.values(), dx.values());
            List.of(x, y, dy, dx).forEach(Floats::close);
        }
    }

    /** Forward and backward. */
    @Benchmark
    public void activation(Activations activation) {
        activation.run();
    }

    /** y[n] = a[n] + b[n]. */
    @State(Scope.Thread)
    public static class Add {
        /** Elements. */
        @Param("1000000")
        public int n;

        private final Commands commands = new Commands();
        private Floats a;
        private Floats b;
        private Floats y;
        private int row;

        /** Makes inputs and output. */
        @Setup(Level.Trial)
        public void setup() {
            a = new Floats(Work.gauss(1, n, 1));
            b = new Floats(Work.gauss(2, n, 1));
            y = new Floats(new float[n]);
            row = row(2, "add");
        }

        void run() {
            Commands c = commands.begin(Kernel.BINARY)
                    .put(row)
                    .at(a.address())
                    .at(b.address())
                    .at(y.address());
            LinearBlas.dims(c, 1, n);
            LinearBlas.dims(c, 0, 1);
            LinearBlas.dims(c, 0, 1);
            c.put(0f).put(0f).run();
        }

        /** Compares a few values. */
        @TearDown(Level.Trial)
        public void check() {
            for (int i = 0; i < n; i += 9973) {
                Work.check("add", y.view().get(i), a.view().get(i) + b.view().get(i), 0);
            }
            List.of(a, b, y).forEach(Floats::close);
        }
    }

    /** One pass. */
    @Benchmark
    public void add(Add add) {
        add.run();
    }

    /** A kernel that is more than elementwise; {@link Work#structured} says which shapes. */
    @State(Scope.Thread)
    public static class Structured {
        /** Which. */
        @Param("sum-1M")
        public String op;

        private final Commands commands = new Commands();
        private Floats x;
        private Floats y;
        private Floats other;
        private Runnable run;

        /** Makes input and output. */
        @Setup(Level.Trial)
        public void setup() {
            Work.Structured work = Work.structured(op);
            x = new Floats(Work.gauss(1, work.in(), 1));
            y = new Floats(new float[work.out()]);
            other = new Floats(work.out());
            int[] s = work.shape();
            run = switch (op) {
                case "sum-1M", "sum-rows" -> () -> reduce(0, y, s, 1);
                case "sum-columns" -> () -> reduce(0, y, new int[] {1, s[0], s[1]}, 1);
                case "variance" ->
                    () -> {
                        reduce(0, other, s, s[1]);
                        reduce(6, y, s, s[1] - 1);
                    };
                case "gather" -> {
                    int[] rows = Work.labels(1, work.out() / s[1], s[0]);
                    other.ints().put(rows);
                    yield () -> commands.begin(Kernel.GATHER)
                            .put(Kernel.GATHER_ELEMENTS)
                            .put(Float.BYTES)
                            .at(x.address())
                            .put(s[0])
                            .at(other.address())
                            .put(0)
                            .at(y.address())
                            .put(1)
                            .put(rows.length)
                            .put(s[1])
                            .at(0)
                            .put(1)
                            .run();
                }
                case "permute" ->
                    () -> commands.begin(Kernel.PERMUTE)
                            .put(4)
                            .at(x.address())
                            .at(y.address())
                            .put(1)
                            .put(1)
                            .put(s[0])
                            .put(s[3])
                            .put(s[1])
                            .put(s[2])
                            .put(0)
                            .put(0)
                            .put((long) s[1] * s[2] * s[3])
                            .put(1)
                            .put((long) s[2] * s[3])
                            .put(s[3])
                            .run();
                case "softmax", "log-softmax" ->
                    () -> commands.begin(Kernel.SOFTMAX)
                            .put(op.equals("softmax") ? 0 : 1)
                            .at(x.address())
                            .at(y.address())
                            .put(s[0])
                            .put(s[1])
                            .put(1)
                            .run();
                default -> throw new IllegalArgumentException(op);
            };
        }

        /** Along the last dimension, with the kernel's number of the reduction. */
        private void reduce(int kind, Floats to, int[] s, int divisor) {
            boolean columns = s.length == 3;
            commands.begin(Kernel.REDUCE)
                    .put(kind)
                    .at(x.address())
                    .at(kind == 0 ? 0 : other.address())
                    .at(to.address())
                    .put(s[0])
                    .put(s[1])
                    .put(columns ? s[2] : 1)
                    .put(divisor)
                    .put(0)
                    .run();
        }

        /** Compares a few values with double precision. */
        @TearDown(Level.Trial)
        public void check() {
            run.run();
            Work.check(op, x.values(), y.values());
            List.of(x, y, other).forEach(Floats::close);
        }
    }

    /** One call. */
    @Benchmark
    public void structured(Structured structured) {
        structured.run.run();
    }

    /** A step of an elementwise rule on one parameter of n numbers. */
    @State(Scope.Thread)
    public static class Update {
        /** The rule's name in the library's table. */
        @Param("adam")
        public String rule;

        /** Parameters. */
        @Param("10000000")
        public int n;

        private final Commands commands = new Commands();
        private Work.Rule work;
        private Floats[] arrays;
        private Block segments;
        private Floats groups;
        private long row;

        /** Makes values, gradients and moments. */
        @Setup(Level.Trial)
        public void setup() {
            work = Work.rule(rule);
            arrays = new Floats[2 + work.moments()];
            for (int i = 0; i < arrays.length; i++) {
                arrays[i] = new Floats(Work.gauss(i, n, i > 1 ? 0 : 1));
            }
            segments = new Block("bench", 3 * 8);
            segments.view(0, 3 * 8)
                    .order(ByteOrder.nativeOrder())
                    .asLongBuffer()
                    .put(new long[] {0, n, 0});
            groups = new Floats(new float[] {1e-3f, 0});
            row = Native.table(4)
                    .lines()
                    .takeWhile(line -> !line.startsWith(rule + ":"))
                    .count();
        }

        void run() {
            commands.begin(Kernel.UPDATE)
                    .put(row)
                    .at(arrays[0].address())
                    .at(arrays[1].address())
                    .at(segments.address())
                    .put(1)
                    .at(groups.address())
                    .put(1f)
                    .put(Float.POSITIVE_INFINITY);
            for (int i = 2; i < 5; i++) {
                commands.at(i < arrays.length ? arrays[i].address() : 0);
            }
            for (int i = 0; i < Work.Rule.SETTINGS; i++) {
                commands.put(i < work.settings().length ? work.settings()[i] : 0f);
            }
            commands.run();
        }

        /** The values are numbers still. */
        @TearDown(Level.Trial)
        public void check() {
            Work.checkFinite(arrays[0].values());
            List.of(arrays).forEach(Floats::close);
            segments.close();
            groups.close();
        }
    }

    /** One step. */
    @Benchmark
    public void update(Update update) {
        update.run();
    }
}
