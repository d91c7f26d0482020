package dev.fathom.labs.codes;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.data.SpokenDigits;
import dev.fathom.labs.data.SpokenDigits.Recording;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Findings;
import java.util.List;

/**
 * Auto-encoders: linear ones beside PCA, several kinds on images, binary codes of speech, retrieval by code, and units
 * that know a class.
 */
public final class AutoencodersLab implements OldExperiment {
    @Override
    public String name() {
        return "autoencoders";
    }

    @Override
    public Findings run(LabRun run) {
        int last = run.of(50, 9);
        int tested = run.of(5, 1);
        List<Recording> recordings =
                SpokenDigits.read(run.data(), index -> index < tested || index >= 5 && index < last);
        try (Images all = ImageSet.FASHION_MNIST.images(null, run.seed());
                Images some = all.first(run.of(20_000, 1500));
                Images images = some.scaled();
                Images flat = images.flattened()) {
            long test = recordings.stream().filter(Recording::test).count();
            Findings page = run.page(
                    "Lab autoencoders",
                    line(
                            "Fashion-MNIST: %,d images to learn from and %,d for the test; spoken digits: %,d "
                                    + "recordings to learn from and %,d for the test",
                            flat.learn().size(), flat.test().size(), recordings.size() - test, test));
            page.text(page.data() + ".");
            boolean done = linear(run, page, flat)
                    && new ImageCodes(run, page, flat.learn(), flat.test()).add()
                    && LocalUnits.add(run, page, images)
                    && new SpeechStudy(run, page, recordings).add();
            return done ? page.finished() : page;
        }
    }

    private static boolean linear(LabRun run, Findings page, Images images) {
        try (Dataset some = images.learn().take(0, Math.min(images.learn().size(), run.of(5000, 800)))) {
            return LinearCodes.add(run, page, Examples.of(some).x());
        }
    }
}
