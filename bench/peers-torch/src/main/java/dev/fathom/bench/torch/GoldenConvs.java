package dev.fathom.bench.torch;

import static dev.fathom.bench.torch.Goldens.channelsLast;
import static dev.fathom.bench.torch.Goldens.channelsSecond;
import static dev.fathom.bench.torch.Goldens.maybe;

import dev.fathom.bench.torch.Goldens.Input;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Convolutions of images whose channels come last, as their filters' do, and a network in PyTorch's own layout. */
@SuppressWarnings("try") // scopes are closed, not used
final class GoldenConvs {
    private static final long[] ONE = {1, 1};

    private GoldenConvs() {}

    static void all(Goldens to) {
        to.seed("conv");
        conv(to, "3", 1, ONE, s(0, 0), ONE, s(2, 5, 4, 3), s(4, 3, 3, 3));
        conv(to, "1", 1, ONE, s(0, 0), ONE, s(2, 3, 4, 5), s(17, 1, 1, 5));
        conv(to, "3,pad 1", 1, ONE, s(1, 1), ONE, s(2, 5, 4, 3), s(5, 3, 3, 3));
        conv(to, "3,pad 1", 1, ONE, s(1, 1), ONE, s(1, 1, 1, 17), s(5, 3, 3, 17));
        conv(to, "3,stride 2,pad 1", 1, s(2, 2), s(1, 1), ONE, s(2, 7, 6, 5), s(4, 3, 3, 5));
        conv(to, "2,stride 3", 1, s(3, 3), s(0, 0), ONE, s(1, 8, 7, 3), s(5, 2, 2, 3));
        conv(to, "3,dilation 2,pad 2", 1, ONE, s(2, 2), s(2, 2), s(1, 5, 6, 3), s(4, 3, 3, 3));
        conv(to, "4x1,stride 1x2,pad 2x1", 1, s(1, 2), s(2, 1), ONE, s(2, 5, 6, 1), s(3, 4, 1, 1));
        conv(to, "7,stride 2,pad 3", 1, s(2, 2), s(3, 3), ONE, s(1, 9, 8, 3), s(5, 7, 7, 3));
        conv(to, "3,pad 1,groups 2", 2, ONE, s(1, 1), ONE, s(2, 4, 5, 6), s(4, 3, 3, 3));
        conv(to, "3,stride 2,pad 1,groups 5", 5, s(2, 2), s(1, 1), ONE, s(2, 5, 4, 5), s(10, 3, 3, 1));
        conv(to, "line 3,stride 2,pad 1", 1, s(2), s(1), s(1), s(2, 9, 3), s(4, 3, 3));
        conv(to, "line 5,dilation 2", 1, s(1), s(0), s(2), s(2, 12, 5), s(3, 5, 5));
        conv(
                to,
                "3x2x3,stride 2x1x1,pad 1x0x1",
                1,
                s(2, 1, 1),
                s(1, 0, 1),
                s(1, 1, 1),
                s(1, 5, 4, 3, 3),
                s(4, 3, 2, 3, 3));
        conv(to, "2x2x2,groups 2", 2, s(1, 1, 1), s(0, 0, 0), s(1, 1, 1), s(2, 3, 3, 4, 4), s(6, 2, 2, 2, 2));
        ended(to);
        to.seed("convTransposed");
        transposed(to, "2,stride 2", 1, s(2, 2), s(0, 0), s(0, 0), ONE, s(2, 3, 4, 3), s(3, 2, 2, 5));
        transposed(to, "3,stride 2,pad 1,extra 1", 1, s(2, 2), s(1, 1), s(1, 1), ONE, s(2, 3, 4, 5), s(5, 3, 3, 3));
        transposed(to, "3,pad 1", 1, ONE, s(1, 1), s(0, 0), ONE, s(1, 4, 3, 17), s(17, 3, 3, 2));
        transposed(to, "3x2,stride 3x1,extra 2x0", 1, s(3, 1), s(0, 0), s(2, 0), ONE, s(1, 2, 5, 3), s(3, 3, 2, 4));
        transposed(to, "3,stride 2,dilation 2", 1, s(2, 2), s(0, 0), s(0, 0), s(2, 2), s(1, 3, 3, 3), s(3, 3, 3, 2));
        transposed(to, "3,stride 2,groups 2", 2, s(2, 2), s(0, 0), s(0, 0), ONE, s(2, 3, 3, 4), s(4, 3, 3, 3));
        transposed(to, "line 4,stride 2,pad 1", 1, s(2), s(1), s(0), s(1), s(2, 5, 3), s(3, 4, 4));
        patches(to);
    }

    private static long[] s(long... values) {
        return values;
    }

    private static Tensor conv(Tensor[] in, int groups, long[] stride, long[] pad, long[] dilation) {
        Tensor x = channelsSecond(in[0]);
        Tensor w = channelsSecond(in[1]);
        TensorOptional b = maybe(in.length > 2 ? in[2] : null);
        return channelsLast(
                switch (stride.length) {
                    case 1 -> torch.conv1d(x, w, b, stride, pad, dilation, groups);
                    case 2 -> torch.conv2d(x, w, b, stride, pad, dilation, groups);
                    default -> torch.conv3d(x, w, b, stride, pad, dilation, groups);
                });
    }

    private static void conv(
            Goldens to, String name, int groups, long[] stride, long[] pad, long[] dilation, long[] x, long[] w) {
        to.add(
                "conv(" + name + ")",
                in -> conv(in, groups, stride, pad, dilation),
                to.x(-1, 1, x),
                to.x(-1, 1, w),
                to.x(-1, 1, w[0]));
    }

    /** What follows the sum. */
    private static void ended(Goldens to) {
        Input x = to.x(-1, 1, 2, 5, 4, 3);
        Input w = to.x(-1, 1, 4, 3, 3, 3);
        Input b = to.x(-1, 1, 4);
        Input r = to.x(-1, 1, 2, 5, 4, 4);
        long[] pad = {1, 1};
        to.add("conv(without bias)", in -> conv(in, 1, ONE, pad, ONE), x, w);
        to.add(
                "conv(residual,relu)",
                in -> torch.relu(conv(new Tensor[] {in[0], in[1], in[2]}, 1, ONE, pad, ONE)
                        .add(in[3])),
                x,
                w,
                b,
                r);
        to.add("conv(gelu)", in -> torch.gelu(conv(in, 1, ONE, pad, ONE)), x, w, b);
    }

    private static void transposed(
            Goldens to,
            String name,
            int groups,
            long[] stride,
            long[] pad,
            long[] extra,
            long[] dilation,
            long[] x,
            long[] w) {
        TensorOptional none = maybe(null);
        to.add(
                "convTransposed(" + name + ")",
                in -> {
                    Tensor image = channelsSecond(in[0]);
                    Tensor filters = channelsSecond(in[1]);
                    return channelsLast(
                            stride.length == 1
                                    ? torch.conv_transpose1d(image, filters, none, stride, pad, extra, groups, dilation)
                                    : torch.conv_transpose2d(
                                            image, filters, none, stride, pad, extra, groups, dilation));
                },
                to.x(-1, 1, x),
                to.x(-1, 1, w));
    }

    /** PyTorch's columns are [n, c taps, places]. */
    private static void patches(Goldens to) {
        to.add(
                "patches(3x2,stride 2x1,pad 1)",
                in -> {
                    Tensor columns = torch.im2col(channelsSecond(in[0]), s(3, 2), ONE, ONE, 2, 1);
                    return torch.permute(torch.reshape(columns, 2, 3, 6, 3, 6), 0, 3, 4, 2, 1)
                            .contiguous()
                            .reshape(2, 3, 6, 18);
                },
                to.x(-1, 1, 2, 5, 5, 3));
    }

    /**
     * A state_dict as PyTorch writes it, and what the network makes of an image: names with a slash are no parameters.
     * Convolution, ReLU, depthwise convolution, ReLU, transposed convolution.
     */
    static void network(Goldens to) {
        try (PointerScope scope = new PointerScope()) {
            to.seed("network");
            Tensor x = put(to, "io/x", 2, 3, 7, 6);
            Tensor y = torch.relu(torch.conv2d(
                    x, put(to, "first.weight", 8, 3, 3, 5), maybe(put(to, "first.bias", 8)), s(2, 1), s(1, 2), ONE, 1));
            y = torch.relu(torch.conv2d(y, put(to, "second.weight", 8, 1, 3, 3), maybe(null), ONE, ONE, ONE, 8));
            y = torch.conv_transpose2d(
                    y,
                    put(to, "third.weight", 8, 4, 2, 3),
                    maybe(put(to, "third.bias", 4)),
                    s(2, 2),
                    s(0, 0),
                    s(0, 0),
                    1,
                    ONE);
            to.put("io/y", y);
        }
    }

    private static Tensor put(Goldens to, String name, long... shape) {
        Tensor t = to.x(-1, 1, shape).tensor();
        to.put(name, t);
        return t;
    }
}
