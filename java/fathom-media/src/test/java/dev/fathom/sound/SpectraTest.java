package dev.fathom.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonStreamParser;
import dev.fathom.testing.Golden;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/**
 * Fourier transforms against NumPy and their definition, frames against PyTorch, filters against the definition of
 * librosa.
 */
class SpectraTest {
    private static final JsonObject GOLDEN =
            new JsonStreamParser(Golden.text("spectra.json")).next().getAsJsonObject();

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    private static double[] doubles(JsonElement numbers) {
        return numbers.getAsJsonArray().asList().stream()
                .mapToDouble(JsonElement::getAsDouble)
                .toArray();
    }

    private static float[] floats(JsonElement numbers) {
        double[] wide = doubles(numbers);
        float[] values = new float[wide.length];
        IntStream.range(0, wide.length).forEach(i -> values[i] = (float) wide[i]);
        return values;
    }

    /** The largest difference. */
    private static double distance(double[] found, double[] expected) {
        assertThat(found).hasSameSizeAs(expected);
        return IntStream.range(0, found.length)
                .mapToDouble(i -> Math.abs(found[i] - expected[i]))
                .max()
                .orElseThrow();
    }

    // ---- transforms

    /** A tone of 1,000 Hz must not be heard as one of 2,000 Hz because the file has half as many samples a second. */
    @Test
    void filtersAreForOneRate() {
        float[] tone = new float[2000];
        for (int t = 0; t < tone.length; t++) {
            tone[t] = (float) Math.sin(2 * Math.PI * 1000 * t / 8000);
        }
        Stft stft = new Stft(256);
        Spectrogram heard = stft.forward(Wav.of(8000, tone));
        assertThat(heard.rate()).isEqualTo(8000);
        assertThat(heard.values()).containsExactly(stft.forward(tone).values());
        assertThat(Mel.htk(8000, 256, 20).apply(heard))
                .containsExactly(Mel.htk(8000, 256, 20).apply(stft.forward(tone)));
        refused(
                () -> Mel.htk(16000, 256, 20).log(heard),
                "mel: spectra of a recording of 8000 samples a second for filters of 16000, whose bands would lie"
                        + " elsewhere; make filters for this rate, or resample the recording");
        refused(
                () -> new Spectrogram(1, 1, new float[2], -1),
                "spectrogram: rate=-1 must be above 0, or 0 where it is not known");
    }

    @Test
    void transformsAreThoseOfNumPy() {
        JsonArray cases = GOLDEN.getAsJsonArray("rfft");
        for (JsonElement each : cases) {
            double[] x = doubles(each.getAsJsonObject().get("x"));
            double[] spectrum = doubles(each.getAsJsonObject().get("spectrum"));
            double[] found = new Fourier(x.length).forward(x);
            assertThat(distance(found, spectrum)).isLessThan(1e-12);
            assertThat(distance(new Fourier(x.length).inverse(found), x)).isLessThan(1e-12);
        }
        assertThat(cases).hasSize(8);
    }

    /** Any even size, a prime half among them, against the sum that defines the transform. */
    @Test
    void everyEvenSizeIsItsDefinition() {
        Random random = new Random(1);
        for (int n : IntStream.concat(IntStream.range(1, 40).map(i -> 2 * i), IntStream.of(202, 256, 400, 1006))
                .toArray()) {
            double[] x = random.doubles(n, -1, 1).toArray();
            Fourier f = new Fourier(n);
            assertThat(f.bins()).isEqualTo(n / 2 + 1);
            double[] found = f.forward(x);
            for (int k = 0; k < f.bins(); k++) {
                double re = 0;
                double im = 0;
                for (int t = 0; t < n; t++) {
                    double angle = 2 * Math.PI * ((long) k * t % n) / n;
                    re += x[t] * Math.cos(angle);
                    im -= x[t] * Math.sin(angle);
                }
                assertThat(found[2 * k]).as(n + " bin " + k).isCloseTo(re, within(1e-11));
                assertThat(found[2 * k + 1]).as(n + " bin " + k).isCloseTo(im, within(1e-11));
            }
            assertThat(distance(f.inverse(found), x)).isLessThan(1e-13);
        }
        assertThat(new Fourier(256).bins()).isEqualTo(129);
    }

    @Test
    void aLargeTransformIsExactAndItsInputStays() {
        int n = 1 << 18;
        double[] x = new Random(2).doubles(n, -1, 1).toArray();
        double[] before = x.clone();
        Fourier f = new Fourier(n);
        assertThat(distance(f.inverse(f.forward(x)), x)).isLessThan(1e-13);
        assertThat(x).isEqualTo(before);
        double[] energy = f.forward(x);
        double sum = energy[0] * energy[0] + energy[n] * energy[n];
        for (int k = 2; k < n; k++) {
            sum += 2 * energy[k] * energy[k];
        }
        double squares = java.util.Arrays.stream(x).map(v -> v * v).sum();
        assertThat(sum / n).as("Parseval").isCloseTo(squares, within(1e-8));
    }

    // ---- frames

    @Test
    void framesAreThoseOfPyTorch() {
        int both = 0;
        for (JsonElement each : GOLDEN.getAsJsonArray("stft")) {
            JsonObject c = each.getAsJsonObject();
            boolean center = c.get("center").getAsBoolean();
            Stft stft = new Stft(
                    c.get("size").getAsInt(),
                    c.get("hop").getAsInt(),
                    c.get("window").getAsInt(),
                    center);
            float[] x = floats(c.get("x"));
            Spectrogram found = stft.forward(x);
            assertThat(found.frames()).isEqualTo(c.get("frames").getAsInt()).isEqualTo(stft.frames(x.length));
            assertThat(found.bins()).isEqualTo(stft.bins());
            assertThat(found.values()).containsExactly(floats(c.get("spectra")), within(2e-6f));
            if (c.has("back")) {
                int n = c.get("length").getAsInt();
                Spectrogram other = new Spectrogram(found.frames(), found.bins(), floats(c.get("other")));
                assertThat(stft.inverse(other, n)).containsExactly(floats(c.get("back")), within(2e-6f));
                assertThat(stft.inverse(found, n)).containsExactly(x, within(2e-6f));
                both++;
            }
        }
        assertThat(both).isEqualTo(4);
    }

    @Test
    void settingsOfFrames() {
        Stft stft = new Stft(256);
        assertThat(stft).isEqualTo(new Stft(256, 64, 256, true));
        assertThat(stft.bins()).isEqualTo(129);
        assertThat(stft.frames(8000)).isEqualTo(126);
        assertThat(stft.uncentered().hop(128).frames(8000)).isEqualTo(61);
        assertThat(stft.window(200)).isEqualTo(new Stft(256, 64, 200, true));
        assertThat(new Stft(2).hop()).isEqualTo(1);
        float[] x = new float[1000];
        Random random = new Random(3);
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat();
        }
        float[] longer = stft.inverse(stft.forward(x), 1100);
        assertThat(longer[1099]).as("behind the last frame").isZero();
        refused(
                () -> stft.forward(new float[128]),
                "stft: a signal of 128 samples is too short for frames of 256; give at least 129, or use smaller"
                        + " frames");
        refused(
                () -> stft.uncentered().forward(new float[255]),
                "stft: a signal of 255 samples is too short for frames of 256; give at least 256, or use smaller"
                        + " frames");
        float[] broken = new float[300];
        broken[7] = Float.NaN;
        refused(() -> stft.forward(broken), "stft: sample 7 is NaN; give finite samples");
        refused(
                () -> new Stft(255),
                "stft: size=255 hop=63 window=255; the size must be even and from 2 to 2^24, hop and window from 1 to"
                        + " the size");
        refused(
                () -> stft.hop(257),
                "stft: size=256 hop=257 window=256; the size must be even and from 2 to 2^24, hop and window from 1 to"
                        + " the size");
        refused(
                () -> stft.inverse(new Spectrogram(1, 2, new float[4]), 10),
                "inverse: spectra of 2 bins and 10 samples for frames of 256, which have 129 bins; give spectra of the"
                        + " same size and at least one sample");
        Stft gaps = new Stft(64, 64, 32, true);
        refused(
                () -> gaps.inverse(gaps.forward(new float[200]), 200),
                "inverse: no window has a weight at sample 16 with hop=64 and window=32; use a smaller hop");
        Stft edge = new Stft(64).uncentered();
        refused(
                () -> edge.inverse(edge.forward(new float[200]), 200),
                "inverse: no window has a weight at sample 0 with hop=16 and window=64; use a smaller hop and centered"
                        + " frames");
        refused(
                () -> new Spectrogram(2, 3, new float[11]),
                "spectrogram: 11 values are not [2, 3, 2]; give two for each bin of each frame");
        refused(
                () -> new Fourier(9),
                "fourier: size=9 must be even and from 2 to 16777216; pad with zeros to such a size");
        refused(
                () -> new Fourier(Integer.MAX_VALUE - 1),
                "fourier: size=2147483646 must be even and from 2 to 16777216; pad with zeros to such a size");
        refused(
                () -> new Fourier(4).forward(1, 2),
                "forward: 2 numbers for a transform of size 4, which takes 4; give as many");
        refused(
                () -> new Fourier(4).inverse(1, 2),
                "inverse: 2 numbers of the bins for a transform of size 4, which takes 6; give as many");
    }

    /**
     * A tone of 1,000 Hz is in bin 32 of 129, and its power is that of a Hann window: (size / 4)^2 for an amplitude of
     * 1.
     */
    @Test
    void aToneIsInItsBin() {
        float[] tone = new float[4000];
        for (int t = 0; t < tone.length; t++) {
            tone[t] = (float) Math.cos(2 * Math.PI * 1000 * t / 8000);
        }
        Spectrogram s = new Stft(256).forward(tone);
        float[] power = s.power();
        float[] magnitude = s.magnitude();
        int middle = s.frames() / 2 * 129;
        assertThat(power[middle + 32]).isCloseTo(64f * 64, within(0.01f));
        assertThat(magnitude[middle + 32]).isCloseTo(64f, within(1e-4f));
        assertThat(power[middle + 40]).isLessThan(1e-6f);
        float[] mel = Mel.htk(8000, 256, 26).log(s);
        int best = IntStream.range(0, 26)
                .reduce(0, (a, b) -> mel[s.frames() / 2 * 26 + a] >= mel[s.frames() / 2 * 26 + b] ? a : b);
        assertThat(best).as("between 26 centers up to 4,000 Hz").isEqualTo(12);
    }

    // ---- mel

    @Test
    void filtersAreThoseOfLibrosaAndTorchaudio() {
        for (JsonElement each : GOLDEN.getAsJsonArray("mel")) {
            JsonObject c = each.getAsJsonObject();
            Mel mel = new Mel(
                    c.get("rate").getAsInt(),
                    c.get("size").getAsInt(),
                    c.get("filters").getAsInt(),
                    c.get("low").getAsDouble(),
                    c.get("high").getAsDouble(),
                    c.get("htk").getAsBoolean() ? Mel.Scale.HTK : Mel.Scale.SLANEY,
                    c.get("norm").getAsBoolean());
            int bins = mel.size() / 2 + 1;
            float[] expected = new float[mel.filters() * bins];
            for (JsonElement w : c.getAsJsonArray("weights")) {
                JsonArray at = w.getAsJsonArray();
                expected[at.get(0).getAsInt() * bins + at.get(1).getAsInt()] =
                        at.get(2).getAsFloat();
            }
            assertThat(mel.weights()).as(mel.toString()).containsExactly(expected, within(1e-7f));
        }
        assertThat(Mel.htk(8000, 256, 26)).isEqualTo(new Mel(8000, 256, 26, 0, 4000, Mel.Scale.HTK, false));
        assertThat(Mel.slaney(8000, 256, 26).between(80, 3800))
                .isEqualTo(new Mel(8000, 256, 26, 80, 3800, Mel.Scale.SLANEY, true));
    }

    @Test
    void bandsSumThePowerOfTheirBins() {
        Spectrogram s = new Spectrogram(2, 3, new float[] {1, 0, 0, 2, 1, 1, 0, 0, 0, 0, 0, 0});
        Mel mel = new Mel(8, 4, 1, 0, 4, Mel.Scale.HTK, false);
        float[] weights = mel.weights();
        float[] bands = mel.apply(s);
        assertThat(bands[0]).isCloseTo(weights[0] + 4 * weights[1] + 2 * weights[2], within(1e-6f));
        assertThat(bands[1]).isZero();
        assertThat(mel.log(s)).containsExactly((float) Math.log(bands[0]), (float) Math.log(1e-10));
        refused(
                () -> Mel.htk(8000, 256, 26).apply(s),
                "mel: spectra of 3 bins for filters over 129, which belong to frames of 256; use the same size for"
                        + " both");
        refused(
                () -> Mel.htk(0, 256, 26),
                "mel: rate=0 size=256 filters=26; the rate must be above 0, the size even and from 2 to 2^24, and the "
                        + "filters 1 to 100000");
        refused(
                () -> Mel.htk(8000, 256, 26).between(0, 4001),
                "mel: low=0.0 high=4001.0 at 8000 samples a second; choose 0 <= low < high <= 4000.0");
    }
}
