package dev.fathom.labs.experiments;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.training.Entry;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** An experiment: networks taught on the same images, beside what is published of them. */
public interface Lab {
    /** All of them, as {@code --list} shows them. */
    List<Lab> ALL = List.of(
            new FashionLab(),
            new MnistLab(),
            new CifarLab(),
            new BatchNormLab(),
            new FgsmLab(),
            new PermutationLab(),
            new DepthLab(),
            new DropoutLab(),
            new TransferLab(),
            new AugmentLab(),
            new FiltersLab());

    /** As the command line and folders write it. */
    String name();

    /** What it shows, in a line. */
    String shows();

    /** Its images, where {@code folder} may hold one set or another; null stands for where they usually are. */
    ImageSet images(@Nullable Path folder);

    /**
     * Its networks.
     *
     * @param epochs how long to train where the whole run trains so long
     */
    List<Entry> entries(Images images, IntUnaryOperator epochs);

    /** Images to learn from in the short form. */
    int briefImages();

    /** Epochs of the short form. */
    int briefEpochs();

    /** Steps between two looks at the images held out, 0 for looks after each epoch only. */
    default int every() {
        return 0;
    }

    /** What only this experiment has to say about all outcomes together, once there is one for each entry. */
    default void conclude(Conclusion all) {}
}
