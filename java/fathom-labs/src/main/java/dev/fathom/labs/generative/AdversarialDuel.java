package dev.fathom.labs.generative;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.derivative.GradientPenalty;
import dev.fathom.experiments.Lab;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.optim.Group;
import dev.fathom.optim.Optimizer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The rules by which a generator and a critic are trained against each other.
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

    /** A training, and what was seen in the samples of the same noise after each epoch. */
    record Played<T>(Run history, List<T> seen) {}

    private record Look(String game, int epoch) {}

    /**
     * Trains both players, and takes a look at {@code shown} samples of the same noise after every epoch.
     *
     * @throws IllegalStateException if a loss is not finite or the critic has collapsed
     */
    <T> Played<T> play(
            Lab lab,
            String name,
            Model<Gan> model,
            Dataset data,
            int epochs,
            int shown,
            Class<T> type,
            Function<float[], T> look) {
        Gan net = model.net();
        float[] noise = lab.rng("shown").normal(shown * net.latent(), 0, 1);
        Function<Integer, T> at =
                epoch -> lab.part(new Look(name, epoch), type, () -> look.apply(net.samples(noise, net.labels(shown))));
        Map<Integer, T> seen = new TreeMap<>();
        float[] spread = {Float.POSITIVE_INFINITY};
        var trainer = inTurns(model, optimizer, turns, (n, examples) -> judge(n, examples, spread), this::draw)
                .callbacks(new Callback() {
                    @Override
                    public void onEpochEnd(Run training, EpochLog log) {
                        if (spread[0] < 1e-7f) {
                            throw new IllegalStateException("the critic has collapsed: at the end of epoch "
                                    + log.epoch() + " it gave real and generated examples all the same value; use a"
                                    + " lower learning rate or a smaller limit to its slope");
                        }
                        seen.put(log.epoch(), at.apply(log.epoch()));
                    }
                });
        if (clip < Float.POSITIVE_INFINITY) {
            trainer = trainer.groups(Group.of("critic.*").clipWeights(clip));
        }
        int round = batch * (turns + 1);
        try (Dataset whole = data.take(0, Math.max(1, data.size() / round) * round)) {
            Run history = lab.train(name, "examples", trainer, whole, batch, epochs);
            // a resumed run takes what it saw in its first epochs from their files
            for (int epoch = 1; epoch <= epochs; epoch++) {
                seen.computeIfAbsent(epoch, at);
            }
            return new Played<>(history, List.copyOf(seen.values()));
        }
    }

    private static Tensor fake(Gan net, Batch batch) {
        Tensor noise = Pass.current().randn(batch.size(), net.latent());
        return net.beside(net.generate(noise, batch.y()), batch.y());
    }

    private Step.Result judge(Gan net, Batch batch, float[] spread) {
        Tensor fake = fake(net, batch);
        Tensor real = net.beside(batch.x(), batch.y());
        Tensor high = net.critic().apply(real);
        Tensor low = net.critic().apply(fake);
        Tensor all = Tensor.concat(0, high, low);
        float most = all.max().item();
        spread[0] = (most - all.min().item()) / Math.max(1, Math.abs(most));
        Tensor value = game.value(high, low);
        Tensor loss = penalty == null
                ? value.neg()
                : penalty.between(net.critic()::apply, real, fake).sub(value);
        return new Step.Result(loss, value);
    }

    private Step.Result draw(Gan net, Batch batch) {
        Tensor fake = fake(net, batch);
        Tensor loss = matching
                ? mismatch(net, batch, fake)
                : game.generatorLoss(net.critic().apply(fake));
        return new Step.Result(loss, loss);
    }

    /** How far the mean features of the generated examples are from those of the real ones. */
    private static Tensor mismatch(Gan net, Batch batch, Tensor fake) {
        Layer features = net.critic().features();
        Tensor real = features.apply(net.beside(batch.x(), batch.y()));
        return real.mean(0).sub(features.apply(fake).mean(0)).square().sum();
    }

    // ---- turns

    /**
     * Training of the two players of a net, its {@code critic} and its {@code generator}, who learn in turns: a round
     * is some steps of the critic and one of the generator. Each is a step of one trainer, in which the other player is
     * frozen, so that a run can be stopped and resumed as any other. Its history has the mean value of the game and the
     * generator's loss of each epoch, as {@code value} and {@code generator}.
     *
     * @param turns how many steps the critic takes in a round
     * @param judge a step of the critic, whose output is the value of the game
     * @param draw a step of the generator, whose output is its loss
     */
    static <M extends Net> Trainer<M> inTurns(
            Model<M> model, Optimizer optimizer, int turns, Step<M> judge, Step<M> draw) {
        boolean[] critic = {true};
        return Trainer.<M>custom(model, optimizer, (net, batch) -> (critic[0] ? judge : draw).run(net, batch))
                .metrics(
                        Metric.higherIsBetter("value", (value, y) -> sum(critic[0], value, y)),
                        Metric.lowerIsBetter("generator", (loss, y) -> sum(!critic[0], loss, y)))
                .callbacks(new Callback() {
                    @Override
                    public void onForwardBegin(Run training, Pass pass) {
                        critic[0] = training.progress().step() % (turns + 1) < turns;
                        give(model, critic[0]);
                    }
                });
    }

    private static Metric.Sum sum(boolean counts, Tensor mean, Tensor y) {
        return counts ? Metric.Sum.ofMean(mean.item(), y.dim(0)) : new Metric.Sum(0, 0);
    }

    /** Lets one player learn while the other one is frozen. */
    static void give(Model<?> model, boolean critic) {
        model.unfreeze(critic ? "critic.*" : "generator.*");
        model.freeze(critic ? "generator.*" : "critic.*");
    }
}
