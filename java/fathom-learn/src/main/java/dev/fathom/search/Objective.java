package dev.fathom.search;

/** Trains and scores what a trial describes, on the thread that calls it. Several calls run at once. */
@FunctionalInterface
public interface Objective {
    /**
     * Returns the score, which must depend on the trial alone, so that it does not matter when and where it runs. An
     * exception, and a score that is NaN or infinite, make this trial fail, and the search goes on.
     */
    double score(Trial trial) throws Exception;
}
