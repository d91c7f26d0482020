package dev.fathom.experiments.training;

import dev.fathom.image.Augment;
import dev.fathom.nn.Layer;
import org.jspecify.annotations.Nullable;

/**
 * A network in an experiment.
 *
 * @param known the name by which {@code see} and {@code classify} know the network, null where they do not
 * @param augment random changes to the images that it learns from
 */
public record NetworkEntry(
        String name, Layer net, Recipe recipe, @Nullable String known, Augment... augment) {
    /** A network whose weights are for this experiment alone. */
    public NetworkEntry(String name, Layer net, Recipe recipe, Augment... augment) {
        this(name, net, recipe, null, augment);
    }

    /**
     * A copy whose weights are saved with a model card, so that {@code see} and {@code classify} know them by the
     * network's name.
     */
    public NetworkEntry known(String network) {
        return new NetworkEntry(name, net, recipe, network, augment);
    }

    /** Its folder: {@code LeNet-5} is lenet-5. */
    public String folder() {
        return Training.fileName(name);
    }
}
