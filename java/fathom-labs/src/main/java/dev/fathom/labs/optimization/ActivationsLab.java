package dev.fathom.labs.optimization;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.training.NamedActivation;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** All activations of the library in the same network, on the same images, for the same number of steps. */
public final class ActivationsLab implements Experiment {
    private static final int WIDTH = 128;
    private static final int HIDDEN = 3;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("With ReLU", network(NamedActivation.ALL.get(0)), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images all = ImageSet.FASHION_MNIST.images(lab.data(), lab.seed());
                Images some = lab.brief() ? all.sample(1500, lab.seed()) : all.learning(20_000);
                Images images = some.normalized()) {
            lab.put("images", images.title()).put("hidden", HIDDEN).put("width", WIDTH);
            double[] factors = lab.of(new double[] {0.32, 1, 3.2, 10}, new double[] {1, 3.2});
            Race race = new Race(
                    lab, images, ActivationsLab::network, 128, factors, lab.of(3, 1), lab.epochs(6, 2), lab.of(3, 1));
            List<Race.Placed> placed = race.run(NamedActivation.ALL.stream()
                    .map(a ->
                            new Racer(a.name(), a.kind().name().toLowerCase(Locale.ROOT), 1e-3, (r, n) -> new Adam(r)))
                    .toList());
            lab.section("The race");
            List<Race.Placed> order = race.show(placed, NamedActivation.NONE, "no activation", "", Course::accuracies);
            Race.Placed best = order.get(0);
            double linear = Race.named(order, NamedActivation.NONE).accuracy();
            lab.put("best", best.racer().name())
                    .put("accuracy", best.accuracy())
                    .put("linear", linear);
            lab.put(
                    "close",
                    order.stream()
                                    .filter(p -> p.accuracy() > best.accuracy() - 0.5)
                                    .filter(p -> !p.racer().name().equals(NamedActivation.NONE))
                                    .count()
                            - 1);
            lab.put("others", order.size() - 2).put("several", lab.of(true, false));
            lab.put("above", order.stream().filter(p -> p.accuracy() > linear).count());
        }
    }

    private static Layer network(Racer racer) {
        return network(NamedActivation.ALL.stream()
                .filter(a -> a.name().equals(racer.name()))
                .findFirst()
                .orElseThrow());
    }

    private static Layer network(NamedActivation activation) {
        List<Layer> layers = new ArrayList<>(List.of(new Flatten()));
        for (int i = 0; i < HIDDEN; i++) {
            layers.add(linear(i == 0 ? 784 : WIDTH, activation.inputs() * WIDTH));
            layers.add(activation.layer().apply(WIDTH));
        }
        layers.add(linear(WIDTH, 10));
        return new Sequential(layers);
    }

    private static Linear linear(int in, int out) {
        return new Linear(in, out, Init.xavierUniform()).withBias(Init.zeros());
    }
}
