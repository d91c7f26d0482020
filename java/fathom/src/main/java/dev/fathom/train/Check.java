package dev.fathom.train;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What {@link Trainer#check} found out before any real training.
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
     * @param name {@code start loss}, {@code one batch}, {@code inputs} or {@code examples}
     * @param passed whether all is as it should be
     * @param sentence what was measured and, if something is wrong, what to do
     */
    public record Finding(String name, boolean passed, String sentence) {}

    /** Whether all examinations passed. */
    public boolean passed() {
        return findings.stream().allMatch(Finding::passed);
    }

    /** A line an examination. */
    @Override
    public String toString() {
        return findings.stream()
                .map(f -> (f.passed ? "ok     " : "wrong  ") + f.name + ": " + f.sentence)
                .collect(Collectors.joining(System.lineSeparator()));
    }
}
