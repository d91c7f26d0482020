package dev.fathom.nn;

import dev.fathom.op.Activation;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Normalized;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * y = act(weight (x - mean) / sqrt(variance + epsilon) + bias) for each channel, the last dimension of x (Ioffe and
 * Szegedy 2015). x is [batch, channels], [batch, length, channels] or [batch, height, width, channels].
 *
 * <p>In training, mean and (biased) variance are those of the batch, and the running ones follow: running = (1 -
 * momentum) running + momentum batch, with the unbiased variance of the batch, as in PyTorch. Unlike there, the running
 * values change only when backward has succeeded: a forward in training mode without a backward leaves them as they
 * are, and if the layer was called several times before the backward, the last call counts.
 * {@code trainer.recalibrate(batches)} computes them anew from data, without training. In evaluation the running values
 * are used, and a plan folds them into the weights of the linear or convolutional layer before.
 *
 * <p>Files of PyTorch's BatchNorm1d and BatchNorm2d load as they are.
 *
 * @param weight [channels], or null for 1
 * @param bias [channels], or null for 0
 * @param runningMean [channels]
 * @param runningVar [channels]
 * @param numBatchesTracked number of batches that the running values have seen, a scalar
 * @param epsilon what is added to the variance, under the root; 0 is allowed
 * @param momentum the share of a new batch, or null for the average over all batches
 * @param activation act, or null for none; it runs in the same kernel
 */
public record BatchNorm(
        @Nullable Parameter weight,
        @Nullable Parameter bias,
        Buffer runningMean,
        Buffer runningVar,
        Buffer numBatchesTracked,
        float epsilon,
        @Nullable Float momentum,
        @Nullable Activation activation)
        implements FusibleLayer {
    /**
     * Checks epsilon and momentum.
     *
     * @throws IllegalArgumentException if epsilon is negative or momentum outside [0, 1]
     */
    public BatchNorm {
        Checks.atLeast("BatchNorm", "epsilon", epsilon, 0);
        if (momentum != null) {
            Checks.in("BatchNorm", "momentum", momentum, "[0, 1]");
        }
    }

    /**
     * Makes a layer with PyTorch's settings: epsilon 1e-5, momentum 0.1, a weight that begins at 1 and a bias that
     * begins at 0.
     *
     * @throws IllegalArgumentException if channels is below 1
     */
    public BatchNorm(int channels) {
        this(
                Norms.ones("BatchNorm", channels),
                new Parameter(Shape.of(channels), Init.zeros()),
                new Buffer(Shape.of(channels), Init.zeros()),
                new Buffer(Shape.of(channels), Init.constant(1)),
                new Buffer(Shape.SCALAR, Init.zeros()),
                1e-5f,
                0.1f,
                null);
    }

    /**
     * Returns this layer with another epsilon.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public BatchNorm epsilon(float e) {
        return Records.with(this, "epsilon", e);
    }

    /**
     * Returns this layer with another momentum, the share of a new batch; null for the average over all batches.
     *
     * @throws IllegalArgumentException if it is outside [0, 1]
     */
    public BatchNorm momentum(@Nullable Float share) {
        return Records.with(this, "momentum", share);
    }

    /** Returns this layer without weight and bias. */
    public BatchNorm withoutAffine() {
        return Records.with(this, "weight", null, "bias", null);
    }

    /** Returns this layer with an activation, which runs in the same kernel. */
    public BatchNorm act(Activation a) {
        return Records.with(this, "activation", a);
    }

    @Override
    public boolean fusible() {
        return activation == null;
    }

    /**
     * Returns that each step is computed alone in evaluation mode, and that steps are mixed in training and where no
     * pass is open.
     */
    @Override
    public Steps stepReading() {
        return Pass.evaluating() ? Steps.EACH : Steps.MIXED;
    }

    /**
     * @throws IllegalArgumentException if x has another number of channels, or in training fewer than two values a
     *     channel
     */
    @Override
    public Tensor forward(Tensor x) {
        return fused(x, null, activation);
    }

    @Override
    public Tensor fused(Tensor x, @Nullable Tensor residual, @Nullable Activation act) {
        if (!Pass.current().training()) {
            return x.batchNorm(runningMean, runningVar, weight, bias, epsilon, residual, act);
        }
        Normalized n = x.batchNorm(weight, bias, epsilon, residual, act);
        float share =
                momentum != null ? momentum : 1 / (numBatchesTracked.value().item() + 1);
        long values = x.size() / x.dim(-1);
        follow(runningMean, n.mean(), share, 1);
        follow(runningVar, n.variance(), share, values / (values - 1f));
        numBatchesTracked.update(numBatchesTracked.value().add(1));
        return n.y();
    }

    private static void follow(Buffer running, Tensor batch, float share, float unbiased) {
        running.update(running.value().mul(1 - share).add(batch.mul(share * unbiased)));
    }
}
