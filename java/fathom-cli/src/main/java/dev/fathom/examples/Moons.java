package dev.fathom.examples;

import dev.fathom.data.Dataset;
import dev.fathom.tensor.Rng;

/** Two half moons that reach into each other: points [2] in two classes, which no straight line separates. */
final class Moons {
    private Moons() {}

    static Dataset of(int n, long seed) {
        Rng rng = new Rng(seed);
        float[] angles = rng.uniform(n, 0, (float) Math.PI);
        float[] noise = rng.normal(2 * n, 0, 0.1f);
        float[][] points = new float[n][];
        int[] classes = new int[n];
        for (int i = 0; i < n; i++) {
            classes[i] = i % 2;
            float x = (float) Math.cos(angles[i]);
            float y = (float) Math.sin(angles[i]);
            points[i] = classes[i] == 0 ? new float[] {x, y} : new float[] {1 - x, 0.5f - y};
            points[i][0] += noise[2 * i];
            points[i][1] += noise[2 * i + 1];
        }
        return Dataset.of(points, classes);
    }
}
