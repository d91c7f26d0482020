package dev.fathom.labs.optimization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Pass;
import dev.fathom.train.Workers;
import dev.fathom.view.Diagram;
import dev.fathom.view.Histograms;
import java.util.List;
import java.util.Optional;

/**
 * The loss of a network as a landscape: on planes with the ways of optimizers, at its critical points, and where many
 * starts end.
 */
public final class LandscapeLab implements Experiment {
    static final int BATCH = 50;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The network of the planes",
                new Sequential(new Linear(784, 32).act(Activation.RELU), new Linear(32, 10)),
                784);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images images = lab.images(ImageSet.FASHION_MNIST, lab.of(2000, 300));
                Dataset flat = images.learn().flattened();
                Dataset learn = pooled(images.learn(), 7);
                Dataset test = pooled(images.test(), 7);
                Dataset small = pooled(images.learn(), 4);
                Dataset few = small.take(0, lab.of(500, 300))) {
            lab.put("images", images.title()).put("learn", learn.size()).put("batch", BATCH);
            new LossPlanes(lab, flat, FlatNet.of(Activation.RELU, 784, lab.of(32, 12), 10)).show();
            Saddles.show(lab, few);
            widths(lab, learn, test);
        }
    }

    /** Images with fewer pixels, each the mean of a square, as vectors. */
    private static Dataset pooled(Dataset images, int side) {
        try (Pass pass = Pass.infer()) {
            var all = images.batches(images.size()).epoch(0).next();
            float[] means = all.x().avgPool(28 / side).toArray();
            return Dataset.of(means, Shape.of(side * side), all.y().toIntArray());
        }
    }

    /** Choromanska et al. (2015): the wider a network, the less it matters where it starts. */
    private static void widths(Lab lab, Dataset learn, Dataset test) {
        int[] widths = lab.of(new int[] {2, 4, 8, 16, 32, 64, 128}, new int[] {2, 8, 32});
        int starts = lab.of(40, 8);
        int epochs = lab.epochs(30, 10);
        Optimizer momentum = new Sgd(0.03f).momentum(0.9f);
        List<double[]> ends = Workers.all().run(widths.length * starts, i -> {
            FlatNet net = FlatNet.of(Activation.RELU, 49, widths[i / starts], 10);
            long seed = lab.seed() + i % starts;
            float[] end = net.end(momentum, learn, BATCH, epochs, seed, lab::check);
            return new double[] {net.loss(learn, end), net.loss(test, end)};
        });
        Histograms sheet = new Histograms("Final losses", List.of("training", "test")).bins(24);
        Table table = lab.section("Final losses by width").table("widths", "network");
        for (int w = 0; w < widths.length; w++) {
            Table.Row row = table.row("Width " + widths[w]);
            sheet.row("width " + widths[w]);
            for (int k : new int[] {0, 1}) {
                String which = List.of("training loss", "test loss").get(k);
                double most = ends.stream().mapToDouble(e -> e[k]).max().orElseThrow();
                double[] losses = ends.subList(w * starts, (w + 1) * starts).stream()
                        .mapToDouble(e -> e[k])
                        .toArray();
                double deviation = Averages.deviation(losses);
                row.put("mean of the " + which, "%.4f", Averages.mean(losses))
                        .put("deviation of the " + which, "%.4f", deviation);
                sheet.add(Averages.floats(losses), 0, most, line("deviation %.2g", deviation));
            }
        }
        lab.picture("widths.png", sheet::render);
        double[] spreads = table.values("deviation of the test loss");
        int middle = widths.length / 2;
        int last = widths.length - 1;
        lab.put("learn", learn.size()).put("starts", starts).put("epochs", epochs);
        lab.put("narrow", widths[0]).put("middle", widths[middle]).put("wide", widths[last]);
        lab.put("first", spreads[0])
                .put("halfway", spreads[0] / spreads[middle])
                .put("last", spreads[last]);
        lab.figure("Deviation of the test loss, narrowest divided by widest network", "", spreads[0] / spreads[last]);
    }
}
