package dev.fathom.labs.ensembles;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.Pca;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Findings;
import java.util.Arrays;
import java.util.concurrent.CancellationException;

/**
 * Ensembles of any models: bagging, stacking, AdaBoost and boosting of residuals, what their members' diversity gives,
 * and a random forest beside them.
 */
public final class EnsemblesLab implements OldExperiment {
    @Override
    public String name() {
        return "ensembles";
    }

    @Override
    public String shows() {
        return "bagging, stacking, AdaBoost and residual boosting beside single models and a random forest; "
                + "diversity and speedup";
    }

    @Override
    public Findings run(LabRun run) {
        try (Images images = ImageSet.FASHION_MNIST.images(run.data(), run.seed())) {
            Findings page = run.page("Lab ensembles", line("A generated function, and %s", images.title()));
            Examples pixels = some(images.learn(), run.of(6000, 1500));
            Examples others = some(images.test(), run.of(5000, 1000));
            Pca pca = Pca.fit(pixels.x(), run.of(50, 20));
            double scale = Math.sqrt(Arrays.stream(pca.variances()).average().orElseThrow());
            try (ClothingStudy clothing = new ClothingStudy(
                            run, page, components(pca, scale, pixels), components(pca, scale, others));
                    FriedmanStudy numbers = new FriedmanStudy(run, page)) {
                clothing.measure();
                numbers.measure();
                return page.finished();
            } catch (CancellationException e) {
                return page; // with what is finished
            }
        }
    }

    private static Examples some(Dataset images, int most) {
        try (Dataset first = images.take(0, Math.min(most, images.size()));
                Dataset scaled = first.scaled(1f / 255, 0)) {
            return Examples.of(scaled);
        }
    }

    private static Examples components(Pca pca, double scale, Examples pixels) {
        float[][] z = pca.transform(pixels.x());
        for (float[] row : z) {
            for (int j = 0; j < row.length; j++) {
                row[j] = (float) (row[j] / scale);
            }
        }
        return pixels.withX(z);
    }

    /**
     * A learner that ends the run with a CancellationException, which {@link #run} catches, once Ctrl-C was pressed.
     */
    static Learner stoppable(LabRun run, Learner learner) {
        return (data, seed) -> {
            if (run.interrupt().requested()) {
                throw new CancellationException("stopped by Ctrl-C");
            }
            return learner.fit(data, seed);
        };
    }
}
