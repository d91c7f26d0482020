package dev.fathom.labs.images;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Batches;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.training.NetworkEntry;
import dev.fathom.labs.training.Recipe;
import dev.fathom.labs.training.TrainedEntry;
import dev.fathom.nets.LeNet5;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.ImageSheet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a convolution takes for granted: that neighbors belong together. One fixed permutation of the pixels of all
 * images changes nothing for a network whose units see all of them (its first matrix has its columns in another order),
 * and takes from convolution what it lives on.
 */
public final class PermutationLab implements ImageLab {
    private static final long ORDER = 1;
    private static final int SHOWN = 6;
    private static final int BATCH = 500;

    @Override
    public String name() {
        return "permutation";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.FASHION_MNIST;
    }

    @Override
    public List<NetworkEntry> entries(Images images, IntUnaryOperator epochs) {
        int n = epochs.applyAsInt(15);
        Recipe recipe = Recipe.adam(n, 64, 1e-3f);
        Images permuted = images.permuted(ORDER);
        return List.of(
                new NetworkEntry("MLP", mlp(), recipe),
                new NetworkEntry("MLP, permuted", mlp(), recipe, all -> permuted),
                new NetworkEntry("LeNet-5", new LeNet5(10), recipe),
                new NetworkEntry("LeNet-5, permuted", new LeNet5(10), recipe, all -> permuted));
    }

    private static Layer mlp() {
        return new Sequential(
                new Flatten(), new Linear(784, 256).act(RELU), new Linear(256, 128).act(RELU), new Linear(128, 10));
    }

    @Override
    public Brief brief() {
        return new Brief(10_000, 6);
    }

    @Override
    public void conclude(Conclusion all) {
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < all.outcomes().size(); i += 2) {
            TrainedEntry ordered = all.outcomes().get(i);
            double before = ordered.answers().confusion().accuracy();
            double after = all.outcomes().get(i + 1).answers().confusion().accuracy();
            all.page()
                    .figure(Figure.of(
                            ordered.entry().name() + ", change by permutation", "points", 100 * (after - before)));
            rows.add(List.of(
                    ordered.entry().name(),
                    String.format(Locale.ROOT, "%,d", ordered.parameters()),
                    number("%.2f %%", before),
                    number("%.2f %%", after),
                    number("%+.2f", after - before)));
        }
        Images permuted = all.outcomes().get(1).images();
        ImageSheet sheet = new ImageSheet(28, 28, 1).columns(SHOWN);
        for (Images set : List.of(all.images(), permuted)) {
            for (int i = 0; i < SHOWN; i++) {
                sheet.add(set.test().pixels(i), set.classes().get(set.test().label(i)));
            }
        }
        all.page()
                .section(
                        "In order and out of it",
                        "The textbook (Russell and Norvig 2021, chapter 22) has it that a fully connected network "
                                + "learns the same "
                                + "from images whose pixels were all permuted, and that a convolutional one does "
                                + "not. Points "
                                + "within the 95 % intervals above are chance.")
                .table(List.of("network", "weights", "in order", "permuted", "points"), rows)
                .text(String.format(
                        Locale.ROOT,
                        "The MLP that learned from images in order, with the columns of its first matrix "
                                + "permuted, gives %,d of %,d "
                                + "permuted images of the test another answer.",
                        reordered(all.outcomes().get(0), permuted),
                        permuted.test().size()))
                .picture("permuted.png", "Images as they are, and the same with permuted pixels", sheet::render);
    }

    /**
     * How many answers differ from those to the images in order: none, but for the rounding of sums in another order.
     */
    private static int reordered(TrainedEntry mlp, Images permuted) {
        List<Layer> layers = ((Sequential) mlp.model().net()).layers();
        Linear first = (Linear) layers.get(1);
        Parameter bias = Objects.requireNonNull(first.bias());
        Batches.Epoch batches =
                permuted.test().batches(Math.min(BATCH, permuted.test().size())).epoch(0);
        int differ = 0;
        int at = 0;
        while (batches.hasNext()) {
            try (Pass pass = Pass.infer()) {
                Tensor columns = Tensor.ofInts(permuted.order(ORDER), 784);
                Tensor weight = first.weight().value().take(1, columns);
                Tensor y = batches.next().x().flatten(1).matmulTransposed(weight);
                y = y.add(bias.value()).relu();
                for (Layer layer : layers.subList(2, layers.size())) {
                    y = layer.apply(y);
                }
                for (int answer : y.argmax(-1).toIntArray()) {
                    differ += answer == mlp.answers().predicted(at++) ? 0 : 1;
                }
            }
        }
        return differ;
    }

    private static String number(String format, double share) {
        return String.format(Locale.ROOT, format, 100 * share);
    }
}
