package dev.fathom.labs.characters;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.data.TinyShakespeare;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Result;
import dev.fathom.text.Characters;
import dev.fathom.text.Vocabulary;
import java.util.Arrays;
import java.util.List;

/**
 * Plays and reviews read character by character: how many bits an LSTM and a small GPT need for a character of Shakespeare, what they write, what single units
 * of the LSTM watch, and the unit of three recurrent nets that knows whether it is inside quotes (Karpathy et al. 2015).
 */
public final class ShakespeareLab implements Experiment {
    private static final int FEWEST = 10_000;

    /**
     * The plays, of which the first 90 % are learned from; the next 5 % choose the best epoch, and the last 5 % are the test.
     */
    record Plays(Vocabulary vocabulary, int[] learn, int[] choose, int[] test) {
        static Plays of(String text, int most) {
            if (text.length() < FEWEST) {
                throw new IllegalArgumentException(TinyShakespeare.FILE + " has " + text.length()
                        + " characters, but at least " + FEWEST
                        + " are needed to learn from most and hold out the rest; give a longer text");
            }
            String read = text.substring(0, Math.min(most, text.length()));
            List<String> tokens = new Characters().tokens(read);
            Vocabulary vocabulary = Vocabulary.of(List.of(tokens));
            int[] ids = vocabulary.ids(tokens);
            int end = ids.length / 20 * 18;
            int middle = ids.length / 20 * 19;
            return new Plays(
                    vocabulary,
                    Arrays.copyOf(ids, end),
                    Arrays.copyOfRange(ids, end, middle),
                    Arrays.copyOfRange(ids, middle, ids.length));
        }
    }

    @Override
    public String name() {
        return "shakespeare";
    }

    @Override
    public String shows() {
        return "texts character by character: an LSTM and a small GPT, what they write, and what single units watch";
    }

    @Override
    public Result run(Run run) {
        Plays plays = Plays.of(TinyShakespeare.read(run.data()), run.of(Integer.MAX_VALUE, 60_000));
        QuoteUnits quotes = QuoteUnits.read(run);
        String data = line(
                "Speeches of Shakespeare: %,d characters to learn from, %,d to choose by, %,d for the test; %s",
                plays.learn().length, plays.choose().length, plays.test().length, quotes.data());
        run.out().println(data);
        Result page = new Result("Lab shakespeare", data, run.out());
        if (PlaysPage.run(run, page, plays) && quotes.run(run, page)) {
            page.finished();
        }
        return page;
    }
}
