package dev.fathom.data;

/**
 * A random change to the examples of training batches, which {@link Batches#augment} applies after a batch is gathered
 * and before {@link Dataset#map}. {@code fathom-media} has those of images, and yours may use any tensor op:
 *
 * <pre>{@code
 * Augmentation jitter = data -> (batch, seed, first) -> {
 *   float[] noise = new Rng(seed).split(first).normal((int) batch.x().size(), 0, 0.1f);
 *   return batch.withX(batch.x().add(Tensor.of(noise, batch.x().shape().toArray())));
 * };
 * }</pre>
 */
@FunctionalInterface
public interface Augmentation {
    /**
     * Prepares this change for the batches of a dataset.
     *
     * @throws IllegalArgumentException if it does not suit the examples
     */
    Change on(Dataset data);

    /** A change that was prepared. Any number of threads may use it at once. */
    @FunctionalInterface
    interface Change {
        /**
         * Returns what becomes of a gathered batch, with as many examples. It is in the thread's current pass, its
         * tensors are nobody else's, and they may be overwritten.
         *
         * @param seed the seed of the epoch, of which the random numbers should be made, so that the epoch can be
         *     repeated
         * @param first the place in the epoch of the first example
         */
        Batch apply(Batch batch, long seed, int first);
    }
}
