package dev.fathom.labs.pairs;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.train.Metric;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Trains the networks of lab {@code encoders}, which are many and small: side by side, without bars, all by Adam and a
 * rate that falls on a cosine.
 */
record PairTraining(LabRun run, int epochs, int batch) {
    /** The sum over examples of the mean squared difference of output and target. */
    static Metric squares(String name) {
        return Metric.lowerIsBetter(
                name, (x, y) -> Metric.Sum.ofMean(x.sub(y).square().mean().item(), x.dim(0)));
    }

    /**
     * Trains a model.
     *
     * @param name of the network, unique in the lab
     * @param metric of the step's output and target
     * @return the trainer, which evaluates the metric on other data; null if the run was interrupted before the last
     *     epoch
     */
    <N extends Net> @Nullable Trainer<N> fit(String name, Model<N> model, Step<N> step, Metric metric, Dataset learn) {
        if (run.interrupt().requested()) {
            return null;
        }
        Trainer<N> trainer = Trainer.custom(model, new Adam(3e-3f), step)
                .metrics(metric)
                .schedule(Schedule.cosine(epochs))
                .clipNorm(5)
                .seed(run.seed());
        String folder = name.replaceAll("\\W+", "-").toLowerCase(Locale.ROOT);
        trainer = run.training().attachQuietly(trainer, run.folder().resolve(folder));
        int done = trainer.fit(learn.shuffled(run.seed()).batches(batch), epochs)
                .epochs()
                .size();
        return done < epochs ? null : trainer;
    }
}
