package dev.fathom.bench.torch;

import dev.fathom.bench.Network;
import dev.fathom.bench.Work;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.RMSprop;
import org.bytedeco.pytorch.RMSpropOptions;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Convolutional networks in PyTorch: its operations, autograd and C++ optimizers, in place where that is allowed. */
@SuppressWarnings("try") // scopes are closed, not used
public class TorchNets {
    /** Forward, backward, step on batches made before; the loss is not read. */
    @State(Scope.Thread)
    public static class Training {
        private static final long[] ONE = {1, 1};

        /** Which {@link Network}. */
        @Param("lenet")
        public String net;

        /** Images of a batch. */
        @Param("64")
        public int batch;

        /** Whether images and weights of convolutions are stored so. */
        @Param("true")
        public boolean channelsLast;

        private final Map<String, Tensor> numbers = new HashMap<>();
        private final Map<String, TensorOptional> optional = new HashMap<>();
        private Network network;
        private Tensor[] x;
        private Tensor[] y;
        private Optimizer optimizer;
        private boolean drop;
        private int next;
        private double first;

        /** Makes the network and the batches, and takes the first steps. */
        @Setup(Level.Trial)
        public void setup() {
            network = Network.of(net);
            TensorVector parameters = new TensorVector();
            for (Network.Step step : network.steps()) {
                step.numbers().forEach((number, values) -> {
                    Tensor t = tensor(values, step.shape(number));
                    numbers.put(step.name() + "." + number, t);
                    optional.put(step.name() + "." + number, new TensorOptional(t));
                    if (!number.startsWith("running")) {
                        t.requires_grad_(true);
                        parameters.push_back(t);
                    }
                });
            }
            optimizer = optimizer(parameters);
            int batches = network.batches();
            x = new Tensor[batches];
            y = new Tensor[batches];
            for (int i = 0; i < batches; i++) {
                x[i] = tensor(network.images(i, batch), batch, network.channels(), network.side(), network.side());
                y[i] = torch.tensor(
                        Arrays.stream(network.labels(i, batch)).asLongStream().toArray());
            }
            first = step();
            Work.tell(first, step(), step());
            drop = true;
        }

        private Tensor tensor(float[] values, long... shape) {
            try (FloatPointer p = new FloatPointer(values)) {
                Tensor t = torch.from_blob(p, shape);
                return shape.length == 4 && channelsLast
                        ? t.clone().contiguous(torch.MemoryFormat.ChannelsLast)
                        : t.clone();
            }
        }

        private Optimizer optimizer(TensorVector parameters) {
            switch (net) {
                case "lenet":
                    return new Adam(parameters, new AdamOptions(1e-3));
                case "cifar":
                    return new RMSprop(parameters, new RMSpropOptions(1e-4));
                default:
                    SGDOptions options = new SGDOptions(1e-2);
                    options.momentum().put(0.9);
                    return new SGD(parameters, options);
            }
        }

        private Tensor forward(Tensor image) {
            Tensor[] values = new Tensor[network.steps().size() + 1];
            values[0] = image;
            for (int i = 0; i < network.steps().size(); i++) {
                Network.Step s = network.steps().get(i);
                Tensor v = values[s.x()];
                values[i + 1] = switch (s.op()) {
                    case CONV ->
                        torch.conv2d(
                                v, weight(s), optional(s, "bias"), both(s.stride()), both(s.pad()), ONE, s.groups());
                    case NORM ->
                        torch.batch_norm(
                                v,
                                optional(s, "weight"),
                                optional(s, "bias"),
                                optional(s, "running_mean"),
                                optional(s, "running_var"),
                                true,
                                0.1,
                                1e-5,
                                false);
                    case LINEAR -> torch.linear(v, weight(s), optional(s, "bias"));
                    case RELU -> torch.relu_(v);
                    case RELU6 -> torch.relu6_(v);
                    case ADD -> v.add_(values[s.y()]);
                    case CONCAT -> torch.cat(new TensorVector(v, values[s.y()]), 1);
                    case MAX_POOL -> torch.max_pool2d(v, both(s.kernel()), both(s.stride()), both(s.pad()), ONE, false);
                    case MEAN -> torch.flatten(torch.adaptive_avg_pool2d(v, ONE), 1, -1);
                    case FLATTEN -> torch.flatten(v, 1, -1);
                    case DROPOUT -> drop ? torch.dropout(v, 0.5, true) : v;
                };
            }
            return values[values.length - 1];
        }

        private static long[] both(int n) {
            return new long[] {n, n};
        }

        private Tensor weight(Network.Step s) {
            return numbers.get(s.name() + ".weight");
        }

        private TensorOptional optional(Network.Step s, String number) {
            TensorOptional t = optional.get(s.name() + "." + number);
            return t == null ? new TensorOptional() : t;
        }

        /** A step whose loss is read. */
        double step() {
            try (PointerScope scope = new PointerScope()) {
                return run().item_float();
            }
        }

        private Tensor run() {
            int i = next++ % x.length;
            optimizer.zero_grad();
            Tensor loss = torch.cross_entropy_loss(forward(x[i]), y[i]);
            loss.backward();
            optimizer.step();
            return loss;
        }

        /** The loss of the first batch must have fallen. */
        @TearDown(Level.Trial)
        public void check() {
            drop = false;
            next = 0;
            Work.checkFell(first, step());
            for (int i = 0; i < x.length; i++) {
                x[i].close();
                y[i].close();
            }
            optional.values().forEach(TensorOptional::close);
            numbers.values().forEach(Tensor::close);
            optimizer.close();
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        try (PointerScope scope = new PointerScope()) {
            training.run();
        }
    }
}
