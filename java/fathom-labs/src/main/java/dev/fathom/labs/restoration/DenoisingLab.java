package dev.fathom.labs.restoration;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.data.Photographs;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Findings;
import dev.fathom.op.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Images that are noisy, small, blurred or lack a part, repaired by convolutional auto-encoders and by filters. The
 * whole run does so on clothing, digits and photographs, the short one on clothing.
 */
public final class DenoisingLab implements OldExperiment {
    private static final int SIDE = 256;
    private static final int CROP = 32;

    @Override
    public String name() {
        return "denoising";
    }

    @Override
    public Findings run(LabRun run) {
        Photographs photographs = run.brief() ? null : Photographs.read(run.data(), SIDE);
        Findings page = run.page(
                "Lab denoising", run.brief() ? "Fashion-MNIST" : "Fashion-MNIST, MNIST, and crops of photographs");
        page.section("How it is measured", "")
                .text("Every network is a convolutional auto-encoder of six layers, whose code has half the "
                        + "height and width of the image. It learns to "
                        + "give back images from damaged ones, by the mean squared error; the damage is "
                        + "drawn anew in every step. Noise is also "
                        + "removed by a plain auto-encoder; a correcting one adds what comes out to a "
                        + "guess, which is the damaged image, its "
                        + "bicubic interpolation, or for hidden pixels means of neighbors. Filters know "
                        + "what the damage is. The PSNR of an image is "
                        + "10 log10(1 / mean squared error), and the tables have its means over images "
                        + "that nothing was learned from or chosen by. There is no "
                        + "published figure for these settings, so the baselines are computed: the "
                        + "damaged image and the best filter.");
        boolean done = set(run, page, ImageSet.FASHION_MNIST);
        if (photographs != null) {
            done = done && set(run, page, ImageSet.MNIST) && photographs(run, page, photographs);
        }
        return done ? page.finished() : page;
    }

    private static boolean set(LabRun run, Findings page, ImageSet set) {
        try (Images all = set.images(null, run.seed());
                Images some = all.first(run.of(6000, 1000));
                Images images = some.scaled()) {
            return all(
                    new Restoration(run, page, images.title(), images.learn(), images.choose(), images.test(), null),
                    run);
        }
    }

    private static boolean all(Restoration restoration, LabRun run) {
        for (Damage damage : Damage.values()) {
            if (run.interrupt().requested() || !restoration.add(damage)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Learns from crops of most photographs, and is tested on crops of every fourth; every eighth is held out to choose
     * by.
     */
    private static boolean photographs(LabRun run, Findings page, Photographs photographs) {
        List<byte[]> learn = new ArrayList<>();
        List<byte[]> choose = new ArrayList<>();
        List<byte[]> test = new ArrayList<>();
        byte @Nullable [] whole = null;
        for (int i = 0; i < photographs.names().size(); i++) {
            if (i % 4 == 0) {
                test.addAll(photographs.crops(i, CROP, CROP));
                whole = whole == null ? photographs.pixels().get(i) : whole;
            } else if (i % 8 == 1) {
                choose.addAll(photographs.crops(i, CROP, CROP));
            } else {
                learn.addAll(photographs.crops(i, CROP, CROP / 4));
            }
        }
        page.section("Photographs", "")
                .text(line(
                        "Of %d photographs, every fourth is for the test, and every eighth is held out to choose "
                                + "filters and their settings by.",
                        photographs.names().size()));
        try (Dataset learned = images(learn);
                Dataset chosen = images(choose);
                Dataset tested = images(test)) {
            return all(new Restoration(run, page, "Photographs", learned, chosen, tested, unit(whole)), run);
        }
    }

    private static Dataset images(List<byte[]> crops) {
        byte[] all = new byte[crops.size() * 3 * CROP * CROP];
        for (int i = 0; i < crops.size(); i++) {
            System.arraycopy(crops.get(i), 0, all, i * 3 * CROP * CROP, 3 * CROP * CROP);
        }
        try (Dataset bytes = Dataset.images(all, Shape.of(CROP, CROP, 3), new int[crops.size()])) {
            return bytes.scaled(1f / 255, 0);
        }
    }

    private static float @Nullable [] unit(byte @Nullable [] pixels) {
        if (pixels == null) {
            return null;
        }
        float[] all = new float[pixels.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = (pixels[i] & 255) / 255f;
        }
        return all;
    }
}
