package dev.fathom.labs.images;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.training.NetworkEntry;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Networks taught on the same images and set beside each other, with a page for each and one for all. */
interface ImageLab extends OldExperiment {
    /** Its images, where {@code folder} may hold one set or another; null stands for where they usually are. */
    ImageSet images(@Nullable Path folder);

    /**
     * Its networks.
     *
     * @param epochs how long to train where the whole run trains so long
     */
    List<NetworkEntry> entries(Images images, IntUnaryOperator epochs);

    /**
     * The size of a short run.
     *
     * @param images the number of images to train on
     * @param epochs the number of epochs
     */
    record Brief(int images, int epochs) {}

    /** How much of a whole run the short one does. */
    Brief brief();

    /** Steps between two looks at the images held out, 0 for looks after each epoch only. */
    default int every() {
        return 0;
    }

    /** Adds what only this experiment has to say about all outcomes together, once there is one for each entry. */
    default void conclude(Conclusion all) {}

    @Override
    default Findings run(LabRun run) {
        try (Images all = images(run.data()).images(run.data(), run.seed())) {
            Images images = run.brief() ? all.first(brief().images()) : all;
            return new ImageRun(this, run, images.normalized()).result();
        }
    }
}
