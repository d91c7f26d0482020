package dev.fathom.labs.experiments;

import dev.fathom.labs.pages.Result;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An experiment with a page. One that compares networks on images is an {@link ImageLab}; any other implements {@link #run} itself. */
public interface Experiment {
    /** All of them, as {@code --list} shows them. */
    List<Experiment> ALL = List.of(
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
            new FiltersLab(),
            new PretrainedLab());

    /** What each shows, by its name, in their order. */
    static Map<String, String> shown() {
        Map<String, String> all = new LinkedHashMap<>();
        ALL.forEach(lab -> all.put(lab.name(), lab.shows()));
        return all;
    }

    /** Its name on the command line and in folders. */
    String name();

    /** What it shows, in a line. */
    String shows();

    /**
     * Runs it. What was stopped by {@link Run#interrupt} gives what there is, without {@link Result#finished()}.
     *
     * @throws IllegalArgumentException if data are missing or damaged, with what to do
     */
    Result run(Run run);
}
