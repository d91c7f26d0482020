package dev.fathom.nets;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * z = tanh(filter(x)) sigmoid(gate(x)), from which come x + residual(z) for the next block and skip(z) for the output:
 * the gated block of WaveNet over sequences x [N, L, channels], with causal dilated convolutions (van den Oord et al.
 * 2016). Both results depend at t on x up to t alone.
 *
 * <pre>{@code
 * Tensor h = start.apply(x), sum = null;
 * for (WaveNetBlock block : blocks) {                     // dilations 1, 2, 4, .., 512
 *   WaveNetBlock.Result r = block.apply(h);
 *   h = r.residual();
 *   sum = sum == null ? r.skip() : sum.add(r.skip());
 * }
 * }</pre>
 *
 * @param filter the causal convolution with tanh
 * @param gate the causal convolution with a sigmoid
 * @param residual a convolution of kernel 1 back to the channels of x
 * @param skip a convolution of kernel 1 to the channels of the output
 */
public record WaveNetBlock(Conv filter, Conv gate, Conv residual, Conv skip) implements Net {
    /**
     * The results of a block.
     *
     * @param residual [N, L, channels], for the next block
     * @param skip [N, L, skip], which are summed over all blocks
     */
    public record Result(Tensor residual, Tensor skip) {}

    /**
     * Makes a block.
     *
     * @param channels those of x
     * @param gated those of z
     * @param skips those of skip(z)
     * @throws IllegalArgumentException if a size is below 1
     */
    public WaveNetBlock(int channels, int gated, int skips, int kernel, int dilation) {
        this(
                Conv.causal(channels, gated, kernel, dilation).act(Activation.TANH),
                Conv.causal(channels, gated, kernel, dilation).act(Activation.SIGMOID),
                Conv.causal(gated, channels, 1, 1),
                Conv.causal(gated, skips, 1, 1));
    }

    /**
     * Computes the block in a frame of its own.
     *
     * @throws IllegalArgumentException if x is not [N, L, channels]
     */
    public Result apply(Tensor x) {
        return Pass.frame(this, () -> {
            Tensor z = filter.apply(x).mul(gate.apply(x));
            return new Result(residual.apply(z, x, null), skip.apply(z));
        });
    }
}
