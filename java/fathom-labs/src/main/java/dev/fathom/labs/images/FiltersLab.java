package dev.fathom.labs.images;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.WeightPictures;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.labs.training.NetworkEntry;
import dev.fathom.labs.training.Recipe;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.GlobalAvgPool;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Schedule;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How far the first filters that a network learns from photographs are Gabor functions, as the simple cells of the
 * visual cortex are.
 */
public final class FiltersLab implements ImageLab {
    private static final int SIDE = 7;
    private static final int FILTERS = 32;
    private static final int SHOWN = 16;
    private static final int BINS = 10;
    private static final int DIRECTIONS = 8;
    /** Of a filter that counts as explained. */
    private static final double ENOUGH = 0.5;

    @Override
    public String name() {
        return "filters";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.CIFAR10;
    }

    @Override
    public List<NetworkEntry> entries(Images images, IntUnaryOperator epochs) {
        int n = epochs.applyAsInt(20);
        Recipe recipe = new Recipe(
                n,
                64,
                new AdamW(2e-3f).weightDecay(0.1f),
                Schedule.cosine(n),
                "AdamW 0.002 down to 0 on a cosine, weight decay 0.1");
        return List.of(new NetworkEntry("Filters 7 x 7", network(), recipe, CifarLab.CHANGES));
    }

    private static Layer network() {
        return new Sequential( //                                                       32 x 32 x 3
                // small, so that what is random in them is soon outweighed by what is learned
                new Conv(3, FILTERS, SIDE)
                        .pad(SIDE / 2)
                        .withWeight(Init.normal(0, 0.01f))
                        .withoutBias(),
                new BatchNorm(FILTERS).act(RELU),
                new MaxPool(2), //                                                      16 x 16 x 32
                new Conv(FILTERS, 64, 3).pad(1).withoutBias(),
                new BatchNorm(64).act(RELU),
                new MaxPool(2), //                                                        8 x 8 x 64
                new Conv(64, 128, 3).pad(1).withoutBias(),
                new BatchNorm(128).act(RELU),
                new GlobalAvgPool(),
                new Linear(128, 10));
    }

    @Override
    public Brief brief() {
        return new Brief(2000, 2);
    }

    @Override
    public void conclude(Conclusion all) {
        Model<Layer> trained = all.outcomes().get(0).model();
        float[] weights = weights(trained);
        List<Gabor> learned = fits(weights);
        List<Gabor> start;
        try (Model<Layer> untrained = Model.of(network(), all.run().seed())) {
            start = fits(weights(untrained));
        }
        all.page().figure(explained("learned", learned)).figure(explained("at the start", start));
        Map<String, double[]> shares = new LinkedHashMap<>();
        shares.put("learned", histogram(learned));
        shares.put("at the start", histogram(start));
        List<String> bins = IntStream.range(0, BINS)
                .mapToObj(i -> number("%.1f", (double) i / BINS))
                .toList();
        all.page()
                .section(
                        "Learned filters and Gabor functions",
                        "A Gabor function is a wave of one direction and frequency under a Gaussian. Each filter "
                                + "is compared, along the "
                                + "color in which it varies most, with the nearest of "
                                + String.format(Locale.ROOT, "%,d", Gabor.tried(SIDE))
                                + " of them; explained is the share of the filter's squares that it accounts for. "
                                + "Filters at "
                                + "the start are random numbers, of which the best fit explains something too.")
                .table(
                        List.of("filters", "explained, median", "more than half", "cycles a pixel, median"),
                        List.of(row("learned", learned), row("at the start", start)))
                .picture(
                        "explained.png",
                        "How much of each filter its Gabor function explains, learned and at the start",
                        () -> Plots.compare("share of filters", "explained, from", bins, shares));
        List<String> header = new ArrayList<>(List.of("direction of the wave"));
        List<String> counts = new ArrayList<>(List.of("filters, more than half explained"));
        for (int d = 0; d < DIRECTIONS; d++) {
            double degrees = 180.0 * d / DIRECTIONS;
            header.add(number("%.1f°", degrees));
            counts.add(Long.toString(learned.stream()
                    .filter(g -> g.explained() > ENOUGH)
                    .filter(g -> Math.round(g.degrees() / 180 * DIRECTIONS) % DIRECTIONS
                            == Math.round(degrees / 180 * DIRECTIONS))
                    .count()));
        }
        all.page()
                .table(header, List.of(counts))
                .picture(
                        "filters.png",
                        "Learned filters, each beside the Gabor function that is nearest",
                        sheet(weights, learned)::render);
    }

    /** [filters, side, side, 3] of the first layer. */
    private static float[] weights(Model<Layer> model) {
        return model.parameter("0.weight").value().toArray();
    }

    private static List<Gabor> fits(float[] weights) {
        return Gabor.fit(
                IntStream.range(0, FILTERS).mapToObj(i -> gray(weights, i)).toList(), SIDE);
    }

    /** A filter along the direction in color space in which its squares are largest. */
    private static double[] gray(float[] weights, int filter) {
        int pixels = SIDE * SIDE;
        double[] color = {1, 1.1, 0.9}; // not orthogonal to any likely direction
        double[] gray = new double[pixels];
        for (int round = 0; round < 50; round++) { // power iteration
            double[] next = new double[3];
            double norm = Math.sqrt(color[0] * color[0] + color[1] * color[1] + color[2] * color[2]);
            for (int p = 0; p < pixels; p++) {
                int at = (filter * pixels + p) * 3;
                gray[p] = 0;
                for (int c = 0; c < 3; c++) {
                    gray[p] += weights[at + c] * color[c] / norm;
                }
                for (int c = 0; c < 3; c++) {
                    next[c] += weights[at + c] * gray[p];
                }
            }
            color = next;
        }
        return gray;
    }

    private static Figure explained(String which, List<Gabor> fits) {
        double median = Averages.median(fits, Gabor::explained);
        return Figure.of("Filters " + which + ", explained by a Gabor function, median", "%", 100 * median);
    }

    private static List<String> row(String name, List<Gabor> fits) {
        return List.of(
                name,
                number("%.1f %%", 100 * Averages.median(fits, Gabor::explained)),
                number(
                        "%.1f %%",
                        100.0
                                * fits.stream()
                                        .filter(g -> g.explained() > ENOUGH)
                                        .count()
                                / FILTERS),
                number("%.2f", Averages.median(fits, Gabor::frequency)));
    }

    private static double[] histogram(List<Gabor> fits) {
        double[] shares = new double[BINS];
        for (Gabor g : fits) {
            shares[Math.min(BINS - 1, (int) (g.explained() * BINS))] += 1.0 / fits.size();
        }
        return shares;
    }

    private static ImageSheet sheet(float[] weights, List<Gabor> fits) {
        ImageSheet sheet = new ImageSheet(SIDE, SIDE, 3).columns(8);
        int values = SIDE * SIDE * 3;
        IntStream.range(0, FILTERS)
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> -fits.get(i).explained()))
                .limit(SHOWN)
                .forEach(i -> {
                    Gabor g = fits.get(i);
                    float[] wave = new float[values];
                    for (int k = 0; k < values; k++) {
                        wave[k] = (float) g.values()[k / 3];
                    }
                    sheet.add(WeightPictures.around(weights, i * values, values), "filter " + i);
                    sheet.add(
                            WeightPictures.around(wave, 0, values),
                            number("%.0f°, ", g.degrees())
                                    + number("%.2f", g.frequency())
                                    + number(", explains %.0f %%", 100 * g.explained()));
                });
        return sheet;
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
