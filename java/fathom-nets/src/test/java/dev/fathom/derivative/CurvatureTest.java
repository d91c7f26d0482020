package dev.fathom.derivative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Products with Hessians and their eigenvalues, where they are known. */
class CurvatureTest {
    /** A point of a surface. */
    private record Point(Parameter at) implements Net {
        static Point of(float... values) {
            return new Point(new Parameter(Shape.of(values.length), (shape, rng) -> values));
        }

        Tensor x(int i) {
            return at.value().slice(0, i, i + 1);
        }

        Curvature curvature(Function<Point, Tensor> loss) {
            return new Curvature(() -> loss.apply(this), List.of(at));
        }
    }

    /** 100 (y - x^2)^2 + (1 - x)^2 (Rosenbrock 1960). */
    private static Tensor rosenbrock(Point p) {
        Tensor valley = p.x(1).sub(p.x(0).square()).square().mul(100);
        return valley.add(p.x(0).rsub(1).square());
    }

    private static Tensor quadratic(Point p) {
        Tensor x = p.at.value().reshape(1, 3);
        return x.matmul(Tensor.of(new float[] {2, 1, 0, 1, 3, -1, 0, -1, -4}, 3, 3))
                .mul(x)
                .sum()
                .mul(0.5f);
    }

    @Test
    void productsAreThoseOfTheHessianByHand() {
        try (Model<Point> model = Model.of(Point.of(-1.2f, 1), 1)) {
            Curvature c = model.net().curvature(CurvatureTest::rosenbrock);
            assertThat(c.size()).isEqualTo(2);
            assertThat(c.hessianVector(1, 0)).containsExactly(new float[] {1330, 480}, within(1e-3f));
            assertThat(c.hessianVector(0, 1)).containsExactly(new float[] {480, 200}, within(1e-3f));
        }
        try (Model<Point> model = Model.of(Point.of(5, -6, 7), 1)) {
            Curvature c = model.net().curvature(CurvatureTest::quadratic);
            assertThat(c.hessianVector(1, 2, 3)).containsExactly(4, 4, -14);
        }
    }

    /** The eigenvalues by NumPy. */
    @Test
    void extremesAreTheOuterEigenvalues() {
        try (Model<Point> model = Model.of(Point.of(5, -6, 7), 1)) {
            Curvature c = model.net().curvature(CurvatureTest::quadratic);
            for (int seed = 0; seed < 5; seed++) {
                Curvature.Extremes e = c.extremes(10, new Rng(seed));
                assertThat(e.lowest()).isCloseTo(-4.14325669, within(1e-5));
                assertThat(e.highest()).isCloseTo(3.71331115, within(1e-5));
            }
            Curvature.Extremes early = c.extremes(2, new Rng(1));
            assertThat(early.lowest()).isBetween(-4.1433, 3.7134);
            assertThat(early.highest()).isBetween(early.lowest(), 3.7134);
        }
        try (Model<Point> model = Model.of(Point.of(1, 2, 3, 4), 1)) {
            Curvature round = model.net().curvature(p -> p.at.value().square().sum());
            assertThat(round.extremes(4, new Rng(1)).lowest()).isCloseTo(2, within(1e-6));
            assertThat(round.extremes(4, new Rng(1)).highest()).isCloseTo(2, within(1e-6));
        }
    }

    /** Of a net: the Hessian is symmetric, and Lanczos finds what iteration on its matrix finds. */
    @Test
    void extremesOfANetAreThoseOfItsHessian() {
        Layer net = new Sequential(new Linear(3, 5), Tensor::tanh, new Linear(5, 2));
        try (Model<Layer> model = Model.of(net, 1);
                Pass outside = Pass.infer()) {
            Tensor x = Tensor.of(new Rng(2).normal(30, 0, 1), 10, 3);
            Tensor y = Tensor.of(new Rng(3).normal(20, 0, 1), 10, 2);
            Curvature c = new Curvature(() -> Loss.mse().of(net.apply(x), y), model.parameters());
            int n = c.size();
            double[][] h = new double[n][n];
            for (int i = 0; i < n; i++) {
                float[] unit = new float[n];
                unit[i] = 1;
                float[] column = c.hessianVector(unit);
                Arrays.setAll(h[i], j -> column[j]);
            }
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < i; j++) {
                    assertThat(h[i][j]).isCloseTo(h[j][i], within(1e-5));
                }
            }
            Curvature.Extremes e = c.extremes(n, new Rng(4));
            double highest = dominant(h, 10) - 10;
            double lowest = -(dominant(negative(h), 10) - 10);
            assertThat(e.highest()).isCloseTo(highest, within(1e-4));
            assertThat(e.lowest()).isCloseTo(lowest, within(1e-4));
            assertThat(e.lowest()).isNegative();
            assertThat(c.extremes(12, new Rng(4)).highest()).isCloseTo(highest, within(1e-2));
        }
    }

    private static double[][] negative(double[][] h) {
        return Arrays.stream(h)
                .map(row -> Arrays.stream(row).map(x -> -x).toArray())
                .toArray(double[][]::new);
    }

    /** The largest eigenvalue of h + shift, by power iteration. */
    private static double dominant(double[][] h, double shift) {
        int n = h.length;
        double[] v = new double[n];
        Arrays.setAll(v, i -> 1 + 0.1 * i);
        double value = 0;
        for (int step = 0; step < 20_000; step++) {
            double[] w = new double[n];
            double square = 0;
            for (int i = 0; i < n; i++) {
                w[i] = shift * v[i];
                for (int j = 0; j < n; j++) {
                    w[i] += h[i][j] * v[j];
                }
                square += w[i] * w[i];
            }
            value = Math.sqrt(square);
            for (int i = 0; i < n; i++) {
                v[i] = w[i] / value;
            }
        }
        return value;
    }

    @Test
    void whatIsFlatGivesZeros() {
        try (Model<Point> model = Model.of(Point.of(1, 2), 1)) {
            assertThat(model.net().curvature(p -> p.at.value().sum()).hessianVector(1, 1))
                    .containsExactly(0, 0);
            assertThat(model.net().curvature(p -> Tensor.scalar(3)).hessianVector(1, 1))
                    .containsExactly(0, 0);
            assertThat(model.net().curvature(p -> Tensor.scalar(3)).extremes(5, new Rng(1)))
                    .isEqualTo(new Curvature.Extremes(0, 0));
        }
        Layer net = new Sequential(new Linear(2, 2), Tensor::exp, new Linear(2, 1));
        try (Model<Layer> model = Model.of(net, 1)) { // a bias behind all else, and its gradient does not depend on it
            Curvature c = new Curvature(
                    () -> net.apply(Tensor.ones(1, 2)).sum(),
                    List.of(model.parameters().get(3)));
            assertThat(c.hessianVector(1)).containsExactly(0);
        }
    }

    @Test
    void gradientsStayAsTheyWere() {
        Embedding table = new Embedding(50, 3);
        Linear head = new Linear(3, 1);
        try (Model<Sequential> model = Model.of(new Sequential(table, head), 1)) {
            Curvature c = new Curvature(
                    () -> model.net()
                            .apply(Tensor.ofInts(new int[] {4, 9}, 2))
                            .square()
                            .mean(),
                    model.parameters());
            c.hessianVector(new float[c.size()]);
            model.parameters().forEach(p -> assertThat(p.gradient()).isNull());
            for (int[] tokens : new int[][] {{7, 3}, {9, 4}}) {
                try (Pass pass = Pass.grad()) {
                    pass.backward(
                            model.net().apply(Tensor.ofInts(tokens, 2)).square().sum(),
                            model.parameters().get(0),
                            model.parameters().get(1));
                }
                List<float[]> before = model.parameters().subList(0, 2).stream()
                        .map(p -> p.gradient().toArray())
                        .toList();
                int[] rows = model.parameters().get(0).gradientRows();
                float[] ones = new float[c.size()];
                Arrays.fill(ones, 1);
                assertThat(c.hessianVector(ones)).isNotEqualTo(new float[c.size()]);
                for (int i = 0; i < 2; i++) {
                    assertThat(model.parameters().get(i).gradient().toArray()).isEqualTo(before.get(i));
                }
                assertThat(model.parameters().get(2).gradient()).isNull();
                assertThat(model.parameters().get(0).gradientRows())
                        .isEqualTo(rows)
                        .isNotEmpty();
            }
        }
    }

    @Test
    void badVectorsAndLossesAreRefused() {
        try (Model<Point> model = Model.of(Point.of(1, 2), 1)) {
            Curvature c = model.net().curvature(p -> p.at.value().exp());
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> c.hessianVector(1))
                    .withMessage("curvature: the vector has 1 numbers but the parameters have 2 elements; give one for"
                            + " each");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> c.hessianVector(1, 1))
                    .withMessage("curvature: the loss [2] is not a single number; reduce it with mean() or sum()");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> c.extremes(0, new Rng(1)))
                    .withMessage("curvature: steps=0; give 1 or more");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Curvature(() -> Tensor.scalar(0), List.of()))
                    .withMessage(
                            "curvature: 0 parameters have no element, or one is there twice; give each once, with an"
                                    + " element at least");
            Parameter p = model.net().at();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Curvature(() -> Tensor.scalar(0), List.of(p, p)))
                    .withMessageStartingWith("curvature: 2 parameters have no element, or one is there twice");
            assertThatThrownBy(() -> model.net()
                            .curvature(q ->
                                    q.at.value().log().mul(Float.NaN).square().sum())
                            .extremes(2, new Rng(1)))
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessage("curvature: a product of the Hessian is NaN or infinite; the loss or a parameter is not"
                            + " finite");
            model.freeze("at");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Curvature(() -> Tensor.scalar(0), List.of(p)))
                    .withMessage(
                            "curvature: parameter at [2] is not trainable; unfreeze it, hold it in a model, or leave"
                                    + " it out");
        }
    }
}
