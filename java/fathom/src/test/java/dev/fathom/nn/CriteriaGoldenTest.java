package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses against PyTorch: the values, their mean and sum, and the gradients of the mean. */
class CriteriaGoldenTest {
    private static final Golden GOLDEN = new Golden("criteria");
    private static final Map<String, ReducedLoss> ROWS = new LinkedHashMap<>();

    static {
        float[] weights = {0.5f, 2, 1, 0.25f, 1.5f};
        int first = (int) GOLDEN.values("ignored class/x1")[0];
        CrossEntropy holes = Loss.crossEntropy().ignoreIndex(-100);
        ROWS.put("ignored", holes);
        ROWS.put("ignored class", Loss.crossEntropy().ignoreIndex(first));
        ROWS.put(
                "ignored class, smoothed",
                Loss.crossEntropy().ignoreIndex(first).labelSmoothing(0.1f));
        ROWS.put("ignored, weighted", holes.classWeights(weights));
        ROWS.put("ignored, weighted, smoothed", holes.classWeights(weights).labelSmoothing(0.2f));
        ROWS.put("nll", Loss.nll());
        ROWS.put("nll, ignored, weighted", Loss.nll().ignoreIndex(-100).classWeights(weights));
        ROWS.put("multiMargin(1, 1)", Loss.multiMargin(1, 1));
        ROWS.put("multiMargin(2, 0.5)", Loss.multiMargin(2, 0.5f));
        ROWS.put("logistic", Loss.logistic());
        ROWS.put("bce", Loss.bce());
        ROWS.put("poisson, full False", Loss.poissonNll(false));
        ROWS.put("poisson, full True", Loss.poissonNll(true));
        ROWS.put("poisson of rates, full False", Loss.poissonNllOfRates(false));
        ROWS.put("poisson of rates, full True", Loss.poissonNllOfRates(true));
        ROWS.put("gaussian, full False", Loss.gaussianNll(false));
        ROWS.put("gaussian, full True", Loss.gaussianNll(true));
        ROWS.put("kl", Loss.kl());
        ROWS.put("kl of certainty", Loss.kl());
        ROWS.put("distillation(3)", Loss.distillation(3));
        ROWS.put("cosine(0.1)", Loss.cosineEmbedding(0.1f));
        ROWS.put("infoNce(0.2)", Loss.infoNce(0.2f));
    }

    private static final String TRIPLET = "triplet(1)";

    private static Stream<String> rows() {
        return ROWS.keySet().stream();
    }

    private static Tensor tensor(String name) {
        Shape shape = GOLDEN.shape(name);
        float[] values = GOLDEN.values(name);
        boolean labels =
                name.endsWith("/x1") && Stream.of("ignored", "nll", "multi").anyMatch(name::startsWith);
        return labels ? Tensor.ofInts(Golden.whole(values), shape.toArray()) : Tensor.of(values, shape.toArray());
    }

    @ParameterizedTest
    @MethodSource("rows")
    void valuesMeanSumAndGradients(String name) {
        ReducedLoss loss = ROWS.get(name);
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(tensor(name + "/x0"));
            Tensor t = tensor(name + "/x1");
            boolean both = GOLDEN.has(name + "/dx1");
            t = both ? pass.watch(t) : t;
            close(name + "/values", loss.each(x, t));
            close(name + "/sum", loss.sum().of(x, t));
            Tensor mean = loss.of(x, t);
            close(name + "/mean", mean);
            pass.backward(mean);
            close(name + "/dx0", pass.gradient(x));
            if (both) {
                close(name + "/dx1", pass.gradient(t));
            }
        }
    }

    @Test
    void tripletsThatAreGiven() {
        try (Pass pass = Pass.grad()) {
            Tensor[] x = new Tensor[3];
            for (int i = 0; i < 3; i++) {
                x[i] = pass.watch(tensor(TRIPLET + "/x" + i));
            }
            Tensor values = Loss.triplet(1).each(x[0], x[1], x[2]);
            close(TRIPLET + "/values", values);
            pass.backward(values.mean());
            for (int i = 0; i < 3; i++) {
                close(TRIPLET + "/dx" + i, pass.gradient(x[i]));
            }
        }
    }

    private static void close(String name, Tensor found) {
        Shape shape = GOLDEN.shape(name).equals(Shape.of(1)) ? Shape.SCALAR : GOLDEN.shape(name);
        assertThat(found.shape()).as(name).isEqualTo(shape);
        Golden.assertClose(name, found.toArray(), GOLDEN.values(name), 2e-6, 1e-6);
    }

    @Test
    void everyGoldenHasARow() {
        assertThat(GOLDEN.names().stream()
                        .map(name -> name.substring(0, name.indexOf('/')))
                        .distinct())
                .containsExactlyInAnyOrderElementsOf(
                        Stream.concat(rows(), Stream.of(TRIPLET)).toList());
    }
}
