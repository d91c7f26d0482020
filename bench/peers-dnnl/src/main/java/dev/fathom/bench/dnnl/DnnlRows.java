package dev.fathom.bench.dnnl;

import dev.fathom.bench.ConvCase;
import dev.fathom.bench.ConvCase.Direction;
import dev.fathom.bench.Recurrence;
import dev.fathom.bench.Work;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.dnnl.dnnl_version_t;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** oneDNN's convolution and recurrent primitives through its C API. Threads come from the environment. */
public class DnnlRows {
    static final dnnl_engine ENGINE = new dnnl_engine();
    private static final dnnl_stream STREAM = new dnnl_stream();

    static {
        ok(dnnl.dnnl_engine_create(ENGINE, dnnl.dnnl_cpu, 0));
        ok(dnnl.dnnl_stream_create(STREAM, ENGINE, dnnl.dnnl_stream_default_flags));
    }

    /** What runs here. */
    public static String about() {
        dnnl_version_t v = dnnl.dnnl_version();
        String runtime = switch (v.cpu_runtime()) {
            case dnnl.DNNL_RUNTIME_OMP -> "OpenMP";
            case dnnl.DNNL_RUNTIME_TBB -> "TBB";
            default -> "runtime " + v.cpu_runtime();
        };
        return "oneDNN " + v.major() + "." + v.minor() + "." + v.patch() + ", " + runtime + ", "
                + System.getenv("OMP_NUM_THREADS") + " threads, ISA 0x"
                + Integer.toHexString(dnnl.dnnl_get_effective_cpu_isa());
    }

    static void ok(int status) {
        if (status != dnnl.dnnl_success) {
            throw new IllegalStateException("oneDNN: status " + status);
        }
    }

    /** Floats in a layout. */
    static final class Memory implements AutoCloseable {
        private static final int ALIGN = 64;

        final dnnl_memory memory = new dnnl_memory();
        final dnnl_memory_desc layout;
        private final FloatPointer block;
        final FloatPointer floats;

        Memory(dnnl_memory_desc layout) {
            this.layout = layout;
            block = new FloatPointer(dnnl.dnnl_memory_desc_get_size(layout) / 4 + ALIGN / 4);
            Pointer.memset(block, 0, 4 * block.limit());
            floats = block.getPointer((ALIGN - block.address() % ALIGN) % ALIGN / 4);
            ok(dnnl.dnnl_memory_create(memory, layout, ENGINE, floats));
        }

        void put(float[] values) {
            floats.put(values);
        }

        float[] get(int n) {
            float[] values = new float[n];
            floats.get(values);
            return values;
        }

        @Override
        public void close() {
            if (!block.isNull()) {
                dnnl.dnnl_memory_destroy(memory);
                block.close();
            }
        }
    }

    /** A primitive with its arguments. */
    record Step(dnnl_primitive primitive, dnnl_exec_arg_t args, int count) implements AutoCloseable {
        /** Arguments are pairs of a number and a memory. */
        static Step of(dnnl_primitive_desc what, Object... args) {
            dnnl_primitive primitive = new dnnl_primitive();
            ok(dnnl.dnnl_primitive_create(primitive, what));
            int count = args.length / 2;
            dnnl_exec_arg_t array = new dnnl_exec_arg_t(count);
            for (int i = 0; i < count; i++) {
                array.getPointer(i).arg((Integer) args[2 * i]).memory(((Memory) args[2 * i + 1]).memory);
            }
            return new Step(primitive, array, count);
        }

        /** Copies from one layout to another. */
        static Step reorder(Memory from, Memory to) {
            dnnl_primitive_desc what = new dnnl_primitive_desc();
            ok(dnnl.dnnl_reorder_primitive_desc_create(what, from.layout, ENGINE, to.layout, ENGINE, NO_ATTRIBUTES));
            return of(what, dnnl.DNNL_ARG_FROM, from, dnnl.DNNL_ARG_TO, to);
        }

        /** Copies now. */
        static void copy(Memory from, Memory to) {
            try (Step step = reorder(from, to)) {
                step.now();
            }
        }

        void now() {
            run();
            ok(dnnl.dnnl_stream_wait(STREAM));
        }

        void run() {
            ok(dnnl.dnnl_primitive_execute(primitive, STREAM, count, args));
        }

        @Override
        public void close() {
            if (!args.isNull()) {
                dnnl.dnnl_primitive_destroy(primitive);
                args.close();
            }
        }
    }

    static final dnnl_primitive_attr NO_ATTRIBUTES = null;
    static final dnnl_memory_desc NO_BIAS = null;
    private static final dnnl_memory_desc NONE = null;

    static dnnl_memory_desc layout(int tag, long... dims) {
        dnnl_memory_desc layout = new dnnl_memory_desc();
        ok(dnnl.dnnl_memory_desc_create_with_tag(layout, dims.length, dims, dnnl.dnnl_f32, tag));
        return layout;
    }

    /** One direction of a layer. */
    @State(Scope.Thread)
    public static class Convolution {
        /** Which layer. */
        @Param("lenet1")
        public String layer;

        /** Which direction. */
        @Param("FWD")
        public Direction direction;

        /**
         * Whether the caller's tensors are plain, so that what the primitive wants otherwise is copied in every call;
         * else they are in the layouts that it asks for.
         */
        @Param("false")
        public boolean nchw;

        private final List<AutoCloseable> open = new ArrayList<>();
        private final List<Step> steps = new ArrayList<>();
        private ConvCase conv;
        private Memory result;
        private Step toPlain;
        private Step packing;
        private int size;

        /** Makes the primitive, its reorders and tensors. */
        @Setup(Level.Trial)
        public void setup() {
            conv = ConvCase.of(layer);
            dnnl_primitive_desc what = describe();
            Memory x = memory(what, direction == Direction.DATA ? dnnl.dnnl_query_diff_src_md : dnnl.dnnl_query_src_md);
            Memory w = memory(
                    what,
                    direction == Direction.WEIGHTS ? dnnl.dnnl_query_diff_weights_md : dnnl.dnnl_query_weights_md);
            Memory y = memory(what, direction == Direction.FWD ? dnnl.dnnl_query_dst_md : dnnl.dnnl_query_diff_dst_md);
            Memory plainX = plain(xDims(), conv.x(), x);
            Memory plainW = plain(wDims(), conv.w(), w);
            Memory plainY = plain(yDims(), conv.dy(), y);
            switch (direction) {
                case FWD -> {
                    from(plainX, x);
                    packing = from(plainW, w);
                    step(Step.of(what, dnnl.DNNL_ARG_SRC, x, dnnl.DNNL_ARG_WEIGHTS, w, dnnl.DNNL_ARG_DST, y));
                    to(y, plainY, conv.dy().length);
                }
                case DATA -> {
                    from(plainW, w);
                    from(plainY, y);
                    step(Step.of(what, dnnl.DNNL_ARG_DIFF_SRC, x, dnnl.DNNL_ARG_WEIGHTS, w, dnnl.DNNL_ARG_DIFF_DST, y));
                    to(x, plainX, conv.x().length);
                }
                case WEIGHTS -> {
                    from(plainX, x);
                    from(plainY, y);
                    step(Step.of(what, dnnl.DNNL_ARG_SRC, x, dnnl.DNNL_ARG_DIFF_WEIGHTS, w, dnnl.DNNL_ARG_DIFF_DST, y));
                    to(w, plainW, conv.w().length);
                }
            }
        }

        private long[] xDims() {
            return new long[] {conv.n(), conv.c(), conv.side(), conv.side()};
        }

        private long[] yDims() {
            return new long[] {conv.n(), conv.k(), conv.out(), conv.out()};
        }

        private long[] wDims() {
            int g = conv.groups();
            return g == 1
                    ? new long[] {conv.k(), conv.c(), conv.kernel(), conv.kernel()}
                    : new long[] {g, conv.k() / g, conv.c() / g, conv.kernel(), conv.kernel()};
        }

        /** The primitive, free to choose its layouts. */
        private dnnl_primitive_desc describe() {
            int any = dnnl.dnnl_format_tag_any;
            dnnl_memory_desc x = layout(any, xDims());
            dnnl_memory_desc w = layout(any, wDims());
            dnnl_memory_desc y = layout(any, yDims());
            long[] strides = {conv.stride(), conv.stride()};
            long[] dilates = {0, 0};
            long[] pads = {conv.pad(), conv.pad()};
            int auto = dnnl.dnnl_convolution_auto;
            dnnl_primitive_desc forward = new dnnl_primitive_desc();
            ok(dnnl.dnnl_convolution_forward_primitive_desc_create(
                    forward,
                    ENGINE,
                    dnnl.dnnl_forward_training,
                    auto,
                    x,
                    w,
                    NO_BIAS,
                    y,
                    strides,
                    dilates,
                    pads,
                    pads,
                    NO_ATTRIBUTES));
            if (direction == Direction.FWD) {
                return forward;
            }
            dnnl_primitive_desc backward = new dnnl_primitive_desc();
            ok(
                    direction == Direction.DATA
                            ? dnnl.dnnl_convolution_backward_data_primitive_desc_create(
                                    backward,
                                    ENGINE,
                                    auto,
                                    x,
                                    w,
                                    y,
                                    strides,
                                    dilates,
                                    pads,
                                    pads,
                                    forward,
                                    NO_ATTRIBUTES)
                            : dnnl.dnnl_convolution_backward_weights_primitive_desc_create(
                                    backward,
                                    ENGINE,
                                    auto,
                                    x,
                                    w,
                                    NO_BIAS,
                                    y,
                                    strides,
                                    dilates,
                                    pads,
                                    pads,
                                    forward,
                                    NO_ATTRIBUTES));
            return backward;
        }

        private Memory memory(dnnl_primitive_desc what, int query) {
            Memory memory = new Memory(dnnl.dnnl_primitive_desc_query_md(what, query, 0));
            open.add(memory);
            return memory;
        }

        /** The caller's tensor: {@code inner} itself where that has the plain layout. */
        private Memory plain(long[] dims, float[] values, Memory inner) {
            dnnl_memory_desc layout = layout(dims.length == 4 ? dnnl.dnnl_abcd : dnnl.dnnl_abcde, dims);
            Memory plain = inner;
            if (dnnl.dnnl_memory_desc_equal(layout, inner.layout) == 0) {
                plain = new Memory(layout);
                open.add(plain);
            }
            plain.put(values);
            return plain;
        }

        /** An input: copied now, or in every call. */
        private Step from(Memory plain, Memory inner) {
            if (plain == inner) {
                return null;
            }
            Step copy = Step.reorder(plain, inner);
            if (nchw) {
                step(copy);
            } else {
                open.add(copy);
                copy.now();
            }
            return copy;
        }

        /** The output. */
        private void to(Memory inner, Memory plain, int elements) {
            result = plain;
            size = elements;
            if (plain != inner) {
                toPlain = Step.reorder(inner, plain);
                open.add(toPlain);
                if (nchw) {
                    steps.add(toPlain);
                }
            }
        }

        private void step(Step step) {
            open.add(step);
            steps.add(step);
        }

        void run() {
            for (Step step : steps) {
                step.run();
            }
            ok(dnnl.dnnl_stream_wait(STREAM));
        }

        /** Compares a few numbers with double precision. */
        @TearDown(Level.Trial)
        public void check() throws Exception {
            run();
            if (toPlain != null) {
                toPlain.run();
                ok(dnnl.dnnl_stream_wait(STREAM));
            }
            conv.check(direction, result.get(size));
            for (AutoCloseable o : open) {
                o.close();
            }
        }
    }

    /** The filters alone, from the plain layout to the one that the primitive asks for. */
    @Benchmark
    public void filters(Convolution convolution) {
        convolution.packing.now();
    }

    /** One call. */
    @Benchmark
    public void conv(Convolution convolution) {
        convolution.run();
    }

    /**
     * A layer over whole sequences from zero states (which are given: without them, version 3.8.1 computes a wrong
     * gradient of an LSTM's U), forward for training or backward; weights are in the layouts that the primitives ask
     * for. The GRU is the one whose reset gate multiplies behind the product with the state, as PyTorch's does
     * ({@code lbr_gru}).
     */
    @State(Scope.Thread)
    public static class Recurrent {
        private static final int NO_FLAGS = dnnl.dnnl_rnn_flags_undef;
        /** Gradients of weights are not added to what is there. */
        private static final int OVERWRITE = dnnl.dnnl_rnn_flags_diff_weights_overwrite;

        private static final int LEFT_TO_RIGHT = dnnl.dnnl_unidirectional_left2right;

        /** Which {@link Recurrence}, of which the first layer runs on x. */
        @Param("lstm-32x500")
        public String net;

        /** Whether backward runs. */
        @Param("false")
        public boolean backward;

        private final List<AutoCloseable> open = new ArrayList<>();
        private Recurrence r;
        private dnnl_memory_desc state;
        private Memory y;
        private Memory dx;
        private Memory dw;
        private Memory du;
        private Memory db;
        private Step step;

        /** Makes the primitives and tensors; for backward, runs forward. */
        @Setup(Level.Trial)
        public void setup() {
            r = Recurrence.of(net);
            state = layout(dnnl.dnnl_ldnc, 1, 1, r.batch(), r.hidden());
            dnnl_memory_desc xs = layout(dnnl.dnnl_tnc, r.steps(), r.batch(), r.in());
            dnnl_memory_desc ys = layout(dnnl.dnnl_tnc, r.steps(), r.batch(), r.hidden());
            dnnl_memory_desc bs = // an LSTM's four gates; a GRU's three, and the second bias of its candidate
                    layout(dnnl.dnnl_ldgo, 1, 1, 4, r.hidden());
            dnnl_memory_desc ws = layout(dnnl.dnnl_format_tag_any, wDims());
            dnnl_memory_desc us = layout(dnnl.dnnl_format_tag_any, uDims());
            dnnl_primitive_desc forward = forward(xs, ws, us, bs, ys);
            Memory x = open(new Memory(xs));
            x.put(timeFirst(r.x(0), r.in()));
            Memory b = open(new Memory(bs));
            b.put(biases());
            y = open(new Memory(ys));
            List<Object> arguments = new ArrayList<>();
            arguments.addAll(List.of(dnnl.DNNL_ARG_SRC_LAYER, x, dnnl.DNNL_ARG_BIAS, b, dnnl.DNNL_ARG_DST_LAYER, y));
            arguments.add(dnnl.DNNL_ARG_WORKSPACE);
            arguments.add(queried(forward, dnnl.dnnl_query_workspace_md, 0));
            states(arguments, dnnl.DNNL_ARG_SRC_ITER, dnnl.DNNL_ARG_SRC_ITER_C);
            states(arguments, dnnl.DNNL_ARG_DST_ITER, dnnl.DNNL_ARG_DST_ITER_C);
            step = step(forward, arguments);
            if (!backward) {
                return;
            }
            step.now();
            Memory dy = open(new Memory(ys));
            dy.put(timeFirst(r.dy(), r.hidden()));
            dx = open(new Memory(xs));
            db = open(new Memory(bs));
            dnnl_primitive_desc what = backward(xs, ws, us, bs, ys, forward);
            dw = queried(what, dnnl.dnnl_query_diff_weights_md, 0);
            du = queried(what, dnnl.dnnl_query_diff_weights_md, 1);
            arguments.addAll(List.of(dnnl.DNNL_ARG_DIFF_SRC_LAYER, dx, dnnl.DNNL_ARG_DIFF_BIAS, db));
            arguments.addAll(List.of(dnnl.DNNL_ARG_DIFF_WEIGHTS_LAYER, dw, dnnl.DNNL_ARG_DIFF_WEIGHTS_ITER, du));
            arguments.addAll(List.of(dnnl.DNNL_ARG_DIFF_DST_LAYER, dy));
            states(arguments, dnnl.DNNL_ARG_DIFF_SRC_ITER, dnnl.DNNL_ARG_DIFF_SRC_ITER_C);
            states(arguments, dnnl.DNNL_ARG_DIFF_DST_ITER, dnnl.DNNL_ARG_DIFF_DST_ITER_C);
            step = step(what, arguments);
        }

        /** The hidden state, and an LSTM's cell state: zeros. */
        private void states(List<Object> arguments, int hidden, int cell) {
            arguments.addAll(List.of(hidden, open(new Memory(state))));
            if (!r.gru()) {
                arguments.addAll(List.of(cell, open(new Memory(state))));
            }
        }

        /** The primitive with these arguments and the weights in its own layouts. */
        private Step step(dnnl_primitive_desc what, List<Object> arguments) {
            List<Object> all = new ArrayList<>(arguments);
            all.add(dnnl.DNNL_ARG_WEIGHTS_LAYER);
            all.add(weights(what, 0, r.w(), wDims()));
            all.add(dnnl.DNNL_ARG_WEIGHTS_ITER);
            all.add(weights(what, 1, r.u(), uDims()));
            return open(Step.of(what, all.toArray()));
        }

        private dnnl_primitive_desc forward(
                dnnl_memory_desc x, dnnl_memory_desc w, dnnl_memory_desc u, dnnl_memory_desc b, dnnl_memory_desc y) {
            dnnl_primitive_desc what = new dnnl_primitive_desc();
            int kind = dnnl.dnnl_forward_training;
            dnnl_memory_desc h = state;
            dnnl_memory_desc c = state;
            ok(
                    r.gru()
                            ? dnnl.dnnl_lbr_gru_forward_primitive_desc_create(
                                    what, ENGINE, kind, LEFT_TO_RIGHT, x, h, w, u, b, y, h, NO_FLAGS, NO_ATTRIBUTES)
                            : dnnl.dnnl_lstm_forward_primitive_desc_create(
                                    what,
                                    ENGINE,
                                    kind,
                                    LEFT_TO_RIGHT,
                                    x,
                                    h,
                                    c,
                                    w,
                                    u,
                                    NONE,
                                    NONE,
                                    b,
                                    y,
                                    h,
                                    c,
                                    NO_FLAGS,
                                    NO_ATTRIBUTES));
            return what;
        }

        private dnnl_primitive_desc backward(
                dnnl_memory_desc x,
                dnnl_memory_desc w,
                dnnl_memory_desc u,
                dnnl_memory_desc b,
                dnnl_memory_desc y,
                dnnl_primitive_desc forward) {
            dnnl_primitive_desc what = new dnnl_primitive_desc();
            int kind = dnnl.dnnl_backward;
            dnnl_memory_desc h = state;
            dnnl_memory_desc c = state;
            ok(
                    r.gru()
                            ? dnnl.dnnl_lbr_gru_backward_primitive_desc_create(
                                    what,
                                    ENGINE,
                                    kind,
                                    LEFT_TO_RIGHT,
                                    x,
                                    h,
                                    w,
                                    u,
                                    b,
                                    y,
                                    h,
                                    x,
                                    h,
                                    w,
                                    u,
                                    b,
                                    y,
                                    h,
                                    OVERWRITE,
                                    forward,
                                    NO_ATTRIBUTES)
                            : dnnl.dnnl_lstm_backward_primitive_desc_create(
                                    what,
                                    ENGINE,
                                    kind,
                                    LEFT_TO_RIGHT,
                                    x,
                                    h,
                                    c,
                                    w,
                                    u,
                                    NONE,
                                    NONE,
                                    b,
                                    y,
                                    h,
                                    c,
                                    x,
                                    h,
                                    c,
                                    w,
                                    u,
                                    NONE,
                                    NONE,
                                    b,
                                    y,
                                    h,
                                    c,
                                    OVERWRITE,
                                    forward,
                                    NO_ATTRIBUTES));
            return what;
        }

        private <T extends AutoCloseable> T open(T made) {
            open.add(made);
            return made;
        }

        private Memory queried(dnnl_primitive_desc what, int query, int index) {
            return open(new Memory(dnnl.dnnl_primitive_desc_query_md(what, query, index)));
        }

        private long[] wDims() {
            return new long[] {1, 1, r.in(), r.gates(), r.hidden()};
        }

        private long[] uDims() {
            return new long[] {1, 1, r.hidden(), r.gates(), r.hidden()};
        }

        /** PyTorch's rows in the layout that the primitive asks for. */
        private Memory weights(dnnl_primitive_desc what, int index, float[] rows, long... dims) {
            Memory wanted = queried(what, dnnl.dnnl_query_weights_md, index);
            try (Memory plain = new Memory(layout(dnnl.dnnl_ldgoi, dims))) {
                plain.put(exchanged(rows));
                Step.copy(plain, wanted);
            }
            return wanted;
        }

        private float[] rows(Memory gradient, int n, long... dims) {
            try (Memory plain = new Memory(layout(dnnl.dnnl_ldgoi, dims))) {
                Step.copy(gradient, plain);
                return exchanged(plain.get(n));
            }
        }

        /** A GRU's gates r and z change places: PyTorch's are r, z, n, and oneDNN's z, r, n. An LSTM's are the same. */
        private float[] exchanged(float[] rows) {
            float[] other = rows.clone();
            if (r.gru()) {
                int n = rows.length / r.gates();
                System.arraycopy(rows, 0, other, n, n);
                System.arraycopy(rows, n, other, 0, n);
            }
            return other;
        }

        /** One bias for each gate, and for a GRU's candidate that of the state by itself. */
        private float[] biases() {
            float[] b = exchanged(r.b("ih"));
            float[] ofState = exchanged(r.b("hh"));
            float[] all = Arrays.copyOf(b, 4 * r.hidden());
            for (int i = 0; i < b.length; i++) {
                if (r.gru() && i >= 2 * r.hidden()) {
                    all[i + r.hidden()] = ofState[i];
                } else {
                    all[i] += ofState[i];
                }
            }
            return all;
        }

        /** [batch, steps, n] as [steps, batch, n]. */
        private float[] timeFirst(float[] values, int n) {
            return exchanged(values, r.batch(), r.steps(), n);
        }

        private float[] batchFirst(Memory memory, int n) {
            return exchanged(memory.get(r.batch() * r.steps() * n), r.steps(), r.batch(), n);
        }

        private static float[] exchanged(float[] values, int outer, int inner, int n) {
            float[] other = new float[values.length];
            for (int i = 0; i < outer; i++) {
                for (int j = 0; j < inner; j++) {
                    System.arraycopy(values, (i * inner + j) * n, other, (j * outer + i) * n, n);
                }
            }
            return other;
        }

        /** Forward equals double precision; backward is that of the other contenders. */
        @TearDown(Level.Trial)
        public void check() throws Exception {
            r.check(batchFirst(y, r.hidden()));
            if (backward) {
                int h = r.hidden();
                Work.tellOf(
                        batchFirst(dx, r.in()),
                        rows(dw, r.gates() * h * r.in(), wDims()),
                        rows(du, r.gates() * h * h, uDims()),
                        exchanged(Arrays.copyOf(db.get(4 * h), r.gates() * h)));
            }
            for (AutoCloseable o : open) {
                o.close();
            }
        }
    }

    /** One call. */
    @Benchmark
    public void recurrent(Recurrent recurrent) {
        recurrent.step.now();
    }
}
