package dev.fathom.optim;

import org.jspecify.annotations.Nullable;

/**
 * What is different for some of an optimizer's parameters: those whose name matches a pattern, with * for anything.
 *
 * <pre>{@code
 * adam.on(model, Group.of("*.bias").weightDecay(0), Group.of("trunk.*").rate(0.1f))
 * }</pre>
 *
 * @param pattern of the names
 * @param rate the factor of the learning rate, so that schedules act on every group
 * @param weightDecay instead of the recipe's, or null for that
 */
public record Group(String pattern, float rate, @Nullable Float weightDecay) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the rate or the weight decay is negative or not finite
     */
    public Group {
        Checks.notNegative("group " + pattern, "rate", rate);
        if (weightDecay != null) {
            Checks.notNegative("group " + pattern, "weightDecay", weightDecay);
        }
    }

    /** The parameters that match, so far as the recipe has it. */
    public static Group of(String pattern) {
        return new Group(pattern, 1, null);
    }

    /** With this factor of the learning rate. */
    public Group rate(float factor) {
        return new Group(pattern, factor, weightDecay);
    }

    /** With this weight decay. */
    public Group weightDecay(float decay) {
        return new Group(pattern, rate, decay);
    }
}
