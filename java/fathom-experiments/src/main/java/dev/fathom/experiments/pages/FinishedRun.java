package dev.fathom.experiments.pages;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a run of a lab that came to its end left in its folder.
 *
 * @param brief whether it was a short run, which is held to no bands
 * @param run what it measured
 * @param page with its pictures
 */
public record FinishedRun(boolean brief, StoredRun run, Path page) {
    /** The name of the page in the folder of a run. */
    public static final String PAGE = "report.html";

    /** The file that a run writes at its end: {@code NAME.json} for a full run, {@code short.json} for a short one. */
    public static Path file(Path folder, String lab, boolean brief) {
        return folder.resolve((brief ? "short" : lab) + ".json");
    }

    /**
     * Reads what the last run in {@code folder} left; empty where none came to its end.
     *
     * @throws IllegalArgumentException if the file is damaged
     */
    public static Optional<FinishedRun> read(Path folder, String lab) {
        for (boolean brief : new boolean[] {false, true}) {
            Path file = file(folder, lab, brief);
            if (Files.exists(file) && Files.exists(folder.resolve(PAGE))) {
                return Optional.of(new FinishedRun(brief, StoredRun.read(file).judged(!brief), folder.resolve(PAGE)));
            }
        }
        return Optional.empty();
    }
}
