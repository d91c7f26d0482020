package dev.fathom.labs.restoration;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Training;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import dev.fathom.view.ImageSheet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Damaged images of one data set, repaired by filters and by networks.
 *
 * @param set what the images are called
 * @param learn images [side, side, c] from 0 to 1, to learn from
 * @param choose images that nothing learns from, by which the best setting, filter and network are chosen
 * @param test images that are used once, at the end
 * @param whole a large image of the test, or null for none
 */
record Restoration(
        Lab lab,
        String set,
        Dataset learn,
        Dataset choose,
        Dataset test,
        @Nullable Dataset whole) {
    private static final int BATCH = 16;
    private static final int SHOWN = 8;
    private static final int CHOOSING = 200; // images that are enough to choose by

    /**
     * The peak signal-to-noise ratio of each image, 10 log10(1 / mean squared error) in decibels, where pixels beyond 0
     * and 1 are cut.
     */
    static double[] psnr(Tensor restored, Tensor truth) {
        float[] errors =
                restored.clamp(0, 1).sub(truth).square().flatten(1).mean(1).toArray();
        return Averages.each(errors.length, i -> -10 * Math.log10(Math.max(1e-10, errors[i])));
    }

    /** Adds all that is known of one damage. */
    void add(Damage damage) {
        String what = set + ", " + damage.task;
        lab.section("{set}: {task}").put("set", set).put("task", damage.task).put("damage", damage.words);
        lab.put("held", Math.min(CHOOSING, choose.size())).put("file", Training.fileName(what));
        // of every kind of filter the setting that is best on the images to choose by
        List<Repair> settings = damage.repairs();
        double[] chosen = psnr(damage, settings, choose, CHOOSING);
        Map<String, Integer> kinds = new LinkedHashMap<>();
        for (int i = 0; i < chosen.length; i++) {
            kinds.merge(settings.get(i).kind(), i, (a, b) -> chosen[a] > chosen[b] ? a : b);
        }
        List<Repair> ways =
                new ArrayList<>(kinds.values().stream().map(settings::get).toList());
        List<Model<ConvAutoencoder>> models = new ArrayList<>();
        try {
            for (boolean corrects : damage == Damage.NOISE ? new boolean[] {false, true} : new boolean[] {true}) {
                ConvAutoencoder net = ConvAutoencoder.of(learn.featureShape().dim(2), lab.of(16, 8), damage, corrects);
                models.add(Model.of(net, lab.seed()));
                ways.add(new Repair(net.name(), "", net::apply));
                train(damage, models.get(models.size() - 1));
            }
            show(damage, what, ways, kinds.size());
        } finally {
            models.forEach(Model::close);
        }
    }

    /** The mean PSNR of each repair over some images of {@code data}. */
    private double[] psnr(Damage damage, List<Repair> repairs, Dataset data, int most) {
        Rng rng = lab.rng(damage.task);
        double[] means = new double[repairs.size()];
        try (Dataset some = Images.sample(data, most, lab.seed())) {
            for (var batches = some.batches(BATCH).epoch(0); batches.hasNext(); ) {
                try (Pass pass = Pass.infer(rng)) {
                    Tensor x = batches.next().x();
                    Tensor damaged = damage.of(x);
                    for (int r = 0; r < means.length; r++) {
                        Tensor restored = repairs.get(r).of().apply(damaged);
                        means[r] += Arrays.stream(psnr(restored, x)).sum() / some.size();
                    }
                }
            }
        }
        return means;
    }

    private void train(Damage damage, Model<ConvAutoencoder> model) {
        int epochs = lab.epochs(10, 4);
        String name = set + ", " + damage.task + ", " + model.net().name();
        try (Dataset damaged = learn.map(batch -> batch.withY(batch.x()).withX(damage.of(batch.x())))) {
            var trainer = Trainer.of(model, Loss.mse(), new Adam(4e-3f)).schedule(Schedule.cosine(epochs));
            lab.train(name, "images", trainer, damaged, BATCH, epochs);
        }
    }

    // ---- the page

    private void show(Damage damage, String what, List<Repair> ways, int filters) {
        double[] chosen = psnr(damage, ways, choose, CHOOSING);
        double[] tested = psnr(damage, ways, test, test.size());
        Table table = lab.table("repairs", "repaired by").named(what + ", {row}, {column}");
        for (int i = 0; i < tested.length; i++) {
            table.row(ways.get(i).name())
                    .put("PSNR", "%.2f dB", tested[i])
                    .baseline(tested[0], ways.get(0).name())
                    .cell("gain over the damaged image", "%+.2f dB", tested[i] - tested[0]);
        }
        int filter = Averages.highest(0, filters, i -> chosen[i]);
        int net = Averages.highest(filters, chosen.length, i -> chosen[i]);
        String best = ways.get(filter).name();
        lab.put("net", ways.get(net).name()).put("netPsnr", tested[net]);
        lab.put("filter", best).put("filterPsnr", tested[filter]);
        lab.figure(what + ", gain of the network over the best filter", "dB", tested[net] - tested[filter])
                .baseline(tested[filter], best);
        List<Repair> shown = new ArrayList<>(List.of(ways.get(0), ways.get(filter)));
        shown.addAll(ways.subList(filters, ways.size()));
        lab.sheet(Training.fileName(what) + ".png", sheet(damage, test, damage.task, shown, SHOWN));
        lab.put("large", whole != null);
        if (whole != null) {
            List<Repair> few = List.of(ways.get(0), ways.get(filter), ways.get(net));
            lab.sheet(
                    Training.fileName(what) + "-whole.png",
                    sheet(damage, whole, "whole", few, 1).columns(2));
        }
    }

    /** The first images of some, and below them what each way makes of them. */
    private ImageSheet sheet(Damage damage, Dataset images, String purpose, List<Repair> ways, int most) {
        int n = Math.min(most, images.size());
        var shape = images.featureShape();
        ImageSheet sheet = new ImageSheet(shape.dim(0), shape.dim(1), shape.dim(2)).columns(n);
        try (Pass pass = Pass.infer(lab.rng(purpose))) {
            Tensor x = images.batches(n).epoch(0).batch(0).x();
            Tensor damaged = damage.of(x);
            sheet.addAll(x.toArray(), i -> i == 0 ? "image" : "");
            for (Repair way : ways) {
                Tensor restored = way.of().apply(damaged);
                double[] psnr = psnr(restored, x);
                sheet.addAll(restored.toArray(), i -> line("%s%.1f dB", i == 0 ? way.name() + "\n" : "", psnr[i]));
            }
        }
        return sheet;
    }
}
