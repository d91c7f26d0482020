package dev.fathom.labs.images;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.data.TinyImages;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.experiments.training.NetworkEntry;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.experiments.training.Training;
import dev.fathom.labs.images.DropoutNets.Noise;
import dev.fathom.nets.GaussianDropout;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The networks of the lab dropout. */
class DropoutNetsTest {
    @TempDir
    Path temp;

    /** A fifth of the pixels and half of the units are dropped, and layers have the weights of the paper's. */
    @Test
    void theNetworksOfThePaper() {
        List<Integer> two = List.of(1024, 1024);
        assertThat(noises(DropoutNets.network(two, Noise.DROPOUT, 1)))
                .containsExactly(new Dropout(0.2f), new Dropout(0.5f), new Dropout(0.5f));
        assertThat(noises(DropoutNets.network(two, Noise.GAUSSIAN, 1)))
                .containsExactly(new GaussianDropout(0.2f), new GaussianDropout(0.5f), new GaussianDropout(0.5f));
        assertThat(noises(DropoutNets.network(two, Noise.NONE, 1))).isEmpty();
        assertThat(parameters(DropoutNets.network(two, Noise.NONE, 1))).isEqualTo(785 * 1024 + 1025 * 1024 + 1025 * 10);
        assertThat(parameters(DropoutNets.network(List.of(240, 240), Noise.DROPOUT, 5)))
                .isEqualTo(785 * 1200 + 241 * 1200 + 241 * 10);
    }

    private static List<Layer> noises(Layer net) {
        return ((Sequential) net)
                .layers().stream()
                        .filter(layer -> layer instanceof Dropout || layer instanceof GaussianDropout)
                        .toList();
    }

    private static long parameters(Layer net) {
        try (Model<Layer> model = Model.of(net, 1)) {
            return model.parameterCount();
        }
    }

    /** At a rate of 0.5, Adam makes weights large at once, but not those of a unit together above 2. */
    @Test
    void maxNormLimitsTheWeightsOfEachUnit() throws IOException {
        assertThat(largestNorm(Recipe.adam(1, 100, 0.5f))).isGreaterThan(5);
        assertThat(largestNorm(Recipe.adam(1, 100, 0.5f).maxNorm(2))).isBetween(1.999, 2.001);
    }

    private double largestNorm(Recipe recipe) throws IOException {
        Path folder = TinyImages.write(temp.resolve("tiny")).resolve("test-data/fashion-mnist");
        PrintStream none = new PrintStream(OutputStream.nullOutputStream());
        NetworkEntry entry = new NetworkEntry("Net", DropoutNets.network(List.of(30), Noise.NONE, 1), recipe);
        try (Interrupt interrupt = Interrupt.install(System.err);
                Images all = ImageSet.FASHION_MNIST.images(folder, 1);
                Images images = all.scaled();
                TrainedEntry done = Objects.requireNonNull(
                        new Training(none, none, interrupt, 1, false).run(entry, images, 0, temp.resolve("net")));
                Pass pass = Pass.infer()) {
            return done.model().parameters().stream()
                    .map(Parameter::value)
                    .filter(weights -> weights.shape().rank() == 2)
                    .mapToDouble(weights -> weights.norm(1).max().item())
                    .max()
                    .orElseThrow();
        }
    }
}
