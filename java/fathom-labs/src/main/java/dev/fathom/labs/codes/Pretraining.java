package dev.fathom.labs.codes;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.features.Examples;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The layers of a stack of sigmoid units, trained one after the other without labels, each on what those below make of
 * the images (Hinton and Salakhutdinov 2006, Bengio et al. 2007).
 *
 * @param weights W of each layer, from the pixels upward
 * @param biases b of each layer
 */
record Pretraining(List<float[]> weights, List<float[]> biases) {
    /** How a layer from so many inputs to so many units begins. */
    interface Stages {
        Stage of(int in, int out);
    }

    static Pretraining of(Lab lab, String name, Examples images, int[] widths, Stages stages, Optimizer optimizer) {
        Pretraining all = new Pretraining(new ArrayList<>(), new ArrayList<>());
        int epochs = lab.epochs(20, 6);
        Examples inputs = images;
        for (int i = 0; i < widths.length; i++) {
            try (Dataset data = inputs.dataset();
                    Model<Stage> model = Model.of(stages.of(inputs.columns(), widths[i]), lab.seed() + i)) {
                var trainer = Trainer.custom(model, optimizer, (net, batch) -> new Step.Result(net.loss(batch.x())))
                        .schedule(Schedule.cosine(epochs));
                int batch = Math.min(100, data.size());
                lab.train(name + ", layer " + (i + 1), "images", trainer, data, batch, epochs);
                Linear up = model.net().up();
                all.weights.add(up.weight().value().toArray());
                all.biases.add(Objects.requireNonNull(up.bias()).value().toArray());
                inputs = Examples.of(model.net(), data);
            }
        }
        return all;
    }

    /** Layer {@code i} from so many inputs, which begins with these weights. */
    Linear layer(int i, int in) {
        int out = biases.get(i).length;
        return new Linear(in, out, (shape, rng) -> weights.get(i).clone())
                .withBias((shape, rng) -> biases.get(i).clone());
    }
}
