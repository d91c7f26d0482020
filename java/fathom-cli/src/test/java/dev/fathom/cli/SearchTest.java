package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom search} prints passages with their places, as text, as JSON and on a page. */
class SearchTest {
    private static final String MODEL = Path.of(
                    System.getProperty("fathom.root"), "test-data", "pretrained", "heads-bert")
            .toString();

    @TempDir
    private Path folder;

    @BeforeEach
    void texts() throws IOException {
        Files.writeString(
                folder.resolve("a.txt"),
                "One line.\n\n\u001b[2JThe <b>other</b> passage stands two lines below, and is long enough.");
        Files.writeString(folder.resolve("b.rst"), "A third text.");
        Files.write(folder.resolve("c.txt"), new byte[] {-1, 0});
    }

    private CommandLineRun search(String... more) {
        String[] args = new String[5 + more.length];
        System.arraycopy(new String[] {"search", folder.toString(), "One line.", "--model", MODEL}, 0, args, 0, 5);
        System.arraycopy(more, 0, args, 5, more.length);
        return CommandLineRun.of(args);
    }

    @Test
    void theAnswerHasRankScoreAndPlace() {
        CommandLineRun run = search("-k", "2");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err().lines()).hasSize(2);
        assertThat(run.err()).contains("indexed 1 of 1 passages", "c.txt: it is not UTF-8 text and is not indexed");
        assertThat(run.out())
                .startsWith("1  ")
                .contains("  a.txt:1\n    One line.\n")
                .doesNotContain("\u001b");
        assertThat(run.out()).contains("1 passages of 1 files, 1 new; searched in ");
        assertThat(search().out()).contains(" 0 new; ");
    }

    @Test
    void jsonAndOtherEndings() {
        CommandLineRun run = search(
                "--json", "--ending", ".rst", "--index", folder.resolve("index").toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out().replaceAll("\\s+", " "))
                .startsWith("[ { \"score\": ")
                .contains("\"file\": \"b.rst\", \"firstLine\": 1, \"lastLine\": 1, \"text\": \"A third text.\" }");
        assertThat(folder.resolve("index").resolve("passages.json")).exists();
    }

    @Test
    void aPage() throws IOException {
        Path page = folder.resolve("answer.html");
        CommandLineRun run = search("--page", page.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("open " + page + " in a browser");
        assertThat(Files.readString(page)).contains("<h1>One line.</h1>", "a.txt, lines 1 to 3", "The &lt;b&gt;other");
    }

    @Test
    void whatIsWrongIsOneSentence() {
        CommandLineRun none = CommandLineRun.of("search", folder.resolve("none").toString(), "x", "--model", MODEL);
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err())
                .startsWith("fathom search: TextIndex: ")
                .contains("is not a folder")
                .hasLineCount(1);
        assertThat(search("-k", "0").code()).isEqualTo(2);
        assertThat(CommandLineRun.of("search", folder.toString(), "x").err()).contains("--model");
        assertThat(CommandLineRun.of("search", folder.toString(), "x", "--model", folder.toString())
                        .code())
                .isEqualTo(1);
    }
}
