package dev.fathom.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How far the process's memory rises above what it holds when it is idle: the kernel's own record of resident pages.
 * Its Java heap is of a fixed size and touched before ({@link #jvm}), so that what rises is native.
 */
public final class Footprint {
    /** Training steps that are made after the first ones. */
    public static final int STEPS = 2;

    private final long idle;

    /** Options of a JVM with so many megabytes of heap, whose own memory hardly moves. */
    static List<String> jvm(int heap) {
        return List.of(
                "-Xms" + heap + "m",
                "-Xmx" + heap + "m",
                "-XX:+AlwaysPreTouch",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1");
    }

    private Footprint(long idle) {
        this.idle = idle;
    }

    /** From now on: the libraries are loaded, the network is not made yet. */
    public static Footprint begin() throws IOException {
        System.gc();
        Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // the peak begins anew
        return new Footprint(kilobytes("VmRSS:"));
    }

    /** Prints the megabytes of the peak since. */
    public void end() throws IOException {
        System.out.println(Server.MARK + "ok " + (kilobytes("VmHWM:") - idle) * 1024 / 1e6);
    }

    /** The megabytes that this process holds now. */
    static double resident() throws IOException {
        return kilobytes("VmRSS:") * 1024 / 1e6;
    }

    private static long kilobytes(String line) throws IOException {
        String found = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(l -> l.startsWith(line))
                .findFirst()
                .orElseThrow();
        return Long.parseLong(found.replaceAll("\\D", ""));
    }
}
