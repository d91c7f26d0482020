package dev.fathom.attention;

import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Steps;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * y[b, t] = x[b, t] + weight[t], with a vector that is learned for each position (Gehring et al. 2017).
 *
 * @param weight [positions, width]
 */
public record LearnedPositions(Parameter weight) implements Layer {
    /**
     * Makes a vector for each position. The vectors begin with normal numbers of deviation 0.02, as in BERT and GPT-2.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public LearnedPositions(int positions, int width) {
        this(positions, width, Init.normal(0, 0.02f));
    }

    /**
     * Makes a vector for each position. The vectors begin as {@code init} says.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public LearnedPositions(int positions, int width, Initializer init) {
        this(new Parameter(sized("LearnedPositions", positions, width), init));
    }

    static Shape sized(String who, int positions, int width) {
        return Shape.of(Checks.atLeast(who, "positions", positions, 1), Checks.atLeast(who, "width", width, 1));
    }

    @Override
    public Steps stepReading() {
        return Steps.PADDED_BEHIND;
    }

    /**
     * @throws IllegalArgumentException if x is not [batch, tokens, width], or has more tokens than there are positions
     */
    @Override
    public Tensor forward(Tensor x) {
        return Positions.add("LearnedPositions", x, weight.value(), null);
    }

    /** Adds positions to tokens that follow past[b] earlier tokens in row b, where past is I32 [batch]. */
    public Tensor apply(Tensor x, Tensor past) {
        return Pass.frame(this, () -> Positions.add("LearnedPositions", x, weight.value(), past));
    }
}
