package dev.fathom.spark;

import org.jspecify.annotations.Nullable;

/**
 * One of the processes of a run, as it says who it is.
 *
 * @param run a name that no other run has
 * @param process its number, from 0
 * @param processes how many there are
 * @param shards of a batch
 * @param version of Fathom, empty where its jar says none
 */
record Party(String run, int process, int processes, int shards, String version) {
    /** Reads a {@link #text}, and returns null if it is something else. */
    static @Nullable Party of(String text) {
        String[] lines = text.split("\n", -1);
        try {
            return new Party(lines[0], number(lines[1]), number(lines[2]), number(lines[3]), lines[4]);
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            return null;
        }
    }

    private static int number(String line) {
        return Integer.parseInt(line);
    }

    /** What it says to others. */
    String text() {
        return String.join("\n", run, "" + process, "" + processes, "" + shards, version);
    }

    /** Why this process does not train with another one of the same run, or null if it does. */
    @Nullable
    String objection(Party other) {
        if (processes != other.processes || shards != other.shards || !Versions.fit(version, other.version)) {
            return "exchange: " + other + " does not fit " + this + "; start all with one program and one version";
        }
        if (other.process == process || other.process < 0 || other.process >= processes) {
            return "exchange: " + other + " calls " + this + "; give the processes the numbers from 0 to "
                    + (processes - 1);
        }
        return null;
    }

    @Override
    public String toString() {
        return "process " + process + " of " + processes + " with " + shards + " shards and "
                + (version.isEmpty() ? "an unknown version of Fathom" : "Fathom " + version);
    }
}
