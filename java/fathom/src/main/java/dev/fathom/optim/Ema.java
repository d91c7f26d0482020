package dev.fathom.optim;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;

/**
 * Keeps an exponential moving average of the weights beside any recipe (Polyak and Juditsky 1992): after every step, a
 * += (1 - decay) (w - a), and a = w after the first step, as PyTorch's AveragedModel has it with such an avg_fn. With
 * bias correction, a is the average that begins at 0 divided by 1 - decay^t, as in Adam: a += (1 - decay) / (1 -
 * decay^t) (w - a) after step t. Without it, the first weights count for as much as all the later ones in the
 * beginning.
 *
 * <p>A trainer validates with the averages and leaves them in the model at the end; in a loop of your own,
 * {@link BoundOptimizer#swapAverages} puts them into the model and out again. They are saved with the optimizer's
 * state. Since the running statistics of batch norms belong to other weights, the trainer computes them anew from the
 * training batches each time; in a loop of your own, {@code trainer.recalibrate} does.
 *
 * <pre>{@code
 * Trainer.of(model, loss, new Ema(new Adam(1e-3f), 0.999f))
 * }</pre>
 *
 * @param inner the recipe that takes the steps
 * @param decay the share of the average that stays at each step, in [0, 1)
 * @param corrected whether the bias of the first steps is corrected
 */
public record Ema(Optimizer inner, float decay, boolean corrected) implements Around {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if the decay is outside [0, 1), or the inner recipe keeps an average itself
     */
    public Ema {
        Checks.in("EMA", "decay", decay, "[0, 1)");
        Swa.unaveraged("EMA", inner);
    }

    /** Averages without bias correction. */
    public Ema(Optimizer inner, float decay) {
        this(inner, decay, false);
    }

    /** Returns this recipe with bias correction. */
    public Ema withCorrection() {
        return Records.with(this, "corrected", true);
    }

    @Override
    public int moments() {
        return inner.moments() + 1;
    }

    @Override
    public int average(long steps) {
        return steps == 0 ? -1 : inner.moments();
    }

    @Override
    public void step(Update update) {
        inner.step(update);
        update.constrain();
        update.each(p -> {
            double part = 1 - (double) decay;
            if (corrected) {
                part /= Rule.correction(decay, p.step());
            }
            Tensor a = p.moment(inner.moments());
            p.moment(
                    inner.moments(),
                    p.step() == 1 ? p.value() : a.add(p.value().sub(a).mul((float) part)));
        });
    }
}
