package dev.fathom.labs.restoration;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Tensor;

/**
 * A convolutional auto-encoder decoder(encoder(y)) of images y [n, side, side, c]: its code has half the side. Where it
 * {@code corrects}, the image is a guess, such as y itself or its interpolation, plus what comes out, so that the
 * network only has to learn the difference (Kim et al. 2016, Zhang et al. 2017). The difference begins near 0.
 *
 * @param encoder to codes [n, side / 2, side / 2, 2 width]
 * @param decoder back to images
 * @param damage whose known pixels are kept
 */
record ConvAutoencoder(Layer encoder, Layer decoder, Damage damage, boolean corrects) implements Layer {
    /** A network whose first layer has {@code width} channels. */
    static ConvAutoencoder of(int channels, int width, Damage damage, boolean corrects) {
        return new ConvAutoencoder(
                new Sequential(
                        new Conv(channels, width, 3).pad(1).act(RELU),
                        new Conv(width, 2 * width, 3).stride(2).pad(1).act(RELU),
                        new Conv(2 * width, 2 * width, 3).pad(1).act(RELU)),
                new Sequential(
                        new Conv(2 * width, 2 * width, 3).pad(1).act(RELU),
                        new ConvTransposed(2 * width, width, 2).stride(2).act(RELU),
                        new Conv(width, channels, 3).pad(1).withWeight(Init.normal(0, 0.01f))),
                damage,
                corrects);
    }

    String name() {
        return corrects ? "correcting auto-encoder" : "auto-encoder";
    }

    @Override
    public Tensor forward(Tensor y) {
        Tensor x = decoder.apply(encoder.apply(y));
        return damage.kept(y, corrects ? x.add(damage.guess(y)) : x);
    }
}
