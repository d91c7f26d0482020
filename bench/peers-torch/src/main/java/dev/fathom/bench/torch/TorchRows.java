package dev.fathom.bench.torch;

import dev.fathom.bench.Work;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * PyTorch through the JavaCPP presets: C++ modules, autograd and Adam called from Java; elementwise operations into an
 * existing output. Threads and malloc come from the environment.
 */
@SuppressWarnings("try") // scopes are closed, not used
public class TorchRows {
    /** What runs here. */
    public static String about() {
        return "PyTorch " + version() + ", "
                + torch.get_cpu_capability().getString() + ", "
                + (torch.hasMKL() ? "MKL" : "OpenBLAS") + ", "
                + torch.get_num_threads() + " threads";
    }

    /** The version of PyTorch for which the presets were made. */
    static String version() {
        try {
            String both = Loader.getVersion("org.bytedeco", "pytorch"); // such as 2.13.0-1.5.14
            return both.substring(0, both.indexOf('-'));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Tensor tensor(float[] values, long... shape) {
        try (FloatPointer p = new FloatPointer(values)) {
            return torch.from_blob(p, shape).clone();
        }
    }

    private static Scalar number(float x) {
        return new Scalar(x);
    }

    private static float[] values(Tensor t) {
        float[] values = new float[(int) t.numel()];
        t.data_ptr_float().get(values);
        return values;
    }

    private static final class Mlp extends Module {
        private final LinearImpl[] layers = new LinearImpl[Work.MLP.length - 1];

        Mlp() {
            for (int i = 0; i < layers.length; i++) {
                layers[i] = new LinearImpl(Work.MLP[i], Work.MLP[i + 1]);
                register_module("layer" + i, layers[i]);
            }
        }

        Tensor forward(Tensor x) {
            Tensor h = x;
            for (int i = 0; i + 1 < layers.length; i++) {
                h = torch.relu(layers[i].forward(h));
            }
            return layers[layers.length - 1].forward(h);
        }
    }

    /** 784-256-128-10, cross-entropy, Adam: forward, backward, step on batches made before; the loss is not read. */
    @State(Scope.Thread)
    public static class Training {
        /** Rows of a batch. */
        @Param("128")
        public int batch;

        private final Tensor[] x = new Tensor[Work.BATCHES];
        private final Tensor[] y = new Tensor[Work.BATCHES];
        private Mlp net;
        private Adam adam;
        private int next;
        private double first;

        /** Makes the network and the batches. */
        @Setup(Level.Trial)
        public void setup() {
            torch.manual_seed(1);
            net = new Mlp();
            net.train(true);
            adam = new Adam(net.parameters(), new AdamOptions(1e-3));
            for (int i = 0; i < x.length; i++) {
                x[i] = tensor(Work.gauss(i, batch * 784, 1), batch, 784);
                y[i] = torch.tensor(
                        Arrays.stream(Work.labels(i, batch, 10)).asLongStream().toArray());
            }
            first = loss();
        }

        private double loss() {
            try (PointerScope scope = new PointerScope()) {
                double sum = 0;
                for (int i = 0; i < x.length; i++) {
                    sum += torch.cross_entropy_loss(net.forward(x[i]), y[i]).item_float();
                }
                return sum / x.length;
            }
        }

        void step() {
            try (PointerScope scope = new PointerScope()) {
                int i = next++ % x.length;
                adam.zero_grad();
                torch.cross_entropy_loss(net.forward(x[i]), y[i]).backward();
                adam.step();
            }
        }

        /** The loss must have fallen. */
        @TearDown(Level.Trial)
        public void check() {
            Work.checkFell(first, loss());
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        training.step();
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

        private InferenceMode mode;
        private Tensor x;
        private Tensor y;
        private Scalar zero;
        private Runnable run;

        /** Makes input and output. */
        @Setup(Level.Trial)
        public void setup() {
            mode = new InferenceMode();
            x = tensor(Work.gauss(1, n, 1), n);
            y = tensor(new float[n], n);
            zero = new Scalar(0f);
            run = switch (op) {
                case "relu" -> () -> torch.clamp_min_out(y, x, zero);
                case "exp" -> () -> torch.exp_out(y, x);
                case "tanh" -> () -> torch.tanh_out(y, x);
                case "sigmoid" -> () -> torch.sigmoid_out(y, x);
                case "gelu" -> () -> torch.gelu_out(y, x);
                default -> throw new IllegalArgumentException(op);
            };
        }

        /** Compares a few values with double precision. */
        @TearDown(Level.Trial)
        public void check() {
            float[] in = values(x);
            float[] out = values(y);
            for (int i = 0; i < n; i += 9973) {
                Work.check(op, out[i], Work.unary(op, in[i]), 1e-5);
            }
            x.close();
            y.close();
            mode.close();
        }
    }

    /** One pass over x. */
    @Benchmark
    public void unary(Unary unary) {
        try (PointerScope scope = new PointerScope()) {
            unary.run.run();
        }
    }

    /**
     * y[n] = f(x[n]) and then dx[n] = f'(x[n]) dy[n], by the operators that autograd calls, into existing results where
     * there is such a form. What PyTorch has no operator for is made of as few passes as its operators allow.
     */
    @State(Scope.Thread)
    public static class Activations {
        /** The function. */
        @Param("relu")
        public String op;

        /** Elements. */
        @Param("1000000")
        public int n;

        private InferenceMode mode;
        private Tensor x;
        private Tensor y;
        private Tensor dy;
        private Tensor dx;
        private Runnable forward;
        private Runnable backward;

        /** Makes inputs and outputs. */
        @Setup(Level.Trial)
        public void setup() {
            mode = new InferenceMode();
            x = tensor(Work.gauss(1, n, 2), n);
            dy = tensor(Work.gauss(2, n, 1), n);
            y = tensor(new float[n], n);
            dx = tensor(new float[n], n);
            choose();
        }

        private void both(Runnable forward, Runnable backward) {
            this.forward = forward;
            this.backward = backward;
        }

        private void choose() {
            switch (op) {
                case "relu" ->
                    both(
                            () -> torch.clamp_min_out(y, x, number(0)),
                            () -> torch.threshold_backward_out(dx, dy, y, number(0)));
                case "leaky-relu" ->
                    both(
                            () -> torch.leaky_relu_out(y, x, number(0.01f)),
                            () -> torch.leaky_relu_backward_out(dx, dy, x, number(0.01f), false));
                case "relu6" -> clamp(0, 6);
                case "hard-tanh" -> clamp(-1, 1);
                case "elu" -> elu(1, 1, 1);
                case "celu" -> elu(0.5f, 1, 2);
                case "selu" -> elu(1.6732632f, 1.0507010f, 1);
                case "sigmoid" -> both(() -> torch.sigmoid_out(y, x), () -> torch.sigmoid_backward_out(dx, dy, y));
                case "hard-sigmoid" ->
                    both(() -> torch.hardsigmoid_out(y, x), () -> torch.hardsigmoid_backward_out(dx, dy, x));
                case "tanh" -> both(() -> torch.tanh_out(y, x), () -> torch.tanh_backward_out(dx, dy, y));
                case "softsign" -> {
                    Tensor t = tensor(new float[n], n);
                    both(
                            () -> {
                                torch.abs_out(t, x);
                                torch.div_out(y, x, t.add_(number(1)));
                            },
                            () -> torch.div_out(dx, dy, t.mul_(t)));
                }
                case "softplus" ->
                    both(
                            () -> torch.softplus_out(y, x, number(1), number(20)),
                            () -> torch.softplus_backward_out(dx, dy, x, number(1), number(20)));
                case "gelu" -> both(() -> torch.gelu_out(y, x), () -> torch.gelu_backward_out(dx, dy, x));
                case "gelu-tanh" ->
                    both(() -> torch.gelu_out(y, x, "tanh"), () -> torch.gelu_backward_out(dx, dy, x, "tanh"));
                case "quick-gelu" -> { // x s(w) with w = beta x, whose slope is silu's at w
                    Tensor w = tensor(new float[n], n);
                    both(
                            () -> {
                                torch.mul_out(w, x, number(Work.QUICK));
                                torch.silu_out(y, w);
                                y.mul_(number(1 / Work.QUICK));
                            },
                            () -> torch.silu_backward_out(dx, dy, w));
                }
                case "silu" -> both(() -> torch.silu_out(y, x), () -> torch.silu_backward_out(dx, dy, x));
                case "hard-swish" ->
                    both(() -> torch.hardswish_out(y, x), () -> torch.hardswish_backward_out(dx, dy, x));
                case "mish" -> both(() -> torch.mish_out(y, x), () -> dx = torch.mish_backward(dy, x));
                default -> throw new IllegalArgumentException(op);
            }
        }

        private void clamp(float low, float high) {
            both(
                    () -> torch.hardtanh_out(y, x, number(low), number(high)),
                    () -> torch.hardtanh_backward_out(dx, dy, x, number(low), number(high)));
        }

        private void elu(float alpha, float scale, float inputScale) {
            both(
                    () -> torch.elu_out(y, x, number(alpha), number(scale), number(inputScale)),
                    () -> torch.elu_backward_out(dx, dy, number(alpha), number(scale), number(inputScale), true, y));
        }

        void run() {
            forward.run();
            backward.run();
        }

        /** Compares a few values and slopes with double precision; what a scope has freed is made again. */
        @TearDown(Level.Trial)
        public void check() {
            run();
            Work.activation(op).check(values(x), values(y), values(dy), values(dx));
            mode.close();
        }
    }

    /** Forward and backward. */
    @Benchmark
    public void activation(Activations activation) {
        try (PointerScope scope = new PointerScope()) {
            activation.run();
        }
    }

    /** y[n] = a[n] + b[n]. */
    @State(Scope.Thread)
    public static class Add {
        /** Elements. */
        @Param("1000000")
        public int n;

        private InferenceMode mode;
        private Tensor a;
        private Tensor b;
        private Tensor y;

        /** Makes inputs and output. */
        @Setup(Level.Trial)
        public void setup() {
            mode = new InferenceMode();
            a = tensor(Work.gauss(1, n, 1), n);
            b = tensor(Work.gauss(2, n, 1), n);
            y = tensor(new float[n], n);
        }

        /** Compares a few values. */
        @TearDown(Level.Trial)
        public void check() {
            float[] p = values(a);
            float[] q = values(b);
            float[] out = values(y);
            for (int i = 0; i < n; i += 9973) {
                Work.check("add", out[i], p[i] + q[i], 0);
            }
            a.close();
            b.close();
            y.close();
            mode.close();
        }
    }

    /** One pass. */
    @Benchmark
    public void add(Add add) {
        try (PointerScope scope = new PointerScope()) {
            torch.add_out(add.y, add.a, add.b);
        }
    }

    /** An operation that is more than elementwise; {@link Work#structured} says which shapes. */
    @State(Scope.Thread)
    public static class Structured {
        /** Which. */
        @Param("sum-1M")
        public String op;

        private InferenceMode mode;
        private Tensor x;
        private Tensor y;
        private Runnable run;

        /** Makes input and output. */
        @Setup(Level.Trial)
        public void setup() {
            mode = new InferenceMode();
            Work.Structured work = Work.structured(op);
            long[] s = Arrays.stream(work.shape()).asLongStream().toArray();
            x = tensor(Work.gauss(1, work.in(), 1), s);
            y = switch (op) {
                case "gather" -> tensor(new float[work.out()], work.out() / s[1], s[1]);
                case "permute" -> tensor(new float[work.out()], s[0], s[3], s[1], s[2]);
                case "softmax", "log-softmax" -> tensor(new float[work.out()], s);
                default -> tensor(new float[work.out()], work.out());
            };
            Tensor rows = op.equals("gather")
                    ? torch.tensor(Arrays.stream(Work.labels(1, work.out() / (int) s[1], (int) s[0]))
                            .asLongStream()
                            .toArray())
                    : null;
            long[] last = {1};
            run = switch (op) {
                case "sum-1M", "sum-rows" -> () -> torch.sum_out(y, x, last);
                case "sum-columns" -> () -> torch.sum_out(y, x, new long[] {0});
                case "variance" -> () -> torch.var_out(y, x, last, true, false);
                case "gather" -> () -> torch.index_select_out(y, x, 0, rows);
                case "permute" -> () -> y.copy_(x.permute(0, 3, 1, 2));
                case "softmax" -> () -> torch.softmax_out(y, x, 1);
                case "log-softmax" -> () -> torch.log_softmax_out(y, x, 1);
                default -> throw new IllegalArgumentException(op);
            };
        }

        /** Compares a few values with double precision. */
        @TearDown(Level.Trial)
        public void check() {
            Work.check(op, values(x), values(y));
            x.close();
            y.close();
            mode.close();
        }
    }

    /** One call. */
    @Benchmark
    public void structured(Structured structured) {
        try (PointerScope scope = new PointerScope()) {
            structured.run.run();
        }
    }

    /** Vectors in memory and a query. */
    @State(Scope.Thread)
    public static class Searching {
        private InferenceMode mode;
        private Tensor rows;
        private Tensor query;

        /** Makes them row by row, and tells what is found. */
        @Setup(Level.Trial)
        public void setup() {
            mode = new InferenceMode();
            rows = torch.zeros(new long[] {Work.VECTORS, Work.VECTOR});
            try (FloatPointer to = rows.data_ptr_float()) {
                for (int i = 0; i < Work.VECTORS; i++) {
                    to.position((long) i * Work.VECTOR).put(Work.vector(i), 0, Work.VECTOR);
                }
            }
            query = tensor(Work.vector(Work.VECTORS), Work.VECTOR);
            try (PointerScope scope = new PointerScope()) {
                Tensor indices = torch.mv(rows, query).topk(Work.NEAREST).get1().to(torch.ScalarType.Float);
                float[] found = values(indices);
                Work.tell(IntStream.range(0, found.length)
                        .mapToDouble(i -> found[i])
                        .toArray());
            }
        }

        /** Frees them. */
        @TearDown(Level.Trial)
        public void close() {
            rows.close();
            query.close();
            mode.close();
        }
    }

    /** The ten nearest of a million. */
    @Benchmark
    public long search(Searching searching) {
        try (PointerScope scope = new PointerScope()) {
            return torch.mv(searching.rows, searching.query)
                    .topk(Work.NEAREST)
                    .get1()
                    .numel();
        }
    }

    /** A step of Adam on one parameter of n numbers. */
    @State(Scope.Thread)
    public static class Update {
        /** The rule: Adam. */
        @Param("adam")
        public String rule;

        /** Parameters. */
        @Param("10000000")
        public int n;

        private Tensor w;
        private Adam adam;

        /** Makes the parameter and its gradient. */
        @Setup(Level.Trial)
        public void setup() {
            w = tensor(Work.gauss(0, n, 1), n);
            w.requires_grad_(true);
            w.mutable_grad().put(tensor(Work.gauss(1, n, 1), n));
            adam = new Adam(new TensorVector(w), new AdamOptions(1e-3));
        }

        /** The values are numbers still. */
        @TearDown(Level.Trial)
        public void check() {
            Work.checkFinite(values(w));
        }
    }

    /** One step. */
    @Benchmark
    public void update(Update update) {
        try (PointerScope scope = new PointerScope()) {
            update.adam.step();
        }
    }
}
