package dev.fathom.labs.characters;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Objects;

/**
 * Trains the networks on text: recurrent networks piece by piece with their state carried along, the GPT on shuffled
 * windows.
 */
record CharacterTraining(LabRun run) {
    /** The length of the GPT's windows. */
    static final int CONTEXT = 128;

    private static final int ROWS = 32;
    private static final int PIECE = 64;
    private static final String BITS = "bits_per_character";

    /** Trains by truncated back-propagation through time; false if the run was interrupted in the first epoch. */
    boolean rnn(String name, Model<CharacterRnn> model, int[] training, int[] validation, int epochs) {
        run.training().say("%n== %s", name);
        try (Dataset pieces = Dataset.pieces(training, ROWS, PIECE);
                Dataset held = Dataset.pieces(validation, rows(validation), PIECE)) {
            Trainer<CharacterRnn> trainer = Trainer.custom(
                            model, new Adam(4e-3f), (net, batch, state) -> net.step(batch, state))
                    .schedule(Schedule.cosine(epochs))
                    .clipNorm(1)
                    .metrics(Metric.bitsPerCharacter())
                    .keepBest("val_" + BITS)
                    .seed(run.seed());
            trainer = run.training().attach(trainer, run.folder().resolve(name), "pieces");
            return isTrained(trainer.fit(pieces.batches(ROWS), held.batches(rows(validation)), epochs));
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

    /** Trains a GPT; false if the run was interrupted in the first epoch. */
    boolean gpt(Model<Gpt> model, int[] training, int[] validation, int epochs) {
        run.training().say("%n== gpt");
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
                    .seed(run.seed());
            trainer = run.training().attach(trainer, run.folder().resolve("gpt"), "windows");
            return isTrained(trainer.fit(
                    windows.shuffled(run.seed()).batches(16), held.batches(Math.min(ROWS, held.size())), epochs));
        }
    }

    /** Prints the notes of a training; whether an epoch was finished. */
    private boolean isTrained(Run history) {
        history.notes().forEach(note -> run.training().say("%s", note));
        return history.best() != null;
    }

    /** As many rows as there are pieces for, and at most {@link #ROWS}. */
    private static int rows(int... text) {
        return Math.max(1, Math.min(ROWS, (text.length - 1) / PIECE));
    }
}
