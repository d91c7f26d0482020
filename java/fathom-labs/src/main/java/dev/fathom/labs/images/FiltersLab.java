package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;
import static dev.fathom.op.Activation.RELU;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.pages.WeightPictures;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.image.Gabor;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.GlobalAvgPool;
import dev.fathom.nn.Init;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Schedule;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How far the first filters that a network learns from photographs are Gabor functions, as the simple cells of the
 * visual cortex are.
 */
public final class FiltersLab implements Experiment {
    private static final int SIDE = 7;
    private static final int FILTERS = 32;
    private static final int SHOWN = 16;
    private static final int BINS = 10;
    private static final int DIRECTIONS = 8;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network", network(), Input.floats(1, 32, 32, 3));
    }

    @Override
    public void run(Lab lab) {
        try (Comparison nets = new Comparison(lab, ImageSet.CIFAR10, 2000);
                Model<Layer> untrained = Model.of(network(), lab.seed())) {
            int n = lab.epochs(20, 2);
            Recipe recipe = new Recipe(
                    n,
                    64,
                    new AdamW(2e-3f).weightDecay(0.1f),
                    Schedule.cosine(n),
                    "AdamW 0.002 down to 0 on a cosine, weight decay 0.1");
            float[] weights = weights(nets.train("Filters 7 x 7", network(), recipe, CifarLab.CHANGES)
                    .model());
            lab.section("Learned filters and Gabor functions").put("tried", Gabor.tried(SIDE));
            List<Gabor> learned = fits(weights);
            Map<String, double[]> shares = new LinkedHashMap<>();
            Table table = lab.table("filters", "filters").named("Filters {row}, {column}");
            describe(table.row("learned"), learned, shares);
            describe(table.row("at the start"), fits(weights(untrained)), shares);
            Table.Row directions =
                    lab.table("directions", "direction of the wave").row("filters, more than half explained");
            for (int d = 0; d < DIRECTIONS; d++) {
                int direction = d;
                directions.cell(
                        line("%.1f°", 180.0 * d / DIRECTIONS),
                        learned.stream()
                                .filter(g -> g.explained() > 0.5
                                        && Math.round(g.degrees() / 180 * DIRECTIONS) % DIRECTIONS == direction)
                                .count());
            }
            List<String> bins = IntStream.range(0, BINS)
                    .mapToObj(i -> line("%.1f", (double) i / BINS))
                    .toList();
            lab.picture("explained.png", () -> Plots.compare("share of filters", "explained, from", bins, shares))
                    .sheet("filters.png", sheet(weights, learned));
        }
    }

    private static void describe(Table.Row row, List<Gabor> fits, Map<String, double[]> histograms) {
        row.put("explained by a Gabor function, median", "%.1f %%", 100 * Averages.median(fits, Gabor::explained))
                .put(
                        "more than half explained",
                        "%.1f %%",
                        100.0 * fits.stream().filter(g -> g.explained() > 0.5).count() / FILTERS)
                .put("cycles a pixel, median", "%.2f", Averages.median(fits, Gabor::frequency));
        double[] shares = new double[BINS];
        fits.forEach(g -> shares[Math.min(BINS - 1, (int) (g.explained() * BINS))] += 1.0 / FILTERS);
        histograms.put(row.name(), shares);
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
                            line("%.0f°, %.2f, explains %.0f %%", g.degrees(), g.frequency(), 100 * g.explained()));
                });
        return sheet;
    }
}
