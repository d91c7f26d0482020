package dev.fathom.bench;

/**
 * The supernet of the row {@code supernet-train}, as AutoCTS (Wu et al. 2022) searches with it, so that every contender
 * computes the same with the same numbers. Windows x [batch, series, steps] become features [batch, series, steps,
 * width]. In a block, every node is the sum of what the edges from all earlier ones give. Every edge runs a gated
 * dilated causal convolution, diffusion over two graphs, attention over time, attention over the series, and a skip on
 * a quarter of the channels, weighs them by a softmax, and lets the other channels pass. The row is the step of the
 * weights: the architecture is given, as in the first half of a bi-level step.
 */
public final class SupernetCase {
    /** Windows of a batch. */
    public static final int BATCH = 16;
    /** Series, such as sensors. */
    public static final int SERIES = 20;
    /** Steps of a window. */
    public static final int STEPS = 12;
    /** Channels. */
    public static final int WIDTH = 16;
    /** The channels that operators see. */
    public static final int PART = WIDTH / 4;
    /** Blocks. */
    public static final int BLOCKS = 2;
    /** Nodes of a block behind its input. */
    public static final int NODES = 4;
    /** Edges of a block. */
    public static final int EDGES = NODES * (NODES + 1) / 2;
    /** Operators of an edge. */
    public static final int OPERATORS = 5;
    /** Units behind the blocks. */
    public static final int OUTPUT = 64;
    /** Forecasts of each series. */
    public static final int HORIZONS = 3;
    /** Numbers of a series in the learned graph. */
    public static final int GRAPH = 10;
    /** Batches made before the clock starts and used in turn. */
    public static final int BATCHES = 4;

    private SupernetCase() {}

    /** Windows [BATCH, SERIES, STEPS]. */
    public static float[] x(int batch) {
        return Work.normal(300 + batch, BATCH * SERIES * STEPS, 0, 1);
    }

    /** What is to be forecast [BATCH, SERIES, HORIZONS]. */
    public static float[] y(int batch) {
        return Work.normal(400 + batch, BATCH * SERIES * HORIZONS, 0, 1);
    }

    /** The given graph [SERIES, SERIES]: each series follows itself and the next two. */
    public static float[] roads() {
        float[] roads = new float[SERIES * SERIES];
        for (int i = 0; i < SERIES; i++) {
            for (int j = 0; j < 3; j++) {
                roads[i * SERIES + (i + j) % SERIES] = 1f / 3;
            }
        }
        return roads;
    }

    /** The shares of the operators of an edge of a block: a softmax of random numbers. */
    public static float[] shares(int block, int edge) {
        return softmax(Work.normal(500 + block * EDGES + edge, OPERATORS, 0, 1));
    }

    /** The shares of the edges into a node of a block from those before it. */
    public static float[] into(int block, int node) {
        return softmax(Work.normal(600 + block * NODES + node, node, 0, 1));
    }

    private static float[] softmax(float[] logits) {
        double sum = 0;
        for (float l : logits) {
            sum += Math.exp(l);
        }
        float[] shares = new float[logits.length];
        for (int i = 0; i < shares.length; i++) {
            shares[i] = (float) (Math.exp(logits[i]) / sum);
        }
        return shares;
    }

    /** The {@code n} numbers of a parameter. */
    public static float[] numbers(String name, int n) {
        if (name.contains("norm")) {
            return Work.normal(name.hashCode(), n, name.endsWith("bias") ? 0 : 1, 0.1);
        }
        double deviation = name.endsWith("bias") || name.equals("times") || name.equals("series")
                ? 0.1
                : name.startsWith("edges") ? 0.3 : name.startsWith("reads") ? 0.07 : name.startsWith("out") ? 0.12 : 1;
        return Work.normal(name.hashCode(), n, 0, deviation);
    }

    /** Floating-point operations of a step: attention has seven products, the others three. */
    static double trainingFlops() {
        double tokens = (double) BATCH * SERIES * STEPS;
        double part = PART;
        double convolutions = 2 * 2 * part * part;
        double diffusion = 5 * part * part + 4.0 * SERIES * part;
        double layers = 2 * (4 + 4) * part * part;
        double attention = 7.0 * (STEPS + SERIES) * part;
        double edges = BLOCKS * EDGES * (3 * (convolutions + diffusion + layers) + attention);
        double read = 3.0 * BLOCKS * WIDTH * OUTPUT; // of each of its steps
        return 2 * tokens * (edges + read);
    }
}
