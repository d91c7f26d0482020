package dev.fathom.labs.images;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.nets.LeNet5;
import dev.fathom.nets.MnistCnn;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Schedule;
import dev.fathom.view.Diagram;
import java.util.List;
import java.util.Optional;

/** Handwritten digits: the network that was made for them, and those of PyTorch's and Keras's first examples. */
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
        try (Comparison nets = new Comparison(lab, ImageSet.MNIST, 6000);
                Images unit = nets.images().scaled()) {
            Recipe recipe = Recipe.mnistExample(lab.epochs(14, 2));
            nets.train("LeNet-5", new LeNet5(10), recipe);
            nets.train("PyTorch's example", new MnistCnn(), recipe);
            nets.train(
                    unit,
                    "Keras's convolutional example",
                    kerasConvolutional(),
                    new Recipe(lab.epochs(15, 2), 128, new Adam(1e-3f), Schedule.constant(), "Adam 0.001"));
            nets.train(
                    unit,
                    "Keras's dense example",
                    kerasDense(),
                    new Recipe(lab.epochs(20, 2), 128, new RmsProp(1e-3f), Schedule.constant(), "RMSprop 0.001"));
        }
    }

    /** The network of Keras's mnist_convnet, 34,826 parameters. */
    static Sequential kerasConvolutional() {
        return new Sequential( //                          28 x 28
                new Conv(1, 32, 3).act(RELU),
                new MaxPool(2), //                         13 x 13 x 32
                new Conv(32, 64, 3).act(RELU),
                new MaxPool(2), //                          5 x 5 x 64
                new Flatten(),
                new Dropout(0.5f),
                new Linear(1600, 10));
    }

    /** The network of Keras's mnist_mlp, 669,706 parameters. */
    static Sequential kerasDense() {
        return new Sequential(
                new Flatten(),
                new Linear(784, 512).act(RELU),
                new Dropout(0.2f),
                new Linear(512, 512).act(RELU),
                new Dropout(0.2f),
                new Linear(512, 10));
    }
}
