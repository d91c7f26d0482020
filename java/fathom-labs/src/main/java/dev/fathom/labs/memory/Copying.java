package dev.fathom.labs.memory;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.stream.IntStream;

/**
 * Copying: a network sees vectors of random bits, a sign, and then says the vectors again.
 *
 * @param bits in a vector
 * @param longest sequence that is learned from
 * @param tested the longest sequence of the test
 * @param slots of the memory
 * @param width of a slot
 * @param hidden units of the controller and of the LSTM
 */
record Copying(int bits, int longest, int tested, int slots, int width, int hidden) {
    private static final int BATCH = 32;
    private static final int TESTED = 64;

    /** Inputs [n, 2 length, bits + 1] for vectors [n, length, bits]: the vectors, and then the sign to answer. */
    static Tensor asked(Tensor vectors) {
        int n = vectors.dim(0);
        int length = vectors.dim(1);
        int bits = vectors.dim(2);
        Tensor said = Tensor.concat(2, vectors, Tensor.zeros(n, length, 1));
        Tensor sign = Tensor.concat(2, Tensor.zeros(n, length, bits), Tensor.ones(n, length, 1));
        return Tensor.concat(1, said, sign);
    }

    /** The logits of the bits in the second half of the steps, [n, length, bits]. */
    static Tensor answers(Layer net, Tensor vectors) {
        int length = vectors.dim(1);
        return net.apply(asked(vectors)).slice(1, length, 2 * length);
    }

    static float[] bits(Rng rng, int count) {
        float[] bits = rng.uniform(count, 0, 1);
        for (int i = 0; i < count; i++) {
            bits[i] = bits[i] < 0.5f ? 0 : 1;
        }
        return bits;
    }

    /** Teaches a network sequences of random lengths. */
    Run train(Lab lab, String name, Model<Layer> model) {
        int sequences = BATCH * 100;
        int epochs = lab.epochs(25, 8);
        float[] random = bits(lab.rng("learn"), sequences * longest * bits);
        try (Dataset data = Dataset.of(random, Shape.of(longest, bits), new int[sequences])) {
            var trainer = Trainer.custom(model, new Adam(5e-3f), (net, batch) -> {
                        float drawn =
                                Pass.current().uniform(Shape.of(1), 0, longest).item();
                        Tensor vectors = batch.x().slice(1, 0, Math.min(longest, 1 + (int) drawn));
                        return new Step.Result(Loss.bceWithLogits().of(answers(net, vectors), vectors));
                    })
                    .schedule(Schedule.cosine(epochs))
                    .clipNorm(1);
            return lab.train(name, "sequences", trainer, data, BATCH, epochs);
        }
    }

    /** The share of bits that are right, by the length from 1 on. */
    double[] accuracies(Lab lab, Layer net) {
        return IntStream.rangeClosed(1, tested)
                .mapToDouble(length -> {
                    Rng rng = lab.rng("test").split(length);
                    try (Pass pass = Pass.infer()) {
                        Tensor vectors = Tensor.of(bits(rng, TESTED * length * bits), TESTED, length, bits);
                        return answers(net, vectors).gt(0).eq(vectors).mean().item();
                    }
                })
                .toArray();
    }
}
