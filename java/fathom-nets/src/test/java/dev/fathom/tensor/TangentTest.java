package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.derivative.Linearization;
import dev.fathom.tensor.OpTable.Row;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every op's tangent, by a rule or derived, against its backward and against second differences of its reference in
 * double precision.
 */
class TangentTest {
    /** The steps of the second differences: near a kink the larger one straddles it. */
    private static final double[] STEPS = {1e-4, 1e-5};

    private static List<Row> rows() {
        return OpTable.rows().stream()
                .filter(r -> r.differentiable(0) || r.differentiable(1))
                .toList();
    }

    /** Three samples of a row: the first, the last, and one between. */
    private static List<int[][]> samples(Row row) {
        List<int[][]> all = row.samples();
        return Stream.of(0, all.size() / 2, all.size() - 1)
                .distinct()
                .map(all::get)
                .toList();
    }

    private static float[] random(long seed, long n) {
        Random random = new Random(seed);
        float[] v = new float[(int) n];
        for (int i = 0; i < n; i++) {
            v[i] = random.nextFloat() - 0.5f;
        }
        return v;
    }

    private static Tensor[] watched(Pass pass, Row row, int[][] shapes) {
        Tensor[] x = row.tensors(shapes);
        for (int i = 0; i < x.length; i++) {
            x[i] = row.differentiable(i) ? pass.watch(x[i]) : x[i];
        }
        return x;
    }

    private static Map<Tensor, Tensor> directions(Row row, Tensor[] x) {
        Map<Tensor, Tensor> v = new LinkedHashMap<>();
        for (int i = 0; i < x.length; i++) {
            if (row.differentiable(i)) {
                v.put(x[i], Tensor.of(random(i, x[i].size()), x[i].shape().toArray()));
            }
        }
        return v;
    }

    /**
     * u . J v of the tangent is J' u . v of backward, and the derivative of that along v, by backward through the
     * tangent, is the second difference of the reference.
     */
    @ParameterizedTest
    @MethodSource("rows")
    void theTangentIsTheTransposeOfBackwardAndHasAGradient(Row row) {
        for (int[][] shapes : samples(row)) {
            String what = row + Arrays.deepToString(shapes);
            try (Pass pass = Pass.grad(new Rng(0))) {
                Tensor[] x = watched(pass, row, shapes);
                Linearization f = Linearization.of(() -> row.run(x));
                Map<Tensor, Tensor> v = directions(row, x);
                if (!hasTangent(f, v)) {
                    return; // which the page of ops tells
                }
                float[] weights = random(9, f.value().size());
                Tensor u = Tensor.of(weights, f.value().shape().toArray());
                Tensor dy = f.along(v);
                assertThat(dy.shape()).isEqualTo(f.value().shape());
                double[] forward = dot(dy.toArray(), weights);
                double[] back = backward(pass, f.value().mul(u).sum(), v);
                assertThat(Math.abs(forward[0] - back[0]))
                        .as("%s: %s forward, %s backward", what, forward[0], back[0])
                        .isLessThanOrEqualTo(2e-5 * (forward[1] + back[1]) + 1e-30);
                double[] both =
                        backward(pass, f.value().mul(u).sum().add(dy.mul(u).sum()), v);
                double second = both[0] - 2 * back[0]; // what is watched sums up
                double limit = 1e-4 * (1e-2 + both[1] + back[1]);
                double[] expected = null;
                boolean equal = false;
                for (int i = 0; !equal && i < STEPS.length; i++) {
                    expected = secondDifference(row, shapes, weights, STEPS[i]);
                    equal = Math.abs(second - expected[0]) <= limit + 1e-4 * Math.abs(expected[0]) + expected[1];
                }
                assertThat(equal)
                        .as("%s: %s is the second derivative, not %s", what, second, expected[0])
                        .isTrue();
            }
        }
    }

    /** Whether forward mode passes the op; one that it does not pass says why. */
    private static boolean hasTangent(Linearization f, Map<Tensor, Tensor> v) {
        try {
            f.along(v);
            return true;
        } catch (UnsupportedOperationException e) {
            assertThat(e)
                    .hasMessageMatching("[a-z_]+: forward mode has no tangent for this op, because the gradient of"
                            + " input \\d+ depends on (input|result) \\d+ and has no gradient itself; .*");
            return false;
        }
    }

    /** Products of the gradients with the directions. */
    private static double[] backward(Pass pass, Tensor loss, Map<Tensor, Tensor> v) {
        pass.backward(loss);
        double[] sum = new double[2];
        for (Map.Entry<Tensor, Tensor> e : v.entrySet()) {
            double[] part =
                    dot(pass.gradient(e.getKey()).toArray(), e.getValue().toArray());
            sum[0] += part[0];
            sum[1] += part[1];
        }
        return sum;
    }

    /** The sum of products, and of their sizes. */
    private static double[] dot(float[] a, float[] b) {
        double sum = 0;
        double size = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
            size += Math.abs((double) a[i] * b[i]);
        }
        return new double[] {sum, size};
    }

    /** The second derivative of u . f along v, and how far rounding may have taken it. */
    private static double[] secondDifference(Row row, int[][] shapes, float[] u, double h) {
        double[] at = new double[3];
        double largest = 0;
        for (int step = -1; step <= 1; step++) {
            float[][] values = row.values(shapes);
            Doubles[] in = new Doubles[values.length];
            for (int i = 0; i < in.length; i++) {
                in[i] = Doubles.of(values[i], shapes[i]);
                if (row.differentiable(i)) {
                    float[] v = random(i, values[i].length);
                    for (int j = 0; j < v.length; j++) {
                        in[i].v()[j] += step * h * v[j];
                    }
                }
            }
            double[] y = row.expected(in).v();
            for (int o = 0; o < y.length; o++) {
                at[step + 1] += u[o] * y[o];
                largest += Math.abs(u[o] * y[o]);
            }
        }
        return new double[] {(at[0] - 2 * at[1] + at[2]) / (h * h), 1e-15 * largest / (h * h)};
    }
}
