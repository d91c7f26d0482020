package dev.fathom.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import dev.fathom.files.Npz;
import dev.fathom.io.Npy;
import dev.fathom.op.DType;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small models of published architectures, beside ONNX Runtime's numbers: {@code test-data/onnx/models.csv} says of
 * each whether it runs and whether it can be frozen, or why not. With {@code -Dfathom.onnx.write=true} the test writes
 * there what it finds.
 */
class PublishedModelsTest {
    private static final Path FOLDER = Path.of(System.getProperty("fathom.root"), "test-data/onnx");
    private static final Path TABLE = FOLDER.resolve("models.csv");
    private static final String PASS = "pass";

    /** Values of an output, of which a golden has some. */
    private record Output(int[] dims, float[] values) {}

    static Stream<String> models() throws IOException {
        return table().stream().map(row -> row.get("name"));
    }

    private static List<Map<String, String>> table() throws IOException {
        try (CsvReader<NamedCsvRecord> rows = CsvReader.builder().ofNamedCsvRecord(TABLE)) {
            return rows.stream().map(NamedCsvRecord::getFieldsAsMap).toList();
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void asTheTableSays(String name) throws IOException {
        Map<String, String> row = table().stream()
                .filter(r -> r.get("name").equals(name))
                .findFirst()
                .orElseThrow();
        double within = Double.parseDouble(row.get("within"));
        Map<String, String> found = new LinkedHashMap<>(row);
        try (OnnxModel model = OnnxModel.read(FOLDER.resolve(name + ".onnx"))) {
            found.put("run", outcome(() -> run(model, name, within)));
            found.put("plan", outcome(() -> freeze(model, name, within)));
        } catch (RuntimeException e) {
            found.put("run", reason(e));
            found.put("plan", reason(e));
        }
        if (Boolean.getBoolean("fathom.onnx.write")) {
            write(found);
            return;
        }
        for (String column : List.of("run", "plan")) {
            boolean passes = found.get(column).equals(PASS);
            assertThat(passes)
                    .as(
                            "%s of %s is \"%s\", but models.csv says \"%s\"; run this test with"
                                    + " -Dfathom.onnx.write=true, and look at what changed",
                            column, name, found.get(column), row.get(column))
                    .isEqualTo(row.get(column).equals(PASS));
        }
    }

    /** Every file has its row, and every row its files. */
    @Test
    void theTableIsComplete() throws IOException {
        TreeSet<String> expected = new TreeSet<>();
        models().forEach(name -> expected.addAll(List.of(name + ".onnx", name + ".npz")));
        try (Stream<Path> files = Files.list(FOLDER)) {
            assertThat(files.map(f -> f.getFileName().toString())
                            .filter(f -> f.endsWith(".onnx") || f.endsWith(".npz"))
                            .collect(Collectors.toCollection(() -> new TreeSet<>())))
                    .isEqualTo(expected);
        }
    }

    // ---- what happens

    private static String outcome(Runnable task) {
        try {
            task.run();
            return PASS;
        } catch (RuntimeException | AssertionError e) {
            return reason(e);
        }
    }

    private static String reason(Throwable e) {
        String said = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        said = said.replace(FOLDER + "/", "").replaceFirst("^[a-z0-9-]+[.]onnx: ", "");
        boolean words = e instanceof IllegalArgumentException
                || e instanceof IllegalStateException
                || e instanceof UnsupportedOperationException
                || e instanceof AssertionError;
        return words ? said : e.getClass().getSimpleName() + ": " + said;
    }

    private static void run(OnnxModel model, String name, double within) {
        for (Map<String, Npy> golden : cases(name)) {
            try (Pass pass = Pass.infer()) {
                Tensor[] in = model.inputs().stream()
                        .map(i -> golden.get("in." + word(i)).tensor())
                        .toArray(Tensor[]::new);
                model.run(in).forEach((output, y) -> {
                    float[] values = y.dtype() == DType.F32
                            ? y.toArray()
                            : y.to(DType.F32).toArray();
                    same(golden, output, new Output(y.shape().toArray(), values), within);
                });
            }
        }
    }

    /** Freezes with the batch and one length free, or where more are, with the sizes of each case. */
    private static void freeze(OnnxModel model, String name, double within) {
        for (Map<String, Npy> golden : cases(name)) {
            try (Plan plan = model.plan(sizes(model, golden))) {
                int batch = 1;
                int length = -1;
                for (Spec spec : plan.inputs()) {
                    int[] dims = golden.get("in." + spec.name()).shape().toArray();
                    for (int d = 0; d < dims.length; d++) {
                        batch = spec.dims()[d] == Dim.BATCH ? dims[d] : batch;
                        length = spec.dims()[d] == Dim.LENGTH ? dims[d] : length;
                    }
                }
                try (Session session = length < 0 ? plan.newSession(batch) : plan.newSession(batch, length)) {
                    for (Spec spec : plan.inputs()) {
                        Npy value = golden.get("in." + spec.name());
                        if (spec.dtype() == DType.F32) {
                            session.set(spec.name(), floats(value));
                        } else {
                            session.set(spec.name(), ints(value));
                        }
                    }
                    session.run();
                    for (Spec spec : plan.outputs()) {
                        int[] dims = session.outputShape(spec.name()).toArray();
                        same(golden, spec.name(), new Output(dims, values(session, spec)), within);
                    }
                }
            }
        }
    }

    private static float[] values(Session session, Spec output) {
        if (output.dtype() == DType.F32) {
            FloatBuffer from = session.output(output.name());
            float[] values = new float[from.limit()];
            from.get(0, values);
            return values;
        }
        IntBuffer from = session.intOutput(output.name());
        float[] values = new float[from.limit()];
        for (int i = 0; i < values.length; i++) {
            values[i] = from.get(i);
        }
        return values;
    }

    /** The sizes of free dimensions, where they are more than the batch and one length. */
    private static Map<String, Integer> sizes(OnnxModel model, Map<String, Npy> golden) {
        Map<String, Integer> sizes = new HashMap<>();
        for (String input : model.inputs()) {
            int[] dims = golden.get("in." + word(input)).shape().toArray();
            String listed = input.substring(input.indexOf('[') + 1, input.length() - 1);
            String[] names = listed.isEmpty() ? new String[0] : listed.split(", ");
            for (int d = 1; d < names.length; d++) {
                if (!Character.isDigit(names[d].charAt(0))) {
                    sizes.put(names[d], dims[d]);
                }
            }
        }
        return sizes.size() > 1 ? sizes : Map.of();
    }

    // ---- goldens

    /** The name in front of type and dimensions. */
    private static String word(String input) {
        return input.substring(0, input.indexOf(' '));
    }

    private static List<Map<String, Npy>> cases(String name) {
        List<Map<String, Npy>> cases = new ArrayList<>();
        Npz.read(FOLDER.resolve(name + ".npz")).forEach((key, array) -> {
            int number = Integer.parseInt(key.substring(0, key.indexOf('.')));
            if (cases.size() == number) {
                cases.add(new LinkedHashMap<>());
            }
            cases.get(number).put(key.substring(key.indexOf('.') + 1), array);
        });
        return cases;
    }

    /** An error is measured by the largest magnitude of the output. */
    private static void same(Map<String, Npy> golden, String name, Output got, double within) {
        int[] dims = ints(golden.get("shape." + name));
        if (!Arrays.equals(got.dims(), dims)) {
            throw new AssertionError(
                    name + " has the shape " + Arrays.toString(got.dims()) + ", not " + Arrays.toString(dims));
        }
        float[] some = floats(golden.get("out." + name));
        float[] sums = floats(golden.get("sums." + name));
        float[] all = got.values();
        int stride = stride(all.length, some.length);
        double most = 1e-6;
        for (float v : some) {
            most = Math.max(most, Math.abs(v));
        }
        double sum = 0;
        double magnitudes = 0;
        for (float v : all) {
            sum += v;
            magnitudes += Math.abs(v);
        }
        for (int i = 0; i < some.length; i++) {
            close(name + " at " + i * stride, all[i * stride], some[i], within * most);
        }
        close("the sum of " + name, sum, sums[0], within * most * all.length);
        close("the sum of magnitudes of " + name, magnitudes, sums[1], within * most * all.length);
    }

    private static int stride(int all, int some) {
        int stride = 1;
        while ((all + stride - 1) / stride > some) {
            stride += 2;
        }
        return stride;
    }

    private static void close(String what, double got, double want, double within) {
        if (!(Math.abs(got - want) <= within)) {
            throw new AssertionError(
                    String.format(Locale.ROOT, "computes other numbers: %s is %.6g, not %.6g", what, got, want));
        }
    }

    private static int[] ints(Npy array) {
        try (Pass pass = Pass.infer()) {
            float[] all = array.tensor().to(DType.F32).toArray();
            int[] whole = new int[all.length];
            for (int i = 0; i < whole.length; i++) {
                whole[i] = (int) all[i];
            }
            return whole;
        }
    }

    private static float[] floats(Npy array) {
        try (Pass pass = Pass.infer()) {
            return array.tensor().toArray();
        }
    }

    private static synchronized void write(Map<String, String> found) {
        try {
            List<Map<String, String>> rows = table();
            try (CsvWriter csv =
                    CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(TABLE)) {
                csv.writeRecord(rows.get(0).keySet());
                rows.forEach(
                        row -> csv.writeRecord((row.get("name").equals(found.get("name")) ? found : row).values()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
