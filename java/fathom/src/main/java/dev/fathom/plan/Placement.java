package dev.fathom.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Where the intermediates of a plan lie: the largest first, each at the lowest place that is free for as long as it lives (greedy by size, as
 * TensorFlow Lite and XNNPACK place theirs).
 *
 * @param offsets by slot, in bytes; 0 for slots that lie elsewhere
 * @param bytes of the whole workspace
 */
record Placement(long[] offsets, long bytes) {
    private static final long ALIGN = 64;

    static Placement of(List<Plan.Slot> slots, int batch) {
        long[] offsets = new long[slots.size()];
        List<Integer> work = new ArrayList<>();
        for (int i = 0; i < slots.size(); i++) {
            if (slots.get(i).role() == Plan.Role.WORK && slots.get(i).bytes().at(batch) > 0) {
                work.add(i);
            }
        }
        work.sort(Comparator.comparingLong((Integer i) -> -slots.get(i).bytes().at(batch)));
        List<Integer> placed = new ArrayList<>();
        long total = 0;
        for (int i : work) {
            Plan.Slot s = slots.get(i);
            long size = rounded(s.bytes().at(batch));
            long at = 0;
            placed.sort(Comparator.comparingLong(j -> offsets[j]));
            for (int j : placed) {
                Plan.Slot other = slots.get(j);
                boolean together = s.first() <= other.last() && other.first() <= s.last();
                if (together && at + size > offsets[j]) {
                    at = Math.max(at, offsets[j] + rounded(other.bytes().at(batch)));
                }
            }
            offsets[i] = at;
            placed.add(i);
            total = Math.max(total, at + size);
        }
        return new Placement(offsets, total);
    }

    private static long rounded(long bytes) {
        return bytes + ALIGN - 1 & -ALIGN;
    }
}
