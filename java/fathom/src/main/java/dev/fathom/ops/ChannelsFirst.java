package dev.fathom.ops;

import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What messages advise where images may come as [N, C, H, W], the order of other libraries. Here channels are the last
 * dimension.
 */
final class ChannelsFirst {
    private ChannelsFirst() {}

    /** The fix if the channels that x should have at its end are at its dimension 1, and else nothing. */
    static String fix(Shape x, long channels) {
        return x.rank() > 2 && x.rank() < 6 && x.dim(1) == channels && x.dim(-1) != channels ? permuted(x) : "";
    }

    /**
     * The fix if a window of several dimensions is larger than dimension 1 of x but fits those after it, and else
     * nothing.
     */
    static String fix(Shape x, Window window) {
        int rank = window.rank();
        return rank > 1
                        && x.rank() == rank + 2
                        && !fits(window.axis(0), x.dim(1))
                        && IntStream.range(0, rank).allMatch(i -> fits(window.axis(i), x.dim(i + 2)))
                ? permuted(x)
                : "";
    }

    private static boolean fits(Window.Axis a, int size) {
        return a.same() || (long) size + a.before() + a.after() >= a.extent();
    }

    private static String permuted(Shape x) {
        return "; if x is "
                + List.of(
                                "[N, C, L], give x.permute(0, 2, 1)",
                                "[N, C, H, W], give x.permute(0, 2, 3, 1)",
                                "[N, C, D, H, W], give x.permute(0, 2, 3, 4, 1)")
                        .get(x.rank() - 3)
                + ", as channels are the last dimension here";
    }
}
