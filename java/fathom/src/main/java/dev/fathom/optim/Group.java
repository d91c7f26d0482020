package dev.fathom.optim;

import org.jspecify.annotations.Nullable;

/**
 * What is different for some of an optimizer's parameters: those whose name matches a pattern, with * for anything.
 *
 * <pre>{@code
 * adam.on(model, Group.of("*.bias").weightDecay(0), Group.of("trunk.*").rateFactor(0.1f))
 * }</pre>
 *
 * @param pattern of the names
 * @param rateFactor the factor of the learning rate, so that schedules act on every group
 * @param weightDecay instead of the recipe's, or null for that
 * @param onlyRows whether a step changes only the rows that have a gradient; see {@link #lazy}
 */
public record Group(
        String pattern, float rateFactor, @Nullable Float weightDecay, boolean onlyRows) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the rate or the weight decay is negative or not finite
     */
    public Group {
        Checks.notNegative("group " + pattern, "rateFactor", rateFactor);
        if (weightDecay != null) {
            Checks.notNegative("group " + pattern, "weightDecay", weightDecay);
        }
    }

    /** The parameters that match, so far as the recipe has it. */
    public static Group of(String pattern) {
        return new Group(pattern, 1, null, false);
    }

    /**
     * A group for each pattern, the first at the full learning rate and each following at {@code factor} times that of the one before: from the head
     * down, so that the lower a layer is, the less it leaves what it has learned (Howard and Ruder 2018, whose factor is 1 / 2.6).
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

    /** With this factor of the learning rate. */
    public Group rateFactor(float factor) {
        return new Group(pattern, factor, weightDecay, onlyRows);
    }

    /** With this weight decay. */
    public Group weightDecay(float decay) {
        return new Group(pattern, rateFactor, decay, onlyRows);
    }

    /**
     * With lazy steps: where the gradient of a parameter is rows and values (an embedding's, see {@link
     * dev.fathom.tensor.Parameter#gradientRows}), a step of the library's recipes touches values and moments of these rows alone, so its cost
     * follows the rows and not the parameter. A row that is absent keeps its moments as they are and its values without weight decay, which is
     * not what the same recipe does without this: there an absent row has a gradient of zero, by which its moments decay and move it on, and
     * every step passes over the whole parameter. Bias corrections count the steps of the parameter, as in PyTorch's SparseAdam.
     *
     * <pre>{@code
     * adam.on(model, Group.of("embedding.*").lazy())
     * }</pre>
     */
    public Group lazy() {
        return new Group(pattern, rateFactor, weightDecay, true);
    }
}
