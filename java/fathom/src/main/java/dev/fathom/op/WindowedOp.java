package dev.fathom.op;

import org.jspecify.annotations.Nullable;

/**
 * An op whose output positions depend on other positions of input 0 than their own, such as a convolution, a pool or a
 * slice. Receptive fields are computed from it. An op that does not implement this is taken to depend on its own
 * position alone where a spatial axis keeps its size, and on all positions where the size changes.
 */
public interface WindowedOp extends Op {
    /**
     * The window of positions of input 0 that one output position depends on along a spatial axis; null for all
     * positions.
     *
     * @param axis the number of the spatial axis: dimension 1 + axis
     * @param from the size of the axis in input 0
     * @param to its size in result 0
     */
    @Nullable
    Span span(int axis, int from, int to);

    /**
     * A window of positions along one axis: output position o depends on {@code size} input positions, the first of
     * which is first + o step. Negative positions are padding. Where an output lies between input positions, as in
     * up-sampling, the numbers are fractions.
     *
     * @param first the first input position of output position 0
     * @param size how many input positions
     * @param step from the window of one output position to that of the next
     */
    record Span(double first, double size, double step) {
        /** Each output position depends on the input position of the same number. */
        public static final Span SAME = new Span(0, 1, 1);

        /** Returns the window of a convolution or a pool along an axis of {@code size} positions. */
        public static Span of(Window.Axis a, int size) {
            return new Span(-a.before(size), a.extent(), a.stride());
        }
    }
}
