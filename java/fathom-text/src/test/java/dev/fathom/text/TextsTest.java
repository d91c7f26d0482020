package dev.fathom.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Padding;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts from files and folders, and what a batch has of them. */
class TextsTest {
    @TempDir
    Path temp;

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    private Path file(String text) throws IOException {
        return Files.writeString(temp.resolve("texts.tsv"), text);
    }

    // ---- files

    @Test
    void aTableWithTabs() throws IOException {
        String text = "label\trating\ttext\n1\t9\t\"Good\", she said.\r\n0\t2\tBad 'film\n1\t7\t\n";
        for (boolean gzip : new boolean[] {false, true}) {
            Path file = file(text);
            if (gzip) {
                Files.write(file, gzip(text));
            }
            Texts t = Texts.tsv(file, "text", "label");
            assertThat(t).hasToString("Texts of 3 examples, 2 classes");
            assertThat(t.text(0)).as("quotation marks are part of it").isEqualTo("\"Good\", she said.");
            assertThat(t.text(2)).isEmpty();
            assertThat(t.classes()).containsExactly("0", "1");
            assertThat(t.labels()).containsExactly(1, 0, 1);
            assertThat(t.take(1, 2).labels()).containsExactly(0);
            assertThat(t.take(1, 2).text(0)).isEqualTo("Bad 'film");
            assertThat(t.take(1, 2).classes()).hasSize(2);
            assertThat(Texts.tsv(file, "text", "rating").classes()).containsExactly("2", "7", "9");
        }
        assertThat(Texts.tsv(file("text\tc\na\t10\nb\t9\n"), "text", "c").classes())
                .as("numbers in the order of numbers")
                .containsExactly("9", "10");
        Texts named = Texts.tsv(file("c\ttext\nx\ta\n"), "text", "c", "y", "x");
        assertThat(named.labels()).containsExactly(1);
        assertThat(named.classes()).containsExactly("y", "x");
    }

    private static byte[] gzip(String text) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var zip = new GZIPOutputStream(out)) {
            zip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return out.toByteArray();
    }

    @Test
    void filesThatAreNoTexts() throws IOException {
        Path file = temp.resolve("texts.tsv");
        refused(
                () -> Texts.tsv(file("a\tb\n1\t2\n1\n"), "a", "b"),
                file
                        + " line 3: it has 1 field but there are 2 columns; separate them by tabs, and write a tab"
                        + " within a text as a blank");
        refused(
                () -> Texts.tsv(file("a\tb\n1\t2\t3\n"), "a", "b"),
                file
                        + " line 2: it has 3 fields but there are 2 columns; separate them by tabs, and write a tab"
                        + " within a text as a blank");
        refused(() -> Texts.tsv(file("a\tb\n1\t2\n"), "a", "c"), file + " has no column c; it has [a, b]");
        refused(
                () -> Texts.tsv(file("a\tb\n"), "a", "b"),
                file + ": it has no texts; give one line at least after the names");
        refused(
                () -> Texts.tsv(file(""), "a", "b"),
                file + ": it has no texts; give one line at least after the names");
        refused(
                () -> Texts.tsv(file("a\tb\nx\tpos\nx\tbad\n"), "a", "b", "pos", "neg"),
                file + " line 3: it has the class \"bad\", which is none of [pos, neg]; name all classes");
        Files.write(file, new byte[] {'a', '\t', 'b', '\n', (byte) 0xff, '\t', '1', '\n'});
        refused(() -> Texts.tsv(file, "a", "b"), file + ": it is not UTF-8; convert it to UTF-8 first");
        byte[] whole = gzip("a\tb\nxxxxxxxxxx\t1\n".repeat(50));
        Files.write(file, Arrays.copyOf(whole, whole.length - 9));
        refused(() -> Texts.tsv(file, "a", "b"), file + ": its gzip data are damaged; fetch it again");
        whole[whole.length / 2] ^= 0x55;
        Files.write(file, whole);
        assertThatThrownBy(() -> Texts.tsv(file, "a", "b"))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file.toString());
        try (var zip = new GZIPOutputStream(Files.newOutputStream(file))) {
            for (int i = 0; i < 17; i++) {
                zip.write(new byte[1 << 20]);
            }
        }
        refused(
                () -> Texts.tsv(file, "a", "b"),
                file
                        + " line 1: it has more than 16777216 characters; the file is damaged or not a file of texts"
                        + " with tabs");
        assertThatThrownBy(() -> Texts.tsv(temp.resolve("none"), "a", "b"))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + temp.resolve("none")
                        + ": it does not exist; give the path of a file of texts with tabs, plain or gzip");
        refused(() -> Texts.of(List.of()), "texts: there are no texts; give at least one");
        refused(
                () -> Texts.of(List.of("a"), List.of(), List.of("x")),
                "texts: there are 1 texts but 0 names of classes; give one for each");
        refused(
                () -> Texts.of(List.of("a"), List.of("z"), List.of("x")),
                "texts: text 0 has the class \"z\", which is none of [x]; name all classes");
        refused(
                () -> Texts.of(List.of("a"), List.of("x"), List.of("x", "x")),
                "texts: two of the classes [x, x] have one name; give each a name of its own");
        Texts two = Texts.of(List.of("a", "b"));
        refused(() -> two.text(2), "text: 2 is outside [0, 2); give the number of one that exists");
        refused(() -> two.take(1, 3), "take: 1 to 3 is no part of 2 texts; choose 0 <= from < to <= 2");
    }

    @Test
    void linesAreTexts() throws IOException {
        Texts names = Texts.lines(file("emma\n\nava"));
        assertThat(names.size()).isEqualTo(3);
        assertThat(names.text(1)).isEmpty();
        assertThat(names.labels()).isEmpty();
        assertThat(names).hasToString("Texts of 3 examples");
        refused(
                () -> Texts.lines(file("")),
                temp.resolve("texts.tsv") + ": it is empty; give a file with a text on each line");
    }

    @Test
    void aFolderForEachClass() throws IOException {
        Path root = temp.resolve("reviews");
        for (String name : List.of(
                "pos/2_9.txt",
                "pos/1_8.txt",
                "neg/deep/0_1.txt",
                "neg/.hidden.txt",
                "neg/a.html",
                "unsup/0_0.txt",
                ".cache/x.txt")) {
            Files.createDirectories(root.resolve(name).getParent());
            Files.writeString(root.resolve(name), name);
        }
        Texts all = Texts.folder(root);
        assertThat(all.classes()).containsExactly("neg", "pos", "unsup");
        assertThat(all.size()).isEqualTo(4);
        Texts two = Texts.folder(root, "pos", "neg");
        assertThat(two.labels()).containsExactly(0, 0, 1);
        assertThat(two.text(0)).isEqualTo("pos/1_8.txt");
        assertThat(two.text(2)).isEqualTo("neg/deep/0_1.txt");
        Files.createSymbolicLink(root.resolve("up"), root.resolve("pos"));
        assertThat(Texts.folder(root, "up").size()).as("behind a link").isEqualTo(2);
        Files.createSymbolicLink(root.resolve("neg/loop"), root);
        assertThatThrownBy(() -> Texts.folder(root, "neg"))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith("cannot read " + root + ": FileSystemLoopException; give a folder");
        Files.delete(root.resolve("neg/loop"));
        Files.createDirectories(temp.resolve("empty/a"));
        refused(
                () -> Texts.folder(temp.resolve("empty")),
                "texts: " + temp.resolve("empty/a")
                        + " has no .txt files; put the texts of its class there, or remove the folder");
        refused(
                () -> Texts.folder(temp.resolve("empty/a")),
                "texts: " + temp.resolve("empty/a")
                        + " has no folders; put the texts of each class into one of its own");
        assertThatThrownBy(() -> Texts.folder(temp.resolve("nowhere")))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + temp.resolve("nowhere")
                        + ": No such file or directory; give a folder that you may read, with one of texts for"
                        + " each class");
        Files.write(root.resolve("pos/1_8.txt"), new byte[] {(byte) 0x80});
        refused(() -> Texts.folder(root), root.resolve("pos/1_8.txt") + ": it is not UTF-8; convert it to UTF-8 first");
    }

    /**
     * A second file has its own order of classes, and may lack some; the labels are those of the first file all the
     * same.
     */
    @Test
    void aSecondFileTakesTheClassesOfTheFirst() throws Exception {
        Texts train = Texts.tsv(file("text\tlabel\na\tneg\nb\tneutral\nc\tpos\nd\tverse\n"), "text", "label");
        assertThat(train.classes()).containsExactly("neg", "neutral", "pos", "verse");
        Texts test = Texts.tsv(file("label\ttext\npos\ta\nneg\tb\n"), "text", "label", train.classes());
        assertThat(test.classes()).isEqualTo(train.classes());
        assertThat(test.labels()).containsExactly(2, 0);
        try (Dataset data = test.dataset(text -> new int[1])) {
            assertThat(data.classes()).as("the last one is missing there").isEqualTo(4);
        }
        refused(
                () -> Texts.tsv(file("text\tlabel\na\tpos\nb\tPos\n"), "text", "label", train.classes()),
                temp.resolve("texts.tsv")
                        + " line 3: it has the class \"Pos\", which is none of [neg, neutral, pos, verse]; name "
                        + "all classes");

        Path learn = temp.resolve("learn");
        Path exam = temp.resolve("exam");
        for (Path text : List.of(
                learn.resolve("neg/1.txt"),
                learn.resolve("neutral/1.txt"),
                learn.resolve("pos/1.txt"),
                exam.resolve("pos/1.txt"))) {
            Files.createDirectories(text.getParent());
            Files.writeString(text, text.getParent().getFileName().toString());
        }
        Texts all = Texts.folder(learn);
        Texts some = Texts.folder(exam, all.classes());
        assertThat(some.classes()).isEqualTo(all.classes());
        assertThat(some.labels()).containsExactly(2);
        Files.createDirectories(exam.resolve("odd"));
        refused(
                () -> Texts.folder(exam, all.classes()),
                "texts: " + exam.resolve("odd") + " is none of the classes [neg, neutral, pos]; name it among them, or"
                        + " remove it");
        refused(
                () -> Texts.folder(temp.resolve("exam/pos"), all.classes()),
                "texts: " + temp.resolve("exam/pos")
                        + " has no folders; put the texts of each class into one of its own");
        refused(
                () -> Texts.tsv(file("text\tlabel\na\tpos\n"), "text", "label", List.of()),
                "texts: there are no classes; give those of the texts that a network learned from");
    }

    // ---- batches

    /** The textbook: the last L words, zeros in front. */
    @Test
    void aBatchHasTokensLengthsAndLabels() {
        Texts texts = Texts.of(List.of("a b c d e", "b", ""), List.of("pos", "neg", "pos"), List.of("neg", "pos"));
        Words words = new Words();
        Vocabulary v = Vocabulary.of(texts.tokens(words)).reserved(Reserved.KERAS);
        assertThat(v.tokens(4, 5)).containsExactly("b", "a");
        try (Dataset d = texts.dataset(text -> v.withStartAndEnd(words.tokens(text)));
                Pass pass = Pass.infer()) {
            assertThat(d).hasToString("Dataset of 3 examples, x [*] of I32, 2 classes");
            Batch front = d.padded("x", Padding.front().length(4).keepEnd())
                    .batches(3)
                    .epoch(0)
                    .next();
            assertThat(front.x().shape()).isEqualTo(Shape.of(3, 4));
            assertThat(front.x().dtype()).isEqualTo(DType.I32);
            assertThat(front.x().toIntArray()).containsExactly(4, 6, 7, 8, 0, 0, 1, 4, 0, 0, 0, 1);
            assertThat(front.lengths("x").toIntArray()).containsExactly(4, 2, 1);
            assertThat(front.y().toIntArray()).containsExactly(1, 0, 1);
            Batch behind =
                    d.padded("x", Padding.behind().limit(3)).batches(3).epoch(0).next();
            assertThat(behind.x().toIntArray()).containsExactly(1, 5, 4, 1, 4, 0, 1, 0, 0);
        }
        try (Dataset d = Texts.of(List.of("ab", "c")).dataset(BytePairs.train(List.of(), 256)::encode)) {
            assertThat(d).hasToString("Dataset of 2 examples, x [*] of I32");
        }
    }

    /**
     * The first review that Keras's users know, by the data set's own word index, and what Keras makes of the words.
     */
    @Test
    void theReviewsOfImdb() {
        String data = System.getenv("FATHOM_DATA");
        Path folder = Path.of(data == null ? "" : data, "imdb");
        assumeTrue(
                Files.isRegularFile(folder.resolve("train.tsv.gz")),
                "the reviews of IMDB are not tested: FATHOM_DATA has no imdb/train.tsv.gz");
        Texts train = Texts.tsv(folder.resolve("train.tsv.gz"), "text", "label");
        assertThat(train).hasToString("Texts of 25000 examples, 2 classes");
        assertThat(Arrays.stream(train.labels()).sum()).isEqualTo(12_500);
        Vocabulary v = Vocabulary.json(folder.resolve("imdb_word_index.json.gz"), Reserved.KERAS, 3)
                .limit(9_999);
        assertThat(v.size()).isEqualTo(10_003);
        String first = train.text(2 * 576 + 1);
        int[] ids = v.withStartAndEnd(Words.keras().tokens(first));
        assertThat(ids).hasSize(218).startsWith(1, 14, 22, 16, 43, 530, 973, 1622, 1385, 65);
        assertThat(Words.keras().text(v.tokens(Arrays.copyOf(ids, 12))))
                .isEqualTo("<START> this film was just brilliant casting location scenery story direction everyone's");
        // the data set's words, counted here, are Keras's most frequent ones
        Vocabulary counted = Vocabulary.of(train.tokens(Words.keras()));
        assertThat(counted.tokens().subList(0, 5)).isEqualTo(v.tokens().subList(4, 9));
    }

    @Test
    void textsAreSplitAsDatasetsAre() {
        List<String> all = IntStream.range(0, 30).mapToObj(i -> "text " + i).toList();
        List<String> names =
                IntStream.range(0, 30).mapToObj(i -> i % 3 == 0 ? "a" : "b").toList();
        Texts texts = Texts.of(all, names, List.of("a", "b"));
        try (Dataset data = Dataset.of(new float[30], Shape.of(1), texts.labels())) {
            Texts.Split some = texts.split(7, 5);
            Dataset.Split like = data.split(7, 5);
            assertThat(some.heldOut().labels()).containsExactly(like.heldOut().labels());
            assertThat(some.rest().labels()).containsExactly(like.rest().labels());
            assertThat(some.rest().classes()).containsExactly("a", "b");
            Texts.Split shares = texts.stratified(6, 5);
            assertThat(shares.heldOut().labels())
                    .containsExactly(data.stratified(6, 5).heldOut().labels());
            assertThat(shares.heldOut().labels()).containsExactlyInAnyOrder(0, 0, 1, 1, 1, 1);
        }
        assertThatThrownBy(() -> texts.split(30, 1))
                .hasMessage("split: cannot hold 30 of 30 texts out; choose 1 to 29");
        assertThatThrownBy(() -> Texts.of(all).stratified(3, 1))
                .hasMessage("stratified: these texts have no classes; use split");
    }
}
