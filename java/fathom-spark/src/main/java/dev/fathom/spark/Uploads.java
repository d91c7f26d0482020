package dev.fathom.spark;

import dev.fathom.train.Callback;
import dev.fathom.train.Checkpoints;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** Copies each checkpoint that a run has written on this machine to the folder of the run, before its next step. */
final class Uploads implements Callback {
    /** How many stay there. */
    private static final int LAST = 2;

    private static final Pattern NAME = Pattern.compile("step-\\d{9,18}\\.safetensors");

    private final Path local;
    private final RemoteFolder folder;
    /** What was copied last, or the checkpoint that the run went on from. */
    private String newest = "";

    Uploads(Path local, RemoteFolder folder) {
        this.local = local;
        this.folder = folder;
    }

    /** The checkpoints of a folder, in order. */
    static List<String> names(RemoteFolder folder) {
        return folder.names().stream()
                .filter(name -> NAME.matcher(name).matches())
                .toList();
    }

    private void copy() {
        Checkpoints.newest(local).filter(file -> !name(file).equals(newest)).ifPresent(file -> {
            newest = name(file);
            folder.write(newest, file);
            List<String> mine = names(folder).stream() // those of more steps are damaged
                    .filter(name -> name.compareTo(newest) <= 0)
                    .toList();
            mine.subList(0, Math.max(0, mine.size() - LAST)).forEach(folder::delete);
        });
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }

    @Override
    public void onTrainBegin(Run run) {
        Checkpoints.newest(local).ifPresent(file -> newest = name(file));
    }

    @Override
    public void onStepEnd(Run run) {
        copy();
    }

    @Override
    public void onEpochEnd(Run run, EpochLog log) {
        copy();
    }

    @Override
    public void onTrainEnd(Run run) {
        copy();
    }
}
