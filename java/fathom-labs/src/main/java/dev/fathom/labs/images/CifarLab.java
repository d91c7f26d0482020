package dev.fathom.labs.images;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.training.NetworkEntry;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.image.Augment;
import dev.fathom.nets.CifarResNet;
import dev.fathom.nets.TextbookCnn;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.view.Diagram;
import java.util.List;
import java.util.Optional;

/** Small photographs: the textbook's network and a residual one, each on the images as they are and on changed ones. */
public final class CifarLab implements Experiment {
    static final Augment[] CHANGES = {Augment.flip(), Augment.crop(4)};

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("ResNet-20", new CifarResNet(3, 10), 32, 32, 3);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.CIFAR10.set());
    }

    @Override
    public void run(Lab lab) {
        try (Comparison nets = new Comparison(lab, ImageSet.cifar(lab.data()), 1000)) {
            int classes = nets.images().classes().size();
            Recipe textbook = new Recipe(
                    lab.epochs(30, 2), lab.of(128, 32), new RmsProp(1e-3f), Schedule.constant(), "RMSprop 0.001");
            nets.train("Textbook", TextbookCnn.lab(classes), textbook);
            nets.train("Textbook, augmented", TextbookCnn.lab(classes), textbook, CHANGES);
            int n = lab.epochs(18, 2);
            Recipe residual = new Recipe(
                    n,
                    lab.of(128, 32),
                    new Sgd(0.1f).momentum(0.9f).weightDecay(1e-4f),
                    Schedule.cosine(n),
                    "SGD 0.1 down to 0 on a cosine, momentum 0.9, weight decay 0.0001");
            for (boolean changed : new boolean[] {false, true}) {
                String name = "ResNet-20" + (changed ? ", augmented" : "");
                Augment[] changes = changed ? CHANGES : new Augment[0];
                nets.train(
                        nets.images(),
                        new NetworkEntry(name, new CifarResNet(3, classes), residual, changes).known("resnet20"));
            }
        }
    }
}
