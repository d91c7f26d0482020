package dev.fathom.validation;

import dev.fathom.data.Dataset;
import dev.fathom.op.Checks;
import dev.fathom.table.Encoder;
import dev.fathom.table.Encoding;
import dev.fathom.table.Table;
import dev.fathom.tensor.Rng;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Ways to divide n rows into those to learn from and those to test on, several times over (cross-validation; Stone
 * 1974, Geisser 1975):
 *
 * <ul>
 *   <li>K folds: {@link #of(int, int, long)}; with the shares of the classes, {@link #stratified(int[], int, long)};
 *       with all rows of a patient, a speaker or another group in one fold, {@link #grouped}; several times,
 *       {@link #repeated}. Each row is tested on once.
 *   <li>{@link #leaveOneOut} and {@link #leavePOut}: each set of p rows is tested on once.
 *   <li>For rows in the order of time, {@link #expanding} and {@link #rolling}: what is tested on comes after what was
 *       learned from.
 *   <li>{@link #bootstrap}: samples with replacement, tested on the rows that they left out.
 * </ul>
 *
 * <p>A list makes its folds when they are asked for, so that leave-one-out of many rows takes little memory. Row
 * numbers ascend within each part, except for those of a bootstrap sample. What is random depends on the seed alone.
 * Without one, the first rows are tested on first, as scikit-learn does it without {@code shuffle}; then the order of
 * the rows must not matter.
 */
public final class Folds {
    private Folds() {}

    // ---- k folds

    /**
     * Returns k folds of n rows in their order: fold i tests on the i-th piece and learns from the others. The first n
     * mod k pieces have a row more.
     *
     * @throws IllegalArgumentException unless {@code 2 <= k <= n}
     */
    public static List<Fold> of(int n, int k) {
        check("folds", n, k);
        return pieces(IntStream.range(0, n).toArray(), k);
    }

    /**
     * Returns k folds of n shuffled rows. The first n mod k folds test on a row more than the others.
     *
     * @throws IllegalArgumentException unless {@code 2 <= k <= n}
     */
    public static List<Fold> of(int n, int k, long seed) {
        check("folds", n, k);
        return pieces(random(seed).permutation(n), k);
    }

    private static List<Fold> pieces(int[] order, int k) {
        int n = order.length;
        int[] fold = new int[n];
        for (int f = 0, at = 0; f < k; f++) {
            for (int end = at + n / k + (f < n % k ? 1 : 0); at < end; at++) {
                fold[order[at]] = f;
            }
        }
        return assigned(fold, k);
    }

    /**
     * Returns k folds in each of which every class has its share: of a class with m rows, a fold tests on m / k,
     * rounded down or up. The first rows of each class are tested on first.
     *
     * @param labels the class of each row
     * @throws IllegalArgumentException unless {@code 2 <= k <= labels.length}, or if a class has fewer rows than folds
     */
    public static List<Fold> stratified(int[] labels, int k) {
        return stratified(labels, k, IntStream.range(0, labels.length).toArray());
    }

    /**
     * Returns k folds in each of which every class has its share, with shuffled rows: of a class with m rows, a fold
     * tests on m / k, rounded down or up.
     *
     * @param labels the class of each row; {@link Dataset#labels} gives those of a dataset
     * @throws IllegalArgumentException unless {@code 2 <= k <= labels.length}, or if a class has fewer rows than folds
     */
    public static List<Fold> stratified(int[] labels, int k, long seed) {
        return stratified(labels, k, random(seed).permutation(labels.length));
    }

    /** Deals the rows out class by class, so that folds differ by one row at most, in a class and in all. */
    private static List<Fold> stratified(int[] labels, int k, int[] order) {
        check("stratified", labels.length, k);
        int[] fold = new int[labels.length];
        int first = 0;
        for (int label : distinct(labels)) {
            int[] members = Arrays.stream(order).filter(i -> labels[i] == label).toArray();
            if (members.length < k) {
                throw new IllegalArgumentException(
                        "stratified: class " + label + " has " + rows(members.length) + " for " + k
                                + " folds, so a fold would test on none of them; use fewer folds, or leave the "
                                + "class out");
            }
            for (int f = 0, at = 0; f < k; f++) {
                for (int end = at + share(first, members.length, f, k); at < end; at++) {
                    fold[members[at]] = f;
                }
            }
            first += members.length;
        }
        return assigned(fold, k);
    }

    /** How many of the numbers {@code first} to {@code first + size - 1} are f modulo k. */
    private static int share(int first, int size, int f, int k) {
        int until = first + size;
        return (until - f + k - 1) / k - (first - f + k - 1) / k;
    }

    /**
     * Returns k folds in which all rows of a group are in one fold, so that a model is tested on patients, speakers or
     * texts that it has never seen. The groups are dealt out from the largest to the smallest, each to the fold that
     * has the fewest rows so far (the first of them if there are several), so that the folds are about equally large.
     *
     * @param groups the number of the group of each row, which may be any number
     * @throws IllegalArgumentException unless {@code 2 <= k <= groups.length}, or if there are fewer groups than folds
     */
    public static List<Fold> grouped(int[] groups, int k) {
        check("grouped", groups.length, k);
        int[] distinct = distinct(groups);
        if (distinct.length < k) {
            throw new IllegalArgumentException("grouped: there are " + distinct.length + " groups for " + k
                    + " folds, but a fold tests on one group at least; use fewer folds");
        }
        int[] group =
                Arrays.stream(groups).map(g -> Arrays.binarySearch(distinct, g)).toArray();
        int[] sizes = new int[distinct.length];
        for (int g : group) {
            sizes[g]++;
        }
        int[] rows = new int[k];
        int[] foldOf = new int[distinct.length];
        IntStream.range(0, distinct.length)
                .boxed()
                .sorted((a, b) -> Integer.compare(sizes[b], sizes[a]))
                .forEachOrdered(g -> {
                    int lightest = 0;
                    for (int f = 1; f < k; f++) {
                        lightest = rows[f] < rows[lightest] ? f : lightest;
                    }
                    foldOf[g] = lightest;
                    rows[lightest] += sizes[g];
                });
        return assigned(Arrays.stream(group).map(g -> foldOf[g]).toArray(), k);
    }

    /**
     * Returns the folds of several divisions, one after another, with the seeds {@code seed}, {@code seed + 1} and so
     * on:
     *
     * <pre>{@code
     * List<Fold> folds = Folds.repeated(10, 1, s -> Folds.stratified(labels, 5, s));        // 50 folds
     * }</pre>
     *
     * @throws IllegalArgumentException if {@code times < 1}
     */
    public static List<Fold> repeated(int times, long seed, LongFunction<List<Fold>> folds) {
        Checks.atLeast("repeated", "times", times, 1);
        return LongStream.range(0, times)
                .mapToObj(i -> folds.apply(seed + i))
                .flatMap(List::stream)
                .toList();
    }

    // ---- every set of p rows

    /**
     * Returns n folds, each of which tests on one row and learns from all others.
     *
     * @throws IllegalArgumentException if {@code n < 2}
     */
    public static List<Fold> leaveOneOut(int n) {
        return leavePOut(n, 1);
    }

    /**
     * Returns a fold for every set of p rows, which tests on them and learns from all others: n! / (p! (n - p)!) folds
     * in lexicographic order.
     *
     * @throws IllegalArgumentException unless {@code 1 <= p < n}, or if there are 2<sup>31</sup> folds or more
     */
    public static List<Fold> leavePOut(int n, int p) {
        if (p < 1 || p >= n) {
            throw new IllegalArgumentException("leavePOut: cannot leave " + p + " of " + n + " rows out; "
                    + (n < 2 ? "give at least 2 rows" : "choose 1 to " + (n - 1)));
        }
        long folds = choose(n, p);
        if (folds > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("leavePOut: there are more than " + Integer.MAX_VALUE + " sets of " + p
                    + " of " + n + " rows; leave fewer out, or use repeated folds");
        }
        return list((int) folds, i -> heldOut(n, subset(n, p, i)));
    }

    /** n choose p, or more than 2^31 where it is more. */
    private static long choose(int n, int p) {
        long ways = 1;
        for (int i = 1; i <= Math.min(p, n - p); i++) {
            ways = ways * (n - Math.min(p, n - p) + i) / i; // a product of i consecutive numbers is a multiple of i!
            if (ways > Integer.MAX_VALUE) {
                return ways;
            }
        }
        return ways;
    }

    /** The set of p of n numbers that has this place in lexicographic order. */
    private static int[] subset(int n, int p, int place) {
        int[] chosen = new int[p];
        long left = place;
        int next = 0;
        for (int i = 0; i < p; i++) {
            for (long with = choose(n - next - 1, p - i - 1); left >= with; with = choose(n - next - 1, p - i - 1)) {
                left -= with;
                next++;
            }
            chosen[i] = next++;
        }
        return chosen;
    }

    // ---- rows in the order of time

    /**
     * Returns k folds of n rows in the order of time. The last k pieces of n / (k + 1) rows, rounded down, are tested
     * on one after another, and each fold learns from all rows before its piece, so that it learns from more each time.
     *
     * @param gap rows before each piece that are not learned from, because what they forecast would reach into it; 0
     *     for none
     * @throws IllegalArgumentException if {@code k < 1}, {@code gap < 0}, or no row is left to learn from in the first
     *     fold
     */
    public static List<Fold> expanding(int n, int k, int gap) {
        return ordered("expanding", n, k, n, gap);
    }

    /**
     * Returns k folds of n rows in the order of time. The last k pieces of n / (k + 1) rows, rounded down, are tested
     * on one after another, and each fold learns from the {@code window} rows before its piece, or from all of them
     * where there are fewer, so that what is long past is forgotten.
     *
     * @param gap rows before each piece that are not learned from, because what they forecast would reach into it; 0
     *     for none
     * @throws IllegalArgumentException if {@code k < 1}, {@code window < 1}, {@code gap < 0}, or no row is left to
     *     learn from in the first fold
     */
    public static List<Fold> rolling(int n, int k, int window, int gap) {
        if (window < 1) {
            throw new IllegalArgumentException("rolling: window=" + window + "; learn from at least one row");
        }
        return ordered("rolling", n, k, window, gap);
    }

    private static List<Fold> ordered(String op, int n, int k, int window, int gap) {
        if (k < 1 || gap < 0) {
            throw new IllegalArgumentException(op + ": k=" + k + " gap=" + gap
                    + "; make at least one fold, and leave no fewer than 0 rows before it");
        }
        int size = (int) (n / (k + 1L));
        if (size < 1 || n - (long) k * size - gap < 1) {
            throw new IllegalArgumentException(op + ": " + n + " rows are too few for " + k
                    + (k == 1 ? " fold" : " folds") + " with a gap of " + gap
                    + " and a row to learn from before the first; use fewer folds, or a smaller gap");
        }
        return list(k, i -> {
            int test = n - (k - i) * size;
            int end = test - gap;
            return new Fold(
                    IntStream.range(Math.max(0, end - window), end).toArray(),
                    IntStream.range(test, test + size).toArray());
        });
    }

    // ---- samples

    /**
     * Returns bootstrap samples (Efron 1979): each fold learns from n rows that are drawn with replacement, and tests
     * on the rows that were not drawn, which are 37 % of many (out of bag). A sample in which every row was drawn is
     * drawn again.
     *
     * @throws IllegalArgumentException if {@code n < 2} or {@code times < 1}
     */
    public static List<Fold> bootstrap(int n, int times, long seed) {
        if (n < 2 || times < 1) {
            throw new IllegalArgumentException(
                    "bootstrap: n=" + n + " times=" + times + "; give at least 2 rows, and draw at least one sample");
        }
        return list(times, i -> sample(n, random(seed).split(i)));
    }

    private static Fold sample(int n, Rng rng) {
        while (true) {
            int[] drawn = rng.ints(n, n);
            boolean[] seen = new boolean[n];
            for (int row : drawn) {
                seen[row] = true;
            }
            int[] left = IntStream.range(0, n).filter(i -> !seen[i]).toArray();
            if (left.length > 0) {
                return new Fold(drawn, left);
            }
        }
    }

    // ---- over the folds

    /**
     * Runs an evaluation on each fold of a dataset and returns the scores, in the order of the folds.
     *
     * <pre>{@code
     * Scores scores = Folds.crossValidate(data, Folds.stratified(data.labels(), 5, 1), evaluation);
     * }</pre>
     *
     * @throws IllegalArgumentException if there are no folds, the dataset lacks a row, or a score is NaN
     */
    public static Scores crossValidate(Dataset data, List<Fold> folds, Evaluation evaluation) {
        return scores(folds, fold -> fold.of(data), evaluation);
    }

    /**
     * Runs an evaluation on each fold of a table and returns the scores, in the order of the folds. The encoder is
     * fitted anew to the rows that each fold learns from, so that means, extremes and categories know nothing of the
     * rows that it tests on:
     *
     * <pre>{@code
     * Encoder encoder = new Encoder().standardize("age").oneHot("city").label("kind");
     * Scores scores = Folds.crossValidate(table, encoder, Folds.of(table.size(), 5, 1), evaluation);
     * }</pre>
     *
     * <p>A category that only the rows to test on have is an error, as it would be for a model in service, unless
     * {@link Encoder#unknownAsZeros} lets it be zeros.
     *
     * @throws IllegalArgumentException if there are no folds, the table lacks a row, the encoder cannot be fitted to
     *     the rows to learn from or cannot encode those to test on, or a score is NaN
     */
    public static Scores crossValidate(Table table, Encoder encoder, List<Fold> folds, Evaluation evaluation) {
        return scores(
                folds,
                fold -> {
                    Table.Split rows = fold.of(table);
                    Encoding encoding = encoder.fit(rows.rest());
                    Dataset train = encoding.dataset(rows.rest());
                    try {
                        return new Dataset.Split(train, encoding.dataset(rows.heldOut()));
                    } catch (Throwable e) {
                        train.close();
                        throw e;
                    }
                },
                evaluation);
    }

    private static Scores scores(List<Fold> folds, Function<Fold, Dataset.Split> divided, Evaluation evaluation) {
        double[] scores = new double[folds.size()];
        for (int i = 0; i < scores.length; i++) {
            Dataset.Split parts = divided.apply(folds.get(i));
            try (Dataset train = parts.rest();
                    Dataset test = parts.heldOut()) {
                scores[i] = evaluation.score(train, test);
            }
            if (Double.isNaN(scores[i])) {
                throw new IllegalArgumentException("crossValidate: the score of fold " + i + " of " + scores.length
                        + " is NaN; let the evaluation return a number for each fold");
            }
        }
        return new Scores(scores);
    }

    // ---- parts of the work

    /**
     * From a stream of its own: data drawn from {@code new Rng(seed)} must not be divided by the numbers it was made
     * of.
     */
    private static Rng random(long seed) {
        return new Rng(seed).split("folds");
    }

    private static void check(String op, int n, int k) {
        if (k < 2 || k > n) {
            throw new IllegalArgumentException(op + ": cannot make " + k + " folds of " + rows(n) + "; "
                    + (n < 2 ? "give at least 2 rows" : "choose 2 to " + n));
        }
    }

    /** The numbers that occur, ascending. */
    private static int[] distinct(int[] numbers) {
        return Arrays.stream(numbers).sorted().distinct().toArray();
    }

    private static String rows(int n) {
        return n + (n == 1 ? " row" : " rows");
    }

    /** Folds of rows that know the fold in which they are tested on. */
    private static List<Fold> assigned(int[] fold, int k) {
        return list(
                k,
                f -> heldOut(
                        fold.length,
                        IntStream.range(0, fold.length)
                                .filter(i -> fold[i] == f)
                                .toArray()));
    }

    /** The fold that tests on these ascending rows and learns from all others. */
    private static Fold heldOut(int n, int[] test) {
        int[] train = new int[n - test.length];
        for (int row = 0, kept = 0, out = 0; row < n; row++) {
            if (out < test.length && test[out] == row) {
                out++;
            } else {
                train[kept++] = row;
            }
        }
        return new Fold(train, test);
    }

    private static List<Fold> list(int size, IntFunction<Fold> fold) {
        return new AbstractList<>() {
            @Override
            public Fold get(int index) {
                return fold.apply(Objects.checkIndex(index, size));
            }

            @Override
            public int size() {
                return size;
            }
        };
    }
}
