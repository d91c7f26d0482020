package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.io.Safetensors;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.tensor.Numbers;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import dev.fathom.train.Trainer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers that normalize, drop, excite and add. */
class NormLayersTest {
    private static float[] normal(int n, int seed) {
        return new Rng(seed).normal(n, 1.5f, 2);
    }

    private static float[] state(BatchNorm layer) {
        float[] mean = layer.runningMean().value().toArray();
        float[] variance = layer.runningVar().value().toArray();
        float[] all = Arrays.copyOf(mean, 2 * mean.length + 1);
        System.arraycopy(variance, 0, all, mean.length, mean.length);
        all[2 * mean.length] = layer.numBatchesTracked().value().item();
        return all;
    }

    // ---- batch norm

    @Test
    void namesAreThoseOfAStateDict() {
        try (var model = Model.of(new Sequential(new Linear(2, 3), new BatchNorm(3)), 0)) {
            List<String> names = new ArrayList<>();
            model.parameters().forEach(p -> names.add(p.name()));
            model.buffers().forEach(b -> names.add(b.name()));
            assertThat(names)
                    .containsExactly(
                            "0.weight",
                            "0.bias",
                            "1.weight",
                            "1.bias",
                            "1.running_mean",
                            "1.running_var",
                            "1.num_batches_tracked");
            assertThat(model.buffers().get(2).shape()).isEqualTo(Shape.SCALAR);
        }
    }

    /**
     * PyTorch writes num_batches_tracked as an I64 scalar; it is read, and written as F32, which PyTorch converts when
     * it loads.
     */
    @Test
    void aStateDictOfPyTorchLoads(@TempDir Path folder) throws Exception {
        String header = "{\"weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                + "\"bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
                + "\"running_mean\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
                + "\"running_var\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]},"
                + "\"num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[16,24]}}";
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + text.length + 24).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(text.length)
                .put(text)
                .putFloat(2)
                .putFloat(3)
                .putFloat(4)
                .putFloat(9)
                .putLong(1234567);
        Path path = folder.resolve("torch.safetensors");
        Files.write(path, file.array());
        try (var model = Model.of(new BatchNorm(1).epsilon(0), 0)) {
            model.load(path);
            assertThat(model.net().numBatchesTracked().value().item()).isEqualTo(1234567);
            try (Pass pass = Pass.infer()) {
                assertThat(model.net()
                                .apply(Tensor.of(new float[] {4, 10}, 2, 1))
                                .toArray())
                        .containsExactly(3, 7);
            }
            Path again = folder.resolve("fathom.safetensors");
            model.save(again);
            try (Safetensors saved = Safetensors.read(again)) {
                assertThat(saved.shape("num_batches_tracked")).isEqualTo(Shape.SCALAR);
            }
            model.load(again);
            assertThat(state(model.net())).containsExactly(4, 9, 1234567);
        }
    }

    /** x [.., c] of any rank is the same batch. */
    @Test
    void anyDimensionsBeforeTheChannels() {
        float[] x = normal(2 * 3 * 4 * 5, 1);
        try (var model = Model.of(new BatchNorm(5), 0);
                Pass pass = Pass.train(new Rng(0))) {
            float[] flat = model.net().apply(Tensor.of(x, 24, 5)).toArray();
            assertThat(model.net().apply(Tensor.of(x, 2, 3, 4, 5)).toArray()).isEqualTo(flat);
            assertThat(model.net().apply(Tensor.of(x, 6, 4, 5)).toArray()).isEqualTo(flat);
        }
    }

    /** A mean of 10000 beside a deviation of 1 costs no digits: the result is that of the values without the mean. */
    @Test
    void aLargeMeanCostsNoDigits() {
        int rows = 40_000;
        int c = 20;
        float[] small = new float[rows * c];
        float[] large = new float[rows * c];
        float[] draws = new Rng(3).normal(rows * c, 0, 1);
        for (int i = 0; i < draws.length; i++) {
            small[i] = Math.round(draws[i] * 64) / 64f; // exact beside 10000 too
            large[i] = small[i] + 10_000;
        }
        try (var model = Model.of(new BatchNorm(c), 0);
                Pass pass = Pass.train(new Rng(0))) {
            Tensor y = model.net().apply(Tensor.of(small, rows, c));
            Tensor z = model.net().apply(Tensor.of(large, rows, c));
            // the mean itself is a float: 10000 has steps of 0.001
            assertThat(z.sub(y).abs().max().item()).isLessThan(6e-4f);
            pass.backward(z.sum());
            // an outlier in the first row, which all else is compared with
            large[0] = 1e6f;
            Tensor variance = Tensor.of(large, rows, c).sampleVariance(0);
            pass.backward(model.net().apply(Tensor.of(large, rows, c)).sum());
            float found = model.net().runningVar().value().get(0);
            assertThat(found).isCloseTo(0.9f + 0.1f * variance.get(0), within(1e-4f * found));
        }
    }

    @Test
    void runningStatisticsFollowAsPyTorchs() {
        float[][] batches = {{1, 2, 3, 4}, {0, 0, 6, 6}, {5, 5, 5, 9}};
        double[] means = {2.5, 3, 6};
        double[] variances = {5 / 3.0, 12, 4}; // unbiased
        for (Float momentum : new Float[] {0.1f, 1f, 0f, null}) {
            try (var model = Model.of(new BatchNorm(1).momentum(momentum), 0)) {
                double mean = 0;
                double variance = 1;
                for (int i = 0; i < batches.length; i++) {
                    try (Pass pass = Pass.train(new Rng(0))) {
                        pass.backward(model.net()
                                .apply(Tensor.of(batches[i], 4, 1))
                                .square()
                                .sum());
                    }
                    double share = momentum == null ? 1.0 / (i + 1) : momentum;
                    mean += share * (means[i] - mean);
                    variance += share * (variances[i] - variance);
                    assertThat(state(model.net()))
                            .containsExactly(new float[] {(float) mean, (float) variance, i + 1}, offset(2e-6f * 12));
                }
            }
        }
    }

    /** Nothing changes before backward succeeds, nor in evaluation. */
    @Test
    void aFailedStepLeavesNoTrace() {
        try (var model = Model.of(new BatchNorm(2), 0)) {
            Tensor x = null;
            try (Pass pass = Pass.train(new Rng(0))) {
                x = Tensor.of(normal(8, 1), 4, 2);
                Tensor y = model.net().apply(x);
                assertThatThrownBy(() -> pass.backward(y)).isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(() -> pass.backward(y.sum(), new Parameter(Shape.of(1), Init.zeros())))
                        .isInstanceOf(IllegalStateException.class);
                assertThat(state(model.net())).containsExactly(0, 0, 1, 1, 0);
            }
            try (Pass pass = Pass.grad()) {
                pass.backward(model.net().apply(Tensor.of(normal(8, 1), 4, 2)).sum());
            }
            assertThat(state(model.net())).containsExactly(0, 0, 1, 1, 0);
        }
    }

    @Test
    void recomputedItIsUpdatedOnceAndHasTheSameGradients() {
        float[] x = normal(30, 2);
        float[][] states = new float[2][];
        float[][] gradients = new float[2][];
        for (int i = 0; i < 2; i++) {
            Layer net = new Sequential(new Linear(5, 3), new BatchNorm(3).act(Activation.RELU), new Linear(3, 2));
            try (var model = Model.of(i == 0 ? net : new Recompute(net), 7)) {
                for (int step = 0; step < 2; step++) {
                    try (Pass pass = Pass.train(new Rng(0))) {
                        pass.backward(
                                model.net().apply(Tensor.of(x, 6, 5)).square().mean());
                    }
                }
                gradients[i] = model.parameters().get(0).gradient().toArray();
                Sequential s = (Sequential) net;
                states[i] = state((BatchNorm) s.layers().get(1));
            }
        }
        assertThat(states[1]).isEqualTo(states[0]);
        assertThat(states[0][6]).isEqualTo(2);
        assertThat(gradients[1]).isEqualTo(gradients[0]);
    }

    /**
     * Fixed in evaluation it neither reads nor changes the batch's statistics, and gradients flow through the running
     * ones.
     */
    @Test
    void fixedInEvaluation() {
        try (var model = Model.of(new Sequential(new Linear(3, 2), new BatchNorm(2)), 0);
                Pass pass = Pass.train(new Rng(0))) {
            model.eval("1");
            Tensor one = Tensor.of(normal(3, 1), 1, 3);
            Tensor y = model.net().apply(one);
            pass.backward(y.sum());
            assertThat(state((BatchNorm) model.net().layers().get(1))).containsExactly(0, 0, 1, 1, 0);
            float r = (float) (1 / Math.sqrt(1 + 1e-5));
            assertThat(model.parameter("0.bias").gradient().toArray())
                    .containsExactly(new float[] {r, r}, offset(1e-7f));
            model.train();
            assertThatThrownBy(() -> model.net().apply(one))
                    .hasMessage("batch_norm at 1: x [1, 2] has 1 values a channel but statistics of a batch need 2; "
                            + "give a larger "
                            + "batch, or evaluate (Pass.infer, model.eval)");
        }
    }

    @Test
    void settingsAreChecked() {
        assertThatThrownBy(() -> new BatchNorm(0)).hasMessage("BatchNorm: size=0 must be at least 1");
        assertThatThrownBy(() -> new BatchNorm(2).epsilon(-1)).hasMessage("BatchNorm: epsilon=-1.0 must be at least 0");
        assertThatThrownBy(() -> new BatchNorm(2).momentum(1.5f))
                .hasMessage("BatchNorm: momentum=1.5 must be in [0, 1]");
        assertThatThrownBy(LayerNorm::new).hasMessage("LayerNorm: no dimensions to normalize; give the last ones of x");
        assertThatThrownBy(() -> new GroupNorm(4, 6))
                .hasMessage("GroupNorm: groups=4 do not divide channels=6; choose a divisor");
        assertThatThrownBy(() -> new LocalResponseNorm(0)).hasMessage("LocalResponseNorm: size=0 must be at least 1");
        assertThatThrownBy(() -> new Dropout2d(1))
                .hasMessage("Dropout2d: p=1.0 is the probability to drop and must be in [0, 1)");
        assertThatThrownBy(() -> new DropPath(-0.5f))
                .hasMessage("DropPath: p=-0.5 is the probability to drop and must be in [0, 1)");
    }

    @Test
    void gradientsOfLayersAreCentralDifferences() {
        List<Layer> layers = List.of(
                new BatchNorm(3).act(Activation.SIGMOID),
                new BatchNorm(3).withoutAffine(),
                new LayerNorm(3),
                new LayerNorm(4, 3).withoutAffine(),
                new RmsNorm(3),
                new GroupNorm(1, 3),
                InstanceNorm.affine(3),
                new InstanceNorm(),
                new LocalResponseNorm(2, 1, 0.75f, 1),
                new Dropout2d(0.5f),
                new DropPath(0.5f),
                new SqueezeExcite(new Linear(3, 2).act(Activation.TANH), new Linear(2, 3).act(Activation.SIGMOID)),
                new Residual(new Sequential(new Linear(3, 4), Tensor::tanh, new Linear(4, 3)), Activation.SIGMOID),
                new Residual(new BatchNorm(3), Activation.SIGMOID));
        for (Layer layer : layers) {
            try (var model = Model.of(layer, 3);
                    Pass pass = Pass.infer()) {
                GradientCheck.check(
                        in -> model.net().apply(in[0]),
                        1e-2,
                        model.parameters(),
                        Tensor.of(new Rng(5).normal(24, 0, 1), 2, 4, 3));
            }
        }
    }

    /** Trains where the inputs' scales would stop a network without it. */
    @Test
    void aTrainerTrainsIt() {
        int n = 512;
        float[] x = new Rng(1).normal(2 * n, 0, 1);
        int[] y = new int[n];
        for (int i = 0; i < n; i++) {
            y[i] = x[2 * i] * x[2 * i + 1] > 0 ? 1 : 0;
            x[2 * i] = 300 * x[2 * i] + 1000;
            x[2 * i + 1] = 0.01f * x[2 * i + 1];
        }
        var net = new Sequential(
                new BatchNorm(2),
                new Linear(2, 32).withoutBias(),
                new BatchNorm(32).act(Activation.RELU),
                new Linear(32, 2));
        try (var model = Model.of(net, 1);
                Dataset data = Dataset.of(x, Shape.of(2), y)) {
            Trainer.of(model, Loss.crossEntropy(), new Sgd(0.3f)).fit(data.batches(64), 30);
            try (Pass pass = Pass.infer()) {
                int right = model.net()
                        .apply(Tensor.of(x, n, 2))
                        .correct(Tensor.ofInts(y, n))
                        .toIntArray()[0];
                assertThat(right).isGreaterThan((int) (0.93 * n));
            }
            assertThat(model.net().layers().get(0))
                    .isInstanceOfSatisfying(
                            BatchNorm.class,
                            b -> assertThat(b.runningMean().value().get(0)).isCloseTo(1000, within(60f)));
        }
    }

    /** Six steps as PyTorch's: losses, running statistics after each, parameters, and the evaluation that follows. */
    @Test
    void trainingStepsAreThoseOfPyTorch() {
        Golden file = new Golden("normalization");
        for (String form : List.of("momentum", "average")) {
            BatchNorm norm = new BatchNorm(13).momentum(form.equals("average") ? null : (Float) 0.1f);
            Layer net = new Sequential(
                    new Linear(given(file, "0.weight", 13, 7), null, null),
                    new BatchNorm(
                                    given(file, "1.weight", 13),
                                    given(file, "1.bias", 13),
                                    norm.runningMean(),
                                    norm.runningVar(),
                                    norm.numBatchesTracked(),
                                    norm.epsilon(),
                                    norm.momentum(),
                                    null)
                            .act(Activation.RELU),
                    new Linear(given(file, "2.weight", 5, 13), given(file, "2.bias", 5), null));
            try (var model = Model.of(net, 0);
                    var sgd = new Sgd(0.2f).on(model)) {
                int steps = file.shape("training/x").dim(0);
                for (int step = 0; step < steps; step++) {
                    try (Pass pass = Pass.train(new Rng(0))) {
                        Tensor y = model.net().apply(Tensor.of(file.row("training/x", step), 9, 7));
                        Tensor loss = Loss.mse().of(y, Tensor.of(file.row("training/targets", step), 9, 5));
                        close(form + " loss", new float[] {loss.item()}, file.row(form + "/loss", step));
                        pass.backward(loss);
                        sgd.step();
                    }
                    close(form, norm.runningMean().value().toArray(), file.row(form + "/running_mean", step));
                    close(form, norm.runningVar().value().toArray(), file.row(form + "/running_var", step));
                    assertThat(norm.numBatchesTracked().value().item()).isEqualTo(step + 1);
                }
                for (Parameter p : model.parameters()) {
                    close(form, p.value().toArray(), file.values(form + "/" + p.name()));
                }
                try (Pass pass = Pass.infer()) {
                    Tensor y = model.net().apply(Tensor.of(file.row("training/x", 0), 9, 7));
                    close(form, y.toArray(), file.values(form + "/evaluation"));
                }
            }
        }
    }

    private static Parameter given(Golden file, String name, int... dims) {
        return new Parameter(Shape.of(dims), (shape, rng) -> file.values("start/" + name));
    }

    private static void close(String what, float[] found, float[] expected) {
        Golden.assertClose(what, found, expected, 2e-6, 2e-6);
    }

    // ---- the others

    @Test
    void namesOfTheOthers() {
        for (Layer layer : List.of(new LayerNorm(2, 3), new GroupNorm(2, 4), InstanceNorm.affine(3))) {
            try (var model = Model.of(layer, 0)) {
                assertThat(model.parameters().stream().map(Variable::name)).containsExactly("weight", "bias");
                assertThat(model.parameters().get(0).value().toArray()).containsOnly(1);
                assertThat(model.parameters().get(1).value().toArray()).containsOnly(0);
            }
        }
        try (var model = Model.of(new RmsNorm(4), 0)) {
            assertThat(model.parameters().stream().map(Variable::name)).containsExactly("weight");
        }
    }

    /** Whole channels of an example go, or whole examples; what stays is scaled. */
    @Test
    void wholeMapsAreDropped() {
        int n = 200;
        int places = 6;
        int c = 5;
        float[] ones = new float[n * places * c];
        Arrays.fill(ones, 1);
        for (boolean path : new boolean[] {false, true}) {
            try (var model = Model.of(path ? new DropPath(0.2f) : new Dropout2d(0.2f), 0)) {
                float[] y;
                try (Pass pass = Pass.train(new Rng(3))) {
                    y = model.net().apply(Tensor.of(ones, n, 2, 3, c)).toArray();
                }
                int dropped = 0;
                for (int i = 0; i < n; i++) {
                    for (int k = 0; k < c; k++) {
                        float first = y[i * places * c + (path ? 0 : k)];
                        assertThat(first).isIn(0f, 1.25f);
                        for (int p = 0; p < places; p++) {
                            assertThat(y[(i * places + p) * c + k]).isEqualTo(first);
                        }
                        dropped += first == 0 ? 1 : 0;
                    }
                }
                // 5 sigma of the draws
                assertThat(dropped / (double) (n * c)).isCloseTo(0.2, within(5 * 0.4 / Math.sqrt(path ? n : n * c)));
                try (Pass pass = Pass.infer()) {
                    Tensor x = Tensor.of(ones, n, 2, 3, c);
                    assertThat(model.net().apply(x).toArray()).isEqualTo(ones);
                }
            }
        }
    }

    /** y = x times sigmoid(2 relu(3 mean)), by hand. */
    @Test
    void squeezeAndExcite() {
        try (var model = Model.of(new SqueezeExcite(1, 1), 0);
                Pass pass = Pass.infer()) {
            Numbers.set(model.parameter("fc1.weight"), 3);
            Numbers.set(model.parameter("fc1.bias"), 0);
            Numbers.set(model.parameter("fc2.weight"), 2);
            Numbers.set(model.parameter("fc2.bias"), 0);
            float s = (float) (1 / (1 + Math.exp(-2 * 3 * 0.25)));
            assertThat(model.net()
                            .apply(Tensor.of(new float[] {1, -1, 2, -1}, 1, 2, 2, 1))
                            .toArray())
                    .containsExactly(new float[] {s, -s, 2 * s, -s}, offset(1e-6f));
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(2, 1)))
                    .hasMessage("SqueezeExcite: x [2, 1] has no places between the batch and the channels; give [N, "
                            + "L, C], [N, H, W, C] or "
                            + "[N, D, H, W, C]");
        }
    }

    /** In the kernel of the last layer or as ops of their own: the same sum and activation, forward and backward. */
    @Test
    void aFusedResidualIsTheSum() {
        float[] x = normal(15, 4);
        for (Activation act : new Activation[] {null, Activation.RELU, Activation.GELU}) {
            List<float[]> found = new ArrayList<>();
            for (boolean fused : new boolean[] {true, false}) {
                // the names differ, and what a parameter begins with depends on its name
                Layer first = new Linear(new Parameter(Shape.of(4, 3), drawn(1)), null, Activation.TANH);
                Linear last = new Linear(new Parameter(Shape.of(3, 4), drawn(2)), null, null);
                Layer inner = fused ? new Sequential(first, last) : new Chain(first, last);
                try (var model = Model.of(new Residual(inner, act), 1);
                        Pass pass = Pass.train(new Rng(0))) {
                    Tensor in = pass.watch(Tensor.of(x, 5, 3));
                    Tensor y = model.net().apply(in);
                    pass.backward(y.square().sum());
                    found.add(y.toArray());
                    found.add(pass.gradient(in).toArray());
                    found.add(last.weight().gradient().toArray());
                }
            }
            for (int i = 0; i < 3; i++) {
                Golden.assertClose("fused " + i, found.get(i + 3), found.get(i), 1e-5, 1e-5);
            }
        }
        try (var model = Model.of(new Residual(new Linear(3, 4), null), 0);
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(5, 3)))
                    .hasMessage("linear at inner: residual [5, 3] and the result [5, 4] disagree; they must be equal");
        }
        try (var model = Model.of(new Residual(new Chain(new Linear(3, 4), null), null), 0);
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(5, 3)))
                    .hasMessage("residual: inner made [5, 4] of x [5, 3]; they must be equal to be added");
        }
    }

    private static Initializer drawn(int seed) {
        return (shape, rng) -> new Rng(seed).normal((int) shape.size(), 0, 1);
    }

    /** Two layers behind a wall. */
    private record Chain(Layer first, @Nullable Layer second) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            Tensor y = first.apply(x);
            return second == null ? y : second.apply(y);
        }
    }
}
