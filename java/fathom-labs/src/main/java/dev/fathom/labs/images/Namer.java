package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.data.Pretrained;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.image.Preprocessing.Photo;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A network with the names of its classes. */
record Namer(Pretrained network, Model<Layer> model, List<String> classes) {
    /** What the network says of a photograph. */
    float[] probabilities(Photo photo) {
        try (Pass pass = Pass.infer()) {
            return model.net().apply(network.input().tensor(photo)).softmax(-1).toArray();
        }
    }

    /** The first of a class's names. */
    String name(int label) {
        return classes.get(label).split(",")[0].strip();
    }

    /** The most probable classes. */
    String words(float[] p, int top) {
        return IntStream.range(0, p.length)
                .boxed()
                .sorted((i, k) -> Float.compare(p[k], p[i]))
                .limit(top)
                .map(k -> line("%s %.1f %%", name(k), 100 * p[k]))
                .collect(Collectors.joining(", "));
    }

    /** The most probable class. */
    static int best(float... p) {
        return Averages.highest(0, p.length, i -> p[i]);
    }
}
