package dev.fathom.assess;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Predictions;
import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The answers of a classifier to the examples of a data set: the logits z, the probabilities p = softmax(z), and the
 * class of the largest logit. Everything that is said about a classifier begins here:
 *
 * <pre>{@code
 * var answers = Classification.of(model, test);
 * answers.confusion().accuracy();                           // also mcc(), kappa(), recall(k) ...
 * answers.topAccuracy(5);
 * answers.logLoss();                                        // and brier()
 * answers.rocAuc();                                         // or ranking(k).averagePrecision() of one class
 * answers.calibration(15).expectedError();
 * answers.scaled(Classification.of(model, validation).temperature());
 * McNemar.of(answers.right(), others.right()).exact();
 * }</pre>
 *
 * <p>Eight bytes are kept for each logit.
 */
public final class Classification {
    /** By how much the probabilities of an example may miss 1, as sums of floats do. */
    private static final double TOLERANCE = 1e-4;

    private final int classes;
    /** [n, classes] */
    private final double[] logits;

    /** Of each example, the sum of exp(logit - largest). */
    private final double[] sums;

    private final int[] actual;
    private final int[] predicted;
    private final ConfusionMatrix confusion;

    private Classification(double[] logits, int classes, int[] actual) {
        int n = actual.length;
        if (n == 0 || classes < 1 || logits.length != (long) n * classes) {
            throw new IllegalArgumentException("classification: " + logits.length + " logits are not those of " + n
                    + " labels and " + classes
                    + " classes; give [n, classes] for labels [n], with at least one example and one class");
        }
        this.classes = classes;
        this.logits = logits;
        this.actual = actual;
        sums = new double[n];
        double[] row = new double[classes];
        predicted = new int[n];
        confusion = new ConfusionMatrix(classes);
        for (int i = 0; i < n; i++) {
            int best = 0;
            for (int k = 0; k < classes; k++) {
                double z = logit(i, k);
                if (!(z < Double.POSITIVE_INFINITY)) {
                    throw new IllegalArgumentException("classification: the logit of class " + k + " of example " + i
                            + " is " + z + "; it must be a number below infinity, so check the model");
                }
                best = z > logit(i, best) ? k : best;
            }
            for (int k = 0; k < classes; k++) {
                row[k] = Math.exp(logit(i, k) - logit(i, best));
            }
            // examples with the same logits in another order have the same probabilities, and tie
            Arrays.sort(row);
            sums[i] = Arrays.stream(row).sum();
            if (Double.isNaN(sums[i])) {
                throw new IllegalArgumentException("classification: all " + classes + " logits of example " + i
                        + " are -infinity, so it has no class; check the model");
            }
            predicted[i] = best;
            confusion.add(actual[i], best);
        }
    }

    // ---- making

    /**
     * Classifies every example in evaluation mode, as {@link Model#predict(Dataset)} does. A model with one logit for
     * each example is a binary classifier; its targets are 0 or 1, as labels or as floats. A model that learned by
     * {@code Loss.crossEntropyWithBaseline} gives no logit of the last class: append a column of zeros to what it
     * gives.
     *
     * @throws IllegalArgumentException unless the model gives [n, classes] for n examples and the targets are labels
     *     [n] below {@code classes}, or [n, 1] with targets 0 or 1 of at most two classes, or if a logit is NaN or
     *     infinite
     */
    public static Classification of(Model<? extends Layer> model, Dataset data) {
        IntStream.Builder labels = IntStream.builder();
        Predictions all = model.predict(data, (net, batch) -> {
            Tensor logits = net.apply(batch);
            Tensor y = batch.y();
            boolean one = logits.shape().rank() == 2 && logits.dim(1) == 1 && y.size() == batch.size();
            if (logits.shape().rank() != 2
                    || logits.dim(0) != batch.size()
                    || !one && (y.shape().rank() != 1 || y.dtype() != DType.I32)) {
                throw new IllegalArgumentException("classification: the model gives " + logits.shape()
                        + " and the targets are " + y.dtype() + " " + y.shape()
                        + "; it must give [n, classes] for I32 labels [n], or [n, 1] for targets 0 or 1,"
                        + " so reshape what it gives");
            }
            if (one && data.classes() > 2) {
                throw new IllegalArgumentException("classification: the model gives one logit, which tells two"
                        + " classes apart, and the examples have labels of " + data.classes()
                        + " classes; give a model with a logit for each");
            }
            Arrays.stream(one ? zerosAndOnes(y) : y.toIntArray()).forEach(labels);
            return logits;
        });
        int[] actual = labels.build().toArray();
        int width = all.shape().dim(0);
        return width == 1 ? ofBinary(all.values(), actual) : ofLogits(all.values(), width, actual);
    }

    private static int[] zerosAndOnes(Tensor y) {
        float[] values = y.to(DType.F32).toArray();
        int[] labels = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            labels[i] = (int) values[i];
            if (labels[i] != values[i] || labels[i] < 0 || labels[i] > 1) {
                throw new IllegalArgumentException("classification: the target " + values[i]
                        + " belongs to a model of one logit, which tells two classes apart; give targets 0 and 1");
            }
        }
        return labels;
    }

    private static void copy(float[] from, double[] to, int at) {
        for (int i = 0; i < from.length; i++) {
            to[at + i] = from[i];
        }
    }

    /**
     * Takes logits [n, classes], example after example, and the labels [n].
     *
     * @throws IllegalArgumentException if there are none, their counts do not fit, a logit is NaN or +infinity, or a
     *     label is not a class
     */
    public static Classification ofLogits(float[] logits, int classes, int[] labels) {
        double[] all = new double[logits.length];
        copy(logits, all, 0);
        return new Classification(all, classes, labels.clone());
    }

    /**
     * Takes probabilities [n, classes], example after example, such as the mean of those of several models, and the
     * labels [n].
     *
     * @throws IllegalArgumentException if there are none, their counts do not fit, a probability is NaN or outside [0,
     *     1], those of an example do not sum to 1 within 1e-4, or a label is not a class
     */
    public static Classification ofProbabilities(float[] probabilities, int classes, int[] labels) {
        double[] logs = new double[probabilities.length];
        for (int i = 0; i < logs.length; i++) {
            if (!(probabilities[i] >= 0 && probabilities[i] <= 1)) {
                throw new IllegalArgumentException(
                        "classification: the probability of class " + i % Math.max(1, classes)
                                + " of example " + i / Math.max(1, classes) + " is " + probabilities[i]
                                + "; it must be in [0, 1], so give logits to ofLogits");
            }
            logs[i] = Math.log(probabilities[i]);
        }
        Classification all = new Classification(logs, classes, labels.clone());
        for (int i = 0; i < labels.length; i++) {
            double sum = all.sums[i] * probabilities[i * classes + all.predicted[i]];
            if (!(Math.abs(sum - 1) <= TOLERANCE)) {
                throw new IllegalArgumentException("classification: the probabilities of example " + i + " sum to "
                        + sum + " but must sum to 1; give what softmax makes of logits");
            }
        }
        return all;
    }

    /**
     * Returns the mean of the probabilities that several classifiers give for the same examples.
     *
     * @throws IllegalArgumentException if there are none, or their examples or classes differ
     */
    public static Classification mean(List<Classification> members) {
        if (members.isEmpty()) {
            throw new IllegalArgumentException("classification: there are no answers to average; give at least one");
        }
        Classification first = members.get(0);
        int classes = first.classes;
        float[] mean = new float[first.size() * classes];
        for (Classification member : members) {
            if (member.classes != classes || !Arrays.equals(member.actual, first.actual)) {
                throw new IllegalArgumentException("classification: the members answer different examples; give"
                        + " answers to the same examples in the same order");
            }
            for (int i = 0; i < mean.length; i++) {
                mean[i] += (float) (member.probability(i / classes, i % classes) / members.size());
            }
        }
        return ofProbabilities(mean, classes, first.actual);
    }

    /**
     * Takes the logits [n] of a binary classifier, whose sigmoid is the probability of class 1, and the labels [n], 0
     * or 1.
     *
     * @throws IllegalArgumentException if there are none, their counts differ, a logit is NaN or +infinity, or a label
     *     is neither 0 nor 1
     */
    public static Classification ofBinary(float[] logits, int[] labels) {
        double[] both = new double[2 * logits.length];
        for (int i = 0; i < logits.length; i++) {
            both[2 * i + 1] = logits[i];
        }
        return new Classification(both, 2, labels.clone());
    }

    /**
     * Returns these answers with logits that are divided by a temperature. Above 1 it makes the probabilities more
     * even; it never changes the predicted class.
     *
     * @throws IllegalArgumentException if the temperature is not above 0 or not finite
     */
    public Classification scaled(double temperature) {
        if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "scaled: temperature=" + temperature + " must be finite and above 0; temperature() fits one");
        }
        return new Classification(
                Arrays.stream(logits).map(z -> z / temperature).toArray(), classes, actual);
    }

    // ---- one example

    /** Returns the number of examples. */
    public int size() {
        return actual.length;
    }

    /** Returns the number of classes. */
    public int classes() {
        return classes;
    }

    /** Returns the label of example {@code i}. */
    public int actual(int i) {
        return actual[i];
    }

    /**
     * Returns the class predicted for example {@code i}, which is that of the largest logit, and the first of them if
     * there are several.
     */
    public int predicted(int i) {
        return predicted[i];
    }

    /**
     * Returns the probability that the classifier gives to the class predicted for example {@code i}, its confidence.
     */
    public double probability(int i) {
        return probability(i, predicted[i]);
    }

    /** Returns the probability that the classifier gives to class {@code k} for example {@code i}. */
    public double probability(int i, int k) {
        return Math.exp(logit(i, k) - logit(i, predicted[i])) / sums[i];
    }

    private double logit(int i, int k) {
        return logits[i * classes + k];
    }

    /**
     * Returns the numbers of the wrongly classified examples, the most confident first, and at most {@code limit} of
     * them.
     */
    public int[] wrong(int limit) {
        return IntStream.range(0, actual.length)
                .filter(i -> actual[i] != predicted[i])
                .boxed()
                .sorted((a, b) -> Double.compare(probability(b), probability(a)))
                .limit(limit)
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** Returns whether each example is classified rightly, for {@code validation.McNemar}. */
    public boolean[] right() {
        boolean[] right = new boolean[actual.length];
        for (int i = 0; i < right.length; i++) {
            right[i] = actual[i] == predicted[i];
        }
        return right;
    }

    // ---- by classes

    /** Returns the counts of (actual, predicted). */
    public ConfusionMatrix confusion() {
        return confusion;
    }

    /**
     * Returns the share of examples whose label is among the {@code k} classes with the largest logits; of equal logits
     * the lower class comes first.
     *
     * @throws IllegalArgumentException unless {@code 1 <= k <= classes()}
     */
    public double topAccuracy(int k) {
        if (k < 1 || k > classes) {
            throw new IllegalArgumentException(
                    "topAccuracy: k=" + k + " of " + classes + " classes; choose 1 to " + classes);
        }
        int hits = 0;
        for (int i = 0; i < actual.length; i++) {
            int before = 0;
            double z = logit(i, actual[i]);
            for (int c = 0; c < classes; c++) {
                before += logit(i, c) > z || logit(i, c) == z && c < actual[i] ? 1 : 0;
            }
            hits += before < k ? 1 : 0;
        }
        return (double) hits / actual.length;
    }

    /**
     * Returns how well the probability of class {@code k} ranks its examples before all others (one against the rest).
     *
     * @throws IllegalArgumentException if there is no such class, or no example or every example belongs to it
     */
    public Ranking ranking(int k) {
        checkClass("ranking", k);
        long members = Arrays.stream(actual).filter(label -> label == k).count();
        if (members == 0 || members == actual.length) {
            throw new IllegalArgumentException("ranking: " + (members == 0 ? "none" : "all") + " of the "
                    + actual.length + " examples belong to class " + k
                    + ", so there is nothing to tell apart; give examples of this class and of others");
        }
        return Ranking.of(probabilities(k), of(k));
    }

    /**
     * Returns the area under the ROC curve: for two classes that of class 1, for more the mean of all classes, each
     * against the rest (macro average). scikit-learn calls it {@code roc_auc_score(.., multi_class="ovr")}.
     *
     * @throws IllegalArgumentException if there is one class only, or one without examples
     */
    public double rocAuc() {
        if (classes == 1) {
            throw new IllegalArgumentException("rocAuc: there is one class only, so there is nothing to tell apart; "
                    + "give the logits of two classes, or those of a binary classifier to ofBinary");
        }
        return classes == 2
                ? ranking(1).rocAuc()
                : IntStream.range(0, classes)
                        .mapToDouble(k -> ranking(k).rocAuc())
                        .average()
                        .orElseThrow();
    }

    private void checkClass(String op, int k) {
        if (k < 0 || k >= classes) {
            throw new IllegalArgumentException(
                    op + ": class " + k + " is outside [0, " + classes + "); there are " + classes + " classes");
        }
    }

    // ---- probabilities

    /** The probabilities of one class. */
    private double[] probabilities(int k) {
        return IntStream.range(0, actual.length)
                .mapToDouble(i -> probability(i, k))
                .toArray();
    }

    /** Which examples belong to a class. */
    private boolean[] of(int k) {
        boolean[] members = new boolean[actual.length];
        for (int i = 0; i < members.length; i++) {
            members[i] = actual[i] == k;
        }
        return members;
    }

    /**
     * Returns the log-loss, the mean of -log p[label], which is the cross-entropy; infinite if a label has the
     * probability 0.
     */
    public double logLoss() {
        return IntStream.range(0, actual.length)
                .mapToDouble(i -> Math.log(sums[i]) - (logit(i, actual[i]) - logit(i, predicted[i])))
                .average()
                .orElseThrow();
    }

    /**
     * Returns the Brier score over all classes, the mean of sum_k (p[k] - [label = k])^2, from 0 to 2 (Brier 1950). For
     * two classes it is twice that of one class.
     */
    public double brier() {
        return IntStream.range(0, classes).mapToDouble(this::brier).sum();
    }

    /**
     * Returns the Brier score of class {@code k} against the rest, the mean of (p[k] - [label = k])^2, from 0 to 1:
     * {@code brier(1)} is the usual form for a binary classifier.
     *
     * @throws IllegalArgumentException if there is no such class
     */
    public double brier(int k) {
        checkClass("brier", k);
        return IntStream.range(0, actual.length)
                .mapToDouble(i -> probability(i, k) - (actual[i] == k ? 1 : 0))
                .map(d -> d * d)
                .average()
                .orElseThrow();
    }

    /** Returns the mean confidence, the probability of the predicted class. */
    public double confidence() {
        return IntStream.range(0, actual.length)
                .mapToDouble(this::probability)
                .average()
                .orElseThrow();
    }

    /**
     * Returns whether the confidence (the probability of the predicted class) is the share of right answers, in bins of
     * equal width. Its {@link Calibration#expectedError} is the ECE of Guo et al. 2017, who take 15 bins.
     *
     * @throws IllegalArgumentException if bins &lt; 1
     */
    public Calibration calibration(int bins) {
        return Calibration.equalWidth(
                IntStream.range(0, actual.length).mapToDouble(this::probability).toArray(), right(), bins);
    }

    /**
     * Returns whether the probability of class {@code k} is the share of the examples that belong to it, in bins of
     * equal width. For bins of equal counts, give {@link #probability(int, int)} to {@link Calibration#equalCount}.
     *
     * @throws IllegalArgumentException if there is no such class, or bins &lt; 1
     */
    public Calibration calibration(int k, int bins) {
        checkClass("calibration", k);
        return Calibration.equalWidth(probabilities(k), of(k), bins);
    }

    /**
     * Fits the temperature T &gt; 0 that minimizes the {@link #logLoss} of the logits divided by T (temperature
     * scaling; Guo et al. 2017). Fit it on validation examples, which the model was not trained on, and use it for
     * others: {@code test.scaled(validation.temperature())}, or {@code logits.mul(1 / T)} in a net.
     *
     * @throws IllegalArgumentException if a logit is -infinity, or there is no such T: a smaller T is always better if
     *     the label of every example has the largest logit, and a larger one if the logits say no more about the labels
     *     than chance
     */
    public double temperature() {
        double atZero = slope(0)[0];
        if (!Double.isFinite(atZero)) {
            throw new IllegalArgumentException(
                    "temperature: a logit is -infinity, whose probability is 0 at any temperature; give finite logits");
        }
        if (atZero >= 0) {
            throw new IllegalArgumentException(
                    "temperature: the logits of the labels are on average no larger than those of all classes, so the"
                            + " loss falls as long as T grows; check that the labels belong to these examples");
        }
        if (IntStream.range(0, actual.length).allMatch(i -> logit(i, actual[i]) == logit(i, predicted[i]))) {
            throw new IllegalArgumentException("temperature: all " + actual.length
                    + " examples have the largest logit at their label, so the loss falls as long as T does;"
                    + " give more validation examples");
        }
        double low = 0; // of 1 / T, in which the loss is convex
        double high = 1;
        while (slope(high)[0] < 0) {
            high *= 2;
        }
        double inverse = 1;
        // Newton's steps, and halves of the interval where they would leave it
        for (int i = 0; i < 200 && high - low > 1e-15 * high; i++) {
            double[] s = slope(inverse);
            if (s[0] < 0) {
                low = inverse;
            } else {
                high = inverse;
            }
            double next = inverse - s[0] / s[1];
            next = next > low && next < high ? next : (low + high) / 2;
            if (Math.abs(next - inverse) <= 1e-15 * inverse) {
                break;
            }
            inverse = next;
        }
        return 1 / inverse;
    }

    /**
     * The first two derivatives of the loss by b, of probabilities softmax(b z): mean of E[z] - z[label], and mean of
     * Var[z].
     */
    private double[] slope(double b) {
        double first = 0;
        double second = 0;
        for (int i = 0; i < actual.length; i++) {
            double largest = logit(i, predicted[i]);
            double sum = 0;
            double mean = 0;
            double square = 0;
            for (int k = 0; k < classes; k++) {
                double z = logit(i, k) - largest;
                double e = Math.exp(b * z);
                sum += e;
                mean += e * z;
                square += e * z * z;
            }
            mean /= sum;
            first += mean - (logit(i, actual[i]) - largest);
            second += square / sum - mean * mean;
        }
        return new double[] {first / actual.length, second / actual.length};
    }
}
