package dev.fathom.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a csv file says is what a table has, with its lines; parts of it; every sentence about a file that is none. */
class TableTest {
    @TempDir
    Path temp;

    private Path file(String text) throws IOException {
        return Files.writeString(temp.resolve("people.csv"), text);
    }

    private Table table(String text) throws IOException {
        return Table.csv(file(text));
    }

    private static void assertRefused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    @Test
    void aBlankBeforeAQuoteIsNoPartOfTheText() throws IOException {
        Path file = Files.writeString(
                temp.resolve("spaced.csv"),
                "name, \"city\"\n"
                        + "ann, \"Rome\" \n"
                        + "bob, Rome\n"
                        + "cid, \"say \"\"Rome\"\"\"\n"
                        + "dan,\"\"\"Rome\"\"\"\n"
                        + "eve, \"\n");
        Table table = Table.csv(file);
        assertThat(table.columns()).containsExactly("name", "city");
        String[] cities = {"Rome", "Rome", "say \"Rome\"", "\"Rome\"", "\""};
        for (int row = 0; row < cities.length; row++) {
            assertThat(table.text(row, "city")).isEqualTo(cities[row]);
        }
    }

    @Test
    void textsUnderTheirColumns() throws IOException {
        Table t = table("\ufeff\"name\", city ,,age\r\n"
                + "Ann,\"Paris, \"\"XV\"\"\",x, 33 \r\n"
                + "\r\n"
                + "\"Bo\nb\",NA,,\r\n"
                + "Cé,Oslo,y,NaN");
        assertThat(t).hasToString("Table people.csv, 3 rows of 4 columns");
        assertThat(t.size()).isEqualTo(3);
        assertThat(t.columns()).containsExactly("name", "city", "column 3", "age");
        assertThat(t.text(0, "city")).isEqualTo("Paris, \"XV\"");
        assertThat(t.text(0, "age")).isEqualTo("33");
        assertThat(t.text(1, "name")).isEqualTo("Bo\nb");
        assertThat(t.text(2, "name")).isEqualTo("Cé");
        assertThat(t.where(0, "age")).isEqualTo("people.csv line 2, column age");
        assertThat(t.where(1, "age")).isEqualTo("people.csv line 4, column age");
        assertThat(t.line(1)).isEqualTo(4);
        assertThat(t.take(2, 3).line(0)).isEqualTo(6);
        assertRefused(() -> t.line(3), "line: row 3 is outside [0, 3); people.csv has 3 rows");
        assertThat(t.where(2, "age")).isEqualTo("people.csv line 6, column age");
        assertThat(t.missing(0, "age")).isFalse();
        assertThat(t.missing(1, "city")).isTrue();
        assertThat(t.missing(1, "age")).isTrue();
        assertThat(t.missing(2, "age")).isTrue();
        Table other = t.missing("x", "Oslo");
        assertThat(other.missing(0, "column 3")).isTrue();
        assertThat(other.missing(1, "age")).isFalse();
    }

    @Test
    void anotherSeparatorNoHeaderAndGzip() throws IOException {
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write("1\t2,5\n3\t\n".getBytes(StandardCharsets.UTF_8));
        }
        Path file = Files.write(temp.resolve("some.tsv"), out.toByteArray());
        Table t = Table.csv(file, '\t', "a", "b");
        assertThat(t.columns()).containsExactly("a", "b");
        assertThat(t.text(0, "b")).isEqualTo("2,5");
        assertThat(t.where(1, "b")).isEqualTo("some.tsv line 2, column b");
        assertThat(t.missing(1, "b")).isTrue();
        byte[] cut = Arrays.copyOf(out.toByteArray(), out.size() - 9);
        Files.write(file, cut);
        assertRefused(() -> Table.csv(file), file + ": its gzip data are damaged; fetch it again");
    }

    @Test
    void partsKeepTheirLines() throws IOException {
        Table t = table("kind,x\na,1\nb,\na,3\nb,4\n");
        assertThat(t.complete().size()).isEqualTo(3);
        assertThat(t.complete("kind").size()).isEqualTo(4);
        assertThat(t.complete("x").where(1, "x")).isEqualTo("people.csv line 4, column x");
        Table b = t.where("kind", "b"::equals);
        assertThat(b.size()).isEqualTo(2);
        assertThat(b.where(1, "x")).isEqualTo("people.csv line 5, column x");
        assertThat(b.take(1, 2).text(0, "x")).isEqualTo("4");
        assertRefused(() -> t.take(2, 5), "take: 2 to 5 is no part of 4 rows; choose 0 <= from < to <= 4");
        assertRefused(
                () -> t.where("kind", "c"::equals),
                "where: no row of people.csv has such a text in column kind; choose another condition");
        assertRefused(
                () -> b.take(0, 1).complete("x"),
                "complete: every row of people.csv lacks one of [x]; name fewer columns");
        assertRefused(() -> t.complete("y"), "people.csv has no column y; it has [kind, x]");
        assertRefused(() -> t.text(4, "x"), "text: row 4 is outside [0, 4); people.csv has 4 rows");
        assertRefused(() -> t.split(4, 1), "split: cannot hold 4 of 4 rows out; choose 1 to 3");
    }

    @Test
    void splitsDealEveryRowOnce() throws IOException {
        StringBuilder text = new StringBuilder("n,kind\n");
        for (int i = 0; i < 200; i++) {
            text.append(i).append(',').append(i % 4 == 0 ? "rare" : "common").append('\n');
        }
        Table t = table(text.toString());
        Table.Split s = t.split(40, 3);
        int[] rest = numbers(s.rest());
        int[] heldOut = numbers(s.heldOut());
        assertThat(rest).hasSize(160).isSorted();
        assertThat(heldOut).hasSize(40).isSorted();
        assertThat(IntStream.concat(IntStream.of(rest), IntStream.of(heldOut)).sorted())
                .containsExactlyElementsOf(IntStream.range(0, 200).boxed().toList());
        assertThat(numbers(t.split(40, 3).heldOut())).containsExactly(heldOut);
        assertThat(numbers(t.split(40, 4).heldOut())).isNotEqualTo(heldOut);
        Table.Split strata = t.stratified("kind", 40, 3);
        assertThat(strata.heldOut().where("kind", "rare"::equals).size()).isEqualTo(10);
        assertThat(strata.rest().where("kind", "rare"::equals).size()).isEqualTo(40);
        // a split of a part is of that part alone
        assertThat(numbers(strata.rest().split(1, 0).rest())).hasSize(159).doesNotContain(numbers(strata.heldOut()));
    }

    private static int[] numbers(Table t) {
        return IntStream.range(0, t.size())
                .map(i -> Integer.parseInt(t.text(i, "n")))
                .toArray();
    }

    @Test
    void filesThatAreNoTables() throws IOException {
        Path file = temp.resolve("people.csv");
        assertRefused(
                () -> table("a,b\n1,2\n\n3\n"),
                file + " line 4: it has 1 field but there are 2 columns; mend the line, or name another separator");
        assertRefused(
                () -> table("a,b\n1,2,3\n"),
                file + " line 2: it has 3 fields but there are 2 columns; mend the line, or name another separator");
        assertRefused(() -> table("a,b,a\n1,2,3\n"), file + ": two columns are called a; give each a name of its own");
        assertRefused(() -> table("a,b\n"), file + ": it has no rows; give at least one");
        assertRefused(() -> table(""), file + ": it has no rows; give at least one");
        assertThatThrownBy(() -> table("a,b\n1,\"2\n3,4\n"))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageEndingWith("; a field with a quote, a separator or a line end in it is \"quoted\"");
        Files.write(file, new byte[] {'a', '\n', (byte) 0xe9, '\n'});
        assertRefused(() -> Table.csv(file), file + ": it is not UTF-8; convert it to UTF-8 first");
        Files.write(file, new byte[] {0x1f, (byte) 0x8b, 3});
        assertRefused(() -> Table.csv(file), file + ": its gzip data are damaged; fetch it again");
        assertThatThrownBy(() -> Table.csv(temp))
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + temp + ": it is not a file; give the path of a csv file, plain or gzip");
    }

    @Test
    void anyBytesAreATableOrASentence() throws IOException {
        byte[] alphabet = "aaab11,,,,\"\"\n\n\n\r \u0000\u00e9".getBytes(StandardCharsets.ISO_8859_1);
        Random random = new Random(4);
        Path file = temp.resolve("people.csv");
        int tables = 0;
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = new byte[random.nextInt(24)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = alphabet[random.nextInt(alphabet.length - (round % 8 == 0 ? 0 : 2))];
            }
            Files.write(file, bytes);
            try {
                Table t = Table.csv(file);
                for (String column : t.columns()) {
                    assertThat(t.text(t.size() - 1, column)).isNotNull();
                }
                tables++;
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).startsWith(file + "");
            }
        }
        assertThat(tables).isBetween(100, 1900);
    }

    @Test
    void aColumnIsLabelsWithoutAnEncoder(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("pets.csv"), "kind,grade\ncat,10\ndog,9\ncat,9\nowl,\n");
        Table t = Table.csv(file);
        assertThat(t.classes("kind")).containsExactly("cat", "dog", "owl");
        assertThat(t.labels("kind")).containsExactly(0, 1, 0, 2);
        assertThat(t.take(0, 3).classes("grade")).as("as numbers").containsExactly("9", "10");
        assertThat(t.take(0, 3).labels("grade")).containsExactly(1, 0, 0);
        assertThat(t.take(1, 2).labels("kind", t.classes("kind"))).containsExactly(1);
        assertRefused(
                () -> t.labels("kind", List.of("cat", "dog")),
                "pets.csv line 5, column kind: owl is none of the classes [cat, dog]; name all classes, or leave the row"
                        + " out");
        assertThatThrownBy(() -> t.labels("grade"))
                .hasMessageStartingWith("pets.csv line 5, column grade: the value is");
    }
}
