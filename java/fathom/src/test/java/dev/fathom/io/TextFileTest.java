package dev.fathom.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Characters and lines of files, plain and gzip. */
class TextFileTest {
    @TempDir
    Path temp;

    private Path file(String text, boolean gzip) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (gzip) {
            var out = new ByteArrayOutputStream();
            try (var zip = new GZIPOutputStream(out)) {
                zip.write(bytes);
            }
            bytes = out.toByteArray();
        }
        return Files.write(temp.resolve("a.txt"), bytes);
    }

    private static List<String> lines(Path file) {
        List<String> lines = new ArrayList<>();
        TextFile.lines(file, "a text", (number, line) -> {
            lines.add(line);
            assertThat(number).isEqualTo(lines.size());
        });
        return lines;
    }

    @Test
    void linesEndWithALineFeed() throws IOException {
        for (boolean gzip : new boolean[] {false, true}) {
            assertThat(lines(file("a\nb\r\n\n\u2028c\r\u0085", gzip))).containsExactly("a", "b", "", "\u2028c\r\u0085");
            assertThat(lines(file("a\n", gzip))).containsExactly("a");
            assertThat(lines(file("\n", gzip))).containsExactly("");
            assertThat(lines(file("", gzip))).isEmpty();
            assertThat(lines(file("\ufeffa\n\ufeff", gzip)))
                    .as("a mark in front is none of the text")
                    .containsExactly("a", "\ufeff");
        }
        // lines across the chunks in which a file is read, and characters of four bytes across them
        String wide = "\ud83d\ude00".repeat(5000);
        assertThat(lines(file((wide + "\n" + "x").repeat(3), false)))
                .containsExactly(wide, "x" + wide, "x" + wide, "x");
        assertThat(TextFile.read(file("a\r\nb", true), "a text", 4)).isEqualTo("a\r\nb");
    }

    @Test
    void whatIsNoText() throws IOException {
        Path file = file("abcde", false);
        assertThatThrownBy(() -> TextFile.read(file, "a text", 4))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(file + ": it has more than 4 characters, which is too much for a text");
        for (byte[] bytes : new byte[][] {
            {(byte) 0xff}, {(byte) 0xc3}, {(byte) 0xed, (byte) 0xa0, (byte) 0x80}, {(byte) 0xc0, (byte) 0x80}
        }) {
            Files.write(file, bytes);
            assertThatThrownBy(() -> lines(file))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage(file + ": it is not UTF-8; convert it to UTF-8 first");
        }
        Files.write(file, new byte[] {0x1f, (byte) 0x8b});
        assertThatThrownBy(() -> lines(file))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(file + ": its gzip data are damaged; fetch it again");
        assertThatThrownBy(() -> TextFile.open(temp, "a text"))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + temp + ": it is not a file; give the path of a text, plain or gzip");
    }
}
