package dev.fathom.labs.codes;

import dev.fathom.data.Dataset;
import dev.fathom.derivative.LBfgs;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.PrincipalAngles;
import dev.fathom.features.Pca;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.Arrays;

/** The linear auto-encoder beside PCA, whose plane it finds. */
final class LinearStudy {
    private static final int SIDE = 28;
    private static final int PIXELS = SIDE * SIDE;
    private static final int COMPONENTS = 8;

    private LinearStudy() {}

    static void add(Lab lab, float[][] images) {
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
            lab.figure("Linear auto-encoder and PCA, largest principal angle", "degrees", end[COMPONENTS - 1])
                    .baseline(0, "the theorem")
                    .figure("Linear auto-encoder, squared error beyond that of PCA", "%", 100 * (loss / least - 1))
                    .baseline(0, "the variances of the other components");
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
}
