package dev.fathom.testing;

import com.google.gson.Gson;

/** {@code learners.json}: what scikit-learn computes of small sets of examples. */
public record Learners(
        Pca[] pca, Lda[] lda, KMeans kmeans, Svm[] svm, Neighbors[] neighbors, AdaBoost[] adaboost, Stumps stumps) {
    public record Pca(
            float[][] x, double[] components, double[] variances, double share, float[][] z, float[][] inverse) {}

    public record Lda(
            float[][] x,
            int[] labels,
            double[] directions,
            float[][] z,
            double[] shares,
            double[][] log_probabilities,
            int[] predicted) {}

    public record KMeans(float[][] x, float[][] centers, int[] labels, double inertia) {}

    public record Svm(
            float[][] x,
            int[] labels,
            double[] weights,
            boolean squared,
            double cost,
            double scale,
            float[][] scores,
            int[] predicted) {}

    public record Votes(float[][] shares, int[] classes, float[][] numbers) {}

    public record Neighbors(
            int k,
            float[][] x,
            int[] labels,
            float[][] targets,
            float[][] queries,
            boolean[] unique,
            Votes uniform,
            Votes distance) {}

    public record AdaBoost(
            int classes,
            double rate,
            int[] labels,
            int[][] answers,
            double[] alphas,
            double[] errors,
            int[] predicted) {}

    public record Stumps(
            float[][] x,
            int[] labels,
            double[] weights,
            int column,
            double threshold,
            float[][] probabilities,
            int[] boosted,
            double[] alphas,
            float[] y,
            float[] residual) {}

    /** Reads the file. */
    public static Learners read() {
        return new Gson().fromJson(Golden.text("learners.json"), Learners.class);
    }
}
