package dev.fathom.nn;

import dev.fathom.op.Activation;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * y = act(conv(x, W) + b). The number of dimensions of the window decides what is convolved: x [N, L, in] (PyTorch's
 * Conv1d), x [N, H, W, in] (Conv2d) or x [N, D, H, W, in] (Conv3d); y is [N, .., out]. The filters are not flipped
 * (LeCun et al. 1998, and all the field since).
 *
 * <pre>{@code
 * new Conv(1, 8, 3)                                       // one channel to eight with 3x3 kernels
 * new Conv(3, 64, 7).stride(2).pad(3).withoutBias()       // the stem of a ResNet
 * new Conv(64, 64, Window.of(3).same(), 64)               // depthwise: 64 groups
 * new Conv(16, 32, Window.line(5)).pad(2).edges(PadMode.REFLECT)
 * }</pre>
 *
 * <p>A convolution of volumes runs as one of pictures whose channels are the slices under the window's depth, which
 * takes the memory of x times that depth.
 *
 * @param weight W [out, taps.., in / groups]; files hold it as [out, in / groups, taps..], as PyTorch does
 * @param bias b [out], or null for none
 * @param window the geometry
 * @param groups number of groups into which the channels are divided, each with filters of its own
 * @param edges what the window's padding holds
 * @param activation act, or null for none; it runs in the convolution's kernel
 */
public record Conv(
        Parameter weight,
        @Nullable Parameter bias,
        Window window,
        int groups,
        PadMode edges,
        @Nullable Activation activation)
        implements FusibleLayer, WeightedLayer, Windowed<Conv> {
    /**
     * Makes a convolution of pictures with a square kernel, stride 1, no padding and a bias, as PyTorch's Conv2d.
     * {@link #stride} and {@link #pad} change that.
     *
     * @throws IllegalArgumentException if the kernel or a number of channels is below 1
     */
    public Conv(int in, int out, int kernel) {
        this(in, out, Window.of(kernel));
    }

    /**
     * Makes a convolution with a bias and no activation. Weight and bias begin as in PyTorch, uniform in +-1/sqrt(in
     * taps).
     *
     * @throws IllegalArgumentException if a number of channels is below 1
     */
    public Conv(int in, int out, Window window) {
        this(in, out, window, 1);
    }

    /**
     * Makes a convolution whose channels are divided into {@code groups}, each with filters of its own. With as many
     * groups as channels it is depthwise.
     *
     * @throws IllegalArgumentException if a number of channels is below 1 or no multiple of groups
     */
    public Conv(int in, int out, Window window, int groups) {
        this(in, out, window, groups, Init.torch());
    }

    /**
     * Makes a convolution of pictures with a square kernel in groups, as {@link #Conv(int, int, Window, int)} with
     * stride 1 and no padding.
     *
     * @throws IllegalArgumentException if the kernel or a number of channels is below 1, or the channels no multiple of
     *     groups
     */
    public Conv(int in, int out, int kernel, int groups) {
        this(in, out, Window.of(kernel), groups);
    }

    /** Makes a convolution in groups whose weight begins as {@code init} says. */
    public Conv(int in, int out, Window window, int groups, Initializer init) {
        this(
                Filters.parameter("Conv", out, window, in, groups, init),
                new Parameter(Shape.of(out), Init.torchBias(Filters.shape("Conv", out, window, in, groups))),
                window,
                groups,
                PadMode.ZEROS,
                null);
    }

    /**
     * Makes a causal convolution of sequences [N, L, C], with stride 1 and a bias: y [n, t] reads x [n, t], x [n, t -
     * dilation] and so on, {@code kernel} of them, never a later one, and zeros before the beginning. The length stays.
     * It is PyTorch's Conv1d behind a padding of dilation (kernel - 1) in front, and its files load.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public static Conv causal(int in, int out, int kernel, int dilation) {
        Window line = Window.line(kernel).dilation(dilation);
        return new Conv(in, out, line.pad(Math.toIntExact(line.width().extent() - 1), 0));
    }

    @Override
    public Conv window(Window w) {
        return Records.with(this, "window", Filters.fitting("Conv", weight, w));
    }

    /** Returns this layer with a weight that {@code init} initializes. */
    public Conv withWeight(Initializer init) {
        return Records.with(this, "weight", new Parameter(weight.shape(), init, weight.fileOrder()));
    }

    /** Returns this layer without a bias. */
    public Conv withoutBias() {
        return Records.with(this, "bias", null);
    }

    /** Returns this layer with a new bias, which begins as {@code init} says. */
    public Conv withBias(Initializer init) {
        return Records.with(this, "bias", new Parameter(Shape.of(weight.shape().dim(0)), init));
    }

    /** Returns this layer with an activation, which runs in the convolution's kernel. */
    public Conv act(Activation a) {
        return Records.with(this, "activation", a);
    }

    /** Returns this layer with {@code mode} deciding what the window's padding holds, instead of zeros. */
    public Conv edges(PadMode mode) {
        return Records.with(this, "edges", mode);
    }

    @Override
    public Steps stepReading() {
        return Steps.of(window, edges);
    }

    @Override
    public Tensor forward(Tensor x) {
        return fused(x, null, activation);
    }

    @Override
    public boolean fusible() {
        return activation == null;
    }

    @Override
    public Tensor fused(Tensor x, @Nullable Tensor residual, @Nullable Activation act) {
        return run(x, weight, residual, act);
    }

    @Override
    public Tensor weighted(Tensor x, Operand w) {
        return run(x, w, null, activation);
    }

    private Tensor run(Tensor x, Operand w, @Nullable Tensor residual, @Nullable Activation act) {
        boolean pads = edges != PadMode.ZEROS && x.shape().rank() == window.rank() + 2;
        return pads
                ? x.pad(edges, sides(x.shape())).conv(w, bias, window.pad(0), groups, residual, act)
                : x.conv(w, bias, window, groups, residual, act);
    }

    /** Those of the last dimension first. */
    private int[] sides(Shape x) {
        int rank = window.rank();
        int[] sides = new int[2 * rank];
        for (int i = 0; i < rank; i++) {
            sides[2 * i] = window.axis(rank - 1 - i).before(x.dim(rank - i));
            sides[2 * i + 1] = window.axis(rank - 1 - i).after(x.dim(rank - i));
        }
        return sides;
    }

    /**
     * Returns the matrix M [size of y, size of x] with y = M x + b, before the activation, for one image x of these
     * dimensions [.., in]. Both x and y are vectors in row-major order. The filters repeat in M and everything else is
     * 0: a convolution is a linear layer under that constraint. Column i is the result for the image that is 1 at
     * position i and 0 elsewhere.
     */
    public Tensor asMatrix(int... image) {
        Shape x = Shape.of(image);
        int n = (int) x.size();
        if (n != x.size()) {
            throw new IllegalArgumentException(
                    "asMatrix: image " + x + " has more places than an int counts; give a smaller one");
        }
        int[] batch = new int[image.length + 1];
        batch[0] = n;
        System.arraycopy(image, 0, batch, 1, image.length);
        int[] places = new int[n];
        for (int i = 0; i < n; i++) {
            places[i] = i;
        }
        return new Conv(weight, null, window, groups, edges, null)
                .apply(Tensor.ofInts(places, n).oneHot(n).reshape(batch))
                .flatten(1)
                .transpose(0, 1);
    }
}
