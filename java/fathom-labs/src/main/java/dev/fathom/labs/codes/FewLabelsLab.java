package dev.fathom.labs.codes;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.labs.codes.FewLabels.Unlabeled;
import dev.fathom.nn.Layer;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Sgd;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What examples without labels are worth where few have one: layers that are trained in stages first, as in 2006,
 * labels that a network gives itself, answers that are to agree, and the edges of a graph.
 */
public final class FewLabelsLab implements Experiment {
    /** A way to learn, and the same network without other images, or null where this is one. */
    private record Way(
            String name,
            Supplier<Layer> net,
            Unlabeled unlabeled,
            @Nullable Way base) {}

    /** What decides what a way comes to. */
    private record Draw(String way, int labels, int draw) {}

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network with ReLU", FewLabels.rectified(500, 250), 784);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images all = ImageSet.MNIST.images(lab.data(), lab.seed());
                Images some = all.sample(lab.of(18_000, 2000), lab.seed());
                Images unit = some.scaled();
                Dataset test = Images.sample(all.test(), lab.of(10_000, 1000), lab.seed());
                Dataset flat = test.flattened();
                Dataset tested = flat.scaled(1f / 255, 0)) {
            lab.put("learn", unit.learn().size()).put("test", tested.size()).put("nodes", lab.of(400, 200));
            int[] widths = {lab.of(500, 128), lab.of(250, 64)};
            images(lab, new FewLabels(lab, Examples.of(unit.learn()), tested, widths, lab.of(2400, 300)));
            GraphStudy.add(lab, lab.of(400, 200), lab.of(20, 4));
        }
    }

    private static void images(Lab lab, FewLabels few) {
        int draws = lab.of(5, 1);
        int[] sizes = lab.of(new int[] {100, 600, 1000, 3000, 5000}, new int[] {100, 600});
        lab.section("Images, few of which have a label").put("draws", draws).put("steps", few.steps());
        lab.put("first", few.widths()[0]).put("second", few.widths()[1]);
        Pretraining coded = Pretraining.of(
                lab, "auto-encoder", few.images(), few.widths(), Stage.Reconstructing::new, new Adam(3e-3f));
        Pretraining machines = Pretraining.of(
                lab,
                "Boltzmann machine",
                few.images(),
                few.widths(),
                Stage.Boltzmann::new,
                new Sgd(0.1f).momentum(0.5f));
        Supplier<Layer> rectified = () -> FewLabels.rectified(few.widths());
        Way random = new Way("end to end", () -> few.sigmoids(null), Unlabeled.NOTHING, null);
        Way alone = new Way("ReLU, dropout", rectified, Unlabeled.NOTHING, null);
        List<Way> ways = List.of(
                random,
                new Way("auto-encoders", () -> few.sigmoids(coded), Unlabeled.NOTHING, random),
                new Way("Boltzmann machines", () -> few.sigmoids(machines), Unlabeled.NOTHING, random),
                alone,
                new Way("pseudo-labels", rectified, Unlabeled.PSEUDO_LABELS, alone),
                new Way("consistency", rectified, Unlabeled.CONSISTENCY, alone));
        Table table =
                lab.table("errors", "test error, by the number of labels").named("{row}, {column} labels, test error");
        Table gains = lab.table("gains", "gain, by the number of labels");
        Map<Way, double[]> fewest = new LinkedHashMap<>();
        for (Way way : ways) {
            Table.Row row = table.row(way.name);
            for (int n : sizes) {
                double[] errors = Averages.each(draws, draw -> error(lab, few, way, n, draw));
                row.put(place(n), "%.2f %%", Averages.mean(errors));
                fewest.putIfAbsent(way, errors);
            }
            if (way.base != null) {
                double[] without = Objects.requireNonNull(fewest.get(way.base));
                double[] with = Objects.requireNonNull(fewest.get(way));
                var gain = IntStream.range(0, draws)
                        .mapToDouble(draw -> without[draw] - with[draw])
                        .summaryStatistics();
                gains.row(way.name + ", gain over " + way.base.name)
                        .put(place(sizes[0]) + " labels", "%.2f points", gain.getAverage())
                        .interval(gain.getMin(), gain.getMax())
                        .baseline(0, "the same network without other images");
            }
        }
        List<String> places = IntStream.of(sizes).mapToObj(FewLabelsLab::place).toList();
        published(table.row("published: ReLU, dropout"), places, "21.89 %", "8.57 %", "6.59 %", "3.72 %");
        published(table.row("published: pseudo-labels"), places, "16.15 %", "5.03 %", "4.30 %", "2.80 %");
        lab.curves("few-labels.png", "test error, %", "labels", places, table.lines());
        ImageSheet sheet = new ImageSheet(28, 28, 1).columns(10);
        add(sheet, "auto-encoder", coded);
        add(sheet, "Boltzmann machine", machines);
        lab.sheet("layers.png", sheet);
    }

    private static void add(ImageSheet sheet, String name, Pretraining stack) {
        for (int unit = 0; unit < 10; unit++) {
            float[] weights = Arrays.copyOfRange(stack.weights().get(0), unit * 784, (unit + 1) * 784);
            sheet.add(Shades.signed(weights), unit == 0 ? name : "");
        }
    }

    private static String place(int labels) {
        return String.format(Locale.ROOT, "%,d", labels);
    }

    /** The errors of Lee (2013) for the first numbers of labels. */
    private static void published(Table.Row row, List<String> places, String... errors) {
        for (int i = 0; i < Math.min(places.size(), errors.length); i++) {
            row.cell(places.get(i), errors[i]);
        }
    }

    private static double error(Lab lab, FewLabels few, Way way, int labels, int draw) {
        double error = lab.part(
                new Draw(way.name, labels, draw),
                Double.class,
                () -> few.error(way.net.get(), few.labeled(labels, draw), draw, way.unlabeled));
        lab.say("%,d labels, draw %d: %s, %.2f %% wrong", labels, draw + 1, way.name, error);
        return error;
    }
}
