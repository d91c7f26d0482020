package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import dev.fathom.train.Runs;
import java.awt.Color;
import java.awt.GraphicsEnvironment;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlotsTest {
    static BufferedImage decoded(byte[] png) throws IOException {
        BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));
        assertThat(picture).as("a PNG that decodes").isNotNull();
        return picture;
    }

    static int pixels(BufferedImage picture, Color color) {
        int n = 0;
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                n += (picture.getRGB(x, y) & 0xffffff) == (color.getRGB() & 0xffffff) ? 1 : 0;
            }
        }
        return n;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 30, 300})
    void aCurveShowsTrainingValidationAndTheBestEpoch(int epochs) throws IOException {
        for (String name : List.of("loss", "accuracy")) {
            BufferedImage curve = decoded(Plots.png(Plots.curve(Runs.plausible(epochs), name)));
            assertThat(curve.getWidth()).isEqualTo(1120);
            assertThat(curve.getHeight()).isEqualTo(720);
            assertThat(pixels(curve, Draw.BLUE)).isGreaterThan(100);
            assertThat(pixels(curve, Draw.VERMILLION)).isGreaterThan(100);
            assertThat(pixels(curve, Draw.GREEN)).isGreaterThan(50);
        }
        assertThat(GraphicsEnvironment.isHeadless()).isTrue();
    }

    /** Dots alone say nothing: of a single epoch the legend has the numbers, and no others. */
    @Test
    void aSingleEpochHasItsNumbersInTheLegend() {
        EpochLog one = Runs.epoch(1, 1e-3, 1, "loss", 0.512, "val_loss", 0.498);
        EpochLog other = Runs.epoch(1, 1e-3, 1, "loss", 0.537, "val_loss", 0.498);
        EpochLog second = Runs.epoch(2, 1e-3, 1, "loss", 0.4, "val_loss", 0.4);
        int narrow = legend(Plots.curve(Runs.of(1, one, second), "loss"));
        assertThat(legend(Plots.curve(Runs.of(1, one), "loss")))
                .as("room for two numbers")
                .isGreaterThan(narrow + 60);
        BufferedImage first = Plots.curve(Runs.of(1, one), "loss").getSubimage(0, 0, 1120, 72);
        BufferedImage changed = Plots.curve(Runs.of(1, other), "loss").getSubimage(0, 0, 1120, 72);
        assertThat(first.getRGB(0, 0, 1120, 72, null, 0, 1120))
                .isNotEqualTo(changed.getRGB(0, 0, 1120, 72, null, 0, 1120));
    }

    /** How wide the legend is, from its first mark to the right edge. */
    private static int legend(BufferedImage curve) {
        for (int x = 200; x < curve.getWidth(); x++) { // the title ends before
            for (int y = 0; y < 72; y++) {
                if ((curve.getRGB(x, y) & 0xffffff) == (Draw.BLUE.getRGB() & 0xffffff)) {
                    return curve.getWidth() - x;
                }
            }
        }
        return 0;
    }

    @Test
    void curvesStandSideBySide() {
        BufferedImage both = Plots.curves(Runs.plausible(3));
        assertThat(both.getWidth()).isEqualTo(2240);
        assertThat(Plots.metrics(Runs.plausible(3))).containsExactly("loss", "accuracy");
        BufferedImage loss = Plots.curve(Runs.plausible(3), "loss");
        assertThat(both.getRGB(0, 0, 1120, 720, null, 0, 1120)).isEqualTo(loss.getRGB(0, 0, 1120, 720, null, 0, 1120));
    }

    @Test
    void epochsAreLabeledAlsoWhenTheyAreFew() {
        BufferedImage curve = Plots.curve(Runs.plausible(4), "loss");
        BufferedImage labels = curve.getSubimage(0, 618, 1120, 40); // between the plot and the title of the axis
        assertThat(pixels(labels, Draw.MUTED)).isGreaterThan(50);
    }

    @Test
    void aRateThatChangesIsMarkedUnlessItChangesAllTheTime() {
        EpochLog[] steady = new EpochLog[10];
        EpochLog[] step = new EpochLog[10];
        EpochLog[] always = new EpochLog[10];
        for (int e = 1; e <= 10; e++) {
            steady[e - 1] = Runs.epoch(e, 0.1, 1, "loss", 1.0 / e);
            step[e - 1] = Runs.epoch(e, e < 5 ? 0.1 : 0.01, 1, "loss", 1.0 / e);
            always[e - 1] = Runs.epoch(e, 0.1 / e, 1, "loss", 1.0 / e);
        }
        int plain = pixels(Plots.curve(Runs.of(0, steady), "loss"), Draw.MUTED);
        assertThat(pixels(Plots.curve(Runs.of(0, step), "loss"), Draw.MUTED)).isGreaterThan(plain + 200);
        assertThat(pixels(Plots.curve(Runs.of(0, always), "loss"), Draw.MUTED)).isEqualTo(plain);
    }

    @Test
    void figuresThatAreNotFiniteLeaveAGap() {
        Run history = Runs.of(
                1,
                Runs.epoch(1, 0.1, 1, "loss", 1.0, "val_loss", Double.NaN),
                Runs.epoch(2, 0.1, 1, "loss", Double.POSITIVE_INFINITY, "val_loss", Double.NaN),
                Runs.epoch(3, 0.1, 1, "loss", 3.0, "val_loss", Double.NaN));
        BufferedImage curve = Plots.curve(history, "loss");
        assertThat(pixels(curve, Draw.BLUE)).isGreaterThan(50);
        assertThat(pixels(curve, Draw.VERMILLION)).isZero();
        Run none = Runs.of(1, Runs.epoch(1, 0.1, 1, "loss", Double.NaN));
        assertThat(Plots.curve(none, "loss").getWidth()).isEqualTo(1120);
    }

    @Test
    void runsAreComparedEachInItsColor() throws IOException {
        Map<String, double[][]> runs = new LinkedHashMap<>();
        double[] steps = IntStream.rangeClosed(1, 40).mapToDouble(i -> 25 * i).toArray();
        for (String name : List.of("none", "before the activation", "after the activation", "instead of dropout")) {
            double rate = 1.0 + runs.size();
            runs.put(name, new double[][] {
                steps,
                Arrays.stream(steps).map(s -> 1 - Math.exp(-s * rate / 500)).toArray()
            });
        }
        BufferedImage picture = decoded(Plots.png(Plots.compare("val_accuracy", "steps", runs)));
        assertThat(picture.getWidth()).isEqualTo(1680);
        for (Color color : Draw.COLORS.subList(0, 4)) {
            assertThat(pixels(picture, color)).isGreaterThan(200);
        }
        assertThat(pixels(picture, Draw.COLORS.get(4))).isZero();
        double[][] point = {{1}, {Double.NaN}};
        double[][] line = {{1, 2}, {3, 4}};
        Map<String, double[][]> many = new TreeMap<>();
        for (String name : List.of("one", "two", "three", "four", "five", "six")) {
            many.put("a longer name, " + name, line);
        }
        BufferedImage full = Plots.compare("loss", "epochs", many);
        int[] margin = full.getRGB(0, 0, 30, 120, null, 0, 30);
        assertThat(margin).as("no name is cut at the left edge").containsOnly(Color.WHITE.getRGB());
        assertThat(Plots.compare("loss", "epochs", Map.of("a", point)).getWidth())
                .isEqualTo(1680);

        BufferedImage named = Plots.compare(
                "accuracy", "examples", List.of("10", "100", "1,000"), Map.of("a", new double[] {0.1, 0.2, 0.4}));
        assertThat(pixels(named, Draw.BLUE)).isGreaterThan(200);
        assertThatThrownBy(() -> Plots.compare("loss", "examples", List.of("1"), Map.of("a", new double[2])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("plots: the run a must have two rows");

        assertThatThrownBy(() -> Plots.compare("loss", "epochs", Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("plots: 0 runs to compare; give 1 to 8, which colors can tell apart");
        assertThatThrownBy(() -> Plots.compare("loss", "epochs", Map.of("a", new double[][] {{1, 2}, {3}})))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "plots: the run a must have two rows, places and figures, of equal length and at least one");
    }

    @Test
    void aConstantFigureIsDrawnToo() {
        Run zero = Runs.of(1, Runs.epoch(1, 0.1, 1, "loss", 0.0), Runs.epoch(2, 0.1, 1, "loss", 0.0));
        assertThat(pixels(Plots.curve(zero, "loss"), Draw.BLUE)).isGreaterThan(100);
    }

    @Test
    void whatCannotBeDrawnIsSaid() {
        assertThatThrownBy(() -> Plots.curves(Runs.of(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("plots: the history has no epochs; draw it after the first epoch has ended");
        assertThatThrownBy(() -> Plots.curve(Runs.plausible(2), "recall"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("plots: no figure recall in this history; it has [loss, accuracy, val_loss, val_accuracy]");
        assertThatThrownBy(() -> Plots.confusion(new ConfusionMatrix(3), List.of("a", "b")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("confusion matrix: 2 names for 3 classes; give each class one name");
    }

    @Test
    void aConfusionMatrixIsColoredByItsRows() throws IOException {
        ConfusionMatrix matrix = new ConfusionMatrix(2);
        matrix.add(0, 0);
        for (int i = 0; i < 1000; i++) {
            matrix.add(1, i < 250 ? 0 : 1);
        }
        BufferedImage picture = decoded(Plots.png(Plots.confusion(matrix, List.of("no", "yes"))));
        assertThat(picture.getWidth()).isEqualTo(720);
        // one example is all of its row and as dark as it gets; a quarter of a row is half way, the root of its share
        assertThat(pixels(picture, new Color(0x08306b))).isGreaterThan(8000);
        assertThat(pixels(picture, new Color(0x6baed6))).isGreaterThan(8000);
        assertThat(pixels(picture, new Color(0xf7fbff))).isGreaterThan(8000);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 37, 100, 1000})
    void anyNumberOfClassesFitsOnAPicture(int classes) {
        ConfusionMatrix matrix = new ConfusionMatrix(classes);
        IntStream.range(0, classes).forEach(k -> matrix.add(k, k));
        List<String> names =
                IntStream.range(0, classes).mapToObj(k -> "class " + k).toList();
        BufferedImage picture = Plots.confusion(matrix, names);
        assertThat(picture.getWidth()).isBetween(600, 2600);
        assertThat(pixels(picture, new Color(0x08306b))).isGreaterThan(classes);
    }

    @Test
    void aPictureIsWrittenWholeOrNotAtAll(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("new/curves.png");
        BufferedImage picture = Plots.curves(Runs.plausible(2));
        Plots.write(picture, file);
        Plots.write(picture, file);
        assertThat(decoded(Files.readAllBytes(file)).getWidth()).isEqualTo(2240);
        assertThat(folder.resolve("new")).isDirectoryContaining("glob:**/curves.png");
        try (var files = Files.list(folder.resolve("new"))) {
            assertThat(files).as("nothing is left beside").hasSize(1);
        }
        Path inTheWay = Files.writeString(folder.resolve("out"), "a file");
        Path below = inTheWay.resolve("curves.png");
        assertThatThrownBy(() -> Plots.write(picture, below))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot write " + below + ": " + inTheWay + " is not a folder; choose another place");
        assertThatThrownBy(() -> Plots.write(picture, folder))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot write " + folder + ": it is a folder; give the name of a file in it");
        assertThat(inTheWay).hasContent("a file");
    }

    @Test
    void scatterShowsEveryGroup() {
        var groups = new LinkedHashMap<String, Map<String, double[]>>();
        groups.put("people", Map.of("man", new double[] {0, 1}, "woman", new double[] {0.5, 1}));
        groups.put("kinds", Map.of("comedy", new double[] {-1, -1}));
        BufferedImage picture = Plots.scatter("words", groups);
        assertThat(picture.getWidth()).isEqualTo(1680);
        assertThat(picture.getHeight()).isEqualTo(1260);
        for (Color color : Draw.COLORS.subList(0, 2)) {
            assertThat(Arrays.stream(picture.getRGB(0, 120, 1680, 1140, null, 0, 1680))
                            .filter(rgb -> rgb == color.getRGB())
                            .count())
                    .isGreaterThan(50);
        }
        assertThatThrownBy(() -> Plots.scatter("words", Map.of("none", Map.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("plots: the group none must have at least one point, each of two finite numbers");
    }

    @Test
    void aHeatMapIsDarkWhereAShareIsLarge() {
        float[][] shares = {{1, 0, 0}, {0, 0.25f, 0.75f}};
        BufferedImage picture = Plots.heatMap("attention", List.of("le", "chat"), List.of("the", "cat", "."), shares);
        assertThat(pixels(picture, new Color(0x08306b))).isGreaterThan(2000); // the share of 1, and nothing else
        assertThat(pixels(picture, new Color(0xf7fbff))).isGreaterThan(2 * pixels(picture, new Color(0x08306b)));
        assertThatThrownBy(() -> Plots.heatMap("attention", List.of("le"), List.of("the", "cat", "."), shares))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("plots: 2 rows of shares for 1 rows and 3 columns; give each row a number from 0 to 1 for "
                        + "each column");
    }
}
