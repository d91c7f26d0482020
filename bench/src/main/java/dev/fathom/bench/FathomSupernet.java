package dev.fathom.bench;

import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The supernet of AutoCTS as a user of Fathom writes it. */
public class FathomSupernet {
    private static final int PART = SupernetCase.PART;

    /** The operators of an edge. */
    record Edge(Conv filter, Conv gate, Linear mix, TransformerEncoderLayer time, TransformerEncoderLayer space)
            implements Net {
        Edge() {
            this(
                    Conv.causal(PART, PART, 2, 2).act(Activation.TANH),
                    Conv.causal(PART, PART, 2, 2).act(Activation.SIGMOID),
                    new Linear(5 * PART, PART),
                    new TransformerEncoderLayer(PART, 1, 2 * PART, Activation.RELU),
                    new TransformerEncoderLayer(PART, 1, 2 * PART, Activation.RELU));
        }

        /** What the operators make of h [batch, series, steps, part], weighed. */
        Tensor apply(Tensor h, List<Tensor> graphs, Tensor shares) {
            Tensor sequences = h.reshape(h.dim(0) * h.dim(1), h.dim(2), PART);
            Tensor gated = filter.apply(sequences).mul(gate.apply(sequences)).reshape(h.shape());
            Tensor attended = time.apply(sequences).reshape(h.shape());
            Tensor turned = h.transpose(1, 2);
            Tensor across = space.apply(turned.reshape(h.dim(0) * h.dim(2), h.dim(1), PART))
                    .reshape(turned.shape())
                    .transpose(1, 2);
            List<Tensor> reached = new ArrayList<>(List.of(h));
            for (Tensor graph : graphs) {
                Tensor at = h.reshape(h.dim(0), h.dim(1), h.dim(2) * PART);
                for (int step = 0; step < 2; step++) {
                    at = graph.matmul(at);
                    reached.add(at.reshape(h.shape()));
                }
            }
            Tensor diffused = mix.apply(Tensor.concat(-1, reached.toArray(Tensor[]::new)));
            return sum(List.of(h, gated, diffused, attended, across), shares);
        }
    }

    private static Tensor sum(List<Tensor> terms, Tensor shares) {
        Tensor sum = terms.get(0).mul(shares.slice(0, 0, 1));
        for (int i = 1; i < terms.size(); i++) {
            sum = sum.add(terms.get(i).mul(shares.slice(0, i, i + 1)));
        }
        return sum;
    }

    /** The weights. */
    record Weights(
            Linear start,
            Parameter times,
            Parameter series,
            Parameter sources,
            Parameter targets,
            List<List<Edge>> edges,
            List<LayerNorm> norms,
            List<Linear> reads,
            Linear out)
            implements Layer {
        Weights() {
            this(
                    new Linear(1, SupernetCase.WIDTH),
                    new Parameter(Shape.of(SupernetCase.STEPS, SupernetCase.WIDTH), Init.zeros()),
                    new Parameter(Shape.of(SupernetCase.SERIES, 1, SupernetCase.WIDTH), Init.zeros()),
                    new Parameter(Shape.of(SupernetCase.SERIES, SupernetCase.GRAPH), Init.zeros()),
                    new Parameter(Shape.of(SupernetCase.GRAPH, SupernetCase.SERIES), Init.zeros()),
                    IntStream.range(0, SupernetCase.BLOCKS)
                            .mapToObj(b -> IntStream.range(0, SupernetCase.EDGES)
                                    .mapToObj(e -> new Edge())
                                    .toList())
                            .toList(),
                    IntStream.range(0, SupernetCase.BLOCKS)
                            .mapToObj(b -> new LayerNorm(SupernetCase.WIDTH))
                            .toList(),
                    IntStream.range(0, SupernetCase.BLOCKS)
                            .mapToObj(b -> new Linear(SupernetCase.STEPS * SupernetCase.WIDTH, SupernetCase.OUTPUT))
                            .toList(),
                    new Linear(SupernetCase.OUTPUT, SupernetCase.HORIZONS));
        }

        /** Forecasts [batch, series, horizons] of windows. */
        @Override
        public Tensor forward(Tensor x) {
            List<Tensor> graphs = List.of(
                    Tensor.of(SupernetCase.roads(), SupernetCase.SERIES, SupernetCase.SERIES),
                    sources.value().matmul(targets.value()).relu().softmax(-1));
            Tensor h = start.apply(x.unsqueeze(3)).add(times.value()).add(series.value());
            Tensor read = Tensor.scalar(0);
            for (int b = 0; b < SupernetCase.BLOCKS; b++) {
                h = norms.get(b).apply(h.add(cell(b, h, graphs)));
                read = read.add(reads.get(b)
                        .apply(h.reshape(h.dim(0), SupernetCase.SERIES, SupernetCase.STEPS * SupernetCase.WIDTH)));
            }
            return out.apply(read.relu());
        }

        private Tensor cell(int block, Tensor h, List<Tensor> graphs) {
            List<Tensor> nodes = new ArrayList<>(List.of(h));
            int e = 0;
            for (int to = 1; to <= SupernetCase.NODES; to++) {
                List<Tensor> given = new ArrayList<>();
                for (int from = 0; from < to; from++, e++) {
                    given.add(mixed(nodes.get(from), block, e, graphs));
                }
                nodes.add(sum(given, Tensor.of(SupernetCase.into(block, to), to)));
            }
            return nodes.subList(1, nodes.size()).stream().reduce(Tensor::add).orElseThrow();
        }

        private Tensor mixed(Tensor h, int block, int edge, List<Tensor> graphs) {
            int at = edge % 4 * PART;
            Tensor shares = Tensor.of(SupernetCase.shares(block, edge), SupernetCase.OPERATORS);
            Tensor made = edges.get(block).get(edge).apply(h.slice(-1, at, at + PART), graphs, shares);
            return Tensor.concat(-1, h.slice(-1, 0, at), made, h.slice(-1, at + PART, SupernetCase.WIDTH));
        }
    }

    /** Mean absolute error, Adam. */
    @State(Scope.Thread)
    public static class Training extends TrainingSteps {
        private final KeptTensor[] x = new KeptTensor[SupernetCase.BATCHES];
        private final KeptTensor[] y = new KeptTensor[SupernetCase.BATCHES];
        private Model<Weights> model;

        @Override
        protected void make() {
            model = Model.of(new Weights(), 1);
            FathomNets.load(
                    model,
                    held -> SupernetCase.numbers(held.name(), (int) held.shape().size()));
            for (int i = 0; i < x.length; i++) {
                int batch = i;
                x[i] = keep(() ->
                        Tensor.of(SupernetCase.x(batch), SupernetCase.BATCH, SupernetCase.SERIES, SupernetCase.STEPS));
                y[i] = keep(() -> Tensor.of(
                        SupernetCase.y(batch), SupernetCase.BATCH, SupernetCase.SERIES, SupernetCase.HORIZONS));
            }
            begin(model, new Adam(2e-3f).weightDecay(1e-4f).on(model), x.length, 3);
        }

        @Override
        Tensor loss(int i) {
            return model.net().apply(x[i]).sub(y[i]).abs().mean();
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        training.step();
    }
}
