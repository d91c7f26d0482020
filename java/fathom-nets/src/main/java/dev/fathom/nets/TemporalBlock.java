package dev.fathom.nets;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Sequential;
import dev.fathom.nn.Steps;
import dev.fathom.op.Activation;
import dev.fathom.tensor.Tensor;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * y = relu(d(relu(conv2(d(relu(conv1(x)))))) + downsample(x)), the residual block of a temporal convolutional network
 * over sequences x [N, L, in], with causal dilated convolutions and dropout d (Bai et al. 2018, An Empirical Evaluation
 * of Generic Convolutional and Recurrent Networks for Sequence Modeling). y [n, t] depends on x [n, t] and what is
 * before it alone. The weight normalization of the paper's code is left out: its gain and direction make one weight
 * when training is over, so that such a net loads with its product.
 *
 * @param conv1 the first causal convolution, with ReLU
 * @param conv2 the second causal convolution, with ReLU
 * @param dropout after each of them; the paper drops whole channels, this form drops single numbers
 * @param downsample a convolution of kernel 1 to the new number of channels, or null where it does not change
 */
public record TemporalBlock(
        Conv conv1, Conv conv2, Dropout dropout, @Nullable Conv downsample) implements Layer {
    /**
     * Makes a block.
     *
     * @param dropout the probability to drop, 0 for none
     * @throws IllegalArgumentException if a size is below 1, or the probability outside [0, 1)
     */
    public TemporalBlock(int in, int out, int kernel, int dilation, float dropout) {
        this(
                Conv.causal(in, out, kernel, dilation).act(Activation.RELU),
                Conv.causal(out, out, kernel, dilation).act(Activation.RELU),
                new Dropout(dropout),
                in == out ? null : Conv.causal(in, out, 1, 1));
    }

    /**
     * Makes a network of a block for each of {@code channels}, whose dilations are 1, 2, 4 and so on, as in the paper.
     * Its last step sees {@link #receptiveField} steps of x.
     *
     * @throws IllegalArgumentException if a size is below 1, there is no block or there are more than 30, or the
     *     probability is outside [0, 1)
     */
    public static Sequential stack(int in, int kernel, float dropout, int... channels) {
        if (channels.length < 1 || channels.length > 30) {
            throw new IllegalArgumentException("TemporalBlock: " + channels.length
                    + " blocks; give the channels of 1 to 30, as dilations double from block to block");
        }
        return new Sequential(IntStream.range(0, channels.length)
                .mapToObj(i -> new TemporalBlock(i == 0 ? in : channels[i - 1], channels[i], kernel, 1 << i, dropout))
                .toArray(Layer[]::new));
    }

    /**
     * Returns how many steps of x one step of a {@link #stack} depends on, itself among them: 1 + 2 (kernel - 1)
     * (2^blocks - 1).
     */
    public static long receptiveField(int kernel, int blocks) {
        return 1 + 2 * (kernel - 1L) * ((1L << blocks) - 1);
    }

    @Override
    public Steps stepReading() {
        Steps convolutions = conv1.stepReading().and(conv2.stepReading());
        return downsample == null ? convolutions : convolutions.and(downsample.stepReading());
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor y = dropout.apply(conv2.apply(dropout.apply(conv1.apply(x))));
        return y.add(downsample == null ? x : downsample.apply(x)).relu();
    }
}
