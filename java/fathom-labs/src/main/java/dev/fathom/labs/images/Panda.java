package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.image.Preprocessing.Photo;
import dev.fathom.nn.Loss;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.ImageSheet;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;

/**
 * The panda of Goodfellow, Shlens and Szegedy (2015): a photograph, a change that nobody sees, and the two together,
 * which are something else.
 */
record Panda(Namer namer, Path photos) {
    /** Part of the range from black to white by which the paper moves every pixel. */
    private static final float EPSILON = 0.007f;

    /**
     * Shows the photograph of which the network is surest, among those that it names as the book's network does where
     * there are any.
     */
    void show(Lab lab, Map<String, float[]> said) {
        Map.Entry<String, float[]> surest = said.entrySet().stream()
                .max(Comparator.comparing((Map.Entry<String, float[]> e) -> PretrainedLab.BOOK
                                .getOrDefault(e.getKey(), "")
                                .startsWith(namer.name(Namer.best(e.getValue())) + " "))
                        .thenComparing(e -> e.getValue()[Namer.best(e.getValue())]))
                .orElseThrow();
        String file = surest.getKey();
        float[] before = surest.getValue();
        int was = Namer.best(before);
        Photo photo = namer.network().input().read(photos.resolve(file));
        byte[] noise = new byte[photo.pixels().length];
        byte[] changed = new byte[noise.length];
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(namer.network().input().tensor(photo));
            pass.backward(Loss.crossEntropy().of(namer.model().net().apply(x), Tensor.ofInts(new int[] {was}, 1)), x);
            float[] direction = Objects.requireNonNull(pass.gradient(x)).sign().toArray();
            for (int i = 0; i < noise.length; i++) {
                noise[i] = (byte) Math.round(127.5f + 127.5f * direction[i]);
                float pixel = (photo.pixels()[i] & 0xff) + 255 * EPSILON * direction[i];
                changed[i] = (byte) Math.round(Math.max(0, Math.min(255, pixel)));
            }
        }
        float[] after = namer.probabilities(new Photo(changed, photo.height(), photo.width(), photo.notes()));
        float[] alone = namer.probabilities(new Photo(noise, photo.height(), photo.width(), photo.notes()));
        int is = Namer.best(after);
        int side = namer.network().input().height();
        String name = "The changed photograph: probability of ";
        lab.section("The panda of the paper, with another photograph")
                .figure(name + namer.name(is), "%", 100 * after[is])
                .figure(name + namer.name(was), "%", 100 * after[was])
                .put("epsilon", line("%.3f", EPSILON));
        lab.put("file", file)
                .put("was", namer.name(was))
                .put("is", namer.name(is))
                .put("fooled", was != is);
        lab.put("sure", 100 * before[was])
                .put("now", 100 * after[is])
                .put("left", 100 * after[was])
                .sheet(
                        "panda.png",
                        new ImageSheet(side, side, 3)
                                .columns(3)
                                .add(photo.pixels(), "x: " + namer.words(before, 1))
                                .add(noise, "sign of the gradient: " + namer.words(alone, 1))
                                .add(changed, "x + " + EPSILON + " sign: " + namer.words(after, 1)));
    }
}
