package dev.fathom.cli;

import dev.fathom.experiments.data.ImageSet;
import dev.fathom.jni.Native;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.memory.Memory;
import java.io.File;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * {@code fathom doctor}: what Fathom finds on this machine, how fast it is, and what is wrong, each with its remedy.
 */
@Command(
        name = "doctor",
        description = "Shows and measures what Fathom runs on, in five seconds, and names what is wrong with it.")
public final class Doctor implements Callable<Integer> {
    private static final int WIDTH = 100;
    private static final int INDENT = 18;
    /** From here on a second thread is worth having. */
    private static final double SPEEDUP = 1.2;

    private static final Pattern JAR = Pattern.compile("(.+?)-(\\d.*)\\.jar");

    private final PrintStream out;

    @Mixin
    Help help;

    public Doctor(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        Setup setup = Setup.read();
        List<String> problems = new ArrayList<>(setup.problems());
        if (Memory.fenced()) {
            problems.add(
                    "every tensor has pages of its own, which is for tests and slow: remove -Dfathom.memory.fenced");
        }
        row("platform", "%s, %s %s", NativeRuntime.platform(), property("os.name"), property("os.version"));
        row(
                "processor",
                "%s, %d for this process",
                setup.processor().isEmpty() ? property("os.arch") : setup.processor(),
                setup.processors());
        row(
                "memory",
                "%s free; %d MB for the Java heap",
                setup.free() < 0 ? "?" : (setup.free() >> 20) + " MB",
                Runtime.getRuntime().maxMemory() >> 20);
        row("Java", "%s %s in %s", property("java.vm.name"), property("java.version"), property("java.home"));
        row("libraries", "%s", libraries(System.getProperty("java.class.path")));
        if (setup.isa() != null) {
            row("native library", "%s", setup.library());
            row("kernels", "%s, of %s", setup.isa(), setup.offered());
            row("caches", "%s", Native.machine());
            row("backend", "%s", NativeRuntime.get().blas());
            row("threads", "%d", setup.threads());
            row(
                    "memory limit",
                    "%s for tensors, models and plans; another by -Dfathom.memory=",
                    limit(NativeRuntime.get().memoryLimit()));
        }
        for (ImageSet set : ImageSet.values()) {
            row(set.toString(), "%s", folder(set));
        }
        if (setup.isa() != null) {
            out.println();
            measure(setup.threads(), problems);
        }
        out.println();
        out.println(heading(setup.isa() != null, problems.size()));
        problems.forEach(p -> out.println("  - " + p));
        return setup.isa() == null ? 1 : 0;
    }

    private static String heading(boolean runs, int problems) {
        if (!runs) {
            return "Fathom cannot run here:";
        }
        return switch (problems) {
            case 0 -> "Nothing is wrong.";
            case 1 -> "One thing could be better:";
            default -> problems + " things could be better:";
        };
    }

    private void measure(int threads, List<String> problems) {
        Peaks one = Peaks.measure(1);
        row("1 thread", "%s", one);
        if (threads > 1) {
            Peaks all = Peaks.measure(threads);
            row(threads + " threads", "%s", all);
            double speedup = all.products() / one.products();
            if (speedup < SPEEDUP) {
                problems.add(String.format(
                        Locale.ROOT,
                        "%d threads are only %.1f times as fast as one: other programs or virtual machines use the"
                                + " processors, or these share a core; stop them, or set FATHOM_THREADS to less",
                        threads,
                        speedup));
            }
        }
    }

    private static String folder(ImageSet set) {
        try {
            return set.folder().toString();
        } catch (IllegalArgumentException e) {
            return "not here; ./fathom data " + set + " fetches it";
        }
    }

    /** Names and versions of the jars on a class path, each once. */
    static String libraries(String classPath) {
        return Pattern.compile(File.pathSeparator, Pattern.LITERAL)
                .splitAsStream(classPath)
                .map(entry -> JAR.matcher(new File(entry).getName()))
                .filter(Matcher::matches)
                .map(jar -> jar.group(1) + " " + jar.group(2).replaceFirst("-(linux|macosx|windows)-.*", ""))
                .sorted()
                .distinct()
                .collect(Collectors.joining(", "));
    }

    private static String property(String name) {
        return System.getProperty(name, "?");
    }

    /** A name and its value, broken where the line would be too long. */
    private static String limit(long bytes) {
        return bytes == Long.MAX_VALUE ? "none" : (bytes >> 20) + " MB";
    }

    private void row(String name, String format, @Nullable Object... values) {
        StringBuilder line = new StringBuilder(String.format("%-" + INDENT + "s", name));
        for (String word : String.format(Locale.ROOT, format, values).split("(?<=, )")) {
            if (line.length() + word.length() > WIDTH && line.length() > INDENT) {
                out.println(line.toString().stripTrailing());
                line = new StringBuilder(" ".repeat(INDENT));
            }
            line.append(word);
        }
        out.println(line);
    }
}
