package dev.fathom.labs.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.labs.training.Interrupt;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is finished is kept and taken up again, and nothing else. */
class KeptPartsTest {
    @TempDir
    Path temp;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final PrintStream printed = new PrintStream(out, true, StandardCharsets.UTF_8);
    private final Interrupt interrupt = Interrupt.install(printed);

    private record Part(double score, float[] said, Map<String, List<Integer>> tallies) {}

    private static final Part PART = new Part(1.0 / 3, new float[] {0.1f, Float.NaN}, Map.of("won", List.of(1, 2)));

    @AfterEach
    void end() {
        interrupt.close();
    }

    private KeptParts<Part> parts(boolean resume, long seed, String sizes) {
        LabRun run = new LabRun(true, null, seed, resume, null, null, temp, interrupt, printed, printed);
        return new KeptParts<>(run, "parts", Part.class, sizes);
    }

    private static Supplier<Part> never() {
        return () -> {
            throw new AssertionError("it is made again");
        };
    }

    @Test
    void aResumedRunTakesWhatIsFinished() {
        assertThat(parts(false, 1, "10 steps").of("Agent 1", () -> PART)).containsSame(PART);
        assertThat(temp.resolve("parts/agent-1.json")).isNotEmptyFile();
        Part kept = parts(true, 1, "10 steps").of("Agent 1", never()).orElseThrow();
        assertThat(kept.score()).isEqualTo(PART.score());
        assertThat(kept.said()).containsExactly(0.1f, Float.NaN);
        assertThat(kept.tallies()).isEqualTo(PART.tallies());
        assertThatThrownBy(() -> parts(false, 1, "10 steps").of("Agent 1", never()))
                .hasMessageContaining("made again");
    }

    @Test
    void aPartOfOtherSettingsIsMadeAnewAndTheRunSaysSo() {
        parts(false, 1, "10 steps").of("agent", () -> PART);
        Part other = new Part(2, new float[0], Map.of());
        assertThat(parts(true, 2, "10 steps").of("agent", () -> other)).containsSame(other);
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("was made with seed 1, short form, 10 steps, and is made anew with seed 2, short form");
        assertThat(parts(true, 2, "20 steps").of("agent", () -> PART)).containsSame(PART);
    }

    @Test
    void anInterruptedPartIsNotKept() {
        assertThat(parts(false, 1, "").of("agent", () -> {
                    interrupt.request();
                    return PART;
                }))
                .isEmpty();
        assertThat(temp.resolve("parts")).doesNotExist();
        assertThat(parts(false, 1, "").of("other", never())).isEmpty();
    }

    @Test
    void aDamagedFileIsNamed() throws Exception {
        Files.createDirectories(temp.resolve("parts"));
        for (String text : List.of("", "{", "[]", "{\"settings\": \"seed 1\"}")) {
            Files.writeString(temp.resolve("parts/agent.json"), text);
            assertThatThrownBy(() -> parts(true, 1, "").of("agent", () -> PART))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("agent.json: it is damaged; remove it");
        }
    }
}
