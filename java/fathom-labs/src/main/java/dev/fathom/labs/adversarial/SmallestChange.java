package dev.fathom.labs.adversarial;

import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.LBfgs;
import dev.fathom.optim.LossAndGradient;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/**
 * The smallest change r that L-BFGS finds so that the network says a target (Szegedy et al. 2014): r minimizes c |r|² +
 * cross-entropy(x + r, target) with x + r between black and white, and c is the largest at which the network says it,
 * found for each image by halving the interval of its logarithm.
 *
 * @param rounds how often the interval is halved
 * @param iterations of L-BFGS in a round
 */
record SmallestChange(int rounds, int iterations) implements Attack {
    private static final double LEAST = 1e-4;
    private static final double MOST = 10;

    private record Change(Parameter r) implements Net {}

    /**
     * The images changed as little as was found; one that could not be changed so that the network says its target
     * stays as it is.
     */
    @Override
    public float[] of(Victim victim, float[] x, int[] targets) {
        int n = targets.length;
        int size = x.length / n;
        double[] low = new double[n];
        double[] high = new double[n];
        Arrays.fill(low, Math.log(LEAST));
        Arrays.fill(high, Math.log(MOST));
        float[] best = x.clone();
        for (int round = 0; round < rounds; round++) {
            float[] c = new float[n];
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

    private float[] minimized(Victim victim, float[] x, int[] targets, float[] c) {
        int size = x.length / targets.length;
        Change change = new Change(new Parameter(Shape.of(targets.length, size), (shape, rng) -> new float[x.length]));
        try (Model<Change> model = Model.of(change, 0);
                BoundOptimizer optimizer = new LBfgs().iterations(iterations).on(model)) {
            LossAndGradient evaluation = () -> {
                try (Pass pass = Pass.grad()) {
                    Tensor r = change.r.value();
                    Tensor loss = changed(victim, x, r)
                            .crossEntropy(Tensor.ofInts(targets, targets.length))
                            .mul(targets.length)
                            .add(r.square().sum(1).mul(Tensor.of(c, c.length)).sum());
                    pass.backward(loss, model);
                    return loss.item();
                }
            };
            evaluation.compute();
            optimizer.step(evaluation);
            try (Pass pass = Pass.infer()) {
                return inside(victim, x, change.r.value()).toArray();
            }
        }
    }

    private static Tensor changed(Victim victim, float[] x, Tensor r) {
        return victim.net().apply(inside(victim, x, r));
    }

    private static Tensor inside(Victim victim, float[] x, Tensor r) {
        Tensor images = victim.batch(x);
        return images.add(r.reshape(images.shape())).clamp(victim.low(), victim.high());
    }
}
