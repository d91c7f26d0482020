package dev.fathom.labs.translation;

import dev.fathom.data.Dataset;
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
import dev.fathom.train.Run;
import dev.fathom.view.Diagram;
import java.util.Arrays;
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
    private static final String SUTSKEVER = "Sutskever et al. 2014";
    private static final int SHOWN = 12;
    private static final List<List<String>> PUBLISHED = List.of(
            List.of("in order, beam 12", "BLEU 26.17", SUTSKEVER),
            List.of("reversed, beam 12", "BLEU 30.59", SUTSKEVER),
            List.of("five reversed, beams 1, 2, 12", "BLEU 33.00, 34.50, 34.81", SUTSKEVER),
            List.of("from in order to reversed", "perplexity 5.8 to 4.7", SUTSKEVER),
            List.of("with attention", "BLEU 28.45", "Bahdanau et al. 2015"),
            List.of("characters, 10,000 of these pairs, 20 epochs", "accuracy 0.8712", "Keras, lstm_seq2seq"));
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
        int width = lab.of(256, 40);
        float range = range(width);
        Sizes sizes = new Sizes(corpus.english().size(), corpus.french().size(), width, width, lab.of(4, 2));
        int epochs = lab.epochs(6, 8);
        int batch = lab.of(32, 16);
        int learn = ParallelCorpus.pairs(corpus.training());
        lab.put("pairs", pairs.size()).put("learn", learn).put("held", held).put("layers", sizes.layers());
        lab.put("width", width).put("epochs", epochs).put("batch", batch).put("range", range);
        lab.put("english", sizes.sources()).put("french", sizes.targets()).put("prompted", !prompt.isEmpty());
        lab.section("The networks");

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
            Seq2Seq net = Seq2Seq.of(sizes, setting.attention(), Init.normal(0, 1), Init.uniform(-range, range));
            try (Model<Seq2Seq> model = Model.of(net, lab.seed());
                    Dataset train = corpus.dataset(corpus.training(), setting.reversed());
                    Dataset validation = corpus.dataset(corpus.validation(), setting.reversed())) {
                var trainer = setting.trainer(model, epochs, lab.seed());
                var batches = train.shuffled(lab.seed()).batches(batch).bucketed("y", 50);
                Run history = lab.train(setting.name(), "pairs", trainer, batches, validation, epochs);
                double[][] curve = history.curve("val_loss"); // of sentences
                double words = ParallelCorpus.meanLength(corpus.validation());
                Arrays.setAll(curve[1], epoch -> Math.exp(curve[1][epoch] / words));
                curves.put(setting.name(), curve);
                Table.Row row = table.row(setting.name())
                        .cell("parameters", model.parameterCount())
                        .cell("seconds", Math.round(history.seconds()));
                double best = Arrays.stream(curve[1]).min().orElseThrow();
                row.put("validation perplexity", "%.2f", best).baseline(corpus.unigramPerplexity(), "unigram model");
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
        lab.section("Comparison").curves("perplexity.png", "validation perplexity", "epoch", curves);
        lab.section("The first test sentences");
        lab.section("Published results");
        Table published = lab.table("published", "what");
        PUBLISHED.forEach(
                row -> published.row(row.get(0)).cell("published", row.get(1)).cell("source", row.get(2)));
    }

    /**
     * Weights start in +- this number. It is the 0.08 of Sutskever et al. (2014) for layers of 1,000 cells, and grows
     * for narrower ones so that sums over a layer keep their size; otherwise little of a sentence passes four layers.
     */
    private static float range(int width) {
        return (float) (0.08 * Math.sqrt(1000.0 / width));
    }
}
