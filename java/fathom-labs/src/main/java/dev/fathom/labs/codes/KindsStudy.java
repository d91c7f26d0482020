package dev.fathom.labs.codes;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.NearestNeighbors.Index;
import dev.fathom.features.NearestNeighbors.Neighbor;
import dev.fathom.features.Pca;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Vectors;
import dev.fathom.view.ImageSheet;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Kinds of auto-encoders on images, and retrieval by their codes. */
final class KindsStudy {
    private static final int SIDE = 28;
    private static final int PIXELS = SIDE * SIDE;
    private static final int CODE = 32;
    private static final int BITS = 64;
    private static final int SHOWN = 10;
    private static final int NEAREST = 10;
    private static final String PRECISION = "precision at " + NEAREST;
    private static final float NOISE = 0.4f; // its standard deviation, where white is 1
    private static final float SPARSE = 3e-4f;
    private static final String ERROR = "squared error of a pixel";
    private static final String CLEANED = ERROR + ", from noisy images";
    private static final String ITSELF = "the image itself";

    private KindsStudy() {}

    /**
     * What a network, PCA or nothing at all makes of the images.
     *
     * @param learned codes of the images to learn from
     * @param tested codes of the test images
     * @param clean what is given back of the test images
     * @param cleaned what is given back of the noisy test images
     */
    private record Coded(float[][] learned, float[][] tested, float[][] clean, float[][] cleaned) {
        /** The share in % of the numbers of a code that are not 0. */
        double active() {
            float[] all = Averages.flat(tested);
            long zeros = IntStream.range(0, all.length).filter(i -> all[i] == 0).count();
            return 100 - 100.0 * zeros / all.length;
        }
    }

    static void add(Lab lab, Images flat) {
        lab.section("Kinds of auto-encoders")
                .put("code", CODE)
                .put("penalty", SPARSE)
                .put("noise", NOISE)
                .put("bits", BITS);
        Examples learn = Examples.of(flat.learn());
        Examples test = Examples.of(flat.test());
        float[][] noise = noisy(test.x(), lab.rng("noise"));
        int over = lab.of(1024, 800);
        int wide = lab.of(512, 256);
        Map<String, Coded> kinds = new LinkedHashMap<>();
        kinds.put(ITSELF, new Coded(learn.x(), test.x(), test.x(), noise));
        Pca pca = Pca.fit(learn.x(), CODE);
        UnaryOperator<float[][]> back = x -> pca.inverse(pca.transform(x));
        kinds.put(
                "PCA",
                new Coded(pca.transform(learn.x()), pca.transform(test.x()), back.apply(test.x()), back.apply(noise)));
        Map<String, Autoencoder> nets = new LinkedHashMap<>();
        nets.put("under-complete", Autoencoder.tanh(PIXELS, CODE));
        nets.put("deep", Autoencoder.deep(PIXELS, wide, 128, CODE));
        nets.put("over-complete", Autoencoder.rectified(PIXELS, over, 0));
        nets.put("sparse", Autoencoder.rectified(PIXELS, over, 0));
        nets.put("denoising", Autoencoder.rectified(PIXELS, wide, NOISE));
        nets.put("binary", Autoencoder.binary(PIXELS, wide, BITS));
        nets.forEach((name, net) -> {
            UnaryOperator<Tensor> penalty = name.equals("sparse") ? h -> Penalty.activity(h, SPARSE) : null;
            kinds.put(name, coded(lab, name, net, penalty, flat, noise));
        });
        Map<String, Table.Row> rows = new LinkedHashMap<>();
        Table table = lab.table("kinds", "kind");
        kinds.forEach((name, kind) -> rows.put(
                name,
                table.row(name)
                        .cell("numbers in a code", kind.tested[0].length)
                        .put("numbers not 0", "%.1f %%", kind.active())
                        .put(ERROR, "%.4f", squaredError(kind.clean, test.x()))
                        .put(CLEANED, "%.4f", squaredError(kind.cleaned, test.x()))));
        Table.Row best = Collections.min(rows.values(), Comparator.comparingDouble(row -> row.get(CLEANED)));
        lab.put("best", best.name()).put("left", best.get(CLEANED));
        double byPca = get(rows, "deep").get(ERROR) / get(rows, "PCA").get(ERROR);
        double byNoise = get(rows, "denoising").get(CLEANED) / get(rows, ITSELF).get(CLEANED);
        lab.figure("Deep auto-encoder, squared error in parts of that of PCA", "", byPca)
                .baseline(1, "PCA with " + CODE + " components")
                .figure("Denoising auto-encoder, squared error in parts of that of the noisy image", "", byNoise)
                .baseline(1, "the noisy image");
        lab.sheet("reconstructions.png", sheet(flat.test(), kinds, Coded::clean));
        lab.sheet("noisy.png", sheet(flat.test(), kinds, Coded::cleaned));
        retrieval(lab, flat, kinds, learn, test);
    }

    private static Coded coded(
            Lab lab,
            String name,
            Autoencoder net,
            @Nullable UnaryOperator<Tensor> penalty,
            Images flat,
            float[][] noise) {
        try (Model<Autoencoder> model = Model.of(net, lab.seed());
                Dataset noisy = Dataset.of(noise, new int[noise.length])) {
            Autoencoder.train(lab, name, model, flat.learn(), lab.epochs(15, 4), penalty);
            return new Coded(
                    Examples.of(net.encoder(), flat.learn()).x(),
                    Examples.of(net.encoder(), flat.test()).x(),
                    Examples.of(net, flat.test()).x(),
                    Examples.of(net, noisy).x());
        }
    }

    private static <T> T get(Map<String, T> of, String name) {
        return Objects.requireNonNull(of.get(name));
    }

    private static float[][] noisy(float[][] rows, Rng rng) {
        return Arrays.stream(rows)
                .map(row -> {
                    float[] noisy = rng.normal(PIXELS, 0, NOISE);
                    for (int j = 0; j < PIXELS; j++) {
                        noisy[j] += row[j];
                    }
                    return noisy;
                })
                .toArray(float[][]::new);
    }

    private static double squaredError(float[][] a, float[][] b) {
        return IntStream.range(0, a.length)
                        .mapToDouble(i -> Vectors.squaredDistance(a[i], b[i]))
                        .sum()
                / a.length
                / PIXELS;
    }

    private static ImageSheet sheet(Dataset images, Map<String, Coded> kinds, Function<Coded, float[][]> of) {
        ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(SHOWN);
        kinds.forEach((name, kind) -> {
            for (int i = 0; i < SHOWN; i++) {
                sheet.add(images.pixels(of.apply(kind)[i]), i == 0 ? name : "");
            }
        });
        return sheet;
    }

    private static void retrieval(Lab lab, Images flat, Map<String, Coded> kinds, Examples learn, Examples test) {
        lab.section("Retrieval by code")
                .put("nearest", NEAREST)
                .put("bytes", BITS / 8)
                .put("pixels", PIXELS);
        Table table = lab.table("retrieval", "looked up by").named("Retrieval by {row}, {column}");
        retrieval(table, "pixels", PIXELS, get(kinds, ITSELF), learn, test);
        retrieval(table, "PCA, " + CODE + " numbers", 4 * CODE, get(kinds, "PCA"), learn, test);
        retrieval(table, "deep auto-encoder, " + CODE + " numbers", 4 * CODE, get(kinds, "deep"), learn, test);
        Coded binary = get(kinds, "binary");
        Index index = retrieval(table, "binary code, " + BITS + " bits", BITS / 8, binary, learn, test);
        table.row("chance").cell(PRECISION, 100 / learn.outputs() + ".0 %");
        double[] precision = table.values(PRECISION);
        String parts = "Retrieval by " + BITS + " bits, precision in parts of that by pixels";
        lab.figure(parts, "", precision[3] / precision[0]).baseline(1, "all pixels");
        ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(1 + NEAREST);
        float[][] queries = Arrays.copyOf(binary.tested, SHOWN / 2);
        for (List<Neighbor> found : index.neighbors(queries)) {
            int q = sheet.images().size() / (1 + NEAREST);
            sheet.add(flat.test().pixels(q), q == 0 ? "looked up" : "");
            found.forEach(near -> sheet.add(
                    flat.learn().pixels(near.example()),
                    Math.round(near.distance() * near.distance()) + " of " + BITS + " bits"));
        }
        lab.sheet("retrieval.png", sheet);
    }

    private static Index retrieval(Table table, String by, int bytes, Coded code, Examples learn, Examples test) {
        Index index = new NearestNeighbors(NEAREST).fit(learn.withX(code.learned), 0);
        float[][] shares = index.predict(code.tested);
        int[] labels = test.labels();
        double mean = Averages.mean(labels.length, i -> shares[i][labels[i]]);
        table.row(by).cell("bytes of an image", bytes).put(PRECISION, "%.1f %%", 100 * mean);
        return index;
    }
}
