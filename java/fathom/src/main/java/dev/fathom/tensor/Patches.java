package dev.fathom.tensor;

import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.op.Window;
import java.util.Arrays;

/** The places that a window reads, by number: a row of zeros behind those of x serves all outside. */
final class Patches {
    private static final String LABEL = "patches";

    private Patches() {}

    static Tensor of(Tensor x, Window window) {
        Shape shape = x.shape();
        int channels = shape.rank() == 0 ? 0 : shape.dim(-1);
        Shape y = window.shape(
                message -> new IllegalArgumentException(LABEL + Where.running() + ": " + message),
                shape,
                Shape.merged(LABEL, (int) window.taps(), channels));
        int pixels = spatial(shape);
        int[] places = places(shape, y, window, pixels);
        return x.reshape(shape.dim(0), pixels, channels)
                .pad(PadMode.ZEROS, 0, 1)
                .take(1, Tensor.ofInts(places, places.length))
                .reshape(y.toArray());
    }

    private static int spatial(Shape x) {
        return Shape.merged(LABEL, Arrays.copyOfRange(x.toArray(), 1, x.rank() - 1));
    }

    /** For each output, for each tap: which pixel, or {@code outside}. */
    private static int[] places(Shape x, Shape y, Window window, int outside) {
        int rank = window.rank();
        int taps = (int) window.taps();
        int[] places = new int[Shape.merged(LABEL, spatial(y), taps)];
        for (int i = 0; i < places.length; i++) {
            int output = i / taps;
            int tap = i % taps;
            int place = 0;
            int stride = 1;
            for (int d = rank - 1; d >= 0; d--) {
                Window.Axis a = window.axis(d);
                int size = x.dim(d + 1);
                long at = (long) output % y.dim(d + 1) * a.stride()
                        + (long) tap % a.kernel() * a.dilation()
                        - a.before(size);
                place = at < 0 || at >= size || place == outside ? outside : place + (int) at * stride;
                stride *= size;
                output /= y.dim(d + 1);
                tap /= a.kernel();
            }
            places[i] = place;
        }
        return places;
    }
}
