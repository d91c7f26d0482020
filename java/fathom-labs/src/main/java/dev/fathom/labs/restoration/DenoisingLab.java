package dev.fathom.labs.restoration;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.data.Photographs;
import dev.fathom.op.Shape;
import dev.fathom.view.Diagram;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Images that are noisy, small, blurred or lack a part, repaired by convolutional auto-encoders and by filters. The
 * whole run does so on clothing, digits and photographs, the short one on clothing.
 */
public final class DenoisingLab implements Experiment {
    private static final int SIDE = 256;
    private static final int CROP = 32;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The auto-encoder for noise", ConvAutoencoder.of(1, 16, Damage.NOISE, false), 28, 28, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.FASHION_MNIST.set(), ImageSet.MNIST.set(), Photographs.SET);
    }

    @Override
    public void run(Lab lab) {
        Photographs photographs = lab.brief() ? null : Photographs.read(lab.data(), SIDE);
        lab.put("images", lab.of("Fashion-MNIST, MNIST, and crops of photographs", "Fashion-MNIST"));
        lab.section("How it is measured");
        set(lab, ImageSet.FASHION_MNIST);
        if (photographs != null) {
            set(lab, ImageSet.MNIST);
            photographs(lab, photographs);
        }
    }

    private static void set(Lab lab, ImageSet set) {
        try (Images all = set.images(null, lab.seed());
                Images some = all.sample(lab.of(6000, 1000), lab.seed());
                Images images = some.scaled()) {
            all(new Restoration(lab, images.title(), images.learn(), images.choose(), images.test(), null));
        }
    }

    private static void all(Restoration restoration) {
        for (Damage damage : Damage.values()) {
            restoration.add(damage);
        }
    }

    /**
     * Learns from crops of most photographs, and is tested on crops of every fourth; every eighth is held out to choose
     * by.
     */
    private static void photographs(Lab lab, Photographs photographs) {
        lab.section("Photographs").put("count", photographs.names().size());
        List<byte[]> learn = new ArrayList<>();
        List<byte[]> choose = new ArrayList<>();
        List<byte[]> test = new ArrayList<>();
        for (int i = 0; i < photographs.names().size(); i++) {
            List<byte[]> use = i % 4 == 0 ? test : i % 8 == 1 ? choose : learn;
            use.addAll(photographs.crops(i, CROP, use == learn ? CROP / 4 : CROP));
        }
        byte[] whole = photographs.pixels().get(0); // is of the test
        try (Dataset learned = images(learn, CROP);
                Dataset chosen = images(choose, CROP);
                Dataset tested = images(test, CROP);
                Dataset large = images(List.of(whole), (int) Math.round(Math.sqrt(whole.length / 3.0)))) {
            all(new Restoration(lab, "Photographs", learned, chosen, tested, large));
        }
    }

    private static Dataset images(List<byte[]> crops, int side) {
        ByteBuffer all = ByteBuffer.allocate(crops.size() * 3 * side * side);
        crops.forEach(all::put);
        try (Dataset bytes = Dataset.images(all.array(), Shape.of(side, side, 3), new int[crops.size()])) {
            return bytes.scaled(1f / 255, 0);
        }
    }
}
