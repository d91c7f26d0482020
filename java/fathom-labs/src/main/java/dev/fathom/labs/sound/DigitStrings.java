package dev.fathom.labs.sound;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.decode.CtcDecoding;
import dev.fathom.decode.ErrorRate;
import dev.fathom.decode.Hypothesis;
import dev.fathom.labs.data.SpokenDigits.Recording;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.sound.DigitFeatures.Spoken;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Schedule;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.History;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Strings of digits read by an LSTM in both directions that says a digit or nothing at each frame; only the order of the digits is known, and connectionist
 * temporal classification (Graves et al. 2006) finds where they are.
 */
record DigitStrings(Recurrent lstm, Linear out) implements Net {
    static final int BEAM = 8;
    private static final int CLASSES = 11;
    private static final int UNITS = 64;

    /**
     * How strings of the test are read.
     *
     * @param spoken the digits of the first string
     * @param heard what the beam makes of it
     * @param frames its spectrogram [steps, BANDS]
     * @param probabilities of its frames [steps, CLASSES]
     */
    record Read(
            int strings,
            ErrorRate greedy,
            ErrorRate beam,
            List<Integer> spoken,
            List<Integer> heard,
            float[] frames,
            float[] probabilities) {
        /** The spectrogram, low bands below, above the probabilities of the blank and of 0 to 9 from top to bottom. */
        ImageSheet picture() {
            int bands = DigitFeatures.BANDS;
            int steps = frames.length / bands;
            int zoom = 6;
            byte[] sound = Shades.gray(frames);
            byte[] pixels = new byte[(bands + 1 + 2 * CLASSES) * zoom * steps * zoom];
            for (int row = 0; row < (bands + 1 + 2 * CLASSES) * zoom; row++) {
                int band = row / zoom;
                for (int column = 0; column < steps * zoom; column++) {
                    int t = column / zoom;
                    pixels[row * steps * zoom + column] = band < bands
                            ? sound[t * bands + bands - 1 - band]
                            : band == bands
                                    ? (byte) 255
                                    : (byte) Math.round(255 * probabilities[t * CLASSES + (band - bands - 1) / 2]);
                }
            }
            return new ImageSheet((bands + 1 + 2 * CLASSES) * zoom, steps * zoom, 1)
                    .columns(1)
                    .add(pixels, "spoken " + digits(spoken) + ", heard " + digits(heard));
        }
    }

    static String digits(List<Integer> digits) {
        return String.join(" ", digits.stream().map(String::valueOf).toList());
    }

    static DigitStrings net() {
        return new DigitStrings(
                Recurrent.lstm(DigitFeatures.BANDS, UNITS).bidirectional(), new Linear(2 * UNITS, CLASSES));
    }

    Tensor logits(Batch batch) {
        return out.apply(lstm.run(batch.x(), null, batch.lengths("x")).steps());
    }

    /** Learns strings of recordings to learn from and reads strings of those of the test; null where it was stopped. */
    static @Nullable Read learn(Run run, List<Recording> learn, List<Recording> test) {
        int epochs = run.epochs(15, 4);
        List<Recording> heldOut = learn.stream().filter(r -> r.index() % 9 == 5).toList();
        List<Recording> rest = learn.stream().filter(r -> r.index() % 9 != 5).toList();
        List<Spoken> tested = DigitFeatures.strings(test, run.of(400, 60), run.seed() + 2);
        try (Dataset train = DigitFeatures.strings(DigitFeatures.strings(rest, run.of(3_000, 600), run.seed()));
                Dataset choose =
                        DigitFeatures.strings(DigitFeatures.strings(heldOut, run.of(300, 30), run.seed() + 1));
                Dataset asked = DigitFeatures.strings(tested);
                Model<DigitStrings> model = Model.of(net(), run.seed())) {
            var trainer = Trainer.custom(
                            model,
                            new AdamW(5e-3f).weightDecay(0.01f),
                            (net, batch) -> new Step.Result(Loss.ctc()
                                    .of(net.logits(batch), batch.y(), batch.lengths("x"), batch.lengths("y"))))
                    .schedule(Schedule.cosine(epochs))
                    .clipNorm(1)
                    .keepBest()
                    .seed(run.seed());
            run.training().attach(trainer, run.folder().resolve("strings"), "strings");
            Batches batches = train.shuffled(run.seed()).batches(run.of(20, 10)).bucketed("x", 20);
            History history = trainer.fit(batches, choose, epochs);
            return history.best() == null || run.interrupt().requested() ? null : read(model.net(), asked, tested);
        }
    }

    private static Read read(DigitStrings net, Dataset asked, List<Spoken> tested) {
        List<List<Integer>> greedy = new ArrayList<>();
        List<List<Integer>> beam = new ArrayList<>();
        float[] probabilities = {};
        CtcDecoding decoding = new CtcDecoding();
        Batches.Epoch batches = asked.batches(1).epoch(0);
        while (batches.hasNext()) {
            try (Pass pass = Pass.infer()) {
                Batch batch = batches.next();
                Tensor logits = net.logits(batch);
                decoding.greedy(logits, null).forEach(h -> greedy.add(heard(h)));
                decoding.beam(logits, null, BEAM).forEach(all -> beam.add(heard(all.get(0))));
                if (greedy.size() == 1) {
                    probabilities = logits.softmax(2).toArray();
                }
            }
        }
        List<List<Integer>> spoken = tested.stream().map(Spoken::digits).toList();
        return new Read(
                tested.size(),
                ErrorRate.of(greedy, spoken),
                ErrorRate.of(beam, spoken),
                spoken.get(0),
                beam.get(0),
                DigitFeatures.frames(tested.get(0).samples()),
                probabilities);
    }

    private static List<Integer> heard(Hypothesis h) {
        return h.tokens().stream().map(t -> t - 1).toList();
    }
}
