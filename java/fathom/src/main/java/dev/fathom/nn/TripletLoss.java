package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * max(0, d(a, p) - d(a, n) + margin) of anchors a, positives p of the anchor's class and negatives n of another, with
 * the Euclidean distance d: an anchor shall be nearer to its own class than to any other, by the margin (Weinberger and
 * Saul 2009; Schroff et al. 2015). It is PyTorch's TripletMarginLoss, without the 1e-6 that PyTorch adds to every
 * difference.
 *
 * <p>{@link #each(Tensor, Tensor, Tensor)} takes triplets that are given. As a {@link Loss} it takes embeddings [n, d]
 * and I32 class numbers [n], and looks for the triplets in the batch:
 *
 * <ul>
 *   <li>batch-hard, the default: each example with its farthest positive and its nearest negative (Hermans et al.
 *       2017);
 *   <li>{@link #semiHard}: each pair of one class with the nearest negative that is farther from the anchor than the
 *       positive, or with the farthest negative if none is (Schroff et al. 2015; TensorFlow Addons'
 *       triplet_semihard_loss, with the distance not squared).
 * </ul>
 *
 * <p>The search reads the distances, in double precision, and nothing flows through it. Distances are then computed
 * anew for the triplets alone. An example without another one of its class is no anchor. Draw batches that hold several
 * examples of each class: a trainer lets a batch without a triplet count for nothing, and elsewhere the loss throws
 * IllegalArgumentException. It cannot be part of a plan.
 */
public final class TripletLoss implements ReducedLoss {
    /** Triplets that one array holds. */
    private static final int MOST = Integer.MAX_VALUE / 3;

    private final float margin;
    private final boolean semiHard;

    TripletLoss(float margin, boolean semiHard) {
        Checks.notNegative("triplet", "margin", margin);
        this.margin = margin;
        this.semiHard = semiHard;
    }

    /** Returns this loss with semi-hard triplets of all pairs in place of the hardest triplet of each example. */
    public TripletLoss semiHard() {
        return new TripletLoss(margin, true);
    }

    /**
     * Computes the values of triplets that are given.
     *
     * @param anchor a, [.., d]
     * @param positive p, [.., d]
     * @param negative n, [.., d]
     * @return the values, [..]
     * @throws IllegalArgumentException if the shapes differ
     */
    public Tensor each(Tensor anchor, Tensor positive, Tensor negative) {
        if (!anchor.shape().equals(positive.shape())
                || !anchor.shape().equals(negative.shape())
                || anchor.shape().rank() == 0) {
            throw new IllegalArgumentException("triplet: anchors " + anchor.shape() + ", positives " + positive.shape()
                    + " and negatives " + negative.shape() + " differ; give three tensors of one shape [.., d]");
        }
        return anchor.sub(positive)
                .norm(-1)
                .sub(anchor.sub(negative).norm(-1))
                .add(margin)
                .relu();
    }

    /**
     * Computes the values of the triplets that are found, in the order of their anchors, and with {@link #semiHard} of
     * their positives.
     *
     * @param embeddings [n, d]
     * @param labels I32 [n]
     */
    @Override
    public Tensor each(Tensor embeddings, Tensor labels) {
        int[] found = triplets(embeddings, labels);
        int n = found.length / 3;
        if (n == 0) {
            throw new IllegalArgumentException("triplet: the batch of " + embeddings.dim(0)
                    + " examples has no two of one class and one of another; draw batches with several"
                    + " examples of each of several classes");
        }
        Tensor triplets = embeddings.take(0, Tensor.ofInts(found, 3, n));
        return each(
                triplets.slice(0, 0, 1).squeeze(0),
                triplets.slice(0, 1, 2).squeeze(0),
                triplets.slice(0, 2, 3).squeeze(0));
    }

    /** Returns the number of triplets that are found, which is 0 where the batch has none. */
    @Override
    public double weight(Tensor embeddings, Tensor labels) {
        return triplets(embeddings, labels).length / 3.0;
    }

    /** The anchors, then the positives and then the negatives. */
    private int[] triplets(Tensor embeddings, Tensor labels) {
        Targets.mustBeLabels("triplet", embeddings, labels);
        if (embeddings.shape().rank() != 2) {
            throw new IllegalArgumentException(
                    "triplet: embeddings " + embeddings.shape() + " must be [n, d]; reshape them and their labels");
        }
        return search(embeddings, labels.toIntArray());
    }

    /** How far anchor {@code a} of the embeddings x [n, d] is from each of them. */
    private static void distances(float[] x, int d, int a, double[] distance) {
        for (int j = 0; j < distance.length; j++) {
            double sum = 0;
            for (int k = 0; k < d; k++) {
                double difference = (double) x[a * d + k] - x[j * d + k];
                sum += difference * difference;
            }
            distance[j] = Math.sqrt(sum);
        }
    }

    /** How many triplets there are at most. */
    private int most(int[] labels) {
        if (!semiHard) {
            return labels.length;
        }
        Map<Integer, Integer> sizes = new HashMap<>();
        long pairs = 0;
        for (int label : labels) {
            pairs += 2L * (sizes.merge(label, 1, Integer::sum) - 1);
        }
        if (pairs > MOST) {
            throw new IllegalArgumentException("triplet: the batch of " + labels.length + " examples has " + pairs
                    + " pairs of one class, and at most " + MOST
                    + " are compared; draw smaller batches, or take the hardest triplets");
        }
        return (int) pairs;
    }

    /** Anchors, then positives, then negatives. */
    private int[] search(Tensor embeddings, int[] labels) {
        int n = labels.length;
        int[] triplets = new int[Math.multiplyExact(3, most(labels))];
        float[] x = embeddings.detach().toArray();
        double[] distance = new double[n];
        int count = 0;
        for (int a = 0; a < n; a++) {
            distances(x, embeddings.dim(1), a, distance);
            int farthest = extreme(distance, labels, a, true, Double.NEGATIVE_INFINITY, true);
            for (int p = 0; p < n; p++) {
                boolean pair = semiHard ? p != a && labels[p] == labels[a] : p == farthest;
                int negative = pair ? negative(distance, labels, a, p) : -1;
                if (negative >= 0) {
                    triplets[3 * count] = a;
                    triplets[3 * count + 1] = p;
                    triplets[3 * count + 2] = negative;
                    count++;
                }
            }
        }
        int[] parts = new int[3 * count];
        for (int i = 0; i < parts.length; i++) {
            parts[i % 3 * count + i / 3] = triplets[i];
        }
        return parts;
    }

    private int negative(double[] distance, int[] labels, int a, int p) {
        if (!semiHard) {
            return extreme(distance, labels, a, false, Double.NEGATIVE_INFINITY, false);
        }
        int beyond = extreme(distance, labels, a, false, distance[p], false);
        return beyond >= 0 ? beyond : extreme(distance, labels, a, false, Double.NEGATIVE_INFINITY, true);
    }

    /**
     * The farthest or the nearest example of the class of {@code a}, or of the others, that is farther away than
     * {@code above}; -1 for none.
     */
    private static int extreme(double[] distance, int[] labels, int a, boolean same, double above, boolean farthest) {
        int best = -1;
        for (int i = 0; i < labels.length; i++) {
            if (i != a
                    && (labels[i] == labels[a]) == same
                    && !(distance[i] <= above)) { // NaN passes, for the trainer to see
                boolean better = best < 0 || (farthest ? distance[i] > distance[best] : distance[i] < distance[best]);
                best = better ? i : best;
            }
        }
        return best;
    }

    /** Returns a short form such as {@code triplet[margin=0.2, semiHard=false]}. */
    @Override
    public String toString() {
        return "triplet[margin=" + margin + ", semiHard=" + semiHard + "]";
    }
}
