package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.Browser;
import dev.fathom.experiments.data.TinyImages;
import dev.fathom.view.HtmlReport;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The quickstart's report in a real browser: every picture loads, no script fails, nothing is wider than the window.
 */
class PageTest {
    @TempDir
    static Path temp;

    static Browser browser;
    static Path report;

    @BeforeAll
    static void page() throws Exception {
        browser = Browser.found(temp);
        Path out = temp.resolve("out");
        CommandLineRun run = CommandLineRun.in(
                TinyImages.write(temp), "quickstart", "--epochs", "2", "--batch", "32", "--out", out.toString());
        assertThat(run.code()).as(run.err()).isZero();
        report = out.resolve("report.html");
    }

    @ParameterizedTest
    @ValueSource(ints = {360, 1280})
    void showsEveryPictureAndFitsTheWindow(int width) throws Exception {
        assertThat(judge(report, width))
                .containsPattern("images=[1-9]")
                .containsPattern("broken=0 hidden=0 unnamed=0 overflow=0 cut=\\d+ unseen=0 outside=0 done")
                .doesNotContain("CONSOLE");
    }

    /**
     * The page of {@code fathom classify}, with the longest name that a class has, and one that cannot be broken at a
     * space.
     */
    @ParameterizedTest
    @ValueSource(ints = {360, 1280})
    void photographsFitTheWindow(int width) throws Exception {
        var picture = new BufferedImage(224, 224, BufferedImage.TYPE_INT_RGB);
        var names = List.of(
                "dragonfly, darning needle, devil's darning needle, sewing needle, snake feeder", "x".repeat(90));
        var report = new HtmlReport("What a network sees");
        for (int i = 0; i < 5; i++) {
            report.photograph(
                    picture, "a-folder/".repeat(12) + i + ".jpg", i == 0 ? "a note" : "", names, 0.987, 0.013);
        }
        Path page = temp.resolve("photographs.html");
        report.section("Not read").text("x".repeat(200)).write(page);
        assertThat(judge(page, width))
                .containsPattern("images=5 broken=0 hidden=0 unnamed=0 overflow=0 cut=\\d+ unseen=0 outside=0 done")
                .doesNotContain("CONSOLE");
    }

    /** The pages of filters and of a tour through a network, whose sheets are wide. */
    @ParameterizedTest
    @ValueSource(ints = {360, 1280})
    void seeAndFilterToo(int width) throws Exception {
        Path root = temp.resolve("see");
        String photo = SeeTest.photo(root, 0).toString();
        String weights = SeeTest.weights(root).toString();
        for (String[] args : new String[][] {
            {"filter", photo, "--model", "resnet20", "--data", weights},
            {"see", "resnet20", photo, "--data", weights, "--photos", root.toString(), "--steps", "2"}
        }) {
            Path out = root.resolve(args[0]);
            String[] all = Stream.concat(Stream.of(args), Stream.of("--out", out.toString()))
                    .toArray(String[]::new);
            CommandLineRun run = CommandLineRun.in(root, all);
            assertThat(run.code()).as(run.err()).isZero();
            assertThat(judge(out.resolve("report.html"), width))
                    .containsPattern("images=[1-9]")
                    .containsPattern("broken=0 hidden=0 unnamed=0 overflow=0 cut=\\d+ unseen=0 outside=0 done")
                    .doesNotContain("CONSOLE");
        }
    }

    /** A table as wide as those of labs is folded at its spaces, and not cut at the right edge. */
    @Test
    void aLabsTableIsNotCut() throws Exception {
        var report = new HtmlReport("Lab mnist, MNIST").section("Beside each other");
        report.table(
                List.of(
                        "network",
                        "parameters",
                        "multiply-adds",
                        "epochs",
                        "seconds",
                        "test accuracy",
                        "95 % interval",
                        "to reach",
                        "published"),
                List.of(
                        List.of(
                                "ResNet-20, augmented",
                                "1,199,882",
                                "12,345,678",
                                "60",
                                "1,234.5",
                                "99.19 %",
                                "98.99 to 99.35",
                                "99.1 %, reached",
                                "91.25 %, 92.16 % (He et al., Keras on all of CIFAR-10)"),
                        List.of(
                                "PyTorch's example",
                                "1,199,882",
                                "12,345,678",
                                "14",
                                "34.5",
                                "99.19 %",
                                "98.99 to 99.35",
                                "99.1 %, reached",
                                "99.15 to 99.21 % (PyTorch's example, by Adadelta)")));
        Path page = temp.resolve("lab.html");
        report.write(page);
        assertThat(judge(page, 1100)).contains("overflow=0 cut=0 ");
    }

    /** The judge itself: it must see what is wrong. */
    @Test
    void aBrokenPageIsSeen() throws Exception {
        Path broken = temp.resolve("broken.html");
        Files.writeString(
                broken,
                "<!DOCTYPE html><img src='none.png' alt='x' width=9 height=9><div "
                        + "style='width:2000px'>wide</div><script>nothing()</script>");
        assertThat(judge(broken, 360)).contains("broken=1").contains("CONSOLE").doesNotContain("overflow=0");
    }

    private static String judge(Path page, int width) throws IOException, InterruptedException {
        return browser.judge(width, page);
    }
}
