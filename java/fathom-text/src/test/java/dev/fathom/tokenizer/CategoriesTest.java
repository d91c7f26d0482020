package dev.fathom.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;

/**
 * The table of categories is that of JDK 17, whose Unicode is version 13. {@code -Dfathom.unicode.write=true} writes it
 * again.
 */
class CategoriesTest {
    private static final boolean VERSION_13 = Runtime.version().feature() == 17;

    private static int value(int c) {
        return Character.getType(c) + (Character.isAlphabetic(c) ? Categories.ALPHABETIC : 0);
    }

    @Test
    void everyCodePointHasItsCategory() throws IOException {
        if (Boolean.getBoolean("fathom.unicode.write")) {
            write(Path.of(System.getProperty("fathom.root"))
                    .resolve("java/fathom-text/src/main/resources/dev/fathom/tokenizer")
                    .resolve(Categories.FILE));
        }
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            int known = Categories.of(c) + (Categories.alphabetic(c) ? Categories.ALPHABETIC : 0);
            // a later version names what had no name, and changes few of the others
            if (VERSION_13 && known != value(c)) {
                assertThat(known).as("U+%04X", c).isEqualTo(value(c));
            }
        }
        assertThat(Categories.of(0x10ffff)).isEqualTo(Character.getType(0x10ffff));
        assertThat(Categories.of('a')).isEqualTo(Character.LOWERCASE_LETTER);
        assertThat(Categories.alphabetic(0x24b6)).isTrue();
        assertThat(Categories.of(0xfbc2)).isEqualTo(Character.UNASSIGNED); // a symbol from version 14 on
    }

    private static void write(Path file) throws IOException {
        assertThat(VERSION_13).as("JDK 17, whose Unicode is version 13").isTrue();
        List<Integer> starts = new ArrayList<>();
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            if (c == 0 || value(c) != value(c - 1)) {
                starts.add(c);
            }
        }
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(new DeflaterOutputStream(bytes))) {
            out.writeInt(starts.size());
            for (int start : starts) {
                out.writeInt(start);
                out.writeByte(value(start));
            }
        }
        Files.createDirectories(file.getParent());
        Files.write(file, bytes.toByteArray());
    }
}
