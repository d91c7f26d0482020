package dev.fathom.experiments;

import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.pages.Words;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Diagram;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** An experiment with a page, run by {@code ./fathom lab NAME}; its words are in {@code NAME.md} beside its class. */
public interface Experiment {
    /** Its name on the command line and in folders, which is that of its class: {@code very-deep} of VeryDeepLab. */
    default String name() {
        return getClass()
                .getSimpleName()
                .replaceFirst("Lab$", "")
                .replaceAll("(?<=[a-z])(?=[A-Z])", "-")
                .toLowerCase(Locale.ROOT);
    }

    /** The words of its page. */
    default Words words() {
        return Words.of(getClass(), name());
    }

    /** What it shows, in a line. */
    default String shows() {
        return words().front("shows");
    }

    /** Its network as the book draws it, in the size of a full run; none where there is no one network. */
    default Optional<Diagram> net() {
        return Optional.empty();
    }

    /**
     * Draws a network of an experiment for {@link #net}.
     *
     * @param input of one example
     */
    static Optional<Diagram> drawn(String title, Layer net, Input input) {
        return drawn(title, net, (layer, in) -> layer.apply(in[0]), input);
    }

    /** Draws a network of one array of floats; {@code example} are the dimensions of one example. */
    static Optional<Diagram> drawn(String title, Layer net, int... example) {
        int[] dims = IntStream.concat(IntStream.of(1), IntStream.of(example)).toArray();
        return drawn(title, net, Input.floats(dims));
    }

    /** Draws a network that has methods of its own, or several inputs, by one call of it. */
    static <M extends Net> Optional<Diagram> drawn(
            String title, M net, BiFunction<M, Tensor[], ?> call, Input... inputs) {
        try (Model<M> model = Model.of(net, 0)) {
            return Optional.of(Diagram.of(title, model, call, inputs));
        }
    }

    /** Whether it does something with a text of the person who runs it, {@link Lab#prompt}. */
    default boolean takesPrompt() {
        return false;
    }

    /** The data sets that it reads where a person gives no folder. */
    default List<DataSet> reads() {
        return List.of();
    }

    /** The names of the sets of which it reads a stand-in, where a person gives this folder of data, or none. */
    default List<String> standIns(@Nullable Path data) {
        return reads().stream()
                .filter(set -> set.isStandInFor(data))
                .map(DataSet::name)
                .toList();
    }

    /**
     * Runs it. {@link Stopped} is left to the caller.
     *
     * @throws IllegalArgumentException if data are missing or damaged, or the prompt has what the experiment does not
     *     know, with what to do
     */
    void run(Lab lab);
}
