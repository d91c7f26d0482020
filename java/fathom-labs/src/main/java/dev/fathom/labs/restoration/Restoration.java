package dev.fathom.labs.restoration;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.training.Training;
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
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Damaged images of one data set, repaired by filters and by networks.
 *
 * @param set what the images are called
 * @param learn images [side, side, c] from 0 to 1, to learn from
 * @param choose images that nothing learns from, by which the best setting, filter and network are chosen
 * @param test images that are used once, at the end
 * @param whole a large image [1, side, side, c] of the test, or null for none
 */
record Restoration(
        LabRun run, Findings page, String set, Dataset learn, Dataset choose, Dataset test, float @Nullable [] whole) {
    private static final int BATCH = 16;
    private static final int SHOWN = 8;
    /** Images that are enough to choose by. */
    private static final int CHOOSING = 200;

    /** A way to repair and its PSNR in decibels, on the images to choose by and on the test. */
    private record Scored(String name, UnaryOperator<Tensor> repair, double chosen, double psnr) {}

    /**
     * The peak signal-to-noise ratio of each image, 10 log10(1 / mean squared error) in decibels, where pixels beyond 0
     * and 1 are cut.
     */
    static double[] psnr(Tensor restored, Tensor truth) {
        float[] errors =
                restored.clamp(0, 1).sub(truth).square().flatten(1).mean(1).toArray();
        double[] all = new double[errors.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = -10 * Math.log10(Math.max(1e-10, errors[i]));
        }
        return all;
    }

    /** Adds all that is known of one damage; false if the run was interrupted. */
    boolean add(Damage damage) {
        List<Scored> all = new ArrayList<>(filters(damage));
        int filters = all.size();
        boolean[] kinds = damage == Damage.NOISE ? new boolean[] {false, true} : new boolean[] {true};
        List<Model<ConvAutoencoder>> models = new ArrayList<>();
        try {
            for (boolean corrects : kinds) {
                Model<ConvAutoencoder> model = train(damage, corrects);
                if (model == null) {
                    return false;
                }
                models.add(model);
                Repair repair = new Repair(ConvAutoencoder.name(corrects), "", model.net()::apply);
                all.addAll(scored(damage, List.of(repair)));
            }
            show(damage, all.subList(0, filters), all.subList(filters, all.size()));
        } finally {
            models.forEach(Model::close);
        }
        return true;
    }

    // ---- filters

    /** Every kind of filter with the setting that is best on the images to choose by. */
    private List<Scored> filters(Damage damage) {
        List<Repair> settings = damage.repairs();
        double[] chosen = psnr(damage, settings, choose, CHOOSING);
        Map<String, Integer> best = new LinkedHashMap<>();
        for (int i = 0; i < settings.size(); i++) {
            best.merge(settings.get(i).kind(), i, (a, b) -> chosen[a] > chosen[b] ? a : b);
        }
        return scored(damage, best.values().stream().map(settings::get).toList());
    }

    private List<Scored> scored(Damage damage, List<Repair> repairs) {
        double[] chosen = psnr(damage, repairs, choose, CHOOSING);
        double[] tested = psnr(damage, repairs, test, test.size());
        List<Scored> all = new ArrayList<>();
        for (int r = 0; r < tested.length; r++) {
            Repair repair = repairs.get(r);
            String setting = repair.setting().isEmpty() ? "" : ", " + repair.setting();
            all.add(new Scored(repair.kind() + setting, repair.of(), chosen[r], tested[r]));
        }
        return all;
    }

    /** The mean PSNR of each repair over the first images of {@code data}. */
    private double[] psnr(Damage damage, List<Repair> repairs, Dataset data, int most) {
        Rng rng = new Rng(run.seed()).split(damage.task());
        double[] means = new double[repairs.size()];
        int n = Math.min(most, data.size());
        try (Dataset some = data.take(0, n)) {
            for (Batches.Epoch batches = some.batches(BATCH).epoch(0); batches.hasNext(); ) {
                try (Pass pass = Pass.infer(rng)) {
                    Batch batch = batches.next();
                    Tensor damaged = damage.of(batch.x());
                    for (int r = 0; r < means.length; r++) {
                        for (double one : psnr(repairs.get(r).of().apply(damaged), batch.x())) {
                            means[r] += one / n;
                        }
                    }
                }
            }
        }
        return means;
    }

    // ---- networks

    private @Nullable Model<ConvAutoencoder> train(Damage damage, boolean corrects) {
        String name = line("%s, %s, %s", set, damage.task(), ConvAutoencoder.name(corrects));
        int epochs = run.epochs(10, 4);
        int channels = learn.featureShape().dim(2);
        run.training().say("%n== %s", name);
        Model<ConvAutoencoder> model =
                Model.of(ConvAutoencoder.of(channels, run.of(16, 8), damage, corrects), run.seed());
        boolean done = false;
        try (Dataset damaged = learn.map(batch -> batch.withY(batch.x()).withX(damage.of(batch.x())))) {
            var trainer = Trainer.of(model, Loss.mse(), new Adam(4e-3f))
                    .schedule(Schedule.cosine(epochs))
                    .seed(run.seed());
            done = run.training()
                    .fit(
                            trainer,
                            run.folder().resolve(name.replaceAll("[^A-Za-z0-9]+", "-")),
                            "images",
                            damaged.shuffled(run.seed()).batches(BATCH),
                            epochs);
            return done ? model : null;
        } finally {
            if (!done) {
                model.close();
            }
        }
    }

    // ---- the page

    private void show(Damage damage, List<Scored> filters, List<Scored> nets) {
        Scored damaged = filters.get(0);
        Scored filter = best(filters);
        Scored net = best(nets);
        String what = line("%s, %s", set, damage.task());
        List<Scored> all = new ArrayList<>(filters);
        all.addAll(nets);
        page.section(line("%s: %s", set, damage.task()), "")
                .text(line(
                        "%s The settings of filters are those that are best on %d images that are held out.",
                        damage.words(), Math.min(CHOOSING, choose.size())))
                .table(
                        List.of("repaired by", "PSNR, dB", "gain over the damaged image"),
                        all.stream()
                                .map(s -> List.of(s.name, line("%.2f", s.psnr), line("%+.2f", s.psnr - damaged.psnr)))
                                .toList())
                .text(line(
                        "The %s has %.2f dB. The best without a network, %s, has %.2f dB; %s on the images held out.",
                        net.name,
                        net.psnr,
                        filter.name,
                        filter.psnr,
                        nets.size() > 1 ? "both are the best of their kind" : "it is the best of its kind"));
        for (Scored one : nets) {
            page.figure(Figure.of(line("%s, %s, PSNR", what, one.name), "dB", one.psnr)
                    .baseline(damaged.psnr, damaged.name));
        }
        page.key(Figure.of(line("%s, gain of the network over the best filter", what), "dB", net.psnr - filter.psnr)
                .baseline(filter.psnr, filter.name));
        String file = Training.fileName(what);
        List<Scored> ways = new ArrayList<>(List.of(damaged, filter));
        ways.addAll(nets);
        ImageSheet sheet = sheet(damage, ways);
        page.picture(
                file + ".png",
                line("%s: images, damaged images, and what the best filter and networks make of them", what),
                sheet::render);
        if (whole != null) {
            ImageSheet large = large(damage, List.of(damaged, filter, net), whole);
            page.picture(file + "-whole.png", line("%s: a whole photograph before and after", what), large::render);
        }
    }

    /** The best on the images to choose by. */
    private static Scored best(List<Scored> all) {
        return all.stream().max(Comparator.comparingDouble(Scored::chosen)).orElseThrow();
    }

    private ImageSheet sheet(Damage damage, List<Scored> ways) {
        int side = test.featureShape().dim(0);
        int channels = test.featureShape().dim(2);
        int n = Math.min(SHOWN, test.size());
        ImageSheet sheet = new ImageSheet(side, side, channels).columns(n);
        try (Pass pass = Pass.infer(new Rng(run.seed()).split(damage.task()))) {
            Tensor x = test.batches(n).epoch(0).batch(0).x();
            Tensor damaged = damage.of(x);
            row(sheet, x, x, "image");
            for (Scored way : ways) {
                row(sheet, way.repair.apply(damaged), x, way.name);
            }
        }
        return sheet;
    }

    private static void row(ImageSheet sheet, Tensor images, Tensor truth, String name) {
        double[] psnr = psnr(images, truth);
        for (int i = 0; i < psnr.length; i++) {
            String score = images == truth ? "" : line("%.1f dB", psnr[i]); // the images themselves are without error
            sheet.add(bytes(images.slice(0, i, i + 1)), i == 0 ? name + "\n" + score : score);
        }
    }

    private ImageSheet large(Damage damage, List<Scored> ways, float[] pixels) {
        int channels = test.featureShape().dim(2);
        int side = (int) Math.round(Math.sqrt((double) pixels.length / channels));
        ImageSheet sheet = new ImageSheet(side, side, channels).columns(2);
        try (Pass pass = Pass.infer(new Rng(run.seed()).split("whole"))) {
            Tensor x = Tensor.of(pixels, 1, side, side, channels);
            Tensor damaged = damage.of(x);
            sheet.add(bytes(x), "photograph");
            for (Scored way : ways) {
                Tensor restored = way.repair.apply(damaged);
                sheet.add(bytes(restored), line("%s, %.2f dB", way.name, psnr(restored, x)[0]));
            }
        }
        return sheet;
    }

    private static byte[] bytes(Tensor image) {
        float[] values = image.clamp(0, 1).mul(255).round().toArray();
        byte[] pixels = new byte[values.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) Math.round(values[i]);
        }
        return pixels;
    }
}
