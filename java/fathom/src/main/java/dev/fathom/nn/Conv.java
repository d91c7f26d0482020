package dev.fathom.nn;

import dev.fathom.tensor.Activation;
import dev.fathom.tensor.Initializer;
import dev.fathom.tensor.PadMode;
import dev.fathom.tensor.Parameter;
import dev.fathom.tensor.Shape;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Window;
import org.jspecify.annotations.Nullable;

/**
 * y = act(the convolution of x with W, + b): PyTorch's Conv1d for x [N, L, in], Conv2d for x [N, H, W, in] and Conv3d for x [N, D, H, W, in], as the
 * window has one, two or three dimensions; y [N, .., out]. The filters are not flipped (LeCun et al. 1998, and all the field since).
 *
 * <pre>{@code
 * new Conv(1, 8, 3)                                       // one channel to eight with 3x3 kernels
 * new Conv(3, 64, 7).stride(2).pad(3).withoutBias()       // the stem of a ResNet
 * new Conv(64, 64, Window.of(3).same(), 64)               // depthwise: 64 groups
 * new Conv(16, 32, Window.line(5)).pad(2).edges(PadMode.REFLECT)
 * }</pre>
 *
 * <p>A convolution of volumes is one of pictures whose channels are the slices under the window's depth; it takes memory for x times that depth.
 *
 * @param weight W [out, taps.., in / groups]; in files [out, in / groups, taps..], as PyTorch's
 * @param bias b [out], or null for none
 * @param window the geometry
 * @param groups into how many the channels are divided, each with filters of its own
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
        implements FusibleLayer, Windowed<Conv> {
    /**
     * A square kernel on pictures, with stride 1, no padding and a bias, as PyTorch's Conv2d. {@link #stride} and {@link #pad} change that.
     *
     * @throws IllegalArgumentException if the kernel or a number of channels is below 1
     */
    public Conv(int in, int out, int kernel) {
        this(in, out, Window.of(kernel));
    }

    /**
     * With bias and no activation; both begin as PyTorch's, uniform in +-1/sqrt(in taps).
     *
     * @throws IllegalArgumentException if a number of channels is below 1
     */
    public Conv(int in, int out, Window window) {
        this(in, out, window, 1);
    }

    /**
     * The same in groups: depthwise with as many as channels.
     *
     * @throws IllegalArgumentException if a number of channels is below 1 or no multiple of groups
     */
    public Conv(int in, int out, Window window, int groups) {
        this(in, out, window, groups, Init.torch());
    }

    /** The same with a weight that begins as {@code init} says. */
    public Conv(int in, int out, Window window, int groups, Initializer init) {
        this(
                Filters.parameter("Conv", out, window, in, groups, init),
                new Parameter(Shape.of(out), Init.torchBias(Filters.shape("Conv", out, window, in, groups))),
                window,
                groups,
                PadMode.ZEROS,
                null);
    }

    @Override
    public Conv window(Window w) {
        return new Conv(weight, bias, Filters.fitting("Conv", weight, w), groups, edges, activation);
    }

    /** A copy of this layer with a weight that begins as {@code init} says. */
    public Conv withWeight(Initializer init) {
        return new Conv(
                new Parameter(weight.shape(), init, weight.fileOrder()), bias, window, groups, edges, activation);
    }

    /** A copy of this layer without a bias. */
    public Conv withoutBias() {
        return new Conv(weight, null, window, groups, edges, activation);
    }

    /** A copy of this layer with a bias that begins as {@code init} says. */
    public Conv withBias(Initializer init) {
        return new Conv(
                weight, new Parameter(Shape.of(weight.shape().dim(0)), init), window, groups, edges, activation);
    }

    /** A copy of this layer with an activation in its kernel. */
    public Conv act(Activation a) {
        return new Conv(weight, bias, window, groups, edges, a);
    }

    /** A copy of this layer with something else than zeros beyond the edges, as far as the window pads. */
    public Conv edges(PadMode mode) {
        return new Conv(weight, bias, window, groups, mode, activation);
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
        boolean pads = edges != PadMode.ZEROS && x.shape().rank() == window.rank() + 2;
        return pads
                ? x.pad(edges, sides(x.shape())).conv(weight, bias, window.pad(0), groups, residual, act)
                : x.conv(weight, bias, window, groups, residual, act);
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
     * The matrix M with y = M x + b for one image of these dimensions [.., in], before the activation, both as vectors in row-major order: [size of y, size
     * of x], in which the filters repeat and all else is 0. A convolution is a linear layer under that constraint; column i is what becomes of
     * the image that is 1 at place i.
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
