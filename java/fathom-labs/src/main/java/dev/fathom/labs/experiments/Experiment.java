package dev.fathom.labs.experiments;

import dev.fathom.labs.pages.Findings;

/** An experiment with a page, run by {@code ./fathom lab NAME}. */
public interface Experiment {
    /** Its name on the command line and in folders. */
    String name();

    /** What it shows, in a line. */
    String shows();

    /** Whether it does something with a text of the person who runs it, {@link LabRun#prompt}. */
    default boolean takesPrompt() {
        return false;
    }

    /**
     * Runs it. What was stopped by {@link LabRun#interrupt} gives what there is, without {@link Findings#finished()}.
     *
     * @throws IllegalArgumentException if data are missing or damaged, or the prompt has what the experiment does not
     *     know, with what to do
     */
    Findings run(LabRun run);
}
