package dev.fathom.ensemble;

import dev.fathom.features.Prediction;
import java.util.Arrays;

/** How the predictions of several members become one. */
public enum Combination {
    /** The weighted mean, of the kind of the members: of probabilities, of scores or of numbers. */
    MEAN {
        @Override
        Prediction of(Prediction members) {
            return members;
        }

        @Override
        void combine(float[][] of, double[] weights, float[] to) {
            SUM.combine(of, weights, to);
            double all = Arrays.stream(weights).sum();
            for (int c = 0; c < to.length; c++) {
                to[c] = (float) (to[c] / all);
            }
        }
    },

    /**
     * The median of each number, the mean of the middle two of an even number of members. All members count alike.
     * Medians of probabilities are scores, since they need not sum to 1.
     */
    MEDIAN {
        @Override
        Prediction of(Prediction members) {
            return members.ofClasses() ? Prediction.SCORES : members;
        }

        @Override
        void combine(float[][] of, double[] weights, float[] to) {
            float[] values = new float[of.length];
            for (int c = 0; c < to.length; c++) {
                for (int m = 0; m < values.length; m++) {
                    values[m] = of[m][c];
                }
                Arrays.sort(values);
                to[c] = (values[(values.length - 1) / 2] + values[values.length / 2]) / 2;
            }
        }
    },

    /**
     * The weighted share of the members for whom a class has the largest score, a probability. Each member votes for
     * one class, and its predictions must be about classes.
     */
    VOTE {
        @Override
        Prediction of(Prediction members) {
            return Prediction.PROBABILITIES;
        }

        @Override
        void combine(float[][] of, double[] weights, float[] to) {
            double[] votes = new double[to.length];
            double all = 0;
            for (int m = 0; m < of.length; m++) {
                int best = 0;
                for (int c = 1; c < to.length; c++) {
                    best = of[m][c] > of[m][best] ? c : best;
                }
                votes[best] += weights[m];
                all += weights[m];
            }
            for (int c = 0; c < to.length; c++) {
                to[c] = (float) (votes[c] / all);
            }
        }
    },

    /** The weighted sum, of numbers or of scores. */
    SUM {
        @Override
        Prediction of(Prediction members) {
            return members.ofClasses() ? Prediction.SCORES : members;
        }

        @Override
        void combine(float[][] of, double[] weights, float[] to) {
            for (int c = 0; c < to.length; c++) {
                double sum = 0;
                for (int m = 0; m < of.length; m++) {
                    sum += weights[m] * of[m][c];
                }
                to[c] = (float) sum;
            }
        }
    };

    /** The kind of the combination of members of one kind. */
    abstract Prediction of(Prediction members);

    /** Combines the members' predictions [members][outputs] of one row. */
    abstract void combine(float[][] of, double[] weights, float[] to);
}
