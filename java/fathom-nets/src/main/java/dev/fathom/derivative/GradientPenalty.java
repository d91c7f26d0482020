package dev.fathom.derivative;

import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.function.UnaryOperator;

/**
 * weight times the mean over examples of (||g|| - center)^2, where g is the gradient of a critic's output D(x) with
 * respect to its input x: a critic of a Wasserstein GAN is kept near slope 1 so, and other networks near slope 0. A
 * step of such a critic is
 *
 * <pre>{@code
 * GradientPenalty penalty = GradientPenalty.twoSided(10);
 * try (Pass pass = Pass.train(rng)) {
 *   Tensor gap = critic.apply(fake).mean().sub(critic.apply(real).mean());
 *   pass.backward(gap.add(penalty.between(critic::apply, real, fake)));
 * }
 * optimizer.step();
 * }</pre>
 *
 * <p>The gradient of the penalty with respect to the parameters is exact: with v = g / ||g|| held constant, it is that
 * of the sum of 2 weight / n (||g|| - center) times the derivative of D along v, by {@link Linearization}. PyTorch
 * takes it by {@code autograd.grad(.., create_graph=True)}. Where ||g|| is 0 it is 0. Every op of the critic needs a
 * tangent; recurrent layers and CTC have none. The penalty takes about three times the critic's memory.
 *
 * @param weight the factor of the penalty, 0 or more
 * @param center the norm that is not punished, 0 or more
 * @param oneSided whether norms below the center are not punished either
 */
public record GradientPenalty(float weight, float center, boolean oneSided) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is negative, infinite or NaN
     */
    public GradientPenalty {
        if (!(weight >= 0 && weight < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "gradient_penalty: weight=" + weight + "; give a finite number of 0 or more");
        }
        if (!(center >= 0 && center < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("gradient_penalty: center=" + center
                    + " is the norm that is not punished; give a finite number of 0 or more");
        }
    }

    /**
     * Returns weight (||g|| - 1)^2: WGAN-GP (Gulrajani et al. 2017), whose weight is 10.
     *
     * @throws IllegalArgumentException if the weight is negative, infinite or NaN
     */
    public static GradientPenalty twoSided(float weight) {
        return new GradientPenalty(weight, 1, false);
    }

    /**
     * Returns weight max(0, ||g|| - 1)^2, which lets the critic be flatter: WGAN-LP (Petzka et al. 2018).
     *
     * @throws IllegalArgumentException if the weight is negative, infinite or NaN
     */
    public static GradientPenalty oneSided(float weight) {
        return new GradientPenalty(weight, 1, true);
    }

    /**
     * Returns gamma / 2 ||g||^2, for real examples: R1 (Mescheder et al. 2018).
     *
     * @throws IllegalArgumentException if gamma is negative, infinite or NaN
     */
    public static GradientPenalty r1(float gamma) {
        return new GradientPenalty(gamma / 2, 0, false);
    }

    /**
     * Returns the penalty at points between real and generated examples: x = e real + (1 - e) fake, with e uniform in
     * [0, 1) for each example.
     *
     * @param critic D, from examples [n, ..] to a number for each; it must treat each example apart, so no batch norm
     * @throws IllegalArgumentException if the shapes differ, or as {@link #at}
     * @throws IllegalStateException if the pass has no random numbers, or as {@link #at}
     */
    public Tensor between(UnaryOperator<Tensor> critic, Tensor real, Tensor fake) {
        if (!real.shape().equals(fake.shape())) {
            throw new IllegalArgumentException("gradient_penalty: real " + real.shape() + " and fake " + fake.shape()
                    + " differ; give batches of one shape, so that each real example has a generated one");
        }
        checkExamples(real);
        return at(critic, Pass.noGrad(() -> {
            int[] each = new int[real.shape().rank()];
            Arrays.fill(each, 1);
            each[0] = real.dim(0);
            Tensor e = Pass.current().uniform(Shape.of(each), 0, 1);
            return fake.add(e.mul(real.sub(fake)));
        }));
    }

    /**
     * Returns the penalty at these points, a scalar. Points are constants: no gradient flows to what made them.
     *
     * @param critic D, from examples [n, ..] to a number for each; it must treat each example apart, so no batch norm
     * @throws IllegalArgumentException if x has no examples
     * @throws IllegalStateException if the pass does not record, or the critic's result does not depend on x
     * @throws UnsupportedOperationException if an op of the critic has no tangent
     */
    public Tensor at(UnaryOperator<Tensor> critic, Tensor x) {
        checkExamples(x);
        Pass pass = Pass.current();
        Tensor points = pass.watch(x.detach());
        Linearization sum = Linearization.of(() -> critic.apply(points).sum());
        pass.backward(sum.value(), points);
        Tensor g = pass.gradient(points);
        if (g == null) {
            throw new IllegalStateException(
                    "gradient_penalty: the critic does not depend on its input; let it compute with the tensor that it"
                            + " is given");
        }
        int n = x.dim(0);
        int[] each = new int[x.shape().rank()];
        Arrays.fill(each, 1);
        each[0] = n;
        Tensor norm = g.reshape(n, -1).norm(1);
        Tensor excess = oneSided ? norm.sub(center).relu() : norm.sub(center);
        Tensor pull = center == 0 ? Tensor.ones(n) : norm.eq(0).where(Tensor.scalar(0), excess.div(norm));
        Tensor slope = sum.along(points, g.mul(pull.mul(2 * weight / n).reshape(each)));
        // the value is the penalty's, the gradient the slope's
        return slope.sub(slope.detach()).add(excess.square().mean().mul(weight));
    }

    private static void checkExamples(Tensor x) {
        if (x.shape().rank() < 1 || x.size() == 0) {
            throw new IllegalArgumentException(
                    "gradient_penalty: x " + x.shape() + " has no examples; give [n, ..] with at least one");
        }
    }
}
