package dev.fathom.optim;

/** Hyperparameters that make sense. */
final class Checks {
    private Checks() {}

    static void learningRate(String who, float value) {
        if (!(value > 0 && value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    who + ": learningRate=" + value + " must be above 0 and finite, e.g. 1e-3");
        }
    }

    static void notNegative(String who, String name, float value) {
        if (!(value >= 0 && value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(who + ": " + name + "=" + value + " must be 0 or more and finite");
        }
    }

    static void betas(String who, float beta1, float beta2) {
        if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1)) {
            throw new IllegalArgumentException(who + ": beta1=" + beta1 + " and beta2=" + beta2 + " must be in [0, 1)");
        }
    }

    static void below1(String who, String name, float value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(who + ": " + name + "=" + value + " must be in [0, 1)");
        }
    }

    static void above0(String who, String name, float value) {
        if (!(value > 0)) {
            throw new IllegalArgumentException(who + ": " + name + "=" + value + " must be above 0");
        }
    }
}
