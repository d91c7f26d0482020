package dev.fathom.experiments.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.io.TextFile;
import dev.fathom.text.Texts;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.Words;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The reviews of IMDB: tables out of the publisher's archive, where they are looked for, Keras's numbers of their
 * words.
 */
class ImdbTest {
    /** Two of each class in each part, as the publisher packs them, and much else. */
    static final List<String> FILES = List.of(
            "aclImdb/train/pos/0_9.txt",
            "aclImdb/train/pos/10_7.txt",
            "aclImdb/train/neg/0_3.txt",
            "aclImdb/train/neg/2_1.txt",
            "aclImdb/train/unsup/0_0.txt",
            "aclImdb/train/pos/../../../etc/1_1.txt",
            "aclImdb/imdb.vocab",
            "aclImdb/test/neg/1_1.txt",
            "aclImdb/test/neg/0_2.txt",
            "aclImdb/test/pos/0_10.txt",
            "aclImdb/test/pos/3_8.txt");

    @TempDir
    Path temp;

    @BeforeEach
    void empty() {
        System.setProperty("fathom.data", temp.resolve("data").toString());
        System.setProperty("fathom.cache", temp.resolve("cache").toString());
    }

    @AfterEach
    void asBefore() {
        System.clearProperty("fathom.data");
        System.clearProperty("fathom.cache");
    }

    static byte[] archive(List<String> files) throws IOException {
        var tar = new ByteArrayOutputStream();
        for (String name : files) {
            String text = name.replace("aclImdb/", "") + "\t\"a\u00e9\"\n<br />";
            tar.write(TarTest.entry(name, '0', text.getBytes(StandardCharsets.UTF_8)));
        }
        return TarTest.gzip(tar.toByteArray());
    }

    @Test
    void tablesOutOfTheArchive() throws IOException {
        Path archive = Files.write(temp.resolve("a.tar.gz"), archive(FILES));
        Path folder = temp.resolve("cache/data/imdb");
        Imdb.convert(archive, folder, 2);
        assertThat(TextFile.read(folder.resolve("train.tsv.gz"), "a table", 1000))
                .isEqualTo("""
                        label\trating\tid\ttext
                        0\t3\t0\ttrain/neg/0_3.txt "a\u00e9" <br />
                        1\t9\t0\ttrain/pos/0_9.txt "a\u00e9" <br />
                        0\t1\t2\ttrain/neg/2_1.txt "a\u00e9" <br />
                        1\t7\t10\ttrain/pos/10_7.txt "a\u00e9" <br />
                        """);
        Texts test = Imdb.read(folder, true);
        assertThat(test.labels()).containsExactly(0, 1, 0, 1);
        assertThat(test.text(1)).startsWith("test/pos/0_10.txt");
        assertThat(Imdb.whole(folder)).as("25,000 are the whole").isFalse();
    }

    @Test
    void archivesThatLackSomething() throws IOException {
        Path archive = temp.resolve("a.tar.gz");
        byte[] whole = archive(FILES);
        Files.write(archive, archive(FILES.subList(0, 10)));
        assertThatThrownBy(() -> Imdb.convert(archive, temp, 2))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage(archive + ": it has 1 reviews pos in test and not 2; remove it and fetch it again");
        Files.write(archive, Arrays.copyOf(whole, whole.length / 2));
        assertThatThrownBy(() -> Imdb.convert(archive, temp, 2))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage(archive + ": it is truncated; remove it and fetch it again");
        byte[] latin = TarTest.gzip(TarTest.entry("aclImdb/train/pos/0_9.txt", '0', new byte[] {(byte) 0xe9}));
        Files.write(archive, latin);
        assertThatThrownBy(() -> Imdb.convert(archive, temp, 2))
                .hasMessage(archive + ": aclImdb/train/pos/0_9.txt in it is not UTF-8; remove it and fetch it again");
        byte[] huge = TarTest.gzip(TarTest.entry("aclImdb/train/pos/0_9.txt", '0', new byte[140_000]));
        Files.write(archive, huge);
        assertThatThrownBy(() -> Imdb.convert(archive, temp, 2))
                .hasMessage(archive
                        + ": aclImdb/train/pos/0_9.txt in it claims 140000 bytes, but 131072 are the most; remove "
                        + "it and "
                        + "fetch it again");
        assertThat(temp.resolve("train.tsv.gz")).doesNotExist();
    }

    @Test
    void theFolderThatHasAllThreeFiles() throws IOException {
        assertThatThrownBy(Imdb::folder)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("the reviews of IMDB are not here: neither " + temp.resolve("data/imdb") + " nor "
                        + temp.resolve("cache/data/imdb")
                        + " has train.tsv.gz, test.tsv.gz and imdb_word_index.json; ./fathom data imdb fetches them");
        for (Path folder : List.of(temp.resolve("cache/data/imdb"), temp.resolve("data/imdb"))) {
            Imdb.convert(Files.write(temp.resolve("a.tar.gz"), archive(FILES)), folder, 2);
            String index = "{\"film\": 2, \"the\": 1, \"br\": 3}";
            if (folder.startsWith(temp.resolve("data"))) {
                assertThat(Imdb.folder()).as("an index is missing").isEqualTo(Imdb.cache());
                Files.write(folder.resolve(Imdb.INDEX + ".gz"), TarTest.gzip(index.getBytes()));
            } else {
                Files.writeString(folder.resolve(Imdb.INDEX), index);
            }
            assertThat(Imdb.folder()).isEqualTo(folder);
            Vocabulary words = Imdb.words(folder);
            assertThat(words.withStartAndEnd(Words.keras().tokens("The film <br />!")))
                    .containsExactly(1, 4, 5, 6);
        }
    }
}
