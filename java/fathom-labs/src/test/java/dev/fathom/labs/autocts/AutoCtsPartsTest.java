package dev.fathom.labs.autocts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.Stopped;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.labs.autocts.CellGraph.Edge;
import dev.fathom.labs.autocts.Operator.Operation;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.labs.series.SeriesFiles;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Part;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Parameter;
import dev.fathom.search.ScoreRegressor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The parts of lab autocts: operators, the two spaces, the supernet and the comparator. */
class AutoCtsPartsTest {
    private static final int N = 2;
    private static final int NODES = 3;
    private static final int STEPS = 5;
    private static final int WIDTH = 8;

    @TempDir
    Path temp;

    private record Holder(Operation operation) implements Net {}

    // ---- operators

    /**
     * What an operator gives for random features, and for the same features with one number added at a node and a step.
     */
    private static float[][] before(Operator operator, int node, int step) {
        float[] h = new Rng(3).normal(N * NODES * STEPS * WIDTH, 0, 1);
        float[] changed = h.clone();
        changed[(node * STEPS + step) * WIDTH] += 1;
        float[] graph = {0.5f, 0.5f, 0, 0, 1, 0, 0, 0, 1};
        Holder holder = new Holder(operator.make(WIDTH, 1));
        try (Model<Holder> model = hasParameters(operator) ? Model.of(holder, 1) : null;
                Pass pass = Pass.infer()) {
            assertThat(pass.recording()).isFalse();
            List<Tensor> graphs = List.of(Tensor.of(graph, NODES, NODES));
            return new float[][] {
                holder.operation
                        .apply(Tensor.of(h, N, NODES, STEPS, WIDTH), graphs)
                        .toArray(),
                holder.operation
                        .apply(Tensor.of(changed, N, NODES, STEPS, WIDTH), graphs)
                        .toArray(),
                h
            };
        }
    }

    private static boolean hasParameters(Operator operator) {
        return operator != Operator.NONE && operator != Operator.SKIP;
    }

    /** The places {node, step} of the first example that a change at (1, 2) reaches. */
    private static List<String> reached(Operator operator) {
        float[][] y = before(operator, 1, 2);
        assertThat(y[0]).hasSize(N * NODES * STEPS * WIDTH);
        List<String> all = new ArrayList<>();
        for (int node = 0; node < NODES; node++) {
            for (int step = 0; step < STEPS; step++) {
                int at = (node * STEPS + step) * WIDTH;
                if (!Arrays.equals(y[0], at, at + WIDTH, y[1], at, at + WIDTH)) {
                    all.add(node + " " + step);
                }
            }
        }
        int second = y[0].length / N; // another example sees nothing of it
        assertThat(Arrays.copyOfRange(y[0], second, y[0].length))
                .isEqualTo(Arrays.copyOfRange(y[1], second, y[1].length));
        return all;
    }

    @Test
    void operatorsReachWhatTheyAreFor() {
        assertThat(before(Operator.NONE, 0, 0)[0]).containsOnly(0);
        float[][] skip = before(Operator.SKIP, 0, 0);
        assertThat(skip[0]).isEqualTo(skip[2]);
        assertThat(reached(Operator.CONVOLUTION))
                .containsExactly("1 2", "1 4"); // two taps, two steps apart, none before
        assertThat(reached(Operator.DIFFUSION)).containsExactly("0 2", "1 2"); // along the edge from 0 to 1
        assertThat(reached(Operator.TIME)).containsExactly("1 0", "1 1", "1 2", "1 3", "1 4");
        assertThat(reached(Operator.SPACE)).containsExactly("0 2", "1 2", "2 2");
    }

    // ---- spaces

    private static CellGraph cell(String... edges) {
        return new CellGraph(Arrays.stream(edges)
                .map(e -> new Edge(Integer.parseInt(e.substring(0, 1)), Operator.valueOf(e.substring(1))))
                .toList());
    }

    @Test
    void aPointOfTheSpaceAndItsCandidateAreTheSame() {
        Rng rng = new Rng(8);
        for (int i = 0; i < 200; i++) {
            Candidate candidate = Candidate.of(Candidate.SPACE.draw(rng));
            assertThat(Candidate.of(candidate.point())).isEqualTo(candidate);
            assertThat(Candidate.SPACE.encode(candidate.point())).hasSize(11 * 5 + 2 + 3 + 4 + 5 + 6);
            assertThat(candidate.cell().nodes()).isEqualTo(candidate.levels().get(1) == 0 ? 4 : 6);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> cell("0SKIP", "0SKIP", "2SKIP"))
                .withMessageContaining("edge 2 leads from node 2 to node 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> cell("0SKIP", "0SKIP"))
                .withMessageContaining("2 edges");
        List<Integer> levels = List.of(0, 0, 0, 0, 0, 0);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Candidate(cell("0SKIP", "0SKIP", "1SKIP"), levels))
                .withMessageContaining("3 edges");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        new Candidate(cell("0SKIP", "0SKIP", "0DIFFUSION", "0SKIP", "2SKIP", "0TIME", "3SKIP"), levels))
                .withMessageContaining("is not in the space");
    }

    /** Vertices: 0 hyperparameters, 1 input, 2 to 12 edges, 13 output. */
    @Test
    void aCandidateIsOneGraph() {
        float[] graph = ArchitectureComparator.adjacency(
                cell("0SKIP", "0CONVOLUTION", "1SKIP", "0TIME", "2SPACE", "1SKIP", "3DIFFUSION"));
        List<String> joined = IntStream.range(0, 14 * 14)
                .filter(i -> i / 14 < i % 14 && graph[i] == 1)
                .mapToObj(i -> i / 14 + "-" + i % 14)
                .toList();
        assertThat(joined)
                .containsExactly(
                        "0-1", "0-2", "0-3", "0-4", "0-5", "0-6", "0-7", "0-8",
                        "0-13", // the hyperparameters belong to all
                        "1-2", "1-3", "1-5", // edges from the input
                        "2-4", "2-7", // from node 1, which is edge 0
                        "3-6", "4-6", // from node 2, the sum of edges 1 and 2
                        "5-8", "6-8", // from node 3
                        "7-13", "8-13"); // node 4 is the last
        for (int i = 0; i < 14 * 14; i++) {
            assertThat(graph[i]).isEqualTo(graph[i % 14 * 14 + i / 14]);
        }
    }

    @Test
    void earlyErrorsOfTheStoredNetworksHaveTheKnownCorrelations() {
        TestData.assume("autocts-pairs");
        List<Measured> clean = Measured.clean(null);
        List<Measured> noisy = Measured.noisy(null);
        assertThat(clean).hasSize(207).allMatch(m -> m.errors().length == 100);
        assertThat(noisy).hasSize(5489 + 6390).allMatch(m -> m.errors().length == 5);
        assertThat(Measured.distinct(noisy)).hasSize(8165);
        double[] last = clean.stream().mapToDouble(Measured::best).toArray();
        assertThat(Arrays.stream(last).min().orElseThrow()).isCloseTo(15.1088, within(5e-5));
        double[][] known = {{1, 0.205}, {3, 0.350}, {5, 0.260}, {10, 0.403}, {20, 0.421}};
        for (double[] k : known) {
            double[] early = clean.stream().mapToDouble(m -> m.best((int) k[0])).toArray();
            assertThat(ScoreRegressor.rankCorrelation(early, last)).isCloseTo(k[1], within(5e-4));
        }
    }

    // ---- the comparator

    /** Networks whose error falls with the number of diffusions and rises with the number of blocks. */
    static List<Measured> planted(int count, long seed) {
        Rng rng = new Rng(seed);
        List<Measured> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Candidate c = Candidate.of(Candidate.SPACE.draw(rng));
            long diffusions = c.cell().edges().stream()
                    .filter(e -> e.operator() == Operator.DIFFUSION)
                    .count();
            double share = (double) diffusions / c.cell().edges().size();
            all.add(new Measured(c, new double[] {
                20 + rng.normal(1, 0, 1)[0], 16 - 4 * share + c.levels().get(0)
            }));
        }
        return all;
    }

    @Test
    void theComparatorLearnsWhichNetworkIsBetter() {
        List<Measured> networks = planted(240, 4);
        List<Measured> others = planted(60, 5);
        double[] errors = others.stream().mapToDouble(Measured::best).toArray();
        try (ComparatorTraining comparator = ComparatorTraining.begin(1)) {
            double[] untrained = comparator.predicted(others, others);
            comparator.learn(networks.subList(48, 240), networks.subList(0, 48), 10, 4, Trainer::fit);
            double[] predicted = comparator.predicted(others, others);
            assertThat(ScoreRegressor.rankCorrelation(predicted, errors)).isGreaterThan(0.9);
            assertThat(Math.abs(ScoreRegressor.rankCorrelation(untrained, errors)))
                    .isLessThan(0.7);
            assertThat(Arrays.stream(predicted).boxed()).allMatch(p -> p > 0 && p < 1);
        }
        // errors by the first epoch alone are noise, from which nothing can be learned
        try (ComparatorTraining comparator = ComparatorTraining.begin(1)) {
            List<Measured> early = networks.stream()
                    .map(m -> new Measured(m.candidate(), Arrays.copyOf(m.errors(), 1)))
                    .toList();
            comparator.learn(early.subList(48, 240), early.subList(0, 48), 2, 1, Trainer::fit);
            double[] noise = others.stream().mapToDouble(m -> m.best(1)).toArray();
            assertThat(Math.abs(ScoreRegressor.rankCorrelation(comparator.predicted(others, others), noise)))
                    .isLessThan(0.4);
        }
    }

    /**
     * With the hidden parts x and y of the first and the second of a pair and the weights v, c(a, b) is the sum of v
     * relu(x(a) + y(b)), and the logit of a being better is c(a, b) - c(b, a). Two networks whose errors differ make
     * two ordered pairs, and the loss is the mean of -log of their probabilities.
     */
    @Test
    void theLossIsThatOfBothOrders() {
        List<Measured> two = planted(2, 6);
        try (ComparatorTraining comparator = ComparatorTraining.begin(1);
                Dataset data = ArchitectureComparator.dataset(two);
                Pass pass = Pass.infer()) {
            ArchitectureComparator net = comparator.model().net();
            var batch = data.batches(2).epoch(0).next();
            Tensor features = net.features(batch);
            float[] first = net.first().apply(features).toArray();
            float[] second = net.second().apply(features).toArray();
            float[] v = net.out().weight().value().toArray();
            int better = two.get(0).best() < two.get(1).best() ? 0 : 1;
            double logit = 0;
            for (int k = 0; k < v.length; k++) {
                int b = better * v.length + k;
                int w = (1 - better) * v.length + k;
                logit += v[k] * (Math.max(0, first[b] + second[w]) - Math.max(0, first[w] + second[b]));
            }
            double expected = (Math.log1p(Math.exp(-logit)) + Math.log1p(Math.exp(-logit))) / 2;
            double loss = ArchitectureComparator.step(net, batch).loss().item();
            assertThat(Math.abs(logit)).isGreaterThan(1e-4);
            assertThat(loss).isCloseTo(expected, within(1e-5));
        }
    }

    /**
     * The probabilities of both orders of a pair add up to 1, and no score of each candidate alone gives the logits.
     */
    @Test
    void theComparatorComparesPairs() {
        try (ComparatorTraining comparator = ComparatorTraining.begin(1);
                Dataset data = ArchitectureComparator.dataset(planted(6, 6));
                Pass pass = Pass.infer()) {
            ArchitectureComparator net = comparator.model().net();
            Tensor features = net.features(data.batches(6).epoch(0).next());
            float[] p = net.compare(features, features).sigmoid().toArray();
            float[] logits = net.compare(features, features).toArray();
            double furthest = 0;
            for (int a = 0; a < 6; a++) {
                for (int b = 0; b < 6; b++) {
                    assertThat(p[a * 6 + b]).isCloseTo(1 - p[b * 6 + a], within(1e-6f));
                    for (int c = 0; c < 6; c++) {
                        furthest =
                                Math.max(furthest, Math.abs(logits[a * 6 + b] + logits[b * 6 + c] - logits[a * 6 + c]));
                    }
                }
            }
            assertThat(furthest).isGreaterThan(1e-3);
        }
    }

    /**
     * Few networks teach little by themselves, so that what was learned from others must make the difference. Before a
     * copy learns anything, it predicts what it was copied from to the last bit.
     */
    @Test
    void whatWasLearnedElsewhereIsTransferred() {
        List<Measured> elsewhere = planted(240, 4);
        List<Measured> here = planted(24, 5);
        try (ComparatorTraining pretrained = ComparatorTraining.begin(1);
                Interrupt interrupt = Interrupt.install(System.err)) {
            pretrained.learn(elsewhere.subList(48, 240), elsewhere.subList(0, 48), 10, 4, Trainer::fit);
            try (ComparatorTraining copy = pretrained.copy(9)) {
                assertThat(copy.predicted(here, elsewhere)).containsExactly(pretrained.predicted(here, elsewhere));
            }
            PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
            LabRun run = new LabRun(true, null, 1, false, null, null, temp, interrupt, nowhere, nowhere);
            HeldOut all = HeldOut.of(new Lab(new AutoCtsLab(), run), "here", here, pretrained, 2, 1, 1);
            assertThat(all.mean(HeldOut.ELSEWHERE)).isGreaterThan(0.8);
            assertThat(all.mean(HeldOut.BOTH)).isGreaterThan(0.8).isGreaterThan(all.mean(HeldOut.ALONE) + 0.2);
        }
    }

    // ---- the supernet

    private ForecastTask task() throws IOException {
        Path data = SeriesFiles.write(temp, SeriesFiles.text(300, 8, 0), SeriesFiles.text(120, NODES, 0), NODES);
        return ForecastTask.traffic(data, 1000, 1000);
    }

    /** The numbers of the parameters whose names begin so, one after the other. */
    private static List<float[]> values(Model<?> model, String prefix) {
        try (Pass pass = Pass.infer()) {
            assertThat(pass.recording()).isFalse();
            return model.parameters().stream()
                    .filter(p -> p.name().startsWith(prefix))
                    .map(p -> p.value().toArray())
                    .toList();
        }
    }

    private static boolean same(List<float[]> a, List<float[]> b) {
        assertThat(a).isNotEmpty().hasSameSizeAs(b);
        return IntStream.range(0, a.size()).allMatch(i -> Arrays.equals(a.get(i), b.get(i)));
    }

    @Test
    void eachOptimizerChangesItsOwnPart() throws IOException {
        Supernet net = Supernet.of(task(), 2, 3, WIDTH, 16);
        float[] x = new Rng(1).normal(4 * 12 * NODES, 0, 1);
        float[] y = new float[4 * 3 * NODES];
        float[] known = new float[y.length];
        Arrays.fill(known, 1);
        try (Model<Supernet> model = Model.of(net, 1);
                Dataset windows = Dataset.of(
                        Field.floats("x", Shape.of(12, NODES), x).input(),
                        Field.floats("known", Shape.of(3 * NODES), known),
                        Field.floats("y", Shape.of(3 * NODES), y).target())) {
            Part weights = model.part(net.weights());
            Part architecture = model.part(net.architecture());
            Batches.Epoch epoch = windows.batches(4).epoch(0);
            for (Part part : List.of(weights, architecture)) {
                List<float[]> w = values(model, "weights.");
                List<float[]> a = values(model, "architecture.");
                try (BoundOptimizer adam = new Adam(1e-3f).on(part)) {
                    assertThat(SupernetSearch.step(net, epoch, 0, 1, new Rng(1), part, adam))
                            .isPositive();
                }
                boolean ofWeights = part.equals(weights);
                assertThat(same(values(model, "weights."), w)).isEqualTo(!ofWeights);
                assertThat(same(values(model, "architecture."), a)).isEqualTo(ofWeights);
            }
        }
    }

    /** The operators of edge 1 see the second quarter of the channels, and the others pass unchanged. */
    @Test
    void anEdgeMixesAQuarterOfTheChannels() {
        try (Pass pass = Pass.infer()) {
            float[] h = new Rng(3).normal(N * NODES * STEPS * WIDTH, 0, 1);
            Tensor mix = Supernet.shares(Tensor.of(new float[] {0, (float) Math.log(9)}, 2), 2);
            assertThat(mix.toArray()).containsExactly(new float[] {0.25f, 0.75f}, within(1e-6f));
            List<Operation> operations = List.of(Operator.NONE.make(2, 0), Operator.SKIP.make(2, 0));
            float[] made = Supernet.mixed(Tensor.of(h, N, NODES, STEPS, WIDTH), operations, mix, List.of(), 1)
                    .toArray();
            for (int i = 0; i < h.length; i++) {
                boolean seen = i % WIDTH == 2 || i % WIDTH == 3;
                assertThat(made[i]).isCloseTo(seen ? 0.75f * h[i] : h[i], within(1e-6f));
            }
        }
    }

    /** What is drawn is of the space of the supernet: distinct edges into each node, and inputs that come before. */
    @Test
    void randomArchitecturesAreOfTheSpaceOfTheSupernet() {
        Rng rng = new Rng(4);
        Set<Integer> inputs = new HashSet<>();
        Set<Operator> operators = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            Blueprint drawn = Blueprint.random(4, 4, rng.split(i));
            assertThat(drawn).isEqualTo(Blueprint.random(4, 4, rng.split(i)));
            assertThat(drawn.cells()).hasSize(4).allMatch(c -> c.nodes() == 4);
            for (int b = 0; b < 4; b++) {
                List<Edge> edges = drawn.cells().get(b).edges();
                IntStream.of(1, 3, 5)
                        .forEach(e -> assertThat(edges.get(e).from())
                                .isLessThan(edges.get(e + 1).from()));
                edges.forEach(e -> operators.add(e.operator()));
                assertThat(drawn.inputs().get(b)).isBetween(0, b);
                inputs.add(drawn.inputs().get(b));
            }
        }
        assertThat(operators).containsExactlyInAnyOrderElementsOf(Operator.WITHOUT_NONE);
        assertThat(inputs).containsExactlyInAnyOrder(0, 1, 2, 3);
    }

    /**
     * At a low temperature, operators that are not the strongest do not change the forecast, and at a high one they do.
     */
    @Test
    void aLowTemperatureLeavesOneArchitecture() throws IOException {
        Supernet net = Supernet.of(task(), 2, 3, WIDTH, 16);
        try (Model<Supernet> model = Model.of(net, 1);
                Pass pass = Pass.grad()) {
            float[] x = new Rng(2).normal(2 * 12 * NODES, 0, 1);
            Blueprint found = net.found();
            assertThat(found.cells()).hasSize(2).allMatch(c -> c.nodes() == 3);
            assertThat(found.cells()).noneMatch(c -> c.edges().stream().anyMatch(e -> e.operator() == Operator.NONE));
            assertThat(found.inputs().get(0)).isZero();
            float[] operators = net.architecture().operators().get(0).value().toArray();
            int edge = 0;
            int strongest = IntStream.range(0, 6)
                    .reduce((a, b) -> operators[b] > operators[a] ? b : a)
                    .orElseThrow();
            int other = strongest == Operator.CONVOLUTION.ordinal()
                    ? Operator.DIFFUSION.ordinal()
                    : Operator.CONVOLUTION.ordinal();
            Operation changed = net.weights().edges().get(0).get(edge).get(other);
            float[][] first = forecasts(net, x);
            Parameter weight = changed instanceof Operator.GatedConvolution c
                    ? c.filter().weight()
                    : ((Operator.Diffusion) changed).mix().weight();
            try (BoundOptimizer sgd = new Sgd(1).on(model)) {
                pass.backward(weight.value().sum(), weight);
                sgd.step();
            }
            float[][] second = forecasts(net, x);
            assertThat(second[0]).isEqualTo(first[0]);
            assertThat(second[1]).isNotEqualTo(first[1]);
        }
    }

    /** Those at a temperature of 0.00001 and of 5. */
    private static float[][] forecasts(Supernet net, float[] x) {
        Tensor windows = Tensor.of(x, 2, 12, NODES);
        return new float[][] {
            net.forecast(windows, 1e-5f).toArray(), net.forecast(windows, 5).toArray()
        };
    }

    /** A search that is stopped begins anew, and one that is finished is not done again. */
    @Test
    void aSupernetSearchIsKept() throws IOException {
        ForecastTask task = task();
        double[][] whole = search(task, "whole", "never said").curves();
        assertThatThrownBy(() -> search(task, "stopped", "epoch 2/3")).isInstanceOf(Stopped.class);
        assertThat(Arrays.deepToString(search(task, "stopped", "never said").curves()))
                .isEqualTo(Arrays.deepToString(whole));
        assertThat(Arrays.deepToString(search(task, "whole", "epoch 1/3").curves()))
                .isEqualTo(Arrays.deepToString(whole));
        assertThat(whole[0][1]).isNaN(); // the architecture waits for an epoch
        assertThat(whole[1][1]).isPositive();
    }

    /** A candidate that diverges is left out, and a sentence says so. */
    @Test
    void aCandidateThatDivergesIsLeftOut() throws IOException {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        List<Candidate> one = List.of(Candidate.of(Candidate.SPACE.draw(new Rng(1))));
        try (Interrupt interrupt = Interrupt.install(System.err);
                PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
                Dataset broken = windows(3e38f);
                Dataset sound = windows(1)) {
            Lab lab =
                    new Lab(new AutoCtsLab(), new LabRun(false, null, 1, false, null, null, temp, interrupt, out, out));
            assertThat(new JointSearch(lab, task(), broken, sound, 1).trained("candidate", one, 1))
                    .isEmpty();
            assertThat(new JointSearch(lab, task(), sound, sound, 2).trained("candidate", one, 1))
                    .singleElement()
                    .satisfies(m -> assertThat(m.candidate()).isEqualTo(one.get(0)))
                    .satisfies(m -> assertThat(m.errors()).hasSize(2));
        }
        assertThat(said.toString(StandardCharsets.UTF_8).lines())
                .satisfiesExactly(
                        l -> assertThat(l).startsWith("candidate 1 is left out, because it diverged: "),
                        l -> assertThat(l).startsWith("candidate 1: validation error "));
    }

    /** Each round trains others, and the best is that with the smallest error of all rounds. */
    @Test
    void evolutionKeepsTheBest() throws IOException {
        List<Measured> random = planted(8, 7);
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
        try (ComparatorTraining comparator = ComparatorTraining.begin(1);
                Interrupt interrupt = Interrupt.install(System.err);
                Dataset sound = windows(1)) {
            LabRun run = new LabRun(true, null, 1, false, null, null, temp, interrupt, nowhere, nowhere);
            Lab lab = new Lab(new AutoCtsLab(), run);
            double[] before = comparator.predicted(random, random);
            JointSearch search = new JointSearch(lab, task(), sound, sound, 1);
            Evolution.Found found = new Evolution(lab, search, 2, 2, 3).evolve(comparator, random);
            assertThat(found.asked()).isEqualTo(2 * 2 * 20);
            assertThat(found.trained()).hasSize(6);
            assertThat(Measured.distinct(found.trained())).hasSize(6);
            assertThat(found.trained())
                    .extracting(Measured::candidate)
                    .doesNotContainAnyElementsOf(
                            random.stream().map(Measured::candidate).toList());
            assertThat(found.trained()).allMatch(m -> m.best() >= found.best().best());
            assertThat(comparator.predicted(random, random)).containsExactly(before);
        }
        Candidate candidate = random.get(0).candidate();
        List<Measured> all = Stream.of(0.6, 0.5, 0.7)
                .map(e -> new Measured(candidate, new double[] {1, e, 2}))
                .toList();
        assertThat(new Evolution.Found(all, 3).best()).isSameAs(all.get(1));
    }

    /** Eight windows of which all values are the same. */
    private static Dataset windows(float value) {
        float[] x = new float[8 * 12 * NODES];
        float[] y = new float[8 * 3 * NODES];
        float[] known = new float[y.length];
        Arrays.fill(x, value);
        Arrays.fill(known, 1);
        return Dataset.of(
                Field.floats("x", Shape.of(12, NODES), x).input(),
                Field.floats("known", Shape.of(3 * NODES), known),
                Field.floats("y", Shape.of(3 * NODES), y).target());
    }

    private SupernetSearch.Outcome search(ForecastTask task, String folder, String until) throws IOException {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
        Path out = Files.createDirectories(temp.resolve(folder));
        try (Interrupt interrupt = Interrupt.install(nowhere);
                PrintStream said = new PrintStream(OutputStream.nullOutputStream()) {
                    @Override
                    public void println(@Nullable String line) {
                        if (line != null && line.contains(until)) {
                            interrupt.request();
                        }
                    }
                }) {
            LabRun run = new LabRun(false, null, 1, true, null, null, out, interrupt, said, nowhere);
            List<Dataset> parts = task.parts();
            try {
                return new SupernetSearch(new Lab(new AutoCtsLab(), run), task, 2, 2, 3, 1)
                        .search(parts.get(0), parts.get(1));
            } finally {
                parts.forEach(Dataset::close);
            }
        }
    }

    @Test
    void theTemperatureFallsGeometrically() {
        assertThat(SupernetSearch.temperature(0, 15)).isEqualTo(5f);
        assertThat(SupernetSearch.temperature(7, 15)).isCloseTo(0.0707107f, within(1e-6f));
        assertThat(SupernetSearch.temperature(14, 15)).isCloseTo(0.001f, within(1e-9f));
        assertThat(SupernetSearch.temperature(0, 1)).isEqualTo(5f);
    }
}
