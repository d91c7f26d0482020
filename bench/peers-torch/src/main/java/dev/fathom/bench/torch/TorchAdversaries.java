package dev.fathom.bench.torch;

import static dev.fathom.bench.Adversaries.BATCH;
import static dev.fathom.bench.Adversaries.CHANNELS;
import static dev.fathom.bench.Adversaries.LATENT;
import static dev.fathom.bench.Adversaries.TURNS;
import static dev.fathom.bench.torch.TorchSteps.tensor;

import dev.fathom.bench.Adversaries;
import dev.fathom.bench.Adversaries.Numbers;
import dev.fathom.bench.Work;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.RMSprop;
import org.bytedeco.pytorch.RMSpropOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
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

/** A Wasserstein adversarial net in PyTorch: its operations, autograd and C++ optimizers. */
@SuppressWarnings("try") // scopes are closed, not used
public class TorchAdversaries {
    /** Rounds of steps on batches made before the clock starts. */
    @State(Scope.Thread)
    public static class Training {
        private static final long[] ONE = {1, 1};
        private static final long[] TWO = {2, 2};
        private static final long[] ZERO = {0, 0};

        /** Whether images and weights of convolutions are stored so. */
        @Param("true")
        public boolean channelsLast;

        private final Map<String, Tensor> numbers = new HashMap<>();
        private final Map<String, TensorOptional> optional = new HashMap<>();
        private final Tensor[] x = new Tensor[TURNS];
        private final Tensor[] z = new Tensor[TURNS + 1];
        private RMSprop critic;
        private RMSprop generator;

        /** Makes nets and batches, and takes the first rounds. */
        @Setup(Level.Trial)
        public void setup() {
            Context.setFlushDenormal(true);
            critic = optimizer(Adversaries.CRITIC);
            generator = optimizer(Adversaries.GENERATOR);
            for (String norm : List.of("first_norm", "second_norm")) {
                long channels = norm.equals("first_norm") ? 2L * CHANNELS : CHANNELS;
                put(norm + ".running_mean", torch.zeros(channels));
                put(norm + ".running_var", torch.ones(channels));
            }
            for (int i = 0; i < z.length; i++) {
                z[i] = tensor(Adversaries.noise(i), BATCH, LATENT);
                if (i < x.length) {
                    x[i] = stored(tensor(Adversaries.images(i), BATCH, 1, 28, 28));
                }
            }
            double gap;
            double scores = scale();
            try (PointerScope scope = new PointerScope()) {
                gap = gap(0).item_float();
            }
            double[] losses = {told(), told(), told()};
            Work.tell(Adversaries.told(gap, scores, losses, scale()));
        }

        private double told() {
            try (PointerScope scope = new PointerScope()) {
                return round();
            }
        }

        private double scale() {
            try (PointerScope scope = new PointerScope();
                    NoGradGuard guard = new NoGradGuard()) {
                float[] all = new float[BATCH];
                scores(x[0]).data_ptr_float().get(all);
                return Adversaries.scale(all);
            }
        }

        /** What the critic makes small in a turn: the mean score of generated images less that of given ones. */
        private Tensor gap(int turn) {
            Tensor fake;
            try (NoGradGuard guard = new NoGradGuard()) {
                fake = generate(z[turn]);
            }
            return judge(fake).sub(judge(x[turn]));
        }

        private RMSprop optimizer(List<Numbers> parameters) {
            TensorVector all = new TensorVector();
            for (Numbers n : parameters) {
                Tensor t = tensor(n.values(), n.shape());
                t = n.shape().length == 4 ? stored(t) : t;
                t.requires_grad_(true);
                put(n.name(), t);
                all.push_back(t);
            }
            return new RMSprop(all, new RMSpropOptions(Adversaries.RATE));
        }

        private Tensor stored(Tensor t) {
            return channelsLast ? t.contiguous(torch.MemoryFormat.ChannelsLast) : t;
        }

        private void put(String name, Tensor t) {
            numbers.put(name, t);
            optional.put(name, new TensorOptional(t));
        }

        private Tensor get(String name) {
            return numbers.get(name);
        }

        private TensorOptional maybe(String name) {
            return optional.get(name);
        }

        private Tensor norm(Tensor x, String name) {
            return torch.relu_(torch.batch_norm(
                    x,
                    maybe("generator." + name + ".weight"),
                    maybe("generator." + name + ".bias"),
                    maybe(name + ".running_mean"),
                    maybe(name + ".running_var"),
                    true,
                    0.1,
                    1e-5,
                    false));
        }

        private Tensor generate(Tensor noise) {
            Tensor dense = torch.linear(noise, get("generator.dense.weight"), new TensorOptional());
            // the numbers of a place lie side by side, as they do in Fathom
            Tensor maps = dense.view(BATCH, 7, 7, 2 * CHANNELS).permute(0, 3, 1, 2);
            Tensor first = norm(channelsLast ? maps : maps.contiguous(), "first_norm");
            Tensor up = torch.conv_transpose2d(
                    first, get("generator.up.weight"), new TensorOptional(), TWO, ONE, ZERO, 1, ONE);
            Tensor out = torch.conv_transpose2d(
                    norm(up, "second_norm"),
                    get("generator.out.weight"),
                    maybe("generator.out.bias"),
                    TWO,
                    ONE,
                    ZERO,
                    1,
                    ONE);
            return torch.tanh_(out);
        }

        private Tensor judge(Tensor images) {
            return scores(images).mean();
        }

        private Tensor scores(Tensor images) {
            Tensor in = torch.conv2d(images, get("critic.in.weight"), maybe("critic.in.bias"), TWO, ONE, ONE, 1);
            Tensor down =
                    torch.conv2d(leaky(in), get("critic.down.weight"), maybe("critic.down.bias"), TWO, ONE, ONE, 1);
            return torch.linear(
                    torch.flatten(leaky(down), 1, -1), get("critic.dense.weight"), maybe("critic.dense.bias"));
        }

        private static Tensor leaky(Tensor x) {
            return torch.leaky_relu_(x, new Scalar(0.2));
        }

        private void learn(List<Numbers> parameters, boolean on) {
            parameters.forEach(n -> get(n.name()).requires_grad_(on));
        }

        /** A round; the generator's loss is read. */
        double round() {
            for (int i = 0; i < TURNS; i++) {
                try (PointerScope scope = new PointerScope()) {
                    critic.zero_grad();
                    gap(i).backward();
                    critic.step();
                    try (NoGradGuard guard = new NoGradGuard()) {
                        for (Numbers n : Adversaries.CRITIC) {
                            get(n.name())
                                    .clamp_(
                                            new ScalarOptional(new Scalar(-Adversaries.CLIP)),
                                            new ScalarOptional(new Scalar(Adversaries.CLIP)));
                        }
                    }
                }
            }
            learn(Adversaries.CRITIC, false);
            generator.zero_grad();
            Tensor loss = judge(generate(z[TURNS])).neg();
            loss.backward();
            generator.step();
            learn(Adversaries.CRITIC, true);
            return loss.item_float();
        }

        /** Gives everything back. */
        @TearDown(Level.Trial)
        public void close() {
            for (Tensor t : x) {
                t.close();
            }
            for (Tensor t : z) {
                t.close();
            }
            critic.close();
            generator.close();
            optional.values().forEach(TensorOptional::close);
            numbers.values().forEach(Tensor::close);
        }
    }

    /** One round. */
    @Benchmark
    public double train(Training training) {
        try (PointerScope scope = new PointerScope()) {
            return training.round();
        }
    }
}
