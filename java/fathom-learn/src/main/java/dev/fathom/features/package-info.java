/**
 * Features as rows on the heap, and the classical methods that learn of them: projections
 * ({@link dev.fathom.features.Pca}, {@link dev.fathom.features.Lda}), clusters ({@link dev.fathom.features.KMeans}) and
 * heads ({@link dev.fathom.features.LinearSvm}, {@link dev.fathom.features.NearestNeighbors},
 * {@link dev.fathom.features.OneVsRest}), and densities ({@link dev.fathom.features.Gaussian},
 * {@link dev.fathom.features.ParzenWindow}). They stand on pixels, on columns of a table, or on what a network computes
 * ({@link dev.fathom.features.Examples#of(dev.fathom.nn.Layer, dev.fathom.data.Dataset)}).
 *
 * <p>Two interfaces hold them together: a {@link dev.fathom.features.Learner} makes a
 * {@link dev.fathom.features.Predictor} of {@link dev.fathom.features.Examples}, and so does a network
 * ({@link dev.fathom.features.NetLearner}). A class is a row of zeros with a one, so that one interface serves classes
 * and numbers, and an ensemble is a learner made of learners. Examples say whether they have classes, and a predictor
 * whether it gives numbers, scores or probabilities ({@link dev.fathom.features.Prediction}); values are never asked.
 *
 * <p>Sums are in double precision. Eigenvectors come from LAPACK, through the one class of {@code kernel} that knows
 * it, so only {@code Pca}, {@code Lda} and {@code Gaussian} need OpenBLAS. Rejected: these methods as layers (they are
 * not trained by gradients), and an eigensolver of our own.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.features;
