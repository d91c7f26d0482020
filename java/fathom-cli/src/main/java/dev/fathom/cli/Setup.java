package dev.fathom.cli;

import com.sun.management.OperatingSystemMXBean;
import dev.fathom.experiments.pages.Provenance;
import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeException;
import dev.fathom.kernel.NativeRuntime;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What Fathom finds around it, as far as it decides whether it runs, and how fast.
 *
 * @param processor what the processor calls itself
 * @param processors how many this process may use
 * @param load programs that ran or waited in the last minute, on average; negative if unknown
 * @param free bytes of memory to be had; -1 if unknown
 * @param hugePages the kernel's setting: always, madvise or never; empty if unknown
 * @param offered the instruction sets that processor and library share, the slowest first
 * @param isa the one in use, null where the library cannot be loaded
 * @param threads of the pool
 * @param library where the native library was loaded from
 * @param failure why it was not
 * @param environment the variables of this process
 */
public record Setup(
        String processor,
        int processors,
        double load,
        long free,
        String hugePages,
        List<Isa> offered,
        @Nullable Isa isa,
        int threads,
        @Nullable Path library,
        @Nullable String failure,
        Map<String, String> environment) {
    private static final Path HUGE_PAGES = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
    private static final long ENOUGH = 1L << 30;

    static Setup read() {
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        List<Isa> offered = List.of();
        Isa isa = null;
        int threads = 0;
        Path library = null;
        String failure = null;
        try {
            offered = NativeRuntime.available();
            NativeRuntime runtime = NativeRuntime.get();
            isa = runtime.isa();
            threads = runtime.threads();
            library = runtime.library();
        } catch (NativeException e) {
            failure = e.getMessage();
        }
        String kilobytes = Provenance.value("/proc/meminfo", "MemAvailable").replace(" kB", "");
        return new Setup(
                Provenance.value("/proc/cpuinfo", "model name"),
                Runtime.getRuntime().availableProcessors(),
                system.getSystemLoadAverage(),
                kilobytes.isEmpty() ? -1 : Long.parseLong(kilobytes) << 10,
                text(HUGE_PAGES).replaceAll("(?s).*\\[(.*)].*", "$1"),
                offered,
                isa,
                threads,
                library,
                failure,
                System.getenv());
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return ""; // another system
        }
    }

    /** What is wrong, each with its remedy, the worst first. */
    List<String> problems() {
        List<String> all = new ArrayList<>();
        if (failure != null) {
            all.add(failure);
        }
        if (threads > processors) {
            all.add(line(
                    "%d threads share %d processors and wait for each other: set FATHOM_THREADS to at most %d, or "
                            + "unset it",
                    threads, processors, processors));
        }
        if (isa != null && isa != offered.get(offered.size() - 1)) {
            all.add(line(
                    "the %s kernels run though this processor has %s: remove -Dfathom.isa",
                    isa, offered.get(offered.size() - 1)));
        }
        if (library != null && !Files.exists(library)) {
            all.add("every start unpacks the native library anew, as the cache folder cannot be used: "
                    + "choose one that can be written and holds programs with -Dfathom.cache=");
        }
        if (load > processors / 2.0) {
            all.add(line(
                    "a load average of %.1f on %d processors: other programs take part of the speed; stop them, "
                            + "or wait",
                    load, processors));
        }
        if (free >= 0 && free < ENOUGH) {
            all.add(line("only %d MB of memory are free: end other programs before training", free >> 20));
        }
        if (hugePages.equals("never")) {
            all.add("huge pages are off, which slows large models and plans: echo madvise | sudo tee " + HUGE_PAGES);
        }
        String data = environment.getOrDefault("FATHOM_DATA", "");
        if (!data.isBlank() && !Files.isDirectory(Path.of(data))) {
            all.add("FATHOM_DATA=" + data
                    + " is no folder: set it to the one that holds mnist/ and the like, or unset it");
        }
        new TreeMap<>(environment).forEach((name, value) -> {
            if (name.startsWith("OPENBLAS_") || name.equals("OMP_NUM_THREADS")) {
                all.add(name + "=" + value + " ties OpenBLAS down where -Dfathom.blas=openblas chooses it: unset it");
            }
        });
        return all;
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
