package dev.fathom.bench.torch;

import static dev.fathom.bench.torch.TorchSteps.tensor;

import dev.fathom.bench.SupernetCase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The supernet of AutoCTS in PyTorch, where one convolution gives values and gates. */
public class TorchSupernet {
    private static final int PART = SupernetCase.PART;

    /** Mean absolute error, Adam. */
    @State(Scope.Thread)
    public static class Training extends TorchSteps {
        /** Whether attention is the fused kernel, and not two products with a softmax between. */
        @Param("true")
        public boolean fused;

        private final List<Tensor> parameters = new ArrayList<>();
        private final Map<String, TensorOptional> named = new HashMap<>();
        private final Tensor[] x = new Tensor[SupernetCase.BATCHES];
        private final Tensor[] y = new Tensor[SupernetCase.BATCHES];
        private final Scalar[][][] shares = new Scalar[SupernetCase.BLOCKS][SupernetCase.EDGES][SupernetCase.OPERATORS];
        private final Scalar[][][] into = new Scalar[SupernetCase.BLOCKS][SupernetCase.NODES + 1][];
        private final Scalar scale = new Scalar(1 / Math.sqrt(PART));
        private Tensor roads;

        @Override
        protected void make() {
            dense("start.", SupernetCase.WIDTH, 1);
            put("times", SupernetCase.STEPS, SupernetCase.WIDTH);
            put("series", SupernetCase.SERIES, 1, SupernetCase.WIDTH);
            put("sources", SupernetCase.SERIES, SupernetCase.GRAPH);
            put("targets", SupernetCase.GRAPH, SupernetCase.SERIES);
            for (int b = 0; b < SupernetCase.BLOCKS; b++) {
                for (int e = 0; e < SupernetCase.EDGES; e++) {
                    edge("edges." + b + "." + e + ".");
                    shares[b][e] = scalars(SupernetCase.shares(b, e));
                }
                for (int to = 1; to <= SupernetCase.NODES; to++) {
                    into[b][to] = scalars(SupernetCase.into(b, to));
                }
                norm("norms." + b + ".", SupernetCase.WIDTH);
                dense("reads." + b + ".", SupernetCase.OUTPUT, SupernetCase.STEPS * SupernetCase.WIDTH);
            }
            dense("out.", SupernetCase.HORIZONS, SupernetCase.OUTPUT);
            roads = tensor(SupernetCase.roads(), SupernetCase.SERIES, SupernetCase.SERIES);
            for (int i = 0; i < x.length; i++) {
                x[i] = tensor(SupernetCase.x(i), SupernetCase.BATCH, SupernetCase.SERIES, SupernetCase.STEPS);
                y[i] = tensor(SupernetCase.y(i), SupernetCase.BATCH, SupernetCase.SERIES, SupernetCase.HORIZONS);
            }
            TensorVector all = new TensorVector();
            parameters.forEach(all::push_back);
            AdamOptions options = new AdamOptions(2e-3);
            options.weight_decay().put(1e-4);
            begin(new Adam(all, options), x.length, 3);
        }

        private static Scalar[] scalars(float[] numbers) {
            Scalar[] all = new Scalar[numbers.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = new Scalar(numbers[i]);
            }
            return all;
        }

        private static Tensor numbers(String name, long... shape) {
            int n = 1;
            for (long d : shape) {
                n *= Math.toIntExact(d);
            }
            return tensor(SupernetCase.numbers(name, n), shape);
        }

        private void put(String name, long... shape) {
            put(name, numbers(name, shape));
        }

        private void put(String name, Tensor p) {
            parameters.add(p.requires_grad_(true));
            named.put(name, new TensorOptional(p));
        }

        private void dense(String name, long to, long from) {
            put(name + "weight", to, from);
            put(name + "bias", to);
        }

        private void norm(String name, long width) {
            put(name + "weight", width);
            put(name + "bias", width);
        }

        private void edge(String name) {
            for (String kind : List.of("weight", "bias")) {
                long[] shape = kind.equals("weight") ? new long[] {PART, PART, 2} : new long[] {PART};
                put(
                        name + "gated." + kind,
                        torch.cat(new TensorVector(
                                numbers(name + "filter." + kind, shape), numbers(name + "gate." + kind, shape))));
            }
            dense(name + "mix.", PART, 5 * PART);
            for (String layer : List.of(name + "time.", name + "space.")) {
                put(layer + "self_attn.in_proj_weight", 3 * PART, PART);
                put(layer + "self_attn.in_proj_bias", 3 * PART);
                dense(layer + "self_attn.out_proj.", PART, PART);
                dense(layer + "linear1.", 2 * PART, PART);
                dense(layer + "linear2.", PART, 2 * PART);
                norm(layer + "norm1.", PART);
                norm(layer + "norm2.", PART);
            }
        }

        private TensorOptional maybe(String name) {
            return named.get(name);
        }

        private Tensor get(String name) {
            return named.get(name).get();
        }

        private Tensor linear(Tensor h, String name) {
            return torch.linear(h, get(name + "weight"), maybe(name + "bias"));
        }

        private Tensor norm(Tensor h, String name, long width) {
            return torch.layer_norm(h, new long[] {width}, maybe(name + "weight"), maybe(name + "bias"), 1e-5, false);
        }

        /** A layer of a Transformer on sequences [n, length, PART]. */
        private Tensor layer(Tensor h, String name) {
            Tensor qkv = linear(h, name + "self_attn.in_proj_");
            Tensor q = qkv.narrow(2, 0, PART);
            Tensor k = qkv.narrow(2, PART, PART);
            Tensor v = qkv.narrow(2, 2L * PART, PART);
            Tensor attended = fused
                    ? torch.scaled_dot_product_attention(
                                    q.unsqueeze(1),
                                    k.unsqueeze(1),
                                    v.unsqueeze(1),
                                    new TensorOptional(),
                                    0,
                                    false,
                                    new DoubleOptional(),
                                    false)
                            .squeeze(1)
                    : torch.bmm(torch.softmax(torch.bmm(q.mul(scale), k.transpose(1, 2)), -1), v);
            Tensor first = norm(linear(attended, name + "self_attn.out_proj.").add_(h), name + "norm1.", PART);
            Tensor hidden = torch.relu_(linear(first, name + "linear1."));
            return norm(linear(hidden, name + "linear2.").add_(first), name + "norm2.", PART);
        }

        /** What the operators make of h [batch, series, steps, PART], weighed. */
        private Tensor operators(Tensor h, String name, List<Tensor> graphs, Scalar[] parts) {
            long[] shape = {SupernetCase.BATCH, SupernetCase.SERIES, SupernetCase.STEPS, PART};
            Tensor sequences = h.reshape((long) SupernetCase.BATCH * SupernetCase.SERIES, SupernetCase.STEPS, PART);
            Tensor both = torch.conv1d(
                    torch.constant_pad_nd(sequences.transpose(1, 2), 2, 0),
                    get(name + "gated.weight"),
                    maybe(name + "gated.bias"),
                    new long[] {1},
                    new long[] {0},
                    new long[] {2},
                    1);
            Tensor gated = torch.tanh(both.narrow(1, 0, PART))
                    .mul(torch.sigmoid(both.narrow(1, PART, PART)))
                    .transpose(1, 2)
                    .reshape(shape);
            TensorVector reached = new TensorVector(h);
            for (Tensor graph : graphs) {
                Tensor at = h.reshape(SupernetCase.BATCH, SupernetCase.SERIES, (long) SupernetCase.STEPS * PART);
                for (int step = 0; step < 2; step++) {
                    at = torch.matmul(graph, at);
                    reached.push_back(at.view(shape));
                }
            }
            Tensor diffused = linear(torch.cat(reached, -1), name + "mix.");
            Tensor attended = layer(sequences, name + "time.").view(shape);
            Tensor across = layer(
                            h.transpose(1, 2)
                                    .reshape((long) SupernetCase.BATCH * SupernetCase.STEPS, SupernetCase.SERIES, PART),
                            name + "space.")
                    .view(SupernetCase.BATCH, SupernetCase.STEPS, SupernetCase.SERIES, PART)
                    .transpose(1, 2);
            return sum(List.of(h, gated, diffused, attended, across), parts);
        }

        private static Tensor sum(List<Tensor> terms, Scalar[] parts) {
            Tensor sum = terms.get(0).mul(parts[0]);
            for (int i = 1; i < terms.size(); i++) {
                sum = sum.add_(terms.get(i), parts[i]);
            }
            return sum;
        }

        private Tensor cell(int block, Tensor h, List<Tensor> graphs) {
            List<Tensor> nodes = new ArrayList<>(List.of(h));
            int e = 0;
            for (int to = 1; to <= SupernetCase.NODES; to++) {
                List<Tensor> given = new ArrayList<>();
                for (int from = 0; from < to; from++, e++) {
                    Tensor from0 = nodes.get(from);
                    int at = e % 4 * PART;
                    TensorVector all = new TensorVector(
                            from0.narrow(3, 0, at),
                            operators(
                                    from0.narrow(3, at, PART),
                                    "edges." + block + "." + e + ".",
                                    graphs,
                                    shares[block][e]),
                            from0.narrow(3, at + PART, SupernetCase.WIDTH - at - PART));
                    given.add(torch.cat(all, -1));
                }
                nodes.add(sum(given, into[block][to]));
            }
            Tensor sum = nodes.get(1);
            for (Tensor node : nodes.subList(2, nodes.size())) {
                sum = sum.add(node);
            }
            return sum;
        }

        private Tensor forecast(Tensor windows) {
            List<Tensor> graphs =
                    List.of(roads, torch.softmax(torch.relu(torch.matmul(get("sources"), get("targets"))), -1));
            Tensor h = linear(windows.unsqueeze(3), "start.").add(get("times")).add(get("series"));
            Tensor read = null;
            for (int b = 0; b < SupernetCase.BLOCKS; b++) {
                h = norm(h.add(cell(b, h, graphs)), "norms." + b + ".", SupernetCase.WIDTH);
                Tensor one = linear(
                        h.view(SupernetCase.BATCH, SupernetCase.SERIES, (long) SupernetCase.STEPS * SupernetCase.WIDTH),
                        "reads." + b + ".");
                read = read == null ? one : read.add(one);
            }
            return linear(torch.relu(read), "out.");
        }

        @Override
        Tensor loss(int i) {
            return forecast(x[i]).sub(y[i]).abs().mean();
        }

        @Override
        void close() {
            for (int i = 0; i < x.length; i++) {
                x[i].close();
                y[i].close();
            }
            roads.close();
            named.values().forEach(TensorOptional::close);
            parameters.forEach(Tensor::close);
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        training.step();
    }
}
