package dev.fathom.plan;

import dev.fathom.kernel.Kernel;
import org.jspecify.annotations.Nullable;

/** A piece of memory that the commands of one session use: of a value, of a packed weight, or scratch. */
final class Slot {
    /** Whose memory it is. */
    enum Role {
        /** The caller's, of input number {@link #port}. */
        INPUT,
        /** The caller's, of output number {@link #port}. */
        OUTPUT,
        /** The plan's. */
        WEIGHT,
        /** The session's, where its {@link WorkspaceLayout} says. */
        WORK
    }

    /**
     * What a slot holds of a value.
     *
     * @param value its number, -1 for scratch
     * @param packing what packs a weight, null for other memory
     * @param n rows of the matrix that it makes
     * @param k its columns
     */
    record Content(int value, @Nullable Kernel packing, long n, long k) {
        static Content of(int value) {
            return new Content(value, null, 0, 0);
        }
    }

    final Content content;
    final long bytes;
    Role role;
    int port;
    /** Its first address as long as no session gives it another. */
    long begin;

    private int first = Integer.MAX_VALUE;
    private int last = -1;

    Slot(Content content, long bytes, Role role) {
        this.content = content;
        this.bytes = bytes;
        this.role = role;
    }

    /** What so many bytes take up, where each piece begins at a multiple of 64 bytes. */
    static long rounded(long bytes) {
        return bytes + 63 & -64L;
    }

    /** Commands with numbers from {@code from} to {@code to} read or write it, or run beside one that does. */
    void touchedBy(int from, int to) {
        first = Math.min(first, from);
        last = Math.max(last, to);
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
