package dev.fathom.nets;

import dev.fathom.nn.Init;
import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;

/**
 * y [.., j] = exp(-||x - c[j]||^2 / (2 s[j]^2)), Gaussian radial basis functions of x [.., in] (Broomhead and Lowe
 * 1988; Bishop 2006, 6.3): 1 at the center c[j], and close to 0 at a few widths s[j] from it. With a linear layer
 * behind it, it is an RBF network. Centers and widths are trained, unless they are frozen; they are often examples, or
 * the centers of clusters.
 *
 * <p>The differences of all rows and centers are made as a tensor [.., units, in], without the loss of digits that
 * ||x||^2 - 2 x c + ||c||^2 has.
 *
 * @param centers c [units, in]
 * @param logWidths log s [units], so that widths stay above 0
 */
public record RadialBasis(Parameter centers, Parameter logWidths) implements StepwiseLayer {
    /**
     * Makes a layer whose centers begin at random from the normal distribution, as standardized features are, and whose
     * widths begin at sqrt(in), a typical distance of such features from 0.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public RadialBasis(int in, int units) {
        this(in, units, (float) Math.sqrt(Checks.atLeast("RadialBasis", "in", in, 1)), Init.normal(0, 1));
    }

    /**
     * Makes a layer whose centers [units, in] begin as {@code init} says, and whose widths all begin at {@code width}.
     *
     * @throws IllegalArgumentException if a size is below 1, or the width not above 0 and finite
     */
    public RadialBasis(int in, int units, float width, Initializer init) {
        this(new Parameter(sized(in, units), init), new Parameter(Shape.of(units), Init.constant(log(width))));
    }

    private static Shape sized(int in, int units) {
        return Shape.of(Checks.atLeast("RadialBasis", "units", units, 1), Checks.atLeast("RadialBasis", "in", in, 1));
    }

    private static float log(float width) {
        return (float) Math.log(Checks.positive("RadialBasis", "width", width));
    }

    /**
     * Makes a layer with these centers, one after another, and one width for all.
     *
     * @throws IllegalArgumentException if a size is below 1, there are not units times in numbers, or the width is not
     *     above 0 and finite
     */
    public static RadialBasis of(float[] centers, int in, float width) {
        Checks.atLeast("RadialBasis", "in", in, 1);
        if (centers.length % in != 0) {
            throw new IllegalArgumentException("RadialBasis: " + centers.length + " numbers are no centers of in=" + in
                    + " features each; give a multiple of in");
        }
        float[] own = centers.clone();
        return new RadialBasis(in, own.length / in, width, (shape, rng) -> own.clone());
    }

    /** @throws IllegalArgumentException if x has another number of features, or six dimensions */
    @Override
    public Tensor forward(Tensor x) {
        Checks.lastDimension("RadialBasis", "x", x.shape(), centers.shape().dim(1));
        Checks.oneMoreDimension("RadialBasis", x.shape());
        Tensor squares = x.unsqueeze(-2).sub(centers.value()).square().sum(-1);
        return squares.mul(logWidths.value().mul(-2).exp()).mul(-0.5f).exp();
    }
}
