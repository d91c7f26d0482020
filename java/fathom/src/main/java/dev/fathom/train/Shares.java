package dev.fathom.train;

/**
 * The shares of the batches of one step in the loss of all their examples, sum w loss / sum w. What all of them weigh
 * is known at the last batch only. So a batch gets the share that it has if every example weighs as much as those of
 * the first batch, and the last one tells by what the gradients before it are to be corrected: by 1, exactly, where
 * this is so. Shards, which are computed beside each other, get the share that they have if every example weighs 1.
 */
final class Shares {
    /** The examples of the step. */
    private final long examples;
    /** What an example of the first batch weighs, and all of them so far in this unit. */
    private double unit;

    private double sum;
    private float correction = 1;

    Shares(long examples) {
        this.examples = examples;
    }

    /** The share of the next batch, of {@code size} examples. */
    float add(double weight, int size, boolean last) {
        if (size == examples) {
            return 1; // the only batch
        }
        if (unit == 0) {
            unit = weight / size; // 0 as long as nothing counts
        }
        double part = unit == 0 ? 0 : weight / unit;
        sum += part;
        correction = last && sum > 0 ? (float) (examples / sum) : 1;
        return correction == 1 ? (float) part / examples : (float) (part / sum);
    }

    /** Counts a batch in shards, of which each example has got its share as if all weighed 1. */
    void addShards(double weight, boolean last) {
        sum += weight;
        correction = last && sum > 0 ? (float) (examples / sum) : 1;
    }

    /** What the gradients of the batches before are to be multiplied by. */
    float correction() {
        return correction;
    }
}
