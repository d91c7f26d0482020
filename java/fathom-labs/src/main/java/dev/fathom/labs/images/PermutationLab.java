package dev.fathom.labs.images;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.nets.LeNet5;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a convolution takes for granted: that neighbors belong together. One fixed permutation of the pixels of all
 * images changes nothing for a network whose units see all of them (its first matrix has its columns in another order),
 * and takes from convolution what it lives on.
 */
public final class PermutationLab implements Experiment {
    private static final long ORDER = 1;
    private static final int SHOWN = 6;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("LeNet-5", new LeNet5(10), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Comparison nets = new Comparison(lab, ImageSet.FASHION_MNIST, 10_000);
                Images permuted = nets.images().permuted(ORDER)) {
            Table table = lab.table("orders", "network");
            TrainedEntry mlp = twice(lab, nets, permuted, "MLP", PermutationLab::mlp, table);
            twice(lab, nets, permuted, "LeNet-5", () -> new LeNet5(10), table);
            ImageSheet sheet = new ImageSheet(28, 28, 1).columns(SHOWN);
            for (Images set : List.of(nets.images(), permuted)) {
                for (int i = 0; i < SHOWN; i++) {
                    sheet.add(set.test().pixels(i), set.classes().get(set.test().label(i)));
                }
            }
            lab.section("In order and out of it")
                    .put("differ", reordered(mlp, permuted))
                    .sheet("permuted.png", sheet);
        }
    }

    /** Trains a network on images in order and on permuted ones; the outcome of the former. */
    private static TrainedEntry twice(
            Lab lab, Comparison nets, Images permuted, String name, Supplier<Layer> net, Table table) {
        Recipe recipe = Recipe.adam(lab.epochs(15, 8), 64, 1e-3f);
        TrainedEntry ordered = nets.train(name, net.get(), recipe);
        TrainedEntry other = nets.train(permuted, name + ", permuted", net.get(), recipe);
        table.row(name)
                .cell("weights", ordered.parameters())
                .cell("in order", "%.2f %%", 100 * ordered.accuracy())
                .cell("permuted", "%.2f %%", 100 * other.accuracy())
                .put("change by permutation", "%+.2f points", 100 * (other.accuracy() - ordered.accuracy()));
        return ordered;
    }

    private static Layer mlp() {
        return new Sequential(
                new Flatten(), new Linear(784, 256).act(RELU), new Linear(256, 128).act(RELU), new Linear(128, 10));
    }

    /**
     * How many answers differ from those to the images in order: none, but for the rounding of sums in another order.
     */
    private static int reordered(TrainedEntry mlp, Images permuted) {
        List<Layer> layers = ((Sequential) mlp.model().net()).layers();
        Linear first = (Linear) layers.get(1);
        Parameter bias = Objects.requireNonNull(first.bias());
        Dataset test = permuted.test();
        var batches = test.batches(Math.min(500, test.size())).epoch(0);
        int differ = 0;
        int at = 0;
        while (batches.hasNext()) {
            try (Pass pass = Pass.infer()) {
                Tensor columns = Tensor.ofInts(permuted.order(ORDER), 784);
                Tensor weight = first.weight().value().take(1, columns);
                Tensor y = batches.next().x().flatten(1).matmulTransposed(weight);
                y = y.add(bias.value()).relu();
                for (Layer layer : layers.subList(2, layers.size())) {
                    y = layer.apply(y);
                }
                for (int answer : y.argmax(-1).toIntArray()) {
                    differ += answer == mlp.answers().predicted(at++) ? 0 : 1;
                }
            }
        }
        return differ;
    }
}
