package dev.fathom.labs.sound;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.sound.Wav;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Five vowels, spoken sample by sample by a small autoregressive network that heard generated voices, beside a linear
 * autoregressive model.
 */
public final class VowelsLab implements OldExperiment {
    private static final int BATCH = 128;
    private static final int ORDER = 12;
    private static final int SILENCE = Vowel.RATE / 5;
    private static final int SHOWN = 400;
    private static final float TEMPERATURE = 0.4f;

    @Override
    public String name() {
        return "vowels";
    }

    /**
     * What a method says, a vowel after another.
     *
     * @param sounds for each vowel
     */
    private record Speaker(String name, float[][] sounds) {
        /** The envelope of a vowel. */
        LinearPrediction envelope(Vowel vowel) {
            return LinearPrediction.of(ORDER, sounds[vowel.ordinal()]);
        }

        double[] pitch(Vowel vowel) {
            return LinearPrediction.pitch(sounds[vowel.ordinal()]);
        }
    }

    @Override
    public Findings run(LabRun run) {
        int voices = run.of(300, 80);
        int length = run.of(Vowel.RATE, Vowel.RATE / 2);
        Rng rng = new Rng(run.seed());
        Vowel[] vowels = Vowel.values();
        float[][][] heard = new float[vowels.length][voices][];
        float[][] held = new float[vowels.length][];
        for (Vowel vowel : vowels) {
            Rng one = rng.split(vowel.name());
            for (int v = 0; v < voices; v++) {
                heard[vowel.ordinal()][v] = vowel.speak(length, one.split(v));
            }
            held[vowel.ordinal()] = vowel.speak(length, one.split("held out"));
        }
        Findings page = run.page(
                "Lab vowels",
                line("Generated recordings of five vowels by %d voices each, %d samples a second", voices, Vowel.RATE));
        page.section("Generated voices", "")
                .text(line(
                        "The recordings are generated: pulses of a glottis, with a pitch near 120 hertz that "
                                + "wavers, go through four resonances, the first "
                                + "three at the mean formants of Peterson and Barney (1952). Voices differ by a "
                                + "few percent. The network learns the "
                                + "probability of each of %d levels of the next sample from the %d samples before "
                                + "and the vowel. Then it speaks by itself: "
                                + "each sample is drawn at temperature %.1f and becomes the next input. Beside it "
                                + "speaks a linear autoregressive model of "
                                + "order %d for each vowel, driven by noise, which is the baseline.",
                        Voice.LEVELS, Voice.CONTEXT, TEMPERATURE, ORDER));
        run.training().say("%n== Voice");
        try (Model<Voice> model = Model.of(Voice.of(run.of(256, 128)), run.seed());
                Dataset learn = places(heard, run.of(200_000, 60_000), rng.split("places"));
                Dataset test = places(wrapped(held), 5000, rng.split("test places"))) {
            int epochs = run.epochs(60, 10);
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(2e-3f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(run.seed());
            boolean done = run.training()
                    .fit(
                            trainer,
                            run.folder().resolve("voice"),
                            "samples",
                            learn.shuffled(run.seed()).batches(BATCH),
                            epochs);
            if (!done) {
                return page;
            }
            double bits = Objects.requireNonNull(trainer.evaluate(test).get("loss")) / Math.log(2);
            float[][] spoken = Voice.speak(model, length, TEMPERATURE, rng.split("speak"));
            float[][] linear = new float[vowels.length][];
            for (Vowel vowel : vowels) {
                linear[vowel.ordinal()] = LinearPrediction.of(ORDER, heard[vowel.ordinal()])
                        .speak(length, rng.split("linear").split(vowel.ordinal()));
            }
            results(
                    page,
                    new Speaker("true voices", held),
                    new Speaker("network", spoken),
                    new Speaker("linear model", linear),
                    heard,
                    bits,
                    frequencies(heard, held));
        }
        return page.finished();
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
        double bits = 0;
        int n = 0;
        for (float[] sound : held) {
            for (float sample : sound) {
                bits -= Math.log(counts[Voice.level(sample)] / all) / Math.log(2);
                n++;
            }
        }
        return bits / n;
    }

    // ---- the page

    private static void results(
            Findings page,
            Speaker truth,
            Speaker network,
            Speaker linear,
            float[][][] heard,
            double bits,
            double unconditional) {
        Vowel[] vowels = Vowel.values();
        LinearPrediction[] known = new LinearPrediction[vowels.length];
        Arrays.setAll(known, v -> LinearPrediction.of(ORDER, heard[v]));
        List<List<String>> rows = new ArrayList<>();
        for (Vowel vowel : vowels) {
            double[] heardFormants = known[vowel.ordinal()].formants();
            double[] said = network.envelope(vowel).formants();
            double[] byLinear = linear.envelope(vowel).formants();
            rows.add(List.of(
                    vowel.word(),
                    line("%.0f, %.0f", vowel.formant(0), vowel.formant(1)),
                    line("%.0f, %.0f", heardFormants[0], heardFormants[1]),
                    line("%.0f, %.0f", said[0], said[1]),
                    line("%.0f, %.0f", byLinear[0], byLinear[1]),
                    line("%.0f", network.pitch(vowel)[0])));
        }
        double error = formantError(network, known);
        double mean = meanVoiceError(known);
        int right = recognized(network, known);
        double distance = distance(network, known);
        page.section(
                        "Formants",
                        "The first two peaks of the spectrum's envelope, in hertz: the published means from which "
                                + "the voices are made, as they are measured "
                                + "in what the network heard, in what it says, and in what the linear model says.")
                .table(
                        List.of("as in", "published", "heard", "network says", "linear model says", "network's pitch"),
                        rows)
                .table(
                        List.of(
                                "speaker",
                                "error of formants",
                                "vowels recognized",
                                "distance of envelopes",
                                "periodic"),
                        List.of(truth, network, linear).stream()
                                .map(s -> List.of(
                                        s.name(),
                                        line("%.1f %%", formantError(s, known)),
                                        line("%d of %d", recognized(s, known), vowels.length),
                                        line("%.1f dB", distance(s, known)),
                                        line("%.2f", periodic(s))))
                                .toList())
                .text(line(
                        "The error of formants is the mean difference of the first two from those of the voices "
                                + "that were heard, relative to them; a voice "
                                + "that says the mean of all vowels has %.0f %%. A vowel is recognized if its "
                                + "envelope is nearest to that of the same "
                                + "vowel. The last column is the correlation of a sound with itself one period "
                                + "later. The linear model has %.2f, the "
                                + "network %.2f, and voices that it did not hear %.2f.",
                        mean, periodic(linear), periodic(network), periodic(truth)))
                .text(line(
                        "Given the samples before it, a sample of a voice that was not heard takes %.2f bits by "
                                + "the network. By how often each level occurs, it takes %.2f.",
                        bits, unconditional))
                .key(Figure.of("Formants of the vowels that the network speaks, mean error", "%", error)
                        .baseline(mean, "a voice that says the mean of all vowels"))
                .key(Figure.of("Spoken vowels that are recognized", "of 5", right)
                        .baseline(1, "a guess"))
                .key(Figure.of("Periodicity of what the network speaks", "", periodic(network))
                        .baseline(periodic(linear), "linear autoregressive model"))
                .figure(Figure.of("Envelopes, distance from the true ones", "dB", distance)
                        .baseline(distance(linear, known), "linear autoregressive model"))
                .figure(Figure.of("Bits of a sample that was not heard", "bits", bits)
                        .baseline(unconditional, "frequencies of levels"));
        sounds(page, truth, network, linear);
        pictures(page, truth, network, linear);
    }

    /** The mean relative error of the first two formants, in percent. */
    private static double formantError(Speaker speaker, LinearPrediction[] known) {
        return Arrays.stream(Vowel.values())
                .mapToDouble(v -> {
                    double[] right = known[v.ordinal()].formants();
                    double[] said = speaker.envelope(v).formants();
                    return 50 * (Math.abs(said[0] / right[0] - 1) + Math.abs(said[1] / right[1] - 1));
                })
                .average()
                .orElseThrow();
    }

    /** That of a voice whose formants are the means over all vowels. */
    private static double meanVoiceError(LinearPrediction[] known) {
        double[] mean = new double[2];
        for (LinearPrediction one : known) {
            for (int f = 0; f < 2; f++) {
                mean[f] += one.formants()[f] / known.length;
            }
        }
        return Arrays.stream(known)
                .mapToDouble(one ->
                        50 * (Math.abs(mean[0] / one.formants()[0] - 1) + Math.abs(mean[1] / one.formants()[1] - 1)))
                .average()
                .orElseThrow();
    }

    private static int recognized(Speaker speaker, LinearPrediction[] known) {
        int right = 0;
        for (Vowel vowel : Vowel.values()) {
            LinearPrediction said = speaker.envelope(vowel);
            int nearest = 0;
            for (int v = 1; v < known.length; v++) {
                nearest = said.distance(known[v]) < said.distance(known[nearest]) ? v : nearest;
            }
            right += nearest == vowel.ordinal() ? 1 : 0;
        }
        return right;
    }

    private static double distance(Speaker speaker, LinearPrediction[] known) {
        return Arrays.stream(Vowel.values())
                .mapToDouble(v -> speaker.envelope(v).distance(known[v.ordinal()]))
                .average()
                .orElseThrow();
    }

    private static double periodic(Speaker speaker) {
        return Arrays.stream(Vowel.values())
                .mapToDouble(v -> speaker.pitch(v)[1])
                .average()
                .orElseThrow();
    }

    private static void sounds(Findings page, Speaker... speakers) {
        page.section("Listen", "Heed, head, hod, hawed, who'd: the five vowels, one after another.");
        for (Speaker speaker : speakers) {
            int length = speaker.sounds()[0].length;
            float[] all = new float[Vowel.values().length * (length + SILENCE)];
            for (Vowel vowel : Vowel.values()) {
                System.arraycopy(
                        Vowel.heard(speaker.sounds()[vowel.ordinal()]),
                        0,
                        all,
                        vowel.ordinal() * (length + SILENCE),
                        length);
            }
            page.sound(speaker.name().replace(' ', '-') + ".wav", speaker.name(), Wav.of(Vowel.RATE, all));
        }
    }

    private static void pictures(Findings page, Speaker truth, Speaker network, Speaker linear) {
        List<Chart> envelopes = new ArrayList<>();
        List<Chart> waves = new ArrayList<>();
        for (Vowel vowel : Vowel.values()) {
            double[] hertz = LinearPrediction.frequencies();
            envelopes.add(new Chart(vowel.word() + ", decibels", "hertz")
                    .line(truth.name(), hertz, truth.envelope(vowel).envelope())
                    .line(network.name(), hertz, network.envelope(vowel).envelope())
                    .dashed(linear.name(), hertz, linear.envelope(vowel).envelope()));
        }
        for (Speaker speaker : List.of(truth, network, linear)) {
            float[] sound = speaker.sounds()[Vowel.A.ordinal()];
            int from = sound.length - SHOWN;
            waves.add(new Chart(speaker.name() + ", hod", "milliseconds")
                    .line(
                            "sound",
                            IntStream.range(0, SHOWN)
                                    .mapToDouble(t -> 1000.0 * t / Vowel.RATE)
                                    .toArray(),
                            IntStream.range(0, SHOWN)
                                    .mapToDouble(t -> sound[from + t])
                                    .toArray()));
        }
        page.picture(
                        "envelopes.png",
                        "Envelopes of the spectrum of each vowel: a voice that was not heard, the network, and "
                                + "the linear model",
                        () -> Chart.panels(2, envelopes))
                .picture("waves.png", "The last 50 milliseconds of a vowel", () -> Chart.panels(1, waves));
    }
}
