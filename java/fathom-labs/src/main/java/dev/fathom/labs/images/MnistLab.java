package dev.fathom.labs.images;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.nets.LeNet5;
import dev.fathom.nets.MnistCnn;
import dev.fathom.view.Diagram;
import java.util.List;
import java.util.Optional;

/** Handwritten digits: the network that was made for them, and the one of PyTorch's first example. */
public final class MnistLab implements Experiment {
    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("LeNet-5", new LeNet5(10), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Comparison nets = new Comparison(lab, ImageSet.MNIST, 6000)) {
            Recipe recipe = Recipe.mnistExample(lab.epochs(14, 2));
            nets.train("LeNet-5", new LeNet5(10), recipe);
            nets.train("PyTorch's example", new MnistCnn(), recipe);
        }
    }
}
