package dev.fathom.bench;

import dev.fathom.bench.Row.Limit;
import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The machine of a run.
 *
 * @param processor its name, with family and model where they are known
 * @param cores that the JVM may use
 * @param os name and version
 * @param jdk version
 * @param isa the instruction set of the kernels that were measured
 * @param limits what the probe measured
 */
record Machine(String processor, int cores, String os, String jdk, String isa, List<Rates> limits) {
    /** The property of Fathom that chooses its kernels. */
    static final String HELD = "fathom.isa";

    /** GFLOP/s or GB/s of a line of the probe, on one thread, two threads and so on. */
    record Rates(String kind, int floats, List<Double> rates) {}

    /** This machine. */
    static Machine here(Map<Limit, double[]> limits) throws IOException {
        Path info = Path.of("/proc/cpuinfo");
        return new Machine(
                processor(Files.exists(info) ? Files.readAllLines(info) : List.of(), System.getProperty("os.arch")),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                System.getProperty("java.version"),
                kernels().toString(),
                limits.entrySet().stream()
                        .map(e -> new Rates(
                                e.getKey().kind(),
                                e.getKey().floats(),
                                Arrays.stream(e.getValue()).boxed().toList()))
                        .sorted(Comparator.comparing(Rates::kind).thenComparing(Rates::floats))
                        .toList());
    }

    /** The instruction set of the kernels that are measured: the best one here, or the one that a run is held to. */
    static Isa kernels() {
        return NativeRuntime.get().isa();
    }

    /** The instruction set that a run is held to; null for the best one here. */
    static @Nullable String held() {
        String held = System.getProperty(HELD, "");
        return held.isEmpty() ? null : held;
    }

    /** Whether a run is held to AVX2 on a processor that has AVX-512. */
    static boolean isHeldToLess() {
        return Isa.V3.toString().equals(held()) && NativeRuntime.available().contains(Isa.V4);
    }

    /**
     * Holds a run to an instruction set. Call it before anything else of Fathom, which chooses its kernels at its first
     * use.
     *
     * @throws IOException if this processor does not have it, or peers cannot be held to it
     */
    static void hold(String isa) throws IOException {
        List<String> sets = NativeRuntime.available().stream()
                .filter(set -> set != Isa.BASELINE) // peers have no such setting
                .map(Isa::toString)
                .toList();
        if (!sets.contains(isa)) {
            throw new IOException("--isa " + isa + " cannot be measured here; what can be is " + sets);
        }
        System.setProperty(HELD, isa);
    }

    /**
     * The first processor of {@code /proc/cpuinfo}, such as {@code AMD EPYC (family 26 model 2)}; else the
     * architecture.
     */
    static String processor(List<String> cpuinfo, String architecture) {
        String name = value(cpuinfo, key -> key.equals("model name"));
        if (!name.isEmpty()) {
            return name
                    + " (family " + value(cpuinfo, key -> key.equals("cpu family"))
                    + " model " + value(cpuinfo, key -> key.equals("model")) + ")";
        }
        String part = value(cpuinfo, key -> key.equals("CPU part")); // all that Linux says of an Arm processor
        return part.isEmpty()
                ? architecture
                : architecture + " (implementer " + value(cpuinfo, key -> key.equals("CPU implementer")) + " part "
                        + part + ")";
    }

    private static String value(List<String> cpuinfo, Predicate<String> wanted) {
        return cpuinfo.stream()
                .filter(line -> line.contains(":"))
                .filter(line -> wanted.test(line.substring(0, line.indexOf(':')).strip()))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("");
    }

    /** The kind of processor as the name of a file, such as {@code amd-epyc-family-26-model-2-v4}. */
    String slug() {
        return (processor + " " + isa)
                .toLowerCase(Locale.ROOT)
                .replaceAll("\\((r|tm)\\)|@.*?(?=\\()|\\b(cpu|processor)\\b", " ")
                .replaceAll("[^a-z0-9]+", "-")
                .replaceAll("^-|-$", "");
    }

    /** The file in which runs on this kind of processor are stored. */
    Path file(Path folder) {
        return folder.resolve(slug() + ".json");
    }

    /** The limits in words; those that were not measured are left out. */
    String about() {
        return Stream.of(
                        rates(Limit.FMA, "%.0f and %.0f GFLOP/s"),
                        rates(new Limit("scale", 1_000_000), "%.0f and %.0f GB/s at 8 MB"),
                        rates(new Limit("triad", 16_000_000), "%.0f and %.0f GB/s at 192 MB"))
                .flatMap(Optional::stream)
                .collect(Collectors.joining("; ", "Machine, 1 and 2 threads: ", ""));
    }

    private Optional<String> rates(Limit limit, String format) {
        return limits.stream()
                .filter(l -> l.kind().equals(limit.kind()) && l.floats() == limit.floats())
                .map(l -> String.format(
                        Locale.ROOT, format, l.rates().get(0), l.rates().get(1)))
                .findFirst();
    }
}
