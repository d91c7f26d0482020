package dev.fathom.labs.similarity;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.features.Pca;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.similarity.Embedder.Objective;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Siamese networks: an embedding is learned of the digits 0 to 5, and digits 6 to 9 are named by one example each. */
public final class SiameseLab implements OldExperiment {
    private static final int LEARNED = 6;
    private static final int CLASSES = 10;
    private static final int SEEDS = 3;
    private static final int BATCH = 64;
    private static final int DRAWN = 600;
    private static final int SHOWN = 6;
    private static final String PIXELS = "pixels";
    private static final String UNTRAINED = "network before training";

    @Override
    public String name() {
        return "siamese";
    }

    @Override
    public Findings run(LabRun run) {
        try (Images all = ImageSet.MNIST.images(run.data(), run.seed());
                Images some = all.first(run.of(20_000, 4000));
                Images images = some.scaled();
                Dataset learn = digits(images.learn(), 0, LEARNED);
                Dataset test = digits(images.test(), LEARNED, CLASSES)) {
            Findings page = run.page(
                    "Lab siamese",
                    line(
                            "MNIST: %,d images of the digits 0 to %d to learn from, and %,d of %d to 9 for the test",
                            learn.size(), LEARNED - 1, test.size(), LEARNED));
            int episodes = run.of(1000, 300);
            page.section("One-shot classification", "")
                    .text(line(
                            "No network sees a digit from %d to 9 before the test. In each of %,d episodes one "
                                    + "image of each of these %d digits is known, "
                                    + "and another image of each is named by the nearest known one. A siamese "
                                    + "network embeds both images of a pair by the "
                                    + "same weights; all networks have the same layers, %d numbers in an "
                                    + "embedding, and the same number of steps. A guess "
                                    + "is right in %.0f %% of cases. No figures are published for this split, so "
                                    + "the baselines are computed: distances of "
                                    + "pixels, a network before training, and the features of a classifier of the "
                                    + "digits 0 to %d. A network learns %d "
                                    + "times, from other initial weights and in other orders.",
                            LEARNED,
                            episodes,
                            CLASSES - LEARNED,
                            Embedder.SIZE,
                            100.0 / (CLASSES - LEARNED),
                            LEARNED - 1,
                            SEEDS));
            int[] labels = IntStream.of(test.labels()).map(l -> l - LEARNED).toArray();
            Map<String, List<OneShot>> spaces = new LinkedHashMap<>();
            spaces.put(PIXELS, List.of(new OneShot(pixels(test), labels, CLASSES - LEARNED)));
            for (long seed = run.seed(); seed < run.seed() + SEEDS; seed++) {
                try (Model<Embedder> model = Model.of(Embedder.of(LEARNED), seed)) {
                    add(spaces, UNTRAINED, embedded(model, test, labels));
                }
            }
            for (Objective objective : Objective.values()) {
                for (long seed = run.seed(); seed < run.seed() + SEEDS; seed++) {
                    OneShot space =
                            run.interrupt().requested() ? null : trained(run, seed, objective, learn, test, labels);
                    if (space == null) {
                        results(run, page, spaces, episodes);
                        pictures(run, page, spaces, test);
                        return page;
                    }
                    add(spaces, objective.title(), space);
                }
            }
            Map<String, double[]> right = results(run, page, spaces, episodes);
            pictures(run, page, spaces, test);
            conclusion(page, right);
            return page.finished();
        }
    }

    private static void add(Map<String, List<OneShot>> spaces, String name, OneShot space) {
        spaces.computeIfAbsent(name, n -> new ArrayList<>()).add(space);
    }

    /** The pixels of each image. */
    private static float[][] pixels(Dataset images) {
        try (Dataset flat = images.flattened()) {
            return Examples.of(flat).x();
        }
    }

    private static Dataset digits(Dataset data, int from, int to) {
        int[] labels = data.labels();
        return data.subset(IntStream.range(0, labels.length)
                .filter(i -> labels[i] >= from && labels[i] < to)
                .toArray());
    }

    private static OneShot embedded(Model<Embedder> model, Dataset test, int[] labels) {
        return new OneShot(Examples.of(model.net().body(), test).x(), labels, CLASSES - LEARNED);
    }

    /** The test images as a trained network embeds them; null if the run was interrupted. */
    private static @Nullable OneShot trained(
            LabRun run, long seed, Objective objective, Dataset learn, Dataset test, int[] labels) {
        run.training().say("%n== %s, seed %d", objective.title(), seed);
        int epochs = run.epochs(10, 3);
        try (Model<Embedder> model = Model.of(Embedder.of(LEARNED), seed)) {
            var trainer = Trainer.custom(
                            model, new Adam(2e-3f), (net, batch) -> new Step.Result(objective.loss(net, batch)))
                    .schedule(Schedule.cosine(epochs))
                    .seed(seed);
            boolean done = run.training()
                    .fit(
                            trainer,
                            run.folder().resolve(line("%s-%d", objective.name().toLowerCase(Locale.ROOT), seed)),
                            "images",
                            learn.shuffled(seed).batches(BATCH).dropLast(),
                            epochs);
            return done ? embedded(model, test, labels) : null;
        }
    }

    // ---- the page

    /** The percents that are right in each space, for each seed. */
    private static Map<String, double[]> results(
            LabRun run, Findings page, Map<String, List<OneShot>> spaces, int episodes) {
        Map<String, double[]> all = new LinkedHashMap<>();
        List<List<String>> rows = new ArrayList<>();
        spaces.forEach((name, seeds) -> {
            List<OneShot.Accuracy> each = seeds.stream()
                    .map(space -> space.accuracy(episodes, new Rng(run.seed()).split("episodes")))
                    .toList();
            double[] right = each.stream().mapToDouble(a -> 100 * a.mean()).toArray();
            all.put(name, right);
            double mean = Averages.mean(right);
            double half = right.length > 1 ? Averages.interval95(right) : 0;
            double low = right.length > 1 ? mean - half : 100 * each.get(0).low();
            double high = right.length > 1 ? mean + half : 100 * each.get(0).high();
            rows.add(List.of(
                    name,
                    Integer.toString(seeds.get(0).x()[0].length),
                    Integer.toString(seeds.size()),
                    line("%.1f %%", mean),
                    line("%.1f to %.1f %%", low, high)));
            page.figure(Figure.of("One-shot accuracy by " + name, "%", mean).interval(low, Math.min(100, high)));
        });
        page.table(List.of("nearest by", "numbers", "seeds", "right", "95 % interval"), rows)
                .text("The interval of what was done with several seeds is that of its mean over seeds, and "
                        + "that of one alone is over its episodes.");
        return all;
    }

    /** The spaces of the first seed. */
    private static void pictures(LabRun run, Findings page, Map<String, List<OneShot>> spaces, Dataset test) {
        List<Chart> planes = new ArrayList<>();
        spaces.forEach((name, seeds) -> {
            if (!name.equals(UNTRAINED)) {
                planes.add(plane(name, seeds.get(0)));
            }
        });
        page.section(
                        "Embeddings",
                        "Images of digits that were never learned, in the plane of the first two principal "
                                + "components of each space, for the first seed.")
                .picture(
                        "embeddings.png",
                        "Digits that were left out, by pixels and by each embedding",
                        () -> Chart.panels(2, planes));
        String last = List.copyOf(spaces.keySet()).get(spaces.size() - 1);
        OneShot space = Objects.requireNonNull(spaces.get(last)).get(0);
        ImageSheet sheet = episodes(run, space, test);
        page.picture(
                "episodes.png",
                line("Some episodes by %s: the image that is asked, and the known ones with their distances", last),
                sheet::render);
    }

    private static Chart plane(String name, OneShot space) {
        int n = Math.min(DRAWN, space.x().length);
        float[][] some = Arrays.copyOf(space.x(), n);
        float[][] plane = Pca.fit(some, 2).transform(some);
        Chart chart = new Chart(name, "");
        for (int c = 0; c < space.classes(); c++) {
            int label = c;
            int[] of = IntStream.range(0, n)
                    .filter(i -> space.labels()[i] == label)
                    .toArray();
            chart.points(
                    Integer.toString(LEARNED + c),
                    IntStream.of(of).mapToDouble(i -> plane[i][0]).toArray(),
                    IntStream.of(of).mapToDouble(i -> plane[i][1]).toArray());
        }
        return chart;
    }

    private static ImageSheet episodes(LabRun run, OneShot space, Dataset test) {
        ImageSheet sheet = new ImageSheet(28, 28, 1).columns(1 + space.classes());
        float[][] pixels = pixels(test);
        for (int e = 0; e < SHOWN; e++) {
            OneShot.Episode one =
                    space.episode(new Rng(run.seed()).split("episodes").split(e));
            int asked = one.asked()[e % space.classes()];
            int nearest = space.nearest(one.known(), asked);
            sheet.add(Shades.gray(pixels[asked]), "asked: " + (LEARNED + space.labels()[asked]));
            for (int k = 0; k < one.known().length; k++) {
                sheet.add(
                        Shades.gray(pixels[one.known()[k]]),
                        line("%.2f%s", space.distance(one.known()[k], asked), k == nearest ? ", nearest" : ""));
            }
        }
        return sheet;
    }

    private static void conclusion(Findings page, Map<String, double[]> right) {
        double pixels = mean(right, PIXELS);
        page.text(line(
                "Digits that were left out are classified correctly in %.1f %% of cases by pixels, in %.1f %% "
                        + "after training with the contrastive loss, in "
                        + "%.1f %% with the triplet loss, and in %.1f %% by the features of a classifier.",
                pixels,
                mean(right, Objective.CONTRASTIVE.title()),
                mean(right, Objective.TRIPLET.title()),
                mean(right, Objective.CLASSIFIER.title())));
        for (Objective objective : List.of(Objective.CONTRASTIVE, Objective.TRIPLET)) {
            double gain = mean(right, objective.title()) - pixels;
            double half = Averages.interval95(Objects.requireNonNull(right.get(objective.title())));
            page.key(Figure.of(line("One-shot, %s, gain over pixels", objective.title()), "points", gain)
                    .interval(gain - half, gain + half)
                    .baseline(pixels, "nearest by pixels"));
        }
    }

    private static double mean(Map<String, double[]> right, String name) {
        return Averages.mean(Objects.requireNonNull(right.get(name)));
    }
}
