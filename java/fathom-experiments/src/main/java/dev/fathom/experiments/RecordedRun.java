package dev.fathom.experiments;

import dev.fathom.experiments.data.Project;
import dev.fathom.experiments.pages.Expectations;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.pages.FinishedRun;
import dev.fathom.experiments.pages.Provenance;
import dev.fathom.experiments.pages.StoredRun;
import dev.fathom.io.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.Optional;

/** A run of a lab that leaves its page, its pictures and, at its end, its figures in the folder of the run. */
public record RecordedRun(Experiment lab, LabRun run) {
    /** The share of the processors that may be busy with other work while a run is timed. */
    private static final double BUSY = 0.05;
    /** The file that says how long the sessions of a run took together. */
    private static final String SECONDS = "seconds.txt";

    /**
     * Runs the lab.
     *
     * @return what a full or a short run measured; empty if it was interrupted, or had a number of epochs of its own
     */
    public Optional<StoredRun> call() {
        Path folder = run.folder();
        forget(folder);
        double earlier = run.resume() ? seconds(folder) : 0;
        long began = System.nanoTime();
        double[] before = Provenance.spent();
        Lab running = new Lab(lab, run);
        Findings result;
        try {
            result = running.complete();
        } catch (RuntimeException | Error e) {
            keep(running.page(), e, spent(earlier, began));
            throw e;
        }
        double busy = Provenance.others(before);
        // a machine with other work to do says nothing about the time, also not in the sessions that follow
        double seconds = spent(busy > BUSY ? Double.NaN : earlier, began);
        boolean finished = result.isFinished() && !run.interrupt().requested();
        boolean whole = run.whole() && finished && !result.onStandIns();
        Expectations expected = Expectations.of(lab.name());
        result.judged(expected, whole).brief(run.brief()).made(made(seconds));
        if (!result.parts().isEmpty()) {
            run.out().println("All of it on one page: " + result.write(folder));
        }
        result.problems().forEach(problem -> run.out().println("The page is not as it should be: " + problem));
        if (!finished || run.epochs() != null) {
            return Optional.empty();
        }
        StoredRun stored = new StoredRun(
                lab.name(),
                result.data(),
                LocalDate.now(ZoneOffset.UTC).toString(),
                Project.root().map(Provenance::commit).orElse("unknown"),
                Provenance.processor() + "; " + Provenance.line(),
                run.seed(),
                Double.isNaN(seconds) ? 0 : seconds,
                result.figures());
        Path file = FinishedRun.file(folder, lab.name(), run.brief());
        stored.write(file);
        if (whole) {
            expected.unmet(result.figures())
                    .forEach(row -> run.out()
                            .println("No figure of this run is \"" + row + "\", as is expected in " + lab.name()
                                    + ".csv."));
            run.out().println("Its figures: " + file);
        }
        return Optional.of(stored);
    }

    /** The seconds of all sessions until now, which the folder keeps for the session that goes on from here. */
    private double spent(double earlier, long began) {
        double seconds = earlier + (System.nanoTime() - began) / 1e9;
        AtomicFile.write(
                run.folder().resolve(SECONDS),
                to -> to.write(Double.toString(seconds).getBytes(StandardCharsets.UTF_8)));
        return seconds;
    }

    /** Writes what a run had found before it failed, with the reason. */
    private void keep(Findings page, Throwable reason, double seconds) {
        page.judged(Expectations.of(lab.name()), false)
                .brief(run.brief())
                .made(made(seconds))
                .text("The run failed before its end: " + reason.getMessage());
        try {
            run.out().println("What it had found until then: " + page.write(run.folder()));
        } catch (RuntimeException e) {
            reason.addSuppressed(e);
        }
    }

    private String made(double seconds) {
        return String.format(
                Locale.ROOT,
                "./fathom lab %s%s%s --seed %d, %s.",
                lab.name(),
                run.brief() ? " --short" : "",
                run.epochs() == null ? "" : " --epochs " + run.epochs(),
                run.seed(),
                Double.isNaN(seconds) ? "on a busy machine" : String.format(Locale.ROOT, "%,.0f seconds", seconds));
    }

    /** Removes the figures of an earlier run, which do not belong to the page that is about to be written. */
    private void forget(Path folder) {
        try {
            Files.deleteIfExists(FinishedRun.file(folder, lab.name(), false));
            Files.deleteIfExists(FinishedRun.file(folder, lab.name(), true));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove what an earlier run left in " + folder, e);
        }
    }

    /** How long the sessions before this one took, as far as they came to an end. */
    private static double seconds(Path folder) {
        Path file = folder.resolve(SECONDS);
        try {
            return Files.exists(file)
                    ? Double.parseDouble(Files.readString(file).strip())
                    : 0;
        } catch (IOException | NumberFormatException e) {
            throw new IllegalArgumentException(file + " holds no number of seconds; remove it", e);
        }
    }
}
