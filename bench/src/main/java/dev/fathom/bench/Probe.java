package dev.fathom.bench;

import dev.fathom.bench.Row.Limit;
import dev.fathom.kernel.Isa;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** What the machine can do, from the C program {@code peak}; the best of the runs before and after the rows counts. */
final class Probe {
    private Probe() {}

    /** Runs the program; a limit holds GFLOP/s or GB/s of one and of two threads. */
    static void measure(Map<Limit, double[]> limits) throws IOException, InterruptedException {
        String name = Machine.kernels() == Isa.V3 ? "peak-v3" : "peak";
        Path program = Contender.BENCH.resolve("target/native").resolve(name);
        if (!Files.exists(program)) {
            throw new IOException(program + " is missing: build first, mvn -pl bench -am -DskipTests package");
        }
        Process process = new ProcessBuilder(program.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader lines = process.inputReader()) {
            lines.lines().forEach(line -> add(limits, line));
        }
        process.waitFor();
    }

    /** A line {@code kind floats threads rate}. */
    static void add(Map<Limit, double[]> limits, String line) {
        String[] w = line.split(" ");
        double[] rates = limits.computeIfAbsent(new Limit(w[0], Integer.parseInt(w[1])), l -> new double[2]);
        int at = Integer.parseInt(w[2]) - 1;
        rates[at] = Math.max(rates[at], Double.parseDouble(w[3]));
    }
}
