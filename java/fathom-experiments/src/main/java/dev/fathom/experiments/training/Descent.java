package dev.fathom.experiments.training;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.Stopped;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.NonFiniteLossException;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Steps on all examples at once, for the small problems of the plane that need no batches, no checkpoints and no bar.
 *
 * @param recipe the optimizer
 * @param schedule of the learning rate, in steps
 * @param steps how many
 */
public record Descent(Optimizer recipe, Schedule schedule, int steps) {
    /** Steps of Adam whose rate falls to 0 as half a cosine wave does. */
    public static Descent adam(float rate, int steps) {
        return new Descent(new Adam(rate), Schedule.cosine(steps), steps);
    }

    /**
     * Makes {@code loss} small.
     *
     * @throws Stopped if a person ended the run
     */
    public void run(Lab lab, Model<?> model, Supplier<Tensor> loss) {
        run(lab, model, loss, step -> {});
    }

    /**
     * Makes {@code loss} small and calls {@code before} with the number of steps that have been taken before each step
     * and at the end.
     *
     * @throws Stopped if a person ended the run
     */
    public void run(Lab lab, Model<?> model, Supplier<Tensor> loss, IntConsumer before) {
        Rng rng = lab.rng("descent");
        try (var optimizer = recipe.on(model)) {
            for (int step = 0; step < steps; step++) {
                lab.check();
                before.accept(step);
                optimizer.learningRate((float) (recipe.learningRate() * schedule.factor(step, step)));
                step(model, optimizer, rng, loss);
            }
        }
        before.accept(steps);
    }

    /**
     * Takes a step that makes {@code loss} smaller, for trainings that are written without a trainer.
     *
     * @throws NonFiniteLossException if the loss or the norm of its gradients is not finite; the weights are those
     *     before the step
     */
    public static void step(Model<?> model, BoundOptimizer optimizer, Rng rng, Supplier<Tensor> loss) {
        try (Pass pass = Pass.train(rng)) {
            Tensor value = loss.get();
            float number = value.item();
            if (!Float.isFinite(number)) {
                throw nonFinite("the loss, " + number + ",", optimizer, null);
            }
            pass.backward(value, model);
            try {
                optimizer.step();
            } catch (ArithmeticException e) {
                throw nonFinite("the norm of the gradients", optimizer, e);
            }
        }
    }

    private static NonFiniteLossException nonFinite(String what, BoundOptimizer optimizer, @Nullable Throwable cause) {
        return new NonFiniteLossException(
                line(
                        "%s is not finite at a learning rate of %s; lower the rate, or make the numbers smaller "
                                + "that the network learns from",
                        what, optimizer.learningRate()),
                cause);
    }
}
