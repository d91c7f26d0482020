package dev.fathom.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The driver's end of a contender's process. Its stderr goes to a log, whose end explains a failure. */
final class Child implements AutoCloseable {
    /** What stands between what a process says of itself and the kernels that its OpenBLAS chose. */
    static final String KERNELS = ", OpenBLAS kernels: ";

    private final Process process;
    private final BufferedReader out;
    private final BufferedWriter in;
    private final Path log;
    /** What it said about itself. */
    String about = "";
    /** The number of its last request among those of all processes; 0 before the first. */
    int asked;

    Child(ProcessBuilder builder, Path log) throws IOException {
        this.log = log;
        process = builder.redirectError(log.toFile()).start();
        out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        in = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    }

    /** Sends a line. */
    void send(String line) throws IOException {
        in.write(line);
        in.newLine();
        in.flush();
    }

    /**
     * The next answer, without its mark and first word; null at the end.
     *
     * @throws IOException if the answer is an error
     */
    @Nullable
    String next() throws IOException {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith(Server.MARK + "error ")) {
                throw new IOException(line.substring(7));
            }
            if (line.startsWith(Server.MARK)) {
                return line.substring(line.indexOf(' ') + 1);
            }
        }
        return null;
    }

    /**
     * The next answer.
     *
     * @throws IOException if it is an error or the process ended
     */
    String answer() throws IOException {
        String next = next();
        if (next == null) {
            throw lastWords();
        }
        return next;
    }

    /**
     * Waits for the end of a process that answers no questions.
     *
     * @throws IOException if it failed
     */
    void succeeded() throws IOException {
        try {
            if (process.waitFor() != 0) {
                throw lastWords();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw lastWords();
        }
    }

    /** Whether it has ended by itself, within a second in which it may be about to. */
    boolean ended() {
        try {
            return process.waitFor(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return !process.isAlive();
        }
    }

    /**
     * The bytes of memory that it holds, with its share of pages that several processes map, such as those of a model
     * or a library; 0 where the system does not say.
     */
    long bytes() {
        Path maps = Path.of("/proc", Long.toString(process.pid()), "smaps_rollup");
        try {
            return Files.exists(maps) ? bytes(Files.readAllLines(maps)) : 0;
        } catch (IOException gone) {
            return 0;
        }
    }

    /** Of a file {@code /proc/PID/smaps_rollup}. */
    static long bytes(List<String> maps) {
        return maps.stream()
                .filter(line -> line.startsWith("Pss:"))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
                .sum();
    }

    /** The kernels that OpenBLAS chose, which it names when OPENBLAS_VERBOSE=2. */
    String core() throws IOException {
        return Files.readAllLines(log, StandardCharsets.UTF_8).stream()
                .filter(line -> line.startsWith("Core: "))
                .findFirst()
                .map(line -> KERNELS + line.substring(6))
                .orElse("");
    }

    private IOException lastWords() throws IOException {
        List<String> said = Files.readAllLines(log, StandardCharsets.UTF_8);
        return new IOException("the process ended; its last words (" + log + "): "
                + String.join(" | ", said.subList(Math.max(0, said.size() - 3), said.size())));
    }

    /** Ends the process: a server leaves when its input ends. */
    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException gone) {
            // it has ended, and nobody reads what was still to be sent
        }
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
