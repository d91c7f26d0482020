package dev.fathom.ensemble;

import java.util.Arrays;

/** How the predictions of several members become one. */
public enum Combination {
    /** The weighted mean: of probabilities or of numbers. */
    MEAN {
        @Override
        void combine(float[][] of, double[] weights, float[] to) {
            SUM.combine(of, weights, to);
            double all = Arrays.stream(weights).sum();
            for (int c = 0; c < to.length; c++) {
                to[c] = (float) (to[c] / all);
            }
        }
    },

    /** The median of each number, the mean of the middle two of an even number of members. All members count alike. */
    MEDIAN {
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

    /** The weighted share of the members for whom a class has the largest score; each member votes for one class. */
    VOTE {
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

    /** The weighted sum. */
    SUM {
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

    /** Combines the members' predictions [members][outputs] of one row. */
    abstract void combine(float[][] of, double[] weights, float[] to);
}
