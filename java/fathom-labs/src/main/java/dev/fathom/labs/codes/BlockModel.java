package dev.fathom.labs.codes;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Dataset;
import dev.fathom.nets.Graph;
import dev.fathom.nets.GraphConv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A graph of nodes in blocks of equal size, drawn at random (Holland, Laskey and Leinhardt 1983): two nodes of one
 * block have an edge with the probability {@link #INSIDE}, and two of different blocks with {@link #OUTSIDE}. The
 * features of a node are normal numbers of deviation 1 about 0, but about {@link #SIGNAL} in the column of its block.
 *
 * @param graph with the weights of Kipf and Welling (2017)
 * @param features x [nodes][COLUMNS]
 * @param labels the block of each node
 */
record BlockModel(Graph graph, float[][] features, int[] labels) {
    static final int BLOCKS = 4;
    static final int COLUMNS = 16;
    static final double INSIDE = 0.05;
    static final double OUTSIDE = 0.01;
    static final float SIGNAL = 1.5f;

    private static final int HIDDEN = 16;
    private static final int EPOCHS = 200;
    private static final int ROUNDS = 50;
    /** The part of its neighbors' answer that a node takes over. */
    private static final float SPREAD = 0.9f;

    /** Draws a graph. */
    static BlockModel draw(int nodes, Rng rng) {
        int[] labels = new int[nodes];
        Arrays.setAll(labels, i -> i % BLOCKS);
        float[] chance = rng.split("edges").uniform(nodes * nodes, 0, 1);
        List<int[]> edges = new ArrayList<>();
        for (int a = 0; a < nodes; a++) {
            for (int b = 0; b < a; b++) {
                if (chance[a * nodes + b] < (labels[a] == labels[b] ? INSIDE : OUTSIDE)) {
                    edges.add(new int[] {a, b});
                }
            }
        }
        float[] noise = rng.split("features").normal(nodes * COLUMNS, 0, 1);
        float[][] features = new float[nodes][];
        for (int i = 0; i < nodes; i++) {
            features[i] = Arrays.copyOfRange(noise, i * COLUMNS, (i + 1) * COLUMNS);
            features[i][labels[i]] += SIGNAL;
        }
        return new BlockModel(Graph.normalized(nodes, edges.toArray(int[][]::new)), features, labels);
    }

    /**
     * The labels of the first nodes of each block; all others are {@link #BLOCKS}, which stands for not known. The
     * order of nodes tells nothing.
     */
    int[] known(int perBlock) {
        int[] known = labels.clone();
        Arrays.fill(known, perBlock * BLOCKS, known.length, BLOCKS);
        return known;
    }

    /** A network of two graph convolutions (Kipf and Welling 2017). */
    Layer convolutions() {
        return new Sequential(
                new GraphConv(graph, COLUMNS, HIDDEN).act(RELU),
                new Dropout(0.5f),
                new GraphConv(graph, HIDDEN, BLOCKS));
    }

    /** A network that sees the features of a node but no edges. */
    Layer withoutEdges() {
        return new Sequential(new Linear(COLUMNS, HIDDEN).act(RELU), new Dropout(0.5f), new Linear(HIDDEN, BLOCKS));
    }

    /** The accuracy on the nodes whose label is not known, of a network that learned the others. */
    double learned(Layer net, int[] known, long seed) {
        try (Dataset nodes = Dataset.of(features, known);
                Model<Layer> model = Model.of(net, seed)) {
            Trainer.of(model, Loss.crossEntropy().ignoreIndex(BLOCKS), new Adam(0.01f).weightDecay(5e-4f))
                    .seed(seed)
                    .fit(nodes.batches(known.length), EPOCHS);
            try (Pass pass = Pass.infer()) {
                return accuracy(
                        model.net()
                                .apply(nodes.batches(known.length)
                                        .epoch(0)
                                        .next()
                                        .x()),
                        known);
            }
        }
    }

    /**
     * The accuracy of label spreading (Zhou et al. 2004), which sees the edges but no features: F = SPREAD M F + (1 -
     * SPREAD) Y, where M is the matrix of the graph and Y [nodes, BLOCKS] has a one for each known label.
     */
    double spread(int[] known) {
        float[] y = new float[known.length * BLOCKS];
        for (int i = 0; i < known.length; i++) {
            if (known[i] < BLOCKS) {
                y[i * BLOCKS + known[i]] = 1;
            }
        }
        try (Pass pass = Pass.infer()) {
            Tensor start = Tensor.of(y, known.length, BLOCKS).mul(1 - SPREAD);
            Tensor f = start;
            for (int round = 0; round < ROUNDS; round++) {
                f = graph.propagate(f).mul(SPREAD).add(start);
            }
            return accuracy(f, known);
        }
    }

    private double accuracy(Tensor scores, int[] known) {
        int[] best = scores.argmax(-1).toIntArray();
        return IntStream.range(0, known.length)
                .filter(i -> known[i] == BLOCKS)
                .mapToDouble(i -> best[i] == labels[i] ? 1 : 0)
                .average()
                .orElseThrow();
    }
}
