package dev.fathom.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the intermediates of a plan lie: the largest first, each at the lowest place that is free for as long as it
 * lives (greedy by size, as TensorFlow Lite and XNNPACK place theirs).
 *
 * @param offsets in bytes, of the slots that lie here
 * @param bytes of the whole workspace
 */
record WorkspaceLayout(Map<Slot, Long> offsets, long bytes) {
    private static final long ALIGN = 64;

    /** A slot that takes so many bytes, from {@code at} on once it is placed. */
    private record Piece(Slot slot, long bytes, long at) {}

    /** Places the intermediates of these commands and their scratch. */
    static WorkspaceLayout of(Lowering lowering) {
        List<Piece> work = new ArrayList<>(); // the largest first
        for (Slot s : lowering.slots) {
            if (s.role == Slot.Role.WORK && s.used() && s.bytes > 0) {
                long bytes = rounded(s.bytes);
                int next = 0;
                while (next < work.size() && work.get(next).bytes >= bytes) {
                    next++;
                }
                work.add(next, new Piece(s, bytes, 0));
            }
        }
        return placed(work);
    }

    private static WorkspaceLayout placed(List<Piece> work) {
        Map<Slot, Long> offsets = new HashMap<>();
        List<Piece> placed = new ArrayList<>(); // in the order of their places
        long total = 0;
        for (Piece p : work) {
            long at = 0;
            for (Piece other : placed) {
                if (p.slot.meets(other.slot) && at + p.bytes > other.at) {
                    at = Math.max(at, other.at + other.bytes);
                }
            }
            offsets.put(p.slot, at);
            int next = 0;
            while (next < placed.size() && placed.get(next).at <= at) {
                next++;
            }
            placed.add(next, new Piece(p.slot, p.bytes, at));
            total = Math.max(total, at + p.bytes);
        }
        return new WorkspaceLayout(offsets, total);
    }

    private static long rounded(long bytes) {
        return bytes + ALIGN - 1 & -ALIGN;
    }
}
