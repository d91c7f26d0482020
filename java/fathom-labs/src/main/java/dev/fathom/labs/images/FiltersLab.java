package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;
import static dev.fathom.op.Activation.RELU;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.image.Gabor;
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
import dev.fathom.view.Diagram;
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
    private static final int BINS = 10;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network", network(), 32, 32, 3);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.CIFAR10.set());
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
            TrainedEntry trained = nets.train("Filters 7 x 7", network(), recipe, CifarLab.CHANGES);
            FirstFilters filters = filters(trained.model());
            lab.section("Learned filters and Gabor functions").put("tried", Gabor.tried(SIDE));
            List<Gabor> learned = filters.fits();
            Map<String, double[]> shares = new LinkedHashMap<>();
            Table table = lab.table("filters", "filters").named("Filters {row}, {column}");
            describe(table.row("learned"), learned, shares);
            describe(table.row("at the start"), filters(untrained).fits(), shares);
            Table.Row directions =
                    lab.table("directions", "direction of the wave").row("filters, more than half explained");
            for (int d = 0; d < 8; d++) {
                int eighth = d; // of a half turn
                var along = learned.stream()
                        .filter(g -> g.explained() > 0.5 && Math.round(g.degrees() / 180 * 8) % 8 == eighth);
                directions.cell(line("%.1f°", 22.5 * d), along.count());
            }
            List<String> bins = IntStream.range(0, BINS)
                    .mapToObj(i -> line("%.1f", (double) i / BINS))
                    .toList();
            lab.curves("explained.png", "share of filters", "explained, from", bins, shares)
                    .sheet("filters.png", filters.sheet(learned));
        }
    }

    private static void describe(Table.Row row, List<Gabor> fits, Map<String, double[]> histograms) {
        row.put("explained by a Gabor function, median", "%.1f %%", 100 * Averages.median(fits, Gabor::explained))
                .put("more than half explained", "%.1f %%", 100 * Averages.mean(fits, g -> g.explained() > 0.5 ? 1 : 0))
                .put("cycles a pixel, median", "%.2f", Averages.median(fits, Gabor::frequency));
        double[] shares = new double[BINS];
        fits.forEach(g -> shares[Math.min(BINS - 1, (int) (g.explained() * BINS))] += 1.0 / FILTERS);
        histograms.put(row.name(), shares);
    }

    private static Layer network() {
        return new Sequential( //                                                       32 x 32 x 3
                // small, so that what is random in them is soon outweighed by what is learned
                new Conv(3, FILTERS, SIDE)
                        .pad(3)
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

    private static FirstFilters filters(Model<Layer> model) {
        return new FirstFilters(
                FILTERS, SIDE, model.parameter("0.weight").value().toArray());
    }
}
