package dev.fathom.labs.codes;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.data.SpokenDigits;
import dev.fathom.experiments.data.SpokenDigits.Recording;
import dev.fathom.features.Examples;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Auto-encoders: linear ones beside PCA, several kinds on images, binary codes of speech, retrieval by code, and units
 * that know a class.
 */
public final class AutoencodersLab implements Experiment {
    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The auto-encoder of patches", ClassUnits.patches(), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(SpokenDigits.SET, ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        int last = lab.of(50, 9);
        int tested = lab.of(5, 1);
        List<Recording> recordings =
                SpokenDigits.read(lab.data(), index -> index < tested || index >= 5 && index < last);
        try (Images all = ImageSet.FASHION_MNIST.images(null, lab.seed());
                Images some = all.sample(lab.of(20_000, 1500), lab.seed());
                Images images = some.scaled();
                Images flat = images.flattened()) {
            long spoken = recordings.stream().filter(Recording::test).count();
            lab.put("learn", flat.learn().size()).put("test", flat.test().size());
            lab.put("spoken", recordings.size() - spoken).put("spokenTest", spoken);
            float[][] rows = Examples.of(flat.learn()).x();
            LinearStudy.add(lab, Arrays.copyOf(rows, Math.min(rows.length, lab.of(5000, 800))));
            KindsStudy.add(lab, flat);
            ClassUnits.add(lab, images);
            SpeechStudy.add(lab, recordings);
        }
    }
}
