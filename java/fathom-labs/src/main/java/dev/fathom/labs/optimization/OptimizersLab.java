package dev.fathom.labs.optimization;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** All optimizers raced: over the surfaces of textbooks, and on handwritten digits. */
public final class OptimizersLab implements Experiment {
    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network for digits", network(), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set(), ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        ImageSet set = lab.of(ImageSet.MNIST, ImageSet.FASHION_MNIST);
        try (Images images = lab.images(set, lab.of(Integer.MAX_VALUE, 2000))) {
            new SurfaceRace(lab).run();
            lab.put("images", images.title()).section("{images}");
            double[] factors = lab.of(new double[] {0.1, 0.32, 1, 3.2, 10}, new double[] {1, 3.2});
            Race race = new Race(lab, images, racer -> network(), 128, factors, lab.of(5, 1), lab.epochs(10, 2), 1);
            List<Race.Placed> placed = race.show(
                    race.run(Racer.ON_IMAGES),
                    "Gradient descent",
                    "plain gradient descent",
                    "-images",
                    c -> Arrays.stream(c.losses()).map(Math::log10).toArray());
            Race.Placed plain = Race.named(placed, "Gradient descent");
            Race.Placed fastest = Collections.min(
                    placed, Comparator.comparingDouble(p -> p.mean().loss()));
            lab.put("fastest", fastest.racer().name())
                    .put("loss", fastest.mean().loss());
            lab.put("descent", plain.mean().loss()).put("others", placed.size() - 1);
            double loss = plain.mean().loss();
            lab.put("below", placed.stream().filter(p -> p.mean().loss() < loss).count());
            lab.put("best", placed.get(0).racer().name())
                    .put("accuracy", placed.get(0).accuracy());
            lab.put("plain", plain.accuracy());
        }
    }

    /** 784-100-10 with ReLU. */
    static Layer network() {
        return new Sequential(new Flatten(), new Linear(784, 100).act(Activation.RELU), new Linear(100, 10));
    }
}
