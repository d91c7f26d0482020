package dev.fathom.labs.restoration;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Tensor;

/**
 * A convolutional auto-encoder decoder(encoder(y)) of images y [n, side, side, c]: its code has half the side. Where it {@code corrects}, the image is y, cut
 * to values from 0 to 1, plus what comes out, so that the network only has to learn the difference (Zhang et al. 2017, DnCNN). The difference begins near 0.
 *
 * @param encoder to codes [n, side / 2, side / 2, 32]
 * @param decoder back to images
 */
record ConvAutoencoder(Layer encoder, Layer decoder, boolean corrects) implements Layer {
    static ConvAutoencoder of(int channels, boolean corrects) {
        return new ConvAutoencoder(
                new Sequential(
                        new Conv(channels, 16, 3).pad(1).act(RELU),
                        new Conv(16, 32, 3).stride(2).pad(1).act(RELU),
                        new Conv(32, 32, 3).pad(1).act(RELU)),
                new Sequential(
                        new Conv(32, 32, 3).pad(1).act(RELU),
                        new ConvTransposed(32, 16, 2).stride(2).act(RELU),
                        new Conv(16, channels, 3).pad(1).withWeight(Init.normal(0, 0.01f))),
                corrects);
    }

    static String name(boolean corrects) {
        return corrects ? "correcting auto-encoder" : "auto-encoder";
    }

    @Override
    public Tensor forward(Tensor y) {
        Tensor x = decoder.apply(encoder.apply(y));
        return corrects ? x.add(y.clamp(0, 1)) : x;
    }
}
