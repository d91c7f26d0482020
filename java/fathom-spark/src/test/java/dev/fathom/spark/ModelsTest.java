package dev.fathom.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What tasks of one process share. */
class ModelsTest {
    private final List<String> opened = new ArrayList<>();
    private final List<String> closed = new ArrayList<>();

    private Answers<?> open(String name) {
        opened.add(name);
        return new TextAnswers((texts, options) -> Stream.of(), () -> closed.add(name));
    }

    @Test
    void aModelIsOpenedOnceForAllTasks() {
        Models models = new Models(Duration.ofHours(1));
        List<Answers<?>> seen = IntStream.range(0, 8)
                .parallel()
                .<Answers<?>>mapToObj(i -> models.with("a", () -> open("a"), model -> model))
                .toList();
        assertThat(seen).containsOnly(seen.get(0));
        models.with("b", () -> open("b"), model -> model);
        assertThat(opened).containsExactly("a", "b");
        assertThat(closed).isEmpty();
    }

    @Test
    void oneThatNobodyUsesIsClosedWhenAnotherIsOpened() {
        Models models = new Models(Duration.ZERO);
        models.with("a", () -> open("a"), a -> {
            models.with("b", () -> open("b"), b -> b);
            assertThat(closed).isEmpty();
            return models.with("c", () -> open("c"), c -> c);
        });
        assertThat(closed).containsExactly("b");
        models.with("d", () -> open("d"), d -> d);
        assertThat(closed).containsExactlyInAnyOrder("b", "a", "c");
        models.with("a", () -> open("a"), a -> a);
        assertThat(opened).containsExactly("a", "b", "c", "d", "a");
    }

    @Test
    void whatCannotBeOpenedIsTriedAgain() {
        Models models = new Models(Duration.ZERO);
        assertThatThrownBy(() -> models.with(
                        "a",
                        () -> {
                            throw new IllegalArgumentException("damaged");
                        },
                        a -> a))
                .hasMessage("damaged");
        models.with("a", () -> open("a"), a -> a);
        assertThat(opened).containsExactly("a");
    }
}
