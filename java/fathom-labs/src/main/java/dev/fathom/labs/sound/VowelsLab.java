package dev.fathom.labs.sound;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Vowel;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Input;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.sound.LinearPrediction;
import dev.fathom.sound.Wav;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Five vowels, spoken sample by sample by a small autoregressive network that heard generated voices, beside a linear
 * autoregressive model.
 */
public final class VowelsLab implements Experiment {
    private static final int BATCH = 128;
    private static final int ORDER = 12;
    private static final int SILENCE = Vowel.RATE / 5;
    private static final int SHOWN = 400;
    private static final float TEMPERATURE = 0.4f;
    private static final Vowel[] VOWELS = Vowel.values();

    /** What a method says: a sound for each vowel, and its envelope. */
    private record Speaker(String name, float[][] sounds, LinearPrediction[] envelopes) {
        Speaker(String name, float[][] sounds) {
            this(
                    name,
                    sounds,
                    Arrays.stream(sounds)
                            .map(s -> LinearPrediction.of(Vowel.RATE, ORDER, s))
                            .toArray(LinearPrediction[]::new));
        }

        double pitch(int vowel) {
            return LinearPrediction.pitch(Vowel.RATE, sounds[vowel])[0];
        }

        double periodic() {
            return mean(v -> LinearPrediction.pitch(Vowel.RATE, sounds[v.ordinal()])[1]);
        }

        /** The mean relative error of the first two formants in %. */
        double error(LinearPrediction[] known) {
            return mean(v -> VowelsLab.error(envelopes[v.ordinal()].formants(), known[v.ordinal()]));
        }

        double distance(LinearPrediction[] known) {
            return mean(v -> envelopes[v.ordinal()].distance(known[v.ordinal()]));
        }

        /** The number of vowels whose envelope is nearest to that of the same vowel. */
        long recognized(LinearPrediction[] known) {
            return IntStream.range(0, VOWELS.length)
                    .filter(v -> Arrays.stream(known)
                            .allMatch(k -> envelopes[v].distance(known[v]) <= envelopes[v].distance(k)))
                    .count();
        }
    }

    private static double mean(ToDoubleFunction<Vowel> of) {
        return Arrays.stream(VOWELS).mapToDouble(of).average().orElseThrow();
    }

    private static double error(double[] said, LinearPrediction known) {
        double[] right = known.formants();
        return 50 * (Math.abs(said[0] / right[0] - 1) + Math.abs(said[1] / right[1] - 1));
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network of a sample", Voice.of(256), Input.floats(1, Voice.INPUTS));
    }

    @Override
    public void run(Lab lab) {
        int voices = lab.of(300, 80);
        int length = lab.of(Vowel.RATE, Vowel.RATE / 2);
        Rng rng = new Rng(lab.seed());
        float[][][] heard = new float[VOWELS.length][voices][];
        float[][] held = new float[VOWELS.length][];
        for (Vowel vowel : VOWELS) {
            Rng one = rng.split(vowel.name());
            Arrays.setAll(heard[vowel.ordinal()], v -> vowel.speak(length, one.split(v)));
            held[vowel.ordinal()] = vowel.speak(length, one.split("held out"));
        }
        lab.put("voices", voices).put("rate", Vowel.RATE).section("Generated voices");
        lab.put("levels", Voice.LEVELS).put("context", Voice.CONTEXT);
        lab.put("temperature", TEMPERATURE).put("order", ORDER);
        try (Model<Voice> model = Model.of(Voice.of(lab.of(256, 128)), lab.seed());
                Dataset learn = places(heard, lab.of(200_000, 60_000), rng.split("places"));
                Dataset test = places(wrapped(held), 5000, rng.split("test places"))) {
            int epochs = lab.epochs(60, 10);
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(2e-3f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(lab.seed());
            lab.train("Voice", "samples", trainer, learn.shuffled(lab.seed()).batches(BATCH), epochs);
            double bits = trainer.evaluate(test).getOrDefault("loss", Double.NaN) / Math.log(2);
            LinearPrediction[] known = Arrays.stream(heard)
                    .map(sounds -> LinearPrediction.of(Vowel.RATE, ORDER, sounds))
                    .toArray(LinearPrediction[]::new);
            float[][] linear = new float[VOWELS.length][];
            Arrays.setAll(
                    linear, v -> known[v].speak(length, rng.split("linear").split(v)));
            double unconditional = frequencies(heard, held);
            lab.section("Formants").put("unconditional", unconditional);
            lab.figure(Figure.of("Bits of a sample that was not heard", "bits", bits)
                    .baseline(unconditional, "frequencies of levels"));
            results(
                    lab,
                    known,
                    new Speaker("true voices", held),
                    new Speaker("network", Voice.speak(model, length, TEMPERATURE, rng.split("speak"))),
                    new Speaker("linear model", linear));
        }
    }

    private static float[][][] wrapped(float[][] sounds) {
        return Arrays.stream(sounds).map(s -> new float[][] {s}).toArray(float[][][]::new);
    }

    /**
     * Random places of random recordings: x [Voice.INPUTS] and the level y that follows. Samples before a recording are
     * silence.
     */
    private static Dataset places(float[][][] recordings, int count, Rng rng) {
        float[] x = new float[count * Voice.INPUTS];
        int[] y = new int[count];
        int vowels = recordings.length;
        int[] voices = rng.split("voices").ints(count, recordings[0].length);
        int[] at = rng.split("places").ints(count, recordings[0][0].length);
        for (int n = 0; n < count; n++) {
            float[] sound = recordings[n % vowels][voices[n]];
            for (int k = 0; k < Voice.CONTEXT; k++) {
                int t = at[n] - Voice.CONTEXT + k;
                x[n * Voice.INPUTS + k] = t < 0 ? 0 : Voice.place(Voice.level(sound[t]));
            }
            x[n * Voice.INPUTS + Voice.CONTEXT + n % vowels] = 1;
            y[n] = Voice.level(sound[at[n]]);
        }
        return Dataset.of(x, Shape.of(Voice.INPUTS), y);
    }

    /** The bits of a sample that is said by how often each level occurs in the recordings, whatever came before. */
    private static double frequencies(float[][][] heard, float[][] held) {
        double[] counts = new double[Voice.LEVELS];
        Arrays.fill(counts, 1);
        for (float[][] voices : heard) {
            for (float[] sound : voices) {
                for (float sample : sound) {
                    counts[Voice.level(sample)]++;
                }
            }
        }
        double all = Arrays.stream(counts).sum();
        return Arrays.stream(held)
                .flatMapToDouble(s -> IntStream.range(0, s.length)
                        .mapToDouble(t -> -Math.log(counts[Voice.level(s[t])] / all) / Math.log(2)))
                .average()
                .orElseThrow();
    }

    // ---- the page

    private static void results(Lab lab, LinearPrediction[] known, Speaker truth, Speaker network, Speaker linear) {
        List<Speaker> speakers = List.of(truth, network, linear);
        Table vowels = lab.table("vowels", "as in");
        for (Vowel vowel : VOWELS) {
            int v = vowel.ordinal();
            vowels.row(vowel.word())
                    .cell("published", hertz(vowel.formants()))
                    .cell("heard", hertz(known[v].formants()))
                    .cell("network says", hertz(network.envelopes[v].formants()))
                    .cell("linear model says", hertz(linear.envelopes[v].formants()))
                    .cell("network's pitch", Math.round(network.pitch(v)));
        }
        Table table = lab.table("speakers", "speaker");
        speakers.forEach(s -> table.row(s.name)
                .put("error of formants", "%.1f %%", s.error(known))
                .put("vowels recognized", "%d of 5", (double) s.recognized(known))
                .put("distance of envelopes", "%.1f dB", s.distance(known))
                .put("periodic", "%.2f", s.periodic()));
        double[] means = new double[2];
        Arrays.setAll(means, f -> mean(v -> known[v.ordinal()].formants()[f]));
        double all = mean(v -> error(means, known[v.ordinal()]));
        String ar = "linear autoregressive model";
        lab.put("mean", all)
                .figure(Figure.of(
                                "Formants of the vowels that the network speaks, mean error", "%", network.error(known))
                        .baseline(all, "a voice that says the mean of all vowels"))
                .figure(Figure.of("Spoken vowels that are recognized", "of 5", (double) network.recognized(known))
                        .baseline(1, "a guess"))
                .figure(Figure.of("Periodicity of what the network speaks", "", network.periodic())
                        .baseline(linear.periodic(), ar))
                .figure(Figure.of("Envelopes, distance from the true ones", "dB", network.distance(known))
                        .baseline(linear.distance(known), ar));
        pictures(lab, speakers);
    }

    private static String hertz(double[] formants) {
        return String.format(Locale.ROOT, "%.0f, %.0f", formants[0], formants[1]);
    }

    private static void pictures(Lab lab, List<Speaker> speakers) {
        List<Chart> envelopes = new ArrayList<>();
        double[] hertz = speakers.get(0).envelopes[0].frequencies();
        for (Vowel vowel : VOWELS) {
            Chart chart = new Chart(vowel.word() + ", decibels", "hertz");
            speakers.forEach(s -> chart.line(s.name, hertz, s.envelopes[vowel.ordinal()].envelope()));
            envelopes.add(chart);
        }
        List<Chart> waves = new ArrayList<>();
        double[] axis = IntStream.range(0, SHOWN)
                .mapToDouble(t -> 1000.0 * t / Vowel.RATE)
                .toArray();
        Map<String, Wav> wavs = new LinkedHashMap<>();
        for (Speaker speaker : speakers) {
            float[] sound = speaker.sounds[Vowel.A.ordinal()];
            double[] end = IntStream.range(sound.length - SHOWN, sound.length)
                    .mapToDouble(t -> sound[t])
                    .toArray();
            waves.add(new Chart(speaker.name + ", hod", "milliseconds").line("sound", axis, end));
            float[] all = new float[VOWELS.length * (sound.length + SILENCE)];
            for (int v = 0; v < VOWELS.length; v++) {
                System.arraycopy(Vowel.heard(speaker.sounds[v]), 0, all, v * (sound.length + SILENCE), sound.length);
            }
            wavs.put(speaker.name.replace(' ', '-') + ".wav", Wav.of(Vowel.RATE, all));
        }
        lab.picture("envelopes.png", () -> Chart.panels(2, envelopes));
        lab.picture("waves.png", () -> Chart.panels(1, waves)).section("Listen");
        wavs.forEach(lab::sound);
    }
}
