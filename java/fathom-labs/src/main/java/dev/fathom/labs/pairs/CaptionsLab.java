package dev.fathom.labs.pairs;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.CaptionedShapes;
import dev.fathom.experiments.data.Scene;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Captions of pictures by a CNN and an LSTM, without attention and with it, beside the caption of the most similar
 * picture.
 */
public final class CaptionsLab implements Experiment {
    private static final int LOOKED = 4;
    private static final int LONGEST = 10;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "With attention, as it learns: all words of a caption at once",
                Captioner.of(true),
                (net, in) -> net.scores(in[0], in[1]),
                Input.floats(1, Scene.SIDE, Scene.SIDE, 3),
                Input.ints(1, 8));
    }

    @Override
    public void run(Lab lab) {
        CaptionedShapes training = CaptionedShapes.pairs(lab.of(12_000, 1000), 3 * lab.seed());
        CaptionedShapes validation = CaptionedShapes.pairs(lab.of(1000, 100), 3 * lab.seed() + 1);
        CaptionedShapes test = CaptionedShapes.pairs(lab.of(2000, 300), 3 * lab.seed() + 2);
        lab.put("learn", training.size()).put("choose", validation.size()).put("test", test.size());
        ImageSheet sheet = sheet(6);
        for (int i = 0; i < 6; i++) {
            sheet.add(test.picture(i), test.scenes().get(i).english(true));
        }
        lab.section("The pictures").sheet("pictures.png", sheet);

        lab.section("Captions of the test pictures");
        List<List<String>> truth = test.captions();
        List<List<String>> known = training.captions();
        Table table = lab.table("captions", "");
        List<String> usual = CaptionedShapes.words(training.mostFrequent(scene -> scene.english(true)));
        CaptionScore.put(table.row("most frequent caption"), Collections.nCopies(test.size(), usual), truth);
        List<List<String>> copied = Arrays.stream(test.nearest(training, 1))
                .map(n -> known.get(n[0]))
                .toList();
        Table.Row nearest = CaptionScore.put(table.row("caption of the nearest picture"), copied, truth);
        Map<String, double[][]> curves = new LinkedHashMap<>();
        int epochs = lab.epochs(15, 6);
        try (Dataset learn = Captioner.dataset(training);
                Dataset choose = Captioner.dataset(validation);
                Dataset pictures = Captioner.dataset(test)) {
            for (boolean attention : new boolean[] {false, true}) {
                String name = attention ? "CNN, LSTM and attention" : "CNN and LSTM";
                try (Model<Captioner> model = Model.of(Captioner.of(attention), lab.seed())) {
                    var trainer = Trainer.custom(model, new Adam(3e-3f), Captioner::step)
                            .metrics(Task.EXACT)
                            .schedule(Schedule.cosine(epochs))
                            .clipNorm(5)
                            .keepBest("val_loss");
                    Run history = lab.train(name, "pictures", trainer, learn, lab.of(40, 20), choose, epochs);
                    curves.put(name, history.curve("val_exact"));
                    List<List<String>> captions = model.net().captions(pictures);
                    Table.Row row = CaptionScore.put(table.row(name), captions, truth);
                    for (String column : List.of("right as a whole", "BLEU-4")) {
                        row.baseline(column, nearest.get(column), nearest.name());
                    }
                    if (attention) {
                        lab.curves("curves.png", "validation captions right as a whole", "epoch", curves);
                        examples(lab, test, captions, truth);
                        looks(lab, test, model.net(), pictures);
                    }
                }
            }
        }
    }

    private static ImageSheet sheet(int columns) {
        return new ImageSheet(Scene.SIDE, Scene.SIDE, 3).columns(columns);
    }

    /** Up to a third of wrong captions, and the first of the others. */
    private static void examples(Lab lab, CaptionedShapes test, List<List<String>> captions, List<List<String>> truth) {
        ImageSheet sheet = sheet(6);
        List<Integer> wrong = IntStream.range(0, test.size())
                .filter(i -> !captions.get(i).equals(truth.get(i)))
                .limit(6)
                .boxed()
                .toList();
        Stream.concat(wrong.stream(), IntStream.range(0, test.size()).boxed())
                .distinct()
                .limit(18)
                .forEach(i -> {
                    String caption = String.join(" ", captions.get(i));
                    String right = String.join(" ", truth.get(i));
                    sheet.add(test.picture(i), caption + (caption.equals(right) ? "" : "\n(it is " + right + ")"));
                });
        lab.section("What it writes").put("wrong", wrong.size()).sheet("written.png", sheet);
    }

    private static void looks(Lab lab, CaptionedShapes test, Captioner net, Dataset pictures) {
        CaptionedShapes some = test.first(Math.min(200, test.size()));
        float[][][] attention;
        try (Dataset few = pictures.take(0, some.size())) {
            attention = net.attention(few);
        }
        byte[] blank = new byte[3 * Scene.SIDE * Scene.SIDE];
        Arrays.fill(blank, (byte) 255);
        ImageSheet sheet = sheet(LONGEST + 1);
        for (int i = 0; i < LOOKED; i++) {
            List<String> words = some.captions().get(i);
            sheet.add(some.picture(i), "");
            for (int w = 0; w < LONGEST; w++) {
                boolean said = w < words.size();
                sheet.add(
                        said ? Shades.heat(some.picture(i), Cells.pixels(attention[i][w])) : blank,
                        said ? words.get(w) : "");
            }
        }
        lab.section("Where it looks")
                .sheet("attention.png", sheet)
                .figure("Attention on the thing that is named", "%", 100 * Captioner.focus(some, attention))
                .baseline(50, "attention anywhere");
    }
}
