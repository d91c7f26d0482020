package dev.fathom.experiments.pages;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.IllegalFormatException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The words of a lab, from the Markdown file {@code NAME.md} beside its class:
 *
 * <pre>{@code
 * ---
 * shows: how often a coin falls on its head
 * claim: A coin is fair.
 * data: {throws} throws of a coin
 * key: heads; tails
 * ---
 *
 * ## The throws
 *
 * Of {throws} throws, {share %.1f} % were heads.
 *
 * [sides]
 *
 * {?many} So many throws leave little to chance.
 *
 * ![How the share of heads changes with the number of throws](share.png)
 * }</pre>
 *
 * <p>Figures that {@code key} names are shown large; a {@code *} in it stands for any text. Values stand in braces by
 * the names under which the lab puts them, with a format where they need one. A paragraph that begins with
 * {@code {?NAME}} is shown if the value of that name is true, and one with {@code {!NAME}} if it is false. A table
 * stands where its name is in brackets, and a picture where its file is named, below its caption.
 */
public final class Words {
    private static final Pattern VALUE = Pattern.compile("\\{([^{}]*?)(?: (%[^{}]*))?\\}");
    private static final Pattern PICTURE = Pattern.compile("!\\[(.*)\\]\\(([^()]*)\\)", Pattern.DOTALL);
    private static final Pattern PLACE = Pattern.compile("\\[([^\\[\\]]*)\\]");
    private static final Pattern CONDITION = Pattern.compile("\\{([?!])([^{}]*)\\}\\s*(.*)", Pattern.DOTALL);
    private static final String CODE = "```";

    /** What a section is made of, in the order of the page. */
    public sealed interface Block {}

    /** Words in which values are still to be filled in. */
    public record Text(String words) implements Block {}

    /** Lines that stay as they are. */
    public record Code(String lines) implements Block {}

    /** The place of a table, or of anything else without a caption. */
    public record Place(String name) implements Block {}

    /** The place of a picture, with its caption. */
    public record Picture(String file, String caption) implements Block {}

    /** A block that is shown if a value is as it is to be. */
    public record If(String value, boolean is, Block then) implements Block {}

    private final String file;
    private final Map<String, String> front = new LinkedHashMap<>();
    private final Map<String, List<Block>> sections = new LinkedHashMap<>();

    /**
     * Takes the words from the text of a file, whose name messages give.
     *
     * @throws IllegalArgumentException if the text does not begin as it must
     */
    public Words(String file, String text) {
        this.file = file;
        List<String> lines = text.lines().toList();
        int body = lines.subList(1, lines.size()).indexOf("---") + 2;
        if (!lines.get(0).equals("---") || body < 2) {
            throw new IllegalArgumentException(file + ": it must begin with lines such as \"shows: ...\" between ---");
        }
        String name = "";
        for (String line : lines.subList(1, body - 1)) {
            int colon = line.indexOf(':');
            boolean goesOn = line.startsWith(" ");
            if (!goesOn && colon < 0) {
                throw new IllegalArgumentException(file + ": \"" + line + "\" must be \"name: words\"");
            }
            name = goesOn ? name : line.substring(0, colon);
            front.merge(name, line.substring(goesOn ? 0 : colon + 1).strip(), (a, b) -> a + " " + b);
        }
        String rest = String.join("\n", lines.subList(body, lines.size()));
        for (String section : rest.split("(?m)^## ", -1)) {
            if (!section.isBlank()) {
                String[] parts = section.split("\n", 2);
                sections.put(parts[0].strip(), parts.length == 1 ? List.of() : blocks(parts[1]));
            }
        }
    }

    /**
     * Reads the words that stand beside a class.
     *
     * @throws IllegalArgumentException if there are none, or their file is wrong
     */
    public static Words of(Class<?> lab, String name) {
        String file = name + ".md";
        try (InputStream in = lab.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalArgumentException("there is no " + file + " beside " + lab.getName());
            }
            return new Words(file, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + " beside " + lab.getName(), e);
        }
    }

    private static List<Block> blocks(String text) {
        List<Block> blocks = new ArrayList<>();
        String[] parts = text.split("(?m)^" + CODE + "\\w*\n?", -1);
        for (int i = 0; i < parts.length; i++) {
            if (i % 2 == 1) {
                blocks.add(new Code(parts[i].stripTrailing()));
                continue;
            }
            Stream.of(parts[i].split("\n\\s*\n", -1))
                    .filter(p -> !p.isBlank())
                    .map(p -> block(p.strip().replaceAll("\\s*\n\\s*", " ")))
                    .forEach(blocks::add);
        }
        return blocks;
    }

    private static Block block(String paragraph) {
        Matcher condition = CONDITION.matcher(paragraph);
        if (condition.matches()) {
            return new If(condition.group(2), condition.group(1).equals("?"), block(condition.group(3)));
        }
        Matcher picture = PICTURE.matcher(paragraph);
        if (picture.matches()) {
            return new Picture(picture.group(2), picture.group(1));
        }
        Matcher place = PLACE.matcher(paragraph);
        return place.matches() ? new Place(place.group(1)) : new Text(paragraph);
    }

    /** What stands under a name between the first lines, such as {@code claim}; empty where it does not. */
    public String front(String name) {
        return front.getOrDefault(name, "");
    }

    /**
     * Whether a figure is one of those that stand under a name between the first lines, such as {@code key}: their
     * names are parted by semicolons, and a star in them stands for any text.
     */
    public boolean names(String front, String figure) {
        return Stream.of(front(front).split("\\s*;\\s*"))
                .anyMatch(name -> figure.matches(Pattern.quote(name).replace("*", "\\E.*\\Q")));
    }

    /** Whether a figure stands under {@code decides}, or where nothing does, under {@code key}. */
    public boolean decides(String figure) {
        return names(front("decides").isEmpty() ? "key" : "decides", figure);
    }

    /** The files of all pictures, with the names of values in braces where they have some. */
    public List<String> pictures() {
        return sections.values().stream()
                .flatMap(List::stream)
                .map(block -> block instanceof If condition ? condition.then() : block)
                .filter(Picture.class::isInstance)
                .map(picture -> ((Picture) picture).file())
                .toList();
    }

    /** The first block of code, which is the formula that the lab is about; empty where there is none. */
    public Optional<String> formula() {
        return sections.values().stream()
                .flatMap(List::stream)
                .filter(Code.class::isInstance)
                .map(code -> ((Code) code).lines())
                .findFirst();
    }

    /** The name of the file, for messages. */
    public String file() {
        return file;
    }

    /**
     * The blocks of a section.
     *
     * @throws IllegalArgumentException if there is no such heading
     */
    public List<Block> section(String heading) {
        List<Block> blocks = sections.get(heading);
        if (blocks == null) {
            throw new IllegalArgumentException(
                    file + ": there is no section \"" + heading + "\" among " + sections.keySet());
        }
        return blocks;
    }

    /**
     * Fills values into words. Whole numbers get separators of thousands, others a few digits, and figures their units,
     * unless a format says otherwise.
     *
     * @throws IllegalArgumentException if a value is missing or does not suit its format
     */
    public static String filled(String words, Map<String, Object> values) {
        return VALUE.matcher(words).replaceAll(match -> {
            Object value = values.get(match.group(1));
            if (value == null) {
                throw new IllegalArgumentException("nothing was put as {" + match.group(1) + "}");
            }
            try {
                return Matcher.quoteReplacement(text(value, match.group(2)));
            } catch (IllegalFormatException e) {
                throw new IllegalArgumentException(match.group() + " does not suit " + value, e);
            }
        });
    }

    /** A value as pages show it, in a format or, where that is null, in the usual one. */
    static String text(Object value, @Nullable String format) {
        if (format != null) {
            return String.format(Locale.ROOT, format, value instanceof Figure f ? f.measured() : value);
        }
        if (value instanceof Figure f) {
            return f.value();
        }
        return value instanceof Number n ? Figure.number(n.doubleValue()) : String.valueOf(value);
    }
}
