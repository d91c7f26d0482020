package dev.fathom.labs.images;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.nets.ConvBlock;
import dev.fathom.nets.LeNet5;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.view.Diagram;
import java.util.List;
import java.util.Optional;

/** Convolution against the quickstart's 89 %: LeNet-5, and four convolutions with batch normalization. */
public final class FashionLab implements Experiment {
    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The small network", small(), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Comparison nets = new Comparison(lab, ImageSet.FASHION_MNIST, 6000)) {
            nets.train("LeNet-5", new LeNet5(10), Recipe.adam(lab.epochs(20, 2), 64, 1e-3f));
            nets.train("Small CNN", small(), Recipe.adam(lab.epochs(15, 2), 64, 1e-3f));
        }
    }

    private static Sequential small() {
        return new Sequential( //                         28 x 28
                ConvBlock.of(1, 32, 3),
                ConvBlock.of(32, 32, 3),
                new MaxPool(2), //                      14 x 14 x 32
                new Dropout(0.25f),
                ConvBlock.of(32, 64, 3),
                ConvBlock.of(64, 64, 3),
                new MaxPool(2), //                       7 x 7 x 64
                new Dropout(0.25f),
                new Flatten(),
                new Linear(3136, 256).act(RELU),
                new Dropout(0.5f),
                new Linear(256, 10));
    }
}
