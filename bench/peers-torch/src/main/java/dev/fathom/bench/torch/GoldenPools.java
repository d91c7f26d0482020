package dev.fathom.bench.torch;

import static dev.fathom.bench.torch.Goldens.channelsSecond;

import dev.fathom.bench.torch.Goldens.Input;
import java.util.function.Function;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Padding, pooling and resizing: the inputs and results lie as Fathom's, channels last, and PyTorch is given them with
 * channels first.
 */
final class GoldenPools {
    private final Goldens to;

    private GoldenPools(Goldens to) {
        this.to = to;
    }

    static void all(Goldens to) {
        GoldenPools g = new GoldenPools(to);
        g.padding();
        g.pools();
        g.sizes();
    }

    private static long[] l(long... values) {
        return values;
    }

    private void add(String op, Function<Tensor, Tensor> f, long... shape) {
        to.add(op, x -> channelsSecond(x[0], f), to.x(-3, 3, shape));
    }

    private void padding() {
        to.seed("pad");
        for (long[] shape : new long[][] {{2, 4, 3, 2}, {1, 5, 7, 1}}) {
            pad("pad(ZEROS)", "constant", 0, shape);
            pad("padWithValue(0.5)", "constant", 0.5, shape);
            pad("pad(REPLICATE)", "replicate", 0, shape);
            pad("pad(REFLECT)", "reflect", 0, shape);
            pad("pad(CIRCULAR)", "circular", 0, shape);
        }
    }

    private void pad(String op, String mode, double value, long... shape) {
        DoubleOptional fill = mode.equals("constant") ? new DoubleOptional(value) : new DoubleOptional();
        add(op, x -> torch.pad(x, l(2, 1, 0, 3), mode, fill), shape);
    }

    private void pools() {
        to.seed("pools");
        for (long[] s : new long[][] {{2, 4, 6, 3}, {1, 7, 5, 1}, {1, 5, 8, 6}}) {
            pool("2,stride 2", l(2, 2), l(2, 2), l(0, 0), l(1, 1), false, s);
            pool("3,stride 2,pad 1", l(3, 3), l(2, 2), l(1, 1), l(1, 1), false, s);
            pool("3,stride 2,ceil", l(3, 3), l(2, 2), l(0, 0), l(1, 1), true, s);
            pool("3,stride 3,pad 1,ceil", l(3, 3), l(3, 3), l(1, 1), l(1, 1), true, s);
            pool("2x3,stride 1x2,pad 1", l(2, 3), l(1, 2), l(1, 1), l(1, 1), false, s);
            max("2,dilation 2", l(2, 2), l(1, 1), l(0, 0), l(2, 2), false, s);
        }
        for (long[] s : new long[][] {{2, 9, 3}, {1, 6, 17}}) {
            add("maxPool(line 3,stride 2,pad 1)", x -> torch.max_pool1d(x, l(3), l(2), l(1), l(1), false), s);
            add("avgPool(line 3,stride 2,pad 1)", x -> torch.avg_pool1d(x, l(3), l(2), l(1), false, true), s);
        }
        for (long[] s : new long[][] {{2, 4, 5, 6, 2}, {1, 3, 3, 4, 5}}) {
            add(
                    "maxPool(2x3x2,stride 2,pad 1,ceil)",
                    x -> torch.max_pool3d(x, l(2, 3, 2), l(2, 2, 2), l(1, 1, 1), l(1, 1, 1), true),
                    s);
            add(
                    "avgPool(2x3x2,stride 2,pad 1,ceil)",
                    x -> torch.avg_pool3d(x, l(2, 3, 2), l(2, 2, 2), l(1, 1, 1), true, true, new LongOptional()),
                    s);
        }
        // three equal neighbors: the first gets the gradient
        to.add(
                "maxPool(2,stride 2)",
                in -> channelsSecond(in[0], x -> torch.max_pool2d(x, l(2, 2), l(2, 2), l(0, 0), l(1, 1), false)),
                new Input('x', new float[] {1, 2, 2, 2, 0, 0, -1, -1}, 1, 2, 4, 1));
        for (long[] s : new long[][] {{2, 4, 6, 3}, {1, 6, 8, 5}}) {
            add(
                    "maxUnpool",
                    x -> {
                        var pooled = torch.max_pool2d_with_indices(x, l(2, 2), l(2, 2), l(0, 0), l(1, 1), false);
                        return torch.max_unpool2d(pooled.get0(), pooled.get1(), s[1], s[2]);
                    },
                    s);
            to.forward(
                    "maxPoolWithPositions",
                    in -> channelsSecond(
                            in[0],
                            x -> torch.max_pool2d_with_indices(x, l(3, 3), l(2, 2), l(1, 1), l(1, 1), false)
                                    .get1()),
                    to.x(-3, 3, s));
        }
    }

    private void pool(
            String name, long[] kernel, long[] stride, long[] pad, long[] dilation, boolean ceil, long... shape) {
        max(name, kernel, stride, pad, dilation, ceil, shape);
        add(
                "avgPool(" + name + ")",
                x -> torch.avg_pool2d(x, kernel, stride, pad, ceil, true, new LongOptional()),
                shape);
        add(
                "avgPool(" + name + ",inside)",
                x -> torch.avg_pool2d(x, kernel, stride, pad, ceil, false, new LongOptional()),
                shape);
    }

    private void max(
            String name, long[] kernel, long[] stride, long[] pad, long[] dilation, boolean ceil, long... shape) {
        add("maxPool(" + name + ")", x -> torch.max_pool2d(x, kernel, stride, pad, dilation, ceil), shape);
    }

    private void sizes() {
        to.seed("sizes");
        for (long[] s : new long[][] {{2, 3, 4, 2}, {1, 5, 7, 3}}) {
            for (long[] size : new long[][] {{6, 8}, {4, 3}, {1, 7}}) {
                String at = "," + size[0] + "," + size[1] + ")";
                add("resize(NEAREST" + at, x -> torch.upsample_nearest2d(x, size), s);
                add("resize(LINEAR" + at, x -> torch.upsample_bilinear2d(x, size, false), s);
                add("resize(LINEAR_CORNERS" + at, x -> torch.upsample_bilinear2d(x, size, true), s);
                add("resize(AREA" + at, x -> torch.adaptive_avg_pool2d(x, size), s);
            }
        }
        add("resize(LINEAR,7)", x -> torch.upsample_linear1d(x, l(7), false), 2, 4, 3);
        add("resize(LINEAR_CORNERS,4,3,5)", x -> torch.upsample_trilinear3d(x, l(4, 3, 5), true), 2, 3, 4, 2, 3);
        add("resize(AREA,2,3,1)", x -> torch.adaptive_avg_pool3d(x, l(2, 3, 1)), 2, 3, 4, 2, 3);
        for (long[] s : new long[][] {{2, 3, 2, 12}, {1, 1, 1, 4}}) {
            add("pixelShuffle(2)", x -> torch.pixel_shuffle(x, 2), s);
        }
        for (long[] s : new long[][] {{2, 4, 2, 3}, {1, 2, 2, 1}}) {
            add("pixelUnshuffle(2)", x -> torch.pixel_unshuffle(x, 2), s);
        }
        for (long[] s : new long[][] {{2, 7, 3}, {3, 6, 1}}) {
            to.add(
                    "slice(1,1,6,2)",
                    x -> torch.slice(x[0], 1, new LongOptional(1), new LongOptional(6), 2)
                            .contiguous(),
                    to.x(-3, 3, s));
        }
    }
}
