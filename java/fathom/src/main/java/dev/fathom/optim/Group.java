package dev.fathom.optim;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * Settings for some of an optimizer's parameters: those whose names match a pattern, in which * stands for anything.
 *
 * <pre>{@code
 * adam.on(model, Group.of("*.bias").weightDecay(0), Group.of("trunk.*").rateFactor(0.1f))
 * }</pre>
 *
 * @param pattern the pattern of the names
 * @param rateFactor the factor of the learning rate; schedules therefore act on every group
 * @param weightDecay the weight decay of these parameters, or null for the recipe's
 * @param onlyRows whether a step changes only the rows that have a gradient; see {@link #lazy}
 * @param maxNorm the largest norm of a unit's weights, infinite for no limit; see {@link #maxNorm(float)}
 * @param clipWeights the largest absolute value of a weight, infinite for no limit; see {@link #clipWeights(float)}
 */
public record Group(
        String pattern,
        float rateFactor,
        @Nullable Float weightDecay,
        boolean onlyRows,
        float maxNorm,
        float clipWeights) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the rate or the weight decay is negative or not finite, or a limit is not
     *     above 0
     */
    public Group {
        Checks.notNegative("group " + pattern, "rateFactor", rateFactor);
        if (weightDecay != null) {
            Checks.notNegative("group " + pattern, "weightDecay", weightDecay);
        }
        Checks.above0("group " + pattern, "maxNorm", maxNorm);
        Checks.above0("group " + pattern, "clipWeights", clipWeights);
    }

    /** Makes a group of the parameters whose names match, still with the recipe's settings. */
    public static Group of(String pattern) {
        return new Group(pattern, 1, null, false, Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY);
    }

    /**
     * Returns a group for each pattern. The first has the full learning rate, and each following one {@code factor}
     * times that of the one before. With patterns from the head down, lower layers keep more of what they have learned
     * (Howard and Ruder 2018, whose factor is 1 / 2.6).
     *
     * <pre>{@code
     * adam.on(model, Group.layerwise(0.4f, "linear.*", "layer3.*", "layer2.*", "layer1.*", "*"))
     * }</pre>
     *
     * @throws IllegalArgumentException if the factor is negative or not finite
     */
    public static Group[] layerwise(float factor, String... patterns) {
        Group[] groups = new Group[patterns.length];
        float rate = 1;
        for (int i = 0; i < groups.length; i++) {
            groups[i] = of(patterns[i]).rateFactor(rate);
            rate *= factor;
        }
        return groups;
    }

    /** Returns this group with a factor of the learning rate. */
    public Group rateFactor(float factor) {
        return Records.with(this, "rateFactor", factor);
    }

    /** Returns this group with another weight decay. */
    public Group weightDecay(float decay) {
        return Records.with(this, "weightDecay", decay);
    }

    /**
     * Returns this group with lazy steps. If the gradient of a parameter is rows and values (that of an embedding, see
     * {@link dev.fathom.parameter.Parameter#gradientRows}), a lazy step of the library's elementwise recipes updates
     * only these rows and their moments, so its cost depends on the number of rows and not on the size of the
     * parameter. A row without a gradient keeps its values and moments. This differs from a step that is not lazy, in
     * which such a row has a gradient of zero: its moments decay and still change it, weight decay shrinks it, and
     * every step passes over the whole parameter. Bias corrections count the steps of the parameter, as in PyTorch's
     * SparseAdam.
     *
     * <pre>{@code
     * adam.on(model, Group.of("embedding.*").lazy())
     * }</pre>
     */
    public Group lazy() {
        return Records.with(this, "onlyRows", true);
    }

    /**
     * Returns this group with a limit to the Euclidean norm of the weights of each unit. After every step, a row of W
     * [out, ..] whose norm is above {@code max} is scaled down to it (Srivastava et al. 2014, whose limit is 2 to 4).
     * Parameters of fewer than two dimensions, such as biases, stay as they are.
     *
     * <pre>{@code
     * sgd.on(model, Group.of("*.weight").maxNorm(3))
     * }</pre>
     *
     * @throws IllegalArgumentException if it is not above 0
     */
    public Group maxNorm(float max) {
        return Records.with(this, "maxNorm", max);
    }

    /**
     * Returns this group with all weights limited to [-limit, limit] after every step, as for the critic of a
     * Wasserstein GAN (Arjovsky, Chintala and Bottou 2017, whose limit is 0.01).
     *
     * @throws IllegalArgumentException if it is not above 0
     */
    public Group clipWeights(float limit) {
        return Records.with(this, "clipWeights", limit);
    }

    /** Whether weights are changed after a step. */
    boolean constrains() {
        return maxNorm < Float.POSITIVE_INFINITY || clipWeights < Float.POSITIVE_INFINITY;
    }

    /** The weights within the limits. */
    Tensor constrained(Tensor w) {
        Tensor y = w;
        if (maxNorm < Float.POSITIVE_INFINITY && w.shape().rank() > 1) {
            Tensor rows = w.reshape(w.dim(0), Math.toIntExact(w.size() / Math.max(1, w.dim(0))));
            Tensor norm = rows.norm(1).unsqueeze(1);
            Tensor factor =
                    norm.clamp(maxNorm, Float.POSITIVE_INFINITY).reciprocal().mul(maxNorm);
            y = norm.gt(maxNorm).where(rows.mul(factor), rows).reshape(w.shape());
        }
        return clipWeights < Float.POSITIVE_INFINITY ? y.clamp(-clipWeights, clipWeights) : y;
    }
}
