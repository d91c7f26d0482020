package dev.fathom.experiments.pages;

import com.sun.management.OperatingSystemMXBean;
import dev.fathom.kernel.NativeException;
import dev.fathom.kernel.NativeRuntime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** What a figure was measured on. */
public final class Provenance {
    /** What stands behind a commit whose sources were changed after it. */
    public static final String CHANGED = " and changes";
    /** Units of /proc/stat in a second. */
    private static final double TICKS = 100;

    private Provenance() {}

    /** What the processor calls itself, and how many processors this program may use. */
    public static String processor() {
        String name = value("/proc/cpuinfo", "model name");
        int count = Runtime.getRuntime().availableProcessors();
        return (name.isEmpty() ? System.getProperty("os.arch") : name) + ", " + count
                + (count == 1 ? " processor" : " processors");
    }

    /**
     * The seconds that the processors of this machine spent on anything but this program since a moment, as a share of
     * all that they had.
     *
     * @param since what {@link #spent} said at that moment
     */
    public static double others(double[] since) {
        double[] now = spent();
        return now[2] > since[2] ? Math.max(0, (now[0] - since[0] - (now[1] - since[1])) / (now[2] - since[2])) : 0;
    }

    /**
     * The seconds that all processors together have been busy, those that this program took of them, and all that there
     * were; zeros where the system does not tell.
     */
    public static double[] spent() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/stat"))) {
            double[] ticks = Stream.of(lines.findFirst().orElse("").split(" +"))
                    .skip(1)
                    .mapToDouble(Double::parseDouble)
                    .limit(8) // user, nice, system, idle, iowait, irq, softirq, steal
                    .toArray();
            double all = Arrays.stream(ticks).sum() / TICKS;
            double own = ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean bean
                    ? bean.getProcessCpuTime() / 1e9
                    : 0;
            return new double[] {all - (ticks[3] + ticks[4]) / TICKS, own, all};
        } catch (IOException | RuntimeException e) {
            return new double[3]; // another system
        }
    }

    /** What stands behind {@code key :} in a file of Linux; empty elsewhere. */
    public static String value(String file, String key) {
        try (Stream<String> lines = Files.lines(Path.of(file))) {
            return lines.filter(l -> l.startsWith(key))
                    .findFirst()
                    .map(l -> l.substring(l.indexOf(':') + 1).trim())
                    .orElse("");
        } catch (IOException | UncheckedIOException e) {
            return ""; // another system
        }
    }

    /**
     * The commit of the sources in {@code root}, with {@code " and changes"} where they were changed after it;
     * {@code unknown} where git cannot tell.
     */
    public static String commit(Path root) {
        String head = git(root, "rev-parse", "--short=12", "HEAD");
        if (head.isEmpty()) {
            return "unknown";
        }
        String changed = git(root, "status", "--porcelain", "--", "java", "native", "cmake", "pom.xml");
        return changed.isEmpty() ? head : head + CHANGED;
    }

    /** What git says, without its last line end; empty where it fails. */
    private static String git(Path root, String... args) {
        List<String> command = new ArrayList<>(List.of("git", "-C", root.toString()));
        command.addAll(List.of(args));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? said.strip() : "";
        } catch (IOException e) {
            return ""; // there is no git
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    /** Java, system and kernels, in one line. */
    public static String line() {
        String java = System.getProperty("java.vm.name") + " " + System.getProperty("java.version") + ", "
                + System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", ";
        try {
            NativeRuntime runtime = NativeRuntime.get();
            return java + runtime.isa() + " kernels, " + runtime.threads()
                    + (runtime.threads() == 1 ? " thread" : " threads");
        } catch (NativeException e) {
            return java + e.getMessage();
        }
    }
}
