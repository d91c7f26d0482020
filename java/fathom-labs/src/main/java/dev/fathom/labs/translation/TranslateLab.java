package dev.fathom.labs.translation;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.EnglishFrench;
import dev.fathom.labs.data.EnglishFrench.Pair;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.IbmModel1;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * English to French by two LSTMs after Sutskever et al. (2014), at a small scale: the source reversed and in order, SGD
 * and Adam, the attention of Bahdanau et al. (2015), and beams of 1, 2 and 12, compared with a dictionary that
 * translates word by word.
 */
public final class TranslateLab implements OldExperiment {
    private static final int ITERATIONS = 10;

    private static final List<Translator.Setting> SETTINGS = List.of(
            new Translator.Setting("Reversed, SGD", true, false, true),
            new Translator.Setting("In order", false, false, false),
            new Translator.Setting("Reversed", true, false, false),
            new Translator.Setting("Reversed, attention", true, true, false));

    @Override
    public String name() {
        return "translate";
    }

    @Override
    public boolean takesPrompt() {
        return true;
    }

    @Override
    public Findings run(LabRun run) {
        List<Pair> pairs = EnglishFrench.read(run.data());
        pairs = pairs.subList(0, Math.min(pairs.size(), run.of(15_000, 800)));
        int held = run.of(500, 50);
        Corpus corpus = Corpus.of(pairs, held, run.seed());
        List<String> prompt = prompt(run.prompt(), corpus);
        var budget = new Translator.Budget(run.epochs(6, 8), run.of(32, 16), run.of(256, 40), run.of(4, 2));
        String data = line(
                "The %,d shortest pairs of English and French: %,d pairs for training, %,d English sentences for "
                        + "validation and %,d for the test",
                pairs.size(), Corpus.pairs(corpus.training()), held, held);
        run.out().println(data);
        Findings page = run.page("Lab translate", data);
        List<Translator> trained = new ArrayList<>();
        try {
            for (Translator.Setting setting : SETTINGS) {
                var translator = run.interrupt().requested() ? null : Translator.of(setting, budget, corpus, run);
                if (translator == null) {
                    break;
                }
                trained.add(translator);
            }
            if (!trained.isEmpty()) {
                new TranslatePage(corpus, budget, dictionary(corpus), trained).write(page, prompt);
            }
            return trained.size() == SETTINGS.size() ? page.finished() : page;
        } finally {
            trained.forEach(Translator::close);
        }
    }

    /** The words of the prompt; empty if there is no prompt. */
    private static List<String> prompt(@Nullable String text, Corpus corpus) {
        List<String> words = text == null ? List.of() : Corpus.WORDS.tokens(text);
        if (text != null && words.isEmpty()) {
            throw new IllegalArgumentException("the prompt has no words; give an English sentence to translate");
        }
        for (String word : words) {
            if (!corpus.english().contains(word)) {
                throw new IllegalArgumentException("the word \"" + word + "\" in the prompt is not among the "
                        + corpus.english().size() + " English words that the networks know; use other words");
            }
        }
        return words;
    }

    /** The test sentences, with each word replaced by its most probable translation under IBM Model 1. */
    private static ScoredTranslations dictionary(Corpus corpus) {
        List<List<String>> sources = new ArrayList<>();
        List<List<String>> targets = new ArrayList<>();
        for (Corpus.Sentence s : corpus.training()) {
            for (List<String> french : s.french()) {
                List<String> source = new ArrayList<>(List.of(IbmModel1.NOTHING));
                source.addAll(s.english());
                sources.add(source);
                targets.add(french);
            }
        }
        IbmModel1 model = IbmModel1.fit(sources, targets, ITERATIONS);
        return ScoredTranslations.of(
                corpus.test().stream().map(s -> model.translation(s.english())).toList(), corpus.test());
    }
}
