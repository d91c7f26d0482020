package dev.fathom.labs.images;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.pages.WeightPictures;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.features.Examples;
import dev.fathom.labs.images.DropoutNets.Noise;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Dropout (Srivastava et al. 2014) in its paper's own experiments: errors on handwritten digits (tables 2, 9 and 10),
 * and what the hidden units of an autoencoder learn and how many of them speak at a time (sections 7.1 and 7.2).
 */
public final class DropoutLab implements Experiment {
    private static final List<Integer> TWICE_800 = List.of(800, 800);
    private static final int HIDDEN = 256;
    private static final double BIN = 0.25;
    private static final int BINS = 17;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network", DropoutNets.network(TWICE_800, Noise.NONE, 1), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Comparison nets = new Comparison(lab, ImageSet.MNIST, 6000);
                Images unit = nets.images().scaled();
                Images flat = unit.flattened()) {
            TrainedEntry without = nets.train(
                    unit,
                    "Without dropout",
                    DropoutNets.network(TWICE_800, Noise.NONE, 1),
                    Recipe.adam(lab.epochs(20, 2), 128, 1e-3f));
            TrainedEntry with = nets.train(
                    unit,
                    "With dropout",
                    DropoutNets.network(TWICE_800, Noise.DROPOUT, 1),
                    Recipe.adam(lab.epochs(50, 2), 128, 1e-3f));
            lab.section("Errors on the test").put("without", 100 * (1 - without.accuracy()));
            lab.put("with", 100 * (1 - with.accuracy()));
            DropoutNets.compare(lab, nets, unit);
            lab.section("Hidden units of an autoencoder");
            Table table = lab.table("autoencoders", "");
            Map<String, double[][]> histograms = new LinkedHashMap<>();
            for (boolean dropout : new boolean[] {false, true}) {
                String name = dropout ? "with dropout" : "without dropout";
                Autoencoder net = new Autoencoder(dropout ? 0.5f : 0);
                try (Model<Autoencoder> model = Model.of(net, lab.seed())) {
                    var trainer = Trainer.custom(
                            model,
                            new Adam(1e-3f),
                            (n, batch) -> new Step.Result(Loss.bceWithLogits().of(n.apply(batch.x()), batch.x())));
                    var batches = flat.learn().shuffled(lab.seed()).batches(128);
                    lab.train("Autoencoder " + name, "images", trainer, batches, lab.of(20, 4));
                    float[][] hidden =
                            Examples.of(model.net().encoder, flat.test()).x();
                    double[] means = Averages.each(HIDDEN, u -> Averages.mean(Arrays.asList(hidden), h -> h[u]));
                    long zeros = Arrays.stream(Averages.doubles(Averages.flat(hidden)))
                            .filter(h -> h == 0)
                            .count();
                    Double loss = trainer.evaluate(flat.test()).get("loss");
                    table.row("Autoencoder " + name)
                            .put("mean activity", "%.2f", Averages.mean(means))
                            .cell("published", dropout ? "about 0.7" : "about 2.0")
                            .put("activations that are 0", "%.1f %%", 100.0 * zeros / hidden.length / HIDDEN)
                            .put("loss on the test", "%.4f", Objects.requireNonNull(loss));
                    histograms.put(name, histogram(means));
                    lab.sheet("features-" + name.replace(' ', '-') + ".png", features(model.net()));
                }
            }
            lab.curves("activity.png", "share of units", "mean activity", histograms);
        }
    }

    /** x' = s(V drop(relu(W x + b)) + c), trained on x as its own target; what comes out are the logits of x'. */
    record Autoencoder(Linear encoder, Dropout dropout, Linear decoder) implements Layer {
        Autoencoder(float p) {
            this(new Linear(784, HIDDEN).act(RELU), Dropout.plain(p), new Linear(HIDDEN, 784));
        }

        @Override
        public Tensor forward(Tensor x) {
            return decoder.apply(dropout.apply(encoder.apply(x)));
        }
    }

    /** The middles of bins of mean activity, and the share of units in each; the last holds those above too. */
    private static double[][] histogram(double... means) {
        double[][] shares = new double[2][BINS];
        Arrays.setAll(shares[0], bin -> (bin + 0.5) * BIN);
        for (double mean : means) {
            shares[1][Math.min(BINS - 1, (int) (mean / BIN))] += 1.0 / means.length;
        }
        return shares;
    }

    private static ImageSheet features(Autoencoder net) {
        ImageSheet sheet = new ImageSheet(28, 28, 1).columns(8);
        float[] weights = net.encoder.weight().value().toArray();
        for (int unit = 0; unit < 40; unit++) {
            sheet.add(WeightPictures.around(weights, 784 * unit, 784), "");
        }
        return sheet;
    }
}
