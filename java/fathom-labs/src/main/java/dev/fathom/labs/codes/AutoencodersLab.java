package dev.fathom.labs.codes;

import static dev.fathom.op.Activation.RELU;
import static dev.fathom.op.Activation.SIGMOID;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.data.SpokenDigits;
import dev.fathom.experiments.data.SpokenDigits.Recording;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.NearestNeighbors.Index;
import dev.fathom.features.NearestNeighbors.Neighbor;
import dev.fathom.features.Pca;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.GaussianNoise;
import dev.fathom.nn.Input;
import dev.fathom.nn.Linear;
import dev.fathom.nn.LocallyConnected;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.optim.LBfgs;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Vectors;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Auto-encoders: linear ones beside PCA, several kinds on images, binary codes of speech, retrieval by code, and units
 * that know a class.
 */
public final class AutoencodersLab implements Experiment {
    private static final int SIDE = 28;
    private static final int PIXELS = SIDE * SIDE;
    private static final int COMPONENTS = 8;
    private static final int CODE = 32;
    private static final int BITS = 64;
    private static final int SHOWN = 10;
    private static final int NEAREST = 10;
    private static final int UNIT_SHOWN = 8;
    private static final String PRECISION = "precision at " + NEAREST;
    private static final float NOISE = 0.4f; // its standard deviation, where white is 1
    private static final float SPARSE = 3e-4f;
    private static final float ON = 0.1f; // the part of the images for which a unit is to be on, that of a class
    private static final String ERROR = "squared error of a pixel";
    private static final String CLEANED = ERROR + ", from noisy images";
    private static final String ITSELF = "the image itself";

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The auto-encoder of patches", patches(), Input.floats(1, 28, 28, 1));
    }

    @Override
    public void run(Lab lab) {
        int last = lab.of(50, 9);
        int tested = lab.of(5, 1);
        List<Recording> recordings =
                SpokenDigits.read(lab.data(), index -> index < tested || index >= 5 && index < last);
        try (Images all = ImageSet.FASHION_MNIST.images(null, lab.seed());
                Images some = all.sample(lab.of(20_000, 1500), lab.seed());
                Images images = some.scaled();
                Images flat = images.flattened()) {
            long spoken = recordings.stream().filter(Recording::test).count();
            lab.put("learn", flat.learn().size()).put("test", flat.test().size());
            lab.put("spoken", recordings.size() - spoken).put("spokenTest", spoken);
            float[][] rows = Examples.of(flat.learn()).x();
            linear(lab, Arrays.copyOf(rows, Math.min(rows.length, lab.of(5000, 800))));
            kinds(lab, flat);
            units(lab, images);
            SpeechStudy.add(lab, recordings);
        }
    }

    // ---- the linear auto-encoder and PCA

    private static void linear(Lab lab, float[][] images) {
        lab.section("The linear auto-encoder and PCA").put("components", COMPONENTS);
        Pca pca = Pca.fit(images, COMPONENTS);
        double least = (1 - pca.share()) * (images.length - 1) / images.length;
        double unit = Math.sqrt(pca.total() / PIXELS); // the squared error is then the share of the variance lost
        float[][] rows = new float[images.length][PIXELS];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < PIXELS; j++) {
                rows[i][j] = (float) ((images[i][j] - pca.mean()[j]) / unit);
            }
        }
        try (Dataset data = Dataset.of(rows, new int[rows.length]);
                Model<Autoencoder> model = Model.of(Autoencoder.linear(PIXELS, COMPONENTS), lab.seed())) {
            var trainer = Trainer.custom(
                    model,
                    new LBfgs().history(20),
                    (net, batch) -> new Step.Result(Loss.mse().of(net.apply(batch.x()), batch.x())));
            double[] start = angles(model, pca);
            lab.quietly("linear", trainer, data.batches(data.size()), lab.of(30, 6));
            double[] end = angles(model, pca);
            double loss = trainer.evaluate(data.batches(data.size())).getOrDefault("loss", Double.NaN);
            Table angles = lab.table("angles", "principal angle").named("Principal angle {row}, {column}");
            for (int i = 0; i < COMPONENTS; i++) {
                angles.row(String.valueOf(i + 1))
                        .put("before training", "%.2f degrees", start[i])
                        .put("after training", "%.4f degrees", end[i]);
            }
            lab.put("before", start[COMPONENTS - 1]).put("lost", 100 * loss).put("least", 100 * least);
            lab.figure(Figure.of("Linear auto-encoder and PCA, largest principal angle", "degrees", end[COMPONENTS - 1])
                            .baseline(0, "the theorem"))
                    .figure(Figure.of(
                                    "Linear auto-encoder, squared error beyond that of PCA",
                                    "%",
                                    100 * (loss / least - 1))
                            .baseline(0, "the variances of the other components"));
            ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(COMPONENTS);
            add(sheet, "component", pca.components());
            add(sheet, "unit", PrincipalAngles.transposed(decoder(model), COMPONENTS));
            lab.sheet("plane.png", sheet);
        }
    }

    /** The directions in which a code is decoded, as columns [PIXELS, COMPONENTS]. */
    private static double[] decoder(Model<Autoencoder> model) {
        return Averages.doubles(model.parameter("decoder.weight").value().toArray());
    }

    private static double[] angles(Model<Autoencoder> model, Pca pca) {
        return PrincipalAngles.degrees(
                PrincipalAngles.transposed(pca.components(), PIXELS), decoder(model), COMPONENTS);
    }

    private static void add(ImageSheet sheet, String name, double[] directions) {
        for (int i = 0; i < COMPONENTS; i++) {
            double[] one = Arrays.copyOfRange(directions, i * PIXELS, (i + 1) * PIXELS);
            sheet.add(Shades.signed(Averages.floats(one)), name + " " + (i + 1));
        }
    }

    // ---- kinds of auto-encoders, and retrieval

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

    private static void kinds(Lab lab, Images flat) {
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
        lab.figure(Figure.of("Deep auto-encoder, squared error in parts of that of PCA", "", byPca)
                        .baseline(1, "PCA with " + CODE + " components"))
                .figure(Figure.of(
                                "Denoising auto-encoder, squared error in parts of that of the noisy image",
                                "",
                                byNoise)
                        .baseline(1, "the noisy image"));
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
        lab.figure(Figure.of(parts, "", precision[3] / precision[0]).baseline(1, "all pixels"));
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
        double mean = IntStream.range(0, labels.length)
                .mapToDouble(i -> shares[i][labels[i]])
                .average()
                .orElseThrow();
        table.row(by).cell("bytes of an image", bytes).put(PRECISION, "%.1f %%", 100 * mean);
        return index;
    }

    // ---- units that know a class

    /**
     * 8 x 8 patches of 7 x 7 pixels with 8 units each, 3 x 3 patches of 16 x 16 pixels with 16 each, 256 units that see
     * all of these, and back (Le et al. 2012, with a network that is small enough for a minute).
     */
    private static Autoencoder patches() {
        return new Autoencoder(
                new Sequential(
                        new GaussianNoise(0.5f),
                        new LocallyConnected(
                                        Shape.of(SIDE, SIDE, 1), 8, Window.of(7).stride(3))
                                .act(RELU),
                        new LocallyConnected(Shape.of(8, 8, 8), 16, Window.of(4).stride(2)).act(RELU),
                        new LocallyConnected(Shape.of(3, 3, 16), 256, Window.of(3)).act(SIGMOID),
                        new Flatten()),
                new Sequential(new Linear(256, PIXELS), y -> y.reshape(y.dim(0), SIDE, SIDE, 1)));
    }

    private static void units(Lab lab, Images images) {
        lab.section("Units that know a class").put("thresholds", SingleUnit.THRESHOLDS);
        Autoencoder net = patches();
        try (Model<Autoencoder> model = Model.of(net, lab.seed())) {
            UnaryOperator<Tensor> sparse = h -> Penalty.sparsity(h, ON).mul(2e-3f);
            Autoencoder.train(lab, "locally connected", model, images.learn(), lab.epochs(15, 12), sparse);
            Examples learned = Examples.of(net.encoder(), images.learn());
            Examples tested = Examples.of(net.encoder(), images.test());
            float[][] pixels = Examples.of(images.test()).x();
            int classes = images.classes().size();
            SingleUnit[] units = SingleUnit.best(learned.x(), learned.labels(), classes);
            SingleUnit[] points = SingleUnit.best(Examples.of(images.learn()).x(), learned.labels(), classes);
            Table table = lab.table("units", "class").named("Best {column} for {row}, balanced accuracy");
            ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(UNIT_SHOWN);
            for (int c = 0; c < classes; c++) {
                String name = images.classes().get(c);
                double byPixel = 100 * points[c].on(pixels, tested.labels(), c);
                table.row(name)
                        .put("unit", "%.1f %%", 100 * units[c].on(tested.x(), tested.labels(), c))
                        .baseline(byPixel, "the best pixel")
                        .put("pixel", "%.1f %%", byPixel)
                        .cell("chance", "50 %");
                SingleUnit unit = units[c];
                IntStream.range(0, tested.size())
                        .boxed()
                        .sorted(Comparator.comparingDouble(i -> (unit.above() ? -1 : 1) * tested.x()[i][unit.unit()]))
                        .limit(UNIT_SHOWN)
                        .forEach(i -> sheet.add(
                                images.test().pixels(i), sheet.images().size() % UNIT_SHOWN == 0 ? name : ""));
            }
            double[] byUnit = table.values("unit");
            double[] byPixel = table.values("pixel");
            lab.sheet("units.png", sheet).put("classes", classes).put("byPixel", Averages.mean(byPixel));
            lab.put(
                    "better",
                    IntStream.range(0, classes)
                            .filter(c -> byUnit[c] > byPixel[c])
                            .count());
            lab.figure(
                    Figure.of("Best single unit, mean balanced accuracy over the classes", "%", Averages.mean(byUnit))
                            .baseline(Averages.mean(byPixel), "the best single pixel; a guess has 50 %"));
        }
    }
}
