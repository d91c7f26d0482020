package dev.fathom.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;

/**
 * A contender's process: it waits asleep until the driver asks for a repetition, so that contenders of different
 * processes, each with its own environment and class path, take turns of a fraction of a second on warm code.
 *
 * <p>A request is a line {@code CLASS.METHOD NAME=VALUE,... WARM_MS MEASURE_MS} (or {@code -} for no parameters); the
 * answer is {@code @ok MEDIAN_NS TOLD...}, of JMH's SampleTime mode and {@link Work#tell}, or {@code @error WHY}.
 */
public final class Server {
    /** Marks the lines of stdout that are answers; natives may print others. */
    static final String MARK = "@";

    /** Bytes of the Java heap beyond which a process gives back what a row took, because others need the memory. */
    private static final long LARGE = 512L << 20;

    private Server() {}

    /**
     * A class of benchmarks, which says what runs in {@code static String about()}; requests name classes of its
     * package.
     */
    public static void main(String[] args) throws IOException, ReflectiveOperationException {
        Class<?> benchmarks = Class.forName(args[0]);
        PrintStream out = System.out;
        System.setProperty("jmh.ignoreLock", "true");
        out.println(MARK + "about " + benchmarks.getMethod("about").invoke(null));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            String answer;
            Work.tell();
            try {
                Kept.begin(words[0] + " " + words[1]);
                answer = "ok "
                        + measure(
                                benchmarks.getPackageName(),
                                words[0],
                                words[1],
                                Integer.parseInt(words[2]),
                                Integer.parseInt(words[3]));
                for (double number : Work.told()) {
                    answer += " " + number;
                }
            } catch (RunnerException | RuntimeException | LinkageError e) {
                Throwable cause = e;
                while (cause.getCause() != null
                        || cause.getSuppressed().length > 0) { // JMH suppresses what stopped a benchmark
                    cause = cause.getCause() != null ? cause.getCause() : cause.getSuppressed()[0];
                }
                e.printStackTrace();
                answer = "error " + String.valueOf(cause).replace('\n', ' ');
            }
            if (Runtime.getRuntime().totalMemory() > LARGE) {
                System.gc();
            }
            out.println(MARK + answer);
            out.flush();
        }
    }

    private static double measure(String home, String method, String params, int warm, int time)
            throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("^" + Pattern.quote(home + "." + method) + "$")
                .mode(Mode.SampleTime)
                .timeUnit(TimeUnit.NANOSECONDS)
                .forks(0) // this process is the fork
                .warmupIterations(1)
                .warmupTime(TimeValue.milliseconds(warm))
                .measurementIterations(1)
                .measurementTime(TimeValue.milliseconds(time))
                .threads(1)
                .syncIterations(false)
                .addProfiler(Quiet.class)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT);
        if (!params.equals("-")) {
            for (String param : params.split(",")) {
                int eq = param.indexOf('=');
                options.param(param.substring(0, eq), param.substring(eq + 1));
            }
        }
        Collection<RunResult> results = new Runner(options.build()).run();
        if (results.size() != 1) {
            throw new IllegalStateException(method + " matches " + results.size() + " benchmarks");
        }
        Statistics samples = results.iterator().next().getPrimaryResult().getStatistics();
        return samples.getPercentile(50);
    }
}
