package dev.fathom.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.features.Examples;
import dev.fathom.labs.generative.VaeLab;
import dev.fathom.labs.series.ForecastRun;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.onnx.OnnxModel;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.series.Series;
import dev.fathom.tensor.Rng;
import dev.fathom.view.EventFile;
import dev.fathom.view.LivePage;
import dev.fathom.view.ProgressBar;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Closing twice does nothing, for everything of the labs, the views and the command line that can be closed. */
class ClosingTest {
    private static final Path ROOT = Path.of(System.getProperty("fathom.root"));

    private static final Images DIGITS = images(Shape.of(28, 28, 1));
    private static final Images BYTES =
            new Images("digits", List.of("0"), Shape.of(28, 28, 1), bytes(), bytes(), bytes());
    private static final OnnxModel ONNX = OnnxModel.read(ROOT.resolve("test-data/onnx/mlp.onnx"));
    private static final Interrupt INTERRUPT = Interrupt.install(nowhere());

    /** How to make one of each class. */
    private static final Map<String, Callable<AutoCloseable>> MAKERS = Map.ofEntries(
            Map.entry("Images", () -> images(Shape.of(2))),
            Map.entry("TrainedEntry", ClosingTest::outcome),
            Map.entry("Interrupt", () -> Interrupt.install(nowhere())),
            Map.entry("Line", ClosingTest::line),
            Map.entry("LivePage", () -> new LivePage(0)),
            Map.entry("EventFile", () -> new EventFile(temporary())),
            Map.entry("MeanClassifier", () -> hidden("reviews.MeanClassifier", null, null, 1, data(), data(), data())),
            Map.entry("Clothing", () -> hidden("ensembles.Clothing", lab(), examples(), examples())),
            Map.entry("Friedman", () -> hidden("ensembles.Friedman", lab())),
            Map.entry("Comparison", () -> hidden("images.Comparison", lab(), ImageSet.FASHION_MNIST, 100)),
            Map.entry("ForecastRun", () -> new ForecastRun(lab(), task(), 1)),
            Map.entry("ComparatorTraining", () -> hidden("autocts.ComparatorTraining", model(), 1)),
            Map.entry("BirdStudio", () -> hidden("generative.BirdStudio", lab(), 2, 1)),
            Map.entry("ImageStudy", () -> hidden("generative.ImageStudy", lab(), "Digits", BYTES, 2)),
            Map.entry("SampleQuality", () -> hidden("generative.SampleQuality", lab(), "Digits", DIGITS, 2)),
            Map.entry("Streaming", () -> hidden("outliers.Streaming", List.of(member()))),
            Map.entry("SelfPlay", () -> hidden("reinforcement.SelfPlay", new Adam(1), 1)),
            Map.entry("OnnxRunner", ClosingTest::runner),
            Map.entry("OnnxRuntime", ClosingTest::otherRuntime));

    static Set<String> names() {
        return new TreeSet<>(MAKERS.keySet());
    }

    @AfterAll
    static void end() {
        INTERRUPT.close();
        DIGITS.close();
        BYTES.close();
        ONNX.close();
    }

    private static PrintStream nowhere() {
        return new PrintStream(OutputStream.nullOutputStream());
    }

    /** The line of a progress bar, which is not public. */
    private static AutoCloseable line() throws ReflectiveOperationException {
        Constructor<?> constructor =
                Class.forName(ProgressBar.class.getName() + "$Line").getDeclaredConstructors()[0];
        constructor.setAccessible(true);
        return (AutoCloseable) constructor.newInstance(ProgressBar.bar(nowhere()));
    }

    /** A record of a lab that is not public. */
    private static AutoCloseable hidden(String name, @Nullable Object... parts) throws ReflectiveOperationException {
        return (AutoCloseable) made("dev.fathom.labs." + name, parts);
    }

    private static Object made(String name, @Nullable Object... parts) throws ReflectiveOperationException {
        Constructor<?> constructor = Stream.of(Class.forName(name).getDeclaredConstructors())
                .filter(c -> c.getParameterCount() == parts.length)
                .findFirst()
                .orElseThrow();
        constructor.setAccessible(true);
        return constructor.newInstance(parts);
    }

    private static AutoCloseable runner() throws ReflectiveOperationException {
        Object inputs = made("dev.fathom.cli.OnnxInputs$Filled", List.of(), List.of(), Map.of());
        return (AutoCloseable) made("dev.fathom.cli.OnnxRunner", ONNX, inputs, 1);
    }

    /** With a program in the place of the one that has ONNX Runtime. */
    private static AutoCloseable otherRuntime() throws IOException, ReflectiveOperationException {
        Path target = Files.createDirectories(temporary().resolve("bench/peers-ort/target"));
        Path source = Files.writeString(
                target.resolve("OrtCompare.java"),
                "package dev.fathom.bench.ort; public class OrtCompare { public static void main(String[] a) throws"
                        + " Exception { System.out.println(\"fathom ready 1\"); System.in.read(); } }");
        Files.writeString(target.resolve("classpath"), "");
        assertThat(ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-d", target.resolve("classes").toString(), source.toString()))
                .isZero();
        Path project = target.getParent().getParent().getParent();
        return (AutoCloseable) made("dev.fathom.cli.OnnxRuntime", project, Path.of("none.onnx"), 1, List.of());
    }

    private static Model<Layer> model() {
        return Model.of(new Linear(2, 2), 1);
    }

    private static Path temporary() throws IOException {
        Path folder = Files.createTempDirectory("closing");
        folder.toFile().deleteOnExit();
        return folder;
    }

    private static Images images(Shape shape) {
        return new Images("digits", List.of("0"), shape, data(shape), data(shape), data(shape));
    }

    /** A recurrent auto-encoder of one column. */
    private static Object member() throws ReflectiveOperationException {
        Class<?> cell = Class.forName("dev.fathom.labs.outliers.RecurrentAutoencoder$Cell");
        Method of = Class.forName("dev.fathom.labs.outliers.RecurrentAutoencoder")
                .getDeclaredMethod("of", int.class, cell, Rng.class);
        of.setAccessible(true);
        return of.invoke(null, 1, cell.getEnumConstants()[0], new Rng(1));
    }

    private static Dataset data() {
        return data(Shape.of(2));
    }

    private static Dataset data(Shape shape) {
        return Dataset.of(new float[(int) (64 * shape.size())], shape, new int[64]);
    }

    private static Dataset bytes() {
        return Dataset.images(new byte[64 * 28 * 28], Shape.of(28, 28, 1), new int[64]);
    }

    private static Examples examples() {
        return Examples.of(new float[2][1], 0, 1);
    }

    private static ForecastTask task() {
        double[][] values = new double[60][2];
        boolean[][] measured = new boolean[60][2];
        for (int t = 0; t < 60; t++) {
            Arrays.fill(values[t], Math.sin(t));
            Arrays.fill(measured[t], true);
        }
        Series series = Series.of(List.of("a", "b"), values);
        return new ForecastTask(
                "sine", "Sine", series, measured, 40, 50, 3, new int[] {1}, "days", 1, false, new double[0][]);
    }

    private static LabRun run() throws IOException {
        return new LabRun(true, null, 1, false, null, null, temporary(), INTERRUPT, nowhere(), nowhere());
    }

    private static Lab lab() throws IOException {
        return new Lab(new VaeLab(), run());
    }

    private static TrainedEntry outcome() {
        return new TrainedEntry(null, null, model(), 0, 0, "", "", null, 0, new double[0][], null, null);
    }

    @Test
    void thereIsACaseForEachClass() throws Exception {
        List<String> closeable = new ArrayList<>();
        for (String module :
                List.of("java/fathom-view", "java/fathom-experiments", "java/fathom-labs", "java/fathom-cli")) {
            for (Class<?> type : PublicApi.classes(ROOT.resolve(module).resolve("target/classes"))) {
                if (AutoCloseable.class.isAssignableFrom(type) && !type.isInterface()) {
                    closeable.add(type.getSimpleName());
                }
            }
        }
        assertThat(MAKERS.keySet()).containsExactlyInAnyOrderElementsOf(closeable);
    }

    @ParameterizedTest
    @MethodSource("names")
    void closingTwiceDoesNothing(String name) throws Exception {
        long owned = settled();
        AutoCloseable first = MAKERS.get(name).call();
        first.close();
        assertThat(settled()).as(name).isEqualTo(owned);
        AutoCloseable second = MAKERS.get(name).call();
        long open = settled();
        assertThatCode(first::close).doesNotThrowAnyException();
        assertThat(settled()).as(name).isEqualTo(open);
        second.close();
    }

    /**
     * The bytes that are owned once the garbage collector has given back what is left to it, such as the order of
     * shuffled batches.
     */
    private static long settled() throws InterruptedException {
        long owned = -1;
        for (int same = 0; same < 5; same++) {
            System.gc();
            Thread.sleep(10);
            if (Memory.stats().owned() != owned) {
                owned = Memory.stats().owned();
                same = 0;
            }
        }
        return owned;
    }
}
