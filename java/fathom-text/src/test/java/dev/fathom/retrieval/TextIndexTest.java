package dev.fathom.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.pretrained.Embedder;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Passages, what an index keeps and renews, and that answers are those of cosines between all vectors. */
class TextIndexTest {
    private static final Path MODELS = Path.of(System.getProperty("fathom.root"), "test-data", "pretrained");

    @TempDir
    private Path folder;

    private void file(String name, String text) throws IOException {
        Path path = folder.resolve(name);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    // ---- passages

    @Test
    void paragraphsAreParted() {
        String text = "# Title\n\nThe first paragraph is here,\non two lines.\r\n \t\nThe second one is a line.\n\n\n";
        assertThat(Passage.split("a", text, 60))
                .containsExactly(
                        new Passage("a", 1, 4, "# Title\n\nThe first paragraph is here,\non two lines."),
                        new Passage("a", 6, 6, "The second one is a line."));
        assertThat(Passage.split("a", " \n\n\t", 60)).isEmpty();
        assertThat(Passage.split("a", "", 60)).isEmpty();
        assertThat(Passage.split("a", "Few.\n\n# Title\n\nMore.", 60))
                .containsExactly(new Passage("a", 1, 1, "Few."), new Passage("a", 3, 5, "# Title\n\nMore."));
    }

    @Test
    void longParagraphsAreCutBehindSentencesThenLinesThenWords() {
        assertThat(Passage.split("a", "One is here. Two is\nthere. Three is where?", 27))
                .containsExactly(
                        new Passage("a", 1, 2, "One is here. Two is\nthere."),
                        new Passage("a", 2, 2, "Three is where?"));
        assertThat(Passage.split("a", "aaa bbb\nccc ddd", 12))
                .extracting(Passage::text)
                .containsExactly("aaa bbb", "ccc ddd");
        assertThat(Passage.split("a", "aaa bbb ccc", 8))
                .extracting(Passage::text)
                .containsExactly("aaa bbb", "ccc");
        assertThat(Passage.split("a", "abcdefg", 3)).extracting(Passage::text).containsExactly("abc", "def", "g");
        assertThat(Passage.split("a", "ab\ud83d\ude00cd", 3))
                .extracting(Passage::text)
                .containsExactly("ab", "\ud83d\ude00c", "d");
        assertThatThrownBy(() -> Passage.split("a", "b", 1)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Whatever the text, no passage is too long, and nothing but white space is lost. */
    @Test
    void nothingIsLost() {
        String alphabet = "ab \n.\u00e9\ud83d\ude00\t?";
        Random random = new Random(1);
        for (int n = 0; n < 2000; n++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(200); i > 0; i--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            int longest = 2 + random.nextInt(40);
            List<Passage> passages = Passage.split("a", text.toString(), longest);
            assertThat(passages)
                    .allMatch(p -> p.text().length() <= longest && !p.text().isBlank());
            StringBuilder joined = new StringBuilder();
            List<String> lines = text.toString().lines().toList();
            for (Passage p : passages) {
                joined.append(p.text());
                assertThat(lines.get(p.firstLine() - 1))
                        .contains(p.text().lines().findFirst().orElseThrow());
                assertThat(p.lastLine() - p.firstLine())
                        .isEqualTo((int) p.text().chars().filter(c -> c == '\n').count());
            }
            assertThat(joined.toString().replaceAll("\\s", ""))
                    .isEqualTo(text.toString().replaceAll("\\s", ""));
        }
    }

    // ---- the index

    @Test
    void answersAreTheLargestCosines() throws IOException {
        file("a.txt", "A cat sat on the mat.\n\nThe rent is due on the first of May, as it always was before.\n");
        file("sub/b.md", "Dogs bark at the moon because they are dogs, and nobody minds.");
        file("c.java", "class C {}");
        file(".hidden/d.txt", "hidden");
        try (var embedder = Embedder.load(MODELS.resolve("heads-bert"));
                var index = TextIndex.of(folder, embedder)) {
            assertThat(index.files()).isEqualTo(2);
            assertThat(index.passages())
                    .extracting(Passage::file)
                    .contains("a.txt", "sub/b.md")
                    .doesNotContain("c.java");
            String question = "the cat and the dogs";
            float[] q = embedder.embed(question);
            List<Passage> expected = new ArrayList<>(index.passages());
            expected.sort(Comparator.comparingDouble(p -> -Embedder.cosine(q, embedder.embed(p.text()))));
            List<TextIndex.Match> found = index.search(question, 100);
            assertThat(found).extracting(TextIndex.Match::passage).isEqualTo(expected);
            assertThat(found.get(0).score())
                    .isCloseTo(Embedder.cosine(q, embedder.embed(expected.get(0).text())), offset(1e-5f));
            assertThat(index.search(question, 1)).hasSize(1);
        }
    }

    private TextIndex open(Embedder embedder) {
        return TextIndex.of(folder, embedder);
    }

    @Test
    void onlyWhatChangedIsReadAgain() throws IOException {
        file("a.txt", "The first file.");
        file("b.txt", "The second file.");
        file("c.txt", "The third file.");
        try (var embedder = Embedder.load(MODELS.resolve("heads-bert"))) {
            List<TextIndex.Match> before;
            try (TextIndex index = open(embedder)) {
                assertThat(index.embedded()).isEqualTo(3);
                before = index.search("second", 3);
            }
            Path vectors;
            try (TextIndex index = open(embedder);
                    Stream<Path> files = Files.list(folder.resolve(TextIndex.FOLDER))) {
                assertThat(index.embedded()).isZero();
                assertThat(index.search("second", 3)).isEqualTo(before);
                vectors = files.filter(p -> p.toString().endsWith(".safetensors"))
                        .findFirst()
                        .orElseThrow();
            }
            Files.setLastModifiedTime(folder.resolve("a.txt"), FileTime.fromMillis(1_000));
            try (TextIndex index = open(embedder)) {
                assertThat(index.embedded()).isZero();
                assertThat(index.search("second", 3)).isEqualTo(before);
            }
            assertThat(vectors).doesNotExist();
            file("b.txt", "Another text is in the second file.");
            Files.delete(folder.resolve("c.txt"));
            int[] told = new int[2];
            try (TextIndex index =
                    TextIndex.of(folder, folder.resolve(TextIndex.FOLDER), embedder, Set.of(".txt"), (done, total) -> {
                        told[0] = done;
                        told[1] = total;
                    })) {
                assertThat(index.embedded()).isEqualTo(1);
                assertThat(index.passages())
                        .extracting(Passage::text)
                        .containsExactly("The first file.", "Another text is in the second file.");
                assertThat(index.search("Another text is in the second file.", 1)
                                .get(0)
                                .passage()
                                .file())
                        .isEqualTo("b.txt");
            }
            assertThat(told).containsExactly(1, 1);
            try (TextIndex index = open(embedder.dimensions(3))) { // is another model
                assertThat(index.embedded()).isEqualTo(2);
            }
        }
    }

    /** Whatever lies in the folder of the index, it is made anew. */
    @Test
    void aDamagedIndexIsMadeAnew() throws IOException {
        file("a.txt", "The first file.");
        try (var embedder = Embedder.load(MODELS.resolve("heads-bert"))) {
            open(embedder).close();
            Path list = folder.resolve(TextIndex.FOLDER).resolve("passages.json");
            String good = Files.readString(list);
            for (String bad : List.of(
                    "",
                    "{",
                    "[]",
                    good.replace("vectors-", "../"),
                    good.replace("\"size\":", "\"size\":x"),
                    good.replace("[1,1", "[1,1,1"),
                    good.substring(0, good.length() - 2),
                    good.replaceFirst("vectors-[0-9a-f]{8}", "vectors-00000000"))) {
                assertThat(bad).isNotEqualTo(good);
                Files.writeString(list, bad);
                try (TextIndex index = open(embedder)) {
                    assertThat(index.embedded()).as(bad).isEqualTo(1);
                }
            }
            try (Stream<Path> files = Files.list(folder.resolve(TextIndex.FOLDER))) {
                for (Path p :
                        files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
                    Files.writeString(p, "nothing");
                }
            }
            try (TextIndex index = open(embedder)) {
                assertThat(index.embedded()).isEqualTo(1);
                assertThat(index.search("file", 1)).hasSize(1);
            }
        }
    }

    @Test
    void filesThatAreNoTextAreNamed() throws IOException {
        file("empty.txt", "");
        file("bom.txt", "\ufeffA text.");
        Files.write(folder.resolve("latin.txt"), "caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));
        Files.write(folder.resolve("binary.txt"), new byte[] {65, 0, 66});
        try (RandomAccessFile huge =
                new RandomAccessFile(folder.resolve("huge.txt").toFile(), "rw")) {
            huge.setLength((64L << 20) + 1);
        }
        try (var embedder = Embedder.load(MODELS.resolve("heads-bert"))) {
            for (int time = 0; time < 2; time++) {
                try (TextIndex index = open(embedder)) {
                    assertThat(index.files()).isEqualTo(2);
                    assertThat(index.passages()).containsExactly(new Passage("bom.txt", 1, 1, "A text."));
                    assertThat(index.skipped())
                            .containsExactly(
                                    folder.resolve("binary.txt") + ": it is not UTF-8 text and is not indexed",
                                    folder.resolve("huge.txt")
                                            + ": it has 67108865 bytes and is not indexed; 64 MiB are the" + " most",
                                    folder.resolve("latin.txt") + ": it is not UTF-8 text and is not indexed");
                }
            }
            Path none = folder.resolve("none");
            assertThatThrownBy(() -> TextIndex.of(none, embedder))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("TextIndex: " + none + " is not a folder; give one with the text files to search");
            try (TextIndex index = TextIndex.of(Files.createDirectory(none), embedder)) {
                assertThat(index.search("anything", 3)).isEmpty();
            }
        }
    }
}
