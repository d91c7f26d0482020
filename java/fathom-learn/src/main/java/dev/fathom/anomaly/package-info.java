/**
 * Outliers among examples that have no labels. Each detector learns of rows and gives every row a score, which is
 * larger for an outlier: {@link dev.fathom.anomaly.IsolationForest} by how soon random splits leave it alone,
 * {@link dev.fathom.anomaly.LocalOutlierFactor} by the density around it and around its neighbors, and
 * {@link dev.fathom.anomaly.OneClassSvm} by its distance from a region with most examples.
 * {@link dev.fathom.anomaly.MatrixProfile} compares the windows of a series, and
 * {@link dev.fathom.anomaly.SlidingWindows} cuts a series into windows for the others. Scores of different detectors
 * are not comparable; {@code assess.Ranking} says how well they rank known outliers.
 *
 * <p>Everything is in double precision. Results depend on the rows and the seed alone.
 *
 * <p>Rejected: a common interface, because what is learned of differs (a k, a nu, another series) and nobody needs one
 * for another yet; thresholds, which are a choice of the user (a share of the training rows, or a quantile).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.anomaly;
