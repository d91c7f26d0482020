package dev.fathom.labs.translation;

import dev.fathom.decode.Seq2Seq;
import dev.fathom.decode.Seq2Seq.Sizes;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.EnglishFrench;
import dev.fathom.experiments.data.EnglishFrench.Pair;
import dev.fathom.experiments.data.ParallelCorpus;
import dev.fathom.experiments.data.ParallelCorpus.Sentence;
import dev.fathom.experiments.pages.Table;
import dev.fathom.nn.Init;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.view.Diagram;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * English to French by two LSTMs after Sutskever et al. (2014), at a small scale: the source reversed and in order, SGD
 * and Adam, the attention of Bahdanau et al. (2015), and beams of 1, 2 and 12, compared with a dictionary that
 * translates word by word.
 */
public final class TranslateLab implements Experiment {
    private static final String PERPLEXITY = "validation perplexity";
    private static final String BLEU = "BLEU of the widest beam";
    private static final String SUTSKEVER = "Sutskever et al. 2014";
    private static final int SHOWN = 12;
    private static final List<List<String>> PUBLISHED = List.of(
            List.of("in order, beam 12", "BLEU 26.17", SUTSKEVER),
            List.of("reversed, beam 12", "BLEU 30.59", SUTSKEVER),
            List.of("five reversed, beams 1, 2, 12", "BLEU 33.00, 34.50, 34.81", SUTSKEVER),
            List.of("from in order to reversed", "perplexity 5.8 to 4.7", SUTSKEVER),
            List.of("with attention", "BLEU 28.45", "Bahdanau et al. 2015"));
    /** So many sentences are joined to a longer one. */
    private static final int JOINED = 3;

    private static final List<Setting> LONGER = List.of(
            new Setting("Three sentences, in order", false, false, true),
            new Setting("Three sentences, reversed", true, false, true));
    private static final List<Setting> SETTINGS = List.of(
            new Setting("Reversed, SGD", true, false, true),
            new Setting("In order", false, false, false),
            new Setting("Reversed", true, false, false),
            new Setting("Reversed, attention", true, true, false));

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "With attention, as it learns: all words of a translation at once",
                Seq2Seq.of(new Sizes(3000, 6000, 256, 256, 4), true, Init.zeros(), Init.zeros()),
                (net, in) -> net.scores(in[0], in[1], in[2]),
                Input.ints(1, 6),
                Input.ints(1),
                Input.ints(1, 8));
    }

    @Override
    public boolean takesPrompt() {
        return true;
    }

    @Override
    public List<DataSet> reads() {
        return List.of(EnglishFrench.SET);
    }

    @Override
    public void run(Lab lab) {
        List<Pair> all = EnglishFrench.read(lab.data());
        List<Pair> pairs = all.subList(0, Math.min(all.size(), lab.of(15_000, 800)));
        int held = lab.of(500, 50);
        ParallelCorpus corpus = ParallelCorpus.of(pairs, held, lab.seed());
        List<String> prompt = Translator.prompt(lab.prompt(), corpus);
        Course course = Course.of(lab, corpus);
        Sizes sizes = course.sizes();
        lab.put("pairs", pairs.size())
                .put("learn", course.pairs())
                .put("held", held)
                .put("layers", sizes.layers());
        lab.put("width", sizes.width()).put("epochs", course.epochs()).put("batch", course.batch());
        lab.put("range", course.range()).put("english", sizes.sources()).put("french", sizes.targets());
        lab.put("prompted", !prompt.isEmpty()).section("The networks");
        sentences(lab, course, held, prompt);
        longer(lab, course);
        CharacterTranslator.study(lab, all);
        lab.section("Published results");
        Table published = lab.table("published", "what");
        PUBLISHED.forEach(
                row -> published.row(row.get(0)).cell("published", row.get(1)).cell("source", row.get(2)));
    }

    private static void sentences(Lab lab, Course course, int held, List<String> prompt) {
        ParallelCorpus corpus = course.corpus();
        Table table = lab.table("translators", "translator");
        ScoredTranslations dictionary = ScoredTranslations.byDictionary(corpus);
        Table examples = lab.table("examples", "English");
        for (int i = 0; i < Math.min(SHOWN, held); i++) {
            Sentence sentence = corpus.test().get(i);
            String known = ParallelCorpus.WORDS.text(sentence.french().get(0));
            examples.row(sentence.text()).cell("a known translation", known).cell("Dictionary", dictionary.text(i));
        }
        Table prompted = prompt.isEmpty() ? null : lab.table("prompt", "network");
        Map<String, double[][]> curves = new LinkedHashMap<>();
        for (Setting setting : SETTINGS) {
            Table.Row row = table.row(setting.name());
            try (Model<Seq2Seq> model = course.learn(setting, row, curves)) {
                Seq2Seq net = model.net();
                Translator translator = new Translator(lab, corpus, net, setting.reversed());
                ScoredTranslations widest = translator.score(row, dictionary);
                for (int i = 0; i < examples.rows().size(); i++) {
                    examples.rows().get(i).cell(setting.name(), widest.text(i));
                }
                if (prompted != null) {
                    prompted.row(setting.name())
                            .cell(ParallelCorpus.WORDS.text(prompt), translator.translation(prompt));
                }
                if (setting.attention()) {
                    new TranslatorPictures(lab, corpus, net).attention(widest);
                } else if (setting.reversed() && !setting.sgd()) {
                    new TranslatorPictures(lab, corpus, net).encoderStates();
                }
            }
        }
        table.row("Dictionary")
                .cell("BLEU of a beam of 1", "%.2f", dictionary.bleu())
                .cell("character accuracy", "%.1f %%", dictionary.characterAccuracy());
        orders(lab, "Short sentences", table.rows().get(2), table.rows().get(1));
        lab.section("Comparison").curves("perplexity.png", "validation perplexity", "epoch", curves);
        lab.section("The first test sentences");
    }

    /** The paper's comparison of both orders, on sentences that are as long as its own. */
    private static void longer(Lab lab, Course course) {
        Course longer = course.joined(JOINED);
        lab.section("Longer sentences")
                .put("joined", JOINED)
                .put("few", course.words())
                .put("many", longer.words())
                .put("longer pairs", longer.pairs());
        ScoredTranslations dictionary = ScoredTranslations.byDictionary(longer.corpus());
        Table table = lab.table("longer", "translator");
        Map<String, double[][]> curves = new LinkedHashMap<>();
        for (Setting setting : LONGER) {
            Table.Row row = table.row(setting.name());
            try (Model<Seq2Seq> model = longer.learn(setting, row, curves)) {
                new Translator(lab, longer.corpus(), model.net(), setting.reversed()).score(row, dictionary);
            }
        }
        orders(lab, "Three sentences", table.rows().get(1), table.rows().get(0));
        lab.curves("longer.png", "validation perplexity", "epoch", curves);
    }

    /** Holds a network that reads sentences reversed to one that reads them in order. */
    private static void orders(Lab lab, String sentences, Table.Row reversed, Table.Row inOrder) {
        double ratio = reversed.get(PERPLEXITY) / inOrder.get(PERPLEXITY);
        double gain = reversed.get(BLEU) - inOrder.get(BLEU);
        lab.figure(sentences + ", perplexity of reversed in parts of that in order", "", ratio)
                .baseline(1, "in order");
        lab.figure(sentences + ", BLEU gained by reversing", "", gain).baseline(0, "in order");
        lab.put("ratio", ratio).put("gain", Math.abs(gain)).put("better", gain > 0 ? "higher" : "lower");
    }
}
