package dev.fathom.labs.characters;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Imdb;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.text.Texts;
import java.nio.file.Files;
import java.nio.file.Path;
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
    static QuoteUnits read(Lab lab) {
        Path given = lab.data();
        Path folder = given != null && Files.exists(given.resolve("train.tsv.gz")) ? given : Imdb.folder();
        int training = lab.of(10_000_000, 60_000);
        int searched = lab.of(SEARCHED, 8_000);
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
    void putSizes(Lab lab) {
        lab.put("reviewsLearn", training.length)
                .put("reviewsChoose", validation.length)
                .put("reviewsSearched", searched.length());
    }

    /** Trains the three networks and searches their units. */
    void run(Lab lab) {
        int hidden = lab.of(128, 64);
        int epochs = lab.epochs(1, 2);
        int[] text = ids(searched);
        int half = inside.length / 2;
        int from = shown(inside);
        int to = Math.min(text.length, from + SHOWN);
        lab.section("Inside quotes").put("hidden", hidden).put("times", epochs == 1 ? "once" : epochs + " times");
        lab.put("chosen", half).put("measured", inside.length - half);
        lab.put("share", 100 * share(inside, half, inside.length));
        Table table = lab.table("quotes", "cell");
        for (Cell cell : CELLS) {
            String name = cell.name();
            try (Model<CharacterRnn> model = Model.of(CharacterRnn.of(cell, CHARACTERS, hidden), lab.seed());
                    Model<CharacterRnn> untrained = Model.of(CharacterRnn.of(cell, CHARACTERS, hidden), lab.seed())) {
                CharacterTraining.rnn(
                        lab, "quotes-" + name.toLowerCase(Locale.ROOT), model, training, validation, epochs);
                float[][] units = CharacterRnn.units(model, text);
                UnitSearch found = UnitSearch.of(units, inside);
                Table.Row row = table.row(name)
                        .cell("parameters", model.parameterCount())
                        .put("reviews", "%.3f bits per character", CharacterTraining.bits(model, text));
                found.put(row, "unit for inside quotes", UnitSearch.of(CharacterRnn.units(untrained, text), inside));
                lab.put("unit" + name, found.unit()).put("correlation" + name, found.magnitude());
                lab.colored("text" + name, searched.substring(from, to), found.colors(units, from, to));
            }
        }
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
