package dev.fathom.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Where the intermediates of a plan lie: the largest first, each at the lowest place that is free for as long as it lives (greedy by size, as
 * TensorFlow Lite and XNNPACK place theirs).
 *
 * @param offsets in bytes, of the slots that lie here
 * @param bytes of the whole workspace
 */
record Placement(Map<Slot, Long> offsets, long bytes) {
    private static final long ALIGN = 64;

    static Placement of(List<Slot> slots, Sizes sizes) {
        Comparator<Slot> bySize = Comparator.comparingLong(s -> s.bytes.at(sizes));
        List<Slot> work = slots.stream()
                .filter(s -> s.role == Slot.Role.WORK && s.used() && s.bytes.at(sizes) > 0)
                .sorted(bySize.reversed())
                .toList();
        Map<Slot, Long> offsets = new HashMap<>();
        List<Slot> placed = new ArrayList<>();
        long total = 0;
        for (Slot s : work) {
            long size = rounded(s.bytes.at(sizes));
            long at = 0;
            placed.sort(Comparator.comparingLong(offsets::get));
            for (Slot other : placed) {
                long taken = Objects.requireNonNull(offsets.get(other), "what is placed has an offset");
                if (s.meets(other) && at + size > taken) {
                    at = Math.max(at, taken + rounded(other.bytes.at(sizes)));
                }
            }
            offsets.put(s, at);
            placed.add(s);
            total = Math.max(total, at + size);
        }
        return new Placement(offsets, total);
    }

    private static long rounded(long bytes) {
        return bytes + ALIGN - 1 & -ALIGN;
    }
}
