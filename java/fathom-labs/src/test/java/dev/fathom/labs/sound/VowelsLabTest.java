package dev.fathom.labs.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.data.Vowel;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.sound.LinearPrediction;
import dev.fathom.sound.Wav;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
