package dev.fathom.labs.codes;

import static dev.fathom.op.Activation.RELU;
import static dev.fathom.op.Activation.TANH;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.nets.GaussianNoise;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * y = decoder(encoder(x)), trained to give back its input: what comes out of the encoder is a code of x.
 *
 * @param encoder from x [n, ..] to codes [n, ..]
 * @param decoder from codes back to the shape of x
 */
record Autoencoder(Layer encoder, Layer decoder) implements Layer {
    @Override
    public Tensor forward(Tensor x) {
        return decoder.apply(encoder.apply(x));
    }

    /**
     * A linear layer to the code, and one back, both without a bias, for inputs of mean 0. They begin orthogonal, from
     * where gradients find the way fast.
     */
    static Autoencoder linear(int in, int code) {
        return new Autoencoder(
                new Linear(in, code, Init.orthogonal()).withoutBias(),
                new Linear(code, in, Init.orthogonal()).withoutBias());
    }

    /** A code of tanh units. */
    static Autoencoder tanh(int in, int code) {
        return new Autoencoder(new Linear(in, code, Init.xavierUniform()).act(TANH), new Linear(code, in));
    }

    /** A code of ReLU units, with noise of this deviation on the inputs in training. */
    static Autoencoder rectified(int in, int code, float noise) {
        return new Autoencoder(new Sequential(new GaussianNoise(noise), relu(in, code)), new Linear(code, in));
    }

    /** Two hidden layers on either side of a linear code. */
    static Autoencoder deep(int in, int wide, int narrow, int code) {
        return new Autoencoder(
                new Sequential(relu(in, wide), relu(wide, narrow), new Linear(narrow, code)),
                new Sequential(relu(code, narrow), relu(narrow, wide), new Linear(wide, in)));
    }

    /** A hidden layer on either side of a code of zeros and ones. */
    static Autoencoder binary(int in, int hidden, int bits) {
        return new Autoencoder(
                new Sequential(relu(in, hidden), new Linear(hidden, bits), Autoencoder::bits),
                new Sequential(relu(bits, hidden), new Linear(hidden, in)));
    }

    private static Linear relu(int in, int out) {
        return new Linear(in, out, Init.heUniform()).act(RELU);
    }

    /**
     * 1 where the sigmoid of x is above 0.5, else 0. The gradient is that of the sigmoid (Bengio, Leonard and Courville
     * 2013).
     */
    static Tensor bits(Tensor x) {
        return x.sigmoid().sub(0.5f).straightThrough(Float.POSITIVE_INFINITY);
    }

    /** Trains a network by Adam on the mean squared error of each number, and a penalty on a batch of codes. */
    static void train(
            Lab lab,
            String name,
            Model<Autoencoder> model,
            Dataset data,
            int epochs,
            @Nullable UnaryOperator<Tensor> penalty) {
        var trainer = Trainer.custom(model, new Adam(2e-3f), (net, batch) -> {
                    Tensor code = net.encoder().apply(batch.x());
                    Tensor loss = Loss.mse().of(net.decoder().apply(code), batch.x());
                    return new Step.Result(penalty == null ? loss : loss.add(penalty.apply(code)));
                })
                .schedule(Schedule.cosine(epochs));
        lab.train(name, "examples", trainer, data, Math.min(64, data.size()), epochs);
    }
}
