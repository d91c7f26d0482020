package dev.fathom.plan;

/** A piece of memory of a plan. What is not final here is {@link PlanBuilder}'s to decide; a finished plan only reads it. */
final class Slot {
    /** Whose memory it is. */
    enum Role {
        /** The caller's, of input number {@link #port}. */
        INPUT,
        /** The caller's, of output number {@link #port}. */
        OUTPUT,
        /** The plan's, from {@link #offset} on in its block. */
        WEIGHT,
        /** The session's, where its {@link Placement} says. */
        WORK
    }

    /** Its size; of scratch of a kernel 0, which {@link Placement} asks for. */
    final Bilinear bytes;

    Role role;
    int port;
    long offset;
    private int first = Integer.MAX_VALUE;
    private int last = -1;

    Slot(Bilinear bytes, Role role) {
        this.bytes = bytes;
        this.role = role;
    }

    /** Command number {@code c} reads or writes it; commands come in their order. */
    void touchedBy(int c) {
        first = Math.min(first, c);
        last = c;
    }

    /** Whether any command touches it. */
    boolean used() {
        return last >= 0;
    }

    /** Whether both are needed at one time. */
    boolean meets(Slot other) {
        return first <= other.last && other.first <= last;
    }
}
