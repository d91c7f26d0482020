package dev.fathom.labs.generative;

import static java.util.Objects.requireNonNull;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Training;
import dev.fathom.labs.generative.AdversarialDuel.Played;
import dev.fathom.nn.Model;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Adversarial nets on images: each is trained, shows its samples by epoch and between two noises, and is evaluated. */
final class ImageStudy implements AutoCloseable {
    private static final int COLUMNS = 10;
    private static final int ROWS = 6;

    private final Lab lab;
    private final String title;
    private final Images unit;
    private final Dataset learn;
    private final SampleQuality evaluation;
    private final Map<String, double[][]> values = new LinkedHashMap<>();
    private final Map<String, double[][]> distances = new LinkedHashMap<>();

    /** The first samples after an epoch, and how far the distribution of all is from that of the test images. */
    record Look(float[] first, double frechet) {}

    /** Begins a section for the nets, and trains the classifier that evaluates them by so many samples each. */
    ImageStudy(Lab lab, String title, Images images, int samples) {
        this.lab = lab.section("Images: {title}").put("title", title).put("digits", title.equals("Digits"));
        this.title = title;
        unit = images.scaled();
        learn = images.learn().scaled(2f / 255, -1);
        evaluation = new SampleQuality(lab, title, unit, samples);
    }

    SampleQuality evaluation() {
        return evaluation;
    }

    /** Trains a net, measures its samples and shows them in a section of its own. */
    Table.Row add(String name, Gan net, AdversarialDuel duel, int epochs) {
        String full = title + ", " + name;
        int round = duel.turns() + 1;
        String file = Training.fileName(full);
        lab.section("{title}, {net}")
                .put("net", name)
                .put("file", file)
                .put("epochs", epochs)
                .put("batch", duel.batch())
                .put("steps", learn.size() / (duel.batch() * round) * round)
                .put("conditional", net.classes() > 0);
        try (Model<Gan> model = Model.of(net, lab.seed())) {
            int count = evaluation.count();
            Played<Look> played =
                    duel.play(lab, full, model, learn, epochs, Math.min(1000, count), Look.class, samples -> {
                        float[] images = unit(samples);
                        int first = Math.min(images.length, 3 * COLUMNS * SampleQuality.PIXELS);
                        return new Look(Arrays.copyOf(images, first), evaluation.frechet(images));
                    });
            model.save(lab.folder(full).resolve("gan.safetensors"));
            float[] samples = unit(net.samples(count, lab.rng("samples")));
            Table.Row row = evaluation.row(name, samples);
            if (net.classes() > 0) {
                double asked = evaluation.agreement(samples, net.labels(count));
                row.put("samples of the class asked for", "%.1f %%", 100 * asked)
                        .baseline(100 * evaluation.accuracy(), "test images");
            }
            double[][] value = played.history().curve("value");
            double[] frechet = played.seen().stream().mapToDouble(Look::frechet).toArray();
            values.put(name, value);
            distances.put(name, new double[][] {value[0], frechet});
            float[] path = path(net);
            lab.put("parameters", model.parameterCount())
                    .put("seconds", played.history().seconds())
                    .picture(file + ".png", () -> byEpoch(played.seen()))
                    .picture(file + "-interpolation.png", () -> Sheets.mosaic(path, COLUMNS));
            return row;
        }
    }

    /** The values of the game in each epoch, and the Fréchet distances after it, of a net that was added. */
    double[][] curves(String name) {
        return new double[][] {requireNonNull(values.get(name))[1], requireNonNull(distances.get(name))[1]};
    }

    /** Samples along great circles between pairs of noises, each way of one class for nets that know classes. */
    private float[] path(Gan net) {
        int latent = net.latent();
        float[] ends = lab.rng("path").normal(8 * latent, 0, 1);
        float[] noise = new float[4 * COLUMNS * latent];
        for (int i = 0; i < noise.length; i++) {
            int image = i / latent;
            int from = image / COLUMNS * 2 * latent + i % latent;
            double angle = Math.PI / 2 * (image % COLUMNS) / (COLUMNS - 1);
            noise[i] = (float) (Math.cos(angle) * ends[from] + Math.sin(angle) * ends[from + latent]);
        }
        int[] labels = IntStream.range(0, 4 * COLUMNS).map(i -> i / COLUMNS).toArray();
        return unit(net.samples(noise, labels));
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
    private static BufferedImage byEpoch(List<Look> looks) {
        int epochs = looks.size();
        int rows = Math.min(ROWS, epochs);
        int size = COLUMNS * SampleQuality.PIXELS;
        float[] all = new float[(rows + 2) * size];
        int[] epoch = new int[rows + 2];
        for (int r = 0; r < rows + 2; r++) {
            long spaced = rows == 1 ? 1 : Math.round(Math.pow(epochs, r / (rows - 1.0)));
            epoch[r] = r >= rows ? epochs : (int) Math.max(r + 1, spaced); // no epoch twice
            System.arraycopy(looks.get(epoch[r] - 1).first(), Math.max(0, r - rows + 1) * size, all, r * size, size);
        }
        return Sheets.captioned(all, COLUMNS, i -> i % COLUMNS == 0 ? "epoch " + epoch[i / COLUMNS] : "");
    }

    /**
     * Begins a section with the table that compares the nets, and the curves of all.
     *
     * @param value what the value of the game is called
     */
    void compare(String value) {
        String file = Training.fileName(title);
        lab.section("Comparison: {title}")
                .put("file", file)
                .curves(file + "-values.png", value, "epoch", values)
                .curves(file + "-frechet.png", "Fréchet distance", "epoch", distances);
    }

    @Override
    public void close() {
        evaluation.close();
        learn.close();
        unit.close();
    }
}
