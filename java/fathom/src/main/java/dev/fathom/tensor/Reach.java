package dev.fathom.tensor;

/**
 * Which places of an input an op's result sees along one dimension: place o of the result sees {@code size} places of the input, the first of them
 * first + o step. In front of 0 lies padding. Where places fall between those of the input, as in up-sampling, the numbers are fractions, right
 * in the middle of the field.
 *
 * @param first where the field of place 0 begins
 * @param size how many places
 * @param step from the field of one place to that of the next
 */
public record Reach(double first, double size, double step) {
    /** Each place sees its own. */
    public static final Reach SAME = new Reach(0, 1, 1);

    /** What a window sees of a dimension of {@code size} places. */
    static Reach of(Window.Axis a, int size) {
        return new Reach(-a.before(size), a.reach(), a.stride());
    }
}
