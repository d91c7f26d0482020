package dev.fathom.labs.autocts;

import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * What an edge of a cell does with the features h [n, nodes, steps, width] of correlated series: the operators of
 * AutoCTS (Wu et al. 2022). AutoCTS+ (Wu et al. 2023) has all but the first, in this order.
 */
enum Operator {
    /** Nothing passes. */
    NONE("none"),
    /** The features pass unchanged. */
    SKIP("skip"),
    /**
     * A gated dilated causal convolution over time, for each node: tanh(filter(h)) sigmoid(gate(h)), with 2 taps two
     * steps apart.
     */
    CONVOLUTION("dcc"),
    /** Diffusion over two steps of each graph, with a linear layer: W [h, P h, P P h, Q h, Q Q h]. */
    DIFFUSION("diffusion"),
    /** Attention of the time steps to each other, for each node. */
    TIME("time attention"),
    /** Attention of the nodes to each other, at each time step. */
    SPACE("space attention");

    /** The operators of AutoCTS+, in the order of its files. */
    static final List<Operator> WITHOUT_NONE = List.of(SKIP, CONVOLUTION, DIFFUSION, TIME, SPACE);

    private static final int STEPS = 2;

    private final String title;

    Operator(String title) {
        this.title = title;
    }

    /** The name on pages and in pictures. */
    String title() {
        return title;
    }

    /** An operator with its own parameters. */
    interface Operation extends Net {
        /**
         * Maps features h [n, nodes, steps, width] to others of the same shape.
         *
         * @param graphs matrices [nodes, nodes] whose rows sum to 1, by which features diffuse
         */
        Tensor apply(Tensor h, List<Tensor> graphs);
    }

    /**
     * Makes an operation on features of {@code width} channels, with parameters of its own, for nets with
     * {@code graphs} graphs.
     */
    Operation make(int width, int graphs) {
        return switch (this) {
            case NONE -> (h, g) -> Tensor.zeros(h.shape());
            case SKIP -> (h, g) -> h;
            case CONVOLUTION ->
                new GatedConvolution(
                        Conv.causal(width, width, 2, 2).act(Activation.TANH),
                        Conv.causal(width, width, 2, 2).act(Activation.SIGMOID));
            case DIFFUSION -> new Diffusion(new Linear((1 + STEPS * graphs) * width, width));
            case TIME -> new TimeAttention(attention(width));
            case SPACE -> new SpaceAttention(attention(width));
        };
    }

    private static TransformerEncoderLayer attention(int width) {
        return new TransformerEncoderLayer(width, Math.max(1, width / 8), 2 * width, Activation.RELU);
    }

    /** z = filter(x) gate(x) of the sequence of each node. */
    record GatedConvolution(Conv filter, Conv gate) implements Operation {
        @Override
        public Tensor apply(Tensor h, List<Tensor> graphs) {
            Tensor x = sequences(h);
            return filter.apply(x).mul(gate.apply(x)).reshape(h.shape());
        }
    }

    /** Diffusion over the graphs (Li et al. 2018), one of which may be learned (Wu et al. 2019, Graph WaveNet). */
    record Diffusion(Linear mix) implements Operation {
        @Override
        public Tensor apply(Tensor h, List<Tensor> graphs) {
            List<Tensor> reached = new ArrayList<>(List.of(h));
            for (Tensor graph : graphs) {
                Tensor at = h.reshape(h.dim(0), h.dim(1), h.dim(2) * h.dim(3));
                for (int step = 0; step < STEPS; step++) {
                    at = graph.matmul(at);
                    reached.add(at.reshape(h.shape()));
                }
            }
            return mix.apply(Tensor.concat(-1, reached.toArray(Tensor[]::new)));
        }
    }

    /**
     * An Informer's layer over time (Zhou et al. 2021). It keeps the 5 ceil(ln steps) queries that differ most from a
     * uniform attention; for 12 steps that is 15, and therefore every query, so that its attention is the full one
     * here.
     */
    record TimeAttention(TransformerEncoderLayer layer) implements Operation {
        @Override
        public Tensor apply(Tensor h, List<Tensor> graphs) {
            return layer.apply(sequences(h)).reshape(h.shape());
        }
    }

    /** Full attention over the nodes. */
    record SpaceAttention(TransformerEncoderLayer layer) implements Operation {
        @Override
        public Tensor apply(Tensor h, List<Tensor> graphs) {
            Tensor x = h.transpose(1, 2);
            return layer.apply(x.reshape(h.dim(0) * h.dim(2), h.dim(1), h.dim(3)))
                    .reshape(x.shape())
                    .transpose(1, 2);
        }
    }

    /** The sequences of all nodes [n nodes, steps, width]. */
    private static Tensor sequences(Tensor h) {
        return h.reshape(h.dim(0) * h.dim(1), h.dim(2), h.dim(3));
    }
}
