package dev.fathom.cli;

import dev.fathom.explain.ReceptiveField;
import dev.fathom.nets.AlexNet;
import dev.fathom.nets.CifarResNet;
import dev.fathom.nets.FractalNet;
import dev.fathom.nets.GoogLeNet;
import dev.fathom.nets.LeNet5;
import dev.fathom.nets.MnistCnn;
import dev.fathom.nets.MobileNetV2;
import dev.fathom.nets.PlainCnn;
import dev.fathom.nets.ResNet;
import dev.fathom.nets.SqueezeNet;
import dev.fathom.nets.TextbookCnn;
import dev.fathom.nets.Vgg;
import dev.fathom.nets.ZfNet;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Rng;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code fathom networks}: the table of docs/networks.md, counted and timed here. */
@Command(
        name = "networks",
        description = "Counts and times the networks that are known by name, one picture at a time.")
public final class Networks implements Callable<Integer> {
    private static final long NANOS = 2_000_000_000;
    private static final int RUNS = 5;

    /**
     * A network for pictures of one size.
     *
     * @param name as in the table
     * @param net makes it
     * @param side of its pictures
     * @param channels of its pictures
     */
    record Known(String name, Supplier<Layer> net, int side, int channels) {
        Shape picture() {
            return Shape.of(1, side, side, channels);
        }

        /** The row without its last column: name, picture, parameters, multiply-adds, receptive field. */
        static String counts(Known known, Model<Layer> model) {
            return String.format(
                    Locale.ROOT,
                    "| %s | %d x %d x %d | %,d | %,d | %.0f |",
                    known.name,
                    known.side,
                    known.side,
                    known.channels,
                    model.parameterCount(),
                    model.multiplyAdds(known.picture()),
                    field(ReceptiveField.of(model, known.picture())));
        }
    }

    static final List<Known> ALL = List.of(
            new Known("LeNet-5", () -> new LeNet5(10), 28, 1),
            new Known("PyTorch's MNIST example", MnistCnn::new, 28, 1),
            new Known("PlainCnn, 32 maps, depth 256", () -> new PlainCnn(1, 32, 256, 10), 28, 1),
            new Known("the textbook's figure 10.8", () -> TextbookCnn.figure(100), 32, 3),
            new Known("the textbook's lab", () -> TextbookCnn.lab(100), 32, 3),
            new Known("ResNet-20", () -> new CifarResNet(3, 10), 32, 3),
            new Known("FractalNet, 3 columns", () -> new FractalNet(3, 10), 32, 3),
            new Known("AlexNet", () -> AlexNet.alexnet(1000), 224, 3),
            new Known("AlexNet of 2012", () -> AlexNet.paper(1000), 224, 3),
            new Known("ZFNet", () -> new ZfNet(1000), 224, 3),
            new Known("VGG-11", () -> Vgg.vgg11(1000), 224, 3),
            new Known("VGG-11 with batch norm", () -> Vgg.vgg11_bn(1000), 224, 3),
            new Known("VGG-16", () -> Vgg.vgg16(1000), 224, 3),
            new Known("VGG-16 with batch norm", () -> Vgg.vgg16_bn(1000), 224, 3),
            new Known("VGG-19", () -> Vgg.vgg19(1000), 224, 3),
            new Known("VGG-19 with batch norm", () -> Vgg.vgg19_bn(1000), 224, 3),
            new Known("GoogLeNet", () -> GoogLeNet.googlenet(1000).withoutHeads(), 224, 3),
            new Known("GoogLeNet of 2014", () -> GoogLeNet.paper(1000).withoutHeads(), 224, 3),
            new Known("ResNet-18", () -> ResNet.resnet18(1000), 224, 3),
            new Known("ResNet-34", () -> ResNet.resnet34(1000), 224, 3),
            new Known("ResNet-50", () -> ResNet.resnet50(1000), 224, 3),
            new Known("ResNet-101", () -> ResNet.resnet101(1000), 224, 3),
            new Known("SqueezeNet 1.0", () -> SqueezeNet.squeezenet1_0(1000), 224, 3),
            new Known("SqueezeNet 1.1", () -> SqueezeNet.squeezenet1_1(1000), 224, 3),
            new Known("MobileNetV2", () -> new MobileNetV2(1000), 224, 3));

    private final PrintStream out;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "Only networks whose name contains this.")
    private @Nullable String part;

    @Mixin
    Help help;

    public Networks(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        List<Known> asked = ALL.stream()
                .filter(k -> part == null || k.name.toLowerCase(Locale.ROOT).contains(part.toLowerCase(Locale.ROOT)))
                .toList();
        if (asked.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "no network is called " + part + "; there are "
                            + String.join(", ", ALL.stream().map(Known::name).toList()));
        }
        out.println("| network | picture | parameters | multiply-adds | receptive field | ms |");
        out.println("| --- | --- | ---: | ---: | ---: | ---: |");
        for (Known known : asked) {
            try (var model = Model.of(known.net.get(), 1)) {
                double ms = milliseconds(known, model);
                out.printf(Locale.ROOT, ms < 1 ? "%s %.3f |%n" : "%s %.1f |%n", Known.counts(known, model), ms);
            }
        }
        return 0;
    }

    /** The largest field of a single place: that of the last maps before all their places are joined. */
    private static double field(List<ReceptiveField> rows) {
        return rows.stream()
                .map(row -> row.axes().get(0))
                .filter(axis -> axis.jump() > 0)
                .mapToDouble(ReceptiveField.Axis::field)
                .max()
                .orElseThrow();
    }

    /**
     * The fastest of the frozen network's runs within two seconds, five at least: what it takes where nothing else
     * runs.
     */
    private static double milliseconds(Known known, Model<Layer> model) {
        try (Plan plan = Plan.freeze(model, known.picture());
                Session session = plan.newSession()) {
            session.set(new Rng(1).normal(known.side * known.side * known.channels, 0, 1));
            double best = Double.POSITIVE_INFINITY;
            long began = System.nanoTime();
            for (int runs = 0; runs < RUNS || System.nanoTime() - began < NANOS; runs++) {
                long start = System.nanoTime();
                session.run();
                best = Math.min(best, (System.nanoTime() - start) / 1e6);
            }
            return best;
        }
    }
}
