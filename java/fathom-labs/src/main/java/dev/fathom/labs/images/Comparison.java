package dev.fathom.labs.images;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.NetworkEntry;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.image.Augment;
import dev.fathom.nn.Layer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Networks trained on the same images, with a page for each and the section "Beside each other" for all. */
final class Comparison implements AutoCloseable {
    private final Lab lab;
    private final Images images;
    private final int every;
    private final Table table;
    private final Map<String, double[][]> curves = new LinkedHashMap<>();
    private final List<TrainedEntry> outcomes = new ArrayList<>();

    /**
     * Opens the section.
     *
     * @param small how many images a short run learns from
     * @param every steps between two looks at the images held out, 0 for looks after each epoch only
     */
    Comparison(Lab lab, ImageSet set, int small, int every) {
        this.lab = lab;
        this.every = every;
        images = lab.images(set, lab.of(Integer.MAX_VALUE, small));
        lab.put("title", images.title()).put("learn", images.learn().size());
        lab.put("choose", images.choose().size()).put("test", images.test().size());
        lab.put("short", lab.brief()).section("Beside each other");
        table = lab.table("networks", "network");
    }

    /** Looks at the images held out after each epoch. */
    Comparison(Lab lab, ImageSet set, int small) {
        this(lab, set, small, 0);
    }

    /** The images, with mean 0 and deviation 1. */
    Images images() {
        return images;
    }

    /** Trains a network on the images. */
    TrainedEntry train(String name, Layer net, Recipe recipe, Augment... augment) {
        return train(images, name, net, recipe, augment);
    }

    /** Trains a network on the images as it sees them. */
    TrainedEntry train(Images seen, String name, Layer net, Recipe recipe, Augment... augment) {
        return train(seen, new NetworkEntry(name, net, recipe, augment));
    }

    /** Trains a network on the images as it sees them; its model is open until this is closed. */
    TrainedEntry train(Images seen, NetworkEntry entry) {
        if (entry.recipe().batch() > seen.learn().size()) {
            throw new IllegalArgumentException(
                    entry.name() + " learns batches of " + entry.recipe().batch() + " images but there are "
                            + seen.learn().size() + "; give a folder with more");
        }
        lab.say("%n== %s", entry.name());
        TrainedEntry o = lab.run().training().run(entry, seen, every, lab.folder(entry.name()));
        if (o != null) {
            outcomes.add(o);
        }
        lab.check();
        TrainedEntry done = Objects.requireNonNull(o);
        double[] interval = done.answers().confusion().accuracyInterval95();
        double low = 100 * interval[0];
        double high = 100 * interval[1];
        table.row(entry.name())
                .cell("parameters", done.parameters())
                .cell("multiply-adds", done.multiplyAdds())
                .cell("epochs", done.history().epochs().size())
                .cell("seconds", "%.1f", done.seconds())
                .put("test accuracy", "%.2f %%", 100 * done.accuracy())
                .interval(low, high)
                .cell("95 % interval", "%.2f to %.2f", low, high);
        curves.put(entry.name(), done.curve());
        lab.link(entry.folder() + "/report.html")
                .curves("learning.png", "held-out accuracy", every > 0 ? "steps" : "epoch", curves);
        return done;
    }

    @Override
    public void close() {
        outcomes.forEach(TrainedEntry::close);
        images.close();
    }
}
