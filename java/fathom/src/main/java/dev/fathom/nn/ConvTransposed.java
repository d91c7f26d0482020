package dev.fathom.nn;

import dev.fathom.tensor.Activation;
import dev.fathom.tensor.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Shape;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Window;
import org.jspecify.annotations.Nullable;

/**
 * y = act(the transposed convolution of x with W, + b), which makes maps larger (Zeiler et al. 2010): PyTorch's ConvTranspose1d for x [N, L, in] and
 * ConvTranspose2d for x [N, H, W, in]; y [N, .., out] with (size - 1) stride + dilation (kernel - 1) + 1 - padding + extra places along each dimension,
 * size times stride where the window is {@link Window#same}. It is the gradient of the convolution from out to in channels with this window.
 *
 * @param weight W [in, taps.., out / groups]; in files [in, out / groups, taps..], as PyTorch's
 * @param bias b [out], or null for none
 * @param window the geometry of that convolution
 * @param groups into how many the channels are divided, each with filters of its own
 * @param outputPadding places more, the same along each dimension: which of the sizes that the stride rounds to one
 * @param activation act, or null for none
 */
public record ConvTransposed(
        Parameter weight,
        @Nullable Parameter bias,
        Window window,
        int groups,
        int outputPadding,
        @Nullable Activation activation)
        implements Layer, Windowed<ConvTransposed> {
    /**
     * A square kernel on pictures, with stride 1, no padding and a bias, as PyTorch's ConvTranspose2d.
     *
     * @throws IllegalArgumentException if the kernel or a number of channels is below 1
     */
    public ConvTransposed(int in, int out, int kernel) {
        this(in, out, Window.of(kernel));
    }

    /**
     * With bias and no activation; both begin as PyTorch's, uniform in +-1/sqrt(out taps).
     *
     * @throws IllegalArgumentException if a number of channels is below 1
     */
    public ConvTransposed(int in, int out, Window window) {
        this(in, out, window, 1);
    }

    /**
     * The same in groups.
     *
     * @throws IllegalArgumentException if a number of channels is below 1 or no multiple of groups
     */
    public ConvTransposed(int in, int out, Window window, int groups) {
        this(
                Filters.parameter("ConvTransposed", in, window, out, groups, Init.torch()),
                new Parameter(Shape.of(out), Init.torchBias(Filters.shape("ConvTransposed", in, window, out, groups))),
                window,
                groups,
                0,
                null);
    }

    @Override
    public ConvTransposed window(Window w) {
        return new ConvTransposed(
                weight, bias, Filters.fitting("ConvTransposed", weight, w), groups, outputPadding, activation);
    }

    /** A copy of this layer without a bias. */
    public ConvTransposed withoutBias() {
        return new ConvTransposed(weight, null, window, groups, outputPadding, activation);
    }

    /** A copy of this layer with so many places more along each dimension: fewer than the stride. */
    public ConvTransposed outputPadding(int places) {
        return new ConvTransposed(weight, bias, window, groups, places, activation);
    }

    /** A copy of this layer with an activation. */
    public ConvTransposed act(Activation a) {
        return new ConvTransposed(weight, bias, window, groups, outputPadding, a);
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor y = x.convTransposed(weight, window, groups, outputPadding);
        y = bias == null ? y : y.add(bias.value());
        return activation == null ? y : Pass.apply(activation, y);
    }
}
