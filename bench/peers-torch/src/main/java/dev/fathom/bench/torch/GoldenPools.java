package dev.fathom.bench.torch;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Padding, pooling and resizing: the inputs and results lie as Fathom's, channels last, and PyTorch is given them with channels first. */
final class GoldenPools {
    private final Goldens to;

    private GoldenPools(Goldens to) {
        this.to = to;
    }

    static void all(Goldens to) {
        GoldenPools g = new GoldenPools(to);
        g.padding();
    }

    /** [n, h, w, c] as [n, c, h, w]. */
    private static Tensor first(Tensor x) {
        return torch.movedim(x, -1, 1);
    }

    /** And back. */
    private static Tensor last(Tensor x) {
        return torch.movedim(x, 1, -1).contiguous();
    }

    private void padding() {
        to.seed("pad");
        for (long[] shape : new long[][] {{2, 4, 3, 2}, {1, 5, 7, 1}}) {
            pad("pad(ZEROS)", "constant", 0, shape);
            pad("pad(0.5)", "constant", 0.5, shape);
            pad("pad(REPLICATE)", "replicate", 0, shape);
            pad("pad(REFLECT)", "reflect", 0, shape);
            pad("pad(CIRCULAR)", "circular", 0, shape);
        }
    }

    private void pad(String op, String mode, double value, long... shape) {
        DoubleOptional fill = mode.equals("constant") ? new DoubleOptional(value) : new DoubleOptional();
        to.add(op, x -> last(torch.pad(first(x[0]), new long[] {2, 1, 0, 3}, mode, fill)), to.x(-3, 3, shape));
    }
}
