package dev.fathom.labs.generative;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.generative.SampleQuality.Scores;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Run;
import java.awt.image.BufferedImage;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Adversarial nets on images: each is trained, shows its samples by epoch and between two noises, and is evaluated.
 *
 * @param learn images of numbers from -1 to 1
 * @param values for each net, the mean value of its game in each epoch, and the Fréchet distance after it
 */
record ImageStudy(
        LabRun run,
        Findings page,
        String title,
        Dataset learn,
        SampleQuality evaluation,
        Map<String, double[][]> values,
        Map<String, double[][]> distances) {
    private static final int COLUMNS = 10;
    private static final int SHEETS = 6;

    ImageStudy(LabRun run, Findings page, String title, Dataset learn, SampleQuality evaluation) {
        this(run, page, title, learn, evaluation, new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    /**
     * What came of a net, with its curves: the value of the game in each epoch, and the Fréchet distance of the samples
     * after it.
     */
    record Trained(Scores scores, double[] value, double[] frechet) {}

    /** Trains a net and adds it to the page; null if the run was interrupted. */
    @Nullable
    Trained add(String name, Gan net, AdversarialDuel duel, int epochs, String words) {
        if (run.interrupt().requested()) {
            return null;
        }
        int shown = Math.min(1000, evaluation.count());
        String full = title + ", " + name;
        try (Model<Gan> model = Model.of(net, run.seed())) {
            Run history = duel.train(run, full, model, learn, epochs, shown);
            if (history.epochs().size() < epochs) {
                return null;
            }
            Album album = new Album(Album.folder(run, full));
            model.save(album.folder().resolve("gan.safetensors"));
            Rng rng = new Rng(run.seed()).split("samples");
            float[] samples = unit(Gan.samples(model, evaluation.count(), rng));
            Scores scores = evaluation.row(name, samples);
            double[] frechet = IntStream.rangeClosed(1, epochs)
                    .mapToDouble(e -> evaluation.frechet(unit(album.get(e))))
                    .toArray();
            double[] x = IntStream.rangeClosed(1, epochs).asDoubleStream().toArray();
            values.put(name, new double[][] {x, history.series("value")});
            distances.put(name, new double[][] {x, frechet});
            String file = Album.folder(run, full).getFileName().toString();
            page.section(full, "")
                    .text(words)
                    .text(line(
                            "%,d parameters; epochs: %d, each of %,d steps of %d images; %.0f s. Inception score "
                                    + "%.2f, Fréchet distance %.1f, log-likelihood %.0f nats.",
                            model.parameterCount(),
                            epochs,
                            learn.size() / (duel.batch() * (duel.turns() + 1)) * (duel.turns() + 1),
                            duel.batch(),
                            history.seconds(),
                            scores.inception(),
                            scores.frechet(),
                            scores.likelihood()))
                    .picture(
                            file + ".png",
                            full + ": samples of the same noise after several epochs",
                            () -> byEpoch(album, epochs));
            if (net.classes() > 0) {
                int[] labels = IntStream.range(0, evaluation.count())
                        .map(i -> i % net.classes())
                        .toArray();
                double agreement = evaluation.agreement(samples, labels);
                page.text(line(
                        "Each column of the sheet is a class that was asked for. The classifier takes %.1f %% of "
                                + "the samples for the class that was asked for.",
                        100 * agreement));
                page.figure(Figure.of(full + ", samples of the class asked for", "%", 100 * agreement)
                        .baseline(100 * evaluation.accuracy(), "test images"));
            }
            float[] path = path(model);
            page.picture(
                    file + "-interpolation.png",
                    full + ": four ways from one noise to another",
                    () -> Sheets.mosaic(path, COLUMNS));
            return new Trained(scores, history.series("value"), frechet);
        }
    }

    /** Samples along great circles between pairs of noises, the first class for nets that know classes. */
    private float[] path(Model<Gan> model) {
        int latent = model.net().latent();
        float[] ends = new Rng(run.seed()).split("path").normal(8 * latent, 0, 1);
        float[] noise = new float[4 * COLUMNS * latent];
        int[] labels = new int[4 * COLUMNS];
        for (int i = 0; i < labels.length; i++) {
            double angle = Math.PI / 2 * (i % COLUMNS) / (COLUMNS - 1);
            int from = i / COLUMNS * 2 * latent;
            labels[i] = i / COLUMNS;
            for (int j = 0; j < latent; j++) {
                noise[i * latent + j] =
                        (float) (Math.cos(angle) * ends[from + j] + Math.sin(angle) * ends[from + latent + j]);
            }
        }
        return unit(Gan.samples(model.net(), noise, labels));
    }

    /** Numbers from -1 to 1 as numbers from 0 to 1. */
    static float[] unit(float[] pixels) {
        float[] all = new float[pixels.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = (pixels[i] + 1) / 2;
        }
        return all;
    }

    /** A row of samples after each of some epochs, the last one three times as many. */
    private static BufferedImage byEpoch(Album album, int epochs) {
        int rows = Math.min(SHEETS, epochs);
        float[] all = new float[(rows + 2) * COLUMNS * SampleQuality.PIXELS];
        int[] epoch = new int[rows + 2];
        for (int r = 0; r < rows + 2; r++) {
            long spaced = rows == 1 ? 1 : Math.round(Math.pow(epochs, r / (rows - 1.0)));
            epoch[r] = r >= rows ? epochs : (int) Math.max(r + 1, spaced); // no epoch twice
            int from = Math.max(0, r - rows + 1) * COLUMNS * SampleQuality.PIXELS;
            System.arraycopy(
                    unit(album.get(epoch[r])),
                    from,
                    all,
                    r * COLUMNS * SampleQuality.PIXELS,
                    COLUMNS * SampleQuality.PIXELS);
        }
        return Sheets.captioned(all, COLUMNS, i -> i % COLUMNS == 0 ? "epoch " + epoch[i / COLUMNS] : "");
    }

    /** Adds the curves of all nets and the table that compares them. */
    void compare(String value) {
        String file = Album.folder(run, title).getFileName().toString();
        page.section("Comparison: " + title, "");
        evaluation.table(page, title);
        page.series(file + "-values.png", value + " over the epochs, for each net", value, "epoch", values)
                .series(
                        file + "-frechet.png",
                        "Fréchet distance of the samples over the epochs, for each net",
                        "Fréchet distance",
                        "epoch",
                        distances);
    }
}
