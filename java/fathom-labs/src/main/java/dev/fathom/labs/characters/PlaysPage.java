package dev.fathom.labs.characters;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.characters.ShakespeareLab.Plays;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.statistics.NgramModel;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.text.Characters;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** The LSTM and the GPT on the plays: bits per character beside those of counting and of gzip, what both write, and single units of the LSTM. */
final class PlaysPage {
    private static final String PROMPT = "ROMEO:\n";
    private static final String NANO = "karpathy/nanoGPT, README: loss 1.88 on the last 10 % of the text";
    private static final float WARMTH = 0.7f;
    private static final int SHOWN = 700;
    private static final int MOST_WATCHED = 40_000;

    private final Run run;
    private final Result page;
    private final Plays plays;
    private final List<List<String>> rows = new ArrayList<>();

    private PlaysPage(Run run, Result page, Plays plays) {
        this.run = run;
        this.page = page;
        this.plays = plays;
    }

    /** Whether it was done to its end. */
    static boolean run(Run run, Result page, Plays plays) {
        return new PlaysPage(run, page, plays).run();
    }

    private boolean run() {
        int characters = plays.vocabulary().size();
        int hidden = run.of(256, 64);
        try (Model<CharacterRnn> untrained = Model.of(CharacterRnn.of(Cell.LSTM, characters, hidden), run.seed());
                Model<CharacterRnn> lstm = Model.of(CharacterRnn.of(Cell.LSTM, characters, hidden), run.seed());
                Model<Gpt> gpt = Model.of(Gpt.of(characters, run.of(128, 32), run.of(4, 2)), run.seed())) {
            CharacterTraining schooling = new CharacterTraining(run);
            boolean read = schooling.reader("lstm", lstm, plays.learn(), plays.choose(), run.epochs(12, 4));
            boolean all = read
                    && !run.interrupt().requested()
                    && schooling.gpt(gpt, plays.learn(), plays.choose(), run.epochs(5, 3));
            if (!read) {
                return false;
            }
            counted();
            row("LSTM", lstm, schooling.bits(lstm, plays.test()));
            if (all) {
                row("GPT", gpt, Gpt.bits(gpt, plays.test()));
            }
            page.section(
                            "Bits per character",
                            line(
                                    "The mean of -log2 P over the characters of the test, where P is what a model gives a character behind those before it. "
                                            + "The LSTM carries its state through the whole test, and the GPT sees the last %d to %d characters. Groups of "
                                            + "characters were counted on what the nets learned from (interpolated as by Witten and Bell 1991). gzip packed "
                                            + "the test alone behind the rest of the plays; its windows are 32,768 characters.",
                                    Gpt.CONTEXT / 2, Gpt.CONTEXT))
                    .table(List.of("model", "parameters", "test, bits per character"), rows);
            written(lstm, all ? gpt : null);
            units(lstm, untrained);
            return all && !run.interrupt().requested();
        }
    }

    private void counted() {
        int characters = plays.vocabulary().size();
        for (int order : new int[] {1, 2, 5}) {
            double bits = new NgramModel(order, characters, plays.learn()).logLoss(plays.test()) / Math.log(2);
            String name = order == 1 ? "Counted, single characters" : line("Counted, groups of %d", order);
            page.figure(Figure.of(name, "bits per character", bits));
            rows.add(List.of(name, "", line("%.3f", bits)));
        }
        double gzip = gzip();
        page.figure(Figure.of("gzip", "bits per character", gzip));
        rows.add(List.of("gzip", "", line("%.3f", gzip)));
    }

    /** The bits that the test adds to a packed file of all before it, for each character. */
    private double gzip() {
        int[] before = new int[plays.learn().length + plays.choose().length];
        System.arraycopy(plays.learn(), 0, before, 0, plays.learn().length);
        System.arraycopy(plays.choose(), 0, before, plays.learn().length, plays.choose().length);
        String first = text(before);
        return 8.0 * (packed(first + text(plays.test())) - packed(first)) / plays.test().length;
    }

    private static int packed(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // not of memory
        }
        return bytes.size();
    }

    private String text(int... ids) {
        return new Characters().text(plays.vocabulary().tokens(ids));
    }

    private void row(String name, Model<?> model, double bits) {
        Figure figure = Figure.of(name + ", test", "bits per character", bits);
        if (name.equals("GPT")) {
            figure = figure.published("2.71", NANO);
            figure = run.whole() && !run.interrupt().requested()
                    ? figure.within(Double.NEGATIVE_INFINITY, 2.71)
                    : figure;
        }
        page.key(figure);
        rows.add(List.of(name, line("%,d", model.parameterCount()), line("%.3f", bits)));
    }

    /** What both go on to write from one prompt, and where the GPT was not finished the LSTM alone. */
    private void written(Model<CharacterRnn> lstm, @Nullable Model<Gpt> gpt) {
        Characters letters = new Characters();
        List<String> known = letters.tokens(PROMPT).stream()
                .filter(plays.vocabulary()::contains)
                .toList();
        int[] prompt = plays.vocabulary().ids(known);
        int length = run.of(SHOWN, 200);
        page.section(
                "What they write",
                line(
                        "Both go on from \"%s\" character by character, frozen, at temperature %.1f: the LSTM carries its state, the GPT "
                                + "its keys and values.",
                        PROMPT.strip(), WARMTH));
        page.verbatim("LSTM", PROMPT + text(CharacterRnn.write(lstm, prompt, length, WARMTH, run.seed())));
        if (gpt != null) {
            page.verbatim("GPT", PROMPT + text(Gpt.write(gpt, prompt, length, WARMTH, run.seed())));
        }
    }

    private void units(Model<CharacterRnn> lstm, Model<CharacterRnn> untrained) {
        int[] heldOut = heldOut();
        String text = text(heldOut);
        float[][] units = CharacterRnn.units(lstm, heldOut);
        float[][] before = CharacterRnn.units(untrained, heldOut);
        int from = text.indexOf("\n\n", text.length() / 2) + 2;
        int to = Math.min(text.length(), from + SHOWN);
        List<List<String>> table = new ArrayList<>();
        Map<String, UnitSearch> found = new LinkedHashMap<>();
        TextFeatures.ofPlays(text).forEach((name, feature) -> {
            UnitSearch unit = UnitSearch.of(units, feature);
            UnitSearch chance = UnitSearch.of(before, feature);
            found.put(name, unit);
            page.figure(Figure.of("LSTM, unit for " + name, "correlation", Math.abs(unit.correlation())));
            table.add(List.of(
                    name,
                    Integer.toString(unit.unit()),
                    line("%.3f", unit.correlation()),
                    line("%.3f", Math.abs(chance.correlation()))));
        });
        page.section(
                        "What single units of the LSTM watch",
                        line(
                                "For each property of a character, the unit whose cell state goes most with it: tanh(c) behind each character has the "
                                        + "correlation (Pearson) of the largest magnitude on the first %,d characters held out; the table has "
                                        + "the correlation on the %,d that follow, and that of the unit of the untrained net that was chosen "
                                        + "in the same way. Below, a text of those, as in Karpathy et al. (2015): orange where tanh(c) "
                                        + "has the sign of the property, blue where it has the other.",
                                text.length() / 2, text.length() - text.length() / 2))
                .table(List.of("property", "unit", "correlation", "untrained"), table);
        found.forEach((name, unit) -> page.colored(
                text.substring(from, to),
                line("Unit %d, %s: correlation %.3f", unit.unit(), name, Math.abs(unit.correlation())),
                unit.colors(units, from, to)));
    }

    /** As many characters of what chose the epoch as of the test. */
    private int[] heldOut() {
        int each = Math.min(Math.min(plays.choose().length, plays.test().length), MOST_WATCHED);
        int[] all = Arrays.copyOfRange(plays.choose(), plays.choose().length - each, plays.choose().length + each);
        System.arraycopy(plays.test(), 0, all, each, each);
        return all;
    }
}
