package dev.fathom.decode;

import java.nio.IntBuffer;

/**
 * Says when a sequence is finished, beside the stop symbol: {@code StopCondition.after(13, 10).or(w -> w.limit() ==
 * 50)}.
 */
@FunctionalInterface
public interface StopCondition {
    /**
     * Returns whether a sequence is finished.
     *
     * @param written the tokens behind the prompt, from 0 to the limit, of which the last was just chosen. It is
     *     read-only, and may be the same buffer at every call.
     */
    boolean ends(IntBuffer written);

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
        int[] end = tokens.clone();
        return written -> {
            int from = written.limit() - end.length;
            int same = 0;
            while (from >= 0 && same < end.length && written.get(from + same) == end[same]) {
                same++;
            }
            return same == end.length;
        };
    }

    /** Returns the condition that this one or another is met. */
    default StopCondition or(StopCondition other) {
        return written -> ends(written) || other.ends(written);
    }
}
