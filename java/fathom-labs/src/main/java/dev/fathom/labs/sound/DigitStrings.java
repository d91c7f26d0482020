package dev.fathom.labs.sound;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.decode.CtcDecoding;
import dev.fathom.decode.ErrorRate;
import dev.fathom.decode.Hypothesis;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.SpokenDigits;
import dev.fathom.experiments.data.SpokenDigits.Recording;
import dev.fathom.experiments.data.SpokenDigits.Spoken;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Schedule;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A bidirectional LSTM that recognizes strings of digits. At each frame it gives the probabilities of the blank, class
 * 0, and of the digits, one class higher. The labels say which digits a string has but not where; connectionist
 * temporal classification (Graves et al. 2006) sums over all alignments.
 */
record DigitStrings(Recurrent lstm, Linear out) implements Net {
    static final int BEAM = 8;
    private static final int CLASSES = 11;
    private static final int UNITS = 64;
    private static final int ZOOM = 6;

    /**
     * The recognized strings of the test.
     *
     * @param spoken the digits of the first string
     * @param heard its digits by prefix beam search
     * @param frames its features [steps, BANDS]
     * @param probabilities of its frames [steps, CLASSES]
     */
    record Recognized(
            int strings,
            ErrorRate greedy,
            ErrorRate beam,
            List<Integer> spoken,
            List<Integer> heard,
            float[] frames,
            float[] probabilities) {
        /**
         * The spectrogram with low bands at the bottom, and below it the probabilities of the blank and of 0 to 9 from
         * top to bottom.
         */
        ImageSheet picture() {
            int bands = DigitFeatures.BANDS;
            int steps = frames.length / bands;
            byte[] sound = Shades.gray(frames);
            int rows = bands + 1 + 2 * CLASSES;
            byte[] pixels = new byte[rows * ZOOM * steps * ZOOM];
            for (int i = 0; i < pixels.length; i++) {
                int row = i / (steps * ZOOM) / ZOOM;
                int t = i % (steps * ZOOM) / ZOOM;
                pixels[i] = row < bands
                        ? sound[t * bands + bands - 1 - row]
                        : (byte)
                                (row == bands
                                        ? 255
                                        : Math.round(255 * probabilities[t * CLASSES + (row - bands - 1) / 2]));
            }
            return new ImageSheet(rows * ZOOM, steps * ZOOM, 1)
                    .columns(1)
                    .add(pixels, "spoken " + text(spoken) + ", recognized " + text(heard));
        }

        /** The probabilities over the frames of the blank and of each digit that was spoken. */
        Map<String, double[][]> curves() {
            double[] axis = IntStream.range(0, frames.length / DigitFeatures.BANDS)
                    .asDoubleStream()
                    .toArray();
            Map<String, double[][]> curves = new LinkedHashMap<>();
            IntStream.concat(
                            IntStream.of(0),
                            spoken.stream().mapToInt(d -> d + 1).distinct())
                    .forEach(c -> curves.put(c == 0 ? "blank" : "" + (c - 1), new double[][] {
                        axis,
                        Arrays.stream(axis)
                                .map(t -> probabilities[((int) t) * CLASSES + c])
                                .toArray()
                    }));
            return curves;
        }
    }

    private static String text(List<Integer> digits) {
        return String.join(" ", digits.stream().map(String::valueOf).toList());
    }

    static DigitStrings net() {
        return new DigitStrings(
                Recurrent.lstm(DigitFeatures.BANDS, UNITS).bidirectional(), new Linear(2 * UNITS, CLASSES));
    }

    Tensor logits(Batch batch) {
        return out.apply(lstm.run(batch.x(), State.EMPTY, batch.lengths("x")).steps());
    }

    /** Whether a recording that is not of the test belongs to the strings for validation, a ninth. */
    static boolean isValidation(Recording recording) {
        return recording.index() % 9 == 5;
    }

    /** Trains on strings of training recordings and recognizes strings of test recordings. */
    static Recognized train(Lab lab, List<Recording> training, List<Recording> test) {
        int epochs = lab.epochs(15, 4);
        Map<Boolean, List<Recording>> parts =
                training.stream().collect(Collectors.partitioningBy(DigitStrings::isValidation));
        List<Spoken> tested = SpokenDigits.strings(test, lab.of(400, 60), lab.seed() + 2);
        try (Dataset strings = strings(parts, false, lab.of(3_000, 600), lab.seed());
                Dataset validation = strings(parts, true, lab.of(300, 30), lab.seed() + 1);
                Dataset asked = DigitFeatures.strings(tested);
                Model<DigitStrings> model = Model.of(net(), lab.seed())) {
            var trainer = Trainer.custom(
                            model,
                            new AdamW(5e-3f).weightDecay(0.01f),
                            (net, batch) -> new Step.Result(Loss.ctc()
                                    .of(net.logits(batch), batch.y(), batch.lengths("x"), batch.lengths("y"))))
                    .schedule(Schedule.cosine(epochs))
                    .clipNorm(1)
                    .keepBest()
                    .seed(lab.seed());
            Batches batches =
                    strings.shuffled(lab.seed()).batches(lab.of(20, 10)).bucketed("x", 20);
            lab.train("strings", "strings", trainer, batches, validation, epochs);
            return recognize(model.net(), asked, tested);
        }
    }

    private static Dataset strings(Map<Boolean, List<Recording>> parts, boolean validation, int count, long seed) {
        return DigitFeatures.strings(SpokenDigits.strings(parts.getOrDefault(validation, List.of()), count, seed));
    }

    private static Recognized recognize(DigitStrings net, Dataset asked, List<Spoken> tested) {
        List<List<Integer>> greedy = new ArrayList<>();
        List<List<Integer>> beam = new ArrayList<>();
        float[] probabilities = {};
        Batches.Epoch batches = asked.batches(1).epoch(0);
        while (batches.hasNext()) {
            try (Pass pass = Pass.infer()) {
                Tensor logits = net.logits(batches.next());
                greedy.add(greedy(logits));
                beam.add(beam(logits));
                if (greedy.size() == 1) {
                    probabilities = logits.softmax(2).toArray();
                }
            }
        }
        List<List<Integer>> spoken = tested.stream().map(Spoken::digits).toList();
        return new Recognized(
                tested.size(),
                ErrorRate.of(greedy, spoken),
                ErrorRate.of(beam, spoken),
                spoken.get(0),
                beam.get(0),
                DigitFeatures.frames(tested.get(0).samples()),
                probabilities);
    }

    /** The digits of one string by the most probable class of each frame. */
    static List<Integer> greedy(Tensor logits) {
        return digits(new CtcDecoding().greedy(logits, null).get(0));
    }

    /** The digits of one string by prefix beam search. */
    static List<Integer> beam(Tensor logits) {
        return digits(new CtcDecoding().beam(logits, null, BEAM).get(0).get(0));
    }

    private static List<Integer> digits(Hypothesis classes) {
        return classes.tokens().stream().map(c -> c - 1).toList();
    }
}
