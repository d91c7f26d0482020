package dev.fathom.bench;

import dev.fathom.io.Safetensors;
import dev.fathom.nets.AlexNet;
import dev.fathom.nets.GoogLeNet;
import dev.fathom.nets.LeNet5;
import dev.fathom.nets.MobileNetV2;
import dev.fathom.nets.ResNet;
import dev.fathom.nets.SqueezeNet;
import dev.fathom.nets.TextbookCnn;
import dev.fathom.nets.Vgg;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Variable;
import dev.fathom.plan.Plan;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Convolutional networks as a user of Fathom takes them from the library: trained eagerly, served frozen. */
@SuppressWarnings("try") // a pass is open, not read
public class FathomNets {
    /** The library's network of this name. */
    static Model<Layer> library(String net) {
        return Model.of(
                switch (net) {
                    case "lenet" -> new LeNet5(10);
                    case "cifar" -> TextbookCnn.lab(100);
                    case "resnet18" -> ResNet.resnet18(1000);
                    case "resnet50" -> ResNet.resnet50(1000);
                    case "squeezenet" -> SqueezeNet.squeezenet1_1(1000);
                    case "mobilenetv2" -> new MobileNetV2(1000);
                    case "googlenet" -> GoogLeNet.googlenet(1000);
                    case "alexnet" -> AlexNet.alexnet(1000);
                    case "vgg16" -> Vgg.vgg16(1000);
                    default -> throw new IllegalArgumentException(net);
                },
                1);
    }

    /** The library's network of this name, with the numbers of {@link Network}. */
    static Model<Layer> model(String net) {
        Model<Layer> model = library(net);
        Map<String, float[]> numbers = numbers(Network.of(net));
        load(
                model,
                held -> held.name().endsWith("num_batches_tracked")
                        ? new float[1]
                        : Objects.requireNonNull(numbers.get(held.name()), held.name()));
        return model;
    }

    /** Gives the model's parameters and buffers these numbers, by way of a file. */
    static void load(Model<?> model, Function<Variable, float[]> numbers) {
        List<Variable> all = new ArrayList<>(model.parameters());
        model.buffers().stream().filter(b -> !b.derived()).forEach(all::add);
        Safetensors.Writer writer = new Safetensors.Writer();
        for (Variable held : all) {
            writer.add(held.name(), held.fileShape(), FloatBuffer.wrap(numbers.apply(held)));
        }
        try {
            Path file = Files.createTempFile("fathom", ".safetensors");
            writer.write(file);
            model.load(file);
            Files.delete(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, float[]> numbers(Network network) {
        Map<String, float[]> numbers = new HashMap<>();
        for (Network.Step step : network.steps()) {
            step.numbers().forEach((number, values) -> numbers.put(step.name() + "." + number, values));
        }
        return numbers;
    }

    private static float[] images(Network network, int seed, int batch) {
        return Work.swap(network.images(seed, batch), batch, network.channels(), network.side() * network.side());
    }

    private static int[] shape(Network network, int batch) {
        return new int[] {batch, network.side(), network.side(), network.channels()};
    }

    /** Cross-entropy: forward, backward, step on batches made before; the loss is not read. */
    @State(Scope.Thread)
    public static class Training {
        /** Which {@link Network}. */
        @Param("lenet")
        public String net;

        /** Images of a batch. */
        @Param("64")
        public int batch;

        private final Rng rng = new Rng(1);
        private KeptTensor[] x;
        private KeptTensor[] y;
        private Model<Layer> model;
        private BoundOptimizer optimizer;
        private int next;
        private double first;

        /** Makes the network and the batches, and takes the first steps. */
        @Setup(Level.Trial)
        public void setup() {
            Network network = Network.of(net);
            model = model(net);
            Optimizer rule = switch (net) {
                case "lenet" -> new Adam(1e-3f);
                case "cifar" -> new RmsProp(1e-4f);
                default -> new Sgd(1e-2f).momentum(0.9f);
            };
            optimizer = rule.on(model);
            x = new KeptTensor[network.batches()];
            y = new KeptTensor[network.batches()];
            for (int i = 0; i < x.length; i++) {
                try (Pass pass = Pass.infer()) {
                    x[i] = Tensor.of(images(network, i, batch), shape(network, batch))
                            .keep();
                    y[i] = Tensor.ofInts(network.labels(i, batch), batch).keep();
                }
            }
            drop(false);
            first = loss();
            Work.tell(first, loss(), loss());
            drop(true);
        }

        /** Turns dropout on or off. */
        private void drop(boolean on) {
            if (net.equals("cifar")) {
                if (on) {
                    model.train();
                } else {
                    model.eval("9");
                }
            }
        }

        void step() {
            int i = next++ % x.length;
            try (Pass pass = Pass.train(rng)) {
                pass.backward(model.net().apply(x[i]).crossEntropy(y[i]));
                optimizer.step();
            }
        }

        /** A step whose loss is read. */
        private double loss() {
            int i = next++ % x.length;
            try (Pass pass = Pass.train(rng)) {
                Tensor loss = model.net().apply(x[i]).crossEntropy(y[i]);
                pass.backward(loss);
                optimizer.step();
                return loss.item();
            }
        }

        /** The loss of the first batch must have fallen. */
        @TearDown(Level.Trial)
        public void check() {
            drop(false);
            next = 0;
            Work.checkFell(first, loss());
            for (int i = 0; i < x.length; i++) {
                x[i].close();
                y[i].close();
            }
            optimizer.close();
            model.close();
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        training.step();
    }

    /** A frozen network at batch 1, from float[] to float[]. */
    @State(Scope.Thread)
    public static class Frozen {
        /** Which {@link Network}. */
        @Param("lenet")
        public String net;

        /** How the plan stores matrices and filters: F32, or a {@link dev.fathom.plan.Quantization}. */
        @Param("F32")
        public String weights;

        private Served served;

        /** Freezes the network, or takes that of the turn before. */
        @Setup(Level.Trial)
        public void setup() throws Exception {
            served = Kept.of(this::frozen, Served::close);
        }

        private Served frozen() {
            Network network = Network.of(net);
            try (Model<Layer> model = model(net)) {
                Plan plan = FathomMlp.stored(Plan.freeze(model, Shape.of(shape(network, 1))), weights);
                return new Served(plan, images(network, 1, 1));
            }
        }

        float[] answer() {
            return served.answer();
        }

        /** The answer is that of the other contenders. */
        @TearDown(Level.Trial)
        public void check() {
            Work.tell(answer());
        }
    }

    /** One answer. */
    @Benchmark
    public float[] answer(Frozen frozen) {
        return frozen.answer();
    }
}
