package dev.fathom.labs.codes;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.NearestNeighbors.Neighbor;
import dev.fathom.features.Pca;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.ImageSheet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Codes of images: what auto-encoders of several kinds give back of images and of noisy images, and which images are
 * found by a code.
 *
 * @param learn images [n, 784] of numbers from 0 to 1 to learn from
 * @param test images that no network learns from
 */
record ImageCodes(LabRun run, Findings page, Dataset learn, Dataset test) {
    private static final int SIDE = 28;
    private static final int PIXELS = SIDE * SIDE;
    private static final int CODE = 32;
    private static final int BITS = 64;
    private static final int SHOWN = 10;
    /** The standard deviation of the noise, where white is 1. */
    private static final float NOISE = 0.4f;
    /** The factor of the penalty on the activations of the sparse code. */
    private static final float SPARSE = 3e-4f;
    /** How many of the nearest images are looked at. */
    private static final int NEAREST = 10;

    /**
     * What a network, or PCA, makes of the images.
     *
     * @param codes of the images to learn from, and of the test images
     * @param clean the squared error of a pixel of the test images
     * @param cleaned that of what it gives back of the noisy test images
     * @param shown what it gives back of the first images, and of the first noisy images
     */
    private record Coded(String name, float[][][] codes, double clean, double cleaned, float[][][] shown) {
        Coded(String name, float[][][] codes, float[][] clean, float[][] cleaned, float[][] images) {
            this(name, codes, squaredError(clean, images), squaredError(cleaned, images), new float[][][] {
                Arrays.copyOf(clean, SHOWN), Arrays.copyOf(cleaned, SHOWN)
            });
        }

        int width() {
            return codes[0][0].length;
        }

        /** The share of the numbers of a code that are not 0. */
        double active() {
            long zeros = Arrays.stream(codes[1]).mapToLong(Coded::zeros).sum();
            return 1 - (double) zeros / width() / codes[1].length;
        }

        private static long zeros(float[] code) {
            long zeros = 0;
            for (float c : code) {
                zeros += c == 0 ? 1 : 0;
            }
            return zeros;
        }
    }

    /** Adds reconstructions and retrieval; false if the run was interrupted. */
    boolean add() {
        Examples learned = Examples.of(learn);
        Examples tested = Examples.of(test);
        float[][] noise = noisy(tested.x());
        int over = run.of(1024, 800);
        int wide = run.of(512, 256);
        try (Dataset noisy = Dataset.of(noise, test.labels())) {
            Map<String, Coded> kinds = new LinkedHashMap<>();
            kinds.put("PCA", pca(learned.x(), tested.x(), noise));
            boolean done = code(kinds, "under-complete", Autoencoder.tanh(PIXELS, CODE), null, noisy)
                    && code(kinds, "deep", Autoencoder.deep(PIXELS, wide, 128, CODE), null, noisy)
                    && code(kinds, "over-complete", Autoencoder.rectified(PIXELS, over, 0), null, noisy)
                    && code(
                            kinds,
                            "sparse",
                            Autoencoder.rectified(PIXELS, over, 0),
                            h -> Penalty.activity(h, SPARSE),
                            noisy)
                    && code(kinds, "denoising", Autoencoder.rectified(PIXELS, wide, NOISE), null, noisy);
            if (!done) {
                return false;
            }
            reconstructions(kinds, tested.x(), noise);
            if (!code(kinds, "binary", Autoencoder.binary(PIXELS, wide, BITS), null, noisy)) {
                return false;
            }
            retrieval(get(kinds, "PCA"), get(kinds, "deep"), get(kinds, "binary"), learned, tested);
            return true;
        }
    }

    private static Coded get(Map<String, Coded> kinds, String name) {
        return Objects.requireNonNull(kinds.get(name));
    }

    private float[][] noisy(float[][] rows) {
        Rng rng = new Rng(run.seed()).split("noise");
        float[][] noisy = new float[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            noisy[i] = rng.normal(PIXELS, 0, NOISE);
            for (int j = 0; j < PIXELS; j++) {
                noisy[i][j] += rows[i][j];
            }
        }
        return noisy;
    }

    private static Coded pca(float[][] learn, float[][] test, float[][] noisy) {
        Pca pca = Pca.fit(learn, CODE);
        float[][] codes = pca.transform(test);
        return new Coded(
                "PCA",
                new float[][][] {pca.transform(learn), codes},
                pca.inverse(codes),
                pca.inverse(pca.transform(noisy)),
                test);
    }

    /** Trains a network and adds what it makes of the images; false if the run was interrupted. */
    private boolean code(
            Map<String, Coded> to,
            String name,
            Autoencoder net,
            @Nullable UnaryOperator<Tensor> penalty,
            Dataset noisy) {
        try (Model<Autoencoder> model = net.train(run, name, learn, run.epochs(15, 4), penalty)) {
            if (model == null) {
                return false;
            }
            float[][][] codes = {
                Examples.of(net.encoder(), learn).x(),
                Examples.of(net.encoder(), test).x()
            };
            float[][] clean = Examples.of(net, test).x();
            to.put(
                    name,
                    new Coded(
                            name,
                            codes,
                            clean,
                            Examples.of(net, noisy).x(),
                            Examples.of(test).x()));
            return true;
        }
    }

    // ---- reconstructions

    private static double squaredError(float[][] a, float[][] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < PIXELS; j++) {
                double d = a[i][j] - b[i][j];
                sum += d * d;
            }
        }
        return sum / a.length / PIXELS;
    }

    private void reconstructions(Map<String, Coded> all, float[][] images, float[][] noisy) {
        List<Coded> kinds = List.copyOf(all.values());
        double noise = squaredError(noisy, images);
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("the image itself", "", "", "0", line("%.4f", noise)));
        for (Coded kind : kinds) {
            rows.add(List.of(
                    kind.name,
                    Integer.toString(kind.width()),
                    line("%.1f %%", 100 * kind.active()),
                    line("%.4f", kind.clean),
                    line("%.4f", kind.cleaned)));
            page.figure(Figure.of(kind.name + ", squared error of a pixel", "", kind.clean))
                    .figure(Figure.of(kind.name + ", squared error of a pixel, from noisy images", "", kind.cleaned));
        }
        Coded best =
                kinds.stream().min(Comparator.comparingDouble(Coded::cleaned)).orElseThrow();
        double byPca = get(all, "PCA").clean;
        double byDeep = get(all, "deep").clean;
        page.section(
                        "Kinds of auto-encoders",
                        line(
                                "Fashion-MNIST, with pixels from 0 to 1. Under-complete and deep networks have a "
                                        + "code of %d numbers, as PCA has here. "
                                        + "Over-complete networks have more ReLU units than pixels, with and "
                                        + "without a penalty of %s times the sum of "
                                        + "their activations. The denoising network sees images with noise of "
                                        + "standard deviation %s in training and is "
                                        + "to give back the images without noise. Errors are mean squared errors "
                                        + "of a pixel on images that were not "
                                        + "learned, as they are and with such noise; with noise the error is that "
                                        + "to the image without it.",
                                CODE, line("%.4f", SPARSE), line("%.1f", NOISE)))
                .table(List.of("kind", "numbers in a code", "of these not 0", "error", "error from noisy images"), rows)
                .text(line(
                        "With codes of the same size, the deep auto-encoder has %s the error of PCA (%.4f and "
                                + "%.4f). The penalty leaves %.1f %% of an "
                                + "over-complete code active, where it is %.1f %% without. %s gives back noisy "
                                + "images best: the error falls from %.4f to %.4f.",
                        byDeep < byPca ? line("%.2f times", byDeep / byPca) : "no less than",
                        byDeep,
                        byPca,
                        100 * get(all, "sparse").active(),
                        100 * get(all, "over-complete").active(),
                        best.name,
                        noise,
                        best.cleaned))
                .key(Figure.of("Deep auto-encoder, squared error in parts of that of PCA", "", byDeep / byPca)
                        .baseline(1, line("PCA with %d components", CODE)))
                .key(Figure.of(
                                "Denoising auto-encoder, squared error in parts of that of the noisy image",
                                "",
                                get(all, "denoising").cleaned / noise)
                        .baseline(1, "the noisy image"))
                .picture(
                        "reconstructions.png",
                        "Images that were not learned, and what each kind of auto-encoder gives back of them",
                        () -> sheet(images, "image", kinds, 0).render())
                .picture(
                        "noisy.png",
                        "Noisy images, and what each kind of auto-encoder gives back of them",
                        () -> sheet(noisy, "noisy image", kinds, 1).render());
    }

    private static ImageSheet sheet(float[][] images, String what, List<Coded> kinds, int noisy) {
        ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(SHOWN);
        row(sheet, images, what);
        kinds.forEach(kind -> row(sheet, kind.shown[noisy], kind.name));
        return sheet;
    }

    private static void row(ImageSheet sheet, float[][] images, String caption) {
        for (int i = 0; i < SHOWN; i++) {
            add(sheet, images[i], i == 0 ? caption : "");
        }
    }

    // ---- retrieval

    private void retrieval(Coded pca, Coded deep, Coded bits, Examples learned, Examples tested) {
        List<List<String>> rows = new ArrayList<>();
        double[] precision = {
            precision(learned.x(), tested.x(), learned, tested),
            precision(pca.codes[0], pca.codes[1], learned, tested),
            precision(deep.codes[0], deep.codes[1], learned, tested),
            precision(bits.codes[0], bits.codes[1], learned, tested)
        };
        List<String> names = List.of(
                "pixels",
                line("PCA, %d numbers", CODE),
                line("deep auto-encoder, %d numbers", CODE),
                line("binary code, %d bits", BITS));
        int[] bytes = {PIXELS, 4 * CODE, 4 * CODE, BITS / 8};
        for (int i = 0; i < precision.length; i++) {
            rows.add(List.of(names.get(i), line("%,d", bytes[i]), line("%.1f %%", 100 * precision[i])));
            page.figure(
                    Figure.of("Retrieval by " + names.get(i) + ", precision at " + NEAREST, "%", 100 * precision[i]));
        }
        rows.add(List.of("chance", "", line("%.1f %%", 100.0 / learned.outputs())));
        page.section(
                        "Retrieval by code",
                        line(
                                "For each image that was not learned, the %d nearest of the %,d images that were "
                                        + "learned are looked up by their codes. "
                                        + "Precision is the share of these that are of the same class. Distances "
                                        + "are Euclidean; between binary codes "
                                        + "they order as the number of bits that differ (semantic hashing, "
                                        + "Salakhutdinov and Hinton 2009). No label is "
                                        + "used for any code.",
                                NEAREST, learned.size()))
                .table(List.of("looked up by", "bytes of an image", line("precision at %d", NEAREST)), rows)
                .text(line(
                        "A binary code has %.1f %% of the precision of the pixels, from a %.0fth of their bytes.",
                        100 * precision[3] / precision[0], (double) PIXELS / bytes[3]))
                .key(Figure.of(
                                line("Retrieval by %d bits, precision in parts of that by pixels", BITS),
                                "",
                                precision[3] / precision[0])
                        .baseline(1, "all pixels"))
                .picture(
                        "retrieval.png",
                        "Some images, and the nearest by their binary codes, with the number of bits that differ",
                        () -> found(bits, learned, tested).render());
    }

    private static double precision(float[][] known, float[][] queries, Examples learned, Examples tested) {
        List<List<Neighbor>> found = neighbors(known, queries, learned);
        int[] labels = learned.labels();
        int[] asked = tested.labels();
        long right = 0;
        for (int q = 0; q < asked.length; q++) {
            int wanted = asked[q];
            right += found.get(q).stream()
                    .filter(n -> labels[n.example()] == wanted)
                    .count();
        }
        return (double) right / NEAREST / asked.length;
    }

    private static List<List<Neighbor>> neighbors(float[][] known, float[][] queries, Examples learned) {
        return new NearestNeighbors(NEAREST).fit(learned.withX(known), 0).neighbors(queries);
    }

    private static ImageSheet found(Coded bits, Examples learned, Examples tested) {
        ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(1 + NEAREST);
        float[][] queries = Arrays.copyOf(bits.codes[1], SHOWN / 2);
        List<List<Neighbor>> found = neighbors(bits.codes[0], queries, learned);
        for (int q = 0; q < queries.length; q++) {
            add(sheet, tested.x()[q], q == 0 ? "looked up" : "");
            for (Neighbor near : found.get(q)) {
                add(
                        sheet,
                        learned.x()[near.example()],
                        line("%.0f of %d bits", near.distance() * near.distance(), BITS));
            }
        }
        return sheet;
    }

    private static void add(ImageSheet sheet, float[] image, String caption) {
        byte[] pixels = new byte[PIXELS];
        for (int j = 0; j < PIXELS; j++) {
            pixels[j] = (byte) Math.round(255 * Math.max(0, Math.min(1, image[j])));
        }
        sheet.add(pixels, caption);
    }
}
