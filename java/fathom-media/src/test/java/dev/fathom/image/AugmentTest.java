package dev.fathom.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.HeapBytes;
import dev.fathom.testing.Workers;
import dev.fathom.train.Checkpoints;
import dev.fathom.train.Metric;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each change does what its sentence says, and its draws depend on seed, epoch and place alone. */
class AugmentTest {
    private static final int H = 7;
    private static final int W = 9;
    private static final int C = 3;
    private static final int IMAGE = H * W * C;

    /** n images of noise, 1 to 255, so that 0 is nowhere. */
    private static Dataset noise(int n) {
        byte[] pixels = new byte[n * IMAGE];
        new Random(7).nextBytes(pixels);
        int[] labels = new int[n];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = pixels[i] == 0 ? 1 : pixels[i];
        }
        for (int i = 0; i < n; i++) {
            labels[i] = i % 4;
        }
        return Dataset.images(pixels, Shape.of(H, W, C), labels);
    }

    /** All of an epoch's features, one after another. */
    private static float[] features(Batches batches, int epoch) {
        float[] all = new float
                [batches.examples() * (int) batches.data().featureShape().size()];
        int at = 0;
        Batches.Epoch e = batches.epoch(epoch);
        while (e.hasNext()) {
            try (Pass pass = Pass.infer()) {
                float[] x = e.next().x().toArray();
                System.arraycopy(x, 0, all, at, x.length);
                at += x.length;
            }
        }
        assertThat(at).isEqualTo(all.length);
        return all;
    }

    private static float at(float[] x, int image, int r, int q, int c) {
        return r < 0 || r >= H || q < 0 || q >= W ? 0 : x[image * IMAGE + (r * W + q) * C + c];
    }

    /** Whether image i of y is that of x moved by whole pixels: y[r][q] = x[r s + dr][q t + dq]. */
    private static boolean moved(float[] x, float[] y, int i, int s, int dr, int t, int dq) {
        for (int r = 0; r < H; r++) {
            for (int q = 0; q < W; q++) {
                for (int c = 0; c < C; c++) {
                    if (at(y, i, r, q, c) != at(x, i, r * s + dr, q * t + dq, c)) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    // ---- what each change does

    @Test
    void flipsAndCropsMovePixels() {
        int n = 50;
        try (Dataset d = noise(n)) {
            float[] plain = features(d.batches(16), 0);
            Batches flip = d.batches(16).augment(Augment.all(Augment.flip(), Augment.flipVertical(), Augment.crop(2)));
            int[] left = new int[2];
            int[] top = new int[2];
            Set<Integer> shifts = new HashSet<>();
            for (int epoch = 0; epoch < 20; epoch++) {
                float[] y = features(flip, epoch);
                for (int i = 0; i < n; i++) {
                    int found = 0;
                    for (int k = 0; k < 100; k++) {
                        int s = k % 2;
                        int t = k / 2 % 2;
                        int dr = k / 4 % 5 - 2;
                        int dq = k / 20 - 2;
                        // a crop of a flipped image: the flip comes first in the recipe
                        boolean is = moved(
                                plain,
                                y,
                                i,
                                s == 1 ? -1 : 1,
                                s == 1 ? H - 1 - dr : dr,
                                t == 1 ? -1 : 1,
                                t == 1 ? W - 1 - dq : dq);
                        if (is) {
                            found++;
                            left[t]++;
                            top[s]++;
                            shifts.add(dr * 10 + dq);
                        }
                    }
                    assertThat(found).isEqualTo(1);
                }
            }
            assertThat(left[1]).isBetween(440, 560);
            assertThat(top[1]).isBetween(440, 560);
            assertThat(shifts).hasSize(25);
        }
    }

    /**
     * Two channels that hold row and column: bilinear interpolation keeps planes, so what comes back is the place it
     * was read at.
     */
    @Test
    void shiftZoomShearAndRotateReadAtThePlacesTheyShould() {
        int side = 41;
        int n = 64;
        float[] places = new float[n * side * side * 2];
        for (int i = 0; i < places.length; i++) {
            int p = i / 2 % (side * side);
            places[i] = i % 2 == 0 ? p / side : p % side;
        }
        List<Augment> changes = List.of(Augment.shift(0.1f), Augment.zoom(0.2f), Augment.shear(20), Augment.rotate(30));
        try (Dataset d = Dataset.of(places, Shape.of(side, side, 2), new int[n])) {
            for (int k = 0; k < 4; k++) {
                float[] y = features(d.batches(n).augment(changes.get(k)), 0);
                double most = 0;
                for (int i = 0; i < n; i++) {
                    // around the middle, where nothing comes from outside: three places give the map
                    int o = 2 * (i * side * side + 20 * side + 20);
                    double rr = (y[o + 8 * side] - y[o]) / 4;
                    double cr = (y[o + 8 * side + 1] - y[o + 1]) / 4;
                    double rc = (y[o + 8] - y[o]) / 4;
                    double cc = (y[o + 9] - y[o + 1]) / 4;
                    double[] off;
                    if (k == 0) {
                        off = new double[] {rr - 1, rc, cr, cc - 1};
                        most = Math.max(most, Math.abs(y[o] - 20) / 4.1);
                        most = Math.max(most, Math.abs(y[o + 1] - 20) / 4.1);
                    } else if (k == 1) {
                        off = new double[] {rr - cc, rc, cr, y[o] - 20, y[o + 1] - 20};
                        most = Math.max(most, Math.abs(1 / rr - 1) / 0.2);
                    } else if (k == 2) {
                        off = new double[] {rr - 1, rc, cc - 1, y[o] - 20, y[o + 1] - 20};
                        most = Math.max(most, Math.toDegrees(Math.atan(Math.abs(cr))) / 20);
                    } else {
                        off = new double[] {rr - cc, rc + cr, rr * rr + rc * rc - 1, y[o] - 20, y[o + 1] - 20};
                        most = Math.max(most, Math.toDegrees(Math.atan2(Math.abs(cr), rr)) / 30);
                    }
                    for (double zero : off) {
                        assertThat(zero).as("%s", changes.get(k)).isBetween(-1e-4, 1e-4);
                    }
                }
                // of 64 draws the largest is near the bound
                assertThat(most).as("%s", changes.get(k)).isBetween(0.85, 1.001);
            }
        }
    }

    @Test
    void anExtendedImageHasNoBorder() {
        byte[] gray = new byte[8 * IMAGE];
        Arrays.fill(gray, (byte) 100);
        Augment[] all = {
            Augment.crop(3), Augment.shift(0.5f), Augment.zoom(0.5f), Augment.shear(40), Augment.rotate(180)
        };
        try (Dataset d = Dataset.images(gray, Shape.of(H, W, C), new int[8])) {
            for (Augment a : all) {
                for (float x : features(d.batches(8).augment(a.extended()), 1)) {
                    assertThat(x).isBetween(100 / 255f - 1e-6f, 100 / 255f + 1e-6f);
                }
                int zeros = 0;
                for (float x : features(d.batches(8).augment(a), 1)) {
                    zeros += x < 1e-3 ? 1 : 0;
                }
                assertThat(zeros).isGreaterThan(0);
            }
        }
    }

    @Test
    void brightnessAndContrastKeepShapeAndMean() {
        int n = 64;
        try (Dataset d = noise(n)) {
            float[] x = features(d.batches(32), 0);
            float[] lighter = features(d.batches(32).augment(Augment.brightness(0.25f)), 0);
            float[] harder = features(d.batches(32).augment(Augment.contrast(0.5f)), 0);
            double least = 9;
            double most = -9;
            for (int i = 0; i < n; i++) {
                float by = lighter[i * IMAGE] - x[i * IMAGE];
                least = Math.min(least, by);
                most = Math.max(most, by);
                for (int c = 0; c < C; c++) {
                    double mean = 0;
                    double after = 0;
                    for (int p = 0; p < H * W; p++) {
                        mean += x[i * IMAGE + p * C + c] / (H * W);
                        after += harder[i * IMAGE + p * C + c] / (H * W);
                        assertThat(lighter[i * IMAGE + p * C + c] - x[i * IMAGE + p * C + c])
                                .isBetween(by - 1e-6f, by + 1e-6f);
                    }
                    assertThat(after).isBetween(mean - 1e-6, mean + 1e-6);
                    double gain = (harder[i * IMAGE + c] - mean) / (x[i * IMAGE + c] - mean);
                    assertThat(gain).isBetween(0.49, 1.51);
                    assertThat((harder[i * IMAGE + 30 + c] - mean) / (x[i * IMAGE + 30 + c] - mean))
                            .isBetween(gain - 1e-3, gain + 1e-3);
                }
            }
            assertThat(least).isBetween(-0.2501, -0.2);
            assertThat(most).isBetween(0.2, 0.2501);
        }
    }

    @Test
    void noiseIsNormalAndOfAnyShape() {
        float[] zeros = new float[400 * 33];
        try (Dataset d = Dataset.of(zeros, Shape.of(33), new int[400])) {
            float[] z = features(d.batches(100).augment(Augment.noise(0.1f)), 3);
            double mean = 0;
            double square = 0;
            for (float v : z) {
                mean += v / z.length;
                square += (double) v * v / z.length;
            }
            assertThat(mean).isBetween(-0.004, 0.004);
            assertThat(Math.sqrt(square)).isBetween(0.098, 0.102);
            // two noises are two streams
            float[] twice = features(d.batches(100).augment(Augment.all(Augment.noise(0.1f), Augment.noise(0.1f))), 3);
            double both = 0;
            for (float v : twice) {
                both += (double) v * v / z.length;
            }
            assertThat(Math.sqrt(both / square)).isBetween(1.38, 1.45);
            // no example has the noise of another
            assertThat(Arrays.copyOf(z, 33)).isNotEqualTo(Arrays.copyOfRange(z, 33, 66));
        }
    }

    @Test
    void cutoutIsAHole() {
        int n = 200;
        try (Dataset d = noise(n)) {
            float[] x = features(d.batches(50), 0);
            float[] y = features(d.batches(50).augment(Augment.cutout(4)), 0);
            boolean[] covered = new boolean[H * W];
            int whole = 0;
            for (int i = 0; i < n; i++) {
                int top = H;
                int bottom = -1;
                int left = W;
                int right = -1;
                int holes = 0;
                for (int p = 0; p < H * W; p++) {
                    boolean hole = y[i * IMAGE + p * C] == 0;
                    for (int c = 0; c < C; c++) {
                        assertThat(y[i * IMAGE + p * C + c]).isEqualTo(hole ? 0 : x[i * IMAGE + p * C + c]);
                    }
                    if (hole) {
                        holes++;
                        covered[p] = true;
                        top = Math.min(top, p / W);
                        bottom = Math.max(bottom, p / W);
                        left = Math.min(left, p % W);
                        right = Math.max(right, p % W);
                    }
                }
                assertThat(holes)
                        .isEqualTo((bottom - top + 1) * (right - left + 1))
                        .isBetween(4, 16);
                whole += holes == 16 ? 1 : 0;
            }
            assertThat(covered).doesNotContain(false);
            assertThat(whole).isGreaterThan(50);
        }
    }

    @Test
    void mixupMixesFeaturesAndLabels() {
        int n = 21;
        float[] x = new float[2 * n];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            x[2 * i] = i;
            x[2 * i + 1] = -i;
            labels[i] = i % 5;
        }
        try (Dataset d = Dataset.of(x, Shape.of(2), labels);
                Pass pass = Pass.infer()) {
            Batch b = d.batches(n).augment(Augment.mixup(0.4f)).epoch(0).next();
            assertThat(b.y().dtype()).isEqualTo(DType.F32);
            assertThat(b.y().shape()).isEqualTo(Shape.of(n, 5));
            float[] mixed = b.x().toArray();
            float[] q = b.y().toArray();
            for (int i = 0; i < n; i++) {
                int other = n - 1 - i;
                double sum = 0;
                for (int c = 0; c < 5; c++) {
                    sum += q[5 * i + c];
                }
                assertThat(sum).isBetween(1 - 1e-6, 1 + 1e-6);
                if (labels[i] != labels[other]) {
                    float s = q[5 * i + labels[i]];
                    assertThat(q[5 * i + labels[other]]).isEqualTo(1 - s);
                    assertThat(mixed[2 * i])
                            .isBetween(s * i + (1 - s) * other - 1e-4f, s * i + (1 - s) * other + 1e-4f);
                }
                assertThat(mixed[2 * i + 1]).isEqualTo(-mixed[2 * i]);
            }
        }
        try (Dataset d = Dataset.of(new float[] {0, 1}, Shape.of(1), new float[] {10, 20}, Shape.of(1));
                Pass pass = Pass.infer()) {
            Batch b = d.batches(2).augment(Augment.mixup(1)).epoch(0).next();
            float[] mixed = b.x().toArray();
            float[] y = b.y().toArray();
            assertThat(y[0]).isBetween(10 + 10 * mixed[0] - 1e-4f, 10 + 10 * mixed[0] + 1e-4f);
            assertThat(y[1]).isBetween(10 + 10 * mixed[1] - 1e-4f, 10 + 10 * mixed[1] + 1e-4f);
        }
    }

    /** Mean 1/2, variance 1 / (4 (2 a + 1)), fourth central moment 3 / (16 (2 a + 1) (2 a + 3)). */
    @Test
    void sharesHaveTheBetaDistribution() {
        Random random = new Random(1);
        for (double a : new double[] {0.1, 0.2, 1, 4}) {
            int n = 200_000;
            double mean = 0;
            double second = 0;
            double fourth = 0;
            for (int i = 0; i < n; i++) {
                float s = Augmenter.beta(random.nextFloat(), random.nextFloat(), (float) a);
                assertThat(s).isBetween(0f, 1f);
                double off = s - 0.5;
                mean += off / n;
                second += off * off / n;
                fourth += off * off * off * off / n;
            }
            double variance = 1 / (4 * (2 * a + 1));
            assertThat(mean).isBetween(-0.005, 0.005);
            assertThat(second / variance).isBetween(0.98, 1.02);
            assertThat(fourth / (3 / (16 * (2 * a + 1) * (2 * a + 3)))).isBetween(0.97, 1.03);
        }
        for (float u : new float[] {0, 0x1p-24f, 0.5f, 1 - 0x1p-24f}) {
            for (float v : new float[] {0, 0.25f, 0.5f, 0.75f, 1 - 0x1p-24f}) {
                assertThat(Augmenter.beta(u, v, 1e-3f)).isBetween(0f, 1f);
                assertThat(Augmenter.beta(u, v, 1e6f)).isBetween(0f, 1f);
            }
        }
    }

    // ---- what the draws depend on

    private static final Augment[] EVERYTHING = {
        Augment.flip(),
        Augment.crop(2),
        Augment.rotate(20).extended(),
        Augment.shift(0.1f).extended(),
        Augment.contrast(0.3f),
        Augment.zoom(0.2f),
        Augment.shear(10),
        Augment.brightness(0.2f),
        Augment.noise(0.05f),
        Augment.cutout(3)
    };

    @Test
    void anEpochCanBeHadAgainInBatchesOfAnySizeOnAnyThreads() {
        NativeRuntime runtime = NativeRuntime.get();
        int threads = runtime.threads();
        try (Dataset d = noise(150)) {
            float[] first = features(d.shuffled(5).batches(32).augment(Augment.all(EVERYTHING)), 3);
            assertThat(features(d.shuffled(5).batches(150).augment(Augment.all(EVERYTHING)), 3))
                    .containsExactly(first);
            for (int n : new int[] {1, 2, 4}) {
                Workers.parts(n); // batches of 7 images are too small for threads of themselves
                assertThat(Workers.with(
                                n, () -> features(d.shuffled(5).batches(7).augment(Augment.all(EVERYTHING)), 3)))
                        .containsExactly(first);
            }
            assertThat(features(d.shuffled(5).batches(32).augment(Augment.all(EVERYTHING)), 2))
                    .isNotEqualTo(first);
            assertThat(features(d.shuffled(6).batches(32).augment(Augment.all(EVERYTHING)), 3))
                    .isNotEqualTo(first);
            // a single batch, out of order
            Batches batches = d.shuffled(5).batches(32).augment(Augment.all(EVERYTHING));
            try (Pass pass = Pass.infer()) {
                assertThat(batches.epoch(3).batch(2).x().toArray())
                        .containsExactly(Arrays.copyOfRange(first, 64 * IMAGE, 96 * IMAGE));
            }
        } finally {
            Workers.parts(0);
            runtime.threads(threads);
        }
    }

    @Test
    void theOrderOfTheRecipeIsKept() {
        try (Dataset d = noise(20)) {
            // a hole that is then filled with noise, and noise that then gets a hole
            float[] filled = features(d.batches(20).augment(Augment.all(Augment.cutout(5), Augment.noise(0.1f))), 0);
            float[] holed = features(d.batches(20).augment(Augment.all(Augment.noise(0.1f), Augment.cutout(5))), 0);
            assertThat(count(filled)).isZero();
            assertThat(count(holed)).isGreaterThan(100);
            // a flip has nothing to say about the outside: it is of the run that comes behind, or before
            for (float v : features(
                    d.batches(20)
                            .augment(Augment.all(Augment.flip(), Augment.crop(3).extended(), Augment.flip())),
                    0)) {
                assertThat(v).isPositive();
            }
            // two runs of places with something between
            float[] twice = features(
                    d.batches(20).augment(Augment.all(Augment.crop(1), Augment.noise(1e-9f), Augment.crop(1))), 0);
            assertThat(twice).hasSize(20 * IMAGE);
            assertThat(count(twice)).isGreaterThan(100);
        }
    }

    private static long count(float[] x) {
        long zeros = 0;
        for (float v : x) {
            zeros += v == 0 ? 1 : 0;
        }
        return zeros;
    }

    @Test
    void plainBatchesAreAsTheyWere() {
        try (Dataset d = noise(20)) {
            Batches augmented = d.shuffled(1).batches(8).dropLast().augment(Augment.all(EVERYTHING));
            assertThat(augmented)
                    .hasToString(
                            "batches of 8 of 20 examples, shuffled by seed 1, the last one dropped, augmented by flip,"
                                    + " crop 2, rotate 20 extended, shift 0.1 extended, contrast 0.3, zoom 0.2, "
                                    + "shear 10,"
                                    + " brightness 0.2, noise 0.05, cutout 3");
            assertThat(augmented.scaleLast().withoutAugmentation())
                    .hasToString(
                            "batches of 8 of 20 examples, shuffled by seed 1, the last one at its share of the rate");
            assertThat(features(augmented.withoutAugmentation(), 0))
                    .containsExactly(features(d.shuffled(1).batches(8).dropLast(), 0));
            Batches plain = d.batches(8);
            assertThat(plain.withoutAugmentation()).isSameAs(plain);
            assertThat(plain.augment(Augment.flip()).withoutAugmentation()).hasToString(plain.toString());
        }
    }

    @Test
    void wrongUseIsASentence() {
        try (Dataset d = noise(4);
                Dataset flat = d.flattened()) {
            assertRefused(
                    () -> Augment.crop(0), "augment: crop by 0.0; the amount must be above 0 and at most 1048576");
            assertRefused(() -> Augment.zoom(1), "augment: zoom by 1.0; the amount must be above 0 and at most 0.9");
            assertRefused(
                    () -> Augment.mixup(Float.POSITIVE_INFINITY),
                    "augment: mixup by Infinity; the amount must be above 0 and finite");
            assertRefused(
                    () -> Augment.noise(Float.NaN), "augment: noise by NaN; the amount must be above 0 and finite");
            assertRefused(() -> new Augment(Augment.Kind.CROP, 2.5f, false), "augment: crop by 2.5; give whole pixels");
            assertRefused(
                    () -> new Augment(Augment.Kind.FLIP, 0.3f, true),
                    "extended: flip takes nothing from outside an image");
            assertRefused(() -> Augment.cutout(3).extended(), "extended: cutout takes nothing from outside an image");
            assertRefused(
                    () -> flat.batches(2).augment(Augment.all(Augment.noise(1), Augment.flip())),
                    "augment: flip is for images [height, width, channels] but an example is [189]; reshape them, and"
                            + " flatten in the model");
        }
    }

    @Test
    void aSinglePixelAndAmountsFarBeyondAnImage() {
        byte[] pixels = {100, 100, 100};
        Augment far = Augment.crop(1 << 20);
        // far outside after a few, beyond what an int or a float holds after all
        Augment[] chain = new Augment[60];
        for (int i = 0; i < chain.length; i++) {
            chain[i] = i % 3 == 0 ? far : Augment.zoom(0.9f);
        }
        try (Dataset d = Dataset.images(pixels, Shape.of(1, 1, 1), new int[3])) {
            float[] plain = features(d.batches(3), 0);
            for (Augment a :
                    new Augment[] {Augment.flip(), Augment.zoom(0.9f), Augment.shear(80), Augment.rotate(180)}) {
                assertThat(features(d.batches(3).augment(a), 0)).containsExactly(plain);
            }
            for (Augment a : new Augment[] {far, Augment.cutout(1), Augment.cutout(1 << 20)}) {
                assertThat(features(d.batches(3).augment(a), 0)).containsOnly(0);
            }
            assertThat(features(d.batches(3).augment(far.extended()), 0)).containsExactly(plain);
        }
        byte[] gray = new byte[3 * IMAGE];
        Arrays.fill(gray, (byte) 100);
        try (Dataset d = Dataset.images(gray, Shape.of(H, W, C), new int[3])) {
            assertThat(features(d.batches(3).augment(Augment.all(chain)), 0)).containsOnly(0);
            Arrays.setAll(chain, i -> chain[i].extended());
            for (float v : features(d.batches(3).augment(Augment.all(chain)), 0)) {
                assertThat(v).isBetween(100 / 255f - 1e-6f, 100 / 255f + 1e-6f);
            }
        }
    }

    @Test
    void imagesOfManyChannels() {
        float[] x = new float[2 * 4 * 4 * 65];
        Arrays.fill(x, 1);
        try (Dataset d = Dataset.of(x, Shape.of(4, 4, 65), new int[2])) {
            assertRefused(
                    () -> d.batches(2).augment(Augment.contrast(0.5f)),
                    "augment: brightness and contrast are for images of at most 64 channels but an example is [4, 4,"
                            + " 65]; leave them out");
            assertThat(features(d.batches(2).augment(Augment.rotate(90).extended()), 0))
                    .hasSize(x.length);
        }
        try (Dataset d = Dataset.of(Arrays.copyOf(x, 2 * 4 * 4 * 64), Shape.of(4, 4, 64), new int[2])) {
            for (float v : features(d.batches(2).augment(Augment.contrast(1)), 0)) {
                assertThat(v).isEqualTo(1);
            }
        }
    }

    private static void assertRefused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    // ---- in training

    private static Model<Sequential> model() {
        return Model.of(new Sequential(new Flatten(), new Linear(IMAGE, 8), Tensor::relu, new Linear(8, 4)), 1);
    }

    private static Trainer<Sequential> trainer(Model<Sequential> model) {
        return Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f)).metrics(Metric.accuracy());
    }

    private static float[] weights(Model<Sequential> model) {
        return model.parameters().get(0).value().toArray();
    }

    private static Batches mixed(Dataset d) {
        return d.shuffled(3)
                .batches(8)
                .augment(Augment.all(Augment.flip(), Augment.rotate(10), Augment.noise(0.1f), Augment.mixup(0.2f)));
    }

    /**
     * The share of each epoch's examples whose largest logit is at the larger part of their mixed labels, from a loop
     * by hand.
     */
    private static double[] accuracies(Batches batches, int epochs) {
        double[] shares = new double[epochs];
        try (Model<Sequential> model = model();
                var adam = new Adam(1e-3f).on(model)) {
            for (int i = 0; i < epochs; i++) {
                int right = 0;
                for (Batches.Epoch epoch = batches.epoch(i + 1); epoch.hasNext(); ) {
                    try (Pass pass = Pass.train(new Rng(0))) {
                        Batch batch = epoch.next();
                        Tensor output = model.net().apply(batch.x());
                        float[][] said = rows(output);
                        float[][] mixed = rows(batch.y());
                        for (int row = 0; row < said.length; row++) {
                            right += largest(said[row]) == largest(mixed[row]) ? 1 : 0;
                        }
                        pass.backward(Loss.crossEntropy().of(output, batch.y()), model);
                        adam.step();
                    }
                }
                shares[i] = (double) right / batches.examples();
            }
        }
        return shares;
    }

    private static float[][] rows(Tensor t) {
        float[] values = t.toArray();
        float[][] rows = new float[t.dim(0)][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = Arrays.copyOfRange(values, i * t.dim(1), (i + 1) * t.dim(1));
        }
        return rows;
    }

    private static int largest(float[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) {
            best = row[i] > row[best] ? i : best;
        }
        return best;
    }

    @Test
    void aTrainingThatGoesOnHasTheBitsOfOneThatWasNotInterrupted(@TempDir Path temp) {
        try (Dataset d = noise(40);
                Dataset validation = d.take(0, 10);
                Model<Sequential> whole = model();
                Model<Sequential> parts = model()) {
            Run h = trainer(whole).fit(mixed(d), validation, 4);
            assertThat(h.series("accuracy")).containsExactly(accuracies(mixed(d), 4));
            // validation sees the examples as they are
            assertThat(trainer(whole).evaluate(validation.batches(mixed(d).size())))
                    .containsEntry("loss", h.epochs().get(3).value("val_loss"));
            assertThat(trainer(whole).evaluate(validation.batches(10).augment(Augment.noise(9))))
                    .isEqualTo(trainer(whole).evaluate(validation.batches(10)));
            trainer(parts).checkpoints(Checkpoints.in(temp)).fit(mixed(d), validation, 2);
            try (Model<Sequential> resumed = model()) {
                trainer(resumed).checkpoints(Checkpoints.in(temp)).resume(temp).fit(mixed(d), validation, 4);
                assertThat(weights(resumed)).containsExactly(weights(whole));
            }
            try (Model<Sequential> other = model()) {
                Batches another = d.shuffled(3).batches(8).augment(Augment.flip());
                assertThatThrownBy(() -> trainer(other)
                                .checkpoints(Checkpoints.in(temp))
                                .resume(temp)
                                .fit(another, validation, 4))
                        .hasMessageContaining("augmented by flip");
            }
        }
    }

    /** Two tensors, the record, the pass: what a plain step takes. */
    @Test
    void aStepAllocatesNoMoreThanItsTensors() {
        try (Dataset d = noise(60)) {
            // with views of what the changes need; each fence is an object, too
            long most = Memory.fenced() ? 4096 : 768;
            assertThat(HeapBytes.ofFirstStep(d.shuffled().batches(32).augment(Augment.all(EVERYTHING))))
                    .isBetween(1L, most);
        }
    }

    @Test
    void tokensAreNoImages() {
        try (Dataset tokens = Dataset.of(
                Field.ragged("x", new int[][] {{1}, {2}}).input(),
                Field.labels("y", 0, 1).target())) {
            assertRefused(
                    () -> tokens.batches(2).augment(Augment.noise(1)),
                    "augment: noise 1 is for floats of one shape, but the input of Dataset of 2 examples, x [*] of I32,"
                            + " 2 classes has integers or lengths; use Dataset.map");
        }
    }

    /** Sums of the bits of integers would be zeros. */
    @Test
    void mixupRefusesIntegersThatAreNoLabels() {
        try (Dataset d = Dataset.of(
                Field.floats("x", Shape.of(2), new float[8]).input(),
                Field.ints("y", Shape.of(3), new int[12]).target())) {
            assertThatThrownBy(() -> d.batches(2).augment(Augment.mixup(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("augment: mixup makes weighted sums of targets, but the target of ")
                    .hasMessageEndingWith(
                            " has integers that are no class labels, or lengths; give labels (Field.labels), which become"
                                    + " probabilities, or floats, one-hot for example");
        }
    }
}
