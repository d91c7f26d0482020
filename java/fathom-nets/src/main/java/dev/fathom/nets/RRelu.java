package dev.fathom.nets;

import dev.fathom.nn.StepwiseLayer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * y = x for x &gt; 0, else a x. In training each element has a slope a of its own, drawn uniformly from [lower, upper);
 * in evaluation a is their mean, (lower + upper) / 2 (Xu et al. 2015). It is PyTorch's RReLU.
 *
 * @param lower the smallest slope
 * @param upper the bound of the largest slope
 */
public record RRelu(float lower, float upper) implements StepwiseLayer {
    /**
     * Checks the slopes.
     *
     * @throws IllegalArgumentException unless 0 &lt;= lower &lt;= upper and upper is finite
     */
    public RRelu {
        if (!(lower >= 0 && lower <= upper && upper < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("RRelu: lower=" + lower + " and upper=" + upper
                    + " are the range of slopes and must be finite with 0 <= lower <= upper");
        }
    }

    /** Makes a layer with the slopes of the paper and of PyTorch, from 1/8 to 1/3. */
    public RRelu() {
        this(1 / 8f, 1 / 3f);
    }

    @Override
    public Tensor forward(Tensor x) {
        Pass pass = Pass.current();
        return pass.training() ? x.prelu(pass.uniform(x.shape(), lower, upper)) : x.leakyRelu((lower + upper) / 2);
    }
}
