package dev.fathom.labs.autocts;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.nets.Graph;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The comparator of AutoCTS+ (Wu et al. 2023): which of two candidates has the smaller error? Each is one graph, whose
 * vertices are the hyperparameters, the input, the operators and the output. Its features f are the mean over the
 * vertices after four layers h + relu(G W h) of graph convolution, where G is the normalized graph. The first of a pair
 * wins with the probability p(a, b) = sigmoid(c(a, b) - c(b, a)), where c(a, b) = v relu(W [f(a), f(b)] + b), so that
 * p(a, b) = 1 - p(b, a). Without the hidden layer, c would be a score of each candidate alone. All ordered pairs of a
 * batch are compared at once.
 *
 * @param operators a vector for each operator, the input, the output, and vertices that a smaller cell does not have
 * @param hyperparameters from six numbers to the vector of their vertex
 * @param layers of graph convolution
 * @param first the part of W for the first of a pair, with b
 * @param second the part of W for the second
 * @param out v
 */
record ArchitectureComparator(
        Embedding operators, Linear hyperparameters, List<Linear> layers, Linear first, Linear second, Linear out)
        implements Net {
    private static final int WIDTH = 128;
    private static final int LAYERS = 4;

    // the vertices: hyperparameters, input, edges, output
    private static final int EDGES = Candidate.EDGES[1];
    private static final int VERTICES = EDGES + 3;
    private static final int INPUT = Operator.WITHOUT_NONE.size();
    private static final int OUTPUT = INPUT + 1;
    private static final int ABSENT = OUTPUT + 1;

    /** Makes one that has learned nothing. */
    static ArchitectureComparator untrained() {
        return new ArchitectureComparator(
                new Embedding(ABSENT + 1, WIDTH),
                new Linear(Candidate.VALUES.size(), WIDTH, Init.normal(0, 1)).withoutBias(),
                IntStream.range(0, LAYERS)
                        .mapToObj(i -> new Linear(WIDTH, WIDTH))
                        .toList(),
                new Linear(WIDTH, WIDTH),
                new Linear(WIDTH, WIDTH).withoutBias(),
                new Linear(WIDTH, 1).withoutBias());
    }

    // ---- candidates as graphs

    /**
     * The candidates with an error each, as fields of a data set: the adjacency of the graph, the operators of its
     * vertices, the hyperparameters and y.
     */
    static Dataset dataset(List<Measured> networks) {
        int n = networks.size();
        float[] adjacency = new float[n * VERTICES * VERTICES];
        int[] operators = new int[n * (VERTICES - 1)];
        float[] levels = new float[n * Candidate.VALUES.size()];
        float[] errors = new float[n];
        for (int i = 0; i < n; i++) {
            Candidate candidate = networks.get(i).candidate();
            System.arraycopy(adjacency(candidate.cell()), 0, adjacency, i * VERTICES * VERTICES, VERTICES * VERTICES);
            System.arraycopy(vertices(candidate.cell()), 0, operators, i * (VERTICES - 1), VERTICES - 1);
            for (int j = 0; j < Candidate.VALUES.size(); j++) {
                levels[i * Candidate.VALUES.size() + j] =
                        (float) candidate.levels().get(j) / (Candidate.VALUES.get(j) - 1);
            }
            errors[i] = (float) networks.get(i).best();
        }
        return Dataset.of(
                Field.floats("adjacency", Shape.of(VERTICES, VERTICES), adjacency),
                Field.ints("operators", Shape.of(VERTICES - 1), operators),
                Field.floats("hyperparameters", Shape.of(Candidate.VALUES.size()), levels),
                Field.floats("y", Shape.of(1), errors).target());
    }

    /** The operators of all vertices behind the one of the hyperparameters. */
    private static int[] vertices(CellGraph cell) {
        int[] vertices = new int[VERTICES - 1];
        vertices[0] = INPUT;
        for (int e = 0; e < EDGES; e++) {
            vertices[1 + e] = e < cell.edges().size()
                    ? Operator.WITHOUT_NONE.indexOf(cell.edges().get(e).operator())
                    : ABSENT;
        }
        vertices[VERTICES - 2] = OUTPUT;
        return vertices;
    }

    /**
     * The graph, in both directions, as [vertices, vertices]: an operator follows those whose sum it reads, the output
     * follows the last node's, and the hyperparameters belong to all.
     */
    static float[] adjacency(CellGraph cell) {
        float[] all = new float[VERTICES * VERTICES];
        int edges = cell.edges().size();
        for (int v = 1; v < VERTICES; v++) {
            if (v < 2 + edges || v == VERTICES - 1) {
                join(all, 0, v);
            }
        }
        for (int e = 0; e < edges; e++) {
            int from = cell.edges().get(e).from();
            if (from == 0) {
                join(all, 1, 2 + e);
            }
            for (int before = 0; before < e; before++) {
                if (CellGraph.to(before) == from) {
                    join(all, 2 + before, 2 + e);
                }
            }
            if (CellGraph.to(e) == cell.nodes()) {
                join(all, 2 + e, VERTICES - 1);
            }
        }
        return all;
    }

    private static void join(float[] adjacency, int a, int b) {
        adjacency[a * VERTICES + b] = 1;
        adjacency[b * VERTICES + a] = 1;
    }

    // ---- comparing

    /** The features [n, 128] of the candidates of a batch. */
    Tensor features(Batch batch) {
        Tensor graph = Graph.normalized(batch.get("adjacency"));
        Tensor h = Tensor.concat(
                1,
                hyperparameters.apply(batch.get("hyperparameters")).unsqueeze(1),
                operators.apply(batch.get("operators")));
        for (Linear layer : layers) {
            h = h.add(graph.matmul(layer.apply(h)).relu());
        }
        return h.mean(1);
    }

    /** The logits [n, m] of each of n candidates having a smaller error than each of m others, from their features. */
    Tensor compare(Tensor ones, Tensor others) {
        return pairs(ones, others).sub(pairs(others, ones).transpose(0, 1));
    }

    /** c(a, b) as [n, m]. */
    private Tensor pairs(Tensor ones, Tensor others) {
        Tensor hidden = first.apply(ones).unsqueeze(1).add(second.apply(others)).relu();
        return out.apply(hidden).squeeze(2);
    }

    /** The binary cross-entropy over all ordered pairs of a batch whose errors differ. */
    static Step.Result step(ArchitectureComparator net, Batch batch) {
        Tensor features = net.features(batch);
        Tensor error = batch.y();
        Tensor other = error.transpose(0, 1);
        return new Step.Result(
                Loss.bceWithLogits().of(net.compare(features, features), error.lt(other), error.ne(other)));
    }
}
