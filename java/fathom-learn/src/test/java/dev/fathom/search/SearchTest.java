package dev.fathom.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.ensemble.ResidualBoosting;
import dev.fathom.ensemble.Stump;
import dev.fathom.features.Examples;
import dev.fathom.features.NetLearner;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Searches: what they try, and that neither workers nor a kill change their table. */
@Tag("any-instruction-set")
class SearchTest {
    private static final Space SPACE = Space.of(
            Dimension.whole("depth", 1, 8),
            Dimension.of("activation", "relu", "tanh", "gelu"),
            Dimension.logarithmic("rate", 1e-4, 1e-1),
            Dimension.real("dropout", 0, 0.5),
            Dimension.bits("connections", 6));

    @TempDir
    Path folder;

    /** Best at depth 5, with tanh, rate 0.01, no dropout and connections 101010; it needs no time. */
    private static double score(Trial t) {
        int bits = 0;
        for (int i = 0; i < 6; i++) {
            bits += t.bit("connections", i) == (i % 2 == 0) ? 1 : 0;
        }
        return -Math.abs(t.whole("depth") - 5)
                + (t.text("activation").equals("tanh") ? 2 : 0)
                - Math.abs(Math.log10(t.real("rate")) + 2)
                - 4 * t.real("dropout")
                + bits;
    }

    /** Every strategy of about a hundred trials. */
    static List<Function<Search, Results>> strategies() {
        return List.of(
                s -> s.random(90),
                s -> s.genetic(15, 6),
                s -> s.halving(60, 1, 9, 3),
                s -> s.predicted(40, 5, 10, 200, new ResidualBoosting(new Stump(), 60, 0.3)));
    }

    private static Search search(Objective objective) {
        return Search.maximize(SPACE, objective).seed(3);
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void theTableDependsOnTheSeedAlone(Function<Search, Results> strategy) throws IOException {
        Path one = folder.resolve("one.csv");
        Path three = folder.resolve("three.csv");
        Results found = strategy.apply(search(SearchTest::score).workers(1).file(one));
        Results again = strategy.apply(search(SearchTest::score).workers(3).file(three));
        assertThat(again.all()).isEqualTo(found.all());
        assertThat(Files.readString(three)).isEqualTo(Files.readString(one));
        assertThat(found.complete()).isTrue();
        Path written = folder.resolve("written.csv");
        found.writeCsv(written);
        assertThat(Files.readString(written)).isEqualTo(Files.readString(one));
        assertThat(strategy.apply(search(SearchTest::score).seed(4)).all()).isNotEqualTo(found.all());
    }

    /** A kill leaves the rows that were finished; without their order, because trials run at once. */
    @ParameterizedTest
    @MethodSource("strategies")
    void aKilledSearchGoesOn(Function<Search, Results> strategy) throws IOException {
        Path whole = folder.resolve("whole.csv");
        Results found = strategy.apply(search(SearchTest::score).workers(1).file(whole));
        List<String> lines = Files.readAllLines(whole);
        Path cut = folder.resolve("cut.csv");
        List<String> left = new ArrayList<>(lines.subList(0, 31));
        left.remove(17);
        Files.write(cut, left);
        Set<Integer> run = ConcurrentHashMap.newKeySet();
        Results resumed = strategy.apply(search(t -> {
                    run.add(t.number());
                    return score(t);
                })
                .workers(2)
                .file(cut));
        assertThat(resumed.all()).isEqualTo(found.all());
        assertThat(Files.readString(cut)).isEqualTo(Files.readString(whole));
        assertThat(run).hasSize(found.all().size() - 29).contains(16, 30).doesNotContain(0, 15, 17, 29);
    }

    @Test
    void aStoppedSearchGoesOn() {
        Path file = folder.resolve("stopped.csv");
        Search[] all = new Search[1];
        all[0] = search(t -> {
                    if (t.number() == 20) {
                        all[0].stop();
                    }
                    return score(t);
                })
                .workers(1)
                .file(file);
        Results first = all[0].genetic(15, 4);
        assertThat(first.complete()).isFalse();
        assertThat(first.all()).hasSize(21);
        Results rest = search(SearchTest::score).file(file).genetic(15, 4);
        assertThat(rest.complete()).isTrue();
        assertThat(rest.all())
                .isEqualTo(search(SearchTest::score).genetic(15, 4).all());
    }

    @Test
    void aFailingTrialIsSurvivedAndReported() {
        Path file = folder.resolve("failing.csv");
        Objective failing = t -> {
            if (t.number() % 3 == 0) {
                throw new IOException("no such file, \"x\"\nat all");
            }
            return t.number() % 3 == 1 ? Double.NaN : score(t);
        };
        Results found = search(failing).file(file).random(30);
        assertThat(found.all()).hasSize(30);
        assertThat(found.failed()).hasSize(20);
        assertThat(found.all().get(0).failure()).isEqualTo("IOException: no such file, \"x\"\nat all");
        assertThat(found.all().get(1).failure()).isEqualTo("the score is NaN");
        assertThat(found.best().failed()).isFalse();
        assertThat(found.curve()[0]).hasSize(28).startsWith(3);
        // what failed is in the file and does not run again
        Results again = search(t -> {
                    throw new AssertionError("trial " + t.number() + " ran again");
                })
                .file(file)
                .random(30);
        assertThat(again.all()).isEqualTo(found.all());
        for (Function<Search, Results> strategy : strategies()) {
            Results none = strategy.apply(search(t -> {
                throw new IllegalStateException();
            }));
            assertThat(none.failed()).isNotEmpty().hasSameSizeAs(none.all());
            assertThatThrownBy(none::best)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("trials failed, the first with \"IllegalStateException\"");
        }
    }

    @Test
    void aGridHasEveryPoint() {
        Space space = Space.of(
                Dimension.whole("a", 1, 3),
                Dimension.whole("b", 0, 100),
                Dimension.of("c", "x", "y"),
                Dimension.logarithmic("d", 1e-4, 1),
                Dimension.real("e", -1, 1),
                Dimension.bits("f", 1));
        Results all = Search.minimize(space, t -> t.number()).grid(5);
        assertThat(all.all()).hasSize(3 * 5 * 2 * 5 * 5 * 2);
        Set<List<String>> different = new HashSet<>();
        all.all().forEach(r -> different.add(r.trial().point()));
        assertThat(different).hasSize(1500);
        Trial first = all.all().get(0).trial();
        assertThat(first).hasToString("a=1, b=0, c=x, d=1.0E-4, e=-1.0, f=0");
        assertThat(all.all().get(1).trial().point()).containsExactly("1", "0", "x", "1.0E-4", "-1.0", "1");
        assertThat(all.all().get(1499).trial().point()).containsExactly("3", "100", "y", "1.0", "1.0", "1");
        assertThat(different.stream().map(p -> p.get(1)).distinct())
                .containsExactlyInAnyOrder("0", "25", "50", "75", "100");
        assertThat(different.stream()
                        .map(p -> Math.log10(Double.parseDouble(p.get(3))))
                        .distinct()
                        .sorted()
                        .toList())
                .hasSize(5)
                .satisfies(l -> assertThat(l.get(1)).isCloseTo(-3, within(1e-9)));
        assertThat(all.best().trial()).isEqualTo(first);
        assertThat(Search.minimize(space, t -> 0).grid(1).all()).hasSize(4);
        assertThat(all.curve()[1]).containsOnly(0);
        assertThat(all.scores("a")[0]).hasSize(1500).contains(1, 2, 3);
    }

    @Test
    void pointsStayWithinTheirRanges() {
        Rng rng = new Rng(1);
        List<String> point = SPACE.draw(rng);
        int[] depths = new int[9];
        for (int i = 0; i < 2000; i++) {
            List<String> other = SPACE.draw(rng);
            depths[Integer.parseInt(other.get(0))]++;
            point = SPACE.child(point, other, rng);
            assertThat(SPACE.encode(point)).hasSize(12); // 1 + 3 + 1 + 1 + 6
            for (float v : SPACE.encode(point)) {
                assertThat(v).isBetween(0f, 1f);
            }
            for (int d = 0; d < 5; d++) {
                Dimension dimension = SPACE.dimensions().get(d);
                String mutated = dimension.mutate(other.get(d), rng);
                assertThat(dimension.has(mutated)).isTrue();
                if (d == 1 || d == 4) {
                    assertThat(mutated).isNotEqualTo(other.get(d));
                }
            }
        }
        for (int d = 1; d <= 8; d++) {
            assertThat(depths[d]).isBetween(180, 320); // 250 of 2000, deviation 15
        }
    }

    @Test
    void selectionFindsMoreThanChance() {
        double random = 0;
        double genetic = 0;
        double predicted = 0;
        for (int seed = 0; seed < 5; seed++) {
            Search s = Search.maximize(SPACE, SearchTest::score).seed(seed);
            Results bred = s.genetic(15, 8);
            random += s.random(120).best().score();
            genetic += bred.best().score();
            predicted += s.predicted(60, 6, 10, 300, new ResidualBoosting(new Stump(), 60, 0.3))
                    .best()
                    .score();
            Set<List<String>> different = new HashSet<>();
            bred.all().forEach(r -> different.add(r.trial().point()));
            assertThat(different).hasSize(120);
        }
        assertThat(genetic).isGreaterThan(random + 5 * 0.7);
        assertThat(predicted).isGreaterThan(random + 5 * 0.7);
        // a small space runs out of points, and the search still ends
        assertThat(Search.minimize(Space.of(Dimension.whole("n", 1, 3)), t -> t.whole("n"))
                        .genetic(4, 3)
                        .best()
                        .score())
                .isEqualTo(1);
    }

    @Test
    void halvingSpendsMoreOnTheBest() {
        Results found = search(t -> score(t) - 1.0 / t.budget()).halving(27, 2, 50, 3);
        int[] budgets = found.all().stream()
                .mapToInt(r -> r.trial().budget())
                .distinct()
                .toArray();
        assertThat(budgets).containsExactly(2, 6, 18, 50);
        assertThat(IntStream.of(budgets).map(b -> (int) found.all().stream()
                        .filter(r -> r.trial().budget() == b)
                        .count()))
                .containsExactly(27, 9, 3, 1);
        assertThat(found.spent()).isEqualTo(27 * 2 + 9 * 6 + 3 * 18 + 50);
        List<String> best = found.all().subList(0, 27).stream()
                .reduce((a, b) -> b.score() > a.score() ? b : a)
                .orElseThrow()
                .trial()
                .point();
        assertThat(found.best().trial().point()).isEqualTo(best);
        assertThat(found.best().trial().budget()).isEqualTo(50);
    }

    @Test
    void scoresArePredictedFromDescriptions() {
        List<Result> all = search(SearchTest::score).random(400).all();
        try (ScoreRegressor regressor =
                ScoreRegressor.fit(SPACE, all.subList(0, 300), ScoreRegressor.network(SPACE), 1)) {
            List<Result> unseen = all.subList(300, 400);
            assertThat(regressor.rankCorrelation(unseen)).isBetween(0.85, 1.0);
            double squares = 0;
            double[] made = regressor.predict(
                    unseen.stream().map(r -> r.trial().point()).toList());
            for (int i = 0; i < made.length; i++) {
                squares += Math.pow(made[i] - unseen.get(i).score(), 2) / made.length;
            }
            assertThat(squares).isLessThan(0.35 * regressor.deviation() * regressor.deviation());
        }
        // ranks by hand: predictions 1, 2, 2, 4 against scores 10, 30, 20, 20 are 0, 1.5, 1.5, 3 and 0, 3, 1.5, 1.5
        Space one = Space.of(Dimension.whole("n", 0, 4));
        Results four = Search.maximize(one, t -> new double[] {10, 30, 20, 20}[t.number()])
                .random(4);
        float[] known = {1, 2, 2, 4};
        ScoreRegressor fixed = ScoreRegressor.fit(
                one,
                four.all(),
                (data, seed) -> Predictor.of(
                        Prediction.NUMBERS,
                        x -> IntStream.range(0, 4)
                                .mapToObj(i -> new float[] {known[i]})
                                .toArray(float[][]::new)),
                1);
        assertThat(fixed.rankCorrelation(four.all())).isCloseTo(2.25 / 4.5, within(1e-12));
        assertThatThrownBy(() -> new ScoreRegressor(one, Predictor.of(Prediction.SCORES, x -> x), 0, 1))
                .hasMessage(
                        "score regressor: the learner gives scores of classes, but a score is a number; give a learner"
                                + " of numbers");
    }

    @Test
    void rankCorrelationIsThatOfTheRanks() {
        double[] a = {3, 1, 2, 2};
        assertThat(ScoreRegressor.rankCorrelation(a, new double[] {30, 10, 20, 20}))
                .isCloseTo(1, within(1e-12));
        assertThat(ScoreRegressor.rankCorrelation(a, new double[] {-9, 8, 0, 0}))
                .isCloseTo(-1, within(1e-12));
        // ranks 3, 0, 1.5, 1.5 and 2, 0, 1, 3, each minus 1.5: 3 / sqrt(4.5 * 5)
        assertThat(ScoreRegressor.rankCorrelation(a, new double[] {7, 1, 2, 1000}))
                .isCloseTo(3 / Math.sqrt(22.5), within(1e-12));
        assertThat(ScoreRegressor.rankCorrelation(a, new double[] {1, 1, 1, 1})).isNaN();
        assertThatThrownBy(() -> ScoreRegressor.rankCorrelation(a, new double[3]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4 and 3 numbers");
        assertThatThrownBy(() -> ScoreRegressor.rankCorrelation(new double[1], new double[1]))
                .hasMessageContaining("two numbers or more");
    }

    /** Depth, width and connections of networks: bit i tells whether the input of a layer is added to its output. */
    private static Layer net(Trial t) {
        int width = t.whole("width");
        List<Layer> layers = new ArrayList<>(List.<Layer>of(new Linear(2, width), Tensor::tanh));
        for (int i = 1; i < t.whole("depth"); i++) {
            Layer inner = new Sequential(new Linear(width, width), Tensor::tanh);
            layers.add(t.bit("skips", i - 1) ? new Residual(inner) : inner);
        }
        layers.add(new Linear(width, 2));
        return new Sequential(layers);
    }

    @Test
    void networksAreSearchedOnSeveralThreads() throws IOException {
        float[] drawn = new Rng(1).normal(400, 0, 1);
        float[][] x = new float[200][];
        int[] labels = new int[200];
        for (int i = 0; i < 200; i++) {
            x[i] = new float[] {drawn[2 * i], drawn[2 * i + 1]};
            labels[i] = x[i][0] * x[i][1] > 0 ? 1 : 0;
        }
        Examples all = Examples.of(x, labels);
        Examples training = all.subset(IntStream.range(0, 120).toArray());
        Examples validation = all.subset(IntStream.range(120, 200).toArray());
        Space space = Space.of(
                Dimension.whole("depth", 1, 3),
                Dimension.whole("width", 2, 8),
                Dimension.bits("skips", 2),
                Dimension.logarithmic("rate", 1e-3, 1e-1));
        Objective objective = t -> {
            try (Predictor net = NetLearner.classifier(() -> net(t), new Adam(t.real("rate")), 30, t.budget())
                    .fit(training, t.seed())) {
                return net.accuracy(validation);
            }
        };
        Path file = folder.resolve("nets.csv");
        Results found = Search.maximize(space, objective)
                .budget(80)
                .workers(3)
                .file(file)
                .genetic(4, 3);
        assertThat(found.failed()).isEmpty();
        assertThat(found.best().score()).isGreaterThan(0.75);
        Path again = folder.resolve("again.csv");
        Search.maximize(space, objective).budget(80).workers(1).file(again).genetic(4, 3);
        assertThat(Files.readString(again)).isEqualTo(Files.readString(file));
    }

    private static void refused(ThrowingCallable call, String start) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageStartingWith(start);
    }

    @Test
    void badInputIsNamed() throws IOException {
        Search search = search(SearchTest::score);
        refused(() -> Dimension.of("a"), "dimension a: the values are []");
        refused(() -> Dimension.of("a", "x", "x"), "dimension a: the values are [x, x]");
        refused(() -> Dimension.whole("a", 2, 1), "dimension a: 2 to 1 holds no whole number");
        refused(() -> Dimension.real("a", 1, Double.NaN), "dimension a: 1.0 to NaN must be finite, with least < most");
        refused(
                () -> Dimension.logarithmic("a", 0, 1),
                "dimension a: 0.0 to 1.0 must be finite, with 0 < least < most");
        refused(() -> Dimension.bits("a", 0), "dimension a: 0 bits");
        refused(() -> Space.of(), "space: there are no dimensions");
        refused(() -> Space.of(Dimension.bits("score", 1)), "space: the name \"score\" is empty or taken");
        refused(() -> Space.of(Dimension.bits("a", 1), Dimension.bits("a", 2)), "space: the name \"a\"");
        refused(
                () -> Search.minimize(Space.of(Dimension.bits("a", 17)), t -> 0).grid(1),
                "dimension a: a grid would try 2^17");
        refused(
                () -> SPACE.encode(List.of("1", "relu", "1", "0", "000000")),
                "space: [1, relu, 1, 0, 000000] is not a point");
        refused(() -> search.budget(0), "budget: b=0");
        refused(() -> search.random(0), "random: trials=0");
        refused(() -> search.grid(0), "grid: steps=0");
        refused(() -> search.genetic(1, 3), "genetic: population=1");
        refused(() -> search.halving(3, 5, 4, 2), "halving: most=4 must be at least 5");
        refused(() -> search.halving(3, 1, 4, 1), "halving: factor=1");
        refused(() -> search.predicted(4, 1, 5, 4, new Stump()), "predicted: pool=4 must be at least 5");
        refused(
                () -> ScoreRegressor.fit(SPACE, search.random(1).all(), new Stump(), 1),
                "score regressor: 1 of 1 trials have a score; give at least 2");
        Result one = search.random(1).all().get(0);
        refused(() -> one.trial().text("width"), "trial: there is no dimension width; the space has [depth,");
        Path file = folder.resolve("other.csv");
        search(SearchTest::score).file(file).random(3);
        refused(
                () -> search(SearchTest::score).seed(9).file(file).random(3),
                "search: trial 0 in " + file + " is depth=");
        refused(
                () -> Search.maximize(Space.of(Dimension.bits("a", 1)), t -> 0)
                        .file(file)
                        .random(3),
                "search: the columns of " + file + " are [trial, seed, budget, depth,");
        Path broken = folder.resolve("broken.csv");
        Files.writeString(broken, Files.readString(file).replaceFirst("\n0,", "\nzero,"));
        refused(
                () -> search(SearchTest::score).file(broken).random(3),
                "search: " + broken + " is not the table of a search");
    }
}
