package dev.fathom.labs.images;

import dev.fathom.image.Augment;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.training.NetworkEntry;
import dev.fathom.labs.training.Recipe;
import dev.fathom.nets.CifarResNet;
import dev.fathom.nets.TextbookCnn;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Small photographs: the textbook's network and a residual one, each on the images as they are and on changed ones. */
public final class CifarLab implements ImageLab {
    static final Augment[] CHANGES = {Augment.flip(), Augment.crop(4)};

    @Override
    public String name() {
        return "cifar";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.cifar(folder);
    }

    @Override
    public List<NetworkEntry> entries(Images images, IntUnaryOperator epochs) {
        int classes = images.classes().size();
        Recipe textbook =
                new Recipe(epochs.applyAsInt(30), 128, new RmsProp(1e-3f), Schedule.constant(), "RMSprop 0.001");
        int n = epochs.applyAsInt(60);
        Recipe residual = new Recipe(
                n,
                128,
                new Sgd(0.1f).momentum(0.9f).weightDecay(1e-4f),
                Schedule.cosine(n),
                "SGD 0.1 down to 0 on a cosine, momentum 0.9, weight decay 0.0001");
        return List.of(
                new NetworkEntry("Textbook", TextbookCnn.lab(classes), textbook),
                new NetworkEntry("Textbook, augmented", TextbookCnn.lab(classes), textbook, CHANGES),
                new NetworkEntry("ResNet-20", new CifarResNet(3, classes), residual).known("resnet20"),
                new NetworkEntry("ResNet-20, augmented", new CifarResNet(3, classes), residual, CHANGES)
                        .known("resnet20"));
    }

    @Override
    public Brief brief() {
        return new Brief(2000, 2);
    }
}
