package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.TestData;
import dev.fathom.image.Picture;
import dev.fathom.labs.style.Painting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom style}. */
class StyleCommandTest {
    @TempDir
    Path temp;

    /** A photograph in a style with previews; a run that goes on to more iterations; and the same bits again. */
    @Test
    void theCommandPaintsAndGoesOn() throws IOException {
        TestData.assume("style-transfer");
        Path first = temp.resolve("first");
        assertThat(style(first, 20, "--resume").code()).isZero();
        CommandLineRun more = style(first, 40, "--resume");
        assertThat(more.err()).isEmpty();
        assertThat(more.out()).contains("resumed from ").endsWith(first.resolve("styled.png") + "\n");
        assertThat(first.resolve("preview-0020.png")).isNotEmptyFile();
        assertThat(first.resolve("preview-0040.png")).isNotEmptyFile();
        Path whole = temp.resolve("whole");
        assertThat(style(whole, 40).code()).isZero();
        assertThat(Files.readAllBytes(whole.resolve("styled.png")))
                .isEqualTo(Files.readAllBytes(first.resolve("styled.png")));
        Picture styled = Picture.read(whole.resolve("styled.png"), 48);
        assertThat(List.of(styled.width(), styled.height())).isEqualTo(List.of(48, 36));
    }

    private static CommandLineRun style(Path out, int iterations, String... more) {
        Path pictures = Path.of(System.getenv("FATHOM_DATA"), "style-transfer");
        List<String> args = new ArrayList<>(List.of(
                "style",
                pictures.resolve("tubingen.jpg").toString(),
                pictures.resolve("the_scream.jpg").toString(),
                "--size",
                "48",
                "--iterations",
                Integer.toString(iterations),
                "--out",
                out.toString()));
        args.addAll(List.of(more));
        return CommandLineRun.of(args.toArray(String[]::new));
    }

    @Test
    void badInputIsASentence() throws IOException {
        Path text = Files.writeString(temp.resolve("text.jpg"), "no picture");
        CommandLineRun unreadable = CommandLineRun.of("style", text.toString(), text.toString());
        assertThat(unreadable.code()).isEqualTo(1);
        assertThat(unreadable.err()).isEqualTo("fathom style: " + text + ": it is neither PNG nor JPEG nor BMP\n");
        CommandLineRun missing =
                CommandLineRun.of("style", temp.resolve("none.png").toString());
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).startsWith("fathom style: " + temp.resolve("none.png") + ": it cannot be read");
        Painting.write(Painting.noise(8, 8, 1), temp.resolve("tiny.png"));
        String tiny = temp.resolve("tiny.png").toString();
        assertThat(CommandLineRun.of("style", tiny, tiny, "--weight", "0").err())
                .startsWith("fathom style: --weight 0.0: choose a number above 0");
        assertThat(CommandLineRun.of("style", tiny, tiny, "--size", "8", "--out", temp.toString())
                        .err())
                .startsWith("fathom style: --size 8: choose at least 32 and at most 4096");
        assertThat(CommandLineRun.of("style", tiny, tiny, "--size", "100000", "--out", temp.toString())
                        .err())
                .startsWith("fathom style: --size 100000: choose at least 32 and at most 4096");
        Path strip = temp.resolve("strip.png");
        Painting.write(Painting.noise(3, 300, 1), strip);
        CommandLineRun narrow = CommandLineRun.of("style", strip.toString(), "--out", temp.toString());
        assertThat(narrow.code()).isEqualTo(1);
        assertThat(narrow.err())
                .isEqualTo("fathom style: " + strip + ": at --size 384 it has 384 x 4 pixels; both sides need at least "
                        + "32, so choose a larger size, or cut the picture\n");
        assertThat(CommandLineRun.of("style", tiny, tiny, "--model", "eye").err())
                .startsWith("fathom style: there is no model eye; there are squeezenet1_1");
        assertThat(CommandLineRun.of("style", tiny, tiny, "--model", "resnet18", "--out", temp.toString())
                        .err())
                .startsWith("fathom style: resnet18 has no layers that are known to tell a style");
    }
}
