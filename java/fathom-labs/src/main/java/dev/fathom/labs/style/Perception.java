package dev.fathom.labs.style;

import dev.fathom.experiments.data.Pretrained;
import dev.fathom.image.Preprocessing;
import dev.fathom.nets.SqueezeNet;
import dev.fathom.nets.Vgg;
import dev.fathom.nn.AvgPool;
import dev.fathom.nn.Layer;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * A trained network as the eye by which pictures are compared: what some of its layers compute. Those behind the last
 * of them do not run.
 *
 * @param features its layers
 * @param styles the numbers of the layers whose maps tell the style
 * @param content the number of the layer whose maps tell the content
 * @param input how a picture is scaled for the network
 */
public record Perception(String network, Sequential features, List<Integer> styles, int content, Preprocessing input) {
    /**
     * What the layers made of a batch of pictures.
     *
     * @param styles maps [n, h, w, channels] of each style layer
     * @param content maps of the content layer
     */
    record Seen(List<Tensor> styles, Tensor content) {}

    /** Which layers are taken of a network. */
    private record Layers(List<Integer> styles, int content) {}

    /**
     * The usual layers. Of VGG those behind the activations of conv1_1, 2_1, 3_1, 4_1 and 5_1 tell the style, and
     * conv4_2 the content, as in Gatys, Ecker and Bethge (2016).
     */
    private static final Map<String, Layers> KNOWN = Map.of(
            "squeezenet1_1", new Layers(List.of(1, 3, 4, 6, 7), 6),
            "vgg16", new Layers(List.of(1, 6, 11, 18, 25), 20),
            "vgg19", new Layers(List.of(1, 6, 11, 20, 29), 22));

    /**
     * Checks that a network has layers that are known to tell a style.
     *
     * @throws IllegalArgumentException if it has none
     */
    public static void check(Pretrained network) {
        if (!KNOWN.containsKey(network.name())) {
            throw new IllegalArgumentException(network.name()
                    + " has no layers that are known to tell a style; choose squeezenet1_1, vgg16 or vgg19");
        }
    }

    /**
     * The usual layers of a network.
     *
     * @param net the network of this name, with its weights
     * @throws IllegalArgumentException if it has none that are known to tell a style
     */
    public static Perception of(Pretrained network, Layer net) {
        check(network);
        Layers layers = Objects.requireNonNull(KNOWN.get(network.name()));
        Sequential features = net instanceof Vgg vgg ? vgg.features() : ((SqueezeNet) net).features();
        return new Perception(network.name(), averaging(features), layers.styles, layers.content, network.input());
    }

    /**
     * Returns layers with average pooling wherever {@code features} have max pooling. It lets gradients through
     * everywhere and gives more appealing pictures (Gatys, Ecker and Bethge 2016).
     */
    static Sequential averaging(Sequential features) {
        return new Sequential(features.layers().stream()
                .<Layer>map(
                        layer -> layer instanceof MaxPool max ? new AvgPool(max.window()).excludingPadding() : layer)
                .toList());
    }

    /** What the network sees of pictures x [n, h, w, 3], with values from 0 to 1. */
    Seen of(Tensor x) {
        Tensor y = x.sub(row(input.mean())).div(row(input.deviation()));
        List<Tensor> seen = new ArrayList<>();
        int last = Math.max(content, styles.get(styles.size() - 1));
        Tensor wanted = y;
        for (int i = 0; i <= last; i++) {
            y = features.layers().get(i).apply(y);
            if (styles.contains(i)) {
                seen.add(y);
            }
            if (i == content) {
                wanted = y;
            }
        }
        return new Seen(seen, wanted);
    }

    private static Tensor row(List<Float> values) {
        return Tensor.of(new float[] {values.get(0), values.get(1), values.get(2)}, 3);
    }

    /** The names of the style layers, as in the network's summary. */
    String styleLayers() {
        return styles.stream().map(i -> "features." + i).collect(Collectors.joining(", "));
    }

    /** The name of the content layer. */
    String contentLayer() {
        return "features." + content;
    }
}
