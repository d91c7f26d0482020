package dev.fathom.labs.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.labs.CommandLineRun;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab memory}: its problems, its short form, and its gradients against those of backward. */
class MemoryLabTest {
    private static final int PARAMETERS = 1;
    private static final int MILLISECONDS = 2;
    private static final int LOSS = 3;
    private static final int ACCURACY = 4;

    @TempDir
    Path temp;

    @Test
    void gatesRememberAndTheGradientsOfATanhNetVanish() {
        String out = CommandLineRun.lab("memory", temp).out();
        assertThat(adding(out, "LSTM", LOSS)).isLessThan(0.1); // 0.1667 without memory
        assertThat(adding(out, "GRU", LOSS)).isLessThan(0.05);
        assertThat(adding(out, "UGRNN", LOSS)).isLessThan(0.1);
        assertThat(adding(out, "GRU", ACCURACY)).isGreaterThan(50); // 15.4 % without memory
        assertThat(adding(out, "UGRNN", ACCURACY)).isGreaterThan(50);
        assertThat(copying(out, "GRU", LOSS)).isLessThan(0.51); // 0.5199 without memory
        assertThat(copying(out, "UGRNN", LOSS)).isLessThan(0.51);
        assertThat(copying(out, "GRU", ACCURACY)).isGreaterThan(17); // 12.5 % without memory
        assertThat(copying(out, "UGRNN", ACCURACY)).isGreaterThan(17);
        assertThat(copying(out, "LSTM", LOSS)).isLessThan(0.55); // log 10 = 2.30 untrained
        assertThat(copying(out, "RNN", LOSS)).isLessThan(0.55);
        // 64 units: for each gate the weights of inputs and states and two biases; then the linear layer
        Map<String, Integer> gates = Map.of("RNN", 1, "LSTM", 4, "GRU", 3, "UGRNN", 2);
        gates.forEach((cell, g) -> {
            assertThat(adding(out, cell, PARAMETERS)).isEqualTo(g * 64 * (2 + 64 + 2) + 64 + 1);
            assertThat(copying(out, cell, PARAMETERS)).isEqualTo(g * 64 * (10 + 64 + 2) + 10 * (64 + 1));
            assertThat(adding(out, cell, MILLISECONDS)).isPositive();
            assertThat(copying(out, cell, MILLISECONDS)).isPositive();
        });
        assertThat(out)
                .containsPattern(
                        "T +cell +parameters +ms a step +steps +test mean squared error +without memory +accuracy")
                .containsPattern(
                        "T +cell +parameters +ms a step +steps +test cross-entropy +without memory +symbol accuracy");
        assertThat(number(out, "RNN, before training +\\S+ +\\S+ +\\S+ +\\S+ +(\\S+)"))
                .isLessThan(1e-3 * number(out, "GRU, before training +\\S+ +\\S+ +\\S+ +\\S+ +(\\S+)"));
        assertThat(number(out, "scale 0.5, measured +\\S+ +\\S+ +\\S+ +\\S+ +(\\S+)"))
                .isLessThan(number(out, "scale 0.5, bound +\\S+ +\\S+ +\\S+ +\\S+ +(\\S+)"));
        assertThat(number(out, "scale 2.0, measured +\\S+ +\\S+ +\\S+ +\\S+ +(\\S+)"))
                .isGreaterThan(10);
        assertThat(number(out, "not clipped +\\S+ +\\d+ % +(\\S+)")).isGreaterThan(1e3);
        assertThat(number(out, "clipped to norm 1 +\\S+ +\\d+ % +(\\S+)")).isLessThan(1);
        for (String file : new String[] {
            "report.html",
            "adding-20.png",
            "copy-20.png",
            "flow-start.png",
            "flow-trained.png",
            "products.png",
            "bounds.png",
            "clipping-norm.png",
            "clipping-loss.png",
            "clipping-flow.png"
        }) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    /** A number in the row of a cell in the table on adding. */
    private static double adding(String out, String cell, int column) {
        return column(out.substring(out.indexOf("test mean squared error")), cell, column);
    }

    /** A number in the row of a cell in the table on copying. */
    private static double copying(String out, String cell, int column) {
        return column(out.substring(out.indexOf("test cross-entropy")), cell, column);
    }

    private static double column(String out, String cell, int column) {
        Matcher m = Pattern.compile("\n20 +" + cell + " +([\\d,]+) +(\\S+) +\\d+(?:, solved)? +(\\S+) +\\S+ +(\\S+) %")
                .matcher(out);
        assertThat(m.find()).as(cell).isTrue();
        return Double.parseDouble(m.group(column).replace(",", ""));
    }

    private static double number(String out, String pattern) {
        Matcher m = Pattern.compile(pattern).matcher(out);
        assertThat(m.find()).as(pattern).isTrue();
        return Double.parseDouble(m.group(1));
    }

    /** What is finished is not trained again, and comes to the same. */
    @Test
    void resumeGoesOn() {
        List<String> out = CommandLineRun.twice("memory", temp);
        assertThat(out.get(1).substring(out.get(1).indexOf("\nT "))).contains(table(out.get(0)));
    }

    @Test
    void anInterruptedRunShowsTheNetworksThatAreTrained() {
        var run = InterruptedRun.of(new MemoryLab(), "== Adding, T = 20, GRU", null, temp);
        assertThat(run.result().isFinished()).isFalse();
        assertThat(adding(run.out(), "RNN", LOSS)).isPositive();
        assertThat(adding(run.out(), "LSTM", LOSS)).isPositive();
        assertThat(run.out()).doesNotContainPattern("\n20 +UGRNN").doesNotContain("== Copying");
        assertThat(run.result().figures()).hasSize(4);
    }

    /** Of 20,000 sums of two uniform numbers, and of random symbols, as many are right as the formulas say. */
    @Test
    void anAnswerWithoutMemoryHasItsAccuracy() {
        try (Dataset data = MemoryTask.ADDING.data(20_000, 4, new Rng(1));
                Pass pass = Pass.infer()) {
            Tensor y = data.batches(20_000).epoch(0).next().y();
            double share = MemoryTask.ADDING.correct(Tensor.ones(20_000, 1), y, 4) / 20_000;
            assertThat(share).isCloseTo(MemoryTask.ADDING.guessedAccuracy(), within(0.01));
            assertThat(pass.recording()).isFalse();
        }
        assertThat(MemoryTask.COPY.guessedAccuracy()).isEqualTo(0.125);
    }

    private static String table(String out) {
        int from = out.indexOf("network  ");
        return out.substring(from, out.indexOf("recurrent weights"));
    }

    @Test
    void addingMarksOneNumberInEachHalfAndGivesTheirSum() {
        try (Dataset data = MemoryTask.ADDING.data(300, 9, new Rng(3));
                Pass pass = Pass.infer()) {
            var batch = data.batches(300).epoch(0).next();
            float[] x = batch.x().toArray();
            float[] y = batch.y().toArray();
            double squares = 0;
            for (int n = 0; n < 300; n++) {
                int[] marks = new int[2];
                float sum = 0;
                for (int t = 0; t < 9; t++) {
                    float mark = x[2 * (9 * n + t) + 1];
                    assertThat(mark).isIn(0f, 1f);
                    marks[t < 4 ? 0 : 1] += (int) mark;
                    sum += mark * x[2 * (9 * n + t)];
                }
                assertThat(marks).containsExactly(1, 1);
                assertThat(y[n]).isEqualTo(sum);
                squares += (y[n] - 1) * (y[n] - 1);
            }
            assertThat(squares / 300).isCloseTo(MemoryTask.ADDING.baseline(9), within(0.03));
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void copyingAsksForTheTenSymbolsAtTheEnd() {
        try (Dataset data = MemoryTask.COPY.data(50, 5, new Rng(3));
                Pass pass = Pass.infer()) {
            var batch = data.batches(50).epoch(0).next();
            int[] x = batch.x().toIntArray();
            int[] y = batch.y().toIntArray();
            for (int n = 0; n < 50; n++) {
                for (int t = 0; t < 25; t++) {
                    int at = 25 * n + t;
                    assertThat(x[at]).isEqualTo(t < 10 ? y[at + 15] : t == 14 ? 9 : 8);
                    assertThat(y[at]).isBetween(t < 15 ? 8 : 0, t < 15 ? 8 : 7);
                }
            }
            Tensor truth = batch.y().oneHot(10);
            assertThat(MemoryTask.COPY.correct(truth, batch.y(), 5)).isEqualTo(50);
            int[] blank = new int[50 * 25];
            Arrays.fill(blank, MemoryTask.BLANK);
            Tensor blanks = Tensor.ofInts(blank, 50, 25).oneHot(10);
            assertThat(MemoryTask.COPY.correct(blanks, batch.y(), 5)).isZero(); // though 15 of 25 steps are right
            assertThat(pass.recording()).isFalse();
        }
        assertThat(MemoryTask.COPY.baseline(80)).isCloseTo(0.2079441542, within(1e-9)); // 10 ln 8 / 100
    }

    /** v' dh[T]/dh[T - d] of the formula is what backward gives for the loss v' h[T]. */
    @Test
    void theProductOfDerivativesIsThatOfBackward() {
        Recurrent net = Recurrent.of(Cell.TANH, 2, 6).init("weight_hh_l0", Init.orthogonal(1.3f));
        float[] x = new Rng(4).uniform(2 * 12, -1, 1);
        try (Model<Recurrent> model = Model.of(net, 2);
                Pass pass = Pass.grad()) {
            Tensor all = Tensor.of(x, 1, 12, 2);
            double[] products = GradientFlow.products(model.net(), all);
            assertThat(products[0]).isEqualTo(1);
            for (int d : new int[] {1, 5, 11}) {
                State before = net.run(all.slice(1, 0, 12 - d)).state();
                double[][] jacobian = new double[6][6];
                for (int unit = 0; unit < 6; unit++) {
                    Tensor h = pass.watch(before.get("hidden").detach());
                    Tensor last = net.run(all.slice(1, 12 - d, 12), State.of("hidden", h))
                            .last();
                    pass.backward(last.slice(1, unit, unit + 1).sum(), h);
                    float[] row = Objects.requireNonNull(pass.gradient(h)).toArray();
                    for (int k = 0; k < 6; k++) {
                        jacobian[unit][k] = row[k];
                    }
                }
                double largest = GradientFlow.largest(jacobian);
                assertThat(products[d]).isCloseTo(largest, within(1e-4 * largest));
                assertThat(largest).isLessThan(Math.pow(1.3, d) * 1.0001);
            }
        }
    }

    /** In a tanh layer of one unit, dL/dh[t] = w (1 - h[t + 1]^2) dL/dh[t + 1]. */
    @Test
    void theGradientsOfStatesAreThoseOfTheWholeSequence() {
        var net = new MemoryNet(MemoryTask.ADDING, Recurrent.of(Cell.TANH, 2, 1), new Linear(1, 1));
        try (Model<MemoryNet> model = Model.of(net, 5);
                Dataset data = MemoryTask.ADDING.data(1, 8, new Rng(6));
                Pass pass = Pass.grad()) {
            var batch = data.batches(1).epoch(0).next();
            double[] norms = GradientFlow.norms(net, batch);
            float[] h = net.cell().run(batch.x()).steps().toArray();
            float w = Objects.requireNonNull(net.cell().weights().get("weight_hh_l0"))
                    .value()
                    .item();
            for (int d = 1; d < 8; d++) {
                int t = 7 - d;
                double slope = Math.abs(w * (1 - h[t + 1] * h[t + 1]));
                assertThat(norms[d]).isCloseTo(norms[d - 1] * slope, within(1e-6));
            }
            assertThat(norms[0]).isGreaterThan(0);
            assertThat(pass.recording()).isTrue();
            assertThat(model.parameterCount()).isEqualTo(2 + 1 + 2 + 2);
        }
    }

    @Test
    void gatesBeginToRememberForAsManyStepsAsThereAre() {
        for (Cell cell : new Cell[] {Cell.LSTM, Cell.GRU, Cell.UGRNN}) {
            var net = MemoryNet.of(MemoryTask.ADDING, cell, 50, 100);
            try (Model<MemoryNet> model = Model.of(net, 1)) {
                float[] bias = Objects.requireNonNull(net.cell().weights().get("bias_ih_l0"))
                        .value()
                        .toArray();
                int from = cell == Cell.UGRNN ? 0 : 50;
                for (int i = 0; i < 50; i++) {
                    double keeps = 1 / (1 + Math.exp(-bias[from + i]));
                    assertThat(1 / (1 - keeps)).isBetween(1.99, 100.0); // steps
                    if (cell == Cell.LSTM) {
                        assertThat(bias[i]).isEqualTo(-bias[50 + i]);
                    }
                }
                assertThat(model.parameterCount()).isPositive();
            }
        }
    }
}
