package dev.fathom.labs.characters;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.FirstNames;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.NgramModel;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Names letter by letter, as in Karpathy's makemore: a 2-gram model, an MLP over the last three letters, a GRU and a
 * small Transformer, compared by their negative log-likelihood per letter on test names, and by the names that they
 * generate.
 */
public final class NamesLab implements OldExperiment {
    private static final int BATCH = 64;

    /** A network and how it is trained. */
    private record Plan(String name, Layer net, float rate, int epochs) {}

    @Override
    public String name() {
        return "names";
    }

    @Override
    public Findings run(LabRun run) {
        NameParts parts = NameParts.of(FirstNames.read(run.data()), run.seed(), run.of(Integer.MAX_VALUE, 3000));
        String data = line(
                "%,d names: %,d for training, %,d for validation, %,d for the test",
                parts.all().size(),
                parts.training().size(),
                parts.validation().size(),
                parts.test().size());
        run.out().println(data);
        Findings page = run.page("Lab names", data);
        List<Plan> plans = List.of(
                new Plan("MLP", new NameNets.Mlp(), 4e-3f, run.epochs(20, 3)),
                new Plan("GRU", NameNets.gru(), 3e-3f, run.epochs(12, 3)),
                new Plan("Transformer", NameNets.transformer(), 1e-3f, run.epochs(20, 2)));
        int[][] training = parts.training().stream().map(FirstNames::ids).toArray(int[][]::new);
        Layer pairs = NameNets.counted(new NgramModel(2, FirstNames.LETTERS.size(), training));
        List<NameModel> models = new ArrayList<>();
        try {
            models.add(new NameModel(NamesPage.PAIRS, Model.of(pairs, run.seed()), 0));
            for (Plan plan : plans) {
                NameModel model = run.interrupt().requested() ? null : train(run, plan, parts);
                if (model != null) {
                    models.add(model);
                }
            }
            new NamesPage(run, page, parts, models).write(training);
            return run.interrupt().requested() ? page : page.finished();
        } finally {
            models.forEach(NameModel::close);
        }
    }

    /** A network with the weights of its best epoch; null if the run was interrupted in the first epoch. */
    private static @Nullable NameModel train(LabRun run, Plan plan, NameParts parts) {
        run.training().say("%n== %s", plan.name);
        Model<Layer> model = Model.of(plan.net, run.seed());
        NameModel trained = null;
        try (Dataset training = NameModel.dataset(parts.training());
                Dataset validation = NameModel.dataset(parts.validation())) {
            var trainer = Trainer.custom(
                            model, new Adam(plan.rate), (net, batch) -> new Step.Result(NameModel.loss(net, batch)))
                    .schedule(Schedule.cosine(plan.epochs))
                    .clipNorm(1)
                    .keepBest()
                    .seed(run.seed());
            trainer = run.training().attach(trainer, run.folder().resolve(plan.name.toLowerCase(Locale.ROOT)), "names");
            Run history = trainer.fit(
                    training.shuffled(run.seed()).batches(Math.min(BATCH, training.size())),
                    validation.batches(Math.min(500, validation.size())),
                    plan.epochs);
            history.notes().forEach(note -> run.training().say("%s", note));
            if (history.best() != null) {
                trained = new NameModel(plan.name, model, history.epochs().size());
            }
            return trained;
        } finally {
            if (trained == null) {
                model.close();
            }
        }
    }
}
