package dev.fathom.labs.embeddings;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.data.Imdb;
import dev.fathom.experiments.data.ReviewTokens;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.CoOccurrences;
import dev.fathom.features.Examples;
import dev.fathom.nets.LeNet5;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
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
import java.util.stream.IntStream;

/**
 * Pictures of vectors by principal components, t-SNE and UMAP: handwritten digits as pixels and as the code that
 * LeNet-5 learns of them, and words. All of them are points of one interactive page, and files that TensorBoard's
 * projector loads.
 */
public final class ProjectorLab implements Experiment {
    private static final String SAME = "neighbors of the same digit";

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("LeNet-5, whose code is looked at", new LeNet5(10), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(Imdb.SET, ImageSet.MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        Path data = lab.data();
        int dimensions = lab.of(200, 32);
        int count = lab.of(4_000, 400);
        Path imdb = data == null ? null : data.resolve("imdb");
        ReviewTokens reviews = ReviewTokens.read(imdb, lab.of(25_000, 1_500), lab.of(10_000, 500), dimensions);
        Pictures pictures = new Pictures(lab, new Projector("Digits and words"));
        try (Images images = ImageSet.MNIST.images(data == null ? null : data.resolve("mnist"), lab.seed());
                Images part = images.learning(lab.of(55_000, 3_000));
                Images few = part.normalized();
                Dataset shown = Images.sample(few.test(), count, lab.seed());
                Dataset plain = Images.sample(images.test(), count, lab.seed())) {
            lab.put("learn", part.learn().size()).put("count", count).put("dimensions", dimensions);
            lab.put("words", reviews.vocabulary().size() - reviews.first());
            lab.put("reviews", reviews.training().length);
            lab.section("Digits");
            digits(lab, pictures, plain, code(lab, few, shown));
            lab.section("Words");
            words(lab, pictures, reviews, dimensions);
            lab.section("The page to explore").link("projector.html");
        }
    }

    /** The last hidden layer of LeNet-5 for {@code shown}. */
    private static Examples code(Lab lab, Images images, Dataset shown) {
        try (Model<LeNet5> model = Model.of(new LeNet5(10), lab.seed());
                EventFile events = new EventFile(lab.folder().resolve("events"))) {
            Trainer<LeNet5> trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f))
                    .metrics(Metric.accuracy())
                    .callbacks(events.callback());
            int epochs = lab.epochs(4, 2);
            Run history = lab.train("LeNet-5", "images", trainer, images.learn(), 64, images.choose(), epochs);
            double[] accuracy = history.curve("val_accuracy")[1];
            lab.put("epochs", accuracy.length).put("accuracy", 100 * accuracy[accuracy.length - 1]);
            LeNet5 net = model.net();
            return Examples.of(
                    new Sequential(net.c1(), net.s2(), net.c3(), net.s4(), net.flatten(), net.c5(), net.f6()), shown);
        }
    }

    private static void digits(Lab lab, Pictures pictures, Dataset images, Examples code) {
        int[] labels = code.labels();
        int n = labels.length;
        List<String> groups = Arrays.stream(labels).mapToObj(Integer::toString).toList();
        List<String> names =
                IntStream.range(0, n).mapToObj(i -> labels[i] + " (" + i + ")").toList();
        byte[][] gray = IntStream.range(0, n).mapToObj(images::pixels).toArray(byte[][]::new);
        Map<String, float[][]> vectors = new LinkedHashMap<>();
        vectors.put("pixels", Examples.of(images).x());
        vectors.put("LeNet's code", code.x());
        String pixels = "The gray values.";
        String units = "What the 84 units of LeNet-5's last hidden layer say.";
        Table table = lab.table("digits", "vectors and method");
        Clouds clouds =
                new Clouds(IntStream.range(0, 10).mapToObj(Integer::toString).toList());
        vectors.forEach((kind, x) -> {
            Points points = Points.of("digits, " + kind, x, names)
                    .groups(groups)
                    .images(28, 28, gray)
                    .axes("1", "0", "4", "7")
                    .about(kind.equals("pixels") ? pixels : units);
            pictures.add(kind, x, points, table, (row, places) -> {
                boolean first = table.rows().size() == 1;
                row.put(SAME, "%.1f %%", Pictures.agreement(places, labels))
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

    private static void words(Lab lab, Pictures pictures, ReviewTokens reviews, int dimensions) {
        lab.say("Counting co-occurrences of words and computing their principal components ...");
        WordVectors vectors = CoOccurrences.vectors(
                reviews.training(), reviews.vocabulary(), 5, dimensions, lab.seed(), lab::stopped);
        List<String> words = vectors.words().tokens();
        float[][] x = words.stream().map(vectors::vector).toArray(float[][]::new);
        Points points = Points.of("words", x, words)
                .axes("bad", "good", "man", "woman")
                .about("Principal components of the words that stand near them in reviews of films.");
        Clouds clouds = new Clouds(List.of());
        Table table = lab.table("words", "vectors and method");
        pictures.add(
                "words", x, points, table, (row, places) -> clouds.add(row.name(), places, new int[places.length]));
        lab.picture("words.png", () -> clouds.render(3));
        write(lab, "words", x, words);
    }

    private static void write(Lab lab, String folder, float[][] x, List<String> labels) {
        Path to = lab.folder().resolve(folder);
        ProjectorTsv.of(x, labels).write(to.resolve("vectors.tsv"), to.resolve("labels.tsv"));
        lab.link(folder + "/vectors.tsv");
    }
}
