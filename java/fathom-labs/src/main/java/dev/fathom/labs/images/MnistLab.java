package dev.fathom.labs.images;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.training.NetworkEntry;
import dev.fathom.labs.training.Recipe;
import dev.fathom.nets.LeNet5;
import dev.fathom.nets.MnistCnn;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Handwritten digits: the network that was made for them, and the one of PyTorch's first example. */
public final class MnistLab implements ImageLab {
    @Override
    public String name() {
        return "mnist";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.MNIST;
    }

    @Override
    public List<NetworkEntry> entries(Images images, IntUnaryOperator epochs) {
        Recipe recipe = Recipe.mnistExample(epochs.applyAsInt(14));
        return List.of(
                new NetworkEntry("LeNet-5", new LeNet5(10), recipe),
                new NetworkEntry("PyTorch's example", new MnistCnn(), recipe));
    }

    @Override
    public Brief brief() {
        return new Brief(6000, 2);
    }
}
