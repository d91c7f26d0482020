package dev.fathom.labs.outliers;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Model;
import dev.fathom.train.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Outliers in the series of four collections, by ensembles of auto-encoders and by methods without a network. */
public final class AnomaliesLab implements OldExperiment {
    /** The rows that a stream is warmed up with before it is timed. */
    private static final int WARM = 200;

    /**
     * Scores of a stream.
     *
     * @param members of the ensemble
     * @param microseconds a row took
     * @param roc the area under the ROC curve of the streamed scores
     * @param windows that of the same members' scores by windows
     */
    record Streamed(String name, int members, double microseconds, double roc, double windows) {}

    @Override
    public String name() {
        return "anomalies";
    }

    @Override
    public Findings run(LabRun run) {
        List<LabeledSeries> all = series(run);
        Study study = Study.of(run);
        long rows = all.stream().mapToLong(s -> s.test().length).sum();
        Findings page = run.page(
                "Lab anomalies",
                line("%d series of four collections (ECG, NAB, MSL, UCR) with %,d rows to score", all.size(), rows));
        AnomaliesPage.about(page, study);
        AtomicInteger finished = new AtomicInteger();
        List<Outcome> outcomes = Workers.all()
                .run(all.size(), i -> {
                    long began = System.nanoTime();
                    Optional<Outcome> outcome = outcome(run, study, all.get(i));
                    outcome.ifPresent(o -> run.training()
                            .say(
                                    "%d of %d: %s %s, %.1f s",
                                    finished.incrementAndGet(),
                                    all.size(),
                                    o.set(),
                                    o.name(),
                                    (System.nanoTime() - began) / 1e9));
                    return outcome;
                })
                .stream()
                .flatMap(Optional::stream)
                .toList();
        Streamed streamed = outcomes.size() < all.size() || run.interrupt().requested()
                ? null
                : streamed(
                        study,
                        all.get(run.brief() ? 0 : 1),
                        outcomes.get(run.brief() ? 0 : 1).choice());
        if (!outcomes.isEmpty()) {
            new AnomaliesPage(study, outcomes).add(page, streamed);
        }
        return outcomes.size() == all.size() && streamed != null ? page.finished() : page;
    }

    /** All series; in a short run one of each collection. */
    private static List<LabeledSeries> series(LabRun run) {
        List<LabeledSeries> ecg = OutlierData.ecg(run.data());
        List<LabeledSeries> nab = OutlierData.nab(run.data(), name -> !run.brief() || name.equals("speed_7578"));
        List<LabeledSeries> msl = OutlierData.msl(run.data());
        List<LabeledSeries> ucr = OutlierData.ucr(run.data());
        return run.brief()
                ? List.of(ecg.get(1), nab.get(0), msl.get(1), ucr.get(0))
                : Stream.of(ecg, nab, msl, ucr).flatMap(List::stream).toList();
    }

    /** What came of a series, perhaps in an earlier run with the same settings; empty if it was interrupted. */
    private static Optional<Outcome> outcome(LabRun run, Study study, LabeledSeries series) {
        if (run.interrupt().requested()) {
            return Optional.empty();
        }
        Path file = run.folder().resolve("series").resolve(line("%s-%s.json", series.set(), series.name()));
        return study.on(series, file);
    }

    /** Trains an ensemble on a series and scores its test rows as a stream; null if it was interrupted. */
    private static @Nullable Streamed streamed(Study study, LabeledSeries series, Choice choice) {
        int members = study.sizes()[0];
        RecurrentEnsemble ensemble = study.recurrent(series, Cell.BOTH, choice);
        List<Model<RecurrentAutoencoder>> models = new ArrayList<>();
        double[][] squares = new double[members][];
        try {
            for (int m = 0; m < members; m++) {
                Model<RecurrentAutoencoder> model = ensemble.member(series, m);
                if (model == null) {
                    return null;
                }
                models.add(model);
                squares[m] = ensemble.errors(series, model.net());
            }
            double[] windows = new ReconstructionErrors(squares).median();
            try (Streaming stream =
                    new Streaming(models.stream().map(Model::net).toList())) {
                float[][] test = series.test();
                for (int t = 0; t < Math.min(WARM, test.length); t++) {
                    stream.score(test[t]);
                }
                stream.reset();
                double[] scores = new double[test.length];
                long began = System.nanoTime();
                for (int t = 0; t < test.length; t++) {
                    scores[t] = stream.score(test[t]);
                }
                double microseconds = (System.nanoTime() - began) / 1e3 / test.length;
                return new Streamed(
                        series.name(),
                        members,
                        microseconds,
                        series.ranking(scores).rocAuc(),
                        series.ranking(windows).rocAuc());
            }
        } finally {
            models.forEach(Model::close);
        }
    }
}
