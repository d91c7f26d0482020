package dev.fathom.labs.training;

import dev.fathom.image.Augment;
import dev.fathom.labs.data.Images;
import dev.fathom.nn.Layer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A network in an experiment.
 *
 * @param view the lab's images as this network sees them
 * @param known the name by which {@code see} and {@code classify} know the network, null where they do not
 * @param augment random changes to the images that it learns from
 */
public record NetworkEntry(
        String name,
        Layer net,
        Recipe recipe,
        UnaryOperator<Images> view,
        @Nullable String known,
        Augment... augment) {
    /** Sees them as they are. */
    public NetworkEntry(String name, Layer net, Recipe recipe, Augment... augment) {
        this(name, net, recipe, UnaryOperator.identity(), null, augment);
    }

    /** Sees them by {@code view}. */
    public NetworkEntry(String name, Layer net, Recipe recipe, UnaryOperator<Images> view, Augment... augment) {
        this(name, net, recipe, view, null, augment);
    }

    /**
     * A copy whose weights are saved with a model card, so that {@code see} and {@code classify} know them by the
     * network's name.
     */
    public NetworkEntry known(String network) {
        return new NetworkEntry(name, net, recipe, view, network, augment);
    }

    /** Its folder: {@code LeNet-5} is lenet-5. */
    public String folder() {
        return Training.fileName(name);
    }
}
