package dev.fathom.labs.characters;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.characters.ShakespeareLab.Plays;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
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
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The LSTM and the GPT on the plays: their bits per character beside n-gram counts and gzip, what they write, and
 * single units of the LSTM.
 */
record PlaysPage(LabRun run, Findings page, Plays plays) {
    private static final String PROMPT = "ROMEO:\n";
    private static final String COUNTS = "5-gram counts";
    private static final float TEMPERATURE = 0.7f;
    private static final int SHOWN = 700;
    private static final int MOST_SEARCHED = 40_000;

    /** Trains both networks and writes the page; false if the run was interrupted. */
    boolean trainAndWrite() {
        int characters = plays.vocabulary().size();
        int hidden = run.of(256, 64);
        Gpt net = Gpt.of(characters, CharacterTraining.CONTEXT, run.of(128, 32), run.of(4, 2), 0.1f);
        try (Model<CharacterRnn> untrained = Model.of(CharacterRnn.of(Cell.LSTM, characters, hidden), run.seed());
                Model<CharacterRnn> lstm = Model.of(CharacterRnn.of(Cell.LSTM, characters, hidden), run.seed());
                Model<Gpt> gpt = Model.of(net, run.seed())) {
            CharacterTraining trainings = new CharacterTraining(run);
            if (!trainings.rnn("lstm", lstm, plays.training(), plays.validation(), run.epochs(12, 4))) {
                return false;
            }
            boolean both = !run.interrupt().requested()
                    && trainings.gpt(gpt, plays.training(), plays.validation(), run.epochs(5, 3));
            bits(lstm, both ? gpt : null);
            samples(lstm, both ? gpt : null);
            if (!run.interrupt().requested()) {
                units(lstm, untrained);
            }
            return !run.interrupt().requested();
        }
    }

    private void bits(Model<CharacterRnn> lstm, @Nullable Model<Gpt> gpt) {
        Map<String, Double> baselines = new LinkedHashMap<>();
        for (int order : new int[] {1, 2, 5}) {
            NgramModel counted = new NgramModel(order, plays.vocabulary().size(), plays.training());
            baselines.put(line("%d-gram counts", order), counted.logLoss(plays.test()) / Math.log(2));
        }
        baselines.put("gzip", gzip());
        List<List<String>> rows = new ArrayList<>();
        baselines.forEach((name, bits) -> {
            page.figure(figure(name, bits));
            rows.add(List.of(name, "", line("%.3f", bits)));
        });
        double counts = baselines.getOrDefault(COUNTS, Double.NaN);
        double bits = CharacterTraining.bits(lstm, plays.test());
        page.key(figure("LSTM", bits).baseline(counts, COUNTS));
        rows.add(List.of("LSTM", line("%,d", lstm.parameterCount()), line("%.3f", bits)));
        if (gpt != null) {
            double ofGpt = Gpt.bits(gpt, plays.test());
            page.key(figure("GPT", ofGpt));
            rows.add(List.of("GPT", line("%,d", gpt.parameterCount()), line("%.3f", ofGpt)));
        }
        page.section(
                        "Bits per character",
                        line(
                                "The mean of -log2 P over the characters of the test, where P is the probability that"
                                        + " a model gives a character after the characters before it. The LSTM "
                                        + "carries its"
                                        + " state through the whole test, and the GPT sees the last %d to %d "
                                        + "characters."
                                        + " n-grams are counted on the training part and smoothed by the method "
                                        + "of Witten"
                                        + " and Bell (1991). For gzip, the figure is the growth of the compressed file"
                                        + " when the test follows the rest of the plays; gzip sees the last 32,768"
                                        + " characters. No value is published for this LSTM, so it is compared with the"
                                        + " 5-gram counts.",
                                CharacterTraining.CONTEXT / 2, CharacterTraining.CONTEXT))
                .table(List.of("model", "parameters", "test, bits per character"), rows);
    }

    private static Figure figure(String name, double bits) {
        return Figure.of(name + ", test", "bits per character", bits);
    }

    /** The bits that the test adds to a compressed file of the rest, for each character. */
    private double gzip() {
        String before = text(plays.training()) + text(plays.validation());
        return 8.0 * (compressed(before + text(plays.test())) - compressed(before)) / plays.test().length;
    }

    private static int compressed(String text) {
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

    /**
     * What the networks write after one prompt: a speaker's name, or the first characters of the test if the text lacks
     * its letters.
     */
    private void samples(Model<CharacterRnn> lstm, @Nullable Model<Gpt> gpt) {
        List<String> speaker = new Characters().tokens(PROMPT);
        int[] prompt = speaker.stream().allMatch(plays.vocabulary()::contains)
                ? plays.vocabulary().ids(speaker)
                : Arrays.copyOf(plays.test(), 20);
        String begin = text(prompt);
        int length = run.of(SHOWN, 200);
        page.section(
                "What they write",
                line(
                        "Each network continues \"%s\" character by character at temperature %.1f, as a frozen plan."
                                + " The LSTM carries its state, and the GPT its keys and values.",
                        begin.strip(), TEMPERATURE));
        page.verbatim("LSTM", begin + text(CharacterRnn.write(lstm, prompt, length, TEMPERATURE, run.seed())));
        if (gpt != null) {
            page.verbatim("GPT", begin + text(Gpt.write(gpt, prompt, length, TEMPERATURE, run.seed())));
        }
    }

    private void units(Model<CharacterRnn> lstm, Model<CharacterRnn> untrained) {
        int[] searched = searched();
        String text = plays.vocabulary().tokens(searched).stream()
                .map(c -> c.length() == 1 ? c : "\uFFFD") // one char for each character
                .collect(Collectors.joining());
        float[][] units = CharacterRnn.units(lstm, searched);
        float[][] before = CharacterRnn.units(untrained, searched);
        int half = text.length() / 2;
        int from = start(text, half);
        int to = Math.min(text.length(), from + SHOWN);
        List<List<String>> rows = new ArrayList<>();
        Map<String, UnitSearch> found = new LinkedHashMap<>();
        TextFeatures.ofPlays(text).forEach((name, feature) -> {
            UnitSearch unit = UnitSearch.of(units, feature);
            double chance = UnitSearch.of(before, feature).magnitude();
            found.put(name, unit);
            page.figure(Figure.of("LSTM, unit for " + name, "correlation", unit.magnitude())
                    .baseline(chance, "best unit of the untrained network"));
            rows.add(
                    List.of(name, Integer.toString(unit.unit()), line("%.3f", unit.magnitude()), line("%.3f", chance)));
        });
        page.section(
                        "What single units of the LSTM respond to",
                        line(
                                "For each property of a character, the table has the unit of the LSTM whose state,"
                                        + " tanh(c) after each character, correlates most with it (Pearson, by "
                                        + "magnitude)."
                                        + " The unit was chosen on the last %,d characters of the validation "
                                        + "part, and the"
                                        + " correlation is measured on the first %,d of the test. The last column "
                                        + "is for"
                                        + " the best unit of the untrained network, chosen in the same way. "
                                        + "Below, as in"
                                        + " Karpathy et al. (2015), a text is colored by these units: orange "
                                        + "where tanh(c)"
                                        + " has the sign of the property, blue where it has the other sign.",
                                half, text.length() - half))
                .table(List.of("property", "unit", "correlation", "untrained"), rows);
        found.forEach((name, unit) -> page.colored(
                text.substring(from, to),
                line("Unit %d, %s: correlation %.3f", unit.unit(), name, unit.magnitude()),
                unit.colors(units, from, to)));
    }

    /** The place after the first empty line of the second half, or the middle if there is none. */
    static int start(String text, int half) {
        int empty = text.indexOf("\n\n", half);
        return empty < 0 || empty + 2 == text.length() ? half : empty + 2;
    }

    /** The end of the validation part and as many characters of the test. */
    private int[] searched() {
        int end = plays.validation().length;
        int each = Math.min(Math.min(end, plays.test().length), MOST_SEARCHED);
        int[] all = Arrays.copyOfRange(plays.validation(), end - each, end + each);
        System.arraycopy(plays.test(), 0, all, each, each);
        return all;
    }
}
