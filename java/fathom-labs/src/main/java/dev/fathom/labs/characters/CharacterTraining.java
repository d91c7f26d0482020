package dev.fathom.labs.characters;

import dev.fathom.data.Dataset;
import dev.fathom.decode.Gpt;
import dev.fathom.experiments.Lab;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Objects;

/**
 * Trains the networks on text: recurrent networks piece by piece with their state carried along, the GPT on shuffled
 * windows.
 */
final class CharacterTraining {
    /** The length of the GPT's windows. */
    static final int CONTEXT = 128;

    private static final int ROWS = 32;
    private static final int PIECE = 64;
    private static final String BITS = "bits_per_character";

    private CharacterTraining() {}

    /** Trains by truncated back-propagation through time. */
    static void rnn(Lab lab, String name, Model<CharacterRnn> model, int[] training, int[] validation, int epochs) {
        try (Dataset pieces = Dataset.pieces(training, ROWS, PIECE);
                Dataset held = Dataset.pieces(validation, rows(validation), PIECE)) {
            Trainer<CharacterRnn> trainer = Trainer.custom(
                            model, new Adam(4e-3f), (net, batch, state) -> net.step(batch, state))
                    .schedule(Schedule.cosine(epochs))
                    .clipNorm(1)
                    .metrics(Metric.bitsPerCharacter())
                    .keepBest("val_" + BITS)
                    .seed(lab.seed());
            lab.train(name, "pieces", trainer, pieces.batches(ROWS), held.batches(rows(validation)), epochs);
        }
    }

    /** Bits per character of a recurrent network that carries its state through the whole text. */
    static double bits(Model<CharacterRnn> model, int[] text) {
        try (Dataset pieces = Dataset.pieces(text, 1, PIECE)) {
            var figures = Trainer.custom(model, new Adam(1), (net, batch, state) -> net.step(batch, state))
                    .metrics(Metric.bitsPerCharacter())
                    .evaluate(pieces.batches(1));
            return Objects.requireNonNull(figures.get(BITS));
        }
    }

    /** Trains a GPT. */
    static void gpt(Lab lab, Model<Gpt> model, int[] training, int[] validation, int epochs) {
        try (Dataset windows = Gpt.windows(training, CONTEXT, CONTEXT);
                Dataset held = Gpt.windows(validation, CONTEXT, CONTEXT)) {
            Trainer<Gpt> trainer = Trainer.custom(model, new AdamW(2e-3f), (net, batch) -> {
                        Tensor logits = net.apply(batch.x());
                        return new Step.Result(Loss.crossEntropy().of(logits, batch.y()), logits);
                    })
                    .schedule(Schedule.cosine(epochs).warmUp(0.5))
                    .clipNorm(1)
                    .metrics(Metric.bitsPerCharacter())
                    .keepBest("val_" + BITS)
                    .seed(lab.seed());
            var batches = windows.shuffled(lab.seed()).batches(16);
            lab.train("gpt", "windows", trainer, batches, held.batches(Math.min(ROWS, held.size())), epochs);
        }
    }

    /** As many rows as there are pieces for, and at most {@link #ROWS}. */
    private static int rows(int... text) {
        return Math.max(1, Math.min(ROWS, (text.length - 1) / PIECE));
    }
}
