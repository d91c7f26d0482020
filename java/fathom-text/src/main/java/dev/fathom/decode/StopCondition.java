package dev.fathom.decode;

import java.util.Arrays;
import java.util.List;

/**
 * Says when a sequence is finished, beside the stop symbol: {@code StopCondition.after(13, 10).or(w -> w.size() ==
 * 50)}.
 */
@FunctionalInterface
public interface StopCondition {
    /**
     * Returns whether a sequence is finished.
     *
     * @param written the tokens behind the prompt, of which the last was just chosen
     */
    boolean ends(List<Integer> written);

    /** Returns a condition that no sequence meets. */
    static StopCondition never() {
        return written -> false;
    }

    /**
     * Returns the condition that a sequence ends with these tokens, which remain a part of it.
     *
     * @throws IllegalArgumentException if there are none
     */
    static StopCondition after(int... tokens) {
        if (tokens.length == 0) {
            throw new IllegalArgumentException(
                    "StopCondition: there are no tokens, and every sequence ends with none;" + " give at least one");
        }
        List<Integer> end = Arrays.stream(tokens).boxed().toList();
        return written -> written.size() >= end.size()
                && written.subList(written.size() - end.size(), written.size()).equals(end);
    }

    /** Returns the condition that this one or another is met. */
    default StopCondition or(StopCondition other) {
        return written -> ends(written) || other.ends(written);
    }
}
