package dev.fathom.labs.translation;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.EnglishFrench.Pair;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.optim.RmsProp;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The network of Keras's example lstm_seq2seq: an LSTM reads an English sentence character by character, and a second
 * one begins with its states, reads the French characters so far and says the next one. Both read characters one-hot,
 * and blanks fill the sentences up to the longest, in the loss and in the accuracy as well.
 */
record CharacterTranslator(Recurrent encoder, Recurrent decoder, Linear out) implements Net {
    private static final int HIDDEN = 256;
    private static final int BATCH = 64;
    /** The accuracy of the validation characters that the example's page shows, by epoch. */
    private static final Map<Integer, Double> PUBLISHED = new TreeMap<>(Map.of(1, 0.6995, 10, 0.8497, 20, 0.8712));

    static CharacterTranslator of(int english, int french, int hidden) {
        return new CharacterTranslator(
                lstm(english, hidden),
                lstm(french, hidden),
                new Linear(hidden, french, Init.xavierUniform()).withBias(Init.zeros()));
    }

    /** An LSTM that begins as in Keras: the bias of the forget gate is 1, and the others are 0. */
    private static Recurrent lstm(int in, int hidden) {
        return Recurrent.lstm(in, hidden)
                .biases(1)
                .init("weight_ih*", Init.xavierUniform())
                .init("weight_hh*", Init.orthogonal())
                .init("bias*", (shape, rng) -> {
                    float[] values = new float[4 * hidden];
                    Arrays.fill(values, hidden, 2 * hidden, 1);
                    return values;
                });
    }

    /** The logits [n, t, french] of what follows each of the French characters [n, t] after the English ones. */
    Tensor logits(Tensor english, Tensor french) {
        int read = encoder.settings().in();
        int written = decoder.settings().in();
        return out.apply(decoder.run(
                        french.oneHot(written),
                        encoder.run(english.oneHot(read)).state())
                .steps());
    }

    private static Step.Result step(CharacterTranslator net, Batch batch) {
        Tensor logits = net.logits(batch.get("english"), batch.get("french"));
        return new Step.Result(Loss.crossEntropy().of(logits, batch.y()), logits);
    }

    // ---- data

    /** All characters of some texts, the blank first. */
    private static String alphabet(List<String> texts) {
        StringBuilder all = new StringBuilder(" ");
        texts.stream()
                .flatMapToInt(String::chars)
                .filter(c -> c != ' ')
                .distinct()
                .sorted()
                .forEach(c -> all.append((char) c));
        return all.toString();
    }

    private static int longest(List<String> texts) {
        return texts.stream().mapToInt(String::length).max().orElseThrow();
    }

    /** The places of the characters of each text in an alphabet, with blanks up to a length. */
    private static int[] places(List<String> texts, String alphabet, int length) {
        return texts.stream()
                .flatMapToInt(text ->
                        IntStream.range(0, length).map(i -> i < text.length() ? alphabet.indexOf(text.charAt(i)) : 0))
                .toArray();
    }

    /** The pairs as the network learns them: the French ones from a tab to a line end, and the same without the tab. */
    static Dataset dataset(List<Pair> pairs) {
        List<String> english = pairs.stream().map(Pair::english).toList();
        List<String> french = pairs.stream().map(p -> "\t" + p.french() + "\n").toList();
        List<String> next = french.stream().map(text -> text.substring(1)).toList();
        int read = longest(english);
        int written = longest(french);
        String letters = alphabet(french);
        return Dataset.of(
                Field.ints("english", Shape.of(read), places(english, alphabet(english), read)),
                Field.ints("french", Shape.of(written), places(french, letters, written)),
                Field.ints("y", Shape.of(written), places(next, letters, written))
                        .target());
    }

    // ---- the section of the lab

    /** Trains the network as the example does, on the last fifth of whose pairs it is measured. */
    static void study(Lab lab, List<Pair> pairs) {
        List<Pair> used = pairs.subList(0, Math.min(pairs.size(), lab.of(10_000, 400)));
        int learn = used.size() * 4 / 5;
        int epochs = lab.epochs(20, 2);
        String english = alphabet(used.stream().map(Pair::english).toList());
        String french =
                alphabet(used.stream().map(p -> "\t" + p.french() + "\n").toList());
        lab.section("Character by character")
                .put("first pairs", used.size())
                .put("english characters", english.length())
                .put("french characters", french.length());
        Table table = lab.table("characters", "epoch").named("Keras's characters, accuracy after epoch {row}");
        try (Dataset all = dataset(used);
                Dataset train = all.take(0, learn);
                Dataset held = all.take(learn, used.size());
                Model<CharacterTranslator> model =
                        Model.of(of(english.length(), french.length(), lab.of(HIDDEN, 32)), lab.seed())) {
            var trainer = Trainer.custom(
                            model, new RmsProp(1e-3f).alpha(0.9f).epsilon(1e-7f), CharacterTranslator::step)
                    .metrics(Metric.higherIsBetter(
                            "accuracy",
                            (logits, truth) ->
                                    new Metric.Sum(logits.correct(truth).item(), truth.size())));
            Run history =
                    lab.train("Keras's characters", "pairs", trainer, train, Math.min(BATCH, learn), held, epochs);
            double[][] measured = history.curve("val_accuracy");
            PUBLISHED.forEach((epoch, accuracy) -> {
                if (epoch <= epochs) {
                    table.row("" + epoch)
                            .put("measured", "%.4f", measured[1][epoch - 1])
                            .cell("published", "%.4f", accuracy);
                }
            });
            lab.put("parameters", model.parameterCount())
                    .curves("characters.png", "accuracy of characters", "epoch", Map.of("validation", measured));
        }
    }
}
