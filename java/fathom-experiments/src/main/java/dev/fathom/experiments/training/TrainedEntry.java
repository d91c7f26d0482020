package dev.fathom.experiments.training;

import dev.fathom.assess.Classification;
import dev.fathom.experiments.data.Images;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.train.Run;

/**
 * What came of an entry.
 *
 * @param images as the network saw them
 * @param model with the weights of the best epoch, open until this is closed
 * @param summary the table of layers
 * @param plan the settings of the training, in a line
 * @param seconds the training took
 * @param curve epochs, or steps where the lab looks more often, and the accuracy on the images held out after each
 */
public record TrainedEntry(
        NetworkEntry entry,
        Images images,
        Model<Layer> model,
        long parameters,
        long multiplyAdds,
        String summary,
        String plan,
        Run history,
        double seconds,
        double[][] curve,
        Classification answers,
        Frozen frozen)
        implements AutoCloseable {
    /** The share of the test that is right. */
    public double accuracy() {
        return answers.confusion().accuracy();
    }

    @Override
    public void close() {
        model.close();
    }
}
