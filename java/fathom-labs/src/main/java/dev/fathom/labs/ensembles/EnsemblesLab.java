package dev.fathom.labs.ensembles;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.features.Learner;
import dev.fathom.features.Pca;
import dev.fathom.view.Diagram;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Ensembles of any models: bagging, stacking, AdaBoost and boosting of residuals, what their members' diversity gives,
 * and a random forest beside them.
 */
public final class EnsemblesLab implements Experiment {
    private static final int[] COUNTS = {1, 2, 5, 10, 20, 50, 100, 200, 500};

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("A member on clothes", Clothing.network(784), 784);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set());
    }

    @Override
    public void run(Lab lab) {
        try (Images images = ImageSet.FASHION_MNIST.images(lab.data(), lab.seed())) {
            lab.put("images", images.title());
            Examples pixels = some(images.learn(), lab.of(6000, 1500), lab.seed());
            Examples others = some(images.test(), lab.of(5000, 1000), lab.seed());
            Pca pca = Pca.fit(pixels.x(), lab.of(50, 20));
            double scale = Math.sqrt(Averages.mean(pca.variances()));
            try (Clothing clothing = new Clothing(lab, components(pca, scale, pixels), components(pca, scale, others));
                    Friedman numbers = new Friedman(lab)) {
                clothing.measure();
                numbers.measure();
            }
        }
    }

    private static Examples some(Dataset images, int most, long seed) {
        try (Dataset sample = Images.sample(images, most, seed);
                Dataset scaled = sample.scaled(1f / 255, 0)) {
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

    /** A learner that ends the run where a person asked for that. */
    static Learner checked(Lab lab, Learner learner) {
        return (data, seed) -> {
            lab.check();
            return learner.fit(data, seed);
        };
    }

    /** The numbers of members at which an ensemble of so many is looked at. */
    static int[] counts(int all) {
        return IntStream.of(COUNTS).filter(m -> m <= all).toArray();
    }
}
