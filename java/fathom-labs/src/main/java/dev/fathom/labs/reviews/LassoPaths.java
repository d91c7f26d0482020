package dev.fathom.labs.reviews;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.io.AtomicFile;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.reviews.Reviews.Part;
import dev.fathom.labs.statistics.LogisticPath;
import dev.fathom.labs.statistics.SparseRows;
import dev.fathom.text.BagOfWords;
import dev.fathom.text.Ngrams;
import dev.fathom.text.Reserved;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The whole path of the lasso on bags of words that weigh words in five ways. */
record LassoPaths(Run run, Reviews reviews) {
    /** How far the conditions of the optimum may be missed, as a part of lambda. */
    private static final double TOLERANCE = 0.1;

    private static final int BIGRAMS = 20_000;
    private static final int SHOWN = 8;

    /**
     * A way to make rows of reviews.
     *
     * @param make the rows of a part
     */
    private record Kind(String name, String file, Vocabulary vocabulary, Function<Part, SparseRows> make) {}

    /**
     * A point of a path.
     *
     * @param violation of the conditions of the optimum, as a part of lambda
     * @param positive words that speak most for a positive review
     * @param negative words that speak most against it
     */
    record Point(
            double lambda,
            double train,
            double validation,
            double test,
            int nonzero,
            double violation,
            double seconds,
            String positive,
            String negative) {
        private String csv() {
            return lambda + "," + train + "," + validation + "," + test + "," + nonzero + "," + violation + ","
                    + seconds + "," + positive + "," + negative + "\n";
        }

        private static Point of(String line) {
            String[] c = line.split(",", -1);
            double[] n = Arrays.stream(c, 0, 7).mapToDouble(Double::parseDouble).toArray();
            return new Point(n[0], n[1], n[2], n[3], (int) n[4], n[5], n[6], c[7], c[8]);
        }
    }

    /**
     * A whole path.
     *
     * @param columns of the rows
     * @param nonzero the share of numbers in the training rows that are not 0
     */
    record Lasso(String name, int columns, double nonzero, List<Point> points) {
        /** The point that is best on the validation reviews; of equals the one with the fewest words. */
        Point chosen() {
            Point best = points.get(0);
            for (Point p : points) {
                best = p.validation() > best.validation() ? p : best;
            }
            return best;
        }

        /** The highest test accuracy of all, which the textbook reads from its figure. */
        double peak() {
            return points.stream().mapToDouble(Point::test).max().orElseThrow();
        }

        double seconds() {
            return points.stream().mapToDouble(Point::seconds).sum();
        }

        /** For a plot over -ln lambda. */
        double[][] curve(ToDoubleFunction<Point> accuracy) {
            return new double[][] {
                points.stream().mapToDouble(p -> -Math.log(p.lambda())).toArray(),
                points.stream().mapToDouble(accuracy).toArray()
            };
        }
    }

    /** All five paths, two at a time where there are two processors; null where it was stopped. */
    @Nullable
    List<Lasso> paths() {
        run.training().say("%nThe lasso: %d lambdas for each of five ways to weigh words", lambdas());
        List<Lasso> all = kinds().parallelStream()
                .map(this::path)
                .filter(Objects::nonNull)
                .toList();
        return run.interrupt().requested() ? null : all;
    }

    private int lambdas() {
        return run.of(50, 6);
    }

    private List<Kind> kinds() {
        Vocabulary words = reviews.vocabulary();
        int size = words.size();
        int[][] train = reviews.train().codes();
        Ngrams pairs = new Ngrams(Words.keras(), 1, 2);
        // the unknown token takes the runs that are not among the most frequent
        Vocabulary grams = Vocabulary.of(() ->
                        reviews.train().texts().stream().map(pairs::tokens).iterator())
                .limit(run.of(BIGRAMS, 3000))
                .reserved(new Reserved(List.of("<UNK>"), -1, 0, -1, -1));
        return List.of(
                new Kind("words and bigrams", "bigrams", grams, part -> {
                    BagOfWords bag = BagOfWords.binary(grams.size());
                    return rows(bag, part.texts().stream().map(text -> grams.ids(pairs.tokens(text))));
                }),
                kind("binary", "binary", words, BagOfWords.binary(size)),
                kind("counts", "counts", words, BagOfWords.counts(size)),
                kind("proportions", "proportions", words, BagOfWords.proportions(size)),
                kind("TF-IDF", "tf-idf", words, BagOfWords.tfIdf(size, train)));
    }

    private static Kind kind(String name, String file, Vocabulary words, BagOfWords bag) {
        return new Kind(name, file, words, part -> rows(bag, Arrays.stream(part.codes())));
    }

    private static SparseRows rows(BagOfWords bag, Stream<int[]> documents) {
        List<BagOfWords.Row> rows = documents.map(bag::row).toList();
        int[] starts = new int[rows.size() + 1];
        for (int i = 0; i < rows.size(); i++) {
            starts[i + 1] = starts[i] + rows.get(i).ids().length;
        }
        int[] ids = new int[starts[rows.size()]];
        float[] weights = new float[ids.length];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i).ids(), 0, ids, starts[i], starts[i + 1] - starts[i]);
            System.arraycopy(rows.get(i).weights(), 0, weights, starts[i], starts[i + 1] - starts[i]);
        }
        return new SparseRows(bag.size(), starts, ids, weights);
    }

    private @Nullable Lasso path(Kind kind) {
        if (run.interrupt().requested()) {
            return null;
        }
        Path file = run.folder().resolve("lasso").resolve(kind.file + ".csv");
        String key = line(
                "%s of %,d reviews, %,d for the test, seed %d, %d lambdas",
                kind.name, reviews.train().size(), reviews.test().size(), run.seed(), lambdas());
        SparseRows x = kind.make.apply(reviews.train());
        double nonzero = (double) x.values().length / x.rows() / x.columns();
        List<Point> points = run.resume() && Files.exists(file) ? read(file, key) : List.of();
        if (points.isEmpty()) {
            points = compute(kind, x);
            if (run.interrupt().requested()) {
                return null;
            }
            String lines = key + "\n" + points.stream().map(Point::csv).collect(Collectors.joining());
            AtomicFile.write(file, out -> out.write(lines.getBytes(StandardCharsets.UTF_8)));
        } else {
            run.training().say("%s: resumed from %s", kind.name, file);
        }
        return new Lasso(kind.name, x.columns(), nonzero, points);
    }

    /** The points of an earlier run with the same key; none if there was another. */
    private static List<Point> read(Path file, String key) {
        try {
            List<String> lines = Files.readAllLines(file);
            return lines.get(0).equals(key)
                    ? lines.stream().skip(1).map(Point::of).toList()
                    : List.of();
        } catch (IOException | RuntimeException e) {
            throw new IllegalArgumentException(file + " is damaged; remove it to compute the path anew", e);
        }
    }

    private List<Point> compute(Kind kind, SparseRows x) {
        SparseRows validation = kind.make.apply(reviews.validation());
        SparseRows test = kind.make.apply(reviews.test());
        LogisticPath lasso = new LogisticPath(x, reviews.train().labels(), TOLERANCE);
        List<Point> points = new ArrayList<>();
        for (double lambda : LogisticPath.lambdas(lasso.largest(), lambdas(), run.brief() ? 5e-2 : 1e-4)) {
            if (run.interrupt().requested()) {
                return points;
            }
            long start = System.nanoTime();
            LogisticPath.Point at = lasso.at(lambda);
            double seconds = (System.nanoTime() - start) / 1e9;
            points.add(new Point(
                    lambda,
                    at.accuracy(x, reviews.train().labels()),
                    at.accuracy(validation, reviews.validation().labels()),
                    at.accuracy(test, reviews.test().labels()),
                    at.nonzero(),
                    at.violation(),
                    seconds,
                    extreme(at.coefficients(), kind.vocabulary, c -> c),
                    extreme(at.coefficients(), kind.vocabulary, c -> -c)));
            if (points.size() % 10 == 0 || points.size() == lambdas()) {
                Point p = points.get(points.size() - 1);
                run.training()
                        .say(
                                "%s: lambda %d of %d, %,d coefficients, %.2f %% of the validation reviews, %.1f s",
                                kind.name, points.size(), lambdas(), p.nonzero(), 100 * p.validation(), seconds);
            }
        }
        return points;
    }

    /** The words with the greatest coefficients of a sign. */
    private static String extreme(double[] coefficients, Vocabulary words, DoubleUnaryOperator sign) {
        return IntStream.range(0, coefficients.length)
                .filter(j -> sign.applyAsDouble(coefficients[j]) > 0)
                .boxed()
                .sorted(Comparator.comparingDouble(j -> -sign.applyAsDouble(coefficients[j])))
                .limit(SHOWN)
                .map(words::token)
                .collect(Collectors.joining("; "));
    }
}
