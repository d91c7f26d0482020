package dev.fathom.labs.pairs;

import dev.fathom.data.Dataset;
import dev.fathom.decode.Bleu;
import dev.fathom.decode.Writer;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.CaptionedShapes;
import dev.fathom.experiments.data.Scene;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.text.Reserved;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Captions of pictures by a CNN and an LSTM, without attention and with it, beside the caption of the most similar
 * picture.
 */
public final class CaptionsLab implements Experiment {
    private static final int SHOWN = 18;
    private static final int LOOKED = 4;
    private static final int LONGEST = 10;
    private static final int NAME = 4; // the words that name a thing, such as "a small red circle"

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
        IntStream.range(0, 6)
                .forEach(i -> sheet.add(test.picture(i), test.scenes().get(i).english(true)));
        lab.section("The pictures").sheet("pictures.png", sheet);

        lab.section("Captions of the test pictures");
        List<List<String>> truth = test.captions();
        List<List<String>> known = training.captions();
        Table table = lab.table("captions", "");
        List<String> usual = CaptionedShapes.words(training.mostFrequent(scene -> scene.english(true)));
        score(
                table.row("most frequent caption"),
                test.scenes().stream().map(s -> usual).toList(),
                truth);
        Table.Row nearest = table.row("caption of the nearest picture");
        score(
                nearest,
                Arrays.stream(test.nearest(training, 1))
                        .map(n -> known.get(n[0]))
                        .toList(),
                truth);
        Map<String, double[][]> curves = new LinkedHashMap<>();
        int epochs = lab.epochs(15, 6);
        try (Dataset learn = Captioner.dataset(training);
                Dataset choose = Captioner.dataset(validation);
                Dataset pictures = Captioner.dataset(test)) {
            for (boolean attention : new boolean[] {false, true}) {
                String name = attention ? "CNN, LSTM and attention" : "CNN and LSTM";
                try (Model<Captioner> model = Model.of(Captioner.of(attention), lab.seed())) {
                    var trainer = Trainer.custom(model, new Adam(3e-3f), Captioner::step)
                            .metrics(Writer.exact("exact", Reserved.STANDARD.padding()))
                            .schedule(Schedule.cosine(epochs))
                            .clipNorm(5)
                            .keepBest("val_loss")
                            .seed(lab.seed());
                    var batches = learn.shuffled(lab.seed()).batches(lab.of(40, 20));
                    curves.put(
                            name,
                            lab.train(name, "pictures", trainer, batches, choose, epochs)
                                    .curve("val_exact"));
                    List<List<String>> captions = model.net().captions(pictures);
                    Table.Row row = score(table.row(name), captions, truth);
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

    private static Table.Row score(Table.Row row, List<List<String>> captions, List<List<String>> truth) {
        row.put("right as a whole", "%.1f %%", share(captions, truth, caption -> caption));
        row.put(
                "BLEU-4",
                "%.1f",
                100 * Bleu.of(captions, truth.stream().map(List::of).toList()).score());
        List<String> parts = List.of("sizes", "colors", "forms");
        for (int p = 0; p < parts.size(); p++) {
            int place = p + 1;
            double first = share(captions, truth, c -> part(c, place, place + 1));
            double second = share(captions, truth, c -> part(c, c.size() - NAME + place, c.size() - NAME + place + 1));
            row.put(parts.get(p), "%.1f %%", (first + second) / 2);
        }
        return row.put("relation", "%.1f %%", share(captions, truth, c -> part(c, NAME, c.size() - NAME)));
    }

    /** Some words of a caption; none of one that is too short, which are those of no true caption. */
    private static List<String> part(List<String> caption, int from, int to) {
        return caption.size() <= 2 * NAME ? List.of() : caption.subList(from, to);
    }

    private static double share(
            List<List<String>> captions, List<List<String>> truth, Function<List<String>, List<String>> part) {
        return 100.0
                * IntStream.range(0, truth.size())
                        .filter(i -> part.apply(captions.get(i)).equals(part.apply(truth.get(i))))
                        .count()
                / truth.size();
    }

    /** Up to a third of wrong captions, and the first of the others. */
    private static void examples(Lab lab, CaptionedShapes test, List<List<String>> captions, List<List<String>> truth) {
        ImageSheet sheet = sheet(6);
        List<Integer> wrong = IntStream.range(0, test.size())
                .filter(i -> !captions.get(i).equals(truth.get(i)))
                .limit(SHOWN / 3)
                .boxed()
                .toList();
        Stream.concat(wrong.stream(), IntStream.range(0, test.size()).boxed())
                .distinct()
                .limit(SHOWN)
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
                .figure(Figure.of("Attention on the thing that is named", "%", 100 * Captioner.focus(some, attention))
                        .baseline(50, "attention anywhere"));
    }
}
