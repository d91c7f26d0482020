package dev.fathom.labs.translation;

import dev.fathom.data.Dataset;
import dev.fathom.decode.BeamSearch;
import dev.fathom.decode.Hypothesis;
import dev.fathom.decode.LengthPenalty;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.nn.Init;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.train.Run;
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
 * A trained network and its translations of the test sentences.
 *
 * @param model with the weights of the epoch with the lowest loss on the validation sentences
 * @param beams its translations, by the width of the beam
 * @param unpenalized its translations by the widest beam, ranked by probability without a length penalty
 */
record Translator(
        Setting setting,
        Corpus corpus,
        Model<Seq2Seq> model,
        Run history,
        Map<Integer, ScoredTranslations> beams,
        ScoredTranslations unpenalized)
        implements AutoCloseable {
    /** The widths of beams, the widest last. */
    static final List<Integer> WIDTHS = List.of(1, 2, 12);

    /** Beams are ranked by the mean log-probability of a token. */
    static final LengthPenalty PENALTY = LengthPenalty.power(1);

    private static final int CHUNK = 100;
    private static final int LONGER = 6;

    /**
     * What a network is and how it is trained.
     *
     * @param reversed whether it reads sentences from their end
     * @param sgd whether it is trained by the SGD of the paper; otherwise by Adam
     */
    record Setting(String name, boolean reversed, boolean attention, boolean sgd) {
        String description() {
            return (reversed ? "reversed" : "in order") + ", " + (sgd ? "SGD 0.7" : "Adam 0.002");
        }
    }

    /** The size and the training of all networks. */
    record Budget(int epochs, int batch, int width, int layers) {}

    /** Trains a network and translates the test sentences; null if the run was interrupted before the end. */
    static @Nullable Translator of(Setting setting, Budget budget, Corpus corpus, LabRun run) {
        var sizes = new Seq2Seq.Sizes(
                corpus.english().size(), corpus.french().size(), budget.width, budget.width, budget.layers);
        float range = range(budget.width);
        Model<Seq2Seq> model = Model.of(
                Seq2Seq.of(sizes, setting.attention, Init.normal(0, 1), Init.uniform(-range, range)), run.seed());
        Translator translator = null;
        try (Dataset train = corpus.dataset(corpus.training(), setting.reversed);
                Dataset validation = corpus.dataset(corpus.validation(), setting.reversed)) {
            run.out().println("== " + setting.name + ": " + setting.description());
            var trainer = Trainer.custom(model, setting.sgd ? new Sgd(0.7f) : new Adam(2e-3f), Seq2Seq::step)
                    .schedule(setting.sgd ? halved(budget.epochs) : Schedule.cosine(budget.epochs))
                    .clipNorm(5)
                    .keepBest()
                    .seed(run.seed());
            String folder = setting.name.replaceAll("\\W+", "-").toLowerCase(Locale.ROOT);
            trainer = run.training().attach(trainer, run.folder().resolve(folder), "pairs");
            Run history = trainer.fit(
                    train.shuffled(run.seed()).batches(budget.batch).bucketed("y", 50), validation, budget.epochs);
            if (history.epochs().size() == budget.epochs) {
                translator = translated(setting, corpus, model, history, run);
            }
            return translator;
        } finally {
            if (translator == null) {
                model.close();
            }
        }
    }

    /**
     * Weights start in +- this number. It is the 0.08 of Sutskever et al. (2014) for layers of 1,000 cells, and grows
     * for narrower ones so that sums over a layer keep their size; otherwise little of a sentence passes four layers.
     */
    static float range(int width) {
        return (float) (0.08 * Math.sqrt(1000.0 / width));
    }

    /**
     * The schedule of Sutskever et al. (2014), scaled to {@code epochs}: constant for two thirds of them, then halved
     * five times at equal intervals.
     */
    static Schedule halved(int epochs) {
        double from = epochs / 1.5;
        double every = epochs / 15.0;
        return (done, steps) -> done < from ? 1 : Math.pow(0.5, 1 + Math.floor((done - from) / every));
    }

    private static @Nullable Translator translated(
            Setting setting, Corpus corpus, Model<Seq2Seq> model, Run history, LabRun run) {
        Map<Integer, ScoredTranslations> beams = new LinkedHashMap<>();
        List<List<String>> unpenalized = new ArrayList<>();
        for (int width : WIDTHS) {
            run.out().println("translating " + corpus.test().size() + " sentences with a beam of " + width);
            List<List<Hypothesis>> found = search(setting, corpus, model.net(), width, run);
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

    /**
     * The beam of each test sentence; null if the run was interrupted. Sentences of similar length are translated
     * together.
     */
    private static @Nullable List<List<Hypothesis>> search(
            Setting setting, Corpus corpus, Seq2Seq net, int width, LabRun run) {
        List<Corpus.Sentence> sentences = corpus.test();
        int longest = sentences.stream().mapToInt(s -> s.english().size()).max().orElseThrow();
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
            int[] chunk = Arrays.copyOfRange(order, from, Math.min(order.length, from + CHUNK));
            int[][] sources = Arrays.stream(chunk)
                    .mapToObj(i -> corpus.source(sentences.get(i), setting.reversed))
                    .toArray(int[][]::new);
            List<List<Hypothesis>> beams = net.search(beam(corpus, width, longest), sources);
            for (int k = 0; k < chunk.length; k++) {
                found.set(chunk[k], beams.get(k));
            }
        }
        return found;
    }

    /** A search for translations of sentences of up to {@code longest} words. */
    private static BeamSearch beam(Corpus corpus, int width, int longest) {
        return new BeamSearch(width, corpus.french().reserved().end(), 2 * longest + LONGER, PENALTY);
    }

    private static List<String> words(Corpus corpus, Hypothesis hypothesis) {
        return corpus.french().tokens(hypothesis.toArray());
    }

    /** Translates an English sentence by the widest beam. */
    List<String> translate(List<String> english) {
        int[] source = corpus.source(new Corpus.Sentence(english, List.of()), setting.reversed);
        BeamSearch search = beam(corpus, WIDTHS.get(WIDTHS.size() - 1), english.size());
        return words(corpus, model.net().search(search, source).get(0).get(0));
    }

    /** The translation of sentence {@code i} of the test by the widest beam. */
    List<String> translation(int i) {
        return widest().sentences().get(i);
    }

    /** The translations by a beam of 1. */
    ScoredTranslations greedy() {
        return Objects.requireNonNull(beams.get(WIDTHS.get(0)));
    }

    /** The translations by the widest beam. */
    ScoredTranslations widest() {
        return Objects.requireNonNull(beams.get(WIDTHS.get(WIDTHS.size() - 1)));
    }

    /** The epochs, and after each the perplexity of the French tokens of the validation sentences. */
    double[][] perplexities() {
        double words = (double) Corpus.tokens(corpus.validation()) / Corpus.pairs(corpus.validation());
        double[][] losses = history.curve("val_loss");
        return new double[][] {
            losses[0],
            Arrays.stream(losses[1]).map(loss -> Math.exp(loss / words)).toArray()
        };
    }

    /** The validation perplexity of the epoch that is kept. */
    double perplexity() {
        return Arrays.stream(perplexities()[1]).min().orElseThrow();
    }

    @Override
    public void close() {
        model.close();
    }
}
