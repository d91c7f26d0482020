package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every loss and its gradient against PyTorch, and a network trained with it for 50 steps: the loss before each step
 * and the weights at the end.
 */
class LossGoldenTest {
    private static final int STEPS = 50;
    private static final int BATCH = 11;
    private static final Golden LOSSES = new Golden("losses");
    private static final Golden TRAINING = new Golden("training");

    /** A loss, its optimizer, and which targets of the file it takes. */
    private record Row(Loss loss, String targets, Optimizer recipe) {}

    private static final Map<String, Row> ROWS = new LinkedHashMap<>();

    private static void row(String name, String targets, Loss loss) {
        row(name, targets, loss, new Sgd(0.05f).momentum(0.9f));
    }

    private static void row(String name, String targets, Loss loss, Optimizer recipe) {
        ROWS.put(name, new Row(loss, targets, recipe));
    }

    static {
        row("crossEntropy", "labels", Loss.crossEntropy());
        row("bce", "shares", Loss.bceWithLogits());
        row("mse", "numbers", Loss.mse());
        float[] weights = {0.5f, 2, 1, 0.25f, 1.5f};
        row("crossEntropySmoothed(0.1)", "labels", Loss.crossEntropy().labelSmoothing(0.1f));
        row("crossEntropyWeighted", "labels", Loss.crossEntropy().classWeights(weights));
        row(
                "crossEntropyWeightedSmoothed(0.1)",
                "labels",
                Loss.crossEntropy().classWeights(weights).labelSmoothing(0.1f));
        row("crossEntropyOfShares", "probabilities", Loss.crossEntropy());
        row(
                "crossEntropyOfSharesSmoothed(0.1)",
                "probabilities",
                Loss.crossEntropy().labelSmoothing(0.1f));
        row("crossEntropyOfSharesWeighted", "probabilities", Loss.crossEntropy().classWeights(weights));
        row("bcePositiveWeight(3)", "shares", Loss.bceWithLogits().positiveWeight(3));
        row("bcePositiveWeights", "shares", Loss.bceWithLogits().positiveWeight(0.5f, 3, 1, 2, 0.75f));
        row("l1", "numbers", Loss.l1());
        row("huber(1)", "numbers", Loss.huber(1));
        row("huber(0.3)", "numbers", Loss.huber(0.3f));
        row("sse", "numbers", Loss.sse(), new Sgd(0.05f / 55).momentum(0.9f));
        row("adam", "labels", Loss.crossEntropy(), new Adam(0.01f));
        row("adamW", "labels", Loss.crossEntropy(), new AdamW(0.01f));
        row("rmsprop", "labels", Loss.crossEntropy(), new RmsProp(0.003f));
    }

    private static Stream<String> cases() {
        return LOSSES.names().stream()
                .filter(name -> name.endsWith("/y"))
                .map(name -> name.substring(0, name.length() - 2));
    }

    private static Stream<String> runs() {
        return TRAINING.names().stream()
                .filter(name -> name.endsWith("/loss"))
                .map(name -> name.substring(0, name.length() - 5));
    }

    private static Row rowOf(String name) {
        Row row = ROWS.get(name);
        assertThat(row).as("row of " + name).isNotNull();
        return row;
    }

    /** Logits of size 4 and up to 35 terms: 1e-6 of a loss, and of the largest gradient that one of them could have. */
    @ParameterizedTest
    @MethodSource("cases")
    void valueAndGradientAsPyTorchHasThem(String name) {
        Loss loss = rowOf(name.substring(0, name.indexOf('#'))).loss;
        String target = LOSSES.has(name + "/i1") ? name + "/i1" : name + "/c1";
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(
                    LOSSES.values(name + "/x0"), LOSSES.shape(name + "/x0").toArray()));
            Tensor y = loss.of(x, target(LOSSES.values(target), LOSSES.shape(target), target.endsWith("/i1")));
            Golden.assertClose(name, y.toArray(), LOSSES.values(name + "/y"), 1e-6, 1e-7);
            pass.backward(y.mul(LOSSES.values(name + "/dy")[0]));
            Golden.assertClose(
                    name + ", gradient", pass.gradient(x).toArray(), LOSSES.values(name + "/dx0"), 1e-6, 2e-7);
        }
    }

    private static Tensor target(float[] values, Shape shape, boolean labels) {
        return labels ? Tensor.ofInts(Golden.whole(values), shape.toArray()) : Tensor.of(values, shape.toArray());
    }

    /**
     * Roundings of 50 steps add up to some 1e-6 in weights of size 1, and the momentum of 0.9 makes each count tenfold.
     */
    @ParameterizedTest
    @MethodSource("runs")
    void trainsAsPyTorchDoes(String name) {
        Row row = rowOf(name);
        String targets = "targets/" + row.targets;
        int batches = TRAINING.shape("x").dim(0);
        float[] curve = new float[STEPS];
        try (var model = Model.of(new Sequential(linear("0"), Tensor::tanh, linear("2")), 1);
                BoundOptimizer optimizer = row.recipe.on(model)) {
            for (int step = 0; step < STEPS; step++) {
                try (Pass pass = Pass.train(new Rng(1))) {
                    Tensor x = Tensor.of(TRAINING.row("x", step % batches), BATCH, 7);
                    Shape all = TRAINING.shape(targets);
                    Shape one = all.rank() == 2 ? Shape.of(BATCH) : Shape.of(BATCH, 5);
                    Tensor t = target(TRAINING.row(targets, step % batches), one, row.targets.equals("labels"));
                    Tensor loss = row.loss.of(model.net().apply(x), t);
                    curve[step] = loss.item();
                    pass.backward(loss);
                }
                optimizer.step();
            }
            Golden.assertClose(name + ", loss", curve, TRAINING.values(name + "/loss"), 2e-6, 1e-6);
            for (String parameter : List.of("0.weight", "0.bias", "2.weight", "2.bias")) {
                Golden.assertClose(
                        name + ", " + parameter,
                        model.parameter(parameter).value().toArray(),
                        TRAINING.values(name + "/" + parameter),
                        5e-6,
                        5e-6);
            }
        }
    }

    /** A layer of the network with PyTorch's first values. */
    private static Linear linear(String name) {
        return new Linear(start(name + ".weight"), start(name + ".bias"), null);
    }

    private static Parameter start(String name) {
        return new Parameter(TRAINING.shape("start/" + name), (shape, rng) -> TRAINING.values("start/" + name));
    }

    /** A golden without a row fails above; this one fails where a row has no golden. */
    @Test
    void everyRowHasAGolden() {
        Set<String> goldens = runs().collect(Collectors.toSet());
        assertThat(goldens).containsAll(ROWS.keySet());
    }
}
