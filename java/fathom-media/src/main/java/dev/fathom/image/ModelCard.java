package dev.fathom.image;

import dev.fathom.image.Preprocessing.Fit;
import dev.fathom.io.Safetensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The description in a file of weights that lets a program classify photographs with it: the name of the network, the
 * preprocessing of a photograph, and the names of the classes. The card lies in the metadata of the safetensors file,
 * beside the tensors.
 *
 * <pre>{@code
 * var card = new ModelCard("resnet18", Preprocessing.IMAGENET, List.of("ant", "bee"));
 * // then: ./fathom classify --model insects.safetensors photo.jpg
 * model.save(Path.of("insects.safetensors"), card.metadata());
 * }</pre>
 *
 * <p>The keys and their texts are:
 *
 * <table>
 *   <caption>Metadata of a model card</caption>
 *   <tr><th>key</th><th>text</th></tr>
 *   <tr><td>{@code fathom.network}</td><td>the name of the network, such as {@code resnet18}</td></tr>
 *   <tr><td>{@code fathom.preprocessing}</td><td>{@code size=224x224x3 fit=256 filter=bilinear mean=0.485,0.456,0.406
 *       deviation=0.229,0.224,0.225}, the components of {@link Preprocessing} in any order; the fit is {@code cover},
 *       {@code stretch}, or the pixels of the shorter side</td></tr>
 *   <tr><td>{@code fathom.classes}</td>
 *       <td>the names of the classes in the order of the logits, one on each line</td></tr>
 * </table>
 *
 * @param network the name of the network
 * @param input the preprocessing of a photograph
 * @param classes the names of the classes, in the order of the logits
 */
public record ModelCard(String network, Preprocessing input, List<String> classes) {
    private static final String NETWORK = "fathom.network";
    private static final String PREPROCESSING = "fathom.preprocessing";
    private static final String CLASSES = "fathom.classes";
    private static final int MOST_CLASSES = 1_000_000;

    /**
     * Checks the names.
     *
     * @throws IllegalArgumentException if the name of the network is not made of letters, digits, {@code _}, {@code -}
     *     and {@code .}, there are fewer than two classes, or a class has no name or one of several lines
     */
    public ModelCard {
        classes = List.copyOf(classes);
        if (!network.matches("[A-Za-z0-9_.-]{1,100}")) {
            throw new IllegalArgumentException(
                    "model card: the network " + quoted(network) + " is no name; give one such as resnet18");
        }
        if (classes.size() < 2 || classes.size() > MOST_CLASSES) {
            throw new IllegalArgumentException(
                    "model card: " + classes.size() + " classes; give the names of 2 to " + MOST_CLASSES);
        }
        for (String name : classes) {
            if (name.isBlank() || name.chars().anyMatch(Character::isISOControl)) {
                throw new IllegalArgumentException("model card: the class " + quoted(name)
                        + " is empty or has control characters; give each class a name of one line");
            }
        }
    }

    /** Returns the card as metadata, which {@code model.save(file, card.metadata())} writes beside the tensors. */
    public Map<String, String> metadata() {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put(NETWORK, network);
        texts.put(
                PREPROCESSING,
                "size=" + input.height() + "x" + input.width() + "x" + input.channels() + " fit=" + text(input.fit())
                        + " filter=" + input.filter().name().toLowerCase(Locale.ROOT) + " mean=" + joined(input.mean())
                        + " deviation=" + joined(input.deviation()));
        texts.put(CLASSES, String.join("\n", classes));
        return texts;
    }

    private static String text(Fit fit) {
        return fit instanceof Fit.Shorter s ? "" + s.pixels() : fit instanceof Fit.Stretch ? "stretch" : "cover";
    }

    private static String joined(List<Float> values) {
        return String.join(",", values.stream().map(String::valueOf).toList());
    }

    /**
     * Reads the card of a file of weights.
     *
     * @throws IllegalArgumentException if the file is damaged, or its metadata lack a key or hold a text that cannot be
     *     one of a card: the sentence names the file, the key and what to do
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static ModelCard read(Path file) {
        try (Safetensors weights = Safetensors.read(file)) {
            return of(weights.metadata(), file.toString());
        }
    }

    /** The card in {@code metadata} of what errors call {@code name}. */
    private static ModelCard of(Map<String, String> metadata, String name) {
        String network = text(metadata, NETWORK, name);
        String recipe = text(metadata, PREPROCESSING, name);
        String classes = text(metadata, CLASSES, name);
        Preprocessing input;
        try {
            input = preprocessing(recipe);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    name + ": " + PREPROCESSING + " in its metadata is damaged (" + e.getMessage()
                            + "); save the weights again with model.save(file, card.metadata())",
                    e);
        }
        try {
            return new ModelCard(network, input, List.of(classes.split("\n", -1)));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    name + ": its metadata are damaged (" + e.getMessage()
                            + "); save the weights again with model.save(file, card.metadata())",
                    e);
        }
    }

    private static String text(Map<String, String> metadata, String key, String name) {
        String text = metadata.get(key);
        if (text == null) {
            throw new IllegalArgumentException(name + ": its metadata have no " + key
                    + ", which says how the weights are used; save them with model.save(file, card.metadata())");
        }
        return text;
    }

    private static Preprocessing preprocessing(String text) {
        Map<String, String> parts = new LinkedHashMap<>();
        for (String part : text.strip().split("\\s+")) {
            int at = part.indexOf('=');
            if (at < 1 || parts.put(part.substring(0, at), part.substring(at + 1)) != null) {
                throw new IllegalArgumentException(quoted(part) + " is no name=value, or is there twice");
            }
        }
        var known = new HashSet<>(List.of("size", "fit", "filter", "mean", "deviation"));
        if (!parts.keySet().equals(known)) {
            throw new IllegalArgumentException(
                    "it has " + parts.keySet() + " and not size, fit, filter, mean, deviation");
        }
        String name = parts.getOrDefault("filter", "");
        Filter filter = Arrays.stream(Filter.values())
                .filter(f -> f.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no filter " + quoted(name)));
        String[] size = parts.getOrDefault("size", "").split("x", -1);
        if (size.length != 3) {
            throw new IllegalArgumentException(quoted(String.join("x", size)) + " is no height, width and channels");
        }
        String fit = parts.getOrDefault("fit", "");
        return new Preprocessing(
                count(size[0]),
                count(size[1]),
                count(size[2]),
                switch (fit) {
                    case "cover" -> new Fit.Cover();
                    case "stretch" -> new Fit.Stretch();
                    default -> new Fit.Shorter(count(fit));
                },
                filter,
                floats(parts.getOrDefault("mean", "")),
                floats(parts.getOrDefault("deviation", "")));
    }

    private static int count(String digits) {
        if (!digits.matches("[0-9]{1,6}")) {
            throw new IllegalArgumentException(quoted(digits) + " is no number of pixels");
        }
        return Integer.parseInt(digits);
    }

    private static List<Float> floats(String numbers) {
        List<Float> values = new ArrayList<>();
        for (String number : numbers.split(",", -1)) {
            float value;
            try {
                value = Float.parseFloat(number);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(quoted(number) + " is no number", e);
            }
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException(quoted(number) + " is not finite");
            }
            values.add(value);
        }
        return values;
    }

    /** Text of a file as an error may show it: one line, not too long. */
    private static String quoted(String text) {
        String line = text.replaceAll("\\p{Cntrl}", "?");
        return '"' + (line.length() <= 60 ? line : line.substring(0, 60) + "...") + '"';
    }
}
