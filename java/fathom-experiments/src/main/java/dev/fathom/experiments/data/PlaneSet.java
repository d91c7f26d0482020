package dev.fathom.experiments.data;

import dev.fathom.features.Examples;
import dev.fathom.tensor.Rng;
import java.util.stream.IntStream;

/** Toy problems: points in the plane in two classes, which alternate, about the origin and within 1.6 of it. */
public enum PlaneSet {
    /** Two half moons that reach into each other. */
    MOONS("moons") {
        @Override
        double[] place(int label, double u, double noise0, double noise1) {
            double angle = Math.PI * u;
            double side = label == 0 ? 1 : -1;
            return new double[] {
                side * (Math.cos(angle) - 0.5) + 0.12 * noise0, side * (Math.sin(angle) - 0.25) + 0.12 * noise1
            };
        }
    },
    /** A circle within another. */
    CIRCLES("circles") {
        @Override
        double[] place(int label, double u, double noise0, double noise1) {
            double radius = label == 0 ? 1.2 : 0.5;
            double angle = 2 * Math.PI * u;
            return new double[] {radius * Math.cos(angle) + 0.12 * noise0, radius * Math.sin(angle) + 0.12 * noise1};
        }
    },
    /** Two spirals that wind around each other one and a half times. */
    SPIRALS("spirals") {
        @Override
        double[] place(int label, double u, double noise0, double noise1) {
            double radius = 0.15 + 1.25 * Math.sqrt(u);
            double angle = 3 * Math.PI * Math.sqrt(u) + Math.PI * label;
            return new double[] {radius * Math.cos(angle) + 0.04 * noise0, radius * Math.sin(angle) + 0.04 * noise1};
        }
    },
    /** Four heaps at the corners of a square, of which those that face each other belong together, as in XOR. */
    BLOBS("blobs") {
        @Override
        double[] place(int label, double u, double noise0, double noise1) {
            double right = u < 0.5 ? -0.8 : 0.8;
            double up = label == 0 ? right : -right;
            return new double[] {right + 0.28 * noise0, up + 0.28 * noise1};
        }
    };

    /**
     * Some points.
     *
     * @param x [n, 2]
     * @param labels 0 or 1 for each
     */
    public record Points(float[] x, int[] labels) {
        /** The number of points. */
        public int size() {
            return labels.length;
        }

        /** The labels as numbers [n], which a network is to answer. */
        public float[] targets() {
            float[] targets = new float[size()];
            for (int i = 0; i < targets.length; i++) {
                targets[i] = labels[i];
            }
            return targets;
        }

        /** The points as rows of two features. */
        public Examples examples() {
            float[][] rows = new float[size()][];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = new float[] {x[2 * i], x[2 * i + 1]};
            }
            return Examples.of(rows, labels);
        }

        /** The share of logits [n] with the sign of their class: above 0 for class 1. */
        public double accuracy(float... logits) {
            long right = IntStream.range(0, size())
                    .filter(i -> (logits[i] > 0) == (labels[i] == 1))
                    .count();
            return (double) right / size();
        }

        /** The points of one class as two rows. */
        public double[][] of(int label) {
            int[] own =
                    IntStream.range(0, size()).filter(i -> labels[i] == label).toArray();
            return new double[][] {
                IntStream.of(own).mapToDouble(i -> x[2 * i]).toArray(),
                IntStream.of(own).mapToDouble(i -> x[2 * i + 1]).toArray()
            };
        }
    }

    private final String title;

    PlaneSet(String title) {
        this.title = title;
    }

    /** Its name on pages. */
    public String title() {
        return title;
    }

    /** Draws {@code n} points. */
    public Points draw(int n, Rng rng) {
        double[] u = rng.doubles(n);
        float[] noise = rng.normal(2 * n, 0, 1);
        float[] x = new float[2 * n];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = i % 2;
            double[] place = place(labels[i], u[i], noise[2 * i], noise[2 * i + 1]);
            x[2 * i] = (float) place[0];
            x[2 * i + 1] = (float) place[1];
        }
        return new Points(x, labels);
    }

    /** A place from a uniform number of [0, 1) and two normal ones. */
    abstract double[] place(int label, double u, double noise0, double noise1);
}
