package dev.fathom.labs.embeddings;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.CoOccurrences;
import dev.fathom.features.Examples;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.Pca;
import dev.fathom.features.Placement;
import dev.fathom.features.SparseRows;
import dev.fathom.features.TSne;
import dev.fathom.features.Umap;
import dev.fathom.labs.reviews.ReviewTokens;
import dev.fathom.nets.LeNet5;
import dev.fathom.nn.Input;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.text.WordVectors;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Clouds;
import dev.fathom.view.Diagram;
import dev.fathom.view.EventFile;
import dev.fathom.view.Projector;
import dev.fathom.view.Projector.Points;
import dev.fathom.view.ProjectorTsv;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/**
 * Pictures of vectors by principal components, t-SNE and UMAP: handwritten digits as pixels and as the code that
 * LeNet-5 learns of them, and words. All of them are points of one interactive page, and files that TensorBoard's
 * projector loads.
 */
public final class ProjectorLab implements Experiment {
    private static final int SIDE = 28;
    private static final int WINDOW = 5;
    private static final int NEIGHBORS = 15;
    /** Trustworthiness needs the distances of all pairs, so it is computed for the first points only. */
    private static final int MEASURED = 2000;

    private static final String TRUST = "trustworthiness";
    private static final String SAME = "neighbors of the same digit";

    /** A picture of vectors: their kind, the method with its settings, and a hash of the vectors. */
    private record Placed(String of, String method, int vectors) {}

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("LeNet-5, whose code is looked at", new LeNet5(10), Input.floats(1, 28, 28, 1));
    }

    @Override
    public void run(Lab lab) {
        Path data = lab.data();
        int dimensions = lab.of(200, 32);
        int count = lab.of(4_000, 400);
        ReviewTokens reviews = ReviewTokens.read(
                data == null ? lab.run() : lab.run().at(data.resolve("imdb")),
                lab.of(25_000, 1_500),
                lab.of(10_000, 500),
                dimensions);
        Projector projector = new Projector("Digits and words");
        try (Images images = ImageSet.MNIST.images(data == null ? null : data.resolve("mnist"), lab.seed());
                Images part = images.learning(lab.of(55_000, 3_000));
                Images few = part.normalized();
                Dataset shown = Images.sample(few.test(), count, lab.seed());
                Dataset plain = Images.sample(images.test(), count, lab.seed())) {
            lab.put("learn", part.learn().size()).put("count", count).put("dimensions", dimensions);
            lab.put("words", reviews.vocabulary().size() - reviews.first());
            lab.put("reviews", reviews.training().length);
            lab.section("Digits");
            digits(lab, projector, plain, code(lab, few, shown));
            lab.section("Words");
            words(lab, projector, reviews, dimensions);
            lab.section("The page to explore").link("projector.html");
        }
    }

    /** The last hidden layer of LeNet-5 for {@code shown}. */
    private static Examples code(Lab lab, Images images, Dataset shown) {
        try (Model<LeNet5> model = Model.of(new LeNet5(10), lab.seed());
                EventFile events = new EventFile(lab.folder().resolve("events"))) {
            Trainer<LeNet5> trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f))
                    .metrics(Metric.accuracy())
                    .seed(lab.seed())
                    .callbacks(events.callback());
            Run history = lab.train(
                    "LeNet-5",
                    "images",
                    trainer,
                    images.learn().shuffled(lab.seed()).batches(64),
                    images.choose(),
                    lab.epochs(4, 2));
            double[] accuracy = history.curve("val_accuracy")[1];
            lab.put("epochs", accuracy.length).put("accuracy", 100 * accuracy[accuracy.length - 1]);
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

    private static void digits(Lab lab, Projector projector, Dataset images, Examples code) {
        int[] labels = code.labels();
        int n = labels.length;
        List<String> groups = Arrays.stream(labels).mapToObj(Integer::toString).toList();
        List<String> names =
                IntStream.range(0, n).mapToObj(i -> labels[i] + " (" + i + ")").toList();
        byte[][] gray = IntStream.range(0, n).mapToObj(images::pixels).toArray(byte[][]::new);
        Map<String, float[][]> vectors = new LinkedHashMap<>();
        vectors.put("pixels", Examples.of(images).x());
        vectors.put("LeNet's code", code.x());
        Map<String, String> about = Map.of(
                "pixels", "The gray values.", "LeNet's code", "What the 84 units of LeNet-5's last hidden layer say.");
        Table table = lab.table("digits", "vectors and method");
        Clouds clouds =
                new Clouds(IntStream.range(0, 10).mapToObj(Integer::toString).toList());
        vectors.forEach((kind, x) -> {
            Points points = Points.of("digits, " + kind, x, names)
                    .groups(groups)
                    .images(SIDE, SIDE, gray)
                    .axes("1", "0", "4", "7")
                    .about(about.getOrDefault(kind, ""));
            add(lab, projector, kind, x, points, table, (row, places) -> {
                boolean first = table.rows().size() == 1;
                row.put(SAME, "%.1f %%", agreement(places, labels))
                        .baseline(first ? 10 : table.values(SAME)[0], first ? "chance" : "PCA of pixels");
                clouds.add(row.name(), places, labels);
            });
        });
        double[] same = table.values(SAME);
        lab.put("before", same[0]).put("after", same[3]).put("better", same[3] > same[0]);
        lab.picture("digits.png", () -> clouds.render(3));
        write(lab, "digits", code.x(), groups);
        lab.link("events");
    }

    private static void words(Lab lab, Projector projector, ReviewTokens reviews, int dimensions) {
        lab.say("Counting co-occurrences of words and computing their principal components ...");
        WordVectors vectors = CoOccurrences.vectors(
                reviews.training(), reviews.vocabulary(), WINDOW, dimensions, lab.seed(), lab::stopped);
        List<String> words = vectors.words().tokens();
        float[][] x = words.stream().map(vectors::vector).toArray(float[][]::new);
        Points points = Points.of("words", x, words)
                .axes("bad", "good", "man", "woman")
                .about("Principal components of the words that stand near them in reviews of films.");
        Clouds clouds = new Clouds(List.of());
        add(
                lab,
                projector,
                "words",
                x,
                points,
                lab.table("words", "vectors and method"),
                (row, places) -> clouds.add(row.name(), places, new int[places.length]));
        lab.picture("words.png", () -> clouds.render(3));
        write(lab, "words", x, words);
    }

    /**
     * Adds the pictures of t-SNE and UMAP in two and three dimensions to a page, and measures those in two and that of
     * principal components.
     */
    private static void add(
            Lab lab,
            Projector projector,
            String of,
            float[][] x,
            Points points,
            Table table,
            BiConsumer<Table.Row, float[][]> more) {
        float[][] plane = Pca.of(SparseRows.dense(Averages.flat(x), x[0].length), 2, 1e-6, 1)
                .transform(x);
        Table.Row linear = table.row(of + ", PCA").put(TRUST, "%.3f", trust(x, plane));
        more.accept(linear, plane);
        Points all = points;
        for (int width = 2; width <= 3; width++) {
            Map<String, Placement> methods = new LinkedHashMap<>();
            methods.put("t-SNE", new TSne(width, 30, lab.of(1000, 150), 0.5));
            methods.put("UMAP", new Umap(width, NEIGHBORS, 0.1, lab.of(300, 100)));
            for (var entry : methods.entrySet()) {
                String name = entry.getKey();
                lab.say("%s: %s in %d dimensions ...", of, name, width);
                Placement method = entry.getValue();
                float[][] places = lab.part(
                        new Placed(of, method.toString(), Arrays.deepHashCode(x)),
                        float[][].class,
                        () -> method.place(x, lab.seed(), step -> {
                            lab.check();
                            return true;
                        }));
                all = all.picture(name, places);
                if (width == 2) {
                    Table.Row row = table.row(of + ", " + name)
                            .put(TRUST, "%.3f", trust(x, places))
                            .baseline(linear.get(TRUST), "PCA");
                    more.accept(row, places);
                }
            }
        }
        projector.add(all);
        projector.write(lab.folder().resolve("projector.html"));
    }

    private static void write(Lab lab, String folder, float[][] x, List<String> labels) {
        Path to = lab.folder().resolve(folder);
        ProjectorTsv.of(x, labels).write(to.resolve("vectors.tsv"), to.resolve("labels.tsv"));
        lab.link(folder + "/vectors.tsv");
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
        long same = IntStream.range(0, labels.length)
                .mapToLong(point -> found.get(point).stream()
                        .filter(near -> near.example() != point && labels[near.example()] == labels[point])
                        .count())
                .sum();
        return 100.0 * same / (NEIGHBORS * (double) labels.length);
    }
}
