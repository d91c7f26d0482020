package dev.fathom.labs.characters;

import dev.fathom.decode.Gpt;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.Imdb;
import dev.fathom.experiments.data.Plays;
import dev.fathom.experiments.data.TinyShakespeare;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.NgramModel;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.op.Cell;
import dev.fathom.text.Characters;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Text character by character (Karpathy et al. 2015): the bits per character of an LSTM and a small GPT on
 * Shakespeare's plays, text that they generate, what single units of the LSTM respond to, and the units of three
 * recurrent networks that respond to being inside quotes.
 */
public final class ShakespeareLab implements Experiment {
    private static final String PROMPT = "ROMEO:\n";
    private static final float TEMPERATURE = 0.7f;
    private static final int SHOWN = 700;
    private static final int MOST_SEARCHED = 40_000;
    private static final String BITS = "%.3f bits per character";

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The small GPT",
                Gpt.of(new Gpt.Sizes(65, CharacterTraining.CONTEXT, 128, 4, 4), 0.1f),
                Input.ints(1, CharacterTraining.CONTEXT));
    }

    @Override
    public List<DataSet> reads() {
        return List.of(TinyShakespeare.SET, Imdb.SET);
    }

    @Override
    public void run(Lab lab) {
        Plays plays = Plays.of(TinyShakespeare.read(lab.data()), lab.of(Integer.MAX_VALUE, 60_000));
        QuoteUnits quotes = QuoteUnits.read(lab);
        lab.put("learn", plays.training().length)
                .put("choose", plays.validation().length)
                .put("test", plays.test().length);
        quotes.putSizes(lab);
        plays(lab, plays);
        quotes.run(lab);
    }

    private static void plays(Lab lab, Plays plays) {
        int characters = plays.vocabulary().size();
        int hidden = lab.of(256, 64);
        Gpt net = Gpt.of(new Gpt.Sizes(characters, CharacterTraining.CONTEXT, lab.of(128, 32), 4, lab.of(4, 2)), 0.1f);
        Table bits = lab.table("bits", "model");
        for (int order : new int[] {1, 2, 5}) {
            double nats = new NgramModel(order, characters, plays.training()).logLoss(plays.test());
            bits.row(order + "-gram counts").cell("parameters", "").put("test", BITS, nats / Math.log(2));
        }
        Table.Row counts = bits.rows().get(2);
        bits.row("gzip").put("test", BITS, plays.gzip());
        // a speaker's name, or the first characters of the test if the text lacks its letters
        List<String> speaker = new Characters().tokens(PROMPT);
        int[] prompt = speaker.stream().allMatch(plays.vocabulary()::contains)
                ? plays.vocabulary().ids(speaker)
                : Arrays.copyOf(plays.test(), 20);
        String begin = plays.text(prompt);
        int length = lab.of(SHOWN, 200);
        try (Model<CharacterRnn> untrained = Model.of(CharacterRnn.of(Cell.LSTM, characters, hidden), lab.seed());
                Model<CharacterRnn> lstm = Model.of(CharacterRnn.of(Cell.LSTM, characters, hidden), lab.seed());
                Model<Gpt> gpt = Model.of(net, lab.seed())) {
            CharacterTraining.rnn(lab, "lstm", lstm, plays.training(), plays.validation(), lab.epochs(12, 4));
            bits.row("LSTM")
                    .cell("parameters", lstm.parameterCount())
                    .put("test", BITS, CharacterTraining.bits(lstm, plays.test()))
                    .baseline(counts.get("test"), counts.name());
            CharacterTraining.gpt(lab, gpt, plays.training(), plays.validation(), lab.epochs(5, 3));
            bits.row("GPT").cell("parameters", gpt.parameterCount()).put("test", BITS, Gpt.bits(gpt, plays.test()));
            lab.section("Bits per character")
                    .put("context", CharacterTraining.CONTEXT)
                    .put("half", CharacterTraining.CONTEXT / 2);
            int[] recurrent = CharacterRnn.write(lstm, prompt, length, TEMPERATURE, lab.seed());
            lab.section("What they write")
                    .put("begin", begin.strip())
                    .put("temperature", TEMPERATURE)
                    .verbatim("LSTM", begin + plays.text(recurrent))
                    .verbatim("GPT", begin + plays.text(Gpt.write(gpt, prompt, length, TEMPERATURE, lab.seed())));
            units(lab, plays, lstm, untrained);
        }
    }

    private static void units(Lab lab, Plays plays, Model<CharacterRnn> lstm, Model<CharacterRnn> untrained) {
        // the end of the validation part and as many characters of the test
        int end = plays.validation().length;
        int each = Math.min(Math.min(end, plays.test().length), MOST_SEARCHED);
        int[] searched = Arrays.copyOfRange(plays.validation(), end - each, end + each);
        System.arraycopy(plays.test(), 0, searched, each, each);
        String text = plays.vocabulary().tokens(searched).stream()
                .map(c -> c.length() == 1 ? c : "\uFFFD") // one char for each character
                .collect(Collectors.joining());
        float[][] units = CharacterRnn.units(lstm, searched);
        float[][] before = CharacterRnn.units(untrained, searched);
        int half = text.length() / 2;
        int from = start(text, half);
        int to = Math.min(text.length(), from + SHOWN);
        lab.section("What single units of the LSTM respond to")
                .put("chosen", half)
                .put("measured", text.length() - half);
        Table table = lab.table("units", "property").named("LSTM, unit for {row}");
        double[] places = IntStream.range(from, to).asDoubleStream().toArray();
        List<Chart> charts = new ArrayList<>();
        TextFeatures.ofPlays(text).forEach((name, feature) -> {
            UnitSearch unit = UnitSearch.of(units, feature);
            int i = table.rows().size();
            unit.put(table.row(name), "correlation", UnitSearch.of(before, feature));
            lab.put("unit" + i, unit.unit()).put("property" + i, name).put("correlation" + i, unit.magnitude());
            double[] states = unit.colors(units, from, to);
            lab.colored("text" + i, text.substring(from, to), states);
            charts.add(new Chart(name, "character")
                    .line("unit " + unit.unit(), places, states)
                    .dashed("property", places, scaled(feature, from, to)));
        });
        lab.charts("units.png", 2, charts);
    }

    /** A property of the characters in [from, to), as a share of the most that it reaches there. */
    private static double[] scaled(float[] property, int from, int to) {
        double[] shown = IntStream.range(from, to).mapToDouble(i -> property[i]).toArray();
        double most = Math.max(1, Arrays.stream(shown).max().orElse(1));
        return Arrays.stream(shown).map(v -> v / most).toArray();
    }

    /** The place after the first empty line of the second half, or the middle if there is none. */
    static int start(String text, int half) {
        int empty = text.indexOf("\n\n", half);
        return empty < 0 || empty + 2 == text.length() ? half : empty + 2;
    }
}
