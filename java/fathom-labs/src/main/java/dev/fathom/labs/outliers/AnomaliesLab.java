package dev.fathom.labs.outliers;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.data.OutlierData;
import dev.fathom.experiments.pages.Table;
import dev.fathom.labs.outliers.RecurrentStudy.Streamed;
import dev.fathom.labs.outliers.Study.Outcome;
import dev.fathom.labs.outliers.Study.Settings;
import dev.fathom.nn.Input;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Workers;
import dev.fathom.view.Diagram;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** Outliers in the series of four collections, by ensembles of auto-encoders and by methods without a network. */
public final class AnomaliesLab implements Experiment {
    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "A recurrent auto-encoder of the ensemble",
                RecurrentAutoencoder.of(1, RecurrentAutoencoder.Cell.RSCN, new Rng(1)),
                (net, in) -> net.again(in[0]),
                Input.floats(1, 32, 1));
    }

    @Override
    public List<DataSet> reads() {
        return List.of(OutlierData.ECG_FILES, OutlierData.NAB_FILES, OutlierData.MSL_FILES, OutlierData.UCR_FILES);
    }

    @Override
    public void run(Lab lab) {
        List<LabeledSeries> all = series(lab);
        Settings settings = new Settings(
                lab.of(List.of(10, 20, 30, 40), List.of(2, 4)),
                lab.of(5, 2),
                lab.of(128, 32),
                lab.of(256, 64),
                8,
                lab.epochs(45, 20),
                lab.of(8, 2),
                lab.of(32, 16),
                lab.epochs(50, 3),
                lab.of(6000, 500));
        lab.put(settings)
                .put("fewest", settings.fewest())
                .put("most", settings.most())
                .put("steps", settings.epochs() * settings.learned() / settings.batch())
                .put("series", all.size())
                .put(
                        "rows to score",
                        all.stream().mapToLong(s -> s.test().length).sum())
                .section("What is compared")
                .section("Where this departs from the papers");
        Study study = new Study(lab, settings);
        AtomicInteger finished = new AtomicInteger();
        Group whole = new Group("all series", Workers.all().run(all.size(), i -> {
            Outcome outcome = study.on(all.get(i));
            lab.say(
                    "%d of %d: %s",
                    finished.incrementAndGet(), all.size(), all.get(i).title());
            return outcome;
        }));
        List<Group> sets = all.stream()
                .map(LabeledSeries::set)
                .distinct()
                .map(set -> whole.some(set, o -> o.series().set().equals(set)))
                .toList();
        Outcome shown = whole.of().get(lab.of(1, 0));
        Streamed streamed = study.streamed(shown, 200);

        Comparison.methods(lab, sets);
        Comparison.frameworks(lab, sets, whole);
        choices(lab, whole);
        sets.forEach(set -> CollectionPage.write(lab, set));
        EnsemblePage.members(lab, settings, sets.get(0));
        EnsemblePage.diversity(lab, sets.get(0));
        Numenta.flags(lab, sets.get(1));
        Numenta.keras(lab);
        traps(lab, whole);
        lab.section("A stream")
                .table("stream", "series")
                .row(shown.series().name() + " as a stream")
                .put("ROC-AUC", "%.3f", streamed.roc())
                .baseline(streamed.windows(), "the same members by windows")
                .cell("ROC-AUC by windows", "%.3f", streamed.windows())
                .cell("members", settings.fewest())
                .cell("microseconds for each row on one thread", "%.0f", streamed.microseconds());
    }

    /** All series; in a short run one of each collection. */
    private static List<LabeledSeries> series(Lab lab) {
        List<LabeledSeries> ecg = OutlierData.ecg(lab.data());
        List<LabeledSeries> nab = OutlierData.nab(lab.data(), name -> !lab.brief() || name.equals("speed_7578"));
        List<LabeledSeries> msl = OutlierData.msl(lab.data());
        List<LabeledSeries> ucr = OutlierData.ucr(lab.data());
        return lab.brief()
                ? List.of(ecg.get(1), nab.get(0), msl.get(1), ucr.get(0))
                : Stream.of(ecg, nab, msl, ucr).flatMap(List::stream).toList();
    }

    private static void choices(Lab lab, Group whole) {
        lab.section("What was chosen");
        Table choices = lab.table("choices", "series");
        whole.of()
                .forEach(o -> choices.row(o.series().title())
                        .cell("rate", Float.toString(o.choice().rate()))
                        .cell("error", "%.4f", o.choice().error()));
    }

    private static void traps(Lab lab, Group whole) {
        lab.section("What public code reports instead")
                .put("independent", Methods.INDEPENDENT)
                .put("normal", whole.mean(o -> o.of(Methods.INDEPENDENT).normal()))
                .put("outliers", whole.precision(Methods.INDEPENDENT))
                .put("share", 1 - whole.mean(o -> o.series().share()))
                .put("below", whole.count(o -> o.roc(Methods.INDEPENDENT) < 0.5))
                .put("mean", whole.roc(Methods.INDEPENDENT))
                .put("flipped", whole.mean(o -> Math.max(o.roc(Methods.INDEPENDENT), 1 - o.roc(Methods.INDEPENDENT))));
    }
}
