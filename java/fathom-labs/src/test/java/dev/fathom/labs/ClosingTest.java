package dev.fathom.labs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.training.Interrupt;
import dev.fathom.labs.training.Outcome;
import dev.fathom.memory.Memory;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.view.ProgressBar;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Closing twice does nothing, for everything of the labs and the views that can be closed. */
class ClosingTest {
    private static final Path ROOT = Path.of(System.getProperty("fathom.root"));

    /** How to make one of each class. */
    private static final Map<String, Callable<AutoCloseable>> MAKERS = Map.of(
            "Images",
            () -> new Images("digits", List.of("0"), Shape.of(2), data(), data(), data()),
            "Outcome",
            ClosingTest::outcome,
            "Interrupt",
            () -> Interrupt.install(nowhere()),
            "Line",
            ClosingTest::line,
            "NameModel",
            () -> hidden("characters.NameModel", "net", model(), 1),
            "MeanClassifier",
            () -> hidden("reviews.MeanClassifier", null, null, 1, data(), data(), data()),
            "Translator",
            () -> hidden("translation.Translator", null, null, model(), null, Map.of(), null),
            "ClothingStudy",
            () -> hidden("ensembles.ClothingStudy", run(), null, examples(), examples()),
            "FriedmanStudy",
            () -> hidden("ensembles.FriedmanStudy", run(), null));

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
        Constructor<?> constructor = Class.forName("dev.fathom.labs." + name).getDeclaredConstructors()[0];
        constructor.setAccessible(true);
        return (AutoCloseable) constructor.newInstance(parts);
    }

    private static Model<Layer> model() {
        return Model.of(new Linear(2, 2), 1);
    }

    private static Dataset data() {
        return Dataset.of(new float[4], Shape.of(2), new int[2]);
    }

    private static Examples examples() {
        return Examples.of(new float[2][1], 0, 1);
    }

    private static Run run() {
        return new Run(true, null, 1, false, null, null, ROOT, null, nowhere(), nowhere());
    }

    private static Outcome outcome() {
        return new Outcome(null, null, model(), 0, 0, "", "", null, 0, new double[0][], null, null);
    }

    @Test
    void thereIsACaseForEachClass() throws Exception {
        List<String> closeable = new ArrayList<>();
        for (String module : List.of("java/fathom-view", "java/fathom-labs")) {
            for (Class<?> type : PublicApi.classes(ROOT.resolve(module).resolve("target/classes"))) {
                if (AutoCloseable.class.isAssignableFrom(type) && !type.isInterface()) {
                    closeable.add(type.getSimpleName());
                }
            }
        }
        assertThat(MAKERS.keySet()).containsExactlyInAnyOrderElementsOf(closeable);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Images",
                "Outcome",
                "Interrupt",
                "Line",
                "NameModel",
                "MeanClassifier",
                "Translator",
                "ClothingStudy",
                "FriedmanStudy"
            })
    void closingTwiceDoesNothing(String name) throws Exception {
        long owned = Memory.stats().owned();
        AutoCloseable first = MAKERS.get(name).call();
        first.close();
        assertThat(Memory.stats().owned()).isEqualTo(owned);
        AutoCloseable second = MAKERS.get(name).call();
        long open = Memory.stats().owned();
        assertThatCode(first::close).doesNotThrowAnyException();
        assertThat(Memory.stats().owned()).isEqualTo(open);
        second.close();
    }
}
