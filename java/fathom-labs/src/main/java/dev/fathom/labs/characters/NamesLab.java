package dev.fathom.labs.characters;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.Names;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.statistics.NgramModel;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.train.History;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Names letter by letter, as in Karpathy's makemore: pairs of letters that were counted, a net over the last three letters, a GRU and a small Transformer, each
 * by its negative log-likelihood per letter on names held out, and by the names that it makes up.
 */
public final class NamesLab implements Experiment {
    private static final int BATCH = 64;

    /** A net and how it is taught. */
    private record Entry(String name, Layer net, float rate, int epochs) {}

    @Override
    public String name() {
        return "names";
    }

    @Override
    public String shows() {
        return "names letter by letter: counted pairs, an MLP, a GRU and a Transformer, and the names that they make up";
    }

    @Override
    public Result run(Run run) {
        NameParts parts = NameParts.of(Names.read(run.data()), run.seed(), run.of(Integer.MAX_VALUE, 3000));
        String data = line(
                "%,d names: %,d to learn from, %,d to choose the best epoch by, %,d for the test",
                parts.all().size(),
                parts.learn().size(),
                parts.choose().size(),
                parts.test().size());
        run.out().println(data);
        Result page = new Result("Lab names", data, run.out());
        List<Entry> entries = List.of(
                new Entry("MLP", new NameNets.Window(), 4e-3f, run.epochs(20, 3)),
                new Entry("GRU", NameNets.gru(), 3e-3f, run.epochs(12, 3)),
                new Entry("Transformer", new NameNets.Transformer(), 1e-3f, run.epochs(20, 2)));
        int[][] learned = parts.learn().stream().map(Names::ids).toArray(int[][]::new);
        Layer pairs = NameNets.counted(new NgramModel(2, Names.LETTERS.size(), learned));
        List<NameModel> models = new ArrayList<>();
        try {
            models.add(new NameModel("Counted pairs", Model.of(pairs, run.seed()), 0));
            for (Entry entry : entries) {
                NameModel model = run.interrupt().requested() ? null : train(run, entry, parts);
                if (model != null) {
                    models.add(model);
                }
            }
            NamesPage.write(run, page, parts, learned, models);
            return run.interrupt().requested() ? page : page.finished();
        } finally {
            models.forEach(NameModel::close);
        }
    }

    /** A net with the weights of its best epoch; null where it was stopped before the first was finished. */
    private static @Nullable NameModel train(Run run, Entry entry, NameParts parts) {
        run.training().say("%n== %s", entry.name);
        Model<Layer> model = Model.of(entry.net, run.seed());
        NameModel trained = null;
        try (Dataset learn = NameModel.dataset(parts.learn());
                Dataset choose = NameModel.dataset(parts.choose())) {
            var trainer = Trainer.custom(
                            model, new Adam(entry.rate), (net, batch) -> new Step.Result(NameModel.loss(net, batch)))
                    .schedule(Schedule.cosine(entry.epochs))
                    .clipNorm(1)
                    .keepBest()
                    .seed(run.seed());
            run.training().attach(trainer, run.folder().resolve(entry.name.toLowerCase(Locale.ROOT)), "names");
            History history = trainer.fit(
                    learn.shuffled(run.seed()).batches(Math.min(BATCH, learn.size())),
                    choose.batches(Math.min(500, choose.size())),
                    entry.epochs);
            history.notes().forEach(note -> run.training().say("%s", note));
            if (history.best() != null) {
                trained = new NameModel(entry.name, model, history.epochs().size());
            }
            return trained;
        } finally {
            if (trained == null) {
                model.close();
            }
        }
    }
}
