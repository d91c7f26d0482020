package dev.fathom.labs.characters;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.data.Imdb;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
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
 * The unit of an LSTM, a GRU and a UGRNN that knows whether it is inside quotes, on reviews of films: the plays have no quotation marks. Only reviews are
 * taken that have quotation marks, and an even number of them; line breaks are those of the review, and what is not ASCII is left out.
 */
final class QuoteUnits {
    private static final List<Cell> CELLS = List.of(Cell.LSTM, Cell.GRU, Cell.UGRNN);
    /** The line end, and ASCII's printable characters. */
    private static final int CHARACTERS = 96;

    private static final int WATCHED = 60_000;
    private static final int SHOWN = 800;

    private final int[] learn;
    private final int[] choose;
    /** What is watched, of which the first half chooses the unit. */
    private final String heldOut;
    /** Whether each character held out is inside quotes; the first may be in the middle of a review. */
    private final float[] inside;

    private QuoteUnits(String text, int learned, int watched) {
        int chosen = learned + (text.length() - learned - watched);
        learn = ids(text.substring(0, learned));
        choose = ids(text.substring(learned, chosen));
        heldOut = text.substring(chosen);
        inside = Arrays.copyOfRange(TextFeatures.insideQuotes(text), chosen, text.length());
    }

    /**
     * Reads as many reviews as the run needs.
     *
     * @throws IllegalArgumentException if the reviews are missing or damaged, or too few of them have quotes
     */
    static QuoteUnits read(Run run) {
        Path given = run.data();
        Path folder = given != null && Files.exists(given.resolve("train.tsv.gz")) ? given : Imdb.folder();
        int learned = run.of(10_000_000, 60_000);
        int watched = run.of(WATCHED, 8_000);
        return new QuoteUnits(text(Imdb.read(folder, false), learned + 2 * watched), learned, watched);
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
                            + " are needed to learn from and to hold out; give the 25,000 reviews of train.tsv.gz");
        }
        return text.substring(0, characters);
    }

    private static String plain(String review) {
        return review.replace("<br /><br />", "\n").replace("<br />", "\n").replaceAll("[^\n -~]", "");
    }

    private static int[] ids(String text) {
        return text.chars().map(c -> c == '\n' ? 0 : c - ' ' + 1).toArray();
    }

    /** What was read, as a part of a line. */
    String data() {
        return line(
                "reviews of films with quotes: %,d characters to learn from, %,d held out",
                learn.length, choose.length + heldOut.length());
    }

    /** Teaches and watches the three nets; whether it was done to its end. */
    boolean run(Run run, Result page) {
        int hidden = run.of(128, 64);
        int[] watched = ids(heldOut);
        int from = shown(inside);
        int to = Math.min(heldOut.length(), from + SHOWN);
        List<List<String>> rows = new ArrayList<>();
        List<Runnable> texts = new ArrayList<>();
        CharacterTraining schooling = new CharacterTraining(run);
        for (Cell cell : CELLS) {
            String name = cell.name();
            try (Model<CharacterRnn> model = Model.of(CharacterRnn.of(cell, CHARACTERS, hidden), run.seed());
                    Model<CharacterRnn> untrained = Model.of(CharacterRnn.of(cell, CHARACTERS, hidden), run.seed())) {
                if (run.interrupt().requested()
                        || !schooling.reader(
                                "quotes-" + name.toLowerCase(Locale.ROOT), model, learn, choose, run.epochs(1, 2))
                        || run.interrupt().requested()) {
                    return false;
                }
                float[][] units = CharacterRnn.units(model, watched);
                UnitSearch found = UnitSearch.of(units, inside);
                double chance = Math.abs(UnitSearch.of(CharacterRnn.units(untrained, watched), inside)
                        .correlation());
                double bits = schooling.bits(model, watched);
                double correlation = Math.abs(found.correlation());
                page.key(Figure.of(name + ", unit for inside quotes", "correlation", correlation));
                page.figure(Figure.of(name + ", untrained, unit for inside quotes", "correlation", chance));
                page.figure(Figure.of(name + ", reviews", "bits per character", bits));
                rows.add(List.of(
                        name,
                        line("%,d", model.parameterCount()),
                        line("%.3f", bits),
                        Integer.toString(found.unit()),
                        line("%.3f", correlation),
                        line("%.3f", chance)));
                double[] colors = found.colors(units, from, to);
                texts.add(() -> page.colored(
                        heldOut.substring(from, to),
                        line("%s, unit %d: correlation %.3f with inside quotes", name, found.unit(), correlation),
                        colors));
            }
        }
        page.section(
                        "Inside quotes",
                        line(
                                "Three nets of one layer of %d units read the same reviews equally often. Of each, the unit is shown whose state (tanh(c) of the LSTM) goes most "
                                        + "with being inside quotes: chosen by the magnitude of its correlation (Pearson) on %,d characters held out, "
                                        + "measured on the %,d that follow, beside that of the untrained net, chosen in the same way. "
                                        + "%.1f %% of these characters are inside quotes. The course shows such a unit of a UGRNN "
                                        + "(Collins et al. 2017), without a figure.",
                                hidden,
                                inside.length / 2,
                                inside.length - inside.length / 2,
                                100 * share(inside, inside.length / 2, inside.length)))
                .table(List.of("cell", "parameters", "bits per character", "unit", "correlation", "untrained"), rows);
        texts.forEach(Runnable::run);
        return true;
    }

    /** Where the text begins that is shown: in the second half, where the share of what is inside quotes is nearest to a half. */
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
