package dev.fathom.labs.translation;

import dev.fathom.data.Dataset;
import dev.fathom.decode.BeamSearch;
import dev.fathom.decode.Hypothesis;
import dev.fathom.decode.LengthPenalty;
import dev.fathom.labs.experiments.Run;
import dev.fathom.nn.Init;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.train.EpochLog;
import dev.fathom.train.History;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A network that was taught to translate, with its translations of the test.
 *
 * @param model with the weights of the epoch with the least loss on the sentences to choose by
 * @param beams its translations by the width of the beam
 * @param unpenalized those of the widest beam, ranked without a regard to their length
 */
record Translator(
        Setting setting,
        Corpus corpus,
        Model<Seq2Seq> model,
        History history,
        Map<Integer, ScoredTranslations> beams,
        ScoredTranslations unpenalized)
        implements AutoCloseable {
    /** The widths of beams. */
    static final List<Integer> WIDTHS = List.of(1, 2, 12);

    /** Beams are ranked by the mean log-probability of a token. */
    static final LengthPenalty PENALTY = LengthPenalty.power(1);

    private static final int CHUNK = 100;
    private static final int LONGER = 6;
    private static final float RANGE = 0.08f;

    /**
     * What a network is and how it learns.
     *
     * @param reversed whether it reads sentences from their end
     * @param sgd whether it learns by the paper's SGD; otherwise by Adam
     */
    record Setting(String name, boolean reversed, boolean attends, boolean sgd) {
        String words() {
            return (reversed ? "reversed" : "in order") + ", " + (sgd ? "SGD 0.7" : "Adam 0.002");
        }
    }

    /** How much all of them learn. */
    record Budget(int epochs, int batch, int width, int layers) {}

    /** Teaches a network and lets it translate the test; null where it was stopped before it was done. */
    static @Nullable Translator of(Setting setting, Budget budget, Corpus corpus, Run run) {
        var sizes = new Seq2Seq.Sizes(
                corpus.english().size(), corpus.french().size(), budget.width, budget.width, budget.layers);
        var drawn = Init.uniform(-RANGE, RANGE);
        Model<Seq2Seq> model = Model.of(Seq2Seq.of(sizes, setting.attends, drawn, drawn), run.seed());
        Translator made = null;
        try (Dataset train = corpus.dataset(corpus.learn(), setting.reversed);
                Dataset choose = corpus.dataset(corpus.choose(), setting.reversed)) {
            run.out().println("== " + setting.name + ": " + setting.words());
            var trainer = Trainer.custom(model, setting.sgd ? new Sgd(0.7f) : new Adam(2e-3f), Seq2Seq::step)
                    .schedule(setting.sgd ? halved(budget.epochs) : Schedule.cosine(budget.epochs))
                    .clipNorm(5)
                    .keepBest()
                    .seed(run.seed());
            String folder = setting.name.replaceAll("\\W+", "-").toLowerCase(Locale.ROOT);
            run.training().attach(trainer, run.folder().resolve(folder), "pairs");
            History history = trainer.fit(
                    train.shuffled(run.seed()).batches(budget.batch).bucketed("y", 50), choose, budget.epochs);
            if (history.epochs().size() == budget.epochs) {
                made = translated(setting, corpus, model, history, run);
            }
            return made;
        } finally {
            if (made == null) {
                model.close();
            }
        }
    }

    /** The schedule of Sutskever et al. on other lengths: the rate stays for two thirds of the epochs, then it is halved five times, at equal distances. */
    static Schedule halved(int epochs) {
        double from = epochs / 1.5;
        double every = epochs / 15.0;
        return (done, steps) -> done < from ? 1 : Math.pow(0.5, 1 + Math.floor((done - from) / every));
    }

    private static @Nullable Translator translated(
            Setting setting, Corpus corpus, Model<Seq2Seq> model, History history, Run run) {
        Map<Integer, ScoredTranslations> beams = new LinkedHashMap<>();
        List<List<String>> unpenalized = new ArrayList<>();
        for (int width : WIDTHS) {
            run.out().println("translating " + corpus.test().size() + " sentences with a beam of " + width);
            List<List<Hypothesis>> found = searched(setting, corpus, model.net(), corpus.test(), width, run);
            if (found == null) {
                return null;
            }
            beams.put(
                    width,
                    ScoredTranslations.of(
                            found.stream()
                                    .map(beam -> words(corpus, beam.get(0)))
                                    .toList(),
                            corpus.test()));
            unpenalized.clear();
            found.forEach(beam -> unpenalized.add(words(
                    corpus,
                    beam.stream()
                            .max(Comparator.comparingDouble(Hypothesis::logProbability))
                            .orElseThrow())));
        }
        return new Translator(
                setting, corpus, model, history, beams, ScoredTranslations.of(unpenalized, corpus.test()));
    }

    /** The beams of sentences; null where a person asked to stop. Sentences of similar length are translated together. */
    private static @Nullable List<List<Hypothesis>> searched(
            Setting setting, Corpus corpus, Seq2Seq net, List<Corpus.Sentence> sentences, int width, Run run) {
        int longest = sentences.stream().mapToInt(s -> s.english().size()).max().orElseThrow();
        var search = new BeamSearch(width, corpus.french().reserved().end(), 2 * longest + LONGER, PENALTY);
        int[] order = IntStream.range(0, sentences.size())
                .boxed()
                .sorted(Comparator.comparingInt(i -> sentences.get(i).english().size()))
                .mapToInt(i -> i)
                .toArray();
        List<List<Hypothesis>> found = new ArrayList<>(Collections.nCopies(order.length, List.of()));
        for (int from = 0; from < order.length; from += CHUNK) {
            if (run.interrupt().requested()) {
                return null;
            }
            int[] some = Arrays.copyOfRange(order, from, Math.min(order.length, from + CHUNK));
            int[][] sources = Arrays.stream(some)
                    .mapToObj(i -> corpus.source(sentences.get(i), setting.reversed))
                    .toArray(int[][]::new);
            List<List<Hypothesis>> beams = net.search(search, sources);
            for (int k = 0; k < some.length; k++) {
                found.set(some[k], beams.get(k));
            }
        }
        return found;
    }

    private static List<String> words(Corpus corpus, Hypothesis hypothesis) {
        return corpus.french().tokens(hypothesis.toArray());
    }

    /** The best translation of one sentence by the widest beam. */
    List<String> translation(Corpus.Sentence sentence, Run run) {
        int widest = WIDTHS.get(WIDTHS.size() - 1);
        List<List<Hypothesis>> found = searched(setting, corpus, model.net(), List.of(sentence), widest, run);
        return found == null ? List.of() : words(corpus, found.get(0).get(0));
    }

    /** What the widest beam says of sentence {@code i} of the test. */
    List<String> said(int i) {
        return widest().said().get(i);
    }

    /** The translations of the widest beam. */
    ScoredTranslations widest() {
        return Objects.requireNonNull(beams.get(WIDTHS.get(WIDTHS.size() - 1)));
    }

    /** The perplexity of the French words that the epoch was chosen by, and after each epoch. */
    double[][] perplexities() {
        double words = (double) Corpus.tokens(corpus.choose()) / Corpus.pairs(corpus.choose());
        return new double[][] {
            history.epochs().stream().mapToDouble(EpochLog::epoch).toArray(),
            Arrays.stream(history.series("val_loss"))
                    .map(loss -> Math.exp(loss / words))
                    .toArray()
        };
    }

    double perplexity() {
        return Arrays.stream(perplexities()[1]).min().orElseThrow();
    }

    double seconds() {
        return history.epochs().stream().mapToDouble(EpochLog::seconds).sum();
    }

    @Override
    public void close() {
        model.close();
    }
}
