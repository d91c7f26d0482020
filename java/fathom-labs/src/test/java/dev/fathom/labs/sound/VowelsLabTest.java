package dev.fathom.labs.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.Vowel;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.sound.LinearPrediction;
import dev.fathom.sound.MuLaw;
import dev.fathom.sound.Wav;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab vowels}: its short form, and its measures on sounds that are known. */
class VowelsLabTest {
    @TempDir
    Path temp;

    @Test
    void theNetworkSpeaksVowels() throws IOException {
        ShortRun run = ShortRun.of(new VowelsLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        assertThat(run.figure("Spoken vowels that are recognized")).isGreaterThanOrEqualTo(3);
        assertThat(run.figure("Formants of the vowels that the network speaks, mean error"))
                .isLessThan(35); // 41 % by the mean of all vowels
        assertThat(run.figure("Bits of a sample that was not heard")).isBetween(2.0, 5.5); // 6.8 by frequencies
        Wav wav = Wav.read(temp.resolve("network.wav"));
        assertThat(wav.rate()).isEqualTo(8000);
        assertThat(wav.frames()).isEqualTo(5 * (4000 + 1600));
        assertThat(Files.readString(temp.resolve("report.html")))
                .contains("<audio controls=", "src=\"data:audio/wav;base64,UklGR", "media-src data:");
    }

    @Test
    void anInterruptedRunIsNotFinished() {
        InterruptedRun run = InterruptedRun.of(new VowelsLab(), "== Voice", null, temp);
        assertThat(run.result().isFinished()).isFalse();
        assertThat(run.result().figures()).isEmpty();
    }

    /**
     * An input is the levels before a place, silence before the recording, and the vowel; the target is the level
     * there.
     */
    @Test
    void placesHoldTheSamplesBefore() {
        MuLaw law = new MuLaw(Voice.LEVELS);
        float[][][] recordings = new float[5][1][200];
        for (int v = 0; v < 5; v++) {
            for (int t = 0; t < 200; t++) {
                recordings[v][0][t] = (float) Math.sin(v + 0.37 * t * t) * 0.9f;
            }
        }
        try (Dataset places = Voice.places(recordings, 50, new Rng(4));
                Pass pass = Pass.infer()) {
            int[] at = new Rng(4).split("places").ints(50, 200);
            Batch all = places.batches(50).epoch(0).next();
            float[] x = all.x().toArray();
            int[] y = all.y().toIntArray();
            for (int n = 0; n < 50; n++) {
                float[] sound = recordings[n % 5][0];
                assertThat(y[n]).isEqualTo(law.level(sound[at[n]]));
                for (int k = 0; k < Voice.CONTEXT; k++) {
                    int t = at[n] - Voice.CONTEXT + k;
                    assertThat(x[n * Voice.INPUTS + k])
                            .isCloseTo(law.place(law.level(t < 0 ? 0 : sound[t])), within(1e-6f));
                }
                for (int v = 0; v < 5; v++) {
                    assertThat(x[n * Voice.INPUTS + Voice.CONTEXT + v])
                            .isCloseTo(v == n % 5 ? 1 : -1, within(1.0f / Voice.LEVELS + 1e-6f));
                }
            }
            assertThat(pass.recording()).isFalse();
        }
    }

    /** A network that always says the levels 20 and 90 with odds of one to three draws them so often. */
    @Test
    void samplesAreDrawnFromWhatTheNetworkSays() {
        float[] logits = new float[Voice.LEVELS];
        Arrays.fill(logits, -50);
        logits[20] = 0;
        logits[90] = (float) Math.log(3);
        Linear last = new Linear(Voice.INPUTS, Voice.LEVELS, Init.zeros()).withBias((shape, rng) -> logits);
        try (Model<Voice> model = Model.of(new Voice(new Sequential(last)), 1)) {
            float[][][] spoken = Voice.speak(model, 2, 1000, new Rng(1));
            MuLaw law = new MuLaw(Voice.LEVELS);
            int[] levels = Arrays.stream(spoken)
                    .flatMap(Arrays::stream)
                    .flatMapToInt(take -> IntStream.range(0, take.length).map(t -> law.level(take[t])))
                    .toArray();
            assertThat(levels).hasSize(10_000).containsOnly(20, 90);
            assertThat(Arrays.stream(levels).filter(level -> level == 90).count())
                    .isBetween(7350L, 7650L);
        }
    }

    @Test
    void formantsAreFound() {
        for (Vowel vowel : Vowel.values()) {
            float[][] voices = new float[20][];
            for (int v = 0; v < voices.length; v++) {
                voices[v] = vowel.speak(4000, new Rng(5).split(v));
            }
            double[] found = LinearPrediction.of(Vowel.RATE, 12, voices).formants();
            assertThat(found[0]).as(vowel.word()).isCloseTo(vowel.formants()[0], within(0.05 * vowel.formants()[0]));
            assertThat(found[1]).as(vowel.word()).isCloseTo(vowel.formants()[1], within(0.05 * vowel.formants()[1]));
        }
    }
}
