package dev.fathom.nn;

/** Settings that make sense. */
final class Checks {
    private Checks() {}

    static void above0(String who, String name, float value) {
        if (!(value > 0 && value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(who + ": " + name + "=" + value + " must be above 0 and finite");
        }
    }

    static float notNegative(String who, String name, float value) {
        if (!(value >= 0 && value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(who + ": " + name + "=" + value + " must be 0 or more and finite");
        }
        return value;
    }
}
