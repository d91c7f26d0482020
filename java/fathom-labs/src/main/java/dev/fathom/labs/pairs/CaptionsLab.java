package dev.fathom.labs.pairs;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.decode.Bleu;
import dev.fathom.labs.data.CaptionedShapes;
import dev.fathom.labs.data.Scene;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.translation.Writer;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.text.Reserved;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Captions of pictures by a CNN and an LSTM, without attention and with it, beside the caption of the most similar
 * picture.
 */
public final class CaptionsLab implements OldExperiment {
    private static final int SHOWN = 18;
    private static final int LOOKED = 4;
    /** What a caption has at a place that it is too short for; no true caption has it anywhere. */
    private static final String NOTHING = "";

    @Override
    public String name() {
        return "captions";
    }

    /** What something writes about the test pictures. */
    private record Written(String name, List<List<String>> captions, List<List<String>> truth) {
        double exact() {
            return share(caption -> String.join(" ", caption));
        }

        double bleu() {
            return Bleu.of(captions, truth.stream().map(List::of).toList()).score();
        }

        /** How many of the two things have the right word at a place of their name, which has four words. */
        double word(int place) {
            return (share(caption -> at(caption, place)) + share(caption -> at(caption, caption.size() - 4 + place)))
                    / 2;
        }

        double relation() {
            return share(caption -> caption.size() < 9
                    ? NOTHING
                    : caption.subList(4, caption.size() - 4).toString());
        }

        private static String at(List<String> caption, int place) {
            return caption.size() < 9 ? NOTHING : caption.get(place);
        }

        private double share(Function<List<String>, String> part) {
            int right = 0;
            for (int i = 0; i < truth.size(); i++) {
                right += part.apply(captions.get(i)).equals(part.apply(truth.get(i))) ? 1 : 0;
            }
            return (double) right / truth.size();
        }

        List<String> row() {
            return List.of(
                    name,
                    line("%.1f %%", 100 * exact()),
                    line("%.1f", 100 * bleu()),
                    line("%.1f %%", 100 * word(1)),
                    line("%.1f %%", 100 * word(2)),
                    line("%.1f %%", 100 * word(3)),
                    line("%.1f %%", 100 * relation()));
        }
    }

    @Override
    public Findings run(LabRun run) {
        CaptionedShapes training = CaptionedShapes.pairs(run.of(12_000, 1000), 3 * run.seed());
        CaptionedShapes validation = CaptionedShapes.pairs(run.of(1000, 100), 3 * run.seed() + 1);
        CaptionedShapes test = CaptionedShapes.pairs(run.of(2000, 300), 3 * run.seed() + 2);
        Findings page = run.page(
                "Lab captions",
                line(
                        "%,d drawn pictures of two shapes for training, %,d for validation and %,d for the test",
                        training.size(), validation.size(), test.size()));
        List<List<String>> truth = captions(test);
        about(page, test);
        List<Written> all = new ArrayList<>();
        List<List<String>> known = captions(training);
        List<String> usual = CaptionedShapes.words(training.mostFrequent(scene -> scene.english(true)));
        all.add(new Written(
                "most frequent caption", test.scenes().stream().map(s -> usual).toList(), truth));
        all.add(new Written(
                "caption of the nearest picture",
                Arrays.stream(test.nearest(training, 1))
                        .map(n -> known.get(n[0]))
                        .toList(),
                truth));
        Map<String, double[][]> curves = new LinkedHashMap<>();
        try (Dataset learn = Captioner.dataset(training);
                Dataset choose = Captioner.dataset(validation);
                Dataset pictures = Captioner.dataset(test)) {
            for (boolean attention : new boolean[] {false, true}) {
                String name = attention ? "CNN, LSTM and attention" : "CNN and LSTM";
                try (Model<Captioner> model = Model.of(Captioner.of(attention), run.seed())) {
                    Run history = train(name, model, learn, choose, run);
                    if (history == null) {
                        results(page, all, curves);
                        return page;
                    }
                    curves.put(name, new double[][] {
                        history.epochs().stream().mapToDouble(e -> e.epoch()).toArray(), history.series("val_exact")
                    });
                    all.add(new Written(name, model.net().captions(pictures), truth));
                    if (attention) {
                        results(page, all, curves);
                        examples(page, test, all.get(all.size() - 1));
                        looks(page, test, model.net(), pictures);
                    }
                }
            }
        }
        return page.finished();
    }

    private static List<List<String>> captions(CaptionedShapes shapes) {
        return shapes.scenes().stream()
                .map(s -> CaptionedShapes.words(s.english(true)))
                .toList();
    }

    private static @Nullable Run train(String name, Model<Captioner> model, Dataset learn, Dataset choose, LabRun run) {
        int epochs = run.epochs(15, 6);
        run.out().println(line("%n== %s: %,d parameters", name, model.parameterCount()));
        var trainer = Trainer.custom(model, new Adam(3e-3f), Captioner::step)
                .metrics(Writer.exact("exact", Reserved.STANDARD.padding()))
                .schedule(Schedule.cosine(epochs))
                .clipNorm(5)
                .keepBest("val_loss")
                .seed(run.seed());
        trainer = run.training().attach(trainer, run.folder().resolve(name.replaceAll("\\W+", "-")), "pictures");
        Run history = trainer.fit(learn.shuffled(run.seed()).batches(run.of(40, 20)), choose, epochs);
        return history.epochs().size() < epochs ? null : history;
    }

    private static void about(Findings page, CaptionedShapes test) {
        ImageSheet sheet = new ImageSheet(Scene.SIDE, Scene.SIDE, 3);
        for (int i = 0; i < 6; i++) {
            Scene scene = test.scenes().get(i);
            sheet.add(test.picture(i), scene.english(true));
        }
        page.section("The pictures", "")
                .text("Each picture of 32 x 32 pixels shows two things that differ in form and color; each is "
                        + "small or large. The caption names the upper "
                        + "or the left one first, so that every picture has exactly one. A CNN of three "
                        + "convolutions makes 8 x 8 cells of 32 "
                        + "features. All of them start an LSTM of 96 cells, which writes the caption word "
                        + "by word. With attention, each word also "
                        + "takes a weighted mean of the cells, with weights that the LSTM chooses anew "
                        + "for each word.")
                .text("Nothing is published for pictures that this program draws. The page compares with the "
                        + "most frequent caption, and with the caption "
                        + "of the training picture whose pixels are nearest.")
                .picture("pictures.png", "Six pictures with their captions", sheet::render);
    }

    private static void results(Findings page, List<Written> all, Map<String, double[][]> curves) {
        page.section("Captions of the test pictures", "")
                .table(
                        List.of("", "right as a whole", "BLEU-4", "sizes", "colors", "forms", "relation"),
                        all.stream().map(Written::row).toList());
        Written nearest = all.get(1);
        for (int i = 2; i < all.size(); i++) {
            Written w = all.get(i);
            Figure exact = Figure.of(w.name() + ", right as a whole", "%", 100 * w.exact())
                    .baseline(100 * nearest.exact(), nearest.name());
            Figure bleu =
                    Figure.of(w.name() + ", BLEU-4", "", 100 * w.bleu()).baseline(100 * nearest.bleu(), nearest.name());
            if (i == 3) { // with attention, which is to do better than what needs no network
                page.key(exact).key(bleu);
            } else {
                page.figure(exact).figure(bleu);
            }
        }
        if (!curves.isEmpty()) {
            page.series(
                    "curves.png",
                    "Share of validation pictures with the right caption over the epochs",
                    "validation captions right as a whole",
                    "epoch",
                    curves);
        }
    }

    private static void examples(Findings page, CaptionedShapes test, Written written) {
        ImageSheet sheet = new ImageSheet(Scene.SIDE, Scene.SIDE, 3);
        int wrong = 0;
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < test.size() && wrong < SHOWN / 3; i++) { // up to a third of them wrong ones
            if (!written.captions().get(i).equals(written.truth().get(i))) {
                order.add(i);
                wrong++;
            }
        }
        for (int i = 0; i < test.size() && order.size() < SHOWN; i++) {
            if (!order.contains(i)) {
                order.add(i);
            }
        }
        for (int i : order) {
            String caption = String.join(" ", written.captions().get(i));
            String truth = String.join(" ", written.truth().get(i));
            sheet.add(test.picture(i), caption + (caption.equals(truth) ? "" : "\n(it is " + truth + ")"));
        }
        page.section(
                        "What it writes",
                        line(
                                "Captions by the network with attention. The first %d are the first of its wrong "
                                        + "ones; the others are the first of the test.",
                                wrong))
                .picture("written.png", "Test pictures with the captions that the network wrote", sheet::render);
    }

    private static void looks(Findings page, CaptionedShapes test, Captioner net, Dataset pictures) {
        CaptionedShapes some = test.first(Math.min(200, test.size()));
        float[][][] attention;
        try (Dataset few = pictures.take(0, some.size())) {
            attention = net.attention(few);
        }
        double focus = Captioner.focus(some, attention);
        ImageSheet sheet = new ImageSheet(Scene.SIDE, Scene.SIDE, 3).columns(11);
        byte[] blank = new byte[3 * Scene.SIDE * Scene.SIDE];
        Arrays.fill(blank, (byte) 255);
        for (int i = 0; i < LOOKED; i++) {
            List<String> words = CaptionedShapes.words(some.scenes().get(i).english(true));
            sheet.add(some.picture(i), "");
            for (int w = 0; w < 10; w++) {
                boolean said = w < words.size();
                sheet.add(
                        said ? Shades.heat(some.picture(i), pixels(attention[i][w])) : blank, said ? words.get(w) : "");
            }
        }
        page.section("Where it looks", "")
                .text(line(
                        "For each word the cells have weights that sum to 1; red is the most. While size, color "
                                + "and form of a thing are written, %.0f %% of "
                                + "the attention that falls on one of the two things falls on the one that is "
                                + "named; a network that looks anywhere would "
                                + "have about 50 %%. A cell sees 15 pixels, so that a weight beside a thing may "
                                + "still be about it.",
                        100 * focus))
                .picture("attention.png", "Where each word of four captions looks", sheet::render)
                .figure(Figure.of("Attention on the thing that is named", "%", 100 * focus)
                        .baseline(50, "attention anywhere"));
    }

    /** A weight for each cell as one for each pixel. */
    private static float[] pixels(float... cells) {
        float[] all = new float[Scene.SIDE * Scene.SIDE];
        for (int i = 0; i < all.length; i++) {
            int row = i / Scene.SIDE * Cells.SIDE / Scene.SIDE;
            int column = i % Scene.SIDE * Cells.SIDE / Scene.SIDE;
            all[i] = cells[row * Cells.SIDE + column];
        }
        return all;
    }
}
