package dev.fathom.experiments;

import dev.fathom.experiments.pages.Figures;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.pages.FinishedRun;
import dev.fathom.experiments.pages.StoredRun;
import dev.fathom.view.HtmlReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A lab run from several seeds, one after the other: each in a folder {@code seed-N} of its own, and all of them
 * together as the mean of each figure with its 95 % interval.
 */
public record Seeds(Experiment lab, LabRun run, int count) {
    /** What all seeds come to; empty if a person stopped one of them. */
    public Optional<StoredRun> call() {
        List<StoredRun> runs = new ArrayList<>();
        for (long seed = run.seed(); seed < run.seed() + count; seed++) {
            LabRun one = run.seeded(seed);
            run.out().println("Lab " + lab.name() + ", seed " + seed);
            Optional<StoredRun> kept = run.resume()
                    ? FinishedRun.read(one.folder(), lab.name())
                            .filter(done -> done.brief() == run.brief())
                            .map(FinishedRun::run)
                    : Optional.empty();
            Optional<StoredRun> done = kept.isPresent() ? kept : new RecordedRun(lab, one).call();
            if (done.isEmpty()) {
                return done;
            }
            runs.add(done.get());
        }
        StoredRun mean = StoredRun.mean(runs).judged(run.whole());
        mean.write(FinishedRun.file(run.folder(), lab.name(), run.brief()));
        run.out().println("All seeds on one page: " + page(mean));
        return Optional.of(mean);
    }

    private Path page(StoredRun mean) {
        Figures table = Figures.of(mean.figures());
        HtmlReport page = new HtmlReport("Lab " + lab.name() + ", " + count + " seeds")
                .text("Each figure is the mean of " + count + " runs, which differ in their seed alone. Its interval "
                        + "holds the mean of all seeds with a probability of 95 %, by Student's t.")
                .table(table.header(), table.rows());
        if (mean.onStandIns()) {
            page.text(Findings.insteadOf(lab.standIns(run.data())));
        }
        Path first = run.seeded(run.seed()).folder().resolve(FinishedRun.PAGE);
        page.section("Pictures of seed " + run.seed());
        HtmlReport.pictures(first).forEach(page::picture);
        page.section("Pages");
        for (long seed = run.seed(); seed < run.seed() + count; seed++) {
            page.link("seed-" + seed + "/" + FinishedRun.PAGE, "seed " + seed);
        }
        Path file = run.folder().resolve(FinishedRun.PAGE);
        page.write(file);
        return file;
    }
}
