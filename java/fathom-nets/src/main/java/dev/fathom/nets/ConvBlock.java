package dev.fathom.nets;

import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;

/** The block of which most networks for images are made. */
public final class ConvBlock {
    private ConvBlock() {}

    /**
     * Returns a convolution without bias that keeps height and width, batch normalization, and ReLU: images [n, h, w,
     * in] become maps [n, h, w, out].
     *
     * @param kernel its height and width
     * @throws IllegalArgumentException if a size is below 1, or the kernel is even
     */
    public static Sequential of(int in, int out, int kernel) {
        if (kernel % 2 == 0) {
            throw new IllegalArgumentException(
                    "ConvBlock: kernel=" + kernel + " must be odd, so that height and width stay as they are");
        }
        return new Sequential(
                new Conv(in, out, kernel).pad(kernel / 2).withoutBias(), new BatchNorm(out).act(Activation.RELU));
    }
}
