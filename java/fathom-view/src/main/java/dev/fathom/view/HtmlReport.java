package dev.fathom.view;

import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.io.AtomicFile;
import dev.fathom.sound.Wav;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * One self-contained page: text, key figures, tables and embedded pictures, without scripts and without a single
 * request to the network. It reads well on a phone and on a desk, in light and dark, and is XHTML-compatible, so that
 * any XML parser can check it.
 *
 * <pre>{@code
 * new HtmlReport("Fashion-MNIST")
 *     .figure("Test accuracy", "89.62 %", "89.01 to 90.20 %")
 *     .section("Learning").picture(Plots.curve(history, "loss"), "Loss over the epochs")
 *     .section("Files").link("history.csv", "every figure of every epoch")
 *     .write(Path.of("out/report.html"));
 * }</pre>
 *
 * <p>Everything given as text is escaped. Key figures stand at the top, the rest in the order it was added.
 */
public final class HtmlReport {
    private static final Pattern NUMERIC =
            Pattern.compile("[-+]?[\\d.,]+([eE][-+]?\\d+)?( ?[%s])?|NaN|[-+]?Infinity|∞|–");

    private static final String STYLE = """
            :root{color-scheme:light dark;--ink:#1f2933;--muted:#5b6773;--paper:#fff;--card:#f5f7f9;--line:#dde3e8;
              --link:#005a8f;--good:#00664b;--bad:#a33c00}
            @media (prefers-color-scheme:dark){:root{--ink:#e4e9ee;--muted:#a3afba;--paper:#14181c;--card:#1e242a;
              --line:#333c45;--link:#7cc4f4;--good:#5fd3ae;--bad:#ff9a5c}}
            *{box-sizing:border-box}
            body{margin:0;background:var(--paper);color:var(--ink);-webkit-text-size-adjust:100%;
              font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
            main{max-width:72rem;margin:0 auto;padding:1.5rem 1rem 4rem}
            h1{font-size:clamp(1.5rem,5vw,2.1rem);line-height:1.2;margin:.5rem 0 1.25rem;overflow-wrap:anywhere}
            h2{font-size:1.25rem;margin:2.5rem 0 .75rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}
            p{max-width:44rem;margin:.75rem 0;overflow-wrap:anywhere}
            a{color:var(--link)}
            dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.75rem;margin:0}
            dl div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.7rem .9rem}
            dt{color:var(--muted);font-size:.85rem}
            dd{margin:0;overflow-wrap:anywhere}
            dd.value{font-size:1.3rem;font-weight:600;font-variant-numeric:tabular-nums;line-height:1.3}
            dd.note{color:var(--muted);font-size:.8rem;line-height:1.35}
            .wide,pre{overflow-x:auto}
            .wide:focus-visible,pre:focus-visible{outline:2px solid var(--link);outline-offset:2px}
            figure{margin:0}
            figcaption{font-size:.85rem;line-height:1.35;color:var(--muted);margin-top:.3rem}
            .pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));gap:1rem;
              margin:1rem 0}
            .pictures figure{background:#fff;border:1px solid var(--line);border-radius:.5rem;padding:.5rem;
              text-align:center;min-width:0}
            .sound{margin:.5rem 0}.sound audio{max-width:100%;vertical-align:middle}
            .pictures img{max-width:100%;height:auto;vertical-align:top}
            .sheet{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr));gap:1rem .75rem;
              margin:1rem 0}
            .sheet figure{text-align:center}
            .sheet img{width:112px;max-width:100%;height:auto;image-rendering:pixelated;border-radius:.25rem}
            .photographs{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,16rem),1fr));gap:1rem;
              margin:1rem 0}
            .photographs figure{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.75rem;
              min-width:0}
            .photographs img{display:block;width:100%;max-width:20rem;height:auto;margin:0 auto;border-radius:.25rem}
            .photographs figcaption{color:var(--ink);font-weight:600;overflow-wrap:anywhere}
            .photographs p{font-size:.8rem;line-height:1.35;color:var(--muted);margin:.3rem 0}
            .photographs ul{list-style:none;margin:.5rem 0 0;padding:0;font-size:.85rem;line-height:1.35;
              font-variant-numeric:tabular-nums}
            .photographs li{margin:.45rem 0;overflow-wrap:anywhere}
            .photographs span{float:right;font-weight:400;padding-left:.5rem}
            .photographs i{display:block;clear:both;height:.3rem;margin-top:.15rem;border-radius:.15rem;
              background:linear-gradient(#0072b2,#0072b2) no-repeat var(--line)}
            table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
            th,td{padding:.32rem .75rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
            thead th{color:var(--muted);font-weight:600}
            th.n,td.n{text-align:right}
            td.n{white-space:nowrap}
            pre{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.9rem;
              font:.85rem/1.45 ui-monospace,"DejaVu Sans Mono","Liberation Mono",monospace}
            p.note{background:var(--card);border-left:.25rem solid var(--link);border-radius:0 .5rem .5rem 0;
              padding:.6rem .9rem}
            p.note b{display:block;color:var(--muted);font-size:.8rem;font-weight:600}
            p.small{color:var(--muted);font-size:.85rem;line-height:1.4}
            b.good,b.bad{white-space:nowrap;color:var(--good)}
            b.bad{color:var(--bad)}
            b.good::before{content:"✓ "}
            b.bad::before{content:"✗ "}
            nav ul{list-style:none;margin:.75rem 0;padding:0;max-width:52rem}
            nav li{padding:.3rem 0;overflow-wrap:anywhere}
            nav li span{display:block;color:var(--muted);font-size:.9rem;line-height:1.4}
            nav.row ul{display:flex;flex-wrap:wrap;gap:0 1.5rem}
            details{margin:.6rem 0}
            summary{cursor:pointer;color:var(--link);padding:.2rem 0;overflow-wrap:anywhere}
            summary:focus-visible,nav a:focus-visible{outline:2px solid var(--link);outline-offset:2px}
            .pictures figcaption{color:#5b6773;text-align:left;padding:0 .25rem}
            .colored{margin:1rem 0}
            .colored pre{margin:0;background:#fff;color:#1f2933;white-space:pre-wrap;overflow-wrap:anywhere}
            @media (max-width:40rem){dl{grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr))}
              th,td{padding:.3rem .4rem}
              .verdicts{font-size:.8rem}.verdicts b{white-space:normal}
              .verdicts tbody th{min-width:7.5rem;max-width:7.5rem;overflow-wrap:anywhere}
              .verdicts td.n{white-space:normal}
              .verdicts td:nth-child(-n+3){max-width:4.4rem;overflow-wrap:anywhere}
              .pictures img.large{max-width:none;width:34rem}}
            """;

    /**
     * A picture that a page embeds.
     *
     * @param data the picture as a {@code data:} URL
     * @param still what stands for an animation where motion is reduced; empty for a picture that does not move
     * @param alt what it shows, for those who cannot see it
     * @param width its nominal width in pixels
     * @param height its nominal height in pixels
     */
    public record Embedded(String data, String still, String alt, int width, int height) {
        /** Returns the file inside {@link #data}, or inside {@link #still} if the picture moves. */
        public byte[] file() {
            String url = still.isEmpty() ? data : still;
            return Base64.getDecoder().decode(url.substring(url.indexOf(',') + 1));
        }
    }

    /**
     * A link in a list.
     *
     * @param file the path of a page relative to this one, with forward slashes
     * @param id of a section in it, empty for its beginning
     * @param text what is underlined
     * @param note small print below it, none if it is empty
     */
    public record Link(String file, String id, String text, String note) {}

    private final String title;
    private final StringBuilder figures = new StringBuilder();
    private final StringBuilder body = new StringBuilder();
    private boolean inSection;
    /** The class of the grid that is open, empty for none. */
    private String grid = "";

    /** Begins an empty page. */
    public HtmlReport(String title) {
        this.title = title;
    }

    /** Adds a key figure, such as {@code Epochs} and {@code 30}. */
    public HtmlReport figure(String label, String value) {
        return figure(label, value, "");
    }

    /** Adds a key figure with a line of small print below it, unless {@code note} is empty. */
    public HtmlReport figure(String label, String value, String note) {
        figures.append("<div><dt>").append(escape(label)).append("</dt><dd class=\"value\">");
        figures.append(escape(value)).append("</dd>");
        if (!note.isEmpty()) {
            figures.append("<dd class=\"note\">").append(escape(note)).append("</dd>");
        }
        figures.append("</div>\n");
        return this;
    }

    /** Adds the accuracy of {@code matrix} as a key figure, with its 95 % Wilson score interval. */
    public HtmlReport accuracy(String label, ConfusionMatrix matrix) {
        double[] interval = matrix.accuracyInterval95();
        String low = Numbers.percent(interval[0]).replace(" %", "");
        return figure(
                label,
                Numbers.percent(matrix.accuracy()),
                "95 % interval " + low + " to " + Numbers.percent(interval[1]) + "; " + Numbers.count(matrix.correct())
                        + " of " + Numbers.count(matrix.total()) + " right");
    }

    /** Begins a section. */
    public HtmlReport section(String heading) {
        return section(heading, "");
    }

    /** Begins a section to which a link leads that ends in {@code #} and this id; without one if it is empty. */
    public HtmlReport section(String heading, String id) {
        endSection();
        body.append(id.isEmpty() ? "<section>" : "<section id=\"" + escape(id) + "\">");
        body.append("\n<h2>").append(escape(heading)).append("</h2>\n");
        inSection = true;
        return this;
    }

    /** Adds a paragraph. */
    public HtmlReport text(String paragraph) {
        block().append("<p>").append(escape(paragraph)).append("</p>\n");
        return this;
    }

    /** Adds a paragraph in small print, such as how something was measured. */
    public HtmlReport small(String paragraph) {
        block().append("<p class=\"small\">").append(escape(paragraph)).append("</p>\n");
        return this;
    }

    /** Adds a paragraph that stands out, below a label in small print. */
    public HtmlReport note(String label, String paragraph) {
        block().append("<p class=\"note\"><b>").append(escape(label)).append("</b>");
        body.append(escape(paragraph)).append("</p>\n");
        return this;
    }

    /** Adds what {@code content} adds, which stays folded until a reader opens it by a click on {@code summary}. */
    public HtmlReport details(String summary, Consumer<HtmlReport> content) {
        block().append("<details><summary>").append(escape(summary)).append("</summary>\n");
        content.accept(this);
        block().append("</details>\n");
        return this;
    }

    /** Adds text with its spaces and line ends as they are, such as a model summary or a command. */
    public HtmlReport pre(String text) {
        block().append("<pre tabindex=\"0\">").append(escape(text)).append("</pre>\n");
        return this;
    }

    /**
     * Adds text whose characters stand on colors: white for 0, blue toward -1 and orange toward 1, such as what a unit
     * of a net holds behind each character that it reads. Values beyond have the color of the end.
     *
     * @param text the characters, whose spaces and line ends stay as they are
     * @param caption small print below the text
     * @param values one for each character, that is for each Unicode code point
     * @throws IllegalArgumentException when there is not one value for each character, or one is NaN
     */
    public HtmlReport colored(String text, String caption, double... values) {
        int[] characters = text.codePoints().toArray();
        if (characters.length != values.length || Arrays.stream(values).anyMatch(Double::isNaN)) {
            throw new IllegalArgumentException("report: a text of " + characters.length + " characters with "
                    + values.length + " values, of which none may be NaN; give one for each character");
        }
        block().append("<figure class=\"colored\"><pre tabindex=\"0\">");
        for (int from = 0, to; from < characters.length; from = to) {
            String color = color(values[from]);
            for (to = from + 1; to < characters.length && color(values[to]).equals(color); ) {
                to++;
            }
            String run = escape(new String(characters, from, to - from));
            body.append(color.isEmpty() ? run : "<span style=\"background:" + color + "\">" + run + "</span>");
        }
        body.append("</pre><figcaption>").append(escape(caption)).append("</figcaption></figure>\n");
        return this;
    }

    /** One of 20 colors on which dark letters can be read, empty for white. */
    private static String color(double value) {
        long level = Math.round(10 * Math.max(-1, Math.min(1, value)));
        Color end = level < 0 ? Draw.BLUE : Draw.VERMILLION;
        double share = 0.07 * Math.abs(level); // at most 0.7 of the color itself, for the contrast
        return level == 0
                ? ""
                : String.format(
                        "#%02x%02x%02x",
                        Math.round(255 + share * (end.getRed() - 255)),
                        Math.round(255 + share * (end.getGreen() - 255)),
                        Math.round(255 + share * (end.getBlue() - 255)));
    }

    /**
     * Adds a picture that was drawn at twice its nominal size, as {@link Plots} does. Neighboring pictures stand side
     * by side where there is room.
     *
     * @param picture the picture, which is embedded as PNG
     * @param alt what it shows, for those who cannot see it
     */
    public HtmlReport picture(BufferedImage picture, String alt) {
        return picture("", png(picture), picture, alt, "", "");
    }

    /**
     * Adds a picture with its text below it.
     *
     * @param picture the picture, which is embedded as PNG
     * @param caption what it shows
     */
    public HtmlReport captioned(BufferedImage picture, String caption) {
        return picture("", png(picture), picture, caption, "", caption);
    }

    /**
     * Adds an animation whose frames were drawn at twice their nominal size. It stands among pictures as one of them. A
     * browser that is set to reduce motion shows the last frame.
     *
     * @param animation the animation, which is embedded as GIF
     * @param alt what it shows, for those who cannot see it
     */
    public HtmlReport animation(Animation animation, String alt) {
        return animation(animation, alt, "");
    }

    /**
     * Adds an animation with its text below it.
     *
     * @param animation the animation, which is embedded as GIF
     * @param caption what it shows
     */
    public HtmlReport captioned(Animation animation, String caption) {
        return animation(animation, caption, caption);
    }

    private HtmlReport animation(Animation animation, String alt, String caption) {
        List<BufferedImage> frames = animation.frames();
        BufferedImage last = frames.get(frames.size() - 1);
        String gif = "data:image/gif;base64," + Base64.getEncoder().encodeToString(animation.gif());
        return picture(still(png(last)), gif, last, alt, "</picture>", caption);
    }

    /** Adds a picture of another page, with its text below it. */
    public HtmlReport picture(Embedded picture) {
        String still = picture.still().isEmpty() ? "" : still(picture.still());
        String after = (still.isEmpty() ? "" : "</picture>");
        return picture(still, picture.data(), picture.width(), picture.height(), picture.alt(), after, picture.alt());
    }

    /**
     * Returns the pictures that a page of this class embeds, in their order.
     *
     * @throws IllegalArgumentException when the file is no such page
     * @throws UncheckedIOException when it cannot be read
     */
    public static List<Embedded> pictures(Path page) {
        XMLInputFactory factory = XMLInputFactory.newFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        List<Embedded> pictures = new ArrayList<>();
        try (InputStream in = Files.newInputStream(page)) {
            XMLStreamReader reader = factory.createXMLStreamReader(in, "UTF-8");
            String still = "";
            while (reader.hasNext()) {
                if (reader.next() != XMLStreamConstants.START_ELEMENT) {
                    continue;
                }
                if (reader.getLocalName().equals("source")) {
                    still = reader.getAttributeValue(null, "srcset");
                } else if (reader.getLocalName().equals("img")) {
                    pictures.add(new Embedded(
                            reader.getAttributeValue(null, "src"),
                            still,
                            reader.getAttributeValue(null, "alt"),
                            Integer.parseInt(reader.getAttributeValue(null, "width")),
                            Integer.parseInt(reader.getAttributeValue(null, "height"))));
                    still = "";
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + page + ": " + AtomicFile.reason(e), e);
        } catch (XMLStreamException | NumberFormatException e) {
            throw new IllegalArgumentException(page + " is no page of a report: " + e.getMessage(), e);
        }
        return pictures;
    }

    private static String still(String url) {
        return "<picture><source media=\"(prefers-reduced-motion: reduce)\" srcset=\"" + url + "\"/>";
    }

    private HtmlReport picture(
            String before, String data, BufferedImage picture, String alt, String after, String caption) {
        int width = picture.getWidth() / Draw.SCALE;
        return picture(before, data, width, picture.getHeight() / Draw.SCALE, alt, after, caption);
    }

    private HtmlReport picture(
            String before, String data, int width, int height, String alt, String after, String caption) {
        grid("pictures");
        body.append("<figure><div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"")
                .append(escape(alt))
                .append("\">")
                .append(before);
        image(data, alt, width, height, width > 600 ? "large" : "");
        body.append(after).append("</div>");
        body.append(caption.isEmpty() ? "" : "<figcaption>" + escape(caption) + "</figcaption>");
        body.append("</figure>\n");
        return this;
    }

    /**
     * Adds a recording with a button that plays it.
     *
     * @param wav the recording, which is embedded as a WAV file
     * @param what what one hears
     */
    public HtmlReport sound(Wav wav, String what) {
        block().append("<figure class=\"sound\"><audio controls=\"controls\" preload=\"none\" aria-label=\"")
                .append(escape(what))
                .append("\" src=\"data:audio/wav;base64,")
                .append(Base64.getEncoder().encodeToString(wav.bytes()))
                .append("\"></audio><figcaption>")
                .append(escape(what))
                .append("</figcaption></figure>\n");
        return this;
    }

    /** Adds the images of {@code sheet} with their captions, as many side by side as there is room for. */
    public HtmlReport sheet(ImageSheet sheet) {
        block().append("<div class=\"sheet\">\n");
        for (int i = 0; i < sheet.images().size(); i++) {
            BufferedImage image = sheet.images().get(i);
            String caption = sheet.captions().get(i);
            body.append("<figure>");
            image(png(image), caption, image.getWidth(), image.getHeight(), "");
            body.append("<figcaption>").append(escape(Draw.unbroken(caption))).append("</figcaption></figure>\n");
        }
        body.append("</div>\n");
        return this;
    }

    /**
     * Adds a photograph with shares of 1 below it, each a bar under its name. Neighboring photographs stand side by
     * side where there is room. They are embedded as JPEG, which is a tenth of the size of PNG.
     *
     * @param picture the photograph
     * @param name the text below it
     * @param note small print below that; there is none if it is empty
     * @param names the names of the shares
     * @param shares the shares, one for each name
     * @throws IllegalArgumentException when there is not one share of 0 to 1 for each name
     */
    public HtmlReport photograph(
            BufferedImage picture, String name, String note, List<String> names, double... shares) {
        if (names.size() != shares.length || Arrays.stream(shares).anyMatch(s -> !(s >= 0 && s <= 1.001))) {
            throw new IllegalArgumentException("report: a photograph with " + names.size() + " names for the shares "
                    + Arrays.toString(shares) + "; give one of 0 to 1 for each");
        }
        grid("photographs");
        body.append("<figure>");
        image(jpeg(picture), name, picture.getWidth(), picture.getHeight(), "");
        body.append("<figcaption>").append(escape(name)).append("</figcaption>");
        body.append(note.isEmpty() ? "" : "<p>" + escape(note) + "</p>").append("<ul>");
        for (int i = 0; i < shares.length; i++) {
            String percent = String.format(Locale.ROOT, "%.1f", Math.min(100, 100 * shares[i]));
            body.append("<li><span>").append(percent).append("\u00a0%</span>").append(escape(names.get(i)));
            body.append("<i style=\"background-size:").append(percent).append("% 100%\"></i></li>");
        }
        body.append("</ul></figure>\n");
        return this;
    }

    /**
     * Adds a table. Columns of numbers are aligned to the right, and the first column names its row. A column named
     * {@code verdict} is set in green where it says {@code reached} and in red where it says anything else, with a sign
     * for those who do not see the colors.
     *
     * @param header one name for each column
     * @param rows the rows, each as long as the header
     * @throws IllegalArgumentException when a row is longer or shorter than the header
     */
    public HtmlReport table(List<String> header, List<List<String>> rows) {
        for (List<String> row : rows) {
            if (row.size() != header.size()) {
                throw new IllegalArgumentException("report: a row of " + row.size() + " cells in a table of "
                        + header.size() + " columns: " + row);
            }
        }
        List<String> classes = new ArrayList<>();
        for (int c = 0; c < header.size(); c++) {
            int column = c;
            boolean numeric = !rows.isEmpty()
                    && rows.stream()
                            .allMatch(r -> NUMERIC.matcher(r.get(column)).matches());
            classes.add(numeric ? " class=\"n\"" : "");
        }
        block().append("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"table: ");
        body.append(escape(String.join(", ", header)))
                .append("\"><table")
                .append(header.contains("verdict") ? " class=\"verdicts\"" : "")
                .append(">\n<thead><tr>");
        for (int c = 0; c < header.size(); c++) {
            body.append("<th scope=\"col\"").append(classes.get(c)).append('>');
            body.append(escape(header.get(c))).append("</th>");
        }
        body.append("</tr></thead>\n<tbody>\n");
        for (List<String> row : rows) {
            body.append("<tr>");
            for (int c = 0; c < row.size(); c++) {
                body.append(c == 0 ? "<th scope=\"row\"" : "<td")
                        .append(classes.get(c))
                        .append('>');
                body.append(cell(header.get(c), row.get(c))).append(c == 0 ? "</th>" : "</td>");
            }
            body.append("</tr>\n");
        }
        body.append("</tbody>\n</table></div>\n");
        return this;
    }

    /** A verdict stands out by its color. */
    private static String cell(String column, String text) {
        String shown = escape(text).replace(" %", "\u00a0%"); // a number is not parted from its unit
        if (!column.equals("verdict") || text.isEmpty()) {
            return shown;
        }
        return "<b class=\"" + (text.equals("reached") ? "good" : "bad") + "\">" + shown + "</b>";
    }

    /** Adds every epoch of {@code history} as a table. */
    public HtmlReport history(Run history) {
        List<String> names = history.names();
        List<String> header = new ArrayList<>(List.of("epoch", "learning rate", "seconds"));
        names.forEach(n -> header.add(n.replace('_', ' ')));
        List<List<String>> rows = new ArrayList<>();
        for (EpochLog e : history.epochs()) {
            List<String> row = new ArrayList<>(
                    List.of(Integer.toString(e.epoch()), Numbers.plain(e.learningRate()), Numbers.plain(e.seconds())));
            names.forEach(n -> row.add(Numbers.figure(n, e.value(n))));
            rows.add(row);
        }
        return table(header, rows);
    }

    /**
     * Adds a table of precision, recall and F1 of every class, and of the class it is most often mistaken for.
     *
     * @throws IllegalArgumentException when there is not one name for each class
     */
    public HtmlReport classes(ConfusionMatrix matrix, List<String> names) {
        Plots.requireNames(matrix, names);
        List<List<String>> rows = new ArrayList<>();
        for (int k = 0; k < matrix.classes(); k++) {
            long examples = 0;
            int worst = -1;
            for (int j = 0; j < matrix.classes(); j++) {
                examples += matrix.count(k, j);
                if (j != k && matrix.count(k, j) > (worst < 0 ? 0 : matrix.count(k, worst))) {
                    worst = j;
                }
            }
            rows.add(List.of(
                    names.get(k),
                    Numbers.count(examples),
                    Numbers.percent(matrix.precision(k)),
                    Numbers.percent(matrix.recall(k)),
                    Numbers.percent(matrix.f1(k)),
                    worst < 0 ? Numbers.NONE : names.get(worst) + " (" + Numbers.count(matrix.count(k, worst)) + ")"));
        }
        return table(List.of("class", "examples", "precision", "recall", "F1", "most often taken for"), rows);
    }

    /**
     * Adds a link to a file that lies beside the page or in a folder below it.
     *
     * @param file the path of the file relative to the page, with forward slashes
     * @param what the content of the file
     * @throws IllegalArgumentException when the path is absolute, names a host or leaves the folder
     */
    public HtmlReport link(String file, String what) {
        block().append("<p>").append(anchor(file, "", file)).append(": ");
        body.append(escape(what)).append("</p>\n");
        return this;
    }

    /**
     * Adds a list of links to other pages.
     *
     * @param label what the list is, for those who cannot see it
     * @param row whether the links stand side by side where there is room
     * @throws IllegalArgumentException when a path is absolute, names a host or leaves the folder
     */
    public HtmlReport links(String label, boolean row, List<Link> links) {
        block().append(row ? "<nav class=\"row\" aria-label=\"" : "<nav aria-label=\"");
        body.append(escape(label)).append("\"><ul>\n");
        for (Link link : links) {
            body.append("<li>").append(anchor(link.file(), link.id(), link.text()));
            body.append(link.note().isEmpty() ? "" : "<span>" + escape(link.note()) + "</span>");
            body.append("</li>\n");
        }
        body.append("</ul></nav>\n");
        return this;
    }

    private static String anchor(String file, String id, String text) {
        if (file.isEmpty()
                || file.startsWith("/")
                || file.contains("\\")
                || Arrays.asList(file.split("/")).contains("..")) {
            throw new IllegalArgumentException(
                    "report: the link " + file + " is not below the page; give a relative path with forward slashes");
        }
        String href;
        try {
            // "./" keeps a colon in a name from naming a scheme
            href = new URI(null, null, "./" + file, id.isEmpty() ? null : id).toASCIIString();
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("report: the link " + file + " is not a path", e);
        }
        return "<a href=\"" + escape(href) + "\">" + escape(text) + "</a>";
    }

    /** Returns the page as text. */
    public String html() {
        StringBuilder page = new StringBuilder(body.length() + 8192);
        page.append("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n");
        page.append("<meta charset=\"utf-8\"/>\n");
        page.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
        // the browser itself is told to ask nobody for anything
        page.append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
                + "media-src data:; style-src"
                + " 'unsafe-inline'\"/>\n<link rel=\"icon\" href=\"data:,\"/>\n");
        page.append("<title>")
                .append(escape(title))
                .append("</title>\n<style>\n")
                .append(STYLE)
                .append("</style>\n");
        page.append("</head>\n<body>\n<main>\n<h1>").append(escape(title)).append("</h1>\n");
        if (figures.length() > 0) {
            page.append("<dl>\n").append(figures).append("</dl>\n");
        }
        page.append(body);
        page.append(grid.isEmpty() ? "" : "</div>\n").append(inSection ? "</section>\n" : "");
        return page.append("</main>\n</body>\n</html>\n").toString();
    }

    /**
     * Writes the page, whole or not at all; missing folders are made.
     *
     * @throws UncheckedIOException when the file cannot be written, with the reason in one sentence
     */
    public void write(Path file) {
        byte[] page = html().getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, out -> out.write(page));
    }

    private StringBuilder block() {
        if (!grid.isEmpty()) {
            body.append("</div>\n");
            grid = "";
        }
        return body;
    }

    private void grid(String kind) {
        if (!grid.equals(kind)) {
            block().append("<div class=\"").append(kind).append("\">\n");
            grid = kind;
        }
    }

    private void endSection() {
        block().append(inSection ? "</section>\n" : "");
    }

    private static String png(BufferedImage picture) {
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(Plots.png(picture));
    }

    private static String jpeg(BufferedImage picture) {
        try (var bytes = new ByteArrayOutputStream();
                var out = new MemoryCacheImageOutputStream(bytes)) {
            if (!ImageIO.write(picture, "jpeg", out)) {
                throw new IllegalArgumentException("report: a photograph must be RGB or gray without transparency");
            }
            out.flush();
            return "data:image/jpeg;base64," + Base64.getEncoder().encodeToString(bytes.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void image(String data, String alt, int width, int height, String kind) {
        body.append("<img src=\"")
                .append(data)
                .append("\" alt=\"")
                .append(escape(alt))
                .append('"');
        body.append(kind.isEmpty() ? "" : " class=\"" + kind + '"');
        body.append(" width=\"")
                .append(width)
                .append("\" height=\"")
                .append(height)
                .append("\"/>");
    }

    /** Text for an element or an attribute; characters that XML cannot hold become U+FFFD. */
    static String escape(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.appendCodePoint(isXml(c) ? c : 0xfffd);
            }
        });
        return out.toString();
    }

    private static boolean isXml(int c) {
        return c == '\t'
                || c == '\n'
                || c == '\r'
                || (c >= 0x20 && c < 0xd800)
                || (c >= 0xe000 && c < 0xfffe)
                || c > 0xffff;
    }
}
