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
import java.util.stream.IntStream;

/**
 * Five vowels, spoken sample by sample by a small autoregressive network that heard generated voices, beside a linear
 * autoregressive model.
 */
public final class VowelsLab implements Experiment {
    private static final int SHOWN = 400;
    private static final float TEMPERATURE = 0.4f;
    private static final Vowel[] VOWELS = Vowel.values();

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network of a sample", Voice.of(256), Voice.INPUTS);
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
        lab.put("temperature", TEMPERATURE).put("order", Speaker.ORDER);
        try (Model<Voice> model = Model.of(Voice.of(lab.of(256, 128)), lab.seed());
                Dataset learn = Voice.places(heard, lab.of(200_000, 60_000), rng.split("places"));
                Dataset test = Voice.places(wrapped(held), 5000, rng.split("test places"))) {
            int epochs = lab.epochs(60, 10);
            var trainer =
                    Trainer.of(model, Loss.crossEntropy(), new Adam(2e-3f)).schedule(Schedule.cosine(epochs));
            lab.train("Voice", "samples", trainer, learn, 128, epochs);
            double bits = trainer.evaluate(test).getOrDefault("loss", Double.NaN) / Math.log(2);
            LinearPrediction[] known =
                    Arrays.stream(heard).map(Speaker::envelope).toArray(LinearPrediction[]::new);
            float[][] linear = new float[VOWELS.length][];
            Arrays.setAll(
                    linear, v -> known[v].speak(length, rng.split("linear").split(v)));
            double unconditional = Voice.frequencies(heard, held);
            lab.section("Formants").put("unconditional", unconditional);
            lab.figure("Bits of a sample that was not heard", "bits", bits)
                    .baseline(unconditional, "frequencies of levels");
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

    private static void results(Lab lab, LinearPrediction[] known, Speaker truth, Speaker network, Speaker linear) {
        List<Speaker> speakers = List.of(truth, network, linear);
        Table vowels = lab.table("vowels", "as in");
        for (Vowel vowel : VOWELS) {
            int v = vowel.ordinal();
            vowels.row(vowel.word())
                    .cell("published", hertz(vowel.formants()))
                    .cell("heard", hertz(known[v].formants()))
                    .cell("network says", hertz(network.envelopes()[v].formants()))
                    .cell("linear model says", hertz(linear.envelopes()[v].formants()))
                    .cell("network's pitch", Math.round(network.pitch(v)));
        }
        Table table = lab.table("speakers", "speaker");
        speakers.forEach(s -> table.row(s.name())
                .put("error of formants", "%.1f %%", s.error(known))
                .put("vowels recognized", "%d of 5", (double) s.recognized(known))
                .put("distance of envelopes", "%.1f dB", s.distance(known))
                .put("periodic", "%.2f", s.periodic()));
        double[] means = new double[2];
        Arrays.setAll(means, f -> Speaker.mean(v -> known[v.ordinal()].formants()[f]));
        double all = Speaker.mean(v -> Speaker.error(means, known[v.ordinal()]));
        String ar = "linear autoregressive model";
        lab.put("mean", all)
                .figure("Formants of the vowels that the network speaks, mean error", "%", network.error(known))
                .baseline(all, "a voice that says the mean of all vowels")
                .figure("Spoken vowels that are recognized", "of 5", (double) network.recognized(known))
                .baseline(1, "a guess")
                .figure("Periodicity of what the network speaks", "", network.periodic())
                .baseline(linear.periodic(), ar)
                .figure("Envelopes, distance from the true ones", "dB", network.distance(known))
                .baseline(linear.distance(known), ar);
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
            float[] sound = speaker.sounds()[Vowel.A.ordinal()];
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
