package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.fathom.memory.Memory;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Closing twice does nothing, for everything of the benchmark that can be closed. */
class ClosingTest {
    private static final Path CLASSES = Path.of("target", "classes");

    @TempDir
    Path folder;

    @Test
    void thereIsACaseForEachClass() throws Exception {
        List<String> closeable = new ArrayList<>();
        try (Stream<Path> files = Files.walk(CLASSES)) {
            for (Path file : (Iterable<Path>) files.filter(f -> f.toString().endsWith(".class"))::iterator) {
                String name =
                        CLASSES.relativize(file).toString().replace('/', '.').replaceAll("\\.class$", "");
                Class<?> type = Class.forName(name, false, ClosingTest.class.getClassLoader());
                boolean pointer = Pointer.class.isAssignableFrom(type); // JavaCPP's, which owns nothing here
                if (AutoCloseable.class.isAssignableFrom(type) && !type.isInterface() && !pointer) {
                    closeable.add(type.getSimpleName());
                }
            }
        }
        assertThat(closeable).containsExactlyInAnyOrder("Child", "Crew", "Floats", "Loaded", "Served");
    }

    @Test
    void aProcessThatIsClosedTwice() throws Exception {
        Child child = new Child(new ProcessBuilder("cat"), folder.resolve("log"));
        child.close();
        assertThatCode(child::close).doesNotThrowAnyException();
    }

    @Test
    void aCrewThatIsClosedTwice() throws Exception {
        Crew crew = new Crew(folder, new HashSet<>());
        crew.summon(List.of(Contender.fathom(1)));
        crew.close();
        assertThatCode(crew::close).doesNotThrowAnyException();
    }

    @Test
    void floatsThatAreClosedTwice() {
        long owned = Memory.stats().owned();
        Floats first = new Floats(1024);
        first.close();
        Floats second = new Floats(1024);
        first.close();
        assertThat(Memory.stats().owned()).isGreaterThan(owned);
        second.close();
        assertThat(Memory.stats().owned()).isEqualTo(owned);
    }

    @Test
    void anEncoderThatIsClosedTwice() throws Exception {
        FathomEncoders.Loaded loaded = new FathomEncoders.Texts().make(new EncoderCase(1, 8, 1));
        assertThat(loaded.vectors()).hasNumberOfRows(1);
        loaded.close();
        assertThatCode(loaded::close).doesNotThrowAnyException();
    }

    @Test
    void aServedNetThatIsClosedTwice() {
        try (Model<Linear> model = Model.of(new Linear(3, 2), 1)) {
            Served served = new Served(Plan.freeze(model, Shape.of(1, 3)), new float[] {1, 2, 3});
            assertThat(served.answer()).hasSize(2);
            served.close();
            assertThatCode(served::close).doesNotThrowAnyException();
        }
    }
}
