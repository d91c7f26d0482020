package dev.fathom.nn;

import static dev.fathom.testing.StepCases.ROWS;
import static dev.fathom.testing.StepCases.TOKENS;
import static dev.fathom.testing.StepCases.VECTORS;
import static dev.fathom.testing.StepCases.check;
import static dev.fathom.testing.StepCases.data;
import static dev.fathom.testing.StepCases.made;
import static dev.fathom.testing.StepCases.pass;
import static dev.fathom.testing.StepCases.same;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.StepCases;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Through any layer, in any wrapper, an example in a padded batch is what it is alone, or the net is refused; and only
 * nets that leak are refused.
 */
public class StepsTest {
    /** The layers of the core, which those of other modules may follow. */
    public static final StepCases CASES = new StepCases();

    static {
        for (Supplier<Layer> each : List.<Supplier<Layer>>of(
                () -> new Dropout(0),
                () -> new Dropout2d(0),
                () -> new DropPath(0),
                () -> new LayerNorm(4),
                () -> new Linear(4, 4).act(Activation.TANH),
                () -> new LocalResponseNorm(3),
                () -> new RmsNorm(4),
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
            CASES.add(Steps.EACH, VECTORS, each);
        }
        CASES.add(Steps.EACH, VECTORS, () -> new MaxPool(Window.line(1)));
        CASES.add(Steps.EACH, ROWS, () -> new Conv(4, 4, Window.of(1, 3).pad(0, 1)));
        CASES.add(Steps.EACH, ROWS, () -> new Conv(4, 4, Window.of(1, 3).pad(0, 1)).edges(PadMode.REFLECT));
        CASES.add(Steps.EACH, ROWS, () -> new AvgPool(Window.of(1, 2)));
        CASES.add(Steps.EACH, ROWS, () -> new ConvTransposed(4, 4, Window.of(1, 2)));
        CASES.add(Steps.EACH, ROWS, () -> new TimeDistributed(new Flatten()));
        CASES.add(Steps.EACH, ROWS, () -> new TimeDistributed(new GlobalAvgPool()));
        CASES.add(
                Steps.EACH,
                ROWS,
                () -> new TimeDistributed(new Sequential(new Conv(4, 2, Window.line(3)), new Flatten())));
        CASES.add(Steps.EACH, ROWS, () -> new Pad(1, 1, 0, 0));
        CASES.add(Steps.EACH, TOKENS, () -> new Embedding(9, 4));
        for (Supplier<Layer> causal : List.<Supplier<Layer>>of(
                () -> Conv.causal(4, 4, 2, 2),
                () -> Conv.causal(4, 4, 3, 1).edges(PadMode.REPLICATE),
                () -> new Residual(Conv.causal(4, 4, 2, 1)),
                () -> new MaxPool(Window.line(2).pad(1, 0)))) {
            CASES.add(Steps.PADDED_BEHIND, VECTORS, causal);
        }
        for (Supplier<Layer> told : List.<Supplier<Layer>>of(
                () -> Recurrent.lstm(4, 4).bidirectional(),
                () -> Recurrent.gru(4, 4).lastStep(),
                () -> new Residual(Recurrent.lstm(4, 2).bidirectional()),
                () -> new Residual(new Sequential(new LayerNorm(4), Recurrent.gru(4, 4)), Activation.RELU),
                () -> new Recompute(Recurrent.gru(4, 4)),
                () -> new Recompute(new Sequential(Recurrent.gru(4, 4).lastStep(), new Flatten())),
                () -> new Sequential(
                        Recurrent.lstm(4, 4), Tensor::relu, Recurrent.gru(4, 3).lastStep(), x -> x.softmax(1)))) {
            CASES.add(Steps.PADDED_BEHIND, VECTORS, told);
        }
        CASES.add(
                Steps.PADDED_IN_FRONT,
                VECTORS,
                () -> Recurrent.lstm(4, 4).bidirectional().paddedInFront());
        CASES.add(
                Steps.PADDED_IN_FRONT,
                VECTORS,
                () -> new Conv(4, 4, Window.line(3).pad(0, 2)));
        CASES.add(
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
            CASES.add(Steps.MIXED, VECTORS, mixed);
        }
        CASES.add(Steps.MIXED, ROWS, () -> new Conv(4, 4, Window.of(3, 1).pad(1, 0)));
        CASES.add(Steps.MIXED, ROWS, () -> new PixelShuffle(2));
        CASES.add(Steps.MIXED, ROWS, () -> new ConvTransposed(4, 4, Window.of(2, 1)));
    }

    @Test
    void eachLayerTreatsPaddingAsItSays() {
        CASES.checkEach();
    }

    @Test
    void wrappersTreatPaddingAsTheirLayersDo() {
        CASES.checkInWrappers();
        CASES.checkInFrontOf(() -> Recurrent.gru(4, 4));
    }

    @Test
    void timeDistributedLayersSeeOneStep() {
        CASES.checkInTimeDistributed();
    }

    @Test
    void whatIsRefusedLeaks() {
        CASES.checkThatTheRefusedLeak();
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
        assertThat(new PixelUnshuffle(2).stepReading()).isEqualTo(Steps.MIXED); // takes no odd number of steps
        Set<String> others = Set.of("PixelUnshuffle", "BatchNorm"); // which has tests of its own
        assertThat(CASES.checkCompleteness(others, Layer.class, Recurrent.class))
                .isGreaterThan(25);
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
                .ragged(0, 5, 7, 8); // as long as those of vectors
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
