package dev.fathom.labs.embeddings;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.Pca;
import dev.fathom.features.Placement;
import dev.fathom.features.SparseRows;
import dev.fathom.features.TSne;
import dev.fathom.features.Umap;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.KeptParts;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.reviews.ReviewTokens;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.labs.statistics.CoOccurrences;
import dev.fathom.nets.LeNet5;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.text.WordVectors;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Clouds;
import dev.fathom.view.EventFile;
import dev.fathom.view.Projector;
import dev.fathom.view.Projector.Points;
import dev.fathom.view.ProjectorTsv;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Pictures of vectors by principal components, t-SNE and UMAP: handwritten digits as pixels and as the code that
 * LeNet-5 learns of them, and words. All of them are points of one interactive page, and files that TensorBoard's
 * projector loads.
 */
public final class ProjectorLab implements OldExperiment {
    private static final int SIDE = 28;
    private static final int WINDOW = 5;
    private static final int NEIGHBORS = 15;
    /** Trustworthiness needs the distances of all pairs, so it is computed for the first points only. */
    private static final int MEASURED = 2000;

    private static final String VECTORS = "vectors.tsv";
    private static final String LABELS = "labels.tsv";
    private static final String PCA = "PCA";
    private static final String PIXELS = "pixels";
    private static final String CODE = "LeNet's code";

    @Override
    public String name() {
        return "projector";
    }

    /** A picture of vectors: the method and its places in the plane. */
    private record Drawn(String of, String method, float[][] places) {
        String title() {
            return of + ", " + method;
        }
    }

    @Override
    public Findings run(LabRun run) {
        try (Images images =
                ImageSet.MNIST.images(run.data() == null ? null : run.data().resolve("mnist"), run.seed())) {
            int dimensions = run.of(200, 32);
            ReviewTokens reviews = ReviewTokens.read(
                    run.data() == null ? run : run.at(run.data().resolve("imdb")),
                    run.of(25_000, 1_500),
                    run.of(10_000, 500),
                    dimensions);
            Findings page = run.page(
                    "Lab projector",
                    line(
                            "MNIST: %,d images to learn from, and %,d of the test as points; IMDB: %,d words of "
                                    + "%,d reviews, with vectors of %d numbers",
                            Math.min(images.learn().size(), run.of(55_000, 3_000)),
                            run.of(4_000, 400),
                            reviews.vocabulary().size() - reviews.first(),
                            reviews.training().length,
                            dimensions));
            Projector projector = new Projector("Digits and words");
            int count = run.of(4_000, 400);
            try (Images part = images.learning(run.of(55_000, 3_000));
                    Images few = part.normalized();
                    Dataset shown = few.test().take(0, count);
                    Dataset plain = images.test().take(0, count)) {
                Examples code = code(run, page, few, shown);
                if (code == null) {
                    return page;
                }
                digits(run, page, projector, plain, code);
            }
            boolean whole = !run.interrupt().requested() && words(run, page, projector, reviews, dimensions);
            projector.write(run.folder().resolve("projector.html"));
            page.section(
                            "The page to explore",
                            "Drag to turn or move, use the wheel or two fingers to zoom, choose a point to see "
                                    + "its nearest neighbors, and name points to "
                                    + "make axes between them.")
                    .link(
                            "projector.html",
                            "all points, by every method that is finished, in two and three dimensions");
            return whole ? page.finished() : page;
        }
    }

    /** Adds digits as pixels and as the code of the net, by every method that is finished. */
    private static void digits(LabRun run, Findings page, Projector projector, Dataset images, Examples code) {
        Examples pixels = Examples.of(images);
        int[] labels = code.labels();
        List<String> names = IntStream.range(0, labels.length)
                .mapToObj(i -> labels[i] + " (" + i + ")")
                .toList();
        List<String> groups = Arrays.stream(labels).mapToObj(Integer::toString).toList();
        byte[][] gray =
                IntStream.range(0, labels.length).mapToObj(images::pixels).toArray(byte[][]::new);
        List<Drawn> drawn = new ArrayList<>();
        for (String kind : List.of(PIXELS, CODE)) {
            float[][] x = (kind.equals(PIXELS) ? pixels : code).x();
            Points of = Points.of("digits, " + kind, x, names)
                    .groups(groups)
                    .images(SIDE, SIDE, gray)
                    .axes("1", "0", "4", "7")
                    .about(
                            kind.equals(PIXELS)
                                    ? "The gray values."
                                    : "What the 84 units of LeNet-5's last hidden layer say.");
            projector.add(add(run, drawn, kind, x, of));
        }
        write(run, "digits", code.x(), groups);
        measured(page, drawn, Map.of(PIXELS, pixels.x(), CODE, code.x()), labels);
        page.link("digits/" + VECTORS, "LeNet's code as TensorBoard's projector loads it, with " + LABELS)
                .link("events", "the training of LeNet-5 as TensorBoard reads it");
    }

    /** The last hidden layer of LeNet-5 for {@code shown}, null if the run was interrupted. */
    private static @Nullable Examples code(LabRun run, Findings page, Images images, Dataset shown) {
        try (Model<LeNet5> model = Model.of(new LeNet5(10), run.seed());
                EventFile events = new EventFile(run.folder().resolve("events"))) {
            Trainer<LeNet5> trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f))
                    .metrics(Metric.accuracy())
                    .seed(run.seed())
                    .callbacks(events.callback());
            trainer = run.training().attach(trainer, run.folder().resolve("lenet"), "images");
            Run history =
                    trainer.fit(images.learn().shuffled(run.seed()).batches(64), images.choose(), run.epochs(4, 2));
            if (run.interrupt().requested()) {
                return null;
            }
            page.section(
                    "Digits",
                    "The pixels of a digit are 784 numbers, and LeNet-5 makes 84 of them before it decides. Both "
                            + "are placed in the plane: by the two "
                            + "principal components, by t-SNE (van der Maaten 2014) and by UMAP (McInnes, Healy "
                            + "and Melville 2018), none of which sees the "
                            + "labels. They only color the points.");
            page.text(line(
                    "After %d epochs LeNet-5 has %.2f %% right of the images held out.",
                    history.epochs().size(),
                    100 * history.epochs().get(history.epochs().size() - 1).value("val_accuracy")));
            LeNet5 net = model.net();
            return Examples.of(
                    x -> net.f6()
                            .apply(net.c5()
                                    .apply(net.flatten()
                                            .apply(net.s4()
                                                    .apply(net.c3()
                                                            .apply(net.s2()
                                                                    .apply(net.c1()
                                                                            .apply(x))))))),
                    shown);
        }
    }

    /**
     * Adds the finished pictures of t-SNE and UMAP in two and three dimensions to {@code points}, and those in two to
     * {@code drawn}.
     */
    private static Points add(LabRun run, List<Drawn> drawn, String of, float[][] x, Points points) {
        Points all = points;
        drawn.add(new Drawn(of, PCA, components(x)));
        for (int width = 2; width <= 3; width++) {
            Map<String, Placement> methods = new LinkedHashMap<>();
            methods.put("t-SNE", new TSne(width, 30, run.of(1000, 150), 0.5));
            methods.put("UMAP", new Umap(width, NEIGHBORS, 0.1, run.of(300, 100)));
            for (Map.Entry<String, Placement> method : methods.entrySet()) {
                if (run.interrupt().requested()) {
                    return all;
                }
                String name = line("%s: %s in %d dimensions", of, method.getKey(), width);
                Optional<float[][]> places = places(run, name, method.getValue(), x);
                if (places.isEmpty()) {
                    return all;
                }
                all = all.picture(method.getKey(), places.get());
                if (width == 2) {
                    drawn.add(new Drawn(of, method.getKey(), places.get()));
                }
            }
        }
        return all;
    }

    /**
     * The places of a method, or those that an earlier run kept of the same vectors; empty if the run was interrupted.
     */
    private static Optional<float[][]> places(LabRun run, String name, Placement method, float[][] x) {
        String settings = line("%s, vectors %08x", method, Arrays.deepHashCode(x));
        return new KeptParts<>(run, "placements", float[][].class, settings).of(name, () -> {
            run.out().println(name + " ...");
            return method.place(x, run.seed(), step -> !run.interrupt().requested());
        });
    }

    private static void write(LabRun run, String folder, float[][] x, List<String> labels) {
        Path to = run.folder().resolve(folder);
        ProjectorTsv.of(x, labels).write(to.resolve(VECTORS), to.resolve(LABELS));
    }

    private static float[][] components(float[][] x) {
        return Pca.of(SparseRows.dense(Averages.flat(x), x[0].length), 2, 1e-6, 1)
                .transform(x);
    }

    private static double trust(float[][] x, float[][] places) {
        int n = Math.min(MEASURED, x.length);
        return Placement.trustworthiness(Arrays.copyOf(x, n), Arrays.copyOf(places, n), NEIGHBORS);
    }

    /** The share of the nearest other points in the plane that have the label of a point, in percent. */
    private static double agreement(float[][] places, int[] labels) {
        var found = new NearestNeighbors(NEIGHBORS + 1)
                .fit(Examples.of(places, labels), 0)
                .neighbors(places);
        long same = 0;
        for (int i = 0; i < labels.length; i++) {
            int point = i;
            same += found.get(i).stream()
                    .filter(near -> near.example() != point && labels[near.example()] == labels[point])
                    .count();
        }
        return 100.0 * same / (NEIGHBORS * (double) labels.length);
    }

    /** How much of the vectors a picture keeps. */
    private record Judged(Drawn drawn, double trust, double share) {}

    private static Judged find(List<Judged> all, String title) {
        return all.stream()
                .filter(j -> j.drawn().title().equals(title))
                .findFirst()
                .orElseThrow();
    }

    private static void measured(Findings page, List<Drawn> drawn, Map<String, float[][]> vectors, int[] labels) {
        List<List<String>> rows = new ArrayList<>();
        List<Judged> judged = new ArrayList<>();
        for (Drawn d : drawn) {
            double trust = trust(Objects.requireNonNull(vectors.get(d.of())), d.places());
            double share = agreement(d.places(), labels);
            judged.add(new Judged(d, trust, share));
            rows.add(List.of(d.of(), d.method(), line("%.3f", trust), line("%.1f %%", share)));
        }
        page.text("Trustworthiness (Venna and Kaski 2001) is 1 where the 15 nearest points of a picture are "
                        + "neighbors of the vectors, and about 0.5 "
                        + "by chance; it is measured on the first 2,000 points at most. The last column "
                        + "has the share of the 15 nearest points that "
                        + "are the same digit, which is about 10 % by chance.")
                .table(List.of("vectors", "method", "trustworthiness", "neighbors of the same digit"), rows)
                .picture("digits.png", "Digits in the plane, by vectors and method", () -> {
                    Clouds clouds = new Clouds(
                            IntStream.range(0, 10).mapToObj(Integer::toString).toList());
                    drawn.forEach(d -> clouds.add(d.title(), d.places(), labels));
                    return clouds.render(3);
                });
        String pixelsPca = PIXELS + ", " + PCA;
        double before = find(judged, pixelsPca).share();
        double after = find(judged, CODE + ", " + PCA).share();
        page.text(line(
                "In the plane of two principal components, %.1f %% of the neighbors of a digit are the same digit "
                        + "by its pixels, and %.1f %% by the code "
                        + "that LeNet-5 learned with labels of other images. %s",
                before,
                after,
                after > before
                        ? "So here the learned code is the better representation of digits."
                        : "So the learned code is no better here than the pixels."));
        judged.forEach(j -> {
            Drawn d = j.drawn();
            Figure trust = Figure.of(d.title() + ", trustworthiness", "", j.trust());
            double linear = find(judged, d.of() + ", " + PCA).trust();
            page.figure(d.method().equals(PCA) ? trust : trust.baseline(linear, PCA));
            Figure share = Figure.of(d.title() + ", neighbors of the same digit", "%", j.share());
            if (d.title().equals(pixelsPca)) {
                page.figure(share.baseline(10, "chance"));
            } else {
                page.figure(share.baseline(before, PCA + " of pixels"));
            }
        });
    }

    /** Adds words by every method that is finished; false if the run was interrupted. */
    private static boolean words(LabRun run, Findings page, Projector projector, ReviewTokens reviews, int dimensions) {
        run.out().println("Counting co-occurrences of words and computing their principal components ...");
        WordVectors vectors = CoOccurrences.vectors(
                reviews.training(), reviews.vocabulary(), WINDOW, dimensions, run.seed(), run.interrupt()::requested);
        if (run.interrupt().requested()) {
            return false;
        }
        List<String> words = vectors.words().tokens();
        float[][] x = words.stream().map(vectors::vector).toArray(float[][]::new);
        List<Drawn> drawn = new ArrayList<>();
        Points points = add(
                run,
                drawn,
                "words",
                x,
                Points.of("words", x, words)
                        .axes("bad", "good", "man", "woman")
                        .about("Principal components of the words that stand near them in reviews of films."));
        projector.add(points);
        write(run, "words", x, words);
        List<List<String>> rows = new ArrayList<>();
        double linear = trust(x, drawn.get(0).places());
        for (Drawn d : drawn) {
            double trust = trust(x, d.places());
            rows.add(List.of(d.method(), line("%.3f", trust)));
            Figure figure = Figure.of(d.title() + ", trustworthiness", "", trust);
            page.figure(d.method().equals(PCA) ? figure : figure.baseline(linear, PCA));
        }
        page.section(
                        "Words",
                        line(
                                "The %,d most frequent words of the reviews, by vectors of %d numbers. Words have "
                                        + "no classes; the page shows the neighbors of each.",
                                words.size(), dimensions))
                .table(List.of("method", "trustworthiness"), rows)
                .picture("words.png", "Words in the plane, by method", () -> {
                    Clouds clouds = new Clouds(List.of());
                    drawn.forEach(d -> clouds.add(d.method(), d.places(), new int[d.places().length]));
                    return clouds.render(3);
                })
                .link("words/" + VECTORS, "the vectors as TensorBoard's projector loads them, with " + LABELS);
        return !run.interrupt().requested();
    }
}
