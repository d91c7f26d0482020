package dev.fathom.labs.codes;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.features.Pca;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.LBfgs;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The linear auto-encoder beside principal components: both find the same plane (Baldi and Hornik 1989). */
final class LinearCodes {
    private static final int WIDTH = 8;
    private static final int SIDE = 28;

    private LinearCodes() {}

    /** Adds what images [n][784] show; false if the run was interrupted. */
    static boolean add(LabRun run, Findings page, float[][] images) {
        Pca pca = Pca.fit(images, WIDTH);
        double least = (1 - pca.share()) * (images.length - 1) / images.length;
        try (Dataset data = standardized(images, pca);
                Model<Autoencoder> model = Model.of(Autoencoder.linear(images[0].length, WIDTH), run.seed())) {
            run.training().say("%n== linear auto-encoder");
            var trainer = Trainer.custom(
                    model,
                    new LBfgs().history(20),
                    (net, batch) -> new Step.Result(Loss.mse().of(net.apply(batch.x()), batch.x())));
            trainer = run.training().attachQuietly(trainer, run.folder().resolve("linear"));
            double[] start = angles(model, pca);
            trainer.fit(data.batches(data.size()), run.of(30, 6));
            if (run.interrupt().requested()) {
                return false;
            }
            double[] end = angles(model, pca);
            double loss = trainer.evaluate(data.batches(data.size())).getOrDefault("loss", Double.NaN);
            write(page, start, end, loss, least);
            double[] directions = PrincipalAngles.transposed(decoder(model), WIDTH);
            page.picture(
                    "plane.png",
                    "The components of PCA, and the directions of the linear auto-encoder's decoder, as images",
                    () -> sheet(pca.components(), directions).render());
            return true;
        }
    }

    /**
     * Rows without their mean, in units of the deviation of all pixels together: the mean squared error of a pixel is
     * then the share of the variance that is lost.
     */
    private static Dataset standardized(float[][] images, Pca pca) {
        double unit = Math.sqrt(pca.total() / pca.mean().length);
        float[][] rows = new float[images.length][pca.mean().length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < rows[i].length; j++) {
                rows[i][j] = (float) ((images[i][j] - pca.mean()[j]) / unit);
            }
        }
        return Dataset.of(rows, new int[rows.length]);
    }

    /** The directions in which a code is decoded, as columns [784, WIDTH]. */
    private static double[] decoder(Model<Autoencoder> model) {
        float[] weights = model.parameter("decoder.weight").value().toArray();
        double[] columns = new double[weights.length];
        Arrays.setAll(columns, i -> weights[i]);
        return columns;
    }

    private static double[] angles(Model<Autoencoder> model, Pca pca) {
        int pixels = pca.mean().length;
        return PrincipalAngles.degrees(PrincipalAngles.transposed(pca.components(), pixels), decoder(model), WIDTH);
    }

    private static void write(Findings page, double[] start, double[] end, double loss, double least) {
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < WIDTH; i++) {
            rows.add(List.of(Integer.toString(i + 1), line("%.2f", start[i]), line("%.4f", end[i])));
        }
        double largest = end[WIDTH - 1];
        page.section(
                        "The linear auto-encoder and PCA",
                        line(
                                "A linear layer from pixels without their mean to %d numbers and a linear layer "
                                        + "back, trained by L-BFGS on all images "
                                        + "at once. Theory says that the best such network spans the plane of the "
                                        + "first %d principal components, and "
                                        + "that the squared error left is the sum of the variances of all others "
                                        + "(Baldi and Hornik 1989). The "
                                        + "principal angles tell how far its plane is from that of the "
                                        + "components: all are 0 where the planes are the "
                                        + "same. The two choose other axes in the plane, because the auto-encoder "
                                        + "has no reason to make them "
                                        + "orthogonal.",
                                WIDTH, WIDTH))
                .table(List.of("principal angle", "before training, degrees", "after, degrees"), rows)
                .text(line(
                        "The largest principal angle between both planes is %.4f degrees (%.1f before training). "
                                + "The auto-encoder loses %.5f %% of the "
                                + "variance, and the components %.5f %%.",
                        largest, start[WIDTH - 1], 100 * loss, 100 * least))
                .key(Figure.of("Linear auto-encoder and PCA, largest principal angle", "degrees", largest)
                        .baseline(0, "the theorem"))
                .figure(Figure.of(
                                "Linear auto-encoder, squared error beyond that of PCA", "%", 100 * (loss / least - 1))
                        .baseline(0, "the variances of the other components"));
    }

    private static ImageSheet sheet(double[] components, double[] directions) {
        ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(WIDTH);
        for (int i = 0; i < 2 * WIDTH; i++) {
            double[] of = i < WIDTH ? components : directions;
            float[] one = new float[SIDE * SIDE];
            for (int j = 0; j < one.length; j++) {
                one[j] = (float) of[i % WIDTH * one.length + j];
            }
            sheet.add(Shades.signed(one), (i < WIDTH ? "component " : "unit ") + (i % WIDTH + 1));
        }
        return sheet;
    }
}
