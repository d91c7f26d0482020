package dev.fathom.cli;

import dev.fathom.op.Shape;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * ONNX Runtime in a process of its own, as the project's benchmarks build it: it is no part of Fathom, and on no class
 * path of it.
 */
final class OnnxRuntime implements AutoCloseable {
    private static final String MAIN = "dev.fathom.bench.ort.OrtCompare";
    private static final String MARK = "fathom ";

    /**
     * What some runs took.
     *
     * @param heap bytes of a run
     * @param resident bytes by which the process has grown since the model was read
     */
    record Timed(long heap, long resident, double[] micros) {}

    private final Path folder;
    private final Path log;
    private final Process process;
    private final BufferedReader from;
    private final BufferedWriter to;
    private final String version;

    /**
     * Runs a model once.
     *
     * @param project the folder of the project
     * @throws IllegalStateException if ONNX Runtime is not built there, or refuses the model
     */
    OnnxRuntime(Path project, Path model, int threads, List<NamedArray> inputs) {
        Path target = project.resolve("bench/peers-ort/target");
        Path classes = target.resolve("classes");
        Path others = target.resolve("classpath");
        if (!Files.exists(classes.resolve(MAIN.replace('.', '/') + ".class")) || !Files.exists(others)) {
            throw new IllegalStateException("ONNX Runtime is not built here; mvn -q -DskipTests -Ppeers package -pl"
                    + " bench/peers-ort -am in " + project + " fetches it, or give stored outputs by --golden");
        }
        try {
            folder = Files.createTempDirectory("fathom-compare");
            log = folder.resolve("log");
            List<String> lines = new ArrayList<>();
            for (NamedArray a : inputs) {
                a.writeRaw(folder.resolve("input-" + lines.size() + ".bin"));
                lines.add(Arrays.stream(a.shape().toArray())
                                .mapToObj(String::valueOf)
                                .collect(Collectors.joining(","))
                        + "\t" + a.name());
            }
            Files.write(folder.resolve("inputs.txt"), lines);
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--enable-native-access=ALL-UNNAMED",
                            "-cp",
                            classes
                                    + System.getProperty("path.separator")
                                    + Files.readString(others).strip(),
                            MAIN,
                            model.toString(),
                            Integer.toString(threads),
                            folder.toString())
                    .redirectError(log.toFile())
                    .start();
            from = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            to = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
            version = answer().replace("ready ", "");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start ONNX Runtime: " + e.getMessage(), e);
        }
    }

    String version() {
        return version;
    }

    private String answer() throws IOException {
        for (String line = from.readLine(); line != null; line = from.readLine()) {
            if (line.startsWith(MARK + "error ")) {
                close();
                throw new IllegalStateException("ONNX Runtime: " + line.substring(MARK.length() + 6));
            }
            if (line.startsWith(MARK)) {
                return line.substring(MARK.length());
            }
        }
        List<String> said = Files.readAllLines(log);
        close();
        throw new IllegalStateException("ONNX Runtime has ended; its last words: "
                + String.join(" | ", said.subList(Math.max(0, said.size() - 3), said.size())));
    }

    /** What the model gave. */
    List<NamedArray> outputs() {
        List<NamedArray> outputs = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(folder.resolve("outputs.txt"))) {
                String[] parts = line.split("\t", 3);
                int[] dims = parts[1].isEmpty()
                        ? new int[0]
                        : Stream.of(parts[1].split(","))
                                .mapToInt(Integer::parseInt)
                                .toArray();
                outputs.add(NamedArray.readRaw(
                        folder.resolve("output-" + outputs.size() + ".bin"),
                        parts[2],
                        Shape.of(dims),
                        parts[0].equals("int")));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return outputs;
    }

    /** Runs the model so many times. */
    Timed run(int runs) {
        try {
            to.write(runs + "\n");
            to.flush();
            double[] numbers = Stream.of(answer().split(" "))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
            return new Timed(
                    (long) numbers[0],
                    (long) numbers[1],
                    Arrays.stream(numbers, 2, numbers.length).map(n -> n / 1e3).toArray());
        } catch (IOException e) {
            throw new UncheckedIOException("ONNX Runtime does not answer: " + e.getMessage(), e);
        }
    }

    /** Ends the process, which leaves when its input ends, and removes what was exchanged. */
    @Override
    public void close() {
        try {
            process.getOutputStream().close();
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(f -> f.toFile().delete());
        } catch (IOException e) {
            // it lies among temporary files
        }
    }
}
