package dev.fathom.optim;

/** The learning rate of an epoch, as a factor of the optimizer's own. */
@FunctionalInterface
public interface Schedule {
    /** The factor for {@code epoch}, from 1. */
    double factor(int epoch);

    /** Always 1. */
    static Schedule constant() {
        return epoch -> 1;
    }

    /**
     * {@code gamma} to the power of how often {@code every} epochs have passed: x gamma after epochs {@code every}, 2 {@code every}, ...
     *
     * @throws IllegalArgumentException if every &lt; 1 or gamma is not positive
     */
    static Schedule step(int every, double gamma) {
        if (every < 1 || !(gamma > 0)) {
            throw new IllegalArgumentException(
                    "Schedule.step: every=" + every + " must be at least 1 and gamma=" + gamma + " above 0");
        }
        return epoch -> Math.pow(gamma, (epoch - 1) / every);
    }
}
