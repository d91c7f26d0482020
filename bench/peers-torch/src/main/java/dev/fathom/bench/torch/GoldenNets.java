package dev.fathom.bench.torch;

import static dev.fathom.bench.torch.Goldens.maybe;

import dev.fathom.bench.torch.Goldens.Input;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Networks in PyTorch's own layout, trained for ten steps on one batch of images. A file of theirs is the state_dict
 * that they begin with, in float16 to be small; names with a slash are no parameters: images {@code io/x} [n, c, h, w]
 * and their {@code io/labels}, with {@code io/y} what the network says in evaluation before it is trained; then for
 * each run {@code RUN/loss} before each step, {@code RUN/NAME} a parameter at the end or running statistics with a row
 * for each step, and {@code RUN/y} what the network then says in evaluation.
 */
@SuppressWarnings("try") // scopes are closed, not used
final class GoldenNets {
    private static final long[] ONE = {1, 1};
    private static final long[] TWO = {2, 2};
    private static final int STEPS = 10;

    /** Of a parameter that is larger the file has every seventh number, in their order. */
    private static final int LARGE = 5000;

    private static final int SAMPLE = 7;

    /** What a network says, in training or in evaluation, of {@code io/x} with these parameters and statistics. */
    private interface Net {
        Tensor of(Map<String, Tensor> state, Tensor x, boolean training);
    }

    private final Goldens to;
    private final Net net;
    private final Map<String, Tensor> start = new LinkedHashMap<>();
    private Tensor x;
    private Tensor labels;

    private GoldenNets(Goldens to, String name, Net net) {
        this.to = to.seed(name);
        this.net = net;
    }

    /** Weight decay and momentum, or Adam with an epsilon that keeps it from dividing by next to nothing. */
    static void leNet5(Goldens to) {
        try (PointerScope scope = new PointerScope()) {
            GoldenNets net = new GoldenNets(to, "LeNet-5", (p, image, training) -> {
                Tensor s2 = torch.max_pool2d(torch.relu(conv(p, "c1", image, 1, 2)), TWO);
                Tensor s4 = torch.max_pool2d(torch.relu(conv(p, "c3", s2, 1, 0)), TWO);
                Tensor c5 = torch.relu(linear(p, "c5", torch.flatten(s4, 1, -1)));
                return linear(p, "output", torch.relu(linear(p, "f6", c5)));
            });
            net.begin("c1.weight", -0.2, 0.2, 6, 1, 5, 5);
            net.begin("c1.bias", -0.2, 0.2, 6);
            net.begin("c3.weight", -0.1, 0.1, 16, 6, 5, 5);
            net.begin("c3.bias", -0.1, 0.1, 16);
            net.begin("c5.weight", -0.06, 0.06, 120, 400);
            net.begin("c5.bias", -0.06, 0.06, 120);
            net.begin("f6.weight", -0.12, 0.12, 84, 120);
            net.begin("f6.bias", -0.12, 0.12, 84);
            net.begin("output.weight", -0.15, 0.15, 10, 84);
            net.begin("output.bias", -0.15, 0.15, 10);
            net.images(to.x(0, 1, 11, 1, 28, 28), to.whole(10, 11));
            net.train("momentum", p -> GoldenTraining.sgd(p, 0.05f, 0.9f, 0, false, 5e-4f));
            net.train("adam", p -> GoldenTraining.adam(p, 1e-3f, 0.9f, 0.999f, 1e-3f, 0));
        }
    }

    /** The first block of a stage of a residual network, and classes from the mean of each map. */
    static void block(Goldens to) {
        try (PointerScope scope = new PointerScope()) {
            GoldenNets net = new GoldenNets(to, "block", (p, image, training) -> {
                Tensor y = norm(p, "block.bn1", conv(p, "block.conv1", image, 2, 1), training);
                y = norm(p, "block.bn2", conv(p, "block.conv2", torch.relu(y), 1, 1), training);
                Tensor shortcut = norm(p, "block.downsample.1", conv(p, "block.downsample.0", image, 2, 0), training);
                return linear(
                        p, "fc", torch.flatten(torch.adaptive_avg_pool2d(torch.relu(y.add(shortcut)), ONE), 1, -1));
            });
            net.begin("block.conv1.weight", -0.3, 0.3, 5, 3, 3, 3);
            net.beginNorm("block.bn1", 5);
            net.begin("block.conv2.weight", -0.3, 0.3, 5, 5, 3, 3);
            net.beginNorm("block.bn2", 5);
            net.begin("block.downsample.0.weight", -0.6, 0.6, 5, 3, 1, 1);
            net.beginNorm("block.downsample.1", 5);
            net.begin("fc.weight", -0.4, 0.4, 4, 5);
            net.begin("fc.bias", -0.4, 0.4, 4);
            net.images(to.x(-1, 2, 7, 3, 7, 6), to.whole(4, 7));
            net.train("momentum", p -> GoldenTraining.sgd(p, 0.1f, 0.9f, 0, false, 0));
        }
    }

    private void begin(String name, double low, double high, long... shape) {
        Tensor t = to.x(low, high, shape).tensor().detach().to(torch.ScalarType.Half);
        to.put(name, t, torch.ScalarType.Half);
        start.put(name, t.to(torch.ScalarType.Double));
    }

    private void beginNorm(String name, long channels) {
        begin(name + ".weight", 0.5, 1.5, channels);
        begin(name + ".bias", -0.5, 0.5, channels);
        begin(name + ".running_mean", -1, 1, channels);
        begin(name + ".running_var", 0.5, 2, channels);
        to.put(name + ".num_batches_tracked", torch.zeros(new long[] {}), torch.ScalarType.Long);
    }

    private static Tensor conv(Map<String, Tensor> p, String name, Tensor x, long stride, long pad) {
        return torch.conv2d(
                x,
                p.get(name + ".weight"),
                maybe(p.get(name + ".bias")),
                new long[] {stride, stride},
                new long[] {pad, pad},
                ONE,
                1);
    }

    private static Tensor norm(Map<String, Tensor> p, String name, Tensor x, boolean training) {
        return torch.batch_norm(
                x,
                maybe(p.get(name + ".weight")),
                maybe(p.get(name + ".bias")),
                maybe(p.get(name + ".running_mean")),
                maybe(p.get(name + ".running_var")),
                training,
                0.1f,
                1e-5f,
                false);
    }

    private static Tensor linear(Map<String, Tensor> p, String name, Tensor x) {
        return torch.linear(x, p.get(name + ".weight"), maybe(p.get(name + ".bias")));
    }

    private void images(Input images, Input ofEach) {
        x = images.constant().tensor();
        labels = ofEach.tensor();
        to.put("io/x", x);
        to.put("io/labels", labels);
        to.put("io/y", net.of(start, x, false));
    }

    private void train(String run, Function<TensorVector, Optimizer> recipe) {
        Map<String, Tensor> state = new LinkedHashMap<>();
        Map<String, List<Tensor>> statistics = new LinkedHashMap<>();
        TensorVector parameters = new TensorVector();
        start.forEach((name, t) -> {
            state.put(name, t.clone());
            if (name.contains(".running_")) {
                statistics.put(name, new ArrayList<>());
            } else {
                parameters.push_back(state.get(name).requires_grad_(true));
            }
        });
        Optimizer optimizer = recipe.apply(parameters);
        float[] losses = new float[STEPS];
        for (int step = 0; step < STEPS; step++) {
            Tensor loss = torch.cross_entropy_loss(net.of(state, x, true), labels);
            losses[step] = (float) loss.item_double();
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
            statistics.forEach((name, rows) -> rows.add(state.get(name).clone()));
        }
        to.put(run + "/loss", Goldens.floats(losses, STEPS));
        state.forEach((name, end) -> {
            List<Tensor> rows = statistics.get(name);
            to.put(
                    run + "/" + name,
                    rows == null ? sample(end) : torch.stack(new TensorVector(rows.toArray(Tensor[]::new)), 0));
        });
        to.put(run + "/y", net.of(state, x, false));
    }

    private static Tensor sample(Tensor t) {
        return t.numel() <= LARGE
                ? t
                : torch.slice(torch.flatten(t), 0, new LongOptional(0), new LongOptional(t.numel()), SAMPLE);
    }
}
