package dev.fathom.train;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The findings of {@link Trainer#check}, which examines a set-up before any real training.
 *
 * @param findings in the order of the examinations
 */
public record Check(List<Finding> findings) {
    /** Keeps its own copy of the list. */
    public Check {
        findings = List.copyOf(findings);
    }

    /**
     * One examination.
     *
     * @param name {@code start loss}, {@code one batch}, {@code inputs}, {@code examples}, {@code outputs} or
     *     {@code padding}
     * @param passed whether all is as it should be
     * @param sentence what was measured and, if something is wrong, what to do
     */
    public record Finding(String name, boolean passed, String sentence) {}

    /** Returns whether all examinations passed. */
    public boolean passed() {
        return findings.stream().allMatch(Finding::passed);
    }

    /** Returns one line for each examination. */
    @Override
    public String toString() {
        return findings.stream()
                .map(f -> (f.passed ? "ok     " : "wrong  ") + f.name + ": " + f.sentence)
                .collect(Collectors.joining(System.lineSeparator()));
    }
}
