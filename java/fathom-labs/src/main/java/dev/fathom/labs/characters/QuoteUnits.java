package dev.fathom.labs.characters;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.Imdb;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.text.Texts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The unit of an LSTM, a GRU and a UGRNN that correlates most with being inside quotes, on reviews of films, because
 * the plays have no quotation marks. Only reviews with quotation marks, and an even number of them, are used. Their
 * HTML line breaks become line ends, and characters that are not ASCII are left out.
 */
final class QuoteUnits {
    private static final List<Cell> CELLS = List.of(Cell.LSTM, Cell.GRU, Cell.UGRNN);
    /** The line end, and ASCII's printable characters. */
    private static final int CHARACTERS = 96;

    private static final int SEARCHED = 60_000;
    private static final int SHOWN = 800;

    private final int[] training;
    private final int[] validation;
    /** The text on which units are found and measured. */
    private final String searched;
    /** Whether each of its characters is inside quotes; the first may be in the middle of a review. */
    private final float[] inside;

    /**
     * Cuts a text.
     *
     * @param training the number of characters for training
     * @param searched the number of characters for finding and measuring units; those between the two are for
     *     validation
     */
    QuoteUnits(String text, int training, int searched) {
        int end = text.length() - searched;
        this.training = ids(text.substring(0, training));
        validation = ids(text.substring(training, end));
        this.searched = text.substring(end);
        inside = Arrays.copyOfRange(insideQuotes(text), end, text.length());
    }

    /**
     * Reads as many reviews as the run needs.
     *
     * @throws IllegalArgumentException if the reviews are missing or damaged, or too few of them have quotes
     */
    static QuoteUnits read(LabRun run) {
        Path given = run.data();
        Path folder = given != null && Files.exists(given.resolve("train.tsv.gz")) ? given : Imdb.folder();
        int training = run.of(10_000_000, 60_000);
        int searched = run.of(SEARCHED, 8_000);
        return new QuoteUnits(text(Imdb.read(folder, false), training + 2 * searched), training, searched);
    }

    /** The first reviews with quotes, one after another. */
    static String text(Texts reviews, int characters) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < reviews.size() && text.length() < characters; i++) {
            String review = plain(reviews.text(i));
            long marks = review.chars().filter(c -> c == '"').count();
            if (marks > 0 && marks % 2 == 0) {
                text.append(review).append('\n');
            }
        }
        if (text.length() < characters) {
            throw new IllegalArgumentException(
                    "the reviews with quotes have " + text.length() + " characters, but " + characters
                            + " are needed for training, validation and test; give the 25,000 reviews of train.tsv.gz");
        }
        return text.substring(0, characters);
    }

    private static String plain(String review) {
        return review.replace("<br /><br />", "\n").replace("<br />", "\n").replaceAll("[^\n -~]", "");
    }

    private static int[] ids(String text) {
        return text.chars().map(c -> c == '\n' ? 0 : c - ' ' + 1).toArray();
    }

    /** 1 for each character between two quotation marks and for the first of the two, otherwise 0. */
    static float[] insideQuotes(String text) {
        float[] inside = new float[text.length()];
        float now = 0;
        for (int i = 0; i < inside.length; i++) {
            now = text.charAt(i) == '"' ? 1 - now : now;
            inside[i] = now;
        }
        return inside;
    }

    /** The sizes of the parts. */
    String data() {
        return line(
                "film reviews with quotes: %,d characters for training, %,d for validation, %,d for finding and"
                        + " measuring units",
                training.length, validation.length, searched.length());
    }

    /** Trains the three networks and searches their units; false if the run was interrupted. */
    boolean run(LabRun run, Findings page) {
        int hidden = run.of(128, 64);
        int epochs = run.epochs(1, 2);
        int[] text = ids(searched);
        int half = inside.length / 2;
        int from = shown(inside);
        int to = Math.min(text.length, from + SHOWN);
        List<List<String>> rows = new ArrayList<>();
        List<Runnable> texts = new ArrayList<>();
        CharacterTraining trainings = new CharacterTraining(run);
        for (Cell cell : CELLS) {
            String name = cell.name();
            String folder = "quotes-" + name.toLowerCase(Locale.ROOT);
            try (Model<CharacterRnn> model = Model.of(CharacterRnn.of(cell, CHARACTERS, hidden), run.seed());
                    Model<CharacterRnn> untrained = Model.of(CharacterRnn.of(cell, CHARACTERS, hidden), run.seed())) {
                if (run.interrupt().requested()
                        || !trainings.rnn(folder, model, training, validation, epochs)
                        || run.interrupt().requested()) {
                    break;
                }
                float[][] units = CharacterRnn.units(model, text);
                UnitSearch found = UnitSearch.of(units, inside);
                double chance = UnitSearch.of(CharacterRnn.units(untrained, text), inside)
                        .magnitude();
                double bits = CharacterTraining.bits(model, text);
                page.key(Figure.of(name + ", unit for inside quotes", "correlation", found.magnitude())
                        .baseline(chance, "best unit of the untrained network"));
                page.figure(Figure.of(name + ", reviews", "bits per character", bits));
                rows.add(List.of(
                        name,
                        line("%,d", model.parameterCount()),
                        line("%.3f", bits),
                        Integer.toString(found.unit()),
                        line("%.3f", found.magnitude()),
                        line("%.3f", chance)));
                double[] colors = found.colors(units, from, to);
                texts.add(() -> page.colored(
                        searched.substring(from, to),
                        line("%s, unit %d: correlation %.3f with inside quotes", name, found.unit(), found.magnitude()),
                        colors));
            }
        }
        if (!rows.isEmpty()) {
            page.section(
                            "Inside quotes",
                            line(
                                    "Each network has one layer of %d units and is trained on the same reviews, %d %s"
                                            + " long. The unit was chosen by the magnitude of the correlation "
                                            + "(Pearson) of"
                                            + " its state (tanh(c) of the LSTM) with being inside quotes on %,d "
                                            + "characters"
                                            + " that are not used for training. The table has its correlation on "
                                            + "the next"
                                            + " %,d characters, of which %.1f %% are inside quotes, beside that of the"
                                            + " best unit of the untrained network, chosen in the same way. The text is"
                                            + " colored by the units: orange where a state has the sign of being inside"
                                            + " quotes, blue where it has the other sign. Collins et al. (2017) "
                                            + "introduced"
                                            + " the UGRNN; no correlation is published for such a unit.",
                                    hidden,
                                    epochs,
                                    epochs == 1 ? "epoch" : "epochs",
                                    half,
                                    inside.length - half,
                                    100 * share(inside, half, inside.length)))
                    .table(
                            List.of("cell", "parameters", "bits per character", "unit", "correlation", "untrained"),
                            rows);
            texts.forEach(Runnable::run);
        }
        return rows.size() == CELLS.size();
    }

    /**
     * The start of the shown text: in the second half, where the share of characters inside quotes is nearest to a
     * half.
     */
    private static int shown(float... inside) {
        int best = inside.length / 2;
        for (int from = best; from + SHOWN <= inside.length; from += 50) {
            if (Math.abs(share(inside, from, from + SHOWN) - 0.5) < Math.abs(share(inside, best, best + SHOWN) - 0.5)) {
                best = from;
            }
        }
        return best;
    }

    private static double share(float[] inside, int from, int to) {
        double sum = 0;
        for (float x : Arrays.copyOfRange(inside, from, to)) {
            sum += x;
        }
        return sum / (to - from);
    }
}
