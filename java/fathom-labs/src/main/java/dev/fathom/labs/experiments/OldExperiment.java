package dev.fathom.labs.experiments;

import dev.fathom.labs.pages.Findings;

/** An experiment that writes its page itself. */
public interface OldExperiment extends Experiment {
    /** Runs it; what was stopped gives what there is, without {@link Findings#finished()}. */
    Findings run(LabRun run);

    @Override
    default void run(Lab lab) {
        throw new UnsupportedOperationException(name() + " writes its page itself; call run(LabRun)");
    }
}
