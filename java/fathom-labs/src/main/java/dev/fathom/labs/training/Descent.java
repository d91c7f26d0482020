package dev.fathom.labs.training;

import dev.fathom.labs.experiments.Run;
import dev.fathom.nn.Model;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * Steps on all examples at once, for the small problems of the plane that need no batches, no checkpoints and no bar.
 *
 * @param recipe the optimizer
 * @param schedule of the learning rate, in steps
 * @param steps how many
 */
public record Descent(Optimizer recipe, Schedule schedule, int steps) {
    /** Steps whose rate falls to 0 as half a cosine wave does. */
    public static Descent cosine(Optimizer recipe, int steps) {
        return new Descent(recipe, Schedule.cosine(steps), steps);
    }

    /** Makes {@code loss} small; false where it was interrupted. */
    public boolean run(Run run, Model<?> model, Supplier<Tensor> loss) {
        return run(run, model, loss, step -> {});
    }

    /** Makes {@code loss} small and calls {@code before} with the number of steps that have been taken before each step and at the end. */
    public boolean run(Run run, Model<?> model, Supplier<Tensor> loss, IntConsumer before) {
        Rng rng = new Rng(run.seed()).split("descent");
        try (var optimizer = recipe.on(model)) {
            for (int step = 0; step < steps; step++) {
                if (run.interrupt().requested()) {
                    return false;
                }
                before.accept(step);
                optimizer.learningRate((float) (recipe.learningRate() * schedule.factor(step, step)));
                try (Pass pass = Pass.train(rng)) {
                    pass.backward(loss.get(), model);
                    optimizer.step();
                }
            }
        }
        before.accept(steps);
        return true;
    }
}
