package dev.fathom.labs.optimization;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Optimizer;
import dev.fathom.train.Metric;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Many trainings of small networks on the same images, side by side on all cores; each is a part that the run keeps.
 *
 * @param what people read of them
 * @param learn the images to learn from
 * @param judge the images by which networks are judged after each epoch
 */
record Trainings(Lab lab, String what, Dataset learn, Dataset judge) {
    /**
     * A training.
     *
     * @param name which tells it from the others
     * @param net makes the network, anew for each training
     * @param settings what else the trainer gets, such as a schedule
     */
    record Task(
            String name,
            Supplier<? extends Layer> net,
            Loss loss,
            Optimizer recipe,
            int batch,
            int epochs,
            long seed,
            UnaryOperator<Trainer<Layer>> settings) {
        /** With the cross-entropy and a constant rate. */
        Task(String name, Supplier<? extends Layer> net, Optimizer recipe, int batch, int epochs, long seed) {
            this(name, net, Loss.crossEntropy(), recipe, batch, epochs, seed, trainer -> trainer);
        }
    }

    private record Settings(String what, String task, int images, int batch, int epochs, long seed) {}

    /** The courses of all trainings, in their order. */
    List<Course> all(List<Task> tasks) {
        AtomicInteger done = new AtomicInteger();
        int every = Math.max(10, tasks.size() / 5);
        return Workers.all().run(tasks.size(), i -> {
            Task t = tasks.get(i);
            Settings settings = new Settings(what, t.name, learn.size(), t.batch, t.epochs, t.seed);
            Course course = lab.part(settings, Course.class, () -> {
                try (Model<Layer> model = Model.of(t.net.get(), t.seed)) {
                    return Course.of(fit(t, model), t.epochs);
                }
            });
            int n = done.incrementAndGet();
            if (n % every == 0 && n < tasks.size()) {
                lab.say("%s: %d of %d trainings are done.", what, n, tasks.size());
            }
            return course;
        });
    }

    /** Trains a model; the history of one that diverged is that of its finite epochs. */
    Run fit(Task task, Model<Layer> model) {
        Trainer<Layer> trainer = Trainer.of(model, task.loss, task.recipe)
                .metrics(Metric.accuracy())
                .seed(task.seed)
                .callbacks(lab.run().interrupt().stopping());
        try {
            var batches = learn.shuffled(task.seed).batches(task.batch);
            return task.settings.apply(trainer).fit(batches, judge, task.epochs);
        } catch (NonFiniteLossException e) {
            return e.run();
        }
    }
}
