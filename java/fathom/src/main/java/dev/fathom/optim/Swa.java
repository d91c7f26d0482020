package dev.fathom.optim;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;

/**
 * Stochastic weight averaging (Izmailov et al. 2018) beside any recipe: the equal average of the weights after the
 * steps first, first + every, first + 2 every, ... of each parameter, a += (w - a) / n with the n-th of them. PyTorch's
 * AveragedModel. It is used with a high constant or cyclical learning rate at the end of training.
 *
 * <p>A trainer validates with the averages as soon as there are any and leaves them in the model at the end. Since
 * running statistics of batch norms belong to other weights, the trainer computes them anew from the training batches
 * each time (PyTorch's update_bn). In a loop of your own, {@link BoundOptimizer#swapAverages} puts the averages into
 * the model and out again. They are saved with the optimizer's state.
 *
 * <pre>{@code
 * int steps = batches.steps();
 * // of epochs 15 to 20
 * Trainer.of(model, loss, new Swa(new Sgd(0.05f).momentum(0.9f), 15 * steps, steps)).fit(batches, 20);
 * }</pre>
 *
 * @param inner the recipe that takes the steps
 * @param first the number of the first step whose weights count, from 1
 * @param every number of steps between weights that count
 */
public record Swa(Optimizer inner, long first, long every) implements Around {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if a number is less than 1, or the inner recipe keeps an average itself
     */
    public Swa {
        Checks.atLeast("SWA", "first", first, 1);
        Checks.atLeast("SWA", "every", every, 1);
        unaveraged("SWA", inner);
    }

    static void unaveraged(String who, Optimizer inner) {
        if (inner.average(Long.MAX_VALUE) >= 0) {
            throw new IllegalArgumentException(who + ": " + inner + " keeps an average already; keep one of the two");
        }
    }

    @Override
    public int moments() {
        return inner.moments() + 1;
    }

    @Override
    public int average(long steps) {
        return steps < first ? -1 : inner.moments();
    }

    @Override
    public void step(Update update) {
        inner.step(update);
        update.constrain();
        update.each(p -> {
            long since = p.step() - first;
            if (since >= 0 && since % every == 0) {
                Tensor a = p.moment(inner.moments());
                p.moment(inner.moments(), a.add(p.value().sub(a).div((float) (since / every + 1))));
            }
        });
    }
}
