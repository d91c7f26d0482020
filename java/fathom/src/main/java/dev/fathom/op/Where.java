package dev.fathom.op;

import java.util.function.Supplier;

/** Where in a model a call runs, for messages. The layer above, which knows the running net, says how to ask for it. */
public final class Where {
    private static volatile Supplier<String> path = () -> "";

    private Where() {}

    /**
     * Takes {@code running}, which gives the path of the net that runs on the calling thread, and the empty string
     * outside one.
     */
    public static void from(Supplier<String> running) {
        path = running;
    }

    /** {@code " at path"} of the running net, for messages; empty outside one. */
    public static String running() {
        String at = path.get();
        return at.isEmpty() ? "" : " at " + at;
    }
}
