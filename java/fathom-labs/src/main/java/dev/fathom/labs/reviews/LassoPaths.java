package dev.fathom.labs.reviews;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Reviews;
import dev.fathom.experiments.data.Reviews.Part;
import dev.fathom.features.SparseRows;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.linear.LogisticPath;
import dev.fathom.text.BagOfWords;
import dev.fathom.text.Ngrams;
import dev.fathom.text.Reserved;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ForkJoinPool;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Lasso paths of bags of words that weigh words in five ways. */
record LassoPaths(Lab lab, Reviews reviews) {
    /** The largest accepted violation of the conditions of the optimum, as a part of lambda. */
    private static final double TOLERANCE = 0.1;

    private static final int BIGRAMS = 20_000;
    private static final int SHOWN = 8;

    /**
     * A way to weigh words.
     *
     * @param rows makes the rows of some reviews
     */
    record Kind(String name, Vocabulary vocabulary, Function<Part, SparseRows> rows) {}

    /**
     * A point of a path.
     *
     * @param violation the largest violation of the conditions of the optimum, as a part of lambda
     * @param positive the words with the largest positive coefficients
     * @param negative the words with the largest negative coefficients
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
            String negative) {}

    /**
     * A whole path.
     *
     * @param columns the number of columns of the rows
     * @param nonzero the share of nonzero entries of the training rows
     */
    record LassoPath(String name, int columns, double nonzero, List<Point> points) {
        /** The point with the highest validation accuracy; among equals the one with the largest lambda. */
        Point chosen() {
            return Collections.max(points, Comparator.comparingDouble(Point::validation));
        }

        /** The highest test accuracy of the path. */
        double peak() {
            return points.stream().mapToDouble(Point::test).max().orElseThrow();
        }

        double seconds() {
            return points.stream().mapToDouble(Point::seconds).sum();
        }

        /** The curve of an accuracy over -ln lambda. */
        double[][] curve(ToDoubleFunction<Point> accuracy) {
            return new double[][] {
                points.stream().mapToDouble(p -> -Math.log(p.lambda())).toArray(),
                points.stream().mapToDouble(accuracy).toArray()
            };
        }
    }

    /** The five paths, computed side by side with one thread for each. */
    List<LassoPath> paths() {
        lab.say("%nThe lasso: %d lambdas for each of five ways to weigh words", lambdas());
        ForkJoinPool pool = new ForkJoinPool(NativeRuntime.get().threads());
        try {
            List<CompletableFuture<LassoPath>> all = kinds().stream()
                    .map(kind -> CompletableFuture.supplyAsync(() -> path(kind), pool))
                    .toList();
            return all.stream().map(CompletableFuture::join).toList();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        } finally {
            pool.shutdownNow();
        }
    }

    int lambdas() {
        return lab.of(50, 6);
    }

    /** The last lambda as a part of the first; smaller ones fit the training reviews further and take minutes each. */
    double least() {
        return lab.of(3e-4, 5e-2);
    }

    List<Kind> kinds() {
        Vocabulary words = reviews.vocabulary();
        int size = words.size();
        int[][] train = reviews.train().codes();
        Ngrams pairs = new Ngrams(Words.keras(), 1, 2);
        // all runs that are not among the most frequent become the unknown token
        Vocabulary grams = Vocabulary.of(() ->
                        reviews.train().texts().stream().map(pairs::tokens).iterator())
                .limit(lab.of(BIGRAMS, 3000))
                .reserved(new Reserved(List.of("<UNK>"), -1, 0, -1, -1));
        return List.of(
                new Kind("words and bigrams", grams, part -> {
                    BagOfWords bag = BagOfWords.binary(grams.size());
                    return rows(bag, part.texts().stream().map(text -> grams.ids(pairs.tokens(text))));
                }),
                kind("binary", words, BagOfWords.binary(size)),
                kind("counts", words, BagOfWords.counts(size)),
                kind("proportions", words, BagOfWords.proportions(size)),
                kind("TF-IDF", words, BagOfWords.tfIdf(size, train)));
    }

    private static Kind kind(String name, Vocabulary words, BagOfWords bag) {
        return new Kind(name, words, part -> rows(bag, Arrays.stream(part.codes())));
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

    /** What decides a path. */
    record Settings(String kind, int reviews, int lambdas, double least) {}

    private LassoPath path(Kind kind) {
        Settings settings = new Settings(kind.name, reviews.fingerprint(), lambdas(), least());
        return lab.part(settings, LassoPath.class, () -> {
            SparseRows x = kind.rows.apply(reviews.train());
            double nonzero = (double) x.values().length / x.rows() / x.columns();
            return new LassoPath(kind.name, x.columns(), nonzero, points(kind, x));
        });
    }

    private List<Point> points(Kind kind, SparseRows x) {
        SparseRows validation = kind.rows.apply(reviews.validation());
        SparseRows test = kind.rows.apply(reviews.test());
        LogisticPath lasso = new LogisticPath(x, reviews.train().labels(), TOLERANCE);
        List<Point> points = new ArrayList<>();
        for (double lambda : LogisticPath.lambdas(lasso.largest(), lambdas(), least())) {
            long start = System.nanoTime();
            LogisticPath.Point at = lasso.at(lambda, lab::stopped);
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
                lab.say(
                        "%s: lambda %d of %d, %,d coefficients, validation accuracy %.2f %%, %.1f s",
                        kind.name, points.size(), lambdas(), p.nonzero(), 100 * p.validation(), seconds);
            }
        }
        return points;
    }

    /** The words with the largest coefficients after {@code sign} is applied to them. */
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
