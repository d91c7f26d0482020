package dev.fathom.nets;

import dev.fathom.nn.Init;
import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.tensor.Tensor;

/**
 * y = x / T: what softmax makes of the logits y is flatter than that of x where T &gt; 1, and steeper where T &lt; 1;
 * the order stays. A T that is trained alone, with the rest of the net frozen, on examples that the net has not seen,
 * calibrates its probabilities (Guo et al. 2017). A fixed T is the one of distillation (Hinton et al. 2015).
 *
 * <pre>{@code
 * var model = Model.adopt(new Sequential(trained, Temperature.learned(1)), 1);
 * model.freeze("0.*");                                              // what was trained before
 * }</pre>
 *
 * @param temperature T [1]: a parameter if it is learned, and a buffer if it is fixed
 */
public record Temperature(Variable temperature) implements StepwiseLayer {
    /**
     * Makes a layer whose T stays as it is. It is saved with the model, and a file that lacks it loads all the same.
     *
     * @throws IllegalArgumentException if it is not above 0 and finite
     */
    public static Temperature fixed(float value) {
        Checks.positive("Temperature", "value", value);
        return new Temperature(Buffer.derived(Shape.of(1), Init.constant(value)));
    }

    /**
     * Makes a layer whose T is trained and begins at {@code start}.
     *
     * @throws IllegalArgumentException if it is not above 0 and finite
     */
    public static Temperature learned(float start) {
        Checks.positive("Temperature", "start", start);
        return new Temperature(new Parameter(Shape.of(1), Init.constant(start)));
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.div(temperature.value());
    }
}
