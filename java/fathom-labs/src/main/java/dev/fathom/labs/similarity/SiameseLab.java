package dev.fathom.labs.similarity;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Siamese networks: an embedding is learned of the digits 0 to 5, and digits 6 to 9 are named by one example each. */
public final class SiameseLab implements Experiment {
    static final int LEARNED = 6;
    private static final int CLASSES = 10;
    private static final int SEEDS = 3;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("One of the two equal networks", new Embedder(LEARNED).body(), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images all = ImageSet.MNIST.images(lab.data(), lab.seed());
                Images some = all.sample(lab.of(20_000, 4000), lab.seed());
                Images images = some.scaled();
                Dataset learn = digits(images.learn(), 0, LEARNED);
                Dataset tests = all.test().scaled(1f / 255, 0);
                Dataset test = digits(tests, LEARNED, CLASSES);
                Dataset flat = test.flattened()) {
            lab.put("learn", learn.size())
                    .put("test", test.size())
                    .put("episodes", lab.of(1000, 300))
                    .put("size", Embedder.SIZE)
                    .put("seeds", SEEDS)
                    .section("One-shot classification");
            int[] labels = IntStream.of(test.labels()).map(l -> l - LEARNED).toArray();
            Table table = lab.table("spaces", "nearest by").named("One-shot accuracy by {row}");
            List<Chart> planes = new ArrayList<>();
            float[][] gray = Examples.of(flat).x();
            OneShot pixels = new OneShot(gray, labels, CLASSES - LEARNED);
            double byPixels = Averages.mean(row(lab, table, "pixels", List.of(pixels)));
            planes.add(Spaces.plane("pixels", pixels));
            row(lab, table, "network before training", spaces(lab, "", null, learn, test, labels));
            String classifier = "classifier's features";
            List<OneShot> features = spaces(lab, classifier, Embedder::classifier, learn, test, labels);
            row(lab, table, classifier, features);
            planes.add(Spaces.plane(classifier, features.get(0)));
            for (String loss : List.of("contrastive", "triplet")) {
                String name = "siamese, " + loss + " loss";
                BiFunction<Embedder, Batch, Tensor> of =
                        loss.equals("triplet") ? Embedder::triplet : Embedder::contrastive;
                List<OneShot> spaces = spaces(lab, name, of, learn, test, labels);
                double[] right = row(lab, table, name, spaces);
                planes.add(Spaces.plane(name, spaces.get(0)));
                double gain = Averages.mean(right) - byPixels;
                double half = Averages.interval95(right);
                lab.figure(Figure.of(line("One-shot, %s, gain over pixels", name), "points", gain)
                                .interval(gain - half, gain + half)
                                .baseline(byPixels, "nearest by pixels"))
                        .sheet("episodes.png", Spaces.episodes(lab, spaces.get(0), gray));
            }
            lab.charts("embeddings.png", 2, planes);
        }
    }

    private static Dataset digits(Dataset data, int from, int to) {
        int[] labels = data.labels();
        return data.subset(IntStream.range(0, labels.length)
                .filter(i -> labels[i] >= from && labels[i] < to)
                .toArray());
    }

    /** The test images as networks of several seeds embed them, which learn by a loss; null for none. */
    private static List<OneShot> spaces(
            Lab lab,
            String name,
            @Nullable BiFunction<Embedder, Batch, Tensor> loss,
            Dataset learn,
            Dataset test,
            int... labels) {
        List<OneShot> spaces = new ArrayList<>();
        int epochs = lab.epochs(10, 5);
        for (long seed = lab.seed(); seed < lab.seed() + SEEDS; seed++) {
            try (Model<Embedder> model = Model.of(new Embedder(LEARNED), seed)) {
                if (loss != null) {
                    var trainer = Trainer.custom(
                                    model, new Adam(2e-3f), (net, batch) -> new Step.Result(loss.apply(net, batch)))
                            .schedule(Schedule.cosine(epochs))
                            .seed(seed);
                    var batches = learn.shuffled(seed).batches(64).dropLast();
                    lab.train(line("%s, seed %d", name, seed), "images", trainer, batches, epochs);
                }
                spaces.add(new OneShot(Examples.of(model.net().body(), test).x(), labels, CLASSES - LEARNED));
            }
        }
        return spaces;
    }

    /** The percent that is right in the space of each seed; in each episode where there is one seed alone. */
    private static double[] row(Lab lab, Table table, String name, List<OneShot> seeds) {
        int episodes = lab.of(1000, 300);
        double[][] right = seeds.stream()
                .map(space -> space.right(episodes, lab.rng("episodes")))
                .toArray(double[][]::new);
        double[] each = right.length == 1
                ? right[0]
                : Arrays.stream(right).mapToDouble(Averages::mean).toArray();
        double[] percents = Arrays.stream(each).map(share -> 100 * share).toArray();
        double mean = Averages.mean(percents);
        double low = mean - Averages.interval95(percents);
        double high = Math.min(100, mean + Averages.interval95(percents));
        table.row(name)
                .cell("numbers", seeds.get(0).x()[0].length)
                .cell("seeds", seeds.size())
                .put("right", "%.1f %%", mean)
                .interval(low, high)
                .cell("95 % interval", line("%.1f to %.1f %%", low, high));
        return percents;
    }
}
