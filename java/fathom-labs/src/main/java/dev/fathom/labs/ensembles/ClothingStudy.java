package dev.fathom.labs.ensembles;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.ensemble.AdaBoost;
import dev.fathom.ensemble.Bagging;
import dev.fathom.ensemble.Ensemble;
import dev.fathom.ensemble.Stacking;
import dev.fathom.ensemble.Stump;
import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.LinearSvm;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.NetLearner;
import dev.fathom.features.Predictor;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Ensembles of classifiers on images of clothing, beside single ones and a random forest. */
final class ClothingStudy implements AutoCloseable {
    private static final int[] COUNTS = {1, 2, 5, 10, 20, 50, 100, 200};
    private static final int CLASSES = 10;

    private final LabRun run;
    private final Findings page;
    private final Examples learn;
    private final Examples test;
    private final Learner net;
    private final List<Predictor> open = new ArrayList<>();
    private final List<Team> teams = new ArrayList<>();

    ClothingStudy(LabRun run, Findings page, Examples learn, Examples test) {
        this.run = run;
        this.page = page;
        this.learn = learn;
        this.test = test;
        net = EnsemblesLab.stoppable(
                run,
                NetLearner.classifier(
                        () -> new Sequential(
                                new Linear(learn.columns(), 32).act(Activation.RELU), new Linear(32, CLASSES)),
                        new Adam(5e-3f),
                        50,
                        run.epochs(15, 10)));
    }

    /** Adds all sections to the page. */
    void measure() {
        Predictor oneStump = new Stump().fit(learn, 0);
        Predictor network = keep(net.fit(learn, seed("network")));
        single(oneStump, network);
        Ensemble nets = keep(new Bagging(net, run.of(50, 10)).fit(learn, seed("bagged networks")));
        Learner stump = EnsemblesLab.stoppable(run, new Stump());
        Ensemble stumps = keep(new Bagging(stump, run.of(50, 10)).fit(learn, seed("bagged stumps")));
        List<double[]> weights = new ArrayList<>();
        Learner recording = (data, seed) -> {
            weights.add(data.weights());
            return stump.fit(data, seed);
        };
        Ensemble boosted = new AdaBoost(recording, run.of(200, 50)).fit(learn, seed("boosted stumps"));
        teams.add(new Team("bagged networks", nets));
        teams.add(new Team("bagged stumps", stumps));
        teams.add(new Team("AdaBoost", boosted));
        growth(oneStump, network, nets, stumps, boosted);
        boosting(oneStump, boosted, weights);
        stacking();
        diversity();
        speedup();
    }

    private long seed(String name) {
        return new Rng(run.seed()).split(name).seed();
    }

    private <P extends Predictor> P keep(P predictor) {
        open.add(predictor);
        return predictor;
    }

    private static double percent(Predictor predictor, Examples data) {
        return 100 * predictor.accuracy(data);
    }

    private static Learner neighbors() {
        return new NearestNeighbors(5);
    }

    private static Learner svm() {
        return new LinearSvm(0.1).until(0.1, 100);
    }

    private void single(Predictor stump, Predictor network) {
        Map<String, Predictor> single = new LinkedHashMap<>();
        single.put("one stump", stump);
        single.put("one network", network);
        single.put("5 nearest neighbors", neighbors().fit(learn, 0));
        single.put("linear SVM", svm().fit(learn, seed("svm")));
        List<List<String>> rows = new ArrayList<>();
        single.forEach((name, p) ->
                rows.add(List.of(name, line("%.1f %%", percent(p, learn)), line("%.1f %%", percent(p, test)))));
        page.section("Single models", "")
                .text(line(
                        "The features are the first %d principal components of %,d images of clothing, all "
                                + "divided by the same number. %,d other images "
                                + "test. All settings were fixed before; no test image chose one. The network has "
                                + "one hidden layer of 32 ReLU units, and a "
                                + "stump asks a single question.",
                        learn.columns(), learn.size(), test.size()))
                .table(List.of("single model", "accuracy on training images", "on test images"), rows);
    }

    /** Test accuracies of the first 1, 2, 5 .. members. */
    private static double[] growth(Ensemble ensemble, int[] counts, Examples data) {
        return IntStream.of(counts)
                .mapToDouble(m -> percent(ensemble.first(m), data))
                .toArray();
    }

    private static int[] counts(Ensemble ensemble) {
        int all = ensemble.members().size();
        return IntStream.concat(IntStream.of(COUNTS).filter(m -> m < all), IntStream.of(all))
                .toArray();
    }

    private static double[] doubles(int[] values) {
        return Arrays.stream(values).mapToDouble(v -> v).toArray();
    }

    private void growth(Predictor oneStump, Predictor network, Ensemble nets, Ensemble stumps, Ensemble boosted) {
        Map<String, Ensemble> grown = new LinkedHashMap<>();
        grown.put("bagged networks", nets);
        grown.put("bagged stumps", stumps);
        grown.put("AdaBoost", boosted);
        Chart chart = new Chart("Accuracy on test images in percent", "members").logarithmic(true, false);
        List<List<String>> rows = new ArrayList<>();
        grown.forEach((name, ensemble) -> {
            int[] counts = counts(ensemble);
            double[] accuracies = growth(ensemble, counts, test);
            chart.line(name, doubles(counts), accuracies);
            for (int i = 0; i < counts.length; i++) {
                rows.add(List.of(name, line("%d", counts[i]), line("%.1f %%", accuracies[i])));
            }
        });
        double[] ends = {1, boosted.members().size()};
        double one = percent(nets.first(1), test);
        double all = percent(nets, test);
        double first = percent(stumps.first(1), test);
        double bagged = percent(stumps, test);
        double sequence = percent(boosted, test);
        double alone = percent(network, test);
        double asked = percent(oneStump, test);
        chart.dashed("one network", ends, new double[] {alone, alone});
        page.section("Members", "")
                .text(line(
                        "Bagging trains each member on its own bootstrap sample and averages, which lowers the "
                                + "variance and keeps the bias. %d networks "
                                + "change the accuracy of the first from %.1f %% to %.1f %%, and %d stumps from "
                                + "%.1f %% to %.1f %%. AdaBoost gives "
                                + "examples that a member gets wrong more weight for the next: its %d stumps "
                                + "reach %.1f %%.",
                        nets.members().size(),
                        one,
                        all,
                        stumps.members().size(),
                        first,
                        bagged,
                        boosted.members().size(),
                        sequence))
                .table(List.of("ensemble", "members", "accuracy on test images"), rows)
                .picture("members.png", "Accuracy on test images over the number of members", chart::render)
                .key(Figure.of("Bagged networks, test accuracy", "%", all).baseline(alone, "one network on all images"))
                .figure(Figure.of("Bagged stumps, test accuracy", "%", bagged).baseline(asked, "one stump"))
                .key(Figure.of("AdaBoost of stumps, test accuracy", "%", sequence)
                        .baseline(asked, "one stump"));
    }

    /** The share of weights on examples that a predictor gets wrong, in percent. */
    private double wrong(Predictor predictor, double[] weights) {
        return 100 - percent(predictor, learn.weighted(weights));
    }

    private void boosting(Predictor oneStump, Ensemble boosted, List<double[]> weights) {
        int[] counts = counts(boosted);
        int n = counts.length;
        double[] training = new double[n];
        double[] tested = new double[n];
        double[] weighted = new double[n];
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            int m = counts[i];
            Predictor some = boosted.first(m);
            training[i] = 100 - percent(some, learn);
            tested[i] = 100 - percent(some, test);
            weighted[i] = wrong(some, weights.get(m - 1));
            rows.add(List.of(
                    line("%d", m),
                    line("%.1f %%", training[i]),
                    line("%.1f %%", tested[i]),
                    line("%.1f %%", weighted[i]),
                    line("%.1f %%", wrong(boosted.members().get(m - 1), weights.get(m - 1)))));
        }
        double furthest = 0;
        for (int m = 0; m + 1 < weights.size(); m++) {
            double share = wrong(boosted.members().get(m), weights.get(m + 1));
            furthest = Math.max(furthest, Math.abs(share - 100 * (1 - 1.0 / CLASSES)));
        }
        double base = 100 - percent(oneStump, learn);
        page.section("Weights of AdaBoost", "")
                .text(line(
                        "The weights are chosen so that the examples that a member gets wrong carry 1 - 1/K = "
                                + "%.0f %% of all weight for the next member: as "
                                + "much as a guess gets wrong. Over all rounds the share differs from that by at "
                                + "most %.1e points. After %d rounds the "
                                + "ensemble is wrong on %.1f %% of the training images, which carry %.1f %% of "
                                + "the weight in the last round.",
                        100 * (1 - 1.0 / CLASSES), furthest, counts[n - 1], training[n - 1], weighted[n - 1]))
                .table(
                        List.of(
                                "rounds",
                                "error on training images",
                                "on test images",
                                "weight on these errors in the last round",
                                "weight on the errors of its member"),
                        rows)
                .picture(
                        "weights.png",
                        "Errors of AdaBoost and the weight on wrong training images over the rounds",
                        () -> new Chart("Share in percent", "rounds")
                                .line("training error", doubles(counts), training)
                                .line("test error", doubles(counts), tested)
                                .line("weight on training errors", doubles(counts), weighted)
                                .logarithmic(true, false)
                                .render())
                .figure(Figure.of("AdaBoost of stumps, training error", "%", training[n - 1])
                        .baseline(base, "one stump"))
                .figure(Figure.of("AdaBoost, weight on what a member got wrong, distance from 90 %", "points", furthest)
                        .baseline(0, "SAMME"));
    }

    private void stacking() {
        Learner top =
                NetLearner.classifier(() -> new Linear(3 * CLASSES, CLASSES), new Adam(0.01f), 50, run.epochs(20, 15));
        Stacking.Stack stack = keep(new Stacking(
                        EnsemblesLab.stoppable(run, top),
                        net,
                        EnsemblesLab.stoppable(run, neighbors()),
                        EnsemblesLab.stoppable(run, svm()))
                .fit(learn, seed("stack")));
        Team team = new Team("stack", stack, stack.members());
        teams.add(team);
        Team.Account account = team.account(test);
        int trees = run.of(100, 50);
        int features = (int) Math.round(Math.sqrt(learn.columns()));
        Ensemble forest = new Forest(trees, (double) features / learn.columns()).fit(learn, seed("forest"));
        teams.add(new Team("forest", forest));
        double grown = percent(forest, test);
        List<List<String>> rows = new ArrayList<>();
        List<String> names = List.of("network", "5 nearest neighbors", "linear SVM");
        for (int m = 0; m < names.size(); m++) {
            rows.add(List.of(
                    "member: " + names.get(m),
                    line("%.1f %%", percent(stack.members().get(m), test))));
        }
        rows.add(List.of("stack of the three", line("%.1f %%", account.whole())));
        rows.add(List.of("random forest", line("%.1f %%", grown)));
        page.section("Stacking, and a random forest", "")
                .text(line(
                        "A linear layer with softmax learns how to combine the predictions of a network, "
                                + "neighbors and a linear SVM, each made by members that "
                                + "did not learn of the image (five folds). The stack reaches %.1f %% and its "
                                + "best member %.1f %%. The random forest of "
                                + "Tribuo, %d trees that choose each question among %d of the %d features, has "
                                + "%.1f %%.",
                        account.whole(), account.best(), trees, features, learn.columns(), grown))
                .table(List.of("model", "accuracy on test images"), rows)
                .key(Figure.of("Stack, test accuracy", "%", account.whole())
                        .baseline(account.best(), "its best member"))
                .figure(Figure.of("Random forest, test accuracy", "%", grown)
                        .baseline(account.mean(), "mean member of the stack"));
    }

    private void diversity() {
        List<List<String>> rows = new ArrayList<>();
        Chart chart = new Chart("Gain over the mean member in points", "disagreement of two members in percent");
        for (Team team : teams) {
            Team.Account a = team.account(test);
            double differ = 100 * a.diversity().disagreement();
            rows.add(List.of(
                    team.name(),
                    line("%d", team.members().size()),
                    line("%.1f %%", differ),
                    line("%.3f", a.diversity().q()),
                    line("%.1f %%", a.mean()),
                    line("%.1f %%", a.whole()),
                    line("%+.1f", a.gain())));
            chart.points(team.name(), new double[] {differ}, new double[] {a.gain()});
            Figure gain = Figure.of("Gain over the mean member: " + team.name(), "points", a.gain())
                    .baseline(a.mean(), "mean member");
            page.figure(gain);
        }
        page.section("Diversity", "")
                .text("Two members disagree on an image if one is right and the other wrong. Yule's Q is 1 "
                        + "where they are right on the same images, and 0 "
                        + "where they are so independently of each other. An ensemble can gain only where "
                        + "its members disagree.")
                .table(
                        List.of(
                                "ensemble",
                                "members",
                                "disagreement",
                                "Q",
                                "mean member",
                                "ensemble",
                                "gain in points"),
                        rows)
                .picture("diversity.png", "Gain over the mean member by disagreement", chart::render);
    }

    private void speedup() {
        Bagging bagging = new Bagging(net, run.of(16, 4));
        long seed = seed("speedup");
        Ensemble alone = keep(bagging.workers(1).fit(learn, seed));
        Ensemble two = keep(bagging.workers(2).fit(learn, seed));
        int[] a = alone.classify(test.x());
        int[] b = two.classify(test.x());
        int changed =
                (int) IntStream.range(0, a.length).filter(i -> a[i] != b[i]).count();
        double speedup = two.timing().speedup(alone.timing());
        page.section("Speedup", "")
                .text(line(
                        "Members of bagging do not need each other, so two workers can train them side by side. "
                                + "%d networks took %.2f seconds with one worker "
                                + "and %.2f with two, %.2f times as fast; of %,d answers %d changed. Boosting is "
                                + "sequential. The times depend on the "
                                + "machine and on what else it does.",
                        alone.members().size(),
                        alone.timing().seconds(),
                        two.timing().seconds(),
                        speedup,
                        a.length,
                        changed))
                .table(
                        List.of("workers", "seconds", "members in training at a time"),
                        List.of(
                                List.of(
                                        "1",
                                        line("%.2f", alone.timing().seconds()),
                                        line("%.2f", alone.timing().atOnce())),
                                List.of(
                                        "2",
                                        line("%.2f", two.timing().seconds()),
                                        line("%.2f", two.timing().atOnce()))))
                .figure(Figure.of("Answers that a second worker changed", "", changed)
                        .baseline(0, "one worker"))
                .figure(Figure.of("Speedup by a second worker", "times", speedup)
                        .baseline(2, "the most"));
    }

    @Override
    public void close() {
        open.forEach(Predictor::close);
    }
}
