package dev.fathom.spark;

import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.train.EpochLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a {@link SparkTrainer} has trained.
 *
 * @param <M> the net's type
 */
public final class SparkRun<M extends Net> {
    private final SparkTrainer.Start<M> start;
    private final RemoteFolder folder;
    private final List<EpochLog> epochs;
    private final String ended;

    SparkRun(SparkTrainer.Start<M> start, RemoteFolder folder, List<EpochLog> epochs, String ended) {
        this.start = start;
        this.folder = folder;
        this.epochs = epochs;
        this.ended = ended;
    }

    /** Returns what was measured in each epoch, also in those before a restart, with the times of the first worker. */
    public List<EpochLog> epochs() {
        return epochs;
    }

    /** Returns why training ended, as {@link dev.fathom.train.Run#ended} says it. */
    public String ended() {
        return ended;
    }

    /** Returns the path of the weights that the run has left: a file of safetensors in its folder. */
    public String file() {
        return folder.path() + "/" + Training.MODEL;
    }

    /**
     * Makes a model on the driver and loads the weights that the run has left. It must be closed. Of
     * {@code Plan.freeze(model, shape)}, {@link SparkModel#ofPlan(dev.fathom.plan.Plan)} makes a stage that applies it.
     *
     * @throws UncheckedIOException if the file cannot be read
     */
    public Model<M> model() {
        Model<M> model = start.get();
        try {
            Path file = Files.createTempFile("fathom", ".safetensors");
            try {
                folder.read(Training.MODEL, file);
                model.load(file);
                return model;
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            model.close();
            throw new UncheckedIOException("SparkTrainer: " + file() + " cannot be copied: " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    /** Returns how many epochs there were, why they ended, and the figures of the last. */
    @Override
    public String toString() {
        return "SparkRun of " + epochs.size() + " epochs, ended: " + ended
                + (epochs.isEmpty() ? "" : ", " + epochs.get(epochs.size() - 1).values());
    }
}
