package dev.fathom.labs.generative;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.derivative.GradientPenalty;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.nn.Model;
import dev.fathom.optim.Group;
import dev.fathom.optim.Optimizer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The rules by which a generator and a critic are trained against each other. A round is {@code turns} steps of the
 * critic and one of the generator. Each is a step of one trainer, in which the other player is frozen, so that a run
 * can be stopped and resumed as any other.
 *
 * @param turns how many steps the critic takes in a round
 * @param clip the largest weight of the critic; infinite for no limit
 * @param penalty on the slope of the critic, or null
 * @param matching whether the generator matches the mean features of the critic instead of its output (Salimans et al.
 *     2016)
 */
record AdversarialDuel(
        Game game,
        int turns,
        int batch,
        Optimizer optimizer,
        float clip,
        @Nullable GradientPenalty penalty,
        boolean matching) {
    /** A game of one step each, without limits to the critic. */
    AdversarialDuel(Game game, int batch, Optimizer optimizer) {
        this(game, 1, batch, optimizer, Float.POSITIVE_INFINITY, null, false);
    }

    AdversarialDuel matchingFeatures() {
        return new AdversarialDuel(game, turns, batch, optimizer, clip, penalty, true);
    }

    /**
     * Trains both players, and keeps {@code shown} samples of the same noise after every epoch in the album of the
     * folder.
     *
     * @return the mean value of the game and the generator's loss of every epoch, as {@code value} and
     *     {@code generator}
     * @throws IllegalStateException if a loss is not finite or the critic has collapsed, after what there is was
     *     written into the folder
     */
    Run train(LabRun run, String name, Model<Gan> model, Dataset data, int epochs, int shown) {
        Path folder = Album.folder(run, name);
        int round = batch * (turns + 1);
        try (Dataset whole = data.take(0, Math.max(1, data.size() / round) * round)) {
            Players players = new Players(model, new Album(folder), run.seed(), shown);
            var trainer = Trainer.custom(model, optimizer, players)
                    .seed(run.seed())
                    .metrics(
                            Metric.higherIsBetter(
                                    "value",
                                    (v, x) ->
                                            players.critic ? Metric.Sum.ofMean(v.item(), batch) : new Metric.Sum(0, 0)),
                            Metric.lowerIsBetter(
                                    "generator",
                                    (v, x) ->
                                            players.critic ? new Metric.Sum(0, 0) : Metric.Sum.ofMean(v.item(), batch)))
                    .callbacks(players);
            if (clip < Float.POSITIVE_INFINITY) {
                trainer = trainer.groups(Group.of("critic.*").clipWeights(clip));
            }
            run.training().say("%n== %s", name);
            trainer = run.training().attach(trainer, folder, "examples");
            try {
                return trainer.fit(whole.shuffled(run.seed()).batches(batch), epochs);
            } catch (IllegalStateException e) {
                keep(run, folder, players.history, model, "gan.safetensors");
                throw e;
            }
        }
    }

    /** Lets one player learn while the other one is frozen. */
    static void give(Model<?> model, boolean critic) {
        model.unfreeze(critic ? "critic.*" : "generator.*");
        model.freeze(critic ? "generator.*" : "critic.*");
    }

    /** Writes what there is of a training that failed. */
    static void keep(LabRun run, Path folder, @Nullable Run history, Model<?> model, String file) {
        if (history != null && !history.epochs().isEmpty()) {
            history.writeCsv(folder.resolve("history.csv"));
        }
        model.save(folder.resolve(file));
        run.training().say("%nThe figures so far and the weights are in %s.", folder);
    }

    /** Whose turn it is, and what both do. */
    private final class Players implements Step<Gan>, Callback {
        private final Model<Gan> model;
        private final Album album;
        private final float[] noise;
        private final int[] labels;
        private boolean critic;
        private boolean last;
        private float spread = Float.POSITIVE_INFINITY;
        private @Nullable Run history;

        Players(Model<Gan> model, Album album, long seed, int shown) {
            this.model = model;
            this.album = album;
            noise = new Rng(seed).split("shown").normal(shown * model.net().latent(), 0, 1);
            labels = new int[shown];
            for (int i = 0; i < shown; i++) {
                labels[i] = i % Math.max(1, model.net().classes());
            }
        }

        @Override
        public void onTrainBegin(Run training) {
            history = training;
        }

        @Override
        public void onForwardBegin(Run training, Pass pass) {
            critic = training.progress().step() % (turns + 1) < turns;
            last = training.progress().step() == training.progress().steps() - 2;
            give(model, critic);
        }

        @Override
        public Step.Result run(Gan net, Batch batch) {
            Tensor labels = batch.y();
            Tensor noise = Pass.current().randn(batch.size(), net.latent());
            Tensor fake = net.beside(net.generate(noise, labels), labels);
            if (critic) {
                Tensor real = net.beside(batch.x(), labels);
                Tensor high = net.critic().apply(real);
                Tensor low = net.critic().apply(fake);
                spread = last ? range(Tensor.concat(0, high, low)) : spread;
                Tensor value = game.value(high, low);
                Tensor loss = penalty == null
                        ? value.neg()
                        : penalty.between(net.critic()::apply, real, fake).sub(value);
                return new Step.Result(loss, value);
            }
            Tensor loss = matching
                    ? mismatch(net.critic(), net.beside(batch.x(), labels), fake)
                    : game.generatorLoss(net.critic().apply(fake));
            return new Step.Result(loss, loss);
        }

        /** The squared distance between the mean features of real and of generated examples. */
        private static Tensor mismatch(Gan.Critic critic, Tensor real, Tensor fake) {
            Tensor gap = critic.features()
                    .apply(real)
                    .mean(0)
                    .sub(critic.features().apply(fake).mean(0));
            return gap.square().sum();
        }

        private static float range(Tensor outputs) {
            return outputs.max().sub(outputs.min()).item()
                    / Math.max(1, Math.abs(outputs.max().item()));
        }

        @Override
        public void onEpochEnd(Run training, EpochLog log) {
            if (spread < 1e-7f) {
                throw new IllegalStateException("the critic has collapsed: at the end of epoch " + log.epoch()
                        + " it gave real and generated examples all the same value; use a lower learning rate"
                        + " or a smaller limit to its slope");
            }
            album.add(log.epoch(), Gan.samples(model.net(), noise, labels));
        }
    }
}
