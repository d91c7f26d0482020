package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.attention.FeedForward;
import dev.fathom.attention.LearnedPositions;
import dev.fathom.attention.MultiHeadAttention;
import dev.fathom.attention.RotaryPositions;
import dev.fathom.attention.SinusoidalPositions;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.Padding;
import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Through any layer, in any wrapper, an example in a padded batch is what it is alone, or the net is refused; and only
 * nets that leak are refused.
 */
class StepsTest {
    private static final int[] LENGTHS = {5, 2, 1};
    private static final long[] OFFSETS = {0, 5, 7, 8};
    /** Sequences of vectors, of rows of vectors, and of tokens. */
    private static final Shape VECTORS = Shape.of(4);

    private static final Shape ROWS = Shape.of(3, 4);
    private static final Shape TOKENS = Shape.SCALAR;

    /** A layer of sequences of these steps, and how it must treat them. */
    private record Case(Supplier<Layer> layer, Shape step, Steps steps) {}

    private static final Map<String, Case> CASES = new LinkedHashMap<>();

    private static void add(Steps steps, Shape step, Supplier<Layer> layer, String name) {
        assertThat(CASES.put(name, new Case(layer, step, steps))).isNull();
    }

    private static void add(Steps steps, Shape step, Supplier<Layer> layer) {
        add(steps, step, layer, layer.get().getClass().getSimpleName() + " " + CASES.size());
    }

    static {
        for (Supplier<Layer> each : List.<Supplier<Layer>>of(
                () -> new Dropout(0),
                () -> new Dropout2d(0),
                () -> new DropPath(0),
                () -> new LayerNorm(4),
                () -> new Linear(4, 4).act(Activation.TANH),
                () -> new LocalResponseNorm(3),
                () -> new RmsNorm(4),
                () -> new FeedForward(4, 8, Activation.RELU),
                () -> new TimeDistributed(new Linear(4, 4)),
                () -> new TimeDistributed(x -> x.sub(x.mean(1).unsqueeze(1))),
                () -> new Recompute(new Linear(4, 4)),
                () -> new Residual(new Linear(4, 4)),
                () -> new Sequential(new LayerNorm(4), new Linear(4, 4), Tensor::relu),
                () -> new Conv(4, 4, Window.line(1)),
                () -> Tensor::relu,
                () -> x -> x,
                () -> x -> x.softmax(-1),
                () -> x -> x.logSoftmax(2),
                () -> x -> x.mul(2).add(x.square()).div(Tensor.scalar(3)).tanh())) {
            add(Steps.EACH, VECTORS, each);
        }
        add(Steps.EACH, VECTORS, () -> new MaxPool(Window.line(1)));
        add(Steps.EACH, ROWS, () -> new Conv(4, 4, Window.of(1, 3).pad(0, 1)));
        add(Steps.EACH, ROWS, () -> new Conv(4, 4, Window.of(1, 3).pad(0, 1)).edges(PadMode.REFLECT));
        add(Steps.EACH, ROWS, () -> new AvgPool(Window.of(1, 2)));
        add(Steps.EACH, ROWS, () -> new ConvTransposed(4, 4, Window.of(1, 2)));
        add(Steps.EACH, ROWS, () -> new TimeDistributed(new Flatten()));
        add(Steps.EACH, ROWS, () -> new TimeDistributed(new GlobalAvgPool()));
        add(Steps.EACH, ROWS, () -> new TimeDistributed(new Sequential(new Conv(4, 2, Window.line(3)), new Flatten())));
        add(Steps.EACH, ROWS, () -> new Pad(1, 1, 0, 0));
        add(Steps.EACH, TOKENS, () -> new Embedding(9, 4));
        for (Supplier<Layer> causal : List.<Supplier<Layer>>of(
                () -> Conv.causal(4, 4, 2, 2),
                () -> Conv.causal(4, 4, 3, 1).edges(PadMode.REPLICATE),
                () -> new Residual(Conv.causal(4, 4, 2, 1)),
                () -> new MaxPool(Window.line(2).pad(1, 0)),
                () -> new SinusoidalPositions(9, 4),
                () -> new LearnedPositions(9, 4))) {
            add(Steps.PADDED_BEHIND, VECTORS, causal);
        }
        for (Supplier<Layer> told : List.<Supplier<Layer>>of(
                () -> Recurrent.lstm(4, 4).bidirectional(),
                () -> Recurrent.gru(4, 4).lastStep(),
                () -> new MultiHeadAttention(4, 2),
                () -> new MultiHeadAttention(4, 2).rotary(RotaryPositions.halves(9, 2)),
                () -> new TransformerEncoderLayer(4, 2, 8, Activation.RELU),
                () -> new TransformerEncoderLayer(4, 2, 8, Activation.RELU).normsFirst(),
                () -> TransformerEncoder.of(
                        2, () -> new TransformerEncoderLayer(4, 2, 8, Activation.RELU), new LayerNorm(4)),
                () -> new Residual(Recurrent.lstm(4, 2).bidirectional()),
                () -> new Residual(new Sequential(new LayerNorm(4), new MultiHeadAttention(4, 2)), Activation.RELU),
                () -> new Recompute(Recurrent.gru(4, 4)),
                () -> new Recompute(new Sequential(Recurrent.gru(4, 4).lastStep(), new Flatten())),
                () -> new Sequential(
                        Recurrent.lstm(4, 4), Tensor::relu, Recurrent.gru(4, 3).lastStep(), x -> x.softmax(1)))) {
            add(Steps.PADDED_BEHIND, VECTORS, told);
        }
        add(
                Steps.PADDED_IN_FRONT,
                VECTORS,
                () -> Recurrent.lstm(4, 4).bidirectional().paddedInFront());
        add(Steps.PADDED_IN_FRONT, VECTORS, () -> new Conv(4, 4, Window.line(3).pad(0, 2)));
        add(
                Steps.PADDED_IN_FRONT,
                VECTORS,
                () -> new Sequential(
                        new Residual(Tensor::relu), Recurrent.gru(4, 4).paddedInFront()));
        for (Supplier<Layer> mixed : List.<Supplier<Layer>>of(
                () -> new Conv(4, 4, Window.line(3).same()),
                () -> new Conv(4, 4, Window.line(2)),
                () -> new Conv(4, 4, Window.line(1)).stride(2),
                () -> Conv.causal(4, 4, 3, 1).edges(PadMode.CIRCULAR),
                () -> Conv.causal(4, 4, 3, 1).edges(PadMode.REFLECT),
                () -> new AvgPool(Window.line(2)),
                () -> new LayerNorm(5, 4),
                () -> new RmsNorm(5, 4),
                () -> new Flatten(),
                () -> new GlobalAvgPool(),
                () -> new GlobalMaxPool(),
                () -> new AdaptiveAvgPool(Shape.of(2)),
                () -> new GroupNorm(2, 4),
                () -> new InstanceNorm(),
                () -> new SqueezeExcite(4, 2),
                () -> new Upsample(2),
                () -> new Pad(1),
                () -> x -> x.mean(1),
                () -> x -> x.softmax(1),
                () -> x -> x.sub(x.mean(1).unsqueeze(1)),
                () -> x -> x.flip(1),
                () -> new Residual(new Conv(4, 4, Window.line(3).same())),
                () -> new Sequential(Tensor::relu, new Residual(new GroupNorm(2, 4))),
                () -> new Recompute(new Sequential(new GroupNorm(2, 4))),
                () -> new Sequential(Recurrent.gru(4, 4), x -> x.mean(1), new Linear(4, 2)))) {
            add(Steps.MIXED, VECTORS, mixed);
        }
        add(Steps.MIXED, ROWS, () -> new Conv(4, 4, Window.of(3, 1).pad(1, 0)));
        add(Steps.MIXED, ROWS, () -> new PixelShuffle(2));
        add(Steps.MIXED, ROWS, () -> new ConvTransposed(4, 4, Window.of(2, 1)));
    }

    private static Dataset data(Shape step, boolean inFront) {
        Rng rng = new Rng(3);
        Field field;
        if (step.rank() == 0) {
            int[][] rows = new int[LENGTHS.length][];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = rng.split(i).ints(LENGTHS[i], 9);
            }
            field = Field.ragged("x", rows).input();
        } else {
            field = Field.floats("x", step, rng.normal(8 * (int) step.size(), 0, 1))
                    .input()
                    .ragged(OFFSETS);
        }
        return Dataset.of(field).padded("x", (inFront ? Padding.front() : Padding.behind()).value(5));
    }

    private static Pass pass(boolean training) {
        return training ? Pass.train(new Rng(1)) : Pass.infer();
    }

    /**
     * What the net makes of some examples, and of these the first {@code count} steps of the example at {@code row},
     * which has all of them or one result.
     */
    private static float[] made(Layer net, Dataset data, boolean training, int[] rows, int row) {
        int length = LENGTHS[rows[row]];
        try (Dataset some = data.subset(rows);
                Pass pass = pass(training)) {
            Batch batch = some.batches(rows.length).epoch(0).next();
            Tensor y = net.apply(batch);
            boolean steps = !(net instanceof SequenceLayer s) || s.keepsSteps();
            Tensor own = y.slice(0, row, row + 1);
            if (steps) {
                int from = batch.paddedInFront("x") ? y.dim(1) - length : 0;
                own = own.slice(1, from, from + length);
            }
            return own.toArray();
        }
    }

    /** Checks that a net makes the same of each example alone and among others. */
    private static void same(String name, Layer net, Dataset data, boolean training) {
        boolean exact = NativeRuntime.get().isa() != Isa.BASELINE
                && Structure.walk(net).stream()
                        .noneMatch(
                                p -> p.value() instanceof Conv c && c.edges() != PadMode.ZEROS); // pads in another way
        for (int i = 0; i < LENGTHS.length; i++) {
            assertThat(made(net, data, training, new int[] {0, 1, 2}, i))
                    .as(name + ", example " + i)
                    .containsExactly(made(net, data, training, new int[] {i}, 0), within(exact ? 0 : 1e-6f));
        }
    }

    private static void check(String name, Layer net, Shape step, Steps steps, boolean training) {
        for (boolean inFront : new boolean[] {false, true}) {
            try (Dataset data = data(step, inFront)) {
                if (steps == Steps.EACH || steps == (inFront ? Steps.PADDED_IN_FRONT : Steps.PADDED_BEHIND)) {
                    same(name, net, data, training);
                } else {
                    assertThatThrownBy(() -> made(net, data, training, new int[] {0, 1, 2}, 0))
                            .as(name + (inFront ? " in front" : " behind"))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining(
                                    steps == Steps.MIXED ? "padding would change its result" : "x is padded ");
                }
            }
        }
    }

    @Test
    void eachLayerTreatsPaddingAsItSays() {
        CASES.forEach((name, c) -> {
            try (var model = Model.of(new Sequential(c.layer.get()), 1)) {
                Layer layer = model.net().layers().get(0);
                for (boolean training : new boolean[] {false, true}) {
                    try (Pass pass = pass(training)) {
                        assertThat(layer.stepReading()).as(name).isEqualTo(c.steps);
                    }
                    check(name, layer, c.step, c.steps, training);
                }
            }
        });
    }

    /** In wrappers, and with layers in front of it and behind it. */
    @Test
    void wrappersTreatPaddingAsTheirLayersDo() {
        Map<String, UnaryOperator<Layer>> wrappers = new LinkedHashMap<>();
        wrappers.put("Recompute", Recompute::new);
        wrappers.put("Sequential", l -> new Sequential(l));
        wrappers.put("Sequential in Sequential", l -> new Sequential(new Sequential(l), new Sequential()));
        wrappers.put("Recompute of Sequential", l -> new Recompute(new Sequential(Tensor::relu, l)));
        wrappers.put("Residual", Residual::new);
        wrappers.put("Residual of Sequential", l -> new Residual(new Sequential(new LayerNorm(4), l)));
        wrappers.put("Sequence of Residuals", l -> new Sequential(new Residual(new Linear(4, 4)), new Residual(l)));
        wrappers.put("in front of attention", l -> new Sequential(new Residual(l), new MultiHeadAttention(4, 2)));
        CASES.forEach((name, c) -> {
            if (c.step.rank() == 0) {
                return;
            }
            boolean keeps;
            try (var model = Model.of(new Sequential(c.layer.get()), 1);
                    Pass pass = Pass.infer()) {
                Tensor x = Tensor.ones(2, 5, 4);
                keeps = c.step == VECTORS && model.net().apply(x).shape().equals(x.shape());
            }
            wrappers.forEach((wrapper, wrap) -> {
                if (!keeps && wrapper.contains("Residual") || !keeps && wrapper.contains("attention")) {
                    return;
                }
                try (var model = Model.of(new Sequential(wrap.apply(c.layer.get())), 1)) {
                    Layer net = model.net().layers().get(0);
                    Steps steps = c.steps;
                    if (wrapper.contains("attention")) {
                        if (steps == Steps.PADDED_IN_FRONT) {
                            return; // both sides, which has a test of its own
                        }
                        steps = steps == Steps.MIXED ? steps : Steps.PADDED_BEHIND;
                    }
                    check(wrapper + ", " + name, net, c.step, steps, false);
                }
            });
        });
    }

    /** TimeDistributed makes examples of steps, so that whatever mixes what is inside of one mixes no steps. */
    @Test
    void timeDistributedLayersSeeOneStep() {
        CASES.forEach((name, c) -> {
            if (c.step != VECTORS || name.startsWith("TimeDistributed")) {
                return;
            }
            try (var model = Model.of(new Sequential(new TimeDistributed(c.layer.get())), 1)) {
                check("TimeDistributed " + name, model.net().layers().get(0), Shape.of(5, 4), Steps.EACH, false);
            }
        });
    }

    /** A layer is refused because it leaks, and for no other reason. */
    @Test
    void whatIsRefusedLeaks() {
        CASES.forEach((name, c) -> {
            if (c.steps != Steps.MIXED) {
                return;
            }
            try (var model = Model.of(new Sequential(c.layer.get()), 1);
                    Dataset data = data(c.step, false);
                    Dataset short1 = data.subset(new int[] {1});
                    Pass pass = Pass.infer()) {
                Tensor padded = data.batches(3).epoch(0).next().x().slice(0, 1, 2);
                float[] among = model.net().apply(padded).toArray();
                float[] other = model.net()
                        .apply(Tensor.concat(
                                1, padded.slice(1, 0, 2), padded.slice(1, 2, 5).mul(-3)))
                        .toArray();
                Tensor y = model.net().apply(padded);
                int own = y.shape().rank() < 3 || y.dim(1) != 5 ? among.length : 2 * among.length / 5;
                assertThat(Arrays.copyOf(among, own)).as(name).isNotEqualTo(Arrays.copyOf(other, own));
            }
        });
    }

    /**
     * The statistics of a batch norm are those of padding too in training, and in evaluation it computes each step
     * alone.
     */
    @Test
    void batchNormsMixStepsInTrainingAlone() {
        for (Layer norm : List.of(new BatchNorm(4), new TimeDistributed(new BatchNorm(4)))) {
            try (var model = Model.of(new Sequential(norm), 1)) {
                check("BatchNorm", norm, VECTORS, Steps.EACH, false);
                check("BatchNorm", norm, VECTORS, Steps.MIXED, true);
            }
        }
    }

    /**
     * A norm that a model fixes in evaluation mode, or a layer around it, computes each step alone in a training pass
     * too, and sides are still compared.
     */
    @Test
    void fixedBatchNormsComputeEachStepAlone() {
        Map<String, Supplier<Layer>> nets = new LinkedHashMap<>();
        nets.put("0", () -> new BatchNorm(4));
        nets.put("0 of TimeDistributed", () -> new TimeDistributed(new BatchNorm(4)));
        nets.put("0.1", () -> new TimeDistributed(new Sequential(new Linear(4, 4), new BatchNorm(4))));
        nets.put("0 of Sequential", () -> new Sequential(new Linear(4, 4), new BatchNorm(4)));
        nets.put("0 of Residual", () -> new Residual(new BatchNorm(4)));
        nets.put("0 of Recompute", () -> new Recompute(new Residual(new BatchNorm(4))));
        nets.forEach((name, net) -> {
            for (boolean fixed : new boolean[] {false, true}) {
                for (boolean causal : new boolean[] {false, true}) {
                    Layer tail = causal ? Conv.causal(4, 4, 2, 1) : new Linear(4, 4);
                    Layer whole = new Sequential(net.get(), tail);
                    try (var model = Model.of(whole, 1)) {
                        if (fixed) {
                            model.eval(name.split(" ")[0]);
                        }
                        Steps sound = causal ? Steps.PADDED_BEHIND : Steps.EACH;
                        check(name, model.net(), VECTORS, fixed ? sound : Steps.MIXED, true);
                    }
                }
            }
        });
    }

    @Test
    void batchNormsAreNotKnownWithoutAPass() {
        for (Layer norm : List.of(new BatchNorm(4), new TimeDistributed(new BatchNorm(4)))) {
            assertThat(norm.stepReading()).isEqualTo(Steps.MIXED);
        }
        assertThat(new TimeDistributed(new Linear(4, 4)).stepReading()).isEqualTo(Steps.EACH);
    }

    @Test
    void functionsAreJudgedInBothModes() {
        Layer training = x -> Pass.current().training() ? x.sub(x.mean(1).unsqueeze(1)) : x.mul(1);
        Layer evaluation =
                x -> Pass.current().training() ? x.mul(1) : x.sub(x.mean(1).unsqueeze(1));
        Layer dropout = x -> Pass.current().training() ? x.dropout(0.5f, 2) : x;
        for (boolean mode : new boolean[] {false, true}) {
            try (Pass pass = pass(mode)) {
                assertThat(training.stepReading()).isEqualTo(Steps.MIXED);
                assertThat(evaluation.stepReading()).isEqualTo(Steps.MIXED);
                assertThat(dropout.stepReading()).isEqualTo(Steps.EACH);
            }
        }
    }

    private static int calls;

    /**
     * The ops of a function that captures nothing never change, so that it is judged once, and a forward runs it once.
     */
    @Test
    void functionsAreJudgedOnce() {
        Layer counting = x -> {
            calls++;
            return x.relu();
        };
        Layer net = new Sequential(new Sequential(counting), counting);
        try (Dataset data = data(VECTORS, false);
                Pass pass = Pass.infer()) {
            Batch batch = data.batches(3).epoch(0).next();
            net.apply(batch);
            calls = 0;
            net.apply(batch);
            assertThat(calls).isEqualTo(2);
        }
        for (int dim = 1; dim < 3; dim++) {
            int captured = dim;
            Layer softmax = x -> x.softmax(captured);
            assertThat(softmax.stepReading()).isEqualTo(dim == 1 ? Steps.MIXED : Steps.EACH);
        }
    }

    /** The sum runs in the kernel of the layer with lengths as without. */
    @Test
    void residualsAreFusedWithLengths() {
        try (var model = Model.of(new Residual(new Linear(4, 4), Activation.RELU), 1);
                Dataset data = data(VECTORS, false);
                Pass pass = Pass.grad()) {
            Batch batch = data.batches(3).epoch(0).next();
            float[] y = model.net().apply(batch).toArray();
            int told = pass.tape().size();
            assertThat(model.net().apply(batch.x()).toArray()).isEqualTo(y);
            assertThat(pass.tape().size()).isEqualTo(2 * told);
        }
    }

    @Test
    void allLayersHaveACase() throws Exception {
        Set<String> there = new TreeSet<>(Set.of("BatchNorm")); // which has a test of its own
        assertThat(new PixelUnshuffle(2).stepReading()).isEqualTo(Steps.MIXED); // takes no odd number of steps
        there.add("PixelUnshuffle");
        CASES.values().forEach(c -> there.add(c.layer.get().getClass().getSimpleName()));
        Set<String> missing = new TreeSet<>();
        for (String name : layers()) {
            Class<?> type = Class.forName(name);
            if (type.isRecord() && Layer.class.isAssignableFrom(type) && !there.contains(type.getSimpleName())) {
                missing.add(type.getSimpleName());
            }
        }
        assertThat(missing).isEmpty();
        assertThat(there).hasSizeGreaterThan(40);
    }

    private static List<String> layers() throws URISyntaxException, java.io.IOException {
        Path classes = Path.of(
                Layer.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        List<String> names = new ArrayList<>();
        for (String p : List.of("nn", "attention", "recurrent")) {
            try (Stream<Path> files = Files.list(classes.resolve("dev/fathom").resolve(p))) {
                files.map(f -> f.getFileName().toString())
                        .filter(f -> f.endsWith(".class") && !f.contains("-"))
                        .forEach(f -> names.add("dev.fathom." + p + "." + f.substring(0, f.length() - 6)));
            }
        }
        return names;
    }

    // ---- layers of one's own

    private record Mean(Linear out) implements SequenceLayer {
        @Override
        public Tensor forward(Tensor x, @Nullable Tensor lengths) {
            Tensor sum = lengths == null ? x.mean(1) : sum(x, lengths);
            return out.apply(sum);
        }

        private static Tensor sum(Tensor x, Tensor lengths) {
            int[] own = lengths.toIntArray();
            float[] shares = new float[own.length * x.dim(1)];
            for (int i = 0; i < shares.length; i++) {
                shares[i] = i % x.dim(1) < own[i / x.dim(1)] ? 1f / own[i / x.dim(1)] : 0;
            }
            return x.mul(Tensor.of(shares, own.length, x.dim(1), 1)).sum(1);
        }
    }

    private record Declared(Mean mean) implements SequenceLayer {
        @Override
        public Tensor forward(Tensor x, @Nullable Tensor lengths) {
            return mean.apply(x, lengths);
        }

        @Override
        public boolean keepsSteps() {
            return false;
        }
    }

    private record Unknown(Linear linear) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return linear.apply(x);
        }
    }

    private record Known(Linear linear) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return linear.apply(x);
        }

        @Override
        public Steps stepReading() {
            return Steps.EACH;
        }
    }

    @Test
    void layersOfOnesOwnSayHowTheyTreatSteps() {
        Layer declared = new Sequential(new Declared(new Mean(new Linear(4, 3))), x -> x.softmax(1), new Linear(3, 2));
        Layer undeclared = new Sequential(new Mean(new Linear(4, 3)), new Linear(3, 2));
        Layer known =
                new Sequential(new Known(new Linear(4, 4)), Recurrent.gru(4, 3).lastStep());
        Layer unknown = new Sequential(
                new Unknown(new Linear(4, 4)), Recurrent.gru(4, 3).lastStep());
        for (Layer net : List.of(declared, undeclared, known, unknown)) {
            try (var model = Model.of(net, 1);
                    Dataset data = data(VECTORS, false)) {
                if (net == declared || net == known) {
                    same("declared", net, data, false);
                } else {
                    assertThatThrownBy(() -> made(net, data, false, new int[] {0, 1, 2}, 0))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessage(
                                    net == undeclared
                                            ? "lengths at 1: x [3, 3] of Linear must be [n, steps, features]; "
                                                    + "give steps of one"
                                                    + " number as [n, steps, 1], and if the layer before makes "
                                                    + "one result"
                                                    + " of each sequence, let its keepsSteps() return false"
                                            : "lengths at 0: Unknown mixes the steps of its sequences, or does "
                                                    + "not say that it"
                                                    + " does not, so padding would change its result; if it is "
                                                    + "your own,"
                                                    + " let it override stepReading() or implement SequenceLayer; if not, put"
                                                    + " it into TimeDistributed if it computes each step alone, and"
                                                    + " otherwise behind a layer that makes one result of each "
                                                    + "sequence,"
                                                    + " whose keepsSteps() is false");
                }
            }
        }
    }

    @Test
    void numbersAsStepsAreNoFeatures() {
        Field numbers = Field.floats("x", Shape.SCALAR, new Rng(1).normal(8, 0, 1))
                .input()
                .ragged(OFFSETS);
        try (var one = Model.of(new Sequential(new Linear(5, 2)), 1);
                var each = Model.of(
                        new Sequential(
                                new TimeDistributed(x -> x.unsqueeze(-1)),
                                Recurrent.gru(1, 3).lastStep()),
                        1);
                Dataset data = Dataset.of(numbers)) {
            assertThatThrownBy(() -> made(one.net(), data, false, new int[] {0, 1, 2}, 0))
                    .hasMessageContaining("x [3, 5] of Linear must be [n, steps, features]");
            same("numbers", each.net(), data, false);
        }
    }

    @Test
    void layersThatExpectPaddingOnDifferentSidesAreRefused() {
        Layer net = new Sequential(
                Conv.causal(4, 4, 2, 1), Recurrent.gru(4, 3).paddedInFront().lastStep());
        try (var model = Model.of(net, 1);
                Dataset data = data(VECTORS, true);
                Pass pass = Pass.infer()) {
            Batch batch = data.batches(3).epoch(0).next();
            Tensor lengths = batch.lengths("x");
            assertThat(lengths.dtype()).isEqualTo(DType.I32);
            for (Runnable run :
                    List.<Runnable>of(() -> net.apply(batch), () -> ((Sequential) net).apply(batch.x(), lengths))) {
                assertThatThrownBy(run::run)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("some layers expect padding in front of a sequence and others behind it");
            }
        }
        var withNorm = new Sequential(
                Conv.causal(4, 4, 2, 1),
                new BatchNorm(4),
                Recurrent.gru(4, 3).paddedInFront().lastStep());
        try (var model = Model.of(withNorm, 1);
                Dataset data = data(VECTORS, true);
                Pass pass = pass(true)) {
            model.eval("1");
            assertThatThrownBy(() -> withNorm.apply(data.batches(3).epoch(0).next()))
                    .hasMessageContaining("some layers expect padding in front of a sequence and others behind it");
        }
    }
}
