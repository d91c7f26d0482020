package dev.fathom.labs.sound;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Vowel;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.sound.LinearPrediction;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/**
 * Five vowels, spoken sample by sample by a network that says what linear prediction leaves over (Valin and Skoglund
 * 2019), by one that has to say all, and by linear prediction alone, which whispers.
 */
public final class VowelsLab implements Experiment {
    private static final int UNITS = 256;
    private static final int SHOWN = 400;
    private static final Vowel[] VOWELS = Vowel.values();

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network of a sample", Voice.of(UNITS), Voice.INPUTS);
    }

    @Override
    public void run(Lab lab) {
        int voices = lab.of(1000, 80);
        int takes = lab.of(20, 4);
        int length = lab.of(Vowel.RATE, Vowel.RATE / 2);
        Rng rng = new Rng(lab.seed());
        float[][][] heard = new float[VOWELS.length][voices][];
        float[][][] held = new float[VOWELS.length][takes][];
        for (Vowel vowel : VOWELS) {
            Rng one = rng.split(vowel.name());
            Arrays.setAll(heard[vowel.ordinal()], v -> vowel.speak(length, one.split(v)));
            Rng other = one.split("held out");
            Arrays.setAll(held[vowel.ordinal()], v -> vowel.speak(length, other.split(v)));
        }
        lab.put("voices", voices).put("rate", Vowel.RATE).section("Generated voices");
        lab.put("levels", Voice.LEVELS).put("context", Voice.CONTEXT);
        lab.put("takes", takes).put("order", Speaker.ORDER);
        LinearPrediction[] known = Arrays.stream(heard).map(Speaker::envelope).toArray(LinearPrediction[]::new);
        Learned alone = Learned.of(lab, "Voice alone", heard, held);
        float[][][] left = changed(known, heard, LinearPrediction::residual);
        float[][][] leftOfHeld = changed(known, held, LinearPrediction::residual);
        Learned over = Learned.of(lab, "Voice over linear prediction", left, leftOfHeld);
        float[][][] linear = new float[VOWELS.length][takes][];
        for (int v = 0; v < VOWELS.length; v++) {
            LinearPrediction whisper = known[v];
            Rng one = rng.split("linear").split(v);
            Arrays.setAll(linear[v], take -> whisper.speak(length, one.split(take)));
        }
        double unconditional = Voice.frequencies(left, leftOfHeld);
        lab.section("Formants")
                .put("unconditional", unconditional)
                .figure("Bits of a sample that was not heard", "bits", over.bits())
                .baseline(unconditional, "linear prediction and how often each level is left")
                .figure("Network alone, bits of a sample that was not heard", "bits", alone.bits())
                .baseline(Voice.frequencies(heard, held), "frequencies of levels");
        results(
                lab,
                known,
                new Speaker("true voices", held),
                new Speaker("linear model", linear),
                new Speaker("network alone", alone.said()),
                new Speaker("network", changed(known, over.said(), LinearPrediction::excited)));
    }

    /** A network that learned, and what it says. */
    private record Learned(double bits, float[][][] said) {
        static Learned of(Lab lab, String name, float[][][] heard, float[][][] held) {
            Rng rng = lab.rng(name);
            try (Model<Voice> model = Model.of(Voice.of(lab.of(UNITS, 128)), lab.seed());
                    Dataset learn = Voice.places(heard, lab.of(3_000_000, 100_000), rng.split("places"));
                    Dataset test = Voice.places(held, 20_000, rng.split("test places"))) {
                int epochs = lab.epochs(6, 6);
                var trainer =
                        Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f)).schedule(Schedule.cosine(epochs));
                lab.train(name, "samples", trainer, learn, 128, epochs);
                double bits = trainer.evaluate(test).getOrDefault("loss", Double.NaN) / Math.log(2);
                return new Learned(bits, Voice.speak(model, held[0].length, held[0][0].length, rng.split("speak")));
            }
        }
    }

    /** What the linear prediction of each vowel makes of its sounds. */
    private static float[][][] changed(
            LinearPrediction[] known, float[][][] sounds, BiFunction<LinearPrediction, float[], float[]> change) {
        float[][][] all = new float[sounds.length][][];
        Arrays.setAll(
                all,
                v -> Arrays.stream(sounds[v])
                        .map(sound -> change.apply(known[v], sound))
                        .toArray(float[][]::new));
        return all;
    }

    private static void results(
            Lab lab, LinearPrediction[] known, Speaker truth, Speaker linear, Speaker alone, Speaker network) {
        List<Speaker> speakers = List.of(truth, linear, alone, network);
        Table vowels = lab.table("vowels", "as in");
        for (Vowel vowel : VOWELS) {
            int v = vowel.ordinal();
            vowels.row(vowel.word())
                    .cell("published", hertz(vowel.formants()))
                    .cell("heard", hertz(known[v].formants()))
                    .cell("linear model says", hertz(linear.envelopes()[v].formants()))
                    .cell("network alone says", hertz(alone.envelopes()[v].formants()))
                    .cell("network says", hertz(network.envelopes()[v].formants()))
                    .cell("network's pitch", Math.round(network.pitch(v)));
        }
        Table table = lab.table("speakers", "speaker");
        speakers.forEach(s -> table.row(s.name())
                .put("error of formants", "%.1f %%", s.error(known))
                .put("vowels recognized", "%.2f of 5", s.recognized(known))
                .put("distance of envelopes", "%.1f dB", s.distance(known))
                .put("periodic", "%.2f", s.periodic()));
        double[] means = new double[2];
        Arrays.setAll(means, f -> Speaker.mean(v -> known[v.ordinal()].formants()[f]));
        double all = Speaker.mean(v -> Speaker.error(means, known[v.ordinal()]));
        lab.put("mean", all)
                .figure("Formants of the vowels that the network speaks, mean error", "%", network.error(known))
                .baseline(all, "a voice that says the mean of all vowels")
                .figure("Spoken vowels that are recognized", "of 5", network.recognized(known))
                .baseline(1, "a guess")
                .figure("Periodicity of what the network speaks", "", network.periodic())
                .baseline(linear.periodic(), "linear model")
                .figure("Envelopes, distance from the true ones", "dB", network.distance(known))
                .baseline(linear.distance(known), "linear model");
        pictures(lab, speakers);
    }

    private static String hertz(double[] formants) {
        return String.format(Locale.ROOT, "%.0f, %.0f", formants[0], formants[1]);
    }

    private static void pictures(Lab lab, List<Speaker> speakers) {
        List<Chart> envelopes = new ArrayList<>();
        double[] hertz = speakers.get(0).envelopes()[0].frequencies();
        for (Vowel vowel : VOWELS) {
            Chart chart = new Chart(vowel.word() + ", decibels", "hertz");
            speakers.forEach(s -> chart.line(s.name(), hertz, s.envelopes()[vowel.ordinal()].envelope()));
            envelopes.add(chart);
        }
        List<Chart> waves = new ArrayList<>();
        double[] axis = Averages.each(SHOWN, t -> 1000.0 * t / Vowel.RATE);
        for (Speaker speaker : speakers) {
            float[] sound = speaker.sounds()[Vowel.A.ordinal()][0];
            double[] end = IntStream.range(sound.length - SHOWN, sound.length)
                    .mapToDouble(t -> sound[t])
                    .toArray();
            waves.add(new Chart(speaker.name() + ", hod", "milliseconds").line("sound", axis, end));
        }
        lab.charts("envelopes.png", 2, envelopes);
        lab.charts("waves.png", 1, waves).section("Listen");
        speakers.forEach(s -> lab.sound(s.name().replace(' ', '-') + ".wav", s.recording()));
    }
}
