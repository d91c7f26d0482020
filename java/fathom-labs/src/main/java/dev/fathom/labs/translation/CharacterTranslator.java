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
import java.util.function.Function;
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

    /**
     * The texts of one language.
     *
     * @param alphabet has all their characters, and the blank first
     * @param longest the length of the longest text
     */
    record Language(List<String> texts, String alphabet, int longest) {
        private static Language of(List<Pair> pairs, Function<Pair, String> text) {
            List<String> texts = pairs.stream().map(text).toList();
            StringBuilder alphabet = new StringBuilder(" ");
            texts.stream()
                    .flatMapToInt(String::chars)
                    .filter(c -> c != ' ')
                    .distinct()
                    .sorted()
                    .forEach(c -> alphabet.append((char) c));
            return new Language(
                    texts,
                    alphabet.toString(),
                    texts.stream().mapToInt(String::length).max().orElseThrow());
        }

        static Language english(List<Pair> pairs) {
            return of(pairs, Pair::english);
        }

        /** The French texts, each from a tab to a line end. */
        static Language french(List<Pair> pairs) {
            return of(pairs, pair -> "\t" + pair.french() + "\n");
        }

        /** A field of the texts without their first {@code skipped} characters, filled with blanks. */
        private Field field(String name, int skipped) {
            int[] places = texts.stream()
                    .flatMapToInt(text -> IntStream.range(skipped, skipped + longest)
                            .map(i -> i < text.length() ? alphabet.indexOf(text.charAt(i)) : 0))
                    .toArray();
            return Field.ints(name, Shape.of(longest), places);
        }
    }

    /** The pairs as the network learns them. The targets are the French characters without the tab. */
    static Dataset dataset(Language english, Language french) {
        return Dataset.of(
                english.field("english", 0),
                french.field("french", 0),
                french.field("y", 1).target());
    }

    // ---- the section of the lab

    /** Trains the network as the example does, on the last fifth of whose pairs it is measured. */
    static void study(Lab lab, List<Pair> pairs) {
        List<Pair> used = pairs.subList(0, Math.min(pairs.size(), lab.of(10_000, 400)));
        int learn = used.size() * 4 / 5;
        int epochs = lab.epochs(20, 2);
        Language english = Language.english(used);
        Language french = Language.french(used);
        int read = english.alphabet.length();
        int written = french.alphabet.length();
        lab.section("Character by character")
                .put("first pairs", used.size())
                .put("english characters", read)
                .put("french characters", written);
        Table table = lab.table("characters", "epoch").named("Keras's characters, accuracy after epoch {row}");
        try (Dataset all = dataset(english, french);
                Dataset train = all.take(0, learn);
                Dataset held = all.take(learn, used.size());
                Model<CharacterTranslator> model = Model.of(of(read, written, lab.of(HIDDEN, 32)), lab.seed())) {
            var trainer = Trainer.custom(
                            model, new RmsProp(1e-3f).alpha(0.9f).epsilon(1e-7f), CharacterTranslator::step)
                    .metrics(Metric.accuracy());
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
