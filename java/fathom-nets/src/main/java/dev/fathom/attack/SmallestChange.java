package dev.fathom.attack;

import dev.fathom.derivative.LBfgs;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.LossAndGradient;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/**
 * The smallest change r that L-BFGS finds so that the network says a target (Szegedy et al. 2014): r minimizes c |r|² +
 * cross-entropy(x + r, target) with x + r between black and white, and c is the largest from 1e-4 to 10 at which the
 * network says it, found for each image by halving the interval of its logarithm. The labels are the targets. An image
 * for which there is no such c stays as it is.
 *
 * @param rounds how often the interval is halved
 * @param iterations of L-BFGS in a round
 */
public record SmallestChange(int rounds, int iterations) implements Attack {
    private static final double LEAST = Math.log(1e-4);
    private static final double MOST = Math.log(10);

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is less than 1
     */
    public SmallestChange {
        Checks.atLeast("smallest_change", "rounds", rounds, 1);
        Checks.atLeast("smallest_change", "iterations", iterations, 1);
    }

    private record Change(Parameter r) implements Net {
        /** x + r, kept between black and white. */
        Tensor of(Victim victim, float... x) {
            Tensor images = victim.batch(x);
            return images.add(r.value().reshape(images.shape())).clamp(victim.low(), victim.high());
        }
    }

    @Override
    public float[] of(Victim victim, float[] x, int... targets) {
        victim.check(x, targets);
        int n = targets.length;
        int size = x.length / n;
        double[] low = new double[n];
        double[] high = new double[n];
        Arrays.fill(low, LEAST);
        Arrays.fill(high, MOST);
        float[] best = x.clone();
        float[] c = new float[n];
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < n; i++) {
                c[i] = (float) Math.exp(round == 0 ? low[i] : (low[i] + high[i]) / 2);
            }
            float[] changed = minimized(victim, x, targets, c);
            int[] said = victim.answers(changed).classes();
            for (int i = 0; i < n; i++) {
                boolean fooled = said[i] == targets[i];
                (fooled ? low : high)[i] = Math.log(c[i]);
                if (fooled) {
                    System.arraycopy(changed, i * size, best, i * size, size);
                }
            }
        }
        return best;
    }

    private float[] minimized(Victim victim, float[] x, int[] targets, float... c) {
        int n = targets.length;
        Change change = new Change(new Parameter(Shape.of(n, x.length / n), (shape, rng) -> new float[x.length]));
        try (Model<Change> model = Model.of(change, 0);
                BoundOptimizer optimizer = new LBfgs().iterations(iterations).on(model)) {
            LossAndGradient evaluation = () -> {
                try (Pass pass = Pass.grad()) {
                    Tensor squares = change.r.value().square().sum(1);
                    Tensor loss = victim.net()
                            .apply(change.of(victim, x))
                            .crossEntropy(Tensor.ofInts(targets, n))
                            .mul(n)
                            .add(squares.mul(Tensor.of(c, n)).sum());
                    pass.backward(loss, model);
                    return loss.item();
                }
            };
            evaluation.compute();
            optimizer.step(evaluation);
            try (Pass pass = Pass.infer()) {
                return change.of(victim, x).toArray();
            }
        }
    }
}
