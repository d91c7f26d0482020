package dev.fathom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.NativeMemoryException;
import dev.fathom.memory.Memory;
import dev.fathom.nn.AdaptiveAvgPool;
import dev.fathom.nn.AvgPool;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.DropPath;
import dev.fathom.nn.Dropout2d;
import dev.fathom.nn.GlobalAvgPool;
import dev.fathom.nn.GlobalMaxPool;
import dev.fathom.nn.GroupNorm;
import dev.fathom.nn.Init;
import dev.fathom.nn.InstanceNorm;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.LocalResponseNorm;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Pad;
import dev.fathom.nn.PixelShuffle;
import dev.fathom.nn.PixelUnshuffle;
import dev.fathom.nn.Residual;
import dev.fathom.nn.RmsNorm;
import dev.fathom.nn.Sequential;
import dev.fathom.nn.SqueezeExcite;
import dev.fathom.nn.TimeDistributed;
import dev.fathom.nn.Upsample;
import dev.fathom.offheap.Block;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.optim.Adam;
import dev.fathom.parameter.Buffer;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sloppy and hostile use ends in a sentence: no crash, no silent garbage, no hang, no leak. */
class HostileUseTest {
    @Test
    void shapesThatNoMemoryHolds() {
        try (Pass pass = Pass.infer()) {
            // 2^63 - 8 bytes, which rounded up to a multiple of 64 are none
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Tensor.zeros(2, (1 << 30) - 1, (1 << 30) + 1))
                    .withMessage(
                            "shape [2, 1073741823, 1073741825] has more than 2^45 elements, which no memory holds");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Shape.of(1 << 30, 1 << 30, 1 << 30))
                    .withMessage(
                            "shape [1073741824, 1073741824, 1073741824] has more than 2^45 elements, which no memory"
                                    + " holds");
            assertThatIllegalArgumentException()
                    .as("an op may drop the zero")
                    .isThrownBy(() -> Shape.of(0, 1 << 30, 1 << 30))
                    .withMessage(
                            "shape [0, 1073741824, 1073741824] has more than 2^45 elements, which no memory holds");
            long live = pass.liveBytes();
            assertThat(catchThrowable(() -> Tensor.zeros(1 << 30, 1 << 15)))
                    .isInstanceOf(NativeMemoryException.class)
                    .hasMessageStartingWith("out of native memory: 128.0 TiB were asked for and ");
            assertThat(pass.liveBytes()).isEqualTo(live);
            assertThat(Tensor.full(Shape.of(3), 2).square().toArray())
                    .as("the pass goes on")
                    .containsOnly(4f);
        }
        try (Block b = new Block("test", 64)) {
            assertThatIllegalArgumentException().isThrownBy(() -> b.view(Long.MAX_VALUE, 1));
        }
    }

    // ---- plans

    record Recurrent(Linear in, Linear state) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            Tensor h = Tensor.zeros(x.dim(0), 4);
            for (int i = 0; i < 2; i++) {
                h = in.apply(x).add(state.apply(h)).tanh();
            }
            return h;
        }
    }

    @Test
    void aPlanRepeatsTheStateThatARecurrenceBeginsWith() {
        try (var model = Model.of(new Recurrent(new Linear(3, 4), new Linear(4, 4)), 1);
                Plan plan = Plan.freeze(model, Shape.of(2, 3))) {
            for (int batch : new int[] {1, 2, 7, 300}) {
                try (Session s = plan.newSession(batch);
                        Pass pass = Pass.infer()) {
                    float[] x = new Rng(batch).normal(3 * batch, 0, 1);
                    s.input().duplicate().put(x);
                    s.run();
                    float[] y = new float[4 * batch];
                    s.output().duplicate().get(y);
                    assertThat(y)
                            .isEqualTo(model.net().apply(Tensor.of(x, batch, 3)).toArray());
                }
            }
        }
    }

    @Test
    void constantsThatDependOnTheBatchAreRefused() {
        Layer mean = x -> x.sum(0).div(x.dim(0));
        Layer uneven = x -> {
            float[] rows = new float[3 * x.dim(0)];
            rows[0] = 1;
            return x.add(Tensor.of(rows, x.dim(0), 3));
        };
        try (var model = Model.of((Net) new Linear(1, 1), 1)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> Plan.freeze(model, (net, in) -> mean.apply(in[0]), Spec.of("x", Dim.BATCH, 3)))
                    .withMessage("freeze: div_scalar: its p0 is 2.0 at batch 2, 3.0 at batch 3, 1.0 at batch 1, 5.0 at"
                            + " batch 5; a number that is no integer is constant in a plan: compute it from the"
                            + " inputs by ops, or make it an input");
            assertThatIllegalStateException()
                    .isThrownBy(() -> Plan.freeze(model, (net, in) -> uneven.apply(in[0]), Spec.of("x", Dim.BATCH, 3)))
                    .withMessage(
                            "freeze: the constant value[#1], which add reads, is [2, 3] at batch 2 but [3, 3] at batch"
                                    + " 3, and a plan keeps only constants that are equal at all sizes, repeat "
                                    + "one block,"
                                    + " or are the beginning of a longer one; compute it from the inputs by ops, "
                                    + "make it"
                                    + " an input, or freeze with a fixed batch size");
        }
    }

    record Two(Linear a, Linear b) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return (x.dim(0) > 2 ? a : b).apply(x);
        }
    }

    @Test
    void weightsChosenByTheBatchAreRefused() {
        try (var model = Model.of(new Two(new Linear(3, 4), new Linear(3, 4)), 1)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> Plan.freeze(model, Shape.of(1, 3)))
                    .withMessage(
                            "freeze: call 0 is linear at b at batch 2 but linear at a at batch 3; a plan cannot choose"
                                    + " its layers by the batch size, so leave one of the two out with"
                                    + " Spec.batch(min, max)");
            assertThatIllegalStateException()
                    .isThrownBy(() -> Plan.freeze(
                            model,
                            (net, in) -> in[0].linear(
                                    in[0].dim(0) > 2
                                            ? net.a().weight()
                                            : net.b().weight(),
                                    null),
                            Spec.of("x", Dim.BATCH, 3)))
                    .withMessage(
                            "freeze: the constant b.weight, which linear reads, is b.weight at batch 2 but a.weight at"
                                    + " batch 3, and a plan keeps only constants that are equal at all sizes, "
                                    + "repeat one"
                                    + " block, or are the beginning of a longer one; compute it from the inputs by ops,"
                                    + " make it an input, or freeze with a fixed batch size");
        }
    }

    @Test
    void aSessionTooLargeLeavesNothingBehind() {
        try (var model = Model.of(new Linear(3, 4), 1);
                Plan plan = Plan.freeze(
                        model,
                        (net, in) -> net.apply(in[0]),
                        Spec.of("input", Dim.BATCH, 3).batch(1, 1 << 30))) {
            long owned = Memory.stats().owned();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> plan.newSession(1 << 30))
                    .withMessage(
                            "newSession: input would take 12884901888 bytes at batch 1073741824, more than a buffer"
                                    + " holds; choose a smaller batch size");
            assertThat(Memory.stats().owned()).isEqualTo(owned);
        }
    }

    @Test
    void inputsOfOneNameAreRefused() {
        try (var model = Model.of(new Linear(3, 4), 1)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(
                            () -> Plan.freeze(model, (net, in) -> in[0].add(in[1]), Spec.of("x", 1), Spec.of("x", 1)))
                    .withMessage("freeze: inputs [x, x] share a name; give each its own");
        }
    }

    // ---- layers of images

    private static List<Layer> imageLayers() {
        Window two = Window.of(2);
        return List.of(
                new Conv(2, 3, Window.line(2).pad(1)),
                new Conv(2, 3, two.same()).act(Activation.GELU),
                new Conv(2, 4, two.stride(3).dilation(2).pad(2), 2),
                new Conv(2, 2, two, 2).edges(PadMode.REFLECT).withoutBias(),
                new Conv(2, 3, Window.of(2, 1, 2).stride(2).pad(1).ceil()),
                new Conv(2, 3, Window.of(2, 2, 2).same()).edges(PadMode.CIRCULAR),
                new ConvTransposed(2, 3, Window.line(3).stride(2)),
                new ConvTransposed(2, 4, two.stride(2).pad(1), 2).outputPadding(1),
                new MaxPool(Window.line(2).stride(2).ceil()),
                new MaxPool(two.pad(1)),
                new MaxPool(Window.of(2, 2, 2)),
                new AvgPool(2),
                new AvgPool(Window.of(2, 1, 2).pad(1, 0, 1).ceil(), false),
                new AdaptiveAvgPool(2, 3),
                new GlobalAvgPool(),
                new GlobalMaxPool(),
                new Pad(PadMode.REPLICATE, 1, 2),
                new Pad(PadMode.REFLECT, 1, 0, 1, 1),
                new Upsample(2, Resize.LINEAR),
                new Upsample(3, Resize.AREA),
                new PixelShuffle(2),
                new PixelUnshuffle(2),
                new BatchNorm(2).act(Activation.GELU),
                new LayerNorm(3, 2),
                new RmsNorm(2),
                new GroupNorm(2, 2),
                new GroupNorm(3, null, null, 1e-5f),
                new InstanceNorm(),
                InstanceNorm.affine(2),
                new LocalResponseNorm(2),
                new DropPath(0.5f),
                new Dropout2d(0.5f),
                new SqueezeExcite(2, 1),
                new Residual(new Conv(2, 2, two.same()), Activation.RELU),
                new Residual(new MaxPool(Window.of(2).stride(2).ceil()), null),
                new TimeDistributed(new Conv(2, 3, two)));
    }

    /**
     * Any number of dimensions, some of them 1 or 0: a result with its gradient, or a sentence that begins with the op
     * and the layer's place.
     */
    @Test
    void layersOfImagesAndAnyShape() {
        List<int[]> shapes = new ArrayList<>();
        for (int rank = 0; rank <= Shape.MAX_RANK; rank++) {
            for (int hole = -1; hole < rank; hole++) {
                for (int filler : hole < 0 ? new int[] {1, 2} : new int[] {0, 1, 3}) {
                    int[] dims = new int[rank];
                    Arrays.fill(dims, 2);
                    if (hole >= 0) {
                        dims[hole] = filler;
                    } else {
                        Arrays.fill(dims, 0, Math.max(0, rank - 1), filler);
                    }
                    shapes.add(dims);
                }
            }
        }
        for (Layer layer : imageLayers()) {
            int results = 0;
            try (var model = Model.of(new Sequential(layer), 1)) {
                for (int[] dims : shapes) {
                    for (boolean training : new boolean[] {false, true}) {
                        try (Pass pass = training ? Pass.train(new Rng(1)) : Pass.infer()) {
                            Tensor x = Tensor.full(Shape.of(dims), 0.5f);
                            Tensor in = training ? pass.watch(x) : x;
                            Tensor y = model.net().apply(in);
                            assertThat(y.toArray()).doesNotContain(Float.NaN);
                            if (training) {
                                pass.backward(y.sum());
                                assertThat(pass.gradient(in).toArray()).doesNotContain(Float.NaN);
                            }
                            results++;
                        } catch (IllegalArgumentException e) {
                            assertThat(e)
                                    .as("%s of %s", layer, Arrays.toString(dims))
                                    .isExactlyInstanceOf(IllegalArgumentException.class)
                                    .hasMessageMatching("\\w+ at 0(\\.\\w+)?: .*[\\[\\d].*");
                        }
                    }
                }
            }
            assertThat(results).as("%s", layer).isPositive();
        }
    }

    private static void refused(Layer layer, String message, int... x) {
        try (var model = Model.of(new Sequential(layer), 1);
                Pass pass = Pass.infer()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.net().apply(Tensor.zeros(x)))
                    .withMessage(message);
        }
    }

    @Test
    @Timeout(20)
    void sumsOverNothing() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.full(Shape.of(1, 3), 2));
            Tensor y = x.localResponseNorm(Integer.MAX_VALUE, Integer.MAX_VALUE, 1, 1);
            assertThat(y.toArray())
                    .as("1 + 3 * 4")
                    .containsExactly(new float[] {2 / 13f, 2 / 13f, 2 / 13f}, offset(1e-6f));
            pass.backward(y.sum());
            assertThat(pass.gradient(x).toArray())
                    .as("1/13 - 2 * 2 * 3 * 2/169")
                    .containsExactly(new float[] {-11 / 169f, -11 / 169f, -11 / 169f}, offset(1e-6f));
            Tensor empty = pass.watch(Tensor.zeros(2, 1 << 30, 1, 0));
            pass.backward(empty.resize(Resize.AREA, 3, 1).sum());
            assertThat(pass.gradient(empty).size()).isZero();
        }
    }

    @Test
    @Timeout(20)
    void stridesBeyondTheImage() {
        Conv over = new Conv(
                3,
                17,
                Window.line(1).stride(5).pad(2, 0)); // its first output lies in the padding alone, and x is 2 long
        Conv far = new Conv(9, 3, Window.of(1).stride(Integer.MAX_VALUE, 2).same());
        try (var a = Model.of(over, 1);
                var b = Model.of(far, 1);
                Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.ones(3, 2, 3));
            Tensor y = over.apply(x);
            assertThat(y.slice(1, 0, 1).reshape(3, 17).slice(0, 0, 1).toArray())
                    .isEqualTo(over.bias().value().reshape(1, 17).toArray());
            pass.backward(y.sum());
            assertThat(pass.gradient(x).toArray()).containsOnly(0f);
            Tensor z = pass.watch(Tensor.ones(1, 1, 5, 9));
            pass.backward(far.apply(z).sum());
            assertThat(pass.gradient(z).slice(2, 1, 2).toArray()).containsOnly(0f);
        }
    }

    /** No image, but so large that an int does not count its places once dimensions are joined. */
    @Test
    void emptyImagesOfTooManyPlaces() {
        String joined = ": [65536, 65536] make one dimension of more places than an int counts; give less at a time";
        refused(new Conv(1, 1, Window.of(1, 1, 1)), "conv at 0" + joined, 0, 1, 65536, 65536, 1);
        refused(
                new TimeDistributed(new GlobalAvgPool()),
                "TimeDistributed at 0: x [65536, 65536, 0, 1] has 4294967296 steps in all, more than an int counts;"
                        + " give a smaller batch",
                65536,
                65536,
                0,
                1);
        refused(
                new Upsample(65536, Resize.NEAREST),
                "Upsample at 0: x [0, 65536, 1] and factor=65536 make dim(1)=4294967296, more than an int counts;"
                        + " choose a smaller factor",
                0,
                65536,
                1);
        try (Pass pass = Pass.infer()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Tensor.zeros(0, 1, 65536, 65536, 1).maxPool(Window.of(1, 1, 1)))
                    .withMessage("max_pool" + joined);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Tensor.zeros(65536, 65536, 0, 1, 1).avgPool(Window.of(1, 1, 1)))
                    .withMessageStartingWith("avg_pool: ");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Tensor.zeros(0, 65536, 65536, 1).patches(Window.of(1)))
                    .withMessage("patches" + joined);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Tensor.zeros(0, 65536, 65536).flatten(1))
                    .withMessage("flatten" + joined);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Tensor.zeros(0, 65536, 1, 0).pixelShuffle(65536))
                    .withMessageContaining("more than 2^45 elements");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Tensor.zeros(1, 0, 0, 2).pixelUnshuffle(65536))
                    .withMessageStartingWith("pixel_unshuffle: [2, 65536, 65536] make one dimension");
        }
    }

    // ---- nets

    record WithPath(Tensor y, Path file) {}

    @Test
    @Timeout(10)
    void aResultMayHoldWhatIteratesOverItself() {
        try (Pass pass = Pass.infer()) {
            WithPath r = Pass.frame("a net", () -> new WithPath(Tensor.full(Shape.of(2), 3), Path.of("relative")));
            assertThat(r.y().toArray()).containsOnly(3f);
        }
    }

    @Test
    void messagesBelowLambdasThatCapture() {
        try (var model = Model.of(new Linear(3, 4), 1);
                Pass pass = Pass.infer()) {
            Layer outer = x -> model.net().apply(x);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> outer.apply(Tensor.zeros(2, 5)))
                    .withMessage(
                            "linear at linear: x [2, 5] and weight [4, 3] disagree: x.dim(1)=5 but weight.dim(1)=3");
            Tensor x = Tensor.zeros(2, 5);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Pass.noGrad(() -> model.net().apply(x)))
                    .withMessage("linear: x [2, 5] and weight [4, 3] disagree: x.dim(1)=5 but weight.dim(1)=3");
        }
    }

    @Test
    void aPassIsNotClosedByWhatRunsInIt() {
        Layer closes = x -> {
            Pass.current().close();
            return x;
        };
        try (Pass pass = Pass.infer()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> closes.apply(Tensor.zeros(3)))
                    .withMessage("close: a net or an op is still running in this Pass; close it after the call has"
                            + " returned");
            assertThatIllegalStateException()
                    .isThrownBy(() -> Pass.apply(new Closing(), Tensor.zeros(3)))
                    .withMessage("close: a net or an op is still running in this Pass; close it after the call has"
                            + " returned");
        }
    }

    record Closing() implements Op {
        @Override
        public String label() {
            return "closing";
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public void forward(Call c) {
            Pass.current().close();
        }
    }

    @Test
    void aPassLeftOpenByALayer() {
        Pass[] left = new Pass[1];
        Layer opens = x -> {
            left[0] = Pass.infer();
            return Tensor.ones(3);
        };
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.full(Shape.of(3), 2);
            Tensor y = opens.apply(x);
            assertThat(y.toArray()).containsOnly(1f);
            assertThatIllegalStateException()
                    .isThrownBy(pass::close)
                    .withMessageEndingWith(" is still open; close that one first");
            left[0].close();
            assertThat(x.square().toArray()).containsOnly(4f);
        }
    }

    record Statistics(Buffer b) implements Net {}

    @Test
    void aBufferWhoseModelIsClosedBeforeItsUpdate() {
        try (var model = Model.of(new Linear(3, 1), 1);
                Pass pass = Pass.train(new Rng(0))) {
            var other = Model.of(new Statistics(new Buffer(Shape.of(2), Init.zeros())), 1);
            Tensor loss = model.net().apply(Tensor.zeros(1, 3)).sum();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> other.net().b().update(Tensor.ofInts(new int[2], 2)))
                    .withMessage("buffer b: update [2] is I32; give an F32 tensor");
            other.net().b().update(Tensor.zeros(2));
            other.close();
            assertThatIllegalStateException()
                    .isThrownBy(() -> pass.backward(loss))
                    .withMessageStartingWith("model is closed: it was closed at ");
        }
    }

    // ---- ops of users

    /** y = x, and a gradient for both inputs, asked or not. */
    record Eager(DType result, long view) implements Op {
        @Override
        public String label() {
            return "eager";
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        public DType dtype(Call c, int output) {
            return result;
        }

        @Override
        public long view(Call c) {
            return view;
        }

        @Override
        public void forward(Call c) {
            if (view < 0) {
                c.write(0, c.read(0));
            }
        }

        @Override
        public void backward(Grad g) {
            g.writeGradient(0, g.readGradient(0));
            long dx = g.din(1);
            g.begin(Kernel.FILL).at(dx).put(g.shape(1).size()).put(9f).run();
        }
    }

    @Test
    void gradientsThatNobodyAskedFor() {
        KeptTensor kept;
        try (Pass pass = Pass.infer()) {
            kept = Tensor.full(Shape.of(1000), 7).keep();
        }
        try (kept;
                var frozen = Model.of(new Linear(2, 500), 1)) {
            frozen.freeze("*");
            for (int i = 0; i < 3; i++) {
                try (Pass pass = Pass.grad()) {
                    Tensor x = pass.watch(Tensor.full(Shape.of(1000), i));
                    pass.backward(Pass.apply(new Eager(DType.F32, -1), x, kept).sum());
                    assertThat(pass.gradient(x).toArray()).containsOnly(1f);
                    pass.backward(Pass.apply(
                                    new Eager(DType.F32, -1),
                                    x,
                                    frozen.net().weight().value())
                            .sum());
                }
                Memory.trim(); // what a gradient pointed to is gone
            }
            assertThat(frozen.net().weight().gradient()).isNull();
        }
    }

    @Test
    void opsThatLieAboutTheirResults() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.full(Shape.of(1000), 3);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Pass.apply(new Eager(DType.U8, -1), x))
                    .withMessage("eager: result 0 is U8 but the op wrote floats; make it F32, or write it by kernels");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Pass.apply(new Eager(DType.F32, 4), x))
                    .withMessage("eager: a view of [1000] at byte 4 does not lie within x [1000]");
        }
    }

    @Test
    void theTapeKeepsNoArrayOfTheCaller() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.zeros(3));
            Tensor[] in = {x};
            for (int i = 0; i < 2; i++) {
                Tensor[] out = Pass.applyAll(Activation.SIGMOID, in);
                in[0] = out[0];
                out[0] = null;
            }
            Tensor loss = in[0].sum();
            in[0] = Tensor.zeros(1000);
            pass.backward(loss);
            assertThat(pass.gradient(x).get(2)).as("1/4 s(1/2)(1 - s(1/2))").isCloseTo(0.0587509f, offset(1e-6f));
        }
    }

    // ---- threads, and the collector

    @Test
    @Timeout(60)
    void readersOfWhatAnotherThreadCloses() throws InterruptedException {
        for (int i = 0; i < 50; i++) {
            KeptTensor kept;
            try (Pass pass = Pass.infer()) {
                kept = Tensor.ones(1 << 20).keep();
            }
            Thread closer = new Thread(kept::close);
            closer.start();
            for (int j = 0; j < 20; j++) {
                try {
                    assertThat(kept.toArray()[(1 << 20) - 1]).isEqualTo(1);
                } catch (IllegalStateException e) {
                    assertThat(e).hasMessageMatching("(tensor kept \\[1048576\\] is gone|kept tensor is closed): .*");
                }
            }
            closer.join();
        }
    }

    /**
     * Models, their optimizers and plans, closed under the threads that use them: each use works or says what was
     * closed.
     */
    @Test
    @Timeout(60)
    void modelsClosedUnderTheirUsers() throws InterruptedException {
        for (int round = 0; round < 20; round++) {
            var model = Model.of(new Linear(300, 400), round);
            var adam = new Adam(1e-3f).on(model);
            Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
            List<Thread> users = new ArrayList<>();
            List<Runnable> uses = List.of(
                    () -> {
                        try (Pass pass = Pass.train(new Rng(0))) {
                            pass.backward(
                                    model.net().apply(Tensor.ones(20, 300)).sum(), model);
                            adam.step();
                        }
                    },
                    () -> {
                        try (Pass pass = Pass.infer()) {
                            model.net().apply(Tensor.ones(20, 300)).toArray();
                        }
                    },
                    () -> Plan.freeze(model, Shape.of(1, 300)).close(),
                    () -> {
                        try (var replica = model.replica();
                                Pass pass = Pass.train(new Rng(0))) {
                            pass.backward(
                                    replica.net().apply(Tensor.ones(20, 300)).sum(), replica);
                        }
                    },
                    () -> model.copy().close());
            for (Runnable use : uses) {
                Thread user = new Thread(() -> {
                    try {
                        while (true) {
                            try {
                                use.run();
                            } catch (IllegalStateException e) {
                                if (!e.getMessage().contains("another thread reads this model")
                                        && !e.getMessage().contains("is changing this model")) {
                                    throw e;
                                }
                            }
                        }
                    } catch (Throwable e) {
                        failures.add(e);
                    }
                });
                user.start();
                users.add(user);
            }
            Thread.sleep(20);
            model.close();
            adam.close();
            for (Thread user : users) {
                user.join();
            }
            assertThat(failures)
                    .hasSize(uses.size())
                    .allSatisfy(e -> assertThat(e)
                            .isExactlyInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("HostileUseTest.modelsClosedUnderTheirUsers(HostileUseTest.java:"));
        }
    }

    @Test
    @Timeout(60)
    void aPassWhoseThreadHasEndedIsGivenBack() throws InterruptedException {
        Thread thread = new Thread(() -> {
            Pass.infer();
            Tensor.zeros(1 << 22);
        });
        Memory.trim(); // an arena of its own, which no earlier pass knows
        long before = Memory.stats().passes();
        thread.start();
        thread.join();
        while (Memory.stats().passes() > before) {
            System.gc();
            Thread.sleep(10);
        }
    }

    /** A kernel runs on what is left of its caller's stack, of which a JVM promises it 80 KiB. */
    @Test
    @Timeout(60)
    void kernelsAtTheEndOfAStack() throws InterruptedException {
        List<Throwable> failures = new ArrayList<>();
        Thread thread = new Thread(
                null,
                () -> {
                    try (Pass pass = Pass.infer()) {
                        Tensor x = Tensor.zeros(4, 4);
                        for (int i = 0; i < 5_000; i++) { // so that compiled frames leave no slack
                            everywhere(x);
                        }
                        deeper(x);
                    } catch (StackOverflowError e) {
                        failures.add(e);
                    }
                },
                "deep",
                512 << 10);
        thread.start();
        thread.join();
        assertThat(failures).singleElement().isInstanceOf(StackOverflowError.class);
    }

    private static void everywhere(Tensor x) {
        x.sum(0);
        x.sum(1);
        x.max(0);
        x.matmul(x);
        x.softmax(1);
        x.tanh();
    }

    private static void deeper(Tensor x) {
        everywhere(x);
        deeper(x);
    }
}
