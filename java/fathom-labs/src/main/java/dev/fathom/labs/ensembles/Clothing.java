package dev.fathom.labs.ensembles;

import static dev.fathom.labs.ensembles.EnsemblesLab.checked;
import static dev.fathom.labs.ensembles.EnsemblesLab.counts;

import dev.fathom.ensemble.AdaBoost;
import dev.fathom.ensemble.Bagging;
import dev.fathom.ensemble.Diversity;
import dev.fathom.ensemble.Ensemble;
import dev.fathom.ensemble.Stacking;
import dev.fathom.ensemble.Stump;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.LinearSvm;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.NetLearner;
import dev.fathom.features.Predictor;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Adam;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Ensembles of classifiers on images of clothing, beside single ones and a random forest. */
final class Clothing implements AutoCloseable {
    private static final int CLASSES = 10;

    private final Lab lab;
    private final Examples learn;
    private final Examples test;
    private final Learner net;
    private final Chart gains =
            new Chart("Gain over the mean member in points", "disagreement of two members in percent");
    private final List<Predictor> open = new ArrayList<>();

    Clothing(Lab lab, Examples learn, Examples test) {
        this.lab = lab;
        this.learn = learn;
        this.test = test;
        net = checked(
                lab, NetLearner.classifier(() -> network(learn.columns()), new Adam(5e-3f), 50, lab.epochs(15, 10)));
    }

    static Sequential network(int columns) {
        return new Sequential(new Linear(columns, 32).act(Activation.RELU), new Linear(32, CLASSES));
    }

    /** Writes all sections. */
    void measure() {
        Learner stump = checked(lab, new Stump());
        Learner svm = checked(lab, new LinearSvm(0.1).until(0.1, 100));
        Learner neighbors = checked(lab, new NearestNeighbors(5));
        lab.put("features", learn.columns()).put("learn", learn.size()).put("test", test.size());
        lab.section("Single models");
        Table singles = lab.table("singles", "single model");
        double asked = single(singles, "One stump", stump.fit(learn, 0));
        double alone = single(singles, "One network", keep(net.fit(learn, seed("network"))));
        single(singles, "5 nearest neighbors", neighbors.fit(learn, 0));
        single(singles, "Linear SVM", svm.fit(learn, seed("svm")));

        lab.section("Members");
        Ensemble nets = keep(new Bagging(net, lab.of(50, 10)).fit(learn, seed("bagged networks")));
        Ensemble stumps = keep(new Bagging(stump, lab.of(50, 10)).fit(learn, seed("bagged stumps")));
        List<double[]> weights = new ArrayList<>();
        Learner recording = (data, seed) -> {
            weights.add(data.weights());
            return stump.fit(data, seed);
        };
        Ensemble boosted = new AdaBoost(recording, lab.of(200, 50)).fit(learn, seed("boosted stumps"));
        growth(new TreeMap<>(Map.of("bagged networks", nets, "bagged stumps", stumps, "AdaBoost", boosted)), alone);
        Table teams = lab.table("teams", "ensemble");
        team(teams, "Bagged networks", "bagged networks", nets, nets.members(), alone, "one network on all images");
        team(teams, "Bagged stumps", "bagged stumps", stumps, stumps.members(), asked, "one stump");
        team(teams, "AdaBoost of stumps", "AdaBoost", boosted, boosted.members(), asked, "one stump");

        boosting(boosted, weights, 100 - singles.rows().get(0).get("accuracy on training images"));

        lab.section("Stacking, and a random forest");
        Learner top =
                NetLearner.classifier(() -> new Linear(3 * CLASSES, CLASSES), new Adam(0.01f), 50, lab.epochs(20, 15));
        Stacking.Stack stack = keep(new Stacking(checked(lab, top), net, neighbors, svm).fit(learn, seed("stack")));
        Table stacked = lab.table("stacked", "model");
        List<String> names = List.of("Member: network", "Member: 5 nearest neighbors", "Member: linear SVM");
        for (int m = 0; m < names.size(); m++) {
            percent(stacked, names.get(m), stack.members().get(m));
        }
        double[] members = stacked.values("accuracy on test images");
        double best = Arrays.stream(members).max().orElseThrow();
        double mean = Averages.mean(members);
        int trees = lab.of(100, 50);
        int features = (int) Math.round(Math.sqrt(learn.columns()));
        Ensemble forest = new Forest(trees, (double) features / learn.columns()).fit(learn, seed("forest"));
        percent(stacked, "Stack of the three", stack);
        percent(stacked, "Random forest", forest);
        team(teams, "Stack", "stack", stack, stack.members(), best, "its best member");
        team(teams, "Random forest", "forest", forest, forest.members(), mean, "mean member of the stack");
        lab.put("trees", trees).put("among", features);

        lab.section("Diversity").chart("diversity.png", gains);
        speedup();
    }

    private long seed(String name) {
        return lab.rng(name).seed();
    }

    private <P extends Predictor> P keep(P predictor) {
        open.add(predictor);
        return predictor;
    }

    private static double percent(Predictor predictor, Examples data) {
        return 100 * predictor.accuracy(data);
    }

    private double single(Table table, String name, Predictor predictor) {
        return table.row(name)
                .put("accuracy on training images", "%.1f %%", percent(predictor, learn))
                .put("accuracy on test images", "%.1f %%", percent(predictor, test))
                .get("accuracy on test images");
    }

    private void percent(Table table, String name, Predictor predictor) {
        table.row(name).put("accuracy on test images", "%.1f %%", percent(predictor, test));
    }

    /** The test accuracies of the first 1, 2, 5 .. members. */
    private void growth(Map<String, Ensemble> grown, double alone) {
        Table members = lab.table("members", "members").named("{column} of {row}, test accuracy");
        int most =
                grown.values().stream().mapToInt(e -> e.members().size()).max().orElseThrow();
        for (int count : counts(most)) {
            Table.Row row = members.row(String.valueOf(count));
            grown.forEach((name, ensemble) -> {
                if (count <= ensemble.members().size()) {
                    row.put(name, "%.1f %%", percent(ensemble.first(count), test));
                }
            });
        }
        Chart chart = new Chart("Accuracy on test images in percent", "members").logarithmic(true, false);
        grown.forEach((name, e) ->
                chart.line(name, Averages.doubles(counts(e.members().size())), members.values(name)));
        lab.chart("members.png", chart.dashed("one network", new double[] {1, most}, new double[] {alone, alone}));
    }

    /** How good an ensemble is, and by how much better than its mean member. */
    private void team(
            Table teams, String title, String name, Predictor whole, List<Predictor> members, double base, String of) {
        int[][] answers = members.stream().map(m -> m.classify(test.x())).toArray(int[][]::new);
        Diversity diversity = Diversity.of(answers, test.labels());
        double differ = 100 * diversity.disagreement();
        double mean = Averages.mean(members, m -> percent(m, test));
        double gain = percent(whole, test) - mean;
        teams.row(title)
                .cell("members", members.size())
                .put("disagreement", "%.1f %%", differ)
                .put("Q", "%.3f", diversity.q())
                .put("mean member", "%.1f %%", mean)
                .put("test accuracy", "%.1f %%", percent(whole, test))
                .baseline(base, of)
                .cell("gain in points", "%+.1f", gain);
        lab.figure("Gain over the mean member: " + name, "points", gain).baseline(mean, "mean member");
        gains.points(name, new double[] {differ}, new double[] {gain});
    }

    /** The share of weights on examples that a predictor gets wrong, in percent. */
    private double wrong(Predictor predictor, double[] weights) {
        return 100 - percent(predictor, learn.weighted(weights));
    }

    private void boosting(Ensemble boosted, List<double[]> weights, double base) {
        lab.section("Weights of AdaBoost");
        Table rounds = lab.table("rounds", "rounds").named("AdaBoost after {row} rounds, {column}");
        int[] counts = counts(boosted.members().size());
        for (int m : counts) {
            Predictor some = boosted.first(m);
            Predictor newest = boosted.members().get(m - 1);
            double[] last = weights.get(m - 1);
            rounds.row(String.valueOf(m))
                    .put("error on training images", "%.1f %%", 100 - percent(some, learn))
                    .put("error on test images", "%.1f %%", 100 - percent(some, test))
                    .put("weight on the training errors in the last round", "%.1f %%", wrong(some, last))
                    .put("weight on the errors of its member", "%.1f %%", wrong(newest, last));
        }
        double guess = 100 * (1 - 1.0 / CLASSES);
        double furthest = IntStream.range(0, weights.size() - 1)
                .mapToDouble(m -> Math.abs(wrong(boosted.members().get(m), weights.get(m + 1)) - guess))
                .max()
                .orElse(0);
        double[] errors = rounds.values("error on training images");
        double[] heavy = rounds.values("weight on the training errors in the last round");
        double[] x = Averages.doubles(counts);
        Chart chart = new Chart("Share in percent", "rounds")
                .line("training error", x, errors)
                .line("test error", x, rounds.values("error on test images"))
                .line("weight on training errors", x, heavy)
                .logarithmic(true, false);
        lab.chart("weights.png", chart).put("guess", guess).put("furthest", furthest);
        lab.put("rounds", weights.size()).put("heavy", heavy[heavy.length - 1]);
        lab.figure("AdaBoost of stumps, training error", "%", errors[errors.length - 1])
                .baseline(base, "one stump");
        lab.figure("AdaBoost, weight on what a member got wrong, distance from 90 %", "points", furthest)
                .baseline(0, "SAMME");
    }

    private void speedup() {
        lab.section("Speedup");
        Bagging bagging = new Bagging(net, lab.of(16, 4));
        Ensemble alone = keep(bagging.workers(1).fit(learn, seed("speedup")));
        Ensemble two = keep(bagging.workers(2).fit(learn, seed("speedup")));
        int[] a = alone.classify(test.x());
        int[] b = two.classify(test.x());
        long changed = IntStream.range(0, a.length).filter(i -> a[i] != b[i]).count();
        Table workers = lab.table("workers", "workers").named("{row} workers, {column}");
        for (Ensemble each : List.of(alone, two)) {
            workers.row(String.valueOf(each.timing().workers()))
                    .cell("seconds", "%.2f", each.timing().seconds())
                    .cell("members in training at a time", "%.2f", each.timing().atOnce());
        }
        lab.put("networks", alone.members().size());
        lab.figure("Answers that a second worker changed", "", (double) changed).baseline(0, "one worker");
        double speedup = two.timing().speedup(alone.timing());
        lab.figure("Speedup by a second worker", "times", speedup).baseline(2, "the most");
    }

    @Override
    public void close() {
        open.forEach(Predictor::close);
    }
}
