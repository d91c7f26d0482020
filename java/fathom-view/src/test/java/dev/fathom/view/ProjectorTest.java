package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.fathom.view.Projector.Points;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page of the projector as data, and the files of TensorBoard's; what the page does is tested in a browser by the
 * lab projector.
 */
class ProjectorTest {
    private static final float[][] SQUARE = {{1, 0, 0}, {0, 1, 0}, {2, 0, 0}, {0, 3, 0}};

    @TempDir
    Path temp;

    private static JsonObject data(String html) {
        int from = html.indexOf("id=\"data\">") + 10;
        return new Gson().fromJson(html.substring(from, html.indexOf("</script>", from)), JsonObject.class);
    }

    private static ByteBuffer bytes(JsonObject set, String name) {
        return ByteBuffer.wrap(Base64.getDecoder().decode(set.get(name).getAsString()))
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void thePageHoldsVectorsNeighborsAndPictures() {
        String nasty = "</script><b>&\"TITLE DATA";
        String html = new Projector("A & B")
                .add(Points.of("corners", SQUARE, List.of("a", nasty, "c", "d"))
                        .groups(List.of("x", "y", "x", "y"))
                        .images(1, 2, new byte[][] {{0, 1}, {2, 3}, {4, 5}, {6, (byte) 255}})
                        .picture("t-SNE", new float[][] {{0, 0}, {1, 0}, {0, 1}, {1, 1}})
                        .axes("a", "c", "x", "y"))
                .html();
        assertThat(html).contains("<title>A &amp; B</title>").doesNotContain("<b>&");
        JsonObject set = data(html).getAsJsonArray("sets").get(0).getAsJsonObject();
        assertThat(set.getAsJsonArray("labels").get(1).getAsString()).isEqualTo(nasty);
        assertThat(set.get("groupNames")).hasToString("[\"x\",\"y\"]");
        assertThat(bytes(set, "vectors").array()).containsExactly(42, 0, 0, 0, 42, 0, 85, 0, 0, 0, 127, 0);
        assertThat(bytes(set, "cosine").getInt(0)).isEqualTo(2); // the same direction
        assertThat(bytes(set, "cosineDistances").getFloat(4)).isEqualTo(1); // a right angle
        assertThat(bytes(set, "euclid").getInt(4)).isEqualTo(1); // sqrt 2 from a, after c at 1
        assertThat(bytes(set, "euclidDistances").getFloat(4)).isCloseTo((float) Math.sqrt(2), within(1e-6f));
        assertThat(bytes(set.getAsJsonObject("images"), "pixels").get(7)).isEqualTo((byte) 255);
        assertThat(set.getAsJsonArray("views")).hasSize(3);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        List<String> four = List.of("a", "b", "c", "d");
        assertThatThrownBy(() -> Points.of("x", SQUARE, List.of("a")))
                .hasMessage("projector: 4 vectors with 1 labels; give three vectors or more of at least two numbers, "
                        + "with one label each");
        Points points = Points.of("x", SQUARE, four);
        assertThatThrownBy(() -> points.groups(List.of("a")))
                .hasMessage("projector: 1 groups of 4 points; give one for each");
        assertThatThrownBy(() -> points.images(2, 2, new byte[4][3]))
                .hasMessage("projector: an image of 3 bytes is not 2 x 2 pixels");
        assertThatThrownBy(() -> points.picture("x", new float[4][4])).hasMessageContaining("give two or three");
        assertThatThrownBy(() -> new Projector("x").write(temp.resolve("x.html")))
                .hasMessageContaining("no points to show");
    }

    @Test
    void tensorBoardsTablesAreWrittenAndRead() throws Exception {
        Path vectors = temp.resolve("v.tsv");
        Path labels = temp.resolve("l.tsv");
        ProjectorTsv.of(new float[][] {{1.5f, -2}, {1e-7f, 3}}, List.of("a\tb", "ü"))
                .write(vectors, labels);
        assertThat(Files.readString(vectors)).isEqualTo("1.5\t-2.0\n1.0E-7\t3.0\n");
        assertThat(Files.readString(labels)).isEqualTo("a b\nü\n"); // one column has no name
        assertThat(Files.readString(temp.resolve("projector_config.pbtxt")))
                .contains("tensor_path: \"v.tsv\"", "metadata_path: \"l.tsv\"");
        ProjectorTsv read = ProjectorTsv.read(vectors, labels);
        assertThat(read.vectors()).isDeepEqualTo(new float[][] {{1.5f, -2}, {1e-7f, 3}});
        assertThat(read.texts()).containsExactly(List.of("a b"), List.of("ü"));
        new ProjectorTsv(new float[][] {{1}}, List.of("word", "count"), List.of(List.of("a", "7")))
                .write(vectors, labels);
        assertThat(Files.readString(labels)).isEqualTo("word\tcount\na\t7\n");
        assertThat(ProjectorTsv.read(vectors, labels).columns()).containsExactly("word", "count");
    }

    @Test
    void damagedTablesAreNamed() throws Exception {
        Path labels = Files.writeString(temp.resolve("l.tsv"), "a\nb\n");
        Path words = Files.writeString(temp.resolve("v.tsv"), "1\t2\n1\tx\n");
        assertThatThrownBy(() -> ProjectorTsv.read(words, labels)).hasMessage(words + ", line 2: x is not a number");
        Path ragged = Files.writeString(temp.resolve("r.tsv"), "1\t2\n1\n");
        assertThatThrownBy(() -> ProjectorTsv.read(ragged, labels))
                .hasMessageContaining("row 2 has 1 numbers and 1 texts, where row 1 has 2");
        Path few = Files.writeString(temp.resolve("f.tsv"), "1\n1\n1\n1\n");
        assertThatThrownBy(() -> ProjectorTsv.read(few, labels))
                .hasMessageContaining("4 vectors and 2 rows of 1 texts");
        assertThatThrownBy(() -> ProjectorTsv.read(temp.resolve("none"), labels))
                .hasMessageContaining("cannot read ");
    }

    @Test
    void cloudsAreDrawn() {
        float[][] places = {{0, 0}, {1, 2}, {3, 1}};
        var picture = new Clouds(List.of("a", "b"))
                .add("one", places, 0, 1, 1)
                .add("two", places, 1, 1, 0)
                .render(2);
        assertThat(picture.getWidth()).isEqualTo(1200);
        assertThatThrownBy(() -> new Clouds(List.of()).add("x", places, 0, 0, 1))
                .hasMessage("clouds: x has the group 1 of 0");
        assertThatThrownBy(() -> new Clouds(List.of()).render(1)).hasMessageContaining("0 clouds in 1 columns");
    }
}
