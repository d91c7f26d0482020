package dev.fathom.features;

import dev.fathom.assess.Classification;
import dev.fathom.tensor.Vectors;
import java.util.function.UnaryOperator;

/**
 * What was learned of {@link Examples}: it gives each row of features one number for every target, and says by
 * {@link #kind} whether these are numbers, scores of classes or their probabilities. It is closed if it holds a
 * network.
 */
public interface Predictor extends AutoCloseable {
    /**
     * Makes a predictor of a function, whose predictions are of this kind.
     *
     * @param predict gives the predictions [n][outputs] of rows [n][columns]
     */
    static Predictor of(Prediction kind, UnaryOperator<float[][]> predict) {
        return new Predictor() {
            @Override
            public Prediction kind() {
                return kind;
            }

            @Override
            public float[][] predict(float[][] x) {
                return predict.apply(x);
            }
        };
    }

    /** Returns what the predictions are. */
    Prediction kind();

    /**
     * Returns the predictions [n][outputs] of rows [n][columns].
     *
     * @throws IllegalArgumentException if a row has another number of columns than the examples that were learned
     */
    float[][] predict(float[][] x);

    /**
     * Returns the class of the largest score of each row, the first of equal ones.
     *
     * @throws IllegalArgumentException if it predicts numbers
     */
    default int[] classify(float[][] x) {
        if (!kind().ofClasses()) {
            throw new IllegalArgumentException(
                    "classify: the predictor gives numbers, not classes; call predict, or learn examples with labels");
        }
        float[][] scores = predict(x);
        int[] classes = new int[scores.length];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = FeatureRows.largest(scores[i]);
        }
        return classes;
    }

    /**
     * Returns the share of the examples that it gives the right class, each counted with its weight.
     *
     * @throws IllegalArgumentException if it predicts numbers or the examples have numbers to learn, or a class that it
     *     has no score for
     */
    default double accuracy(Examples data) {
        agrees("accuracy", data);
        int[] labels = data.labels();
        float[][] scores = predict(data.x());
        int[] classes = new int[labels.length];
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] >= scores[i].length) {
                throw new IllegalArgumentException(
                        "accuracy: example " + i + " is of class " + labels[i] + ", and the predictor knows "
                                + scores[i].length + " classes; number the classes as in training");
            }
            classes[i] = FeatureRows.largest(scores[i]);
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
     * Returns the mean of (prediction - target)^2 over all targets of all examples, each counted with its weight. Of
     * probabilities it is the Brier score, divided by the number of classes.
     *
     * @throws IllegalArgumentException if it predicts classes and the examples have numbers or the other way about, or
     *     it predicts another number of targets than the examples have
     */
    default double squaredError(Examples data) {
        agrees("squaredError", data);
        float[][] made = predict(data.x());
        double sum = 0;
        double all = 0;
        for (int i = 0; i < made.length; i++) {
            if (made[i].length != data.outputs()) {
                throw new IllegalArgumentException(
                        "squaredError: the predictor gives " + made[i].length + " numbers for the " + data.outputs()
                                + " targets of the examples; give the targets it learned");
            }
            sum += data.weights()[i] * Vectors.squaredDistance(made[i], data.y()[i]);
            all += data.weights()[i] * data.outputs();
        }
        return sum / all;
    }

    /**
     * Returns the answers to these examples, from which come their log loss, ROC curves and calibration.
     *
     * @throws IllegalArgumentException if the predictions are not probabilities, or the examples have numbers to learn
     */
    default Classification classification(Examples data) {
        agrees("classification", data);
        if (kind() != Prediction.PROBABILITIES) {
            throw new IllegalArgumentException(
                    "classification: the predictor gives scores, which are no probabilities; call accuracy, or give a"
                            + " learner of probabilities");
        }
        int classes = data.outputs();
        float[] all = new float[data.size() * classes];
        float[][] made = predict(data.x());
        for (int i = 0; i < made.length; i++) {
            if (made[i].length != classes) {
                throw new IllegalArgumentException("classification: the examples have " + classes
                        + " classes, and the predictor knows " + made[i].length
                        + "; number the classes as in training");
            }
            System.arraycopy(made[i], 0, all, i * classes, classes);
        }
        return Classification.ofProbabilities(all, classes, data.labels());
    }

    /** Refuses examples of the other task. */
    private void agrees(String op, Examples data) {
        if (kind().ofClasses() != data.areClasses()) {
            throw new IllegalArgumentException(op + ": the predictor gives " + kind()
                    + ", and the targets of the examples are " + (data.areClasses() ? "classes" : "numbers")
                    + "; give examples of the task that it learned");
        }
    }

    /** Frees what it holds off the heap, which is nothing for most. */
    @Override
    default void close() {}
}
