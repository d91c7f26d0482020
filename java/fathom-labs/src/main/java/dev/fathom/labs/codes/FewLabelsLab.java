package dev.fathom.labs.codes;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Workers;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import dev.fathom.view.Shades;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What examples without labels are worth where few have one: layers that are trained in stages first, as in 2006, labels that a network gives itself, answers
 * that are to agree, and the edges of a graph.
 */
public final class FewLabelsLab implements Experiment {
    private static final int[] LABELS = {100, 600, 1000, 3000, 5000};
    private static final int[] BRIEF = {100, 600};
    private static final int[] PER_BLOCK = {2, 5, 10, 20};
    /** Errors in percent of dropNN and of +PL for 100, 600, 1,000 and 3,000 labels. */
    private static final List<List<String>> LEE =
            List.of(List.of("21.89", "8.57", "6.59", "3.72"), List.of("16.15", "5.03", "4.30", "2.80"));

    @Override
    public String name() {
        return "few-labels";
    }

    @Override
    public String shows() {
        return "what images without labels are worth: stage-wise pre-training, pseudo-labels, consistency; graph convolution";
    }

    /**
     * A way to learn.
     *
     * @param error on the test for the images with labels and the number of the draw
     * @param published errors for some numbers of labels, empty for none
     */
    private record Way(String name, ToDoubleBiFunction<int[], Integer> error, List<String> published) {}

    @Override
    public Result run(Run run) {
        try (Images all = ImageSet.MNIST.images(run.data(), run.seed());
                Images images = all.first(run.of(20_000, 2000));
                Images flat = images.flattened();
                Images unit = flat.scaled();
                Dataset test = all.test().take(0, Math.min(all.test().size(), run.of(10_000, 1000)));
                Dataset flatTest = test.flattened();
                Dataset tested = flatTest.scaled(1f / 255, 0)) {
            Result page = new Result(
                    "Lab few-labels",
                    line(
                            "MNIST: %,d images without labels, some of which get one, and %,d for the test; generated graphs of %d nodes",
                            images.learn().size(), tested.size(), nodes(run)),
                    run.out());
            page.text(page.data() + ".");
            int[] widths = {run.of(500, 128), run.of(250, 64)};
            FewLabels few = new FewLabels(run, images.learn(), tested, widths, run.of(1500, 300));
            return images(run, page, few, unit.learn()) && graphs(run, page) ? page.finished() : page;
        }
    }

    // ---- images

    private static boolean images(Run run, Result page, FewLabels few, Dataset unlabeled) {
        int epochs = run.epochs(20, 6);
        Pretraining coded = Pretraining.run(
                run, "auto-encoder", unlabeled, few.widths(), Stage.Reconstructing::new, new Adam(3e-3f), epochs);
        Pretraining machines = coded == null
                ? null
                : Pretraining.run(
                        run,
                        "Boltzmann machine",
                        unlabeled,
                        few.widths(),
                        Stage.Boltzmann::new,
                        new Sgd(0.1f).momentum(0.5f),
                        epochs);
        if (coded == null || machines == null) {
            return false;
        }
        List<Way> ways = List.of(
                new Way("end to end", (labeled, draw) -> few.supervised(few.sigmoids(null), labeled, draw), List.of()),
                new Way(
                        "auto-encoders",
                        (labeled, draw) -> few.supervised(few.sigmoids(coded), labeled, draw),
                        List.of()),
                new Way(
                        "Boltzmann machines",
                        (labeled, draw) -> few.supervised(few.sigmoids(machines), labeled, draw),
                        List.of()),
                new Way("ReLU, dropout", (labeled, draw) -> few.supervised(few.rectified(), labeled, draw), LEE.get(0)),
                new Way("pseudo-labels", few::pseudoLabels, LEE.get(1)),
                new Way("consistency", few::consistency, List.of()));
        int[] sizes = run.brief() ? BRIEF : LABELS;
        int draws = run.of(2, 1);
        double[][] errors = new double[ways.size()][sizes.length];
        for (int s = 0; s < sizes.length; s++) {
            for (int draw = 0; draw < draws; draw++) {
                int[] labeled = few.labeled(sizes[s], draw);
                for (int w = 0; w < ways.size(); w++) {
                    double error = ways.get(w).error().applyAsDouble(labeled, draw);
                    if (run.interrupt().requested()) {
                        return false;
                    }
                    errors[w][s] += error / draws;
                    run.training()
                            .say(
                                    "%,d labels, draw %d: %s, %.2f %% wrong",
                                    sizes[s], draw + 1, ways.get(w).name(), 100 * error);
                }
            }
        }
        write(page, few, ways, sizes, draws, errors);
        page.picture(
                "layers.png",
                "What units of the first layer weigh: auto-encoder above, Boltzmann machine below",
                sheet(coded, machines)::render);
        return true;
    }

    private static void write(Result page, FewLabels few, List<Way> ways, int[] sizes, int draws, double[][] errors) {
        List<String> places = IntStream.of(sizes).mapToObj(n -> line("%,d", n)).toList();
        List<String> header = new ArrayList<>(List.of("error on the test, by the number of labels"));
        header.addAll(places);
        List<List<String>> rows = new ArrayList<>();
        Map<String, double[]> curves = new LinkedHashMap<>();
        for (int w = 0; w < ways.size(); w++) {
            Way way = ways.get(w);
            List<String> row = new ArrayList<>(List.of(way.name()));
            for (int s = 0; s < sizes.length; s++) {
                double percent = 100 * errors[w][s];
                row.add(line("%.2f %%", percent));
                Figure figure = Figure.of(line("%s, %s labels, test error", way.name(), places.get(s)), "%", percent);
                page.figure(
                        s < way.published().size()
                                ? figure.published(way.published().get(s) + " %", "Lee 2013, all 60,000 images")
                                : figure);
            }
            rows.add(row);
            curves.put(way.name(), Arrays.stream(errors[w]).map(e -> 100 * e).toArray());
        }
        for (int w = 0; w < LEE.size(); w++) {
            List<String> row = new ArrayList<>(List.of("published: " + (w == 0 ? "ReLU, dropout" : "pseudo-labels")));
            for (int s = 0; s < sizes.length; s++) {
                row.add(s < LEE.get(w).size() ? LEE.get(w).get(s) + " %" : "");
            }
            rows.add(row);
        }
        page.section(
                        "Images, few of which have a label",
                        line(
                                "Three networks of sigmoid units, 784-%d-%d-10, differ in how their weights begin: at random, or as layers that were "
                                        + "trained one after the other on all images without labels, as auto-encoders that do not see three of ten "
                                        + "inputs (Bengio et al. 2007, Vincent et al. 2008) or as restricted Boltzmann machines by contrastive "
                                        + "divergence (Hinton and Salakhutdinov 2006). Three networks of ReLU units of the same sizes, with dropout "
                                        + "and noise on the pixels, learn from the labels alone; or also from the other images, whose label is the "
                                        + "class that the network finds likeliest (pseudo-labels, Lee 2013), or to which two answers with noise of "
                                        + "their own are to agree (consistency, the Pi-model of Laine and Aila 2017). Each takes %,d steps of Adam, "
                                        + "and nothing is chosen on the test. Errors are means over %d %s of the images that have a label, as many of "
                                        + "each class.",
                                few.widths()[0], few.widths()[1], few.steps(), draws, draws == 1 ? "draw" : "draws"))
                .table(header, rows)
                .text(conclusion(ways, places, errors))
                .picture(
                        "few-labels.png",
                        "Test error by the number of labels, for each way to learn",
                        () -> Plots.compare("test error, %", "labels", places, curves));
        for (int w : new int[] {1, 2}) {
            page.key(gain(ways.get(w).name() + ", gain over end to end", errors[0][0] - errors[w][0], places.get(0)));
        }
        for (int w : new int[] {4, 5}) {
            page.key(gain(ways.get(w).name() + ", gain over labels alone", errors[3][0] - errors[w][0], places.get(0)));
        }
    }

    private static Figure gain(String name, double share, String labels) {
        return Figure.of(name + ", " + labels + " labels", "points", 100 * share)
                .baseline("0", "the same network without other images")
                .atLeast(0);
    }

    /** By how much each way is better than the same network that sees no other images, with the fewest and with the most labels. */
    private static String conclusion(List<Way> ways, List<String> places, double[][] errors) {
        int last = places.size() - 1;
        return IntStream.of(1, 2, 4, 5)
                .mapToObj(w -> {
                    int base = w < 3 ? 0 : 3;
                    return line(
                            "\"%s\" changes the error of \"%s\" by %+.2f points with %s labels and by %+.2f with %s.",
                            ways.get(w).name(),
                            ways.get(base).name(),
                            100 * (errors[w][0] - errors[base][0]),
                            places.get(0),
                            100 * (errors[w][last] - errors[base][last]),
                            places.get(last));
                })
                .collect(Collectors.joining(" "));
    }

    private static ImageSheet sheet(Pretraining coded, Pretraining machines) {
        ImageSheet sheet = new ImageSheet(28, 28, 1).columns(10);
        row(sheet, "auto-encoder", coded);
        row(sheet, "Boltzmann machine", machines);
        return sheet;
    }

    private static void row(ImageSheet sheet, String name, Pretraining stack) {
        for (int unit = 0; unit < 10; unit++) {
            float[] weights = Arrays.copyOfRange(stack.weights().get(0), unit * 784, (unit + 1) * 784);
            sheet.add(Shades.signed(weights), unit == 0 ? name : "");
        }
    }

    // ---- graphs

    private static int nodes(Run run) {
        return run.of(400, 200);
    }

    /** The accuracies of graph convolution, of a network without edges, and of label spreading. */
    private static double[] accuracies(Run run, int perBlock, int draw) {
        long seed = new Rng(run.seed()).split("graph").split(draw).seed();
        BlockModel model = BlockModel.draw(nodes(run), new Rng(seed));
        int[] known = model.known(perBlock);
        return new double[] {
            model.learned(model.convolutions(), known, seed),
            model.learned(model.withoutEdges(), known, seed),
            model.spread(known)
        };
    }

    private static boolean graphs(Run run, Result page) {
        List<String> names = List.of("graph convolution", "without edges", "label spreading");
        int draws = run.of(20, 4);
        double[][] means = new double[names.size()][PER_BLOCK.length];
        for (int p = 0; p < PER_BLOCK.length; p++) {
            int perBlock = PER_BLOCK[p];
            for (double[] one : Workers.all().run(draws, draw -> accuracies(run, perBlock, draw))) {
                for (int w = 0; w < one.length; w++) {
                    means[w][p] += one[w] / draws;
                }
            }
            if (run.interrupt().requested()) {
                return false;
            }
        }
        List<String> places =
                IntStream.of(PER_BLOCK).mapToObj(Integer::toString).toList();
        List<String> header = new ArrayList<>(List.of("accuracy, by the labels known in each block"));
        header.addAll(places);
        List<List<String>> rows = new ArrayList<>();
        Map<String, double[]> curves = new LinkedHashMap<>();
        for (int w = 0; w < names.size(); w++) {
            double[] mean = means[w];
            curves.put(names.get(w), mean);
            List<String> row = new ArrayList<>(List.of(names.get(w)));
            for (int p = 0; p < mean.length; p++) {
                row.add(line("%.1f %%", 100 * mean[p]));
                Figure figure = Figure.of(
                        line("%s, %s labels a block, accuracy", names.get(w), places.get(p)), "%", 100 * mean[p]);
                page.figure(
                        w > 0
                                ? figure
                                : figure.baseline(
                                        line("%.1f %%, %.1f %%", 100 * means[1][p], 100 * means[2][p]),
                                        "without edges, and label spreading"));
            }
            rows.add(row);
        }
        int five = 1;
        double gain = 100 * (means[0][five] - Math.max(means[1][five], means[2][five]));
        page.section(
                        "Nodes of a graph, few of which have a label",
                        line(
                                "Graphs of %d nodes in %d blocks: two nodes of a block have an edge with probability %s, two others with %s. Each node "
                                        + "has %d features of normal noise, one of which has the mean %s and tells the block, faintly. Two graph "
                                        + "convolutions (Kipf and Welling 2017) see features and edges, the same network of linear layers sees the "
                                        + "features alone, and label spreading (Zhou et al. 2004) sees the edges alone. Accuracies are those on nodes "
                                        + "whose label is not known, means over %d graphs. A guess has %.0f %%.",
                                nodes(run),
                                BlockModel.BLOCKS,
                                BlockModel.INSIDE,
                                BlockModel.OUTSIDE,
                                BlockModel.COLUMNS,
                                BlockModel.SIGNAL,
                                draws,
                                100.0 / BlockModel.BLOCKS))
                .table(header, rows)
                .text(line(
                        "With %d labels a block, graph convolution is %+.1f points from the better of the two that see only one of both.",
                        PER_BLOCK[five], gain))
                .key(Figure.of(
                                line(
                                        "Graph convolution, %d labels a block, gain over the better baseline",
                                        PER_BLOCK[five]),
                                "points",
                                gain)
                        .baseline("0", "the better of a network without edges and label spreading")
                        .atLeast(0))
                .picture(
                        "graph.png",
                        "Accuracy by the number of labels in each block",
                        () -> Plots.compare("accuracy", "labels known in each block", places, curves));
        return true;
    }
}
