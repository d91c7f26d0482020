package dev.fathom.tensor;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** The modules that models have fixed in evaluation mode, by identity. Empty in nearly every process, and then it costs one read. */
final class EvalModes {
    private static final List<Set<Object>> SETS = new CopyOnWriteArrayList<>();

    private EvalModes() {}

    static void add(Set<Object> modules) {
        SETS.add(modules);
    }

    static void remove(Set<Object> modules) {
        SETS.removeIf(s -> s == modules);
    }

    static boolean contains(Object module) {
        if (SETS.isEmpty()) {
            return false;
        }
        for (Set<Object> s : SETS) {
            if (s.contains(module)) {
                return true;
            }
        }
        return false;
    }
}
