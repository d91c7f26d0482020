package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.nets.PlainCnn;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.train.EpochLog;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How deep a network without normalization and without shortcuts may be, by how its weights begin (Xiao et al. 2018).
 */
public final class DepthLab implements Experiment {
    private static final int WIDTH = 32; // maps of the demonstration beside the paper
    private static final int DEEP = 256;
    private static final int SLIM = 16; // maps of 256 layers, on images of half the height and width: minutes, no hour

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("32 layers", new PlainCnn(1, WIDTH, 32, 10), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Comparison nets = new Comparison(lab, ImageSet.MNIST, 300, 100)) {
            List<TrainedEntry> outcomes = new ArrayList<>();
            for (int depth : new int[] {16, 32}) {
                Recipe recipe = new Recipe(
                        lab.epochs(2, 1),
                        100,
                        new Sgd(0.16f / depth).momentum(0.95f),
                        Schedule.constant(),
                        line("SGD %.3g, momentum 0.95", 0.16 / depth));
                PlainCnn gauss =
                        new PlainCnn(1, WIDTH, depth, 10, PlainCnn.field(depth).gaussian());
                outcomes.add(nets.train("Delta " + depth, new PlainCnn(1, WIDTH, depth, 10), recipe));
                outcomes.add(nets.train("Gauss " + depth, gauss, recipe));
            }
            Recipe recipe = new Recipe(lab.epochs(1, 1), 100, new Adam(1e-4f), Schedule.constant(), "Adam 0.0001");
            DeepNets.bodies(SLIM, DEEP).forEach((name, body) -> {
                PlainCnn ends = new PlainCnn(1, SLIM, DEEP, 10);
                PlainCnn net = new PlainCnn(ends.stem(), body, ends.linear()).deep(DEEP, 2);
                outcomes.add(nets.train(name + " " + DEEP, net, recipe));
            });
            lab.section("Learned, or left at chance");
            Table table = lab.table("losses", "network");
            for (TrainedEntry o : outcomes) {
                EpochLog last = o.history().epochs().get(o.history().epochs().size() - 1);
                double loss = last.value("val_loss");
                table.row(o.entry().name())
                        .cell("loss of the last epoch", "%.4f", last.value("loss"))
                        .put("loss on the images held out", "%.4f", loss)
                        .cell("learned", loss < Math.log(10) / 2 ? "yes" : "no");
            }
        }
    }
}
