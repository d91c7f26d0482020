package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.experiments.pages.Kernel;
import dev.fathom.nets.CifarResNet;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

/** {@code fathom filter} and {@code fathom see}: numbers that are known, pages, and one line for each mistake. */
class SeeTest {
    @TempDir
    Path temp;

    /** Left half dark, right half light, with a spot that {@code i} moves. */
    static Path photo(Path folder, int i) throws IOException {
        BufferedImage image = new BufferedImage(64, 48, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 48; y++) {
            for (int x = 0; x < 64; x++) {
                boolean spot = Math.abs(x - 20 - 5 * i) < 5 && Math.abs(y - 24) < 5;
                image.setRGB(x, y, (spot ? Color.RED : x < 32 ? Color.DARK_GRAY : Color.LIGHT_GRAY).getRGB());
            }
        }
        Path file = Files.createDirectories(folder).resolve("photo" + i + ".png");
        ImageIO.write(image, "png", file.toFile());
        return file;
    }

    /** Weights of a ResNet-20 that has learned nothing, where {@code --data} finds them. */
    static Path weights(Path folder) throws IOException {
        try (var model = Model.of(new CifarResNet(3, 10), 1)) {
            model.save(Files.createDirectories(folder).resolve("resnet20.safetensors"));
        }
        return folder;
    }

    private static int pictures(Path page) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(Files.readString(page))))
                .getElementsByTagName("img")
                .getLength();
    }

    // ---- kernels

    /** A step answers where it is and nowhere else: ML session 11, "Edge detection", (+1, -1) of [1, 1, 0, 0]. */
    @Test
    void anEdgeAnswersAtTheStep() {
        try (Pass pass = Pass.infer()) {
            Tensor step = Tensor.of(new float[] {1, 1, 0, 0, 1, 1, 0, 0}, 1, 2, 4, 1);
            assertThat(Kernel.parse("edge", "1,-1").of(step).toArray()).containsExactly(0, 1, 0, 0, 0, 1, 0, 0);
            for (Kernel k : Kernel.FIXED) {
                Tensor flat = Tensor.full(Shape.of(1, 9, 9, 1), 5);
                assertThat(k.of(flat).toArray()).as(k.name()).containsOnly(k.differences() ? 0 : 5);
            }
            Tensor column = Tensor.of(new float[] {0, 1, 0, 0, 1, 0, 0, 1, 0}, 1, 3, 3, 1);
            assertThat(Kernel.FIXED.get(2).name()).isEqualTo("vertical stripes");
            assertThat(Kernel.FIXED.get(2).of(column).toArray()).containsExactly(-3, 6, -3, -3, 6, -3, -3, 6, -3);
            assertThat(Kernel.FIXED.get(3).of(column).toArray()).containsOnly(0);
        }
    }

    @Test
    void aKernelThatCannotBeReadIsNamed() {
        assertThat(Kernel.parse("k", " 1 , 2 ; 3,4 ").values()).containsExactly(1, 2, 3, 4);
        assertThatThrownBy(() -> Kernel.parse("k", "1,2;3"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("kernel 1,2;3: row 2 has 1 numbers and the first 2; give equally many, at most 101 x 101");
        assertThatThrownBy(() -> Kernel.parse("k", "1,x"))
                .hasMessage("kernel 1,x: 'x' is no number; write commas between numbers and semicolons between rows, as"
                        + " in \"0,-1,0;-1,5,-1;0,-1,0\"");
        assertThatThrownBy(() -> Kernel.parse("k", "1,NaN")).hasMessage("kernel 1,NaN: 'NaN' is not finite");
    }

    // ---- filter

    @Test
    void filtersWithAndWithoutLearnedOnes() throws Exception {
        Path photo = photo(temp, 0);
        Path out = temp.resolve("out");
        CommandLineRun without =
                CommandLineRun.in(temp, "filter", photo.toString(), "--kernel", "1,0,-1", "--out", out.toString());
        assertThat(without.code()).as(without.err()).isZero();
        assertThat(without.out())
                .contains("no learned filters: the weights of squeezenet1_1 are not here")
                .endsWith("All of it on one page: " + out.resolve("report.html") + "\n");
        assertThat(pictures(out.resolve("report.html"))).isEqualTo(1);
        assertThat(out.resolve("filters.png")).isNotEmptyFile();
        CommandLineRun with = CommandLineRun.in(
                temp,
                "filter",
                photo.toString(),
                "--model",
                "resnet20",
                "--data",
                weights(temp.resolve("weights")).toString(),
                "--out",
                out.toString());
        assertThat(with.code()).as(with.err()).isZero();
        assertThat(pictures(out.resolve("report.html"))).isEqualTo(3);
    }

    @Test
    void mistakesGetOneLine() throws Exception {
        Path photo = photo(temp, 0);
        assertThat(CommandLineRun.of("filter", temp.resolve("none.png").toString())
                        .err())
                .hasLineCount(1)
                .startsWith("fathom filter: " + temp.resolve("none.png") + ": it cannot be read");
        assertThat(CommandLineRun.of("filter", photo.toString(), "--model", "alexnet2")
                        .err())
                .hasLineCount(1)
                .startsWith("fathom filter: there is no model alexnet2; there are squeezenet1_1, ");
        assertThat(CommandLineRun.of("see", "resnet21", photo.toString()).err())
                .hasLineCount(1)
                .startsWith("fathom see: there is no model resnet21; there are squeezenet1_1, ");
        CommandLineRun missing = CommandLineRun.in(temp, "see", "resnet20", photo.toString());
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).hasLineCount(1).startsWith("fathom see: the weights of resnet20 are not here: ");
        CommandLineRun layer = CommandLineRun.in(
                temp,
                "see",
                "resnet20",
                photo.toString(),
                "--data",
                weights(temp.resolve("weights")).toString(),
                "--layer",
                "layer9",
                "--out",
                temp.resolve("out").toString());
        assertThat(layer.err())
                .hasLineCount(1)
                .startsWith("fathom see: no layer called layer9 makes maps; there are conv1, bn1, layer1.0.conv1, ");
        CommandLineRun nowhere = CommandLineRun.in(
                temp,
                "see",
                "resnet20",
                photo.toString(),
                "--data",
                temp.resolve("weights").toString(),
                "--photos",
                temp.resolve("nowhere").toString(),
                "--out",
                temp.resolve("out").toString());
        assertThat(nowhere.out()).isEmpty();
        assertThat(nowhere.err())
                .isEqualTo("fathom see: " + temp.resolve("nowhere")
                        + ": the folder cannot be read; name another with --photos\n");
        assertThat(CommandLineRun.of("see", "resnet20", photo.toString(), "--steps", "-1")
                        .err())
                .startsWith("fathom see: --steps -1: choose 0 or more");
    }

    // ---- see

    /** The whole tour of a network that has learned nothing, through a folder with one file that is no image. */
    @Test
    void theTour() throws Exception {
        Path folder = temp.resolve("photos");
        Path photo = photo(folder, 0);
        photo(folder, 1);
        photo(folder, 2);
        Files.writeString(folder.resolve("broken.png"), "no image");
        Path out = temp.resolve("out");
        CommandLineRun run = CommandLineRun.in(
                temp,
                "see",
                "resnet20",
                photo.toString(),
                "--data",
                weights(temp.resolve("weights")).toString(),
                "--photos",
                folder.toString(),
                "--steps",
                "3",
                "--out",
                out.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("broken.png: it is neither PNG nor JPEG nor BMP")
                .endsWith("All of it on one page: " + out.resolve("report.html") + "\n");
        List<String> sheets = List.of(
                "where",
                "filters",
                "maps-layer1",
                "maps-layer2",
                "maps-layer3",
                "channels-layer1",
                "channels-layer2",
                "channels-layer3",
                "neighbors",
                "liked");
        for (String sheet : sheets) {
            assertThat(ImageIO.read(out.resolve(sheet + ".png").toFile()).getWidth())
                    .as(sheet)
                    .isGreaterThan(100);
        }
        assertThat(pictures(out.resolve("report.html"))).isEqualTo(sheets.size());
        assertThat(Files.readString(out.resolve("report.html")))
                .contains("3 pictures (photos)")
                .containsPattern("layer3\\.2\\.conv2 +Conv 3x3 padding 1 +\\[1, 8, 8, 64]");
    }

    /** With the published weights: what it says of the photographs is what their list says. */
    @Test
    void squeezeNetSeesTheCat() throws Exception {
        String data = System.getenv("FATHOM_DATA");
        assumeTrue(
                data != null
                        && Files.exists(Path.of(data, "pretrained-imagenet", "squeezenet1_1.safetensors"))
                        && Files.exists(Path.of(data, "photos", "cat.png")),
                "squeezeNetSeesTheCat is skipped: FATHOM_DATA has no pretrained-imagenet/squeezenet1_1.safetensors and"
                        + " photos/cat.png");
        Path out = temp.resolve("out");
        CommandLineRun run = CommandLineRun.of(
                "see",
                "squeezenet1_1",
                Path.of(data, "photos", "cat.png").toString(),
                "--photos",
                Files.createDirectories(temp.resolve("none")).toString(),
                "--layer",
                "features.12",
                "--steps",
                "0",
                "--out",
                out.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(Files.readString(out.resolve("report.html")))
                .contains("Egyptian cat")
                .contains("features.12: 512 maps of 13 x 13");
        assertThat(pictures(out.resolve("report.html"))).isEqualTo(3);
    }
}
