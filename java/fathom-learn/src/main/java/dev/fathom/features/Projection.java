package dev.fathom.features;

/** A linear map of rows to other features, and the way back: {@link Pca} and {@link Lda}. */
public interface Projection {
    /**
     * Maps rows [n][columns] to features [n][width].
     *
     * @throws IllegalArgumentException if a row has another number of columns than those it was fitted to
     */
    float[][] transform(float[][] x);

    /**
     * Maps features [n][width] back to rows [n][columns]: those that the transform maps to these features, or the
     * nearest of them to the mean.
     *
     * @throws IllegalArgumentException if a row has another number of features than {@link #transform} gives
     */
    float[][] inverse(float[][] z);
}
