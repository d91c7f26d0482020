package dev.fathom.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.Init;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Workers;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Gradients that are rows and values, as an embedding has them: the bits of whole ones, and lazy steps that touch no
 * other row.
 */
class RowGradientsTest {
    private static final int ROWS = 40;
    private static final int COLUMNS = 5;

    /** Rows of a table, and a weight beside it whose gradient is whole. */
    private record Table(Parameter table, Parameter scale, boolean whole) implements Net {
        Table(boolean whole) {
            this(
                    new Parameter(Shape.of(ROWS, COLUMNS), Init.normal(0, 1)),
                    new Parameter(Shape.of(COLUMNS), Init.constant(2)),
                    whole);
        }

        /** Times 1, the table is a result like any other, whose gradient is whole. */
        Tensor at(int... tokens) {
            Tensor t = whole ? table.value().mul(1) : table.value();
            return t.take(0, Tensor.ofInts(tokens, tokens.length)).mul(scale.value());
        }
    }

    private static void backward(Model<Table> model, int... tokens) {
        try (Pass pass = Pass.train(new Rng(0))) {
            pass.backward(model.net().at(tokens).square().sum(), model);
        }
    }

    private static int[] tokens(int step) {
        float[] u = new Rng(9).split(step).uniform(12, 0, ROWS);
        int[] tokens = new int[u.length];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = (int) (u[i] * u[i] / ROWS); // some often, some never
        }
        return tokens;
    }

    private static float[] gradient(Model<Table> model) {
        return model.net().table().gradient().toArray();
    }

    private static float[] table(Model<Table> model) {
        return model.net().table().value().toArray();
    }

    private static float[] row(float[] table, int row) {
        return Arrays.copyOfRange(table, row * COLUMNS, (row + 1) * COLUMNS);
    }

    @Test
    void aGradientOfRowsHasTheBitsOfAWholeOne() {
        try (var rows = Model.of(new Table(false), 1);
                var whole = Model.of(new Table(true), 1)) {
            Parameter p = rows.net().table();
            assertThat(p.gradientRows()).isNull();
            for (int round = 0; round < 3; round++) {
                List<Model<Table>> both = List.of(rows, whole);
                both.forEach(m -> backward(m, 7, 3, 7, 39));
                assertThat(p.gradientRows()).containsExactly(3, 7, 39);
                assertThat(gradient(rows)).isEqualTo(gradient(whole));
                both.forEach(m -> backward(m, 0, 3));
                assertThat(p.gradientRows()).as("accumulated").containsExactly(0, 3, 7, 39);
                assertThat(gradient(rows)).isEqualTo(gradient(whole));
                both.forEach(Model::zeroGrad);
                assertThat(p.gradientRows()).isNull();
                assertThat(p.gradient()).isNull();
                both.forEach(m -> backward(m, 5));
                assertThat(p.gradientRows())
                        .as("nothing is left of the rows before")
                        .containsExactly(5);
                assertThat(gradient(rows)).isEqualTo(gradient(whole));
                both.forEach(m -> {
                    try (Pass pass = Pass.train(new Rng(0))) {
                        pass.backward(m.net().table().value().square().sum(), m);
                    }
                });
                assertThat(p.gradientRows()).as("tied to an op on all of it").isNull();
                both.forEach(m -> backward(m, 1));
                assertThat(p.gradientRows()).isNull();
                assertThat(gradient(rows)).isEqualTo(gradient(whole));
                both.forEach(Model::zeroGrad);
            }
            backward(rows, new int[ROWS]);
            assertThat(p.gradientRows())
                    .as("as many tokens as rows are no fewer than all")
                    .isNull();
            assertThat(whole.net().table().gradientRows()).isNull();
        }
    }

    @Test
    void everyStepIsExactUnlessItIsLazy() {
        for (Optimizer recipe : List.of(
                new Sgd(0.01f).momentum(0.9f),
                new Adam(0.01f),
                new AdamW(0.01f),
                new RmsProp(0.01f, 0.99f, 1e-8f, 0.5f, true, 0.1f))) {
            for (float clip : new float[] {0, 1}) {
                try (var rows = Model.of(new Table(false), 1);
                        var whole = Model.of(new Table(true), 1);
                        var one = recipe.on(rows);
                        var other = recipe.on(whole)) {
                    if (clip > 0) {
                        one.clipNorm(clip).clipValue(0.1f);
                        other.clipNorm(clip).clipValue(0.1f);
                    }
                    for (int step = 0; step < 6; step++) {
                        backward(rows, tokens(step));
                        backward(whole, tokens(step));
                        one.step();
                        other.step();
                        assertThat(table(rows)).as(recipe.toString()).isEqualTo(table(whole));
                    }
                    assertThat(rows.net().scale().value().toArray())
                            .isEqualTo(whole.net().scale().value().toArray());
                    assertThat(Double.compare(one.gradientNorm(), other.gradientNorm()))
                            .isZero();
                }
            }
        }
    }

    @Test
    void lazyDescentIsDescent() {
        try (var lazy = Model.of(new Table(false), 1);
                var whole = Model.of(new Table(true), 1);
                var one = new Sgd(0.01f).on(lazy, Group.of("table").lazy());
                var other = new Sgd(0.01f).on(whole)) {
            for (int step = 0; step < 6; step++) {
                backward(lazy, tokens(step));
                backward(whole, tokens(step));
                one.step();
                other.step();
                assertThat(table(lazy)).isEqualTo(table(whole));
            }
        }
    }

    /** Rows that are absent keep their bits; the others follow Adam's formula with the steps of the parameter. */
    @Test
    void lazyAdamTouchesItsRowsAlone() {
        Adam adam = new Adam(0.1f);
        try (var model = Model.of(new Table(false), 1);
                var exact = Model.of(new Table(true), 1);
                var lazy = adam.on(model, Group.of("table").lazy()).clipNorm(1e9f);
                var dense = adam.on(exact)) {
            float[] start = table(model);
            int[][] seen = {{3, 4, 20}, {4}, {3, 3, 30}};
            double[][] m = new double[ROWS][COLUMNS];
            double[][] v = new double[ROWS][COLUMNS];
            double[] w = new double[start.length];
            for (int i = 0; i < w.length; i++) {
                w[i] = start[i];
            }
            for (int step = 1; step <= seen.length; step++) {
                backward(model, seen[step - 1]);
                backward(exact, seen[step - 1]);
                float[] g = gradient(model);
                double squares = 0;
                for (float x : g) {
                    squares += (double) x * x;
                }
                for (float x : model.net().scale().gradient().toArray()) {
                    squares += (double) x * x;
                }
                float[] before = table(model);
                lazy.step();
                dense.step();
                assertThat(lazy.gradientNorm()).isCloseTo(Math.sqrt(squares), within(1e-6 * Math.sqrt(squares)));
                float[] after = table(model);
                if (step == 1) {
                    assertThat(after)
                            .as("zero moments and zero gradients move nothing")
                            .isEqualTo(table(exact));
                }
                for (int r = 0; r < ROWS; r++) {
                    int row = r;
                    if (Arrays.stream(seen[step - 1]).noneMatch(t -> t == row)) {
                        assertThat(row(after, r)).isEqualTo(row(before, r));
                        continue;
                    }
                    for (int c = 0; c < COLUMNS; c++) {
                        int i = r * COLUMNS + c;
                        m[r][c] += (g[i] - m[r][c]) * 0.1;
                        v[r][c] = 0.999 * v[r][c] + 0.001 * g[i] * g[i];
                        w[i] -= 0.1
                                * (m[r][c] / (1 - Math.pow(0.9, step)))
                                / (Math.sqrt(v[r][c] / (1 - Math.pow(0.999, step))) + 1e-8);
                        assertThat((double) after[i]).isCloseTo(w[i], within(1e-4));
                    }
                }
            }
            assertThat(row(table(exact), 20)).as("exact Adam moves on").isNotEqualTo(row(table(model), 20));
        }
    }

    @Test
    void replicasBringTheirRows() {
        try (var model = Model.of(new Table(false), 1);
                var replica = model.replica();
                var alone = Model.of(new Table(true), 1)) {
            for (int round = 0; round < 3; round++) {
                backward(model, 3, 8);
                backward(replica, 9, 8, 31);
                model.addGradients(replica);
                assertThat(replica.net().table().gradientRows()).isNull();
                assertThat(model.net().table().gradientRows()).containsExactly(3, 8, 9, 31);
                backward(alone, 3, 8);
                backward(alone, 9, 8, 31);
                assertThat(gradient(model)).isEqualTo(gradient(alone));
                model.zeroGrad();
                backward(replica, 1);
                model.addGradients(replica);
                assertThat(model.net().table().gradientRows())
                        .as("only the replica's")
                        .containsExactly(1);
                alone.zeroGrad();
                backward(alone, 1);
                assertThat(gradient(model)).isEqualTo(gradient(alone));
                model.zeroGrad();
                alone.zeroGrad();
            }
        }
    }

    @Test
    void anyNumberOfThreadsGivesTheSameBits() {
        int threads = NativeRuntime.get().threads();
        float[][] tables = new float[3][];
        int n = 3000;
        int[] tokens = new Rng(4).permutation(n);
        try {
            for (int t = 1; t <= tables.length; t++) {
                tables[t - 1] = Workers.with(t, () -> threeSteps(n, tokens));
            }
        } finally {
            NativeRuntime.get().threads(threads);
        }
        assertThat(tables[1]).isEqualTo(tables[0]);
        assertThat(tables[2]).isEqualTo(tables[0]);
    }

    private static float[] threeSteps(int n, int[] tokens) {
        try (var model = Model.of(new Big(new Parameter(Shape.of(n, 64), Init.normal(0, 1))), 1);
                var adam = new Adam(0.1f).on(model, Group.of("*").lazy()).clipNorm(0.5f)) {
            for (int step = 0; step < 3; step++) {
                try (Pass pass = Pass.train(new Rng(0))) {
                    int[] some = Arrays.copyOfRange(tokens, 500 * step, 500 * step + 2000);
                    some[1999] = some[0];
                    Tensor rows = model.net().table().value().take(0, Tensor.ofInts(some, some.length));
                    pass.backward(rows.square().sum(), model);
                }
                adam.step();
            }
            return model.net().table().value().toArray();
        }
    }

    private record Big(Parameter table) implements Net {}
}
