package dev.fathom.labs.codes;

import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

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

    /** Trains a stack of layers of these widths; null if the run was interrupted. */
    static @Nullable Pretraining run(
            LabRun run, String name, Dataset images, int[] widths, Stages stages, Optimizer optimizer, int epochs) {
        Pretraining all = new Pretraining(new ArrayList<>(), new ArrayList<>());
        Examples inputs = Examples.of(images);
        for (int i = 0; i < widths.length && !run.interrupt().requested(); i++) {
            run.training().say("%n== %s, layer %d", name, i + 1);
            try (Dataset data = inputs.dataset();
                    Model<Stage> model = Model.of(stages.of(inputs.columns(), widths[i]), run.seed() + i)) {
                var trainer = Trainer.custom(model, optimizer, (net, batch) -> new Step.Result(net.loss(batch.x())))
                        .schedule(Schedule.cosine(epochs))
                        .seed(run.seed());
                trainer = run.training()
                        .attach(trainer, run.folder().resolve(name.replace(' ', '-') + "-" + (i + 1)), "images");
                trainer.fit(data.shuffled(run.seed()).batches(Math.min(100, data.size())), epochs);
                all.weights.add(model.net().up().weight().value().toArray());
                all.biases.add(
                        Objects.requireNonNull(model.net().up().bias()).value().toArray());
                inputs = Examples.of(model.net(), data);
            }
        }
        return run.interrupt().requested() ? null : all;
    }

    /** Layer {@code i} from so many inputs, which begins with these weights. */
    Linear layer(int i, int in) {
        return new Linear(
                        in, biases.get(i).length, (shape, rng) -> weights.get(i).clone())
                .withBias((shape, rng) -> biases.get(i).clone());
    }
}
