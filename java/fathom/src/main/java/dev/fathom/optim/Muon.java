package dev.fathom.optim;

import dev.fathom.nn.Trainable;
import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import java.util.List;

/**
 * Muon (Jordan et al. 2024) for the matrices of hidden layers, and another recipe for everything else: B = momentum B +
 * g; O is the matrix nearest to g + momentum B (to B without Nesterov's form) whose rows or columns are orthonormal; w
 * -= lr weightDecay w; w -= lr max(1, rows / columns)^0.5 O. PyTorch's Muon with adjust_lr_fn "original". A weight with
 * more than two dimensions, such as that of a convolution, is a matrix [first dimension, product of the others].
 *
 * <p>O comes from {@code iterations} of a Newton-Schulz iteration on X = G / |G|: A = X X^T; X = a X + (b A + c A^2) X
 * with a = 3.4445, b = -4.7750 and c = 2.0315, which bring singular values into about [0.7, 1.2]. It is computed in
 * float32, where PyTorch computes in bfloat16.
 *
 * <p>Parameters with fewer than two dimensions are trained by {@code others}, with its own learning rate, which the
 * schedule and the groups scale in the same way, and so are those whose names match one of {@code patterns}: embeddings
 * and the output layer, by the author's advice.
 *
 * <pre>{@code
 * new Muon(0.02f).others(new AdamW(3e-4f), "embedding.*", "head.*")
 * }</pre>
 *
 * @param learningRate lr
 * @param momentum the factor of B, in [0, 1)
 * @param nesterov whether the gradient is added once more
 * @param iterations number of Newton-Schulz iterations
 * @param weightDecay the factor of w, times lr, that a step subtracts
 * @param others the recipe of the other parameters
 * @param patterns names of matrices that belong to the others, in which * stands for anything
 */
public record Muon(
        float learningRate,
        float momentum,
        boolean nesterov,
        int iterations,
        float weightDecay,
        Optimizer others,
        List<String> patterns)
        implements WeightDecaying<Muon> {
    private static final float A = 3.4445f;
    private static final float B = -4.7750f;
    private static final float C = 2.0315f;

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if the learning rate is not positive and finite, the momentum outside [0, 1),
     *     the weight decay negative, there is no iteration, or the others' recipe evaluates the loss again
     */
    public Muon {
        Checks.learningRate("Muon", learningRate);
        Checks.in("Muon", "momentum", momentum, "[0, 1)");
        Checks.atLeast("Muon", "iterations", iterations, 1);
        Checks.notNegative("Muon", "weightDecay", weightDecay);
        Rule.evaluatesOnce("Muon", others);
        patterns = List.copyOf(patterns);
    }

    /**
     * Uses the author's numbers: momentum 0.95 in Nesterov's form, five iterations and no weight decay; the others by
     * AdamW with rate 3e-4, betas 0.9 and 0.95, and no weight decay.
     */
    public Muon(float learningRate) {
        this(
                learningRate,
                0.95f,
                true,
                5,
                0,
                new AdamW(3e-4f).betas(0.9f, 0.95f).weightDecay(0),
                List.of());
    }

    /**
     * Returns this optimizer with another momentum, in Nesterov's form or without it.
     *
     * @throws IllegalArgumentException if it is outside [0, 1)
     */
    public Muon momentum(float m, boolean inNesterovsForm) {
        return Records.with(this, "momentum", m, "nesterov", inNesterovsForm);
    }

    /**
     * Returns this optimizer with another recipe for the other parameters, to which matrices with these names now
     * belong.
     *
     * @throws IllegalArgumentException if the recipe evaluates the loss again
     */
    public Muon others(Optimizer recipe, String... matrices) {
        return Records.with(this, "others", recipe, "patterns", List.of(matrices));
    }

    @Override
    public int moments() {
        return Math.max(1, others.moments());
    }

    @Override
    public void step(Update update) {
        update.each(p -> {
            if (orthogonal(p)) {
                Tensor g = p.gradient();
                Tensor b = p.moment(0).mul(momentum).add(g);
                p.moment(0, b);
                Tensor o = orthogonalized((nesterov ? g.add(b.mul(momentum)) : b).flatten(1));
                double ratio = Math.sqrt(Math.max(1, (double) o.dim(0) / o.dim(1)));
                p.value(p.value()
                        .mul(1 - p.learningRate() * p.weightDecay())
                        .sub(o.reshape(p.value().shape()).mul((float) (p.learningRate() * ratio))));
            }
        });
        update.with(others, p -> !orthogonal(p));
    }

    private boolean orthogonal(Update.Part p) {
        return p.value().shape().rank() > 1
                && patterns.stream().noneMatch(pattern -> Trainable.matches(pattern, p.name()));
    }

    /** The Newton-Schulz iteration on the side with fewer rows, whose products are smaller. */
    private Tensor orthogonalized(Tensor g) {
        boolean tall = g.dim(0) > g.dim(1);
        Tensor x = tall ? g.transpose(0, 1) : g;
        x = x.div(Math.max(x.norm().item(), 1e-7f));
        for (int i = 0; i < iterations; i++) {
            Tensor a = x.matmulTransposed(x);
            x = x.mul(A).add(a.mul(B).add(a.matmul(a).mul(C)).matmul(x));
        }
        return tall ? x.transpose(0, 1) : x;
    }
}
