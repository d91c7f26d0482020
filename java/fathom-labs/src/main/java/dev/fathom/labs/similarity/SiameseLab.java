package dev.fathom.labs.similarity;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.features.Pca;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.similarity.Embedder.Objective;
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
public final class SiameseLab implements Experiment {
    private static final int LEARNED = 6;
    private static final int CLASSES = 10;
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
    public String shows() {
        return "siamese nets with contrastive and triplet loss: digits that were never learned, named by one example each";
    }

    @Override
    public Result run(Run run) {
        try (Images all = ImageSet.MNIST.images(run.data(), run.seed());
                Images images = all.first(run.of(20_000, 4000)).scaled();
                Dataset learn = digits(images.learn(), 0, LEARNED);
                Dataset test = digits(images.test(), LEARNED, CLASSES)) {
            Result page = run.page(
                    "Lab siamese",
                    line(
                            "MNIST: %,d images of the digits 0 to %d to learn from, and %,d of %d to 9 for the test",
                            learn.size(), LEARNED - 1, test.size(), LEARNED));
            int episodes = run.of(1000, 300);
            page.section("One-shot classification", "")
                    .text(line(
                            "No network sees a digit from %d to 9 before the test. In each of %,d episodes one image of each of these %d digits is known, "
                                    + "and another image of each is named by the nearest known one. A siamese network embeds both images of a pair by the "
                                    + "same weights; all networks have the same layers, %d numbers in an embedding, and the same number of steps. A guess "
                                    + "is right in %.0f %% of cases. No figures are published for this split, so the baselines are computed: distances of "
                                    + "pixels, a network before training, and the features of a classifier of the digits 0 to %d.",
                            LEARNED,
                            episodes,
                            CLASSES - LEARNED,
                            Embedder.SIZE,
                            100.0 / (CLASSES - LEARNED),
                            LEARNED - 1));
            Examples pixels = Examples.of(test.flattened());
            int[] labels = IntStream.of(pixels.labels()).map(l -> l - LEARNED).toArray();
            Map<String, OneShot> spaces = new LinkedHashMap<>();
            spaces.put(PIXELS, new OneShot(pixels.x(), labels, CLASSES - LEARNED));
            try (Model<Embedder> model = Model.of(Embedder.of(LEARNED), run.seed())) {
                spaces.put(UNTRAINED, embedded(model, test, labels));
            }
            boolean done = true;
            for (Objective objective : Objective.values()) {
                OneShot space = run.interrupt().requested() ? null : trained(run, objective, learn, test, labels);
                done &= space != null;
                if (space != null) {
                    spaces.put(objective.title(), space);
                }
            }
            Map<String, OneShot.Accuracy> accuracies = results(run, page, spaces, episodes);
            pictures(run, page, spaces, test);
            if (done) {
                conclusion(page, accuracies);
                page.finished();
            }
            return page;
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
    private static @Nullable OneShot trained(Run run, Objective objective, Dataset learn, Dataset test, int[] labels) {
        run.training().say("%n== %s", objective.title());
        int epochs = run.epochs(10, 3);
        try (Model<Embedder> model = Model.of(Embedder.of(LEARNED), run.seed())) {
            var trainer = Trainer.custom(
                            model, new Adam(2e-3f), (net, batch) -> new Step.Result(objective.loss(net, batch)))
                    .schedule(Schedule.cosine(epochs))
                    .seed(run.seed());
            boolean done = run.training()
                    .fit(
                            trainer,
                            run.folder().resolve(objective.name().toLowerCase(Locale.ROOT)),
                            "images",
                            learn.shuffled(run.seed()).batches(BATCH).dropLast(),
                            epochs);
            return done ? embedded(model, test, labels) : null;
        }
    }

    // ---- the page

    private static Map<String, OneShot.Accuracy> results(
            Run run, Result page, Map<String, OneShot> spaces, int episodes) {
        Map<String, OneShot.Accuracy> all = new LinkedHashMap<>();
        List<List<String>> rows = new ArrayList<>();
        spaces.forEach((name, space) -> {
            OneShot.Accuracy a = space.accuracy(episodes, new Rng(run.seed()).split("episodes"));
            all.put(name, a);
            rows.add(List.of(
                    name,
                    Integer.toString(space.x()[0].length),
                    line("%.1f %%", 100 * a.mean()),
                    line("%.1f to %.1f %%", 100 * a.low(), 100 * a.high())));
            page.figure(Figure.of("One-shot accuracy by " + name, "%", 100 * a.mean())
                    .interval(100 * a.low(), 100 * a.high()));
        });
        page.table(List.of("nearest by", "numbers", "right", "95 % interval"), rows);
        return all;
    }

    private static void pictures(Run run, Result page, Map<String, OneShot> spaces, Dataset test) {
        List<Chart> planes = new ArrayList<>();
        spaces.forEach((name, space) -> {
            if (!name.equals(UNTRAINED)) {
                planes.add(plane(name, space));
            }
        });
        page.section(
                        "Embeddings",
                        "Images of digits that were never learned, in the plane of the first two principal components of each space.")
                .picture(
                        "embeddings.png",
                        "Digits that were left out, by pixels and by each embedding",
                        () -> Chart.panels(2, planes));
        String last = List.copyOf(spaces.keySet()).get(spaces.size() - 1);
        OneShot space = Objects.requireNonNull(spaces.get(last));
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

    private static ImageSheet episodes(Run run, OneShot space, Dataset test) {
        ImageSheet sheet = new ImageSheet(28, 28, 1).columns(1 + space.classes());
        float[][] pixels = Examples.of(test.flattened()).x();
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

    private static void conclusion(Result page, Map<String, OneShot.Accuracy> all) {
        double pixels = 100 * Objects.requireNonNull(all.get(PIXELS)).mean();
        double classifier = 100
                * Objects.requireNonNull(all.get(Objective.CLASSIFIER.title())).mean();
        double contrastive = 100
                * Objects.requireNonNull(all.get(Objective.CONTRASTIVE.title())).mean();
        double triplet =
                100 * Objects.requireNonNull(all.get(Objective.TRIPLET.title())).mean();
        page.text(line(
                "Digits that were left out are classified correctly in %.1f %% of cases by pixels, in %.1f %% after training with the contrastive loss, in "
                        + "%.1f %% with the triplet loss, and in %.1f %% by the features of a classifier.",
                pixels, contrastive, triplet, classifier));
        for (Objective objective : List.of(Objective.CONTRASTIVE, Objective.TRIPLET)) {
            double right = objective == Objective.TRIPLET ? triplet : contrastive;
            page.key(Figure.of(line("One-shot, %s, gain over pixels", objective.title()), "points", right - pixels)
                    .baseline(line("%.1f %%", pixels), "nearest by pixels")
                    .atLeast(0));
        }
    }
}
