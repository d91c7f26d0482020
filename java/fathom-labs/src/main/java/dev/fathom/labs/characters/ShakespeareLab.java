package dev.fathom.labs.characters;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.TinyShakespeare;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Findings;
import dev.fathom.text.Characters;
import dev.fathom.text.Vocabulary;
import java.util.Arrays;
import java.util.List;

/**
 * Text character by character (Karpathy et al. 2015): the bits per character of an LSTM and a small GPT on
 * Shakespeare's plays, text that they generate, what single units of the LSTM respond to, and the units of three
 * recurrent networks that respond to being inside quotes.
 */
public final class ShakespeareLab implements OldExperiment {
    private static final int FEWEST = 10_000;

    /** The plays: the first 90 % for training, the next 5 % for validation, and the last 5 % for the test. */
    record Plays(Vocabulary vocabulary, int[] training, int[] validation, int[] test) {
        /**
         * Uses at most the first {@code most} characters.
         *
         * @throws IllegalArgumentException if there are too few
         */
        static Plays of(String text, int most) {
            List<String> all = new Characters().tokens(text);
            if (all.size() < FEWEST) {
                throw new IllegalArgumentException(TinyShakespeare.FILE + " has " + all.size()
                        + " characters, but at least " + FEWEST
                        + " are needed for training, validation and test; give a longer text");
            }
            List<String> tokens = all.subList(0, Math.min(most, all.size()));
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
    public Findings run(LabRun run) {
        Plays plays = Plays.of(TinyShakespeare.read(run.data()), run.of(Integer.MAX_VALUE, 60_000));
        QuoteUnits quotes = QuoteUnits.read(run);
        String data = line(
                "Shakespeare's plays: %,d characters for training, %,d for validation, %,d for the test; %s",
                plays.training().length, plays.validation().length, plays.test().length, quotes.data());
        run.out().println(data);
        Findings page = run.page("Lab shakespeare", data);
        if (new PlaysPage(run, page, plays).trainAndWrite() && quotes.run(run, page)) {
            page.finished();
        }
        return page;
    }
}
