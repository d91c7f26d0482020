package dev.fathom.bench;

import static dev.fathom.bench.Adversaries.BATCH;
import static dev.fathom.bench.Adversaries.CHANNELS;
import static dev.fathom.bench.Adversaries.LATENT;
import static dev.fathom.bench.Adversaries.TURNS;

import dev.fathom.bench.Adversaries.Numbers;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Group;
import dev.fathom.optim.RmsProp;
import dev.fathom.parameter.Variable;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Supplier;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A Wasserstein adversarial net as a user of Fathom writes it. */
@SuppressWarnings("try") // a pass is open, not read
public class FathomAdversaries {
    /** Images from noise. */
    record Generator(Linear dense, BatchNorm firstNorm, ConvTransposed up, BatchNorm secondNorm, ConvTransposed out)
            implements Layer {
        Generator() {
            this(
                    new Linear(LATENT, 7 * 7 * 2 * CHANNELS).withoutBias(),
                    new BatchNorm(2 * CHANNELS).act(Activation.RELU),
                    new ConvTransposed(2 * CHANNELS, CHANNELS, 4)
                            .stride(2)
                            .pad(1)
                            .withoutBias(),
                    new BatchNorm(CHANNELS).act(Activation.RELU),
                    new ConvTransposed(CHANNELS, 1, 4).stride(2).pad(1));
        }

        @Override
        public Tensor forward(Tensor z) {
            Tensor maps = firstNorm.apply(dense.apply(z).reshape(z.dim(0), 7, 7, 2 * CHANNELS));
            return out.apply(secondNorm.apply(up.apply(maps))).tanh();
        }
    }

    /** A height for each image. */
    record Critic(Conv in, Conv down, Linear dense) implements Layer {
        private static final Flatten FLATTEN = new Flatten();

        Critic() {
            this(
                    new Conv(1, CHANNELS, 4).stride(2).pad(1),
                    new Conv(CHANNELS, 2 * CHANNELS, 4).stride(2).pad(1),
                    new Linear(7 * 7 * 2 * CHANNELS, 1));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor maps = down.apply(in.apply(x).leakyRelu(0.2f)).leakyRelu(0.2f);
            return dense.apply(FLATTEN.apply(maps));
        }
    }

    /** Both. */
    record Nets(Generator generator, Critic critic) implements Net {}

    /** Rounds of steps on batches made before the clock starts. */
    @State(Scope.Thread)
    public static class Training {
        private final KeptTensor[] x = new KeptTensor[TURNS];
        private final KeptTensor[] z = new KeptTensor[TURNS + 1];
        private final Rng rng = new Rng(1);
        private Model<Nets> model;
        private BoundOptimizer critic;
        private BoundOptimizer generator;

        /** Makes nets and batches, and takes the first rounds. */
        @Setup(Level.Trial)
        public void setup() {
            model = Model.of(new Nets(new Generator(), new Critic()), 1);
            FathomNets.load(model, Training::numbers);
            RmsProp recipe = new RmsProp((float) Adversaries.RATE);
            critic = recipe.on(model.part(model.net().critic()), Group.of("*").clipWeights((float) Adversaries.CLIP));
            generator = recipe.on(model.part(model.net().generator()));
            for (int i = 0; i < z.length; i++) {
                int turn = i;
                z[i] = keep(() -> Tensor.of(Adversaries.noise(turn), BATCH, LATENT));
                if (i < x.length) {
                    x[i] = keep(() -> Tensor.of(Adversaries.images(turn), BATCH, 28, 28, 1));
                }
            }
            double gap;
            double scores = scores();
            try (Pass pass = Pass.train(rng)) {
                gap = gap(0).item();
            }
            double[] losses = {round(), round(), round()};
            Work.tell(Adversaries.told(gap, scores, losses, scores()));
        }

        private double scores() {
            try (Pass pass = Pass.infer()) {
                return Adversaries.scale(model.net().critic().apply(x[0]).toArray());
            }
        }

        /** What the critic makes small in a turn: the mean score of generated images less that of given ones. */
        private Tensor gap(int turn) {
            Nets nets = model.net();
            KeptTensor noise = z[turn];
            Tensor fake = Pass.noGrad(() -> nets.generator().apply(noise));
            return nets.critic()
                    .apply(fake)
                    .mean()
                    .sub(nets.critic().apply(x[turn]).mean());
        }

        private static float[] numbers(Variable held) {
            return Adversaries.all().stream()
                    .filter(n -> n.name().equals(held.name()))
                    .findFirst()
                    .map(Numbers::values)
                    .orElseGet(() -> {
                        if (!held.name().contains(".running_") && !held.name().endsWith("num_batches_tracked")) {
                            throw new IllegalStateException("no numbers for " + held.name());
                        }
                        float[] start = new float[(int) held.shape().size()];
                        if (held.name().endsWith("running_var")) {
                            Arrays.fill(start, 1);
                        }
                        return start;
                    });
        }

        private static KeptTensor keep(Supplier<Tensor> made) {
            try (Pass pass = Pass.infer()) {
                return made.get().keep();
            }
        }

        /** A round; the generator's loss is read. */
        double round() {
            Nets nets = model.net();
            for (int i = 0; i < TURNS; i++) {
                try (Pass pass = Pass.train(rng)) {
                    pass.backward(gap(i), model.part(nets.critic()));
                    critic.step();
                }
            }
            try (Pass pass = Pass.train(rng)) {
                Tensor fake = nets.generator().apply(z[TURNS]);
                Tensor loss = nets.critic().apply(fake).mean().neg();
                pass.backward(loss, model.part(nets.generator()));
                generator.step();
                return loss.item();
            }
        }

        /** Gives everything back. */
        @TearDown(Level.Trial)
        public void close() {
            for (KeptTensor t : x) {
                t.close();
            }
            for (KeptTensor t : z) {
                t.close();
            }
            critic.close();
            generator.close();
            model.close();
        }
    }

    /** One round. */
    @Benchmark
    public double train(Training training) {
        return training.round();
    }
}
