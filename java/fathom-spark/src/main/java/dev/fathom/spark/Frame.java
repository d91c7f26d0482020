package dev.fathom.spark;

import java.nio.ByteBuffer;

/**
 * What is in front of the bytes of a message between processes.
 *
 * @param kind what the bytes are
 * @param call the number of the call of the exchange, from 0
 * @param total how many bytes each node of this call has
 * @param at where the bytes belong among these
 * @param bytes how many follow
 */
record Frame(Kind kind, long call, int total, int at, int bytes) {
    /** Its size. */
    static final int SIZE = 24;

    enum Kind {
        NODES_OF_FLOATS("nodes of floats"),
        SUM_OF_FLOATS("a sum of floats"),
        ROUNDED_NODES("rounded nodes"),
        ROUNDED_SUM("a rounded sum"),
        NODES_OF_NUMBERS("nodes of numbers"),
        SUM_OF_NUMBERS("a sum of numbers"),
        /** A sign of life of one that waits for others. */
        WAITING("a sign of life"),
        /** The sentence by which an attempt ends, which another one may survive. */
        FAILURE("a failure"),
        /** The sentence by which the run ends for good. */
        END("an end");

        final String shown;

        Kind(String shown) {
            this.shown = shown;
        }
    }

    /** A message that is no part of a call. */
    static Frame of(Kind kind, int bytes) {
        return new Frame(kind, 0, 0, 0, bytes);
    }

    /** Reads the {@link #head} of one. */
    static Frame read(ByteBuffer from) {
        Kind[] kinds = Kind.values();
        return new Frame(
                kinds[Math.floorMod(from.getInt(), kinds.length)],
                from.getLong(),
                from.getInt(),
                from.getInt(),
                from.getInt());
    }

    /** Its bytes. */
    ByteBuffer head() {
        return ByteBuffer.allocate(SIZE)
                .putInt(kind.ordinal())
                .putLong(call)
                .putInt(total)
                .putInt(at)
                .putInt(bytes)
                .flip();
    }

    @Override
    public String toString() {
        return bytes + " bytes of " + kind.shown + " from " + at + " of " + total + " on in call " + call;
    }
}
