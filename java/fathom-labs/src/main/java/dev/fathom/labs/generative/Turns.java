package dev.fathom.labs.generative;

import dev.fathom.data.Batch;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.optim.Optimizer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;

/**
 * The two players of a net, its {@code critic} and its {@code generator}, who learn in turns. A round is some steps of
 * the critic and one of the generator. Each is a step of one trainer, in which the other player is frozen, so that a
 * run can be stopped and resumed as any other.
 */
final class Turns<M extends Net> implements Step<M>, Callback {
    private final Model<M> model;
    private final int turns;
    private final Step<M> judge;
    private final Step<M> draw;
    private boolean critic;

    private Turns(Model<M> model, int turns, Step<M> judge, Step<M> draw) {
        this.model = model;
        this.turns = turns;
        this.judge = judge;
        this.draw = draw;
    }

    /**
     * Training whose history has the mean value of the game and the generator's loss of each epoch, as {@code value}
     * and {@code generator}.
     *
     * @param turns how many steps the critic takes in a round
     * @param judge a step of the critic, whose output is the value of the game
     * @param draw a step of the generator, whose output is its loss
     */
    static <M extends Net> Trainer<M> trainer(
            Model<M> model, Optimizer optimizer, int turns, Step<M> judge, Step<M> draw) {
        Turns<M> players = new Turns<>(model, turns, judge, draw);
        return Trainer.custom(model, optimizer, players)
                .metrics(
                        Metric.higherIsBetter("value", (value, y) -> sum(players.critic, value, y)),
                        Metric.lowerIsBetter("generator", (loss, y) -> sum(!players.critic, loss, y)))
                .callbacks(players);
    }

    private static Metric.Sum sum(boolean counts, Tensor mean, Tensor y) {
        return counts ? Metric.Sum.ofMean(mean.item(), y.dim(0)) : new Metric.Sum(0, 0);
    }

    @Override
    public void onForwardBegin(Run training, Pass pass) {
        critic = training.progress().step() % (turns + 1) < turns;
        give(model, critic);
    }

    /** Lets one player learn while the other one is frozen. */
    static void give(Model<?> model, boolean critic) {
        model.unfreeze(critic ? "critic.*" : "generator.*");
        model.freeze(critic ? "generator.*" : "critic.*");
    }

    @Override
    public Result run(M net, Batch batch) {
        return (critic ? judge : draw).run(net, batch);
    }
}
