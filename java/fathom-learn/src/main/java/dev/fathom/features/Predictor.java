package dev.fathom.features;

/**
 * What was learned of {@link Examples}: it gives each row of features one number for every target, which are a score
 * for every class or the predicted numbers. It is closed if it holds a network.
 */
@FunctionalInterface
public interface Predictor extends AutoCloseable {
    /**
     * Returns the predictions [n][outputs] of rows [n][columns].
     *
     * @throws IllegalArgumentException if a row has another number of columns than the examples that were learned
     */
    float[][] predict(float[][] x);

    /** Returns the class of the largest score of each row, the first of equal ones. */
    default int[] classify(float[][] x) {
        float[][] scores = predict(x);
        int[] classes = new int[scores.length];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = Rows.largest(scores[i]);
        }
        return classes;
    }

    /**
     * Returns the share of the examples that it gives the right class, each counted with its weight.
     *
     * @throws IllegalArgumentException if the examples have numbers to learn, or a class that it has no score for
     */
    default double accuracy(Examples data) {
        int[] labels = data.labels();
        float[][] scores = predict(data.x());
        int[] classes = new int[labels.length];
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] >= scores[i].length) {
                throw new IllegalArgumentException(
                        "accuracy: example " + i + " is of class " + labels[i] + ", and the predictor knows "
                                + scores[i].length + " classes; number the classes as in training");
            }
            classes[i] = Rows.largest(scores[i]);
        }
        double right = 0;
        double all = 0;
        for (int i = 0; i < labels.length; i++) {
            right += labels[i] == classes[i] ? data.weights()[i] : 0;
            all += data.weights()[i];
        }
        return right / all;
    }

    /**
     * Returns the mean of (prediction - target)^2 over all targets of all examples, each counted with its weight.
     *
     * @throws IllegalArgumentException if it predicts another number of targets than the examples have
     */
    default double squaredError(Examples data) {
        float[][] made = predict(data.x());
        double sum = 0;
        double all = 0;
        for (int i = 0; i < made.length; i++) {
            if (made[i].length != data.outputs()) {
                throw new IllegalArgumentException(
                        "squaredError: the predictor gives " + made[i].length + " numbers for the " + data.outputs()
                                + " targets of the examples; give the targets it learned");
            }
            sum += data.weights()[i] * Rows.distance(made[i], data.y()[i]);
            all += data.weights()[i] * data.outputs();
        }
        return sum / all;
    }

    /** Frees what it holds off the heap, which is nothing for most. */
    @Override
    default void close() {}
}
