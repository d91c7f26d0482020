package dev.fathom.ensemble;

import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Workers;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Two-level stacking (Wolpert 1992): a learner on top learns how to combine the predictions of several others. It must
 * not see predictions of examples that a member learned of, so the examples are cut into folds, and those of each fold
 * are predicted by members that learned of the other folds. Then every member learns of all examples. Members and folds
 * are trained side by side, each on one thread.
 *
 * <p>The folds are random and keep the shares of the classes. Examples that belong together, such as neighbors in time,
 * must not be stacked in this way.
 *
 * @param base the learners of the members
 * @param top learns of their predictions, side by side in one row
 * @param folds how many
 * @param passThrough whether the top also sees the features, which it does not by default
 * @param workers how many trainings run at once
 */
public record Stacking(List<Learner> base, Learner top, int folds, boolean passThrough, Workers workers)
        implements Learner {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if there are no members, or fewer than two folds
     */
    public Stacking {
        base = List.copyOf(base);
        if (base.isEmpty() || folds < 2) {
            throw new IllegalArgumentException("stacking: " + base.size() + " members and " + folds
                    + " folds; give at least one member and two folds");
        }
    }

    /** Makes a stack of five folds whose top sees predictions only. */
    public Stacking(Learner top, Learner... base) {
        this(List.of(base), top, 5, false, Workers.all());
    }

    /** Returns this stack with another number of folds. */
    public Stacking folds(int count) {
        return new Stacking(base, top, count, passThrough, workers);
    }

    /** Returns this stack with a top that sees the features beside the predictions. */
    public Stacking passingThrough() {
        return new Stacking(base, top, folds, true, workers);
    }

    /** Returns this stack with trainings by so many workers. */
    public Stacking workers(int count) {
        return new Stacking(base, top, folds, passThrough, new Workers(count));
    }

    /**
     * Two levels.
     *
     * @param members that learned of all examples
     * @param top that learned of predictions
     * @param passThrough whether the top sees the features too
     * @param timing of the members, those of the folds among them
     */
    public record Stack(List<Predictor> members, Predictor top, boolean passThrough, Timing timing)
            implements Predictor {
        @Override
        public Prediction kind() {
            return top.kind();
        }

        @Override
        public float[][] predict(float[][] x) {
            return top.predict(
                    upper(x, members.stream().map(m -> m.predict(x)).toArray(float[][][]::new), passThrough));
        }

        /** Closes the members and the top. */
        @Override
        public void close() {
            members.forEach(Predictor::close);
            top.close();
        }
    }

    /**
     * Trains members and top.
     *
     * @throws IllegalArgumentException if there are fewer examples than folds, or a member or the top does not learn
     *     the task of the examples
     */
    @Override
    public Stack fit(Examples data, long seed) {
        int n = data.size();
        if (n < folds) {
            throw new IllegalArgumentException(
                    "stacking: " + n + " examples for " + folds + " folds; give at least one for each fold");
        }
        Rng rng = new Rng(seed);
        int[] fold = folds(data, rng.split("folds"));
        int[][] parts =
                IntStream.range(0, folds).mapToObj(f -> rows(fold, f, true)).toArray(int[][]::new);
        float[][][] made = new float[base.size()][n][];
        // fold number `folds` stands for all examples
        Fitting fitted = Fitting.of(workers, base.size() * (folds + 1), job -> {
            int b = job / (folds + 1);
            int f = job % (folds + 1);
            Examples some = f == folds ? data : data.subset(rows(fold, f, false));
            Predictor member = Fitting.member(
                    "stacking",
                    base.get(b),
                    data,
                    some,
                    rng.split("member").split(job).seed());
            if (f < folds) {
                float[][] x = Arrays.stream(parts[f]).mapToObj(i -> data.x()[i]).toArray(float[][]::new);
                float[][] predictions = member.predict(x);
                for (int i = 0; i < x.length; i++) {
                    made[b][parts[f][i]] = predictions[i];
                }
                member.close();
            }
            return member;
        });
        List<Predictor> members = IntStream.range(0, base.size())
                .mapToObj(b -> fitted.members().get(b * (folds + 1) + folds))
                .toList();
        try {
            Predictor above = Fitting.answering(
                    "stacking",
                    data,
                    top.fit(
                            data.withX(upper(data.x(), made, passThrough)),
                            rng.split("top").seed()));
            return new Stack(members, above, passThrough, fitted.timing());
        } catch (RuntimeException | Error e) {
            members.forEach(Predictor::close);
            throw e;
        }
    }

    /** The features of the top: the predictions [members][n][outputs] side by side, and those of the examples. */
    private static float[][] upper(float[][] x, float[][][] made, boolean passThrough) {
        float[][] upper = new float[x.length][];
        for (int i = 0; i < x.length; i++) {
            int outputs = made[0][i].length;
            int width = made.length * outputs;
            upper[i] = new float[width + (passThrough ? x[i].length : 0)];
            for (int m = 0; m < made.length; m++) {
                Fitting.alike("stacking", m, made[m][i].length, outputs);
                System.arraycopy(made[m][i], 0, upper[i], m * outputs, outputs);
            }
            if (passThrough) {
                System.arraycopy(x[i], 0, upper[i], width, x[i].length);
            }
        }
        return upper;
    }

    private int[] folds(Examples data, Rng rng) {
        int[] order = rng.permutation(data.size());
        int[] labels = data.areClasses() ? data.labels() : new int[data.size()];
        int[] dealt = IntStream.range(0, order.length)
                .boxed()
                .sorted(Comparator.comparingInt(i -> labels[order[i]])) // stable, so random within a class
                .mapToInt(i -> order[i])
                .toArray();
        int[] fold = new int[order.length];
        for (int i = 0; i < dealt.length; i++) {
            fold[dealt[i]] = i % folds;
        }
        return fold;
    }

    private static int[] rows(int[] fold, int f, boolean inside) {
        return IntStream.range(0, fold.length)
                .filter(i -> (fold[i] == f) == inside)
                .toArray();
    }
}
