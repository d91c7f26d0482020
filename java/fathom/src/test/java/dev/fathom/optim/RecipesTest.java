package dev.fathom.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.io.Safetensors;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Recipes that are formulas on tensors, and recipes around recipes: against references in double precision, and the
 * textbook's numbers.
 */
class RecipesTest {
    @TempDir
    Path folder;

    // ---- f = w^2 / 2 from w = 1

    private record Line(Parameter w) implements Net {
        Line() {
            this(new Parameter(Shape.of(1), Init.constant(1)));
        }
    }

    private static LossAndGradient half(Model<Line> model) {
        return () -> {
            try (Pass pass = Pass.train(new Rng(0))) {
                Tensor loss = model.net().w().value().square().mul(0.5f).sum();
                pass.backward(loss, model);
                return loss.item();
            }
        };
    }

    private static void path(Optimizer recipe, double... expected) {
        try (var model = Model.of(new Line(), 1);
                BoundOptimizer optimizer = recipe.on(model)) {
            for (int i = 0; i < expected.length; i++) {
                half(model).compute();
                optimizer.step(half(model));
                assertThat((double) model.net().w().value().item())
                        .as(recipe + " after step " + (i + 1))
                        .isCloseTo(expected[i], within(2e-7));
            }
        }
    }

    @Test
    void theTextbooksNumbers() {
        path(new Nesterov(0.1f, 0.9f), 0.9, 0.729, 0.51759);
        path(new Sgd(0.1f).momentum(0.9f), 0.9, 0.72, 0.486);
        path(new Sgd(0.1f).velocity(Sgd.Velocity.STEPS).momentum(0.9f), 0.9, 0.72, 0.486);
        path(new Sgd(0.1f).velocity(Sgd.Velocity.MEAN).momentum(0.9f), 0.99, 0.9711, 0.944379);
        path(new Adagrad(0.1f), 0.9, 0.9 - 0.1 * 0.9 / Math.sqrt(1.81));
        path(new Adam(0.1f), 0.900000001, 0.8004122297, 0.7015862745, 0.6039390627);
        path(new Adam(0.1f).weightDecay(0.1f), 0.9000000009, 0.8004122295, 0.7015862743, 0.6039390623);
        path(new Adam(0.1f).amsGrad(Adam.AmsGrad.CORRECTED), 0.900000001, 0.8052631598, 0.7157700551, 0.6314866335);
        path(new Adam(0.1f).withAmsGrad(), 0.900000001, 0.8004122297, 0.7015862745, 0.6039390627);
        path(new AdamW(0.1f).weightDecay(0.1f), 0.890000001, 0.7815718570, 0.6751012232, 0.5710475992);
    }

    /** By hand: .9, .81 and half the way back to .905; .8145, .73305 and half the way from .905. */
    @Test
    void lookaheadGoesHalfTheWay() {
        path(new Lookahead(new Sgd(0.1f), 2, 0.5f), 0.9, 0.905, 0.8145, 0.819025);
        path(new Lookahead(new Sgd(0.1f), 1, 1), 0.9, 0.81, 0.729);
    }

    /**
     * The gradient at 1 + 0.5 is 1.5. The adaptive one goes to 1 + 0.5 * 1 there, and to 0.85 + 0.5 * 0.85 from 0.85.
     */
    @Test
    void samTakesTheGradientOfTheWorstPlace() {
        path(new Sam(new Sgd(0.1f), 0.5f, false), 0.85, 0.715);
        path(new Sam(new Sgd(0.1f)).radius(0.5f).withAdaptation(), 0.85, 0.7225);
        path(new Sam(new Sgd(0.1f).momentum(0.9f)).radius(0), 0.9, 0.72, 0.486);
    }

    /** Weights .9, .81, .729, .6561; averages of them by hand. */
    @Test
    void averagesByHand() {
        average(new Ema(new Sgd(0.1f), 0.5f), 0.9, 0.855, 0.792, 0.72405);
        average(new Ema(new Sgd(0.1f), 0.5f).withCorrection(), 0.9, 0.84, 0.6795 / 0.875, 0.6678 / 0.9375);
        average(new Swa(new Sgd(0.1f), 2, 2), 0.9, 0.81, 0.81, (0.81 + 0.6561) / 2);
        average(new Lookahead(new Ema(new Sgd(0.1f), 0.5f), 99, 1), 0.9, 0.855, 0.792, 0.72405);
    }

    private static void average(Optimizer recipe, double... expected) {
        try (var model = Model.of(new Line(), 1);
                BoundOptimizer optimizer = recipe.on(model)) {
            for (int i = 0; i < expected.length; i++) {
                half(model).compute();
                optimizer.step();
                assertThat((double) model.net().w().value().item()).isCloseTo(Math.pow(0.9, i + 1), within(1e-6));
                optimizer.swapAverages();
                assertThat((double) model.net().w().value().item())
                        .as(recipe + " after step " + (i + 1))
                        .isCloseTo(expected[i], within(1e-6));
                optimizer.swapAverages();
            }
        }
    }

    // ---- averages

    private record Pair(Parameter a, Parameter b) implements Net {}

    private static Pair pair() {
        return new Pair(
                new Parameter(Shape.of(3, 5), Init.uniform(-1, 1)), new Parameter(Shape.of(7), Init.uniform(-1, 1)));
    }

    private static void step(Model<Pair> model, BoundOptimizer optimizer) {
        try (Pass pass = Pass.train(new Rng(0))) {
            Tensor loss = model.net()
                    .a()
                    .value()
                    .square()
                    .sum()
                    .add(model.net().b().value().square().sum());
            pass.backward(loss, model);
        }
        optimizer.step();
    }

    /** A parameter that was never trained has no average, and keeps its values in the exchange. */
    @Test
    void whatIsFrozenIsNotExchanged() {
        try (var model = Model.of(pair(), 1);
                BoundOptimizer optimizer = new Ema(new Sgd(0.1f), 0.9f).on(model)) {
            model.freeze("b");
            float[] frozen = model.net().b().value().toArray();
            step(model, optimizer);
            step(model, optimizer);
            float[] last = model.net().a().value().toArray();
            optimizer.swapAverages();
            assertThat(model.net().b().value().toArray()).isEqualTo(frozen);
            assertThat(model.net().a().value().toArray()).isNotEqualTo(last);
            assertThat(optimizer.averaged()).isTrue();
            assertThatThrownBy(() -> step(model, optimizer))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("step: the parameters hold their averages; call swapAverages() to get back those of "
                            + "the last step");
            optimizer.swapAverages();
            assertThat(model.net().a().value().toArray()).isEqualTo(last);
        }
    }

    @Test
    void anOptimizerIsSavedWithTheAveragesInTheModel() {
        Path file = folder.resolve("swapped");
        try (var model = Model.of(pair(), 1);
                var other = Model.of(pair(), 2);
                BoundOptimizer mine = new Ema(new Adam(0.1f), 0.9f).on(model);
                BoundOptimizer theirs = new Ema(new Adam(0.1f), 0.9f).on(other)) {
            step(model, mine);
            step(model, mine);
            mine.swapAverages();
            Safetensors.Writer writer = new Safetensors.Writer();
            mine.save(writer, "it");
            writer.write(file);
            other.copyFrom(model);
            try (Safetensors saved = Safetensors.read(file)) {
                theirs.load(saved, "it");
            }
            assertThat(theirs.averaged()).isTrue();
            mine.swapAverages();
            theirs.swapAverages();
            step(model, mine);
            step(other, theirs);
            assertThat(other.net().a().value().toArray())
                    .isEqualTo(model.net().a().value().toArray());
        }
    }

    @Test
    void aRecipeWithoutAveragesSaysSo() {
        try (var model = Model.of(pair(), 1);
                BoundOptimizer sgd = new Sgd(1).on(model)) {
            assertThatThrownBy(sgd::swapAverages)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("swapAverages: " + new Sgd(1)
                            + " keeps no averages; put an Ema or a Swa around it, such as new Ema(new "
                            + "Adam(1e-3f), 0.999f)");
        }
    }

    // ---- gradient noise

    private record Many(Parameter w) implements Net {}

    /**
     * With rate 1 and a gradient of 0, a step is the noise: its variance is eta / t^0.55, and clipping does not touch
     * it.
     */
    @Test
    void noiseHasTheVarianceOfItsStep() {
        int n = 20_000;
        try (var model = Model.of(new Many(new Parameter(Shape.of(n), Init.zeros())), 1);
                BoundOptimizer noisy = new GradientNoise(new Sgd(1), 0.3f)
                        .on(model)
                        .clipNorm(1e-3f)
                        .clipValue(1e-3f)) {
            List<float[]> places = new ArrayList<>(List.of(new float[n]));
            for (int t = 1; t <= 4; t++) {
                try (Pass pass = Pass.train(new Rng(0))) {
                    pass.backward(model.net().w().value().mul(0).sum(), model);
                }
                noisy.step();
                places.add(model.net().w().value().toArray());
                double squares = 0;
                double sum = 0;
                for (int i = 0; i < n; i++) {
                    double d = places.get(t)[i] - places.get(t - 1)[i];
                    squares += d * d;
                    sum += d;
                }
                double variance = 0.3 / Math.pow(t, 0.55);
                assertThat(squares / n).as("step " + t).isCloseTo(variance, within(0.04 * variance));
                assertThat(sum / n).isCloseTo(0, within(4 * Math.sqrt(variance / n)));
            }
            assertThat(places.get(1)).isNotEqualTo(places.get(2));
        }
    }

    private record Words(Embedding words) implements Net {}

    /** Rows of an embedding without a gradient get noise too, and the next gradient of rows begins at zero again. */
    @Test
    void noiseReachesEveryRowOfAnEmbedding() {
        try (var model = Model.of(new Words(new Embedding(6, 2)), 1);
                BoundOptimizer noisy = new GradientNoise(new Sgd(1), 1).on(model)) {
            Parameter weight = model.parameter("words.weight");
            for (int step = 0; step < 2; step++) {
                try (Pass pass = Pass.train(new Rng(0))) {
                    Tensor rows = model.net().words().apply(Tensor.ofInts(new int[] {1, 4}, 2));
                    pass.backward(rows.sum(), model);
                    float[] g = weight.gradient().toArray();
                    assertThat(g).containsExactly(0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0);
                }
                float[] before = weight.value().toArray();
                noisy.step();
                float[] after = weight.value().toArray();
                for (int i = 0; i < before.length; i++) {
                    assertThat(after[i]).isNotEqualTo(before[i]);
                }
            }
        }
    }

    // ---- LAMB and Muon

    private record Layers(List<Parameter> p) implements Net {}

    private static final int[][] SHAPES = {{4, 6}, {9, 3}, {5, 2, 2, 3}, {7}, {3}};

    private static Layers layers() {
        List<Parameter> all = new ArrayList<>();
        for (int i = 0; i < SHAPES.length; i++) {
            all.add(new Parameter(Shape.of(SHAPES[i]), i == 4 ? Init.zeros() : Init.uniform(-1, 1)));
        }
        return new Layers(all);
    }

    /** A rule in double precision: w and its two moments, changed by gradient g at step t. */
    private interface Rule {
        void step(int i, double[] w, double[] m, double[] v, double[] g, int t);
    }

    private static void compare(Optimizer recipe, double tolerance, Rule rule) {
        try (var model = Model.of(layers(), 3);
                BoundOptimizer optimizer = recipe.on(model)) {
            List<Parameter> all = model.parameters();
            List<double[]> w =
                    all.stream().map(p -> doubles(p.value().toArray())).toList();
            List<double[]> m = w.stream().map(x -> new double[x.length]).toList();
            List<double[]> v = w.stream().map(x -> new double[x.length]).toList();
            for (int t = 1; t <= 20; t++) {
                try (Pass pass = Pass.train(new Rng(0))) {
                    Tensor loss = Tensor.scalar(0);
                    for (int i = 0; i < SHAPES.length; i++) {
                        float[] g = new Rng(t).split(i).uniform(w.get(i).length, -1, 1);
                        loss = loss.add(
                                all.get(i).value().mul(Tensor.of(g, SHAPES[i])).sum());
                        rule.step(i, w.get(i), m.get(i), v.get(i), doubles(g), t);
                    }
                    pass.backward(loss, model);
                }
                optimizer.step();
                for (int i = 0; i < SHAPES.length; i++) {
                    assertThat(doubles(all.get(i).value().toArray()))
                            .as(recipe + ", parameter " + i + " after step " + t)
                            .containsExactly(w.get(i), within(tolerance));
                }
            }
        }
    }

    private static double[] doubles(float[] x) {
        double[] all = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            all[i] = x[i];
        }
        return all;
    }

    private static double norm(double[] x) {
        double sum = 0;
        for (double e : x) {
            sum += e * e;
        }
        return Math.sqrt(sum);
    }

    private static Stream<Lamb> lambs() {
        return Stream.of(
                new Lamb(0.02f),
                new Lamb(0.05f).betas(0.8f, 0.9f).epsilon(1e-3f).weightDecay(0.3f));
    }

    @ParameterizedTest
    @MethodSource("lambs")
    void lambIsItsPapersRule(Lamb r) {
        compare(r, 5e-6, (i, w, m, v, g, t) -> {
            double[] u = new double[w.length];
            for (int k = 0; k < w.length; k++) {
                m[k] = r.beta1() * m[k] + (1 - r.beta1()) * g[k];
                v[k] = r.beta2() * v[k] + (1 - r.beta2()) * g[k] * g[k];
                double mean = m[k] / (1 - Math.pow(r.beta1(), t));
                u[k] = mean / (Math.sqrt(v[k] / (1 - Math.pow(r.beta2(), t))) + r.epsilon()) + r.weightDecay() * w[k];
            }
            double ratio = norm(w) > 0 ? norm(w) / norm(u) : 1;
            for (int k = 0; k < w.length; k++) {
                w[k] -= r.learningRate() * ratio * u[k];
            }
        });
    }

    private static Stream<Muon> muons() {
        Optimizer sgd = new Sgd(0.5f).momentum(0.3f).weightDecay(0.2f);
        return Stream.of(
                new Muon(0.02f).others(sgd),
                new Muon(0.05f).momentum(0.5f, false).weightDecay(0.3f).others(sgd, "p.1", "no*match"));
    }

    /** Matrices by Newton-Schulz, the rest by another recipe with a rate of its own. */
    @ParameterizedTest
    @MethodSource("muons")
    void muonIsItsAuthorsRule(Muon r) {
        compare(r, 2e-5, (i, w, m, v, g, t) -> {
            if (SHAPES[i].length == 1 || i == 1 && !r.patterns().isEmpty()) {
                for (int k = 0; k < w.length; k++) {
                    double decayed = g[k] + 0.2f * w[k];
                    m[k] = t == 1 ? decayed : 0.3f * m[k] + decayed;
                    w[k] -= 0.5 * m[k];
                }
                return;
            }
            double[] blend = new double[w.length];
            for (int k = 0; k < w.length; k++) {
                m[k] = r.momentum() * m[k] + g[k];
                blend[k] = r.nesterov() ? g[k] + r.momentum() * m[k] : m[k];
            }
            int rows = SHAPES[i][0];
            double[] o = orthogonal(blend, rows);
            double scale = Math.sqrt(Math.max(1, rows / (double) (w.length / rows)));
            for (int k = 0; k < w.length; k++) {
                w[k] = w[k] * (1 - r.learningRate() * r.weightDecay()) - r.learningRate() * scale * o[k];
            }
        });
    }

    private static double[] orthogonal(double[] g, int rows) {
        int columns = g.length / rows;
        double[][] x = new double[rows][columns];
        for (int k = 0; k < g.length; k++) {
            x[k / columns][k % columns] = g[k] / norm(g);
        }
        for (int n = 0; n < 5; n++) {
            double[][] a = product(x, transposed(x));
            double[][] aa = product(a, a);
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < rows; j++) {
                    a[i][j] = -4.7750 * a[i][j] + 2.0315 * aa[i][j] + (i == j ? 3.4445 : 0);
                }
            }
            x = product(a, x);
        }
        double[] flat = new double[g.length];
        for (int k = 0; k < g.length; k++) {
            flat[k] = x[k / columns][k % columns];
        }
        return flat;
    }

    private static double[][] transposed(double[][] a) {
        double[][] t = new double[a[0].length][a.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < t.length; j++) {
                t[j][i] = a[i][j];
            }
        }
        return t;
    }

    private static double[][] product(double[][] a, double[][] b) {
        double[][] c = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < b[0].length; j++) {
                for (int k = 0; k < b.length; k++) {
                    c[i][j] += a[i][k] * b[k][j];
                }
            }
        }
        return c;
    }

    /** Groups hold for the others too: the factor of the rate, and a weight decay in the place of the recipe's. */
    @Test
    void muonsOthersAreTrainedAsIfAlone() {
        Group[] groups = {Group.of("p.3").rateFactor(0.5f), Group.of("p.4").weightDecay(0.7f)};
        try (var model = Model.of(layers(), 3);
                var alone = Model.of(layers(), 3);
                BoundOptimizer muon = new Muon(0.02f).on(model, groups).clipNorm(2);
                BoundOptimizer adam = new AdamW(3e-4f)
                        .betas(0.9f, 0.95f)
                        .weightDecay(0)
                        .on(alone, groups)
                        .clipNorm(2)) {
            for (int t = 1; t <= 5; t++) {
                if (t == 2) {
                    model.freeze("p.3");
                    alone.freeze("p.3");
                } else if (t == 4) {
                    model.unfreeze("p.3");
                    alone.unfreeze("p.3");
                }
                for (Model<Layers> each : List.of(model, alone)) {
                    try (Pass pass = Pass.train(new Rng(0))) {
                        Tensor loss = Tensor.scalar(0);
                        for (int i = 0; i < SHAPES.length; i++) {
                            // the gradients do not depend on the weights, so that both norms are the same
                            Tensor g = Tensor.of(
                                    new Rng(t)
                                            .split(i)
                                            .uniform((int) Shape.of(SHAPES[i]).size(), -1, 1),
                                    SHAPES[i]);
                            loss = loss.add(
                                    each.parameters().get(i).value().mul(g).sum());
                        }
                        pass.backward(loss, each);
                    }
                }
                muon.learningRate(0.02f / t);
                adam.learningRate(3e-4f / t);
                muon.step();
                adam.step();
                for (int i = 3; i < 5; i++) {
                    assertThat(model.parameters().get(i).value().toArray())
                            .as("parameter " + i + " after step " + t)
                            .containsExactly(alone.parameters().get(i).value().toArray(), within(1e-7f));
                }
            }
        }
    }

    // ---- mistakes

    private record Asks(float learningRate, int what) implements Optimizer {
        @Override
        public void step(Update update) {
            switch (what) {
                case 0 -> update.each(Update.Part::before);
                case 1 -> update.with(new Adam(1), p -> true);
                case 2 -> update.with(new Nesterov(1, 0.9f), p -> true);
                default -> update.gradients(p -> Tensor.zeros(4));
            }
        }
    }

    @Test
    void mistakesAreSentences() {
        String[] sentences = {
            "step: Asks[learningRate=1.0, what=0] asks for the values before the step; return true from "
                    + "evaluatesAgain(), "
                    + "which keeps them",
            "step: Asks[learningRate=1.0, what=1] has 0 moments and takes a step of " + new Adam(1)
                    + ", which needs 2; choose another recipe or raise moments()",
            "step: Asks[learningRate=1.0, what=2] has 0 moments and takes a step of " + new Nesterov(1, 0.9f)
                    + ", which evaluates the loss again; choose another recipe or raise moments()",
            "step: the new gradient of w is F32 [4] but the parameter is F32 [1]; give one of its shape"
        };
        for (int what = 0; what < sentences.length; what++) {
            try (var model = Model.of(new Line(), 1);
                    BoundOptimizer optimizer = new Asks(1, what).on(model)) {
                half(model).compute();
                assertThatThrownBy(optimizer::step).hasMessage(sentences[what]);
            }
        }
    }

    @Test
    void settingsWithoutSenseAreRefused() {
        Optimizer sgd = new Sgd(1);
        refused(() -> new Lookahead(sgd, 0, 0.5f), "Lookahead: every=0 must be at least 1");
        refused(() -> new Lookahead(sgd, 5, 0), "Lookahead: alpha=0.0 must be in (0, 1]");
        refused(() -> new Sam(sgd).radius(Float.NaN), "SAM: radius=NaN must be 0 or more and finite");
        refused(
                () -> new Sam(new Sam(sgd)),
                "SAM: " + new Sam(sgd) + " evaluates the loss again; put a recipe inside that evaluates it once");
        refused(() -> new GradientNoise(sgd, -1), "GradientNoise: eta=-1.0 must be 0 or more and finite");
        refused(
                () -> new GradientNoise(new Sam(sgd), 1),
                "GradientNoise: " + new Sam(sgd)
                        + " evaluates the loss again; put a recipe inside that evaluates it once");
        refused(() -> new Ema(sgd, 1), "EMA: decay=1.0 must be in [0, 1)");
        refused(
                () -> new Swa(new Ema(sgd, 0.9f), 1, 1),
                "SWA: " + new Ema(sgd, 0.9f) + " keeps an average already; keep one of the two");
        refused(() -> new Swa(sgd, 0, 1), "SWA: first=0 must be at least 1");
        refused(() -> new Swa(sgd, 1, 0), "SWA: every=0 must be at least 1");
        refused(() -> new Lamb(0), "LAMB: learningRate=0.0 must be above 0 and finite, e.g. 1e-3");
        refused(() -> new Lamb(1).betas(1, 0), "LAMB: beta1=1.0 must be in [0, 1)");
        refused(() -> new Muon(1).momentum(1, true), "Muon: momentum=1.0 must be in [0, 1)");
        refused(() -> new Muon(1).weightDecay(-1), "Muon: weightDecay=-1.0 must be 0 or more and finite");
        refused(() -> new Muon(1, 0.9f, true, 0, 0, sgd, List.of()), "Muon: iterations=0 must be at least 1");
        refused(() -> new Nesterov(1, Float.NaN), "Nesterov: momentum=NaN must be in [0, 1)");
    }

    private static void refused(Runnable make, String message) {
        assertThatThrownBy(make::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
