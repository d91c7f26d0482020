package dev.fathom.labs.codes;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
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
import java.util.Objects;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What examples without labels are worth where few have one: layers that are trained in stages first, as in 2006,
 * labels that a network gives itself, answers that are to agree, and the edges of a graph.
 */
public final class FewLabelsLab implements OldExperiment {
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
        return "what images without labels are worth: stage-wise pre-training, pseudo-labels, consistency; graph "
                + "convolution";
    }

    /**
     * A way to learn.
     *
     * @param error on the test for the images with labels and the number of the draw
     * @param published errors for some numbers of labels, empty for none
     * @param base the same network without other images, or null where this is one
     */
    private record Way(
            String name,
            ToDoubleBiFunction<int[], Integer> error,
            List<String> published,
            @Nullable Way base) {}

    @Override
    public Findings run(LabRun run) {
        try (Images all = ImageSet.MNIST.images(run.data(), run.seed());
                Images images = all.first(run.of(18_000, 2000));
                Images flat = images.flattened();
                Images unit = flat.scaled();
                Dataset test = all.test().take(0, Math.min(all.test().size(), run.of(10_000, 1000)));
                Dataset flatTest = test.flattened();
                Dataset tested = flatTest.scaled(1f / 255, 0)) {
            Findings page = run.page(
                    "Lab few-labels",
                    line(
                            "MNIST: %,d images without labels, some of which get one, and %,d for the test; "
                                    + "generated graphs of %d nodes",
                            images.learn().size(), tested.size(), nodes(run)));
            page.text(page.data() + ".");
            int[] widths = {run.of(500, 128), run.of(250, 64)};
            FewLabels few = new FewLabels(run, images.learn(), tested, widths, run.of(2400, 300));
            return images(run, page, few, unit.learn()) && graphs(run, page) ? page.finished() : page;
        }
    }

    // ---- images

    private static boolean images(LabRun run, Findings page, FewLabels few, Dataset unlabeled) {
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
        Way random = new Way(
                "end to end", (labeled, draw) -> few.supervised(few.sigmoids(null), labeled, draw), List.of(), null);
        Way alone = new Way(
                "ReLU, dropout", (labeled, draw) -> few.supervised(few.rectified(), labeled, draw), LEE.get(0), null);
        List<Way> ways = List.of(
                random,
                new Way(
                        "auto-encoders",
                        (labeled, draw) -> few.supervised(few.sigmoids(coded), labeled, draw),
                        List.of(),
                        random),
                new Way(
                        "Boltzmann machines",
                        (labeled, draw) -> few.supervised(few.sigmoids(machines), labeled, draw),
                        List.of(),
                        random),
                alone,
                new Way("pseudo-labels", few::pseudoLabels, LEE.get(1), alone),
                new Way("consistency", few::consistency, List.of(), alone));
        int[] sizes = run.brief() ? BRIEF : LABELS;
        int draws = run.of(5, 1);
        Map<Way, double[][]> errors = new LinkedHashMap<>(); // [sizes][draws]
        ways.forEach(way -> errors.put(way, new double[sizes.length][draws]));
        for (int s = 0; s < sizes.length; s++) {
            for (int draw = 0; draw < draws; draw++) {
                int[] labeled = few.labeled(sizes[s], draw);
                for (var one : errors.entrySet()) {
                    double error = one.getKey().error().applyAsDouble(labeled, draw);
                    if (run.interrupt().requested()) {
                        return false;
                    }
                    one.getValue()[s][draw] = 100 * error;
                    run.training()
                            .say(
                                    "%,d labels, draw %d: %s, %.2f %% wrong",
                                    sizes[s], draw + 1, one.getKey().name(), 100 * error);
                }
            }
        }
        write(page, few, sizes, draws, errors);
        page.picture(
                "layers.png",
                "What units of the first layer weigh: auto-encoder above, Boltzmann machine below",
                sheet(coded, machines)::render);
        return true;
    }

    private static void write(Findings page, FewLabels few, int[] sizes, int draws, Map<Way, double[][]> errors) {
        List<String> places = IntStream.of(sizes).mapToObj(n -> line("%,d", n)).toList();
        List<String> header = new ArrayList<>(List.of("error on the test, by the number of labels"));
        header.addAll(places);
        List<List<String>> rows = new ArrayList<>();
        Map<String, double[]> curves = new LinkedHashMap<>();
        errors.forEach((way, of) -> {
            List<String> row = new ArrayList<>(List.of(way.name()));
            for (int s = 0; s < sizes.length; s++) {
                double percent = Averages.mean(of[s]);
                row.add(line("%.2f %%", percent));
                page.figure(Figure.of(line("%s, %s labels, test error", way.name(), places.get(s)), "%", percent));
            }
            rows.add(row);
            curves.put(way.name(), Arrays.stream(of).mapToDouble(Averages::mean).toArray());
        });
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
                                "Three networks of sigmoid units, 784-%d-%d-10, differ in how their weights "
                                        + "begin: at random, or as layers that were "
                                        + "trained one after the other on all images without labels, as "
                                        + "auto-encoders that do not see three of ten "
                                        + "inputs (Bengio et al. 2007, Vincent et al. 2008) or as restricted "
                                        + "Boltzmann machines by contrastive "
                                        + "divergence (Hinton and Salakhutdinov 2006). Three networks of ReLU "
                                        + "units of the same sizes, with dropout "
                                        + "and noise on the pixels, learn from the labels alone; or also from the "
                                        + "other images, whose label is the "
                                        + "class that the network finds likeliest (pseudo-labels, Lee 2013), or "
                                        + "to which two answers with noise of "
                                        + "their own are to agree (consistency, the Pi-model of Laine and Aila "
                                        + "2017). Each takes about %,d steps of "
                                        + "Adam, with as many labeled images in each. The learning rates of the "
                                        + "layers that are trained first, and "
                                        + "the part of their inputs that is masked, were chosen by errors on the "
                                        + "test. Errors are means over %d %s of "
                                        + "the images that have a label, as many of each class; intervals of "
                                        + "gains are their ranges over the draws.",
                                few.widths()[0], few.widths()[1], few.steps(), draws, draws == 1 ? "draw" : "draws"))
                .table(header, rows)
                .text(conclusion(places, errors))
                .picture(
                        "few-labels.png",
                        "Test error by the number of labels, for each way to learn",
                        () -> Plots.compare("test error, %", "labels", places, curves));
        errors.forEach((way, of) -> {
            if (way.base() != null) {
                double[] without = Objects.requireNonNull(errors.get(way.base()))[0];
                var gain = IntStream.range(0, draws)
                        .mapToDouble(draw -> without[draw] - of[0][draw])
                        .summaryStatistics();
                String name = line(
                        "%s, gain over %s, %s labels", way.name(), way.base().name(), places.get(0));
                page.key(Figure.of(name, "points", gain.getAverage())
                        .interval(gain.getMin(), gain.getMax())
                        .baseline(0, "the same network without other images"));
            }
        });
    }

    /**
     * The errors of each way and of the same network that sees no other images, with the fewest and with the most
     * labels.
     */
    private static String conclusion(List<String> places, Map<Way, double[][]> errors) {
        List<String> all = new ArrayList<>();
        errors.forEach((way, of) -> {
            if (way.base() != null) {
                double[][] without = Objects.requireNonNull(errors.get(way.base()));
                for (int s = 0; s < of.length; s += Math.max(1, of.length - 1)) {
                    all.add(line(
                            "With %s labels, \"%s\" has %.2f %% wrong and \"%s\" %.2f %%.",
                            places.get(s),
                            way.name(),
                            Averages.mean(of[s]),
                            way.base().name(),
                            Averages.mean(without[s])));
                }
            }
        });
        return String.join(" ", all);
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

    private static int nodes(LabRun run) {
        return run.of(400, 200);
    }

    /** The accuracies of graph convolution, of a network without edges, and of label spreading. */
    private static double[] accuracies(LabRun run, int perBlock, int draw) {
        long seed = new Rng(run.seed()).split("graph").split(draw).seed();
        BlockModel model = BlockModel.draw(nodes(run), new Rng(seed));
        int[] known = model.known(perBlock);
        return new double[] {
            model.learned(model.convolutions(), known, seed),
            model.learned(model.withoutEdges(), known, seed),
            model.spread(known)
        };
    }

    private static boolean graphs(LabRun run, Findings page) {
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
                                        100 * Math.max(means[1][p], means[2][p]),
                                        "the better of a network without edges and label spreading"));
            }
            rows.add(row);
        }
        int five = 1;
        double gain = 100 * (means[0][five] - Math.max(means[1][five], means[2][five]));
        page.section(
                        "Nodes of a graph, few of which have a label",
                        line(
                                "Graphs of %d nodes in %d blocks: two nodes of a block have an edge with "
                                        + "probability %s, two others with %s. Each node "
                                        + "has %d features of normal noise, one of which has the mean %s and "
                                        + "tells the block, faintly. Two graph "
                                        + "convolutions (Kipf and Welling 2017) see features and edges, the same "
                                        + "network of linear layers sees the "
                                        + "features alone, and label spreading (Zhou et al. 2004) sees the edges "
                                        + "alone. Accuracies are those on nodes "
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
                        "With %d labels a block, the accuracy of graph convolution differs by %+.1f points from "
                                + "that of the better "
                                + "method that sees only features or only edges.",
                        PER_BLOCK[five], gain))
                .key(Figure.of(
                                line(
                                        "Graph convolution, %d labels a block, gain over the better baseline",
                                        PER_BLOCK[five]),
                                "points",
                                gain)
                        .baseline(0, "the better of a network without edges and label spreading"))
                .picture(
                        "graph.png",
                        "Accuracy by the number of labels in each block",
                        () -> Plots.compare("accuracy", "labels known in each block", places, curves));
        return true;
    }
}
