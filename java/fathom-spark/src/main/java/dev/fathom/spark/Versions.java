package dev.fathom.spark;

import dev.fathom.kernel.NativeRuntime;

/** The versions of Fathom in the processes of a cluster, which are empty where a jar says none. */
final class Versions {
    private Versions() {}

    /** The version in this process. */
    static String here() {
        String version = NativeRuntime.class.getPackage().getImplementationVersion();
        return version == null ? "" : version;
    }

    /** Whether results of both are the same, as far as is known. */
    static boolean fit(String one, String other) {
        return one.equals(other) || one.isEmpty() || other.isEmpty();
    }

    /**
     * Checks what an executor computes with.
     *
     * @throws IllegalStateException if it does not fit that of the driver
     */
    static void check(String driver, String executor) {
        if (!fit(driver, executor)) {
            throw new IllegalStateException("Spark: the driver has Fathom " + driver + " but this executor has "
                    + executor + ", whose results may differ; submit one version to both");
        }
    }
}
