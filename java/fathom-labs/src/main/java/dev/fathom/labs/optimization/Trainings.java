package dev.fathom.labs.optimization;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Optimizer;
import dev.fathom.train.Metric;
import dev.fathom.train.NonFiniteLossException;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Many trainings of small networks on the same images, side by side on all cores. In a run with {@code --resume}, each
 * finished training is written into the folder, and is read from there the next time.
 *
 * @param learn the images to learn from
 * @param judge the images by which networks are judged after each epoch
 */
record Trainings(LabRun run, Dataset learn, Dataset judge) {
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

    /** The courses of all trainings, in their order; empty if the run was interrupted. */
    List<Course> all(String what, List<Task> tasks) {
        AtomicInteger done = new AtomicInteger();
        int every = Math.max(10, tasks.size() / 5);
        List<Course> courses = new ArrayList<>();
        for (Course course : Workers.all().run(tasks.size(), i -> {
            Course c = course(tasks.get(i));
            int n = done.incrementAndGet();
            if (c != null && n % every == 0 && n < tasks.size()) {
                run.out().println(Findings.line("%s: %d of %d trainings are done.", what, n, tasks.size()));
            }
            return c == null ? new Course(new double[0], new double[0], new double[0], 0) : c;
        })) {
            if (course.epochs() == 0) {
                return List.of();
            }
            courses.add(course);
        }
        return courses;
    }

    private @Nullable Course course(Task task) {
        Path file = run.folder().resolve("trainings").resolve(file(task));
        if (run.resume() && Files.exists(file)) {
            return Course.read(file);
        }
        if (run.interrupt().requested()) {
            return null;
        }
        try (Model<Layer> model = Model.of(task.net().get(), task.seed())) {
            Course course = Course.of(fit(task, model), task.epochs());
            if (course.diverged() && run.interrupt().requested()) {
                return null;
            }
            if (run.resume()) {
                course.write(file);
            }
            return course;
        }
    }

    /** Trainings that differ in anything that a person may ask for have different files. */
    private String file(Task task) {
        return Findings.line(
                "%s-%d-images-%d-epochs-seed-%d.csv", task.name(), learn.size(), task.epochs(), task.seed());
    }

    /** Trains a model; the history of one that diverged is that of its finite epochs. */
    Run fit(Task task, Model<Layer> model) {
        var plain = Trainer.of(model, task.loss(), task.recipe())
                .metrics(Metric.accuracy())
                .seed(task.seed());
        var trainer = task.settings().apply(plain).callbacks(run.interrupt().stopping());
        try {
            return trainer.fit(learn.shuffled(task.seed()).batches(task.batch()), judge, task.epochs());
        } catch (NonFiniteLossException e) {
            return e.run();
        }
    }
}
