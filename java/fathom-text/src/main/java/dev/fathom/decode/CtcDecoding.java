package dev.fathom.decode;

import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the labels that a net trained with {@code Loss.ctc()} says, from its logits [n, steps, classes].
 *
 * @param blank the class between labels
 */
public record CtcDecoding(int blank) {
    /** The blank is class 0, as in {@code Loss.ctc()}. */
    public CtcDecoding() {
        this(0);
    }

    /**
     * Returns the labels of the most probable alignment of each example: the most probable class of every step, of
     * which repeats and then blanks are taken out (Graves et al. 2006, "best path"). Other labels may be more probable,
     * as the probabilities of all their alignments add up; {@link #beam} looks for those. The log-probability is that
     * of the alignment.
     *
     * @param lengths how many steps of each example count, I32 [n], or null for all
     * @throws IllegalArgumentException if shapes disagree, the blank is no class, a length is outside [0, steps], or a
     *     logit is NaN or +Infinity, or all logits of a row are -Infinity
     */
    public List<Hypothesis> greedy(Tensor logits, @Nullable Tensor lengths) {
        int[] steps = steps(logits, lengths);
        int classes = logits.dim(2);
        float[] p = logits.logSoftmax(2).toArray();
        List<Hypothesis> all = new ArrayList<>();
        for (int i = 0; i < steps.length; i++) {
            List<Integer> labels = new ArrayList<>();
            double sum = 0;
            int last = blank;
            for (int t = 0; t < steps[i]; t++) {
                int at = (i * logits.dim(1) + t) * classes;
                check(p, at, classes, i, t);
                int best = 0;
                for (int c = 1; c < classes; c++) {
                    best = p[at + c] > p[at + best] ? c : best;
                }
                sum += p[at + best];
                if (best != blank && best != last) {
                    labels.add(best);
                }
                last = best;
            }
            all.add(new Hypothesis(labels, sum, sum, true));
        }
        return List.copyOf(all);
    }

    /**
     * A prefix, a node of the tree of all of them, with the log-probabilities of its alignments by whether they end
     * with a blank or with its last label: up to a step, and with the step that is being added.
     */
    private static final class Prefix {
        final @Nullable Prefix parent;
        final int last;
        private final int classes;
        private @Nullable Prefix @Nullable [] longer; // few prefixes ever have any
        double withBlank = Double.NEGATIVE_INFINITY;
        double withLabel = Double.NEGATIVE_INFINITY;
        double all = Double.NEGATIVE_INFINITY;
        double nextBlank = Double.NEGATIVE_INFINITY;
        double nextLabel = Double.NEGATIVE_INFINITY;
        boolean found;

        Prefix(@Nullable Prefix parent, int last, int classes) {
            this.parent = parent;
            this.last = last;
            this.classes = classes;
        }

        Prefix longer(int label) {
            if (longer == null) {
                longer = new Prefix[classes];
            }
            Prefix more = longer[label];
            if (more == null) {
                more = new Prefix(this, label, classes);
                longer[label] = more;
            }
            return more;
        }

        /** Adds alignments to those of the step, and this prefix to what the step has found. */
        void add(double blank, double label, List<Prefix> all) {
            nextBlank = logSum(nextBlank, blank);
            nextLabel = logSum(nextLabel, label);
            if (!found) {
                found = true;
                all.add(this);
            }
        }

        void stepped() {
            withBlank = nextBlank;
            withLabel = nextLabel;
            all = logSum(withBlank, withLabel);
            nextBlank = Double.NEGATIVE_INFINITY;
            nextLabel = Double.NEGATIVE_INFINITY;
            found = false;
        }

        Hypothesis hypothesis() {
            List<Integer> labels = new ArrayList<>();
            for (Prefix p = this; p.parent != null; p = p.parent) {
                labels.add(p.last);
            }
            Collections.reverse(labels);
            return new Hypothesis(labels, all, all, true);
        }
    }

    /**
     * Returns the most probable labels of each example, the best first: prefix beam search (Hannun et al. 2014), which
     * adds up the alignments of the same labels and keeps the {@code width} most probable prefixes at each step. The
     * log-probability is that of the labels, as far as their prefixes stayed in the beam; with a beam wide enough it is
     * minus the loss. Of equals the one that was found first stays first, which is deterministic.
     *
     * @param lengths how many steps of each example count, I32 [n], or null for all
     * @param width the number of prefixes, 1 or more
     * @throws IllegalArgumentException as {@link #greedy}, and if the width is below 1
     */
    public List<List<Hypothesis>> beam(Tensor logits, @Nullable Tensor lengths, int width) {
        if (width < 1) {
            throw new IllegalArgumentException(
                    "ctc: width=" + width + " is how many prefixes are kept; give 1 or more");
        }
        int[] steps = steps(logits, lengths);
        int classes = logits.dim(2);
        float[] p = logits.logSoftmax(2).toArray();
        List<List<Hypothesis>> all = new ArrayList<>();
        for (int i = 0; i < steps.length; i++) {
            Prefix empty = new Prefix(null, -1, classes);
            empty.nextBlank = 0;
            empty.stepped();
            List<Prefix> beam = List.of(empty);
            for (int t = 0; t < steps[i]; t++) {
                int at = (i * logits.dim(1) + t) * classes;
                check(p, at, classes, i, t);
                beam = step(beam, p, at, classes, width);
            }
            all.add(beam.stream().map(Prefix::hypothesis).toList());
        }
        return List.copyOf(all);
    }

    private List<Prefix> step(List<Prefix> beam, float[] p, int at, int classes, int width) {
        double nothing = Double.NEGATIVE_INFINITY;
        List<Prefix> next = new ArrayList<>();
        for (Prefix b : beam) {
            double all = b.all;
            b.add(all + p[at + blank], b.last < 0 ? nothing : b.withLabel + p[at + b.last], next);
            for (int c = 0; c < classes; c++) {
                // the last label again is a label more only behind a blank
                double before = c == b.last ? b.withBlank : all;
                if (c != blank && before + p[at + c] > nothing) {
                    b.longer(c).add(nothing, before + p[at + c], next);
                }
            }
        }
        next.forEach(Prefix::stepped);
        return next.stream()
                .filter(b -> b.all > nothing)
                .sorted(Comparator.comparingDouble(b -> -b.all))
                .limit(width)
                .toList();
    }

    private static double logSum(double a, double b) {
        double most = Math.max(a, b);
        double least = Math.min(a, b);
        return least == Double.NEGATIVE_INFINITY ? most : most + Math.log1p(Math.exp(least - most));
    }

    private static void check(float[] p, int at, int classes, int example, int step) {
        for (int c = 0; c < classes; c++) {
            if (Float.isNaN(p[at + c])) {
                throw new IllegalArgumentException("ctc: the logits of example " + example + " at step " + step
                        + " are no distribution, because one is NaN or Infinity or all are -Infinity; the model has "
                        + "diverged");
            }
        }
    }

    /** The steps of each example that count. */
    private int[] steps(Tensor logits, @Nullable Tensor lengths) {
        if (logits.shape().rank() != 3 || blank < 0 || blank >= logits.dim(2)) {
            throw new IllegalArgumentException("ctc: logits " + logits.shape() + " and blank=" + blank
                    + " disagree; give [n, steps, classes], and one of the classes as the blank");
        }
        int n = logits.dim(0);
        int[] steps = new int[n];
        if (lengths == null) {
            Arrays.fill(steps, logits.dim(1));
            return steps;
        }
        if (lengths.dtype() != DType.I32 || lengths.shape().rank() != 1 || lengths.dim(0) != n) {
            throw new IllegalArgumentException("ctc: logits " + logits.shape() + " and lengths " + lengths.shape() + " "
                    + lengths.dtype() + " disagree; give I32 [" + n + "], one for each example");
        }
        steps = lengths.toIntArray();
        for (int i = 0; i < n; i++) {
            if (steps[i] < 0 || steps[i] > logits.dim(1)) {
                throw new IllegalArgumentException("ctc: length " + steps[i] + " of example " + i + " is outside [0, "
                        + logits.dim(1) + "], the steps of logits " + logits.shape());
            }
        }
        return steps;
    }
}
