package dev.fathom.experiments;

/**
 * A person asked a run to end. One place catches it, which writes what there is by then; an experiment lets it pass.
 */
public final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1;

    Stopped() {
        super("the run was stopped before its end", null, false, false);
    }
}
