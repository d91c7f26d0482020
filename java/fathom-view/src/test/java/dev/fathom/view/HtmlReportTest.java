package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.sound.Wav;
import dev.fathom.train.Run;
import dev.fathom.train.Runs;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

class HtmlReportTest {
    private static final String NASTY = "<b>\"R&D\"</b> 'x' \u0000\ud800 ü 😀";
    private static final String HARMLESS = "<b>\"R&D\"</b> 'x' \ufffd\ufffd ü 😀";

    private static HtmlReport full() {
        Run history = Runs.plausible(3);
        ConfusionMatrix matrix = new ConfusionMatrix(3);
        for (int i = 0; i < 100; i++) {
            matrix.add(0, i < 80 ? 0 : 1);
            matrix.add(1, i < 95 ? 1 : 0);
        }
        List<String> names = List.of("cat", "dog", NASTY);
        return new HtmlReport(NASTY)
                .accuracy("Test accuracy", matrix)
                .figure(NASTY, NASTY)
                .figure("a", "b", NASTY)
                .text(NASTY)
                .section(NASTY)
                .picture(Plots.curve(history, "loss"), NASTY)
                .picture(Plots.curve(history, "accuracy"), "accuracy")
                .section("Where it errs")
                .picture(Plots.confusion(matrix, names), "confusion matrix")
                .classes(matrix, names)
                .sheet(new ImageSheet(2, 2, 1).add(new byte[4], NASTY).add(new byte[4], "second 1.0 %"))
                .pre("a  <tt>\n  b")
                .history(history)
                .sound(Wav.of(8000, new float[3]), NASTY)
                .link("history.csv", NASTY)
                .link("sub folder/a&b.safetensors", "the model");
    }

    private static Document parsed(String html) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(html.getBytes(StandardCharsets.UTF_8)));
    }

    private static List<Element> all(Document page, String tag) {
        var nodes = page.getElementsByTagName(tag);
        return IntStream.range(0, nodes.getLength())
                .mapToObj(i -> (Element) nodes.item(i))
                .toList();
    }

    private static List<List<String>> rows(Document page, int table) {
        List<List<String>> rows = new ArrayList<>();
        var trs = all(page, "table").get(table).getElementsByTagName("tr");
        for (int i = 0; i < trs.getLength(); i++) {
            List<String> cells = new ArrayList<>();
            for (var n = trs.item(i).getFirstChild(); n != null; n = n.getNextSibling()) {
                cells.add(n.getTextContent().replace("\u00a0", " "));
            }
            rows.add(cells);
        }
        return rows;
    }

    @Test
    void aSoundIsEmbeddedAsItsFile() throws Exception {
        Wav wav = Wav.of(8000, new float[] {0, 0.5f, -0.5f});
        Element audio = all(
                        parsed(new HtmlReport("x")
                                .sound(wav, "the vowel of \"hod\"")
                                .html()),
                        "audio")
                .get(0);
        assertThat(audio.getAttribute("aria-label")).isEqualTo("the vowel of \"hod\"");
        String data = audio.getAttribute("src");
        assertThat(data).startsWith("data:audio/wav;base64,");
        assertThat(Base64.getDecoder().decode(data.substring(data.indexOf(',') + 1)))
                .isEqualTo(wav.bytes());
    }

    @Test
    void thePageIsWellFormedAndAllTextArrives() throws Exception {
        Document page = parsed(full().html());
        for (String tag : List.of("title", "h1", "h2", "p")) {
            assertThat(all(page, tag).get(0).getTextContent()).as(tag).isEqualTo(HARMLESS);
        }
        assertThat(all(page, "dt")).extracting(Element::getTextContent).containsExactly("Test accuracy", HARMLESS, "a");
        assertThat(all(page, "dd"))
                .extracting(Element::getTextContent)
                .containsExactly(
                        "87.50 %", "95 % interval 82.20 to 91.39 %; 175 of 200 right", HARMLESS, "b", HARMLESS);
        assertThat(all(page, "pre").get(0).getTextContent()).isEqualTo("a  <tt>\n  b");
        assertThat(all(page, "section")).hasSize(2);
        assertThat(all(page, "b")).isEmpty();
        assertThat(all(page, "script")).isEmpty();
    }

    @Test
    void anEmptyPageIsAPage() throws Exception {
        assertThat(all(parsed(new HtmlReport("empty").html()), "dl")).isEmpty();
    }

    @Test
    void textStandsOnTheColorsOfItsValues() throws Exception {
        String html = new HtmlReport("colored")
                .colored("a<b>\n \ud83d\ude00d", NASTY, -2, -1, 0, 0.04, 0.2, 0.2, 1, 0.15)
                .colored("", "nothing")
                .html();
        Document page = parsed(html);
        assertThat(all(page, "pre")).extracting(Element::getTextContent).containsExactly("a<b>\n \ud83d\ude00d", "");
        assertThat(all(page, "figcaption")).extracting(Element::getTextContent).containsExactly(HARMLESS, "nothing");
        assertThat(all(page, "span"))
                .extracting(Element::getTextContent)
                .containsExactly("a<", "\n ", "\ud83d\ude00", "d");
        assertThat(all(page, "span"))
                .extracting(e -> e.getAttribute("style"))
                .containsExactly(
                        "background:#4c9cc9", "background:#f9e8db", "background:#e28e4c", "background:#f9e8db");
        assertThat(all(page, "b")).isEmpty();
        for (double[] wrong : new double[][] {{}, {1}, {1, Double.NaN}, {1, 1, 1}}) {
            assertThatThrownBy(() -> new HtmlReport("x").colored("ab", "", wrong))
                    .hasMessage("report: a text of 2 characters with " + wrong.length
                            + " values, of which none may be NaN; give one for each character");
        }
    }

    @Test
    void photographsStandOverTheirShares() throws Exception {
        var photo = new BufferedImage(30, 20, BufferedImage.TYPE_INT_RGB);
        String html = new HtmlReport("photographs")
                .photograph(photo, NASTY, NASTY, List.of(NASTY, "second"), 0.75, 1e-9)
                .photograph(photo, "two", "", List.of("all"), 1.0000001)
                .text("after")
                .html();
        Document page = parsed(html);
        assertThat(all(page, "figcaption")).extracting(Element::getTextContent).containsExactly(HARMLESS, "two");
        assertThat(all(page, "p")).extracting(Element::getTextContent).containsExactly(HARMLESS, "after");
        assertThat(all(page, "li"))
                .extracting(Element::getTextContent)
                .containsExactly("75.0\u00a0%" + HARMLESS, "0.0\u00a0%second", "100.0\u00a0%all");
        assertThat(all(page, "i"))
                .extracting(e -> e.getAttribute("style"))
                .containsExactly(
                        "background-size:75.0% 100%", "background-size:0.0% 100%", "background-size:100.0% 100%");
        Element img = all(page, "img").get(0);
        assertThat(img.getAttribute("alt")).isEqualTo(HARMLESS);
        assertThat(img.getAttribute("src")).startsWith("data:image/jpeg;base64,");
        byte[] jpeg = Base64.getDecoder().decode(img.getAttribute("src").substring(23));
        assertThat(ImageIO.read(new ByteArrayInputStream(jpeg)).getWidth()).isEqualTo(30);
        var report = new HtmlReport("wrong");
        assertThatThrownBy(() -> report.photograph(photo, "x", "", List.of("a"), 0.5, 0.5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("report: a photograph with 1 names for the shares [0.5, 0.5]; give one of 0 to 1 for each");
        assertThatThrownBy(() -> report.photograph(photo, "x", "", List.of("a"), Double.NaN))
                .isInstanceOf(IllegalArgumentException.class);
        var clear = new BufferedImage(3, 2, BufferedImage.TYPE_INT_ARGB);
        assertThatThrownBy(() -> report.photograph(clear, "x", "", List.of("a"), 0.5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("report: a photograph must be RGB or gray without transparency");
    }

    @Test
    void everyPictureIsInThePageAndDescribed() throws Exception {
        List<Element> images = all(parsed(full().html()), "img");
        assertThat(images).hasSize(5);
        for (Element img : images) {
            assertThat(img.getAttribute("src")).startsWith("data:image/png;base64,");
            assertThat(img.getAttribute("alt")).isNotBlank();
            byte[] png = Base64.getDecoder().decode(img.getAttribute("src").substring(22));
            var picture = PlotsTest.decoded(png);
            int scale = picture.getWidth() == 2
                    ? 1
                    : 2; // the sheet's images lie in their own size, the rest at twice its nominal
            assertThat(img.getAttribute("width")).isEqualTo("" + picture.getWidth() / scale);
            assertThat(img.getAttribute("height")).isEqualTo("" + picture.getHeight() / scale);
        }
        assertThat(images.get(0).getAttribute("alt")).isEqualTo(HARMLESS);
    }

    @Test
    void anAnimationStandsAmongThePicturesWithAStillForThoseWhoWantNoMotion() throws Exception {
        BufferedImage first = Plots.curve(Runs.plausible(3), "loss");
        BufferedImage last = Plots.curve(Runs.plausible(4), "loss");
        Document page = parsed(new HtmlReport("moving")
                .picture(first, "still")
                .animation(new Animation(List.of(first, last), 100, 1000), NASTY)
                .html());
        assertThat(all(page, "figure"))
                .hasSize(2)
                .allMatch(f -> f.getParentNode() == all(page, "figure").get(0).getParentNode());
        Element img = all(page, "img").get(1);
        assertThat(img.getAttribute("alt")).isEqualTo(HARMLESS);
        assertThat(img.getAttribute("width")).isEqualTo("" + last.getWidth() / 2);
        assertThat(img.getAttribute("src")).startsWith("data:image/gif;base64,");
        byte[] gif = Base64.getDecoder().decode(img.getAttribute("src").substring(22));
        assertThat(gif).isEqualTo(new Animation(List.of(first, last), 100, 1000).gif());
        Element source = all(page, "source").get(0);
        assertThat(source.getAttribute("media")).isEqualTo("(prefers-reduced-motion: reduce)");
        assertThat(Base64.getDecoder().decode(source.getAttribute("srcset").substring(22)))
                .isEqualTo(Plots.png(last));
    }

    @Test
    void nothingIsAskedOfTheNetwork() throws Exception {
        Document page = parsed(full().html());
        for (String attribute : List.of("src", "href", "action", "data", "srcset")) {
            for (Element e : all(page, "*")) {
                String value = e.getAttribute(attribute);
                assertThat(value.startsWith("data:") || !value.contains("//"))
                        .as(value)
                        .isTrue();
            }
        }
        assertThat(all(page, "style").get(0).getTextContent())
                .doesNotContain("url(")
                .doesNotContain("@import");
        assertThat(all(page, "a"))
                .extracting(a -> a.getAttribute("href"))
                .containsExactly("./history.csv", "./sub%20folder/a&b.safetensors");
    }

    @Test
    void tablesHoldTheFigures() throws Exception {
        Document page = parsed(full().html());
        assertThat(rows(page, 0))
                .containsExactly(
                        List.of("class", "examples", "precision", "recall", "F1", "most often taken for"),
                        List.of("cat", "100", "94.12 %", "80.00 %", "86.49 %", "dog (20)"),
                        List.of("dog", "100", "82.61 %", "95.00 %", "88.37 %", "cat (5)"),
                        List.of(HARMLESS, "0", "–", "–", "–", "–"));
        List<List<String>> history = rows(page, 1);
        assertThat(history.get(0))
                .containsExactly("epoch", "learning rate", "seconds", "loss", "accuracy", "val loss", "val accuracy");
        assertThat(history).hasSize(4);
        assertThat(history.get(3).subList(0, 3)).containsExactly("3", "0.0001", "0.25");
    }

    @Test
    void columnsOfNumbersAreSetToTheRight() throws Exception {
        Document page = parsed(new HtmlReport("t")
                .table(List.of("name", "n"), List.of(List.of("a", "1,000"), List.of("b", "–")))
                .html());
        assertThat(all(page, "td")).extracting(td -> td.getAttribute("class")).containsOnly("n");
        assertThat(all(page, "th")).extracting(th -> th.getAttribute("class")).containsExactly("", "n", "", "");
    }

    @Test
    void badInputIsSaid() {
        HtmlReport report = new HtmlReport("t");
        assertThatThrownBy(() -> report.table(List.of("a", "b"), List.of(List.of("1"))))
                .hasMessage("report: a row of 1 cells in a table of 2 columns: [1]");
        for (String file : List.of("/etc/passwd", "../x", "a/../../x", "a\\b", "")) {
            assertThatThrownBy(() -> report.link(file, "x"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("report: the link " + file
                            + " is not below the page; give a relative path with forward slashes");
        }
        assertThat(report.link("javascript:alert(1)", "a file of this name").html())
                .contains("href=\"./javascript:alert(1)\"");
    }

    @Test
    void thePageIsWrittenWholeOrNotAtAll(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("a/b/report.html");
        full().write(file);
        assertThat(Files.readString(file)).isEqualTo(full().html());
        Path target = Files.createDirectories(folder.resolve("taken/report.html"));
        assertThatThrownBy(() -> full().write(target))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot write " + target + ": it is a folder; give the name of a file in it");
        Path plain = Files.writeString(folder.resolve("plain"), "kept");
        Path below = plain.resolve("x/report.html");
        assertThatThrownBy(() -> full().write(below))
                .hasMessage("cannot write " + below + ": " + plain + " is not a folder; choose another place");
    }

    @Test
    void anUnwritableFolderIsSaid(@TempDir Path folder) throws IOException {
        Path closed = Files.createDirectory(folder.resolve("closed"));
        // root may write anywhere but in /proc
        Path place = closed.toFile().setWritable(false) && !Files.isWritable(closed) ? closed : Path.of("/proc");
        Path file = place.resolve("report.html");
        assertThatThrownBy(() -> full().write(file))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith("cannot write " + file + ": the folder " + place + " takes no new file (")
                .hasMessageEndingWith("); choose one that you may write to");
        assertThat(closed).isEmptyDirectory();
    }

    @Test
    void pagesOfASiteAreLinkedAndFolded() throws Exception {
        String html = new HtmlReport("Chapter")
                .links("all pages", true, List.of(new HtmlReport.Link("a&b.html", "part", "next", NASTY)))
                .section("Part", "part")
                .note("The course claims", NASTY)
                .small("in small print")
                .table(
                        List.of("figure", "verdict"),
                        List.of(List.of("a", "reached"), List.of("b", "missed by 0.3"), List.of("reached", "")))
                .picture(Plots.curve(Runs.plausible(3), "loss"), "not folded")
                .details("code", page -> page.pre("int i;").picture(Plots.curve(Runs.plausible(3), "loss"), "folded"))
                .html();
        Document page = parsed(html);
        assertThat(html)
                .contains("<a href=\"./a&amp;b.html#part\">next</a>", "<section id=\"part\">")
                .contains("<b class=\"good\">reached</b>", "<b class=\"bad\">missed by 0.3</b>", ">reached</th>");
        assertThat(page.getElementsByTagName("details").item(0).getTextContent())
                .contains("code", "int i;");
        assertThat(page.getElementsByTagName("details").item(0).getChildNodes().getLength())
                .isEqualTo(6);
        assertThatThrownBy(() ->
                        new HtmlReport("x").links("x", false, List.of(new HtmlReport.Link("../a.html", "", "up", ""))))
                .hasMessage(
                        "report: the link ../a.html is not below the page; give a relative path with forward slashes");
    }

    @Test
    void picturesOfAPageCanBeTakenToAnother(@TempDir Path folder) throws Exception {
        BufferedImage picture = Plots.curve(Runs.plausible(3), "loss");
        Animation animation = new Animation(List.of(picture, picture), 100, 500);
        Path page = folder.resolve("page.html");
        new HtmlReport("One")
                .picture(picture, NASTY)
                .text("x")
                .animation(animation, "moving")
                .write(page);
        List<HtmlReport.Embedded> taken = HtmlReport.pictures(page);
        assertThat(taken).extracting(HtmlReport.Embedded::alt).containsExactly(HARMLESS, "moving");
        assertThat(taken.get(0).data()).startsWith("data:image/png");
        assertThat(taken.get(1).data()).startsWith("data:image/gif");
        assertThat(ImageIO.read(new ByteArrayInputStream(taken.get(1).file())).getWidth())
                .isEqualTo(picture.getWidth());
        Path copy = folder.resolve("copy.html");
        HtmlReport other = new HtmlReport("Two");
        taken.forEach(other::picture);
        other.write(copy);
        assertThat(HtmlReport.pictures(copy)).isEqualTo(taken);
        assertThat(Files.readString(copy)).contains("<figcaption>moving</figcaption>");
        Path none = Files.writeString(folder.resolve("none.html"), "<html><p>");
        assertThatThrownBy(() -> HtmlReport.pictures(none)).hasMessageContaining("none.html is no page of a report");
    }
}
