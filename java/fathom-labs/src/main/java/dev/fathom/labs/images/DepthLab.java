package dev.fathom.labs.images;

import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.training.NetworkEntry;
import dev.fathom.labs.training.Recipe;
import dev.fathom.labs.training.TrainedEntry;
import dev.fathom.nets.PlainCnn;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Initializer;
import dev.fathom.train.EpochLog;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How deep a network without normalization and without shortcuts may be, by how its weights begin (Xiao et al. 2018).
 */
public final class DepthLab implements ImageLab {
    private static final int[] DEPTHS = {16, 32, 256};
    /** Maps of the demonstration beside the paper. */
    private static final int WIDTH = 32;
    /** Those of 256 layers, on images of half the height and width: an hour becomes minutes. */
    private static final int SLIM = 16;

    @Override
    public String name() {
        return "depth";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.MNIST;
    }

    @Override
    public List<NetworkEntry> entries(Images images, IntUnaryOperator epochs) {
        List<NetworkEntry> entries = new ArrayList<>();
        for (int depth : DEPTHS) {
            Initializer gaussian = PlainCnn.field(depth).gaussian();
            if (depth <= 100) {
                Recipe recipe = new Recipe(
                        epochs.applyAsInt(2),
                        100,
                        new Sgd(0.16f / depth).momentum(0.95f),
                        Schedule.constant(),
                        number("SGD %.3g, momentum 0.95", 0.16 / depth));
                entries.add(new NetworkEntry("Delta " + depth, new PlainCnn(1, WIDTH, depth, 10), recipe));
                entries.add(new NetworkEntry("Gauss " + depth, new PlainCnn(1, WIDTH, depth, 10, gaussian), recipe));
            } else {
                Recipe recipe =
                        new Recipe(epochs.applyAsInt(1), 100, new Adam(1e-4f), Schedule.constant(), "Adam 0.0001");
                PlainCnn delta = new PlainCnn(1, SLIM, depth, 10);
                PlainCnn ends = new PlainCnn(1, SLIM, depth, 10);
                PlainCnn residual = new PlainCnn(ends.stem(), DeepNets.residual(SLIM, depth), ends.linear());
                entries.add(new NetworkEntry("Delta " + depth, DeepNets.deep(delta, SLIM, depth, 2), recipe));
                entries.add(new NetworkEntry(
                        "Gauss " + depth,
                        DeepNets.deep(new PlainCnn(1, SLIM, depth, 10, gaussian), SLIM, depth, 2),
                        recipe));
                entries.add(new NetworkEntry("Residual " + depth, DeepNets.deep(residual, SLIM, depth, 2), recipe));
            }
        }
        return entries;
    }

    @Override
    public Brief brief() {
        return new Brief(500, 1);
    }

    @Override
    public int every() {
        return 100;
    }

    @Override
    public void conclude(Conclusion all) {
        List<List<String>> rows = new ArrayList<>();
        Map<String, Double> heldOut = new LinkedHashMap<>();
        for (TrainedEntry o : all.outcomes()) {
            List<EpochLog> epochs = o.history().epochs();
            double loss = epochs.get(epochs.size() - 1).value("val_loss");
            heldOut.put(o.entry().name(), loss);
            all.page().figure(Figure.of(o.entry().name() + ", loss on the images held out", "", loss));
            rows.add(List.of(
                    o.entry().name(),
                    number("%.4f", epochs.get(epochs.size() - 1).value("loss")),
                    number("%.4f", loss)));
        }
        all.page()
                .section(
                        "Learned, or left at chance",
                        "Of ten classes chance is ln 10 = 2.3026. Delta stands for delta-orthogonal weights, "
                                + "Gauss for Gaussian ones of the same "
                                + "variance, both on the critical line of tanh; Residual has shortcuts, and "
                                + "Gaussian weights. From 256 layers on "
                                + "the last layer begins sqrt(depth) times as large, to make up for signals of "
                                + "variance 1 / depth, and the body has no biases.")
                .table(List.of("network", "loss of the last epoch", "loss on the images held out"), rows)
                .text(conclusion(heldOut));
    }

    /**
     * Which networks learned, to less than half of the loss of chance, and what the weights at the start decided at
     * each depth.
     *
     * @param losses on the images held out, by the names of the networks
     */
    static String conclusion(Map<String, Double> losses) {
        List<String> learned = new ArrayList<>();
        List<String> left = new ArrayList<>();
        losses.forEach((name, loss) -> (loss < Math.log(10) / 2 ? learned : left).add(name));
        StringBuilder words = new StringBuilder();
        words.append(
                learned.isEmpty()
                        ? "No network learned"
                        : "Learned, to less than half of the loss of chance: " + String.join(", ", learned));
        words.append(
                left.isEmpty()
                        ? "."
                        : learned.isEmpty()
                                ? " to half of the loss of chance."
                                : "; not so far: " + String.join(", ", left) + ".");
        for (int depth : DEPTHS) {
            boolean delta = learned.contains("Delta " + depth);
            boolean gauss = learned.contains("Gauss " + depth);
            if (delta != gauss) {
                words.append(" At ")
                        .append(depth)
                        .append(" layers the start decides: ")
                        .append(delta ? "delta-orthogonal" : "Gaussian")
                        .append(" weights learn, ")
                        .append(delta ? "Gaussian" : "delta-orthogonal")
                        .append(" ones of the same variance do not.");
            }
        }
        return words.toString();
    }

    private static String number(String format, Object value) {
        return String.format(Locale.ROOT, format, value);
    }
}
